//! What leaves validates against the formats' own schemas, with findings in it.
use crate::command::run;
use serde_json::Value;

fn document(format: &str) -> Value {
    let ran = run(&["demo", "--format", format]);
    assert_eq!(ran.exit, trimtab_cli::Exit::Clean, "{}", ran.err);
    serde_json::from_str(&ran.out)
        .unwrap_or_else(|e| panic!("{format} is not JSON: {e}\n{}", ran.err))
}

fn check(schema: &Value, document: &Value) {
    let validator = jsonschema::options().build(schema).expect("the schema is one");
    let faults: Vec<String> = validator
        .iter_errors(document)
        .take(5)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

fn shared_schema(path: &str) -> Option<Value> {
    let file = trimtab_testkit::shared()?.join("corpus/schemas").join(path);
    serde_json::from_slice(
        &std::fs::read(&file).unwrap_or_else(|e| panic!("{}: {e}", file.display())),
    )
    .ok()
}

#[test]
fn sarif() {
    let Some(schema) = shared_schema("sarif/sarif-schema-2.1.0.json") else { return };
    let document = document("sarif");
    check(&schema, &document);
    let results = document["runs"][0]["results"].as_array().unwrap();
    assert!(results.len() >= 40);
    let uri = &results[0]["locations"][0]["physicalLocation"]["artifactLocation"]["uri"];
    assert_eq!(uri, "storefront/package-lock.json");
}

#[test]
fn gitlab() {
    let Some(schema) = shared_schema("gitlab/dependency-scanning-report-15.2.1.json") else {
        return;
    };
    let document = document("gitlab");
    check(&schema, &document);
    assert!(document["vulnerabilities"].as_array().unwrap().len() >= 40);
}

#[test]
fn our_own() {
    let file = trimtab_testkit::repository().join("docs/schemas/scan-1.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    check(&schema, &document("json"));
}

#[test]
fn cyclonedx_carries_findings_and_lines() {
    let document = document("cyclonedx-json");
    let vulnerabilities = document["vulnerabilities"].as_array().unwrap();
    assert_eq!(vulnerabilities.len(), 43);
    let refs: Vec<&str> = document["components"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|c| c["bom-ref"].as_str())
        .collect();
    for vulnerability in vulnerabilities {
        let affected = vulnerability["affects"][0]["ref"].as_str().unwrap();
        assert!(refs.contains(&affected), "{affected} is not a component");
    }
    for component in document["components"].as_array().unwrap() {
        let occurrence = &component["evidence"]["occurrences"][0];
        assert!(occurrence["location"].is_string() && occurrence["line"].is_u64(), "{component}");
    }
}
