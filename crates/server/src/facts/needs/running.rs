//! What operations look after: roll-outs, deployments, jobs, and the server itself.

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use trimtab_store::JobState;

use super::teams::without_duty;
use super::{Asking, MOST, Need, NeedOf, Reach, Rows, Told};
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
    let store = &asking.app.store;
    let all = store.rollouts(asking.who.org, reach.systems.as_deref(), MOST + 1).await?;
    Ok(Told::first(all, show, Rows::Rollouts).at_most())
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
    Ok(Told::first(all, show, Rows::Broken).at_most())
}

/// Jobs that were given up.
pub(super) async fn jobs(asking: &Asking<'_>, show: usize) -> Result<Told, Problem> {
    let all = asking.app.store.jobs(asking.who.org, JobState::Dead, MOST + 1).await?;
    Ok(Told::first(all, show, Rows::Jobs).at_most())
}

/// What the server itself needs: a backup, and fresh facts.
pub(super) async fn upkeep(asking: &Asking<'_>, show: usize) -> Result<Told, Problem> {
    let (app, now) = (asking.app, asking.now);
    let mut all = Vec::new();
    let mut add = |what, text: String| all.push(Need { what, text });
    match app.store.last_backup().await? {
        None => add(
            NeedOf::Backup,
            "No backup of this store is known: run `trimtab store backup FILE`.".to_owned(),
        ),
        Some(last) => {
            let days = now.duration_since(last.at).as_hours() / 24;
            if days >= OLD {
                add(NeedOf::Backup, format!("The last backup is {days} days old."));
            }
        }
    }
    match app.index().and_then(|index| index.info().ok()) {
        None => add(
            NeedOf::Advisories,
            "There is no advisory index: nothing can be matched.".to_owned(),
        ),
        Some(info) => {
            for (what, of) in [
                (NeedOf::Advisories, info.data_date.as_deref()),
                (NeedOf::Kev, info.kev.as_deref()),
                (NeedOf::Epss, info.epss.as_deref()),
            ] {
                match of.and_then(|of| age(of, now)) {
                    None => add(
                        what,
                        "The date of its data is not known, or there is no data.".to_owned(),
                    ),
                    Some(days) if days >= STALE => {
                        add(what, format!("Its data is {days} days old."));
                    }
                    Some(_) => {}
                }
            }
        }
    }
    if let Some(error) = fetch::standing(app).await?.error {
        let error: String = error.chars().take(200).collect();
        add(NeedOf::Feeds, format!("The last fetch did not go well: {error}"));
    }
    let without = without_duty(asking, None).await?;
    let without: Vec<String> = without.into_iter().map(|(_, name)| name).collect();
    if let Some(text) = nobody_on_duty(&without) {
        add(NeedOf::Duty, text);
    }
    Ok(Told::first(all, show, Rows::Upkeep))
}

fn nobody_on_duty(teams: &[String]) -> Option<String> {
    let have = match teams.len() {
        0 => return None,
        1 => "1 team has".to_owned(),
        more => format!("{more} teams have"),
    };
    let names = teams.iter().take(5).map(String::as_str).collect::<Vec<_>>().join(", ");
    let more = if teams.len() > 5 { " and others" } else { "" };
    Some(format!("{have} nobody on duty, as the accounts are closed: {names}{more}."))
}

/// How many days ago a day was, by the first ten letters of what names it: `2026-03-09`, `2026.03.09`. `None`: that is
/// no day.
fn age(of: &str, now: Timestamp) -> Option<i64> {
    Some(now.duration_since(began(of)?).as_hours() / 24)
}

/// When the day began, in UTC, that something is of: `2026-03-09`, `2026.03.09`, or a time of it. `None`: it names no day.
pub(crate) fn began(of: &str) -> Option<Timestamp> {
    let day: Date = of.get(..10)?.replace('.', "-").parse().ok()?;
    Some(day.to_zoned(jiff::tz::TimeZone::UTC).ok()?.timestamp())
}

/// Whether what is of a day is stale.
pub(crate) fn is_stale(of: &str, now: Timestamp) -> bool {
    age(of, now).is_some_and(|days| days >= STALE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn teams_with_nobody_on_duty_are_named() {
        let told = |names: &[&str]| {
            nobody_on_duty(&names.iter().map(|name| (*name).to_owned()).collect::<Vec<_>>())
        };
        assert_eq!(told(&[]), None);
        let one = "1 team has nobody on duty, as the accounts are closed: Web.";
        assert_eq!(told(&["Web"]).as_deref(), Some(one));
        let many = told(&["a", "b", "c", "d", "e", "f"]).unwrap();
        assert!(many.starts_with("6 teams have ") && many.ends_with("d, e and others."), "{many}");
    }

    #[test]
    fn facts_are_as_old_as_their_day() {
        let now: Timestamp = "2026-03-09T12:00:00Z".parse().unwrap();
        assert_eq!(age("2026-03-09", now), Some(0));
        assert!(
            is_stale("2026.03.02", now) && !is_stale("2026-03-03", now) && !is_stale("soon", now)
        );
        assert_eq!(age("2026-03-02T23:00:00Z", now), Some(7), "by its day");
        assert_eq!(age("2026.03.01", now), Some(8));
        for none in ["", "soon", "2026-3-9", "2026-13-01", "ünknown-day"] {
            assert_eq!(age(none, now), None, "{none}");
        }
    }
}
