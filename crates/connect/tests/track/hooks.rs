//! Webhooks: signed as each tracker's documentation says, and in no other way.

use serde_json::{Value, json};
use trimtab_connect::track::{Poke, Project, Settings, Software, Unproven, poke};

const SECRET: &[u8] = b"It's a Secret to Everybody";

fn project(software: Software) -> Project {
    let name = match software {
        Software::GitHub | Software::Gitea => "o/r",
        Software::GitLab => "g/p",
        Software::Jira | Software::JiraServer => "APP",
        Software::Azure => "p",
    };
    let api = "https://tracker.example/api".parse().unwrap();
    let (name, settings) = (name.to_owned(), Settings::default());
    Project { software, api, name, settings, private: false }
}

/// A message of each about a ticket, as it sends them.
fn message(software: Software) -> Value {
    match software {
        Software::GitHub | Software::Gitea => json!({
            "action": "closed", "issue": { "number": 7 }, "repository": { "full_name": "o/r" },
        }),
        Software::GitLab => json!({
            "object_kind": "issue", "object_attributes": { "iid": 7, "id": 9007 },
            "project": { "path_with_namespace": "g/p" },
        }),
        Software::Jira | Software::JiraServer => {
            json!({ "webhookEvent": "jira:issue_updated", "issue": { "key": "APP-7", "id": "1" } })
        }
        Software::Azure => json!({
            "id": "m1", "eventType": "workitem.updated",
            "resource": {
                "id": 3, "workItemId": 7,
                "revision": { "id": 7, "fields": { "System.TeamProject": "p" } },
            },
        }),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// HMAC of SHA-256 as RFC 2104 defines it, by hand.
fn hmac(key: &[u8], text: &[u8]) -> String {
    use sha2::{Digest, Sha256};
    let mut block = [0_u8; 64];
    block[..key.len()].copy_from_slice(key);
    let with = |pad: u8| block.map(|byte| byte ^ pad);
    let inner = Sha256::new().chain_update(with(0x36)).chain_update(text).finalize();
    hex(&Sha256::new().chain_update(with(0x5c)).chain_update(inner).finalize())
}

/// The headers that prove a message.
fn proof(software: Software, body: &[u8]) -> (&'static str, String) {
    match software {
        Software::GitHub => ("x-hub-signature-256", format!("sha256={}", hmac(SECRET, body))),
        Software::Gitea => ("x-gitea-signature", hmac(SECRET, body)),
        Software::Jira | Software::JiraServer => {
            ("x-hub-signature", format!("sha256={}", hmac(SECRET, body)))
        }
        Software::GitLab => ("x-gitlab-token", String::from_utf8(SECRET.to_vec()).unwrap()),
        // `trimtab:It's a Secret to Everybody`
        Software::Azure => {
            ("authorization", "Basic dHJpbXRhYjpJdCdzIGEgU2VjcmV0IHRvIEV2ZXJ5Ym9keQ==".to_owned())
        }
    }
}

fn sent(
    software: Software,
    headers: &[(&str, String)],
    body: &[u8],
) -> Result<Option<Poke>, Unproven> {
    let header = |name: &str| headers.iter().find(|(n, _)| *n == name).map(|(_, v)| v.clone());
    poke(&project(software), SECRET, &header, body)
}

#[test]
fn githubs_own_example_holds() {
    // From its page on validating deliveries.
    let signature = "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";
    assert_eq!(hmac(SECRET, b"Hello, World!"), signature);
    let headers = [("x-hub-signature-256", format!("sha256={signature}"))];
    // It is proven, and no JSON.
    assert_eq!(sent(Software::GitHub, &headers, b"Hello, World!"), Err(Unproven::Malformed));
}

#[test]
fn what_is_proven_names_the_ticket() {
    for software in Software::all() {
        let word = software.as_str();
        let body = message(software).to_string().into_bytes();
        let (name, value) = proof(software, &body);
        let name_of = match software {
            Software::GitHub => "x-github-delivery",
            Software::GitLab => "x-gitlab-event-uuid",
            Software::Gitea => "x-gitea-delivery",
            _ => "x-atlassian-webhook-identifier",
        };
        let headers = [(name, value.clone()), (name_of, "m1".to_owned())];
        let taken = sent(software, &headers, &body).unwrap().unwrap();
        let key = if project(software).name == "APP" { "APP-7" } else { "7" };
        assert_eq!((&*taken.key, taken.message.as_deref()), (key, Some("m1")), "{word}");

        // Not signed, signed by another, or changed on the way.
        assert_eq!(sent(software, &[], &body), Err(Unproven::Unsigned), "{word}");
        let wrong = [(name, value.replace(['a', 'e', '0'], "1"))];
        assert_eq!(sent(software, &wrong, &body), Err(Unproven::Wrong), "{word}");
        let header = |asked: &str| (asked == name).then(|| value.clone());
        let none = poke(&project(software), b"", &header, &body);
        assert_eq!(none, Err(Unproven::Unsigned), "{word}: an empty secret proves nothing");
        if !matches!(software, Software::GitLab | Software::Azure) {
            let changed = [body.clone(), b" ".to_vec()].concat();
            assert_eq!(sent(software, &headers, &changed), Err(Unproven::Wrong), "{word}");
        }
    }
}

#[test]
fn what_is_of_another_project_or_about_something_else_is_not_taken() {
    for software in Software::all() {
        let word = software.as_str();
        let other = message(software).to_string();
        let other = other
            .replace("\"o/r\"", "\"o/s\"")
            .replace("\"g/p\"", "\"g/q\"")
            .replace("APP-", "APPS-");
        let other = other.replace("\"p\"", "\"q\"").into_bytes();
        let headers = [proof(software, &other)];
        assert_eq!(sent(software, &headers, &other), Err(Unproven::Elsewhere), "{word}");
        let none = json!({ "zen": "x", "object_kind": "push", "eventType": "build.complete" });
        let none = none.to_string().into_bytes();
        let headers = [proof(software, &none)];
        assert_eq!(sent(software, &headers, &none), Ok(None), "{word}");
    }
    let request = json!({
        "issue": { "number": 7, "pull_request": {} }, "repository": { "full_name": "o/r" },
    });
    let request = request.to_string().into_bytes();
    let headers = [proof(Software::GitHub, &request)];
    assert_eq!(sent(Software::GitHub, &headers, &request), Ok(None));
    let odd = json!({ "issue": { "key": "APP-7/../8" } }).to_string().into_bytes();
    let headers = [proof(Software::Jira, &odd)];
    assert_eq!(sent(Software::Jira, &headers, &odd), Err(Unproven::Malformed));
}
