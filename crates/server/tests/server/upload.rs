//! The form that sends an inventory, as browsers and others send it.

use trimtab_model::Role;
use trimtab_store::ScopeOf;

use crate::harness::{Answer, Server, Someone};

const EDGE: &str = "edge-of-a-part";

/// A part of a form: its name, and the file name where it is a file.
type Part<'p> = (&'p str, Option<&'p str>, &'p [u8]);

fn send(server: &Server, who: &Someone, parts: &[Part<'_>]) -> Answer {
    let mut body = Vec::new();
    for (name, file, bytes) in parts {
        let file = file.map(|f| format!("; filename=\"{f}\"")).unwrap_or_default();
        let head =
            format!("--{EDGE}\r\ncontent-disposition: form-data; name=\"{name}\"{file}\r\n\r\n");
        body.extend_from_slice(head.as_bytes());
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{EDGE}--\r\n").as_bytes());
    let kind = format!("multipart/form-data; boundary={EDGE}");
    let headers = [("cookie", who.cookie.as_str()), ("content-type", kind.as_str())];
    server.ask("POST", "/inventory/new", &headers, &body)
}

#[test]
fn a_file_is_taken_with_the_sessions_own_token_only() {
    let server = Server::new();
    let app = server.app();
    server.runtime.block_on(trimtab_server::first_link(&app, "Ferries")).unwrap();
    let org = server.org();
    let lea = server.someone(org, "Lea", &[(Role::Engineering, ScopeOf::Organisation)]);
    let max = server.someone(org, "Max", &[(Role::Auditor, ScopeOf::Organisation)]);
    let lock = br#"{ "name": "desk", "lockfileVersion": 3, "packages": {
        "": { "name": "desk" }, "node_modules/moment": { "version": "2.24.0" } } }"#;
    let csrf = lea.csrf.as_bytes();
    let file: Part<'_> = ("file", Some("package-lock.json"), lock);
    let token: Part<'_> = ("csrf", None, csrf);
    let asset: Part<'_> = ("asset", None, b"desk");
    let kind: Part<'_> = ("kind", None, b"repository");
    let large = vec![b' '; 9 << 20];
    let long = vec![b'a'; 2000];
    let kept = || server.runtime.block_on(app.store.asset_of_name(org, "desk")).unwrap();
    for (what, who, parts, status, says) in [
        ("no token", &lea, vec![asset, kind, file], 403, ""),
        ("another's token", &lea, vec![("csrf", None, &b"x"[..]), asset, kind, file], 403, ""),
        ("the token after the file", &lea, vec![asset, kind, file, token], 403, ""),
        (
            "who may not",
            &max,
            vec![("csrf", None, max.csrf.as_bytes()), asset, kind, file],
            403,
            "",
        ),
        ("no file", &lea, vec![token, asset, kind], 200, "Choose a file."),
        (
            "an empty file",
            &lea,
            vec![token, asset, kind, ("file", Some("x"), b"")],
            200,
            "Choose a file.",
        ),
        ("no asset", &lea, vec![token, kind, file], 200, "1 to 300 characters"),
        (
            "no such kind",
            &lea,
            vec![token, asset, ("kind", None, b"ship"), file],
            200,
            "must be one of",
        ),
        (
            "no such system",
            &lea,
            vec![token, asset, kind, ("system", None, b"x"), file],
            200,
            "There is no system",
        ),
        (
            "no inventory",
            &lea,
            vec![token, asset, kind, ("file", Some("x"), b"\x00\xff")],
            200,
            "class=\"error\"",
        ),
        ("a long name", &lea, vec![token, ("asset", None, &long), kind, file], 422, "at most"),
        ("no text", &lea, vec![token, ("asset", None, b"\xff"), kind, file], 422, "not UTF-8"),
        ("too large", &lea, vec![token, asset, kind, ("file", Some("x"), &large)], 413, ""),
    ] {
        let answer = send(&server, who, &parts);
        // A server that has answered need not listen to the rest: then only the end is seen.
        let over = status == 413 && answer.status == 0;
        assert!(answer.status == status || over, "{what}: {answer:?}");
        assert!(over || answer.text.contains(says), "{what}: {}", answer.text);
        let findings = server.open(&lea, "/api/v1/findings").json();
        assert_eq!(findings["rows"], serde_json::json!([]), "{what}");
    }
    assert_eq!(send(&server, &lea, &[]).status, 403, "nothing at all");
    let good = send(&server, &lea, &[token, asset, kind, file]);
    assert_eq!(good.status, 303, "{}", good.text);
    let id = kept().unwrap().id;
    server.settle(org);
    assert_eq!(good.header("location"), Some(&*format!("/findings?asset={id}")));
    let findings = server.open(&lea, &format!("/findings?asset={id}"));
    assert!(findings.text.contains("moment"), "{}", findings.text);
}
