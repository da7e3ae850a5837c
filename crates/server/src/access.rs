//! Who is who, and who may do what.

pub(crate) mod password;
pub(crate) mod secret;
pub mod table;
pub(crate) mod who;

pub use table::{Action, On};
pub use who::Who;
