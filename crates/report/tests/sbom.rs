//! What the writers of SBOMs give validates, is the same on a rerun, and reads back as it was.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use trimtab_extract::{FormatKind, MemoryFiles, registry, walk};
use trimtab_model::advisory::{
    Advisory, Changed, CvssVersion, Epss, Kev, Kind, Rating, Severity, Vulnerability,
};
use trimtab_model::finding::{Attribution, Confidence, Doubt, Finding, Occurrence};
use trimtab_model::scan::{IndexInfo, Scan};
use trimtab_model::{
    Component, Ecosystem, FileInventory, Hash, HashAlgorithm, Inventory, Origin, Purl, Relation,
    Scope,
};
use trimtab_report::distinct::Distinct;
use trimtab_report::sbom::{self, check, cyclonedx, cyclonedx_xml, diff, spdx, spdx_tag};
use trimtab_testkit::shared;

type Writer = fn(&Scan, &mut dyn Write) -> std::io::Result<()>;

const WRITERS: &[(&str, Writer)] = &[
    ("bom.cdx.json", cyclonedx::write),
    ("bom.cdx.xml", cyclonedx_xml::write),
    ("bom.spdx.json", spdx::write),
    ("bom.spdx", spdx_tag::write),
];

fn written(writer: Writer, scan: &Scan) -> Vec<u8> {
    let (mut one, mut other) = (Vec::new(), Vec::new());
    writer(scan, &mut one).unwrap();
    writer(scan, &mut other).unwrap();
    assert!(one == other, "two runs differ");
    one
}

fn read(name: &str, bytes: &[u8]) -> FileInventory {
    let sboms = registry::FORMATS.iter().filter(|f| f.kind == FormatKind::Sbom);
    let format = sboms.into_iter().find(|f| f.sniff.is_some_and(|sniff| sniff(bytes)));
    let format = format.unwrap_or_else(|| panic!("{name} is not recognised"));
    walk::extract(format, name, bytes, &MemoryFiles::default())
        .unwrap_or_else(|e| panic!("{name}: {e:?}"))
}

fn scan(target: &str, files: Vec<FileInventory>) -> Scan {
    Scan {
        target: target.into(),
        inventory: Inventory { files, diagnostics: Vec::new() },
        index: None,
        findings: Vec::new(),
        unknowns: Vec::new(),
        weighing: None,
        diagnostics: Vec::new(),
    }
}

/// Everything that a document must keep, one line for each component and edge.
fn kept(scan: &Scan) -> BTreeSet<String> {
    let distinct = Distinct::of(scan);
    let one_line = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
    let mut all: BTreeSet<String> = distinct
        .items
        .iter()
        .map(|i| {
            let hashes: Vec<_> =
                i.hashes.iter().map(|h| format!("{:?} {}", h.algorithm, h.hex())).collect();
            format!(
                "{} {:?} {} {} {hashes:?} {:?} {:?} {:?} {:?} {:?} {:?}",
                i.purl,
                i.requirement,
                i.relation.as_str(),
                i.scope,
                i.origin,
                i.licence.map(one_line),
                i.members,
                i.groups,
                i.supplier.map(one_line),
                i.cpe,
            )
        })
        .collect();
    let id = |at: u32| &distinct.items[at as usize].id;
    all.extend(distinct.edges.iter().map(|(a, b)| format!("{} -> {}", id(*a), id(*b))));
    all
}

fn assert_keeps(name: &str, scan: &Scan) {
    for (format, writer) in WRITERS {
        let bytes = written(*writer, scan);
        let back = Scan {
            inventory: Inventory { files: vec![read(format, &bytes)], diagnostics: Vec::new() },
            ..scan.clone()
        };
        let (was, is) = (kept(scan), kept(&back));
        let lost: Vec<_> = was.difference(&is).take(5).collect();
        let new: Vec<_> = is.difference(&was).take(5).collect();
        assert!(
            lost.is_empty() && new.is_empty(),
            "{name} as {format}\nlost {lost:#?}\nnew {new:#?}"
        );
    }
}

/// A component with everything that a component can have.
fn rich() -> Vec<FileInventory> {
    let mut file = FileInventory {
        path: "a/package-lock.json".into(),
        format: "package-lock".into(),
        ..FileInventory::default()
    };
    let mut app = Component::new(Purl::new("npm", None, "app").with_version("1.0.0"));
    app.relation = Relation::Own;
    let app = file.add(app);
    let mut x = Component::new(Purl::new("npm", Some("@scope"), "x").with_version("2.0.0"));
    x.relation = Relation::Direct;
    x.scope = Scope::Runtime;
    x.line = Some(7);
    x.hashes = vec![
        Hash { algorithm: HashAlgorithm::Sha512, digest: vec![7; 64].into() },
        Hash { algorithm: HashAlgorithm::Sha1, digest: vec![1; 20].into() },
        Hash { algorithm: HashAlgorithm::GoH1, digest: vec![9; 32].into() },
    ];
    x.origin = Origin::Registry("https://registry.example/@scope/x/-/x-2.0.0.tgz".into());
    x.licence = Some("MIT OR Apache-2.0".into());
    x.member = Some("packages/a".into());
    x.groups = vec!["peer".into(), "g & <h>".into()];
    x.supplier = Some("Acme & \"Sons\" <x>".into());
    x.cpe = Some("cpe:2.3:a:acme:x:2.0.0:*:*:*:*:*:*:*".into());
    let x = file.add(x);
    let mut y = Component::new(Purl::new("npm", None, "y"));
    y.requirement = Some("^1.0 <2".into());
    y.scope = Scope::Test;
    y.relation = Relation::Transitive;
    y.licence = Some("See LICENCE & more </text> <text>".into());
    let y1 = file.add(y.clone());
    y.requirement = Some("latest".into());
    y.origin =
        Origin::Git { url: "git+ssh://git@git.example/y.git".into(), commit: Some("abc".into()) };
    y.scope = Scope::Build;
    let y2 = file.add(y);
    let mut z = Component::new(Purl::new("npm", None, "z").with_version("0.0.1"));
    z.origin = Origin::Path("../z with space".into());
    z.cpe = Some("odd cpe".into());
    let z = file.add(z);
    for (a, b) in [(app, x), (x, y1), (x, y2), (y1, y2), (app, z)] {
        file.edge(a, b);
    }
    file.settle();
    vec![file]
}

fn with_findings() -> Scan {
    let mut scan = scan("shop", rich());
    scan.index = Some(IndexInfo {
        data_date: Some("2026-11-01T02:03:04.5Z".into()),
        digest: "00".into(),
        advisories: 1,
        kev: None,
        epss: None,
    });
    let advisory = Advisory {
        id: "GHSA-aaaa-bbbb-cccc".into(),
        database: "GHSA".into(),
        kind: Kind::Vulnerability,
        published: "2024-01-01T00:00:00Z".parse().ok(),
        modified: "2024-02-01T00:00:00.123Z".parse().ok(),
        changed: Changed::default(),
        summary: Some("Bad".into()),
        url: None,
    };
    scan.findings = vec![Finding {
        ecosystem: Ecosystem::parse("npm").unwrap(),
        package: "@scope/x".into(),
        purl: Purl::new("npm", Some("@scope"), "x").with_version("2.0.0"),
        vulnerability: Vulnerability {
            id: "CVE-2024-1".into(),
            aliases: vec!["GHSA-aaaa-bbbb-cccc".into()],
            kind: Kind::Vulnerability,
            summary: Some("Bad & \u{1}worse <now>\nreally".into()),
            severity: Severity {
                rating: Rating::Critical,
                score_tenths: Some(98),
                vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H".into()),
                cvss: Some(CvssVersion::V3_1),
                from: Some("GHSA-aaaa-bbbb-cccc".into()),
            },
            cwes: vec!["CWE-79".into()],
            kev: Some(Kev {
                cve: "CVE-2024-1".into(),
                added: "2024-03-01".parse().ok(),
                due: None,
                ransomware: Some(true),
            }),
            epss: Some(Epss { probability: 0.5, percentile: 0.9 }),
            references: vec![
                "https://example.org/a?b=c&d=%20".into(),
                "not a url".into(),
                "https://exa mple.org".into(),
            ],
        },
        attributions: vec![Attribution {
            advisory,
            affected: true,
            fixed: vec!["2.0.1".into()],
            reason: ">= 1, < 2.0.1".into(),
            symbols: vec![],
        }],
        confidence: Confidence::Medium,
        doubts: vec![Doubt::SourcesDisagree],
        nearest_fix: Some("2.0.1".into()),
        occurrences: vec![Occurrence { file: 0, component: 1 }],
    }];
    scan
}

#[test]
fn every_doubt_is_told_by_every_format() {
    for &doubt in Doubt::ALL {
        let mut scan = with_findings();
        scan.findings[0].confidence = doubt.confidence();
        scan.findings[0].doubts = vec![doubt];
        let json = written(trimtab_report::json::write, &scan);
        let back = trimtab_report::json::read(&*json).unwrap();
        assert_eq!(back.findings[0].doubts, [doubt]);
        assert_eq!(back.findings[0].confidence, doubt.confidence());
        let writers: [(&str, Writer, &str); 6] = [
            ("csv", trimtab_report::csv::write, doubt.code()),
            ("sarif", trimtab_report::sarif::write, doubt.code()),
            ("cyclonedx", cyclonedx::write, doubt.code()),
            ("gitlab", trimtab_report::gitlab::write, doubt.as_str()),
            ("markdown", trimtab_report::markdown::write, doubt.as_str()),
            ("html", trimtab_report::html::write, doubt.as_str()),
        ];
        // What a syntax escapes is not what is asked here.
        let plain = |text: &str| text.replace("&#39;", "'").replace(['`', '\\'], "");
        for (name, writer, told) in writers {
            let text = String::from_utf8(written(writer, &scan)).unwrap();
            assert!(plain(&text).contains(&plain(told)), "{name} does not tell {told}");
        }
    }
}

struct Local(PathBuf);

impl jsonschema::Retrieve for Local {
    fn retrieve(
        &self,
        uri: &jsonschema::Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name =
            uri.as_str().split('#').next().and_then(|u| u.rsplit('/').next()).unwrap_or_default();
        Ok(serde_json::from_slice(&std::fs::read(self.0.join(name))?)?)
    }
}

fn validator(schema: &Path) -> jsonschema::Validator {
    let value: Value = serde_json::from_slice(&std::fs::read(schema).unwrap()).unwrap();
    jsonschema::options()
        .should_validate_formats(true)
        .should_ignore_unknown_formats(true)
        .with_retriever(Local(schema.parent().unwrap().to_owned()))
        .build(&value)
        .unwrap()
}

fn assert_valid(validator: &jsonschema::Validator, name: &str, bytes: &[u8]) {
    let value: Value = serde_json::from_slice(bytes).unwrap();
    let errors: Vec<_> = validator
        .iter_errors(&value)
        .take(5)
        .map(|e| {
            format!(
                "{}: {}",
                e.instance_path(),
                e.to_string().chars().take(300).collect::<String>()
            )
        })
        .collect();
    assert!(errors.is_empty(), "{name}: {errors:#?}");
}

/// Documents of the corpus that are read, as scans of one file.
fn corpus() -> Vec<(String, Scan)> {
    let Some(shared) = shared() else { return Vec::new() };
    let folder = shared.join("corpus/sbom");
    let index: Value =
        serde_json::from_slice(&std::fs::read(folder.join("INDEX.json")).unwrap()).unwrap();
    let names = index
        .as_object()
        .unwrap()
        .keys()
        .filter(|n| n.starts_with("sbom/") && !n.contains("/invalid"));
    names
        .filter_map(|name| {
            let bytes = std::fs::read(shared.join("corpus").join(name)).unwrap();
            (bytes.len() < 3_000_000)
                .then(|| (name.clone(), scan("corpus", vec![read(name, &bytes)])))
        })
        .collect()
}

#[test]
fn json_validates() {
    let Some(shared) = shared() else { return };
    let schemas = shared.join("corpus/schemas");
    let cdx = validator(&schemas.join("cyclonedx/bom-1.6.schema.json"));
    let spdx_schema = validator(&schemas.join("spdx/spdx-2.3-schema.json"));
    assert!(!cdx.is_valid(
        &serde_json::json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "components": [{}] })
    ));
    for (name, scan) in corpus().into_iter().chain([("findings".to_owned(), with_findings())]) {
        assert_valid(&cdx, &name, &written(cyclonedx::write, &scan));
        assert_valid(&spdx_schema, &name, &written(spdx::write, &scan));
    }
}

#[test]
fn xml_validates() {
    let Some(shared) = shared() else { return };
    if Command::new("xmllint").arg("--version").stderr(Stdio::null()).status().is_err() {
        eprintln!("SKIPPED: no xmllint (package libxml2-utils), XML is not validated");
        return;
    }
    let schemas = shared.join("corpus/schemas/cyclonedx");
    let folder = tempfile::tempdir().unwrap();
    // The schema imports the list of licences from its home on the web; ours is beside it.
    let xsd = std::fs::read_to_string(schemas.join("bom-1.6.xsd")).unwrap();
    let home = "schemaLocation=\"http://cyclonedx.org/schema/spdx\"";
    let xsd = xsd.replace(home, "schemaLocation=\"spdx.xsd\"");
    std::fs::write(folder.path().join("bom.xsd"), xsd).unwrap();
    std::fs::copy(schemas.join("spdx.xsd"), folder.path().join("spdx.xsd")).unwrap();
    let mut names = Vec::new();
    for (at, (_, scan)) in
        corpus().into_iter().chain([("findings".to_owned(), with_findings())]).enumerate()
    {
        let path = folder.path().join(format!("{at}.xml"));
        std::fs::write(&path, written(cyclonedx_xml::write, &scan)).unwrap();
        names.push(path);
    }
    let output = Command::new("xmllint")
        .args(["--nonet", "--noout", "--schema"])
        .arg(folder.path().join("bom.xsd"))
        .args(&names)
        .output()
        .unwrap();
    let errors: String = String::from_utf8_lossy(&output.stderr)
        .lines()
        .filter(|l| !l.ends_with("validates"))
        .take(10)
        .fold(String::new(), |all, line| all + line + "\n");
    assert!(output.status.success(), "{errors}");
}

#[test]
fn what_is_written_reads_back_as_it_was() {
    assert_keeps("rich", &scan("shop", rich()));
    let mut two = rich();
    let mut other = two[0].clone();
    other.path = "b/package-lock.json".into();
    other.components[0].purl = Purl::new("npm", None, "other").with_version("1.0.0");
    two.push(other);
    assert_keeps("two files", &scan("shop", two));
    for (name, scan) in corpus() {
        assert_keeps(&name, &scan);
    }
}

#[test]
fn every_finding_affects_a_component_of_the_document() {
    let bytes = written(cyclonedx::write, &with_findings());
    let bom: Value = serde_json::from_slice(&bytes).unwrap();
    let refs: BTreeSet<&str> = bom["components"]
        .as_array()
        .unwrap()
        .iter()
        .map(|c| c["bom-ref"].as_str().unwrap())
        .collect();
    let vulnerability = &bom["vulnerabilities"][0];
    assert_eq!(vulnerability["id"], "CVE-2024-1");
    let target = vulnerability["affects"][0]["ref"].as_str().unwrap();
    assert_eq!(target, "pkg:npm/%40scope/x@2.0.0");
    assert!(refs.contains(target));
    let x = bom["components"].as_array().unwrap().iter().find(|c| c["bom-ref"] == target).unwrap();
    assert_eq!(x["evidence"]["occurrences"][0]["location"], "a/package-lock.json");
    assert_eq!(x["evidence"]["occurrences"][0]["line"], 7);
    assert_eq!(bom["metadata"]["component"]["purl"], "pkg:npm/app@1.0.0");
    assert!(bom["metadata"].get("timestamp").is_none());
    let spdx: Value = serde_json::from_slice(&written(spdx::write, &with_findings())).unwrap();
    assert_eq!(spdx["creationInfo"]["created"], "2026-11-01T02:03:04Z");
    let mut dated = Vec::new();
    let options = sbom::Options { timestamp: "2026-01-02T03:04:05Z".parse().ok() };
    cyclonedx::write_with(&with_findings(), &options, &mut dated).unwrap();
    let dated: Value = serde_json::from_slice(&dated).unwrap();
    assert_eq!(dated["metadata"]["timestamp"], "2026-01-02T03:04:05Z");
    assert_ne!(dated["serialNumber"], bom["serialNumber"]);
}

#[test]
fn differences_are_told() {
    let before = scan("a", rich());
    let mut files = rich();
    files[0].components[1].purl = Purl::new("npm", Some("@scope"), "x").with_version("1.9.0");
    files[0].components[4].licence = Some("MIT".into());
    files[0].add(Component::new(Purl::new("npm", None, "new").with_version("1.0.0")));
    let after = scan("b", files);
    let told = diff::diff(&before, &after);
    assert_eq!(told.added.len(), 1);
    assert!(told.removed.is_empty());
    assert_eq!(told.changed.len(), 1);
    assert_eq!(told.changed[0].is_downgrade, Some(true));
    assert_eq!(told.relicensed.len(), 1);
    assert!(!told.findings_known);
    assert_eq!(diff::diff(&before, &before), diff::Diff::default());
    let mut clean = with_findings();
    clean.findings.clear();
    let told = diff::diff(&clean, &with_findings());
    assert_eq!((told.appeared.len(), told.gone.len(), told.findings_known), (1, 0, true));
    assert_eq!(diff::diff(&with_findings(), &clean).gone.len(), 1);
    assert!(told.to_string().lines().all(|l| l.chars().count() <= 100));
}

#[test]
fn missing_elements_are_named() {
    let bad = check::check(&Inventory { files: rich(), diagnostics: Vec::new() });
    let outcome = |id: &str| bad.outcomes.iter().find(|o| o.rule.id == id).unwrap();
    assert_eq!((outcome("component-version").met, outcome("component-version").of), (3, 5));
    assert_eq!(outcome("author").missing.len(), 1);
    assert!(!bad.ntia && !bad.cisa && bad.score < 60, "{}", bad.score);
    assert!(bad.to_string().lines().all(|l| l.chars().count() <= 100));

    let good = br#"{"bomFormat":"CycloneDX","specVersion":"1.6","metadata":{"timestamp":"2026-01-01T00:00:00Z",
        "lifecycles":[{"phase":"build"}],"tools":{"components":[{"type":"application","name":"t"}]},"authors":[{"name":"Jo"}],
        "component":{"type":"application","bom-ref":"a","name":"a","version":"1","purl":"pkg:npm/a@1","supplier":{"name":"S"},
        "licenses":[{"license":{"id":"MIT"}}],"hashes":[{"alg":"SHA-1","content":"da39a3ee5e6b4b0d3255bfef95601890afd80709"}]}},
        "components":[]}"#;
    let file = read("a.cdx.json", good);
    let good = check::check(&Inventory { files: vec![file], diagnostics: Vec::new() });
    assert_eq!((good.score, good.ntia, good.cisa), (100, true, true), "{good}");
    assert_eq!(check::check(&Inventory::default()).score, 0);
}
