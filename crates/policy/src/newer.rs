//! Built-ins that OPA has and the engine does not have yet, or implements differently.

use std::net::IpAddr;

use regorus::{Engine, Value};

use crate::guard::answer;

/// Gives an engine the newer built-ins.
pub(crate) fn install(engine: &mut Engine) {
    let mut put = |name: &'static str, count: u8, work: fn(&[Value]) -> Option<Value>| {
        let work = move |args: Vec<Value>| {
            let value = work(&args).unwrap_or(Value::Undefined);
            Ok(answer(name, &args, Ok(value))?)
        };
        // The name is free in a new engine.
        let _ = engine.add_extension(name.to_owned(), count, Box::new(work));
    };
    put("array.flatten", 1, |args| flatten(args.first()?));
    put("strings.split_n", 3, |args| split_n(args.first()?, args.get(1)?, args.get(2)?));
    put("strings.replace_n", 2, |args| replace_n(args.first()?, args.get(1)?));
    put("time.parse_duration_ns", 1, |args| {
        duration(args.first()?.as_string().ok()?).map(Value::from)
    });
    put("net.cidr_intersects", 2, |args| {
        let (a, b) = (Network::read(args.first()?)?, Network::read(args.get(1)?)?);
        Some(Value::Bool(a.holds(b.first, b.four) || b.holds(a.first, a.four)))
    });
}

/// An array with the elements of its arrays in their place.
fn flatten(array: &Value) -> Option<Value> {
    let one = |value: &Value| match value {
        Value::Array(inner) => inner.iter().cloned().collect(),
        other => vec![other.clone()],
    };
    Some(Value::from(array.as_array().ok()?.iter().flat_map(one).collect::<Vec<_>>()))
}

/// The first parts of a text, or the last ones where the number is negative.
fn split_n(text: &Value, by: &Value, n: &Value) -> Option<Value> {
    let (text, by) = (text.as_string().ok()?, by.as_string().ok()?);
    let Value::Number(_) = n else { return None };
    let n = n.as_i64().ok()?;
    let parts: Vec<Value> = match &**by {
        "" => text.chars().map(|c| Value::from(c.to_string())).collect(),
        by => text.split(by).map(Value::from).collect(),
    };
    let taken = usize::try_from(n.unsigned_abs()).unwrap_or(usize::MAX).min(parts.len());
    let from = if n < 0 { parts.len() - taken } else { 0 };
    Some(Value::from(parts.into_iter().skip(from).take(taken).collect::<Vec<_>>()))
}

/// A text with every pattern replaced, in one pass: at each place the first pattern, by order, that
/// occurs there. What was put in is not searched again.
fn replace_n<'p>(patterns: &'p Value, text: &Value) -> Option<Value> {
    let pairs = patterns.as_object().ok()?.iter();
    let pair = |(old, new): (&'p Value, &'p Value)| {
        Some((&**old.as_string().ok()?, &**new.as_string().ok()?))
    };
    let pairs: Vec<(&str, &str)> = pairs.map(pair).collect::<Option<_>>()?;
    let text = text.as_string().ok()?;
    let (mut out, mut rest, mut after_nothing) = (String::new(), &**text, false);
    loop {
        let fits =
            |(old, _): &&(&str, &str)| rest.starts_with(old) && !(old.is_empty() && after_nothing);
        if let Some((old, new)) = pairs.iter().find(fits) {
            out.push_str(new);
            rest = rest.get(old.len()..)?;
            after_nothing = old.is_empty();
            if out.len() > MOST_TEXT {
                return None;
            }
            continue;
        }
        after_nothing = false;
        let Some(next) = rest.chars().next() else { break };
        out.push(next);
        rest = rest.get(next.len_utf8()..)?;
    }
    Some(Value::from(out))
}

/// The longest text that `strings.replace_n` gives, in bytes.
const MOST_TEXT: usize = 64 << 20;

/// Nanoseconds of a duration as Go writes it (`1h30m`, `-2.5s`), with days, weeks and years as well.
fn duration(text: &str) -> Option<i64> {
    const UNITS: &[(&str, i128)] = &[
        ("ns", 1),
        ("us", 1_000),
        ("µs", 1_000),
        ("μs", 1_000),
        ("ms", 1_000_000),
        ("s", 1_000_000_000),
        ("m", 60_000_000_000),
        ("h", 3_600_000_000_000),
        ("d", 24 * 3_600_000_000_000),
        ("w", 7 * 24 * 3_600_000_000_000),
        ("y", 365 * 24 * 3_600_000_000_000),
    ];
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    if rest == "0" {
        return Some(0);
    }
    if rest.is_empty() {
        return None;
    }
    let mut sum = 0i128;
    while !rest.is_empty() {
        let number = rest.bytes().take_while(|b| b.is_ascii_digit() || *b == b'.').count();
        let (number, after) = rest.split_at_checked(number)?;
        let unit = after.find(|c: char| c.is_ascii_digit() || c == '.').unwrap_or(after.len());
        let (unit, after) = after.split_at_checked(unit)?;
        let (_, unit) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let (whole, part) = number.split_once('.').unwrap_or((number, ""));
        if part.contains('.') || (whole.is_empty() && part.is_empty()) {
            return None;
        }
        let whole: i128 = if whole.is_empty() { 0 } else { whole.parse().ok()? };
        sum = sum.checked_add(whole.checked_mul(*unit)?)?;
        // Beyond eighteen digits a part of a year is no nanosecond.
        let part = part.get(..part.len().min(18))?;
        if !part.is_empty() {
            let scale = 10i128.checked_pow(u32::try_from(part.len()).ok()?)?;
            sum = sum.checked_add(part.parse::<i128>().ok()?.checked_mul(*unit)? / scale)?;
        }
        rest = after;
    }
    i64::try_from(sum * sign).ok()
}

/// A block of addresses: its first one, its mask, and whether it is of the fourth version.
#[derive(Debug, Clone, Copy)]
struct Network {
    first: u128,
    mask: u128,
    four: bool,
}

impl Network {
    fn read(text: &Value) -> Option<Network> {
        let (address, bits) = text.as_string().ok()?.split_once('/')?;
        let bits: u32 = bits.parse().ok()?;
        let (address, width, four): (u128, u32, bool) = match address.parse().ok()? {
            IpAddr::V4(address) => (u128::from(u32::from(address)), 32, true),
            IpAddr::V6(address) => (u128::from(address), 128, false),
        };
        let free = u128::MAX.checked_shr(128 - width.checked_sub(bits).filter(|_| bits <= width)?);
        let mask = !free.unwrap_or(0);
        Some(Network { first: address & mask, mask, four })
    }

    fn holds(self, address: u128, four: bool) -> bool {
        self.four == four && address & self.mask == self.first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn networks_meet_or_do_not() {
        let meet = |a: &str, b: &str| {
            let (a, b) = (Network::read(&a.into()).unwrap(), Network::read(&b.into()).unwrap());
            a.holds(b.first, b.four) || b.holds(a.first, a.four)
        };
        assert!(meet("10.0.0.0/8", "10.1.2.0/24") && meet("10.1.2.0/24", "10.0.0.0/8"));
        assert!(meet("0.0.0.0/0", "255.255.255.255/32") && meet("::/0", "fe80::1/128"));
        assert!(!meet("10.0.0.0/9", "10.128.0.0/9") && !meet("0.0.0.0/0", "::/0"));
        for wrong in ["10.0.0.0", "10.0.0.0/33", "::/129", "x/8", "10.0.0.0/-1"] {
            assert!(Network::read(&wrong.into()).is_none(), "{wrong}");
        }
    }

    #[test]
    fn durations_are_read_as_go_writes_them() {
        let hour = 3_600_000_000_000;
        for (text, want) in [
            ("1h30m", Some(hour * 3 / 2)),
            ("-1.5h", Some(-hour * 3 / 2)),
            ("1d2h", Some(hour * 26)),
            ("0", Some(0)),
            (".5s", Some(500_000_000)),
            ("1µs", Some(1_000)),
            ("9999999y", None),
            ("1", None),
            ("", None),
            ("-", None),
            ("1.2.3s", None),
            ("s", None),
            (".s", None),
            ("1 h", None),
        ] {
            assert_eq!(duration(text), want, "{text}");
        }
    }

    #[test]
    fn what_was_put_in_is_not_replaced_again() {
        let given = |patterns: &str, text: &str| {
            replace_n(&Value::from_json_str(patterns).unwrap(), &text.into()).unwrap()
        };
        assert_eq!(given(r#"{"a": "b", "b": "a"}"#, "abba"), "baab".into());
        assert_eq!(given(r#"{"ab": "X", "a": "Y"}"#, "abé"), "Ybé".into());
        assert_eq!(given(r#"{"": "-"}"#, "ab"), "-a-b-".into());
        assert_eq!(given("{}", "ab"), "ab".into());
    }

    #[test]
    fn parts_are_taken_from_either_end() {
        let parts = |n: i64| split_n(&"a-b-c".into(), &"-".into(), &n.into()).unwrap();
        let texts =
            |all: &[&str]| Value::from(all.iter().map(|t| Value::from(*t)).collect::<Vec<_>>());
        assert_eq!(parts(2), texts(&["a", "b"]));
        assert_eq!(parts(-1), texts(&["c"]));
        assert_eq!((parts(0), parts(i64::MIN)), (texts(&[]), texts(&["a", "b", "c"])));
    }
}
