//! A repository by its agreement: every finding in every system that has it, weighed, with the
//! statements and decisions that hold for it.

mod decided;

use jiff::Timestamp;
use trimtab_charter::project::{Project, Systems};
use trimtab_decisions::vex::{About, Why, apply};
use trimtab_model::advisory::Changed;
use trimtab_model::charter::Charter;
use trimtab_model::decision::{Exception, NotAffected, Statement};
use trimtab_model::evidence::{Fact, VexStatus};
use trimtab_model::finding::{Finding, Occurrence};
use trimtab_model::scan::{Assessed, Scan, Weighing};
use trimtab_model::{Diagnostic, Evidence, Purl, Relation, Scope, System};

use self::decided::{Decided, Here, Settled};
use crate::assess::{Situation, assess, environment, load};

/// Everything that people agreed on for a repository.
#[derive(Debug, Clone)]
pub struct Agreement {
    /// The charter.
    pub charter: Charter,
    /// The systems, and where the other files are.
    pub project: Project,
    /// Decisions to accept findings.
    pub exceptions: Vec<Exception>,
    /// Decisions that findings do not matter.
    pub not_affected: Vec<NotAffected>,
    /// What suppliers say.
    pub statements: Vec<Statement>,
}

/// Weighs the findings of a scan. `first_seen` tells when a finding was first detected, and who says so,
/// where that is recorded; `now` decides which decisions hold.
///
/// # Errors
/// A pattern of a system is not one.
pub fn weigh(
    scan: &Scan,
    agreement: &Agreement,
    first_seen: &dyn Fn(&Finding) -> Option<Fact<Timestamp>>,
    now: Timestamp,
) -> Result<(Weighing, Vec<Diagnostic>), Diagnostic> {
    let systems = Systems::new(&agreement.project)?;
    let charter = &agreement.charter;
    let today = now.to_zoned(charter.calendar.time_zone.clone()).date();
    let own = own_packages(scan);
    let mut decided = Decided::new(agreement, today);
    let mut diagnostics = Vec::new();
    let mut assessed = Vec::with_capacity(scan.findings.len());
    for (at, finding) in scan.findings.iter().enumerate() {
        let ids: Vec<Box<str>> = ids(finding);
        let changed = changed(finding);
        for (system, places) in by_system(scan, finding, &systems) {
            let statement = apply(
                &agreement.statements,
                &About { ids: &ids, component: &finding.purl, products: &own, changed },
            );
            diagnostics.extend(statement.diagnostics);
            let said: Vec<&Statement> = statement
                .uses
                .iter()
                .filter(|used| used.why == Why::Applies)
                .filter_map(|used| agreement.statements.get(used.statement))
                .collect();
            let mut evidence = Evidence { vex: statement.status, ..Evidence::default() };
            let situation = situation(scan, system, &places, first_seen(finding), charter);
            let mut assessment = assess(finding, &evidence, &situation, charter);
            let settled = decided.settle(&Here {
                scan,
                finding,
                ids: &ids,
                system: system.map(|s| &*s.name),
                environment: situation.environment,
                places: &places,
                level: assessment.level,
                // A decision is older only if it is older than the earliest that the change can have been.
                changed: changed.after,
                said: &said,
            });
            let (exception, not_affected) = match settled {
                Settled::Open => (None, None),
                Settled::Accepted(id, until) => (Some((id, until)), None),
                Settled::NotAffected(unaffected, fact) => {
                    evidence.vex = Some(fact);
                    assessment = assess(finding, &evidence, &situation, charter);
                    (None, Some(unaffected))
                }
            };
            assessed.push(Assessed {
                finding: u32::try_from(at).unwrap_or(u32::MAX),
                occurrences: places,
                vex: evidence.vex.map(|fact| fact.value),
                assessment,
                exception,
                not_affected,
            });
        }
    }
    diagnostics.extend(decided.diagnostics());
    diagnostics.sort();
    diagnostics.dedup();
    let open =
        assessed.iter().filter(|a| a.is_open() && a.vex.is_none_or(counts)).map(|a| &a.assessment);
    let weighing = Weighing {
        charter: charter.name.clone(),
        version: charter.version.clone(),
        load: load(open),
        assessed,
    };
    Ok((weighing, diagnostics))
}

/// The project's own packages: what statements about a product are about.
pub fn own_packages(scan: &Scan) -> Vec<Purl> {
    let components = scan.inventory.components();
    let mut own: Vec<_> = components
        .filter(|(_, c)| c.relation == Relation::Own)
        .map(|(_, c)| c.purl.clone())
        .collect();
    own.sort();
    own.dedup();
    own
}

/// Whether a finding with such a statement counts to the load.
pub fn counts(status: VexStatus) -> bool {
    matches!(status, VexStatus::Affected | VexStatus::UnderInvestigation)
}

/// Between when the advisories that a finding rests on last changed in substance.
pub fn changed(finding: &Finding) -> Changed {
    let resting = finding.attributions.iter().filter(|a| a.affected);
    Changed::last(resting.map(|a| a.advisory.changed))
}

/// Every id of a finding's vulnerability.
pub fn ids(finding: &Finding) -> Vec<Box<str>> {
    std::iter::once(&finding.vulnerability.id)
        .chain(&finding.vulnerability.aliases)
        .cloned()
        .collect()
}

fn path(scan: &Scan, occurrence: Occurrence) -> Option<&str> {
    Some(&*scan.inventory.files.get(occurrence.file as usize)?.path)
}

/// The places of a finding by the system that they belong to, in the order of the places.
fn by_system<'p>(
    scan: &Scan,
    finding: &Finding,
    systems: &Systems<'p>,
) -> Vec<(Option<&'p System>, Vec<Occurrence>)> {
    let mut all: Vec<(Option<&'p System>, Vec<Occurrence>)> = Vec::new();
    for occurrence in &finding.occurrences {
        let system = path(scan, *occurrence).and_then(|file| systems.of(file));
        let same = |other: &Option<&System>| match (other, system) {
            (Some(a), Some(b)) => a.name == b.name,
            (None, None) => true,
            _ => false,
        };
        match all.iter_mut().find(|(s, _)| same(s)) {
            Some((_, places)) => places.push(*occurrence),
            None => all.push((system, vec![*occurrence])),
        }
    }
    all
}

fn situation<'s>(
    scan: &'s Scan,
    system: Option<&'s System>,
    places: &[Occurrence],
    detected: Option<Fact<Timestamp>>,
    charter: &Charter,
) -> Situation<'s> {
    let components = || {
        places.iter().filter_map(|o| {
            scan.inventory.files.get(o.file as usize)?.components.get(o.component as usize)
        })
    };
    // A scope that is unknown may be the strongest.
    let scope = if components().any(|c| c.scope == Scope::Runtime) {
        Scope::Runtime
    } else if components().any(|c| c.scope == Scope::Unknown) {
        Scope::Unknown
    } else {
        components().map(|c| c.scope).max().unwrap_or_default()
    };
    // Direct anywhere means that the project can raise it itself.
    let relation = [Relation::Direct, Relation::Transitive]
        .into_iter()
        .find(|r| components().any(|c| c.relation == *r))
        .unwrap_or_default();
    let mut files: Vec<u32> = places.iter().map(|o| o.file).collect();
    files.dedup();
    let index = scan.index.as_ref();
    Situation {
        system,
        environment: environment(system, charter),
        scope,
        relation,
        files: files.len(),
        detected,
        has_kev: index.is_some_and(|i| i.kev.is_some()),
        epss_date: index.and_then(|i| i.epss.as_deref()),
    }
}
