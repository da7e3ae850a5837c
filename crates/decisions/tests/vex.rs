//! VEX documents in and out: the public samples, the schemas, and what a round trip keeps.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

mod schemas;
mod told;

use std::path::{Path, PathBuf};

use proptest::prelude::*;
use schemas::{apart, errors, validator};
use serde_json::{Value, json};
use told::told;
use trimtab_decisions::vex::{Issue, VexDocument, VexFormat, read, write};
use trimtab_model::decision::{Justification, Product, Statement, Word};
use trimtab_model::evidence::VexStatus::{Affected, Fixed, NotAffected, UnderInvestigation};
use trimtab_model::{Code, DiagnosticSeverity, Purl};
use trimtab_testkit::shared;

fn corpus() -> Option<PathBuf> {
    Some(shared()?.join("corpus/vex"))
}

fn under(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { files.extend(under(&path)) } else { files.push(path) }
    }
    files.sort();
    files.retain(|path| path.extension().is_some_and(|e| e == "json"));
    files
}

fn document(path: &Path) -> VexDocument {
    let (document, faults) = read(&std::fs::read(path).unwrap());
    assert_eq!(faults, [], "{}", path.display());
    document.unwrap()
}

/// What a document says: vulnerability, status, justification, and the products with their versions.
fn said(document: &VexDocument) -> Vec<String> {
    document
        .statements
        .iter()
        .map(|s| {
            let products: Vec<String> = s
                .products
                .iter()
                .map(|p| format!("{} {}", p.id, p.versions.as_deref().unwrap_or("-")))
                .collect();
            let why = s.justification.map_or("-", Justification::as_str);
            format!("{} {} {why}: {}", s.vulnerability, s.status.as_str(), products.join(", "))
        })
        .collect()
}

fn issue() -> Issue {
    Issue {
        id: "https://vex.example/2026-1".into(),
        title: "What we say".into(),
        author: "Example PSIRT".into(),
        namespace: "https://vex.example/".into(),
        at: "2026-03-01T12:00:00Z".parse().unwrap(),
        version: 2,
    }
}

#[test]
fn the_csaf_use_cases_say_what_they_say() {
    let Some(folder) = corpus() else { return };
    let folder = folder.join("csaf-2.0-examples/csaf_vex");
    let at = |name: &str| said(&document(&folder.join(format!("2022-evd-uc-{name}.json"))));
    assert_eq!(at("01-a-001"), ["CVE-2021-44228 affected -: CSAFPID-0001 1.0"]);
    assert_eq!(at("01-f-001"), ["CVE-2021-44228 fixed -: CSAFPID-0001 1.1"]);
    assert_eq!(at("01-ui-001"), ["CVE-2021-44228 under_investigation -: CSAFPID-0001 17.4"]);
    assert_eq!(at("01-na-001"), ["CVE-2021-44228 not_affected -: CSAFPID-0001 4.2"]);
    let many = at("03-ms-001");
    assert_eq!(many.len(), 19);
    assert_eq!(many[0], "CVE-2020-11896 under_investigation -: CSAFPID-0001 17.4");
    assert_eq!(many[5], "CVE-2020-11901 fixed -: CSAFPID-0001 17.4");
    assert_eq!(many.iter().filter(|s| s.contains(" affected ")).count(), 5);
    assert_eq!(many.iter().filter(|s| s.contains(" not_affected ")).count(), 6);
    assert_eq!(many.iter().filter(|s| s.contains(" fixed ")).count(), 3);
    assert_eq!(at("05-001"), ["CVE-2021-44228 under_investigation -: CSAFPID-0001 vers:all/*"]);
    assert_eq!(
        at("07-001"),
        [
            // The two products have remediations and impacts of their own.
            "CVE-2021-44228 affected -: CSAFPID-0002 2.4, CSAFPID-0003 2.6, CSAFPID-0004 vers:generic/>=2.9|<=4.1",
            "CVE-2021-44228 affected -: CSAFPID-0008 vers:generic/>=4.5|<=5.0",
            "CVE-2021-44228 not_affected -: CSAFPID-0001 4.2, CSAFPID-0005 vers:generic/>=1.0|<=2.3, \
             CSAFPID-0006 2.5, CSAFPID-0007 vers:generic/>=2.7|<=2.8",
            "CVE-2021-44228 not_affected -: CSAFPID-0009 vers:generic/>=1.0|<=4.4",
            "CVE-2021-44228 fixed -: CSAFPID-0010 5.1",
        ]
    );
    let detail = &document(&folder.join("2022-evd-uc-03-ms-001.json")).statements[1];
    assert_eq!(detail.detail.as_deref(), Some("IPv6 is not supported and code is not present."));
    assert_eq!(detail.author.as_deref(), Some("Example Company ProductCERT"));
    assert_eq!(detail.at.unwrap().to_string(), "2022-03-03T11:00:00Z");
    assert_eq!(detail.document.as_deref(), Some("2022-EVD-UC-03-MS-001"));
}

#[test]
fn every_valid_csaf_document_is_read() {
    let Some(folder) = corpus() else { return };
    let folder = folder.join("csaf-2.0-tests");
    let expected: Vec<Value> =
        serde_json::from_slice(&std::fs::read(folder.join("expected.json")).unwrap()).unwrap();
    let (mut valid, mut found) = (0, std::collections::BTreeMap::<String, (u32, u32)>::new());
    for case in &expected {
        let file = case["file"].as_str().unwrap();
        let (document, faults) = read(&std::fs::read(folder.join(file)).unwrap());
        let grave = faults.iter().any(|f| f.code.severity() == DiagnosticSeverity::Error);
        assert!(document.is_some(), "{file}: {faults:?}");
        if case["valid"] == json!(true) {
            valid += 1;
            assert!(!grave, "{file}: {}", told(&faults));
        } else {
            let counts = found.entry(case["id"].as_str().unwrap().to_owned()).or_default();
            counts.0 += u32::from(grave);
            counts.1 += 1;
        }
    }
    assert!(valid > 80, "{valid} valid documents");
    // What would change the meaning of a statement is found: products that are not there or stand
    // twice, contradictions, and not_affected without a reason.
    for test in ["6.1.1", "6.1.2", "6.1.6", "6.1.27.9"] {
        let (found, all) = found[test];
        assert_eq!(found, all, "{test}");
    }
}

#[test]
fn csaf_contradictions_keep_the_graver_word() {
    let Some(folder) = corpus() else { return };
    let path = "csaf-2.0-tests/mandatory/oasis_csaf_tc-csaf_2_0-2021-6-1-06-0";
    for (number, status) in [(1, Affected), (2, Affected), (3, Affected)] {
        let file = folder.join(format!("{path}{number}.json"));
        // These have no id at all; give them one.
        let mut value: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
        value["vulnerabilities"][0]["cve"] = json!("CVE-2017-0145");
        let (document, faults) = read(value.to_string().as_bytes());
        assert_eq!(faults[0].code, Code::VexMalformed);
        assert_eq!(document.unwrap().statements[0].status, status);
    }
}

#[test]
fn the_cyclonedx_use_cases_say_what_they_say() {
    let Some(folder) = corpus() else { return };
    let at = |name: &str| said(&document(&folder.join("cyclonedx").join(name)));
    let unreachable = "vulnerable_code_not_in_execute_path";
    assert_eq!(
        at("Use-Cases/Case-1/vex.json"),
        [format!("CVE-2020-25649 not_affected {unreachable}: acme-product 2.4.0")]
    );
    assert_eq!(at("Use-Cases/Case-2/vex.json"), ["CVE-2020-25649 affected -: acme-product 2.4.0"]);
    assert_eq!(
        at("Use-Cases/Case-3/vex.json"),
        ["CVE-2020-25649 under_investigation -: acme-product 2.4.0"]
    );
    assert_eq!(
        at("Use-Cases/Case-4/vex.json"),
        [format!(
            "CVE-2020-25649 not_affected {unreachable}: acme-product vers:semver/>=2.2.0|<=2.4.0"
        )]
    );
    assert_eq!(
        at("Use-Cases/Case-5/vex.json"),
        [
            "CVE-2020-25649 affected -: acme-product vers:semver/<7.0.0|>=1.5.0".to_owned(),
            format!(
                "CVE-2020-25649 not_affected {unreachable}: acme-product vers:semver/<1.5.0|>=7.0.0"
            ),
        ]
    );
    let linked = document(&folder.join("cyclonedx/Use-Cases/Case-6/vex.json"));
    assert_eq!(linked.statements[0].products.len(), 3);
    assert!(linked.statements[0].products[0].id.starts_with("urn:cdx:"));
    assert_eq!(
        at("CISA-Use-Cases/Case-6/vex.json"),
        [
            "CVE-2021-44228 affected -: product-ABC 2.4, product-ABC 2.6, product-ABC vers:generic/>=2.9|<=4.1",
            "CVE-2021-44228 not_affected vulnerable_code_not_present: product-ABC vers:generic/>=1.0|<=2.3, \
             product-ABC 2.5, product-ABC vers:generic/>=2.7|<=2.8, product-ABC 4.2",
        ]
    );
    let cases = at("CISA-Use-Cases/Case-3/vex.json");
    assert_eq!(
        cases.iter().filter(|s| s.contains(" not_affected vulnerable_code_not_present")).count(),
        6
    );
    assert_eq!(cases.iter().filter(|s| s.contains(" under_investigation ")).count(), 5);
    for (name, status) in [
        ("fixed", Fixed),
        ("affected", Affected),
        ("not_affected", NotAffected),
        ("under_investigation", UnderInvestigation),
    ] {
        let path = folder.join(format!("cyclonedx/CISA-Use-Cases/Case-1/vex-{name}.json"));
        assert_eq!(document(&path).statements[0].status, status);
    }
    // A BOM-Link names its component by a purl in its fragment.
    let trivy = document(&folder.join("trivy/cyclonedx.json"));
    let purls: Vec<String> = trivy
        .statements
        .iter()
        .flat_map(|s| s.products.iter().filter_map(|p| Some(p.purl.as_ref()?.to_string())))
        .collect();
    assert_eq!(purls[0], "pkg:maven/org.springframework.boot/spring-boot@2.6.0");
    assert!(purls[1].starts_with("pkg:deb/ubuntu/libstdc%2B%2B6@12.3.0-1ubuntu1"), "{}", purls[1]);
    assert!(trivy.statements.iter().all(|s| s.status == NotAffected));
}

#[test]
fn openvex_documents_say_what_they_say() {
    let Some(folder) = corpus() else { return };
    let trivy = document(&folder.join("openvex/trivy.openvex.json"));
    let first = &trivy.statements[0];
    assert_eq!(&*first.vulnerability, "GO-2024-2575");
    assert_eq!(first.aliases, ["CVE-2024-26147".into(), "GHSA-r53h-jv2g-vpx6".into()]);
    assert_eq!(first.products[0].components[0].id, "pkg:golang/helm.sh/helm/v3".into());
    assert_eq!(first.at.unwrap().to_string(), "2024-07-09T07:38:00.115697Z");
    let oci = document(&folder.join("openvex/oci.openvex.json"));
    assert_eq!(oci.statements[0].products.len(), 3);
    assert_eq!(oci.statements[0].products[0].components.len(), 3);
    assert_eq!(oci.statements[0].detail.as_deref(), Some("awk is not used"));
    let multiple = document(&folder.join("trivy/openvex-multiple.json"));
    let times: Vec<_> = multiple.statements.iter().map(|s| s.at.unwrap()).collect();
    assert!(times[0] < times[1], "the second has the document's time");
}

#[test]
fn every_sample_goes_through_every_format() {
    let Some(folder) = shared().map(|shared| shared.join("corpus")) else { return };
    let validators: Vec<_> = VexFormat::ALL.iter().map(|f| (*f, validator(*f).unwrap())).collect();
    let mut count = 0;
    let parts = ["vex", "reports", "sbom", "matching"];
    for path in parts.iter().flat_map(|part| under(&folder.join(part))) {
        let name = path.strip_prefix(&folder).unwrap().display().to_string();
        let (Some(read_first), _) = read(&std::fs::read(&path).unwrap()) else { continue };
        if read_first.statements.is_empty() {
            continue;
        }
        count += 1;
        // Written by the one who wrote it.
        let issue = Issue {
            author: read_first.author.clone().unwrap_or_else(|| issue().author),
            at: read_first.at.unwrap_or(issue().at),
            ..issue()
        };
        for (format, validator) in &validators {
            let (text, losses) = write(*format, &read_first.statements, &issue);
            let (again, faults) = read(text.as_bytes());
            assert_eq!(faults, [], "{name} as {}", format.as_str());
            let again = again.unwrap();
            if again.statements.is_empty() {
                assert!(!losses.is_empty(), "{name}: nothing is left, and nothing said");
                continue;
            }
            let wrong = errors(validator, &text);
            assert!(wrong.is_empty(), "{name} as {}: {wrong:#?}\n{text}", format.as_str());
            assert_eq!(write(*format, &read_first.statements, &issue).0, text, "byte-identical");
            if *format != read_first.format {
                continue;
            }
            // In its own format nothing is lost.
            if losses.is_empty() {
                let filled: Vec<Statement> = read_first
                    .statements
                    .iter()
                    .cloned()
                    .map(|s| Statement {
                        author: Some(issue.author.clone()),
                        at: s.at.or(Some(issue.at)),
                        ..s
                    })
                    .collect();
                assert_eq!(apart(&again.statements), apart(&filled), "{name}");
            } else {
                // Only a document that contradicts itself.
                assert!(
                    name.contains("6-1-06") || name.contains("multiple"),
                    "{name}: {}",
                    told(&losses)
                );
            }
        }
    }
    assert!(count >= 50, "{count} documents with statements");
}

fn any_text() -> impl Strategy<Value = Box<str>> {
    prop_oneof!["[a-zA-Z0-9][a-zA-Z0-9 .\"\\\\\u{e4}]{0,18}[a-z]", "[!-~]{2,12}"]
        .prop_map(String::into_boxed_str)
}

fn any_moment() -> impl Strategy<Value = jiff::Timestamp> {
    (0i64..2_000_000_000, 0i32..1_000_000_000)
        .prop_map(|(s, n)| jiff::Timestamp::new(s, n).unwrap())
}

fn any_purl() -> impl Strategy<Value = Purl> {
    let version = proptest::option::of("[0-9]\\.[0-9]{1,2}(-r[0-9])?");
    let kind =
        proptest::sample::select(vec!["pkg:npm/", "pkg:deb/debian/", "pkg:golang/x.example/"]);
    (kind, "[a-z]{3,8}", version, proptest::option::of("[a-z0-9]{2,4}")).prop_map(
        |(kind, name, version, arch)| {
            let purl = Purl::parse(&format!("{kind}{name}")).unwrap();
            let purl = purl.with_version(version.as_deref().unwrap_or_default());
            purl.with_qualifier("arch", arch.as_deref().unwrap_or_default())
        },
    )
}

/// A product with a purl; ids are made distinct later.
fn any_item() -> impl Strategy<Value = Product> {
    let cpe =
        proptest::option::of("cpe:2\\.3:a:[a-z]{2,5}:[a-z]{2,5}:1:\\*:\\*:\\*:\\*:\\*:\\*:\\*");
    let versions = proptest::option::of(proptest::sample::select(vec![
        "vers:npm/>=1.0.0|<2.0.0",
        "vers:deb/<2.3-1",
    ]));
    (any_purl(), versions, cpe).prop_map(|(purl, versions, cpe)| Product {
        purl: Some(if versions.is_some() { purl.clone().with_version("") } else { purl }),
        versions: versions.map(Box::from),
        identifiers: cpe.map(|cpe| Word::new("cpe", cpe)).into_iter().collect(),
        ..Product::default()
    })
}

fn any_statement(number: usize) -> impl Strategy<Value = Statement> {
    let product = (any_item(), proptest::collection::vec(any_item(), 0..3));
    (
        proptest::sample::select(vec!["CVE-2021-44228", "GHSA-jfh8-c2jp-5v3q", "CVE-2020-0001"]),
        proptest::collection::vec(product, 1..4),
        proptest::sample::select(vec![NotAffected, Fixed, UnderInvestigation, Affected]),
        proptest::option::of(proptest::sample::select(Justification::ALL)),
        proptest::option::of(any_text()),
        proptest::option::of(any_text()),
        any_moment(),
    )
        .prop_map(
            move |(vulnerability, products, status, justification, detail, action, at)| {
                let mut count = 0;
                let mut named = |mut product: Product| {
                    count += 1;
                    product.id = format!("urn:example:{number}:{count}").into();
                    product
                };
                let products = products
                    .into_iter()
                    .map(|(product, components)| Product {
                        components: components.into_iter().map(&mut named).collect(),
                        ..product
                    })
                    .collect::<Vec<_>>();
                let products = products.into_iter().map(&mut named).collect();
                Statement {
                    vulnerability: vulnerability.into(),
                    aliases: vec![],
                    products,
                    status,
                    justification: justification.filter(|_| status == NotAffected),
                    // A time of its own needs something to stand with in CSAF.
                    detail: detail.or_else(|| Some("It is so.".into())),
                    action,
                    author: Some(issue().author),
                    at: Some(at),
                    document: None,
                    words: vec![],
                }
            },
        )
}

fn any_statements() -> impl Strategy<Value = Vec<Statement>> {
    (any_statement(1), any_statement(2), any_statement(3)).prop_map(|(a, b, c)| vec![a, b, c])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_round_trip_loses_nothing(statements in any_statements()) {
        for format in VexFormat::ALL {
            let (text, losses) = write(*format, &statements, &issue());
            prop_assert_eq!(&losses, &[], "{}", format.as_str());
            let (document, faults) = read(text.as_bytes());
            prop_assert_eq!(&faults, &[], "{}", &text);
            let document = document.unwrap();
            prop_assert_eq!(document.format, *format);
            prop_assert_eq!(document.id.as_deref(), Some(&*issue().id));
            prop_assert_eq!(apart(&document.statements), apart(&statements), "{}", format.as_str());
        }
    }

    #[test]
    fn what_is_written_is_valid(statements in any_statements()) {
        thread_local! {
            static ALL: Vec<(VexFormat, Option<jsonschema::Validator>)> =
                VexFormat::ALL.iter().map(|f| (*f, validator(*f))).collect();
        }
        ALL.with(|all| {
            for (format, validator) in all {
                let Some(validator) = validator else { continue };
                let (text, _) = write(*format, &statements, &issue());
                let wrong = errors(validator, &text);
                prop_assert!(wrong.is_empty(), "{}: {wrong:#?}", format.as_str());
            }
            Ok(())
        })?;
    }

    #[test]
    fn no_bytes_make_a_reader_panic(statements in any_statements(), cut in 0usize..4000, with in "[\\[\\]{}\",:a-z0-9]{0,4}") {
        for format in VexFormat::ALL {
            let (text, _) = write(*format, &statements, &issue());
            let bytes = text.as_bytes();
            let cut = cut.min(bytes.len());
            let _ = read(&bytes[..cut]);
            let mut changed = bytes[..cut].to_vec();
            changed.extend_from_slice(with.as_bytes());
            changed.extend_from_slice(&bytes[(cut + with.len()).min(bytes.len())..]);
            let _ = read(&changed);
        }
    }
}

#[test]
fn what_is_no_vex_is_refused_with_the_next_step() {
    let deep = format!("{}1{}", "[".repeat(5000), "]".repeat(5000));
    let cases: [&[u8]; 8] = [
        b"",
        b"{}",
        b"{\"document\": {\"csaf_version\": \"1.2\"}}",
        b"{\"bomFormat\": \"CycloneDX\", \"specVersion\": \"1.3\"}",
        b"{\n  \"statements\": [,]\n}",
        b"\xff\xfe{",
        deep.as_bytes(),
        br#"{"@context": "https://openvex.dev/ns/v0.2.0", "statements": [
            {"vulnerability": "CVE-1", "status": "not_affected", "products": ["pkg:npm/a"]},
            {"vulnerability": "CVE-1", "status": "fine", "products": ["pkg:npm/a"]},
            {"vulnerability": "CVE-1", "status": "fixed"},
            {"status": "fixed", "products": ["pkg:npm/a"]},
            {"vulnerability": "CVE-1", "status": "fixed", "products": ["pkg:npm/a@1"]}]}"#,
    ];
    let mut all = Vec::new();
    for case in cases {
        let (document, faults) = read(case);
        assert!(!faults.is_empty());
        assert!(document.is_none_or(|document| document.statements.len() == 1));
        all.extend(faults);
    }
    insta::assert_snapshot!(told(&all));
}

#[test]
fn old_openvex_is_read() {
    let text = br#"{"@context": "https://openvex.dev/ns", "@id": "https://vex.example/1", "author": "A",
        "timestamp": "2023-01-08T18:02:03.647787998-06:00", "version": "1",
        "statements": [{"vulnerability": "CVE-2014-123456", "products": ["pkg:apk/distro/git@2.39.0-r1?arch=armv7"],
            "subcomponents": ["pkg:apk/distro/zlib"], "status": "fixed"}]}"#;
    let (document, faults) = read(text);
    assert_eq!(faults, []);
    let statement = &document.unwrap().statements[0];
    assert_eq!((&*statement.vulnerability, statement.status), ("CVE-2014-123456", Fixed));
    assert_eq!(statement.products[0].purl.as_ref().unwrap().version(), Some("2.39.0-r1"));
    assert_eq!(statement.products[0].components[0].id, "pkg:apk/distro/zlib".into());
}

#[test]
fn nobody_speaks_for_somebody_else() {
    let text = br#"{"@context": "https://openvex.dev/ns/v0.2.0", "author": "A Supplier",
        "statements": [{"vulnerability": {"name": "CVE-2014-123456"}, "products": [{"@id": "pkg:npm/a"}], "status": "affected"}]}"#;
    let statements = read(text).0.unwrap().statements;
    for format in VexFormat::ALL {
        let (written, losses) = write(*format, &statements, &issue());
        assert!(!written.contains("CVE-2014-123456"));
        assert_eq!(losses[0].code, Code::VexLossy);
    }
}

#[test]
fn words_of_a_format_come_back() {
    let text = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
        "metadata": { "timestamp": "2026-01-01T00:00:00Z", "authors": [{ "name": "Example PSIRT" }] },
        "components": [{ "bom-ref": "a", "type": "application", "name": "a", "purl": "pkg:npm/a@1.0.0",
            "components": [{ "bom-ref": "b", "type": "library", "name": "b", "purl": "pkg:npm/b@2.0.0" }] }],
        "vulnerabilities": [{
            "id": "CVE-2020-25649", "source": { "name": "NVD" }, "recommendation": "Upgrade.", "workaround": "Turn it off.",
            "analysis": { "state": "false_positive", "justification": "protected_at_perimeter",
                "response": ["will_not_fix", "update"], "detail": "D.", "firstIssued": "2025-01-01T00:00:00Z", "lastUpdated": "2025-02-01T00:00:00Z" },
            "affects": [{ "ref": "b", "versions": [{ "version": "2.0.0", "status": "unknown" }, { "version": "2.1.0" }] }],
        }],
    });
    let (document, faults) = read(text.to_string().as_bytes());
    assert_eq!(faults, []);
    let statements = document.unwrap().statements;
    // Unknown versions are not taken for harmless.
    let statuses: Vec<_> = statements.iter().map(|s| s.status).collect();
    assert_eq!(statuses, [UnderInvestigation, NotAffected]);
    assert_eq!(statements[1].justification, Some(Justification::InlineMitigationsAlreadyExist));
    let (written, losses) = write(VexFormat::CycloneDx, &statements, &issue());
    assert_eq!(losses, []);
    let (again, faults) = read(written.as_bytes());
    assert_eq!(faults, []);
    assert_eq!(apart(&again.unwrap().statements), apart(&statements));
    for word in ["false_positive", "protected_at_perimeter", "will_not_fix", "Turn it off.", "NVD"]
    {
        assert!(written.contains(word), "{word}");
    }
    // What OpenVEX cannot say is said.
    let (_, losses) = write(VexFormat::OpenVex, &statements, &issue());
    insta::assert_snapshot!(told(&losses));
}

#[test]
fn what_csaf_says_in_its_own_way_comes_back() {
    let text = json!({
        "document": {
            "category": "csaf_security_advisory", "csaf_version": "2.0", "title": "T",
            "publisher": { "category": "vendor", "name": "Example PSIRT", "namespace": "https://vex.example/" },
            "tracking": { "id": "EX-1", "version": "3", "status": "final", "current_release_date": "2026-03-01T12:00:00Z",
                "initial_release_date": "2026-01-01T00:00:00Z",
                "revision_history": [{ "date": "2026-01-01T00:00:00Z", "number": "1", "summary": "First." }] },
        },
        "product_tree": {
            "branches": [{ "category": "vendor", "name": "Example", "branches": [
                { "category": "product_name", "name": "Linux", "branches": [
                    { "category": "product_version", "name": "9", "product": { "name": "Example Linux 9", "product_id": "L9",
                        "product_identification_helper": { "cpe": "cpe:/o:example:linux:9", "serial_numbers": ["1"] } } }] },
                { "category": "product_version", "name": "libx-2.0-1.x86_64", "product": { "name": "libx-2.0-1.x86_64", "product_id": "libx",
                    "product_identification_helper": { "purl": "pkg:rpm/example/libx@2.0-1?arch=x86_64" } } }] }],
            "relationships": [{ "category": "installed_on", "full_product_name": { "name": "libx of Example Linux 9", "product_id": "L9-libx" },
                "product_reference": "libx", "relates_to_product_reference": "L9" }],
            "product_groups": [{ "group_id": "G1", "product_ids": ["L9", "L9-libx"] }],
        },
        "vulnerabilities": [{
            "cve": "CVE-2026-1000", "title": "An overflow",
            "ids": [{ "system_name": "Tracker", "text": "BUG-1" }],
            "notes": [{ "category": "description", "text": "N." }],
            "product_status": { "known_affected": ["L9-libx"], "last_affected": ["L9-libx"], "first_fixed": ["L9"], "recommended": ["L9"] },
            "remediations": [
                { "category": "workaround", "details": "Turn it off.", "url": "https://vex.example/w", "group_ids": ["G1"], "date": "2026-02-01T00:00:00Z" },
                { "category": "vendor_fix", "details": "Update.", "product_ids": ["L9-libx"] }],
            "threats": [{ "category": "impact", "details": "Important", "group_ids": ["G1"] },
                { "category": "impact", "details": "Very", "product_ids": ["L9"] },
                { "category": "exploit_status", "details": "None", "product_ids": ["L9"] }],
        }],
    });
    let (document, faults) = read(text.to_string().as_bytes());
    assert_eq!(faults, []);
    let statements = document.unwrap().statements;
    let [affected, fixed] = &*statements else { panic!("{statements:#?}") };
    assert_eq!((affected.status, fixed.status), (Affected, Fixed));
    assert_eq!(affected.aliases, ["BUG-1".into()]);
    assert_eq!(affected.action.as_deref(), Some("Turn it off."));
    assert_eq!(affected.at.unwrap().to_string(), "2026-02-01T00:00:00Z");
    let product = &affected.products[0];
    assert_eq!((&*product.id, product.versions.as_deref()), ("L9", Some("9")));
    assert_eq!(product.components[0].purl.as_ref().unwrap().version(), Some("2.0-1"));
    assert_eq!(product.components[0].versions, None, "the purl has a version");
    let (written, losses) = write(VexFormat::Csaf, &statements, &issue());
    assert_eq!(losses, []);
    let (again, faults) = read(written.as_bytes());
    assert_eq!(faults, []);
    assert_eq!(apart(&again.unwrap().statements), apart(&statements));
    for word in [
        "installed_on",
        "libx of Example Linux 9",
        "L9-libx",
        "last_affected",
        "first_fixed",
        "workaround",
        "serial_numbers",
        "Very",
    ] {
        assert!(written.contains(word), "{word}");
    }
    assert_eq!(
        validator(VexFormat::Csaf).map_or_else(Vec::new, |v| errors(&v, &written)),
        Vec::<String>::new()
    );
}

#[test]
fn a_document_about_many_products_is_read_at_once() {
    // Quadratic work would take minutes here.
    const COUNT: usize = 20_000;
    let ids: Vec<String> = (0..COUNT).map(|i| format!("P{i}")).collect();
    let products =
        |details: &str| json!({ "category": "vendor_fix", "details": details, "product_ids": ids });
    let text = json!({
        "document": { "category": "csaf_vex", "csaf_version": "2.0", "publisher": { "name": "A" }, "tracking": { "id": "1" } },
        "product_tree": { "full_product_names": ids.iter().map(|id| json!({ "name": id, "product_id": id })).collect::<Vec<_>>() },
        "vulnerabilities": [{ "cve": "CVE-2026-1000", "product_status": { "known_affected": ids },
            "remediations": [products("One."), products("Two."), products("Three.")] }],
    });
    let (document, faults) = read(text.to_string().as_bytes());
    assert_eq!(faults, []);
    let statements = document.unwrap().statements;
    assert_eq!(statements.len(), 1);
    assert_eq!((statements[0].products.len(), statements[0].words.len()), (COUNT, 2));
    for format in VexFormat::ALL {
        let statements = [Statement { author: None, ..statements[0].clone() }];
        let (written, _) = write(*format, &statements, &issue());
        assert_eq!(read(written.as_bytes()).0.unwrap().statements[0].products.len(), COUNT);
    }
}

#[test]
fn a_small_document_cannot_make_a_large_one() {
    // One large product, and very many references to it.
    let large = "x".repeat(1 << 20);
    let many: Vec<Value> = (0..2_000).map(|_| json!({ "ref": "a" })).collect();
    let cyclonedx = json!({
        "bomFormat": "CycloneDX", "specVersion": "1.6",
        "components": [{ "bom-ref": "a", "type": "library", "name": large }],
        "vulnerabilities": [{ "id": "CVE-2026-1000", "analysis": { "state": "exploitable" }, "affects": many }],
    });
    let related: Vec<Value> = (0..2_000)
        .map(|i| json!({ "category": "installed_on", "full_product_name": { "name": "n", "product_id": format!("R{i}") },
            "product_reference": "a", "relates_to_product_reference": "a" }))
        .collect();
    let csaf = json!({
        "document": { "category": "csaf_vex", "csaf_version": "2.0", "publisher": { "name": "A" }, "tracking": { "id": "1" } },
        "product_tree": { "full_product_names": [{ "name": large, "product_id": "a" }], "relationships": related },
        "vulnerabilities": [{ "cve": "CVE-2026-1000", "product_status": { "known_affected": ["a"] } }],
    });
    let products: Vec<String> = (0..20_000).map(|i| format!("pkg:npm/a{i}")).collect();
    let openvex = json!({
        "@context": "https://openvex.dev/ns", "statements": [
            { "vulnerability": "CVE-2026-1000", "status": "affected", "products": products, "subcomponents": products }],
    });
    for (name, text) in [("cyclonedx", cyclonedx), ("csaf", csaf), ("openvex", openvex)] {
        let (_, faults) = read(text.to_string().as_bytes());
        assert!(
            faults.iter().any(|fault| fault.code == Code::FileLimit),
            "{name}: {}",
            told(&faults)
        );
    }
}

#[test]
fn an_in_toto_statement_carries_a_document() {
    let text = json!({
        "_type": "https://in-toto.io/Statement/v1", "predicateType": "https://openvex.dev/ns/v0.2.0",
        "subject": [{ "name": "x", "digest": { "sha256": "00" } }],
        "predicate": { "@context": "https://openvex.dev/ns/v0.2.0", "author": "A",
            "statements": [{ "vulnerability": { "name": "CVE-2026-1" }, "products": [{ "@id": "pkg:npm/a" }], "status": "affected" }] },
    });
    let (document, faults) = read(text.to_string().as_bytes());
    assert_eq!(faults, []);
    assert_eq!(document.unwrap().statements.len(), 1);
}
