//! A repository by its agreement: every finding in every system that has it, weighed, with the
//! statements and decisions that apply to it.

mod decided;

use std::borrow::Cow;

use jiff::Timestamp;
use trimtab_charter::project::{Project, Systems};
use trimtab_decisions::vex::{About, Why, apply};
use trimtab_model::advisory::Changed;
use trimtab_model::charter::Charter;
use trimtab_model::decision::{Exception, NotAffected, Statement};
use trimtab_model::evidence::Fact;
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
    /// Where the scanned tree is, relative to the folder of the agreement.
    pub place: Place,
}

/// Where the scanned tree is, relative to the folder of an agreement: its patterns name files from
/// there.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Place {
    /// It is that folder, all of it.
    #[default]
    Whole,
    /// A part of that folder: the way down to it, with a slash at the end, or nothing.
    Below(Box<str>),
    /// More than that folder: the way from the scanned one down to it, with a slash at the end.
    Above(Box<str>),
}

impl Place {
    /// A scanned file as the agreement names it. One that is not in its folder keeps its name.
    pub fn file<'f>(&self, told: &'f str) -> Cow<'f, str> {
        match self {
            Place::Whole => told.into(),
            Place::Below(way) if way.is_empty() => told.into(),
            Place::Below(way) => format!("{way}{told}").into(),
            Place::Above(way) => told.strip_prefix(&**way).unwrap_or(told).into(),
        }
    }
}

/// Weighs the findings of a scan. `first_seen` says when a finding was first detected, and by which
/// source, if that is recorded; `now` decides which decisions apply.
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
    let files: Vec<Cow<str>> =
        scan.inventory.files.iter().map(|file| agreement.place.file(&file.path)).collect();
    // A part of a repository says nothing of the rest.
    let mut diagnostics = match agreement.place {
        Place::Below(_) => Vec::new(),
        Place::Whole | Place::Above(_) => systems.unused(&files),
    };
    let mut assessed = Vec::with_capacity(scan.findings.len());
    for (at, finding) in scan.findings.iter().enumerate() {
        let ids: Vec<Box<str>> = ids(finding);
        let changed = changed(finding);
        for (system, places) in by_system(&files, finding, &systems) {
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
                files: &files,
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
    let open = assessed.iter().filter(|a| a.is_open()).map(|a| &a.assessment);
    let weighing = Weighing {
        charter: charter.name.clone(),
        version: charter.version.clone(),
        load: load(open),
        time_zone: charter.calendar.time_zone.clone(),
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

/// The file of a place, as the agreement names it.
fn path<'f>(files: &'f [Cow<'_, str>], occurrence: Occurrence) -> Option<&'f str> {
    files.get(occurrence.file as usize).map(|file| &**file)
}

/// The places of a finding by the system that they belong to, in the order of the places.
fn by_system<'p>(
    files: &[Cow<'_, str>],
    finding: &Finding,
    systems: &Systems<'p>,
) -> Vec<(Option<&'p System>, Vec<Occurrence>)> {
    let mut all: Vec<(Option<&'p System>, Vec<Occurrence>)> = Vec::new();
    for occurrence in &finding.occurrences {
        let system = path(files, *occurrence).and_then(|file| systems.of(file));
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
        described: "trimtab.toml",
        epss_date: index.and_then(|i| i.epss.as_deref()),
    }
}
