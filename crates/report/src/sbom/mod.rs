//! Bills of materials: written as CycloneDX and SPDX, compared, merged and checked.
//!
//! What is written is the same on every run: no clock and no random identifiers. Serial number
//! and namespace are UUIDs (version 8, RFC 9562) made from a BLAKE3 digest of the content.

pub mod check;
pub mod cyclonedx;
pub mod cyclonedx_xml;
pub mod diff;
mod facts;
pub mod merge;
pub mod spdx;
pub mod spdx_tag;
mod weighed;

/// What a writer cannot know from the scan.
#[derive(Debug, Clone, Copy, Default)]
pub struct Options {
    /// When the document is made. `None`: CycloneDX leaves it out; SPDX, which must have one,
    /// gives the date of the advisory data, or without any 1970-01-01T00:00:00Z.
    pub timestamp: Option<jiff::Timestamp>,
}
