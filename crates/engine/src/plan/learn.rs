//! What actions cost and how often they hold, learnt from those that are finished. Before there is
//! history the priors are used, and named: the charter's points for work, and the shares below for
//! what holds.

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

/// Actions that cost alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sort {
    /// What is done.
    pub kind: Kind,
    /// How far the version moves. `None`: it does not, or that is not known.
    pub distance: Option<Distance>,
    /// Whether something else brings the package in.
    pub transitive: bool,
}

/// A finished action of a team.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Finished {
    /// What it was.
    pub sort: Sort,
    /// The points that it took in truth.
    pub points: f64,
    /// Whether it was taken back.
    pub reverted: bool,
}

/// What an action will cost, and the probability that it holds.
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
            Source::Team { finished, reverted: 0 } => {
                write!(f, "prior and {finished} finished updates of this team")
            }
            Source::Team { finished, reverted } => write!(
                f,
                "prior and {finished} finished updates of this team, {reverted} of them taken back"
            ),
        }
    }
}

/// What is reckoned with before there is history. Points are the charter's; where it prices only
/// upgrades, other kinds are priced as the upgrade that they are most like. The shares that hold are
/// ours, assumed and not measured: history corrects them.
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

/// What a team's finished actions make of a prior. With n of the same sort, each end of the range is
/// (5 × prior + n × quartile) / (5 + n), by the lower and the upper quartile of the points they took,
/// and the confidence is (5 × prior + those that held) / (5 + n).
pub fn estimate(sort: Sort, model: &CostModel, finished: &[Finished]) -> Estimate {
    let prior = prior(sort, model);
    let same =
        || finished.iter().filter(|f| f.sort == sort && f.points.is_finite() && f.points >= 0.0);
    let mut points: Vec<f64> = same().map(|f| f.points).collect();
    points.sort_by(f64::total_cmp);
    let (count, last) = (points.len(), points.len().saturating_sub(1));
    let (Some(lower), Some(upper)) = (points.get(last / 4), points.get(last - last / 4)) else {
        return prior;
    };
    let reverted = same().filter(|f| f.reverted).count();
    let n = count as f64;
    let join = |prior: f64, sum: f64| (PRIOR_WEIGHT * prior + sum) / (PRIOR_WEIGHT + n);
    Estimate {
        least: join(prior.least, n * lower),
        most: join(prior.most, n * upper),
        confidence: join(prior.confidence, (count - reverted) as f64),
        source: Source::Team { finished: count, reverted },
    }
}
