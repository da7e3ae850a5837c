//! Tickets in trackers: one role, one file for each, one table line here. What is done about a ticket is decided elsewhere
//! (`trimtab_engine::track`); here it is done, in each tracker's words. A ticket is found by the line in its text, so that
//! one whose answer was lost is found and not made again.

mod azure;
mod gitea;
mod github;
mod gitlab;
mod hook;
mod jira;
mod lacking;
mod text;

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use trimtab_model::ticket::{
    Call, Change, DUPLICATE, Kept, Life, Mark, Seen, Stage, There, Ticket,
};
use trimtab_model::{Code, Diagnostic};

pub use hook::{Poke, Unproven, poke};

use crate::http::Patience;
use crate::requests::{Api, HostError, Login};
use crate::retry::Clock;
use crate::url::Url;

/// Said of a field that a project has not.
pub const NONE: &str = "none";
/// The most characters of what people say that is kept.
const REASON: usize = 2_000;

/// Which software a tracker is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Software {
    /// GitHub Issues.
    GitHub,
    /// GitLab Issues.
    GitLab,
    /// Issues of Gitea or Forgejo.
    Gitea,
    /// Jira Cloud.
    Jira,
    /// Jira Data Center.
    JiraServer,
    /// Azure Boards.
    Azure,
}

/// Every tracker: its word, and whether it has due dates and points.
const ALL: &[(Software, &str, bool, bool)] = &[
    (Software::GitHub, "github", false, false),
    (Software::GitLab, "gitlab", true, true),
    (Software::Gitea, "gitea", true, false),
    (Software::Jira, "jira", true, true),
    (Software::JiraServer, "jira-server", true, true),
    (Software::Azure, "azure", true, true),
];

impl Software {
    /// All of them.
    pub fn all() -> impl Iterator<Item = Software> {
        ALL.iter().map(|line| line.0)
    }

    fn line(self) -> &'static (Software, &'static str, bool, bool) {
        // Each has its line: a test sees to it.
        ALL.iter().find(|line| line.0 == self).unwrap_or(&ALL[0])
    }

    /// The word used in all files and output.
    pub fn as_str(self) -> &'static str {
        self.line().1
    }

    /// Reads the word. `None` if it is not one.
    pub fn from_word(word: &str) -> Option<Software> {
        ALL.iter().find(|line| line.1 == word).map(|line| line.0)
    }

    /// Whether tickets have a due date.
    pub fn has_due(self) -> bool {
        self.line().2
    }

    /// Whether tickets have points.
    pub fn has_points(self) -> bool {
        self.line().3
    }

    /// How long a ticket that was made may not be found yet. Lists of the others come from where tickets are written; a
    /// search of Jira's goes by an index that follows.
    pub fn settles(self) -> SignedDuration {
        match self {
            Software::Jira | Software::JiraServer => SignedDuration::from_mins(5),
            _ => SignedDuration::from_mins(1),
        }
    }
}

/// What differs from one site to another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// The type of a ticket (Jira, Azure).
    pub kind: String,
    /// The field of points (Jira: `customfield_…`). Empty: there is none (Jira), or the usual one (Azure, where [`NONE`] says that
    /// there is none).
    pub points: String,
    /// The field of the sprint (Jira: `customfield_…`). Empty: there is none.
    pub sprint: String,
    /// The field of the due date (Azure). Empty: the usual one; [`NONE`]: there is none.
    pub due: String,
    /// The state of what is done (Azure), or the transition to it (Jira). Empty: the usual one.
    pub done: String,
    /// The state of what is open again. Empty: the usual one.
    pub open: String,
}

impl Default for Settings {
    fn default() -> Settings {
        let none = String::new;
        Settings {
            kind: "Task".to_owned(),
            points: none(),
            sprint: none(),
            due: none(),
            done: none(),
            open: none(),
        }
    }
}

/// A project in a tracker.
#[derive(Debug, Clone, PartialEq)]
pub struct Project {
    /// Which software.
    pub software: Software,
    /// Where its API is: `https://api.github.com`, `https://git.example/api/v4`, `https://git.example/api/v1`,
    /// `https://me.example`, `https://dev.azure.com/ORGANISATION/PROJECT`.
    pub api: Url,
    /// Its name there: `OWNER/NAME`, `GROUP/…/NAME`, `KEY`, the project.
    pub name: String,
    /// What differs.
    pub settings: Settings,
    /// Whether its address may lie in a network of one's own: no request goes there otherwise.
    pub private: bool,
}

impl Project {
    /// Whether its tickets have a due date.
    pub fn has_due(&self) -> bool {
        self.software.has_due() && (self.software != Software::Azure || self.settings.due != NONE)
    }
}

/// What changed.
#[derive(Debug, Clone, PartialEq)]
pub struct Changed {
    /// The tickets of Trimtab's, the one that was changed first at first; without [`Seen::reason`].
    pub tickets: Vec<Seen>,
    /// Whether there is more: ask again from the last one's time.
    pub cut: bool,
}

/// What a tracker does with tickets of one project.
pub trait Tracker {
    /// Makes a ticket. Look first: one may be there.
    ///
    /// # Errors
    /// See [`HostError`].
    fn create(&self, ticket: &Ticket) -> Result<Seen, HostError>;

    /// All tickets with a mark, in any state.
    ///
    /// # Errors
    /// See [`HostError`].
    fn find(&self, mark: &Mark) -> Result<Vec<Seen>, HostError>;

    /// Who has the token, as [`Seen::author`] names. `None`: the tracker does not tell.
    ///
    /// # Errors
    /// See [`HostError`].
    fn me(&self) -> Result<Option<Box<str>>, HostError>;

    /// A ticket, with the reason of what will not be done. `None`: it is gone.
    ///
    /// # Errors
    /// See [`HostError`].
    fn read(&self, key: &str) -> Result<Option<Seen>, HostError>;

    /// Writes the text, and what of the rest is to change, at once. What people wrote below Trimtab's part stays.
    ///
    /// # Errors
    /// See [`HostError`].
    fn write(
        &self,
        key: &str,
        ticket: &Ticket,
        change: &Change,
        life: Life,
    ) -> Result<(), HostError>;

    /// Writes the one note of a ticket: it is made, or changed in place.
    ///
    /// # Errors
    /// See [`HostError`].
    fn note(&self, key: &str, mark: &Mark, text: &str) -> Result<(), HostError>;

    /// Closes it: done.
    ///
    /// # Errors
    /// See [`HostError`].
    fn close(&self, key: &str) -> Result<(), HostError>;

    /// Opens it again.
    ///
    /// # Errors
    /// See [`HostError`].
    fn reopen(&self, key: &str) -> Result<(), HostError>;

    /// Puts a label on it.
    ///
    /// # Errors
    /// See [`HostError`].
    fn label(&self, key: &str, label: &str) -> Result<(), HostError>;

    /// Tickets of Trimtab's that were changed at a moment or later.
    ///
    /// # Errors
    /// See [`HostError`].
    fn changed(&self, since: Timestamp) -> Result<Changed, HostError>;

    /// What the project does not have of what its settings and these components name, a sentence each. Nothing is written.
    ///
    /// # Errors
    /// See [`HostError`].
    fn lacks(&self, components: &[String]) -> Result<Vec<String>, HostError> {
        // There is nothing to name where tickets have no fields and states of a site's own.
        let _ = components;
        Ok(Vec::new())
    }
}

/// Connects to a tracker. Of a person of Jira Cloud the token is `MAIL:TOKEN`.
///
/// # Errors
/// The project's name does not fit the software, or a token is not sent there.
pub fn connect<'c>(
    project: &Project,
    token: &str,
    patience: Patience,
    clock: &'c dyn Clock,
) -> Result<Box<dyn Tracker + 'c>, HostError> {
    let Project { software, api: address, name, settings, private } = project;
    let token = token.to_owned();
    let unlike = || {
        let word = software.as_str();
        HostError::Refused(format!("`{name}` is not a project of {word}"))
    };
    let two = || match name.split('/').collect::<Vec<_>>().as_slice() {
        [owner, name] if !owner.is_empty() && !name.is_empty() => {
            Ok(((*owner).to_owned(), (*name).to_owned()))
        }
        _ => Err(unlike()),
    };
    let api = |login: Login, headers: &[(&'static str, &str)]| {
        let api = Api::new(address.clone(), &login, headers, patience, clock)?;
        Ok::<_, HostError>(if *private { api } else { api.in_public(patience) })
    };
    Ok(match software {
        Software::GitHub => {
            let (owner, name) = two()?;
            let headers =
                [("Accept", "application/vnd.github+json"), ("X-GitHub-Api-Version", "2022-11-28")];
            Box::new(github::GitHub { api: api(Login::Bearer(token), &headers)?, owner, name })
        }
        Software::GitLab => {
            if !name.contains('/') {
                return Err(unlike());
            }
            let api = api(Login::Private(token), &[])?;
            Box::new(gitlab::GitLab { api, project: name.clone() })
        }
        Software::Gitea => {
            let (owner, name) = two()?;
            Box::new(gitea::Gitea { api: api(Login::Token(token), &[])?, owner, name })
        }
        Software::Jira | Software::JiraServer => {
            let is_key = |c: u8| c.is_ascii_uppercase() || c.is_ascii_digit() || c == b'_';
            if name.is_empty() || !name.bytes().all(is_key) {
                return Err(unlike());
            }
            let login = match token.split_once(':') {
                Some((person, word)) => Login::Basic(person.to_owned(), word.to_owned()),
                None => Login::Bearer(token),
            };
            let (api, settings) = (api(login, &[])?, settings.clone());
            let is_cloud = *software == Software::Jira;
            let site = address.to_string().trim_end_matches('/').to_owned();
            Box::new(jira::Jira { api, key: name.clone(), settings, is_cloud, site })
        }
        Software::Azure => {
            // A name is nothing; the token is the password.
            let api = api(Login::Basic(String::new(), token), &[])?;
            Box::new(azure::Azure::new(api, name.clone(), settings.clone(), &address.to_string()))
        }
    })
}

/// What the tracker has of a mark: by the key where that is kept, and else, or if all is to be seen, by the mark.
///
/// # Errors
/// See [`HostError`].
pub fn look(
    tracker: &dyn Tracker,
    mark: &Mark,
    kept: &Kept,
    all: bool,
) -> Result<There, HostError> {
    let mut found = match &kept.key {
        Some(key) => tracker.read(key)?.into_iter().collect(),
        None => Vec::new(),
    };
    if all || kept.key.is_none() {
        let mut others = tracker.find(mark)?;
        if !others.is_empty() {
            // A text can be copied by anybody: what others made is theirs.
            let me = tracker.me()?;
            others.retain(|seen| me.is_none() || seen.author.is_none() || seen.author == me);
        }
        let is_new = |seen: &Seen, found: &[Seen]| found.iter().all(|f| f.key != seen.key);
        for seen in others {
            if is_new(&seen, &found) {
                found.push(seen);
            }
        }
    }
    Ok(There::Tickets(found))
}

/// The same as [`look`] with all, where Trimtab's tickets of the project were listed already: one listing for however many are
/// looked at.
///
/// # Errors
/// See [`HostError`].
pub fn look_among(
    tracker: &dyn Tracker,
    mark: &Mark,
    kept: &Kept,
    listed: &[Seen],
) -> Result<There, HostError> {
    let mut found: Vec<Seen> = match &kept.key {
        Some(key) => tracker.read(key)?.into_iter().collect(),
        None => Vec::new(),
    };
    let is = |seen: &&Seen| seen.wrote.as_ref().is_some_and(|wrote| wrote.mark == *mark);
    let is_new = |seen: &&Seen| found.iter().all(|one| one.key != seen.key);
    let mut others: Vec<Seen> = Vec::new();
    // The listing says where to look: what is there may be another since.
    for one in listed.iter().filter(is).filter(is_new) {
        others.extend(tracker.read(&one.key)?);
    }
    others.retain(|seen| is(&seen));
    if !others.is_empty() {
        // A text can be copied by anybody: what others made is theirs.
        let me = tracker.me()?;
        others.retain(|seen| me.is_none() || seen.author.is_none() || seen.author == me);
    }
    found.extend(others);
    Ok(There::Tickets(found))
}

/// Does a call that was decided. The ticket comes back where one was made.
///
/// # Errors
/// See [`HostError`]. After [`HostError::Lost`] it may have been done: look, and decide again.
pub fn perform(
    tracker: &dyn Tracker,
    ticket: &Ticket,
    call: &Call,
) -> Result<Option<Seen>, HostError> {
    match call {
        Call::Look => Ok(None),
        Call::Create => tracker.create(ticket).map(Some),
        Call::Write { key, change, life } => {
            tracker.write(key, ticket, change, *life).map(|()| None)
        }
        Call::Note { key, text } => tracker.note(key, &ticket.mark, text).map(|()| None),
        Call::Close { key } => tracker.close(key).map(|()| None),
        Call::Reopen { key } => tracker.reopen(key).map(|()| None),
        Call::Retire { key, by } => {
            let text = format!("{by} is the ticket for this action; this one is a duplicate.");
            tracker.note(key, &ticket.mark, &text)?;
            let seen = tracker.read(key)?;
            if seen.is_some_and(|seen| seen.stage == Stage::Open) {
                match tracker.close(key) {
                    // Not to be closed from where it is: its label says what it is.
                    Ok(()) | Err(HostError::Refused(_)) => {}
                    Err(e) => return Err(e),
                }
            }
            // The last, so that what was cut off is begun again.
            tracker.label(key, DUPLICATE)?;
            Ok(None)
        }
    }
}

/// What a tracker's no is to the person who runs this.
#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
pub fn refused(error: HostError) -> Diagnostic {
    Diagnostic::new(Code::TrackerRefused, error.to_string())
        .help("Trimtab tries again, picks up what was already done, and does nothing twice")
}

fn string(value: &Value) -> String {
    value.as_str().unwrap_or_default().to_owned()
}

/// A text, if it is there and not empty.
fn some(value: &Value) -> Option<Box<str>> {
    value.as_str().filter(|text| !text.is_empty()).map(Into::into)
}

/// A moment in any of the spellings that trackers have.
fn moment(value: &Value) -> Result<Timestamp, HostError> {
    let text = value.as_str().unwrap_or_default();
    let spelt = || Timestamp::strptime("%Y-%m-%dT%H:%M:%S%.f%z", text);
    text.parse()
        .or_else(|_| spelt())
        .map_err(|_| HostError::Strange("a ticket has no time of its last change".to_owned()))
}

/// The day at the beginning of a date or moment.
fn day(value: &Value) -> Option<jiff::civil::Date> {
    value.as_str()?.get(..10)?.parse().ok()
}

/// What is said, bounded.
fn bounded(text: &str) -> Option<Box<str>> {
    let text: String = text.trim().chars().take(REASON).collect();
    (!text.is_empty()).then(|| text.into())
}

/// The number of a key that is one.
fn number(key: &str) -> Result<u64, HostError> {
    key.parse().map_err(|_| HostError::Missing(format!("`{key}` is not a ticket")))
}

/// The first changed at first, and none that was changed before.
fn in_order(mut tickets: Vec<Seen>, since: Timestamp, cut: bool) -> Changed {
    tickets.retain(|seen| seen.updated >= since);
    tickets.sort_by_key(|seen| (seen.updated, seen.number));
    Changed { tickets, cut }
}

/// What is there, or nothing where it is gone: the project it was in answers, and no right was lost.
fn unless_gone<T, P>(
    answer: Result<T, HostError>,
    project: impl FnOnce() -> Result<P, HostError>,
) -> Result<Option<T>, HostError> {
    match answer {
        Ok(value) => Ok(Some(value)),
        Err(HostError::Missing(_)) => project().map(|_| None),
        Err(e) => Err(e),
    }
}

/// Of what was found, the newest first, the tickets with a mark. Where there is more, and none among the newest, `older` asks
/// by the words of the text: an index of them may follow late, and what is older than thousands is long in it.
fn marked(
    (mut all, cut): (Vec<Seen>, bool),
    mark: &Mark,
    older: impl FnOnce() -> Result<(Vec<Seen>, bool), HostError>,
) -> Result<Vec<Seen>, HostError> {
    let is = |seen: &Seen| seen.wrote.as_ref().is_some_and(|wrote| wrote.mark == *mark);
    all.retain(is);
    if !cut || !all.is_empty() {
        return Ok(all);
    }
    let (mut all, cut) = older()?;
    all.retain(is);
    if cut && all.is_empty() {
        let why = "there are more tickets than Trimtab reads, and it may be one of them";
        return Err(HostError::Strange(why.to_owned()));
    }
    Ok(all)
}

/// What changed at a moment or later, in `most` pages: each begins at the last moment of the one before, so that what changes
/// meanwhile moves nothing out of sight. A page: what was changed from a moment on, by its number from 1, and whether it is full.
fn pages(
    since: Timestamp,
    most: usize,
    mut page: impl FnMut(Timestamp, usize) -> Result<(Vec<Seen>, bool), HostError>,
) -> Result<Changed, HostError> {
    let (mut all, mut from, mut number) = (Vec::<Seen>::new(), since, 1);
    for _ in 0..most {
        let (some, is_full) = page(from, number)?;
        let last = some.iter().map(|seen| seen.updated).max();
        for seen in some {
            all.retain(|held| held.key != seen.key);
            all.push(seen);
        }
        if !is_full {
            return Ok(in_order(all, since, false));
        }
        match last.filter(|last| *last > from) {
            Some(last) => (from, number) = (last, 1),
            None => number += 1,
        }
    }
    Ok(in_order(all, since, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_software_has_its_line() {
        for software in Software::all() {
            assert_eq!(Software::from_word(software.as_str()), Some(software));
        }
        let unlike = ["GitHub", "GitLab", "Gitea", "Jira", "JiraServer", "Azure"].len();
        assert_eq!(Software::all().count(), unlike);
        assert_eq!(Software::from_word("trac"), None);
    }

    #[test]
    fn moments_are_read_in_each_spelling() {
        let expected: Timestamp = "2026-11-28T10:00:00Z".parse().unwrap();
        for text in
            ["2026-11-28T10:00:00Z", "2026-11-28T11:00:00+01:00", "2026-11-28T10:00:00.000+0000"]
        {
            assert_eq!(moment(&text.into()).unwrap(), expected, "{text}");
        }
        assert!(moment(&Value::Null).is_err());
        assert_eq!(day(&"2026-12-24T23:59:59Z".into()).unwrap().to_string(), "2026-12-24");
    }
}
