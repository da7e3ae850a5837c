//! A list of findings, or of their groups, as CSV.

use axum::response::Response;
use trimtab_store::{Finding, Group, GroupBy};

use super::sheet::Sheet;
use crate::access::Who;
use crate::api::findings::{Asked, seen};
use crate::problem::Problem;
use crate::state::App;

/// The most findings of a file.
const MOST: usize = 100_000;
/// How many are read at once for it.
const BLOCK: usize = 500;
/// The most groups of a file.
const GROUPS: usize = 10_000;

const HEADER: [&str; 20] = [
    "ID",
    "Level",
    "Vulnerability",
    "Summary",
    "Component",
    "Asset",
    "System",
    "Owner",
    "State",
    "Production",
    "Probability",
    "Load",
    "Deadline",
    "Fix",
    "Least points",
    "Most points",
    "Decision",
    "Detected",
    "Merged",
    "Fixed",
];

const GROUPED: [&str; 8] =
    ["Gravest", "What", "Key", "Fix", "Findings", "Assets", "Load", "First due"];

/// The findings of a filter, in its order, from the beginning.
///
/// # Errors
/// They may see nothing, what is asked is not understood, or the store does not answer.
pub(crate) async fn findings(app: &App, who: &Who, asked: &Asked) -> Result<Response, Problem> {
    seen(who)?;
    let (filter, order) = asked.filter(app, who).await?;
    let mut sheet = Sheet::new(&HEADER)?;
    let (mut after, mut written) = (None, 0);
    loop {
        let page = app.store.findings(who.org, &filter, order, after, BLOCK).await?;
        for is in &page.rows {
            sheet.row(cells(is))?;
        }
        written += page.rows.len();
        after = page.next;
        if after.is_none() {
            break;
        }
        if written >= MOST {
            sheet.cut(format!("Only the first {written} are listed."))?;
            break;
        }
    }
    sheet.answer("findings.csv")
}

/// The groups of a filter, the heaviest first.
///
/// # Errors
/// They may see nothing, what is asked is not understood, or the store does not answer.
pub(crate) async fn groups(
    app: &App,
    who: &Who,
    asked: &Asked,
    by: GroupBy,
) -> Result<Response, Problem> {
    seen(who)?;
    let (filter, _) = asked.filter(app, who).await?;
    let all = app.store.group_findings(who.org, &filter, by, GROUPS + 1).await?;
    let mut sheet = Sheet::new(&GROUPED)?;
    for group in all.iter().take(GROUPS) {
        sheet.row(grouped(group))?;
    }
    if all.len() > GROUPS {
        sheet.cut(format!("Only the heaviest {GROUPS} are listed."))?;
    }
    sheet.answer("findings.csv")
}

fn unknown() -> String {
    "unknown".to_owned()
}

fn cells(is: &Finding) -> [String; 20] {
    let w = is.weighed.as_ref();
    let name = |pair: &Option<(i64, String)>| pair.as_ref().map_or_else(unknown, |p| p.1.clone());
    let number = |number: Option<f64>| number.map_or_else(unknown, |n| n.to_string());
    let moment = |at: Option<jiff::Timestamp>| at.map(|at| at.to_string()).unwrap_or_default();
    let production = match is.production {
        Some(true) => "yes",
        Some(false) => "no",
        None => "unknown",
    };
    let deadline = match w.map(|w| (w.deadline, w.deadline_kind)) {
        Some((Some(at), _)) => at.to_string(),
        Some((None, "opportunistic")) => "at the next opportunity".to_owned(),
        _ => unknown(),
    };
    let cost = w.and_then(|w| w.cost);
    [
        is.id.to_string(),
        w.map_or_else(unknown, |w| w.level.as_str().to_owned()),
        is.vulnerability.1.clone(),
        is.summary.clone().unwrap_or_default(),
        is.component.1.clone(),
        is.asset.1.clone(),
        name(&is.system),
        name(&is.team),
        is.state.as_str().to_owned(),
        production.to_owned(),
        number(w.map(|w| w.probability)),
        number(w.map(|w| w.weight)),
        deadline,
        is.fix.clone().unwrap_or_else(unknown),
        number(cost.map(|cost| cost.0)),
        number(cost.map(|cost| cost.1)),
        w.and_then(|w| w.decision)
            .map(|d| format!("{} by decision {}", d.1, d.0))
            .unwrap_or_default(),
        is.detected.to_string(),
        moment(is.merged),
        moment(is.fixed),
    ]
}

fn grouped(is: &Group) -> [String; 8] {
    [
        is.level.map_or_else(unknown, |level| level.as_str().to_owned()),
        is.name.clone(),
        is.key.clone(),
        is.fix.clone().unwrap_or_default(),
        is.findings.to_string(),
        is.assets.map_or_else(unknown, |assets| assets.to_string()),
        is.weight.to_string(),
        is.deadline.map(|at| at.to_string()).unwrap_or_default(),
    ]
}
