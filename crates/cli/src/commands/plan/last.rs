//! The plan that was made last of a repository, kept in the data folder: what `apply` carries out where no file is named.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use sha2::{Digest, Sha256};
use trimtab_report::plan::json::{self, Document};

use crate::agreement;
use crate::io::Io;

/// Where it is kept. `None`: the system has no place for data, or there is no such folder.
pub(in crate::commands) fn place(folder: &Path, io: &Io) -> Option<PathBuf> {
    let root = fs::canonicalize(agreement::repository(folder)).ok()?;
    let digest = Sha256::digest(root.as_os_str().as_encoded_bytes());
    let name: String = digest.iter().take(12).map(|byte| format!("{byte:02x}")).collect();
    Some(io.data_folder.as_ref()?.join("plans").join(format!("{name}.json")))
}

/// The plan. `None`: there is none, or it is of another shape, as an older build wrote it.
pub(super) fn read(folder: &Path, io: &Io) -> Option<Document> {
    json::read(&fs::read_to_string(place(folder, io)?).ok()?).ok()
}

/// Keeps it. A plan that cannot be kept is a plan all the same: that is told.
pub(super) fn keep(folder: &Path, document: &Document, io: &mut Io) {
    let Some(place) = place(folder, io) else { return };
    let mut text = Vec::new();
    let kept = json::write(document, &mut text).and_then(|()| whole(&place, &text));
    if let Err(error) = kept {
        io.err(&format!(
            "The plan could not be saved for `trimtab apply`: {}: {error}\n",
            place.display()
        ));
    }
}

/// Writes a file of the data folder: whole or not at all, whenever the process ends.
pub(super) fn whole(place: &Path, text: &[u8]) -> io::Result<()> {
    place.parent().map_or(Ok(()), fs::create_dir_all)?;
    let aside = place.with_extension(format!("part-{}", std::process::id()));
    fs::write(&aside, text)?;
    fs::rename(&aside, place)
}
