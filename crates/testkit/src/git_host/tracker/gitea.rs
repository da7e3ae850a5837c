//! How Gitea and Forgejo speak of issues. Held against a real Gitea by the same suite.

use serde_json::{Value, json};

use super::{ME, author, has_words, next, say_again, since};
use crate::git_host::dialect::{missing, only, page, text};
use crate::git_host::{Asked, Dialect, Issue, State};

pub(super) struct Gitea;

fn show(issue: &Issue) -> Value {
    // It keeps the day, and tells its end.
    let due = issue.due.as_str().map(|due| format!("{}T23:59:59Z", &due[..10]));
    json!({
        "number": issue.number,
        "html_url": format!("https://git.example/o/r/issues/{}", issue.number),
        "state": issue.state,
        "user": { "login": author(issue) },
        "title": issue.title,
        "body": issue.body,
        "labels": issue.labels.iter().map(|l| json!({ "id": 1, "name": l })).collect::<Vec<_>>(),
        "due_date": due,
        "assignee": issue.assignee.as_ref().map(|who| json!({ "login": who })),
        "milestone": issue.sprint.as_ref().map(|title| json!({ "title": title })),
        "updated_at": issue.changed(),
    })
}

fn named(state: &State, id: &Value) -> String {
    state.labels[usize::try_from(id.as_u64().unwrap()).unwrap() - 1].clone()
}

fn named_all(state: &State, ids: &Value) -> Vec<String> {
    ids.as_array().unwrap().iter().map(|id| named(state, id)).collect()
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
        let rest = match path.as_slice() {
            ["api", "v1", "user"] => return (200, json!({ "login": ME })),
            ["api", "v1", "repos", "o", "r"] => return (200, json!({ "full_name": "o/r" })),
            ["api", "v1", "repos", "o", "r", rest @ ..] => rest,
            _ => return missing(),
        };
        let body = &asked.body;
        let paged =
            |all: Vec<Value>| (200, page(all, asked.one("page"), asked.one("limit"), 50).into());
        match (asked.method.as_str(), rest) {
            ("GET", ["labels"]) => {
                let numbered = (1..).zip(&state.labels);
                paged(numbered.map(|(id, name)| json!({ "id": id, "name": name })).collect())
            }
            ("POST", ["labels"]) => {
                state.labels.push(text(body, "name").to_owned());
                (201, json!({ "id": state.labels.len(), "name": body["name"] }))
            }
            ("GET", ["issues"]) => {
                assert_eq!((asked.one("state"), asked.one("type")), (Some("all"), Some("issues")));
                // A label that the repository has not is looked over, and all come.
                let mut all = match state.labels.iter().any(|label| label == "trimtab") {
                    true => since(asked, "since", &state.issues),
                    false => state.issues.clone(),
                };
                all.retain(|issue| has_words(issue, asked.one("q")));
                all.reverse();
                paged(all.iter().map(show).collect())
            }
            ("POST", ["issues"]) => {
                only(body, &["title", "body", "labels", "due_date"]);
                let labels = named_all(state, &body["labels"]);
                let issue = state.file(Issue {
                    title: text(body, "title").to_owned(),
                    body: body["body"].clone(),
                    state: "open".to_owned(),
                    labels,
                    due: body["due_date"].clone(),
                    ..Issue::default()
                });
                (201, show(&issue))
            }
            ("GET", ["issues", number]) => {
                state.issue(number).map_or_else(missing, |issue| (200, show(issue)))
            }
            ("PATCH", ["issues", number]) => {
                only(body, &["title", "body", "state", "due_date", "unset_due_date"]);
                let done = state.alter(number, |issue| {
                    if let Some(title) = body["title"].as_str() {
                        issue.title = title.to_owned();
                    }
                    if body["body"].is_string() {
                        issue.body = body["body"].clone();
                    }
                    if let Some(to) = body["state"].as_str() {
                        issue.state = to.to_owned();
                    }
                    if body["due_date"].is_string() {
                        issue.due = body["due_date"].clone();
                    }
                    if body["unset_due_date"] == true {
                        issue.due = Value::Null;
                    }
                });
                done.map_or_else(missing, |issue| (201, show(&issue)))
            }
            ("GET", ["issues", number, "comments"]) => {
                let Some(issue) = state.issue(number) else { return missing() };
                let all = issue.said.iter().map(|(id, said)| json!({ "id": id, "body": said }));
                (200, all.collect::<Vec<_>>().into())
            }
            ("POST", ["issues", number, "comments"]) => {
                let done = state.alter(number, |i| i.said.push((next(i), body["body"].clone())));
                done.map_or_else(missing, |_| (201, json!({})))
            }
            ("PATCH", ["issues", "comments", id]) => {
                let number = (id.parse::<u64>().unwrap() / 100).to_string();
                let done = state.alter(&number, |issue| say_again(issue, id, &body["body"]));
                done.map_or_else(missing, |_| (200, json!({})))
            }
            ("GET", ["issues", number, "labels"]) => {
                let Some(issue) = state.issue(number) else { return missing() };
                let numbered = (1..).zip(&state.labels).filter(|(_, l)| issue.labels.contains(l));
                let all = numbered.map(|(id, name)| json!({ "id": id, "name": name }));
                (200, all.collect::<Vec<_>>().into())
            }
            ("POST", ["issues", number, "labels"]) => {
                let labels = named_all(state, &body["labels"]);
                let done = state.alter(number, |issue| issue.labels.extend(labels));
                done.map_or_else(missing, |_| (200, json!([])))
            }
            ("DELETE", ["issues", number, "labels", id]) => {
                let name = named(state, &id.parse::<u64>().unwrap().into());
                let done = state.alter(number, |issue| issue.labels.retain(|held| *held != name));
                done.map_or_else(missing, |_| (204, Value::Null))
            }
            _ => missing(),
        }
    }
}
