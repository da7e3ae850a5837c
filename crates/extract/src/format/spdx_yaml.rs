//! Not written yet.

use trimtab_model::{Diagnostic, FileInventory};

use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "spdx-yaml",
    title: "SPDX 2 YAML",
    family: None,
    kind: FormatKind::Sbom,
    names: "*.spdx.yaml,*.spdx.yml",
    claims: |_path| false,
    sniff: None,
    extract,
};

fn extract(_view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    Ok(FileInventory::default())
}
