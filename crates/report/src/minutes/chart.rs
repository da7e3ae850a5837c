//! Where the marks of a chart lie: bars beside each other for a few labels, lines for many. What is unknown is a gap, and
//! the same values stand in a table below.

use super::Chart;

/// More labels than these are a line.
const BARS: usize = 9;

/// A mark, in a place of width and height 1; the origin is at the lower left.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Mark {
    /// From the ground to a height.
    Bar { series: usize, x: f64, width: f64, height: f64 },
    /// From a point to the next.
    Line { series: usize, from: (f64, f64), to: (f64, f64) },
    /// A point that nothing stands beside.
    Point { series: usize, at: (f64, f64) },
}

/// A chart that can be drawn.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Drawn {
    /// Its marks.
    pub(super) marks: Vec<Mark>,
    /// What the upper edge stands for; the lower one is nothing.
    pub(super) top: f64,
    /// The labels that are written, each with the middle of what it is of. Of a line they are the first and the last.
    pub(super) labels: Vec<(f64, String)>,
}

/// Lays a chart out. `None`: nothing of it is known.
pub(super) fn drawn(chart: &Chart) -> Option<Drawn> {
    let all = chart.series.iter().flat_map(|of| &of.values).flatten();
    let top = all.copied().filter(|value| value.is_finite()).fold(f64::NAN, f64::max);
    if top.is_nan() || chart.labels.is_empty() {
        return None;
    }
    let top = if top > 0.0 { top } else { 1.0 };
    let count = chart.labels.len();
    let slot = 1.0 / count as f64;
    let each = chart.labels.iter().enumerate();
    let labels = each.map(|(at, label)| ((at as f64 + 0.5) * slot, label.clone()));
    Some(match count <= BARS {
        true => Drawn { marks: bars(chart, top), top, labels: labels.collect() },
        false => {
            let ends = labels.enumerate().filter(|(at, _)| *at == 0 || at + 1 == count);
            let labels = ends.map(|(at, (_, label))| (if at == 0 { 0.0 } else { 1.0 }, label));
            Drawn { marks: lines(chart, top), top, labels: labels.collect() }
        }
    })
}

fn bars(chart: &Chart, top: f64) -> Vec<Mark> {
    let slot = 1.0 / chart.labels.len() as f64;
    let width = slot * 0.8 / chart.series.len().max(1) as f64;
    let mut marks = Vec::new();
    for (series, of) in chart.series.iter().enumerate() {
        for (at, value) in of.values.iter().enumerate().take(chart.labels.len()) {
            if let Some(value) = value {
                let x = at as f64 * slot + slot * 0.1 + series as f64 * width;
                marks.push(Mark::Bar { series, x, width, height: value / top });
            }
        }
    }
    marks
}

fn lines(chart: &Chart, top: f64) -> Vec<Mark> {
    let step = 1.0 / (chart.labels.len() - 1).max(1) as f64;
    let mut marks = Vec::new();
    for (series, of) in chart.series.iter().enumerate() {
        let mut last: Option<(f64, f64)> = None;
        for (at, value) in of.values.iter().enumerate().take(chart.labels.len()) {
            let here = value.map(|value| (at as f64 * step, value / top));
            let next = of.values.get(at + 1).copied().flatten();
            match (last, here) {
                (Some(from), Some(to)) => marks.push(Mark::Line { series, from, to }),
                (None, Some(at)) if next.is_none() => marks.push(Mark::Point { series, at }),
                _ => {}
            }
            last = here;
        }
    }
    marks
}

#[cfg(test)]
mod tests {
    use super::super::Series;
    use super::*;

    fn chart(labels: usize, values: &[Option<f64>]) -> Chart {
        Chart {
            title: "x".to_owned(),
            labels: (0..labels).map(|at| at.to_string()).collect(),
            series: vec![Series { name: "a".to_owned(), values: values.to_vec() }],
        }
    }

    #[test]
    fn what_is_unknown_is_a_gap_and_no_zero() {
        let is = drawn(&chart(3, &[Some(2.0), None, Some(4.0)])).unwrap();
        let heights: Vec<f64> = is
            .marks
            .iter()
            .map(|mark| match mark {
                Mark::Bar { height, .. } => *height,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!((heights, is.top), (vec![0.5, 1.0], 4.0));
        assert_eq!((is.labels.len(), is.labels[1].1.as_str()), (3, "1"));
        let mut long = vec![Some(1.0); 12];
        long[4] = None;
        long[5] = Some(2.0);
        long[6] = None;
        let is = drawn(&chart(12, &long)).unwrap();
        let points = is.marks.iter().filter(|mark| matches!(mark, Mark::Point { .. })).count();
        // Four before, four after, and one alone between two gaps.
        assert_eq!((is.marks.len(), points), (3 + 4 + 1, 1));
        assert_eq!(is.labels, [(0.0, "0".to_owned()), (1.0, "11".to_owned())]);
        assert_eq!(drawn(&chart(3, &[None, None])), None);
        assert_eq!(drawn(&chart(2, &[Some(0.0)])).unwrap().top, 1.0);
    }

    #[test]
    fn every_mark_is_within_its_place() {
        for labels in [1, 2, 9, 10, 90] {
            let values: Vec<Option<f64>> = (0..labels).map(|at| Some(at as f64)).collect();
            for mark in drawn(&chart(labels, &values)).unwrap().marks {
                let inside = |x: f64| (0.0..=1.0 + 1e-9).contains(&x);
                let fits = match mark {
                    Mark::Bar { x, width, height, .. } => inside(x + width) && inside(height),
                    Mark::Line { from, to, .. } => {
                        [from.0, from.1, to.0, to.1].into_iter().all(inside)
                    }
                    Mark::Point { at, .. } => inside(at.0) && inside(at.1),
                };
                assert!(fits, "{mark:?}");
            }
        }
    }
}
