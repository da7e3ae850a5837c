//! GitLab: REST, version 4. A request is a merge request; its number is the one within the project.

use serde_json::{Value, json};

use super::api::{Api, Last, paged};
use super::{BRANCHES, Host, HostError, Listed, Request, State, Wish, named};

/// Requests in one answer.
const PAGE: usize = 100;
/// Answers that are read of one list.
const PAGES: usize = 20;

/// One project.
pub(super) struct GitLab<'c> {
    pub(super) api: Api<'c>,
    /// Groups and name, with `/`.
    pub(super) project: String,
}

impl GitLab<'_> {
    fn path<'p>(&'p self, rest: &[&'p str]) -> Vec<&'p str> {
        [&["projects", &self.project, "merge_requests"], rest].concat()
    }

    fn list(&self, query: &[(&str, &str)]) -> Result<(Vec<Request>, bool), HostError> {
        paged(PAGES, |page| {
            let (page, size) = ((page + 1).to_string(), PAGE.to_string());
            let rest = [("order_by", "created_at"), ("sort", "desc")];
            let query = [query, &rest, &[("per_page", &size), ("page", &page)]].concat();
            let answer = self.api.get(&self.path(&[]), &query)?.value;
            let Value::Array(some) = answer else {
                return Err(HostError::Strange("it is not a list".to_owned()));
            };
            let read: Vec<Request> = some.iter().map(read).collect::<Result<_, _>>()?;
            Ok((read, Last(some.len() < PAGE)))
        })
    }

    fn put(&self, number: u64, body: &Value) -> Result<(), HostError> {
        let number = number.to_string();
        self.api.send("PUT", &self.path(&[&number]), &[], body).map(|_| ())
    }
}

impl Host for GitLab<'_> {
    fn all(&self) -> Result<Listed, HostError> {
        let (mut requests, cut) = self.list(&[("state", "all")])?;
        requests.retain(|request| request.branch.starts_with(BRANCHES));
        Ok(Listed { requests, cut })
    }

    fn open_ones(&self) -> Result<Vec<Request>, HostError> {
        let (mut all, _) = self.list(&[("state", "opened")])?;
        all.retain(|request| request.branch.starts_with(BRANCHES));
        Ok(all)
    }

    fn find(&self, branch: &str) -> Result<Option<Request>, HostError> {
        let (mut all, _) = self.list(&[("source_branch", branch), ("state", "all")])?;
        all.retain(|request| request.branch == branch);
        let open = all.iter().position(|request| request.state == State::Open);
        Ok(all.into_iter().nth(open.unwrap_or(0)))
    }

    fn open(&self, wish: &Wish) -> Result<Request, HostError> {
        let body = json!({
            "source_branch": wish.branch,
            "target_branch": wish.base,
            "title": wish.title,
            "description": wish.body,
            "remove_source_branch": true,
        });
        read(&self.api.send("POST", &self.path(&[]), &[], &body)?.value)
    }

    fn update(&self, number: u64, title: &str, body: &str) -> Result<(), HostError> {
        self.put(number, &json!({ "title": title, "description": body }))
    }

    fn say(&self, number: u64, text: &str) -> Result<(), HostError> {
        let number = number.to_string();
        let path = self.path(&[&number, "notes"]);
        self.api.send("POST", &path, &[], &json!({ "body": text })).map(|_| ())
    }

    fn close(&self, number: u64) -> Result<(), HostError> {
        self.put(number, &json!({ "state_event": "close" }))
    }

    fn merge(&self, number: u64, tip: &str) -> Result<(), HostError> {
        let number = number.to_string();
        let path = self.path(&[&number, "merge"]);
        self.api.send("PUT", &path, &[], &json!({ "sha": tip })).map(|_| ())
    }

    fn label(&self, number: u64, add: &[&str], remove: &[&str]) -> Result<bool, HostError> {
        let body = json!({ "add_labels": add.join(","), "remove_labels": remove.join(",") });
        self.put(number, &body).map(|()| true)
    }
}

fn read(value: &Value) -> Result<Request, HostError> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = value["iid"].as_u64();
    let number = number.ok_or_else(|| HostError::Strange("a request has no number".to_owned()))?;
    let labels = value["labels"].as_array().into_iter().flatten();
    Ok(Request {
        number,
        branch: named(
            &text(&value["source_branch"]),
            &value["source_project_id"],
            &value["target_project_id"],
        ),
        base: text(&value["target_branch"]),
        title: text(&value["title"]),
        body: Some(text(&value["description"])),
        state: match value["state"].as_str() {
            // `locked`: it is being merged.
            Some("opened" | "locked") => State::Open,
            Some("merged") => State::Merged,
            _ => State::Closed,
        },
        labels: Some(labels.map(text).collect()),
        page: text(&value["web_url"]),
    })
}
