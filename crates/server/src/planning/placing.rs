//! How changes come into a team's part of a plan: where people put them, where they were scheduled, and what makes way.

use jiff::Timestamp;
use trimtab_model::plan;
use trimtab_store::PlacementState;

use super::held::Held;
use super::{Change, Part, slot};

impl Part {
    /// A change that may be planned, where people left it to the plan, and where they put it.
    pub(super) fn add(&mut self, change: Change, candidate: plan::Candidate) {
        let at = self.changes.len();
        match change.placed.as_ref().map(|p| (p.state, p.starts)) {
            Some((PlacementState::Held, _)) => {
                self.held.push(change);
                return;
            }
            Some((PlacementState::Accepted, starts)) => match slot(&self.rhythm, starts) {
                Some(slot) => self.accepted.push(plan::Placement { candidate: at, slot }),
                None => self.missed.extend(change.placed.clone()),
            },
            None => {}
        }
        // What people put somewhere and then left to the plan again is the plan's to place.
        if let Some(is) = change.by_plan()
            && let Some(slot) = slot(&self.rhythm, is.window.as_ref().map(|w| w.starts))
        {
            self.before.push(plan::Placement { candidate: at, slot });
        }
        self.candidates.push(candidate);
        self.changes.push(change);
    }

    /// Names what people decided to do later in the way of what it removes: else no action would be said to be known.
    pub(super) fn hold_back(&mut self, candidate: &plan::Candidate, is: &Held) {
        for at in &candidate.removes {
            if let Some(asked) = self.asked.get_mut(*at) {
                asked.blocker = Some(is.blocker().into());
            }
        }
    }

    /// What was not done in its window and is past its deadline has no window to stay in: nothing stays before it but what has
    /// begun.
    pub(super) fn make_way(&mut self, now: Timestamp) {
        let is_missed = |(change, candidate): (&Change, &plan::Candidate)| {
            let window = change.by_plan().and_then(|is| is.window.as_ref());
            let due = |f: &usize| self.asked.get(*f).and_then(|f| f.deadline);
            let is_late = |f: &usize| due(f).is_some_and(|due| due <= now);
            window.is_some_and(|w| w.ends <= now) && candidate.removes.iter().any(is_late)
        };
        if !self.changes.iter().zip(&self.candidates).any(is_missed) {
            return;
        }
        let windows = &self.rhythm.windows;
        let has_begun = |of: &plan::Placement| match of.slot {
            plan::Slot::Now => true,
            plan::Slot::Window(at) => windows.get(at).is_some_and(|w| w.start <= now),
        };
        let all = self.before.len();
        self.before.retain(has_begun);
        self.makes_way = self.before.len() < all;
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use trimtab_engine::plan::learn::Source;
    use trimtab_model::Level;
    use trimtab_store::{PlannedChange, Scheduled, ScheduledIn};

    use super::super::{Learnt, Sure};
    use super::*;

    /// Two changes: one whose window has ended, with a deadline, and one that is scheduled in the last of two windows.
    fn part(due: &str) -> Part {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let window = |name: &str, start: &str, end: &str| plan::Window {
            name: name.into(),
            start: at(start),
            end: at(end),
            points: 10.0,
            least: Level::Low,
        };
        let mut part = Part {
            rhythm: plan::Team {
                id: "web".into(),
                windows: vec![
                    window("second", "2026-12-14T00:00:00Z", "2026-12-18T17:00:00Z"),
                    window("third", "2026-12-21T00:00:00Z", "2026-12-25T17:00:00Z"),
                ],
                open_limit: None,
                open: 0,
            },
            whole: 10.0,
            findings: Vec::new(),
            more: false,
            beyond: None,
            asked: Vec::new(),
            next: HashMap::new(),
            candidates: Vec::new(),
            changes: Vec::new(),
            held: Vec::new(),
            missed: Vec::new(),
            accepted: Vec::new(),
            before: Vec::new(),
            makes_way: false,
            learnt: Learnt { updates: 0, taught: Vec::new() },
        };
        for (number, package, starts, ends) in [
            (0, "pkg:npm/late", "2026-12-07T00:00:00Z", "2026-12-11T17:00:00Z"),
            (1, "pkg:npm/kept", "2026-12-21T00:00:00Z", "2026-12-25T17:00:00Z"),
        ] {
            part.asked.push(plan::Finding {
                id: package.into(),
                team: 0,
                level: Level::High,
                weight: 10.0,
                deadline: Some(at(due)),
                now: false,
                exploited: false,
                blocker: None,
            });
            let of = PlannedChange { asset: 1, package: package.to_owned() };
            let kept = Scheduled {
                change: of.clone(),
                version: "2.0.0".to_owned(),
                window: Some(ScheduledIn {
                    name: "window".to_owned(),
                    starts: at(starts),
                    ends: at(ends),
                }),
                ready: None,
                points: 1.0,
                load: 10.0,
                findings: Vec::new(),
                why: String::new(),
                by_people: false,
                since: at(starts),
            };
            let change = Change {
                of,
                asset: "shop".to_owned(),
                purl: format!("{package}@1.0.0"),
                to: "2.0.0".to_owned(),
                placed: None,
                kept: Some(kept),
                sure: Sure::Guess,
                source: Source::Prior,
            };
            let candidate = plan::Candidate {
                id: package.into(),
                team: 0,
                place: "shop".into(),
                least: 1.0,
                most: 1.0,
                confidence: 0.9,
                removes: vec![number],
                needs: Vec::new(),
                choice: None,
                quarantine: None,
            };
            part.add(change, candidate);
        }
        part
    }

    #[test]
    fn nothing_stays_before_what_is_past_its_deadline() {
        let now = "2026-12-16T09:00:00Z".parse().unwrap();
        let mut late = part("2026-12-15T17:00:00Z");
        assert_eq!(late.before.len(), 1, "what has no window any longer does not stay");
        late.make_way(now);
        assert!(late.makes_way && late.before.is_empty());
        // Nothing makes way for what has time left.
        let mut in_time = part("2026-12-30T17:00:00Z");
        in_time.make_way(now);
        assert!(!in_time.makes_way && in_time.before.len() == 1);
        // What has begun stays.
        let mut begun = part("2026-12-15T17:00:00Z");
        begun.make_way("2026-12-22T09:00:00Z".parse().unwrap());
        assert!(!begun.makes_way && begun.before.len() == 1);
    }
}
