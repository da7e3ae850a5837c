//! The agreement as it was at a commit, read without a checkout.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use trimtab_charter::preset;
use trimtab_charter::project::{CHARTER_FILE, EXCEPTIONS_FILE, FILE};
use trimtab_connect::git;
use trimtab_engine::revision::Kind;
use trimtab_model::charter::Charter;
use trimtab_model::{Code, Diagnostic};

use super::{Agreed, Source, prefix, repository, utf8};

/// The files as they are in a commit.
struct Commit {
    top: PathBuf,
    reference: String,
    /// From the top of the repository to the folder of the agreement.
    prefix: String,
    /// What was read already; `None`: it is not there.
    known: BTreeMap<String, Option<Vec<u8>>>,
}

impl Source for Commit {
    fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, Diagnostic> {
        let path = self.rooted(name);
        if let Some(known) = self.known.get(&path) {
            return Ok(known.clone());
        }
        let found = git::at(&self.top, &self.reference, std::slice::from_ref(&path))?;
        Ok(found.into_iter().find(|(file, _)| *file == path).map(|(_, bytes)| bytes))
    }

    fn below(&self, name: &str, endings: &[&str]) -> Result<Vec<(String, Vec<u8>)>, Diagnostic> {
        let path = self.rooted(name.trim_start_matches("./").trim_end_matches('/'));
        let mut found = git::at(&self.top, &self.reference, std::slice::from_ref(&path))?;
        if found.is_empty() {
            let message = format!("`{}` does not exist", self.shown(name));
            return Err(Diagnostic::new(Code::ConfigMalformed, message).help(MENDS));
        }
        found.retain(|(file, _)| {
            let ending = file.rsplit_once('.').map(|(_, ending)| ending);
            *file == path || ending.is_some_and(|e| endings.contains(&e))
        });
        let relative = |file: String| file.strip_prefix(&self.prefix).unwrap_or(&file).to_owned();
        Ok(found.into_iter().map(|(file, bytes)| (relative(file), bytes)).collect())
    }

    fn shown(&self, name: &str) -> String {
        format!("{}:{}", self.reference, self.rooted(name))
    }

    fn rooted(&self, name: &str) -> String {
        format!("{}{}", self.prefix, name.trim_start_matches("./"))
    }
}

/// What to do where the agreement before cannot be read.
pub const MENDS: &str = "fix it there, or pass --agreement after for the change that fixes it";

/// Reads the agreement that held for a path at a commit. `charter` names a file or preset to use instead of
/// its own. `None`: nothing was agreed there.
///
/// # Errors
/// There is no such commit, or files say what is not possible.
pub fn read(
    path: &Path,
    reference: &str,
    charter: Option<&str>,
) -> Result<Option<Agreed>, Vec<Diagnostic>> {
    let start = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let start = if start.as_os_str().is_empty() { Path::new(".") } else { start };
    let top = repository(start);
    let way = prefix(&top, start);
    // The nearest folder on the way up that says anything, as in the tree.
    let mut folders = vec![String::new()];
    for (at, _) in way.match_indices('/') {
        folders.insert(0, way.get(..=at).unwrap_or_default().to_owned());
    }
    let wanted: Vec<String> = folders
        .iter()
        .flat_map(|f| [FILE, CHARTER_FILE, EXCEPTIONS_FILE].map(|name| format!("{f}{name}")))
        .collect();
    let found = git::at(&top, reference, &wanted).map_err(|e| vec![e])?;
    let mut known: BTreeMap<String, Option<Vec<u8>>> =
        wanted.into_iter().map(|name| (name, None)).collect();
    known.extend(found.into_iter().map(|(name, bytes)| (name, Some(bytes))));
    let says = |folder: &String| {
        let there = |name: &str| matches!(known.get(&format!("{folder}{name}")), Some(Some(_)));
        there(FILE) || there(CHARTER_FILE)
    };
    let Some(prefix) = folders.into_iter().find(says) else { return Ok(None) };
    let reference = reference.to_owned();
    let mut own = None;
    let mut files = Vec::new();
    if let Some(name) = charter {
        let (charter, file) = named(&top, &reference, name)?;
        own = Some(charter);
        files.extend(file);
    }
    // What is worth a warning was told when it came in.
    let place = super::place(path, &top.join(&prefix));
    let source = Box::new(Commit { top, reference, prefix, known });
    let mut agreed = super::from(source, own, &mut Vec::new())?;
    agreed.agreement.place = place;
    agreed.files.extend(files.into_iter().map(|(name, bytes)| (name, (Kind::Charter, bytes))));
    Ok(Some(agreed))
}

type File = (String, Vec<u8>);

/// A charter that the command line names: a file of the repository is read at the commit, where it was there.
fn named(
    top: &Path,
    reference: &str,
    name: &str,
) -> Result<(Charter, Option<File>), Vec<Diagnostic>> {
    if let Some(charter) = preset::get(name) {
        return Ok((charter, None));
    }
    let path = Path::new(name);
    let (file, bytes) = match own(top, reference, path).map_err(|e| vec![e])? {
        Some(mut found) if !found.is_empty() => found.remove(0),
        _ => (super::shown(path), super::bytes(path).map_err(|e| vec![e])?),
    };
    let text = utf8(bytes.clone(), &file).map_err(|e| vec![e])?;
    let (charter, _) = trimtab_charter::read(&format!("{reference}:{file}"), &text)?;
    Ok((charter, Some((file, bytes))))
}

/// The files at and below a path of the command line as they were at a commit. `None`: the path is not of
/// this repository.
///
/// # Errors
/// They cannot be read.
pub fn own(top: &Path, reference: &str, path: &Path) -> Result<Option<Vec<File>>, Diagnostic> {
    let Some(way) = from_top(top, path) else { return Ok(None) };
    Ok(Some(git::at(top, reference, &[way])?))
}

/// A path of the command line from the top of the repository. `None`: it is not of it.
pub fn from_top(top: &Path, path: &Path) -> Option<String> {
    let top = std::fs::canonicalize(top).ok()?;
    let full = std::fs::canonicalize(path).ok()?;
    let way = super::shown(full.strip_prefix(top).ok()?);
    (!way.is_empty()).then_some(way)
}
