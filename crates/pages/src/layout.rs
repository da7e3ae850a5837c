//! What stands around every page: the rail, the search, who looks and from which side, and the
//! headline, which is one sentence made from data.

use jiff::Timestamp;

use crate::part::{Link, Notice};

macro_rules! entries {
    ($($(#[$doc:meta])* $variant:ident = $words:literal, $path:literal, $drawing:literal;)*) => {
        /// An entry of the rail.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Entry { $($(#[$doc])* $variant),* }

        impl Entry {
            /// The rail from top to bottom.
            pub const ALL: &[Entry] = &[$(Entry::$variant),*];

            /// Its words.
            pub fn words(self) -> &'static str {
                match self { $(Entry::$variant => $words),* }
            }

            /// Its address.
            pub fn path(self) -> &'static str {
                match self { $(Entry::$variant => $path),* }
            }

            /// Its drawing: a path in a square of 16, stroked.
            pub(crate) fn drawing(self) -> &'static str {
                match self { $(Entry::$variant => $drawing),* }
            }
        }
    };
}

// The rail from top to bottom, a line each: words, address, drawing.
entries! {
    /// What needs me.
    Today = "Today", "/", "M2 12a6 6 0 1 1 12 0M8 12l3-4.5M1.5 12h13";
    /// What the business knows by name.
    Systems = "Systems", "/systems", "M2 2.5h5v5H2zM9 8.5h5v5H9zM9 2.5h5v3H9zM2 10.5h5v3H2z";
    /// What is wrong.
    Findings = "Findings", "/findings", "M8 2 14.5 13.5h-13zM8 6.5v3.5M8 11.7v.3";
    /// Any package anywhere.
    Where = "Where is it?", "/where", "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.3 10.3 14 14";
    /// What is done when.
    Plan = "Plan", "/plan", "M2 3.5h12v10.5H2zM2 7h12M5.5 1.5v3.5M10.5 1.5v3.5M4.5 10h3";
    /// What must be answered at once, by all together.
    Incidents = "Incidents", "/incidents", "M8 1.5v2M2.5 4l1.4 1.2M13.5 4l-1.4 1.2M4.5 13v-3.5a3.5 3.5 0 0 1 7 0V13M2.5 13.5h11";
    /// What is talked about every week, and decided.
    Reviews = "Reviews", "/reviews", "M2 2.5h12v8.5H8l-3.5 3v-3H2zM5 5.5h6M5 8h4";
    /// What is accepted until a date.
    Exceptions = "Exceptions", "/exceptions", "M4 2h8M4 14h8M5 2v2.5L8 8l3-3.5V2M5 14v-2.5L8 8l3 3.5V14";
    /// What was agreed.
    Charter = "Charter", "/charter", "M3.5 1.5h6l3 3v10h-9zM9.5 1.5v3h3M5.5 8h5M5.5 11h5";
    /// Who does it.
    Teams = "Teams", "/teams", "M6 7.5a2.5 2.5 0 1 0 0-5 2.5 2.5 0 0 0 0 5zM1.5 13.5c0-2.5 2-4 4.5-4s4.5 1.5 4.5 4M10.5 3a2.3 2.3 0 0 1 0 4.3M12 9.8c1.5.6 2.5 1.9 2.5 3.7";
    /// How it goes.
    Metrics = "Metrics", "/metrics", "M2 2v12h12M4.5 10.5 7.5 7l2.5 2 4-5";
    /// What happened.
    Ledger = "Ledger", "/ledger", "M3.5 2h9.5v12H3.5a1.5 1.5 0 0 1 0-3H13M3.5 2A1.5 1.5 0 0 0 2 3.5v9M6 5h4";
    /// Where facts come from, and what runs.
    Feeds = "Feeds and jobs", "/feeds", "M3 13a.5.5 0 1 0 0-.1M2.5 8A5.5 5.5 0 0 1 8 13.5M2.5 3A10.5 10.5 0 0 1 13 13.5";
    /// People, roles, tokens.
    Administration = "Administration", "/administration", "M2 4.5h7M12.5 4.5H14M11 3v3M2 11.5h2M7.5 11.5H14M6 10v3";
}

/// What stands around a page.
#[derive(Debug, Clone)]
pub struct Layout {
    /// The organisation's name.
    pub organisation: String,
    /// Who looks.
    pub person: String,
    /// The side that they look from: `security`.
    pub side: String,
    /// The other sides that they may look from, each the value that is sent.
    pub sides: Vec<String>,
    /// Where in the rail we are.
    pub entry: Option<Entry>,
    /// The entries that this person may open.
    pub entries: Vec<Entry>,
    /// What stands in the search.
    pub search: String,
    /// The way here: from the rail's page down to this one, which is the last.
    pub crumbs: Vec<Link>,
    /// The page's own title, for tabs and bookmarks.
    pub title: String,
    /// The headline.
    pub headline: String,
    /// What can be done with the whole page: each leads to a page of its own.
    pub actions: Vec<Link>,
    /// What is most often done next from here; a page has one, or none.
    pub primary: Option<Link>,
    /// The token against forged requests.
    pub csrf: String,
    /// What has just happened.
    pub flash: Option<Notice>,
    /// Now.
    pub now: Timestamp,
    /// How fresh the facts are: `OSV of 2026-11-27 04:10 UTC`; empty if that does not matter here.
    pub source: String,
}

impl Layout {
    /// Whether this is where we are.
    pub(crate) fn is_at(&self, entry: &Entry) -> bool {
        self.entry == Some(*entry)
    }

    /// Now as script and readers of markup expect it.
    pub(crate) fn stamp(&self) -> String {
        format!("{:.0}", self.now)
    }

    /// Now, in words.
    pub(crate) fn made(&self) -> String {
        let zoned = self.now.to_zoned(jiff::tz::TimeZone::UTC);
        zoned.strftime("%Y-%m-%d %H:%M UTC").to_string()
    }
}
