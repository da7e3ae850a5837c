//! What is told where ways were tried and none helped: of several refusals the one that helps most.

use trimtab_connect::update::{Blocker, Change, Options, Reason, Refusal};
use trimtab_model::{Purl, Relation};

use super::super::attempt::Refused;
use super::super::place::Place;
use super::super::search::{Case, Tried};
use super::next::{a_copy_stays, instead};
use super::{ACCEPT, Explained, OURS, fixed, in_words};

/// Of several refusals the one that helps most is told.
pub(super) fn refused(case: &Case<'_>, tried: &Tried, package: &str, to: &str) -> Explained {
    let instead = instead(case, tried, package, to);
    missing(tried, to)
        .or_else(|| unanswered(tried, to))
        .or_else(|| bundled(case, tried, (package, to), &instead))
        .or_else(|| unbuilt(case, tried, to, &instead))
        .or_else(|| held(case, tried, to, &instead))
        .unwrap_or_else(|| last(case, tried, to, instead))
}

/// Why it ends before anything is resolved where that would run code of the project, with the edit that is known all the
/// same. `None`: that is not why.
pub(super) fn code(
    case: &Case<'_>,
    tried: &Tried,
    place: &Place,
    (package, to): (&str, &str),
) -> Option<Explained> {
    let refusals = tried.iter().filter_map(|(_, why)| match why {
        Refused::Tool(refusal) => Some(&**refusal),
        _ => None,
    });
    let all: Vec<&Refusal> = refusals.collect();
    let is_away =
        |r: &&Refusal| matches!(r.reason, Reason::ToolMissing { .. } | Reason::Registry(_));
    if all.iter().any(is_away) {
        return None;
    }
    let what = all.iter().find_map(|refusal| match refusal.reason {
        Reason::ProjectCode(what) => Some(what),
        _ => None,
    })?;
    let edit = all.iter().rev().map(|r| &r.edits).find(|edits| !edits.is_empty()).cloned();
    let raise = tried.iter().rev().find_map(|(what, why)| match why {
        Refused::Tool(refusal) if !refusal.edits.is_empty() => Some(what),
        _ => None,
    });
    let (is_missing, install) = match place.tool.missing(&Options::default()) {
        Some(Reason::ToolMissing { program, install }) => {
            (format!(", and `{program}` is not installed"), format!("install {install} and "))
        }
        _ => Default::default(),
    };
    let by_hand = match (&edit, raise) {
        // What it is a part of has its version.
        (Some(_), Some(raise)) if case.idea.relation == Relation::Transitive => {
            format!("make the edit by hand ({raise}, which has {package} in its own version)")
        }
        (Some(_), _) => "make the edit by hand".to_owned(),
        (None, _) => instead(case, tried, package, to),
    };
    let id = place.tool.id();
    let fixed = fixed(case.idea, to);
    Some(Explained {
        why: format!(
            "{id} would run code of the project ({what}) to try {to}{is_missing}; {fixed}"
        ),
        next: format!("{install}plan with `--project-code` if that may run, or {by_hand}"),
        edit: edit.unwrap_or_default(),
        ..Explained::default()
    })
}

/// The first refusal by a package manager that is such a one.
fn by_tool(tried: &Tried, is_such: impl Fn(&Refusal) -> bool) -> Option<&Refusal> {
    tried.iter().find_map(|(_, why)| match why {
        Refused::Tool(refusal) if is_such(refusal) => Some(&**refusal),
        _ => None,
    })
}

/// The package manager is not installed.
fn missing(tried: &Tried, to: &str) -> Option<Explained> {
    let refusal = by_tool(tried, |r| matches!(r.reason, Reason::ToolMissing { .. }))?;
    let Reason::ToolMissing { program, install } = refusal.reason else { return None };
    let edit = unconfirmed(tried);
    Some(Explained {
        why: format!("`{program}` is not installed, so {to} could not be tried"),
        next: match &edit {
            Some(_) => format!(
                "install {install} and plan again; the edit that it would confirm is in the JSON"
            ),
            None => format!("install {install} and plan again"),
        },
        edit: edit.unwrap_or_default(),
        ..Explained::default()
    })
}

/// A registry did not answer.
fn unanswered(tried: &Tried, to: &str) -> Option<Explained> {
    by_tool(tried, |r| matches!(r.reason, Reason::Registry(_)))?;
    Some(Explained {
        why: format!("a registry did not answer, so it is not known whether {to} is possible"),
        next: "plan again once the registry can be reached: check the network, the proxy and the package manager's own settings".to_owned(),
        ..Explained::default()
    })
}

/// Others have the package in their own archives.
fn bundled(
    case: &Case<'_>,
    tried: &Tried,
    (package, to): (&str, &str),
    instead: &str,
) -> Option<Explained> {
    let by = tried.iter().find_map(|(_, why)| match why {
        Refused::Bundled(by) => Some(by),
        _ => None,
    })?;
    let needs = case.idea.package.version().unwrap_or_default();
    let blocker = |who: &String| Blocker {
        who: who.clone(),
        needs: package.to_owned(),
        range: format!("{needs}, in its own archive"),
    };
    Some(Explained {
        why: format!(
            "`{}` bundles {package} {needs}, which no lockfile and no override moves: only a version of it that bundles {to} or later helps",
            by.join("` and `")
        ),
        blockers: by.iter().map(blocker).collect(),
        next: instead.to_owned(),
        ..Explained::default()
    })
}

/// A package would have to be built.
fn unbuilt(case: &Case<'_>, tried: &Tried, to: &str, instead: &str) -> Option<Explained> {
    let refusal = by_tool(tried, |r| matches!(r.reason, Reason::NoWheel { .. }))?;
    let edit = unconfirmed(tried);
    let by_hand = if edit.is_some() { "make the edit by hand" } else { instead };
    Some(Explained {
        why: format!("{}; {}", refusal.reason, fixed(case.idea, to)),
        next: format!("plan with `--project-code` if its build may run, or {by_hand}"),
        edit: edit.unwrap_or_default(),
        ..Explained::default()
    })
}

/// Whether another package that has no wheel stands in the way: more time does not change that.
pub(super) fn is_unbuilt(case: &Case<'_>, tried: &Tried) -> bool {
    let own = case.idea.package.package();
    let is_other = |refusal: &Refusal| match &refusal.reason {
        Reason::NoWheel { package, asked: None, .. } => Purl::new("pypi", None, package) != own,
        _ => false,
    };
    by_tool(tried, is_other).is_some()
}

/// Whether a requirement stands in the way. What the manifest itself asks for stands in nobody's way once that line was
/// edited.
fn blocks(case: &Case<'_>, tried: &Tried, by: &Blocker) -> bool {
    let edits = case.idea.relation == Relation::Direct && tried.len() > 1;
    !edits || by.who != OURS
}

/// Requirements of others stand in the way.
fn held(case: &Case<'_>, tried: &Tried, to: &str, instead: &str) -> Option<Explained> {
    let refusal = by_tool(tried, |r| r.reason.blockers().iter().any(|by| blocks(case, tried, by)))?;
    let mut blockers = refusal.reason.blockers().to_vec();
    blockers.sort();
    blockers.dedup();
    let shown: Vec<String> = blockers.iter().take(2).map(Blocker::to_string).collect();
    let more = match blockers.len().saturating_sub(2) {
        0 => String::new(),
        n => format!(" and {n} more"),
    };
    Some(Explained {
        why: format!("{}{more}; {}", shown.join("; "), fixed(case.idea, to)),
        blockers,
        next: instead.to_owned(),
        ..Explained::default()
    })
}

/// What the last way that says something came to.
fn last(case: &Case<'_>, tried: &Tried, to: &str, instead: String) -> Explained {
    let last = tried.iter().rev().find(|(_, why)| matches!(why, Refused::Worse(_)));
    // That a tool has no such way says less than what came of the ways that it has.
    let says = |why: &Refused| match why {
        Refused::Tool(refusal) => {
            let reason = &refusal.reason;
            !matches!(reason, Reason::Unsupported(_) | Reason::NoLater | Reason::NotNamed(_))
        }
        _ => true,
    };
    let is_own = |why: &Refused| match why {
        Refused::Tool(refusal) => {
            let by = refusal.reason.blockers();
            !by.is_empty() && !by.iter().any(|by| blocks(case, tried, by))
        }
        _ => false,
    };
    let last = last.or_else(|| tried.iter().rev().find(|(_, why)| says(why) && !is_own(why)));
    let last = last.or_else(|| tried.iter().rev().find(|(_, why)| says(why)));
    let last = last.or_else(|| tried.last());
    // What was stopped is not known to be impossible.
    let is_stopped = |(_, why): &&(String, Refused)| matches!(why, Refused::Tool(refusal) if matches!(refusal.reason, Reason::TimeLimit(_)));
    if let Some((what, why)) = last.filter(is_stopped) {
        return Explained {
            why: format!("{what}: {}; {}", in_words(why), fixed(case.idea, to)),
            next: "allow more time with --time".to_owned(),
            ..Explained::default()
        };
    }
    // Nor is what nobody could be asked about.
    if let Some((what, why @ Refused::Unasked(_))) = last {
        return Explained {
            why: format!("{what}: {}; {}", in_words(why), fixed(case.idea, to)),
            next: format!("plan again, with more time if that ran out (--time), or {instead}"),
            ..Explained::default()
        };
    }
    // What a package manager does not do, people can: where the edit is known, that is told.
    let is_undone = |(_, why): &&(String, Refused)| matches!(why, Refused::Tool(refusal) if matches!(refusal.reason, Reason::Unsupported(_)));
    let edit = last.filter(is_undone).and_then(|_| unconfirmed(tried)).unwrap_or_default();
    let next = match edit.is_empty() {
        true => instead,
        false => format!("make the edit by hand, {ACCEPT}"),
    };
    let last = last.map(|(what, why)| match why {
        Refused::Nothing if a_copy_stays(case, tried) && what.starts_with("raise ") => {
            format!("{what}: a copy stays that something else brings")
        }
        _ => format!("{what}: {}", in_words(why)),
    });
    Explained { why: last.unwrap_or_default(), next, edit, ..Explained::default() }
}

/// The edit that nobody could confirm.
fn unconfirmed(tried: &Tried) -> Option<Vec<Change>> {
    tried.iter().rev().find_map(|(_, why)| match why {
        Refused::Tool(refusal) if !refusal.edits.is_empty() => Some(refusal.edits.clone()),
        _ => None,
    })
}
