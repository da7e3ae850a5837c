//! Incidents, open and over, and how long teams took in the real ones. Opening one is in `opening.rs`.

mod opening;

use axum::extract::{Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_engine::incident::{Measures, Span, middle};
use trimtab_pages::Entry;
use trimtab_pages::page::{Dossier, Part};
use trimtab_pages::part::{Cell, Column, Empty, Figure, Figures, Link, Row, Table, When};
use trimtab_store::{Cursor, Incident, IncidentCount, IncidentSort};

pub(crate) use opening::{new, post};

use super::{Page, Sorry, asking, count, html, layout, pager};
use crate::access::{Action, On, Who};
use crate::api::{cursor, visible};
use crate::problem::Problem;
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
    /// Each with its times, and whether it is closed.
    of: Vec<(i64, Measures, bool)>,
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
                let measures = stand.measures(incident.is.published, false, end);
                record.of.push((incident.id, measures, incident.closed.is_some()));
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
            .flat_map(|record| record.of.iter().map(|(id, ..)| *id))
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

/// Why no time is known, with whether each incident is closed: what may still come goes before what never will.
fn why_none(spans: impl Iterator<Item = (Span, bool)>) -> &'static str {
    let mut why = "no incident touched the team";
    let mut rank = 0;
    for (span, closed) in spans {
        let (of, words) = match span {
            Span::Runs(_) if !closed => (3, "it has not happened yet"),
            Span::Runs(_) => (2, "it was closed before that"),
            Span::Unknown(words) => (1, words),
            Span::Took(_) => continue,
        };
        if of > rank {
            (rank, why) = (of, words);
        }
    }
    why
}

/// How long each team took in the newest real ones: the middle of what is known. `more`: whether there are others.
fn times(records: &[Record], more: bool) -> Table {
    let row = |record: &Record| {
        let list = format!("/incidents?drill=false&team={}", record.team);
        let of = |pick: fn(&Measures) -> Span| {
            let spans = || record.of.iter().map(move |(_, is, closed)| (pick(is), *closed));
            match middle(spans().map(|(span, _)| span)) {
                Some(took) => Cell::link(length(took), list.clone()),
                None => Cell::unknown(why_none(spans())),
            }
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

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;
    use trimtab_engine::incident::Span;

    use super::why_none;

    #[test]
    fn why_there_is_no_time_is_what_is_known_of_it() {
        let runs = Span::Runs(SignedDuration::from_hours(1));
        let nobody = Span::Unknown("nobody said when it was published");
        for (spans, why) in [
            (vec![(nobody, true)], "nobody said when it was published"),
            (vec![(nobody, true), (runs, true)], "it was closed before that"),
            (vec![(runs, false), (runs, true)], "it has not happened yet"),
            (vec![], "no incident touched the team"),
        ] {
            assert_eq!(why_none(spans.into_iter()), why);
        }
    }
}
