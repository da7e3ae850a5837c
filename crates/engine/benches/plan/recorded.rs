//! A recorded portfolio as a timeline: each project is a team, its lockfiles stay as they were, and the
//! advisories come on the days on which they were published.

use std::collections::BTreeMap;
use std::path::PathBuf;

use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use trimtab_charter::preset;
use trimtab_engine::plan::simulate::Timeline;
use trimtab_model::Level;
use trimtab_model::charter::CostModel;
use trimtab_model::plan::{Candidate, Finding, Problem, Team, Window};

/// Where it lies.
pub(crate) fn file() -> PathBuf {
    trimtab_testkit::repository().join("target/plan/findings.json")
}

#[derive(Deserialize)]
struct Row {
    project: Box<str>,
    file: Box<str>,
    package: Box<str>,
    version: Box<str>,
    id: Box<str>,
    published: Box<str>,
    /// Tenths. `None`: no vector.
    score: Option<u8>,
    level: Box<str>,
    weight: f64,
    exploited: bool,
    direct: bool,
    fix: Option<Box<str>>,
    distance: Option<Box<str>>,
}

/// What a package of a project is told apart by.
type Place<'r> = (&'r str, &'r str, &'r str);

impl Row {
    fn published(&self) -> Timestamp {
        self.published.parse().expect("a time")
    }
}

/// Two years in windows of two weeks. What was published before is there at the beginning, what came
/// after is not in it.
const BEGIN: &str = "2020-07-06T08:00:00Z";
const WINDOWS: i64 = 52;
const EVERY: i64 = 14;
/// Points of a team are bounded: nobody gives a whole sprint to updates.
const LEAST_POINTS: f64 = 0.5;

fn day(days: i64) -> Timestamp {
    let begin: Timestamp = BEGIN.parse().expect("a time");
    begin.checked_add((days * 24).hours()).expect("within the calendar")
}

/// What is published later is not in it.
pub(crate) fn end() -> Timestamp {
    day(WINDOWS * EVERY)
}

/// The time, with so many points in all windows as a share of what the cheapest action for every package costs.
/// `None`: nothing is recorded.
pub(crate) fn recorded(capacity: f64) -> Option<Timeline> {
    let text = std::fs::read_to_string(file()).ok()?;
    let rows: Vec<Row> = serde_json::from_str(&text).expect("recorded findings");
    let charter = preset::default();
    let mut line = Timeline {
        problem: Problem {
            now: day(0),
            at_once: day(1),
            horizon: day((WINDOWS + 1) * EVERY),
            late: 1.0,
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
        until: day((WINDOWS + 1) * EVERY),
    };
    let mut projects: BTreeMap<&str, Vec<&Row>> = BTreeMap::new();
    for row in &rows {
        projects.entry(&row.project).or_default().push(row);
    }
    for (project, rows) in projects {
        let team = line.problem.teams.len();
        let mut packages: BTreeMap<Place<'_>, Vec<(usize, &Row)>> = BTreeMap::new();
        for row in rows {
            let index = finding(&mut line, team, row);
            packages.entry((&row.file, &row.package, &row.version)).or_default().push((index, row));
        }
        let mut work = 0.0;
        for ((file, package, version), of) in packages {
            let name = format!("{project}/{file}: {package}@{version}");
            work += actions(&mut line, &charter.cost, (team, file, &name), &of);
        }
        let points = (work * capacity / WINDOWS as f64 * 2.0).ceil() / 2.0;
        let windows = (0..WINDOWS).map(|w| Window {
            name: format!("window {w:02}").into(),
            start: day(w * EVERY),
            end: day((w + 1) * EVERY - 2),
            points: points.max(LEAST_POINTS),
            least: Level::Low,
        });
        line.problem.teams.push(Team {
            id: project.into(),
            windows: windows.collect(),
            open_limit: Some(4),
            open: 0,
        });
    }
    Some(line)
}

fn finding(line: &mut Timeline, team: usize, row: &Row) -> usize {
    let level = Level::from_word(&row.level).unwrap_or(Level::Low);
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
        weight: row.weight,
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

/// Raising a package to each version that fixes something; gives the points of the cheapest way.
fn actions(
    line: &mut Timeline,
    model: &CostModel,
    (team, place, name): (usize, &str, &str),
    of: &[(usize, &Row)],
) -> f64 {
    // A version that is further away has what the nearer ones fix.
    let far = |row: &Row| match row.distance.as_deref() {
        Some("patch") => 0,
        Some("minor") => 1,
        _ => 2,
    };
    let more = if of.iter().any(|(_, row)| row.direct) { (0.0, 0.0) } else { model.transitive };
    let mut cheapest = f64::INFINITY;
    for distance in 0..3 {
        if !of.iter().any(|(_, row)| row.fix.is_some() && far(row) == distance) {
            continue;
        }
        let removes: Vec<usize> = of
            .iter()
            .filter(|(_, row)| row.fix.is_some() && far(row) <= distance)
            .map(|(index, _)| *index)
            .collect();
        let ((least, most), confidence) = match distance {
            0 => (model.patch, 0.95),
            1 => (model.minor, 0.9),
            _ => (model.major, 0.7),
        };
        let (least, most) = (least + more.0, most + more.1);
        cheapest = cheapest.min((least + most) / 2.0 / confidence);
        let available = removes.iter().map(|f| line.appears[*f]).min();
        line.available.push(available.unwrap_or(line.problem.now));
        line.problem.candidates.push(Candidate {
            id: format!("{name}, {}", ["patch", "minor", "major"][distance]).into(),
            team,
            place: place.into(),
            least,
            most,
            confidence,
            removes,
            needs: Vec::new(),
            choice: Some(name.into()),
            quarantine: None,
        });
    }
    if cheapest.is_finite() { cheapest } else { 0.0 }
}
