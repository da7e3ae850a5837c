//! Ten policies over a made-up repository: what a gate costs, part by part.
//!
//!     cargo bench -p trimtab-policy --bench gate -- [COMPONENTS FINDINGS ROUNDS]
//!
//! Six built-in policies and four that people could write. Every component counts as new, so that the rules
//! of selection look at each, and the charter asks for all that they know.

use std::hint::black_box;
use std::time::Instant;

use trimtab_model::charter;
use trimtab_policy::input::{
    Component, DeadlineState, Finding, Input, Level, LicenceVerdict, Selection, Strictness, Unknown,
};
use trimtab_policy::{Document, Policies, gate};

const OWN: [(&str, &str); 4] = [
    (
        "scope.rego",
        "package own.scope\nimport rego.v1\n\
         deny contains {\"msg\": f.id, \"finding\": f.id} if { some f in input.findings; f.scope == \"runtime\"; f.known_exploited == true }\n",
    ),
    (
        "names.rego",
        "package own.names\nimport rego.v1\n\
         warn contains c.purl if { some c in input.components; regex.match(`^(test|tmp)-`, c.name) }\n",
    ),
    (
        "licences.rego",
        "package own.licences\n\
         deny[msg] { c := input.components[_]; startswith(c.licence, \"AGPL\"); msg := sprintf(\"%s is under %s\", [c.purl, c.licence]) }\n",
    ),
    (
        "many.rego",
        "package own.many\nimport rego.v1\n\
         by_package[name] contains f.id if { some f in input.findings; name := f.package }\n\
         warn contains sprintf(\"%s has %d findings\", [name, count(ids)]) if { some name, ids in by_package; count(ids) > 2 }\n",
    ),
];

fn main() {
    let mut numbers = std::env::args().filter_map(|arg| arg.parse::<usize>().ok());
    let components = numbers.next().unwrap_or(3500);
    let findings = numbers.next().unwrap_or(300);
    let rounds = numbers.next().unwrap_or(9);
    let input = made_up(components, findings);
    println!("{components} components, {findings} findings, best of {rounds}");

    let mut policies = None;
    tell("compile ten policies", rounds, || {
        let (read, diagnostics) = Policies::with_built_in(&OWN);
        assert!(diagnostics.is_empty(), "{diagnostics:?}");
        policies = Some(read);
    });
    let Some(policies) = policies else { return };
    assert_eq!(policies.packages().iter().filter(|p| p.effects().next().is_some()).count(), 10);

    let json = serde_json::to_string(&input).unwrap_or_default();
    println!("{:32} {:9.1} KB", "input as JSON", json.len() as f64 / 1024.0);
    tell("input to document", rounds, || drop(black_box(Document::of(&input))));
    let document = Document::of(&input);
    let mut verdicts = 0;
    tell("evaluate", rounds, || {
        let evaluation = policies.evaluate(&document);
        assert!(evaluation.is_complete(), "{:?}", evaluation.diagnostics);
        verdicts = evaluation.verdicts.len();
    });
    println!("{:32} {verdicts:9}", "verdicts");
    tell("all of it", rounds, || {
        let (policies, _) = Policies::with_built_in(&OWN);
        let evaluation = policies.evaluate(&Document::of(&input));
        black_box(gate(evaluation.verdicts, charter::Strictness::Deny, true));
    });
}

/// The best of several rounds: what else the machine does only adds.
fn tell(what: &str, rounds: usize, mut work: impl FnMut()) {
    let best = (0..rounds.max(1)).map(|_| {
        let start = Instant::now();
        work();
        start.elapsed().as_secs_f64()
    });
    println!("{what:32} {:9.2} ms", best.fold(f64::INFINITY, f64::min) * 1e3);
}

fn made_up(components: usize, findings: usize) -> Input {
    let purl = |i: usize| format!("pkg:npm/package-{i}@{}.{}.{}", i % 9, i % 5, i % 3);
    let charter = trimtab_policy::input::Charter {
        name: "made up".into(),
        version: "1".into(),
        acceptable: Some(Level::Medium),
        unknown: Strictness::Deny,
        selection: Selection {
            registries: vec!["https://registry.example/npm/".into()],
            licences_denied: vec!["AGPL-3.0-only".into()],
            minimum_age_days: Some(7),
            last_release_days: Some(730),
            yanked: Strictness::Deny,
            archived: Strictness::Warn,
            unmaintained: Strictness::Warn,
            unhashed: Strictness::Deny,
            unpinned: Strictness::Deny,
            ..Selection::default()
        },
    };
    let component = |i: usize| Component {
        purl: purl(i),
        name: format!("package-{i}"),
        version: Some("1.2.3".into()),
        ecosystem: Some("npm".into()),
        scope: "runtime".into(),
        relation: if i.is_multiple_of(20) { "direct" } else { "transitive" }.into(),
        licence: Some(if i % 700 == 1 { "AGPL-3.0-only" } else { "MIT" }.into()),
        licence_verdict: if i % 700 == 1 {
            LicenceVerdict::Denied
        } else {
            LicenceVerdict::Allowed
        },
        registry: Some("https://registry.example/npm/".into()),
        hashed: Some(true),
        pinned: true,
        yanked: (!i.is_multiple_of(50)).then_some(false),
        archived: Some(false),
        end_of_life: None,
        age_days: Some((i % 900) as f64),
        last_release_days: Some((i % 800) as f64),
        new: Some(true),
        file: Some("package-lock.json".into()),
        line: u32::try_from(i * 11 + 1).ok(),
    };
    let finding = |i: usize| Finding {
        id: format!("CVE-2026-{i:05}"),
        aliases: vec![format!("GHSA-{i:04}-aaaa-bbbb")],
        kind: "vulnerability".into(),
        package: format!("package-{}", i % 120),
        purl: purl(i % 120),
        version: Some("1.2.3".into()),
        level: Some([Level::Low, Level::Medium, Level::High, Level::Critical][i % 4]),
        level_bounds: Some((Level::Low, Level::Critical)),
        rating: Some("high".into()),
        score: Some(7.5),
        known_exploited: Some(i.is_multiple_of(40)),
        epss: Some(0.01),
        likelihood: Some("possible".into()),
        impact: Some("major".into()),
        deadline: Some("2026-06-01T00:00:00Z".into()),
        deadline_state: [DeadlineState::Passed, DeadlineState::Open, DeadlineState::Unknown][i % 3],
        overdue_hours: Some(12.25),
        acceptable: Some(i % 4 < 2),
        acceptable_level: Some(Level::Medium),
        exception: None,
        not_affected: None,
        vex: None,
        fix: i.is_multiple_of(2).then(|| "2.0.0".into()),
        confidence: "high".into(),
        new: Some(true),
        scope: "runtime".into(),
        relation: "transitive".into(),
        file: Some("package-lock.json".into()),
        line: u32::try_from(i).ok(),
        unknowns: vec!["reachability".into()],
    };
    let unknown = |i: usize| Unknown {
        purl: purl(i),
        reason: "no-version".into(),
        new: Some(true),
        ..Unknown::default()
    };
    Input {
        now: "2026-06-02T00:00:00Z".into(),
        charter,
        components: (0..components).map(component).collect(),
        findings: (0..findings).map(finding).collect(),
        unknowns: (0..20).map(unknown).collect(),
        ..Input::default()
    }
}
