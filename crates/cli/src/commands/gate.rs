//! `trimtab gate`: what the charter and the policies say about a repository or a change.

use std::cell::Cell;
use std::io::Write;
use std::path::Path;

use jiff::Timestamp;
use trimtab_advisories::index::Index;
use trimtab_connect::{git, registry};
use trimtab_engine::gate::{self as engine_gate, Before};
use trimtab_engine::repository;
use trimtab_extract::MemoryFiles;
use trimtab_model::evidence::Fact;
use trimtab_model::scan::Scan;
use trimtab_model::{Code, Diagnostic, Inventory, Metadata, Purl};
use trimtab_policy::{Document, Policies, gate as decide};
use trimtab_report::gate::{self as told, Gate as Told};

use super::{Outcome, policy, scan};
use crate::agreement::{self, Agreed};
use crate::args::{Gate, GateFormat};
use crate::exit::Exit;
use crate::io::Io;
use crate::{history, index, output, say};

/// The most packages that are looked up in one gate.
const MOST_ASKED: u32 = 500;

/// Runs the verb.
///
/// # Errors
/// The agreement, a policy or the index cannot be used, or there is nothing to compare with.
pub fn run(args: &Gate, io: &mut Io) -> Outcome {
    let index = index::open(&args.index, io)?;
    let mut history = history::open(&args.history)?;
    let agreed = agreement::read(&args.path, args.charter.as_deref(), io)?;
    let files = own_policies(args, &agreed)?;
    let (policies, problems) = Policies::with_built_in(&policy::borrowed(&files));
    say::diagnostics(io, problems.iter(), true);
    let mut ready = Ready {
        args,
        index: &index,
        agreed: &agreed,
        policies: &policies,
        history: None,
        broken: problems.len(),
    };
    if let Some(count) = args.dry_run {
        return dry_run(&ready, count, io);
    }
    let now = agreement::moment(args.now.as_deref())?;
    let inventory = scan::inventory(std::slice::from_ref(&args.path), &args.walk, io);
    let target = scan::target(std::slice::from_ref(&args.path));
    let scan = scan::of_inventory(target, inventory, &index)?;
    if let Some(history) = &mut history {
        history.record(&scan, now, io)?;
    }
    ready.history = history.as_ref();
    let before = match &args.against {
        None => None,
        Some(against) => Some(Before::of(&before(args, against, &index)?)),
    };
    let answer = ready.answer(scan, before.as_ref(), args.against.as_deref(), now, io)?;
    write(args, &answer, io)?;
    Ok(exit(&answer))
}

/// What one gate needs that does not change from commit to commit.
struct Ready<'r> {
    args: &'r Gate,
    index: &'r Index,
    agreed: &'r Agreed,
    policies: &'r Policies,
    history: Option<&'r history::Kept>,
    broken: usize,
}

/// What the gate answers, with the scan for formats that tell all of it.
struct Answer {
    told: Told,
    scan: Scan,
}

impl Ready<'_> {
    fn answer(
        &self,
        mut scan: Scan,
        before: Option<&Before>,
        against: Option<&str>,
        now: Timestamp,
        io: &mut Io,
    ) -> Result<Answer, Diagnostic> {
        let agreement = &self.agreed.agreement;
        // By the history, where there is one. Else what this change brings in is detected now; the rest
        // was there before.
        let first_seen = |finding: &_| match self.history {
            Some(history) => Some(history.first_seen(finding, now)),
            None => engine_gate::is_new(finding, before)
                .filter(|new| *new)
                .map(|_| Fact { value: now, source: "with this change".into() }),
        };
        let (weighing, problems) = repository::weigh(&scan, agreement, &first_seen, now)?;
        scan.weighing = Some(weighing);
        scan.diagnostics.extend(problems);
        let systems = &agreement.project.systems;
        let metadata = self.metadata(now, io);
        let input = engine_gate::input(&engine_gate::Gate {
            scan: &scan,
            charter: &agreement.charter,
            system: if let [one] = systems.as_slice() { Some(one) } else { None },
            before,
            only_new: before.is_some() && !self.args.all,
            metadata: &metadata,
            now,
        });
        let said = self.policies.evaluate(&Document::of(&input));
        say::diagnostics(io, said.diagnostics.iter(), true);
        for line in &said.prints {
            io.err(&format!("{line}\n"));
        }
        let complete = !scan.is_incomplete() && said.is_complete() && self.broken == 0;
        let gated = decide(said.verdicts, agreement.charter.unknown.gate, complete);
        let charter = &agreement.charter;
        let finding = |id: &str| {
            input.findings.iter().find(|f| f.id == id || f.aliases.iter().any(|a| a == id))
        };
        let mut told = Told {
            target: scan.target.clone(),
            charter: format!("{} {}", charter.name, charter.version).into(),
            outcome: match gated.outcome {
                trimtab_policy::Outcome::Pass => told::Outcome::Pass,
                trimtab_policy::Outcome::Fail => told::Outcome::Fail,
                trimtab_policy::Outcome::NotYetKnown => told::Outcome::NotYetKnown,
            },
            against: against.map(Into::into),
            verdicts: gated
                .verdicts
                .into_iter()
                .map(|v| {
                    let about = v.finding.as_deref().and_then(finding);
                    told::Verdict {
                        effect: match v.effect {
                            trimtab_policy::Effect::Deny => told::Effect::Deny,
                            trimtab_policy::Effect::Unknown => told::Effect::Unknown,
                            trimtab_policy::Effect::Warn => told::Effect::Warn,
                        },
                        new: about.and_then(|f| f.new),
                        level: about.and_then(|f| f.level).map(level),
                        policy: v.policy,
                        rule: v.rule,
                        message: v.message,
                        finding: v.finding,
                        file: v.file,
                        line: v.line,
                        help: v.help,
                    }
                })
                .collect(),
            findings: scan.findings.len(),
            new_findings: before
                .map(|_| input.findings.iter().filter(|f| f.new == Some(true)).count()),
            accepted: input.findings.iter().filter(|f| f.exception.is_some()).count(),
            not_affected: input.findings.iter().filter(|f| f.not_affected.is_some()).count(),
            policies: self.policies.packages().iter().map(|p| p.name.clone()).collect(),
            incomplete: !complete,
        };
        told.sort();
        Ok(Answer { told, scan })
    }
}

impl Ready<'_> {
    /// What registries say of a package: what was kept, and with `--ask` also what they say now.
    fn metadata(&self, now: Timestamp, io: &Io) -> impl Fn(&Purl) -> Option<Metadata> + use<> {
        let mut options = registry::Options::at(now);
        options.cache = io.data_folder.as_ref().map(|folder| folder.join("metadata"));
        options.offline = !self.args.ask;
        let asked = Cell::new(0u32);
        move |purl| {
            // A change that brings in more than this is looked at by people.
            if asked.replace(asked.get().saturating_add(1)) >= MOST_ASKED {
                return None;
            }
            registry::ask(purl, &options).metadata
        }
    }
}

fn level(level: trimtab_policy::input::Level) -> trimtab_model::Level {
    match level {
        trimtab_policy::input::Level::Low => trimtab_model::Level::Low,
        trimtab_policy::input::Level::Medium => trimtab_model::Level::Medium,
        trimtab_policy::input::Level::High => trimtab_model::Level::High,
        trimtab_policy::input::Level::Critical => trimtab_model::Level::Critical,
    }
}

/// Policies of the repository's own, and those named on the command line.
fn own_policies(args: &Gate, agreed: &Agreed) -> Result<Vec<(String, String)>, Diagnostic> {
    let mut paths = Vec::new();
    for name in &agreed.agreement.project.policies {
        paths.extend(agreement::own_files(&agreed.folder, name, &["rego"])?);
    }
    paths.extend(args.policy.iter().cloned());
    policy::read(&paths, &["rego"])
}

/// The state to compare with: a saved scan, or a commit. Both are matched with the index of today, so
/// that an advisory of last night is nobody's change.
fn before(args: &Gate, against: &str, index: &Index) -> Result<Scan, Diagnostic> {
    let path = Path::new(against);
    if path.is_file() {
        let file = std::fs::File::open(path).map_err(|e| {
            Diagnostic::new(Code::FileUnreadable, format!("`{against}` cannot be read: {e}"))
        })?;
        let saved = trimtab_report::json::read(file).map_err(|e| {
            Diagnostic::new(Code::FileMalformed, e.to_string())
                .in_file(against)
                .help("name a file that `trimtab scan --format json` wrote, or a commit")
        })?;
        return scan::of_inventory(against.to_owned(), saved.inventory, index);
    }
    at_commit(&args.path, against, index)
}

/// A commit, matched.
fn at_commit(folder: &Path, reference: &str, index: &Index) -> Result<Scan, Diagnostic> {
    let inventory = inventory_at(folder, reference)?;
    scan::of_inventory(reference.to_owned(), inventory, index)
}

/// The inventory of a commit.
fn inventory_at(folder: &Path, reference: &str) -> Result<Inventory, Diagnostic> {
    let mut files = MemoryFiles::default();
    for (path, bytes) in git::files(folder, reference, &trimtab_extract::registry::claims_any)? {
        files.insert(&path, &bytes);
    }
    Ok(trimtab_extract::scan_files(&files))
}

/// How the gate would have ended for the last commits, each compared with the one before it, by the
/// advisories of today.
fn dry_run(ready: &Ready, count: u32, io: &mut Io) -> Outcome {
    let folder = &ready.args.path;
    let commits = git::log(folder, "HEAD", count.saturating_add(1))?;
    let mut text = String::new();
    let (mut failed, mut unknown, mut passed) = (0, 0, 0);
    // Newest first in the log, told oldest first.
    let mut earlier: Option<Before> = None;
    let first = commits.len() > usize::try_from(count).unwrap_or(usize::MAX);
    for (at, commit) in commits.iter().rev().enumerate() {
        let scan = at_commit(folder, &commit.id, ready.index)?;
        let now = Before::of(&scan);
        if at == 0 && first {
            earlier = Some(now);
            continue;
        }
        // The first commit of all brought in everything that it has.
        let before = earlier.take().unwrap_or_default();
        let moment = Timestamp::from_second(commit.seconds).unwrap_or_default();
        let answer = ready.answer(scan, Some(&before), None, moment, io)?;
        earlier = Some(now);
        let told = &answer.told;
        match told.outcome {
            told::Outcome::Fail => failed += 1,
            told::Outcome::NotYetKnown => unknown += 1,
            told::Outcome::Pass => passed += 1,
        }
        if told.outcome != told::Outcome::Pass {
            let id = commit.id.get(..10).unwrap_or(&commit.id);
            text.push_str(&format!(
                "{id} {} {:<13} {}\n",
                moment.strftime("%Y-%m-%d"),
                told.outcome.as_str(),
                trimtab_report::table::shorten(&commit.subject, 60, io.ascii)
            ));
            for verdict in told.verdicts.iter().filter(|v| v.effect == told::Effect::Deny).take(5) {
                text.push_str(&format!("    {}: {}\n", verdict.full_rule(), verdict.message));
            }
        }
    }
    text.push_str(&format!(
        "These policies would have failed {failed} of the last {}; {unknown} not yet known, {passed} passed.\n",
        trimtab_report::table::count(failed + unknown + passed, "commit")
    ));
    io.out(&text);
    Ok(Exit::Clean)
}

fn exit(answer: &Answer) -> Exit {
    match answer.told.outcome {
        told::Outcome::Pass => Exit::Clean,
        told::Outcome::Fail => Exit::Violated,
        told::Outcome::NotYetKnown => Exit::Incomplete,
    }
}

fn write(args: &Gate, answer: &Answer, io: &mut Io) -> Result<(), Diagnostic> {
    let mut text = Vec::new();
    let to_terminal = args.output.is_none();
    let style = trimtab_report::table::Style {
        colour: io.colour_out && to_terminal,
        ascii: io.ascii && to_terminal,
        verbose: args.verbose,
        ..trimtab_report::table::Style::default()
    };
    let told = &answer.told;
    let written = match args.format {
        GateFormat::Text => told::text::write(told, style, &mut text),
        GateFormat::Json => told::json::write(told, &mut text),
        GateFormat::Sarif => told::sarif::write(told, &mut text),
        GateFormat::Github => told::github::write(told, &mut text),
        GateFormat::StepSummary => told::github::step_summary(told, &mut text),
        GateFormat::GitlabCodequality => told::codequality::write(told, &mut text),
        GateFormat::Gitlab => trimtab_report::gitlab::write(&answer.scan, &mut text),
        GateFormat::Junit => told::junit::write(told, &mut text),
        GateFormat::Markdown => told::markdown::write(told, &mut text),
    };
    written
        .map_err(|e| Diagnostic::new(Code::Usage, format!("the answer cannot be written: {e}")))?;
    match &args.output {
        Some(path) => output::to_file(path, |out| out.write_all(&text))?,
        None => {
            if io.stdout.write_all(&text).and_then(|()| io.stdout.flush()).is_err() {
                io.closed = true;
            }
        }
    }
    if args.format != GateFormat::Text || args.output.is_some() {
        io.err(&format!("{}.\n", told.headline()));
    }
    Ok(())
}
