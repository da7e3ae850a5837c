//! What others say about an asset: tools with their reports, VEX documents with what they state; and the
//! form that sends either.

use axum::Form;
use axum::extract::{Path, Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_model::decision::{Product, Statement};
use trimtab_pages::Entry;
use trimtab_pages::page::{Act, Said as View};
use trimtab_pages::part::{
    Bulk, Cell, Column, Empty, Field, Form as Fields, Input, Link, Pager, Pairs, Row, Table, When,
};
use trimtab_store::{Asset, ReportOf, SaidOf, Source, Vex};

use super::file_form;
use super::findings::encode;
use super::{Page, Sorry, count, html, layout, mended, own_form, whole};
use crate::access::{Action, On, Who};
use crate::api::{on, reports};
use crate::problem::Problem;
use crate::sent::Arriving;
use crate::state::App;
use crate::weighing::vex;

/// How many attributions are on a page.
const SHOWN: usize = 100;
/// How many reports are named.
const REPORTS: usize = 50;
/// How many statements are told of all documents together.
const STATEMENTS: usize = 200;

/// Which part of the list.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    source: String,
    /// The finding and the source of the last row before.
    #[serde(default)]
    after: String,
}

/// An asset that they may see.
async fn find(app: &App, who: &Who, id: i64) -> Result<(Asset, On), Problem> {
    let missing = || Problem::not_found("asset");
    let asset = app.store.asset(who.org, id).await?.ok_or_else(missing)?.asset;
    let place = on(&app.store, who.org, asset.system).await?;
    if who.may(Action::View, place) { Ok((asset, place)) } else { Err(missing()) }
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (asset, place) = find(&app, &who, id).await?;
    let now = app.now();
    let sources = app.store.sources(who.org, id).await?;
    let source = Some(asked.source.as_str()).filter(|s| !s.is_empty());
    let after = asked.after.split_once(' ').and_then(|(id, s)| Some((id.parse().ok()?, s)));
    let mut said = app.store.said(who.org, id, source, after, SHOWN + 1).await?;
    let more = said.len() > SHOWN;
    said.truncate(SHOWN);
    let received = app.store.reports(who.org, id, REPORTS).await?;
    let mut holding = app.store.vex(who.org).await?;
    holding.retain(|vex| vex.asset.is_none_or(|of| of == id));
    let may_upload = who.may(Action::Upload, place);
    let mut layout =
        layout(&app, &who, Entry::Systems, &asset.name, headline(&asset, &sources)).await?;
    layout.crumbs = vec![Link::to("Systems", "/systems")];
    let systems = app.store.systems(who.org).await?;
    if let Some(system) = systems.iter().find(|s| asset.system == Some(s.id)) {
        layout.crumbs.push(Link::to(system.name.clone(), format!("/systems/{}", system.id)));
    }
    layout.crumbs.push(Link::words("Reported by"));
    if may_upload {
        let new = format!("/said/new?asset={}", encode(&asset.name));
        layout.actions.push(Link::to("Send a report or VEX", new));
    }
    let here = format!("/said/{id}");
    let last = said.last().filter(|_| more);
    let next = last.map(|last| {
        let (of, source) = (encode(&asked.source), encode(&last.source));
        format!("{here}?source={of}&after={}%20{source}", last.finding)
    });
    let (mut stated, mut documents) = (Vec::new(), Vec::new());
    let mut left = 0usize;
    for is in &holding {
        let read = vex::read(&app.store, who.org, &is.document).await?;
        let read = &read.statements;
        let room = STATEMENTS.saturating_sub(stated.len());
        stated.extend(read.iter().take(room).map(statement));
        left += read.len().saturating_sub(room);
        documents.push(document(is, read.len(), may_upload, &who, now));
    }
    let bulk = (may_upload && !documents.is_empty()).then(|| Bulk {
        action: format!("{here}/end").into(),
        csrf: layout.csrf.clone(),
        verbs: vec![("end".to_owned(), "End it".to_owned())],
    });
    let view = View {
        intro: "A finding stays open while any source reports it. What a source no longer reports stays in the list, with the date."
            .to_owned(),
        tables: vec![
            sources_table(&sources, &here, now),
            said_table(&said, source, next, now),
            reports_table(&received, now),
            documents_table(documents, bulk),
            stated_table(stated, left),
        ],
        layout,
    };
    Ok(html(&view))
}

fn headline(asset: &Asset, sources: &[Source]) -> String {
    let others = sources.iter().filter(|s| s.name != "trimtab" && s.says > 0);
    let says: i64 = others.clone().map(|s| s.says).sum();
    match others.count() {
        0 => format!("No other tool says anything about {}.", asset.name),
        tools => format!(
            "{} about {}: {}.",
            count(whole(tools), "other tool speaks", "other tools speak"),
            asset.name,
            count(says, "thing", "things")
        ),
    }
}

fn sources_table(sources: &[Source], here: &str, now: Timestamp) -> Table {
    let row = |is: &Source| {
        Row::of(vec![
            Cell::name(is.name.clone(), format!("{here}?source={}", encode(&is.name))),
            Cell::text(is.says.to_string()),
            Cell::text(is.gone.to_string()),
            Cell::Value(When::of(is.since, now).into()),
            Cell::Value(When::of(is.last, now).into()),
        ])
    };
    Table {
        title: "Sources".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Source").kept(),
            Column::right("Says").kept(),
            Column::right("No longer says"),
            Column::right("Since"),
            Column::right("Last said"),
        ],
        rows: sources.iter().map(row).collect(),
        empty: Empty { why: "Nobody says anything about it.".to_owned(), next: None },
        ..Table::default()
    }
}

fn said_table(said: &[SaidOf], of: Option<&str>, next: Option<String>, now: Timestamp) -> Table {
    let row = |is: &SaidOf| {
        let until = is
            .until
            .map_or_else(|| Cell::text("still"), |until| Cell::Value(When::of(until, now).into()));
        Row::of(vec![
            Cell::Name(
                Link::to(is.vulnerability.clone(), format!("/findings/{}", is.finding)),
                is.package.clone(),
            ),
            Cell::text(is.source.clone()),
            Cell::Value(When::of(is.since, now).into()),
            Cell::Value(When::of(is.last, now).into()),
            until,
        ])
    };
    Table {
        title: of.map_or_else(|| "What they say".to_owned(), |of| format!("What {of} says")),
        titled: true,
        columns: vec![
            Column::left("Finding").kept(),
            Column::left("Source").kept(),
            Column::right("Since"),
            Column::right("Last said"),
            Column::right("Until").kept(),
        ],
        rows: said.iter().map(row).collect(),
        pager: next.map(|next| Pager {
            shown: format!("{} shown", said.len()),
            after: next.into(),
            ..Pager::default()
        }),
        empty: Empty { why: "Nothing.".to_owned(), next: None },
        ..Table::default()
    }
}

fn reports_table(reports: &[ReportOf], now: Timestamp) -> Table {
    let row = |is: &ReportOf| {
        Row::of(vec![
            Cell::text(is.source.clone()),
            digest(&is.document),
            Cell::text(if is.incomplete { "no" } else { "yes" }),
            Cell::Value(When::of(is.received, now).into()),
        ])
    };
    Table {
        title: "Reports that were received".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Tool").kept(),
            Column::left("Document").kept(),
            Column::left("Looked at everything"),
            Column::right("Received"),
        ],
        rows: reports.iter().map(row).collect(),
        empty: Empty {
            why: "None: send one with `trimtab push --report`, or here.".to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

fn documents_table(rows: Vec<Row>, bulk: Option<Bulk>) -> Table {
    Table {
        title: "VEX documents in force".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Document").kept(),
            Column::left("For").kept(),
            Column::right("Statements"),
            Column::left("Sent by"),
            Column::right("Received"),
        ],
        bulk,
        rows,
        empty: Empty { why: "None is in force for this asset.".to_owned(), next: None },
        ..Table::default()
    }
}

/// What the documents state; `left`: how much more there is.
fn stated_table(rows: Vec<Row>, left: usize) -> Table {
    Table {
        title: match left {
            0 => "What they state".to_owned(),
            left => format!("What they state: the first {STATEMENTS}, {left} more"),
        },
        titled: true,
        columns: vec![
            Column::left("Vulnerability").kept(),
            Column::left("Says").kept(),
            Column::left("Why"),
            Column::left("Of"),
            Column::left("By"),
        ],
        rows,
        empty: Empty { why: "Nothing is stated.".to_owned(), next: None },
        ..Table::default()
    }
}

/// A document by the first of its digest, with its bytes behind it.
fn digest(document: &str) -> Cell {
    let short: String = document.chars().take(12).collect();
    Cell::link(short, format!("/api/v1/documents/{document}"))
}

fn document(is: &Vex, statements: usize, may_upload: bool, who: &Who, now: Timestamp) -> Row {
    // What holds for all is ended by who may speak for all.
    let mine = may_upload && (is.asset.is_some() || who.may(Action::Upload, On::ALL));
    let of = if is.asset.is_some() { "this asset" } else { "all assets" };
    let place = is.asset.unwrap_or(0);
    Row {
        id: if mine { format!("{place} {}", is.document) } else { String::new() },
        label: format!("the document {}", is.document.chars().take(12).collect::<String>()),
        cells: vec![
            digest(&is.document),
            Cell::text(of),
            Cell::text(statements.to_string()),
            Cell::text(is.actor.clone()),
            Cell::Value(When::of(is.received, now).into()),
        ],
    }
}

fn statement(is: &Statement) -> Row {
    let why = is.justification.map(|j| j.as_str().replace('_', " "));
    let why = why.or_else(|| is.detail.as_deref().map(ToOwned::to_owned)).unwrap_or_default();
    let mut of: Vec<String> = is.products.iter().map(product).collect();
    let more = of.len().saturating_sub(2);
    of.truncate(2);
    if more > 0 {
        of.push(format!("and {more} more"));
    }
    Row::of(vec![
        Cell::code(is.vulnerability.to_string()),
        Cell::text(is.status.as_str().replace('_', " ")),
        Cell::text(why.chars().take(200).collect::<String>()),
        Cell::text(of.join(", ")),
        Cell::text(is.author.as_deref().unwrap_or("").to_owned()),
    ])
}

fn product(is: &Product) -> String {
    let name = || is.name.as_deref().unwrap_or(&is.id).to_owned();
    is.purl.as_ref().map_or_else(name, ToString::to_string)
}

pub(crate) async fn end(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Vec<(String, String)>>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, sent.iter().find(|(n, _)| n == "csrf").map_or("", |(_, v)| v))?;
    let (asset, _) = find(&app, &who, id).await?;
    for (_, chosen) in sent.iter().filter(|(name, _)| name == "id") {
        let Some((place, document)) = chosen.split_once(' ') else { continue };
        let name = (place != "0").then_some(asset.name.as_str());
        match reports::end(&app, &who, document, name).await {
            // Somebody was first.
            Err(problem) if problem.status == 404 => {}
            done => done?,
        }
    }
    Ok(Redirect::to(&format!("/said/{id}")).into_response())
}

/// What the form begins with.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Begun {
    #[serde(default)]
    asset: String,
}

/// What can be sent, and for what it holds.
const WHAT: [(&str, &str); 3] = [
    ("report", "A report of another tool about the asset"),
    ("vex", "A VEX document for the asset"),
    ("vex-all", "A VEX document for all assets"),
];

pub(crate) async fn new(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(begun): Query<Begun>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    show(&app, &who, &begun.asset, "", None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    request: Request,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let mut filled = file_form::read(&app, &who, request).await?;
    let (what, asset) = (filled.text("what").to_owned(), filled.text("asset").trim().to_owned());
    let wrong = |name, text: &str| Some((name, text.to_owned()));
    let Some(file) = filled.file.take() else {
        return show(&app, &who, &asset, &what, wrong("file", "Choose a file.")).await;
    };
    let Some(known) = app.store.asset_of_name(who.org, &asset).await? else {
        let wrong = wrong("asset", "There is no asset of this name: send its inventory first.");
        return show(&app, &who, &asset, &what, wrong).await;
    };
    let arriving = Arriving::of(file);
    let done = match what.as_str() {
        "report" => {
            let about = Query(reports::About { asset: asset.clone() });
            reports::post(State(app.clone()), who.clone(), about, arriving).await.map(|_| ())
        }
        "vex" | "vex-all" => {
            let holds = reports::Holds { asset: (what == "vex").then(|| asset.clone()) };
            reports::vex(State(app.clone()), who.clone(), Query(holds), arriving).await.map(|_| ())
        }
        _ => return show(&app, &who, &asset, &what, wrong("what", "Choose what it is.")).await,
    };
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/said/{}", known.id)).into_response()),
        Err(problem) if problem.status == StatusCode::UNPROCESSABLE_ENTITY.as_u16() => {
            show(&app, &who, &asset, &what, Some(("file", problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn show(
    app: &App,
    who: &Who,
    asset: &str,
    what: &str,
    wrong: Option<(&'static str, String)>,
) -> Page {
    if !who.may_somewhere(Action::Upload) {
        return Err(Problem::forbidden(Action::Upload).into());
    }
    let headline = "Send what another tool or a supplier says.".to_owned();
    let mut layout = layout(app, who, Entry::Systems, "Send a report or VEX", headline).await?;
    layout.crumbs = vec![Link::to("Systems", "/systems"), Link::words("Send a report or VEX")];
    let pair = |(value, words): (&str, &str)| (value.to_owned(), words.to_owned());
    let mut form = Fields {
        action: "/said/new".into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("what", "What is it?", Input::Select(WHAT.map(pair).to_vec())).holding(what),
            Field::new("asset", "Asset", Input::Text)
                .holding(asset)
                .hinted("Its name, as its inventory was sent."),
            Field::new("file", "File", Input::File).hinted(
                "A report in one of the formats that are read, or OpenVEX, CSAF or CycloneDX VEX.",
            ),
        ],
        submit: "Send".to_owned(),
        cancel: Some(Link::to("Back to the systems", "/systems")),
        ..Fields::default()
    };
    mended(&mut form, wrong);
    let follows = vec![
        "A report replaces what the same tool said of the asset before, unless it says itself that it is not whole."
            .to_owned(),
        "A VEX document is in force until somebody ends it. Meanwhile what it calls not affected carries no load."
            .to_owned(),
    ];
    Ok(html(&Act { layout, follows, about: Pairs(Vec::new()), form }))
}
