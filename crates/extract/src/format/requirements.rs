//! pip's requirements files, written by hand or by pip-compile, uv, rye and `pip freeze`.
//!
//! Traps: an included file that is read by itself is not listed twice; a constraint (`-c`) says
//! which version, not that the package is there; only `==` and `===` pin, a lower bound is not the
//! version in use; a `.in` file is the source of a compiled `.txt` beside it, which then speaks;
//! `${NAME}` is filled in where the file is used, so what it stands for is not known.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Origin, Relation, Scope, Unmanaged,
    UnmanagedReason,
};

use super::pep508::{self, Requirement};
use super::pip_lines::{self, Line, Says};
use super::{address, floating, pip_names, pypi, pyproject, scopes};
use crate::read::text;
use crate::registry::{self, Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "requirements",
    title: "pip requirements",
    family: Some(Family::PyPI),
    kind: FormatKind::Manifest,
    names: "*requirements*.txt, requirements/*.txt, *requirements*.in, requirements/*.in, requirements*.lock",
    claims: pip_names::claims,
    sniff: None,
    extract,
};

/// The most files that one file includes, directly or not.
const MAX_INCLUDES: usize = 500;
/// The deepest chain of includes.
const MAX_DEPTH: usize = 30;
/// The most malformed lines that are told one by one.
const MAX_TOLD: usize = 20;

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    if let Some(stem) = view.name().strip_suffix(".in")
        && view.has(&format!("{stem}.txt"))
    {
        return Ok(FileInventory::default());
    }
    let text = decode(view.bytes)?;
    let mut reader = Reader::new(view);
    reader.file(view.path, &text, None, 0);
    Ok(reader.finish(&text))
}

/// pip honours a coding line as Python does. Names and versions are ASCII, so that any such
/// encoding reads like Latin-1.
fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, Diagnostic> {
    text::decode(bytes).or_else(|diagnostic| {
        let declares = |line: &[u8]| {
            line.trim_ascii_start().starts_with(b"#") && line.windows(6).any(|w| w == b"coding")
        };
        if bytes.split(|b| *b == b'\n').take(2).any(declares) {
            return Ok(bytes.iter().map(|b| char::from(*b)).collect::<String>().into());
        }
        Err(diagnostic)
    })
}

struct Reader<'v> {
    view: &'v FileView<'v>,
    out: FileInventory,
    /// Who brings in each component, as annotated.
    via: Vec<Vec<String>>,
    /// `name → version` out of constraint files.
    constraints: HashMap<String, String>,
    seen: HashSet<String>,
    index: Option<String>,
    extra_index: bool,
    malformed: usize,
}

impl<'v> Reader<'v> {
    fn new(view: &'v FileView<'v>) -> Reader<'v> {
        Reader {
            view,
            out: FileInventory::default(),
            via: Vec::new(),
            constraints: HashMap::new(),
            seen: HashSet::from([view.path.to_owned()]),
            index: None,
            extra_index: false,
            malformed: 0,
        }
    }

    /// Reads a file's text. `line` is that of the include in the file that we tell about.
    fn file(&mut self, path: &str, text: &str, line: Option<u32>, depth: usize) {
        for entry in pip_lines::lines(text) {
            let line = line.unwrap_or(entry.number);
            match entry.says {
                Says::Requirement { .. } => self.requirement(path, entry, line),
                Says::Index { extra: true, .. } => self.extra_index = true,
                Says::Index { url, extra: false } => {
                    self.index = Some(address::without_credentials(&url).into_owned());
                }
                Says::Include { path: relative, constraint } => {
                    if let Some((path, text)) = self.included(path, &relative, line, depth) {
                        if constraint {
                            self.constrain(&path, &text, line, depth + 1);
                        } else if !self.speaks_for_itself(&path) {
                            self.file(&path, &text, Some(line), depth + 1);
                        }
                    }
                }
            }
        }
    }

    /// The text of an included file, the first time that it is met.
    fn included(
        &mut self,
        from: &str,
        relative: &str,
        line: u32,
        depth: usize,
    ) -> Option<(String, String)> {
        let relative = relative.trim_matches(['"', '\'']);
        if relative.contains("://") || relative.contains("${") {
            self.tell(Code::UnresolvedOffline, format!("`{relative}` is not in the tree"), line);
            return None;
        }
        let Some(path) = view::resolve(view::folder(from), relative) else {
            let message = format!("`{relative}` leads out of the scanned root");
            self.tell(Code::PathEscapes, message, line);
            return None;
        };
        if self.seen.contains(&path) {
            return None;
        }
        if depth >= MAX_DEPTH || self.seen.len() > MAX_INCLUDES {
            self.tell(Code::FileLimit, "too many files are included".to_owned(), line);
            return None;
        }
        match self.view.files.read(&path) {
            Some(Ok(bytes)) => {
                self.seen.insert(path.clone());
                match decode(&bytes) {
                    Ok(text) => return Some((path, text.into_owned())),
                    Err(diagnostic) => self.out.diagnostics.push(diagnostic.in_file(path.as_str())),
                }
            }
            Some(Err(diagnostic)) => self.out.diagnostics.push(diagnostic),
            None => {
                let message = format!("`{relative}` is included and is not in the tree");
                self.tell(Code::ReferenceMissing, message, line);
            }
        }
        None
    }

    /// Whether the walk reads a file by itself, so that listing its packages here too would
    /// count them twice.
    fn speaks_for_itself(&self, path: &str) -> bool {
        let claimed = self.view.files.claimed();
        claimed.binary_search_by(|p| p.as_str().cmp(path)).is_ok()
            && registry::claiming(path).any(|f| f.id == FORMAT.id)
    }

    /// Takes the pins of a constraint file. `line` is that of the include in the file that we tell about.
    fn constrain(&mut self, path: &str, text: &str, line: u32, depth: usize) {
        for entry in pip_lines::lines(text) {
            match entry.says {
                Says::Requirement { text, .. } => {
                    let Some(asked) = Requirement::parse(&text) else { continue };
                    if let Some(pin) = asked.pin() {
                        let name = pypi::key(asked.name).into_owned();
                        self.constraints.entry(name).or_insert_with(|| pin.to_owned());
                    }
                }
                Says::Include { path: relative, .. } => {
                    if let Some((path, text)) = self.included(path, &relative, line, depth) {
                        self.constrain(&path, &text, line, depth + 1);
                    }
                }
                Says::Index { .. } => {}
            }
        }
    }

    fn requirement(&mut self, path: &str, entry: Line, line: u32) {
        let Says::Requirement { text, editable, hashes } = entry.says else { return };
        // pip wants white space before a comment; what else could follow `#` here is nothing.
        let plain = text.split('#').next().unwrap_or(&text);
        let asked = Requirement::parse(&text).or_else(|| Requirement::parse(plain));
        let component = if let Some(asked) = asked.filter(|_| !editable) {
            named(&asked)
        } else if let Some(name) = text.contains("${").then(|| templated(&text)).flatten() {
            let mut component = Component::new(pypi::purl(name));
            component.requirement = text.get(name.len()..).map(|r| r.trim().into());
            component
        } else if editable || is_address(&text) {
            match self.addressed(path, &text, line) {
                Some(component) => component,
                None => return,
            }
        } else {
            self.malformed += 1;
            if self.malformed <= MAX_TOLD {
                let message = format!("`{}` is not a requirement", shortened(&text));
                self.tell(Code::EntryMalformed, message, line);
            }
            return;
        };
        let mut component = component;
        component.line = Some(line);
        component.hashes = hashes.iter().filter_map(|h| pypi::hash(h)).collect();
        self.out.add(component);
        self.via.push(entry.via);
    }

    /// A requirement without a name of its own: an archive, a repository, a folder.
    fn addressed(&mut self, from: &str, text: &str, line: u32) -> Option<Component> {
        let (address, marker) = match text.split_once(" ;").or_else(|| text.split_once("; ")) {
            Some((address, marker)) => (address.trim(), Some(marker.trim())),
            None => (text, None),
        };
        let address = match address.split_once(" @ ") {
            Some((_, url)) => url.trim(),
            None => address,
        };
        let (origin, egg) = pypi::origin(address);
        let archive = pypi::archive_name(address);
        let folder = match (&origin, archive) {
            (Origin::Path(path), None) => self.folder_project(from, path),
            _ => None,
        };
        let name = egg.map(str::to_owned).or_else(|| archive.map(|(name, _)| name.to_owned()));
        let name = name.or_else(|| folder.as_ref().map(|(name, _)| name.clone()));
        let asks = pep508::with_marker(&address::without_credentials(address), marker);
        let Some(name) = name.filter(|n| Requirement::parse(n).is_some()) else {
            let own = matches!(&origin, Origin::Path(path) if matches!(path.trim_end_matches('/'), "." | "./"));
            if !own {
                self.out.unmanaged.push(Unmanaged {
                    reason: UnmanagedReason::Unresolved,
                    package: None,
                    requirement: Some(asks.into()),
                    line: Some(line),
                });
            }
            return None;
        };
        let mut component = Component::new(pypi::purl(&name));
        if let Some((_, version)) = archive.filter(|(n, _)| pypi::key(n) == pypi::key(&name)) {
            component.purl = component.purl.with_version(version);
        }
        if let Some((_, version)) = folder {
            component.relation = Relation::Own;
            component.purl = component.purl.with_version(version.as_deref().unwrap_or_default());
        }
        component.requirement = Some(asks.into());
        component.origin = origin;
        Some(component)
    }

    /// Name and version of the project in a folder of the tree.
    fn folder_project(&self, from: &str, path: &str) -> Option<(String, Option<String>)> {
        let path = path.split('[').next().unwrap_or(path);
        let folder = view::resolve(view::folder(from), path)?;
        let bytes = self.view.files.read(&view::join(&folder, "pyproject.toml"))?.ok()?;
        let project = pyproject::project(&bytes)?;
        Some((project.name?.into(), project.version.map(Into::into)))
    }

    fn tell(&mut self, code: Code, message: String, line: u32) {
        self.out.diagnostics.push(Diagnostic::new(code, message).at_line(line));
    }

    /// What can only be said once the whole file is read.
    fn finish(mut self, text: &str) -> FileInventory {
        if self.malformed > MAX_TOLD {
            let message = format!("{} more lines are not requirements", self.malformed - MAX_TOLD);
            self.out.diagnostics.push(Diagnostic::new(Code::EntryMalformed, message));
        }
        let scope = pip_names::scope(self.view.path);
        let annotated = self.via.iter().any(|via| !via.is_empty());
        let compiled = annotated
            || text
                .get(..text.len().min(400))
                .is_some_and(|head| head.contains("autogenerated by"));
        let mut names = pypi::Names::default();
        for (i, component) in (0u32..).zip(&mut self.out.components) {
            let name = pypi::key(component.purl.name()).into_owned();
            if component.purl.version().is_none()
                && component.origin.is_registry()
                && let Some(version) = self.constraints.get(&name)
            {
                component.purl = component.purl.clone().with_version(version);
            }
            if let (Some(index), Origin::Unstated, false) =
                (&self.index, &component.origin, self.extra_index)
            {
                component.origin = Origin::Registry(index.as_str().into());
            }
            names.add(&name, i);
        }
        let seeds = self.relate(&names, annotated, compiled);
        for (i, via) in (0u32..).zip(&self.via) {
            for name in via.iter().filter(|name| !is_source(name)) {
                for from in names.of(bare(name)) {
                    self.out.edge(*from, i);
                }
            }
        }
        let seeds: Vec<_> = seeds.into_iter().map(|seed| (seed, scope)).collect();
        let reached = scopes::spread(self.out.components.len(), &self.out.edges, &seeds);
        for (component, scope) in self.out.components.iter_mut().zip(reached) {
            component.scope = scope.unwrap_or(Scope::Unknown);
        }
        floating::note(&mut self.out);
        self.out
    }

    /// Says which components are asked for by name; gives their positions.
    fn relate(&mut self, names: &pypi::Names, annotated: bool, compiled: bool) -> Vec<u32> {
        let mut direct = Vec::new();
        let source = if annotated { None } else { self.source() };
        let own: HashSet<u32> = (0u32..)
            .zip(&self.out.components)
            .filter(|(_, c)| c.relation == Relation::Own)
            .map(|(i, _)| i)
            .collect();
        for (i, via) in (0u32..).zip(&self.via) {
            let Some(component) = self.out.components.get_mut(i as usize) else { continue };
            if let Some(source) = &source {
                let asked = source.contains(&*pypi::key(component.purl.name()));
                component.relation = if asked { Relation::Direct } else { Relation::Transitive };
                // Nobody knows who needs the others; they are there for what the file is for.
                direct.push(i);
                continue;
            }
            let asked = match (annotated, compiled) {
                // Old pip-compile annotates only what something else brings in.
                (true, _) => {
                    let project = |v: &String| {
                        is_source(v) || names.of(bare(v)).iter().any(|i| own.contains(i))
                    };
                    // What is not in the file cannot bring anything in: it is a project's name.
                    let foreign = |v: &String| names.of(bare(v)).is_empty();
                    via.iter().any(project) || via.iter().all(foreign)
                }
                // Compiled without annotations: nothing tells the two apart.
                (false, true) => {
                    direct.push(i);
                    continue;
                }
                (false, false) => true,
            };
            if asked {
                direct.push(i);
            }
            if component.relation != Relation::Own {
                component.relation = if asked { Relation::Direct } else { Relation::Transitive };
            }
        }
        direct
    }
}

impl Reader<'_> {
    /// The names in the `.in` file beside a compiled one. `None` if there is none, or it is not
    /// the whole story.
    fn source(&self) -> Option<HashSet<String>> {
        let stem = self.view.name().strip_suffix(".txt")?;
        let bytes = self.view.read(&format!("{stem}.in"))?.ok()?;
        let mut names = HashSet::new();
        for line in pip_lines::lines(&decode(&bytes).ok()?) {
            match line.says {
                Says::Requirement { text, editable: false, .. } => {
                    let asked = Requirement::parse(&text)?;
                    names.insert(pypi::key(asked.name).into_owned());
                }
                Says::Include { constraint: true, .. } | Says::Index { .. } => {}
                Says::Requirement { .. } | Says::Include { .. } => return None,
            }
        }
        Some(names)
    }
}

/// Whether an annotation names what was compiled, not a package: `-r dev.in`, `app (pyproject.toml)`.
fn is_source(via: &str) -> bool {
    via.starts_with('-') || via.contains('(') || via.ends_with(".in") || via.ends_with(".txt")
}

/// The name of an annotation: `uvicorn[standard]` is uvicorn.
fn bare(via: &str) -> &str {
    via.split(['[', ' ']).next().unwrap_or(via)
}

/// A requirement with a name.
fn named(asked: &Requirement<'_>) -> Component {
    let mut component = Component::new(pypi::purl(asked.name));
    if let Some(url) = asked.url {
        component.origin = pypi::origin(url).0;
        if let Some((name, version)) = pypi::archive_name(url)
            && pypi::key(name) == pypi::key(asked.name)
        {
            component.purl = component.purl.with_version(version);
        }
    }
    let pin = asked.pin();
    if let Some(version) = pin {
        component.purl = component.purl.with_version(version);
    }
    if pin.is_none() || asked.marker.is_some() {
        let asks = asked.asks();
        let asks = match asked.url {
            Some(url) => asks.replacen(url, &address::without_credentials(url), 1),
            None => asks,
        };
        component.requirement = Some(asks.into());
    }
    component
}

/// The name before a version that a `${VARIABLE}` stands for.
fn templated(text: &str) -> Option<&str> {
    let end = text.find(['=', '<', '>', '~', '!', ' ', '['])?;
    let name = text.get(..end)?;
    Requirement::parse(name).is_some_and(|r| r.name == name).then_some(name)
}

/// Whether a requirement is a URL or path.
fn is_address(text: &str) -> bool {
    let first = text.split_whitespace().next().unwrap_or_default();
    first.contains("://")
        || first.starts_with(['.', '/'])
        || pypi::archive_name(first).is_some()
        || first.starts_with("file:")
}

fn shortened(text: &str) -> String {
    let cut = text.char_indices().nth(80).map_or(text.len(), |(at, _)| at);
    text.get(..cut).unwrap_or(text).escape_debug().to_string()
}
