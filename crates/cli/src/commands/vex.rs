//! `trimtab vex`: what suppliers' statements would change, and ours for others.

use std::path::Path;

use jiff::Timestamp;
use trimtab_decisions::vex::{self, About, Issue, VexFormat, Why};
use trimtab_engine::gate::{Before, is_new};
use trimtab_engine::repository::{self, Agreement};
use trimtab_model::decision::Statement;
use trimtab_model::scan::{Scan, Weighing};
use trimtab_model::{Code, Component, Diagnostic, Purl};

use super::{Outcome, gate, scan};
use crate::args::{Vex, VexVerb, VexWrite};
use crate::exit::Exit;
use crate::io::Io;
use crate::{agreement, index, output, say};

/// Runs the verb.
///
/// # Errors
/// A document cannot be read, or the output cannot be written.
pub fn run(args: &Vex, io: &mut Io) -> Outcome {
    match &args.verb {
        VexVerb::Preview { documents, path, product, index, walk } => {
            let given: Vec<Purl> = product.iter().map(|p| purl(p)).collect::<Result<_, _>>()?;
            let (mut statements, mut unread) = (Vec::new(), false);
            for document in documents {
                for file in agreement::files(document, &["json"])? {
                    let (read, problems) = vex::read(&agreement::bytes(&file)?);
                    let problems: Vec<_> =
                        problems.into_iter().map(|p| p.in_file(agreement::shown(&file))).collect();
                    say::diagnostics(io, problems.iter(), true);
                    unread |= problems.iter().any(|p| p.code.makes_incomplete());
                    statements.extend(read.into_iter().flat_map(|d| d.statements));
                }
            }
            let index = index::open(index, io)?;
            let scan = scan::matched(std::slice::from_ref(path), walk, &index, io)?;
            let products = match given.is_empty() {
                true => repository::own_packages(&scan),
                false => given,
            };
            let ids: Vec<_> = scan.findings.iter().map(repository::ids).collect();
            let about: Vec<About> = scan
                .findings
                .iter()
                .zip(&ids)
                .map(|(f, ids)| About {
                    ids,
                    component: &f.purl,
                    products: &products,
                    changed: repository::changed(f),
                })
                .collect();
            let (effects, _) = vex::preview(&statements, &about);
            let mut text = String::new();
            let mut applied = 0;
            for (effect, statement) in effects.iter().zip(&statements) {
                for (at, why) in &effect.findings {
                    let Some(finding) = scan.findings.get(*at) else { continue };
                    applied += usize::from(*why == Why::Applies);
                    let mark = if *why == Why::Applies { "applies" } else { "does not" };
                    text.push_str(&format!(
                        "{mark:<9} {:<18} {:<20} {} {}: {}\n",
                        statement.status.as_str(),
                        statement.vulnerability,
                        finding.package,
                        finding.version(),
                        why.about()
                    ));
                }
            }
            let about_nothing = effects.iter().filter(|e| e.findings.is_empty()).count();
            text.push_str(&format!(
                "{} read: {applied} would apply, {about_nothing} about nothing that is found here\n",
                trimtab_report::table::count(statements.len(), "statement")
            ));
            io.out(&text);
            Ok(if scan.is_incomplete() || unread { Exit::Incomplete } else { Exit::Clean })
        }
        VexVerb::Write(args) => write(args, io),
    }
}

fn purl(text: &str) -> Result<Purl, Diagnostic> {
    text.parse().map_err(|e| {
        Diagnostic::new(Code::Usage, format!("`{text}` is not a purl: {e}"))
            .help("name the product as `pkg:generic/payments@2.4.0`")
    })
}

/// Writes our statements.
fn write(args: &VexWrite, io: &mut Io) -> Outcome {
    let Some(format) = VexFormat::from_word(&args.format) else {
        let known: Vec<_> = VexFormat::ALL.iter().map(|f| f.as_str()).collect();
        return Err(Diagnostic::new(Code::Usage, format!("`{}` is not a VEX format", args.format))
            .help(format!("one of: {}", known.join(", "))));
    };
    let product = purl(&args.product)?;
    let at = agreement::moment(Some(&args.at))?;
    let agreed = agreement::read(&args.path, None, io)?;
    let index = index::open(&args.index, io)?;
    let scan = scan::matched(std::slice::from_ref(&args.path), &args.walk, &index, io)?;
    let (weighing, problems) = agreed.weigh(&scan, &|_| None, at)?;
    // What is decided about other versions is no matter of this one.
    say::diagnostics(io, problems.iter().filter(|p| p.code != Code::ExceptionUnused), true);
    let mut statements = statements(&scan, &weighing, &agreed.agreement, &product, at);
    let mut complete = !scan.is_incomplete() && !agreed.is_incomplete();
    if let Some(since) = &args.since {
        let before = gate::before(&args.path, since, &index)?;
        say::diagnostics(io, before.inventory.all_diagnostics(), false);
        complete &= !before.is_incomplete();
        // What could not be looked at may still be there.
        if !scan.is_incomplete() {
            statements.extend(gone(&before, &scan, &product));
        }
    }
    let issue = Issue {
        id: args.id.as_str().into(),
        title: format!("VEX of {product}").into(),
        author: args.author.as_str().into(),
        namespace: args.namespace.as_str().into(),
        at,
        version: args.document_version,
    };
    let (text, problems) = vex::write(format, &statements, &issue);
    say::diagnostics(io, problems.iter(), true);
    match &args.output {
        None => io.out(&text),
        Some(path) => output::to_file(Path::new(path), |out| out.write_all(text.as_bytes()))?,
    }
    Ok(if complete { Exit::Clean } else { Exit::Incomplete })
}

/// For each finding of the release before that this one does not have: that it is fixed. What cannot be judged
/// any longer is not.
fn gone(before: &Scan, now: &Scan, product: &Purl) -> Vec<Statement> {
    let here = Before::of(now);
    let unjudged = |purl: &Purl| now.unknowns.iter().any(|u| u.purl.package() == purl.package());
    let left = before
        .findings
        .iter()
        .filter(|finding| is_new(finding, Some(&here)) == Some(true) && !unjudged(&finding.purl));
    let mut all: Vec<Statement> = left
        .map(|finding| {
            let same = |c: &&Component| c.purl.package() == finding.purl.package();
            let component = now.inventory.components().map(|(_, c)| c).find(same);
            vex::fixed(&finding.vulnerability.id, product, component.map(|c| &c.purl))
        })
        .collect();
    all.sort_by(|a, b| (&a.vulnerability, &a.products).cmp(&(&b.vulnerability, &b.products)));
    all.dedup();
    all
}

/// Our statements about a product: for each finding that an exception accepts that it is affected, with
/// what is done; for each that does not matter in any of the product's systems that it is not affected.
/// Of what is open nothing is said: it is not decided.
fn statements(
    scan: &Scan,
    weighing: &Weighing,
    agreement: &Agreement,
    product: &Purl,
    issued: Timestamp,
) -> Vec<Statement> {
    let zone = &agreement.charter.calendar.time_zone;
    let mut all = Vec::new();
    for (at, finding) in scan.findings.iter().enumerate() {
        let id = &finding.vulnerability.id;
        let here = weighing.of(at);
        for (accepted, _) in here.iter().filter_map(|a| a.exception.as_ref()) {
            let exception = agreement.exceptions.iter().find(|e| e.id == *accepted);
            all.extend(exception.map(|e| vex::accepted(e, id, product, Some(&finding.purl))));
        }
        let decided = here.iter().map(|a| Some(&a.not_affected.as_ref()?.id));
        let Some(decided) = decided.collect::<Option<Vec<_>>>() else { continue };
        for decision in agreement.not_affected.iter().filter(|d| decided.contains(&&d.id)) {
            let made = decision.created.and_then(|day| day.to_zoned(zone.clone()).ok());
            let made = made.map(|made| made.timestamp().min(issued));
            all.push(vex::not_affected(decision, id, product, Some(&finding.purl), made));
        }
    }
    all.dedup();
    all
}
