//! The image that a build starts from: what it holds is told by documents that the user names, so that its findings are of
//! the Dockerfile, and another tag is confirmed by what the document of that tells. Without one, the edit is told for people.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use trimtab_connect::update::image::{self, Image, Start};
use trimtab_connect::update::{Change, Tool};
use trimtab_engine::action::{Idea, Open};
use trimtab_model::scan::Scan;
use trimtab_model::{
    Code, Component, Diagnostic, FileInventory, Inventory, Proposal, Purl, Relation, Scope, Way,
};

use super::place::{Key, Top, chosen_path};
use super::search::{Answer, Search, Task};
use super::words::Explained;

/// The end of the path of what images hold.
const HELD: &str = "/(chosen by dockerfile)";
/// The format of Dockerfiles in an inventory.
const FORMAT: &str = "dockerfile";
/// Types of packages of operating systems.
const SYSTEMS: &[&str] = &["deb", "apk", "rpm", "alpm"];
/// How many other tags of an image are tried.
const TAGS: usize = 4;

/// The documents of images that are named as `NAME:TAG=FILE`.
///
/// # Errors
/// One is not named so, cannot be read, or lists nothing.
pub(in crate::commands) fn read(all: &[String]) -> Result<Vec<Image>, Diagnostic> {
    all.iter().map(|named| one(named)).collect()
}

fn one(named: &str) -> Result<Image, Diagnostic> {
    let wrong = |message: String| {
        Diagnostic::new(Code::Usage, message)
            .help("name it as `--image-sbom debian:12.8=debian-12.8.cdx.json`")
    };
    let (reference, file) = named.split_once('=').ok_or_else(|| {
        wrong(format!("`{named}` does not say which file belongs to which image"))
    })?;
    let bytes = fs::read(file).map_err(|e| {
        Diagnostic::new(Code::FileUnreadable, format!("`{file}` cannot be read: {e}"))
            .help("name a file that exists")
    })?;
    let name = Path::new(file).file_name().and_then(|name| name.to_str()).unwrap_or("image.json");
    let inventory = trimtab_extract::scan_document(name, bytes);
    let listed = inventory.files.iter().flat_map(|file| &file.components);
    let packages: BTreeSet<Purl> = listed
        .filter(|component| component.relation != Relation::Own)
        .filter(|component| component.purl.version().is_some_and(|version| !version.is_empty()))
        .map(|component| component.purl.clone())
        .collect();
    if packages.is_empty() {
        return Err(wrong(format!("`{file}` lists no packages of `{reference}`")));
    }
    Image::of(reference, packages.into_iter().collect())
        .ok_or_else(|| wrong(format!("`{reference}` is not an image with a tag")))
}

fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// The Dockerfiles of an inventory, from the top.
fn dockerfiles(inventory: &Inventory, top: &Top) -> Vec<Box<str>> {
    let files = inventory.files.iter().filter(|file| &*file.format == FORMAT);
    files.map(|file| top.path(&file.path)).collect()
}

/// What the build of a Dockerfile ships.
fn shipped(top: &Top, path: &str) -> Vec<Start> {
    let text = fs::read_to_string(top.root.join(path)).unwrap_or_default();
    image::starts(&text).into_iter().filter(|start| start.shipped).collect()
}

/// The first Dockerfile of a folder, from the top.
pub(super) fn dockerfile(inventory: &Inventory, top: &Top, folder: &str) -> Option<Box<str>> {
    let mut all = dockerfiles(inventory, top);
    all.sort();
    all.into_iter().find(|path| folder_of(path) == folder)
}

/// Adds to an inventory what images hold, as documents tell, for each folder whose builds start from such. How many folders.
pub(super) fn tell(
    inventory: &mut Inventory,
    top: &Top,
    only: Option<&str>,
    images: &[Image],
) -> usize {
    let Some(tool) = Tool::by_id(FORMAT).filter(|_| !images.is_empty()) else { return 0 };
    let all = dockerfiles(inventory, top);
    let folders: BTreeSet<&str> = all.iter().map(|path| folder_of(path)).collect();
    let mut told = 0;
    for folder in folders.into_iter().filter(|folder| only.is_none_or(|only| only == *folder)) {
        let own = all.iter().filter(|path| folder_of(path) == folder);
        let starts: Vec<Start> = own.flat_map(|path| shipped(top, path)).collect();
        let held: Option<Vec<&Image>> =
            starts.iter().map(|start| images.iter().find(|image| image.is(start))).collect();
        // Where one is not told, the package manager of the place could not say either.
        let Some(held) = held.filter(|held| !held.is_empty()) else { continue };
        let path = chosen_path(folder, tool);
        let path = match top.prefix.is_empty() {
            true => path,
            false => path.strip_prefix(&*top.prefix).map_or(path.clone(), Into::into),
        };
        let mut file = FileInventory { path, ..FileInventory::default() };
        let packages: BTreeSet<&Purl> = held.iter().flat_map(|image| &image.packages).collect();
        for purl in packages {
            let mut component = Component::new(purl.clone());
            (component.relation, component.scope) = (Relation::Transitive, Scope::Runtime);
            file.add(component);
        }
        inventory.files.push(file);
        told += 1;
    }
    told
}

/// What an image holds is moved by another image alone.
pub(super) fn redirect(ideas: &mut [Idea], inventory: &Inventory) {
    for idea in ideas {
        let file = inventory.files.get(idea.file as usize);
        if file.is_some_and(|file| is_held(&file.path)) {
            // Another tag may do without what no source names a fix of.
            let left = std::mem::take(&mut idea.left);
            idea.findings.extend(left);
            idea.ways = vec![Way::BaseImage];
        }
    }
}

/// Whether a path is that of what an image holds, from whatever folder it is told.
pub(super) fn is_held(path: &str) -> bool {
    format!("/{path}").ends_with(HELD)
}

impl Search<'_> {
    /// The places with findings of images.
    pub(super) fn image_tasks(&self, order: &[usize]) -> Vec<Task> {
        let mut places: Vec<(usize, Vec<usize>)> = Vec::new();
        for at in order {
            let case = &self.cases[*at];
            let Some(place) = case.place else { continue };
            if case.idea.ways != [Way::BaseImage] {
                continue;
            }
            match places.iter_mut().find(|(known, _)| *known == place) {
                Some((_, ideas)) => ideas.push(*at),
                None => places.push((place, vec![*at])),
            }
        }
        places.into_iter().map(|(_, ideas)| Task::Image(ideas)).collect()
    }

    /// Tries the other tags of which a document tells what they hold. All that can be had stay: the planner chooses.
    pub(super) fn image(&self, ideas: &[usize]) -> Result<Answer, Diagnostic> {
        let mut answer = Answer::default();
        let Some((number, place, ground)) = self.ground_of(ideas, &mut answer) else {
            return Ok(answer);
        };
        let wanted: BTreeSet<Key> =
            ideas.iter().flat_map(|at| self.cases[*at].wanted.iter().cloned()).collect();
        let mut known = BTreeSet::new();
        for (start, other) in self.tags(&place.folder) {
            let proposal = Proposal::BaseImage { image: image::purl(&start), to: other.into() };
            if !known.insert(proposal.to_string()) {
                continue;
            }
            let ground = (&ground.base, &ground.before);
            match self.trial.attempt(place, ground, &proposal, &wanted)? {
                Ok((made, ..)) => answer.made.push((number, made)),
                Err(refused) => {
                    let told = |at: &usize| (*at, proposal.to_string(), refused.clone());
                    answer.tried.extend(ideas.iter().map(told));
                }
            }
        }
        Ok(answer)
    }

    /// What builds of a folder start from, each with another tag that is not below it, the nearest first.
    fn tags(&self, folder: &str) -> Vec<(Start, String)> {
        let images = &self.trial.options.images;
        let names = fs::read_dir(self.top.root.join(folder)).into_iter().flatten().flatten();
        let mut files: Vec<PathBuf> = names.map(|entry| entry.path()).collect();
        files.retain(|path| {
            path.file_name().and_then(|name| name.to_str()).is_some_and(image::is_dockerfile)
        });
        files.sort();
        let mut all = Vec::new();
        for text in files.iter().filter_map(|path| fs::read_to_string(path).ok()) {
            for start in image::starts(&text).into_iter().filter(|start| start.shipped) {
                let Some(tag) = start.tag.clone() else { continue };
                let is_below = |image: &Image| {
                    image::above(&image.tag, &tag).is_some_and(std::cmp::Ordering::is_lt)
                };
                let mut others: Vec<&Image> = images
                    .iter()
                    .filter(|image| image.name == start.name && !image.is(&start))
                    .filter(|image| !is_below(image))
                    .collect();
                others.sort_by(|a, b| {
                    image::above(&a.tag, &b.tag).unwrap_or_else(|| a.tag.cmp(&b.tag))
                });
                let others = others.into_iter().take(TAGS);
                all.extend(others.map(|image| (start.clone(), image.to())));
            }
        }
        all
    }
}

/// What could be done, in words, and the edit.
type Advice = (String, Vec<Change>);

/// Tells of findings in packages of an operating system that nothing removes which image could be raised, and where.
pub(super) fn advise(
    explained: &mut [Explained],
    open: &[Open],
    scan: &Scan,
    top: &Top,
    wished: &[(Box<str>, Box<str>)],
    offline: bool,
) {
    let mut known: Vec<(&str, Option<Advice>)> = Vec::new();
    let all = dockerfiles(&scan.inventory, top);
    for (explained, open) in explained.iter_mut().zip(open) {
        let Some(finding) = scan.findings.get(open.finding) else { continue };
        let Some(file) = scan.inventory.files.get(open.file as usize) else { continue };
        let of_system = SYSTEMS.contains(&finding.purl.purl_type());
        if !of_system && !is_held(&file.path) {
            continue;
        }
        let Some(path) = nearest(&all, &top.path(&file.path)) else { continue };
        if !known.iter().any(|(held, _)| *held == path) {
            known.push((path, told(top, path, wished, offline)));
        }
        let told = known.iter().find(|(held, _)| *held == path).and_then(|(_, told)| told.as_ref());
        if let Some((next, edit)) = told {
            explained.next.clone_from(next);
            explained.edit.clone_from(edit);
        }
    }
}

/// The one Dockerfile of the folder of a file or of the nearest above it; else the only one there is.
fn nearest<'d>(all: &'d [Box<str>], path: &str) -> Option<&'d str> {
    let mut folder = folder_of(path);
    loop {
        let mut here = all.iter().filter(|other| folder_of(other) == folder);
        match (here.next(), here.next()) {
            (Some(one), None) => return Some(one),
            (Some(_), Some(_)) => return None,
            _ if folder.is_empty() => break,
            _ => folder = folder_of(folder),
        }
    }
    match all {
        [one] => Some(one),
        _ => None,
    }
}

/// What could be done about a Dockerfile, and the edit where a tag is known.
fn told(top: &Top, path: &str, wished: &[(Box<str>, Box<str>)], offline: bool) -> Option<Advice> {
    let text = fs::read_to_string(top.root.join(path)).ok()?;
    let start = image::starts(&text).into_iter().find(|start| start.shipped)?;
    let place = format!("base image `{start}` ({path}:{})", start.line);
    let Some(tag) = &start.tag else {
        return Some((format!("{place}: it has no tag to be raised: name one in it"), Vec::new()));
    };
    let named = wished.iter().find(|(name, _)| **name == *start.name || **name == *start.path());
    let (to, by) = match named {
        Some((_, to)) => (to.to_string(), "trimtab.toml".to_owned()),
        None if offline => return Some((unknown(&place, "nobody was asked"), Vec::new())),
        None => match image::tags(&start.name, &[]) {
            None => return Some((unknown(&place, "no tool tells"), Vec::new())),
            Some((tool, tags)) => match image::newest(tag, &tags) {
                Some(to) => (to.to_owned(), tool.to_owned()),
                None => {
                    let next = format!("{place}: `{tool}` tells no newer tag of its flavour");
                    return Some((next, Vec::new()));
                }
            },
        },
    };
    if image::above(&to, tag).is_some_and(std::cmp::Ordering::is_lt) || to == *tag {
        return Some((unknown(&place, &format!("{by} names none above it")), Vec::new()));
    }
    let sbom = format!("--image-sbom {}:{to}=FILE", start.name);
    match image::raised(&text, &start.name, tag, &to) {
        Ok(Some(after)) => {
            let next = format!(
                "{place}: raise it to {to}, as {by} tells; unconfirmed: what it holds is told by no document ({sbom}, and one of the tag that is there)"
            );
            let before = Some(text.into_bytes());
            let change = Change { path: path.to_owned(), before, after: Some(after.into_bytes()) };
            Some((next, vec![change]))
        }
        Ok(None) => None,
        Err(why) => Some((format!("{place}: raise it to {to}, as {by} tells; {why}"), Vec::new())),
    }
}

fn unknown(place: &str, why: &str) -> String {
    format!(
        "{place}: raise it; which tag: unknown, {why} (install crane or skopeo, or name it in trimtab.toml: `[[image]]`)"
    )
}
