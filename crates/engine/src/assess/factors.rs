//! The factors of a weighing as a person reads them: what was examined, what was found, its effect,
//! and its source.

use trimtab_model::advisory::{Kind, Rating};
use trimtab_model::assessment::{Effect, Factor};
use trimtab_model::charter::Charter;
use trimtab_model::evidence::{Reachability, RuntimeUse};
use trimtab_model::finding::Finding;
use trimtab_model::{Evidence, Exposure, Scope};

use super::facts::{Facts, attack_vector, scope_factor, technical};
use super::{Situation, exposure_of};

/// The factors of the likelihood, and those of the impact.
pub(super) fn tell(
    finding: &Finding,
    evidence: &Evidence,
    situation: &Situation,
    charter: &Charter,
    facts: &Facts,
) -> (Vec<Factor>, Vec<Factor>) {
    let mut likelihood = Vec::with_capacity(6);
    base(finding, situation, facts, &mut likelihood);
    // What is certain is not adjusted.
    if facts.base < 1.0 {
        exposure(finding, situation, charter, &mut likelihood);
        scope(situation, charter, &mut likelihood);
        seen(evidence, charter, &mut likelihood);
    }
    (likelihood, impact(finding, situation, charter, facts))
}

fn factor(
    name: &'static str,
    value: impl Into<Box<str>>,
    effect: Effect,
    source: impl Into<Box<str>>,
) -> Factor {
    Factor { name: name.into(), value: value.into(), effect, source: source.into(), unknown: false }
}

fn assumed(
    name: &'static str,
    value: impl Into<Box<str>>,
    effect: Effect,
    source: impl Into<Box<str>>,
) -> Factor {
    Factor { unknown: true, ..factor(name, value, effect, source) }
}

fn percent(p: f64) -> String {
    format!("{:.1} %", p * 100.0)
}

fn base(finding: &Finding, situation: &Situation, facts: &Facts, out: &mut Vec<Factor>) {
    let vulnerability = &finding.vulnerability;
    let set = Effect::Probability(facts.base);
    if vulnerability.kind == Kind::Malicious {
        out.push(factor("malicious package", "yes", set, &*vulnerability.id));
        return;
    }
    match (&vulnerability.kev, situation.has_kev) {
        (Some(kev), _) => {
            let since = kev.added.map_or("yes".to_owned(), |d| format!("since {d}"));
            let by = if kev.ransomware == Some(true) { ", by ransomware too" } else { "" };
            out.push(factor("known exploited", format!("{since}{by}"), set, "CISA KEV"));
        }
        (None, true) => out.push(factor("known exploited", "not listed", Effect::None, "CISA KEV")),
        (None, false) => {
            out.push(assumed(
                "known exploited",
                "unknown",
                Effect::None,
                "the index has no catalogue",
            ));
        }
    }
    let effect = if vulnerability.kev.is_some() { Effect::None } else { set };
    if let Some(epss) = vulnerability.epss {
        let source =
            situation.epss_date.map_or("FIRST EPSS".to_owned(), |d| format!("FIRST EPSS of {d}"));
        out.push(factor(
            "EPSS",
            format!("{} within 30 days", percent(epss.probability)),
            effect,
            source,
        ));
    } else if vulnerability.kev.is_none() {
        let rating = vulnerability.severity.rating;
        let value = match (vulnerability.kind, rating) {
            (Kind::Unmaintained | Kind::Notice | Kind::Unsound, _) => {
                let told = format!("no exploit is asserted ({})", vulnerability.kind.as_str());
                out.push(factor("prior", told, effect, "charter, weighing.prior"));
                return;
            }
            (_, Rating::Unknown) => "no EPSS, no severity".to_owned(),
            (_, rating) => format!("no EPSS, rated {rating}"),
        };
        out.push(assumed("prior", value, effect, "charter, weighing.prior"));
    }
}

fn exposure(finding: &Finding, situation: &Situation, charter: &Charter, out: &mut Vec<Factor>) {
    let known = exposure_of(situation);
    let exposure = known.unwrap_or(charter.unknown.exposure);
    let vector = attack_vector(finding);
    let column = vector.map_or(3, |v| v as usize);
    let odds = Effect::Odds(charter.weighing.exposure[exposure as usize][column]);
    let told = |exposure: Exposure| match exposure {
        Exposure::Internet => "reachable from the internet",
        Exposure::Internal => "reachable from the internal network",
        Exposure::Isolated => "isolated",
    };
    let attack = vector.map_or("attack vector unknown, assumed to be network".to_owned(), |v| {
        format!("attack vector {}", v.as_str())
    });
    match known {
        Some(known) => {
            let made = factor(
                "exposure",
                format!("{}, {attack}", told(known)),
                odds,
                format!("{} and CVSS", situation.described),
            );
            out.push(Factor { unknown: vector.is_none(), ..made });
        }
        None => {
            let value = format!("unknown, assumed to be {exposure}; {attack}");
            out.push(assumed("exposure", value, odds, "charter, unknown.exposure"));
        }
    }
}

fn scope(situation: &Situation, charter: &Charter, out: &mut Vec<Factor>) {
    let odds = Effect::Odds(scope_factor(&charter.weighing, situation.scope));
    match situation.scope {
        Scope::Unknown => out.push(assumed(
            "scope",
            "unknown, assumed to be runtime",
            odds,
            "the file that lists it does not say",
        )),
        scope => out.push(factor("scope", scope.as_str(), odds, "the file that lists it")),
    }
}

/// Where it runs, if that is unknown: it decides which floors and terms hold.
pub(super) fn environment(situation: &Situation, charter: &Charter) -> Option<Factor> {
    if situation.environment.is_some() {
        return None;
    }
    let taken = charter.assumed_environment();
    let value =
        taken.map_or("unknown".to_owned(), |e| format!("unknown, assumed to be {}", e.name));
    Some(assumed("environment", value, Effect::None, "charter, unknown.environment"))
}

fn seen(evidence: &Evidence, charter: &Charter, out: &mut Vec<Factor>) {
    let w = &charter.weighing;
    let value = match evidence.reachability.value {
        Reachability::NotImported => "not imported",
        Reachability::SymbolNotSeen => "imported, affected symbols not seen",
        Reachability::Unknown => "unknown",
        Reachability::Imported => "imported",
        Reachability::Called => "called",
    };
    match evidence.reachability.value {
        Reachability::Unknown => {
            out.push(assumed("reachability", value, Effect::None, "nobody looked"));
        }
        known => {
            let odds = Effect::Odds(w.reachability(known));
            out.push(factor("reachability", value, odds, evidence.reachability.source.clone()));
        }
    }
    match evidence.runtime.value {
        RuntimeUse::Unknown => {}
        known => {
            let value =
                if known == RuntimeUse::Loaded { "loaded" } else { "watched for, not seen" };
            out.push(factor(
                "runtime",
                value,
                Effect::Odds(w.runtime(known)),
                evidence.runtime.source.clone(),
            ));
        }
    }
    if let Some(vex) = &evidence.vex {
        out.push(factor(
            "VEX",
            vex.value.as_str().replace('_', " "),
            Effect::Odds(w.vex(vex.value)),
            vex.source.clone(),
        ));
    }
}

fn impact(
    finding: &Finding,
    situation: &Situation,
    charter: &Charter,
    facts: &Facts,
) -> Vec<Factor> {
    let mut out = Vec::with_capacity(3);
    let severity = &finding.vulnerability.severity;
    let steps = Effect::Steps(facts.technical);
    let word = ["none", "limited", "serious", "total"]
        [usize::try_from(facts.technical.clamp(0, 3)).unwrap_or(0)];
    let from = severity.from.as_deref().unwrap_or("advisory");
    match (technical(finding), &severity.vector) {
        (None, _) => {
            out.push(assumed(
                "technical impact",
                format!("unknown, assumed to be {word}"),
                steps,
                "charter, unknown.severity",
            ));
        }
        (Some(_), _) if finding.vulnerability.kind == Kind::Malicious => {
            out.push(factor("technical impact", "total: it runs what it wants", steps, "built in"));
        }
        (Some(_), Some(vector)) => {
            out.push(factor("technical impact", format!("{word} ({vector})"), steps, from));
        }
        (Some(_), None) if severity.rating == Rating::Unknown => {
            out.push(factor(
                "technical impact",
                format!("{word}: no flaw is asserted"),
                steps,
                "built in",
            ));
        }
        (Some(_), None) => {
            out.push(factor(
                "technical impact",
                format!("{word} (rated {}, no vector)", severity.rating),
                steps,
                from,
            ));
        }
    }
    let system = situation.system;
    match system.and_then(|s| charter.tier(s.tier.as_deref()?)) {
        Some(tier) => {
            out.push(factor("tier", &*tier.name, Effect::Steps(tier.impact), situation.described));
        }
        None => {
            out.push(assumed(
                "tier",
                "unknown",
                Effect::Steps(facts.tier),
                "charter, unknown.tier",
            ));
        }
    }
    match system.and_then(|s| s.data.as_ref()) {
        Some(classes) if classes.is_empty() => {
            out.push(factor("data", "none", Effect::Steps(0), situation.described));
        }
        Some(classes) => {
            let value = if facts.data == 0
                && classes.iter().any(|c| charter.data_class(c).is_some_and(|c| c.impact > 0))
            {
                format!("{}; not touched by the flaw", classes.join(", "))
            } else {
                classes.join(", ")
            };
            out.push(factor("data", value, Effect::Steps(facts.data), situation.described));
        }
        None => {
            out.push(assumed(
                "data",
                "unknown",
                Effect::Steps(facts.data),
                "charter, unknown.data",
            ));
        }
    }
    out
}
