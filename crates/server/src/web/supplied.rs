//! A supplier's own page, by its link: without an account, and with nothing of ours but what was promised and is asked.

use axum::Form;
use axum::extract::{Path, Query, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue};
use axum::response::{IntoResponse, Redirect, Response};
use serde::Deserialize;
use trimtab_model::decision::Justification;
use trimtab_pages::page::{Question as Posed, Supplied as View};
use trimtab_pages::part::{Field, Form as Sheet, Input, Notice, Pairs, Urgency, Value, When};
use trimtab_store::{Question, Supplied};

use super::{Page, Sorry, file_form, html};
use crate::access::who::is_from_elsewhere;
use crate::problem::Problem;
use crate::reviewing::last_day;
use crate::state::App;
use crate::supplying::intake::{self, About, Answered, By, LARGEST, Taken};
use crate::supplying::{Promised, judged};

/// What was done just before, as the address says it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Asked {
    done: String,
}

/// What stands above the page.
enum Said {
    Nothing,
    Done(&'static str),
    Wrong(String),
}

pub(crate) async fn page(
    State(app): State<App>,
    Path(secret): Path<String>,
    Query(asked): Query<Asked>,
) -> Response {
    let said = match asked.done.as_str() {
        "sent" => Said::Done("The document is here."),
        "older" => Said::Done(
            "The document is kept as an older release: an SBOM that was made later stays the newest.",
        ),
        "answered" => Said::Done("Your answer is here."),
        _ => Said::Nothing,
    };
    hidden(show(&app, &secret, said).await)
}

/// Nobody is to find it by a search.
fn hidden(page: Page) -> Response {
    let mut response = page.into_response();
    let robots = HeaderName::from_static("x-robots-tag");
    let none = HeaderValue::from_static("noindex, nofollow, noarchive");
    response.headers_mut().insert(robots, none);
    response
}

pub(crate) async fn post(
    State(app): State<App>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    request: Request,
) -> Response {
    hidden(sent(&app, &secret, &headers, request).await)
}

async fn sent(app: &App, secret: &str, headers: &HeaderMap, request: Request) -> Page {
    if is_from_elsewhere(headers) {
        return Err(Problem::from_elsewhere().into());
    }
    // Nothing is read of whoever has no link.
    let by = intake::by_secret(app, secret).await.map_err(Sorry::of_link)?;
    let largest = LARGEST.min(app.settings.largest_upload);
    let done = take(app, &by, request, largest).await;
    let is_older = done.as_ref().is_ok_and(|taken| taken.older.is_some());
    let word = if is_older { "older" } else { "sent" };
    after(app, secret, done.map(|_| ()), word).await
}

async fn take(app: &App, by: &By, request: Request, largest: u64) -> Result<Taken, Problem> {
    let mut filled = file_form::filled(app, request, largest, |_| Ok(())).await?;
    let file = filled.file.take().ok_or_else(|| Problem::invalid("Choose a file."))?;
    let product = filled.text("product").parse();
    let about = About {
        product: product.map_err(|_| Problem::invalid("Choose the product."))?,
        version: filled.text("version").to_owned(),
        kind: filled.text("kind").to_owned(),
    };
    intake::send(app, by, &about, file).await
}

/// What the form of an answer sends: each field has the question's number in its name, since many stand on a page.
#[derive(Debug, Default, Deserialize)]
#[serde(transparent)]
pub(crate) struct Sent(Vec<(String, String)>);

impl Sent {
    fn text(&self, name: &str) -> String {
        self.0.iter().find(|(n, _)| n == name).map_or_else(String::new, |(_, v)| v.clone())
    }
}

pub(crate) async fn answer(
    State(app): State<App>,
    Path(secret): Path<String>,
    headers: HeaderMap,
    Form(sent): Form<Sent>,
) -> Response {
    hidden(answered(&app, &secret, &headers, &sent).await)
}

async fn answered(app: &App, secret: &str, headers: &HeaderMap, sent: &Sent) -> Page {
    if is_from_elsewhere(headers) {
        return Err(Problem::from_elsewhere().into());
    }
    let by = intake::by_secret(app, secret).await.map_err(Sorry::of_link)?;
    let id: i64 = sent.text("question").parse().map_err(|_| Problem::not_found("question"))?;
    let of = |name: &str| sent.text(&format!("{name}-{id}"));
    let maybe = |name: &str| Some(of(name)).filter(|text| !text.trim().is_empty());
    let answer = Answered {
        status: of("status"),
        justification: maybe("why"),
        words: of("words"),
        fixed_in: maybe("fixed"),
        planned: maybe("planned"),
    };
    let done = intake::answer(app, &by, id, answer).await;
    after(app, secret, done, "answered").await
}

async fn after(app: &App, secret: &str, done: Result<(), Problem>, word: &str) -> Page {
    match done {
        Ok(()) => Ok(Redirect::to(&format!("/supplied/{secret}?done={word}")).into_response()),
        Err(problem) if matches!(problem.status, 409 | 413 | 422 | 429) => {
            show(app, secret, Said::Wrong(problem.detail)).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// What waits for them, in a sentence.
fn headline(name: &str, questions: usize, owed: usize) -> String {
    let questions = match questions {
        0 => None,
        1 => Some("1 question waits for you".to_owned()),
        n => Some(format!("{n} questions wait for you")),
    };
    let owed = match owed {
        0 => None,
        1 => Some("1 thing that was agreed is due".to_owned()),
        n => Some(format!("{n} things that were agreed are due")),
    };
    let all: Vec<String> = questions.into_iter().chain(owed).collect();
    match all.is_empty() {
        true => format!("{name}: nothing is asked of you now."),
        false => format!("{name}: {}.", all.join(", and ")),
    }
}

async fn show(app: &App, secret: &str, said: Said) -> Page {
    let by = intake::by_secret(app, secret).await.map_err(Sorry::of_link)?;
    let (asked, answered) = intake::questions(app, &by).await?;
    let organisations = app.store.organisations().await?;
    let organisation = organisations.into_iter().find(|o| o.org == by.org());
    let now = app.now();
    let notice = match said {
        Said::Nothing => None,
        Said::Done(text) => {
            Some(Notice { urgency: Urgency::Done, text: text.to_owned(), next: None })
        }
        Said::Wrong(text) => Some(Notice { urgency: Urgency::Warning, text, next: None }),
    };
    let name = &by.supplier.is.name;
    let owed = judged::owed(app, by.org(), &by.supplier, &by.products).await?;
    let headline = headline(name, asked.len(), owed.len());
    let product = |id: i64| by.product(id).map(|p| p.name.clone()).unwrap_or_default();
    let mut about = vec![(
        "You deliver".to_owned(),
        Value::from(by.products.iter().map(|p| p.name.as_str()).collect::<Vec<_>>().join(", ")),
    )];
    if let Some(end) = by.supplier.is.contract_ends {
        about.push(("The contract ends".to_owned(), Value::from(last_day(end))));
    }
    about.push(("This link ends".to_owned(), When::of(by.link.expires, now).into()));
    for of in &by.products {
        let sboms = judged::newest(app, by.org(), of).await?;
        let told =
            |is: &Supplied| format!("{}, {}", is.is.version, When::of(is.received, now).words());
        let came = sboms
            .first()
            .map_or_else(|| Value::Unknown("none came yet".to_owned()), |is| Value::from(told(is)));
        about.push((format!("Newest SBOM of {}", of.name), came));
        // What came last counts for nothing where another was made later: they are to know.
        let last = sboms.iter().max_by_key(|is| (is.received, is.id));
        if let Some(last) = last
            && let Some(later) = judged::later(last, sboms.iter())
        {
            let why = format!("kept as an older release, as {} was made later", later.is.version);
            let last = Value::from(format!("{}: {why}", told(last)));
            about.push((format!("Last received of {}", of.name), last));
        }
    }
    let view = View {
        organisation: organisation.map(|o| o.name).unwrap_or_default(),
        headline,
        notice,
        about: Pairs(about),
        owed,
        promised: Promised::of(&by.supplier).sentences(),
        form: sending(secret, &by),
        questions: asked.iter().map(|is| posed(secret, is, &product(is.is.product), now)).collect(),
        answered: Pairs(
            answered
                .iter()
                .filter_map(|is| {
                    let at = is.answer.as_ref()?.0;
                    let about = is.is.vulnerability.clone();
                    let about = about.unwrap_or_else(|| "a question".to_owned());
                    Some((format!("{about}, {}", product(is.is.product)), When::of(at, now).into()))
                })
                .collect(),
        ),
    };
    Ok(html(&view))
}

fn sending(secret: &str, by: &By) -> Sheet {
    let products: Vec<(String, String)> =
        by.products.iter().map(|p| (p.id.to_string(), p.name.clone())).collect();
    let kinds = vec![
        ("sbom".to_owned(), "An SBOM (CycloneDX or SPDX)".to_owned()),
        ("vex".to_owned(), "VEX (OpenVEX, CSAF or CycloneDX)".to_owned()),
    ];
    Sheet {
        action: format!("/supplied/{secret}").into(),
        fields: vec![
            Field::new("kind", "What is it?", Input::Select(kinds)),
            Field::new("product", "Of which product?", Input::Select(products)),
            Field::new("version", "Of which version of it?", Input::Text)
                .hinted("Required for an SBOM.")
                .optional(),
            Field::new("file", "File", Input::File).hinted("At most 16 MiB."),
        ],
        submit: "Send it".to_owned(),
        ..Sheet::default()
    }
}

fn posed(secret: &str, is: &Question, product: &str, now: jiff::Timestamp) -> Posed {
    let pair = |value: &str, words: &str| (value.to_owned(), words.to_owned());
    let states = vec![
        pair("", "No status, only the answer below"),
        pair("not_affected", "It is not affected"),
        pair("affected", "It is affected"),
        pair("fixed", "It is fixed"),
        pair("under_investigation", "We look into it"),
    ];
    let mut labels = vec![pair("", "–")];
    labels
        .extend(Justification::ALL.iter().map(|j| pair(j.as_str(), &j.as_str().replace('_', " "))));
    let name = |field: &str| format!("{field}-{}", is.id);
    let title = match &is.is.vulnerability {
        Some(vulnerability) => format!("{vulnerability} in {product}"),
        None => format!("About {product}"),
    };
    let when = |at| Value::from(When::of(at, now));
    Posed {
        title,
        text: is.is.words.lines().filter(|l| !l.trim().is_empty()).map(ToOwned::to_owned).collect(),
        about: Pairs(vec![
            ("Asked".to_owned(), when(is.asked)),
            (if is.is.due < now { "Was due" } else { "Due" }.to_owned(), when(is.is.due)),
        ]),
        form: Sheet {
            action: format!("/supplied/{secret}/answer").into(),
            fields: vec![
                Field::new("question", "question", Input::Hidden).holding(is.id.to_string()),
                Field::new(name("status"), "How is your product affected?", Input::Select(states))
                    .optional(),
                Field::new(name("why"), "If it is not affected: why?", Input::Select(labels))
                    .optional(),
                Field::new(name("fixed"), "Fixed in version", Input::Text).optional(),
                Field::new(name("planned"), "When will it be fixed?", Input::Date).optional(),
                Field::new(name("words"), "Your answer", Input::Area),
            ],
            submit: "Answer".to_owned(),
            ..Sheet::default()
        },
    }
}
