//! How Azure DevOps speaks.

use crate::git_host::{Asked, Kept, State};
use serde_json::{Value, json};

use super::{Dialect, change, missing, only, take, text};

/// As Azure DevOps says it: Git, pull requests, their labels and threads, version 7.1.
pub(super) struct Azure;

impl Azure {
    fn show(kept: &Kept, listed: bool) -> Value {
        let body: String = kept.body.chars().take(if listed { 400 } else { 4000 }).collect();
        json!({
            "pullRequestId": kept.number,
            "url": format!("https://git.example/o/p/_apis/git/pullRequests/{}", kept.number),
            "status": match kept.state { "open" => "active", "merged" => "completed", _ => "abandoned" },
            "title": kept.title,
            "description": body,
            "sourceRefName": format!("refs/heads/{}", kept.branch),
            "targetRefName": format!("refs/heads/{}", kept.base),
            "repository": { "id": "5" },
            "forkSource": kept.fork.then(|| json!({ "repository": { "id": "6" } })),
        })
    }
}

impl Dialect for Azure {
    fn kind(&self) -> &'static str {
        "azure"
    }
    fn path(&self) -> &'static str {
        "o/p/_git/r"
    }
    fn api(&self) -> &'static str {
        "/o/p"
    }
    fn token(&self) -> (&'static str, &'static str) {
        ("SYSTEM_ACCESSTOKEN", "pat")
    }
    fn login(&self) -> (&'static str, &'static str) {
        // Base64 of `:pat`.
        ("authorization", "Basic OnBhdA==")
    }

    fn answer(&self, asked: &Asked, state: &mut State) -> (u16, Value) {
        assert_eq!(asked.one("api-version"), Some("7.1"));
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        let ["o", "p", "_apis", "git", "repositories", "r", word, rest @ ..] = path.as_slice()
        else {
            return missing();
        };
        assert_eq!(word.to_lowercase(), "pullrequests");
        match (asked.method.as_str(), rest) {
            ("GET", []) => {
                let status = asked.one("searchCriteria.status").unwrap();
                assert!(["active", "abandoned", "completed", "all"].contains(&status));
                let source = asked.one("searchCriteria.sourceRefName");
                let all = state.newest().into_iter().filter(|kept| {
                    (status == "all" || (status == "active") == (kept.state == "open"))
                        && source.is_none_or(|s| s == format!("refs/heads/{}", kept.branch))
                });
                let skip: usize = asked.one("$skip").unwrap().parse().unwrap();
                let top: usize = asked.one("$top").unwrap().parse().unwrap();
                let all: Vec<_> =
                    all.skip(skip).take(top).map(|kept| Azure::show(&kept, true)).collect();
                (200, json!({ "count": all.len(), "value": all }))
            }
            ("POST", []) => {
                let body = &asked.body;
                only(body, &["sourceRefName", "targetRefName", "title", "description", "isDraft"]);
                let head = text(body, "sourceRefName").strip_prefix("refs/heads/").unwrap();
                let base = text(body, "targetRefName").strip_prefix("refs/heads/").unwrap();
                if text(body, "description").chars().count() > 4000 {
                    return (400, json!({ "message": "A maximum of 4000 characters" }));
                }
                if state.requests.iter().any(|k| k.branch == head && k.state == "open") {
                    let message = "TF401179: An active pull request for the source and target branch already exists.";
                    return (409, json!({ "message": message }));
                }
                let kept = state.open(head, base, text(body, "title"), text(body, "description"));
                (201, Azure::show(&kept, false))
            }
            ("GET", [number]) => match state.get(number) {
                Some(kept) => (200, Azure::show(kept, false)),
                None => missing(),
            },
            ("PATCH", [number]) => {
                only(
                    &asked.body,
                    &["title", "description", "status", "targetRefName", "lastMergeSourceCommit"],
                );
                if asked.body["status"] == "completed" {
                    let tip = text(&asked.body["lastMergeSourceCommit"], "commitId").to_owned();
                    return match state.merge(number, &tip) {
                        true => (200, json!({ "status": "completed" })),
                        false => (409, json!({ "message": "TF401192: it has new commits." })),
                    };
                }
                let Some(kept) = state.get(number) else { return missing() };
                change(kept, &asked.body, "title", "description");
                assert!(kept.body.chars().count() <= 4000);
                if asked.body["status"] == "abandoned" {
                    kept.state = "closed";
                }
                (200, Azure::show(kept, false))
            }
            ("GET", [number, "labels"]) => {
                let Some(kept) = state.get(number) else { return missing() };
                let labels: Vec<_> =
                    kept.labels.iter().map(|l| json!({ "name": l, "active": true })).collect();
                (200, json!({ "count": labels.len(), "value": labels }))
            }
            ("POST", [number, "labels"]) => {
                only(&asked.body, &["name"]);
                let Some(kept) = state.get(number) else { return missing() };
                kept.labels.push(text(&asked.body, "name").to_owned());
                (200, json!({ "name": asked.body["name"], "active": true }))
            }
            ("DELETE", [number, "labels", label]) => {
                let Some(kept) = state.get(number) else { return missing() };
                (take(kept, label).0, Value::Null)
            }
            ("POST", [number, "threads"]) => {
                let Some(kept) = state.get(number) else { return missing() };
                let first = &asked.body["comments"][0];
                only(first, &["parentCommentId", "content", "commentType"]);
                kept.said.push(text(first, "content").to_owned());
                (200, json!({ "id": 1 }))
            }
            _ => missing(),
        }
    }
}
