//! Addresses that somebody sets: where feeds come from (`--from`), where a push goes (`--server`), where traces go
//! (`traces.rs` has those). None of them is turned against another machine, and nobody sets one through the API but that
//! of a team's tracker, which reaches a private network only where an administrator allows it (`tickets.rs`).

use std::time::Duration;

use jiff::Timestamp;
use trimtab_connect::feeds::{Fetcher, Limits, Mirrored, Wanted};
use trimtab_connect::http::{Client, Patience};
use trimtab_connect::{Clock, Url};

use crate::feed;

/// A clock that makes no pauses.
struct NoWait;

impl Clock for NoWait {
    fn now(&self) -> Timestamp {
        Timestamp::UNIX_EPOCH
    }
    fn pause(&self, _: Duration) {}
}

const ZIP: &str = "/osv/npm/all.zip";

/// A mirror, with a secret in its address.
fn mirror(at: &feed::Server) -> Wanted {
    let osv = format!("{}/osv", at.url()).replace("http://", "http://ann:geheim@");
    Wanted { osv: Some(osv.parse().unwrap()), ..Wanted::default() }
}

fn fetched(wanted: &Wanted) -> (Mirrored, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let client = Client::with_environment(Patience::default(), |_| None);
    let limits = Limits { archive: 4 << 20, list: 1 << 20, record: 1 << 16, feed: 1 << 16 };
    let fetcher = Fetcher { client: &client, clock: &NoWait, limits };
    let mirrored = fetcher.mirror(wanted, folder.path(), &mut |_| {}).unwrap();
    (mirrored, folder)
}

/// A mirror that serves npm, and sends who asks for the archive elsewhere.
fn turning(to: &str) -> feed::Server {
    let at = feed::Server::start();
    at.put("/osv/ecosystems.txt", "npm");
    at.put("/osv/npm/modified_id.csv", "2026-01-01T00:00:00Z,X-1\n");
    let header: &'static str = Box::leak(format!("Location: {to}\r\n").into_boxed_str());
    at.change(ZIP, |served| served.always = Some(feed::Fault::Status(302, header)));
    at
}

#[test]
fn a_mirror_turns_no_secret_to_another_machine() {
    let inside = feed::Server::start();
    let at = turning(&format!("{}/admin", inside.url()));
    inside.put("/admin", "an answer that is no archive");
    let (mirrored, folder) = fetched(&mirror(&at));
    let asked = at.requests();
    assert!(asked.iter().all(|r| r.headers.contains_key("authorization")), "its own: {asked:?}");
    for request in inside.requests() {
        assert!(!request.headers.contains_key("authorization"), "{request:?}");
        assert!(request.headers.values().all(|value| !value.contains("geheim")), "{request:?}");
    }
    // What came from there is no archive: it is not put in place, and not told.
    assert!(!folder.path().join("osv/npm/all.zip").exists());
    let told = format!("{:?}", mirrored.diagnostics);
    assert!(!mirrored.diagnostics.is_empty());
    assert!(!told.contains("geheim") && !told.contains("an answer"), "{told}");
}

#[test]
fn a_mirror_leads_to_nothing_but_the_web() {
    let secret = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(secret.path(), "a file of this machine").unwrap();
    let path = secret.path().display();
    for to in [
        format!("file://{path}"),
        format!("file://localhost{path}"),
        "ftp://127.0.0.1/all.zip".to_owned(),
        "gopher://127.0.0.1:25/_HELO".to_owned(),
        "unix:/var/run/docker.sock".to_owned(),
        "data:application/zip;base64,AAAA".to_owned(),
        "//".to_owned(),
        "http://".to_owned(),
    ] {
        let at = turning(&to);
        let (mirrored, folder) = fetched(&mirror(&at));
        let told = format!("{:?}", mirrored.diagnostics);
        assert!(!mirrored.diagnostics.is_empty(), "{to} is followed");
        assert!(!folder.path().join("osv/npm/all.zip").exists(), "{to}");
        assert!(!told.contains("a file of this machine") && !told.contains("geheim"), "{told}");
        // Named as such it is no address, either.
        assert!(to.parse::<Url>().is_err(), "{to}");
    }
}

#[test]
fn a_push_follows_nobody() {
    let inside = feed::Server::start();
    inside.put("/api/v1/snapshots", "{}");
    let at = feed::Server::start();
    for status in [301, 302, 303, 307, 308] {
        let header = format!("Location: {}/api/v1/snapshots\r\n", inside.url());
        let header: &'static str = Box::leak(header.into_boxed_str());
        at.change("/api/v1/snapshots", |served| {
            served.always = Some(feed::Fault::Status(status, header));
        });
        let address: Url = at.url().parse().unwrap();
        let server = trimtab_connect::server::Server::new(address, "trimtab_geheim").unwrap();
        let answered = server.post(&["api", "v1", "snapshots"], &[], "application/json", b"{}");
        assert_eq!(answered.unwrap().status, status, "it is told, and not followed");
    }
    assert!(inside.requests().is_empty());
    assert_eq!(at.requests().len(), 5);
    // A token is not sent in the clear to another machine, however its address is written.
    for address in [
        "http://metadata.example/",
        "http://169.254.169.254/latest/meta-data",
        "http://127.0.0.1@evil.example/",
        "http://localhost.evil.example/",
        "http://[::ffff:169.254.169.254]/",
    ] {
        let Ok(address) = address.parse::<Url>() else { continue };
        assert!(trimtab_connect::server::Server::new(address.clone(), "t").is_err(), "{address:?}");
    }
}

#[test]
fn nobody_sets_an_address_through_the_api() {
    let path = trimtab_testkit::repository().join("docs/generated/openapi.json");
    let described: serde_json::Value =
        serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    let suspect = |name: &str| {
        let name = name.to_lowercase();
        ["url", "uri", "endpoint", "callback", "webhook_to", "host", "proxy", "mirror"]
            .iter()
            .any(|word| name.split(['_', '-']).any(|part| part == *word))
    };
    for (path, item) in described["paths"].as_object().unwrap() {
        for (method, operation) in item.as_object().unwrap() {
            let parameters = operation["parameters"].as_array().into_iter().flatten();
            for parameter in parameters {
                let name = parameter["name"].as_str().unwrap();
                assert!(!suspect(name), "{method} {path}: {name} would be asked by the server");
            }
            // Bodies in JSON, by their schema.
            let body = &operation["requestBody"]["content"]["application/json"]["schema"];
            let Some(name) = body["$ref"].as_str().and_then(|r| r.rsplit('/').next()) else {
                continue;
            };
            let schema = described["components"]["schemas"][name].to_string();
            let schema: serde_json::Value = serde_json::from_str(&schema).unwrap();
            let parts = schema["allOf"].as_array().cloned().unwrap_or_else(|| vec![schema]);
            for part in parts {
                for member in part["properties"].as_object().into_iter().flatten() {
                    assert!(!suspect(member.0), "{method} {path}: {}", member.0);
                }
            }
        }
    }
}
