//! What `uv.lock` has without a wheel. Its metadata would be told by its build, which is code. So it is held as it is
//! locked: uv is told what the lockfile knows of it, builds nothing, and forgets it afterwards.

use toml_edit::{Array, DocumentMut, InlineTable, Item, Table, Value};

use super::drive::Drive;
use super::edit::toml::{changed, table_or_new};
use super::proposal::Wish;
use super::python::MANIFEST;
use super::refusal::Reason;
use super::requirement::same;

pub(crate) const LOCKFILE: &str = "uv.lock";
/// Where it stands, its settings are these and not those of the manifest.
pub(crate) const SETTINGS: &str = "uv.toml";
const METADATA: &str = "dependency-metadata";

/// A package of which the lockfile has one version, of a registry and without a wheel.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Source {
    pub(crate) name: String,
    pub(crate) version: String,
    /// Names and requirements of what it asks for, each with exactly the version that is locked.
    needs: Vec<(String, String)>,
    extras: Vec<String>,
}

/// What is held while something else moves.
#[derive(Debug, Default)]
pub(crate) struct Sources {
    pub(crate) all: Vec<Source>,
}

impl Sources {
    /// Those of a lockfile but what a wish names.
    pub(crate) fn of(lockfile: &str, wish: &Wish) -> Sources {
        let Ok(document) = lockfile.parse::<DocumentMut>() else { return Sources::default() };
        let packages: Vec<&Table> = packages(&document).collect();
        let wished = |name: &str| wish.packages().any(|(own, _)| same(own, name));
        let all = packages.iter().filter_map(|package| source(package, &packages));
        Sources { all: all.filter(|source| !wished(&source.name)).collect() }
    }

    /// Why a wish cannot be asked: what one of them asks of a package that is to move is not known.
    pub(crate) fn asks(&self, wish: &Wish) -> Option<Reason> {
        let moved: Vec<&str> =
            wish.packages().map(|(name, _)| name).chain(wish.children()).collect();
        self.all.iter().find_map(|source| {
            let asked = moved.iter().find(|m| source.needs.iter().any(|(n, _)| same(n, m)))?;
            Some(source.reason(Some((*asked).to_owned())))
        })
    }

    /// The one of a name.
    pub(crate) fn named(&self, name: &str) -> Option<&Source> {
        self.all.iter().find(|source| same(&source.name, name))
    }

    /// Tells uv what the lockfile knows. Returns the file that says so, with its text before.
    pub(crate) fn tell(&self, drive: &Drive<'_>) -> Result<Option<(&'static str, String)>, Reason> {
        let (file, folder): (_, &[&str]) = match drive.text(SETTINGS) {
            Some(_) => (SETTINGS, &[]),
            None => (MANIFEST, &["tool", "uv"]),
        };
        let Some(before) = drive.text(file).filter(|_| !self.all.is_empty()) else {
            return Ok(None);
        };
        let told = changed(&before, file, |document| {
            let item = table_or_new(document, folder)?.entry(METADATA);
            let item = item.or_insert(Item::Value(Value::Array(Array::new())));
            for source in &self.all {
                match item.as_array_of_tables_mut() {
                    Some(tables) => tables.push(source.metadata().into_table()),
                    None => item.as_array_mut()?.push(source.metadata()),
                }
            }
            Some(())
        });
        let why = format!("cannot note in {file} which packages have no wheel");
        drive.write(file, &told.map_err(|_| Reason::Failed(why))?)?;
        Ok(Some((file, before)))
    }

    /// A lockfile without what was only told, unless one of them moved.
    pub(crate) fn settled(&self, before: &str, after: &str) -> Result<String, Reason> {
        let read = |text: &str| {
            text.parse::<DocumentMut>().map_err(|e| Reason::Failed(format!("{LOCKFILE}: {e}")))
        };
        let (old, mut new) = (read(before)?, read(after)?);
        for package in packages(&new) {
            let (name, version) = (text(package, "name"), text(package, "version"));
            if let Some(source) = self.named(name).filter(|source| source.version != version) {
                return Err(source.reason(None));
            }
        }
        let was = old.get("manifest").and_then(|manifest| manifest.get(METADATA)).cloned();
        if let Some(manifest) = new.get_mut("manifest").and_then(Item::as_table_mut) {
            match was {
                Some(was) => drop(manifest.insert(METADATA, was)),
                None => drop(manifest.remove(METADATA)),
            }
            if manifest.is_empty() {
                new.remove("manifest");
            }
        }
        Ok(new.to_string())
    }
}

impl Source {
    pub(crate) fn reason(&self, asked: Option<String>) -> Reason {
        let (package, version) = (self.name.clone(), self.version.clone());
        Reason::NoWheel { package, version, asked }
    }

    /// Without a version: none of it is ever built.
    fn metadata(&self) -> InlineTable {
        let mut table = InlineTable::new();
        table.insert("name", (&*self.name).into());
        let needs: Array = self.needs.iter().map(|(_, requirement)| &**requirement).collect();
        table.insert("requires-dist", needs.into());
        if !self.extras.is_empty() {
            let extras: Array = self.extras.iter().map(String::as_str).collect();
            table.insert("provides-extra", extras.into());
        }
        table
    }
}

pub(crate) fn packages(document: &DocumentMut) -> impl Iterator<Item = &Table> {
    document.get("package").and_then(Item::as_array_of_tables).into_iter().flatten()
}

pub(crate) fn text<'t>(table: &'t Table, key: &str) -> &'t str {
    table.get(key).and_then(Item::as_str).unwrap_or_default()
}

fn source(package: &Table, all: &[&Table]) -> Option<Source> {
    let name = text(package, "name");
    if !is_name(name) {
        return None;
    }
    let registry = package.get("source")?.get("registry").is_some();
    let wheels = package.get("wheels").and_then(Item::as_array).is_some_and(|all| !all.is_empty());
    let is_one = all.iter().filter(|other| text(other, "name") == name).count() == 1;
    if !registry || wheels || !is_one || package.get("sdist").is_none() {
        return None;
    }
    let listed = |item: Option<&Item>, extra: Option<&str>| -> Vec<(String, String)> {
        let each = item.and_then(Item::as_array).into_iter().flatten();
        each.filter_map(|value| need(value.as_inline_table()?, extra, all)).collect()
    };
    let mut needs = listed(package.get("dependencies"), None);
    let mut extras = Vec::new();
    let optional = package.get("optional-dependencies").and_then(Item::as_table_like);
    for (extra, item) in optional.into_iter().flat_map(|table| table.iter()) {
        needs.extend(listed(Some(item), Some(extra)));
        extras.push(extra.to_owned());
    }
    Some(Source {
        name: name.to_owned(),
        version: text(package, "version").to_owned(),
        needs,
        extras,
    })
}

/// Whether a text is a name of a package or an extra, and nothing else.
fn is_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphanumeric())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'))
}

/// The name and the requirement of an entry of what a package asks for.
fn need(entry: &InlineTable, extra: Option<&str>, all: &[&Table]) -> Option<(String, String)> {
    let of = |key: &str| entry.get(key).and_then(Value::as_str);
    let name = of("name")?;
    let locked = || Some(text(all.iter().find(|other| text(other, "name") == name)?, "version"));
    let mut requirement = name.to_owned();
    let extras = entry.get("extra").and_then(Value::as_array).into_iter().flatten();
    let extras: Vec<&str> = extras.filter_map(Value::as_str).collect();
    if !extras.is_empty() {
        requirement.push_str(&format!("[{}]", extras.join(",")));
    }
    if let Some(version) = of("version").or_else(locked).filter(|version| !version.is_empty()) {
        requirement.push_str(&format!("=={version}"));
    }
    let own = extra.map(|extra| format!("extra == '{extra}'"));
    let marker = match (of("marker"), own) {
        (Some(marker), Some(own)) => Some(format!("({marker}) and {own}")),
        (marker, own) => marker.map(str::to_owned).or(own),
    };
    if let Some(marker) = marker {
        requirement.push_str(&format!(" ; {marker}"));
    }
    Some((name.to_owned(), requirement))
}

/// The package, with its version where that is told, that uv would have had to build:
/// `flex==6.14.1 has no usable wheels`, ``Wheels are required for `flex` because``.
pub(crate) fn unbuilt(words: &str) -> Option<(String, String)> {
    let all: Vec<&str> = words.split_whitespace().collect();
    let told = all.windows(5).find_map(|part| match part {
        [package, "has", "no", "usable", "wheels" | "wheels," | "wheels."] => {
            package.split_once("==").map(|(name, version)| (name.to_owned(), version.to_owned()))
        }
        _ => None,
    });
    let hinted = || {
        let (_, rest) = words.split_once("Wheels are required for `")?;
        let (name, _) = rest.split_once('`')?;
        Some((name.to_owned(), String::new()))
    };
    told.or_else(hinted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::update::proposal::Kind;

    const LOCKED: &str = "version = 1\n\n[[package]]\nname = \"flex\"\nversion = \"6.14.1\"\n\
        source = { registry = \"https://registry.example\" }\ndependencies = [\n    { name = \"six\" },\n    \
        { name = \"win\", version = \"2\", extra = [\"x\"], marker = \"sys_platform == 'win32'\" },\n]\n\
        sdist = { url = \"https://registry.example/flex-6.14.1.tar.gz\" }\n\n\
        [package.optional-dependencies]\ny = [\n    { name = \"six\", marker = \"a == 'b' or c == 'd'\" },\n]\n\n\
        [[package]]\nname = \"six\"\nversion = \"1.16.0\"\n\
        source = { registry = \"https://registry.example\" }\n\
        sdist = { url = \"https://registry.example/six-1.16.0.tar.gz\" }\n\
        wheels = [\n    { url = \"https://registry.example/six-1.16.0-py2.py3-none-any.whl\" },\n]\n";

    fn wish(name: &str) -> Wish {
        Wish {
            kind: Kind::Relock,
            name: name.to_owned(),
            from: None,
            to: Some("2".to_owned()),
            other: None,
            child: None,
            also: Vec::new(),
            others: Vec::new(),
        }
    }

    #[test]
    fn what_has_no_wheel_is_held_with_what_it_asks_for() {
        let sources = Sources::of(LOCKED, &wish("certifi"));
        let [flex] = &sources.all[..] else { panic!("{sources:?}") };
        let metadata = flex.metadata().to_string();
        let expected = "\"six==1.16.0\", \"win[x]==2 ; sys_platform == 'win32'\", \
                        \"six==1.16.0 ; (a == 'b' or c == 'd') and extra == 'y'\"";
        assert!(metadata.contains(expected), "{metadata}");
        assert!(sources.asks(&wish("certifi")).is_none());
        let why = sources.asks(&wish("Six")).map(|reason| reason.to_string()).unwrap_or_default();
        assert!(why.starts_with("`flex 6.14.1` has no wheel") && why.contains("`Six`"), "{why}");
        assert!(Sources::of(LOCKED, &wish("flex")).all.is_empty(), "what is to move is not held");
    }

    #[test]
    fn what_was_told_is_no_part_of_the_lockfile() {
        let sources = Sources::of(LOCKED, &wish("certifi"));
        let manifest = "[[manifest.dependency-metadata]]\nname = \"flex\"\n\n";
        let after = LOCKED.replacen("[[package]]", &format!("{manifest}[[package]]"), 1);
        assert_eq!(sources.settled(LOCKED, &after).ok().as_deref(), Some(LOCKED));
        let own = LOCKED.replacen(
            "[[package]]",
            &format!(
                "[manifest]\noverrides = []\n\n{}[[package]]",
                manifest.replace("flex", "own")
            ),
            1,
        );
        let both = own.replacen("[[package]]", &format!("{manifest}[[package]]"), 1);
        assert_eq!(sources.settled(&own, &both).ok(), Some(own));
        let moved = LOCKED.replacen("6.14.1", "6.15", 1);
        assert!(matches!(sources.settled(LOCKED, &moved), Err(Reason::NoWheel { .. })));
    }

    #[test]
    fn what_would_have_been_built_is_read_out_of_its_words() {
        let said = "cause: Because flex==6.14.1 has no usable wheels and your project depends on";
        assert_eq!(unbuilt(said), Some(("flex".to_owned(), "6.14.1".to_owned())));
        let said = "hint: Wheels are required for `flex` because building from source is disabled";
        assert_eq!(unbuilt(said), Some(("flex".to_owned(), String::new())));
        assert_eq!(unbuilt("Because a==1 depends on b==2"), None);
    }
}
