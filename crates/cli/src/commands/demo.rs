//! `trimtab demo`: the main job on a small sample organisation, with no network and nothing else
//! installed. The sample is part of the program; its index is built in a folder that goes away.

use std::path::{Path, PathBuf};

use trimtab_advisories::Sources;
use trimtab_advisories::index::{self, Index};
use trimtab_engine::repository;
use trimtab_model::evidence::Fact;
use trimtab_model::{Code, Diagnostic};

use super::{Outcome, scan};
use crate::agreement;
use crate::args;
use crate::io::Io;
use crate::output::Output;
use crate::sample;

/// When the sample's findings were detected, for their deadlines.
const SEEN: &str = "2026-02-02T09:00:00Z";

/// Runs the verb.
///
/// # Errors
/// The temporary folder or the output cannot be written.
pub fn run(args: &args::Demo, io: &mut Io) -> Outcome {
    let output = Output::of(&args.output)?;
    let folder = Temporary::new()?;
    sample::write_advisories(&folder.0).map_err(|e| unwritable(&folder.0, &e))?;
    let path = folder.0.join("demo.index");
    index::build(&Sources::beside(&folder.0), &path, &mut ()).map_err(|e| {
        Diagnostic::new(Code::Usage, format!("the sample's index cannot be built: {e}"))
    })?;
    let index = Index::open(&path).map_err(|e| e.diagnostic())?;
    let inventory = trimtab_extract::scan_files(&sample::services());
    let mut scan = scan::of_inventory(sample::NAME.to_owned(), inventory, &index)?;
    // As if everything had been detected on the day of the sample's scores.
    let seen = SEEN.parse().map_err(|_| Diagnostic::new(Code::Usage, "the sample has no day"))?;
    let agreement = sample::agreement().map_err(|p| agreement::told(p, io))?;
    let (weighing, _) = repository::weigh(
        &scan,
        &agreement,
        &|_| Some(Fact { value: seen, source: "the sample".into() }),
        seen,
    )?;
    scan.weighing = Some(weighing);
    let exit = scan::finish(&scan, &output, None, io)?;
    if output.shows_table() {
        io.err(
            "\nA sample: three services of a ferry company by their own charter, as if all had been\n\
             detected on 2026-02-02.\n\
             Next: trimtab db update, then trimtab scan PATH.\n",
        );
    }
    Ok(exit)
}

/// A folder that goes away with the value.
struct Temporary(PathBuf);

impl Temporary {
    fn new() -> Result<Temporary, Diagnostic> {
        let base = std::env::temp_dir();
        // Others may hold a name already: the first that can be made is ours alone.
        for attempt in 0..1000 {
            let folder = base.join(format!("trimtab-demo-{}-{attempt}", std::process::id()));
            match std::fs::create_dir(&folder) {
                Ok(()) => return Ok(Temporary(folder)),
                Err(e) if e.kind() == std::io::ErrorKind::AlreadyExists => {}
                Err(e) => return Err(unwritable(&base, &e)),
            }
        }
        Err(unwritable(&base, &std::io::Error::other("too many folders of this name")))
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn unwritable(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(Code::Usage, format!("`{}` cannot be written: {error}", path.display()))
        .help("set TMPDIR to a folder that you may write to")
}
