//! Not written yet.

use trimtab_model::{Diagnostic, FileInventory};

use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "spdx3-json",
    title: "SPDX 3 JSON-LD",
    family: None,
    kind: FormatKind::Sbom,
    names: "*.spdx3.json,*.spdx.json",
    claims: |_path| false,
    sniff: None,
    extract,
};

fn extract(_view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    Ok(FileInventory::default())
}
