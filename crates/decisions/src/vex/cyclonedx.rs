//! CycloneDX 1.4 to 1.7 in JSON: `vulnerabilities[].analysis`.
//!
//! Its states and justifications are finer than VEX's, so the original word is kept wherever the
//! mapping is not one to one. States follow the words of CycloneDX's own specification:
//!
//! | CycloneDX state | status |
//! |---|---|
//! | `exploitable` | affected |
//! | `in_triage` | under_investigation |
//! | `resolved`, `resolved_with_pedigree` | fixed |
//! | `not_affected`, `false_positive` | not_affected |
//!
//! | CycloneDX justification | VEX justification | because |
//! |---|---|---|
//! | `code_not_present` | vulnerable_code_not_present | the code was removed |
//! | `code_not_reachable` | vulnerable_code_not_in_execute_path | it is not invoked |
//! | `requires_dependency` | component_not_present | what it needs is absent |
//! | `requires_configuration`, `requires_environment` | vulnerable_code_cannot_be_controlled_by_adversary | the condition of an attack is absent |
//! | `protected_by_compiler`, `protected_at_runtime`, `protected_at_perimeter`, `protected_by_mitigating_control` | inline_mitigations_already_exist | something prevents it |
//!
//! `affects[].versions[].status` narrows: `unaffected` under a state that is not itself harmless says
//! not_affected of these versions, `unknown` says under_investigation; `affected` (the default) says
//! that the analysis is about these versions.
//!
//! A reference to a component of the document is that component in its parent, or in
//! `metadata.component`; a BOM-Link is a product whose purl is looked for in its fragment. Not
//! statements, and so not kept: ratings, descriptions, weaknesses.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};
use trimtab_model::decision::{Justification, Product, Statement, Word};
use trimtab_model::evidence::VexStatus;
use trimtab_model::{Diagnostic, Purl};

use super::openvex::decoded;
use super::{
    Issue, Losses, MAX_PRODUCTS, VexDocument, VexFormat, boxed, items, label, malformed, member,
    moment, purl_and_versions, sorted, texts, word, words,
};

/// How deep components are looked at inside components.
const MAX_DEPTH: usize = 64;

const STATE: &str = "cyclonedx:state";
const JUSTIFICATION: &str = "cyclonedx:justification";
const RESPONSE: &str = "cyclonedx:response";
const VERSIONS: &str = "cyclonedx:versions";
const TYPE: &str = "cyclonedx:type";
/// Members that are kept as words, as they are, with where they stand.
const KEPT: [(&str, &str); 5] = [
    ("cyclonedx:workaround", "/workaround"),
    ("cyclonedx:source-name", "/source/name"),
    ("cyclonedx:source-url", "/source/url"),
    ("cyclonedx:bom-ref", "/bom-ref"),
    ("cyclonedx:first-issued", "/analysis/firstIssued"),
];
/// The prefix of properties that carry what CycloneDX has no member for.
const PROPERTY: &str = "trimtab:vex:";

fn status(state: &str) -> Option<VexStatus> {
    Some(match state {
        "exploitable" => VexStatus::Affected,
        "in_triage" => VexStatus::UnderInvestigation,
        "resolved" | "resolved_with_pedigree" => VexStatus::Fixed,
        "not_affected" | "false_positive" => VexStatus::NotAffected,
        _ => return None,
    })
}

/// The state that stands for a status; [`status`] reads it back.
const fn state(status: VexStatus) -> &'static str {
    match status {
        VexStatus::Affected => "exploitable",
        VexStatus::UnderInvestigation => "in_triage",
        VexStatus::Fixed => "resolved",
        VexStatus::NotAffected => "not_affected",
    }
}

fn justification(label: &str) -> Option<Justification> {
    use Justification as J;
    Some(match label {
        "code_not_present" => J::VulnerableCodeNotPresent,
        "code_not_reachable" => J::VulnerableCodeNotInExecutePath,
        "requires_dependency" => J::ComponentNotPresent,
        "requires_configuration" | "requires_environment" => {
            J::VulnerableCodeCannotBeControlledByAdversary
        }
        "protected_by_compiler"
        | "protected_at_runtime"
        | "protected_at_perimeter"
        | "protected_by_mitigating_control" => J::InlineMitigationsAlreadyExist,
        _ => return None,
    })
}

/// The label that stands for a justification; [`justification`] reads it back.
const fn label_of(justification: Justification) -> &'static str {
    match justification {
        Justification::VulnerableCodeNotPresent => "code_not_present",
        Justification::VulnerableCodeNotInExecutePath => "code_not_reachable",
        Justification::ComponentNotPresent => "requires_dependency",
        Justification::VulnerableCodeCannotBeControlledByAdversary => "requires_environment",
        Justification::InlineMitigationsAlreadyExist => "protected_by_mitigating_control",
    }
}

pub(super) fn read(value: &Value, faults: &mut Vec<Diagnostic>) -> Option<VexDocument> {
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
        id: boxed(own_id.or_else(|| member(value, "serialNumber"))),
        version: value.get("version").map(|v| v.to_string().into()),
        author: author(metadata),
        at: moment(metadata, "timestamp"),
        statements: Vec::new(),
    };
    let known = Components::of(value, metadata);
    let mut products = 0;
    for (i, entry) in items(value, "vulnerabilities").iter().enumerate() {
        match statements(entry, &document, &known) {
            Ok(new) => {
                products += new.iter().map(|s| s.products.len()).sum::<usize>();
                document.statements.extend(new);
            }
            Err(message) => faults.push(
                malformed(format!("vulnerabilities[{i}] {message}"))
                    .help("it is left out; ask the author of the document to correct it"),
            ),
        }
        if products > MAX_PRODUCTS {
            faults.push(malformed(format!("more than {MAX_PRODUCTS} products")));
            break;
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
    boxed(Some(&*authors)).or_else(|| boxed(organisation))
}

/// What an entry says: nothing without an analysis, else one statement for each status of versions.
fn statements(
    entry: &Value,
    document: &VexDocument,
    known: &Components<'_>,
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
    for affects in items(entry, "affects") {
        let Some(reference) = member(affects, "ref") else { continue };
        let product = known.product(reference);
        let ranges = items(affects, "versions");
        let whole = [Value::Null];
        for range in if ranges.is_empty() { &whole } else { ranges } {
            let about = member(range, "status");
            let Some(status) = of_range(stated, about) else { continue };
            let mut product = product.clone();
            let versions = member(range, "range").or_else(|| member(range, "version"));
            if let Some(versions) = versions {
                narrow(&mut product, versions);
            }
            let mut words = kept.clone();
            words.extend(about.map(|text| Word::new(VERSIONS, text)));
            // A label that the statement's own justification does not stand for.
            let justification = justification.filter(|_| status == VexStatus::NotAffected);
            let own = justification.map(label_of);
            words.extend(
                reason.filter(|text| own != Some(text)).map(|text| Word::new(JUSTIFICATION, text)),
            );
            let words = sorted(words);
            match out.iter_mut().find(|s| s.status == status && s.words == words) {
                Some(statement) => statement.products.push(product),
                None => out.push(Statement {
                    vulnerability: name.clone(),
                    aliases: items(entry, "references")
                        .iter()
                        .filter_map(|r| boxed(member(r, "id")))
                        .collect(),
                    products: vec![product],
                    status,
                    justification,
                    detail: boxed(member(analysis, "detail")),
                    action: boxed(member(entry, "recommendation")),
                    author: document.author.clone(),
                    at: moment(analysis, "lastUpdated")
                        .or_else(|| moment(analysis, "firstIssued"))
                        .or(document.at),
                    document: document.id.clone(),
                    words,
                }),
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

/// The status of versions, of which an analysis and a word of their own are known.
fn of_range(stated: Option<VexStatus>, about: Option<&str>) -> Option<VexStatus> {
    match (stated, about) {
        (Some(VexStatus::Affected | VexStatus::UnderInvestigation) | None, Some("unaffected")) => {
            Some(VexStatus::NotAffected)
        }
        (Some(VexStatus::Affected | VexStatus::NotAffected) | None, Some("unknown")) => {
            Some(VexStatus::UnderInvestigation)
        }
        (None, Some("affected")) => Some(VexStatus::Affected),
        (stated, _) => stated,
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

/// Something outside of the document: a BOM-Link or a purl.
fn linked(reference: &str) -> Product {
    let fragment = reference.split_once('#').map_or(reference, |(_, fragment)| fragment);
    let read = purl_and_versions(fragment).or_else(|| purl_and_versions(&decoded(fragment)));
    let (purl, versions) = read.map_or((None, None), |(purl, versions)| (Some(purl), versions));
    Product { id: reference.into(), purl, versions, ..Product::default() }
}

pub(super) fn write(statements: &[&Statement], issue: &Issue, losses: &mut Losses) -> Value {
    let mut refs = Refs::default();
    let vulnerabilities: Vec<Value> =
        statements.iter().map(|s| entry(s, issue, &mut refs, losses)).collect();
    let mut out = json!({
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": issue.version.max(1),
        "metadata": {
            "timestamp": issue.at.to_string(),
            "authors": [{ "name": &*issue.author }],
            "properties": [
                { "name": "trimtab:vex:id", "value": &*issue.id },
                { "name": "trimtab:vex:title", "value": &*issue.title },
            ],
        },
        "components": refs.components,
        "vulnerabilities": vulnerabilities,
    });
    let uuid = issue.id.strip_prefix("urn:uuid:").is_some_and(|uuid| {
        uuid.len() == 36
            && uuid.bytes().enumerate().all(|(i, b)| match i {
                8 | 13 | 18 | 23 => b == b'-',
                _ => b.is_ascii_digit() || (b'a'..=b'f').contains(&b),
            })
    });
    if let Some(map) = out.as_object_mut().filter(|_| uuid) {
        map.insert("serialNumber".into(), (*issue.id).into());
    }
    out
}

fn entry(statement: &Statement, issue: &Issue, refs: &mut Refs, losses: &mut Losses) -> Value {
    let mut out = Map::new();
    let kept = &statement.words;
    out.insert("id".into(), (&*statement.vulnerability).into());
    if !statement.aliases.is_empty() {
        let references: Vec<Value> =
            statement.aliases.iter().map(|id| json!({ "id": &**id, "source": {} })).collect();
        out.insert("references".into(), references.into());
    }
    let mut source = Map::new();
    let mut analysis = Map::new();
    for (name, at) in KEPT {
        let Some(text) = word(kept, name) else { continue };
        let key = at.rsplit('/').next().unwrap_or(at).to_owned();
        match at {
            _ if at.starts_with("/source/") => source.insert(key, text.into()),
            _ if at.starts_with("/analysis/") => analysis.insert(key, text.into()),
            _ => out.insert(key, text.into()),
        };
    }
    if !source.is_empty() {
        out.insert("source".into(), source.into());
    }
    let about = word(kept, VERSIONS);
    let said =
        word(kept, STATE).filter(|text| of_range(status(text), about) == Some(statement.status));
    let narrowed = matches!(about, Some("unaffected" | "unknown"));
    analysis.insert("state".into(), said.unwrap_or_else(|| state(statement.status)).into());
    let said = word(kept, JUSTIFICATION)
        .filter(|text| statement.justification.is_none_or(|own| justification(text) == Some(own)));
    if let Some(label) = said.or(statement.justification.map(label_of)) {
        analysis.insert("justification".into(), label.into());
    }
    let responses: Vec<&str> = words(kept, RESPONSE).collect();
    if !responses.is_empty() {
        analysis.insert("response".into(), responses.into_iter().collect());
    }
    if let Some(detail) = &statement.detail {
        analysis.insert("detail".into(), (&**detail).into());
    }
    analysis.insert("lastUpdated".into(), statement.at.unwrap_or(issue.at).to_string().into());
    out.insert("analysis".into(), analysis.into());
    if let Some(action) = &statement.action {
        out.insert("recommendation".into(), (&**action).into());
    }
    let mut affects = Vec::new();
    for product in &statement.products {
        for (reference, versions) in refs.of(product) {
            let mut one = Map::new();
            one.insert("ref".into(), reference.into());
            if versions.is_some() || narrowed || about.is_some() {
                let mut range = Map::new();
                let versions = versions.unwrap_or("vers:all/*");
                let key = if versions.starts_with("vers:") { "range" } else { "version" };
                range.insert(key.into(), versions.into());
                if let Some(about) = about {
                    range.insert("status".into(), about.into());
                }
                one.insert("versions".into(), vec![Value::from(range)].into());
            }
            affects.push(Value::from(one));
        }
    }
    affects.dedup();
    out.insert("affects".into(), affects.into());
    let own: Vec<&str> = [STATE, JUSTIFICATION, RESPONSE, VERSIONS]
        .into_iter()
        .chain(KEPT.map(|(name, _)| name))
        .collect();
    let properties: Vec<Value> =
        kept.iter().filter(|word| !own.contains(&&*word.name)).map(property).collect();
    if !properties.is_empty() {
        out.insert("properties".into(), properties.into());
    }
    if statement.products.is_empty() {
        losses.add("a statement without product", &statement.vulnerability);
    }
    out.into()
}

fn property(word: &Word) -> Value {
    json!({ "name": format!("{PROPERTY}{}", word.name), "value": &*word.text })
}

/// The components that a document lists, and the references to them.
#[derive(Default)]
struct Refs {
    components: Vec<Value>,
    /// By product without versions and components: its place in the list.
    places: HashMap<Product, usize>,
    /// By place and component without versions: its reference.
    inner: HashMap<(usize, Product), String>,
    taken: BTreeSet<String>,
}

impl Refs {
    /// The references of a product, or of the components in it, with their versions.
    fn of<'p>(&mut self, product: &'p Product) -> Vec<(String, Option<&'p str>)> {
        let bare = product.name.is_none()
            && product.components.is_empty()
            && product.identifiers.is_empty();
        if bare && linked(&product.id).purl == product.purl && product.id.starts_with("urn:cdx:") {
            return vec![(product.id.to_string(), product.versions.as_deref())];
        }
        let outer = Product { components: Vec::new(), ..product.clone() };
        let narrowed = !product.components.is_empty();
        // The versions of a product around a component stand with the product.
        let key = if narrowed { outer } else { Product { versions: None, ..outer } };
        let place = match self.places.get(&key) {
            Some(place) => *place,
            None => {
                let listed = self.listed(&key);
                self.components.push(listed);
                self.places.insert(key, self.components.len() - 1);
                self.components.len() - 1
            }
        };
        if !narrowed {
            let reference = member(&self.components[place], "bom-ref").unwrap_or_default();
            return vec![(reference.to_owned(), product.versions.as_deref())];
        }
        let mut out = Vec::new();
        for component in &product.components {
            let key = (place, Product { versions: None, ..component.clone() });
            let reference = match self.inner.get(&key) {
                Some(reference) => reference.clone(),
                None => {
                    let listed = self.listed(&key.1);
                    let reference = member(&listed, "bom-ref").unwrap_or_default().to_owned();
                    if let Some(around) = self.components[place].as_object_mut() {
                        let list =
                            around.entry("components").or_insert_with(|| Value::Array(Vec::new()));
                        list.as_array_mut().into_iter().for_each(|list| list.push(listed.clone()));
                    }
                    self.inner.insert(key, reference.clone());
                    reference
                }
            };
            out.push((reference, component.versions.as_deref()));
        }
        out
    }

    fn listed(&mut self, product: &Product) -> Value {
        let mut out = Map::new();
        let mut properties = Vec::new();
        let mut reference = product.id.to_string();
        if reference.is_empty()
            || reference.starts_with("urn:cdx:")
            || self.taken.contains(&reference)
        {
            reference = format!("product-{}", self.taken.len() + 1);
            while self.taken.contains(&reference) {
                reference.push('x');
            }
            properties.push(property(&Word::new("id", &*product.id)));
        }
        self.taken.insert(reference.clone());
        out.insert("bom-ref".into(), reference.into());
        out.insert("name".into(), label(product).into());
        out.insert("type".into(), word(&product.identifiers, TYPE).unwrap_or("library").into());
        if let Some(purl) = &product.purl {
            out.insert("purl".into(), purl.to_string().into());
        }
        if let Some(versions) = &product.versions {
            // Of a product around a component.
            out.insert("version".into(), (&**versions).into());
        }
        for word in product.identifiers.iter().filter(|word| &*word.name != TYPE) {
            match &*word.name {
                "cpe" if !out.contains_key("cpe") => {
                    out.insert("cpe".into(), (&*word.text).into());
                }
                _ => properties.push(property(word)),
            }
        }
        if !properties.is_empty() {
            out.insert("properties".into(), properties.into());
        }
        out.into()
    }
}
