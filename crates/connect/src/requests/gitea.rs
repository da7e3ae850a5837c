//! Gitea and Forgejo: REST, version 1. Labels have numbers, and must be there before they are used.

use serde_json::{Value, json};

use super::api::{Api, Last, paged};
use super::{BRANCHES, Host, HostError, Listed, Request, State, Wish, named};

/// Things in one answer: what these hosts give at most by default.
const PAGE: usize = 50;
/// Answers that are read of one list.
const PAGES: usize = 40;
/// The colour of a label that is made.
const COLOUR: &str = "#2f6f8f";
/// What it says while it does not know yet whether a request can be merged.
const LATER: &str = "try again later";

/// One repository.
pub(super) struct Gitea<'c> {
    pub(super) api: Api<'c>,
    pub(super) owner: String,
    pub(super) name: String,
}

impl Gitea<'_> {
    fn path<'p>(&'p self, rest: &[&'p str]) -> Vec<&'p str> {
        [&["repos", &self.owner, &self.name], rest].concat()
    }

    fn list(&self, what: &str, query: &[(&str, &str)]) -> Result<(Vec<Value>, bool), HostError> {
        list(&self.api, &self.path(&[what]), query)
    }

    /// The requests of Trimtab's branches in a state, the newest first.
    fn of_state(&self, state: &str) -> Result<Listed, HostError> {
        let (all, cut) = self.list("pulls", &[("state", state)])?;
        let mut requests: Vec<Request> = all.iter().map(read).collect::<Result<_, _>>()?;
        requests.retain(|request| request.branch.starts_with(BRANCHES));
        requests.sort_by_key(|request| std::cmp::Reverse(request.number));
        Ok(Listed { requests, cut })
    }
}

impl Host for Gitea<'_> {
    fn all(&self) -> Result<Listed, HostError> {
        self.of_state("all")
    }

    fn open_ones(&self) -> Result<Vec<Request>, HostError> {
        Ok(self.of_state("open")?.requests)
    }

    fn find(&self, branch: &str) -> Result<Option<Request>, HostError> {
        if let Some(open) = self.open_ones()?.into_iter().find(|r| r.branch == branch) {
            return Ok(Some(open));
        }
        let mut all = self.of_state("closed")?.requests.into_iter();
        Ok(all.find(|request| request.branch == branch))
    }

    fn open(&self, wish: &Wish) -> Result<Request, HostError> {
        let body = json!({
            "title": wish.title, "head": wish.branch, "base": wish.base, "body": wish.body,
        });
        // What was pushed a moment ago is not known to it at once.
        let is_unknown = |error: &HostError| matches!(error, HostError::Missing(_));
        let path = self.path(&["pulls"]);
        read(&self.api.insist(is_unknown, || self.api.send("POST", &path, &[], &body))?.value)
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
        let body = json!({ "Do": "merge", "head_commit_id": tip });
        // It looks for conflicts in its own time.
        let looks =
            |error: &HostError| matches!(error, HostError::Refused(why) if why.contains(LATER));
        let path = self.path(&["pulls", &number, "merge"]);
        self.api.insist(looks, || self.api.send("POST", &path, &[], &body)).map(|_| ())
    }

    fn label(&self, number: u64, add: &[&str], remove: &[&str]) -> Result<bool, HostError> {
        label(&self.api, (&self.owner, &self.name), number, (add, remove)).map(|()| true)
    }
}

/// All of a list. True: there may be more.
pub(crate) fn list(
    api: &Api<'_>,
    path: &[&str],
    query: &[(&str, &str)],
) -> Result<(Vec<Value>, bool), HostError> {
    paged(PAGES, |page| {
        let (page, size) = ((page + 1).to_string(), PAGE.to_string());
        let query = [query, &[("limit", &size), ("page", &page)]].concat();
        let Value::Array(some) = api.get(path, &query)?.value else {
            return Err(HostError::Strange("it is not a list".to_owned()));
        };
        // A host may give fewer at a time than it is asked for: only an empty page is the end.
        let last = Last(some.is_empty());
        Ok((some, last))
    })
}

/// The number of a label. `None`: the repository has none of that name.
pub(crate) fn known(
    api: &Api<'_>,
    (owner, name): (&str, &str),
    label: &str,
) -> Result<Option<u64>, HostError> {
    let (known, _) = list(api, &["repos", owner, name, "labels"], &[])?;
    Ok(number_of(&known, label))
}

/// The number of a label, of some. It makes no difference of case.
fn number_of(all: &[Value], label: &str) -> Option<u64> {
    let is = |l: &&Value| l["name"].as_str().is_some_and(|name| name.eq_ignore_ascii_case(label));
    all.iter().find(is)?["id"].as_u64()
}

/// The number of a label, made where it is missing.
pub(crate) fn numbered(
    api: &Api<'_>,
    (owner, name): (&str, &str),
    label: &str,
) -> Result<u64, HostError> {
    if let Some(known) = known(api, (owner, name), label)? {
        return Ok(known);
    }
    let body = json!({ "name": label, "color": COLOUR });
    let made = api.send("POST", &["repos", owner, name, "labels"], &[], &body)?.value;
    made["id"].as_u64().ok_or_else(|| HostError::Strange("a label has no number".to_owned()))
}

/// Puts labels on a request or issue, and takes others off.
pub(crate) fn label(
    api: &Api<'_>,
    of: (&str, &str),
    number: u64,
    (add, remove): (&[&str], &[&str]),
) -> Result<(), HostError> {
    let number = number.to_string();
    let labels = ["repos", of.0, of.1, "issues", &number, "labels"];
    let add = add.iter().map(|label| numbered(api, of, label)).collect::<Result<Vec<_>, _>>()?;
    if !add.is_empty() {
        api.send("POST", &labels, &[], &json!({ "labels": add }))?;
    }
    if remove.is_empty() {
        return Ok(());
    }
    // Those that it has may be of the organisation, and not of the repository.
    let Value::Array(has) = api.get(&labels, &[])?.value else {
        return Err(HostError::Strange("it is not a list".to_owned()));
    };
    for label in remove {
        let Some(label) = number_of(&has, label) else { continue };
        let label = label.to_string();
        let path = [&labels[..], &[&label]].concat();
        match api.send("DELETE", &path, &[], &Value::Null) {
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
    // When its branch is gone, `ref` names the request itself, and `label` still the branch.
    let told = text(&value["head"]["ref"]);
    let branch = if told.starts_with("refs/pull/") { text(&value["head"]["label"]) } else { told };
    Ok(Request {
        number,
        branch: named(&branch, &value["head"]["repo_id"], &value["base"]["repo_id"]),
        base: text(&value["base"]["ref"]),
        title: text(&value["title"]),
        body: Some(text(&value["body"])),
        state: match (value["state"].as_str(), value["merged"].as_bool()) {
            (_, Some(true)) => State::Merged,
            (Some("open"), _) => State::Open,
            _ => State::Closed,
        },
        labels: Some(labels.map(|label| text(&label["name"])).collect()),
        page: text(&value["html_url"]),
    })
}
