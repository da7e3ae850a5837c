//! What we publish: about a finding that we accept, and about one by which we are not affected.

use jiff::Timestamp;
use trimtab_model::Purl;
use trimtab_model::decision::{Exception, NotAffected, Product, Statement};
use trimtab_model::evidence::VexStatus;

/// The statement that an exception makes about a product: it *is* affected, and this is what we do
/// meanwhile. An exception is never a reason to say that something is not affected.
///
/// `vulnerability` is the id to publish, `component` what the product has it from. Author and time
/// are left to the document.
pub fn accepted(
    exception: &Exception,
    vulnerability: &str,
    product: &Purl,
    component: Option<&Purl>,
) -> Statement {
    let until = exception.expires.map_or_else(String::new, |day| format!(" until {day}"));
    let action = match &exception.control {
        Some(control) => format!("Accepted{until}, with this control: {control}"),
        None => format!("Accepted{until}."),
    };
    Statement {
        action: Some(action.into()),
        ..statement(VexStatus::Affected, vulnerability, product, component)
    }
}

/// The statement that a decision *not affected* makes about a product: the justification, and the
/// reason as impact statement. Who decided, and by which evidence, stays with us.
///
/// `at` is when it was decided. `None`: it is not known, and left to the document.
pub fn not_affected(
    decision: &NotAffected,
    vulnerability: &str,
    product: &Purl,
    component: Option<&Purl>,
    at: Option<Timestamp>,
) -> Statement {
    Statement {
        justification: Some(decision.justification),
        detail: Some(decision.reason.clone()),
        at,
        ..statement(VexStatus::NotAffected, vulnerability, product, component)
    }
}

/// The statement that a release of a product no longer has what the one before it had. `component` is what
/// it has now; `None`: it has the package no longer.
pub fn fixed(vulnerability: &str, product: &Purl, component: Option<&Purl>) -> Statement {
    statement(VexStatus::Fixed, vulnerability, product, component)
}

/// A statement about a component in a product.
fn statement(
    status: VexStatus,
    vulnerability: &str,
    product: &Purl,
    component: Option<&Purl>,
) -> Statement {
    let named = |purl: &Purl, components: Vec<Product>| Product {
        id: purl.to_string().into(),
        purl: Some(purl.clone()),
        components,
        ..Product::default()
    };
    let components = component.filter(|component| *component != product);
    Statement {
        vulnerability: vulnerability.into(),
        aliases: Vec::new(),
        products: vec![named(
            product,
            components.map(|purl| named(purl, Vec::new())).into_iter().collect(),
        )],
        status,
        justification: None,
        detail: None,
        action: None,
        author: None,
        at: None,
        document: None,
        words: Vec::new(),
    }
}
