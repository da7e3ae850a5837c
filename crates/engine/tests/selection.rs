//! Judging dependencies before they are added: one table of cases, and the laws.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use trimtab_engine::selection::brings::{Brings, Closure, Part, gathered};
use trimtab_engine::selection::near::Popular;
use trimtab_engine::selection::{Advised, Candidate, Judgement, Lifecycle, Rule, Verdict, judge};
use trimtab_model::advisory::Kind;
use trimtab_model::charter::{Denied, Selection, Strictness};
use trimtab_model::metadata::{Brought, Requirement, Standing};
use trimtab_model::{
    Component, Family, FileInventory, Inventory, Licence, Metadata, Purl, Relation,
};

fn now() -> Timestamp {
    "2026-06-01T12:00:00Z".parse().unwrap()
}

fn days_ago(days: i64) -> Timestamp {
    now() - SignedDuration::from_hours(24 * days)
}

fn purl(text: &str) -> Purl {
    text.parse().unwrap()
}

/// A package about which all is known and well.
fn metadata() -> Metadata {
    Metadata {
        licence: Some(Licence::read("MIT")),
        published: Some(days_ago(100)),
        last_release: Some(days_ago(30)),
        standing: Some(Standing::Offered),
        archived: Some(false),
        registry: Some("https://registry.example/npm/a/-/a-1.0.0.tgz".into()),
        dependencies: Some(Vec::new()),
        ..Metadata::unknown(purl("pkg:npm/zebrafish@1.0.0"), "npm view", now())
    }
}

/// Every rule, as strict as it can be.
fn strict() -> Selection {
    Selection {
        registries: vec!["https://registry.example/npm".into()],
        licences_allowed: vec![
            "MIT".into(),
            "Apache-2.0".into(),
            "GPL-2.0-only WITH Classpath-exception-2.0".into(),
        ],
        licences_denied: vec!["AGPL-3.0-only".into(), "GPL-2.0-only".into()],
        licences_review: vec!["MPL-2.0".into()],
        minimum_age_days: Some(7),
        last_release_days: Some(365),
        yanked: Strictness::Deny,
        archived: Strictness::Deny,
        unmaintained: Strictness::Deny,
        end_of_life: Strictness::Deny,
        denied: vec![Denied {
            package: purl("pkg:npm/event-stream"),
            reason: "taken over in 2018".into(),
        }],
        ..Selection::default()
    }
}

fn judged(
    metadata: Option<&Metadata>,
    advisories: Option<&[Advised<'_>]>,
    rules: &Selection,
) -> Judgement {
    let purl = metadata.map_or_else(|| purl("pkg:npm/zebrafish@1.0.0"), |m| m.purl.clone());
    let candidate = Candidate {
        purl: &purl,
        metadata,
        advisories,
        uncompared: &[],
        lifecycle: Lifecycle::NoProduct,
        brings: Brings::OneStep,
    };
    judge(&candidate, Popular::of(Family::Npm), rules, now())
}

fn verdict(change: impl FnOnce(&mut Metadata)) -> Verdict {
    let mut m = metadata();
    change(&mut m);
    judged(Some(&m), Some(&[]), &strict()).verdict
}

#[test]
fn what_is_well_in_every_rule_is_allowed() {
    let judgement = judged(Some(&metadata()), Some(&[]), &strict());
    assert_eq!(judgement.verdict, Verdict::Allow, "{:?}", judgement.reasons);
}

#[test]
fn each_rule_refuses_what_breaks_it() {
    use Verdict::{Allow, Deny, Warn};
    type Change = fn(&mut Metadata);
    let cases: &[(&str, Change, Verdict)] = &[
        ("licence denied", |m| m.licence = Some(Licence::read("AGPL-3.0-only")), Deny),
        (
            "licence not among the allowed",
            |m| m.licence = Some(Licence::read("BSD-3-Clause")),
            Deny,
        ),
        ("licence to look at", |m| m.licence = Some(Licence::read("MPL-2.0")), Warn),
        ("the better choice", |m| m.licence = Some(Licence::read("AGPL-3.0-only OR MIT")), Allow),
        ("both must hold", |m| m.licence = Some(Licence::read("MIT AND MPL-2.0")), Warn),
        (
            "nested",
            |m| m.licence = Some(Licence::read("(MIT OR AGPL-3.0-only) AND Apache-2.0")),
            Allow,
        ),
        ("old spelling", |m| m.licence = Some(Licence::read("GPL-2.0")), Deny),
        (
            "exception",
            |m| m.licence = Some(Licence::read("GPL-2.0-only WITH Classpath-exception-2.0")),
            Allow,
        ),
        ("free text", |m| m.licence = Some(Licence::read("see the file")), Verdict::Unknown),
        (
            "another registry",
            |m| m.registry = Some("https://registry.example/npm-evil/a".into()),
            Deny,
        ),
        ("another host", |m| m.registry = Some("https://registry.example.evil/npm/a".into()), Deny),
        (
            "credentials for a host",
            |m| m.registry = Some("https://registry.example@evil/npm/a".into()),
            Deny,
        ),
        (
            "a path that climbs",
            |m| m.registry = Some("https://registry.example/npm/%2e%2e/evil".into()),
            Deny,
        ),
        (
            "a host in capitals",
            |m| m.registry = Some("HTTPS://Registry.Example/npm/a".into()),
            Allow,
        ),
        ("too young", |m| m.published = Some(days_ago(6)), Deny),
        ("just old enough", |m| m.published = Some(days_ago(7)), Allow),
        (
            "old enough, whenever it was",
            |m| (m.published, m.published_by) = (None, Some(days_ago(7))),
            Allow,
        ),
        (
            "perhaps too young",
            |m| (m.published, m.published_by) = (None, Some(days_ago(6))),
            Verdict::Unknown,
        ),
        ("published tomorrow", |m| m.published = Some(days_ago(-1)), Deny),
        ("no release in a year", |m| m.last_release = Some(days_ago(366)), Deny),
        ("yanked", |m| m.standing = Some(Standing::Yanked("".into())), Deny),
        ("deprecated", |m| m.standing = Some(Standing::Deprecated("use b".into())), Deny),
        ("archived", |m| m.archived = Some(true), Deny),
        ("denied itself", |m| m.purl = purl("pkg:npm/event-stream@4.0.0"), Deny),
        (
            "brings what is denied",
            |m| {
                m.dependencies = Some(vec![Requirement {
                    package: purl("pkg:npm/event-stream"),
                    versions: "^4".into(),
                }]);
            },
            Deny,
        ),
        ("close to a popular name", |m| m.purl = purl("pkg:npm/lodahs@1.0.0"), Warn),
    ];
    for (what, change, wanted) in cases {
        assert_eq!(verdict(change), *wanted, "{what}");
    }
}

#[test]
fn advisories_speak_by_their_kind() {
    let of = |kind| {
        let advised = [Advised { id: "X-1", kind }];
        judged(Some(&metadata()), Some(&advised), &Selection::default()).verdict
    };
    assert_eq!(of(Kind::Malicious), Verdict::Deny, "whatever the charter says");
    assert_eq!(of(Kind::Vulnerability), Verdict::Warn);
    assert_eq!(of(Kind::Unmaintained), Verdict::Allow, "the charter does not mind");
    let advised = [Advised { id: "X-1", kind: Kind::Unmaintained }];
    assert_eq!(judged(Some(&metadata()), Some(&advised), &strict()).verdict, Verdict::Deny);
    // Without an index nobody knows whether it is an attack.
    let judgement = judged(Some(&metadata()), None, &Selection::default());
    assert_eq!(judgement.verdict, Verdict::Unknown);
    assert_eq!(judgement.reasons[0].rule, Rule::Malicious);
}

#[test]
fn denied_packages_are_matched_by_name_wildcard_and_version() {
    let denies = |pattern: &str, candidate: &str| {
        let denied = vec![Denied { package: purl(pattern), reason: "no".into() }];
        let rules = Selection { denied, ..Selection::default() };
        let m = Metadata { purl: purl(candidate), ..metadata() };
        judged(Some(&m), Some(&[]), &rules).verdict == Verdict::Deny
    };
    assert!(denies("pkg:npm/%40evil/*", "pkg:npm/%40evil/a@1"));
    assert!(!denies("pkg:npm/%40evil/*", "pkg:npm/evil@1"));
    assert!(
        denies("pkg:npm/a@1.0.0", "pkg:npm/a@1.0.0")
            && !denies("pkg:npm/a@1.0.0", "pkg:npm/a@1.0.1")
    );
    assert!(denies("pkg:pypi/Some_Thing", "pkg:pypi/some-thing@1"));
    assert!(denies("pkg:golang/github.com/Evil/x", "pkg:golang/github.com/evil/x@v1.0.0"));
    assert!(!denies("pkg:npm/a", "pkg:pypi/a@1"));
}

#[test]
fn what_could_not_be_compared_is_unknown_for_its_own_rule_alone() {
    let m = metadata();
    let of = |found: &[Advised<'_>], kind| {
        let uncompared = [Advised { id: "X-2018-1", kind }];
        let candidate = Candidate {
            purl: &m.purl,
            metadata: Some(&m),
            advisories: Some(found),
            uncompared: &uncompared,
            lifecycle: Lifecycle::NoProduct,
            brings: Brings::OneStep,
        };
        judge(&candidate, Popular::of(Family::Npm), &strict(), now())
    };
    let unknown = |judgement: &Judgement| -> Vec<Rule> {
        judgement.reasons.iter().filter(|r| r.unknown).map(|r| r.rule).collect()
    };
    let flaw = of(&[], Kind::Vulnerability);
    assert_eq!((unknown(&flaw), flaw.verdict), (vec![Rule::Vulnerable], Verdict::Warn));
    let told = &flaw.reasons.iter().find(|r| r.unknown).unwrap().found;
    assert_eq!(&**told, "unknown: whether X-2018-1 applies to this version");
    let attack = of(&[], Kind::Malicious);
    assert_eq!((unknown(&attack), attack.verdict), (vec![Rule::Malicious], Verdict::Unknown));
    assert_eq!(unknown(&of(&[], Kind::Unmaintained)), [Rule::Maintenance]);
    // What is known counts all the same.
    let found = [Advised { id: "X-2022-1", kind: Kind::Vulnerability }];
    assert!(unknown(&of(&found, Kind::Vulnerability)).is_empty());
}

#[test]
fn products_end_on_a_day() {
    let m = metadata();
    let of = |lifecycle| {
        let candidate = Candidate {
            purl: &m.purl,
            metadata: Some(&m),
            advisories: Some(&[]),
            uncompared: &[],
            lifecycle,
            brings: Brings::OneStep,
        };
        judge(&candidate, Popular::of(Family::Npm), &strict(), now()).verdict
    };
    let day = |text: &str| Lifecycle::Ends(text.parse().unwrap());
    assert_eq!(of(day("2026-05-31")), Verdict::Deny);
    assert_eq!(of(day("2026-06-01")), Verdict::Allow, "its last day");
    assert_eq!(of(Lifecycle::Unknown), Verdict::Unknown);
}

/// Takes away one fact that a strict rule needs.
fn forget(m: &mut Metadata, which: usize) {
    match which {
        0 => m.licence = None,
        1 => m.published = None,
        2 => m.last_release = None,
        3 => m.standing = None,
        4 => m.archived = None,
        5 => m.registry = None,
        _ => m.dependencies = None,
    }
}

fn strictness() -> impl Strategy<Value = Strictness> {
    prop_oneof![Just(Strictness::Allow), Just(Strictness::Warn), Just(Strictness::Deny)]
}

prop_compose! {
    fn some_rules()(
        yanked in strictness(), archived in strictness(), unmaintained in strictness(),
        age in prop::option::of(0u32..200), release in prop::option::of(0u32..60),
        allowed in prop::bool::ANY, registry in prop::bool::ANY,
    ) -> Selection {
        Selection {
            licences_allowed: if allowed { vec!["Apache-2.0".into(), "MPL-2.0".into()] } else { Vec::new() },
            registries: if registry { vec!["https://registry.example".into()] } else { Vec::new() },
            minimum_age_days: age, last_release_days: release, yanked, archived, unmaintained,
            ..Selection::default()
        }
    }
}

prop_compose! {
    fn some_metadata()(
        licence in prop::option::of(prop::sample::select(vec!["MIT", "MPL-2.0", "MIT OR AGPL-3.0-only", "what"])),
        published in prop::option::of(0i64..300), released in prop::option::of(0i64..90),
        standing in prop::option::of(prop::bool::ANY), archived in prop::option::of(prop::bool::ANY),
        registry in prop::bool::ANY,
    ) -> Metadata {
        let well = metadata();
        Metadata {
            licence: licence.map(Licence::read),
            published: published.map(days_ago), last_release: released.map(days_ago),
            standing: standing.map(|ok| if ok { Standing::Offered } else { Standing::Yanked("".into()) }),
            archived, registry: well.registry.clone().filter(|_| registry),
            ..well
        }
    }
}

proptest! {
    #[test]
    fn a_denial_more_never_makes_a_verdict_better(m in some_metadata(), rules in some_rules(), which in 0usize..6) {
        let before = judged(Some(&m), Some(&[]), &rules).verdict;
        let mut stricter = rules;
        match which {
            0 => stricter.denied.push(Denied { package: purl("pkg:npm/zebra*"), reason: "no".into() }),
            1 => stricter.licences_denied.push("MIT".into()),
            2 => stricter.yanked = Strictness::Deny,
            3 => stricter.archived = Strictness::Deny,
            4 => stricter.unmaintained = Strictness::Deny,
            _ => stricter.minimum_age_days = Some(stricter.minimum_age_days.unwrap_or(0) + 30),
        }
        prop_assert!(judged(Some(&m), Some(&[]), &stricter).verdict >= before);
    }

    #[test]
    fn a_report_is_always_a_denial(m in prop::option::of(some_metadata()), rules in some_rules()) {
        let advised = [Advised { id: "MAL-1", kind: Kind::Malicious }];
        prop_assert_eq!(judged(m.as_ref(), Some(&advised), &rules).verdict, Verdict::Deny);
    }

    #[test]
    fn what_a_rule_needs_and_nobody_knows_is_never_fine(which in 0usize..7, warns in prop::bool::ANY) {
        let mut m = metadata();
        forget(&mut m, which);
        let mut rules = strict();
        if warns {
            for strictness in [&mut rules.yanked, &mut rules.archived, &mut rules.unmaintained] {
                *strictness = Strictness::Warn;
            }
        }
        let judgement = judged(Some(&m), Some(&[]), &rules);
        prop_assert!(judgement.verdict > Verdict::Allow);
        prop_assert!(judgement.reasons[0].unknown);
        // And of nothing at all, nothing is fine.
        prop_assert!(judged(None, Some(&[]), &rules).verdict > Verdict::Allow);
    }

    #[test]
    fn knowing_less_of_what_is_well_is_never_better(m in some_metadata(), rules in some_rules(), which in 0usize..7) {
        let known = judged(Some(&m), Some(&[]), &rules);
        let mut less = m;
        forget(&mut less, which);
        let less = judged(Some(&less), Some(&[]), &rules);
        // It may hide a denial, and then it says so.
        prop_assert!(less.verdict >= known.verdict || less.reasons.iter().any(|r| r.unknown));
    }

    #[test]
    fn names_are_compared_without_a_fault(name in "\\PC{0,40}") {
        for family in [Family::Npm, Family::PyPI, Family::CratesIo, Family::Go, Family::RubyGems] {
            let list = Popular::of(family).unwrap();
            if let Some(near) = list.near(&name) {
                prop_assert!(list.contains(near.popular) && !list.contains(&name));
            }
        }
    }
}

/// A package that another brings: its purl, its licence, and what advisories report.
type Bringing<'a> = (&'a str, Option<&'a str>, Option<&'a [Kind]>);

/// What a package comes to that brings others.
fn bringing(parts: &[Bringing<'_>], rules: &Selection) -> Judgement {
    let packages: Vec<Brought> = parts
        .iter()
        .map(|(name, licence, _)| Brought {
            licence: licence.map(Licence::read),
            ..Brought::new(purl(name))
        })
        .collect();
    let advised: Vec<Option<Vec<Advised<'_>>>> = parts
        .iter()
        .map(|(_, _, kinds)| {
            kinds.map(|all| all.iter().map(|k| Advised { id: "ID-1", kind: *k }).collect())
        })
        .collect();
    let parts: Vec<Part<'_>> = packages
        .iter()
        .zip(&advised)
        .map(|(package, advised)| Part { package, advisories: advised.as_deref() })
        .collect();
    let m = metadata();
    let candidate = Candidate {
        purl: &m.purl,
        metadata: Some(&m),
        advisories: Some(&[]),
        uncompared: &[],
        lifecycle: Lifecycle::NoProduct,
        brings: Brings::All(&Closure { source: "npm install", parts: &parts }),
    };
    judge(&candidate, Popular::of(Family::Npm), rules, now())
}

#[test]
fn what_it_brings_is_judged_at_any_depth() {
    use Verdict::{Allow, Deny, Unknown, Warn};
    type Case<'a> = (&'a str, Bringing<'a>, Verdict, &'a str);
    let none: Option<&[Kind]> = Some(&[]);
    let cases: &[Case<'_>] = &[
        ("well", ("pkg:npm/quagga-hoof@1", Some("MIT"), none), Allow, "1 package"),
        (
            "vulnerable",
            ("pkg:npm/quagga-hoof@1", Some("MIT"), Some(&[Kind::Vulnerability])),
            Warn,
            "1 package, 1 with known vulnerabilities: quagga-hoof@1 (ID-1)",
        ),
        (
            "malicious",
            ("pkg:npm/quagga-hoof@1", Some("MIT"), Some(&[Kind::Malicious])),
            Deny,
            "brings in packages reported as malicious: quagga-hoof@1 (ID-1)",
        ),
        (
            "denied",
            ("pkg:npm/event-stream@3.3.6", Some("MIT"), none),
            Deny,
            "event-stream@3.3.6, which is denied: taken over in 2018",
        ),
        (
            "licence denied",
            ("pkg:npm/quagga-hoof@1", Some("AGPL-3.0-only"), none),
            Deny,
            "1 with a licence that the charter does not allow: quagga-hoof@1 (AGPL-3.0-only)",
        ),
        (
            "licence to look at",
            ("pkg:npm/quagga-hoof@1", Some("MPL-2.0"), none),
            Warn,
            "1 with a licence that needs a review: quagga-hoof@1 (MPL-2.0)",
        ),
        (
            "licence unknown",
            ("pkg:npm/quagga-hoof@1", None, none),
            Unknown,
            "unknown: the licence of 1: quagga-hoof@1",
        ),
        (
            "not compared",
            ("pkg:npm/quagga-hoof@1", Some("MIT"), None),
            Unknown,
            "unknown: whether 1 of them are reported as malicious or vulnerable: quagga-hoof@1",
        ),
        (
            "unmaintained",
            ("pkg:npm/quagga-hoof@1", Some("MIT"), Some(&[Kind::Unmaintained])),
            Deny,
            "1 unmaintained: quagga-hoof@1 (ID-1)",
        ),
        (
            "near",
            ("pkg:npm/lodahs@1", Some("MIT"), none),
            Warn,
            "1 with a name close to a popular one: lodahs@1 (close to lodash)",
        ),
    ];
    for (name, part, verdict, found) in cases {
        let judgement = bringing(&[*part], &strict());
        assert_eq!(judgement.verdict, *verdict, "{name}: {:?}", judgement.reasons);
        let reasons: Vec<&str> = judgement
            .reasons
            .iter()
            .filter(|r| r.rule == Rule::Brings)
            .map(|r| &*r.found)
            .collect();
        assert!(reasons.contains(found), "{name}: {reasons:?}");
    }
    assert_eq!(bringing(&[], &strict()).verdict, Allow);
    // Without rules on licences, an unknown one is nobody's question.
    let quiet = ("pkg:npm/quagga-hoof@1", None, none);
    assert_eq!(bringing(&[quiet], &Selection::default()).verdict, Allow);
    // What nobody could find out is unknown, for something in it may be an attack.
    let m = metadata();
    let candidate = Candidate {
        purl: &m.purl,
        metadata: Some(&m),
        advisories: Some(&[]),
        uncompared: &[],
        lifecycle: Lifecycle::NoProduct,
        brings: Brings::Unknown("`npm` is not installed"),
    };
    assert_eq!(judge(&candidate, Popular::of(Family::Npm), &strict(), now()).verdict, Unknown);
}

#[test]
fn a_long_list_is_cut() {
    let names: Vec<String> = (0..40).map(|n| format!("pkg:npm/quagga-hoof-{n}@1")).collect();
    let parts: Vec<_> =
        names.iter().map(|n| (n.as_str(), Some("MIT"), Some(&[Kind::Vulnerability][..]))).collect();
    let judgement = bringing(&parts, &strict());
    let found = &judgement.reasons.iter().find(|r| r.rule == Rule::Brings).unwrap().found;
    assert!(found.starts_with("40 packages, 40 with known vulnerabilities: "), "{found}");
    assert!(found.ends_with(" and 35 more") && found.len() < 300, "{found}");
}

#[test]
fn a_closure_is_what_lockfiles_list_without_the_package_itself() {
    let own = Component { relation: Relation::Own, ..Component::new(purl("pkg:npm/scratch@0")) };
    let listed =
        |name: &str| Component { licence: Some("ISC".into()), ..Component::new(purl(name)) };
    let file = FileInventory {
        components: vec![own, listed("pkg:npm/b@2"), listed("pkg:npm/a@1"), listed("pkg:npm/b@2")],
        ..FileInventory::default()
    };
    let lockfiles = Inventory { files: vec![file], ..Inventory::default() };
    let told = Brought { install_scripts: Some(true), ..Brought::new(purl("pkg:npm/b@2")) };
    let all = gathered(&purl("pkg:npm/a@1"), &lockfiles, std::slice::from_ref(&told));
    let is = Brought { licence: Some(Licence::read("ISC")), ..told.clone() };
    assert_eq!(all.unwrap(), [is]);
    // Without lockfiles, it is what was told.
    let all = gathered(&purl("pkg:npm/a@1"), &Inventory::default(), std::slice::from_ref(&told));
    assert_eq!(all.unwrap(), [told]);
    assert_eq!(gathered(&purl("pkg:npm/a@1"), &Inventory::default(), &[]), None);
}
