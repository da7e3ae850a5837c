//! Places: the folders in which one package manager resolves. Each is looked at in a copy, before and after.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use trimtab_advisories::index::Index;
use trimtab_connect::update::{self, Bounds, Bundled, Extent, Options, Scratch, Settled, Tool};
use trimtab_engine::action::{Idea, Outcome, Side, outcome};
use trimtab_engine::matching::Matching;
use trimtab_model::{Component, Diagnostic, FileInventory, Inventory, Purl, Relation};

/// A finding in a file: its path from the top, the component, the leading id.
pub(super) type Key = (Box<str>, Purl, Box<str>);

/// A folder in which a package manager resolves.
#[derive(Debug)]
pub(in crate::commands) struct Place {
    /// The lockfile or manifest, from the top of the repository.
    pub(in crate::commands) name: Box<str>,
    /// Its folder, from the top; empty: the top.
    pub(in crate::commands) folder: Box<str>,
    pub(in crate::commands) tool: &'static Tool,
}

impl Place {
    /// Whether a file lies in its folder.
    pub(super) fn holds(&self, path: &str) -> bool {
        update::project_of(path) == &*self.folder
    }

    /// Whether its manifest names a package.
    pub(super) fn names(&self, ground: &Ground, package: &Purl) -> bool {
        let files = ground.before.files.iter().filter(|file| self.holds(&file.path));
        let mut direct = files
            .flat_map(|file| &file.components)
            .filter(|component| component.relation == Relation::Direct);
        direct.any(|component| component.purl.package() == package.package())
    }
}

/// The top of a repository, and where in it the planned folder lies.
pub(in crate::commands) struct Top {
    pub(in crate::commands) root: PathBuf,
    /// From the top to the planned folder, with a slash at the end; empty: all of it.
    pub(in crate::commands) prefix: String,
}

impl Top {
    pub(super) fn path(&self, file: &str) -> Box<str> {
        format!("{}{file}", self.prefix).into()
    }
}

/// The places of ideas, and for each idea its place. `None`: no package manager of its ecosystem is known there.
pub(super) fn places(
    ideas: &[Idea],
    inventory: &Inventory,
    top: &Top,
) -> (Vec<Place>, Vec<Option<usize>>) {
    let mut places: Vec<Place> = Vec::new();
    let mut known: BTreeMap<(String, &str), Option<usize>> = BTreeMap::new();
    let of = ideas.iter().map(|idea| {
        let file = inventory.files.get(idea.file as usize)?;
        let path = top.path(&file.path);
        let folder = update::project_of(&path).to_owned();
        // What an image holds is moved by the build that starts from it.
        let of_image = super::image::is_held(&file.path);
        let purl_type = if of_image { "docker" } else { idea.package.purl_type() };
        *known.entry((folder.clone(), purl_type)).or_insert_with(|| {
            let tools = update::detect(&top.root.join(&folder));
            let tool = tools.into_iter().find(|tool| tool.purl_type() == purl_type)?;
            let path = match of_image {
                true => super::image::dockerfile(inventory, top, &folder)?,
                false => path.clone(),
            };
            places.push(Place { name: path, folder: folder.into(), tool });
            Some(places.len() - 1)
        })
    });
    let of = of.collect();
    (places, of)
}

/// A place in a copy, as it is before anything is tried.
pub(in crate::commands) struct Ground {
    pub(in crate::commands) base: Scratch,
    pub(in crate::commands) before: Inventory,
    /// What is there only as others bundle it.
    pub(in crate::commands) bundled: Vec<Bundled>,
}

impl Ground {
    /// `known`: what the tool chooses, where it was asked already.
    ///
    /// # Errors
    /// Why there is none, in words.
    pub(in crate::commands) fn of(
        place: &Place,
        top: &Top,
        options: &Options,
        known: Option<&[Purl]>,
    ) -> Result<Ground, String> {
        let base = Ground::copied(place, top)?;
        // A tool without a lockfile is asked what it chooses; where it cannot say, its manifests must do.
        let chosen = match known {
            Some(known) => Some(known.to_vec()),
            None => update::listing(place.tool, &base, options).ok().flatten(),
        };
        let mut before = look(&base, place, chosen.as_deref());
        let settled = update::settled(place.tool, &base, options).ok().flatten();
        if let Some(settled) = settled {
            let all = resolved(settled, place);
            for file in before.files.iter_mut().filter(|file| place.holds(&file.path)) {
                lowered(file, &all);
            }
            let unlisted = unlisted(&before, all, place);
            before.files.extend((!unlisted.components.is_empty()).then_some(unlisted));
        }
        let bundled = update::bundled(place.tool, &base);
        Ok(Ground { base, before, bundled })
    }

    /// # Errors
    /// Why there is no copy, in words.
    pub(super) fn copied(place: &Place, top: &Top) -> Result<Scratch, String> {
        let extent = Extent::Resolver;
        let inside = Path::new(&*place.folder);
        Scratch::copy(&top.root, inside, place.tool, extent, Bounds::of(extent), None)
            .map_err(|e| e.to_string())
    }
}

/// The end of the path of what a project resolves and does not list.
const UNLISTED: &str = "(not listed)";

/// What a project would list if its package manager put it in order, or, where that is not possible, all that it
/// resolves.
fn resolved(settled: Settled, place: &Place) -> Vec<Purl> {
    match settled {
        Settled::Graph(all) => all,
        Settled::Tidied(copy) => {
            let files = look(&copy, place, None).files.into_iter();
            let own = files.filter(|file| place.holds(&file.path));
            own.flat_map(|file| file.components).map(|component| component.purl).collect()
        }
    }
}

/// Lists what is resolved at a lower version than a file tells (sums that are left from before) at that: no change lowers
/// it.
fn lowered(file: &mut FileInventory, resolved: &[Purl]) {
    let mut of: BTreeMap<Purl, Vec<&Purl>> = BTreeMap::new();
    for purl in resolved {
        of.entry(purl.package()).or_default().push(purl);
    }
    for component in &mut file.components {
        let Some([is]) = of.get(&component.purl.package()).map(Vec::as_slice) else { continue };
        let family = trimtab_model::Family::from_purl_type(is.purl_type());
        let (Some(family), Some(to), Some(from)) = (family, is.version(), component.purl.version())
        else {
            continue;
        };
        if family.compare(to, from).is_some_and(Ordering::is_lt) {
            component.purl = (*is).clone();
        }
    }
}

/// Of what is resolved, what is not listed: what of that a change lists does not come in by it.
fn unlisted(before: &Inventory, resolved: Vec<Purl>, place: &Place) -> FileInventory {
    let listed = before.files.iter().flat_map(|file| &file.components);
    let listed: BTreeSet<&Purl> = listed.map(|component| &component.purl).collect();
    let path = format!("{}/{UNLISTED}", place.folder);
    let mut file = FileInventory { path: path.into(), ..FileInventory::default() };
    for purl in resolved.into_iter().filter(|purl| !listed.contains(purl)) {
        file.add(Component::new(purl));
    }
    file
}

/// The path of what a tool chooses in a folder.
pub(super) fn chosen_path(folder: &str, tool: &Tool) -> Box<str> {
    format!("{folder}/(chosen by {})", tool.id()).into()
}

/// What a copy lists.
pub(in crate::commands) fn look(
    scratch: &Scratch,
    place: &Place,
    chosen: Option<&[Purl]>,
) -> Inventory {
    let mut inventory =
        trimtab_extract::scan_path(scratch.root(), &trimtab_extract::Options::default());
    if let Some(chosen) = chosen {
        for file in inventory.files.iter_mut().filter(|file| place.holds(&file.path)) {
            versioned(file, chosen);
        }
        let mut file = FileInventory {
            path: chosen_path(&place.folder, place.tool),
            ..FileInventory::default()
        };
        for purl in chosen {
            file.add(Component::new(purl.clone()));
        }
        inventory.files.push(file);
    }
    inventory
}

/// Gives what a file lists without a version the one that is chosen of it. What is chosen in several stays as it is. Returns
/// the positions of what was given one.
pub(super) fn versioned(file: &mut FileInventory, chosen: &[Purl]) -> Vec<u32> {
    let mut of: BTreeMap<Purl, BTreeSet<&Purl>> = BTreeMap::new();
    for purl in chosen.iter().filter(|purl| purl.version().is_some()) {
        of.entry(purl.package()).or_default().insert(purl);
    }
    let mut given = Vec::new();
    for (at, component) in (0..).zip(&mut file.components) {
        let is_unknown = component.purl.version().is_none_or(str::is_empty);
        if !is_unknown || component.relation == Relation::Own {
            continue;
        }
        let chosen = of.get(&component.purl.package());
        if let Some(only) = chosen.filter(|all| all.len() == 1).and_then(BTreeSet::first) {
            component.purl = (*only).clone();
            given.push(at);
        }
    }
    given
}

/// What a change comes to.
pub(super) struct Judged {
    pub(super) outcome: Outcome,
    /// Findings that are gone, or at fewer versions.
    pub(super) removed: BTreeSet<Key>,
    /// What came in, with versions.
    pub(super) arrived: BTreeSet<Purl>,
}

/// Judges a change by what is listed before and after: in the place's folder, and wherever else it changed.
///
/// # Errors
/// The index is damaged.
pub(super) fn judge<'i>(
    before: &'i Inventory,
    after: &'i Inventory,
    place: &Place,
    index: &Index,
) -> Result<Judged, Diagnostic> {
    let by_path = |inventory: &Inventory| -> BTreeMap<(Box<str>, Box<str>), usize> {
        let files = inventory.files.iter().enumerate();
        files.map(|(at, file)| ((file.path.clone(), (&*file.format).into()), at)).collect()
    };
    let (was, is) = (by_path(before), by_path(after));
    let matters: BTreeSet<&(Box<str>, Box<str>)> = was
        .keys()
        .chain(is.keys())
        .filter(|key| {
            let of = |inventory: &'i Inventory, map: &BTreeMap<_, usize>| {
                let file = map.get(*key).and_then(|at| inventory.files.get(*at));
                file.map(|file| (&file.components, &file.edges))
            };
            place.holds(&key.0) || of(before, &was) != of(after, &is)
        })
        .collect();
    let part = |inventory: &Inventory, map: &BTreeMap<(Box<str>, Box<str>), usize>| Inventory {
        files: matters
            .iter()
            .filter_map(|key| inventory.files.get(*map.get(*key)?).cloned())
            .collect(),
        diagnostics: Vec::new(),
    };
    let (mut before, after) = (part(before, &was), part(after, &is));
    let is_listed: BTreeSet<Purl> = packages(&after).collect();
    // What was not listed and is not now plays no part.
    for file in before.files.iter_mut().filter(|file| file.path.ends_with(UNLISTED)) {
        file.components.retain(|component| is_listed.contains(&component.purl.package()));
    }
    let found = matched(&before, index)?;
    let finds = matched(&after, index)?;
    let outcome = outcome(side(&before, &found), side(&after, &finds));
    let gone = outcome.removed.iter().chain(&outcome.lessened);
    let mut removed = BTreeSet::new();
    for finding in gone.filter_map(|at| found.findings.get(*at)) {
        for occurrence in &finding.occurrences {
            if let Some(file) = before.files.get(occurrence.file as usize) {
                let id = finding.vulnerability.id.clone();
                removed.insert((file.path.clone(), finding.purl.clone(), id));
            }
        }
    }
    let arrived = outcome
        .moved
        .iter()
        .flat_map(|moved| moved.to.iter().map(|to| moved.package.clone().with_version(to)))
        .collect();
    Ok(Judged { outcome, removed, arrived })
}

/// The packages that are listed.
fn packages(inventory: &Inventory) -> impl Iterator<Item = Purl> {
    let components = inventory.files.iter().flat_map(|file| &file.components);
    components.map(|component| component.purl.package())
}

/// # Errors
/// The index is damaged.
pub(super) fn matched(inventory: &Inventory, index: &Index) -> Result<Matching, Diagnostic> {
    trimtab_engine::match_inventory(inventory, index).map_err(|e| e.diagnostic())
}

fn side<'s>(inventory: &'s Inventory, matching: &'s Matching) -> Side<'s> {
    Side { inventory, findings: &matching.findings, unknown: &matching.unknowns }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_version_is_given_the_one_that_is_chosen() {
        let mut file = FileInventory::default();
        let purl = |text: &str| text.parse::<Purl>().unwrap();
        let mut own = Component::new(purl("pkg:maven/g/own"));
        own.relation = Relation::Own;
        file.add(own);
        for name in
            ["pkg:maven/g/left", "pkg:maven/g/said@1", "pkg:maven/g/two", "pkg:maven/g/none"]
        {
            file.add(Component::new(purl(name)));
        }
        let chosen = ["left@2", "said@3", "two@1", "two@2", "own@1"];
        let chosen = chosen.map(|name| purl(&format!("pkg:maven/g/{name}")));
        assert_eq!(versioned(&mut file, &chosen), [1]);
        let is: Vec<String> = file.components.iter().map(|c| c.purl.to_string()).collect();
        let names = ["own", "left@2", "said@1", "two", "none"];
        assert_eq!(is, names.map(|name| format!("pkg:maven/g/{name}")));
    }

    #[test]
    fn what_is_resolved_lower_than_it_is_told_is_not_lowered_by_a_change() {
        let purls = |all: &[&str]| -> Vec<Purl> {
            all.iter().map(|name| format!("pkg:golang/a.example/{name}").parse().unwrap()).collect()
        };
        let mut file = FileInventory::default();
        for purl in purls(&["low@v1.2.1", "same@v1.0.0", "high@v1.0.0", "gone@v1.0.0"]) {
            file.add(Component::new(purl));
        }
        let resolved = purls(&["low@v1.0.1", "same@v1.0.0", "high@v1.1.0", "new@v1.0.0"]);
        lowered(&mut file, &resolved);
        let is: Vec<Purl> = file.components.iter().map(|c| c.purl.clone()).collect();
        assert_eq!(is, purls(&["low@v1.0.1", "same@v1.0.0", "high@v1.0.0", "gone@v1.0.0"]));
        let before = Inventory { files: vec![file], ..Inventory::default() };
        let place =
            Place { name: "go.mod".into(), folder: "".into(), tool: Tool::by_id("go").unwrap() };
        let unlisted = unlisted(&before, resolved, &place);
        let is: Vec<Purl> = unlisted.components.iter().map(|c| c.purl.clone()).collect();
        assert_eq!(is, purls(&["high@v1.1.0", "new@v1.0.0"]));
        assert!(place.holds(&unlisted.path));
    }
}
