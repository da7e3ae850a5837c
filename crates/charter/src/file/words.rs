//! The small languages inside a charter: terms, durations, days of the week.

use jiff::civil::Weekday;
use trimtab_model::charter::Term;

use crate::at::nearest;

/// The longest term, in its own unit: ten years of days are more than anybody means.
const MAX_COUNT: u32 = 100_000;

/// How terms may be written, for messages.
pub const TERMS: &str = "`72 hours`, `14 days`, `5 working days`, `this sprint`, `2 sprints`, `catalogue` or `opportunistic`";

/// Reads a term. `None` if it is not one.
pub fn term(text: &str) -> Option<Term> {
    let words: Vec<&str> = text.split_whitespace().collect();
    let count = |n: &str| n.parse::<u32>().ok().filter(|n| (1..=MAX_COUNT).contains(n));
    Some(match words.as_slice() {
        ["opportunistic"] => Term::Opportunistic,
        ["catalogue"] => Term::Catalogue,
        ["this", "sprint"] => Term::Sprints(1),
        ["next", "sprint"] => Term::Sprints(2),
        [n, "hour" | "hours"] => Term::Hours(count(n)?),
        [n, "day" | "days"] => Term::Days(count(n)?),
        [n, "working", "day" | "days"] => Term::WorkingDays(count(n)?),
        [n, "week" | "weeks"] => Term::Days(count(n)?.checked_mul(7)?),
        [n, "sprint" | "sprints"] => Term::Sprints(count(n)?),
        _ => return None,
    })
}

/// The term that a mistyped one was probably meant to be: `72hh`, `14d`, `3 week`, `this sprnt`.
pub fn meant(text: &str) -> Option<String> {
    const UNITS: &[&str] = &["hours", "days", "working days", "weeks", "sprints", "years"];
    let text = text.trim().to_lowercase();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (count, unit) = text.split_at(digits);
    let unit = unit.trim_start_matches([' ', '-', '_']);
    if count.is_empty() {
        return nearest(
            &text,
            ["opportunistic", "catalogue", "this sprint", "next sprint"].into_iter(),
        )
        .map(str::to_owned);
    }
    let count = count.trim_start_matches('0');
    // `h`, `hrs`, `hh`, `d`, `wks`: the first letter says which.
    let first = unit.chars().next()?;
    let unit = nearest(unit, UNITS.iter().copied()).or_else(|| {
        let only = unit.chars().count() <= 3;
        UNITS.iter().copied().find(|known| only && known.starts_with(first))
    })?;
    (!count.is_empty()).then(|| format!("{count} {unit}"))
}

/// A term in words, as it is written.
pub fn tell_term(term: Term) -> String {
    let many = |n: u32, one: &str| if n == 1 { format!("1 {one}") } else { format!("{n} {one}s") };
    match term {
        Term::Hours(n) => many(n, "hour"),
        Term::Days(n) => many(n, "day"),
        Term::WorkingDays(n) => many(n, "working day"),
        Term::Sprints(1) => "this sprint".to_owned(),
        Term::Sprints(n) => many(n, "sprint"),
        Term::Catalogue => "catalogue".to_owned(),
        Term::Opportunistic => "opportunistic".to_owned(),
    }
}

/// Reads a duration in days: `30 days`, `4 weeks`, `2 years`. `None` if it is not one.
pub fn days(text: &str) -> Option<u32> {
    let (n, unit) = text.trim().split_once(' ')?;
    let n = n.parse::<u32>().ok().filter(|n| *n <= MAX_COUNT)?;
    match unit.trim() {
        "day" | "days" => Some(n),
        "week" | "weeks" => n.checked_mul(7),
        "year" | "years" => n.checked_mul(365),
        _ => None,
    }
}

/// The days of the week.
pub const WEEKDAYS: [&str; 7] =
    ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

/// Reads a day of the week.
pub fn weekday(text: &str) -> Option<Weekday> {
    Some(match text.to_ascii_lowercase().as_str() {
        "monday" => Weekday::Monday,
        "tuesday" => Weekday::Tuesday,
        "wednesday" => Weekday::Wednesday,
        "thursday" => Weekday::Thursday,
        "friday" => Weekday::Friday,
        "saturday" => Weekday::Saturday,
        "sunday" => Weekday::Sunday,
        _ => return None,
    })
}

/// The name of a day of the week.
pub fn tell_weekday(day: Weekday) -> &'static str {
    match day {
        Weekday::Monday => "monday",
        Weekday::Tuesday => "tuesday",
        Weekday::Wednesday => "wednesday",
        Weekday::Thursday => "thursday",
        Weekday::Friday => "friday",
        Weekday::Saturday => "saturday",
        Weekday::Sunday => "sunday",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn terms_are_read_and_told_again() {
        for text in ["72 hours", "1 hour", "90 days", "5 working days", "this sprint", "3 sprints"]
        {
            assert_eq!(tell_term(term(text).unwrap()), text);
        }
        assert_eq!(term("2 weeks"), Some(Term::Days(14)));
        for text in ["", "soon", "0 days", "-1 days", "3", "days 3", "9999999 days", "3.5 days"] {
            assert_eq!(term(text), None, "{text}");
        }
        for (slip, term) in [
            ("72hh", Some("72 hours")),
            ("72h", Some("72 hours")),
            ("14d", Some("14 days")),
            ("014 dys", Some("14 days")),
            ("2 wks", Some("2 weeks")),
            ("5 workng days", Some("5 working days")),
            ("this sprnt", Some("this sprint")),
            ("Opportunistic", Some("opportunistic")),
            ("3 months", None),
            ("0 days", None),
            ("soon", None),
            ("", None),
            ("-3 days", None),
        ] {
            assert_eq!(meant(slip).as_deref(), term, "{slip}");
        }
        assert_eq!((days("2 weeks"), days("1 year"), days("x days")), (Some(14), Some(365), None));
    }
}
