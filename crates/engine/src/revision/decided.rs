//! What a change does to decisions: which of them are new, changed, or gone.

use jiff::civil::Date;
use trimtab_charter::strictness::Direction;
use trimtab_model::decision::{Exception, NotAffected, Reach, Signatory};

use super::{Fact, fact};
use crate::repository::Agreement;

/// A decision of either kind. Its place in its file is left out, because it means nothing.
#[derive(PartialEq)]
struct Decision<'d> {
    noun: &'static str,
    id: &'d str,
    reach: &'d Reach,
    author: &'d Signatory,
    approver: Option<&'d Signatory>,
    created: Option<Date>,
    expires: Option<Date>,
    /// What its holding may rest on: the control, the justification.
    ground: Option<&'d str>,
    /// What is for people only.
    words: [Option<&'d str>; 2],
}

impl<'d> From<&'d Exception> for Decision<'d> {
    fn from(e: &'d Exception) -> Self {
        Decision {
            noun: "exception",
            id: &e.id,
            reach: &e.reach,
            author: &e.author,
            approver: e.approver.as_ref(),
            created: e.created,
            expires: e.expires,
            ground: e.control.as_deref(),
            words: [Some(&e.reason), e.ticket.as_deref()],
        }
    }
}

impl<'d> From<&'d NotAffected> for Decision<'d> {
    fn from(d: &'d NotAffected) -> Self {
        Decision {
            noun: "decision \"not affected\"",
            id: &d.id,
            reach: &d.reach,
            author: &d.author,
            approver: d.approver.as_ref(),
            created: d.created,
            expires: d.expires,
            ground: Some(d.justification.as_str()),
            words: [Some(&d.reason), d.evidence.as_deref()],
        }
    }
}

impl Decision<'_> {
    fn about(&self) -> String {
        let package = self.reach.package.as_ref().map(ToString::to_string);
        let parts = [self.reach.vulnerability.as_deref().map(str::to_owned), package];
        parts.into_iter().flatten().collect::<Vec<_>>().join(" in ")
    }

    fn told(&self) -> String {
        let until = self.expires.map_or("without end".to_owned(), |day| format!("until {day}"));
        format!("{} {} ({}, {until})", self.noun, self.id, self.about())
    }

    fn last(&self) -> Date {
        self.expires.unwrap_or(Date::MAX)
    }

    /// Whether it holds for nothing that `old` did not hold for.
    fn within(&self, old: &Decision<'_>) -> bool {
        self.reach == old.reach
            && self.author == old.author
            && (self.approver.is_none() || self.approver == old.approver)
            && self.created == old.created
            && self.last() <= old.last()
            && self.ground == old.ground
    }
}

/// What is said otherwise.
pub(super) fn facts(before: &Agreement, after: &Agreement) -> Vec<Fact> {
    let mut all = of_kind(&before.exceptions, &after.exceptions);
    all.extend(of_kind(&before.not_affected, &after.not_affected));
    all
}

fn of_kind<'d, D>(before: &'d [D], after: &'d [D]) -> Vec<Fact>
where
    Decision<'d>: From<&'d D>,
{
    let old: Vec<Decision<'d>> = before.iter().map(Into::into).collect();
    let new: Vec<Decision<'d>> = after.iter().map(Into::into).collect();
    let mut facts = Vec::new();
    for now in &new {
        let told = now.told();
        match old.iter().find(|was| was.id == now.id) {
            None if now.approver.is_none() => {
                facts.push(fact(Direction::Unclear, format!("{told} is asked for")));
            }
            None => facts.push(fact(Direction::Loosens, format!("{told} is new"))),
            Some(was) if was == now => {}
            Some(was) => {
                let way = if now.within(was) { Direction::Unclear } else { Direction::Loosens };
                facts.push(fact(way, format!("{told} says something different")));
            }
        }
    }
    for was in old.iter().filter(|was| !new.iter().any(|now| now.id == was.id)) {
        let told = format!("{} {} ({}) is gone", was.noun, was.id, was.about());
        facts.push(fact(Direction::Tightens, told));
    }
    facts
}
