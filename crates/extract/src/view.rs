//! What a format sees: one file's bytes, and its neighbours by relative path.

use std::any::{Any, TypeId};
use std::borrow::Cow;
use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};

use trimtab_model::Diagnostic;

use crate::read::text;

/// Read access to the files under one root. Paths are relative to it, with `/` between parts.
pub trait Files: Sync {
    /// The bytes of a file. `None` if there is no such file under the root.
    fn read(&self, path: &str) -> Option<Result<Arc<Vec<u8>>, Diagnostic>>;

    /// Whether there is a file of this path.
    fn exists(&self, path: &str) -> bool;

    /// The paths that some format claims, sorted: for manifests that name others by pattern.
    fn claimed(&self) -> &[String];

    /// Where formats keep what they work out once for the whole tree. `None` where nothing is
    /// kept; it is then worked out each time.
    fn memo(&self) -> Option<&Memo> {
        None
    }
}

/// What formats work out once for a whole tree (an index of all poms), one value per type. It is
/// a pure function of the tree, so it does not matter which file asks first.
#[derive(Debug, Default)]
pub struct Memo {
    slots: Mutex<HashMap<TypeId, Slot>>,
}

type Slot = Arc<OnceLock<Arc<dyn Any + Send + Sync>>>;

impl Memo {
    /// The value of this type, made on first use. `make` must not use the thread pool: other
    /// threads of it wait for the value.
    pub fn get_or_make<T: Any + Send + Sync>(&self, make: impl FnOnce() -> T) -> Arc<T> {
        let slot = {
            let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
            Arc::clone(slots.entry(TypeId::of::<T>()).or_default())
        };
        let value = slot.get_or_init(|| Arc::new(make()));
        Arc::clone(value).downcast().expect("a slot holds a value of the type it is keyed by")
    }
}

/// One file, and its neighbours.
#[derive(Clone, Copy)]
pub struct FileView<'a> {
    /// The path relative to the root.
    pub path: &'a str,
    /// The whole content.
    pub bytes: &'a [u8],
    /// The tree around it.
    pub files: &'a dyn Files,
}

impl<'a> FileView<'a> {
    /// The content as text.
    ///
    /// # Errors
    /// The content is not text.
    pub fn text(&self) -> Result<Cow<'a, str>, Diagnostic> {
        text::decode(self.bytes)
    }

    /// The file's own name.
    pub fn name(&self) -> &'a str {
        file_name(self.path)
    }

    /// The path that `relative` means, seen from the folder of this file. `None` if it would lead
    /// out of the root.
    pub fn resolve(&self, relative: &str) -> Option<String> {
        resolve(folder(self.path), relative)
    }

    /// Whether there is a file at a path relative to this one's folder.
    pub fn has(&self, relative: &str) -> bool {
        self.resolve(relative).is_some_and(|path| self.files.exists(&path))
    }

    /// The bytes of a file at a path relative to this one's folder. `None` if there is none, or
    /// the path leads out of the root.
    pub fn read(&self, relative: &str) -> Option<Result<Arc<Vec<u8>>, Diagnostic>> {
        self.files.read(&self.resolve(relative)?)
    }

    /// The folders from this file's own up to the root (`a/b`, `a`, ``): where a workspace's
    /// lockfile or configuration may lie.
    pub fn folders_up(&self) -> impl Iterator<Item = &'a str> {
        let mut next = Some(folder(self.path));
        std::iter::from_fn(move || {
            let this = next?;
            next = (!this.is_empty()).then(|| folder(this));
            Some(this)
        })
    }
}

/// The last part of a path.
pub fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// A path without its last part; empty at the root.
pub fn folder(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Joins a folder and a file name.
pub fn join(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// The path that `relative` means, seen from `folder`. `None` if it would lead out of the root or
/// is absolute.
pub fn resolve(folder: &str, relative: &str) -> Option<String> {
    if relative.starts_with('/') || relative.contains('\0') || relative.get(1..2) == Some(":") {
        return None;
    }
    let mut parts: Vec<&str> = folder.split('/').filter(|p| !p.is_empty()).collect();
    for part in relative.split(['/', '\\']) {
        match part {
            "" | "." => {}
            ".." => {
                parts.pop()?;
            }
            part => parts.push(part),
        }
    }
    Some(parts.join("/"))
}

/// Files held in memory: for tests, and for documents that come from elsewhere.
#[derive(Debug, Default)]
pub struct MemoryFiles {
    files: BTreeMap<String, Arc<Vec<u8>>>,
    claimed: Vec<String>,
    memo: Memo,
}

impl MemoryFiles {
    /// One file.
    pub(crate) fn of(path: &str, bytes: Vec<u8>) -> MemoryFiles {
        let files = BTreeMap::from([(path.to_owned(), Arc::new(bytes))]);
        MemoryFiles { files, ..MemoryFiles::default() }
    }

    /// Adds a file.
    pub fn insert(&mut self, path: &str, bytes: &[u8]) {
        self.files.insert(path.to_owned(), Arc::new(bytes.to_vec()));
        self.claimed =
            self.files.keys().filter(|p| crate::registry::claims_any(p)).cloned().collect();
        self.memo = Memo::default();
    }
}

impl Files for MemoryFiles {
    fn read(&self, path: &str) -> Option<Result<Arc<Vec<u8>>, Diagnostic>> {
        self.files.get(path).map(|bytes| Ok(Arc::clone(bytes)))
    }

    fn exists(&self, path: &str) -> bool {
        self.files.contains_key(path)
    }

    fn claimed(&self) -> &[String] {
        &self.claimed
    }

    fn memo(&self) -> Option<&Memo> {
        Some(&self.memo)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_reference_leads_out_of_the_root() {
        assert_eq!(resolve("a/b", "../c/./d").as_deref(), Some("a/c/d"));
        assert_eq!(resolve("a", "..\\x").as_deref(), Some("x"));
        assert_eq!(resolve("a", "../../x"), None);
        assert_eq!(resolve("a", "/etc/passwd"), None);
        assert_eq!(resolve("a", "C:/x"), None);
    }

    #[test]
    fn folders_are_walked_up_to_the_root() {
        let files = MemoryFiles::default();
        let view = FileView { path: "a/b/c.txt", bytes: b"", files: &files };
        assert_eq!(view.folders_up().collect::<Vec<_>>(), ["a/b", "a", ""]);
    }
}
