//! The parts of decisions: those of earlier reviews, exceptions that end, and what waits for an answer.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};
use trimtab_engine::review::{Part, Topic, order};
use trimtab_store::{Appeal, AppealState, Decision, DecisionFilter, DecisionState};

use super::{Draft, Filled, KEPT, LISTED, Making, SOON, further};
use crate::people::{name, names};
use crate::problem::Problem;
use crate::reviewing::{Before, follow, last_day};
use crate::web::today::short;

impl Making<'_> {
    /// What earlier reviews decided and is open, and what was carried out since the last one.
    pub(super) async fn follow(&self, before: &[Before]) -> Result<Filled, Problem> {
        let last = before.first().and_then(|one| one.review.opened);
        let names = names(self.app, self.org).await?;
        let fresh = |at: Option<Timestamp>| at.is_some_and(|at| last.is_none_or(|last| at >= last));
        let mut topics = Vec::new();
        for one in before {
            let day =
                one.review.opened.map_or(String::new(), |at| at.strftime("%Y-%m-%d").to_string());
            for is in &one.decisions {
                let stands = follow(is, self.now);
                if !stands.is_open() && !fresh(is.ended) {
                    continue;
                }
                let word =
                    if is.word.is_empty() { String::new() } else { format!(": {}", is.word) };
                topics.push(Draft {
                    is: Topic {
                        key: format!("decision:{}", is.id),
                        level: None,
                        weight: 0.0,
                        // Within its last day. What is over is not due any longer.
                        due: stands.is_open().then(|| is.is.due - SignedDuration::from_secs(1)),
                    },
                    title: is.is.what.clone(),
                    note: format!(
                        "{}, by {}, decided {day}; {}{word}",
                        name(&names, is.is.owner),
                        last_day(is.is.due),
                        stands.words()
                    ),
                    page: format!("/reviews/{}", one.review.id),
                });
            }
        }
        topics.sort_by(|a, b| order(Part::Follow, &a.is, &b.is));
        let count = i64::try_from(topics.len()).unwrap_or(i64::MAX);
        topics.truncate(LISTED);
        Ok(Filled {
            topics,
            further: Vec::new(),
            count,
            more: false,
            list: self.of("/reviews"),
            about: "Open, or ended since the last review.".to_owned(),
        })
    }

    async fn decisions(
        &self,
        part: Part,
        filter: DecisionFilter,
        first: &[Decision],
        list: &str,
        about: &str,
    ) -> Result<Filled, Problem> {
        let all = DecisionFilter { touching: self.scope.systems.clone(), ..filter.clone() };
        let filter = DecisionFilter { systems: self.scope.systems.clone(), ..filter };
        let count = self.app.store.count_decisions(self.org, &filter).await?;
        let mut about = about.to_owned();
        if self.scope.systems.is_some() {
            let wide = self.app.store.count_decisions(self.org, &all).await?.saturating_sub(count);
            if wide > 0 {
                about += &format!(" {wide} more apply to all systems and cover findings here.");
            }
        }
        let names = names(self.app, self.org).await?;
        let listed = first.iter().take(LISTED);
        let mut topics: Vec<Draft> = listed.map(|is| decision(part, is, &names)).collect();
        topics.sort_by(|a, b| order(part, &a.is, &b.is));
        let further = first.iter().skip(LISTED).map(decision_key).collect();
        let list = self.of(list);
        Ok(Filled { topics, further, count, more: false, list, about })
    }

    pub(super) async fn exceptions(&self) -> Result<Filled, Problem> {
        let filter = DecisionFilter {
            states: vec![DecisionState::Approved],
            ends_after: Some(self.now),
            ends_by: Some(self.now + SOON),
            ..DecisionFilter::default()
        };
        let about = "In force, and expiring within 14 days; what they accept then counts again.";
        let (systems, until) = (self.scope.systems.as_deref(), self.now + SOON);
        let store = &self.app.store;
        let past = until + SignedDuration::from_micros(1);
        let first = store.ending_decisions(self.org, systems, self.now, past, KEPT).await?;
        let list = format!("/exceptions?state=in-force&expires_before={until}");
        self.decisions(Part::Exceptions, filter, &first, &list, about).await
    }

    /// The same with those that ended by themselves since a moment: what they accepted counts again, and nobody decided so.
    pub(super) async fn with_ended(
        &self,
        mut filled: Filled,
        (since, is_last): (Timestamp, bool),
    ) -> Result<Filled, Problem> {
        let (systems, store) = (self.scope.systems.as_deref(), &self.app.store);
        let past = self.now + SignedDuration::from_micros(1);
        let ended = store.ending_decisions(self.org, systems, since, past, KEPT).await?;
        if ended.is_empty() {
            return Ok(filled);
        }
        let names = names(self.app, self.org).await?;
        filled.topics.extend(ended.iter().map(|is| over(decision(Part::Exceptions, is, &names))));
        filled.topics.sort_by(|a, b| order(Part::Exceptions, &a.is, &b.is));
        let mut rest = further(&mut filled.topics);
        rest.append(&mut filled.further);
        rest.truncate(KEPT - LISTED);
        filled.further = rest;
        filled.count += i64::try_from(ended.len()).unwrap_or(i64::MAX);
        filled.more |= ended.len() == KEPT;
        let when = if is_last { "since the last review" } else { "within a week" };
        filled.about += &format!(" {} ended {when}: what they accepted counts again.", ended.len());
        Ok(filled)
    }

    pub(super) async fn answers(&self) -> Result<Filled, Problem> {
        let states = vec![DecisionState::Asked];
        let ends_after = Some(self.now);
        let filter = DecisionFilter { states, ends_after, ..DecisionFilter::default() };
        let about = "Requested, and not answered yet.";
        // Nobody has the id 0: whoever asked, the oldest first.
        let (systems, store) = (self.scope.systems.as_deref(), &self.app.store);
        let first = store.asked_by_others(self.org, 0, systems, self.now, KEPT).await?;
        let filled =
            self.decisions(Part::Answers, filter, &first, "/exceptions?state=asked", about).await?;
        self.with_appeals(filled).await
    }

    /// The same with the emergencies and disputes that wait for an answer.
    async fn with_appeals(&self, mut filled: Filled) -> Result<Filled, Problem> {
        let asked = (Some(AppealState::Asked), None, None);
        let (systems, store) = (self.scope.systems.as_deref(), &self.app.store);
        let count = store.count_appeals(self.org, asked, systems, None).await?;
        if count == 0 {
            return Ok(filled);
        }
        let names = names(self.app, self.org).await?;
        let rows = store.appeals(self.org, asked, systems, None, KEPT).await?.rows;
        filled.topics.extend(rows.iter().map(|is| appeal(is, &names)));
        filled.topics.sort_by(|a, b| order(Part::Answers, &a.is, &b.is));
        let mut rest = further(&mut filled.topics);
        rest.append(&mut filled.further);
        rest.truncate(KEPT - LISTED);
        filled.further = rest;
        filled.count += count;
        let them = if count == 1 {
            "1 is an emergency or dispute".to_owned()
        } else {
            format!("{count} are emergencies and disputes")
        };
        filled.about += &format!(" {them}: their list is on Appeals.");
        Ok(filled)
    }
}

fn decision_key(is: &Decision) -> String {
    format!("exception:{}", is.id)
}

/// A decision that ended by itself.
fn over(is: Draft) -> Draft {
    let note = format!("has ended and counts again; {}", is.note);
    Draft { note, ..is }
}

fn appeal(is: &Appeal, people: &HashMap<i64, String>) -> Draft {
    let what = if is.is.dispute { "dispute" } else { "emergency" };
    let (package, _) = short(&is.is.package);
    Draft {
        is: Topic {
            key: format!("appeal:{}", is.id),
            level: None,
            weight: 0.0,
            due: Some(is.asked),
        },
        title: format!("{package} in {}: {what}", is.asset_name),
        note: format!("asked for by {}: {}", name(people, is.is.author), is.is.reason),
        page: format!("/appeals/{}", is.id),
    }
}

fn decision(part: Part, is: &Decision, people: &HashMap<i64, String>) -> Draft {
    let about = is.is.vulnerability.as_ref().or(is.is.package.as_ref());
    let about = about.cloned().unwrap_or_else(|| "several findings".to_owned());
    let kind = crate::deciding::kind(is.is.kind);
    Draft {
        is: Topic {
            key: decision_key(is),
            level: None,
            weight: 0.0,
            // What waits for an answer waits the longer the earlier it was asked for.
            due: if part == Part::Answers { Some(is.asked) } else { is.is.expires },
        },
        title: format!("{about}: {kind}"),
        note: format!("requested by {}: {}", name(people, is.is.author), is.is.reason),
        page: format!("/exceptions/{}", is.id),
    }
}
