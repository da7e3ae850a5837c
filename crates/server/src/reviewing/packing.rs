//! What packs have beside the agenda: numbers that are compared with the last, charts, and what was carried.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trimtab_engine::review::Part;
use trimtab_store::{Org, ScopeOf};
use utoipa::ToSchema;

use super::Scope;
use super::agenda::Filled;
use crate::measuring::question::told;
use crate::problem::Problem;
use crate::state::App;
use crate::web::today::epoch_day;

/// How many weeks the line of the load goes back.
const WEEKS: i64 = 12;

/// A number of a pack. `null` is unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct PackNumber {
    /// What it is, the same in every pack of a kind.
    pub(crate) name: String,
    pub(crate) value: Option<f64>,
    /// The part of the agenda that lists it.
    pub(crate) part: String,
}

/// A chart: the same values are a table where nothing can be drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct PackChart {
    pub(crate) title: String,
    pub(crate) unit: String,
    pub(crate) labels: Vec<String>,
    pub(crate) series: Vec<PackSeries>,
}

/// A line of values of a chart; `null` is unknown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub(crate) struct PackSeries {
    pub(crate) name: String,
    pub(crate) values: Vec<Option<f64>>,
}

/// What a kind of review shows.
pub(super) struct Made {
    pub(super) parts: Vec<(Part, Filled)>,
    pub(super) numbers: Vec<PackNumber>,
    pub(super) charts: Vec<PackChart>,
    /// What is carried, to be kept when it is opened.
    pub(super) stock: Option<String>,
}

/// A number with the part that lists it.
pub(super) fn counted(part: Part, name: &str, value: Option<f64>) -> PackNumber {
    PackNumber { name: name.to_owned(), value, part: part.as_str().to_owned() }
}

/// A whole number, for numbers that may be unknown.
pub(super) fn whole(number: usize) -> f64 {
    number as f64
}

/// The load at the end of each of the last weeks, and today.
///
/// # Errors
/// The store does not answer.
pub(super) async fn load_line(
    app: &App,
    org: Org,
    scope: &Scope,
    (load, now): (Option<f64>, Timestamp),
) -> Result<PackChart, Problem> {
    let today = epoch_day(now.to_zoned(jiff::tz::TimeZone::UTC).date());
    let first = today - WEEKS * 7;
    // Of a team its systems: the days that are kept of the team itself are of what it owned on those days.
    let of = match &scope.systems {
        None => vec![ScopeOf::Organisation],
        Some(ids) => ids.iter().map(|id| ScopeOf::System(*id)).collect(),
    };
    let mut all = Vec::with_capacity(of.len());
    for one in of {
        all.push(app.store.loads(org, one, first, today).await?);
    }
    let days: Vec<i64> = (0..=WEEKS).map(|week| first + week * 7).collect();
    let value = |day: i64| {
        // What is kept of today may be an hour old: the pack tells one number of it.
        if day == today {
            return load;
        }
        // The load of several is known where that of each is; what was not weighed adds nothing, and is not known.
        let of = |loads: &Vec<trimtab_store::LoadDay>| {
            loads.iter().find(|is| is.day == day).filter(|is| is.unknown == 0).map(|is| is.load)
        };
        all.iter().map(of).try_fold(0.0, |sum, load| Some(sum + load?))
    };
    Ok(PackChart {
        title: "Load".to_owned(),
        unit: "load at the end of the day".to_owned(),
        labels: days.iter().map(|day| told(*day)).collect(),
        series: vec![PackSeries {
            name: "load".to_owned(),
            values: days.iter().map(|day| value(*day)).collect(),
        }],
    })
}

/// The last moments that a pack looks back to: since the last of the same where that is not too long ago.
pub(super) fn since(last: Option<Timestamp>, now: Timestamp, days: i64) -> Timestamp {
    let usual = now - SignedDuration::from_hours(24 * days);
    let longest = now - SignedDuration::from_hours(24 * days * 2);
    last.unwrap_or(usual).max(longest)
}
