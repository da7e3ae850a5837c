//! Weighs a finding in its context: likelihood × impact, by the charter, to a level with a deadline
//! and a cost (DESIGN §3). Pure: no clock, no files.
//!
//! Each finding is weighed three times: with what the charter assumes for each unknown fact, with
//! the least that each could be, and with the gravest. The first gives the level, the others its
//! bounds, so that what is unknown is never mistaken for harmless.

mod cost;
mod factors;
mod facts;

pub use cost::{Distance, cost, distance};

use jiff::Timestamp;
use jiff::civil::Date;
use trimtab_charter::calendar;
use trimtab_model::advisory::Kind;
use trimtab_model::assessment::{Assessment, Deadline, Effect, Factor, Impact, Likelihood};
use trimtab_model::charter::{Calendar, Charter, CountsFrom, Term};
use trimtab_model::evidence::Fact;
use trimtab_model::finding::Finding;
use trimtab_model::level::{ImpactBand, Level, LikelihoodBand};
use trimtab_model::{Evidence, Exposure, Relation, Scope, System};

use facts::{Facts, Unknowns};

/// Where a finding is, as far as the weighing needs it.
#[derive(Debug, Clone)]
pub struct Situation<'s> {
    /// The system. `None`: not given.
    pub system: Option<&'s System>,
    /// The environment, a name of the charter. `None`: unknown.
    pub environment: Option<&'s str>,
    /// The strongest need of it in the system.
    pub scope: Scope,
    /// The nearest relation to the project.
    pub relation: Relation,
    /// How many files of the system list it.
    pub files: usize,
    /// Where people say what the system is, as a source: `trimtab.toml`.
    pub described: &'s str,
    /// When it was first detected here, and who says so. `None`: not recorded.
    pub detected: Option<Fact<Timestamp>>,
    /// Whether the index has a catalogue of known exploited vulnerabilities.
    pub has_kev: bool,
    /// The day of the EPSS scores, for the source. `None`: the index has none.
    pub epss_date: Option<&'s str>,
}

/// Weighs a finding.
pub fn assess(
    finding: &Finding,
    evidence: &Evidence,
    situation: &Situation,
    charter: &Charter,
) -> Assessment {
    let facts = Facts::of(finding, evidence, situation, charter, Unknowns::Assumed);
    let least = Facts::of(finding, evidence, situation, charter, Unknowns::Least);
    let gravest = Facts::of(finding, evidence, situation, charter, Unknowns::Gravest);
    let mut adjustments = Vec::new();
    let weighed = weigh(&facts, charter, &mut |factor| adjustments.push(factor()));
    let bound = |facts: &Facts| weigh(facts, charter, &mut |_| {}).level;
    let (likelihood, impact) = factors::tell(finding, evidence, situation, charter, &facts);
    let level = weighed.level;
    adjustments.extend(factors::environment(situation, charter));
    let tier = situation.system.and_then(|s| charter.tier(s.tier.as_deref()?));
    Assessment {
        system: situation.system.map_or("", |s| &*s.name).into(),
        environment: situation.environment.unwrap_or("").into(),
        likelihood: Likelihood {
            probability: weighed.probability,
            band: LikelihoodBand::of(weighed.probability),
            factors: likelihood,
        },
        impact: Impact {
            steps: facts.steps(),
            band: ImpactBand::of_steps(facts.steps()),
            factors: impact,
        },
        level,
        adjustments,
        bounds: (bound(&least).min(level), bound(&gravest).max(level)),
        // A tier that keeps nothing has no acceptable level: everything is above.
        acceptable: tier.map(|t| t.acceptable),
        weight: if facts.production { charter.weight(level) } else { 0.0 },
        deadline: deadline(finding, situation, level, charter),
        cost: cost(finding, situation, &charter.cost),
    }
}

struct Weighed {
    probability: f64,
    level: Level,
}

/// The level of some facts. What moved it from the matrix's is offered to `tell`.
fn weigh(facts: &Facts, charter: &Charter, tell: &mut dyn FnMut(&dyn Fn() -> Factor)) -> Weighed {
    let impact = ImpactBand::of_steps(facts.steps());
    let level_at = |p: f64| charter.matrix.level(LikelihoodBand::of(p), impact);
    let probability = odds(facts.base, facts.strong * facts.weak);
    let mut level = level_at(probability);
    // What was merely not seen lowers a level by one step at most (DESIGN §3).
    let without = level_at(odds(facts.base, facts.strong));
    if without.lowered() > level {
        level = without.lowered();
        tell(&|| Factor {
            name: "weak inference".into(),
            value: "not being seen lowers a level by one step at most".into(),
            effect: Effect::Kept(level),
            source: "built in".into(),
            unknown: false,
        });
    }
    for floor in charter.floors.iter().filter(|floor| facts.meets(floor)) {
        if floor.level > level {
            level = floor.level;
            tell(&|| Factor {
                name: "floor".into(),
                value: floor.because.clone(),
                effect: Effect::Floor(level),
                source: "charter".into(),
                unknown: false,
            });
        }
    }
    Weighed { probability, level }
}

/// A probability whose odds are multiplied by a factor.
fn odds(probability: f64, factor: f64) -> f64 {
    if probability >= 1.0 {
        return 1.0;
    }
    let odds = probability / (1.0 - probability) * factor;
    odds / (1.0 + odds)
}

/// By when a finding of a level must be gone.
fn deadline(finding: &Finding, situation: &Situation, level: Level, charter: &Charter) -> Deadline {
    let published = || {
        let dates = finding.attributions.iter().filter(|a| a.affected);
        dates.filter_map(|a| a.advisory.published).min()
    };
    let (start, from) = start(published(), situation.detected.as_ref(), charter);
    let terms = &charter.deadlines.terms;
    let assumed = || charter.assumed_environment().map(|e| &*e.name);
    let environment = situation.environment.or_else(assumed);
    let named = environment.and_then(|e| terms.iter().find(|(n, _)| n.as_deref() == Some(e)));
    let Some((_, by_level)) =
        named.or_else(|| terms.iter().find(|(n, _)| n.is_none())).or(terms.first())
    else {
        return Deadline::Unknown { because: "the charter has no deadlines".into() };
    };
    let kev = finding.vulnerability.kev.as_ref();
    let terms = [Some(by_level[level as usize]), kev.and(charter.deadlines.known_exploited)];
    if terms.iter().flatten().all(|t| *t == Term::Opportunistic) {
        return Deadline::Opportunistic;
    }
    let Some(start) = start else {
        let because = "when it was first seen here is not recorded, and no advisory says when it was published";
        return Deadline::Unknown { because: because.into() };
    };
    let due = kev.and_then(|k| k.due);
    let known = kev.and(charter.deadlines.known_exploited);
    let own = (by_level[level as usize], by_terms(by_level, level, start, due, &charter.calendar));
    let all = std::iter::once(own)
        .chain(known.map(|t| (t, calendar::deadline(t, level, start, due, &charter.calendar))));
    // The earliest date holds; without any date, what is left is told.
    let (mut dated, mut other) = (None::<(Term, Deadline)>, Deadline::Opportunistic);
    for (term, deadline) in all {
        match deadline.at() {
            Some(at) if dated.as_ref().and_then(|(_, d)| d.at()).is_none_or(|d| at < d) => {
                dated = Some((term, deadline));
            }
            Some(_) => {}
            None => other = deadline,
        }
    }
    match dated {
        // The catalogue names a day; no clock runs towards it.
        Some((Term::Catalogue, deadline)) => deadline,
        Some((_, Deadline::By { at, because })) => {
            Deadline::By { at, because: format!("{because}, {from}").into() }
        }
        _ => other,
    }
}

/// When the clock of a deadline starts, and why then.
fn start(
    published: Option<Timestamp>,
    detected: Option<&Fact<Timestamp>>,
    charter: &Charter,
) -> (Option<Timestamp>, String) {
    match (charter.deadlines.counts_from, detected) {
        (CountsFrom::Published, _) => (published, "when it was published".to_owned()),
        // The package may have been here before anybody knew of the flaw.
        (CountsFrom::Detected, Some(seen)) if published.is_some_and(|p| p > seen.value) => {
            (published, "when it was published: the package was here before".to_owned())
        }
        (CountsFrom::Detected, Some(seen)) => {
            (Some(seen.value), format!("when it was first seen here ({})", seen.source))
        }
        // It could have been known since it was published.
        (CountsFrom::Detected, None) => (
            published,
            "when it was published: when it was first seen here is not recorded".to_owned(),
        ),
    }
}

/// When a level's term ends, of the terms by level. Never before a graver level's: a sprint that ends
/// tomorrow does not make what is high more pressing than what is critical.
pub fn by_terms(
    terms: &[Term; 4],
    level: Level,
    start: Timestamp,
    catalogue: Option<Date>,
    calendar: &Calendar,
) -> Deadline {
    let of =
        |level: Level| calendar::deadline(terms[level as usize], level, start, catalogue, calendar);
    let own = of(level);
    let Deadline::By { at, because } = &own else { return own };
    let graver = Level::ALL.iter().copied().filter(|l| *l > level);
    match graver.filter_map(|l| Some((of(l).at()?, l))).max() {
        Some((later, graver)) if later > *at => Deadline::By {
            at: later,
            because: format!("{because}, not before what is {graver} is due").into(),
        },
        _ => own,
    }
}

/// The environment of a system that is weighed: a production one before others, then the first.
/// `None`: the system does not say.
pub fn environment<'s>(system: Option<&'s System>, charter: &Charter) -> Option<&'s str> {
    let names = system?.environments.as_ref()?;
    let production = names.iter().find(|n| charter.environment(n).is_some_and(|e| e.production));
    production.or(names.first()).map(|n| &**n)
}

/// The dial: the sum of the weights of open findings.
pub fn load<'a>(assessments: impl Iterator<Item = &'a Assessment>) -> f64 {
    // The sum of nothing is told as 0, where `sum` says −0.
    assessments.fold(0.0, |sum, a| sum + a.weight)
}

/// Whether a finding is an attack rather than a flaw.
pub(crate) fn is_malicious(finding: &Finding) -> bool {
    finding.vulnerability.kind == Kind::Malicious
}

/// The exposure of a system, or what the charter assumes.
fn exposure_of(situation: &Situation) -> Option<Exposure> {
    situation.system.and_then(|s| s.exposure)
}
