//! How the server's pages look. Views are plain data in a page's own terms; each has a template of
//! the same name. No I/O, no clock, no request: the caller that fills a view knows what day it is.
//!
//! - [`layout`]: what surrounds every page.
//! - [`part`]: what pages are made of (table, dial, charts, forms). A part is a value that renders
//!   itself.
//! - [`page`]: one file and one template per page; `page.render()` gives the HTML.
//! - [`asset`]: the style sheet and the script, by names that change with their content.
//!
//! Everything that is written into a page is escaped; addresses are checked by [`part::Href`]. No
//! template declares anything safe by itself: only parts are (`part::renders_itself`).

pub mod asset;
pub mod layout;
pub mod page;
pub mod part;

pub use askama::{Error, Template};
pub use layout::{Entry, Layout};

/// The policy that every page holds: nothing inline, nothing from elsewhere.
pub const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; style-src 'self'; script-src 'self'; \
    img-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'";
