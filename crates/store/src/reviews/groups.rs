//! Groups of systems of which reviews are held, by the names that people give them.

use jiff::Timestamp;
use serde_json::json;

use super::ReviewOf;
use crate::db::{Sql, Tx, args};
use crate::error::Result;
use crate::ledger::{self, NewEvent};
use crate::organisations::changed;
use crate::{Org, Store};

impl Store {
    /// Says what a group of systems is called of which reviews are held. Empty: it has no name any longer.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn name_group(
        &self,
        org: Org,
        of: &ReviewOf,
        name: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let named = call(&mut tx, org, (of, name), (actor, now)).await?;
        ledger::append(&mut tx, org, named.as_slice()).await?;
        tx.commit().await
    }

    /// Groups of systems that have a name, by name.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn named_groups(&self, org: Org) -> Result<Vec<(ReviewOf, String)>> {
        let sql = "SELECT scope, name FROM review_group WHERE org = $1 ORDER BY name, scope";
        let mut groups = Vec::new();
        for row in (&mut &self.db).all(sql, args![org.0]).await? {
            groups.extend(ReviewOf::from_word(&row.text(0)?).zip(Some(row.text(1)?)));
        }
        Ok(groups)
    }
}

/// Says what a group of systems is called, in a transaction. Returns what is to be told of it. `None`: it was called so
/// before.
pub(super) async fn call(
    tx: &mut Tx,
    org: Org,
    (of, name): (&ReviewOf, &str),
    (actor, now): (&str, Timestamp),
) -> Result<Option<NewEvent>> {
    let scope = of.word();
    // Of two who name it at once, the second sees the first.
    ledger::hold(tx, org).await?;
    let sql = "SELECT name FROM review_group WHERE org = $1 AND scope = $2";
    let before = tx.first(sql, args![org.0, &scope]).await?;
    let before = before.map_or(Ok(String::new()), |row| row.text(0))?;
    if before == name {
        return Ok(None);
    }
    let sql = "DELETE FROM review_group WHERE org = $1 AND scope = $2";
    tx.run(sql, args![org.0, &scope]).await?;
    if !name.is_empty() {
        let sql = "INSERT INTO review_group (org, scope, name) VALUES ($1, $2, $3)";
        tx.run(sql, args![org.0, &scope, name]).await?;
    }
    let data = json!({ "what": "review-group", "of": scope, "name": name });
    Ok(Some(changed(actor, now, data)))
}
