//! Azure Boards, its service or server: REST, version 7.1. Changes are JSON patches, texts are HTML, labels are tags in one field,
//! and points, due date and states are fields and words of each process.

use std::collections::BTreeSet;

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use trimtab_model::ticket::{Change, LABEL, Life, Mark, Seen, Stage, Ticket, WONT_DO};

use super::text::{self, Markup};
use super::{
    Changed, NONE, Settings, Tracker, bounded, in_order, lacking, marked, moment, number, some,
    string, unless_gone,
};
use crate::requests::HostError;
use crate::requests::api::{Api, Last, paged};

const VERSION: (&str, &str) = ("api-version", "7.1");
/// Comments are still a preview there.
const COMMENTS: (&str, &str) = ("api-version", "7.1-preview.4");
/// The type of changes.
const PATCH: &str = "application/json-patch+json";
/// The most tickets that are told by one question, and by one answer of their fields.
const MOST: usize = 2_000;
const PAGE: usize = 200;
/// Answers that are read of the comments of a ticket.
const PAGES: usize = 20;
/// The usual field of the due date.
const DUE: &str = "Microsoft.VSTS.Scheduling.DueDate";
/// The usual field of points.
const POINTS: &str = "Microsoft.VSTS.Scheduling.StoryPoints";
/// States in which nothing is to be done any more, in the processes that come with it.
const CLOSED: &[&str] = &["closed", "done", "completed", "resolved"];
/// The state of what is taken off the board.
const REMOVED: &str = "removed";

/// One project. The API's address ends with it.
pub(super) struct Azure<'c> {
    api: Api<'c>,
    name: String,
    settings: Settings,
    /// Where its pages are.
    pages: String,
}

impl<'c> Azure<'c> {
    pub(super) fn new(api: Api<'c>, name: String, settings: Settings, address: &str) -> Azure<'c> {
        // Empty from here on: there is none.
        let or = |said: &String, usual: &str| match said.as_str() {
            "" => usual.to_owned(),
            NONE => String::new(),
            said => said.to_owned(),
        };
        let settings = Settings {
            due: or(&settings.due, DUE),
            points: or(&settings.points, POINTS),
            done: or(&settings.done, "Closed"),
            open: or(&settings.open, "New"),
            ..settings
        };
        let pages = format!("{}/_workitems/edit", address.trim_end_matches('/'));
        Azure { api, name, settings, pages }
    }

    /// Sets a field, which is replaced where it is there.
    fn set(field: &str, value: impl Into<Value>) -> Value {
        json!({ "op": "add", "path": format!("/fields/{field}"), "value": value.into() })
    }

    /// Sets tags: to add some leaves those that are there.
    fn set_tags(before: &BTreeSet<Box<str>>, tags: &BTreeSet<Box<str>>) -> Value {
        let op = if before.is_empty() { "add" } else { "replace" };
        json!({ "op": op, "path": "/fields/System.Tags", "value": joined(tags) })
    }

    /// The due date, where there is a field for it.
    fn due(&self, ticket: &Ticket) -> Option<jiff::civil::Date> {
        ticket.due.filter(|_| !self.settings.due.is_empty())
    }

    fn patch(&self, key: &str, changes: Vec<Value>) -> Result<(), HostError> {
        number(key)?;
        let path = ["_apis", "wit", "workitems", key];
        let changes = Value::Array(changes);
        self.api.send_as(PATCH, ("PATCH", &path), &[VERSION], &changes).map(|_| ())
    }

    /// A list below the types of tickets.
    fn kinds(&self, rest: &[&str]) -> Result<Vec<Value>, HostError> {
        let path = [&["_apis", "wit", "workitemtypes"], rest].concat();
        let answer = self.api.get(&path, &[VERSION])?.value;
        let all = answer["value"].as_array().cloned();
        all.ok_or_else(|| HostError::Strange("it is not a list".to_owned()))
    }

    fn item(&self, key: &str) -> Result<Value, HostError> {
        number(key)?;
        Ok(self.api.get(&["_apis", "wit", "workitems", key], &[VERSION])?.value)
    }

    /// Tickets of Trimtab's of which something holds, in an order. True: there may be more.
    fn search(&self, holds: &str, order: &str) -> Result<(Vec<Seen>, bool), HostError> {
        let query = format!(
            "SELECT [System.Id] FROM WorkItems WHERE [System.TeamProject] = '{}' AND [System.Tags] CONTAINS '{LABEL}' \
             AND {holds} ORDER BY {order}",
            self.name.replace('\'', "''"),
        );
        let most = MOST.to_string();
        let asked = [VERSION, ("$top", &*most), ("timePrecision", "true")];
        let lost = |error: &HostError| matches!(error, HostError::Lost(_));
        let body = json!({ "query": query });
        let send = || self.api.send("POST", &["_apis", "wit", "wiql"], &asked, &body);
        let answer = self.api.insist(lost, send)?.value;
        let Some(items) = answer["workItems"].as_array() else {
            return Err(HostError::Strange("it is not a list".to_owned()));
        };
        let ids: Vec<String> =
            items.iter().filter_map(|item| Some(item["id"].as_u64()?.to_string())).collect();
        let mut all = Vec::with_capacity(ids.len());
        for some in ids.chunks(PAGE) {
            let asked = [VERSION, ("ids", &*some.join(",")), ("errorPolicy", "omit")];
            let answer = self.api.get(&["_apis", "wit", "workitems"], &asked)?.value;
            // One that went meanwhile is `null`.
            let items = answer["value"].as_array().into_iter().flatten();
            for item in items.filter(|item| !item.is_null()) {
                all.push(self.seen(item)?);
            }
        }
        Ok((all, ids.len() >= MOST))
    }

    /// Comments, the first one first.
    fn comments(&self, key: &str) -> Result<Vec<Value>, HostError> {
        number(key)?;
        let mut next = String::new();
        let path = ["_apis", "wit", "workItems", key, "comments"];
        let (all, _) = paged(PAGES, |page| {
            let size = PAGE.to_string();
            let mut query = vec![COMMENTS, ("$top", &*size), ("order", "asc")];
            if page > 0 {
                query.push(("continuationToken", &next));
            }
            let answer = self.api.get(&path, &query)?.value;
            let Some(some) = answer["comments"].as_array() else {
                return Err(HostError::Strange("it is not a list".to_owned()));
            };
            let last = Last(answer["continuationToken"].is_null());
            let some = some.clone();
            next = string(&answer["continuationToken"]);
            Ok((some, last))
        })?;
        Ok(all)
    }

    fn seen(&self, item: &Value) -> Result<Seen, HostError> {
        let number = item["id"].as_u64();
        let number =
            number.ok_or_else(|| HostError::Strange("a ticket has no number".to_owned()))?;
        let fields = &item["fields"];
        let tags = tags(fields);
        let state = string(&fields["System.State"]).to_lowercase();
        let done = state == self.settings.done.to_lowercase() || CLOSED.contains(&&*state);
        let path = string(&fields["System.IterationPath"]);
        let own = |field: &String| match field.is_empty() {
            true => &Value::Null,
            false => &fields[&**field],
        };
        Ok(Seen {
            key: number.to_string().into(),
            number,
            // Who has the token is told by another API.
            author: None,
            title: string(&fields["System.Title"]).into(),
            wrote: text::wrote(&fields["System.Description"]),
            stage: match done {
                _ if state == REMOVED => Stage::WontDo,
                true if tags.contains(WONT_DO) => Stage::WontDo,
                true => Stage::Done,
                false => Stage::Open,
            },
            reason: None,
            labels: tags,
            due: nearest(own(&self.settings.due)),
            points: own(&self.settings.points).as_f64(),
            assignee: some(&fields["System.AssignedTo"]["displayName"])
                .or_else(|| some(&fields["System.AssignedTo"])),
            // The root is the project itself, which is no sprint.
            sprint: path.contains('\\').then(|| path.as_str().into()),
            updated: moment(&fields["System.ChangedDate"])?,
            page: format!("{}/{number}", self.pages).into(),
        })
    }
}

/// A moment within a day, wherever people are.
fn noon(day: jiff::civil::Date) -> String {
    format!("{day}T12:00:00Z")
}

/// The day that a moment is of: people's days begin at their own midnight.
fn nearest(value: &Value) -> Option<jiff::civil::Date> {
    let at = moment(value).ok()?.checked_add(SignedDuration::from_secs(12 * 60 * 60 - 1)).ok()?;
    Some(at.to_zoned(TimeZone::UTC).date())
}

/// Tags are one text, parted by `;`.
fn tags(fields: &Value) -> BTreeSet<Box<str>> {
    let text = string(&fields["System.Tags"]);
    text.split(';').map(str::trim).filter(|tag| !tag.is_empty()).map(Into::into).collect()
}

fn joined(tags: &BTreeSet<Box<str>>) -> String {
    tags.iter().map(|tag| &**tag).collect::<Vec<_>>().join("; ")
}

impl Tracker for Azure<'_> {
    fn create(&self, ticket: &Ticket) -> Result<Seen, HostError> {
        let points = ticket.points.filter(|_| !self.settings.points.is_empty());
        let text = text::first(Markup::Html, ticket, points);
        let mut changes = vec![
            Azure::set("System.Title", ticket.heading()),
            Azure::set("System.Description", text),
            Azure::set_tags(&BTreeSet::new(), &ticket.labels()),
        ];
        changes.extend(self.due(ticket).map(|due| Azure::set(&self.settings.due, noon(due))));
        changes.extend(points.map(|points| Azure::set(&self.settings.points, points)));
        if let Some(area) = &ticket.component {
            changes.push(Azure::set("System.AreaPath", &**area));
        }
        let kind = format!("${}", self.settings.kind);
        let path = ["_apis", "wit", "workitems", &kind];
        let changes = Value::Array(changes);
        let made = self.api.send_as(PATCH, ("POST", &path), &[VERSION], &changes)?;
        self.seen(&made.value)
    }

    fn find(&self, mark: &Mark) -> Result<Vec<Seen>, HostError> {
        // Texts are searched by words and not by letters, in an index: what is there with the tag is looked at first.
        let newest = self.search("[System.Id] > 0", "[System.Id] DESC")?;
        let words = format!("[System.Description] CONTAINS WORDS '{mark}'");
        marked(newest, mark, || self.search(&words, "[System.Id] DESC"))
    }

    fn me(&self) -> Result<Option<Box<str>>, HostError> {
        Ok(None)
    }

    fn read(&self, key: &str) -> Result<Option<Seen>, HostError> {
        let project = || self.api.get(&["_apis", "wit", "workitemtypes"], &[VERSION]);
        let Some(item) = unless_gone(self.item(key), project)? else { return Ok(None) };
        let mut seen = self.seen(&item)?;
        if seen.is_declined() {
            let said = self.comments(key)?;
            let theirs = said.iter().rev().find(|comment| !text::is_ours(&comment["text"]));
            seen.reason = theirs.and_then(|comment| bounded(&shown(&string(&comment["text"]))));
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
        let item = self.item(key)?;
        let fields = &item["fields"];
        let text = text::again(Markup::Html, ticket, life, &fields["System.Description"]);
        // Refused, if somebody changed it in between.
        let mut changes = vec![
            json!({ "op": "test", "path": "/rev", "value": item["rev"] }),
            Azure::set("System.Description", text),
        ];
        if change.title {
            changes.push(Azure::set("System.Title", ticket.heading()));
        }
        match self.due(ticket).filter(|_| change.due) {
            Some(due) => changes.push(Azure::set(&self.settings.due, noon(due))),
            None if change.due && !self.settings.due.is_empty() => {
                let path = format!("/fields/{}", self.settings.due);
                changes.push(json!({ "op": "remove", "path": path }));
            }
            None => {}
        }
        if !change.add.is_empty() || !change.remove.is_empty() {
            let before = tags(fields);
            let mut tags = before.clone();
            tags.retain(|tag| !change.remove.contains(tag));
            tags.extend(change.add.iter().cloned());
            changes.push(Azure::set_tags(&before, &tags));
        }
        self.patch(key, changes)
    }

    fn note(&self, key: &str, mark: &Mark, text: &str) -> Result<(), HostError> {
        let body = json!({ "text": text::note(Markup::Html, mark, text) });
        let said = self.comments(key)?;
        let note = said.iter().find(|comment| text::is_note(&comment["text"], mark));
        let path = ["_apis", "wit", "workItems", key, "comments"];
        match note.map(|note| note["id"].to_string()) {
            Some(id) => self.api.send("PATCH", &[&path[..], &[&id]].concat(), &[COMMENTS], &body),
            None => self.api.send("POST", &path, &[COMMENTS], &body),
        }
        .map(|_| ())
    }

    fn close(&self, key: &str) -> Result<(), HostError> {
        self.patch(key, vec![Azure::set("System.State", &*self.settings.done)])
    }

    fn reopen(&self, key: &str) -> Result<(), HostError> {
        self.patch(key, vec![Azure::set("System.State", &*self.settings.open)])
    }

    fn label(&self, key: &str, name: &str) -> Result<(), HostError> {
        let item = self.item(key)?;
        let before = tags(&item["fields"]);
        let mut tags = before.clone();
        tags.insert(name.into());
        let changes = vec![
            json!({ "op": "test", "path": "/rev", "value": item["rev"] }),
            Azure::set_tags(&before, &tags),
        ];
        self.patch(key, changes)
    }

    fn changed(&self, since: Timestamp) -> Result<Changed, HostError> {
        let holds = format!("[System.ChangedDate] >= '{since}'");
        let (all, cut) = self.search(&holds, "[System.ChangedDate] ASC")?;
        Ok(in_order(all, since, cut))
    }

    fn lacks(&self, _: &[String]) -> Result<Vec<String>, HostError> {
        let kinds = self.kinds(&[])?;
        let kind = &self.settings.kind;
        let found = kinds.iter().find(|one| string(&one["name"]).eq_ignore_ascii_case(kind));
        let Some(found) = found else { return Ok(vec![lacking::no_kind(kind, &kinds)]) };
        let name = string(&found["name"]);
        let (fields, states) = (self.kinds(&[&name, "fields"])?, self.kinds(&[&name, "states"])?);
        Ok(lacking::of_azure(&self.settings, &fields, &states))
    }
}

/// The characters of HTML.
fn shown(html: &str) -> String {
    let mut text = String::with_capacity(html.len());
    let mut within = false;
    for c in html.chars() {
        match c {
            '<' => within = true,
            '>' if within => within = false,
            c if !within => text.push(c),
            _ => {}
        }
    }
    // The last, so that nothing is read twice.
    let spelt = [("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", "\""), ("&#39;", "'")];
    for (from, to) in spelt {
        text = text.replace(from, to);
    }
    text.replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_due_date_is_the_day_of_people_wherever_they_are() {
        let day = "2026-12-24".parse().unwrap();
        let ours = noon(day);
        for text in [&*ours, "2026-12-24T00:00:00Z", "2026-12-23T22:00:00Z", "2026-12-24T08:00:00Z"]
        {
            assert_eq!(nearest(&text.into()), Some(day), "{text}");
        }
        assert_eq!(nearest(&Value::Null), None);
    }
}
