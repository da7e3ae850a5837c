//! Whether suppliers keep to what they promised, by what came from them and what is known in their products.

use std::collections::BTreeMap;

use jiff::Timestamp;
use trimtab_engine::supplier::obligations::{
    Evidence, Judged, Known, Obligations, Sbom, Standing, judge,
};
use trimtab_store::{
    FindingFilter, FindingOrder, Org, Product, Question, QuestionState, StoreError, Supplied,
    Supplier,
};

use super::document::Told;
use super::intake::Answered;
use super::promised::{before, since};
use super::{Promised, Seen, letters};
use crate::state::App;

/// How many of the newest SBOMs of a product are looked at.
pub(super) const SBOMS: usize = 50;
/// How many of the newest VEX documents and answers.
const STATED: usize = 100;
/// How many findings of a product, the gravest first.
const FINDINGS: usize = 500;

/// A product with how it stands.
pub(crate) struct OfProduct {
    pub(crate) product: Product,
    /// The asset's name.
    pub(crate) asset: String,
    pub(crate) newest: Option<Supplied>,
    /// How many live findings it has, and whether there may be more. `None`: nothing could be looked at yet.
    pub(crate) findings: Option<(usize, bool)>,
    pub(crate) judged: Vec<Judged>,
    /// Questions that wait.
    pub(crate) waiting: Vec<Question>,
}

impl OfProduct {
    /// How good the newest SBOM is. `None`: it is not known.
    pub(crate) fn score(&self) -> Option<f64> {
        Told::of(self.newest.as_ref()?).quality()?.score
    }
}

/// How many promises are not kept.
pub(crate) fn broken(judged: &[Judged]) -> usize {
    judged.iter().filter(|is| is.standing.since().is_some()).count()
}

/// Of how many nothing can be told.
pub(crate) fn unknown(judged: &[Judged]) -> usize {
    judged.iter().filter(|is| is.standing == Standing::Unknown).count()
}

/// How many questions are past their day.
pub(crate) fn late(waiting: &[Question], now: Timestamp) -> usize {
    waiting.iter().filter(|is| is.is.due < now).count()
}

/// When a document was made: by its own word, and by its arrival at the latest.
pub(super) fn made(is: &Supplied) -> Timestamp {
    is.is.made.map_or(is.received, |at| at.min(is.received))
}

/// How the products of a supplier that somebody sees stand.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn of(app: &App, org: Org, seen: &Seen) -> Result<Vec<OfProduct>, StoreError> {
    let obligations = Promised::of(&seen.is).checked().unwrap_or_default();
    let mut all = Vec::with_capacity(seen.products.len());
    for product in &seen.products {
        all.push(product_of(app, org, product, (&obligations, &seen.is)).await?);
    }
    Ok(all)
}

/// How it stands with each promise: what was broken before it was made stricter is broken since then.
fn stands(
    supplier: &Supplier,
    (promised, evidence): (&Obligations, Evidence),
    now: Timestamp,
) -> Vec<Judged> {
    let mut all = judge(promised, &evidence, now);
    let (terms, held) = before(supplier);
    let terms = terms.checked().unwrap_or_default();
    if terms != Obligations::default() {
        let old = judge(&terms, &Evidence { promised: held, ..evidence }, now);
        for is in &mut all {
            let broken =
                |was: &&Judged| was.promise == is.promise && was.standing.since().is_some();
            if let Some(was) = old.iter().find(broken) {
                *is = was.clone();
            }
        }
    }
    all
}

/// The same as far as time alone changes it: how fresh the SBOM is, and the questions that wait. It costs little.
///
/// # Errors
/// The store does not answer.
pub(super) async fn in_time(
    app: &App,
    org: Org,
    seen: &Seen,
) -> Result<Vec<OfProduct>, StoreError> {
    let fresh_days = Promised::of(&seen.is).checked().unwrap_or_default().fresh_days;
    let obligations = Obligations { fresh_days, ..Obligations::default() };
    let mut all = Vec::with_capacity(seen.products.len());
    for product in &seen.products {
        let sboms = newest(app, org, product).await?;
        let evidence = Evidence {
            since: product.made,
            promised: since(&seen.is),
            sboms: sboms.iter().map(sbom).collect(),
            ..Evidence::default()
        };
        all.push(OfProduct {
            product: product.clone(),
            asset: String::new(),
            newest: sboms.into_iter().next(),
            findings: None,
            judged: stands(&seen.is, (&obligations, evidence), app.now()),
            waiting: app.store.questions_waiting(org, &[product.id], STATED).await?,
        });
    }
    Ok(all)
}

/// What a supplier owes of the SBOMs of its products, a sentence each: what is not kept, and what falls due soon. Nothing
/// of it tells what was found here.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn owed(
    app: &App,
    org: Org,
    supplier: &Supplier,
    products: &[Product],
) -> Result<Vec<String>, StoreError> {
    let all = Promised::of(supplier).checked().unwrap_or_default();
    let obligations = Obligations { notice_hours: None, vex: None, ..all };
    let now = app.now();
    let mut owed = Vec::new();
    for product in products {
        let mut sboms = newest(app, org, product).await?;
        if let Some((release, _)) = &product.newest
            && sboms.iter().all(|is| is.is.version != *release)
        {
            sboms.extend(app.store.sbom_of(org, product.id, release).await?);
        }
        let evidence = Evidence {
            since: product.made,
            promised: since(supplier),
            sboms: sboms.iter().map(sbom).collect(),
            release: product.newest.as_ref().map(|(name, at)| (name.as_str().into(), *at)),
            ..Evidence::default()
        };
        let judged = stands(supplier, (&obligations, evidence), now);
        owed.extend(letters::owed(supplier, product, &judged, now));
    }
    Ok(owed)
}

/// What was here when an SBOM came, and was made later: then that SBOM is of an older release and replaces nothing. `all` are
/// documents of the supplier.
pub(crate) fn later<'s>(
    is: &Supplied,
    all: impl Iterator<Item = &'s Supplied>,
) -> Option<&'s Supplied> {
    let like = |other: &&Supplied| other.is.kind == "sbom" && other.is.product == is.is.product;
    all.filter(|_| is.is.kind == "sbom")
        .filter(like)
        .filter(|other| (other.received, other.id) < (is.received, is.id))
        .filter(|other| made(other) > made(is))
        .max_by_key(|other| made(other))
}

/// The SBOMs of a product that were made last, the newest first: what came late of an older release is not the newest.
pub(crate) async fn newest(
    app: &App,
    org: Org,
    product: &Product,
) -> Result<Vec<Supplied>, StoreError> {
    let of = ([product.id], Some("sbom"));
    let mut sboms = app.store.supplied(org, (&of.0, of.1), None, SBOMS).await?.rows;
    sboms.sort_by_key(|is| std::cmp::Reverse((made(is), is.id)));
    Ok(sboms)
}

fn sbom(is: &Supplied) -> Sbom {
    let told = Told::of(is);
    Sbom {
        of: is.is.version.as_str().into(),
        format: told.format(),
        made: is.is.made,
        received: is.received,
        score: told.quality().and_then(|quality| quality.score),
    }
}

async fn product_of(
    app: &App,
    org: Org,
    product: &Product,
    (obligations, supplier): (&Obligations, &Supplier),
) -> Result<OfProduct, StoreError> {
    let (store, now, ids) = (&app.store, app.now(), [product.id]);
    let mut sboms = newest(app, org, product).await?;
    if let Some((release, _)) = &product.newest
        && sboms.iter().all(|is| is.is.version != *release)
    {
        sboms.extend(store.sbom_of(org, product.id, release).await?);
    }
    let details = store.asset(org, product.asset).await?;
    let is_read = details.as_ref().is_some_and(|of| of.asset.latest.is_some());
    let filter = FindingFilter { asset: Some(product.asset), ..FindingFilter::default() };
    let findings = store.findings(org, &filter, FindingOrder::Level, None, FINDINGS).await?;
    let (spoken, cut) = spoken(app, org, product).await?;
    // A vulnerability in two packages of it is one, as grave as the graver.
    let mut known: BTreeMap<i64, Known> = BTreeMap::new();
    for is in &findings.rows {
        let (told, stated) = spoken.get(&is.vulnerability.0).copied().unwrap_or_default();
        let level = is.weighed.as_ref().map(|w| w.level);
        // What was known before they delivered it they could not tell in time.
        let since = is.detected.max(product.made);
        let one = known.entry(is.vulnerability.0).or_insert_with(|| Known {
            vulnerability: is.vulnerability.1.as_str().into(),
            level,
            since,
            told,
            stated,
        });
        (one.level, one.since) = (one.level.max(level), one.since.min(since));
    }
    let evidence = Evidence {
        since: product.made,
        promised: since(supplier),
        sboms: sboms.iter().map(sbom).collect(),
        release: product.newest.as_ref().map(|(name, at)| (name.as_str().into(), *at)),
        known: is_read.then(|| known.into_values().collect()),
        cut,
    };
    let waiting = store.questions_waiting(org, &ids, STATED).await?;
    Ok(OfProduct {
        product: product.clone(),
        asset: details.map(|of| of.asset.name).unwrap_or_default(),
        newest: sboms.into_iter().next(),
        findings: is_read.then_some((findings.rows.len(), findings.next.is_some())),
        judged: stands(supplier, (obligations, evidence), now),
        waiting,
    })
}

/// When they first said something of a vulnerability, and when they first stated how they are affected.
type Spoken = (Option<Timestamp>, Option<Timestamp>);

/// What they said of which vulnerability of a product, by documents and answers; and how much of it was looked at, in
/// words, where they said more than that.
async fn spoken(
    app: &App,
    org: Org,
    product: &Product,
) -> Result<(BTreeMap<i64, Spoken>, Option<Box<str>>), StoreError> {
    let (store, ids) = (&app.store, [product.id]);
    let documents = store.supplied(org, (&ids, Some("vex")), None, STATED).await?;
    let answered = Some(QuestionState::Answered);
    let answers = store.questions(org, (&ids, answered), None, STATED).await?;
    let mut cut: Vec<String> = Vec::new();
    if documents.next.is_some() {
        let all = store.count_supplied_of(org, product.id, "vex").await?;
        cut.push(format!("{} of {all} documents", documents.rows.len()));
    }
    if answers.next.is_some() {
        let all = store.count_answered(org, product.id).await?;
        cut.push(format!("{} of {all} answers", answers.rows.len()));
    }
    let (mut looked, mut stated_all) = (0, 0);
    let mut said: Vec<(String, Timestamp, bool)> = Vec::new();
    for is in &documents.rows {
        let told = Told::of(is);
        if told.cut {
            looked += told.named.len();
            stated_all += told.statements.max(told.named.len());
        }
        said.extend(told.named.into_iter().map(|(name, stated)| (name, is.received, stated)));
    }
    for is in &answers.rows {
        let Some((at, answer)) = &is.answer else { continue };
        let stated = Answered::of(answer).is_statement();
        said.extend(is.is.vulnerability.clone().map(|name| (name, *at, stated)));
    }
    if stated_all > 0 {
        cut.push(format!("{looked} of {stated_all} statements in the longest documents"));
    }
    let mut names: Vec<String> = said.iter().map(|(name, ..)| name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    let known = store.vulnerabilities_named(org, &names).await?;
    let mut all: BTreeMap<i64, Spoken> = BTreeMap::new();
    let first = |of: &mut Option<Timestamp>, at: Timestamp| {
        *of = Some(of.map_or(at, |before| before.min(at)));
    };
    for (name, at, stated) in said {
        let Some(id) = known.get(&name) else { continue };
        let spoken = all.entry(*id).or_default();
        first(&mut spoken.0, at);
        if stated {
            first(&mut spoken.1, at);
        }
    }
    Ok((all, (!cut.is_empty()).then(|| cut.join(" and ").into())))
}
