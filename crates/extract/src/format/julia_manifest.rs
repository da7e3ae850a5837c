//! Not written yet.

use trimtab_model::{Diagnostic, Family, FileInventory};

use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "julia-manifest",
    title: "Julia Manifest.toml",
    family: Some(Family::Julia),
    kind: FormatKind::Lockfile,
    names: "Manifest.toml,Manifest-v*.toml",
    claims: |_path| false,
    sniff: None,
    extract,
};

fn extract(_view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    Ok(FileInventory::default())
}
