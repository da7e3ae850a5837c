//! Where is it? A package, a purl, a vulnerability or a licence, across everything.

use axum::Json;
use axum::extract::{Query, State};
use serde::Deserialize;
use serde_json::{Value, json};
use trimtab_model::Purl;
use trimtab_store::{Page, Where, WhereQuery};

use super::{cursor, visible};
use crate::access::Who;
use crate::problem::Problem;
use crate::state::App;

/// What is looked for.
#[derive(Debug, Clone, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    pub(crate) q: String,
    pub(crate) licence: Option<String>,
    pub(crate) after: Option<String>,
    pub(crate) limit: Option<usize>,
}

/// What is found of what they may see. `None`: nothing was asked.
pub(crate) async fn find(
    app: &App,
    who: &Who,
    asked: &Asked,
) -> Result<Option<Page<Where>>, Problem> {
    super::findings::seen(who)?;
    let text = asked.q.trim();
    let query = if let Some(licence) = asked.licence.as_deref().filter(|l| !l.is_empty()) {
        WhereQuery::Licence(licence.to_owned())
    } else if text.is_empty() {
        return Ok(None);
    } else if let Ok(purl) = text.parse::<Purl>() {
        WhereQuery::Package(purl.package().to_string())
    } else if let Some((id, _)) = app.store.vulnerability_of(who.org, text).await? {
        WhereQuery::Vulnerability(id)
    } else {
        WhereQuery::Name(text.to_lowercase())
    };
    let after = cursor(asked.after.as_deref())?;
    let limit = asked.limit.unwrap_or(100);
    let mut page = app.store.where_is(who.org, &query, after, limit).await?;
    if let Ok(purl) = text.parse::<Purl>()
        && let Some(version) = purl.version()
    {
        page.rows.retain(|w| w.component.is.version.as_deref() == Some(version));
    }
    let systems = app.store.systems(who.org).await?;
    if let Some(visible) = visible(who, &systems) {
        page.rows.retain(|w| w.system.as_ref().is_some_and(|(id, _)| visible.contains(id)));
    }
    Ok(Some(page))
}

pub(crate) async fn list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, Problem> {
    let Some(page) = find(&app, &who, &asked).await? else {
        return Err(Problem::invalid("Say what to look for: `q` or `licence`."));
    };
    let rows: Vec<Value> = page
        .rows
        .iter()
        .map(|w| {
            json!({ "purl": w.component.is.purl, "licence": w.component.is.licence,
                "asset": w.asset.1, "system": w.system.as_ref().map(|s| &s.1),
                "team": w.team.as_ref().map(|t| &t.1), "latest": w.latest, "running": w.running,
                "scope": w.scope, "relation": w.relation })
        })
        .collect();
    Ok(Json(json!({ "rows": rows, "next": page.next.map(trimtab_store::Cursor::to_text) })))
}
