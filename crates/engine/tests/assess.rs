//! The weighing: worked examples as data, and the laws that hold for every charter.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use proptest::prelude::*;
use serde::Deserialize;
use trimtab_charter::preset;
use trimtab_engine::assess::{self, Situation, assess, environment};
use trimtab_model::advisory::{
    Advisory, Changed, Epss, Kev, Kind, Rating, Severity, Vulnerability,
};
use trimtab_model::assessment::{Assessment, Cost, Deadline};
use trimtab_model::charter::Charter;
use trimtab_model::evidence::{Fact, Reachability, RuntimeUse, VexStatus};
use trimtab_model::finding::{Attribution, Confidence, Finding};
use trimtab_model::{Ecosystem, Evidence, Exposure, Level, Purl, Relation, Scope, System, cvss};

#[derive(Deserialize)]
struct Examples {
    example: Vec<Example>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Example {
    name: String,
    #[serde(rename = "why")]
    _why: String,
    id: String,
    kind: Option<String>,
    package: String,
    fix: Option<String>,
    vector: Option<String>,
    kev: Option<String>,
    epss: Option<f64>,
    scope: String,
    relation: String,
    reachability: Option<String>,
    system: Option<ExampleSystem>,
    probability: f64,
    likelihood: String,
    impact: String,
    level: String,
    bounds: [String; 2],
    #[serde(default)]
    unknown: Vec<String>,
    cost: Option<[f64; 2]>,
}

#[derive(Deserialize)]
struct ExampleSystem {
    tier: String,
    exposure: String,
    data: Vec<String>,
    environments: Vec<String>,
}

fn finding(id: &str, purl: &str, kind: Kind, vector: Option<&str>) -> Finding {
    let purl: Purl = purl.parse().unwrap();
    let score = vector.and_then(cvss::base_score_tenths);
    let advisory = Advisory {
        id: id.into(),
        database: "TEST".into(),
        kind,
        published: Some("2026-01-20T00:00:00Z".parse().unwrap()),
        modified: None,
        changed: Changed::default(),
        summary: None,
        url: None,
    };
    Finding {
        ecosystem: Ecosystem::of(&purl).unwrap(),
        package: purl.name().into(),
        vulnerability: Vulnerability {
            id: id.into(),
            aliases: Vec::new(),
            kind,
            summary: None,
            severity: Severity {
                rating: score.map_or(Rating::Unknown, |(_, s)| Rating::of_tenths(s)),
                score_tenths: score.map(|(_, s)| s),
                vector: vector.map(Into::into),
                cvss: score.map(|(v, _)| v),
                from: Some(id.into()),
            },
            cwes: Vec::new(),
            kev: None,
            epss: None,
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
        nearest_fix: None,
        occurrences: Vec::new(),
        purl,
    }
}

fn seen(at: &str) -> Fact<jiff::Timestamp> {
    Fact { value: at.parse().unwrap(), source: "a test".into() }
}

fn situation<'s>(system: Option<&'s System>, charter: &Charter) -> Situation<'s> {
    Situation {
        system,
        environment: environment(system, charter),
        scope: Scope::Runtime,
        relation: Relation::Direct,
        files: 1,
        detected: Some(seen("2026-02-02T09:00:00Z")),
        has_kev: true,
        described: "trimtab.toml",
        epss_date: Some("2026-01-30"),
    }
}

const SCOPES: [Scope; 6] = [
    Scope::Unknown,
    Scope::Test,
    Scope::Development,
    Scope::Build,
    Scope::Optional,
    Scope::Runtime,
];

#[test]
fn the_worked_examples_come_out_as_worked() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/assess/examples.toml");
    let examples: Examples = toml::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let charter = preset::default();
    assert!(examples.example.len() >= 9);
    for example in &examples.example {
        let kind = Kind::ALL.iter().find(|k| Some(k.as_str()) == example.kind.as_deref());
        let kind = *kind.unwrap_or(&Kind::Vulnerability);
        let mut f = finding(&example.id, &example.package, kind, example.vector.as_deref());
        f.nearest_fix = example.fix.as_deref().map(Into::into);
        f.vulnerability.epss =
            example.epss.map(|probability| Epss { probability, percentile: 0.5 });
        f.vulnerability.kev = example.kev.as_deref().map(|added| Kev {
            cve: example.id.as_str().into(),
            added: Some(added.parse().unwrap()),
            due: None,
            ransomware: None,
        });
        let system = example.system.as_ref().map(|s| System {
            name: "example".into(),
            tier: Some(s.tier.as_str().into()),
            exposure: Exposure::from_word(&s.exposure),
            data: Some(s.data.iter().map(|d| d.as_str().into()).collect()),
            environments: Some(s.environments.iter().map(|e| e.as_str().into()).collect()),
            ..System::default()
        });
        let mut place = situation(system.as_ref(), &charter);
        place.scope = *SCOPES.iter().find(|s| s.as_str() == example.scope).unwrap();
        let relations = [Relation::Direct, Relation::Transitive];
        place.relation = *relations.iter().find(|r| r.as_str() == example.relation).unwrap();
        let mut evidence = Evidence::default();
        if example.reachability.as_deref() == Some("not-imported") {
            evidence.reachability =
                Fact { value: Reachability::NotImported, source: "test".into() };
        }
        let a = assess(&f, &evidence, &place, &charter);
        let name = &example.name;
        assert!(
            (a.likelihood.probability - example.probability).abs() < 0.00006,
            "{name}: {}",
            a.likelihood.probability
        );
        assert_eq!(a.likelihood.band.as_str(), example.likelihood, "{name}");
        assert_eq!(a.impact.band.as_str(), example.impact, "{name}");
        assert_eq!(a.level.as_str(), example.level, "{name}: {a:#?}");
        assert_eq!([a.bounds.0.as_str(), a.bounds.1.as_str()], example.bounds, "{name}");
        if !example.unknown.is_empty() {
            let unknown: Vec<_> = a.unknowns().filter(|u| *u != "data").collect();
            assert_eq!(unknown, example.unknown, "{name}");
        }
        match (&a.cost, example.cost) {
            (Cost::Range { least, most, .. }, Some(cost)) => {
                assert_eq!([*least, *most], cost, "{name}");
            }
            (Cost::Unknown { .. }, None) => {}
            (cost, expected) => panic!("{name}: {cost:?}, not {expected:?}"),
        }
    }
}

#[test]
fn a_deadline_follows_level_environment_and_start() {
    let charter = preset::default();
    let system = System {
        name: "pay".into(),
        tier: Some("vital".into()),
        exposure: Some(Exposure::Internet),
        data: Some(vec!["payment".into()]),
        environments: Some(vec!["staging".into(), "production".into()]),
        ..System::default()
    };
    let vector = "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:C/C:H/I:H/A:H";
    let mut f = finding("CVE-1", "pkg:npm/a@1.0.0", Kind::Vulnerability, Some(vector));
    f.vulnerability.epss = Some(Epss { probability: 0.9, percentile: 0.9 });
    let mut place = situation(Some(&system), &charter);
    let a = assess(&f, &Evidence::default(), &place, &charter);
    assert_eq!((a.level, &*a.environment), (Level::Critical, "production"));
    assert_eq!(a.deadline.at().unwrap().to_string(), "2026-02-05T09:00:00Z");
    assert_eq!(a.weight, 40.0);
    let because =
        |place: &Situation<'_>| match assess(&f, &Evidence::default(), place, &charter).deadline {
            Deadline::By { at, because } => (at.to_string(), because),
            other => panic!("{other:?}"),
        };
    assert!(because(&place).1.ends_with("when it was first seen here (a test)"));
    // The package was here before the flaw was known: the later of the two days counts.
    place.detected = Some(seen("2026-01-02T09:00:00Z"));
    let (at, why) = because(&place);
    assert_eq!(at, "2026-01-23T00:00:00Z");
    assert!(why.ends_with("when it was published: the package was here before"), "{why}");
    // Nobody recorded the first day: from when it was published, and it is said.
    place.detected = None;
    let Deadline::By { at, because } = assess(&f, &Evidence::default(), &place, &charter).deadline
    else {
        panic!()
    };
    assert_eq!(at.to_string(), "2026-01-23T00:00:00Z");
    assert!(because.contains("not recorded"), "{because}");
    // No date at all: unknown, never far away.
    f.attributions[0].advisory.published = None;
    let a = assess(&f, &Evidence::default(), &place, &charter);
    assert!(matches!(a.deadline, Deadline::Unknown { .. }));
    // Where nobody says where it runs, it may be production: by the charter's assumption.
    f.attributions[0].advisory.published = Some("2026-02-02T09:00:00Z".parse().unwrap());
    place.environment = None;
    place.detected = Some(seen("2026-02-02T09:00:00Z"));
    let a = assess(&f, &Evidence::default(), &place, &charter);
    assert_eq!(a.deadline.at().unwrap().to_string(), "2026-02-05T09:00:00Z");
    assert_eq!((&*a.environment, a.weight), ("", 40.0));
    assert!(a.unknowns().any(|unknown| unknown == "environment"));
    let mut elsewhere = charter.clone();
    elsewhere.unknown.environment = Some("staging".into());
    let a = assess(&f, &Evidence::default(), &place, &elsewhere);
    assert!(a.deadline.at().unwrap() > "2026-02-05T09:00:00Z".parse().unwrap());
    assert_eq!((a.weight, a.bounds.1), (0.0, Level::Critical));
    // In staging it does not count to the load.
    place.environment = Some("staging");
    assert_eq!(assess(&f, &Evidence::default(), &place, &charter).weight, 0.0);
    // By the catalogue, where the charter says so, if that is sooner.
    let bod = preset::get("bod-22-01").unwrap();
    place.environment = Some("production");
    place.detected = Some(seen("2026-02-02T09:00:00Z"));
    f.vulnerability.kev = Some(Kev {
        cve: "CVE-1".into(),
        added: None,
        due: Some("2026-02-09".parse().unwrap()),
        ransomware: None,
    });
    let a = assess(&f, &Evidence::default(), &place, &bod);
    assert_eq!(a.deadline.at().unwrap().to_string(), "2026-02-09T17:00:00Z");
}

const VECTORS: [&str; 8] = [
    "CVSS:3.1/AV:P/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
    "CVSS:3.1/AV:L/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
    "CVSS:3.1/AV:A/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:L",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:N/I:N/A:H",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:L/I:N/A:H",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:N/A:H",
    "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
];

/// A finding and its context, as positions on scales from harmless to grave.
#[derive(Debug, Clone)]
struct Case {
    vector: usize,
    epss: Option<f64>,
    kev: bool,
    scope: usize,
    exposure: usize,
    tier: usize,
    data: usize,
    reach: usize,
    runtime: usize,
    vex: Option<usize>,
    preset: usize,
}

fn cases() -> impl Strategy<Value = Case> {
    let parts = (
        0..VECTORS.len(),
        proptest::option::of(0.0..1.0f64),
        any::<bool>(),
        1..SCOPES.len(),
        0..3usize,
        0..3usize,
        0..2usize,
        0..5usize,
        0..3usize,
    );
    (parts, proptest::option::of(0..4usize), 0..6usize).prop_map(|(p, vex, preset)| Case {
        vector: p.0,
        epss: p.1,
        kev: p.2,
        scope: p.3,
        exposure: p.4,
        tier: p.5,
        data: p.6,
        reach: p.7,
        runtime: p.8,
        vex,
        preset,
    })
}

fn weigh(case: &Case) -> Assessment {
    let charter = preset::get(preset::names().nth(case.preset).unwrap()).unwrap();
    let mut f =
        finding("CVE-1", "pkg:npm/a@1.0.0", Kind::Vulnerability, Some(VECTORS[case.vector]));
    f.vulnerability.epss = case.epss.map(|probability| Epss { probability, percentile: 0.5 });
    f.vulnerability.kev =
        case.kev.then(|| Kev { cve: "CVE-1".into(), added: None, due: None, ransomware: None });
    let tier = ["supporting", "standard", "vital"][case.tier];
    let data = [vec![], vec!["payment".into()]][case.data].clone();
    let system = System {
        name: "s".into(),
        tier: Some(tier.into()),
        exposure: Some(Exposure::ALL[case.exposure]),
        data: Some(data),
        environments: Some(vec!["production".into()]),
        ..System::default()
    };
    let reach = [
        Reachability::NotImported,
        Reachability::SymbolNotSeen,
        Reachability::Unknown,
        Reachability::Imported,
        Reachability::Called,
    ];
    let runtime = [RuntimeUse::NotSeen, RuntimeUse::Unknown, RuntimeUse::Loaded];
    let vex = [
        VexStatus::NotAffected,
        VexStatus::Fixed,
        VexStatus::UnderInvestigation,
        VexStatus::Affected,
    ];
    let evidence = Evidence {
        reachability: Fact { value: reach[case.reach], source: "test".into() },
        runtime: Fact { value: runtime[case.runtime], source: "test".into() },
        vex: case.vex.map(|v| Fact { value: vex[v], source: "test".into() }),
    };
    let mut place = situation(Some(&system), &charter);
    place.scope = SCOPES[case.scope];
    assess(&f, &evidence, &place, &charter)
}

proptest! {
    #[test]
    fn raising_a_single_risk_never_lowers_the_level(case in cases(), which in 0..10usize) {
        let mut graver = case.clone();
        let raised = match which {
            0 if case.vector + 1 < VECTORS.len() => { graver.vector += 1; true }
            1 => { graver.epss = case.epss.map(|p| p + (1.0 - p) / 2.0); case.epss.is_some() }
            2 => { graver.kev = true; !case.kev }
            3 if case.scope + 1 < SCOPES.len() => { graver.scope += 1; true }
            4 if case.exposure < 2 => { graver.exposure += 1; true }
            5 if case.tier < 2 => { graver.tier += 1; true }
            6 if case.data < 1 => { graver.data += 1; true }
            7 if case.reach < 4 => { graver.reach += 1; true }
            8 if case.runtime < 2 => { graver.runtime += 1; true }
            9 => { graver.vex = case.vex.map(|v| (v + 1).min(3)); case.vex.is_some() }
            _ => false,
        };
        prop_assume!(raised);
        let (before, after) = (weigh(&case), weigh(&graver));
        prop_assert!(after.level >= before.level, "{:?} {} then {}", case, before.level, after.level);
        prop_assert!(after.weight >= before.weight);
    }

    #[test]
    fn the_level_lies_within_its_bounds(case in cases()) {
        let a = weigh(&case);
        prop_assert!(a.bounds.0 <= a.level && a.level <= a.bounds.1);
        prop_assert!((0.0..=1.0).contains(&a.likelihood.probability));
    }

    #[test]
    fn removing_a_finding_never_raises_the_load(all in proptest::collection::vec(cases(), 1..6), gone in 0..6usize) {
        let mut assessed: Vec<_> = all.iter().map(weigh).collect();
        let before = assess::load(assessed.iter());
        let gone = gone % assessed.len();
        let _ = assessed.remove(gone);
        prop_assert!(assess::load(assessed.iter()) <= before);
    }

    #[test]
    fn a_weak_inference_lowers_by_one_step_at_most(case in cases()) {
        let strong = Case { reach: 2, runtime: 1, ..case.clone() };
        prop_assume!(case.reach < 2 || case.runtime < 1);
        let weak = Case { reach: case.reach.min(2), runtime: case.runtime.min(1), ..case };
        prop_assert!(weigh(&weak).level >= weigh(&strong).level.lowered());
    }

    #[test]
    fn a_graver_level_never_has_a_later_deadline(start in 1_700_000_000i64..1_900_000_000, preset_at in 0..6usize) {
        let charter = preset::get(preset::names().nth(preset_at).unwrap()).unwrap();
        let start = jiff::Timestamp::from_second(start).unwrap();
        for (_, terms) in &charter.deadlines.terms {
            let dates: Vec<_> = Level::ALL
                .iter()
                .map(|l| assess::by_terms(terms, *l, start, None, &charter.calendar).at())
                .collect();
            for (lower, graver) in dates.iter().zip(&dates[1..]).filter_map(|(a, b)| a.zip(*b)) {
                prop_assert!(graver <= lower, "{graver} after {lower}");
            }
        }
    }
}
