//! Ideas for findings, and what changes come to.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use trimtab_engine::action::{
    Idea, Moved, Price, Priced, Side, Way, Worse, ideas, outcome, price, successor,
};
use trimtab_engine::assess::Distance;
use trimtab_model::advisory::{Advisory, Changed, Kind, Rating, Severity, Vulnerability};
use trimtab_model::finding::{
    Attribution, Confidence, Finding, Occurrence, Unknown, UnknownReason,
};
use trimtab_model::{Component, Ecosystem, FileInventory, Inventory, Proposal, Purl, Relation};

fn purl(text: &str) -> Purl {
    format!("pkg:npm/{text}").parse().unwrap()
}

fn listed(text: &str, relation: Relation) -> Component {
    Component { relation, ..Component::new(purl(text)) }
}

/// `id` may be several names of one vulnerability, with `=` between them.
fn finding(id: &str, package: &str, fix: Option<&str>, at: &[u32]) -> Finding {
    let purl = purl(package);
    let mut ids = id.split('=').map(Into::into);
    let id: Box<str> = ids.next().unwrap();
    let severity = Severity {
        rating: Rating::Unknown,
        score_tenths: None,
        vector: None,
        cvss: None,
        from: None,
    };
    let advisory = Advisory {
        id: id.clone(),
        database: "TEST".into(),
        kind: Kind::Vulnerability,
        published: None,
        modified: None,
        changed: Changed::default(),
        summary: None,
        url: None,
    };
    Finding {
        ecosystem: Ecosystem::of(&purl).unwrap(),
        package: purl.name().into(),
        vulnerability: Vulnerability {
            id,
            aliases: ids.collect(),
            kind: Kind::Vulnerability,
            summary: None,
            severity,
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
        nearest_fix: fix.map(Into::into),
        occurrences: at.iter().map(|at| Occurrence { file: 0, component: *at }).collect(),
        purl,
    }
}

/// The project asks for `web` and `left`; `web` brings `mid`, which brings `deep`; `left` brings `deep` too.
fn project() -> Inventory {
    let components = vec![
        listed("app@1.0.0", Relation::Own),
        listed("web@2.0.0", Relation::Direct),
        listed("left@1.0.0", Relation::Direct),
        listed("mid@1.0.0", Relation::Transitive),
        listed("deep@1.0.0", Relation::Transitive),
    ];
    let edges = vec![(0, 1), (0, 2), (1, 3), (2, 4), (3, 4), (4, 3)];
    let file = FileInventory {
        path: "package-lock.json".into(),
        components,
        edges,
        ..FileInventory::default()
    };
    Inventory { files: vec![file], diagnostics: Vec::new() }
}

fn only(findings: &[Finding]) -> Idea {
    let ideas = ideas(&project(), findings);
    assert_eq!(ideas.len(), 1, "{ideas:?}");
    ideas.into_iter().next().unwrap()
}

#[test]
fn one_raise_goes_to_where_all_findings_are_gone() {
    let all = [
        finding("A", "web@2.0.0", Some("2.9.0"), &[1]),
        finding("B", "web@2.0.0", Some("2.10.0"), &[1]),
        finding("C", "web@2.0.0", None, &[1]),
    ];
    let idea = only(&all);
    assert_eq!(idea.to.as_deref(), Some("2.10.0"), "by the ecosystem's order, not by letters");
    assert_eq!((idea.findings, idea.left), (vec![0, 1], vec![2]));
    assert_eq!(idea.ways, [Way::Relock, Way::Raise]);
}

#[test]
fn a_major_step_leaves_a_smaller_one_to_be_told() {
    let within = |fixes: &[&str]| {
        let finding = |fix: &&str| finding(fix, "web@2.0.0", Some(fix), &[1]);
        only(&fixes.iter().map(finding).collect::<Vec<_>>()).within
    };
    assert_eq!(within(&["2.9.0", "3.0.0", "2.10.0"]).as_deref(), Some("2.10.0"));
    assert_eq!(within(&["2.9.0", "2.10.0"]), None, "all of them take no major step");
    assert_eq!(within(&["3.0.0", "4.0.0"]), None, "each takes one");
}

#[test]
fn what_others_bring_names_who_does() {
    let idea = only(&[finding("A", "deep@1.0.0", Some("1.0.1"), &[4])]);
    assert_eq!(idea.parents, [purl("left@1.0.0"), purl("web@2.0.0")], "through the circle, too");
    assert_eq!(idea.ways, [Way::Relock, Way::RaiseParent, Way::Override]);
    let askers = [vec![purl("left@1.0.0"), purl("mid@1.0.0")], vec![purl("web@2.0.0")]];
    assert_eq!(idea.askers, askers, "the nearest first, as far as what the project names");
}

#[test]
fn what_is_named_and_brought_too_names_who_brings_it() {
    let mut project = project();
    // `web` asks for `left`, which the project names as well.
    project.files[0].edges.push((1, 2));
    let all = [finding("A", "left@1.0.0", Some("1.0.1"), &[2])];
    let idea = ideas(&project, &all).pop().unwrap();
    assert_eq!((&idea.parents[..], &idea.around[..]), (&[purl("web@2.0.0")][..], &[][..]));
    assert_eq!(idea.ways, [Way::Relock, Way::Raise, Way::RaiseParent]);
    // What `left` brings stays with `web`, too, as long as that brings an older `left`.
    project.files[0].edges.retain(|edge| *edge != (2, 4));
    project.files[0].components.push(listed("below@1.0.0", Relation::Transitive));
    project.files[0].edges.push((2, 5));
    let all = [finding("A", "below@1.0.0", Some("1.0.1"), &[5])];
    let idea = ideas(&project, &all).pop().unwrap();
    assert_eq!((idea.parents, idea.around), (vec![purl("left@1.0.0")], vec![purl("web@2.0.0")]));
}

#[test]
fn without_a_fix_what_is_named_can_be_replaced_and_what_brings_it_be_raised() {
    let direct = only(&[finding("A", "left@1.0.0", None, &[2])]);
    assert_eq!(
        (direct.ways, direct.findings, direct.to),
        (vec![Way::Replace, Way::Remove], vec![0], None)
    );
    let brought = only(&[finding("A", "mid@1.0.0", None, &[3])]);
    assert_eq!(brought.ways, [Way::RaiseParent], "a later version of that may do without it");
}

#[test]
fn what_is_beyond_all_that_is_called_affected_is_a_fix_before_the_last_resorts() {
    let mut direct = only(&[finding("A", "left@1.0.0", None, &[2])]);
    direct.aim_beyond("1.0.3", &BTreeSet::from([0]));
    assert_eq!((direct.to.as_deref(), direct.unsaid), (Some("1.0.3"), true));
    assert_eq!((&direct.findings[..], direct.left.is_empty()), (&[0][..], true));
    assert_eq!(direct.ways, [Way::Relock, Way::Raise, Way::Replace, Way::Remove]);
    let mut brought = only(&[finding("A", "mid@1.0.0", None, &[3])]);
    brought.aim_beyond("1.0.3", &BTreeSet::new());
    assert_eq!(brought.ways, [Way::Relock, Way::RaiseParent, Way::Override]);
    // What has no end stays, and is told to stay.
    assert_eq!((brought.findings.len(), &brought.left[..]), (0, &[0][..]));
}

fn side(packages: &[&str]) -> Inventory {
    let components = packages.iter().map(|p| listed(p, Relation::Transitive)).collect();
    let file = FileInventory { components, ..FileInventory::default() };
    Inventory { files: vec![file], diagnostics: Vec::new() }
}

#[test]
fn what_moved_went_and_came_is_told() {
    let (old, new) = (side(&["a@1.0.0", "b@1.0.0"]), side(&["a@1.2.0", "c@3.0.0"]));
    let was =
        [finding("CVE-1=GHSA-1", "a@1.0.0", None, &[0]), finding("CVE-2", "b@1.0.0", None, &[1])];
    // The same vulnerability by another name is the same finding, at another version.
    let is = [finding("GHSA-1=CVE-1", "a@1.2.0", None, &[0])];
    let told = outcome(
        Side { inventory: &old, findings: &was, unknown: &[] },
        Side { inventory: &new, findings: &is, unknown: &[] },
    );
    let moved: Vec<String> = told
        .moved
        .iter()
        .map(|m| format!("{} {:?} {:?}", m.package.name(), m.from, m.to))
        .collect();
    assert_eq!(moved, ["a [\"1.0.0\"] [\"1.2.0\"]", "b [\"1.0.0\"] []", "c [] [\"3.0.0\"]"]);
    assert_eq!((told.removed, told.brought, told.worse), (vec![1], vec![], vec![]));
}

#[test]
fn what_is_worse_is_said() {
    let worse = |old: &[&str], new: &[&str]| {
        let (old, new) = (side(old), side(new));
        let at = |inventory| Side { inventory, findings: &[], unknown: &[] };
        outcome(at(&old), at(&new)).worse.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    assert_eq!(worse(&["a@5.7.3"], &["a@5.4.1"]), ["pkg:npm/a would go down from 5.7.3 to 5.4.1"]);
    assert_eq!(worse(&["a@2.0.0", "a@1.0.0"], &["a@1.5.0"]).len(), 1, "whoever had 2.0.0 has less");
    assert!(
        worse(&["a@1.0.0"], &["a@1.1.0", "a@0.9.0"]).is_empty(),
        "somebody new asks for an old one"
    );
    assert!(worse(&["a@1.10.0"], &["a@1.11.0"]).is_empty());
    assert!(worse(&["a@1.0.0"], &[]).is_empty(), "gone is not lower");
    assert!(worse(&["a@odd"], &["a@1.0.0"])[0].contains("cannot be told"));

    let (old, new) = (side(&["a@1.0.0"]), side(&["a@2.0.0", "b@1.0.0"]));
    let is = [finding("CVE-9", "b@1.0.0", Some("2.0.0"), &[1])];
    let unknown = |purl: Purl| Unknown {
        purl,
        reason: UnknownReason::NoEcosystem,
        advisories: Vec::new(),
        occurrences: Vec::new(),
    };
    let (before, after) =
        ([unknown(purl("a@1.0.0"))], [unknown(purl("a@2.0.0")), unknown(purl("b@1.0.0"))]);
    let told = outcome(
        Side { inventory: &old, findings: &[], unknown: &before },
        Side { inventory: &new, findings: &is, unknown: &after },
    );
    let b = purl("b@1.0.0");
    assert_eq!(told.worse, [Worse::Finding(b.clone(), "CVE-9".into()), Worse::Unknown(b)]);
}

/// A case of `corpus/worse.toml`.
#[derive(serde::Deserialize)]
struct Down {
    name: String,
    before: BTreeMap<String, Vec<String>>,
    after: BTreeMap<String, Vec<String>>,
    down: Vec<String>,
}

/// Files with components and who asks for them.
fn asked(files: &BTreeMap<String, Vec<String>>) -> Inventory {
    let file = |(path, lines): (&String, &Vec<String>)| {
        let mut file = FileInventory { path: path.as_str().into(), ..FileInventory::default() };
        for line in lines {
            let mut parts = line.split(" < ");
            let package = parts.next().unwrap();
            let direct = parts.clone().any(|asker| asker == ".");
            let relation = if direct { Relation::Direct } else { Relation::Transitive };
            file.components.push(listed(package, relation));
        }
        for (to, line) in lines.iter().enumerate() {
            for asker in line.split(" < ").skip(1).filter(|asker| *asker != ".") {
                let from = file.components.iter().position(|c| c.purl.name() == asker).unwrap();
                file.edges.push((u32::try_from(from).unwrap(), u32::try_from(to).unwrap()));
            }
        }
        file.edges.sort_unstable();
        file
    };
    Inventory { files: files.iter().map(file).collect(), diagnostics: Vec::new() }
}

#[test]
fn no_version_goes_down_in_any_file() {
    #[derive(serde::Deserialize)]
    struct Cases {
        case: Vec<Down>,
    }
    let file = trimtab_testkit::repository().join("corpus/worse.toml");
    let cases: Cases = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(cases.case.len() > 10);
    for case in cases.case {
        let (before, after) = (asked(&case.before), asked(&case.after));
        let at = |inventory| Side { inventory, findings: &[], unknown: &[] };
        let told: Vec<String> = outcome(at(&before), at(&after))
            .worse
            .iter()
            .map(|worse| match worse {
                Worse::Downgrade(package, from, to) => {
                    format!("{} from {from} to {to}", package.name())
                }
                other => other.to_string(),
            })
            .collect();
        assert_eq!(told, case.down, "{}", case.name);
        let same = outcome(at(&before), at(&before));
        assert!(same.worse.is_empty(), "{}: nothing changed", case.name);
    }
}

#[test]
fn a_successor_is_what_advice_names_alone() {
    #[derive(serde::Deserialize)]
    struct Advice {
        package: String,
        says: String,
        successor: Option<String>,
    }
    #[derive(serde::Deserialize)]
    struct Cases {
        case: Vec<Advice>,
    }
    let file = trimtab_testkit::repository().join("corpus/successors.toml");
    let cases: Cases = toml::from_str(&std::fs::read_to_string(file).unwrap()).unwrap();
    assert!(cases.case.len() > 10);
    for case in cases.case {
        let told =
            successor(&case.package.parse().unwrap(), &case.says).map(|purl| purl.to_string());
        assert_eq!(told, case.successor, "{}", case.says);
    }
}

#[test]
fn what_nobody_looked_at_is_told_and_lowers_the_confidence() {
    let remove = Proposal::Remove { package: purl("left@1.0.0") };
    let replace = Proposal::Replace {
        package: purl("left@1.0.0"),
        with: purl("right"),
        version: "2.0.0".into(),
    };
    for (proposal, says) in [(remove, "no source file names it"), (replace, "was not looked at")] {
        let price = priced(&proposal, &[], true);
        assert!(price.confidence < 0.5, "{}", price.confidence);
        assert!(price.because.iter().any(|why| why.contains(says)), "{:?}", price.because);
    }
}

#[test]
fn of_two_vulnerable_versions_one_may_be_mended() {
    let lessened = |new: &[&str], still: &[&str]| {
        let old = side(&["a@1.0.0", "a@2.0.0"]);
        let was = [
            finding("CVE-1", "a@1.0.0", Some("1.0.1"), &[0]),
            finding("CVE-1", "a@2.0.0", Some("2.0.1"), &[1]),
        ];
        let new = side(new);
        let is: Vec<Finding> = still.iter().map(|p| finding("CVE-1", p, None, &[0])).collect();
        let told = outcome(
            Side { inventory: &old, findings: &was, unknown: &[] },
            Side { inventory: &new, findings: &is, unknown: &[] },
        );
        (told.removed, told.lessened)
    };
    assert_eq!(lessened(&["a@1.0.1", "a@2.0.0"], &["a@2.0.0"]), (vec![], vec![0]));
    assert_eq!(lessened(&["a@1.0.1", "a@2.0.1"], &[]), (vec![0, 1], vec![]));
    let moved = lessened(&["a@1.0.0.5", "a@2.0.0"], &["a@1.0.0.5", "a@2.0.0"]);
    assert_eq!(moved, (vec![], vec![]), "one vulnerable version gave way to another");
}

#[test]
fn one_vulnerable_version_more_is_worse() {
    let brought = |old: &[&str], new: &[&str]| {
        let found = |names: &[&str]| -> Vec<Finding> {
            let at =
                |(at, p): (usize, &&str)| finding("CVE-1", p, None, &[u32::try_from(at).unwrap()]);
            names.iter().enumerate().map(at).collect()
        };
        let (was, is) = (found(old), found(new));
        let (old, new) = (side(old), side(new));
        let told = outcome(
            Side { inventory: &old, findings: &was, unknown: &[] },
            Side { inventory: &new, findings: &is, unknown: &[] },
        );
        (told.brought, told.worse.len())
    };
    // For somebody who asks for it newly, beside the one that is there.
    assert_eq!(brought(&["async@1.5.2"], &["async@0.2.10", "async@1.5.2"]), (vec![0], 1));
    assert_eq!(brought(&["async@1.5.2"], &["async@1.5.2"]), (vec![], 0));
    assert_eq!(brought(&["async@1.5.2"], &["async@1.5.3"]).0, [0; 0], "it gave way to another");
}

fn priced(proposal: &Proposal, moved: &[(&str, &str, &str)], confirmed: bool) -> Price {
    let moved: Vec<Moved> = moved
        .iter()
        .map(|(package, from, to)| Moved {
            package: purl(package),
            from: vec![(*from).into()],
            to: vec![(*to).into()],
        })
        .collect();
    let priced = Priced { proposal, transitive: false, moved: &moved, manifests: 1, confirmed };
    price(&priced, &trimtab_charter::preset::default().cost, &[])
}

#[test]
fn a_price_goes_by_what_moved_and_says_what_is_assumed() {
    let model = trimtab_charter::preset::default().cost;
    let raise = Proposal::Raise { package: purl("web@2.0.0"), to: "2.1.0".into() };
    let plain = priced(&raise, &[("web", "2.0.0", "2.1.0")], true);
    assert_eq!((plain.least, plain.most), model.minor);
    assert_eq!(plain.distance, Some(Distance::Minor));
    // The resolver chose another one than was wished.
    let further = priced(&raise, &[("web", "2.0.0", "3.0.0")], true);
    assert_eq!((further.least, further.most), model.major);
    let beside = priced(&raise, &[("web", "2.0.0", "2.1.0"), ("mid", "1.0.0", "4.0.0")], true);
    assert!(beside.confidence < plain.confidence && beside.because.len() == 2);
    let unasked = priced(&raise, &[("web", "2.0.0", "2.1.0")], false);
    assert!(unasked.confidence < beside.confidence);
    for price in [&plain, &further, &beside, &unasked] {
        let (least, most) =
            price.reasons.iter().fold((0.0, 0.0), |(l, m), r| (l + r.least, m + r.most));
        assert_eq!((least, most), (price.least, price.most), "the reasons make the sum");
        assert!(price.because[0].contains("assumed"));
    }
}

/// `jinja2>=2` allows 3 and promises nothing about it.
#[test]
fn a_relock_to_another_first_number_is_priced_as_the_raise_that_it_is() {
    let model = trimtab_charter::preset::default().cost;
    let relock = |from: &str, to: &str| {
        let package = purl(&format!("web@{from}"));
        priced(&Proposal::Relock { package, to: Some(to.into()) }, &[("web", from, to)], true)
    };
    let next = relock("2.0.0", "3.1.0");
    assert_eq!((next.least, next.most), model.major);
    assert!((next.confidence - 0.7).abs() < 1e-9, "{next:?}");
    assert!(next.reasons[0].what.starts_with("relock: major step"), "{next:?}");
    assert!(next.reasons[0].what.contains("priced as a raise"), "{next:?}");
    // What is told as a major step too, and priced as a relock, says why.
    for (from, to, why) in [
        ("2.0.0", "2.9.0", "minor step, 2.0.0 to 2.9.0 ("),
        ("0.3.0", "0.9.0", "which the ranges allow and whose first number stays ("),
        ("2020.12.5", "2024.7.4", "which the ranges allow and whose first number is a year ("),
    ] {
        let within = relock(from, to);
        assert_eq!((within.least, within.most), model.patch, "{from} to {to}");
        assert!(within.reasons[0].what.contains(why), "{within:?}");
    }
}

/// npm's tree has two copies, and one run relocks both: each goes by its own version, not by the other's.
#[test]
fn of_several_copies_the_named_one_is_priced() {
    let model = trimtab_charter::preset::default().cost;
    let both = |from: &[&str], proposal: &Proposal, to: &[&str]| {
        let all = |versions: &[&str]| versions.iter().map(|v| Box::from(*v)).collect();
        let moved = [Moved { package: purl("brace"), from: all(from), to: all(to) }];
        let priced =
            Priced { proposal, transitive: false, moved: &moved, manifests: 1, confirmed: true };
        price(&priced, &model, &[])
    };
    let relock = |from: &str, to: Option<&str>| Proposal::Relock {
        package: purl(&format!("brace@{from}")),
        to: to.map(Into::into),
    };
    let (from, to) = (["1.1.11", "2.0.1"], ["1.1.12", "2.0.2"]);
    for (proposal, step) in [
        (relock("1.1.11", Some("1.1.12")), "relock: patch step, 1.1.11 to 1.1.12"),
        (relock("2.0.1", Some("2.0.2")), "relock: patch step, 2.0.1 to 2.0.2"),
        (relock("1.1.11", None), "relock: patch step, 1.1.11 to 1.1.12"),
    ] {
        let price = both(&from, &proposal, &to);
        assert!(price.reasons[0].what.starts_with(step), "{:?}", price.reasons);
        assert_eq!((price.least, price.most), model.patch, "{step}");
        assert_eq!(price.distance, Some(Distance::Patch), "{step}");
    }
    // A copy that stays below what is wished is not what the project is raised to.
    let raise = Proposal::Raise { package: purl("brace@1.1.11"), to: "2.0.2".into() };
    let price = both(&from, &raise, &to);
    assert_eq!((price.least, price.most), model.major, "{:?}", price.reasons);
    // Where the named copy is merged into one that was there, it goes by what was wished.
    let price = both(&["1.1.11", "3.0.0"], &relock("3.0.0", Some("3.0.1")), &["1.1.12"]);
    assert!(price.reasons[0].what.contains("3.0.0 to 3.0.1"), "{:?}", price.reasons);
}

/// Packages and versions, by numbers.
fn some_side() -> impl Strategy<Value = Vec<(u8, u8)>> {
    proptest::collection::vec((0u8..5, 0u8..4), 0..8)
}

proptest! {
    /// Nothing moved: nothing changed. And what a change brings, taking it back removes.
    #[test]
    fn a_change_and_its_opposite(first in some_side(), second in some_side()) {
        let build = |pairs: &[(u8, u8)]| {
            let names: Vec<String> = pairs.iter().map(|(p, v)| format!("p{p}@1.{v}.0")).collect();
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let findings: Vec<Finding> = pairs
                .iter()
                .enumerate()
                .filter(|(_, (p, v))| (p + v) % 3 == 0)
                .map(|(at, (p, v))| {
                    let at = u32::try_from(at).unwrap();
                    finding(&format!("CVE-{}", v % 2), &format!("p{p}@1.{v}.0"), None, &[at])
                })
                .collect();
            (side(&names), findings)
        };
        let (a, b) = (build(&first), build(&second));
        let at = |s: &'_ (Inventory, Vec<Finding>)| (s.0.clone(), s.1.clone());
        let ((ai, af), (bi, bf)) = (at(&a), at(&b));
        let of = |inventory, findings| Side { inventory, findings, unknown: &[] };
        let same = outcome(of(&ai, &af), of(&ai, &af));
        prop_assert!(same.moved.is_empty() && same.removed.is_empty() && same.worse.is_empty());
        let there = outcome(of(&ai, &af), of(&bi, &bf));
        let back = outcome(of(&bi, &bf), of(&ai, &af));
        let gone = |o: &trimtab_engine::action::Outcome| {
            let mut all = [o.removed.clone(), o.lessened.clone()].concat();
            all.sort_unstable();
            all
        };
        prop_assert_eq!(gone(&there), back.brought.clone());
        prop_assert_eq!(gone(&back), there.brought.clone());
        prop_assert!(there.lessened.iter().all(|at| !there.removed.contains(at)));
        prop_assert!(there.lessened.iter().all(|at| !bi.files[0].components.iter().any(|c| c.purl == af[*at].purl)));
        for (there, back) in there.moved.iter().zip(&back.moved) {
            prop_assert_eq!((&there.from, &there.to), (&back.to, &back.from));
        }
        // Each package of the one file is told at most once.
        let downs = |o: &trimtab_engine::action::Outcome| {
            o.worse.iter().filter(|w| matches!(w, Worse::Downgrade(..))).count()
        };
        prop_assert!(downs(&there) <= there.moved.len() && downs(&back) <= there.moved.len());
        prop_assert!(there.brought.len() + downs(&there) == there.worse.len());
    }
    /// Versions that all stay or go up are no downgrade, however they fall together; and where as many are there as
    /// before and one is lower, that is told.
    #[test]
    fn up_is_never_down(versions in proptest::collection::btree_map(1u8..9, 0u8..9, 1..6), lowered in 0usize..6) {
        let names = |all: &[u8]| all.iter().map(|v| format!("a@1.{v}.0")).collect::<Vec<_>>();
        let build = |all: &[u8]| side(&names(all).iter().map(String::as_str).collect::<Vec<_>>());
        let is_worse = |old: &[u8], new: &[u8]| {
            let (old, new) = (build(old), build(new));
            let at = |inventory| Side { inventory, findings: &[], unknown: &[] };
            !outcome(at(&old), at(&new)).worse.is_empty()
        };
        let old: Vec<u8> = versions.keys().copied().collect();
        let raised: Vec<u8> = versions.iter().map(|(from, by)| from + by).collect();
        prop_assert!(!is_worse(&old, &raised));
        let at = lowered % old.len();
        let mut new = old.clone();
        if let Some(less) = (0..old[at]).rev().find(|v| !old.contains(v)) {
            new[at] = less;
            prop_assert!(is_worse(&old, &new), "{old:?} {new:?}");
        }
    }
}
