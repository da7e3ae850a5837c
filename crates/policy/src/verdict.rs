//! What a policy says about the input: one verdict for every result of its `deny`, `violation`,
//! `warn` and `unknown` rules, including rules named `deny_…`.

use regorus::Value;

/// What a verdict does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// The gate fails.
    Deny,
    /// The policy cannot decide: data is missing.
    Unknown,
    /// It is reported, and the gate does not fail because of it.
    Warn,
}

impl Effect {
    /// The word used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Effect::Deny => "deny",
            Effect::Unknown => "unknown",
            Effect::Warn => "warn",
        }
    }

    /// The effect of a rule by its name, with what follows the underscore.
    pub(crate) fn of_rule(name: &str) -> Option<(Effect, Option<&str>)> {
        let (stem, rest) = match name.split_once('_') {
            Some((stem, rest)) => (stem, Some(rest)),
            None => (name, None),
        };
        let effect = match stem {
            "deny" | "violation" => Effect::Deny,
            "warn" => Effect::Warn,
            "unknown" => Effect::Unknown,
            _ => return None,
        };
        Some((effect, rest))
    }
}

/// One result of a policy. The order is the order in which people read them: what fails first.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Verdict {
    /// What it does.
    pub effect: Effect,
    /// The file that it is about, relative to the scanned root.
    pub file: Option<Box<str>>,
    /// One-based line in that file.
    pub line: Option<u32>,
    /// The package of the policy, without `data.`.
    pub policy: Box<str>,
    /// The rule: what the result calls itself by `rule`, else the name of the Rego rule.
    pub rule: Box<str>,
    /// What is wrong, in words.
    pub message: Box<str>,
    /// The finding that it is about: the id that the input gives it.
    pub finding: Option<Box<str>>,
    /// The next step.
    pub help: Option<Box<str>>,
}

/// The most characters that are taken of one text of a policy.
const LONGEST: usize = 2000;

/// The verdicts of a rule's value: a set or array of results, one result, or `true`. Undefined, `false` and
/// empty collections say nothing.
///
/// # Errors
/// A sentence, where the value is of a kind that says neither.
pub(crate) fn read(
    value: &Value,
    effect: Effect,
    policy: &str,
    rule: &str,
    out: &mut Vec<Verdict>,
) -> Result<(), String> {
    let mut push = |value: &Value| out.push(one(value, effect, policy, rule));
    match value {
        Value::Undefined | Value::Bool(false) => {}
        Value::Set(set) => set.iter().for_each(&mut push),
        Value::Array(array) => array.iter().for_each(&mut push),
        Value::Object(object) if member(value, "msg").is_none() => {
            // `deny["message"] := {…}` and an object without results.
            for (key, value) in object.iter() {
                match value {
                    Value::Object(_) if member(value, "msg").is_some() => push(value),
                    Value::Bool(false) => {}
                    Value::Bool(true) | Value::String(_) => push(key),
                    _ => return Err(format!("the value of `{rule}` is an object without `msg`")),
                }
            }
        }
        Value::Object(_) | Value::String(_) | Value::Bool(true) => push(value),
        Value::Null | Value::Number(_) => {
            return Err(format!(
                "the value of `{rule}` is a number or null; results are strings or objects with `msg`"
            ));
        }
    }
    Ok(())
}

/// One result.
fn one(value: &Value, effect: Effect, policy: &str, rule: &str) -> Verdict {
    let text = |name: &str| match member(value, name) {
        Some(Value::String(text)) if !text.is_empty() => Some(cut(text)),
        _ => None,
    };
    let message = match value {
        Value::String(text) => cut(text),
        Value::Bool(true) => format!("`{rule}` of `{policy}` holds").into(),
        // What cannot be read is told as it stands: a result is never lost.
        _ => text("msg").unwrap_or_else(|| cut(&serde_json::to_string(value).unwrap_or_default())),
    };
    let line = match member(value, "line") {
        Some(number @ Value::Number(_)) => number.as_u32().ok().filter(|line| *line > 0),
        _ => None,
    };
    Verdict {
        effect,
        policy: policy.into(),
        rule: text("rule").unwrap_or_else(|| rule.into()),
        message,
        finding: text("finding"),
        file: text("file"),
        line,
        help: text("help"),
    }
}

fn member<'v>(value: &'v Value, name: &str) -> Option<&'v Value> {
    value.as_object().ok()?.get(&Value::from(name))
}

fn cut(text: &str) -> Box<str> {
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("{}…", &text[..end]).into(),
        None => text.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdicts(json: &str) -> Result<Vec<Verdict>, String> {
        let mut out = Vec::new();
        read(&Value::from_json_str(json).unwrap(), Effect::Deny, "p", "deny", &mut out)?;
        Ok(out)
    }

    #[test]
    fn results_of_every_form_are_read() {
        let all = verdicts(r#"["a", {"msg": "b", "rule": "r", "finding": "f", "file": "x", "line": 3, "help": "h"}, {"no": 1}, true]"#).unwrap();
        let messages: Vec<_> = all.iter().map(|v| &*v.message).collect();
        assert_eq!(messages, ["a", "b", r#"{"no":1}"#, "`deny` of `p` holds"]);
        let b = &all[1];
        assert_eq!((&*b.rule, b.finding.as_deref(), b.line), ("r", Some("f"), Some(3)));
        assert_eq!((b.file.as_deref(), b.help.as_deref()), (Some("x"), Some("h")));
        assert_eq!(verdicts(r#"{"msg": "m", "line": -1}"#).unwrap()[0].line, None);
        assert_eq!(&*verdicts(r#"{"k": {"msg": "m"}}"#).unwrap()[0].message, "m");
        for nothing in ["[]", "{}", "false", r#"{"k": false}"#] {
            assert_eq!(verdicts(nothing).unwrap(), [], "{nothing}");
        }
        for neither in ["1", "null", r#"{"k": 1}"#] {
            assert!(verdicts(neither).is_err(), "{neither}");
        }
        let long = verdicts(&format!("{:?}", "ä".repeat(3000))).unwrap();
        assert_eq!(long[0].message.chars().count(), LONGEST + 1);
    }

    #[test]
    fn rules_have_effects_by_name() {
        assert_eq!(Effect::of_rule("deny"), Some((Effect::Deny, None)));
        assert_eq!(Effect::of_rule("violation_a_b"), Some((Effect::Deny, Some("a_b"))));
        assert_eq!(Effect::of_rule("unknown"), Some((Effect::Unknown, None)));
        assert_eq!(Effect::of_rule("denying"), None);
    }
}
