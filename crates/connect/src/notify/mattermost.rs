//! Mattermost, by an incoming webhook: one text in Markdown.

use serde_json::json;
use trimtab_model::letter::Letter;

use super::post::Post;
use super::{Channel, NotSent, clipped, one_line, unmarked};
use crate::http::Patience;
use crate::retry::Clock;

/// A post has 16,383 characters at most.
const MOST: usize = 16_000;

/// A channel of Mattermost.
#[derive(Debug)]
pub struct Mattermost<'c>(Post<'c>);

impl<'c> Mattermost<'c> {
    /// By the address of an incoming webhook.
    ///
    /// # Errors
    /// It is no address, or one without TLS.
    pub fn new(
        address: &str,
        patience: Patience,
        clock: &'c dyn Clock,
    ) -> Result<Mattermost<'c>, NotSent> {
        Post::new(address, patience, clock).map(Mattermost)
    }

    /// The same, if it lies outside of internal networks: for an address that people name.
    #[must_use]
    pub fn outside(self, patience: Patience) -> Mattermost<'c> {
        Mattermost(self.0.outside(patience))
    }
}

impl Channel for Mattermost<'_> {
    fn send(&self, letter: &Letter) -> Result<(), NotSent> {
        self.0.json(&json!({ "text": text(letter) }), &[])
    }
}

/// As many items as there is room for.
fn text(letter: &Letter) -> String {
    let begin =
        format!("#### {}\n{}\n", plain(&clipped(&letter.subject, 300)), plain(&letter.lead));
    let end = |more: usize| {
        let rest = if more > 0 { format!("and {more} more. ") } else { String::new() };
        format!("\n{rest}[View all]({})\n\n_{}_", letter.link, plain(&letter.foot))
    };
    let mut text = clipped(&begin, MOST / 2);
    let mut taken = 0;
    for item in &letter.items {
        let line = format!(
            "\n- **[{}]({})**\n  {}\n  To do: {}",
            plain(&clipped(&item.title, 300)),
            item.link,
            plain(&clipped(&item.detail, 1000)),
            plain(&clipped(&item.act, 500))
        );
        let characters = |text: &str| text.chars().count();
        if characters(&text) + characters(&line) + characters(&end(usize::MAX)) > MOST {
            break;
        }
        text.push_str(&line);
        taken += 1;
    }
    let left = letter.items.len().saturating_sub(taken).saturating_add(letter.more);
    text.push_str(&end(left));
    text
}

/// A text whose characters are no marks of Markdown, that mentions nobody, and in which no address is a link.
fn plain(text: &str) -> String {
    let text = one_line(text).replace("://", ":\u{200b}//").replace("www.", "www\u{200b}.");
    // A mention needs the sign before the name: nothing that is seen comes between them.
    unmarked(&text, "\\`*_[]<>#|~!").replace('@', "@\u{200b}")
}

#[cfg(test)]
mod tests {
    use trimtab_model::letter::Item;

    use super::*;

    #[test]
    fn names_are_no_markup_and_a_post_has_room_for_its_end() {
        let item = Item {
            title: "Raise @all [x](http://y) `z`".into(),
            detail: "d".repeat(900).into(),
            act: "Raise it.".into(),
            link: "https://trimtab.example/findings/1".into(),
        };
        let letter = Letter {
            id: "1".into(),
            subject: "Week".into(),
            lead: "News.".into(),
            items: vec![item; 40],
            more: 2,
            urgent: false,
            link: "https://trimtab.example/today".into(),
            foot: "You chose it.".into(),
        };
        let made = text(&letter);
        assert!(made.chars().count() <= MOST);
        assert!(made.contains(
            "**[Raise @\u{200b}all \\[x\\](http:\u{200b}//y) \\`z\\`](https://trimtab.example/findings/1)**"
        ));
        let taken = made.matches("\n- ").count();
        assert!(taken > 10 && taken < 40);
        let end = format!(
            "\nand {} more. [View all](https://trimtab.example/today)\n\n_You chose it._",
            42 - taken
        );
        assert!(made.ends_with(&end), "{made}");
    }
}
