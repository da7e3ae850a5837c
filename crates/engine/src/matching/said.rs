//! What the advisories of one group say about a component, and what follows: whether it is
//! affected, how certain that is, and which version is the nearest without the flaw.

use trimtab_advisories::index::{Affected, Entry, Interval, Verdict};
use trimtab_model::advisory::Kind;
use trimtab_model::finding::{Confidence, Doubt, UnknownReason};
use trimtab_model::version::flavour;
use trimtab_model::{Scheme, Version};

use super::stated::Stated;
use super::subject::is_distribution;

/// The version of a component, as far as it can be compared.
pub(super) enum Installed<'a> {
    Version(Version),
    Text(&'a str),
    None,
}

impl<'a> Installed<'a> {
    pub(super) fn parse(scheme: Scheme, text: Option<&'a str>) -> Installed<'a> {
        match text.map(|text| Version::parse(scheme, text)) {
            Some(Ok(version)) => Installed::Version(version),
            Some(Err(_)) => Installed::Text(text.unwrap_or_default()),
            None => Installed::None,
        }
    }

    pub(super) fn verdict<'i>(&self, entry: &Entry<'i>) -> Verdict<'i> {
        let (text, may_be_any) = match self {
            Installed::Version(version) => return entry.verdict(version),
            Installed::Text(text) => (*text, is_commit(text)),
            Installed::None => ("", true),
        };
        let mut verdict = entry.verdict_of_text(text);
        // A commit or nothing at all may be any version, also one that is listed.
        if may_be_any && verdict.affected == Affected::No {
            verdict.affected = Affected::Unknown;
        }
        match all_versions(entry) {
            Some(all) if verdict.affected == Affected::Unknown => all,
            _ => verdict,
        }
    }

    /// Why nothing can be said, where nothing can.
    pub(super) fn reason(&self) -> UnknownReason {
        match self {
            Installed::Version(_) => UnknownReason::IncomparableRange,
            Installed::Text(_) => UnknownReason::UnparsableVersion,
            Installed::None => UnknownReason::NoVersion,
        }
    }
}

/// Whether a text is a commit rather than a version: hexadecimal, as long as an abbreviated or a
/// whole one.
fn is_commit(text: &str) -> bool {
    (7..=64).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_hexdigit())
}

/// A package of which every version is affected needs no version to be a finding.
fn all_versions<'i>(entry: &Entry<'i>) -> Option<Verdict<'i>> {
    // Any version does: the range that holds it must have no bounds at all.
    let any = Version::parse(entry.family().scheme(), "1").ok()?;
    let verdict = entry.verdict(&any);
    let unbounded = Interval::Range { from: None, to: None, through: false, hint: None };
    (verdict.by_range && verdict.interval == unbounded).then_some(verdict)
}

/// What one entry says.
pub(super) struct Word<'i> {
    pub(super) entry: Entry<'i>,
    pub(super) verdict: Verdict<'i>,
    /// Whether the entry surely speaks of the component's release.
    pub(super) release_known: bool,
}

/// What one advisory says about the component: what all its entries on the package say.
pub(super) struct Said<'i> {
    pub(super) advisory: u32,
    pub(super) kind: Kind,
    pub(super) words: Vec<Word<'i>>,
}

impl<'i> Said<'i> {
    pub(super) fn affected(&self) -> Affected {
        let any = |wanted| self.words.iter().any(|w| w.verdict.affected == wanted);
        if any(Affected::Yes) {
            Affected::Yes
        } else if any(Affected::Unknown) {
            Affected::Unknown
        } else {
            Affected::No
        }
    }

    /// Adds what one entry says to what its advisory has said so far.
    pub(super) fn add(group: &mut Vec<Said<'i>>, word: Word<'i>) {
        let (advisory, kind) = (word.entry.advisory(), word.entry.kind());
        match group.iter_mut().find(|said| said.advisory == advisory) {
            Some(said) => {
                said.kind = said.kind.min(kind);
                said.words.push(word);
            }
            None => group.push(Said { advisory, kind, words: vec![word] }),
        }
    }
}

/// Why a finding is not surer, sorted.
pub(super) fn doubts(said: &[Said<'_>], stated: Stated) -> Vec<Doubt> {
    let yes = || said.iter().flat_map(|s| &s.words).filter(|w| w.verdict.affected == Affected::Yes);
    let other_origin = |e: &Entry<'_>| e.release().is_some() && !is_distribution(e.family());
    let mut doubts = Vec::new();
    let mut add = |holds: bool, doubt: Doubt| {
        if holds {
            doubts.push(doubt);
        }
    };
    add(yes().any(|w| w.verdict.contradiction), Doubt::VersionsAgainstRanges);
    add(said.iter().any(|s| s.affected() == Affected::No), Doubt::SourcesDisagree);
    // A sure range of another source of the group makes the hint unnecessary.
    add(yes().all(|w| w.verdict.hint), Doubt::BoundIsHint);
    add(yes().all(|w| w.entry.is_open() && !w.verdict.by_list), Doubt::BoundUnknown);
    add(yes().all(|w| other_origin(&w.entry)), Doubt::OtherOrigin);
    add(yes().all(|w| !w.release_known), Doubt::ReleaseUnknown);
    add(stated == Stated::Least, Doubt::VersionIsLeast);
    add(stated == Stated::Default, Doubt::VersionIsDefault);
    doubts
}

pub(super) fn confidence(doubts: &[Doubt]) -> Confidence {
    doubts.iter().map(|doubt| doubt.confidence()).min().unwrap_or(Confidence::High)
}

/// The lowest version above the installed one that some affected source names as fixed and no
/// source of the group calls affected; of the installed flavour, if one is named. If only other
/// flavours are named, the same number in the installed flavour, unless that is affected: the
/// registry knows whether it exists. An open range says nothing about what lies beyond the end at
/// which its database hints.
pub(super) fn nearest_fix(installed: &Installed<'_>, said: &[Said<'_>]) -> Option<Box<str>> {
    let Installed::Version(installed) = installed else { return None };
    let mut candidates: Vec<Version> = said
        .iter()
        .filter(|s| s.affected() == Affected::Yes)
        .flat_map(|s| &s.words)
        .flat_map(|w| w.entry.fixes_above(installed))
        .filter_map(|fix| Version::parse(installed.scheme(), fix).ok())
        .collect();
    candidates.sort_by(|a, b| installed.scheme().compare_keys(a.key(), b.key()));
    let affects = |candidate: &Version, entry: &Entry<'_>| {
        let verdict = entry.verdict(candidate);
        verdict.affected == Affected::Yes && !verdict.beyond_hint
    };
    let is_fixed =
        |fix: &Version| !said.iter().flat_map(|s| &s.words).any(|w| affects(fix, &w.entry));
    let (scheme, own) = (installed.scheme(), installed.text());
    let is_own = |fix: &Version| flavour::same(scheme, fix.text(), own);
    let nearest = candidates.iter().find(|fix| is_fixed(fix))?;
    if is_own(nearest) {
        return Some(nearest.text().into());
    }
    if let Some(named) = candidates.iter().find(|fix| is_own(fix) && is_fixed(fix)) {
        return Some(named.text().into());
    }
    let given = flavour::given(scheme, nearest.text(), own);
    let given = given.and_then(|text| Version::parse(scheme, &text).ok()).filter(is_fixed);
    Some(given.as_ref().unwrap_or(nearest).text().into())
}
