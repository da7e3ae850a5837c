//! What becomes of open requests, and which batches are asked for.

use std::collections::BTreeSet;

use super::super::marker::{Id, Marker};
use super::super::{Reason, State, Word};
use super::step::{Step, What};
use super::{Asked, Ours, Planned, Situation, Standing};

/// A step for each open request, by number.
pub(super) fn steps(situation: &Situation) -> Vec<Step> {
    let mut steps: Vec<Step> = situation.open().map(|ours| step(situation, ours)).collect();
    steps.sort_by_key(|step| step.number);
    steps
}

fn step(situation: &Situation, ours: &Ours) -> Step {
    let (what, why) = first(situation, ours)
        .or_else(|| over(situation, ours))
        .unwrap_or_else(|| build(situation, ours));
    Step { number: Some(ours.number), batch: ours.batch.clone(), over: None, what, why }
}

type Decided = (What, String);

/// What goes before everything: what people say and do.
fn first(situation: &Situation, ours: &Ours) -> Option<Decided> {
    if situation.open().any(|other| other.batch == ours.batch && other.number > ours.number) {
        // Hosts allow one for a branch and base: somebody opened another from elsewhere.
        return Some((What::Leave, "a newer request has the same branch".to_owned()));
    }
    match (ours.word, &ours.standing) {
        (Some(Word::Skip), _) => Some((What::Skip, "marked as not wanted".to_owned())),
        (Some(Word::Hold), _) => Some((What::Leave, "on hold".to_owned())),
        (_, Standing::Others(commit)) => {
            Some((What::Leave, format!("somebody else pushed commit {commit}")))
        }
        (_, Standing::Unknown(why)) => Some((What::Leave, why.clone())),
        _ => None,
    }
}

/// Whether it is needed no more.
fn over(situation: &Situation, ours: &Ours) -> Option<Decided> {
    let marker = ours.marker.as_ref()?;
    let planned = situation.planned(&ours.batch);
    if situation.left(Some(marker)) == Some(0) && planned.is_none_or(|p| is_gone(situation, p)) {
        let why = "its findings are gone from the base without it";
        return Some((What::Obsolete, why.to_owned()));
    }
    if situation.plan.is_none() || planned.is_some() {
        return None;
    }
    let by = |other: &Ours| -> Option<(u64, Decided)> {
        let planned = situation.planned(&other.batch)?;
        let known = matches!(other.standing, Standing::UpToDate | Standing::Behind { .. });
        if other.number == ours.number || other.word == Some(Word::Skip) || !known {
            return None;
        }
        // What it is about to get counts, and not what it has.
        let (held, number) = match &other.marker {
            _ if is_to_change(situation, other) => (&planned.removes, None),
            Some(held) => (&held.gone, Some(other.number)),
            None => return None,
        };
        has_all(marker, &planned.place, held).then(|| {
            let why = format!(
                "all that it removes is also removed by `{}` (#{})",
                other.batch, other.number
            );
            (other.number, (What::Supersede { by: other.batch.clone(), number }, why))
        })
    };
    situation.open().filter_map(by).min_by_key(|(number, _)| *number).map(|(_, decided)| decided)
}

/// Whether the base has no finding any more that a batch would remove.
fn is_gone(situation: &Situation, planned: &Planned) -> bool {
    let gone = situation.base.as_ref().is_some_and(|base| planned.removes.is_disjoint(base));
    gone && !planned.removes.is_empty()
}

/// Whether all that a request removes is among these findings of the same place.
fn has_all(marker: &Marker, place: &Id, findings: &BTreeSet<Id>) -> bool {
    marker.whole
        && !marker.gone.is_empty()
        && marker.place == *place
        && marker.gone.is_subset(findings)
}

/// Whether an open request is about to get other content, so that what it has now does not count.
fn is_to_change(situation: &Situation, ours: &Ours) -> bool {
    first(situation, ours).is_none() && build(situation, ours).0.builds()
}

/// Whether it is built anew, merged or kept.
fn build(situation: &Situation, ours: &Ours) -> Decided {
    let keep = |why: &str| (What::Keep, why.to_owned());
    let behind = matches!(ours.standing, Standing::Behind { .. });
    let also = if behind { ", and the base has moved on" } else { "" };
    if situation.plan.is_none() {
        return keep(&format!("there is no plan to compare it with{also}"));
    }
    let Some(planned) = situation.planned(&ours.batch) else {
        return keep(&format!(
            "the plan no longer has this batch, but its findings are open{also}"
        ));
    };
    if is_gone(situation, planned) {
        return keep("what the plan has for it is already gone from the base: plan again");
    }
    let Some(marker) = &ours.marker else {
        return (What::Update, "its description does not say what it contains".to_owned());
    };
    if !marker.is_of(planned.wanted()) {
        return (What::Update, "the plan has other actions for it".to_owned());
    }
    if marker.closed.is_some() {
        return (What::Update, "it was about to be closed but is wanted again".to_owned());
    }
    let approved = ours.word == Some(Word::Approve);
    match ours.standing {
        Standing::Behind { touched: true } => {
            (What::Rebase, "the base changed the same files".to_owned())
        }
        Standing::Behind { touched: false } if !approved => {
            (What::Rebase, "the base has moved".to_owned())
        }
        _ if approved && situation.merging => (What::Merge, "approved".to_owned()),
        Standing::Behind { .. } => {
            keep("approved as it is, and the base changed only in other files")
        }
        _ if approved => keep("approved"),
        _ => keep("matches the plan"),
    }
}

/// Adds the batches of the plan that have no open request. What they take over is closed for them.
pub(super) fn wanted(situation: &Situation, steps: &mut Vec<Step>) {
    let frees = steps.iter().filter(|step| step.what.frees()).count();
    let mut open = (situation.others_open + situation.open().count()).saturating_sub(frees);
    for planned in situation.plan.iter().flatten() {
        if situation.open().any(|ours| ours.batch == planned.batch) {
            continue;
        }
        let (mut what, mut why, over) = want(situation, planned, steps);
        if what == What::Open {
            let freed: Vec<usize> = taken_over(situation, planned, steps);
            let after = open.saturating_sub(freed.len());
            if situation.limit.is_some_and(|limit| after >= limit) {
                what = What::Wait;
                why = format!("{open} are open, the most that the team allows");
            } else {
                open = after + 1;
                for at in freed {
                    if let Some(step) = steps.get_mut(at) {
                        step.what = What::Supersede { by: planned.batch.clone(), number: None };
                        step.why =
                            format!("all that it removes is also removed by `{}`", planned.batch);
                    }
                }
            }
        }
        steps.push(Step { number: None, batch: planned.batch.clone(), over, what, why });
    }
}

/// Positions of the steps whose requests a batch takes over.
fn taken_over(situation: &Situation, planned: &Planned, steps: &[Step]) -> Vec<usize> {
    let is = |step: &Step| {
        step.what == What::Keep
            && situation.planned(&step.batch).is_none()
            && situation
                .open()
                .find(|ours| Some(ours.number) == step.number)
                .and_then(|ours| ours.marker.as_ref())
                .is_some_and(|marker| has_all(marker, &planned.place, &planned.removes))
    };
    steps.iter().enumerate().filter(|(_, step)| is(step)).map(|(at, _)| at).collect()
}

/// Whether a batch that is not open is asked for, and the request that decides it: the newest that had the same and
/// is over, or is about to be closed for another.
fn want(situation: &Situation, planned: &Planned, steps: &[Step]) -> (What, String, Option<u64>) {
    let wait = |why: &str| (What::Wait, why.to_owned(), None);
    let again = match &situation.asked {
        Asked::Batch { name, again } if *name == planned.batch => *again,
        Asked::Due if planned.due => false,
        Asked::Due | Asked::Nothing if !planned.due => {
            return wait(&match planned.not_before {
                Some(at) => format!("not before {}", at.strftime("%F")),
                None => "its window has not begun".to_owned(),
            });
        }
        Asked::Nothing => return wait("due, but nothing is opened without `--open`"),
        _ => return wait("not selected"),
    };
    if is_gone(situation, planned) {
        return wait("its findings are gone from the base: plan again");
    }
    let closing = |ours: &Ours| {
        let is = |step: &Step| step.number == Some(ours.number) && step.what.closes();
        ours.word != Some(Word::Skip) && steps.iter().any(is)
    };
    let is_over =
        |ours: &&Ours| ours.state != State::Open || ours.word == Some(Word::Skip) || closing(ours);
    let mut over: Vec<&Ours> = situation.ours.iter().filter(is_over).collect();
    over.sort_by_key(|ours| std::cmp::Reverse(ours.number));
    let named = |ours: &&&Ours| ours.batch == planned.batch;
    let same = |ours: &&&Ours| match &ours.marker {
        Some(marker) => marker.is_of(planned.wanted()),
        // What it had is not known any more: the name counts.
        None => named(ours),
    };
    // A label is said of the batch, whatever it had.
    let skipped = over.iter().find(|o| o.word == Some(Word::Skip) && (same(o) || named(o)));
    let Some(last) = skipped.or_else(|| over.iter().find(same)) else {
        let other = over.iter().find(named).map(|ours| ours.number);
        let why = other.map(|number| format!("it differs from #{number}, which has ended"));
        return (What::Open, why.unwrap_or_else(|| "planned".to_owned()), other);
    };
    let (what, why) = after(last, again, closing(last));
    (what, why, Some(last.number))
}

/// Whether what a request had, which is over or, `closing`, about to be closed by us, is asked for once more.
fn after(last: &Ours, again: bool, closing: bool) -> Decided {
    let number = last.number;
    // That people approved what was merged says nothing of what came after.
    if again || (last.state != State::Merged && last.word == Some(Word::Approve)) {
        return (What::Open, format!("wanted again after #{number}"));
    }
    match (last.state, &last.reverted) {
        (State::Merged, Some(commit)) => {
            (What::Reverted, format!("#{number} made this change, and commit {commit} reverted it"))
        }
        (State::Merged, None) => {
            let why = format!("#{number} was merged: plan again, or pass --again if it was undone");
            (What::Wait, why)
        }
        _ if closing || by_us(last) => (What::Open, format!("planned again after #{number}")),
        _ => (What::NotWanted, format!("#{number} had the same content and was closed by hand")),
    }
}

/// Whether Trimtab closed it, and not at people's word.
pub(super) fn by_us(ours: &Ours) -> bool {
    let reason = ours.marker.as_ref().and_then(|marker| marker.closed.as_ref());
    ours.word != Some(Word::Skip) && reason.is_some_and(|reason| *reason != Reason::Skip)
}
