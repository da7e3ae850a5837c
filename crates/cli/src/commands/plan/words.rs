//! Why an idea came to nothing, in words: who stands in the way, and what is the next best action.

mod undriven;

use trimtab_connect::update::{Blocker, Change, Options, Reason, Refusal};
use trimtab_engine::action::Idea;
use trimtab_model::{Proposal, Purl, Relation, Way};
use trimtab_report::group::name;

use super::attempt::Refused;
use super::place::Place;
use super::search::{Case, Tried};
use undriven::undriven;

/// Why findings of an idea stay.
#[derive(Default)]
pub(super) struct Explained {
    /// Why.
    pub(super) why: String,
    /// Who stands in the way.
    pub(super) blockers: Vec<Blocker>,
    /// What to do instead.
    pub(super) next: String,
    /// The edit that would be made, where nobody could carry it out.
    pub(super) edit: Vec<Change>,
    /// What was tried, and what came of it.
    pub(super) tried: Vec<String>,
    /// Whether sources were searched, and none names the package.
    pub(super) unused: bool,
}

/// How people live with what nobody mends.
pub(super) const ACCEPT: &str = "mitigate it, or accept it until a date";

/// Explains why what an idea is about stays. `unfixed`: about the findings that no source names a fix of. `cut_short`: the time
/// was over before all was tried.
pub(super) fn explain(
    case: &Case<'_>,
    tried: &Tried,
    place: Option<&Place>,
    (unfixed, cut_short): (bool, bool),
) -> Explained {
    let idea = case.idea;
    let package = name(&idea.package);
    let told = tried.iter().map(|(what, why)| format!("{what}: {}", in_words(why))).collect();
    let is = |why: String, next: String| Explained { why, next, ..Explained::default() };
    let shown = idea.to.as_deref().map(|to| shown(&idea.package, to));
    let explained = match (&shown, place) {
        (None, _) => {
            is("no source names a fixed version".to_owned(), without(case, tried, &package))
        }
        _ if unfixed => is("no source names a fixed version".to_owned(), unnamed(case, &package)),
        (Some(to), None) => {
            let (why, next) = undriven(case.wanted.first().map_or("", |key| &*key.0), &package, to);
            is(format!("{why}, and {}", fixed(idea, to)), next)
        }
        (Some(to), Some(_)) if tried.is_empty() => is(
            format!("it was not tried whether {to} is possible: the time ran out"),
            "allow more time with --time".to_owned(),
        ),
        (Some(to), Some(_)) if case.unpublished || is_unoffered(tried, &package, to) => is(
            format!("{}, but the registry offers no such version", fixed(idea, to)),
            unnamed(case, &package),
        ),
        (Some(to), Some(_)) if cut_short && is_early(case, tried) => {
            let Explained { why, blockers, next, .. } = refused(case, tried, &package, to);
            let why = format!("{why}; the time was over before more than a relock was tried");
            let next = format!("give it more with --time, or {next}");
            Explained { why, blockers, next, ..Explained::default() }
        }
        (Some(to), Some(_)) if cut_short && is_unforced(case, tried) => {
            let Explained { why, blockers, next, .. } = refused(case, tried, &package, to);
            let why = format!("{why}; the time was over before it was tried to force it");
            let next = match next.strip_prefix("no version of ") {
                // To replace it is no last resort yet.
                Some(_) => "give it more with --time".to_owned(),
                None => format!("give it more with --time, or {next}"),
            };
            Explained { why, blockers, next, ..Explained::default() }
        }
        (Some(to), Some(_)) => refused(case, tried, &package, to),
    };
    let explained = match (&shown, place) {
        (Some(to), Some(place)) if !unfixed => {
            code(case, tried, place, (&package, to)).unwrap_or(explained)
        }
        _ => explained,
    };
    let advised = tried.iter().find_map(|(_, why)| match why {
        Refused::Advised(text) => Some(quoted(text)),
        _ => None,
    });
    let next = match advised {
        Some(text) => format!("its publisher says: \"{text}\"; else {}", explained.next),
        None => explained.next,
    };
    Explained { tried: told, next, ..explained }
}

/// The same where the version that mends it is reported as malicious: nobody is told to take it.
pub(super) fn malicious(told: Explained, case: &Case<'_>, to: &str, by: &[String]) -> Explained {
    if by.is_empty() {
        return told;
    }
    let (by, package) = (by.join(" and "), name(&case.idea.package));
    let to = shown(&case.idea.package, to);
    let why = format!("{}; {package} {to} is malicious according to {by}", told.why);
    let next = format!("do not take {package} {to}: {}", unnamed(case, &package));
    Explained { why, next, edit: Vec::new(), ..told }
}

/// Whether all that came of every try is that a registry does not offer the version.
fn is_unoffered(tried: &Tried, package: &str, to: &str) -> bool {
    let wanted = format!("{package}@{to}");
    let is_it = |what: &str| what.split_whitespace().next() == Some(wanted.as_str());
    tried.iter().all(|(_, why)| match why {
        Refused::Tool(refusal) => refusal.reason.unoffered().is_some_and(is_it),
        _ => false,
    })
}

/// Whether of all ways of an idea nothing but relocks came to an end.
fn is_early(case: &Case<'_>, tried: &Tried) -> bool {
    let is_relock = |(what, why): &(String, Refused)| {
        let of_place = matches!(why, Refused::Bundled(_));
        !of_place && (what.starts_with("relock ") || matches!(why, Refused::Time))
    };
    case.idea.ways.iter().any(|way| *way != Way::Relock) && tried.iter().all(is_relock)
}

/// Whether what could be forced was not tried so.
fn is_unforced(case: &Case<'_>, tried: &Tried) -> bool {
    let is_end = |why: &Refused| match why {
        Refused::Bundled(_) => true,
        Refused::Tool(refusal) => {
            matches!(refusal.reason, Reason::ToolMissing { .. } | Reason::Registry(_))
        }
        _ => false,
    };
    case.idea.ways.contains(&Way::Override)
        && !tried.iter().any(|(what, why)| what.starts_with("force ") || is_end(why))
}

/// What is known of the version that an idea aims at.
fn fixed(idea: &Idea, to: &str) -> String {
    match idea.unsaid {
        true => format!("no source names a fix, and none says that {to} is affected"),
        false => format!("it is fixed in {to}"),
    }
}

/// A fixed version as people can have it.
pub(super) fn shown(package: &Purl, to: &str) -> String {
    let Some(bare) = bound(package, to) else { return to.to_owned() };
    let before = bare.rsplit_once('.').and_then(|(line, last)| {
        let last = last.parse::<u64>().ok()?.checked_sub(1)?;
        Some(format!("{line}.{last}"))
    });
    match before {
        Some(before) => format!("the first version after {before}"),
        None => format!("{bare} or later"),
    }
}

/// The three numbers of a fix that only bounds a range: RustSec ends one in `-0` where it is only said to be later than
/// another. Elsewhere such a version may be there.
pub(super) fn bound<'t>(package: &Purl, to: &'t str) -> Option<&'t str> {
    let bare = to.strip_suffix("-0").filter(|_| package.purl_type() == "cargo")?;
    let numbers = bare.split('.').filter(|part| part.parse::<u64>().is_ok()).count();
    (numbers == 3 && bare.split('.').count() == 3).then_some(bare)
}

fn unnamed(case: &Case<'_>, package: &str) -> String {
    match case.idea.relation {
        Relation::Direct => format!("replace or remove {package}, {ACCEPT}"),
        _ => {
            let brings = brings(case).unwrap_or_else(|| format!("what brings {package}"));
            format!("replace or remove {brings}, {ACCEPT}")
        }
    }
}

/// The same of what has no fix at all: what brings it may do without it in a later version.
fn without(case: &Case<'_>, tried: &Tried, package: &str) -> String {
    let by_hand = unnamed(case, package);
    if case.idea.relation == Relation::Direct || case.idea.parents.is_empty() {
        return by_hand;
    }
    let mut raised = tried.iter().filter(|(what, _)| what.starts_with("raise ")).peekable();
    let is_open = |why: &Refused| match why {
        Refused::Time | Refused::Unasked(_) => true,
        Refused::Tool(refusal) => refusal.reason.stops(),
        _ => false,
    };
    match raised.peek().is_some() && !raised.any(|(_, why)| is_open(why)) {
        true => {
            format!("{by_hand} (no later version of what brings it that was tried does without it)")
        }
        false => {
            format!("raise, {by_hand} (it was not tried whether a later version does without it)")
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
fn instead(case: &Case<'_>, tried: &Tried, package: &str, to: &str) -> String {
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
    let brings = brings(case).unwrap_or_else(|| format!("what brings {package}"));
    let it = if names.len() > 1 { "them" } else { "it" };
    match in_vain(&format!("raise {}", names.join(" and "))) {
        true => format!(
            "no version of {brings} was found that brings {package} {to}: as a last resort, replace {it}, {ACCEPT}"
        ),
        false => format!("raise {brings} by hand, {ACCEPT}"),
    }
}

/// Why it ends before anything is resolved where that would run code of the project, with the edit that is known all the
/// same. `None`: that is not why.
fn code(
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
    let (is_missing, install) = match place.tool.missing(&Options::default()) {
        Some(Reason::ToolMissing { program, install }) => {
            (format!(", and `{program}` is not installed"), format!("install {install} and "))
        }
        _ => Default::default(),
    };
    let by_hand = match &edit {
        Some(_) => "make the edit by hand".to_owned(),
        None => instead(case, tried, package, to),
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

/// Whether a copy of what the project names stays that something else brings: its own was raised, or is beyond that already.
fn a_copy_stays(case: &Case<'_>, tried: &Tried) -> bool {
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
            Reason::TimeLimit(_) => false,
            Reason::Unchanged { blockers } => blockers.iter().any(|by| by.who != OURS),
            _ => true,
        },
        _ => true,
    })
}

/// How a blocker names the project that is planned.
const OURS: &str = "the project";

/// Of several refusals the one that helps most is told.
fn refused(case: &Case<'_>, tried: &Tried, package: &str, to: &str) -> Explained {
    let tool = |pick: &dyn Fn(&Refusal) -> bool| {
        tried.iter().find_map(|(_, why)| match why {
            Refused::Tool(refusal) if pick(refusal) => Some(&**refusal),
            _ => None,
        })
    };
    if let Some(refusal) = tool(&|r| matches!(r.reason, Reason::ToolMissing { .. })) {
        let edit = unconfirmed(tried);
        let Reason::ToolMissing { program, install } = refusal.reason else {
            return Explained::default();
        };
        return Explained {
            why: format!("`{program}` is not installed, so {to} could not be tried"),
            next: match &edit {
                Some(_) => format!(
                    "install {install} and plan again; the edit that it would confirm is in the JSON"
                ),
                None => format!("install {install} and plan again"),
            },
            edit: edit.unwrap_or_default(),
            ..Explained::default()
        };
    }
    if tool(&|r| matches!(r.reason, Reason::Registry(_))).is_some() {
        return Explained {
            why: format!("a registry did not answer, so it is not known whether {to} is possible"),
            next: "plan again once the registry can be reached: check the network, the proxy and the package manager's own settings".to_owned(),
            ..Explained::default()
        };
    }
    let instead = instead(case, tried, package, to);
    let bundled = tried.iter().find_map(|(_, why)| match why {
        Refused::Bundled(by) => Some(by),
        _ => None,
    });
    if let Some(by) = bundled {
        let needs = case.idea.package.version().unwrap_or_default();
        let blocker = |who: &String| Blocker {
            who: who.clone(),
            needs: package.to_owned(),
            range: format!("{needs}, in its own archive"),
        };
        return Explained {
            why: format!(
                "`{}` bundles {package} {needs}, which no lockfile and no override moves: only a version of it that bundles {to} or later helps",
                by.join("` and `")
            ),
            blockers: by.iter().map(blocker).collect(),
            next: instead,
            ..Explained::default()
        };
    }
    if let Some(refusal) = tool(&|r| matches!(r.reason, Reason::NoWheel { .. })) {
        return Explained {
            why: format!("{}; {}", refusal.reason, fixed(case.idea, to)),
            next: format!("plan with `--project-code` if its build may run, or {instead}"),
            ..Explained::default()
        };
    }
    if let Some(refusal) = tool(&|r| matches!(r.reason, Reason::ProjectCode(_))) {
        let Reason::ProjectCode(what) = refusal.reason else { return Explained::default() };
        let edit = unconfirmed(tried);
        let shown =
            if edit.is_some() { "; the edit that it would confirm is in the JSON" } else { "" };
        return Explained {
            why: format!(
                "to confirm {to} would run code of the project ({what}); {}",
                fixed(case.idea, to)
            ),
            next: format!("plan with `--project-code` if that code may run{shown}"),
            edit: edit.unwrap_or_default(),
            ..Explained::default()
        };
    }
    // What the manifest itself asks for stands in nobody's way once that line was edited.
    let edits = case.idea.relation == Relation::Direct && tried.len() > 1;
    let blocks = |by: &Blocker| !edits || by.who != OURS;
    if let Some(refusal) = tool(&|r| r.reason.blockers().iter().any(blocks)) {
        let mut blockers = refusal.reason.blockers().to_vec();
        blockers.sort();
        blockers.dedup();
        let shown: Vec<String> = blockers.iter().take(2).map(Blocker::to_string).collect();
        let more = match blockers.len().saturating_sub(2) {
            0 => String::new(),
            n => format!(" and {n} more"),
        };
        return Explained {
            why: format!("{}{more}; {}", shown.join("; "), fixed(case.idea, to)),
            blockers,
            next: instead,
            ..Explained::default()
        };
    }
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
            !by.is_empty() && !by.iter().any(blocks)
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
    let last = last.map(|(what, why)| match why {
        Refused::Nothing if a_copy_stays(case, tried) && what.starts_with("raise ") => {
            format!("{what}: a copy stays that something else brings")
        }
        _ => format!("{what}: {}", in_words(why)),
    });
    Explained { why: last.unwrap_or_default(), next: instead, ..Explained::default() }
}

/// The edit that nobody could confirm.
fn unconfirmed(tried: &Tried) -> Option<Vec<Change>> {
    tried.iter().rev().find_map(|(_, why)| match why {
        Refused::Tool(refusal) if !refusal.edits.is_empty() => Some(refusal.edits.clone()),
        _ => None,
    })
}

/// A refusal in words.
pub(super) fn in_words(refused: &Refused) -> String {
    match refused {
        Refused::Tool(refusal) => one_line(&refusal.reason.to_string()),
        Refused::Worse(worse) => {
            let shown: Vec<String> = worse.iter().take(3).map(ToString::to_string).collect();
            match worse.len().saturating_sub(3) {
                0 => shown.join("; "),
                n => format!("{}; and {n} more", shown.join("; ")),
            }
        }
        Refused::Nothing => "it removes none of the findings".to_owned(),
        Refused::Unasked(why) | Refused::Needed(why) => one_line(why),
        Refused::Advised(text) => format!("its publisher says: \"{}\"", quoted(text)),
        Refused::Bundled(by) => format!("`{}` bundles it", by.join("` and `")),
        Refused::Time => "the time was over".to_owned(),
    }
}

/// The words of tools have many lines. All of them are kept: what is shown of it is shortened where it is written.
fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What somebody else wrote, on one line and no longer than can be read, with no quotes that would end it.
fn quoted(text: &str) -> String {
    const LONGEST: usize = 240;
    let text = one_line(text).replace('"', "'");
    match text.char_indices().nth(LONGEST) {
        Some((at, _)) => format!("{} …", text.get(..at).unwrap_or_default()),
        None => text,
    }
}

/// What a change does, with the place where there are several.
pub(super) fn action(proposal: &Proposal, place: &Place, several: bool) -> String {
    match several {
        true => format!("{proposal} in {}", place.name),
        false => proposal.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// A package that a version of it helps, without a way.
    fn idea(package: &str, relation: Relation, to: &str) -> Idea {
        Idea {
            file: 0,
            package: package.parse().unwrap(),
            relation,
            to: Some(to.into()),
            unsaid: false,
            within: None,
            parents: Vec::new(),
            around: Vec::new(),
            askers: Vec::new(),
            findings: vec![0],
            left: Vec::new(),
            ways: Vec::new(),
        }
    }

    #[test]
    fn to_replace_is_advised_only_where_no_version_helps() {
        let idea = Idea {
            parents: vec!["pkg:cargo/top@1.0.0".parse().unwrap()],
            ..idea("pkg:cargo/deep@1.0.0", Relation::Transitive, "2.0.0")
        };
        let case = Case {
            idea: &idea,
            place: Some(0),
            wanted: BTreeSet::new(),
            weight: 1.0,
            unpublished: false,
        };
        let told = |reason| {
            let (edits, commands) = (Vec::new(), Vec::new());
            let refusal = Refusal { reason, edits, next: None, commands };
            let tried = vec![("raise top".to_owned(), Refused::Tool(Box::new(refusal)))];
            instead(&case, &tried, "deep", "2.0.0")
        };
        assert!(told(Reason::NoLater).contains("replace"));
        // That a manifest cannot be edited says nothing of versions.
        assert!(!told(Reason::Unsupported("a catalog names it".to_owned())).contains("replace"));
    }

    #[test]
    fn what_would_run_code_has_its_edit() {
        let idea = Idea {
            ways: vec![Way::Raise],
            ..idea("pkg:maven/a/left@1.30", Relation::Direct, "2.0")
        };
        let wanted = BTreeSet::new();
        let case = Case { idea: &idea, place: Some(0), wanted, weight: 1.0, unpublished: false };
        let tool = trimtab_connect::update::Tool::by_id("gradle").unwrap();
        let place = Place { name: "build.gradle".into(), folder: "".into(), tool };
        let told = |edits: Vec<Change>| {
            let (reason, commands) = (Reason::ProjectCode("its build files"), Vec::new());
            let refusal = Refusal { reason, edits, next: None, commands };
            let tried = vec![("raise left".to_owned(), Refused::Tool(Box::new(refusal)))];
            code(&case, &tried, &place, ("a:left", "2.0")).unwrap()
        };
        let (before, after) = (Some(b"1.30".to_vec()), Some(b"2.0".to_vec()));
        let edit = Change { path: "build.gradle".to_owned(), before, after };
        let known = told(vec![edit.clone()]);
        assert_eq!(known.edit, [edit]);
        assert!(known.why.starts_with("gradle would run code of the project (its build files)"));
        assert!(known.next.contains("plan with `--project-code`"), "{}", known.next);
        assert!(known.next.ends_with("or make the edit by hand"), "{}", known.next);
        assert!(told(Vec::new()).next.contains("raise a:left to 2.0 by hand"));
    }

    #[test]
    fn nobody_is_told_to_take_what_is_not_offered_or_malicious() {
        let idea = Idea {
            ways: vec![Way::Raise],
            ..idea("pkg:npm/left@5.3.0", Relation::Direct, "5.6.1")
        };
        let wanted = BTreeSet::new();
        let case = Case { idea: &idea, place: Some(0), wanted, weight: 1.0, unpublished: false };
        let conflict = |said: &str| {
            let reason = Reason::Conflict { blockers: Vec::new(), said: said.to_owned() };
            let (edits, commands) = (Vec::new(), Vec::new());
            Refused::Tool(Box::new(Refusal { reason, edits, next: None, commands }))
        };
        let offers = |what: &str| {
            let none = conflict(&format!("notarget No matching version found for {what}."));
            is_unoffered(&vec![("raise left to 5.6.1".to_owned(), none)], "left", "5.6.1")
        };
        assert!(offers("left@5.6.1") && offers("left@5.6.1 with a date before 1/1/2026"));
        assert!(!offers("left@5.6.10") && !offers("right@5.6.1"));
        let told = Explained {
            why: "it would bring MAL-2026-1 in".to_owned(),
            next: "raise left to 5.6.1 by hand".to_owned(),
            ..Explained::default()
        };
        let told = malicious(told, &case, "5.6.1", &["MAL-2026-1".to_owned()]);
        assert!(told.next.starts_with("do not take left 5.6.1: replace or remove left, "));
        assert!(told.why.ends_with("; left 5.6.1 is malicious according to MAL-2026-1"));
    }

    #[test]
    fn what_the_time_did_not_suffice_for_is_not_told_as_impossible() {
        let refused = |reason| {
            let (edits, commands) = (Vec::new(), Vec::new());
            Refused::Tool(Box::new(Refusal { reason, edits, next: None, commands }))
        };
        let held = || refused(Reason::Unchanged { blockers: Vec::new() });
        let early = |ways: &[Way], tried: Vec<(&str, Refused)>| {
            let idea = Idea {
                ways: ways.to_vec(),
                ..idea("pkg:npm/deep@1.0.0", Relation::Transitive, "2.0.0")
            };
            let wanted = BTreeSet::new();
            let case =
                Case { idea: &idea, place: Some(0), wanted, weight: 1.0, unpublished: false };
            let tried = tried.into_iter().map(|(what, why)| (what.to_owned(), why)).collect();
            is_early(&case, &tried)
        };
        let both = [Way::Relock, Way::Override];
        assert!(early(&both, vec![("relock deep at 2.0.0", held())]));
        assert!(early(&both, vec![("relock deep at 2.0.0", held()), ("raise top", Refused::Time)]));
        assert!(!early(&[Way::Relock], vec![("relock deep at 2.0.0", held())]));
        let forced = ("force deep to 2.0.0", Refused::Nothing);
        assert!(!early(&both, vec![("relock deep at 2.0.0", held()), forced]));
        let bundled = Refused::Bundled(vec!["top@1.0.0".to_owned()]);
        assert!(!early(&both, vec![("relock deep at 2.0.0", bundled)]));
    }

    #[test]
    fn of_what_is_named_and_brought_the_copy_is_told() {
        let refused = |reason| {
            let (edits, commands) = (Vec::new(), Vec::new());
            Refused::Tool(Box::new(Refusal { reason, edits, next: None, commands }))
        };
        let by = |who: &str| Blocker {
            who: who.to_owned(),
            needs: "left".to_owned(),
            range: "^1.0.0".to_owned(),
        };
        let held = |who: &str| refused(Reason::Unchanged { blockers: vec![by(who)] });
        let idea = Idea {
            ways: vec![Way::Raise, Way::Override],
            ..idea("pkg:npm/left@1.0.0", Relation::Direct, "2.0.0")
        };
        let case = |tried: Vec<(&str, Refused)>| {
            let wanted = BTreeSet::new();
            let case =
                Case { idea: &idea, place: Some(0), wanted, weight: 1.0, unpublished: false };
            let tried: Tried =
                tried.into_iter().map(|(what, why)| (what.to_owned(), why)).collect();
            let Explained { why, next, .. } = refused_as(&case, &tried);
            (why, next, is_unforced(&case, &tried))
        };
        let (why, next, unforced) = case(vec![
            ("raise left to 2.0.0", Refused::Nothing),
            ("relock left at 2.0.0", held(OURS)),
        ]);
        assert_eq!(why, "raise left to 2.0.0: a copy stays that something else brings");
        assert_eq!(next, format!("raise by hand what else brings left 1.0.0, {ACCEPT}"));
        assert!(unforced);
        let down = Reason::Downgrade {
            package: "pkg:npm/left".to_owned(),
            from: "2.1.0".to_owned(),
            to: "2.0.0".to_owned(),
        };
        let (_, next, unforced) = case(vec![
            ("raise left to 2.0.0", refused(down)),
            ("force left to 2.0.0", held("up@1")),
        ]);
        assert!(next.contains("what else brings left 1.0.0") && !unforced, "{next}");
        // Nothing stands in the way as far as was tried.
        let (_, next, _) = case(vec![("relock left at 2.0.0", held(OURS))]);
        assert_eq!(next, format!("raise left to 2.0.0 by hand, {ACCEPT}"));
        let (_, next, _) = case(vec![("relock left at 2.0.0", held("up@1.0.0"))]);
        assert!(next.contains("together with what stands in the way"), "{next}");
    }

    fn refused_as(case: &Case<'_>, tried: &Tried) -> Explained {
        refused(case, tried, "left", "2.0.0")
    }

    #[test]
    fn a_bound_of_a_range_is_told_as_no_version() {
        let of = |package: &str, to: &str| shown(&package.parse().unwrap(), to);
        let crates = |to: &str| of("pkg:cargo/memmap", to);
        assert_eq!(crates("0.7.1-0"), "the first version after 0.7.0");
        assert_eq!(crates("0.8.0-0"), "0.8.0 or later");
        assert_eq!(crates("1.0.0-rc.0"), "1.0.0-rc.0");
        assert_eq!(crates("1.0.0-alpha-0"), "1.0.0-alpha-0");
        assert_eq!(crates("1.0.0"), "1.0.0");
        // There such a version is one.
        assert_eq!(of("pkg:deb/debian/memmap", "3.2.1-0"), "3.2.1-0");
    }

    #[test]
    fn what_was_stopped_or_may_not_run_is_not_told_as_impossible() {
        let idea = idea("pkg:maven/a/left@1.0.0", Relation::Direct, "2.0.0");
        let wanted = BTreeSet::new();
        let case = Case { idea: &idea, place: Some(0), wanted, weight: 1.0, unpublished: false };
        let told = |reason| {
            let change = Change {
                path: "build.gradle".to_owned(),
                before: None,
                after: Some(b"x".to_vec()),
            };
            let refusal = Refusal { reason, edits: vec![change], next: None, commands: Vec::new() };
            let tried = vec![("raise left".to_owned(), Refused::Tool(Box::new(refusal)))];
            refused(&case, &tried, "left", "2.0.0")
        };
        let stopped = told(Reason::TimeLimit(299));
        assert_eq!(stopped.next, "allow more time with --time");
        assert!(stopped.why.ends_with("it is fixed in 2.0.0"), "{}", stopped.why);
        let code = told(Reason::ProjectCode("its build files"));
        assert!(code.why.contains("its build files"), "{}", code.why);
        assert!(
            code.next.contains("--project-code") && code.next.contains("JSON"),
            "{}",
            code.next
        );
        assert_eq!(code.edit.len(), 1);
    }

    #[test]
    fn who_would_write_a_file_is_told() {
        let told = undriven("app/Pipfile.lock", "left", "1.1");
        assert_eq!(told.0, "app/Pipfile.lock belongs to Pipenv, which Trimtab does not run");
        assert_eq!(told.1, "raise left to 1.1 with Pipenv");
        let told = undriven("setup.cfg", "left", "1.1");
        assert_eq!(told.0, "no known package manager writes setup.cfg");
        assert_eq!(told.1, "raise left to 1.1 in setup.cfg by hand");
    }

    #[test]
    fn the_words_of_a_tool_are_kept_whole() {
        let said = "npm error could not resolve\n  ".repeat(50);
        let told = in_words(&Refused::Unasked(said.clone()));
        assert!(!told.contains('\n') && told.chars().count() > 1000, "{told}");
        assert!(told.split(' ').eq(said.split_whitespace()), "{told}");
    }
}
