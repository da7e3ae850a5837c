//! How a project is tested: as its settings say, else as its files look.

use std::path::{Path, PathBuf};

use super::runner::{RUNNERS, Runner};

/// How a project is tested.
#[derive(Clone)]
pub struct Command {
    /// The folder of the copy that it runs in.
    pub(crate) folder: PathBuf,
    pub(crate) kind: Kind,
    /// Whether `go test` is kept from running `go vet` first.
    pub(crate) unvetted: bool,
}

#[derive(Clone)]
pub(crate) enum Kind {
    /// Lines of the settings, for the system's shell: to fetch, and to test.
    Told { fetch: Option<String>, test: String },
    /// As projects of its kind usually are; what is fetched may be told.
    Usual { fetch: Option<String>, runner: &'static Runner },
}

impl Command {
    /// As settings say: a line to test, and one that fetches what tests need. Without the latter it
    /// is done as the package manager usually does.
    pub fn told(folder: &Path, fetch: Option<&str>, test: &str) -> Command {
        let kind = Kind::Told { fetch: fetch.map(Into::into), test: test.to_owned() };
        Command { folder: folder.to_owned(), kind, unvetted: false }
    }

    /// The line, as one would type it.
    pub fn line(&self) -> String {
        match &self.kind {
            Kind::Told { test, .. } => test.clone(),
            Kind::Usual { runner, .. } => runner.test.join(" "),
        }
    }

    /// What is known of such projects: the name of a package manager. `None`: settings say how.
    pub fn kind(&self) -> Option<&'static str> {
        match &self.kind {
            Kind::Told { .. } => None,
            Kind::Usual { runner, .. } => Some(runner.id),
        }
    }

    /// Why its tests need the network all the same.
    pub fn needs_network(&self) -> Option<&'static str> {
        match &self.kind {
            Kind::Told { .. } => None,
            Kind::Usual { runner, .. } => runner.network,
        }
    }

    /// The same without `go vet`, which `go test` runs first: what it finds is no test that fails.
    #[must_use]
    pub fn without_vet(&self) -> Command {
        Command { unvetted: true, ..self.clone() }
    }

    /// With another line that fetches.
    #[must_use]
    pub fn fetching(mut self, line: Option<&str>) -> Command {
        if let (Some(line), Kind::Told { fetch, .. } | Kind::Usual { fetch, .. }) =
            (line, &mut self.kind)
        {
            *fetch = Some(line.to_owned());
        }
        self
    }
}

impl std::fmt::Debug for Command {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} in {}", self.line(), self.folder.display())
    }
}

/// How a project is usually tested that has its files in a folder of a copy, or above it up to the
/// root. `None`: nothing that is known shows.
pub fn detect(root: &Path, folder: &Path) -> Option<Command> {
    let above = folder.ancestors().take_while(|at| at.starts_with(root));
    above.into_iter().find_map(|at| {
        let runner = runner(at)?;
        let kind = Kind::Usual { fetch: None, runner };
        Some(Command { folder: at.to_owned(), kind, unvetted: false })
    })
}

/// The runner of a folder.
pub(crate) fn runner(folder: &Path) -> Option<&'static Runner> {
    RUNNERS.iter().find(|runner| (runner.is_project)(folder) && (runner.has_tests)(folder))
}

/// What makes a folder ready for a command of its own: the runner of the folder; and of Python, where none knows its tests and
/// the line speaks of it, that of its package manager.
pub(crate) fn readier(folder: &Path, line: &str) -> Option<&'static Runner> {
    const PYTHON: &[&str] = &["uv", "poetry", "pip"];
    const SPEAKS: &[&str] = &["python", ".py", "pytest", "unittest", "tox", "nox", ".venv"];
    let of_python = |runner: &&Runner| PYTHON.contains(&runner.id) && (runner.is_project)(folder);
    let speaks = SPEAKS.iter().any(|word| line.contains(word));
    runner(folder).or_else(|| RUNNERS.iter().find(|runner| speaks && of_python(runner)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_line_of_python_gets_its_environment() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("requirements.txt"), "").unwrap();
        let id = |line: &str| readier(folder.path(), line).map(|runner| runner.id);
        assert_eq!(id("python3 -m unittest"), Some("pip"));
        assert_eq!(id("./manage.py test"), Some("pip"));
        assert_eq!(id("make check"), None);
    }
}
