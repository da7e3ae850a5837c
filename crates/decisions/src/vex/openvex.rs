//! OpenVEX 0.0.1 to 0.2.0 (specification and schema of the OpenVEX project).
//!
//! Until 0.0.x a vulnerability was a text and a product a text; 0.2.0 has objects for both. Time and
//! author of the document hold for statements without their own. A range of versions, for which
//! OpenVEX has no member, is written as the qualifier `vers` of the purl, as the purl specification
//! provides; a product with a range and without a purl is left out, rather than made to
//! mean every version.
//!
//! Read leniently: `affected` without `action_statement`. Not read: `not_affected` without any
//! reason, which the specification forbids, as there is nothing to check it by.

use serde_json::{Map, Value, json};
use trimtab_model::decision::{Justification, Product, Statement, Word};
use trimtab_model::{Diagnostic, Purl};

use super::{
    Budget, Issue, Losses, NO_ACTION, NO_IMPACT, VexDocument, VexFormat, boxed, brief, decoded,
    items, lacks_reason, malformed, member, moment, purl_and_versions, sorted, spent, texts,
    weight, word,
};
use crate::vex::status_of;

/// Members of a statement that are kept as words, as they are.
const KEPT: [(&str, &str); 5] = [
    ("openvex:id", "@id"),
    ("openvex:supplier", "supplier"),
    ("openvex:status-notes", "status_notes"),
    ("openvex:action-timestamp", "action_statement_timestamp"),
    ("openvex:issued", "timestamp"),
];
/// Members of a vulnerability that are kept as words.
const KEPT_VULNERABILITY: [(&str, &str); 2] =
    [("openvex:vulnerability-id", "@id"), ("openvex:vulnerability-description", "description")];
const STATEMENT_VERSION: &str = "openvex:version";

/// The prefix of an `@id` that represents an id which is no IRI.
const URN: &str = "urn:trimtab:product:";

pub(super) fn read(value: &Value, faults: &mut Vec<Diagnostic>) -> Option<VexDocument> {
    let mut document = VexDocument {
        format: VexFormat::OpenVex,
        id: brief(member(value, "@id").or_else(|| member(value, "id"))),
        version: value.get("version").map(|v| match v.as_str() {
            Some(text) => text.into(),
            None => v.to_string().into(),
        }),
        author: brief(member(value, "author")),
        at: moment(value, "last_updated").or_else(|| moment(value, "timestamp")),
        statements: Vec::new(),
    };
    let mut budget = Budget::new();
    for (i, entry) in items(value, "statements").iter().enumerate() {
        match statement(entry, &document, &mut budget) {
            _ if budget.is_spent() => {
                faults.push(spent());
                break;
            }
            Ok(statement) => document.statements.push(statement),
            Err(message) => faults.push(
                malformed(format!("statements[{i}] {message}"))
                    .help("it is left out; ask the author of the document to correct it"),
            ),
        }
    }
    Some(document)
}

fn statement(
    entry: &Value,
    document: &VexDocument,
    budget: &mut Budget,
) -> Result<Statement, String> {
    let vulnerability = entry.get("vulnerability").unwrap_or(&Value::Null);
    let name = vulnerability
        .as_str()
        .or_else(|| member(vulnerability, "name"))
        .or_else(|| member(vulnerability, "@id").map(|id| id.rsplit('/').next().unwrap_or(id)));
    let name = boxed(name).ok_or("names no vulnerability")?;
    let status = member(entry, "status").ok_or("has no status")?;
    let status =
        status_of(status).ok_or_else(|| format!("has the status `{status}`, which is none"))?;
    let justification = member(entry, "justification")
        .map(|label| {
            Justification::from_label(label)
                .ok_or_else(|| format!("has the justification `{label}`, which is none"))
        })
        .transpose()?;
    let mut words = Vec::new();
    for (name, key) in KEPT {
        // The time of issue is a word only where a later one is the statement's time.
        let later = key != "timestamp" || entry.get("last_updated").is_some();
        words.extend(member(entry, key).filter(|_| later).map(|text| Word::new(name, text)));
    }
    for (kept, key) in KEPT_VULNERABILITY {
        // An id that only repeats the name says nothing.
        let said = member(vulnerability, key).filter(|text| **text != *name);
        words.extend(said.map(|text| Word::new(kept, text)));
    }
    if let Some(version) = entry.get("version") {
        words.push(Word::new(STATEMENT_VERSION, version.to_string()));
    }
    // Statements of 0.0.x have their sub-components beside the products.
    let beside: Vec<Product> = items(entry, "subcomponents").iter().filter_map(product).collect();
    let mut products: Vec<Product> = items(entry, "products").iter().filter_map(product).collect();
    let beside_weight: usize = beside.iter().map(weight).sum();
    for product in products.iter_mut().filter(|product| product.components.is_empty()) {
        if !budget.spend(weight(product) + beside_weight) {
            return Err("is too large".to_owned());
        }
        product.components.clone_from(&beside);
    }
    if products.is_empty() {
        return Err("names no product".to_owned());
    }
    let reason = member(entry, "impact_statement");
    if status == trimtab_model::evidence::VexStatus::NotAffected
        && justification.is_none()
        && boxed(reason).is_none()
    {
        return Err(format!("says that {name} does not affect, without justification or impact"));
    }
    Ok(Statement {
        vulnerability: name,
        aliases: texts(vulnerability, "aliases").map(Box::from).collect(),
        products,
        status,
        justification,
        detail: boxed(reason).filter(|text| &**text != NO_IMPACT),
        action: boxed(member(entry, "action_statement")).filter(|text| &**text != NO_ACTION),
        author: document.author.clone(),
        at: moment(entry, "last_updated").or_else(|| moment(entry, "timestamp")).or(document.at),
        document: document.id.clone(),
        words: sorted(words),
    })
}

fn product(value: &Value) -> Option<Product> {
    let id = value.as_str().or_else(|| member(value, "@id"));
    let identifiers = value.get("identifiers").unwrap_or(&Value::Null);
    let purl = member(identifiers, "purl").or(id).and_then(purl_and_versions);
    let mut others: Vec<Word> = ["cpe22", "cpe23"]
        .iter()
        .filter_map(|key| Some(Word::new("cpe", member(identifiers, key)?)))
        .collect();
    if let Some(hashes) = value.get("hashes").and_then(Value::as_object) {
        let hash = |(key, hash): (&String, &Value)| {
            Some(Word::new(format!("hash:{}", key.to_ascii_lowercase()), hash.as_str()?))
        };
        others.extend(hashes.iter().filter_map(hash));
    }
    let first = member(identifiers, "purl").or_else(|| others.first().map(|word| &*word.text));
    let id: Box<str> = match id.and_then(|id| id.strip_prefix(URN)) {
        Some(encoded) => decoded(encoded).into(),
        None => id.or(first)?.into(),
    };
    let (purl, versions) = purl.map_or((None, None), |(purl, versions)| (Some(purl), versions));
    Some(Product {
        id,
        name: None,
        purl,
        versions,
        identifiers: sorted(others),
        components: items(value, "subcomponents").iter().filter_map(product).map(flat).collect(),
    })
}

/// A component has no components of its own.
fn flat(product: Product) -> Product {
    Product { components: Vec::new(), ..product }
}

pub(super) fn write(statements: &[&Statement], issue: &Issue, losses: &mut Losses) -> Value {
    let id = if is_iri(&issue.id) { issue.id.to_string() } else { urn(&issue.id) };
    json!({
        "@context": "https://openvex.dev/ns/v0.2.0",
        "@id": id,
        "author": &*issue.author,
        "timestamp": issue.at.to_string(),
        "version": issue.version.max(1),
        "statements": statements.iter().filter_map(|s| entry(s, issue, losses)).collect::<Vec<_>>(),
    })
}

fn entry(statement: &Statement, issue: &Issue, losses: &mut Losses) -> Option<Value> {
    let products = statement.products.iter();
    let products: Vec<Value> =
        products.filter_map(|p| component(p, &statement.vulnerability, losses)).collect();
    if products.is_empty() {
        return None;
    }
    let mut out = Map::new();
    let mut vulnerability = Map::new();
    vulnerability.insert("name".into(), (&*statement.vulnerability).into());
    if !statement.aliases.is_empty() {
        vulnerability.insert("aliases".into(), statement.aliases.iter().map(|a| &**a).collect());
    }
    for (name, key) in KEPT_VULNERABILITY {
        match word(&statement.words, name) {
            Some(text) if key != "@id" || is_iri(text) => {
                vulnerability.insert(key.into(), text.into());
            }
            Some(_) => losses.add("an id that is no IRI", &statement.vulnerability),
            None => {}
        }
    }
    out.insert("vulnerability".into(), vulnerability.into());
    for (name, key) in KEPT {
        match word(&statement.words, name) {
            Some(text) if key != "@id" || is_iri(text) => {
                out.insert(key.into(), text.into());
            }
            Some(_) => losses.add("an id that is no IRI", &statement.vulnerability),
            None => {}
        }
    }
    if let Some(version) =
        word(&statement.words, STATEMENT_VERSION).and_then(|v| v.parse::<u64>().ok())
    {
        out.insert("version".into(), version.into());
    }
    if let Some(at) = statement.at
        && at != issue.at
    {
        let key = if out.contains_key("timestamp") { "last_updated" } else { "timestamp" };
        out.insert(key.into(), at.to_string().into());
    } else if out.contains_key("timestamp") {
        out.insert("last_updated".into(), issue.at.to_string().into());
    }
    out.insert("products".into(), products.into());
    out.insert("status".into(), statement.status.as_str().into());
    if let Some(justification) = statement.justification {
        out.insert("justification".into(), justification.as_str().into());
    }
    let reason = statement.detail.as_deref().or(lacks_reason(statement).then_some(NO_IMPACT));
    if let Some(reason) = reason {
        out.insert("impact_statement".into(), reason.into());
    }
    let affected = statement.status == trimtab_model::evidence::VexStatus::Affected;
    if let Some(action) = statement.action.as_deref().or(affected.then_some(NO_ACTION)) {
        out.insert("action_statement".into(), action.into());
    }
    let known: Vec<&str> = KEPT
        .iter()
        .chain(&KEPT_VULNERABILITY)
        .map(|(name, _)| *name)
        .chain([STATEMENT_VERSION])
        .collect();
    losses.words(&statement.words, &known, &statement.vulnerability);
    Some(out.into())
}

/// A product. `None` if it cannot be written without meaning more than it does.
fn component(product: &Product, vulnerability: &str, losses: &mut Losses) -> Option<Value> {
    let mut out = Map::new();
    out.insert(
        "@id".into(),
        if is_iri(&product.id) { (*product.id).into() } else { urn(&product.id).into() },
    );
    let mut identifiers = Map::new();
    if let Some(purl) = &product.purl {
        let versions = product.versions.as_deref().unwrap_or_default();
        identifiers.insert(
            "purl".into(),
            purl.clone().with_qualifier("vers", versions).to_string().into(),
        );
    } else if product.versions.is_some() {
        losses.add("a product with versions and without a purl", vulnerability);
        return None;
    }
    if product.name.is_some() {
        losses.add("the name of a product", vulnerability);
    }
    let mut hashes = Map::new();
    for word in &product.identifiers {
        match word.name.strip_prefix("hash:") {
            Some(algorithm) if HASHES.contains(&algorithm) => {
                hashes.insert(algorithm.into(), (*word.text).into());
            }
            None if &*word.name == "cpe" && word.text.starts_with("cpe:2.3:") => {
                identifiers.insert("cpe23".into(), (*word.text).into());
            }
            None if &*word.name == "cpe" => {
                identifiers.insert("cpe22".into(), (*word.text).into());
            }
            _ => losses.add(&format!("`{}`", word.name), vulnerability),
        }
    }
    if !identifiers.is_empty() {
        out.insert("identifiers".into(), identifiers.into());
    }
    if !hashes.is_empty() {
        out.insert("hashes".into(), hashes.into());
    }
    if !product.components.is_empty() {
        let inner = product.components.iter();
        let inner: Vec<Value> = inner.filter_map(|c| component(c, vulnerability, losses)).collect();
        if inner.is_empty() {
            return None;
        }
        out.insert("subcomponents".into(), inner.into());
    }
    Some(out.into())
}

/// The algorithms that the schema knows.
const HASHES: [&str; 12] = [
    "md5",
    "sha1",
    "sha-256",
    "sha-384",
    "sha-512",
    "sha3-224",
    "sha3-256",
    "sha3-384",
    "sha3-512",
    "blake2s-256",
    "blake2b-256",
    "blake2b-512",
];

/// Whether a text is valid as an IRI: a scheme, then nothing that an IRI does not allow.
fn is_iri(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once(':') else { return false };
    if text.starts_with(URN) || Purl::parse(text).is_err() && scheme == "pkg" {
        return false;
    }
    !rest.is_empty()
        && scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'))
        && rest.chars().filter(|c| *c == '#').count() <= 1
        && rest
            .bytes()
            .all(|b| b.is_ascii_graphic() && !b"<>\"{}|\\^`%[]".contains(&b) || b == b'%')
        && well_escaped(rest)
}

fn well_escaped(text: &str) -> bool {
    text.split('%').skip(1).all(|part| {
        part.as_bytes().get(..2).is_some_and(|two| two.iter().all(u8::is_ascii_hexdigit))
    })
}

fn urn(id: &str) -> String {
    let mut out = URN.to_owned();
    for b in id.bytes() {
        if b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_' | b'~') {
            out.push(char::from(b));
        } else {
            out.push_str(&format!("%{b:02X}"));
        }
    }
    out
}
