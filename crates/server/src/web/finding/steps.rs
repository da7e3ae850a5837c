//! The steps of a finding, drawn.

use jiff::Timestamp;
use trimtab_pages::part::{Link, State, Step, Steps, When};

use super::titled;
use crate::facts::steps::{self, Owner, Standing};

pub(super) fn steps(all: Vec<steps::Step>, now: Timestamp) -> Steps {
    Steps(all.into_iter().map(|step| drawn(step, now)).collect())
}

fn drawn(step: steps::Step, now: Timestamp) -> Step {
    let state = match step.standing {
        Standing::Done(at) => State::Done(When::of(at, now)),
        Standing::NotYet => State::NotYet,
        Standing::Waiting { on, since, until, late } => State::Waiting {
            on: link(&on),
            since: When::of(since, now),
            until: until.map(|at| When::of(at, now)),
            late,
        },
    };
    Step {
        side: titled(step.side.as_str()),
        task: step.task.to_owned(),
        owner: link(&step.owner),
        text: step.text,
        state,
    }
}

fn link(is: &Owner) -> Link {
    match is.decision {
        Some(id) => Link::to(is.words.clone(), format!("/exceptions/{id}")),
        None => Link::words(is.words.clone()),
    }
}
