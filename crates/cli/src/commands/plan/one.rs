//! One way for ideas about one package, alone: the version that is named, and where that makes something worse, another
//! one, or the same together with what it would bring.

use std::collections::BTreeSet;

use trimtab_advisories::index::Index;
use trimtab_connect::registry::versions::Offered;
use trimtab_connect::update::{Reason, near_ends};
use trimtab_engine::action::{Idea, Worse};
use trimtab_model::{Component, Diagnostic, Family, FileInventory, Inventory, Proposal, Purl, Way};

use super::attempt::{Made, Refused};
use super::companions::Runs;
use super::offered::later;
use super::place::{Ground, Key, Place, matched};
use super::search::{Answer, Search};

/// How many packages that would bring a finding are moved along.
const ALONG: usize = 6;
/// How many tries it may take to find the smallest of the later versions.
const HIGHER: usize = 8;

impl Search<'_> {
    /// The version that is asked for, in a way: without findings of its own, if there is one. And whether it is
    /// above the one that is named. `None`: the idea names none.
    pub(super) fn aim(&self, at: usize, way: Way) -> Result<Option<(Box<str>, bool)>, Diagnostic> {
        let case = &self.cases[at];
        let Some(named) = case.idea.to.as_deref() else { return Ok(None) };
        let place = case.place.and_then(|place| self.places.get(place));
        // What moves to the newest that is allowed is asked for none.
        let any = way == Way::Relock && place.is_some_and(|place| place.tool.moves_all());
        let unbuilt = !any && self.is_unbuilt(&case.idea.package, named);
        if any || !unbuilt && !self.comes_with(&case.idea.package, named)? {
            return Ok(Some((named.into(), false)));
        }
        let to = self.lift(&case.idea.package, named)?;
        Ok(Some((to.unwrap_or_else(|| named.into()), true)))
    }

    /// Whether a version of a package of Python has no wheel for the Python that runs here, while a later one has.
    fn is_unbuilt(&self, package: &Purl, version: &str) -> bool {
        if package.purl_type() != "pypi" || self.trial.is_over() {
            return false;
        }
        let offered = self.offered(package);
        let at = |is: fn(std::cmp::Ordering) -> bool, built: bool| {
            offered.iter().any(|o| {
                o.built == Some(built) && Family::PyPI.compare(&o.version, version).is_some_and(is)
            })
        };
        at(std::cmp::Ordering::is_eq, false) && at(std::cmp::Ordering::is_gt, true)
    }

    /// Whether all that is known to be offered of a package is below a version: advisories name what was never published.
    fn offers_none(&self, package: &Purl, from: &str) -> bool {
        let family = Family::from_purl_type(package.purl_type());
        let is_below = |offered: &Offered| {
            let order = family.and_then(|family| family.compare(&offered.version, from));
            order.is_some_and(std::cmp::Ordering::is_lt)
        };
        let offered = self.offered(package);
        !offered.is_empty() && offered.iter().all(is_below)
    }

    /// Tries a way for ideas about one package.
    pub(super) fn way(
        &self,
        way: Way,
        ideas: &[usize],
        answer: &mut Answer,
    ) -> Result<(), Diagnostic> {
        let Some(first) = ideas.first() else { return Ok(()) };
        let Some((number, place, ground)) = self.ground_of(ideas, answer) else { return Ok(()) };
        let idea = self.cases[*first].idea;
        let Some((mut to, mut lifted)) = self.aim(*first, way)? else { return Ok(()) };
        let wanted: BTreeSet<Key> =
            ideas.iter().flat_map(|at| self.cases[*at].wanted.iter().cloned()).collect();
        let (mut worse, mut runs) = (false, Runs::default());
        let found = loop {
            let Some(proposal) = idea.proposal(way, &to) else { return Ok(()) };
            let refused = match self.along(place, ground, &proposal, &wanted)? {
                Ok(made) => break Some(made),
                Err(refused) => refused,
            };
            worse |= matches!(refused, Refused::Worse(_));
            let unbuilt = is_unbuilt(&refused, &idea.package);
            let again = !lifted && (unbuilt || way != Way::Relock && is_of_version(&refused));
            if way == Way::Raise
                && let Some(made) =
                    self.with_companions(place, ground, &proposal, &refused, &wanted, &mut runs)?
            {
                break Some(made);
            }
            for at in ideas {
                answer.tried.push((*at, proposal.to_string(), refused.clone()));
            }
            if !again {
                break None;
            }
            lifted = true;
            match self.lift(&idea.package, &to)? {
                Some(higher) => to = higher,
                None => {
                    if self.offers_none(&idea.package, &to) {
                        let why = format!("the registry offers no version from {to} on");
                        for at in ideas {
                            let asked = proposal.to_string();
                            let tried = answer.tried.iter_mut().rev();
                            let mut of = tried.filter(|(of, what, _)| of == at && *what == asked);
                            if let Some((.., refused)) = of.next() {
                                *refused = Refused::Unasked(why.clone());
                            }
                        }
                    }
                    break None;
                }
            }
        };
        // What it brings may be mended in later versions of it.
        // What was passed over for its lack of a wheel is better than nothing.
        let found = match (found, idea.to.as_deref()) {
            (None, Some(named)) if *to != *named && self.is_unbuilt(&idea.package, named) => {
                match idea.proposal(way, named) {
                    Some(proposal) if !self.comes_with(&idea.package, named)? => {
                        self.along(place, ground, &proposal, &wanted)?.ok()
                    }
                    _ => None,
                }
            }
            (found, _) => found,
        };
        let found = match found {
            None if worse && way == Way::Raise => self.higher(idea, &to, place, ground, &wanted)?,
            found => found,
        };
        let Some(made) = found else { return Ok(()) };
        let unhelped = |at: &&usize| self.cases[**at].wanted.is_disjoint(&made.removed);
        for at in ideas.iter().filter(unhelped) {
            answer.tried.push((*at, made.proposal.to_string(), Refused::Nothing));
        }
        answer.made.push((number, made));
        Ok(())
    }

    /// Tries a proposal. Where something that is locked without a wheel stands in the way, that goes along; and where all
    /// that is worse are findings of what comes along, it is tried once more together with versions of those that have
    /// none: what must go together is one action.
    pub(super) fn along(
        &self,
        place: &Place,
        ground: &Ground,
        proposal: &Proposal,
        wanted: &BTreeSet<Key>,
    ) -> Result<Result<Made, Refused>, Diagnostic> {
        let copy = (&ground.base, &ground.before);
        let first = match self.agreed(place, copy, proposal, wanted)? {
            Ok(made) => return Ok(Ok(made)),
            Err(refused) => refused,
        };
        let (asked, refused) = match self.with_wheels(place, ground, first, wanted)? {
            Ok(made) => return Ok(Ok(made)),
            Err(refused) => refused,
        };
        let Some(brought) = brought(&refused, &asked) else { return Ok(Err(refused)) };
        let mut mended = Vec::new();
        for package in brought {
            let Some(to) = self.mended(&package)? else { return Ok(Err(refused)) };
            mended.push((package, to));
        }
        // Go has one way for all; what `go.mod` does not name cannot be raised there. Elsewhere what the project names in a range
        // without such a version is raised: a lockfile that is older than its manifest does not have it.
        let is_go = place.tool.id() == "go";
        for raises in [false, true] {
            let part = |(package, to): &(Purl, Box<str>)| {
                let (package, to) = (package.clone(), to.clone());
                match raises || is_go && place.names(ground, &package) {
                    true => Proposal::Raise { package, to },
                    false => Proposal::Relock { package, to: Some(to) },
                }
            };
            let parts = asked.parts().cloned().chain(mended.iter().map(part));
            let Some(together) = Proposal::together(parts) else { return Ok(Err(refused)) };
            match self.agreed(place, copy, &together, wanted)? {
                Ok(made) => return Ok(Ok(made)),
                Err(_) if is_go => break,
                Err(_) => {}
            }
        }
        Ok(Err(refused))
    }

    /// A version above the one that comes along with no finding that the project has not: the fix of an idea about the
    /// package, else the lowest that is offered.
    fn mended(&self, component: &Purl) -> Result<Option<Box<str>>, Diagnostic> {
        let package = component.package();
        let own = self.cases.iter().filter(|case| case.idea.package.package() == package);
        let mut there: BTreeSet<Box<str>> = BTreeSet::new();
        let mut fixes: Vec<Offered> = Vec::new();
        for case in own {
            there.extend(self.ids(&case.idea.package)?);
            let fix = |to: &str| Offered {
                version: to.into(),
                published: None,
                yanked: None,
                built: None,
            };
            fixes.extend(case.idea.to.as_deref().map(fix));
        }
        if self.trial.is_over() {
            return Ok(None);
        }
        let known = later(component, fixes);
        let offered = match &known[..] {
            [] => self.versions(component).map_or_else(|_| Vec::new(), |all| later(component, all)),
            _ => known,
        };
        for version in offered {
            if self.ids(&package.clone().with_version(&version))?.is_subset(&there) {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }

    /// The smallest of the later versions of what the project names that is no worse. The newest tells whether there is
    /// one; the newest of its line and of its major version, and then halving, how far it must go.
    fn higher(
        &self,
        idea: &Idea,
        from: &str,
        place: &Place,
        ground: &Ground,
        wanted: &BTreeSet<Key>,
    ) -> Result<Option<Made>, Diagnostic> {
        if self.trial.is_over() {
            return Ok(None);
        }
        let Ok(offered) = self.versions(&idea.package) else { return Ok(None) };
        let mut later = later(&idea.package.package().with_version(from), offered);
        // Several old lines may go on at the same time: the newest is the highest.
        let attempt = |to: &str| -> Result<Option<Made>, Diagnostic> {
            let Some(proposal) = idea.proposal(Way::Raise, to) else { return Ok(None) };
            let ground = (&ground.base, &ground.before);
            Ok(self.trial.attempt(place, ground, &proposal, wanted)?.ok().map(|(made, ..)| made))
        };
        let Some(newest) = later.pop() else { return Ok(None) };
        let Some(mut best) = attempt(&newest)? else { return Ok(None) };
        let (mut low, mut high) = (0, later.len());
        let installed = idea.package.version().unwrap_or_default();
        let mut near = near_ends(installed, &later).into_iter();
        for _ in 0..HIGHER {
            let next = near.find(|at| (low..high).contains(at));
            let middle = next.unwrap_or(low + (high - low) / 2);
            let Some(version) = later.get(middle).filter(|_| low < high) else { break };
            match attempt(version)? {
                Some(made) if made.removed.is_superset(wanted) => (best, high) = (made, middle),
                _ => low = middle + 1,
            }
        }
        Ok(Some(best))
    }

    /// Whether a version has findings that the one which is there has not.
    pub(super) fn comes_with(&self, package: &Purl, to: &str) -> Result<bool, Diagnostic> {
        let there = self.ids(package)?;
        Ok(!self.ids(&package.package().with_version(to))?.is_subset(&there))
    }

    fn ids(&self, purl: &Purl) -> Result<BTreeSet<Box<str>>, Diagnostic> {
        ids(purl, self.trial.index)
    }

    /// The lowest offered version from another on that brings no finding in.
    pub(super) fn lift(&self, package: &Purl, to: &str) -> Result<Option<Box<str>>, Diagnostic> {
        if self.trial.is_over() {
            return Ok(None);
        }
        let offered = self.offered(package);
        let built: BTreeSet<Box<str>> =
            offered.iter().filter(|o| o.built != Some(false)).map(|o| o.version.clone()).collect();
        let later = later(&package.package().with_version(to), offered);
        // What need not be built comes first.
        let (first, then): (Vec<_>, Vec<_>) = later.into_iter().partition(|v| built.contains(v));
        for version in first.into_iter().chain(then) {
            if !self.comes_with(package, &version)? {
                return Ok(Some(version));
            }
        }
        Ok(None)
    }
}

/// The leading ids of the findings of a package at a version.
///
/// # Errors
/// The index is damaged.
pub(super) fn ids(purl: &Purl, index: &Index) -> Result<BTreeSet<Box<str>>, Diagnostic> {
    let file = FileInventory {
        path: "a package".into(),
        components: vec![Component::new(purl.clone())],
        ..FileInventory::default()
    };
    let inventory = Inventory { files: vec![file], ..Inventory::default() };
    let found = matched(&inventory, index)?.findings;
    Ok(found.iter().map(|finding| finding.vulnerability.id.clone()).collect())
}

/// What would come along and has a finding, if nothing else is worse. `None`: something else is, or there are too many.
fn brought(refused: &Refused, proposal: &Proposal) -> Option<BTreeSet<Purl>> {
    let Refused::Worse(all) = refused else { return None };
    // What is asked for by its version has findings of its own.
    let is_asked = |component: &Purl| {
        proposal.parts().any(|part| {
            part.package().package() == component.package() && part.to() == component.version()
        })
    };
    let of = |worse: &Worse| match worse {
        Worse::Finding(component, _) if !is_asked(component) => Some(component.clone()),
        _ => None,
    };
    let all: Option<BTreeSet<Purl>> = all.iter().map(of).collect();
    all.filter(|all| all.len() <= ALONG)
}

/// Whether it is refused because the version that is asked for has no wheel.
fn is_unbuilt(refused: &Refused, package: &Purl) -> bool {
    let Refused::Tool(refusal) = refused else { return false };
    match &refusal.reason {
        Reason::NoWheel { package: name, asked: None, .. } => {
            Purl::new("pypi", None, name) == package.package()
        }
        _ => false,
    }
}

/// Whether another version of the package might fare better.
fn is_of_version(refused: &Refused) -> bool {
    match refused {
        Refused::Tool(refusal) => match &refusal.reason {
            Reason::Failed(_) => true,
            Reason::Conflict { blockers, .. } => blockers.is_empty(),
            _ => false,
        },
        Refused::Worse(_) => true,
        Refused::Nothing
        | Refused::Time
        | Refused::Unasked(_)
        | Refused::Needed(_)
        | Refused::Advised(_)
        | Refused::Bundled(_) => false,
    }
}
