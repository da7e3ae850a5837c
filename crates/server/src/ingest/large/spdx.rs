//! Large SPDX 2 documents in JSON, read in parts: first the graph, a document of tags and values in which packages have
//! nothing but short names, for their relations and scopes; then the packages, a block at a time, for all that is said of
//! themselves. Each part is a document of its own for the scanner's own reader, so that what comes out is what the
//! whole document would give, without the whole in memory.

use std::collections::{BTreeSet, HashMap};
use std::hash::{BuildHasher, RandomState};
use std::io::{BufWriter, Write};
use std::path::Path;

use serde_json::{Map, Value, json};
use trimtab_model::{Relation, Scope};

use super::{Members, Rows, nearer, scanned, walk};
use crate::ingest::{Distinct, MOST_COMPONENTS, Refused, Said};

/// What is read of a package beside its identifier.
const KEPT: [&str; 7] = [
    "name",
    "versionInfo",
    "licenseDeclared",
    "licenseConcluded",
    "downloadLocation",
    "comment",
    "externalRefs",
];
/// Of identifiers that stand for those of the document.
const DIGITS: &[u8; 64] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";
/// The most licences that a document defines itself.
const MOST_LICENCES: usize = 100_000;

/// Reads a document by blocks of packages.
pub(super) fn in_blocks(path: &Path, block: usize) -> Result<Distinct, Refused> {
    let internal = |e: std::io::Error| Refused::Internal(e.to_string());
    let folder = tempfile::tempdir().map_err(internal)?;
    let file = folder.path().join("document");
    let out = BufWriter::new(std::fs::File::create(&file).map_err(internal)?);
    let mut graph = Graph {
        out,
        list: None,
        failed: None,
        count: 0,
        version: Value::Null,
        licences: HashMap::new(),
        hasher: RandomState::new(),
    };
    graph.put("SPDXVersion: SPDX-2.3\nSPDXID: SPDXRef-DOCUMENT\n");
    let walked = walk(path, &mut graph);
    if let Some(error) = graph.failed.take() {
        return Err(internal(error));
    }
    walked?;
    graph.out.flush().map_err(internal)?;
    let facts = facts(&file, graph.count)?;
    if facts.iter().all(Option::is_none) {
        return Err(Refused::Unreadable("it lists no components".to_owned()));
    }
    let mut packages = Packages {
        file,
        block,
        version: graph.version,
        licences: graph.licences,
        facts,
        count: 0,
        waiting: Vec::new(),
        rows: Rows::default(),
        relations: Vec::new(),
    };
    walk(path, &mut packages)?;
    packages.flush()?;
    let said = |((component, scope), relation): (_, Option<Relation>)| {
        (component, Said { scope, relation: relation.unwrap_or_default(), files: 1 })
    };
    Ok(packages.rows.all.into_iter().zip(packages.relations).map(said).unzip())
}

/// Relation and scope of each package, by its place in the list. `None`: it is no component.
fn facts(graph: &Path, count: usize) -> Result<Vec<Option<(Relation, Scope)>>, Refused> {
    let mut facts = vec![None; count];
    for component in scanned(graph)? {
        let place = place(component.purl.name());
        if let Some(fact) = place.and_then(|at| facts.get_mut(at)) {
            *fact = Some((component.relation, component.scope));
        }
    }
    Ok(facts)
}

/// The name of a package by its place in the list, and back.
fn name(place: usize) -> String {
    format!("n{place}")
}

fn place(name: &str) -> Option<usize> {
    name.strip_prefix('n')?.parse().ok()
}

/// The purl that a package states.
fn is_purl(reference: &Value) -> bool {
    let kind = reference["referenceType"].as_str().unwrap_or_default();
    kind.rsplit('/').next() == Some("purl")
}

/// The first walk: writes the graph.
struct Graph {
    out: BufWriter<std::fs::File>,
    /// The list that is being read.
    list: Option<List>,
    failed: Option<std::io::Error>,
    /// Packages so far.
    count: usize,
    version: Value,
    /// Names of licences that the document defines, by their identifiers.
    licences: HashMap<String, String>,
    hasher: RandomState,
}

#[derive(Clone, Copy, PartialEq)]
enum List {
    Described,
    Packages,
    Licences,
    Relationships,
}

impl List {
    fn of(name: &str) -> Option<List> {
        Some(match name {
            "documentDescribes" => List::Described,
            "packages" => List::Packages,
            "hasExtractedLicensingInfos" => List::Licences,
            "relationships" => List::Relationships,
            _ => return None,
        })
    }
}

impl Graph {
    fn put(&mut self, text: &str) {
        if self.failed.is_none() {
            self.failed = self.out.write_all(text.as_bytes()).err();
        }
    }

    /// Identifiers are as long as generators like; these are short.
    fn short(&self, id: &str) -> String {
        let mut rest = self.hasher.hash_one(id);
        let mut short = String::with_capacity(11);
        while short.is_empty() || rest > 0 {
            let digit = usize::try_from(rest % 64).ok().and_then(|at| DIGITS.get(at));
            short.push(digit.map_or('0', |digit| char::from(*digit)));
            rest /= 64;
        }
        short
    }

    /// The tags of an entry. `None`: it says nothing of the graph.
    fn written(&self, list: List, value: &Value) -> Option<String> {
        let id = |value: &Value| value.as_str().map(|id| self.short(id));
        match list {
            List::Described => {
                Some(format!("Relationship: SPDXRef-DOCUMENT DESCRIBES {}\n", id(value)?))
            }
            List::Packages => {
                let named = value["name"].as_str().is_some_and(|name| !name.trim().is_empty())
                    || value["name"].is_number();
                let references = value["externalRefs"].as_array();
                let by_id = value["SPDXID"].as_str().is_some_and(|id| id.starts_with("pkg:"));
                let is_named =
                    named || by_id || references.is_some_and(|all| all.iter().any(is_purl));
                let name = if is_named { name(self.count) } else { String::new() };
                let mut tags = format!("PackageName: {name}\n");
                if let Some(id) = id(&value["SPDXID"]) {
                    tags.push_str(&format!("SPDXID: {id}\n"));
                }
                // Of a comment, what generators say in lines of `name=value`.
                let comment = value["comment"].as_str().unwrap_or_default();
                let said = |line: &&str| line.contains('=') && !line.contains("text>");
                let said: Vec<&str> = comment.lines().filter(said).collect();
                if !said.is_empty() {
                    tags.push_str(&format!("PackageComment: <text>{}</text>\n", said.join("\n")));
                }
                Some(tags)
            }
            List::Relationships => {
                let (from, to) = (id(&value["spdxElementId"])?, id(&value["relatedSpdxElement"])?);
                let kind = value["relationshipType"].as_str()?;
                let is_word = kind.bytes().all(|b| b.is_ascii_uppercase() || b == b'_');
                (is_word && !kind.is_empty()).then(|| format!("Relationship: {from} {kind} {to}\n"))
            }
            List::Licences => None,
        }
    }
}

impl Members for Graph {
    fn wants(&self, list: &str) -> bool {
        List::of(list).is_some()
    }

    fn keeps(&self, member: &str) -> bool {
        member == "spdxVersion"
    }

    fn member(&mut self, _: String, value: Value) {
        self.version = value;
    }

    fn list(&mut self, list: &str) {
        self.list = List::of(list);
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        let Some(list) = self.list else { return Ok(()) };
        if list == List::Licences {
            if let (Some(id), Some(name)) = (value["licenseId"].as_str(), value["name"].as_str())
                && self.licences.len() < MOST_LICENCES
            {
                self.licences.insert(id.to_owned(), name.to_owned());
            }
            return Ok(());
        }
        if list == List::Packages && !value.is_object() {
            return Ok(());
        }
        if let Some(written) = self.written(list, &value) {
            self.put(&written);
        }
        if list == List::Packages {
            self.count += 1;
            if self.count > MOST_COMPONENTS {
                let message = format!("it lists more than {MOST_COMPONENTS} packages");
                return Err(Refused::Unreadable(message));
            }
        }
        match &self.failed {
            None => Ok(()),
            Some(error) => Err(Refused::Internal(error.to_string())),
        }
    }
}

/// The second walk: the packages.
struct Packages {
    file: std::path::PathBuf,
    block: usize,
    version: Value,
    licences: HashMap<String, String>,
    facts: Vec<Option<(Relation, Scope)>>,
    count: usize,
    waiting: Vec<Value>,
    rows: Rows,
    /// Of each row.
    relations: Vec<Option<Relation>>,
}

impl Members for Packages {
    fn wants(&self, list: &str) -> bool {
        list == "packages"
    }

    fn item(&mut self, value: Value) -> Result<(), Refused> {
        let Value::Object(members) = value else { return Ok(()) };
        let at = self.count;
        self.count += 1;
        let is_component = |(relation, _): &(Relation, Scope)| *relation != Relation::Own;
        if self.facts.get(at).copied().flatten().is_some_and(|fact| is_component(&fact)) {
            self.waiting.push(kept(members, at).into());
        }
        if self.waiting.len() >= self.block { self.flush() } else { Ok(()) }
    }
}

impl Packages {
    /// Has the waiting packages read as a document of their own.
    fn flush(&mut self) -> Result<(), Refused> {
        let packages = std::mem::take(&mut self.waiting);
        if packages.is_empty() {
            return Ok(());
        }
        let licences: BTreeSet<&str> = packages
            .iter()
            .flat_map(|p| [&p["licenseDeclared"], &p["licenseConcluded"]])
            .filter_map(|licence| Some(licence.as_str()?.trim()))
            .collect();
        let named = |id: &&str| Some(json!({ "licenseId": *id, "name": self.licences.get(*id)? }));
        let licences: Vec<Value> = licences.iter().filter_map(named).collect();
        let document = json!({ "spdxVersion": self.version, "SPDXID": "SPDXRef-DOCUMENT",
            "hasExtractedLicensingInfos": licences, "packages": packages });
        let internal = |e: std::io::Error| Refused::Internal(e.to_string());
        let mut out = BufWriter::new(std::fs::File::create(&self.file).map_err(internal)?);
        serde_json::to_writer(&mut out, &document).map_err(|e| internal(e.into()))?;
        out.flush().map_err(internal)?;
        drop(document);
        for component in scanned(&self.file)? {
            let place = component.entry_id.as_deref().and_then(place);
            let fact = place.and_then(|at| self.facts.get(at).copied().flatten());
            let Some((relation, scope)) = fact else { continue };
            let row = self.rows.add(&component, scope);
            if row == self.relations.len() {
                self.relations.push(None);
            }
            if let Some(held) = self.relations.get_mut(row) {
                nearer(held, relation);
            }
        }
        Ok(())
    }
}

/// What is kept of a package: of references only the one that identifies it; its place is its identifier.
fn kept(members: Map<String, Value>, at: usize) -> Map<String, Value> {
    let id = members.get("SPDXID").and_then(Value::as_str).unwrap_or_default().to_owned();
    let mut kept: Map<String, Value> =
        members.into_iter().filter(|(key, _)| KEPT.contains(&key.as_str())).collect();
    let mut references = match kept.remove("externalRefs") {
        Some(Value::Array(references)) => references,
        _ => Vec::new(),
    };
    references.retain(is_purl);
    for reference in &mut references {
        if let Value::Object(members) = reference {
            members.retain(|key, _| matches!(&**key, "referenceType" | "referenceLocator"));
        }
    }
    // An identifier that is a purl stands in for one that is not stated.
    if references.is_empty() && id.starts_with("pkg:") {
        references.push(json!({ "referenceType": "purl", "referenceLocator": id }));
    }
    kept.insert("externalRefs".to_owned(), references.into());
    kept.insert("SPDXID".to_owned(), name(at).into());
    kept
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use super::*;
    use crate::ingest::Original;
    use crate::ingest::large::tests::sorted;

    fn same(path: &Path, about: &str) -> bool {
        let held = Original::Held(std::fs::read(path).unwrap());
        let whole = crate::ingest::inventory(held).map(sorted);
        for block in [1, 3, 1000] {
            let parts = in_blocks(path, block).map(sorted);
            match (&whole, parts) {
                (Ok(whole), Ok(parts)) => assert_eq!(parts, *whole, "{block} {about}"),
                (whole, parts) => assert_eq!(whole.is_err(), parts.is_err(), "{block} {about}"),
            }
        }
        whole.is_ok()
    }

    #[test]
    fn a_document_in_parts_says_what_the_whole_says() {
        let folder = tempfile::tempdir().unwrap();
        // As the store keeps it: its name says nothing.
        let document = folder.path().join("document");
        let all = documents();
        let looked = all.iter().filter(|path| {
            std::fs::copy(path, &document).unwrap();
            same(&document, &path.display().to_string())
        });
        assert!(looked.count() > 0, "the project has one of its own");
    }

    #[test]
    fn so_do_documents_with_everything_that_relations_depend_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document");
        let mut state = 7u64;
        let mut below = |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % n
        };
        const KINDS: [&str; 10] = [
            "DEPENDS_ON",
            "DEPENDENCY_OF",
            "DEV_DEPENDENCY_OF",
            "RUNTIME_DEPENDENCY_OF",
            "TEST_DEPENDENCY_OF",
            "CONTAINS",
            "CONTAINED_BY",
            "DESCRIBES",
            "DESCRIBED_BY",
            "OTHER",
        ];
        let mut read = 0;
        for round in 0..300 {
            let count = 1 + below(9);
            let mut packages = Vec::new();
            for n in 0..count {
                // Now and then two are the same package, and two have one identifier.
                let p = if below(4) == 0 { below(count) } else { n };
                let id = if below(8) == 0 { below(count) } else { n };
                let reference = json!({ "referenceCategory": "PACKAGE-MANAGER",
                    "referenceType": "purl", "referenceLocator": format!("pkg:npm/p{p}@1.0.0") });
                let mut one = json!({ "SPDXID": format!("SPDXRef-{id}"), "name": format!("p{p}"),
                    "versionInfo": "1.0.0", "downloadLocation": "NOASSERTION",
                    "externalRefs": [reference] });
                match below(9) {
                    0 => drop(one.as_object_mut().unwrap().remove("SPDXID")),
                    1 => drop(one.as_object_mut().unwrap().remove("externalRefs")),
                    2 => drop(one.as_object_mut().unwrap().remove("name")),
                    8 if below(2) == 0 => {
                        one = json!({ "SPDXID": format!("pkg:npm/r{p}@3.0.0") });
                    }
                    3 => one["licenseDeclared"] = "LicenseRef-1".into(),
                    4 => one["comment"] = "trimtab:scope=development".into(),
                    5 => one["comment"] = "trimtab:root=folder".into(),
                    6 => one["SPDXID"] = format!("pkg:npm/q{p}@2.0.0").into(),
                    7 => one["downloadLocation"] = "https://registry.example/p.tgz".into(),
                    _ => one["licenseConcluded"] = "MIT".into(),
                }
                packages.push(one);
            }
            let relationships: Vec<Value> = (0..below(12))
                .map(|_| {
                    let mut end = || match below(12) {
                        0 => "SPDXRef-DOCUMENT".to_owned(),
                        1 => "SPDXRef-nobody".to_owned(),
                        _ => format!("SPDXRef-{}", below(count)),
                    };
                    let (from, to) = (end(), end());
                    json!({ "spdxElementId": from, "relatedSpdxElement": to,
                        "relationshipType": KINDS[usize::try_from(below(10)).unwrap()] })
                })
                .collect();
            let mut document = json!({ "spdxVersion": "SPDX-2.3", "SPDXID": "SPDXRef-DOCUMENT",
                "name": "d", "packages": packages, "relationships": relationships,
                "hasExtractedLicensingInfos":
                    [{ "licenseId": "LicenseRef-1", "name": "Ours", "extractedText": "long" }] });
            if round % 3 == 0 {
                document["documentDescribes"] = json!([format!("SPDXRef-{}", below(count))]);
            }
            std::fs::write(&path, document.to_string()).unwrap();
            read += usize::from(same(&path, &document.to_string()));
        }
        assert!(read > 200, "{read}");
    }
    /// SPDX 2 documents in JSON, of the project and of the shared corpus.
    fn documents() -> Vec<PathBuf> {
        let shared = std::env::var("TRIMTAB_SHARED")
            .map_or_else(|_| trimtab_testkit::repository().join("../shared"), PathBuf::from);
        let own = trimtab_testkit::repository().join("corpus/sbom");
        let mut folders = vec![own, shared.join("corpus/sbom")];
        let mut found = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    folders.push(path);
                } else if path.extension().is_some_and(|e| e == "json")
                    && std::fs::read_to_string(&path).is_ok_and(|t| t.contains("\"SPDX-2."))
                {
                    found.push(path);
                }
            }
        }
        found.sort();
        found
    }

    #[test]
    fn what_is_damaged_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("document");
        for text in ["{\"spdxVersion\": \"SPDX-2.3\", \"packages\": [{", "{\"packages\": 3}", "[]"]
        {
            std::fs::write(&path, text).unwrap();
            assert!(in_blocks(&path, 10).is_err(), "{text}");
        }
    }
}
