//! What several tests of the engine need.

use trimtab_engine::Matching;
use trimtab_testkit::naive::matching::{Answer, Finding, Unknown};

/// What the engine found, in the naive matcher's terms.
pub(crate) fn answer(matching: &Matching) -> Answer {
    let findings = matching.findings.iter().map(|finding| Finding {
        purl: finding.purl.to_string(),
        affected: (finding.attributions.iter().filter(|a| a.affected))
            .map(|a| a.advisory.id.to_string())
            .collect(),
    });
    let unknowns = matching.unknowns.iter().map(|unknown| Unknown {
        purl: unknown.purl.to_string(),
        reason: unknown.reason,
        advisories: unknown.advisories.iter().map(ToString::to_string).collect(),
    });
    (findings.collect(), unknowns.collect())
}
