//! Suppressions of OWASP Dependency-Check (`dependency-suppression.1.x.xsd`).
//!
//! Taken over are `cve` and `vulnerabilityName` (unless a pattern), for a package by `packageUrl` or
//! `gav`, until `until`. A pattern is taken over where it stands for one package: `^pkg:maven/g/a@.*$`.
//! CPEs, weaknesses and scores suppress *kinds* of vulnerabilities, and files and hashes choose
//! artifacts by what an exception does not know: such rules are left out.

use quick_xml::Reader;
use quick_xml::events::Event;
use trimtab_model::{Code, Diagnostic, Purl};

use super::{Reading, Rule};
use crate::place::Lines;

const MAX_DEPTH: usize = 32;

/// An element inside a rule.
#[derive(Default)]
struct Item {
    name: String,
    regex: bool,
    text: String,
}

/// A rule that is read.
struct Suppress {
    line: u32,
    until: Option<String>,
    items: Vec<Item>,
}

pub(super) fn read(text: &str, reading: &mut Reading<'_>) {
    if let Err(fault) = walk(text, reading) {
        reading.malformed(fault);
    }
}

fn walk(text: &str, reading: &mut Reading<'_>) -> Result<(), Diagnostic> {
    let mut reader = Reader::from_str(text);
    let mut depth = 0usize;
    let mut rule: Option<Suppress> = None;
    let lines = Lines::of(text);
    loop {
        let line = lines.at(usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX));
        let event = reader.read_event().map_err(|fault| {
            let at = usize::try_from(reader.error_position()).unwrap_or(usize::MAX);
            Diagnostic::new(Code::FileMalformed, format!("the XML cannot be read: {fault}"))
                .at_line(lines.at(at))
        })?;
        match event {
            Event::Start(ref tag) | Event::Empty(ref tag) => {
                let name = tag.local_name().as_ref().to_owned();
                let mut attributes = Vec::new();
                for attribute in tag.attributes() {
                    let attribute = attribute.map_err(|fault| {
                        Diagnostic::new(
                            Code::FileMalformed,
                            format!("an attribute cannot be read: {fault}"),
                        )
                        .at_line(line)
                    })?;
                    attributes
                        .push((attribute.key.as_ref().to_owned(), attribute.value.to_string()));
                }
                let attribute = |name: &str| {
                    attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.clone())
                };
                match &mut rule {
                    None if name == "suppress" => {
                        rule =
                            Some(Suppress { line, until: attribute("until"), items: Vec::new() });
                    }
                    Some(rule) => rule.items.push(Item {
                        name,
                        regex: attribute("regex")
                            .is_some_and(|regex| matches!(&*regex, "true" | "1")),
                        text: String::new(),
                    }),
                    None => {}
                }
                if matches!(event, Event::Start(_)) {
                    depth += 1;
                } else if rule.as_ref().is_some_and(|rule| rule.items.is_empty()) {
                    rule = None;
                }
                if depth > MAX_DEPTH {
                    let message = format!("XML nested deeper than {MAX_DEPTH} levels");
                    return Err(Diagnostic::new(Code::FileTooDeep, message).at_line(line));
                }
            }
            Event::End(tag) => {
                depth = depth.saturating_sub(1);
                if tag.local_name().as_ref() == "suppress"
                    && let Some(rule) = rule.take()
                {
                    take(&rule, reading);
                }
            }
            Event::Text(part) => push(&mut rule, &part.xml10_content()),
            Event::CData(part) => push(&mut rule, &part.xml10_content()),
            Event::GeneralRef(reference) => {
                let decoded = match &*reference {
                    "amp" => Some('&'),
                    "lt" => Some('<'),
                    "gt" => Some('>'),
                    "quot" => Some('"'),
                    "apos" => Some('\''),
                    _ => reference.resolve_char_ref().ok().flatten(),
                };
                let Some(decoded) = decoded else {
                    let message = format!("the entity `&{};` is not expanded", &*reference);
                    return Err(Diagnostic::new(Code::EntityRefused, message).at_line(line));
                };
                push(&mut rule, decoded.encode_utf8(&mut [0; 4]));
            }
            Event::DocType(declaration) if declaration.contains('[') => {
                let message = "the XML declares a document type of its own, which is not expanded";
                return Err(Diagnostic::new(Code::EntityRefused, message).at_line(line));
            }
            Event::DocType(_) | Event::Comment(_) | Event::Decl(_) | Event::PI(_) => {}
            Event::Eof if depth > 0 => {
                let message = "the XML ends inside an element";
                return Err(Diagnostic::new(Code::FileTruncated, message).at_line(line));
            }
            Event::Eof => return Ok(()),
        }
    }
}

fn push(rule: &mut Option<Suppress>, text: &str) {
    if let Some(item) = rule.as_mut().and_then(|rule| rule.items.last_mut()) {
        item.text.push_str(text);
    }
}

fn take(rule: &Suppress, reading: &mut Reading<'_>) {
    let line = rule.line;
    let Ok(expires) = reading.last_day(rule.until.as_deref(), line) else { return };
    let mut reason = None;
    let mut packages: Vec<Purl> = Vec::new();
    let mut ids: Vec<String> = Vec::new();
    for item in &rule.items {
        let text = item.text.trim();
        match &*item.name {
            "notes" => reason = Some(text.split_whitespace().collect::<Vec<_>>().join(" ")),
            "cve" => ids.push(text.to_owned()),
            "vulnerabilityName" if !item.regex => ids.push(text.to_owned()),
            "packageUrl" | "gav" => {
                let found =
                    if item.name == "gav" { gav(text, item.regex) } else { purl(text, item.regex) };
                let Some(found) = found else {
                    return reading.cannot(line, &format!("the pattern of packages `{text}`"));
                };
                packages.push(found);
            }
            name @ ("filePath" | "sha1") => {
                return reading.cannot(line, &format!("the condition `{name}`"));
            }
            name @ ("cpe" | "cwe" | "vulnerabilityName" | "cvssBelow" | "cvssV2Below"
            | "cvssV3Below" | "cvssV4Below") => {
                reading.left_out(line, &format!("`{name}` {text}"), "that part of the rule");
            }
            _ => {}
        }
    }
    if packages.len() > 1 {
        return reading.cannot(line, "more than one package in one rule");
    }
    for id in ids {
        reading.rule(Rule {
            vulnerability: Some(id),
            package: packages.first().cloned(),
            reason: reason.clone(),
            expires,
            line,
            ..Rule::default()
        });
    }
}

/// A purl, or a pattern that means one package at one or at every version.
fn purl(text: &str, regex: bool) -> Option<Purl> {
    Purl::parse(&if regex { one(text, '@')? } else { text.to_owned() }).ok()
}

/// `group:artifact:version`, as a text or as such a pattern.
fn gav(text: &str, regex: bool) -> Option<Purl> {
    let text = if regex { one(text, ':')? } else { text.to_owned() };
    let mut parts = text.split(':');
    let (group, artifact, version) = (parts.next()?, parts.next()?, parts.next());
    if group.is_empty() || parts.next().is_some() {
        return None;
    }
    Purl::build("maven", Some(group), artifact, version, [], None).ok()
}

/// What a pattern means, if that is one text, or every version of one package. The package must be
/// followed by the separator before the version: `g/a.*` would match `g/ab` too.
fn one(pattern: &str, sign: char) -> Option<String> {
    // Patterns match the whole text or must say so; without `^` they could begin anywhere.
    let body = pattern.strip_prefix('^')?;
    let body = body.strip_suffix('$').unwrap_or(body);
    let (body, open) = match body.strip_suffix(".*").or_else(|| body.strip_suffix(".+")) {
        Some(body) => (body, true),
        None => (body, !pattern.ends_with('$')),
    };
    let mut out = String::new();
    let mut chars = body.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => match chars.next()? {
                c if c.is_ascii_alphanumeric() => return None,
                c => out.push(c),
            },
            '*' | '+' | '?' | '(' | ')' | '[' | ']' | '{' | '}' | '|' | '^' | '$' => return None,
            // An unescaped dot is any sign; people mean a dot, and a dot covers no more.
            c => out.push(c),
        }
    }
    match out.rfind(sign) {
        Some(at) if at + sign.len_utf8() == out.len() => {
            out.truncate(at);
            Some(out)
        }
        None if open => None,
        // A version that may go on is taken as it stands, which covers no more.
        _ => Some(out),
    }
}
