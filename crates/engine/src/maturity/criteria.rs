//! The criteria, as data: what a stage requires, which fact decides it, how much of it is enough,
//! what to do next, and the controls of other frameworks to which it points. Frameworks are named
//! by their own ids; their texts are not here.

use super::{Fact, Stage};

/// A framework that criteria point to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Framework {
    /// NIST SP 800-218, the Secure Software Development Framework, version 1.1: practices and tasks.
    Ssdf,
    /// NIST SP 800-161 revision 1: controls.
    Sp800161,
    /// NTIA, *The Minimum Elements For a Software Bill of Materials*: its three parts.
    Ntia,
    /// Regulation (EU) 2024/2847, annex I part II: points.
    Cra,
    /// NCSC, *Vulnerability management* guidance: principles.
    Ncsc,
}

impl Framework {
    /// All of them.
    pub const ALL: [Framework; 5] =
        [Framework::Ssdf, Framework::Sp800161, Framework::Ntia, Framework::Cra, Framework::Ncsc];

    /// The word, as data has it.
    pub const fn as_str(self) -> &'static str {
        match self {
            Framework::Ssdf => "nist-sp-800-218",
            Framework::Sp800161 => "nist-sp-800-161r1",
            Framework::Ntia => "ntia-minimum-elements",
            Framework::Cra => "eu-cra-annex-1-part-2",
            Framework::Ncsc => "ncsc-vulnerability-management",
        }
    }

    /// Its name, for people.
    pub const fn words(self) -> &'static str {
        match self {
            Framework::Ssdf => "NIST SSDF (SP 800-218)",
            Framework::Sp800161 => "NIST SP 800-161r1",
            Framework::Ntia => "NTIA minimum elements",
            Framework::Cra => "EU CRA annex I part II",
            Framework::Ncsc => "NCSC vulnerability management",
        }
    }
}

/// A place in a framework.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Reference {
    /// Which framework.
    pub framework: Framework,
    /// The place, by the framework's own id.
    pub id: &'static str,
}

/// A requirement of a stage.
#[derive(Debug, PartialEq, Eq)]
pub struct Criterion {
    /// Its id, which stays.
    pub id: &'static str,
    /// The stage that requires it.
    pub stage: Stage,
    /// What is required.
    pub words: &'static str,
    /// What decides it.
    pub fact: Fact,
    /// How much of it is enough, in percent.
    pub least: u8,
    /// Whether it is met if there is nothing to count: no deadline was missed if none was due.
    pub holds_of_none: bool,
    /// Whether the organisation meets it only where each of its teams does.
    pub everywhere: bool,
    /// What to do to meet it.
    pub next: &'static str,
    /// What it points to.
    pub references: &'static [Reference],
}

impl Criterion {
    /// The thresholds between which an organisation may choose, in percent: at most a fifth less
    /// than the default. `None`: it is not counted in parts, and cannot be changed.
    pub const fn bounds(&self) -> Option<(u8, u8)> {
        match self.fact {
            Fact::Read | Fact::Fresh | Fact::Exploits | Fact::Agreed | Fact::Sealed => None,
            _ => Some((self.least - self.least / 5, 100)),
        }
    }
}

const fn ssdf(id: &'static str) -> Reference {
    Reference { framework: Framework::Ssdf, id }
}

const fn sp800161(id: &'static str) -> Reference {
    Reference { framework: Framework::Sp800161, id }
}

const fn ntia(id: &'static str) -> Reference {
    Reference { framework: Framework::Ntia, id }
}

const fn cra(id: &'static str) -> Reference {
    Reference { framework: Framework::Cra, id }
}

const fn ncsc(id: &'static str) -> Reference {
    Reference { framework: Framework::Ncsc, id }
}

/// What most criteria are: not of nothing, not of each team.
const PLAIN: Criterion = Criterion {
    id: "",
    stage: Stage::Basic,
    words: "",
    fact: Fact::Inventory,
    least: 100,
    holds_of_none: false,
    everywhere: false,
    next: "",
    references: &[],
};

/// All criteria, by stage.
pub const CRITERIA: &[Criterion] = &[
    Criterion {
        id: "inventory-begun",
        words: "At least half of the systems have an inventory.",
        least: 50,
        next: "Upload an inventory for each system: run trimtab scan, then POST to /api/v1/snapshots.",
        references: &[ssdf("PS.3.2"), sp800161("CM-8"), ntia("Data fields"), cra("(1)"), ncsc("2")],
        ..PLAIN
    },
    Criterion {
        id: "advisories-read",
        words: "Advisories were updated in the last month.",
        fact: Fact::Read,
        least: 50,
        next: "Let the server fetch its feeds, or give it a newer index.",
        references: &[ssdf("RV.1.1"), sp800161("SI-5"), cra("(1)")],
        ..PLAIN
    },
    Criterion {
        id: "findings-weighed",
        words: "Findings have a level.",
        fact: Fact::Weighed,
        least: 90,
        holds_of_none: true,
        next: "Review the findings with an unknown level: the inventory or the index is missing something.",
        references: &[ssdf("RV.2.1"), sp800161("RA-3"), ncsc("3")],
        ..PLAIN
    },
    Criterion {
        id: "all-watched",
        stage: Stage::Proactive,
        words: "Every team's assets have an inventory from the last month.",
        fact: Fact::Watched,
        least: 90,
        everywhere: true,
        next: "Upload an inventory from CI with every build.",
        references: &[
            ssdf("PW.4.4"),
            sp800161("CA-7"),
            ntia("Practices and processes: frequency"),
            cra("(3)"),
            ncsc("2"),
        ],
        ..PLAIN
    },
    Criterion {
        id: "inventory-whole",
        stage: Stage::Proactive,
        words: "Every system has an inventory.",
        next: "Upload an inventory for each system that has none.",
        references: &[ssdf("PS.3.2"), sp800161("CM-8"), ntia("Automation support"), cra("(1)")],
        ..PLAIN
    },
    Criterion {
        id: "advisories-fresh",
        stage: Stage::Proactive,
        words: "Advisories are at most two days old.",
        fact: Fact::Fresh,
        next: "Let the server fetch its feeds several times a day, and check the page of feeds.",
        references: &[ssdf("RV.1.1"), sp800161("SI-5"), cra("(1)")],
        ..PLAIN
    },
    Criterion {
        id: "rhythm-chosen",
        stage: Stage::Proactive,
        words: "Every team has a cadence and a plan.",
        fact: Fact::Planned,
        everywhere: true,
        next: "Set a cadence and a capacity on the page of the team; the plan follows.",
        references: &[ssdf("RV.2.2"), sp800161("SI-2"), cra("(2)"), ncsc("1")],
        ..PLAIN
    },
    Criterion {
        id: "updates-tested",
        stage: Stage::Proactive,
        words: "Updates are tested and not reverted.",
        fact: Fact::Tested,
        least: 75,
        next: "Carry out batches with trimtab apply, and push the evidence.",
        references: &[ssdf("PW.4.4"), sp800161("SI-2"), cra("(2)"), ncsc("5")],
        ..PLAIN
    },
    Criterion {
        id: "deadlines-mostly",
        stage: Stage::Proactive,
        words: "Three in four deadlines are kept.",
        fact: Fact::Kept,
        least: 75,
        holds_of_none: true,
        next: "Review what is past its deadline: schedule it, or ask for an exception.",
        references: &[ssdf("RV.2.2"), sp800161("SI-2"), cra("(2)"), ncsc("1")],
        ..PLAIN
    },
    Criterion {
        id: "charter-agreed",
        stage: Stage::Centralised,
        words: "All four sides have agreed to one charter.",
        fact: Fact::Agreed,
        next: "Propose a charter, and have security, engineering, product and operations agree to it.",
        references: &[ssdf("PO.4.1"), sp800161("PM-9"), ncsc("1")],
        ..PLAIN
    },
    Criterion {
        id: "reviews-held",
        stage: Stage::Centralised,
        words: "Every team has held a review in the last month.",
        fact: Fact::Held,
        everywhere: true,
        next: "Prepare a review on the page of reviews, and hold it with all four sides.",
        references: &[ssdf("RV.3.4"), cra("(3)"), ncsc("5")],
        ..PLAIN
    },
    Criterion {
        id: "owned",
        stage: Stage::Centralised,
        words: "Every system has an owner team.",
        fact: Fact::Owned,
        next: "Set the owner team on the page of each system.",
        references: &[ssdf("PO.2.1"), sp800161("CM-8"), ncsc("4")],
        ..PLAIN
    },
    Criterion {
        id: "context-told",
        stage: Stage::Centralised,
        words: "Every team's systems have a tier, an exposure and data classes.",
        fact: Fact::Described,
        least: 90,
        everywhere: true,
        next: "Fill in tier, exposure and data on the page of each system.",
        references: &[ssdf("RV.2.1"), sp800161("RA-9"), ncsc("3")],
        ..PLAIN
    },
    Criterion {
        id: "running-told",
        stage: Stage::Centralised,
        words: "What runs in production is known.",
        fact: Fact::Running,
        least: 90,
        next: "Report deployments from CI, the delivery tool or the cluster.",
        references: &[ssdf("PS.3.2"), sp800161("CM-8"), cra("(8)"), ncsc("2")],
        ..PLAIN
    },
    Criterion {
        id: "exploits-known",
        stage: Stage::Centralised,
        words: "What is exploited, and what is likely to be, is known.",
        fact: Fact::Exploits,
        next: "Build the index with KEV and EPSS.",
        references: &[ssdf("RV.1.1"), sp800161("RA-5"), ncsc("3")],
        ..PLAIN
    },
    Criterion {
        id: "decisions-of-two",
        stage: Stage::Centralised,
        words: "Decisions are approved by a second person, and accepted risks expire.",
        fact: Fact::Decided,
        holds_of_none: true,
        next: "End decisions that one person made alone, and ask for them again with an end date.",
        references: &[ssdf("RV.2.2"), sp800161("RA-7"), ncsc("4")],
        ..PLAIN
    },
    Criterion {
        id: "deadlines-kept",
        stage: Stage::Centralised,
        words: "Nine in ten deadlines are kept.",
        fact: Fact::Kept,
        least: 90,
        holds_of_none: true,
        next: "See which teams are late, and check their capacity.",
        references: &[ssdf("RV.2.2"), sp800161("SI-2"), cra("(2)"), ncsc("5")],
        ..PLAIN
    },
    Criterion {
        id: "changes-gated",
        stage: Stage::Centralised,
        words: "The gate checks changes of at least half of the assets.",
        fact: Fact::Gated,
        least: 50,
        next: "Let CI wait for the verdict (trimtab push --wait), or send the result of trimtab gate.",
        references: &[ssdf("PO.4.1"), ssdf("PO.4.2"), ncsc("3")],
        ..PLAIN
    },
    Criterion {
        id: "suppliers-send",
        stage: Stage::Centralised,
        words: "Suppliers' products have an SBOM from the last 90 days.",
        fact: Fact::Supplied,
        least: 75,
        holds_of_none: true,
        next: "Send suppliers a link, and ask for an SBOM of each product.",
        references: &[ssdf("PO.1.3"), ntia("Practices and processes: frequency"), ncsc("2")],
        ..PLAIN
    },
    Criterion {
        id: "all-current",
        stage: Stage::Advanced,
        words: "Every team's assets have an inventory from the last week.",
        fact: Fact::Current,
        least: 90,
        everywhere: true,
        next: "Upload an inventory with every build, and every night for what is seldom built.",
        references: &[
            ssdf("PS.3.2"),
            sp800161("CA-7"),
            ntia("Practices and processes: frequency"),
            cra("(3)"),
        ],
        ..PLAIN
    },
    Criterion {
        id: "refusals-answered",
        stage: Stage::Advanced,
        words: "What the gate refuses is fixed, or let through by a decision.",
        fact: Fact::Mended,
        least: 90,
        holds_of_none: true,
        next: "On the page of verdicts, review the refusals that nobody has answered.",
        references: &[ssdf("PO.4.2"), ssdf("RV.2.2"), cra("(2)"), ncsc("3")],
        ..PLAIN
    },
    Criterion {
        id: "suppliers-keep-promises",
        stage: Stage::Advanced,
        words: "Suppliers keep their promises.",
        fact: Fact::Promised,
        least: 75,
        holds_of_none: true,
        next: "See on the page of suppliers which promises are not met, and ask the suppliers.",
        references: &[ssdf("PO.1.3"), ssdf("PW.4.4"), ncsc("4")],
        ..PLAIN
    },
    Criterion {
        id: "suppliers-answer",
        stage: Stage::Advanced,
        words: "Suppliers answer questions.",
        fact: Fact::Replied,
        least: 75,
        holds_of_none: true,
        next: "Remind them: the page of each supplier lists the late questions.",
        references: &[ssdf("PO.1.3"), ssdf("RV.1.1"), ncsc("3")],
        ..PLAIN
    },
    Criterion {
        id: "little-noise",
        stage: Stage::Advanced,
        words: "No team is interrupted more than twice a week.",
        fact: Fact::Quiet,
        next: "See on the page of metrics what interrupts teams, and schedule that work for a window.",
        references: &[sp800161("PM-6"), ncsc("5")],
        ..PLAIN
    },
    Criterion {
        id: "load-falls",
        stage: Stage::Advanced,
        words: "No team carries more load than 90 days ago.",
        fact: Fact::Falling,
        next: "See which teams carry more load, and check their capacity.",
        references: &[ssdf("RV.2.2"), sp800161("PM-6"), cra("(2)"), ncsc("5")],
        ..PLAIN
    },
    Criterion {
        id: "accountable",
        stage: Stage::Advanced,
        words: "Every team's systems name a product owner and who operates them.",
        fact: Fact::Accountable,
        least: 90,
        everywhere: true,
        next: "Name them on the page of each system: they own accepted risks.",
        references: &[ssdf("PO.2.1"), sp800161("PM-29"), ncsc("4")],
        ..PLAIN
    },
    Criterion {
        id: "not-affected-told",
        stage: Stage::Advanced,
        words: "Not-affected statements have a justification.",
        fact: Fact::Stated,
        next: "Mark findings as not affected, with a justification: they are published as VEX.",
        references: &[
            ssdf("RV.2.1"),
            ntia("Practices and processes: known unknowns"),
            cra("(6)"),
            ncsc("3"),
        ],
        ..PLAIN
    },
    Criterion {
        id: "ledger-holds",
        stage: Stage::Advanced,
        words: "The ledger is intact.",
        fact: Fact::Sealed,
        next: "Verify the ledger on its page, and find out what altered it.",
        references: &[ssdf("PO.3.3"), sp800161("AU-10"), ncsc("5")],
        ..PLAIN
    },
];
