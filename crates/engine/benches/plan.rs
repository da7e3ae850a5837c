//! Planning an organisation, and what other ways of working come to. Run:
//!
//!     cargo bench -p trimtab-engine --bench plan                 (both)
//!     cargo bench -p trimtab-engine --bench plan -- organisation [SEEDS]
//!     cargo bench -p trimtab-engine --bench plan -- compare [NAME]
//!     cargo bench -p trimtab-engine --bench plan -- dealt DEALS
//!     cargo bench -p trimtab-engine --bench plan -- record PROJECTS ADVISORIES
//!     cargo bench -p trimtab-engine --bench plan -- write
//!
//! `dealt` gives the descriptions of the recorded systems to other projects by chance, as often as is said, to see how
//! much hangs on them. `record` reads the lockfiles of a folder of projects beside a folder of advisories, and writes what
//! `compare` replays as the recorded portfolio: `target/plan/findings.json`. `write` writes that portfolio for
//! `plan/least.py`, which reckons what no way of working can come below.

#[path = "plan/compare.rs"]
mod compare;
#[path = "plan/described.rs"]
mod described;
#[path = "plan/portfolio.rs"]
mod portfolio;
#[path = "plan/record.rs"]
mod record;
#[path = "plan/recorded.rs"]
mod recorded;
#[path = "plan/write.rs"]
mod write;

use std::path::Path;
use std::time::Instant;

use portfolio::{Shape, portfolio};
use trimtab_engine::plan::plan;

pub(crate) const TARGET: Shape = Shape {
    name: "organisation",
    teams: 60,
    findings: 5_000,
    candidates: 8_000,
    windows: 12,
    every: 14,
    together: 4,
    shared: 60,
    capacity: 0.6,
    backlog: 50,
    unfixed: 20,
    deadlines: 100,
};

fn main() {
    let args: Vec<String> = std::env::args().skip(1).filter(|arg| arg != "--bench").collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match &*args {
        [] => {
            organisation(3);
            compare::compare("");
        }
        ["organisation"] => organisation(3),
        ["organisation", seeds] => organisation(seeds.parse().expect("a number of seeds")),
        ["compare"] => compare::compare(""),
        ["dealt", deals] => compare::dealt(deals.parse().expect("a number of deals")),
        ["compare", only] => compare::compare(only),
        ["record", projects, advisories] => {
            record::record(Path::new(projects), Path::new(advisories));
        }
        ["write"] => write::write(),
        _ => eprintln!(
            "usage: plan [organisation [SEEDS] | compare [NAME] | dealt DEALS | record PROJECTS ADVISORIES | write]"
        ),
    }
}

/// Plans portfolios of the size of the target.
fn organisation(seeds: u64) {
    for seed in 1..=seeds {
        let line = portfolio(&TARGET, seed);
        let begin = Instant::now();
        let plan = plan(&line.problem).expect("a made problem is whole");
        let took = begin.elapsed().as_secs_f64();
        println!(
            "{} findings, {} candidates, {} teams, {} windows, seed {seed}: {took:.2} s, gap {:.3} %, objective {:.0}, {} batches, {} margins",
            line.problem.findings.len(),
            line.problem.candidates.len(),
            line.problem.teams.len(),
            TARGET.windows,
            plan.worth.gap * 100.0,
            plan.worth.objective,
            plan.batches.len(),
            plan.margins.len(),
        );
    }
}
