//! Who I am here: my roles, my tokens, my sign-in.

use askama::Template;

use crate::layout::Layout;
use crate::part::{Form, Pairs, Table};

/// The page.
#[derive(Debug, Clone, Template)]
#[template(path = "page/account.html")]
pub struct Account {
    /// What stands around it.
    pub layout: Layout,
    /// What was just made: what it is, and its secret, which is shown once.
    pub fresh: Vec<(String, String)>,
    /// Name, roles, second factor, last sign-in.
    pub about: Pairs,
    /// My tokens.
    pub tokens: Table,
    /// A new token.
    pub form: Form,
}
