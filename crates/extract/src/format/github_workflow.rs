//! Not written yet.

use trimtab_model::{Diagnostic, Family, FileInventory};

use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "github-workflow",
    title: "GitHub workflows and actions",
    family: Some(Family::GitHubActions),
    kind: FormatKind::Configuration,
    names: ".github/workflows/*.yml,action.yml",
    claims: |_path| false,
    sniff: None,
    extract,
};

fn extract(_view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    Ok(FileInventory::default())
}
