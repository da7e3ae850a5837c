//! Not written yet.

use trimtab_model::{Diagnostic, Family, FileInventory};

use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "pnpm-lock",
    title: "pnpm-lock.yaml",
    family: Some(Family::Npm),
    kind: FormatKind::Lockfile,
    names: "pnpm-lock.yaml",
    claims: |_path| false,
    sniff: None,
    extract,
};

fn extract(_view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    Ok(FileInventory::default())
}
