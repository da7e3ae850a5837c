//! The sample organisation, as part of the program: `examples/` as it stands in the repository.

use std::path::Path;

use jiff::civil::Date;
use serde_json::Value;
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

/// Where the catalogue of exploited vulnerabilities lies in the folder of advisories.
const KEV: &str = "kev/known_exploited_vulnerabilities.json";

/// Moves all days of the catalogue of exploited vulnerabilities by as many, so that it is of a given one: a made year
/// that ends today has a catalogue that reaches into it.
///
/// # Errors
/// The catalogue cannot be read or written.
pub fn date_catalogue(folder: &Path, to: Date) -> std::io::Result<()> {
    let file = folder.join(KEV);
    let mut catalogue: Value = serde_json::from_slice(&std::fs::read(&file)?)?;
    let day = |is: &Value| is.as_str().and_then(|is| is.get(..10)?.parse::<Date>().ok());
    let Some(from) = day(&catalogue["dateReleased"]) else { return Ok(()) };
    let by = to - from;
    let moved = |is: &Value| day(is)?.checked_add(by).ok().map(|day| day.to_string());
    for entry in catalogue["vulnerabilities"].as_array_mut().into_iter().flatten() {
        for name in ["dateAdded", "dueDate"] {
            if let Some(day) = moved(&entry[name]) {
                entry[name] = day.into();
            }
        }
    }
    catalogue["catalogVersion"] = to.strftime("%Y.%m.%d").to_string().into();
    catalogue["dateReleased"] = format!("{to}T00:00:00Z").into();
    std::fs::write(&file, catalogue.to_string())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_catalogue_is_dated_anew_with_all_its_days() {
        let folder = tempfile::tempdir().unwrap();
        write_advisories(folder.path()).unwrap();
        let read = || -> Value {
            serde_json::from_slice(&std::fs::read(folder.path().join(KEV)).unwrap()).unwrap()
        };
        let of = |catalogue: &Value, name: &str| {
            let all = catalogue["vulnerabilities"].as_array().unwrap();
            let is = all.iter().find(|is| is["cveID"] == "CVE-2025-55182").unwrap();
            is[name].as_str().unwrap().parse::<Date>().unwrap()
        };
        let before = read();
        let released = before["dateReleased"].as_str().unwrap()[..10].parse::<Date>().unwrap();
        let to = "2028-03-01".parse::<Date>().unwrap();
        date_catalogue(folder.path(), to).unwrap();
        let after = read();
        assert_eq!(after["catalogVersion"], "2028.03.01");
        for name in ["dateAdded", "dueDate"] {
            let apart = |day: Date, of: Date| (day - of).get_days();
            assert_eq!(apart(to, of(&after, name)), apart(released, of(&before, name)), "{name}");
        }
        assert_eq!(before["count"], after["vulnerabilities"].as_array().unwrap().len());
    }
}
