//! One review: what it shows, how long each part is, who is there, and what is written down.

mod agenda;
mod figures;
mod forms;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_engine::review::{Kind, Times};
use trimtab_pages::Entry;
use trimtab_pages::page::Review as View;
use trimtab_pages::part::{Form as Sheet, Link, Notice, Urgency};
use trimtab_store::{ResolveState, Review, ReviewFilter, ReviewState};

use super::{Page, Sorry, count, html, layout, mended, own_form, whole};
use crate::access::Who;
use crate::api::reviews::{Known, known};
use crate::problem::Problem;
use crate::reviewing::{self, Sent as Decision};
use crate::state::App;
use agenda::{decisions, shown};
use figures::{about, chart, figures, quality};
use forms::{forms, meeting};

/// Among so many of the newest of the same another one that is open is looked for.
const NEWEST: usize = 20;

/// What the forms send.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    /// `open`, `attend`, `decide`, `follow`, `close`.
    r#do: String,
    person: String,
    topic: String,
    what: String,
    owner: String,
    due: String,
    /// `review.decision`.
    decision: String,
    became: String,
    word: String,
    /// Who does a decision from now on; empty: who did before.
    new_owner: String,
    note: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    show(&app, &who, id, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    // Whether it is there at all, before anything of it is told.
    reviewing::find(&app, &who, id).await?;
    match act(&app, &who, id, &sent).await {
        Ok(to) => Ok(Redirect::to(&format!("/reviews/{id}{to}")).into_response()),
        Err(problem) if problem.status == 422 => show(&app, &who, id, Some((sent, problem))).await,
        // It was opened or closed meanwhile: the page is there as it is now, and what was written is not lost.
        Err(mut problem) if problem.status == 409 => {
            let words = [&sent.what, &sent.word, &sent.note];
            if let Some(text) = words.into_iter().find(|text| !text.trim().is_empty()) {
                problem.detail += &format!(" This was not recorded: {}", text.trim());
            }
            let mut answer = show(&app, &who, id, Some((sent, problem))).await?;
            *answer.status_mut() = StatusCode::CONFLICT;
            Ok(answer)
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn act(app: &App, who: &Who, id: i64, sent: &Sent) -> Result<&'static str, Problem> {
    let person = || sent.person.parse().map_err(|_| Problem::invalid("Choose who is there."));
    match sent.r#do.as_str() {
        "open" => reviewing::open(app, who, id).await.map(|()| ""),
        "attend" => reviewing::attend(app, who, id, Some(person()?)).await.map(|()| ""),
        "decide" => {
            let owner =
                sent.owner.parse().map_err(|_| Problem::invalid("`owner` is one of the list."))?;
            let (topic, what) = (sent.topic.clone(), sent.what.clone());
            let decision = Decision { topic, what, owner, due: sent.due.clone() };
            reviewing::decide(app, who, id, &decision).await.map(|_| "#decisions")
        }
        "follow" => {
            let of = sent.decision.split_once('.');
            let of = of.and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
            let of: (i64, i64) =
                of.ok_or_else(|| Problem::invalid("`decision` is one of the list."))?;
            let state = ResolveState::from_text(&sent.became);
            let state = state.ok_or_else(|| Problem::invalid("`became` is one of the list."))?;
            let owner: Option<i64> = match sent.new_owner.as_str() {
                "" => None,
                owner => Some(
                    owner
                        .parse()
                        .map_err(|_| Problem::invalid("`new_owner` is one of the list."))?,
                ),
            };
            let told = (state, sent.word.as_str(), owner);
            let done = reviewing::follow_up(app, who, of, told).await.map(|()| "#decisions");
            // It is said at the field of this form.
            done.map_err(|mut problem| {
                problem.detail = problem.detail.replacen("`owner`", "`new_owner`", 1);
                problem
            })
        }
        "close" => reviewing::close(app, who, id, &sent.note).await.map(|()| ""),
        _ => Err(Problem::invalid("Choose what to do.")),
    }
}

/// Another review of the same that is open, as long as this one is not closed: they were planned for other times.
async fn another(app: &App, who: &Who, is: &Known) -> Result<Option<i64>, Problem> {
    if is.review.state == ReviewState::Closed {
        return Ok(None);
    }
    let same = ReviewFilter {
        kind: Some(is.review.is.kind.clone()),
        scope: Some(is.review.is.of.word()),
        opened: true,
        ..ReviewFilter::default()
    };
    let open = |other: &Review| other.id != is.review.id && other.state == ReviewState::Open;
    for other in app.store.reviews(who.org, &same, None, NEWEST).await?.rows {
        if open(&other) && reviewing::find(app, who, other.id).await.is_ok() {
            return Ok(Some(other.id));
        }
    }
    Ok(None)
}

async fn show(app: &App, who: &Who, id: i64, wrong: Option<(Sent, Problem)>) -> Page {
    let is = known(app, who, id).await?;
    let now = app.now();
    let times =
        Times { parts: is.pack.parts.iter().map(|p| p.minutes).collect(), end: is.pack.end };
    let at = is.review.opened.unwrap_or(is.review.is.at);
    let spans = times.spans(at);
    let current = match is.review.state {
        ReviewState::Open => is.review.opened.and_then(|opened| times.part_at(opened, now)),
        ReviewState::Prepared | ReviewState::Closed => None,
    };
    let kind = match reviewing::kind_of(&is.review) {
        Kind::Weekly => "Weekly review",
        other => other.title(),
    };
    let title = format!("{kind} of {}", is.scope.name);
    let headline = headline(&is, current, &spans, now);
    let mut layout = layout(app, who, Entry::Reviews, &title, headline).await?;
    layout.crumbs = vec![Link::to("Reviews", "/reviews"), Link::words(title)];
    let may = reviewing::may_hold(app, who, &is.review.is.of).await?;
    let csrf = layout.csrf.clone();
    let people = if may { reviewing::people_of(app, who, &is.scope).await? } else { Vec::new() };
    let over = spans.last().map(|(_, end)| *end);
    let (sent, problem) = wrong.unzip();
    let sent: Sent = sent.unwrap_or_default();
    let mut forms = forms(&is, (who, may), &people, &csrf, &sent, now);
    // What is not right is said in the form that was sent, at its field; above the page if it is not among them.
    let of_it = |form: &Sheet| form.fields.iter().any(|f| f.name == "do" && f.value == sent.r#do);
    let above = match (problem, forms.iter_mut().find(|(_, form)| of_it(form))) {
        (Some(problem), Some((_, form))) => {
            mended(form, Some(("do", problem.detail)));
            None
        }
        (problem, _) => problem,
    };
    let is_over = is.review.state == ReviewState::Open && over.is_some_and(|end| now >= end);
    let notice = match (above, another(app, who, &is).await?) {
        (Some(problem), _) => {
            Some(Notice { urgency: Urgency::Warning, text: problem.detail, next: None })
        }
        (None, Some(other)) => Some(Notice {
            urgency: Urgency::Warning,
            text: "Another review of the same is open: what is decided there is not listed here. Close one of them."
                .to_owned(),
            next: Some(Link::to("The other review", format!("/reviews/{other}"))),
        }),
        (None, None) => is_over.then(|| Notice {
            urgency: Urgency::Note,
            text: format!(
                "The {} minutes are over: say what was decided, and close it.",
                is.review.is.minutes
            ),
            next: None,
        }),
    };
    let parts = is.pack.parts.iter().zip(&spans).enumerate();
    let parts = parts.map(|(at, (part, span))| shown(&is, part, *span, current == Some(at), now));
    let file = |words: &str, format: &str| {
        Link::to(words, format!("/api/v1/reviews/{id}/minutes?as={format}"))
    };
    let view = View {
        notice,
        figures: figures(&is),
        charts: is.pack.charts.iter().map(chart).collect(),
        about: about(&is, current, &spans, now),
        meeting: if may { meeting(&is, &people, &csrf) } else { Vec::new() },
        quality: quality(&is),
        parts: parts.collect(),
        decisions: decisions(&is, now),
        forms,
        note: is.review.note.lines().filter(|l| !l.is_empty()).map(ToOwned::to_owned).collect(),
        minutes: vec![
            file("Markdown", "md"),
            file("HTML", "html"),
            file("PDF", "pdf"),
            file("JSON", "json"),
        ],
        layout,
    };
    Ok(html(&view))
}

fn headline(
    is: &Known,
    current: Option<usize>,
    spans: &[(Timestamp, Timestamp)],
    now: Timestamp,
) -> String {
    let decided = count(whole(is.decisions.len()), "decision", "decisions");
    match (is.review.state, is.review.opened.zip(is.review.closed)) {
        (ReviewState::Prepared, _) if !is.pack.numbers.is_empty() => format!(
            "The pack is planned for {}; until it is opened it follows the data.",
            is.review.is.at.strftime("%Y-%m-%d %H:%M UTC")
        ),
        (ReviewState::Prepared, _) => format!(
            "The review is planned for {}: {} new, {} past their deadline.",
            is.review.is.at.strftime("%Y-%m-%d %H:%M UTC"),
            is.pack.figures.new.map_or_else(|| "unknown".to_owned(), |n| n.to_string()),
            is.pack.figures.late.map_or_else(|| "unknown".to_owned(), |n| n.to_string()),
        ),
        (ReviewState::Closed, Some((opened, closed))) => {
            let took = closed.duration_since(opened).as_mins();
            format!("{decided} in {took} of {} minutes.", is.review.is.minutes)
        }
        _ => {
            let part = current.map(|at| (is.pack.parts.get(at), spans.get(at)));
            match part {
                Some((Some(part), Some((_, end)))) => {
                    format!("Now: {}, {} min left.", part.title, left(*end, now))
                }
                Some((_, Some((_, end)))) => {
                    format!("Now: sum up what was decided, {} min left.", left(*end, now))
                }
                _ => format!("Time is up; {decided}."),
            }
        }
    }
}

/// Whole minutes, rounded up.
fn left(end: Timestamp, now: Timestamp) -> i64 {
    let seconds = end.duration_since(now).as_secs();
    (seconds + 59).div_euclid(60)
}
