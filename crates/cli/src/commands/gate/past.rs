//! The gate against the past: how it would have ended.

use jiff::Timestamp;
use trimtab_advisories::index::Index;
use trimtab_connect::git;
use trimtab_engine::gate::Before;
use trimtab_policy as policy;

use super::judge::{Case, Judge};
use super::{Outcome, ask, at_commit};
use crate::args::Gate;
use crate::exit::Exit;
use crate::io::Io;

/// What is denied of one commit that is shown.
const SHOWN: usize = 5;

/// How the gate would have ended for the last commits, each compared with the one before it, by the
/// advisories of today.
pub(super) fn run(args: &Gate, judge: &Judge, index: &Index, count: u32, io: &mut Io) -> Outcome {
    let folder = &args.path;
    let commits = git::log(folder, "HEAD", count.saturating_add(1))?;
    let mut text = String::new();
    let (mut failed, mut unknown, mut passed) = (0, 0, 0);
    // Newest first in the log, told oldest first.
    let mut earlier: Option<Before> = None;
    let first = commits.len() > usize::try_from(count).unwrap_or(usize::MAX);
    for (at, commit) in commits.iter().rev().enumerate() {
        let scan = at_commit(folder, &commit.id, index)?;
        let now = Before::of(&scan);
        if at == 0 && first {
            earlier = Some(now);
            continue;
        }
        // The first commit of all brought in everything that it has.
        let before = earlier.take().unwrap_or_default();
        let moment = Timestamp::from_second(commit.seconds).unwrap_or_default();
        let mut scan = scan;
        let metadata = ask::all(args, &scan, Some(&before), moment, io);
        let case = Case {
            before: Some(&before),
            only_new: !args.all,
            // It knows of now, and not of then.
            history: None,
            metadata: &metadata,
            index,
            now: moment,
        };
        let judged = judge.judge(&mut scan, &case, io)?;
        earlier = Some(now);
        let gate = &judged.gate;
        match gate.outcome {
            policy::Outcome::Fail => failed += 1,
            policy::Outcome::NotYetKnown => unknown += 1,
            policy::Outcome::Pass => passed += 1,
        }
        if gate.outcome != policy::Outcome::Pass {
            let id = commit.id.get(..10).unwrap_or(&commit.id);
            text.push_str(&format!(
                "{id} {} {:<13} {}\n",
                moment.strftime("%Y-%m-%d"),
                gate.outcome.as_str(),
                trimtab_report::table::shorten(&commit.subject, 60, io.ascii)
            ));
            let denied: Vec<_> = gate.of(policy::Effect::Deny).collect();
            for v in denied.iter().take(SHOWN) {
                text.push_str(&format!("    {}/{}: {}\n", v.policy, v.rule, v.message));
            }
            if denied.len() > SHOWN {
                text.push_str(&format!("    and {} more\n", denied.len() - SHOWN));
            }
        }
    }
    text.push_str(&format!(
        "These policies would have failed {failed} of the last {}; {unknown} not yet known, {passed} passed.\n",
        trimtab_report::table::count(failed + unknown + passed, "commit")
    ));
    io.out(&text);
    Ok(Exit::Clean)
}
