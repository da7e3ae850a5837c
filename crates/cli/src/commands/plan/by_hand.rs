//! Edits for people where nothing may run, or cannot: a change of texts needs no package manager.

use std::collections::BTreeMap;

use trimtab_connect::update::{self, Reason, Refusal};
use trimtab_model::{Proposal, Relation, Way};

use super::attempt::Refused;
use super::search::{Case, Search, Searched, Tried};

impl Search<'_> {
    /// Tells the edit of each idea that came to nothing only because its package manager was not run. After a few such refusals a
    /// place is given up; and a lockfile that does not know what the project names itself leaves that to the manifests.
    pub(super) fn tell_edits(&self, searched: &mut Searched) {
        let mut of: BTreeMap<usize, Vec<(usize, Proposal, Refusal)>> = BTreeMap::new();
        for (at, (case, tried)) in self.cases.iter().zip(&searched.tried).enumerate() {
            if let (Some(place), Some((raise, refusal))) = (case.place, unedited(case, tried)) {
                of.entry(place).or_default().push((at, raise, refusal));
            }
        }
        for (place, all) in of {
            let Some(Ok((place, ground))) = self.ground(place) else { continue };
            let raises: Vec<Proposal> = all.iter().map(|(_, raise, _)| raise.clone()).collect();
            let edits = update::edits_of(place.tool, &ground.base, &raises);
            for ((at, raise, refusal), edits) in all.into_iter().zip(edits) {
                if let Some(tried) = searched.tried.get_mut(at).filter(|_| !edits.is_empty()) {
                    let refusal = Box::new(Refusal { edits, ..refusal });
                    tried.push((raise.to_string(), Refused::Tool(refusal)));
                }
            }
        }
    }
}

/// The raise of what the project may name itself, and why it was not run. `None`: something was, or its edit is told already.
fn unedited(case: &Case<'_>, tried: &Tried) -> Option<(Proposal, Refusal)> {
    let may = matches!(case.idea.relation, Relation::Direct | Relation::Unknown);
    let to = case.idea.to.as_deref().filter(|_| may && !case.unpublished)?;
    let refusals = tried.iter().filter_map(|(_, why)| match why {
        Refused::Tool(refusal) => Some(&**refusal),
        _ => None,
    });
    let refusals: Vec<&Refusal> = refusals.collect();
    if refusals.iter().any(|refusal| !refusal.edits.is_empty()) {
        return None;
    }
    let is_such =
        |reason: &Reason| matches!(reason, Reason::ProjectCode(_) | Reason::ToolMissing { .. });
    let refusal = refusals.into_iter().find(|refusal| is_such(&refusal.reason))?;
    Some((case.idea.proposal(Way::Raise, to)?, refusal.clone()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use trimtab_connect::update::Change;
    use trimtab_engine::action::Idea;

    use super::*;

    #[test]
    fn only_what_may_be_named_and_was_not_run_is_edited() {
        let refused = |reason, edits| {
            let refusal = Refusal { reason, edits, next: None, commands: Vec::new() };
            Refused::Tool(Box::new(refusal))
        };
        let unrun = || refused(Reason::ProjectCode("its build files"), Vec::new());
        let raised = |relation, why: Refused| {
            let idea = Idea {
                file: 0,
                package: "pkg:maven/a/left@1.0".parse().unwrap(),
                relation,
                to: Some("2.0".into()),
                unsaid: false,
                within: None,
                parents: Vec::new(),
                around: Vec::new(),
                askers: Vec::new(),
                findings: vec![0],
                left: Vec::new(),
                ways: Vec::new(),
            };
            let wanted = BTreeSet::new();
            let case =
                Case { idea: &idea, place: Some(0), wanted, weight: 1.0, unpublished: false };
            unedited(&case, &vec![("any update".to_owned(), why)])
                .map(|(raise, _)| raise.to_string())
        };
        let told = raised(Relation::Unknown, unrun());
        assert_eq!(told.as_deref(), Some("raise a:left to 2.0"));
        assert_eq!(raised(Relation::Direct, unrun()), told);
        assert_eq!(raised(Relation::Transitive, unrun()), None);
        assert_eq!(raised(Relation::Direct, Refused::Nothing), None);
        let edit = Change { path: "build.gradle".to_owned(), before: None, after: None };
        let known = refused(Reason::ProjectCode("its build files"), vec![edit]);
        assert_eq!(raised(Relation::Direct, known), None);
    }
}
