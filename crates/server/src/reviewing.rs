//! Reviews: what one is of, who may see and hold it, and what is written down in it. The API and the pages do it the
//! same way.

pub(crate) mod agenda;
mod briefing;
mod earlier;
mod health;
mod held;
pub(crate) mod minutes;
pub(crate) mod packing;
mod prepared;
mod seen;
mod supported;

use std::collections::HashMap;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use trimtab_engine::review::Kind;
use trimtab_store::Review;

use crate::access::Who;
use crate::people;
use crate::problem::Problem;
use crate::state::App;
pub(crate) use earlier::{Before, before, before_it, follow, how_good, last_of};
pub(crate) use held::{Sent, Wanted, attend, close, decide, follow_up, open, prepare};
pub(crate) use prepared::pack;
pub(crate) use seen::{Scope, find, may_hold, people_of, scope, sees};

/// The kind of a review; one that this build does not know is shown as a weekly one.
pub(crate) fn kind_of(review: &Review) -> Kind {
    Kind::from_text(&review.is.kind).unwrap_or(Kind::Weekly)
}

/// The last day of what is due before a moment.
pub(crate) fn last_day(due: Timestamp) -> String {
    let last = due - SignedDuration::from_secs(1);
    last.to_zoned(TimeZone::UTC).date().to_string()
}

/// A text on one line, of at most so many characters.
pub(crate) fn line(text: &str, most: usize) -> Option<String> {
    let text = text.trim();
    let fits = text.chars().count() <= most && !text.chars().any(char::is_control);
    fits.then(|| text.to_owned())
}

/// Names of people, for what is shown of a review.
pub(crate) async fn names(app: &App, who: &Who) -> Result<HashMap<i64, String>, Problem> {
    people::names(app, who.org).await
}

#[cfg(test)]
mod tests {
    use super::held::due;
    use super::*;

    #[test]
    fn a_day_is_due_until_it_is_over() {
        let now: Timestamp = "2026-11-27T09:30:00Z".parse().unwrap();
        let today = due("2026-11-27", now).unwrap();
        assert_eq!(today.to_string(), "2026-11-28T00:00:00Z");
        assert_eq!(last_day(today), "2026-11-27");
        for wrong in ["2026-11-26", "2028-01-01", "x", "", "9999-12-31"] {
            assert!(due(wrong, now).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_line_is_one() {
        assert_eq!(line("  a b ", 3).as_deref(), Some("a b"));
        assert_eq!((line("a\nb", 9), line("abcd", 3)), (None, None));
    }
}
