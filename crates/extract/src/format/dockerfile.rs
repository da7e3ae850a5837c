//! Not written yet.

use trimtab_model::{Diagnostic, FileInventory};

use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "dockerfile",
    title: "Dockerfile (base images)",
    family: None,
    kind: FormatKind::Configuration,
    names: "Dockerfile,*.dockerfile,Containerfile",
    claims: |_path| false,
    sniff: None,
    extract,
};

fn extract(_view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    Ok(FileInventory::default())
}
