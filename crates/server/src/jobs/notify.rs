//! Tells teams what there is to do: looks at what changed, decides for each team, begins letters and hands them over. Asked
//! for after each planning, when wishes change, and when a decision says so.

use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tracing::Instrument;
use trimtab_engine::notices::{Decided, Message, Why, quiet_until};
use trimtab_store::{Became, Job, NewJob, NewLetter, Org, Priority, Recipient, Team, TeamPlan};

use super::Kind;
use crate::access::secret::digest;
use crate::deciding::{self, Sides};
use crate::ingest::Refused;
use crate::notices::letters::Said;
use crate::notices::others::{self, Others};
use crate::notices::post::Readers;
use crate::notices::standing::{self, Standing};
use crate::notices::wishes::Wishes;
use crate::notices::{post, sooner, things, urgent, why_of, why_word};
use crate::problem::Problem;
use crate::state::App;
use crate::supplying::reminders;

/// So long handing a copy over may take, before its process is taken to have ended.
const LOST: SignedDuration = SignedDuration::from_mins(10);
/// So many teams are told at once.
const AT_ONCE: usize = 4;
/// So many copies are tried again in one run.
const AGAIN: usize = 10;
/// So often it is looked whether something waits or is late that no plan tells of.
const HOUR: i64 = 3600;
/// So often it is looked at least which steps of findings wait: those that are done meanwhile are told no longer.
const TURN: SignedDuration = SignedDuration::from_hours(6);
/// So often a decision is made anew where others decide at the same time.
const TURNS: usize = 20;

/// Asks for it at once.
pub(crate) fn at_once(org: Org, now: Timestamp) -> NewJob {
    NewJob {
        org,
        kind: Kind::Notify.as_str().to_owned(),
        name: "now".to_owned(),
        payload: json!({}),
        priority: Priority::Waited,
        run_at: now,
    }
}

/// Asks for it at a moment, once for each second.
fn later(org: Org, at: Timestamp, now: Timestamp) -> NewJob {
    let at = at.max(now + SignedDuration::from_secs(1));
    let name = format!("at-{}", at.as_second());
    NewJob { name, priority: Priority::Scheduled, run_at: at, ..at_once(org, now) }
}

/// What was done.
#[derive(Debug, Default)]
struct Done {
    looked: usize,
    begun: usize,
    sent: usize,
    not_sent: usize,
    again: Option<Timestamp>,
}

impl Done {
    fn ask(&mut self, at: Option<Timestamp>) {
        self.again = [self.again, at].into_iter().flatten().min();
    }

    fn add(&mut self, other: &Done) {
        self.looked += other.looked;
        self.begun += other.begun;
        self.sent += other.sent;
        self.not_sent += other.not_sent;
        self.ask(other.again);
    }

    fn note(&mut self, became: Became) {
        match became {
            Became::Sent => self.sent += 1,
            _ => self.not_sent += 1,
        }
    }
}

pub(super) async fn run(app: &App, job: &Job) -> Result<Value, Refused> {
    let (org, now) = (job.org, app.now());
    app.store.lose_copies(org, now - LOST, now).await?;
    // What comes while this looks is looked at by the next one.
    let newest = app.store.newest_unsent(org).await?;
    let teams = app.store.teams(org).await?;
    let mut done = Done::default();
    let mut failed = None;
    match look(app, org, &teams, now).await {
        Ok(looked) => {
            done.add(&looked);
            if let Some(newest) = newest {
                app.store.note_all_sent(org, newest, now).await?;
            }
        }
        // Who is told by what was looked at before is told all the same.
        Err(error) => failed = Some(error),
    }
    for told in tell_all(app, org, &teams).await {
        match told {
            Ok(told) => done.add(&told),
            Err(error) => {
                tracing::warn!(%error, "a team cannot be told");
                failed = failed.or(Some(error));
            }
        }
    }
    again(app, org, &teams, &mut done).await?;
    match urgent::mail(app, org).await {
        Ok(sent) => done.sent += sent,
        Err(error) => {
            tracing::warn!(%error, "who answers for what no team is told of cannot be told");
            failed = failed.or(Some(error));
        }
    }
    if let Some(at) = done.again {
        app.store.add_job(&later(org, at, app.now()), now).await?;
    }
    failed.map_or(Ok(()), Err)?;
    Ok(json!({ "looked": done.looked, "letters": done.begun, "sent": done.sent,
        "not_sent": done.not_sent }))
}

fn told(problem: Problem) -> Refused {
    Refused::Internal(problem.detail)
}

/// Brings together what teams have to do, where something of it changed.
async fn look(app: &App, org: Org, teams: &[Team], now: Timestamp) -> Result<Done, Refused> {
    let agreed = app.agreed(org, now).await?;
    let marks = app.store.finding_marks(org).await?;
    let places = app.store.finding_places(org).await?;
    let looks = app.store.notice_looks(org).await?;
    let plans: BTreeMap<i64, TeamPlan> =
        app.store.team_plans(org).await?.into_iter().map(|plan| (plan.team, plan)).collect();
    let any = !app.store.suppliers(org, None, None, 1).await?.rows.is_empty();
    // What nobody can agree to any longer keeps nobody from what else there is.
    if let Err(problem) = deciding::end_gone(app, org, now).await {
        tracing::warn!(problem.detail, "requests about what is gone do not end");
    }
    let others = others::of_teams(app, org, now).await.map_err(told)?;
    let none = Others::default();
    // What waits in steps changes by what is decided, and by who is named for what.
    let decided = app.store.decision_marks(org).await?;
    let named = named(app, org).await?;
    let mut done = Done::default();
    if !teams.is_empty() {
        // At the full hour: however often this runs, it is asked for once.
        let hour = now.as_second().div_euclid(HOUR).saturating_add(1).saturating_mul(HOUR);
        done.ask(Timestamp::from_second(hour).ok());
    }
    for team in teams {
        let reminders = match any {
            // What cannot be read of suppliers keeps nobody from what else there is.
            true => reminders::of_team(app, org, team.id).await.unwrap_or_else(|error| {
                tracing::warn!(%error, team = team.id, "nothing is told of suppliers");
                Vec::new()
            }),
            false => Vec::new(),
        };
        let plan = plans.get(&team.id);
        let more = others.get(&team.id).unwrap_or(&none);
        let made = plan.map(|plan| plan.made);
        let (found, place) = (marks.get(&team.id), places.get(&team.id));
        let rest = format!(
            "{:?} {found:?} {place:?} {made:?} {:?} {named} {} {}\n",
            agreed.charter_id,
            decided.get(&team.id),
            more.mark(),
            reminders::mark(&reminders),
        );
        if looks.get(&team.id).is_some_and(|look| holds(look, &rest, now)) {
            continue;
        }
        // What becomes late does so by the clock alone. Of who has no findings nothing waits.
        let (handed, until) = match found {
            Some(_) => {
                let (handed, next) = others::handed(app, org, team.id, now).await.map_err(told)?;
                let turn = now + TURN;
                (handed, next.map_or(turn, |at| at.min(turn)))
            }
            None => (Vec::new(), Timestamp::MAX),
        };
        let mut looked = things::of_team(app, org, (team, more), made, now).await.map_err(told)?;
        // So do deadlines pass.
        let until = looked.passes.map_or(until, |at| at.min(until));
        let mark = format!("{rest}{until}");
        looked.things.append(&mut looked.missed);
        looked.things.extend(handed);
        looked.things.extend(reminders);
        // Whoever plans by the deadline that they were told would be late.
        if looked.things.iter().any(|is| is.urgent) {
            let before = app.store.pending(org, team.id).await?;
            sooner::tell(&mut looked.things, &before, now);
        }
        // What is waited for changes nothing that the mark has.
        let mark = if looked.again.is_some() { String::new() } else { mark };
        let later = app.store.bring_pending(org, team.id, (&looked.things, &mark), now).await?;
        // What another looked at later stands, and is looked at once more.
        done.ask(later);
        done.looked += 1;
        done.ask(looked.again);
    }
    Ok(done)
}

/// A mark of who is named for which part of which system, and is there.
async fn named(app: &App, org: Org) -> Result<String, Refused> {
    let people = app.store.system_people(org).await?;
    let all = app.store.people(org).await?;
    let here = all.iter().filter(|person| !person.disabled);
    let here: Vec<_> = here.map(|person| (person.id, &person.name)).collect();
    Ok(digest(&format!("{people:?} {here:?}")))
}

/// Whether a look holds still: nothing of the rest changed, and no step that waits became late since.
fn holds(look: &str, rest: &str, now: Timestamp) -> bool {
    let until = look.strip_prefix(rest).and_then(|until| until.parse::<Timestamp>().ok());
    until.is_some_and(|until| now < until)
}

/// Has every team told, some at once: a channel that takes its time holds up few others.
async fn tell_all(app: &App, org: Org, teams: &[Team]) -> Vec<Result<Done, Refused>> {
    let room = Arc::new(Semaphore::new(AT_ONCE));
    let mut telling = JoinSet::new();
    for team in teams {
        let (app, team, room) = (app.clone(), team.clone(), Arc::clone(&room));
        let one = async move {
            // It is never closed.
            let _held = room.acquire_owned().await;
            let told = tell(&app, org, &team).await?;
            // Not after all the others: their channels may take their time.
            if let Some(at) = told.again {
                let now = app.now();
                app.store.add_job(&later(org, at, now), now).await?;
            }
            Ok::<Done, Refused>(told)
        };
        telling.spawn(one.in_current_span());
    }
    let mut all = Vec::with_capacity(teams.len());
    while let Some(told) = telling.join_next().await {
        all.push(told.unwrap_or_else(|e| Err(Refused::Internal(e.to_string()))));
    }
    all
}

/// Decides for a team, and has it told.
async fn tell(app: &App, org: Org, team: &Team) -> Result<Done, Refused> {
    let (mut done, mut known) = (Done::default(), Sides::new());
    for _ in 0..TURNS {
        let now = app.now();
        let is = standing::of(app, org, team.id, now).await?;
        let Some(wished) = &is.wished else { return Ok(done) };
        let Decided { send, again, .. } = &is.decided;
        let (mut next, mut passed) = (None, false);
        for message in send {
            let said = Said::all(message, &is.pending, &is.alarmed);
            let of = (team.id, &is.wishes);
            let what = (message, &said);
            let to = post::recipients(app, org, of, what, &is.pending, &mut known).await?;
            if !to.to.is_empty() || goes_on(&is.wishes, message.why, now) {
                next = Some((message, said, to));
                break;
            }
            // Nobody may see it, or can be told: it is not told, and waits until somebody can.
            tracing::warn!(team = team.id, "nobody can be told");
            if message.why == Why::Digest {
                app.store.pass_digest(org, team.id, now).await?;
                passed = true;
            }
        }
        let Some((message, said, to)) = next else {
            if passed {
                // By then it knows when the next digest is.
                continue;
            }
            done.ask(*again);
            return Ok(done);
        };
        let what = (message, &said, &to);
        if let Some(letter) = begin(app, org, team, (&is, wished.turn), what, now).await? {
            done.begun += 1;
            hand_over(app, org, team, letter, (&mut done, &mut known)).await?;
        }
    }
    // Others decide all the time: the next one goes on.
    done.ask(Some(app.now()));
    Ok(done)
}

/// Whether further people are asked after those of a message.
fn goes_on(wishes: &Wishes, why: Why, now: Timestamp) -> bool {
    let step = match why {
        Why::Digest => return false,
        Why::Now => 0,
        Why::Escalation(step) => step,
    };
    wishes.escalates.is_some() && step < wishes.for_engine(now).steps
}

/// Begins a letter. `None`: somebody else did meanwhile, or something was acknowledged.
async fn begin(
    app: &App,
    org: Org,
    team: &Team,
    (is, turn): (&Standing, i64),
    (message, said, readers): (&Message, &Said, &Readers),
    now: Timestamp,
) -> Result<Option<i64>, Refused> {
    // Not before what it tells of, by whatever clock that was noted: else it would not count as told.
    let keys: HashSet<&str> = message.keys.iter().map(|key| &**key).collect();
    let about = is.pending.iter().filter(|of| keys.contains(of.item.as_str()));
    let now = about.flat_map(|of| [Some(of.since), of.urgent]).flatten().fold(now, Timestamp::max);
    // What none of its readers may read is not told by it.
    let items = readers.told(message, said);
    let told = json!(said.of_items(&items).kept());
    let letter = NewLetter { team: team.id, why: why_word(message.why).to_owned(), items, told };
    let begun = app.store.begin_letter(org, turn, (&letter, &readers.to), now).await?;
    if begun.is_some() {
        // On the disk before anybody is told: else it would be told twice.
        app.store.flush().await?;
    }
    Ok(begun)
}

async fn hand_over(
    app: &App,
    org: Org,
    team: &Team,
    letter: i64,
    (done, known): (&mut Done, &mut Sides),
) -> Result<(), Refused> {
    // Once more for the team's channel, where nobody took an alarm to whom it was mailed.
    loop {
        let Some(letter) = app.store.letter(org, letter).await? else { return Ok(()) };
        let said = Said::of(&letter.is.told);
        let why = letter.is.why.as_str();
        for copy in &letter.copies {
            // Each one only when it is its turn: should this end, the others are still to come.
            if !app.store.begin_again(org, copy, app.now()).await? {
                continue;
            }
            app.store.flush().await?;
            let of = (team, why, said.clone());
            let copy = Recipient { tries: copy.tries + 1, ..copy.clone() };
            done.note(post::hand_over(app, org, of, &copy, known).await?);
        }
        if !post::instead(app, org, (team.id, letter.id, why)).await? {
            return Ok(());
        }
    }
}

/// Hands copies over once more that were not taken before.
async fn again(app: &App, org: Org, teams: &[Team], done: &mut Done) -> Result<(), Refused> {
    let now = app.now();
    let (due, _) = app.store.copies_due(org, now, AGAIN).await?;
    let mut known = Sides::new();
    for copy in &due {
        let letter = app.store.letter(org, copy.letter).await?;
        let team = letter.as_ref().and_then(|l| teams.iter().find(|team| team.id == l.is.team));
        let (Some(letter), Some(team)) = (letter, team) else {
            // Of a team that is gone: it is not due for ever.
            app.store.begin_again(org, copy, now).await?;
            continue;
        };
        // A digest that was not taken waits for the end of quiet hours, unless somebody wishes it at once.
        if why_of(&letter.is.why) == Why::Digest && copy.tries > 0 {
            let wished = app.store.wishes(org, team.id).await?;
            let wishes = wished.map(|w| Wishes::of(&w.told)).unwrap_or_default();
            if let Some(until) = quiet_until(&wishes.for_engine(now), app.now()) {
                app.store.put_off(org, copy, until).await?;
                continue;
            }
        }
        if !app.store.begin_again(org, copy, app.now()).await? {
            continue;
        }
        app.store.flush().await?;
        let of = (team, letter.is.why.as_str(), Said::of(&letter.is.told));
        let copy = Recipient { tries: copy.tries + 1, ..copy.clone() };
        let became = post::hand_over(app, org, of, &copy, &mut known).await?;
        done.note(became);
        if became == Became::Refused
            && post::instead(app, org, (team.id, letter.id, letter.is.why.as_str())).await?
        {
            done.ask(Some(now));
        }
    }
    if due.len() == AGAIN {
        done.ask(Some(now));
    }
    let (_, next) = app.store.copies_due(org, now, 1).await?;
    done.ask(next);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_look_holds_until_something_changed_or_became_late() {
        let at = |hour: i64| Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hour);
        let look = format!("a\n{}", at(2));
        assert!(holds(&look, "a\n", at(1)) && !holds(&look, "a\n", at(2)));
        for rest in ["b\n", ""] {
            assert!(!holds(&look, rest, at(1)), "{rest}");
        }
        assert!(!holds("", "", at(1)) && holds(&format!("a\n{}", Timestamp::MAX), "a\n", at(1)));
    }
}
