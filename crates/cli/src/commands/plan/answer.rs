//! A plan as the document that every output is written from.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use trimtab_connect::requests::BRANCHES;
use trimtab_connect::update::{self, Blocker, Change};
use trimtab_engine::action::{Moved, Open};
use trimtab_engine::plan::learn::{Estimate, Finished, Sort, Source, Taught, taught};
use trimtab_engine::plan::{reckoned, tell};
use trimtab_engine::repository::Agreement;
use trimtab_model::Purl;
use trimtab_model::charter::Charter;
use trimtab_model::plan::{Because, Item, Slot, WhyNow, WhyThese};
use trimtab_model::scan::{Scan, Weighing};
use trimtab_report::one_line;
use trimtab_report::plan::json;

use super::accept::Accepting;
use super::broke::Broke;
use super::built_on::rests;
use super::candidate::{CHARTER, Candidate, Denied, first_moved, is_new};
use super::checks::Checked;
use super::place::{Place, Top};
use super::settled::Settled;
use super::stack::Extent;
use super::tree::Trees;
use super::unread;
use super::waiting;
use super::words::{ACCEPT, Explained};
use crate::args;
use crate::commands::rhythm::Rhythm;

/// Everything that is told.
pub(super) struct Answer<'a> {
    pub(super) args: &'a args::Plan,
    pub(super) scan: &'a Scan,
    pub(super) trees: &'a Trees,
    pub(super) weighing: &'a Weighing,
    pub(super) charter: &'a Charter,
    pub(super) agreement: &'a Agreement,
    pub(super) rhythm: &'a Rhythm,
    pub(super) top: &'a Top,
    pub(super) open: &'a [Open],
    pub(super) places: &'a [Place],
    pub(super) checks: &'a BTreeMap<Purl, Checked>,
    pub(super) finished: &'a [Finished],
    pub(super) explained: &'a [Explained],
    pub(super) denied: &'a Denied,
    pub(super) settled: &'a Settled,
    pub(super) ideas: usize,
    pub(super) confirmed: usize,
    pub(super) tries: usize,
    pub(super) cut_short: bool,
    pub(super) now: Timestamp,
}

impl Answer<'_> {
    pub(super) fn document(&self) -> json::Document {
        let plan = &self.settled.plan;
        let index = self.scan.index.as_ref();
        let names = self.batch_names();
        json::Document {
            format: json::FORMAT.to_owned(),
            version: json::VERSION,
            target: self.scan.target.to_string(),
            now: self.now.to_string(),
            folder: self.top.prefix.clone(),
            index: json::Index {
                data_date: index.and_then(|i| i.data_date.as_deref().map(str::to_owned)),
                digest: index.map(|i| i.digest.to_string()).unwrap_or_default(),
            },
            charter: json::Charter {
                name: self.charter.name.to_string(),
                version: self.charter.version.to_string(),
            },
            rhythm: self.rhythm(),
            search: json::Search {
                offline: self.args.offline,
                ideas: self.ideas,
                confirmed: self.confirmed,
                tries: self.tries,
                cut_short: self.cut_short,
            },
            load: round(self.weighing.load),
            worth: json::Worth {
                objective: round(plan.worth.objective),
                bound: round(plan.worth.bound),
                gap: plan.worth.gap,
                load_days: round(plan.worth.load_days),
                missed: plan.worth.missed,
            },
            nothing: json::Nothing {
                load_days: round(plan.nothing.load_days),
                missed: self.findings_named(&plan.nothing.missed),
            },
            course: plan
                .course
                .iter()
                .map(|c| json::Course {
                    at: c.at.to_string(),
                    load: round(c.load),
                    nothing: round(c.nothing),
                })
                .collect(),
            batches: (0..plan.batches.len()).map(|at| self.batch(at, &names)).collect(),
            actions: self
                .settled
                .candidates
                .iter()
                .map(|candidate| self.action(candidate))
                .collect(),
            left: self.left(),
            not_taken: self.not_taken(),
            margins: self.margins(),
            findings: self.open.iter().map(|open| self.finding(open)).collect(),
            learnt: taught(&self.charter.cost, self.finished).iter().map(learnt).collect(),
            not_judged: self
                .scan
                .unknowns
                .iter()
                .map(|unknown| json::NotJudged {
                    package: unknown.purl.to_string(),
                    reason: unknown.reason.as_str().to_owned(),
                    advisories: unknown.advisories.iter().map(ToString::to_string).collect(),
                })
                .collect(),
            read: unread::read(&self.scan.inventory),
            unread: unread::unread(&self.scan.inventory, self.top),
        }
    }

    fn rhythm(&self) -> json::Rhythm {
        let rhythm = self.rhythm;
        let window = |window: &trimtab_model::plan::Window| json::Window {
            name: window.name.to_string(),
            start: window.start.to_string(),
            end: window.end.to_string(),
            points: round(window.points),
            least: window.least.as_str().to_owned(),
        };
        json::Rhythm {
            team: rhythm.team.to_string(),
            cadence: rhythm.cadence.name.to_string(),
            capacity: f64::from(rhythm.capacity),
            days_per_point: self.charter.cost.days_per_point,
            open_limit: rhythm.open_limit,
            assumed: rhythm.assumed.iter().map(|what| (*what).to_owned()).collect(),
            windows: rhythm.windows.iter().map(window).collect(),
            horizon: rhythm.horizon.to_string(),
            time_zone: self.charter.calendar.time_zone.iana_name().map(str::to_owned),
        }
    }

    /// The names of batches: the first day of the window (or `now`), the folder, the package manager.
    fn batch_names(&self) -> Vec<String> {
        let zone = &self.charter.calendar.time_zone;
        let open = |batch: &trimtab_model::plan::Batch| {
            self.settled.before.name(&batch.candidates).map(str::to_owned)
        };
        // What waits on a branch has its name already.
        let mut used: BTreeSet<String> =
            self.settled.plan.batches.iter().filter_map(open).collect();
        let name = |batch: &trimtab_model::plan::Batch| {
            if let Some(open) = open(batch) {
                return open;
            }
            let slot = match batch.slot {
                Slot::Now => "now".to_owned(),
                Slot::Window(at) => self.rhythm.windows.get(at).map_or("later".to_owned(), |w| {
                    w.start.to_zoned(zone.clone()).date().to_string()
                }),
            };
            let place = self.place_of(batch);
            let folder = place.map_or("", |place| &*place.folder);
            let tool = place.map_or("", |place| place.tool.id());
            let parts = [slot.as_str(), folder, tool];
            let parts = parts.iter().filter(|part| !part.is_empty()).map(|part| slug(part));
            let first = parts.collect::<Vec<_>>().join("-");
            let (mut name, mut number) = (first.clone(), 1);
            while !used.insert(name.clone()) {
                number += 1;
                name = format!("{first}-{number}");
            }
            name
        };
        self.settled.plan.batches.iter().map(name).collect()
    }

    fn place_of(&self, batch: &trimtab_model::plan::Batch) -> Option<&Place> {
        self.places.get(self.settled.candidates.get(*batch.candidates.first()?)?.place)
    }

    fn batch(&self, at: usize, names: &[String]) -> json::Batch {
        let batch = &self.settled.plan.batches[at];
        let place = self.place_of(batch);
        let stacked = self.settled.stacked.as_ref().and_then(|all| all.get(at));
        let order = stacked.map_or(&batch.candidates, |stacked| &stacked.order);
        let together = stacked.is_some_and(|s| s.extent == Extent::Together);
        json::Batch {
            name: names[at].clone(),
            window: tell::slot(&self.settled.problem, batch.team, batch.slot),
            place: place.map(|p| p.name.to_string()).unwrap_or_default(),
            folder: place.map(|p| p.folder.to_string()).unwrap_or_default(),
            tool: place.map(|p| p.tool.id().to_owned()).unwrap_or_default(),
            after: stacked.and_then(|s| s.after).and_then(|at| names.get(at).cloned()),
            actions: self.candidates_named(order),
            rest: self
                .settled
                .stacked
                .as_ref()
                .map_or_else(Vec::new, |all| rests(all, at, &self.settled.candidates)),
            least: round(batch.least),
            most: round(batch.most),
            points: round(batch.points),
            removes: self.findings_named(&batch.removes),
            load: round(batch.load),
            load_days: round(batch.load_days),
            from: batch.from.to_string(),
            by: batch.by.to_string(),
            why_these: self.why_these(at, batch),
            why_now: self.why_now(batch),
            confirmed: match (together, self.args.offline) {
                (true, _) => "together",
                (false, false) => "alone",
                (false, true) => "no",
            }
            .to_owned(),
            moves: stacked.map(|s| s.moved.iter().map(moved).collect()).unwrap_or_default(),
            changes: stacked.map(|s| changes(&s.changes)).unwrap_or_default(),
        }
    }

    /// What stays was accepted by nobody: that it was planned so before, or waits on a branch, is told of the window.
    fn why_these(&self, at: usize, batch: &trimtab_model::plan::Batch) -> Vec<String> {
        let all = batch.why_these.iter().filter(|why| !matches!(why, WhyThese::Accepted(_)));
        let all = all.map(|why| tell::why_these(&self.settled.problem, why));
        let of = || batch.candidates.iter().filter_map(|at| self.settled.candidates.get(*at));
        let first: BTreeSet<String> =
            of().flat_map(|candidate| first_moved(&candidate.made)).collect();
        let beyond = of().filter_map(|candidate| candidate.beyond.clone());
        self.needs(at, batch).into_iter().chain(first).chain(beyond).chain(all).collect()
    }

    /// What whoever builds the project needs from a batch on: of one that was carried out on top of others, what it adds.
    fn needs(&self, at: usize, batch: &trimtab_model::plan::Batch) -> BTreeSet<String> {
        let stacked = self.settled.stacked.as_ref().and_then(|all| all.get(at));
        let needs = match stacked.filter(|stacked| stacked.extent == Extent::Together) {
            Some(stacked) => update::needs(&stacked.changes),
            None => {
                let all = batch.candidates.iter().filter_map(|at| self.settled.candidates.get(*at));
                all.flat_map(|candidate| update::needs(&candidate.made.changes)).collect()
            }
        };
        needs.iter().map(ToString::to_string).collect()
    }

    fn why_now(&self, batch: &trimtab_model::plan::Batch) -> Vec<String> {
        let tell = |why: &WhyNow| match (why, self.settled.before.name(&batch.candidates)) {
            (WhyNow::Accepted, Some(name)) => {
                format!("it is already carried out and waits on `{BRANCHES}{name}`")
            }
            (WhyNow::Accepted, None) => "it was planned for this window before".to_owned(),
            (why, _) => tell::why_now(&self.settled.problem, why),
        };
        let refused = self.settled.before.refused(&self.candidates_named(&batch.candidates));
        let refused = refused.map(|why| {
            format!("{why}: its request opens only with `trimtab apply --request --again`")
        });
        refused.into_iter().chain(batch.why_now.iter().map(tell)).collect()
    }

    fn action(&self, candidate: &Candidate) -> json::Action {
        let made = &candidate.made;
        let price = &candidate.price;
        let place = self.places.get(candidate.place);
        json::Action {
            name: candidate.name.clone(),
            way: made.proposal.way().as_str().to_owned(),
            proposal: json::Asked::of(&made.proposal),
            place: place.map(|p| p.name.to_string()).unwrap_or_default(),
            tool: place.map(|p| p.tool.id().to_owned()).unwrap_or_default(),
            confirmed: candidate.confirmed,
            fix_named: !candidate.unsaid,
            moves: made.moved.iter().map(moved).collect(),
            distance: price.distance.map(|distance| distance.as_str().to_owned()),
            removes: self.findings_named(&candidate.removes),
            brings: Vec::new(),
            cost: json::Cost {
                least: round(price.least),
                most: round(price.most),
                points: round(reckoned(price.least, price.most, price.confidence)),
                reasons: price
                    .reasons
                    .iter()
                    .map(|r| json::CostReason {
                        what: r.what.to_string(),
                        least: round(r.least),
                        most: round(r.most),
                    })
                    .collect(),
                estimate: Some(estimate(price.sort, &price.estimate)),
            },
            confidence: json::Confidence {
                value: round(price.confidence),
                reasons: price.because.iter().map(ToString::to_string).collect(),
            },
            quarantine: candidate.quarantine.map(|until| until.to_string()),
            checks: made.arrived.iter().filter_map(|purl| self.check(candidate, purl)).collect(),
            changes: changes(&made.changes),
            commands: made.commands.clone(),
        }
    }

    fn check(&self, candidate: &Candidate, purl: &Purl) -> Option<json::Check> {
        let checked = self.checks.get(purl)?;
        let metadata = checked.metadata.as_ref();
        let published = metadata.and_then(|m| m.published);
        let reasons: Vec<json::Reason> = checked
            .told(is_new(&candidate.made, purl))
            .map(|reason| json::Reason {
                rule: reason.rule.as_str().to_owned(),
                verdict: reason.verdict.as_str().to_owned(),
                // Publishers write some of it.
                found: one_line(&reason.found),
                unknown: reason.unknown,
            })
            .collect();
        let worst = checked.told(is_new(&candidate.made, purl)).map(|r| r.verdict).max();
        Some(json::Check {
            package: purl.to_string(),
            published: published.map(|at| at.to_string()),
            age_days: published
                .map(|at| (self.now.as_second() - at.as_second()).div_euclid(86_400)),
            licence: metadata.and_then(|m| m.licence.as_ref()).map(|l| one_line(l.as_str())),
            verdict: worst.map_or("allow", |verdict| verdict.as_str()).to_owned(),
            reasons,
        })
    }

    fn left(&self) -> Vec<json::Left> {
        let removed_if: BTreeMap<usize, (&str, &str)> = self.held_back();
        let left = self.settled.plan.left.iter().filter_map(|left| match left.what {
            Item::Finding(at) => Some((at, &left.because)),
            Item::Candidate(_) => None,
        });
        let today = self.now.to_zoned(self.charter.calendar.time_zone.clone()).date();
        let mut accepting = Accepting::new(self.agreement, today);
        left.map(|(at, because)| {
            let explained = self.explained.get(at);
            let finding = self.open.get(at).map(|open| open.name.to_string()).unwrap_or_default();
            let edit = explained.map(|e| changes(&e.edit)).unwrap_or_default();
            let tried = explained.map(|e| e.tried.clone()).unwrap_or_default();
            let (why, next, blockers) = match (because, removed_if.get(&at), explained) {
                (Because::NoCandidate(_), Some((action, why)), _) => {
                    // What the charter refuses is nobody's to do by hand either.
                    let next = match why.starts_with(CHARTER) {
                        true => ACCEPT,
                        false => "do it by hand, or accept it until a date",
                    };
                    (format!("{action}: {why}"), Some(next.to_owned()), Vec::new())
                }
                (Because::NoCandidate(_), None, Some(explained)) => (
                    explained.why.clone(),
                    Some(explained.next.clone()).filter(|next| !next.is_empty()),
                    explained.blockers.iter().map(blocker).collect(),
                ),
                (because, _, _) => {
                    let why = tell::because(&self.settled.problem, because);
                    let open = self.open.get(at);
                    let next =
                        open.and_then(|open| waiting::next(because, open.level, self.charter));
                    (why, next, Vec::new())
                }
            };
            let unused = explained.is_some_and(|e| e.unused);
            let accept = self.accept(&mut accepting, at, unused);
            json::Left { finding, why, blockers, next, edit, tried, accept }
        })
        .collect()
    }

    fn accept(
        &self,
        accepting: &mut Accepting<'_>,
        at: usize,
        unused: bool,
    ) -> Option<json::Accept> {
        let open = self.open.get(at)?;
        let finding = self.scan.findings.get(open.finding)?;
        let file = self.scan.inventory.files.get(open.file as usize)?;
        Some(accepting.of(open, finding, &file.path, unused))
    }

    /// Findings whose action the charter refuses, or that goes with no other: the action, and why.
    fn held_back(&self) -> BTreeMap<usize, (&str, &str)> {
        let mut all = BTreeMap::new();
        for (name, why, removes) in self.denied {
            for at in removes {
                all.insert(*at, (&**name, &**why));
            }
        }
        for (name, why, removes) in &self.settled.clashed {
            for at in removes {
                all.insert(*at, (&**name, &**why));
            }
        }
        all
    }

    fn not_taken(&self) -> Vec<json::NotTaken> {
        let left = self.settled.plan.left.iter().filter_map(|left| match left.what {
            Item::Candidate(at) => Some(json::NotTaken {
                action: self.settled.candidates.get(at)?.name.clone(),
                why: tell::because(&self.settled.problem, &left.because),
            }),
            Item::Finding(_) => None,
        });
        let idle = self.settled.stacked.iter().flatten().flat_map(|stacked| &stacked.idle);
        let idle = idle.filter_map(|at| {
            let why = "the others in its batch already do it".to_owned();
            Some(json::NotTaken { action: self.settled.candidates.get(*at)?.name.clone(), why })
        });
        let held = self.denied.iter().chain(&self.settled.clashed);
        let held = held
            .map(|(action, why, _)| json::NotTaken { action: action.clone(), why: why.clone() });
        left.chain(idle).chain(held).collect()
    }

    fn margins(&self) -> Vec<json::Margin> {
        let mut all: Vec<&trimtab_model::plan::Margin> = self.settled.plan.margins.iter().collect();
        all.sort_by(|a, b| b.saves.total_cmp(&a.saves).then(a.window.cmp(&b.window)));
        let margin = |margin: &trimtab_model::plan::Margin| json::Margin {
            window: tell::slot(&self.settled.problem, margin.team, Slot::Window(margin.window)),
            saves: round(margin.saves),
            adds: self.candidates_named(&margin.adds),
            removes: self.findings_named(&margin.removes),
            load: round(margin.load),
        };
        all.into_iter().map(margin).collect()
    }

    fn finding(&self, open: &Open) -> json::Finding {
        let finding = self.scan.findings.get(open.finding);
        let file = self.scan.inventory.files.get(open.file as usize);
        json::Finding {
            name: open.name.to_string(),
            vulnerability: finding.map(|f| f.vulnerability.id.to_string()).unwrap_or_default(),
            aliases: finding
                .map(|f| f.vulnerability.aliases.iter().map(ToString::to_string).collect())
                .unwrap_or_default(),
            package: finding.map(|f| f.purl.to_string()).unwrap_or_default(),
            file: file.map(|f| self.top.path(&f.path).to_string()).unwrap_or_default(),
            level: open.level.as_str().to_owned(),
            weight: round(open.weight),
            deadline: open.deadline.map(|at| at.to_string()),
            undated: open.undated,
            exploited: open.exploited,
            now: open.now,
            fix: finding.and_then(|f| f.nearest_fix.as_deref()).map(str::to_owned),
            version_by: finding.and_then(|f| self.trees.tells(open.file, &f.purl)),
        }
    }

    fn findings_named(&self, all: &[usize]) -> Vec<String> {
        all.iter().filter_map(|at| self.open.get(*at)).map(|open| open.name.to_string()).collect()
    }

    fn candidates_named(&self, all: &[usize]) -> Vec<String> {
        all.iter()
            .filter_map(|at| self.settled.candidates.get(*at))
            .map(|c| c.name.clone())
            .collect()
    }
}

fn estimate(sort: Sort, is: &Estimate) -> json::Estimate {
    let (finished, reverted) = match is.source {
        Source::Prior => (0, 0),
        Source::Team { finished, reverted } => (finished, reverted),
    };
    json::Estimate {
        kind: sort.kind.as_str().to_owned(),
        distance: sort.distance.map(|distance| distance.as_str().to_owned()),
        transitive: sort.transitive,
        least: round(is.least),
        most: round(is.most),
        confidence: round(is.confidence),
        finished,
        reverted,
    }
}

fn learnt(of: &Taught) -> json::Learnt {
    let prior = &of.prior;
    json::Learnt {
        estimate: estimate(of.sort, &of.is),
        prior: (round(prior.least), round(prior.most), round(prior.confidence)),
        said: of.said,
        days: of.days.map(round),
    }
}

/// When a candidate broke tests. `None`: it did not, or nobody knows.
pub(super) fn broke(broke: &Broke, of: &Candidate, places: &[Place]) -> Option<Timestamp> {
    let place = places.get(of.place)?;
    let moves: Vec<json::Move> = of.made.moved.iter().map(moved).collect();
    broke.when(&place.name, &moves, &json::Asked::of(&of.made.proposal))
}

fn moved(moved: &Moved) -> json::Move {
    let all = |versions: &[Box<str>]| versions.iter().map(ToString::to_string).collect();
    json::Move { package: moved.package.to_string(), from: all(&moved.from), to: all(&moved.to) }
}

fn changes(changes: &[Change]) -> Vec<json::Change> {
    let change = |change: &Change| json::Change { path: change.path.clone(), diff: change.diff() };
    changes.iter().map(change).collect()
}

fn blocker(blocker: &Blocker) -> json::Blocker {
    json::Blocker {
        who: blocker.who.clone(),
        needs: blocker.needs.clone(),
        range: blocker.range.clone(),
    }
}

/// What can be typed: small letters, digits and dashes.
fn slug(text: &str) -> String {
    let mut out = String::new();
    for c in text.to_lowercase().chars() {
        match c.is_ascii_alphanumeric() {
            true => out.push(c),
            false if !out.ends_with('-') => out.push('-'),
            false => {}
        }
    }
    out.trim_matches('-').to_owned()
}

/// To a thousandth: sums of floating numbers end in digits that mean nothing.
fn round(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
