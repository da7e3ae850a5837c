//! The dial: load now, 90 days of it from zero, and what moved it. The same drawing in three sizes.

use askama::Template;
use jiff::civil::Date;

use super::plot::{across, down, number, points, runs, ticks};
use super::{Href, Link};

/// How large the dial is drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Size {
    /// In a list: number and line.
    Small,
    /// On a part of a page: axes and numbered marks.
    Medium,
    /// At the head of a page: the same, larger, with what moved it beside it.
    Large,
}

/// The load of one day; unknown where it was not measured.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Day {
    /// The day.
    pub date: Date,
    /// The load at its end.
    pub load: Option<f64>,
}

/// What moved the load.
#[derive(Debug, Clone, PartialEq)]
pub struct Move {
    /// The day.
    pub date: Date,
    /// By how much.
    pub by: f64,
    /// What it was: `advisory published: CVE-2021-44228`.
    pub what: Link,
}

/// The dial of an organisation, team or system.
#[derive(Debug, Clone, PartialEq, Template)]
#[template(path = "part/dial.html")]
pub struct Dial {
    /// How large.
    pub size: Size,
    /// Whose load: `payments`.
    pub of: String,
    /// The findings that make the load.
    pub href: Href,
    /// The days, in order, the last is today.
    pub days: Vec<Day>,
    /// What moved it, in order.
    pub moves: Vec<Move>,
    /// The days as CSV.
    pub csv: Href,
}

/// Heights of the numbers above the drawing, in pixels.
const LANES: [i32; 2] = [-6, -20];

/// Marks closer than this, in thousandths of the width, stand in two lanes.
const CLOSE: f64 = 40.0;

/// A mark on the line.
struct Dot {
    /// The number of the move, or the first and the last of one day: `3`, `3–5`.
    number: String,
    /// In per cent of the width.
    x: String,
    /// In per cent of the height.
    y: String,
    /// Where its number stands above the drawing: two lanes, so that close ones do not touch.
    lane: i32,
}

impl Dial {
    fn values(&self) -> Vec<Option<f64>> {
        self.days.iter().map(|d| d.load.filter(|l| l.is_finite())).collect()
    }

    fn ticks(&self) -> Vec<f64> {
        ticks(self.values().into_iter().flatten().fold(0.0, f64::max))
    }

    fn top(&self) -> f64 {
        self.ticks().last().copied().unwrap_or(1.0)
    }

    /// The load now.
    fn now(&self) -> Option<String> {
        self.values().last().copied().flatten().map(number)
    }

    /// The change over the days, if both ends are known.
    fn change(&self) -> Option<f64> {
        let values = self.values();
        Some(values.last().copied().flatten()? - values.first().copied().flatten()?)
    }

    fn changed(&self) -> Option<(String, &'static str)> {
        let change = self.change()?;
        let class = match change {
            c if c < -0.05 => "better",
            c if c > 0.05 => "worse",
            _ => "aside",
        };
        Some((signed(change), class))
    }

    fn lines(&self) -> Vec<String> {
        runs(&self.values(), self.top()).iter().map(|run| points(run)).collect()
    }

    fn areas(&self) -> Vec<String> {
        let close = |run: &Vec<(f64, f64)>| {
            let (first, last) = (run.first().copied()?, run.last().copied()?);
            Some(format!("{:.1},100 {} {:.1},100", first.0, points(run), last.0))
        };
        runs(&self.values(), self.top()).iter().filter(|r| r.len() > 1).filter_map(close).collect()
    }

    /// Tick labels with their height in per cent.
    fn levels(&self) -> Vec<(String, String)> {
        let top = self.top();
        self.ticks().into_iter().map(|t| (number(t), format!("{:.2}%", down(t, top)))).collect()
    }

    fn dots(&self) -> Vec<Dot> {
        let (values, top) = (self.values(), self.top());
        let mut dots: Vec<(usize, usize, Dot)> = Vec::new();
        // Where the last number of each lane stands.
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::NEG_INFINITY);
        for (at, moved) in self.moves.iter().enumerate() {
            let Some(index) = self.days.iter().position(|d| d.date == moved.date) else { continue };
            let Some(load) = values.get(index).copied().flatten() else { continue };
            // Moves of one day stand at one place: one mark tells them all.
            if let Some((same, first, dot)) = dots.last_mut()
                && *same == index
            {
                dot.number = format!("{first}–{}", at + 1);
                continue;
            }
            let x = across(index, values.len());
            let above = low + CLOSE > x && high < low;
            if above {
                high = x;
            } else {
                low = x;
            }
            let dot = Dot {
                number: (at + 1).to_string(),
                x: format!("{:.2}%", x / 10.0),
                y: format!("{:.2}%", down(load, top)),
                lane: if above { LANES[1] } else { LANES[0] },
            };
            dots.push((index, at + 1, dot));
        }
        dots.into_iter().map(|(.., dot)| dot).collect()
    }

    /// Days that are not known, from the day before to the day after: place, width and middle.
    fn gaps(&self) -> Vec<(String, String, String)> {
        let values = self.values();
        let percent = |i: usize| across(i, values.len()) / 10.0;
        let (mut gaps, mut from) = (Vec::new(), None);
        for i in 0..=values.len() {
            match values.get(i) {
                Some(None) => {
                    from.get_or_insert(i.saturating_sub(1));
                }
                known => {
                    let Some(first) = from.take() else { continue };
                    let (a, b) = (percent(first), percent(if known.is_some() { i } else { i - 1 }));
                    let told = |n: f64| format!("{n:.2}%");
                    gaps.push((told(a), told(b - a), told(f64::midpoint(a, b))));
                }
            }
        }
        gaps
    }

    fn ends(&self) -> Option<(String, String)> {
        Some((self.days.first()?.date.to_string(), self.days.last()?.date.to_string()))
    }

    /// What the drawing says, for those who do not see it.
    fn told(&self) -> String {
        let now = self.now().unwrap_or_else(|| "not known".to_owned());
        match (self.days.first().and_then(|d| d.load), self.change()) {
            (Some(first), Some(_)) => {
                let days = self.days.len();
                format!("Load of {}: {} {days} days ago, {now} now", self.of, number(first))
            }
            _ => format!("Load of {}: {now}", self.of),
        }
    }

    /// One day of each week for the table, and today.
    fn weekly(&self) -> impl Iterator<Item = (String, Option<String>)> + '_ {
        let values = self.values();
        let last = self.days.len().saturating_sub(1);
        let days = self.days.iter().zip(values).enumerate().rev();
        days.filter(move |(i, _)| (last - i).is_multiple_of(7))
            .map(|(_, (day, load))| (day.date.to_string(), load.map(number)))
    }

    fn class(&self) -> &'static str {
        match self.size {
            Size::Small => "tiny",
            Size::Medium => "middle",
            Size::Large => "wide",
        }
    }
}

impl Move {
    fn sign(&self) -> (String, &'static str) {
        (signed(self.by), if self.by > 0.0 { "worse" } else { "better" })
    }
}

fn signed(change: f64) -> String {
    if change > 0.0 { format!("+{}", number(change)) } else { number(change) }
}

super::renders_itself!(Dial);

#[cfg(test)]
mod tests {
    use super::*;

    fn dial(loads: &[Option<f64>]) -> Dial {
        let first: Date = "2026-11-01".parse().expect("a date");
        let days = loads.iter().zip(first.series(jiff::Span::new().days(1)));
        let days = days.map(|(load, date)| Day { date, load: *load }).collect();
        Dial {
            size: Size::Large,
            of: "payments".into(),
            href: Href::new("/findings"),
            days,
            moves: vec![Move {
                date: "2026-11-02".parse().expect("a date"),
                by: 2.0,
                what: Link::default(),
            }],
            csv: Href::default(),
        }
    }

    #[test]
    fn unknown_is_never_zero() {
        let page = dial(&[Some(3.0), Some(f64::NAN), None]).render().expect("renders");
        assert!(page.contains("unknown") && !page.contains(">0</b>"), "{page}");
        assert_eq!(dial(&[None, Some(1.0)]).changed(), None);
        assert!(dial(&[Some(1.0), None]).dots().is_empty(), "no mark where there is no line");
    }

    #[test]
    fn moves_of_one_day_are_one_mark() {
        let mut dial = dial(&[Some(1.0); 40]);
        let on =
            |day: &str| Move { date: day.parse().expect("a date"), by: 1.0, what: Link::default() };
        let days =
            ["2026-11-02", "2026-11-02", "2026-11-02", "2026-11-03", "2026-11-04", "2026-12-01"];
        dial.moves = days.map(on).to_vec();
        let told: Vec<(String, i32)> =
            dial.dots().into_iter().map(|d| (d.number, d.lane)).collect();
        let told: Vec<(&str, i32)> = told.iter().map(|(n, lane)| (n.as_str(), *lane)).collect();
        let [low, high] = LANES;
        assert_eq!(told, [("1–3", low), ("4", high), ("5", low), ("6", low)]);
    }

    #[test]
    fn nothing_is_drawn_of_nothing() {
        assert!(dial(&[]).render().is_ok());
    }

    #[test]
    fn less_load_is_better() {
        assert_eq!(dial(&[Some(3.0), Some(1.0)]).changed(), Some(("−2".into(), "better")));
        assert_eq!(dial(&[Some(1.0), Some(3.0)]).changed(), Some(("+2".into(), "worse")));
    }
}
