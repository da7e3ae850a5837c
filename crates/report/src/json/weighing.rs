//! Weighed findings to their shape and back.

use jiff::tz::TimeZone;
use trimtab_model::Level;
use trimtab_model::assessment::{
    Assessment, Cost, CostReason, Deadline, Effect, Factor, Impact, Likelihood,
};
use trimtab_model::decision::Justification;
use trimtab_model::evidence::VexStatus;
use trimtab_model::finding::Occurrence;
use trimtab_model::level::{ImpactBand, LikelihoodBand};
use trimtab_model::scan::{Assessed, Unaffected, Weighing};

use super::shape;

/// To the shape.
pub(super) fn write(weighing: &Weighing) -> shape::Weighing {
    shape::Weighing {
        charter: weighing.charter.to_string(),
        version: weighing.version.to_string(),
        load: weighing.load,
        time_zone: Some(&weighing.time_zone)
            .filter(|zone| **zone != TimeZone::UTC)
            .and_then(|zone| zone.iana_name().map(str::to_owned)),
        assessed: weighing.assessed.iter().map(assessed).collect(),
    }
}

fn assessed(assessed: &Assessed) -> shape::Assessed {
    let a = &assessed.assessment;
    let named = |text: &str| (!text.is_empty()).then(|| text.to_owned());
    shape::Assessed {
        finding: assessed.finding,
        system: named(&a.system),
        environment: named(&a.environment),
        level: a.level.to_string(),
        bounds: (a.bounds.0.to_string(), a.bounds.1.to_string()),
        likelihood: shape::Likelihood {
            probability: a.likelihood.probability,
            band: a.likelihood.band.to_string(),
            factors: a.likelihood.factors.iter().map(factor).collect(),
        },
        impact: shape::Impact {
            steps: a.impact.steps,
            band: a.impact.band.to_string(),
            factors: a.impact.factors.iter().map(factor).collect(),
        },
        adjustments: a.adjustments.iter().map(factor).collect(),
        acceptable: a.acceptable.map(|most| most.map_or("none", Level::as_str).to_owned()),
        weight: a.weight,
        deadline: match &a.deadline {
            Deadline::By { at, because } => shape::Deadline {
                kind: "by".to_owned(),
                at: Some(at.to_string()),
                because: Some(because.to_string()),
            },
            Deadline::Opportunistic => {
                shape::Deadline { kind: "opportunistic".to_owned(), at: None, because: None }
            }
            Deadline::Unknown { because } => shape::Deadline {
                kind: "unknown".to_owned(),
                at: None,
                because: Some(because.to_string()),
            },
        },
        cost: match &a.cost {
            Cost::Range { least, most, reasons } => shape::Cost {
                least: Some(*least),
                most: Some(*most),
                reasons: reasons.iter().map(|r| (r.what.to_string(), r.least, r.most)).collect(),
                because: None,
            },
            Cost::Unknown { because } => shape::Cost {
                least: None,
                most: None,
                reasons: Vec::new(),
                because: Some(because.to_string()),
            },
        },
        exception: assessed.exception.as_ref().map(|(id, until)| shape::Exception {
            id: id.to_string(),
            until: until.map(|d| d.to_string()),
        }),
        not_affected: assessed.not_affected.as_ref().map(|d| shape::NotAffected {
            id: d.id.to_string(),
            justification: d.justification.as_str().to_owned(),
            reason: d.reason.to_string(),
            until: d.until.map(|d| d.to_string()),
        }),
        vex: assessed.vex.map(|v| v.as_str().to_owned()),
        occurrences: assessed
            .occurrences
            .iter()
            .map(|o| shape::Occurrence { file: o.file, component: o.component })
            .collect(),
    }
}

fn factor(factor: &Factor) -> shape::Factor {
    let (effect, by) = match factor.effect {
        Effect::Probability(p) => ("probability", Some(p)),
        Effect::Odds(x) => ("odds", Some(x)),
        Effect::Steps(n) => ("steps", Some(f64::from(n))),
        Effect::Floor(level) => ("floor", Some(f64::from(level as u8))),
        Effect::Kept(level) => ("kept", Some(f64::from(level as u8))),
        Effect::None => ("none", None),
    };
    shape::Factor {
        name: factor.name.to_string(),
        value: factor.value.to_string(),
        effect: effect.to_owned(),
        by,
        source: factor.source.to_string(),
        unknown: factor.unknown,
    }
}

/// From the shape.
///
/// # Errors
/// What does not follow it, in words.
pub(super) fn read(weighing: shape::Weighing) -> Result<Weighing, String> {
    Ok(Weighing {
        charter: weighing.charter.into(),
        version: weighing.version.into(),
        load: weighing.load,
        // What only another system's database knows: days are told in UTC then, as moments are.
        time_zone: weighing
            .time_zone
            .and_then(|name| TimeZone::get(&name).ok())
            .unwrap_or(TimeZone::UTC),
        assessed: weighing.assessed.into_iter().map(read_assessed).collect::<Result<_, _>>()?,
    })
}

fn word<T>(what: &str, text: &str, found: Option<T>) -> Result<T, String> {
    found.ok_or_else(|| format!("`{text}` is not a valid {what}"))
}

fn level(text: &str) -> Result<Level, String> {
    word("level", text, Level::from_word(text))
}

fn read_assessed(a: shape::Assessed) -> Result<Assessed, String> {
    let assessment = Assessment {
        system: a.system.unwrap_or_default().into(),
        environment: a.environment.unwrap_or_default().into(),
        likelihood: Likelihood {
            probability: a.likelihood.probability,
            band: word(
                "likelihood",
                &a.likelihood.band,
                LikelihoodBand::from_word(&a.likelihood.band),
            )?,
            factors: read_factors(a.likelihood.factors)?,
        },
        impact: Impact {
            steps: a.impact.steps,
            band: word("impact", &a.impact.band, ImpactBand::from_word(&a.impact.band))?,
            factors: read_factors(a.impact.factors)?,
        },
        level: level(&a.level)?,
        adjustments: read_factors(a.adjustments)?,
        bounds: (level(&a.bounds.0)?, level(&a.bounds.1)?),
        acceptable: match a.acceptable.as_deref() {
            None => None,
            Some("none") => Some(None),
            Some(most) => Some(Some(level(most)?)),
        },
        weight: a.weight,
        deadline: read_deadline(a.deadline)?,
        cost: match (a.cost.least, a.cost.most) {
            (Some(least), Some(most)) => Cost::Range {
                least,
                most,
                reasons: a
                    .cost
                    .reasons
                    .into_iter()
                    .map(|(what, least, most)| CostReason { what: what.into(), least, most })
                    .collect(),
            },
            _ => Cost::Unknown { because: a.cost.because.unwrap_or_default().into() },
        },
    };
    let until = |text: String| text.parse().map_err(|_| format!("`{text}` is not a date"));
    let statuses = [
        VexStatus::NotAffected,
        VexStatus::Fixed,
        VexStatus::UnderInvestigation,
        VexStatus::Affected,
    ];
    Ok(Assessed {
        finding: a.finding,
        occurrences: a
            .occurrences
            .into_iter()
            .map(|o| Occurrence { file: o.file, component: o.component })
            .collect(),
        assessment,
        exception: match a.exception {
            None => None,
            Some(e) => Some((e.id.into(), e.until.map(until).transpose()?)),
        },
        not_affected: match a.not_affected {
            None => None,
            Some(d) => {
                let label = Justification::from_label(&d.justification);
                Some(Unaffected {
                    id: d.id.into(),
                    justification: word("justification", &d.justification, label)?,
                    reason: d.reason.into(),
                    until: d.until.map(until).transpose()?,
                })
            }
        },
        vex: match a.vex {
            None => None,
            Some(text) => {
                Some(word("status", &text, statuses.into_iter().find(|s| s.as_str() == text))?)
            }
        },
    })
}

fn read_deadline(deadline: shape::Deadline) -> Result<Deadline, String> {
    let because = deadline.because.unwrap_or_default().into();
    Ok(match (deadline.kind.as_str(), deadline.at) {
        ("by", Some(at)) => {
            Deadline::By { at: at.parse().map_err(|_| format!("`{at}` is not a time"))?, because }
        }
        ("opportunistic", _) => Deadline::Opportunistic,
        ("unknown", _) => Deadline::Unknown { because },
        (kind, _) => return Err(format!("`{kind}` is not a kind of deadline")),
    })
}

fn read_factors(factors: Vec<shape::Factor>) -> Result<Vec<Factor>, String> {
    factors.into_iter().map(read_factor).collect()
}

fn read_factor(factor: shape::Factor) -> Result<Factor, String> {
    let by = factor.by.unwrap_or_default();
    let numbered = || {
        let found = Level::ALL.iter().copied().find(|l| f64::from(*l as u8) == by);
        found.ok_or_else(|| format!("{by} is not a level"))
    };
    let effect = match factor.effect.as_str() {
        "probability" => Effect::Probability(by),
        "odds" => Effect::Odds(by),
        "steps" => {
            let steps = (-100..=100).find(|n| f64::from(*n) == by);
            Effect::Steps(steps.ok_or_else(|| format!("{by} is not a number of steps"))?)
        }
        "floor" => Effect::Floor(numbered()?),
        "kept" => Effect::Kept(numbered()?),
        "none" => Effect::None,
        other => return Err(format!("`{other}` is not an effect")),
    };
    Ok(Factor {
        name: factor.name.into(),
        value: factor.value.into(),
        effect,
        source: factor.source.into(),
        unknown: factor.unknown,
    })
}
