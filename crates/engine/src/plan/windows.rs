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
///
/// A window ends before a freeze that begins in it and lasts until its end, with the share of its working days until
/// then: what would be released in the freeze would wait for the end of it.
pub fn windows(
    cadence: &Cadence,
    charter: &Charter,
    from: Timestamp,
    count: usize,
    points: f64,
) -> Vec<Window> {
    let calendar = &charter.calendar;
    let today = from.to_zoned(calendar.time_zone.clone()).date();
    let least = least(cadence);
    let own = || slots(&cadence.every, calendar, (least, from));
    let window = |slot: Slot| Window {
        points: points * left(today, &slot, calendar),
        name: slot.name,
        start: slot.start,
        end: slot.end,
        least,
    };
    let mut windows: Vec<Window> = own().take(count).map(window).collect();
    let Some(last) = windows.last().map(|last| last.end) else { return windows };
    for other in charter.cadences.iter().filter(|other| self::least(other) < least) {
        let all = slots(&other.every, calendar, (self::least(other), from));
        for span in all.take_while(|span| span.start < last) {
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
    /// The day on which it ends: the last one, unless a freeze begins before that.
    until: Date,
}

/// The windows of a rhythm for levels from the least on that are not over at a moment, one after the other.
fn slots<'c>(
    every: &'c str,
    calendar: &'c Calendar,
    (least, from): (Level, Timestamp),
) -> impl Iterator<Item = Slot> + 'c {
    let today = from.to_zoned(calendar.time_zone.clone()).date();
    let next = |days: &(Date, Date)| {
        let day = days.1.checked_add(1.day()).ok()?;
        days_of(every, calendar, day)
    };
    // Some windows are over before their last day is.
    std::iter::successors(days_of(every, calendar, today), move |days| next(days))
        .take(MOST)
        .filter_map(move |days| window(every, days, calendar, (least, from)))
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

/// A window: from the beginning of the first day to the end of the last working day, or of the last one before a freeze,
/// if that is still to come.
fn window(
    every: &str,
    (first, last): (Date, Date),
    calendar: &Calendar,
    (least, from): (Level, Timestamp),
) -> Option<Slot> {
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
    let at =
        |day: Date| Some(day.to_datetime(calendar.day_ends).to_zoned(zone()).ok()?.timestamp());
    let thawed = before_freezes((first, end), least, calendar).filter(|day| *day < end);
    let thawed = thawed.and_then(|day| Some((day, at(day)?))).filter(|(_, at)| *at > from);
    let (until, end) = match thawed {
        Some(is) => is,
        None => (last, at(end)?),
    };
    Some(Slot { name: name.into(), start, end, days: (first, last), until })
}

/// The last working day of a window on which something of each of its levels may be released. `None`: there is none.
fn before_freezes((first, last): (Date, Date), least: Level, calendar: &Calendar) -> Option<Date> {
    let holds = |freeze: &&trimtab_model::charter::Freeze| {
        let mut levels = Level::ALL.iter().filter(|level| **level >= least);
        levels.any(|level| !freeze.except.contains(level))
    };
    let frozen = |day: Date| {
        let mut freezes = calendar.freezes.iter().filter(holds);
        freezes.find(|freeze| (freeze.from..=freeze.to).contains(&day))
    };
    let mut day = last;
    loop {
        day = match frozen(day) {
            Some(freeze) => freeze.from.yesterday().ok()?,
            None if is_working(day, calendar) => return Some(day),
            None => day.yesterday().ok()?,
        };
        if day < first {
            return None;
        }
    }
}

/// The share of a window's working days that is left, today included.
fn left(today: Date, slot: &Slot, calendar: &Calendar) -> f64 {
    let (first, last) = slot.days;
    let working = |from: Date, to: Date| {
        let days = from.series(1.day()).take_while(|day| *day <= to);
        days.filter(|day| is_working(*day, calendar)).count()
    };
    match (today > first || slot.until < last, working(first, last)) {
        (true, all) if all > 0 => working(first.max(today), slot.until) as f64 / all as f64,
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
    fn a_window_ends_before_a_freeze_that_begins_in_it() {
        let frozen = |except: &[Level], from: &str| -> Vec<(String, f64)> {
            let mut calendar = calendar();
            calendar.freezes = vec![trimtab_model::charter::Freeze {
                from: "2026-12-18".parse().unwrap(),
                to: "2027-01-03".parse().unwrap(),
                reason: "Christmas".into(),
                except: except.to_vec(),
            }];
            let preset = trimtab_charter::preset::default();
            let levels = vec![Level::High, Level::Medium];
            let cadence = Cadence { name: "sprints".into(), every: "sprint".into(), levels };
            let charter = Charter { calendar, cadences: vec![cadence.clone()], ..preset };
            let all = windows(&cadence, &charter, from.parse().unwrap(), 2, 10.0);
            all.into_iter().map(|window| (window.end.to_string(), window.points)).collect()
        };
        let is = |end: &str, points: f64| (end.to_owned(), points);
        // Nine of ten working days are free. One that lies in the freeze is there for what is excepted.
        let whole = is("2027-01-01T17:00:00Z", 10.0);
        assert_eq!(
            frozen(&[Level::Critical], "2026-12-05T08:00:00Z"),
            [is("2026-12-17T17:00:00Z", 9.0), whole.clone()]
        );
        assert_eq!(frozen(&[], "2026-12-05T08:00:00Z")[0], is("2026-12-17T17:00:00Z", 9.0));
        // Of one that runs, what is left until then.
        assert_eq!(frozen(&[], "2026-12-16T08:00:00Z")[0], is("2026-12-17T17:00:00Z", 2.0));
        // Once it is frozen, it goes on for what is excepted.
        assert_eq!(frozen(&[], "2026-12-18T08:00:00Z")[0], is("2026-12-18T17:00:00Z", 1.0));
        // A freeze that excepts all that the window is for ends none.
        let all = [Level::Medium, Level::High, Level::Critical];
        let uncut = [is("2026-12-18T17:00:00Z", 10.0), whole];
        assert_eq!(frozen(&all, "2026-12-05T08:00:00Z"), uncut);
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
