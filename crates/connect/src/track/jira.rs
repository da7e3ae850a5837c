//! Jira: Cloud speaks version 3 of its API, with documents for texts and pages that are marked; Data Center version 2, with its own
//! notation and pages by number. A ticket has a label with its mark, as texts are not searched by their letters. Points and sprint
//! are fields of each site.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde_json::{Value, json};
use trimtab_model::ticket::{Change, LABEL, Life, Mark, Seen, Stage, Ticket, WONT_DO};

use super::github::{last, noted};
use super::text::{self, Markup};
use super::{
    Changed, Settings, Tracker, day, in_order, lacking, marked, moment, some, string, unless_gone,
};
use crate::requests::HostError;
use crate::requests::api::{Api, Last, paged};

/// Tickets in one answer.
const PAGE: usize = 100;
/// Answers that are read of one list.
const PAGES: usize = 20;
/// How resolutions are called that mean: it will not be done.
const WONT: &[&str] =
    &["won't do", "won't fix", "declined", "rejected", "wontfix", "cannot reproduce", "abandoned"];

/// One project.
pub(super) struct Jira<'c> {
    pub(super) api: Api<'c>,
    pub(super) key: String,
    pub(super) settings: Settings,
    pub(super) is_cloud: bool,
    /// Where its pages are.
    pub(super) site: String,
}

impl Jira<'_> {
    fn path<'p>(&self, rest: &[&'p str]) -> Vec<&'p str> {
        [&["rest", "api", if self.is_cloud { "3" } else { "2" }], rest].concat()
    }

    fn markup(&self) -> Markup {
        if self.is_cloud { Markup::Adf } else { Markup::Wiki }
    }

    /// The fields that are asked for.
    fn fields(&self) -> Vec<&str> {
        let usual = [
            "summary",
            "description",
            "status",
            "resolution",
            "labels",
            "duedate",
            "assignee",
            "creator",
            "updated",
        ];
        let own = [&*self.settings.points, &*self.settings.sprint];
        usual.into_iter().chain(own.into_iter().filter(|field| !field.is_empty())).collect()
    }

    /// Tickets by a question in JQL. True: there are more.
    fn search(&self, jql: &str) -> Result<(Vec<Seen>, bool), HostError> {
        let mut next = Value::Null;
        paged(PAGES, |page| {
            let mut body = json!({ "jql": jql, "fields": self.fields(), "maxResults": PAGE });
            let path = match self.is_cloud {
                true => ["search", "jql"].as_slice(),
                false => &["search"],
            };
            match (self.is_cloud, page) {
                (true, 0) => {}
                (true, _) => body["nextPageToken"] = next.clone(),
                (false, page) => body["startAt"] = (page * PAGE).into(),
            }
            let answer = self.ask(path, &body)?;
            let Some(some) = answer["issues"].as_array() else {
                return Err(HostError::Strange("it is not a list".to_owned()));
            };
            next = answer["nextPageToken"].clone();
            let is_last = match self.is_cloud {
                true => next.is_null(),
                false => some.len() < PAGE,
            };
            let read = some.iter().map(|issue| self.seen(issue)).collect::<Result<Vec<_>, _>>()?;
            Ok((read, Last(is_last)))
        })
    }

    /// A question that is sent, and changes nothing: asked again as often as may help.
    fn ask(&self, path: &[&str], body: &Value) -> Result<Value, HostError> {
        let lost = |error: &HostError| matches!(error, HostError::Lost(_));
        let send = || self.api.send("POST", &self.path(path), &[], body);
        Ok(self.api.insist(lost, send)?.value)
    }

    fn comments(&self, key: &str) -> Result<Vec<Value>, HostError> {
        let (all, _) = paged(PAGES, |page| {
            let (from, size) = ((page * PAGE).to_string(), PAGE.to_string());
            let query = [("startAt", &*from), ("maxResults", &*size), ("orderBy", "created")];
            let answer = self.api.get(&self.path(&["issue", key, "comment"]), &query)?.value;
            let Some(some) = answer["comments"].as_array() else {
                return Err(HostError::Strange("it is not a list".to_owned()));
            };
            let last = Last(some.len() < PAGE);
            Ok((some.clone(), last))
        })?;
        Ok(all)
    }

    /// What the site tells of creating tickets: the types of the project, or the fields of one. The Cloud has its own name for
    /// the list, and each site its own length of a page.
    fn creatable(&self, rest: &[&str], name: &str) -> Result<Vec<Value>, HostError> {
        let path = [&["issue", "createmeta", &*self.key, "issuetypes"], rest].concat();
        let path = self.path(&path);
        let mut all: Vec<Value> = Vec::new();
        for _ in 0..PAGES {
            let (from, size) = (all.len().to_string(), PAGE.to_string());
            let query = [("startAt", &*from), ("maxResults", &*size)];
            let answer = self.api.get(&path, &query)?.value;
            let some = answer[name].as_array().or_else(|| answer["values"].as_array());
            let Some(some) = some else {
                return Err(HostError::Strange("it is not a list".to_owned()));
            };
            all.extend(some.iter().cloned());
            let total = answer["total"].as_u64();
            let is_whole = total.is_some_and(|total| all.len() as u64 >= total);
            if some.is_empty() || is_whole || answer["isLast"] == true {
                break;
            }
        }
        Ok(all)
    }

    fn issue(&self, key: &str) -> Result<Value, HostError> {
        let fields = self.fields().join(",");
        Ok(self.api.get(&self.path(&["issue", key]), &[("fields", &fields)])?.value)
    }

    /// Takes the transition of a name, else the first to a status that is done, or is not. Where it is there, nothing is done.
    fn pass(&self, key: &str, named: &str, done: bool) -> Result<(), HostError> {
        let issue = self.issue(key)?;
        if (issue["fields"]["status"]["statusCategory"]["key"] == "done") == done {
            return Ok(());
        }
        let path = self.path(&["issue", key, "transitions"]);
        let all = self.api.get(&path, &[])?.value;
        let all = all["transitions"].as_array().cloned().unwrap_or_default();
        let leads = |t: &&Value| (t["to"]["statusCategory"]["key"] == "done") == done;
        let refuses = |t: &&Value| {
            let name = |value: &Value| string(value).to_lowercase();
            [name(&t["name"]), name(&t["to"]["name"])].iter().any(|n| WONT.contains(&&**n))
        };
        let is_named =
            |t: &&Value| !named.is_empty() && (t["name"] == named || t["to"]["name"] == named);
        let found = all
            .iter()
            .find(is_named)
            .or_else(|| all.iter().filter(leads).find(|t| !refuses(t)))
            .ok_or_else(|| {
                let what = if done { "closes it" } else { "opens it again" };
                HostError::Refused(format!("`{key}` has no transition that {what}"))
            })?;
        let body = json!({ "transition": { "id": found["id"] } });
        self.api.send("POST", &path, &[], &body).map(|_| ())
    }

    fn seen(&self, issue: &Value) -> Result<Seen, HostError> {
        let key = string(&issue["key"]);
        let number = key.rsplit_once('-').and_then(|(_, number)| number.parse().ok());
        let number = number.ok_or_else(|| HostError::Strange("a ticket has no key".to_owned()))?;
        let fields = &issue["fields"];
        let labels = fields["labels"].as_array().into_iter().flatten();
        let labels: BTreeSet<Box<str>> = labels.map(|label| string(label).into()).collect();
        let own = |field: &String| match field.is_empty() {
            true => &Value::Null,
            false => &fields[&**field],
        };
        // A ticket keeps the sprints that it was in: the last is the one that it is in.
        let sprint = own(&self.settings.sprint).as_array().and_then(|all| all.last());
        let resolution = string(&fields["resolution"]["name"]).to_lowercase();
        let status = string(&fields["status"]["name"]).to_lowercase();
        let wont = [&*resolution, &*status].iter().any(|word| WONT.contains(word));
        let done = fields["status"]["statusCategory"]["key"] == "done";
        Ok(Seen {
            number,
            author: person(&fields["creator"]),
            title: string(&fields["summary"]).into(),
            wrote: text::wrote(&fields["description"]),
            stage: match done {
                false => Stage::Open,
                true if wont || labels.contains(WONT_DO) => Stage::WontDo,
                true => Stage::Done,
            },
            reason: None,
            labels,
            due: day(&fields["duedate"]),
            points: own(&self.settings.points).as_f64(),
            assignee: some(&fields["assignee"]["displayName"]),
            sprint: sprint.and_then(|sprint| some(&sprint["name"])),
            updated: moment(&fields["updated"])?,
            page: format!("{}/browse/{key}", self.site).into(),
            key: key.into(),
        })
    }
}

/// A person, by the key of the Cloud or the name of Data Center.
fn person(value: &Value) -> Option<Box<str>> {
    some(&value["accountId"]).or_else(|| some(&value["name"]))
}

/// The label by which a mark is found.
fn mark_label(mark: &Mark) -> String {
    format!("{LABEL}-{mark}")
}

impl Tracker for Jira<'_> {
    fn create(&self, ticket: &Ticket) -> Result<Seen, HostError> {
        let mut labels: Vec<String> = ticket.labels().iter().map(ToString::to_string).collect();
        labels.push(mark_label(&ticket.mark));
        let points = ticket.points.filter(|_| !self.settings.points.is_empty());
        let mut fields = json!({
            "project": { "key": self.key },
            "issuetype": { "name": self.settings.kind },
            "summary": ticket.heading(),
            "description": text::first(self.markup(), ticket, points),
            "labels": labels,
        });
        if let Some(due) = ticket.due {
            fields["duedate"] = due.to_string().into();
        }
        if let Some(component) = &ticket.component {
            fields["components"] = json!([{ "name": component }]);
        }
        if let Some(points) = points {
            fields[&*self.settings.points] = points.into();
        }
        let body = json!({ "fields": fields });
        let made = self.api.send("POST", &self.path(&["issue"]), &[], &body)?.value;
        // It answers with the key alone. It is made: what goes wrong from here on may pass.
        let key = string(&made["key"]);
        let seen = self.issue(&key).and_then(|issue| self.seen(&issue));
        seen.map_err(|why| {
            HostError::Lost(format!("`{key}` was created but could not be read: {why}"))
        })
    }

    fn find(&self, mark: &Mark) -> Result<Vec<Seen>, HostError> {
        let label = mark_label(mark);
        let jql = format!("project = \"{}\" AND labels = \"{label}\" ORDER BY created", self.key);
        let (mut all, cut) = self.search(&jql)?;
        // Labels are searched without regard to case.
        all.retain(|seen| seen.labels.contains(&*label));
        marked((all, cut), mark, || Ok((Vec::new(), true)))
    }

    fn me(&self) -> Result<Option<Box<str>>, HostError> {
        self.api.me(&self.path(&["myself"]), person)
    }

    fn read(&self, key: &str) -> Result<Option<Seen>, HostError> {
        let project = || self.api.get(&self.path(&["project", &self.key]), &[]);
        let Some(issue) = unless_gone(self.issue(key), project)? else { return Ok(None) };
        let mut seen = self.seen(&issue)?;
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
        let before = self.issue(key)?;
        let before = &before["fields"]["description"];
        let whole = text::again(self.markup(), ticket, life, before);
        let mut fields = json!({ "description": whole });
        if change.title {
            fields["summary"] = ticket.heading().into();
        }
        if change.due {
            fields["duedate"] = ticket.due.map(|due| due.to_string()).into();
        }
        let mut body = json!({ "fields": fields });
        let add = change.add.iter().map(|label| json!({ "add": label }));
        let labels: Vec<Value> =
            add.chain(change.remove.iter().map(|label| json!({ "remove": label }))).collect();
        if !labels.is_empty() {
            body["update"] = json!({ "labels": labels });
        }
        self.api.send("PUT", &self.path(&["issue", key]), &[], &body).map(|_| ())
    }

    fn note(&self, key: &str, mark: &Mark, text: &str) -> Result<(), HostError> {
        let body = json!({ "body": text::note(self.markup(), mark, text) });
        match noted(&self.comments(key)?, mark) {
            Some(id) => {
                self.api.send("PUT", &self.path(&["issue", key, "comment", &id]), &[], &body)
            }
            None => self.api.send("POST", &self.path(&["issue", key, "comment"]), &[], &body),
        }
        .map(|_| ())
    }

    fn close(&self, key: &str) -> Result<(), HostError> {
        self.pass(key, &self.settings.done, true)
    }

    fn reopen(&self, key: &str) -> Result<(), HostError> {
        self.pass(key, &self.settings.open, false)
    }

    fn label(&self, key: &str, name: &str) -> Result<(), HostError> {
        let body = json!({ "update": { "labels": [{ "add": name }] } });
        self.api.send("PUT", &self.path(&["issue", key]), &[], &body).map(|_| ())
    }

    fn changed(&self, since: Timestamp) -> Result<Changed, HostError> {
        // Moments are read in the time zone of whoever asks; a span is the same for all.
        let ago = self.api.now().duration_since(since).as_secs().max(0) / 60 + 2;
        let jql = format!(
            "project = \"{}\" AND labels = \"{LABEL}\" AND updated >= \"-{ago}m\" ORDER BY updated",
            self.key
        );
        // The last at first: what changes meanwhile comes to the front, moves nothing out of sight, and is told the next time.
        let (all, cut) = self.search(&format!("{jql} DESC"))?;
        if !cut {
            return Ok(in_order(all, since, false));
        }
        let (all, cut) = self.search(&jql)?;
        Ok(in_order(all, since, cut))
    }

    fn lacks(&self, components: &[String]) -> Result<Vec<String>, HostError> {
        let kinds = self.creatable(&[], "issueTypes")?;
        let kind = &self.settings.kind;
        let found = kinds.iter().find(|one| string(&one["name"]).eq_ignore_ascii_case(kind));
        let Some(found) = found else { return Ok(vec![lacking::no_kind(kind, &kinds)]) };
        let fields = self.creatable(&[&string(&found["id"])], "fields")?;
        Ok(lacking::of_jira(&self.settings, &fields, components))
    }
}
