//! What a search came to know, and does not ask for again: what registries offer, what has no wheel, and places as they are.

use std::collections::BTreeSet;
use std::sync::PoisonError;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use trimtab_connect::registry;
use trimtab_connect::registry::versions::{Offered, versions};
use trimtab_model::{Diagnostic, Proposal, Purl};

use super::place::{Ground, Place};
use super::search::{Search, Task, Told};
use crate::commands::gate::ask::together;

/// The part of all the time in which registries are asked what they offer before anything is tried.
const ASKED_FIRST: f64 = 0.2;

impl Search<'_> {
    /// Remembers what registries were asked for before.
    pub(super) fn know(&self, offered: Vec<(Purl, Vec<Offered>)>) {
        self.offered.lock().unwrap_or_else(PoisonError::into_inner).extend(offered);
    }

    /// What had no wheel and stood in the way at a place so far, where it went along.
    pub(super) fn wheels_of(&self, place: &Place) -> Vec<Proposal> {
        let wheels = self.wheels.lock().unwrap_or_else(PoisonError::into_inner);
        wheels.get(&place.name).cloned().unwrap_or_default()
    }

    /// Remembers what went along.
    pub(super) fn keep_wheels(&self, place: &Place, went: &[Proposal]) {
        let mut wheels = self.wheels.lock().unwrap_or_else(PoisonError::into_inner);
        let known = wheels.entry(place.name.clone()).or_default();
        for part in went {
            if !known.contains(part) {
                known.push(part.clone());
            }
        }
    }

    /// What a registry offers of a package. Nothing: it could not be asked.
    pub(super) fn offered(&self, package: &Purl) -> Vec<Offered> {
        let package = package.package();
        let known = || self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(offered) = known().get(&package) {
            return offered.clone();
        }
        // One that answers slowly does not take the time of the first tries.
        if self.trial.tries() == 0 && self.trial.is_past(ASKED_FIRST) {
            return Vec::new();
        }
        self.versions(&package).unwrap_or_default()
    }

    /// Asks at the same time what is offered of packages of Python that are to be relocked together at versions: one after the
    /// other, that may take longer than the relock.
    pub(super) fn ask_ahead(&self, relocks: &[Task], progress: &Told<'_>) {
        let ideas = relocks.iter().flat_map(|task| task.ideas().iter().copied());
        let packages = ideas.filter_map(|at| {
            let case = self.cases.get(at)?;
            let place = self.places.get(case.place?)?;
            let package = case.idea.package.package();
            (!place.tool.moves_all() && package.purl_type() == "pypi").then_some(package)
        });
        let mut packages: Vec<Purl> = packages.collect::<BTreeSet<Purl>>().into_iter().collect();
        {
            let known = self.offered.lock().unwrap_or_else(PoisonError::into_inner);
            packages.retain(|package| !known.contains_key(package));
        }
        let done = AtomicUsize::new(0);
        together(&packages, self.trial.until_past(ASKED_FIRST), &|package, _| {
            let offered = self.versions(package).is_ok();
            let done = done.fetch_add(1, Ordering::SeqCst) + 1;
            progress("Asking for versions", done, packages.len());
            offered
        });
    }

    /// The same, with why it could not be asked. What was answered is not asked again.
    pub(super) fn versions(&self, package: &Purl) -> Result<Vec<Offered>, Box<Diagnostic>> {
        let package = package.package();
        let known = || self.offered.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(offered) = known().get(&package) {
            return Ok(offered.clone());
        }
        // No answer is waited for beyond the end, but for a second.
        let rest = self.trial.rest().max(Duration::from_secs(1));
        let time_limit = self.registry.time_limit.min(rest);
        let options = registry::Options { time_limit, ..self.registry.clone() };
        let offered = versions(&package, &options)?;
        known().insert(package, offered.clone());
        Ok(offered)
    }

    /// The ground of a place, made when it is first asked for.
    pub(super) fn ground(&self, place: usize) -> Option<Result<(&Place, &Ground), &str>> {
        let of = self.places.get(place)?;
        let ground = self.grounds.get(place)?;
        let known = self.trees.chosen(&of.folder, of.tool);
        let made = ground.get_or_init(|| Ground::of(of, self.top, &self.trial.options(), known));
        Some(made.as_ref().map(|ground| (of, ground)).map_err(|why| &**why))
    }
}
