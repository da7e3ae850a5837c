//! Files that people write: where they are, and that none is read that is too large, is no file, or leads out of the
//! repository.

use std::path::{Path, PathBuf};

use trimtab_charter::project::{CHARTER_FILE, FILE};
use trimtab_model::{Code, Diagnostic};

use crate::io::Io;

/// The largest file of settings or VEX that is read.
const MAX_BYTES: u64 = 64 << 20;
/// The most files of a folder of VEX documents or policies.
const MAX_FILES: usize = 1000;

/// From the top of a repository to a folder of it, with a slash at the end where there is a way.
pub fn prefix(top: &Path, folder: &Path) -> String {
    let full = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let top = std::fs::canonicalize(top).unwrap_or_else(|_| top.to_owned());
    match full.strip_prefix(top).map(shown) {
        Ok(way) if !way.is_empty() => format!("{way}/"),
        _ => String::new(),
    }
}

/// The text of a file of the repository's own. `None` if it does not exist.
///
/// # Errors
/// It cannot be read, or leads out of the repository.
pub fn own(folder: &Path, name: &str) -> Result<Option<String>, Diagnostic> {
    match inside(folder, name)? {
        Some(path) => text(&path),
        None => Ok(None),
    }
}

/// A file of the repository's own, or the files of a folder of it.
///
/// # Errors
/// It does not exist, or one of them leads out of the repository.
pub(super) fn own_files(
    folder: &Path,
    name: &str,
    endings: &[&str],
) -> Result<Vec<PathBuf>, Diagnostic> {
    let found = files(&folder.join(name), endings)?;
    let root = std::fs::canonicalize(repository(folder)).map_err(|e| unreadable(folder, &e))?;
    for path in &found {
        let full = std::fs::canonicalize(path).map_err(|e| unreadable(path, &e))?;
        if !full.starts_with(&root) {
            return Err(escapes(path));
        }
    }
    Ok(found)
}

/// A file, or the files of a folder with one of some endings, sorted.
///
/// # Errors
/// It does not exist, or cannot be listed.
pub fn files(path: &Path, endings: &[&str]) -> Result<Vec<PathBuf>, Diagnostic> {
    if !path.is_dir() {
        return if path.exists() {
            Ok(vec![path.to_owned()])
        } else {
            Err(Diagnostic::new(Code::Usage, format!("`{}` does not exist", shown(path)))
                .help("name a file or a folder"))
        };
    }
    let mut found = Vec::new();
    let mut waiting = vec![path.to_owned()];
    while let Some(folder) = waiting.pop() {
        let entries = std::fs::read_dir(&folder).map_err(|e| unreadable(&folder, &e))?;
        for entry in entries.flatten() {
            let Ok(kind) = entry.file_type() else { continue };
            if kind.is_dir() {
                waiting.push(entry.path());
            } else if entry
                .path()
                .extension()
                .is_some_and(|e| endings.iter().any(|known| e == *known))
            {
                found.push(entry.path());
            }
        }
        if found.len() > MAX_FILES || waiting.len() > MAX_FILES {
            let message = format!("`{}` holds more than {MAX_FILES} files", shown(path));
            return Err(Diagnostic::new(Code::Usage, message).help("name a smaller folder"));
        }
    }
    found.sort();
    Ok(found)
}

/// The folder of a repository's settings: the path itself or the nearest folder above it that has
/// `trimtab.toml` or a charter, but not beyond the repository.
pub(super) fn root(path: &Path) -> PathBuf {
    let start = if path.is_dir() { path } else { path.parent().unwrap_or(Path::new("")) };
    let start = if start.as_os_str().is_empty() { Path::new(".") } else { start };
    let full = std::fs::canonicalize(start).unwrap_or_else(|_| start.to_owned());
    let mut up = PathBuf::new();
    for folder in full.ancestors() {
        if is_there(folder) {
            return start.join(up);
        }
        if folder.join(".git").exists() {
            break;
        }
        up.push("..");
    }
    start.to_owned()
}

/// Whether a folder has settings, whatever they are: a link that leads nowhere is told, not passed over.
pub(super) fn is_there(folder: &Path) -> bool {
    [FILE, CHARTER_FILE].iter().any(|name| folder.join(name).symlink_metadata().is_ok())
}

/// A path as it is told.
pub fn shown(path: &Path) -> String {
    let text = path.to_string_lossy().replace('\\', "/");
    text.strip_prefix("./").unwrap_or(&text).to_owned()
}

/// A file of the repository's own, which says where it is. `None` if it does not exist.
///
/// # Errors
/// It leads out of the repository: what stands there is nobody's agreement, and is not shown.
pub(super) fn inside(folder: &Path, name: &str) -> Result<Option<PathBuf>, Diagnostic> {
    let path = folder.join(name);
    let Ok(full) = std::fs::canonicalize(&path) else {
        return if path.is_symlink() { Err(escapes(&path)) } else { Ok(None) };
    };
    let root = std::fs::canonicalize(repository(folder)).map_err(|e| unreadable(folder, &e))?;
    if full.starts_with(root) { Ok(Some(path)) } else { Err(escapes(&path)) }
}

fn escapes(path: &Path) -> Diagnostic {
    let message = format!("`{}` leads out of the repository, or nowhere", shown(path));
    Diagnostic::new(Code::ConfigMalformed, message)
        .help("put the file itself there, or name it with an option")
}

/// The repository that a folder lies in; the folder itself where it lies in none.
pub fn repository(folder: &Path) -> PathBuf {
    let full = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    full.ancestors().find(|f| f.join(".git").exists()).unwrap_or(&full).to_owned()
}

/// The text of a file. `None` if it does not exist.
///
/// # Errors
/// It cannot be read.
pub fn text(path: &Path) -> Result<Option<String>, Diagnostic> {
    if !path.exists() {
        return Ok(None);
    }
    utf8(bytes(path)?, &shown(path)).map(Some)
}

/// The text of a file's bytes.
///
/// # Errors
/// It is none.
pub fn utf8(bytes: Vec<u8>, file: &str) -> Result<String, Diagnostic> {
    String::from_utf8(bytes).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let message = match bytes.get(..2) {
            Some([0xFF, 0xFE] | [0xFE, 0xFF]) => "the file is UTF-16, not UTF-8",
            _ => "the file is not valid UTF-8",
        };
        let line = bytes.iter().take(valid).filter(|b| **b == b'\n').count() + 1;
        // A file that people write is told as such, and ends as its other slips do.
        Diagnostic::new(Code::ConfigMalformed, message)
            .in_file(file)
            .at_line(u32::try_from(line).unwrap_or(u32::MAX))
            .help("save it as UTF-8, in your editor's \"save with encoding\"")
    })
}

/// The bytes of a file, or of standard input if it is called `-`.
///
/// # Errors
/// It cannot be read.
pub fn input(path: &Path, io: &mut Io) -> Result<Vec<u8>, Diagnostic> {
    match path == Path::new("-") {
        true => bounded(&mut io.stdin, path),
        false => bytes(path),
    }
}

/// The bytes of a file.
///
/// # Errors
/// It cannot be read.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    // A pipe or a device would keep us waiting, or never end.
    if !std::fs::metadata(path).map_err(|e| unreadable(path, &e))?.is_file() {
        let message = format!("`{}` is not a file", shown(path));
        return Err(Diagnostic::new(Code::FileUnreadable, message).help("name a file"));
    }
    bounded(std::fs::File::open(path).map_err(|e| unreadable(path, &e))?, path)
}

fn bounded(from: impl std::io::Read, path: &Path) -> Result<Vec<u8>, Diagnostic> {
    use std::io::Read;
    let mut bytes = Vec::new();
    let read =
        from.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| unreadable(path, &e))?;
    if read as u64 > MAX_BYTES {
        return Err(Diagnostic::new(Code::FileTooLarge, "the file is larger than 64 MiB")
            .in_file(shown(path)));
    }
    Ok(bytes)
}

fn unreadable(path: &Path, error: &std::io::Error) -> Diagnostic {
    Diagnostic::new(Code::FileUnreadable, format!("`{}` cannot be read: {error}", shown(path)))
        .help("check the name and the permissions")
}
