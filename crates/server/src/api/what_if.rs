//! What if: the plans of all teams, as things are and as they would be with another charter, capacity, limit or cadence.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::Named;
use crate::access::Who;
use crate::api::teams::OPEN_MOST;
use crate::planning::Wish;
use crate::planning::trial;
use crate::planning::whole::{Sums, Whole, WholeWish, whole};
use crate::problem::Problem;
use crate::state::App;

/// The longest name, in characters.
const LONGEST: usize = 200;

/// What is tried; what is not said stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[schema(as = WhatIf)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Asked {
    /// Of one team. If absent: of all that may be seen as a whole.
    team: Option<i64>,
    /// The text of a charter: levels, deadlines and cadences are its.
    #[schema(max_length = 524288)]
    charter: Option<String>,
    /// The number of a charter of the organisation, or the name of a preset, in place of a text.
    #[schema(max_length = 200)]
    named: Option<String>,
    /// Each team's points of a window by this: 2 doubles them.
    #[schema(minimum = 0, maximum = 100)]
    capacity: Option<f64>,
    /// How many batches each team may have open at a time.
    #[schema(minimum = 1, maximum = 1000)]
    open_limit: Option<u32>,
    /// A cadence of the charter, for every team.
    #[schema(max_length = 200)]
    cadence: Option<String>,
}

/// What plans come to within the half year.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhatIfSums)]
pub(crate) struct Told {
    /// What is open and counts.
    findings: usize,
    load: f64,
    /// Load-days by the plan, and if nothing is done.
    load_days: f64,
    load_days_of_nothing: f64,
    /// What goes.
    removed: usize,
    load_removed: f64,
    /// Deadlines that pass by the plan, and if nothing is done.
    missed: usize,
    missed_of_nothing: usize,
    batches: usize,
    /// Batches that interrupt, outside the windows.
    interruptions: usize,
    points: f64,
}

impl From<&Sums> for Told {
    fn from(is: &Sums) -> Told {
        Told {
            findings: is.findings,
            load: is.load,
            load_days: is.load_days,
            load_days_of_nothing: is.load_days_of_nothing,
            removed: is.removed,
            load_removed: is.load_removed,
            missed: is.missed,
            missed_of_nothing: is.missed_of_nothing,
            batches: is.batches,
            interruptions: is.now,
            points: is.points,
        }
    }
}

/// A team.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhatIfTeam)]
pub(crate) struct OfTeam {
    team: Named,
    /// As things are.
    today: Either,
    /// As they would be.
    then: Either,
}

/// A plan's sums, or why there is none.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhatIfEither)]
pub(crate) struct Either {
    /// Why there is no plan; then there is none.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<Told>,
}

impl From<&Result<Sums, String>> for Either {
    fn from(is: &Result<Sums, String>) -> Either {
        Either { missing: is.as_ref().err().cloned(), plan: is.as_ref().ok().map(Told::from) }
    }
}

/// What it comes to.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WhatIfAnswer)]
pub(crate) struct Answer {
    /// How many days are looked ahead, in both.
    days: i64,
    /// The sums of teams that have a plan both times.
    today: Told,
    then: Told,
    /// By name.
    teams: Vec<OfTeam>,
    /// Teams that were not reached: at most 200 teams, 30,000 findings and 30 seconds are planned.
    left_out: Vec<Named>,
    /// Whether some team has more open than the 5,000 gravest findings, which one plan holds.
    more: bool,
}

/// Tries another charter, capacity, limit or cadence for all teams. Nothing is changed by it.
#[utoipa::path(post, path = "/api/v1/plans/what-if", tag = "teams", operation_id = "what_if",
    request_body = Asked, responses((status = 200, body = Answer)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Json(sent): Json<serde_json::Value>,
) -> Result<Json<Answer>, Problem> {
    super::findings::seen(&who)?;
    // Where nothing need be said, a list would be taken for the members in their order.
    let asked = Some(sent).filter(serde_json::Value::is_object).map(serde_json::from_value);
    let asked: Asked = asked
        .ok_or_else(|| Problem::invalid("What is tried must be an object."))?
        .map_err(|e| Problem::invalid(format!("Not a valid trial: {e}.")))?;
    let wish = wish(&app, &who, asked).await?;
    Ok(Json(shown(&whole(&app, &who, &wish).await?)))
}

/// What is tried, in the planner's words; the page asks the same way.
///
/// # Errors
/// Something of it is out of its range, or is no charter.
async fn wish(app: &App, who: &Who, asked: Asked) -> Result<WholeWish, Problem> {
    if asked.capacity.is_some_and(|by| !by.is_finite() || !(0.0..=100.0).contains(&by)) {
        return Err(Problem::invalid("`capacity` must be 0 to 100 times what each team has."));
    }
    let long = |text: &Option<String>| text.as_ref().is_some_and(|t| t.chars().count() > LONGEST);
    if long(&asked.cadence) || long(&asked.named) {
        return Err(Problem::invalid("`cadence` and `named` must have at most 200 characters."));
    }
    if asked.open_limit.is_some_and(|limit| !(1..=OPEN_MOST).contains(&limit)) {
        return Err(Problem::invalid("`open_limit` must be 1 to 1000 open batches."));
    }
    let charter = match (&asked.charter, &asked.named) {
        (Some(_), Some(_)) => {
            return Err(Problem::invalid("Send a `charter` or name one, not both."));
        }
        (Some(text), None) => Some(trial::text(text)?),
        (None, Some(word)) => Some(trial::named(app, who, word).await?),
        (None, None) => None,
    };
    let Asked { team, capacity, open_limit, cadence, .. } = asked;
    let wish = Wish { open_limit, cadence, charter, ..Wish::default() };
    Ok(WholeWish { team, capacity, wish })
}

fn shown(is: &Whole) -> Answer {
    let named = |team: &trimtab_store::Team| Named { id: team.id, name: team.name.clone() };
    Answer {
        days: crate::planning::whole::AHEAD.as_hours() / 24,
        today: Told::from(&is.today),
        then: Told::from(&is.then),
        teams: is
            .teams
            .iter()
            .map(|of| OfTeam {
                team: named(&of.team),
                today: Either::from(&of.today),
                then: Either::from(&of.then),
            })
            .collect(),
        left_out: is.left_out.iter().map(named).collect(),
        more: is.more,
    }
}
