//! Not written yet.

use trimtab_model::{Diagnostic, Family, FileInventory};

use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "csproj",
    title: ".NET project files (with Directory.Packages.props)",
    family: Some(Family::NuGet),
    kind: FormatKind::Manifest,
    names: "*.csproj,*.fsproj,*.vbproj",
    claims: |_path| false,
    sniff: None,
    extract,
};

fn extract(_view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    Ok(FileInventory::default())
}
