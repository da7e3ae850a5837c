//! Ways of last resort, for what the project names itself and nothing mends: to do without it, where no source names
//! it, and else to put what its publisher advises into its place.

use std::path::Path;

use trimtab_connect::registry;
use trimtab_connect::registry::contents::{Contents, contents};
use trimtab_connect::registry::versions::versions;
use trimtab_engine::action::successor;
use trimtab_model::metadata::Standing;
use trimtab_model::{Diagnostic, Proposal, Purl, Scope, Way};
use trimtab_report::group;

use super::attempt::Refused;
use super::autoload::autoloaded;
use super::named::{Named, named};
use super::offered::later;
use super::place::Ground;
use super::search::{Answer, Search, Task};

impl Search<'_> {
    /// What is to be tried in the end.
    pub(super) fn last_tasks(&self, open: &[usize]) -> Vec<Task> {
        let can = |at: &&usize| {
            let ways = &self.cases[**at].idea.ways;
            ways.contains(&Way::Remove) || ways.contains(&Way::Replace)
        };
        open.iter().filter(can).map(|at| Task::Last(*at)).collect()
    }

    /// Tries it.
    pub(super) fn last(&self, at: usize) -> Result<Answer, Diagnostic> {
        let mut answer = Answer::default();
        let Some((_, place, ground)) = self.ground_of(&[at], &mut answer) else {
            return Ok(answer);
        };
        let package = self.cases[at].idea.package.clone();
        let remove = Proposal::Remove { package: package.clone() };
        // The project's own sources, and not the copy: that has what resolves alone.
        let folder = self.top.root.join(&*place.folder);
        // Requirements in a folder beside the sources, and poms that others inherit, are used from anywhere.
        let sources = match package.purl_type() {
            "pypi" | "maven" | "composer" => self.top.root.to_path_buf(),
            _ => folder.clone(),
        };
        let needed = match self.is_named((&sources, &folder), &package, scope(ground, &package)) {
            Named::Nowhere => None,
            Named::By(file) => Some(format!("`{file}` names it")),
            Named::Untold(why) => Some(format!("it is not known whether it is used: {why}")),
        };
        answer.unused.extend(needed.is_none().then_some(at));
        match needed {
            None => {
                if self.carried_out(at, &remove, &mut answer)? {
                    return Ok(answer);
                }
            }
            Some(why) => answer.tried.push((at, remove.to_string(), Refused::Needed(why))),
        }
        let Some(advice) = self.advice(&package) else { return Ok(answer) };
        match self.successor(&package, &advice)? {
            Some((with, version)) => {
                let replace = Proposal::Replace { package, with, version };
                self.carried_out(at, &replace, &mut answer)?;
            }
            // For people to read.
            None => {
                let what = format!("replace {}", group::name(&package));
                answer.tried.push((at, what, Refused::Advised(advice)));
            }
        }
        Ok(answer)
    }

    /// Whether a source names a package: where imports carry other names than its own, by what it holds.
    /// `sources` are searched, and `folder` has the lockfile.
    fn is_named(&self, (sources, folder): (&Path, &Path), package: &Purl, scope: Scope) -> Named {
        let held = match package.purl_type() {
            "pypi" | "maven" => contents(package, &self.registry).map_err(drop),
            "composer" => autoloaded(folder, package).ok_or(()),
            _ => return named(sources, package, scope, None),
        };
        match held {
            Err(()) => Named::Untold("what it holds, and so what imports call it, is not known"),
            Ok(Contents { otherwise: Some(why), .. }) => Named::Untold(why),
            Ok(Contents { names, .. }) => named(sources, package, scope, Some(&names)),
        }
    }

    /// Has the package manager carry it out. Whether it did.
    fn carried_out(
        &self,
        at: usize,
        proposal: &Proposal,
        answer: &mut Answer,
    ) -> Result<bool, Diagnostic> {
        let Some((number, place, ground)) = self.ground_of(&[at], answer) else {
            return Ok(false);
        };
        let ground = (&ground.base, &ground.before);
        match self.trial.attempt(place, ground, proposal, &self.cases[at].wanted)? {
            Ok((made, _, _)) => {
                answer.made.push((number, made));
                Ok(true)
            }
            Err(refused) => {
                answer.tried.push((at, proposal.to_string(), refused));
                Ok(false)
            }
        }
    }

    /// What the publisher of a package says instead of offering it without reservation.
    fn advice(&self, package: &Purl) -> Option<Box<str>> {
        match registry::ask(package, &self.registry).metadata?.standing? {
            Standing::Deprecated(advice) => Some(advice).filter(|text| !text.trim().is_empty()),
            Standing::Offered | Standing::Yanked(_) => None,
        }
    }

    /// The one package that an advice names, with its newest version that has no finding.
    fn successor(
        &self,
        package: &Purl,
        advice: &str,
    ) -> Result<Option<(Purl, Box<str>)>, Diagnostic> {
        let Some(with) = successor(package, advice) else { return Ok(None) };
        let Ok(offered) = versions(&with, &self.registry) else { return Ok(None) };
        let lowest = with.clone().with_version("0");
        for version in later(&lowest, offered).into_iter().rev().take(NEWEST) {
            if !self.comes_with(&with, &version)? {
                return Ok(Some((with, version)));
            }
        }
        Ok(None)
    }
}

/// How many versions of a successor are looked at.
const NEWEST: usize = 5;

/// What a direct dependency is needed for, as its files say: the widest.
fn scope(ground: &Ground, package: &Purl) -> Scope {
    let all = ground.before.files.iter().flat_map(|file| &file.components);
    let of = all.filter(|component| component.purl.package() == package.package());
    of.map(|component| component.scope).max().unwrap_or_default()
}
