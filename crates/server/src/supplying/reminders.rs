//! What is to be remembered about suppliers: contracts and links that end, SBOMs that get stale, questions that are past
//! their day. Things to do of the team that owns the product's system, told as its other ones: once each, in its letters
//! and its calendar.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use trimtab_engine::supplier::obligations::Promise;
use trimtab_store::{NewPending, Org, Product, StoreError, Supplier, SupplierLink};

use super::judged;
use super::{Promised, Seen};
use crate::access::secret::digest;
use crate::notices::things::Told;
use crate::state::App;

/// How long before its end a contract is told.
const CONTRACT: SignedDuration = SignedDuration::from_hours(24 * 60);
/// A link.
const LINK: SignedDuration = SignedDuration::from_hours(24 * 14);
/// How long before it is stale an SBOM is told.
const STALE: SignedDuration = SignedDuration::from_hours(24 * 7);
/// How long what ended is told.
const AFTER: SignedDuration = SignedDuration::from_hours(24 * 30);
/// So many suppliers of a team are looked at at once, and so often: the rest is left out.
const AT_ONCE: usize = 100;
const TURNS: usize = 10;

/// What a team is to be reminded of, in the order of its keys.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn of_team(app: &App, org: Org, team: i64) -> Result<Vec<NewPending>, StoreError> {
    let systems = app.store.systems(org).await?;
    let own: Vec<i64> = systems.iter().filter(|s| s.team == Some(team)).map(|s| s.id).collect();
    if own.is_empty() {
        return Ok(Vec::new());
    }
    let now = app.now();
    let (mut suppliers, mut after) = (Vec::new(), None);
    for _ in 0..TURNS {
        let page = app.store.suppliers_delivering(org, Some(&own), after, AT_ONCE).await?;
        suppliers.extend(page.rows);
        after = page.next;
        if after.is_none() {
            break;
        }
    }
    let ids: Vec<i64> = suppliers.iter().map(|supplier| supplier.id).collect();
    let mut delivered = app.store.products(org, &ids).await?;
    let mut all = Vec::new();
    for supplier in suppliers {
        let mut products = delivered.remove(&supplier.id).unwrap_or_default();
        products.retain(|product| product.system.is_some_and(|id| own.contains(&id)));
        let Some(first) = products.first().cloned() else { continue };
        all.extend(contract(&supplier, &first, now));
        let links = app.store.supplier_links(org, supplier.id).await?;
        all.extend(last_link(&supplier, &first, &links, now));
        let seen = Seen { is: supplier, products, may_change: false };
        for of in judged::in_time(app, org, &seen).await? {
            all.extend(of_product(&seen.is, &of, now));
        }
    }
    all.sort_by(|a, b| a.item.cmp(&b.item));
    Ok(all)
}

/// What makes reminders the same as those of a look before.
pub(crate) fn mark(all: &[NewPending]) -> String {
    if all.is_empty() {
        return String::new();
    }
    digest(&all.iter().map(|is| format!("{} {}\n", is.item, is.mark)).collect::<String>())
}

fn soon(at: Timestamp, before: SignedDuration, now: Timestamp) -> bool {
    // Never away from what others said: there may be no such time.
    let is_near = now.checked_add(before).is_ok_and(|until| at <= until);
    is_near && !at.checked_add(AFTER).is_ok_and(|end| now >= end)
}

fn is_stale_soon(at: Timestamp, now: Timestamp) -> bool {
    now.checked_add(STALE).is_ok_and(|until| at <= until)
}

struct Thing<'a> {
    supplier: &'a Supplier,
    product: &'a Product,
    /// What makes it this one.
    key: String,
    title: String,
    detail: String,
    act: &'a str,
    due: Timestamp,
}

impl Thing<'_> {
    fn pending(self) -> NewPending {
        let told = Told {
            title: self.title,
            detail: self.detail,
            act: self.act.to_owned(),
            link: format!("/suppliers/{}", self.supplier.id),
            system: self.product.system,
            answer: None,
            findings: 0,
            level: None,
            due: Some(self.due.as_second()),
            first: false,
        };
        NewPending {
            item: format!("supplier:{}:{}", self.supplier.id, self.key),
            mark: digest(&format!("{} {}", self.key, self.due)),
            told: json!(told),
            urgent: false,
            urgent_of: Vec::new(),
        }
    }
}

fn day(at: Timestamp) -> String {
    // What ends with a day is told by that day.
    let within = at.checked_sub(SignedDuration::from_secs(1)).unwrap_or(at);
    within.strftime("%Y-%m-%d").to_string()
}

fn contract(supplier: &Supplier, product: &Product, now: Timestamp) -> Option<NewPending> {
    let due = supplier.is.contract_ends.filter(|at| soon(*at, CONTRACT, now))?;
    let thing = Thing {
        supplier,
        product,
        key: "contract".to_owned(),
        title: format!("The contract with {} ends on {}", supplier.is.name, day(due)),
        detail: match supplier.is.contract.as_str() {
            "" => "Its promises end with it.".to_owned(),
            number => format!("Contract {number}. Its promises end with it."),
        },
        act: "Renew it and enter the new end date, or mark the supplier as no longer delivering.",
        due,
    };
    Some(thing.pending())
}

/// The link that ends last: while another holds, nobody need do anything.
fn last_link(
    supplier: &Supplier,
    product: &Product,
    links: &[SupplierLink],
    now: Timestamp,
) -> Option<NewPending> {
    let kept = links.iter().filter(|link| link.withdrawn.is_none());
    let last = kept.max_by_key(|link| link.expires)?;
    let due = Some(last.expires).filter(|at| soon(*at, LINK, now))?;
    let thing = Thing {
        supplier,
        product,
        key: format!("link-{}", last.id),
        title: format!(
            "The link of {} {} on {}",
            supplier.is.name,
            if due <= now { "expired" } else { "expires" },
            day(due)
        ),
        // Who has it is told to who may make one.
        detail: "It is their last link for uploads.".to_owned(),
        act: "Create a new one and send it to them.",
        due,
    };
    Some(thing.pending())
}

fn of_product(supplier: &Supplier, of: &judged::OfProduct, now: Timestamp) -> Vec<NewPending> {
    let product = &of.product;
    let mut all = Vec::new();
    let stale = of.judged.iter().find(|is| is.promise == Promise::Freshness);
    if let Some(due) = stale.and_then(|is| is.due).filter(|at| is_stale_soon(*at, now)) {
        let days = Promised::of(supplier).fresh_days.unwrap_or_default();
        let thing = Thing {
            supplier,
            product,
            key: format!("stale-{}", product.id),
            title: match of.newest {
                Some(_) => format!("The SBOM of {} is outdated from {}", product.name, day(due)),
                None => format!("An SBOM of {} is due on {}", product.name, day(due)),
            },
            detail: format!("{} promised an SBOM at most {days} days old.", supplier.is.name),
            act: "Ask them for a new one.",
            due,
        };
        all.push(thing.pending());
    }
    for question in of.waiting.iter().filter(|question| question.is.due < now) {
        let about = question.is.vulnerability.as_deref().unwrap_or("a question");
        let thing = Thing {
            supplier,
            product,
            key: format!("question-{}", question.id),
            title: format!(
                "{} has not answered about {about} in {}",
                supplier.is.name, product.name
            ),
            detail: format!("It was due on {}.", question.is.due.strftime("%Y-%m-%d")),
            act: "Contact them, or withdraw the question.",
            due: question.is.due,
        };
        all.push(thing.pending());
    }
    all
}

#[cfg(test)]
mod tests {
    use trimtab_store::NewSupplier;

    use super::*;

    fn at(day: i64) -> Timestamp {
        Timestamp::from_second(day * 86_400).unwrap()
    }

    fn supplier(ends: Option<i64>) -> (Supplier, Product) {
        let is = NewSupplier {
            name: "Northwind".into(),
            contact: String::new(),
            contract: "C-7".into(),
            contract_ends: ends.map(at),
            obligations: json!({}),
        };
        let product = Product {
            id: 2,
            supplier: 1,
            name: "Gateway".into(),
            asset: 3,
            system: Some(4),
            newest: None,
            made: at(0),
        };
        (Supplier { id: 1, is, made: at(0), ended: None, promised: json!({}), version: 1 }, product)
    }

    #[test]
    fn a_contract_is_told_before_it_ends_and_once() {
        let of = |ends: Option<i64>, now: i64| {
            let (supplier, product) = supplier(ends);
            contract(&supplier, &product, at(now))
        };
        assert_eq!(of(None, 500), None);
        assert_eq!(of(Some(100), 39), None);
        let first = of(Some(100), 40).unwrap();
        let told = Told::of(&first.told);
        assert_eq!(told.title, "The contract with Northwind ends on 1970-04-10");
        assert_eq!((told.system, told.due), (Some(4), Some(100 * 86_400)));
        // The same on another day is the same thing; another end is another one.
        assert_eq!(of(Some(100), 120).unwrap().mark, first.mark);
        assert_ne!(of(Some(101), 45).unwrap().mark, first.mark);
        assert_eq!(of(Some(100), 130), None, "long past");
    }

    #[test]
    fn a_link_is_told_if_no_other_holds_longer() {
        let (supplier, product) = supplier(None);
        let link = |id: i64, expires: i64, withdrawn: Option<i64>| SupplierLink {
            id,
            org: Org(1),
            supplier: 1,
            name: "Release engineering".into(),
            person: 1,
            created: at(0),
            expires: at(expires),
            withdrawn: withdrawn.map(at),
            used: None,
        };
        let told = |links: &[SupplierLink]| last_link(&supplier, &product, links, at(20));
        assert_eq!(told(&[]), None);
        assert!(told(&[link(1, 30, None)]).is_some());
        assert_eq!(told(&[link(1, 30, None), link(2, 90, None)]), None);
        let kept = told(&[link(1, 30, None), link(2, 90, Some(5))]).unwrap();
        assert_eq!(kept.item, "supplier:1:link-1");
    }
}
