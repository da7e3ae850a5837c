//! Boards that are mailed: people ask for it for themselves, and at each time a board is sent as they may see it then.

use trimtab_connect::notify::{Mail, NotSent, Written};
use trimtab_engine::rhythm::Rhythm;
use trimtab_model::Role;
use trimtab_report::minutes::{Document, html, plain};
use trimtab_store::{Became, BoardMail, Org, StoreError};

use crate::access::{Action, Who, who};
use crate::api::findings::{WEEK, seen};
use crate::ingest::{Refused, blocking};
use crate::jobs::mail_boards;
use crate::notices::post::{NO_MAIL, PATIENCE};
use crate::problem::Problem;
use crate::sharing;
use crate::state::App;
use crate::web::board::{address, as_document};

/// Has the board of a side mailed to who asks, from now on.
///
/// # Errors
/// They may see nothing, or the hour is none.
pub(crate) async fn set(
    app: &App,
    who: &Who,
    side: Role,
    rhythm: Rhythm,
    hour: i8,
) -> Result<(), Problem> {
    // It would outlive the token: people ask for it.
    if who.session.is_none() {
        return Err(Problem::forbidden(Action::View));
    }
    seen(who)?;
    let now = app.now();
    let next = rhythm.next(hour, now).ok_or_else(|| Problem::invalid("`hour` is 0 to 23."))?;
    let is = BoardMail {
        person: who.person.id,
        side: side.as_str().to_owned(),
        rhythm: rhythm.word(),
        hour: i64::from(hour),
        next,
    };
    let kept = app.store.board_mail(who.org, is.person, &is.side).await?;
    if kept.is_some_and(|kept| kept.rhythm == is.rhythm && kept.hour == is.hour) {
        return Ok(());
    }
    app.store.set_board_mail(who.org, &is, &who.actor(), now).await?;
    app.store.add_job(&mail_boards::next(who.org, now), now).await?;
    Ok(())
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
pub(crate) fn words((rhythm, hour): (Rhythm, i8)) -> String {
    format!("{} at {hour:02}:00 UTC", rhythm.words())
}

/// Mails a board that is due, and notes what became of it. `None`: another does.
///
/// # Errors
/// The store does not answer. What was claimed then stays begun, and is not sent again.
pub(crate) async fn mail(app: &App, org: Org, is: &BoardMail) -> Result<Option<Became>, Refused> {
    let now = app.now();
    let next = kept(is).and_then(|(rhythm, hour)| rhythm.next(hour, now));
    if !app.store.claim_board_mail(org, is, next.unwrap_or(now + WEEK), now).await? {
        return Ok(None);
    }
    let outcome = match read_as(app, org, is).await? {
        Err(why) => Err(NotSent::Refused(why)),
        Ok((to, document)) => sent(app, org, is, to, document).await?,
    };
    let (became, detail) = match outcome {
        Ok(()) => (Became::Sent, String::new()),
        Err(NotSent::Unknown(why)) => (Became::Unknown, why),
        Err(NotSent::Later(why, _) | NotSent::Refused(why)) => (Became::Refused, why),
    };
    if became != Became::Sent {
        tracing::warn!(is.person, is.side, detail, "a board was not mailed");
    }
    app.store.end_board_run(org, is, (became, &detail), app.now()).await?;
    Ok(Some(became))
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
    let read = async {
        let who = who::of(app, org, person.id, None, None).await?;
        as_document(app, &who, side).await
    };
    let mut document = match read.await {
        Ok(document) => document,
        Err(problem) if problem.status == 403 => {
            return Ok(Err("nothing may be seen there any longer".to_owned()));
        }
        Err(problem) => return Ok(Err(format!("it could not be read: {}", problem.detail))),
    };
    let when = kept(is).map_or_else(String::new, |when| format!(" {}", words(when)));
    let page = address(app, side);
    document.lines.push(format!("You asked for it{when}; change or end that at {page}/mail"));
    Ok(Ok((person.email, document)))
}

async fn sent(
    app: &App,
    org: Org,
    is: &BoardMail,
    to: String,
    document: Document,
) -> Result<Result<(), NotSent>, Refused> {
    let mail = app.settings.notices.mail.clone();
    let id = format!("board.{}.{}.{}.{}", org.0, is.person, is.side, is.next.as_second());
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
