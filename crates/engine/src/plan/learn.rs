//! What actions cost and how often they hold without being reverted, learnt from finished actions.
//! Before there is history the priors are used, and named: the charter's points for work, and the
//! shares below for what holds.

use trimtab_model::Way;
use trimtab_model::charter::CostModel;

use crate::assess::Distance;

/// A prior counts as much as this many finished actions.
pub const PRIOR_WEIGHT: f64 = 5.0;

/// What is done to remove findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Kind {
    /// Another version of the package.
    Upgrade,
    /// Another version of what brings the package in.
    ParentUpgrade,
    /// The version of the package is forced.
    Override,
    /// The lockfile is resolved again.
    Relock,
    /// Another package.
    Replace,
    /// No package.
    Remove,
    /// Another version of the image below.
    BaseImage,
    /// A setting.
    Configuration,
}

impl Kind {
    /// Every kind.
    pub const ALL: &[Kind] = &[
        Kind::Upgrade,
        Kind::ParentUpgrade,
        Kind::Override,
        Kind::Relock,
        Kind::Replace,
        Kind::Remove,
        Kind::BaseImage,
        Kind::Configuration,
    ];

    /// The word used in all output: that of the way, where there is one.
    pub const fn as_str(self) -> &'static str {
        match self {
            Kind::Upgrade => Way::Raise.as_str(),
            Kind::ParentUpgrade => Way::RaiseParent.as_str(),
            Kind::Override => Way::Override.as_str(),
            Kind::Relock => Way::Relock.as_str(),
            Kind::Replace => Way::Replace.as_str(),
            Kind::Remove => Way::Remove.as_str(),
            Kind::BaseImage => "base-image",
            Kind::Configuration => "configuration",
        }
    }

    /// Reads the word. `None` if it is not one.
    pub fn from_word(word: &str) -> Option<Kind> {
        Kind::ALL.iter().copied().find(|kind| kind.as_str() == word)
    }
}

impl From<Way> for Kind {
    fn from(way: Way) -> Kind {
        match way {
            Way::Relock => Kind::Relock,
            Way::Raise => Kind::Upgrade,
            Way::RaiseParent => Kind::ParentUpgrade,
            Way::Override => Kind::Override,
            Way::BaseImage => Kind::BaseImage,
            Way::Replace => Kind::Replace,
            Way::Remove => Kind::Remove,
        }
    }
}

/// Actions that cost alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Sort {
    /// What is done.
    pub kind: Kind,
    /// How far the version moves. `None`: it does not, or that is not known.
    pub distance: Option<Distance>,
    /// Whether something else brings the package in.
    pub transitive: bool,
}

impl Sort {
    /// From the terms for kind and distance. `None`: the kind is not known here.
    pub fn from_words(kind: &str, distance: Option<&str>, transitive: bool) -> Option<Sort> {
        let distance = distance.and_then(Distance::from_word);
        Some(Sort { kind: Kind::from_word(kind)?, distance, transitive })
    }
}

/// A finished action of a team.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finished {
    /// What it was.
    pub sort: Sort,
    /// The points that it really took, as people stated. `None`: not stated.
    pub points: Option<f64>,
    /// The working days from when it was carried out until it was merged. `None`: that is not known.
    pub days: Option<f64>,
    /// Whether it was taken back.
    pub reverted: bool,
}

/// A batch that is over: merged, in production, or taken back.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Over {
    /// What was done, each with its planned points, if they are known.
    pub parts: Vec<(Sort, Option<f64>)>,
    /// The points that all of it took, as people say.
    pub points: Option<f64>,
    /// The working days from when it was carried out until it was merged.
    pub days: Option<f64>,
    /// Whether it was taken back.
    pub reverted: bool,
}

impl Over {
    /// Its actions. What the whole took is divided in proportion to the planned points of each;
    /// equally, if these are not known for all.
    pub fn finished(&self) -> impl Iterator<Item = Finished> {
        let known = |points: &Option<f64>| points.filter(|p| p.is_finite() && *p > 0.0);
        let all: Option<f64> = self.parts.iter().map(|(_, points)| known(points)).sum();
        let alike = 1.0 / self.parts.len().max(1) as f64;
        self.parts.iter().map(move |(sort, points)| {
            let share = match (known(points), all) {
                (Some(points), Some(all)) => points / all,
                _ => alike,
            };
            let of = |whole: Option<f64>| whole.map(|whole| whole * share);
            Finished {
                sort: *sort,
                points: of(self.points),
                days: of(self.days),
                reverted: self.reverted,
            }
        })
    }
}

/// What an action will cost, and the probability that it holds without being reverted.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// The least points.
    pub least: f64,
    /// The most points.
    pub most: f64,
    /// The probability that nothing breaks.
    pub confidence: f64,
    /// What it rests on.
    pub source: Source,
}

/// What an estimate rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// The prior alone.
    Prior,
    /// The prior, and finished actions of the same sort.
    Team {
        /// How many.
        finished: usize,
        /// How many of them were taken back.
        reverted: usize,
    },
}

impl std::fmt::Display for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Source::Prior => f.write_str("prior"),
            Source::Team { finished: 1, reverted } => {
                let back = if *reverted > 0 { ", which was reverted" } else { "" };
                write!(f, "prior and 1 finished update of this team{back}")
            }
            Source::Team { finished, reverted: 0 } => {
                write!(f, "prior and {finished} finished updates of this team")
            }
            Source::Team { finished, reverted } => write!(
                f,
                "prior and {finished} finished updates of this team, {reverted} of them reverted"
            ),
        }
    }
}

/// The estimate before there is history. Points are the charter's; if it prices only upgrades,
/// other kinds are priced as the upgrade that they resemble most. The shares that hold are ours,
/// assumed and not measured: history corrects them.
pub fn prior(sort: Sort, model: &CostModel) -> Estimate {
    let by_distance = match sort.distance {
        Some(Distance::Patch) => (model.patch, 0.95),
        Some(Distance::Minor) => (model.minor, 0.9),
        Some(Distance::Major) => (model.major, 0.7),
        None => ((model.patch.0, model.major.1), 0.7),
    };
    let ((least, most), confidence) = match sort.kind {
        Kind::Upgrade | Kind::ParentUpgrade | Kind::BaseImage => by_distance,
        // The same versions, which nobody upstream has tried together.
        Kind::Override => (by_distance.0, by_distance.1 - 0.1),
        Kind::Relock | Kind::Configuration => (model.patch, 0.95),
        Kind::Replace => (model.major, 0.7),
        Kind::Remove => ((model.minor.0, model.major.1), 0.8),
    };
    let more = if sort.transitive { model.transitive } else { (0.0, 0.0) };
    let (least, most) = (least + more.0, most + more.1);
    Estimate { least, most: most.max(least), confidence, source: Source::Prior }
}

/// The points of a finished action: what people stated, otherwise what its days suggest. Days also
/// pass in waiting, so they only say where within the prior it was.
fn points(finished: &Finished, prior: &Estimate, model: &CostModel) -> Option<f64> {
    let fits = |value: &f64| value.is_finite() && *value >= 0.0;
    let by_days = || {
        let points = finished.days.filter(fits)? / model.days_per_point;
        (points.is_finite()).then(|| points.clamp(prior.least, prior.most))
    };
    finished.points.filter(fits).or_else(by_days)
}

/// What a team's finished actions make of a prior. With n of the same sort whose points are known, each end of the range
/// is (5 × prior + n × quartile) / (5 + n), by the lower and the upper quartile of the points they took,
/// and the confidence is (5 × prior + those that held) / (5 + n), n being all of the same sort.
pub fn estimate(sort: Sort, model: &CostModel, finished: &[Finished]) -> Estimate {
    let prior = prior(sort, model);
    let same = || finished.iter().filter(|f| f.sort == sort);
    let count = same().count();
    if count == 0 {
        return prior;
    }
    let mut took: Vec<f64> = same().filter_map(|f| points(f, &prior, model)).collect();
    took.sort_by(f64::total_cmp);
    let join =
        |prior: f64, n: usize, sum: f64| (PRIOR_WEIGHT * prior + sum) / (PRIOR_WEIGHT + n as f64);
    let (known, last) = (took.len(), took.len().saturating_sub(1));
    let (least, most) = match (took.get(last / 4), took.get(last - last / 4)) {
        (Some(lower), Some(upper)) => (
            join(prior.least, known, known as f64 * lower),
            join(prior.most, known, known as f64 * upper),
        ),
        _ => (prior.least, prior.most),
    };
    let reverted = same().filter(|f| f.reverted).count();
    Estimate {
        least,
        most,
        confidence: join(prior.confidence, count, (count - reverted) as f64),
        source: Source::Team { finished: count, reverted },
    }
}

/// The price of an action that was priced elsewhere, adjusted by what a team learnt. What is beside
/// its estimate, such as further manifests, stays. With nothing learnt about its kind it stays as
/// it is.
pub fn learnt(priced: Estimate, told: &Estimate, is: &Estimate) -> Estimate {
    if is.source == Source::Prior {
        return priced;
    }
    let least = (priced.least + is.least - told.least).max(0.0);
    let most = (priced.most + is.most - told.most).max(least);
    let share = if told.confidence > 0.0 { is.confidence / told.confidence } else { 1.0 };
    Estimate {
        least,
        most,
        confidence: (priced.confidence * share).clamp(0.0, 1.0),
        source: is.source,
    }
}

/// What finished actions of one sort came to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Taught {
    /// The sort.
    pub sort: Sort,
    /// The estimate before there was history.
    pub prior: Estimate,
    /// The estimate now.
    pub is: Estimate,
    /// For how many of them people stated the points.
    pub said: usize,
    /// The middle of the working days until they were merged. `None`: of none that is known.
    pub days: Option<f64>,
}

/// What each sort that a team finished something of came to, in the order of sorts.
pub fn taught(model: &CostModel, finished: &[Finished]) -> Vec<Taught> {
    let sorts: std::collections::BTreeSet<Sort> = finished.iter().map(|f| f.sort).collect();
    let one = |sort: Sort| {
        let same = || finished.iter().filter(move |f| f.sort == sort);
        let mut days: Vec<f64> = same().filter_map(|f| f.days).filter(|d| d.is_finite()).collect();
        days.sort_by(f64::total_cmp);
        Taught {
            sort,
            prior: prior(sort, model),
            is: estimate(sort, model, finished),
            said: same().filter(|f| f.points.is_some()).count(),
            days: days.get(days.len().saturating_sub(1) / 2).copied(),
        }
    };
    sorts.into_iter().map(one).collect()
}
