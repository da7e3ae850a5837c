//! What people agreed on for a repository, read from its files: `trimtab.toml`, the charter, the
//! exceptions, VEX documents and policies of its own.

use std::path::{Path, PathBuf};

use trimtab_charter::at::nearest;
use trimtab_charter::preset;
use trimtab_charter::project::{self, CHARTER_FILE, EXCEPTIONS_FILE, FILE, Project};
use trimtab_decisions::{exceptions, vex};
use trimtab_engine::repository::Agreement;
use trimtab_model::charter::Charter;
use trimtab_model::decision::Decisions;
use trimtab_model::{Code, Diagnostic};

use crate::io::Io;
use crate::say;

/// The largest file of settings or VEX that is read.
const MAX_BYTES: u64 = 64 << 20;
/// The most files of a folder of VEX documents or policies.
const MAX_FILES: usize = 1000;

/// An agreement, and what it was read from.
pub struct Agreed {
    /// What was agreed.
    pub agreement: Agreement,
    /// The folder that holds `trimtab.toml`.
    pub folder: PathBuf,
}

/// Whether a repository says anything of its own: then its findings are weighed.
pub fn is_written(path: &Path) -> bool {
    let folder = root(path);
    is_there(&folder)
}

/// Reads the agreement of a repository. `charter` names a file or preset to use instead of its own.
/// Warnings are told.
///
/// # Errors
/// A file says something that is not possible; everything else that is wrong was told.
pub fn read(path: &Path, charter: Option<&str>, io: &mut Io) -> Result<Agreed, Diagnostic> {
    let folder = root(path);
    let project_text = own(&folder, FILE)?;
    let named = project_text.as_deref().and_then(project::charter_file);
    let charter_path = folder.join(named.as_deref().unwrap_or(CHARTER_FILE));
    let charter = match charter {
        Some(name) => charter_of(name, io)?,
        None => match own(&folder, named.as_deref().unwrap_or(CHARTER_FILE))? {
            Some(text) => self::charter(&shown(&charter_path), &text, io)?,
            None if named.is_some() => {
                let message = format!("the charter `{}` does not exist", shown(&charter_path));
                return Err(Diagnostic::new(Code::ConfigMalformed, message)
                    .in_file(shown(&folder.join(FILE)))
                    .help("run `trimtab charter init`, or correct `charter`"));
            }
            None => preset::default(),
        },
    };
    let project = match &project_text {
        None => Project::default(),
        Some(text) => match project::read(&shown(&folder.join(FILE)), text, &charter) {
            Ok((project, warnings)) => {
                say::diagnostics(io, warnings.iter(), false);
                project
            }
            Err(problems) => return Err(told(problems, io)),
        },
    };
    let Decisions { exceptions, not_affected } = decisions(&folder, &project, io)?;
    let statements = statements(&folder, &project, io)?;
    let agreement = Agreement { charter, project, exceptions, not_affected, statements };
    Ok(Agreed { agreement, folder })
}

/// A charter by the name of a preset or of a file.
///
/// # Errors
/// There is none of that name, or it is not valid.
pub fn charter_of(name: &str, io: &mut Io) -> Result<Charter, Diagnostic> {
    if let Some(charter) = preset::get(name) {
        return Ok(charter);
    }
    let path = Path::new(name);
    match text(path)? {
        Some(text) => charter(name, &text, io),
        None => {
            let presets: Vec<_> = preset::names().collect();
            let help = match nearest(name, preset::names()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("name a file, or one of: {}", presets.join(", ")),
            };
            let message = format!("`{name}` is neither a charter nor a preset");
            Err(Diagnostic::new(Code::Usage, message).help(help))
        }
    }
}

/// A charter's text as a charter; warnings are told, of errors all but the last.
fn charter(file: &str, text: &str, io: &mut Io) -> Result<Charter, Diagnostic> {
    match trimtab_charter::read(file, text) {
        Ok((charter, warnings)) => {
            // That somebody has yet to agree is for `charter check`, not for every scan.
            let worth = warnings.iter().filter(|w| w.code != Code::CharterWeak);
            say::diagnostics(io, worth, false);
            Ok(charter)
        }
        Err(problems) => Err(told(problems, io)),
    }
}

/// Tells all problems but the last one, which is the error of the run.
pub fn told(mut problems: Vec<Diagnostic>, io: &mut Io) -> Diagnostic {
    let last = problems.pop();
    say::diagnostics(io, problems.iter(), false);
    last.unwrap_or_else(|| Diagnostic::new(Code::ConfigMalformed, "the file cannot be read"))
}

fn decisions(folder: &Path, project: &Project, io: &mut Io) -> Result<Decisions, Diagnostic> {
    let named = project.exceptions.as_deref();
    let path = folder.join(named.unwrap_or(EXCEPTIONS_FILE));
    let Some(text) = own(folder, named.unwrap_or(EXCEPTIONS_FILE))? else {
        return match named {
            None => Ok(Decisions::default()),
            Some(name) => Err(Diagnostic::new(
                Code::ConfigMalformed,
                format!("the exceptions `{name}` do not exist"),
            )
            .in_file(shown(&folder.join(FILE)))
            .help("correct `exceptions`, or write the file")),
        };
    };
    let (decisions, problems) = exceptions::read(&text, &shown(&path));
    let wrong =
        problems.iter().any(|p| p.code.severity() == trimtab_model::DiagnosticSeverity::Error);
    if wrong {
        return Err(told(problems, io));
    }
    say::diagnostics(io, problems.iter(), false);
    Ok(decisions)
}

fn statements(
    folder: &Path,
    project: &Project,
    io: &mut Io,
) -> Result<Vec<trimtab_model::decision::Statement>, Diagnostic> {
    let mut all = Vec::new();
    for name in &project.vex {
        for path in own_files(folder, name, &["json"])? {
            let (document, problems) = vex::read(&bytes(&path)?);
            let problems: Vec<_> = problems.into_iter().map(|p| p.in_file(shown(&path))).collect();
            say::diagnostics(io, problems.iter(), false);
            all.extend(document.into_iter().flat_map(|d| d.statements));
        }
    }
    Ok(all)
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
pub fn own_files(folder: &Path, name: &str, endings: &[&str]) -> Result<Vec<PathBuf>, Diagnostic> {
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

/// The moment that a command line names. `None` is the clock's.
///
/// # Errors
/// It is no time.
pub fn moment(now: Option<&str>) -> Result<jiff::Timestamp, Diagnostic> {
    match now {
        None => Ok(jiff::Timestamp::now()),
        Some(text) => text.parse().map_err(|_| {
            Diagnostic::new(Code::Usage, format!("`{text}` is no time"))
                .help("write it as 2026-11-21T09:00:00Z")
        }),
    }
}

/// The folder of a repository's settings: the path itself or the nearest folder above it that has
/// `trimtab.toml` or a charter, but not beyond the repository.
fn root(path: &Path) -> PathBuf {
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
fn is_there(folder: &Path) -> bool {
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
fn inside(folder: &Path, name: &str) -> Result<Option<PathBuf>, Diagnostic> {
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
fn repository(folder: &Path) -> PathBuf {
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
    String::from_utf8(bytes(path)?).map(Some).map_err(|error| {
        let valid = error.utf8_error().valid_up_to();
        let bytes = error.into_bytes();
        let message = match bytes.get(..2) {
            Some([0xFF, 0xFE] | [0xFE, 0xFF]) => "the file is UTF-16, not UTF-8",
            _ => "the file is not valid UTF-8",
        };
        let line = bytes.iter().take(valid).filter(|b| **b == b'\n').count() + 1;
        Diagnostic::new(Code::FileNotText, message)
            .in_file(shown(path))
            .at_line(u32::try_from(line).unwrap_or(u32::MAX))
            .help("save it as UTF-8, in your editor's \"save with encoding\"")
    })
}

/// The bytes of a file.
///
/// # Errors
/// It cannot be read.
pub fn bytes(path: &Path) -> Result<Vec<u8>, Diagnostic> {
    use std::io::Read;
    // A pipe or a device would keep us waiting, or never end.
    if !std::fs::metadata(path).map_err(|e| unreadable(path, &e))?.is_file() {
        let message = format!("`{}` is no file", shown(path));
        return Err(Diagnostic::new(Code::FileUnreadable, message).help("name a file"));
    }
    let file = std::fs::File::open(path).map_err(|e| unreadable(path, &e))?;
    let mut bytes = Vec::new();
    let read =
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|e| unreadable(path, &e))?;
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
