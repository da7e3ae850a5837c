//! The walk: finds the files that formats claim, opens them within limits, and reads them in
//! parallel. The only place of this crate that touches the file system.

use std::fmt::Display;
use std::fs::File;
use std::io::Read;
use std::panic::AssertUnwindSafe;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use ignore::{WalkBuilder, WalkState};
use rayon::prelude::*;
use trimtab_model::{Code, Diagnostic, FileInventory, Inventory};

use crate::registry::{self, Format};
use crate::view::{self, FileView, Files, Memo, MemoryFiles};

/// Folders that hold what tools fetched or made; their content is listed by the lockfiles beside them.
pub const PRUNED: &[&str] = &["node_modules", "target", ".git", ".hg", ".svn", "__pycache__"];

/// Bounds of a walk.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// The largest file that is read, in bytes.
    pub file_bytes: u64,
    /// Files of more bytes than this are read one after another, so that memory holds one of them
    /// and not one for every processor.
    pub alone_bytes: u64,
    /// The most files that are read.
    pub files: usize,
    /// The deepest folder that is entered.
    pub depth: usize,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits { file_bytes: 1 << 29, alone_bytes: 1 << 25, files: 1_000_000, depth: 100 }
    }
}

/// How to walk.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// Also look at what `.gitignore` leaves out.
    pub no_ignore: bool,
    /// Bounds.
    pub limits: Limits,
}

/// Told how many of the claimed files are read. Called from several threads, in no order.
pub type OnRead<'a> = &'a (dyn Fn(usize, usize) + Sync);

/// The inventory of a folder or of one file.
pub fn scan_path(path: &Path, options: &Options) -> Inventory {
    scan_path_with(path, options, &|_, _| {})
}

/// The same, telling how far it is.
pub fn scan_path_with(path: &Path, options: &Options, on_read: OnRead<'_>) -> Inventory {
    let mut inventory = Inventory::default();
    let metadata = match std::fs::metadata(path) {
        Ok(metadata) => metadata,
        Err(e) => {
            inventory.diagnostics.push(unreadable(&path.display().to_string(), &e));
            return inventory;
        }
    };
    if metadata.is_dir() {
        scan_folder(path, options, on_read, &mut inventory);
    } else {
        scan_file(path, options, &mut inventory);
    }
    if inventory.files.is_empty() && inventory.diagnostics.is_empty() {
        inventory.diagnostics.push(
            Diagnostic::new(
                Code::NothingFound,
                format!("no file that lists dependencies was found under `{}`", path.display()),
            )
            .help("name another path, or look at `trimtab formats` for what is read"),
        );
    }
    inventory.diagnostics.sort();
    inventory
}

/// The inventory of files that are held elsewhere, as in memory.
pub fn scan_files(files: &dyn Files) -> Inventory {
    let mut inventory = Inventory::default();
    let results: Results = files
        .claimed()
        .iter()
        .flat_map(|path| read_with(files, path, &registry::claiming(path).collect::<Vec<_>>()))
        .collect();
    keep(results, &mut inventory);
    inventory.diagnostics.sort();
    inventory
}

/// The inventory of one document that is held in memory and has no neighbours.
pub fn scan_document(name: &str, bytes: Vec<u8>) -> Inventory {
    let mut inventory = Inventory::default();
    scan_one(&MemoryFiles::of(name, bytes), name, &name, &mut inventory);
    inventory.diagnostics.sort();
    inventory
}

fn scan_folder(root: &Path, options: &Options, on_read: OnRead<'_>, inventory: &mut Inventory) {
    let (mut claimed, mut diagnostics) = find(root, options);
    claimed.sort_unstable();
    if claimed.len() > options.limits.files {
        claimed.truncate(options.limits.files);
        diagnostics.push(
            Diagnostic::new(
                Code::FileLimit,
                format!(
                    "more than {} files list dependencies; the rest was not read",
                    options.limits.files
                ),
            )
            .help("scan parts of the tree one by one"),
        );
    }
    inventory.diagnostics.append(&mut diagnostics);
    let memo = Memo::default();
    let folder = Folder {
        root: root.to_owned(),
        real: real(root),
        named: None,
        limits: options.limits,
        claimed,
        memo,
    };
    let read = AtomicUsize::new(0);
    let alone = Mutex::new(());
    let results: Vec<_> = folder
        .claimed
        .par_iter()
        .flat_map_iter(|path| {
            let formats: Vec<&Format> = registry::claiming(path).collect();
            // Held while the file is read. Nobody who holds it waits for another thread of the
            // pool; if a reader panics meanwhile, the next file may still be read.
            let _turn = (folder.size(path) > options.limits.alone_bytes)
                .then(|| alone.lock().unwrap_or_else(PoisonError::into_inner));
            let results = read_with(&folder, path, &formats);
            on_read(read.fetch_add(1, Ordering::Relaxed) + 1, folder.claimed.len());
            results
        })
        .collect();
    keep(results, inventory);
}

fn scan_file(path: &Path, options: &Options, inventory: &mut Inventory) {
    let name = path.file_name().map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
    let parent = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let root = repository_root(parent);
    let relative = match parent.strip_prefix(&root) {
        Ok(rest) => view::join(&rest.to_string_lossy().replace('\\', "/"), &name),
        Err(_) => name,
    };
    let claimed = vec![relative.clone()];
    let named = Some(relative.clone());
    let folder = Folder {
        real: real(&root),
        root,
        named,
        limits: options.limits,
        claimed,
        memo: Memo::default(),
    };
    scan_one(&folder, &relative, &path.display(), inventory);
}

/// One file, whatever its name: where no format claims that, by what is in it.
fn scan_one(files: &dyn Files, path: &str, shown: &dyn Display, inventory: &mut Inventory) {
    let mut formats: Vec<&Format> = registry::claiming(path).collect();
    if formats.is_empty() {
        match files.read(path) {
            Some(Ok(bytes)) => formats.extend(registry::sniff(&bytes)),
            Some(Err(diagnostic)) => inventory.diagnostics.push(diagnostic),
            None => inventory.diagnostics.push(not_regular(path)),
        }
        if formats.is_empty() && inventory.diagnostics.is_empty() {
            inventory.diagnostics.push(
                Diagnostic::new(Code::NothingFound, format!("no format is known for `{shown}`"))
                    .in_file(path)
                    .help("`trimtab formats` lists the names and documents that are read"),
            );
        }
        if formats.is_empty() {
            return;
        }
    }
    keep(read_with(files, path, &formats), inventory);
}

/// The folder that a single file's references may not lead out of: the nearest folder above with
/// a `.git`, else the file's own folder.
fn repository_root(folder: &Path) -> PathBuf {
    folder.ancestors().find(|f| f.join(".git").exists()).unwrap_or(folder).to_owned()
}

/// Extraction results of one file.
pub(crate) type Results = Vec<Result<FileInventory, Diagnostic>>;

pub(crate) fn read_with(files: &dyn Files, path: &str, formats: &[&Format]) -> Results {
    let bytes = match files.read(path) {
        Some(Ok(bytes)) => bytes,
        Some(Err(diagnostic)) => return vec![Err(diagnostic)],
        // It was there when the tree was walked, or was named: never left out without a word.
        None => return vec![Err(not_regular(path))],
    };
    // Where one name has several formats (`yarn.lock`), the content decides. Where it decides for
    // none, the first one says what is wrong: a file is never left out without a word.
    let mine = |f: &&&Format| f.sniff.is_none_or(|sniff| sniff(&bytes));
    let mut chosen: Vec<&Format> = match formats {
        [_] => formats.to_vec(),
        _ => formats.iter().filter(mine).copied().collect(),
    };
    if chosen.is_empty() {
        chosen.extend(formats.first());
    }
    chosen.into_iter().map(|format| extract(format, path, &bytes, files)).collect()
}

/// Reads one file with one format. A panic of a reader is a diagnostic of that file.
pub fn extract(
    format: &Format,
    path: &str,
    bytes: &[u8],
    files: &dyn Files,
) -> Result<FileInventory, Diagnostic> {
    let view = FileView { path, bytes, files };
    let result = std::panic::catch_unwind(AssertUnwindSafe(|| (format.extract)(&view)));
    let result = result.unwrap_or_else(|_| {
        Err(Diagnostic::new(
            Code::ParserFault,
            format!("the reader of {} failed on this file", format.title),
        )
        .help("please report it, with the file if you can share it"))
    });
    match result {
        Ok(mut file) => {
            file.path = path.into();
            file.format = format.id.into();
            file.settle();
            for diagnostic in &mut file.diagnostics {
                diagnostic.file.get_or_insert_with(|| path.into());
            }
            file.diagnostics.sort();
            Ok(file)
        }
        Err(mut diagnostic) => {
            diagnostic.file.get_or_insert_with(|| path.into());
            Err(diagnostic)
        }
    }
}

fn keep(results: Results, inventory: &mut Inventory) {
    for result in results {
        match result {
            Ok(file) => inventory.files.push(file),
            Err(diagnostic) => inventory.diagnostics.push(diagnostic),
        }
    }
    inventory.files.sort_by(|a, b| (&a.path, &a.format).cmp(&(&b.path, &b.format)));
}

/// The claimed paths under a root, in no particular order, and what could not be looked at.
fn find(root: &Path, options: &Options) -> (Vec<String>, Vec<Diagnostic>) {
    let found = Mutex::new((Vec::new(), Vec::new()));
    let real = &real(root);
    let walker = WalkBuilder::new(root)
        .hidden(false)
        .ignore(false)
        .git_global(false)
        .git_exclude(false)
        .git_ignore(!options.no_ignore)
        .require_git(false)
        .parents(!options.no_ignore)
        .follow_links(false)
        .max_depth(Some(options.limits.depth))
        .threads(rayon::current_num_threads())
        .filter_entry(|entry| {
            let folder = entry.file_type().is_some_and(|t| t.is_dir());
            entry.depth() == 0
                || !folder
                || !entry.file_name().to_str().is_some_and(|n| PRUNED.contains(&n))
        })
        .build_parallel();
    walker.run(|| {
        Box::new(|entry| {
            let outcome = match entry {
                Ok(entry) => claimed_path(root, real, &entry, &options.limits),
                Err(e) => walk_fault(root, &e).map(Err),
            };
            if let (Some(outcome), Ok(mut found)) = (outcome, found.lock()) {
                match outcome {
                    Ok(path) => found.0.push(path),
                    Err(diagnostic) => found.1.push(diagnostic),
                }
            }
            WalkState::Continue
        })
    });
    found.into_inner().unwrap_or_default()
}

/// What an entry of the tree is to us: a path to read, something that cannot be looked at, or nothing.
fn claimed_path(
    root: &Path,
    real: &Path,
    entry: &ignore::DirEntry,
    limits: &Limits,
) -> Option<Result<String, Diagnostic>> {
    let kind = entry.file_type()?;
    let relative = relative(root, entry.path());
    if kind.is_dir() {
        return (entry.depth() >= limits.depth).then(|| {
            let message =
                format!("`{relative}` is deeper than {} folders and is not entered", limits.depth);
            let diagnostic = Diagnostic::new(Code::FileLimit, message).in_file(relative.as_str());
            Err(diagnostic.help("scan it by itself: name its path"))
        });
    }
    if kind.is_symlink() {
        return link(real, entry.path(), relative);
    }
    if !registry::claims_any(&relative) {
        return None;
    }
    if entry.path().to_str().is_none() {
        let message = format!("`{relative}` is not read: its name is not valid UTF-8");
        let diagnostic = Diagnostic::new(Code::FileUnreadable, message).in_file(relative.as_str());
        return Some(Err(diagnostic.help("rename the file or its folder")));
    }
    // Opening a pipe waits for whoever writes to it.
    Some(if kind.is_file() { Ok(relative) } else { Err(not_regular(&relative)) })
}

/// A link to a file inside the tree is met under the file's own name, unless no format claims that
/// one; a link that leads out or nowhere is not followed, and said. Folders behind links are not
/// entered: what lies inside the tree is met by itself.
fn link(real: &Path, path: &Path, relative: String) -> Option<Result<String, Diagnostic>> {
    let target = std::fs::canonicalize(path);
    if let Ok(target) = &target
        && target.is_dir()
        && path
            .parent()
            .and_then(|p| std::fs::canonicalize(p).ok())
            .is_some_and(|p| p.starts_with(target))
    {
        let message =
            format!("the link `{relative}` leads back to a folder above it and is not followed");
        return Some(Err(Diagnostic::new(Code::SymlinkLoop, message).in_file(relative)));
    }
    if !registry::claims_any(&relative) {
        return None;
    }
    match target {
        Ok(target) => match target.strip_prefix(real) {
            Ok(_) if !target.is_file() => None,
            Ok(inside) => {
                (!registry::claims_any(&self::relative(real, inside))).then_some(Ok(relative))
            }
            // By its name it should have been read: the answer is not complete without it.
            Err(_) => Some(Err(leads_out(Code::FileUnreadable, &relative))),
        },
        Err(e) => {
            let message = format!("the link `{relative}` leads to no file: {e}");
            let diagnostic = Diagnostic::new(Code::FileUnreadable, message).in_file(relative);
            Some(Err(diagnostic.help("remove the link, or put its file there")))
        }
    }
}

fn leads_out(code: Code, path: &str) -> Diagnostic {
    let message =
        format!("`{path}` is a link that leads out of the scanned root and is not followed");
    let diagnostic = Diagnostic::new(code, message).in_file(path);
    diagnostic.help("scan the file itself: name its path")
}

fn not_regular(path: &str) -> Diagnostic {
    Diagnostic::new(Code::FileUnreadable, format!("`{path}` is not a regular file, or is gone"))
        .in_file(path)
        .help("only regular files are opened; write its content to one")
}

/// The root without links on its way, to tell whether a path leads out of it.
fn real(root: &Path) -> PathBuf {
    std::fs::canonicalize(root).unwrap_or_else(|_| root.to_owned())
}

fn relative(root: &Path, path: &Path) -> String {
    let path = path.strip_prefix(root).unwrap_or(path).to_string_lossy();
    if std::path::MAIN_SEPARATOR == '/' { path.into_owned() } else { path.replace('\\', "/") }
}

fn walk_fault(root: &Path, error: &ignore::Error) -> Option<Diagnostic> {
    match error {
        ignore::Error::WithPath { path, err } => {
            let io = err.io_error();
            let path = relative(root, path);
            io.map(|e| unreadable(&path, e).in_file(path))
        }
        ignore::Error::WithDepth { err, .. } => walk_fault(root, err),
        // A malformed pattern of a .gitignore hides nothing.
        _ => None,
    }
}

fn unreadable(path: &str, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(Code::FileUnreadable, format!("`{path}` cannot be read: {error}"))
        .help("check that it exists and that you may read it")
}

/// The files under a root on disk.
struct Folder {
    root: PathBuf,
    /// The root without links on its way.
    real: PathBuf,
    /// A file that was named by itself may be a link to anywhere.
    named: Option<String>,
    limits: Limits,
    claimed: Vec<String>,
    memo: Memo,
}

impl Folder {
    /// A file's size in bytes; of what cannot be looked at, none.
    fn size(&self, path: &str) -> u64 {
        std::fs::metadata(self.root.join(path)).map_or(0, |metadata| metadata.len())
    }

    /// Whether a path stays inside the root when links are followed.
    fn holds(&self, path: &str, full: &Path) -> bool {
        self.named.as_deref() == Some(path)
            || std::fs::canonicalize(full).is_ok_and(|target| target.starts_with(&self.real))
    }
}

impl Files for Folder {
    fn read(&self, path: &str) -> Option<Result<Arc<Vec<u8>>, Diagnostic>> {
        let full = self.root.join(path);
        let metadata = std::fs::metadata(&full).ok().filter(std::fs::Metadata::is_file)?;
        if !self.holds(path, &full) {
            return Some(Err(leads_out(Code::PathEscapes, path)));
        }
        if metadata.len() > self.limits.file_bytes {
            return Some(Err(Diagnostic::new(
                Code::FileTooLarge,
                format!(
                    "`{path}` has {} bytes; the limit is {}",
                    metadata.len(),
                    self.limits.file_bytes
                ),
            )
            .in_file(path)
            .help("raise the limit with --max-file-size, or leave the file out")));
        }
        let mut bytes = Vec::with_capacity(usize::try_from(metadata.len()).unwrap_or(0));
        // The file may grow while it is read: never take more than the limit.
        let read = File::open(&full)
            .and_then(|f| f.take(self.limits.file_bytes + 1).read_to_end(&mut bytes));
        Some(match read {
            Ok(_) => Ok(bytes.into()),
            Err(e) => Err(unreadable(path, &e).in_file(path)),
        })
    }

    fn exists(&self, path: &str) -> bool {
        let full = self.root.join(path);
        full.is_file() && self.holds(path, &full)
    }

    fn claimed(&self) -> &[String] {
        &self.claimed
    }

    fn memo(&self) -> Option<&Memo> {
        Some(&self.memo)
    }
}
