//! Findings by component, worst first: the view that tables for people share.

use std::borrow::Cow;
use std::cmp::Ordering;
use std::collections::HashMap;

use trimtab_model::advisory::{Kind, Rating};
use trimtab_model::finding::{Finding, Occurrence};
use trimtab_model::scan::{Assessed, Scan};
use trimtab_model::{Component, FileInventory, Level, Purl, Version};

/// A component and all that is wrong with it.
#[derive(Debug)]
pub struct Group<'s> {
    /// The component.
    pub purl: &'s Purl,
    /// Its findings, in the scan's order: worst first.
    pub findings: Vec<&'s Finding>,
}

impl<'s> Group<'s> {
    /// The groups of a scan, in the order of their worst findings.
    pub fn all(scan: &'s Scan) -> Vec<Group<'s>> {
        let mut groups: Vec<Group<'s>> = Vec::new();
        let mut places: HashMap<&Purl, usize> = HashMap::new();
        for finding in &scan.findings {
            let place = *places.entry(&finding.purl).or_insert_with(|| {
                groups.push(Group { purl: &finding.purl, findings: Vec::new() });
                groups.len() - 1
            });
            if let Some(group) = groups.get_mut(place) {
                group.findings.push(finding);
            }
        }
        // By level where findings were weighed; the sort is stable, so that equals stay worst first.
        if scan.weighing.is_some() {
            for group in &mut groups {
                group.findings.sort_by_key(|f| std::cmp::Reverse(urgency(scan, f)));
            }
            groups.sort_by_key(|g| std::cmp::Reverse(g.worst().map(|f| urgency(scan, f))));
        }
        groups
    }

    /// The worst of the group: the scan sorts by it.
    pub fn worst(&self) -> Option<&'s Finding> {
        self.findings.first().copied()
    }

    /// The highest of the findings' nearest fixes, and how many findings name one at or below it.
    pub fn fix(&self) -> Option<(&'s str, usize)> {
        let scheme = self.worst()?.ecosystem.family.scheme();
        let mut fixes = self.findings.iter().filter_map(|f| f.nearest_fix.as_deref());
        let mut best = fixes.next()?;
        let mut count = 1;
        for fix in fixes {
            count += 1;
            let order = match (Version::parse(scheme, best), Version::parse(scheme, fix)) {
                (Ok(best), Ok(fix)) => best.compare(&fix),
                _ => None,
            };
            if order == Some(Ordering::Less) {
                best = fix;
            }
        }
        Some((best, count))
    }

    /// Every place that lists the component, without repeats.
    pub fn occurrences(&self) -> &'s [Occurrence] {
        self.worst().map_or(&[], |f| &f.occurrences)
    }
}

/// What a finding means where it is gravest. `None`: it was not weighed.
pub fn assessed<'s>(scan: &'s Scan, finding: &Finding) -> Option<&'s Assessed> {
    scan.weighing.as_ref()?.gravest(position(scan, finding)?)
}

/// The summary of a finding, after the decision that it does not matter anywhere here.
pub fn told<'s>(scan: &Scan, finding: &'s Finding) -> Cow<'s, str> {
    let summary = finding.vulnerability.summary.as_deref().unwrap_or("no summary");
    match assessed(scan, finding).and_then(|a| a.not_affected.as_ref()) {
        Some(decision) => format!("not affected by decision {}: {summary}", decision.id).into(),
        None => summary.into(),
    }
}

/// What a finding means in the system that one of its places belongs to.
pub fn assessed_at<'s>(
    scan: &'s Scan,
    finding: &Finding,
    occurrence: Occurrence,
) -> Option<&'s Assessed> {
    let all = scan.weighing.as_ref()?.of(position(scan, finding)?);
    all.iter().find(|a| a.occurrences.contains(&occurrence))
}

/// The position of a finding of the scan: it follows from its address.
pub(crate) fn position(scan: &Scan, finding: &Finding) -> Option<usize> {
    let offset =
        (std::ptr::from_ref(finding) as usize).checked_sub(scan.findings.as_ptr() as usize)?;
    let at = offset / size_of::<Finding>();
    scan.findings.get(at).is_some_and(|f| std::ptr::eq(f, finding)).then_some(at)
}

/// What comes first: what is open, by level.
fn urgency(scan: &Scan, finding: &Finding) -> Option<(bool, Level)> {
    assessed(scan, finding).map(|a| (a.is_open(), a.assessment.level))
}

/// The rating that is drawn as a level is.
pub const fn rating_of(level: Level) -> Rating {
    match level {
        Level::Critical => Rating::Critical,
        Level::High => Rating::High,
        Level::Medium => Rating::Medium,
        Level::Low => Rating::Low,
    }
}

/// The file and component behind an occurrence.
pub fn place(scan: &Scan, occurrence: Occurrence) -> Option<(&FileInventory, &Component)> {
    let file = scan.inventory.files.get(occurrence.file as usize)?;
    Some((file, file.components.get(occurrence.component as usize)?))
}

/// The way from the project to a component, as names; the component itself last. Empty if the
/// file does not tell.
pub fn way(scan: &Scan, occurrence: Occurrence) -> Vec<String> {
    let Some(file) = scan.inventory.files.get(occurrence.file as usize) else { return Vec::new() };
    file.why(occurrence.component)
        .into_iter()
        .filter_map(|at| file.components.get(at as usize))
        .map(|c| name(&c.purl))
        .collect()
}

/// A component's name for people, as its ecosystem spells it.
pub fn name(purl: &Purl) -> String {
    match trimtab_model::Ecosystem::of(purl) {
        Some(ecosystem) => ecosystem.family.package_name(purl).into_owned(),
        None => match purl.namespace() {
            Some(namespace) => format!("{namespace}/{}", purl.name()),
            None => purl.name().to_owned(),
        },
    }
}

/// The shape that goes with a rating, so that colour is never the only sign.
pub const fn shape(rating: Rating, ascii: bool) -> char {
    match (rating, ascii) {
        (Rating::Critical, false) => '■',
        (Rating::High, false) => '▲',
        (Rating::Medium, false) => '●',
        (Rating::Low | Rating::None, false) => '○',
        (Rating::Critical, true) => '#',
        (Rating::High, true) => '^',
        (Rating::Medium, true) => '*',
        (Rating::Low | Rating::None, true) => 'o',
        (Rating::Unknown, _) => '?',
    }
}

/// How grave a finding is, in two or three words: `critical 9.8`, `malicious`, `unknown`.
pub fn gravity(finding: &Finding) -> String {
    let vulnerability = &finding.vulnerability;
    match vulnerability.kind {
        Kind::Malicious => "malicious".to_owned(),
        Kind::Vulnerability | Kind::Unsound if vulnerability.severity.rating != Rating::Unknown => {
            match vulnerability.severity.score_tenths {
                Some(tenths) => {
                    format!("{} {}.{}", vulnerability.severity.rating, tenths / 10, tenths % 10)
                }
                None => vulnerability.severity.rating.to_string(),
            }
        }
        Kind::Vulnerability => "unknown".to_owned(),
        kind => kind.as_str().to_owned(),
    }
}

/// The rating by which a finding is drawn: a malicious package is always critical.
pub fn drawn_rating(finding: &Finding) -> Rating {
    match finding.vulnerability.kind {
        Kind::Malicious => Rating::Critical,
        _ => finding.vulnerability.severity.rating,
    }
}

/// A probability for people: `97 %`, `1.2 %`, `< 0.1 %`.
pub fn percent(probability: f64) -> String {
    let percent = probability * 100.0;
    if percent < 0.1 {
        "< 0.1 %".to_owned()
    } else if percent < 9.95 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.0} %")
    }
}
