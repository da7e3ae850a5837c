//! How products stand with what was promised, as it was judged last: lists and *Today* read it, and judge anew only what
//! is other than it was, or what time changed.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_engine::supplier::obligations::{Judged, Promise, Standing};
use trimtab_store::{Org, Product, ProductJudged, Question, StoreError};

use super::Seen;
use super::judged::{self, OfProduct};
use crate::access::secret::digest;
use crate::state::App;

/// For how long a judgement holds at most: names and weights may change without a mark. Each is renewed once a day, and
/// that may be late.
const LONGEST: SignedDuration = SignedDuration::from_hours(30);
/// How old one is that is renewed.
const OLD: SignedDuration = SignedDuration::from_hours(12);
/// How many questions that wait are looked at.
const WAITING: usize = 500;
/// So many suppliers are renewed at once.
const AT_ONCE: usize = 100;

/// A product with how it stands.
pub(crate) struct Kept {
    pub(crate) product: Product,
    /// How many live findings it has, and whether there may be more. `None`: nothing could be looked at yet.
    pub(crate) findings: Option<(usize, bool)>,
    /// How good the newest SBOM is. `None`: it is not known.
    pub(crate) score: Option<f64>,
    pub(crate) judged: Vec<Judged>,
    /// Questions that wait.
    pub(crate) waiting: Vec<Question>,
}

/// How the products of a supplier that somebody sees stand: as they were judged last, where nothing changed.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn of(app: &App, org: Org, seen: &Seen) -> Result<Vec<Kept>, StoreError> {
    younger(app, org, seen, LONGEST).await
}

/// The same, and what was judged so long ago is judged anew.
async fn younger(
    app: &App,
    org: Org,
    seen: &Seen,
    than: SignedDuration,
) -> Result<Vec<Kept>, StoreError> {
    let (store, ids, now) = (&app.store, seen.ids(), app.now());
    let marks = store.product_marks(org, &ids).await?;
    let mut known = store.products_judged(org, &ids).await?;
    let waiting = store.questions_waiting(org, &ids, WAITING).await?;
    let mut all = Vec::with_capacity(seen.products.len());
    for product in &seen.products {
        let told = marks.get(&product.id).map_or("", String::as_str);
        let mark = digest(&format!("{told} {} {}", seen.is.is.obligations, seen.is.promised));
        let holds = |is: &ProductJudged| {
            let is_young = is.at <= now && now.duration_since(is.at) < than;
            is.mark == mark && is_young && now < is.until
        };
        let kept = known.remove(&product.id).filter(holds);
        let kept = match kept.and_then(|is| read(product, &is.told)) {
            Some(kept) => kept,
            None => judge(app, org, (seen, product), mark).await?,
        };
        let own = waiting.iter().filter(|is| is.is.product == product.id).cloned();
        all.push(Kept { waiting: own.collect(), ..kept });
    }
    Ok(all)
}

/// Judges a product anew, and keeps it.
async fn judge(
    app: &App,
    org: Org,
    (seen, product): (&Seen, &Product),
    mark: String,
) -> Result<Kept, StoreError> {
    let now = app.now();
    let one = Seen { is: seen.is.clone(), products: vec![product.clone()], may_change: false };
    let mut judged = judged::of(app, org, &one).await?;
    let Some(is) = judged.pop() else {
        let product = product.clone();
        let none = Vec::new();
        return Ok(Kept {
            product,
            findings: None,
            score: None,
            judged: none,
            waiting: Vec::new(),
        });
    };
    let due = is.judged.iter().filter_map(|one| one.due).filter(|due| *due > now).min();
    let longest = now.checked_add(LONGEST).unwrap_or(now);
    let count = |of: usize| i64::try_from(of).unwrap_or(i64::MAX);
    let (broken, unknown) = (judged::broken(&is.judged), judged::unknown(&is.judged));
    let met = is.judged.len().saturating_sub(broken + unknown);
    let kept = ProductJudged {
        product: product.id,
        mark,
        at: now,
        until: due.map_or(longest, |due| due.min(longest)),
        counts: (count(met), count(broken), count(unknown)),
        told: told(&is),
    };
    // Who looks is told, whether or not it can be kept.
    if let Err(error) = app.store.keep_product_judged(org, &kept).await {
        tracing::warn!(%error, "how a product stands is judged anew at the next look");
    }
    let (findings, score) = (is.findings, is.score());
    Ok(Kept { product: is.product, findings, score, judged: is.judged, waiting: Vec::new() })
}

fn told(is: &OfProduct) -> Value {
    let promise = |is: &Judged| {
        json!({ "promise": is.promise.as_str(), "standing": is.standing.as_str(),
            "since": is.standing.since().map(|at| at.to_string()), "shown": is.shown,
            "due": is.due.map(|at| at.to_string()) })
    };
    let all: Vec<Value> = is.judged.iter().map(promise).collect();
    json!({ "promises": all, "findings": is.findings, "score": is.score() })
}

/// What was kept. `None`: another build wrote it.
fn read(product: &Product, told: &Value) -> Option<Kept> {
    let at = |value: &Value| -> Option<Timestamp> { value.as_str()?.parse().ok() };
    let promise = |is: &Value| {
        let standing = match (is["standing"].as_str()?, at(&is["since"])) {
            ("met", _) => Standing::Met,
            ("unknown", _) => Standing::Unknown,
            (_, since) => Standing::NotMet(since?),
        };
        Some(Judged {
            promise: Promise::from_word(is["promise"].as_str()?)?,
            standing,
            shown: is["shown"].as_str()?.to_owned(),
            due: at(&is["due"]),
        })
    };
    let judged = told["promises"].as_array()?.iter().map(promise).collect::<Option<Vec<_>>>()?;
    let findings = match told["findings"].as_array().map(Vec::as_slice) {
        Some([number, more]) => Some((usize::try_from(number.as_u64()?).ok()?, more.as_bool()?)),
        _ => None,
    };
    let (product, score) = (product.clone(), told["score"].as_f64());
    Some(Kept { product, findings, score, judged, waiting: Vec::new() })
}

/// Judges anew what is not as it was, or is old, of every supplier that delivers. Returns how many products were looked
/// at.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn renew(app: &App, org: Org) -> Result<usize, StoreError> {
    let (mut after, mut looked) = (None, 0);
    loop {
        let page = app.store.suppliers_delivering(org, None, after, AT_ONCE).await?;
        let ids: Vec<i64> = page.rows.iter().map(|is| is.id).collect();
        let mut delivered = app.store.products(org, &ids).await?;
        for is in page.rows {
            let products = delivered.remove(&is.id).unwrap_or_default();
            looked += products.len();
            younger(app, org, &Seen { is, products, may_change: false }, OLD).await?;
        }
        after = page.next;
        if after.is_none() {
            return Ok(looked);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_kept_is_read_as_it_was() {
        let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        let product = Product {
            id: 2,
            supplier: 1,
            name: "Gateway".into(),
            asset: 3,
            system: Some(4),
            newest: None,
            made: at(0),
        };
        let judged =
            |promise, standing, due| Judged { promise, standing, shown: "because".to_owned(), due };
        let is = OfProduct {
            product: product.clone(),
            asset: String::new(),
            newest: None,
            findings: Some((3, true)),
            judged: vec![
                judged(Promise::Format, Standing::Met, None),
                judged(Promise::Freshness, Standing::NotMet(at(4)), Some(at(4))),
                judged(Promise::Vex, Standing::Unknown, Some(at(9))),
            ],
            waiting: Vec::new(),
        };
        let kept = read(&product, &told(&is)).unwrap();
        assert_eq!((kept.judged, kept.findings, kept.score), (is.judged, is.findings, None));
        assert!(read(&product, &json!({})).is_none(), "another build wrote it");
    }
}
