//! What helps a finding whose action is known, and finds no place in the plan.

use trimtab_charter::file::words::tell_term;
use trimtab_model::Level;
use trimtab_model::charter::Charter;
use trimtab_model::plan::Because;

use super::words::ACCEPT;

/// The next step. `None`: something else is done first, or in its place.
pub(super) fn next(because: &Because, level: Level, charter: &Charter) -> Option<String> {
    let does = match because {
        Because::Frozen(_) => at_once(level, charter),
        Because::Quarantine(until) => {
            let day = until.to_zoned(charter.calendar.time_zone.clone()).date();
            format!("plan it after {day}")
        }
        Because::Capacity(_) | Because::Few(..) | Because::TooDear(..) => {
            "give a window more points".to_owned()
        }
        Because::Limit => "finish a batch that is open".to_owned(),
        Because::NoWindow | Because::NothingGained => "plan more windows".to_owned(),
        Because::Blocked(_) | Because::Superseded(_) | Because::NoCandidate(_) => return None,
    };
    Some(format!("{does}, {ACCEPT}"))
}

/// A freeze has one way out: a change that people grant outside of any cadence.
fn at_once(level: Level, charter: &Charter) -> String {
    let rule = &charter.emergencies;
    let sides = rule.sides(level, &charter.exceptions);
    let words: Vec<&str> = sides.iter().map(|side| side.as_str()).collect();
    let who = if words.is_empty() { "nobody".to_owned() } else { words.join(" or ") };
    format!("ask for a change at once (granted by {who}, within {})", tell_term(rule.within))
}

#[cfg(test)]
mod tests {
    use jiff::tz::{TimeZone, offset};

    use super::*;

    #[test]
    fn a_freeze_names_who_grants_a_change_at_once() {
        let charter = trimtab_charter::defaults::charter();
        let told = next(&Because::Frozen(0), Level::Critical, &charter).unwrap();
        assert!(told.starts_with("ask for a change at once (granted by "), "{told}");
        assert!(told.contains("within 4 h") && told.ends_with(ACCEPT), "{told}");
        assert_eq!(next(&Because::Superseded(0), Level::Critical, &charter), None);
    }

    #[test]
    fn a_quarantine_ends_on_a_day_of_the_calendar() {
        let mut charter = trimtab_charter::defaults::charter();
        charter.calendar.time_zone = TimeZone::fixed(offset(1));
        let until = "2026-06-30T23:30:00Z".parse().unwrap();
        let told = next(&Because::Quarantine(until), Level::Low, &charter).unwrap();
        assert!(told.starts_with("plan it after 2026-07-01, "), "{told}");
    }
}
