//! What a person sees who made a slip in a charter or in `trimtab.toml`.

use trimtab_charter::{preset, project, read};
use trimtab_model::{Diagnostic, Exposure};

/// Diagnostics as they are told, without colour.
fn told(problems: &[Diagnostic]) -> String {
    let mut text = String::new();
    for d in problems {
        text.push_str(&format!("{}[{}]: {}\n", d.code.severity().as_str(), d.code, d.message));
        if let (Some(line), Some(excerpt)) = (d.line, &d.excerpt) {
            let gap = " ".repeat(excerpt.start as usize);
            text.push_str(&format!(
                "  {line:>3} | {}\n      | {gap}{}\n",
                excerpt.line,
                "^".repeat(excerpt.len as usize)
            ));
        }
        if let Some(help) = &d.help {
            text.push_str(&format!("  help: {help}\n"));
        }
    }
    text
}

fn slips(text: &str) -> String {
    told(&read("charter.toml", text).err().unwrap_or_default())
}

#[test]
fn every_slip_is_told_at_its_place() {
    let text = r#"format = 1
preset = "framwork"

[[party]]
side = "sekurity"
name = "Ana"
agreed = 2026-13-01
"#;
    insta::assert_snapshot!("a_date_that_is_none", slips(text));
    let text = r#"format = 1
preset = "framework"
goal = "Nobody is harmed."

[[party]]
side = "sekurity"
name = "Ana"
agreed = 2026-11-02

[matrix]
active   = ["medium", "high",   "critical", "critical"]
likely   = ["low",    "medium", "hihg",     "critical"]
possible = ["low",    "low",    "medium",   "high"]
unlikely = ["low",    "high",    "low",      "medium"]

[deadlines.terms.prodution]
critical = "72 hours"
high = "sooon"
medium = "90 days"
low = "opportunistic"

[calendar]
time-zone = "Europe/Londn"
weekend = ["caturday"]

[exceptions]
control-from = "urgent"

[selection.licences]
denied = ["GPL-3.0-only", "MIT licence of sorts"]

[[selection.denied]]
package = "npm/event-stream"
reason = "taken over in 2018"

[weighing.reachability]
called = 0.1
"#;
    insta::assert_snapshot!("many_slips", slips(text));
    insta::assert_snapshot!("a_member_that_is_none", slips("format = 1\ndeadline = 3\n"));
    insta::assert_snapshot!("nothing_but_a_layout", slips("format = 1\n"));
    insta::assert_snapshot!("not_toml", slips("format = \n"));
    let text = "format = 1\npreset = \"framework\"\n[deadlines.terms.other]\ncritical = \"30 days\"\nhigh = \"7 days\"\nmedium = \"90 days\"\nlow = \"opportunistic\"\n";
    insta::assert_snapshot!("terms_that_grow", slips(text));
}

#[test]
fn no_text_makes_the_reader_panic() {
    let whole = preset::text("framework").unwrap();
    for end in (0..whole.len()).step_by(7).filter(|e| whole.is_char_boundary(*e)) {
        let _ = read("charter.toml", &whole[..end]);
    }
    for text in [
        "",
        "\u{0}",
        "[",
        "format = 1e400",
        "format = 1\n[calendar]\nweekend = []\nsprint = { start = 0001-01-01, days = 92 }",
    ] {
        assert!(read("charter.toml", text).is_err(), "{text}");
    }
    assert!(read("charter.toml", &"#".repeat(2 << 20)).is_err());
}

#[test]
fn a_project_names_what_the_charter_has() {
    let charter = preset::default();
    let text = r#"format = 1
charter = "../charter.toml"

[[system]]
name = "payments"
tier = "vitl"
exposure = "world"
data = ["payment", "cards"]
environments = ["production"]

[[system]]
name = "payments"
"#;
    insta::assert_snapshot!(
        "project_slips",
        told(&project::read("trimtab.toml", text, &charter).unwrap_err())
    );
    let text = "format = 1\n[[system]]\nname = \"intranet\"\n";
    let (project, warnings) = project::read("trimtab.toml", text, &charter).unwrap();
    assert_eq!(project.systems[0].exposure, None, "unknown stays unknown");
    insta::assert_snapshot!("project_warnings", told(&warnings));
}

#[test]
fn a_charter_says_only_what_differs_from_its_preset() {
    use trimtab_model::Level;
    use trimtab_model::charter::Term;
    let text = r#"format = 1
preset = "framework"
[deadlines.terms.production]
high = "10 days"
[matrix]
unlikely = ["low", "low", "medium", "medium"]
[weights]
high = 12
[exceptions]
longest = { low = "no limit" }
may-approve = { medium = ["security"] }
"#;
    let (own, preset) = (read("charter.toml", text).unwrap().0, preset::default());
    let terms = |charter: &trimtab_model::charter::Charter, name: Option<&str>| {
        charter.deadlines.terms.iter().find(|(n, _)| n.as_deref() == name).unwrap().1
    };
    let high = Level::High as usize;
    let (mut production, was) =
        (terms(&own, Some("production")), terms(&preset, Some("production")));
    assert_eq!(production[high], Term::Days(10));
    production[high] = was[high];
    assert_eq!(production, was);
    assert_eq!(terms(&own, None), terms(&preset, None));
    assert_eq!(own.matrix.0[1..], preset.matrix.0[1..]);
    assert_eq!(own.matrix.0[0][2], Level::Medium);
    assert_eq!(own.weights, [1.0, 3.0, 12.0, 40.0]);
    assert_eq!(own.exceptions.longest_days, [None, Some(90), Some(30), Some(7)]);
    assert_eq!(own.exceptions.may_approve[high], preset.exceptions.may_approve[high]);
}

#[test]
fn what_is_asked_outside_of_the_plan_has_rules_of_its_own() {
    use trimtab_model::charter::Term;
    use trimtab_model::{Level, Role};
    let preset = preset::default();
    let critical = &preset.exceptions.may_approve[Level::Critical as usize];
    assert_eq!(&preset.emergencies.sides(Level::Critical, &preset.exceptions), critical);
    assert_eq!(preset.emergencies.within, Term::Hours(4));
    assert_eq!((preset.disputes.within, preset.disputes.people), (Term::Hours(48), 1));
    let text = r#"format = 1
preset = "framework"
[emergencies]
may-approve = ["operations"]
people = 2
[disputes]
may-decide = ["product"]
within = "1 working day"
"#;
    let own = read("charter.toml", text).unwrap().0;
    let levels = [Level::Low, Level::Critical];
    for level in levels {
        assert_eq!(own.emergencies.sides(level, &own.exceptions), [Role::Operations]);
        assert_eq!(own.disputes.sides(level, &own.exceptions), [Role::Product]);
    }
    assert_eq!((own.emergencies.people, own.emergencies.within), (2, Term::Hours(4)));
    assert_eq!(own.disputes.within, Term::WorkingDays(1));
    // A preset's other rules stay, and what changed is told.
    let changes = trimtab_charter::diff::changes(&preset, &own);
    let told: Vec<(&str, Option<&str>)> =
        changes.iter().map(|c| (c.about.as_str(), c.after.as_deref())).collect();
    assert!(
        told.contains(&(
            "a change at once",
            Some("granted by operations, 2 people, within 4 hours")
        ))
    );
    assert!(told.contains(&("a dispute", Some("decided by product, within 1 working day"))));
    // One person in place of two loosens.
    let one = text.replace("people = 2", "people = 1");
    let one = read("charter.toml", &one).unwrap().0;
    let back = trimtab_charter::diff::changes(&own, &one);
    assert_eq!(back.len(), 1);
    assert_eq!(back[0].direction, trimtab_charter::strictness::Direction::Loosens);
    // A side that could not grant what is critical loosens, though it may accept what is low.
    let plain = "format = 1\npreset = \"framework\"\n";
    let other = format!("{plain}[emergencies]\nmay-approve = [\"engineering\"]\n");
    let (plain, other) = (read("charter.toml", plain), read("charter.toml", &other));
    let changes = trimtab_charter::diff::changes(&plain.unwrap().0, &other.unwrap().0);
    let granted = changes.iter().find(|change| change.about == "a change at once").unwrap();
    assert_eq!(granted.direction, trimtab_charter::strictness::Direction::Loosens);
}

#[test]
fn nobody_has_agreed_before_the_day_has_come() {
    let text = "format = 1\npreset = \"framework\"\n[[party]]\nside = \"security\"\nname = \"Ana\"\nagreed = 2026-11-02\n";
    let future = |today: &str| {
        let (_, warnings) =
            trimtab_charter::read_of_today("charter.toml", text, today.parse().unwrap()).unwrap();
        let about = |d: &&Diagnostic| d.message.contains("only on 2026-11-02");
        warnings.iter().find(about).map(|d| d.line)
    };
    assert_eq!(future("2026-11-01"), Some(Some(6)));
    assert_eq!(future("2026-11-02"), None);
}

#[test]
fn what_a_system_names_and_nothing_has_is_told() {
    let charter = preset::default();
    let text = r#"format = 1
[[system]]
name = "pay"
paths = ["services/pay/**",
  "services/pya/**"]
depends-on = ["ledger", "maindesk", "somewhere else"]
[[system]]
name = "ledger"
paths = ["services/pay/**", "services/pya/**"]
[[system]]
name = "maindesks"
paths = ["**/*.lock"]
"#;
    let (project, warnings) = project::read("trimtab.toml", text, &charter).unwrap();
    let said = told(&warnings);
    assert!(said.contains("`ledger` has the same paths as `pay`"), "{said}");
    assert!(said.contains("did you mean `maindesks`?"), "{said}");
    assert!(
        !said.contains("named `somewhere else`"),
        "a system of another repository is fine: {said}"
    );
    let systems = project::Systems::new(&project).unwrap();
    let unused = systems.unused(&["services/pay/Cargo.lock"]);
    let lines: Vec<_> = unused.iter().map(|d| (d.line, &*d.message)).collect();
    assert_eq!(
        lines,
        [
            (Some(5), "`services/pya/**` of system `pay` matches no file that lists components"),
            (Some(9), "`services/pya/**` of system `ledger` matches no file that lists components"),
            (Some(12), "every file of system `maindesks` belongs to one above it"),
        ]
    );
    let (_, warnings) = project::read("trimtab.toml", "format = 1\n", &charter).unwrap();
    assert!(told(&warnings).contains("the file names no system"), "{}", told(&warnings));
}

#[test]
fn a_file_belongs_to_the_first_system_that_says_so() {
    let charter = preset::default();
    let text = r#"format = 1
[[system]]
name = "pay"
paths = ["services/pay/**"]
exposure = "internet"
[[system]]
name = "rest"
paths = ["**"]
"#;
    let (project, _) = project::read("trimtab.toml", text, &charter).unwrap();
    let systems = project::Systems::new(&project).unwrap();
    let name = |file: &str| systems.of(file).map(|s| &*s.name);
    assert_eq!(name("services/pay/Cargo.lock"), Some("pay"));
    assert_eq!(name("services/payroll/Cargo.lock"), Some("rest"));
    assert_eq!(project.systems[0].exposure, Some(Exposure::Internet));
}

#[test]
fn a_charter_is_told_in_words() {
    insta::assert_snapshot!(
        "explain_framework",
        trimtab_charter::tell::write(&preset::default(), 100)
    );
}
