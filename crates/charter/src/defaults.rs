//! What a charter contains where nobody has set anything else: numbers with their sources. A preset
//! or a charter file is laid over it.

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use trimtab_model::charter::{
    AppealRule, Calendar, Charter, CostModel, CountsFrom, Deadlines, ExceptionRules, Floor, Matrix,
    NonWorking, Selection, Strictness, Term, UnknownRules, Weighing,
};
use trimtab_model::{Exposure, Level};

/// Where the numbers of the weighing come from; `trimtab charter explain` shows them.
pub const SOURCES: &[(&str, &str)] = &[
    (
        "known-exploited",
        "CISA lists what is exploited in the wild; 0.95 leaves room for a listing in error",
    ),
    (
        "prior",
        "mean EPSS of 2026-01-30 over the CVEs of each CVSS v3 rating in the public advisories (8,823 rated, 21,392 without a rating)",
    ),
    (
        "exposure",
        "ours: an attacker over the network must first reach the system; one beside it or on it must first be there",
    ),
    ("scope", "ours: what is not shipped can be attacked only where it is built or tested"),
    (
        "reachability",
        "ours: a call is stronger evidence than an import; what was not seen may be missed",
    ),
    ("runtime", "ours: what was loaded is in use; what was not seen may be missed"),
    ("vex", "ours: a supplier's word about its own product"),
];

/// Priors by rating in the order unknown, none, low, medium, high, critical.
pub const PRIOR: [f64; 6] = [0.047, 0.001, 0.009, 0.026, 0.064, 0.11];

/// The floors that no charter can take away.
pub fn built_in_floors() -> Vec<Floor> {
    let floor = |level, because: &str| Floor {
        known_exploited: false,
        malicious: false,
        cvss_tenths: None,
        exposure: None,
        production: false,
        tier: None,
        level,
        because: because.into(),
    };
    vec![
        Floor {
            malicious: true,
            ..floor(Level::Critical, "an attack, not a flaw: it acts where it is installed")
        },
        Floor {
            known_exploited: true,
            exposure: Some(Exposure::Internet),
            production: true,
            ..floor(
                Level::High,
                "known to be exploited, in production, reachable from the internet",
            )
        },
    ]
}

/// The defaults. They have no tiers, environments or deadlines: a preset brings those.
pub fn charter() -> Charter {
    use Level::{Critical, High, Low, Medium};
    Charter {
        name: "charter".into(),
        version: "unversioned".into(),
        goal: "".into(),
        parties: Vec::new(),
        tiers: Vec::new(),
        data: Vec::new(),
        environments: Vec::new(),
        matrix: Matrix([
            [Low, Low, Low, Medium],
            [Low, Low, Medium, High],
            [Low, Medium, High, Critical],
            [Medium, High, High, Critical],
        ]),
        floors: built_in_floors(),
        weighing: Weighing {
            known_exploited: 0.95,
            prior: PRIOR,
            exposure: [
                // physical, local, adjacent, network
                [0.05, 0.1, 0.1, 0.1],
                [0.1, 0.2, 0.3, 0.3],
                [0.1, 0.2, 0.3, 1.0],
            ],
            scope: [1.0, 0.7, 0.2, 0.1, 0.1],
            // not imported, symbol not seen, unknown, imported, called
            reachability: [0.2, 0.3, 1.0, 1.0, 2.0],
            // not seen, unknown, loaded
            runtime: [0.3, 1.0, 1.5],
            // not affected, fixed, under investigation, affected
            vex: [0.05, 0.05, 1.0, 1.5],
        },
        deadlines: Deadlines {
            counts_from: CountsFrom::Detected,
            known_exploited: None,
            terms: Vec::new(),
        },
        calendar: Calendar {
            time_zone: TimeZone::UTC,
            weekend: vec![Weekday::Saturday, Weekday::Sunday],
            day_ends: Time::constant(17, 0, 0, 0),
            holidays: Vec::new(),
            sprint: None,
            freezes: Vec::new(),
            non_working: NonWorking::Keep,
        },
        weights: [1.0, 3.0, 10.0, 40.0],
        cadences: Vec::new(),
        exceptions: ExceptionRules {
            longest_days: [Some(365), Some(180), Some(90), Some(30)],
            may_ask: Vec::new(),
            may_approve: [Vec::new(), Vec::new(), Vec::new(), Vec::new()],
            control_from: Some(High),
        },
        emergencies: AppealRule { sides: None, people: 1, within: Term::Hours(4) },
        disputes: AppealRule { sides: None, people: 1, within: Term::Hours(48) },
        selection: Selection {
            yanked: Strictness::Deny,
            archived: Strictness::Warn,
            unmaintained: Strictness::Warn,
            end_of_life: Strictness::Warn,
            unpinned: Strictness::Warn,
            unhashed: Strictness::Allow,
            ..Selection::default()
        },
        unknown: UnknownRules {
            gate: Strictness::Warn,
            severity_steps: 2,
            exposure: Exposure::Internet,
            tier_steps: 0,
            data_steps: 0,
            environment: None,
        },
        cost: CostModel {
            days_per_point: 0.5,
            patch: (0.5, 1.0),
            minor: (1.0, 2.0),
            major: (3.0, 8.0),
            transitive: (0.0, 2.0),
            per_file: (0.25, 0.5),
        },
    }
}
