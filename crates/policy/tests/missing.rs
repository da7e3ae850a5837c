//! Missing data never passes where the charter says that unknown fails: from an input that passes, facts are
//! taken away.

use proptest::prelude::*;
use trimtab_model::charter;
use trimtab_policy::input::{
    Charter, Component, DeadlineState, Finding, Input, Level, LicenceVerdict, Problem, Selection,
    Strictness, Unknown,
};
use trimtab_policy::{Document, Effect, Outcome, Policies, gate};

fn perfect() -> Input {
    Input {
        charter: Charter {
            acceptable: Some(Level::Medium),
            unknown: Strictness::Deny,
            selection: Selection {
                registries: vec!["https://registry.example/".into()],
                licences_allowed: vec!["MIT".into()],
                minimum_age_days: Some(7),
                last_release_days: Some(730),
                yanked: Strictness::Deny,
                archived: Strictness::Deny,
                unmaintained: Strictness::Deny,
                end_of_life: Strictness::Deny,
                unpinned: Strictness::Deny,
                unhashed: Strictness::Deny,
                ..Selection::default()
            },
            ..Charter::default()
        },
        findings: vec![Finding {
            id: "CVE-2026-1".into(),
            kind: "vulnerability".into(),
            package: "a".into(),
            purl: "pkg:npm/a@1.0.0".into(),
            level: Some(Level::Low),
            level_bounds: Some((Level::Low, Level::Medium)),
            deadline: Some("2026-12-01T00:00:00Z".into()),
            deadline_state: DeadlineState::Open,
            overdue_hours: Some(-5.0),
            acceptable: Some(true),
            acceptable_level: Some(Level::Medium),
            new: Some(true),
            ..Finding::default()
        }],
        components: vec![Component {
            purl: "pkg:npm/a@1.0.0".into(),
            relation: "direct".into(),
            licence: Some("MIT".into()),
            licence_verdict: LicenceVerdict::Allowed,
            registry: Some("https://registry.example/npm/".into()),
            hashed: Some(true),
            pinned: true,
            yanked: Some(false),
            archived: Some(false),
            end_of_life: Some(false),
            age_days: Some(30.0),
            last_release_days: Some(30.0),
            new: Some(true),
            ..Component::default()
        }],
        ..Input::default()
    }
}

type Taking = fn(&mut Input);

/// Ways to take a fact away that a built-in policy rests on.
const TAKEN: &[(&str, Taking)] = &[
    ("tier", |i| i.findings[0].acceptable = None),
    ("level", |i| {
        i.findings[0].level = None;
        i.findings[0].level_bounds = None;
        i.findings[0].acceptable = None;
    }),
    ("severity", |i| i.findings[0].level_bounds = Some((Level::Low, Level::Critical))),
    ("deadline", |i| i.findings[0].deadline_state = DeadlineState::Unknown),
    ("licence", |i| {
        i.components[0].licence = None;
        i.components[0].licence_verdict = LicenceVerdict::Unknown;
    }),
    ("registry", |i| i.components[0].registry = None),
    ("hash", |i| i.components[0].hashed = None),
    ("yanked", |i| i.components[0].yanked = None),
    ("archived", |i| i.components[0].archived = None),
    ("end of life", |i| i.components[0].end_of_life = None),
    ("age", |i| i.components[0].age_days = None),
    ("last release", |i| i.components[0].last_release_days = None),
    ("a file", |i| i.incomplete = true),
    ("a file, with its reason", |i| {
        i.diagnostics.push(Problem {
            code: "file-malformed".into(),
            incomplete: true,
            ..Problem::default()
        });
    }),
    ("a version", |i| {
        i.unknowns.push(Unknown {
            purl: "pkg:npm/b".into(),
            reason: "no-version".into(),
            ..Unknown::default()
        });
    }),
];

fn outcome(policies: &Policies, input: &Input, unknown: charter::Strictness) -> (Outcome, usize) {
    let evaluation = policies.evaluate(&Document::of(input));
    assert_eq!(evaluation.diagnostics, []);
    let unknowns = evaluation.verdicts.iter().filter(|v| v.effect == Effect::Unknown).count();
    (gate(evaluation.verdicts, unknown, true).outcome, unknowns)
}

#[test]
fn each_fact_counts() {
    let (policies, _) = Policies::with_built_in(&[]);
    for only_new in [false, true] {
        let input = Input { only_new, ..perfect() };
        assert_eq!(outcome(&policies, &input, charter::Strictness::Deny), (Outcome::Pass, 0));
        for (what, take) in TAKEN {
            let mut input = input.clone();
            take(&mut input);
            let (denied, unknowns) = outcome(&policies, &input, charter::Strictness::Deny);
            assert_eq!((denied, unknowns > 0), (Outcome::NotYetKnown, true), "{what}");
            let (warned, _) = outcome(&policies, &input, charter::Strictness::Warn);
            assert_eq!(warned, Outcome::Pass, "{what}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn missing_data_never_passes(
        taken in proptest::collection::vec(any::<bool>(), TAKEN.len()),
        only_new: bool,
        // Whether it is known that the change brought the entries in; where it is not, they may be new.
        compared: bool,
    ) {
        let (policies, _) = Policies::with_built_in(&[]);
        let mut input = Input { only_new, ..perfect() };
        for ((_, take), _) in TAKEN.iter().zip(&taken).filter(|(_, taken)| **taken) {
            take(&mut input);
        }
        if !compared {
            input.findings[0].new = None;
            input.components[0].new = None;
        }
        let (outcome, _) = outcome(&policies, &input, charter::Strictness::Deny);
        let any = taken.contains(&true);
        prop_assert_eq!(outcome, if any { Outcome::NotYetKnown } else { Outcome::Pass });
    }
}
