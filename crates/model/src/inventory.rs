//! An inventory: what every file of an asset lists, and who brought what in.

use std::borrow::Cow;
use std::collections::VecDeque;

use crate::component::{Component, Relation};
use crate::diagnostic::{Code, Diagnostic};
use crate::purl::Purl;

/// What one file lists: components, and edges from the dependent to its dependency.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct FileInventory {
    /// The file, relative to the scanned root, with `/` between its parts.
    pub path: Box<str>,
    /// The format's id in the registry (`cargo-lock`).
    pub format: Cow<'static, str>,
    /// The components, in the order of the file.
    pub components: Vec<Component>,
    /// `(dependent, dependency)`: positions in `components`. Sorted, without repeats.
    pub edges: Vec<(u32, u32)>,
    /// Dependencies that nothing pins.
    pub unmanaged: Vec<Unmanaged>,
    /// What could not be read, and why. A file with problems is still used as far as it goes.
    pub diagnostics: Vec<Diagnostic>,
    /// What an SBOM says about itself. `None` for every other kind of file.
    pub document: Option<Box<DocumentInfo>>,
}

/// What an SBOM says about its own making, as it spells it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct DocumentInfo {
    /// The version of the format (`1.6`, `SPDX-2.3`).
    pub format_version: Option<Box<str>>,
    /// The document's own identifier: serial number, namespace.
    pub identifier: Option<Box<str>>,
    /// The people and organisations who made it.
    pub authors: Vec<Box<str>>,
    /// The tools that made it, with their versions.
    pub tools: Vec<Box<str>>,
    /// When it was made.
    pub created: Option<Box<str>>,
    /// In which phases of the product's life its data was gathered (`build`, `pre-build`).
    pub contexts: Vec<Box<str>>,
}

impl FileInventory {
    /// Adds a component and returns its position.
    pub fn add(&mut self, component: Component) -> u32 {
        // A file is capped far below 2³² entries by the walker's size limit.
        let position = u32::try_from(self.components.len()).unwrap_or(u32::MAX);
        self.components.push(component);
        position
    }

    /// Adds an edge from the dependent to its dependency.
    pub fn edge(&mut self, from: u32, to: u32) {
        self.edges.push((from, to));
    }

    /// Brings edges into order and drops repeats and self-references; takes out what has no name.
    /// The walker calls it.
    pub fn settle(&mut self) {
        self.take_out_nameless();
        self.edges.retain(|(from, to)| from != to);
        self.edges.sort_unstable();
        self.edges.dedup();
    }

    /// A component without a name is none, and its purl could not be read again: one malformed
    /// entry must not cost the rest of a saved scan.
    fn take_out_nameless(&mut self) {
        let nameless = |purl: &Purl| purl.name().is_empty();
        let about = |line: Option<u32>| {
            let mut diagnostic = Diagnostic::new(
                Code::EntryMalformed,
                "an entry has no package name and is left out",
            );
            diagnostic.line = line;
            diagnostic
        };
        let diagnostics = &mut self.diagnostics;
        self.unmanaged.retain(|u| {
            let whole = !u.package.as_ref().is_some_and(nameless);
            if !whole {
                diagnostics.push(about(u.line));
            }
            whole
        });
        if !self.components.iter().any(|c| nameless(&c.purl)) {
            return;
        }
        let mut next = 0u32;
        let mut moved: Vec<Option<u32>> = Vec::with_capacity(self.components.len());
        self.components.retain(|component| {
            let whole = !nameless(&component.purl);
            moved.push(whole.then_some(next));
            next += u32::from(whole);
            if !whole {
                diagnostics.push(about(component.line));
            }
            whole
        });
        let to = |old: u32| moved.get(old as usize).copied().flatten();
        self.edges = self.edges.iter().filter_map(|(a, b)| Some((to(*a)?, to(*b)?))).collect();
    }

    /// A shortest path from the project to the component at `target`: positions, the project's
    /// own package (or a direct dependency, where the file does not list the project) first.
    /// Empty if nothing leads there. Ties go to the earlier position, so the answer is stable.
    pub fn why(&self, target: u32) -> Vec<u32> {
        let count = self.components.len();
        if target as usize >= count {
            return Vec::new();
        }
        let parents = Parents::of(&self.edges, count);
        // A project without a name is listed nowhere: then the path starts at what it asks for.
        let from_own = self.path_from(Relation::Own, target, &parents);
        if from_own.is_empty() {
            self.path_from(Relation::Direct, target, &parents)
        } else {
            from_own
        }
    }

    /// A shortest path to `target` from a component of this relation; empty if there is none.
    fn path_from(&self, relation: Relation, target: u32, parents: &Parents) -> Vec<u32> {
        // Walk backwards from the target; the first root met ends a shortest path.
        let count = self.components.len();
        let is_root = |i: u32| self.components[i as usize].relation == relation;
        let mut next: Vec<Option<u32>> = vec![None; count];
        let mut seen = vec![false; count];
        let mut queue = VecDeque::from([target]);
        seen[target as usize] = true;
        let mut best = None;
        while let Some(at) = queue.pop_front() {
            if is_root(at) {
                best = Some(at);
                break;
            }
            for &parent in parents.of_component(at) {
                if (parent as usize) < count && !seen[parent as usize] {
                    seen[parent as usize] = true;
                    next[parent as usize] = Some(at);
                    queue.push_back(parent);
                }
            }
        }
        let Some(mut at) = best else { return Vec::new() };
        let mut path = vec![at];
        while let Some(child) = next[at as usize] {
            path.push(child);
            at = child;
        }
        path
    }
}

/// The dependents of each component: all lists in one, because a path is queried many times.
struct Parents {
    /// Where the list of each component begins; one more for the end.
    starts: Vec<u32>,
    all: Vec<u32>,
}

impl Parents {
    fn of(edges: &[(u32, u32)], count: usize) -> Parents {
        let mut starts = vec![0u32; count + 1];
        let inside = || edges.iter().filter(|(_, to)| (*to as usize) < count);
        for (_, to) in inside() {
            starts[*to as usize + 1] += 1;
        }
        for i in 0..count {
            starts[i + 1] += starts[i];
        }
        let mut next = starts.clone();
        let mut all = vec![0u32; starts[count] as usize];
        for (from, to) in inside() {
            let place = &mut next[*to as usize];
            all[*place as usize] = *from;
            *place += 1;
        }
        Parents { starts, all }
    }

    fn of_component(&self, at: u32) -> &[u32] {
        let at = at as usize;
        &self.all[self.starts[at] as usize..self.starts[at + 1] as usize]
    }
}

/// Why a dependency is unmanaged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum UnmanagedReason {
    /// A manifest requires packages, and no lockfile beside it or above it says to what they
    /// resolve.
    NoLockfile,
    /// The version floats: a range, a branch, a tag such as `latest`, or nothing at all.
    FloatingVersion,
    /// The version can only be known by asking the network (a parent or BOM outside the tree).
    Unresolved,
}

impl UnmanagedReason {
    /// The word used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            UnmanagedReason::NoLockfile => "no-lockfile",
            UnmanagedReason::FloatingVersion => "floating-version",
            UnmanagedReason::Unresolved => "unresolved",
        }
    }
}

/// An observation: what is used is not pinned down.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unmanaged {
    /// Why.
    pub reason: UnmanagedReason,
    /// The package, where it is about one; otherwise it is about the whole file.
    pub package: Option<Purl>,
    /// What the file requires.
    pub requirement: Option<Box<str>>,
    /// One-based line.
    pub line: Option<u32>,
}

/// Everything that was listed under one root.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Inventory {
    /// One entry per file that was read, sorted by path and then format.
    pub files: Vec<FileInventory>,
    /// What could not be examined at all (unreadable folders, files over a size limit).
    pub diagnostics: Vec<Diagnostic>,
}

impl Inventory {
    /// Whether something that should have been examined was not: the scan ends with exit code 3.
    pub fn is_incomplete(&self) -> bool {
        self.all_diagnostics().any(|d| d.code.makes_incomplete())
    }

    /// The diagnostics of the walk and of every file.
    pub fn all_diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.diagnostics.iter().chain(self.files.iter().flat_map(|f| &f.diagnostics))
    }

    /// Every component of every file, with that file.
    pub fn components(&self) -> impl Iterator<Item = (&FileInventory, &Component)> {
        self.files.iter().flat_map(|f| f.components.iter().map(move |c| (f, c)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn component(name: &str, relation: Relation) -> Component {
        let mut c = Component::new(Purl::new("npm", None, name));
        c.relation = relation;
        c
    }

    #[test]
    fn what_has_no_name_is_taken_out_and_said() {
        let mut file = FileInventory::default();
        let app = file.add(component("app", Relation::Own));
        let mut nameless = component("", Relation::Direct);
        nameless.line = Some(3);
        let nameless = file.add(nameless);
        let a = file.add(component("a", Relation::Direct));
        file.edges = vec![(app, nameless), (nameless, a), (app, a)];
        file.settle();
        assert_eq!(file.components.len(), 2);
        assert_eq!(file.edges, [(0, 1)]);
        assert_eq!(file.diagnostics[0].code, Code::EntryMalformed);
        assert_eq!(file.diagnostics[0].line, Some(3));
    }

    #[test]
    fn why_gives_a_shortest_path_from_the_project() {
        let mut file = FileInventory::default();
        let app = file.add(component("app", Relation::Own));
        let a = file.add(component("a", Relation::Direct));
        let b = file.add(component("b", Relation::Transitive));
        let c = file.add(component("c", Relation::Transitive));
        let orphan = file.add(component("orphan", Relation::Transitive));
        for (from, to) in [(app, a), (a, b), (b, c), (a, c), (c, a)] {
            file.edge(from, to);
        }
        file.settle();
        assert_eq!(file.why(c), vec![app, a, c]);
        assert_eq!(file.why(app), vec![app]);
        assert_eq!(file.why(orphan), Vec::<u32>::new());
        assert_eq!(file.why(99), Vec::<u32>::new());
    }

    #[test]
    fn without_a_project_entry_the_path_starts_at_a_direct_dependency() {
        let mut file = FileInventory::default();
        let a = file.add(component("a", Relation::Direct));
        let b = file.add(component("b", Relation::Transitive));
        file.edge(a, b);
        assert_eq!(file.why(b), vec![a, b]);
        assert_eq!(file.why(a), vec![a]);
    }
}
