//! Whether a package goes down: file by file, version by version, and, where a file records it, by
//! dependent. A file that goes up does not hide one that goes down, and the highest version does
//! not hide a lower one.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use trimtab_model::{FileInventory, Inventory, Purl, Relation};

use super::outcome::Worse;
use crate::matching::package_of;

/// A file and the format that it was read as.
type Place<'i> = (&'i str, &'i str);
/// A package as it is, a member of a workspace too; `None`: the project.
type Asker = Option<Purl>;
/// The versions of a package.
type Versions = BTreeSet<Box<str>>;

/// A package in a place.
#[derive(Default)]
struct Held {
    all: Versions,
    /// What each requires.
    by: BTreeMap<Asker, Versions>,
    /// Whether the dependents of every entry are recorded.
    told: bool,
}

/// Each package of each place that goes down, or for which this cannot be determined; each step
/// once.
pub(super) fn downs(before: &Inventory, after: &Inventory) -> Vec<Worse> {
    let (was, is) = (places(before), places(after));
    let kept: BTreeSet<&Place<'_>> = was.keys().filter(|place| is.contains_key(*place)).collect();
    let mut all = Vec::new();
    for place in &kept {
        let of = |side: &BTreeMap<Place<'_>, Vec<&FileInventory>>| packages(side.get(*place));
        all.extend(of_place(&of(&was), &of(&is)));
    }
    // A file that was given another name or format is compared by what it lists.
    let other = |side: &BTreeMap<Place<'_>, Vec<&FileInventory>>| {
        let files = side.iter().filter(|(place, _)| !kept.contains(place));
        let files: Vec<&FileInventory> = files.flat_map(|(_, files)| files).copied().collect();
        packages(Some(&files))
    };
    all.extend(of_place(&other(&was), &other(&is)));
    let mut known = BTreeSet::new();
    all.retain(|worse: &Worse| known.insert(worse.to_string()));
    all
}

fn places(inventory: &Inventory) -> BTreeMap<Place<'_>, Vec<&FileInventory>> {
    let mut all: BTreeMap<Place<'_>, Vec<&FileInventory>> = BTreeMap::new();
    for file in &inventory.files {
        all.entry((&file.path, &file.format)).or_default().push(file);
    }
    all
}

/// The packages of some files; a project's own are not.
fn packages(files: Option<&Vec<&FileInventory>>) -> BTreeMap<Purl, Held> {
    let mut all: BTreeMap<Purl, Held> = BTreeMap::new();
    for file in files.into_iter().flatten() {
        let mut asked: BTreeMap<u32, BTreeSet<Asker>> = BTreeMap::new();
        for (from, to) in &file.edges {
            let Some(asker) = file.components.get(*from as usize) else { continue };
            asked.entry(*to).or_default().insert(Some(asker.purl.clone()));
        }
        for (at, component) in file.components.iter().enumerate() {
            let Some(version) = component.purl.version() else { continue };
            if component.relation == Relation::Own {
                continue;
            }
            let mut askers =
                u32::try_from(at).ok().and_then(|at| asked.remove(&at)).unwrap_or_default();
            if component.relation == Relation::Direct && !file.edges.is_empty() {
                askers.insert(None);
            }
            let held = all
                .entry(component.purl.package())
                .or_insert_with(|| Held { told: true, ..Held::default() });
            held.told &= !askers.is_empty();
            held.all.insert(version.into());
            for asker in askers {
                held.by.entry(asker).or_default().insert(version.into());
            }
        }
    }
    all
}

/// What goes down in one place: each package once.
fn of_place(was: &BTreeMap<Purl, Held>, is: &BTreeMap<Purl, Held>) -> Vec<Worse> {
    let down = |(package, old): (&Purl, &Held)| {
        let new = is.get(package)?;
        let step = by_asker(package, old, new).or_else(|| match old.told && new.told {
            true => replaced(package, &old.all, &new.all),
            false => lower(package, &old.all, &new.all),
        });
        let (order, from, to) = step?;
        Some(match order {
            Some(_) => Worse::Downgrade(package.clone(), from, to),
            None => Worse::Incomparable(package.clone(), from, to),
        })
    };
    was.iter().filter_map(down).collect()
}

/// A step from one version to another. Without an order the two cannot be compared.
type Step = (Option<Ordering>, Box<str>, Box<str>);

/// An existing dependent gets no lower version. A new dependent may require any version.
fn by_asker(package: &Purl, old: &Held, new: &Held) -> Option<Step> {
    let same = old.by.iter().find_map(|(asker, old)| lower(package, old, new.by.get(asker)?));
    // Of those that moved, all versions of one together.
    let moved = |held: &Held, other: &Held| {
        let mut all: BTreeMap<Asker, Versions> = BTreeMap::new();
        let gone = held.by.iter().filter(|(asker, _)| !other.by.contains_key(*asker));
        for (asker, versions) in gone {
            let of = all.entry(asker.as_ref().map(Purl::package)).or_default();
            of.extend(versions.iter().cloned());
        }
        all
    };
    let (went, came) = (moved(old, new), moved(new, old));
    same.or_else(|| went.iter().find_map(|(asker, old)| lower(package, old, came.get(asker)?)))
}

/// The highest version gave way to a lower one that was not there: who asks has changed, and what is had is less.
/// Where the lower one was there already, the highest went with those who asked for it.
fn replaced(package: &Purl, old: &Versions, new: &Versions) -> Option<Step> {
    let (from, to) = (sorted(package, texts(old)).pop()?, sorted(package, texts(new)).pop()?);
    if old.contains(to) { None } else { step(package, from, to) }
}

/// What goes down from one set to another. What came stands for as many of what went, so that least goes down; what is
/// left over went up to what is there, or else down. What came beyond that is asked for by somebody new.
fn lower(package: &Purl, old: &Versions, new: &Versions) -> Option<Step> {
    let (gone, came): (Versions, Versions) =
        (old.difference(new).cloned().collect(), new.difference(old).cloned().collect());
    let (gone, came) = (sorted(package, texts(&gone)), sorted(package, texts(&came)));
    let pairs = gone.len().min(came.len());
    let (stood, left) = gone.split_at(pairs);
    let instead = &came[came.len() - pairs..];
    let mut paired = stood.iter().zip(instead);
    paired.find_map(|(from, to)| step(package, from, to)).or_else(|| {
        let top = sorted(package, texts(new)).pop()?;
        left.iter().find_map(|from| step(package, from, top))
    })
}

/// The step, if it goes down or this cannot be determined.
fn step(package: &Purl, from: &str, to: &str) -> Option<Step> {
    // Tags of images are names, and a digest has no order: what an image holds is compared by itself.
    if package.purl_type() == "docker" {
        return None;
    }
    let order = compare(package, to, from);
    let fine = from == to || order.is_some_and(Ordering::is_ge);
    (!fine).then(|| (order, from.into(), to.into()))
}

/// The order of two versions of a package. `None`: they cannot be compared.
pub(super) fn compare(package: &Purl, a: &str, b: &str) -> Option<Ordering> {
    package_of(package).and_then(|(family, _)| family.compare(a, b))
}

fn texts(all: &Versions) -> impl Iterator<Item = &str> {
    all.iter().map(|version| &**version)
}

/// Versions in their order; those that have none first, as texts, so that there is one order of all.
pub(super) fn sorted<'v>(package: &Purl, all: impl IntoIterator<Item = &'v str>) -> Vec<&'v str> {
    let (mut all, mut others): (Vec<&str>, Vec<&str>) =
        all.into_iter().partition(|version| compare(package, version, version).is_some());
    others.sort_unstable();
    all.sort_by(|a, b| compare(package, a, b).unwrap_or(Ordering::Equal));
    others.extend(all);
    others
}
