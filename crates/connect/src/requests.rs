//! Requests for a change on git hosts (pull requests, merge requests): one role, one file per host,
//! one table line here. A request is found by its branch, so that one batch has one request,
//! whatever happened on the way.

pub(crate) mod api;
mod azure;
mod bitbucket;
pub(crate) mod gitea;
pub(crate) mod github;
mod gitlab;
pub mod life;
mod marker;
mod place;

use std::fmt;
use std::time::Duration;

pub use api::{Api, Login};
pub use marker::{Id, Marker, Reason, Under, Wanted};
pub use place::{KINDS, Kind, Place, connect};

/// Where a request is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// People decide.
    Open,
    /// It was taken.
    Merged,
    /// It was not.
    Closed,
}

impl State {
    /// The word used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            State::Open => "open",
            State::Merged => "merged",
            State::Closed => "closed",
        }
    }
}

/// What people say to Trimtab by a label.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Word {
    /// It may be merged.
    Approve,
    /// It stays as it is for now: it is neither updated nor closed.
    Hold,
    /// It is not wanted: it is closed and not opened again.
    Skip,
}

impl Word {
    /// Every word.
    pub const ALL: [Word; 3] = [Word::Approve, Word::Hold, Word::Skip];

    /// The label.
    pub const fn label(self) -> &'static str {
        match self {
            Word::Approve => "trimtab:approve",
            Word::Hold => "trimtab:hold",
            Word::Skip => "trimtab:skip",
        }
    }
}

/// A request as its host tells it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Its number at the host.
    pub number: u64,
    /// The branch that it would bring in.
    pub branch: String,
    /// The branch that it would change.
    pub base: String,
    /// Its title.
    pub title: String,
    /// Its text. `None`: the host told only a part of it.
    pub body: Option<String>,
    /// Where it is in its life.
    pub state: State,
    /// Its labels. `None`: the host has none for requests.
    pub labels: Option<Vec<String>>,
    /// Its page.
    pub page: String,
}

impl Request {
    /// What people say by labels. The strongest word counts: skip, hold, approve.
    pub fn word(&self) -> Option<Word> {
        let has = |word: &Word| self.labels.iter().flatten().any(|label| label == word.label());
        Word::ALL.into_iter().rev().find(has)
    }
}

/// What is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wish {
    /// The branch, which the host has already.
    pub branch: String,
    /// The branch that is to be changed.
    pub base: String,
    /// One line.
    pub title: String,
    /// Markdown.
    pub body: String,
}

/// Why a host did not do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum HostError {
    /// It was not reached, or the answer got lost: what was sent may have been done.
    Lost(String),
    /// It asks to wait longer than is waited.
    Busy(String, Duration),
    /// The token is not accepted, or may not do this.
    Denied(String),
    /// There is no such repository, or the token does not show it.
    Missing(String),
    /// It says no, in its words.
    Refused(String),
    /// Its answer is not understood.
    Strange(String),
    /// As many requests are open as the team allows.
    Full(usize),
}

impl fmt::Display for HostError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            HostError::Lost(why) => write!(f, "the host could not be reached: {why}"),
            HostError::Busy(why, wait) => {
                write!(f, "the host asks to wait {} s: {why}", wait.as_secs())
            }
            HostError::Denied(why) => write!(f, "the host does not accept the token: {why}"),
            HostError::Missing(why) => write!(f, "the host does not have it: {why}"),
            HostError::Refused(why) => write!(f, "the host refused: {why}"),
            HostError::Strange(why) => {
                write!(f, "the response of the host could not be understood: {why}")
            }
            HostError::Full(open) => {
                write!(f, "{open} requests are already open, the most that the team allows")
            }
        }
    }
}

impl std::error::Error for HostError {}

/// Requests of Trimtab's branches, in whatever state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    /// The newest first.
    pub requests: Vec<Request>,
    /// Whether the host has older ones that were not looked at.
    pub cut: bool,
}

/// What a git host does with requests of one repository.
pub trait Host {
    /// The requests of Trimtab's branches, open and not, with their texts. How many requests of the repository are
    /// looked at is bounded: of a busy one the oldest are not.
    ///
    /// # Errors
    /// See [`HostError`].
    fn all(&self) -> Result<Listed, HostError>;

    /// The requests of Trimtab's branches that are open.
    ///
    /// # Errors
    /// See [`HostError`].
    fn open_ones(&self) -> Result<Vec<Request>, HostError>;

    /// The request of a branch: the open one, else the newest.
    ///
    /// # Errors
    /// See [`HostError`].
    fn find(&self, branch: &str) -> Result<Option<Request>, HostError>;

    /// Opens one. Use [`propose`], which looks first.
    ///
    /// # Errors
    /// See [`HostError`].
    fn open(&self, wish: &Wish) -> Result<Request, HostError>;

    /// Changes title and text.
    ///
    /// # Errors
    /// See [`HostError`].
    fn update(&self, number: u64, title: &str, body: &str) -> Result<(), HostError>;

    /// Says something in it.
    ///
    /// # Errors
    /// See [`HostError`].
    fn say(&self, number: u64, text: &str) -> Result<(), HostError>;

    /// Closes it, not merged.
    ///
    /// # Errors
    /// See [`HostError`].
    fn close(&self, number: u64) -> Result<(), HostError>;

    /// Merges it, if its branch is at this commit and the host's own rules allow it now.
    ///
    /// # Errors
    /// See [`HostError`].
    fn merge(&self, number: u64, tip: &str) -> Result<(), HostError>;

    /// Puts labels on it and takes others off. False: the host has no labels for requests.
    ///
    /// # Errors
    /// See [`HostError`].
    fn label(&self, number: u64, add: &[&str], remove: &[&str]) -> Result<bool, HostError>;

    /// The most characters that a text may have.
    fn longest(&self) -> usize {
        65_000
    }
}

/// Beginning of the names of Trimtab's branches.
pub const BRANCHES: &str = "trimtab/";

/// What became of a wish.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Proposed {
    /// It was opened.
    Opened(Request),
    /// It was open, and has the new title and text.
    Updated(Request),
    /// It is open and as it should be.
    AsItIs(Request),
    /// People asked to leave it as it is, or not to have it.
    Left(Request, Word),
}

/// Sees to it that a branch has one request with this title and text: opens it, or updates the one
/// that is open. What got lost on the way is looked up before it is sent again. `most`: how many of
/// Trimtab's may be open. Whether one that is over is wanted again is decided by [`life`]; but `all` may have
/// left an old one out, so that one which people skipped is not asked for again here, unless it is `again`.
///
/// # Errors
/// See [`HostError`].
pub fn propose(
    host: &dyn Host,
    wish: &Wish,
    most: Option<usize>,
    again: bool,
) -> Result<Proposed, HostError> {
    let body = cut(&wish.body, host.longest());
    let wish = Wish { body, ..wish.clone() };
    match host.find(&wish.branch)? {
        Some(found) if found.state == State::Open => settle(host, found, &wish),
        Some(found)
            if found.state == State::Closed && found.word() == Some(Word::Skip) && !again =>
        {
            Ok(Proposed::Left(found, Word::Skip))
        }
        _ => {
            if let Some(most) = most {
                let open = host.open_ones()?.len();
                if open >= most {
                    return Err(HostError::Full(open));
                }
            }
            match host.open(&wish) {
                Ok(opened) => Ok(Proposed::Opened(opened)),
                Err(lost @ (HostError::Lost(_) | HostError::Refused(_))) => {
                    // It may be there all the same; else it is sent once more where it was only lost.
                    match host.find(&wish.branch)?.filter(|found| found.state == State::Open) {
                        Some(found) => Ok(Proposed::Opened(found)),
                        None if matches!(lost, HostError::Lost(_)) => {
                            host.open(&wish).map(Proposed::Opened)
                        }
                        None => Err(lost),
                    }
                }
                Err(e) => Err(e),
            }
        }
    }
}

fn settle(host: &dyn Host, found: Request, wish: &Wish) -> Result<Proposed, HostError> {
    if let Some(word @ (Word::Hold | Word::Skip)) = found.word() {
        if word == Word::Skip {
            host.close(found.number)?;
        }
        return Ok(Proposed::Left(found, word));
    }
    if found.title == wish.title && found.body.as_deref() == Some(&wish.body) {
        return Ok(Proposed::AsItIs(found));
    }
    host.update(found.number, &wish.title, &wish.body)?;
    let (title, body) = (wish.title.clone(), Some(wish.body.clone()));
    Ok(Proposed::Updated(Request { title, body, ..found }))
}

/// Closes a request of ours, so that it can be told later who closed it: first its text says so, then a comment, then
/// it is closed. Where the text says so already, the comment is not said again.
///
/// # Errors
/// See [`HostError`]. Closing again does what is left.
pub fn retire(
    host: &dyn Host,
    request: &Request,
    reason: &Reason,
    say: &str,
) -> Result<(), HostError> {
    let body = request.body.as_deref().unwrap_or_default();
    if let Some(marker) = Marker::read(body)
        && marker.closed.as_ref() != Some(reason)
    {
        let marked = Marker { closed: Some(reason.clone()), ..marker }.mark(body, Some(say));
        host.update(request.number, &request.title, &cut(&marked, host.longest()))?;
        host.say(request.number, say)?;
    }
    host.close(request.number)
}

/// The name of a branch, by which ours are known. A fork may have any name of a branch: what comes from one is not ours.
/// `from` and `to` name the repositories. A host that no longer knows where it came from speaks of a fork that was
/// deleted.
fn named(branch: &str, from: &serde_json::Value, to: &serde_json::Value) -> String {
    if !from.is_null() && from == to {
        return branch.to_owned();
    }
    format!("a fork's {branch}")
}

/// A text of at most so many characters, cut at a line.
fn cut(text: &str, most: usize) -> String {
    const REST: &str = "\n\n… The full report is in the output of `trimtab apply`.\n";
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let room = most.saturating_sub(REST.chars().count());
    let head: String = text.chars().take(room).collect();
    let head = head.rsplit_once('\n').map_or(&*head, |(head, _)| head);
    format!("{head}{REST}")
}
