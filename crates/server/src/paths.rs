//! Who brought a component in: read from the document that its asset sent last, when somebody asks.

use trimtab_model::Inventory;
use trimtab_store::Org;

use crate::ingest::{self, Original, Refused};
use crate::state::App;

/// The largest document that is read for a page.
const LARGEST: i64 = 4 << 20;
/// The most ways that are told.
const MOST: usize = 5;

/// The ways from a project to a component.
pub(crate) enum Ways {
    /// They are not known, and why.
    Unknown(&'static str),
    /// Each from the project down, as names; and how many more places list it.
    Known(Vec<Vec<String>>, usize),
}

/// The ways to a component of an asset, by its purl.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn of(app: &App, org: Org, asset: i64, purl: &str) -> Result<Ways, Refused> {
    let latest = app.store.asset(org, asset).await?.and_then(|a| a.latest);
    let Some(latest) = latest else { return Ok(Ways::Unknown("no snapshot is there")) };
    let document = app.store.document(org, &latest.document).await?;
    match document {
        None => return Ok(Ways::Unknown("the document is not kept")),
        Some(document) if document.size > LARGEST => {
            return Ok(Ways::Unknown("the document is too large to be read for a page"));
        }
        Some(_) => {}
    }
    let Some(original) = Original::of(&app.store, org, &latest.document).await? else {
        return Ok(Ways::Unknown("the document is not kept"));
    };
    let purl = purl.to_owned();
    let ways = move || Ok(told(&ingest::parsed(original)?, &purl));
    ingest::blocking(ways).await?
}

/// The ways in an inventory.
fn told(inventory: &Inventory, purl: &str) -> Ways {
    let (mut ways, mut places) = (Vec::new(), 0usize);
    for file in &inventory.files {
        for (at, component) in file.components.iter().enumerate() {
            if component.purl.to_string() != purl {
                continue;
            }
            places += 1;
            let way = file.why(u32::try_from(at).unwrap_or(u32::MAX));
            let names = way.into_iter().filter_map(|at| file.components.get(at as usize));
            let mut names: Vec<String> =
                names.map(|c| trimtab_report::group::name(&c.purl)).collect();
            if names.is_empty() {
                names.push(trimtab_report::group::name(&component.purl));
            }
            if !ways.contains(&names) {
                ways.push(names);
            }
        }
    }
    ways.sort_by_key(Vec::len);
    let more = ways.len().saturating_sub(MOST);
    ways.truncate(MOST);
    match (places, ways.first()) {
        (0, _) => Ways::Unknown("the newest snapshot does not list it"),
        (_, Some(way)) if way.len() < 2 => {
            Ways::Unknown("the document does not say who brings it in")
        }
        _ => Ways::Known(ways, more),
    }
}
