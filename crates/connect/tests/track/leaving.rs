//! What leaves for a tracker: to whom, and how much.

use std::sync::Mutex;

use trimtab_connect::http::Patience;
use trimtab_connect::requests::HostError;
use trimtab_connect::track::{Project, Software, connect};
use trimtab_model::ticket::{Link, Mark, Ticket, Voices};
use trimtab_testkit::git_host::{Fake, TRACKERS};

use crate::suite::{NoWait, each, project, ticket};

/// Where nobody allowed it, nothing is sent to a private network, whatever the name in front of it.
#[test]
fn no_request_leaves_for_a_private_network_that_is_not_allowed() {
    for dialect in TRACKERS {
        let fake = Fake::start(*dialect);
        let clock = NoWait(Mutex::default());
        let project = Project { private: false, ..project(*dialect, &fake) };
        let named = fake.address.replace("127.0.0.1", "localhost");
        let named = format!("{named}{}", dialect.api()).parse().unwrap();
        for project in [project.clone(), Project { api: named, ..project }] {
            let token = dialect.token().1;
            let tracker = connect(&project, token, Patience::default(), &clock).unwrap();
            let refused = tracker.create(&ticket("app.ms")).unwrap_err();
            assert!(refused.to_string().contains("private network"), "{refused}");
        }
        assert!(fake.state.lock().unwrap().asked.is_empty());
    }
}

#[test]
fn texts_are_bounded_and_name_nobody() {
    each(|software, fake, tracker, _| {
        let word = software.as_str();
        let long: Box<str> = "a long word é \n".repeat(4_000).into();
        let voices = Voices {
            product: long.clone(),
            engineering: long.clone(),
            security: long.clone(),
            operations: long.clone(),
        };
        let title = "t".repeat(900).into();
        let links = vec![Link { text: "x".into(), address: "javascript:x".into() }; 90];
        let criteria = vec![long; 90];
        tracker.create(&Ticket { title, voices, links, criteria, ..ticket("app.ms") }).unwrap();
        tracker.create(&ticket("app.two")).unwrap();
        let state = fake.state.lock().unwrap();
        let issue = &state.issues[0];
        assert_eq!(issue.title.chars().count(), 250, "{word}");
        // The least that any takes of a text: 32,767 characters, without the marks of a document.
        if software != Software::Jira {
            assert!(issue.body.as_str().unwrap().chars().count() < 32_767, "{word}");
        }
        assert!(!issue.body.to_string().contains("javascript"), "{word}");
        let text = state.issues[1].body.to_string();
        let plain = matches!(software, Software::GitHub | Software::GitLab | Software::Gitea);
        assert!(!plain || !text.contains("@bob"), "{word}: {text}");
        assert!(!plain || !text.contains("\\n/close"), "{word}: {text}");
        if software == Software::Azure {
            assert!(text.contains("&lt;2.0 &amp; test"), "{text}");
        }
    });
}

#[test]
fn a_token_is_sent_to_nobody_else_and_told_nowhere() {
    for dialect in TRACKERS {
        let fake = Fake::start(*dialect);
        let clock = NoWait(Mutex::default());
        let project = project(*dialect, &fake);
        let wrong = connect(&project, "wrong", Patience::default(), &clock).unwrap();
        let denied = wrong.find(&Mark::read("a").unwrap()).unwrap_err();
        assert!(matches!(denied, HostError::Denied(_)), "{}: {denied}", dialect.kind());
        assert!(!denied.to_string().contains("wrong"), "{denied}");
        let plain = Project { api: "http://git.example/api".parse().unwrap(), ..project.clone() };
        let refused = connect(&plain, "x", Patience::default(), &clock).err().unwrap();
        assert!(matches!(refused, HostError::Denied(_)), "{refused}");
        if project.software != Software::Azure {
            let unlike = Project { name: "a b".to_owned(), ..project };
            assert!(connect(&unlike, "x", Patience::default(), &clock).is_err());
        }
    }
}
