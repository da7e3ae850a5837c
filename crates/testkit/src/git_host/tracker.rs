//! What each tracker's documentation says of tickets. What is not said is refused.

mod azure;
mod gitea;
mod github;
mod gitlab;
mod jira;

use serde_json::Value;

use super::dialect::Dialect;
use super::{Asked, Issue};

/// Every tracker.
pub const TRACKERS: &[&dyn Dialect] = &[
    &github::GitHub,
    &gitlab::GitLab,
    &gitea::Gitea,
    &jira::Jira { is_cloud: true },
    &jira::Jira { is_cloud: false },
    &azure::Azure,
];

/// The label that lists ask for.
const LABEL: &str = "trimtab";

/// Who has the token.
const ME: &str = "trimtab-bot";

/// Who made a ticket.
fn author(issue: &Issue) -> &str {
    if issue.author.is_empty() { ME } else { &issue.author }
}

/// The number of a comment that is to come.
fn next(issue: &Issue) -> u64 {
    issue.number * 100 + issue.said.len() as u64
}

/// Whether a ticket's text has words. `None`: none are asked for.
fn has_words(issue: &Issue, words: Option<&str>) -> bool {
    words.is_none_or(|words| issue.body.as_str().is_some_and(|text| text.contains(words)))
}

/// Writes a comment again.
fn say_again(issue: &mut Issue, id: &str, text: &Value) {
    let id: u64 = id.parse().unwrap();
    let said = issue.said.iter_mut().find(|(held, _)| *held == id);
    said.unwrap_or_else(|| panic!("there is no comment {id}")).1 = text.clone();
}

/// What was changed at a moment or later, by a name in the query; of all, where it has none.
fn since(asked: &Asked, name: &str, all: &[Issue]) -> Vec<Issue> {
    let at = asked.one(name).unwrap_or_default().to_owned();
    let ours = all.iter().filter(|issue| issue.labels.iter().any(|label| label == LABEL));
    ours.filter(|issue| issue.changed() >= at).cloned().collect()
}
