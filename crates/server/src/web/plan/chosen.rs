//! What was chosen in a table of a team's plan, and what is done with it. To hold back, a reason is asked for.

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as Sheet, Input, Link, Pairs};
use trimtab_store::Team;

use super::super::team::{find, may_pace};
use super::super::today::short;
use super::super::{Page, Sorry, count, html, layout, mended, own_form};
use crate::access::{Action, Who};
use crate::api::plan::{Decide, decide, named};
use crate::planning::{WINDOWS, Wish, of_team};
use crate::problem::Problem;
use crate::state::App;

/// How many of the chosen changes are named.
const NAMED: usize = 12;

/// Decides about what was chosen.
pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let one = |name: &str| sent.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    own_form(&who, one("csrf").unwrap_or_default())?;
    let (team, _) = find(&app, &who, id).await?;
    let changes: Vec<String> =
        sent.iter().filter(|(name, _)| name == "id").map(|(_, v)| v.clone()).collect();
    let state = match one("do").unwrap_or_default() {
        "accept" => "accepted",
        "hold" => "held",
        _ => "open",
    };
    let reason = one("reason");
    // Pressed in the table; the form that asks sends a reason, even an empty one.
    if state == "held" && reason.is_none() && !changes.is_empty() {
        return asks(&app, &who, &team, &changes, "", None).await;
    }
    let reason = reason.unwrap_or_default();
    let decided = Decide {
        changes: changes.clone(),
        state: state.to_owned(),
        window: None,
        reason: reason.to_owned(),
    };
    match decide(&app, &who, &team, decided).await {
        Ok(_) => Ok(Redirect::to(&format!("/teams/{id}/plan")).into_response()),
        Err(problem) if problem.status == 422 && state == "held" && !changes.is_empty() => {
            asks(&app, &who, &team, &changes, reason, Some(("reason", problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// Asks why changes are held back.
async fn asks(
    app: &App,
    who: &Who,
    team: &Team,
    changes: &[String],
    reason: &str,
    wrong: Option<(&'static str, String)>,
) -> Page {
    if !may_pace(who, team.id) {
        return Err(Problem::forbidden(Action::Pace).into());
    }
    let planned = of_team(app, who, team, Wish::of(WINDOWS)).await?;
    let planned = planned.map_err(|missing| Problem::invalid(missing.told()))?;
    let all = planned.changes.iter().chain(&planned.held);
    let chosen = all.filter(|change| changes.contains(&named(&change.of)));
    let mut names: Vec<String> = chosen
        .map(|change| {
            let (name, from) = short(&change.purl);
            format!("{name} {from} to {} in {}", change.to, change.asset)
        })
        .collect();
    let more = names.len().saturating_sub(NAMED);
    names.truncate(NAMED);
    if more > 0 {
        names.push(format!("{more} more"));
    }
    let number = i64::try_from(changes.len()).unwrap_or(i64::MAX);
    let headline = format!("Why is {} held back?", count(number, "change", "changes"));
    let headline = if number == 1 { headline } else { headline.replacen("Why is", "Why are", 1) };
    let mut layout = layout(app, who, Entry::Teams, "Hold back", headline).await?;
    let plan = format!("/teams/{}/plan", team.id);
    layout.crumbs = vec![
        Link::to("Teams", "/teams"),
        Link::to(team.name.clone(), format!("/teams/{}", team.id)),
        Link::to("Plan", plan.clone()),
        Link::words("Hold back"),
    ];
    let hidden = |name: &str, value: &str| Field::new(name, "", Input::Hidden).holding(value);
    let mut fields = vec![hidden("do", "hold")];
    fields.extend(changes.iter().map(|change| hidden("id", change)));
    let why = Field::new("reason", "Why", Input::Text).holding(reason);
    fields.push(why.hinted("Others read it: in the plan, and in the ledger."));
    let mut form = Sheet {
        action: plan.clone().into(),
        csrf: layout.csrf.clone(),
        fields,
        submit: "Hold back".to_owned(),
        cancel: Some(Link::to("Back to the plan", plan)),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    let mut follows = Vec::new();
    if !names.is_empty() {
        follows.push(format!("{}.", names.join("; ")));
    }
    follows.push(
        "What is held back is not planned until somebody leaves it to the plan again.".to_owned(),
    );
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}
