//! The risk register, to take away: the columns of NIST IR 8286A, a row for each risk that is open or
//! accepted, the gravest first.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_report::csv::inert;
use trimtab_store::{Finding, FindingFilter};

use super::Sorry;
use super::exceptions::{name, names};
use crate::access::Who;
use crate::api::{findings, visible};
use crate::effect::all;
use crate::knowing::known;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::{Agreed, Weigher};

/// The most rows.
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
#[derive(Debug, Clone)]
struct Risk {
    id: String,
    priority: usize,
    description: String,
    category: &'static str,
    likelihood: String,
    impact: String,
    exposure: String,
    response: &'static str,
    cost: String,
    how: String,
    owner: String,
    status: String,
}

/// The risks that they may see, and whether there are more.
async fn risks(app: &App, who: &Who) -> Result<(Vec<Risk>, bool), Problem> {
    findings::seen(who)?;
    let now = app.now();
    let agreed = Agreed::of(&app.store, who.org, now).await?;
    let filter =
        FindingFilter { systems: visible(who, &agreed.stored), ..FindingFilter::default() };
    let (found, more) = all(app, who.org, &filter, MOST).await?;
    let known = known(&app.store, who.org, &found).await?;
    let names = names(app, who.org).await?;
    let decisions =
        app.store.decisions(who.org, trimtab_store::DecisionState::Approved, 10_000).await?;
    let index = app.index();
    let reckoned = tokio::task::spawn_blocking(move || {
        let weigher = index.map(|index| Weigher::new(&agreed, index, now));
        let impact = |known| {
            let assessed = weigher.as_ref().and_then(|w| w.assess(known));
            assessed.map_or("unknown".to_owned(), |(_, a)| a.impact.band.to_string())
        };
        let impacts: Vec<String> = known.iter().map(impact).collect();
        (agreed, impacts)
    });
    let (agreed, impacts) =
        reckoned.await.map_err(|e| Problem::conflict(format!("It was given up: {e}.")))?;
    let mut risks = Vec::new();
    for (is, impact) in found.iter().zip(impacts) {
        let decided = is.weighed.as_ref().and_then(|w| w.decision);
        if decided.is_some_and(|(_, kind)| kind == "not-affected") {
            continue;
        }
        let decision = decided.and_then(|(id, _)| decisions.iter().find(|d| d.id == id));
        let by = decision.map(|d| (d, name(&names, d.is.author)));
        risks.push(risk(is, risks.len() + 1, impact, by.as_ref(), &agreed, now));
    }
    Ok((risks, more))
}

fn risk(
    is: &Finding,
    priority: usize,
    impact: String,
    decision: Option<&(&trimtab_store::Decision, String)>,
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
    let how = match (decision, &is.fix) {
        (Some((d, author)), _) => {
            let until = d.is.expires.map(|t| t.strftime("%Y-%m-%d").to_string());
            let until = until.map(|u| format!(" until {u}")).unwrap_or_default();
            let control = d.is.control.as_deref().map(|c| format!(" Meanwhile: {c}"));
            format!(
                "Accepted{until}, asked for by {author}: {}{}",
                d.is.reason,
                control.unwrap_or_default()
            )
        }
        (None, Some(fix)) => format!("Raise {} to {fix}.", is.component.1),
        (None, None) => {
            format!("No source names a fix of {}: replace, remove or mitigate.", is.package)
        }
    };
    let status = match (decision, w.and_then(|w| w.deadline)) {
        (Some(_), _) => "accepted".to_owned(),
        (None, Some(at)) if at < now => {
            format!("open, past its deadline of {}", at.strftime("%Y-%m-%d"))
        }
        (None, Some(at)) => format!("open, due {}", at.strftime("%Y-%m-%d")),
        (None, None) => "open".to_owned(),
    };
    Risk {
        id: format!("F-{}", is.id),
        priority,
        description: format!(
            "{place} has {}, which has {}{about}",
            is.component.1, is.vulnerability.1
        ),
        category: "software supply chain",
        likelihood: w.map_or_else(unknown, |w| format!("{:.3}", w.probability)),
        impact,
        exposure: w.map_or_else(unknown, |w| w.level.as_str().to_owned()),
        response: if decision.is_some() { "accept" } else { "mitigate" },
        cost: w.and_then(|w| w.cost).map_or_else(unknown, |(a, b)| format!("{a} to {b} points")),
        how,
        owner: owner.unwrap_or_else(unknown),
        status,
    }
}

pub(crate) async fn csv(
    State(app): State<App>,
    who: Result<Who, Problem>,
) -> Result<Response, Sorry> {
    let who = who.map_err(Sorry::from)?;
    let (risks, more) = risks(&app, &who).await?;
    let text = written(&risks, more).map_err(|e| {
        tracing::error!(error = %e, "a register cannot be written");
        Problem::conflict("The register cannot be written.")
    })?;
    let headers = [
        (header::CONTENT_TYPE, "text/csv; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"risk-register.csv\""),
    ];
    Ok((headers, text).into_response())
}

fn written(risks: &[Risk], more: bool) -> Result<Vec<u8>, String> {
    let mut table =
        ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
    table.write_record(HEADER).map_err(|e| e.to_string())?;
    for r in risks {
        let priority = r.priority.to_string();
        let cells = [
            &r.id,
            &priority,
            &r.description,
            r.category,
            &r.likelihood,
            &r.impact,
            &r.exposure,
            r.response,
            &r.cost,
            &r.how,
            &r.owner,
            &r.status,
        ];
        table.write_record(cells.map(inert)).map_err(|e| e.to_string())?;
    }
    if more {
        let mut last = vec![format!("Only the gravest {MOST} are listed.")];
        last.resize(HEADER.len(), String::new());
        table.write_record(last).map_err(|e| e.to_string())?;
    }
    table.into_inner().map_err(|e| e.to_string())
}

pub(crate) async fn json(
    State(app): State<App>,
    who: Result<Who, Problem>,
) -> Result<Json<Value>, Sorry> {
    let who = who.map_err(Sorry::from)?;
    let (risks, more) = risks(&app, &who).await?;
    let rows: Vec<Value> = risks
        .iter()
        .map(|r| {
            json!({ "id": r.id, "priority": r.priority, "risk_description": r.description,
                "risk_category": r.category,
                "current_assessment": { "likelihood": r.likelihood, "impact": r.impact,
                    "exposure_rating": r.exposure },
                "risk_response_type": r.response, "risk_response_cost": r.cost,
                "risk_response_description": r.how, "risk_owner": r.owner, "status": r.status })
        })
        .collect();
    Ok(Json(json!({ "rows": rows, "complete": !more })))
}
