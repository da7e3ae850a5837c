//! How Jira speaks: version 3 of its REST API in the Cloud, version 2 of Data Center.

use serde_json::{Value, json};

use super::{ME, author, next, say_again};
use crate::git_host::dialect::{missing, only, text};
use crate::git_host::{Asked, Dialect, Issue, State};

pub(super) struct Jira {
    pub(super) is_cloud: bool,
}

/// The fields of this site.
const POINTS: &str = "customfield_10016";
const SPRINT: &str = "customfield_10020";

impl Jira {
    fn show(&self, issue: &Issue, fields: &[String]) -> Value {
        let category = match issue.state.as_str() {
            "To Do" => "new",
            "In Progress" => "indeterminate",
            _ => "done",
        };
        let sprint =
            issue.sprint.as_ref().map(|name| json!([{ "name": "Past" }, { "name": name }]));
        let all = json!({
            "summary": issue.title,
            "description": issue.body,
            "status": { "name": issue.state, "statusCategory": { "key": category } },
            "resolution": Some(&issue.reason).filter(|r| !r.is_empty()).map(|r| json!({ "name": r })),
            "labels": issue.labels,
            "duedate": issue.due,
            "assignee": issue.assignee.as_ref().map(|who| json!({ "displayName": who })),
            "creator": if self.is_cloud { json!({ "accountId": author(issue) }) } else { json!({ "name": author(issue) }) },
            "updated": issue.changed().replace('Z', ".000+0000"),
            POINTS: issue.points,
            SPRINT: sprint,
        });
        // What is not asked for is not told.
        let told = all.as_object().unwrap().iter();
        let told: serde_json::Map<String, Value> = told
            .filter(|(name, _)| fields.contains(name))
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect();
        json!({ "id": issue.number.to_string(), "key": format!("APP-{}", issue.number), "fields": told })
    }

    /// A page of what is told of creating tickets: two at most, however many are asked for. Data Center calls each list
    /// `values`.
    fn page(&self, asked: &Asked, name: &str, all: &Value) -> Value {
        let all = all.as_array().unwrap();
        let from: usize = asked.one("startAt").unwrap().parse().unwrap();
        assert!(asked.one("maxResults").unwrap().parse::<usize>().unwrap() <= 200);
        let some: Vec<&Value> = all.iter().skip(from).take(2).collect();
        match self.is_cloud {
            true => json!({ "startAt": from, "maxResults": 2, "total": all.len(), name: some }),
            false => {
                let last = from + some.len() >= all.len();
                json!({ "startAt": from, "maxResults": 2, "isLast": last, "values": some })
            }
        }
    }

    /// A text in the markup of this version.
    fn check(&self, text: &Value) -> Value {
        let fits = match self.is_cloud {
            true => text["type"] == "doc" && text["version"] == 1 && text["content"].is_array(),
            false => text.is_string(),
        };
        assert!(fits, "{text}");
        // No node of text is empty.
        assert!(!text.to_string().contains("\"text\":\"\""), "{text}");
        text.clone()
    }

    fn found(asked: &Asked, state: &State) -> Vec<Issue> {
        let jql = text(&asked.body, "jql");
        let rest = jql.strip_prefix("project = \"APP\" AND labels = \"").unwrap();
        let (label, rest) = rest.split_once('"').unwrap();
        let of = |issue: &&Issue| issue.labels.iter().any(|held| held == label);
        let mut all: Vec<Issue> = state.issues.iter().filter(of).cloned().collect();
        match rest {
            " ORDER BY created" => {}
            rest => {
                // Within so many minutes: the clock of the tests stands at 10:30.
                let ago = rest.strip_prefix(" AND updated >= \"-").unwrap();
                let (minutes, order) = ago.split_once("m\" ORDER BY updated").unwrap();
                let minutes: u64 = minutes.parse().unwrap();
                all.retain(|issue| issue.updated + minutes * 60 >= 30 * 60);
                all.sort_by_key(|issue| issue.updated);
                match order {
                    "" => {}
                    " DESC" => all.reverse(),
                    other => panic!("{other}"),
                }
            }
        }
        all
    }

    fn label(issue: &mut Issue, update: &Value) {
        for one in update["labels"].as_array().into_iter().flatten() {
            if let Some(label) = one["add"].as_str() {
                assert!(!label.contains(' '));
                issue.labels.push(label.to_owned());
            }
            if let Some(label) = one["remove"].as_str() {
                issue.labels.retain(|held| held != label);
            }
        }
    }
}

impl Dialect for Jira {
    fn kind(&self) -> &'static str {
        if self.is_cloud { "jira" } else { "jira-server" }
    }
    fn path(&self) -> &'static str {
        "APP"
    }
    fn api(&self) -> &'static str {
        ""
    }
    fn token(&self) -> (&'static str, &'static str) {
        match self.is_cloud {
            true => ("JIRA_TOKEN", "ann@example.org:word"),
            false => ("JIRA_TOKEN", "pat"),
        }
    }
    fn login(&self) -> (&'static str, &'static str) {
        match self.is_cloud {
            // `ann@example.org:word`
            true => ("authorization", "Basic YW5uQGV4YW1wbGUub3JnOndvcmQ="),
            false => ("authorization", "Bearer pat"),
        }
    }

    fn answer(&self, asked: &Asked, state: &mut State) -> (u16, Value) {
        let path: Vec<&str> = asked.path.iter().map(String::as_str).collect();
        let version = if self.is_cloud { "3" } else { "2" };
        let ["rest", "api", said, rest @ ..] = path.as_slice() else { return missing() };
        assert_eq!(*said, version);
        let body = &asked.body;
        let number = |key: &str| key.strip_prefix("APP-").unwrap_or_default().to_owned();
        match (asked.method.as_str(), rest) {
            ("GET", ["issue", "createmeta", "APP", "issuetypes"]) => {
                let all =
                    json!([{ "id": "10001", "name": "Story" }, { "id": "10002", "name": "Task" }]);
                (200, self.page(asked, "issueTypes", &all))
            }
            ("GET", ["issue", "createmeta", "APP", "issuetypes", "10002"]) => {
                let field = |id: &str, required: bool| json!({ "fieldId": id, "name": id, "required": required, "hasDefaultValue": false });
                let mut all: Vec<Value> =
                    ["project", "issuetype", "summary"].iter().map(|id| field(id, true)).collect();
                all.extend(["description", "labels", "duedate"].iter().map(|id| field(id, false)));
                let mut points = field(POINTS, false);
                points["name"] = "Story Points".into();
                let mut components = field("components", false);
                components["allowedValues"] = json!([{ "id": "1", "name": "dependencies" }]);
                all.extend([points, components]);
                (200, self.page(asked, "fields", &all.into()))
            }
            ("GET", ["project", "APP"]) => (200, json!({ "key": "APP" })),
            ("GET", ["myself"]) if self.is_cloud => (200, json!({ "accountId": ME, "name": null })),
            ("GET", ["myself"]) => (200, json!({ "key": "JIRAUSER1", "name": ME })),
            ("POST", ["search", "jql"]) if self.is_cloud => {
                only(body, &["jql", "fields", "maxResults", "nextPageToken"]);
                let all = Jira::found(asked, state);
                let from: usize = body["nextPageToken"].as_str().map_or(0, |t| t.parse().unwrap());
                let size = usize::try_from(body["maxResults"].as_u64().unwrap()).unwrap();
                let fields = fields(&body["fields"]);
                let some: Vec<Value> =
                    all.iter().skip(from).take(size).map(|i| self.show(i, &fields)).collect();
                let end = from + some.len() >= all.len();
                let mut answer = json!({ "issues": some, "isLast": end });
                if !end {
                    answer["nextPageToken"] = (from + size).to_string().into();
                }
                (200, answer)
            }
            ("POST", ["search"]) if !self.is_cloud => {
                only(body, &["jql", "fields", "maxResults", "startAt"]);
                let all = Jira::found(asked, state);
                let from = usize::try_from(body["startAt"].as_u64().unwrap_or(0)).unwrap();
                let size = usize::try_from(body["maxResults"].as_u64().unwrap()).unwrap();
                let fields = fields(&body["fields"]);
                let some: Vec<Value> =
                    all.iter().skip(from).take(size).map(|i| self.show(i, &fields)).collect();
                (200, json!({ "issues": some, "total": all.len(), "startAt": from }))
            }
            ("POST", ["issue"]) => {
                let fields = &body["fields"];
                let known = [
                    "project",
                    "issuetype",
                    "summary",
                    "description",
                    "labels",
                    "duedate",
                    "components",
                    POINTS,
                ];
                only(fields, &known);
                assert_eq!(
                    (&fields["project"]["key"], &fields["issuetype"]["name"]),
                    (&json!("APP"), &json!("Task"))
                );
                let labels = fields["labels"].as_array().unwrap();
                let issue = state.file(Issue {
                    title: text(fields, "summary").to_owned(),
                    body: self.check(&fields["description"]),
                    state: "To Do".to_owned(),
                    labels: labels.iter().map(|l| l.as_str().unwrap().to_owned()).collect(),
                    due: fields["duedate"].clone(),
                    points: fields[POINTS].clone(),
                    ..Issue::default()
                });
                (
                    201,
                    json!({ "id": issue.number.to_string(), "key": format!("APP-{}", issue.number) }),
                )
            }
            ("GET", ["issue", key]) => {
                let fields: Vec<String> =
                    asked.one("fields").unwrap().split(',').map(str::to_owned).collect();
                let issue = state.issue(&number(key));
                issue.map_or_else(missing, |issue| (200, self.show(issue, &fields)))
            }
            ("PUT", ["issue", key]) => {
                only(body, &["fields", "update"]);
                let fields = &body["fields"];
                if fields.is_object() {
                    only(fields, &["summary", "description", "duedate"]);
                }
                let done = state.alter(&number(key), |issue| {
                    if let Some(title) = fields["summary"].as_str() {
                        issue.title = title.to_owned();
                    }
                    if !fields["description"].is_null() {
                        issue.body = self.check(&fields["description"]);
                    }
                    if fields.as_object().is_some_and(|f| f.contains_key("duedate")) {
                        issue.due = fields["duedate"].clone();
                    }
                    Jira::label(issue, &body["update"]);
                });
                done.map_or_else(missing, |_| (204, Value::Null))
            }
            ("GET", ["issue", key, "transitions"]) => {
                let Some(issue) = state.issue(&number(key)) else { return missing() };
                let to = |id: &str, name: &str, status: &str, category: &str| json!({ "id": id, "name": name, "to": { "name": status, "statusCategory": { "key": category } } });
                // What may be done is up to where it is.
                let all = match issue.state.as_str() {
                    "To Do" | "In Progress" => json!([
                        to("11", "Start", "In Progress", "indeterminate"),
                        to("41", "Decline", "Declined", "done"),
                        to("31", "Finish", "Done", "done"),
                    ]),
                    _ => json!([to("21", "Open again", "To Do", "new")]),
                };
                (200, json!({ "transitions": all }))
            }
            ("POST", ["issue", key, "transitions"]) => {
                only(body, &["transition"]);
                let (status, reason) = match body["transition"]["id"].as_str().unwrap() {
                    "31" => ("Done", "Done"),
                    "41" => ("Declined", "Declined"),
                    "21" => ("To Do", ""),
                    other => panic!("{other}"),
                };
                let done = state.alter(&number(key), |issue| {
                    (issue.state, issue.reason) = (status.to_owned(), reason.to_owned());
                });
                done.map_or_else(missing, |_| (204, Value::Null))
            }
            ("GET", ["issue", key, "comment"]) => {
                let Some(issue) = state.issue(&number(key)) else { return missing() };
                let from: usize = asked.one("startAt").unwrap().parse().unwrap();
                let said = issue.said.iter().skip(from).take(100);
                let all: Vec<Value> =
                    said.map(|(id, said)| json!({ "id": id.to_string(), "body": said })).collect();
                (200, json!({ "comments": all, "total": issue.said.len() }))
            }
            ("POST", ["issue", key, "comment"]) => {
                let said = self.check(&body["body"]);
                let done = state.alter(&number(key), |issue| issue.said.push((next(issue), said)));
                done.map_or_else(missing, |_| (201, json!({})))
            }
            ("PUT", ["issue", key, "comment", id]) => {
                let said = self.check(&body["body"]);
                let done = state.alter(&number(key), |issue| say_again(issue, id, &said));
                done.map_or_else(missing, |_| (200, json!({})))
            }
            _ => missing(),
        }
    }
}

fn fields(value: &Value) -> Vec<String> {
    value.as_array().unwrap().iter().map(|f| f.as_str().unwrap().to_owned()).collect()
}
