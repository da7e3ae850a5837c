//! Large CycloneDX documents, read a block of components at a time: first the links between them, then the
//! components, each block by the scanner's own reader. What comes out is what the whole document would give,
//! without the whole in memory. Large SPDX 2 documents in JSON are read in a like way.

mod spdx;

use std::cell::Cell;
use std::collections::HashMap;
use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufReader, BufWriter, Read, Write};
use std::path::Path;

use serde::de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::{Value, json};
use trimtab_model::{Component, Relation, Scope};
use trimtab_store::NewComponent;

use super::{Distinct, MOST_COMPONENTS, Refused, Said, named};

/// Documents above this are read so.
const LARGE: u64 = 32 << 20;
/// How many components are in a block.
const BLOCK: usize = 2000;
/// The most bytes of one entry, and of what the document says about itself.
const ENTRY: u64 = 4 << 20;
/// The most links.
const MOST_LINKS: usize = 10_000_000;

/// Reads a document, if it is large, and CycloneDX or SPDX 2 in JSON.
pub(super) fn read(path: &Path) -> Result<Option<Distinct>, Refused> {
    let internal = |e: std::io::Error| Refused::Internal(e.to_string());
    let file = File::open(path).map_err(internal)?;
    if file.metadata().map_err(internal)?.len() <= LARGE {
        return Ok(None);
    }
    let mut start = Vec::new();
    file.take(4096).read_to_end(&mut start).map_err(internal)?;
    let start = String::from_utf8_lossy(&start);
    if !start.trim_start_matches('\u{feff}').trim_start().starts_with('{') {
        return Ok(None);
    }
    if start.contains("\"bomFormat\"") {
        return in_blocks(path, BLOCK).map(Some);
    }
    if start.contains("\"spdxVersion\"") || start.contains("\"SPDXID\"") {
        return spdx::in_blocks(path, BLOCK).map(Some);
    }
    Ok(None)
}

/// Reads a document by blocks of components.
fn in_blocks(path: &Path, block: usize) -> Result<Distinct, Refused> {
    let mut links = Links::default();
    walk(path, &mut links)?;
    let folder = tempfile::tempdir().map_err(|e| Refused::Internal(e.to_string()))?;
    let mut listing = Listing {
        file: folder.path().join("document"),
        about: std::mem::take(&mut links.about),
        block,
        waiting: Vec::new(),
        rows: Rows::default(),
        entries: Vec::new(),
        hasher: links.hasher.clone(),
    };
    walk(path, &mut listing)?;
    listing.flush()?;
    if listing.entries.is_empty() {
        return Err(Refused::Unreadable("it lists no components".to_owned()));
    }
    Ok(listing.finish(&links.links))
}

/// What is done with the members of a document.
trait Members {
    /// Whether the items of this list are wanted.
    fn wants(&self, list: &str) -> bool;
    /// Whether this member is wanted as it is.
    fn keeps(&self, _: &str) -> bool {
        false
    }
    /// One member as it is.
    fn member(&mut self, _: String, _: Value) {}
    /// The items of a list follow.
    fn list(&mut self, _: &str) {}
    /// One item of a list. A refusal ends the walk, and is what it comes to.
    fn item(&mut self, value: Value) -> Result<(), Refused>;
}

/// Goes through the members of a document.
fn walk(path: &Path, members: &mut impl Members) -> Result<(), Refused> {
    let file = File::open(path).map_err(|e| Refused::Internal(e.to_string()))?;
    let left = Cell::new(u64::MAX);
    let mut input = BufReader::new(Bounded { file, left: &left });
    // What some programs write first.
    let mut mark = [0u8; 3];
    let marked = input.read_exact(&mut mark).is_ok() && mark == *b"\xEF\xBB\xBF";
    let start: &[u8] = if marked { &[] } else { &mark };
    let mut from = serde_json::Deserializer::from_reader(start.chain(input));
    let refused = Cell::new(None);
    let top = Top { members, left: &left, refused: &refused };
    let walked = top.deserialize(&mut from).and_then(|()| from.end());
    match refused.take() {
        Some(refused) => Err(refused),
        None => walked.map_err(|e| Refused::Unreadable(e.to_string())),
    }
}

/// A file of which no entry may be too large.
struct Bounded<'l> {
    file: File,
    left: &'l Cell<u64>,
}

impl Read for Bounded<'_> {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        let read = self.file.read(into)?;
        match self.left.get().checked_sub(read as u64) {
            Some(left) => self.left.set(left),
            None => return Err(std::io::Error::other(format!("an entry is above {ENTRY} bytes"))),
        }
        Ok(read)
    }
}

struct Top<'m, M> {
    members: &'m mut M,
    left: &'m Cell<u64>,
    refused: &'m Cell<Option<Refused>>,
}

impl<'de, M: Members> DeserializeSeed<'de> for Top<'_, M> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_map(self)
    }
}

impl<'de, M: Members> Visitor<'de> for Top<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        loop {
            self.left.set(ENTRY);
            let Some(key) = map.next_key::<String>()? else { break };
            if self.members.wants(&key) {
                self.members.list(&key);
                let (left, refused) = (self.left, self.refused);
                map.next_value_seed(Items { members: self.members, left, refused })?;
            } else if self.members.keeps(&key) {
                self.left.set(ENTRY);
                self.members.member(key, map.next_value()?);
            } else {
                self.left.set(u64::MAX);
                map.next_value::<IgnoredAny>()?;
            }
        }
        self.left.set(u64::MAX);
        Ok(())
    }
}

struct Items<'m, M> {
    members: &'m mut M,
    left: &'m Cell<u64>,
    refused: &'m Cell<Option<Refused>>,
}

impl<'de, M: Members> DeserializeSeed<'de> for Items<'_, M> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de, M: Members> Visitor<'de> for Items<'_, M> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list")
    }

    // As some write a list without items.
    fn visit_unit<E: Error>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        loop {
            self.left.set(ENTRY);
            let Some(item) = seq.next_element()? else { return Ok(()) };
            self.members.item(item).map_err(|refused| {
                self.refused.set(Some(refused));
                A::Error::custom("it is refused")
            })?;
        }
    }
}

/// The first walk: which entry needs which, by digests of their identifiers.
#[derive(Default)]
struct Links {
    about: serde_json::Map<String, Value>,
    links: Vec<(u64, u64)>,
    hasher: RandomState,
}

impl Members for Links {
    fn wants(&self, list: &str) -> bool {
        list == "dependencies"
    }

    fn keeps(&self, member: &str) -> bool {
        matches!(member, "bomFormat" | "specVersion" | "metadata")
    }

    fn member(&mut self, member: String, value: Value) {
        // Of what it says about itself, what it is about counts here.
        let value = match member.as_str() {
            "metadata" => json!({ "component": value["component"] }),
            _ => value,
        };
        if !value["component"].is_null() || member != "metadata" {
            self.about.insert(member, value);
        }
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        let Some(from) = value["ref"].as_str() else { return Ok(()) };
        let from = self.hasher.hash_one(from);
        let needs = value["dependsOn"].as_array().into_iter().flatten().filter_map(Value::as_str);
        self.links.extend(needs.map(|to| (from, self.hasher.hash_one(to))));
        if self.links.len() > MOST_LINKS {
            return Err(Refused::Unreadable(format!("it has more than {MOST_LINKS} links")));
        }
        Ok(())
    }
}

/// An entry of the document, for its relation.
struct Entry {
    /// The row of its component; `None`: the project's own.
    row: Option<usize>,
    id: Option<u64>,
    relation: Relation,
}

/// Components by purl, each once.
#[derive(Default)]
struct Rows {
    all: Vec<(NewComponent, Scope)>,
    of: HashMap<String, usize>,
}

impl Rows {
    /// Adds an entry to the row of its purl, with the stronger of two scopes; gives the row's position.
    fn add(&mut self, component: &Component, scope: Scope) -> usize {
        let new = named(component);
        let at = *self.of.entry(new.purl.clone()).or_insert(self.all.len());
        match self.all.get_mut(at) {
            None => self.all.push((new, scope)),
            Some((is, held)) => {
                is.registry |= new.registry;
                *held = (*held).max(scope);
            }
        }
        at
    }
}

/// Keeps the nearer of two relations.
fn nearer(held: &mut Option<Relation>, relation: Relation) {
    let is = relation == Relation::Direct || held.is_none_or(|held| held == Relation::Unknown);
    if is && *held != Some(Relation::Direct) {
        *held = Some(relation);
    }
}

/// What the scanner's reader finds in a part.
fn scanned(part: &Path) -> Result<Vec<Component>, Refused> {
    let inventory = trimtab_extract::scan_path(part, &trimtab_extract::Options::default());
    if inventory.files.is_empty() {
        let why = inventory.all_diagnostics().next();
        return Err(Refused::Unreadable(why.map_or_else(String::new, super::told)));
    }
    // Of one file, which it nearly always is, nothing is copied.
    let mut files = inventory.files.into_iter().map(|file| file.components);
    let mut components = files.next().unwrap_or_default();
    components.extend(files.flatten());
    Ok(components)
}

/// The second walk: the components.
struct Listing {
    file: std::path::PathBuf,
    about: serde_json::Map<String, Value>,
    block: usize,
    waiting: Vec<Value>,
    rows: Rows,
    entries: Vec<Entry>,
    hasher: RandomState,
}

impl Members for Listing {
    fn wants(&self, list: &str) -> bool {
        list == "components"
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        self.waiting.push(value);
        if self.waiting.len() >= self.block { self.flush() } else { Ok(()) }
    }
}

impl Listing {
    /// Has the waiting components read as a document of their own.
    fn flush(&mut self) -> Result<(), Refused> {
        let internal = |e: std::io::Error| Refused::Internal(e.to_string());
        self.about.insert("components".to_owned(), std::mem::take(&mut self.waiting).into());
        let mut out = BufWriter::new(File::create(&self.file).map_err(internal)?);
        serde_json::to_writer(&mut out, &self.about).map_err(|e| internal(e.into()))?;
        out.flush().map_err(internal)?;
        self.about.remove("components");
        for component in scanned(&self.file)? {
            let id = component.entry_id.as_deref().map(|id| self.hasher.hash_one(id));
            let row = (component.relation != Relation::Own)
                .then(|| self.rows.add(&component, component.scope));
            self.entries.push(Entry { row, id, relation: component.relation });
        }
        if self.entries.len() > MOST_COMPONENTS {
            let what = format!("it lists more than {MOST_COMPONENTS} components");
            return Err(Refused::Unreadable(what));
        }
        Ok(())
    }

    /// Relates the entries by the links, as the reader of whole documents does: what the project needs is
    /// direct, what something else needs is transitive, and of several entries the nearest counts.
    fn finish(mut self, links: &[(u64, u64)]) -> Distinct {
        let rows = self.rows.all;
        let mut by_id: HashMap<u64, usize> = HashMap::with_capacity(self.entries.len());
        for (at, entry) in self.entries.iter().enumerate() {
            if let Some(id) = entry.id {
                by_id.entry(id).or_insert(at);
            }
        }
        for (from, to) in links {
            let (Some(from), Some(to)) = (by_id.get(from), by_id.get(to)) else { continue };
            let own = self.entries.get(*from).is_some_and(|entry| entry.row.is_none());
            let Some(entry) = self.entries.get_mut(*to) else { continue };
            if from != to && entry.row.is_some() && entry.relation != Relation::Direct {
                entry.relation = if own { Relation::Direct } else { Relation::Transitive };
            }
        }
        let mut relations: Vec<Option<Relation>> = vec![None; rows.len()];
        for entry in &self.entries {
            let held = entry.row.and_then(|row| relations.get_mut(row));
            held.into_iter().for_each(|held| nearer(held, entry.relation));
        }
        let said = |((component, scope), relation): ((NewComponent, Scope), Option<Relation>)| {
            (component, Said { scope, relation: relation.unwrap_or_default(), files: 1 })
        };
        rows.into_iter().zip(relations).map(said).unzip()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::Original;
    use super::*;

    /// What is said, by purl.
    pub(super) fn sorted(read: Distinct) -> Vec<String> {
        let one = |(c, s): (NewComponent, Said)| {
            format!("{c:?} {:?} {:?} {}", s.scope, s.relation, s.files)
        };
        let mut all: Vec<String> = read.0.into_iter().zip(read.1).map(one).collect();
        all.sort();
        all
    }

    fn same(document: &Value) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document");
        std::fs::write(&path, document.to_string()).unwrap();
        let held = Original::Held(document.to_string().into_bytes());
        let whole = sorted(super::super::inventory(held).unwrap());
        for block in [1, 2, 7, 1000] {
            assert_eq!(sorted(in_blocks(&path, block).unwrap()), whole, "{block} {document}");
        }
    }

    #[test]
    fn a_document_in_blocks_says_what_the_whole_says() {
        // A document with everything that relations depend on, in many arrangements.
        let mut state = 11u64;
        let mut below = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % n
        };
        for round in 0..60 {
            let count = 1 + below(12);
            let mut list: Vec<Value> = Vec::new();
            for n in 0..count {
                // Now and then two entries are the same package, and one entry has no identifier.
                let p = if below(4) == 0 { below(count) } else { n };
                let mut one = json!({ "type": "library", "name": format!("p{p}"), "version": "1.0.0",
                    "purl": format!("pkg:npm/p{p}@1.0.0"), "bom-ref": format!("r{n}") });
                match below(6) {
                    0 => one["scope"] = "optional".into(),
                    1 => drop(one.as_object_mut().unwrap().remove("bom-ref")),
                    2 => drop(one.as_object_mut().unwrap().remove("purl")),
                    3 => {
                        one["components"] = json!([{ "type": "library", "name": "inner", "version": "1",
                            "bom-ref": format!("inner{n}"), "purl": format!("pkg:pypi/inner@{}", below(3)) }]);
                    }
                    _ => one["licenses"] = json!([{ "license": { "id": "MIT" } }]),
                }
                list.push(one);
            }
            let mut links: Vec<Value> = (0..below(8))
                .map(|_| {
                    json!({ "ref": format!("r{}", below(count)),
                        "dependsOn": [format!("r{}", below(count)), format!("inner{}", below(count)), "nobody"] })
                })
                .collect();
            let mut document =
                json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1 });
            if round % 3 != 0 {
                document["metadata"] = json!({ "component": { "type": "application", "name": "app",
                    "bom-ref": "app", "purl": "pkg:npm/app@1.0.0" }, "timestamp": "2026-01-01T00:00:00Z" });
                links.push(json!({ "ref": "app", "dependsOn": [format!("r{}", below(count))] }));
                if round % 2 == 0 {
                    list.push(json!({ "type": "application", "name": "app", "bom-ref": "app",
                        "purl": "pkg:npm/app@1.0.0" }));
                }
            }
            document["components"] = list.into();
            document["dependencies"] = links.into();
            same(&document);
        }
    }

    #[test]
    fn what_is_damaged_or_beyond_bounds_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document");
        let long = "x".repeat(usize::try_from(ENTRY).unwrap() * 2);
        let cases = [
            "{\"bomFormat\": \"CycloneDX\", \"components\": [{\"name\": \"a\"}".to_owned(),
            "{\"bomFormat\": \"CycloneDX\", \"components\": 3}".to_owned(),
            format!("{{\"bomFormat\": \"CycloneDX\", \"components\": [{{\"name\": \"{long}\"}}]}}"),
            format!("{{\"bomFormat\": \"CycloneDX\", \"components\": [{}", "[".repeat(100_000)),
            "{\"components\": []} more".to_owned(),
        ];
        for text in cases {
            std::fs::write(&path, &text).unwrap();
            assert!(in_blocks(&path, 10).is_err(), "{}", &text[..text.len().min(80)]);
        }
        // What is not wanted may be as long as it likes.
        let text = format!(
            "\u{feff}{{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.5\", \"x\": \"{long}\", \
             \"components\": [{{\"type\": \"library\", \"name\": \"a\", \"purl\": \"pkg:npm/a@1\"}}]}}"
        );
        std::fs::write(&path, &text).unwrap();
        assert_eq!(in_blocks(&path, 10).unwrap().0.len(), 1);
    }
}
