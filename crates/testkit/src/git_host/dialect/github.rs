//! How GitHub speaks.

use crate::git_host::{Asked, Kept, State};
use serde_json::{Value, json};

use super::{Dialect, change, missing, only, page, take, text};

/// As GitHub says it: REST API, endpoints for pull requests, issues' labels and comments.
pub(super) struct GitHub;

impl GitHub {
    fn show(kept: &Kept) -> Value {
        json!({
            "number": kept.number,
            "html_url": format!("https://git.example/o/r/pull/{}", kept.number),
            "state": if kept.state == "open" { "open" } else { "closed" },
            "merged_at": (kept.state == "merged").then_some("2026-11-01T00:00:00Z"),
            "title": kept.title,
            "body": kept.body,
            "labels": kept.labels.iter().map(|l| json!({ "id": 1, "name": l })).collect::<Vec<_>>(),
            "head": {
                "label": format!("{}:{}", if kept.fork { "eve" } else { "o" }, kept.branch),
                "ref": kept.branch,
                "repo": { "id": if kept.fork { 6 } else { 5 } },
            },
            "base": { "label": format!("o:{}", kept.base), "ref": kept.base, "repo": { "id": 5 } },
        })
    }
}

impl Dialect for GitHub {
    fn kind(&self) -> &'static str {
        "github"
    }
    fn path(&self) -> &'static str {
        "o/r"
    }
    fn api(&self) -> &'static str {
        "/api/v3"
    }
    fn token(&self) -> (&'static str, &'static str) {
        ("GITHUB_TOKEN", "ghp_x")
    }
    fn login(&self) -> (&'static str, &'static str) {
        ("authorization", "Bearer ghp_x")
    }

    fn answer(&self, asked: &Asked, state: &mut State) -> (u16, Value) {
        assert_eq!(asked.header("accept"), Some("application/vnd.github+json"));
        assert_eq!(asked.header("x-github-api-version"), Some("2022-11-28"));
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        let ["api", "v3", "repos", "o", "r", rest @ ..] = path.as_slice() else { return missing() };
        match (asked.method.as_str(), rest) {
            ("GET", ["pulls"]) => {
                let wanted = asked.one("state").unwrap();
                assert!(["open", "closed", "all"].contains(&wanted));
                let head = asked.one("head");
                let all = state.newest().into_iter().filter(|kept| {
                    let is_open = kept.state == "open";
                    (wanted == "all" || (wanted == "open") == is_open)
                        && head.is_none_or(|head| head == format!("o:{}", kept.branch))
                });
                let all = all.map(|kept| GitHub::show(&kept)).collect();
                (200, page(all, asked.one("page"), asked.one("per_page"), 100).into())
            }
            ("POST", ["pulls"]) => {
                let body = &asked.body;
                only(body, &["title", "head", "base", "body", "draft", "maintainer_can_modify"]);
                let (head, base) = (text(body, "head"), text(body, "base"));
                if state.requests.iter().any(|k| k.branch == head && k.state == "open" && !k.fork) {
                    let errors = json!([{ "message": "A pull request already exists for o:x." }]);
                    return (422, json!({ "message": "Validation Failed", "errors": errors }));
                }
                let kept = state.open(head, base, text(body, "title"), text(body, "body"));
                (201, GitHub::show(&kept))
            }
            ("PATCH", ["pulls", number]) => {
                only(&asked.body, &["title", "body", "state", "base", "maintainer_can_modify"]);
                let Some(kept) = state.get(number) else { return missing() };
                change(kept, &asked.body, "title", "body");
                match asked.body["state"].as_str() {
                    Some("closed") => kept.state = "closed",
                    Some(other) => panic!("no state: {other}"),
                    None => {}
                }
                (200, GitHub::show(kept))
            }
            ("PUT", ["pulls", number, "merge"]) => {
                only(&asked.body, &["sha", "commit_title", "commit_message", "merge_method"]);
                match state.merge(number, text(&asked.body, "sha")) {
                    true => (200, json!({ "merged": true })),
                    false => (409, json!({ "message": "Head branch was modified." })),
                }
            }
            ("POST", ["issues", number, "comments"]) => {
                let Some(kept) = state.get(number) else { return missing() };
                kept.said.push(text(&asked.body, "body").to_owned());
                (201, json!({ "id": 1 }))
            }
            ("POST", ["issues", number, "labels"]) => {
                let Some(kept) = state.get(number) else { return missing() };
                let labels = asked.body["labels"].as_array().unwrap();
                kept.labels.extend(labels.iter().map(|l| l.as_str().unwrap().to_owned()));
                (200, json!([]))
            }
            ("DELETE", ["issues", number, "labels", label]) => {
                let Some(kept) = state.get(number) else { return missing() };
                take(kept, label)
            }
            _ => missing(),
        }
    }
}
