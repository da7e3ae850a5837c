//! `trimtab gate`: what the charter and the policies say about a repository or a change.

mod ask;
mod judge;
mod past;
mod write;

use std::path::Path;

use jiff::Timestamp;
use trimtab_advisories::index::Index;
use trimtab_connect::git;
use trimtab_engine::gate::Before;
use trimtab_engine::revision;
use trimtab_extract::MemoryFiles;
use trimtab_model::scan::Scan;
use trimtab_model::{Code, Diagnostic, Inventory};
use trimtab_policy::input::Finding;
use trimtab_policy::{By, Joined, stricter};
use trimtab_report::gate::{self as told, Gate as Told};

use self::judge::Judge;
use super::{Outcome, scan};
use crate::agreement;
use crate::args::output::pairs;
use crate::args::{AgreementOf, Gate};
use crate::exit::Exit;
use crate::io::Io;
use crate::{index, say};

/// Runs the verb.
///
/// # Errors
/// The agreement, a policy or the index cannot be used, or there is nothing to compare with.
pub fn run(args: &Gate, io: &mut Io) -> Outcome {
    let outputs = pairs(args.format, &args.output)?;
    let index = index::open(&args.index, io)?;
    let after = Judge::of_tree(args, io)?;
    if let Some(count) = args.dry_run {
        return past::run(args, &after, &index, count, io);
    }
    let judges = judges(args, after, io)?;
    let now = agreement::moment(args.now.as_deref())?;
    let inventory = scan::inventory(std::slice::from_ref(&args.path), &args.walk, io);
    let target = scan::target(std::slice::from_ref(&args.path));
    let scan = scan::of_inventory(target, inventory, &index)?;
    let before = match &args.against {
        None => None,
        Some(against) => Some(Before::of(&before(args, against, &index)?)),
    };
    let answer = answer(args, &judges, scan, before.as_ref(), now, io)?;
    write::all(&outputs, &answer, args.verbose, io)?;
    Ok(exit(&answer))
}

/// By whose agreement a state is judged.
struct Judges {
    /// The one before, where it judges.
    before: Option<Judge>,
    /// The one after, where it judges.
    after: Option<Judge>,
    /// What is said of the change of the agreement.
    notes: Vec<told::Verdict>,
}

/// What the gate answers, with the scan for formats that tell all of it.
struct Answer {
    told: Told,
    scan: Scan,
}

/// Who judges: both agreements where the change touches them, if nothing else is asked for.
fn judges(args: &Gate, after: Judge, io: &mut Io) -> Result<Judges, Diagnostic> {
    let alone = |after| Judges { before: None, after: Some(after), notes: Vec::new() };
    let Some(reference) = args.against.as_deref() else { return Ok(alone(after)) };
    let of = args.agreement.unwrap_or(AgreementOf::Both);
    if Path::new(reference).is_file() {
        // A saved scan does not hold the agreement of its time.
        return match args.agreement {
            None | Some(AgreementOf::After) => Ok(alone(after)),
            Some(_) => Err(Diagnostic::new(
                Code::Usage,
                format!("`{reference}` is a saved scan, which holds no agreement"),
            )
            .help("compare with a commit, or pass --agreement after")),
        };
    }
    let before = match Judge::of_commit(args, reference, io) {
        Ok(before) => before,
        Err(problem) if of == AgreementOf::After => {
            say::diagnostic(io, &problem);
            None
        }
        Err(problem) => return Err(problem),
    };
    let Some(before) = before else {
        let notes = if after.agreed.files.is_empty() {
            Vec::new()
        } else {
            vec![judge::first_agreement(&after, reference)]
        };
        if of == AgreementOf::Before {
            let message = format!("`{reference}` has no agreement to judge by");
            return Err(Diagnostic::new(Code::Usage, message)
                .help("pass --agreement after for the change that brings in the first one"));
        }
        return Ok(Judges { before: None, after: Some(after), notes });
    };
    let changes = revision::changes(
        (&before.agreed.agreement, &before.agreed.files),
        (&after.agreed.agreement, &after.agreed.files),
    );
    if changes.is_empty() {
        return Ok(alone(after));
    }
    let notes = changes.iter().map(|change| judge::note(change, reference, of)).collect();
    Ok(match of {
        AgreementOf::Both => Judges { before: Some(before), after: Some(after), notes },
        AgreementOf::Before => Judges { before: Some(before), after: None, notes },
        AgreementOf::After => Judges { before: None, after: Some(after), notes },
    })
}

/// What the judges say of a scan.
fn answer(
    args: &Gate,
    judges: &Judges,
    mut scan: Scan,
    before: Option<&Before>,
    now: Timestamp,
    io: &mut Io,
) -> Result<Answer, Diagnostic> {
    let metadata = ask::all(args, &scan, before, now, io);
    let one = |judge: &Judge, scan: &mut Scan, io: &mut Io| {
        judge.judge(scan, before, before.is_some() && !args.all, &metadata, now, io)
    };
    let own = scan.diagnostics.len();
    let after = judges.after.as_ref().map(|judge| one(judge, &mut scan, io)).transpose()?;
    if judges.before.is_some() {
        scan.diagnostics.truncate(own);
    }
    // The last one stays in the scan: until the change is merged, the agreement before holds.
    let earlier = judges.before.as_ref().map(|judge| one(judge, &mut scan, io)).transpose()?;
    let both = earlier.is_some() && after.is_some();
    let reference = args.against.as_deref().unwrap_or_default();
    let mut verdicts = judges.notes.clone();
    let joined = match (&earlier, &after) {
        (Some(before), Some(after)) => stricter(before.gate.clone(), after.gate.clone()),
        (Some(one), None) | (None, Some(one)) => Joined {
            outcome: one.gate.outcome,
            verdicts: one.gate.verdicts.iter().map(|v| (v.clone(), By::Both)).collect(),
        },
        (None, None) => Joined { outcome: trimtab_policy::Outcome::NotYetKnown, verdicts: vec![] },
    };
    for (verdict, by) in joined.verdicts {
        let judged = match by {
            By::After => after.as_ref().or(earlier.as_ref()),
            By::Both | By::Before => earlier.as_ref().or(after.as_ref()),
        };
        let mut verdict = judge::told(verdict, judged);
        match by {
            By::Both => {}
            By::Before => {
                verdict.message =
                    format!("{} (by the agreement of {reference})", verdict.message).into();
            }
            By::After => {
                verdict.message =
                    format!("{} (by the agreement of this change)", verdict.message).into();
            }
        }
        verdicts.push(verdict);
    }
    for note in &judges.notes {
        // Formats that tell findings and no verdicts tell it as well.
        let mut told = Diagnostic::new(Code::AgreementChanged, note.message.clone());
        told.file = note.file.clone();
        scan.diagnostics.push(told);
    }
    let all: Vec<_> = earlier.iter().chain(&after).collect();
    let charters: Vec<&str> = all.iter().map(|j| &*j.charter).collect();
    let charter = match charters.as_slice() {
        [one, other] if one != other => format!("{one} before, {other} after this change"),
        [one, ..] => (*one).to_owned(),
        [] => String::new(),
    };
    let first = all.first();
    let count = |is: fn(&Finding) -> bool| {
        let in_all = |at: &usize| all.iter().all(|j| j.input.findings.get(*at).is_some_and(is));
        (0..scan.findings.len()).filter(in_all).count()
    };
    let mut policies: Vec<_> = all.iter().flat_map(|j| j.policies.iter().cloned()).collect();
    policies.sort();
    policies.dedup();
    let mut told = Told {
        target: scan.target.clone(),
        charter: charter.into(),
        agreement: match (both, judges.before.is_some(), judges.notes.is_empty()) {
            (true, ..) => Some("both"),
            (false, true, _) => Some("before"),
            (false, false, false) => Some("after"),
            (false, false, true) => None,
        },
        outcome: match joined.outcome {
            trimtab_policy::Outcome::Pass => told::Outcome::Pass,
            trimtab_policy::Outcome::Fail => told::Outcome::Fail,
            trimtab_policy::Outcome::NotYetKnown => told::Outcome::NotYetKnown,
        },
        against: args.against.as_deref().map(Into::into),
        verdicts,
        findings: scan.findings.len(),
        new_findings: before
            .and(first)
            .map(|judged| judged.input.findings.iter().filter(|f| f.new == Some(true)).count()),
        // What only one of them accepts is not accepted.
        accepted: count(|finding| finding.exception.is_some()),
        not_affected: count(|finding| finding.not_affected.is_some()),
        policies,
        incomplete: all.iter().any(|judged| !judged.complete),
    };
    told.sort();
    Ok(Answer { told, scan })
}

/// The state to compare with: a saved scan, or a commit. Both are matched with the index of today, so
/// that an advisory of last night is nobody's change.
fn before(args: &Gate, against: &str, index: &Index) -> Result<Scan, Diagnostic> {
    let path = Path::new(against);
    if path.is_file() {
        let file = std::fs::File::open(path).map_err(|e| {
            Diagnostic::new(Code::FileUnreadable, format!("`{against}` cannot be read: {e}"))
        })?;
        let saved = trimtab_report::json::read(file).map_err(|e| {
            Diagnostic::new(Code::FileMalformed, e.to_string())
                .in_file(against)
                .help("name a file that `trimtab scan --format json` wrote, or a commit")
        })?;
        return scan::of_inventory(against.to_owned(), saved.inventory, index);
    }
    at_commit(&args.path, against, index)
}

/// A commit, matched.
fn at_commit(folder: &Path, reference: &str, index: &Index) -> Result<Scan, Diagnostic> {
    let inventory = inventory_at(folder, reference)?;
    scan::of_inventory(reference.to_owned(), inventory, index)
}

/// The inventory of a commit.
fn inventory_at(folder: &Path, reference: &str) -> Result<Inventory, Diagnostic> {
    let mut files = MemoryFiles::default();
    for (path, bytes) in git::files(folder, reference, &trimtab_extract::registry::claims_any)? {
        files.insert(&path, &bytes);
    }
    Ok(trimtab_extract::scan_files(&files))
}

fn exit(answer: &Answer) -> Exit {
    match answer.told.outcome {
        told::Outcome::Pass => Exit::Clean,
        told::Outcome::Fail => Exit::Violated,
        told::Outcome::NotYetKnown => Exit::Incomplete,
    }
}
