//! What a change does to the agreement that it is judged by, case by case.
#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use trimtab_charter::project::{self, Project};
use trimtab_charter::strictness::Direction::{self, Loosens, Tightens, Unclear};
use trimtab_decisions::exceptions;
use trimtab_engine::repository::{Agreement, Place};
use trimtab_engine::revision::{Change, Files, Kind, changes};
use trimtab_model::decision::Decisions;

const CHARTER: &str = "format = 1\npreset = \"framework\"\n";
const SYSTEM: &str = "[[system]]\nname = \"app\"\ntier = \"standard\"\nexposure = \"internal\"\ndata = [\"personal\"]\nenvironments = [\"production\"]\n";

/// An agreement of these files, as the program reads it.
fn agreement(files: &[(&str, &str)]) -> (Agreement, Files) {
    let text = |name: &str| files.iter().find(|(n, _)| *n == name).map(|(_, text)| *text);
    let (charter, _) =
        trimtab_charter::read("charter.toml", text("charter.toml").unwrap_or(CHARTER)).unwrap();
    let project = text("trimtab.toml").map_or_else(Project::default, |text| {
        let text = format!("format = 1\n{text}");
        project::read("trimtab.toml", &text, &charter).unwrap().0
    });
    let decided = text("exceptions.toml").unwrap_or_default();
    let (decided, faults) = exceptions::read(&format!("format = 1\n{decided}"), "exceptions.toml");
    assert_eq!(faults, [], "{decided:?}");
    let Decisions { exceptions, not_affected } = decided;
    let kind = |name: &str| match name {
        "charter.toml" => Kind::Charter,
        "trimtab.toml" => Kind::Project,
        "exceptions.toml" => Kind::Exceptions,
        "seen.txt" => Kind::History,
        name if name.ends_with(".rego") => Kind::Policy,
        _ => Kind::Statements,
    };
    let held = files.iter().map(|(n, t)| ((*n).to_owned(), (kind(n), t.as_bytes().to_vec())));
    let agreement = Agreement {
        charter,
        project,
        exceptions,
        not_affected,
        statements: vec![],
        place: Place::Whole,
    };
    (agreement, held.collect())
}

fn between(before: &[(&str, &str)], after: &[(&str, &str)]) -> Vec<Change> {
    let (before, after) = (agreement(before), agreement(after));
    changes((&before.0, &before.1), (&after.0, &after.1))
}

/// The one change of a file from one text to another.
fn of(file: &str, before: &str, after: &str) -> Change {
    let mut all = between(&[(file, before)], &[(file, after)]);
    assert_eq!(all.len(), 1, "{all:#?}");
    all.remove(0)
}

#[test]
fn what_did_not_change_is_not_told() {
    let files = [("charter.toml", CHARTER), ("trimtab.toml", SYSTEM), ("a.rego", "package a\n")];
    assert_eq!(between(&files, &files), []);
    // A comment is a change of the file that says nothing else.
    let change = of("trimtab.toml", SYSTEM, &format!("# more\n{SYSTEM}"));
    assert_eq!((change.direction, change.facts.len()), (Unclear, 0));
}

#[test]
fn a_setting_that_lowers_a_level_loosens() {
    for (old, new, expected) in [
        ("exposure = \"internal\"", "exposure = \"isolated\"", Loosens),
        ("exposure = \"internal\"", "exposure = \"internet\"", Tightens),
        ("tier = \"standard\"", "tier = \"supporting\"", Loosens),
        ("tier = \"standard\"", "tier = \"vital\"", Tightens),
        ("data = [\"personal\"]", "data = [\"public\"]", Loosens),
        ("environments = [\"production\"]", "environments = [\"development\"]", Loosens),
        ("name = \"app\"", "name = \"other\"", Loosens),
        ("[[system]]", "vex = [\"vex\"]\n[[system]]", Loosens),
        ("[[system]]", "policies = [\"rules\"]\n[[system]]", Unclear),
    ] {
        let change = of("trimtab.toml", SYSTEM, &SYSTEM.replace(old, new));
        assert_eq!(change.direction, expected, "{new}: {change:#?}");
        assert!(!change.facts.is_empty(), "{new}");
    }
    let more = SYSTEM.replace("[[system]]", "policies = [\"rules\"]\n[[system]]");
    assert_eq!(of("trimtab.toml", &more, SYSTEM).direction, Loosens);
}

#[test]
fn what_loosens_is_told_first() {
    let charter = |high: &str, low: &str| {
        format!(
            "{CHARTER}[deadlines.terms.production]\ncritical = \"72 hours\"\nhigh = \"{high}\"\nmedium = \"90 days\"\nlow = \"{low}\"\n"
        )
    };
    let change =
        of("charter.toml", &charter("7 days", "opportunistic"), &charter("30 days", "180 days"));
    let told: Vec<(Direction, &str)> =
        change.facts.iter().map(|f| (f.direction, f.words.as_str())).collect();
    assert_eq!(
        told,
        [
            (Loosens, "Deadlines, high in production: from 7 days to 30 days"),
            (Tightens, "Deadlines, low in production: from opportunistic to 180 days"),
        ]
    );
    assert_eq!(change.direction, Loosens);
}

#[test]
fn a_policy_or_statement_is_told_as_it_comes_and_goes() {
    let nothing: &[(&str, &str)] = &[];
    let policy: &[(&str, &str)] = &[("a.rego", "package a\n")];
    let said: &[(&str, &str)] = &[("vex.json", "{}")];
    for (before, after, expected) in [
        (nothing, policy, Unclear),
        (policy, nothing, Loosens),
        (policy, &[("a.rego", "package b\n")], Unclear),
        (nothing, said, Loosens),
        (said, nothing, Unclear),
    ] {
        let all = between(before, after);
        assert_eq!((all.len(), all[0].direction), (1, expected), "{all:#?}");
    }
    // A file that moves tells what it says once, where it is now.
    let rules = CHARTER.replace("framework", "swift");
    let all = between(&[("charter.toml", CHARTER)], &[]);
    assert_eq!((all.len(), all[0].facts.len()), (1, 0), "{all:#?}");
    let all = between(&[], &[("charter.toml", &rules)]);
    assert!(all.len() == 1 && !all[0].facts.is_empty(), "{all:#?}");
}

const EXCEPTION: &str = "[[exception]]\nid = \"D-1\"\nvulnerability = \"CVE-2026-1\"\nreason = \"r\"\nauthor = \"Ada\"\napprover = \"Grace\"\napprover-role = \"security\"\ncreated = 2026-01-30\nexpires = 2026-02-03\n";

/// Both kinds of decision are compared alike.
#[test]
fn a_history_may_grow_and_not_forget() {
    let seen = |text: &'static str| [("seen.txt", text)];
    assert_eq!(between(&seen("a\n"), &seen("a\nb\n")), []);
    assert_eq!(between(&[], &seen("a\n")), []);
    for after in [&seen("b\n")[..], &seen("")[..], &[]] {
        let all = between(&seen("a\n"), after);
        assert_eq!(all.len(), 1, "{all:#?}");
        assert_eq!((all[0].kind, all[0].direction), (Kind::History, Loosens));
    }
}

fn both_kinds() -> [String; 2] {
    let other = EXCEPTION.replace(
        "[[exception]]",
        "[[not-affected]]\njustification = \"vulnerable_code_not_in_execute_path\"",
    );
    [EXCEPTION.to_owned(), other]
}

#[test]
fn a_decision_that_excuses_more_loosens() {
    for decision in both_kinds() {
        let with = |old: &str, new: &str| {
            assert!(decision.contains(old), "{old}");
            of("exceptions.toml", &decision, &decision.replace(old, new))
        };
        for (old, new, expected) in [
            ("expires = 2026-02-03", "expires = 2026-02-02", Unclear),
            ("expires = 2026-02-03", "expires = 2026-02-04", Loosens),
            ("expires = 2026-02-03\n", "", Loosens),
            ("created = 2026-01-30", "created = 2026-01-31", Loosens),
            ("vulnerability = \"CVE-2026-1\"", "vulnerability = \"CVE-2026-2\"", Loosens),
            ("reason = \"r\"", "reason = \"r\"\nsystem = \"app\"", Loosens),
            ("reason = \"r\"", "reason = \"in other words\"", Unclear),
            // Who approves now may be whom the charter asks for.
            ("approver = \"Grace\"", "approver = \"Edsger\"", Loosens),
            ("author = \"Ada\"", "author = \"Alan\"", Loosens),
            ("approver = \"Grace\"\napprover-role = \"security\"\n", "", Unclear),
        ] {
            let change = with(old, new);
            assert_eq!(change.direction, expected, "{new}: {change:#?}");
        }
        // Where it stands says nothing.
        let change = with("[[", "\n# one\n\n[[");
        assert_eq!((change.direction, change.facts.len()), (Unclear, 0), "{change:#?}");
        // New, asked for, and gone.
        let new = of("exceptions.toml", "", &decision);
        assert_eq!(new.direction, Loosens);
        assert!(
            new.facts[0].words.contains("D-1 (CVE-2026-1, until 2026-02-03) is new"),
            "{new:?}"
        );
        let asked = decision.replace("approver = \"Grace\"\napprover-role = \"security\"\n", "");
        let new = of("exceptions.toml", "", &asked);
        assert_eq!(new.direction, Unclear);
        assert!(new.facts[0].words.ends_with("is asked for"), "{new:?}");
        assert_eq!(of("exceptions.toml", &asked, &decision).direction, Loosens);
        let gone = of("exceptions.toml", &decision, "");
        assert_eq!(gone.direction, Tightens);
        assert!(gone.facts[0].words.ends_with("D-1 (CVE-2026-1) is gone"), "{gone:?}");
    }
    // One kind does not stand for the other.
    let [exception, other] = both_kinds();
    let change = of("exceptions.toml", &exception, &other);
    let ways: Vec<Direction> = change.facts.iter().map(|f| f.direction).collect();
    assert_eq!(ways, [Loosens, Tightens], "{change:#?}");
    let code = "vulnerable_code_not_in_execute_path";
    let change = of("exceptions.toml", &other, &other.replace(code, "component_not_present"));
    assert_eq!(change.direction, Loosens);
}
