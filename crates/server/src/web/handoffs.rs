//! What waits for whom and what is late, and naming the people of a system.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::{Act, Dossier, Part as Section};
use trimtab_pages::part::{
    Cell, Column, Empty, Field, Figure, Figures, Form as Sheet, Input, Link, Notice, Pairs, Row,
    Table, Urgency, When,
};
use trimtab_store::Cursor;

use super::today::short;
use super::{Page, Sorry, asking, count, html, layout, mended, own_form, pager, whole};
use crate::access::{Action, On, Who};
use crate::api::cursor;
use crate::api::handoffs::{Asked, People, keep, named};
use crate::facts::handoffs::{HandOff, MOST, waiting};
use crate::facts::steps::Part;
use crate::problem::Problem;
use crate::state::App;

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let after = cursor(asked.after.as_deref())?;
    let mut all = waiting(&app, &who, asked.team, after).await?;
    let now = app.now();
    let (waits, late) = (all.rows.len(), all.rows.iter().filter(|is| is.late).count());
    if let Some(only) = asked.late {
        all.rows.retain(|is| is.late == only);
    }
    let headline = match waits {
        0 => "Nothing waits for anybody.".to_owned(),
        _ => format!(
            "{} for somebody, {late} too long.",
            count(whole(waits), "step waits", "steps wait")
        ),
    };
    let mut layout = layout(&app, &who, Entry::Teams, "Hand-offs", headline).await?;
    layout.crumbs = vec![Link::to("Teams", "/teams"), Link::words("Hand-offs")];
    let team = asked.team.map(|id| id.to_string());
    let here = |late: Option<&str>| {
        asking("/handoffs", &[("team", team.clone()), ("late", late.map(str::to_owned))])
    };
    let figures = Figures(vec![
        Figure::of(late.to_string(), "late", here(Some("true"))),
        Figure::of(waits.to_string(), "wait for somebody", here(None)),
    ]);
    let row = |is: &HandOff| {
        let (package, _) = short(&is.finding.component.1);
        let name = format!("{} in {package}", is.finding.vulnerability.1);
        let system = match &is.finding.system {
            Some((id, name)) => Cell::link(name.clone(), format!("/systems/{id}")),
            None => Cell::unknown("the asset is assigned to no system"),
        };
        Row::of(vec![
            Cell::Name(
                Link::to(name, format!("/findings/{}", is.finding.id)),
                is.finding.asset.1.clone(),
            ),
            system,
            Cell::text(format!("{}: {}", is.side.as_str(), is.task)),
            Cell::text(is.on.clone()),
            Cell::Value(When::of(is.since, now).into()),
            match is.until {
                Some(until) => Cell::Due(When::of(until, now), is.late),
                None => Cell::text("at the next opportunity"),
            },
        ])
    };
    let next = all.next.map(Cursor::to_text);
    let more = next.is_some();
    let table = Table {
        title: "Hand-offs".to_owned(),
        columns: vec![
            Column::left("Finding").kept(),
            Column::left("System"),
            Column::left("Step"),
            Column::left("Waits for").kept(),
            Column::right("Since"),
            Column::right("Until").kept(),
        ],
        rows: all.rows.iter().map(row).collect(),
        pager: pager(all.rows.len(), asked.after.is_none(), next, |next| {
            let late = asked.late.map(|late| late.to_string());
            asking("/handoffs", &[("team", team.clone()), ("late", late), ("after", Some(next))])
        }),
        empty: Empty { why: "No open finding waits for anybody.".to_owned(), next: None },
        ..Table::default()
    };
    let notice = more.then(|| Notice {
        urgency: Urgency::Note,
        text: format!(
            "The first {MOST} findings, in the order of their deadlines; the next page has more."
        ),
        next: None,
    });
    let parts = vec![(String::new(), Section::table(table))];
    Ok(html(&Dossier { layout, notice, figures, parts }))
}

/// What the form sends: ids of people; empty is the team.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    selection: String,
    assessment: String,
    prioritisation: String,
    deployment: String,
}

impl Sent {
    fn of(&self, part: Part) -> &str {
        match part {
            Part::Selection => &self.selection,
            Part::Assessment => &self.assessment,
            Part::Prioritisation => &self.prioritisation,
            Part::Deployment => &self.deployment,
        }
    }
}

pub(crate) async fn people(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (_, named) = named(&app, &who, id).await?;
    let of = |part: Part| named.get(part.as_str()).map(ToString::to_string).unwrap_or_default();
    let sent = Sent {
        csrf: String::new(),
        selection: of(Part::Selection),
        assessment: of(Part::Assessment),
        prioritisation: of(Part::Prioritisation),
        deployment: of(Part::Deployment),
    };
    show(&app, &who, id, &sent, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let id_of = |part| sent.of(part).trim().parse::<i64>().ok();
    let people = People {
        selection: id_of(Part::Selection),
        assessment: id_of(Part::Assessment),
        prioritisation: id_of(Part::Prioritisation),
        deployment: id_of(Part::Deployment),
    };
    match keep(&app, &who, id, &people).await {
        Ok(()) => Ok(Redirect::to(&format!("/systems/{id}")).into_response()),
        Err(problem) if problem.status == 422 => {
            let is = |part: &Part| problem.detail.contains(&format!("`{}`", part.as_str()));
            let name = Part::ALL.iter().find(|part| is(part)).map_or("", |part| part.as_str());
            show(&app, &who, id, &sent, Some((name, problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

fn question(part: Part) -> (&'static str, &'static str) {
    match part {
        Part::Selection => ("Selection", "Which dependency, and which way out of a finding?"),
        Part::Assessment => ("Assessment", "How grave is what the charter cannot weigh?"),
        Part::Prioritisation => ("Prioritisation", "What comes first?"),
        Part::Deployment => ("Deployment", "When does it run?"),
    }
}

async fn show(
    app: &App,
    who: &Who,
    id: i64,
    sent: &Sent,
    wrong: Option<(&'static str, String)>,
) -> Page {
    let (system, _) = named(app, who, id).await?;
    who.must(Action::Describe, On { system: Some(id), team: system.team })?;
    let title = "Name its people";
    let headline = format!("Who answers for which part of the work on {}?", system.name);
    let mut layout = layout(app, who, Entry::Systems, title, headline).await?;
    let here = format!("/systems/{id}");
    layout.crumbs = vec![
        Link::to("Systems", "/systems"),
        Link::to(system.name.clone(), here.clone()),
        Link::words(title),
    ];
    let teams: Vec<i64> = system.team.into_iter().collect();
    let reach = app.store.people_of(who.org, &[id], &teams).await?;
    let mut people: Vec<(String, String)> =
        reach.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
    people.insert(0, (String::new(), "the owner team".to_owned()));
    let field = |part: Part| {
        let (label, hint) = question(part);
        Field::new(part.as_str(), label, Input::Select(people.clone()))
            .holding(sent.of(part))
            .hinted(hint)
            .optional()
    };
    let mut form = Sheet {
        action: format!("/systems/{id}/people").into(),
        csrf: layout.csrf.clone(),
        fields: Part::ALL.into_iter().map(field).collect(),
        submit: "Save".to_owned(),
        cancel: Some(Link::to("Back to the system", here)),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    let follows = vec![
        "Whoever is named is told on each finding whose turn it is; what nobody is named for is the owner team's."
            .to_owned(),
    ];
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}
