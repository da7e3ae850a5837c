//! Policies × one document → verdicts.

use regorus::{Engine, LimitError, Value};
use trimtab_model::{Code, Diagnostic};

use crate::input::Input;
use crate::limits::{self, Limits, Stopped};
use crate::policy::{Package, Policies, diagnose, told};
use crate::verdict::{self, Effect, Verdict};

/// What policies see as `input`.
#[derive(Debug, Clone)]
pub struct Document(pub(crate) Value);

impl Document {
    /// The gate's own input.
    pub fn of(input: &Input) -> Document {
        // Text in between is quicker than the engine's own conversion from parsed JSON, and bounded alike.
        let json = serde_json::to_string(input).unwrap_or_default();
        Document(Value::from_json_str(&json).unwrap_or(Value::Undefined))
    }

    /// Any JSON.
    ///
    /// # Errors
    /// It is none.
    pub fn from_json(json: &str) -> Result<Document, Diagnostic> {
        Value::from_json_str(json).map(Document).map_err(|error| {
            Diagnostic::new(Code::PolicyFailed, format!("the input is not JSON: {error}"))
        })
    }
}

/// What policies said.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evaluation {
    /// What they said, sorted and without repetition.
    pub verdicts: Vec<Verdict>,
    /// Policies that could not be evaluated (`policy-failed`). With one of them the answer is not whole.
    pub diagnostics: Vec<Diagnostic>,
    /// What the policies printed, for the person who writes them.
    pub prints: Vec<String>,
}

impl Evaluation {
    /// Whether every policy gave its answer.
    pub fn is_complete(&self) -> bool {
        self.diagnostics.is_empty()
    }
}

/// What one package said.
#[derive(Debug, Default)]
struct Answer {
    verdicts: Vec<Verdict>,
    failed: Option<Diagnostic>,
    prints: Vec<String>,
}

impl Policies {
    /// Asks every package that has rules of the gate.
    pub fn evaluate(&self, input: &Document) -> Evaluation {
        let asked: Vec<Package> =
            self.packages.iter().filter(|p| p.effects().next().is_some()).cloned().collect();
        let names: Vec<(Box<str>, Option<Box<str>>)> =
            asked.iter().map(|p| (p.name.clone(), p.files.first().cloned())).collect();
        let (policies, input, limits) = (self.clone(), input.clone(), self.limits);
        let answers =
            limits::each(asked.len(), limits, move |i| ask(&policies, &asked[i], &input.0));
        let mut evaluation = Evaluation::default();
        for (answer, (name, file)) in answers.into_iter().zip(names) {
            match answer {
                Ok(answer) => {
                    evaluation.verdicts.extend(answer.verdicts);
                    evaluation.diagnostics.extend(answer.failed);
                    evaluation.prints.extend(answer.prints);
                }
                Err(stopped) => {
                    let mut diagnostic = stop(&format!("the policy `{name}`"), &stopped, limits);
                    diagnostic.file = file;
                    evaluation.diagnostics.push(diagnostic);
                }
            }
        }
        evaluation.verdicts.sort();
        evaluation.verdicts.dedup();
        evaluation.diagnostics.sort();
        evaluation
    }
}

/// A diagnostic for work that was stopped.
pub(crate) fn stop(what: &str, stopped: &Stopped, limits: Limits) -> Diagnostic {
    let (why, help) = match stopped {
        Stopped::Time => (
            format!("took longer than {} s and was stopped", limits.time.as_secs_f64()),
            "look for a loop over the same list twice, or split the policy",
        ),
        Stopped::Memory => (
            format!("took more than {} MB and was stopped", limits.memory >> 20),
            "look for a value that contains itself many times over, or for text that grows in a loop",
        ),
        Stopped::Fault(fault) => {
            (format!("failed unexpectedly: {fault}"), "please report it with the policy")
        }
    };
    Diagnostic::new(Code::PolicyFailed, format!("{what} {why}")).help(help)
}

/// An engine for one query.
pub(crate) fn prepared(policies: &Policies, input: &Value, strict: bool) -> Engine {
    let mut engine = policies.engine.clone();
    engine.set_execution_timer_config(regorus::utils::limits::ExecutionTimerConfig {
        limit: policies.limits.time,
        check_interval: std::num::NonZeroU32::new(500).unwrap_or(std::num::NonZeroU32::MIN),
    });
    engine.set_strict_builtin_errors(strict);
    crate::guard::strictly(strict);
    engine.set_input(input.clone());
    engine
}

/// The value of a query, or the engine's words.
pub(crate) fn value(engine: &mut Engine, query: &str) -> Result<Value, Failure> {
    let results = engine.eval_query(query.to_owned(), false).map_err(|error| {
        let limit = error.chain().any(|cause| cause.downcast_ref::<LimitError>().is_some());
        Failure { text: error.to_string(), limit }
    })?;
    let first =
        results.result.into_iter().next().and_then(|row| row.expressions.into_iter().next());
    Ok(first.map_or(Value::Undefined, |expression| expression.value))
}

/// Why a query gave no value.
#[derive(Debug)]
pub(crate) struct Failure {
    /// What the engine says.
    pub(crate) text: String,
    /// Whether it was a limit.
    pub(crate) limit: bool,
}

/// Asks one package: all its rules in one query, so that what they share is computed once.
fn ask(policies: &Policies, package: &Package, input: &Value) -> Answer {
    let rules: Vec<(&str, Effect)> = package.effects().map(|(rule, e)| (&*rule.name, e)).collect();
    let exempt = package.rules.iter().any(|rule| &*rule.name == "exception");
    let names = rules.iter().map(|(name, _)| *name).chain(exempt.then_some("exception"));
    let members: Vec<String> =
        names.map(|name| format!("{name:?}: [v | v := {}[{name:?}]]", package.reference)).collect();
    let query = format!("{{{}}}", members.join(", "));

    // A built-in that is given a value of the wrong kind makes its rule undefined, in OPA and here. That hides
    // missing data: `startswith(component.licence, …)` with no known licence denies nothing. So the
    // policy is asked strictly first, and such a rule is told as unknown beside its results.
    let mut engine = prepared(policies, input, true);
    let mut hidden = None;
    let mut answered = value(&mut engine, &query);
    if let Err(failure) = &answered
        && !failure.limit
    {
        hidden = Some(failure.text.clone());
        engine = prepared(policies, input, false);
        answered = value(&mut engine, &query);
    }
    let mut answer =
        Answer { prints: engine.take_prints().unwrap_or_default(), ..Answer::default() };
    let results = match answered {
        Ok(results) => results,
        Err(failure) if failure.limit => {
            answer.failed = Some(failed(policies, package, &failure.text, Some(&Stopped::Time)));
            return answer;
        }
        Err(failure) => {
            answer.failed = Some(failed(policies, package, &failure.text, None));
            return answer;
        }
    };
    let excepted = only(&results, "exception").map(|value| excepted(&value)).unwrap_or_default();
    let mut problem = None;
    for (name, effect) in &rules {
        let Some(value) = only(&results, name) else { continue };
        let from = answer.verdicts.len();
        if let Err(why) = verdict::read(&value, *effect, &package.name, name, &mut answer.verdicts)
        {
            problem = Some(why);
        }
        let suffix = Effect::of_rule(name).and_then(|(_, suffix)| suffix).unwrap_or("");
        if *effect == Effect::Deny && excepted.iter().any(|name| &**name == suffix) {
            for verdict in &mut answer.verdicts[from..] {
                verdict.effect = Effect::Warn;
                verdict.message = format!("{} (excepted by the policy)", verdict.message).into();
            }
        }
        if answer.verdicts.len() > policies.limits.results {
            answer.verdicts.truncate(policies.limits.results);
            problem = Some(format!("gives more than {} results", policies.limits.results));
        }
    }
    if let Some(error) = hidden {
        answer.verdicts.push(undecided(package, &error));
    }
    answer.failed = problem.map(|why| {
        let diagnostic =
            Diagnostic::new(Code::PolicyFailed, format!("the policy `{}`: {why}", package.name));
        let help = "results are strings, or objects with `msg`, in a set";
        Diagnostic { file: package.files.first().cloned(), ..diagnostic.help(help) }
    });
    answer
}

/// The value of a member of the query's answer, if the rule has one.
fn only(results: &Value, name: &str) -> Option<Value> {
    let values = results.as_object().ok()?.get(&Value::from(name))?;
    values.as_array().ok()?.iter().next().cloned()
}

/// A built-in's error, as something that the policy could not decide.
fn undecided(package: &Package, error: &str) -> Verdict {
    let (sentence, place) = told(error);
    let at =
        place.map(|place| format!(" ({} line {})", place.file, place.line)).unwrap_or_default();
    Verdict {
        effect: Effect::Unknown,
        file: None,
        line: None,
        policy: package.name.clone(),
        rule: "built-in".into(),
        message: format!("the policy could not judge all of the input: {sentence}{at}").into(),
        finding: None,
        help: Some(
            "let the policy say what it does with `null`: it means that the value is not known"
                .into(),
        ),
    }
}

/// What conftest's `exception` rules except: lists of rules, by what follows `deny_` in their
/// names. What is excepted is reported as a warning.
fn excepted(value: &Value) -> Vec<regorus::Rc<str>> {
    let lists: Vec<&Value> = match value {
        Value::Set(lists) => lists.iter().collect(),
        Value::Array(lists) => lists.iter().collect(),
        _ => return Vec::new(),
    };
    let names =
        lists.into_iter().filter_map(|list| list.as_array().ok()).flat_map(|list| list.iter());
    names.filter_map(|name| name.as_string().ok().cloned()).collect()
}

/// A diagnostic for a package that could not be evaluated.
fn failed(
    policies: &Policies,
    package: &Package,
    error: &str,
    limit: Option<&Stopped>,
) -> Diagnostic {
    let file = told(error).1.map(|place| place.file.to_owned());
    let file = file.or_else(|| package.files.first().map(ToString::to_string));
    let file = file.unwrap_or_default();
    let text = policies.texts.get(&file).map_or("", String::as_str);
    let mut diagnostic = diagnose(Code::PolicyFailed, error, &file, text);
    match limit {
        Some(limit) => {
            let stopped = stop(&format!("the policy `{}`", package.name), limit, policies.limits);
            diagnostic.message = stopped.message;
            diagnostic.help = stopped.help;
        }
        None => {
            diagnostic.message =
                format!("the policy `{}` failed: {}", package.name, diagnostic.message).into();
        }
    }
    diagnostic
}
