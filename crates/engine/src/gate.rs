//! The gate's input: a weighed scan, beside the one before, as the document that policies see.

use std::collections::HashSet;

use jiff::Timestamp;
use trimtab_model::advisory::Rating;
use trimtab_model::assessment::Deadline;
use trimtab_model::charter::Charter;
use trimtab_model::finding::Finding;
use trimtab_model::licence::Licence;
use trimtab_model::metadata::{Metadata, Standing};
use trimtab_model::scan::{Assessed, Scan};
use trimtab_model::{
    Component, Ecosystem, FileInventory, Origin, Purl, Relation, System, UnmanagedReason,
};
use trimtab_policy::input;

use crate::selection::{Lifecycle, Verdict, licence_verdict};

/// The state before, to distinguish what a change brought in from what the calendar brought.
#[derive(Debug, Default)]
pub struct Before {
    findings: HashSet<(Box<str>, Box<str>)>,
    components: HashSet<Box<str>>,
    unmanaged: HashSet<(Box<str>, Box<str>)>,
    unknowns: HashSet<Box<str>>,
}

impl Before {
    /// What a scan of the state before has. Both scans must be matched with the same index: then a
    /// finding that is in one of them only came or went with the change.
    pub fn of(scan: &Scan) -> Before {
        let file = |f: &FileInventory, c: &dyn Fn(&trimtab_model::Unmanaged) -> Box<str>| {
            f.unmanaged.iter().map(|u| (f.path.clone(), c(u))).collect::<Vec<_>>()
        };
        Before {
            findings: scan.findings.iter().flat_map(keys).collect(),
            components: scan
                .inventory
                .components()
                .map(|(_, c)| c.purl.to_string().into())
                .collect(),
            unmanaged: scan.inventory.files.iter().flat_map(|f| file(f, &unmanaged_key)).collect(),
            unknowns: scan.unknowns.iter().map(|u| u.purl.to_string().into()).collect(),
        }
    }
}

/// A finding is the same whatever the version, and under any id (DESIGN §2).
fn keys(finding: &Finding) -> impl Iterator<Item = (Box<str>, Box<str>)> {
    let package: Box<str> = finding.purl.package().to_string().into();
    crate::repository::ids(finding).into_iter().map(move |id| (package.clone(), id))
}

fn unmanaged_key(unmanaged: &trimtab_model::Unmanaged) -> Box<str> {
    let package = unmanaged.package.as_ref().map_or(String::new(), |p| p.package().to_string());
    format!("{} {package}", unmanaged.reason.as_str()).into()
}

/// Whether a finding came with the change. `None`: there is nothing to compare with.
pub fn is_new(finding: &Finding, before: Option<&Before>) -> Option<bool> {
    before.map(|b| !keys(finding).any(|key| b.findings.contains(&key)))
}

/// What surrounds the findings of one gate.
pub struct Gate<'g> {
    /// The scan, weighed.
    pub scan: &'g Scan,
    /// The charter that it was weighed by.
    pub charter: &'g Charter,
    /// The system, if the repository has exactly one. `None`: several, or not given.
    pub system: Option<&'g System>,
    /// What was there before.
    pub before: Option<&'g Before>,
    /// Whether only what is new may fail.
    pub only_new: bool,
    /// What registries say about what the change brings in. `None`: nobody asked, or nobody
    /// answered.
    pub metadata: &'g dyn Fn(&Purl) -> Option<Metadata>,
    /// What the lifecycle data says of the product of a package at its version.
    pub lifecycle: &'g dyn Fn(&Purl) -> Lifecycle,
    /// The moment.
    pub now: Timestamp,
}

/// The packages that the change brings in, each once, in their order: what is asked about them is new.
pub fn brought_in(scan: &Scan, before: Option<&Before>) -> Vec<Purl> {
    let Some(before) = before else { return Vec::new() };
    let new = |c: &&Component| {
        c.relation != Relation::Own && !before.components.contains(c.purl.to_string().as_str())
    };
    let mut all: Vec<Purl> =
        scan.inventory.components().map(|(_, c)| c).filter(new).map(|c| c.purl.clone()).collect();
    all.sort();
    all.dedup();
    all
}

/// The document.
pub fn input(gate: &Gate) -> input::Input {
    let scan = gate.scan;
    let unmanaged =
        scan.inventory.files.iter().flat_map(|f| f.unmanaged.iter().map(move |u| (f, u)));
    input::Input {
        now: gate.now.to_string(),
        only_new: gate.only_new,
        incomplete: scan.is_incomplete(),
        system: system(gate),
        charter: charter(gate),
        findings: findings(gate),
        components: scan
            .inventory
            .files
            .iter()
            .flat_map(|f| f.components.iter().map(|c| component(gate, f, c)))
            .collect(),
        unmanaged: unmanaged
            .map(|(file, u)| input::Unmanaged {
                reason: u.reason.as_str().to_owned(),
                purl: u.package.as_ref().map(ToString::to_string),
                requirement: u.requirement.as_deref().map(str::to_owned),
                new: gate
                    .before
                    .map(|b| !b.unmanaged.contains(&(file.path.clone(), unmanaged_key(u)))),
                file: Some(file.path.to_string()),
                line: u.line,
            })
            .collect(),
        unknowns: scan.unknowns.iter().map(|u| unknown(gate, u)).collect(),
        diagnostics: scan
            .inventory
            .all_diagnostics()
            .chain(&scan.diagnostics)
            .map(input::Problem::from)
            .collect(),
        ..input::Input::default()
    }
}

fn text(text: Option<&str>) -> Option<String> {
    text.map(str::to_owned)
}

fn system(gate: &Gate) -> input::System {
    let Some(system) = gate.system else { return input::System::default() };
    let environment = crate::assess::environment(Some(system), gate.charter);
    let gravest =
        system.data.iter().flatten().max_by_key(|d| gate.charter.data_class(d).map(|c| c.impact));
    input::System {
        name: Some(system.name.to_string()),
        team: text(system.owner.as_deref()),
        tier: text(system.tier.as_deref()),
        exposure: system.exposure.map(|e| e.as_str().to_owned()),
        data: text(gravest.map(|d| &**d)),
        environment: environment.map(str::to_owned),
        production: environment.and_then(|e| gate.charter.environment(e)).map(|e| e.production),
    }
}

fn charter(gate: &Gate) -> input::Charter {
    let c = gate.charter;
    let s = &c.selection;
    let list = |names: &[Box<str>]| names.iter().map(ToString::to_string).collect();
    input::Charter {
        name: c.name.to_string(),
        version: c.version.to_string(),
        acceptable: gate
            .system
            .and_then(|s| c.tier(s.tier.as_deref()?)?.acceptable)
            .map(Into::into),
        unknown: c.unknown.gate.into(),
        selection: input::Selection {
            registries: list(&s.registries),
            licences_allowed: list(&s.licences_allowed),
            licences_denied: list(&s.licences_denied),
            licences_review: list(&s.licences_review),
            minimum_age_days: s.minimum_age_days,
            last_release_days: s.last_release_days,
            yanked: s.yanked.into(),
            archived: s.archived.into(),
            unmaintained: s.unmaintained.into(),
            end_of_life: s.end_of_life.into(),
            unpinned: s.unpinned.into(),
            unhashed: s.unhashed.into(),
            denied: s
                .denied
                .iter()
                .map(|d| input::Denied {
                    package: d.package.to_string(),
                    reason: d.reason.to_string(),
                })
                .collect(),
        },
    }
}

/// One entry for each finding, as it is gravest; the other systems are weighed no graver.
fn findings(gate: &Gate) -> Vec<input::Finding> {
    let scan = gate.scan;
    let has_kev = scan.index.as_ref().is_some_and(|i| i.kev.is_some());
    let one = |(at, finding): (usize, &Finding)| {
        let assessed = scan.weighing.as_ref().and_then(|w| w.gravest(at));
        let place = assessed.map_or(&finding.occurrences, |a| &a.occurrences).first();
        let file = place.and_then(|o| scan.inventory.files.get(o.file as usize));
        let component = place.zip(file).and_then(|(o, f)| f.components.get(o.component as usize));
        let severity = &finding.vulnerability.severity;
        let mut told = input::Finding {
            id: finding.vulnerability.id.to_string(),
            aliases: finding.vulnerability.aliases.iter().map(ToString::to_string).collect(),
            kind: finding.vulnerability.kind.as_str().to_owned(),
            package: finding.package.to_string(),
            purl: finding.purl.to_string(),
            version: finding.purl.version().map(str::to_owned),
            rating: (severity.rating != Rating::Unknown)
                .then(|| severity.rating.as_str().to_owned()),
            score: severity.score_tenths.map(|t| f64::from(t) / 10.0),
            known_exploited: has_kev.then_some(finding.vulnerability.kev.is_some()),
            epss: finding.vulnerability.epss.map(|e| e.probability),
            fix: text(finding.nearest_fix.as_deref()),
            confidence: finding.confidence.as_str().to_owned(),
            new: is_new(finding, gate.before),
            scope: component.map_or("unknown", |c| c.scope.as_str()).to_owned(),
            relation: component.map_or("unknown", |c| c.relation.as_str()).to_owned(),
            file: file.map(|f| f.path.to_string()),
            line: component.and_then(|c| c.line),
            ..input::Finding::default()
        };
        if let Some(assessed) = assessed {
            weighed(&mut told, assessed, gate.now);
        }
        told
    };
    scan.findings.iter().enumerate().map(one).collect()
}

fn weighed(told: &mut input::Finding, assessed: &Assessed, now: Timestamp) {
    let a = &assessed.assessment;
    told.level = Some(a.level.into());
    told.level_bounds = Some((a.bounds.0.into(), a.bounds.1.into()));
    told.likelihood = Some(a.likelihood.band.as_str().to_owned());
    told.impact = Some(a.impact.band.as_str().to_owned());
    told.deadline_state = match &a.deadline {
        Deadline::By { at, .. } if *at < now => input::DeadlineState::Passed,
        Deadline::By { .. } => input::DeadlineState::Open,
        Deadline::Opportunistic => input::DeadlineState::None,
        Deadline::Unknown { .. } => input::DeadlineState::Unknown,
    };
    told.deadline = a.deadline.at().map(|at| at.to_string());
    // Whole seconds, so that the number is the same however it is counted.
    told.overdue_hours =
        a.deadline.at().map(|at| (now.as_second() - at.as_second()) as f64 / 3600.0);
    told.acceptable = a.is_above_acceptable().map(|above| !above);
    told.acceptable_level = a.acceptable.flatten().map(Into::into);
    told.exception = assessed.exception.as_ref().map(|(id, until)| input::Exception {
        id: id.to_string(),
        until: until.map(|d| d.to_string()),
    });
    told.not_affected = assessed.not_affected.as_ref().map(|d| input::NotAffected {
        id: d.id.to_string(),
        justification: d.justification.as_str().to_owned(),
        until: d.until.map(|d| d.to_string()),
    });
    told.vex = assessed.vex.map(|v| v.as_str().to_owned());
    told.unknowns = a.unknowns().map(str::to_owned).collect();
}

fn component(gate: &Gate, file: &FileInventory, c: &Component) -> input::Component {
    let floats = file.unmanaged.iter().any(|u| {
        u.reason == UnmanagedReason::FloatingVersion
            && u.package.as_ref().is_some_and(|p| p.package() == c.purl.package())
    });
    let new = gate.before.map(|b| !b.components.contains(c.purl.to_string().as_str()));
    // Only what is new is selected; the rest was, before.
    let asked = (new == Some(true) && c.relation != Relation::Own)
        .then(|| (gate.metadata)(&c.purl))
        .flatten();
    let m = asked.as_ref();
    let chosen = new != Some(false) && c.relation != Relation::Own;
    let end_of_life = match chosen.then(|| (gate.lifecycle)(&c.purl)) {
        None | Some(Lifecycle::Unknown) => None,
        Some(Lifecycle::NoProduct | Lifecycle::Supported) => Some(false),
        Some(Lifecycle::Ended) => Some(true),
        Some(Lifecycle::Ends(day)) => {
            let zone = gate.charter.calendar.time_zone.clone();
            Some(day <= gate.now.to_zoned(zone).date())
        }
    };
    let declared = c.licence.as_deref().or_else(|| Some(m?.licence.as_ref()?.as_str()));
    let days = |since: Option<Timestamp>| {
        since.map(|at| (gate.now.as_second() - at.as_second()) as f64 / 86_400.0)
    };
    input::Component {
        purl: c.purl.to_string(),
        name: c.purl.name().to_owned(),
        version: c.purl.version().map(str::to_owned),
        ecosystem: Ecosystem::of(&c.purl).map(|e| e.to_string()),
        scope: c.scope.as_str().to_owned(),
        relation: c.relation.as_str().to_owned(),
        licence: declared.map(str::to_owned),
        licence_verdict: if c.relation == Relation::Own {
            input::LicenceVerdict::Allowed
        } else {
            licence(declared, gate.charter)
        },
        registry: match &c.origin {
            Origin::Registry(url) | Origin::Url(url) | Origin::Git { url, .. } => {
                Some(url.to_string())
            }
            Origin::Unstated => m.and_then(|m| text(m.registry.as_deref())),
            Origin::Path(_) => None,
        },
        hashed: Some(!c.hashes.is_empty()),
        pinned: c.purl.version().is_some() && !floats,
        yanked: m.and_then(|m| m.standing.as_ref()).map(|s| !matches!(s, Standing::Offered)),
        archived: m.and_then(|m| m.archived),
        end_of_life,
        age_days: days(m.and_then(|m| m.published)),
        last_release_days: days(m.and_then(|m| m.last_release)),
        new,
        file: Some(file.path.to_string()),
        line: c.line,
    }
}

/// What the charter says of a declared licence.
fn licence(declared: Option<&str>, charter: &Charter) -> input::LicenceVerdict {
    use input::LicenceVerdict::{Allowed, Denied, Review, Unknown};
    let rules = &charter.selection;
    let lists = [&rules.licences_allowed, &rules.licences_denied, &rules.licences_review];
    if lists.iter().all(|list| list.is_empty()) {
        return Allowed;
    }
    match declared.and_then(|text| licence_verdict(&Licence::read(text), rules)) {
        None | Some(Verdict::Unknown) => Unknown,
        Some(Verdict::Allow) => Allowed,
        Some(Verdict::Warn) => Review,
        Some(Verdict::Deny) => Denied,
    }
}

fn unknown(gate: &Gate, unknown: &trimtab_model::finding::Unknown) -> input::Unknown {
    let place = unknown.occurrences.first();
    let file = place.and_then(|o| gate.scan.inventory.files.get(o.file as usize));
    let component = place.zip(file).and_then(|(o, f)| f.components.get(o.component as usize));
    input::Unknown {
        purl: unknown.purl.to_string(),
        reason: unknown.reason.as_str().to_owned(),
        advisories: unknown.advisories.iter().map(ToString::to_string).collect(),
        new: gate.before.map(|b| !b.unknowns.contains(unknown.purl.to_string().as_str())),
        file: file.map(|f| f.path.to_string()),
        line: component.and_then(|c| c.line),
    }
}
