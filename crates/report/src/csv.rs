//! CSV (RFC 4180): one line per finding and place, for spreadsheets. Cells that a spreadsheet would
//! take as a formula are prefixed with an apostrophe.

use std::io::{self, Write};

use trimtab_model::assessment::Deadline;
use trimtab_model::finding::Occurrence;
use trimtab_model::scan::Scan;

use crate::group;

const HEADER: &[&str] = &[
    "package",
    "version",
    "ecosystem",
    "vulnerability",
    "aliases",
    "kind",
    "rating",
    "score",
    "known_exploited",
    "epss",
    "fixed_in",
    "confidence",
    "doubts",
    "scope",
    "relation",
    "file",
    "line",
    "came_in_by",
    "summary",
    "system",
    "level",
    "deadline",
    "accepted_by",
    "not_affected_by",
];

/// Writes the table, with its header.
///
/// # Errors
/// Writing fails.
pub fn write(scan: &Scan, out: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(out);
    table.write_record(HEADER)?;
    let has_kev = scan.index.as_ref().is_some_and(|index| index.kev.is_some());
    for (at, finding) in scan.findings.iter().enumerate() {
        let vulnerability = &finding.vulnerability;
        let severity = &vulnerability.severity;
        let score = severity
            .score_tenths
            .map_or("unknown".to_owned(), |t| format!("{}.{}", t / 10, t % 10));
        let exploited = match (&vulnerability.kev, has_kev) {
            (Some(_), _) => "yes",
            (None, true) => "no",
            (None, false) => "unknown",
        };
        let epss = vulnerability.epss.map_or("unknown".to_owned(), |e| e.probability.to_string());
        let doubts: Vec<_> = finding.doubts.iter().map(|d| d.code()).collect();
        for occurrence in &finding.occurrences {
            let Some((file, component)) = group::place(scan, *occurrence) else { continue };
            let cells = [
                finding.package.to_string(),
                finding.version().to_owned(),
                finding.ecosystem.to_string(),
                vulnerability.id.to_string(),
                vulnerability.aliases.join(" "),
                vulnerability.kind.as_str().to_owned(),
                severity.rating.as_str().to_owned(),
                score.clone(),
                exploited.to_owned(),
                epss.clone(),
                finding.nearest_fix.as_deref().unwrap_or("none named").to_owned(),
                finding.confidence.as_str().to_owned(),
                doubts.join(" "),
                component.scope.as_str().to_owned(),
                component.relation.as_str().to_owned(),
                file.path.to_string(),
                component.line.map_or(String::new(), |l| l.to_string()),
                group::way(scan, *occurrence).join(" > "),
                vulnerability.summary.as_deref().unwrap_or_default().to_owned(),
            ];
            let cells = cells.into_iter().chain(weighed(scan, at, *occurrence));
            table.write_record(cells.map(|cell| inert(&cell)))?;
        }
    }
    table.flush()
}

/// What the finding means in the system that the place belongs to.
fn weighed(scan: &Scan, finding: usize, occurrence: Occurrence) -> [String; 5] {
    let Some(weighing) = &scan.weighing else {
        return ["not weighed"; 5].map(str::to_owned);
    };
    let here = weighing.of(finding).iter().find(|a| a.occurrences.contains(&occurrence));
    let Some(assessed) = here else { return ["unknown"; 5].map(str::to_owned) };
    let a = &assessed.assessment;
    let deadline = match &a.deadline {
        Deadline::By { at, .. } => at.to_string(),
        Deadline::Opportunistic => "opportunistic".to_owned(),
        Deadline::Unknown { .. } => "unknown".to_owned(),
    };
    let system = if a.system.is_empty() { "unknown".to_owned() } else { a.system.to_string() };
    let accepted = assessed.exception.as_ref().map_or(String::new(), |(id, _)| id.to_string());
    let not_affected =
        assessed.not_affected.as_ref().map_or(String::new(), |decision| decision.id.to_string());
    [system, a.level.to_string(), deadline, accepted, not_affected]
}

/// A cell that no spreadsheet evaluates and no terminal obeys.
pub fn inert(cell: &str) -> String {
    let cell: String =
        cell.chars().map(|c| if crate::inert::is_command(c) { ' ' } else { c }).collect();
    if cell.trim_start().starts_with(['=', '+', '-', '@']) { format!("'{cell}") } else { cell }
}

#[cfg(test)]
mod tests {
    #[test]
    fn formulas_are_made_inert() {
        assert_eq!(super::inert("=1+1"), "'=1+1");
        assert_eq!(super::inert("@scope/name"), "'@scope/name");
        assert_eq!(super::inert("1.0"), "1.0");
        assert_eq!(super::inert("\u{1b}[2J\n"), " [2J ");
    }
}
