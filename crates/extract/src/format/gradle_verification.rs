//! Not written yet.

use trimtab_model::{Diagnostic, Family, FileInventory};

use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "gradle-verification",
    title: "Gradle verification-metadata.xml",
    family: Some(Family::Maven),
    kind: FormatKind::Lockfile,
    names: "gradle/verification-metadata.xml",
    claims: |_path| false,
    sniff: None,
    extract,
};

fn extract(_view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    Ok(FileInventory::default())
}
