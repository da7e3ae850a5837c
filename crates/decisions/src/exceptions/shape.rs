//! The shape of `exceptions.toml`, as serde and the JSON Schema know it. What the values must be
//! is checked in `read`.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::place::{At, Day};

/// Decisions about findings: to accept them until a date, or that they do not matter here.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "exceptions.toml")]
pub(crate) struct File {
    /// The version of this format: 1.
    #[schemars(range(min = 1, max = 1))]
    pub(crate) format: At<u32>,
    /// The exceptions.
    #[serde(default)]
    #[expect(dead_code, reason = "for the schema; entries are read one by one")]
    pub(crate) exception: Vec<Entry>,
    /// The decisions that a vulnerability does not matter here.
    #[serde(default)]
    #[expect(dead_code, reason = "for the schema; entries are read one by one")]
    pub(crate) not_affected: Vec<Unaffected>,
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

/// A decision that a vulnerability does not matter here: it is there, and cannot do harm.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(crate) struct Unaffected {
    /// Its own id, by which people speak of it; no other decision of the file has it.
    pub(crate) id: At<String>,
    /// Any id of the vulnerability: CVE, GHSA, or of another database.
    #[schemars(required)]
    pub(crate) vulnerability: Option<At<String>>,
    /// The package as a purl; without version, every version of it.
    pub(crate) package: Option<At<String>>,
    /// The files, as a pattern with `*`, `**`, `?` and `{a,b}`.
    pub(crate) path: Option<At<String>>,
    /// The system, by its name.
    pub(crate) system: Option<At<String>>,
    /// The environment, by its name.
    pub(crate) environment: Option<At<String>>,
    /// Why, by label.
    #[schemars(required, with = "Label")]
    pub(crate) justification: Option<At<String>>,
    /// Why, in words that others can check; it is published with the label.
    pub(crate) reason: At<String>,
    /// Who found it out: a name, an address, or `Name <address>`.
    pub(crate) author: At<String>,
    /// For which side the author speaks.
    pub(crate) author_role: Option<At<Side>>,
    /// Who agreed; not the author. Without it the decision is not in force.
    pub(crate) approver: Option<At<String>>,
    /// For which side the approver speaks: security, or a side that may approve exceptions.
    pub(crate) approver_role: Option<At<Side>>,
    /// The day on which it was made, or confirmed.
    pub(crate) created: Option<At<Day>>,
    /// The last day on which it holds. It ends earlier when the advisory changes in substance.
    pub(crate) expires: Option<At<Day>>,
    /// What shows it: a test, an analysis, an address. It is not published.
    pub(crate) evidence: Option<At<String>>,
}

/// The labels of a justification, for the schema: a wrong one is told in `read`.
#[derive(JsonSchema)]
#[schemars(rename_all = "snake_case", inline)]
#[expect(dead_code, reason = "only its schema is used")]
enum Label {
    /// The component is not in the product.
    ComponentNotPresent,
    /// The component is, its vulnerable code is not.
    VulnerableCodeNotPresent,
    /// The vulnerable code is never executed.
    VulnerableCodeNotInExecutePath,
    /// An attacker cannot steer the vulnerable code.
    VulnerableCodeCannotBeControlledByAdversary,
    /// Something in the product prevents exploitation.
    InlineMitigationsAlreadyExist,
}

/// What both kinds of decisions say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Common<'e> {
    pub(super) id: &'e At<String>,
    pub(super) vulnerability: Option<&'e At<String>>,
    pub(super) package: Option<&'e At<String>>,
    pub(super) path: Option<&'e At<String>>,
    pub(super) system: Option<&'e At<String>>,
    pub(super) environment: Option<&'e At<String>>,
    pub(super) reason: &'e At<String>,
    pub(super) author: &'e At<String>,
    pub(super) author_role: Option<&'e At<Side>>,
    pub(super) approver: Option<&'e At<String>>,
    pub(super) approver_role: Option<&'e At<Side>>,
    pub(super) created: Option<&'e At<Day>>,
    pub(super) expires: Option<&'e At<Day>>,
}

macro_rules! common {
    ($entry:ident) => {
        Common {
            id: &$entry.id,
            vulnerability: $entry.vulnerability.as_ref(),
            package: $entry.package.as_ref(),
            path: $entry.path.as_ref(),
            system: $entry.system.as_ref(),
            environment: $entry.environment.as_ref(),
            reason: &$entry.reason,
            author: &$entry.author,
            author_role: $entry.author_role.as_ref(),
            approver: $entry.approver.as_ref(),
            approver_role: $entry.approver_role.as_ref(),
            created: $entry.created.as_ref(),
            expires: $entry.expires.as_ref(),
        }
    };
}

impl<'e> From<&'e Entry> for Common<'e> {
    fn from(entry: &'e Entry) -> Common<'e> {
        common!(entry)
    }
}

impl<'e> From<&'e Unaffected> for Common<'e> {
    fn from(entry: &'e Unaffected) -> Common<'e> {
        common!(entry)
    }
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
