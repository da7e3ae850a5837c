//! The format of a lockfile. Cargo writes an older one anew in its newest with the first change, which changes most lines and
//! which older releases do not read, unless the project says that such a release builds it. So the copy says that.

use toml_edit::DocumentMut;

use super::MANIFEST;
use crate::update::drive::Drive;
use crate::update::needs::format;
use crate::update::refusal::Reason;

/// A format, the earliest Rust to say for it, and the first for which cargo writes a later one; the minor numbers.
const FORMATS: &[(u8, u32, u32)] = &[(1, 31, 41), (2, 41, 53), (3, 53, 78)];
/// Editions, and the first Rust that has them.
const EDITIONS: &[(&str, u32)] = &[("2015", 0), ("2018", 31), ("2021", 56)];

/// Has the copy say that a Rust builds it whose cargo writes the format that the lockfile has. Whether it was to. What the
/// project says of Rust itself stays: then its format is what that Rust reads. The manifests get their own texts back.
pub(super) fn hold(drive: &Drive<'_>) -> Result<bool, Reason> {
    let Some(lockfile) = drive.text(super::LOCKFILE) else { return Ok(false) };
    let Some((_, least, below)) = FORMATS.iter().find(|(of, ..)| *of == format(&lockfile)) else {
        return Ok(false);
    };
    let manifests: Vec<(&String, String)> = drive
        .manifests
        .named(|name| name == MANIFEST)
        .filter_map(|(path, _)| Some((path, drive.scratch.read(path)?)))
        .collect();
    let root = drive.text(MANIFEST).and_then(|text| text.parse::<DocumentMut>().ok());
    let shared = root.as_ref().and_then(|root| root.get("workspace")?.get("package"));
    let texts: Vec<&str> = manifests.iter().map(|(_, text)| &**text).collect();
    if texts.iter().any(|text| tells_rust(text)) || shared.is_some_and(|p| p.get(RUST).is_some()) {
        return Ok(false);
    }
    if root.as_ref().is_some_and(asks_rust) {
        return Ok(false);
    }
    let edition = shared.and_then(|package| package.get("edition")?.as_str());
    let mut held = Vec::new();
    for (path, text) in &manifests {
        match with_rust(text, edition, *least, *below) {
            Some(text) => held.push((path, text)),
            // Of one package of a later edition all has a later format.
            None if is_package(text) => return Ok(false),
            None => {}
        }
    }
    for (path, text) in &held {
        drive.scratch.write(path, text).map_err(|e| Reason::Scratch(e.to_string()))?;
    }
    Ok(!held.is_empty())
}

/// Whether a project has cargo choose versions by the Rust that builds it: then none but its own is said.
fn asks_rust(root: &DocumentMut) -> bool {
    let third = |table: &str| {
        let resolver = root.get(table).and_then(|table| table.get("resolver"));
        resolver.and_then(|resolver| resolver.as_str()) == Some("3")
    };
    third("workspace") || third("package")
}

fn is_package(text: &str) -> bool {
    text.parse::<DocumentMut>().is_ok_and(|document| document.get("package").is_some())
}

const RUST: &str = "rust-version";

/// Whether a manifest says which Rust builds its package.
fn tells_rust(text: &str) -> bool {
    let Ok(document) = text.parse::<DocumentMut>() else { return true };
    document.get("package").is_some_and(|package| package.get(RUST).is_some())
}

/// A manifest of a package that says so. `None`: it is of none, or its edition is too new for the format.
fn with_rust(text: &str, shared: Option<&str>, least: u32, below: u32) -> Option<String> {
    let mut document: DocumentMut = text.parse().ok()?;
    let package = document.get_mut("package")?.as_table_like_mut()?;
    let edition = match package.get("edition") {
        None => "2015",
        Some(edition) => edition.as_str().or(shared)?,
    };
    let (_, first) = EDITIONS.iter().find(|(of, _)| *of == edition)?;
    let minor = least.max(*first);
    if minor >= below {
        return None;
    }
    package.insert(RUST, toml_edit::value(format!("1.{minor}")));
    Some(document.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_manifest_says_the_rust_of_the_format() {
        let of = |edition: &str, format: u8| {
            let (_, least, below) = FORMATS.iter().find(|(of, ..)| *of == format).unwrap();
            let text = format!("[package]\nname = \"a\"\n{edition}\n[dependencies]\nb = \"1\"\n");
            let text = with_rust(&text, Some("2018"), *least, *below)?;
            let document: DocumentMut = text.parse().unwrap();
            assert_eq!(document["dependencies"]["b"].as_str(), Some("1"));
            Some(document["package"][RUST].as_str().unwrap().to_owned())
        };
        assert_eq!(of("", 1).as_deref(), Some("1.31"));
        assert_eq!(of("edition = \"2018\"", 1).as_deref(), Some("1.31"));
        assert_eq!(of("edition.workspace = true", 2).as_deref(), Some("1.41"));
        assert_eq!(of("edition = \"2021\"", 3).as_deref(), Some("1.56"));
        // No cargo that knows the edition writes that format by itself.
        assert_eq!(of("edition = \"2021\"", 2), None);
        assert_eq!(of("edition = \"2024\"", 3), None);
        assert_eq!(with_rust("[workspace]\nmembers = []\n", None, 31, 41), None);
    }

    #[test]
    fn a_project_may_have_versions_chosen_by_its_rust() {
        let of = |text: &str| asks_rust(&text.parse().unwrap());
        assert!(of("[workspace]\nmembers = [\"a\"]\nresolver = \"3\"\n"));
        assert!(of("[package]\nname = \"a\"\nresolver = \"3\"\n"));
        assert!(!of("[package]\nname = \"a\"\nresolver = \"2\"\n"));
        assert!(is_package("[package]\nname = \"a\"\n") && !is_package("[workspace]\n"));
    }

    #[test]
    fn what_a_project_says_of_rust_is_its_own() {
        assert!(tells_rust("[package]\nname = \"a\"\nrust-version = \"1.85\"\n"));
        assert!(tells_rust("[package]\nname = \"a\"\nrust-version.workspace = true\n"));
        assert!(!tells_rust("[package]\nname = \"a\"\n"));
        assert!(tells_rust("[package"), "nobody knows");
    }
}
