//! Letters to suppliers, by a real mail server.

use trimtab_connect::notify::Security;
use trimtab_server::{MailServer, Notices};
use trimtab_testkit::smtp::Smtp;

use super::*;

#[test]
fn a_supplier_is_written_to_once_of_each_thing_and_of_nothing_that_was_found() {
    let Some(mut smtp) = Smtp::start(&json!({})) else { return };
    let mail = MailServer {
        host: "127.0.0.1".into(),
        port: smtp.port(),
        security: Security::None,
        login: None,
        from: "trimtab@ferries.example".into(),
    };
    let folder = tempfile::tempdir().unwrap();
    let (key, store) = (folder.path().join("key"), folder.path().join("s.sqlite"));
    let notices = Notices { mail: Some(mail), private: false };
    let store = store.to_str().unwrap().to_owned();
    let server = Server::telling(store, &key, notices, (Timestamp::now, 1));
    let supplied = begun_on(server, &json!({ "fresh_days": 3, "quality": 99 }));
    let Supplied { server, lea, org, id, .. } = &supplied;
    let (finding, question) = supplied.asked();
    let own = [("cookie", lea.cookie.as_str()), JSON];
    let path = format!("/api/v1/suppliers/{id}/letters");
    let write = |on: bool| {
        server.ask("PUT", &path, &own, json!({ "on": on }).to_string().as_bytes()).status
    };
    let told = || server.open(lea, &path).json()["rows"].as_array().unwrap().clone();
    let look = |name: &str| {
        let now = Timestamp::now();
        let job = trimtab_store::NewJob {
            org: *org,
            kind: "write-suppliers".to_owned(),
            name: name.to_owned(),
            payload: json!({}),
            priority: trimtab_store::Priority::Waited,
            run_at: now,
        };
        server.runtime.block_on(server.app().store.add_job(&job, now)).unwrap();
        server.settle(*org);
    };
    look("off");
    assert!(told().is_empty(), "nobody wanted letters");
    // A test letter goes at once, five in an hour at most.
    for nth in 0..6 {
        let tried = server.ask("POST", &path, &own, b"");
        assert_eq!(tried.status, if nth < 5 { 200 } else { 409 }, "{tried:?}");
        if nth < 5 {
            assert_eq!(tried.json()["state"], "sent", "{tried:?}");
            assert_eq!(smtp.mail()["to"], json!(["psirt@northwind.example"]));
        }
    }
    // What is asked, what is broken, and what falls due, in one letter.
    assert_eq!(write(true), 200);
    look("first");
    let got = smtp.mail();
    assert_eq!(got["to"], json!(["psirt@northwind.example"]));
    // Long lines of a mail are broken anywhere.
    let text = got["text"].as_str().unwrap().replace("=\r\n", "").replace("\r\n", " ");
    for wanted in
        ["Is the gateway affected?", "at least 99 of 100 points", "3 days old", "with the link"]
    {
        assert!(text.contains(wanted), "{wanted}: {text}");
    }
    assert!(!text.contains("Release engineering"), "what the link is called is ours: {text}");
    assert!(!text.contains("moment") && !text.contains(&supplied.secret), "{text}");
    let items = |rows: &[Value]| -> Vec<String> {
        let all = rows.iter().filter(|row| row["item"] != "test");
        all.map(|row| row["item"].as_str().unwrap().to_owned()).collect()
    };
    let first = items(&told());
    assert_eq!(first.len(), 3, "{first:?}");
    assert!(first.contains(&format!("question-{question}")), "{first:?}");
    // Nothing is told again, and what is new is told alone.
    look("again");
    let more = json!({ "finding": finding["id"], "text": "And the pager?" });
    let asked = post(server, lea, &format!("/api/v1/suppliers/{id}/questions"), &more);
    assert_eq!(asked.status, 201, "{asked:?}");
    look("more");
    let text = smtp.mail()["text"].as_str().unwrap().replace("=\r\n", "");
    assert!(text.contains("And the pager?") && !text.contains("99 of 100"), "{text}");
    assert_eq!(items(&told()).len(), 4);
    // It is switched off, and is of nobody's concern who may not change the supplier.
    let again = || {
        let body = json!({ "on": true, "again": true }).to_string();
        server.ask("PUT", &path, &own, body.as_bytes()).status
    };
    assert_eq!(again(), 409, "nothing was refused or lost");
    assert_eq!(write(false), 200);
    assert_eq!(again(), 200, "it is written to from now on, and that is told");
    assert_eq!(write(false), 200);
    let third = json!({ "finding": finding["id"], "text": "Still?" });
    post(server, lea, &format!("/api/v1/suppliers/{id}/questions"), &third);
    look("off again");
    assert_eq!(items(&told()).len(), 4);
    let eng = server.someone(*org, "Eng", &[(Role::Engineering, Organisation)]);
    assert_eq!(server.open(&eng, &path).status, 403);
    let page = server.open(lea, &format!("/suppliers/{id}")).text;
    assert!(
        page.contains("Letters to them") && page.contains(&format!("question {question}")),
        "{page}"
    );
    // Who is reached by telephone alone is not written to.
    let renamed = json!({ "name": "Northwind", "contact": "ring the bell" }).to_string();
    let of = format!("/api/v1/suppliers/{id}");
    assert_eq!(server.ask("PUT", &of, &own, renamed.as_bytes()).status, 200);
    assert_eq!(write(true), 409);
}
