//! What holds of every tracker.

use std::collections::BTreeSet;
use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_connect::Clock;
use trimtab_connect::http::Patience;
use trimtab_connect::requests::HostError;
use trimtab_connect::track::{
    Project, Settings, Software, Tracker, connect, look, look_among, perform, refused,
};
use trimtab_model::Level;
use trimtab_model::ticket::{
    Call, Change, DUPLICATE, Kept, LABEL, Life, Link, Mark, Seen, Stage, There, Ticket, Voices,
    WONT_DO, Wrote,
};
use trimtab_testkit::git_host::{Dialect, Fake, Fault, Issue, TRACKERS};

/// A clock that does not wait, and remembers how long it should have.
pub(crate) struct NoWait(pub(crate) Mutex<Vec<Duration>>);

impl Clock for NoWait {
    fn now(&self) -> Timestamp {
        "2026-11-28T10:30:00Z".parse().unwrap()
    }
    fn pause(&self, time: Duration) {
        self.0.lock().unwrap().push(time);
    }
}

pub(crate) fn ticket(name: &str) -> Ticket {
    Ticket {
        mark: Mark::read(name).unwrap(),
        title: format!("Raise {name} to 2.0.0").into(),
        voices: Voices {
            product: "Customers may see other people's baskets.\nAsk @bob.".into(),
            engineering: "Raise `ms` <2.0 & test it: [x](y) #7".into(),
            security: "Exploited, *severe*.".into(),
            operations: "/close nothing; roll back by tag.".into(),
        },
        level: Level::High,
        due: Some("2026-12-24".parse().unwrap()),
        points: Some(3.0),
        team: "payments".into(),
        component: None,
        links: vec![Link { text: "Change".into(), address: "https://trimtab.example/c/1".into() }],
        criteria: vec!["It is deployed.".into()],
    }
}

pub(crate) fn project(dialect: &dyn Dialect, fake: &Fake) -> Project {
    let software = Software::from_word(dialect.kind()).unwrap();
    let is_jira = matches!(software, Software::Jira | Software::JiraServer);
    let own = |field: &str| if is_jira { field.to_owned() } else { String::new() };
    Project {
        software,
        api: format!("{}{}", fake.address, dialect.api()).parse().unwrap(),
        name: dialect.path().to_owned(),
        settings: Settings {
            points: own("customfield_10016"),
            sprint: own("customfield_10020"),
            ..Settings::default()
        },
        private: true,
    }
}

/// Does something with every tracker: a fresh one each.
pub(crate) fn each(what: impl Fn(Software, &Fake, &dyn Tracker, &NoWait)) {
    for dialect in TRACKERS {
        let fake = Fake::start(*dialect);
        let clock = NoWait(Mutex::default());
        let patience = Patience { read: Duration::from_secs(5), ..Patience::default() };
        let project = project(*dialect, &fake);
        let tracker = connect(&project, dialect.token().1, patience, &clock).unwrap();
        what(project.software, &fake, &*tracker, &clock);
    }
}

fn at(fake: &Fake, number: usize, what: impl FnOnce(&mut Issue)) {
    fake.state.lock().unwrap().alter(&(number + 7).to_string(), what).unwrap();
}

/// The one ticket, as it is read by itself.
pub(crate) fn only(tracker: &dyn Tracker, name: &str) -> Seen {
    let mut all = tracker.find(&Mark::read(name).unwrap()).unwrap();
    assert_eq!(all.len(), 1, "{all:#?}");
    let key = all.remove(0).key;
    tracker.read(&key).unwrap().unwrap()
}

/// A ticket's whole life, through the trait alone: what a real tracker is held to as well.
pub(crate) fn life(software: Software, tracker: &dyn Tracker) {
    let word = software.as_str();
    let first = ticket("app.ms");
    assert_eq!(tracker.find(&first.mark).unwrap(), [], "{word}");
    let made = perform(tracker, &first, &Call::Create).unwrap().unwrap();
    let other = tracker.create(&ticket("app.other")).unwrap();
    assert_ne!(made.key, other.key, "{word}");
    let seen = only(tracker, "app.ms");
    assert_eq!((&seen.key, &*seen.title), (&made.key, "Raise app.ms to 2.0.0"), "{word}");
    let sent = first.points.filter(|_| software.has_points());
    let wrote = |ticket: &Ticket| Wrote { points: sent, ..Wrote::with(ticket, Life::Open) };
    assert_eq!(seen.wrote, Some(wrote(&first)), "{word}");
    assert_eq!((seen.stage, seen.due), (Stage::Open, first.due.filter(|_| software.has_due())));
    assert_eq!(seen.points, first.points.filter(|_| software.has_points()), "{word}");
    for label in [LABEL, "trimtab:high"] {
        assert!(seen.labels.contains(label), "{word}: {seen:?}");
    }
    assert!(seen.page.contains(seen.number.to_string().as_str()), "{word}: {}", seen.page);

    // The level rises, and with it all that hangs on it.
    let next = Ticket {
        title: "Raise ms now".into(),
        level: Level::Critical,
        due: Some("2026-12-01".parse().unwrap()),
        ..first.clone()
    };
    let labels = |all: &[&str]| all.iter().map(|label| (*label).into()).collect::<BTreeSet<_>>();
    let change = Change {
        title: true,
        due: software.has_due(),
        add: labels(&["trimtab:critical"]),
        remove: labels(&["trimtab:high"]),
    };
    let write = Call::Write { key: seen.key.clone(), change, life: Life::Open };
    // Twice, as after a lost answer.
    perform(tracker, &next, &write).unwrap();
    perform(tracker, &next, &write).unwrap();
    let seen = only(tracker, "app.ms");
    assert_eq!(&*seen.title, "Raise ms now", "{word}");
    assert_eq!(seen.wrote, Some(wrote(&next)), "{word}");
    assert_eq!(seen.due, next.due.filter(|_| software.has_due()), "{word}");
    assert!(seen.labels.contains("trimtab:critical") && !seen.labels.contains("trimtab:high"));
    // Without a due date.
    if software.has_due() {
        let none = Ticket { due: None, ..next.clone() };
        let change = Change { due: true, ..Change::default() };
        tracker.write(&seen.key, &none, &change, Life::Open).unwrap();
        assert_eq!(only(tracker, "app.ms").due, None, "{word}");
    }

    // Closed, and open again; twice, as after a lost answer.
    perform(tracker, &next, &Call::Close { key: seen.key.clone() }).unwrap();
    perform(tracker, &next, &Call::Close { key: seen.key.clone() }).unwrap();
    assert_eq!(only(tracker, "app.ms").stage, Stage::Done, "{word}");
    perform(tracker, &next, &Call::Reopen { key: seen.key.clone() }).unwrap();
    perform(tracker, &next, &Call::Reopen { key: seen.key.clone() }).unwrap();
    assert_eq!(only(tracker, "app.ms").stage, Stage::Open, "{word}");

    // A second one is closed, and says so.
    let retire = Call::Retire { key: other.key.clone(), by: seen.key.clone() };
    perform(tracker, &ticket("app.other"), &retire).unwrap();
    let other = only(tracker, "app.other");
    assert!(other.stage != Stage::Open && other.labels.contains(DUPLICATE), "{word}: {other:?}");

    // What is known of it.
    let kept = Kept { key: Some(seen.key.clone()), ..Kept::default() };
    for all in [false, true] {
        let There::Tickets(there) = look(tracker, &first.mark, &kept, all).unwrap() else {
            panic!("it was looked")
        };
        assert_eq!(there.len(), 1, "{word}");
    }
    assert_eq!(tracker.read("APP-99").ok().flatten(), None, "{word}");
}

#[test]
fn a_ticket_that_moved_away_is_gone() {
    each(|software, fake, tracker, _| {
        let key = tracker.create(&ticket("app.ms")).unwrap().key;
        for status in [301, 404, 410] {
            fake.state.lock().unwrap().faults.push(("GET", Fault::Status(status, Vec::new())));
            assert_eq!(tracker.read(&key).unwrap(), None, "{}: {status}", software.as_str());
        }
        assert!(tracker.read(&key).unwrap().is_some());
        // Where the project does not answer either, a right was lost, or it has another name.
        for status in [301, 404] {
            for _ in 0..2 {
                fake.state.lock().unwrap().faults.push(("GET", Fault::Status(status, Vec::new())));
            }
            assert!(tracker.read(&key).is_err(), "{}: {status}", software.as_str());
        }
    });
}

#[test]
fn what_others_copy_is_theirs() {
    each(|software, fake, tracker, _| {
        let word = software.as_str();
        tracker.create(&ticket("app.ms")).unwrap();
        tracker.create(&ticket("app.ms")).unwrap();
        let there = |kept: &Kept| match look(tracker, &ticket("app.ms").mark, kept, true).unwrap() {
            There::Tickets(there) => there.len(),
            There::Unknown => 0,
        };
        assert_eq!(there(&Kept::default()), 2, "{word}");
        at(fake, 1, |issue| issue.author = "bob".to_owned());
        // Azure does not tell who has a token.
        let expected = if software == Software::Azure { 2 } else { 1 };
        assert_eq!(there(&Kept::default()), expected, "{word}");
    });
}

#[test]
fn one_listing_finds_what_each_ticket_would_be_looked_for() {
    each(|software, fake, tracker, _| {
        let word = software.as_str();
        let mut kept = Vec::new();
        for at in 0..12 {
            let name = format!("app.{at}");
            let key = tracker.create(&ticket(&name)).unwrap().key;
            kept.push((name, Kept { key: Some(key), ..Kept::default() }));
        }
        // One was made twice, and one was copied by somebody else.
        tracker.create(&ticket("app.3")).unwrap();
        tracker.create(&ticket("app.4")).unwrap();
        at(fake, 13, |issue| issue.author = "bob".to_owned());
        let asked = || fake.state.lock().unwrap().asked.len();
        let before = asked();
        let listed = tracker.changed("2016-11-28T10:00:00Z".parse().unwrap()).unwrap();
        assert!(!listed.cut, "{word}");
        let listing = asked() - before;
        let keys = |there: There| match there {
            There::Tickets(all) => all.into_iter().map(|seen| seen.key).collect::<BTreeSet<_>>(),
            There::Unknown => BTreeSet::new(),
        };
        let each_for_itself: Vec<_> = kept
            .iter()
            .map(|(name, kept)| keys(look(tracker, &ticket(name).mark, kept, true).unwrap()))
            .collect();
        let alone = asked() - before - listing;
        let begun = asked();
        let among: Vec<_> = kept
            .iter()
            .map(|(name, kept)| {
                keys(look_among(tracker, &ticket(name).mark, kept, &listed.tickets).unwrap())
            })
            .collect();
        assert_eq!(among, each_for_itself, "{word}");
        assert_eq!((among[3].len(), among[5].len()), (2, 1), "{word}");
        let together = asked() - begun;
        assert!(together + 6 <= alone, "{word}: {together} and {listing}, not {alone}");
        // What it names is read: one that was retired since is told as that.
        fake.state.lock().unwrap().labels.push(DUPLICATE.to_owned());
        let (name, own) = &kept[3];
        let first = own.key.clone().unwrap();
        let second = among[3].iter().find(|key| **key != first).unwrap().clone();
        let retire = Call::Retire { key: second.clone(), by: first };
        perform(tracker, &ticket(name), &retire).unwrap();
        let there = look_among(tracker, &ticket(name).mark, own, &listed.tickets).unwrap();
        let There::Tickets(all) = there else { panic!("{word}") };
        let seen = all.iter().find(|seen| seen.key == second).unwrap();
        assert!(seen.labels.contains(DUPLICATE), "{word}");
    });
}

#[test]
fn a_second_one_is_retired_whichever_call_of_it_gets_lost() {
    each(|software, fake, tracker, _| {
        let word = software.as_str();
        fake.state.lock().unwrap().labels = vec![DUPLICATE.to_owned()];
        let first = tracker.create(&ticket("app.ms")).unwrap();
        for turn in 0..6 {
            let second = tracker.create(&ticket("app.ms")).unwrap();
            let call = Call::Retire { key: second.key.clone(), by: first.key.clone() };
            // What changes something gets lost once, each time another one.
            let changes = ["PATCH", "POST", "PUT"];
            let (method, done) = (changes[turn % 3], turn < 3);
            let fault = if done { Fault::DoneAndLost } else { Fault::Lost };
            fake.state.lock().unwrap().faults.push((method, fault));
            let _ = perform(tracker, &ticket("app.ms"), &call);
            fake.state.lock().unwrap().faults.clear();
            perform(tracker, &ticket("app.ms"), &call).unwrap();
            let second = tracker.read(&second.key).unwrap().unwrap();
            assert_eq!(second.stage, Stage::Done, "{word}: {turn}");
            assert!(second.labels.contains(DUPLICATE), "{word}: {turn}");
        }
    });
}

#[test]
fn what_is_made_and_not_read_is_not_lost() {
    each(|software, fake, tracker, _| {
        if !matches!(software, Software::Jira | Software::JiraServer) {
            return;
        }
        fake.state.lock().unwrap().faults.push(("GET", Fault::Status(403, Vec::new())));
        // The first that is asked is made; to read it is refused.
        let made = tracker.create(&ticket("app.ms"));
        assert!(matches!(made, Err(HostError::Lost(_))), "{made:?}");
        only(tracker, "app.ms");
    });
}

#[test]
fn azure_goes_without_points_and_due_dates_where_a_project_has_none() {
    let dialect = TRACKERS.iter().find(|d| d.kind() == "azure").unwrap();
    let fake = Fake::start(*dialect);
    let clock = NoWait(Mutex::default());
    let mut project = project(*dialect, &fake);
    assert!(project.has_due());
    (project.settings.points, project.settings.due) = ("none".to_owned(), "none".to_owned());
    assert!(!project.has_due());
    let tracker = connect(&project, dialect.token().1, Patience::default(), &clock).unwrap();
    let made = tracker.create(&ticket("app.ms")).unwrap();
    assert_eq!((made.due, made.points), (None, None));
    assert_eq!(made.wrote.unwrap().points, None);
    let change = Change { due: true, ..Change::default() };
    tracker.write(&made.key, &ticket("app.ms"), &change, Life::Open).unwrap();
    let state = fake.state.lock().unwrap();
    assert!(state.issues[0].due.is_null() && state.issues[0].points.is_null());
}

#[test]
fn a_ticket_lives_in_every_tracker() {
    each(|software, _, tracker, _| life(software, tracker));
}

#[test]
fn the_note_is_one_comment_whatever_it_says() {
    each(|software, fake, tracker, _| {
        let word = software.as_str();
        let key = tracker.create(&ticket("app.ms")).unwrap().key;
        at(fake, 0, |issue| {
            let theirs = "I look at it";
            issue.said.push((700, text_of(software, theirs)));
        });
        let mark = Mark::read("app.ms").unwrap();
        tracker.note(&key, &mark, "The level rose.").unwrap();
        tracker.note(&key, &mark, "The level fell.\nIt is due later.").unwrap();
        let said = fake.state.lock().unwrap().issues[0].said.clone();
        assert_eq!(said.len(), 2, "{word}: {said:#?}");
        let note = said[1].1.to_string();
        assert!(note.contains("The level fell.") && !note.contains("rose"), "{word}: {note}");
        // Done, and the answer lost: the next finds it.
        let method = match software {
            Software::GitHub | Software::Gitea | Software::Azure => "PATCH",
            _ => "PUT",
        };
        fake.state.lock().unwrap().faults.push((method, Fault::DoneAndLost));
        let lost = tracker.note(&key, &mark, "It is over.").unwrap_err();
        assert!(matches!(lost, HostError::Lost(_)), "{word}: {lost}");
        tracker.note(&key, &mark, "It is over.").unwrap();
        assert_eq!(fake.state.lock().unwrap().issues[0].said.len(), 2, "{word}");
    });
}

/// A text as people write it.
fn text_of(software: Software, text: &str) -> Value {
    match software {
        Software::Jira => json!({
            "type": "doc", "version": 1,
            "content": [{ "type": "paragraph", "content": [{ "type": "text", "text": text }] }],
        }),
        Software::Azure => format!("<div>{text}</div>").into(),
        _ => text.into(),
    }
}

#[test]
fn what_people_do_there_is_read() {
    each(|software, fake, tracker, _| {
        let word = software.as_str();
        let key = tracker.create(&ticket("app.ms")).unwrap().key;
        at(fake, 0, |issue| {
            (issue.assignee, issue.sprint) = (Some("bob".to_owned()), Some("Week 50".to_owned()));
            if software.has_points() {
                issue.points = json!(8);
            }
        });
        let seen = tracker.read(&key).unwrap().unwrap();
        assert_eq!(seen.assignee.as_deref(), Some("bob"), "{word}");
        assert!(seen.sprint.as_ref().unwrap().ends_with("Week 50"), "{word}: {seen:?}");
        assert_eq!(seen.points, software.has_points().then_some(8.0), "{word}");
        assert_eq!(seen.reason, None);

        // It will not be done, and they say why; Trimtab's note is no reason.
        let mark = Mark::read("app.ms").unwrap();
        at(fake, 0, |issue| {
            issue.said.push((700, text_of(software, "We drop the basket & all")));
            match software {
                Software::GitHub => {
                    (issue.state, issue.reason) = ("closed".to_owned(), "not_planned".to_owned());
                }
                Software::Jira | Software::JiraServer => {
                    (issue.state, issue.reason) = ("Done".to_owned(), "Won't Do".to_owned());
                }
                Software::Azure => issue.state = "Removed".to_owned(),
                Software::GitLab | Software::Gitea => {
                    issue.state = "closed".to_owned();
                    issue.labels.push(WONT_DO.to_owned());
                }
            }
        });
        tracker.note(&key, &mark, "Ours").unwrap();
        let seen = tracker.read(&key).unwrap().unwrap();
        assert_eq!(seen.stage, Stage::WontDo, "{word}");
        assert_eq!(seen.reason.as_deref(), Some("We drop the basket & all"), "{word}");
    });
}

#[test]
fn what_people_write_below_stays_and_what_they_take_is_theirs() {
    each(|software, fake, tracker, _| {
        let word = software.as_str();
        let key = tracker.create(&ticket("app.ms")).unwrap().key;
        let theirs = "See the minutes of Monday";
        at(fake, 0, |issue| match &mut issue.body {
            Value::String(text) => text.push_str(theirs),
            doc => {
                let more = text_of(software, theirs)["content"][0].clone();
                doc["content"].as_array_mut().unwrap().push(more);
            }
        });
        let next = Ticket { level: Level::Low, ..ticket("app.ms") };
        tracker.write(&key, &next, &Change::default(), Life::Closing).unwrap();
        let body = fake.state.lock().unwrap().issues[0].body.to_string();
        assert_eq!(body.matches(theirs).count(), 1, "{word}: {body}");
        assert!(body.contains("Level: low") && !body.contains("Level: high"), "{word}");
        assert_eq!(only(tracker, "app.ms").wrote.unwrap().life, Life::Closing, "{word}");
        at(fake, 0, |issue| issue.body = text_of(software, "Written anew"));
        assert_eq!(tracker.read(&key).unwrap().unwrap().wrote, None, "{word}");
    });
}

#[test]
fn one_whose_answer_got_lost_is_found() {
    each(|software, fake, tracker, _| {
        let word = software.as_str();
        if software == Software::Gitea {
            // Its labels are there: the first that is sent is the ticket.
            fake.state.lock().unwrap().labels = vec![LABEL.to_owned(), "trimtab:high".to_owned()];
            fake.state.lock().unwrap().faults.push(("GET", Fault::Status(502, Vec::new())));
        }
        fake.state.lock().unwrap().faults.push(("POST", Fault::DoneAndLost));
        let lost = tracker.create(&ticket("app.ms")).unwrap_err();
        assert!(matches!(lost, HostError::Lost(_)), "{word}: {lost}");
        only(tracker, "app.ms");
        assert_eq!(fake.state.lock().unwrap().issues.len(), 1, "{word}");
        assert_eq!(refused(lost).code.as_str(), "tracker-refused");
    });
}

#[test]
fn a_tracker_may_ask_to_wait() {
    each(|software, fake, tracker, clock| {
        let word = software.as_str();
        fake.state.lock().unwrap().labels = vec![LABEL.to_owned(), "trimtab:high".to_owned()];
        let after = |seconds: &str| Fault::Status(429, vec![("retry-after", seconds.to_owned())]);
        fake.state.lock().unwrap().faults.push(("POST", after("30")));
        tracker.create(&ticket("app.ms")).unwrap();
        assert_eq!(*clock.0.lock().unwrap(), [Duration::from_secs(30)], "{word}");
        assert_eq!(fake.state.lock().unwrap().issues.len(), 1, "{word}");
        fake.state.lock().unwrap().faults.push(("GET", after("3600")));
        let busy = tracker.read(&only_key(software)).unwrap_err();
        assert!(matches!(busy, HostError::Busy(_, wait) if wait.as_secs() == 3600), "{word}");
    });
}

fn only_key(software: Software) -> String {
    match software {
        Software::Jira | Software::JiraServer => "APP-7".to_owned(),
        _ => "7".to_owned(),
    }
}

#[test]
fn what_changed_is_told_in_order_and_over_pages() {
    each(|software, fake, tracker, _| {
        let word = software.as_str();
        for at in 0..130 {
            tracker.create(&ticket(&format!("app.{at}"))).unwrap();
        }
        {
            // What is not Trimtab's is not told.
            let mut state = fake.state.lock().unwrap();
            state.file(Issue { title: "x".to_owned(), body: "y".into(), ..Issue::default() });
        }
        at(fake, 3, |issue| issue.assignee = Some("bob".to_owned()));
        let all = tracker.changed("2026-11-28T10:00:00Z".parse().unwrap()).unwrap();
        assert_eq!((all.tickets.len(), all.cut), (130, false), "{word}");
        assert_eq!(all.tickets.last().unwrap().number, 10, "{word}");
        let times: Vec<Timestamp> = all.tickets.iter().map(|seen| seen.updated).collect();
        assert!(times.is_sorted(), "{word}");
        // From the last on: the moment itself is told again, so that nothing is missed.
        let since = *times.last().unwrap();
        let then = tracker.changed(since).unwrap();
        let numbers: Vec<u64> = then.tickets.iter().map(|seen| seen.number).collect();
        assert_eq!(numbers, [10], "{word}");
        assert_eq!(only(tracker, "app.129").number, 136, "{word}");
    });
}

#[test]
fn one_is_found_among_thousands_and_a_new_one_can_be_made() {
    each(|software, fake, tracker, _| {
        let word = software.as_str();
        tracker.create(&ticket("app.ms")).unwrap();
        let other = Issue {
            labels: vec![LABEL.to_owned()],
            state: if software == Software::GitLab { "opened" } else { "open" }.to_owned(),
            ..Issue::default()
        };
        for _ in 0..2_005 {
            fake.state.lock().unwrap().file(other.clone());
        }
        let found = tracker.find(&Mark::read("app.ms").unwrap()).unwrap();
        assert_eq!(found.len(), 1, "{word}");
        assert_eq!(tracker.find(&Mark::read("app.new").unwrap()).unwrap(), [], "{word}");
    });
}

/// A Gitea that has no label of ours gives all issues for it.
#[test]
fn issues_of_others_do_not_keep_the_first_ticket_from_being_made() {
    each(|software, fake, tracker, _| {
        for _ in 0..2_100 {
            fake.state.lock().unwrap().file(Issue::default());
        }
        let word = software.as_str();
        assert_eq!(tracker.find(&ticket("app.ms").mark).unwrap(), [], "{word}");
        tracker.create(&ticket("app.ms")).unwrap();
        assert_eq!(tracker.find(&ticket("app.ms").mark).unwrap().len(), 1, "{word}");
    });
}

#[test]
fn what_a_project_does_not_have_is_told_before_a_ticket_is_refused() {
    for dialect in TRACKERS {
        let fake = Fake::start(*dialect);
        let clock = NoWait(Mutex::default());
        let mut project = project(*dialect, &fake);
        let lacks = |project: &Project, components: &[String]| {
            let patience = Patience { read: Duration::from_secs(5), ..Patience::default() };
            let tracker = connect(project, dialect.token().1, patience, &clock).unwrap();
            tracker.lacks(components).unwrap()
        };
        let software = project.software;
        let word = software.as_str();
        let component = |name: &str| vec![name.to_owned()];
        if software == Software::GitLab {
            assert!(lacks(&project, &[])[0].contains("not known"), "{word}");
            fake.state.lock().unwrap().file(Issue::default());
        }
        // As the fakes are, all is there.
        assert_eq!(lacks(&project, &component("dependencies")), Vec::<String>::new(), "{word}");
        match software {
            Software::Jira | Software::JiraServer => {
                project.settings.points = "customfield_99999".to_owned();
                let said = lacks(&project, &component("Nonsense"));
                let [points, component] = &said[..] else { panic!("{word}: {said:#?}") };
                assert!(points.contains("`customfield_99999`"), "{word}: {points}");
                assert!(points.contains("customfield_10016"), "{word}: {points}");
                assert!(component.contains("It has: dependencies."), "{word}: {component}");
                project.settings.kind = "Chore".to_owned();
                let said = lacks(&project, &[]);
                assert!(said[0].contains("It has: Story, Task."), "{word}: {said:?}");
            }
            Software::Azure => {
                project.settings.due = "Custom.Due".to_owned();
                project.settings.done = "Done".to_owned();
                let said = lacks(&project, &[]);
                let [due, done] = &said[..] else { panic!("{word}: {said:#?}") };
                assert!(due.contains("`Custom.Due`"), "{word}: {due}");
                assert!(done.contains("New, Active, Closed, Removed"), "{word}: {done}");
                project.settings.kind = "Chore".to_owned();
                let said = lacks(&project, &[]);
                assert!(said[0].contains("It has: Task."), "{word}: {said:?}");
            }
            Software::GitLab => {
                fake.state.lock().unwrap().is_free = true;
                let said = lacks(&project, &[]);
                assert!(said[0].contains("no weights"), "{word}: {said:?}");
            }
            Software::GitHub | Software::Gitea => {}
        }
    }
}
