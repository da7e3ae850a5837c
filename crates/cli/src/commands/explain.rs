//! `trimtab explain`: what is known about a vulnerability, who says so, and where it is used.

use jiff::Timestamp;
use trimtab_advisories::index::{Index, IndexError};
use trimtab_engine::vulnerability::Vulnerabilities;
use trimtab_model::advisory::{Kind, Rating, Vulnerability};
use trimtab_model::evidence::Fact;
use trimtab_model::finding::Finding;
use trimtab_model::{Code, Role};
use trimtab_report::group::{self, percent};
use trimtab_report::voices;

use super::Outcome;
use super::scan::{self, usage};
use crate::args;
use crate::exit::Exit;
use crate::io::Io;
use crate::{agreement, history, index, say};

/// Runs the verb.
///
/// # Errors
/// The index does not know the id, or cannot be used.
pub fn run(args: &args::Explain, io: &mut Io) -> Outcome {
    let index = index::open(&args.index, io)?;
    let history =
        history::open(&args::HistoryArgs { history: args.history.clone(), record: false })?;
    let now = agreement::moment(args.now.as_deref())?;
    let first_seen = |finding: &Finding| history.as_ref().map(|h| h.first_seen(finding, now));
    let known = index.id(&args.id).map_err(|e| e.diagnostic())?;
    let Some(id) = known else {
        return Err(usage(
            format!("the index has no vulnerability `{}`", args.id),
            "check the id, or run `trimtab db update` if it is new",
        ));
    };
    let Some(group) = id.group else {
        let text = if id.withdrawn {
            "its database withdrew it"
        } else {
            "no advisory about a package names it"
        };
        io.out(&format!("{}: {text}\n", id.text));
        return Ok(Exit::Clean);
    };
    if let Some(audience) = args.audience {
        let known = index.group(group).map_err(|e| e.diagnostic())?;
        let ids: Vec<Box<str>> = known.ids.iter().map(|i| i.text.into()).collect();
        return voice(args, &index, &ids, audience, &first_seen, io);
    }
    let text = tell(&index, group).map_err(|e| e.diagnostic())?;
    io.out(&text);
    if args.paths.is_empty() {
        return Ok(Exit::Clean);
    }
    let scan = scan::matched(&args.paths, &args.walk, &index, io)?;
    say::diagnostics(io, scan.inventory.all_diagnostics(), false);
    let ids: Vec<Box<str>> =
        index.group(group).map_err(|e| e.diagnostic())?.ids.iter().map(|i| i.text.into()).collect();
    let mut text = "\nWhere it is used\n".to_owned();
    let mut any = false;
    for finding in scan.findings.iter().filter(|f| ids.contains(&f.vulnerability.id)) {
        any = true;
        let fix = finding
            .nearest_fix
            .as_deref()
            .map_or("no fix is named".to_owned(), |f| format!("fixed in {f}"));
        text.push_str(&format!(
            "  {} {}, {fix}, confidence {}\n",
            finding.package,
            finding.version(),
            finding.confidence.as_str()
        ));
        if let Some(seen) = first_seen(finding) {
            text.push_str(&format!(
                "    first seen here on {} ({})\n",
                seen.value.strftime("%Y-%m-%d"),
                seen.source
            ));
        }
        for doubt in &finding.doubts {
            text.push_str(&format!("    in doubt: {}\n", doubt.as_str()));
        }
        for attribution in &finding.attributions {
            let says = if attribution.affected { "affected" } else { "not affected" };
            text.push_str(&format!(
                "    {} says {says}: {}\n",
                attribution.advisory.id, attribution.reason
            ));
        }
        for occurrence in &finding.occurrences {
            let Some((file, component)) = group::place(&scan, *occurrence) else { continue };
            let line = component.line.map_or(String::new(), |l| format!(":{l}"));
            text.push_str(&format!("    {}{line} ({})\n", file.path, component.scope));
            let way = group::way(&scan, *occurrence);
            if way.len() > 1 {
                text.push_str(&format!(
                    "      {}\n",
                    way.join(if io.ascii { " > " } else { " → " })
                ));
            }
        }
    }
    if !any {
        text.push_str("  nowhere here\n");
    }
    io.out(&text);
    Ok(if scan.is_incomplete() { Exit::Incomplete } else { Exit::Clean })
}

/// Tells what the vulnerability means here to one audience.
fn voice(
    args: &args::Explain,
    index: &Index,
    ids: &[Box<str>],
    audience: args::Audience,
    first_seen: &dyn Fn(&Finding) -> Option<Fact<Timestamp>>,
    io: &mut Io,
) -> Outcome {
    let here = std::path::PathBuf::from(".");
    let path = args.paths.first().unwrap_or(&here);
    let agreed = agreement::read(path, args.charter.as_deref(), io)?;
    let scan = scan::matched(std::slice::from_ref(path), &args.walk, index, io)?;
    let now = agreement::moment(args.now.as_deref())?;
    let (weighing, problems) = agreed.weigh(&scan, first_seen, now)?;
    // Exceptions that are about other findings are told by `exceptions check`.
    say::diagnostics(io, problems.iter().filter(|p| p.code != Code::ExceptionUnused), false);
    let role = match audience {
        args::Audience::Product => Role::Product,
        args::Audience::Engineering => Role::Engineering,
        args::Audience::Security => Role::Security,
        args::Audience::Operations => Role::Operations,
    };
    let mut told = Vec::new();
    for assessed in &weighing.assessed {
        let Some(finding) = scan.findings.get(assessed.finding as usize) else { continue };
        if !ids.contains(&finding.vulnerability.id) {
            continue;
        }
        let systems = &agreed.agreement.project.systems;
        let subject = voices::Subject {
            scan: &scan,
            finding,
            assessed,
            system: systems.iter().find(|s| s.name == assessed.assessment.system),
            charter: &agreed.agreement.charter,
            described: trimtab_charter::project::FILE,
            scope: voices::scope(&scan, assessed),
            now,
        };
        told.push(voices::tell(&subject, role));
    }
    if told.is_empty() {
        io.out(&format!("{} was not found here\n", args.id));
    }
    io.out(&told.join("\n"));
    Ok(if scan.is_incomplete() || agreed.is_incomplete() { Exit::Incomplete } else { Exit::Clean })
}

fn tell(index: &Index, number: u32) -> Result<String, IndexError> {
    let group = index.group(number)?;
    let members: Vec<u32> = group.advisories().collect();
    let mut kind = Kind::Notice;
    for member in &members {
        kind = kind.min(index.advisory_at(*member)?.kind());
    }
    let vulnerability = Vulnerabilities::new(index).describe(number, kind, &members)?;
    let mut text = head(index, &vulnerability);
    text.push_str("\nWho says so\n");
    for member in &members {
        let record = index.advisory_at(*member)?;
        let date = record
            .modified()
            .map_or("date unknown".to_owned(), |t| t.strftime("%Y-%m-%d").to_string());
        text.push_str(&format!(
            "  {:<24} {date}  {}\n",
            record.id(),
            record.summary().unwrap_or("no summary")
        ));
    }
    text.push_str("\nWhat is affected\n");
    for package in packages(index, &members)? {
        text.push_str(&package);
    }
    for lesson in vulnerability.cwes.iter().filter_map(|cwe| trimtab_report::lesson::of(cwe)) {
        text.push_str(&format!("\nLesson: {} (CWE-{})\n", lesson.title, lesson.cwe));
        for part in [lesson.what, lesson.exploited, lesson.avoided] {
            paragraph(&mut text, part);
        }
    }
    if !vulnerability.references.is_empty() {
        text.push_str("\nRead more\n");
        for reference in &vulnerability.references {
            text.push_str(&format!("  {reference}\n"));
        }
    }
    Ok(text)
}

/// The widest line of a paragraph, without what stands before it.
const WIDE: usize = 96;

/// A paragraph of ours, wrapped between words.
fn paragraph(text: &mut String, words: &str) {
    let mut line = String::new();
    for word in words.split_whitespace() {
        if !line.is_empty() && line.len() + 1 + word.len() > WIDE {
            text.push_str(&format!("  {line}\n"));
            line.clear();
        }
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
    }
    text.push_str(&format!("  {line}\n"));
}

fn head(index: &Index, vulnerability: &Vulnerability) -> String {
    let mut text = format!(
        "{}  {}\n",
        vulnerability.id,
        vulnerability.summary.as_deref().unwrap_or("no summary")
    );
    let mut line = |label: &str, value: String| text.push_str(&format!("  {label:<12} {value}\n"));
    if !vulnerability.aliases.is_empty() {
        line("also", vulnerability.aliases.join(", "));
    }
    line("kind", vulnerability.kind.as_str().to_owned());
    let severity = &vulnerability.severity;
    line(
        "severity",
        match (severity.rating, severity.score_tenths, &severity.vector, &severity.from) {
            (Rating::Unknown, ..) => "unknown: no source gives one".to_owned(),
            (rating, Some(tenths), Some(vector), Some(from)) => {
                format!("{rating} {}.{}, {vector}, by {from}", tenths / 10, tenths % 10)
            }
            (rating, _, _, Some(from)) => format!("{rating}, according to {from}, no vector"),
            (rating, ..) => rating.to_string(),
        },
    );
    line(
        "exploited",
        match (&vulnerability.kev, index.has_kev()) {
            (Some(kev), _) => {
                let since = kev.added.map_or(String::new(), |d| format!(" since {d}"));
                let ransomware =
                    if kev.ransomware == Some(true) { ", by ransomware too" } else { "" };
                format!("known{since} (CISA KEV, {}){ransomware}", kev.cve)
            }
            (None, true) => "not in CISA's catalogue".to_owned(),
            (None, false) => "unknown: the index has no catalogue".to_owned(),
        },
    );
    line(
        "EPSS",
        match (vulnerability.epss, index.has_epss()) {
            (Some(epss), _) => format!(
                "{} within 30 days, higher than {} of all",
                percent(epss.probability),
                percent(epss.percentile)
            ),
            (None, true) => "unknown: FIRST gives no score".to_owned(),
            (None, false) => "unknown: the index has no scores".to_owned(),
        },
    );
    if !vulnerability.cwes.is_empty() {
        line("weakness", vulnerability.cwes.join(", "));
    }
    text
}

/// One line per advisory and package. The index is keyed by package, so this walks all of it: a
/// few tens of milliseconds, for a question that a person asks.
fn packages(index: &Index, members: &[u32]) -> Result<Vec<String>, IndexError> {
    let mut lines = Vec::new();
    for package in index.packages() {
        let package = package?;
        for entry in package.entries().filter(|e| members.contains(&e.advisory())) {
            let fixed: Vec<_> = entry.fixed().collect();
            let fixed = match fixed.is_empty() {
                true => "no fix is named".to_owned(),
                false => format!("fixed in {}", fixed.join(", ")),
            };
            let release = entry.release().map_or(String::new(), |r| format!(":{r}"));
            let by = index.advisory_at(entry.advisory())?.id().to_owned();
            // Padded as one, so that the fixes of all ecosystems stand below each other.
            let what = format!("{}{release} {}", package.family(), package.name());
            lines.push(format!("  {what:<46} {fixed} ({by})\n"));
        }
    }
    lines.sort();
    lines.dedup();
    Ok(lines)
}
