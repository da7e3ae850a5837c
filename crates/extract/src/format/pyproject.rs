//! pyproject.toml: what a Python project asks for. PEP 621 dependencies and extras, PEP 735
//! groups, and the older tables of Poetry, PDM, uv and Hatch.
//!
//! Where a lockfile covers the project, the lockfile speaks and this format lists nothing; the
//! readers of lockfiles use [`sibling`] to learn what is direct, and for what. Traps: Poetry's
//! bare `1.2.3` is an exact version and its `python` is no package; Poetry may enrich a PEP 621
//! dependency in a table of its own; a group may include another.

use trimtab_model::{Code, Component, Diagnostic, Family, FileInventory, Origin, Relation, Scope};

use super::pep508::{self, Requirement};
use super::{address, floating, pypi};
use crate::read::toml;
use crate::read::tree::{Kind, Value};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "pyproject",
    title: "pyproject.toml",
    family: Some(Family::PyPI),
    kind: FormatKind::Manifest,
    names: "pyproject.toml",
    claims: |path| view::file_name(path) == "pyproject.toml",
    sniff: None,
    extract,
};

/// What a project asks for.
#[derive(Debug, Default)]
pub(super) struct Project {
    /// Its name, if it has one.
    pub(super) name: Option<Box<str>>,
    /// Its version, if the file states it.
    pub(super) version: Option<Box<str>>,
    /// The line of the name.
    pub(super) line: Option<u32>,
    /// Its dependencies, in the order of the file.
    pub(super) asked: Vec<Asked>,
    /// Entries that are no dependencies.
    pub(super) malformed: Vec<(u32, String)>,
}

/// One dependency of a project.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) name: Box<str>,
    pub(super) extras: Vec<Box<str>>,
    /// Specifiers, URL and marker as written; `*` for anything.
    pub(super) asks: Box<str>,
    /// The exact version, where one is asked for.
    pub(super) pin: Option<Box<str>>,
    pub(super) origin: Origin,
    /// The extra or group; `None` for the plain dependencies.
    pub(super) group: Option<Box<str>>,
    pub(super) scope: Scope,
    pub(super) line: u32,
    marked: bool,
}

/// The project described by the `pyproject.toml` beside a file. What is wrong with that one is
/// told when it is read itself.
pub(super) fn sibling(view: &FileView<'_>) -> Option<Project> {
    project(&view.read("pyproject.toml")?.ok()?)
}

/// The project that a `pyproject.toml` describes.
pub(super) fn project(bytes: &[u8]) -> Option<Project> {
    let text = crate::read::text::decode(bytes).ok()?;
    let doc = toml::parse(&text).ok()?;
    Some(describe(doc.root()))
}

impl Project {
    /// Adds the project itself, if it has a name.
    pub(super) fn add_own(&self, out: &mut FileInventory) -> Option<u32> {
        let name = self.name.as_deref()?;
        let purl = pypi::purl(name).with_version(self.version.as_deref().unwrap_or_default());
        let mut own = Component::new(purl);
        own.relation = Relation::Own;
        own.origin = Origin::Path(".".into());
        Some(out.add(own))
    }
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = toml::parse(&text)?;
    let mut out = FileInventory::default();
    if covered(view) {
        return Ok(out);
    }
    let project = describe(doc.root());
    for (line, what) in &project.malformed {
        let message = format!("`{what}` is not a dependency");
        out.diagnostics.push(Diagnostic::new(Code::EntryMalformed, message).at_line(*line));
    }
    if project.asked.is_empty() {
        return Ok(out);
    }
    let own = project.add_own(&mut out);
    if let Some(own) = own.and_then(|i| out.components.get_mut(i as usize)) {
        own.line = project.line;
    }
    for asked in project.asked {
        let mut component = Component::new(pypi::purl(&asked.name));
        if let Some(version) = &asked.pin {
            component.purl = component.purl.with_version(version);
        }
        if asked.pin.is_none() || asked.marked {
            component.requirement = Some(asked.asks);
        }
        component.relation = Relation::Direct;
        component.scope = asked.scope;
        component.origin = asked.origin;
        component.line = Some(asked.line);
        component.groups = asked.group.into_iter().collect();
        let position = out.add(component);
        if let Some(own) = own {
            out.edge(own, position);
        }
    }
    floating::note(&mut out);
    Ok(out)
}

/// Whether a lockfile says what the project's dependencies resolve to.
pub(super) fn covered(view: &FileView<'_>) -> bool {
    let beside = ["poetry.lock", "uv.lock", "pdm.lock", "pylock.toml", "requirements.lock"];
    if beside.iter().any(|name| view.has(name)) {
        return true;
    }
    let compiled = view.read("requirements.txt").and_then(Result::ok).is_some_and(|bytes| {
        // The head of a compiled file names what it was compiled from.
        let head = String::from_utf8_lossy(bytes.get(..bytes.len().min(600)).unwrap_or_default());
        head.contains("autogenerated by") && head.contains("pyproject.toml")
    });
    compiled || member_above(view)
}

/// Whether a `uv.lock` of a folder above lists this project's folder as a member.
fn member_above(view: &FileView<'_>) -> bool {
    let here = view::folder(view.path);
    view.folders_up().skip(1).any(|above| {
        let path = view::join(above, "uv.lock");
        let Some(Ok(bytes)) = view.files.read(&path) else { return false };
        let below = here.strip_prefix(above).unwrap_or(here).trim_start_matches('/');
        let text = String::from_utf8_lossy(&bytes);
        ["editable", "virtual", "directory"]
            .iter()
            .any(|kind| text.contains(&format!("{kind} = \"{below}\"")))
    })
}

/// What the tables of a manifest say.
fn describe(root: Value<'_>) -> Project {
    let mut out = Project::default();
    let tool = |path: &[&str]| root.get("tool").and_then(|tool| tool.path(path));
    for table in [root.get("project"), tool(&["poetry"])].into_iter().flatten() {
        if let (None, Some(name)) = (&out.name, table.get("name")) {
            out.name = name.as_str().filter(|n| !n.is_empty()).map(Into::into);
            out.line = Some(name.line());
        }
        if out.version.is_none() {
            out.version = table.str("version").map(Into::into);
        }
    }
    if let Some(project) = root.get("project") {
        out.list(project.get("dependencies"), None, Scope::Runtime);
        out.groups(project.get("optional-dependencies"), |_| Scope::Optional);
    }
    out.groups(root.get("dependency-groups"), pypi::group_scope);
    out.groups(tool(&["pdm", "dev-dependencies"]), pypi::group_scope);
    out.list(tool(&["uv", "dev-dependencies"]), Some("dev"), Scope::Development);
    for (name, environment) in tool(&["hatch", "envs"]).into_iter().flat_map(Value::entries) {
        let name = name.as_str().unwrap_or_default();
        let scope = pypi::group_scope(name).min(Scope::Development);
        for key in ["dependencies", "extra-dependencies"] {
            out.list(environment.get(key), Some(name), scope);
        }
    }
    if let Some(poetry) = tool(&["poetry"]) {
        out.poetry(poetry.get("dependencies"), None, Scope::Runtime);
        out.poetry(poetry.get("dev-dependencies"), Some("dev"), Scope::Development);
        for (name, group) in poetry.get("group").into_iter().flat_map(Value::entries) {
            let name = name.as_str().unwrap_or_default();
            out.poetry(group.get("dependencies"), Some(name), pypi::group_scope(name));
        }
    }
    out
}

impl Project {
    /// A table of lists of PEP 508 requirements.
    fn groups(&mut self, table: Option<Value<'_>>, scope: impl Fn(&str) -> Scope) {
        for (name, list) in table.into_iter().flat_map(Value::entries) {
            let name = name.as_str().unwrap_or_default();
            self.list(Some(list), Some(name), scope(name));
        }
    }

    /// A list of PEP 508 requirements. Tables in it include another group, which stands for itself.
    fn list(&mut self, list: Option<Value<'_>>, group: Option<&str>, scope: Scope) {
        for item in list.into_iter().flat_map(Value::items) {
            let Some(text) = item.as_str() else { continue };
            // PDM writes `-e file:///…#egg=x` into its development groups.
            let Some(asked) = Requirement::parse(text) else {
                let address = text.trim().strip_prefix("-e").map(str::trim);
                if address.is_none() {
                    self.malformed.push((item.line(), text.escape_debug().to_string()));
                }
                continue;
            };
            let asks = match asked.url {
                Some(url) => asked.asks().replacen(url, &address::without_credentials(url), 1),
                None => asked.asks(),
            };
            self.asked.push(Asked {
                name: asked.name.into(),
                extras: asked.extras.iter().map(|e| (*e).into()).collect(),
                asks: asks.into(),
                pin: asked.pin().map(Into::into),
                origin: asked.url.map_or(Origin::Unstated, |url| pypi::origin(url).0),
                group: group.map(Into::into),
                scope,
                line: item.line(),
                marked: asked.marker.is_some(),
            });
        }
    }

    /// A table of Poetry's own: name → constraint, table, or list of tables.
    fn poetry(&mut self, table: Option<Value<'_>>, group: Option<&str>, scope: Scope) {
        for (key, value) in table.into_iter().flat_map(Value::entries) {
            let Some(name) = key.as_str().filter(|n| *n != "python") else { continue };
            let several = value.kind() == Kind::List;
            let entries: Vec<Value<'_>> =
                if several { value.items().collect() } else { vec![value] };
            for entry in entries {
                let asked = poetry_entry(name, entry, group, scope, key.line());
                let known = self.asked.iter_mut().find(|a| {
                    a.group.is_none() && group.is_none() && pypi::key(&a.name) == pypi::key(name)
                });
                // Beside [project] such a table only says more about the same dependency.
                match known.filter(|_| !several) {
                    Some(known) if &*asked.asks == "*" => {
                        if asked.origin != Origin::Unstated {
                            known.origin = asked.origin;
                        }
                    }
                    _ => self.asked.push(asked),
                }
            }
        }
    }
}

fn poetry_entry(
    name: &str,
    entry: Value<'_>,
    group: Option<&str>,
    scope: Scope,
    line: u32,
) -> Asked {
    let constraint = entry.as_str().or_else(|| entry.str("version")).unwrap_or("*").trim();
    let text = |key: &str| entry.str(key);
    let origin = if let Some(url) = text("git") {
        address::git(url, text("rev").or_else(|| text("tag")).or_else(|| text("branch")))
    } else if let Some(url) = text("url") {
        Origin::Url(address::without_credentials(url).into())
    } else if let Some(path) = text("path").or_else(|| text("file")) {
        Origin::Path(path.into())
    } else {
        Origin::Unstated
    };
    let python = text("python").map(|python| format!("python {python}"));
    let marker = text("markers").map(str::to_owned).or(python);
    Asked {
        name: name.into(),
        extras: entry.get("extras").into_iter().flat_map(Value::texts).map(Into::into).collect(),
        asks: pep508::with_marker(constraint, marker.as_deref()).into(),
        pin: poetry_pin(constraint).map(Into::into),
        origin,
        group: group.map(Into::into),
        scope: if entry.flag("optional") { scope.min(Scope::Optional) } else { scope },
        line,
        marked: marker.is_some(),
    }
}

/// The exact version of a Poetry constraint: `1.2.3` and `==1.2.3` are exact.
fn poetry_pin(constraint: &str) -> Option<&str> {
    let plain = constraint.starts_with(|c: char| c.is_ascii_digit())
        && !constraint.contains(['*', ',', '|', ' ', 'x']);
    if plain { Some(constraint) } else { pep508::pin(constraint) }
}
