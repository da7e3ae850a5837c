//! What could be done about findings, before any package manager was asked whether it is possible:
//! one idea for each component that has findings in a file, with the ways to try. The resolver of
//! the ecosystem decides; [`outcome`] evaluates its answer.

mod bisect;
mod down;
mod open;
mod outcome;
mod price;
mod successor;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use trimtab_model::finding::Finding;
use trimtab_model::{FileInventory, Inventory, Proposal, Purl, Relation};

pub use bisect::{Kept, bisect};
pub use open::{Open, is_now, open};
pub use outcome::{Moved, Outcome, Side, Worse, outcome};
pub use price::{Price, Priced, price, price_together};
pub use successor::successor;
pub use trimtab_model::Way;

use crate::assess::{Distance, distance};

/// Something that would remove findings from one file.
#[derive(Debug, Clone, PartialEq)]
pub struct Idea {
    /// Position of the file in the inventory.
    pub file: u32,
    /// The component: purl with the version that is there now.
    pub package: Purl,
    /// How it came in.
    pub relation: Relation,
    /// The lowest version at which no source names any of `findings`. `None`: no source names a fix of any.
    pub to: Option<Box<str>>,
    /// Whether no source names `to` as a fix: it is the lowest of which none says that it is affected.
    pub unsaid: bool,
    /// The lowest version at which some of `findings` are gone by a smaller step, if `to` is a
    /// major one. `None`: `to` is not a major step, or all findings need it.
    pub within: Option<Box<str>>,
    /// The dependencies that the project names and that bring it, with versions, by name; for what
    /// the project names itself, those that bring it too. Empty if the file does not say.
    pub parents: Vec<Purl>,
    /// What else the project names and brings one of the parents: a copy of that may stay with it.
    pub around: Vec<Purl>,
    /// Its dependents, with versions: those that require it directly, then those that require
    /// these, and so on up to what the project names. Empty if the file does not say.
    pub askers: Vec<Vec<Purl>>,
    /// Positions of the findings that are gone at `to`; without `to`, of all findings.
    pub findings: Vec<usize>,
    /// Positions of the findings of the component that no source names a fix of, where others have one.
    pub left: Vec<usize>,
    /// Ways to try, the one that changes the least first.
    pub ways: Vec<Way>,
}

impl Idea {
    /// Aims at a version that no source names as a fix, if no source names any. `gone` are the
    /// positions of the findings that no source reports for it. The last resorts stay.
    pub fn aim_beyond(&mut self, to: &str, gone: &BTreeSet<usize>) {
        let all = std::mem::take(&mut self.findings);
        (self.findings, self.left) = all.into_iter().partition(|at| gone.contains(at));
        self.to = Some(to.into());
        self.unsaid = true;
        let last = std::mem::take(&mut self.ways);
        self.ways = ways(self.relation, true, !self.parents.is_empty());
        self.ways.extend(last.into_iter().filter(|way| *way != Way::RaiseParent));
    }

    /// What a package manager is asked in this way, for a version. `None`: it takes a parent, or the idea has
    /// no such way.
    pub fn proposal(&self, way: Way, to: &str) -> Option<Proposal> {
        let package = self.package.clone();
        Some(match way {
            Way::Relock => Proposal::Relock { package, to: Some(to.into()) },
            Way::Raise => Proposal::Raise { package, to: to.into() },
            Way::Override => Proposal::Override { package, to: to.into() },
            Way::Remove => Proposal::Remove { package },
            Way::RaiseParent | Way::BaseImage | Way::Replace => return None,
        })
    }
}

/// How many parents of a component are listed.
const PARENTS: usize = 32;
/// How far away the listed dependents of a component are, and how many at the same distance are
/// listed.
const AWAY: usize = 4;

/// Positions of findings, and of the components of a file that have them.
type Found = (BTreeSet<usize>, BTreeSet<u32>);

/// The ideas for all findings, by file and package.
pub fn ideas(inventory: &Inventory, findings: &[Finding]) -> Vec<Idea> {
    // By file and component; several entries of one component in a file are one idea.
    let mut of: BTreeMap<(u32, &Purl), Found> = BTreeMap::new();
    for (at, finding) in findings.iter().enumerate() {
        for occurrence in &finding.occurrences {
            let held = of.entry((occurrence.file, &finding.purl)).or_default();
            held.0.insert(at);
            held.1.insert(occurrence.component);
        }
    }
    // Files come one after the other: of each it is reckoned once who asks for what.
    let mut asked_of: Option<(u32, AskedBy)> = None;
    let idea = |((file, package), (all, components)): ((u32, &Purl), Found)| {
        let listed = inventory.files.get(file as usize)?;
        let relation = nearest(listed, &components);
        let of = |at: &usize| findings.get(*at);
        let (fixable, left): (Vec<usize>, Vec<usize>) =
            all.into_iter().partition(|at| of(at).is_some_and(|f| f.nearest_fix.is_some()));
        let to = highest(fixable.iter().filter_map(of));
        let within = within(package, to.as_deref(), fixable.iter().filter_map(of));
        let asked = asked_of.take().filter(|(of, _)| *of == file);
        let (_, asked_by) = asked_of.insert(asked.unwrap_or_else(|| (file, asked_by(listed))));
        let (mut parents, mut around, mut askers) = (Vec::new(), Vec::new(), Vec::new());
        if relation != Relation::Own {
            (parents, around) = self::parents(listed, asked_by, &components);
            askers = self::askers(listed, asked_by, &components);
        }
        let (findings, left) = if to.is_some() { (fixable, left) } else { (left, Vec::new()) };
        let ways = ways(relation, to.is_some(), !parents.is_empty());
        let package = package.clone();
        Some(Idea {
            file,
            package,
            relation,
            to,
            unsaid: false,
            within,
            parents,
            around,
            askers,
            findings,
            left,
            ways,
        })
    };
    of.into_iter().filter_map(idea).collect()
}

/// The ways that make sense.
fn ways(relation: Relation, fixed: bool, parents: bool) -> Vec<Way> {
    match (relation, fixed) {
        (Relation::Direct, true) => {
            let mut ways = vec![Way::Relock, Way::Raise];
            // Another copy of it goes with what brings that.
            ways.extend(parents.then_some(Way::RaiseParent));
            ways
        }
        (Relation::Direct, false) => vec![Way::Replace, Way::Remove],
        (Relation::Transitive, true) | (Relation::Unknown, true) => {
            let mut ways = vec![Way::Relock];
            // Where the lockfile does not say who is named, the manifest may.
            ways.extend((relation == Relation::Unknown).then_some(Way::Raise));
            ways.extend(parents.then_some(Way::RaiseParent));
            ways.push(Way::Override);
            ways
        }
        // What others bring goes when a later version of them does without it.
        (Relation::Transitive | Relation::Unknown, false) => {
            parents.then_some(Way::RaiseParent).into_iter().collect()
        }
        (Relation::Own, _) => Vec::new(),
    }
}

/// The nearest relation of several entries.
fn nearest(file: &FileInventory, components: &BTreeSet<u32>) -> Relation {
    let mut relation = Relation::Unknown;
    for at in components {
        match file.components.get(*at as usize).map(|c| c.relation) {
            Some(Relation::Direct) => return Relation::Direct,
            Some(Relation::Unknown) | None => {}
            Some(other) => relation = other,
        }
    }
    relation
}

/// The highest of the nearest fixes. Of two that cannot be compared the one that was met first: the matcher is
/// asked again about whatever is resolved.
fn highest<'f>(findings: impl Iterator<Item = &'f Finding>) -> Option<Box<str>> {
    let mut highest: Option<&'f str> = None;
    for finding in findings {
        let Some(fix) = finding.nearest_fix.as_deref() else { continue };
        let higher =
            |held: &str| finding.ecosystem.family.compare(fix, held).is_some_and(Ordering::is_gt);
        if highest.is_none_or(higher) {
            highest = Some(fix);
        }
    }
    highest.map(Into::into)
}

/// The highest of the nearest fixes that are no major step, where all of them together take one.
fn within<'f>(
    package: &Purl,
    to: Option<&str>,
    findings: impl Iterator<Item = &'f Finding>,
) -> Option<Box<str>> {
    let from = package.version()?;
    let is_major = |to: &str| distance(from, to) == Some(Distance::Major);
    to.filter(|to| is_major(to))?;
    highest(findings.filter(|f| f.nearest_fix.as_deref().is_some_and(|fix| !is_major(fix))))
}

/// The components that require each.
type AskedBy = BTreeMap<u32, Vec<u32>>;

fn asked_by(file: &FileInventory) -> AskedBy {
    let mut asked_by = AskedBy::new();
    for (from, to) in &file.edges {
        asked_by.entry(*to).or_default().push(*from);
    }
    asked_by
}

/// The dependents of any of the components, the nearest first.
fn askers(file: &FileInventory, asked_by: &AskedBy, components: &BTreeSet<u32>) -> Vec<Vec<Purl>> {
    let mut seen: BTreeSet<u32> = components.clone();
    let mut next: Vec<u32> = components.iter().copied().collect();
    let mut all = Vec::new();
    while all.len() < AWAY && !next.is_empty() {
        let (mut level, mut above) = (BTreeSet::new(), Vec::new());
        for asker in next.iter().filter_map(|at| asked_by.get(at)).flatten().copied() {
            let Some(component) = file.components.get(asker as usize) else { continue };
            if component.relation == Relation::Own || !seen.insert(asker) {
                continue;
            }
            level.insert(component.purl.clone());
            // What the project names is held by that.
            above.extend((component.relation != Relation::Direct).then_some(asker));
        }
        if !level.is_empty() {
            all.push(level.into_iter().take(PARENTS).collect());
        }
        next = above;
    }
    all
}

/// What the project names itself and leads to any of the components; and what leads to those in turn.
fn parents(
    file: &FileInventory,
    asked_by: &AskedBy,
    components: &BTreeSet<u32>,
) -> (Vec<Purl>, Vec<Purl>) {
    let mut seen: BTreeSet<u32> = components.clone();
    let mut named = |from: &BTreeSet<u32>, through: bool| -> BTreeSet<u32> {
        let mut next: Vec<u32> = from.iter().copied().collect();
        let mut found = BTreeSet::new();
        while let Some(at) = next.pop() {
            let relation = file.components.get(at as usize).map(|component| component.relation);
            if !from.contains(&at) {
                if relation == Some(Relation::Own) {
                    continue;
                }
                if relation == Some(Relation::Direct) {
                    found.insert(at);
                    if !through {
                        continue;
                    }
                }
            }
            let askers = asked_by.get(&at).into_iter().flatten();
            next.extend(askers.copied().filter(|asker| seen.insert(*asker)));
        }
        found
    };
    let near = named(components, false);
    let around = named(&near, true);
    let purls = |all: &BTreeSet<u32>| -> BTreeSet<Purl> {
        let all = all.iter().filter_map(|at| file.components.get(*at as usize));
        all.map(|component| component.purl.clone()).collect()
    };
    let (near, around) = (purls(&near), purls(&around));
    let around = around.difference(&near).take(PARENTS).cloned().collect();
    (near.into_iter().take(PARENTS).collect(), around)
}
