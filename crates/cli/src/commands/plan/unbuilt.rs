//! What is locked at a version without a wheel stands in the way of all that is locked with it, as nothing is built. Where a
//! later version has a wheel, it goes along: what must go together is one action.

use std::collections::BTreeSet;

use trimtab_connect::update::Reason;
use trimtab_model::{Diagnostic, Proposal, Purl, Way};

use super::attempt::{Made, Refused};
use super::offered::later;
use super::place::{Ground, Key, Place};
use super::search::Search;

/// How many that have no wheel go along at most: a package manager tells one at a time.
const MOST: usize = 4;

impl Search<'_> {
    /// Tries a refused proposal again with what has no wheel, as long as that is what stands in the way. Otherwise what was
    /// asked for in the end, and why it is refused.
    pub(super) fn with_wheels(
        &self,
        place: &Place,
        ground: &Ground,
        (asked, refused): (Proposal, Refused),
        wanted: &BTreeSet<Key>,
    ) -> Result<Result<Made, (Proposal, Refused)>, Diagnostic> {
        let copy = (&ground.base, &ground.before);
        let mut tried = asked.clone();
        let mut why = refused.clone();
        let mut along: Vec<Proposal> = Vec::new();
        for _ in 0..MOST {
            let Some(part) = self.with_wheel(place, &tried, &why)? else { break };
            along.push(part);
            let known = self.wheels_of(place);
            let all: Vec<Proposal> = along.iter().chain(&known).cloned().collect();
            // What went with others at the place may hold this one up.
            let has_more = known.iter().any(|known| !along.contains(known));
            let sets = [(has_more, &all), (true, &along)];
            let mut last = None;
            for (_, set) in sets.into_iter().filter(|(is, _)| *is) {
                let Some(next) = beside(&tried, set) else { break };
                match self.agreed(place, copy, &next, wanted)? {
                    Ok(mut made) => {
                        self.keep_wheels(place, &along);
                        made.unbuilt = held_up(&asked, set);
                        return Ok(Ok(made));
                    }
                    // They go, and something else is worse: that may be mended.
                    Err((next, worse @ Refused::Worse(_))) => return Ok(Err((next, worse))),
                    Err(told) => {
                        let is_unbuilt = unbuilt(&told.1).is_some();
                        last = Some(told);
                        if is_unbuilt {
                            break;
                        }
                    }
                }
            }
            let Some(told) = last else { break };
            (tried, why) = told;
        }
        // What goes nowhere may stay as it is: pip-tools is asked without it. pip leaves it out by itself.
        let stuck = [&refused, &why].into_iter().filter_map(unbuilt);
        let stuck: Vec<Purl> = stuck.filter(|locked| !is_asked(&asked, locked)).collect();
        if place.tool.id() == "pip-tools" && !stuck.is_empty() {
            for locked in stuck {
                let version = locked.version().unwrap_or_default();
                self.trial.options.unbuilt.stays(locked.name(), version);
            }
            return self.agreed(place, copy, &asked, wanted);
        }
        // What was asked for at first is what is told.
        Ok(Err((asked, refused)))
    }

    /// What stands in the way of a proposal for want of a wheel, at the version that has one. `None`: that is not it, or no later
    /// version has one.
    fn with_wheel(
        &self,
        place: &Place,
        proposal: &Proposal,
        refused: &Refused,
    ) -> Result<Option<Proposal>, Diagnostic> {
        let Some(locked) = unbuilt(refused) else { return Ok(None) };
        if is_asked(proposal, &locked) {
            return Ok(None);
        }
        let Some(to) = self.built(&locked)? else { return Ok(None) };
        Ok(Some(match place.tool.has_lockfile() {
            true => Proposal::Relock { package: locked, to: Some(to) },
            false => Proposal::Raise { package: locked, to },
        }))
    }

    /// The version with a wheel to which what has none is moved: its fix, else the lowest later one that brings no finding
    /// in. `None`: no registry tells of one.
    fn built(&self, locked: &Purl) -> Result<Option<Box<str>>, Diagnostic> {
        let offered = self.offered(locked);
        let built: BTreeSet<Box<str>> = offered
            .iter()
            .filter(|offered| offered.built == Some(true))
            .map(|offered| offered.version.clone())
            .collect();
        for (at, case) in self.cases.iter().enumerate() {
            if case.idea.package == *locked
                && let Some((to, _)) = self.aim(at, Way::Relock)?
                && built.contains(&to)
            {
                return Ok(Some(to));
            }
        }
        for version in later(locked, offered) {
            if built.contains(&version) && !self.comes_with(locked, &version)? {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }
}

/// Whether a proposal is about a package.
fn is_asked(proposal: &Proposal, package: &Purl) -> bool {
    proposal.parts().any(|part| part.package().package() == package.package())
}

/// Names and versions of what goes along with a proposal for want of a wheel.
fn held_up(asked: &Proposal, along: &[Proposal]) -> Vec<(String, String)> {
    let others = along.iter().map(Proposal::package).filter(|locked| !is_asked(asked, locked));
    let told = others
        .map(|locked| (locked.name().to_owned(), locked.version().unwrap_or_default().to_owned()));
    told.collect()
}

/// A proposal with others of other packages.
fn beside(proposal: &Proposal, others: &[Proposal]) -> Option<Proposal> {
    let own: Vec<Proposal> = proposal.parts().cloned().collect();
    let others = others.iter().filter(|other| !is_asked(proposal, other.package()));
    let along: Vec<Proposal> = others.cloned().collect();
    // One run does all of a kind; what another does before it stands in its way no more.
    let is_one = own.iter().chain(&along).all(|part| part.way() == Way::Relock);
    let (first, then) = if is_one { (own, along) } else { (along, own) };
    Proposal::together(first.into_iter().chain(then))
}

/// What has no wheel and is not itself to move, with the version that is locked. Of one that is held (uv), it is not known which
/// version of another package it allows: then it goes along with that too, and not all who ask for it.
fn unbuilt(refused: &Refused) -> Option<Purl> {
    let Refused::Tool(refusal) = refused else { return None };
    match &refusal.reason {
        Reason::NoWheel { package, version, .. } if !version.is_empty() => {
            Some(Purl::new("pypi", None, package).with_version(version))
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use trimtab_connect::update::Refusal;

    use super::*;

    #[test]
    fn what_goes_along_is_of_other_packages_and_comes_first_of_another_kind() {
        let package = |name: &str| Purl::new("pypi", None, name).with_version("1.0");
        let raise = |name: &str| Proposal::Raise { package: package(name), to: "2.0".into() };
        let relock = |name: &str| Proposal::Relock { package: package(name), to: None };
        let names = |proposal: Proposal| -> Vec<String> {
            proposal.parts().map(|part| part.package().name().to_owned()).collect()
        };
        let of = |own: &Proposal, others: &[Proposal]| names(beside(own, others).unwrap());
        assert_eq!(of(&raise("a"), &[raise("a"), raise("b")]), ["b", "a"]);
        assert_eq!(of(&relock("a"), &[relock("b")]), ["a", "b"]);
        assert_eq!(of(&relock("a"), &[]), ["a"]);
    }

    #[test]
    fn what_holds_up_is_told_of_other_packages_alone() {
        let package = |name: &str| Purl::new("pypi", None, name).with_version("1.0");
        let relock = |name: &str| Proposal::Relock { package: package(name), to: None };
        let along = [relock("a"), relock("b")];
        assert_eq!(held_up(&relock("a"), &along), [("b".to_owned(), "1.0".to_owned())]);
        assert!(held_up(&relock("a"), &[]).is_empty());
    }

    #[test]
    fn what_has_no_wheel_is_known_with_its_version() {
        let of = |package: &str, version: &str, asked: Option<&str>| {
            let (package, asked) = (package.to_owned(), asked.map(str::to_owned));
            let reason = Reason::NoWheel { package, version: version.to_owned(), asked };
            let (edits, commands) = (Vec::new(), Vec::new());
            let refusal = Refusal { reason, edits, next: None, commands };
            unbuilt(&Refused::Tool(Box::new(refusal))).map(|purl| purl.to_string())
        };
        assert_eq!(of("Tornado", "6.1", None).as_deref(), Some("pkg:pypi/tornado@6.1"));
        // Of one that is held, another package is asked for, and it is itself that goes along.
        assert_eq!(of("yarl", "1.0.0", Some("idna")).as_deref(), Some("pkg:pypi/yarl@1.0.0"));
        // Without a version there is nothing to move.
        assert_eq!(of("tornado", "", None), None);
        assert_eq!(unbuilt(&Refused::Nothing), None);
    }
}
