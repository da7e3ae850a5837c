//! What a manifest names without a version, because a parent or a list of versions says it elsewhere, has no version in a
//! scan. The package manager knows it: it is asked, and such findings are planned with the version by its tree.

use std::collections::{BTreeMap, BTreeSet};
use std::time::{Duration, Instant};

use trimtab_connect::update::{self, Options, Reason, Tool};
use trimtab_engine::action::Idea;
use trimtab_model::{FileInventory, Inventory, Purl, Relation, Way};

use super::place::{Ground, Place, Top, versioned};

/// What package managers choose, by the folder where they were asked.
#[derive(Default)]
pub(in crate::commands) struct Trees {
    of: BTreeMap<Box<str>, Tree>,
    /// What was given a version: the file by its position, and the component with that version.
    given: BTreeSet<(u32, Purl)>,
    /// How many images were told what they hold.
    images: usize,
    /// Whether the time was over before all was told.
    late: bool,
}

/// That the time was over.
struct Late;

struct Tree {
    tool: &'static Tool,
    chosen: Vec<Purl>,
    /// What may say the versions there.
    managing: Vec<Purl>,
}

impl Trees {
    /// Asks for what has no version, and gives it that, as far as the time goes. Where nobody can say, all stays as it is.
    /// `only`: in this folder, from the top.
    pub(in crate::commands) fn ask(
        inventory: &mut Inventory,
        top: &Top,
        only: Option<&str>,
        options: &Options,
        limit: Duration,
    ) -> Trees {
        let begun = Instant::now();
        let images = super::image::tell(inventory, top, only, &options.images);
        let mut trees = Trees { images, ..Trees::default() };
        for (at, file) in (0..).zip(&mut inventory.files) {
            if !file.components.iter().any(is_open) {
                continue;
            }
            let path = top.path(&file.path);
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder).to_owned();
            if only.is_some_and(|only| only != folder) {
                continue;
            }
            if !trees.of.contains_key(&*folder) {
                let left = limit.saturating_sub(begun.elapsed());
                if left.is_zero() {
                    trees.late = true;
                    break;
                }
                let options = Options { time_limit: left, ..options.clone() };
                match ask_one(&path, &folder, top, &options) {
                    Ok(Some(tree)) => drop(trees.of.insert(folder.as_str().into(), tree)),
                    Ok(None) => continue,
                    Err(Late) => {
                        trees.late = true;
                        continue;
                    }
                }
            }
            trees.fill(at, file, &folder);
        }
        trees
    }

    fn fill(&mut self, at: u32, file: &mut FileInventory, folder: &str) {
        let Some(tree) = self.of.get(folder) else { return };
        let given = versioned(file, &tree.chosen);
        let of = |given: &u32| file.components.get(*given as usize);
        self.given.extend(given.iter().filter_map(of).map(|given| (at, given.purl.clone())));
    }

    /// Whether nothing was given a version, and no image told.
    pub(in crate::commands) fn is_empty(&self) -> bool {
        self.given.is_empty() && self.images == 0
    }

    /// Whether the time was over before all was told: what has no version then may have findings.
    pub(in crate::commands) fn is_late(&self) -> bool {
        self.late
    }

    /// What a package manager said that it chooses in a folder.
    pub(super) fn chosen(&self, folder: &str, tool: &Tool) -> Option<&[Purl]> {
        let tree = self.of.get(folder).filter(|tree| tree.tool.id() == tool.id())?;
        Some(&tree.chosen)
    }

    /// Who tells the version of a component of a file, where it is not the scan.
    pub(super) fn tells(&self, file: u32, purl: &Purl) -> Option<String> {
        self.given.contains(&(file, purl.clone())).then(|| "Maven's tree".to_owned())
    }

    /// What is named without a version is moved by what says it, or by saying it: as with what others bring.
    pub(super) fn redirect(&self, ideas: &mut [Idea], inventory: &Inventory, top: &Top) {
        super::image::redirect(ideas, inventory);
        let is_told = |idea: &Idea| self.given.contains(&(idea.file, idea.package.clone()));
        for idea in ideas.iter_mut().filter(|idea| idea.to.is_some() && is_told(idea)) {
            let Some(file) = inventory.files.get(idea.file as usize) else { continue };
            let path = top.path(&file.path);
            let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
            let managing = self.of.get(folder).map_or(&[][..], |tree| &tree.managing);
            idea.relation = Relation::Transitive;
            idea.parents = likely(managing, &idea.package);
            idea.around = Vec::new();
            idea.ways.clear();
            idea.ways.extend((!idea.parents.is_empty()).then_some(Way::RaiseParent));
            idea.ways.push(Way::Override);
        }
    }
}

/// Of what may say the version of a package, that of its own publisher; where there is none, all.
fn likely(managing: &[Purl], package: &Purl) -> Vec<Purl> {
    let publisher = |purl: &Purl| {
        let group = purl.namespace().unwrap_or_default();
        group.split('.').take(3).map(str::to_owned).collect::<Vec<String>>()
    };
    let own: Vec<Purl> =
        managing.iter().filter(|one| publisher(one) == publisher(package)).cloned().collect();
    if own.is_empty() { managing.to_vec() } else { own }
}

fn is_open(component: &trimtab_model::Component) -> bool {
    let purl = &component.purl;
    let is_unknown = purl.version().is_none_or(str::is_empty);
    is_unknown && purl.purl_type() == "maven" && component.relation == Relation::Direct
}

/// Asks in one folder. `None`: nobody can say.
fn ask_one(path: &str, folder: &str, top: &Top, options: &Options) -> Result<Option<Tree>, Late> {
    let tools = update::detect(&top.root.join(folder));
    let Some(tool) = tools.into_iter().find(|tool| tool.id() == "maven") else { return Ok(None) };
    let place = Place { name: path.into(), folder: folder.into(), tool };
    let Ok(base) = Ground::copied(&place, top) else { return Ok(None) };
    match update::listing(tool, &base, options) {
        Ok(Some(chosen)) => {
            Ok(Some(Tree { tool, chosen, managing: update::managing(tool, &base) }))
        }
        Err(Reason::TimeLimit(_)) => Err(Late),
        Ok(None) | Err(_) => Ok(None),
    }
}

#[cfg(test)]
mod tests {
    use trimtab_model::Component;

    use super::*;

    #[test]
    fn it_is_known_that_there_was_no_time_to_ask() {
        let mut file = FileInventory { path: "pom.xml".into(), ..FileInventory::default() };
        let mut component = Component::new("pkg:maven/g/left".parse().unwrap());
        component.relation = Relation::Direct;
        file.add(component);
        let mut inventory = Inventory { files: vec![file], ..Inventory::default() };
        let top = Top { root: "nowhere".into(), prefix: String::new() };
        let options = Options::default();
        let mut is_late = |limit| Trees::ask(&mut inventory, &top, None, &options, limit).is_late();
        assert!(is_late(Duration::ZERO));
        // There is nobody to ask, whatever the time.
        assert!(!is_late(Duration::from_secs(60)));
    }

    #[test]
    fn what_a_publisher_says_of_its_own_comes_first() {
        let purls = |all: &[&str]| -> Vec<Purl> {
            all.iter().map(|name| format!("pkg:maven/{name}").parse().unwrap()).collect()
        };
        let all = purls(&["org.spring.boot/parent@2", "org.apache.logging.log4j/log4j-bom@2.14.1"]);
        let core = &purls(&["org.apache.logging.log4j/log4j-core@2.14.1"])[0];
        assert_eq!(likely(&all, core), all[1..]);
        assert_eq!(likely(&all, &purls(&["com.example/left@1"])[0]), all);
    }
}
