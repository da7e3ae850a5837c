//! The syntax of `yarn.lock`, which both generations share: entries at the margin, fields indented
//! by two, maps of a field by four. Version 1 separates key and value by a space and quotes what
//! is not a plain word; berry (2 and later) writes `key: value`, a subset of YAML.
//!
//! Both are written by machine, so a reader of lines serves, and keeps the line of every entry. A
//! conflict marker or any other line that does not fit is told and left out.

use std::borrow::Cow;
use std::collections::HashMap;

use trimtab_model::{Code, Component, Diagnostic, FileInventory, Relation, Scope};

use super::demand::Demands;
use super::npm::{self, Manifest};
use crate::view::FileView;

/// The most malformed lines that are told one by one.
const MAX_TOLD: usize = 20;

/// One entry: the specifiers that lead to it, and its fields.
#[derive(Debug, Default)]
pub(super) struct Entry<'t> {
    /// `name@specifier`, one or more.
    pub(super) keys: Vec<Cow<'t, str>>,
    /// One-based line of the keys.
    pub(super) line: u32,
    /// Fields with a text.
    pub(super) fields: Vec<(Cow<'t, str>, Cow<'t, str>)>,
    /// Fields with a map: field, key, value.
    pub(super) maps: Vec<(Cow<'t, str>, Cow<'t, str>, Cow<'t, str>)>,
    /// `dependenciesMeta` and the like: field, key, and the property that is `true`.
    pub(super) flags: Vec<(Cow<'t, str>, Cow<'t, str>, Cow<'t, str>)>,
}

impl Entry<'_> {
    /// The text of a field.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(k, _)| k == name).map(|(_, v)| &**v)
    }

    /// Whether `field.key.property` is `true`.
    pub(super) fn flag(&self, field: &str, key: &str, property: &str) -> bool {
        self.flags.iter().any(|(f, k, p)| f == field && k == key && p == property)
    }
}

/// Reads all entries. Lines that do not fit become diagnostics.
pub(super) fn entries<'t>(text: &'t str, diagnostics: &mut Vec<Diagnostic>) -> Vec<Entry<'t>> {
    let mut entries: Vec<Entry<'t>> = Vec::new();
    // Where a malformed head leaves its fields without an owner.
    let mut lost = false;
    let mut field = Cow::Borrowed("");
    let mut key = Cow::Borrowed("");
    let mut told = 0;
    for (number, raw) in (1u32..).zip(text.lines()) {
        let line = raw.trim_end();
        let content = line.trim_start_matches(' ');
        if content.is_empty() || content.starts_with('#') {
            continue;
        }
        let mut indent = line.len() - content.len();
        let mut content = content;
        if indent == 0 {
            if let Some(rest) = content.strip_prefix(": ") {
                // The value of a key that was too long for one line (`? "…"`).
                (indent, content) = (2, rest);
            } else if content == ":" {
                continue;
            }
        }
        let fits = match (indent, entries.last_mut()) {
            (0, _) => match head(content) {
                Some(keys) => {
                    entries.push(Entry { keys, line: number, ..Entry::default() });
                    lost = false;
                    true
                }
                None => {
                    lost = true;
                    false
                }
            },
            (_, _) if lost => continue,
            (2, Some(entry)) => match pair(content) {
                Some((name, Some(value))) => {
                    entry.fields.push((name, value));
                    field = Cow::Borrowed("");
                    true
                }
                Some((name, None)) => {
                    field = name;
                    true
                }
                None => false,
            },
            (4, Some(entry)) => match pair(content) {
                Some((name, Some(value))) => {
                    entry.maps.push((field.clone(), name, value));
                    true
                }
                Some((name, None)) => {
                    key = name;
                    true
                }
                // An item of a list is nothing we need.
                None => content.starts_with("- "),
            },
            (6, Some(entry)) => match pair(content) {
                Some((name, Some(value))) => {
                    if value == "true" {
                        entry.flags.push((field.clone(), key.clone(), name));
                    }
                    true
                }
                _ => content.starts_with("- "),
            },
            (deep, Some(_)) => deep > 6,
            (_, None) => false,
        };
        if !fits {
            told += 1;
            if told <= MAX_TOLD {
                diagnostics.push(
                    Diagnostic::new(Code::EntryMalformed, "a line of the yarn.lock does not fit")
                        .at_line(number)
                        .help("resolve conflicts and write the lockfile again with yarn"),
                );
            }
        }
    }
    entries
}

/// The specifiers of an entry's first line.
fn head(content: &str) -> Option<Vec<Cow<'_, str>>> {
    let long = content.strip_prefix("? ");
    let mut rest = match long {
        Some(rest) => rest,
        None => content.strip_suffix(':')?,
    };
    let mut keys = Vec::new();
    while !rest.is_empty() {
        let (key, after) = if rest.starts_with('"') {
            quoted(rest)?
        } else {
            let end = rest.find(", ").unwrap_or(rest.len());
            (Cow::Borrowed(rest.get(..end)?), rest.get(end..)?)
        };
        match key {
            // Berry puts all specifiers into one quoted text.
            Cow::Borrowed(text) => keys.extend(text.split(", ").map(Cow::Borrowed)),
            Cow::Owned(text) => keys.extend(text.split(", ").map(|k| Cow::Owned(k.to_owned()))),
        }
        rest = match after.strip_prefix(", ") {
            Some(after) => after,
            None if after.is_empty() => after,
            None => return None,
        };
    }
    (!keys.is_empty() && keys.iter().all(|k| !k.is_empty())).then_some(keys)
}

/// A field's name, and its value where it stands on the same line.
fn pair(content: &str) -> Option<(Cow<'_, str>, Option<Cow<'_, str>>)> {
    let (name, rest) = if content.starts_with('"') {
        quoted(content)?
    } else {
        let end = content.find(' ').unwrap_or(content.len());
        let word = content.get(..end)?;
        let name = word.strip_suffix(':').unwrap_or(word);
        (Cow::Borrowed(name), content.get(name.len()..)?)
    };
    if rest == ":" {
        return Some((name, None));
    }
    let value = rest.strip_prefix(':').unwrap_or(rest).strip_prefix(' ')?.trim_start();
    let value = if value.starts_with('"') {
        let (value, after) = quoted(value)?;
        after.is_empty().then_some(value)?
    } else if let Some(inner) = value.strip_prefix('\'') {
        Cow::Borrowed(inner.strip_suffix('\'')?)
    } else {
        Cow::Borrowed(value)
    };
    Some((name, Some(value)))
}

/// A text in double quotes with its escapes, and what follows it.
fn quoted(text: &str) -> Option<(Cow<'_, str>, &str)> {
    let inner = text.strip_prefix('"')?;
    let end = inner.find(['"', '\\'])?;
    if inner.as_bytes().get(end) == Some(&b'"') {
        return Some((Cow::Borrowed(inner.get(..end)?), inner.get(end + 1..)?));
    }
    let mut decoded = String::new();
    let mut chars = inner.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return Some((Cow::Owned(decoded), inner.get(at + 1..)?)),
            '\\' => match chars.next()?.1 {
                'n' => decoded.push('\n'),
                't' => decoded.push('\t'),
                'u' => {
                    let hex: String = chars.by_ref().take(4).map(|(_, c)| c).collect();
                    let code = u32::from_str_radix(&hex, 16).ok()?;
                    decoded.push(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER));
                }
                other => decoded.push(other),
            },
            other => decoded.push(other),
        }
    }
    None
}

/// Which component a specifier leads to.
#[derive(Debug, Default)]
pub(super) struct Targets<'t> {
    by_key: HashMap<&'t str, u32, foldhash::fast::RandomState>,
    /// The only component that is installed under a name; `None` where there are several.
    by_name: HashMap<&'t str, Option<u32>, foldhash::fast::RandomState>,
}

impl<'t> Targets<'t> {
    /// Notes that a specifier leads to a component.
    pub(super) fn insert(&mut self, key: &'t str, component: u32) {
        self.by_key.insert(key, component);
        let (name, _) = npm::split_locator(key);
        let one = self.by_name.entry(name).or_insert(Some(component));
        if *one != Some(component) {
            *one = None;
        }
    }

    /// The component that `name@specifier` leads to. A specifier that stands nowhere was replaced
    /// by a resolution of the project: then the only package of that name is meant.
    pub(super) fn find(&self, name: &str, specifiers: &[&str]) -> Option<u32> {
        let exact = specifiers.iter().find_map(|specifier| {
            let key = format!("{name}@{specifier}");
            self.by_key.get(key.as_str()).copied()
        });
        exact
            .or_else(|| self.by_key.get(name).copied())
            .or_else(|| self.by_name.get(name).copied()?)
    }
}

/// The project and its members by their manifests: position of the component, where it has a
/// name, and what it asks for.
pub(super) struct Project {
    pub(super) parts: Vec<(Option<u32>, Manifest)>,
}

impl Project {
    /// Reads the manifests beside a lockfile that does not list the project, and lists it.
    pub(super) fn list(view: &FileView<'_>, inventory: &mut FileInventory) -> Project {
        let Some(root) = Manifest::beside(view, "package.json") else {
            return Project { parts: Vec::new() };
        };
        let members = npm::members(view, &root.workspaces);
        let mut parts = vec![(None, root)];
        parts.extend(members.into_iter().map(|(_, manifest)| (None, manifest)));
        for (position, manifest) in &mut parts {
            *position = manifest.purl().map(|purl| {
                let mut component = Component::new(purl);
                component.relation = Relation::Own;
                inventory.add(component)
            });
        }
        Project { parts }
    }

    /// The asks of the project and its members, also for one another.
    pub(super) fn ask(&self, targets: &Targets<'_>, demands: &mut Demands) {
        let own: HashMap<&str, u32> = self
            .parts
            .iter()
            .filter_map(|(position, m)| Some((m.name.as_deref()?, (*position)?)))
            .collect();
        for (from, manifest) in &self.parts {
            // yarn 1 does not install what a project only expects to be there.
            for asked in manifest.asked.iter().filter(|a| !a.peer) {
                let found = targets
                    .find(&asked.name, &[&asked.specifier])
                    .or_else(|| own.get(asked.name.as_str()).copied());
                if let Some(to) = found {
                    demands.ask(*from, to, asked.scope);
                }
            }
        }
    }
}

/// The scope of an entry's section of dependencies.
pub(super) fn section_scope(section: &str) -> Option<Scope> {
    match section {
        "dependencies" => Some(Scope::Runtime),
        "optionalDependencies" => Some(Scope::Optional),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn heads_of_both_generations() {
        let keys = |content: &str| {
            head(content).map(|k| k.into_iter().map(Cow::into_owned).collect::<Vec<_>>())
        };
        let pair = |a: &str, b: &str| Some(vec![a.to_owned(), b.to_owned()]);
        assert_eq!(keys("a@^1, \"@s/b@2 || 3\":"), pair("a@^1", "@s/b@2 || 3"));
        assert_eq!(keys("\"a@npm:^1, a@npm:^2\":"), pair("a@npm:^1", "a@npm:^2"));
        assert_eq!(keys("? \"a@npm:^1, a@npm:^2\""), pair("a@npm:^1", "a@npm:^2"));
        assert_eq!(keys("<<<<<<< HEAD"), None);
        assert_eq!(keys("\"open:"), None);
        assert_eq!(keys(":"), None);
    }

    #[test]
    fn fields_of_both_generations() {
        let read = |content| pair(content).map(|(k, v)| (k.into_owned(), v.map(Cow::into_owned)));
        let text = |k: &str, v: &str| Some((k.to_owned(), Some(v.to_owned())));
        assert_eq!(read("version \"1.0\""), text("version", "1.0"));
        assert_eq!(read("version: 1.0"), text("version", "1.0"));
        assert_eq!(read("\"@s/a\" \"^1\""), text("@s/a", "^1"));
        assert_eq!(read("\"@s/a\": \"npm:^1\""), text("@s/a", "npm:^1"));
        assert_eq!(read("a \"\\\"x\\u0041\""), text("a", "\"xA"));
        assert_eq!(read("dependencies:"), Some(("dependencies".to_owned(), None)));
    }
}
