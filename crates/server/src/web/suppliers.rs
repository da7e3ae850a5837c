//! Suppliers: all of them with how each stands, and the forms that add and change one.

mod form;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::{Act, Supplier as View};
use trimtab_pages::part::{
    Cell, Column, Empty, Field, Figure, Figures, Form as Sheet, Input, Link, Pairs, Row, Table,
    When,
};

use super::{Page, Sorry, asking, html, layout, mended, own_form, pager};
use crate::access::{Action, On, Who};
use crate::api::suppliers;
use crate::problem::Problem;
use crate::state::App;
use crate::supplying::judged;
use crate::supplying::kept::{self, Kept};
use crate::supplying::{self, Delivered, Seen};
use form::{Sent, at, fields};

/// How many are on a page: each is judged by all that came of it.
const SHOWN: usize = 20;

/// Which page of the list.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    after: Option<String>,
}

/// How the products of a supplier stand together.
struct Sum {
    broken: usize,
    unknown: usize,
    waiting: usize,
    late: usize,
    findings: usize,
    more: bool,
    /// How many products no SBOM was read of, and how many have no score.
    unread: usize,
    unscored: usize,
    worst: Option<f64>,
}

fn sum(all: &[Kept], now: jiff::Timestamp) -> Sum {
    let known = all.iter().filter_map(|of| of.findings);
    Sum {
        broken: all.iter().map(|of| judged::broken(&of.judged)).sum(),
        unknown: all.iter().map(|of| judged::unknown(&of.judged)).sum(),
        waiting: all.iter().map(|of| of.waiting.len()).sum(),
        late: all.iter().map(|of| judged::late(&of.waiting, now)).sum(),
        findings: known.clone().map(|(number, _)| number).sum(),
        more: known.clone().any(|(_, more)| more),
        unread: all.len() - known.count(),
        unscored: all.iter().filter(|of| of.score.is_none()).count(),
        worst: all.iter().filter_map(|of| of.score).min_by(f64::total_cmp),
    }
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let now = app.now();
    let (all, next) = suppliers::page(&app, &who, asked.after.as_deref(), SHOWN).await?;
    let mut rows = Vec::with_capacity(all.len());
    let (mut broken, mut unsure, mut late, mut waiting) = (0, 0, 0, 0);
    for seen in &all {
        let judged = kept::of(&app, who.org, seen).await?;
        let sum = sum(&judged, now);
        if seen.is.ended.is_none() {
            broken += usize::from(sum.broken > 0);
            unsure += usize::from(sum.unknown > 0);
            late += sum.late;
            waiting += sum.waiting;
        }
        rows.push(row(seen, &judged, &sum, now));
    }
    let headline = match (all.len(), broken) {
        (0, _) => "No supplier is recorded yet.".to_owned(),
        (_, 0) if unsure > 0 => "No supplier is known to break a promise.".to_owned(),
        (_, 0) => "Every supplier keeps its promises.".to_owned(),
        (_, 1) => "1 supplier does not keep its promises.".to_owned(),
        (_, n) => format!("{n} suppliers do not keep their promises."),
    };
    let mut layout = layout(&app, &who, Entry::Systems, "Suppliers", headline).await?;
    layout.crumbs = vec![Link::to("Systems", "/systems"), Link::words("Suppliers")];
    if who.may_somewhere(Action::Supply) {
        layout.primary = Some(Link::to("Add a supplier", "/suppliers/new"));
    }
    let pager = pager(rows.len(), asked.after.is_none(), next, |next| {
        asking("/suppliers", &[("after", Some(next))])
    });
    let table = Table {
        title: "Suppliers".to_owned(),
        columns: vec![
            Column::left("Supplier").kept(),
            Column::left("Promises").kept(),
            Column::right("Lowest SBOM score"),
            Column::right("Findings").kept(),
            Column::right("Open questions"),
            Column::right("Contract ends"),
        ],
        rows,
        pager,
        empty: Empty {
            why: "Suppliers are listed here with what they promised: SBOMs, how fresh they are, and how soon you are told of vulnerabilities."
                .to_owned(),
            next: who
                .may_somewhere(Action::Supply)
                .then(|| Link::to("Add a supplier", "/suppliers/new")),
        },
        ..Table::default()
    };
    let figures = vec![
        Figure::of(broken.to_string(), "with broken promises", "/suppliers"),
        Figure::of(waiting.to_string(), "open questions", "/suppliers").or_one("open question"),
        Figure::of(late.to_string(), "questions overdue", "/suppliers").or_one("question overdue"),
    ];
    Ok(html(&View {
        layout,
        notice: None,
        fresh: Pairs::default(),
        figures: Figures(if all.is_empty() { Vec::new() } else { figures }),
        about: Vec::new(),
        facts: Pairs::default(),
        promised: Vec::new(),
        tables: vec![("list", table)],
        forms: Vec::new(),
    }))
}

fn row(seen: &Seen, judged: &[Kept], sum: &Sum, now: jiff::Timestamp) -> Row {
    let id = seen.is.id;
    let here = format!("/suppliers/{id}");
    let names: Vec<&str> = seen.products.iter().map(|product| product.name.as_str()).collect();
    let promises: usize = judged.iter().map(|of| of.judged.len()).sum();
    let stands = match (seen.is.ended, sum.broken, sum.unknown) {
        (Some(_), ..) => Cell::text("delivers nothing any longer"),
        (None, 0, 0) if promises == 0 => Cell::text("none was made"),
        (None, 0, 0) => Cell::Change("kept".to_owned(), Some(true)),
        (None, 0, unknown) => Cell::text(format!("{unknown} of {promises} unknown")),
        (None, broken, _) => Cell::Change(format!("{broken} of {promises} not kept"), Some(false)),
    };
    // What is not known of one of them is no zero.
    let but = |number: String, unknown: usize| match unknown {
        0 => number,
        unknown => format!("{number}, {unknown} unknown"),
    };
    let number = but(format!("{}{}", sum.findings, if sum.more { "+" } else { "" }), sum.unread);
    let findings = match seen.products.as_slice() {
        all if all.len() == sum.unread => Cell::unknown("no SBOM was read yet"),
        [one] => Cell::link(number, format!("/findings?asset={}", one.asset)),
        _ => Cell::link(number, format!("{here}#products")),
    };
    Row::of(vec![
        Cell::Name(Link::to(seen.is.is.name.clone(), here.clone()), names.join(", ")),
        stands,
        match sum.worst {
            Some(score) => Cell::link(
                but(format!("{}", score.round()), sum.unscored),
                format!("{here}#products"),
            ),
            None => Cell::unknown("no SBOM with a score came yet"),
        },
        findings,
        Cell::link(
            match sum.late {
                0 => sum.waiting.to_string(),
                late => format!("{}, {late} late", sum.waiting),
            },
            format!("{here}#questions"),
        ),
        match seen.is.is.contract_ends {
            Some(end) => Cell::Due(When::of(end, now), end < now),
            None => Cell::unknown("nobody said"),
        },
    ])
}

pub(crate) async fn new(State(app): State<App>, who: Result<Who, Problem>) -> Page {
    let who = who.map_err(Sorry::from)?;
    add_form(&app, &who, &Sent::default(), None).await
}

async fn add_form(
    app: &App,
    who: &Who,
    sent: &Sent,
    wrong: Option<(&'static str, String)>,
) -> Page {
    if !who.may_somewhere(Action::Supply) {
        return Err(Problem::forbidden(Action::Supply).into());
    }
    let headline = "Say who supplies what, and what was promised.".to_owned();
    let mut layout = layout(app, who, Entry::Systems, "Add a supplier", headline).await?;
    layout.crumbs = vec![
        Link::to("Systems", "/systems"),
        Link::to("Suppliers", "/suppliers"),
        Link::words("Add a supplier"),
    ];
    let mut all = fields(sent);
    let systems = systems(app, who).await?;
    all.splice(
        1..1,
        [
            Field::new("product", "First product", Input::Text)
                .holding(sent.product.clone())
                .hinted("You can add others later."),
            Field::new("system", "System that it belongs to", Input::Select(systems))
                .holding(sent.system.clone()),
        ],
    );
    let mut form = Sheet {
        action: "/suppliers/new".into(),
        csrf: layout.csrf.clone(),
        fields: all,
        submit: "Add the supplier".to_owned(),
        cancel: Some(Link::to("Back to the suppliers", "/suppliers")),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    let follows = vec![
        "The product becomes an asset: its findings are in the same lists as all others.".to_owned(),
        "Then make a link for them: with it they send SBOMs and VEX and answer questions without an account."
            .to_owned(),
    ];
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}

/// The systems into which they may say that something is delivered.
pub(super) async fn systems(app: &App, who: &Who) -> Result<Vec<(String, String)>, Problem> {
    let mut all: Vec<(String, String)> = app
        .store
        .systems(who.org)
        .await?
        .iter()
        .filter(|s| {
            let place = On { system: Some(s.id), team: s.team };
            who.may(Action::Supply, place) && who.may(Action::View, place)
        })
        .map(|s| (s.name.clone(), s.name.clone()))
        .collect();
    all.sort();
    Ok(all)
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let wanted = match sent.wanted() {
        Ok(wanted) => wanted,
        Err(wrong) => return add_form(&app, &who, &sent, Some(wrong)).await,
    };
    let first = Delivered {
        product: sent.product.clone(),
        system: sent.system.clone(),
        asset: String::new(),
    };
    match supplying::add(&app, &who, wanted, &first).await {
        Ok((id, _)) => Ok(Redirect::to(&format!("/suppliers/{id}")).into_response()),
        Err(problem) if matches!(problem.status, 409 | 422) => {
            let name = if problem.status == 409 { "product" } else { at(&problem.detail) };
            add_form(&app, &who, &sent, Some((name, problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

pub(crate) async fn edit(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let seen = supplying::find(&app, &who, id).await?;
    edit_form(&app, &who, &seen, &Sent::of(&seen), None).await
}

async fn edit_form(
    app: &App,
    who: &Who,
    seen: &Seen,
    sent: &Sent,
    wrong: Option<(&'static str, String)>,
) -> Page {
    seen.must_change()?;
    let (id, name) = (seen.is.id, &seen.is.is.name);
    let headline = format!("Say what is known of {name}, and what was promised.");
    let mut layout = layout(app, who, Entry::Systems, "Change a supplier", headline).await?;
    let here = format!("/suppliers/{id}");
    layout.crumbs = vec![
        Link::to("Suppliers", "/suppliers"),
        Link::to(name.clone(), here.clone()),
        Link::words("Change"),
    ];
    let mut all = fields(sent);
    all.push(Field::new("version", "version", Input::Hidden).holding(sent.version.clone()));
    all.push(
        Field::new("ended", "They no longer supply us", Input::Check)
            .holding(sent.ended.clone())
            .hinted("Their links end. What they sent is kept.")
            .optional(),
    );
    let mut form = Sheet {
        action: format!("{here}/edit").into(),
        csrf: layout.csrf.clone(),
        fields: all,
        submit: "Save".to_owned(),
        cancel: Some(Link::to("Back to the supplier", here)),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    let follows =
        vec!["What was promised is judged again at once, also by what came before.".to_owned()];
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}

pub(crate) async fn change(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let seen = supplying::find(&app, &who, id).await?;
    let wanted = match sent.wanted() {
        Ok(wanted) => wanted,
        Err(wrong) => return edit_form(&app, &who, &seen, &sent, Some(wrong)).await,
    };
    // Who sent no version has read none.
    let read = |version: i64| match sent.version.as_str() {
        "" => Ok(()),
        read if read == version.to_string() => Ok(()),
        _ => Err(Problem::changed()),
    };
    let said = (wanted, Some(!sent.ended.is_empty()));
    match supplying::change(&app, &who, id, said, read).await {
        Ok(()) => Ok(Redirect::to(&format!("/suppliers/{id}")).into_response()),
        Err(problem) if problem.status == 422 => {
            let name = at(&problem.detail);
            edit_form(&app, &who, &seen, &sent, Some((name, problem.detail))).await
        }
        Err(problem) if problem.status == 412 => {
            // What they wrote stays, and the next press is about what stands now.
            let seen = supplying::find(&app, &who, id).await?;
            let sent = sent.about(&seen);
            let text =
                "Somebody changed it while you wrote: look at it before you keep yours over it.";
            edit_form(&app, &who, &seen, &sent, Some(("name", text.to_owned()))).await
        }
        Err(problem) => Err(problem.into()),
    }
}
