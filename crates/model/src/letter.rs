//! Messages to people: what a letter says, before a channel converts it into its own form.

/// A message to some people about what they have to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Letter {
    /// What makes it the same letter when it is sent again: letters, digits, `-` and `.`.
    pub id: Box<str>,
    /// A line.
    pub subject: Box<str>,
    /// The news in a sentence or two.
    pub lead: Box<str>,
    /// One for each action, the gravest first.
    pub items: Vec<Item>,
    /// How many more there are, which are not in it.
    pub more: usize,
    /// Whether it breaks through quiet hours.
    pub urgent: bool,
    /// The page that has all of it, and where people say that they have it.
    pub link: Box<str>,
    /// Why they get it, and where that is changed.
    pub foot: Box<str>,
}

/// Something to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    /// What it is, in a line.
    pub title: Box<str>,
    /// Why it matters and until when.
    pub detail: Box<str>,
    /// How to act.
    pub act: Box<str>,
    /// Its page.
    pub link: Box<str>,
}

impl Letter {
    /// It with so many items at most: the others are counted in [`Letter::more`].
    #[must_use]
    pub fn with_at_most(&self, items: usize) -> Letter {
        let mut short = self.clone();
        short.more = short.more.saturating_add(short.items.len().saturating_sub(items));
        short.items.truncate(items);
        short
    }

    /// What is said about those that are left out. `None`: all are included.
    pub fn rest(&self) -> Option<String> {
        (self.more > 0).then(|| format!("and {} more", self.more))
    }
}
