//! A backtest, for people and programs.

mod chart;
pub mod html;
pub mod json;
pub mod text;

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

/// The day of a moment.
fn day(at: &str) -> &str {
    at.get(..10).unwrap_or(at)
}
