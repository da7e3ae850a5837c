//! What a team met, and what there is to learn of it.

use axum::extract::{Path, Query, State};
use trimtab_pages::Entry;
use trimtab_pages::page::{Dossier, Lesson as View, Part};
use trimtab_pages::part::{
    Cell, Column, Empty, Figure, Figures, Link, Notice, Row, Table, Urgency,
};
use trimtab_report::lesson::{self, Lesson};

use super::today::{columns, row};
use super::{Page, Sorry, asking, count, html, layout, whole};
use crate::access::Who;
use crate::api::lessons::Asked;
use crate::facts::lessons::{All, Met, met};
use crate::problem::Problem;
use crate::state::App;

/// The most findings of a weakness that are listed.
const SHOWN: usize = 200;

/// A lesson beside what it is about.
pub(super) fn drawn(is: &Lesson) -> View {
    let name = format!("CWE-{}", is.cwe);
    View {
        title: Link::to(is.title, format!("/lessons/{name}")),
        text: vec![
            ("What it is.".to_owned(), is.what.to_owned()),
            ("How it is exploited.".to_owned(), is.exploited.to_owned()),
            ("How to avoid it.".to_owned(), is.avoided.to_owned()),
        ],
    }
}

fn address(path: &str, team: Option<i64>) -> String {
    asking(path, &[("team", team.map(|id| id.to_string()))])
}

async fn of(app: &App, who: &Who, team: Option<i64>) -> Result<Option<String>, Problem> {
    let teams = app.store.teams(who.org).await?;
    Ok(team.and_then(|id| teams.into_iter().find(|team| team.id == id)).map(|team| team.name))
}

fn notice(all: &All) -> Option<Notice> {
    let mut texts = Vec::new();
    if all.unknown.is_none() {
        texts.push(
            "What sources say cannot be read now: weaknesses that are not listed are unknown.",
        );
    }
    if all.more {
        texts.push("Only the newest 5000 findings are looked at.");
    }
    let text = texts.join(" ");
    (!text.is_empty()).then_some(Notice { urgency: Urgency::Note, text, next: None })
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let all = met(&app, &who, asked.team).await?;
    let team = of(&app, &who, asked.team).await?;
    let subject = team.clone().unwrap_or_else(|| "We".to_owned());
    let kinds = count(whole(all.met.len()), "kind", "kinds");
    let headline = match all.met.first() {
        None if all.unknown.is_none() => {
            "Which weaknesses were met is unknown: what sources say cannot be read now.".to_owned()
        }
        None => format!("{subject} met no weakness that a source names."),
        Some(most) => format!(
            "{subject} met {kinds} of weakness, most often {}.",
            most.lesson.map_or_else(|| most.cwe.clone(), |lesson| format!("“{}”", lesson.title))
        ),
    };
    let mut layout = layout(&app, &who, Entry::Teams, "Lessons", headline).await?;
    layout.crumbs = match (asked.team, team) {
        (Some(id), Some(name)) => vec![
            Link::to("Teams", "/teams"),
            Link::to(name, format!("/teams/{id}")),
            Link::words("Lessons"),
        ],
        _ => vec![Link::words("Lessons")],
    };
    // What no source names has no list of its own: the number opens all that was found.
    let found = [("state", Some("any".to_owned())), ("team", asked.team.map(|id| id.to_string()))];
    let figures = Figures(vec![Figure::of(
        all.unknown.map_or_else(|| "unknown".to_owned(), |unknown| unknown.to_string()),
        "findings of which no source names a weakness",
        asking("/findings", &found),
    )]);
    let line = |is: &Met| {
        let here = address(&format!("/lessons/{}", is.cwe), asked.team);
        let name = match is.lesson {
            Some(lesson) => Cell::Name(Link::to(lesson.title, here.clone()), is.cwe.clone()),
            None => Cell::Name(Link::to(is.cwe.clone(), here.clone()), "no lesson yet".to_owned()),
        };
        Row::of(vec![
            name,
            Cell::link(is.open().to_string(), here.clone()),
            Cell::link(is.findings.len().to_string(), here),
        ])
    };
    let list = Table {
        title: "Weaknesses found".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Weakness").kept(),
            Column::right("There now").kept(),
            Column::right("Ever").kept(),
        ],
        rows: all.met.iter().map(line).collect(),
        empty: Empty {
            why: "No finding here has a weakness named by a source.".to_owned(),
            next: None,
        },
        ..Table::default()
    };
    let parts = vec![(String::new(), Part::table(list))];
    Ok(html(&Dossier { layout, notice: notice(&all), figures, parts }))
}

pub(crate) async fn one(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(name): Path<String>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let now = app.now();
    let all = met(&app, &who, asked.team).await?;
    let is = all.met.iter().find(|is| is.cwe == name);
    let lesson = lesson::of(&name);
    if is.is_none() && lesson.is_none() {
        return Err(Problem::not_found("lesson").into());
    }
    let findings = is.map(|is| is.findings.as_slice()).unwrap_or_default();
    let title = lesson.map_or_else(|| name.clone(), |lesson| lesson.title.to_owned());
    let headline = format!("{title}.");
    let mut layout = layout(&app, &who, Entry::Teams, &title, headline).await?;
    layout.crumbs = vec![
        Link::to("Lessons", address("/lessons", asked.team)),
        Link::words(format!("{title} ({name})")),
    ];
    let open = is.map_or(0, Met::open);
    let here = address(&format!("/lessons/{name}"), asked.team);
    let figures = Figures(vec![
        Figure::of(open.to_string(), "findings there now", here.clone())
            .or_one("finding there now"),
        Figure::of(findings.len().to_string(), "ever", here),
    ]);
    let mut parts = Vec::new();
    match lesson {
        Some(lesson) => {
            for (name, text) in drawn(&lesson).text {
                parts.push((name.trim_end_matches('.').to_owned(), Part::Text(vec![text])));
            }
        }
        None => parts.push((
            "To learn".to_owned(),
            Part::Text(vec!["No lesson was written about it yet.".to_owned()]),
        )),
    }
    let most = findings.len() > SHOWN;
    let title = match most {
        true => format!("Where it was met: {SHOWN} of {}", findings.len()),
        false => "Where it was met".to_owned(),
    };
    let table = Table {
        title,
        titled: true,
        columns: columns(),
        rows: findings.iter().take(SHOWN).map(|is| row(is, now)).collect(),
        empty: Empty { why: "It was not met.".to_owned(), next: None },
        ..Table::default()
    };
    parts.push((String::new(), Part::table(table)));
    Ok(html(&Dossier { layout, notice: notice(&all), figures, parts }))
}
