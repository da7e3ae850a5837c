//! The recorded portfolio with what two ways come to in it, for a program that bounds every way (`least.py`).

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_engine::plan::simulate::{Timeline, Way, simulate};

use super::compare::RECORDED;
use super::recorded::{file, recorded};

/// Writes a file for each capacity, beside what was recorded.
pub(crate) fn write() {
    for (name, capacity, known) in RECORDED {
        let Some(line) = recorded(*capacity, *known) else {
            println!("{name}: nothing is recorded (see `-- record`), skipped");
            continue;
        };
        let file = file()
            .with_file_name(format!("{}.json", name.replace([',', ' '], "-").replace("--", "-")));
        std::fs::write(&file, told(name, &line).to_string()).expect("a file");
        println!("{}", file.display());
    }
}

/// Times are seconds of the Unix epoch; points those that are reckoned with.
fn told(name: &str, line: &Timeline) -> Value {
    let seconds = |at: &Timestamp| at.as_second();
    let problem = &line.problem;
    let findings = problem.findings.iter().zip(&line.appears).map(|(of, appears)| {
        json!({ "team": of.team, "weight": of.weight, "now": of.now, "appears": seconds(appears) })
    });
    let candidates = problem.candidates.iter().zip(&line.available).map(|(of, available)| {
        let points = trimtab_engine::plan::reckoned(of.least, of.most, of.confidence);
        json!({
            "team": of.team, "least": of.least, "points": points, "removes": of.removes,
            "needs": of.needs, "available": seconds(available),
        })
    });
    let windows = |team: &trimtab_model::plan::Team| -> Vec<(i64, i64, f64)> {
        team.windows.iter().map(|w| (seconds(&w.start), seconds(&w.end), w.points)).collect()
    };
    let load_days = |way| simulate(line, way).expect("a timeline is whole").load_days;
    json!({
        "name": name, "now": seconds(&problem.now), "horizon": seconds(&problem.horizon),
        "findings": findings.collect::<Vec<_>>(),
        "candidates": candidates.collect::<Vec<_>>(),
        "teams": problem.teams.iter().map(windows).collect::<Vec<_>>(),
        "planned": load_days(Way::Planned),
        "severity": load_days(Way::SeverityFirst),
    })
}
