//! Assessing findings under a charter, on one core. Run: `cargo bench -p trimtab-engine --bench assess`.

use std::hint::black_box;
use std::time::Instant;

use trimtab_charter::preset;
use trimtab_engine::assess::{Situation, assess, environment};
use trimtab_model::advisory::{Advisory, Changed, Epss, Kind, Rating, Severity, Vulnerability};
use trimtab_model::finding::{Attribution, Confidence, Finding};
use trimtab_model::{Ecosystem, Evidence, Exposure, Purl, Relation, Scope, System};

fn main() {
    const COUNT: usize = 100_000;
    let charter = preset::default();
    let system = System {
        name: "payments".into(),
        tier: Some("vital".into()),
        exposure: Some(Exposure::Internet),
        data: Some(vec!["payment".into()]),
        environments: Some(vec!["production".into()]),
        ..System::default()
    };
    let findings: Vec<Finding> = (0..1000).map(finding).collect();
    let evidence = Evidence::default();
    let begin = Instant::now();
    let mut load = 0.0;
    for i in 0..COUNT {
        let place = Situation {
            system: Some(&system),
            environment: environment(Some(&system), &charter),
            scope: if i % 3 == 0 { Scope::Development } else { Scope::Runtime },
            relation: Relation::Transitive,
            files: 1 + i % 4,
            detected: None,
            has_kev: true,
            described: "trimtab.toml",
            epss_date: Some("2026-01-30"),
        };
        load +=
            black_box(assess(&findings[i % findings.len()], &evidence, &place, &charter)).weight;
    }
    let took = begin.elapsed();
    println!("{COUNT} findings assessed in {:.3} s, load {load}", took.as_secs_f64());
}

fn finding(i: usize) -> Finding {
    let purl = Purl::new("npm", None, "package").with_version(&format!("1.{i}.0"));
    let share = i as f64 / 1000.0;
    let advisory = Advisory {
        id: format!("GHSA-{i}").into(),
        database: "GHSA".into(),
        kind: Kind::Vulnerability,
        published: "2026-01-20T00:00:00Z".parse().ok(),
        modified: None,
        changed: Changed::default(),
        summary: None,
        url: None,
    };
    Finding {
        ecosystem: Ecosystem::of(&purl).expect("npm is known"),
        package: "package".into(),
        vulnerability: Vulnerability {
            id: format!("CVE-2026-{i}").into(),
            aliases: Vec::new(),
            kind: Kind::Vulnerability,
            summary: None,
            severity: Severity {
                rating: Rating::High,
                score_tenths: Some(75),
                vector: Some("CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H".into()),
                cvss: None,
                from: Some("GHSA".into()),
            },
            cwes: Vec::new(),
            kev: None,
            epss: Some(Epss { probability: share * share, percentile: share }),
            references: Vec::new(),
        },
        attributions: vec![Attribution {
            advisory,
            affected: true,
            fixed: Vec::new(),
            reason: "".into(),
            symbols: Vec::new(),
        }],
        confidence: Confidence::High,
        doubts: Vec::new(),
        nearest_fix: Some(format!("1.{i}.1").into()),
        occurrences: Vec::new(),
        purl,
    }
}
