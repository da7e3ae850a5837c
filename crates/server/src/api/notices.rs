//! Notices of a team: what waits and why, what was sent, and that somebody has what is *now*.

use std::collections::HashSet;

use axum::Json;
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};
use trimtab_store::{Cursor, Letter, Pending, Team};
use utoipa::ToSchema;

use super::{Listed, cursor, limit};
use crate::access::{Action, On, Who};
use crate::jobs::notify;
use crate::notices::letters::Said;
use crate::notices::post::to_channel_of;
use crate::notices::standing::{self, Standing, is_open, may_see};
use crate::notices::things::Told;
use crate::notices::why_of;
use crate::notices::wishes::{Wishes, may_wish};
use crate::problem::Problem;
use crate::state::App;
use crate::web::team::find;

/// The most things of an answer, the gravest first.
const MOST: usize = 500;

/// How it stands with a team's notices.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notices)]
pub(crate) struct Shown {
    /// The Monday of this week, where the team's clock is read.
    week: String,
    /// The most digests of a week, and how many there were.
    budget: u32,
    // Counted for who may see the whole team: it says something of all its systems.
    digests: u32,
    /// How often somebody was told *now*, with what went to further people.
    alarms: u32,
    /// Whether anybody is told what is *now*.
    tells_at_once: bool,
    /// What waits to be told, and what is *now*: the gravest first, at most 500.
    things: Vec<Thing>,
    /// How many there are beyond.
    more: usize,
}

/// Something to do.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoticeThing)]
struct Thing {
    item: String,
    title: String,
    detail: String,
    act: String,
    link: String,
    findings: usize,
    since: String,
    /// Since when the charter calls it *now*.
    #[serde(skip_serializing_if = "Option::is_none")]
    now: Option<String>,
    /// When somebody said that they have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    acknowledged: Option<String>,
    /// Why it is not told yet, in words. If absent: it was told.
    #[serde(skip_serializing_if = "Option::is_none")]
    held: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

fn thing(of: &Standing, is: &Pending) -> Thing {
    let told = Told::of(&is.told);
    let why = of.why_held(&is.item);
    Thing {
        item: is.item.clone(),
        title: told.title,
        detail: told.detail,
        act: told.act,
        link: told.link,
        findings: told.findings,
        since: is.since.to_string(),
        now: is.urgent.map(|at| at.to_string()),
        acknowledged: is.acknowledged.as_ref().filter(|_| !is_open(is)).map(|a| a.0.to_string()),
        held: why.map(|(words, _)| words),
        until: why.and_then(|(_, until)| until).map(|at| at.to_string()),
    }
}

/// What waits to be told and what is *now*, as far as somebody may see it, the gravest first.
pub(crate) fn waiting<'s>(who: &Who, team: i64, is: &'s Standing) -> Vec<(&'s Pending, Told)> {
    let sent: HashSet<&str> =
        is.decided.send.iter().flat_map(|m| m.keys.iter().map(|key| &**key)).collect();
    let wanted = |of: &&Pending| {
        let open = of.urgent.is_some() || is.decided.held.contains_key(of.item.as_str());
        open || sent.contains(of.item.as_str())
    };
    let all = is.pending.iter().filter(wanted).map(|of| (of, Told::of(&of.told)));
    let mut all: Vec<(&Pending, Told)> =
        all.filter(|(_, told)| may_see(who, team, told.system)).collect();
    all.sort_by_cached_key(|(of, told)| (!is_open(of), told.rank()));
    all
}

/// How it stands with a team's notices: what waits and why, and how much it was told this week.
#[utoipa::path(get, path = "/api/v1/teams/{id}/notices", tag = "notices",
    params(("id" = i64, Path)), responses((status = 200, body = Shown)))]
pub(crate) async fn get(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Shown>, Problem> {
    find(&app, &who, id).await?;
    let is = standing::of(&app, who.org, id, app.now()).await?;
    let noise = is.noise.get(&is.week).copied().filter(|_| may_see(&who, id, None));
    let noise = noise.unwrap_or_default();
    let all = waiting(&who, id, &is);
    Ok(Json(Shown {
        week: is.week.to_string(),
        budget: is.wishes.budget,
        digests: noise.digests,
        alarms: noise.alarms,
        tells_at_once: is.wished.is_some() && is.tells,
        things: all.iter().take(MOST).map(|(of, _)| thing(&is, of)).collect(),
        more: all.len().saturating_sub(MOST),
    }))
}

/// Which part of the list.
#[derive(Debug, Default, Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Asked {
    /// The `next` of the page before.
    pub(crate) after: Option<String>,
    /// How many, 1 to 500.
    pub(crate) limit: Option<usize>,
}

/// A letter that was begun.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoticeLetter)]
pub(crate) struct ShownLetter {
    id: i64,
    team: i64,
    /// `digest`, `now`, `second` or `third`: which circle was told.
    why: String,
    at: String,
    /// What it tells of, as far as one may see it.
    things: Vec<ShownThing>,
    /// How many more it told of.
    more: usize,
    copies: Vec<Copy>,
}

#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoticeLetterThing)]
struct ShownThing {
    item: String,
    title: String,
    detail: String,
    act: String,
    link: String,
}

/// A copy of a letter.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoticeCopy)]
struct Copy {
    channel: String,
    to: String,
    /// `begun`, `sent`, `later`, `refused` or `unknown`.
    state: &'static str,
    tries: i64,
    changed: String,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    next: Option<String>,
    /// Why it was not taken.
    #[serde(skip_serializing_if = "String::is_empty")]
    detail: String,
}

/// What somebody may see of a letter.
pub(crate) fn seen(who: &Who, letter: &Letter) -> Said {
    Said::of(&letter.is.told).seen_by(|system| may_see(who, letter.is.team, system))
}

/// Whether somebody may see anything of a letter; who may see the whole team knows of each.
pub(crate) fn is_theirs(who: &Who, letter: &Letter) -> bool {
    may_see(who, letter.is.team, None) || seen(who, letter).count() > 0
}

fn shown(who: &Who, letter: &Letter) -> ShownLetter {
    let said = seen(who, letter);
    let thing = |of: &crate::notices::letters::Named| ShownThing {
        item: of.item.clone(),
        title: of.told.title.clone(),
        detail: of.told.detail.clone(),
        act: of.told.act.clone(),
        link: of.told.link.clone(),
    };
    // Who gets mail is known to those who chose it.
    let wishes = may_wish(who, letter.is.team);
    let copy = |is: &trimtab_store::Recipient| Copy {
        channel: is.to.channel.clone(),
        to: if wishes { is.to.address.clone() } else { String::new() },
        state: is.became.as_str(),
        tries: is.tries,
        changed: is.changed.to_string(),
        next: is.next.map(|at| at.to_string()),
        detail: if wishes { is.detail.clone() } else { String::new() },
    };
    ShownLetter {
        id: letter.id,
        team: letter.is.team,
        why: letter.is.why.clone(),
        at: letter.at.to_string(),
        things: said.named.iter().map(thing).collect(),
        more: said.more(),
        copies: letter.copies.iter().map(copy).collect(),
    }
}

/// Letters to a team, the newest first.
#[utoipa::path(get, path = "/api/v1/teams/{id}/notices/sent", tag = "notices",
    params(("id" = i64, Path), Asked), responses((status = 200, body = Listed<ShownLetter>)))]
pub(crate) async fn sent(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Result<Json<Listed<ShownLetter>>, Problem> {
    find(&app, &who, id).await?;
    let after = cursor(asked.after.as_deref())?;
    let page = app.store.letters(who.org, id, after, limit(asked.limit)).await?;
    let theirs = page.rows.iter().filter(|letter| is_theirs(&who, letter));
    let rows = theirs.map(|letter| shown(&who, letter)).collect();
    Ok(Json(Listed { rows, next: page.next.map(Cursor::to_text) }))
}

/// A letter of a team that they may see.
///
/// # Errors
/// There is none.
pub(crate) async fn letter_of(app: &App, who: &Who, id: i64) -> Result<(Letter, Team), Problem> {
    let missing = || Problem::not_found("notice");
    let letter = app.store.letter(who.org, id).await?;
    let letter = letter.filter(|letter| is_theirs(who, letter)).ok_or_else(missing)?;
    let (team, _) = find(app, who, letter.is.team)
        .await
        .map_err(|problem| if problem.status == 404 { missing() } else { problem })?;
    Ok((letter, team))
}

/// A letter, with what it told of and what became of its copies.
#[utoipa::path(get, path = "/api/v1/notices/{id}", tag = "notices",
    params(("id" = i64, Path)), responses((status = 200, body = ShownLetter)))]
pub(crate) async fn one(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<ShownLetter>, Problem> {
    let (letter, _) = letter_of(&app, &who, id).await?;
    Ok(Json(shown(&who, &letter)))
}

/// How many were meant.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoticeAcknowledged)]
pub(crate) struct Acknowledged {
    /// How many things that are *now* and that nobody had said so of.
    acknowledged: u64,
}

/// Says that one has what a letter told of and the charter calls *now*: nobody further is told of it.
#[utoipa::path(post, path = "/api/v1/notices/{id}/acknowledgement", tag = "notices",
    params(("id" = i64, Path)), responses((status = 200, body = Acknowledged)))]
pub(crate) async fn acknowledge(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Acknowledged>, Problem> {
    let (letter, team) = letter_of(&app, &who, id).await?;
    if !is_alarm(&letter) {
        return Err(Problem::invalid("It is not about anything that needs immediate work."));
    }
    let count = standing::acknowledge(&app, &who, team.id, &letter.is.items).await?;
    Ok(Json(Acknowledged { acknowledged: count }))
}

/// How many are sent again.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NoticeAgain)]
pub(crate) struct Again {
    copies: u64,
}

/// Has copies of a letter sent again that were refused, or of which nobody knows whether they were taken.
#[utoipa::path(post, path = "/api/v1/notices/{id}/again", tag = "notices",
    params(("id" = i64, Path)), responses((status = 200, body = Again)))]
pub(crate) async fn again(
    State(app): State<App>,
    who: Who,
    Path(id): Path<i64>,
) -> Result<Json<Again>, Problem> {
    let (letter, team) = letter_of(&app, &who, id).await?;
    Ok(Json(Again { copies: send_again(&app, &who, &team, &letter).await? }))
}

/// The same for the pages.
///
/// # Errors
/// They may not, or the store does not answer.
pub(crate) async fn send_again(
    app: &App,
    who: &Who,
    team: &Team,
    letter: &Letter,
) -> Result<u64, Problem> {
    if !may_wish(who, team.id) {
        return Err(Problem::forbidden(Action::Pace));
    }
    let now = app.now();
    let wished = app.store.wishes(who.org, team.id).await?;
    let wishes = wished.as_ref().map(|w| Wishes::of(&w.told)).unwrap_or_default();
    let to = to_channel_of(app, &wishes);
    let count = app.store.send_again(who.org, letter.id, &to, &who.actor(), now).await?;
    if count > 0 {
        app.store.add_job(&notify::at_once(who.org, now), now).await?;
        app.work.notify_one();
    }
    Ok(count)
}

/// Whether a letter was about what is *now*.
pub(crate) fn is_alarm(letter: &Letter) -> bool {
    why_of(&letter.is.why) != trimtab_engine::notices::Why::Digest
}

/// Whether they may say that they have what a letter told of.
pub(crate) fn may_answer(who: &Who, letter: &Letter) -> bool {
    let on = |system| On { system, team: Some(letter.is.team) };
    let said = Said::of(&letter.is.told);
    is_alarm(letter) && said.named.iter().any(|of| who.may(Action::Acknowledge, on(of.told.system)))
}
