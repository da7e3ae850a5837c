//! Microsoft Teams, by the webhook of a workflow: an Adaptive Card.

use serde_json::{Value, json};
use trimtab_model::letter::Letter;

use super::post::Post;
use super::{Channel, NotSent, clipped, one_line, unmarked};
use crate::http::Patience;
use crate::retry::Clock;

/// A message has 28 KB at most.
const MOST: usize = 27_000;

/// A channel of Teams.
#[derive(Debug)]
pub struct Teams<'c>(Post<'c>);

impl<'c> Teams<'c> {
    /// By the address of a workflow that waits for a webhook.
    ///
    /// # Errors
    /// It is no address, or one without TLS.
    pub fn new(
        address: &str,
        patience: Patience,
        clock: &'c dyn Clock,
    ) -> Result<Teams<'c>, NotSent> {
        Post::new(address, patience, clock).map(Teams)
    }

    /// The same, if it lies outside of internal networks: for an address that people name.
    #[must_use]
    pub fn outside(self, patience: Patience) -> Teams<'c> {
        Teams(self.0.outside(patience))
    }
}

impl Channel for Teams<'_> {
    fn send(&self, letter: &Letter) -> Result<(), NotSent> {
        self.0.json(&message(letter), &[])
    }
}

/// As many items as there is room for.
fn message(letter: &Letter) -> Value {
    let mut items = letter.items.len();
    loop {
        let made = card(&letter.with_at_most(items));
        if items == 0 || made.to_string().len() <= MOST {
            return made;
        }
        items = items.saturating_sub(items.div_ceil(8));
    }
}

fn card(letter: &Letter) -> Value {
    let mut body = vec![
        words(&clipped(&letter.subject, 300), &json!({ "size": "Large", "weight": "Bolder" })),
        words(&clipped(&letter.lead, 1000), &json!({})),
    ];
    for item in &letter.items {
        // Markdown's link is all that is used of it.
        let title = format!("[{}]({})", plain(&clipped(&item.title, 300)), item.link);
        let lines = [
            json!({ "type": "TextBlock", "text": title, "weight": "Bolder", "wrap": true }),
            words(&clipped(&item.detail, 1000), &json!({ "spacing": "None" })),
            words(&format!("To do: {}", clipped(&item.act, 500)), &json!({ "spacing": "None" })),
        ];
        body.push(json!({ "type": "Container", "separator": true, "items": lines }));
    }
    let foot = match letter.rest() {
        Some(rest) => format!("{rest}. {}", letter.foot),
        None => letter.foot.to_string(),
    };
    body.push(words(
        &clipped(&foot, 500),
        &json!({ "isSubtle": true, "size": "Small", "separator": true }),
    ));
    let open = json!({ "type": "Action.OpenUrl", "title": "View all", "url": letter.link });
    let content = json!({
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "type": "AdaptiveCard",
        "version": "1.4",
        "body": body,
        "actions": [open],
    });
    let kind = "application/vnd.microsoft.card.adaptive";
    json!({ "type": "message", "attachments": [{ "contentType": kind, "contentUrl": null, "content": content }] })
}

/// A block of words, with more members.
fn words(text: &str, more: &Value) -> Value {
    let mut block = json!({ "type": "TextBlock", "text": plain(text), "wrap": true });
    if let (Some(block), Some(more)) = (block.as_object_mut(), more.as_object()) {
        block.extend(more.clone());
    }
    block
}

/// A text whose characters are no marks of Markdown.
fn plain(text: &str) -> String {
    unmarked(&one_line(text), "\\*_[]")
}

#[cfg(test)]
mod tests {
    use trimtab_model::letter::Item;

    use super::*;

    #[test]
    fn a_card_is_within_the_bound_and_says_what_is_left_off() {
        let item = Item {
            title: "Raise [x]".into(),
            detail: "d".repeat(990).into(),
            act: "Raise it.".into(),
            link: "https://trimtab.example/findings/1".into(),
        };
        let letter = Letter {
            id: "1".into(),
            subject: "Week".into(),
            lead: "News.".into(),
            items: vec![item; 200],
            more: 2,
            urgent: false,
            link: "https://trimtab.example/today".into(),
            foot: "You chose it.".into(),
        };
        let made = message(&letter);
        let text = made.to_string();
        assert!(text.len() <= MOST && text.len() > MOST / 2, "{}", text.len());
        let body = made["attachments"][0]["content"]["body"].as_array().unwrap();
        let items = body.len() - 3;
        let title = &body[2]["items"][0]["text"];
        assert_eq!(title, "[Raise \\[x\\]](https://trimtab.example/findings/1)");
        let foot = body.last().unwrap()["text"].as_str().unwrap();
        assert_eq!(foot, format!("and {} more. You chose it.", 202 - items));
    }
}
