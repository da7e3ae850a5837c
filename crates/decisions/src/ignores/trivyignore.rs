//! `.trivyignore`: one id a line, with `exp:2026-03-31` after it, `#` starts a comment; and
//! `.trivyignore.yaml` with paths, purls, `expired_at` and `statement`. Misconfigurations, secrets and
//! licences are no vulnerabilities and are left out.

use trimtab_model::Purl;

use super::yaml::{self, Node};
use super::{Reading, Rule};

pub(super) fn read(text: &str, reading: &mut Reading<'_>) {
    let mut above = String::new();
    for (line, content) in (1u32..).zip(text.lines()) {
        let content = content.trim();
        if let Some(comment) = content.strip_prefix('#') {
            above = match above.is_empty() {
                true => comment.trim().to_owned(),
                false => format!("{above} {}", comment.trim()),
            };
            continue;
        }
        let (rule, beside) = match content.split_once('#') {
            Some((rule, comment)) => (rule, comment.trim()),
            None => (content, ""),
        };
        let mut fields = rule.split_whitespace();
        let Some(id) = fields.next() else {
            // A blank line parts a comment from what follows.
            above.clear();
            continue;
        };
        let reason = if beside.is_empty() { std::mem::take(&mut above) } else { beside.to_owned() };
        above.clear();
        if !is_vulnerability(id) {
            reading.cannot(line, &format!("`{id}`, which is not a vulnerability,"));
            continue;
        }
        let until = fields.find_map(|field| field.strip_prefix("exp:"));
        let Ok(expires) = reading.last_day(until, line) else { continue };
        reading.rule(Rule {
            vulnerability: Some(id.to_owned()),
            reason: Some(reason),
            expires,
            line,
            ..Rule::default()
        });
    }
}

/// Whether an id is one of a vulnerability: `CVE-…`, `GHSA-…`; not a check of settings
/// (`AVD-…`, `DS-0001`, `KSV014`) or the id of a secret.
fn is_vulnerability(id: &str) -> bool {
    let setting = ["AVD-", "KSV", "KCV", "DS-", "DS0", "AWS-", "AZU-", "GCP-", "GIT-", "KUBE-"];
    !setting.iter().any(|prefix| id.starts_with(prefix))
        && id.contains(['-', ':'])
        && id.bytes().any(|b| b.is_ascii_digit())
        && id.bytes().any(|b| b.is_ascii_uppercase())
}

pub(super) fn read_yaml(text: &str, reading: &mut Reading<'_>) {
    let root = match yaml::parse(text) {
        Ok(root) => root,
        Err(fault) => return reading.malformed(fault),
    };
    for section in ["misconfigurations", "secrets", "licenses"] {
        for entry in root.get(section).map(Node::items).unwrap_or_default() {
            let id = entry.get("id").and_then(Node::text).unwrap_or("?");
            reading.cannot(entry.line(), &format!("`{id}` of the {section}"));
        }
    }
    for entry in root.get("vulnerabilities").map(Node::items).unwrap_or_default() {
        let line = entry.line();
        let Some(id) = entry.get("id").and_then(Node::text) else {
            reading.cannot(line, "a rule without id");
            continue;
        };
        let until = entry.get("expired_at").and_then(Node::text);
        let Ok(expires) = reading.last_day(until, line) else { continue };
        let texts = |key| {
            let list = entry.get(key).map(Node::items).unwrap_or_default();
            list.iter().filter_map(Node::text).collect::<Vec<_>>()
        };
        let mut purls = Vec::new();
        let named = texts("purls");
        for text in &named {
            match Purl::parse(text) {
                Ok(purl) => purls.push(Some(purl)),
                Err(_) => {
                    let what = format!("`{text}`, which is not a purl,");
                    reading.left_out(line, &what, "that part of the rule");
                }
            }
        }
        if named.is_empty() {
            purls.push(None);
        }
        let paths = texts("paths");
        let paths: Vec<Option<&str>> =
            if paths.is_empty() { vec![None] } else { paths.into_iter().map(Some).collect() };
        for package in &purls {
            for path in &paths {
                if reading.is_full() {
                    return;
                }
                reading.rule(Rule {
                    vulnerability: Some(id.to_owned()),
                    package: package.clone(),
                    path: path.map(str::to_owned),
                    reason: entry.get("statement").and_then(Node::text).map(str::to_owned),
                    created: None,
                    expires,
                    line,
                });
            }
        }
    }
}
