//! Deadlines that passed while nothing was done: one thing for a system, which is news of its own. What has to be done
//! about each finding is told beside it, as before.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;
use trimtab_model::Level;
use trimtab_store::{Finding, NewPending};

use super::things::Told;
use crate::access::secret::digest;
use crate::web::today::short;

/// What of a system is past its deadline.
struct Missed<'f> {
    system: (i64, &'f str),
    /// Each with its deadline.
    findings: Vec<(&'f Finding, Timestamp)>,
    /// Which of them the charter calls *now*: that one more of these is late is told at once.
    urgent: Vec<String>,
    /// Which of them people decided to hold back: nobody is told to do these.
    held: BTreeSet<i64>,
}

/// What of some findings that count is past its deadline, by their systems. Of each it is asked whether the charter calls it
/// *now*, and whether people hold it back: what they hold back interrupts nobody.
pub(super) fn of(
    findings: &[Finding],
    (is_urgent, is_held): (impl Fn(&Finding) -> bool, impl Fn(&Finding) -> bool),
    now: Timestamp,
) -> Vec<NewPending> {
    let mut by: BTreeMap<i64, Missed<'_>> = BTreeMap::new();
    for is in findings {
        let due = deadline(is).filter(|due| *due <= now);
        if let (Some((id, name)), Some(due)) = (is.system.as_ref(), due) {
            let none = || Missed {
                system: (*id, name.as_str()),
                findings: Vec::new(),
                urgent: Vec::new(),
                held: BTreeSet::new(),
            };
            let missed = by.entry(*id).or_insert_with(none);
            missed.findings.push((is, due));
            if is_held(is) {
                missed.held.insert(is.id);
            } else if is_urgent(is) {
                missed.urgent.push(is.id.to_string());
            }
        }
    }
    by.into_values().filter_map(Missed::thing).collect()
}

/// When the next deadline of some findings passes.
pub(super) fn next(findings: &[Finding], now: Timestamp) -> Option<Timestamp> {
    findings.iter().filter_map(deadline).filter(|due| *due > now).min()
}

fn deadline(is: &Finding) -> Option<Timestamp> {
    is.weighed.as_ref()?.deadline
}

fn grave(is: &Finding) -> Option<Level> {
    is.weighed.as_ref().map(|w| w.level)
}

impl Missed<'_> {
    fn thing(mut self) -> Option<NewPending> {
        self.urgent.sort_unstable();
        // Of what is to be done the gravest, and of these the one that was due first.
        let all = self.findings.iter().copied();
        let rank = |(is, due): &(&Finding, Timestamp)| {
            (!self.held.contains(&is.id), grave(is), Reverse(*due))
        };
        let (gravest, due) = all.max_by_key(rank)?;
        let newest = self.findings.iter().map(|(_, due)| *due).max()?;
        let first = self.findings.iter().map(|(_, due)| *due).min()?;
        let (id, name) = self.system;
        let title = match self.findings.len() {
            1 => format!("Missed: 1 finding in {name} is past its deadline"),
            more => format!("Missed: {more} findings in {name} are past their deadline"),
        };
        let (package, _) = short(&gravest.package);
        let level = grave(gravest).map_or_else(|| "level unknown".to_owned(), |l| l.to_string());
        let all = self.findings.len();
        let urgent = match self.urgent.len() < all && !self.urgent.is_empty() {
            true => " The charter requires some of them now.",
            false => "",
        };
        let (held, act) = match self.held.len() {
            0 => ("", "Fix them now, or ask for an exception for what has to wait."),
            some if some < all => (
                " Some of them are held back by a decision.",
                "Fix now what is not held back, or ask for an exception for what has to wait.",
            ),
            _ => (
                " All of them are held back by a decision.",
                "Nothing, unless they are to be done earlier: leave them to the plan then.",
            ),
        };
        let told = Told {
            title,
            detail: format!(
                "The gravest: {} in {package} in {} ({level}), due {} UTC.{urgent}{held}",
                gravest.vulnerability.1,
                gravest.asset.1,
                due.strftime("%Y-%m-%d %H:%M")
            ),
            act: act.to_owned(),
            link: format!("/findings?system={id}&counts=true&due=passed"),
            system: Some(id),
            answer: None,
            findings: self.findings.len(),
            level: grave(gravest).map(|level| level as u8),
            due: Some(first.as_second()),
            first: true,
        };
        Some(NewPending {
            item: format!("missed:{id}"),
            // It is news again when a later deadline passes, and not because some of it is fixed.
            mark: digest(&newest.to_string()),
            told: json!(told),
            // Whoever had it before is asked anew: it was not done in time.
            urgent: !self.urgent.is_empty(),
            urgent_of: self.urgent,
        })
    }
}
