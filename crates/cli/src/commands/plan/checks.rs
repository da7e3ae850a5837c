//! What comes in with an action is judged as a new dependency is: by the charter's rules on selection, with what
//! registries say. What is not known is told as unknown.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use trimtab_advisories::index::Index;
use trimtab_connect::{registry, update};
use trimtab_engine::selection::brings::Brings;
use trimtab_engine::selection::near::Popular;
use trimtab_engine::selection::{Candidate, Judgement, Reason, Rule, Verdict, judge};
use trimtab_model::charter::Selection;
use trimtab_model::metadata::Standing;
use trimtab_model::{Diagnostic, Ecosystem, Metadata, Purl};

use super::attempt::Made;
use crate::commands::check_new;
use crate::commands::gate::ask::together;

/// What told a time that no registry did.
const LOCKFILE: &str = "the lockfile";
/// The most packages that registries are asked about.
const MOST_ASKED: usize = 400;

/// A package at a version that comes in.
pub(in crate::commands) struct Checked {
    /// Whether its registry was asked and answered.
    pub(super) answered: bool,
    pub(super) metadata: Option<Metadata>,
    pub(super) judgement: Judgement,
}

/// Everything that comes in with any of these, what is named by a proposal first.
pub(super) fn arrived<'m>(made: impl Iterator<Item = &'m Made> + Clone) -> Vec<Purl> {
    let named = |made: &'m Made| {
        let named: BTreeSet<Purl> =
            made.proposal.parts().map(|part| part.package().package()).collect();
        made.arrived.iter().filter(move |purl| named.contains(&purl.package()))
    };
    let mut seen = BTreeSet::new();
    let all = made.clone().flat_map(named).chain(made.flat_map(|m| &m.arrived));
    all.filter(|purl| seen.insert((*purl).clone())).cloned().collect()
}

/// When versions that come in were published, as the lockfiles that have them now tell.
pub(super) fn dated<'m>(made: impl Iterator<Item = &'m Made>) -> BTreeMap<Purl, Timestamp> {
    let mut all = BTreeMap::new();
    for made in made {
        // A lockfile is not read where all is known already: that takes a while.
        if !made.arrived.iter().all(|purl| all.contains_key(purl)) {
            let told = update::published(&made.changes);
            all.extend(told.into_iter().filter(|(purl, _)| made.arrived.contains(purl)));
        }
    }
    all
}

/// What is known of a version, with the time at which its lockfile says that it was published, where its registry does not.
fn with_time(
    known: Option<Metadata>,
    at: Option<&Timestamp>,
    purl: &Purl,
    now: Timestamp,
) -> Option<Metadata> {
    let untold = known.as_ref().is_none_or(|metadata| metadata.published.is_none());
    let Some(at) = at.filter(|_| untold) else { return known };
    Some(match known {
        None => {
            let unknown = Metadata::unknown(purl.clone(), LOCKFILE, now);
            Metadata { published: Some(*at), ..unknown }
        }
        Some(known) => {
            let source = format!("{} and {LOCKFILE}", known.source).into();
            Metadata { published: Some(*at), source, ..known }
        }
    })
}

/// Asks and judges, within a time. `times`: when versions were published, as lockfiles tell.
///
/// # Errors
/// The index is damaged.
pub(in crate::commands) fn checks(
    (purls, times): (&[Purl], &BTreeMap<Purl, Timestamp>),
    index: &Index,
    rules: &Selection,
    options: &registry::Options,
    limit: Duration,
) -> Result<BTreeMap<Purl, Checked>, Diagnostic> {
    let asked = &purls[..purls.len().min(MOST_ASKED)];
    let mut known = together(asked, limit, &|purl, left| {
        let mut options = options.clone();
        options.time_limit = options.time_limit.min(left);
        registry::ask(purl, &options).metadata
    });
    let mut all = BTreeMap::new();
    for purl in purls {
        let metadata = known.remove(purl).flatten();
        let answered = metadata.is_some();
        let metadata = with_time(metadata, times.get(purl), purl, options.now);
        let advisories = check_new::known(purl, index)?;
        let advised = advisories.as_ref().map(|known| check_new::advised(&known.found));
        let uncompared = advisories.as_ref().map(|known| check_new::advised(&known.uncompared));
        let candidate = Candidate {
            purl,
            metadata: metadata.as_ref(),
            advisories: advised.as_deref(),
            uncompared: uncompared.as_deref().unwrap_or_default(),
            lifecycle: check_new::lifecycle_of(purl, Some(index))?,
            brings: Brings::OneStep,
        };
        let popular = Ecosystem::of(purl).and_then(|e| Popular::of(e.family));
        let judgement = judge(&candidate, popular, rules, options.now);
        all.insert(purl.clone(), Checked { answered, metadata, judgement });
    }
    Ok(all)
}

impl Checked {
    /// Whether it is refused for something that the change makes so: of a package that was there before, its name,
    /// licence and origin are nobody's change, and so is that it is given up; that this version was taken back is.
    /// Its age is for the quarantine.
    pub(in crate::commands) fn refused(&self, is_new: bool) -> Option<&Reason> {
        let standing = self.metadata.as_ref().and_then(|m| m.standing.as_ref());
        let taken_back = matches!(standing, Some(Standing::Yanked(_)));
        let matters = |rule: Rule| match rule {
            Rule::Malicious | Rule::Denied => true,
            Rule::Yanked => is_new || taken_back,
            Rule::Age => false,
            _ => is_new,
        };
        let denied = |reason: &&Reason| reason.verdict == Verdict::Deny && matters(reason.rule);
        self.judgement.reasons.iter().find(denied)
    }

    /// What is said of its age, where that is more than that it is old enough.
    pub(in crate::commands) fn age(&self) -> Option<&Reason> {
        let told = |r: &&Reason| r.rule == Rule::Age && r.verdict != Verdict::Allow;
        self.judgement.reasons.iter().find(told)
    }

    /// What is told of it. The name of a package that was there before, and what it brings, are not news.
    pub(super) fn told(&self, is_new: bool) -> impl Iterator<Item = &Reason> {
        let news = move |rule: Rule| is_new || !matches!(rule, Rule::Nearness | Rule::Brings);
        let reasons = self.judgement.reasons.iter();
        reasons.filter(move |r| news(r.rule) && (r.unknown || r.verdict != Verdict::Allow))
    }

    /// When it leaves the charter's quarantine. `None`: it is in none, or its age is unknown. Of the newest version of which
    /// only the latest moment is known at which it can have been published, that moment counts.
    pub(in crate::commands) fn quarantine(
        &self,
        rules: &Selection,
        now: Timestamp,
    ) -> Option<Timestamp> {
        let days = rules.minimum_age_days?;
        let metadata = self.metadata.as_ref()?;
        let by = metadata.published_by.filter(|_| metadata.newest == Some(true));
        let published = metadata.published.or(by)?;
        let until = published.checked_add(SignedDuration::from_hours(24 * i64::from(days))).ok()?;
        (until > now).then_some(until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_no_registry_tells_is_as_old_as_the_lockfile_says() {
        let purl: Purl = "pkg:pypi/left@1.1".parse().unwrap();
        let now: Timestamp = "2026-02-02T09:00:00Z".parse().unwrap();
        let [young, old, end]: [Timestamp; 3] =
            ["2026-01-31T09:00:00Z", "2020-01-01T00:00:00Z", "2026-02-07T09:00:00Z"]
                .map(|at| at.parse().unwrap());
        let rules = Selection { minimum_age_days: Some(7), ..Selection::default() };
        let told = |published: Option<Timestamp>| {
            Some(Metadata { published, ..Metadata::unknown(purl.clone(), "pip", now) })
        };
        let until = |known: Option<Metadata>, at: Option<Timestamp>| {
            let metadata = with_time(known, at.as_ref(), &purl, now);
            let judgement = Judgement { verdict: Verdict::Allow, reasons: Vec::new() };
            Checked { answered: true, metadata, judgement }.quarantine(&rules, now)
        };
        assert_eq!(until(told(None), Some(young)), Some(end));
        assert_eq!(until(None, Some(young)), Some(end), "nobody answered");
        assert_eq!(until(told(None), Some(old)), None);
        assert_eq!(until(told(Some(old)), Some(young)), None, "what a registry tells holds");
        assert_eq!(until(told(None), None), None);
        // Of what was published by a day, only the newest may be as young as that.
        let by = |newest| told(None).map(|m| Metadata { published_by: Some(young), newest, ..m });
        assert_eq!(until(by(Some(true)), None), Some(end));
        assert_eq!(until(by(Some(false)), None), None);
        let source = with_time(told(None), Some(&young), &purl, now).unwrap().source;
        assert_eq!(&*source, "pip and the lockfile");
    }
}
