//! What a policy may not call, and built-ins whose result would grow without bound.
//!
//! The engine is built without network, runtime and identifiers. What is left of clock and random
//! numbers, and what people know from OPA and miss here, is refused by name before anything runs.

use std::cell::Cell;
use std::net::{Ipv4Addr, Ipv6Addr};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use regorus::{Engine, Value};
use trimtab_model::{Code, Diagnostic};

use crate::source::calls;
use crate::{format, newer, older};

/// Built-ins of OPA that policies cannot call here, with the reason. A name that ends in a dot
/// covers all that begin with it.
pub const REFUSED: &[(&str, &str)] = &[
    ("http.send", "a policy has no network: put what it needs into the input or into a data file"),
    (
        "net.lookup_ip_addr",
        "a policy has no network: put what it needs into the input or into a data file",
    ),
    (
        "providers.aws.",
        "a policy has no network: put what it needs into the input or into a data file",
    ),
    (
        "time.now_ns",
        "a policy has no clock of its own: use `time.parse_rfc3339_ns(input.now)`, so that the same input gives the same answer",
    ),
    ("rand.intn", "a policy has no random numbers: the same input must give the same answer"),
    ("uuid.", "a policy generates no identifiers: the same input must give the same answer"),
    ("opa.runtime", "a policy sees its input and its data, not the environment of the process"),
    ("rego.", "policies cannot parse other policies"),
    ("crypto.", "policies cannot check signatures or checksums"),
    ("io.jwt.", "policies cannot check tokens"),
    ("graphql.", "policies cannot parse GraphQL"),
    ("yaml.", "policies cannot parse YAML: give the data as JSON"),
    ("urlquery.", "policies cannot parse URL queries"),
    ("json.patch", "JSON patches are not supported: use `object.union` and `object.remove`"),
    (
        "json.match_schema",
        "JSON Schema checks are not supported: the input has a published schema already",
    ),
    (
        "json.verify_schema",
        "JSON Schema checks are not supported: the input has a published schema already",
    ),
    ("strings.render_template", "templates are not supported: use `sprintf`"),
    ("regex.globs_match", "comparing patterns with each other is not supported"),
    (
        "net.cidr_merge",
        "merging networks is not supported: use `net.cidr_contains` or `net.cidr_intersects`",
    ),
    ("net.cidr_contains_matches", "use `some` and `net.cidr_contains`"),
    ("net.cidr_overlap", "OPA has removed it: use `net.cidr_contains`"),
    ("uri.", "parsing URIs is not supported: use `startswith`, `split` or `regex.match`"),
];

/// The most elements that `numbers.range` and `net.cidr_expand` give.
const MOST: i64 = 1 << 20;
/// Why a call is refused, or `None`.
fn refusal(name: &str) -> Option<&'static str> {
    let listed = |(refused, _): &&(&str, &str)| {
        if refused.ends_with('.') { name.starts_with(refused) } else { name == *refused }
    };
    REFUSED.iter().find(listed).map(|(_, why)| *why)
}

/// A diagnostic for the first call of a file that is refused.
pub(crate) fn refused(file: &str, text: &str) -> Option<Diagnostic> {
    calls(text).into_iter().find_map(|call| {
        let why = refusal(call.name)?;
        let message = format!("`{}` cannot be called by a policy", call.name);
        let diagnostic = Diagnostic::new(Code::PolicyMalformed, message);
        Some(diagnostic.in_file(file).at_bytes(text, call.at).help(why))
    })
}

/// Puts our versions of built-ins in the place of the engine's own: bounded ones, and ones that give what
/// OPA gives.
pub(crate) fn install(engine: &mut Engine) {
    older::install(engine);
    newer::install(engine);
    let mut put = |name: &'static str, count: u8, work: fn(&[Value]) -> Result<Value, String>| {
        // The name is free in a new engine.
        let _ = engine.add_extension(
            name.to_owned(),
            count,
            Box::new(move |args| Ok(answer(name, &args, work(&args))?)),
        );
    };
    // They are refused by name already; this catches `time["now_ns"]()`.
    put("time.now_ns", 0, |_| Err("`time.now_ns` cannot be called: use `input.now`".to_owned()));
    put("rand.intn", 2, |_| Err("`rand.intn` cannot be called".to_owned()));
    put("numbers.range", 2, |args| range(&args[0], &args[1], None));
    put("numbers.range_step", 3, |args| range(&args[0], &args[1], Some(&args[2])));
    put("sprintf", 2, |args| format::sprintf(&args[0], &args[1]));
    put("bits.lsh", 2, |args| shift_left(&args[0], &args[1]));
    put("net.cidr_expand", 1, |args| cidr_expand(&args[0]));
    put("indexof", 2, |args| Ok(index_of(&args[0], &args[1])));
    put("strings.count", 2, |args| Ok(occurrences(&args[0], &args[1])));
    put("time.add_date", 4, |args| Ok(add_date(&args[0], &args[1], &args[2], &args[3])));
    put("upper", 1, |args| Ok(by_character(&args[0], |c| one(c, c.to_uppercase()))));
    put("lower", 1, |args| Ok(by_character(&args[0], |c| c.to_lowercase().next().unwrap_or(c))));
    put("json.is_valid", 1, |args| Ok(is_json(&args[0])));
}

thread_local! {
    /// Whether the policy that this thread evaluates is asked strictly.
    static STRICT: Cell<bool> = const { Cell::new(false) };
}

/// Says whether what is evaluated next on this thread is asked strictly.
pub(crate) fn strictly(strict: bool) {
    STRICT.set(strict);
}

/// The answer of one of our built-ins. If it has none (an operand is of a kind that it does not
/// take), a policy that is evaluated strictly gets an error, as with the engine's own built-ins:
/// otherwise the rule would be undefined, and would hide that data is missing.
pub(crate) fn answer(
    name: &str,
    args: &[Value],
    answer: Result<Value, String>,
) -> Result<Value, Refusal> {
    match answer {
        Ok(Value::Undefined) if STRICT.get() => {
            let kinds: Vec<&str> = args.iter().map(format::kind_name).collect();
            Err(Refusal(format!("`{name}` has no answer for ({})", kinds.join(", "))))
        }
        answer => answer.map_err(Refusal),
    }
}

/// Why a bounded built-in gave no answer.
#[derive(Debug)]
pub(crate) struct Refusal(String);

impl std::fmt::Display for Refusal {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refusal {}

/// An operand that must be a whole number. What is none makes the call undefined, as in OPA.
fn whole(value: &Value) -> Option<i64> {
    match value {
        Value::Number(_) => value.as_i64().ok(),
        _ => None,
    }
}

fn range(from: &Value, to: &Value, step: Option<&Value>) -> Result<Value, String> {
    let step = match step {
        Some(step) => whole(step).filter(|step| *step > 0),
        None => Some(1),
    };
    let (Some(from), Some(to), Some(step)) = (whole(from), whole(to), step) else {
        return Ok(Value::Undefined);
    };
    let count = (i128::from(to) - i128::from(from)).abs() / i128::from(step) + 1;
    if count > i128::from(MOST) {
        return Err(format!("a range of {count} numbers; at most {MOST} are given"));
    }
    let step = if to < from { -step } else { step };
    // Within the bounds of `from` and `to`, since the count was computed from them.
    let count = i64::try_from(count).unwrap_or(0);
    Ok(Value::from((0..count).map(|i| Value::from(from + i * step)).collect::<Vec<_>>()))
}

/// The first place of a text in another, in characters; −1 if it is not there. Nothing cannot be looked for.
fn index_of(text: &Value, what: &Value) -> Value {
    match (text, what) {
        (Value::String(text), Value::String(what)) if !what.is_empty() => {
            match text.find(&**what) {
                Some(at) => Value::from(text[..at].chars().count()),
                None => Value::from(-1i64),
            }
        }
        _ => Value::Undefined,
    }
}

/// How often a text occurs in another, without overlap.
fn occurrences(text: &Value, what: &Value) -> Value {
    match (text, what) {
        (Value::String(text), Value::String(what)) => Value::from(text.matches(&**what).count()),
        _ => Value::Undefined,
    }
}

/// A moment (nanoseconds since 1970, in UTC) moved by years, months and days. As in Go, a day that a month does
/// not have is one of the next month; the engine's own is undefined or takes the month's last day then.
fn add_date(at: &Value, years: &Value, months: &Value, days: &Value) -> Value {
    let (Some(at), Some(years), Some(months), Some(days)) =
        (whole(at), whole(years), whole(months), whole(days))
    else {
        return Value::Undefined;
    };
    moved(at, years, months, days).map_or(Value::Undefined, Value::from)
}

/// `None`: the moment has no number of 64 bits.
fn moved(at: i64, years: i64, months: i64, days: i64) -> Option<i64> {
    let then = Timestamp::from_nanosecond(i128::from(at)).ok()?.to_zoned(TimeZone::UTC);
    let months = i64::from(then.year())
        .checked_add(years)?
        .checked_mul(12)?
        .checked_add(i64::from(then.month()) - 1)?
        .checked_add(months)?;
    let year = i16::try_from(months.div_euclid(12)).ok()?;
    let month = i8::try_from(months.rem_euclid(12) + 1).ok()?;
    let days = days.checked_add(i64::from(then.day()) - 1)?;
    // A number of days that is no date is none of jiff's either.
    let days = i32::try_from(days).ok().filter(|days| days.abs() < 8_000_000)?;
    let date = Date::new(year, month, 1).ok()?.checked_add(days.days()).ok()?;
    let moved = date.to_datetime(then.time()).to_zoned(TimeZone::UTC).ok()?;
    i64::try_from(moved.timestamp().as_nanosecond()).ok()
}

/// A text with each character for itself, as Go does it: none becomes several.
fn by_character(text: &Value, change: fn(char) -> char) -> Value {
    match text {
        Value::String(text) => Value::from(text.chars().map(change).collect::<String>()),
        _ => Value::Undefined,
    }
}

/// What a character becomes, if that is one character.
fn one(from: char, mut to: impl ExactSizeIterator<Item = char>) -> char {
    if to.len() == 1 { to.next().unwrap_or(from) } else { from }
}

fn is_json(text: &Value) -> Value {
    let valid = |text: &str| serde_json::from_str::<serde::de::IgnoredAny>(text).is_ok();
    Value::Bool(matches!(text, Value::String(text) if valid(text)))
}

fn shift_left(value: &Value, by: &Value) -> Result<Value, String> {
    let (Some(value), Some(by)) = (whole(value), whole(by).filter(|by| *by >= 0)) else {
        return Ok(Value::Undefined);
    };
    let factor = u32::try_from(by).ok().filter(|by| *by < 64).map(|by| 1i128 << by);
    match factor.map(|factor| i128::from(value) * factor) {
        Some(shifted) => Ok(Value::from(shifted)),
        None if value == 0 => Ok(Value::from(0i64)),
        None => Err("a shift by more than 63 bits".to_owned()),
    }
}

fn cidr_expand(cidr: &Value) -> Result<Value, String> {
    let Some((address, bits)) = cidr.as_string().ok().and_then(|text| text.split_once('/')) else {
        return Ok(Value::Undefined);
    };
    let Ok(bits) = bits.parse::<u32>() else { return Ok(Value::Undefined) };
    let too_many = || Err(format!("more than {MOST} addresses"));
    // How many addresses, and whether they are few enough.
    let count = |width: u32| {
        1u128
            .checked_shl(width - bits)
            .filter(|n| i128::try_from(*n).is_ok_and(|n| n <= i128::from(MOST)))
    };
    let texts: Vec<String> = if let (Ok(address), true) = (address.parse::<Ipv4Addr>(), bits <= 32)
    {
        let Some(count) = count(32) else { return too_many() };
        let first = u128::from(u32::from(address)) / count * count;
        (first..first + count)
            .filter_map(|n| u32::try_from(n).ok())
            .map(|n| Ipv4Addr::from(n).to_string())
            .collect()
    } else if let (Ok(address), true) = (address.parse::<Ipv6Addr>(), bits <= 128) {
        let Some(count) = count(128) else { return too_many() };
        let first = u128::from(address) / count * count;
        (0..count).map(|n| Ipv6Addr::from(first + n).to_string()).collect()
    } else {
        return Ok(Value::Undefined);
    };
    Ok(Value::from(texts.into_iter().map(Value::from).collect::<std::collections::BTreeSet<_>>()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_call_is_named_with_its_place() {
        let d = refused("p.rego", "package p\n\nage := time.now_ns() - 5\n").unwrap();
        assert_eq!((d.code, d.line), (Code::PolicyMalformed, Some(3)));
        assert!(d.message.contains("time.now_ns") && d.help.unwrap().contains("input.now"));
        assert_eq!(d.excerpt.unwrap().len, 11);
        assert!(refused("p.rego", "package p\na := uuid.parse(x)").is_some());
        assert!(refused("p.rego", "package p\na := time.clock(x) # time.now_ns()").is_none());
    }

    #[test]
    fn what_grows_is_bounded() {
        let n = |n: i64| Value::from(n);
        assert!(range(&n(i64::MIN), &n(i64::MAX), None).is_err());
        assert_eq!(range(&n(3), &n(1), None), Ok(Value::from(vec![n(3), n(2), n(1)])));
        assert_eq!(range(&n(0), &n(5), Some(&n(2))), Ok(Value::from(vec![n(0), n(2), n(4)])));
        assert_eq!(range(&n(0), &n(5), Some(&n(0))), Ok(Value::Undefined));
        assert!(shift_left(&n(1), &n(1 << 40)).is_err());
        assert!(cidr_expand(&Value::from("::/0")).is_err());
        assert!(cidr_expand(&Value::from("10.0.0.0/8")).is_err());
        let hosts = cidr_expand(&Value::from("255.255.255.254/31")).unwrap();
        assert_eq!(hosts.as_set().unwrap().len(), 2);
        assert_eq!(cidr_expand(&Value::from("10.0.0.0/99")), Ok(Value::Undefined));
    }
}
