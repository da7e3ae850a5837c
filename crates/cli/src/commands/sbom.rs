//! `trimtab sbom`: the inventory alone, and work with SBOMs that exist.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};
use trimtab_model::scan::Scan;
use trimtab_model::{Code, Inventory};
use trimtab_report::sbom::{check, diff, merge};

use super::{Outcome, scan};
use crate::args::{self, IndexArgs, SbomVerb, WalkArgs};
use crate::exit::Exit;
use crate::io::Io;
use crate::output::{Format, Output};
use crate::{index, say};

/// How SBOMs that exist are read: as a scan reads files that are named.
const WALK: WalkArgs = WalkArgs { no_ignore: false, max_file_size: 512 };

/// Runs the verb.
///
/// # Errors
/// The output cannot be written, or an SBOM cannot be read.
pub fn run(args: &args::Sbom, io: &mut Io) -> Outcome {
    match &args.verb {
        None => {
            let scan = scan::unmatched(&args.paths, &args.walk, io);
            let exit = write(&scan, args.format, args.output.clone(), args.verbose, io);
            // As at the end of a scan: the process ends here.
            std::mem::forget(scan);
            exit
        }
        Some(SbomVerb::Convert { file, format, output }) => {
            write(&one(file, io), *format, output.clone(), false, io)
        }
        Some(SbomVerb::Diff { a, b, index, json }) => run_diff(a, b, index, *json, io),
        Some(SbomVerb::Merge { files, format, output }) => {
            write(&merged(files, io), *format, output.clone(), false, io)
        }
        Some(SbomVerb::Check { file, json, min_score }) => run_check(file, *json, *min_score, io),
    }
}

fn write(
    scan: &Scan,
    format: Format,
    file: Option<PathBuf>,
    verbose: bool,
    io: &mut Io,
) -> Outcome {
    scan::finish(scan, &Output { all: vec![(format, file)], verbose }, None, io)
}

fn one(path: &Path, io: &Io) -> Scan {
    scan::unmatched(&[path.to_path_buf()], &WALK, io)
}

fn merged(paths: &[PathBuf], io: &Io) -> Scan {
    let parts: Vec<(Box<str>, Inventory)> =
        paths.iter().map(|path| (path.to_string_lossy().into(), one(path, io).inventory)).collect();
    Scan { target: scan::target(paths).into(), inventory: merge::merge(parts), ..one_of_nothing() }
}

fn one_of_nothing() -> Scan {
    Scan {
        target: "".into(),
        inventory: Inventory::default(),
        index: None,
        findings: Vec::new(),
        unknowns: Vec::new(),
        weighing: None,
        diagnostics: Vec::new(),
    }
}

/// With an index, findings are compared too; without one, they are said to be unknown.
fn run_diff(a: &Path, b: &Path, args: &IndexArgs, as_json: bool, io: &mut Io) -> Outcome {
    let (before, after) = (one(a, io), one(b, io));
    let (before, after) = match index::open(args, io) {
        Ok(index) => {
            let matched =
                |scan: Scan| scan::of_inventory(scan.target.to_string(), scan.inventory, &index);
            (matched(before)?, matched(after)?)
        }
        // Asked for by name, it must be usable.
        Err(problem) if args.db.is_some() || problem.code != Code::IndexMissing => {
            return Err(problem);
        }
        Err(_) => (before, after),
    };
    let problems = before.inventory.all_diagnostics().chain(after.inventory.all_diagnostics());
    say::diagnostics(io, problems, false);
    let diff = diff::diff(&before, &after);
    if as_json {
        io.out(&format!("{:#}\n", diff_json(&diff)));
    } else {
        io.out(&diff.to_string());
    }
    Ok(if before.is_incomplete() || after.is_incomplete() { Exit::Incomplete } else { Exit::Clean })
}

fn diff_json(diff: &diff::Diff) -> Value {
    let purls =
        |list: &[trimtab_model::Purl]| list.iter().map(ToString::to_string).collect::<Vec<_>>();
    let affected = |list: &[diff::Affected]| -> Value {
        list.iter().map(|a| json!({"vulnerability": a.id, "purl": a.purl.to_string()})).collect()
    };
    let known = diff.findings_known;
    json!({
        "added": purls(&diff.added),
        "removed": purls(&diff.removed),
        "changed": diff.changed.iter().map(|c| json!({
            "package": c.package.to_string(), "from": c.from, "to": c.to, "downgrade": c.is_downgrade,
        })).collect::<Vec<_>>(),
        "relicensed": diff.relicensed.iter().map(|r| json!({
            "purl": r.purl.to_string(), "from": r.from, "to": r.to,
        })).collect::<Vec<_>>(),
        // Without an index, findings are unknown, not none.
        "findings_appeared": if known { affected(&diff.appeared) } else { Value::Null },
        "findings_gone": if known { affected(&diff.gone) } else { Value::Null },
    })
}

fn run_check(file: &Path, as_json: bool, min_score: Option<u8>, io: &mut Io) -> Outcome {
    let scan = one(file, io);
    say::diagnostics(io, scan.inventory.all_diagnostics(), false);
    let check = check::check(&scan.inventory);
    if as_json {
        let outcomes: Vec<Value> = check
            .outcomes
            .iter()
            .map(|o| {
                json!({
                    "id": o.rule.id,
                    "title": o.rule.title,
                    "ntia_2021": o.rule.ntia,
                    "cisa_2025": o.rule.cisa,
                    "weight": o.rule.weight,
                    "met": o.met,
                    "of": o.of,
                    "missing": o.missing.iter().map(ToString::to_string).collect::<Vec<_>>(),
                })
            })
            .collect();
        let value = json!({"score": check.score, "ntia_2021": check.ntia, "cisa_2025": check.cisa, "elements": outcomes});
        io.out(&format!("{value:#}\n"));
    } else {
        io.out(&check.to_string());
    }
    Ok(if scan.is_incomplete() {
        Exit::Incomplete
    } else if min_score.is_some_and(|least| check.score < u32::from(least)) {
        Exit::Violated
    } else {
        Exit::Clean
    })
}
