//! Reading CycloneDX: the components by their references, then what each analysis says about them.

use std::collections::HashMap;

use serde_json::Value;
use trimtab_model::decision::{Product, Statement, Word};
use trimtab_model::evidence::VexStatus;
use trimtab_model::{Diagnostic, Purl};

use super::super::{
    Budget, VexDocument, VexFormat, boxed, brief, items, malformed, member, moment,
    purl_and_versions, sorted, spent, texts, weight,
};
use super::{
    JUSTIFICATION, KEPT, PROPERTY, RESPONSE, STATE, TYPE, VERSIONS, justification, label_of,
    linked, of_range, state, status,
};

/// How deep components are read inside components.
const MAX_DEPTH: usize = 64;

pub(in crate::vex) fn read(value: &Value, faults: &mut Vec<Diagnostic>) -> Option<VexDocument> {
    let version = member(value, "specVersion").unwrap_or_default();
    if !matches!(version, "1.4" | "1.5" | "1.6" | "1.7") {
        faults.push(
            malformed(format!("CycloneDX {version} has no analysis that is read"))
                .help("convert the document to CycloneDX 1.4 or later"),
        );
        return None;
    }
    let metadata = value.get("metadata").unwrap_or(&Value::Null);
    let own_id = items(metadata, "properties")
        .iter()
        .find(|p| member(p, "name") == Some("trimtab:vex:id"))
        .and_then(|p| member(p, "value"));
    let mut document = VexDocument {
        format: VexFormat::CycloneDx,
        id: brief(own_id.or_else(|| member(value, "serialNumber"))),
        version: value.get("version").map(|v| v.to_string().into()),
        author: author(metadata),
        at: moment(metadata, "timestamp"),
        statements: Vec::new(),
    };
    let known = Components::of(value, metadata);
    let mut budget = Budget::new();
    for (i, entry) in items(value, "vulnerabilities").iter().enumerate() {
        match statements(entry, &document, &known, &mut budget) {
            _ if budget.is_spent() => {
                faults.push(spent());
                break;
            }
            Ok(new) => document.statements.extend(new),
            Err(message) => faults.push(
                malformed(format!("vulnerabilities[{i}] {message}"))
                    .help("it is left out; ask the author of the document to correct it"),
            ),
        }
    }
    Some(document)
}

/// Who made the document, else who supplies what it is about.
fn author(metadata: &Value) -> Option<Box<str>> {
    let named = items(metadata, "authors")
        .iter()
        .filter_map(|who| member(who, "name").or_else(|| member(who, "email")));
    let authors = named.collect::<Vec<_>>().join(", ");
    let organisation = [
        "/supplier/name",
        "/manufacturer/name",
        "/manufacture/name",
        "/component/supplier/name",
        "/component/publisher",
    ]
    .iter()
    .find_map(|at| metadata.pointer(at)?.as_str());
    brief(Some(&*authors)).or_else(|| brief(organisation))
}

/// What an entry says: nothing without an analysis, else one statement for each status of versions.
fn statements(
    entry: &Value,
    document: &VexDocument,
    known: &Components<'_>,
    budget: &mut Budget,
) -> Result<Vec<Statement>, String> {
    let Some(analysis) = entry.get("analysis") else { return Ok(Vec::new()) };
    let name = boxed(member(entry, "id")).ok_or("has no id")?;
    let said = member(analysis, "state");
    let stated = said
        .map(|text| status(text).ok_or_else(|| format!("has the state `{text}`, which is none")))
        .transpose()?;
    let reason = member(analysis, "justification");
    let justification = reason
        .map(|text| {
            justification(text)
                .ok_or_else(|| format!("has the justification `{text}`, which is none"))
        })
        .transpose()?;
    let mut kept: Vec<Word> = Vec::new();
    kept.extend(
        stated
            .zip(said)
            .filter(|(status, text)| state(*status) != *text)
            .map(|(_, text)| Word::new(STATE, text)),
    );
    kept.extend(texts(analysis, "response").map(|text| Word::new(RESPONSE, text)));
    for (name, at) in KEPT {
        kept.extend(entry.pointer(at).and_then(Value::as_str).map(|text| Word::new(name, text)));
    }
    for property in items(entry, "properties") {
        if let (Some(name), Some(text)) = (member(property, "name"), member(property, "value"))
            && let Some(name) = name.strip_prefix(PROPERTY)
        {
            kept.push(Word::new(name, text));
        }
    }
    let mut out: Vec<Statement> = Vec::new();
    let whole = [Value::Null];
    // By the status of versions that they are about.
    let mut places: HashMap<Option<&str>, usize> = HashMap::new();
    for affects in items(entry, "affects") {
        let Some(reference) = member(affects, "ref") else { continue };
        let product = known.product(reference);
        let size = weight(&product);
        let ranges = items(affects, "versions");
        for range in if ranges.is_empty() { &whole } else { ranges } {
            let about = member(range, "status")
                .filter(|about| matches!(*about, "affected" | "unaffected" | "unknown"));
            let Some(status) = of_range(stated, about) else { continue };
            let mut product = product.clone();
            let versions = member(range, "range").or_else(|| member(range, "version"));
            if let Some(versions) = versions {
                narrow(&mut product, versions);
            }
            if !budget.spend(size + versions.map_or(0, str::len)) {
                return Ok(out);
            }
            let place = *places.entry(about).or_insert_with(|| {
                let mut words = kept.clone();
                words.extend(about.map(|text| Word::new(VERSIONS, text)));
                // A label that the statement's own justification does not stand for.
                let justification = justification.filter(|_| status == VexStatus::NotAffected);
                let own = justification.map(label_of);
                let other = reason.filter(|text| own != Some(text));
                words.extend(other.map(|text| Word::new(JUSTIFICATION, text)));
                out.push(Statement {
                    vulnerability: name.clone(),
                    aliases: items(entry, "references")
                        .iter()
                        .filter_map(|r| boxed(member(r, "id")))
                        .collect(),
                    products: Vec::new(),
                    status,
                    justification,
                    detail: boxed(member(analysis, "detail")),
                    action: boxed(member(entry, "recommendation")),
                    author: document.author.clone(),
                    at: moment(analysis, "lastUpdated")
                        .or_else(|| moment(analysis, "firstIssued"))
                        .or(document.at),
                    document: document.id.clone(),
                    words: sorted(words),
                });
                out.len() - 1
            });
            if let Some(statement) = out.get_mut(place) {
                statement.products.push(product);
            }
        }
    }
    match (out.is_empty(), stated) {
        (true, Some(_)) => Err(format!("says something of {name}, but affects nothing")),
        _ => Ok(out),
    }
}

/// The versions that a statement is narrowed to belong to the component, where there is one.
fn narrow(product: &mut Product, versions: &str) {
    match product.components.first_mut() {
        Some(component) => component.versions = Some(versions.into()),
        None => product.versions = Some(versions.into()),
    }
}

/// The components of a document by their references, with the one around each.
struct Components<'v> {
    by_ref: HashMap<&'v str, (&'v Value, Option<&'v Value>)>,
}

impl<'v> Components<'v> {
    fn of(value: &'v Value, metadata: &'v Value) -> Components<'v> {
        let root = metadata.get("component");
        let mut by_ref = HashMap::new();
        let mut open: Vec<(&Value, Option<&Value>, usize)> = Vec::new();
        open.extend(root.map(|root| (root, None, 0)));
        for list in ["components", "services"] {
            open.extend(items(value, list).iter().map(|component| (component, root, 0)));
        }
        while let Some((component, around, depth)) = open.pop() {
            if let Some(reference) = member(component, "bom-ref") {
                by_ref.entry(reference).or_insert((component, around));
            }
            if depth < MAX_DEPTH {
                let inner = items(component, "components").iter();
                open.extend(inner.map(|inner| (inner, Some(component), depth + 1)));
            }
        }
        Components { by_ref }
    }

    fn product(&self, reference: &str) -> Product {
        match self.by_ref.get(reference) {
            Some((component, Some(around))) => {
                let mut product = product(around);
                product.components = vec![self::product(component)];
                product
            }
            Some((component, None)) => product(component),
            None => linked(reference),
        }
    }
}

/// A component of the document.
fn product(component: &Value) -> Product {
    let purl = member(component, "purl").and_then(purl_and_versions);
    let (purl, range) = purl.map_or((None, None), |(purl, range)| (Some(purl), range));
    let version = boxed(member(component, "version"))
        .filter(|_| purl.as_ref().is_none_or(|purl| purl.version().is_none()));
    let name = member(component, "name").map(|name| match member(component, "group") {
        Some(group) if !group.is_empty() => format!("{group}/{name}"),
        _ => name.to_owned(),
    });
    let mut identifiers: Vec<Word> = Vec::new();
    identifiers.extend(member(component, "cpe").map(|cpe| Word::new("cpe", cpe)));
    identifiers
        .extend(member(component, "type").filter(|t| *t != "library").map(|t| Word::new(TYPE, t)));
    let mut id = member(component, "bom-ref").unwrap_or_default();
    for property in items(component, "properties") {
        let (Some(name), Some(text)) = (member(property, "name"), member(property, "value")) else {
            continue;
        };
        match name.strip_prefix(PROPERTY) {
            Some("id") => id = text,
            Some(name) => identifiers.push(Word::new(name, text)),
            None => {}
        }
    }
    let named = purl.as_ref().map(Purl::to_string);
    Product {
        id: if id.is_empty() { named.clone().unwrap_or_default().into() } else { id.into() },
        // A name that was made up for want of another is none.
        name: name.filter(|name| Some(name) != named.as_ref() && name != id).map(Box::from),
        purl,
        versions: range.or(version),
        identifiers: sorted(identifiers),
        components: Vec::new(),
    }
}
