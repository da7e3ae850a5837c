//! A repository by its agreement: every finding in every system that has it, weighed, with the
//! statements and exceptions that hold for it.

use jiff::Timestamp;
use trimtab_charter::project::{Project, Systems};
use trimtab_decisions::exceptions::{self, Found};
use trimtab_decisions::vex::{About, apply};
use trimtab_model::advisory::Changed;
use trimtab_model::charter::Charter;
use trimtab_model::decision::{Exception, Statement};
use trimtab_model::evidence::{Fact, VexStatus};
use trimtab_model::finding::{Finding, Occurrence};
use trimtab_model::scan::{Assessed, Scan, Weighing};
use trimtab_model::{Diagnostic, Evidence, Level, Relation, Scope, System};

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
    /// What suppliers say.
    pub statements: Vec<Statement>,
}

/// Weighs the findings of a scan. `first_seen` tells when a finding was first detected, and who says so,
/// where that is recorded; `now` decides which exceptions hold.
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
    // Statements about a product are about the project's own packages.
    let components = scan.inventory.components();
    let mut own: Vec<_> = components
        .filter(|(_, c)| c.relation == Relation::Own)
        .map(|(_, c)| c.purl.clone())
        .collect();
    own.sort();
    own.dedup();
    let mut diagnostics = Vec::new();
    let mut assessed = Vec::with_capacity(scan.findings.len());
    // For each exception, the gravest level of what it is about, whether or not it is in force.
    let mut about: Vec<Option<Level>> = vec![None; agreement.exceptions.len()];
    for (at, finding) in scan.findings.iter().enumerate() {
        let ids: Vec<Box<str>> = ids(finding);
        for (system, places) in by_system(scan, finding, &systems) {
            let statement = apply(
                &agreement.statements,
                &About {
                    ids: &ids,
                    component: &finding.purl,
                    products: &own,
                    changed: changed(finding),
                },
            );
            diagnostics.extend(statement.diagnostics);
            let evidence = Evidence { vex: statement.status, ..Evidence::default() };
            let situation = situation(scan, system, &places, first_seen(finding), charter);
            let environment = situation.environment;
            let assessment = assess(finding, &evidence, &situation, charter);
            let found = |path| Found {
                ids: &ids,
                package: Some(&finding.purl),
                path,
                system: system.map(|s| &*s.name),
                environment,
            };
            for (exception, level) in agreement.exceptions.iter().zip(&mut about) {
                let covers =
                    places.iter().any(|o| exceptions::covers(exception, &found(path(scan, *o))));
                if covers {
                    *level = (*level).max(Some(assessment.level));
                }
            }
            // It is accepted where every place of it is: the shortest exception counts.
            let accepting = |o: &Occurrence| {
                let found = found(path(scan, *o));
                exceptions::accepting(
                    &agreement.exceptions,
                    &found,
                    assessment.level,
                    &charter.exceptions,
                    today,
                )
            };
            let all: Option<Vec<_>> = places.iter().map(accepting).collect();
            let exception = all
                .and_then(|all| {
                    all.into_iter().min_by_key(|(_, until)| until.unwrap_or(jiff::civil::Date::MAX))
                })
                // Nobody accepts malware (the charter's selection rules say so always).
                .filter(|_| !crate::assess::is_malicious(finding))
                .map(|(exception, until)| (exception.id.clone(), until));
            assessed.push(Assessed {
                finding: u32::try_from(at).unwrap_or(u32::MAX),
                occurrences: places,
                vex: evidence.vex.map(|fact| fact.value),
                assessment,
                exception,
            });
        }
    }
    let level_of = |exception: &Exception| {
        let at = agreement.exceptions.iter().position(|e| std::ptr::eq(e, exception));
        at.and_then(|at| about.get(at).copied().flatten())
    };
    let (_, judged) =
        exceptions::judge(&agreement.exceptions, &charter.exceptions, level_of, today);
    diagnostics.extend(judged);
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
