//! CSAF 2.0 (OASIS standard, 2022): the product tree, and what each vulnerability says about the
//! products in it.
//!
//! - `known_not_affected` is not_affected; `fixed` and `first_fixed` are fixed; `known_affected`,
//!   `first_affected` and `last_affected` are affected; `under_investigation` is itself.
//!   `recommended` names versions to go to and is no status. A group that is not the first of its kind
//!   is kept as the word `csaf:status`.
//! - A flag is the justification, a threat of category `impact` the detail, a remediation the action,
//!   each for its products and groups of products. Their dates are the statement's time; without
//!   one, the release of the document is. More than one threat or remediation are kept as words.
//! - The products of one vulnerability about which the same is said are one statement.
//! - A relationship (`A` as a component of `B`) is the component `A` in the product `B`.
//! - Versions of a product are those of its purl, else of the branch above it.
//!
//! A product that the tree does not have, and a product of two contradicting groups (tests 6.1.1 and
//! 6.1.6 of the standard), are diagnostics; of contradicting groups the graver one is used. In a
//! document of category `csaf_vex`, not_affected without a reason (6.1.27.9) is left out.

use std::collections::{BTreeMap, HashMap, HashSet};

use jiff::Timestamp;
use serde_json::{Map, Value, json};
use trimtab_model::decision::{Justification, Product, Statement, Word};
use trimtab_model::evidence::VexStatus;
use trimtab_model::{Code, Diagnostic};

use super::{
    Issue, Losses, MAX_PRODUCTS, NO_ACTION, NO_IMPACT, VexDocument, VexFormat, boxed, items, label,
    lacks_reason, malformed, member, moment, purl_and_versions, sorted, texts, word, words,
};

const STATUS: &str = "csaf:status";
const IMPACT: &str = "csaf:impact";
const REMEDIATION: &str = "csaf:remediation";
const CATEGORY: &str = "csaf:remediation-category";
const URL: &str = "csaf:remediation-url";
const TITLE: &str = "csaf:title";
/// Of a product: what identifies it besides purl and CPE, as JSON.
const HELPER: &str = "csaf:helper";
/// Of a product with a component: id, name and category of the relationship.
const RELATED_ID: &str = "csaf:relationship-id";
const RELATED_NAME: &str = "csaf:relationship-name";
const RELATED_AS: &str = "csaf:relationship";
const DEFAULT_RELATION: &str = "default_component_of";

/// The groups of a status, the one that is written first.
const GROUPS: [(&str, VexStatus); 7] = [
    ("known_affected", VexStatus::Affected),
    ("first_affected", VexStatus::Affected),
    ("last_affected", VexStatus::Affected),
    ("known_not_affected", VexStatus::NotAffected),
    ("fixed", VexStatus::Fixed),
    ("first_fixed", VexStatus::Fixed),
    ("under_investigation", VexStatus::UnderInvestigation),
];

fn group_of(status: VexStatus) -> &'static str {
    GROUPS.iter().find(|(_, s)| *s == status).map_or("known_affected", |(group, _)| group)
}

pub(super) fn read(value: &Value, faults: &mut Vec<Diagnostic>) -> Option<VexDocument> {
    let version = value.pointer("/document/csaf_version").and_then(Value::as_str);
    if version != Some("2.0") {
        let version = version.unwrap_or("of an unknown version");
        faults.push(
            Diagnostic::new(Code::FormatVersion, format!("CSAF {version}, of which 2.0 is read"))
                .help("ask for the document in CSAF 2.0"),
        );
        return None;
    }
    let head = value.get("document").unwrap_or(&Value::Null);
    let tracking = head.get("tracking").unwrap_or(&Value::Null);
    let mut document = VexDocument {
        format: VexFormat::Csaf,
        id: boxed(member(tracking, "id")),
        version: boxed(member(tracking, "version")),
        author: boxed(head.pointer("/publisher/name").and_then(Value::as_str)),
        at: moment(tracking, "current_release_date"),
        statements: Vec::new(),
    };
    let tree = Tree::of(value.get("product_tree").unwrap_or(&Value::Null), faults);
    let strict = member(head, "category") == Some("csaf_vex");
    let mut left = MAX_PRODUCTS;
    for (i, entry) in items(value, "vulnerabilities").iter().enumerate() {
        let place = format!("vulnerabilities[{i}]");
        let one = Vulnerability { entry, tree: &tree, place, strict };
        one.read(&mut document, &mut left, faults);
        if left == 0 {
            faults.push(malformed(format!("more than {MAX_PRODUCTS} products")));
            break;
        }
    }
    Some(document)
}

/// The products of a document, and its groups of products.
struct Tree<'v> {
    products: HashMap<&'v str, Product>,
    groups: HashMap<&'v str, Vec<&'v str>>,
}

impl<'v> Tree<'v> {
    fn of(tree: &'v Value, faults: &mut Vec<Diagnostic>) -> Tree<'v> {
        let mut out = Tree { products: HashMap::new(), groups: HashMap::new() };
        for product in items(tree, "full_product_names") {
            out.add(product, None, faults);
        }
        // Branches nest as deep as the JSON does, which is bounded; they are kept on a list of our own.
        let mut open: Vec<(&Value, Option<&str>)> = Vec::new();
        open.extend(items(tree, "branches").iter().rev().map(|branch| (branch, None)));
        while let Some((branch, around)) = open.pop() {
            let version = match member(branch, "category") {
                Some("product_version" | "product_version_range") => member(branch, "name"),
                _ => around,
            };
            if let Some(product) = branch.get("product") {
                out.add(product, version, faults);
            }
            open.extend(items(branch, "branches").iter().rev().map(|inner| (inner, version)));
        }
        // A relationship may refer to another one, in any order; each round resolves some.
        let mut waiting: Vec<&Value> = items(tree, "relationships").iter().collect();
        loop {
            let before = waiting.len();
            waiting.retain(|relationship| !out.relate(relationship, faults));
            if waiting.is_empty() || waiting.len() == before {
                break;
            }
        }
        for relationship in waiting {
            let id = relationship.pointer("/full_product_name/product_id");
            let id = id.and_then(Value::as_str).unwrap_or("?");
            faults.push(malformed(format!(
                "the relationship `{id}` refers to a product that the tree does not have"
            )));
        }
        for group in items(tree, "product_groups") {
            let Some(id) = member(group, "group_id") else { continue };
            for product in texts(group, "product_ids") {
                if !out.products.contains_key(product) {
                    faults.push(malformed(format!(
                        "the group `{id}` has the product `{product}`, which the tree does not have"
                    )));
                }
                out.groups.entry(id).or_default().push(product);
            }
        }
        out
    }

    fn add(&mut self, value: &'v Value, version: Option<&str>, faults: &mut Vec<Diagnostic>) {
        let Some(id) = member(value, "product_id") else { return };
        let product = product(value, version);
        if self.products.insert(id, product).is_some() {
            faults.push(malformed(format!("the product `{id}` stands twice in the tree")));
        }
    }

    /// Adds the product of a relationship. False if what it refers to is not there yet.
    fn relate(&mut self, value: &'v Value, faults: &mut Vec<Diagnostic>) -> bool {
        let name = value.get("full_product_name").unwrap_or(&Value::Null);
        let Some(id) = member(name, "product_id") else { return true };
        let side = |key| self.products.get(member(value, key)?);
        let (Some(component), Some(around)) =
            (side("product_reference"), side("relates_to_product_reference"))
        else {
            return false;
        };
        let mut product = around.clone();
        let own = self::product(name, None);
        let component = Product { components: Vec::new(), ..component.clone() };
        if *id != related_id(around, &component) {
            product.identifiers.push(Word::new(RELATED_ID, id));
        }
        if own.name.as_deref().is_some_and(|name| *name != related_name(around, &component)) {
            product.identifiers.extend(own.name.map(|name| Word::new(RELATED_NAME, name)));
        }
        let category = member(value, "category").unwrap_or(DEFAULT_RELATION);
        if category != DEFAULT_RELATION {
            product.identifiers.push(Word::new(RELATED_AS, category));
        }
        product.identifiers = sorted(product.identifiers);
        // Of a chain of relationships the innermost component is what is meant.
        product.components = vec![component];
        if self.products.insert(id, product).is_some() {
            faults.push(malformed(format!("the product `{id}` stands twice in the tree")));
        }
        true
    }
}

fn related_id(around: &Product, component: &Product) -> String {
    format!("{}:{}", around.id, component.id)
}

fn related_name(around: &Product, component: &Product) -> String {
    format!("{} in {}", label(component), label(around))
}

fn product(value: &Value, version: Option<&str>) -> Product {
    let helper = value.get("product_identification_helper").unwrap_or(&Value::Null);
    let purl = member(helper, "purl").and_then(purl_and_versions);
    let (purl, range) = purl.map_or((None, None), |(purl, range)| (Some(purl), range));
    let mut identifiers: Vec<Word> = Vec::new();
    identifiers.extend(member(helper, "cpe").map(|cpe| Word::new("cpe", cpe)));
    if let Some(map) = helper.as_object() {
        let mut rest = map.clone();
        rest.remove("cpe");
        if purl.is_some() {
            rest.remove("purl");
        }
        if !rest.is_empty() {
            identifiers.push(Word::new(HELPER, Value::from(rest).to_string()));
        }
    }
    // The branch says which versions, unless the purl already has that one.
    let version = version.filter(|version| {
        purl.as_ref().is_none_or(|purl| purl.version().is_none() || version.starts_with("vers:"))
    });
    let id = member(value, "product_id").unwrap_or_default();
    let mut product =
        Product { id: id.into(), purl, identifiers: sorted(identifiers), ..Product::default() };
    let made_up = label(&product);
    product.name = boxed(member(value, "name")).filter(|name| **name != *made_up);
    product.versions = range.or(version.map(Box::from));
    product
}

struct Vulnerability<'v, 't> {
    entry: &'v Value,
    tree: &'t Tree<'v>,
    place: String,
    strict: bool,
}

/// What is said about one product.
#[derive(Default)]
struct Said<'v> {
    groups: Vec<&'v str>,
    flags: Vec<&'v Value>,
    threats: Vec<&'v Value>,
    remediations: Vec<&'v Value>,
}

impl<'v> Vulnerability<'v, '_> {
    fn read(&self, document: &mut VexDocument, left: &mut usize, faults: &mut Vec<Diagnostic>) {
        let mut said: HashMap<&str, Said<'v>> = HashMap::new();
        let mut order: Vec<&'v str> = Vec::new();
        let mut missing: HashSet<&str> = HashSet::new();
        let status = self.entry.get("product_status").unwrap_or(&Value::Null);
        for (group, _) in GROUPS {
            for id in texts(status, group) {
                if !self.tree.products.contains_key(id) {
                    missing.insert(id);
                    continue;
                }
                let entry = said.entry(id).or_default();
                if entry.groups.is_empty() {
                    order.push(id);
                }
                if !entry.groups.contains(&group) {
                    entry.groups.push(group);
                }
            }
        }
        for (list, of) in [("flags", 0), ("threats", 1), ("remediations", 2)] {
            for value in items(self.entry, list) {
                for id in self.named(value, left) {
                    let Some(said) = said.get_mut(id) else {
                        if !self.tree.products.contains_key(id) {
                            missing.insert(id);
                        }
                        continue;
                    };
                    match of {
                        0 => said.flags.push(value),
                        1 if member(value, "category") == Some("impact") => {
                            said.threats.push(value);
                        }
                        1 => {}
                        _ => said.remediations.push(value),
                    }
                }
            }
        }
        let mut missing: Vec<&str> = missing.into_iter().collect();
        missing.sort_unstable();
        for id in missing {
            let place = &self.place;
            faults.push(
                malformed(format!(
                    "{place} speaks about the product `{id}`, which the tree does not have"
                ))
                .help("it is left out; ask the author of the document to correct it"),
            );
        }
        if order.is_empty() {
            return;
        }
        for id in &order {
            let Some(said) = said.get(id) else { continue };
            let mut statuses: Vec<VexStatus> =
                said.groups.iter().filter_map(|group| status_of_group(group)).collect();
            statuses.dedup();
            if let (true, Some(graver)) = (statuses.len() > 1, statuses.iter().max()) {
                let (place, groups) = (&self.place, said.groups.join(" and "));
                faults.push(
                    malformed(format!("{place} says of the product `{id}` that it is {groups}"))
                        .help(format!(
                            "the graver word ({}) is used; ask the author to correct it",
                            graver.as_str()
                        )),
                );
            }
        }
        let Some(name) = self.name() else {
            let message = format!(
                "{} has neither a CVE nor another id nor a title, and is no use",
                self.place
            );
            faults.push(Diagnostic::new(Code::EntryIgnored, message));
            return;
        };
        let mut statements: Vec<Statement> = Vec::new();
        let mut places: HashMap<Vec<u8>, usize> = HashMap::new();
        for id in order {
            *left = left.saturating_sub(1);
            let (Some(said), Some(product)) = (said.get(id), self.tree.products.get(id)) else {
                continue;
            };
            let statement = self.statement(&name, said, document);
            if self.strict && lacks_reason(&statement) && !self.reason_is_made_up(said) {
                let place = &self.place;
                faults.push(
                    malformed(format!(
                        "{place} says that {name} does not affect `{id}`, without flag or impact"
                    ))
                    .help("it is left out; ask the author of the document for the reason"),
                );
                continue;
            }
            let key = key_of(&statement);
            match places.get(&key) {
                Some(at) => statements[*at].products.push(product.clone()),
                None => {
                    places.insert(key, statements.len());
                    statements.push(Statement { products: vec![product.clone()], ..statement });
                }
            }
        }
        document.statements.extend(statements);
    }

    /// The products that a flag, threat or remediation is about, each once.
    fn named(&self, value: &'v Value, left: &mut usize) -> Vec<&'v str> {
        let groups = texts(value, "group_ids").filter_map(|group| self.tree.groups.get(group));
        let limit = *left;
        let mut all: Vec<&str> =
            texts(value, "product_ids").chain(groups.flatten().copied()).take(limit).collect();
        *left = left.saturating_sub(all.len());
        all.sort_unstable();
        all.dedup();
        all
    }

    /// CVE, else the first other id, else the title.
    fn name(&self) -> Option<Box<str>> {
        let ids = items(self.entry, "ids").iter().find_map(|id| member(id, "text"));
        boxed(member(self.entry, "cve").or(ids).or_else(|| member(self.entry, "title")))
    }

    fn reason_is_made_up(&self, said: &Said<'_>) -> bool {
        said.threats.iter().any(|threat| member(threat, "details") == Some(NO_IMPACT))
    }

    fn statement(&self, name: &str, said: &Said<'_>, document: &VexDocument) -> Statement {
        let statuses = said.groups.iter().filter_map(|group| status_of_group(group));
        let status = statuses.max().unwrap_or(VexStatus::Affected);
        let mut kept = Vec::new();
        if said.groups != [group_of(status)] {
            kept.extend(said.groups.iter().map(|group| Word::new(STATUS, *group)));
        }
        let detail = said.threats.first().and_then(|threat| member(threat, "details"));
        let rest = said.threats.iter().skip(1).filter_map(|threat| member(threat, "details"));
        kept.extend(rest.map(|text| Word::new(IMPACT, text)));
        let action = said.remediations.first().and_then(|remedy| member(remedy, "details"));
        if let Some(remedy) = said.remediations.first().filter(|_| action != Some(NO_ACTION)) {
            let category = member(remedy, "category").filter(|category| *category != "vendor_fix");
            kept.extend(category.map(|category| Word::new(CATEGORY, category)));
            kept.extend(member(remedy, "url").map(|url| Word::new(URL, url)));
        }
        kept.extend(said.remediations.iter().skip(1).map(|remedy| {
            let mut remedy = (*remedy).clone();
            if let Some(map) = remedy.as_object_mut() {
                map.remove("product_ids");
                map.remove("group_ids");
            }
            Word::new(REMEDIATION, remedy.to_string())
        }));
        let first = items(self.entry, "ids").iter().filter_map(|id| member(id, "text"));
        let others = first.filter(|id| *id != name).map(Box::from);
        if member(self.entry, "title").is_some_and(|title| title != name) {
            kept.extend(member(self.entry, "title").map(|title| Word::new(TITLE, title)));
        }
        let dated = said.flags.iter().chain(&said.threats).chain(&said.remediations);
        let at: Option<Timestamp> = dated.filter_map(|value| moment(value, "date")).max();
        Statement {
            vulnerability: name.into(),
            aliases: others.collect(),
            products: Vec::new(),
            status,
            justification: said
                .flags
                .iter()
                .find_map(|flag| Justification::from_label(member(flag, "label")?)),
            detail: boxed(detail).filter(|text| &**text != NO_IMPACT),
            action: boxed(action).filter(|text| &**text != NO_ACTION),
            author: document.author.clone(),
            at: at.or(document.at),
            document: document.id.clone(),
            words: sorted(kept),
        }
    }
}

fn status_of_group(group: &str) -> Option<VexStatus> {
    GROUPS.iter().find(|(name, _)| *name == group).map(|(_, status)| *status)
}

/// What makes two statements about one vulnerability one.
fn key_of(statement: &Statement) -> Vec<u8> {
    let s = statement;
    format!("{:?}", (s.status, s.justification, &s.detail, &s.action, s.at, &s.words)).into_bytes()
}

pub(super) fn write(statements: &[&Statement], issue: &Issue, losses: &mut Losses) -> Value {
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
    if let Some(title) = statements.iter().find_map(|s| word(&s.words, TITLE)) {
        out.insert("title".into(), title.into());
    }
    out.insert("notes".into(), json!([{ "category": "general", "text": format!("What {} says about {name}.", issue.author) }]));
    let mut groups: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    let mut taken: HashMap<String, VexStatus> = HashMap::new();
    let (mut flags, mut threats, mut remedies): (Vec<Value>, Vec<Value>, Vec<Value>) =
        Default::default();
    // The gravest first: of statements that contradict each other it stays.
    let mut sorted: Vec<&&Statement> = statements.iter().collect();
    sorted.sort_by_key(|s| std::cmp::Reverse(s.status));
    for statement in sorted {
        let mut ids = Vec::new();
        for id in statement.products.iter().flat_map(|product| tree.of(product)) {
            match taken.get(&id) {
                None => {
                    taken.insert(id.clone(), statement.status);
                    ids.push(id);
                }
                Some(_) => losses.add("a second statement about the same product", name),
            }
        }
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
        let mut number = 2;
        while !self.taken.insert(id.clone()) {
            id = format!("{base}-{number}");
            number += 1;
        }
        id
    }
}
