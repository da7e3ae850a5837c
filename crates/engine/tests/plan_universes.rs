//! Small universes of `corpus/plans` with the plan that a person expects of each.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test fails by panicking")]

use jiff::{Timestamp, ToSpan};
use serde::Deserialize;
use trimtab_engine::plan::{plan, tell};
use trimtab_model::Level;
use trimtab_model::plan::{
    Candidate, Finding, Freeze, Item, Placement, Problem, Slot, Team, Window,
};

/// Times are days after the moment of planning.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Universe {
    #[serde(rename = "intent")]
    _intent: String,
    horizon: i64,
    #[serde(default = "one")]
    late: f64,
    team: Vec<UniverseTeam>,
    finding: Vec<UniverseFinding>,
    #[serde(default)]
    candidate: Vec<UniverseCandidate>,
    #[serde(default)]
    freeze: Vec<UniverseFreeze>,
    /// candidate, slot
    #[serde(default)]
    accepted: Vec<(String, String)>,
    expect: Expect,
}

fn one() -> f64 {
    1.0
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct UniverseTeam {
    id: String,
    /// name, first day, last day, points
    windows: Vec<(String, i64, i64, f64)>,
    least: Option<String>,
    open_limit: Option<u32>,
    #[serde(default)]
    open: u32,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct UniverseFinding {
    id: String,
    team: Option<String>,
    level: String,
    weight: f64,
    deadline: Option<i64>,
    #[serde(default)]
    now: bool,
    #[serde(default)]
    exploited: bool,
    blocker: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct UniverseCandidate {
    id: String,
    team: Option<String>,
    #[serde(default)]
    place: String,
    points: (f64, f64),
    confidence: Option<f64>,
    removes: Vec<String>,
    #[serde(default)]
    needs: Vec<String>,
    choice: Option<String>,
    quarantine: Option<i64>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UniverseFreeze {
    days: (i64, i64),
    reason: String,
    #[serde(default)]
    except: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Expect {
    /// slot, place, candidates
    batches: Vec<(String, String, Vec<String>)>,
    /// Findings that stay, with the sentence.
    #[serde(default)]
    left: Vec<String>,
    objective: f64,
    load_days: f64,
    /// Sentences that must be among those that are told.
    #[serde(default)]
    told: Vec<String>,
}

fn at(day: i64) -> Timestamp {
    let start: Timestamp = "2026-03-02T09:00:00Z".parse().unwrap();
    start.checked_add((day * 24).hours()).unwrap()
}

fn problem(universe: &Universe) -> Problem {
    let level = |word: &str| Level::from_word(word).unwrap();
    let place = |ids: Vec<&String>, id: &String| ids.iter().position(|i| *i == id).unwrap();
    let team = |id: &Option<String>| {
        id.as_ref().map_or(0, |id| place(universe.team.iter().map(|t| &t.id).collect(), id))
    };
    let finding = |id: &String| place(universe.finding.iter().map(|f| &f.id).collect(), id);
    let candidate = |id: &String| place(universe.candidate.iter().map(|c| &c.id).collect(), id);
    let teams = universe.team.iter().map(|t| Team {
        id: t.id.as_str().into(),
        windows: t
            .windows
            .iter()
            .map(|(name, start, end, points)| Window {
                name: name.as_str().into(),
                start: at(*start),
                end: at(*end),
                points: *points,
                least: t.least.as_deref().map_or(Level::Low, level),
            })
            .collect(),
        open_limit: t.open_limit,
        open: t.open,
    });
    let findings = universe.finding.iter().map(|f| Finding {
        id: f.id.as_str().into(),
        team: team(&f.team),
        level: level(&f.level),
        weight: f.weight,
        deadline: f.deadline.map(at),
        now: f.now,
        exploited: f.exploited,
        blocker: f.blocker.as_deref().map(Into::into),
    });
    let candidates = universe.candidate.iter().map(|c| Candidate {
        id: c.id.as_str().into(),
        team: team(&c.team),
        place: c.place.as_str().into(),
        least: c.points.0,
        most: c.points.1,
        confidence: c.confidence.unwrap_or(1.0),
        removes: c.removes.iter().map(finding).collect(),
        needs: c.needs.iter().map(candidate).collect(),
        choice: c.choice.as_deref().map(Into::into),
        quarantine: c.quarantine.map(at),
    });
    let freezes = universe.freeze.iter().map(|f| Freeze {
        from: at(f.days.0),
        to: at(f.days.1),
        reason: f.reason.as_str().into(),
        except: f.except.iter().map(|l| level(l)).collect(),
    });
    let (teams, candidates): (Vec<Team>, Vec<Candidate>) = (teams.collect(), candidates.collect());
    let accepted = universe.accepted.iter().map(|(id, slot)| {
        let candidate = candidate(id);
        let windows = &teams[candidates[candidate].team].windows;
        let window = windows.iter().position(|w| *w.name == **slot);
        Placement { candidate, slot: window.map_or(Slot::Now, Slot::Window) }
    });
    Problem {
        now: at(0),
        at_once: at(1),
        horizon: at(universe.horizon),
        late: universe.late,
        zone: jiff::tz::TimeZone::UTC,
        accepted: accepted.collect(),
        findings: findings.collect(),
        freezes: freezes.collect(),
        teams,
        candidates,
    }
}

#[test]
fn universes_come_out_as_expected() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../corpus/plans");
    let folder = std::env::var("TRIMTAB_PLANS").unwrap_or(folder.to_owned());
    let mut files: Vec<_> =
        std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.retain(|file| file.extension().is_some_and(|e| e == "toml"));
    files.sort();
    assert!(files.len() >= 12);
    let mut wrong = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let universe: Universe = toml::from_str(&std::fs::read_to_string(&file).unwrap())
            .unwrap_or_else(|e| panic!("{name}: {e}"));
        let problem = problem(&universe);
        let plan = plan(&problem).unwrap();
        let id = |c: &usize| problem.candidates[*c].id.to_string();
        let batches: Vec<_> = plan
            .batches
            .iter()
            .map(|b| {
                let slot = tell::slot(&problem, b.team, b.slot);
                (slot, b.place.to_string(), b.candidates.iter().map(id).collect::<Vec<_>>())
            })
            .collect();
        let mut told: Vec<String> = Vec::new();
        for batch in &plan.batches {
            told.push(tell::batch(&problem, batch));
            told.extend(batch.why_these.iter().map(|w| tell::why_these(&problem, w)));
            told.extend(batch.why_now.iter().map(|w| tell::why_now(&problem, w)));
        }
        let finding = |l: &&trimtab_model::plan::Left| matches!(l.what, Item::Finding(_));
        let left: Vec<String> =
            plan.left.iter().filter(finding).map(|l| tell::left(&problem, l)).collect();
        told.extend(plan.left.iter().map(|l| tell::left(&problem, l)));
        told.extend(plan.margins.iter().map(|m| tell::margin(&problem, m)));
        told.push(tell::nothing(&plan));
        let mut say = |what: &str, is: String, expected: String| {
            if is != expected {
                wrong.push(format!("{name}: {what}\n   is {is}\n  not {expected}"));
            }
        };
        let expect = &universe.expect;
        say("batches", format!("{batches:?}"), format!("{:?}", expect.batches));
        say("left", format!("{left:#?}"), format!("{:#?}", expect.left));
        say("objective", format!("{}", plan.worth.objective), format!("{}", expect.objective));
        say("load-days", format!("{}", plan.worth.load_days), format!("{}", expect.load_days));
        say("gap", format!("{}", plan.worth.gap), "0".to_owned());
        for sentence in &expect.told {
            if !told.contains(sentence) {
                say("told", format!("{told:#?}"), sentence.clone());
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
