//! A backtest, for people and programs.

mod chart;
pub mod html;
pub mod json;
pub mod text;

use jiff::tz::TimeZone;

/// A number of days, or of load, as it is told.
fn number(value: f64) -> String {
    let tenths = (value * 10.0).round() / 10.0;
    if tenths.abs() < 10.0 && tenths.fract() != 0.0 {
        format!("{tenths:.1}")
    } else {
        crate::table::thousands(value.round().max(0.0) as u64)
    }
}

/// A number that may be unknown.
fn known(value: Option<usize>) -> String {
    value.map_or("?".to_owned(), |n| crate::table::thousands(n as u64))
}

impl json::Rhythm {
    /// The day of a moment, in the time zone of the charter.
    fn day(&self, at: &str) -> String {
        let at = crate::plan::json::local(self.time_zone.as_deref(), at);
        at.get(..10).map_or_else(|| at.clone(), str::to_owned)
    }

    /// The time zone of the charter; UTC, where none is known.
    fn zone(&self) -> TimeZone {
        let zone = self.time_zone.as_deref().and_then(|name| TimeZone::get(name).ok());
        zone.unwrap_or(TimeZone::UTC)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_one_of_the_charters_zone() {
        let rhythm = |time_zone: Option<&str>| json::Rhythm {
            team: String::new(),
            cadence: String::new(),
            capacity: 1.0,
            days_per_point: 1.0,
            open_limit: None,
            assumed: Vec::new(),
            windows: 0,
            time_zone: time_zone.map(str::to_owned),
        };
        let at = "2026-01-04T22:30:00Z";
        for (zone, day) in [
            (Some("Asia/Tokyo"), "2026-01-05"),
            (Some("America/New_York"), "2026-01-04"),
            (Some("Nowhere"), "2026-01-04"),
            (None, "2026-01-04"),
        ] {
            assert_eq!(rhythm(zone).day(at), day, "{zone:?}");
        }
        assert_eq!(rhythm(None).day("soon"), "soon");
    }
}
