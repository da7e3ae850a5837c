//! The JSON Schemas that editors check by: they accept every preset, and refuse what a schema can refuse.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use serde_json::Value as Json;
use trimtab_charter::{charter_schema, preset, project_schema};

fn json(value: toml::Value) -> Json {
    match value {
        toml::Value::Datetime(day) => Json::from(day.to_string()),
        toml::Value::Array(all) => all.into_iter().map(json).collect(),
        toml::Value::Table(all) => all.into_iter().map(|(k, v)| (k, json(v))).collect(),
        toml::Value::String(text) => Json::from(text),
        toml::Value::Integer(n) => Json::from(n),
        toml::Value::Float(n) => Json::from(n),
        toml::Value::Boolean(b) => Json::from(b),
    }
}

fn accepts(schema: &schemars::Schema, text: &str) -> bool {
    let document = json(toml::Value::Table(toml::from_str(text).unwrap()));
    jsonschema::options().build(schema.as_value()).unwrap().is_valid(&document)
}

#[test]
fn presets_are_accepted_and_slips_refused() {
    let schema = charter_schema();
    for name in preset::names() {
        assert!(accepts(&schema, preset::text(name).unwrap()), "{name}");
    }
    let most = "format = 1\n[[party]]\nside = \"security\"\nname = \"Ana\"\nagreed = 2026-11-02\n\
        [calendar]\nsprint = { start = 2026-01-05, days = 14 }\n\
        [[calendar.holiday]]\ndate = 2026-12-25\nname = \"Christmas\"\n";
    assert!(accepts(&schema, most));
    for slip in [
        "formt = 1",
        "format = 2",
        "format = \"1\"",
        "format = 1\ngaol = \"x\"",
        "format = 1\nname = 7",
        "format = 1\n[[party]]\nside = \"sales\"\nname = \"Ana\"",
        "format = 1\n[[party]]\nside = \"security\"",
        "format = 1\n[[tier]]\nname = \"a\"\nmeaning = \"x\"\nacceptable = \"lo\"\nimpact = 0",
        "format = 1\n[[tier]]\nname = \"a\"\nmeaning = \"x\"\nacceptable = \"low\"\nimpact = 7",
        "format = 1\n[matrix]\nactive = [\"high\"]\nlikely = [\"low\"]\npossible = [\"low\"]\nunlikely = [\"low\"]",
        "format = 1\n[deadlines.terms.other]\ncritical = 72",
        "format = 1\n[deadlines]\ncounts-from = \"publishd\"",
        "format = 1\n[calendar]\nweekend = \"sunday\"",
        "format = 1\n[calendar]\nsprint = { days = 14 }",
        "format = 1\n[calendar]\nsprint = { start = 2026-01-05, days = 0 }",
        "format = 1\n[[cadence]]\nname = \"x\"\nevery = \"fortnight\"\nlevels = [\"high\"]",
        "format = 1\n[[floor]]\nlevel = \"hihg\"\nbecause = \"x\"",
        "format = 1\n[[floor]]\nlevel = \"high\"\nbecause = \"x\"\ncvss-at-least = 70.0",
        "format = 1\n[selection]\nyanked = \"forbid\"",
        "format = 1\n[unknown]\ngate = \"dney\"",
        "format = 1\n[cost]\nmajor = [1]",
    ] {
        assert!(!accepts(&schema, slip), "{slip}");
    }
    let schema = project_schema();
    assert!(accepts(&schema, "format = 1\n[[system]]\nname = \"a\"\nexposure = \"internet\"\n"));
    for slip in [
        "format = 1\n[system]\nname = \"a\"",
        "format = 1\n[[system]]\ntier = \"vital\"",
        "format = 1\n[[system]]\nname = \"a\"\nexposure = \"internt\"",
        "format = 1\n[[system]]\nname = \"a\"\nproduct_owner = \"Ana\"",
        "format = 1\npolicies = \"policies\"",
    ] {
        assert!(!accepts(&schema, slip), "{slip}");
    }
}
