//! Files of Python requirements that build on each other: `-r` takes another file in, `-c` holds to one. And what
//! `pip-compile` or `uv pip compile` wrote out of them, which others build on in turn.

use std::collections::{BTreeMap, BTreeSet};

use super::edit::{Manifests, lines};
use super::written;
use crate::below::below;

/// How many lines at the beginning of a file may tell how it was written.
const HEAD: usize = 20;

/// How a file is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum By {
    /// What it asks for is asked for.
    Taken,
    /// What is asked for elsewhere is held to it.
    Held,
}

/// A file that is compiled, and what it is written from; paths below the root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Compiled {
    pub(crate) target: String,
    pub(crate) sources: Vec<String>,
}

/// The files of a folder and below it.
#[derive(Debug)]
pub(crate) struct Layers {
    files: BTreeMap<String, String>,
    /// Those that are the folder's: others are only taken in.
    own: BTreeSet<String>,
    /// Each after those that it builds on.
    pub(crate) compiled: Vec<Compiled>,
}

/// Whether a name is one of a file that is compiled from.
pub(crate) fn is_source(name: &str) -> bool {
    name.ends_with(".in") && lines::is_requirements(name)
}

/// How the program was called that wrote a file, as it tells: `#    pip-compile --generate-hashes requirements.in`, or
/// `#    uv pip compile requirements.in -o requirements.txt`.
pub(crate) fn command(text: &str) -> Option<&str> {
    text.lines().take(HEAD).find_map(|line| {
        let told = line.strip_prefix('#')?.trim();
        ["pip-compile", UV].iter().any(|start| told.starts_with(start)).then_some(told)
    })
}

/// How uv is called to compile.
pub(crate) const UV: &str = "uv pip compile";

impl Layers {
    /// Of the files of a project, with some of them as they are to be.
    pub(crate) fn of(manifests: &Manifests, edited: &BTreeMap<String, String>) -> Layers {
        let mut files = manifests.files.clone();
        files.extend(edited.clone());
        let own = files.keys().filter(|path| is_own(path, &manifests.folder, &files));
        let own = own.cloned().collect();
        let mut layers = Layers { files, own, compiled: Vec::new() };
        let targets = layers.own.iter().filter(|path| path.ends_with(".txt"));
        let all: Vec<Compiled> =
            targets.filter_map(|path| layers.written(path, &manifests.folder)).collect();
        layers.compiled = all;
        // What was never compiled, and what nothing compiled takes in.
        for path in edited.keys().filter(|path| is_source(name(path))) {
            if !layers.compiled.iter().any(|one| layers.reached(one).contains_key(path)) {
                let target = format!("{}.txt", path.trim_end_matches(".in"));
                layers.compiled.push(Compiled { target, sources: vec![path.clone()] });
            }
        }
        layers.compiled = layers.in_order();
        layers
    }

    /// What a file was written from. `None`: people wrote it.
    fn written(&self, path: &str, folder: &str) -> Option<Compiled> {
        let here = parent(path);
        let told = command(self.files.get(path)?).unwrap_or_default();
        let named = told.split_whitespace().filter(|word| is_source(name(word)));
        // It was called in the folder of the file, or further up.
        let found = named.filter_map(|word| {
            let all = [below(here, word), below(folder, word), below(here, name(word))];
            all.into_iter().flatten().find(|source| self.files.contains_key(source))
        });
        let mut sources: Vec<String> = found.collect();
        if sources.is_empty() {
            let beside = format!("{}.in", path.strip_suffix(".txt")?);
            sources.extend(Some(beside).filter(|source| self.files.contains_key(source)));
        }
        (!sources.is_empty()).then(|| Compiled { target: path.to_owned(), sources })
    }

    /// All files that a compiled one is written from, with how they are reached.
    pub(crate) fn reached(&self, one: &Compiled) -> BTreeMap<String, By> {
        let mut found: BTreeMap<String, By> = BTreeMap::new();
        let mut open: Vec<(String, By)> =
            one.sources.iter().map(|source| (source.clone(), By::Taken)).collect();
        while let Some((path, by)) = open.pop() {
            if found.get(&path).is_some_and(|known| *known <= by) {
                continue;
            }
            for (kind, named) in
                written::references(self.files.get(&path).map_or("", String::as_str))
            {
                let next = below(parent(&path), &named);
                let next = next.filter(|next| self.files.contains_key(next));
                open.extend(next.map(|next| (next, by.max(kind))));
            }
            found.insert(path, by);
        }
        found
    }

    /// Whether a file is one that is compiled.
    pub(crate) fn is_compiled(&self, path: &str) -> bool {
        self.compiled.iter().any(|one| one.target == path)
    }

    /// What people wrote: sources, and what compiled files take in or are held to. Those that are taken in count as such.
    pub(crate) fn by_hand(&self) -> BTreeMap<&str, (&str, By)> {
        let mut all: BTreeMap<String, By> = BTreeMap::new();
        for (path, by) in self.compiled.iter().flat_map(|one| self.reached(one)) {
            all.entry(path).and_modify(|held| *held = by.min(*held)).or_insert(by);
        }
        let by = |path: &str| match all.get(path) {
            None if is_source(name(path)) && self.own.contains(path) => Some(By::Taken),
            Some(By::Taken) if is_source(name(path)) => Some(By::Taken),
            by => by.copied().filter(|_| !self.is_compiled(path)),
        };
        let files = self.files.iter();
        files.filter_map(|(path, text)| Some((&**path, (&**text, by(path)?)))).collect()
    }

    fn in_order(&self) -> Vec<Compiled> {
        let (mut order, mut seen) = (Vec::new(), BTreeSet::new());
        for at in 0..self.compiled.len() {
            self.visit(at, &mut seen, &mut order);
        }
        order
    }

    fn visit(&self, at: usize, seen: &mut BTreeSet<usize>, order: &mut Vec<Compiled>) {
        let Some(one) = self.compiled.get(at).filter(|_| seen.insert(at)) else { return };
        let reached = self.reached(one);
        for (other, before) in self.compiled.iter().enumerate() {
            if reached.contains_key(&before.target) {
                self.visit(other, seen, order);
            }
        }
        order.push(one.clone());
    }
}

/// Whether a file lies in a folder or below it, and not in one below that has a lockfile of its own.
fn is_own(path: &str, folder: &str, files: &BTreeMap<String, String>) -> bool {
    let is_in = |path: &str, folder: &str| {
        folder.is_empty() || path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'))
    };
    let locked = files.keys().filter(|other| name(other) == "requirements.txt").map(|o| parent(o));
    let mut below = locked.filter(|other| *other != folder && is_in(other, folder));
    is_in(path, folder) && !below.any(|other| is_in(path, other))
}

/// The way from a folder to a file; both below the root.
pub(crate) fn way(folder: &str, path: &str) -> String {
    let from: Vec<&str> = folder.split('/').filter(|part| !part.is_empty()).collect();
    let to: Vec<&str> = path.split('/').collect();
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let up = std::iter::repeat_n("..", from.len().saturating_sub(common));
    let parts: Vec<&str> = up.chain(to.into_iter().skip(common)).collect();
    parts.join("/")
}

fn name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn parent(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layers(files: &[(&str, &str)], edited: &[(&str, &str)]) -> Layers {
        let owned = |all: &[(&str, &str)]| -> BTreeMap<String, String> {
            all.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect()
        };
        let manifests = Manifests { folder: String::new(), files: owned(files) };
        Layers::of(&manifests, &owned(edited))
    }

    #[test]
    fn each_is_compiled_after_what_it_builds_on() {
        // By names they would be compiled the other way round, and two rounds would not settle them.
        let layers = layers(
            &[
                ("a.in", "-c b.txt\nx\n"),
                ("a.txt", ""),
                ("b.in", "-r sub/c.txt # why\n"),
                ("b.txt", ""),
                ("sub/c.in", "--requirement=../more.in\n"),
                ("sub/c.txt", ""),
                ("more.in", "y\n"),
                ("Makefile.in", "all:\n"),
            ],
            &[("more.in", "y==2\n")],
        );
        let targets: Vec<&str> = layers.compiled.iter().map(|one| &*one.target).collect();
        assert_eq!(targets, ["sub/c.txt", "b.txt", "a.txt"]);
        let reached = layers.reached(&layers.compiled[0]);
        assert_eq!(reached.get("more.in"), Some(&By::Taken));
    }

    #[test]
    fn a_compiled_file_tells_what_it_is_of() {
        let head = "#\n# This file is autogenerated by pip-compile with Python 3.12\n#\n\
                    #    pip-compile --output-file=requirements/all.txt requirements/dev.in main.in\n#\n";
        let layers = layers(
            &[("requirements/dev.in", ""), ("main.in", ""), ("requirements/all.txt", head)],
            &[],
        );
        let sources = ["requirements/dev.in", "main.in"].map(str::to_owned).to_vec();
        let target = "requirements/all.txt".to_owned();
        assert_eq!(layers.compiled, [Compiled { target, sources }]);
    }

    #[test]
    fn what_people_wrote_is_told_from_what_was_compiled() {
        let layers = layers(
            &[
                ("base.in", "x\n"),
                ("base.txt", "x==1\n"),
                ("dev.in", "-c base.txt\n-c constraints.txt\n-r test.txt\n"),
                ("dev.txt", ""),
                ("constraints.txt", "x<2\n"),
                ("test.txt", "z\n"),
                ("docs.txt", "x\n"),
            ],
            &[],
        );
        let hand: Vec<(&str, By)> =
            layers.by_hand().into_iter().map(|(path, (_, by))| (path, by)).collect();
        assert_eq!(
            hand,
            [
                ("base.in", By::Taken),
                ("constraints.txt", By::Held),
                ("dev.in", By::Taken),
                ("test.txt", By::Taken),
            ]
        );
    }

    #[test]
    fn what_lies_elsewhere_is_taken_in_and_no_more() {
        let manifests = Manifests {
            folder: "app".to_owned(),
            files: [
                ("app/main.in", "-r ../common/base.in\n-c ../constraints.txt\n"),
                ("app/main.txt", ""),
                ("common/base.in", "x\n"),
                ("common/base.txt", ""),
                ("common/more.in", "y\n"),
                ("constraints.txt", "x<2\n"),
                ("other/main.in", "x\n"),
            ]
            .map(|(path, text)| (path.to_owned(), text.to_owned()))
            .into(),
        };
        let layers = Layers::of(&manifests, &BTreeMap::new());
        let targets: Vec<&str> = layers.compiled.iter().map(|one| &*one.target).collect();
        assert_eq!(targets, ["app/main.txt"]);
        let hand: Vec<(&str, By)> =
            layers.by_hand().into_iter().map(|(path, (_, by))| (path, by)).collect();
        assert_eq!(
            hand,
            [
                ("app/main.in", By::Taken),
                ("common/base.in", By::Taken),
                ("constraints.txt", By::Held)
            ]
        );
        assert_eq!(way("app", "app/main.in"), "main.in");
        assert_eq!(way("app/x", "common/base.in"), "../../common/base.in");
        assert_eq!(way("", "common/base.in"), "common/base.in");
    }
}
