//! `trimtab gate`: what the charter and the policies say about a repository or a change.

mod answer;
pub(super) mod ask;
mod judge;
mod judges;
mod past;
mod write;

use std::path::Path;

use trimtab_advisories::index::Index;
use trimtab_connect::git;
use trimtab_engine::gate::Before;
use trimtab_extract::MemoryFiles;
use trimtab_model::scan::Scan;
use trimtab_model::{Code, Diagnostic, Inventory};
use trimtab_report::gate as told;

use self::answer::Answer;
use self::judge::{Case, Judge};
use self::judges::Judges;
use super::{Outcome, scan};
use crate::agreement;
use crate::args::Gate;
use crate::args::output::pairs;
use crate::exit::Exit;
use crate::io::Io;
use crate::{history, index};

/// Runs the verb.
///
/// # Errors
/// The agreement, a policy or the index cannot be used, or there is nothing to compare with.
pub fn run(args: &Gate, io: &mut Io) -> Outcome {
    let outputs = pairs(args.format, &args.output)?;
    let index = index::open(&args.index, io)?;
    let mut history = history::open(&args.history)?;
    let after = Judge::of_tree(args, io)?;
    if let Some(count) = args.dry_run {
        return past::run(args, &after, &index, count, io);
    }
    let judges = Judges::of(args, after, io)?;
    let now = agreement::moment(args.now.as_deref())?;
    let inventory = scan::inventory(std::slice::from_ref(&args.path), &args.walk, io);
    let target = scan::target(std::slice::from_ref(&args.path));
    let scan = scan::of_inventory(target, inventory, &index)?;
    let before = match &args.against {
        None => None,
        Some(against) => Some(Before::of(&before(&args.path, against, &index)?)),
    };
    if let Some(history) = &mut history {
        history.record(&scan, now, io)?;
    }
    let metadata = ask::all(args, &scan, before.as_ref(), now, io);
    let case = Case {
        before: before.as_ref(),
        only_new: before.is_some() && !args.all,
        history: history.as_ref(),
        metadata: &metadata,
        index: &index,
        now,
    };
    let answer = Answer::of(&judges, args.against.as_deref(), scan, &case, io)?;
    write::all(&outputs, &answer, args.verbose, io)?;
    Ok(exit(&answer))
}

/// The state to compare with: a saved scan, or a commit. Both are matched with the index of today, so
/// that an advisory of last night is nobody's change.
pub(super) fn before(folder: &Path, against: &str, index: &Index) -> Result<Scan, Diagnostic> {
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
    at_commit(folder, against, index)
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

fn exit(answer: &Answer) -> Exit {
    match answer.told.outcome {
        told::Outcome::Pass => Exit::Clean,
        told::Outcome::Fail => Exit::Violated,
        told::Outcome::NotYetKnown => Exit::Incomplete,
    }
}
