//! Doing what was decided. Each step is done by itself: one that fails is told, and the others go on. Run again, what was
//! done is found and what is left is done.

use trimtab_connect::requests::life::{Step, What};
use trimtab_connect::requests::{Marker, Reason};
use trimtab_model::{Code, Diagnostic};

use super::{Look, Seen};
use trimtab_report::one_line;

use crate::args::{Apply, ApplyFormat};
use crate::commands::apply::{carry_out, untold};
use crate::commands::host::{self, Told, refused};
use crate::exit::Exit;
use crate::io::Io;
use crate::say;

/// What was done.
#[derive(Default)]
pub(super) struct Done {
    /// Steps, with what came of them in words.
    pub(super) steps: Vec<(Step, String)>,
    /// Whether one could not be done.
    pub(super) failed: bool,
}

impl Done {
    fn add(&mut self, step: &Step, became: Result<String, Diagnostic>, io: &mut Io) {
        let became = became.unwrap_or_else(|diagnostic| {
            self.failed = true;
            say::diagnostic(io, &diagnostic);
            format!("failed: {}", diagnostic.message)
        });
        self.steps.push((step.clone(), became));
    }

    fn has(&self, step: &Step) -> bool {
        self.steps.iter().any(|(done, _)| match step.number {
            Some(number) => done.number == Some(number),
            None => done.number.is_none() && done.batch == step.batch,
        })
    }
}

/// Does it: first what is closed and merged, then what is built, then what is closed because of that. What is seen in
/// the end comes back.
pub(super) fn run(look: &Look<'_>, mut first: Seen, done: &mut Done, io: &mut Io) -> Seen {
    close(look, &first, done, io);
    // What was merged is in the base that the rest is built on.
    if done.steps.iter().any(|(step, _)| step.what == What::Merge) {
        match look.see(io) {
            Ok(then) => first = then,
            Err(diagnostic) => {
                done.failed = true;
                say::diagnostic(io, &diagnostic);
                return first;
            }
        }
    }
    let mut left = look.args.most;
    for step in first.steps.iter().filter(|step| step.what.builds()) {
        if left == 0 {
            let why = "not done: the limit of --most is reached".to_owned();
            done.steps.push((step.clone(), why));
            continue;
        }
        left -= 1;
        let became = build(look, &first.told, step, io);
        done.add(step, became, io);
    }
    if done.steps.is_empty() {
        return first;
    }
    match look.see(io) {
        Ok(then) => {
            close(look, &then, done, io);
            then
        }
        Err(diagnostic) => {
            done.failed = true;
            say::diagnostic(io, &diagnostic);
            first
        }
    }
}

/// Closes and merges what can be now.
fn close(look: &Look<'_>, seen: &Seen, done: &mut Done, io: &mut Io) {
    let host = &*look.located.host;
    for step in &seen.steps {
        let Some(request) = seen.told.request(step.number).filter(|_| !done.has(step)) else {
            continue;
        };
        let (reason, say) = match &step.what {
            What::Obsolete => (
                Reason::Obsolete,
                format!(
                    "Closed: what this removes is already gone from `{}` without it.",
                    look.located.base
                ),
            ),
            What::Skip => {
                (Reason::Skip, "Closed, as its label says. It will not be opened again.".to_owned())
            }
            // One that is not built yet may come to less than was planned: its own asking closes this one.
            What::Supersede { by, number: Some(number) } => (
                Reason::Superseded(by.clone()),
                format!(
                    "Superseded by `{by}` (#{number}), which removes everything that this one removes."
                ),
            ),
            What::Merge => {
                let tip = request.body.as_deref().and_then(Marker::read).map(|marker| marker.tip);
                let became = match tip {
                    Some(tip) => host
                        .merge(request.number, &tip)
                        .map(|()| "merged".to_owned())
                        .map_err(refused),
                    None => Ok("not merged: its description does not say which commit".to_owned()),
                };
                done.add(step, became, io);
                continue;
            }
            _ => continue,
        };
        let place = (host, look.repository, &*look.args.host.remote);
        done.add(step, host::close(place, (request, &seen.told.listed), &reason, &say), io);
    }
}

/// Carries a batch out on the base as it is now, and asks for it.
fn build(look: &Look<'_>, told: &Told, step: &Step, io: &mut Io) -> Result<String, Diagnostic> {
    let args = look.args;
    let Some(plan) = look.plan else {
        return Err(Diagnostic::new(Code::Usage, "there is no plan for this repository"));
    };
    io.err(&format!("{}: {}\n", one_line(&step.batch), step.what.as_str()));
    let apply = Apply {
        batch: Some(step.batch.clone()),
        plan: None,
        path: args.path.clone(),
        at: told.base.clone(),
        trial: args.trial.clone(),
        request: true,
        again: false,
        host: args.host.clone(),
        now: args.now.clone(),
        index: args.index.clone(),
        walk: args.walk.clone(),
        format: ApplyFormat::Markdown,
        output: Vec::new(),
    };
    let carried = carry_out(&apply, plan, io)?;
    let document = carried.document;
    match (&document.request, carried.exit) {
        (Some(request), _) => Ok(format!("#{}: {}", request.number, request.became)),
        (None, Exit::Incomplete) => {
            let help = untold(document.tests.before.as_ref());
            Err(Diagnostic::new(Code::TestsUntold, document.tests.why.clone())
                .help(format!("{help}, or give another command with --test")))
        }
        (None, _) => Err(Diagnostic::new(Code::ChangeWorse, document.why)
            .help("see why with trimtab apply BATCH, or close the request")),
    }
}
