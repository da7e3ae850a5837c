//! A level as shape, word and colour; what is unknown as a hatched question mark.

#![expect(unused_qualifications, reason = "askama writes them for an enum")]

use askama::Template;
use trimtab_model::Level;

/// The mark of a level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Template)]
#[template(
    ext = "html",
    source = r##"<span class="mark {{ word() }}"><svg class="shape" aria-hidden="true"><use href="#{{ word() }}"/></svg>{{ word() }}</span>"##
)]
pub enum Mark {
    /// A level by the charter.
    Level(Level),
    /// Nobody could say.
    Unknown,
}

impl Mark {
    /// The word, which is the class and the shape's name too.
    pub fn word(&self) -> &'static str {
        match self {
            Mark::Level(level) => level.as_str(),
            Mark::Unknown => "unknown",
        }
    }
}

impl From<Option<Level>> for Mark {
    fn from(level: Option<Level>) -> Mark {
        level.map_or(Mark::Unknown, Mark::Level)
    }
}

impl From<Level> for Mark {
    fn from(level: Level) -> Mark {
        Mark::Level(level)
    }
}

super::renders_itself!(Mark);
