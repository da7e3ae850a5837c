//! What a finding means by the charter, in the formats that have no words of their own for it: CycloneDX and
//! GitLab's report. They validate, are the same on a rerun, and tell every system.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on stops")]

use std::path::PathBuf;
use std::process::{Command, Stdio};

use jiff::tz::TimeZone;
use serde_json::Value;
use trimtab_model::advisory::{Kind, Rating, Severity, Vulnerability};
use trimtab_model::assessment::{Assessment, Cost, Deadline, Impact, Likelihood};
use trimtab_model::evidence::VexStatus;
use trimtab_model::finding::{Confidence, Finding, Occurrence};
use trimtab_model::level::{ImpactBand, LikelihoodBand};
use trimtab_model::scan::{Assessed, IndexInfo, Scan, Weighing};
use trimtab_model::{Component, Ecosystem, FileInventory, Inventory, Level, Purl, Relation};
use trimtab_report::{gitlab, sbom};
use trimtab_testkit::shared;

/// One finding in two systems: open and graver in `pay`, and as given in an unnamed one.
fn scan(exception: bool, vex: [Option<VexStatus>; 2]) -> Scan {
    let file = |path: &str| {
        let mut file = FileInventory { path: path.into(), ..FileInventory::default() };
        let mut x = Component::new(Purl::new("npm", None, "x").with_version("1.0.0"));
        x.relation = Relation::Direct;
        x.line = Some(7);
        file.add(x);
        file
    };
    let finding = Finding {
        ecosystem: Ecosystem::parse("npm").unwrap(),
        package: "x".into(),
        purl: Purl::new("npm", None, "x").with_version("1.0.0"),
        vulnerability: Vulnerability {
            id: "CVE-2026-1".into(),
            aliases: Vec::new(),
            kind: Kind::Vulnerability,
            summary: Some("Bad".into()),
            severity: Severity {
                rating: Rating::Medium,
                score_tenths: None,
                vector: None,
                cvss: None,
                from: None,
            },
            cwes: Vec::new(),
            kev: None,
            epss: None,
            references: Vec::new(),
        },
        attributions: Vec::new(),
        confidence: Confidence::High,
        doubts: Vec::new(),
        nearest_fix: None,
        occurrences: [0, 1].map(|file| Occurrence { file, component: 0 }).to_vec(),
    };
    let assessed = |file: u32, system: &str, level, deadline, cost| Assessed {
        finding: 0,
        occurrences: vec![Occurrence { file, component: 0 }],
        assessment: Assessment {
            system: system.into(),
            environment: if system.is_empty() { "" } else { "production" }.into(),
            likelihood: Likelihood {
                probability: 0.5,
                band: LikelihoodBand::from_word("likely").unwrap_or(LikelihoodBand::ALL[2]),
                factors: Vec::new(),
            },
            impact: Impact { steps: 2, band: ImpactBand::ALL[2], factors: Vec::new() },
            level,
            adjustments: Vec::new(),
            bounds: (Level::Low, level),
            acceptable: if system.is_empty() { None } else { Some(Some(Level::Low)) },
            weight: 4.0,
            deadline,
            cost,
        },
        exception: exception.then(|| (format!("E-{file}").into(), "2026-12-24".parse().ok())),
        vex: vex[file as usize],
        not_affected: None,
    };
    let by = Deadline::By {
        at: "2026-11-30T17:00:00Z".parse().unwrap(),
        because: "72 hours from when it was seen <here> & now".into(),
    };
    let range = Cost::Range { least: 1.0, most: 3.5, reasons: Vec::new() };
    let nothing = || Deadline::Unknown { because: "the environment is unknown".into() };
    let no_fix = Cost::Unknown { because: "no source names a fixed version".into() };
    Scan {
        target: "shop".into(),
        inventory: Inventory {
            files: vec![file("pay/package-lock.json"), file("tools/package-lock.json")],
            diagnostics: Vec::new(),
        },
        index: Some(IndexInfo {
            data_date: Some("2026-11-01T02:03:04Z".into()),
            digest: "00".into(),
            advisories: 1,
            kev: None,
            epss: None,
        }),
        findings: vec![finding],
        unknowns: Vec::new(),
        weighing: Some(Weighing {
            charter: "Our <charter>".into(),
            version: "3".into(),
            load: 8.5,
            time_zone: TimeZone::UTC,
            assessed: vec![
                assessed(0, "pay", Level::Critical, by, range),
                assessed(1, "", Level::Low, nothing(), no_fix),
            ],
        }),
        diagnostics: Vec::new(),
    }
}

type Writer = fn(&Scan, &mut dyn std::io::Write) -> std::io::Result<()>;

fn written(writer: Writer, scan: &Scan) -> String {
    let (mut one, mut other) = (Vec::new(), Vec::new());
    writer(scan, &mut one).unwrap();
    writer(scan, &mut other).unwrap();
    assert!(one == other, "two runs differ");
    String::from_utf8(one).unwrap()
}

fn states() -> Vec<(&'static str, Scan)> {
    let all = |status| [Some(status); 2];
    vec![
        ("open", scan(false, [None; 2])),
        ("accepted", scan(true, [None; 2])),
        ("not-affected", scan(false, all(VexStatus::NotAffected))),
        ("fixed", scan(false, all(VexStatus::Fixed))),
        ("in-triage", scan(true, all(VexStatus::UnderInvestigation))),
        ("mixed", scan(false, [Some(VexStatus::NotAffected), None])),
    ]
}

struct Local(PathBuf);

impl jsonschema::Retrieve for Local {
    fn retrieve(
        &self,
        uri: &jsonschema::Uri<String>,
    ) -> Result<Value, Box<dyn std::error::Error + Send + Sync>> {
        let name = uri.as_str().split('#').next().and_then(|u| u.rsplit('/').next());
        Ok(serde_json::from_slice(&std::fs::read(self.0.join(name.unwrap_or_default()))?)?)
    }
}

#[test]
fn every_state_validates() {
    let Some(shared) = shared() else { return };
    for (schema, writer) in [
        ("cyclonedx/bom-1.6.schema.json", sbom::cyclonedx::write as Writer),
        ("gitlab/dependency-scanning-report-15.2.1.json", gitlab::write as Writer),
    ] {
        let file = shared.join("corpus/schemas").join(schema);
        let value: Value = serde_json::from_slice(&std::fs::read(&file).unwrap()).unwrap();
        let retriever = Local(file.parent().unwrap().to_owned());
        let validator = jsonschema::options().with_retriever(retriever).build(&value).unwrap();
        for (name, scan) in states() {
            let document: Value = serde_json::from_str(&written(writer, &scan)).unwrap();
            let faults: Vec<String> = validator
                .iter_errors(&document)
                .map(|e| format!("{}: {e}", e.instance_path()))
                .collect();
            assert!(faults.is_empty(), "{name} by {schema}: {faults:#?}");
        }
    }
}

#[test]
fn every_state_validates_as_xml() {
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
    for (name, scan) in states() {
        let path = folder.path().join(format!("{name}.xml"));
        std::fs::write(&path, written(sbom::cyclonedx_xml::write, &scan)).unwrap();
        let ran = Command::new("xmllint")
            .args(["--nonet", "--noout", "--schema"])
            .args([folder.path().join("bom.xsd"), path])
            .output()
            .unwrap();
        assert!(ran.status.success(), "{name}: {}", String::from_utf8_lossy(&ran.stderr));
    }
}

#[test]
fn analyses_say_what_was_decided_everywhere() {
    let state = |scan: &Scan| {
        let bom: Value = serde_json::from_str(&written(sbom::cyclonedx::write, scan)).unwrap();
        bom["vulnerabilities"][0]["analysis"]["state"].as_str().map(str::to_owned)
    };
    let all: Vec<_> = states().iter().map(|(name, scan)| (*name, state(scan))).collect();
    let expected = [
        ("open", None),
        ("accepted", Some("exploitable")),
        ("not-affected", Some("not_affected")),
        ("fixed", Some("resolved")),
        ("in-triage", Some("in_triage")),
        ("mixed", None),
    ];
    assert_eq!(all, expected.map(|(name, state)| (name, state.map(str::to_owned))));
}

#[test]
fn every_system_is_told() {
    for (name, scan) in states().into_iter().filter(|(n, _)| matches!(*n, "accepted" | "mixed")) {
        let bom: Value = serde_json::from_str(&written(sbom::cyclonedx::write, &scan)).unwrap();
        let report: Value = serde_json::from_str(&written(gitlab::write, &scan)).unwrap();
        let told = serde_json::json!({
            "cyclonedx": { "metadata": bom["metadata"]["properties"], "vulnerabilities": bom["vulnerabilities"] },
            "gitlab": report["vulnerabilities"],
        });
        let text = serde_json::to_string_pretty(&told).unwrap();
        insta::assert_snapshot!(format!("weighed-{name}"), text);
    }
    // Without a charter, the rating is told as before.
    let mut plain = scan(false, [None; 2]);
    plain.weighing = None;
    let report: Value = serde_json::from_str(&written(gitlab::write, &plain)).unwrap();
    assert_eq!(report["vulnerabilities"][0]["severity"], "Medium");
    assert!(report["vulnerabilities"][0].get("details").is_none());
    assert!(!written(sbom::cyclonedx::write, &plain).contains("trimtab:charter"));
}

#[test]
fn a_deadline_is_a_day_of_the_charters_zone() {
    for (zone, day) in [("UTC", "2026-11-30"), ("Pacific/Auckland", "2026-12-01")] {
        let mut scan = scan(false, [None, None]);
        let zone = TimeZone::get(zone).unwrap();
        scan.weighing.as_mut().unwrap().time_zone = zone.clone();
        let worst = &scan.weighing.as_ref().unwrap().assessed[0];
        let told = trimtab_report::table::meaning(&scan, worst, ", ");
        assert!(told.contains(&format!("by {day}")), "{told}");
        // So does what is read from a saved scan.
        let saved = written(|scan, out| trimtab_report::json::write(scan, out), &scan);
        let read = trimtab_report::json::read(saved.as_bytes()).unwrap();
        assert_eq!(read.weighing.unwrap().time_zone, zone);
    }
}
