//! `trimtab check-new`: judges a dependency before it is added.

use jiff::Timestamp;
use trimtab_advisories::index::Index;
use trimtab_connect::registry;
use trimtab_engine::selection::near::Popular;
use trimtab_engine::selection::{Advised, Candidate, Judgement, Lifecycle, Verdict, judge};
use trimtab_model::charter::Strictness;
use trimtab_model::finding::Finding;
use trimtab_model::{
    Code, Component, Diagnostic, Ecosystem, FileInventory, Inventory, Metadata, Purl,
};
use trimtab_report::selection::{self as told, Sign};

use super::{Outcome, scan};
use crate::args::CheckNew;
use crate::exit::Exit;
use crate::io::Io;
use crate::{agreement, index, say};

/// Runs the verb.
///
/// # Errors
/// A purl is not one, or the agreement cannot be used.
pub fn run(args: &CheckNew, io: &mut Io) -> Outcome {
    let here = std::path::Path::new(".");
    let agreed = agreement::read(here, args.charter.as_deref(), io)?;
    let rules = &agreed.agreement.charter.selection;
    let index = match index::open(&args.index, io) {
        Ok(index) => Some(index),
        // Without an index, what it would say is unknown: that is told, and the rest goes on.
        Err(problem) if problem.code == Code::IndexMissing && args.index.db.is_none() => {
            say::diagnostic(io, &problem);
            None
        }
        Err(problem) => return Err(problem),
    };
    let now = Timestamp::now();
    let mut options = registry::Options::at(now);
    options.cache = io.data_folder.as_ref().map(|folder| folder.join("metadata"));
    options.offline = args.offline;
    let mut worst = Verdict::Allow;
    for text in &args.purls {
        let purl: Purl = text.parse().map_err(|e| {
            Diagnostic::new(Code::Usage, format!("`{text}` is no purl: {e}"))
                .help("name a package as `pkg:npm/left-pad@1.3.0`")
        })?;
        let answer = registry::ask(&purl, &options);
        say::diagnostics(io, answer.diagnostics.iter(), false);
        // Without a version, the newest that the registry offers is meant.
        let meant = answer.metadata.as_ref().map_or(&purl, |m| &m.purl);
        let findings = match &index {
            Some(index) if meant.version().is_some() => Some(findings(meant, index)?),
            _ => None,
        };
        let advised: Option<Vec<Advised>> =
            findings.as_ref().map(|all| all.iter().map(Advised::of).collect());
        let popular = Ecosystem::of(meant).and_then(|e| Popular::of(e.family));
        let candidate = Candidate {
            purl: meant,
            metadata: answer.metadata.as_ref(),
            advisories: advised.as_deref(),
            lifecycle: Lifecycle::Unknown,
        };
        let judgement = judge(&candidate, popular, rules, now);
        worst = worst.max(judgement.verdict);
        write(meant, &judgement, answer.metadata.as_ref(), args, io)?;
    }
    Ok(match worst {
        Verdict::Deny => Exit::Violated,
        Verdict::Unknown if agreed.agreement.charter.unknown.gate == Strictness::Deny => {
            Exit::Incomplete
        }
        Verdict::Unknown | Verdict::Warn | Verdict::Allow => Exit::Clean,
    })
}

/// What the index knows of one package at a version.
fn findings(purl: &Purl, index: &Index) -> Result<Vec<Finding>, Diagnostic> {
    let file = FileInventory {
        path: "check-new".into(),
        components: vec![Component::new(purl.clone())],
        ..FileInventory::default()
    };
    let inventory = Inventory { files: vec![file], ..Inventory::default() };
    Ok(scan::of_inventory(String::new(), inventory, index)?.findings)
}

fn sign(verdict: Verdict) -> Sign {
    match verdict {
        Verdict::Allow => Sign::Fine,
        Verdict::Warn => Sign::Warned,
        Verdict::Unknown => Sign::Unknown,
        Verdict::Deny => Sign::Denied,
    }
}

fn write(
    purl: &Purl,
    judgement: &Judgement,
    metadata: Option<&Metadata>,
    args: &CheckNew,
    io: &mut Io,
) -> Result<(), Diagnostic> {
    let package = purl.to_string();
    let mut text = Vec::new();
    if args.json {
        let reasons: Vec<_> = judgement
            .reasons
            .iter()
            .map(|r| {
                serde_json::json!({
                    "rule": r.rule.as_str(), "verdict": r.verdict.as_str(), "found": &*r.found,
                    "source": &*r.source, "unknown": r.unknown,
                })
            })
            .collect();
        let line = serde_json::json!({
            "package": package, "verdict": judgement.verdict.as_str(), "reasons": reasons,
            "asked": metadata.map(|m| m.asked.to_string()),
        });
        text = format!("{line}\n").into_bytes();
    } else {
        let lines = judgement
            .reasons
            .iter()
            .map(|r| told::Line {
                sign: sign(r.verdict),
                rule: r.rule.as_str(),
                found: &r.found,
                source: &r.source,
                unknown: r.unknown,
            })
            .collect();
        let view = told::View {
            package: &package,
            verdict: sign(judgement.verdict),
            lines,
            asked: metadata.map(|m| m.asked),
        };
        let style = trimtab_report::table::Style {
            colour: io.colour_out,
            ascii: io.ascii,
            verbose: args.verbose,
            ..trimtab_report::table::Style::default()
        };
        told::write(&view, style, &mut text).map_err(|e| {
            Diagnostic::new(Code::Usage, format!("the answer cannot be written: {e}"))
        })?;
    }
    io.out(&String::from_utf8_lossy(&text));
    Ok(())
}
