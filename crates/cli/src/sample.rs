//! The sample organisation, as part of the program: `examples/` as it stands in the repository.

use std::path::Path;

use rust_embed::RustEmbed;
use trimtab_extract::MemoryFiles;

/// The organisation's services: manifests and lockfiles that real package managers made.
#[derive(RustEmbed)]
#[folder = "../../examples/harbour"]
struct Services;

/// Advisories about what they use, in OSV form, with KEV, EPSS and lifecycle.
#[derive(RustEmbed)]
#[folder = "../../examples/advisories"]
struct Advisories;

/// The name of the organisation.
pub const NAME: &str = "Harbour & Lane";

/// The services' files, held in memory.
pub fn services() -> MemoryFiles {
    let mut files = MemoryFiles::default();
    for path in Services::iter() {
        if let Some(file) = Services::get(&path) {
            files.insert(&path, &file.data);
        }
    }
    files
}

/// Writes the advisories to a folder, from which an index is built as from any other.
///
/// # Errors
/// Writing fails.
pub fn write_advisories(folder: &Path) -> std::io::Result<()> {
    for path in Advisories::iter() {
        let target = folder.join(&*path);
        if let (Some(file), Some(parent)) = (Advisories::get(&path), target.parent()) {
            std::fs::create_dir_all(parent)?;
            std::fs::write(&target, &file.data)?;
        }
    }
    Ok(())
}
