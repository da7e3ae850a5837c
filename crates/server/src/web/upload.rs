//! Sending an inventory with a browser: a file, the asset that it is of, and the system of that.

use axum::extract::{Query, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Act;
use trimtab_pages::part::{Field, Form as View, Input, Link, Pairs};
use trimtab_store::System;

use super::file_form::{self, Filled};
use super::{Page, Sorry, html, layout, mended};
use crate::access::{Action, On, Who};
use crate::api::snapshots::{self, About, KINDS};
use crate::problem::Problem;
use crate::sent::Arriving;
use crate::state::App;

/// How many seconds to wait for the findings.
const WAIT: u64 = 20;

/// What it begins with: the asset and the system that a page was about.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Begun {
    #[serde(default)]
    asset: String,
    #[serde(default)]
    system: String,
}

/// What the form says beside the file.
#[derive(Debug, Default)]
struct Told {
    asset: String,
    kind: String,
    system: String,
    revision: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(begun): Query<Begun>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let told = Told { asset: begun.asset, system: begun.system, ..Told::default() };
    show(&app, &who, &told, None).await
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    request: Request,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let mut filled = file_form::read(&app, &who, request).await?;
    let file = filled.file.take();
    let told = Told::of(&filled);
    let Some(file) = file else {
        return show(&app, &who, &told, Some(("file", "Choose a file.".to_owned()))).await;
    };
    let about = About {
        asset: told.asset.trim().to_owned(),
        kind: told.kind.clone(),
        system: Some(told.system.clone()).filter(|s| !s.is_empty()),
        revision: Some(told.revision.trim().to_owned()).filter(|r| !r.is_empty()),
        wait: Some(WAIT),
        ..About::default()
    };
    let answer =
        snapshots::post(State(app.clone()), who.clone(), Query(about), Arriving::of(file)).await;
    match answer {
        Ok(answer) => follow(&app, &who, answer.status(), told.asset.trim()).await,
        Err(problem) if problem.status == StatusCode::UNPROCESSABLE_ENTITY.as_u16() => {
            let name = if told.asset.trim().is_empty() { "asset" } else { "file" };
            show(&app, &who, &told, Some((name, problem.detail))).await
        }
        Err(problem) => Err(problem.into()),
    }
}

/// The asset's findings; while the document is still being read, the jobs.
async fn follow(app: &App, who: &Who, status: StatusCode, asset: &str) -> Page {
    let known = app.store.asset_of_name(who.org, asset).await?;
    let place = match known.filter(|_| status != StatusCode::ACCEPTED) {
        None => "/feeds".to_owned(),
        Some(asset) => format!("/findings?asset={}", asset.id),
    };
    Ok(Redirect::to(&place).into_response())
}

impl Told {
    fn of(filled: &Filled) -> Told {
        let text = |name| filled.text(name).to_owned();
        Told {
            asset: text("asset"),
            kind: text("kind"),
            system: text("system"),
            revision: text("revision"),
        }
    }
}

async fn show(app: &App, who: &Who, told: &Told, wrong: Option<(&'static str, String)>) -> Page {
    if !who.may_somewhere(Action::Upload) {
        return Err(Problem::forbidden(Action::Upload).into());
    }
    let mut systems = app.store.systems(who.org).await?.to_vec();
    let may = |s: &System| who.may(Action::Upload, On { system: Some(s.id), team: s.team });
    systems.retain(may);
    let headline = "Send an inventory.".to_owned();
    let mut layout = layout(app, who, Entry::Systems, "Send an inventory", headline).await?;
    layout.crumbs = vec![Link::to("Systems", "/systems"), Link::words("Send an inventory")];
    let pair = |text: &str| (text.to_owned(), text.to_owned());
    let kinds = KINDS.iter().map(|kind| pair(kind)).collect();
    let mut of = vec![(String::new(), "none".to_owned())];
    of.extend(systems.iter().map(|s| pair(&s.name)));
    let mut form = View {
        action: "/inventory/new".into(),
        csrf: layout.csrf.clone(),
        fields: vec![
            Field::new("file", "File", Input::File)
                .hinted("An SBOM, a lockfile, or the output of `trimtab scan --format json`."),
            Field::new("asset", "Asset", Input::Text)
                .holding(told.asset.clone())
                .hinted("The name of what it lists, such as a repository or an image. A new name makes a new asset."),
            Field::new("kind", "Kind", Input::Select(kinds)).holding(told.kind.clone()),
            Field::new("system", "System", Input::Select(of))
                .holding(told.system.clone())
                .optional(),
            Field::new("revision", "Revision", Input::Code)
                .holding(told.revision.clone())
                .hinted("The commit or version that it was made from.")
                .optional(),
        ],
        submit: "Send".to_owned(),
        cancel: Some(Link::to("Back to the systems", "/systems")),
        ..View::default()
    };
    mended(&mut form, wrong);
    let follows = vec![
        "What it lists is matched at once; findings count by what the system is.".to_owned(),
        "In CI, `trimtab push` does the same with every build.".to_owned(),
    ];
    Ok(html(&Act { layout, follows, about: Pairs(Vec::new()), form }))
}
