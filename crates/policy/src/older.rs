//! Built-ins that OPA has dropped and that policies written for conftest still call.

use std::collections::{BTreeSet, HashMap};

use regex::Regex;
use regorus::{Engine, Value};

use crate::guard::answer;

/// How many patterns are kept compiled.
const KEPT: usize = 64;

/// Gives an engine the older built-ins.
pub(crate) fn install(engine: &mut Engine) {
    let mut put = |name: &'static str, count: u8, work: fn(&[Value]) -> Value| {
        // The name is free in a new engine.
        let work = move |args: Vec<Value>| Ok(answer(name, &args, Ok(work(&args)))?);
        let _ = engine.add_extension(name.to_owned(), count, Box::new(work));
    };
    put("any", 1, |args| {
        elements(&args[0]).map_or(Value::Undefined, |all| Value::Bool(all.iter().any(is_true)))
    });
    put("all", 1, |args| {
        elements(&args[0]).map_or(Value::Undefined, |all| Value::Bool(all.iter().all(is_true)))
    });
    put("set_diff", 2, |args| match (&args[0], &args[1]) {
        (Value::Set(a), Value::Set(b)) => {
            let without = a.iter().filter(|value| !b.contains(value)).cloned();
            Value::from(without.collect::<BTreeSet<_>>())
        }
        _ => Value::Undefined,
    });
    put("cast_array", 1, |args| elements(&args[0]).map_or(Value::Undefined, Value::from));
    put("cast_set", 1, |args| match elements(&args[0]) {
        Some(all) => Value::from(all.into_iter().collect::<BTreeSet<_>>()),
        None => Value::Undefined,
    });
    put("cast_string", 1, |args| only(&args[0], |value| matches!(value, Value::String(_))));
    put("cast_boolean", 1, |args| only(&args[0], |value| matches!(value, Value::Bool(_))));
    put("cast_null", 1, |args| only(&args[0], |value| matches!(value, Value::Null)));
    put("cast_object", 1, |args| only(&args[0], |value| matches!(value, Value::Object(_))));
    let mut kept: HashMap<String, Option<Regex>> = HashMap::new();
    let re_match = move |args: Vec<Value>| {
        let (Value::String(pattern), Value::String(text)) = (&args[0], &args[1]) else {
            return Ok(answer("re_match", &args, Ok(Value::Undefined))?);
        };
        if kept.len() > KEPT {
            kept.clear();
        }
        let compiled = kept.entry(pattern.to_string()).or_insert_with(|| Regex::new(pattern).ok());
        let is = compiled.as_ref().map_or(Value::Undefined, |r| Value::Bool(r.is_match(text)));
        Ok(answer("re_match", &args, Ok(is))?)
    };
    let _ = engine.add_extension("re_match".to_owned(), 2, Box::new(re_match));
}

fn elements(value: &Value) -> Option<Vec<Value>> {
    match value {
        Value::Array(all) => Some(all.iter().cloned().collect()),
        Value::Set(all) => Some(all.iter().cloned().collect()),
        _ => None,
    }
}

fn is_true(value: &Value) -> bool {
    *value == Value::Bool(true)
}

fn only(value: &Value, is: fn(&Value) -> bool) -> Value {
    if is(value) { value.clone() } else { Value::Undefined }
}
