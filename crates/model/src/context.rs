//! Context: what the organisation knows about a system and the advisory does not.

use std::fmt;

use crate::level::bands;

bands! {
    /// From where a system can be reached. Ordered, the most exposed last.
    Exposure {
        /// From nowhere but its own host or cell.
        Isolated = "isolated",
        /// From the organisation's own network.
        Internal = "internal",
        /// From the internet.
        Internet = "internet",
    }
}

bands! {
    /// Who takes part: the sides of the charter, and those who look on.
    Role {
        /// Weighs risk and watches for it.
        Security = "security",
        /// Chooses and changes dependencies.
        Engineering = "engineering",
        /// Sets what is done first.
        Product = "product",
        /// Runs what is shipped.
        Operations = "operations",
        /// Answers for all of it.
        Leadership = "leadership",
        /// Reads the evidence.
        Auditor = "auditor",
        /// Keeps Trimtab itself.
        Admin = "admin",
    }
}

/// A thing that the business knows by name, as `trimtab.toml` describes it. What is not given there
/// is `None`: unknown, not harmless.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct System {
    /// Its name.
    pub name: Box<str>,
    /// The team that changes it.
    pub owner: Option<Box<str>>,
    /// Who decides what is done first.
    pub product_owner: Option<Box<str>>,
    /// Whom to call about running it.
    pub operations: Option<Box<str>>,
    /// How much it matters: the name of a tier of the charter.
    pub tier: Option<Box<str>>,
    /// From where it can be reached.
    pub exposure: Option<Exposure>,
    /// The classes of data that it holds, names of the charter; an empty list says that it holds none.
    pub data: Option<Vec<Box<str>>>,
    /// Where it runs: names of environments of the charter. `None`: unknown.
    pub environments: Option<Vec<Box<str>>>,
    /// What a failure means to customers, in one sentence.
    pub failure: Option<Box<str>>,
    /// The folders and files that belong to it, as patterns (`services/pay/**`); none: all.
    pub paths: Vec<Box<str>>,
    /// Systems that it needs.
    pub depends_on: Vec<Box<str>>,
}
