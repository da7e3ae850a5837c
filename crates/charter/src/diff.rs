//! What changed between two charters: the facts that one states and the other does not.

use trimtab_model::charter::Charter;

use crate::strictness::{Direction, direction};
use crate::tell::{Fact, facts};

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The heading.
    pub part: &'static str,
    /// What it is about.
    pub about: String,
    /// What the charter said before. `None`: nothing.
    pub before: Option<String>,
    /// What the charter says now. `None`: nothing.
    pub after: Option<String>,
    /// What that does.
    pub direction: Direction,
}

/// The changes from one charter to another, in the order of telling.
pub fn changes(before: &Charter, after: &Charter) -> Vec<Change> {
    let (old, new) = (facts(before), facts(after));
    let same = |a: &Fact, b: &Fact| a.part == b.part && a.about == b.about;
    let mut changes = Vec::new();
    for fact in &new {
        let was = old.iter().find(|f| same(f, fact));
        if was.is_none_or(|was| was.says != fact.says) {
            changes.push(Change {
                part: fact.part,
                about: fact.about.clone(),
                before: was.map(|f| f.says.clone()),
                after: Some(fact.says.clone()),
                direction: direction(was.map(|f| &f.measure), Some(&fact.measure)),
            });
        }
    }
    for fact in old.iter().filter(|f| !new.iter().any(|n| same(n, f))) {
        changes.push(Change {
            part: fact.part,
            about: fact.about.clone(),
            before: Some(fact.says.clone()),
            after: None,
            direction: direction(Some(&fact.measure), None),
        });
    }
    changes
}

#[cfg(test)]
mod tests {
    use crate::preset;
    use crate::strictness::Direction;

    #[test]
    fn only_what_changed_is_told() {
        let (a, b) = (preset::get("framework").unwrap(), preset::get("swift").unwrap());
        assert_eq!(super::changes(&a, &a), []);
        let changes = super::changes(&a, &b);
        let critical = changes.iter().find(|c| c.about == "critical in production").unwrap();
        assert_eq!(
            (critical.before.as_deref(), critical.after.as_deref()),
            (Some("72 hours"), Some("48 hours"))
        );
        assert!(changes.iter().all(|c| !c.about.starts_with("low in production")));
        // A shorter deadline tightens, and the way back loosens.
        assert_eq!(critical.direction, Direction::Tightens);
        let back = super::changes(&b, &a);
        let critical = back.iter().find(|c| c.about == "critical in production").unwrap();
        assert_eq!(critical.direction, Direction::Loosens);
        // Both ways tell the same things.
        assert_eq!(super::changes(&b, &a).len(), changes.len());
    }
}
