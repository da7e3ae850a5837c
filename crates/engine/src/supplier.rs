//! Suppliers: how good a document of theirs is, and whether they keep to what they promised. Pure: what came and what was
//! found comes in, with the time.

pub mod obligations;
pub mod quality;
