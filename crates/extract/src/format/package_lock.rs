//! Not written yet.

use trimtab_model::{Diagnostic, Family, FileInventory};

use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "package-lock",
    title: "npm package-lock.json and npm-shrinkwrap.json",
    family: Some(Family::Npm),
    kind: FormatKind::Lockfile,
    names: "package-lock.json,npm-shrinkwrap.json",
    claims: |_path| false,
    sniff: None,
    extract,
};

fn extract(_view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    Ok(FileInventory::default())
}
