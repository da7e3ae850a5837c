//! Reading CSAF: what each vulnerability says about the products of the tree.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde_json::{Map, Value};
use trimtab_model::decision::{Justification, Statement, Word};
use trimtab_model::evidence::VexStatus;
use trimtab_model::{Code, Diagnostic};

use super::super::{
    Budget, NO_ACTION, NO_IMPACT, VexDocument, VexFormat, boxed, brief, items, lacks_reason,
    malformed, member, moment, sorted, spent, texts, weight,
};
use super::tree::Tree;
use super::{CATEGORY, GROUPS, IMPACT, REMEDIATION, STATUS, TITLE, URL, group_of};

pub(in crate::vex) fn read(value: &Value, faults: &mut Vec<Diagnostic>) -> Option<VexDocument> {
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
        id: brief(member(tracking, "id")),
        version: boxed(member(tracking, "version")),
        author: brief(head.pointer("/publisher/name").and_then(Value::as_str)),
        at: moment(tracking, "current_release_date"),
        statements: Vec::new(),
    };
    let mut budget = Budget::new();
    let tree = Tree::of(value.get("product_tree").unwrap_or(&Value::Null), &mut budget, faults);
    let strict = member(head, "category") == Some("csaf_vex");
    for (i, entry) in items(value, "vulnerabilities").iter().enumerate() {
        let place = format!("vulnerabilities[{i}]");
        let one = Vulnerability { entry, tree: &tree, place, strict };
        one.read(&mut document, &mut budget, faults);
        if budget.is_spent() {
            faults.push(spent());
            break;
        }
    }
    Some(document)
}

/// The most products that one flag, threat or remediation may name.
const MAX_NAMED: usize = 1_000_000;

struct Vulnerability<'v, 't> {
    entry: &'v Value,
    tree: &'t Tree<'v>,
    place: String,
    strict: bool,
}

/// What is stated about one product.
#[derive(Default)]
struct Said<'v> {
    groups: Vec<&'v str>,
    flags: Vec<&'v Value>,
    threats: Vec<&'v Value>,
    remediations: Vec<&'v Value>,
}

impl<'v> Vulnerability<'v, '_> {
    fn read(&self, document: &mut VexDocument, budget: &mut Budget, faults: &mut Vec<Diagnostic>) {
        let (said, order) = self.said(budget, faults);
        if order.is_empty() {
            return;
        }
        self.contradictions(&said, &order, faults);
        let Some(name) = self.name() else {
            let message = format!(
                "{} has neither a CVE nor another id nor a title, and is no use",
                self.place
            );
            faults.push(Diagnostic::new(Code::EntryIgnored, message));
            return;
        };
        let mut statements: Vec<Statement> = Vec::new();
        // By what is said, and by the entries that say it: large documents say the same of many.
        let mut places: HashMap<String, usize> = HashMap::new();
        let mut known: HashMap<(&[&str], Vec<*const Value>), Option<usize>> = HashMap::new();
        for id in order {
            let (Some(said), Some(product)) = (said.get(id), self.tree.products.get(id)) else {
                continue;
            };
            if !budget.spend(weight(product)) {
                return;
            }
            let entries = said.flags.iter().chain(&said.threats).chain(&said.remediations);
            let entries = entries.map(|entry| std::ptr::from_ref::<Value>(entry)).collect();
            let place = *known.entry((&said.groups, entries)).or_insert_with(|| {
                let statement = self.statement(&name, said, document);
                let text = |text: &Option<Box<str>>| text.as_ref().map_or(0, |text| text.len());
                let words: usize = statement.words.iter().map(|word| word.text.len()).sum();
                let size = text(&statement.detail) + text(&statement.action) + words;
                // Its key is as long.
                if !budget.spend(2 * size) {
                    return None;
                }
                if self.strict && lacks_reason(&statement) && !self.reason_is_made_up(said) {
                    return None;
                }
                Some(*places.entry(key_of(&statement)).or_insert_with(|| {
                    statements.push(statement);
                    statements.len() - 1
                }))
            });
            match place.and_then(|at| statements.get_mut(at)) {
                Some(statement) => statement.products.push(product.clone()),
                None if budget.is_spent() => return,
                None => {
                    let place = &self.place;
                    faults.push(
                        malformed(format!(
                            "{place} says that {name} does not affect `{id}`, without flag or impact"
                        ))
                        .help("it is left out; ask the author of the document for the reason"),
                    );
                }
            }
        }
        document.statements.extend(statements);
    }

    /// What is stated about each product, and the products in their order. What the tree does not have is told.
    fn said(
        &self,
        budget: &mut Budget,
        faults: &mut Vec<Diagnostic>,
    ) -> (HashMap<&'v str, Said<'v>>, Vec<&'v str>) {
        let mut said: HashMap<&'v str, Said<'v>> = HashMap::new();
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
                for id in self.named(value, budget) {
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
        (said, order)
    }

    /// Tells of products that are in groups which say different things.
    fn contradictions(
        &self,
        said: &HashMap<&'v str, Said<'v>>,
        order: &[&'v str],
        faults: &mut Vec<Diagnostic>,
    ) {
        for id in order {
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
    }

    /// The products that a flag, threat or remediation is about, each once.
    fn named(&self, value: &'v Value, budget: &mut Budget) -> Vec<&'v str> {
        let groups = texts(value, "group_ids").filter_map(|group| self.tree.groups.get(group));
        let mut all: Vec<&str> =
            texts(value, "product_ids").chain(groups.flatten().copied()).take(MAX_NAMED).collect();
        budget.spend(16 * all.len());
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
        kept.extend(said.remediations.iter().skip(1).filter_map(|remedy| {
            // Without its products, which may be many.
            let named = |key: &str| matches!(key, "product_ids" | "group_ids");
            let rest = remedy.as_object()?.iter().filter(|(key, _)| !named(key));
            let rest: Map<String, Value> = rest.map(|(k, v)| (k.clone(), v.clone())).collect();
            Some(Word::new(REMEDIATION, Value::from(rest).to_string()))
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
fn key_of(statement: &Statement) -> String {
    let s = statement;
    format!("{:?}", (s.status, s.justification, &s.detail, &s.action, s.at, &s.words))
}
