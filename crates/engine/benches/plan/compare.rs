//! The same time lived through in several ways, over portfolios of several shapes and a recorded one.

use trimtab_engine::plan::simulate::{Outcome, Timeline, Way, simulate};

use super::TARGET;
use super::portfolio::{Shape, portfolio};
use super::recorded::{Known, recorded};

/// Six teams, so that all shapes are lived through in a minute.
const SIX: Shape = Shape { name: "six teams", teams: 6, findings: 360, candidates: 540, ..TARGET };

const SHAPES: &[Shape] = &[
    Shape { name: "one repository", teams: 1, findings: 60, candidates: 90, ..TARGET },
    SIX,
    Shape { name: "little time", capacity: 0.3, ..SIX },
    Shape { name: "time for all", capacity: 1.2, ..SIX },
    Shape { name: "long tail", candidates: 420, together: 1, shared: 10, ..SIX },
    Shape { name: "few roots", findings: 480, together: 12, shared: 90, ..SIX },
    Shape { name: "all new", backlog: 0, ..SIX },
    Shape { name: "all old", backlog: 100, ..SIX },
    Shape { name: "few deadlines", deadlines: 15, ..SIX },
    Shape { name: "weekly", windows: 24, every: 7, ..SIX },
];

/// The recorded portfolio with the points of all its windows as a share of what there is to do.
pub(crate) const RECORDED: &[(&str, f64, Known)] = &[
    ("recorded, little time", 0.3, Known::Lockfiles),
    ("recorded", 0.6, Known::Lockfiles),
    ("recorded, time for all", 1.2, Known::Lockfiles),
    ("described, little time", 0.3, Known::Systems(0)),
    ("described", 0.6, Known::Systems(0)),
    ("described, time for all", 1.2, Known::Systems(0)),
];

/// The ways, as the columns come. The informed one goes by weight, which no score tells.
const WAYS: [(Way, bool); 5] = [
    (Way::Planned, false),
    (Way::SeverityFirst, false),
    (Way::SeverityFirst, true),
    (Way::PerAdvisory, false),
    (Way::Monthly, false),
];

/// Prints a row for each portfolio whose name has these words in it.
pub(crate) fn compare(only: &str) {
    println!(
        "Load-days of the planned way as a share of those of other ways, with the same points; three seeds each.\n\
         By weight: severity first, if the score were the weight under the charter.\n"
    );
    println!(
        "| portfolio | severity first | by weight | one request per advisory | monthly | deadlines kept: planned, severity, by weight, per advisory, monthly | interruptions | most of one team in a week |"
    );
    println!("|---|---:|---:|---:|---:|---:|---:|---:|");
    for shape in SHAPES.iter().filter(|s| s.name.contains(only)) {
        let lines: Vec<Timeline> = (1..=3).map(|seed| portfolio(shape, seed)).collect();
        row(shape.name, &lines);
    }
    for (name, capacity, known) in RECORDED.iter().filter(|(name, ..)| name.contains(only)) {
        match recorded(*capacity, *known) {
            Some(line) => row(name, &[line]),
            None => println!("| {name}: nothing is recorded (see `-- record`), skipped |"),
        }
    }
}

/// The portfolio with its descriptions dealt to the projects by chance: the plan as a share of severity first and of one
/// request per advisory, the least first.
pub(crate) fn dealt(deals: u64) {
    println!(
        "| deals | capacity | of severity first | of one request per advisory |\n|---:|---:|---|---|"
    );
    for capacity in [0.3, 0.6, 1.2] {
        let lines: Vec<Timeline> =
            (1..=deals).filter_map(|deal| recorded(capacity, Known::Systems(deal))).collect();
        let shares = |way| {
            let share = |line| {
                100.0 * live(line, (Way::Planned, false)).load_days
                    / live(line, (way, false)).load_days
            };
            let mut all: Vec<f64> = lines.iter().map(share).collect();
            all.sort_by(f64::total_cmp);
            all.iter().map(|share| format!("{share:.0}")).collect::<Vec<_>>().join(", ")
        };
        println!(
            "| {} | {:.0} % | {} | {} |",
            lines.len(),
            capacity * 100.0,
            shares(Way::SeverityFirst),
            shares(Way::PerAdvisory)
        );
    }
}

fn row(name: &str, lines: &[Timeline]) {
    let ways: Vec<Vec<Outcome>> =
        WAYS.iter().map(|way| lines.iter().map(|line| live(line, *way)).collect()).collect();
    let load = |at: usize| -> f64 { ways[at].iter().map(|o| o.load_days).sum() };
    let share = |at: usize| format!("{:.0} %", 100.0 * load(0) / load(at));
    let each = |tell: &dyn Fn(&[Outcome]) -> String| -> String {
        ways.iter().map(|of| tell(of)).collect::<Vec<_>>().join(", ")
    };
    let kept = |of: &[Outcome]| {
        let met: usize = of.iter().map(|o| o.kept.0).sum();
        let all: usize = of.iter().map(|o| o.kept.0 + o.kept.1).sum();
        format!("{:.0} %", 100.0 * met as f64 / all.max(1) as f64)
    };
    let asked = |of: &[Outcome]| of.iter().map(|o| o.interruptions).sum::<usize>().to_string();
    let week = |of: &[Outcome]| of.iter().map(|o| o.most_a_week).max().unwrap_or(0).to_string();
    println!(
        "| {name} | {} | {} | {} | {} | {} | {} | {} |",
        share(1),
        share(2),
        share(3),
        share(4),
        each(&kept),
        each(&asked),
        each(&week),
    );
}

fn live(line: &Timeline, (way, informed): (Way, bool)) -> Outcome {
    let lived = match informed {
        false => simulate(line, way),
        true => {
            let mut line = line.clone();
            line.severity = line.problem.findings.iter().map(|f| f.weight).collect();
            simulate(&line, way)
        }
    };
    lived.expect("a timeline is whole")
}
