//! The shape of `exceptions.toml`, as serde and the JSON Schema know it. What the values must be
//! is checked in `read`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::place::{At, Day};

/// Decisions to accept findings until a date.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(title = "exceptions.toml")]
pub(crate) struct File {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub(crate) format: At<u32>,
    /// The exceptions.
    #[serde(default)]
    pub(crate) exception: Vec<Entry>,
}

/// A decision to accept a finding until a date. It names a vulnerability, a package, or both.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Entry {
    /// Its own id, by which people speak of it; no other exception of the file has it.
    pub(crate) id: At<String>,
    /// Any id of the vulnerability: CVE, GHSA, or of another database.
    pub(crate) vulnerability: Option<At<String>>,
    /// The package as a purl; without version, every version of it.
    pub(crate) package: Option<At<String>>,
    /// The files, as a pattern with `*`, `**`, `?` and `{a,b}`.
    pub(crate) path: Option<At<String>>,
    /// The system, by its name.
    pub(crate) system: Option<At<String>>,
    /// The environment, by its name.
    pub(crate) environment: Option<At<String>>,
    /// Why it is acceptable.
    pub(crate) reason: At<String>,
    /// Who asks for it: a name, an address, or `Name <address>`.
    pub(crate) author: At<String>,
    /// For which side the author speaks.
    pub(crate) author_role: Option<At<Side>>,
    /// Who agreed; not the author. Without it the exception is not in force.
    pub(crate) approver: Option<At<String>>,
    /// For which side the approver speaks.
    pub(crate) approver_role: Option<At<Side>>,
    /// The day on which it was made, from which the charter's limit counts.
    pub(crate) created: Option<At<Day>>,
    /// The last day on which it holds.
    pub(crate) expires: Option<At<Day>>,
    /// What lowers the risk meanwhile (the compensating control).
    pub(crate) control: Option<At<String>>,
    /// Where the work on it is followed.
    pub(crate) ticket: Option<At<String>>,
}

/// A side of the charter.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Side {
    Security,
    Engineering,
    Product,
    Operations,
    Leadership,
    Auditor,
    Admin,
}
