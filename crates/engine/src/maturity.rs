//! How mature a team or the organisation is in the care of its dependencies: five stages, decided
//! criterion by criterion from what the system itself shows. Pure: facts come in; a judgement goes
//! out, with its evidence, what is missing and the next step. What is unknown is never met.

mod criteria;

use std::collections::BTreeMap;

use jiff::Timestamp;

pub use criteria::{CRITERIA, Criterion, Framework, Reference};

/// The stages, the lowest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Stage {
    /// Nothing is shown.
    Unmanaged,
    /// It is known what is there, and somebody looks now and then.
    Basic,
    /// Everything is watched, and updates come in a rhythm.
    Proactive,
    /// One view of all, weighed in context by one agreement.
    Centralised,
    /// Little noise, falling load, and reliable evidence.
    Advanced,
}

impl Stage {
    /// All of them, the lowest first.
    pub const ALL: [Stage; 5] =
        [Stage::Unmanaged, Stage::Basic, Stage::Proactive, Stage::Centralised, Stage::Advanced];

    /// 1 to 5.
    pub const fn number(self) -> u8 {
        self.row().0
    }

    /// The word, as data has it.
    pub const fn as_str(self) -> &'static str {
        self.row().1
    }

    /// What it means, in a few words.
    pub const fn words(self) -> &'static str {
        self.row().2
    }

    /// All that is said of it: number, word, words.
    const fn row(self) -> (u8, &'static str, &'static str) {
        match self {
            Stage::Unmanaged => (1, "unmanaged", "unmanaged"),
            Stage::Basic => (2, "basic", "basic, with ad-hoc monitoring"),
            Stage::Proactive => (3, "proactive", "proactive remediation across repositories"),
            Stage::Centralised => (4, "centralised", "centralised, with context-aware triage"),
            Stage::Advanced => (5, "advanced", "advanced, integrated"),
        }
    }
}

macro_rules! facts {
    ($($(#[$doc:meta])* $variant:ident = $word:literal, $things:literal, $do:literal;)*) => {
        /// What is counted.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Fact { $($(#[$doc])* $variant),* }

        impl Fact {
            /// All of them.
            pub const ALL: &[Fact] = &[$(Fact::$variant),*];
            /// The word, as data has it.
            pub const fn as_str(self) -> &'static str {
                match self { $(Fact::$variant => $word),* }
            }
            /// What is counted: `systems`.
            pub const fn things(self) -> &'static str {
                match self { $(Fact::$variant => $things),* }
            }
            /// What those that are counted do: `have an inventory`.
            pub const fn does(self) -> &'static str {
                match self { $(Fact::$variant => $do),* }
            }
        }
    };
}

facts! {
    /// Systems with an asset that has a snapshot.
    Inventory = "inventory", "systems", "have an inventory";
    /// Assets with a snapshot of the last 30 days.
    Watched = "watched", "assets", "have an inventory from the last 30 days";
    /// Assets with a snapshot of the last 7 days.
    Current = "current", "assets", "have an inventory from the last 7 days";
    /// Systems with an owner team.
    Owned = "owned", "systems", "have an owner team";
    /// Whether the index of advisories is of the last 30 days.
    Read = "read", "advisory indexes", "are at most 30 days old";
    /// Whether the index of advisories is of the last two days.
    Fresh = "fresh", "advisory indexes", "are at most 2 days old";
    /// Open findings with a level.
    Weighed = "weighed", "findings that count", "have a level";
    /// Teams with a cadence and a plan.
    Planned = "planned", "teams", "have a cadence and a plan";
    /// Updates of 90 days whose tests were run and passed.
    Tested = "tested", "updates in the last 90 days", "were tested and not reverted";
    /// Deadlines of 90 days that were kept.
    Kept = "kept", "deadlines in the last 90 days", "were kept";
    /// Sides that agreed to the charter in force.
    Agreed = "agreed", "sides", "agreed to the charter in force";
    /// Teams that held a review within a month.
    Held = "held", "teams", "held a review in the last 37 days";
    /// Systems with tier, exposure and data.
    Described = "described", "systems", "have a tier, an exposure and data classes";
    /// Systems of which something is known to run in production.
    Running = "running", "systems", "say what runs in production";
    /// Sources of exploit intelligence: KEV and EPSS.
    Exploits = "exploits", "sources of exploit intelligence (KEV, EPSS)", "are in the index";
    /// Decisions in force that two people made and that end, if they accept something.
    Decided = "decided", "decisions in force", "were approved by a second person, and expire if they accept a risk";
    /// Teams that were asked for work outside *now* at most twice a week.
    Quiet = "quiet", "teams", "were interrupted at most twice a week over 90 days";
    /// Teams whose load is not above that of 90 days ago.
    Falling = "falling", "teams", "carry no more load than 90 days ago";
    /// Systems with a product owner and somebody who operates them.
    Accountable = "accountable", "systems", "name a product owner and who operates them";
    /// What was said to be not affected, with why.
    Stated = "stated", "not-affected statements", "have a justification";
    /// Assets of which a change was checked by the gate within 30 days.
    Gated = "gated", "assets", "had a change checked by the gate in the last 30 days";
    /// Refusals of 90 days that were fixed or let through by a decision; those of the last week
    /// still have time.
    Mended = "mended", "refusals in the last 90 days", "were fixed, or let through by a decision";
    /// Products of suppliers of which no promise is broken, and one at least is kept.
    Promised = "promised", "suppliers' products", "keep every promise";
    /// Products with an SBOM of the last 90 days.
    Supplied = "supplied", "suppliers' products", "have an SBOM from the last 90 days";
    /// Questions to suppliers of 90 days that were answered, of those that are answered or late.
    Replied = "replied", "questions to suppliers in the last 90 days", "were answered";
    /// Whether the ledger is intact; its length is not shown.
    Sealed = "sealed", "ledgers", "are intact, seal by seal";
}

/// What is counted of a fact.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Counted {
    /// How many are as they should be.
    pub yes: u64,
    /// Of how many.
    pub of: u64,
    /// Since when it is known.
    pub since: Option<Timestamp>,
    /// Entries of the ledger about it, the newest first.
    pub entries: Vec<i64>,
}

impl Counted {
    /// A count.
    pub fn of(yes: u64, of: u64) -> Counted {
        Counted { yes: yes.min(of), of, ..Counted::default() }
    }
}

/// What is known of a fact.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Known {
    /// It was counted.
    Counted(Counted),
    /// It is not known: what would make it known.
    Unknown(Box<str>),
}

/// How much an organisation asks of itself where that is not what others ask, by criterion, in percent.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Thresholds(BTreeMap<&'static str, u8>);

impl Thresholds {
    /// Those that were set; what is of no criterion is left out, and none goes beyond its bounds.
    pub fn of<'t>(set: impl IntoIterator<Item = (&'t str, u8)>) -> Thresholds {
        let one = |(id, least): (&str, u8)| {
            let criterion = CRITERIA.iter().find(|criterion| criterion.id == id)?;
            let (lowest, highest) = criterion.bounds()?;
            Some((criterion.id, least.clamp(lowest, highest)))
        };
        Thresholds(set.into_iter().filter_map(one).collect())
    }

    /// How much of a criterion is enough.
    pub fn least(&self, criterion: &Criterion) -> u8 {
        self.0.get(criterion.id).copied().unwrap_or(criterion.least)
    }
}

/// What is known of a team or the organisation. What is not there is unknown.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Facts(pub BTreeMap<Fact, Known>);

/// The verdict on a criterion.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is not known.
    Unknown,
    /// It is not so.
    NotMet,
    /// It is so.
    Met,
}

impl Verdict {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Unknown => "unknown",
            Verdict::NotMet => "not-met",
            Verdict::Met => "met",
        }
    }
}

/// A criterion with its verdict.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    /// Which.
    pub criterion: &'static Criterion,
    /// The verdict.
    pub verdict: Verdict,
    /// How much of it is enough here, in percent.
    pub least: u8,
    /// What was counted. `None`: nothing is known.
    pub counted: Option<Counted>,
    /// What is missing, or would make it known; empty where it is met.
    pub missing: String,
    /// Teams where it is not met, of a criterion that each team must meet.
    pub teams: Vec<Box<str>>,
}

impl Judged {
    /// Its evidence, in words.
    pub fn shown(&self) -> Option<String> {
        let counted = self.counted.as_ref()?;
        let fact = self.criterion.fact;
        if counted.of == 0 {
            // Nothing to count is told as a number only where that meets it.
            return (self.verdict == Verdict::Met).then(|| format!("no {}", fact.things()));
        }
        Some(format!("{} of {} {} {}", counted.yes, counted.of, fact.things(), fact.does()))
    }
}

/// The result.
#[derive(Debug, Clone, PartialEq)]
pub struct Assessment {
    /// The stage: the highest of which all criteria are met, with all below.
    pub stage: Stage,
    /// Every criterion, in the order of the table.
    pub judged: Vec<Judged>,
}

impl Assessment {
    /// The criteria of a stage.
    pub fn of(&self, stage: Stage) -> impl Iterator<Item = &Judged> {
        self.judged.iter().filter(move |judged| judged.criterion.stage == stage)
    }

    /// What to do next: the criteria of the next stage that are not met. Nothing at the highest.
    pub fn next(&self) -> impl Iterator<Item = &Judged> {
        let next = Stage::ALL.into_iter().find(|stage| *stage > self.stage);
        let of = move |judged: &&Judged| Some(judged.criterion.stage) == next;
        self.judged.iter().filter(of).filter(|judged| judged.verdict != Verdict::Met)
    }
}

/// Judges a team by the requirements for all teams.
pub fn team(facts: &Facts) -> Assessment {
    team_by(facts, &Thresholds::default())
}

/// Judges a team by what its organisation asks of itself.
pub fn team_by(facts: &Facts, asked: &Thresholds) -> Assessment {
    sum(CRITERIA.iter().map(|criterion| judge(criterion, facts, asked)).collect())
}

/// Judges the organisation, which has these teams, by the requirements for all.
pub fn organisation(facts: &Facts, teams: &[(Box<str>, &Assessment)]) -> Assessment {
    organisation_by(facts, teams, &Thresholds::default())
}

/// Judges the organisation, which has these teams: what each team must meet is met only where all do.
pub fn organisation_by(
    facts: &Facts,
    teams: &[(Box<str>, &Assessment)],
    asked: &Thresholds,
) -> Assessment {
    let judged = CRITERIA.iter().enumerate().map(|(at, criterion)| {
        let own = judge(criterion, facts, asked);
        if criterion.everywhere { everywhere(own, at, teams) } else { own }
    });
    sum(judged.collect())
}

/// The stage that follows from what was judged.
fn sum(judged: Vec<Judged>) -> Assessment {
    let holds = |stage: &Stage| {
        judged.iter().filter(|j| j.criterion.stage == *stage).all(|j| j.verdict == Verdict::Met)
    };
    let reached = Stage::ALL.into_iter().take_while(holds).last();
    Assessment { stage: reached.unwrap_or(Stage::Unmanaged), judged }
}

fn judge(criterion: &'static Criterion, facts: &Facts, asked: &Thresholds) -> Judged {
    let least = asked.least(criterion);
    let is = |verdict, counted, missing: String| Judged {
        criterion,
        verdict,
        least,
        counted,
        missing,
        teams: Vec::new(),
    };
    let counted = match facts.0.get(&criterion.fact) {
        None => return is(Verdict::Unknown, None, "This is not checked here.".to_owned()),
        Some(Known::Unknown(why)) => return is(Verdict::Unknown, None, why.to_string()),
        Some(Known::Counted(counted)) => counted.clone(),
    };
    let things = criterion.fact.things();
    if counted.of == 0 {
        return if criterion.holds_of_none {
            is(Verdict::Met, Some(counted), String::new())
        } else {
            is(Verdict::Unknown, Some(counted), format!("There are no {things} yet."))
        };
    }
    let needed = needed(counted.of, least);
    if counted.yes >= needed {
        return is(Verdict::Met, Some(counted), String::new());
    }
    let more = needed.saturating_sub(counted.yes);
    let missing = format!("{more} more of {} {things} needed ({least} % required).", counted.of);
    is(Verdict::NotMet, Some(counted), missing)
}

/// How many of a total are required: a fraction counts as a whole one.
fn needed(of: u64, least: u8) -> u64 {
    let part = u128::from(of).saturating_mul(u128::from(least.min(100))).div_ceil(100);
    u64::try_from(part).unwrap_or(of).max(1)
}

/// A criterion of the organisation that each of its teams must meet as well.
fn everywhere(own: Judged, at: usize, teams: &[(Box<str>, &Assessment)]) -> Judged {
    let mut is = own;
    if teams.is_empty() {
        is.missing = "There is no team yet; every team must meet this.".to_owned();
        is.verdict = Verdict::Unknown;
        return is;
    }
    for (name, team) in teams {
        let verdict = team.judged.get(at).map_or(Verdict::Unknown, |judged| judged.verdict);
        if verdict != Verdict::Met {
            is.teams.push(name.clone());
            // What is known to be missing is told before what is unknown.
            let worse = is.verdict == Verdict::Met || verdict == Verdict::NotMet;
            is.verdict = if worse { verdict } else { is.verdict };
        }
    }
    if !is.teams.is_empty() && is.missing.is_empty() {
        is.missing = format!("Not shown for {} of {} teams.", is.teams.len(), teams.len());
    }
    is
}
