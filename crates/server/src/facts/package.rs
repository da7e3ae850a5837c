//! All that is known of one package: which of its versions are here, where, and what is wrong with them.

use std::collections::BTreeMap;

use trimtab_model::Purl;
use trimtab_store::{FindingFilter, Group, GroupBy, Load, ToldPublished, Where};

use crate::access::Who;
use crate::api::visible;
use crate::api::where_is::{self, find};
use crate::problem::Problem;
use crate::state::App;

/// How many places are looked at.
pub(crate) const PLACES: usize = 500;
/// How many vulnerabilities are told.
const VULNERABILITIES: usize = 200;

/// A package with all that is known of it.
pub(crate) struct Facts {
    /// The purl without version.
    pub(crate) package: String,
    pub(crate) places: Vec<Where>,
    /// Whether there are more places.
    pub(crate) more: bool,
    /// Its vulnerabilities that are open here, the heaviest first.
    pub(crate) vulnerabilities: Vec<Group>,
    pub(crate) load: Load,
    /// As some document declares it.
    pub(crate) licence: Option<String>,
    /// What its registry told of versions that are carried, by version.
    pub(crate) published: BTreeMap<String, ToldPublished>,
}

/// A version that is here.
pub(crate) struct Version<'a> {
    /// `unknown` where none is told.
    pub(crate) version: &'a str,
    /// In how many places.
    pub(crate) places: usize,
    /// In how many of them it runs in production.
    pub(crate) running: usize,
}

impl Facts {
    /// Gathers them, by a purl of any version.
    ///
    /// # Errors
    /// It is nowhere that they may see.
    pub(crate) async fn of(app: &App, who: &Who, purl: &str) -> Result<Facts, Problem> {
        let missing = || Problem::not_found("package");
        let purl: Purl = purl.parse().map_err(|_| missing())?;
        let package = purl.package().to_string();
        let question = where_is::Asked {
            q: package.clone(),
            limit: Some(PLACES),
            ..where_is::Asked::default()
        };
        let page = find(app, who, &question).await?.ok_or_else(missing)?.page;
        if page.rows.is_empty() {
            return Err(missing());
        }
        let systems = app.store.systems(who.org).await?;
        let filter = FindingFilter {
            package: Some(package.clone()),
            systems: visible(who, &systems),
            ..FindingFilter::default()
        };
        let by = GroupBy::Vulnerability;
        let told = app.store.published(who.org, std::slice::from_ref(&package)).await?;
        Ok(Facts {
            vulnerabilities: app
                .store
                .group_findings(who.org, &filter, by, VULNERABILITIES)
                .await?,
            load: app.store.load_of(who.org, &filter).await?,
            licence: page.rows.iter().find_map(|p| p.component.is.licence.clone()),
            published: told.into_iter().map(|one| (one.is.version.clone(), one)).collect(),
            more: page.next.is_some(),
            places: page.rows,
            package,
        })
    }

    /// In how many assets it is.
    pub(crate) fn assets(&self) -> usize {
        let mut assets: Vec<i64> = self.places.iter().map(|p| p.asset.0).collect();
        assets.sort_unstable();
        assets.dedup();
        assets.len()
    }

    /// Its versions in the order of their text.
    pub(crate) fn versions(&self) -> Vec<Version<'_>> {
        let mut all: BTreeMap<&str, (usize, usize)> = BTreeMap::new();
        for place in &self.places {
            let version = place.component.is.version.as_deref().unwrap_or("unknown");
            let counts = all.entry(version).or_default();
            counts.0 += 1;
            counts.1 += usize::from(place.running);
        }
        let one = |(version, (places, running))| Version { version, places, running };
        all.into_iter().map(one).collect()
    }
}
