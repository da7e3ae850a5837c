//! What an action costs and how likely it is to hold without being reverted, with the reasons.

use std::cmp::Ordering;

use trimtab_model::assessment::CostReason;
use trimtab_model::charter::CostModel;
use trimtab_model::{Family, Proposal, Purl, Way};

use super::Moved;
use crate::assess::{Distance, distance};
use crate::plan::learn::{Estimate, Finished, Kind, Sort, Source, estimate};

/// For every other package that takes a major step the share that holds is taken to be this part of itself.
/// Ours, assumed and not measured.
const MAJOR_BESIDE: f64 = 0.97;
/// The same for what no resolver was asked about.
const UNASKED: f64 = 0.7;
/// The part of its own points that a change costs beside a more expensive one. Assumed, not
/// measured.
const OTHERS: f64 = 0.25;
/// What each further change at the same time leaves of the confidence. Assumed, not measured.
const ANOTHER: f64 = 0.98;
/// The most further changes that lower the confidence.
const MOST_OTHERS: i32 = 30;
/// The most packages beside that lower the confidence.
const MOST_BESIDE: i32 = 10;

/// First numbers of versions from here on are years.
const YEARS: u32 = 1990;

/// What is left of the confidence if sources were searched for a name, because code that hides it
/// is not seen; and if another package is put in, whose fitness nobody checked, or something would
/// be built. Assumed, not measured.
const UNSEEN: f64 = 0.6;

/// What is priced.
#[derive(Debug, Clone, Copy)]
pub struct Priced<'p> {
    /// What is done.
    pub proposal: &'p Proposal,
    /// Whether others bring the package in.
    pub transitive: bool,
    /// What moves. Empty: it is not known.
    pub moved: &'p [Moved],
    /// How many manifests change.
    pub manifests: usize,
    /// Whether a resolver confirmed it.
    pub confirmed: bool,
}

/// What an action costs, in points, and the probability that nothing breaks.
#[derive(Debug, Clone, PartialEq)]
pub struct Price {
    /// The least points.
    pub least: f64,
    /// The most points.
    pub most: f64,
    /// What makes it so.
    pub reasons: Vec<CostReason>,
    /// The probability that nothing breaks.
    pub confidence: f64,
    /// The reasons, in words.
    pub because: Vec<Box<str>>,
    /// How far the package that is named moves. `None`: it does not, or that is not known.
    pub distance: Option<Distance>,
    /// The kind of action; of several, that of the most expensive.
    pub sort: Sort,
    /// The estimate for actions of that kind, before what is particular to this action.
    pub estimate: Estimate,
}

/// The least and the most points of another version of the language that building the project
/// needs: machines that build it get the later toolchain. Assumed, not measured.
const TOOLCHAIN: (f64, f64) = (0.5, 2.0);

impl Price {
    /// Records what building the project needs from now on. `language`: another version of the
    /// language, which costs points.
    pub fn needs(&mut self, what: Box<str>, language: bool) {
        let (least, most) = if language { TOOLCHAIN } else { (0.0, 0.0) };
        self.least += least;
        self.most += most;
        self.reasons.push(CostReason { what, least, most });
    }

    /// Lowers the confidence because of something that nobody checked, with the reason.
    pub fn lower(&mut self, why: Box<str>) {
        self.confidence *= UNSEEN;
        self.because.push(why);
    }
}

/// Prices an action by the charter's points and what the team has finished.
pub fn price(priced: &Priced<'_>, model: &CostModel, finished: &[Finished]) -> Price {
    let named = priced.proposal.package();
    let (from, to) = ends(priced);
    let distance = from.zip(to).and_then(|(from, to)| distance(from, to));
    let kind = match priced.proposal.way() {
        // A range without an end allows it and promises nothing.
        Way::Relock if from.zip(to).is_some_and(is_next) => Kind::Upgrade,
        way => Kind::from(way),
    };
    // A parent is a direct dependency, whatever it brings.
    let transitive = priced.transitive && kind != Kind::ParentUpgrade;
    let sort = Sort { kind, distance, transitive };
    let estimate = estimate(sort, model, finished);
    let more = if transitive { model.transitive } else { (0.0, 0.0) };
    let step = match (from, to, distance) {
        (Some(from), Some(to), Some(Distance::Major)) if kind == Kind::Relock => {
            format!("major step, {from} to {to}, which the ranges allow and {}", cheap(from))
        }
        (Some(from), Some(to), Some(step)) => format!("{} step, {from} to {to}", step.as_str()),
        (Some(from), Some(to), None) => format!("distance from {from} to {to} unknown"),
        _ => "distance unknown".to_owned(),
    };
    let source = estimate.source;
    let mut reasons = vec![CostReason {
        what: format!("{}: {step} ({source})", priced.proposal.way().as_str()).into(),
        least: (estimate.least - more.0).max(0.0),
        most: (estimate.most - more.1).max(0.0),
    }];
    if transitive {
        let what = "something else brings it in".into();
        reasons.push(CostReason { what, least: more.0, most: more.1 });
    }
    if priced.manifests > 1 {
        let n = (priced.manifests - 1).min(100) as f64;
        let what = format!("{} manifests change", priced.manifests).into();
        let (least, most) = (model.per_file.0 * n, model.per_file.1 * n);
        reasons.push(CostReason { what, least, most });
    }
    let mut because: Vec<Box<str>> = vec![
        match source {
            Source::Prior => {
                format!("{:.2}: assumed for such a change, not measured", estimate.confidence)
            }
            Source::Team { .. } => format!("{:.2}: {source}", estimate.confidence),
        }
        .into(),
    ];
    let mut confidence = estimate.confidence;
    let beside = majors(priced.moved, named);
    if beside > 0 {
        confidence *=
            MAJOR_BESIDE.powi(i32::try_from(beside).unwrap_or(MOST_BESIDE).min(MOST_BESIDE));
        let what = if beside == 1 { "package takes" } else { "packages take" };
        because.push(format!("{beside} other {what} a major step").into());
    }
    let unseen = match kind {
        Kind::Remove => Some(
            "the last resort, as no source names a fixed version: no source file names it; what is loaded by a computed or another name, by a tool or by settings is not seen",
        ),
        Kind::Replace => Some(
            "the last resort, as no source names a fixed version: its publisher advises the other; whether the code can use that as it is was not looked at",
        ),
        _ => None,
    };
    if let Some(why) = unseen {
        confidence *= UNSEEN;
        because.push(why.into());
    }
    if !priced.confirmed {
        confidence *= UNASKED;
        because.push("no resolver has confirmed it".into());
    }
    Price {
        least: reasons.iter().map(|r| r.least).sum(),
        most: reasons.iter().map(|r| r.most).sum(),
        reasons,
        confidence,
        because,
        distance,
        sort,
        estimate,
    }
}

/// The price of several changes that are made as one: the most expensive, and a part of each other
/// one, because they are reviewed and tested once. `None`: there are none.
pub fn price_together(parts: Vec<Price>) -> Option<Price> {
    let middle = |price: &Price| f64::midpoint(price.least, price.most);
    let at = (0..parts.len()).max_by(|a, b| middle(&parts[*a]).total_cmp(&middle(&parts[*b])))?;
    let others = i32::try_from(parts.len() - 1).unwrap_or(i32::MAX);
    let sum = |of: &dyn Fn(&Price) -> f64| -> f64 {
        parts.iter().enumerate().filter(|(n, _)| *n != at).map(|(_, p)| of(p) * OTHERS).sum()
    };
    let (least, most) = (sum(&|p| p.least), sum(&|p| p.most));
    let confidence = parts.iter().map(|p| p.confidence).fold(1.0, f64::min);
    let mut price = parts.into_iter().nth(at)?;
    if others == 0 {
        return Some(price);
    }
    let what = format!("{others} more at the same time, each a part of its own points");
    price.reasons.push(CostReason { what: what.into(), least, most });
    price.least += least;
    price.most += most;
    price.confidence = confidence * ANOTHER.powi(others.min(MOST_OTHERS));
    price.because.push(format!("{others} more at the same time: assumed, not measured").into());
    Some(price)
}

/// From where to where the named package moves: as it was resolved, otherwise as requested. If
/// other copies of it move at the same time, to the lowest version that came and is not below the
/// requested one, or at least not below where it was.
fn ends<'p>(priced: &Priced<'p>) -> (Option<&'p str>, Option<&'p str>) {
    let named = priced.proposal.package();
    let moved = priced.moved.iter().find(|moved| moved.package == named.package());
    let last = |all: &'p [Box<str>]| all.last().map(|version| &**version);
    let from = named.version().or_else(|| moved.and_then(|m| last(&m.from)));
    let wished = priced.proposal.to();
    let family = Family::from_purl_type(named.purl_type());
    let least = |floor: &str| {
        let is_above = |to: &&str| {
            family.and_then(|family| family.compare(to, floor)).is_some_and(Ordering::is_ge)
        };
        moved?.to.iter().map(|version| &**version).find(is_above)
    };
    let to = wished.and_then(least).or_else(|| from.and_then(least));
    (from, to.or(wished).or_else(|| moved.and_then(|m| last(&m.to))))
}

/// Whether two versions differ in their first number, and that is no year.
fn is_next((from, to): (&str, &str)) -> bool {
    let ends = first(from).zip(first(to));
    ends.is_some_and(|(from, to)| from != to && from < YEARS)
}

/// Why a relock that takes a major step is priced as one.
fn cheap(from: &str) -> &'static str {
    match first(from) {
        Some(year) if year >= YEARS => "whose first number is a year",
        Some(_) => "whose first number stays",
        None => "whose first number is unknown",
    }
}

/// The first number of a version.
fn first(version: &str) -> Option<u32> {
    let version = version.rsplit([':', '!']).next()?.trim_start_matches(['v', 'V']);
    version.split(['.', '-', '+', '_', '~']).next()?.parse().ok()
}

/// How many other packages that were there before take a major step.
fn majors(moved: &[Moved], named: &Purl) -> usize {
    let named = named.package();
    let is_major = |moved: &&Moved| {
        let ends = moved.from.last().zip(moved.to.last());
        ends.and_then(|(from, to)| distance(from, to)) == Some(Distance::Major)
    };
    moved.iter().filter(|moved| moved.package != named).filter(is_major).count()
}
