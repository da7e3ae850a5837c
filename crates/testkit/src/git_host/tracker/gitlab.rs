//! How GitLab speaks of issues: REST API v4, issues and their notes.

use serde_json::{Value, json};

use super::{ME, author, has_words, next, say_again, since};
use crate::git_host::dialect::{missing, only, page, text};
use crate::git_host::{Asked, Dialect, Issue, State};

pub(super) struct GitLab;

fn show(issue: &Issue) -> Value {
    json!({
        "id": issue.number + 9000,
        "iid": issue.number,
        "web_url": format!("https://git.example/g/p/-/issues/{}", issue.number),
        "state": issue.state,
        "author": { "username": author(issue) },
        "title": issue.title,
        "description": issue.body,
        "labels": issue.labels,
        "due_date": issue.due,
        "weight": issue.points,
        "assignees": issue.assignee.iter().map(|who| json!({ "username": who })).collect::<Vec<_>>(),
        "milestone": issue.sprint.as_ref().map(|title| json!({ "title": title })),
        "updated_at": issue.changed().replace('Z', ".000Z"),
    })
}

fn split(body: &Value, name: &str) -> Vec<String> {
    let text = body[name].as_str().unwrap_or_default();
    text.split(',').filter(|l| !l.is_empty()).map(str::to_owned).collect()
}

fn day(value: &Value) -> Value {
    let is_day = |text: &str| text.len() == 10 && text.bytes().filter(|b| *b == b'-').count() == 2;
    assert!(value.is_null() || value.as_str().is_some_and(is_day), "{value}");
    value.clone()
}

impl Dialect for GitLab {
    fn kind(&self) -> &'static str {
        "gitlab"
    }
    fn path(&self) -> &'static str {
        "g/p"
    }
    fn api(&self) -> &'static str {
        "/api/v4"
    }
    fn token(&self) -> (&'static str, &'static str) {
        ("GITLAB_TOKEN", "glpat")
    }
    fn login(&self) -> (&'static str, &'static str) {
        ("private-token", "glpat")
    }

    fn answer(&self, asked: &Asked, state: &mut State) -> (u16, Value) {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        let rest = match path.as_slice() {
            ["api", "v4", "user"] => return (200, json!({ "username": ME })),
            ["api", "v4", "projects", "g%2Fp" | "g%2fp"] => return (200, json!({ "path": "p" })),
            ["api", "v4", "projects", "g%2Fp" | "g%2fp", "issues", rest @ ..] => rest,
            _ => return missing(),
        };
        let body = &asked.body;
        match (asked.method.as_str(), rest) {
            // Any issue of the project; the free edition has no weights, and none is told then.
            ("GET", []) if asked.one("labels").is_none() => {
                assert_eq!(asked.one("scope"), Some("all"));
                let mut all: Vec<Value> = state.issues.iter().rev().map(show).collect();
                if state.is_free {
                    for issue in &mut all {
                        issue.as_object_mut().unwrap().remove("weight");
                    }
                }
                (200, page(all, asked.one("page"), asked.one("per_page"), 100).into())
            }
            ("GET", []) => {
                assert_eq!(
                    (asked.one("labels"), asked.one("scope")),
                    (Some("trimtab"), Some("all"))
                );
                let mut all = since(asked, "updated_after", &state.issues);
                assert!(asked.one("search").is_none() || asked.one("in") == Some("description"));
                all.retain(|issue| has_words(issue, asked.one("search")));
                match (asked.one("order_by"), asked.one("sort")) {
                    (Some("created_at"), Some("desc")) => all.reverse(),
                    (Some("updated_at"), Some("asc")) => all.sort_by_key(|issue| issue.updated),
                    other => panic!("{other:?}"),
                }
                let all = all.iter().map(show).collect();
                (200, page(all, asked.one("page"), asked.one("per_page"), 100).into())
            }
            ("POST", []) => {
                only(body, &["title", "description", "labels", "due_date", "weight"]);
                assert!(body["weight"].is_null() || body["weight"].is_u64());
                let issue = state.file(Issue {
                    title: text(body, "title").to_owned(),
                    body: body["description"].clone(),
                    state: "opened".to_owned(),
                    labels: split(body, "labels"),
                    due: day(&body["due_date"]),
                    points: body["weight"].clone(),
                    ..Issue::default()
                });
                (201, show(&issue))
            }
            ("GET", [number]) => state.issue(number).map_or_else(missing, |i| (200, show(i))),
            ("PUT", [number]) => {
                let known = [
                    "title",
                    "description",
                    "due_date",
                    "add_labels",
                    "remove_labels",
                    "state_event",
                ];
                only(body, &known);
                let done = state.alter(number, |issue| {
                    if let Some(title) = body["title"].as_str() {
                        issue.title = title.to_owned();
                    }
                    if body["description"].is_string() {
                        issue.body = body["description"].clone();
                    }
                    if body.as_object().unwrap().contains_key("due_date") {
                        issue.due = day(&body["due_date"]);
                    }
                    issue.labels.extend(split(body, "add_labels"));
                    let gone = split(body, "remove_labels");
                    issue.labels.retain(|label| !gone.contains(label));
                    match body["state_event"].as_str() {
                        None => {}
                        Some("close") => issue.state = "closed".to_owned(),
                        Some("reopen") => issue.state = "opened".to_owned(),
                        Some(other) => panic!("{other}"),
                    }
                });
                done.map_or_else(missing, |issue| (200, show(&issue)))
            }
            ("GET", [number, "notes"]) => {
                let Some(issue) = state.issue(number) else { return missing() };
                let system = json!({ "id": 1, "body": "changed the description", "system": true });
                let said = issue.said.iter().map(|(id, said)| json!({ "id": id, "body": said }));
                let all = said.chain([system]).collect();
                (200, page(all, asked.one("page"), asked.one("per_page"), 100).into())
            }
            ("POST", [number, "notes"]) => {
                let done = state.alter(number, |i| i.said.push((next(i), body["body"].clone())));
                done.map_or_else(missing, |_| (201, json!({})))
            }
            ("PUT", [number, "notes", id]) => {
                let done = state.alter(number, |issue| say_again(issue, id, &body["body"]));
                done.map_or_else(missing, |_| (200, json!({})))
            }
            _ => missing(),
        }
    }
}
