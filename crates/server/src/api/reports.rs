//! `POST /api/v1/reports`: what another tool says about an asset, as the body, in any format that is
//! read. `POST /api/v1/vex`: statements about an asset, or about everything.

use std::collections::{BTreeMap, BTreeSet};

use axum::Json;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trimtab_attributions::{Attributed, Report};
use trimtab_decisions::vex::VexDocument;
use trimtab_model::{Code, Component, Diagnostic};
use trimtab_store::{JudgedBy, NewJob, NewReport, Org, Priority, Reported, StoreError, Vex};
use utoipa::ToSchema;

use super::snapshots::refused;
use super::{Listed, asset_for, limit};
use crate::access::{Action, On, Who};
use crate::ingest::{Refused, blocking, named};
use crate::jobs::Kind;
use crate::problem::Problem;
use crate::sent::Arriving;
use crate::state::App;
use crate::weighing::Weigher;

/// Which asset.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct About {
    /// The asset's name.
    pub(crate) asset: String,
}

/// Something that is not as it should be.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Diagnostic)]
pub(crate) struct Shown {
    code: &'static str,
    message: String,
    line: Option<u32>,
    help: Option<String>,
}

/// What became of a report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ReportTaken)]
pub(crate) struct Taken {
    asset: i64,
    /// The digest of the report.
    document: String,
    tool: String,
    /// How many things it says.
    says: usize,
    /// How many of its things name no package or no vulnerability.
    unclear: usize,
    /// How many of its things are about something else, by kind.
    left_out: BTreeMap<&'static str, usize>,
    /// Whether the tool did not look at everything.
    incomplete: bool,
    /// How many things it no longer says.
    gone: u64,
    detected: usize,
    retracted: usize,
    fixed: usize,
    /// Findings that the asset has now.
    live: usize,
    diagnostics: Vec<Shown>,
}

/// What became of a VEX document.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VexTaken)]
pub(crate) struct VexTaken {
    document: String,
    /// For which asset it holds; `null`: for all.
    asset: Option<i64>,
    format: &'static str,
    author: Option<String>,
    statements: usize,
    diagnostics: Vec<Shown>,
}

/// A VEX document that holds.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Vex)]
pub(crate) struct ShownVex {
    document: String,
    /// For which asset; `null`: for all.
    asset: Option<i64>,
    #[schema(format = DateTime)]
    received: String,
    by: String,
}

/// Takes a report of another tool about an asset in: the body is the report.
#[utoipa::path(post, path = "/api/v1/reports", tag = "reports", params(About),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 201, body = Taken)))]
pub(crate) async fn post(
    State(app): State<App>,
    who: Who,
    Query(about): Query<About>,
    arriving: Arriving,
) -> Result<(StatusCode, Json<Taken>), Problem> {
    let asset = asset_for(&app.store, &who, Action::Upload, &about.asset).await?;
    let sent = arriving.read(&app).await?;
    let (digest, now) = (sent.digest.clone(), app.now());
    let bytes = sent.bytes(trimtab_attributions::MAX_BYTES).await?;
    let read = blocking(move || trimtab_attributions::read(&bytes)).await.map_err(refused)?;
    let report = read.map_err(|d| Problem::invalid(told(&d)))?;
    sent.keep(&app, who.org, now).await?;
    let (new, unclear) = new(&report, &digest);
    let agreed = app.agreed(who.org, now).await?;
    let index = app.index().ok_or(Refused::NoIndex).map_err(refused)?;
    let weigher = Weigher::new(&agreed, index, now);
    let weigh = |known: &_| weigher.weigh(known);
    let production = agreed.production();
    let actor = who.actor();
    let done = app
        .store
        .add_report(who.org, asset.id, &new, JudgedBy::new(&production, &weigh, now), &actor)
        .await;
    let (gone, settled) = match done {
        Err(StoreError::Refused(detail)) => return Err(Problem::invalid(detail)),
        done => done?,
    };
    crate::jobs::settled(&app, who.org, now).await?;
    let taken = Taken {
        asset: asset.id,
        document: digest,
        tool: new.source,
        says: new.says.len(),
        unclear,
        left_out: report.left_out.clone(),
        incomplete: new.incomplete,
        gone,
        detected: settled.detected.len(),
        retracted: settled.retracted.len(),
        fixed: settled.fixed.len(),
        live: settled.live,
        diagnostics: report.diagnostics.iter().map(shown).collect(),
    };
    Ok((StatusCode::CREATED, Json(taken)))
}

/// A report in the words of the store; and how many things of it cannot be remembered, because they
/// name no package or no vulnerability.
fn new(report: &Report, digest: &str) -> (NewReport, usize) {
    let says: Vec<Reported> = report.attributions.iter().filter_map(reported).collect();
    let unclear = report.attributions.len() - says.len();
    let incomplete = report.diagnostics.iter().any(|d| d.code == Code::ReportIncomplete);
    // Our own name is the matcher's.
    let tool = report.tool.trim().to_lowercase();
    let source = if tool == "trimtab" { format!("{tool} (report)") } else { tool };
    let document = digest.to_owned();
    (NewReport { source, document, incomplete, says }, unclear)
}

fn reported(is: &Attributed) -> Option<Reported> {
    // What the tool itself marks as not counting is not said.
    let odd = |id: &str| id.is_empty() || id.chars().any(char::is_control);
    if is.ids.is_empty() || is.ids.iter().any(|id| odd(id)) || is.dismissed.is_some() {
        return None;
    }
    let component = Component::new(is.component.clone()?);
    let places: Vec<Value> =
        is.places.iter().map(|p| json!({ "file": p.file, "line": p.line })).collect();
    Some(Reported {
        component: named(&component),
        ids: is.ids.iter().map(ToString::to_string).collect(),
        summary: is.title.as_deref().map(ToOwned::to_owned),
        said: json!({ "ids": is.ids, "version": is.version, "severity": is.severity.words,
            "vectors": is.severity.vectors, "scores": is.severity.scores, "fixed": is.fixed,
            "places": places, "title": is.title, "cwes": is.cwes }),
    })
}

/// For which asset statements hold; if absent: for all.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Holds {
    /// The asset's name.
    pub(crate) asset: Option<String>,
}

/// Takes statements in about an asset, or about everything: the body is the VEX document.
#[utoipa::path(post, path = "/api/v1/vex", tag = "vex", params(Holds),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"),
    responses((status = 200, description = "It was known", body = VexTaken),
        (status = 201, description = "It holds from now on", body = VexTaken)))]
pub(crate) async fn vex(
    State(app): State<App>,
    who: Who,
    Query(holds): Query<Holds>,
    arriving: Arriving,
) -> Result<(StatusCode, Json<VexTaken>), Problem> {
    let asset = holding(&app, &who, holds.asset.as_deref()).await?;
    let sent = arriving.read(&app).await?;
    let (digest, now) = (sent.digest.clone(), app.now());
    let bytes = sent.bytes(trimtab_decisions::MAX_BYTES).await?;
    let read = blocking(move || trimtab_decisions::vex::read(&bytes)).await.map_err(refused)?;
    let (document, diagnostics) = read;
    let Some(document) = document else {
        let why = diagnostics.first().map_or("not a VEX document".to_owned(), told);
        return Err(Problem::invalid(why));
    };
    sent.keep(&app, who.org, now).await?;
    let fresh = match app.store.add_vex(who.org, asset, &digest, &who.actor(), now).await {
        Err(StoreError::Refused(detail)) => return Err(Problem::invalid(detail)),
        fresh => fresh?,
    };
    if fresh {
        weigh_again(&app, who.org, &digest, &document).await?;
    }
    let taken = VexTaken {
        document: digest,
        asset,
        format: document.format.as_str(),
        author: document.author.as_deref().map(ToOwned::to_owned),
        statements: document.statements.len(),
        diagnostics: diagnostics.iter().map(shown).collect(),
    };
    Ok((if fresh { StatusCode::CREATED } else { StatusCode::OK }, Json(taken)))
}

/// Lets a stored VEX document hold for an asset; that it did already is no fault.
///
/// # Errors
/// It cannot be read, or as many hold as may.
pub(crate) async fn let_hold(
    app: &App,
    org: Org,
    (asset, digest): (i64, &str),
    actor: &str,
) -> Result<(), Problem> {
    let bytes = app.store.document_bytes(org, digest).await?.unwrap_or_default();
    let read = blocking(move || trimtab_decisions::vex::read(&bytes).0).await.map_err(refused)?;
    let document = read.ok_or_else(|| Problem::conflict("The document can no longer be read."))?;
    let fresh = match app.store.add_vex(org, Some(asset), digest, actor, app.now()).await {
        Err(StoreError::Refused(detail)) => return Err(Problem::invalid(detail)),
        fresh => fresh?,
    };
    if fresh { weigh_again(app, org, digest, &document).await } else { Ok(()) }
}

/// Which.
#[derive(Debug, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// For an asset; 0: for everything.
    asset: Option<i64>,
    /// The `next` of the page before.
    after: Option<String>,
    /// How many, 1 to 500.
    limit: Option<usize>,
}

/// The VEX documents in force, oldest first.
#[utoipa::path(get, path = "/api/v1/vex", tag = "vex", params(Asked),
    responses((status = 200, body = Listed<ShownVex>)))]
pub(crate) async fn vex_list(
    State(app): State<App>,
    who: Who,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<ShownVex>>, Problem> {
    who.must(Action::View, On::ALL)?;
    // At most a thousand hold.
    let mut all = app.store.vex(who.org).await?;
    all.retain(|v| asked.asset.is_none_or(|asset| v.asset.unwrap_or_default() == asset));
    let shown = |v: &Vex| ShownVex {
        document: v.document.clone(),
        asset: v.asset,
        received: v.received.to_string(),
        by: v.actor.clone(),
    };
    let key = |v: &Vex| {
        let asset = v.asset.unwrap_or_default();
        (format!("{:016}.{}", v.received.as_microsecond(), v.document), asset)
    };
    let page = (asked.after.as_deref(), limit(asked.limit));
    Ok(Json(Listed::part(&mut all, key, page, shown)?))
}

/// Ends a VEX document: it holds no longer.
#[utoipa::path(delete, path = "/api/v1/vex/{document}", tag = "vex",
    params(("document" = String, Path, description = "Its digest"), Holds),
    responses((status = 204, description = "It holds no longer")))]
pub(crate) async fn vex_end(
    State(app): State<App>,
    who: Who,
    Path(digest): Path<String>,
    Query(holds): Query<Holds>,
) -> Result<StatusCode, Problem> {
    end(&app, &who, &digest, holds.asset.as_deref()).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Ends a VEX document; the pages do it the same way.
///
/// # Errors
/// They may not, or it does not hold.
pub(crate) async fn end(
    app: &App,
    who: &Who,
    digest: &str,
    asset: Option<&str>,
) -> Result<(), Problem> {
    let asset = holding(app, who, asset).await?;
    if !app.store.end_vex(who.org, asset, digest, &who.actor(), app.now()).await? {
        return Err(Problem::not_found("VEX document that holds"));
    }
    let bytes = app.store.document_bytes(who.org, digest).await?.unwrap_or_default();
    let read = blocking(move || trimtab_decisions::vex::read(&bytes).0).await.map_err(refused)?;
    match read {
        Some(document) => weigh_again(app, who.org, digest, &document).await,
        None => Ok(()),
    }
}

/// For which asset a document holds: who may upload to it may say so.
async fn holding(app: &App, who: &Who, asset: Option<&str>) -> Result<Option<i64>, Problem> {
    let Some(name) = asset else {
        who.must(Action::Upload, On::ALL)?;
        return Ok(None);
    };
    Ok(Some(asset_for(&app.store, who, Action::Upload, name).await?.id))
}

/// Has weighed again what has a vulnerability that a document is about.
async fn weigh_again(
    app: &App,
    org: Org,
    digest: &str,
    document: &VexDocument,
) -> Result<(), Problem> {
    let named = document.statements.iter();
    let named = named.flat_map(|s| std::iter::once(&s.vulnerability).chain(&s.aliases));
    let named: BTreeSet<String> = named.map(ToString::to_string).collect();
    let named: Vec<String> = named.into_iter().collect();
    let known = app.store.known_names(org, &named).await?;
    let now = app.now();
    let job = NewJob {
        org,
        kind: Kind::Rematch.as_str().to_owned(),
        name: format!("vex {digest}"),
        payload: json!({ "packages": [], "vulnerabilities": known }),
        priority: Priority::Scheduled,
        run_at: now,
    };
    app.store.add_job(&job, now).await?;
    app.work.notify_one();
    Ok(())
}

fn told(is: &Diagnostic) -> String {
    let help = is.help.as_deref().map_or_else(String::new, |help| format!("; {help}"));
    format!("{}{help}", is.message)
}

fn shown(is: &Diagnostic) -> Shown {
    Shown {
        code: is.code.as_str(),
        message: is.message.to_string(),
        line: is.line,
        help: is.help.as_deref().map(ToOwned::to_owned),
    }
}
