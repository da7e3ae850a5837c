//! The order in which findings are listed: worst first, and the same on every run.

use std::cmp::Ordering;

use trimtab_model::advisory::{Kind, Rating};
use trimtab_model::finding::Finding;

/// Malicious packages first, then what is known to be exploited, then by rating and score, then by
/// exploit probability; what is equal so far is in the order of its names.
pub fn worst_first(a: &Finding, b: &Finding) -> Ordering {
    weight(b)
        .cmp(&weight(a))
        .then_with(|| probability(b).total_cmp(&probability(a)))
        .then_with(|| a.ecosystem.cmp(&b.ecosystem))
        .then_with(|| a.package.cmp(&b.package))
        .then_with(|| a.purl.cmp(&b.purl))
        .then_with(|| a.vulnerability.id.cmp(&b.vulnerability.id))
}

fn weight(finding: &Finding) -> (u8, bool, u8, u8) {
    let kind = match finding.vulnerability.kind {
        Kind::Malicious => 3,
        Kind::Vulnerability => 2,
        Kind::Unsound => 1,
        Kind::Unmaintained | Kind::Notice => 0,
    };
    let severity = &finding.vulnerability.severity;
    // An unknown severity may be anything: it is told before what is known to be low.
    let rating = match severity.rating {
        Rating::Critical => 5,
        Rating::High => 4,
        Rating::Medium => 3,
        Rating::Unknown => 2,
        Rating::Low => 1,
        Rating::None => 0,
    };
    (kind, finding.vulnerability.kev.is_some(), rating, severity.score_tenths.unwrap_or(0))
}

fn probability(finding: &Finding) -> f64 {
    finding.vulnerability.epss.map_or(0.0, |e| e.probability)
}
