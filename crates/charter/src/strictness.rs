//! How strict a term of a charter is, so that two of them can be compared: a change loosens it,
//! tightens it, or it cannot be told.

use trimtab_model::Role;
use trimtab_model::charter::Term;

/// A measure of something that a charter says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Measure {
    /// No measure: it cannot be determined which of two terms is stricter.
    #[default]
    None,
    /// Numbers, each stricter where it is greater.
    Numbers(Vec<i64>),
    /// What is allowed; nothing named: everything is.
    Allowed(Vec<Box<str>>),
    /// What is refused, or not without a look.
    Refused(Vec<Box<str>>),
    /// As [`Measure::Numbers`]; in addition, having the rule at all is stricter than not having it.
    Rule(Vec<i64>),
}

/// What a change does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Direction {
    /// Something that was refused may pass.
    Loosens,
    /// It cannot be determined from the text.
    Unclear,
    /// Nothing passes that was refused.
    Tightens,
}

impl Direction {
    /// The word for people.
    pub const fn as_str(self) -> &'static str {
        match self {
            Direction::Loosens => "loosens",
            Direction::Unclear => "touches",
            Direction::Tightens => "tightens",
        }
    }
}

/// The effect of a change from one measure to another. `None`: it was not set before, or is no
/// longer set.
pub fn direction(before: Option<&Measure>, after: Option<&Measure>) -> Direction {
    use Measure::{Allowed, Numbers, Refused, Rule};
    match (before, after) {
        (None, Some(Rule(_))) => Direction::Tightens,
        (Some(Rule(_)), None) => Direction::Loosens,
        (Some(Numbers(a)), Some(Numbers(b))) | (Some(Rule(a)), Some(Rule(b))) => numbers(a, b),
        (Some(Allowed(a)), Some(Allowed(b))) => match (a.is_empty(), b.is_empty()) {
            (true, true) => Direction::Unclear,
            (false, true) => Direction::Loosens,
            (true, false) => Direction::Tightens,
            // What is allowed anew loosens, whatever else is not any more.
            _ if b.iter().any(|name| !a.contains(name)) => Direction::Loosens,
            _ => Direction::Tightens,
        },
        (Some(Refused(a)), Some(Refused(b))) => {
            let loosens = a.iter().any(|name| !b.contains(name));
            if loosens { Direction::Loosens } else { Direction::Tightens }
        }
        _ => Direction::Unclear,
    }
}

/// One number that falls loosens, whatever the others do.
fn numbers(before: &[i64], after: &[i64]) -> Direction {
    if before.len() != after.len() || before == after {
        return Direction::Unclear;
    }
    let falls = before.iter().zip(after).any(|(a, b)| b < a);
    if falls { Direction::Loosens } else { Direction::Tightens }
}

/// A term: the shorter, the stricter. The due date of a catalogue has no length.
pub(crate) fn term(term: Term, sprint_days: Option<u16>) -> Vec<i64> {
    let hours = match term {
        Term::Hours(n) => i64::from(n),
        Term::Days(n) => i64::from(n) * 24,
        // Five working days are a week.
        Term::WorkingDays(n) => i64::from(n) * 24 * 7 / 5,
        Term::Sprints(n) => i64::from(n) * 24 * i64::from(sprint_days.unwrap_or(14)),
        Term::Opportunistic => i64::MAX / 2,
        Term::Catalogue => return Vec::new(),
    };
    vec![-hours]
}

/// At most so many; `None`: without limit.
pub(crate) fn at_most(most: Option<u32>) -> i64 {
    most.map_or(i64::MIN / 2, |n| -i64::from(n))
}

/// Who may: one number for each role. Nobody named: everybody may.
pub(crate) fn roles(named: &[Role]) -> impl Iterator<Item = i64> {
    let all = named.is_empty();
    Role::ALL.iter().map(move |role| -i64::from(all || named.contains(role)))
}

/// Numbers of the weighing, in millionths.
pub(crate) fn numbers_of(values: &[f64]) -> Vec<i64> {
    values.iter().map(|v| (v * 1e6).round() as i64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn list(names: &[&str]) -> Vec<Box<str>> {
        names.iter().map(|n| (*n).into()).collect()
    }

    #[test]
    fn what_may_pass_anew_loosens() {
        use Direction::{Loosens, Tightens, Unclear};
        use Measure::{Allowed, None, Numbers, Refused, Rule};
        for (before, after, expected) in [
            (Numbers(vec![1, 1]), Numbers(vec![2, 1]), Tightens),
            (Numbers(vec![1, 1]), Numbers(vec![2, 0]), Loosens),
            (Numbers(vec![1]), Numbers(vec![1, 2]), Unclear),
            (Numbers(vec![]), Numbers(vec![1]), Unclear),
            (Allowed(list(&["MIT"])), Allowed(list(&["MIT", "X"])), Loosens),
            (Allowed(list(&["MIT", "X"])), Allowed(list(&["MIT"])), Tightens),
            (Allowed(list(&["MIT"])), Allowed(list(&["X"])), Loosens),
            (Allowed(list(&["MIT"])), Allowed(list(&[])), Loosens),
            (Allowed(list(&[])), Allowed(list(&["MIT"])), Tightens),
            (Refused(list(&["X"])), Refused(list(&["X", "Y"])), Tightens),
            (Refused(list(&["X"])), Refused(list(&["Y"])), Loosens),
            (None, None, Unclear),
        ] {
            assert_eq!(direction(Some(&before), Some(&after)), expected, "{before:?} {after:?}");
        }
        let rule = Rule(vec![0]);
        assert_eq!(direction(Option::None, Some(&rule)), Tightens);
        assert_eq!(direction(Some(&rule), Option::None), Loosens);
        assert!(term(Term::Hours(72), Option::None) < term(Term::Days(2), Option::None));
        assert!(roles(&[]).sum::<i64>() < roles(&[Role::Security]).sum());
    }
}
