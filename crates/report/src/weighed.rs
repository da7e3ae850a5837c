//! An assessment as names and words, for formats that have no words of their own for it.

use std::borrow::Cow;

use trimtab_model::assessment::{Cost, Deadline};
use trimtab_model::evidence::VexStatus;
use trimtab_model::finding::Finding;
use trimtab_model::scan::{Assessed, Scan, Weighing};

/// What stands where nothing is known, and where there is nothing.
const UNKNOWN: &str = "unknown";
const NONE: &str = "none";

/// One thing that an assessment says.
pub(crate) struct Fact<'a> {
    /// Its key, as a property of CycloneDX is named.
    pub(crate) key: &'static str,
    /// Its name for people.
    pub(crate) name: &'static str,
    /// What is said.
    pub(crate) says: Cow<'a, str>,
}

impl Fact<'_> {
    /// The last part of its key: lower case, words joined by dashes.
    pub(crate) fn short(&self) -> &'static str {
        self.key.rsplit(':').next().unwrap_or(self.key)
    }
}

/// The assessments of a finding, in the order of the systems. Empty: it was not weighed.
pub(crate) fn all<'s>(scan: &'s Scan, finding: &Finding) -> &'s [Assessed] {
    let found = scan.weighing.as_ref().zip(crate::group::position(scan, finding));
    found.map_or(&[], |(weighing, at)| weighing.of(at))
}

/// The charter's name and version.
pub(crate) fn charter(weighing: &Weighing) -> String {
    format!("{} {}", weighing.charter, weighing.version).trim_end().to_owned()
}

/// What an assessment says, always in the same number and order.
pub(crate) fn facts(assessed: &Assessed) -> Vec<Fact<'_>> {
    let a = &assessed.assessment;
    let or_unknown = |text: &'_ str| -> Cow<'static, str> {
        if text.is_empty() { UNKNOWN.into() } else { text.to_owned().into() }
    };
    let bounds = match a.bounds {
        (least, most) if least == most => least.to_string(),
        (least, most) => format!("{least} to {most}"),
    };
    let acceptable = match a.acceptable {
        None => UNKNOWN,
        Some(None) => NONE,
        Some(Some(most)) => most.as_str(),
    };
    let (exception, until) = match &assessed.exception {
        None => (Cow::Borrowed(NONE), NONE.to_owned()),
        Some((id, until)) => {
            ((&**id).into(), until.map_or("without end".to_owned(), |d| d.to_string()))
        }
    };
    let fact = |key, name, says| Fact { key, name, says };
    vec![
        fact("trimtab:charter:system", "System", or_unknown(&a.system)),
        fact("trimtab:charter:environment", "Environment", or_unknown(&a.environment)),
        fact("trimtab:charter:level", "Level", a.level.as_str().into()),
        fact("trimtab:charter:level-bounds", "Level, by what is unknown", bounds.into()),
        fact("trimtab:charter:acceptable", "Gravest level that may stay", acceptable.into()),
        fact("trimtab:charter:likelihood", "Likelihood", a.likelihood.band.as_str().into()),
        fact("trimtab:charter:impact", "Impact", a.impact.band.as_str().into()),
        fact("trimtab:charter:deadline", "Deadline", deadline(&a.deadline)),
        fact("trimtab:charter:deadline-because", "Why then", because(&a.deadline)),
        fact("trimtab:charter:cost", "Cost in points", cost(&a.cost)),
        fact("trimtab:charter:exception", "Accepted by exception", exception),
        fact("trimtab:charter:exception-until", "Accepted until", until.into()),
        fact("trimtab:charter:vex", "Statement of the supplier", vex(assessed.vex).into()),
    ]
}

fn deadline(deadline: &Deadline) -> Cow<'_, str> {
    match deadline {
        Deadline::By { at, .. } => at.to_string().into(),
        Deadline::Opportunistic => "opportunistic".into(),
        Deadline::Unknown { .. } => UNKNOWN.into(),
    }
}

fn because(deadline: &Deadline) -> Cow<'_, str> {
    match deadline {
        Deadline::By { because, .. } | Deadline::Unknown { because } => (&**because).into(),
        Deadline::Opportunistic => "the charter sets no date".into(),
    }
}

fn cost(cost: &Cost) -> Cow<'_, str> {
    match cost {
        Cost::Range { least, most, .. } if least == most => least.to_string().into(),
        Cost::Range { least, most, .. } => format!("{least} to {most}").into(),
        Cost::Unknown { because } => format!("{UNKNOWN}: {because}").into(),
    }
}

fn vex(status: Option<VexStatus>) -> &'static str {
    status.map_or(NONE, VexStatus::as_str)
}

/// Why it has its level, in one sentence without a full stop.
pub(crate) fn reason(assessed: &Assessed) -> String {
    let a = &assessed.assessment;
    let of = |what: &str, name: &str| match name {
        "" => format!("{what} unknown"),
        name => format!("{what} {name}"),
    };
    format!(
        "{}, {}: likelihood {}, impact {}",
        of("system", &a.system),
        of("environment", &a.environment),
        a.likelihood.band,
        a.impact.band
    )
}

/// What people decided about a finding as a whole.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Decided {
    /// Every system accepts it; the exceptions' words, joined.
    Accepted(String),
    /// Every system is decided not to be affected; the decisions' words, joined.
    NotAffected(String),
    /// A statement holds in every system.
    Stated(VexStatus),
}

/// What was decided, where it is the same in every system. `None`: nothing, or not the same.
pub(crate) fn decided(assessed: &[Assessed]) -> Option<Decided> {
    let accepted = |a: &Assessed| {
        let (id, until) = a.exception.as_ref()?;
        let until = until.map_or("without end".to_owned(), |d| format!("until {d}"));
        Some(format!("accepted by exception {id} {until}"))
    };
    let unaffected = |a: &Assessed| {
        let decision = a.not_affected.as_ref()?;
        let (id, why) = (&decision.id, decision.justification.as_str());
        Some(format!("not affected by decision {id} ({why}): {}", decision.reason))
    };
    let first = assessed.first()?;
    if let Some(mut all) = assessed.iter().map(unaffected).collect::<Option<Vec<_>>>() {
        all.dedup();
        return Some(Decided::NotAffected(all.join("; ")));
    }
    if let Some(status) = first.vex
        && assessed.iter().all(|a| a.vex == Some(status))
        && (status != VexStatus::Affected || assessed.iter().any(Assessed::is_open))
    {
        return Some(Decided::Stated(status));
    }
    let mut all = assessed.iter().map(accepted).collect::<Option<Vec<_>>>()?;
    all.dedup();
    Some(Decided::Accepted(all.join("; ")))
}
