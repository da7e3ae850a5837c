//! Writing CSAF: one entry for each vulnerability, and a tree with the products that are mentioned.

use std::collections::{BTreeMap, HashMap, HashSet};

use serde_json::{Map, Value, json};
use trimtab_model::decision::{Product, Statement, Word};
use trimtab_model::evidence::VexStatus;

use super::super::{Issue, Losses, NO_ACTION, NO_IMPACT, label, lacks_reason, word, words};
use super::{
    CATEGORY, DEFAULT_RELATION, GROUPS, HELPER, IMPACT, RELATED_AS, RELATED_ID, RELATED_NAME,
    REMEDIATION, STATUS, TITLE, URL, group_of, related_id, related_name,
};

pub(in crate::vex) fn write(
    statements: &[&Statement],
    issue: &Issue,
    losses: &mut Losses,
) -> Value {
    let mut tree = Written::default();
    // CSAF wants one entry for a CVE (6.1.23), in the order in which they come.
    let mut order: Vec<&str> = Vec::new();
    let mut by_name: BTreeMap<&str, Vec<&Statement>> = BTreeMap::new();
    for statement in statements {
        let of = by_name.entry(&statement.vulnerability).or_default();
        if of.is_empty() {
            order.push(&statement.vulnerability);
        }
        of.push(statement);
    }
    let vulnerabilities: Vec<Value> = order
        .iter()
        .filter_map(|name| entry(by_name.get(name)?, issue, &mut tree, losses))
        .collect();
    let at = issue.at.to_string();
    let version = issue.version.max(1).to_string();
    let mut out = json!({
        "document": {
            "category": "csaf_vex",
            "csaf_version": "2.0",
            "publisher": { "category": "vendor", "name": &*issue.author, "namespace": &*issue.namespace },
            "title": &*issue.title,
            "tracking": {
                "current_release_date": at,
                "id": &*issue.id,
                "initial_release_date": at,
                "revision_history": [{ "date": at, "number": version, "summary": "Written by Trimtab." }],
                "status": "final",
                "version": version,
            },
        },
    });
    if let Some(map) = out.as_object_mut() {
        let mut product_tree = Map::new();
        for (key, list) in [
            ("branches", tree.branches),
            ("full_product_names", tree.names),
            ("relationships", tree.relationships),
        ] {
            if !list.is_empty() {
                product_tree.insert(key.into(), list.into());
            }
        }
        if !product_tree.is_empty() {
            map.insert("product_tree".into(), product_tree.into());
        }
        if !vulnerabilities.is_empty() {
            map.insert("vulnerabilities".into(), vulnerabilities.into());
        }
    }
    out
}

/// The entry of one vulnerability.
fn entry(
    statements: &[&Statement],
    issue: &Issue,
    tree: &mut Written,
    losses: &mut Losses,
) -> Option<Value> {
    let name = &*statements.first()?.vulnerability;
    let mut out = identified(name, statements);
    if let Some(title) = statements.iter().find_map(|s| word(&s.words, TITLE)) {
        out.insert("title".into(), title.into());
    }
    out.insert("notes".into(), json!([{ "category": "general", "text": format!("What {} says about {name}.", issue.author) }]));
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut taken: HashSet<String> = HashSet::new();
    let (mut flags, mut threats, mut remedies): (Vec<Value>, Vec<Value>, Vec<Value>) =
        Default::default();
    // The gravest first: of statements that contradict each other it stays.
    let mut sorted: Vec<&&Statement> = statements.iter().collect();
    sorted.sort_by_key(|s| std::cmp::Reverse(s.status));
    for statement in sorted {
        let products = statement.products.iter();
        let mut ids: Vec<String> = products.flat_map(|product| tree.of(product)).collect();
        ids.retain(|id| {
            let is_new = taken.insert(id.clone());
            if !is_new {
                losses.add("a second statement about the same product", name);
            }
            is_new
        });
        if ids.is_empty() {
            continue;
        }
        let kept = &statement.words;
        let known: Vec<&str> = words(kept, STATUS)
            .filter_map(|group| GROUPS.iter().find(|(g, s)| *g == group && *s == statement.status))
            .map(|(group, _)| *group)
            .collect();
        let stated = if known.is_empty() { vec![group_of(statement.status)] } else { known };
        for group in stated {
            groups.entry(group).or_default().extend(ids.iter().cloned());
        }
        let date = statement.at.filter(|at| *at != issue.at).map(|at| at.to_string());
        let mut dated = date.is_none();
        let mut with = |mut value: Value| {
            if let Some(map) = value.as_object_mut() {
                map.insert("product_ids".into(), ids.clone().into());
                if let Some(date) = &date {
                    map.insert("date".into(), date.clone().into());
                }
            }
            dated = true;
            value
        };
        if let Some(justification) = statement.justification {
            flags.push(with(json!({ "label": justification.as_str() })));
        }
        let detail = statement.detail.as_deref().or(lacks_reason(statement).then_some(NO_IMPACT));
        for text in detail.into_iter().chain(words(kept, IMPACT)) {
            threats.push(with(json!({ "category": "impact", "details": text })));
        }
        let affected = statement.status == VexStatus::Affected;
        let action = statement.action.as_deref();
        if let Some(text) = action.or(affected.then_some(NO_ACTION)) {
            let made_up = if action.is_some() { "vendor_fix" } else { "none_available" };
            let mut value =
                json!({ "category": word(kept, CATEGORY).unwrap_or(made_up), "details": text });
            if let (Some(url), Some(map)) = (word(kept, URL), value.as_object_mut()) {
                map.insert("url".into(), url.into());
            }
            remedies.push(with(value));
        }
        for text in words(kept, REMEDIATION) {
            match serde_json::from_str::<Value>(text) {
                Ok(Value::Object(mut map)) => {
                    // With a date of its own, or none.
                    map.insert("product_ids".into(), ids.clone().into());
                    remedies.push(map.into());
                }
                _ => losses.add(REMEDIATION, name),
            }
        }
        if !dated {
            losses.add("the time of a statement without reason or action", name);
        }
        losses.words(kept, &[STATUS, IMPACT, REMEDIATION, CATEGORY, URL, TITLE], name);
    }
    let status: Map<String, Value> =
        groups.into_iter().map(|(group, ids)| (group.to_owned(), ids.into())).collect();
    if status.is_empty() {
        losses.add("a statement without product", name);
        return None;
    }
    out.insert("product_status".into(), status.into());
    for (key, list) in [("flags", flags), ("threats", threats), ("remediations", remedies)] {
        if !list.is_empty() {
            out.insert(key.into(), list.into());
        }
    }
    Some(out.into())
}

/// The names of a vulnerability: a CVE has a member of its own, others stand with the system that gives them.
fn identified(name: &str, statements: &[&Statement]) -> Map<String, Value> {
    let mut out = Map::new();
    let mut ids: Vec<&str> = Vec::new();
    if is_cve(name) {
        out.insert("cve".into(), name.into());
    } else {
        ids.push(name);
    }
    for alias in statements.iter().flat_map(|s| &s.aliases) {
        if **alias != *name && !ids.contains(&&**alias) {
            ids.push(alias);
        }
    }
    if !ids.is_empty() {
        let system = |id: &str| id.split_once('-').map_or("other", |(prefix, _)| prefix).to_owned();
        let ids: Vec<Value> =
            ids.iter().map(|id| json!({ "system_name": system(id), "text": id })).collect();
        out.insert("ids".into(), ids.into());
    }
    out
}

fn is_cve(text: &str) -> bool {
    let Some((year, number)) = text.strip_prefix("CVE-").and_then(|rest| rest.split_once('-'))
    else {
        return false;
    };
    let digits = |text: &str| text.bytes().all(|b| b.is_ascii_digit());
    year.len() == 4 && digits(year) && number.len() >= 4 && digits(number)
}

/// The product tree that is written.
#[derive(Default)]
struct Written {
    branches: Vec<Value>,
    names: Vec<Value>,
    relationships: Vec<Value>,
    ids: HashMap<Product, String>,
    taken: HashSet<String>,
    /// The last number that was given to an id.
    numbers: HashMap<String, u32>,
}

impl Written {
    /// The ids of a product, or of each component in it.
    fn of(&mut self, product: &Product) -> Vec<String> {
        let of_relation = |word: &&Word| word.name.starts_with("csaf:relationship");
        let around = Product {
            components: Vec::new(),
            identifiers: product.identifiers.iter().filter(|w| !of_relation(w)).cloned().collect(),
            ..product.clone()
        };
        if product.components.is_empty() {
            return vec![self.listed(&around)];
        }
        let outer = self.listed(&around);
        let mut out = Vec::new();
        for component in &product.components {
            let key = Product { components: vec![component.clone()], ..product.clone() };
            if let Some(id) = self.ids.get(&key) {
                out.push(id.clone());
                continue;
            }
            let inner = self.listed(component);
            let kept = &product.identifiers;
            let wanted = word(kept, RELATED_ID)
                .map_or_else(|| related_id(&around, component), str::to_owned);
            let id = self.free(&wanted);
            let name = word(kept, RELATED_NAME)
                .map_or_else(|| related_name(&around, component), str::to_owned);
            self.relationships.push(json!({
                "category": word(kept, RELATED_AS).unwrap_or(DEFAULT_RELATION),
                "full_product_name": { "name": name, "product_id": id },
                "product_reference": inner,
                "relates_to_product_reference": outer,
            }));
            self.ids.insert(key, id.clone());
            out.push(id);
        }
        out
    }

    fn listed(&mut self, product: &Product) -> String {
        if let Some(id) = self.ids.get(product) {
            return id.clone();
        }
        let id = self.free(&product.id);
        let mut helper = word(&product.identifiers, HELPER)
            .and_then(|text| serde_json::from_str::<Map<String, Value>>(text).ok())
            .unwrap_or_default();
        for other in product.identifiers.iter().filter(|w| !matches!(&*w.name, HELPER)) {
            if &*other.name == "cpe" && !helper.contains_key("cpe") {
                helper.insert("cpe".into(), (*other.text).into());
            }
        }
        if let Some(purl) = &product.purl {
            helper.insert("purl".into(), purl.to_string().into());
        }
        let mut name = json!({ "name": label(product), "product_id": id });
        if let Some(map) = name.as_object_mut().filter(|_| !helper.is_empty()) {
            map.insert("product_identification_helper".into(), helper.into());
        }
        match &product.versions {
            Some(versions) => {
                let range = versions.starts_with("vers:");
                let category = if range { "product_version_range" } else { "product_version" };
                self.branches
                    .push(json!({ "category": category, "name": &**versions, "product": name }));
            }
            None => self.names.push(name),
        }
        self.ids.insert(product.clone(), id.clone());
        id
    }

    /// An id that no product of the document has yet.
    fn free(&mut self, wanted: &str) -> String {
        let base = if wanted.is_empty() { "product" } else { wanted };
        let mut id = base.to_owned();
        while !self.taken.insert(id.clone()) {
            let number = self.numbers.entry(base.to_owned()).or_insert(1);
            *number += 1;
            id = format!("{base}-{number}");
        }
        id
    }
}
