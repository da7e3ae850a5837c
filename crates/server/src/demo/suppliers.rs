//! Suppliers of the year: one that sends and answers and is late with some of it, one of whom nothing came yet.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_store::{
    Became, FindingFilter, FindingOrder, NewQuestion, NewSnapshot, NewSupplied, NewSupplier, Org,
    Product, Store,
};

use super::people::People;
use crate::access::secret::Secret;
use crate::supplying::intake::Answered;
use crate::supplying::{PREFIX, Promised, document};

/// When each step is done: hours before the end of the year.
pub(super) const STEPS: [i64; 4] = [24 * 70, 24 * 30, 24 * 20, 24 * 6];

fn told(error: impl std::fmt::Display) -> String {
    error.to_string()
}

/// What an SBOM of theirs is of.
pub(super) fn release(step: usize) -> &'static str {
    if step == 0 { "7.1" } else { "7.2" }
}

/// Says who supplies what, when the year is young. Returns the product that documents come of.
pub(super) async fn begin(
    store: &Store,
    org: Org,
    people: &People,
    at: Timestamp,
) -> Result<Option<Product>, String> {
    let promised = Promised {
        format: Some("cyclonedx".to_owned()),
        least: Some("1.5".to_owned()),
        fresh_days: Some(45),
        each_release: true,
        notice_hours: Some(72),
        vex_days: Some(14),
        vex_from: Some("high".to_owned()),
        quality: Some(60),
    };
    let all = [
        ("Keelworks", "Berth Gateway", "psirt@keelworks.example", "K-2231", 115, promised.clone()),
        (
            "Lantern Labs",
            "Crew Pager",
            "security@lanternlabs.example",
            "L-17",
            400,
            Promised { fresh_days: Some(180), ..Promised::default() },
        ),
    ];
    let actor = format!("person:{}", people.product);
    let mut first = None;
    for ((name, product, contact, contract, days, obligations), system) in
        all.into_iter().zip(people.systems.iter().rev())
    {
        let asset = format!("{name} {product}");
        let asset = store.put_asset(org, &asset, "product", Some(system.id), at).await;
        let asset = asset.map_err(told)?;
        let new = NewSupplier {
            name: name.to_owned(),
            contact: contact.to_owned(),
            contract: contract.to_owned(),
            contract_ends: Some(at + SignedDuration::from_hours(24 * days)),
            obligations: json!(obligations),
        };
        let is = (product, asset.id);
        let (id, _) = store.add_supplier(org, &new, is, &actor, at).await.map_err(told)?;
        let secret = Secret::new(PREFIX).map_err(told)?;
        let of = (id, "Their release engineering", people.product);
        let until = (secret.digest(), at + SignedDuration::from_hours(24 * 180));
        let link = store.add_supplier_link(org, of, (&until.0, until.1), &actor, at).await;
        link.map_err(told)?;
        if first.is_none() {
            first = store.product_of(org, asset.id).await.map_err(told)?;
            // They want to be written to, and were once.
            store.write_supplier(org, (id, true), &actor, at).await.map_err(told)?;
            let things = [("due-1-freshness".to_owned(), at.to_string())];
            let of = (id, contact);
            store.begin_supplier_letter(org, of, &things, "trimtab", at).await.map_err(told)?;
            let became = (Became::Sent, "");
            store.end_supplier_letter(org, (id, at), became).await.map_err(told)?;
        }
    }
    Ok(first)
}

/// Notes that a stored SBOM came. Gives the snapshot to be added.
pub(super) async fn came(
    store: &Store,
    org: Org,
    (product, step): (&Product, usize),
    digest: String,
    at: Timestamp,
) -> Result<NewSnapshot, String> {
    let bytes = store.document_bytes(org, &digest).await.map_err(told)?.unwrap_or_default();
    let (said, _) = document::sbom(&bytes);
    let version = release(step);
    let new = NewSupplied {
        supplier: product.supplier,
        product: product.id,
        asset: product.asset,
        kind: "sbom".to_owned(),
        version: version.to_owned(),
        document: digest.clone(),
        link: Some(1),
        made: Some(at - SignedDuration::from_hours(20)),
        told: json!(said),
    };
    let actor = format!("supplier:{}", product.supplier);
    store.add_supplied(org, &new, &actor, at).await.map_err(told)?;
    Ok(NewSnapshot {
        document: digest,
        revision: Some(version.to_owned()),
        branch: None,
        build: None,
        received: None,
    })
}

/// Asks about the gravest of what was found: one question was answered since, the other is late.
pub(super) async fn ask(
    store: &Store,
    org: Org,
    (people, product): (&People, &Product),
    at: Timestamp,
) -> Result<(), String> {
    let filter = FindingFilter { asset: Some(product.asset), ..FindingFilter::default() };
    let page = store.findings(org, &filter, FindingOrder::Level, None, 2).await.map_err(told)?;
    let actor = format!("person:{}", people.security);
    for is in &page.rows {
        let new = NewQuestion {
            supplier: product.supplier,
            product: product.id,
            finding: Some(is.id),
            vulnerability: Some(is.vulnerability.1.clone()),
            words: format!(
                "We found {} in {} of your product. Is it affected, and when do we get the fix?",
                is.vulnerability.1, is.component.1
            ),
            author: people.security,
            author_role: "security".to_owned(),
            due: at + SignedDuration::from_hours(24 * 14),
        };
        store.add_question(org, (&new, product.asset), &actor, at).await.map_err(told)?;
    }
    Ok(())
}

/// Answers the question that was asked first; a newer release is known by then.
pub(super) async fn answer(
    store: &Store,
    org: Org,
    (people, product): (&People, &Product),
    at: Timestamp,
) -> Result<(), String> {
    let actor = format!("person:{}", people.product);
    store.set_release(org, product, "7.3", &actor, at).await.map_err(told)?;
    let asked = store.questions(org, (&[product.id], None), None, 9).await.map_err(told)?;
    let Some(first) = asked.rows.last() else { return Ok(()) };
    let answer = Answered {
        status: "affected".to_owned(),
        justification: None,
        words: "The gateway calls it with what berths send. The next release carries the raised version."
            .to_owned(),
        fixed_in: Some("7.3".to_owned()),
        planned: None,
    };
    let of = (product.supplier, first.id, 1);
    let told_by = format!("supplier:{}", product.supplier);
    let said = (&json!(answer), product.asset);
    store.answer_question(org, of, said, &told_by, at).await.map(|_| ()).map_err(told)
}
