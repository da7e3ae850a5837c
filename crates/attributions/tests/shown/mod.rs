//! Reports as text, for snapshots.
#![expect(dead_code, reason = "each test shows reports in its own way")]

use std::fmt::Write;

use trimtab_attributions::{Attributed, Report};
use trimtab_model::Diagnostic;

/// One line about a report.
pub(crate) fn line(name: &str, report: Result<Report, Diagnostic>) -> String {
    match report {
        Err(fault) => format!("{name:<70} refused: {}: {}\n", fault.code, fault.message),
        Ok(report) => {
            let all = &report.attributions;
            let count = |of: fn(&Attributed) -> bool| all.iter().filter(|one| of(one)).count();
            let left: usize = report.left_out.values().sum();
            format!(
                "{name:<70} {:<22} {:>3} attributions, {:>3} components, {:>3} with ids, {:>2} dismissed, {left:>3} left out\n",
                report.format.id,
                all.len(),
                count(|one| one.component.is_some()),
                count(|one| !one.ids.is_empty()),
                count(|one| one.dismissed.is_some()),
            )
        }
    }
}

/// All that a report says.
pub(crate) fn whole(report: &Report) -> String {
    let mut out = String::new();
    let or = |text: &Option<Box<str>>| text.as_deref().unwrap_or("-").to_owned();
    let created = report.created.map_or("-".to_owned(), |at| at.to_string());
    let version = or(&report.tool_version);
    writeln!(out, "{} {version}, {created}, of {}", report.tool, or(&report.target)).unwrap();
    for one in &report.attributions {
        let component = one.component.as_ref().map_or("-".to_owned(), ToString::to_string);
        writeln!(out, "{component} ({} {})", or(&one.package), or(&one.version)).unwrap();
        let mut list = |name: &str, texts: Vec<String>| {
            if !texts.is_empty() {
                writeln!(out, "    {name}: {}", texts.join(" | ")).unwrap();
            }
        };
        let texts = |texts: &[Box<str>]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
        list("ids", texts(&one.ids));
        list("words", texts(&one.severity.words));
        list("vectors", texts(&one.severity.vectors));
        list("scores", texts(&one.severity.scores));
        list("fixed", texts(&one.fixed));
        list("weaknesses", texts(&one.cwes));
        let places = one.places.iter();
        list(
            "places",
            places
                .map(|p| match p.line {
                    Some(line) => format!("{}:{line}", p.file),
                    None => p.file.to_string(),
                })
                .collect(),
        );
        for (name, text) in
            [("title", &one.title), ("text", &one.text), ("dismissed", &one.dismissed)]
        {
            list(name, text.iter().map(ToString::to_string).collect());
        }
    }
    for d in &report.diagnostics {
        writeln!(out, "{}[{}]: {}", d.code.severity().as_str(), d.code, d.message).unwrap();
    }
    out
}
