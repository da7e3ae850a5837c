//! Why an idea came to nothing, in words: who stands in the way, and what is the next best action.

mod next;
mod refused;
mod undriven;

use trimtab_connect::update::{Blocker, Change, Reason};
use trimtab_engine::action::Idea;
use trimtab_model::{Proposal, Purl, Way};
use trimtab_report::group::name;

use super::attempt::Refused;
use super::place::Place;
use super::search::{Case, Tried};
use next::{unnamed, without};
use refused::{code, is_unbuilt, refused};
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

/// Explains why what an idea is about stays. `unfixed`: about the findings that no source names a fix of, with what was tried
/// for them where others of the package have one. `cut_short`: the time was over before all was tried.
pub(super) fn explain(
    case: &Case<'_>,
    tried: &Tried,
    place: Option<&Place>,
    (unfixed, cut_short): (Option<&Tried>, bool),
) -> Explained {
    let idea = case.idea;
    let package = name(&idea.package);
    let all = tried.iter().chain(unfixed.into_iter().flatten());
    let told = all.map(|(what, why)| format!("{what}: {}", in_words(why))).collect();
    let is = |why: String, next: String| Explained { why, next, ..Explained::default() };
    let shown = idea.to.as_deref().map(|to| shown(&idea.package, to));
    let explained = match (&shown, place) {
        (None, _) => {
            is("no source names a fixed version".to_owned(), without(case, tried, &package))
        }
        _ if unfixed.is_some() => is(
            "no source names a fixed version".to_owned(),
            without(case, unfixed.unwrap_or(tried), &package),
        ),
        (Some(to), None) => {
            let (why, next) = undriven(case.wanted.first().map_or("", |key| &*key.0), &package, to);
            is(format!("{why}, and {}", fixed(idea, to)), next)
        }
        (Some(to), Some(_)) if is_untried(tried) => is(
            format!("it was not tried whether {to} is possible: the time ran out"),
            "allow more time with --time".to_owned(),
        ),
        (Some(to), Some(_)) if case.unpublished || is_unoffered(tried, &package, to) => is(
            format!("{}, but the registry offers no such version", fixed(idea, to)),
            unnamed(case, &package),
        ),
        (Some(to), Some(_)) if is_unbuilt(case, tried) => refused(case, tried, &package, to),
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
        (Some(to), Some(place)) if unfixed.is_none() => {
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

/// Whether nothing was tried to its end, so that nothing is known of any way.
fn is_untried(tried: &Tried) -> bool {
    tried.iter().all(|(_, why)| matches!(why, Refused::Time))
}

/// Whether a registry does not offer the version, and nothing else stood in the way: that what is locked stays where it is, as
/// it does then, is no other reason.
fn is_unoffered(tried: &Tried, package: &str, to: &str) -> bool {
    let wanted = format!("{package}@{to}");
    let is_it = |what: &str| what.split_whitespace().next() == Some(wanted.as_str());
    let is_unoffered = |why: &Refused| match why {
        Refused::Tool(refusal) => refusal.reason.unoffered().is_some_and(is_it),
        _ => false,
    };
    let stays = |why: &Refused| match why {
        Refused::Nothing => true,
        Refused::Tool(refusal) => {
            matches!(refusal.reason, Reason::Unchanged { .. } | Reason::NoLater)
        }
        _ => false,
    };
    tried.iter().any(|(_, why)| is_unoffered(why))
        && tried.iter().all(|(_, why)| is_unoffered(why) || stays(why))
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

/// How a blocker names the project that is planned.
const OURS: &str = "the project";

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
mod tests;
