//! The load over time as a drawing: a line that steps for each way, from zero, in a width of 1,000 and a height
//! of 300. Lines differ in their dashes, so that no colour is needed to tell them apart.

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::json::{Document, Load, Way};

const WIDTH: f64 = 1000.0;
const HEIGHT: f64 = 300.0;
/// The most months that have a label under the drawing.
const LABELS: usize = 6;

/// The drawing.
pub(super) struct Chart {
    /// Class and points of each line; the first way is drawn last, above the others.
    pub(super) lines: Vec<(&'static str, String)>,
    /// Heights of the axis in per cent from above, with their labels.
    pub(super) levels: Vec<(String, String)>,
    /// Places of the beginnings of months, or of days of a short period, in per cent, with their labels.
    pub(super) months: Vec<(String, String)>,
}

impl Chart {
    pub(super) fn of(document: &Document) -> Chart {
        let ends = Ends::of(document);
        let loads = document.ways.iter().flat_map(|w| &w.course).map(|l| l.load);
        let (top, step) = scale(loads.fold(0.0, f64::max));
        let count = (top / step).round() as usize;
        let levels = (0..=count).map(|n| {
            let value = step * n as f64;
            (format!("{:.2}", 100.0 - 100.0 * value / top), super::number(value))
        });
        let line = |(at, way): (usize, &Way)| (class(at), ends.line(&way.course, top));
        let months = months(document);
        let every = months.len().div_ceil(LABELS).max(1);
        let zone = document.rhythm.zone();
        let month = |day: &Date| {
            let at = day.to_zoned(zone.clone()).ok()?.timestamp();
            let x = ends.across(at) / WIDTH * 100.0;
            (x <= 94.0).then(|| (format!("{x:.2}"), day.strftime("%Y-%m").to_string()))
        };
        let mut marks: Vec<_> = months.iter().step_by(every).filter_map(month).collect();
        // A period of some weeks has no two months to name.
        if marks.len() < 2 {
            marks = ends.quarters(&zone);
        }
        Chart {
            lines: document.ways.iter().enumerate().rev().map(line).collect(),
            levels: levels.collect(),
            months: marks,
        }
    }
}

/// What tells the line of a way, by its place among them.
pub(super) fn class(way: usize) -> &'static str {
    ["w0", "w1", "w2", "w3", "w4"].get(way).copied().unwrap_or("w4")
}

/// The load of each way at the beginning, at the beginning of each month, and at the end; the day first.
pub(super) fn by_month(document: &Document) -> Vec<(String, Vec<f64>)> {
    let ends = Ends::of(document);
    let mut at: Vec<Timestamp> = vec![ends.from];
    let months = months(document);
    let zone = document.rhythm.zone();
    at.extend(months.iter().filter_map(|d| Some(d.to_zoned(zone.clone()).ok()?.timestamp())));
    at.push(ends.until);
    at.dedup();
    let load = |way: &Way, at: Timestamp| {
        let before = way.course.iter().take_while(|l| moment(&l.at).is_some_and(|t| t <= at));
        before.last().map_or(0.0, |l| l.load)
    };
    let row = |at: Timestamp| {
        (
            at.to_zoned(zone.clone()).date().to_string(),
            document.ways.iter().map(|w| load(w, at)).collect(),
        )
    };
    at.into_iter().map(row).collect()
}

/// Beginning and end of the drawing.
struct Ends {
    from: Timestamp,
    until: Timestamp,
}

impl Ends {
    fn of(document: &Document) -> Ends {
        let from = moment(&document.period.from).unwrap_or_default();
        Ends { from, until: moment(&document.period.until).unwrap_or(from) }
    }

    /// The day at the beginning of each quarter of the drawing, with its place in per cent.
    fn quarters(&self, zone: &TimeZone) -> Vec<(String, String)> {
        let (from, until) = (self.from.as_second(), self.until.as_second());
        let quarter = |part: i64| {
            let at = Timestamp::from_second(from + (until - from) / 4 * part).ok()?;
            Some((format!("{}.00", 25 * part), at.to_zoned(zone.clone()).date().to_string()))
        };
        let mut all: Vec<_> = (0..4).filter_map(quarter).collect();
        all.dedup_by(|next, before| next.1 == before.1);
        all
    }

    fn across(&self, at: Timestamp) -> f64 {
        let whole = (self.until.as_second() - self.from.as_second()).max(1) as f64;
        let part = (at.as_second() - self.from.as_second()) as f64 / whole;
        part.clamp(0.0, 1.0) * WIDTH
    }

    /// Each load lasts to the next one.
    fn line(&self, course: &[Load], top: f64) -> String {
        let mut points: Vec<(f64, f64)> = Vec::with_capacity(course.len() * 2 + 1);
        for load in course {
            let Some(at) = moment(&load.at) else { continue };
            let (x, y) = (self.across(at), HEIGHT - HEIGHT * load.load / top);
            if let Some((_, before)) = points.last().copied() {
                points.push((x, before));
            }
            points.push((x, y));
        }
        if let Some((_, last)) = points.last().copied() {
            points.push((WIDTH, last));
        }
        let told: Vec<String> = points.iter().map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        told.join(" ")
    }
}

fn moment(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

/// The first days of the months within the time.
fn months(document: &Document) -> Vec<Date> {
    let ends = Ends::of(document);
    let zone = document.rhythm.zone();
    let day = |at: Timestamp| at.to_zoned(zone.clone()).date();
    let first = day(ends.from).first_of_month().checked_add(1.month());
    let Ok(first) = first else { return Vec::new() };
    first.series(1.month()).take_while(|d| *d <= day(ends.until)).take(60).collect()
}

/// The top of an axis that holds a value, and the step between its labels: 1, 2 or 5 times a power of ten.
fn scale(most: f64) -> (f64, f64) {
    let most = if most.is_finite() && most > 0.0 { most } else { 1.0 };
    let power = 10f64.powf((most / 4.0).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|n| n * power);
    let step = step.into_iter().find(|s| s * 4.0 >= most).unwrap_or(10.0 * power);
    (step * (most / step).ceil().max(1.0), step)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_axis_has_round_steps_and_holds_its_value() {
        for (most, expected) in
            [(0.0, (1.0, 0.5)), (7.0, (8.0, 2.0)), (40.0, (40.0, 10.0)), (41.0, (60.0, 20.0))]
        {
            assert_eq!(scale(most), expected, "{most}");
        }
    }

    #[test]
    fn a_short_period_has_days_below_its_drawing() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let ends = Ends { from: at("2026-01-01T00:00:00Z"), until: at("2026-01-09T00:00:00Z") };
        let days = [("0.00", 1), ("25.00", 3), ("50.00", 5), ("75.00", 7)];
        let days = days.map(|(x, day)| (x.to_owned(), format!("2026-01-0{day}")));
        assert_eq!(ends.quarters(&TimeZone::UTC), days);
        let none = Ends { until: ends.from, ..ends };
        assert_eq!(none.quarters(&TimeZone::UTC).len(), 1);
    }

    #[test]
    fn a_load_lasts_to_the_next_one() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let ends = Ends { from: at("2026-01-01T00:00:00Z"), until: at("2026-01-11T00:00:00Z") };
        let load = |at: &str, load| Load { at: at.to_owned(), load };
        let course = [load("2026-01-01T00:00:00Z", 1.0), load("2026-01-06T00:00:00Z", 2.0)];
        assert_eq!(ends.line(&course, 2.0), "0.0,150.0 500.0,150.0 500.0,0.0 1000.0,0.0");
    }
}
