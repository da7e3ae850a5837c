//! What a confirmed proposal changes.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use trimtab_model::Purl;

use super::scratch::Scratch;

/// One file that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Its path below the root of the copy, with `/`.
    pub path: String,
    /// Its bytes before. `None`: it is new.
    pub before: Option<Vec<u8>>,
    /// Its bytes after. `None`: it is removed.
    pub after: Option<Vec<u8>>,
}

impl Change {
    /// The unified diff, as `git apply` reads it. Bytes that are not UTF-8 are shown as such.
    pub fn diff(&self) -> String {
        let text = |bytes: &Option<Vec<u8>>| {
            String::from_utf8_lossy(bytes.as_deref().unwrap_or_default()).into_owned()
        };
        let name = |side: &str, bytes: &Option<Vec<u8>>| match bytes {
            Some(_) => format!("{side}/{}", self.path),
            None => "/dev/null".to_owned(),
        };
        let (before, after) = (text(&self.before), text(&self.after));
        similar::TextDiff::from_lines(&before, &after)
            .unified_diff()
            .context_radius(3)
            .header(&name("a", &self.before), &name("b", &self.after))
            .to_string()
    }

    /// The lines that differ, as in a diff: `-` and the line before, `+` and the line after.
    pub fn lines(&self) -> Vec<String> {
        let diff = self.diff();
        // Two lines say the names.
        let lines = diff.lines().skip(2).filter(|line| line.starts_with(['-', '+']));
        lines.map(str::to_owned).collect()
    }
}

/// Files that differ, by path.
pub(crate) fn between(
    before: &BTreeMap<String, Vec<u8>>,
    after: &BTreeMap<String, Vec<u8>>,
) -> Vec<Change> {
    let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    paths
        .into_iter()
        .filter(|path| before.get(*path) != after.get(*path))
        .map(|path| Change {
            path: path.clone(),
            before: before.get(path).cloned(),
            after: after.get(path).cloned(),
        })
        .collect()
}

/// A program that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// The program and its arguments, as one would type them.
    pub line: String,
    /// How long it took.
    pub time: Duration,
    /// Whether it ended well.
    pub well: bool,
}

/// A proposal that the resolver of its ecosystem can carry out.
#[derive(Debug)]
pub struct Confirmed {
    /// The copy of the project as it is afterwards: to read its lockfiles, to run its tests, or to
    /// confirm the next proposal on top of this one.
    pub scratch: Scratch,
    /// The manifests and lockfiles that change, by path.
    pub changes: Vec<Change>,
    /// What is chosen afterwards, of a tool without a lockfile.
    pub packages: Option<Vec<Purl>>,
    /// Packages that come in, by name and version, of which no wheel fits the Python that runs here: to install
    /// them runs a build. Of uv, which locks for other machines too.
    pub unfit: Vec<(String, String)>,
    /// Files of which a part was left out when it was resolved, as what it asks for would have to be built: a
    /// repository, an archive, a folder that does not declare its dependencies. Of pip.
    pub unread: Vec<String>,
    /// Packages that stay, by name and version, and of which it is not known what they require of what moves, as they have no
    /// wheel. Of pip and pip-tools.
    pub unasked: Vec<(String, String)>,
    /// What was run.
    pub commands: Vec<Ran>,
    /// How long all of it took.
    pub time: Duration,
}

impl Confirmed {
    /// The unified diff of all files.
    pub fn diff(&self) -> String {
        self.changes.iter().map(Change::diff).collect()
    }
}
