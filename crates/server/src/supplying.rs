//! Suppliers: who may see and change them, what they promised, links that they use, questions to them. The API and the
//! pages do it the same way. A supplier is seen by whoever may see the system of one of its products, with these
//! products alone; what is of the supplier as a whole is changed by who may do so at each of them.

mod asking;
pub(crate) mod contents;
pub(crate) mod document;
pub(crate) mod intake;
pub(crate) mod judged;
pub(crate) mod kept;
pub(crate) mod letters;
pub(crate) mod preview;
mod promised;
pub(crate) mod reminders;

use std::ops::RangeInclusive;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp, ToSpan};
use serde_json::json;
use trimtab_store::{Asset, NewSupplier, Product, StoreError, Supplied, Supplier};

use crate::access::secret::Secret;
use crate::access::{Action, On, Who};
use crate::api::{on, reports};
use crate::problem::Problem;
use crate::reviewing::line;
use crate::state::App;

pub(crate) use asking::{Asked, ask, withdraw_question};
pub(crate) use promised::Promised;

/// What the secret of a link begins with, so that a scanner of leaked secrets can know it.
pub(crate) const PREFIX: &str = "trimtab_supplier_";
/// The longest life of a link, in days.
pub(crate) const LONGEST: i64 = 400;
/// The longest text of a question or an answer, in characters.
pub(crate) const TEXT: usize = 4000;
/// By when a question is to be answered where nothing was promised, in days.
const USUAL: i64 = 14;
/// The latest day that a question may be due, in days.
const LATEST: i64 = 365;

/// The years of days that are sent: others are slips of the pen, and some no calendar can write.
const YEARS: RangeInclusive<i16> = 2000..=2200;

/// What is said of a supplier.
#[derive(Debug, Clone, Default)]
pub(crate) struct Wanted {
    pub(crate) name: String,
    pub(crate) contact: String,
    pub(crate) contract: String,
    /// The last day; empty: nobody said.
    pub(crate) ends: String,
    pub(crate) obligations: Promised,
}

impl Wanted {
    fn checked(self) -> Result<NewSupplier, Problem> {
        let text = |name: &str, text: &str, least: usize| {
            line(text, 200).filter(|text| text.chars().count() >= least).ok_or_else(|| {
                Problem::invalid(format!(
                    "`{name}` must be {least} to 200 characters, on one line."
                ))
            })
        };
        self.obligations.checked()?;
        Ok(NewSupplier {
            name: text("name", &self.name, 1)?,
            contact: text("contact", &self.contact, 0)?,
            contract: text("contract", &self.contract, 0)?,
            contract_ends: last_day("ends", &self.ends)?,
            obligations: json!(self.obligations),
        })
    }
}

/// The end of a day that was sent. `None`: nothing was.
///
/// # Errors
/// It is no day.
pub(crate) fn last_day(name: &str, text: &str) -> Result<Option<Timestamp>, Problem> {
    if text.trim().is_empty() {
        return Ok(None);
    }
    let end = || -> Option<Timestamp> {
        let day: Date = text.trim().parse().ok()?;
        if !YEARS.contains(&day.year()) {
            return None;
        }
        Some(day.checked_add(1.day()).ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp())
    };
    end()
        .map(Some)
        .ok_or_else(|| Problem::invalid(format!("`{name}` must be a day such as 2026-11-21.")))
}

/// A supplier as somebody sees it.
pub(crate) struct Seen {
    pub(crate) is: Supplier,
    /// The products that they may see.
    pub(crate) products: Vec<Product>,
    /// Whether they may change what is of the supplier as a whole.
    pub(crate) may_change: bool,
}

impl Seen {
    /// A product that they may see.
    ///
    /// # Errors
    /// There is none.
    pub(crate) fn product(&self, id: i64) -> Result<&Product, Problem> {
        let found = self.products.iter().find(|product| product.id == id);
        found.ok_or_else(|| Problem::not_found("product"))
    }

    /// The ids of the products.
    pub(crate) fn ids(&self) -> Vec<i64> {
        self.products.iter().map(|product| product.id).collect()
    }

    /// That they may change what is of the supplier as a whole.
    ///
    /// # Errors
    /// They may not.
    pub(crate) fn must_change(&self) -> Result<(), Problem> {
        if self.may_change { Ok(()) } else { Err(Problem::forbidden(Action::Supply)) }
    }
}

/// Some suppliers as somebody sees them.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn seen(app: &App, who: &Who, all: Vec<Supplier>) -> Result<Vec<Seen>, Problem> {
    let ids: Vec<i64> = all.iter().map(|supplier| supplier.id).collect();
    let mut delivered = app.store.products(who.org, &ids).await?;
    let mut told = Vec::with_capacity(all.len());
    for is in all {
        let mut products = delivered.remove(&is.id).unwrap_or_default();
        let mut may_change = true;
        let mut shown = Vec::with_capacity(products.len());
        for product in products.drain(..) {
            let place = on(&app.store, who.org, product.system).await?;
            may_change &= who.may(Action::Supply, place);
            if who.may(Action::View, place) {
                shown.push(product);
            }
        }
        if !shown.is_empty() {
            told.push(Seen { is, products: shown, may_change });
        }
    }
    Ok(told)
}

/// A supplier that they may see.
///
/// # Errors
/// There is none, or they may not see it: the answer is the same.
pub(crate) async fn find(app: &App, who: &Who, id: i64) -> Result<Seen, Problem> {
    let missing = || Problem::not_found("supplier");
    let supplier = app.store.supplier(who.org, id).await?.ok_or_else(missing)?;
    seen(app, who, vec![supplier]).await?.pop().ok_or_else(missing)
}

/// A product that is to be delivered into a system.
#[derive(Debug, Clone, Default)]
pub(crate) struct Delivered {
    pub(crate) product: String,
    /// The name of the system.
    pub(crate) system: String,
    /// The name of the asset; empty: made of supplier and product.
    pub(crate) asset: String,
}

/// The asset that is to stand for a product: a new one, or one of theirs that is a product already.
async fn stand_for(
    app: &App,
    who: &Who,
    supplier: &str,
    wanted: &Delivered,
) -> Result<(String, Asset), Problem> {
    let product = line(&wanted.product, 200).filter(|name| !name.is_empty());
    let product = product
        .ok_or_else(|| Problem::invalid("`product` must be 1 to 200 characters, on one line."))?;
    let systems = app.store.systems(who.org).await?;
    let missing = || Problem::invalid(format!("There is no system `{}`.", wanted.system.trim()));
    let system = systems.iter().find(|s| s.name == wanted.system.trim()).ok_or_else(missing)?;
    let place = On { system: Some(system.id), team: system.team };
    if !who.may(Action::View, place) {
        return Err(missing());
    }
    who.must(Action::Supply, place)?;
    let name = match wanted.asset.trim() {
        "" => format!("{supplier} {product}"),
        name => name.to_owned(),
    };
    let name = line(&name, 300)
        .ok_or_else(|| Problem::invalid("`asset` must be 1 to 300 characters, on one line."))?;
    if let Some(known) = app.store.asset_of_name(who.org, &name).await? {
        let there = on(&app.store, who.org, known.system).await?;
        let theirs = known.system == Some(system.id) && who.may(Action::Supply, there);
        if !theirs || known.kind != "product" {
            let text =
                "An asset of that name is something else: give this one another name in `asset`.";
            return Err(Problem::conflict(text));
        }
        return Ok((product, known));
    }
    let (called, of) = ((name.as_str(), "product"), Some(system.id));
    let asset = app.store.put_asset_by(who.org, called, of, &who.actor(), app.now()).await?;
    Ok((product, asset))
}

fn refused(error: StoreError) -> Problem {
    match error {
        StoreError::Refused(why) => Problem::conflict(why),
        error => error.into(),
    }
}

/// Adds a supplier with the first that it delivers. Returns the ids of both.
///
/// # Errors
/// They may not, or something is not right.
pub(crate) async fn add(
    app: &App,
    who: &Who,
    wanted: Wanted,
    first: &Delivered,
) -> Result<(i64, i64), Problem> {
    if !who.may_somewhere(Action::Supply) {
        return Err(Problem::forbidden(Action::Supply));
    }
    let new = wanted.checked()?;
    let (product, asset) = stand_for(app, who, &new.name, first).await?;
    let (is, now) = ((product.as_str(), asset.id), app.now());
    let added = app.store.add_supplier(who.org, &new, is, &who.actor(), now).await;
    let added = added.map_err(refused)?;
    app.store.add_job(&crate::jobs::remind::next(who.org, now), now).await?;
    Ok(added)
}

/// Says otherwise what is known of a supplier; `ended`: whether it delivers nothing any longer. `None`: as before.
///
/// # Errors
/// They may not, or something is not right.
///
/// `read`: asks whether its version is the one that they have read.
pub(crate) async fn change(
    app: &App,
    who: &Who,
    id: i64,
    (wanted, ended): (Wanted, Option<bool>),
    read: impl FnOnce(i64) -> Result<(), Problem>,
) -> Result<(), Problem> {
    let before = find(app, who, id).await?;
    before.must_change()?;
    read(before.is.version)?;
    let promised = promised::later(&before.is, &wanted.obligations, app.now())?;
    let new = wanted.checked()?;
    // What ended stays ended until somebody says otherwise.
    let (is, now) = ((&new, ended, &promised), app.now());
    // Since when promises hold follows from what was promised before: of two at once the second has read something else.
    let of = (id, Some(before.is.version));
    if !app.store.set_supplier_read(who.org, of, is, &who.actor(), now).await? {
        return Err(Problem::changed());
    }
    app.store.add_job(&crate::jobs::remind::soon(who.org, now), now).await?;
    // Who was written to before it ended is again.
    if ended == Some(false) {
        app.store.add_job(&crate::jobs::write_suppliers::next(who.org, now), now).await?;
    }
    Ok(())
}

/// Adds something that a supplier delivers. Returns its id.
///
/// # Errors
/// They may not, or something is not right.
pub(crate) async fn deliver(
    app: &App,
    who: &Who,
    id: i64,
    wanted: &Delivered,
) -> Result<i64, Problem> {
    let supplier = find(app, who, id).await?;
    if !who.may_somewhere(Action::Supply) {
        return Err(Problem::forbidden(Action::Supply));
    }
    let (product, asset) = stand_for(app, who, &supplier.is.is.name, wanted).await?;
    let is = (product.as_str(), asset.id);
    app.store.add_product(who.org, id, is, &who.actor(), app.now()).await.map_err(refused)
}

/// Says which release of a product is the newest.
///
/// # Errors
/// They may not, or it is no version.
pub(crate) async fn release(
    app: &App,
    who: &Who,
    (id, product): (i64, i64),
    version: &str,
) -> Result<(), Problem> {
    let supplier = find(app, who, id).await?;
    let product = supplier.product(product)?;
    who.must(Action::Supply, on(&app.store, who.org, product.system).await?)?;
    let version = line(version, 100).filter(|version| !version.is_empty());
    let version = version
        .ok_or_else(|| Problem::invalid("`version` must be 1 to 100 characters, on one line."))?;
    let now = app.now();
    if app.store.set_release(who.org, product, &version, &who.actor(), now).await? {
        app.store.add_job(&crate::jobs::remind::soon(who.org, now), now).await?;
    }
    Ok(())
}

/// Makes a link for a supplier. Returns its id and address, which is told this once.
///
/// # Errors
/// They may not, or something is not right.
pub(crate) async fn link(
    app: &App,
    who: &Who,
    id: i64,
    (name, days): (&str, i64),
) -> Result<(i64, String), Problem> {
    let supplier = find(app, who, id).await?;
    supplier.must_change()?;
    // A link would outlive the token that made it: people make them.
    if who.session.is_none() {
        return Err(Problem::for_people("make a link for a supplier"));
    }
    if supplier.is.ended.is_some() {
        return Err(Problem::conflict("This supplier no longer delivers anything."));
    }
    let name = line(name, 200).filter(|name| !name.is_empty());
    let name =
        name.ok_or_else(|| Problem::invalid("`name` must be 1 to 200 characters, on one line."))?;
    if !(1..=LONGEST).contains(&days) {
        return Err(Problem::invalid(format!("`days` must be 1 to {LONGEST}.")));
    }
    let secret = Secret::new(PREFIX).map_err(|e| Problem::no_random_bytes(&e))?;
    let now = app.now();
    let (digest, expires) = (secret.digest(), now + SignedDuration::from_hours(24 * days));
    let of = (id, name.as_str(), who.person.id);
    let actor = who.actor();
    let link = app.store.add_supplier_link(who.org, of, (&digest, expires), &actor, now).await?;
    Ok((link, format!("{}/supplied/{}", app.settings.public, secret.shown())))
}

/// Withdraws a link.
///
/// # Errors
/// They may not, or there is none.
pub(crate) async fn withdraw_link(
    app: &App,
    who: &Who,
    (id, link): (i64, i64),
) -> Result<(), Problem> {
    find(app, who, id).await?.must_change()?;
    let (of, actor) = ((id, link), who.actor());
    if app.store.withdraw_supplier_link(who.org, of, &actor, app.now()).await? {
        Ok(())
    } else {
        Err(Problem::not_found("link"))
    }
}

/// A document of a supplier that they may see.
///
/// # Errors
/// There is none.
pub(crate) async fn document(
    app: &App,
    who: &Who,
    (id, document): (i64, i64),
) -> Result<(Seen, Supplied), Problem> {
    let missing = || Problem::not_found("document");
    let supplier = find(app, who, id).await?;
    let is = app.store.supplied_numbered(who.org, document).await?.ok_or_else(missing)?;
    let theirs = is.is.supplier == id && supplier.product(is.is.product).is_ok();
    if theirs { Ok((supplier, is)) } else { Err(missing()) }
}

/// Lets a VEX document of a supplier hold for its product: from then on it counts as one that we were sent.
///
/// # Errors
/// They may not upload there, it is no VEX document, or it holds already.
pub(crate) async fn take(app: &App, who: &Who, ids: (i64, i64)) -> Result<(), Problem> {
    if !who.may_somewhere(Action::Upload) {
        find(app, who, ids.0).await?;
        return Err(Problem::forbidden(Action::Upload));
    }
    let (supplier, is) = document(app, who, ids).await?;
    let product = supplier.product(is.is.product)?;
    who.must(Action::Upload, on(&app.store, who.org, product.system).await?)?;
    if is.is.kind != "vex" {
        return Err(Problem::conflict("This is not a VEX document."));
    }
    let again = || Problem::conflict("Somebody has already let it apply.");
    // It may have been ended since: that stands.
    if is.taken.is_some() {
        return Err(again());
    }
    let (actor, now) = (who.actor(), app.now());
    reports::let_hold(app, who.org, (product.asset, &is.is.document), &actor).await?;
    match app.store.take_supplied(who.org, (is.id, product.asset), &actor, now).await? {
        true => {
            app.store.add_job(&crate::jobs::remind::soon(who.org, now), now).await?;
            Ok(())
        }
        false => Err(again()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_ends_with_it() {
        let end = last_day("ends", "2026-11-21").unwrap().unwrap();
        assert_eq!(end.to_string(), "2026-11-22T00:00:00Z");
        assert_eq!(last_day("ends", " ").unwrap(), None);
        for wrong in ["9999-12-31", "soon", "-009999-03-01", "1999-12-31"] {
            assert!(last_day("ends", wrong).is_err(), "{wrong}");
        }
    }
}
