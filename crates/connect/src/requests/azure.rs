//! Azure DevOps, its service or server: REST, version 7.1. Lists cut texts short and tell no labels.

use serde_json::{Value, json};

use super::api::{Api, Last, paged};
use super::{BRANCHES, Host, HostError, Listed, Request, State, Wish, named};

const VERSION: (&str, &str) = ("api-version", "7.1");
/// Requests in one answer.
const PAGE: usize = 100;
/// Answers that are read of one list.
const PAGES: usize = 20;
/// The most of Trimtab's whose texts and labels are asked for: two questions each.
const MOST: usize = 200;
/// Beginning of the full name of a branch.
const HEADS: &str = "refs/heads/";

/// One repository. The API's address ends with the project.
pub(super) struct Azure<'c> {
    pub(super) api: Api<'c>,
    pub(super) name: String,
    /// The address of the repository's pages.
    pub(super) pages: String,
}

impl Azure<'_> {
    fn path<'p>(&'p self, rest: &[&'p str]) -> Vec<&'p str> {
        [&["_apis", "git", "repositories", &self.name, "pullrequests"], rest].concat()
    }

    fn list(&self, query: &[(&str, &str)]) -> Result<(Vec<Request>, bool), HostError> {
        paged(PAGES, |page| {
            let (skip, size) = ((page * PAGE).to_string(), PAGE.to_string());
            let query = [query, &[("$top", &size), ("$skip", &skip), VERSION]].concat();
            let answer = self.api.get(&self.path(&[]), &query)?.value;
            let Some(some) = answer["value"].as_array() else {
                return Err(HostError::Strange("it is not a list".to_owned()));
            };
            let read: Vec<Request> =
                some.iter().map(|value| self.read(value, true)).collect::<Result<_, _>>()?;
            Ok((read, Last(some.len() < PAGE)))
        })
    }

    /// A request with its whole text and its labels.
    fn whole(&self, number: u64) -> Result<Request, HostError> {
        let number = number.to_string();
        let whole = self.api.get(&self.path(&[&number]), &[VERSION])?.value;
        self.labelled(self.read(&whole, false)?)
    }

    /// A request with its labels.
    fn labelled(&self, request: Request) -> Result<Request, HostError> {
        let number = request.number.to_string();
        let answer = self.api.get(&self.path(&[&number, "labels"]), &[VERSION])?.value;
        let labels = answer["value"].as_array().into_iter().flatten();
        let labels = labels.filter_map(|label| label["name"].as_str()).map(str::to_owned);
        Ok(Request { labels: Some(labels.collect()), ..request })
    }

    fn patch(&self, number: u64, body: &Value) -> Result<(), HostError> {
        let number = number.to_string();
        self.api.send("PATCH", &self.path(&[&number]), &[VERSION], body).map(|_| ())
    }

    fn read(&self, value: &Value, listed: bool) -> Result<Request, HostError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let branch = |value: &Value| {
            let full = text(value);
            full.strip_prefix(HEADS).map_or(full.clone(), str::to_owned)
        };
        // Only what comes from a fork has it.
        let from = match &value["forkSource"] {
            Value::Null => &value["repository"]["id"],
            fork => &fork["repository"]["id"],
        };
        let number = value["pullRequestId"].as_u64();
        let number =
            number.ok_or_else(|| HostError::Strange("a request has no number".to_owned()))?;
        Ok(Request {
            number,
            branch: named(&branch(&value["sourceRefName"]), from, &value["repository"]["id"]),
            base: branch(&value["targetRefName"]),
            title: text(&value["title"]),
            body: (!listed).then(|| text(&value["description"])),
            state: match value["status"].as_str() {
                Some("active") => State::Open,
                Some("completed") => State::Merged,
                _ => State::Closed,
            },
            labels: Some(Vec::new()),
            page: format!("{}/pullrequest/{number}", self.pages),
        })
    }
}

impl Host for Azure<'_> {
    fn all(&self) -> Result<Listed, HostError> {
        let (mut all, cut) = self.list(&[("searchCriteria.status", "all")])?;
        all.retain(|request| request.branch.starts_with(BRANCHES));
        all.sort_by_key(|request| std::cmp::Reverse(request.number));
        let cut = cut || all.len() > MOST;
        let requests = all.iter().take(MOST).map(|request| self.whole(request.number));
        Ok(Listed { requests: requests.collect::<Result<_, _>>()?, cut })
    }

    fn open_ones(&self) -> Result<Vec<Request>, HostError> {
        let (all, _) = self.list(&[("searchCriteria.status", "active")])?;
        let ours = all.into_iter().filter(|request| request.branch.starts_with(BRANCHES));
        ours.map(|request| self.labelled(request)).collect()
    }

    fn find(&self, branch: &str) -> Result<Option<Request>, HostError> {
        let full = format!("{HEADS}{branch}");
        let (mut all, _) = self
            .list(&[("searchCriteria.sourceRefName", &full), ("searchCriteria.status", "all")])?;
        all.retain(|request| request.branch == branch);
        let open = all.iter().find(|request| request.state == State::Open).cloned();
        let found = open.or_else(|| all.into_iter().max_by_key(|request| request.number));
        let Some(found) = found else { return Ok(None) };
        self.whole(found.number).map(Some)
    }

    fn open(&self, wish: &Wish) -> Result<Request, HostError> {
        let body = json!({
            "sourceRefName": format!("{HEADS}{}", wish.branch),
            "targetRefName": format!("{HEADS}{}", wish.base),
            "title": wish.title,
            "description": wish.body,
        });
        self.read(&self.api.send("POST", &self.path(&[]), &[VERSION], &body)?.value, false)
    }

    fn update(&self, number: u64, title: &str, body: &str) -> Result<(), HostError> {
        self.patch(number, &json!({ "title": title, "description": body }))
    }

    fn say(&self, number: u64, text: &str) -> Result<(), HostError> {
        let number = number.to_string();
        let body = json!({
            "comments": [{ "parentCommentId": 0, "content": text, "commentType": "text" }],
            "status": "active",
        });
        let mut path = self.path(&[&number, "threads"]);
        // Threads stand below another spelling of the same.
        if let Some(part) = path.get_mut(4) {
            *part = "pullRequests";
        }
        self.api.send("POST", &path, &[VERSION], &body).map(|_| ())
    }

    fn close(&self, number: u64) -> Result<(), HostError> {
        self.patch(number, &json!({ "status": "abandoned" }))
    }

    fn merge(&self, number: u64, tip: &str) -> Result<(), HostError> {
        let body = json!({ "status": "completed", "lastMergeSourceCommit": { "commitId": tip } });
        self.patch(number, &body)
    }

    fn label(&self, number: u64, add: &[&str], remove: &[&str]) -> Result<bool, HostError> {
        let number = number.to_string();
        for label in add {
            let path = self.path(&[&number, "labels"]);
            self.api.send("POST", &path, &[VERSION], &json!({ "name": label }))?;
        }
        for label in remove {
            let path = self.path(&[&number, "labels", label]);
            match self.api.send("DELETE", &path, &[VERSION], &Value::Null) {
                Ok(_) | Err(HostError::Missing(_)) => {}
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }

    /// The host takes 4,000.
    fn longest(&self) -> usize {
        4_000
    }
}
