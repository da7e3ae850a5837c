//! What each host's documentation says of the requests that it takes. What is not said is refused.

mod azure;
mod bitbucket;
mod gitea;
mod github;
mod gitlab;

use serde_json::{Value, json};

use crate::git_host::{Asked, Kept, State};

use azure::Azure;
use bitbucket::Bitbucket;
use gitea::Gitea;
use github::GitHub;
use gitlab::GitLab;

/// How a host speaks.
pub trait Dialect: Sync {
    /// The word of the kind of host.
    fn kind(&self) -> &'static str;
    /// The path of the repository, as git has it.
    fn path(&self) -> &'static str;
    /// What stands below the host's address before the API's own paths.
    fn api(&self) -> &'static str;
    /// Where the token stands in the environment, and the token.
    fn token(&self) -> (&'static str, &'static str);
    /// The header that shows the token.
    fn login(&self) -> (&'static str, &'static str);
    /// Whether requests have labels.
    fn has_labels(&self) -> bool {
        true
    }
    /// Whether the token is right.
    fn is_known(&self, asked: &Asked) -> bool {
        let (name, value) = self.login();
        asked.header(name) == Some(value)
    }
    /// Does what is asked: status and body.
    fn answer(&self, asked: &Asked, state: &mut State) -> (u16, Value);
}

/// Every host.
pub const ALL: &[&dyn Dialect] = &[&GitHub, &GitLab, &Gitea, &Azure, &Bitbucket];

pub(super) fn missing() -> (u16, Value) {
    (404, json!({ "message": "Not Found" }))
}

pub(super) fn text<'v>(body: &'v Value, name: &str) -> &'v str {
    body[name].as_str().unwrap_or_else(|| panic!("`{name}` is a text of {body}"))
}

/// Only these members are in a body.
pub(super) fn only(body: &Value, names: &[&str]) {
    for name in body.as_object().unwrap().keys() {
        assert!(names.contains(&name.as_str()), "`{name}` is not documented: {body}");
    }
}

pub(super) fn page(
    all: Vec<Value>,
    number: Option<&str>,
    size: Option<&str>,
    most: usize,
) -> Vec<Value> {
    let number: usize = number.map_or(1, |n| n.parse().unwrap());
    let size: usize = size.map_or(most, |n| n.parse().unwrap()).min(most);
    all.into_iter().skip((number - 1) * size).take(size).collect()
}

fn change(kept: &mut Kept, body: &Value, title: &str, said: &str) {
    if let Some(title) = body[title].as_str() {
        kept.title = title.to_owned();
    }
    if let Some(body) = body[said].as_str() {
        kept.body = body.to_owned();
    }
}

fn take(kept: &mut Kept, label: &str) -> (u16, Value) {
    let label = percent_encoding::percent_decode_str(label).decode_utf8().unwrap();
    let before = kept.labels.len();
    kept.labels.retain(|held| *held != label);
    if kept.labels.len() < before { (200, json!([])) } else { missing() }
}
