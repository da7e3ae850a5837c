//! The batches of a plan, and why they are what they are and when they are.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use trimtab_model::plan::{Batch, Slot, WhyNow, WhyThese};

use super::ground::{Barrier, POINT, Span, UNIT, in_time};
use super::view::View;

/// What is placed, by team, slot and place; what waits for its age after what does not.
pub(super) fn batches(view: &View) -> Vec<Batch> {
    let mut all = Vec::new();
    for team in &view.ground.teams {
        let ranks = Ranks::new(view, *team);
        for span in &view.ground.slots[*team] {
            let mut places: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
            for candidate in view.within(*team, span.slot) {
                let place = &*view.ground.problem.candidates[candidate].place;
                places.entry(place).or_default().push(candidate);
            }
            for (place, candidates) in places {
                for part in apart(view, *span, candidates) {
                    all.push(batch(view, &ranks, (*team, *span), place, part));
                }
            }
        }
    }
    all
}

/// The candidates of a place in a slot, as they are carried out together. What removes a finding that is known to be
/// exploited waits for no age: then those that do wait, and what needs them, are a batch of their own.
fn apart(view: &View, span: Span, candidates: Vec<usize>) -> Vec<Vec<usize>> {
    let ground = view.ground;
    let waits = |c: &usize| waits(view, span, &[*c]).is_some();
    let mut waiting: BTreeSet<usize> = candidates.iter().copied().filter(waits).collect();
    if waiting.is_empty() || !candidates.iter().any(|c| ground.candidates[*c].exploited) {
        return vec![candidates];
    }
    loop {
        let needs = |c: &&usize| {
            let needs = &ground.problem.candidates[**c].needs;
            !waiting.contains(*c) && needs.iter().any(|need| waiting.contains(need))
        };
        let more: Vec<usize> = candidates.iter().filter(needs).copied().collect();
        if more.is_empty() {
            break;
        }
        waiting.extend(more);
    }
    let (wait, go): (Vec<usize>, Vec<usize>) =
        candidates.into_iter().partition(|c| waiting.contains(c));
    vec![go, wait]
}

fn batch(
    view: &View,
    ranks: &Ranks,
    (team, span): (usize, Span),
    place: &str,
    candidates: Vec<usize>,
) -> Batch {
    let (ground, problem) = (view.ground, view.ground.problem);
    let mut removes: Vec<usize> = candidates.iter().flat_map(|c| view.removes(*c)).collect();
    removes.sort_unstable_by_key(|f| &problem.findings[*f].id);
    let saved = |f: &usize| ground.counts(*f, problem.horizon).0 - ground.counts(*f, span.end).0;
    let load_days = removes.iter().map(saved).sum::<i64>() as f64 / UNIT;
    let sum = |part: fn(&trimtab_model::plan::Candidate) -> f64| {
        let parts =
            candidates.iter().map(|c| (part(&problem.candidates[*c]) * UNIT).round() as i64);
        parts.sum::<i64>() as f64 / UNIT
    };
    let points = candidates.iter().map(|c| ground.candidates[*c].cost).sum::<i64>() as f64 / POINT;
    let waits = waits(view, span, &candidates);
    Batch {
        team,
        slot: span.slot,
        place: place.into(),
        least: sum(|c| c.least),
        most: sum(|c| c.most),
        points,
        load: ground.load(removes.iter().copied()),
        load_days,
        from: waits.map_or(span.start, |(from, _)| from),
        by: span.end,
        why_these: candidates.iter().flat_map(|c| why_these(view, ranks, *c)).collect(),
        why_now: why_now(view, (team, span), &candidates, &removes),
        candidates,
        removes,
    }
}

/// When the last of the versions of a batch leaves quarantine, if that is within its slot, and whose it is.
fn waits(view: &View, span: Span, candidates: &[usize]) -> Option<(Timestamp, usize)> {
    let from = |c: &usize| Some((span.from(view.ground.young(*c)?)?, *c));
    candidates
        .iter()
        .filter_map(from)
        .filter(|(from, _)| *from > span.start)
        .max_by_key(|(at, _)| *at)
}

/// What a team does of its candidates, by the load that a point of it removes. What is not in the plan is not counted: nobody
/// who reads the plan could tell what it is.
struct Ranks(Vec<(f64, usize)>);

impl Ranks {
    fn new(view: &View, team: usize) -> Ranks {
        let worth = |c: usize| {
            let mut removes = view.ground.problem.candidates[c].removes.clone();
            removes.sort_unstable();
            removes.dedup();
            let cost = view.ground.candidates[c].cost.max(1) as f64 / POINT;
            ((view.ground.load(removes) / cost * UNIT).round() / UNIT, c)
        };
        let is_planned = |c: &usize| view.placed[*c].is_some();
        let planned = view.ground.of_team[team].iter().copied().filter(is_planned);
        let mut all: Vec<(f64, usize)> = planned.map(worth).collect();
        let name = |c: usize| view.ground.rank[c].1;
        all.sort_by(|a, b| b.0.total_cmp(&a.0).then(name(a.1).cmp(&name(b.1))));
        Ranks(all)
    }

    fn why(&self, candidate: usize) -> Option<WhyThese> {
        let (worth, _) = self.0.iter().find(|(_, c)| *c == candidate)?;
        let better = self.0.partition_point(|(w, _)| w > worth);
        Some(WhyThese::Worth(candidate, *worth, better + 1, self.0.len()))
    }
}

fn why_these(view: &View, ranks: &Ranks, candidate: usize) -> Vec<WhyThese> {
    let (ground, problem) = (view.ground, view.ground.problem);
    if ground.by_people[candidate] {
        return vec![WhyThese::Accepted(candidate)];
    }
    let mut why = Vec::new();
    let removes = view.removes(candidate);
    if let Some(finding) = removes.iter().find(|f| problem.findings[**f].exploited) {
        why.push(WhyThese::Exploited(candidate, *finding));
    }
    if !removes.is_empty() {
        why.extend(ranks.why(candidate));
    }
    let needs_it = |c: &usize| problem.candidates[*c].needs.contains(&candidate);
    let mut placed = view.by_name.iter().copied().filter(|c| view.placed[*c].is_some());
    why.extend(placed.find(needs_it).map(|by| WhyThese::Needed(candidate, by)));
    if let Some(choice) = &problem.candidates[candidate].choice {
        let others = ground.of_team[problem.candidates[candidate].team].iter().copied();
        let others = others.filter(|c| *c != candidate);
        let mut others = others.filter(|c| problem.candidates[*c].choice.as_ref() == Some(choice));
        why.extend(others.next().map(|other| WhyThese::InsteadOf(candidate, other)));
    }
    why
}

fn why_now(
    view: &View,
    (team, span): (usize, Span),
    candidates: &[usize],
    removes: &[usize],
) -> Vec<WhyNow> {
    let (ground, problem) = (view.ground, view.ground.problem);
    let mut why = Vec::new();
    if candidates.iter().any(|c| ground.by_people[*c]) {
        why.push(WhyNow::Accepted);
    }
    // What is known to be exploited is not held up by the age of a version, and that is told.
    let begins = if span.slot == Slot::Now { problem.now } else { span.start };
    let unheld = |candidate: &usize| {
        let of = &problem.candidates[*candidate];
        let until = of.quarantine.filter(|until| *until > begins)?;
        let exploited = of.removes.iter().find(|f| problem.findings[**f].exploited)?;
        Some(WhyNow::Unheld(*candidate, until, *exploited))
    };
    if span.slot == Slot::Now {
        // What it removes first, then what another removes too, then what it is needed for.
        let with = view.within(team, Slot::Now);
        let own = candidates.iter().chain(&with).flat_map(|c| &problem.candidates[*c].removes);
        let now = removes.iter().chain(own).find(|f| problem.findings[**f].now);
        why.extend(now.map(|f| WhyNow::Charter(*f)));
        why.extend(candidates.iter().filter_map(unheld));
        return why;
    }
    let spans = &ground.slots[team];
    let place = spans.iter().position(|s| s.slot == span.slot).unwrap_or(0);
    // The next release after this one would be too late.
    let next = spans.iter().skip(place + 1).map(|s| s.end).find(|end| *end > span.end);
    let mut due: Vec<_> = removes
        .iter()
        .filter_map(|f| Some((problem.findings[*f].deadline?, *f)))
        .filter(|(due, _)| span.end <= *due && next.is_none_or(|next| *due < next))
        .collect();
    due.sort_by_key(|(due, _)| *due);
    why.extend(due.first().map(|(due, f)| WhyNow::Deadline(*f, *due)));
    for candidate in candidates.iter().filter(|c| ground.accepted[**c].is_none()) {
        let earlier = spans.get(..place).unwrap_or(&[]);
        let reason = not_before(view, (team, span), *candidate, earlier);
        let frozen = frozen_before(view, span, *candidate, earlier);
        for reason in frozen.into_iter().chain([reason]) {
            if !why.contains(&reason) {
                why.push(reason);
            }
        }
    }
    why.extend(waits(view, span, candidates).map(|(from, c)| WhyNow::From(c, from)));
    if let Slot::Window(window) = span.slot {
        let points = problem.teams[team].windows[window].points;
        let cost = |c: usize| ground.candidates[c].cost as f64 / POINT;
        let dear = candidates.iter().copied().find(|c| cost(*c) > points);
        why.extend(dear.map(|c| WhyNow::Whole(c, cost(c))));
    }
    why.extend(candidates.iter().filter_map(unheld));
    why
}

/// That the slot before is frozen, whatever holds of those before that one.
fn frozen_before(view: &View, span: Span, candidate: usize, earlier: &[Span]) -> Option<WhyNow> {
    let before = earlier.iter().rev().find(|s| s.end < span.end)?;
    match view.ground.barrier(candidate, *before) {
        Some(Barrier::Frozen(freeze)) => Some(WhyNow::Frozen(candidate, freeze)),
        _ => None,
    }
}

/// Why a candidate is not in an earlier slot.
fn not_before(view: &View, at: (usize, Span), candidate: usize, earlier: &[Span]) -> WhyNow {
    let (ground, problem) = (view.ground, view.ground.problem);
    let (mut open, mut closed) = (Vec::new(), WhyNow::First);
    for span in earlier.iter().filter(|s| s.end < at.1.end) {
        match ground.barrier(candidate, *span) {
            None => open.push(*span),
            Some(Barrier::Quarantine(until)) => closed = WhyNow::Quarantine(candidate, until),
            Some(Barrier::Frozen(freeze)) => closed = WhyNow::Frozen(candidate, freeze),
            Some(Barrier::NotNow | Barrier::Past | Barrier::Level) => {}
        }
    }
    if open.is_empty() {
        return closed;
    }
    let mut needs = problem.candidates[candidate].needs.iter().copied();
    let late = |need: &usize| {
        let team = problem.candidates[*need].team;
        view.placed[*need].is_some_and(|n| open.iter().all(|s| !in_time((team, n), (at.0, *s))))
    };
    if let Some(need) = needs.find(late) {
        return WhyNow::After(candidate, need);
    }
    let Some((part, item)) = view.item[candidate] else { return WhyNow::Full };
    let (board, placing) = (&view.parts[part].board, &view.placings[part]);
    let of = &board.items[item];
    let is_before = |s: &usize| board.slots[*s].span.end < at.1.end;
    let before: Vec<usize> = of.allowed.iter().copied().filter(is_before).collect();
    if before.iter().any(|s| placing.has_room(*s, board.cost(*s, item))) {
        return WhyNow::Limit;
    }
    // What no earlier window would hold if it were empty is not kept out by what saves more.
    match before.iter().map(|s| placing.left(*s)).max() {
        Some(left) if before.iter().all(|s| of.cost > board.slots[*s].whole) => {
            WhyNow::Dear(left as f64 / POINT)
        }
        _ => WhyNow::Full,
    }
}
