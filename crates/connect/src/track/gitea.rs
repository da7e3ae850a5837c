//! Issues of Gitea and Forgejo: REST, version 1. Labels have numbers; there are no points. What will not be done is closed
//! with a label.

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_model::ticket::{Change, LABEL, Life, Mark, Seen, Stage, Ticket, WONT_DO};

use super::github::{borrowed, last, noted};
use super::text::{self, Markup};
use super::{Changed, Tracker, day, in_order, marked, moment, number, some, string, unless_gone};
use crate::requests::HostError;
use crate::requests::api::Api;
use crate::requests::gitea::{known, label, list, numbered};

/// One repository.
pub(super) struct Gitea<'c> {
    pub(super) api: Api<'c>,
    pub(super) owner: String,
    pub(super) name: String,
}

impl Gitea<'_> {
    fn path<'p>(&'p self, rest: &[&'p str]) -> Vec<&'p str> {
        [&["repos", &self.owner, &self.name, "issues"], rest].concat()
    }

    fn of(&self) -> (&str, &str) {
        (&self.owner, &self.name)
    }

    fn ours(&self, query: &[(&str, &str)]) -> Result<(Vec<Seen>, bool), HostError> {
        // A label that the repository has not yet is looked over by it, and all issues come: then none is ours.
        if known(&self.api, self.of(), LABEL)?.is_none() {
            return Ok((Vec::new(), false));
        }
        let query = [&[("labels", LABEL), ("state", "all"), ("type", "issues")], query].concat();
        let (all, cut) = list(&self.api, &self.path(&[]), &query)?;
        let all: Vec<Seen> = all.iter().map(read).collect::<Result<_, _>>()?;
        let is_ours = |label: &str| label.eq_ignore_ascii_case(LABEL);
        let ours = all.into_iter().filter(|seen| seen.labels.iter().any(|label| is_ours(label)));
        Ok((ours.collect(), cut))
    }

    /// Comments, the first one first. The tracker gives all at once.
    fn comments(&self, key: &str) -> Result<Vec<Value>, HostError> {
        match self.api.get(&self.path(&[key, "comments"]), &[])?.value {
            Value::Array(all) => Ok(all),
            _ => Err(HostError::Strange("it is not a list".to_owned())),
        }
    }

    fn patch(&self, key: &str, body: &Value) -> Result<(), HostError> {
        number(key)?;
        self.api.send("PATCH", &self.path(&[key]), &[], body).map(|_| ())
    }
}

impl Tracker for Gitea<'_> {
    fn create(&self, ticket: &Ticket) -> Result<Seen, HostError> {
        let labels = ticket.labels();
        let labels = labels.iter().map(|label| numbered(&self.api, self.of(), label));
        let mut body = json!({
            "title": ticket.heading(),
            "body": text::first(Markup::Markdown, ticket, None),
            "labels": labels.collect::<Result<Vec<_>, _>>()?,
        });
        if let Some(due) = ticket.due {
            body["due_date"] = noon(due).into();
        }
        read(&self.api.send("POST", &self.path(&[]), &[], &body)?.value)
    }

    fn find(&self, mark: &Mark) -> Result<Vec<Seen>, HostError> {
        marked(self.ours(&[])?, mark, || self.ours(&[("q", mark.as_str())]))
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
            seen.reason = last(&self.comments(key)?);
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
        match ticket.due.filter(|_| change.due) {
            Some(due) => body["due_date"] = noon(due).into(),
            None if change.due => body["unset_due_date"] = true.into(),
            None => {}
        }
        // What can be done again is done first: the text says that all of it is written.
        let (add, remove) = borrowed(change);
        label(&self.api, self.of(), number(key)?, (&add, &remove))?;
        self.patch(key, &body)
    }

    fn note(&self, key: &str, mark: &Mark, text: &str) -> Result<(), HostError> {
        let body = json!({ "body": text::note(Markup::Markdown, mark, text) });
        match noted(&self.comments(key)?, mark) {
            Some(id) => self.api.send("PATCH", &self.path(&["comments", &id]), &[], &body),
            None => self.api.send("POST", &self.path(&[key, "comments"]), &[], &body),
        }
        .map(|_| ())
    }

    fn close(&self, key: &str) -> Result<(), HostError> {
        self.patch(key, &json!({ "state": "closed" }))
    }

    fn reopen(&self, key: &str) -> Result<(), HostError> {
        self.patch(key, &json!({ "state": "open" }))
    }

    fn label(&self, key: &str, name: &str) -> Result<(), HostError> {
        label(&self.api, self.of(), number(key)?, (&[name], &[]))
    }

    fn changed(&self, since: Timestamp) -> Result<Changed, HostError> {
        let at = since.to_string();
        let (all, cut) = self.ours(&[("since", &at)])?;
        Ok(in_order(all, since, cut))
    }
}

/// A moment within a day, wherever the tracker is: it keeps the day only.
fn noon(day: jiff::civil::Date) -> String {
    format!("{day}T12:00:00Z")
}

fn read(value: &Value) -> Result<Seen, HostError> {
    let number = value["number"].as_u64();
    let number = number.ok_or_else(|| HostError::Strange("a ticket has no number".to_owned()))?;
    let labels = value["labels"].as_array().into_iter().flatten();
    let labels: std::collections::BTreeSet<Box<str>> =
        labels.map(|label| string(&label["name"]).into()).collect();
    Ok(Seen {
        key: number.to_string().into(),
        number,
        author: some(&value["user"]["login"]),
        title: string(&value["title"]).into(),
        wrote: text::wrote(&value["body"]),
        stage: match value["state"].as_str() {
            Some("open") => Stage::Open,
            _ if labels.contains(WONT_DO) => Stage::WontDo,
            _ => Stage::Done,
        },
        reason: None,
        labels,
        due: day(&value["due_date"]),
        points: None,
        assignee: some(&value["assignee"]["login"]),
        sprint: some(&value["milestone"]["title"]),
        updated: moment(&value["updated_at"])?,
        page: string(&value["html_url"]).into(),
    })
}
