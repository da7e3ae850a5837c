//! What a team's updates removed over a time, beside its own time before: for the retrospective and the release notes.
//! The page, the API and the Markdown tell the same numbers.

pub(crate) mod person;

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;
use trimtab_report::applied::json::Document as Evidence;
use trimtab_report::minutes::{Document, Section, Table};
use trimtab_store::{Applied, ReviewOf, Team};

use crate::access::Who;
use crate::measuring::question::{Asked, Measured, measure, told};
use crate::problem::Problem;
use crate::reviewing::scope;
use crate::state::App;
use crate::updating::{self, Far, Update};

/// How many updates are looked at: the newest.
const LOOKED: usize = 300;
/// What is said where there are more.
pub(crate) const LEFT_OUT: &str = "There are more updates than were read: the oldest are left out, and figures that depend on them are unknown.";

/// A finding that an update removed.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Gone {
    /// The finding.
    pub(crate) finding: i64,
    /// When it was gone from production.
    pub(crate) at: Timestamp,
    /// What it weighed last. `None`: it was not weighed.
    pub(crate) weight: Option<f64>,
    /// By when it had to be gone.
    pub(crate) deadline: Option<Timestamp>,
}

/// What updates removed in a time.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(crate) struct Removed {
    /// Updates that came into production.
    pub(crate) updates: usize,
    /// Those that were taken back.
    pub(crate) reverted: usize,
    /// Findings that went with them, each once.
    pub(crate) findings: usize,
    /// Those of them that nobody weighed.
    pub(crate) unweighed: usize,
    /// What the others weighed last.
    pub(crate) load: f64,
    /// That weight times the days from when it was gone to the end of the time: what was not carried any longer.
    pub(crate) load_days: f64,
    /// Those that had a deadline, and those of them that kept it.
    pub(crate) due: usize,
    /// See there.
    pub(crate) kept: usize,
}

/// Sums what went in a time. A finding that two updates name went once.
pub(crate) fn removed(
    updates: usize,
    reverted: usize,
    gone: &[Gone],
    (from, to): (Timestamp, Timestamp),
) -> Removed {
    let mut sum = Removed { updates, reverted, ..Removed::default() };
    let mut seen = HashSet::new();
    let within = |one: &&Gone| from <= one.at && one.at < to;
    for one in gone.iter().filter(within).filter(|one| seen.insert(one.finding)) {
        sum.findings += 1;
        match one.weight {
            None => sum.unweighed += 1,
            Some(weight) => {
                sum.load += weight;
                sum.load_days += weight * to.duration_since(one.at).as_secs_f64() / 86_400.0;
            }
        }
        if let Some(deadline) = one.deadline {
            sum.due += 1;
            sum.kept += usize::from(one.at <= deadline);
        }
    }
    sum
}

/// A team's card.
pub(crate) struct Card {
    pub(crate) team: Team,
    pub(crate) measured: std::sync::Arc<Measured>,
    /// What its updates removed in the time, and in the one before.
    pub(crate) now: Removed,
    /// See there.
    pub(crate) before: Removed,
    /// The updates of the time, the newest first.
    pub(crate) updates: Vec<Update>,
    /// Whether there are more than were looked at: then of the time before not all is known.
    pub(crate) more: bool,
    /// Whether even of the time itself not all is known.
    pub(crate) cut: bool,
}

/// When an update came into production, as it was seen first. One that was refused never did; one that was taken back
/// did if it was seen there before.
pub(crate) fn came(update: &Update) -> Option<Timestamp> {
    match update.far {
        Far::Nothing => None,
        Far::Reverted => {
            let back = update.is.reverted;
            update.is.deployed.filter(|at| back.is_none_or(|back| *at < back))
        }
        _ => update.is.deployed.or(update.deployed),
    }
}

/// What went with an update.
fn gone_with(update: &Update) -> impl Iterator<Item = Gone> {
    update.findings.iter().filter_map(|finding| {
        let weighed = finding.weighed.as_ref();
        // What was decided about adds nothing to the load, and has no deadline to keep.
        let counted = weighed.is_none_or(|w| w.decision.is_none());
        // What came back was not removed: it is as it was before.
        if finding.state.is_live() {
            return None;
        }
        let at = match (finding.fixed, update.is.deployed) {
            (Some(fixed), Some(seen)) => fixed.min(seen),
            (fixed, seen) => fixed.or(seen)?,
        };
        Some(Gone {
            finding: finding.id,
            at,
            weight: weighed.map(|w| if counted { w.weight } else { 0.0 }),
            deadline: weighed.and_then(|w| w.deadline).filter(|_| counted),
        })
    })
}

/// The sum of what some updates removed in a time.
fn sum<'u>(
    updates: impl Iterator<Item = &'u Update> + Clone,
    (from, to): (Timestamp, Timestamp),
) -> Removed {
    let within = |at: Option<Timestamp>| at.is_some_and(|at| from <= at && at < to);
    let own: Vec<&Update> = updates.clone().filter(|u| within(came(u))).collect();
    let reverted = updates.filter(|u| within(u.is.reverted)).count();
    // Its deployment was rolled back, or something else brought all of it back.
    let is_back = |u: &&&Update| {
        u.is.reverted.is_none()
            && !u.findings.is_empty()
            && u.findings.iter().all(|finding| finding.state.is_live())
    };
    let back = own.iter().filter(is_back).count();
    let gone: Vec<Gone> = own.iter().copied().flat_map(gone_with).collect();
    removed(own.len(), reverted + back, &gone, (from, to))
}

/// A team's card, for whoever sees all of the team.
///
/// # Errors
/// There is no such team, or the time is not understood.
pub(crate) async fn card(app: &App, who: &Who, id: i64, days: &str) -> Result<Card, Problem> {
    let missing = || Problem::not_found("team");
    scope(app, who, &ReviewOf::Team(id)).await.map_err(|_| missing())?;
    let teams = app.store.teams(who.org).await?;
    let team = teams.into_iter().find(|team| team.id == id).ok_or_else(missing)?;
    let asked = Asked { team: id.to_string(), days: days.to_owned(), ..Asked::default() };
    let measured = measure(app, who, &asked).await?;
    let page = app.store.all_applied(who.org, (Some(id), None), None, None, LOOKED).await?;
    let more = page.next.is_some();
    let oldest = page.rows.last().map(|is| is.is.at);
    // One whose evidence is damaged says so on its page, and holds nobody up.
    let reads = |is: &Applied| serde_json::from_value::<Evidence>(is.is.told.clone()).is_ok();
    let rows = page.rows.into_iter().filter(reads).collect();
    let mut updates = updating::of_all(app, who.org, rows).await?;
    let (from, to) = measured.period.bounds();
    let to = to.min(app.now());
    let (now, before) =
        (sum(updates.iter(), (from, to)), sum(updates.iter(), measured.other.bounds()));
    updates.retain(|u| came(u).is_some_and(|at| from <= at && at < to));
    let cut = more && oldest.is_some_and(|at| at >= from);
    Ok(Card { team, measured, now, before, updates, more, cut })
}

/// What is worth a word: said of a team beside its own past alone.
pub(crate) fn milestones(card: &Card) -> Vec<String> {
    let (now, before) = (&card.measured.now, &card.measured.before);
    let mut all = Vec::new();
    if let (Some(load), Some(was)) = (now.load, before.load)
        && load < was
    {
        let by = (was - load) / was * 100.0;
        all.push(format!("The load is {} % below that of the period before.", by.round()));
    }
    if now.deadlines.missed == 0 && now.deadlines.met > 0 {
        all.push(format!("Every deadline was kept: {}.", now.deadlines.met));
    }
    if !card.more && card.now.updates > card.before.updates && card.before.updates > 0 {
        all.push(format!(
            "{} updates came into production, {} in the period before.",
            card.now.updates, card.before.updates
        ));
    }
    if let (Some(is), Some(was)) = (now.fixed, before.fixed)
        && is.median < was.median
    {
        all.push(format!(
            "Half of what went took {} days or less; it was {} days.",
            is.median.round(),
            was.median.round()
        ));
    }
    all
}

/// The numbers of a card, each with its name, now and in the time before. `None`: unknown.
pub(crate) fn numbers(card: &Card) -> Vec<Number> {
    let (is, was) = (&card.measured.now, &card.measured.before);
    let mut all = removed_numbers((&card.now, &card.before), (card.cut, card.more));
    all.push(unreported(
        (is.flow.fixed, was.flow.fixed),
        (&card.now, &card.before),
        (card.cut, card.more),
    ));
    // Of a time before the ledger began nothing is known.
    let began = card.measured.began;
    let was_load = was.load.filter(|_| began.is_some_and(|day| day <= card.measured.other.last));
    all.extend([
        ("load of the team", is.load, was_load),
        (
            "% of all its deadlines kept",
            is.deadlines.share().map(|share| (share * 100.0).round()),
            was.deadlines.share().map(|share| (share * 100.0).round()),
        ),
    ]);
    all
}

/// What went of a team without an update that was reported, now and in the time before: what a person or another bot merged
/// is work of the team's as well. Of `all` that went; `cut` and `more` as in [`removed_numbers`].
pub(crate) fn unreported(
    all: (usize, usize),
    (now, before): (&Removed, &Removed),
    (cut, more): (bool, bool),
) -> Number {
    let rest = |all: usize, removed: &Removed, cut: bool| {
        (!cut).then(|| all.saturating_sub(removed.findings) as f64)
    };
    let name = "findings that went without a reported update";
    (name, rest(all.0, now, cut), rest(all.1, before, more))
}

/// A number with its name, now and in the time before. `None`: unknown.
pub(crate) type Number = (&'static str, Option<f64>, Option<f64>);

/// What updates removed, in numbers. `cut`: not all of the time is known; `more`: not all of the time before.
pub(crate) fn removed_numbers(
    (now, before): (&Removed, &Removed),
    (cut, more): (bool, bool),
) -> Vec<Number> {
    let share =
        |part: usize, of: usize| (of > 0).then(|| (part as f64 / of as f64 * 100.0).round());
    // Of what nobody weighed the load is not known.
    let known = |of: &Removed, value: f64| (of.unweighed == 0).then_some(value);
    // Of what was not looked at nothing is known.
    let is_known = |value: Option<f64>| value.filter(|_| !cut);
    let was_known = |value: Option<f64>| value.filter(|_| !more);
    vec![
        (
            "updates in production",
            is_known(Some(now.updates as f64)),
            was_known(Some(before.updates as f64)),
        ),
        (
            "findings that they removed",
            is_known(Some(now.findings as f64)),
            was_known(Some(before.findings as f64)),
        ),
        (
            "load that they removed",
            is_known(known(now, now.load)),
            was_known(known(before, before.load)),
        ),
        (
            "load-days no longer carried",
            is_known(known(now, now.load_days)),
            was_known(known(before, before.load_days)),
        ),
        (
            "% of their deadlines kept",
            is_known(share(now.kept, now.due)),
            was_known(share(before.kept, before.due)),
        ),
        (
            "updates rolled back",
            is_known(Some(now.reverted as f64)),
            was_known(Some(before.reverted as f64)),
        ),
    ]
}

/// What a release brings, for its notes: a paragraph for each update, with what is gone of what it was to remove. `cut`:
/// there are more updates in the time.
pub(crate) fn notes(
    name: &str,
    (from, to): (&str, &str),
    (updates, cut): (&[Update], bool),
) -> Document {
    let line = |is: &Update| {
        // What came back, or was never gone, is not removed.
        let gone = is.findings.iter().filter(|one| !one.state.is_live() && one.fixed.is_some());
        let gone: BTreeSet<&str> = gone.map(|one| one.vulnerability.1.as_str()).collect();
        let gone: Vec<&str> = gone.into_iter().collect();
        let title = updating::title(&is.told);
        match gone.as_slice() {
            [] => format!("{title} in {}.", is.is.asset_name),
            gone => format!("{title} in {}: removes {}.", is.is.asset_name, gone.join(", ")),
        }
    };
    let mut text: Vec<String> = match updates {
        [] => vec!["No update came into production.".to_owned()],
        updates => updates.iter().map(line).collect(),
    };
    if cut {
        text.push(LEFT_OUT.to_owned());
    }
    Document {
        title: format!("Dependency updates of {name}"),
        lines: vec![format!("{from} to {to}.")],
        sections: vec![Section { title: "Updates".to_owned(), text, ..Section::default() }],
    }
}

/// The card as a document.
pub(crate) fn document(card: &Card) -> Document {
    let of = |value: Option<f64>| {
        value.map_or_else(|| "unknown".to_owned(), trimtab_pages::part::number)
    };
    let rows = numbers(card).into_iter();
    let row = |(name, now, before): (&str, Option<f64>, Option<f64>)| {
        vec![name.to_owned(), of(now), of(before)]
    };
    let (period, other) = (card.measured.period, card.measured.other);
    let span =
        |is: crate::measuring::question::Period| format!("{} to {}", told(is.first), told(is.last));
    let update = |is: &Update| {
        vec![
            updating::title(&is.told),
            is.is.asset_name.clone(),
            is.told.removes.len().to_string(),
            came(is).map_or_else(String::new, |at| at.strftime("%Y-%m-%d").to_string()),
        ]
    };
    let mut lines = vec![format!("{}, beside {}.", span(period), span(other))];
    if card.more {
        lines.push(LEFT_OUT.to_owned());
    }
    Document {
        title: format!("What the updates of {} removed", card.team.name),
        lines,
        sections: vec![
            Section {
                title: "Numbers".to_owned(),
                text: milestones(card),
                table: Table::of(
                    &["What", "This time", "The time before"],
                    rows.map(row).collect(),
                ),
                ..Section::default()
            },
            Section {
                title: "Updates".to_owned(),
                text: Vec::new(),
                table: Table::of(
                    &["Update", "In", "Removes", "In production"],
                    card.updates.iter().map(update).collect(),
                ),
                ..Section::default()
            },
        ],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_went_counts_once_and_until_the_end_of_the_time() {
        let at = |day: i64| Timestamp::from_second(day * 86_400).unwrap();
        let gone = |finding, day, weight, deadline: Option<i64>| Gone {
            finding,
            at: at(day),
            weight,
            deadline: deadline.map(at),
        };
        let all = [
            gone(1, 2, Some(10.0), Some(5)),
            gone(1, 2, Some(10.0), Some(5)),
            gone(2, 8, Some(4.0), Some(7)),
            gone(3, 9, None, None),
            gone(4, 10, Some(99.0), Some(99)),
        ];
        let sum = removed(3, 1, &all, (at(0), at(10)));
        let expected = Removed {
            updates: 3,
            reverted: 1,
            findings: 3,
            unweighed: 1,
            load: 14.0,
            load_days: 10.0 * 8.0 + 4.0 * 2.0,
            due: 2,
            kept: 1,
        };
        assert_eq!(sum, expected);
        // Two halves are the whole, but for what the first half's did not carry in the second.
        let (one, other) =
            (removed(0, 0, &all, (at(0), at(5))), removed(0, 0, &all, (at(5), at(10))));
        assert_eq!(one.findings + other.findings, sum.findings);
        assert!((one.load + other.load - sum.load).abs() < 1e-9);
    }
}
