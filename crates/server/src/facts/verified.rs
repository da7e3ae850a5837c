//! Whether the ledger holds, a part at a time: no request reads a ledger of millions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};
use trimtab_engine::maturity::{Counted, Known};
use trimtab_store::{Org, Proof, Verified};

use crate::access::{Action, On, Who};
use crate::problem::Problem;
use crate::state::App;

/// How many entries are verified at once.
pub(crate) const PART: usize = 50_000;

/// What was found so far.
pub(crate) struct Held {
    pub(crate) is: Verified,
    /// From where to go on. `None`: it was verified to its end, or to where it breaks.
    pub(crate) next: Option<String>,
}

/// Verifies a part of the ledger: from the beginning, or from the `next` of the part before. The seal in it is what
/// the next part goes on from, so that what was verified and what comes hang together.
///
/// # Errors
/// They may not, `after` is none that was given out, or it is being verified already.
pub(crate) async fn verify(
    app: &App,
    who: &Who,
    after: Option<&str>,
    part: usize,
) -> Result<Held, Problem> {
    who.must(Action::Audit, On::ALL)?;
    let from =
        match after.filter(|after| !after.is_empty()) {
            None => None,
            Some(text) => Some(place(text).ok_or_else(|| {
                Problem::invalid("`after` is not a `next` value of an earlier page")
            })?),
        };
    let Some(_doing) = app.verifying.begin(who.org) else {
        let detail = "The ledger is already being verified: wait for the result.";
        return Err(Problem::conflict(detail));
    };
    let is = app.store.verify_ledger_from(who.org, from, part).await?;
    let goes_on = !is.is_whole && is.broken.is_none();
    let next = goes_on.then(|| format!("{}.{}", is.seq, is.hash));
    Ok(Held { is, next })
}

/// What this process knows of each organisation's ledger.
pub(crate) type Seals = Arc<Mutex<HashMap<Org, Found>>>;

/// For how long a pass is gone on with; then it begins again, for what was changed in the middle.
const PASS: SignedDuration = SignedDuration::from_hours(24);
/// How often it is gone on with for who may not read the ledger.
const SELDOM: SignedDuration = SignedDuration::from_secs(60);

/// How far a ledger was found to hold.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// Up to where, in this pass: the entry, and its seal.
    place: Option<(i64, String)>,
    /// When this pass began, and was gone on with last.
    began: Timestamp,
    read: Timestamp,
    /// How many entries there are.
    entries: i64,
    /// What the last pass came to that ended: whether it holds, and since when that is known.
    holds: Option<(bool, Timestamp)>,
}

/// Whether the ledger holds, for who only wants to know that: it goes on where this process ended last, one part and
/// one request at a time, so that a ledger of millions is known after some looks. How long it is, is told to who may
/// read it alone: to others it would tell of what is kept from them.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn so_far(app: &App, who: &Who) -> Result<Known, Problem> {
    let (org, now) = (who.org, app.now());
    let all = who.may(Action::Audit, On::ALL);
    let kept = || app.seals.lock().unwrap_or_else(PoisonError::into_inner).get(&org).cloned();
    // What a job found, in this process or another, is known before anybody looks.
    if kept().is_none()
        && let Some(found) = app.store.proof(org).await?
    {
        app.seals.lock().unwrap_or_else(PoisonError::into_inner).insert(org, found.into());
    }
    let is_new = kept().is_some_and(|found| now.duration_since(found.read).abs() < SELDOM);
    if is_new && !all {
        return Ok(told(kept().as_ref(), all));
    }
    let Some(_doing) = app.verifying.begin(org) else { return Ok(told(kept().as_ref(), all)) };
    let before = kept();
    let found = go_on(app, org, before, now).await?;
    let known = told(Some(&found), all);
    app.seals.lock().unwrap_or_else(PoisonError::into_inner).insert(org, found);
    Ok(known)
}

/// Verifies the ledger on to its end, part by part, and keeps how far it came after each: who looks then knows it. Returns
/// how many parts were read. `None`: somebody else verifies it now.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn read_on(app: &App, org: Org, part: usize) -> Result<Option<usize>, Problem> {
    let Some(_doing) = app.verifying.begin(org) else { return Ok(None) };
    let mut before = app.store.proof(org).await?.map(Found::from);
    let mut parts = 0;
    loop {
        let found = part_on(app, org, before, (part, app.now())).await?;
        parts += 1;
        let place = found.place.as_ref().map_or(0, |(seq, _)| *seq);
        // Broken, or at its end; what comes while it is read waits for the next day.
        let is_over = found.place.is_none() || place >= found.entries;
        app.store.keep_proof(org, &Proof::from(&found)).await?;
        app.seals.lock().unwrap_or_else(PoisonError::into_inner).insert(org, found.clone());
        if is_over {
            return Ok(Some(parts));
        }
        before = Some(found);
    }
}

impl From<Proof> for Found {
    fn from(is: Proof) -> Found {
        let Proof { place, began, read, entries, holds } = is;
        Found { place, began, read, entries, holds }
    }
}

impl From<&Found> for Proof {
    fn from(is: &Found) -> Proof {
        Proof {
            place: is.place.clone(),
            began: is.began,
            read: is.read,
            entries: is.entries,
            holds: is.holds,
        }
    }
}

/// Verifies the next part.
async fn go_on(
    app: &App,
    org: Org,
    before: Option<Found>,
    now: Timestamp,
) -> Result<Found, Problem> {
    part_on(app, org, before, (PART, now)).await
}

/// Verifies so many entries more.
async fn part_on(
    app: &App,
    org: Org,
    before: Option<Found>,
    (part, now): (usize, Timestamp),
) -> Result<Found, Problem> {
    let holds = before.as_ref().and_then(|found| found.holds);
    // A pass that has not ended goes on, however long it takes.
    let is_old = |found: &Found| {
        let ended = found.holds.is_some_and(|(holds, since)| holds && since >= found.began);
        ended && now.duration_since(found.began) >= PASS
    };
    let before = before.filter(|found| !is_old(found));
    let began = before.as_ref().map_or(now, |found| found.began);
    let from = before.and_then(|found| found.place);
    let place = from.as_ref().map(|(seq, hash)| (*seq, hash.as_str()));
    let is = app.store.verify_ledger_from(org, place, part).await?;
    let entries = is.entries;
    if is.broken.is_some() {
        // It is broken until a pass from the beginning ends.
        let holds = Some((false, now));
        return Ok(Found { place: None, began: now, read: now, entries, holds });
    }
    let holds = match holds {
        // What this pass found before still holds, since then.
        Some((true, since)) if is.is_whole && since >= began => Some((true, since)),
        _ if is.is_whole => Some((true, now)),
        kept => kept,
    };
    Ok(Found { place: Some((is.seq, is.hash)), began, read: now, entries, holds })
}

/// What is told of it.
fn told(found: Option<&Found>, all: bool) -> Known {
    let Some(found) = found else {
        return Known::Unknown("The ledger is being verified: look again.".into());
    };
    match (found.holds, &found.place) {
        (Some((holds, since)), _) => {
            let counted = Counted::of(u64::from(holds), 1);
            Known::Counted(Counted { since: Some(since), ..counted })
        }
        (None, Some((seq, _))) if all => {
            let entries = found.entries;
            let part = format!("{seq} of {entries} entries of the ledger were verified so far");
            Known::Unknown(format!("{part}: look again to go on.").into())
        }
        (None, _) => {
            Known::Unknown("The ledger is not verified to its end yet: look again.".into())
        }
    }
}

/// An entry with its seal.
fn place(text: &str) -> Option<(i64, &str)> {
    let (seq, hash) = text.split_once('.')?;
    let seq: i64 = seq.parse().ok().filter(|seq| *seq > 0)?;
    let is_seal = hash.len() == 64 && hash.bytes().all(|b| b.is_ascii_hexdigit());
    is_seal.then_some((seq, hash))
}

#[cfg(test)]
mod tests {
    use jiff::{SignedDuration, Timestamp};
    use trimtab_engine::maturity::{Counted, Known};

    use super::{Found, place, told};

    #[test]
    fn how_long_a_ledger_is_is_told_to_who_may_read_it_alone() {
        let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(1);
        let place = Some((50_000, "ab".repeat(32)));
        let mut found = Found { place, began: now, read: now, entries: 812_345, holds: None };
        let words = |found: Option<&Found>, all: bool| match told(found, all) {
            Known::Unknown(why) => why.to_string(),
            Known::Counted(is) => panic!("{is:?}"),
        };
        assert!(words(Some(&found), true).contains("50000 of 812345"));
        assert!(!words(Some(&found), false).contains(|c: char| c.is_ascii_digit()));
        assert!(!words(None, true).is_empty());
        for holds in [true, false] {
            found.holds = Some((holds, now));
            let is = Counted { since: Some(now), ..Counted::of(u64::from(holds), 1) };
            assert_eq!(told(Some(&found), false), Known::Counted(is));
        }
    }

    #[test]
    fn a_place_is_an_entry_with_its_seal() {
        let seal = "ab".repeat(32);
        assert_eq!(place(&format!("7.{seal}")), Some((7, seal.as_str())));
        let wrong = [
            String::new(),
            "7".to_owned(),
            format!("0.{seal}"),
            format!("-1.{seal}"),
            format!("99999999999999999999.{seal}"),
            format!("7.{seal}0"),
            format!("7.{}", "zz".repeat(32)),
        ];
        for text in wrong {
            assert_eq!(place(&text), None, "{text}");
        }
    }
}
