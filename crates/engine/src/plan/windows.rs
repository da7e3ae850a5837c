//! A rhythm on a calendar: the windows that it makes, and the freezes between them.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use trimtab_charter::calendar::is_working;
use trimtab_model::Level;
use trimtab_model::charter::{Cadence, Calendar};
use trimtab_model::plan::{Freeze, Window};

/// A cool-down is every fourth sprint, counted from the calendar's first.
const SPRINTS_TO_COOL_DOWN: i64 = 4;

/// The next windows of a rhythm, the one that runs included, each with these points; of one that runs,
/// the share of its working days that is left. Empty: `now` has no windows, a rhythm of sprints needs
/// sprints in the calendar, and words that are not known make none.
pub fn windows(
    cadence: &Cadence,
    calendar: &Calendar,
    from: Timestamp,
    count: usize,
    points: f64,
) -> Vec<Window> {
    let today = from.to_zoned(calendar.time_zone.clone()).date();
    let least = cadence.levels.iter().copied().min().unwrap_or(Level::Low);
    let mut windows = Vec::new();
    let mut day = today;
    // Some windows are over before their last day is.
    for _ in 0..count.min(200) + 1 {
        let Some((first, last)) = days_of(&cadence.every, calendar, day) else { break };
        let window = window(&cadence.every, (first, last), calendar);
        if let Some((name, start, end)) = window.filter(|(_, _, end)| *end > from) {
            let share = left(today, (first, last), calendar);
            windows.push(Window { name, start, end, points: points * share, least });
        }
        match last.checked_add(1.day()) {
            Ok(next) => day = next,
            Err(_) => break,
        }
    }
    windows.truncate(count);
    windows
}

/// The first and last day of the window that a day lies in, or of the next one.
fn days_of(every: &str, calendar: &Calendar, day: Date) -> Option<(Date, Date)> {
    let plus = |day: Date, days: i64| day.checked_add(days.days()).ok();
    let sprint = |sprints: i64| {
        let (start, length) = calendar.sprint?;
        let length = i64::from(length.max(1));
        let number = i64::from(start.until(day).ok()?.get_days()).div_euclid(length);
        // The last one of each row of so many.
        let number = number + (sprints - 1 - number.rem_euclid(sprints));
        let first = plus(start, number.checked_mul(length)?)?;
        Some((first, plus(first, length - 1)?))
    };
    match every {
        "week" => {
            let first = plus(day, -i64::from(day.weekday().to_monday_zero_offset()))?;
            Some((first, plus(first, 6)?))
        }
        "sprint" => sprint(1),
        "cool-down" => sprint(SPRINTS_TO_COOL_DOWN),
        "month" => Some((day.first_of_month(), day.last_of_month())),
        "quarter" => {
            let month = (day.month() - 1) / 3 * 3 + 1;
            let first = Date::new(day.year(), month, 1).ok()?;
            Some((first, first.checked_add(2.months()).ok()?.last_of_month()))
        }
        _ => None,
    }
}

/// Name, start and end: from the beginning of the first day to the end of the last working day.
fn window(
    every: &str,
    (first, last): (Date, Date),
    calendar: &Calendar,
) -> Option<(Box<str>, Timestamp, Timestamp)> {
    let zone = || calendar.time_zone.clone();
    let mut end = last;
    while end > first && !is_working(end, calendar) {
        end = end.checked_add(-1.day()).ok()?;
    }
    let name = match every {
        "month" => first.strftime("%Y-%m").to_string(),
        "quarter" => format!("quarter {} of {}", (first.month() - 1) / 3 + 1, first.year()),
        other => format!("{other} of {first}"),
    };
    let start = first.to_zoned(zone()).ok()?.timestamp();
    let end = end.to_datetime(calendar.day_ends).to_zoned(zone()).ok()?.timestamp();
    Some((name.into(), start, end))
}

/// The share of a window's working days that is left, today included.
fn left(today: Date, (first, last): (Date, Date), calendar: &Calendar) -> f64 {
    let working = |from: Date| {
        let days = from.series(1.day()).take_while(|day| *day <= last);
        days.filter(|day| is_working(*day, calendar)).count()
    };
    match (today > first, working(first)) {
        (true, all) if all > 0 => working(today) as f64 / all as f64,
        _ => 1.0,
    }
}

/// The calendar's freezes as times.
pub fn freezes(calendar: &Calendar) -> Vec<Freeze> {
    let midnight = |day: Date| Some(day.to_zoned(calendar.time_zone.clone()).ok()?.timestamp());
    let times = calendar.freezes.iter().filter_map(|freeze| {
        Some(Freeze {
            from: midnight(freeze.from)?,
            to: midnight(freeze.to.checked_add(1.day()).ok()?)?,
            reason: freeze.reason.clone(),
            except: freeze.except.clone(),
        })
    });
    times.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar() -> Calendar {
        let mut calendar = trimtab_charter::preset::default().calendar;
        calendar.time_zone = jiff::tz::TimeZone::get("Europe/London").unwrap();
        calendar.sprint = Some(("2026-01-05".parse().unwrap(), 14));
        calendar.holidays = vec![("2026-12-25".parse().unwrap(), "Christmas Day".into())];
        calendar
    }

    fn told(every: &str, from: &str, count: usize) -> Vec<(String, String, String, f64)> {
        let levels = vec![Level::High, Level::Medium];
        let cadence = Cadence { name: "a rhythm".into(), every: every.into(), levels };
        let windows = windows(&cadence, &calendar(), from.parse().unwrap(), count, 10.0);
        assert!(windows.iter().all(|w| w.least == Level::Medium));
        windows
            .into_iter()
            .map(|w| (w.name.into(), w.start.to_string(), w.end.to_string(), w.points))
            .collect()
    }

    #[test]
    fn windows_lie_where_a_person_would_put_them() {
        let is = |name: &str, start: &str, end: &str, points: f64| {
            (name.to_owned(), start.to_owned(), end.to_owned(), points)
        };
        // A Wednesday: three of five working days are left.
        assert_eq!(
            told("week", "2026-11-18T12:00:00Z", 2),
            [
                is("week of 2026-11-16", "2026-11-16T00:00:00Z", "2026-11-20T17:00:00Z", 6.0),
                is("week of 2026-11-23", "2026-11-23T00:00:00Z", "2026-11-27T17:00:00Z", 10.0),
            ]
        );
        // On Friday evening the sprint is over, though its last day is Sunday.
        assert_eq!(
            told("sprint", "2026-11-20T18:00:00Z", 1),
            [is("sprint of 2026-11-23", "2026-11-23T00:00:00Z", "2026-12-04T17:00:00Z", 10.0)]
        );
        // Sprints 0 to 3 make the first row: its cool-down begins six weeks after the first day.
        assert_eq!(
            told("cool-down", "2026-01-05T09:00:00Z", 2),
            [
                is("cool-down of 2026-02-16", "2026-02-16T00:00:00Z", "2026-02-27T17:00:00Z", 10.0),
                is("cool-down of 2026-04-13", "2026-04-12T23:00:00Z", "2026-04-24T16:00:00Z", 10.0),
            ]
        );
        assert_eq!(
            told("month", "2026-12-01T00:00:00Z", 2),
            [
                is("2026-12", "2026-12-01T00:00:00Z", "2026-12-31T17:00:00Z", 10.0),
                is("2027-01", "2027-01-01T00:00:00Z", "2027-01-29T17:00:00Z", 10.0),
            ]
        );
        assert_eq!(
            told("quarter", "2026-07-01T08:00:00Z", 1),
            [is("quarter 3 of 2026", "2026-06-30T23:00:00Z", "2026-09-30T16:00:00Z", 10.0)]
        );
        assert_eq!(told("now", "2026-07-01T08:00:00Z", 3), []);
        assert_eq!(told("fortnight", "2026-07-01T08:00:00Z", 3), []);
    }

    #[test]
    fn freezes_hold_through_their_last_day() {
        let mut calendar = calendar();
        calendar.freezes = vec![trimtab_model::charter::Freeze {
            from: "2026-12-18".parse().unwrap(),
            to: "2026-12-24".parse().unwrap(),
            reason: "end of the year".into(),
            except: vec![Level::Critical],
        }];
        let freezes = freezes(&calendar);
        assert_eq!(freezes[0].from.to_string(), "2026-12-18T00:00:00Z");
        assert_eq!(freezes[0].to.to_string(), "2026-12-25T00:00:00Z");
    }
}
