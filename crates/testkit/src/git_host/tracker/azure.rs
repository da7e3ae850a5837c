//! How Azure Boards speaks: work items, WIQL and comments, version 7.1.

use serde_json::{Value, json};

use super::{LABEL, has_words, next, say_again};
use crate::git_host::dialect::{missing, text};
use crate::git_host::{Asked, Dialect, Issue, State};

pub(super) struct Azure;

const DUE: &str = "Microsoft.VSTS.Scheduling.DueDate";
const POINTS: &str = "Microsoft.VSTS.Scheduling.StoryPoints";

fn show(issue: &Issue) -> Value {
    let mut fields = json!({
        "System.TeamProject": "p",
        "System.Title": issue.title,
        "System.Description": issue.body,
        "System.State": issue.state,
        "System.Tags": issue.labels.join("; "),
        "System.ChangedDate": issue.changed(),
        "System.IterationPath": issue.sprint.as_ref().map_or("p".to_owned(), |s| format!("p\\{s}")),
    });
    if let Some(due) = issue.due.as_str() {
        fields[DUE] = due.into();
    }
    if !issue.points.is_null() {
        fields[POINTS] = issue.points.clone();
    }
    if let Some(who) = &issue.assignee {
        fields["System.AssignedTo"] = json!({ "displayName": who });
    }
    json!({ "id": issue.number, "rev": issue.rev, "fields": fields })
}

/// Does the changes. False: it is at another revision.
fn patch(issue: &mut Issue, changes: &Value) -> bool {
    for change in changes.as_array().unwrap() {
        let (op, path) = (text(change, "op"), text(change, "path"));
        let value = &change["value"];
        match (op, path.strip_prefix("/fields/")) {
            ("test", None) if path == "/rev" => {
                if *value != issue.rev {
                    return false;
                }
            }
            ("add", Some("System.Title")) => issue.title = value.as_str().unwrap().to_owned(),
            ("add", Some("System.Description")) => issue.body = value.clone(),
            // To add tags leaves those that are there.
            (op @ ("add" | "replace"), Some("System.Tags")) => {
                if op == "replace" {
                    issue.labels.clear();
                }
                for tag in value.as_str().unwrap().split("; ") {
                    if !issue.labels.iter().any(|held| held == tag) {
                        issue.labels.push(tag.to_owned());
                    }
                }
            }
            ("add", Some("System.State")) => issue.state = value.as_str().unwrap().to_owned(),
            ("add", Some(DUE)) => {
                assert!(value.as_str().unwrap().ends_with("T12:00:00Z"), "{value}");
                issue.due = value.clone();
            }
            ("remove", Some(DUE)) => issue.due = Value::Null,
            ("add", Some("System.AreaPath")) => assert!(value.is_string(), "{value}"),
            ("add", Some(POINTS)) => issue.points = value.clone(),
            other => panic!("{other:?}"),
        }
    }
    true
}

impl Dialect for Azure {
    fn kind(&self) -> &'static str {
        "azure"
    }
    fn path(&self) -> &'static str {
        "p"
    }
    fn api(&self) -> &'static str {
        "/o/p"
    }
    fn token(&self) -> (&'static str, &'static str) {
        ("AZURE_TOKEN", "pat")
    }
    fn login(&self) -> (&'static str, &'static str) {
        // `:pat`
        ("authorization", "Basic OnBhdA==")
    }

    fn answer(&self, asked: &Asked, state: &mut State) -> (u16, Value) {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        let ["o", "p", "_apis", "wit", rest @ ..] = path.as_slice() else { return missing() };
        let is_patch = asked.header("content-type") == Some("application/json-patch+json");
        let body = &asked.body;
        let expected = if rest.contains(&"comments") { "7.1-preview.4" } else { "7.1" };
        assert_eq!(asked.one("api-version"), Some(expected));
        match (asked.method.as_str(), rest) {
            ("POST", ["wiql"]) => {
                let query = text(body, "query");
                let begins = "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = 'p' \
                              AND [System.Tags] CONTAINS 'trimtab' AND ";
                let rest = query.strip_prefix(begins).unwrap_or_else(|| panic!("{query}"));
                let ours = |issue: &&Issue| issue.labels.iter().any(|label| label == LABEL);
                let mut all: Vec<Issue> = state.issues.iter().filter(ours).cloned().collect();
                match rest.strip_prefix("[System.ChangedDate] >= '") {
                    Some(rest) => {
                        assert_eq!(asked.one("timePrecision"), Some("true"));
                        let (at, order) = rest.split_once('\'').unwrap();
                        assert_eq!(order, " ORDER BY [System.ChangedDate] ASC");
                        all.retain(|issue| *issue.changed() >= *at);
                        all.sort_by_key(|issue| issue.updated);
                    }
                    None => {
                        let begins = "[System.Description] CONTAINS WORDS '";
                        let order = " ORDER BY [System.Id] DESC";
                        match rest.strip_prefix(begins).and_then(|rest| rest.split_once('\'')) {
                            Some((words, rest)) => {
                                assert_eq!(rest, order);
                                all.retain(|issue| has_words(issue, Some(words)));
                            }
                            None => assert_eq!(rest, format!("[System.Id] > 0{order}")),
                        }
                        all.reverse();
                    }
                }
                let most: usize = asked.one("$top").unwrap().parse().unwrap();
                let ids = all.iter().take(most).map(|issue| json!({ "id": issue.number }));
                (200, json!({ "workItems": ids.collect::<Vec<_>>() }))
            }
            ("GET", ["workitemtypes"]) => (200, json!({ "value": [{ "name": "Task" }] })),
            ("GET", ["workitemtypes", "Task", "fields"]) => {
                let all = ["System.Title", "System.Description", "System.State", DUE, POINTS];
                let all = all.iter().map(|name| json!({ "name": name, "referenceName": name }));
                (200, json!({ "value": all.collect::<Vec<_>>() }))
            }
            ("GET", ["workitemtypes", "Task", "states"]) => {
                let all = ["New", "Active", "Closed", "Removed"];
                let all = all.iter().map(|name| json!({ "name": name, "category": "" }));
                (200, json!({ "value": all.collect::<Vec<_>>() }))
            }
            ("GET", ["workitems"]) => {
                let ids: Vec<&str> = asked.one("ids").unwrap().split(',').collect();
                assert!(ids.len() <= 200 && asked.one("errorPolicy") == Some("omit"));
                let all = ids.iter().map(|id| state.issue(id).map_or(Value::Null, show));
                (200, json!({ "value": all.collect::<Vec<_>>() }))
            }
            ("POST", ["workitems", "%24Task" | "$Task"]) => {
                assert!(is_patch);
                let mut issue = Issue { state: "New".to_owned(), ..Issue::default() };
                patch(&mut issue, body);
                let issue = state.file(issue);
                (200, show(&issue))
            }
            ("GET", ["workitems", number]) => {
                state.issue(number).map_or_else(missing, |issue| (200, show(issue)))
            }
            ("PATCH", ["workitems", number]) => {
                assert!(is_patch);
                let mut held = true;
                let done = state.alter(number, |issue| held = patch(issue, body));
                match done {
                    Some(issue) if held => (200, show(&issue)),
                    Some(_) => (412, json!({ "message": "TF26071: changed by someone else" })),
                    None => missing(),
                }
            }
            ("GET", ["workItems", number, "comments"]) => {
                let Some(issue) = state.issue(number) else { return missing() };
                let from: usize = asked.one("continuationToken").map_or(0, |t| t.parse().unwrap());
                let size: usize = asked.one("$top").unwrap().parse().unwrap();
                let said = issue.said.iter().skip(from).take(size);
                let some: Vec<Value> =
                    said.map(|(id, said)| json!({ "id": id, "text": said })).collect();
                let mut answer = json!({ "comments": some });
                if from + size < issue.said.len() {
                    answer["continuationToken"] = (from + size).to_string().into();
                }
                (200, answer)
            }
            ("POST", ["workItems", number, "comments"]) => {
                let done = state.alter(number, |i| i.said.push((next(i), body["text"].clone())));
                done.map_or_else(missing, |_| (200, json!({})))
            }
            ("PATCH", ["workItems", number, "comments", id]) => {
                let done = state.alter(number, |issue| say_again(issue, id, &body["text"]));
                done.map_or_else(missing, |_| (200, json!({})))
            }
            _ => missing(),
        }
    }
}
