//! What people agreed on for a repository, read from its files: `trimtab.toml`, the charter, the
//! exceptions, VEX documents and policies of its own.

pub mod before;
mod files;

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
pub use files::{bytes, files, input, own, prefix, repository, shown, text, utf8};
use files::{inside, is_there, own_files, root};

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
