//! Why one change of a batch is in its window: the batch's reasons, as far as they are about this change.

use trimtab_engine::plan::tell;
use trimtab_model::plan::{Batch, Problem, Slot, WhyNow};

/// The reasons of one change of a batch, a sentence each. What the charter, a deadline, a version or a freeze says of
/// another change is told only where there is no other reason: then the two go together. `accepted` are the words with
/// which people put it there; empty where they gave none.
pub(super) fn of_one(
    question: &Problem,
    batch: &Batch,
    at: usize,
    accepted: Option<&str>,
) -> Vec<String> {
    let own = question.candidates.get(at).map_or(&[][..], |candidate| &candidate.removes);
    let is_now = |f: &&usize| question.findings.get(**f).is_some_and(|finding| finding.now);
    let told = |why: &WhyNow| tell::why_now(question, why);
    let (mut said, mut others) = (Vec::new(), Vec::new());
    for why in &batch.why_now {
        match why {
            WhyNow::Accepted => said.extend(accepted.map(|words| match words {
                "" => told(why),
                words => format!("{}: {words}", told(why)),
            })),
            // The day from which it can be carried out stands beside the reason, and changes without it.
            WhyNow::From(..) => {}
            WhyNow::Charter(_) => match own.iter().find(is_now) {
                Some(finding) => said.push(told(&WhyNow::Charter(*finding))),
                None => others.push(told(why)),
            },
            WhyNow::Deadline(finding, _) if !own.contains(finding) => others.push(told(why)),
            WhyNow::Quarantine(of, _)
            | WhyNow::Frozen(of, _)
            | WhyNow::After(of, _)
            | WhyNow::Unheld(of, ..)
            | WhyNow::Whole(of, _)
                if *of != at =>
            {
                others.push(told(why));
            }
            _ => said.push(told(why)),
        }
    }
    if said.is_empty() {
        let with = match batch.slot {
            Slot::Now => "it is combined with what is done at once",
            Slot::Window(_) => "it is combined with what is planned for that window",
        };
        said.push(match others.is_empty() {
            true => with.to_owned(),
            false => format!("{with}: {}", others.join("; ")),
        });
    }
    said
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use jiff::{SignedDuration, Timestamp};
    use trimtab_model::Level;
    use trimtab_model::plan::{Candidate, Finding, Placement, Team, Window};

    use super::*;

    fn at(hours: i64) -> Timestamp {
        let now: Timestamp = "2026-11-30T09:00:00Z".parse().unwrap();
        now + SignedDuration::from_hours(hours)
    }

    /// Two packages that the charter wants fixed at once, and one that people put there, all in one place.
    fn question() -> Problem {
        let finding = |id: &str, level| Finding {
            id: id.into(),
            team: 0,
            level,
            weight: 10.0,
            deadline: None,
            now: level == Level::Critical,
            exploited: false,
            blocker: None,
        };
        let candidate = |id: &str, removes| Candidate {
            id: id.into(),
            team: 0,
            place: "shop".into(),
            least: 1.0,
            most: 1.0,
            confidence: 0.9,
            removes: vec![removes],
            needs: Vec::new(),
            choice: None,
            quarantine: None,
        };
        let window = Window {
            name: "sprint".into(),
            start: at(24),
            end: at(24 * 14),
            points: 10.0,
            least: Level::Low,
        };
        Problem {
            now: at(0),
            at_once: at(24),
            horizon: at(24 * 90),
            late: 1.0,
            teams: vec![Team {
                id: "web".into(),
                windows: vec![window],
                open_limit: None,
                open: 0,
            }],
            findings: vec![
                finding("1 in st", Level::Critical),
                finding("2 in execa", Level::Critical),
                finding("3 in lodash", Level::Low),
            ],
            candidates: vec![candidate("st", 0), candidate("execa", 1), candidate("lodash", 2)],
            accepted: vec![Placement { candidate: 2, slot: Slot::Now }],
            freezes: Vec::new(),
            zone: TimeZone::UTC,
        }
    }

    #[test]
    fn each_change_of_a_batch_has_its_own_reason() {
        let question = question();
        let plan = trimtab_engine::plan::plan(&question).unwrap();
        let batch = plan.batches.iter().find(|batch| batch.slot == Slot::Now).unwrap();
        assert_eq!(batch.candidates.len(), 3, "{batch:#?}");
        let said = |at, accepted| of_one(&question, batch, at, accepted).join("; ");
        let immediate = "the charter requires an immediate fix for ";
        assert_eq!(said(0, None), format!("{immediate}1 in st"));
        assert_eq!(said(1, None), format!("{immediate}2 in execa"));
        let asked = "emergency 2, granted for product: customers ask";
        assert_eq!(said(2, Some(asked)), format!("accepted for this window: {asked}"));
        assert_eq!(said(2, Some("")), "accepted for this window");
        let with = "it is combined with what is done at once";
        assert_eq!(said(2, None), format!("{with}: {immediate}1 in st"));
    }
}
