//! The life of a ticket on a real Gitea.

use serde_json::{Value, json};
use trimtab_connect::SystemClock;
use trimtab_connect::http::Patience;
use trimtab_connect::track::{Project, Settings, Software, connect, poke};
use trimtab_model::ticket::{Change, Life, Mark, Stage, WONT_DO};
use trimtab_testkit::gitea::{OWNER, gitea};

use crate::suite::{life, only, ticket};

fn project(address: &str, name: &str) -> Project {
    Project {
        software: Software::Gitea,
        api: format!("{address}/api/v1").parse().unwrap(),
        name: format!("{OWNER}/{name}"),
        settings: Settings::default(),
        private: true,
    }
}

#[test]
fn a_ticket_lives_on_a_real_gitea() {
    let Some(gitea) = gitea() else { return };
    gitea.repository("tickets");
    let project = project(&gitea.address, "tickets");
    let tracker = connect(&project, &gitea.token, Patience::default(), &SystemClock).unwrap();
    life(Software::Gitea, &*tracker);

    // People: below Trimtab's part, an assignee, a milestone, and that it will not be done.
    let seen = only(&*tracker, "app.ms");
    let path = format!("repos/{OWNER}/tickets/issues/{}", seen.key);
    let before = gitea.send("GET", &path, &Value::Null);
    let body = format!("{}See the minutes.", before["body"].as_str().unwrap());
    let milestones = format!("repos/{OWNER}/tickets/milestones");
    let milestone = gitea.send("POST", &milestones, &json!({ "title": "Week 50" }));
    let theirs = json!({ "body": body, "assignees": [OWNER], "milestone": milestone["id"] });
    gitea.send("PATCH", &path, &theirs);
    tracker.write(&seen.key, &ticket("app.ms"), &Change::default(), Life::Open).unwrap();
    let mark = Mark::read("app.ms").unwrap();
    tracker.note(&seen.key, &mark, "The level rose.").unwrap();
    tracker.note(&seen.key, &mark, "The level fell.").unwrap();
    let said = gitea.send("GET", &format!("{path}/comments"), &Value::Null);
    assert_eq!(said.as_array().unwrap().len(), 1, "{said:#}");
    gitea.send("POST", &format!("{path}/comments"), &json!({ "body": "We drop it." }));
    gitea.label("tickets", seen.number, WONT_DO);
    tracker.label(&seen.key, "trimtab").unwrap();
    gitea.send("PATCH", &path, &json!({ "state": "closed" }));
    let seen = only(&*tracker, "app.ms");
    assert_eq!((seen.stage, seen.reason.as_deref()), (Stage::WontDo, Some("We drop it.")));
    assert_eq!((seen.assignee.as_deref(), seen.sprint.as_deref()), (Some(OWNER), Some("Week 50")));
    let text = gitea.send("GET", &path, &Value::Null)["body"].to_string();
    assert!(text.contains("See the minutes."), "{text}");

    // What changed since: that, and nothing before.
    let all = tracker.changed("2020-01-01T00:00:00Z".parse().unwrap()).unwrap();
    assert_eq!((all.tickets.len(), all.cut), (2, false));
    // It tells whole seconds.
    assert!(all.tickets.is_sorted_by_key(|changed| changed.updated), "{all:#?}");
    let then = tracker.changed(seen.updated).unwrap();
    assert!(then.tickets.iter().any(|changed| changed.key == seen.key), "{then:#?}");
    gitea.send("DELETE", &path, &Value::Null);
    assert_eq!(tracker.read(&seen.key).unwrap(), None);
}

#[test]
fn a_real_gitea_signs_as_is_checked() {
    use std::io::{BufRead, BufReader, Read, Write};
    let Some(gitea) = gitea() else { return };
    gitea.repository("hooked");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let to = format!("http://{}/hook", listener.local_addr().unwrap());
    let hook = json!({
        "type": "gitea", "active": true, "events": ["issues", "issue_comment"],
        "config": { "url": to, "content_type": "json", "secret": "between us" },
    });
    gitea.send("POST", &format!("repos/{OWNER}/hooked/hooks"), &hook);
    let issue = json!({ "title": "x", "body": "y" });
    gitea.send("POST", &format!("repos/{OWNER}/hooked/issues"), &issue);
    let (told, called) = std::sync::mpsc::channel();
    std::thread::spawn(move || told.send(listener.accept().unwrap().0));
    let mut stream = called.recv_timeout(std::time::Duration::from_secs(60)).unwrap();
    stream.set_read_timeout(Some(std::time::Duration::from_secs(60))).unwrap();
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let (mut line, mut headers) = (String::new(), Vec::new());
    while reader.read_line(&mut line).unwrap() > 2 {
        if let Some((name, value)) = line.trim_end().split_once(": ") {
            headers.push((name.to_lowercase(), value.to_owned()));
        }
        line.clear();
    }
    let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let mut body = vec![0; header("content-length").unwrap().parse().unwrap()];
    reader.read_exact(&mut body).unwrap();
    stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").unwrap();
    let project = project(&gitea.address, "hooked");
    let taken = poke(&project, b"between us", &header, &body).unwrap().unwrap();
    assert_eq!(&*taken.key, "1");
    assert!(taken.message.is_some());
    assert!(poke(&project, b"another", &header, &body).is_err());
}
