//! What findings mean by the charter, in CycloneDX's words: a rating by another method for each system, an
//! analysis where something was decided, and the rest as properties.

use std::borrow::Cow;

use trimtab_model::evidence::VexStatus;
use trimtab_model::finding::Finding;
use trimtab_model::scan::{Assessed, Scan};

use super::facts::one_line_of;
use crate::weighed::{self, Decided};

/// A level as a rating.
pub(super) struct Rating {
    /// Whose it is: the charter.
    pub(super) charter: String,
    /// The level; CycloneDX has a severity of each name.
    pub(super) severity: &'static str,
    /// The method: none that CycloneDX knows.
    pub(super) method: &'static str,
    /// Why, with the system.
    pub(super) reason: String,
}

/// A rating for each system that the finding was weighed for.
pub(super) fn ratings(scan: &Scan, finding: &Finding) -> Vec<Rating> {
    let Some(weighing) = &scan.weighing else { return Vec::new() };
    let charter = one_line_of(format!("charter {}", weighed::charter(weighing))).into_owned();
    let one = |assessed: &Assessed| Rating {
        charter: charter.clone(),
        severity: assessed.assessment.level.as_str(),
        method: "other",
        reason: one_line_of(weighed::reason(assessed)).into_owned(),
    };
    weighed::all(scan, finding).iter().map(one).collect()
}

/// What was decided.
pub(super) struct Analysis {
    pub(super) state: &'static str,
    pub(super) response: Option<&'static str>,
    pub(super) detail: String,
}

/// The analysis of a finding. `None`: nothing was decided, or not the same in every system, and the
/// properties tell what.
pub(super) fn analysis(scan: &Scan, finding: &Finding) -> Option<Analysis> {
    let stated = |state, status: VexStatus| Analysis {
        state,
        response: None,
        detail: format!("a statement that applies says: {}", status.as_str()),
    };
    Some(match weighed::decided(weighed::all(scan, finding))? {
        // An accepted finding is there, and nothing is done about it until then.
        Decided::Accepted(detail) => Analysis {
            state: "exploitable",
            response: Some("will_not_fix"),
            detail: one_line_of(detail).into_owned(),
        },
        Decided::NotAffected(detail) => Analysis {
            state: "not_affected",
            response: None,
            detail: one_line_of(detail).into_owned(),
        },
        Decided::Stated(status) => match status {
            VexStatus::NotAffected => stated("not_affected", status),
            VexStatus::Fixed => stated("resolved", status),
            VexStatus::UnderInvestigation => stated("in_triage", status),
            VexStatus::Affected => stated("exploitable", status),
        },
    })
}

/// What an assessment says beyond its rating. Every system has every property, so that the n-th one of each
/// name belongs to the n-th system.
pub(super) fn properties<'s>(
    scan: &'s Scan,
    finding: &Finding,
) -> Vec<(&'static str, Cow<'s, str>)> {
    let facts = weighed::all(scan, finding).iter().flat_map(weighed::facts);
    facts.map(|fact| (fact.key, one_line_of(fact.says.into_owned()))).collect()
}

/// The charter and the load, for the document as a whole.
pub(super) fn metadata(scan: &Scan) -> Vec<(&'static str, Cow<'_, str>)> {
    let Some(weighing) = &scan.weighing else { return Vec::new() };
    vec![
        ("trimtab:charter", one_line_of(weighed::charter(weighing))),
        ("trimtab:charter:load", weighing.load.to_string().into()),
    ]
}
