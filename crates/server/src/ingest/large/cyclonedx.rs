//! Large CycloneDX documents, read a block of components at a time: first the links between them, then the
//! components, each block as a document of its own by the scanner's own reader.

use std::collections::HashMap;
use std::hash::{BuildHasher, RandomState};
use std::path::Path;

use serde_json::{Value, json};
use trimtab_model::{Relation, Scope};
use trimtab_store::NewComponent;

use super::json::{Members, Wanted, walk, weight};
use super::{Distinct, MOST_COMPONENTS, MOST_LINKS, Part, Refused, Rows, Said, WAITING, nearer};

/// Reads a document in JSON by blocks of components.
pub(super) fn in_blocks(path: &Path, block: usize) -> Result<Distinct, Refused> {
    let mut links = Links::default();
    walk(path, &mut links)?;
    let mut components = Components {
        about: std::mem::take(&mut links.about),
        block,
        waiting: Vec::new(),
        weight: 0,
        listing: Listing::new(links.hasher.clone())?,
    };
    walk(path, &mut components)?;
    components.flush()?;
    components.listing.finish(&links.links)
}

/// The first walk: which entry needs which, by digests of their identifiers.
#[derive(Default)]
struct Links {
    about: serde_json::Map<String, Value>,
    /// What the next entry needs.
    needs: Vec<u64>,
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

    fn of_item(&self, member: &str) -> Wanted {
        match member {
            "ref" => Wanted::Whole,
            "dependsOn" => Wanted::Texts,
            _ => Wanted::Not,
        }
    }

    fn text(&mut self, _: &str, to: &str) -> Result<(), Refused> {
        self.needs.push(self.hasher.hash_one(to));
        if self.links.len() + self.needs.len() > MOST_LINKS {
            return Err(Refused::Unreadable(format!("it has more than {MOST_LINKS} links")));
        }
        Ok(())
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        let needs = std::mem::take(&mut self.needs);
        if let Some(from) = value["ref"].as_str() {
            let from = self.hasher.hash_one(from);
            self.links.extend(needs.into_iter().map(|to| (from, to)));
        }
        Ok(())
    }
}

/// The second walk: the components.
struct Components {
    about: serde_json::Map<String, Value>,
    block: usize,
    waiting: Vec<Value>,
    /// Of what waits.
    weight: usize,
    listing: Listing,
}

impl Members for Components {
    fn wants(&self, list: &str) -> bool {
        list == "components"
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        self.weight += weight(&value);
        self.waiting.push(value);
        let is_full = self.waiting.len() >= self.block || self.weight >= WAITING;
        if is_full { self.flush() } else { Ok(()) }
    }
}

impl Components {
    /// Has the waiting components read as a document of their own.
    fn flush(&mut self) -> Result<(), Refused> {
        self.weight = 0;
        self.about.insert("components".to_owned(), std::mem::take(&mut self.waiting).into());
        let about = &mut self.about;
        self.listing.read(|out| {
            serde_json::to_writer(out, about)?;
            about.remove("components");
            Ok(())
        })
    }
}

/// An entry of the document, for its relation.
struct Entry {
    /// The row of its component; `None`: the project's own.
    row: Option<usize>,
    id: Option<u64>,
    relation: Relation,
}

/// What is listed, in JSON and XML.
pub(super) struct Listing {
    part: Part,
    rows: Rows,
    entries: Vec<Entry>,
    hasher: RandomState,
}

impl Listing {
    pub(super) fn new(hasher: RandomState) -> Result<Listing, Refused> {
        let (rows, entries) = (Rows::default(), Vec::new());
        Ok(Listing { part: Part::new()?, rows, entries, hasher })
    }

    /// Takes in a part that is written as a document of its own.
    pub(super) fn read(
        &mut self,
        write: impl FnOnce(&mut dyn std::io::Write) -> std::io::Result<()>,
    ) -> Result<(), Refused> {
        for component in self.part.scanned(write)? {
            let id = component.entry_id.as_deref().map(|id| self.hasher.hash_one(id));
            let row = match component.relation {
                Relation::Own => None,
                _ => Some(self.rows.add(&component, component.scope)?),
            };
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
    pub(super) fn finish(mut self, links: &[(u64, u64)]) -> Result<Distinct, Refused> {
        if self.entries.is_empty() {
            return Err(Refused::Unreadable("it lists no components".to_owned()));
        }
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
        Ok(rows.into_iter().zip(relations).map(said).unzip())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ingest::Original;
    use crate::ingest::large::ENTRY;
    use crate::ingest::large::tests::sorted;

    fn same(document: &Value) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document");
        std::fs::write(&path, document.to_string()).unwrap();
        let held = Original::Held(document.to_string().into_bytes());
        let whole = sorted(crate::ingest::inventory(held).unwrap());
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
    fn one_entry_may_need_as_many_as_it_likes() {
        let many: Vec<String> = (0..42_000).map(|n| format!("urn:{n:0100}")).collect();
        let mut needs = many;
        needs.push("r".to_owned());
        let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "metadata": { "component": { "type": "application", "name": "app", "bom-ref": "app" } },
            "components": [{ "type": "library", "name": "r", "bom-ref": "r", "purl": "pkg:npm/r@1" }],
            "dependencies": [{ "ref": "app", "dependsOn": needs }, { "ref": "r", "dependsOn": "app" }] });
        assert!(document.to_string().len() as u64 > ENTRY);
        same(&document);
    }

    #[test]
    fn blocks_are_bounded_by_what_they_weigh() {
        let about = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5" });
        let mut components = Components {
            about: about.as_object().cloned().unwrap(),
            block: 1000,
            waiting: Vec::new(),
            weight: 0,
            listing: Listing::new(RandomState::new()).unwrap(),
        };
        let long = "x".repeat(3 << 20);
        for n in 0..12 {
            let one = json!({ "type": "library", "name": format!("p{n}"), "description": long });
            components.item(one).unwrap();
            assert!(components.weight < WAITING);
        }
        assert_eq!((components.waiting.len(), components.listing.entries.len()), (0, 12));
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
