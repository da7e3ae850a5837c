//! Asking for one decision about several findings: chosen in a list, one form for all.

use axum::Form;
use axum::extract::{Query, State};
use axum::http::Uri;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as View, Input, Link, Notice, Pairs, Urgency};
use trimtab_store::Finding;

use super::ask::{Sent, fields, rules, wanted};
use super::today::short;
use super::{Page, Sorry, count, html, layout, mended, own_form};
use crate::access::Who;
use crate::api::findings::Asked;
use crate::deciding::{self, MOST, Refused};
use crate::facts::finding;
use crate::facts::groups::{Common, askable};
use crate::problem::Problem;
use crate::state::App;

/// How many are named.
const NAMED: usize = 12;

/// What the form sends: the findings, and what is asked for.
#[derive(Debug, Deserialize)]
pub(crate) struct All {
    #[serde(default)]
    findings: String,
    #[serde(flatten)]
    sent: Sent,
}

/// The rows of a list that were chosen.
pub(crate) async fn chosen(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, sent.iter().find(|(n, _)| n == "csrf").map_or("", |(_, v)| v))?;
    let ids = sent.iter().filter(|(name, _)| name == "id").map(|(_, id)| id.as_str());
    // A row is a finding by its id, or a group by what its findings have in common.
    let (groups, ids): (Vec<&str>, Vec<&str>) = ids.partition(|id| id.contains('='));
    let mut all = found(&app, &who, ids.into_iter()).await?;
    if !groups.is_empty() {
        let groups: Vec<Common> = groups.into_iter().map(common).collect::<Result<_, _>>()?;
        all.extend(askable(&app, &who, &asked, &groups).await?);
    }
    if all.is_empty() {
        return Ok(Redirect::to("/findings").into_response());
    }
    show(&app, &who, &all, &Sent::default(), None, None).await
}

/// A group, as its row says it.
fn common(text: &str) -> Result<Common, Problem> {
    let wrong = || Problem::invalid("The group is not known: choose one from the list.");
    let uri: Uri = format!("/?{text}").parse().map_err(|_| wrong())?;
    Query::try_from_uri(&uri).map(|Query(common)| common).map_err(|_| wrong())
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(all): Form<All>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let sent = all.sent;
    own_form(&who, &sent.csrf)?;
    let mut chosen = found(&app, &who, all.findings.split(',')).await?;
    // The gravest first: what is possible for it is possible for the others.
    chosen.sort_by_key(|finding| std::cmp::Reverse(deciding::level(finding)));
    let wanted = match wanted(&sent) {
        Ok(wanted) => wanted,
        Err(wrong) => return show(&app, &who, &chosen, &sent, Some(wrong), None).await,
    };
    let Err(stopped) = deciding::ask_all(&app, &who, &chosen, &wanted).await else {
        return Ok(Redirect::to("/exceptions?state=asked").into_response());
    };
    let at = chosen.iter().find(|finding| finding.id == stopped.finding);
    match (stopped.why, at) {
        (Refused::Member(name, text), at) => {
            let told = at.map(|at| told(at, ""));
            show(&app, &who, &chosen, &sent, Some((name, text)), told).await
        }
        (Refused::Problem(problem), Some(at)) if chosen.len() > 1 => {
            let told = told(at, &problem.detail);
            show(&app, &who, &chosen, &sent, None, Some(told)).await
        }
        (Refused::Problem(problem), _) => Err(problem.into()),
    }
}

/// At which finding it stops: nothing was asked for.
fn told(at: &Finding, why: &str) -> Notice {
    let (package, _) = short(&at.component.1);
    let place = format!("{} in {package} of {}", at.vulnerability.1, at.asset.1);
    let text = format!("Nothing was asked for: it stops at {place}. {why}").trim().to_owned();
    Notice { urgency: Urgency::Warning, text, next: None }
}

/// The findings of some ids, each once, that they may see.
async fn found<'i>(
    app: &App,
    who: &Who,
    ids: impl Iterator<Item = &'i str>,
) -> Result<Vec<Finding>, Problem> {
    let mut numbers: Vec<i64> = ids.filter_map(|id| id.trim().parse().ok()).collect();
    numbers.sort_unstable();
    numbers.dedup();
    if numbers.len() > MOST {
        return Err(Problem::invalid(format!("Choose at most {MOST} findings at once.")));
    }
    let mut all = Vec::with_capacity(numbers.len());
    for id in numbers {
        all.push(finding::find(app, who, id).await?);
    }
    Ok(all)
}

async fn show(
    app: &App,
    who: &Who,
    all: &[Finding],
    sent: &Sent,
    wrong: Option<(&'static str, String)>,
    notice: Option<Notice>,
) -> Page {
    let agreed = app.agreed(who.org, app.now()).await?;
    let gravest = all.iter().map(deciding::level).max().unwrap_or(trimtab_model::Level::Critical);
    let number = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let headline = format!("Ask for a decision about {}.", count(number, "finding", "findings"));
    let mut layout = layout(app, who, Entry::Findings, "Ask for a decision", headline).await?;
    layout.crumbs = vec![Link::to("Findings", "/findings"), Link::words("Ask")];
    let (approve, control) = rules(&agreed, gravest);
    let ids: Vec<String> = all.iter().map(|f| f.id.to_string()).collect();
    let mut fields = fields(sent, who, deciding::longest(&agreed, gravest), control);
    fields.push(Field::new("findings", "Findings", Input::Hidden).holding(ids.join(",")));
    let mut form = View {
        action: "/findings/ask".into(),
        csrf: layout.csrf.clone(),
        notice,
        fields,
        submit: "Ask for all of them".to_owned(),
        cancel: Some(Link::to("Back to the findings", "/findings")),
        ..View::default()
    };
    mended(&mut form, wrong);
    let one = |f: &Finding| {
        let (package, version) = short(&f.component.1);
        let place = f.system.as_ref().map_or(&f.asset.1, |s| &s.1);
        let text = format!("{} in {package} {version}", f.vulnerability.1);
        (place.clone(), Link::to(text, format!("/findings/{}", f.id)).into())
    };
    let mut about: Vec<_> = all.iter().take(NAMED).map(one).collect();
    if all.len() > NAMED {
        about.push(("and".to_owned(), format!("{} more", all.len() - NAMED).into()));
    }
    let view = Act {
        layout,
        follows: vec![
            format!(
                "The gravest of them is {gravest}: by the charter, {approve} may accept it, another person than you."
            ),
            "Each becomes a decision of its own, which is answered on its own.".to_owned(),
        ],
        about: Pairs(about),
        form,
    };
    Ok(html(&view))
}
