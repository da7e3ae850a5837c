//! The charts of metrics: what is drawn, how it is reckoned, and which list each point opens.

use trimtab_engine::measure::DayLoad;
use trimtab_pages::part::{Chart, Kind, Point, Series, Tone};

use super::{behind, other, query};
use crate::measuring::question::{LEVELS, Measured, Numbers, Period, told};
use crate::measuring::shipping::Both;

/// A chart with its name in an address.
type Named = (&'static str, Chart);

/// A value, and the list that it counts.
type Opening = (Option<f64>, String);

/// Every chart.
pub(super) fn all(is: &Measured) -> Vec<Named> {
    let of = Charts {
        is,
        query: query(is),
        parts: is.parts.iter().map(|(p, _)| told(p.first)).collect(),
        each: if is.parts.last().is_some_and(|(p, _)| p.days() > 7) {
            "four weeks"
        } else {
            "week"
        },
    };
    vec![
        of.load(),
        of.open(),
        of.remediate("remediate", "days, median", |s| s.median),
        of.remediate("remediate90", "days, 90th percentile", |s| s.p90),
        of.deadlines(),
        of.flow(),
        of.legs(),
        of.noise(),
        of.notices(),
        of.age(),
        of.deployments(),
    ]
}

struct Charts<'m> {
    is: &'m Measured,
    /// What asks for the same again.
    query: String,
    /// The parts of the period, by their first day.
    parts: Vec<String>,
    /// How long a part is, in words.
    each: &'static str,
}

fn series(name: &str, tone: Tone, values: Vec<Opening>) -> Series {
    let round = |v: f64| (v * 100.0).round() / 100.0;
    let point = |(value, href): Opening| Point { value: value.map(round), href: href.into() };
    Series { name: name.to_owned(), tone, points: values.into_iter().map(point).collect() }
}

impl Charts<'_> {
    fn chart(&self, name: &'static str, title: &str, unit: &str, definition: String) -> Chart {
        Chart {
            kind: Kind::Pairs,
            title: title.to_owned(),
            definition,
            unit: unit.to_owned(),
            labels: self.parts.clone(),
            series: Vec::new(),
            csv: format!("/metrics.csv?chart={name}&{}", self.query).into(),
        }
    }

    /// A value of each part of the period, with the list of it.
    fn each(&self, of: &str, value: impl Fn(&Numbers) -> Option<f64>) -> Vec<Opening> {
        let one =
            |(part, numbers): &(Period, Numbers)| (value(numbers), behind(self.is, *part, of));
        self.is.parts.iter().map(one).collect()
    }

    /// A number of each part of the period, as far as the ledger reaches back, with the list of it.
    fn counted(&self, of: &str, number: impl Fn(&Numbers) -> usize) -> Vec<Opening> {
        let one = |(part, numbers): &(Period, Numbers)| {
            (self.known(part.last, number(numbers) as f64), behind(self.is, *part, of))
        };
        self.is.parts.iter().map(one).collect()
    }

    /// Whether anything was known on a day.
    fn known(&self, day: i64, value: f64) -> Option<f64> {
        self.is.began.is_some_and(|began| day >= began).then_some(value)
    }

    fn load(&self) -> Named {
        let is = self.is;
        let step = (is.days.len() / 100 + 1).max(1);
        let opening = |day: &DayLoad| {
            let period = Period { first: day.day, last: day.day };
            (self.known(day.day, day.load), behind(is, period, "counting"))
        };
        let sampled = |all: &[DayLoad]| -> Vec<Opening> {
            let mut points: Vec<Opening> = all.iter().rev().step_by(step).map(opening).collect();
            points.reverse();
            points
        };
        let mut labels: Vec<String> =
            is.days.iter().rev().step_by(step).map(|d| told(d.day)).collect();
        labels.reverse();
        let mut loads = vec![series("this period", Tone::Plain, sampled(&is.days))];
        if is.days_before.iter().any(|d| self.known(d.day, d.load).is_some()) {
            loads.push(series(&other(is), Tone::Quiet, sampled(&is.days_before)));
        }
        let definition = "The sum of the weights of findings that count: in production, or on the main line where \
                          nobody said what runs, and not accepted. Days of the other period stand under the day of \
                          the same place.";
        let chart = self.chart("load", "Load", "load at the end of the day", definition.to_owned());
        ("load", Chart { kind: Kind::Lines, labels, series: loads, ..chart })
    }

    fn open(&self) -> Named {
        let is = self.is;
        let at_end = |word: &str, pick: &dyn Fn(&DayLoad) -> i64| -> Vec<Opening> {
            let day = |last: i64| is.days.iter().find(|d| d.day == last);
            let one = |(part, _): &(Period, Numbers)| {
                let value = day(part.last).and_then(|d| self.known(d.day, pick(d) as f64));
                (value, behind(is, *part, &format!("counting&level={word}")))
            };
            is.parts.iter().map(one).collect()
        };
        let mut open: Vec<Series> = LEVELS
            .iter()
            .rev()
            .enumerate()
            .map(|(at, level)| {
                let pick = |d: &DayLoad| d.levels.get(at).copied().unwrap_or(0);
                series(level.as_str(), Tone::Level(*level), at_end(level.as_str(), &pick))
            })
            .collect();
        if is.days.iter().any(|d| d.unknown > 0) {
            open.push(series("not weighed", Tone::Quiet, at_end("unknown", &|d| d.unknown)));
        }
        let definition = format!("By level, at the end of each {}.", self.each);
        let chart = self.chart("open", "Findings that count", "number", definition);
        ("open", Chart { kind: Kind::Bars, series: open, ..chart })
    }

    fn remediate(
        &self,
        name: &'static str,
        unit: &str,
        pick: fn(trimtab_engine::measure::Spread) -> f64,
    ) -> Named {
        let took = LEVELS.iter().enumerate().map(|(at, level)| {
            let of = format!("remediated&level={level}");
            let value = |n: &Numbers| n.by_level.get(at).copied().flatten().map(pick);
            series(level.as_str(), Tone::Level(*level), self.each(&of, value))
        });
        let definition = format!(
            "From detected to gone from production, of what was fixed in the {0}. A {0} in which nothing was fixed has no value.",
            self.each
        );
        let chart = self.chart(name, "Time to remediate", unit, definition);
        (name, Chart { kind: Kind::Lines, series: took.collect(), ..chart })
    }

    fn deadlines(&self) -> Named {
        let kept = vec![
            series("met", Tone::Better, self.counted("met", |n| n.deadlines.met)),
            series("missed", Tone::Worse, self.counted("missed", |n| n.deadlines.missed)),
        ];
        let definition = format!(
            "Met: fixed in the {}, in time. Missed: the deadline passed in it while the finding counted.",
            self.each
        );
        let chart = self.chart("deadlines", "Deadlines", "findings", definition);
        ("deadlines", Chart { kind: Kind::Bars, series: kept, ..chart })
    }

    fn flow(&self) -> Named {
        let gone = |n: &Numbers| n.flow.fixed + n.flow.retracted;
        let flow = vec![
            series("found", Tone::Plain, self.counted("found", |n| n.flow.found)),
            series("gone", Tone::Better, self.counted("gone", gone)),
        ];
        let definition = format!(
            "Found: detected or back in the {}. Gone: fixed, or no longer named by any source.",
            self.each
        );
        (
            "flow",
            Chart { series: flow, ..self.chart("flow", "Found and gone", "findings", definition) },
        )
    }

    fn legs(&self) -> Named {
        let merge = |n: &Numbers| n.legs.merge.map(|s| s.median);
        let deploy = |n: &Numbers| n.legs.deploy.map(|s| s.median);
        let legs = vec![
            series("detected to merged", Tone::Plain, self.each("merged", merge)),
            series("merged to deployed", Tone::Quiet, self.each("merged", deploy)),
        ];
        let definition = format!(
            "The two legs of what was fixed in the {}: to the main line, and from there to production.",
            self.each
        );
        let chart = self.chart("legs", "From detected to deployed", "days, median", definition);
        ("legs", Chart { series: legs, ..chart })
    }

    fn noise(&self) -> Named {
        let asked = |n: &Numbers| n.noise.interruptions;
        let opened = |n: &Numbers| n.noise.requests;
        let noise = vec![
            series("interruptions", Tone::Plain, self.counted("interruptions", asked)),
            series("requests opened", Tone::Quiet, self.counted("requests", opened)),
        ];
        let definition = format!(
            "In the {}. An interruption is an hour in which a request was opened for a team or its plan changed, other than \
             for what the charter calls now.",
            self.each
        );
        ("noise", Chart { series: noise, ..self.chart("noise", "Noise", "times", definition) })
    }

    fn notices(&self) -> Named {
        let told = self.counted("notices", |n| n.noise.notices);
        let definition = format!(
            "In the {}. A notice tells a team that its plan changed, or that an asset has new findings.",
            self.each
        );
        let chart = self.chart("notices", "Notices", "sent", definition);
        ("notices", Chart { series: vec![series("notices", Tone::Plain, told)], ..chart })
    }

    fn deployments(&self) -> Named {
        let is = self.is;
        let each = |of: &str, number: fn(&Both) -> usize| -> Vec<Opening> {
            let parts = is.parts.iter().zip(&is.delivered.parts);
            let one = |((part, _), both): (&(Period, Numbers), &Option<Both>)| {
                (both.as_ref().map(|both| number(both) as f64), behind(is, *part, of))
            };
            parts.map(one).collect()
        };
        let all = vec![
            series("all", Tone::Quiet, each("deployments", |both| both.all.deployments)),
            series(
                "with updates",
                Tone::Plain,
                each("updates-deployed", |both| both.updates.deployments),
            ),
        ];
        let definition = format!(
            "Deployments in the {}, failed ones included, and those of them that brought a dependency update for the first \
             time. Updates that nobody reported (raised by hand or by another tool) are not known: what brought them counts \
             among all.",
            self.each
        );
        let chart = self.chart("deployments", "Deployments", "to production", definition);
        ("deployments", Chart { series: all, ..chart })
    }

    fn age(&self) -> Named {
        let is = self.is;
        let labels = ["under 7", "under 30", "under 90", "older"];
        let aged = |period: Period, n: &Numbers| -> Vec<Opening> {
            let one = |(band, number): (usize, &usize)| {
                (
                    self.known(period.last, *number as f64),
                    behind(is, period, &format!("backlog&band={band}")),
                )
            };
            n.age.bands.iter().enumerate().map(one).collect()
        };
        let ages = vec![
            series("now", Tone::Plain, aged(is.period, &is.now)),
            series(&other(is), Tone::Quiet, aged(is.other, &is.before)),
        ];
        let definition = "Days since detected, of findings that count at the end of the period and of the other one.";
        let chart = self.chart("age", "Age of the backlog", "findings", definition.to_owned());
        ("age", Chart { labels: labels.map(ToOwned::to_owned).into(), series: ages, ..chart })
    }
}
