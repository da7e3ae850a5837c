//! A moment, told relative to now, with the exact one on hover and in the markup. The script keeps
//! the words fresh by the same rule (`assets/page.js`; a browser test holds the two together).

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

/// A moment in a page.
#[derive(Debug, Clone, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r#"<time datetime="{{ stamp }}" title="{{ exact }}">{{ relative }}</time>"#
)]
pub struct When {
    stamp: String,
    exact: String,
    relative: String,
}

impl When {
    /// A moment, as seen from now.
    pub fn of(at: Timestamp, now: Timestamp) -> When {
        let exact = at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string();
        let stamp = at.to_zoned(TimeZone::UTC).strftime("%Y-%m-%dT%H:%M:%SZ").to_string();
        When { stamp, exact, relative: relative(at.as_second() - now.as_second()) }
    }

    /// The words without markup.
    pub fn words(&self) -> &str {
        &self.relative
    }
}

/// Seconds from now in words: `in 3 days`, `5 h ago`, `now`.
fn relative(seconds: i64) -> String {
    let distance = seconds.unsigned_abs();
    let (count, unit) = match distance {
        0..60 => return "now".to_owned(),
        60..7_200 => (distance / 60, "min"),
        7_200..172_800 => (distance / 3_600, "h"),
        172_800..7_776_000 => (distance / 86_400, "days"),
        7_776_000..63_072_000 => (distance / 2_592_000, "months"),
        _ => (distance / 31_536_000, "years"),
    };
    if seconds < 0 { format!("{count} {unit} ago") } else { format!("in {count} {unit}") }
}

super::renders_itself!(When);

#[cfg(test)]
mod tests {
    use super::relative;

    #[test]
    fn words_fit_the_distance() {
        let told = [
            0,
            -59,
            60,
            -7_199,
            7_200,
            172_799,
            -172_800,
            7_775_999,
            7_776_000,
            -63_072_000,
            i64::MIN,
        ];
        let words: Vec<String> = told.into_iter().map(relative).collect();
        assert_eq!(words[..6], ["now", "now", "in 1 min", "119 min ago", "in 2 h", "in 47 h"]);
        assert_eq!(words[6..10], ["2 days ago", "in 89 days", "in 3 months", "2 years ago"]);
    }
}
