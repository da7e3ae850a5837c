//! Where is it? A package, a purl, a range of versions, a vulnerability or a licence, across everything.

use std::collections::HashMap;

use axum::Json;
use axum::extract::{Query, State};
use serde::{Deserialize, Serialize};
use trimtab_model::Purl;
use trimtab_model::vers::{Vers, VersType};
use trimtab_store::{Component, Org, Page, Runs, Where, WhereFilter, WhereQuery};
use utoipa::ToSchema;

use super::{Listed, cursor, visible};
use crate::access::Who;
use crate::problem::Problem;
use crate::state::App;

/// What is looked for.
#[derive(Debug, Clone, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// A name, its beginning, a purl, or any name of a vulnerability; after a space a version or a range.
    #[serde(default)]
    pub(crate) q: String,
    /// A version, or a range as the ecosystem writes it (`<4.17.21`, `^1.2`, `[1.0,2.0)`) or as VERS.
    pub(crate) version: Option<String>,
    /// A licence as it is declared: of what is looked for, or alone.
    pub(crate) licence: Option<String>,
    /// `true`: only where it runs in production.
    pub(crate) running: Option<bool>,
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 500.
    pub(crate) limit: Option<usize>,
}

/// Where something is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Place)]
pub(crate) struct Shown {
    purl: String,
    licence: Option<String>,
    asset: String,
    system: Option<String>,
    team: Option<String>,
    /// Whether an inventory lists it; otherwise only a scanner's report says that it is there.
    listed: bool,
    /// Whether the newest snapshot has it; `null`: no inventory lists it.
    latest: Option<bool>,
    /// Whether a snapshot that runs in production has it; `null`: no inventory lists it.
    running: Option<bool>,
    /// Every environment in which a snapshot runs that has it.
    environments: Vec<String>,
    scope: String,
    relation: String,
}

/// What is found.
pub(crate) struct Found {
    pub(crate) page: Page<Where>,
    /// Components whose version cannot be compared with the range that was asked for.
    pub(crate) unknown: usize,
}

/// What a search comes to, for what they may see.
pub(crate) struct Search {
    filter: WhereFilter,
    wanted: Wanted,
}

impl Search {
    /// Understands what is asked. `None`: nothing is.
    pub(crate) async fn of(app: &App, who: &Who, asked: &Asked) -> Result<Option<Search>, Problem> {
        super::findings::seen(who)?;
        let systems = visible(who, &app.store.systems(who.org).await?);
        Search::within(app, who.org, systems, asked).await
    }

    /// The same of some systems. `None`: of all that the organisation has.
    pub(crate) async fn within(
        app: &App,
        org: Org,
        systems: Option<Vec<i64>>,
        asked: &Asked,
    ) -> Result<Option<Search>, Problem> {
        let given = |text: &Option<String>| {
            text.as_deref().map(str::trim).filter(|t| !t.is_empty()).map(str::to_owned)
        };
        let (text, behind) = split(&asked.q);
        let mut version = given(&asked.version).or(behind);
        let mut licence = given(&asked.licence);
        let is = if let Ok(purl) = text.parse::<Purl>() {
            version = version.or_else(|| purl.version().map(str::to_owned));
            if let Some(version) = &version {
                // What cannot be understood is told before anything is looked for.
                Asks::of(version, purl.purl_type())
                    .map_err(|e| Problem::invalid(format!("`version`: {e}")))?;
            }
            WhereQuery::Package(purl.package().to_string())
        } else if !text.is_empty() {
            match app.store.vulnerability_of(org, text).await? {
                Some((id, _)) => WhereQuery::Vulnerability(id),
                None => WhereQuery::Name(text.to_lowercase()),
            }
        } else if let Some(licence) = licence.take() {
            WhereQuery::Licence(licence)
        } else {
            return Ok(None);
        };
        let running = asked.running == Some(true);
        let filter = WhereFilter { is, systems, running };
        Ok(Some(Search { filter, wanted: Wanted { version, licence, ..Wanted::default() } }))
    }

    /// A page of it.
    pub(crate) async fn page(
        &mut self,
        app: &App,
        org: Org,
        after: Option<trimtab_store::Cursor>,
        limit: usize,
    ) -> Result<Found, Problem> {
        self.wanted.unknown = 0;
        let wanted = &mut self.wanted;
        let mut fits = |component: &Component| wanted.fits(component);
        let page = app.store.where_is(org, &self.filter, &mut fits, after, limit).await?;
        Ok(Found { page, unknown: self.wanted.unknown })
    }

    /// Where it runs, in every environment that was told, in assets of some systems and in some besides. `None`: in all.
    pub(crate) async fn runs(
        &mut self,
        app: &App,
        org: Org,
        of: Option<(&[i64], &[i64])>,
        limit: usize,
    ) -> Result<Runs, Problem> {
        let wanted = &mut self.wanted;
        let mut fits = |component: &Component| wanted.means(component);
        Ok(app.store.runs(org, &self.filter, &mut fits, of, limit).await?)
    }
}

/// What is found of what they may see. `None`: nothing was asked.
pub(crate) async fn find(app: &App, who: &Who, asked: &Asked) -> Result<Option<Found>, Problem> {
    let after = cursor(asked.after.as_deref())?;
    let Some(mut search) = Search::of(app, who, asked).await? else { return Ok(None) };
    search.page(app, who.org, after, asked.limit.unwrap_or(100)).await.map(Some)
}

/// What is looked for, and a version or range behind it: `log4j-core <2.17.1`.
fn split(q: &str) -> (&str, Option<String>) {
    let q = q.trim();
    let Some((text, behind)) = q.split_once(char::is_whitespace) else { return (q, None) };
    let behind = behind.trim();
    let range = behind.starts_with(|c: char| c.is_ascii_digit() || "<>=!~^[(*".contains(c))
        || behind.starts_with("vers:");
    if range { (text, Some(behind.to_owned())) } else { (q, None) }
}

/// What components must be, beyond what the store looks for.
#[derive(Default)]
struct Wanted {
    version: Option<String>,
    licence: Option<String>,
    /// The version or range as each type of purl reads it. `None`: it does not.
    read: HashMap<String, Option<Asks>>,
    unknown: usize,
}

impl Wanted {
    fn fits(&mut self, component: &Component) -> bool {
        let is = self.means(component);
        self.unknown += usize::from(is.is_none());
        is.unwrap_or(false)
    }

    /// Whether a component is meant. `None`: its version cannot be compared.
    fn means(&mut self, component: &Component) -> Option<bool> {
        if self.licence.is_some() && component.is.licence != self.licence {
            return Some(false);
        }
        let Some(wanted) = &self.version else { return Some(true) };
        let kind = component.is.package.strip_prefix("pkg:").and_then(|p| p.split_once('/'));
        let kind = kind.map_or("", |(kind, _)| kind);
        let asks = self.read.entry(kind.to_owned()).or_insert_with(|| Asks::of(wanted, kind).ok());
        match (asks, component.is.version.as_deref()) {
            (Some(asks), Some(version)) => asks.takes(version),
            _ => None,
        }
    }
}

/// A version or a range, as an ecosystem reads it.
enum Asks {
    /// One version, however it is written.
    One(String, VersType),
    /// Those of a range.
    Range(Vers),
}

impl Asks {
    fn of(text: &str, kind: &str) -> Result<Asks, trimtab_model::vers::VersError> {
        if text.starts_with("vers:") {
            return Vers::parse(text).map(Asks::Range);
        }
        // A version alone is meant as it stands, also where a manifest would read it as a range.
        let signs = |c: char| c.is_whitespace() || "<>=!~^*,|[]()".contains(c);
        if text.contains(signs) {
            Vers::from_native(kind, text).map(Asks::Range)
        } else {
            Ok(Asks::One(text.to_owned(), VersType::parse(kind)?))
        }
    }

    /// Whether a version is meant. `None`: it cannot be compared.
    fn takes(&self, version: &str) -> Option<bool> {
        match self {
            Asks::One(wanted, _) if wanted == version => Some(true),
            // What has no place in an order is another version as it is written otherwise.
            Asks::One(wanted, order) => {
                Some(order.point(wanted).is_some_and(|w| order.point(version) == Some(w)))
            }
            Asks::Range(range) => range.contains(version),
        }
    }
}

/// Where is it? Across everything that they may see.
#[utoipa::path(get, path = "/api/v1/where", tag = "where", params(Asked),
    responses((status = 200, body = Listed<Shown>)))]
pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<Shown>>, Problem> {
    let Some(Found { mut page, .. }) = find(&app, &who, &asked).await? else {
        return Err(Problem::invalid("Set `q` or `licence`: what to look for."));
    };
    app.store.tell_environments(who.org, &mut page.rows).await?;
    Ok(Json(Listed::of(&page)))
}

impl From<&Where> for Shown {
    fn from(is: &Where) -> Shown {
        Shown {
            purl: is.component.is.purl.clone(),
            licence: is.component.is.licence.clone(),
            asset: is.asset.1.clone(),
            system: is.system.as_ref().map(|s| s.1.clone()),
            team: is.team.as_ref().map(|t| t.1.clone()),
            listed: is.listed,
            latest: is.listed.then_some(is.latest),
            running: is.listed.then_some(is.running),
            environments: is.environments.clone(),
            scope: is.scope.clone(),
            relation: is.relation.clone(),
        }
    }
}
