//! OPA's published conformance cases: got through Go's own client, read where it puts them, and asked of policies
//! the way the gate asks.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use serde_json::{Map, Value};
use trimtab_policy::{Document, Effect, Limits, Policies};

/// The version that the table of deviations is about.
pub(crate) const VERSION: &str = "v1.22.0";
const MODULE: &str = "github.com/open-policy-agent/opa";
/// The package that asks for a case.
const ASKING: &str = "conformance_asking";

/// The module's folder, as Go's client has it. `None`, said loudly, without Go or without a way to get it.
pub(crate) fn module() -> Option<PathBuf> {
    let folder = tempfile::tempdir().unwrap();
    let got = Command::new("go")
        .args(["mod", "download", "-json", &format!("{MODULE}@{VERSION}")])
        .current_dir(folder.path())
        .env("GOTOOLCHAIN", "local")
        .env("GOFLAGS", "-mod=mod")
        .output();
    let told = match got {
        Ok(output) => output.stdout,
        Err(error) => {
            eprintln!("SKIPPED: OPA's conformance cases: Go cannot be started: {error}");
            return None;
        }
    };
    let told: Value = serde_json::from_slice(&told).unwrap_or_default();
    match told["Dir"].as_str() {
        Some(dir) => Some(PathBuf::from(dir)),
        None => {
            eprintln!(
                "SKIPPED: OPA's conformance cases: {MODULE} cannot be had: {}",
                told["Error"]
            );
            None
        }
    }
}

/// One case.
pub(crate) struct Case {
    /// `v0` or `v1`, the language that it is written in.
    pub(crate) suite: &'static str,
    /// The folder, which is what it is about.
    pub(crate) folder: String,
    /// OPA's name for it; `#2` and so on follow where OPA uses a name again.
    pub(crate) note: String,
    query: String,
    modules: Vec<String>,
    data: Option<Value>,
    input: Option<Value>,
    /// An input that is no JSON, as Rego.
    term: Option<String>,
    /// `None`: an error.
    want: Option<Vec<Map<String, Value>>>,
    /// Arrays of the result are compared without order.
    unordered: bool,
}

/// Every case of the module, in order.
pub(crate) fn cases(module: &Path) -> Vec<Case> {
    let mut cases = Vec::new();
    for suite in ["v0", "v1"] {
        let root = module.join("v1/test/cases/testdata").join(suite);
        let mut seen: std::collections::BTreeMap<String, usize> = std::collections::BTreeMap::new();
        for folder in sorted(&root) {
            for file in sorted(&folder) {
                if file.extension().is_none_or(|e| e != "yaml") {
                    continue;
                }
                let text = std::fs::read_to_string(&file).unwrap();
                let all: Value = yaml_serde::from_str(&text).expect("OPA's cases are YAML");
                for case in all["cases"].as_array().unwrap() {
                    let folder = folder.file_name().unwrap().to_string_lossy().into_owned();
                    let mut case = read(suite, folder, case);
                    let n = seen.entry(case.note.clone()).or_default();
                    *n += 1;
                    if *n > 1 {
                        case.note = format!("{}#{n}", case.note);
                    }
                    cases.push(case);
                }
            }
        }
    }
    cases
}

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    all.sort();
    all
}

fn read(suite: &'static str, folder: String, case: &Value) -> Case {
    let term = case["input_term"].as_str();
    let json = term.and_then(|term| serde_json::from_str(term).ok());
    let fails = case.get("want_error").is_some() || case.get("want_error_code").is_some();
    let results = case["want_result"].as_array().cloned().unwrap_or_default();
    Case {
        suite,
        folder,
        note: case["note"].as_str().unwrap().to_owned(),
        query: case["query"].as_str().unwrap().trim().to_owned(),
        modules: case["modules"]
            .as_array()
            .map(|all| all.iter().filter_map(|m| m.as_str().map(str::to_owned)).collect())
            .unwrap_or_default(),
        data: case.get("data").filter(|data| !data.is_null()).cloned(),
        term: term.filter(|_| json.is_none()).map(str::to_owned),
        input: json.or_else(|| case.get("input").cloned()),
        want: (!fails)
            .then(|| results.into_iter().filter_map(|r| r.as_object().cloned()).collect()),
        unordered: case["sort_bindings"].as_bool() == Some(true),
    }
}

impl Case {
    /// Every text of Rego in it.
    pub(crate) fn texts(&self) -> impl Iterator<Item = &str> {
        self.modules.iter().map(String::as_str).chain([&*self.query])
    }

    /// What is given instead of what OPA expects. `None`: it is as expected.
    pub(crate) fn differs(&self) -> Option<String> {
        match (&self.want, self.given()) {
            (None, Err(_)) => None,
            (None, Ok(given)) => Some(format!("no error but {}", text(&given))),
            (Some(_), Err(error)) => Some(error),
            (Some(want), Ok(given)) => {
                let want = self.normal(want.iter().cloned().map(Value::Object));
                let got = self.normal(given.iter().cloned());
                (want != got).then(|| {
                    format!("{} instead of {}", text(&given), Value::from(Vec::from_iter(want)))
                })
            }
        }
    }

    /// Results that can be compared: numbers by value, results without order.
    fn normal(&self, results: impl Iterator<Item = Value>) -> BTreeSet<String> {
        results.map(|result| normal(&result, self.unordered).to_string()).collect()
    }

    /// The results of the query, or what is told instead of them. Where a built-in is used wrongly, OPA's strict mode,
    /// in which such cases are written, gives an error; here it is told as *unknown* beside the results.
    fn given(&self) -> Result<Vec<Value>, String> {
        let names: BTreeSet<&str> = match &self.want {
            Some(want) => want.iter().flat_map(|r| r.keys().map(String::as_str)).collect(),
            None => BTreeSet::new(),
        };
        // Without a result there is nothing to name; that there is one is seen by the answer.
        let members: Vec<String> = names.iter().map(|name| format!("{name:?}: {name}")).collect();
        let with = self.term.as_ref().map(|t| format!(" with input as {t}")).unwrap_or_default();
        let asking = format!(
            "package {ASKING}\nimport rego.v1\nwarn contains json.marshal({{{}}}) if {{\n{}{with}\n}}\n",
            members.join(", "),
            self.query
        );
        let names: Vec<String> =
            (0..self.modules.len()).map(|i| format!("test-{i}.rego")).collect();
        let mut files: Vec<(&str, &str)> =
            names.iter().map(String::as_str).zip(self.modules.iter().map(String::as_str)).collect();
        files.push(("asking.rego", &asking));
        let (mut policies, mut problems) = Policies::compile(&files);
        if let Some(data) = &self.data {
            problems.extend(policies.add_data("data.json", &data.to_string()).err());
        }
        if let Some(problem) = problems.first() {
            return Err(format!("{}: {}", problem.code, problem.message));
        }
        let input = self.input.as_ref().unwrap_or(&Value::Null).to_string();
        let document = Document::from_json(&input).map_err(|d| d.message.to_string())?;
        let limits = Limits { time: Duration::from_secs(30), ..Limits::default() };
        let evaluation = policies.limited(limits).evaluate(&document);
        // Packages of the case that have rules named as the gate's own are asked too, and pass.
        let about = format!("`{ASKING}`");
        if let Some(problem) = evaluation.diagnostics.iter().find(|d| d.message.contains(&about)) {
            return Err(format!("{}: {}", problem.code, problem.message));
        }
        let said = || evaluation.verdicts.iter().filter(|v| &*v.policy == ASKING);
        if self.want.is_none()
            && let Some(unknown) = said().find(|v| v.effect == Effect::Unknown)
        {
            return Err(unknown.message.to_string());
        }
        let results = said().filter(|v| v.effect == Effect::Warn);
        Ok(results.filter_map(|v| serde_json::from_str(&v.message).ok()).collect())
    }
}

fn normal(value: &Value, unordered: bool) -> Value {
    match value {
        Value::Number(n) => match n.as_f64() {
            Some(n) if n.fract() == 0.0 && n.abs() < 9e15 => Value::from(format!("#{n:.0}")),
            _ => Value::from(format!("#{n}")),
        },
        Value::Array(all) => {
            let mut all: Vec<Value> = all.iter().map(|v| normal(v, unordered)).collect();
            if unordered {
                all.sort_by_key(Value::to_string);
            }
            Value::from(all)
        }
        Value::Object(all) => all.iter().map(|(k, v)| (k.clone(), normal(v, unordered))).collect(),
        other => other.clone(),
    }
}

fn text(results: &[Value]) -> String {
    let text = Value::from(results.to_vec()).to_string();
    match text.char_indices().nth(300) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}
