//! What goes together may ask for later versions of each other than are asked for: Go names them, and then those are.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use trimtab_connect::update::Scratch;
use trimtab_model::{Diagnostic, Family, Inventory, Proposal};
use trimtab_report::group;

use super::attempt::{Made, Refused};
use super::place::{Key, Place};
use super::search::Search;

/// How often a part is asked for in a later version: a package manager tells one contradiction at a time.
const MOST: usize = 4;
/// The part of the time that is left after which it is not asked for once more.
const SHARE: f64 = 0.4;

impl Search<'_> {
    /// Tries a proposal; where its parts ask for later versions of each other, with those. Otherwise what was asked for in
    /// the end, and why that is refused.
    pub(super) fn agreed(
        &self,
        place: &Place,
        copy: (&Scratch, &Inventory),
        proposal: &Proposal,
        wanted: &BTreeSet<Key>,
    ) -> Result<Result<Made, (Proposal, Refused)>, Diagnostic> {
        let mut asked = proposal.clone();
        let mut first = None;
        // One that is asked for again and again leaves most of the time to others.
        let least = self.trial.left().mul_f64(1.0 - SHARE);
        for _ in 0..=MOST {
            let refused = match self.trial.attempt(place, copy, &asked, wanted)? {
                Ok((made, ..)) => return Ok(Ok(made)),
                Err(refused) => refused,
            };
            match later(place, &asked, &refused) {
                Some(next) => {
                    // What was asked for at first is what is told.
                    first.get_or_insert_with(|| (proposal.clone(), refused));
                    asked = next;
                    if self.trial.left() < least {
                        return Ok(Err((proposal.clone(), Refused::Time)));
                    }
                }
                // They agree, and something else is worse: that may be mended.
                None if matches!(refused, Refused::Worse(_)) => {
                    return Ok(Err((asked, refused)));
                }
                None => return Ok(Err(first.unwrap_or((asked, refused)))),
            }
        }
        Ok(Err(first.unwrap_or((asked, Refused::Time))))
    }
}

/// A proposal with the later versions of its own parts that a refusal of Go names. `None`: it names none.
fn later(place: &Place, proposal: &Proposal, refused: &Refused) -> Option<Proposal> {
    let Refused::Tool(refusal) = refused else { return None };
    if place.tool.id() != "go" {
        return None;
    }
    let blockers = refusal.reason.blockers();
    let mut any = false;
    let parts: Vec<Proposal> = proposal
        .parts()
        .map(|part| {
            let name = match group::name(part.package()) {
                // As Go calls itself.
                name if name == "stdlib" => "go".to_owned(),
                name => name,
            };
            let needed = blockers.iter().filter(|blocker| blocker.needs == name);
            let needed = needed.filter_map(|blocker| blocker.range.strip_prefix(">= "));
            let is_above = |to: &&str| {
                let now = part.to()?;
                Family::Go.compare(to, now).map(Ordering::is_gt)
            };
            let highest = needed.filter(|to| is_above(to) == Some(true)).reduce(|held, to| {
                let above = Family::Go.compare(to, held).is_some_and(Ordering::is_gt);
                if above { to } else { held }
            });
            let next = highest.and_then(|to| at(part, to));
            any |= next.is_some();
            next.unwrap_or_else(|| part.clone())
        })
        .collect();
    Proposal::together(parts).filter(|_| any)
}

/// A part at another version, written as the one that it had.
pub(super) fn at(part: &Proposal, to: &str) -> Option<Proposal> {
    let bare = to.trim_start_matches('v');
    let spelled = |old: &str| -> Box<str> {
        if old.starts_with('v') { format!("v{bare}").into() } else { bare.into() }
    };
    Some(match part {
        Proposal::Raise { package, to } => {
            Proposal::Raise { package: package.clone(), to: spelled(to) }
        }
        Proposal::Relock { package, to: Some(to) } => {
            Proposal::Relock { package: package.clone(), to: Some(spelled(to)) }
        }
        Proposal::Override { package, to } => {
            Proposal::Override { package: package.clone(), to: spelled(to) }
        }
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use trimtab_connect::update::{Blocker, Reason, Refusal, Tool};

    use super::*;

    fn relock(name: &str, to: &str) -> Proposal {
        let package = format!("pkg:golang/{name}@v0.1.0").parse().unwrap();
        Proposal::Relock { package, to: Some(to.into()) }
    }

    fn refused(needs: &str, range: &str) -> Refused {
        let blocker = Blocker {
            who: "golang.org/x/mod@v0.40.0".to_owned(),
            needs: needs.to_owned(),
            range: range.to_owned(),
        };
        let reason = Reason::Conflict { blockers: vec![blocker], said: String::new() };
        let (edits, commands) = (Vec::new(), Vec::new());
        Refused::Tool(Box::new(Refusal { reason, edits, next: None, commands }))
    }

    /// `go: golang.org/x/mod@v0.40.0 indirectly requires golang.org/x/net@v0.58.0, not golang.org/x/net@v0.57.0`
    #[test]
    fn of_what_goes_together_the_higher_one_is_asked_for() {
        let place = |tool: &str| Place {
            name: "go.mod".into(),
            folder: "".into(),
            tool: Tool::by_id(tool).unwrap(),
        };
        let go = place("go");
        let net = |to: &str| relock("golang.org/x/net", to);
        let others = || [relock("golang.org/x/mod", "v0.40.0"), relock("stdlib", "1.25.13")];
        let both = |to: &str| Proposal::together([net(to)].into_iter().chain(others())).unwrap();
        let why = refused("golang.org/x/net", ">= v0.58.0");
        assert_eq!(later(&go, &both("v0.57.0"), &why), Some(both("v0.58.0")));
        // Written as it was.
        assert_eq!(later(&go, &net("0.57.0"), &why), Some(net("0.58.0")));
        // That it is there already, or no part, is another contradiction.
        assert_eq!(later(&go, &both("v0.58.0"), &why), None);
        assert_eq!(later(&go, &both("v0.57.0"), &refused("golang.org/x/sys", ">= v0.58.0")), None);
        assert_eq!(later(&place("npm"), &both("v0.57.0"), &why), None);
        let why = refused("go", ">= 1.26.0");
        let parts: Vec<Proposal> =
            later(&go, &both("v0.57.0"), &why).unwrap().parts().cloned().collect();
        assert_eq!(parts.last(), Some(&relock("stdlib", "1.26.0")));
    }
}
