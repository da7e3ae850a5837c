//! What a plan counts: every finding that is open, in every file that has it.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use trimtab_model::Level;
use trimtab_model::assessment::Deadline;
use trimtab_model::charter::Cadence;
use trimtab_model::scan::{Scan, Weighing};

/// An open finding, in one file. An action works on one file, so a finding in two files is gone
/// only when both are fixed: each has its share of the weight.
#[derive(Debug, Clone, PartialEq)]
pub struct Open {
    /// Its name, unique in the scan: `GHSA-… in lodash 4.17.15`.
    pub name: Box<str>,
    /// Position of the finding in the scan.
    pub finding: usize,
    /// Position of the file in the inventory.
    pub file: u32,
    /// The gravest level of the systems that the file belongs to.
    pub level: Level,
    /// Its share of what the finding adds to the load.
    pub weight: f64,
    /// The earliest deadline. `None`: the charter sets no date, or `undated`.
    pub deadline: Option<Timestamp>,
    /// Whether a system's deadline is unknown because it is not known when its clock began.
    pub undated: bool,
    /// Whether it is known to be exploited.
    pub exploited: bool,
    /// Whether the charter says *now* of its level.
    pub now: bool,
}

/// Whether the charter says *now* of a level.
pub fn is_now(level: Level, cadences: &[Cadence]) -> bool {
    cadences.iter().any(|cadence| &*cadence.every == "now" && cadence.levels.contains(&level))
}

/// The open findings by file, in the order of the scan. Their weights sum up to its load.
pub fn open(scan: &Scan, weighing: &Weighing, cadences: &[Cadence]) -> Vec<Open> {
    let mut all: Vec<Open> = Vec::new();
    for (at, finding) in scan.findings.iter().enumerate() {
        let mut by_file: BTreeMap<u32, Open> = BTreeMap::new();
        for assessed in weighing.of(at).iter().filter(|assessed| assessed.is_open()) {
            let files: BTreeSet<u32> = assessed.occurrences.iter().map(|o| o.file).collect();
            let assessment = &assessed.assessment;
            for file in &files {
                let held = by_file.entry(*file).or_insert_with(|| Open {
                    name: "".into(),
                    finding: at,
                    file: *file,
                    level: assessment.level,
                    weight: 0.0,
                    deadline: None,
                    undated: false,
                    exploited: finding.vulnerability.kev.is_some(),
                    now: false,
                });
                held.level = held.level.max(assessment.level);
                held.weight += assessment.weight / files.len() as f64;
                held.deadline = held.deadline.into_iter().chain(assessment.deadline.at()).min();
                held.undated |= matches!(assessment.deadline, Deadline::Unknown { .. });
                held.now = is_now(held.level, cadences);
            }
        }
        all.extend(by_file.into_values());
    }
    name(&mut all, scan);
    all
}

/// Names them, with the file only where the rest is not enough.
fn name(all: &mut [Open], scan: &Scan) {
    let plain = |open: &Open| -> Box<str> {
        match scan.findings.get(open.finding) {
            Some(f) => format!("{} in {} {}", f.vulnerability.id, f.package, f.version()).into(),
            None => "?".into(),
        }
    };
    let mut count: BTreeMap<Box<str>, usize> = BTreeMap::new();
    for open in &*all {
        *count.entry(plain(open)).or_default() += 1;
    }
    let mut used: BTreeSet<Box<str>> = BTreeSet::new();
    for open in all {
        let mut name = plain(open);
        if count.get(&name).is_some_and(|n| *n > 1) {
            let file = scan.inventory.files.get(open.file as usize).map_or("?", |f| &*f.path);
            name = format!("{name} ({file})").into();
        }
        // Two formats may read one file.
        let first = name.clone();
        let mut number = 1;
        while !used.insert(name.clone()) {
            number += 1;
            name = format!("{first} [{number}]").into();
        }
        open.name = name;
    }
}
