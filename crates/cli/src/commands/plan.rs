//! `trimtab plan`: which updates remove the most risk, in which window, for how much work. Every action is carried
//! out by the package manager in a copy; the checkout is only ever read.

mod accept;
mod agree;
mod answer;
mod askers;
mod attempt;
mod autoload;
mod barred;
mod beside;
mod beyond;
pub(super) mod broke;
mod built_on;
mod bundle;
mod by_hand;
mod candidate;
pub(super) mod checks;
pub(super) mod closed;
mod companions;
mod copies;
mod enabled;
mod fewer;
mod heirs;
pub(super) mod image;
pub(super) mod instead;
mod known;
pub(super) mod last;
mod last_resort;
mod later_copy;
mod loads;
mod lower;
mod memory;
mod named;
mod narrow;
pub(super) mod offered;
mod one;
mod parents;
pub(super) mod place;
mod problem;
mod rest;
mod search;
mod settled;
mod several;
mod shared;
mod smaller;
mod stack;
mod together;
pub(super) mod tree;
mod unbuilt;
mod unread;
mod waiting;
mod words;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;
use std::time::{Duration, Instant};

use jiff::Timestamp;
use trimtab_advisories::index::Index;
use trimtab_connect::registry::versions::Offered;
use trimtab_connect::update::Options;
use trimtab_connect::{registry, update};
use trimtab_engine::action::{Idea, Open, ideas, open};
use trimtab_engine::repository::Agreement;
use trimtab_model::charter::Selection;
use trimtab_model::finding::Finding;
use trimtab_model::scan::{Scan, Weighing};
use trimtab_model::{Code, Diagnostic, Inventory, Purl};
use trimtab_report::plan::{json, text};

use self::answer::Answer;
use self::attempt::{Made, Trial};
use self::candidate::{Candidate, Material, thought};
use self::checks::Checked;
use self::memory::Memory;
use self::place::{Key, Top, places};
use self::search::{Case, Search, Searched};
use self::settled::Planner;
use self::tree::Trees;
use super::rhythm::{Extent, Rhythm, Said};
use super::scan::usage;
use super::{Outcome, finished, scan};
use crate::args::output::pairs;
use crate::args::{Plan, PlanFormat};
use crate::exit::Exit;
use crate::io::Io;
use crate::progress::Progress;
use crate::{agreement, history, index, output, say};

/// The part of the time after which single tries end, so that batches can be tried as a whole, and registries asked.
const SINGLE: f64 = 0.65;
/// The share of the time within which registries are asked for fixes in the flavour that is there.
const FLAVOURS: f64 = 0.1;
/// The share of the time within which is asked for versions that the scan does not know.
const TREES: f64 = 0.15;
/// The share of the time that one answer of a registry may take, and how long it is waited for at least.
const ONE_ANSWER: f64 = 0.1;
const PATIENCE: Duration = Duration::from_secs(10);
/// The part of the time after which registries are asked no more about what comes in.
const ASKED: f64 = 0.8;
/// The part of the time after which nothing is tried instead of what is held back, and the part after which registries
/// are asked no more about what comes in by that.
const INSTEAD: (f64, f64) = (0.87, 0.95);

/// Runs the verb.
///
/// # Errors
/// There is no usable index or agreement, the rhythm has no windows, or the output cannot be written.
pub fn run(args: &Plan, io: &mut Io) -> Outcome {
    let begun = Instant::now();
    let outputs = pairs(args.format, &args.output)?;
    if !args.path.is_dir() {
        let message = format!("`{}` is not a folder", args.path.display());
        return Err(usage(message, "name the repository, or a folder of it"));
    }
    let index = index::open(&args.index, io)?;
    let mut history = history::open(&args.history)?;
    let agreed = agreement::read(&args.path, args.charter.as_deref(), io)?;
    let now = agreement::moment(args.now.as_deref())?;
    let charter = &agreed.agreement.charter;
    let said =
        Said { cadence: args.cadence.as_deref(), capacity: args.capacity, charter: agreed.chosen };
    let of_team = (charter, &agreed.agreement.project);
    let rhythm = Rhythm::of(said, Extent::Next(args.windows), of_team, now)?;
    let root = agreement::repository(&args.path);
    let prefix = agreement::prefix(&root, &args.path);
    let top = Top { root, prefix };
    let total = Duration::from_secs(args.seconds.into());
    let before = instead::too_young(&charter.selection, now);
    let images = image::read(&args.images.image_sbom)?;
    let options = Options { project_code: args.project_code, before, images, ..Options::default() };
    let (mut scan, trees) = scanned(args, &index, &top, &options, io)?;
    if trees.is_late() {
        io.err("Maven did not tell in time which versions are set elsewhere: what has none here is not judged. Allow more with --time.\n");
    }
    if let Some(history) = &mut history {
        history.record(&scan, now, io)?;
    }
    let first_seen = |finding: &Finding| history.as_ref().map(|h| h.first_seen(finding, now));
    let (weighing, problems) = agreed.weigh(&scan, &first_seen, now)?;
    let open = open(&scan, &weighing, &charter.cadences);
    scan.diagnostics.extend(problems);
    say::diagnostics(io, scan.inventory.all_diagnostics().chain(&scan.diagnostics), args.verbose);

    let trial = Trial::new(&index, options, (begun, total), args.tries);
    let given = Given {
        args,
        index: &index,
        agreement: &agreed.agreement,
        rhythm: &rhythm,
        top: &top,
        trees: &trees,
        weighing: &weighing,
        open: &open,
        total,
        now,
    };
    let (document, is_away) = given.document(&mut scan, &trial, io)?;
    keep(args, &document, is_away, io);
    output::all(&outputs, args.verbose, io, |format, style, out| {
        Ok(match format {
            PlanFormat::Text => text::write(&document, style, out),
            PlanFormat::Json => json::write(&document, out),
        }?)
    })?;
    Ok(if scan.is_incomplete() || agreed.is_incomplete() { Exit::Incomplete } else { Exit::Clean })
}

/// The scan of the folder, with the versions that only package managers know, as far as they were asked.
fn scanned(
    args: &Plan,
    index: &Index,
    top: &Top,
    options: &Options,
    io: &Io,
) -> Result<(Scan, Trees), Diagnostic> {
    let mut scan = scan::matched(std::slice::from_ref(&args.path), &args.walk, index, io)?;
    // What runs that were killed left in the folder for temporary files.
    update::sweep(None);
    let mut trees = Trees::default();
    if !args.offline {
        let limit = Duration::from_secs(args.seconds.into()).mul_f64(TREES);
        trees = Trees::ask(&mut scan.inventory, top, None, options, limit);
        if !trees.is_empty() {
            scan = scan::of_inventory(scan.target.to_string(), scan.inventory, index)?;
        }
    }
    Ok((scan, trees))
}

/// What a plan is made of, before anything is searched.
struct Given<'g> {
    args: &'g Plan,
    index: &'g Index,
    agreement: &'g Agreement,
    rhythm: &'g Rhythm,
    top: &'g Top,
    trees: &'g Trees,
    weighing: &'g Weighing,
    open: &'g [Open],
    /// How long all of it may take.
    total: Duration,
    now: Timestamp,
}

impl Given<'_> {
    /// Searches for what can be done, and plans it: the plan, and whether a registry did not answer.
    fn document(
        &self,
        scan: &mut Scan,
        trial: &Trial<'_>,
        io: &mut Io,
    ) -> Result<(json::Document, bool), Diagnostic> {
        let Given { args, index, agreement, rhythm, top, trees, open, now, .. } = *self;
        let charter = &agreement.charter;
        let (kept, all) = still_open(scan, open);
        let mut ideas = ideas(&scan.inventory, &kept);
        trees.redirect(&mut ideas, &scan.inventory, top);
        let registry = self.registry_options(io);
        let offers = match args.offline {
            true => Offers::default(),
            false => self.ask(&mut ideas, &kept, &scan.inventory, &registry, io)?,
        };
        let (places, of) = places(&ideas, &scan.inventory, top);
        let keys = keys(scan, open, top);
        let cases = cases((&ideas[..], &offers.unpublished), of, &all, open, scan, top);

        trial.until_part(SINGLE);
        let search = Search::new(&cases, &places, top, trial, registry, trees);
        search.know(offers.known);
        let mut searched = match args.offline {
            true => guess(&cases),
            false => search_with_progress(&search, io)?,
        };
        if searched.away {
            let told = away();
            say::diagnostic(io, &told);
            scan.diagnostics.push(told);
        }
        let scan = &*scan;
        let checks = judge(&search, &mut searched.made, &charter.selection, args.offline)?;
        let finished = finished::learnt(&args.path, args.finished.as_deref(), charter, io)?;
        let material = Material {
            cases: &cases,
            places: &places,
            keys: &keys,
            charter,
            checks: &checks,
            tried: &searched.tried,
            finished: &finished,
            now,
            confirmed: !args.offline,
        };
        let (mut candidates, mut denied) = material.candidates(std::mem::take(&mut searched.made));
        let broke = (!args.again).then(|| broke::Broke::of(&args.path, io).still(&args.path, now));
        if let Some(broke) = &broke {
            candidates = without_broken(candidates, broke, &material, &mut denied);
        }
        let mut explained =
            problem::explained(&cases, (&places, &keys), &searched, open, (scan, index))?;
        heirs::advise(&mut explained, open, scan, index)?;
        let wished = &agreement.project.images;
        image::advise(&mut explained, open, scan, top, wished, args.offline);
        let confirmed = match args.offline {
            true => 0,
            false => covered(&cases, &candidates, &keys),
        };
        trial.until_part(1.0);
        let planner = Planner {
            rhythm,
            open,
            places: &places,
            explained: &explained,
            freezes: trimtab_engine::plan::freezes(&charter.calendar),
            material: &material,
            memory: &Memory::of(&args.path, io),
            broke: broke.as_ref(),
            now,
        };
        let settled = planner.settle(candidates, (!args.offline).then_some(&search), io)?;
        let answer = Answer {
            args,
            scan,
            trees,
            weighing: self.weighing,
            charter,
            agreement,
            rhythm,
            top,
            open,
            places: &places,
            checks: &checks,
            finished: &finished,
            explained: &explained,
            denied: &denied,
            settled: &settled,
            ideas: cases.iter().filter(|case| case.idea.to.is_some()).count(),
            confirmed,
            tries: trial.tries(),
            cut_short: searched.cut_short || trees.is_late(),
            now,
        };
        Ok((answer.document(), searched.away))
    }

    /// How registries are asked.
    fn registry_options(&self, io: &Io) -> registry::Options {
        let mut options = io.registries(self.now);
        options.offline = self.args.offline;
        let one_answer = self.total.mul_f64(ONE_ANSWER).max(PATIENCE);
        options.time_limit = options.time_limit.min(one_answer);
        options
    }

    /// Aims ideas at versions that registries offer.
    fn ask(
        &self,
        ideas: &mut [Idea],
        kept: &[Finding],
        inventory: &Inventory,
        registry: &registry::Options,
        io: &Io,
    ) -> Result<Offers, Diagnostic> {
        let limit = self.total.mul_f64(FLAVOURS);
        offered::flavoured(ideas, registry, limit);
        let unpublished = offered::published(ideas, registry, limit);
        let path = |file: u32| inventory.files.get(file as usize).map(|f| f.path.clone());
        let progress = Mutex::new(Progress::new(io));
        let tell = teller(&progress);
        let known = beyond::beyond(ideas, kept, &path, (self.index, registry), (limit, &tell))?;
        Ok(Offers { unpublished, known })
    }
}

/// What registries told of the packages of ideas.
#[derive(Default)]
struct Offers {
    /// Packages of which no registry offers the version that was asked for.
    unpublished: BTreeSet<Purl>,
    /// What is offered of those that were asked about as a whole.
    known: Vec<(Purl, Vec<Offered>)>,
}

/// Searches, and shows how far it is.
fn search_with_progress(search: &Search<'_>, io: &Io) -> Result<Searched, Diagnostic> {
    let progress = Mutex::new(Progress::new(io));
    search.run(&teller(&progress))
}

/// Shows how many of how many tasks of a phase are done.
fn teller(progress: &Mutex<Progress>) -> impl Fn(&str, usize, usize) + Sync {
    move |phase, done, all| {
        if let Ok(mut progress) = progress.try_lock() {
            progress.report(phase, done as u64, all as u64, false);
        }
    }
}

/// What is said where a registry did not answer.
fn away() -> Diagnostic {
    Diagnostic::new(Code::RegistryAway, "a registry did not answer: what can be done is only partly known")
        .help("check the network, the proxy and the package manager's own settings, and plan again; --offline asks nobody")
}

/// What is known of everything that comes in; what is held back for it is tried in another way, and judged too.
fn judge(
    search: &Search<'_>,
    made: &mut Vec<(usize, Made)>,
    rules: &Selection,
    offline: bool,
) -> Result<BTreeMap<Purl, Checked>, Diagnostic> {
    let (trial, index, registry) = (search.trial, search.trial.index, &search.registry);
    let arrived = checks::arrived(made.iter().map(|(_, made)| made));
    let times = checks::dated(made.iter().map(|(_, made)| made));
    trial.until_part(ASKED);
    let mut checks = checks::checks((&arrived, &times), index, rules, registry, trial.left())?;
    if offline {
        return Ok(checks);
    }
    trial.until_part(INSTEAD.0);
    let mut others = search.instead(made, &checks, rules)?;
    let mut arrived = checks::arrived(others.iter().map(|(_, made)| made));
    arrived.retain(|purl| !checks.contains_key(purl));
    trial.until_part(INSTEAD.1);
    let times = checks::dated(others.iter().map(|(_, made)| made));
    checks.extend(checks::checks((&arrived, &times), index, rules, registry, trial.left())?);
    // What is held back and could not be judged in another way stays held back.
    let judged = |purl: &Purl| checks.get(purl).is_some_and(|c| c.answered);
    others.retain(|(_, made)| made.arrived.iter().all(judged));
    made.extend(others);
    Ok(checks)
}

/// The candidates but for those that broke tests before, which are denied with the day.
fn without_broken(
    candidates: Vec<Candidate>,
    broke: &broke::Broke,
    material: &Material<'_>,
    denied: &mut candidate::Denied,
) -> Vec<Candidate> {
    let mut kept = Vec::new();
    for candidate in candidates {
        let Some(on) = answer::broke(broke, &candidate, material.places) else {
            kept.push(candidate);
            continue;
        };
        let zone = material.charter.calendar.time_zone.clone();
        let day = on.to_zoned(zone).strftime("%F");
        let why = format!("it broke the tests on {day}: --again plans it anyway");
        denied.push((candidate.name, why, candidate.removes));
    }
    kept
}

/// Keeps a plan for `trimtab apply` and for the next run.
fn keep(args: &Plan, document: &json::Document, is_away: bool, io: &mut Io) {
    // One that was cut short before anything was confirmed, or of what could not be read, takes no better one's place; nor
    // does what nobody was asked about.
    let is_short = document.search.cut_short || is_away || !document.unread.is_empty();
    let is_confirmed = |last: json::Document| last.actions.iter().any(|action| action.confirmed);
    if args.offline && last::read(&args.path, io).is_some_and(is_confirmed) {
        io.err("`trimtab apply` still uses the last confirmed plan; plan without --offline to replace it.\n");
    } else if !(is_short && document.actions.is_empty()) {
        last::keep(&args.path, document, io);
    }
}

/// The findings that are open somewhere, and their positions in the scan.
fn still_open(scan: &Scan, open: &[Open]) -> (Vec<Finding>, Vec<usize>) {
    let all: BTreeSet<usize> = open.iter().map(|open| open.finding).collect();
    let kept = all.iter().filter_map(|at| scan.findings.get(*at).cloned()).collect();
    (kept, all.into_iter().collect())
}

/// The key of an open finding.
fn key(open: &Open, scan: &Scan, top: &Top) -> Option<Key> {
    let finding = scan.findings.get(open.finding)?;
    let file = scan.inventory.files.get(open.file as usize)?;
    Some((top.path(&file.path), finding.purl.clone(), finding.vulnerability.id.clone()))
}

fn keys(scan: &Scan, open: &[Open], top: &Top) -> BTreeMap<Key, usize> {
    let of = |(at, open): (usize, &Open)| Some((key(open, scan, top)?, at));
    open.iter().enumerate().filter_map(of).collect()
}

/// The ideas about what is open. `all` has the positions in the scan of the findings that ideas name. With the ideas, the
/// packages of which no registry offers what they ask for.
fn cases<'i>(
    (ideas, unpublished): (&'i [Idea], &BTreeSet<Purl>),
    places: Vec<Option<usize>>,
    all: &[usize],
    open: &[Open],
    scan: &Scan,
    top: &Top,
) -> Vec<Case<'i>> {
    let by: BTreeMap<(usize, u32), &Open> = open.iter().map(|o| ((o.finding, o.file), o)).collect();
    let case = |(idea, place): (&'i Idea, Option<usize>)| {
        let listed = |positions: &[usize]| -> Vec<&Open> {
            let positions = positions.iter().filter_map(|at| all.get(*at));
            positions.filter_map(|at| by.get(&(*at, idea.file)).copied()).collect()
        };
        let keyed = |about: &[&Open]| -> BTreeSet<Key> {
            about.iter().filter_map(|open| key(open, scan, top)).collect()
        };
        let about = listed(&idea.findings);
        let (wanted, rest) = (keyed(&about), keyed(&listed(&idea.left)));
        let weight = about.iter().map(|open| open.weight).sum();
        let unpublished = unpublished.contains(&idea.package);
        (!wanted.is_empty()).then_some(Case { idea, place, wanted, rest, weight, unpublished })
    };
    ideas.iter().zip(places).filter_map(case).collect()
}

/// How many ideas have all that they are about removed by some candidate.
fn covered(cases: &[Case<'_>], candidates: &[Candidate], keys: &BTreeMap<Key, usize>) -> usize {
    let removed: BTreeSet<usize> =
        candidates.iter().flat_map(|candidate| candidate.removes.iter().copied()).collect();
    let is_gone = |key: &Key| keys.get(key).is_some_and(|at| removed.contains(at));
    let fixed = cases.iter().filter(|case| case.idea.to.is_some());
    fixed.filter(|case| case.wanted.iter().all(is_gone)).count()
}

/// What ideas would come to, with nobody asked.
fn guess(cases: &[Case<'_>]) -> Searched {
    let made = |case: &Case<'_>| -> Option<(usize, Made)> {
        Some((case.place?, thought(case.idea, case.wanted.clone())?))
    };
    Searched {
        made: cases.iter().filter_map(made).collect(),
        tried: cases.iter().map(|_| Vec::new()).collect(),
        ..Searched::default()
    }
}
