//! One supplier: what was promised and how it stands by what came, its products with their findings, questions, documents,
//! links; and the question that is asked of it.

pub(crate) mod document;

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::{Act, Supplier as View};
use trimtab_pages::part::{
    Cell, Column, Empty, Field, Figure, Figures, Form as Sheet, Input, Link, Notice, Pairs, Row,
    Table, Urgency, Value, When,
};
use trimtab_store::{Question, QuestionState, Supplied, SupplierLink};

use super::findings::encode;
use super::{Page, Sorry, html, layout, mended, own_form};
use crate::access::{Action, Who};
use crate::facts::finding;
use crate::problem::Problem;
use crate::reviewing::last_day;
use crate::state::App;
use crate::supplying::document::Told;
use crate::supplying::intake::Answered;
use crate::supplying::judged::{self, OfProduct};
use crate::supplying::{self, Delivered, LONGEST, Promised, Seen};

/// How many questions and documents are shown: the newest.
const SHOWN: usize = 50;

/// What the forms send.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    /// `link`, `product`, `release`, `withdraw-link`, `withdraw-question`.
    r#do: String,
    id: String,
    question: String,
    whose: String,
    days: String,
    product: String,
    system: String,
    of: String,
    version: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    show(&app, &who, id, None, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    let number = |text: &str| -> Result<i64, Problem> {
        text.trim().parse().map_err(|_| Problem::invalid("A number is not one."))
    };
    let done = match sent.r#do.as_str() {
        "link" => match number(&sent.days) {
            Ok(days) => match supplying::link(&app, &who, id, (&sent.whose, days)).await {
                Ok((_, address)) => return show(&app, &who, id, Some(address), None).await,
                Err(problem) => Err(problem),
            },
            Err(problem) => Err(problem),
        },
        "product" => {
            let wanted = Delivered {
                product: sent.product.clone(),
                system: sent.system.clone(),
                asset: String::new(),
            };
            supplying::deliver(&app, &who, id, &wanted).await.map(|_| ())
        }
        "release" => match number(&sent.of) {
            Ok(of) => supplying::release(&app, &who, (id, of), &sent.version).await,
            Err(problem) => Err(problem),
        },
        "withdraw-link" => match number(&sent.id) {
            Ok(link) => supplying::withdraw_link(&app, &who, (id, link)).await,
            Err(problem) => Err(problem),
        },
        "withdraw-question" => match number(&sent.question) {
            Ok(question) => supplying::withdraw_question(&app, &who, (id, question)).await,
            Err(problem) => Err(problem),
        },
        // Who may not see it is told nothing of what can be done.
        _ => match supplying::find(&app, &who, id).await {
            Ok(_) => Err(Problem::invalid("Nothing of that name can be done.")),
            Err(problem) => Err(problem),
        },
    };
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/suppliers/{id}")).into_response()),
        Err(problem) if matches!(problem.status, 409 | 422) => {
            show(&app, &who, id, None, Some(problem.detail)).await
        }
        Err(problem) => Err(problem.into()),
    }
}

async fn show(app: &App, who: &Who, id: i64, made: Option<String>, wrong: Option<String>) -> Page {
    let seen = supplying::find(app, who, id).await?;
    let now = app.now();
    let judged = judged::of(app, who.org, &seen).await?;
    let ids = seen.ids();
    let questions = app.store.questions(who.org, (&ids, None), None, SHOWN).await?.rows;
    let documents = app.store.supplied(who.org, (&ids, None), None, SHOWN).await?.rows;
    let links = match seen.may_change {
        true => app.store.supplier_links(who.org, id).await?,
        false => Vec::new(),
    };
    let broken: usize = judged.iter().map(OfProduct::broken).sum();
    let unknown: usize = judged.iter().map(OfProduct::unknown).sum();
    let late: usize = judged.iter().map(|of| of.late(now)).sum();
    let name = &seen.is.is.name;
    let headline = match (seen.is.ended, broken, late) {
        (Some(_), ..) => format!("{name} delivers nothing any longer."),
        (None, 0, 0) => format!("{name} keeps to what was promised, as far as is known."),
        (None, broken, 0) => format!("{name} breaks {broken} of what was promised."),
        (None, 0, late) => format!("{name} owes {late} answers."),
        (None, broken, late) => {
            format!("{name} breaks {broken} of what was promised, and owes {late} answers.")
        }
    };
    let mut layout = layout(app, who, Entry::Systems, name, headline).await?;
    layout.crumbs = vec![
        Link::to("Systems", "/systems"),
        Link::to("Suppliers", "/suppliers"),
        Link::words(name.clone()),
    ];
    let here = format!("/suppliers/{id}");
    let asks = who.may_somewhere(Action::Ask) && seen.is.ended.is_none();
    if asks {
        layout.actions.push(Link::to("Ask them", format!("{here}/ask")));
    }
    if seen.may_change {
        layout.actions.push(Link::to("Change it", format!("{here}/edit")));
    }
    let figures = vec![
        Figure::of(broken.to_string(), "promises not kept", format!("{here}#promises")),
        Figure::of(unknown.to_string(), "promises unknown", format!("{here}#promises")),
        Figure::of(
            judged.iter().map(|of| of.waiting.len()).sum::<usize>().to_string(),
            "questions wait",
            format!("{here}#questions"),
        ),
        Figure::of(late.to_string(), "of them past their day", format!("{here}#questions")),
    ];
    let forms = forms(app, who, &seen, &links, &questions, &layout.csrf).await?;
    let fresh = made.map_or_else(Pairs::default, |address| {
        Pairs(vec![
            ("The link".to_owned(), Value::Code(address)),
            ("Give it to them".to_owned(), Value::from("It is shown this once.")),
        ])
    });
    let notice = wrong.map(|text| Notice { urgency: Urgency::Warning, text, next: None });
    let mut tables = vec![
        ("promises", promises(&judged, now)),
        ("products", products(&judged, now)),
        ("questions", asked(&questions, &seen, now)),
        ("documents", came(&documents, &seen, now)),
    ];
    if seen.may_change {
        tables.push(("links", linked(&links, now)));
    }
    Ok(html(&View {
        notice,
        fresh,
        figures: Figures(figures),
        about: Vec::new(),
        facts: facts(&seen, now),
        promised: Promised::of(&seen.is).sentences(),
        tables,
        forms,
        layout,
    }))
}

fn facts(seen: &Seen, now: Timestamp) -> Pairs {
    let is = &seen.is.is;
    let known = |text: &String| match text.as_str() {
        "" => Value::Unknown("nobody said".to_owned()),
        text => Value::from(text),
    };
    let ends = match is.contract_ends {
        Some(end) => Value::from(format!("{} ({})", last_day(end), When::of(end, now).words())),
        None => Value::Unknown("nobody said".to_owned()),
    };
    Pairs(vec![
        ("Contact".to_owned(), known(&is.contact)),
        ("Contract".to_owned(), known(&is.contract)),
        ("Last day".to_owned(), ends),
        ("Known since".to_owned(), When::of(seen.is.made, now).into()),
    ])
}

fn promises(judged: &[OfProduct], now: Timestamp) -> Table {
    let rows = judged.iter().flat_map(|of| {
        of.judged.iter().map(|is| {
            let stands = match is.standing.since() {
                Some(since) => {
                    Cell::Change(format!("not met, {}", When::of(since, now).words()), Some(false))
                }
                None if is.standing.as_str() == "met" => Cell::Change("met".to_owned(), Some(true)),
                None => Cell::unknown(is.shown.clone()),
            };
            let due = is.due.filter(|at| *at > now);
            Row::of(vec![
                Cell::text(format!("{}: {}", of.product.name, is.promise.as_str())),
                stands,
                Cell::text(is.shown.clone()),
                due.map_or(Cell::Nothing, |at| Cell::Value(When::of(at, now).into())),
            ])
        })
    });
    Table {
        title: "How it stands with the promises".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Promise").kept(),
            Column::left("Stands").kept(),
            Column::left("What shows it"),
            Column::right("Due next"),
        ],
        rows: rows.collect(),
        empty: Empty { why: "Nothing was promised.".to_owned(), next: None },
        ..Table::default()
    }
}

fn products(judged: &[OfProduct], now: Timestamp) -> Table {
    let row = |of: &OfProduct| {
        let newest = match &of.newest {
            Some(is) => Cell::Name(
                Link::to(
                    is.is.version.clone(),
                    format!("/suppliers/{}/documents/{}", of.product.supplier, is.id),
                ),
                When::of(is.received, now).words().to_owned(),
            ),
            None => Cell::unknown("no SBOM came yet"),
        };
        Row::of(vec![
            Cell::Name(
                Link::to(of.product.name.clone(), format!("/assets/{}", encode(&of.asset))),
                of.asset.clone(),
            ),
            newest,
            match of.score() {
                Some(score) => Cell::text(format!("{score:.0}")),
                None => Cell::unknown("the newest SBOM has no score, or none came"),
            },
            match &of.product.newest {
                Some((version, _)) => Cell::text(version.clone()),
                None => Cell::unknown("nobody said which is the newest"),
            },
            match of.findings {
                Some((number, more)) => Cell::link(
                    format!("{number}{}", if more { "+" } else { "" }),
                    format!("/findings?asset={}", of.product.asset),
                ),
                None => Cell::unknown("no SBOM was read yet"),
            },
        ])
    };
    Table {
        title: "What they deliver".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Product").kept(),
            Column::left("Newest SBOM"),
            Column::right("Score of 100").kept(),
            Column::left("Newest release"),
            Column::right("Findings").kept(),
        ],
        rows: judged.iter().map(row).collect(),
        ..Table::default()
    }
}

fn product_name(seen: &Seen, id: i64) -> String {
    seen.products.iter().find(|p| p.id == id).map(|p| p.name.clone()).unwrap_or_default()
}

fn cut(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

fn asked(all: &[Question], seen: &Seen, now: Timestamp) -> Table {
    let row = |is: &Question| {
        let about = is.is.vulnerability.clone().unwrap_or_else(|| "a question".to_owned());
        let first = match is.is.finding {
            Some(finding) => Link::to(about, format!("/findings/{finding}")),
            None => Link::words(about),
        };
        let answer = match (&is.answer, is.state) {
            (Some((_, told)), _) => {
                let told = Answered::of(told);
                let status = told.status.replace('_', " ");
                let fixed = told.fixed_in.map(|v| format!(", fixed in {v}")).unwrap_or_default();
                let planned = told.planned.map(|day| format!(", by {day}")).unwrap_or_default();
                let said = if status.is_empty() {
                    String::new()
                } else {
                    format!("{status}{fixed}{planned}: ")
                };
                Cell::text(cut(&format!("{said}{}", told.words), 300))
            }
            (None, QuestionState::Withdrawn) => Cell::text("taken back"),
            (None, _) => Cell::Due(When::of(is.is.due, now), is.is.due < now),
        };
        Row::of(vec![
            Cell::Name(first, product_name(seen, is.is.product)),
            Cell::text(cut(&is.is.words, 200)),
            Cell::Value(When::of(is.asked, now).into()),
            answer,
            match is.decision {
                Some(decision) => Cell::link("see it", format!("/exceptions/{decision}")),
                None => Cell::Nothing,
            },
        ])
    };
    Table {
        title: "Questions".to_owned(),
        titled: true,
        columns: vec![
            Column::left("About").kept(),
            Column::left("Question"),
            Column::right("Asked"),
            Column::left("Answer, or when it is due").kept(),
            Column::left("Decision"),
        ],
        rows: all.iter().map(row).collect(),
        empty: Empty { why: "Nothing was asked yet.".to_owned(), next: None },
        ..Table::default()
    }
}

fn came(all: &[Supplied], seen: &Seen, now: Timestamp) -> Table {
    let row = |is: &Supplied| {
        let told = Told::of(is);
        let what = if is.is.kind == "vex" { "VEX" } else { "SBOM" };
        let version =
            if is.is.version.is_empty() { String::new() } else { format!(" of {}", is.is.version) };
        let says = match (is.is.kind.as_str(), told.quality().and_then(|q| q.score)) {
            ("vex", _) if is.taken.is_some() => {
                Cell::text(format!("{} statements, they hold", told.statements))
            }
            ("vex", _) => {
                Cell::text(format!("{} statements wait for somebody to look", told.statements))
            }
            (_, Some(score)) => Cell::text(format!("{score:.0} of 100 points")),
            (_, None) => Cell::unknown("it could not be looked into"),
        };
        Row::of(vec![
            Cell::Name(
                Link::to(
                    format!("{what}{version}"),
                    format!("/suppliers/{}/documents/{}", seen.is.id, is.id),
                ),
                product_name(seen, is.is.product),
            ),
            says,
            match told.format_words().or(told.format) {
                Some(format) => Cell::text(format),
                None => Cell::unknown("it could not be told"),
            },
            Cell::Value(When::of(is.received, now).into()),
        ])
    };
    Table {
        title: "What came".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Document").kept(),
            Column::left("Says").kept(),
            Column::left("Format"),
            Column::right("Came"),
        ],
        rows: all.iter().map(row).collect(),
        empty: Empty {
            why: "Nothing came yet. Make a link, and give it to them.".to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

fn linked(all: &[SupplierLink], now: Timestamp) -> Table {
    let row = |is: &SupplierLink| {
        Row::of(vec![
            Cell::text(is.name.clone()),
            match is.withdrawn {
                Some(_) => Cell::text("withdrawn"),
                None if is.expires <= now => Cell::text("ended"),
                None => Cell::Value(When::of(is.expires, now).into()),
            },
            is.used.map_or_else(|| Cell::text("never"), |at| Cell::Value(When::of(at, now).into())),
        ])
    };
    Table {
        title: "Links".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Who has it").kept(),
            Column::right("Ends").kept(),
            Column::right("Last used"),
        ],
        rows: all.iter().map(row).collect(),
        empty: Empty { why: "None was made.".to_owned(), next: None },
        ..Table::default()
    }
}

async fn forms(
    app: &App,
    who: &Who,
    seen: &Seen,
    links: &[SupplierLink],
    questions: &[Question],
    csrf: &str,
) -> Result<Vec<(String, Sheet)>, Problem> {
    let id = seen.is.id;
    let hidden = |what: &str| Field::new("do", "do", Input::Hidden).holding(what);
    let sheet = |fields: Vec<Field>, submit: &str| Sheet {
        action: format!("/suppliers/{id}").into(),
        csrf: csrf.to_owned(),
        fields,
        submit: submit.to_owned(),
        ..Sheet::default()
    };
    let mut all = Vec::new();
    if seen.may_change && seen.is.ended.is_none() {
        let fields = vec![
            hidden("link"),
            Field::new("whose", "Who gets it?", Input::Text),
            Field::new("days", "Days", Input::Number)
                .holding("180")
                .hinted(format!("How long it is good: 1 to {LONGEST}.")),
        ];
        all.push(("Make a link".to_owned(), sheet(fields, "Make the link")));
    }
    let now = app.now();
    let pairs: Vec<(String, String)> = links
        .iter()
        .filter(|link| link.holds(now))
        .map(|link| (link.id.to_string(), link.name.clone()))
        .collect();
    if !pairs.is_empty() {
        let fields = vec![hidden("withdraw-link"), Field::new("id", "Link", Input::Select(pairs))];
        let form = Sheet { grave: true, ..sheet(fields, "Withdraw it") };
        all.push(("Withdraw a link".to_owned(), form));
    }
    if who.may_somewhere(Action::Supply) && seen.is.ended.is_none() {
        let products: Vec<(String, String)> =
            seen.products.iter().map(|p| (p.id.to_string(), p.name.clone())).collect();
        let fields = vec![
            hidden("release"),
            Field::new("of", "Of", Input::Select(products)),
            Field::new("version", "Newest release", Input::Code),
        ];
        all.push(("Say which release is the newest".to_owned(), sheet(fields, "Say so")));
        let systems = super::suppliers::systems(app, who).await?;
        if !systems.is_empty() {
            let fields = vec![
                hidden("product"),
                Field::new("product", "Product", Input::Text),
                Field::new("system", "Into which system?", Input::Select(systems)),
            ];
            all.push(("Add a product".to_owned(), sheet(fields, "Add it")));
        }
    }
    let waiting: Vec<(String, String)> = questions
        .iter()
        .filter(|is| is.state == QuestionState::Asked)
        .map(|is| (is.id.to_string(), cut(&is.is.words, 60)))
        .collect();
    if who.may_somewhere(Action::Ask) && !waiting.is_empty() {
        // Two forms of one page have no field of one name that is shown.
        let fields = vec![
            hidden("withdraw-question"),
            Field::new("question", "Question", Input::Select(waiting)),
        ];
        let form = Sheet { grave: true, ..sheet(fields, "Take it back") };
        all.push(("Take a question back".to_owned(), form));
    }
    Ok(all)
}

/// What the question begins with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Begun {
    finding: Option<i64>,
}

/// What the form of a question sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Posed {
    csrf: String,
    product: String,
    finding: String,
    words: String,
    days: String,
}

pub(crate) async fn ask(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Query(begun): Query<Begun>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let mut sent = Posed::default();
    if let Some(finding) = begun.finding {
        let is = finding::find(&app, &who, finding).await?;
        sent.finding = finding.to_string();
        sent.words = format!(
            "We found {} in {} of your product. Is the product affected? If it is: in which version is it fixed, \
             and when do we get it? If it is not: why not?",
            is.vulnerability.1, is.component.1
        );
        let seen = supplying::find(&app, &who, id).await?;
        let of = seen.products.iter().find(|product| product.asset == is.asset.0);
        sent.product = of.map(|product| product.id.to_string()).unwrap_or_default();
    }
    ask_form(&app, &who, id, &sent, None).await
}

async fn ask_form(
    app: &App,
    who: &Who,
    id: i64,
    sent: &Posed,
    wrong: Option<(&'static str, String)>,
) -> Page {
    let seen = supplying::find(app, who, id).await?;
    if !who.may_somewhere(Action::Ask) {
        return Err(Problem::forbidden(Action::Ask).into());
    }
    let name = &seen.is.is.name;
    let mut layout =
        layout(app, who, Entry::Systems, "Ask a supplier", format!("Ask {name}.")).await?;
    let here = format!("/suppliers/{id}");
    layout.crumbs = vec![
        Link::to("Suppliers", "/suppliers"),
        Link::to(name.clone(), here.clone()),
        Link::words("Ask"),
    ];
    let products: Vec<(String, String)> =
        seen.products.iter().map(|p| (p.id.to_string(), p.name.clone())).collect();
    let mut form = Sheet {
        action: format!("{here}/ask").into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("finding", "finding", Input::Hidden).holding(sent.finding.clone()),
            Field::new("product", "About", Input::Select(products)).holding(sent.product.clone()),
            Field::new("words", "Question", Input::Area).holding(sent.words.clone()),
            Field::new("days", "Days to answer", Input::Number)
                .holding(sent.days.clone())
                .hinted("Left empty: as was promised, else 14.")
                .optional(),
        ],
        submit: "Ask".to_owned(),
        cancel: Some(Link::to("Back to the supplier", here)),
        ..Sheet::default()
    };
    mended(&mut form, wrong);
    let follows = vec![
        "They see the question by their link, as it stands here, and nothing else of ours.".to_owned(),
        "If they answer that a finding does not affect their product, that is asked for as a decision in your name: \
         the charter says who agrees, and until then nothing changes."
            .to_owned(),
    ];
    Ok(html(&Act { layout, follows, about: Pairs::default(), form }))
}

async fn posed(app: &App, who: &Who, id: i64, sent: &Posed) -> Result<i64, Problem> {
    let number = |text: &str, what: &str| -> Result<Option<i64>, Problem> {
        match text.trim() {
            "" => Ok(None),
            text => text
                .parse()
                .map(Some)
                .map_err(|_| Problem::invalid(format!("`{what}` is a number."))),
        }
    };
    let asked = supplying::Asked {
        product: number(&sent.product, "product")?,
        finding: number(&sent.finding, "finding")?,
        words: sent.words.clone(),
        days: number(&sent.days, "days")?,
        role: String::new(),
    };
    supplying::ask(app, who, id, asked).await
}

pub(crate) async fn pose(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Form(sent): Form<Posed>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    match posed(&app, &who, id, &sent).await {
        Ok(_) => Ok(Redirect::to(&format!("/suppliers/{id}")).into_response()),
        Err(problem) if problem.status == 422 => {
            let name = if problem.detail.contains("`days`") { "days" } else { "words" };
            ask_form(&app, &who, id, &sent, Some((name, problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}
