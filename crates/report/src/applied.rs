//! What became of a batch that was carried out: for programs, as the text of a request for a change,
//! and as the message of its commit.

pub mod json;
mod markdown;
mod message;

pub use markdown::write;
pub use message::{message, rollback_message, title};
