//! A rhythm on a calendar: the windows that it makes, and the freezes between them.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan};
use trimtab_charter::calendar::is_working;
use trimtab_model::Level;
use trimtab_model::charter::{Cadence, Calendar, Charter};
use trimtab_model::plan::{Freeze, Window};

/// A cool-down is every fourth sprint, counted from the calendar's first.
const SPRINTS_TO_COOL_DOWN: i64 = 4;

/// The most windows that are considered.
const MOST: usize = 400;

/// The next windows of a rhythm, including the running one, each with these points; a running
/// window has the share of its working days that is left. The result is empty if the rhythm is
/// `now` (it has no windows), if a rhythm of sprints has no sprints in the calendar, or if the text
/// is not understood.
///
/// What the charter leaves to a slower rhythm (a clean-up each quarter) is not left for ever by a
/// team with a faster one: the last of the team's windows that ends within one window of the slower
/// rhythm takes its levels too.
pub fn windows(
    cadence: &Cadence,
    charter: &Charter,
    from: Timestamp,
    count: usize,
    points: f64,
) -> Vec<Window> {
    let calendar = &charter.calendar;
    let today = from.to_zoned(calendar.time_zone.clone()).date();
    let own = || slots(&cadence.every, calendar, from);
    let least = least(cadence);
    let window = |slot: Slot| Window {
        name: slot.name,
        start: slot.start,
        end: slot.end,
        points: points * left(today, slot.days, calendar),
        least,
    };
    let mut windows: Vec<Window> = own().take(count).map(window).collect();
    let Some(last) = windows.last().map(|last| last.end) else { return windows };
    for other in charter.cadences.iter().filter(|other| self::least(other) < least) {
        for span in slots(&other.every, calendar, from).take_while(|span| span.start < last) {
            let within = own().take_while(|slot| slot.end <= span.end);
            let Some(closing) = within.last().filter(|slot| slot.end > span.start) else {
                continue;
            };
            for window in windows.iter_mut().filter(|window| window.end == closing.end) {
                window.least = window.least.min(self::least(other));
            }
        }
    }
    windows
}

/// The least level that a rhythm is for.
fn least(cadence: &Cadence) -> Level {
    cadence.levels.iter().copied().min().unwrap_or(Level::Low)
}

/// A window of a rhythm, whoever works in it.
struct Slot {
    name: Box<str>,
    start: Timestamp,
    end: Timestamp,
    /// The first and the last day.
    days: (Date, Date),
}

/// The windows of a rhythm that are not over at a moment, one after the other.
fn slots<'c>(
    every: &'c str,
    calendar: &'c Calendar,
    from: Timestamp,
) -> impl Iterator<Item = Slot> + 'c {
    let today = from.to_zoned(calendar.time_zone.clone()).date();
    let next = |days: &(Date, Date)| {
        let day = days.1.checked_add(1.day()).ok()?;
        days_of(every, calendar, day)
    };
    // Some windows are over before their last day is.
    std::iter::successors(days_of(every, calendar, today), move |days| next(days))
        .take(MOST)
        .filter_map(move |days| {
            let (name, start, end) = window(every, days, calendar)?;
            Some(Slot { name, start, end, days })
        })
        .filter(move |slot| slot.end > from)
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
        let cadences = vec![cadence.clone()];
        let charter =
            Charter { calendar: calendar(), cadences, ..trimtab_charter::preset::default() };
        let windows = windows(&cadence, &charter, from.parse().unwrap(), count, 10.0);
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
    fn what_a_slower_rhythm_takes_goes_into_the_last_window_within_it() {
        let charter = Charter { calendar: calendar(), ..trimtab_charter::preset::default() };
        let sprints = charter.cadences.iter().find(|c| &*c.every == "sprint").unwrap();
        let from = "2026-11-30T08:00:00Z".parse().unwrap();
        let low = |count| -> Vec<String> {
            let all = windows(sprints, &charter, from, count, 10.0);
            assert_eq!(all.len(), count);
            let low = all.into_iter().filter(|window| window.least == Level::Low);
            low.map(|window| window.name.into()).collect()
        };
        // The sprint of 21 December ends in the next year.
        assert_eq!(low(9), ["sprint of 2026-12-07", "sprint of 2027-03-15"]);
        // That the plan ends there opens no other one.
        assert_eq!(low(1), [""; 0]);
        assert_eq!(low(8), ["sprint of 2026-12-07"]);
        // A window that takes all there is stays as it is.
        let cleanups = charter.cadences.iter().find(|c| &*c.every == "quarter").unwrap();
        assert!(windows(cleanups, &charter, from, 3, 10.0).iter().all(|w| w.least == Level::Low));
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
