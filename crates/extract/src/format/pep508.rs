//! PEP 508: what one dependency line of Python asks for, and when its marker can hold.
//!
//! Traps: a URL ends at white space, because it may hold `;`; specifiers may stand in parentheses
//! (PEP 345 style); `==1.*` is a range and `===` compares texts; `extra`, `extras` and
//! `dependency_groups` in a marker are about what was asked for, everything else about the machine.

use trimtab_model::marker::{self, Operand};

/// One requirement, as slices of its text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Requirement<'t> {
    /// The package, as spelled.
    pub(super) name: &'t str,
    /// Extras that are asked for.
    pub(super) extras: Vec<&'t str>,
    /// Version specifiers, without parentheses; empty where any version will do.
    pub(super) specifiers: &'t str,
    /// `name @ url`.
    pub(super) url: Option<&'t str>,
    /// What follows `;`.
    pub(super) marker: Option<&'t str>,
}

impl<'t> Requirement<'t> {
    /// Reads a requirement. `None` if the text is none.
    pub(super) fn parse(text: &'t str) -> Option<Requirement<'t>> {
        let (name, rest) = take_name(text.trim())?;
        let mut rest = rest.trim_start();
        let mut extras = Vec::new();
        if let Some(inside) = rest.strip_prefix('[') {
            let (list, after) = inside.split_once(']')?;
            for extra in list.split(',').map(str::trim).filter(|e| !e.is_empty()) {
                let (extra, left) = take_name(extra)?;
                if !left.is_empty() {
                    return None;
                }
                extras.push(extra);
            }
            rest = after.trim_start();
        }
        if let Some(url) = rest.strip_prefix('@') {
            let url = url.trim_start();
            let end = url.find(char::is_whitespace).unwrap_or(url.len());
            let (url, after) = url.split_at(end);
            let after = after.trim_start();
            let marker = match after.strip_prefix(';') {
                Some(marker) => Some(marker.trim()),
                None if after.is_empty() => None,
                None => return None,
            };
            let known = !url.is_empty();
            return known.then_some(Requirement {
                name,
                extras,
                specifiers: "",
                url: Some(url),
                marker,
            });
        }
        let (specifiers, marker) = match rest.split_once(';') {
            Some((specifiers, marker)) => (specifiers.trim(), Some(marker.trim())),
            None => (rest.trim(), None),
        };
        let specifiers = match specifiers.strip_prefix('(') {
            Some(inside) => inside.strip_suffix(')')?.trim(),
            None => specifiers,
        };
        let valid = clauses(specifiers).all(|clause| clause.is_some());
        valid.then_some(Requirement { name, extras, specifiers, url: None, marker })
    }

    /// The one version that is asked for, if it is exactly one.
    pub(super) fn pin(&self) -> Option<&'t str> {
        pin(self.specifiers)
    }

    /// What is asked for, without the name: `>=1,<2; python_version < "3.8"`. `*` for anything.
    pub(super) fn asks(&self) -> String {
        let what = self.url.unwrap_or(self.specifiers);
        let what = if what.is_empty() { "*" } else { what };
        with_marker(what, self.marker)
    }
}

/// Joins what is asked for and a marker.
pub(super) fn with_marker(what: &str, marker: Option<&str>) -> String {
    match marker.filter(|m| !m.is_empty()) {
        Some(marker) => format!("{what}; {marker}"),
        None => what.to_owned(),
    }
}

/// The name at the start of a text, and the rest.
fn take_name(text: &str) -> Option<(&str, &str)> {
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
    let end = text.find(|c| !inner(c)).unwrap_or(text.len());
    let name = text.get(..end)?.trim_end_matches(['.', '_', '-']);
    let rest = text.get(name.len()..)?;
    name.starts_with(|c: char| c.is_ascii_alphanumeric()).then_some((name, rest))
}

/// The exact version among comma-separated specifiers, if there is one.
pub(super) fn pin(specifiers: &str) -> Option<&str> {
    clauses(specifiers).flatten().find_map(|(operator, version)| {
        let exact = operator == "===" || (operator == "==" && !version.contains('*'));
        exact.then_some(version)
    })
}

/// The clauses of a specifier list as operator and version; `None` for one that is not valid.
fn clauses(specifiers: &str) -> impl Iterator<Item = Option<(&str, &str)>> {
    specifiers.split(',').map(str::trim).filter(|c| !c.is_empty()).map(|clause| {
        let operator = ["===", "==", "~=", "!=", "<=", ">=", "<", ">"]
            .into_iter()
            .find(|operator| clause.starts_with(operator))?;
        let version = clause.get(operator.len()..)?.trim();
        let part =
            |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '*' | '+' | '!' | '_' | '-');
        let digits = version.trim_start_matches(['v', 'V']);
        let valid = if operator == "===" {
            !version.is_empty() && !version.contains(char::is_whitespace)
        } else {
            digits.starts_with(|c: char| c.is_ascii_digit()) && version.chars().all(part)
        };
        valid.then_some((operator, version))
    })
}

/// What a marker asks about besides the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked<'t> {
    /// An extra of the package.
    Extra(&'t str),
    /// A dependency group of the project.
    Group(&'t str),
}

/// Whether a marker can hold on some machine, when `selected` says which extras and groups are
/// asked for. A marker that is not understood can hold.
pub(super) fn may_hold(marker: &str, selected: &dyn Fn(Asked<'_>) -> bool) -> bool {
    let answer = marker::holds(marker, &|is| {
        let asked = match (is.left, is.right) {
            (Operand::Name("extra"), Operand::Text(name))
            | (Operand::Text(name), Operand::Name("extra" | "extras")) => Asked::Extra(name),
            (Operand::Text(name), Operand::Name("dependency_groups")) => Asked::Group(name),
            _ => return Some(true),
        };
        let selected = selected(asked);
        Some(if matches!(is.operator, "!=" | "not in") { !selected } else { selected })
    });
    answer.unwrap_or(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_taken_apart() {
        let r = Requirement::parse(
            "requests [security, socks] >= 2.8.1, == 2.8.* ; python_version < \"2.7\"",
        )
        .unwrap();
        assert_eq!(
            (r.name, r.extras.as_slice(), r.specifiers),
            ("requests", &["security", "socks"][..], ">= 2.8.1, == 2.8.*")
        );
        assert_eq!(r.marker, Some("python_version < \"2.7\""));
        assert_eq!(r.pin(), None);
        let r = Requirement::parse("pip @ https://example.org/pip;1.zip ; extra == 'x'").unwrap();
        assert_eq!(
            (r.url, r.marker),
            (Some("https://example.org/pip;1.zip"), Some("extra == 'x'"))
        );
        assert_eq!(Requirement::parse("a(==1.0)").unwrap().pin(), Some("1.0"));
        assert_eq!(Requirement::parse("a===weird/1").unwrap().pin(), Some("weird/1"));
        assert_eq!(Requirement::parse("a>=1,==1.5").unwrap().pin(), Some("1.5"));
        assert_eq!(Requirement::parse("a.b_c").unwrap().asks(), "*");
    }

    #[test]
    fn what_is_no_requirement_is_refused() {
        for text in [
            "",
            "==1.0",
            "a==",
            "a 1.0",
            "a=='1'",
            "a==1.0 b",
            "foo|bar==1",
            "a[b==1",
            "-x",
            "a==x-1",
            "a @",
            "é",
        ] {
            assert_eq!(Requirement::parse(text), None, "{text}");
        }
    }

    #[test]
    fn markers_say_whether_they_can_hold() {
        let none = |_: Asked<'_>| false;
        let dev = |asked: Asked<'_>| asked == Asked::Group("dev");
        assert!(may_hold("python_version < '3.8'", &none));
        assert!(!may_hold("extra == 'x' and os_name == \"nt\"", &none));
        assert!(may_hold("extra == 'x' or os_name == 'nt'", &none));
        assert!(may_hold("('x' in extras or 'dev' in dependency_groups)", &dev));
        assert!(!may_hold("'dev' not in dependency_groups", &dev));
        assert!(may_hold("extra != 'x'", &none));
        assert!(may_hold("nonsense (", &none));
        assert!(may_hold(&"(".repeat(100_000), &none));
    }
}
