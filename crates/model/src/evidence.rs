//! Evidence: facts about a finding beyond the advisory, each with its source. What nobody has looked
//! at is `Unknown`, never taken for harmless.

/// How the finding's code is reached from the system's own. Ordered by how much it says for a risk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Reachability {
    /// The package is not imported by the source that was examined: a weak inference.
    NotImported,
    /// Imported, but the affected symbols were not seen: a weak inference.
    SymbolNotSeen,
    /// Nobody looked, or the language is not read.
    #[default]
    Unknown,
    /// The package is imported.
    Imported,
    /// An affected symbol is called.
    Called,
}

/// Whether the component was seen at run time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum RuntimeUse {
    /// It was watched for, and not loaded: a weak inference.
    NotSeen,
    /// Nobody watched.
    #[default]
    Unknown,
    /// It was loaded.
    Loaded,
}

/// What a VEX statement says. The terms are those of CISA's minimum requirements for VEX.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VexStatus {
    /// No remediation is needed.
    NotAffected,
    /// This version has the fix.
    Fixed,
    /// Not yet known.
    UnderInvestigation,
    /// Action is advised.
    Affected,
}

impl VexStatus {
    /// The word used in files and output.
    pub const fn as_str(self) -> &'static str {
        match self {
            VexStatus::NotAffected => "not_affected",
            VexStatus::Fixed => "fixed",
            VexStatus::UnderInvestigation => "under_investigation",
            VexStatus::Affected => "affected",
        }
    }

    /// Whether there may be something to do.
    pub const fn is_open(self) -> bool {
        matches!(self, VexStatus::Affected | VexStatus::UnderInvestigation)
    }
}

/// A fact and who says so.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Fact<T> {
    /// The fact.
    pub value: T,
    /// The source: a tool, a file with line, a person. Empty if there is none.
    pub source: Box<str>,
}

/// Everything that is known about one finding beyond its advisories and its system.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Evidence {
    /// From the source code.
    pub reachability: Fact<Reachability>,
    /// From the running system.
    pub runtime: Fact<RuntimeUse>,
    /// From a supplier's VEX statement, or our own decision. `None`: there is neither.
    pub vex: Option<Fact<VexStatus>>,
}
