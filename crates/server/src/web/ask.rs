//! Asking for a decision about a finding: a page of its own.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_model::Level;
use trimtab_model::decision::Justification;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as View, Input, Link, Pairs, Value, When, number};
use trimtab_store::{DecisionKind, Finding};

use super::today::short;
use super::{Page, Sorry, html, layout, mended, own_form, sides};
use crate::access::{Action, Who};
use crate::api::on;
use crate::deciding::{self, Refused, Wanted};
use crate::facts::finding;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::Agreed;

/// What it begins with.
#[derive(Debug, Deserialize)]
pub(crate) struct Begun {
    /// The decision that is asked for anew.
    r#as: Option<i64>,
}

/// What the form sends. Numbers come as text: what is none is told at its field.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Sent {
    #[serde(default)]
    pub(super) csrf: String,
    #[serde(default)]
    kind: String,
    #[serde(default)]
    reason: String,
    #[serde(default)]
    justification: String,
    #[serde(default)]
    control: String,
    #[serde(default)]
    role: String,
    #[serde(default)]
    days: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Query(begun): Query<Begun>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let finding = finding::find(&app, &who, id).await?;
    let sent = match begun.r#as {
        None => Sent::default(),
        Some(id) => {
            let old = deciding::find(&app, &who, id).await?.is;
            Sent {
                kind: old.kind.as_str().to_owned(),
                reason: old.reason,
                justification: old.justification.unwrap_or_default(),
                control: old.control.unwrap_or_default(),
                role: old.author_role,
                ..Sent::default()
            }
        }
    };
    show(&app, &who, &finding, &sent, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let finding = finding::find(&app, &who, id).await?;
    let wanted = match wanted(&sent) {
        Ok(wanted) => wanted,
        Err(wrong) => return show(&app, &who, &finding, &sent, Some(wrong)).await,
    };
    match deciding::ask(&app, &who, &finding, wanted).await {
        Ok(id) => Ok(Redirect::to(&format!("/exceptions/{id}")).into_response()),
        Err(Refused::Member(name, text)) => {
            show(&app, &who, &finding, &sent, Some((name, text))).await
        }
        Err(Refused::Problem(problem)) => Err(problem.into()),
    }
}

/// What the form asks for; otherwise which field is wrong, and how.
pub(super) fn wanted(sent: &Sent) -> Result<Wanted, (&'static str, String)> {
    let text = sent.days.trim();
    let days = if text.is_empty() { None } else { text.parse().ok() };
    if days.is_none() && !text.is_empty() {
        return Err(("days", "Enter a whole number.".to_owned()));
    }
    Ok(Wanted {
        kind: sent.kind.clone(),
        reason: sent.reason.clone(),
        justification: Some(sent.justification.clone()).filter(|j| !j.is_empty()),
        control: Some(sent.control.clone()),
        role: sent.role.clone(),
        days,
    })
}

/// Who may accept what is of a level, in words; and whether something must lower the risk meanwhile.
pub(super) fn rules(agreed: &Agreed, level: Level) -> (String, bool) {
    let approve = agreed.charter.exceptions.may_approve.get(level as usize);
    let approve: Vec<&str> = approve.into_iter().flatten().map(|role| role.as_str()).collect();
    let approve = if approve.is_empty() { "nobody".to_owned() } else { approve.join(" or ") };
    (approve, agreed.charter.exceptions.control_from.is_some_and(|from| level >= from))
}

async fn show(
    app: &App,
    who: &Who,
    finding: &Finding,
    sent: &Sent,
    wrong: Option<(&'static str, String)>,
) -> Page {
    let now = app.now();
    who.must(Action::Ask, on(&app.store, who.org, finding.system.as_ref().map(|s| s.0)).await?)?;
    let agreed = app.agreed(who.org, now).await?;
    let level = deciding::level(finding);
    let most = deciding::longest(&agreed, level);
    let (package, version) = short(&finding.component.1);
    let place = finding.system.as_ref().map_or(&finding.asset.1, |s| &s.1);
    let title = format!("{} in {package}", finding.vulnerability.1);
    let headline = format!("Ask for a decision about {title} of {place}.");
    let mut layout = layout(app, who, Entry::Findings, "Ask for a decision", headline).await?;
    let here = format!("/findings/{}", finding.id);
    layout.crumbs = vec![
        Link::to("Findings", "/findings"),
        Link::to(title.clone(), here.clone()),
        Link::words("Ask"),
    ];
    let (approve, control) = rules(&agreed, level);
    let mut form = View {
        action: format!("/findings/{}/ask", finding.id).into(),
        csrf: layout.csrf.clone(),
        fields: fields(sent, who, most, control),
        submit: "Ask".to_owned(),
        cancel: Some(Link::to("Back to the finding", here.clone())),
        ..View::default()
    };
    mended(&mut form, wrong);
    let load = finding
        .weighed
        .as_ref()
        .map_or_else(|| Value::Unknown("not weighed yet".to_owned()), |w| number(w.weight).into());
    let due = match finding.weighed.as_ref().and_then(|w| w.deadline) {
        Some(at) => When::of(at, now).into(),
        None => Value::Text("no date".to_owned()),
    };
    let view = Act {
        layout,
        follows: vec![
            format!(
                "By the charter, {approve} may accept what is {level}: another person than you."
            ),
            "Until then the deadline holds. When the decision ends, the finding counts again."
                .to_owned(),
        ],
        about: Pairs(vec![
            ("Finding".to_owned(), Link::to(title, here).into()),
            ("Version".to_owned(), Value::Code(version)),
            ("Level".to_owned(), level.as_str().into()),
            ("Load".to_owned(), load),
            ("Deadline".to_owned(), due),
        ]),
        form,
    };
    Ok(html(&view))
}

pub(super) fn fields(sent: &Sent, who: &Who, most: i64, control: bool) -> Vec<Field> {
    let pair = |value: &str, text: &str| (value.to_owned(), text.to_owned());
    let kinds = vec![
        pair(DecisionKind::Exception.as_str(), "Accept it until a date"),
        pair(DecisionKind::NotAffected.as_str(), "Not affected: it cannot harm here"),
    ];
    let mut labels = vec![pair("", "–")];
    labels
        .extend(Justification::ALL.iter().map(|j| pair(j.as_str(), &j.as_str().replace('_', " "))));
    let meanwhile = Field::new("control", "What lowers the risk meanwhile?", Input::Area)
        .holding(sent.control.clone())
        .optional();
    let meanwhile = if control {
        meanwhile.hinted("By the charter it must be said here, if it is to be accepted.")
    } else {
        meanwhile
    };
    vec![
        Field::new("kind", "What is asked?", Input::Select(kinds)).holding(sent.kind.clone()),
        Field::new("reason", "Why?", Input::Area).holding(sent.reason.clone()),
        Field::new("days", "For how many days?", Input::Number)
            .holding(sent.days.clone())
            .hinted(format!(
                "At most {most} to accept it. A statement that it is not affected needs no end."
            ))
            .optional(),
        meanwhile,
        Field::new("justification", "If not affected: why?", Input::Select(labels))
            .holding(sent.justification.clone())
            .optional(),
        Field::new("role", "For the side of", sides(who)).holding(sent.role.clone()),
    ]
}
