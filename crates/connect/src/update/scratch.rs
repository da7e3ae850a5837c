//! A copy of a project for a resolver to work in. Never a link to the original: nothing that runs
//! in it reaches the user's files by a path in it. A symbolic link that leads out of the root is
//! refused.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io;
use std::path::{Component, Path, PathBuf};

use ignore::WalkBuilder;

use super::Tool;
use super::change::Change;
use super::folder::Folder;

/// How much of a project is copied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    /// What the resolver reads: manifests, lockfiles, configuration, and of code no more than it reads of that.
    Resolver,
    /// Everything but what git ignores and what builds leave: to run tests in.
    Whole,
}

/// How large a copy may be.
#[derive(Debug, Clone, Copy)]
pub struct Bounds {
    /// Files and folders that are looked at.
    pub entries: usize,
    /// Bytes that are copied.
    pub bytes: u64,
}

impl Bounds {
    /// The usual: half a million entries; 256 MiB for a resolver, 8 GiB of a whole project.
    pub fn of(extent: Extent) -> Bounds {
        let bytes = match extent {
            Extent::Resolver => 256 << 20,
            Extent::Whole => 8 << 30,
        };
        Bounds { entries: 500_000, bytes }
    }
}

/// How a file is kept in a copy for the resolver.
#[derive(Clone, Copy)]
pub(crate) enum Keep {
    /// It is left out.
    No,
    /// As it is.
    Yes,
    /// An empty file of its name: the resolver asks whether it is there.
    Name,
    /// Only what a resolver needs of it. It never counts as changed.
    Part(fn(&str) -> String),
}

/// Why a copy could not be made.
#[derive(Debug)]
pub enum ScratchError {
    /// A file or folder cannot be read or written.
    Io(PathBuf, io::Error),
    /// A symbolic link leads out of the root.
    Leaves(PathBuf),
    /// The folder is not below the root.
    Outside(PathBuf),
    /// More entries or bytes than the bounds allow.
    TooLarge(Bounds),
}

impl fmt::Display for ScratchError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ScratchError::Io(path, e) => write!(f, "{}: {e}", path.display()),
            ScratchError::Leaves(path) => {
                write!(f, "{} is a link that leads out of the project", path.display())
            }
            ScratchError::Outside(path) => {
                write!(f, "{} is not a folder of the project", path.display())
            }
            ScratchError::TooLarge(b) => write!(
                f,
                "it has more than {} entries or {} bytes to copy; choose a subfolder",
                b.entries, b.bytes
            ),
        }
    }
}

impl std::error::Error for ScratchError {}

/// Folders that builds and installs leave, and that no resolver reads.
pub(crate) const LEFT: &[&str] = &[
    ".git",
    ".hg",
    ".svn",
    "node_modules",
    "target",
    ".venv",
    "venv",
    "__pycache__",
    ".tox",
    ".nox",
    ".gradle",
    ".pnpm-store",
];
/// The same without names that a package of Go may have.
pub(crate) const LEFT_OF_GO: &[&str] = &[".git", ".hg", ".svn", "node_modules"];

/// A copy of a project in a folder of its own, which goes when this is dropped.
#[derive(Debug)]
pub struct Scratch {
    _folder: Folder,
    root: PathBuf,
    /// Where folders of other copies lie. `None`: in the system's folder for temporary files.
    place: Option<PathBuf>,
    inside: PathBuf,
    tool: &'static Tool,
}

impl Scratch {
    /// Copies a project. `root` is as far up as files matter (the repository), `inside` the folder
    /// below it where the tool is run (the one with the lockfile), `place` where copies lie: a
    /// folder of the user's own, or nothing for the system's.
    ///
    /// # Errors
    /// See [`ScratchError`]. The original is only ever read.
    pub fn copy(
        root: &Path,
        inside: &Path,
        tool: &'static Tool,
        extent: Extent,
        bounds: Bounds,
        place: Option<&Path>,
    ) -> Result<Scratch, ScratchError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |e| ScratchError::Io(path, e)
        };
        let plain = inside.components().all(|c| matches!(c, Component::Normal(_)));
        if !plain || !root.join(inside).is_dir() {
            return Err(ScratchError::Outside(inside.to_owned()));
        }
        let root = root.canonicalize().map_err(io(root))?;
        let scratch =
            Scratch::empty(inside, tool, place).map_err(io(place.unwrap_or(Path::new("."))))?;
        fill(&root, scratch.root(), (tool.keep, tool.left()), extent, bounds)?;
        fs::create_dir_all(scratch.folder()).map_err(io(inside))?;
        Ok(scratch)
    }

    /// Copies a whole project into a folder that exists.
    pub(crate) fn copy_whole(root: &Path, bounds: Bounds, to: &Path) -> Result<(), ScratchError> {
        let root = root.canonicalize().map_err(|e| ScratchError::Io(root.to_owned(), e))?;
        fill(&root, to, (|_| Keep::Yes, LEFT), Extent::Whole, bounds)
    }

    /// Copies some files of a project, by their paths below the root: what git keeps of it. Links that lead nowhere, out, or to
    /// a folder are left out.
    pub(crate) fn copy_of(
        root: &Path,
        inside: &Path,
        tool: &'static Tool,
        files: &[String],
        bounds: Bounds,
    ) -> Result<Scratch, ScratchError> {
        let io = |path: &Path| {
            let path = path.to_owned();
            move |e| ScratchError::Io(path, e)
        };
        let root = root.canonicalize().map_err(io(root))?;
        let scratch = Scratch::empty(inside, tool, None).map_err(io(inside))?;
        fs::create_dir_all(scratch.folder()).map_err(io(inside))?;
        if files.len() > bounds.entries {
            return Err(ScratchError::TooLarge(bounds));
        }
        let mut left = bounds.bytes;
        for below in files {
            let below = Path::new(below);
            let plain = below.components().all(|c| matches!(c, Component::Normal(_)));
            let Ok(from) = root.join(below).canonicalize() else { continue };
            if !plain || !from.starts_with(&root) || !from.is_file() {
                continue;
            }
            let size = fs::metadata(&from).map_err(io(&from))?.len();
            left = left.checked_sub(size).ok_or(ScratchError::TooLarge(bounds))?;
            let to = scratch.root().join(below);
            if let Some(parent) = to.parent() {
                fs::create_dir_all(parent).map_err(io(parent))?;
            }
            fs::copy(&from, &to).map_err(io(&to))?;
        }
        Ok(scratch)
    }

    /// With nothing in it.
    fn empty(inside: &Path, tool: &'static Tool, place: Option<&Path>) -> io::Result<Scratch> {
        let folder = Folder::new(place)?;
        let root = folder.path().join("copy");
        fs::create_dir(&root)?;
        let (place, inside) = (place.map(Path::to_owned), inside.to_owned());
        Ok(Scratch { _folder: folder, root, place, inside, tool })
    }

    /// Another copy of this one, with what has been written into it.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn fork(&self) -> Result<Scratch, ScratchError> {
        let io = |e| ScratchError::Io(self.root.clone(), e);
        let copy = Scratch::empty(&self.inside, self.tool, self.place.as_deref()).map_err(io)?;
        copy_all(self.root(), copy.root()).map_err(io)?;
        Ok(copy)
    }

    /// Another copy of this one, in which changes that were confirmed are made: the ground for what comes
    /// on top of them.
    ///
    /// # Errors
    /// A file cannot be read or written.
    pub fn with(&self, changes: &[Change]) -> Result<Scratch, ScratchError> {
        let copy = self.fork()?;
        for change in changes {
            let path = copy.root().join(&change.path);
            let io = |e| ScratchError::Io(path.clone(), e);
            match &change.after {
                Some(bytes) => {
                    if let Some(folder) = path.parent() {
                        fs::create_dir_all(folder).map_err(io)?;
                    }
                    fs::write(&path, bytes).map_err(io)?;
                }
                None => fs::remove_file(&path).map_err(io)?,
            }
        }
        Ok(copy)
    }

    /// The copy of the root.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// The folder in it where the tool is run.
    pub fn folder(&self) -> PathBuf {
        self.root.join(&self.inside)
    }

    /// That folder's path below the root, with `/`; empty for the root.
    pub(crate) fn inside(&self) -> String {
        slashed(&self.inside)
    }

    /// The files that the tool's resolver reads as they are or writes, by path.
    pub(crate) fn files(&self) -> Result<BTreeMap<String, Vec<u8>>, ScratchError> {
        let mut files = BTreeMap::new();
        for entry in walk(self.root(), self.tool.left(), Extent::Resolver) {
            let entry =
                entry.map_err(|e| ScratchError::Io(self.root().to_owned(), io::Error::other(e)))?;
            let Ok(below) = entry.path().strip_prefix(self.root()) else { continue };
            let below = slashed(below);
            if entry.file_type().is_some_and(|kind| kind.is_file())
                && matches!((self.tool.keep)(&below), Keep::Yes)
            {
                let bytes = fs::read(entry.path())
                    .map_err(|e| ScratchError::Io(entry.path().to_owned(), e))?;
                files.insert(below, bytes);
            }
        }
        Ok(files)
    }

    /// A text in it. `None`: there is no such file, or it is no text.
    pub(crate) fn read(&self, path: &str) -> Option<String> {
        String::from_utf8(fs::read(self.root().join(path)).ok()?).ok()
    }

    /// Writes a text into it.
    pub(crate) fn write(&self, path: &str, text: &str) -> io::Result<()> {
        fs::write(self.root().join(path), text)
    }
}

/// Copies what is kept of a root, which is a full path, into a folder.
fn fill(
    root: &Path,
    folder: &Path,
    (keep, without): (fn(&str) -> Keep, &'static [&'static str]),
    extent: Extent,
    bounds: Bounds,
) -> Result<(), ScratchError> {
    let io = |path: &Path| {
        let path = path.to_owned();
        move |e| ScratchError::Io(path, e)
    };
    let mut left = bounds;
    for entry in walk(root, without, extent) {
        let entry = entry.map_err(|e| ScratchError::Io(root.to_owned(), io::Error::other(e)))?;
        let Ok(below) = entry.path().strip_prefix(root) else { continue };
        left.entries = left.entries.checked_sub(1).ok_or(ScratchError::TooLarge(bounds))?;
        let Some(kind) = entry.file_type() else { continue };
        let keep = match extent {
            Extent::Whole => Keep::Yes,
            Extent::Resolver => keep(&slashed(below)),
        };
        let to = folder.join(below);
        if kind.is_dir() {
            if extent == Extent::Whole {
                fs::create_dir_all(&to).map_err(io(&to))?;
            }
            continue;
        }
        if matches!(keep, Keep::No) || !(kind.is_file() || kind.is_symlink()) {
            continue;
        }
        // Of sources, a link that leads nowhere, or out, is none: test data has such.
        let is_part = matches!(keep, Keep::Part(_)) && kind.is_symlink();
        let from = match entry.path().canonicalize() {
            Err(_) if is_part => continue,
            from => from.map_err(io(entry.path()))?,
        };
        let inner = match from.strip_prefix(root) {
            Err(_) if is_part => continue,
            Err(_) => return Err(ScratchError::Leaves(below.to_owned())),
            Ok(inner) => inner,
        };
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).map_err(io(parent))?;
        }
        if from.is_dir() {
            // Only of a whole copy: the link, rewritten so that it stays in the copy.
            if extent == Extent::Whole {
                link(below, inner, &to).map_err(io(&to))?;
            }
            continue;
        }
        let size = fs::metadata(&from).map_err(io(&from))?.len();
        let fits = |size| left.bytes.checked_sub(size).ok_or(ScratchError::TooLarge(bounds));
        left.bytes = match keep {
            Keep::Name => {
                fs::write(&to, b"").map_err(io(&to))?;
                fits(0)?
            }
            // Only what is kept of it counts.
            Keep::Part(part) => {
                fits(size)?;
                let text = fs::read(&from).map_err(io(&from))?;
                let kept = part(&String::from_utf8_lossy(&text));
                let after = fits(u64::try_from(kept.len()).unwrap_or(u64::MAX))?;
                fs::write(&to, kept).map_err(io(&to))?;
                after
            }
            Keep::Yes | Keep::No => {
                let after = fits(size)?;
                fs::copy(&from, &to).map_err(io(&to))?;
                after
            }
        };
    }
    Ok(())
}

fn walk(root: &Path, left: &'static [&'static str], extent: Extent) -> ignore::Walk {
    let whole = extent == Extent::Whole;
    WalkBuilder::new(root)
        .standard_filters(false)
        .git_ignore(whole)
        .git_exclude(whole)
        .require_git(false)
        .follow_links(false)
        .sort_by_file_name(Ord::cmp)
        .filter_entry(|entry| {
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            !(is_folder && entry.depth() > 0 && left.iter().any(|name| entry.file_name() == *name))
        })
        .build()
}

/// A path with `/`, whatever the system.
fn slashed(path: &Path) -> String {
    let parts: Vec<_> = path.components().map(|c| c.as_os_str().to_string_lossy()).collect();
    parts.join("/")
}

/// A link at `to`, which stands for `below` the root, to the folder `inner` below the root.
fn link(below: &Path, inner: &Path, to: &Path) -> io::Result<()> {
    let up = below.components().count().saturating_sub(1);
    let target: PathBuf = std::iter::repeat_n(Path::new(".."), up).collect();
    let target = target.join(inner);
    #[cfg(unix)]
    return std::os::unix::fs::symlink(target, to);
    #[cfg(windows)]
    return std::os::windows::fs::symlink_dir(target, to);
}

/// Copies what is in a copy; links in it are relative and stay in it.
fn copy_all(from: &Path, to: &Path) -> io::Result<()> {
    for entry in WalkBuilder::new(from).standard_filters(false).follow_links(false).build() {
        let entry = entry.map_err(io::Error::other)?;
        let Ok(below) = entry.path().strip_prefix(from) else { continue };
        let Some(kind) = entry.file_type() else { continue };
        let to = to.join(below);
        if kind.is_dir() {
            fs::create_dir_all(&to)?;
        } else if kind.is_symlink() {
            let target = fs::read_link(entry.path())?;
            #[cfg(unix)]
            std::os::unix::fs::symlink(target, &to)?;
            #[cfg(windows)]
            std::os::windows::fs::symlink_dir(target, &to)?;
        } else if kind.is_file() {
            fs::copy(entry.path(), &to)?;
        }
    }
    Ok(())
}
