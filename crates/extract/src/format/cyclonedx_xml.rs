//! Not written yet.

use trimtab_model::{Diagnostic, FileInventory};

use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "cyclonedx-xml",
    title: "CycloneDX XML",
    family: None,
    kind: FormatKind::Sbom,
    names: "bom.xml,*.cdx.xml",
    claims: |_path| false,
    sniff: None,
    extract,
};

fn extract(_view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    Ok(FileInventory::default())
}
