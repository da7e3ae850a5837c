//! A board as it hangs on a wall, or as a link shows it: large, with nothing to click, fresh by itself.

use askama::Template;
use jiff::Timestamp;
use jiff::tz::TimeZone;

use crate::part::{Dial, Figures, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/wall.html")]
pub struct Wall {
    /// The organisation's name.
    pub organisation: String,
    /// The title.
    pub title: String,
    /// The headline.
    pub headline: String,
    /// After how many seconds it is fetched again, as the answer's header says to the browser.
    pub every: u32,
    /// The numbers.
    pub figures: Figures,
    /// The load, where it is looked at.
    pub dial: Option<Dial>,
    /// What is behind them.
    pub tables: Vec<Table>,
    /// When it was made.
    pub now: Timestamp,
}

impl Wall {
    fn made(&self) -> String {
        self.now.to_zoned(TimeZone::UTC).strftime("%Y-%m-%d %H:%M UTC").to_string()
    }
}
