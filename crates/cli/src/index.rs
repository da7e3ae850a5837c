//! Where the advisory index lies, and opening it.

use std::path::PathBuf;

use trimtab_advisories::index::Index;
use trimtab_model::{Code, Diagnostic};

use crate::args::IndexArgs;
use crate::io::Io;

/// The file name of the index in the data folder.
const NAME: &str = "advisories.index";

/// The index that a run uses.
///
/// # Errors
/// None is named and the system has no place for data.
pub fn path(args: &IndexArgs, io: &Io) -> Result<PathBuf, Diagnostic> {
    if let Some(path) = &args.db {
        return Ok(path.clone());
    }
    io.data_folder.as_ref().map(|folder| folder.join(NAME)).ok_or_else(|| {
        Diagnostic::new(Code::Usage, "there is no folder for user data on this system")
            .help("name the index with --db FILE or TRIMTAB_DB")
    })
}

/// Opens the index that a run uses.
///
/// # Errors
/// There is none, or it cannot be used; the diagnostic says what mends it.
pub fn open(args: &IndexArgs, io: &Io) -> Result<Index, Diagnostic> {
    Index::open(&path(args, io)?).map_err(|e| e.diagnostic())
}
