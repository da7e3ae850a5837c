//! What is wanted of a team's tickets: each scheduled change has one, the most urgent first, as many as the team has room for.
//! One that has a ticket keeps it until evidence says that it is over; that a plan moves or drops it is told in it.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use trimtab_engine::track::room;
use trimtab_store::{
    Finding, FindingFilter, FindingOrder, FindingState, PlannedChange, Scheduled, Team, TicketOf,
    Tracker,
};

use super::round::is_resting;
use super::words::{self, Change};
use super::{Had, Told};
use crate::facts::within;
use crate::ingest::Refused;
use crate::planning::held::{self, Held};
use crate::state::App;

/// The most findings that are looked at.
const MOST: usize = 5_000;

/// A team's tickets.
pub(super) struct Wanted {
    /// The most urgent first.
    pub(super) tickets: Vec<TicketOf>,
    /// Those that may be made now.
    pub(super) may_open: HashSet<PlannedChange>,
}

/// Whether a ticket counts as open: it is there and nobody closed it, or it was sent.
fn counts(row: &TicketOf) -> bool {
    let stage = Had::of(&row.seen).stage;
    row.sent.is_some() || (row.key.is_some() && (stage.is_empty() || stage == "open"))
}

/// Works out what is wanted, and keeps what differs from before.
///
/// # Errors
/// The store does not answer.
pub(super) async fn of(app: &App, tracker: &Tracker, team: &Team) -> Result<Wanted, Refused> {
    let (org, now) = (tracker.org, app.now());
    let mut scheduled = app.store.scheduled(org, team.id).await?;
    scheduled.sort_by(|a, b| {
        let starts = |s: &Scheduled| s.window.as_ref().map(|w| w.starts);
        starts(a).cmp(&starts(b)).then(b.load.total_cmp(&a.load)).then(a.change.cmp(&b.change))
    });
    let rows = app.store.tickets(org, team.id).await?;
    let known: HashMap<&PlannedChange, &TicketOf> =
        rows.iter().map(|row| (&row.change, row)).collect();
    // What plans are made of.
    let filter =
        FindingFilter { team: Some(team.id), counts: Some(true), ..FindingFilter::default() };
    let (live, _) = within::findings(app, org, &filter, FindingOrder::Level, MOST).await?;
    let live: HashMap<i64, Finding> = live.into_iter().map(|f| (f.id, f)).collect();

    // What is merged alone waits for nobody who changes code: its ticket says so, and none is made for it.
    let is_open = |id: &i64| live.get(id).is_some_and(|f| f.state == FindingState::Open);
    scheduled.retain(|s| s.findings.iter().any(is_open));
    let planned: HashSet<&PlannedChange> = scheduled.iter().map(|s| &s.change).collect();
    let held = held::of(app, org, team.id).await?;
    for row in rows.iter().filter(|row| !planned.contains(&row.change)) {
        leave(app, (tracker, team), row, &live, held.get(&row.change), now).await?;
    }
    // What was refused just now takes the room of no other.
    let has: Vec<bool> = scheduled
        .iter()
        .map(|s| {
            let has = |r: &&TicketOf| r.key.is_some() || r.sent.is_some() || is_resting(r, now);
            known.get(&s.change).is_some_and(has)
        })
        .collect();
    let open = rows.iter().filter(|row| row.wanted && counts(row)).count();
    let limit = usize::try_from(tracker.is.open_limit).unwrap_or(usize::MAX);
    let mut may_open = HashSet::new();
    for ((is, has), may) in scheduled.iter().zip(&has).zip(room(&has, open, limit)) {
        // What people decided to do at once is in the tracker also where the team has no room for more.
        let may = may || (!has && is.by_people && is.window.is_none());
        if !may && !has {
            // What was about to be made, and waits again, is not known any longer.
            if known.contains_key(&is.change) {
                app.store.forget_ticket(org, team.id, &is.change).await?;
            }
            continue;
        }
        if may {
            may_open.insert(is.change.clone());
        }
        let mut findings = Vec::with_capacity(is.findings.len());
        for id in &is.findings {
            let found = match live.get(id) {
                Some(found) => Some(found.clone()),
                None => app.store.finding(org, *id).await?,
            };
            // Only the team's own.
            let own = |f: &Finding| f.team.as_ref().is_some_and(|(id, _)| *id == team.id);
            findings.extend(found.filter(|f| f.state.is_live() && own(f)));
        }
        let row = known.get(&is.change);
        let pointed = row.is_some_and(|row| row.points.is_some());
        let change = Change { is, findings: &findings, team, pointed };
        let before = row.map(|row| (Told::of(&row.told), row.wanted));
        let Some(told) = words::told(app, tracker, &change, before.as_ref(), now).await? else {
            continue;
        };
        let told = serde_json::to_value(told).map_err(|e| Refused::Internal(e.to_string()))?;
        app.store.want_ticket(org, team.id, (&is.change, true), &told).await?;
    }
    let order: HashMap<&PlannedChange, usize> =
        scheduled.iter().enumerate().map(|(at, s)| (&s.change, at)).collect();
    let mut tickets = app.store.tickets(org, team.id).await?;
    tickets.sort_by_key(|row| order.get(&row.change).copied().unwrap_or(usize::MAX));
    // Who closed a ticket may have no account here: what became of it is said where they are.
    let day = words::day(app, org, now).await?;
    for row in tickets.iter_mut().filter(|row| row.wanted && row.key.is_some()) {
        let Some(told) = with_answer(Told::of(&row.told), &row.answer, &day) else { continue };
        row.told = serde_json::to_value(told).map_err(|e| Refused::Internal(e.to_string()))?;
        row.looked = None;
        app.store.want_ticket(org, team.id, (&row.change, true), &row.told).await?;
    }
    Ok(Wanted { tickets, may_open })
}

/// With what became of what people will not do in the comment. `None`: it says so already.
fn with_answer(mut told: Told, answer: &str, day: &str) -> Option<Told> {
    if told.answer == answer {
        return None;
    }
    answer.clone_into(&mut told.answer);
    if !answer.is_empty() {
        told.note = Some(words::noted(told.note.as_deref(), day, answer));
    }
    Some(told)
}

/// What becomes of a ticket whose change is scheduled no more: it is over when nothing that it was for is left.
async fn leave(
    app: &App,
    (tracker, team): (&Tracker, &Team),
    row: &TicketOf,
    live: &HashMap<i64, Finding>,
    held: Option<&Held>,
    now: Timestamp,
) -> Result<(), Refused> {
    let org = tracker.org;
    if row.key.is_none() && row.sent.is_none() {
        return Ok(app.store.forget_ticket(org, team.id, &row.change).await?);
    }
    let mut told = Told::of(&row.told);
    // It is over. What evidence said is gone may be in production again, by a roll-back.
    let is_back = !row.wanted;
    if is_back && !told.fixed {
        return Ok(());
    }
    let mut left = Left::default();
    let (mut open, mut owner) = (Vec::new(), None);
    for id in &told.findings {
        let found = match live.get(id) {
            Some(found) => Some(found.clone()),
            // What is over is looked at in each round: only what is there again counts.
            None if is_back => continue,
            None => app.store.finding(org, *id).await?,
        };
        left.add(found.as_ref(), team.id);
        match found {
            Some(is) if is_moved(&is, team.id) => owner = owner.or(Some(is.team)),
            Some(is) if is_open(&is, team.id) => open.push(is),
            _ => {}
        }
    }
    let (over, why) = left.told();
    let why = match held {
        // Whoever reads the ticket learns that people decided it.
        Some(held) if left.open > 0 => {
            format!("It is no longer in the plan: {}. Its findings are still open.", held.words())
        }
        // Whoever follows the ticket must not take it for fixed.
        _ if left.is_moved() => {
            let owner = owner.flatten();
            moved(app, tracker, &told.asset, owner, left.moved).await?
        }
        _ => why,
    };
    if is_back && left.merged == 0 {
        return Ok(());
    }
    told.fixed = over && left.fixed > 0 && left.moved == 0;
    let mut more = Vec::new();
    if !open.is_empty() {
        let agreed = app.agreed(org, now).await?;
        let new = words::unplanned(&told, &open, &agreed.charter.calendar, now);
        more.extend(words::graver(&told, &new));
        more.extend(words::later(&told, &new));
        told = new;
    }
    let day = words::day(app, org, now).await?;
    if is_back {
        more.insert(0, "What was fixed is in production again, by a roll-back.".to_owned());
    }
    // Said once, and not again with every day: it ends what is said.
    let held = told.note.as_deref();
    let said = more.is_empty() && held.is_some_and(|held| held.ends_with(&why));
    more.push(why.clone());
    let held = held.map(|held| held.strip_suffix(&*why).unwrap_or(held).trim_end());
    let note = words::noted(held, &day, &more.join(" "));
    if said && !over {
        return Ok(());
    }
    if !said {
        told.note = Some(note);
    }
    if !over {
        // It is made anew when the plan has it again.
        told.made_of.clear();
        told.window.clear();
    }
    let told = serde_json::to_value(told).map_err(|e| Refused::Internal(e.to_string()))?;
    Ok(app.store.want_ticket(org, team.id, (&row.change, !over), &told).await?)
}

/// Whether a finding is there, and another team's or nobody's.
fn is_moved(is: &Finding, team: i64) -> bool {
    is.state.is_live() && is.team.as_ref().is_none_or(|(id, _)| *id != team)
}

/// Whether a finding is a team's, and neither merged nor decided.
fn is_open(is: &Finding, team: i64) -> bool {
    let decided = is.weighed.as_ref().is_some_and(|w| w.decision.is_some());
    let live = is.state.is_live() && is.state != FindingState::Merged;
    live && !decided && !is_moved(is, team)
}

/// That what a ticket was for is another team's now, or nobody's, and still there.
async fn moved(
    app: &App,
    tracker: &Tracker,
    asset: &str,
    owner: Option<(i64, String)>,
    findings: usize,
) -> Result<String, Refused> {
    let open = match findings {
        1 => "1 of its findings is still open".to_owned(),
        more => format!("{more} of its findings are still open"),
    };
    let Some((id, team)) = owner else {
        return Ok(format!("Nobody owns {asset} now, and {open}."));
    };
    let there = match app.store.tracker(tracker.org, id).await? {
        Some(_) => "and has a tracker of its own",
        None => "and has no tracker",
    };
    Ok(format!("{asset} belongs to {team} now, and {open}: {team} plans it from here on, {there}."))
}

/// What is left of what a ticket was for.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Left {
    /// Still there, of the team's.
    open: usize,
    /// Gone from the main line, and still running.
    merged: usize,
    /// Decided otherwise.
    decided: usize,
    /// Gone from production.
    fixed: usize,
    /// Still there, of another team or of nobody.
    moved: usize,
    /// Said by no source any longer, or not known.
    elsewhere: usize,
}

impl Left {
    fn add(&mut self, found: Option<&Finding>, team: i64) {
        let count = match found {
            None => &mut self.elsewhere,
            Some(f) if f.state == FindingState::Fixed => &mut self.fixed,
            Some(f) if !f.state.is_live() => &mut self.elsewhere,
            Some(f) if is_moved(f, team) => &mut self.moved,
            Some(f) if f.weighed.as_ref().is_some_and(|w| w.decision.is_some()) => {
                &mut self.decided
            }
            Some(f) if f.state == FindingState::Merged => &mut self.merged,
            Some(_) => &mut self.open,
        };
        *count += 1;
    }

    /// Whether all that is there of it is another team's, or nobody's.
    fn is_moved(self) -> bool {
        self.open + self.merged == 0 && self.moved > 0
    }

    /// Whether it is over, and what is said of it.
    fn told(self) -> (bool, String) {
        let over = self.open + self.merged == 0;
        let why = match self {
            Left { open: 1.., .. } => {
                "It is no longer in the plan; its findings are still open.".to_owned()
            }
            Left { merged: 1.., .. } => {
                "Merged and waiting to be deployed; this ticket then closes by itself.".to_owned()
            }
            Left { moved: 1.., .. } => {
                "It belongs to another team now, and its findings are still open.".to_owned()
            }
            Left { fixed: 1.., .. } => {
                "Fixed and deployed: none of its findings is left in production.".to_owned()
            }
            Left { decided: 1.., .. } => {
                "Closed by a decision: none of its findings counts any longer.".to_owned()
            }
            _ => "None of its findings is open any longer.".to_owned(),
        };
        (over, why)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::planning::finding;

    #[test]
    fn what_became_of_a_refusal_is_said_in_the_ticket_once() {
        let (first, day) = ("An exception was requested: no. 5.", "2026-12-01");
        let asked = with_answer(Told::default(), first, day).unwrap();
        assert_eq!(asked.note.as_deref(), Some("2026-12-01: An exception was requested: no. 5."));
        assert_eq!(with_answer(asked.clone(), first, "2026-12-02"), None);
        let refused = with_answer(asked, "The exception was refused.", "2026-12-04").unwrap();
        assert_eq!(refused.note.as_deref(), Some("2026-12-04: The exception was refused."));
        // They mean to do it again: nothing is said of that.
        let again = with_answer(refused.clone(), "", "2026-12-05").unwrap();
        assert_eq!((again.note, again.answer.as_str()), (refused.note, ""));
    }

    #[test]
    fn evidence_closes_and_a_plan_does_not() {
        let left =
            |open, merged, decided, fixed| Left { open, merged, decided, fixed, ..Left::default() };
        assert!(!left(1, 0, 0, 4).told().0, "one is still there");
        assert!(!left(0, 1, 0, 4).told().0, "it still runs");
        assert!(left(0, 0, 1, 0).told().0 && left(0, 0, 0, 1).told().0);
        assert!(left(0, 0, 1, 1).told().1.contains("deployed"));
        assert!(Left::default().told().0);
    }

    #[test]
    fn what_is_another_teams_now_is_not_called_gone() {
        let own = Finding { team: Some((1, "web".to_owned())), ..finding(1, 1, "pkg:npm/a") };
        let fixed = Finding { state: FindingState::Fixed, ..own.clone() };
        let of = |all: &[&Finding], team| {
            let mut left = Left::default();
            all.iter().for_each(|f| left.add(Some(f), team));
            left
        };
        assert!(!of(&[&own, &fixed], 1).is_moved());
        for left in [of(&[&own, &fixed], 2), of(&[&Finding { team: None, ..own.clone() }], 1)] {
            assert_eq!((left.moved, left.open), (1, 0));
            let (over, why) = left.told();
            assert!(left.is_moved() && over && why.contains("still open"), "{why}");
        }
    }
}
