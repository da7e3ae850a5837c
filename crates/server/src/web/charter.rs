//! The charter: what holds, who agreed, its versions; proposing another one.

use axum::Form;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_charter::tell::facts;
use trimtab_model::Level;
use trimtab_model::charter::Charter as Model;
use trimtab_model::level::{ImpactBand, LikelihoodBand};
use trimtab_pages::Entry;
use trimtab_pages::page::{Act, Charter};
use trimtab_pages::part::{
    Cell, Column, Empty, Field, Form as View, Input, Link, Mark, Pager, Pairs, Row, Table, Tabs,
    When,
};
use trimtab_store::{CharterState, StoredCharter};

use super::{Page, Sorry, html, layout, mended, own_form};
use crate::access::{Action, On, Who};
use crate::agreeing::{self, Refused, SIDES};
use crate::api::findings;
use crate::people::{name, names};
use crate::problem::Problem;
use crate::state::App;

/// What the form sends.
#[derive(Debug, Deserialize)]
pub(crate) struct Sent {
    csrf: String,
    text: String,
}

pub(crate) async fn page(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    findings::seen(&who)?;
    let now = app.now();
    let all = app.store.charters(who.org).await?;
    let held = all.iter().find(|c| c.state == CharterState::InForce);
    let (model, text) = in_force(held)?;
    let headline = match held.and_then(|c| c.in_force) {
        Some(since) => format!(
            "Version {} of “{}” holds since {}; all four sides have agreed to it.",
            model.version,
            model.name,
            since.strftime("%Y-%m-%d")
        ),
        None => "Nothing is agreed on yet: the framework's preset holds.".to_owned(),
    };
    let names = names(&app, who.org).await?;
    let mut layout = layout(&app, &who, Entry::Charter, "Charter", headline).await?;
    if who.may(Action::Propose, On::ALL) {
        layout.primary = Some(Link::to("Propose a charter", "/charter/propose"));
    }
    let mut tabs = vec![Link::to("Current", "/charter")];
    for proposed in all.iter().filter(|c| c.state == CharterState::Proposed).take(8) {
        let link = format!("/charter/proposals/{}", proposed.id);
        tabs.push(Link::to(format!("Proposal {}", proposed.id), link));
    }
    let view = Charter {
        tabs: Tabs { label: "Charter".to_owned(), tabs, shown: 0 },
        matrix: matrix(&model),
        deadlines: deadlines(&model),
        agreed: agreed(held, &names, now),
        versions: versions(&all, &names, now),
        text,
        layout,
    };
    Ok(html(&view))
}

/// The charter in force with its text; without one, the preset.
pub(crate) fn in_force(held: Option<&StoredCharter>) -> Result<(Model, String), Problem> {
    match held {
        Some(held) => {
            let model = agreeing::read(&held.text)
                .map_err(|wrong| Problem::conflict(agreeing::told(&wrong)))?;
            Ok((model, held.text.clone()))
        }
        None => {
            let preset = trimtab_charter::preset::default();
            Ok((preset, START.to_owned()))
        }
    }
}

/// What a first proposal begins with.
const START: &str =
    "format = 1\npreset = \"framework\"\nname = \"Dependency charter\"\nversion = \"1\"\n";

fn matrix(model: &Model) -> Table {
    let mut columns = vec![Column::left("Likelihood").kept()];
    columns.extend(ImpactBand::ALL.iter().map(|band| Column::left(band.as_str()).kept()));
    let row = |likelihood: &LikelihoodBand| {
        let mut cells = vec![Cell::text(likelihood.as_str())];
        let level = |impact: &ImpactBand| model.matrix.level(*likelihood, *impact);
        cells.extend(ImpactBand::ALL.iter().map(|i| Cell::Mark(Mark::from(level(i)))));
        Row::of(cells)
    };
    Table {
        title: "Levels: likelihood and impact".to_owned(),
        titled: true,
        columns,
        rows: LikelihoodBand::ALL.iter().rev().map(row).collect(),
        ..Table::default()
    }
}

/// By when each level must go, in the words of the charter.
fn deadlines(model: &Model) -> Table {
    let mut rows: Vec<_> =
        facts(model).into_iter().filter(|fact| fact.part == "Deadlines").collect();
    // What is said of an environment comes before what holds in all others.
    rows.sort_by_key(|fact| fact.about.contains("any other environment"));
    Table {
        title: "Deadlines".to_owned(),
        titled: true,
        columns: vec![Column::left("What").kept(), Column::left("By when").kept()],
        rows: rows
            .into_iter()
            .map(|f| Row::of(vec![Cell::text(f.about), Cell::text(f.says)]))
            .collect(),
        ..Table::default()
    }
}

/// Who agreed to a charter.
pub(crate) fn agreed(
    charter: Option<&StoredCharter>,
    names: &std::collections::HashMap<i64, String>,
    now: Timestamp,
) -> Table {
    let row = |side: &trimtab_model::Role| {
        let by = charter.and_then(|c| c.agreed.iter().find(|(s, ..)| s == side));
        Row::of(match by {
            Some((side, person, at)) => vec![
                Cell::text(side.as_str()),
                Cell::text(name(names, *person)),
                Cell::Value(When::of(*at, now).into()),
            ],
            None => vec![Cell::text(side.as_str()), Cell::text("not yet"), Cell::Nothing],
        })
    };
    Table {
        title: "Who agreed".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Side").kept(),
            Column::left("Who").kept(),
            Column::right("When").kept(),
        ],
        rows: SIDES.iter().map(row).collect(),
        ..Table::default()
    }
}

/// How many versions are shown.
const VERSIONS: usize = 100;

fn versions(
    all: &[StoredCharter],
    names: &std::collections::HashMap<i64, String>,
    now: Timestamp,
) -> Table {
    let row = |is: &StoredCharter| {
        let version = agreeing::read(&is.text).map(|m| m.version.to_string());
        let version = version.unwrap_or_else(|_| "not readable by this build".to_owned());
        Row::of(vec![
            Cell::Name(
                Link::to(format!("Charter {}", is.id), format!("/charter/proposals/{}", is.id)),
                format!("version {version}"),
            ),
            Cell::text(is.state.as_str().replace('-', " ")),
            Cell::text(name(names, is.author)),
            Cell::Value(When::of(is.in_force.unwrap_or(is.proposed), now).into()),
        ])
    };
    Table {
        title: "Versions".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Version").kept(),
            Column::left("State").kept(),
            Column::left("Proposed by"),
            Column::right("Since"),
        ],
        rows: all.iter().take(VERSIONS).map(row).collect(),
        pager: (all.len() > VERSIONS).then(|| Pager {
            shown: format!("the newest {VERSIONS}; `GET /api/v1/charters` has all"),
            ..Pager::default()
        }),
        empty: Empty { why: "None was proposed yet.".to_owned(), next: None },
        ..Table::default()
    }
}

pub(crate) async fn propose(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    let all = app.store.charters(who.org).await?;
    let held = all.iter().find(|c| c.state == CharterState::InForce);
    let (_, text) = in_force(held)?;
    show(&app, &who, text, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    // A browser sends lines with both of their ends.
    let text = sent.text.replace("\r\n", "\n");
    match agreeing::propose(&app, &who, &text).await {
        Ok(id) => Ok(Redirect::to(&format!("/charter/proposals/{id}")).into_response()),
        Err(Refused::Text(wrong)) => show(&app, &who, text, Some(agreeing::told(&wrong))).await,
        Err(Refused::Problem(problem)) => Err(problem.into()),
    }
}

async fn show(app: &App, who: &Who, text: String, wrong: Option<String>) -> Page {
    who.must(Action::Propose, On::ALL)?;
    let headline = "Propose a charter: what it would change is shown before anybody agrees.";
    let mut layout =
        layout(app, who, Entry::Charter, "Propose a charter", headline.to_owned()).await?;
    layout.crumbs = vec![Link::to("Charter", "/charter"), Link::words("Propose")];
    let mut form = View {
        action: "/charter/propose".into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("text", "Text", Input::Script)
                .holding(text)
                .hinted("What is not said is as the preset says. Raise `version`."),
        ],
        submit: "Propose it".to_owned(),
        cancel: Some(Link::to("Back to the charter", "/charter")),
        ..View::default()
    };
    mended(&mut form, wrong.map(|text| ("text", text)));
    let levels: Vec<&str> = Level::ALL.iter().map(|l| l.as_str()).collect();
    let view = Act {
        layout,
        follows: vec![
            "It holds when security, engineering, product and operations have each agreed."
                .to_owned(),
            "Every finding is then weighed again.".to_owned(),
        ],
        about: Pairs(vec![("Levels".to_owned(), levels.join(", ").into())]),
        form,
    };
    Ok(html(&view))
}
