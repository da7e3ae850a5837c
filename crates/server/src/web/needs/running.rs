//! What operations look after: roll-outs, deployments, jobs, and the server itself.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use trimtab_pages::part::{Cell, Column, Link, Mark, Row, When, number};
use trimtab_store::{Broken, Job, JobState, Outcome, Rollout};

use super::{Asking, MOST, Reach, Told, sees_all};
use crate::access::{Action, On};
use crate::jobs::fetch;
use crate::problem::Problem;
use crate::web::settings::OLD;

/// How long a deployment that went wrong is told.
const TOLD: SignedDuration = SignedDuration::from_hours(24 * 14);
/// After so many days facts are stale.
const STALE: i64 = 7;

/// Assets whose main line is rid of findings that still run.
pub(super) async fn rollouts(
    asking: &Asking<'_>,
    reach: &Reach,
    show: usize,
) -> Result<Told, Problem> {
    let now = asking.now;
    let store = &asking.app.store;
    let all = store.rollouts(asking.who.org, reach.systems.as_deref(), MOST + 1).await?;
    let row = |is: &Rollout| {
        let list = format!("/findings?state=merged&counts=true&asset={}", is.asset.0);
        let when = |at: Option<Timestamp>, why: &str| {
            at.map_or_else(|| Cell::unknown(why), |at| Cell::Value(When::of(at, now).into()))
        };
        Row::of(vec![
            Cell::Mark(Mark::from(is.level)),
            Cell::name(is.asset.1.clone(), list.clone()),
            match &is.system {
                Some((id, name)) => Cell::link(name.clone(), format!("/systems/{id}")),
                None => Cell::unknown("nobody said to which system the asset belongs"),
            },
            Cell::link(is.findings.to_string(), list.clone()),
            Cell::link(number(is.weight), list),
            when(is.since, "nobody told when it was merged"),
            is.deadline.map_or(Cell::Nothing, |at| Cell::Due(When::of(at, now), at < now)),
        ])
    };
    let columns = vec![
        Column::left("Gravest").kept(),
        Column::left("Asset").kept(),
        Column::left("System"),
        Column::right("Findings"),
        Column::right("Load"),
        Column::right("Waits since"),
        Column::right("First due").kept(),
    ];
    Ok(Told::first(columns, all.iter().map(row).collect(), show).at_most())
}

/// Deployments that went wrong.
pub(super) async fn broken(
    asking: &Asking<'_>,
    reach: &Reach,
    show: usize,
) -> Result<Told, Problem> {
    let since = asking.now - TOLD;
    let systems = reach.systems.as_deref();
    let all = asking.app.store.broken(asking.who.org, systems, since, MOST + 1).await?;
    let row = |is: &Broken| {
        let how = match is.outcome {
            Outcome::RolledBack => "rolled back",
            other => other.as_str(),
        };
        Row::of(vec![
            Cell::name(is.asset.1.clone(), format!("/releases?asset={}", is.asset.0)),
            Cell::text(is.environment.clone()),
            Cell::text(how),
            is.revision.clone().map_or_else(|| Cell::unknown("no revision was told"), Cell::code),
            Cell::Value(When::of(is.at, asking.now).into()),
        ])
    };
    let columns = vec![
        Column::left("Asset").kept(),
        Column::left("Environment"),
        Column::left("How it ended").kept(),
        Column::left("Revision"),
        Column::right("When"),
    ];
    Ok(Told::first(columns, all.iter().map(row).collect(), show).at_most())
}

/// Jobs that were given up.
pub(super) async fn jobs(asking: &Asking<'_>, show: usize) -> Result<Told, Problem> {
    let all = asking.app.store.jobs(asking.who.org, JobState::Dead, MOST + 1).await?;
    let row = |is: &Job| {
        let name = format!("{} {}", is.kind, is.id);
        let name = if sees_all(asking.who) { Link::to(name, "/feeds") } else { Link::words(name) };
        Row::of(vec![
            Cell::Name(name, is.name.chars().take(60).collect()),
            Cell::text(is.error.as_deref().unwrap_or("").chars().take(200).collect::<String>()),
            Cell::Value(When::of(is.created, asking.now).into()),
        ])
    };
    let columns = vec![
        Column::left("Job").kept(),
        Column::left("What went wrong last").kept(),
        Column::right("Added"),
    ];
    Ok(Told::first(columns, all.iter().map(row).collect(), show).at_most())
}

/// What the server itself needs: a backup, and fresh facts.
pub(super) async fn upkeep(asking: &Asking<'_>, show: usize) -> Result<Told, Problem> {
    let (app, now) = (asking.app, asking.now);
    let admin = asking.who.may(Action::Administer, On::ALL);
    let mut rows = Vec::new();
    let mut add = |what: Link, text: String| {
        rows.push(Row::of(vec![Cell::Name(what, String::new()), Cell::text(text)]));
    };
    let backup = || match admin {
        true => Link::to("Backup", "/administration/backup"),
        false => Link::words("Backup"),
    };
    match app.store.last_backup().await? {
        None => add(
            backup(),
            "No backup of this store is known: run `trimtab store backup FILE`.".to_owned(),
        ),
        Some(last) => {
            let days = now.duration_since(last.at).as_hours() / 24;
            if days >= OLD {
                add(backup(), format!("The last backup is {days} days old."));
            }
        }
    }
    let feeds = |name: &str| match sees_all(asking.who) {
        true => Link::to(name, "/feeds"),
        false => Link::words(name),
    };
    match app.index().and_then(|index| index.info().ok()) {
        None => add(
            feeds("Advisories"),
            "There is no advisory index: nothing can be matched.".to_owned(),
        ),
        Some(info) => {
            for (name, of) in [
                ("Advisories", info.data_date.as_deref()),
                ("Known exploited (KEV)", info.kev.as_deref()),
                ("Probability of exploitation (EPSS)", info.epss.as_deref()),
            ] {
                match of.and_then(|of| age(of, now)) {
                    None => add(
                        feeds(name),
                        "It is not known of which day its facts are, or whether there are any."
                            .to_owned(),
                    ),
                    Some(days) if days >= STALE => {
                        add(feeds(name), format!("Its facts are {days} days old."));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    if let Some(error) = fetch::standing(app).await?.error {
        let error: String = error.chars().take(200).collect();
        add(feeds("Feeds"), format!("The last fetch did not go well: {error}"));
    }
    let columns = vec![Column::left("What").kept(), Column::left("How it stands").kept()];
    Ok(Told::first(columns, rows, show))
}

/// How many days ago a day was, by the first ten letters of what names it: `2026-03-09`, `2026.03.09`. `None`: that is
/// no day.
fn age(of: &str, now: Timestamp) -> Option<i64> {
    let day: Date = of.get(..10)?.replace('.', "-").parse().ok()?;
    let at = day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp();
    Some(now.duration_since(at).as_hours() / 24)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn facts_are_as_old_as_their_day() {
        let now: Timestamp = "2026-03-09T12:00:00Z".parse().unwrap();
        assert_eq!(age("2026-03-09", now), Some(0));
        assert_eq!(age("2026-03-02T23:00:00Z", now), Some(7), "by its day");
        assert_eq!(age("2026.03.01", now), Some(8));
        for none in ["", "soon", "2026-3-9", "2026-13-01", "ünknown-day"] {
            assert_eq!(age(none, now), None, "{none}");
        }
    }
}
