//! A plan: as text for people, and as JSON for programs. Both are written from one document.

pub mod json;
pub mod text;
mod words;
