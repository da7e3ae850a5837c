//! Telling people: one file for each kind of channel. What is told and when is decided elsewhere
//! (`trimtab_engine::notices`); here a letter is put into a channel's form and handed over once.
//!
//! A channel does not try again by itself: who sends keeps what was sent, and does.

mod mail;
mod mattermost;
mod post;
mod slack;
mod teams;
mod webhook;

use std::time::Duration;

use trimtab_model::letter::Letter;

pub use mail::{Mail, Security, Written};
pub use mattermost::Mattermost;
pub use slack::Slack;
pub use teams::Teams;
pub use webhook::{SIGNATURE, Webhook, signature};

/// Where letters are handed over.
pub trait Channel {
    /// Hands a letter over. The same one twice is told apart from another by its id, where the channel can.
    ///
    /// # Errors
    /// It was not taken, or nobody knows.
    fn send(&self, letter: &Letter) -> Result<(), NotSent>;
}

/// Why a letter is not with its people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NotSent {
    /// It will not be taken: somebody must change how the channel is set.
    Refused(String),
    /// It was not taken now, and may be later: after this time, if the channel named one.
    Later(String, Option<Duration>),
    /// The connection broke when it had been handed over: it may have been taken.
    Unknown(String),
}

impl std::fmt::Display for NotSent {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            NotSent::Refused(why) | NotSent::Later(why, None) => f.write_str(why),
            NotSent::Later(why, Some(wait)) => {
                write!(f, "{why}, asking to wait {} s", wait.as_secs())
            }
            NotSent::Unknown(why) => write!(f, "{why}; it may have been delivered"),
        }
    }
}

impl std::error::Error for NotSent {}

/// The beginning of a text, with a mark that it goes on: so many characters at most.
fn clipped(text: &str, most: usize) -> String {
    if text.chars().count() <= most {
        return text.to_owned();
    }
    let mut short: String = text.chars().take(most.saturating_sub(1)).collect();
    short.push('…');
    short
}

/// A text in which no character is one of some marks of Markdown: each has a backslash before it.
fn unmarked(text: &str, marks: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        if marks.contains(c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

/// A text in one line.
fn one_line(text: &str) -> String {
    text.split(char::is_control).collect::<Vec<_>>().join(" ")
}
