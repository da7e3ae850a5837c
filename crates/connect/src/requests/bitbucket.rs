//! Bitbucket Cloud: REST, version 2.0. It has no labels for requests.

use serde_json::{Value, json};

use super::api::{Api, Last, paged};
use super::{BRANCHES, Host, HostError, Listed, Request, State, Wish, named};

/// Requests in one answer: the most that the host gives.
const PAGE: usize = 50;
/// Answers that are read of one list.
const PAGES: usize = 40;
/// Every state.
const STATES: [(&str, &str); 4] =
    [("state", "OPEN"), ("state", "MERGED"), ("state", "DECLINED"), ("state", "SUPERSEDED")];

/// One repository.
pub(super) struct Bitbucket<'c> {
    pub(super) api: Api<'c>,
    pub(super) workspace: String,
    pub(super) name: String,
}

impl Bitbucket<'_> {
    fn path<'p>(&'p self, rest: &[&'p str]) -> Vec<&'p str> {
        [&["repositories", &self.workspace, &self.name, "pullrequests"], rest].concat()
    }

    fn list(&self, query: &[(&str, &str)]) -> Result<(Vec<Request>, bool), HostError> {
        paged(PAGES, |page| {
            let (page, size) = ((page + 1).to_string(), PAGE.to_string());
            let rest = [("sort", "-created_on"), ("pagelen", &*size), ("page", &*page)];
            let query = [query, &rest].concat();
            let answer = self.api.get(&self.path(&[]), &query)?.value;
            let Some(some) = answer["values"].as_array() else {
                return Err(HostError::Strange("it is not a list".to_owned()));
            };
            let read: Vec<Request> = some.iter().map(read).collect::<Result<_, _>>()?;
            // The host names the next page as an address; it is not followed, only counted.
            Ok((read, Last(!answer["next"].is_string())))
        })
    }
}

impl Host for Bitbucket<'_> {
    fn all(&self) -> Result<Listed, HostError> {
        let (mut requests, cut) = self.list(&STATES)?;
        requests.retain(|request| request.branch.starts_with(BRANCHES));
        Ok(Listed { requests, cut })
    }

    fn open_ones(&self) -> Result<Vec<Request>, HostError> {
        let (mut all, _) = self.list(&[("state", "OPEN")])?;
        all.retain(|request| request.branch.starts_with(BRANCHES));
        Ok(all)
    }

    fn find(&self, branch: &str) -> Result<Option<Request>, HostError> {
        let query = format!("source.branch.name = \"{}\"", branch.replace(['"', '\\'], ""));
        let (mut all, _) = self.list(&[&[("q", &*query)], &STATES[..]].concat())?;
        all.retain(|request| request.branch == branch);
        let open = all.iter().position(|request| request.state == State::Open);
        Ok(all.into_iter().nth(open.unwrap_or(0)))
    }

    fn open(&self, wish: &Wish) -> Result<Request, HostError> {
        let body = json!({
            "title": wish.title,
            "description": wish.body,
            "source": { "branch": { "name": wish.branch } },
            "destination": { "branch": { "name": wish.base } },
            "close_source_branch": true,
        });
        read(&self.api.send("POST", &self.path(&[]), &[], &body)?.value)
    }

    fn update(&self, number: u64, title: &str, body: &str) -> Result<(), HostError> {
        let number = number.to_string();
        let body = json!({ "title": title, "description": body });
        self.api.send("PUT", &self.path(&[&number]), &[], &body).map(|_| ())
    }

    fn say(&self, number: u64, text: &str) -> Result<(), HostError> {
        let number = number.to_string();
        let path = self.path(&[&number, "comments"]);
        self.api.send("POST", &path, &[], &json!({ "content": { "raw": text } })).map(|_| ())
    }

    fn close(&self, number: u64) -> Result<(), HostError> {
        let number = number.to_string();
        self.api.send("POST", &self.path(&[&number, "decline"]), &[], &Value::Null).map(|_| ())
    }

    /// The host has no labels, so that nobody can approve by one.
    fn merge(&self, _: u64, _: &str) -> Result<(), HostError> {
        Err(HostError::Refused("labels cannot approve there".to_owned()))
    }

    fn label(&self, _: u64, _: &[&str], _: &[&str]) -> Result<bool, HostError> {
        Ok(false)
    }

    /// The host takes 32,768 bytes: a character may have up to four.
    fn longest(&self) -> usize {
        8_000
    }
}

fn read(value: &Value) -> Result<Request, HostError> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let number = value["id"].as_u64();
    let number = number.ok_or_else(|| HostError::Strange("a request has no number".to_owned()))?;
    Ok(Request {
        number,
        branch: named(
            &text(&value["source"]["branch"]["name"]),
            &value["source"]["repository"]["full_name"],
            &value["destination"]["repository"]["full_name"],
        ),
        base: text(&value["destination"]["branch"]["name"]),
        title: text(&value["title"]),
        body: value["description"].as_str().map(str::to_owned),
        state: match value["state"].as_str() {
            Some("OPEN") => State::Open,
            Some("MERGED") => State::Merged,
            _ => State::Closed,
        },
        labels: None,
        page: text(&value["links"]["html"]["href"]),
    })
}
