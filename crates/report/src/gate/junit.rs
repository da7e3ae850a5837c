//! JUnit XML, as Jenkins, GitLab and Azure DevOps read it: one suite per policy, one test case per verdict.
//!
//! What is denied is a `failure`, what is not yet known is `skipped` with its reason, a warning is a case that
//! passes and says so in `system-out`. A policy without a verdict is one case that passes. What could not be
//! looked at is an `error` in a suite of its own, since a policy says nothing of it.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::{Effect, Gate, Verdict, one_line};
use crate::xml::Xml;

/// Writes the document.
///
/// # Errors
/// Writing fails.
pub fn write(gate: &Gate, out: &mut dyn Write) -> io::Result<()> {
    let mut suites: BTreeMap<&str, Vec<&Verdict>> =
        gate.policies.iter().map(|policy| (&**policy, Vec::new())).collect();
    for verdict in &gate.verdicts {
        suites.entry(&verdict.policy).or_default().push(verdict);
    }
    let cases: usize = suites.values().map(|all| all.len().max(1)).sum();
    let errors = usize::from(gate.incomplete);
    let counts = Counts {
        tests: cases + errors,
        failures: gate.of(Effect::Deny),
        errors,
        skipped: gate.of(Effect::Unknown),
    };
    let mut xml = Xml { out };
    xml.declaration()?;
    counts.open("testsuites", &format!("trimtab gate {}", one_line(&gate.target)), &mut xml)?;
    for (policy, verdicts) in suites {
        suite(policy, &verdicts, &mut xml)?;
    }
    if gate.incomplete {
        Counts { tests: 1, errors: 1, ..Counts::default() }.open(
            "testsuite",
            "trimtab",
            &mut xml,
        )?;
        xml.open("testcase", &[("classname", "trimtab"), ("name", "everything was examined")])?;
        let message = format!("{}. Not everything could be examined.", gate.headline());
        xml.tag("error", &[("message", &message), ("type", "incomplete")], "/>\n")?;
        xml.close("testcase")?;
        xml.close("testsuite")?;
    }
    xml.close("testsuites")
}

/// What a suite holds.
#[derive(Default)]
struct Counts {
    tests: usize,
    failures: usize,
    errors: usize,
    skipped: usize,
}

impl Counts {
    fn open(&self, element: &str, name: &str, xml: &mut Xml<'_>) -> io::Result<()> {
        let [tests, failures, errors, skipped] =
            [self.tests, self.failures, self.errors, self.skipped].map(|n| n.to_string());
        let attributes = [
            ("name", name),
            ("tests", &tests),
            ("failures", &failures),
            ("errors", &errors),
            ("skipped", &skipped),
        ];
        xml.open(element, &attributes)
    }
}

fn suite(policy: &str, verdicts: &[&Verdict], xml: &mut Xml<'_>) -> io::Result<()> {
    let of = |effect| verdicts.iter().filter(|v| v.effect == effect).count();
    let counts = Counts {
        tests: verdicts.len().max(1),
        failures: of(Effect::Deny),
        errors: 0,
        skipped: of(Effect::Unknown),
    };
    counts.open("testsuite", &one_line(policy), xml)?;
    if verdicts.is_empty() {
        let attributes = [("classname", &*one_line(policy)), ("name", "no rule is broken")];
        xml.tag("testcase", &attributes, "/>\n")?;
    }
    // Services key the history of a case on its name, so no two are alike.
    let mut names = BTreeSet::new();
    for verdict in verdicts {
        let plain = name(verdict);
        let mut name = plain.clone();
        let mut nth = 1;
        while !names.insert(name.clone()) {
            nth += 1;
            name = format!("{plain} ({nth})");
        }
        case(verdict, &name, xml)?;
    }
    xml.close("testsuite")
}

/// A name that stays the same when lines move.
fn name(verdict: &Verdict) -> String {
    let what = verdict.finding.as_deref().unwrap_or(&verdict.message);
    let place = verdict.file.as_deref().map_or(String::new(), |file| format!(" in {file}"));
    one_line(&format!("{}: {what}{place}", verdict.rule))
}

fn case(verdict: &Verdict, name: &str, xml: &mut Xml<'_>) -> io::Result<()> {
    let classname = one_line(&verdict.policy);
    let mut attributes = vec![("classname", &*classname), ("name", name)];
    let file = verdict.file.as_deref().map(one_line);
    if let Some(file) = &file {
        attributes.push(("file", file));
    }
    xml.open("testcase", &attributes)?;
    let message = one_line(&verdict.message);
    let mut text = String::new();
    let mut add =
        |label: &str, value: &str| text.push_str(&format!("{label}: {}\n", one_line(value)));
    if let Some(place) = verdict.place() {
        add("place", &place);
    }
    if let Some(finding) = &verdict.finding {
        add("finding", finding);
    }
    add("level", verdict.level_word());
    add("brought in by this change", age(verdict));
    add("next step", verdict.next_step());
    match verdict.effect {
        Effect::Deny => xml.text("failure", &[("message", &message), ("type", "deny")], &text)?,
        Effect::Unknown => {
            xml.text("skipped", &[("message", &format!("not yet known: {message}"))], &text)?;
        }
        Effect::Warn => xml.text("system-out", &[], &format!("warning: {message}\n{text}"))?,
    }
    xml.close("testcase")
}

const fn age(verdict: &Verdict) -> &'static str {
    match verdict.new {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    }
}
