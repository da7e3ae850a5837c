//! Not written yet.

use trimtab_model::{Diagnostic, FileInventory};

use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "podfile-lock",
    title: "Podfile.lock",
    family: None,
    kind: FormatKind::Lockfile,
    names: "Podfile.lock",
    claims: |_path| false,
    sniff: None,
    extract,
};

fn extract(_view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    Ok(FileInventory::default())
}
