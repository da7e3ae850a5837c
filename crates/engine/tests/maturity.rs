//! Maturity from facts: more evidence never lowers a stage, a stage has all below it, unknown is never met.

use std::collections::BTreeSet;

use proptest::prelude::*;
use trimtab_engine::maturity::{
    CRITERIA, Counted, Fact, Facts, Framework, Known, Stage, Thresholds, Verdict, organisation,
    organisation_by, team, team_by,
};

/// Facts that meet every criterion.
fn all() -> Facts {
    Facts(Fact::ALL.iter().map(|f| (*f, Known::Counted(Counted::of(10, 10)))).collect())
}

fn known() -> impl Strategy<Value = Known> {
    prop_oneof![
        1 => Just(Known::Unknown("x".into())),
        4 => (0_u64..12, 0_u64..12).prop_map(|(yes, of)| Known::Counted(Counted::of(yes, of))),
        8 => (1_u64..12).prop_map(|of| Known::Counted(Counted::of(of, of))),
    ]
}

fn facts() -> impl Strategy<Value = Facts> {
    let each = Fact::ALL.iter().map(|fact| (Just(*fact), known()));
    each.collect::<Vec<_>>().prop_map(|all| Facts(all.into_iter().collect()))
}

/// The same with more of one fact: one more that is as it should be, or known where it was not.
fn more(facts: &Facts, fact: Fact) -> Facts {
    let mut more = facts.clone();
    let known = more.0.get(&fact).cloned();
    let new = match known {
        Some(Known::Counted(counted)) if counted.of > 0 => Counted::of(counted.yes + 1, counted.of),
        Some(Known::Counted(counted)) => counted,
        _ => Counted::of(1, 1),
    };
    more.0.insert(fact, Known::Counted(new));
    more
}

#[test]
fn the_table_is_whole() {
    let ids: BTreeSet<&str> = CRITERIA.iter().map(|c| c.id).collect();
    assert_eq!(ids.len(), CRITERIA.len(), "each id once");
    assert!(CRITERIA.windows(2).all(|pair| pair[0].stage <= pair[1].stage), "by stage");
    for stage in &Stage::ALL[1..] {
        assert!(CRITERIA.iter().any(|c| c.stage == *stage), "{stage:?} asks for something");
    }
    assert!(CRITERIA.iter().all(|c| c.stage > Stage::Unmanaged));
    for fact in Fact::ALL {
        assert!(CRITERIA.iter().any(|c| c.fact == *fact), "{fact:?} decides something");
    }
    for framework in Framework::ALL {
        let points = CRITERIA.iter().flat_map(|c| c.references).any(|r| r.framework == framework);
        assert!(points, "{framework:?}");
    }
    for c in CRITERIA {
        assert!(
            (1..=100).contains(&c.least) && !c.next.is_empty() && !c.references.is_empty(),
            "{}",
            c.id
        );
        assert!(c.words.ends_with('.') && c.next.ends_with('.'), "{}", c.id);
    }
}

/// The tasks of SP 800-218 version 1.1, the points of annex I part II of Regulation (EU) 2024/2847, the principles of the
/// NCSC's guidance on vulnerability management and the parts of NTIA's minimum elements, as these documents number them.
#[test]
fn references_name_places_that_there_are() {
    let tasks = "PO.1.1 PO.1.2 PO.1.3 PO.2.1 PO.2.2 PO.2.3 PO.3.1 PO.3.2 PO.3.3 PO.4.1 PO.4.2 PO.5.1 PO.5.2 \
        PS.1.1 PS.2.1 PS.3.1 PS.3.2 PW.1.1 PW.1.2 PW.1.3 PW.2.1 PW.4.1 PW.4.2 PW.4.4 PW.5.1 PW.6.1 PW.6.2 PW.7.1 \
        PW.7.2 PW.8.1 PW.8.2 PW.9.1 PW.9.2 RV.1.1 RV.1.2 RV.1.3 RV.2.1 RV.2.2 RV.3.1 RV.3.2 RV.3.3 RV.3.4";
    let tasks: BTreeSet<&str> = tasks.split_whitespace().collect();
    let points = ["(1)", "(2)", "(3)", "(4)", "(5)", "(6)", "(7)", "(8)"];
    let parts = ["Data fields", "Automation support", "Practices and processes"];
    let practices = ["frequency", "depth", "known unknowns"];
    for reference in CRITERIA.iter().flat_map(|c| c.references) {
        let id = reference.id;
        let is = match reference.framework {
            Framework::Ssdf => tasks.contains(id),
            Framework::Cra => points.contains(&id),
            Framework::Ncsc => ["1", "2", "3", "4", "5"].contains(&id),
            Framework::Ntia => match id.split_once(": ") {
                None => parts.contains(&id),
                Some((part, practice)) => part == parts[2] && practices.contains(&practice),
            },
            // A family of SP 800-53 revision 5, and a number.
            Framework::Sp800161 => id.split_once('-').is_some_and(|(family, number)| {
                ["AU", "CA", "CM", "PM", "RA", "SI"].contains(&family)
                    && number.parse::<u8>().is_ok()
            }),
        };
        assert!(is, "{reference:?}");
    }
}

#[test]
fn nothing_known_is_unmanaged_and_all_of_it_is_advanced() {
    let none = team(&Facts::default());
    assert_eq!(none.stage, Stage::Unmanaged);
    assert!(none.judged.iter().all(|j| j.verdict == Verdict::Unknown && !j.missing.is_empty()));
    assert_eq!(none.next().count(), none.of(Stage::Basic).count());
    let best = team(&all());
    assert_eq!(best.stage, Stage::Advanced);
    assert_eq!(best.next().count(), 0);
    assert_eq!(organisation(&all(), &[("a".into(), &best)]).stage, Stage::Advanced);
    assert!(organisation(&all(), &[]).stage < Stage::Proactive, "each team of none is not known");
}

#[test]
fn what_is_missing_is_counted() {
    let mut facts = all();
    facts.0.insert(Fact::Inventory, Known::Counted(Counted::of(4, 9)));
    let is = team(&facts);
    let begun = is.judged.iter().find(|j| j.criterion.id == "inventory-begun").unwrap();
    // Half of nine is five.
    assert_eq!(begun.missing, "1 more of 9 systems needed (50 % required).");
    assert_eq!(begun.shown().unwrap(), "4 of 9 systems have an inventory");
    assert_eq!(is.stage, Stage::Unmanaged);
    for (fact, shown) in
        [(Fact::Kept, Some("no deadlines in the last 90 days")), (Fact::Stated, None)]
    {
        facts.0.insert(fact, Known::Counted(Counted::of(0, 0)));
        let is = team(&facts);
        let judged = is.judged.iter().find(|j| j.criterion.fact == fact).unwrap();
        assert_eq!(judged.shown().as_deref(), shown, "nothing to count is no zero");
    }
    facts.0.insert(Fact::Inventory, Known::Counted(Counted::of(5, 9)));
    assert_eq!(team(&facts).stage, Stage::Basic, "the whole inventory is asked for above it");
}

#[test]
fn one_team_holds_the_organisation_back() {
    let (best, mut late) = (team(&all()), all());
    late.0.insert(Fact::Watched, Known::Counted(Counted::of(0, 3)));
    let late = team(&late);
    let both = organisation(&all(), &[("a".into(), &best), ("b".into(), &late)]);
    assert_eq!(both.stage, Stage::Basic);
    let watched = both.judged.iter().find(|j| j.criterion.id == "all-watched").unwrap();
    assert_eq!(watched.teams, ["b".into()]);
    assert_eq!(watched.missing, "Not shown for 1 of 2 teams.");
    assert_eq!(watched.verdict, Verdict::NotMet);
}

proptest! {
    #[test]
    fn more_evidence_never_lowers_a_stage(facts in facts(), at in 0..Fact::ALL.len()) {
        let (before, after) = (team(&facts), team(&more(&facts, Fact::ALL[at])));
        prop_assert!(after.stage >= before.stage);
        for (before, after) in before.judged.iter().zip(&after.judged) {
            prop_assert!(after.verdict >= before.verdict);
        }
    }

    #[test]
    fn a_stage_has_all_below_it(facts in facts()) {
        let is = team(&facts);
        for judged in &is.judged {
            if judged.criterion.stage <= is.stage {
                prop_assert_eq!(judged.verdict, Verdict::Met);
            }
            prop_assert_eq!(judged.verdict == Verdict::Met, judged.missing.is_empty());
        }
        prop_assert_eq!(is.next().count() == 0, is.stage == Stage::Advanced);
    }

    #[test]
    fn what_is_unknown_is_never_met(facts in facts()) {
        for judged in &team(&facts).judged {
            let unknown = matches!(facts.0.get(&judged.criterion.fact), Some(Known::Unknown(_)));
            prop_assert!(!unknown || judged.verdict == Verdict::Unknown);
        }
    }

    #[test]
    fn an_organisation_is_not_above_what_its_teams_show(
        own in facts(), teams in proptest::collection::vec(facts(), 0..4),
    ) {
        let teams: Vec<_> = teams.iter().map(team).collect();
        let named: Vec<(Box<str>, _)> = teams.iter().map(|t| ("t".into(), t)).collect();
        let (all, alone) = (organisation(&own, &named), team(&own));
        prop_assert!(all.stage <= alone.stage);
        for (at, judged) in all.judged.iter().enumerate() {
            prop_assert!(judged.verdict <= alone.judged[at].verdict || judged.verdict != Verdict::Met);
            if judged.criterion.everywhere && judged.verdict == Verdict::Met {
                prop_assert!(!teams.is_empty());
                prop_assert!(teams.iter().all(|t| t.judged[at].verdict == Verdict::Met));
            }
        }
    }
}

#[test]
fn what_an_organisation_asks_of_itself_stays_within_bounds() {
    let of = |id: &str| CRITERIA.iter().find(|criterion| criterion.id == id).unwrap();
    let begun = of("inventory-begun");
    assert_eq!((begun.least, begun.bounds()), (50, Some((40, 100))));
    assert_eq!(of("inventory-whole").bounds(), Some((80, 100)));
    assert_eq!(of("ledger-holds").bounds(), None, "it holds, or it does not");
    let asked = Thresholds::of([("inventory-begun", 10), ("ledger-holds", 1), ("no-such", 5)]);
    assert_eq!(asked.least(begun), 40);
    assert_eq!(asked.least(of("ledger-holds")), 100);
    let mut facts = all();
    facts.0.insert(Fact::Inventory, Known::Counted(Counted::of(4, 10)));
    let judged = |asked: &Thresholds| {
        let is = team_by(&facts, asked);
        let one = is.judged.into_iter().find(|one| one.criterion.id == "inventory-begun").unwrap();
        (one.verdict, one.least, one.missing)
    };
    assert_eq!(judged(&asked), (Verdict::Met, 40, String::new()));
    let (verdict, least, missing) = judged(&Thresholds::default());
    assert_eq!((verdict, least), (Verdict::NotMet, 50));
    assert_eq!(missing, "1 more of 10 systems needed (50 % required).");
}

proptest! {
    /// Who asks for more is never at a higher stage for it, and who sets what is asked of all is where all are.
    #[test]
    fn to_ask_for_more_raises_no_stage(
        facts in facts(), other in facts(), lower in 0_u8..=100, more in 0_u8..=100
    ) {
        let ids = || CRITERIA.iter().map(|criterion| criterion.id);
        let by = |least: u8| Thresholds::of(ids().map(move |id| (id, least)));
        let (one, two) = (by(lower), by(lower.saturating_add(more).min(100)));
        prop_assert!(team_by(&facts, &two).stage <= team_by(&facts, &one).stage);
        let named = |asked: &Thresholds| {
            let is = team_by(&other, asked);
            organisation_by(&facts, &[("a".into(), &is)], asked).stage
        };
        prop_assert!(named(&two) <= named(&one));
        let same = Thresholds::of(CRITERIA.iter().map(|criterion| (criterion.id, criterion.least)));
        prop_assert_eq!(team_by(&facts, &same).stage, team(&facts).stage);
    }
}
