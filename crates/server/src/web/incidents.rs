//! Incidents, open and over, and how long teams took in the real ones; and opening one.

use axum::Form;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use trimtab_engine::incident::{Measures, Span, middle};
use trimtab_pages::Entry;
use trimtab_pages::page::{Act, Dossier, Part};
use trimtab_pages::part::{
    Cell, Column, Empty, Field, Figure, Figures, Form as Sheet, Input, Link, Pairs, Row, Table,
    When,
};
use trimtab_store::{Cursor, Incident, IncidentCount, IncidentSort};

use super::{Page, Sorry, asking, count, html, layout, mended, own_form, pager};
use crate::access::{Action, On, Who};
use crate::api::{cursor, visible};
use crate::problem::Problem;
use crate::responding::drills::PAST;
use crate::responding::said::{Opening, open};
use crate::responding::{how_far, length};
use crate::state::App;

/// How many are listed at once.
const NEWEST: usize = 100;
/// Of how many of the newest real ones the times are.
const MEASURED: usize = 1000;

/// Which, and of which team.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Wanted {
    open: Option<bool>,
    /// Only real ones that touched a team.
    team: Option<i64>,
    /// Only drills, or only real ones.
    drill: Option<bool>,
    /// Only near misses.
    near_miss: Option<bool>,
    after: Option<String>,
}

/// How a team did in real incidents: in which, and how long it took.
struct Record {
    team: i64,
    name: String,
    of: Vec<(i64, Measures)>,
}

impl Wanted {
    fn sort(&self) -> Option<IncidentSort> {
        match (self.near_miss, self.drill.or(self.team.map(|_| false))) {
            (Some(true), _) => Some(IncidentSort::NearMiss),
            (_, Some(true)) => Some(IncidentSort::Drill),
            (_, Some(false)) => Some(IncidentSort::Real),
            (_, None) => None,
        }
    }

    /// The rest of the list.
    fn rest(&self, next: String) -> String {
        let text = |is: Option<bool>| is.map(|is| is.to_string());
        let members = [
            ("open", text(self.open)),
            ("drill", text(self.drill)),
            ("near_miss", text(self.near_miss)),
            ("team", self.team.map(|id| id.to_string())),
            ("after", Some(next)),
        ];
        asking("/incidents", &members)
    }
}

/// The newest real ones, and whether there are others.
async fn newest(
    app: &App,
    who: &Who,
    seen: Option<&[i64]>,
) -> Result<(Vec<Incident>, bool), Problem> {
    let (mut all, mut after) = (Vec::new(), None);
    loop {
        let wanted = (None, Some(IncidentSort::Real));
        let page = app.store.incidents_of(who.org, wanted, seen, after, NEWEST).await?;
        all.extend(page.rows);
        after = page.next;
        if after.is_none() || all.len() >= MEASURED {
            return Ok((all, after.is_some()));
        }
    }
}

async fn records(app: &App, who: &Who, rows: &[Incident]) -> Result<Vec<Record>, Problem> {
    let now = app.now();
    let may = |team: i64| who.may(Action::View, On { system: None, team: Some(team) });
    let teams = app.store.teams(who.org).await?;
    let seen = teams.into_iter().filter(|team| may(team.id));
    let mut records: Vec<Record> =
        seen.map(|team| Record { team: team.id, name: team.name, of: Vec::new() }).collect();
    let ids: Vec<i64> = rows.iter().map(|incident| incident.id).collect();
    let events = app.store.team_events(who.org, &ids).await?;
    for incident in rows {
        for stand in how_far(events.get(&incident.id).map_or(&[][..], Vec::as_slice)) {
            let record = records.iter_mut().find(|record| Some(record.team) == stand.team);
            if let Some(record) = record {
                let end = incident.closed.unwrap_or(now);
                record.of.push((incident.id, stand.measures(incident.is.published, false, end)));
            }
        }
    }
    records.retain(|record| !record.of.is_empty());
    Ok(records)
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(wanted): Query<Wanted>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    crate::api::findings::seen(&who)?;
    let seen = visible(&who, &app.store.systems(who.org).await?);
    let seen = seen.as_deref();
    let after = cursor(wanted.after.as_deref())?;
    let store = &app.store;
    let chosen = (wanted.open, wanted.sort());
    let found = store.incidents_of(who.org, chosen, seen, after, NEWEST).await?;
    let (newest, more) = newest(&app, &who, seen).await?;
    let counted = store.count_incidents(who.org, seen).await?;
    let records = records(&app, &who, &newest).await?;
    let mut rows = found.rows;
    if let Some(team) = wanted.team {
        let of: Vec<i64> = records
            .iter()
            .filter(|record| record.team == team)
            .flat_map(|record| record.of.iter().map(|(id, _)| *id))
            .collect();
        rows.retain(|is| of.contains(&is.id));
    }
    let headline = match counted.open {
        0 => "No incident is open.".to_owned(),
        open => format!("{} open.", count(open, "incident is", "incidents are")),
    };
    let mut layout = layout(&app, &who, Entry::Incidents, "Incidents", headline).await?;
    layout.crumbs = vec![Link::words("Incidents")];
    if who.may(Action::Respond, On::ALL) {
        layout.primary = Some(Link::to("Open an incident", "/incidents/new"));
        layout.actions.push(Link::to("Record a near miss", "/incidents/new?near_miss=true"));
        layout.actions.push(Link::to("Start a drill", "/incidents/new?drill=true"));
    }
    layout.actions.push(Link::to("Appeals", "/appeals"));
    layout.actions.push(Link::to("Hand-offs", "/handoffs"));
    layout.actions.push(Link::to("Lessons", "/lessons"));
    let next = found.next.map(Cursor::to_text);
    let list = Table {
        pager: pager(rows.len(), wanted.after.is_none(), next, |next| wanted.rest(next)),
        ..list(&rows, app.now())
    };
    let parts = vec![
        (String::new(), Part::table(list)),
        (String::new(), Part::table(times(&records, more))),
    ];
    Ok(html(&Dossier { layout, notice: None, figures: figures(&counted), parts }))
}

fn figures(counted: &IncidentCount) -> Figures {
    Figures(vec![
        Figure::of(counted.open.to_string(), "open", "/incidents?open=true&drill=false"),
        Figure::of(counted.real.to_string(), "real ones", "/incidents?drill=false")
            .or_one("real one"),
        Figure::of(counted.near_misses.to_string(), "near misses", "/incidents?near_miss=true")
            .or_one("near miss"),
        Figure::of(counted.drills.to_string(), "drills, not measured", "/incidents?drill=true")
            .or_one("drill, not measured"),
    ])
}

fn list(rows: &[Incident], now: Timestamp) -> Table {
    let row = |is: &Incident| {
        let drill = match (is.is.drill.is_some(), is.is.near_miss) {
            (true, _) => "drill",
            (false, true) => "near miss",
            (false, false) => "",
        };
        Row::of(vec![
            Cell::Name(
                Link::to(is.is.title.clone(), format!("/incidents/{}", is.id)),
                drill.to_owned(),
            ),
            Cell::code(is.is.looked_for.clone()),
            Cell::Value(When::of(is.opened, now).into()),
            match is.closed {
                Some(at) => Cell::Value(When::of(at, now).into()),
                None => Cell::text("open"),
            },
        ])
    };
    Table {
        title: "Incidents".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Incident").kept(),
            Column::left("Looked for"),
            Column::right("Opened"),
            Column::right("Closed").kept(),
        ],
        rows: rows.iter().map(row).collect(),
        empty: Empty {
            why: "There are none. A drill replays a past event, to rehearse one.".to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

/// How long each team took in the newest real ones: the middle of what is known. `more`: whether there are others.
fn times(records: &[Record], more: bool) -> Table {
    let row = |record: &Record| {
        let list = format!("/incidents?drill=false&team={}", record.team);
        let of =
            |pick: fn(&Measures) -> Span| match middle(record.of.iter().map(|(_, is)| pick(is))) {
                Some(took) => Cell::link(length(took), list.clone()),
                None => Cell::unknown("it has not happened yet, or nobody said when it began"),
            };
        Row::of(vec![
            Cell::name(record.name.clone(), format!("/teams/{}", record.team)),
            Cell::link(record.of.len().to_string(), list.clone()),
            of(|is| is.know),
            of(|is| is.acknowledge),
            of(|is| is.contain),
            of(|is| is.fix),
        ])
    };
    Table {
        title: match more {
            true => format!("Median times by team, of the newest {MEASURED}"),
            false => "Median times by team".to_owned(),
        },
        titled: true,
        columns: vec![
            Column::left("Team").kept(),
            Column::right("Incidents"),
            Column::right("To know").kept(),
            Column::right("To acknowledge").kept(),
            Column::right("To contain").kept(),
            Column::right("To fix").kept(),
        ],
        rows: records.iter().map(row).collect(),
        empty: Empty {
            why: "No real incident touched a team that you may see. Near misses and drills do not count."
                .to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

/// What it begins with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Begun {
    drill: bool,
    near_miss: bool,
    q: String,
    title: String,
}

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    title: String,
    looked_for: String,
    versions: String,
    published: String,
    drill: String,
    near_miss: String,
    past: String,
    speed: String,
}

pub(crate) async fn new(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(begun): Query<Begun>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let drill = if begun.drill { "yes" } else { "" }.to_owned();
    let near_miss = if begun.near_miss { "yes" } else { "" }.to_owned();
    let sent =
        Sent { title: begun.title, looked_for: begun.q, drill, near_miss, ..Sent::default() };
    show(&app, &who, &sent, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let day = sent.published.trim();
    let published = match day.len() {
        0 => None,
        10 => Some(begun(day, app.now())),
        _ => Some(day.to_owned()),
    };
    let speed = sent.speed.trim();
    let opening = Opening {
        title: sent.title.clone(),
        looked_for: sent.looked_for.clone(),
        versions: sent.versions.clone(),
        published,
        drill: !sent.drill.is_empty(),
        near_miss: !sent.near_miss.is_empty(),
        past: sent.past.clone(),
        speed: if speed.is_empty() { None } else { Some(speed.parse().unwrap_or(0)) },
    };
    match open(&app, &who, &opening).await {
        Ok(id) => Ok(Redirect::to(&format!("/incidents/{id}")).into_response()),
        Err(problem) if problem.status == 422 => {
            let names = ["title", "looked_for", "versions", "published", "past", "speed"];
            let is = |name: &&&str| problem.detail.contains(&format!("`{name}`"));
            let name = names.iter().find(is).copied();
            // What cannot be understood as a version is called as the search calls it.
            let name = name.unwrap_or("versions");
            show(&app, &who, &sent, Some((name, problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// When a day began: now, where it has begun in the east and not yet here.
fn begun(day: &str, now: Timestamp) -> String {
    let at = format!("{day}T00:00:00Z");
    let east = SignedDuration::from_hours(14);
    match at.parse::<Timestamp>() {
        Ok(is) if is > now && is.duration_since(now) < east => now.to_string(),
        _ => at,
    }
}

/// What is opened with the form.
#[derive(Clone, Copy, PartialEq)]
enum Opened {
    Drill,
    NearMiss,
    Real,
}

impl Opened {
    /// What it is called, and what it is for.
    fn words(self) -> (&'static str, &'static str) {
        match self {
            Opened::Drill => (
                "Start a drill",
                "Start a drill: a past event, replayed against what you run today.",
            ),
            Opened::NearMiss => {
                ("Record a near miss", "Record a near miss: what was caught, to learn from it.")
            }
            Opened::Real => {
                ("Open an incident", "Open an incident: Trimtab looks at once for who is affected.")
            }
        }
    }

    /// What happens then.
    fn follows(self) -> [&'static str; 2] {
        match self {
            Opened::Drill => [
                "It is marked as a drill everywhere and counts in no measure.",
                "Teams are touched by what they have today; the news of the past event arrives as it did then.",
            ],
            Opened::NearMiss => [
                "It has a timeline, a retrospective and follow-ups, as an incident has.",
                "It is listed separately, counts in no incident times, and nobody is mailed about it.",
            ],
            Opened::Real => [
                "Each team that has it is asked to acknowledge it. It is told at once only if the charter says now.",
                "Trimtab looks every minute where it is. What is gone counts as fixed.",
            ],
        }
    }
}

async fn show(app: &App, who: &Who, sent: &Sent, wrong: Option<(&'static str, String)>) -> Page {
    who.must(Action::Respond, On::ALL)?;
    let opened = match (sent.drill.is_empty(), sent.near_miss.is_empty()) {
        (false, _) => Opened::Drill,
        (true, false) => Opened::NearMiss,
        (true, true) => Opened::Real,
    };
    let (title, headline) = opened.words();
    let mut layout = layout(app, who, Entry::Incidents, title, headline.to_owned()).await?;
    layout.crumbs = vec![Link::to("Incidents", "/incidents"), Link::words(title)];
    let mut form = Sheet {
        action: "/incidents/new".into(),
        csrf: layout.csrf.clone(),
        fields: fields(opened, sent),
        submit: title.to_owned(),
        cancel: Some(Link::to("Back", "/incidents")),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    let follows = opened.follows().map(str::to_owned).to_vec();
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}

fn fields(opened: Opened, sent: &Sent) -> Vec<Field> {
    let field = |name: &str, label: &str, input, holds: &str, hint: &str| {
        Field::new(name, label, input).holding(holds).hinted(hint).optional()
    };
    // Only a drill has both from its past event.
    let needed = |field: Field| Field { required: opened != Opened::Drill, ..field };
    let mut fields =
        vec![needed(field("title", "What is it called?", Input::Text, &sent.title, ""))];
    match opened {
        Opened::Drill => {
            let none = ("".to_owned(), "one of our own".to_owned());
            let past = PAST.iter().map(|past| (past.word.to_owned(), past.title.to_owned()));
            let past = std::iter::once(none).chain(past).collect();
            fields.push(field("drill", "Drill", Input::Hidden, "yes", ""));
            fields.push(field("past", "Past event", Input::Select(past), &sent.past, ""));
            fields.push(field(
                "speed",
                "Minutes of the past event per minute",
                Input::Number,
                &sent.speed,
                "With 60, a day goes by in 24 minutes. Leave empty for the original speed.",
            ));
        }
        Opened::NearMiss => {
            fields.push(field("near_miss", "Near miss", Input::Hidden, "yes", ""));
        }
        Opened::Real => {}
    }
    let looked_for = match opened {
        Opened::Drill => {
            "Leave empty for what the past event was about, or name a package of yours to replay it with that."
        }
        Opened::NearMiss | Opened::Real => {
            "A package without its version (`pkg:npm/lodash`), or a name such as CVE-2021-44228. \
             A package need not be in any feed yet. A name must be in one to be looked for."
        }
    };
    fields.extend([
        needed(field(
            "looked_for",
            "Package or vulnerability",
            Input::Code,
            &sent.looked_for,
            looked_for,
        )),
        field(
            "versions",
            "Versions",
            Input::Code,
            &sent.versions,
            "For example `<2.15.0`. Leave empty for all versions.",
        ),
        field(
            "published",
            "When was it published?",
            Input::Date,
            &sent.published,
            "Leave it empty if unknown: then nobody can tell how long it took you to know.",
        ),
    ]);
    fields
}
