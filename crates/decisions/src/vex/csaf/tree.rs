//! The tree of products of a CSAF document.

use std::collections::HashMap;

use serde_json::Value;
use trimtab_model::Diagnostic;
use trimtab_model::decision::{Product, Word};

use super::super::{
    Budget, boxed, items, label, malformed, member, purl_and_versions, sorted, texts, weight,
};
use super::{
    DEFAULT_RELATION, HELPER, RELATED_AS, RELATED_ID, RELATED_NAME, related_id, related_name,
};

/// How many relationships may refer to each other in a row, against their order in the document.
const MAX_ROUNDS: usize = 32;

/// The products of a document, and its groups of products.
pub(super) struct Tree<'v> {
    pub(super) products: HashMap<&'v str, Product>,
    pub(super) groups: HashMap<&'v str, Vec<&'v str>>,
}

impl<'v> Tree<'v> {
    pub(super) fn of(
        tree: &'v Value,
        budget: &mut Budget,
        faults: &mut Vec<Diagnostic>,
    ) -> Tree<'v> {
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
        for _ in 0..MAX_ROUNDS {
            let before = waiting.len();
            waiting.retain(|relationship| !out.relate(relationship, budget, faults));
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
            faults.push(malformed(format!("the product `{id}` appears twice in the tree")));
        }
    }

    /// Adds the product of a relationship. False if what it refers to is not there yet.
    fn relate(
        &mut self,
        value: &'v Value,
        budget: &mut Budget,
        faults: &mut Vec<Diagnostic>,
    ) -> bool {
        let name = value.get("full_product_name").unwrap_or(&Value::Null);
        let Some(id) = member(name, "product_id") else { return true };
        let side = |key| self.products.get(member(value, key)?);
        let (Some(component), Some(around)) =
            (side("product_reference"), side("relates_to_product_reference"))
        else {
            return false;
        };
        if !budget.spend(weight(around) + weight(component)) {
            return true;
        }
        let mut product = around.clone();
        // Of a chain the last link is what is kept.
        product.identifiers.retain(|word| !word.name.starts_with(RELATED_AS));
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
        product.components = vec![component];
        if self.products.insert(id, product).is_some() {
            faults.push(malformed(format!("the product `{id}` appears twice in the tree")));
        }
        true
    }
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
