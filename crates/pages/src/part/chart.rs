//! Bars and lines over time, drawn from zero, with a definition, a table and a CSV.

use askama::Template;
use trimtab_model::Level;

use super::plot::{HEIGHT, across, down, number, points, runs, ticks};
use super::{Href, Link};

/// How a chart is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A bar per label, series stacked: parts of a whole.
    Bars,
    /// Bars side by side, one of each series: things that are compared.
    Pairs,
    /// A line per series.
    Lines,
}

/// What a series' colour says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Nothing: the ink.
    Plain,
    /// Nothing, and less of it: what is compared with.
    Quiet,
    /// A level.
    Level(Level),
    /// Good.
    Better,
    /// Not good.
    Worse,
}

impl Tone {
    fn class(self) -> &'static str {
        match self {
            Tone::Plain => "plain",
            Tone::Quiet => "quiet",
            Tone::Level(level) => level.as_str(),
            Tone::Better => "better",
            Tone::Worse => "worse",
        }
    }
}

/// One value; unknown is not drawn.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Point {
    /// The value.
    pub value: Option<f64>,
    /// The list behind it.
    pub href: Href,
}

impl Point {
    fn cell(&self) -> Option<Link> {
        let text = number(self.value.filter(|v| v.is_finite())?);
        Some(Link { text, href: self.href.clone() })
    }

    fn known(&self) -> Option<f64> {
        self.value.filter(|v| v.is_finite())
    }
}

/// One series.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Its name.
    pub name: String,
    /// What its colour says.
    pub tone: Tone,
    /// A value per label.
    pub points: Vec<Point>,
}

/// A chart.
#[derive(Debug, Clone, PartialEq, Template)]
#[template(path = "part/chart.html")]
pub struct Chart {
    /// How it is drawn.
    pub kind: Kind,
    /// What it shows: `Time to remediate`.
    pub title: String,
    /// What is counted, and how.
    pub definition: String,
    /// The unit of the values: `days`, `findings`.
    pub unit: String,
    /// What stands under the drawing: months, weeks.
    pub labels: Vec<String>,
    /// The series; stacked bars stand in their order from below.
    pub series: Vec<Series>,
    /// The same as CSV.
    pub csv: Href,
}

/// One piece of a bar, in the drawing's coordinates.
struct Piece {
    class: &'static str,
    x: String,
    y: String,
    width: String,
    height: String,
}

/// A value by itself, in per cent of the drawing.
struct Dot {
    class: &'static str,
    x: String,
    y: String,
    /// Whether the sprite has a shape of that name, so that no colour is needed to tell it.
    shape: bool,
}

impl Chart {
    fn ticks(&self) -> Vec<f64> {
        let values = |s: &Series| s.points.iter().map(|p| p.known().unwrap_or(0.0)).collect();
        let all: Vec<Vec<f64>> = self.series.iter().map(values).collect();
        let largest = match self.kind {
            Kind::Lines | Kind::Pairs => all.iter().flatten().copied().fold(0.0, f64::max),
            Kind::Bars => (0..self.labels.len())
                .map(|i| all.iter().filter_map(|s| s.get(i)).filter(|v| **v > 0.0).sum())
                .fold(0.0, f64::max),
        };
        let mut ticks = ticks(largest);
        // What comes in whole numbers (findings, a stage) has no halves.
        if all.iter().flatten().all(|value| value.fract() == 0.0) {
            ticks.retain(|tick| tick.fract() == 0.0);
        }
        ticks
    }

    fn top(&self) -> f64 {
        self.ticks().last().copied().unwrap_or(1.0)
    }

    /// Tick labels with their height in per cent.
    fn levels(&self) -> Vec<(String, String)> {
        let top = self.top();
        self.ticks().into_iter().map(|t| (number(t), format!("{:.2}%", down(t, top)))).collect()
    }

    fn lines(&self) -> Vec<(&'static str, String)> {
        let top = self.top();
        let line = |s: &Series| {
            let values: Vec<Option<f64>> = s.points.iter().map(Point::known).collect();
            let class = s.tone.class();
            let runs = runs(&values, top).into_iter().filter(|run| run.len() > 1);
            runs.map(|run| (class, points(&run))).collect::<Vec<_>>()
        };
        self.series.iter().flat_map(line).collect()
    }

    /// Values that stand alone between gaps, which no line can show.
    fn dots(&self) -> Vec<Dot> {
        let top = self.top();
        let dots = |s: &Series| {
            let values: Vec<Option<f64>> = s.points.iter().map(Point::known).collect();
            let class = s.tone.class();
            let dot = |run: Vec<(f64, f64)>| match *run {
                [(x, y)] => Some(Dot {
                    class,
                    x: format!("{:.2}%", x / 10.0),
                    y: format!("{y:.2}%"),
                    shape: matches!(class, "critical" | "high" | "medium" | "low"),
                }),
                _ => None,
            };
            runs(&values, top).into_iter().filter_map(dot).collect::<Vec<_>>()
        };
        self.series.iter().flat_map(dots).collect()
    }

    fn pieces(&self) -> Vec<Piece> {
        let (top, count) = (self.top(), self.labels.len().max(1));
        let band = 1000.0 / count as f64;
        let mut pieces = Vec::new();
        for i in 0..self.labels.len() {
            let mut below = 0.0;
            for (order, series) in self.series.iter().enumerate() {
                let Some(value) = series.points.get(i).and_then(Point::known) else { continue };
                let height = HEIGHT - down(value, top);
                if height <= 0.0 {
                    continue;
                }
                let side_by_side = self.kind == Kind::Pairs;
                let beside = self.series.len().max(1) as f64;
                let width = if side_by_side { band * 0.7 / beside } else { band * 0.6 };
                let from =
                    if side_by_side { 0.15 * band + width * order as f64 } else { 0.2 * band };
                pieces.push(Piece {
                    class: series.tone.class(),
                    x: format!("{:.1}", band * i as f64 + from),
                    y: format!("{:.2}", HEIGHT - below - height),
                    width: format!("{width:.1}"),
                    height: format!("{height:.2}"),
                });
                below += if side_by_side { 0.0 } else { height };
            }
        }
        pieces
    }

    /// Where a line has a gap: its place, in per cent, between what is known around it.
    fn gaps(&self) -> Vec<(String, String)> {
        let (top, count) = (self.top(), self.labels.len());
        let mut gaps = Vec::new();
        for series in &self.series {
            let known: Vec<(usize, f64)> = (series.points.iter().take(count).enumerate())
                .filter_map(|(i, p)| Some((i, p.known()?)))
                .collect();
            for pair in known.windows(2) {
                if let [(a, low), (b, high)] = pair
                    && b - a > 1
                {
                    let x = f64::midpoint(across(*a, count), across(*b, count)) / 10.0;
                    let y = down(f64::midpoint(*low, *high), top);
                    gaps.push((format!("{x:.2}%"), format!("{y:.2}%")));
                }
            }
        }
        gaps
    }

    /// The labels that there is room for: the first, the last, and some between.
    fn shown(&self) -> Vec<(&str, String, &'static str)> {
        let count = self.labels.len();
        // A date is as wide as a quarter of the narrowest drawing; short words are not.
        let wide = self.labels.iter().any(|label| label.chars().count() > 6);
        let every = count.div_ceil(if wide { 4 } else { 6 }).max(1);
        let place = |i: usize| match self.kind {
            Kind::Lines => across(i, count) / 10.0,
            Kind::Bars | Kind::Pairs if wide && every > 1 && i + 1 == count => 100.0,
            Kind::Bars | Kind::Pairs => (i as f64 + 0.5) * 100.0 / count as f64,
        };
        let anchor = |i: usize| match (self.kind, i) {
            (Kind::Lines, 0) => "start",
            (Kind::Lines, i) if i + 1 == count => "end",
            (_, i) if wide && every > 1 && i + 1 == count => "end",
            _ => "middle",
        };
        let last = count.saturating_sub(1);
        // What ends at the edge reaches over to its neighbour.
        let beside = |i: usize| wide && every > 1 && i + every == last;
        let labels = self.labels.iter().enumerate().rev().step_by(every);
        labels
            .filter(|(i, _)| self.kind != Kind::Lines || *i == last || *i >= every / 2)
            .filter(|(i, _)| !beside(*i))
            .map(|(i, word)| (word.as_str(), format!("{:.2}%", place(i)), anchor(i)))
            .collect()
    }

    /// A row per label: its values, unknown as `None`.
    fn rows(&self) -> Vec<(&str, Vec<Option<Link>>)> {
        self.labels
            .iter()
            .enumerate()
            .map(|(i, label)| {
                let cell = |s: &Series| s.points.get(i).and_then(Point::cell);
                (label.as_str(), self.series.iter().map(cell).collect())
            })
            .collect()
    }
}

super::renders_itself!(Chart);

#[cfg(test)]
mod tests {
    use super::*;

    fn chart(kind: Kind, values: &[Option<f64>]) -> Chart {
        let points = values.iter().map(|v| Point { value: *v, href: Href::default() }).collect();
        Chart {
            kind,
            title: "t".into(),
            definition: String::new(),
            unit: "days".into(),
            labels: values.iter().enumerate().map(|(i, _)| format!("w{i}")).collect(),
            series: vec![Series { name: "s".into(), tone: Tone::Plain, points }],
            csv: Href::default(),
        }
    }

    #[test]
    fn unknown_has_no_bar_and_is_told_in_the_table() {
        let chart = chart(Kind::Bars, &[Some(2.0), None, Some(f64::NAN)]);
        assert_eq!(chart.pieces().len(), 1);
        let page = chart.render().expect("renders");
        assert_eq!(page.matches("mark unknown").count(), 2, "{page}");
    }

    #[test]
    fn what_comes_in_whole_numbers_has_whole_ticks() {
        assert_eq!(chart(Kind::Lines, &[Some(1.0), None, Some(2.0)]).ticks(), [0.0, 1.0, 2.0]);
        assert_eq!(chart(Kind::Bars, &[Some(1.0)]).ticks(), [0.0, 1.0]);
        assert_eq!(chart(Kind::Lines, &[Some(0.5), Some(1.0)]).ticks(), [0.0, 0.5, 1.0]);
    }

    #[test]
    fn a_value_between_gaps_is_drawn_as_a_mark() {
        let mut chart = chart(Kind::Lines, &[Some(1.0), Some(2.0), None, Some(1.0), None]);
        assert_eq!(chart.lines().len(), 1);
        let page = chart.render().expect("renders");
        assert!(page.contains("<circle class=\"dot plain\" cx=\"75.00%\" cy=\"50.00%\""), "{page}");
        if let Some(series) = chart.series.first_mut() {
            series.tone = Tone::Level(Level::High);
        }
        let page = chart.render().expect("renders");
        assert!(page.contains("<use class=\"dot high\" href=\"#high\" x=\"75.00%\""), "{page}");
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        for kind in [Kind::Bars, Kind::Pairs, Kind::Lines] {
            assert!(chart(kind, &[]).render().is_ok());
        }
    }

    #[test]
    fn a_bar_is_as_high_as_its_value() {
        let chart = chart(Kind::Bars, &[Some(5.0), Some(10.0)]);
        let heights: Vec<String> = chart.pieces().into_iter().map(|p| p.height).collect();
        assert_eq!(heights, ["50.00", "100.00"]);
    }
}
