//! Where what an incident is about is: it is looked for across the inventory, by package or by name.

use trimtab_model::Purl;
use trimtab_store::{Org, Where};

use super::published;
use crate::api::where_is::{Asked, Search};
use crate::problem::Problem;
use crate::state::App;

/// The most places that are looked at: with more of them, nothing is called gone.
const MOST: usize = 5_000;
/// How many are read at once.
pub(super) const BLOCK: usize = 500;

/// Where what an incident is about is.
pub(crate) struct Places {
    /// Where it is now: in a main line, in what runs, or by a report alone.
    pub(crate) rows: Vec<Where>,
    /// Whether there are more.
    pub(crate) more: bool,
    /// Versions that cannot be compared with the range.
    pub(crate) unknown: usize,
    /// Whether it could be looked for: a package, or a name that some source knows.
    pub(crate) known: bool,
    /// Whether anything here ever had a package or vulnerability of this name, or a source knows it: else it may be
    /// misspelt, and that it is nowhere says nothing.
    pub(crate) named: bool,
}

impl Places {
    /// Whether nothing of it can be anywhere else than in the rows.
    pub(crate) fn is_sure(&self) -> bool {
        self.known && self.unknown == 0 && !self.more
    }
}

/// Whether it is there now: what only a report says may be.
fn is_there(place: &Where) -> bool {
    place.latest || place.running || !place.listed
}

/// Whether the index knows a name. Without one nothing is known.
fn is_indexed(app: &App, name: &str) -> bool {
    app.index().is_some_and(|index| matches!(index.id(name), Ok(Some(_))))
}

/// Whether something here, or some source, has a vulnerability of this name.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn knows(app: &App, org: Org, name: &str) -> Result<bool, Problem> {
    Ok(app.store.vulnerability_of(org, name).await?.is_some() || is_indexed(app, name))
}

/// A name as it is published: people write `cve-2021-44228`, too.
pub(crate) async fn called(app: &App, org: Org, name: &str) -> Result<String, Problem> {
    if app.store.vulnerability_of(org, name).await?.is_some() {
        return Ok(name.to_owned());
    }
    let published = app.index().and_then(|index| {
        let id = index.id(name).ok().flatten()?;
        Some(id.text.to_owned())
    });
    Ok(published.unwrap_or_else(|| name.to_ascii_uppercase()))
}

/// Where what an incident is about is, of some systems; `None`: of all.
///
/// # Errors
/// What is looked for cannot be understood, or the store does not answer.
pub(crate) async fn places(
    app: &App,
    org: Org,
    (looked_for, versions): (&str, &str),
    systems: Option<Vec<i64>>,
) -> Result<Places, Problem> {
    let mut places =
        Places { rows: Vec::new(), more: false, unknown: 0, known: false, named: false };
    let Some(mut search) = searched(app, org, (looked_for, versions), systems).await? else {
        // What sources know and nothing here has is nowhere; what no source knows could not be looked for.
        places.known = is_indexed(app, &called(app, org, looked_for).await?);
        places.named = places.known;
        return Ok(places);
    };
    places.known = true;
    places.named = is_named(app, org, looked_for).await?;
    let mut after = None;
    loop {
        let found = search.page(app, org, after, BLOCK).await?;
        places.unknown += found.unknown;
        places.rows.extend(found.page.rows.into_iter().filter(is_there));
        after = found.page.next;
        if after.is_none() {
            return Ok(places);
        }
        if places.rows.len() >= MOST {
            places.more = true;
            return Ok(places);
        }
    }
}

/// Whether a package was ever listed here or is named by an advisory. What is no package was looked for by its name.
async fn is_named(app: &App, org: Org, looked_for: &str) -> Result<bool, Problem> {
    let Ok(purl) = looked_for.parse::<Purl>() else { return Ok(true) };
    let package = purl.package().to_string();
    if published::is_advised(app, &purl) {
        return Ok(true);
    }
    Ok(!app.store.components_of(org, std::slice::from_ref(&package)).await?.is_empty())
}

/// The search for what an incident is about. `None`: nothing here has anything of this name.
///
/// # Errors
/// What is looked for cannot be understood, or the store does not answer.
pub(super) async fn searched(
    app: &App,
    org: Org,
    (looked_for, versions): (&str, &str),
    systems: Option<Vec<i64>>,
) -> Result<Option<Search>, Problem> {
    let is_purl = looked_for.parse::<Purl>().is_ok() && !looked_for.contains(char::is_whitespace);
    let name = if is_purl { looked_for.to_owned() } else { called(app, org, looked_for).await? };
    if !is_purl && app.store.vulnerability_of(org, &name).await?.is_none() {
        return Ok(None);
    }
    let asked = Asked {
        q: name,
        version: Some(versions.to_owned()).filter(|v| !v.is_empty()),
        ..Asked::default()
    };
    Search::within(app, org, systems, &asked).await
}
