//! The tests of a project without a batch that is taken back; where they do not pass, also with it: whoever takes a batch back
//! may do so because they fail.

use trimtab_connect::apply::{
    Command, Confinement, Difference, Judgement, Limits, Tree, Trial, difference, prepare, trial,
};
use trimtab_model::Diagnostic;
use trimtab_report::one_line;

use crate::commands::apply::PULSE;
use crate::io::Io;
use crate::progress::Pulse;

/// The most tests that are named.
const NAMED: usize = 5;

/// What tests say.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Told {
    pub(super) judgement: Judgement,
    /// Why, in words.
    pub(super) why: String,
}

impl Told {
    fn of(is: &Difference) -> Told {
        let names: Vec<String> = is.broken.iter().take(NAMED).map(|name| one_line(name)).collect();
        let more = match is.broken.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        // What is told of an update is told of what undoes one.
        let why = one_line(&is.why.replace("the update", "the rollback"));
        let why = match names.is_empty() {
            true => why,
            false => format!("{why}: {}{more}", names.join(", ")),
        };
        Told { judgement: is.judgement, why }
    }
}

/// Runs tests in a copy that is at the commit which takes the batch back, and leaves it there.
///
/// # Errors
/// Git fails.
pub(super) fn tested(
    tree: &Tree,
    reverted: &str,
    command: &Command,
    limits: &Limits,
    io: &mut Io,
) -> Result<Told, Diagnostic> {
    let (confinement, pulse) = (Confinement::here(), Pulse::new(PULSE, |text| eprintln!("{text}")));
    let mut run = |what: &str| {
        io.err(&format!("{what} …\n"));
        pulse.next(what);
        let ran = match prepare(command, &confinement, limits) {
            Ok(()) => trial(tree, command, &confinement, limits),
            Err(why) => Trial::not_run(&why),
        };
        pulse.rest();
        ran
    };
    let without = run("Testing without the batch");
    if without.ended.is_well() {
        let why = "the tests pass without the batch".to_owned();
        return Ok(Told { judgement: Judgement::Unharmed, why });
    }
    tree.back_to(tree.base())?;
    let with = run("Testing with the batch");
    tree.back_to(reverted)?;
    let mut told = difference(&with, &without);
    if told.judgement == Judgement::Broke {
        // A test may fail once and pass again.
        let again = difference(&with, &run("Testing without the batch again"));
        if again.judgement == Judgement::Unharmed {
            told = again;
        }
    }
    Ok(Told::of(&told))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_fails_is_named_and_told_of_the_rollback() {
        let told = |why: &str, broken: usize| {
            Told::of(&Difference {
                judgement: Judgement::Broke,
                why: why.to_owned(),
                broken: (1..=broken).map(|n| format!("test {n}").into()).collect(),
                before: Vec::new(),
                mended: Vec::new(),
                gone: Vec::new(),
            })
            .why
        };
        let why = told("7 tests fail that did not before", 7);
        assert_eq!(
            why,
            "7 tests fail that did not before: test 1, test 2, test 3, test 4, test 5 and 2 more"
        );
        let why = told("the tests were stopped at the time limit before the update too", 0);
        assert_eq!(why, "the tests were stopped at the time limit before the rollback too");
    }
}
