//! Writing CycloneDX 1.6: one entry for each statement, and the components that they refer to.

use std::collections::{BTreeSet, HashMap};

use serde_json::{Map, Value, json};
use trimtab_model::decision::{Product, Statement, Word};

use super::super::{Issue, Losses, label, member, word, words};
use super::{
    JUSTIFICATION, KEPT, PROPERTY, RESPONSE, STATE, TYPE, VERSIONS, justification, label_of,
    linked, of_range, state, status,
};

pub(in crate::vex) fn write(
    statements: &[&Statement],
    issue: &Issue,
    losses: &mut Losses,
) -> Value {
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
