//! What could be done about findings, before anybody was asked whether it is possible: one idea for each
//! component that has findings in a file, with the ways to try. The resolver of the ecosystem decides; see
//! [`outcome`] for what its answer comes to.

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
    /// What the project names and brings it, with versions, by name. Empty where the file does not tell.
    pub parents: Vec<Purl>,
    /// Positions of the findings that are gone at `to`; without it, of all.
    pub findings: Vec<usize>,
    /// Positions of the findings of the component that no source names a fix of, where others have one.
    pub left: Vec<usize>,
    /// Ways to try, the one that changes the least first.
    pub ways: Vec<Way>,
}

impl Idea {
    /// What a package manager is asked in this way, for a version. `None`: it takes a parent, or the idea has
    /// no such way.
    pub fn proposal(&self, way: Way, to: &str) -> Option<Proposal> {
        let package = self.package.clone();
        Some(match way {
            Way::Relock => Proposal::Relock { package, to: Some(to.into()) },
            Way::Raise => Proposal::Raise { package, to: to.into() },
            Way::Override => Proposal::Override { package, to: to.into() },
            Way::Remove => Proposal::Remove { package },
            Way::RaiseParent | Way::Replace => return None,
        })
    }
}

/// How many parents of a component are told.
const PARENTS: usize = 32;

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
    let idea = |((file, package), (all, components)): ((u32, &Purl), Found)| {
        let listed = inventory.files.get(file as usize)?;
        let relation = nearest(listed, &components);
        let of = |at: &usize| findings.get(*at);
        let (fixable, left): (Vec<usize>, Vec<usize>) =
            all.into_iter().partition(|at| of(at).is_some_and(|f| f.nearest_fix.is_some()));
        let to = highest(fixable.iter().filter_map(of));
        let parents = match relation {
            Relation::Direct | Relation::Own => Vec::new(),
            Relation::Transitive | Relation::Unknown => parents(listed, &components),
        };
        let (findings, left) = if to.is_some() { (fixable, left) } else { (left, Vec::new()) };
        let ways = ways(relation, to.is_some(), !parents.is_empty());
        Some(Idea { file, package: package.clone(), relation, to, parents, findings, left, ways })
    };
    of.into_iter().filter_map(idea).collect()
}

/// The ways that make sense.
fn ways(relation: Relation, fixed: bool, parents: bool) -> Vec<Way> {
    match (relation, fixed) {
        (Relation::Direct, true) => vec![Way::Relock, Way::Raise],
        (Relation::Direct, false) => vec![Way::Replace, Way::Remove],
        (Relation::Transitive, true) | (Relation::Unknown, true) => {
            let mut ways = vec![Way::Relock];
            ways.extend(parents.then_some(Way::RaiseParent));
            ways.push(Way::Override);
            ways
        }
        // What others bring goes when they do: that is for people to decide.
        (Relation::Own, _) | (_, false) => Vec::new(),
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

/// What the project names itself and leads to any of the components.
fn parents(file: &FileInventory, components: &BTreeSet<u32>) -> Vec<Purl> {
    let mut asked_by: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
    for (from, to) in &file.edges {
        asked_by.entry(*to).or_default().push(*from);
    }
    let mut seen: BTreeSet<u32> = components.clone();
    let mut next: Vec<u32> = components.iter().copied().collect();
    let mut found: BTreeSet<Purl> = BTreeSet::new();
    while let Some(at) = next.pop() {
        let component = file.components.get(at as usize);
        if let Some(component) = component.filter(|_| !components.contains(&at)) {
            if component.relation == Relation::Direct {
                found.insert(component.purl.clone());
                continue;
            }
            if component.relation == Relation::Own {
                continue;
            }
        }
        let askers = asked_by.get(&at).into_iter().flatten();
        next.extend(askers.copied().filter(|asker| seen.insert(*asker)));
    }
    found.into_iter().take(PARENTS).collect()
}
