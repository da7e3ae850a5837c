//! What the products of a supplier contain, by package: with the findings that each has here, and what the supplier states
//! of them, whether it holds or waits for somebody to look.

use std::collections::{BTreeMap, HashMap};

use trimtab_model::evidence::VexStatus;
use trimtab_store::{Contained, Cursor, Finding, FindingFilter, FindingOrder, Org};

use super::Seen;
use crate::access::Who;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::vex;

/// How many are in a page at most.
pub(crate) const LISTED: usize = 200;
/// How many findings of a product are looked at, the gravest first.
const FINDINGS: usize = 500;
/// How many documents of a product are read, the newest first.
const DOCUMENTS: usize = 20;

/// What they state of the findings of a package.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Stated {
    /// How many findings have which status, by the words of VEX.
    pub(crate) by_status: BTreeMap<&'static str, i64>,
    /// Of how many nothing is stated.
    pub(crate) unstated: i64,
}

/// A component of a product.
pub(crate) struct Content {
    pub(crate) is: Contained,
    pub(crate) product: i64,
    /// What they state of its findings. `None`: there is more than is looked at.
    pub(crate) stated: Option<Stated>,
}

/// A page of what the products that somebody sees contain: of one alone, and of what has findings alone.
///
/// # Errors
/// There is no such product, or the store does not answer.
pub(crate) async fn page(
    app: &App,
    who: &Who,
    seen: &Seen,
    (product, affected): (Option<i64>, bool),
    (after, limit): (Option<Cursor>, usize),
) -> Result<(Vec<Content>, Option<String>), Problem> {
    let products = match product {
        Some(id) => vec![seen.product(id)?],
        None => seen.products.iter().collect(),
    };
    let assets: Vec<i64> = products.iter().map(|product| product.asset).collect();
    let limit = limit.min(LISTED);
    let page = app.store.contained(who.org, (&assets, affected), after, limit).await?;
    let of: HashMap<i64, i64> = products.iter().map(|is| (is.asset, is.id)).collect();
    // Of each product once, and only where something of it has findings.
    let mut stated: HashMap<i64, Option<HashMap<String, Stated>>> = HashMap::new();
    let mut rows = Vec::with_capacity(page.rows.len());
    for is in page.rows {
        let Some(product) = of.get(&is.asset).copied() else { continue };
        if is.findings > 0 && !stated.contains_key(&product) {
            let said = by_package(app, who.org, (product, is.asset)).await?;
            stated.insert(product, said);
        }
        let package = &is.component.is.package;
        let said = match (is.findings, stated.get(&product)) {
            (0, _) => Some(Stated::default()),
            (_, Some(Some(said))) => said.get(package).cloned(),
            _ => None,
        };
        rows.push(Content { is, product, stated: said });
    }
    Ok((rows, page.next.map(Cursor::to_text)))
}

/// What they state of the findings of a product, by package. `None`: there is more than is looked at.
async fn by_package(
    app: &App,
    org: Org,
    (product, asset): (i64, i64),
) -> Result<Option<HashMap<String, Stated>>, Problem> {
    let store = &app.store;
    let filter = FindingFilter { asset: Some(asset), ..FindingFilter::default() };
    let findings = store.findings(org, &filter, FindingOrder::Level, None, FINDINGS).await?;
    let documents = store.supplied(org, (&[product], Some("vex")), None, DOCUMENTS).await?;
    if findings.next.is_some() || documents.next.is_some() {
        return Ok(None);
    }
    // The newest word of each counts.
    let mut said: Vec<(String, VexStatus)> = Vec::new();
    for document in documents.rows.iter().rev() {
        let read = vex::read(store, org, &document.is.document).await?;
        for statement in &read.statements {
            let ids = std::iter::once(&statement.vulnerability).chain(&statement.aliases);
            said.extend(ids.map(|id| (id.to_string(), statement.status)));
        }
    }
    let mut names: Vec<String> = said.iter().map(|(name, _)| name.clone()).collect();
    names.sort_unstable();
    names.dedup();
    let known = store.vulnerabilities_named(org, &names).await?;
    let said: HashMap<i64, VexStatus> =
        said.iter().filter_map(|(name, status)| Some((*known.get(name)?, *status))).collect();
    Ok(Some(summed(&findings.rows, &said)))
}

fn summed(findings: &[Finding], said: &HashMap<i64, VexStatus>) -> HashMap<String, Stated> {
    let mut all: HashMap<String, Stated> = HashMap::new();
    for finding in findings {
        let Some((package, _)) = package_of(&finding.component.1) else { continue };
        let stated = all.entry(package).or_default();
        match said.get(&finding.vulnerability.0) {
            Some(status) => *stated.by_status.entry(status.as_str()).or_default() += 1,
            None => stated.unstated += 1,
        }
    }
    all
}

/// The purl without version, and the version.
fn package_of(purl: &str) -> Option<(String, Option<String>)> {
    let purl: trimtab_model::Purl = purl.parse().ok()?;
    Some((purl.package().to_string(), purl.version().map(str::to_owned)))
}
