//! A recorded portfolio as a timeline: its lockfiles stay as they were, and the advisories come on the days on which
//! they were published.

use std::cmp::Ordering;
use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use trimtab_charter::preset;
use trimtab_engine::assess::{Distance, distance};
use trimtab_engine::plan::simulate::Timeline;
use trimtab_model::charter::CostModel;
use trimtab_model::plan::{Candidate, Finding, Problem, Team, Window};
use trimtab_model::{Level, Scheme, Version};

use super::described;

/// Where it lies.
pub(crate) fn file() -> PathBuf {
    trimtab_testkit::repository().join("target/plan/findings.json")
}

#[derive(Deserialize)]
struct Row {
    project: Box<str>,
    file: Box<str>,
    /// The number of the order of its versions.
    order: u8,
    package: Box<str>,
    version: Box<str>,
    id: Box<str>,
    published: Box<str>,
    /// Tenths. `None`: no vector.
    score: Option<u8>,
    /// With nothing known of the system.
    bare: Weighed,
    /// As a system of each kind.
    #[serde(rename = "as")]
    by: BTreeMap<Box<str>, Weighed>,
    exploited: bool,
    direct: bool,
    fix: Option<Box<str>>,
}

/// What a finding is under the default charter.
#[derive(Deserialize)]
struct Weighed {
    level: Box<str>,
    weight: f64,
}

/// What is known of the projects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Known {
    /// Their lockfiles alone; each is a team.
    Lockfiles,
    /// What each is to the organisation, too; a team has several. Above 0: dealt by chance.
    Systems(u64),
}

/// What a package is told apart by: project, file, name, version.
type Place<'r> = (&'r str, &'r str, &'r str, &'r str);

impl Row {
    fn published(&self) -> Timestamp {
        self.published.parse().expect("a time")
    }
}

/// Two years in windows of a week. What was published before is there at the beginning, what came
/// after is not in it.
const BEGIN: &str = "2020-07-06T08:00:00Z";
const DAYS: i64 = 728;
/// Nobody is asked more than once a week.
const EVERY: i64 = 7;

/// Points of a team are bounded: nobody gives a whole sprint to updates.
const LEAST_POINTS: f64 = 0.5;

fn day(days: i64) -> Timestamp {
    let begin: Timestamp = BEGIN.parse().expect("a time");
    begin.checked_add((days * 24).hours()).expect("within the calendar")
}

/// What is published later is not in it.
pub(crate) fn end() -> Timestamp {
    day(DAYS)
}

/// The time, with so many points in all windows as a share of what it costs to raise every package to its last fix.
/// `None`: nothing is recorded.
pub(crate) fn recorded(capacity: f64, known: Known) -> Option<Timeline> {
    let text = std::fs::read_to_string(file()).ok()?;
    let rows: Vec<Row> = serde_json::from_str(&text).expect("recorded findings");
    let charter = preset::default();
    let mut line = Timeline {
        problem: Problem {
            now: day(0),
            at_once: day(1),
            horizon: day(DAYS + EVERY),
            late: 1.0,
            zone: jiff::tz::TimeZone::UTC,
            teams: Vec::new(),
            findings: Vec::new(),
            candidates: Vec::new(),
            accepted: Vec::new(),
            freezes: Vec::new(),
        },
        appears: Vec::new(),
        available: Vec::new(),
        severity: Vec::new(),
        was: Vec::new(),
        ends: Vec::new(),
        until: day(DAYS + EVERY),
    };
    let mut teams: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        let team = match known {
            Known::Lockfiles => &row.project,
            Known::Systems(_) => described::team(&row.project),
        };
        teams.entry(team).or_default().push(row);
    }
    for (name, rows) in teams {
        let team = line.problem.teams.len();
        let mut packages: BTreeMap<Place<'_>, Vec<(usize, &Row)>> = BTreeMap::new();
        for row in rows {
            let index = finding(&mut line, team, (row, known));
            let place = (&*row.project, &*row.file, &*row.package, &*row.version);
            packages.entry(place).or_default().push((index, row));
        }
        let mut work = 0.0;
        for ((project, file, package, version), of) in packages {
            let place = format!("{project}/{file}");
            let name = format!("{place}: {package}@{version}");
            work += actions(&mut line, &charter.cost, (team, &place, &name), &of);
        }
        let windows = DAYS / EVERY;
        let points = ((work * capacity / windows as f64 * 2.0).ceil() / 2.0).max(LEAST_POINTS);
        let windows = (0..windows).map(|w| Window {
            name: format!("window {w:03}").into(),
            start: day(w * EVERY),
            end: day((w + 1) * EVERY - 2),
            points,
            least: Level::Low,
        });
        line.problem.teams.push(Team {
            id: name.into(),
            windows: windows.collect(),
            open_limit: Some(4),
            open: 0,
        });
    }
    Some(line)
}

fn finding(line: &mut Timeline, team: usize, (row, known): (&Row, Known)) -> usize {
    let weighed = match known {
        Known::Lockfiles => &row.bare,
        Known::Systems(deal) => described::kind(&row.project, deal)
            .and_then(|kind| row.by.get(kind.word()))
            .unwrap_or(&row.bare),
    };
    let level = Level::from_word(&weighed.level).unwrap_or(Level::Low);
    let days = match level {
        Level::Critical => 3,
        Level::High => 14,
        Level::Medium => 60,
        Level::Low => 180,
    };
    let index = line.problem.findings.len();
    line.problem.findings.push(Finding {
        id: format!(
            "{} in {}@{} of {}/{}",
            row.id, row.package, row.version, row.project, row.file
        )
        .into(),
        team,
        level,
        weight: weighed.weight,
        deadline: row.published().checked_add((days * 24).hours()).ok(),
        now: level == Level::Critical && row.exploited,
        exploited: row.exploited,
        blocker: None,
    });
    line.appears.push(row.published());
    // What has no score is in the middle, as tools have it.
    line.severity.push(row.score.map_or(5.0, |tenths| f64::from(tenths) / 10.0));
    line.was.push(None);
    line.ends.push(None);
    index
}

/// Raising a package to each version that fixes something, out of its own version and, where that is nearer, out of an
/// earlier fix; gives the points of the cheapest way to all fixes.
fn actions(
    line: &mut Timeline,
    model: &CostModel,
    (team, place, name): (usize, &str, &str),
    of: &[(usize, &Row)],
) -> f64 {
    let Some((_, first)) = of.first() else { return 0.0 };
    let scheme = Scheme::from_number(first.order).expect("a recorded order");
    let fix = |row: &Row| row.fix.as_deref().and_then(|fix| Version::parse(scheme, fix).ok());
    let mut fixes: Vec<Version> = of.iter().filter_map(|(_, row)| fix(row)).collect();
    fixes.sort_by(|a, b| a.compare(b).unwrap_or(Ordering::Equal));
    fixes.dedup_by(|a, b| a.compare(b) == Some(Ordering::Equal));
    let more = if of.iter().any(|(_, row)| row.direct) { (0.0, 0.0) } else { model.transitive };
    let from = &*first.version;
    let mut direct: Vec<usize> = Vec::new();
    let mut last = 0.0;
    for (nth, to) in fixes.iter().enumerate() {
        let below =
            |row: &Row| fix(row).is_some_and(|fix| fix.compare(to) != Some(Ordering::Greater));
        let fixed: Vec<&(usize, &Row)> = of.iter().filter(|(_, row)| below(row)).collect();
        // A version is told of by the advisories that name it.
        let named = fixed.iter().filter(|(_, row)| {
            fix(row).is_some_and(|fix| fix.compare(to) == Some(Ordering::Equal))
        });
        let available = named.map(|(_, row)| row.published()).min().unwrap_or(line.problem.now);
        let far = distance(from, to.text());
        let mut ways = vec![(far, None)];
        for (earlier, needs) in fixes.iter().zip(&direct) {
            let nearer = distance(earlier.text(), to.text());
            if rank(nearer) < rank(far) {
                ways.push((nearer, Some(*needs)));
            }
        }
        for (far, needs) in ways {
            let ((least, most), confidence) = match far {
                Some(Distance::Patch) => (model.patch, 0.95),
                Some(Distance::Minor) => (model.minor, 0.9),
                _ => (model.major, 0.7),
            };
            let (least, most) = (least + more.0, most + more.1);
            match needs {
                Some(_) => {}
                None => {
                    last = (least + most) / 2.0 / confidence;
                    direct.push(line.problem.candidates.len());
                }
            }
            line.available.push(available);
            line.problem.candidates.push(Candidate {
                id: format!(
                    "{name}, {nth:02} to {}{}",
                    to.text(),
                    needs.map_or(String::new(), |n| format!(" after {n}"))
                )
                .into(),
                team,
                place: place.into(),
                least,
                most,
                confidence,
                removes: fixed.iter().map(|(index, _)| *index).collect(),
                needs: needs.into_iter().collect(),
                choice: Some(name.into()),
                quarantine: None,
            });
        }
    }
    last
}

fn rank(far: Option<Distance>) -> u8 {
    match far {
        Some(Distance::Patch) => 0,
        Some(Distance::Minor) => 1,
        _ => 2,
    }
}
