//! What suppliers owe: promises that are not kept, questions that are past their day.

use super::{Asking, Owed, Reach, Rows, Told};
use crate::problem::Problem;
use crate::supplying::{kept, seen};

/// How many suppliers are looked at, those that were added last first.
const SUPPLIERS: usize = 50;
/// How many products of them all.
const PRODUCTS: usize = 100;

/// What suppliers with a product in a system that the role reaches owe there, the oldest first.
pub(super) async fn owed(asking: &Asking<'_>, reach: &Reach, show: usize) -> Result<Told, Problem> {
    let (app, who, now) = (asking.app, asking.who, asking.now);
    let systems = reach.systems.as_deref();
    let page = app.store.suppliers_delivering(who.org, systems, None, SUPPLIERS).await?;
    let mut is_least = page.next.is_some();
    let (mut all, mut looked) = (Vec::new(), 0);
    for mut supplier in seen(app, who, page.rows).await? {
        supplier.products.retain(|product| reach.has_system(product.system));
        if supplier.products.is_empty() {
            continue;
        }
        looked += supplier.products.len();
        if looked > PRODUCTS {
            is_least = true;
            break;
        }
        let of = (supplier.is.id, supplier.is.is.name.clone());
        for product in kept::of(app, who.org, &supplier).await? {
            let owed = |what, shown, since| Owed {
                supplier: of.clone(),
                product: product.product.name.clone(),
                what,
                shown,
                since,
            };
            let broken = product.judged.iter().filter_map(|is| {
                let since = is.standing.since()?;
                Some(owed(is.promise.as_str(), is.shown.clone(), since))
            });
            all.extend(broken);
            let late = product.waiting.iter().filter(|question| question.is.due < now);
            all.extend(late.map(|question| {
                let about = question.is.vulnerability.as_deref().unwrap_or("a question");
                owed("answer", format!("No answer came about {about}."), question.is.due)
            }));
        }
    }
    all.sort_by(|a: &Owed, b: &Owed| {
        (a.since, &a.supplier, a.what).cmp(&(b.since, &b.supplier, b.what))
    });
    let mut told = Told::first(all, show, Rows::Owed).at_most();
    told.is_least |= is_least;
    Ok(told)
}
