//! Answering several decisions at once: chosen in the register, one form for all, each judged by itself.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as View, Input, Link, Notice, Pairs, Urgency, Value};
use trimtab_store::{Decision, DecisionKind, DecisionState};

use super::exceptions::what;
use super::{Page, Sorry, count, html, layout, own_form, sides};
use crate::access::{Action, Who};
use crate::deciding::{self, MOST, Refused};
use crate::people::{name, names};
use crate::problem::Problem;
use crate::state::App;

/// The answers: what the form sends, what people read, and what it makes of a decision.
const ANSWERS: [(&str, &str, DecisionState); 3] = [
    ("approve", "Approve", DecisionState::Approved),
    ("refuse", "Refuse", DecisionState::Refused),
    ("end", "End now", DecisionState::Ended),
];

/// What is said to whoever sends no answer.
pub(super) const NONE: &str = "Choose one of the answers.";

/// An answer by what a form sends: what people read, and what it makes of a decision.
pub(super) fn answer(sent: &str) -> Option<(&'static str, DecisionState)> {
    let found = ANSWERS.iter().find(|(word, ..)| *word == sent);
    found.map(|(_, words, state)| (*words, *state))
}

/// What the form sends: the decisions, and the answer.
#[derive(Debug, Deserialize)]
pub(crate) struct Sent {
    csrf: String,
    #[serde(default)]
    decisions: String,
    #[serde(default)]
    answer: String,
    #[serde(default)]
    role: String,
}

/// The rows of the register that were chosen.
pub(crate) async fn chosen(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let one = |name: &str| sent.iter().find(|(n, _)| n == name).map_or("", |(_, v)| v);
    own_form(&who, one("csrf"))?;
    let ids = sent.iter().filter(|(name, _)| name == "id").filter_map(|(_, id)| id.parse().ok());
    let all = found(&app, &who, ids.collect()).await?;
    if all.is_empty() {
        return Ok(Redirect::to("/exceptions").into_response());
    }
    show(&app, &who, &all, one("do"), None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let ids: Vec<i64> = sent.decisions.split(',').filter_map(|id| id.trim().parse().ok()).collect();
    let all = found(&app, &who, ids.clone()).await?;
    let Some((words, state)) = answer(&sent.answer) else {
        let notice = Notice { urgency: Urgency::Warning, text: NONE.to_owned(), next: None };
        return show(&app, &who, &all, "", Some(notice)).await;
    };
    let became = deciding::answer_all(&app, &who, &ids, state, &sent.role).await?;
    let left: Vec<(i64, String)> =
        became.into_iter().filter_map(|(id, became)| Some((id, told(became.err()?)))).collect();
    if left.is_empty() {
        return Ok(Redirect::to("/exceptions").into_response());
    }
    // What was answered is done; the rest stays here, each with its reason.
    let done = all.len().saturating_sub(left.len());
    let mut text = match done {
        0 => "None was answered.".to_owned(),
        _ => format!("{}: {done} of {}.", words, all.len()),
    };
    let rest: Vec<Decision> =
        all.into_iter().filter(|d| left.iter().any(|(id, _)| *id == d.id)).collect();
    for decision in &rest {
        let why = left.iter().find(|(id, _)| *id == decision.id).map_or("", |(_, why)| why);
        text += &format!(" Not {} (decision {}): {why}", what(decision), decision.id);
    }
    let notice = Notice { urgency: Urgency::Warning, text, next: None };
    show(&app, &who, &rest, &sent.answer, Some(notice)).await
}

fn told(refused: Refused) -> String {
    match refused {
        Refused::Member(_, text) => text,
        Refused::Problem(problem) => problem.detail,
    }
}

/// The decisions of some ids, each once, that they may see.
async fn found(app: &App, who: &Who, mut ids: Vec<i64>) -> Result<Vec<Decision>, Problem> {
    if !who.may_somewhere(Action::Answer) {
        return Err(Problem::forbidden(Action::Answer));
    }
    ids.sort_unstable();
    ids.dedup();
    if ids.len() > MOST {
        return Err(Problem::invalid(format!("Choose at most {MOST} decisions at once.")));
    }
    let mut all = Vec::with_capacity(ids.len());
    for id in ids {
        all.push(deciding::find(app, who, id).await?);
    }
    Ok(all)
}

async fn show(
    app: &App,
    who: &Who,
    all: &[Decision],
    answer: &str,
    notice: Option<Notice>,
) -> Page {
    let names = names(app, who.org).await?;
    let number = i64::try_from(all.len()).unwrap_or(i64::MAX);
    let headline = format!("Answer {}.", count(number, "decision", "decisions"));
    let mut layout = layout(app, who, Entry::Exceptions, "Answer decisions", headline).await?;
    layout.crumbs = vec![Link::to("Exceptions", "/exceptions"), Link::words("Answer")];
    let ids: Vec<String> = all.iter().map(|d| d.id.to_string()).collect();
    let answers = ANSWERS.iter().map(|(word, text, _)| ((*word).into(), (*text).into())).collect();
    let form = View {
        action: "/exceptions/answers".into(),
        csrf: layout.csrf.clone(),
        notice,
        fields: vec![
            Field::new("answer", "Answer", Input::Select(answers)).holding(answer),
            Field::new("role", "For the side of", sides(who)),
            Field::new("decisions", "Decisions", Input::Hidden).holding(ids.join(",")),
        ],
        submit: "Answer all of them".to_owned(),
        cancel: Some(Link::to("Back to the register", "/exceptions")),
        ..View::default()
    };
    let about = |is: &Decision| -> (String, Value) {
        let asked = format!("{} for {}", name(&names, is.is.author), is.is.author_role);
        let what = format!("{}: {}", what(is), deciding::kind(is.is.kind));
        (asked, Link::to(what, format!("/exceptions/{}", is.id)).into())
    };
    let exceptions = all.iter().filter(|d| d.is.kind == DecisionKind::Exception).count();
    let view = Act {
        follows: vec![
            "Each is decided on its own: by the charter and by your role there. Nobody approves their own request."
                .to_owned(),
            format!("{exceptions} of them accept a risk until a date."),
        ],
        about: Pairs(all.iter().map(about).collect()),
        form,
        layout,
    };
    Ok(html(&view))
}
