//! The facts about a finding, with a value for everything that is unknown: the charter's
//! assumption, the least, or the gravest.

use trimtab_model::advisory::{Kind, Rating};
use trimtab_model::charter::{Charter, Floor, Weighing};
use trimtab_model::cvss::{self, AttackVector};
use trimtab_model::evidence::{Reachability, RuntimeUse};
use trimtab_model::finding::Finding;
use trimtab_model::{Evidence, Exposure, Scope};

use super::{Situation, exposure_of, is_malicious};

/// What stands for the facts that are unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unknowns {
    Assumed,
    Least,
    Gravest,
}

impl Unknowns {
    fn pick<T>(self, assumed: T, least: T, gravest: T) -> T {
        match self {
            Unknowns::Assumed => assumed,
            Unknowns::Least => least,
            Unknowns::Gravest => gravest,
        }
    }
}

/// The numbers of one weighing.
#[derive(Debug, Clone)]
pub(super) struct Facts<'c> {
    /// Probability before the odds are adjusted.
    pub(super) base: f64,
    /// Product of the factors on the odds that rest on facts.
    pub(super) strong: f64,
    /// Product of the factors that rest on something not having been seen.
    pub(super) weak: f64,
    /// Technical impact, 0 to 3.
    pub(super) technical: i8,
    /// Steps by the tier.
    pub(super) tier: i8,
    /// Steps by the data.
    pub(super) data: i8,
    pub(super) production: bool,
    exposure: Exposure,
    known_exploited: bool,
    malicious: bool,
    cvss_tenths: Option<u8>,
    tier_name: Option<&'c str>,
}

impl<'c> Facts<'c> {
    pub(super) fn of(
        finding: &Finding,
        evidence: &Evidence,
        situation: &Situation,
        charter: &'c Charter,
        unknowns: Unknowns,
    ) -> Facts<'c> {
        let w = &charter.weighing;
        let exposure = exposure_of(situation).unwrap_or(match unknowns {
            Unknowns::Assumed => charter.unknown.exposure,
            Unknowns::Least => Exposure::Isolated,
            Unknowns::Gravest => Exposure::Internet,
        });
        let vector = attack_vector(finding).unwrap_or(match unknowns {
            Unknowns::Assumed | Unknowns::Gravest => AttackVector::Network,
            Unknowns::Least => AttackVector::Physical,
        });
        let scope = match situation.scope {
            Scope::Unknown => unknowns.pick(1.0, lowest(&w.scope), highest(&w.scope)),
            known => scope_factor(w, known),
        };
        let mut strong = w.exposure[exposure as usize][vector as usize] * scope;
        let mut weak = 1.0;
        match evidence.reachability.value {
            Reachability::NotImported | Reachability::SymbolNotSeen => {
                weak *= w.reachability(evidence.reachability.value);
            }
            known => strong *= w.reachability(known),
        }
        match evidence.runtime.value {
            RuntimeUse::NotSeen => weak *= w.runtime(RuntimeUse::NotSeen),
            known => strong *= w.runtime(known),
        }
        if let Some(statement) = &evidence.vex {
            strong *= w.vex(statement.value);
        }
        let technical = technical(finding);
        let touches_data =
            cvss::impacts(finding.vulnerability.severity.vector.as_deref().unwrap_or(""))
                .is_none_or(|[c, i, _]| c > 0 || i > 0);
        let system = situation.system;
        let tier = system.and_then(|s| charter.tier(s.tier.as_deref()?));
        let tier_steps = || charter.tiers.iter().map(|t| t.impact);
        let data_steps = || charter.data.iter().map(|d| d.impact);
        let classes = system.and_then(|s| s.data.as_ref());
        let data = match classes {
            Some(names) => {
                names.iter().filter_map(|n| Some(charter.data_class(n)?.impact)).max().unwrap_or(0)
            }
            None => unknowns.pick(charter.unknown.data_steps, 0, data_steps().max().unwrap_or(0)),
        };
        Facts {
            base: base(finding, situation, w, unknowns),
            strong,
            weak,
            technical: technical.unwrap_or(unknowns.pick(charter.unknown.severity_steps, 0, 3)),
            tier: tier.map_or(
                unknowns.pick(
                    charter.unknown.tier_steps,
                    tier_steps().min().unwrap_or(0),
                    tier_steps().max().unwrap_or(0),
                ),
                |t| t.impact,
            ),
            data: if touches_data { data } else { 0 },
            // Where it is unknown whether customers depend on it, they may.
            production: match situation.environment.and_then(|e| charter.environment(e)) {
                Some(known) => known.production,
                None => unknowns.pick(
                    charter.assumed_environment().is_none_or(|e| e.production),
                    false,
                    true,
                ),
            },
            exposure,
            known_exploited: finding.vulnerability.kev.is_some(),
            malicious: is_malicious(finding),
            cvss_tenths: finding.vulnerability.severity.score_tenths,
            tier_name: tier.map(|t| &*t.name),
        }
    }

    /// The steps of impact.
    pub(super) fn steps(&self) -> i8 {
        // A flaw that does nothing does nothing, wherever it is.
        if self.technical == 0 {
            0
        } else {
            self.technical.saturating_add(self.tier).saturating_add(self.data)
        }
    }

    /// Whether a floor holds.
    pub(super) fn meets(&self, floor: &Floor) -> bool {
        (!floor.known_exploited || self.known_exploited)
            && (!floor.malicious || self.malicious)
            && floor
                .cvss_tenths
                .is_none_or(|least| self.cvss_tenths.is_some_and(|score| score >= least))
            && floor.exposure.is_none_or(|least| self.exposure >= least)
            && (!floor.production || self.production)
            && floor.tier.as_ref().is_none_or(|tier| self.tier_name == Some(&**tier))
    }
}

/// The probability before it is adjusted.
fn base(finding: &Finding, situation: &Situation, w: &Weighing, unknowns: Unknowns) -> f64 {
    let vulnerability = &finding.vulnerability;
    let epss = vulnerability.epss.map(|e| e.probability.clamp(0.0, 1.0));
    match vulnerability.kind {
        Kind::Malicious => return 1.0,
        // No exploit is asserted (TRAPS 9).
        Kind::Unmaintained | Kind::Notice | Kind::Unsound
            if vulnerability.kev.is_none() && epss.is_none() =>
        {
            return w.prior[Rating::None as usize];
        }
        _ => {}
    }
    let likely = epss.unwrap_or_else(|| match unknowns {
        Unknowns::Assumed => w.prior[vulnerability.severity.rating as usize],
        Unknowns::Least => lowest(&w.prior),
        Unknowns::Gravest => highest(&w.prior),
    });
    let listed = match (&vulnerability.kev, situation.has_kev, unknowns) {
        (Some(_), ..) | (None, false, Unknowns::Gravest) => Some(w.known_exploited),
        _ => None,
    };
    listed.map_or(likely, |listed| listed.max(likely))
}

/// From where it can be attacked. `None`: no vector says so. A malicious package comes by itself.
pub(super) fn attack_vector(finding: &Finding) -> Option<AttackVector> {
    if is_malicious(finding) {
        return Some(AttackVector::Network);
    }
    AttackVector::of(finding.vulnerability.severity.vector.as_deref()?)
}

/// What it does to the package's own host, 0 to 3. `None`: unknown.
///
/// `H` (or `C`) counts 3, `L` (or `P`) 1; 6 and more is total, 3 and more serious, 1 and more limited.
pub(super) fn technical(finding: &Finding) -> Option<i8> {
    let vulnerability = &finding.vulnerability;
    if is_malicious(finding) {
        return Some(3);
    }
    if let Some(impacts) = vulnerability.severity.vector.as_deref().and_then(cvss::impacts) {
        return Some(match impacts.iter().sum::<u8>() {
            0 => 0,
            1 | 2 => 1,
            3..=5 => 2,
            _ => 3,
        });
    }
    match (vulnerability.severity.rating, vulnerability.kind) {
        (Rating::Critical, _) => Some(3),
        (Rating::High, _) => Some(2),
        // The last: no flaw is asserted that could do anything.
        (Rating::Medium | Rating::Low, _)
        | (Rating::Unknown, Kind::Unmaintained | Kind::Notice | Kind::Unsound) => Some(1),
        (Rating::None, _) => Some(0),
        (Rating::Unknown, _) => None,
    }
}

pub(super) fn scope_factor(w: &Weighing, scope: Scope) -> f64 {
    match scope {
        Scope::Runtime => w.scope[0],
        Scope::Optional => w.scope[1],
        Scope::Build => w.scope[2],
        Scope::Development => w.scope[3],
        Scope::Test => w.scope[4],
        Scope::Unknown => 1.0,
    }
}

fn lowest(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn highest(values: &[f64]) -> f64 {
    values.iter().copied().fold(0.0, f64::max)
}
