//! A ticket's life where decision, calls and tracker meet: each tracker on this machine, calls that get lost before and after
//! they are done, people in between, and memory that is lost. One ticket is left, with one note, and nothing to do.
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use trimtab_connect::Clock;
use trimtab_connect::http::Patience;
use trimtab_connect::track::{Project, Settings, Software, Tracker, connect, look, perform};
use trimtab_engine::track::{Situation, Want, next, stands};
use trimtab_model::Level;
use trimtab_model::ticket::{
    Call, DUPLICATE, Kept, Life, Mark, Stage, There, Ticket, Voices, Wrote, level_label,
};
use trimtab_testkit::git_host::{Dialect, Fake, Fault, TRACKERS};

/// A clock that does not wait.
struct NoWait;

impl Clock for NoWait {
    fn now(&self) -> Timestamp {
        "2026-11-28T10:30:00Z".parse().unwrap()
    }
    fn pause(&self, _: Duration) {}
}

fn ticket(version: u8) -> Ticket {
    Ticket {
        mark: Mark::read("app.ms").unwrap(),
        title: format!("Raise ms {}", version % 3).into(),
        voices: Voices { engineering: format!("text {}", version % 5).into(), ..Voices::default() },
        level: Level::ALL[usize::from(version) % Level::ALL.len()],
        due: Some(format!("2026-12-{:02}", 1 + version % 7).parse().unwrap()),
        points: Some(2.0),
        team: "payments".into(),
        component: None,
        links: Vec::new(),
        criteria: Vec::new(),
    }
}

#[derive(Debug, Clone)]
enum Event {
    Step,
    /// The next call of a method gets lost: after it was done, or before.
    Loses(usize, bool),
    Wanted(u8),
    Over(bool),
    Note(u8),
    Forgets,
    Assigns,
}

fn events() -> impl Strategy<Value = Vec<Event>> {
    let one = prop_oneof![
        8 => Just(Event::Step),
        4 => (0usize..3, any::<bool>()).prop_map(|(method, done)| Event::Loses(method, done)),
        2 => any::<u8>().prop_map(Event::Wanted),
        1 => any::<bool>().prop_map(Event::Over),
        1 => any::<u8>().prop_map(Event::Note),
        1 => Just(Event::Forgets),
        1 => Just(Event::Assigns),
    ];
    prop::collection::vec(one, 0..25)
}

struct Case<'t> {
    tracker: &'t dyn Tracker,
    software: Software,
    fake: &'t Fake,
    kept: Kept,
    ticket: Ticket,
    over: bool,
    note: Option<String>,
    now: Timestamp,
}

impl Case<'_> {
    /// One look and one call, as a job does it. False: there is nothing to do.
    fn step(&mut self) -> bool {
        let Ok(there) = look(self.tracker, &self.ticket.mark, &self.kept, true) else {
            return true;
        };
        let There::Tickets(all) = &there else { panic!("it was looked") };
        if let Some(seen) = stands(all, &self.kept) {
            (self.kept.key, self.kept.sent) = (Some(seen.key.clone()), None);
        }
        let want = if self.over { Want::Over } else { Want::Open { may_open: true } };
        let call = next(&Situation {
            ticket: &self.ticket,
            want: &want,
            note: self.note.as_deref(),
            there: &there,
            kept: &self.kept,
            now: self.now,
            settles: self.software.settles(),
            has_due: self.software.has_due(),
        });
        let Some(call) = call else { return false };
        if call == Call::Create {
            self.kept.sent = Some(self.now);
        }
        match (perform(self.tracker, &self.ticket, &call), &call) {
            (Ok(Some(made)), _) => (self.kept.key, self.kept.sent) = (Some(made.key), None),
            (Ok(None), Call::Note { text, .. }) => self.kept.note = Some(text.clone()),
            _ => {}
        }
        true
    }

    fn happens(&mut self, event: &Event) {
        match event {
            Event::Step => drop(self.step()),
            Event::Loses(method, done) => {
                let method = ["POST", "PATCH", "PUT"][*method];
                let fault = if *done { Fault::DoneAndLost } else { Fault::Lost };
                self.fake.state.lock().unwrap().faults.push((method, fault));
            }
            Event::Wanted(version) => self.ticket = ticket(*version),
            Event::Over(over) => self.over = *over,
            Event::Note(n) => self.note = Some(format!("note {}", n % 3)),
            Event::Forgets => self.kept = Kept::default(),
            Event::Assigns => {
                let mut state = self.fake.state.lock().unwrap();
                for issue in &mut state.issues {
                    issue.assignee = Some("bob".to_owned());
                }
            }
        }
    }
}

fn lives(dialect: &'static dyn Dialect, events: &[Event]) {
    let fake = Fake::start(dialect);
    let software = Software::from_word(dialect.kind()).unwrap();
    let project = Project {
        software,
        api: format!("{}{}", fake.address, dialect.api()).parse().unwrap(),
        name: dialect.path().to_owned(),
        settings: Settings::default(),
        private: true,
    };
    let tracker = connect(&project, dialect.token().1, Patience::default(), &NoWait).unwrap();
    let mut case = Case {
        tracker: &*tracker,
        software,
        fake: &fake,
        kept: Kept::default(),
        ticket: ticket(1),
        over: false,
        note: None,
        now: "2026-11-28T10:30:00Z".parse().unwrap(),
    };
    events.iter().for_each(|event| case.happens(event));
    // Nothing gets lost any more.
    fake.state.lock().unwrap().faults.clear();
    let mut calls = 0;
    case.now += SignedDuration::from_mins(10);
    while case.step() {
        calls += 1;
        assert!(calls < 30, "{}: it does not end", dialect.kind());
    }
    let mark = &case.ticket.mark;
    let all = tracker.find(mark).unwrap();
    let alone: Vec<_> = all.iter().filter(|seen| !seen.labels.contains(DUPLICATE)).collect();
    assert!(alone.len() <= 1, "{}: {alone:#?}", dialect.kind());
    let second = |seen: &&trimtab_model::ticket::Seen| seen.labels.contains(DUPLICATE);
    assert!(all.iter().filter(second).all(|seen| seen.stage != Stage::Open));
    let state = fake.state.lock().unwrap();
    assert!(state.issues.iter().all(|issue| issue.said.len() <= 1), "{}", dialect.kind());
    let Some(seen) = alone.first() else {
        assert!(case.over, "{}: it is wanted", dialect.kind());
        return;
    };
    let life = if case.over { Life::Closed } else { Life::Open };
    assert_eq!(seen.wrote.as_ref().unwrap().life, life, "{}", dialect.kind());
    assert_eq!(seen.stage == Stage::Open, !case.over, "{}", dialect.kind());
    if !case.over {
        let wrote = seen.wrote.as_ref().unwrap();
        let points = wrote.points;
        assert_eq!(*wrote, Wrote { points, ..Wrote::with(&case.ticket, Life::Open) });
        assert_eq!(seen.title, case.ticket.title);
        assert_eq!(seen.due, case.ticket.due.filter(|_| software.has_due()));
        let levels = seen.labels.iter().filter(|l| trimtab_model::ticket::is_level_label(l));
        assert_eq!(levels.collect::<Vec<_>>(), [&level_label(case.ticket.level)]);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, ..ProptestConfig::default() })]

    #[test]
    fn one_ticket_is_left_in_every_tracker(events in events()) {
        for dialect in TRACKERS {
            lives(*dialect, &events);
        }
    }
}
