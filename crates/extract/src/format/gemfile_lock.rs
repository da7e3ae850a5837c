//! Not written yet.

use trimtab_model::{Diagnostic, Family, FileInventory};

use crate::registry::{Format, FormatKind};
use crate::view::FileView;

/// See the module.
pub const FORMAT: Format = Format {
    id: "gemfile-lock",
    title: "Gemfile.lock and gems.locked",
    family: Some(Family::RubyGems),
    kind: FormatKind::Lockfile,
    names: "Gemfile.lock,gems.locked",
    claims: |_path| false,
    sniff: None,
    extract,
};

fn extract(_view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    Ok(FileInventory::default())
}
