//! Decisions: what people agreed about a finding.
//!
//! An *exception* accepts it until a date. *Not affected* says that it does no harm here. A
//! *statement* (VEX) is what somebody publishes about whether a product is affected.

use jiff::Timestamp;
use jiff::civil::Date;

use crate::context::Role;
use crate::evidence::VexStatus;
use crate::purl::Purl;

/// A person who decided something, and the side that they spoke for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signatory {
    /// Name or address, as written.
    pub name: Box<str>,
    /// The side. `None`: not given.
    pub role: Option<Role>,
}

/// What a decision is about. A member that is `None` does not narrow it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reach {
    /// Any id of the vulnerability. `None`: every vulnerability of the package.
    pub vulnerability: Option<Box<str>>,
    /// The package; with a version only that version. `None`: every package.
    pub package: Option<Purl>,
    /// Files, as a pattern (`tools/**`).
    pub path: Option<Box<str>>,
    /// The system.
    pub system: Option<Box<str>>,
    /// The environment.
    pub environment: Option<Box<str>>,
}

/// A decision to accept a finding until a date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Exception {
    /// Its own id: people speak of it.
    pub id: Box<str>,
    /// What it is about.
    pub reach: Reach,
    /// Why it is acceptable.
    pub reason: Box<str>,
    /// Who asked.
    pub author: Signatory,
    /// Who agreed. `None`: nobody yet, so that it is not in force.
    pub approver: Option<Signatory>,
    /// Since when. `None`: not given.
    pub created: Option<Date>,
    /// The last day on which it is valid. `None`: not given, which the charter may refuse.
    pub expires: Option<Date>,
    /// What lowers the risk meanwhile.
    pub control: Option<Box<str>>,
    /// Where the work on it is followed: an address or a key of a tracker.
    pub ticket: Option<Box<str>>,
    /// The file that contains it.
    pub file: Box<str>,
    /// One-based line.
    pub line: u32,
}

/// A decision that a vulnerability does not matter here: it is there, and cannot do harm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotAffected {
    /// Its own id: people speak of it.
    pub id: Box<str>,
    /// What it is about. It names a vulnerability.
    pub reach: Reach,
    /// Why, by label.
    pub justification: Justification,
    /// The reason in words: the impact statement that others read.
    pub reason: Box<str>,
    /// Who found it out.
    pub author: Signatory,
    /// Who agreed. `None`: nobody yet, so that it is not in force.
    pub approver: Option<Signatory>,
    /// Since when. `None`: not given, so it cannot be shown to be newer than a change of the
    /// advisory.
    pub created: Option<Date>,
    /// The last day on which it is valid. `None`: until the advisory changes in substance.
    pub expires: Option<Date>,
    /// What shows it: a test, an analysis, an address.
    pub evidence: Option<Box<str>>,
    /// The file that contains it.
    pub file: Box<str>,
    /// One-based line.
    pub line: u32,
}

/// The decisions of a file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Decisions {
    /// What is accepted.
    pub exceptions: Vec<Exception>,
    /// What does not matter.
    pub not_affected: Vec<NotAffected>,
}

/// Why a product is not affected. The five labels of CISA's and CSAF's lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Justification {
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

impl Justification {
    /// All of them.
    pub const ALL: &[Justification] = &[
        Justification::ComponentNotPresent,
        Justification::VulnerableCodeNotPresent,
        Justification::VulnerableCodeNotInExecutePath,
        Justification::VulnerableCodeCannotBeControlledByAdversary,
        Justification::InlineMitigationsAlreadyExist,
    ];

    /// The label, as OpenVEX and CSAF spell it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Justification::ComponentNotPresent => "component_not_present",
            Justification::VulnerableCodeNotPresent => "vulnerable_code_not_present",
            Justification::VulnerableCodeNotInExecutePath => "vulnerable_code_not_in_execute_path",
            Justification::VulnerableCodeCannotBeControlledByAdversary => {
                "vulnerable_code_cannot_be_controlled_by_adversary"
            }
            Justification::InlineMitigationsAlreadyExist => "inline_mitigations_already_exist",
        }
    }

    /// Reads the label.
    pub fn from_label(label: &str) -> Option<Justification> {
        Justification::ALL.iter().copied().find(|j| j.as_str() == label)
    }
}

/// What somebody says about a vulnerability in a product (VEX).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Statement {
    /// Any id of the vulnerability, the one that the document leads with.
    pub vulnerability: Box<str>,
    /// Other ids that the document gives it.
    pub aliases: Vec<Box<str>>,
    /// The products: purls where they have one.
    pub products: Vec<Product>,
    /// The status that is stated.
    pub status: VexStatus,
    /// Why it is not affected, if a label states it.
    pub justification: Option<Justification>,
    /// The impact statement or detail, in words.
    pub detail: Option<Box<str>>,
    /// What to do, in words.
    pub action: Option<Box<str>>,
    /// Who says so.
    pub author: Option<Box<str>>,
    /// When it was stated or last confirmed.
    pub at: Option<Timestamp>,
    /// The document's own id.
    pub document: Option<Box<str>>,
    /// What the document says in terms of its own format that have no member here
    /// (`cyclonedx:state`, `openvex:supplier`): kept, so that writing it again loses nothing.
    /// Sorted by name; the texts of one name stay in their order.
    pub words: Vec<Word>,
}

/// A term of a document's own format.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Word {
    /// Its name.
    pub name: Box<str>,
    /// What it says.
    pub text: Box<str>,
}

impl Word {
    /// A word.
    pub fn new(name: impl Into<Box<str>>, text: impl Into<Box<str>>) -> Word {
        Word { name: name.into(), text: text.into() }
    }
}

/// A product of a statement, with the components in it that are meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub struct Product {
    /// The document's own id of it.
    pub id: Box<str>,
    /// What people call it.
    pub name: Option<Box<str>>,
    /// Its purl, where it has one. Without version: every version.
    pub purl: Option<Purl>,
    /// Which versions, if the document says more than the purl does: a range (`vers:…`), or one
    /// version as it is written. It then replaces the purl's version.
    pub versions: Option<Box<str>>,
    /// Other names of it: CPEs, hashes, serial numbers.
    pub identifiers: Vec<Word>,
    /// The components in it that the statement is about, which have none of their own; none: the
    /// product itself.
    pub components: Vec<Product>,
}
