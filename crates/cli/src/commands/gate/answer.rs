//! What the judges say of a scan, as one answer.

use trimtab_model::scan::Scan;
use trimtab_model::{Code, Diagnostic};
use trimtab_policy::input::Finding;
use trimtab_policy::{self as policy, By, Joined, stricter};
use trimtab_report::gate::{self as told, Gate as Told};

use super::judge::{self, Case, Judge, Judged};
use super::judges::Judges;
use crate::io::Io;

/// What the gate answers, with the scan for formats that tell all of it.
pub(super) struct Answer {
    pub(super) told: Told,
    pub(super) scan: Scan,
}

impl Answer {
    /// Lets the judges judge a scan, compared with `against`.
    ///
    /// # Errors
    /// A pattern of a system is not one.
    pub(super) fn of(
        judges: &Judges,
        against: Option<&str>,
        mut scan: Scan,
        case: &Case<'_>,
        io: &mut Io,
    ) -> Result<Answer, Diagnostic> {
        let own = scan.diagnostics.len();
        let one = |judge: &Judge, scan: &mut Scan, io: &mut Io| judge.judge(scan, case, io);
        let after = judges.after.as_ref().map(|judge| one(judge, &mut scan, io)).transpose()?;
        if judges.before.is_some() {
            scan.diagnostics.truncate(own);
        }
        // The last one stays in the scan: until the change is merged, the agreement before holds.
        let before = judges.before.as_ref().map(|judge| one(judge, &mut scan, io)).transpose()?;
        for note in &judges.notes {
            // Formats that tell findings and no verdicts tell it as well.
            let mut told = Diagnostic::new(Code::AgreementChanged, note.message.clone());
            told.file = note.file.clone();
            scan.diagnostics.push(told);
        }
        let joined = joined(before.as_ref(), after.as_ref());
        let reference = against.unwrap_or_default();
        let mut verdicts = judges.notes.clone();
        for (verdict, by) in joined.verdicts {
            let (judged, whose) = match by {
                By::Both => (before.as_ref().or(after.as_ref()), None),
                By::Before => (before.as_ref(), Some(reference)),
                By::After => (after.as_ref(), Some("this change")),
            };
            let mut verdict = judge::told(verdict, judged);
            if let Some(whose) = whose {
                let message = format!("{} (by the agreement of {whose})", verdict.message);
                verdict.message = message.into();
            }
            verdicts.push(verdict);
        }
        let all: Vec<&Judged> = before.iter().chain(&after).collect();
        // What only one of them accepts is not accepted.
        let count = |is: fn(&Finding) -> bool| {
            let in_all = |at: &usize| all.iter().all(|j| j.input.findings.get(*at).is_some_and(is));
            (0..scan.findings.len()).filter(in_all).count()
        };
        let new =
            |judged: &&Judged| judged.input.findings.iter().filter(|f| f.new == Some(true)).count();
        let mut policies: Vec<_> = all.iter().flat_map(|j| j.policies.iter().cloned()).collect();
        policies.sort();
        policies.dedup();
        let mut told = Told {
            target: scan.target.clone(),
            charter: charter(&all).into(),
            agreement: match (&before, &after) {
                (Some(_), Some(_)) => Some("both"),
                (Some(_), None) => Some("before"),
                _ if judges.notes.is_empty() => None,
                _ => Some("after"),
            },
            outcome: match joined.outcome {
                policy::Outcome::Pass => told::Outcome::Pass,
                policy::Outcome::Fail => told::Outcome::Fail,
                policy::Outcome::NotYetKnown => told::Outcome::NotYetKnown,
            },
            against: against.map(Into::into),
            verdicts,
            findings: scan.findings.len(),
            new_findings: case.before.and(all.first()).map(new),
            accepted: count(|finding| finding.exception.is_some()),
            not_affected: count(|finding| finding.not_affected.is_some()),
            policies,
            incomplete: all.iter().any(|judged| !judged.complete),
        };
        told.sort();
        Ok(Answer { told, scan })
    }
}

/// What one says, or the stricter of both.
fn joined(before: Option<&Judged>, after: Option<&Judged>) -> Joined {
    match (before, after) {
        (Some(before), Some(after)) => stricter(before.gate.clone(), after.gate.clone()),
        (Some(one), None) | (None, Some(one)) => Joined {
            outcome: one.gate.outcome,
            verdicts: one.gate.verdicts.iter().map(|v| (v.clone(), By::Both)).collect(),
        },
        (None, None) => Joined { outcome: policy::Outcome::NotYetKnown, verdicts: Vec::new() },
    }
}

/// The charters of the judges, in words.
fn charter(all: &[&Judged]) -> String {
    match all {
        [one, other] if one.charter != other.charter => {
            format!("{} before, {} after this change", one.charter, other.charter)
        }
        [one, ..] => one.charter.clone(),
        [] => String::new(),
    }
}
