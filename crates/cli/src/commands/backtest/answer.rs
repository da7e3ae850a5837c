//! The answer as a document: what each way came to, what is assumed, what could not be seen.

use jiff::Timestamp;
use trimtab_connect::git::Shortened;
use trimtab_engine::backtest::{Case, Episode};
use trimtab_engine::plan::simulate::{Lived, Way};
use trimtab_model::charter::Charter;
use trimtab_model::scan::IndexInfo;
use trimtab_report::backtest::json;

use super::past::Told;
use crate::args::Backtest;
use crate::commands::rhythm::Rhythm;

/// The bounds of days within which findings are counted.
const BUCKETS: [u32; 6] = [1, 7, 14, 30, 90, 180];

/// All that is told.
pub(super) struct Answer<'a> {
    pub(super) args: &'a Backtest,
    pub(super) target: &'a str,
    pub(super) index: Option<&'a IndexInfo>,
    pub(super) charter: &'a Charter,
    pub(super) rhythm: &'a Rhythm,
    pub(super) episodes: &'a [Episode],
    pub(super) cases: &'a [Case],
    pub(super) ways: &'a [(Way, Lived)],
    pub(super) compared: &'a [Tried<'a>],
    /// Episodes that people decided about.
    pub(super) decided: usize,
    /// Findings that no window is large enough for.
    pub(super) beyond: usize,
    /// Components about which nothing can be said.
    pub(super) unknown: usize,
    pub(super) components: usize,
    pub(super) history: &'a Told,
    /// When the time was to begin.
    pub(super) asked: Timestamp,
    /// When it begins.
    pub(super) since: Timestamp,
    pub(super) until: Timestamp,
}

/// Another rhythm that was tried.
pub(super) struct Tried<'a> {
    pub(super) rhythm: &'a str,
    pub(super) points: u32,
    pub(super) windows: usize,
    pub(super) lived: Lived,
}

impl Answer<'_> {
    pub(super) fn document(&self) -> json::Document {
        json::Document {
            format: json::FORMAT.to_owned(),
            version: json::VERSION,
            target: self.target.to_owned(),
            period: json::Period {
                from: self.since.to_string(),
                until: self.until.to_string(),
                days: tenth(days(self.since, self.until)),
            },
            history: json::History {
                reference: self.args.reference.clone(),
                commit: self.history.commit.clone(),
                commits: self.history.commits,
                files: self.history.files,
                components: self.components,
            },
            index: json_index(self.index),
            charter: trimtab_report::plan::json::Charter {
                name: self.charter.name.to_string(),
                version: self.charter.version.to_string(),
            },
            rhythm: self.rhythm(),
            counts: self.counts(),
            ways: self.ways.iter().map(|(way, lived)| told(*way, lived)).collect(),
            compared: self.compared.iter().map(compared).collect(),
            assumptions: self.assumptions(),
            gaps: self.gaps(),
            findings: self.findings(),
        }
    }

    fn rhythm(&self) -> json::Rhythm {
        json::Rhythm {
            team: self.rhythm.team.to_string(),
            cadence: self.rhythm.cadence.name.to_string(),
            capacity: f64::from(self.rhythm.capacity),
            days_per_point: self.charter.cost.days_per_point,
            open_limit: self.rhythm.open_limit,
            assumed: self.rhythm.assumed.iter().map(|what| (*what).to_owned()).collect(),
            windows: self.rhythm.windows.len(),
        }
    }

    fn counts(&self) -> json::Counts {
        let of = |case: &&Case, is: &dyn Fn(&Episode) -> bool| {
            self.episodes.get(case.episode).is_some_and(is)
        };
        let count = |is: &dyn Fn(&Episode) -> bool| self.cases.iter().filter(|c| of(c, is)).count();
        let due =
            |case: &&Case| case.deadline.is_some_and(|d| (self.since..self.until).contains(&d));
        json::Counts {
            findings: self.cases.len(),
            at_begin: count(&|e| e.appears <= self.since),
            fixable: count(&|e| e.fix.is_some()),
            beyond: self.beyond,
            decided: self.decided,
            undated: count(&|e| e.published.is_none()),
            earlier: count(&|e| e.came.is_none()),
            unscored: count(&|e| e.finding.vulnerability.severity.score_tenths.is_none()),
            due: self.cases.iter().filter(due).count(),
            unknown_components: self.unknown,
        }
    }

    /// What is assumed. Each is what a reader has to know to judge a number.
    fn assumptions(&self) -> Vec<String> {
        let mut all: Vec<String> = [
            "No resolver is run, because the past cannot be resolved again: each package is assumed to be raised on its own to the version that an advisory names.",
            "A fix is assumed to exist from the publication of the first advisory that names it; release dates are not known here.",
            "Advisories are used as they are today: ranges, scores, exploitation (KEV) and likelihood (EPSS) come from the index, not from those days. Withdrawn advisories are not counted.",
            "A commit on the branch is assumed to be in production at once.",
            "Points and confidence are the charter's priors for unconfirmed actions; reverts show only in the confidence.",
            "In every way except \"as it was\", findings are removed only by its own updates and by what the project dropped, not by the updates that really happened.",
            "Today's agreement, systems and decisions apply to the whole period.",
        ]
        .map(str::to_owned)
        .to_vec();
        let unscored = self.counts().unscored;
        if unscored > 0 {
            all.push(format!(
                "The advisories of {unscored} of the findings have no score: ways that go by severity put these last."
            ));
        }
        for what in &self.rhythm.assumed {
            all.push(format!("The {what} is not set, and is assumed."));
        }
        all
    }

    fn gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        let (asked, since) = (day(self.asked), day(self.since));
        if let Some(shortened) = self.history.shortened {
            let why = match shortened {
                Shortened::Young => "the branch has no earlier commit",
                Shortened::Shallow => {
                    "this clone has no earlier commit: `git fetch --unshallow` fetches them"
                }
                Shortened::Long => "the history has more commits than are read",
            };
            gaps.push(format!("The period begins on {since} instead of {asked}: {why}."));
        }
        let (mended, later) = (self.history.mended, self.history.later);
        if mended > 0 {
            gaps.push(format!(
                "Commits whose clock is off by more than a day are dated by their neighbours: {mended}."
            ));
        }
        // Where the end was chosen, that more came after it is nothing to be told.
        if later > 0 && self.args.now.is_none() {
            gaps.push(format!("Commits dated in the future are left out: {later}."));
        }
        let counts = self.counts();
        if counts.earlier > 0 {
            gaps.push(format!(
                "It is not known when {} of the findings came in: they were there when the history that is read begins, and count from their publication.",
                counts.earlier
            ));
        }
        if counts.undated > 0 {
            gaps.push(format!(
                "No advisory gives a publication date for {} of the findings: they count from when they came in.",
                counts.undated
            ));
        }
        if counts.unknown_components > 0 {
            gaps.push(format!(
                "{} of the components could not be assessed: unknown is not clean.",
                counts.unknown_components
            ));
        }
        if let Some(index) = self.index {
            if index.kev.is_none() {
                gaps.push("The index has no catalogue of exploited vulnerabilities (KEV): exploitation is unknown.".to_owned());
            }
            let newest = index.data_date.as_deref().and_then(|d| d.parse::<Timestamp>().ok());
            if let Some(newest) = newest.filter(|newest| *newest < self.until) {
                gaps.push(format!(
                    "The index ends on {}: it lacks what was published later.",
                    day(newest)
                ));
            }
        }
        gaps.extend(self.history.gaps.iter().cloned());
        gaps
    }

    fn findings(&self) -> Vec<json::Finding> {
        let cost = |case: &Case, episode: &Episode| {
            let until = episode.gone.map_or(self.until, |at| at.min(self.until));
            case.weight * days(episode.appears.max(self.since), until)
        };
        let mut all: Vec<(f64, json::Finding)> = Vec::with_capacity(self.cases.len());
        for (at, case) in self.cases.iter().enumerate() {
            let Some(episode) = self.episodes.get(case.episode) else { continue };
            let gone = |(_, lived): &(Way, Lived)| {
                let at = lived.gone.get(at).copied().flatten();
                at.filter(|at| *at < self.until).map(|at| at.to_string())
            };
            let finding = json::Finding {
                name: case.name.to_string(),
                vulnerability: episode.finding.vulnerability.id.to_string(),
                package: episode.finding.purl.to_string(),
                file: episode.file.to_string(),
                level: case.level.as_str().to_owned(),
                weight: thousandth(case.weight),
                appears: episode.appears.to_string(),
                deadline: case.deadline.map(|at| at.to_string()),
                fix: episode.fix.as_deref().map(str::to_owned),
                exploited: episode.finding.vulnerability.kev.is_some(),
                gone: self.ways.iter().map(gone).collect(),
            };
            all.push((cost(case, episode), finding));
        }
        all.sort_by(|(a, one), (b, other)| b.total_cmp(a).then_with(|| one.name.cmp(&other.name)));
        all.into_iter().map(|(_, finding)| finding).collect()
    }
}

fn json_index(index: Option<&IndexInfo>) -> trimtab_report::plan::json::Index {
    trimtab_report::plan::json::Index {
        data_date: index.and_then(|i| i.data_date.as_deref()).map(str::to_owned),
        digest: index.map_or(String::new(), |i| i.digest.to_string()),
    }
}

fn compared(tried: &Tried<'_>) -> json::Compared {
    json::Compared {
        cadence: tried.rhythm.to_owned(),
        capacity: f64::from(tried.points),
        windows: tried.windows,
        way: told(Way::Planned, &tried.lived),
    }
}

/// A way as it is told; nobody knows the work of what was.
fn told(way: Way, lived: &Lived) -> json::Way {
    let outcome = &lived.outcome;
    let work = (way != Way::AsItWas).then_some(outcome);
    json::Way {
        name: way.as_str().to_owned(),
        load_days: tenth(outcome.load_days),
        remediation: outcome.remediation.as_ref().map(|spread| json::Spread {
            count: spread.count,
            median: tenth(spread.median),
            p90: tenth(spread.p90),
            most: tenth(spread.most),
        }),
        days: buckets(&lived.days),
        open: lived.open,
        spared: lived.spared,
        kept: outcome.kept.0,
        interruptions: work.map(|o| o.interruptions),
        most_a_week: work.map(|o| o.most_a_week),
        now: work.map(|o| o.now),
        points: work.map(|o| tenth(o.points)),
        course: lived
            .course
            .iter()
            .map(|(at, load)| json::Load { at: at.to_string(), load: *load })
            .collect(),
    }
}

fn buckets(days: &[f64]) -> Vec<json::Bucket> {
    let upto = |bound: Option<u32>| {
        days.iter().filter(|d| bound.is_none_or(|bound| **d <= f64::from(bound))).count()
    };
    let mut before = 0;
    let bounds = BUCKETS.into_iter().map(Some).chain([None]);
    bounds
        .map(|bound| {
            let all = upto(bound);
            let findings = all - before;
            before = all;
            json::Bucket { days: bound, findings }
        })
        .collect()
}

fn days(from: Timestamp, to: Timestamp) -> f64 {
    (to.as_second() - from.as_second()).max(0) as f64 / 86_400.0
}

fn day(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d").to_string()
}

/// No more figures than mean something.
fn tenth(value: f64) -> f64 {
    (value * 10.0).round() / 10.0
}

fn thousandth(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
}
