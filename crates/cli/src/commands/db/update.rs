//! `trimtab db update`: fetch what changed and build the index anew, aside; the old one keeps
//! working until the new one is whole.

use std::path::{Path, PathBuf};

use trimtab_advisories::feed::Sources;
use trimtab_advisories::index::{self as advisories, BuildError, Index, Phase, Previous};
use trimtab_connect::SystemClock;
use trimtab_connect::feeds::{Fetcher, Fetching, Limits, Mirrored};
use trimtab_connect::http::{Client, Patience};
use trimtab_model::{Code, Diagnostic};
use trimtab_report::table::thousands;

use super::super::Outcome;
use super::super::scan::usage;
use super::sources::{self, Plan};
use crate::args::DbUpdate;
use crate::exit::Exit;
use crate::io::Io;
use crate::progress::Progress;
use crate::{index, say};

/// Where the index before the last update is kept, for `db diff`.
pub(super) fn previous(index: &Path) -> PathBuf {
    beside(index, ".previous")
}

/// Where the copies of fetched feeds are kept.
fn feeds(index: &Path) -> PathBuf {
    beside(index, ".feeds")
}

fn beside(index: &Path, suffix: &str) -> PathBuf {
    let mut name = index.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    index.with_file_name(name)
}

/// Runs the verb.
///
/// # Errors
/// A feed cannot be read, or the index cannot be written. The old index stays as it was.
pub(super) fn run(args: &DbUpdate, io: &mut Io) -> Outcome {
    let path = index::path(&args.index, io)?;
    let mut plan = sources::plan(args)?;
    if let Some(folder) = path.parent().filter(|p| !p.as_os_str().is_empty()) {
        std::fs::create_dir_all(folder).map_err(|e| {
            usage(
                format!("`{}` cannot be made: {e}", folder.display()),
                "name the index with --db FILE",
            )
        })?;
    }
    if plan.is_remote() {
        let before = Stamp::take(&path);
        let mirrored = fetch(&plan, &path, io)?;
        plan.add(&mirrored);
        let now = Stamp::of(&path, &plan);
        if mirrored.is_unchanged() && now.is_some() && before == now {
            write_stamp(&path, now.as_ref());
            io.err("nothing changed since the last update\n");
            return tell(&path, io);
        }
        plan.diagnostics.extend(mirrored.diagnostics);
    }
    build(&plan.local, &path, io)?;
    if plan.is_remote() && plan.diagnostics.is_empty() {
        write_stamp(&path, Stamp::of(&path, &plan).as_ref());
    }
    say::diagnostics(io, plan.diagnostics.iter(), false);
    let exit = tell(&path, io)?;
    let incomplete = plan.diagnostics.iter().any(|d| d.code.makes_incomplete());
    Ok(if incomplete { Exit::Incomplete } else { exit })
}

/// Brings the feeds of servers beside the index.
fn fetch(plan: &Plan, path: &Path, io: &mut Io) -> Result<Mirrored, Diagnostic> {
    let client = Client::new(Patience::default());
    let fetcher = Fetcher { client: &client, clock: &SystemClock, limits: Limits::default() };
    let mirrored = {
        let mut line = Progress::new(io);
        let mut show = |at: Fetching| {
            if at.expected > 0 {
                line.report("Fetching", at.received, at.expected, true);
            }
        };
        fetcher.mirror(&plan.remote, &feeds(path), &mut show)?
    };
    let old = Index::open(path).ok();
    let nothing = mirrored.osv.is_empty() && plan.local.osv.is_empty();
    if nothing && let Some(first) = mirrored.diagnostics.first() {
        // One line: what happened, where, and what to do.
        let place = first.file.as_deref().unwrap_or_default();
        let index =
            if old.is_some() { "the old index stays in use" } else { "there is no index yet" };
        let next = match first.help.as_deref() {
            Some(help) if !mirrored.offline => help,
            _ => "run it again with a network, or name a mirror or folder with --from",
        };
        return Err(Diagnostic::new(
            Code::FeedUnavailable,
            format!("{} ({place}); {index}: {next}", first.message),
        ));
    }
    if let Some(family) = mirrored.missing.iter().find(|family| {
        let families = old.as_ref().and_then(|old| old.families().ok()).unwrap_or_default();
        families.iter().any(|f| f.family == **family && f.entries > 0)
    }) {
        say::diagnostics(io, mirrored.diagnostics.iter(), false);
        return Err(Diagnostic::new(
            Code::FeedUnavailable,
            format!(
                "a new index would lack {family}, which the old one has; the old one stays in use"
            ),
        )
        .help("run it again, or choose what to have with --ecosystems"));
    }
    io.err(&format!(
        "fetched {} files and {} records, {} KiB; {} files unchanged\n",
        thousands(mirrored.whole as u64),
        thousands(mirrored.records as u64),
        thousands(mirrored.bytes.div_ceil(1024)),
        thousands(mirrored.unchanged as u64)
    ));
    Ok(mirrored)
}

/// Builds the index; keeps the one before for `db diff`.
fn build(sources: &Sources, path: &Path, io: &mut Io) -> Result<(), Diagnostic> {
    // Keep the old index: a second name of the same file, no copy.
    let old = path.with_extension("old");
    let _ = std::fs::remove_file(&old);
    let kept = std::fs::hard_link(path, &old).is_ok();
    let report = {
        let mut line = Line(Progress::new(io));
        advisories::build(sources, path, &mut line)
    };
    let report = match report {
        Ok(report) => report,
        Err(e) => {
            let _ = std::fs::remove_file(&old);
            return Err(failed(&e));
        }
    };
    let index = Index::open(path).map_err(|e| e.diagnostic())?;
    if kept {
        keep_previous(&old, path, &index);
    }
    say::diagnostics(io, report.diagnostics.iter(), false);
    if let Previous::Lost(reason) = &report.previous {
        io.err(&format!(
            "{reason}: when advisories changed is known only as far as they tell themselves\n"
        ));
    }
    Ok(())
}

/// Tells what the index holds now.
fn tell(path: &Path, io: &mut Io) -> Outcome {
    let index = Index::open(path).map_err(|e| e.diagnostic())?;
    let info = index.info().map_err(|e| e.diagnostic())?;
    let date = info.data_date.as_deref().and_then(|d| d.get(..10)).unwrap_or("unknown date");
    let missing: Vec<&str> = [("KEV", info.kev.is_none()), ("EPSS", info.epss.is_none())]
        .iter()
        .filter(|(_, missing)| *missing)
        .map(|(name, _)| *name)
        .collect();
    let mut text = format!(
        "{} advisories, newest of {date}, in {}\n",
        thousands(info.advisories),
        path.display()
    );
    if !missing.is_empty() {
        text.push_str(&format!(
            "without {}: exploitation is unknown where it would tell\n",
            missing.join(" and ")
        ));
    }
    io.out(&text);
    Ok(Exit::Clean)
}

fn failed(error: &BuildError) -> Diagnostic {
    let (code, help) = match error {
        BuildError::Source { .. } | BuildError::Nothing => (
            Code::FeedUnavailable,
            "name a folder laid out as OSV publishes it with --from; the old index stays in use",
        ),
        BuildError::TooLarge(_) => {
            (Code::FileLimit, "choose fewer with --ecosystems; the old index stays in use")
        }
        _ => (Code::Usage, "name another place with --db FILE; the old index stays in use"),
    };
    Diagnostic::new(code, error.to_string()).help(help)
}

/// The old index becomes the previous one, unless nothing changed.
fn keep_previous(old: &Path, path: &Path, new: &Index) {
    let digest = |index: &Index| index.info().map(|i| i.digest).ok();
    let changed = Index::open(old).ok().and_then(|o| digest(&o)) != digest(new);
    if changed {
        let _ = std::fs::rename(old, previous(path));
    } else {
        let _ = std::fs::remove_file(old);
    }
}

/// Which index was built of which files, so that an update without news builds nothing. It is
/// taken away while files change: whoever is killed then builds anew.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Stamp(String);

impl Stamp {
    fn file(path: &Path) -> PathBuf {
        feeds(path).join("built")
    }

    fn take(path: &Path) -> Option<Stamp> {
        let file = Stamp::file(path);
        let stamp = std::fs::read_to_string(&file).ok().map(Stamp);
        let removed = std::fs::remove_file(&file).is_ok();
        stamp.filter(|_| removed)
    }

    /// The stamp of the index that is there. `None` where files of the user's own are in it, which
    /// may change by themselves.
    fn of(path: &Path, plan: &Plan) -> Option<Stamp> {
        if plan.has_own_files {
            return None;
        }
        let digest = Index::open(path).ok()?.info().ok()?.digest;
        Some(Stamp(format!("{} {digest}\n{:#?}\n", env!("CARGO_PKG_VERSION"), plan.local)))
    }
}

/// A stamp that cannot be written costs the next update some time, nothing else.
fn write_stamp(path: &Path, stamp: Option<&Stamp>) {
    if let Some(Stamp(text)) = stamp {
        let _ = std::fs::write(Stamp::file(path), text);
    }
}

struct Line(Progress);

impl advisories::Progress for Line {
    fn report(&mut self, phase: Phase, done: u64, total: u64) {
        self.0.report(&format!("{phase:?}"), done, total, false);
    }
}
