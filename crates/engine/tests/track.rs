//! Tickets under interleavings of our changes, people's, lost answers, late listings, restarts and lost memory: there is one in
//! the end, it says what is wanted, and what people said stays.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use trimtab_engine::track::{Said, Situation, Want, next, room, said, stands};
use trimtab_model::Level;
use trimtab_model::ticket::{
    Call, Change, DUPLICATE, Kept, Life, Mark, Seen, Stage, There, Ticket, Voices, Wrote,
    level_label,
};

/// How long the tracker may hide what was made.
const SETTLES: SignedDuration = SignedDuration::from_mins(10);

fn ticket(version: u8) -> Ticket {
    Ticket {
        mark: Mark::read("app.ms").unwrap(),
        title: format!("Raise ms {}", version % 3).into(),
        voices: Voices { engineering: format!("text {}", version % 5).into(), ..Voices::default() },
        level: Level::ALL[usize::from(version) % Level::ALL.len()],
        due: (!version.is_multiple_of(4))
            .then(|| format!("2026-12-{:02}", 1 + version % 7).parse().unwrap()),
        points: Some(f64::from(version % 3)),
        team: "payments".into(),
        component: None,
        links: Vec::new(),
        criteria: Vec::new(),
    }
}

/// A tracker, as far as its interface tells.
#[derive(Debug, Default)]
struct World {
    tickets: Vec<(Seen, Timestamp)>,
    /// The one comment of each ticket.
    notes: Vec<Option<String>>,
    created: u64,
}

impl World {
    fn at(&mut self, key: &str) -> Option<&mut Seen> {
        self.tickets.iter_mut().map(|(seen, _)| seen).find(|seen| &*seen.key == key)
    }

    /// What a look tells: by the mark what is old enough to be listed, by the key all.
    fn look(&self, kept: &Kept, now: Timestamp) -> There {
        let listed = |seen: &Seen, made: Timestamp| seen.wrote.is_some() && made + SETTLES <= now;
        let told = self
            .tickets
            .iter()
            .filter(|(seen, made)| listed(seen, *made) || kept.key.as_ref() == Some(&seen.key));
        There::Tickets(told.map(|(seen, _)| seen.clone()).collect())
    }

    fn does(&mut self, call: &Call, ticket: &Ticket, now: Timestamp) -> Option<Box<str>> {
        match call {
            Call::Look => {}
            Call::Create => {
                self.created += 1;
                let key: Box<str> = self.created.to_string().into();
                let seen = Seen {
                    key: key.clone(),
                    number: self.created,
                    author: None,
                    title: ticket.title.clone(),
                    wrote: Some(Wrote::with(ticket, Life::Open)),
                    stage: Stage::Open,
                    reason: None,
                    labels: ticket.labels(),
                    due: ticket.due,
                    points: ticket.points,
                    assignee: None,
                    sprint: None,
                    updated: now,
                    page: "".into(),
                };
                self.tickets.push((seen, now));
                self.notes.push(None);
                return Some(key);
            }
            Call::Write { key, change, life } => {
                let seen = self.at(key).unwrap();
                let Change { title, due, add, remove } = change;
                if *title {
                    seen.title = ticket.title.clone();
                }
                if *due {
                    seen.due = ticket.due;
                }
                seen.labels.extend(add.iter().cloned());
                seen.labels.retain(|label| !remove.contains(label));
                // Points are sent once.
                let points = seen.wrote.as_ref().and_then(|wrote| wrote.points);
                seen.wrote = Some(Wrote { points, ..Wrote::with(ticket, *life) });
            }
            Call::Note { key, text } => {
                let at = self.tickets.iter().position(|(seen, _)| seen.key == *key).unwrap();
                self.notes[at] = Some(text.to_string());
            }
            Call::Close { key } => self.at(key).unwrap().stage = Stage::Done,
            Call::Reopen { key } => self.at(key).unwrap().stage = Stage::Open,
            Call::Retire { key, .. } => {
                let seen = self.at(key).unwrap();
                seen.stage = Stage::Done;
                seen.labels.insert(DUPLICATE.into());
            }
        }
        None
    }
}

/// What goes wrong with a call.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Fault {
    None,
    /// It is not done.
    Lost,
    /// It is done, and nobody is told.
    DoneAndLost,
}

#[derive(Debug, Clone)]
enum Event {
    Step(Fault),
    /// The charter, the plan or a finding changes what is wanted.
    Wanted(u8),
    Over(bool),
    Note(u8),
    Room(bool),
    Passes(i64),
    /// The memory is that of a backup from before anything was made.
    Forgets,
    Title,
    Due,
    Close,
    WontDo,
    Open,
    TakesLabelOff,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let fault = prop_oneof![
        3 => Just(Fault::None),
        1 => Just(Fault::Lost),
        1 => Just(Fault::DoneAndLost),
    ];
    let one = prop_oneof![
        12 => fault.prop_map(Event::Step),
        3 => any::<u8>().prop_map(Event::Wanted),
        2 => any::<bool>().prop_map(Event::Over),
        1 => any::<u8>().prop_map(Event::Note),
        1 => any::<bool>().prop_map(Event::Room),
        3 => (0i64..15).prop_map(Event::Passes),
        1 => Just(Event::Forgets),
        1 => Just(Event::Title),
        1 => Just(Event::Due),
        1 => Just(Event::Close),
        1 => Just(Event::WontDo),
        1 => Just(Event::Open),
        1 => Just(Event::TakesLabelOff),
    ];
    prop::collection::vec(one, 0..60)
}

/// All that changes.
struct Case {
    world: World,
    kept: Kept,
    ticket: Ticket,
    over: bool,
    room: bool,
    note: Option<String>,
    now: Timestamp,
}

impl Case {
    fn new() -> Case {
        Case {
            world: World::default(),
            kept: Kept::default(),
            ticket: ticket(1),
            over: false,
            room: true,
            note: None,
            now: "2026-11-28T10:00:00Z".parse().unwrap(),
        }
    }

    fn with<T>(&self, there: &There, what: impl Fn(&Situation<'_>) -> T) -> T {
        let want = if self.over { Want::Over } else { Want::Open { may_open: self.room } };
        what(&Situation {
            ticket: &self.ticket,
            want: &want,
            note: self.note.as_deref(),
            there,
            kept: &self.kept,
            now: self.now,
            settles: SETTLES,
            has_due: true,
        })
    }

    /// One look and one call, as a job does it: what was kept before is written before the call.
    fn step(&mut self, fault: Fault) -> Option<Call> {
        let there = self.world.look(&self.kept, self.now);
        let There::Tickets(all) = &there else { panic!("it was looked") };
        if let Some(seen) = stands(all, &self.kept) {
            self.kept.key = Some(seen.key.clone());
            self.kept.sent = None;
        }
        let call = self.with(&there, next)?;
        if call == Call::Create {
            self.kept.sent = Some(self.now);
        }
        let made = match fault {
            Fault::Lost => return Some(call),
            _ => self.world.does(&call, &self.ticket, self.now),
        };
        if fault == Fault::None {
            if let Some(key) = made {
                self.kept.key = Some(key);
                self.kept.sent = None;
            }
            if let Call::Note { text, .. } = &call {
                self.kept.note = Some(text.clone());
            }
        }
        Some(call)
    }

    fn people(&mut self, what: impl Fn(&mut Seen)) {
        let all: Vec<Seen> = self.world.tickets.iter().map(|(seen, _)| seen.clone()).collect();
        if let Some(key) = stands(&all, &self.kept).map(|seen| seen.key.clone()) {
            what(self.world.at(&key).unwrap());
        }
    }

    fn happens(&mut self, event: &Event) {
        match event {
            Event::Step(fault) => drop(self.step(*fault)),
            Event::Wanted(version) => self.ticket = ticket(*version),
            Event::Over(over) => self.over = *over,
            Event::Note(n) => self.note = Some(format!("note {}", n % 3)),
            Event::Room(room) => self.room = *room,
            Event::Passes(minutes) => self.now += SignedDuration::from_mins(*minutes),
            Event::Forgets => self.kept = Kept::default(),
            Event::Title => self.people(|seen| seen.title = "People's words".into()),
            Event::Due => self.people(|seen| seen.due = Some("2027-02-01".parse().unwrap())),
            Event::Close => self.people(|seen| seen.stage = Stage::Done),
            Event::WontDo => self.people(|seen| seen.stage = Stage::WontDo),
            Event::Open => self.people(|seen| seen.stage = Stage::Open),
            Event::TakesLabelOff => self.people(|seen| seen.labels.retain(|l| !l.contains(':'))),
        }
    }

    /// Nothing happens any more but that the job runs: how many calls it makes until it makes none.
    fn settles(&mut self) -> usize {
        self.now += SETTLES + SignedDuration::from_mins(1);
        let mut calls = 0;
        while self.step(Fault::None).is_some() {
            calls += 1;
            assert!(calls < 50, "it does not end: {:#?}", self.world);
            self.now += SETTLES;
        }
        calls
    }

    fn alone(&self) -> Vec<&Seen> {
        let all = self.world.tickets.iter().map(|(seen, _)| seen);
        all.filter(|seen| !seen.labels.contains(DUPLICATE)).collect()
    }
}

proptest! {
    #[test]
    fn the_most_urgent_have_the_room_that_there_is(
        has in proptest::collection::vec(any::<bool>(), 0..30), open in 0usize..12, limit in 0usize..12,
    ) {
        let may = room(&has, open, limit);
        prop_assert_eq!(may.len(), has.len());
        let opened = may.iter().filter(|may| **may).count();
        let without = has.iter().filter(|has| !**has).count();
        prop_assert_eq!(opened, without.min(limit.saturating_sub(open)));
        // Nobody has two, and nobody less urgent comes before another.
        let mut full = false;
        for (has, may) in has.iter().zip(&may) {
            prop_assert!(!(*has && *may));
            prop_assert!(!(full && *may));
            full |= !has && !may;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 3000, ..ProptestConfig::default() })]

    #[test]
    fn one_ticket_is_left_and_it_says_what_is_wanted(events in events()) {
        let mut case = Case::new();
        events.iter().for_each(|event| case.happens(event));
        case.settles();
        // Again: nothing.
        case.kept.note = case.note.clone().map(Into::into);
        prop_assert_eq!(case.settles(), 0);
        let alone = case.alone();
        prop_assert!(alone.len() <= 1, "{alone:#?}");
        for (seen, _) in &case.world.tickets {
            let second = seen.labels.contains(DUPLICATE);
            prop_assert!(!second || seen.stage == Stage::Done, "{seen:#?}");
        }
        let Some(seen) = alone.first() else {
            prop_assert!(case.over || !case.room, "it is wanted and there is none");
            return Ok(());
        };
        let wrote = seen.wrote.as_ref().unwrap();
        match (case.over, seen.stage) {
            // Trimtab closed it, or people opened it again, which stays.
            (true, Stage::Open) => prop_assert_eq!(wrote.life, Life::Closed),
            (true, Stage::Done) => prop_assert_eq!(wrote.life, Life::Closed),
            (true, Stage::WontDo) | (false, _) => {}
        }
        if !case.over && seen.stage == Stage::Open {
            prop_assert_eq!(
                wrote,
                &Wrote { points: wrote.points, ..Wrote::with(&case.ticket, Life::Open) }
            );
            prop_assert!(seen.title == case.ticket.title || &*seen.title == "People's words");
            prop_assert!(seen.due == case.ticket.due || seen.due == Some("2027-02-01".parse().unwrap()));
            let levels: BTreeSet<_> =
                seen.labels.iter().filter(|l| trimtab_model::ticket::is_level_label(l)).collect();
            let level = level_label(case.ticket.level);
            prop_assert_eq!(levels, [&level].into());
        }
    }

    #[test]
    fn with_its_memory_it_is_never_made_twice(events in events()) {
        let mut case = Case::new();
        for event in events.iter().filter(|event| !matches!(event, Event::Forgets)) {
            case.happens(event);
        }
        case.settles();
        prop_assert!(case.world.created <= 1, "{:#?}", case.world);
    }

    #[test]
    fn what_people_say_after_the_last_of_ours_stays(before in events(), say in 0..5, after in events()) {
        let mut case = Case::new();
        before.iter().for_each(|event| case.happens(event));
        (case.over, case.room) = (false, true);
        case.settles();
        if case.alone().iter().all(|seen| seen.stage != Stage::Open) {
            return Ok(());
        }
        let event = match say {
            0 => Event::Title,
            1 => Event::Due,
            2 => Event::WontDo,
            3 => Event::Close,
            _ => Event::Open,
        };
        case.happens(&event);
        let key = case.alone()[0].key.clone();
        // Only ours follow, and the action stays wanted.
        for event in &after {
            if matches!(event, Event::Step(_) | Event::Wanted(_) | Event::Note(_) | Event::Passes(_)) {
                case.happens(event);
            }
        }
        case.settles();
        let seen = case.alone()[0].clone();
        prop_assert_eq!(&seen.key, &key);
        let told = case.with(&There::Tickets(vec![seen.clone()]), said);
        match event {
            Event::Title => prop_assert_eq!(&*seen.title, "People's words"),
            Event::Due => {
                prop_assert_eq!(seen.due, Some("2027-02-01".parse().unwrap()));
                prop_assert!(told.contains(&Said::Due(seen.due)), "{told:?}");
            }
            Event::WontDo => {
                prop_assert_eq!(seen.stage, Stage::WontDo);
                prop_assert!(told.contains(&Said::WontDo(None)), "{told:?}");
            }
            Event::Close => {
                prop_assert_eq!(seen.stage, Stage::Done);
                prop_assert!(told.contains(&Said::Done), "{told:?}");
            }
            _ => prop_assert_eq!(seen.stage, Stage::Open),
        }
    }
}

#[test]
fn what_was_sent_is_waited_for_before_it_is_sent_again() {
    let mut case = Case::new();
    assert_eq!(case.step(Fault::DoneAndLost), Some(Call::Create));
    // It is there and not listed yet.
    assert_eq!(case.step(Fault::None), None);
    case.now += SETTLES;
    assert_eq!(case.step(Fault::None), None);
    assert_eq!((case.world.created, case.kept.key.as_deref()), (1, Some("1")));

    let mut case = Case::new();
    assert_eq!(case.step(Fault::Lost), Some(Call::Create));
    assert_eq!(case.step(Fault::None), None);
    case.now += SETTLES;
    assert_eq!(case.step(Fault::None), Some(Call::Create));
}

#[test]
fn a_regression_opens_what_was_closed_by_evidence() {
    let mut case = Case::new();
    case.settles();
    case.over = true;
    case.settles();
    assert_eq!(case.alone()[0].stage, Stage::Done);
    case.over = false;
    case.settles();
    let seen = case.alone()[0].clone();
    assert_eq!((seen.stage, seen.wrote.unwrap().life), (Stage::Open, Life::Open));
    assert_eq!(case.world.created, 1);
}

#[test]
fn what_people_opened_again_stays_open_and_is_told() {
    let mut case = Case::new();
    case.settles();
    case.over = true;
    case.settles();
    case.happens(&Event::Open);
    assert_eq!(case.settles(), 0);
    let there = case.world.look(&case.kept, case.now);
    assert!(case.with(&there, said).contains(&Said::Reopened));
}

#[test]
fn what_will_not_be_done_is_not_opened_again_by_a_regression() {
    let mut case = Case::new();
    case.settles();
    case.over = true;
    // Trimtab is about to close it, and is cut off; people are faster.
    assert!(matches!(case.step(Fault::None), Some(Call::Write { life: Life::Closing, .. })));
    case.happens(&Event::WontDo);
    case.over = false;
    case.settles();
    let seen = case.alone()[0].clone();
    assert_eq!((seen.stage, seen.wrote.unwrap().life), (Stage::WontDo, Life::Open));
}

#[test]
fn what_people_delete_or_take_is_theirs() {
    let mut case = Case::new();
    case.settles();
    case.people(|seen| seen.wrote = None);
    case.ticket = ticket(2);
    case.note = Some("It is due sooner".to_owned());
    assert_eq!(case.settles(), 1, "only the note");
    let there = case.world.look(&case.kept, case.now);
    assert!(case.with(&there, said).contains(&Said::Taken));
    case.world.tickets.clear();
    assert_eq!(case.settles(), 0, "it is not made again");
    let there = case.world.look(&case.kept, case.now);
    assert_eq!(case.with(&there, said), [Said::Gone]);
}

#[test]
fn nothing_is_made_without_room_or_looked_at_twice() {
    let mut case = Case::new();
    case.room = false;
    assert_eq!(case.settles(), 0);
    assert_eq!(case.with(&There::Unknown, next), Some(Call::Look));
}

#[test]
fn our_own_estimate_is_not_what_people_say() {
    let mut case = Case::new();
    case.settles();
    // Reckoned anew, the ticket keeps what it was made with.
    let old = case.alone()[0].points;
    case.ticket = ticket(2);
    assert_ne!(old, case.ticket.points);
    case.settles();
    let told = |case: &Case| case.with(&case.world.look(&case.kept, case.now), said);
    assert!(told(&case).iter().all(|said| !matches!(said, Said::Points(_))), "{:?}", told(&case));
    case.people(|seen| seen.points = Some(8.0));
    assert!(told(&case).contains(&Said::Points(8.0)));
}

#[test]
fn case_of_labels_is_no_difference() {
    let mut case = Case::new();
    case.settles();
    case.people(|seen| {
        seen.labels = seen.labels.iter().map(|label| label.to_uppercase().into()).collect();
    });
    assert_eq!(case.settles(), 0);
    case.ticket.level = Level::ALL[0];
    let old = level_label(ticket(1).level).to_uppercase();
    case.settles();
    let seen = case.alone()[0].clone();
    assert!(!seen.labels.contains(&*old) || *level_label(Level::ALL[0]) == *old.to_lowercase());
}

#[test]
fn our_only_ticket_stands_whatever_it_is_labelled() {
    let mut case = Case::new();
    case.settles();
    case.people(|seen| seen.labels.extend([DUPLICATE.into()]));
    assert_eq!(case.settles(), 0);
    assert_eq!(case.world.created, 1);
    let there = case.world.look(&case.kept, case.now);
    assert!(!case.with(&there, said).contains(&Said::Gone));
    // Without its memory too.
    case.kept = Kept::default();
    assert_eq!(case.settles(), 0);
    assert_eq!(case.world.created, 1);
}

#[test]
fn only_what_is_of_this_action_is_retired() {
    let mut case = Case::new();
    case.settles();
    let mut other = case.alone()[0].clone();
    (other.key, other.number) = ("9".into(), 9);
    let alone = case.alone()[0].clone();
    for (mark, is_ours) in [("app.ms", true), ("app.other", false)] {
        other.wrote.as_mut().unwrap().mark = Mark::read(mark).unwrap();
        let there = There::Tickets(vec![alone.clone(), other.clone()]);
        let call = case.with(&there, next);
        assert_eq!(matches!(call, Some(Call::Retire { .. })), is_ours, "{mark}");
    }
    other.wrote = None;
    assert_eq!(case.with(&There::Tickets(vec![alone, other]), next), None);
}
