//! Charts and tables of metrics as CSV.

use trimtab_pages::part::Chart;

use crate::measuring::question::{LEVELS, Measured};

/// A line of CSV. What a spreadsheet would run as a formula is made inert.
pub(super) fn line(cells: &[String]) -> String {
    let cell = |text: &String| {
        let is_number = || text.starts_with('-') && text.parse::<f64>().is_ok_and(f64::is_finite);
        let runs = text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n']) && !is_number();
        let text = if runs { format!("'{text}") } else { text.clone() };
        if text.contains([',', '"', '\n', '\r', ';', '\t']) {
            format!("\"{}\"", text.replace('"', "\"\""))
        } else {
            text
        }
    };
    cells.iter().map(cell).collect::<Vec<_>>().join(",") + "\r\n"
}

/// A number for a program; unknown is empty.
pub(super) fn plain(value: Option<f64>) -> String {
    let told = value.map(|v| format!("{v:.3}")).unwrap_or_default();
    match told.trim_end_matches('0').trim_end_matches('.') {
        "-0" => "0".to_owned(),
        text => text.to_owned(),
    }
}

pub(super) fn chart_rows(chart: &Chart) -> Vec<Vec<String>> {
    let mut head = vec!["period".to_owned()];
    head.extend(chart.series.iter().map(|s| format!("{} ({})", s.name, chart.unit)));
    let mut rows = vec![head];
    for (at, label) in chart.labels.iter().enumerate() {
        let mut row = vec![label.clone()];
        row.extend(chart.series.iter().map(|s| plain(s.points.get(at).and_then(|p| p.value))));
        rows.push(row);
    }
    rows
}

pub(super) fn group_rows(is: &Measured) -> Vec<Vec<String>> {
    let head = [
        is.by,
        "load",
        "load-days",
        "load-days before",
        "median days",
        "median days before",
        "90th percentile days",
        "deadlines met",
        "deadlines missed",
        "found",
        "fixed",
        "interruptions",
        "requests opened",
        "notices",
    ];
    let mut rows = vec![head.iter().map(ToString::to_string).collect::<Vec<_>>()];
    for (name, _, now, before) in &is.groups {
        rows.push(vec![
            name.clone(),
            plain(now.load),
            plain(Some(now.load_days)),
            plain(Some(before.load_days)),
            plain(now.fixed.map(|s| s.median)),
            plain(before.fixed.map(|s| s.median)),
            plain(now.fixed.map(|s| s.p90)),
            now.deadlines.met.to_string(),
            now.deadlines.missed.to_string(),
            now.flow.found.to_string(),
            now.flow.fixed.to_string(),
            now.noise.interruptions.to_string(),
            now.noise.requests.to_string(),
            now.noise.notices.to_string(),
        ]);
    }
    rows
}

/// Time to remediate by level.
pub(super) fn level_rows(is: &Measured) -> Vec<Vec<String>> {
    let head = [
        "level",
        "fixed",
        "median days",
        "median days before",
        "90th percentile days",
        "90th percentile days before",
    ];
    let mut rows = vec![head.iter().map(ToString::to_string).collect::<Vec<_>>()];
    for (at, level) in LEVELS.iter().enumerate() {
        let of =
            |all: &[Option<trimtab_engine::measure::Spread>; 4]| all.get(at).copied().flatten();
        let (now, before) = (of(&is.now.by_level), of(&is.before.by_level));
        rows.push(vec![
            level.as_str().to_owned(),
            now.map_or(0, |s| s.count).to_string(),
            plain(now.map(|s| s.median)),
            plain(before.map(|s| s.median)),
            plain(now.map(|s| s.p90)),
            plain(before.map(|s| s.p90)),
        ]);
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_of_csv_runs_nothing() {
        let told = |cell: &str| line(&[cell.to_owned()]);
        for bad in ["=1+1", "+1", "-1+A1", "-inf", "@SUM(A1)", "\tx", "\r=x", "\n=1"] {
            let told = told(bad);
            assert!(told.trim_start_matches('"').starts_with('\''), "{told:?}");
        }
        assert_eq!(told("a,b"), "\"a,b\"\r\n");
        assert_eq!(told("a\"b"), "\"a\"\"b\"\r\n");
        assert_eq!(line(&["1.5".into(), String::new()]), "1.5,\r\n");
        assert_eq!(plain(Some(12.5)), "12.5");
        assert_eq!(plain(Some(100.0)), "100");
        assert_eq!(plain(None), "");
        assert_eq!(
            line(&[plain(Some(-0.0)), plain(Some(-0.0001)), plain(Some(-1.5))]),
            "0,0,-1.5\r\n"
        );
    }
}
