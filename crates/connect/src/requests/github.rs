//! GitHub, github.com or its server in a company: REST, version 2022-11-28.

use serde_json::{Value, json};

use super::api::{Api, Last, paged};
use super::{BRANCHES, Host, HostError, Listed, Request, State, Wish, named};

/// Requests in one answer.
const PAGE: usize = 100;
/// Answers that are read of one list.
const PAGES: usize = 20;

/// One repository.
pub(super) struct GitHub<'c> {
    pub(super) api: Api<'c>,
    pub(super) owner: String,
    pub(super) name: String,
}

impl GitHub<'_> {
    fn path<'p>(&'p self, rest: &[&'p str]) -> Vec<&'p str> {
        [&["repos", &self.owner, &self.name], rest].concat()
    }

    fn list(&self, query: &[(&str, &str)]) -> Result<(Vec<Request>, bool), HostError> {
        paged(PAGES, |page| {
            let (page, size) = ((page + 1).to_string(), PAGE.to_string());
            let query = [query, &[("per_page", &size), ("page", &page)]].concat();
            let answer = self.api.get(&self.path(&["pulls"]), &query)?.value;
            let Value::Array(some) = answer else {
                return Err(HostError::Strange("it is not a list".to_owned()));
            };
            let read: Vec<Request> = some.iter().map(read).collect::<Result<_, _>>()?;
            Ok((read, Last(some.len() < PAGE)))
        })
    }
}

impl Host for GitHub<'_> {
    fn all(&self) -> Result<Listed, HostError> {
        // The newest first.
        let (mut requests, cut) = self.list(&[("state", "all")])?;
        requests.retain(|request| request.branch.starts_with(BRANCHES));
        Ok(Listed { requests, cut })
    }

    fn open_ones(&self) -> Result<Vec<Request>, HostError> {
        let (mut all, _) = self.list(&[("state", "open")])?;
        all.retain(|request| request.branch.starts_with(BRANCHES));
        Ok(all)
    }

    fn find(&self, branch: &str) -> Result<Option<Request>, HostError> {
        let head = format!("{}:{branch}", self.owner);
        // The newest first.
        let (all, _) = self.list(&[("head", &head), ("state", "all")])?;
        let mut all = all.into_iter().filter(|request| request.branch == branch);
        let first = all.next();
        Ok(match first {
            Some(first) if first.state != State::Open => {
                Some(all.find(|request| request.state == State::Open).unwrap_or(first))
            }
            first => first,
        })
    }

    fn open(&self, wish: &Wish) -> Result<Request, HostError> {
        let body = json!({
            "title": wish.title, "head": wish.branch, "base": wish.base, "body": wish.body,
        });
        read(&self.api.send("POST", &self.path(&["pulls"]), &[], &body)?.value)
    }

    fn update(&self, number: u64, title: &str, body: &str) -> Result<(), HostError> {
        let number = number.to_string();
        let body = json!({ "title": title, "body": body });
        self.api.send("PATCH", &self.path(&["pulls", &number]), &[], &body).map(|_| ())
    }

    fn say(&self, number: u64, text: &str) -> Result<(), HostError> {
        let number = number.to_string();
        let path = self.path(&["issues", &number, "comments"]);
        self.api.send("POST", &path, &[], &json!({ "body": text })).map(|_| ())
    }

    fn close(&self, number: u64) -> Result<(), HostError> {
        let number = number.to_string();
        let body = json!({ "state": "closed" });
        self.api.send("PATCH", &self.path(&["pulls", &number]), &[], &body).map(|_| ())
    }

    fn merge(&self, number: u64, tip: &str) -> Result<(), HostError> {
        let number = number.to_string();
        let body = json!({ "sha": tip });
        self.api.send("PUT", &self.path(&["pulls", &number, "merge"]), &[], &body).map(|_| ())
    }

    fn label(&self, number: u64, add: &[&str], remove: &[&str]) -> Result<bool, HostError> {
        label(&self.api, (&self.owner, &self.name), number, (add, remove)).map(|()| true)
    }
}

/// Puts labels on a request or issue, and takes others off.
pub(crate) fn label(
    api: &Api<'_>,
    (owner, name): (&str, &str),
    number: u64,
    (add, remove): (&[&str], &[&str]),
) -> Result<(), HostError> {
    let number = number.to_string();
    let labels = ["repos", owner, name, "issues", &number, "labels"];
    if !add.is_empty() {
        api.send("POST", &labels, &[], &json!({ "labels": add }))?;
    }
    for label in remove {
        match api.send("DELETE", &[&labels[..], &[label]].concat(), &[], &Value::Null) {
            Ok(_) | Err(HostError::Missing(_)) => {}
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

fn read(value: &Value) -> Result<Request, HostError> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = value["number"].as_u64();
    let number = number.ok_or_else(|| HostError::Strange("a request has no number".to_owned()))?;
    let labels = value["labels"].as_array().into_iter().flatten();
    Ok(Request {
        number,
        branch: named(&text(&value["head"]["ref"]), &home(&value["head"]), &home(&value["base"])),
        base: text(&value["base"]["ref"]),
        title: text(&value["title"]),
        body: Some(text(&value["body"])),
        state: match (value["state"].as_str(), value["merged_at"].is_string()) {
            (_, true) => State::Merged,
            (Some("open"), _) => State::Open,
            _ => State::Closed,
        },
        labels: Some(labels.map(|label| text(&label["name"])).collect()),
        page: text(&value["html_url"]),
    })
}

/// Whose repository a branch is in, and which. A repository that is gone has no id; its owner is told all the same.
fn home(of: &Value) -> Value {
    let owner =
        of["label"].as_str().and_then(|label| label.split_once(':')).map(|(owner, _)| owner);
    json!([owner, of["repo"]["id"]])
}
