//! The figures of a review beside the last time, its charts, and how the reviews of its scope go.

use jiff::Timestamp;
use trimtab_pages::part::{
    Chart, Figure, Figures, Kind as Drawn, Pairs, Point, Series, Tone, Value, When, number,
};
use trimtab_store::{ReviewOf, ReviewState};

use super::super::{count, reviews, whole};
use crate::api::reviews::Known;
use crate::people::name;
use crate::reviewing;
use crate::reviewing::minutes::{Compared, change, compared};
use crate::reviewing::packing::{PackChart, PackSeries};

pub(super) fn figures(is: &Known) -> Figures {
    let of = match &is.review.is.of {
        ReviewOf::All => String::new(),
        ReviewOf::Team(id) => format!("&team={id}"),
        ReviewOf::Systems(ids) => match ids.as_slice() {
            [one] => format!("&system={one}"),
            _ => String::new(),
        },
    };
    let now = format!("/findings?counts=true{of}");
    let last = reviewing::last_of(&is.before, reviewing::kind_of(&is.review), &is.scope);
    let last = last.and_then(|one| one.pack.as_ref());
    let all = compared(&is.pack, last);
    let weekly = [
        now.as_str(),
        now.as_str(),
        "#new",
        "#deadlines",
        "#deadlines",
        "#exceptions",
        "#answers",
        "#plan",
    ];
    // Each with its list and why it is unknown, if it is: of a pack its part says so.
    let why = |part: &str| {
        let of_it = is.pack.parts.iter().find(|one| one.part == part);
        of_it.map_or_else(String::new, |one| format!("“{}” says why", one.title))
    };
    let lists: Vec<(String, String)> = match is.pack.numbers.as_slice() {
        [] => weekly
            .map(|list| (list.to_owned(), "more than were counted, or not weighed".to_owned()))
            .to_vec(),
        numbers => numbers.iter().map(|one| (format!("#{}", one.part), why(&one.part))).collect(),
    };
    let figure = |((name, value, before), (list, why)): (Compared, (String, String))| {
        let unknown = || Value::Unknown(why);
        let by = change(value, before);
        // A share is a number with its sign, and what it is of.
        let (sign, name) = match name.strip_prefix("% ") {
            Some(of) => (" %", of.to_owned()),
            None => ("", name),
        };
        let told = |value: f64| format!("{}{sign}", number(tenth(value)));
        let value = value.map_or_else(unknown, |value| Value::Text(told(value)));
        let figure = Figure::of(value, name, list);
        match (last, before) {
            (None, _) => figure,
            (Some(_), Some(before)) => figure.noted(match by {
                Some(by) if by == "0" => "the same last time".to_owned(),
                Some(by) => format!("last time: {} ({by})", told(before)),
                None => format!("last time: {}", told(before)),
            }),
            (Some(_), None) => figure.noted("last time: unknown"),
        }
    };
    Figures(all.into_iter().zip(lists).map(figure).collect())
}

/// To a tenth; from a thousand on as it is, so that it is rounded once.
fn tenth(value: f64) -> f64 {
    if value.abs() >= 1000.0 { value } else { (value * 10.0).round() / 10.0 }
}

/// A chart of the pack, as it was when it was made.
pub(super) fn chart(of: &PackChart) -> Chart {
    let tones = [Tone::Plain, Tone::Quiet];
    let here = match of.title.as_str() {
        "Load" => "/metrics",
        "Noise" => "#noise",
        _ => "#attacks",
    };
    let series = |(at, line): (usize, &PackSeries)| Series {
        name: line.name.clone(),
        tone: tones.get(at).copied().unwrap_or(Tone::Quiet),
        points: line
            .values
            .iter()
            .map(|value| Point { value: value.map(tenth), href: here.into() })
            .collect(),
    };
    Chart {
        kind: if of.labels.len() > 9 { Drawn::Lines } else { Drawn::Pairs },
        title: of.title.clone(),
        definition: "As known when the pack was made; the minutes show the same.".to_owned(),
        unit: of.unit.clone(),
        labels: of.labels.clone(),
        series: of.series.iter().enumerate().map(series).collect(),
        csv: "".into(),
    }
}

pub(super) fn about(
    is: &Known,
    current: Option<usize>,
    spans: &[(Timestamp, Timestamp)],
    now: Timestamp,
) -> Pairs {
    let mut pairs = vec![("State".to_owned(), Value::from(reviews::state(is.review.state)))];
    let minutes = format!("{} minutes", is.review.is.minutes);
    pairs.push(("Length".to_owned(), minutes.into()));
    match is.review.opened {
        None => pairs.push(("Planned".to_owned(), When::of(is.review.is.at, now).into())),
        Some(opened) => pairs.push(("Opened".to_owned(), When::of(opened, now).into())),
    }
    if is.review.state == ReviewState::Open {
        if let Some((_, end)) = current.and_then(|at| spans.get(at)) {
            pairs.push(("This part ends".to_owned(), When::of(*end, now).into()));
        }
        if let Some((_, end)) = spans.last() {
            pairs.push(("It ends".to_owned(), When::of(*end, now).into()));
        }
    }
    if let Some(closed) = is.review.closed {
        pairs.push(("Closed".to_owned(), When::of(closed, now).into()));
    }
    let there: Vec<String> = is.present.iter().map(|(id, _)| name(&is.names, *id)).collect();
    let there = match there.as_slice() {
        [] if is.review.opened.is_some() => Value::Unknown("nobody said".to_owned()),
        [] => Value::from("recorded once the review is open"),
        all => Value::from(all.join(", ")),
    };
    pairs.push(("Present".to_owned(), there));
    Pairs(pairs)
}

pub(super) fn quality(is: &Known) -> Pairs {
    let is = &is.quality;
    let percent = |share: Option<f64>, part: usize, of: usize, why: &str| match share {
        None => Value::Unknown(why.to_owned()),
        Some(share) => {
            Value::from(format!("{} % ({part} of {of})", number((share * 100.0).round())))
        }
    };
    let per_review = match is.per_review() {
        None => Value::Unknown("none was held".to_owned()),
        Some(share) => Value::from(format!(
            "{} ({} in {})",
            number(share),
            is.decisions,
            count(whole(is.reviews), "review", "reviews")
        )),
    };
    let overran = match is.over {
        0 => Value::Unknown("none is over".to_owned()),
        over => Value::from(format!("{} of {over}", is.overran)),
    };
    Pairs(vec![
        ("Decisions in a review".to_owned(), per_review),
        (
            "Carried out in time".to_owned(),
            percent(is.in_time_share(), is.in_time, is.judged, "nothing was due yet"),
        ),
        (
            "Topics that came back".to_owned(),
            percent(is.repeat_share(), is.repeats, is.topics, "there was no review before"),
        ),
        ("Ran over time".to_owned(), overran),
    ])
}
