//! The form that asks a supplier.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as Sheet, Input, Link, Pairs};

use crate::access::{Action, Who};
use crate::facts::finding;
use crate::problem::Problem;
use crate::state::App;
use crate::supplying;
use crate::web::{Page, Sorry, html, layout, mended, own_form};

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

pub(crate) async fn page(
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
    show(&app, &who, id, &sent, None).await
}

async fn show(
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
                .map_err(|_| Problem::invalid(format!("`{what}` must be a number."))),
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

pub(crate) async fn post(
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
            show(&app, &who, id, &sent, Some((name, problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}
