//! GitLab Issues: REST, version 4. The number of a ticket is the one within the project; points are its weight, which not
//! every edition has. What will not be done is closed with a label.

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_model::ticket::{Change, LABEL, Life, Mark, Seen, Stage, Ticket, WONT_DO};

use super::github::{PAGE, PAGES, borrowed, last, listed, noted};
use super::text::{self, Markup};
use super::{Changed, Tracker, day, marked, moment, number, pages, some, string, unless_gone};
use crate::requests::HostError;
use crate::requests::api::Api;

/// One project.
pub(super) struct GitLab<'c> {
    pub(super) api: Api<'c>,
    /// Groups and name, with `/`.
    pub(super) project: String,
}

impl GitLab<'_> {
    fn path<'p>(&'p self, rest: &[&'p str]) -> Vec<&'p str> {
        [&["projects", &self.project, "issues"], rest].concat()
    }

    fn list(&self, path: &[&str], query: &[(&str, &str)]) -> Result<(Vec<Value>, bool), HostError> {
        listed(&self.api, &self.path(path), query)
    }

    fn ours(&self, query: &[(&str, &str)]) -> Result<(Vec<Seen>, bool), HostError> {
        let query = [&[("labels", LABEL), ("scope", "all")], query].concat();
        let (all, cut) = self.list(&[], &query)?;
        Ok((all.iter().map(read).collect::<Result<_, _>>()?, cut))
    }

    /// Comments, the first one first.
    fn notes(&self, key: &str) -> Result<Vec<Value>, HostError> {
        let query = [("sort", "asc"), ("order_by", "created_at")];
        let (mut all, _) = self.list(&[key, "notes"], &query)?;
        // What the tracker notes itself is said by nobody.
        all.retain(|note| note["system"] != true);
        Ok(all)
    }

    fn put(&self, key: &str, body: &Value) -> Result<(), HostError> {
        number(key)?;
        self.api.send("PUT", &self.path(&[key]), &[], body).map(|_| ())
    }
}

impl Tracker for GitLab<'_> {
    fn create(&self, ticket: &Ticket) -> Result<Seen, HostError> {
        let labels: Vec<Box<str>> = ticket.labels().into_iter().collect();
        // A weight is whole.
        let weight = ticket.points.map(|points| points.round().clamp(0.0, 1e6) as u32);
        let mut body = json!({
            "title": ticket.heading(),
            "description": text::first(Markup::Markdown, ticket, weight.map(f64::from)),
            "labels": labels.join(","),
        });
        if let Some(due) = ticket.due {
            body["due_date"] = due.to_string().into();
        }
        if let Some(weight) = weight {
            body["weight"] = weight.into();
        }
        read(&self.api.send("POST", &self.path(&[]), &[], &body)?.value)
    }

    fn find(&self, mark: &Mark) -> Result<Vec<Seen>, HostError> {
        let newest = [("order_by", "created_at"), ("sort", "desc")];
        let words = [("search", mark.as_str()), ("in", "description")];
        marked(self.ours(&newest)?, mark, || self.ours(&[&newest[..], &words].concat()))
    }

    fn me(&self) -> Result<Option<Box<str>>, HostError> {
        self.api.me(&["user"], |user| some(&user["username"]))
    }

    fn read(&self, key: &str) -> Result<Option<Seen>, HostError> {
        number(key)?;
        let answer = self.api.get(&self.path(&[key]), &[]);
        let project = || self.api.get(&["projects", &self.project], &[]);
        let Some(answer) = unless_gone(answer, project)? else { return Ok(None) };
        let mut seen = read(&answer.value)?;
        if seen.is_declined() {
            seen.reason = last(&self.notes(key)?);
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
        let whole = text::again(Markup::Markdown, ticket, life, &before["description"]);
        let mut body = json!({ "description": whole });
        if change.title {
            body["title"] = ticket.heading().into();
        }
        if change.due {
            // `null` takes it away.
            body["due_date"] = ticket.due.map(|due| due.to_string()).into();
        }
        let (add, remove) = borrowed(change);
        for (name, labels) in [("add_labels", add), ("remove_labels", remove)] {
            if !labels.is_empty() {
                body[name] = labels.join(",").into();
            }
        }
        self.put(key, &body)
    }

    fn note(&self, key: &str, mark: &Mark, text: &str) -> Result<(), HostError> {
        let body = json!({ "body": text::note(Markup::Markdown, mark, text) });
        match noted(&self.notes(key)?, mark) {
            Some(id) => self.api.send("PUT", &self.path(&[key, "notes", &id]), &[], &body),
            None => self.api.send("POST", &self.path(&[key, "notes"]), &[], &body),
        }
        .map(|_| ())
    }

    fn close(&self, key: &str) -> Result<(), HostError> {
        self.put(key, &json!({ "state_event": "close" }))
    }

    fn reopen(&self, key: &str) -> Result<(), HostError> {
        self.put(key, &json!({ "state_event": "reopen" }))
    }

    fn label(&self, key: &str, name: &str) -> Result<(), HostError> {
        self.put(key, &json!({ "add_labels": name }))
    }

    fn changed(&self, since: Timestamp) -> Result<Changed, HostError> {
        pages(since, PAGES, |from, page| {
            let (from, page, size) = (from.to_string(), page.to_string(), PAGE.to_string());
            let query = [
                ("labels", LABEL),
                ("scope", "all"),
                ("updated_after", &from),
                ("order_by", "updated_at"),
                ("sort", "asc"),
                ("per_page", &size),
                ("page", &page),
            ];
            let Value::Array(some) = self.api.get(&self.path(&[]), &query)?.value else {
                return Err(HostError::Strange("it is not a list".to_owned()));
            };
            Ok((some.iter().map(read).collect::<Result<_, _>>()?, some.len() >= PAGE))
        })
    }

    fn lacks(&self, _: &[String]) -> Result<Vec<String>, HostError> {
        // Editions without weights leave the field out of their answers.
        let query = [("scope", "all"), ("per_page", "1")];
        let Value::Array(some) = self.api.get(&self.path(&[]), &query)?.value else {
            return Err(HostError::Strange("it is not a list".to_owned()));
        };
        let said = match some.first() {
            Some(issue) if issue.get("weight").is_some() => return Ok(Vec::new()),
            Some(_) => {
                "This GitLab has no weights, as its free edition has none: points that people set are not read back."
            }
            None => {
                "Whether this GitLab has weights for points is not known before the project has an issue."
            }
        };
        Ok(vec![said.to_owned()])
    }
}

fn read(value: &Value) -> Result<Seen, HostError> {
    let number = value["iid"].as_u64();
    let number = number.ok_or_else(|| HostError::Strange("a ticket has no number".to_owned()))?;
    let labels = value["labels"].as_array().into_iter().flatten();
    let labels: std::collections::BTreeSet<Box<str>> =
        labels.map(|label| string(label).into()).collect();
    Ok(Seen {
        key: number.to_string().into(),
        number,
        author: some(&value["author"]["username"]),
        title: string(&value["title"]).into(),
        wrote: text::wrote(&value["description"]),
        stage: match value["state"].as_str() {
            Some("opened") => Stage::Open,
            _ if labels.contains(WONT_DO) => Stage::WontDo,
            _ => Stage::Done,
        },
        reason: None,
        labels,
        due: day(&value["due_date"]),
        points: value["weight"].as_f64(),
        assignee: some(&value["assignees"][0]["username"]),
        sprint: some(&value["iteration"]["title"]).or_else(|| some(&value["milestone"]["title"])),
        updated: moment(&value["updated_at"])?,
        page: string(&value["web_url"]).into(),
    })
}
