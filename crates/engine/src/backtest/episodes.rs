//! Episodes: a finding in one file from when it could be known to when it was gone.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use trimtab_model::finding::{Finding, Occurrence};
use trimtab_model::{Purl, Relation};

use super::listed::{Listed, Span};
use crate::repository::ids;

/// A finding in one file over a time without a break.
#[derive(Debug, Clone, PartialEq)]
pub struct Episode {
    /// The finding as it was when it appeared, in one place.
    pub finding: Finding,
    /// The file.
    pub file: Box<str>,
    /// The package, without version.
    pub package: Purl,
    /// What distinguishes its vulnerability from others, whichever advisory leads: the first of its
    /// ids.
    pub vulnerability: Box<str>,
    /// When it came. `None`: before what is known.
    pub came: Option<Timestamp>,
    /// When it could be known: the later of its coming and its first publication, as far as these are known.
    pub appears: Timestamp,
    /// When it was gone in reality. `None`: it is still there.
    pub gone: Option<Timestamp>,
    /// When its first advisory was published. `None`: no advisory says.
    pub published: Option<Timestamp>,
    /// The version that fixes it wherever the file had it when it appeared. `None`: no source names
    /// one.
    pub fix: Option<Box<str>>,
    /// Every version that some source names as fixed, of older and newer lines, too.
    pub named: Vec<Box<str>>,
    /// How the package came in.
    pub relation: Relation,
    /// From when to when the file had the package without a break, at any version.
    pub run: Span,
}

type Key<'l> = (&'l str, &'l str, Purl, Box<str>);

struct Interval {
    span: Span,
    finding: usize,
    place: Occurrence,
}

/// The episodes that could be known before `until` and were not gone at `since`, by file, package and vulnerability.
/// `findings` are those of the whole inventory.
pub fn episodes(
    listed: &Listed,
    findings: &[Finding],
    (since, until): (Timestamp, Timestamp),
) -> Vec<Episode> {
    let mut by: BTreeMap<Key<'_>, Vec<Interval>> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        let package = finding.purl.package();
        let vulnerability = ids(finding).into_iter().min().unwrap_or_default();
        for place in &finding.occurrences {
            let position = place.file as usize;
            let (file, span) = (listed.inventory.files.get(position), listed.spans.get(position));
            let Some((file, span)) = file.zip(span) else { continue };
            let key = (&*file.path, &*file.format, package.clone(), vulnerability.clone());
            by.entry(key).or_default().push(Interval { span: *span, finding: at, place: *place });
        }
    }
    for intervals in by.values_mut() {
        intervals.sort_by_key(|i| (i.span.from, i.place.file, i.place.component));
    }
    let runs = runs(listed, &by.keys().map(|(_, _, package, _)| package).collect());
    let mut all = Vec::new();
    for ((path, format, package, vulnerability), intervals) in &by {
        let published = intervals.iter().filter_map(|i| published(findings.get(i.finding)?)).min();
        let spans = merged(intervals.iter().map(|i| i.span));
        for span in spans {
            let came = (span.from > Timestamp::MIN).then_some(span.from);
            let appears = came.max(published).unwrap_or(since);
            let over = |end: Timestamp| end <= appears || end <= since;
            if appears >= until || span.until.is_some_and(over) {
                continue;
            }
            let known: Vec<&Interval> =
                intervals.iter().filter(|i| i.span.holds(appears)).collect();
            let Some(first) = known.first() else { continue };
            let Some(finding) = findings.get(first.finding) else { continue };
            let at = runs.get(&(*path, *format, package)).into_iter().flatten();
            let run = at.copied().find(|run| run.holds(appears)).unwrap_or(span);
            let fixes = || known.iter().filter_map(|i| findings.get(i.finding));
            all.push(Episode {
                finding: Finding { occurrences: vec![first.place], ..finding.clone() },
                file: (*path).into(),
                package: package.clone(),
                vulnerability: vulnerability.clone(),
                came,
                appears,
                gone: span.until,
                published,
                fix: highest(fixes()),
                named: named(fixes()),
                relation: relation(listed, &known),
                run,
            });
        }
    }
    all
}

/// When the first advisory that says *affected* was published.
fn published(finding: &Finding) -> Option<Timestamp> {
    let affected = finding.attributions.iter().filter(|a| a.affected);
    affected.filter_map(|a| a.advisory.published).min()
}

/// All versions that are named as fixed.
fn named<'f>(findings: impl Iterator<Item = &'f Finding>) -> Vec<Box<str>> {
    let attributions = findings.flat_map(|finding| &finding.attributions);
    let fixed = attributions.filter(|a| a.affected).flat_map(|a| &a.fixed);
    fixed.collect::<BTreeSet<_>>().into_iter().cloned().collect()
}

/// The highest of the nearest fixes. `None`: one has none.
fn highest<'f>(findings: impl Iterator<Item = &'f Finding>) -> Option<Box<str>> {
    let mut highest: Option<Box<str>> = None;
    for finding in findings {
        let fix = finding.nearest_fix.as_deref()?;
        let higher =
            |held: &str| finding.ecosystem.family.compare(fix, held).is_some_and(Ordering::is_gt);
        if highest.as_deref().is_none_or(higher) {
            highest = Some(fix.into());
        }
    }
    highest
}

/// The nearest relation: direct anywhere means that the project can raise it itself.
fn relation(listed: &Listed, known: &[&Interval]) -> Relation {
    let of = |interval: &&Interval| {
        let file = listed.inventory.files.get(interval.place.file as usize)?;
        Some(file.components.get(interval.place.component as usize)?.relation)
    };
    let all: Vec<Relation> = known.iter().filter_map(of).collect();
    [Relation::Direct, Relation::Transitive]
        .into_iter()
        .find(|relation| all.contains(relation))
        .unwrap_or_default()
}

/// Spans that touch or overlap are one. They come in the order of their beginnings.
fn merged(spans: impl Iterator<Item = Span>) -> Vec<Span> {
    let mut all: Vec<Span> = Vec::new();
    for span in spans {
        match all.last_mut() {
            Some(last) if last.until.is_none_or(|until| span.from <= until) => {
                last.until = last.until.zip(span.until).map(|(a, b)| a.max(b));
            }
            _ => all.push(span),
        }
    }
    all
}

type Runs<'l> = BTreeMap<(&'l str, &'l str, &'l Purl), Vec<Span>>;

/// When each file had each of some packages.
fn runs<'l>(listed: &'l Listed, packages: &BTreeSet<&'l Purl>) -> Runs<'l> {
    let mut runs = Runs::new();
    for (file, span) in listed.inventory.files.iter().zip(&listed.spans) {
        let own: BTreeSet<Purl> = file.components.iter().map(|c| c.purl.package()).collect();
        for package in own.iter().filter_map(|purl| packages.get(purl)) {
            runs.entry((&file.path, &file.format, package)).or_default().push(*span);
        }
    }
    for spans in runs.values_mut() {
        spans.sort_unstable();
        *spans = merged(spans.iter().copied());
    }
    runs
}
