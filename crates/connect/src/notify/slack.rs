//! Slack, by an incoming webhook: Block Kit, with the whole as plain text for notifications.

use serde_json::{Value, json};
use trimtab_model::letter::{Item, Letter};

use super::post::Post;
use super::{Channel, NotSent, clipped};
use crate::http::Patience;
use crate::retry::Clock;

/// A message has 50 blocks at most: a header, the lead, the rest and the foot are four.
const ITEMS: usize = 40;
/// A header has 150 characters at most, a text of a section 3,000.
const HEADER: usize = 150;
const SECTION: usize = 3000;

/// A channel of Slack.
#[derive(Debug)]
pub struct Slack<'c>(Post<'c>);

impl<'c> Slack<'c> {
    /// By the address of an incoming webhook.
    ///
    /// # Errors
    /// It is no address, or one without TLS.
    pub fn new(
        address: &str,
        patience: Patience,
        clock: &'c dyn Clock,
    ) -> Result<Slack<'c>, NotSent> {
        Post::new(address, patience, clock).map(Slack)
    }

    /// The same, if it lies outside of internal networks: for an address that people name.
    #[must_use]
    pub fn outside(self, patience: Patience) -> Slack<'c> {
        Slack(self.0.outside(patience))
    }
}

impl Channel for Slack<'_> {
    fn send(&self, letter: &Letter) -> Result<(), NotSent> {
        self.0.json(&message(letter), &[])
    }
}

fn message(letter: &Letter) -> Value {
    let letter = letter.with_at_most(ITEMS);
    let subject = clipped(&letter.subject, HEADER);
    let mut blocks = vec![
        json!({ "type": "header", "text": { "type": "plain_text", "text": subject } }),
        section(&within(&letter.lead, SECTION)),
    ];
    blocks.extend(letter.items.iter().map(|item| section(&lines(item))));
    let all = format!("<{}|View all>", address(&letter.link));
    blocks.push(section(&match letter.rest() {
        Some(rest) => format!("{rest}. {all}"),
        None => all,
    }));
    let foot = within(&letter.foot, SECTION);
    let foot = json!({ "type": "mrkdwn", "text": foot, "verbatim": true });
    blocks.push(json!({ "type": "context", "elements": [foot] }));
    json!({ "text": escaped(&format!("{}: {}", subject, letter.lead)), "blocks": blocks, "unfurl_links": false })
}

fn lines(item: &Item) -> String {
    format!(
        "*<{}|{}>*\n{}\n_To do:_ {}",
        address(&item.link),
        within(&item.title, 400).replace('|', "¦"),
        within(&item.detail, 1500),
        within(&item.act, 700)
    )
}

fn section(text: &str) -> Value {
    json!({ "type": "section", "text": { "type": "mrkdwn", "text": clipped(text, SECTION), "verbatim": true } })
}

/// The three characters that Slack reads in a text, so that nobody is mentioned by a package's name. What is left
/// of its own marks (`*`, `_`, backquotes) changes the look alone.
fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

/// The beginning of a text, with so many characters at most when they are escaped: none is cut in two.
fn within(text: &str, most: usize) -> String {
    let mut out = String::new();
    let mut length = 0;
    for c in text.chars() {
        let escaped = escaped(c.encode_utf8(&mut [0; 4]));
        length += escaped.chars().count();
        if length >= most {
            out.push('…');
            break;
        }
        out.push_str(&escaped);
    }
    out
}

/// An address within `<…|…>`.
fn address(link: &str) -> String {
    escaped(link).replace('|', "%7C")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_mention_nobody_and_blocks_stay_within_bounds() {
        let item = Item {
            title: "Raise <!channel> | & co".into(),
            detail: "<".repeat(5000).into(),
            act: "Raise it.".into(),
            link: "https://trimtab.example/findings/1".into(),
        };
        let letter = Letter {
            id: "1".into(),
            subject: "s".repeat(400).into(),
            lead: "Two <@U1> things.".into(),
            items: vec![item; 60],
            more: 3,
            urgent: false,
            link: "https://trimtab.example/today".into(),
            foot: "You chose it.".into(),
        };
        let made = message(&letter);
        let blocks = made["blocks"].as_array().unwrap();
        assert_eq!(blocks.len(), 44);
        assert_eq!(blocks[0]["text"]["text"].as_str().unwrap().chars().count(), HEADER);
        assert_eq!(blocks[1]["text"]["text"], "Two &lt;@U1&gt; things.");
        let first = blocks[2]["text"]["text"].as_str().unwrap();
        let begin =
            "*<https://trimtab.example/findings/1|Raise &lt;!channel&gt; ¦ &amp; co>*\n&lt;&lt;";
        assert!(first.starts_with(begin), "{first}");
        assert!(first.ends_with("&lt;…\n_To do:_ Raise it.") && first.chars().count() < SECTION);
        let rest = "and 23 more. <https://trimtab.example/today|View all>";
        assert_eq!(blocks[42]["text"]["text"], rest);
        assert!(made["text"].as_str().unwrap().ends_with("…: Two &lt;@U1&gt; things."));
    }
}
