//! What holds of every host.

use std::sync::Mutex;
use std::time::Duration;

use jiff::Timestamp;
use trimtab_connect::Clock;
use trimtab_connect::apply::Remote;
use trimtab_connect::http::Patience;
use trimtab_connect::requests::{
    Host, HostError, Kind, Marker, Place, Proposed, Reason, State, Wish, Word, connect, propose,
    retire,
};

use trimtab_testkit::git_host::{ALL, Dialect, Fake, Fault};

/// A clock that does not wait, and remembers how long it should have.
struct NoWait(Mutex<Vec<Duration>>);

impl Clock for NoWait {
    fn now(&self) -> Timestamp {
        "2026-11-28T10:00:00Z".parse().unwrap()
    }
    fn pause(&self, time: Duration) {
        self.0.lock().unwrap().push(time);
    }
}

fn place(dialect: &dyn Dialect, fake: &Fake) -> Place {
    Place {
        kind: Kind::from_word(dialect.kind()).unwrap(),
        api: Some(format!("{}{}", fake.address, dialect.api()).parse().unwrap()),
        remote: Remote::read(&format!("https://git.example/{}.git", dialect.path())),
    }
}

/// Does something with every host: a fresh one each.
fn each(what: impl Fn(&dyn Dialect, &Fake, &dyn Host, &NoWait)) {
    for dialect in ALL {
        let fake = Fake::start(*dialect);
        let clock = NoWait(Mutex::default());
        let (name, value) = dialect.token();
        let token = |asked: &str| (asked == name).then(|| value.to_owned());
        let patience = Patience { read: Duration::from_secs(5), ..Patience::default() };
        let host = connect(&place(*dialect, &fake), &token, patience, &clock).unwrap();
        what(*dialect, &fake, &*host, &clock);
    }
}

fn wish(title: &str, body: &str) -> Wish {
    Wish {
        branch: "trimtab/week-48".to_owned(),
        base: "main".to_owned(),
        title: title.to_owned(),
        body: body.to_owned(),
    }
}

#[test]
fn a_request_is_opened_found_updated_and_closed() {
    each(|dialect, fake, host, _| {
        let kind = dialect.kind();
        assert_eq!(host.find("trimtab/week-48").unwrap(), None);
        let Proposed::Opened(opened) = propose(host, &wish("One", "text"), Some(1), false).unwrap()
        else {
            panic!("{kind:?}");
        };
        assert_eq!((opened.number, opened.state, &*opened.base), (7, State::Open, "main"));
        assert!(opened.page.ends_with("/7"), "{kind:?}: {}", opened.page);
        // Again: nothing changes, whatever the limit.
        let again = propose(host, &wish("One", "text"), Some(1), false).unwrap();
        assert!(matches!(again, Proposed::AsItIs(_)), "{kind:?}: {again:?}");
        let other = propose(host, &wish("Two", "more"), Some(1), false).unwrap();
        assert!(matches!(&other, Proposed::Updated(r) if r.number == 7), "{kind:?}: {other:?}");
        {
            let state = fake.state.lock().unwrap();
            assert_eq!(state.requests.len(), 1, "{kind:?}");
            assert_eq!((&*state.requests[0].title, &*state.requests[0].body), ("Two", "more"));
        }
        host.say(7, "superseded").unwrap();
        assert_eq!(host.open_ones().unwrap().len(), 1);
        host.close(7).unwrap();
        assert_eq!(host.open_ones().unwrap(), []);
        assert_eq!(host.find("trimtab/week-48").unwrap().unwrap().state, State::Closed);
        assert_eq!(fake.state.lock().unwrap().requests[0].said, ["superseded"]);
        // What was closed and not skipped is asked for anew when the batch is applied again.
        let opened = propose(host, &wish("Three", "x"), None, false).unwrap();
        assert!(matches!(&opened, Proposed::Opened(r) if r.number == 8), "{kind:?}");
        fake.state.lock().unwrap().requests[1].state = "merged";
        let found = host.find("trimtab/week-48").unwrap().unwrap();
        assert_eq!((found.number, found.state), (8, State::Merged), "{kind:?}");
    });
}

#[test]
fn people_speak_by_labels() {
    each(|dialect, fake, host, _| {
        let kind = dialect.kind();
        propose(host, &wish("One", "text"), None, false).unwrap();
        let label = |word: Word| host.label(7, &[word.label()], &[]).unwrap();
        if !dialect.has_labels() {
            assert!(!label(Word::Hold));
            assert_eq!(host.find("trimtab/week-48").unwrap().unwrap().labels, None);
            return;
        }
        assert!(label(Word::Approve));
        assert_eq!(host.find("trimtab/week-48").unwrap().unwrap().word(), Some(Word::Approve));
        label(Word::Hold);
        assert_eq!(host.open_ones().unwrap()[0].word(), Some(Word::Hold), "{kind:?}");
        let held = propose(host, &wish("Two", "text"), None, false).unwrap();
        assert!(matches!(held, Proposed::Left(_, Word::Hold)), "{kind:?}: {held:?}");
        assert_eq!(fake.state.lock().unwrap().requests[0].title, "One");
        host.label(7, &[], &[Word::Hold.label(), "not there"]).unwrap();
        label(Word::Skip);
        let skipped = propose(host, &wish("Two", "text"), None, false).unwrap();
        assert!(matches!(skipped, Proposed::Left(_, Word::Skip)), "{kind:?}");
        assert_eq!(fake.state.lock().unwrap().requests[0].state, "closed");
        assert_eq!(fake.state.lock().unwrap().requests.len(), 1);
    });
}

#[test]
fn what_gets_lost_is_looked_up_and_never_doubled() {
    each(|dialect, fake, host, _| {
        let kind = dialect.kind();
        fake.state.lock().unwrap().faults.push(("POST", Fault::DoneAndLost));
        let done = propose(host, &wish("One", "text"), None, false).unwrap();
        assert!(matches!(&done, Proposed::Opened(r) if r.number == 7), "{kind:?}: {done:?}");
        assert_eq!(fake.state.lock().unwrap().requests.len(), 1, "{kind:?}");
    });
    each(|dialect, fake, host, _| {
        fake.state.lock().unwrap().faults.push(("POST", Fault::Lost));
        propose(host, &wish("One", "text"), None, false).unwrap();
        assert_eq!(fake.state.lock().unwrap().requests.len(), 1, "{:?}", dialect.kind());
    });
    // Somebody else opens it between looking and opening.
    each(|dialect, fake, host, _| {
        if !dialect.has_labels() {
            return;
        }
        host.open(&wish("One", "text")).unwrap();
        let refused = host.open(&wish("One", "text")).unwrap_err();
        assert!(matches!(refused, HostError::Refused(_)), "{:?}: {refused}", dialect.kind());
        assert_eq!(fake.state.lock().unwrap().requests.len(), 1);
    });
}

#[test]
fn a_host_may_ask_to_wait() {
    let reset = "1795860042"; // 2026-11-28T10:00:42Z
    assert_eq!("2026-11-28T10:00:42Z".parse::<Timestamp>().unwrap().as_second().to_string(), reset);
    let left = |status| {
        let headers = [("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", reset)];
        Fault::Status(status, headers.map(|(n, v)| (n, v.to_owned())).to_vec())
    };
    let after = |seconds: &str| Fault::Status(429, vec![("retry-after", seconds.to_owned())]);
    for (fault, seconds) in [(after("30"), 30), (left(403), 42), (left(429), 42)] {
        each(|dialect, fake, host, clock| {
            fake.state.lock().unwrap().faults.push(("POST", fault.clone()));
            propose(host, &wish("One", "text"), None, false).unwrap();
            let waited = clock.0.lock().unwrap().clone();
            assert_eq!(waited, [Duration::from_secs(seconds)], "{:?}", dialect.kind());
            assert_eq!(fake.state.lock().unwrap().requests.len(), 1);
        });
    }
    each(|dialect, fake, host, clock| {
        fake.state.lock().unwrap().faults.push(("GET", after("3600")));
        let told = propose(host, &wish("One", "text"), None, false).unwrap_err();
        assert!(matches!(told, HostError::Busy(_, wait) if wait.as_secs() == 3600), "{told}");
        assert!(clock.0.lock().unwrap().is_empty(), "{:?}", dialect.kind());
    });
}

#[test]
fn what_only_asks_is_asked_again() {
    each(|dialect, fake, host, clock| {
        let faults = [("GET", Fault::Status(502, Vec::new())), ("GET", Fault::Lost)];
        fake.state.lock().unwrap().faults.extend(faults);
        assert_eq!(host.find("trimtab/x").unwrap(), None, "{:?}", dialect.kind());
        assert_eq!(clock.0.lock().unwrap().len(), 2);
    });
}

#[test]
fn no_more_are_open_than_the_team_allows() {
    each(|dialect, fake, host, _| {
        {
            let mut state = fake.state.lock().unwrap();
            for at in 0..120 {
                let branch = if at < 3 { format!("trimtab/{at}") } else { format!("people/{at}") };
                state.open(&branch, "main", "x", "y");
            }
        }
        // Ours are the oldest: on the last page of any list.
        assert_eq!(host.open_ones().unwrap().len(), 3, "{:?}", dialect.kind());
        let full = propose(host, &wish("One", "text"), Some(3), false).unwrap_err();
        assert_eq!(full, HostError::Full(3));
        propose(host, &wish("One", "text"), Some(4), false).unwrap();
    });
}

#[test]
fn a_long_text_is_cut_at_what_the_host_takes() {
    each(|dialect, fake, host, _| {
        let body = "a line of text é\n".repeat(10_000);
        let opened = propose(host, &wish("One", &body), None, false).unwrap();
        assert!(matches!(opened, Proposed::Opened(_)), "{:?}", dialect.kind());
        let kept = fake.state.lock().unwrap().requests[0].body.clone();
        assert!(kept.chars().count() <= host.longest() && kept.contains("The full report"));
        assert!(kept.contains("é\n\n…"));
    });
}

#[test]
fn a_token_is_told_apart_and_sent_to_nobody_else() {
    for dialect in ALL {
        let fake = Fake::start(*dialect);
        let clock = NoWait(Mutex::default());
        let place = place(*dialect, &fake);
        let patience = Patience::default();
        let none = connect(&place, &|_| None, patience, &clock).err().unwrap();
        assert!(none.to_string().contains(dialect.token().0), "{none}");
        let wrong = connect(&place, &|_| Some("wrong".to_owned()), patience, &clock).unwrap();
        assert!(matches!(wrong.find("x"), Err(HostError::Denied(_))), "{:?}", dialect.kind());
        let plain = Place { api: Some("http://git.example/api".parse().unwrap()), ..place.clone() };
        let refused = connect(&plain, &|_| Some("x".to_owned()), patience, &clock).err().unwrap();
        assert!(matches!(refused, HostError::Denied(_)));
        let elsewhere = Place { remote: Remote::read("https://git.example/a"), ..place };
        assert!(connect(&elsewhere, &|_| Some("x".to_owned()), patience, &clock).is_err());
    }
}

#[test]
fn all_of_ours_are_listed_with_their_texts_and_those_of_forks_are_not() {
    each(|dialect, fake, host, _| {
        let kind = dialect.kind();
        let body = format!("{}{}", "x".repeat(3000), "the end");
        {
            let mut state = fake.state.lock().unwrap();
            for (at, is) in ["open", "closed", "merged", "open"].into_iter().enumerate() {
                state.open(&format!("trimtab/{at}"), "main", "x", &body);
                state.requests[at].state = is;
            }
            state.open("people/1", "main", "x", "y");
            state.open("trimtab/9", "main", "x", "y");
            state.requests[5].fork = true;
            state.requests[0].labels.push(Word::Hold.label().to_owned());
        }
        let listed = host.all().unwrap();
        assert!(!listed.cut, "{kind}");
        let told: Vec<_> = listed.requests.iter().map(|r| (r.number, r.state)).collect();
        let expected =
            [(10, State::Open), (9, State::Merged), (8, State::Closed), (7, State::Open)];
        // A merged one of Gitea's names its branch elsewhere.
        assert_eq!(told, expected, "{kind}: {listed:?}");
        assert!(listed.requests.iter().all(|r| r.body.as_ref() == Some(&body)), "{kind}");
        let word = dialect.has_labels().then_some(Word::Hold);
        assert_eq!(listed.requests[3].word(), word, "{kind}");
        assert_eq!(host.open_ones().unwrap().len(), 2, "{kind}: a fork counts for nothing");
        assert_eq!(host.find("trimtab/9").unwrap(), None, "{kind}");
    });
}

#[test]
fn a_merge_is_bound_to_a_commit() {
    let folder = tempfile::tempdir().unwrap();
    for dialect in ALL.iter().filter(|dialect| dialect.has_labels()) {
        let fake = Fake::with_repository(*dialect, &folder.path().join(dialect.kind()));
        let bare = fake.state.lock().unwrap().repository.clone().unwrap();
        let git = |args: &[&str]| {
            let who = ["-c", "user.name=a", "-c", "user.email=a@example.org"];
            let mut git = std::process::Command::new("git");
            let ran = git.arg("-C").arg(&bare).args(who).args(args).output().unwrap();
            assert!(ran.status.success(), "{args:?}: {ran:?}");
            String::from_utf8(ran.stdout).unwrap().trim().to_owned()
        };
        let empty = git(&["hash-object", "-t", "tree", "-w", "/dev/null"]);
        let first = git(&["commit-tree", &empty, "-m", "first"]);
        let second = git(&["commit-tree", &empty, "-p", &first, "-m", "second"]);
        git(&["update-ref", "refs/heads/main", &first]);
        git(&["update-ref", "refs/heads/trimtab/week-48", &second]);
        let clock = NoWait(Mutex::default());
        let (name, value) = dialect.token();
        let token = |asked: &str| (asked == name).then(|| value.to_owned());
        let patience = Patience::default();
        let host = connect(&place(*dialect, &fake), &token, patience, &clock).unwrap();
        propose(&*host, &wish("One", "text"), None, false).unwrap();
        let refused = host.merge(7, &first).unwrap_err();
        assert!(matches!(refused, HostError::Refused(_)), "{}: {refused}", dialect.kind());
        host.merge(7, &second).unwrap();
        assert_eq!(git(&["rev-parse", "main^2"]), second);
        assert_eq!(host.all().unwrap().requests[0].state, State::Merged);
    }
}

#[test]
fn who_closed_it_is_written_before_it_is_closed_and_said_once() {
    each(|dialect, fake, host, _| {
        let kind = dialect.kind();
        let line = "[//]: # (trimtab-request 1 batch=week-48 place=0123456789ab base=a tip=b whole=yes actions=0123456789ab gone=)";
        propose(host, &wish("One", &format!("{line}\n\n# text")), None, false).unwrap();
        let request = || host.all().unwrap().requests.remove(0);
        let method = match kind {
            "gitlab" | "bitbucket" => "PUT",
            _ => "PATCH",
        };
        fake.state.lock().unwrap().faults.push((method, Fault::DoneAndLost));
        let reason = Reason::Superseded("week-49".to_owned());
        let lost = retire(host, &request(), &reason, "Superseded by `week-49`.").unwrap_err();
        assert!(matches!(lost, HostError::Lost(_)), "{kind}: {lost}");
        assert_eq!(request().state, State::Open, "{kind}");
        retire(host, &request(), &reason, "Superseded by `week-49`.").unwrap();
        let closed = request();
        assert_eq!(closed.state, State::Closed, "{kind}");
        let marker = Marker::read(closed.body.as_deref().unwrap()).unwrap();
        assert_eq!(marker.closed, Some(reason), "{kind}");
        assert!(closed.body.unwrap().contains("**Superseded by `week-49`.**\n\n# text"), "{kind}");
        assert!(fake.state.lock().unwrap().requests[0].said.len() <= 1, "{kind}");
    });
}

#[test]
fn gitea_may_be_late_to_know_a_branch_and_whether_it_can_be_merged() {
    let dialect = *ALL.iter().find(|dialect| dialect.kind() == "gitea").unwrap();
    let fake = Fake::start(dialect);
    let clock = NoWait(Mutex::default());
    let (name, value) = dialect.token();
    let token = |asked: &str| (asked == name).then(|| value.to_owned());
    let host = connect(&place(dialect, &fake), &token, Patience::default(), &clock).unwrap();
    let later = |status| ("POST", Fault::Status(status, Vec::new()));
    fake.state.lock().unwrap().faults.extend([later(404), later(404)]);
    propose(&*host, &wish("One", "text"), None, false).unwrap();
    fake.state.lock().unwrap().faults.push(later(405));
    host.merge(7, "t0").unwrap();
    let state = fake.state.lock().unwrap();
    assert_eq!((state.requests.len(), state.requests[0].state), (1, "merged"));
    assert_eq!(clock.0.lock().unwrap().len(), 3, "each is waited for");
}
