//! One review: what it shows, how long each part is, who is there, and what is written down.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use trimtab_engine::review::{Kind, Times};
use trimtab_model::Level;
use trimtab_pages::Entry;
use trimtab_pages::page::{Review as View, ReviewPart};
use trimtab_pages::part::{
    Cell, Chart, Column, Empty, Field, Figure, Figures, Form as Sheet, Input, Kind as Drawn, Link,
    Mark, Notice, Pairs, Point, Row, Series, Table, Tone, Urgency, Value, When, number,
};
use trimtab_store::{Resolve, ResolveState, ReviewOf, ReviewState};

use super::{Page, Sorry, count, html, layout, mended, own_form, whole};
use crate::access::Who;
use crate::api::reviews::{Known, known};
use crate::people::name;
use crate::problem::Problem;
use crate::reviewing::agenda::{PackPart, PackTopic};
use crate::reviewing::minutes::{Compared, change, compared, when};
use crate::reviewing::packing::{PackChart, PackSeries};
use crate::reviewing::{self, Sent as Decision, last_day};
use crate::state::App;

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
            reviewing::follow_up(app, who, of, (state, &sent.word)).await.map(|()| "#decisions")
        }
        "close" => reviewing::close(app, who, id, &sent.note).await.map(|()| ""),
        _ => Err(Problem::invalid("Choose what to do.")),
    }
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
    let notice = match (above, over) {
        (Some(problem), _) => {
            Some(Notice { urgency: Urgency::Warning, text: problem.detail, next: None })
        }
        (None, Some(end)) if is.review.state == ReviewState::Open && now >= end => Some(Notice {
            urgency: Urgency::Note,
            text: format!(
                "The {} minutes are over: say what was decided, and close it.",
                is.review.is.minutes
            ),
            next: None,
        }),
        _ => None,
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

fn figures(is: &Known) -> Figures {
    let of = match &is.review.is.of {
        ReviewOf::All => String::new(),
        ReviewOf::Team(id) => format!("&team={id}"),
        ReviewOf::Systems(ids) => match ids.as_slice() {
            [one] => format!("&system={one}"),
            _ => String::new(),
        },
    };
    let now = format!("/findings?counts=true{of}");
    let last = reviewing::last_of(&is.before, reviewing::kind_of(&is.review), &is.scope);
    let last = last.and_then(|one| one.pack.as_ref());
    let all = compared(&is.pack, last);
    let weekly = [
        now.as_str(),
        now.as_str(),
        "#new",
        "#deadlines",
        "#deadlines",
        "#exceptions",
        "#answers",
        "#plan",
    ];
    // Each with its list and why it is unknown, if it is: of a pack its part says so.
    let why = |part: &str| {
        let of_it = is.pack.parts.iter().find(|one| one.part == part);
        of_it.map_or_else(String::new, |one| format!("“{}” says why", one.title))
    };
    let lists: Vec<(String, String)> = match is.pack.numbers.as_slice() {
        [] => weekly
            .map(|list| (list.to_owned(), "more than were counted, or not weighed".to_owned()))
            .to_vec(),
        numbers => numbers.iter().map(|one| (format!("#{}", one.part), why(&one.part))).collect(),
    };
    let figure = |((name, value, before), (list, why)): (Compared, (String, String))| {
        let unknown = || Value::Unknown(why);
        let by = change(value, before);
        // A share is a number with its sign, and what it is of.
        let (sign, name) = match name.strip_prefix("% ") {
            Some(of) => (" %", of.to_owned()),
            None => ("", name),
        };
        let told = |value: f64| format!("{}{sign}", number(tenth(value)));
        let value = value.map_or_else(unknown, |value| Value::Text(told(value)));
        let figure = Figure::of(value, name, list);
        match (last, before) {
            (None, _) => figure,
            (Some(_), Some(before)) => figure.noted(match by {
                Some(by) if by == "0" => "the same last time".to_owned(),
                Some(by) => format!("last time: {} ({by})", told(before)),
                None => format!("last time: {}", told(before)),
            }),
            (Some(_), None) => figure.noted("last time: unknown"),
        }
    };
    Figures(all.into_iter().zip(lists).map(figure).collect())
}

/// To a tenth; from a thousand on as it is, so that it is rounded once.
fn tenth(value: f64) -> f64 {
    if value.abs() >= 1000.0 { value } else { (value * 10.0).round() / 10.0 }
}

/// A chart of the pack, as it was when it was made.
fn chart(of: &PackChart) -> Chart {
    let tones = [Tone::Plain, Tone::Quiet];
    let here = match of.title.as_str() {
        "Load" => "/metrics",
        "Noise" => "#noise",
        _ => "#attacks",
    };
    let series = |(at, line): (usize, &PackSeries)| Series {
        name: line.name.clone(),
        tone: tones.get(at).copied().unwrap_or(Tone::Quiet),
        points: line
            .values
            .iter()
            .map(|value| Point { value: value.map(tenth), href: here.into() })
            .collect(),
    };
    Chart {
        kind: if of.labels.len() > 9 { Drawn::Lines } else { Drawn::Pairs },
        title: of.title.clone(),
        definition: "As known when the pack was made; the minutes show the same.".to_owned(),
        unit: of.unit.clone(),
        labels: of.labels.clone(),
        series: of.series.iter().enumerate().map(series).collect(),
        csv: "".into(),
    }
}

fn about(
    is: &Known,
    current: Option<usize>,
    spans: &[(Timestamp, Timestamp)],
    now: Timestamp,
) -> Pairs {
    let mut pairs = vec![("State".to_owned(), Value::from(super::reviews::state(is.review.state)))];
    let minutes = format!("{} minutes", is.review.is.minutes);
    pairs.push(("Length".to_owned(), minutes.into()));
    match is.review.opened {
        None => pairs.push(("Planned".to_owned(), When::of(is.review.is.at, now).into())),
        Some(opened) => pairs.push(("Opened".to_owned(), When::of(opened, now).into())),
    }
    if is.review.state == ReviewState::Open {
        if let Some((_, end)) = current.and_then(|at| spans.get(at)) {
            pairs.push(("This part ends".to_owned(), When::of(*end, now).into()));
        }
        if let Some((_, end)) = spans.last() {
            pairs.push(("It ends".to_owned(), When::of(*end, now).into()));
        }
    }
    if let Some(closed) = is.review.closed {
        pairs.push(("Closed".to_owned(), When::of(closed, now).into()));
    }
    let there: Vec<String> = is.present.iter().map(|(id, _)| name(&is.names, *id)).collect();
    let there = match there.as_slice() {
        [] if is.review.opened.is_some() => Value::Unknown("nobody said".to_owned()),
        [] => Value::from("recorded once the review is open"),
        all => Value::from(all.join(", ")),
    };
    pairs.push(("Present".to_owned(), there));
    Pairs(pairs)
}

fn quality(is: &Known) -> Pairs {
    let is = &is.quality;
    let percent = |share: Option<f64>, part: usize, of: usize, why: &str| match share {
        None => Value::Unknown(why.to_owned()),
        Some(share) => {
            Value::from(format!("{} % ({part} of {of})", number((share * 100.0).round())))
        }
    };
    let per_review = match is.per_review() {
        None => Value::Unknown("none was held".to_owned()),
        Some(share) => Value::from(format!(
            "{} ({} in {})",
            number(share),
            is.decisions,
            count(whole(is.reviews), "review", "reviews")
        )),
    };
    let overran = match is.over {
        0 => Value::Unknown("none is over".to_owned()),
        over => Value::from(format!("{} of {over}", is.overran)),
    };
    Pairs(vec![
        ("Decisions in a review".to_owned(), per_review),
        (
            "Carried out in time".to_owned(),
            percent(is.in_time_share(), is.in_time, is.judged, "nothing was due yet"),
        ),
        (
            "Topics that came back".to_owned(),
            percent(is.repeat_share(), is.repeats, is.topics, "there was no review before"),
        ),
        ("Ran over time".to_owned(), overran),
    ])
}

fn shown(
    is: &Known,
    part: &PackPart,
    (from, to): (Timestamp, Timestamp),
    current: bool,
    now: Timestamp,
) -> ReviewPart {
    let clock = |at: Timestamp| at.strftime("%H:%M").to_string();
    let time = match (part.minutes, current) {
        (0, _) => "no time".to_owned(),
        (minutes, false) => format!("{minutes} min, {}–{} UTC", clock(from), clock(to)),
        (minutes, true) => {
            format!("now: {} of {minutes} min left, until {} UTC", left(to, now), clock(to))
        }
    };
    let plus = if part.more { "+" } else { "" };
    let words = if is.review.opened.is_some() { "The list as it is now" } else { "The list" };
    let row = |topic: &PackTopic| {
        let level = topic.level.as_deref().and_then(Level::from_word);
        let due = topic.due.as_deref().and_then(|due| due.parse::<Timestamp>().ok());
        let again = match topic.repeats {
            0 => Cell::Nothing,
            1 => Cell::text("last time too"),
            n => Cell::text(format!("the last {n} times too")),
        };
        let mark = match (level, part.part.as_str()) {
            (Some(level), _) => Cell::Mark(Mark::Level(level)),
            (None, "new" | "deadlines") => Cell::Mark(Mark::Unknown),
            (None, _) => Cell::Nothing,
        };
        let late =
            due.is_some_and(|due| due < now) && part.part != "answers" && part.part != "plan";
        Row::of(vec![
            Cell::Name(Link::to(topic.title.clone(), topic.page.clone()), topic.note.clone()),
            mark,
            due.map_or(Cell::Nothing, |due| Cell::Due(When::of(due, now), late)),
            again,
        ])
    };
    let due = when(&part.part);
    let topics = (!part.topics.is_empty()).then(|| {
        let columns = vec![
            Column::left("Topic").kept(),
            Column::left("Level"),
            Column::right(due).kept(),
            Column::left("Again"),
        ];
        let rows = part.topics.iter().map(row).collect();
        let (columns, rows) = filled(columns, rows);
        Table { title: part.title.clone(), columns, rows, ..Table::default() }
    });
    let listed = whole(part.topics.len());
    let about = match part.count {
        0 if !part.more => "Nothing.".to_owned(),
        all if all > listed => {
            format!("{} {all}{plus} in all; the first {listed} are shown.", part.about)
        }
        _ => part.about.clone(),
    };
    ReviewPart {
        anchor: part.part.clone(),
        title: part.title.clone(),
        time,
        about,
        list: Link::to(words, part.list.clone()),
        topics,
    }
}

/// Without the columns in which no row has anything.
fn filled(columns: Vec<Column>, mut rows: Vec<Row>) -> (Vec<Column>, Vec<Row>) {
    let has = |at: &usize| {
        rows.iter().any(|row| row.cells.get(*at).is_some_and(|cell| *cell != Cell::Nothing))
    };
    let kept: Vec<usize> = (0..columns.len()).filter(has).collect();
    for row in &mut rows {
        let cells = std::mem::take(&mut row.cells).into_iter().enumerate();
        row.cells = cells.filter(|(at, _)| kept.contains(at)).map(|(_, cell)| cell).collect();
    }
    let columns = columns.into_iter().enumerate();
    (columns.filter(|(at, _)| kept.contains(at)).map(|(_, column)| column).collect(), rows)
}

fn decisions(is: &Known, now: Timestamp) -> Table {
    let row = |one: &Resolve| {
        let (key, title) = &one.is.topic;
        let pages = is.pack.parts.iter().flat_map(|part| &part.topics);
        let page = pages.filter(|topic| topic.key == *key).map(|topic| topic.page.clone()).next();
        let stands = reviewing::follow(one, now);
        let stands = match one.word.as_str() {
            "" => stands.words().to_owned(),
            word => format!("{}: {word}", stands.words()),
        };
        Row::of(vec![
            Cell::text(one.is.what.clone()),
            page.map_or(Cell::Nothing, |page| Cell::link(title.clone(), page)),
            Cell::text(name(&is.names, one.is.owner)),
            Cell::text(last_day(one.is.due)),
            Cell::text(stands),
        ])
    };
    Table {
        title: "Decisions".to_owned(),
        titled: true,
        columns: vec![
            Column::left("What").kept(),
            Column::left("About"),
            Column::left("Owner").kept(),
            Column::right("Until"),
            Column::left("Status"),
        ],
        rows: is.decisions.iter().map(row).collect(),
        empty: Empty { why: "No decision yet.".to_owned(), next: None },
        ..Table::default()
    }
}

fn hidden(what: &str) -> Field {
    Field::new("do", "do", Input::Hidden).holding(what)
}

fn sheet(is: &Known, csrf: &str, what: &str, fields: Vec<Field>, submit: &str) -> Sheet {
    let mut all = vec![hidden(what)];
    all.extend(fields);
    Sheet {
        action: format!("/reviews/{}", is.review.id).into(),
        csrf: csrf.to_owned(),
        fields: all,
        submit: submit.to_owned(),
        // What comes next is filled: to open it, then to record what is decided.
        quiet: !matches!(what, "open" | "decide"),
        ..Sheet::default()
    }
}

fn meeting(is: &Known, people: &[(i64, String)], csrf: &str) -> Vec<Sheet> {
    match is.review.state {
        ReviewState::Prepared => vec![sheet(is, csrf, "open", Vec::new(), "Open the review")],
        ReviewState::Closed => Vec::new(),
        ReviewState::Open => {
            let there = |id: &i64| is.present.iter().any(|(person, _)| person == id);
            let others: Vec<(String, String)> = people
                .iter()
                .filter(|(id, _)| !there(id))
                .map(|(id, name)| (id.to_string(), name.clone()))
                .collect();
            if others.is_empty() {
                return Vec::new();
            }
            let person = Field::new("person", "Who else is present", Input::Select(others));
            vec![sheet(is, csrf, "attend", vec![person], "Add to those present")]
        }
    }
}

fn forms(
    is: &Known,
    (who, may): (&Who, bool),
    people: &[(i64, String)],
    csrf: &str,
    sent: &Sent,
    now: Timestamp,
) -> Vec<(String, Sheet)> {
    let mut forms = Vec::new();
    let open = is.review.state == ReviewState::Open;
    if open && may {
        let mut topics = vec![(String::new(), "none of the agenda".to_owned())];
        let all = is.pack.parts.iter().flat_map(|part| &part.topics);
        topics.extend(all.map(|topic| (topic.key.clone(), topic.title.clone())));
        let owners = people.iter().map(|(id, name)| (id.to_string(), name.clone())).collect();
        let week = now + SignedDuration::from_hours(24 * 7);
        let due = match sent.due.as_str() {
            "" => week.strftime("%Y-%m-%d").to_string(),
            due => due.to_owned(),
        };
        let owner = match sent.owner.as_str() {
            "" => who.person.id.to_string(),
            owner => owner.to_owned(),
        };
        let fields = vec![
            Field::new("topic", "About", Input::Select(topics))
                .holding(sent.topic.clone())
                .optional(),
            Field::new("what", "What is done", Input::Text).holding(sent.what.clone()),
            Field::new("owner", "Who does it", Input::Select(owners)).holding(owner),
            Field::new("due", "Until", Input::Date).holding(due),
        ];
        let form = sheet(is, csrf, "decide", fields, "Record it");
        forms.push(("Record a decision".to_owned(), form));
    }
    let to_do = to_do(is, (who, may), now);
    if !to_do.is_empty() {
        let became = [("done", "carried out"), ("dropped", "dropped"), ("open", "still open")];
        let became = became.map(|(word, words)| (word.to_owned(), words.to_owned())).to_vec();
        let fields = vec![
            Field::new("decision", "Decision", Input::Select(to_do)).holding(sent.decision.clone()),
            Field::new("became", "Outcome", Input::Select(became)).holding(sent.became.clone()),
            Field::new("word", "Comment", Input::Text).holding(sent.word.clone()).optional(),
        ];
        let form = sheet(is, csrf, "follow", fields, "Save");
        forms.push(("Update a decision".to_owned(), form));
    }
    if open && may {
        let note = Field::new("note", "Notes", Input::Area).holding(sent.note.clone()).optional();
        let form = sheet(is, csrf, "close", vec![note], "Close the review");
        forms.push(("Close the review".to_owned(), form));
    }
    forms
}

/// Decisions that are to be done, of this review and those before, that they may say something of.
fn to_do(is: &Known, (who, may): (&Who, bool), now: Timestamp) -> Vec<(String, String)> {
    let earlier = is.before.iter().flat_map(|one| &one.decisions);
    is.decisions
        .iter()
        .chain(earlier)
        .filter(|one| reviewing::follow(one, now).is_open())
        .filter(|one| may || one.is.owner == who.person.id)
        .map(|one| (format!("{}.{}", one.is.review, one.id), one.is.what.clone()))
        .collect()
}
