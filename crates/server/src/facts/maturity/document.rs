//! An assessment as a document that is printed: by the writer of the minutes.

use std::collections::BTreeMap;

use trimtab_engine::maturity::{Framework, Judged, Stage, Verdict};
use trimtab_report::minutes::{Document, Section, Table};

use super::kept::Reason;
use super::{Told, enough};

/// What shows a criterion; what is unknown is no number.
fn shown(judged: &Judged) -> String {
    judged.shown().unwrap_or_else(|| "unknown".to_owned())
}

fn verdict(judged: &Judged) -> &'static str {
    match judged.verdict {
        Verdict::Met => "met",
        Verdict::NotMet => "not met",
        Verdict::Unknown => "unknown",
    }
}

fn missing(judged: &Judged) -> String {
    match judged.teams.as_slice() {
        [] => judged.missing.clone(),
        teams => format!("{} Not in: {}.", judged.missing, teams.join(", ")),
    }
}

fn next(told: &Told) -> Section {
    let row = |is: &Judged| {
        vec![is.criterion.words.to_owned(), missing(is), is.criterion.next.to_owned()]
    };
    let rows: Vec<Vec<String>> = told.is.next().map(row).collect();
    let text = match rows.is_empty() {
        true => vec!["Nothing is missing: this is the highest stage.".to_owned()],
        false => Vec::new(),
    };
    let table = Table::of(&["Asked for", "Missing", "Do this"], rows);
    Section { title: "Next".to_owned(), text, table, chart: None }
}

fn stage(told: &Told, stage: Stage) -> Section {
    let row = |is: &Judged| {
        let counted = is.counted.as_ref();
        let since = counted.and_then(|c| c.since);
        let entry = counted.and_then(|c| c.entries.first());
        vec![
            is.criterion.words.to_owned(),
            verdict(is).to_owned(),
            shown(is),
            enough(is),
            missing(is),
            since.map_or_else(String::new, |at| at.strftime("%Y-%m-%d").to_string()),
            entry.map_or_else(String::new, ToString::to_string),
        ]
    };
    Section {
        title: format!("Stage {}: {}", stage.number(), stage.words()),
        text: Vec::new(),
        table: Table::of(
            &["Asked for", "Verdict", "Shown", "Enough", "Missing", "Since", "Entry"],
            told.is.of(stage).map(row).collect(),
        ),
        chart: None,
    }
}

fn teams(told: &Told) -> Section {
    let row = |(_, name, is): &(i64, String, trimtab_engine::maturity::Assessment)| {
        let first = is.next().next();
        vec![
            name.clone(),
            format!("{} ({})", is.stage.number(), is.stage.words()),
            is.next().count().to_string(),
            first.map_or_else(String::new, |judged| judged.criterion.next.to_owned()),
        ]
    };
    Section {
        title: "Teams".to_owned(),
        text: Vec::new(),
        table: Table::of(
            &["Team", "Stage", "Missing for the next stage", "First"],
            told.teams.iter().map(row).collect(),
        ),
        chart: None,
    }
}

fn frameworks(told: &Told) -> Section {
    let mut all: BTreeMap<(Framework, &str), Vec<&Judged>> = BTreeMap::new();
    for judged in &told.is.judged {
        for reference in judged.criterion.references {
            all.entry((reference.framework, reference.id)).or_default().push(judged);
        }
    }
    let row = |((framework, id), judged): (&(Framework, &str), &Vec<&Judged>)| {
        let met = judged.iter().filter(|j| j.verdict == Verdict::Met).count();
        let words: Vec<&str> = judged.iter().map(|j| j.criterion.words).collect();
        vec![
            framework.words().to_owned(),
            (*id).to_owned(),
            format!("{met} of {}", judged.len()),
            words.join(" "),
        ]
    };
    Section {
        title: "What it points to".to_owned(),
        text: vec![
            "A criterion is a part of what stands there: whether a control is satisfied is for an assessor to say."
                .to_owned(),
        ],
        table: Table::of(&["Framework", "There", "Met", "Criteria"], all.iter().map(row).collect()),
        chart: None,
    }
}

/// Why thresholds are others than the usual ones.
fn reasons(told: &Told) -> Section {
    Section {
        title: "Thresholds that were changed here".to_owned(),
        text: Vec::new(),
        table: Table::of(
            &Reason::COLUMNS,
            told.reasons.iter().map(|is| is.cells().to_vec()).collect(),
        ),
        chart: None,
    }
}

/// The document, for somebody by name. `base`: the server's address.
pub(crate) fn document(told: &Told, by: &str, base: &str) -> Document {
    let of = if told.whole { "all of it" } else { "what they may see of it" };
    let mut lines = vec![
        told.headline(),
        format!("Judged {} UTC, for {by}, of {of}.", told.at.strftime("%Y-%m-%d %H:%M")),
        match told.team {
            Some(team) => format!("Its page: {base}/teams/{team}/maturity"),
            None => format!("Its page: {base}/maturity"),
        },
    ];
    lines.push(match &told.ledger {
        Some((entry, seal)) => format!("The ledger ends at entry {entry} with the seal {seal}."),
        None => "Who it is for may not read the ledger.".to_owned(),
    });
    let mut sections = vec![next(told)];
    if told.team.is_none() {
        sections.push(teams(told));
    }
    let asked = Stage::ALL.into_iter().filter(|stage| *stage > Stage::Unmanaged);
    sections.extend(asked.map(|is| stage(told, is)));
    if !told.reasons.is_empty() {
        sections.push(reasons(told));
    }
    sections.push(frameworks(told));
    Document { title: format!("Maturity of {}", told.name), lines, sections }
}
