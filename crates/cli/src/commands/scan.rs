//! `trimtab scan`: inventory, match, tell.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use jiff::Timestamp;
use trimtab_advisories::index::Index;
use trimtab_extract::Options;
use trimtab_model::advisory::Kind;
use trimtab_model::finding::Finding;
use trimtab_model::scan::Scan;
use trimtab_model::{Code, Diagnostic, Inventory};

use super::Outcome;
use crate::args::{self, FailOn, WalkArgs};
use crate::exit::Exit;
use crate::io::Io;
use crate::output::Output;
use crate::progress::Progress;
use crate::{agreement, history, index, say};

/// Runs the verb.
///
/// # Errors
/// There is no usable index, or the output cannot be written.
pub fn run(args: &args::Scan, io: &mut Io) -> Outcome {
    let output = Output::of(&args.output)?;
    let index = index::open(&args.index, io)?;
    let mut history = history::open(&args.history)?;
    let inventory = inventory(&args.paths, &args.walk, io);
    let mut scan = of_inventory(target(&args.paths), inventory, &index)?;
    let now = agreement::moment(args.now.as_deref())?;
    if let Some(history) = &mut history {
        history.record(&scan, now, io)?;
    }
    weigh(&mut scan, &args.paths, args.charter.as_deref(), history.as_ref(), now, io)?;
    warn_of_age(&scan, io);
    let exit = finish(&scan, &output, args.fail_on, io);
    // The process ends here: to free each component would cost more than to read it did.
    std::mem::forget(scan);
    exit
}

/// Weighs the findings by the repository's agreement, where there is one or a charter is named.
fn weigh(
    scan: &mut Scan,
    paths: &[PathBuf],
    charter: Option<&str>,
    history: Option<&history::Kept>,
    now: Timestamp,
    io: &mut Io,
) -> Result<(), Diagnostic> {
    // The files of several paths are told under their paths, which no agreement speaks of.
    let [path] = paths else { return Ok(()) };
    // Reading even the default preset would be a fifth of a small scan.
    if charter.is_none() && !agreement::is_written(path) {
        return Ok(());
    }
    let agreed = agreement::read(path, charter, io)?;
    let first_seen = |finding: &_| history.map(|h| h.first_seen(finding, now));
    let (weighing, problems) = agreed.weigh(scan, &first_seen, now)?;
    scan.weighing = Some(weighing);
    scan.diagnostics.extend(problems);
    Ok(())
}

/// Says that the advisories are old. Only here, not in the result: the same input and index give
/// the same result on any day.
fn warn_of_age(scan: &Scan, io: &mut Io) {
    const FRESH_DAYS: i64 = 7;
    let date =
        scan.index.as_ref().and_then(|index| index.data_date.as_deref()?.parse::<Timestamp>().ok());
    let Some(date) = date else { return };
    let days = (Timestamp::now().as_second() - date.as_second()) / 86_400;
    if days > FRESH_DAYS {
        let message = format!("the newest advisory in the index is {days} days old");
        say::diagnostic(
            io,
            &Diagnostic::new(Code::IndexOld, message).help("run: trimtab db update"),
        );
    }
}

/// The scan of some paths with an index.
///
/// # Errors
/// The index is damaged.
pub fn matched(
    paths: &[PathBuf],
    walk: &WalkArgs,
    index: &Index,
    io: &Io,
) -> Result<Scan, Diagnostic> {
    of_inventory(target(paths), inventory(paths, walk, io), index)
}

/// Matches an inventory.
///
/// # Errors
/// The index is damaged.
pub fn of_inventory(
    target: String,
    inventory: Inventory,
    index: &Index,
) -> Result<Scan, Diagnostic> {
    let matching =
        trimtab_engine::match_inventory(&inventory, index).map_err(|e| e.diagnostic())?;
    Ok(Scan {
        target: target.into(),
        index: Some(index.info().map_err(|e| e.diagnostic())?),
        inventory,
        findings: matching.findings,
        unknowns: matching.unknowns,
        weighing: None,
        diagnostics: Vec::new(),
    })
}

/// Writes a scan, tells its problems, and says how the run ended.
///
/// # Errors
/// The output cannot be written.
pub fn finish(scan: &Scan, output: &Output, fail_on: Option<FailOn>, io: &mut Io) -> Outcome {
    let problems = scan.inventory.all_diagnostics().chain(&scan.diagnostics);
    say::diagnostics(io, problems, output.verbose);
    output.write(scan, io)?;
    // The table says it itself.
    if scan.is_incomplete() && !output.shows_table() {
        io.err("Incomplete: not everything could be examined.\n");
    }
    Ok(if scan.is_incomplete() {
        Exit::Incomplete
    } else if fail_on.is_some_and(|least| scan.findings.iter().any(|f| violates(f, least))) {
        Exit::Violated
    } else {
        Exit::Clean
    })
}

fn violates(finding: &Finding, least: FailOn) -> bool {
    let malicious = finding.vulnerability.kind == Kind::Malicious;
    malicious || least.rating().is_none_or(|least| finding.vulnerability.severity.rating >= least)
}

/// The inventory of several paths. With more than one, the files of each are told under its path.
pub fn inventory(paths: &[PathBuf], walk: &WalkArgs, io: &Io) -> Inventory {
    let mut options = Options { no_ignore: walk.no_ignore, ..Options::default() };
    options.limits.file_bytes = walk.max_file_size.saturating_mul(1 << 20);
    let progress = Mutex::new(Progress::new(io));
    let read = |done: usize, total: usize| {
        // Whoever finds the line busy goes on: the next one tells more.
        if let Ok(mut progress) = progress.try_lock() {
            progress.report("Reading files", done as u64, total as u64, false);
        }
    };
    if let [path] = paths {
        return trimtab_extract::scan_path_with(path, &options, &read);
    }
    let mut all = Inventory::default();
    for path in paths {
        let mut one = trimtab_extract::scan_path_with(path, &options, &read);
        let folder =
            if path.is_dir() { path.as_path() } else { path.parent().unwrap_or(Path::new("")) };
        let under = |file: &str| {
            let joined = folder.join(file);
            joined.to_string_lossy().trim_start_matches("./").replace('\\', "/").into_boxed_str()
        };
        for file in &mut one.files {
            file.path = under(&file.path);
            for diagnostic in &mut file.diagnostics {
                diagnostic.file = diagnostic.file.as_deref().map(under);
            }
        }
        for diagnostic in &mut one.diagnostics {
            diagnostic.file = diagnostic.file.as_deref().map(under);
        }
        all.files.append(&mut one.files);
        all.diagnostics.append(&mut one.diagnostics);
    }
    all.files.sort_by(|a, b| (&a.path, &a.format).cmp(&(&b.path, &b.format)));
    // A file that two of the paths reach is told once.
    all.files.dedup_by(|a, b| a.path == b.path && a.format == b.format);
    all.diagnostics.sort();
    all.diagnostics.dedup();
    all
}

/// A name for what is scanned: the folder's own name, even for `.`.
pub fn target(paths: &[PathBuf]) -> String {
    let name = |path: &PathBuf| {
        let full = std::fs::canonicalize(path).unwrap_or_else(|_| path.clone());
        full.file_name()
            .map_or_else(|| path.display().to_string(), |n| n.to_string_lossy().into_owned())
    };
    match paths {
        [] => String::new(),
        [path] => name(path),
        [first, rest @ ..] => format!("{} and {} more", name(first), rest.len()),
    }
}

/// The inventory alone, as a scan whose findings are unknown.
pub fn unmatched(paths: &[PathBuf], walk: &WalkArgs, io: &Io) -> Scan {
    Scan {
        target: target(paths).into(),
        inventory: inventory(paths, walk, io),
        index: None,
        findings: Vec::new(),
        unknowns: Vec::new(),
        weighing: None,
        diagnostics: Vec::new(),
    }
}

/// A diagnostic about a command line that asks for something that is not possible.
pub fn usage(message: impl Into<Box<str>>, help: &str) -> Diagnostic {
    Diagnostic::new(Code::Usage, message).help(help)
}
