//! Whether the ledger holds, a part at a time: no request reads a ledger of millions.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use trimtab_engine::maturity::{Counted, Known};
use trimtab_store::{Org, Verified};

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
    let from = match after.filter(|after| !after.is_empty()) {
        None => None,
        Some(text) => Some(
            place(text)
                .ok_or_else(|| Problem::invalid("`after` is not a `next` that was given out"))?,
        ),
    };
    let Some(_doing) = app.verifying.begin(who.org) else {
        let detail = "It is being verified already: wait for what that says.";
        return Err(Problem::conflict(detail));
    };
    let is = app.store.verify_ledger_from(who.org, from, part).await?;
    let goes_on = !is.is_whole && is.broken.is_none();
    let next = goes_on.then(|| format!("{}.{}", is.seq, is.hash));
    Ok(Held { is, next })
}

/// How far each organisation's ledger was found to hold, by this process: the entry, and its seal.
pub(crate) type Seals = Arc<Mutex<HashMap<Org, (i64, String)>>>;

/// Whether the ledger holds, for who only wants to know that: it goes on where this process ended last, one part at a
/// time, so that a ledger of millions is known after some looks.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn so_far(app: &App, org: Org) -> Result<Known, Problem> {
    let from = app.seals.lock().unwrap_or_else(PoisonError::into_inner).get(&org).cloned();
    let place = from.as_ref().map(|(seq, hash)| (*seq, hash.as_str()));
    let is = app.store.verify_ledger_from(org, place, PART).await?;
    let number = |n: i64| u64::try_from(n).unwrap_or_default();
    if let Some(broken) = &is.broken {
        // Before it all was found to hold.
        app.seals.lock().unwrap_or_else(PoisonError::into_inner).remove(&org);
        let yes = number(broken.seq.saturating_sub(1));
        return Ok(Known::Counted(Counted::of(yes, number(is.entries).max(yes + 1))));
    }
    let held = (is.seq, is.hash);
    app.seals.lock().unwrap_or_else(PoisonError::into_inner).insert(org, held);
    if is.is_whole {
        return Ok(Known::Counted(Counted::of(number(is.seq), number(is.seq))));
    }
    let why = format!(
        "{} of {} entries of the ledger were verified so far: look again to go on.",
        is.seq, is.entries
    );
    Ok(Known::Unknown(why.into()))
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
    use super::place;

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
