//! What would take a later copy down that another action brought is tried at the version of that copy.

use std::cmp::Ordering;

use trimtab_connect::update::Reason;
use trimtab_engine::action::Worse;
use trimtab_model::{Diagnostic, Family, Proposal, Purl};
use trimtab_report::group;

use super::agree::at;
use super::attempt::{Made, Refused};
use super::candidate::{Candidate, Material};
use super::search::Search;
use super::stack::Clash;
use super::words::in_words;

/// A proposal with its parts at the versions of the copies that it would take down. `None`: something else is worse, or a copy
/// of something else would go down.
pub(super) fn at_copies(proposal: &Proposal, refused: &Refused) -> Option<Proposal> {
    let down = |worse: &Worse| match worse {
        Worse::Downgrade(package, from, _) => Some((package.package(), from.clone())),
        _ => None,
    };
    let downs: Vec<(Purl, Box<str>)> = match refused {
        Refused::Worse(all) => all.iter().map(down).collect::<Option<Vec<_>>>()?,
        Refused::Tool(refusal) => vec![told(proposal, &refusal.reason)?],
        _ => return None,
    };
    let is_part =
        |package: &Purl| proposal.parts().any(|part| part.package().package() == *package);
    if !downs.iter().all(|(package, _)| is_part(package)) {
        return None;
    }
    let mut any = false;
    let parts: Vec<Proposal> = proposal
        .parts()
        .map(|part| {
            let next = highest(&downs, part).and_then(|to| at(part, to));
            any |= next.is_some();
            next.unwrap_or_else(|| part.clone())
        })
        .collect();
    Proposal::together(parts).filter(|_| any)
}

/// The package of a part that would go down, and from which version, where a package manager or a manifest says so by its name.
/// `None`: they say something else, or the version is the one that is to go.
fn told(proposal: &Proposal, reason: &Reason) -> Option<(Purl, Box<str>)> {
    let Reason::Downgrade { package, from, .. } = reason else { return None };
    let part = proposal.parts().find(|part| group::name(part.package()) == *package)?;
    let is_own = part.package().version() == Some(&**from);
    (!is_own).then(|| (part.package().package(), from.as_str().into()))
}

/// The highest version from which the package of a part would go down, if it is above the one that is asked for.
fn highest<'d>(downs: &'d [(Purl, Box<str>)], part: &Proposal) -> Option<&'d str> {
    let (own, to) = (part.package().package(), part.to()?);
    let family = Family::from_purl_type(own.purl_type())?;
    let is_above = |one: &str, other: &str| family.compare(one, other).is_some_and(Ordering::is_gt);
    let mut found: Option<&'d str> = None;
    for (package, from) in downs {
        if *package == own && is_above(from, found.unwrap_or(to)) {
            found = Some(from);
        }
    }
    found
}

/// What is done instead of an action that clashes, at the version of a copy that it would take down. `None`: it cannot be done
/// either, and if that was tried, the clash tells so.
///
/// # Errors
/// The index is damaged.
pub(super) fn instead(
    search: &Search<'_>,
    material: &Material<'_>,
    candidates: &[Candidate],
    clash: &mut Clash,
) -> Result<Option<Candidate>, Diagnostic> {
    let Some(of) = candidates.get(clash.candidate) else { return Ok(None) };
    let Some(proposal) = clash.at_copies.take() else { return Ok(None) };
    let made = match search.at_other_versions(of, &proposal)? {
        Ok(made) => made,
        Err(refused) => {
            clash.adds(&format!("`{proposal}` does not help either: {}", in_words(&refused)));
            return Ok(None);
        }
    };
    // What nobody was asked about cannot be judged any more.
    let unjudged = made.arrived.iter().find(|purl| !material.checks.contains_key(*purl));
    if let Some(purl) = unjudged {
        clash.adds(&format!("`{proposal}` would bring {purl}, which was not judged"));
        return Ok(None);
    }
    let (mut found, denied) = material.candidates(vec![(of.place, made)]);
    if let Some((_, why, _)) = denied.first() {
        clash.adds(&format!("`{proposal}`: {why}"));
    }
    let is_known = |name: &str| candidates.iter().any(|candidate| candidate.name == name);
    let found = found.pop().filter(|candidate| !is_known(&candidate.name));
    let beyond = Some(format!("not `{}`: {}", of.made.proposal, clash.why));
    Ok(found.map(|candidate| Candidate { beyond, ..candidate }))
}

impl Search<'_> {
    /// Carries an action out at other versions, by itself. Otherwise why that does not remove all that the action does.
    fn at_other_versions(
        &self,
        of: &Candidate,
        proposal: &Proposal,
    ) -> Result<Result<Made, Refused>, Diagnostic> {
        let Some(Ok((place, ground))) = self.ground(of.place) else {
            return Ok(Err(Refused::Unasked("the project could not be copied".to_owned())));
        };
        let copy = (&ground.base, &ground.before);
        let wanted = &of.made.removed;
        let tried = self.trial.attempt_aged(of.made.aged, place, copy, proposal, wanted)?;
        Ok(match tried {
            Ok((made, ..)) if wanted.is_subset(&made.removed) => Ok(made),
            Ok(_) => Err(Refused::Unasked("it leaves some of the findings".to_owned())),
            Err(refused) => Err(refused),
        })
    }
}

#[cfg(test)]
mod tests {
    use trimtab_connect::update::Refusal;

    use super::*;

    fn down(package: &str, from: &str) -> Worse {
        Worse::Downgrade(package.parse().unwrap(), from.into(), "1.14.8".into())
    }

    fn raise(name: &str, to: &str) -> Proposal {
        let package = format!("pkg:npm/{name}@1.13.3").parse().unwrap();
        Proposal::Raise { package, to: to.into() }
    }

    /// pnpm: axios brought a second copy of what is raised, which would be taken down to the version that is asked for.
    #[test]
    fn the_version_of_the_highest_copy_is_asked_for() {
        let own = "pkg:npm/follow-redirects";
        let asked = raise("follow-redirects", "1.14.8");
        let refused = Refused::Worse(vec![down(own, "1.15.0"), down(own, "1.16.3")]);
        let wanted = raise("follow-redirects", "1.16.3");
        assert_eq!(at_copies(&asked, &refused), Some(wanted.clone()));
        // What goes along stays as it is asked for.
        let other = raise("axios", "0.21.2");
        let both = |own: Proposal| Proposal::together([own, other.clone()]).unwrap();
        assert_eq!(at_copies(&both(asked.clone()), &refused), Some(both(wanted)));
    }

    #[test]
    fn what_is_worse_in_another_way_is_no_matter_of_its_version() {
        let asked = raise("follow-redirects", "1.14.8");
        let other = || down("pkg:npm/debug", "4.0.0");
        let own = || down("pkg:npm/follow-redirects", "1.16.3");
        assert_eq!(at_copies(&asked, &Refused::Worse(vec![own(), other()])), None);
        let brought = Worse::Finding("pkg:npm/debug@4.0.0".parse().unwrap(), "CVE-1".into());
        assert_eq!(at_copies(&asked, &Refused::Worse(vec![own(), brought])), None);
        assert_eq!(at_copies(&asked, &Refused::Nothing), None);
        // It is there already.
        let there = raise("follow-redirects", "1.16.3");
        assert_eq!(at_copies(&there, &Refused::Worse(vec![own()])), None);
        // A relock to the newest that is allowed names no version.
        let package = "pkg:npm/follow-redirects@1.13.3".parse().unwrap();
        let relock = Proposal::Relock { package, to: None };
        assert_eq!(at_copies(&relock, &Refused::Worse(vec![own()])), None);
    }

    /// A batch before it raised what the manifest asks for, or Go says that it would take a module down.
    #[test]
    fn where_a_downgrade_is_refused_its_version_is_asked_for_as_well() {
        let refused = |package: &str, from: &str| {
            let (package, from, to) = (package.to_owned(), from.to_owned(), "1.14.8".to_owned());
            let reason = Reason::Downgrade { package, from, to };
            let (edits, commands) = (Vec::new(), Vec::new());
            Refused::Tool(Box::new(Refusal { reason, edits, next: None, commands }))
        };
        let asked = raise("follow-redirects", "1.14.8");
        let at = |package: &str, from: &str| at_copies(&asked, &refused(package, from));
        let wanted = raise("follow-redirects", "1.16.3");
        assert_eq!(at("follow-redirects", "1.16.3"), Some(wanted));
        assert_eq!(at("debug", "4.0.0"), None, "of something else");
        assert_eq!(at("follow-redirects", "1.13.3"), None, "the one that is to go");
        let scoped = Proposal::Raise {
            package: "pkg:npm/%40a/left@1.0.0".parse().unwrap(),
            to: "1.1.0".into(),
        };
        let next = at_copies(&scoped, &refused("@a/left", "1.2.0"));
        assert_eq!(next.as_ref().and_then(Proposal::to), Some("1.2.0"));
        let module = Proposal::Raise {
            package: "pkg:golang/golang.org/x/net@v0.1.0".parse().unwrap(),
            to: "v0.17.0".into(),
        };
        let next = at_copies(&module, &refused("golang.org/x/net", "v0.23.0"));
        assert_eq!(next.as_ref().and_then(Proposal::to), Some("v0.23.0"));
    }
}
