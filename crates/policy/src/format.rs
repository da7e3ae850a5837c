//! `sprintf`, as OPA has it: the verbs of Go's `fmt`. The engine's own supports only a few of them,
//! and pads to any width.

use regorus::Value;

/// The widest field and the greatest precision.
const WIDEST: usize = 9_999;
/// The longest text that comes out, in bytes.
const LONGEST: usize = 16 << 20;

/// Formats. What is no string with an array is undefined.
///
/// # Errors
/// A field, or the whole, would be too long.
pub(crate) fn sprintf(format: &Value, args: &Value) -> Result<Value, String> {
    let (Value::String(format), Value::Array(args)) = (format, args) else {
        return Ok(Value::Undefined);
    };
    let args: Vec<&Value> = args.iter().collect();
    let mut out = String::new();
    let mut next = 0;
    let mut reordered = false;
    let mut rest = &**format;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let (verb, after) = Verb::read(&rest[at + 1..], &args, &mut next, &mut reordered)?;
        rest = after;
        verb.write(&args, &mut next, &mut out)?;
        bounded(&out)?;
    }
    out.push_str(rest);
    if next < args.len() && !reordered {
        out.push_str("%!(EXTRA ");
        for (i, arg) in args[next..].iter().enumerate() {
            out.push_str(if i > 0 { ", " } else { "" });
            out.push_str(&format!("{}={}", kind(arg), plain(arg)?));
            bounded(&out)?;
        }
        out.push(')');
    }
    Ok(Value::from(out))
}

fn bounded(out: &str) -> Result<(), String> {
    if out.len() > LONGEST {
        return Err(format!("`sprintf` gives more than {} MB", LONGEST >> 20));
    }
    Ok(())
}

/// A verb with its flags, width and precision: `%-8.3f`.
#[derive(Debug, Default)]
struct Verb {
    left: bool,
    plus: bool,
    space: bool,
    zero: bool,
    alternate: bool,
    width: Option<usize>,
    precision: Option<usize>,
    /// `None`: the format ends before it.
    letter: Option<char>,
    /// `[n]` named an argument that is not there.
    bad_index: bool,
}

impl Verb {
    /// Reads what follows a `%`, and gives the rest.
    fn read<'f>(
        text: &'f str,
        args: &[&Value],
        next: &mut usize,
        reordered: &mut bool,
    ) -> Result<(Verb, &'f str), String> {
        let mut verb = Verb::default();
        let mut rest = text;
        loop {
            match rest.bytes().next() {
                Some(b'-') => (verb.left, verb.zero) = (true, false),
                Some(b'+') => verb.plus = true,
                Some(b' ') => verb.space = true,
                Some(b'0') => verb.zero = !verb.left,
                Some(b'#') => verb.alternate = true,
                _ => break,
            }
            rest = &rest[1..];
        }
        rest = verb.index(rest, args.len(), next, reordered);
        (verb.width, rest) = number(rest, args, next)?;
        if let Some(after) = rest.strip_prefix('.') {
            let (precision, after) = number(after, args, next)?;
            verb.precision = Some(precision.unwrap_or(0));
            rest = after;
        }
        rest = verb.index(rest, args.len(), next, reordered);
        verb.letter = rest.chars().next();
        let rest = &rest[verb.letter.map_or(0, char::len_utf8)..];
        Ok((verb, rest))
    }

    /// `[2]`: the next argument is the second.
    fn index<'f>(
        &mut self,
        text: &'f str,
        count: usize,
        next: &mut usize,
        reordered: &mut bool,
    ) -> &'f str {
        let Some((index, rest)) = text.strip_prefix('[').and_then(|text| text.split_once(']'))
        else {
            return text;
        };
        *reordered = true;
        match index.parse::<usize>() {
            Ok(index) if (1..=count).contains(&index) => *next = index - 1,
            _ => self.bad_index = true,
        }
        rest
    }

    fn write(&self, args: &[&Value], next: &mut usize, out: &mut String) -> Result<(), String> {
        let letter = match self.letter {
            None => {
                out.push_str("%!(NOVERB)");
                return Ok(());
            }
            Some('%') => {
                out.push('%');
                return Ok(());
            }
            Some(letter) => letter,
        };
        if self.bad_index {
            out.push_str(&format!("%!{letter}(BADINDEX)"));
            return Ok(());
        }
        let Some(arg) = args.get(*next) else {
            out.push_str(&format!("%!{letter}(MISSING)"));
            return Ok(());
        };
        *next += 1;
        match self.value(letter, arg)? {
            Some(text) => out.push_str(&text),
            None if letter == 'T' => out.push_str(&self.padded(kind(arg).to_owned())),
            None => {
                let value = self.value('v', arg)?.unwrap_or_default();
                out.push_str(&format!("%!{letter}({}={value})", kind(arg)));
            }
        }
        Ok(())
    }

    /// An argument by a verb; `None`: the verb is not for it.
    fn value(&self, letter: char, arg: &Value) -> Result<Option<String>, String> {
        Ok(match arg {
            Value::Number(_) if digits(arg, 10).is_some() => self.whole(letter, arg),
            Value::Number(_) => self.real(letter, arg.as_f64().unwrap_or(f64::NAN)),
            _ => self.text(letter, &plain(arg)?),
        })
    }

    /// Text; `None`: the verb is not for text.
    fn text(&self, letter: char, text: &str) -> Option<String> {
        let cut: String = match self.precision {
            Some(most) => text.chars().take(most).collect(),
            None => text.to_owned(),
        };
        Some(self.padded(match letter {
            's' | 'v' => cut,
            'q' => quoted(&cut),
            'x' => cut.bytes().map(|b| format!("{b:02x}")).collect(),
            'X' => cut.bytes().map(|b| format!("{b:02X}")).collect(),
            _ => return None,
        }))
    }

    /// A whole number; `None`: the verb is not for one.
    fn whole(&self, letter: char, value: &Value) -> Option<String> {
        let small = value.as_i64().ok();
        let radix = match letter {
            'd' | 'v' => 10,
            // What does not fit into 64 bits is Go's `big.Int`, which knows `%s`.
            's' if small.is_none() => 10,
            'b' => 2,
            'o' | 'O' => 8,
            'x' | 'X' => 16,
            'c' => return Some(self.padded(character(small?).into())),
            'q' => return Some(self.padded(format!("'{}'", character(small?)))),
            'U' => return Some(self.padded(format!("U+{:04X}", small?))),
            _ => return None,
        };
        let (negative, mut text) = digits(value, radix)?;
        if letter == 'X' {
            text.make_ascii_uppercase();
        }
        let prefix = match (letter, self.alternate) {
            ('O', _) => "0o",
            ('o', true) => "0",
            ('x', true) => "0x",
            ('X', true) => "0X",
            ('b', true) => "0b",
            _ => "",
        };
        if let Some(least) = self.precision {
            text = format!("{text:0>least$}");
        }
        let pads = self.zero && self.precision.is_none();
        Some(self.signed(negative, prefix, &text, pads))
    }

    /// A number with a fraction; `None`: the verb is not for one.
    fn real(&self, letter: char, value: f64) -> Option<String> {
        let size = value.abs();
        let text = match letter {
            'f' | 'F' => format!("{size:.*}", self.precision.unwrap_or(6)),
            'e' | 'E' => scientific(size, Some(self.precision.unwrap_or(6))),
            'g' | 'G' | 'v' => general(size, self.precision),
            _ => return None,
        };
        let text = if matches!(letter, 'E' | 'G') { text.to_uppercase() } else { text };
        Some(self.signed(value.is_sign_negative(), "", &text, self.zero))
    }

    fn signed(&self, negative: bool, prefix: &str, digits: &str, zeros: bool) -> String {
        let sign = match (negative, self.plus, self.space) {
            (true, ..) => "-",
            (false, true, _) => "+",
            (false, false, true) => " ",
            _ => "",
        };
        match self.width {
            Some(width) if zeros => {
                let width = width.saturating_sub(sign.len());
                format!("{sign}{prefix}{digits:0>width$}")
            }
            _ => self.padded(format!("{sign}{prefix}{digits}")),
        }
    }

    fn padded(&self, text: String) -> String {
        match self.width {
            Some(width) if self.left => format!("{text:<width$}"),
            Some(width) if self.zero => format!("{text:0>width$}"),
            Some(width) => format!("{text:>width$}"),
            None => text,
        }
    }
}

/// A number that is written out, or `*` for one that is an argument.
fn number<'f>(
    text: &'f str,
    args: &[&Value],
    next: &mut usize,
) -> Result<(Option<usize>, &'f str), String> {
    let too_wide = |n: usize| match n {
        n if n > WIDEST => Err(format!("a field of `sprintf` is at most {WIDEST} characters wide")),
        n => Ok(Some(n)),
    };
    if let Some(rest) = text.strip_prefix('*') {
        let given = args.get(*next).and_then(|arg| arg.as_i64().ok());
        *next += 1;
        let given = given.and_then(|n| usize::try_from(n).ok());
        return Ok((given.map_or(Ok(None), too_wide)?, rest));
    }
    let end = text.bytes().take_while(u8::is_ascii_digit).count();
    let (digits, rest) = text.split_at(end);
    if digits.is_empty() {
        return Ok((None, rest));
    }
    Ok((too_wide(digits.parse().unwrap_or(usize::MAX))?, rest))
}

/// The digits of a whole number, and whether it is negative. `None`: it is none.
fn digits(value: &Value, radix: u32) -> Option<(bool, String)> {
    let Value::Number(number) = value else { return None };
    if !number.is_integer() {
        return None;
    }
    let text = match number.as_i64() {
        Some(small) => {
            let size = small.unsigned_abs();
            let text = match radix {
                2 => format!("{size:b}"),
                8 => format!("{size:o}"),
                16 => format!("{size:x}"),
                _ => size.to_string(),
            };
            return Some((small < 0, text));
        }
        None => number.to_big().ok()?.to_str_radix(radix),
    };
    match text.strip_prefix('-') {
        Some(text) => Some((true, text.to_owned())),
        None => Some((false, text)),
    }
}

fn character(code: i64) -> char {
    u32::try_from(code).ok().and_then(char::from_u32).unwrap_or(char::REPLACEMENT_CHARACTER)
}

/// `1.5e+03`, with as many digits as are needed or requested.
fn scientific(size: f64, precision: Option<usize>) -> String {
    let text = match precision {
        Some(precision) => format!("{size:.precision$e}"),
        None => format!("{size:e}"),
    };
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    format!("{mantissa}e{sign}{exponent:0>2}")
}

/// The shorter of `%e` and `%f`, as Go chooses.
fn general(size: f64, precision: Option<usize>) -> String {
    let digits = precision.map(|p| p.max(1));
    let text = scientific(size, digits.map(|d| d - 1));
    let Some((mantissa, exponent)) = text.split_once('e') else { return text };
    let exponent: i32 = exponent.parse().unwrap_or(0);
    let whole = |text: &str| match text.contains('.') {
        true => text.trim_end_matches('0').trim_end_matches('.').to_owned(),
        false => text.to_owned(),
    };
    // Without a precision the choice is made as if it were 6.
    let most = digits.map_or(6, |d| i32::try_from(d).unwrap_or(i32::MAX));
    if exponent < -4 || exponent >= most {
        let sign = if exponent < 0 { '-' } else { '+' };
        return format!("{}e{sign}{:02}", whole(mantissa), exponent.abs());
    }
    match digits {
        Some(digits) => {
            let after =
                usize::try_from(i32::try_from(digits).unwrap_or(0) - 1 - exponent).unwrap_or(0);
            whole(&format!("{size:.after$}"))
        }
        None => format!("{size}"),
    }
}

/// The name that Go gives what an argument becomes.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Number(_) if value.as_i64().is_ok() => "int64",
        Value::Number(_) if digits(value, 10).is_some() => "*big.Int",
        Value::Number(_) => "float64",
        _ => "string",
    }
}

/// The kind of a value, as `type_name` has it.
pub(crate) fn kind_name(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Set(_) => "set",
        Value::Object(_) => "object",
        Value::Undefined => "undefined",
    }
}

/// A value as text: a string as it is, anything else as Rego writes it.
fn plain(value: &Value) -> Result<String, String> {
    match value {
        Value::String(text) => Ok(text.to_string()),
        _ => {
            let mut out = String::new();
            term(value, &mut out)?;
            Ok(out)
        }
    }
}

fn term(value: &Value, out: &mut String) -> Result<(), String> {
    bounded(out)?;
    match value {
        Value::Null => out.push_str("null"),
        Value::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
        Value::Number(_) => match digits(value, 10) {
            Some((negative, digits)) => {
                out.push_str(if negative { "-" } else { "" });
                out.push_str(&digits);
            }
            None => out.push_str(&value.as_f64().unwrap_or(f64::NAN).to_string()),
        },
        Value::String(text) => out.push_str(&quoted(text)),
        Value::Array(array) => {
            out.push('[');
            list(array.iter(), out)?;
            out.push(']');
        }
        Value::Set(set) if set.iter().next().is_none() => out.push_str("set()"),
        Value::Set(set) => {
            out.push('{');
            list(set.iter(), out)?;
            out.push('}');
        }
        Value::Object(object) => {
            out.push('{');
            for (i, (key, value)) in object.iter().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                term(key, out)?;
                out.push_str(": ");
                term(value, out)?;
            }
            out.push('}');
        }
        Value::Undefined => out.push_str("<undefined>"),
    }
    Ok(())
}

fn list<'v>(values: impl Iterator<Item = &'v Value>, out: &mut String) -> Result<(), String> {
    for (i, value) in values.enumerate() {
        out.push_str(if i > 0 { ", " } else { "" });
        term(value, out)?;
    }
    Ok(())
}

/// Text in quotes, as Go writes it.
fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            '\n' => out.push_str("\\n"),
            '\t' => out.push_str("\\t"),
            '\r' => out.push_str("\\r"),
            '\u{7}' => out.push_str("\\a"),
            '\u{8}' => out.push_str("\\b"),
            '\u{b}' => out.push_str("\\v"),
            '\u{c}' => out.push_str("\\f"),
            c if c.is_ascii_control() => out.push_str(&format!("\\x{:02x}", u32::from(c))),
            c if c.is_control() => out.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(format: &str, args: &str) -> Result<String, String> {
        let value = sprintf(&Value::from(format), &Value::from_json_str(args).unwrap())?;
        Ok(value.as_string().unwrap().to_string())
    }

    #[test]
    fn no_field_and_no_text_is_endless() {
        assert!(format("%99999999999999999999d", "[1]").is_err());
        assert!(format("%.99999d", "[1]").is_err());
        assert!(format("%*d", "[100000, 1]").is_err());
        assert_eq!(format("%9999d", "[1]").unwrap().len(), 9999);
        let long = format!("[{:?}]", "a".repeat(LONGEST / 4));
        assert!(format(&"%[1]s".repeat(5), &long).is_err());
    }

    #[test]
    fn verbs_are_those_of_go() {
        // What Go 1.26 prints; OPA hands it whole numbers as `int64`.
        for (text, args, want) in [
            ("%05s|%-05d|%+05d|% d|%x", r#"["ab", 5, 5, 5, "hi"]"#, "000ab|5    |+0005| 5|6869"),
            (
                "%.3d|%8.3d|%08.3f|%+.2e",
                "[5, 5, 3.14159, 12345.678]",
                "005|     005|0003.142|+1.23e+04",
            ),
            (
                "%#x|%U|%q|%6.2f%%|%5t",
                r#"[255, 128512, 65, 12.3456, "x"]"#,
                "0xff|U+1F600|'A'| 12.35%|%!t(string=    x)",
            ),
            ("%05v|%.3v|%v|%G", "[7, 3.14159, -0.0001, 1e-10]", "00007|3.14|-0.0001|1E-10"),
            ("%[2]d %[1]d|%[3]d|%*d|%d", "[1, 2, 5, 42]", "2 1|5|%!d(MISSING)|%!d(MISSING)"),
            (
                "%d %s %z %!",
                r#"["a", 1, 3]"#,
                "%!d(string=a) %!s(int64=1) %!z(int64=3) %!!(MISSING)",
            ),
            (
                "%-8q|%8q|%.2s|%.10f|%g",
                r#"["a", "é\n", "äöü", 0.1, 1e100]"#,
                "\"a\"     |   \"é\\n\"|äö|0.1000000000|1e+100",
            ),
            (
                "%.3g|%.10g|%g|%o|%O|%b|%c|%T",
                "[1234.5678, 1234.5678, 2.5, 8, 8, 5, 19990, 1.5]",
                "1.23e+03|1234.5678|2.5|10|0o10|101|世|float64",
            ),
            ("%v %g %v", "[123456789.5, 100000.5, 0.00001]", "1.234567895e+08 100000.5 1e-05"),
            ("%s%", "[]", "%!s(MISSING)%!(NOVERB)"),
            ("a", r#"[1, "b"]"#, "a%!(EXTRA int64=1, string=b)"),
            ("%x", "[-255]", "-ff"),
            (
                "%v %s",
                r#"[{"b": [null, "q\""], "a": 1.5}, true]"#,
                "{\"a\": 1.5, \"b\": [null, \"q\\\"\"]} true",
            ),
        ] {
            assert_eq!(format(text, args).as_deref(), Ok(want), "{text}");
        }
    }

    proptest::proptest! {
        #[test]
        fn any_format_is_read(text in "[%a-zA-Z0-9.*+# \\[\\]é-]{0,20}") {
            // Fields of more than four digits are refused; nothing else is.
            let _ = format(&text, "[1, 2.5, \"é\", null, [1, {\"a\": -1e300}], 123456789012345678901234567890]");
        }
    }
}
