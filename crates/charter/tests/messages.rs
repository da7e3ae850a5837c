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
