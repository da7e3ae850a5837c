//! Links to boards that people made: one that holds, one that was withdrawn. Nobody has their secrets.

use jiff::{SignedDuration, Timestamp};
use trimtab_model::Role;
use trimtab_store::{NewShare, Org, ScopeOf, Store};

use super::people::People;
use crate::access::secret::Secret;

/// Makes them.
///
/// # Errors
/// The store does not answer, or the system has no random bytes.
pub(super) async fn fill(
    store: &Store,
    org: Org,
    people: &People,
    now: Timestamp,
) -> Result<(), String> {
    let all = [
        ("The wall of the harbour office", Role::Product, people.product, 60),
        ("For the meeting of the board", Role::Leadership, people.security, 14),
    ];
    for (name, side, person, days) in all {
        let new = NewShare {
            name: name.to_owned(),
            person,
            side: side.as_str().to_owned(),
            scope: ScopeOf::Organisation,
            expires: now + SignedDuration::from_hours(24 * days),
        };
        let secret = Secret::new("trimtab_share_").map_err(|e| e.to_string())?;
        let actor = format!("person:{person}");
        let id = store.add_share(org, &new, &secret.digest(), &actor, now).await;
        let id = id.map_err(|e| e.to_string())?;
        if side == Role::Leadership {
            store.withdraw_share(org, id, &actor, now).await.map_err(|e| e.to_string())?;
        }
    }
    Ok(())
}
