//! GitHub Issues: REST, version 2022-11-28. No due dates, no points; what will not be done is closed as *not planned*.

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_model::ticket::{Change, LABEL, Life, Mark, Seen, Stage, Ticket};

use super::text::{self, Markup};
use super::{Changed, Tracker, bounded, marked, moment, number, pages, some, string, unless_gone};
use crate::requests::HostError;
use crate::requests::api::{Api, Last, paged};
use crate::requests::github::label;

/// Things in one answer.
pub(super) const PAGE: usize = 100;
/// Answers that are read of one list.
pub(super) const PAGES: usize = 20;

/// One repository.
pub(super) struct GitHub<'c> {
    pub(super) api: Api<'c>,
    pub(super) owner: String,
    pub(super) name: String,
}

/// A list in numbered pages. True: there may be more.
pub(super) fn listed(
    api: &Api<'_>,
    path: &[&str],
    query: &[(&str, &str)],
) -> Result<(Vec<Value>, bool), HostError> {
    paged(PAGES, |page| {
        let (page, size) = ((page + 1).to_string(), PAGE.to_string());
        let query = [query, &[("per_page", &size), ("page", &page)]].concat();
        let Value::Array(some) = api.get(path, &query)?.value else {
            return Err(HostError::Strange("it is not a list".to_owned()));
        };
        let last = Last(some.len() < PAGE);
        Ok((some, last))
    })
}

impl GitHub<'_> {
    fn path<'p>(&'p self, rest: &[&'p str]) -> Vec<&'p str> {
        [&["repos", &self.owner, &self.name, "issues"], rest].concat()
    }

    fn list(&self, path: &[&str], query: &[(&str, &str)]) -> Result<(Vec<Value>, bool), HostError> {
        listed(&self.api, &self.path(path), query)
    }

    /// Tickets of Trimtab's. Requests are issues to it, and no tickets.
    fn ours(&self, query: &[(&str, &str)]) -> Result<(Vec<Seen>, bool), HostError> {
        let query = [&[("labels", LABEL), ("state", "all")], query].concat();
        let (all, cut) = self.list(&[], &query)?;
        let tickets = all.iter().filter(|issue| issue["pull_request"].is_null()).map(read);
        Ok((tickets.collect::<Result<_, _>>()?, cut))
    }

    fn patch(&self, key: &str, body: &Value) -> Result<(), HostError> {
        self.api.send("PATCH", &self.path(&[key]), &[], body).map(|_| ())
    }
}

impl Tracker for GitHub<'_> {
    fn create(&self, ticket: &Ticket) -> Result<Seen, HostError> {
        let body = json!({
            "title": ticket.heading(),
            "body": text::first(Markup::Markdown, ticket, None),
            "labels": ticket.labels(),
        });
        read(&self.api.send("POST", &self.path(&[]), &[], &body)?.value)
    }

    fn find(&self, mark: &Mark) -> Result<Vec<Seen>, HostError> {
        let newest = self.ours(&[("sort", "created"), ("direction", "desc")])?;
        marked(newest, mark, || {
            let (owner, name) = (&self.owner, &self.name);
            let words = format!("repo:{owner}/{name} is:issue in:body \"{mark}\"");
            let query = [("q", &*words), ("per_page", "100")];
            let answer = self.api.get(&["search", "issues"], &query)?.value;
            let Some(some) = answer["items"].as_array() else {
                return Err(HostError::Strange("it is not a list".to_owned()));
            };
            let all = some.iter().map(read).collect::<Result<_, _>>()?;
            Ok((all, answer["incomplete_results"] == true))
        })
    }

    fn me(&self) -> Result<Option<Box<str>>, HostError> {
        self.api.me(&["user"], |user| some(&user["login"]))
    }

    fn read(&self, key: &str) -> Result<Option<Seen>, HostError> {
        number(key)?;
        let answer = self.api.get(&self.path(&[key]), &[]);
        let project = || self.api.get(&["repos", &self.owner, &self.name], &[]);
        let Some(answer) = unless_gone(answer, project)? else { return Ok(None) };
        let mut seen = read(&answer.value)?;
        if seen.is_declined() {
            let (said, _) = self.list(&[key, "comments"], &[])?;
            seen.reason = last(&said);
        }
        Ok(Some(seen))
    }

    fn write(
        &self,
        key: &str,
        ticket: &Ticket,
        change: &Change,
        life: Life,
    ) -> Result<(), HostError> {
        let before = self.api.get(&self.path(&[key]), &[])?.value;
        let whole = text::again(Markup::Markdown, ticket, life, &before["body"]);
        let mut body = json!({ "body": whole });
        if change.title {
            body["title"] = ticket.heading().into();
        }
        // What can be done again is done first: the text says that all of it is written.
        let (add, remove) = borrowed(change);
        label(&self.api, (&self.owner, &self.name), number(key)?, (&add, &remove))?;
        self.patch(key, &body)
    }

    fn note(&self, key: &str, mark: &Mark, text: &str) -> Result<(), HostError> {
        let body = json!({ "body": text::note(Markup::Markdown, mark, text) });
        let (said, _) = self.list(&[key, "comments"], &[])?;
        match noted(&said, mark) {
            Some(id) => self.api.send("PATCH", &self.path(&["comments", &id]), &[], &body),
            None => self.api.send("POST", &self.path(&[key, "comments"]), &[], &body),
        }
        .map(|_| ())
    }

    fn close(&self, key: &str) -> Result<(), HostError> {
        self.patch(key, &json!({ "state": "closed", "state_reason": "completed" }))
    }

    fn reopen(&self, key: &str) -> Result<(), HostError> {
        self.patch(key, &json!({ "state": "open", "state_reason": "reopened" }))
    }

    fn label(&self, key: &str, name: &str) -> Result<(), HostError> {
        label(&self.api, (&self.owner, &self.name), number(key)?, (&[name], &[]))
    }

    fn changed(&self, since: Timestamp) -> Result<Changed, HostError> {
        pages(since, PAGES, |from, page| {
            let (from, page, size) = (from.to_string(), page.to_string(), PAGE.to_string());
            let query = [
                ("labels", LABEL),
                ("state", "all"),
                ("since", &from),
                ("sort", "updated"),
                ("direction", "asc"),
                ("per_page", &size),
                ("page", &page),
            ];
            let Value::Array(some) = self.api.get(&self.path(&[]), &query)?.value else {
                return Err(HostError::Strange("it is not a list".to_owned()));
            };
            let tickets = some.iter().filter(|issue| issue["pull_request"].is_null()).map(read);
            Ok((tickets.collect::<Result<_, _>>()?, some.len() >= PAGE))
        })
    }
}

/// Labels that come, and that go.
pub(super) fn borrowed(change: &Change) -> (Vec<&str>, Vec<&str>) {
    (
        change.add.iter().map(|label| &**label).collect(),
        change.remove.iter().map(|label| &**label).collect(),
    )
}

/// The id of the one note among comments with `body`.
pub(super) fn noted(said: &[Value], mark: &Mark) -> Option<String> {
    let note = said.iter().find(|comment| text::is_note(&comment["body"], mark))?;
    Some(match &note["id"] {
        Value::String(id) => id.clone(),
        id => id.to_string(),
    })
}

/// What people said last, of comments with `body`.
pub(super) fn last(said: &[Value]) -> Option<Box<str>> {
    let theirs = said.iter().rev().find(|comment| !text::is_ours(&comment["body"]))?;
    bounded(&text::plain(&theirs["body"]))
}

fn read(value: &Value) -> Result<Seen, HostError> {
    let number = value["number"].as_u64();
    let number = number.ok_or_else(|| HostError::Strange("a ticket has no number".to_owned()))?;
    let labels = value["labels"].as_array().into_iter().flatten();
    let labels = labels.map(|label| string(&label["name"]).into()).collect();
    Ok(Seen {
        key: number.to_string().into(),
        number,
        author: some(&value["user"]["login"]),
        title: string(&value["title"]).into(),
        wrote: text::wrote(&value["body"]),
        stage: match (value["state"].as_str(), value["state_reason"].as_str()) {
            (Some("open"), _) => Stage::Open,
            (_, Some("not_planned")) => Stage::WontDo,
            _ => Stage::Done,
        },
        reason: None,
        labels,
        due: None,
        points: None,
        assignee: some(&value["assignee"]["login"]),
        sprint: some(&value["milestone"]["title"]),
        updated: moment(&value["updated_at"])?,
        page: string(&value["html_url"]).into(),
    })
}
