//! The requests of a repository: what each is, what is done about it, and why. For people and for programs.

pub mod json;
mod text;

pub use text::write;
