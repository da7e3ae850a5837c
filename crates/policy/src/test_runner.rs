//! Tests of policies: every rule named `test_…` of the files given is evaluated; it passes if it is `true`. As with
//! OPA, `todo_test_…` is skipped, and tests say what `input` and `data` are by `with`.

use regorus::Value;
use trimtab_model::Diagnostic;

use crate::engine::{prepared, stop, value};
use crate::limits;
use crate::policy::{Policies, RuleInfo, told};

/// How tests went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestReport {
    /// Every test by package and name.
    pub tests: Vec<TestResult>,
}

/// One test.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TestResult {
    /// The package, without `data.`.
    pub package: Box<str>,
    /// The rule.
    pub name: Box<str>,
    /// The file.
    pub file: Box<str>,
    /// One-based line.
    pub line: u32,
    /// How it went.
    pub outcome: TestOutcome,
    /// What it printed.
    pub prints: Vec<String>,
}

/// How a test went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TestOutcome {
    /// It is `true`.
    Passed,
    /// It is not, with what it is instead.
    Failed(Box<str>),
    /// It could not be evaluated.
    Error(Box<Diagnostic>),
    /// It is still to be written.
    Skipped,
}

impl TestReport {
    /// Whether there are tests and none failed.
    pub fn is_passed(&self) -> bool {
        let fails =
            |t: &TestResult| matches!(t.outcome, TestOutcome::Failed(_) | TestOutcome::Error(_));
        !self.tests.is_empty() && !self.tests.iter().any(fails)
    }

    /// How many tests passed, failed (errors among them) and were skipped.
    pub fn counts(&self) -> (usize, usize, usize) {
        self.tests.iter().fold((0, 0, 0), |(passed, failed, skipped), test| match test.outcome {
            TestOutcome::Passed => (passed + 1, failed, skipped),
            TestOutcome::Failed(_) | TestOutcome::Error(_) => (passed, failed + 1, skipped),
            TestOutcome::Skipped => (passed, failed, skipped + 1),
        })
    }
}

impl Policies {
    /// Runs the tests. Read the files with [`Policies::compile_tests`].
    pub fn test(&self) -> TestReport {
        let tests: Vec<(Box<str>, String, RuleInfo)> = self
            .packages
            .iter()
            .flat_map(|package| {
                let tests =
                    package.rules.iter().filter(|rule| is_test(&rule.name) || is_todo(&rule.name));
                tests.map(|rule| (package.name.clone(), package.reference.clone(), rule.clone()))
            })
            .collect();
        let (policies, asked, limits) = (self.clone(), tests.clone(), self.limits);
        let answers = limits::each(tests.len(), limits, move |i| {
            let (_, package, rule) = &asked[i];
            if is_todo(&rule.name) {
                return (TestOutcome::Skipped, Vec::new());
            }
            let mut engine = prepared(&policies, &Value::new_object(), false);
            let query = format!("{package}[{:?}]", &*rule.name);
            let outcome = match value(&mut engine, &query) {
                Ok(Value::Bool(true)) => TestOutcome::Passed,
                Ok(Value::Undefined) => TestOutcome::Failed("it is undefined".into()),
                Ok(value) => TestOutcome::Failed(format!("it is {}", short(&value)).into()),
                Err(failure) => TestOutcome::Error(Box::new(error(&policies, &failure.text))),
            };
            (outcome, engine.take_prints().unwrap_or_default())
        });
        let tests = answers.into_iter().zip(tests).map(|(answer, (package, _, rule))| {
            let (outcome, prints) = answer.unwrap_or_else(|stopped| {
                let diagnostic = stop("the test", &stopped, limits).in_file(rule.file.clone());
                (TestOutcome::Error(Box::new(diagnostic.at_line(rule.line))), Vec::new())
            });
            TestResult {
                package,
                name: rule.name,
                file: rule.file,
                line: rule.line,
                outcome,
                prints,
            }
        });
        TestReport { tests: tests.collect() }
    }
}

fn is_test(name: &str) -> bool {
    name.starts_with("test_")
}

fn is_todo(name: &str) -> bool {
    name.starts_with("todo_test_")
}

/// A value in at most 200 characters.
fn short(value: &Value) -> String {
    let text = serde_json::to_string(value).unwrap_or_default();
    match text.char_indices().nth(200) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text,
    }
}

fn error(policies: &Policies, error: &str) -> Diagnostic {
    let file = told(error).1.map(|place| place.file.to_owned()).unwrap_or_default();
    let text = policies.texts.get(&file).map_or("", String::as_str);
    crate::policy::diagnose(trimtab_model::Code::PolicyFailed, error, &file, text)
}
