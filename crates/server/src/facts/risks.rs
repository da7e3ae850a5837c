//! The risk register: the columns of NIST IR 8286A, a row for each risk that is open or accepted, the gravest first.

use std::collections::HashMap;
use std::sync::Arc;

use axum::response::Response;
use jiff::Timestamp;
use serde::Serialize;
use trimtab_pages::part::number;
use trimtab_store::{Cursor, Decision, Finding, FindingFilter, FindingOrder, PlannedChange};
use utoipa::ToSchema;

use super::finding::may_read;
use super::sheet::Sheet;
use crate::access::Who;
use crate::api::{findings, visible};
use crate::effect::all;
use crate::knowing::known;
use crate::people::{name, names};
use crate::planning::held;
use crate::problem::Problem;
use crate::replanning::Told;
use crate::state::App;
use crate::web::today::short;
use crate::weighing::{Agreed, Weigher};

/// The most rows of a file.
const MOST: usize = 20_000;

const HEADER: [&str; 12] = [
    "ID",
    "Priority",
    "Risk Description",
    "Risk Category",
    "Current Assessment: Likelihood",
    "Current Assessment: Impact",
    "Current Assessment: Exposure Rating",
    "Risk Response Type",
    "Risk Response Cost",
    "Risk Response Description",
    "Risk Owner",
    "Status",
];

/// A risk. What is not known says so.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct Risk {
    id: String,
    /// 1 is the gravest.
    priority: usize,
    risk_description: String,
    risk_category: &'static str,
    current_assessment: Current,
    /// `mitigate`, `accept`.
    risk_response_type: &'static str,
    // In points: those of the change that is planned, with all that it removes, or else of the nearest fix.
    risk_response_cost: String,
    risk_response_description: String,
    risk_owner: String,
    status: String,
}

/// How a risk is assessed now.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[schema(as = RiskAssessment)]
struct Current {
    /// The probability of exploitation, or `unknown`.
    likelihood: String,
    impact: String,
    /// The level.
    exposure_rating: String,
}

/// The register, up to its bound: a file of it.
#[derive(Debug, Serialize)]
pub(crate) struct Register {
    rows: Vec<Risk>,
    /// Whether those are all.
    complete: bool,
}

/// The risks that they may see.
///
/// # Errors
/// They may see nothing; the store does not answer.
pub(crate) async fn register(app: &App, who: &Who) -> Result<Register, Problem> {
    findings::seen(who)?;
    let agreed = app.agreed(who.org, app.now()).await?;
    let filter = risks(who, &agreed);
    let (found, more) = all(app, who.org, &filter, MOST).await?;
    Ok(Register { rows: told(app, who, agreed, &found, 0).await?, complete: !more })
}

/// A page of the risks that they may see, and where the next begins.
///
/// # Errors
/// They may see nothing; `after` was not given out; the store does not answer.
pub(crate) async fn page(
    app: &App,
    who: &Who,
    after: Option<&str>,
    limit: usize,
) -> Result<(Vec<Risk>, Option<String>), Problem> {
    findings::seen(who)?;
    let (place, before) = begins(after)?;
    let agreed = app.agreed(who.org, app.now()).await?;
    let filter = risks(who, &agreed);
    let order = FindingOrder::Level;
    let part = app.store.findings(who.org, &filter, order, place, limit).await?;
    let seen = before.saturating_add(part.rows.len());
    let next = part.next.map(|next| format!("{}.{seen}", next.to_text()));
    Ok((told(app, who, agreed, &part.rows, before).await?, next))
}

/// Where a page begins, and how many risks come before it.
fn begins(after: Option<&str>) -> Result<(Option<Cursor>, usize), Problem> {
    let Some(text) = after.filter(|after| !after.is_empty()) else { return Ok((None, 0)) };
    let parts = text.rsplit_once('.');
    let place = parts.and_then(|(place, told)| {
        let told: u32 = told.parse().ok()?;
        Some((Some(Cursor::from_text(place)?), usize::try_from(told).ok()?))
    });
    place.ok_or_else(|| Problem::invalid("`after` is not a `next` value of an earlier page"))
}

/// What they may see of what is open or accepted: what is decided to be not affected is no risk.
fn risks(who: &Who, agreed: &Agreed) -> FindingFilter {
    let systems = visible(who, &agreed.stored);
    FindingFilter { systems, risks: true, ..FindingFilter::default() }
}

/// Risks, of which so many come before.
async fn told(
    app: &App,
    who: &Who,
    agreed: Arc<Agreed>,
    found: &[Finding],
    before: usize,
) -> Result<Vec<Risk>, Problem> {
    let now = app.now();
    let known = known(&app.store, who.org, found).await?;
    let names = names(app, who.org).await?;
    let decided = |is: &Finding| is.weighed.as_ref().and_then(|w| w.decision);
    let mut ids: Vec<i64> = found.iter().filter_map(|is| decided(is).map(|d| d.0)).collect();
    ids.sort_unstable();
    ids.dedup();
    let mut decisions = app.store.decisions_numbered(who.org, &ids).await?;
    decisions.retain(|d| may_read(who, d));
    let decisions: HashMap<i64, Decision> = decisions.into_iter().map(|d| (d.id, d)).collect();
    let index = app.index();
    let reckoned = tokio::task::spawn_blocking(move || {
        let weigher = index.map(|index| Weigher::new(&agreed, index, now));
        let impact = |known| {
            let assessed = weigher.as_ref().and_then(|w| w.assess(known));
            match assessed {
                None => ("unknown".to_owned(), None),
                Some((matched, a)) => {
                    (a.impact.band.to_string(), matched.last_affected().map(ToOwned::to_owned))
                }
            }
        };
        let impacts: Vec<(String, Option<String>)> = known.iter().map(impact).collect();
        (agreed, impacts)
    });
    let (agreed, impacts) =
        reckoned.await.map_err(|e| Problem::conflict(format!("This was stopped: {e}.")))?;
    let planned = planned(app, who, found).await?;
    let mut risks = Vec::new();
    for (is, impact) in found.iter().zip(impacts) {
        let accepted = decided(is).map(|(id, _)| match decisions.get(&id) {
            Some(decision) => accepted(decision, &name(&names, decision.is.author)),
            // What they may not read: that it is accepted is told with the finding.
            None => format!("Accepted by decision {id}."),
        });
        let accepted = (accepted, planned.get(&is.id));
        risks.push(risk(is, before + risks.len() + 1, impact, accepted, &agreed, now));
    }
    Ok(risks)
}

/// What a team's plan does about a finding.
struct Planned {
    told: String,
    /// What the change costs, with all that it removes. `None`: nothing is planned.
    cost: Option<String>,
}

/// Points as people read them.
fn points(least: f64, most: f64) -> String {
    match (number(least), number(most)) {
        (least, most) if least == most => {
            format!("{least} {}", if least == "1" { "point" } else { "points" })
        }
        (least, most) => format!("{least} to {most} points"),
    }
}

/// What the plans of their teams do about findings, by finding: the response is the plan's, as far as there is one, and so
/// is what it costs.
async fn planned(
    app: &App,
    who: &Who,
    found: &[Finding],
) -> Result<HashMap<i64, Planned>, Problem> {
    let plans = app.store.team_plans(who.org).await?;
    let mut teams: Vec<i64> = found.iter().filter_map(|is| Some(is.team.as_ref()?.0)).collect();
    teams.sort_unstable();
    teams.dedup();
    let mut planned = HashMap::new();
    for team in teams {
        let plan = plans.iter().find(|plan| plan.team == team);
        let plan: Told = plan
            .and_then(|plan| serde_json::from_value(plan.told.clone()).ok())
            .unwrap_or_default();
        let costs: HashMap<(i64, &str), (f64, f64)> = plan
            .costs
            .iter()
            .map(|cost| ((cost.asset, cost.package.as_str()), (cost.least, cost.most)))
            .collect();
        for is in app.store.scheduled(who.org, team).await? {
            let when = match &is.window {
                None => "Planned to be done at once".to_owned(),
                Some(window) => format!("Planned for {}", window.name),
            };
            let (name, _) = short(&is.change.package);
            let told = format!("{when}: raise {name} to {}.", is.version);
            let cost = costs.get(&(is.change.asset, is.change.package.as_str()));
            let (least, most) = cost.copied().unwrap_or((is.points, is.points));
            let mut cost = points(least, most);
            // The same points are in the row of each: who adds rows must know.
            if is.findings.len() > 1 {
                cost += &format!(" for {} findings together", is.findings.len());
            }
            let response =
                |id: &i64| (*id, Planned { told: told.clone(), cost: Some(cost.clone()) });
            planned.extend(is.findings.iter().map(response));
        }
        let held = held::of(app, who.org, team).await?;
        let of_team = |is: &&Finding| is.team.as_ref().is_some_and(|of| of.0 == team);
        for is in found.iter().filter(of_team).filter(|is| is.fix.is_some()) {
            let change = PlannedChange { asset: is.asset.0, package: is.package.clone() };
            if let Some(held) = held.get(&change) {
                let told = || format!("What removes it is {}.", held.words());
                planned.entry(is.id).or_insert_with(|| Planned { told: told(), cost: None });
            }
        }
    }
    Ok(planned)
}

/// How a risk is answered that is accepted.
fn accepted(is: &Decision, author: &str) -> String {
    let until = is.is.expires.map(|t| t.strftime(" until %Y-%m-%d").to_string());
    let control = is.is.control.as_deref().map(|c| format!(" Meanwhile: {c}"));
    format!(
        "Accepted{}, asked for by {author}: {}{}",
        until.unwrap_or_default(),
        is.is.reason,
        control.unwrap_or_default()
    )
}

fn risk(
    is: &Finding,
    priority: usize,
    (impact, last): (String, Option<String>),
    (accepted, planned): (Option<String>, Option<&Planned>),
    agreed: &Agreed,
    now: Timestamp,
) -> Risk {
    let w = is.weighed.as_ref();
    let unknown = || "unknown".to_owned();
    let place = is.system.as_ref().map_or(&is.asset.1, |s| &s.1);
    let about = is.summary.as_deref().map(|s| format!(": {s}")).unwrap_or_default();
    let system = is.system.as_ref().and_then(|s| agreed.stored.iter().find(|x| x.id == s.0));
    let owner = system
        .and_then(|s| s.product_owner.clone())
        .or_else(|| is.team.as_ref().map(|t| t.1.clone()));
    let is_accepted = accepted.is_some();
    let cost = planned.filter(|_| !is_accepted).and_then(|planned| planned.cost.clone());
    let cost = cost.or_else(|| w.and_then(|w| w.cost).map(|(least, most)| points(least, most)));
    let how = match (accepted, planned, &is.fix) {
        (Some(accepted), ..) => accepted,
        (None, Some(planned), _) => planned.told.clone(),
        (None, None, Some(fix)) => {
            format!("Nothing is planned. {} is fixed in {fix}.", is.package)
        }
        (None, None, None) => match last {
            Some(last) => format!(
                "Nothing is planned. No source names a fix of {}; the last version that is called affected is {last}: raise it above that.",
                is.package
            ),
            None => {
                format!("No source names a fix of {}: replace, remove or mitigate.", is.package)
            }
        },
    };
    let status = match w.and_then(|w| w.deadline) {
        _ if is_accepted => "accepted".to_owned(),
        Some(at) if at < now => {
            format!("open, past its deadline of {}", at.strftime("%Y-%m-%d"))
        }
        Some(at) => format!("open, due {}", at.strftime("%Y-%m-%d")),
        None => "open".to_owned(),
    };
    Risk {
        id: format!("F-{}", is.id),
        priority,
        risk_description: format!(
            "{place} has {}, which has {}{about}",
            is.component.1, is.vulnerability.1
        ),
        risk_category: "software supply chain",
        current_assessment: Current {
            likelihood: w.map_or_else(unknown, |w| format!("{:.3}", w.probability)),
            impact,
            exposure_rating: w.map_or_else(unknown, |w| w.level.as_str().to_owned()),
        },
        risk_response_type: if is_accepted { "accept" } else { "mitigate" },
        risk_response_cost: cost.unwrap_or_else(unknown),
        risk_response_description: how,
        risk_owner: owner.unwrap_or_else(unknown),
        status,
    }
}

impl Risk {
    /// What it is, how grave, what is done about it, whose it is, and how it stands.
    pub(crate) fn in_short(&self) -> [&str; 5] {
        [
            &self.risk_description,
            &self.current_assessment.exposure_rating,
            &self.risk_response_description,
            &self.risk_owner,
            &self.status,
        ]
    }

    /// Its page.
    pub(crate) fn href(&self) -> String {
        format!("/findings/{}", self.id.trim_start_matches("F-"))
    }
}

impl Register {
    /// The register as CSV.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn csv(&self) -> Result<Response, Problem> {
        let mut sheet = Sheet::new(&HEADER)?;
        for r in &self.rows {
            let priority = r.priority.to_string();
            sheet.row([
                &r.id,
                &priority,
                &r.risk_description,
                r.risk_category,
                &r.current_assessment.likelihood,
                &r.current_assessment.impact,
                &r.current_assessment.exposure_rating,
                r.risk_response_type,
                &r.risk_response_cost,
                &r.risk_response_description,
                &r.risk_owner,
                &r.status,
            ])?;
        }
        if !self.complete {
            sheet.cut(format!("Only the gravest {MOST} are listed."))?;
        }
        sheet.answer("risk-register.csv")
    }
}

#[cfg(test)]
mod tests {
    use super::points;

    #[test]
    fn points_are_told_as_a_range_where_they_are_one() {
        assert_eq!(points(0.5, 1.0), "0.5 to 1 points");
        assert_eq!(points(3.0, 8.0), "3 to 8 points");
        assert_eq!((&*points(8.0, 8.0), &*points(1.0, 1.0)), ("8 points", "1 point"));
    }
}
