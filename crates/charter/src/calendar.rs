//! Deadlines on a calendar: terms, working days, sprints, freezes.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use trimtab_model::Level;
use trimtab_model::assessment::Deadline;
use trimtab_model::charter::{Calendar, NonWorking, Term};

use crate::file::words::tell_term;

/// The longest search for a working day, in days.
const MAX_SEARCH: u32 = 3660;

/// When a term ends that starts at a moment. `catalogue` is the due date of a known exploited
/// vulnerability, for [`Term::Catalogue`].
pub fn deadline(
    term: Term,
    level: Level,
    start: Timestamp,
    catalogue: Option<Date>,
    calendar: &Calendar,
) -> Deadline {
    let zone = &calendar.time_zone;
    let first = start.to_zoned(zone.clone()).date();
    let told = format!(
        "{} from {}",
        tell_term(term),
        start.to_zoned(zone.clone()).strftime("%Y-%m-%d %H:%M %Z")
    );
    let date = match term {
        Term::Opportunistic => return Deadline::Opportunistic,
        Term::Hours(hours) => {
            return match start.checked_add(i64::from(hours).hours()) {
                Ok(at) => Deadline::By { at, because: told.into() },
                Err(_) => beyond(),
            };
        }
        Term::Catalogue => {
            let Some(due) = catalogue else {
                let because = "the catalogue gives no due date".into();
                return Deadline::Unknown { because };
            };
            return match end_of(due, calendar) {
                Some(at) => {
                    Deadline::By { at, because: format!("due {due} by CISA's catalogue").into() }
                }
                None => beyond(),
            };
        }
        Term::Days(days) => first.checked_add(i64::from(days).days()).ok(),
        Term::WorkingDays(days) => working_days_after(first, days, calendar),
        Term::Sprints(count) => sprint_end(first, count, calendar),
    };
    let Some(date) = date else { return beyond() };
    let mut because = told;
    let mut end = date;
    if !is_working(end, calendar) && !matches!(term, Term::Sprints(_)) {
        let moved = match calendar.non_working {
            NonWorking::Keep => None,
            NonWorking::Before => search(end, -1, calendar).filter(|d| *d >= first),
            NonWorking::After => search(end, 1, calendar),
        };
        if let Some(moved) = moved {
            because.push_str(&format!(", moved from {end} to a working day"));
            end = moved;
        }
    }
    if let Some(freeze) = calendar
        .freezes
        .iter()
        .find(|f| (f.from..=f.to).contains(&end) && !f.except.contains(&level))
    {
        // What may not be deployed on the day is due on the first working day on which it may.
        let mut after = freeze.to;
        while let Some(next) = calendar.freezes.iter().find(|f| {
            (f.from..=f.to).contains(&after) && f.to > after && !f.except.contains(&level)
        }) {
            after = next.to;
        }
        if let Some(moved) = search(after, 1, calendar) {
            because.push_str(&format!(", moved from {end} past a freeze ({})", freeze.reason));
            end = moved;
        }
    }
    match end_of(end, calendar) {
        Some(at) => Deadline::By { at, because: because.into() },
        None => beyond(),
    }
}

fn beyond() -> Deadline {
    Deadline::Unknown { because: "the date is beyond the calendar".into() }
}

/// The end of a day's working hours. Never before the end of the term's last day begins.
fn end_of(date: Date, calendar: &Calendar) -> Option<Timestamp> {
    Some(date.to_datetime(calendar.day_ends).to_zoned(calendar.time_zone.clone()).ok()?.timestamp())
}

/// Whether people work on a day.
pub fn is_working(date: Date, calendar: &Calendar) -> bool {
    !calendar.weekend.contains(&date.weekday())
        && calendar.holidays.binary_search_by(|(day, _)| day.cmp(&date)).is_err()
}

/// The working days from one moment to another, with parts of days: of each working day, the part
/// that lies between them.
pub fn working_days(from: Timestamp, to: Timestamp, calendar: &Calendar) -> f64 {
    let zone = &calendar.time_zone;
    let mut date = from.to_zoned(zone.clone()).date();
    let begins = |date: Date| Some(date.to_zoned(zone.clone()).ok()?.timestamp());
    let mut days = 0.0;
    for _ in 0..MAX_SEARCH {
        let Ok(next) = date.checked_add(1.days()) else { break };
        let (Some(start), Some(end)) = (begins(date), begins(next)) else { break };
        if start >= to {
            break;
        }
        if is_working(date, calendar) {
            let within = to.min(end).as_second() - from.max(start).as_second();
            let whole = end.as_second() - start.as_second();
            days += within.max(0) as f64 / whole.max(1) as f64;
        }
        date = next;
    }
    days
}

/// The nearest working day before (−1) or after (1) a day.
fn search(from: Date, step: i64, calendar: &Calendar) -> Option<Date> {
    let mut date = from;
    for _ in 0..MAX_SEARCH {
        date = date.checked_add(step.days()).ok()?;
        if is_working(date, calendar) {
            return Some(date);
        }
    }
    None
}

/// The day on which the n-th working day after a day ends.
fn working_days_after(from: Date, count: u32, calendar: &Calendar) -> Option<Date> {
    let mut date = from;
    for _ in 0..count.min(MAX_SEARCH) {
        date = search(date, 1, calendar)?;
    }
    Some(date)
}

/// The last working day of the n-th sprint, 1 being the one that a day lies in.
fn sprint_end(day: Date, count: u32, calendar: &Calendar) -> Option<Date> {
    let (start, length) = calendar.sprint?;
    let length = i64::from(length.max(1));
    let since = i64::from(start.until(day).ok()?.get_days());
    let last = since
        .div_euclid(length)
        .checked_add(i64::from(count))?
        .checked_mul(length)?
        .checked_sub(1)?;
    let end = start.checked_add(last.days()).ok()?;
    if is_working(end, calendar) {
        return Some(end);
    }
    // A sprint ends with its last working day, unless that has passed.
    search(end, -1, calendar).filter(|d| *d >= day).or(Some(end))
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::tz::TimeZone;
    use trimtab_model::charter::Freeze;

    fn calendar() -> Calendar {
        let mut calendar = crate::preset::default().calendar;
        calendar.time_zone = TimeZone::get("Europe/London").unwrap();
        calendar
    }

    #[test]
    fn working_days_are_counted_with_their_parts() {
        let calendar = calendar();
        let days = |from: &str, to: &str| {
            working_days(from.parse().unwrap(), to.parse().unwrap(), &calendar)
        };
        // 2026-11-27 is a Friday.
        for (from, to, expected) in [
            ("2026-11-23T09:00:00Z", "2026-11-23T15:00:00Z", 0.25),
            ("2026-11-27T12:00:00Z", "2026-11-30T12:00:00Z", 1.0),
            ("2026-11-28T08:00:00Z", "2026-11-29T20:00:00Z", 0.0),
            ("2026-11-23T00:00:00Z", "2026-12-07T00:00:00Z", 10.0),
            ("2026-11-24T00:00:00Z", "2026-11-23T00:00:00Z", 0.0),
        ] {
            assert!((days(from, to) - expected).abs() < 1e-9, "{from} to {to}");
        }
    }

    fn at(term: Term, start: &str, calendar: &Calendar) -> String {
        let deadline = deadline(term, Level::High, start.parse().unwrap(), None, calendar);
        deadline.at().map_or(format!("{deadline:?}"), |at| at.to_string())
    }

    #[test]
    fn terms_end_when_a_person_would_say() {
        let c = calendar();
        // A Friday evening.
        let start = "2026-11-20T19:30:00Z";
        assert_eq!(at(Term::Hours(72), start, &c), "2026-11-23T19:30:00Z");
        assert_eq!(at(Term::Days(7), start, &c), "2026-11-27T17:00:00Z");
        assert_eq!(at(Term::Days(1), start, &c), "2026-11-21T17:00:00Z");
        assert_eq!(at(Term::WorkingDays(1), start, &c), "2026-11-23T17:00:00Z");
        // The sprints of the framework begin on Monday 2026-01-05: this one ends on Sunday the 22nd.
        assert_eq!(at(Term::Sprints(1), start, &c), "2026-11-20T17:00:00Z");
        assert_eq!(at(Term::Sprints(2), start, &c), "2026-12-04T17:00:00Z");
        // In July London is an hour ahead.
        assert_eq!(at(Term::Days(1), "2026-07-01T10:00:00Z", &c), "2026-07-02T16:00:00Z");
    }

    #[test]
    fn days_without_work_and_freezes_move_a_deadline() {
        let mut c = calendar();
        c.non_working = NonWorking::After;
        assert_eq!(at(Term::Days(1), "2026-11-20T09:00:00Z", &c), "2026-11-23T17:00:00Z");
        c.non_working = NonWorking::Before;
        assert_eq!(at(Term::Days(2), "2026-11-20T09:00:00Z", &c), "2026-11-20T17:00:00Z");
        c.holidays = vec![("2026-12-25".parse().unwrap(), "Christmas Day".into())];
        c.freezes = vec![Freeze {
            from: "2026-12-18".parse().unwrap(),
            to: "2026-12-24".parse().unwrap(),
            reason: "end of the year".into(),
            except: vec![Level::Critical],
        }];
        assert_eq!(at(Term::Days(7), "2026-12-14T09:00:00Z", &c), "2026-12-28T17:00:00Z");
        let critical = deadline(
            Term::Days(7),
            Level::Critical,
            "2026-12-14T09:00:00Z".parse().unwrap(),
            None,
            &c,
        );
        assert_eq!(critical.at().unwrap().to_string(), "2026-12-21T17:00:00Z");
    }

    #[test]
    fn what_has_no_date_says_so() {
        let c = calendar();
        assert_eq!(
            deadline(Term::Opportunistic, Level::Low, Timestamp::UNIX_EPOCH, None, &c),
            Deadline::Opportunistic
        );
        assert!(at(Term::Catalogue, "2026-11-20T09:00:00Z", &c).contains("Unknown"));
        assert!(at(Term::Days(100_000), "9990-01-01T00:00:00Z", &c).contains("Unknown"));
    }
}
