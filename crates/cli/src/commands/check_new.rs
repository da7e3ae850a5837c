//! `trimtab check-new`: judges a dependency before it is added.

mod closure;

use std::time::Duration;

use jiff::Timestamp;
use trimtab_advisories::index::Index;
use trimtab_connect::registry;
use trimtab_engine::selection::brings::{self, Seen};
use trimtab_engine::selection::near::Popular;
use trimtab_engine::selection::{
    Advised, Candidate, Judgement, Lifecycle, Rule, Verdict, judge, lifecycle,
};
use trimtab_model::advisory::Kind;
use trimtab_model::charter::Strictness;
use trimtab_model::finding::{Unknown, UnknownReason};
use trimtab_model::{
    Code, Component, Diagnostic, Ecosystem, FileInventory, Inventory, Metadata, Purl,
};
use trimtab_report::selection::{self as told, Sign, json};

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
    let mut options = io.registries(now);
    options.offline = args.offline;
    options.time_limit = Duration::from_secs(args.seconds.into());
    options.resolve_limit = options.time_limit * 3;
    let mut worst = Verdict::Allow;
    for text in &args.purls {
        let purl: Purl = text.parse().map_err(|e| {
            Diagnostic::new(Code::Usage, format!("`{text}` is not a purl: {e}"))
                .help("name a package as `pkg:npm/left-pad@1.3.0`")
        })?;
        let answer = registry::ask(&purl, &options);
        say::diagnostics(io, answer.diagnostics.iter(), false);
        // Without a version, the newest that the registry offers is meant.
        let meant = answer.metadata.as_ref().map_or(&purl, |m| &m.purl);
        let known = index.as_ref().map(|index| known(meant, index)).transpose()?.flatten();
        let advised = known.as_ref().map(|known| advised(&known.found));
        let uncompared = known.as_ref().map(|known| self::advised(&known.uncompared));
        let popular = Ecosystem::of(meant).and_then(|e| Popular::of(e.family));
        let answered = answer.metadata.is_some();
        let mut found = known.iter().flat_map(|known| &known.found);
        let attack = found.any(|(_, kind)| *kind == Kind::Malicious);
        let brings = match (args.shallow, attack) {
            (true, _) => None,
            (false, true) => Some(Err("it is reported as an attack, and not resolved".to_owned())),
            (false, false) => Some(brings(meant, answered, &options, index.as_ref(), io)?),
        };
        let weighed = brings.as_ref().and_then(|b| b.as_ref().ok()).map(|b| (b, b.advised()));
        let parts = weighed.as_ref().map(|(brings, advised)| (brings, brings.parts(advised)));
        let closure = parts.as_ref().map(|(brings, parts)| {
            (*brings, brings::Closure { source: &brings.chosen.source, parts })
        });
        let candidate = Candidate {
            purl: meant,
            metadata: answer.metadata.as_ref(),
            advisories: advised.as_deref(),
            uncompared: uncompared.as_deref().unwrap_or_default(),
            lifecycle: lifecycle_of(meant, index.as_ref())?,
            brings: match (&brings, &closure) {
                (_, Some((_, closure))) => brings::Brings::All(closure),
                (Some(Err(why)), None) => brings::Brings::Unknown(why),
                (_, None) => brings::Brings::OneStep,
            },
        };
        let judgement = judge(&candidate, popular, rules, now);
        worst = worst.max(judgement.verdict);
        if args.json {
            let closure = closure.map(|(brings, closure)| {
                let seen = closure.parts.iter().map(|part| Seen::of(*part, popular, rules));
                json::Closure {
                    source: closure.source.to_owned(),
                    asked: brings.chosen.asked.to_string(),
                    packages: seen.map(|s| package(&s)).collect(),
                }
            });
            write_json(meant, &judgement, answer.metadata.as_ref(), closure, io)?;
        } else {
            write(meant, &judgement, answer.metadata.as_ref(), args, io)?;
        }
    }
    Ok(match worst {
        Verdict::Deny => Exit::Violated,
        Verdict::Unknown if agreed.agreement.charter.unknown.gate == Strictness::Deny => {
            Exit::Incomplete
        }
        Verdict::Unknown | Verdict::Warn | Verdict::Allow => Exit::Clean,
    })
}

/// Ids of advisories with what they report.
type Ids = Vec<(String, Kind)>;

/// The advisories about a package at a version.
pub(super) struct Known {
    /// Those that it is affected by.
    pub(super) found: Ids,
    /// Those whose ranges could not be compared with it.
    pub(super) uncompared: Ids,
}

/// Advisories as the rules take them.
pub(super) fn advised(all: &[(String, Kind)]) -> Vec<Advised<'_>> {
    all.iter().map(|(id, kind)| Advised { id, kind: *kind }).collect()
}

/// The advisories about a package at a version. Without a version, nothing can be said, unless some
/// version is reported as an attack.
pub(super) fn known(purl: &Purl, index: &Index) -> Result<Option<Known>, Diagnostic> {
    let file = FileInventory {
        path: "check-new".into(),
        components: vec![Component::new(purl.clone())],
        ..FileInventory::default()
    };
    let inventory = Inventory { files: vec![file], ..Inventory::default() };
    let scan = scan::of_inventory(String::new(), inventory, index)?;
    let found = scan.findings.iter().map(Advised::of);
    let mut found: Ids = found.map(|a| (a.id.to_owned(), a.kind)).collect();
    let mut might = Ids::new();
    for id in scan.unknowns.iter().flat_map(|u| &u.advisories) {
        let advisory = index.advisory(id).map_err(|e| e.diagnostic())?;
        might.extend(advisory.map(|a| (id.to_string(), a.kind())));
    }
    if purl.version().is_some() {
        // What is known counts, also where something else could not be compared.
        let by_range = |u: &Unknown| u.reason == UnknownReason::IncomparableRange;
        let is_known = scan.unknowns.iter().all(by_range) || !found.is_empty();
        return Ok(is_known.then_some(Known { found, uncompared: might }));
    }
    found.extend(might);
    let is_attack = found.iter().any(|(_, kind)| *kind == Kind::Malicious);
    Ok(is_attack.then_some(Known { found, uncompared: Vec::new() }))
}

/// What it would bring; otherwise why that is unknown.
fn brings(
    purl: &Purl,
    answered: bool,
    options: &registry::Options,
    index: Option<&Index>,
    io: &mut Io,
) -> Result<Result<closure::Brings, String>, Diagnostic> {
    Ok(closure::ask(purl, options, index)?.map_err(|(why, problems)| {
        // If its registry did not answer either, that was told, and this is for the same reason.
        if answered {
            say::diagnostics(io, problems.iter(), false);
        }
        why
    }))
}

/// What the index knows of the support of a version.
pub(super) fn lifecycle_of(purl: &Purl, index: Option<&Index>) -> Result<Lifecycle, Diagnostic> {
    match (index.filter(|index| index.has_lifecycle()), purl.version()) {
        (Some(index), Some(version)) => {
            let products = index.lifecycle(purl).map_err(|e| e.diagnostic())?;
            Ok(lifecycle::of(version, &products))
        }
        _ => Ok(Lifecycle::Unknown),
    }
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
    let lines = judgement
        .reasons
        .iter()
        .map(|r| told::Line {
            sign: sign(r.verdict),
            rule: r.rule.as_str(),
            found: &r.found,
            source: &r.source,
            unknown: r.unknown,
            always: r.rule == Rule::Brings,
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
    told::write(&view, style, &mut text)
        .map_err(|e| Diagnostic::new(Code::Usage, format!("the answer cannot be written: {e}")))?;
    io.out(&String::from_utf8_lossy(&text));
    Ok(())
}

fn write_json(
    purl: &Purl,
    judgement: &Judgement,
    metadata: Option<&Metadata>,
    closure: Option<json::Closure>,
    io: &mut Io,
) -> Result<(), Diagnostic> {
    let reason = |r: &trimtab_engine::selection::Reason| json::Reason {
        rule: r.rule.as_str().to_owned(),
        verdict: r.verdict.as_str().to_owned(),
        found: r.found.to_string(),
        source: r.source.to_string(),
        unknown: r.unknown,
    };
    let document = json::Document {
        format: json::FORMAT.to_owned(),
        version: json::VERSION,
        package: purl.to_string(),
        verdict: judgement.verdict.as_str().to_owned(),
        reasons: judgement.reasons.iter().map(reason).collect(),
        asked: metadata.map(|m| m.asked.to_string()),
        closure,
    };
    let mut text = Vec::new();
    json::write(&document, &mut text)
        .map_err(|e| Diagnostic::new(Code::Usage, format!("the answer cannot be written: {e}")))?;
    io.out(&String::from_utf8_lossy(&text));
    Ok(())
}

fn package(seen: &Seen<'_>) -> json::Package {
    let package = seen.part.package;
    let advisory =
        |a: &Advised<'_>| json::Advisory { id: a.id.to_owned(), kind: a.kind.as_str().to_owned() };
    json::Package {
        purl: package.purl.to_string(),
        licence: package.licence.as_ref().map(|l| l.as_str().to_owned()),
        licence_verdict: seen.licence.map(|v| v.as_str().to_owned()),
        install_scripts: package.install_scripts,
        advisories: seen.part.advisories.map(|all| all.iter().map(advisory).collect()),
        denied: seen.denied.map(|d| d.reason.to_string()),
        near: seen.near.as_ref().map(|near| near.popular.to_owned()),
    }
}
