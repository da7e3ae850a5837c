//! Packages of the project itself whose version only their build tells (`dynamic = ["version"]`). Where another one of the
//! workspace asks for such a package, uv would build it to lock, also where nothing is to be built; and a copy without git
//! cannot be. So the copy says some version, and the lockfile says none in the end, as before.

use toml_edit::{DocumentMut, Table};

use crate::update::drive::Drive;
use crate::update::edit::toml::changed;
use crate::update::python::MANIFEST;
use crate::update::refusal::Reason;
use crate::update::requirement::same;

/// What the copy says where the lockfile has no version.
const ANY: &str = "0.0.0";

/// Has the copy say the versions of such packages. Returns their names. The manifests get their own texts back.
pub(super) fn tell(drive: &Drive<'_>, lockfile: &str) -> Result<Vec<String>, Reason> {
    let mut told = Vec::new();
    for (path, _) in drive.manifests.named(|name| name == MANIFEST) {
        let Some(text) = drive.scratch.read(path) else { continue };
        let Some((name, text)) = versioned(&text, lockfile) else { continue };
        drive.scratch.write(path, &text).map_err(|e| Reason::Scratch(format!("{path}: {e}")))?;
        told.push(name);
    }
    Ok(told)
}

/// A manifest with a version where its build tells that alone, and the name of its package. `None`: that is not so.
fn versioned(text: &str, lockfile: &str) -> Option<(String, String)> {
    let document: DocumentMut = text.parse().ok()?;
    let project = document.get("project")?.as_table_like()?;
    let name = project.get("name")?.as_str()?.to_owned();
    let dynamic = project.get("dynamic")?.as_array()?;
    if !dynamic.iter().any(|what| what.as_str() == Some("version")) {
        return None;
    }
    let version = locked(lockfile, &name).unwrap_or_else(|| ANY.to_owned());
    let text = changed(text, MANIFEST, |document| {
        let project = document.get_mut("project")?.as_table_like_mut()?;
        let dynamic = project.get_mut("dynamic")?.as_array_mut()?;
        dynamic.retain(|what| what.as_str() != Some("version"));
        project.insert("version", toml_edit::value(version));
        Some(())
    });
    Some((name, text.ok()?))
}

/// The version that a lockfile has of a package of the project.
fn locked(lockfile: &str, name: &str) -> Option<String> {
    let document: DocumentMut = lockfile.parse().ok()?;
    let packages = document.get("package")?.as_array_of_tables()?;
    let is_own = |package: &&Table| {
        let source = package.get("source").and_then(|source| source.as_inline_table());
        let is_here =
            source.is_some_and(|s| s.contains_key("editable") || s.contains_key("virtual"));
        is_here && package.get("name").and_then(|n| n.as_str()).is_some_and(|n| same(n, name))
    };
    let package = packages.iter().find(is_own)?;
    Some(package.get("version")?.as_str()?.to_owned())
}

/// A lockfile without the versions that were told, and with the extras of those packages in the order of before.
pub(super) fn forgotten(told: &[String], before: &str, after: &str) -> String {
    let mut out = String::with_capacity(after.len());
    for block in blocks(after) {
        let is_told = |name: &&str| is_own(block) && told.iter().any(|told| same(told, name));
        let Some(name) = name(block).filter(is_told) else {
            out.push_str(block);
            continue;
        };
        let was = blocks(before).find(|block| self::name(block) == Some(name)).unwrap_or_default();
        let has_version = was.lines().any(|line| line.starts_with("version = "));
        let extras = was.lines().find(|line| line.starts_with(EXTRAS));
        for line in block.split_inclusive('\n') {
            match extras {
                _ if line.starts_with("version = ") && !has_version => {}
                Some(extras) if line.starts_with(EXTRAS) && sorted(line) == sorted(extras) => {
                    out.push_str(extras);
                    out.push_str(line.get(line.trim_end().len()..).unwrap_or("\n"));
                }
                _ => out.push_str(line),
            }
        }
    }
    out
}

/// Whether a block is of a package of the project, and not of one of that name that a registry has.
fn is_own(block: &str) -> bool {
    const OWN: &[&str] = &["editable", "virtual", "directory"];
    let sources = block.lines().filter_map(|line| line.strip_prefix("source = {"));
    sources.map(str::trim_start).any(|source| OWN.iter().any(|kind| source.starts_with(kind)))
}

const EXTRAS: &str = "provides-extras = [";

/// The names of a line of extras, in order.
fn sorted(line: &str) -> Vec<&str> {
    let mut all: Vec<&str> = line.split('"').skip(1).step_by(2).collect();
    all.sort_unstable();
    all
}

/// The text before the first package, and each package with what is of it.
fn blocks(lockfile: &str) -> impl Iterator<Item = &str> {
    const MARK: &str = "[[package]]\n";
    let mut rest = Some(lockfile);
    std::iter::from_fn(move || {
        let text = rest?;
        let next = text.get(1..).and_then(|after| after.find(MARK)).map(|at| at + 1);
        let (block, left) = match next {
            Some(at) => (text.get(..at)?, text.get(at..)),
            None => (text, None),
        };
        rest = left;
        Some(block)
    })
}

fn name(block: &str) -> Option<&str> {
    let line = block.lines().find_map(|line| line.strip_prefix("name = "))?;
    block.starts_with("[[package]]").then(|| line.trim_matches('"'))
}

#[cfg(test)]
mod tests {
    use super::*;

    const LOCK: &str = "version = 1\n\n[[package]]\nname = \"demo\"\nsource = { editable = \".\" }\n\n\
        [package.metadata]\nprovides-extras = [\"b\", \"a\"]\n\n[[package]]\nname = \"idna\"\nversion = \"3.4\"\n";

    #[test]
    fn a_version_that_its_build_tells_is_said() {
        let text = "[project]\nname = \"demo\"\ndynamic = [\"version\", \"readme\"]\n";
        let (name, told) = versioned(text, LOCK).unwrap();
        let document: DocumentMut = told.parse().unwrap();
        assert_eq!(name, "demo");
        assert_eq!(document["project"]["version"].as_str(), Some("0.0.0"));
        assert_eq!(document["project"]["dynamic"].as_array().unwrap().len(), 1);
        let locked = LOCK.replace("source", "version = \"1.2\"\nsource");
        assert!(versioned(text, &locked).unwrap().1.contains("\"1.2\""));
        assert_eq!(versioned("[project]\nname = \"demo\"\nversion = \"1\"\n", LOCK), None);
        assert_eq!(versioned("[tool.uv]\n", LOCK), None);
    }

    #[test]
    fn the_lockfile_does_not_keep_what_was_told() {
        let after = LOCK
            .replace("source", "version = \"0.0.0\"\nsource")
            .replace("[\"b\", \"a\"]", "[\"a\", \"b\"]")
            .replace("3.4", "3.7");
        let told = ["demo".to_owned()];
        assert_eq!(forgotten(&told, LOCK, &after), LOCK.replace("3.4", "3.7"));
        assert_eq!(forgotten(&[], LOCK, &after), after);
        // Of that name elsewhere, as a template of the project may have one.
        let elsewhere =
            after.replace("{ editable = \".\" }", "{ registry = \"https://registry.example\" }");
        assert_eq!(forgotten(&told, "version = 1\n", &elsewhere), elsewhere);
    }
}
