//! `.grype.yaml`: `ignore`, a list of rules all of whose members must match. A rule with a member
//! that an exception does not have (state of the fix, namespace, VEX, kind of match, upstream name)
//! would be widened by leaving it away, and is left out; so is a package by name alone.

use super::yaml::{self, Node};
use super::{Reading, Rule, package};

/// Members of a rule and of its package that are taken over, or that do not narrow it.
const KNOWN: [&str; 4] = ["vulnerability", "reason", "package", "include-aliases"];
const KNOWN_OF_PACKAGE: [&str; 5] = ["name", "version", "type", "language", "location"];

pub(super) fn read(text: &str, reading: &mut Reading<'_>) {
    let root = match yaml::parse(text) {
        Ok(root) => root,
        Err(fault) => return reading.malformed(fault),
    };
    for rule in root.get("ignore").map(Node::items).unwrap_or_default() {
        take(rule, reading);
    }
}

fn take(rule: &Node, reading: &mut Reading<'_>) {
    let line = rule.line();
    let text = |node: Option<&Node>| {
        node.and_then(Node::text).map(str::to_owned).filter(|t| !t.is_empty())
    };
    let of = rule.get("package");
    let other = |node: &Node, known: &[&str]| {
        node.entries()
            .iter()
            .find(|(key, value)| !known.contains(&&**key) && !value.is_empty())
            .map(|(key, _)| key.clone())
    };
    let unknown = other(rule, &KNOWN).or_else(|| of.and_then(|of| other(of, &KNOWN_OF_PACKAGE)));
    if let Some(member) = unknown {
        reading.cannot(line, &format!("the condition `{member}`"));
        return;
    }
    let of = |key| text(of.and_then(|of| of.get(key)));
    let name = of("name");
    let named = match (&name, of("type").or_else(|| of("language"))) {
        (None, _) => None,
        (Some(name), Some(kind)) if plain(name) => {
            match package(&kind, name, of("version").as_deref()) {
                Some(package) => Some(package),
                None => {
                    reading.cannot(line, &format!("the package `{name}` of type {kind}"));
                    return;
                }
            }
        }
        (Some(name), _) => {
            reading.cannot(line, &format!("the package `{name}` without its type"));
            return;
        }
    };
    if name.is_none()
        && (of("version").is_some() || of("type").is_some() || of("language").is_some())
    {
        reading.cannot(line, "a package without name");
        return;
    }
    reading.rule(Rule {
        vulnerability: text(rule.get("vulnerability")),
        package: named,
        // Locations begin at the root of what is scanned.
        path: of("location").map(|path| path.trim_start_matches('/').to_owned()),
        reason: text(rule.get("reason")),
        line,
        ..Rule::default()
    });
}

/// Whether a name is one, and not a pattern of names.
fn plain(name: &str) -> bool {
    !name.contains(['*', '?', '[', '(', '|', '^', '$', '+', '\\'])
}
