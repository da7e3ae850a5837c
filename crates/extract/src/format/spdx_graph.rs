//! The graph of a large SPDX document: who needs and contains what, and nothing of what packages are, so that it is small.
//! It says of each package what the reader of whole documents says; both have their rules from `spdx.rs` and `sbom.rs`.

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, RandomState};

use trimtab_model::{Relation, Scope};

pub use super::sbom::MAX_LICENCE;
use super::sbom::{self, Entry, Link};
use super::spdx::{self, Said};
pub use super::spdx3_json::MAX_OWN_LICENCES;

/// Whether a name stands for a licence that the document defines.
pub fn is_licence_name(name: &str) -> bool {
    spdx::is_licence_name(name)
}

/// A graph on its way to relations and scopes. Identifiers are known by their digests.
#[derive(Default)]
pub struct Graph {
    packages: Vec<Node>,
    described: HashSet<u64>,
    links: Vec<(u64, u64, Link)>,
    hasher: RandomState,
}

/// What is known of a package.
struct Node {
    id: Option<u64>,
    /// It has a name or purl, and is no folder that was scanned.
    counts: bool,
    own: bool,
    relation: Option<Relation>,
    scope: Scope,
    scope_is_stated: bool,
}

impl Graph {
    /// The next package of the document.
    pub fn package(&mut self, is_named: bool, id: Option<&str>, comment: &str) {
        let mut entry = Entry::default();
        for (name, value) in spdx::lines(comment) {
            sbom::property(&mut entry, name, value);
        }
        self.packages.push(Node {
            id: id.map(|id| self.digest(id)),
            counts: is_named && !spdx::is_folder(comment),
            own: entry.own,
            relation: entry.relation,
            scope: entry.scope,
            scope_is_stated: entry.scope_is_stated,
        });
    }

    /// The digest of an identifier, by which it is known here.
    pub fn digest(&self, id: &str) -> u64 {
        self.hasher.hash_one(id)
    }

    /// Takes over a relationship, in the words of SPDX 2, between elements by their digests.
    pub fn relationship(&mut self, a: u64, kind: &str, b: u64) {
        match spdx::said(a, kind, b) {
            Some(Said::Describes(id)) => self.describes(id),
            Some(Said::Link(from, to, link)) => self.links.push((from, to, link)),
            None => {}
        }
    }

    /// Notes what the document describes, by its digest.
    pub fn describes(&mut self, id: u64) {
        self.described.insert(id);
    }

    /// How many links there are.
    pub fn links(&self) -> usize {
        self.links.len()
    }

    /// Relation and scope of each package, in the order of the document. `None`: it is no component.
    pub fn facts(self) -> Vec<Option<(Relation, Scope)>> {
        let Graph { packages, described, links, .. } = self;
        let about = {
            let ids: HashSet<u64> = packages.iter().filter_map(|p| p.id).collect();
            let asking: HashSet<u64> = links.iter().map(|(from, ..)| *from).collect();
            spdx::about(&ids, &described, &asking)
        };
        let counted = || packages.iter().filter(|p| p.counts);
        let mut positions: HashMap<u64, u32> = HashMap::new();
        for (at, package) in (0u32..).zip(counted()) {
            if let Some(id) = package.id {
                positions.entry(id).or_insert(at);
            }
        }
        let joined = |(from, to, link): (u64, u64, Link)| {
            Some((*positions.get(&from)?, *positions.get(&to)?, link))
        };
        let links: Vec<(u32, u32, Link)> = links.into_iter().filter_map(joined).collect();
        let own: Vec<bool> =
            counted().map(|p| p.own || p.id.is_some_and(|id| about.contains(&id))).collect();
        let mut relations = sbom::relations(&own, &links);
        for (relation, package) in relations.iter_mut().zip(counted()) {
            *relation = package.relation.unwrap_or(*relation);
        }
        let scopes = sbom::scopes(&relations, &links);
        let mut facts = relations.into_iter().zip(scopes);
        let fact = |package: &Node| {
            let (relation, scope) = facts.next()?;
            let scope = scope.filter(|_| !package.scope_is_stated).unwrap_or(package.scope);
            Some((relation, scope))
        };
        let mut fact = fact;
        packages.iter().map(|p| if p.counts { fact(p) } else { None }).collect()
    }
}
