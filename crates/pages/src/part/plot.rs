//! The arithmetic of drawings: ticks from zero, places in thousandths of the width, numbers in words.

/// The height of a drawing's inner coordinates; its width is 1,000.
pub(crate) const HEIGHT: f64 = 100.0;

/// Ticks from zero to at least the largest value: two to five of them, in round steps.
pub(crate) fn ticks(largest: f64) -> Vec<f64> {
    let largest = if largest.is_finite() && largest > 0.0 { largest } else { 1.0 };
    let rough = largest / 4.0;
    let power = 10f64.powf(rough.log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].into_iter().map(|s| s * power).find(|s| *s >= rough);
    let step = step.unwrap_or(10.0 * power);
    let mut ticks = vec![0.0];
    while let Some(last) = ticks.last().copied() {
        if last >= largest || ticks.len() > 6 {
            break;
        }
        ticks.push(last + step);
    }
    ticks
}

/// From the top of the drawing, for a value under a top.
pub(crate) fn down(value: f64, top: f64) -> f64 {
    HEIGHT - (value.clamp(0.0, top) / top * HEIGHT)
}

/// The place of one of `count` points across the width, in thousandths.
pub(crate) fn across(index: usize, count: usize) -> f64 {
    match count {
        0 | 1 => 500.0,
        // Bounded by what is drawn: exact in f64.
        _ => index as f64 * 1000.0 / (count - 1) as f64,
    }
}

/// Runs of known values as points of a line: a gap ends a run, and is never bridged.
pub(crate) fn runs(values: &[Option<f64>], top: f64) -> Vec<Vec<(f64, f64)>> {
    let mut runs = vec![Vec::new()];
    for (i, value) in values.iter().enumerate() {
        match (value, runs.last_mut()) {
            (Some(v), Some(run)) => run.push((across(i, values.len()), down(*v, top))),
            (_, Some(run)) if !run.is_empty() => runs.push(Vec::new()),
            _ => {}
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

/// Points as an attribute of a line. A single one becomes a short line, so that it can be seen.
pub(crate) fn points(run: &[(f64, f64)]) -> String {
    let told = |(x, y): &(f64, f64)| format!("{x:.1},{y:.2}");
    match run {
        [(x, y)] => format!("{:.1},{y:.2} {:.1},{y:.2}", x - 3.0, x + 3.0),
        _ => run.iter().map(told).collect::<Vec<_>>().join(" "),
    }
}

/// A number as it is read: `1,204`, `182.4`, `0.03`; what is not a number is said so.
pub fn number(value: f64) -> String {
    if !value.is_finite() {
        return "?".to_owned();
    }
    let size = value.abs();
    // What was told to a tenth is shown to a tenth: a nought behind it would say more than is known.
    let is_tenth = ((size * 10.0).round() / 10.0 - size).abs() < 1e-9;
    let places = if value.fract() == 0.0 || size >= 1000.0 {
        0
    } else if size >= 1.0 || is_tenth {
        1
    } else {
        2
    };
    let told = format!("{:.places$}", half_up(size, places));
    let (whole, part) = told.split_once('.').map_or((told.as_str(), ""), |(w, p)| (w, p));
    let mut grouped = String::new();
    for (i, digit) in whole.chars().enumerate() {
        if i > 0 && (whole.len() - i).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    let sign = if value < 0.0 { "−" } else { "" };
    if part.is_empty() { format!("{sign}{grouped}") } else { format!("{sign}{grouped}.{part}") }
}

/// A number to a tenth, which is rounded once: from a thousand on it is a whole one.
pub fn tenth(value: f64) -> String {
    number(if value.abs() >= 1000.0 { value } else { half_up(value, 1) })
}

/// To so many places, a half up: to the even digit a half would be told as less than it is.
fn half_up(value: f64, places: usize) -> f64 {
    let by = 10_f64.powi(i32::try_from(places).unwrap_or(0));
    (value * by).round() / by
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_shows_no_more_than_is_known() {
        let told: Vec<String> = [0.4, 0.43, 0.034, 1.25, -0.1, 1204.4, 12.0].map(number).into();
        assert_eq!(told, ["0.4", "0.43", "0.03", "1.3", "−0.1", "1,204", "12"]);
    }

    #[test]
    fn what_is_told_to_a_tenth_is_rounded_once() {
        let told = [1002.46, 1002.5, 1002.53, 999.96, 2.25, 0.04].map(tenth);
        assert_eq!(told, ["1,002", "1,003", "1,003", "1,000", "2.3", "0"]);
    }

    #[test]
    fn ticks_begin_at_zero_and_hold_the_largest() {
        assert_eq!(ticks(182.4), [0.0, 50.0, 100.0, 150.0, 200.0]);
        for largest in [0.0, -1.0, f64::NAN, f64::INFINITY, 0.003, 1.0, 7.0, 99.9, 1e12] {
            let ticks = ticks(largest);
            assert_eq!(ticks[0], 0.0);
            assert!((2..=6).contains(&ticks.len()), "{largest}: {ticks:?}");
            assert!(!largest.is_finite() || *ticks.last().expect("some") >= largest);
        }
    }

    #[test]
    fn a_gap_is_not_bridged_and_not_zero() {
        let values = [Some(1.0), None, Some(2.0), Some(2.0)];
        let runs = runs(&values, 2.0);
        assert_eq!(runs.len(), 2);
        assert_eq!(runs[0], [(0.0, 50.0)]);
        assert_eq!(runs[1][1], (1000.0, 0.0));
        assert_eq!(points(&runs[0]), "-3.0,50.00 3.0,50.00");
    }

    #[test]
    fn numbers_are_grouped() {
        let told = [0.0, 1204.0, 182.44, -0.034, 1_234_567.8, f64::NAN].map(number);
        assert_eq!(told, ["0", "1,204", "182.4", "−0.03", "1,234,568", "?"]);
    }
}
