//! The register of decisions, a page at a time: of those that they may see, and that touch a team.

use trimtab_store::{Cursor, Decision, DecisionFilter, Page};

use crate::access::Who;
use crate::api::visible;
use crate::problem::Problem;
use crate::state::App;

/// A filter, of what they may see, and of what touches a team where one is asked for: what is about one of its
/// systems, or about no system at all where something of the team's is covered.
async fn narrowed(
    app: &App,
    who: &Who,
    filter: &DecisionFilter,
    team: Option<i64>,
) -> Result<DecisionFilter, Problem> {
    let systems = app.store.systems(who.org).await?;
    let of = |team| systems.iter().filter(|s| s.team == Some(team)).map(|s| s.id).collect();
    Ok(DecisionFilter { systems: visible(who, &systems), touching: team.map(of), ..filter.clone() })
}

/// A page of the decisions of a filter that they may see, and that touch a team where one is asked for.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn page(
    app: &App,
    who: &Who,
    filter: &DecisionFilter,
    team: Option<i64>,
    (after, limit): (Option<Cursor>, usize),
) -> Result<Page<Decision>, Problem> {
    let filter = narrowed(app, who, filter, team).await?;
    Ok(app.store.decisions_page(who.org, &filter, after, limit).await?)
}

/// How many decisions of a filter they may see, of those that touch a team where one is asked for.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn count(
    app: &App,
    who: &Who,
    filter: &DecisionFilter,
    team: Option<i64>,
) -> Result<i64, Problem> {
    let filter = narrowed(app, who, filter, team).await?;
    Ok(app.store.count_decisions(who.org, &filter).await?)
}
