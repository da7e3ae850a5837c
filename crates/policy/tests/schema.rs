//! The published shape of the input: compared here, written by `cargo xtask generate`.

use trimtab_policy::input;

#[test]
fn the_schema_of_the_input() {
    let text = format!("{:#}\n", input::schema());
    let path = "docs/schemas/gate-input-1.schema.json";
    let file = trimtab_testkit::repository().join(path);
    if std::env::var_os("TRIMTAB_GENERATE").is_some() {
        std::fs::write(&file, &text).expect("the file can be written");
    }
    let found = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(found == text, "{path} is not fresh: run `cargo xtask generate`");
}

#[test]
fn the_shape_is_read_back_and_unknown_is_null() {
    let finding = input::Finding { id: "CVE-1".into(), ..Default::default() };
    let component = input::Component { purl: "pkg:npm/a".into(), ..Default::default() };
    let input =
        input::Input { findings: vec![finding], components: vec![component], ..Default::default() };
    let json = serde_json::to_value(&input).unwrap();
    assert_eq!(json["format"], input::FORMAT);
    assert_eq!(json["version"], input::VERSION);
    // Members whose value is not known are there, and null: a policy can tell.
    for member in
        ["level", "known_exploited", "epss", "acceptable", "new", "fix", "vex", "deadline"]
    {
        assert_eq!(json["findings"][0].get(member), Some(&serde_json::Value::Null), "{member}");
    }
    for member in
        ["licence", "registry", "hashed", "yanked", "age_days", "last_release_days", "new"]
    {
        assert_eq!(json["components"][0].get(member), Some(&serde_json::Value::Null), "{member}");
    }
    assert_eq!(json["components"][0]["licence_verdict"], "unknown");
    assert_eq!(json["findings"][0]["deadline_state"], "unknown");
    assert_eq!(serde_json::from_value::<input::Input>(json).unwrap(), input);
}
