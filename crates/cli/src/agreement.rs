//! What people agreed on for a repository, read from its files: `trimtab.toml`, the charter, the
//! exceptions, VEX documents and policies of its own.

pub mod before;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use trimtab_charter::at::nearest;
use trimtab_charter::preset;
use trimtab_charter::project::{self, CHARTER_FILE, EXCEPTIONS_FILE, FILE, Project};
use trimtab_decisions::{exceptions, vex};
use trimtab_engine::repository::{self, Agreement, Place};
use trimtab_engine::revision::{Files, Kind};
use trimtab_model::charter::Charter;
use trimtab_model::decision::Decisions;
use trimtab_model::evidence::Fact;
use trimtab_model::finding::Finding;
use trimtab_model::scan::{Scan, Weighing};
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
    /// Whether its charter is one that somebody chose: of the repository, or named for this run.
    pub chosen: bool,
    /// Its files that were read so far, by their path from the top of the repository.
    pub files: Files,
    /// What is wrong with files of it that were passed over, so that what they say does not count.
    unread: Vec<Diagnostic>,
    source: Box<dyn Source>,
}

impl Agreed {
    /// Weighs a scan by it. What could not be read of it is told with the rest.
    ///
    /// # Errors
    /// A pattern of a system is not one.
    pub fn weigh(
        &self,
        scan: &Scan,
        first_seen: &dyn Fn(&Finding) -> Option<Fact<Timestamp>>,
        now: Timestamp,
    ) -> Result<(Weighing, Vec<Diagnostic>), Diagnostic> {
        let (weighing, mut problems) = repository::weigh(scan, &self.agreement, first_seen, now)?;
        problems.extend(self.unread.iter().cloned());
        Ok((weighing, problems))
    }

    /// Whether something of it could not be read.
    pub fn is_incomplete(&self) -> bool {
        self.unread.iter().any(|problem| problem.code.makes_incomplete())
    }

    /// The texts of the repository's own policies, by their names for people.
    ///
    /// # Errors
    /// One that is named is not there, or cannot be read.
    pub fn policies(&mut self) -> Result<Vec<(String, String)>, Diagnostic> {
        let mut all = Vec::new();
        for name in &self.agreement.project.policies {
            for (file, bytes) in self.source.below(name, &["rego"])? {
                all.push((self.source.shown(&file), utf8(bytes.clone(), &file)?));
                self.files.insert(self.source.rooted(&file), (Kind::Policy, bytes));
            }
        }
        Ok(all)
    }
}

/// Where the files of an agreement are. Names are relative to the folder that holds `trimtab.toml`.
pub trait Source {
    /// The bytes of a file. `None` if it does not exist.
    ///
    /// # Errors
    /// It leads out of the repository, or cannot be read.
    fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, Diagnostic>;
    /// A file, or the files of a folder with one of some endings, sorted.
    ///
    /// # Errors
    /// It does not exist, leads out of the repository, or cannot be read.
    fn below(&self, name: &str, endings: &[&str]) -> Result<Vec<(String, Vec<u8>)>, Diagnostic>;
    /// A file as it is told.
    fn shown(&self, name: &str) -> String;
    /// A file's path from the top of the repository.
    fn rooted(&self, name: &str) -> String;
}

/// The files as they are in the folder.
struct Tree {
    folder: PathBuf,
    /// From the top of the repository to the folder.
    prefix: String,
}

impl Source for Tree {
    fn bytes(&self, name: &str) -> Result<Option<Vec<u8>>, Diagnostic> {
        inside(&self.folder, name)?.map(|path| bytes(&path)).transpose()
    }

    fn below(&self, name: &str, endings: &[&str]) -> Result<Vec<(String, Vec<u8>)>, Diagnostic> {
        let one = |path: PathBuf| {
            let name = path.strip_prefix(&self.folder).map_or(name.to_owned(), shown);
            Ok((name, bytes(&path)?))
        };
        own_files(&self.folder, name, endings)?.into_iter().map(one).collect()
    }

    fn shown(&self, name: &str) -> String {
        shown(&self.folder.join(name))
    }

    fn rooted(&self, name: &str) -> String {
        format!("{}{name}", self.prefix)
    }
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
    let charter = charter.map(|name| charter_of(name, io)).transpose()?;
    let prefix = prefix(&repository(&folder), &folder);
    let mut warnings = Vec::new();
    let place = place(path, &folder);
    let agreed = from(Box::new(Tree { folder, prefix }), charter, &mut warnings);
    say::diagnostics(io, warnings.iter(), false);
    let mut agreed = agreed.map_err(|problems| told(problems, io))?;
    agreed.agreement.place = place;
    Ok(agreed)
}

/// Where a path that is scanned lies, seen from the folder of its agreement. The files of a folder are told from
/// that folder, a file alone from the top of its repository.
fn place(path: &Path, folder: &Path) -> Place {
    let real = |path: &Path| std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    let (is_folder, folder) = (path.is_dir(), real(folder));
    let path = real(path);
    let base = match path.parent() {
        Some(parent) if !is_folder => repository(parent),
        _ => path,
    };
    match (base.strip_prefix(&folder), folder.strip_prefix(&base)) {
        (Ok(way), _) if way.as_os_str().is_empty() && is_folder => Place::Whole,
        (Ok(way), _) if way.as_os_str().is_empty() => Place::Below("".into()),
        (Ok(way), _) => Place::Below(format!("{}/", shown(way)).into()),
        (_, Ok(way)) => Place::Above(format!("{}/", shown(way)).into()),
        // The one is not in the other: nothing to go by.
        _ => Place::Whole,
    }
}

/// From the top of a repository to a folder of it, with a slash at the end where there is a way.
pub fn prefix(top: &Path, folder: &Path) -> String {
    let full = std::fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    let top = std::fs::canonicalize(top).unwrap_or_else(|_| top.to_owned());
    match full.strip_prefix(top).map(shown) {
        Ok(way) if !way.is_empty() => format!("{way}/"),
        _ => String::new(),
    }
}

/// Reads an agreement from where its files are. `charter` is used instead of its own. What is worth a warning
/// is added to `warnings`.
///
/// # Errors
/// Files say what is not possible.
pub fn from(
    source: Box<dyn Source>,
    charter: Option<Charter>,
    warnings: &mut Vec<Diagnostic>,
) -> Result<Agreed, Vec<Diagnostic>> {
    let mut files = Files::new();
    let text = |name: &str, kind: Kind, files: &mut Files| match source.bytes(name) {
        Ok(None) => Ok(None),
        Ok(Some(bytes)) => {
            files.insert(source.rooted(name), (kind, bytes.clone()));
            utf8(bytes, &source.shown(name)).map(Some).map_err(|e| vec![e])
        }
        Err(problem) => Err(vec![problem]),
    };
    let missing = |what: &str, name: &str, help: &str| {
        let message = format!("the {what} `{}` does not exist", source.shown(name));
        let problem = Diagnostic::new(Code::ConfigMalformed, message);
        Err(vec![problem.in_file(source.shown(FILE)).help(help)])
    };
    let project_text = text(FILE, Kind::Project, &mut files)?;
    let (charter, chosen) = match charter {
        Some(charter) => (charter, true),
        None => {
            let named = project_text.as_deref().and_then(project::charter_file);
            let name = named.as_deref().unwrap_or(CHARTER_FILE);
            match text(name, Kind::Charter, &mut files)? {
                Some(text) => {
                    let (charter, more) = trimtab_charter::read(&source.shown(name), &text)?;
                    // That somebody has yet to agree is for `charter check`, not for every scan.
                    warnings.extend(more.into_iter().filter(|w| w.code != Code::CharterWeak));
                    (charter, true)
                }
                None if named.is_some() => {
                    let help = "run `trimtab charter init`, or correct `charter`";
                    return missing("charter", name, help);
                }
                None => (preset::default(), false),
            }
        }
    };
    let project = match &project_text {
        None => Project::default(),
        Some(text) => {
            let (project, more) = project::read(&source.shown(FILE), text, &charter)?;
            warnings.extend(more);
            project
        }
    };
    let name = project.exceptions.as_deref().unwrap_or(EXCEPTIONS_FILE);
    let Decisions { exceptions, not_affected } = match text(name, Kind::Exceptions, &mut files)? {
        None if project.exceptions.is_some() => {
            return missing("file of exceptions", name, "correct `exceptions`, or write the file");
        }
        None => Decisions::default(),
        Some(text) => {
            let (decisions, problems) = exceptions::read(&text, &source.shown(name));
            let error = trimtab_model::DiagnosticSeverity::Error;
            if problems.iter().any(|p| p.code.severity() == error) {
                return Err(problems);
            }
            warnings.extend(problems);
            decisions
        }
    };
    let (mut statements, mut unread) = (Vec::new(), Vec::new());
    for name in &project.vex {
        for (file, bytes) in source.below(name, &["json"]).map_err(|e| vec![e])? {
            let (document, problems) = vex::read(&bytes);
            unread.extend(problems.into_iter().map(|p| p.in_file(source.shown(&file))));
            statements.extend(document.into_iter().flat_map(|d| d.statements));
            files.insert(source.rooted(&file), (Kind::Statements, bytes));
        }
    }
    let place = Place::Whole;
    let agreement = Agreement { charter, project, exceptions, not_affected, statements, place };
    Ok(Agreed { agreement, chosen, files, unread, source })
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
fn own_files(folder: &Path, name: &str, endings: &[&str]) -> Result<Vec<PathBuf>, Diagnostic> {
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
pub fn moment(now: Option<&str>) -> Result<Timestamp, Diagnostic> {
    match now {
        None => Ok(Timestamp::now()),
        Some(text) => text.parse().map_err(|_| {
            Diagnostic::new(Code::Usage, format!("`{text}` is not a time"))
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
