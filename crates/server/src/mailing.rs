//! Boards that are mailed: people ask for it for themselves, and at each time a board is sent as they may see it then.

use jiff::tz::TimeZone;
use trimtab_connect::notify::{Mail, NotSent, Written};
use trimtab_engine::rhythm::Rhythm;
use trimtab_model::Role;
use trimtab_report::minutes::{Document, html, plain};
use trimtab_store::{Became, BoardMail, BoardRun, Org, ScopeOf, StoreError, Token};

use crate::access::{Action, On, Who, who};
use crate::api::findings::{WEEK, seen};
use crate::ingest::{Refused, blocking};
use crate::jobs::mail_people;
use crate::notices::own::{became, is_zone, must_be_here};
use crate::notices::post::{NO_MAIL, PATIENCE, here};
use crate::problem::Problem;
use crate::sharing;
use crate::state::App;
use crate::web::board::{address, as_document};

/// How a board is to be mailed.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) rhythm: Rhythm,
    /// A full hour, where the reader's clock is read.
    pub(crate) hour: i8,
    /// A name of the time zone database.
    pub(crate) zone: String,
    /// Of a team alone; `None`: of all that its reader may see.
    pub(crate) team: Option<i64>,
}

/// Has the board of a side mailed to who asks, from now on.
///
/// # Errors
/// They may see nothing of it, or something is not right.
pub(crate) async fn set(
    app: &App,
    who: &Who,
    side: Role,
    wanted: Wanted,
) -> Result<BoardMail, Problem> {
    // It would outlive the token: people ask for it.
    must_be_here(who)?;
    seen(who)?;
    if let Some(team) = wanted.team {
        let there = app.store.teams(who.org).await?.iter().any(|is| is.id == team);
        if !there || !who.may(Action::View, On { system: None, team: Some(team) }) {
            return Err(Problem::not_found("team"));
        }
    }
    if !is_zone(&wanted.zone) {
        let text = "`zone` must be a time zone name such as Europe/Berlin.";
        return Err(Problem::invalid(text));
    }
    let now = app.now();
    let next = wanted.rhythm.next((wanted.hour, &zone(&wanted.zone)), now);
    let is = BoardMail {
        person: who.person.id,
        side: side.as_str().to_owned(),
        rhythm: wanted.rhythm.word(),
        hour: i64::from(wanted.hour),
        zone: wanted.zone,
        team: wanted.team,
        next: next.ok_or_else(|| Problem::invalid("`hour` must be 0 to 23."))?,
    };
    let kept = app.store.board_mail(who.org, is.person, &is.side).await?;
    if let Some(kept) = kept.filter(|kept| *kept == BoardMail { next: kept.next, ..is.clone() }) {
        return Ok(kept);
    }
    app.store.set_board_mail(who.org, &is, &who.actor(), now).await?;
    mail_people::ask(app, who.org).await?;
    Ok(is)
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap_or(TimeZone::UTC)
}

/// No longer mails it to them.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn end(app: &App, who: &Who, side: Role) -> Result<(), Problem> {
    let of = (who.person.id, side.as_str());
    app.store.end_board_mail(who.org, of, &who.actor(), app.now()).await?;
    Ok(())
}

/// When a board comes, as it is kept.
pub(crate) fn kept(is: &BoardMail) -> Option<(Rhythm, i8)> {
    Some((Rhythm::from_word(&is.rhythm)?, i8::try_from(is.hour).ok()?))
}

/// The same in words.
pub(crate) fn words(is: &BoardMail) -> String {
    let often = Rhythm::from_word(&is.rhythm).map(Rhythm::words).unwrap_or_default();
    format!("{often} at {:02}:00 {}", is.hour, is.zone)
}

/// Mails a board that is due, and notes what became of it. `None`: another does.
///
/// # Errors
/// The store does not answer. What was claimed then stays begun, and is not sent again.
pub(crate) async fn mail(app: &App, org: Org, is: &BoardMail) -> Result<Option<Became>, Refused> {
    let now = app.now();
    let next = kept(is).and_then(|(often, hour)| often.next((hour, &zone(&is.zone)), now));
    if !app.store.claim_board_mail(org, is, next.unwrap_or(now + WEEK), now).await? {
        return Ok(None);
    }
    app.store.flush().await?;
    finish(app, org, is, 1).await.map(Some)
}

/// Mails one once more that was not taken, as it is at this time.
///
/// # Errors
/// As [`mail`].
pub(crate) async fn again(
    app: &App,
    org: Org,
    (is, run): (&BoardMail, &BoardRun),
) -> Result<Option<Became>, Refused> {
    if !app.store.begin_board_run_again(org, (is, run), app.now()).await? {
        return Ok(None);
    }
    app.store.flush().await?;
    finish(app, org, is, run.tries + 1).await.map(Some)
}

async fn finish(app: &App, org: Org, is: &BoardMail, tries: i64) -> Result<Became, Refused> {
    let outcome = match read_as(app, org, is).await? {
        Err(why) => Err(NotSent::Refused(why)),
        Ok((to, document)) => sent(app, org, is, to, document).await?,
    };
    let now = app.now();
    let (became, again, detail) = became(outcome, tries, now);
    if became != Became::Sent {
        tracing::warn!(is.person, is.side, detail, "a board could not be mailed");
    }
    app.store.end_board_run(org, is, (became, again, &detail), now).await?;
    Ok(became)
}

/// The board as the person may see it now, and their address; or why they see none.
async fn read_as(
    app: &App,
    org: Org,
    is: &BoardMail,
) -> Result<Result<(String, Document), String>, StoreError> {
    let Ok(side) = sharing::side(&is.side) else {
        return Ok(Err("there is no such board".to_owned()));
    };
    // As the store has them now, not as they were when they asked.
    let Some(person) = app.store.person(org, is.person).await?.filter(|p| !p.disabled) else {
        return Ok(Err("the account is closed".to_owned()));
    };
    let teams = app.store.teams(org).await?;
    let team = is.team.map(|id| teams.into_iter().find(|team| team.id == id).ok_or(id));
    let Ok(team) = team.transpose() else {
        return Ok(Err("the team is gone".to_owned()));
    };
    let scope = team.as_ref().map(|team| ScopeOf::Team(team.id));
    let read = async {
        // Read by who may look, and only within the team that was chosen.
        let narrowed = scope.map(|scope| looking(org, is, scope));
        let who = who::of(app, org, person.id, None, narrowed).await?;
        if let Some(scope) = scope {
            who.must(Action::View, sharing::reach(scope))?;
        }
        as_document(app, &who, side).await
    };
    let mut document = match read.await {
        Ok(document) => document,
        Err(problem) if problem.status == 403 => {
            return Ok(Err("the account may no longer see anything there".to_owned()));
        }
        Err(problem) => return Ok(Err(format!("could not read it: {}", problem.detail))),
    };
    if let Some(team) = team {
        document.title = format!("{} of {}", document.title, team.name);
    }
    let page = address(app, side);
    let text = format!("You get this {}; change or stop it at {page}/mail", words(is));
    document.lines.push(text);
    Ok(Ok((person.email, document)))
}

/// A right to look, within a scope.
fn looking(org: Org, is: &BoardMail, scope: ScopeOf) -> Token {
    Token {
        id: 0,
        org,
        name: String::new(),
        person: is.person,
        actions: vec![Action::View.as_str().to_owned()],
        scope,
        created: is.next,
        expires: is.next,
        revoked: None,
        used: None,
        hook: None,
    }
}

async fn sent(
    app: &App,
    org: Org,
    is: &BoardMail,
    to: String,
    document: Document,
) -> Result<Result<(), NotSent>, Refused> {
    let mail = app.settings.notices.mail.clone();
    let here = here(app, org).await?;
    let id = format!("board.{here}.{}.{}.{}", is.person, is.side, is.next.as_second());
    blocking(move || {
        let server = mail.ok_or_else(|| NotSent::Refused(NO_MAIL.to_owned()))?;
        let at = (server.host.as_str(), server.port);
        let from_to = (server.from.as_str(), to.as_str());
        let news = document.lines.first().map_or("", String::as_str);
        let subject = format!("{}: {news}", document.title);
        let (text, html) = (plain(&document), html(&document));
        let written = Written { id: &id, subject: &subject, text: &text, html: &html };
        Mail::new(at, server.security, server.login, from_to, PATIENCE)?.send_written(&written)
    })
    .await
}
