//! Readers of the syntaxes that formats are written in. JSON, YAML and TOML become one kind of
//! positioned tree ([`tree::Document`]), XML another ([`xml::Xml`]); both know the line of every
//! entry, are bounded in depth and count, and answer with a diagnostic instead of failing.

mod block_yaml;
pub mod json;
pub mod text;
pub mod toml;
pub mod tree;
pub mod xml;
pub mod xml_parts;
pub mod yaml;

/// The deepest nesting that any reader accepts.
pub const MAX_DEPTH: usize = 200;

/// The largest number of nodes that any reader makes of one file.
pub const MAX_NODES: usize = 40_000_000;
