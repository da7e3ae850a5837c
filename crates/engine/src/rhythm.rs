//! When something that recurs comes next: at a full hour of a day of the week or of the month, by
//! the reader's clock.

use jiff::Timestamp;
use jiff::civil::{Date, Time, Weekday};
use jiff::tz::TimeZone;

/// The last day that every month has.
pub const LAST_DAY: i8 = 28;
/// Among so many days there is one of each rhythm, twice the day of today.
const DAYS: usize = 33;

/// How often something comes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rhythm {
    /// On a day of each week.
    Week(Weekday),
    /// On a day of each month, 1 to 28.
    Month(i8),
}

impl Rhythm {
    /// All that there are: the days of the week, then those of the month.
    pub fn all() -> impl Iterator<Item = Rhythm> {
        let week = (1..=7).filter_map(|day| Weekday::from_monday_one_offset(day).ok());
        week.map(Rhythm::Week).chain((1..=LAST_DAY).map(Rhythm::Month))
    }

    /// The word: `week-1` is Monday, `month-15` the fifteenth.
    pub fn word(self) -> String {
        match self {
            Rhythm::Week(day) => format!("week-{}", day.to_monday_one_offset()),
            Rhythm::Month(day) => format!("month-{day}"),
        }
    }

    /// From the word.
    pub fn from_word(word: &str) -> Option<Rhythm> {
        Rhythm::all().find(|is| is.word() == word)
    }

    /// In words: `every Monday`.
    pub fn words(self) -> String {
        let day = match self {
            Rhythm::Month(day) => return format!("every month on day {day}"),
            Rhythm::Week(day) => day,
        };
        let name = match day {
            Weekday::Monday => "Monday",
            Weekday::Tuesday => "Tuesday",
            Weekday::Wednesday => "Wednesday",
            Weekday::Thursday => "Thursday",
            Weekday::Friday => "Friday",
            Weekday::Saturday => "Saturday",
            Weekday::Sunday => "Sunday",
        };
        format!("every {name}")
    }

    fn is_on(self, date: Date) -> bool {
        match self {
            Rhythm::Week(day) => date.weekday() == day,
            Rhythm::Month(day) => date.day() == day,
        }
    }

    /// The first time after a moment, at an hour of a zone. `None`: the hour is none, or time ends before.
    pub fn next(self, (hour, zone): (i8, &TimeZone), after: Timestamp) -> Option<Timestamp> {
        next_on(|day| self.is_on(day), (hour, zone), after)
    }
}

/// The first time after a moment, at an hour of a zone on some days of the week. `None`: there is no day, the hour is none,
/// or time ends before.
pub fn next_of(
    days: &[Weekday],
    (hour, zone): (i8, &TimeZone),
    after: Timestamp,
) -> Option<Timestamp> {
    next_on(|day| days.contains(&day.weekday()), (hour, zone), after)
}

/// Where the clock skips the hour it is when that has passed; where it has the hour twice, the first one.
fn next_on(
    is_on: impl Fn(Date) -> bool,
    (hour, zone): (i8, &TimeZone),
    after: Timestamp,
) -> Option<Timestamp> {
    let time = Time::new(hour, 0, 0, 0).ok()?;
    let first = after.to_zoned(zone.clone()).date();
    std::iter::successors(Some(first), |day| day.tomorrow().ok())
        .take(DAYS)
        .filter(|day| is_on(*day))
        .filter_map(|day| zone.to_ambiguous_timestamp(day.to_datetime(time)).compatible().ok())
        .find(|at| *at > after)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn it_comes_on_its_day_at_its_hour_and_not_twice() {
        let monday = Rhythm::Week(Weekday::Monday);
        // A Monday.
        let utc = &TimeZone::UTC;
        let next = |is: Rhythm, hour, after| is.next((hour, utc), at(after)).unwrap().to_string();
        assert_eq!(next(monday, 9, "2026-03-02T08:59:59Z"), "2026-03-02T09:00:00Z");
        assert_eq!(next(monday, 9, "2026-03-02T09:00:00Z"), "2026-03-09T09:00:00Z");
        assert_eq!(next(Rhythm::Month(28), 0, "2026-01-28T00:00:00Z"), "2026-02-28T00:00:00Z");
        assert_eq!(next(Rhythm::Month(1), 23, "2026-12-01T23:30:00Z"), "2027-01-01T23:00:00Z");
        assert_eq!(monday.next((24, utc), at("2026-03-02T08:00:00Z")), None);
        assert_eq!(monday.words(), "every Monday");
        assert_eq!(Rhythm::Month(3).words(), "every month on day 3");
        for wrong in ["", "week-0", "week-8", "month-0", "month-29", "month-03"] {
            assert_eq!(Rhythm::from_word(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn it_comes_at_the_hour_of_its_readers_clock() {
        let zone = TimeZone::get("Europe/Berlin").unwrap();
        let days = [Weekday::Monday, Weekday::Sunday];
        let next = |hour, after| next_of(&days, (hour, &zone), at(after)).map(|t| t.to_string());
        let is = |text: &str| Some(text.to_owned());
        // Eight in winter is seven by UTC; in summer six.
        assert_eq!(next(8, "2026-03-02T06:59:00Z"), is("2026-03-02T07:00:00Z"));
        assert_eq!(next(8, "2026-03-02T07:00:00Z"), is("2026-03-08T07:00:00Z"));
        assert_eq!(next(8, "2026-03-29T07:00:00Z"), is("2026-03-30T06:00:00Z"));
        // Two is skipped on the night in which the clock is set forward: three, which is one by UTC.
        assert_eq!(next(2, "2026-03-28T12:00:00Z"), is("2026-03-29T01:00:00Z"));
        // It is there twice when it is set back: once, the first.
        assert_eq!(next(2, "2026-10-24T12:00:00Z"), is("2026-10-25T00:00:00Z"));
        assert_eq!(next(2, "2026-10-25T00:00:00Z"), is("2026-10-26T01:00:00Z"));
        assert_eq!(next_of(&[], (8, &zone), at("2026-03-02T06:59:00Z")), None);
    }

    proptest! {
        #[test]
        fn nothing_lies_between_two_times(
            which in 0usize..35, hour in 0i8..24, after in 0i64..4_000_000_000,
        ) {
            let is = Rhythm::all().nth(which).unwrap();
            prop_assert_eq!(Rhythm::from_word(&is.word()), Some(is));
            let after = Timestamp::from_second(after).unwrap();
            let next = is.next((hour, &TimeZone::UTC), after).unwrap();
            prop_assert!(next > after);
            let zoned = next.to_zoned(TimeZone::UTC);
            prop_assert!(is.is_on(zoned.date()));
            prop_assert_eq!(zoned.time(), Time::constant(hour, 0, 0, 0));
            let days = next.duration_since(after).as_hours() / 24;
            let most = if which < 7 { 7 } else { 31 };
            prop_assert!(days <= most, "{} days", days);
            // From anywhere before it, it is the same.
            let within = Timestamp::from_second((after.as_second() + next.as_second()).div_euclid(2));
            prop_assert_eq!(is.next((hour, &TimeZone::UTC), within.unwrap()), Some(next));
        }
    }
}
