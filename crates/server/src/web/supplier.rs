//! One supplier: what was promised and how it stands by what came, its products with their findings, questions, documents,
//! links; and the question that is asked of it.

pub(crate) mod ask;
pub(crate) mod contents;
pub(crate) mod document;
mod tables;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Supplier as View;
use trimtab_pages::part::{
    Field, Figure, Figures, Form as Sheet, Input, Link, Notice, Pairs, Urgency, Value,
};
use trimtab_store::{Became, Question, QuestionState, SupplierLink, SupplierTold, TRIED};

use super::{Page, Sorry, html, layout, own_form};
use crate::access::{Action, Who};
use crate::problem::Problem;
use crate::state::App;
use crate::supplying::judged;
use crate::supplying::{self, Delivered, LONGEST, Promised, Seen};
use tables::{asked, came, cut, facts, linked, products, promises, written};

/// How many questions and documents are shown: the newest.
const SHOWN: usize = 50;

/// What the forms send.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
    /// `link`, `product`, `release`, `letters`, `again-letters`, `try-letter`, `withdraw-link`, `withdraw-question`.
    r#do: String,
    id: String,
    question: String,
    whose: String,
    days: String,
    product: String,
    system: String,
    of: String,
    version: String,
    on: String,
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
        text.trim()
            .parse()
            .map_err(|_| Problem::invalid("A field that must be a number is not one."))
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
        "letters" => supplying::letters::set(&app, &who, id, !sent.on.is_empty()).await.map(|_| ()),
        "again-letters" => supplying::letters::again(&app, &who, id, false).await,
        "try-letter" => match supplying::letters::attempt(&app, &who, id).await {
            Ok((Became::Sent, _)) => Ok(()),
            Ok((_, detail)) => Err(Problem::conflict(format!("Not accepted: {detail}."))),
            Err(problem) => Err(problem),
        },
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
            Ok(_) => Err(Problem::invalid("There is no such action.")),
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

/// What is said of a supplier that breaks no promise: unknown is neither kept nor broken.
fn kept(name: &str, promises: usize, unknown: usize) -> String {
    match (promises, unknown) {
        (0, _) => format!("{name} has promised nothing."),
        (_, 0) => format!("{name} keeps its promises."),
        (all, unknown) if unknown >= all => {
            format!("Whether {name} keeps its promises is not known yet.")
        }
        (_, 1) => format!("{name} keeps its promises, except that 1 of them is unknown."),
        (_, unknown) => {
            format!("{name} keeps its promises, except that {unknown} of them are unknown.")
        }
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
    let broken: usize = judged.iter().map(|of| judged::broken(&of.judged)).sum();
    let unknown: usize = judged.iter().map(|of| judged::unknown(&of.judged)).sum();
    let late: usize = judged.iter().map(|of| judged::late(&of.waiting, now)).sum();
    let all: usize = judged.iter().map(|of| of.judged.len()).sum();
    let name = &seen.is.is.name;
    let headline = match (seen.is.ended, broken, late) {
        (Some(_), ..) => format!("{name} no longer delivers anything."),
        (None, 0, 0) => kept(name, all, unknown),
        (None, broken, 0) => format!("{name} breaks {broken} of its promises."),
        (None, 0, late) => format!("{name} owes {}.", answers(late)),
        (None, broken, late) => {
            format!("{name} breaks {broken} of its promises and owes {}.", answers(late))
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
    layout.actions.push(Link::to("What they deliver", format!("{here}/packages")));
    if seen.may_change {
        layout.actions.push(Link::to("Change it", format!("{here}/edit")));
    }
    let figures = vec![
        Figure::of(broken.to_string(), "promises not kept", format!("{here}#promises"))
            .or_one("promise not kept"),
        Figure::of(unknown.to_string(), "promises unknown", format!("{here}#promises"))
            .or_one("promise unknown"),
        Figure::of(
            judged.iter().map(|of| of.waiting.len()).sum::<usize>().to_string(),
            "open questions",
            format!("{here}#questions"),
        )
        .or_one("open question"),
        Figure::of(late.to_string(), "questions overdue", format!("{here}#questions"))
            .or_one("question overdue"),
    ];
    let forms = forms(app, who, &seen, &links, &questions, &layout.csrf).await?;
    let fresh = made.map_or_else(Pairs::default, |address| {
        Pairs(vec![
            ("The link".to_owned(), Value::Code(address)),
            ("Give it to them".to_owned(), Value::from("It is shown only this once.")),
        ])
    });
    let notice = wrong.map(|text| Notice { urgency: Urgency::Warning, text, next: None });
    let mut tables = vec![
        ("promises", promises(&judged, now)),
        ("products", products(&judged, now)),
        ("questions", asked(&questions, &seen, now)),
        ("documents", came(&documents, (&seen, &judged), now)),
    ];
    if seen.may_change {
        tables.push(("links", linked(&links, now)));
        let letters = app.store.supplier_told(who.org, id, SHOWN).await?;
        tables.push(("letters", written(&letters, &seen, now)));
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

fn answers(late: usize) -> String {
    if late == 1 { "an answer".to_owned() } else { format!("{late} answers") }
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
        quiet: true,
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
    if seen.may_change && seen.is.ended.is_none() {
        let on = app.store.writes_supplier(who.org, id).await?;
        let words = "Questions, and promises that fall due or are broken, each once; nothing of what is found here.";
        let check = Field::new("on", "Write to them", Input::Check)
            .holding(if on { "yes" } else { "" })
            .hinted(words)
            .optional();
        let form = sheet(vec![hidden("letters"), check], "Save");
        all.push(("Letters to them".to_owned(), form));
        if on {
            let form = sheet(vec![hidden("try-letter")], "Send a test letter");
            all.push(("Test delivery".to_owned(), form));
            let told = app.store.supplier_told(who.org, id, SHOWN).await?;
            let not_taken = |is: &&SupplierTold| {
                is.item != TRIED && matches!(is.became, Became::Refused | Became::Unknown)
            };
            if told.iter().any(|is| not_taken(&is)) {
                let form = sheet(vec![hidden("again-letters")], "Send them again");
                all.push(("What was refused, or may not have come".to_owned(), form));
            }
        }
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
        all.push(("Set the newest release".to_owned(), sheet(fields, "Save")));
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
        let form = Sheet { grave: true, ..sheet(fields, "Withdraw it") };
        all.push(("Withdraw a question".to_owned(), form));
    }
    Ok(all)
}
