//! How Gitea and Forgejo speaks.

use crate::git_host::{Asked, Kept, State};
use serde_json::{Value, json};

use super::{Dialect, change, missing, only, page, take, text};

/// As Gitea's API description says it; Forgejo's is the same here.
pub(super) struct Gitea;

impl Gitea {
    fn show(kept: &Kept) -> Value {
        // A branch that is gone after merging.
        let named = match kept.state {
            "merged" => format!("refs/pull/{}/head", kept.number),
            _ => kept.branch.clone(),
        };
        json!({
            "number": kept.number,
            "html_url": format!("https://git.example/o/r/pulls/{}", kept.number),
            "state": if kept.state == "open" { "open" } else { "closed" },
            "merged": kept.state == "merged",
            "title": kept.title,
            "body": kept.body,
            "labels": kept.labels.iter().map(|l| json!({ "id": 1, "name": l })).collect::<Vec<_>>(),
            "head": { "label": kept.branch, "ref": named, "repo_id": if kept.fork { 6 } else { 5 } },
            "base": { "label": kept.base, "ref": kept.base, "repo_id": 5 },
        })
    }
}

impl Dialect for Gitea {
    fn kind(&self) -> &'static str {
        "gitea"
    }
    fn path(&self) -> &'static str {
        "o/r"
    }
    fn api(&self) -> &'static str {
        "/api/v1"
    }
    fn token(&self) -> (&'static str, &'static str) {
        ("GITEA_TOKEN", "t0k")
    }
    fn login(&self) -> (&'static str, &'static str) {
        ("authorization", "token t0k")
    }

    fn answer(&self, asked: &Asked, state: &mut State) -> (u16, Value) {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        let ["api", "v1", "repos", "o", "r", rest @ ..] = path.as_slice() else { return missing() };
        match (asked.method.as_str(), rest) {
            ("GET", ["pulls"]) => {
                let wanted = asked.one("state").unwrap();
                assert!(["open", "closed", "all"].contains(&wanted));
                let all = state
                    .newest()
                    .into_iter()
                    .filter(|kept| wanted == "all" || (wanted == "open") == (kept.state == "open"));
                let all = all.map(|kept| Gitea::show(&kept)).collect();
                (200, page(all, asked.one("page"), asked.one("limit"), 50).into())
            }
            ("POST", ["pulls"]) => {
                let body = &asked.body;
                only(body, &["title", "head", "base", "body", "labels", "assignees", "milestone"]);
                let (head, base) = (text(body, "head"), text(body, "base"));
                if state.requests.iter().any(|k| k.branch == head && k.state == "open") {
                    return (
                        409,
                        json!({ "message": "pull request already exists for these targets" }),
                    );
                }
                let kept = state.open(head, base, text(body, "title"), text(body, "body"));
                (201, Gitea::show(&kept))
            }
            ("PATCH", ["pulls", number]) => {
                only(&asked.body, &["title", "body", "state", "base", "labels"]);
                let Some(kept) = state.get(number) else { return missing() };
                if kept.state == "merged" && asked.body["state"].is_string() {
                    let why = "cannot change state of this pull request, it was already merged";
                    return (412, json!({ "message": why }));
                }
                change(kept, &asked.body, "title", "body");
                if asked.body["state"] == "closed" {
                    kept.state = "closed";
                }
                (201, Gitea::show(kept))
            }
            ("POST", ["pulls", number, "merge"]) => {
                only(&asked.body, &["Do", "head_commit_id", "delete_branch_after_merge"]);
                assert_eq!(asked.body["Do"], "merge");
                match state.merge(number, text(&asked.body, "head_commit_id")) {
                    true => (200, Value::Null),
                    false => (409, json!({ "message": "head out of date" })),
                }
            }
            ("GET", ["labels"]) => {
                let numbered = (1..).zip(&state.labels);
                let all = numbered.map(|(id, name)| json!({ "id": id, "name": name })).collect();
                (200, page(all, asked.one("page"), asked.one("limit"), 50).into())
            }
            ("POST", ["labels"]) => {
                only(&asked.body, &["name", "color", "description", "exclusive", "is_archived"]);
                assert!(text(&asked.body, "color").starts_with('#'));
                state.labels.push(text(&asked.body, "name").to_owned());
                (201, json!({ "id": state.labels.len(), "name": asked.body["name"] }))
            }
            ("POST", ["issues", number, "comments"]) => {
                let Some(kept) = state.get(number) else { return missing() };
                kept.said.push(text(&asked.body, "body").to_owned());
                (201, json!({ "id": 1 }))
            }
            ("GET", ["issues", number, "labels"]) => {
                let labels = state.labels.clone();
                let Some(kept) = state.get(number) else { return missing() };
                let numbered = (1..).zip(&labels).filter(|(_, label)| kept.labels.contains(label));
                let all = numbered.map(|(id, name)| json!({ "id": id, "name": name }));
                (200, all.collect::<Vec<_>>().into())
            }
            ("POST", ["issues", number, "labels"]) => {
                let names: Vec<String> = asked.body["labels"]
                    .as_array()
                    .unwrap()
                    .iter()
                    .map(|id| {
                        state.labels[usize::try_from(id.as_u64().unwrap()).unwrap() - 1].clone()
                    })
                    .collect();
                let Some(kept) = state.get(number) else { return missing() };
                kept.labels.extend(names);
                (200, json!([]))
            }
            ("DELETE", ["issues", number, "labels", id]) => {
                let Some(name) = state.labels.get(id.parse::<usize>().unwrap() - 1).cloned() else {
                    return (422, json!({ "message": "label does not exist [label_id: 0]" }));
                };
                let Some(kept) = state.get(number) else { return missing() };
                // One that it has not is taken off as well.
                take(kept, &name);
                (204, Value::Null)
            }
            _ => missing(),
        }
    }
}
