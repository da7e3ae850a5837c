//! What the plan that was pushed for an asset says of a finding that it found no action for.

use trimtab_store::{Finding, Org};

use crate::confirming::{Stays, Tried};
use crate::problem::Problem;
use crate::state::App;

/// What it says. `None`: no plan was pushed for what the asset has now, or the plan has an action.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn of(app: &App, org: Org, is: &Finding) -> Result<Option<Stays>, Problem> {
    let kept = app.store.confirmed_of(org, is.asset.0).await?;
    let new = kept.filter(|(kept, latest)| *latest == Some(kept.snapshot));
    // What this build cannot read any longer is as if it had not been asked.
    let tried = new.and_then(|(kept, _)| serde_json::from_value::<Tried>(kept.told).ok());
    Ok(tried.and_then(|tried| staying(tried, &is.package, &is.vulnerability.1)))
}

fn staying(tried: Tried, package: &str, id: &str) -> Option<Stays> {
    let is_it = |stays: &Stays| stays.package == package && stays.ids.iter().any(|one| one == id);
    tried.stays.into_iter().find(is_it)
}

/// In words. `None`: it says nothing.
pub(crate) fn words(is: &Stays) -> Option<String> {
    let blocker = is.blocker.as_ref().map(|blocker| format!("blocked by {blocker}"));
    let next = is.next.as_ref().map(|next| format!("next: {next}"));
    let all: Vec<String> = blocker.into_iter().chain(next).collect();
    (!all.is_empty()).then(|| all.join("; "))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_stays_is_found_by_any_of_its_names() {
        let stays = |package: &str, next: Option<&str>| Stays {
            ids: vec!["GHSA-1".to_owned(), "CVE-1".to_owned()],
            package: package.to_owned(),
            blocker: Some("left, which needs right <3".to_owned()),
            next: next.map(str::to_owned),
        };
        let tried = || Tried {
            stays: vec![stays("pkg:npm/other", None), stays("pkg:npm/right", Some("raise left"))],
            ..Tried::default()
        };
        let told = staying(tried(), "pkg:npm/right", "CVE-1").and_then(|is| words(&is));
        let words = "blocked by left, which needs right <3; next: raise left";
        assert_eq!(told.as_deref(), Some(words));
        assert_eq!(staying(tried(), "pkg:npm/right", "CVE-2"), None);
        assert_eq!(staying(tried(), "pkg:npm/left", "CVE-1"), None);
    }
}
