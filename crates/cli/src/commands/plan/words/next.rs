//! The next best action where an idea came to nothing.

use trimtab_connect::update::Reason;
use trimtab_model::Relation;
use trimtab_report::group::name;

use super::super::attempt::Refused;
use super::super::search::{Case, Tried};
use super::{ACCEPT, OURS};

/// What is left to do where no version mends it.
pub(super) fn unnamed(case: &Case<'_>, package: &str) -> String {
    match case.idea.relation {
        Relation::Direct => format!("replace or remove {package}, {ACCEPT}"),
        _ => {
            let brings = brings(case).unwrap_or_else(|| format!("what brings {package}"));
            format!("replace or remove {brings}, {ACCEPT}")
        }
    }
}

/// The same of what has no fix at all: what brings it may do without it in a later version.
pub(super) fn without(case: &Case<'_>, tried: &Tried, package: &str) -> String {
    let brings = brings(case).filter(|_| case.idea.relation != Relation::Direct);
    let Some(brings) = brings else { return unnamed(case, package) };
    let mut raised = tried.iter().filter(|(what, _)| what.starts_with("raise ")).peekable();
    let is_open = |why: &Refused| match why {
        Refused::Time | Refused::Unasked(_) => true,
        Refused::Tool(refusal) => refusal.reason.stops(),
        _ => false,
    };
    match raised.peek().is_some() && !raised.any(|(_, why)| is_open(why)) {
        true => format!(
            "replace or remove {brings} (no later version that was tried does without {package}), {ACCEPT}"
        ),
        false => {
            let later = match case.idea.parents.len() {
                1 => "a later version",
                _ => "later versions",
            };
            format!(
                "look for {later} of {brings} without {package} (not tried), replace or remove {brings}, {ACCEPT}"
            )
        }
    }
}

fn brings(case: &Case<'_>) -> Option<String> {
    let parents: Vec<String> = case.idea.parents.iter().map(name).collect();
    match &parents[..] {
        [] => None,
        [one] => Some(one.clone()),
        [one, two] => Some(format!("{one} and {two}")),
        [one, rest @ ..] => Some(format!("{one} and {} others", rest.len())),
    }
}

/// What is left to do by hand where a version mends it. To replace something is the last resort: it is told where what
/// could be raised was, and helps in no version.
pub(super) fn instead(case: &Case<'_>, tried: &Tried, package: &str, to: &str) -> String {
    let in_vain = |what: &str| {
        tried.iter().any(|(tried, why)| {
            let is_none = match why {
                Refused::Nothing => true,
                Refused::Tool(refusal) => {
                    matches!(refusal.reason, Reason::Unchanged { .. } | Reason::NoLater)
                }
                _ => false,
            };
            is_none && tried == what
        })
    };
    if case.idea.relation == Relation::Direct {
        let from = case.idea.package.version().unwrap_or_default();
        return match () {
            () if a_copy_stays(case, tried) => {
                format!("raise by hand what else brings {package} {from}, {ACCEPT}")
            }
            () if !is_held(tried) => format!("raise {package} to {to} by hand, {ACCEPT}"),
            () => format!(
                "raise {package} to {to} by hand, together with what stands in the way, {ACCEPT}"
            ),
        };
    }
    let names: Vec<String> = case.idea.parents.iter().map(name).collect();
    let brings = brings(case).unwrap_or_else(|| match case.idea.relation {
        // The project itself may name it.
        Relation::Unknown => format!("{package} to {to}, or what brings it,"),
        _ => format!("what brings {package}"),
    });
    let it = if names.len() > 1 { "them" } else { "it" };
    match in_vain(&format!("raise {}", names.join(" and "))) {
        true => format!(
            "no version of {brings} was found that brings {package} {to}: as a last resort, replace {it}, {ACCEPT}"
        ),
        false if has_its_version(case) => format!(
            "raise {brings} by hand (it has the version of {package}, so to {to} or later), {ACCEPT}"
        ),
        false => format!("raise {brings} by hand, {ACCEPT}"),
    }
}

/// Whether the only gem that brings another one has its version: then they are parts of one, as `rails` and `actionpack` are.
fn has_its_version(case: &Case<'_>) -> bool {
    let own = &case.idea.package;
    match &case.idea.parents[..] {
        [parent] => {
            own.purl_type() == "gem" && own.version().is_some() && parent.version() == own.version()
        }
        _ => false,
    }
}

/// Whether a copy of what the project names stays that something else brings: its own was raised, or is beyond that already.
pub(super) fn a_copy_stays(case: &Case<'_>, tried: &Tried) -> bool {
    let own = [case.idea.package.package().to_string(), name(&case.idea.package)];
    let is_copy = |why: &Refused| match why {
        Refused::Nothing => true,
        Refused::Tool(refusal) => {
            matches!(&refusal.reason, Reason::Downgrade { package, .. } if own.contains(package))
        }
        _ => false,
    };
    let is_direct = case.idea.relation == Relation::Direct;
    is_direct && tried.iter().any(|(what, why)| what.starts_with("raise ") && is_copy(why))
}

/// Whether anything but the project's own manifest and the time stood in the way of what was tried.
fn is_held(tried: &Tried) -> bool {
    tried.iter().any(|(_, why)| match why {
        Refused::Time | Refused::Nothing => false,
        Refused::Tool(refusal) => match &refusal.reason {
            Reason::TimeLimit(_)
            | Reason::ToolMissing { .. }
            | Reason::ProjectCode(_)
            | Reason::Registry(_)
            | Reason::Scratch(_) => false,
            Reason::Unchanged { blockers } => blockers.iter().any(|by| by.who != OURS),
            _ => true,
        },
        _ => true,
    })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use trimtab_engine::action::Idea;
    use trimtab_model::Way;

    use super::*;

    #[test]
    fn parts_of_a_gem_are_raised_with_it_to_their_version() {
        let next = |package: &str, parent: &str| {
            let idea = Idea {
                file: 0,
                package: package.parse().unwrap(),
                relation: Relation::Transitive,
                to: Some("7.0.8.7".into()),
                unsaid: false,
                within: None,
                parents: vec![parent.parse().unwrap()],
                around: Vec::new(),
                askers: Vec::new(),
                findings: vec![0],
                left: Vec::new(),
                ways: vec![Way::RaiseParent],
            };
            let wanted = BTreeSet::new();
            let case = Case {
                idea: &idea,
                place: Some(0),
                wanted,
                rest: BTreeSet::new(),
                weight: 1.0,
                unpublished: false,
            };
            instead(&case, &Vec::new(), &name(&idea.package), "7.0.8.7")
        };
        let told = next("pkg:gem/actionpack@6.0.3.1", "pkg:gem/rails@6.0.3.1");
        assert!(
            told.starts_with("raise rails by hand (it has the version of actionpack"),
            "{told}"
        );
        assert!(told.contains("so to 7.0.8.7 or later"), "{told}");
        let told = next("pkg:gem/rack@2.0.0", "pkg:gem/rails@6.0.3.1");
        assert!(told.starts_with("raise rails by hand, "), "{told}");
        let told = next("pkg:npm/left@1.0.0", "pkg:npm/right@1.0.0");
        assert!(told.starts_with("raise right by hand, "), "{told}");
    }
}
