//! The built-ins that policies may call against what OPA expects of them (`corpus/policy/builtins.json`), each
//! call by a policy of its own, and through the gate's own way: sets come back as arrays.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::collections::BTreeSet;

use serde_json::Value;
use trimtab_policy::{Document, Effect, Policies, REFUSED};

/// Where the engine differs from OPA, with what it gives instead; the table of `docs/policies.md`.
const DEVIATIONS: &[(&str, &str)] = &[
    (r#"sprintf("%e", [1500.0])"#, r#""%!e(int64=1500)""#),
    ("json.marshal(1e3)", r#""1000""#),
    (r#"json.marshal("<&>")"#, r#""\"<&>\"""#),
    (r#"to_number(" 1")"#, "1"),
    ("ceil(-0.5)", "0"),
    ("sum([0.1, 0.2])", "0.30000000000000004"),
    ("(0.1 + 0.2)", "0.30000000000000004"),
    ("({} < set())", "false"),
    (r#"semver.compare("v1.0.0", "1.0.0")"#, "undefined"),
    (r#"graph.reachable_paths({"a": ["a"]}, {"a"})"#, r#"[["a"]]"#),
];

struct Case {
    /// `None`: an expression.
    builtin: Option<String>,
    call: String,
    /// `None`: undefined.
    want: Option<Value>,
}

fn cases() -> Vec<Case> {
    let file = trimtab_testkit::repository().join("corpus/policy/builtins.json");
    let cases: Vec<Value> = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    let case = |case: &Value| {
        if let Some(call) = case["expr"].as_str() {
            return Case {
                builtin: None,
                call: format!("({call})"),
                want: case.get("want").cloned(),
            };
        }
        let args: Vec<&str> =
            case["args"].as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
        let builtin = case["builtin"].as_str().unwrap().to_owned();
        let call = format!("{builtin}({})", args.join(", "));
        assert!(case.get("want").is_some() != case.get("undefined").is_some(), "{call}");
        Case { builtin: Some(builtin), call, want: case.get("want").cloned() }
    };
    cases.iter().map(case).collect()
}

/// What a call gives: the result is taken out by its JSON.
fn given(call: &str) -> Result<Option<Value>, String> {
    let policy = format!(
        "package p\nimport rego.v1\nwarn contains json.marshal({{\"v\": v}}) if v := {call}\n"
    );
    let (policies, diagnostics) = Policies::compile(&[("p.rego", &policy)]);
    if let [diagnostic, ..] = &*diagnostics {
        return Err(diagnostic.message.to_string());
    }
    let evaluation = policies.evaluate(&Document::from_json("{}").unwrap());
    if let [diagnostic, ..] = &*evaluation.diagnostics {
        return Err(diagnostic.message.to_string());
    }
    let said = evaluation.verdicts.iter().find(|v| v.effect == Effect::Warn);
    Ok(said.map(|v| serde_json::from_str::<Value>(&v.message).unwrap()["v"].clone()))
}

/// Numbers by value: `1.0` is `1`.
fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Number(a), Value::Number(b)) => a == b || a.as_f64() == b.as_f64(),
        (Value::Array(a), Value::Array(b)) => {
            a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
        }
        (Value::Object(a), Value::Object(b)) => {
            a.len() == b.len() && a.iter().all(|(k, a)| b.get(k).is_some_and(|b| same(a, b)))
        }
        _ => a == b,
    }
}

#[test]
fn built_ins_give_what_opa_expects() {
    let cases = cases();
    assert!(cases.len() >= 150, "{}", cases.len());
    let mut wrong = Vec::new();
    for case in &cases {
        let given = given(&case.call);
        if let Some((_, instead)) = DEVIATIONS.iter().find(|(call, _)| *call == case.call) {
            let told = match &given {
                Ok(Some(value)) => value.to_string(),
                Ok(None) => "undefined".to_owned(),
                Err(why) => format!("error: {why}"),
            };
            if told != *instead {
                wrong.push(format!("{}: no longer {instead} but {told}", case.call));
            }
            continue;
        }
        let right = match (&given, &case.want) {
            (Ok(Some(given)), Some(want)) => same(given, want),
            (Ok(None), None) => true,
            _ => false,
        };
        if !right {
            wrong.push(format!("{}: {given:?}, not {:?}", case.call, case.want));
        }
    }
    assert!(wrong.is_empty(), "{} of {} differ:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}

#[test]
fn every_deviation_is_a_case_and_documented() {
    let page = trimtab_testkit::repository().join("docs/policies.md");
    let page = std::fs::read_to_string(page).unwrap();
    let calls: BTreeSet<String> = cases().into_iter().map(|case| case.call).collect();
    for (call, _) in DEVIATIONS {
        assert!(calls.contains(*call), "{call}");
        let inner = call.strip_prefix('(').and_then(|call| call.strip_suffix(')'));
        let written = format!("`{}`", inner.unwrap_or(call));
        assert!(page.contains(&written), "{written} is not in docs/policies.md");
    }
    for builtin in cases().into_iter().filter_map(|case| case.builtin).collect::<BTreeSet<_>>() {
        assert!(page.contains(&format!("`{builtin}`")), "{builtin} is not in docs/policies.md");
    }
}

#[test]
fn what_is_refused_is_refused() {
    for (name, why) in REFUSED {
        let call =
            if name.ends_with('.') { format!("{name}x({{}})") } else { format!("{name}({{}})") };
        let message = given(&call).unwrap_err();
        assert!(message.contains("cannot be called by a policy"), "{call}: {message}");
        assert!(!why.is_empty());
    }
    // By another spelling too.
    for call in ["time[\"now_ns\"]()", "rand[\"intn\"](\"a\", 5)"] {
        assert!(given(call).is_err(), "{call}");
    }
}
