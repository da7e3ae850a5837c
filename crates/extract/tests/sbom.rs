//! The readers of SBOMs against the shared corpus, against each other, and against mutated bytes.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proptest::prelude::*;
use serde_json::Value;
use trimtab_extract::{Format, FormatKind, MemoryFiles, registry, walk};
use trimtab_model::{Code, Diagnostic, FileInventory, Origin, Relation, Scope};
use trimtab_testkit::{shared, suite};

fn sboms() -> impl Iterator<Item = &'static &'static Format> {
    registry::FORMATS.iter().filter(|f| f.kind == FormatKind::Sbom)
}

/// Reads bytes as the format that their content shows.
fn sniffed(path: &str, bytes: &[u8]) -> Option<Result<FileInventory, Diagnostic>> {
    let format = sboms().find(|f| f.sniff.is_some_and(|sniff| sniff(bytes)))?;
    Some(walk::extract(format, path, bytes, &MemoryFiles::default()))
}

/// Reads bytes as the format that the name and, among several, the content show.
fn named(path: &str, bytes: &[u8]) -> Option<Result<FileInventory, Diagnostic>> {
    let claiming: Vec<_> = registry::claiming(path).collect();
    let format = match &*claiming {
        [only] => *only,
        several => several.iter().find(|f| f.sniff.is_some_and(|sniff| sniff(bytes)))?,
    };
    Some(walk::extract(format, path, bytes, &MemoryFiles::default()))
}

fn files(folder: &Path, found: &mut Vec<PathBuf>) {
    let mut entries: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() { files(&path, found) } else { found.push(path) }
    }
}

fn json(path: &Path) -> Value {
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

/// Entries that the index does not count: what the document is about.
fn product_entries(path: &Path, bytes: &[u8]) -> usize {
    if path.extension().is_some_and(|e| e == "xml") {
        let text = String::from_utf8_lossy(bytes);
        let metadata = text.split("</metadata>").next().filter(|m| m.len() < text.len());
        let metadata = metadata.unwrap_or_default();
        let tools = metadata.split("<tools").nth(1).and_then(|t| t.split("</tools>").next());
        let all =
            |text: &str| text.matches("<component ").count() + text.matches("<component>").count();
        return all(metadata) - tools.map_or(0, all);
    }
    fn count(component: &Value) -> usize {
        let inner = component.get("components").and_then(Value::as_array);
        // Without a name it is no entry.
        let is_entry = component.get("name").is_some() || component.get("purl").is_some();
        usize::from(is_entry) + inner.into_iter().flatten().map(count).sum::<usize>()
    }
    let value: Value = serde_json::from_slice(bytes).unwrap_or_default();
    value.pointer("/metadata/component").map_or(0, count)
}

/// Why the number of components differs from the plain count of the index.
const COUNT_DEVIATIONS: &[(&str, &str)] = &[
    (
        "sbom/cyclonedx-spec/1.2/skip_invalid-empty-component-1.2.json",
        "the component is an empty object: told, and left out",
    ),
    (
        "sbom/sbomqs/sboms/metadata-required-violations.cdx.json",
        "one component has neither name nor purl: told, and left out",
    ),
];

#[test]
fn every_document_of_the_corpus_is_read_and_counts_agree() {
    let Some(shared) = shared() else { return };
    let index = json(&shared.join("corpus/sbom/INDEX.json"));
    let mut wrong = BTreeMap::new();
    let mut compared = 0;
    for (name, facts) in index.as_object().unwrap() {
        let path = shared.join("corpus").join(name);
        let bytes = std::fs::read(&path).unwrap();
        let Some(read) = sniffed(name, &bytes) else {
            wrong.insert(name.clone(), "is not recognised".to_owned());
            continue;
        };
        let inventory = match read {
            Ok(inventory) => inventory,
            Err(diagnostic) => {
                wrong.insert(name.clone(), format!("is not read: {diagnostic:?}"));
                continue;
            }
        };
        let key =
            if facts.get("packages").is_some() { "packages" } else { "components_with_nested" };
        let expected = usize::try_from(facts[key].as_u64().unwrap()).unwrap();
        let product = if key == "packages" { 0 } else { product_entries(&path, &bytes) };
        let ours = inventory.components.len().saturating_sub(product);
        compared += 1;
        if ours != expected {
            wrong.insert(name.clone(), format!("{key}: expected {expected}, read {ours}"));
        }
        let format = facts["format"].as_str().unwrap();
        let ours = registry::by_id(&inventory.format).unwrap().title;
        if ours.replace(" 2 ", " ") != format {
            wrong.insert(name.clone(), format!("is {format}, read as {ours}"));
        }
    }
    let known: BTreeSet<&str> = COUNT_DEVIATIONS.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = wrong.keys().map(String::as_str).collect();
    assert_eq!(found, known, "{wrong:#?}");
    assert!(compared > 100, "{compared}");
}

/// What two documents about the same software must agree on.
fn facts(inventory: &FileInventory) -> BTreeSet<String> {
    inventory
        .components
        .iter()
        .map(|c| {
            let hashes: Vec<_> =
                c.hashes.iter().map(|h| format!("{}:{}", h.algorithm.as_str(), h.hex())).collect();
            // The order of an expression's parts means nothing.
            let licence = c.licence.as_deref().unwrap_or("none");
            let licence =
                licence.strip_prefix('(').and_then(|l| l.strip_suffix(')')).unwrap_or(licence);
            let licence: BTreeSet<&str> = licence.split(" AND ").collect();
            format!("{} {licence:?} {hashes:?} {:?} {:?}", c.purl, c.scope, c.relation)
        })
        .collect()
}

fn edges(inventory: &FileInventory) -> BTreeSet<String> {
    let name = |at: u32| inventory.components[at as usize].purl.to_string();
    inventory.edges.iter().map(|(a, b)| format!("{} -> {}", name(*a), name(*b))).collect()
}

fn read(path: &Path) -> FileInventory {
    let bytes = std::fs::read(path).unwrap();
    sniffed(&path.to_string_lossy(), &bytes).expect("recognised").expect("read")
}

/// Components about which two documents really say different things.
const PAIR_DEVIATIONS: &[(&str, &str)] =
    &[("osgi-resource-locator@1.0.1", "the XML of dropwizard states no licence, the JSON does")];

#[test]
fn the_same_software_in_json_and_xml_is_read_alike() {
    let Some(shared) = shared() else { return };
    let examples = shared.join("corpus/sbom/bom-examples");
    for (a, b) in [
        ("cern-lhc-vdm-editor-e564943/bom.json", "cern-lhc-vdm-editor-e564943/bom.xml"),
        ("dropwizard-1.3.15/bom.json", "dropwizard-1.3.15/bom.xml"),
        ("juice-shop/v11.1.2/bom.json", "juice-shop/v11.1.2/bom.xml"),
        ("keycloak-10.0.2/bom.json", "keycloak-10.0.2/bom.xml"),
        ("laravel-7.12.0/bom.1.2.json", "laravel-7.12.0/bom.1.2.xml"),
        ("laravel-7.12.0/bom.1.3.json", "laravel-7.12.0/bom.1.3.xml"),
        ("laravel-7.12.0/bom.1.4.json", "laravel-7.12.0/bom.1.4.xml"),
        ("laravel-7.12.0/bom.1.2.json", "laravel-7.12.0/bom.1.3.json"),
        ("laravel-7.12.0/bom.1.3.json", "laravel-7.12.0/bom.1.4.json"),
    ] {
        let (one, other) = (read(&examples.join(a)), read(&examples.join(b)));
        let mut difference = suite::difference(&facts(&one), &facts(&other));
        difference.retain(|line| !PAIR_DEVIATIONS.iter().any(|(part, _)| line.contains(part)));
        assert!(difference.is_empty(), "{a} {b}:\n{}", difference.join("\n"));
        let difference = suite::difference(&edges(&one), &edges(&other));
        assert!(difference.is_empty(), "{a} {b}:\n{}", difference.join("\n"));
    }
}

/// 1.1 has neither product nor graph.
#[test]
fn the_first_xml_documents_are_read_too() {
    let Some(shared) = shared() else { return };
    let examples = shared.join("corpus/sbom/bom-examples/laravel-7.12.0");
    let (one, other) = (read(&examples.join("bom.1.1.xml")), read(&examples.join("bom.1.2.xml")));
    let purls = |inventory: &FileInventory| -> BTreeSet<String> {
        let all = inventory.components.iter().filter(|c| c.relation != Relation::Own);
        all.map(|c| format!("{} {:?}", c.purl, c.licence)).collect()
    };
    assert_eq!(purls(&one), purls(&other));
}

#[test]
fn the_same_software_in_spdx_2_and_3_is_read_alike() {
    let Some(shared) = shared() else { return };
    let examples = shared.join("corpus/sbom/spdx-examples/software");
    // The SPDX 3 document refers to a licence of its own whose name only the SPDX 2 document gives.
    let known = ["Golang BSD-plus-PATENTS", "LicenseRef-Golang-BSD-plus-Patents"];
    for (a, b) in [
        ("example1/spdx2.2/example1.spdx", "example1/spdx3.0/example1.json"),
        ("example3/spdx2.2/example3-bin.spdx", "example3/spdx3.0/example3-bin.json"),
        ("example3/spdx2.2/example3-src.spdx", "example3/spdx3.0/example3-src.json"),
        ("example4/spdx2.2/example4-bin.spdx", "example4/spdx3.0/example4-bin.json"),
        ("example4/spdx2.2/example4-src.spdx", "example4/spdx3.0/example4-src.json"),
        ("example5/spdx2.2/example5-bin.spdx", "example5/spdx3.0/example5-bin.json"),
        ("example5/spdx2.2/example5-src.spdx", "example5/spdx3.0/example5-src.json"),
        ("example6/spdx2.2/example6-bin.spdx", "example6/spdx3.0/example6-bin.json"),
        ("example6/spdx2.2/example6-lib.spdx", "example6/spdx3.0/example6-lib.json"),
        ("example6/spdx2.2/example6-src.spdx", "example6/spdx3.0/example6-src.json"),
        ("example10/spdx2.3/hello-source.spdx.json", "example10/spdx3.0/hello-source.spdx3.json"),
    ] {
        let (one, other) = (read(&examples.join(a)), read(&examples.join(b)));
        let mut difference = suite::difference(&facts(&one), &facts(&other));
        difference.retain(|line| !known.iter().any(|part| line.contains(part)));
        assert!(difference.is_empty(), "{a} {b}:\n{}", difference.join("\n"));
        let difference = suite::difference(&edges(&one), &edges(&other));
        assert!(difference.is_empty(), "{a} {b}:\n{}", difference.join("\n"));
    }
}

/// What the other project's tests expect and we do otherwise.
const SUITE_DEVIATIONS: &[(&str, &str)] = &[
    (
        "scalibr-spdx/ancestor_of.spdx.json",
        "the suite drops a package that descends from one with a purl; we list what is listed",
    ),
    (
        "scalibr-spdx/descendant_of.spdx.json",
        "the suite drops a package that descends from one with a purl; we list what is listed",
    ),
    (
        "scalibr-spdx/multi_descendant.spdx.json",
        "the suite drops packages that descend from one with a purl; we list what is listed",
    ),
    (
        "scalibr-spdx/sbom.spdx.json",
        "the suite names a package without purl by its CPE; we by its name",
    ),
    (
        "scalibr-spdx/sbom.spdx.yml",
        "the suite names a package without purl by its CPE; we by its name",
    ),
];

#[test]
fn the_suites_agree() {
    let Some(shared) = shared() else { return };
    let mut wrong = BTreeMap::new();
    for folder in ["scalibr-cdx", "scalibr-spdx"] {
        let folder = shared.join("corpus/sbom").join(folder);
        let expected = json(&folder.join("expected.json"));
        for case in expected["cases"].as_array().unwrap() {
            let file = case["file"].as_str().unwrap();
            let bytes = std::fs::read(folder.join(file)).unwrap();
            let name = format!("{}/{file}", folder.file_name().unwrap().to_string_lossy());
            let must_fail = case.get("error").is_some();
            // The suite renames the bad files for their test.
            let path = case["case"].as_str().unwrap();
            let path = if must_fail { "sbom.spdx.json" } else { path };
            let inventory = match named(path, &bytes) {
                Some(Ok(inventory)) if !must_fail => inventory,
                Some(Ok(_)) => {
                    wrong.insert(name, vec!["read, and must not be".to_owned()]);
                    continue;
                }
                _ if must_fail => continue,
                other => {
                    wrong.insert(name, vec![format!("{other:?}")]);
                    continue;
                }
            };
            let expected: BTreeSet<String> = case["packages"]
                .as_array()
                .unwrap()
                .iter()
                .map(|p| {
                    let text = |key: &str| p.get(key).and_then(Value::as_str).unwrap_or_default();
                    // The suite gives no type where the document states no purl.
                    let purl_type = p.get("purl_type").and_then(Value::as_str);
                    let purl_type = purl_type.unwrap_or("generic");
                    format!("{}@{} {purl_type}", text("name"), text("version"))
                })
                .collect();
            let ours: BTreeSet<String> = inventory
                .components
                .iter()
                .filter(|c| c.relation != Relation::Own)
                .map(|c| {
                    let version = c.purl.version().unwrap_or_default();
                    let purl_type = c.purl.purl_type();
                    format!("{}@{version} {purl_type}", c.purl.name())
                })
                .collect();
            let difference = suite::difference(&expected, &ours);
            if !difference.is_empty() {
                wrong.insert(name, difference);
            }
        }
    }
    let known: BTreeSet<&str> = SUITE_DEVIATIONS.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = wrong.keys().map(String::as_str).collect();
    assert_eq!(found, known, "{wrong:#?}");
}

/// Valid documents in which an entry is left out or complained about, and why.
const VALID_WITH_COMPLAINTS: &[(&str, &str)] = &[];

#[test]
fn valid_documents_are_read_and_invalid_ones_do_no_harm() {
    let Some(shared) = shared() else { return };
    let folder = shared.join("corpus/sbom/cyclonedx-spec");
    let expected = json(&folder.join("expected.json"));
    let mut complaints = BTreeMap::new();
    let (mut valid, mut invalid) = (0, 0);
    for (name, is_valid) in expected.as_object().unwrap() {
        let bytes = std::fs::read(folder.join(name)).unwrap();
        let read = sniffed(name, &bytes);
        if is_valid.as_bool() == Some(true) {
            valid += 1;
            let inventory = read
                .unwrap_or_else(|| panic!("{name}"))
                .unwrap_or_else(|e| panic!("{name}: {e:?}"));
            let bad: Vec<_> = inventory
                .diagnostics
                .iter()
                .filter(|d| d.code != Code::EntryIgnored)
                .map(|d| d.message.to_string())
                .collect();
            if !bad.is_empty() {
                complaints.insert(name.as_str(), bad);
            }
        } else {
            invalid += 1;
            if let Some(Err(diagnostic)) = read {
                assert_ne!(diagnostic.code, Code::ParserFault, "{name}");
            }
        }
    }
    let known: BTreeSet<&str> = VALID_WITH_COMPLAINTS.iter().map(|(name, _)| *name).collect();
    let found: BTreeSet<&str> = complaints.keys().copied().collect();
    assert_eq!(found, known, "{complaints:#?}");
    assert_eq!((valid > 200, invalid > 100), (true, true), "{valid} {invalid}");
}

#[test]
fn nothing_in_the_corpus_makes_a_reader_fail() {
    let Some(shared) = shared() else { return };
    let mut all = Vec::new();
    for folder in ["corpus/sbom", "corpus/vex"] {
        files(&shared.join(folder), &mut all);
    }
    for path in all {
        let bytes = std::fs::read(&path).unwrap();
        // Every reader gets every document, whatever it is.
        for format in sboms() {
            if bytes.len() > 500_000 && !format.sniff.is_some_and(|sniff| sniff(&bytes)) {
                continue;
            }
            let result = walk::extract(format, "x", &bytes, &MemoryFiles::default());
            if let Err(diagnostic) = result {
                assert_ne!(diagnostic.code, Code::ParserFault, "{} {}", format.id, path.display());
            }
        }
    }
}

/// The cases of `corpus/sbom`: a document, and beside it what must be read from it.
#[test]
fn own_cases() {
    let folder = trimtab_testkit::repository().join("corpus/sbom");
    let mut all = Vec::new();
    files(&folder, &mut all);
    let (mut checked, mut wrong) = (0, String::new());
    for path in all.iter().filter(|p| p.extension().is_some_and(|e| e == "expected")) {
        let document = path.with_extension("");
        let name = document.file_name().unwrap().to_string_lossy().into_owned();
        let bytes = std::fs::read(&document).unwrap();
        let ours = match named(&name, &bytes).unwrap_or_else(|| panic!("{name} is not claimed")) {
            Ok(inventory) => told(&inventory),
            Err(d) => format!("error {} line {}\n", d.code, d.line.unwrap_or_default()),
        };
        let expected = std::fs::read_to_string(path).unwrap();
        if ours != expected {
            wrong.push_str(&format!("== {name}\n{ours}"));
        }
        checked += 1;
    }
    assert!(wrong.is_empty(), "{wrong}");
    assert!(checked >= 6, "{checked}");
}

/// An inventory as text, one line for each component and edge.
fn told(inventory: &FileInventory) -> String {
    use std::fmt::Write;
    let mut out = String::new();
    for c in &inventory.components {
        let _ = write!(
            out,
            "{} {} {} line {}",
            c.purl,
            c.relation.as_str(),
            c.scope,
            c.line.unwrap_or_default()
        );
        if let Some(licence) = &c.licence {
            let _ = write!(out, " licence={licence}");
        }
        if let Some(requirement) = &c.requirement {
            let _ = write!(out, " requirement={requirement}");
        }
        if let Some(supplier) = &c.supplier {
            let _ = write!(out, " supplier={supplier}");
        }
        for hash in &c.hashes {
            let _ = write!(out, " {}:{}", hash.algorithm.as_str(), hash.hex());
        }
        match &c.origin {
            Origin::Unstated => {}
            Origin::Git { url, commit } => {
                let _ = write!(out, " git={url}#{}", commit.as_deref().unwrap_or_default());
            }
            Origin::Registry(url) => drop(write!(out, " from={url}")),
            Origin::Url(url) => drop(write!(out, " url={url}")),
            Origin::Path(path) => drop(write!(out, " path={path}")),
        }
        out.push('\n');
    }
    for edge in edges(inventory) {
        let _ = writeln!(out, "{edge}");
    }
    for d in &inventory.diagnostics {
        let _ = writeln!(out, "{} line {}: {}", d.code, d.line.unwrap_or_default(), d.message);
    }
    out
}

/// Seeds for mutation: small real documents of every syntax.
fn seeds() -> Vec<Vec<u8>> {
    let Some(shared) = shared() else { return Vec::new() };
    let sbom = shared.join("corpus/sbom");
    [
        "trivy/cyclonedx/happy/bom.json",
        "dependency-track/bom-1.xml",
        "cyclonedx-spec/1.6/valid-assembly-1.6.xml",
        "scalibr-spdx/external_refs.spdx.json",
        "scalibr-spdx/sbom.spdx.yml",
        "spdx-examples/software/example6/spdx2.2/example6-lib.spdx",
        "spdx-examples/software/example13/spdx3.0/example13.spdx3.json",
    ]
    .iter()
    .map(|name| std::fs::read(sbom.join(name)).unwrap())
    .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn mutated_documents_never_fail(
        seed in any::<prop::sample::Index>(),
        cut in any::<prop::sample::Index>(),
        (from, to, length) in (any::<prop::sample::Index>(), any::<prop::sample::Index>(), 0usize..80),
        flips in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        truncate in any::<bool>(),
    ) {
        let seeds = seeds();
        if seeds.is_empty() {
            return Ok(());
        }
        let mut bytes = seed.get(&seeds).clone();
        for (at, byte) in flips {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let from = from.index(bytes.len());
        let piece = bytes[from..(from + length).min(bytes.len())].to_vec();
        let to = to.index(bytes.len());
        bytes.splice(to..to, piece);
        if truncate {
            bytes.truncate(cut.index(bytes.len()));
        }
        for format in sboms() {
            let _ = format.sniff.is_some_and(|sniff| sniff(&bytes));
            if let Err(d) = walk::extract(format, "x", &bytes, &MemoryFiles::default()) {
                prop_assert_ne!(d.code, Code::ParserFault);
            }
        }
    }

    #[test]
    fn arbitrary_bytes_never_fail(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        for format in sboms() {
            let _ = format.sniff.is_some_and(|sniff| sniff(&bytes));
            if let Err(d) = walk::extract(format, "x", &bytes, &MemoryFiles::default()) {
                prop_assert_ne!(d.code, Code::ParserFault);
            }
        }
    }
}

/// A document with more bad entries than anyone reads gives a hundred diagnostics and a count, and
/// a component nested to the bound is read.
#[test]
fn diagnostics_are_bounded() {
    let entry = "{\"type\":\"library\",\"name\":\"a\",\"purl\":\"nonsense\"}";
    let list = vec![entry; 5_000].join(",");
    let text =
        format!("{{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.6\",\"components\":[{list}]}}");
    let inventory = sniffed("x", text.as_bytes()).unwrap().unwrap();
    assert_eq!(inventory.components.len(), 5_000);
    assert_eq!(inventory.diagnostics.len(), 101);
    assert!(inventory.components.iter().all(|c| c.scope == Scope::Runtime));
}
