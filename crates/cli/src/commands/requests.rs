//! `trimtab requests`: what becomes of each request on the git host, and, with `--sync`, doing it.

mod sync;

use std::path::Path;

use trimtab_connect::apply::Tree;
use trimtab_connect::requests::State;
use trimtab_connect::requests::life::{Asked, Situation, Step, What, decide};
use trimtab_connect::update::Options;
use trimtab_model::Diagnostic;
use trimtab_model::finding::Unknown;
use trimtab_report::requests;
use trimtab_report::requests::json::{self, Document};

use super::apply::{LISTING, content, named, plan::Plan};
use super::host::{Located, Told, locate, told};
use super::plan::closed::Closed;
use super::plan::place::Top;
use super::plan::tree::Trees;
use super::{Outcome, scan};
use crate::args::output::pairs;
use crate::args::{Requests, RequestsFormat};
use crate::exit::Exit;
use crate::io::Io;
use crate::{agreement, index, output};

/// What is looked at.
struct Look<'a> {
    args: &'a Requests,
    repository: &'a Path,
    located: &'a Located,
    plan: Option<&'a Plan>,
    now: jiff::Timestamp,
}

/// What was seen, and what follows.
struct Seen {
    told: Told,
    scanned: bool,
    steps: Vec<Step>,
    /// Of what is planned, what people closed or took back, whether it is due or not.
    refused: Vec<Step>,
}

impl Look<'_> {
    /// Asks host, git and the index, and decides.
    fn see(&self, io: &mut Io) -> Result<Seen, Diagnostic> {
        let told = told(self.located, self.repository, &self.args.host.remote)?;
        let index = index::open(&self.args.index, io)?;
        let tree = Tree::of(&self.args.path, &told.base, None)?;
        let mut scan = scan::matched(&[tree.root()], &self.args.walk, &index, io)?;
        // What a plan asked the package manager for, it is asked for here: else nothing of that would be known to be gone.
        if !has_versions(&scan.unknowns) {
            let top = Top { root: tree.root(), prefix: String::new() };
            let project_code = self.args.trial.project_code;
            let options = Options { project_code, ..Options::default() };
            let trees = Trees::ask(&mut scan.inventory, &top, None, &options, LISTING);
            if !trees.is_empty() {
                scan = scan::of_inventory(scan.target.to_string(), scan.inventory, &index)?;
            }
        }
        let scanned = !scan.inventory.is_incomplete() && has_versions(&scan.unknowns);
        let situation = Situation {
            ours: told.ours.clone(),
            others_open: told.others_open,
            plan: self.plan.map(|plan| content::batches(plan, self.now)),
            base: scanned.then(|| content::findings(&scan.findings)),
            limit: self.plan.and_then(Plan::open_limit),
            asked: if self.args.open || !self.args.sync { Asked::Due } else { Asked::Nothing },
            merging: self.args.merge,
        };
        let refused = situation.plan.iter().flatten().filter_map(|planned| {
            let asked = Asked::Batch { name: planned.batch.clone(), again: false };
            let steps = decide(&Situation { asked, ..situation.clone() });
            steps.into_iter().find(|step| step.batch == planned.batch && is_refused(step))
        });
        let refused = refused.collect();
        Ok(Seen { told, scanned, steps: decide(&situation), refused })
    }
}

/// Whether people do not want what no request is open for.
fn is_refused(step: &Step) -> bool {
    step.number.is_none() && matches!(step.what, What::NotWanted | What::Reverted)
}

/// Whether no version is left to a parent pom that nobody could tell: what is not found then is not gone.
fn has_versions(unknowns: &[Unknown]) -> bool {
    let is_left =
        |u: &Unknown| u.purl.purl_type() == "maven" && u.purl.version().is_none_or(str::is_empty);
    !unknowns.iter().any(is_left)
}

/// Runs the verb.
///
/// # Errors
/// The host, the remote or the index does not answer.
pub fn run(args: &Requests, io: &mut Io) -> Outcome {
    let targets = pairs(args.format, &args.output)?;
    let now = agreement::moment(args.now.as_deref())?;
    let plan = named(args.plan.as_deref(), &args.path, io)?;
    let repository = agreement::repository(&args.path);
    let located = locate(&args.host, &repository)?;
    let look = Look { args, repository: &repository, located: &located, plan: plan.as_ref(), now };
    let seen = look.see(io)?;
    let mut done = sync::Done::default();
    let (seen, exit) = match args.sync {
        false => (seen, Exit::Clean),
        true => {
            let last = sync::run(&look, seen, &mut done, io);
            let exit = if done.failed { Exit::Incomplete } else { Exit::Clean };
            (last, exit)
        }
    };
    Closed::keep(&args.path, &seen.told, plan.as_ref(), &seen.refused, io);
    let document = document(&look, &seen, &done);
    output::all(&targets, false, io, |format, _, out| {
        Ok(match format {
            RequestsFormat::Text => requests::write(&document, out),
            RequestsFormat::Json => json::write(&document, out),
        }?)
    })?;
    Ok(exit)
}

/// What is told.
fn document(look: &Look<'_>, seen: &Seen, done: &sync::Done) -> Document {
    let told = &seen.told;
    let page = |number: Option<u64>| told.request(number).map(|request| request.page.clone());
    let is_open = |number: Option<u64>| {
        told.request(number).is_some_and(|request| request.state == State::Open)
    };
    let step = |step: &Step, became: Option<String>| {
        let request = told.request(step.number);
        json::Step {
            batch: step.batch.clone(),
            number: step.number,
            page: page(step.number).unwrap_or_default(),
            state: request.map(|request| request.state.as_str().to_owned()),
            word: request
                .and_then(trimtab_connect::requests::Request::word)
                .map(|word| word.label().rsplit(':').next().unwrap_or_default().to_owned()),
            what: step.what.as_str().to_owned(),
            why: step.why.clone(),
            became,
        }
    };
    // What was done stands where it was decided, with what came of it; the rest as it is now.
    let mut steps: Vec<json::Step> =
        done.steps.iter().map(|(done, became)| step(done, Some(became.clone()))).collect();
    let rest = seen.steps.iter().filter(|now| {
        !done.steps.iter().any(|(done, _)| match done.number {
            Some(number) => now.number == Some(number),
            // It is open now, where it was asked for.
            None => now.batch == done.batch && now.number.is_none_or(|n| is_open(Some(n))),
        })
    });
    steps.extend(rest.map(|now| step(now, None)));
    let open = told.listed.requests.iter().filter(|request| request.state == State::Open).count();
    Document {
        format: json::FORMAT.to_owned(),
        version: json::VERSION,
        now: look.now.to_string(),
        host: look.located.kind.as_str().to_owned(),
        base: look.located.base.clone(),
        commit: told.base.clone(),
        open,
        limit: look.plan.and_then(Plan::open_limit),
        planned: look.plan.is_some(),
        scanned: seen.scanned,
        cut: told.listed.cut,
        synced: look.args.sync,
        steps,
    }
}

#[cfg(test)]
mod tests {
    use trimtab_model::finding::UnknownReason;

    use super::*;

    #[test]
    fn what_a_parent_pom_gives_the_version_of_is_not_known_to_be_gone() {
        let unknown = |purl: &str| Unknown {
            purl: purl.parse().unwrap(),
            reason: UnknownReason::NoVersion,
            advisories: Vec::new(),
            occurrences: Vec::new(),
        };
        assert!(has_versions(&[]));
        assert!(has_versions(&[unknown("pkg:maven/g/a@1"), unknown("pkg:npm/a")]));
        assert!(!has_versions(&[unknown("pkg:npm/a"), unknown("pkg:maven/g/a")]));
    }
}
