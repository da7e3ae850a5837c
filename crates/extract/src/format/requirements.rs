//! Not written yet.

use trimtab_model::{Diagnostic, Family, FileInventory};

use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "requirements",
    title: "requirements files of pip",
    family: Some(Family::PyPI),
    kind: FormatKind::Manifest,
    names: "requirements*.txt,requirements/*.txt",
    claims: |_path| false,
    sniff: None,
    extract,
};

fn extract(_view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    Ok(FileInventory::default())
}
