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
//! - A relationship (`A` as a component of `B`) is the component `A` in the product `B`; of a chain of
//!   them the last component, in the outermost product.
//! - Versions of a product are those of its purl, else of the branch above it.
//!
//! A product that the tree does not have, and a product of two contradicting groups (tests 6.1.1 and
//! 6.1.6 of the standard), are diagnostics; of contradicting groups the graver one is used. In a
//! document of category `csaf_vex`, not_affected without a reason (6.1.27.9) is left out.

mod read;
mod tree;
mod write;

pub(super) use read::read;
pub(super) use write::write;

use trimtab_model::decision::Product;
use trimtab_model::evidence::VexStatus;

use super::label;

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

fn related_id(around: &Product, component: &Product) -> String {
    format!("{}:{}", around.id, component.id)
}

fn related_name(around: &Product, component: &Product) -> String {
    format!("{} in {}", label(component), label(around))
}
