//! By whose agreement a change is judged: the one before, the one after, or both.

use std::path::Path;

use trimtab_engine::revision;
use trimtab_model::{Code, Diagnostic};
use trimtab_report::gate as told;

use super::judge::{self, Judge};
use crate::args::{AgreementOf, Gate};
use crate::io::Io;
use crate::say;

/// By whose agreement a state is judged.
pub(super) struct Judges {
    /// The one before, where it judges.
    pub(super) before: Option<Judge>,
    /// The one after, where it judges.
    pub(super) after: Option<Judge>,
    /// What is said of the change of the agreement.
    pub(super) notes: Vec<told::Verdict>,
}

impl Judges {
    /// Both agreements where the change touches them, if nothing else is asked for.
    ///
    /// # Errors
    /// The agreement before cannot be read, or there is none and it is asked for.
    pub(super) fn of(args: &Gate, after: Judge, io: &mut Io) -> Result<Judges, Diagnostic> {
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
}
