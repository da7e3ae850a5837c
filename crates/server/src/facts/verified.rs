//! Whether the ledger holds, a part at a time: no request reads a ledger of millions.

use trimtab_store::Verified;

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
