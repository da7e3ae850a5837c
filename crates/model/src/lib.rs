//! The domain terms of Trimtab as types: components, inventories, advisories, findings, and the
//! order of versions in every ecosystem.
//!
//! The crate is pure: no I/O, no clock, no serialisation of its own. Formats that outlive a release
//! define their own shape and convert. The terms are explained in `docs/glossary.md`.

pub mod action;
pub mod advisory;
pub mod assessment;
pub mod charter;
pub mod component;
pub mod context;
pub mod cvss;
pub mod decision;
pub mod diagnostic;
pub mod ecosystem;
pub mod evidence;
pub mod finding;
pub mod inventory;
pub mod letter;
pub mod level;
pub mod licence;
pub mod marker;
pub mod metadata;
pub mod plan;
pub mod purl;
mod release;
pub mod scan;
pub mod ticket;
pub mod vers;
pub mod version;

pub use action::{Proposal, Way};
pub use component::{Component, Hash, HashAlgorithm, Origin, Relation, Scope};
pub use context::{Exposure, Role, System};
pub use diagnostic::{Code, Diagnostic, Severity as DiagnosticSeverity};
pub use ecosystem::{Ecosystem, Family};
pub use evidence::Evidence;
pub use inventory::{DocumentInfo, FileInventory, Inventory, Unmanaged, UnmanagedReason};
pub use level::Level;
pub use licence::Licence;
pub use metadata::Metadata;
pub use purl::Purl;
pub use vers::Vers;
pub use version::{Scheme, UnknownVersion, Version};
