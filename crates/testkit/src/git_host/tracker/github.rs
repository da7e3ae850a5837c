//! How GitHub speaks of issues: REST API, endpoints for issues, their labels and comments.

use serde_json::{Value, json};

use super::{ME, author, has_words, next, say_again, since};
use crate::git_host::dialect::{missing, only, page, text};
use crate::git_host::{Asked, Dialect, Issue, State};

pub(super) struct GitHub;

fn show(issue: &Issue) -> Value {
    json!({
        "number": issue.number,
        "html_url": format!("https://git.example/o/r/issues/{}", issue.number),
        "state": issue.state,
        "state_reason": Some(&issue.reason).filter(|reason| !reason.is_empty()),
        "user": { "login": author(issue) },
        "title": issue.title,
        "body": issue.body,
        "labels": issue.labels.iter().map(|l| json!({ "id": 1, "name": l })).collect::<Vec<_>>(),
        "assignee": issue.assignee.as_ref().map(|who| json!({ "login": who })),
        "milestone": issue.sprint.as_ref().map(|title| json!({ "title": title })),
        "updated_at": issue.changed(),
    })
}

fn comment(said: &(u64, Value)) -> Value {
    json!({ "id": said.0, "body": said.1 })
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
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        let rest = match path.as_slice() {
            ["api", "v3", "user"] => return (200, json!({ "login": ME })),
            ["api", "v3", "repos", "o", "r"] => return (200, json!({ "full_name": "o/r" })),
            ["api", "v3", "search", "issues"] => {
                let words = asked.one("q").unwrap();
                let words = words.strip_prefix("repo:o/r is:issue in:body \"").unwrap();
                let words = words.strip_suffix('"').unwrap();
                let all = state.issues.iter().filter(|issue| has_words(issue, Some(words)));
                let all: Vec<Value> = all.map(show).collect();
                return (200, json!({ "items": all, "incomplete_results": false }));
            }
            ["api", "v3", "repos", "o", "r", "issues", rest @ ..] => rest,
            _ => return missing(),
        };
        let body = &asked.body;
        match (asked.method.as_str(), rest) {
            ("GET", []) => {
                assert_eq!(
                    (asked.one("state"), asked.one("labels")),
                    (Some("all"), Some("trimtab"))
                );
                let mut all: Vec<Issue> = since(asked, "since", &state.issues);
                match (asked.one("sort"), asked.one("direction")) {
                    (Some("created"), Some("desc")) => all.reverse(),
                    (Some("updated"), Some("asc")) => all.sort_by_key(|issue| issue.updated),
                    other => panic!("{other:?}"),
                }
                let mut all: Vec<Value> = all.iter().map(show).collect();
                // A request is an issue too.
                let mut request = json!({ "number": 3, "title": "x", "pull_request": {} });
                request["updated_at"] = "2026-11-28T12:00:00Z".into();
                all.push(request);
                (200, page(all, asked.one("page"), asked.one("per_page"), 100).into())
            }
            ("POST", []) => {
                only(body, &["title", "body", "labels", "assignees", "milestone"]);
                let labels = body["labels"].as_array().unwrap();
                let issue = state.file(Issue {
                    title: text(body, "title").to_owned(),
                    body: body["body"].clone(),
                    state: "open".to_owned(),
                    labels: labels.iter().map(|l| l.as_str().unwrap().to_owned()).collect(),
                    ..Issue::default()
                });
                (201, show(&issue))
            }
            ("GET", [number]) => state.issue(number).map_or_else(missing, |i| (200, show(i))),
            ("PATCH", [number]) => {
                only(body, &["title", "body", "state", "state_reason"]);
                let done = state.alter(number, |issue| {
                    if let Some(title) = body["title"].as_str() {
                        issue.title = title.to_owned();
                    }
                    if body["body"].is_string() {
                        issue.body = body["body"].clone();
                    }
                    if let Some(to) = body["state"].as_str() {
                        let reason = body["state_reason"].as_str().unwrap();
                        assert!(["completed", "not_planned", "reopened"].contains(&reason));
                        (issue.state, issue.reason) = (to.to_owned(), reason.to_owned());
                    }
                });
                done.map_or_else(missing, |issue| (200, show(&issue)))
            }
            ("GET", [number, "comments"]) => {
                let Some(issue) = state.issue(number) else { return missing() };
                let all = issue.said.iter().map(comment).collect();
                (200, page(all, asked.one("page"), asked.one("per_page"), 100).into())
            }
            ("POST", [number, "comments"]) => {
                let done = state.alter(number, |i| i.said.push((next(i), body["body"].clone())));
                done.map_or_else(missing, |issue| (201, comment(issue.said.last().unwrap())))
            }
            ("PATCH", ["comments", id]) => {
                let number = (id.parse::<u64>().unwrap() / 100).to_string();
                let done = state.alter(&number, |issue| say_again(issue, id, &body["body"]));
                done.map_or_else(missing, |_| (200, json!({})))
            }
            ("POST", [number, "labels"]) => {
                let labels = body["labels"].as_array().unwrap();
                let labels = labels.iter().map(|l| l.as_str().unwrap().to_owned());
                let done = state.alter(number, |issue| issue.labels.extend(labels));
                done.map_or_else(missing, |_| (200, json!([])))
            }
            ("DELETE", [number, "labels", label]) => {
                let label = percent_encoding::percent_decode_str(label).decode_utf8().unwrap();
                let mut had = false;
                state.alter(number, |issue| {
                    had = issue.labels.iter().any(|held| *held == label);
                    issue.labels.retain(|held| *held != label);
                });
                if had { (200, json!([])) } else { missing() }
            }
            _ => missing(),
        }
    }
}
