//! The sample organisation, as part of the program: `examples/` as it stands in the repository.

use std::path::Path;
use trimtab_charter::project;
use trimtab_decisions::exceptions;
use trimtab_engine::repository::{Agreement, Place};
use trimtab_model::Diagnostic;
use trimtab_model::decision::Decisions;

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

/// The charter's text.
pub fn charter() -> String {
    let file = Services::get(project::CHARTER_FILE);
    file.map(|f| String::from_utf8_lossy(&f.data).into_owned()).unwrap_or_default()
}

/// What the organisation agreed on.
///
/// # Errors
/// The sample's own files are wrong; a test sees to it that they are not.
pub fn agreement() -> Result<Agreement, Vec<Diagnostic>> {
    let text = |name: &str| {
        Services::get(name)
            .map(|f| String::from_utf8_lossy(&f.data).into_owned())
            .unwrap_or_default()
    };
    let (charter, _) = trimtab_charter::read(project::CHARTER_FILE, &text(project::CHARTER_FILE))?;
    let (project, _) = project::read(project::FILE, &text(project::FILE), &charter)?;
    let (Decisions { exceptions, not_affected }, _) =
        exceptions::read(&text(project::EXCEPTIONS_FILE), project::EXCEPTIONS_FILE);
    Ok(Agreement {
        charter,
        project,
        exceptions,
        not_affected,
        statements: Vec::new(),
        place: Place::Whole,
    })
}
