//! When our own decision *not affected* is in force. These decisions are beside the exceptions in
//! `exceptions.toml`.
//!
//! **Approval.** It needs an approver who is not its author. Security may approve it at every
//! level; so may whoever the charter lets approve an exception at the level that the finding has
//! *without* the decision. Anybody may make it: it requests nothing. The charter's limits of
//! exceptions (days, compensating control) do not apply, because no risk is accepted.
//!
//! **Time.** It ends on its last day, if it has one, and with the next *substantial* change of the
//! advisory, as the statements of suppliers do. Decisions have days, not hours: a change on the
//! same day does not end it.
//!
//! **Conflict.** A supplier who says something graver about the finding takes precedence only if
//! the statement came after the decision: then the decision is not in force until it is made anew,
//! with that known (`vex-conflict`). What was said before, or on the same day, was known to those
//! who decided about their own use of it, and the decision stays in force; the contradicting source
//! is reported beside it. If it is not known who spoke last, the decision is not in force.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use trimtab_model::charter::ExceptionRules;
use trimtab_model::decision::{NotAffected, Statement};
use trimtab_model::{Code, Diagnostic, Level, Role};

use crate::exceptions::{Signed, Standing};
use crate::vex::harmless;

/// A finding, as far as it matters for a decision about it.
#[derive(Debug, Clone, Copy)]
pub struct Case<'c> {
    /// Its level without the decision.
    pub level: Level,
    /// The charter's rules.
    pub rules: &'c ExceptionRules,
    /// The day.
    pub today: Date,
    /// Where days begin.
    pub zone: &'c TimeZone,
    /// When the advisory last changed in substance. `None`: not known, so that nothing is stale.
    pub changed: Option<Timestamp>,
    /// The statements of suppliers that apply to it.
    pub said: &'c [&'c Statement],
}

/// Whether a decision is in force for a finding that it covers.
pub fn holds(decision: &NotAffected, case: &Case<'_>) -> Standing {
    let signed = Signed::from(decision);
    let mut may = vec![Role::Security];
    may.extend(
        case.rules.may_approve[case.level as usize].iter().filter(|r| **r != Role::Security),
    );
    let mut refused = signed.approval(&may, case.level);
    refused.extend(signed.beginning(case.today));
    if let Some(last) = decision.expires.filter(|last| case.today > *last) {
        let message = format!("{} ended on {last} and no longer holds", signed.name());
        let help = "look again, and decide anew: with its own approval";
        refused.push(signed.about(Code::ExceptionExpired, message).help(help));
    }
    refused.extend(stale(decision, case));
    refused.extend(contradicted(decision, case));
    if refused.is_empty() {
        Standing::Held { until: decision.expires, diagnostics: Vec::new() }
    } else {
        Standing::NotHeld { diagnostics: refused }
    }
}

/// The source that says something graver about a finding than *not affected*.
pub fn graver<'s>(said: &'s [&Statement]) -> impl Iterator<Item = &'s Statement> {
    said.iter().copied().filter(|statement| !harmless(statement.status))
}

/// What is found of a decision that covers nothing: that, and what would keep it from holding.
pub fn unused(decision: &NotAffected, rules: &ExceptionRules, today: Date) -> Vec<Diagnostic> {
    let case =
        Case { level: Level::Low, rules, today, zone: &TimeZone::UTC, changed: None, said: &[] };
    let mut all = holds(decision, &case).diagnostics().to_vec();
    all.push(Signed::from(decision).unused());
    all
}

fn day(at: Timestamp, case: &Case<'_>) -> Date {
    at.to_zoned(case.zone.clone()).date()
}

/// That the advisory changed since.
fn stale(decision: &NotAffected, case: &Case<'_>) -> Option<Diagnostic> {
    let changed = day(case.changed?, case);
    let signed = Signed::from(decision);
    let name = signed.name();
    let message = match decision.created {
        Some(made) if made >= changed => return None,
        Some(made) => format!(
            "{name} was made on {made}, and the advisory changed in substance on {changed}: it does not hold"
        ),
        None => format!(
            "{name} does not say since when, and the advisory changed in substance on {changed}: it does not hold"
        ),
    };
    let help =
        "look again; if it is still so, write the day of that in `created` and have it approved";
    Some(signed.about(Code::VexStale, message).help(help))
}

/// That a supplier said something graver since.
fn contradicted(decision: &NotAffected, case: &Case<'_>) -> Option<Diagnostic> {
    let after = |statement: &&Statement| match (decision.created, statement.at) {
        (Some(made), Some(at)) => day(at, case) > made,
        _ => true,
    };
    let statement = graver(case.said).find(after)?;
    let signed = Signed::from(decision);
    let author = statement.author.as_deref().unwrap_or("an author without name");
    let when = statement
        .at
        .map_or(", nobody knows when".to_owned(), |at| format!(" on {}", day(at, case)));
    let message = format!(
        "{author} said{when} that {} is {}, which {} did not know of: it does not hold",
        statement.vulnerability,
        statement.status.as_str().replace('_', " "),
        signed.name(),
    );
    let help = "read what they say; if it is still so, write the day of that in `created` and have it approved";
    Some(signed.about(Code::VexConflict, message).help(help))
}
