//! What is told of requests that are over.

use super::super::State;
use super::open::by_us;
use super::step::{Step, What};
use super::{Ours, Situation};

/// A step for each that is merged or closed, the newest first.
pub(super) fn steps(situation: &Situation) -> Vec<Step> {
    let mut over: Vec<&Ours> =
        situation.ours.iter().filter(|ours| ours.state != State::Open).collect();
    over.sort_by_key(|ours| std::cmp::Reverse(ours.number));
    let step = |ours: &Ours| {
        let (what, why) = match ours.state {
            State::Merged => merged(situation, ours),
            _ if by_us(ours) => (What::Over, "closed by Trimtab".to_owned()),
            _ => (What::NotWanted, "closed by hand".to_owned()),
        };
        Step { number: Some(ours.number), batch: ours.batch.clone(), over: None, what, why }
    };
    over.into_iter().map(step).collect()
}

fn merged(situation: &Situation, ours: &Ours) -> (What, String) {
    if let Some(commit) = &ours.reverted {
        let why = format!(
            "commit {commit} reverted it; it stays closed until somebody asks for it again"
        );
        return (What::Reverted, why);
    }
    match situation.left(ours.marker.as_ref()) {
        Some(0) => (What::Done, "merged, and its findings are gone from the base".to_owned()),
        Some(left) => {
            let all = ours.marker.as_ref().map_or(0, |marker| marker.gone.len());
            let why = format!("merged, and the base still has {left} of its {all} findings");
            (What::StillThere, why)
        }
        None => (What::Done, "merged; whether its findings are gone is unknown".to_owned()),
    }
}
