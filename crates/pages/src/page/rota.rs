//! Who is on duty in a team: turns, days that others take, and how it goes round.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Form, Notice, Pairs, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/rota.html")]
pub struct Rota {
    /// What stands around it.
    pub layout: Layout,
    /// Why it does not tell anybody.
    pub notice: Option<Notice>,
    /// Turns, the one that runs first.
    pub turns: Table,
    /// Days that others take.
    pub covers: Table,
    /// How it goes round.
    pub about: Pairs,
    /// Take days; set how it goes round.
    pub forms: Vec<(String, Form)>,
}
