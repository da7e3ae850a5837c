//! Whether a marker of a Python requirement (PEP 508) holds in an environment: `python_version < "3.8" and os_name == "nt"`.

use std::collections::BTreeMap;

use trimtab_model::marker::{self, Comparison, Operand};

use super::confirm::allows;

/// What is compared as a version, and not as a text.
const VERSIONS: &[&str] = &["python_version", "python_full_version", "implementation_version"];

/// What markers ask about, by name: `os_name` is `posix`.
pub(super) type Environment = BTreeMap<String, String>;

/// Whether a marker holds. `None`: it is not understood, or asks for what is not known of the environment.
pub(super) fn holds(marker: &str, environment: &Environment) -> Option<bool> {
    marker::holds(marker, &|is| comes_to(is, environment))
}

/// What a comparison comes to.
fn comes_to(is: Comparison<'_>, environment: &Environment) -> Option<bool> {
    let (a, b) = (value(is.left, environment)?, value(is.right, environment)?);
    match is.operator {
        "in" => return Some(b.contains(a)),
        "not in" => return Some(!b.contains(a)),
        _ => {}
    }
    let is_version =
        |side: Operand<'_>| matches!(side, Operand::Name(name) if VERSIONS.contains(&name));
    if is_version(is.left) {
        return allows("pypi", &format!("{}{b}", is.operator), a);
    }
    if is_version(is.right) {
        // `"3.8" > python_version`
        let turned = match is.operator {
            "<" => ">",
            "<=" => ">=",
            ">" => "<",
            ">=" => "<=",
            other => other,
        };
        return allows("pypi", &format!("{turned}{a}"), b);
    }
    match is.operator {
        "==" | "===" => Some(a == b),
        "!=" => Some(a != b),
        "<" => Some(a < b),
        "<=" => Some(a <= b),
        ">" => Some(a > b),
        ">=" => Some(a >= b),
        _ => None,
    }
}

fn value<'v>(side: Operand<'v>, environment: &'v Environment) -> Option<&'v str> {
    match side {
        Operand::Text(text) => Some(text),
        Operand::Name(name) => environment.get(name).map(String::as_str),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Expected values are those of PEP 508 for CPython 3.11 on Linux.
    #[test]
    fn markers_hold_or_not() {
        let environment: Environment = [
            ("python_version", "3.11"),
            ("python_full_version", "3.11.4"),
            ("os_name", "posix"),
            ("sys_platform", "linux"),
            ("platform_machine", "x86_64"),
            ("platform_python_implementation", "CPython"),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into();
        for (marker, answer) in [
            ("python_version < '3.8'", Some(false)),
            // As a text, 3.11 would be before 3.8.
            ("python_version >= \"3.8\"", Some(true)),
            ("'3.8' <= python_version", Some(true)),
            ("\"3.12\" > python_version", Some(true)),
            ("python_version == '3.*'", Some(true)),
            ("python_version ~= '3.8'", Some(true)),
            ("python_version in '3.6 3.7'", Some(false)),
            ("python_version not in '3.6,3.7'", Some(true)),
            ("python_full_version<'3.11.5'", Some(true)),
            ("sys_platform=='win32'", Some(false)),
            (
                "sys_platform != 'win32' and (os_name == 'nt' or platform_machine == 'x86_64')",
                Some(true),
            ),
            ("os_name == 'nt' or sys_platform == 'win32' and python_version > '3'", Some(false)),
            ("'linux' in sys_platform", Some(true)),
            ("platform_python_implementation != 'PyPy'", Some(true)),
            ("extra == 'x'", None),
            ("platform_release > '5'", None),
            ("python_version", None),
            ("python_version < 3.8", None),
            ("(python_version < '3.8'", None),
            ("python_version < '3.8", None),
            ("", None),
        ] {
            assert_eq!(holds(marker, &environment), answer, "{marker}");
        }
        let deep = format!("{}os_name == 'nt'{}", "(".repeat(1_000), ")".repeat(1_000));
        assert_eq!(holds(&deep, &environment), None);
    }
}
