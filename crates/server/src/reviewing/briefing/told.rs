//! What is told with the parts of a briefing: of which period and of which data they are.

use jiff::Timestamp;
use jiff::civil::Date;
use trimtab_engine::measure::Spread;
use trimtab_engine::review::Part;
use trimtab_pages::part::tenth;

use super::super::agenda::{Draft, Filled};
use super::read::{COMPARED, Read};
use super::topics::{day, filled};
use crate::web::count;

/// The day of data.
fn of_data(of: Option<Date>) -> String {
    of.map_or_else(|| "no day".to_owned(), |of| of.to_string())
}

/// What is told of a part that the catalogue of exploited vulnerabilities makes.
pub(super) fn by_catalogue(
    (read, has_kev): (&Read, bool),
    (from, now): (Timestamp, Timestamp),
    text: &str,
) -> String {
    let of = of_data(read.days.0);
    match has_kev {
        true => format!(
            "Listed between {} and {}, by the catalogue of {of}. {text}",
            day(from),
            day(now)
        ),
        false => format!(
            "Unknown: the index has no catalogue of exploited vulnerabilities for this period (it is of {of})."
        ),
    }
}

/// The part of attacks. `has_attacks`: whether the advisories are of this time; `near_cut`: not all names were compared.
pub(super) fn attacked(
    read: &Read,
    topics: Vec<Draft>,
    (from, now): (Timestamp, Timestamp),
    (has_attacks, near_cut): (bool, bool),
) -> Filled {
    if !has_attacks {
        let about = unknown_attacks(read);
        return Filled { about, ..filled(Part::Attacks, topics, "#attacks".to_owned()) };
    }
    let compared = match near_cut {
        true => format!(
            " In each ecosystem {COMPARED} of our names were compared with the newest {COMPARED} of theirs; more may be close."
        ),
        false => String::new(),
    };
    let undated = match read.undated {
        0 => String::new(),
        all => format!(
            " {} without a publication date, and counted in no quarter.",
            count(
                i64::try_from(all).unwrap_or(i64::MAX),
                "advisory of malicious packages is",
                "advisories of malicious packages are"
            )
        ),
    };
    let about = format!(
        "Malicious packages whose advisories were published between {} and {}, by ecosystem, from the advisories of {}. Those with the name of a package that is here come first, in any version; then those with a name close to one of ours. Advisories do not say how an account was taken over.{undated}{compared}",
        day(from),
        day(now),
        of_data(read.days.1)
    );
    Filled { about, ..filled(Part::Attacks, topics, "#attacks".to_owned()) }
}

/// Why nothing is known of malicious packages in a time.
fn unknown_attacks(read: &Read) -> String {
    match (read.has_malicious, read.days.1) {
        (false, _) => "Unknown: the index has no advisories of malicious packages.".to_owned(),
        (true, Some(of)) => {
            format!(
                "Unknown: the advisories of malicious packages end before this period (they are of {of})."
            )
        }
        (true, None) => {
            "Unknown: the index does not say of which day its advisories are.".to_owned()
        }
    }
}

/// The part of speed: days until it was known, and until it was gone.
pub(super) fn fast((know, fix): (Option<Spread>, Option<Spread>), slow: Vec<Draft>) -> Filled {
    let words = |of: Option<Spread>| of.map_or_else(|| "unknown".to_owned(), |is| tenth(is.median));
    let about = format!(
        "Days until it was known here, and until it was gone, median: {} and {}. Those that are still here, the oldest first.",
        words(know),
        words(fix)
    );
    Filled { about, ..filled(Part::Speed, slow, "#speed".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn that_the_advisories_end_before_the_period_is_told() {
        let day = Some(jiff::civil::date(2026, 8, 20));
        let of = |has_malicious: bool, day: Option<Date>| {
            unknown_attacks(&Read { has_malicious, days: (None, day), ..Read::default() })
        };
        assert!(of(true, day).contains("end before this period (they are of 2026-08-20)"));
        assert!(of(false, day).contains("has no advisories of malicious packages"));
        assert!(of(true, None).starts_with("Unknown: "));
    }
}
