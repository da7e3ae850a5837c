//! The distinct components of a scan, with what every file says about them put together.
//!
//! Two entries are one component when purl, requirement and foreign origin agree: a package from
//! a repository is not the registry's package of that name. Digests, groups and members are
//! united; the strongest scope wins; *own* wins over *direct* over *transitive*; of licence,
//! supplier and CPE the first one counts, in the order of the files.
//!
//! What merging loses: which file an edge comes from. A path through the merged graph may go
//! through two files that have nothing to do with each other; `trimtab why` asks each file.

use std::collections::{BTreeSet, HashMap};
use std::fmt::Write as _;

use trimtab_model::finding::Occurrence;
use trimtab_model::scan::Scan;
use trimtab_model::{Component, Hash, Origin, Purl, Relation, Scope};

/// One component, wherever it stands.
#[derive(Debug)]
pub struct Item<'s> {
    /// Unique in the scan and the same on every run: the purl, with a suffix where several
    /// components share it.
    pub id: String,
    /// The purl.
    pub purl: &'s Purl,
    /// What is asked for, where no version is known.
    pub requirement: Option<&'s str>,
    /// The closest relation.
    pub relation: Relation,
    /// The strongest scope.
    pub scope: Scope,
    /// All digests; sorted, without repeats, as all lists here.
    pub hashes: Vec<&'s Hash>,
    /// Where it comes from.
    pub origin: &'s Origin,
    /// The first licence stated.
    pub licence: Option<&'s str>,
    /// The workspace members that ask for it.
    pub members: Vec<&'s str>,
    /// The groups it is in.
    pub groups: Vec<&'s str>,
    /// The first supplier stated.
    pub supplier: Option<&'s str>,
    /// The first CPE stated.
    pub cpe: Option<&'s str>,
    /// Where it is listed, in order.
    pub occurrences: Vec<Occurrence>,
    /// How much of the id is the purl, in bytes.
    purl_length: usize,
}

impl Item<'_> {
    /// The canonical form of the purl, which every id starts with.
    pub fn purl_text(&self) -> &str {
        self.id.get(..self.purl_length).unwrap_or(&self.id)
    }
}

/// What the whole is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Root {
    /// The one own component that every file is about.
    Own(u32),
    /// The folder or file that was scanned.
    Target,
}

/// The components of a scan and who asks for what.
#[derive(Debug)]
pub struct Distinct<'s> {
    /// Sorted by purl, then requirement and origin.
    pub items: Vec<Item<'s>>,
    /// Positions in `items`: who asks, what is asked for. Sorted, without repeats.
    pub edges: Vec<(u32, u32)>,
    /// What the whole is about.
    pub root: Root,
    /// What the target itself asks for, where it is the root.
    pub from_target: Vec<u32>,
    places: Vec<Vec<u32>>,
}

impl<'s> Distinct<'s> {
    /// The distinct components of a scan.
    pub fn of(scan: &'s Scan) -> Distinct<'s> {
        let files = &scan.inventory.files;
        let mut listed: Vec<Listed<'s>> =
            Vec::with_capacity(files.iter().map(|f| f.components.len()).sum());
        for (file, at) in files.iter().zip(0u32..) {
            listed.extend(file.components.iter().zip(0u32..).map(|(component, position)| Listed {
                component,
                part: part(component),
                at: Occurrence { file: at, component: position },
            }));
        }
        // What is one component stands together afterwards, in the order of the files.
        listed.sort_by(|a, b| a.key().cmp(&b.key()));
        let mut places: Vec<Vec<u32>> = files.iter().map(|f| vec![0; f.components.len()]).collect();
        let mut items: Vec<Item<'s>> = Vec::with_capacity(listed.len());
        let mut parts: Vec<&str> = Vec::with_capacity(listed.len());
        for (same, item) in listed.chunk_by(|a, b| a.key() == b.key()).zip(0u32..) {
            items.extend(joined(same));
            parts.extend(same.first().map(|listed| listed.part.as_str()));
            for Listed { at, .. } in same {
                places[at.file as usize][at.component as usize] = item;
            }
        }
        tell_apart(&mut items, &parts);
        let mut distinct = Distinct {
            items,
            edges: Vec::new(),
            root: Root::Target,
            from_target: Vec::new(),
            places,
        };
        distinct.edges(scan);
        distinct.root(scan);
        distinct
    }

    /// The component that stands at a place of the inventory.
    pub fn at(&self, occurrence: Occurrence) -> Option<&Item<'s>> {
        self.items.get(self.position(occurrence)? as usize)
    }

    fn position(&self, occurrence: Occurrence) -> Option<u32> {
        self.places.get(occurrence.file as usize)?.get(occurrence.component as usize).copied()
    }

    fn edges(&mut self, scan: &Scan) {
        for (file, places) in scan.inventory.files.iter().zip(&self.places) {
            let place = |at: &u32| places.get(*at as usize).copied();
            let pairs = file.edges.iter().filter_map(|(a, b)| Some((place(a)?, place(b)?)));
            self.edges.extend(pairs.filter(|(a, b)| a != b));
        }
        self.edges.sort_unstable();
        self.edges.dedup();
    }

    fn root(&mut self, scan: &Scan) {
        let mut roots = BTreeSet::new();
        let mut from_target = BTreeSet::new();
        let mut every = true;
        for (file, places) in scan.inventory.files.iter().zip(&self.places) {
            let with = |relation| {
                let all = file.components.iter().zip(places);
                all.filter(move |(c, _)| c.relation == relation).map(|(_, at)| *at)
            };
            let own: BTreeSet<u32> = with(Relation::Own).collect();
            every &= file.components.is_empty() || !own.is_empty();
            if own.is_empty() {
                from_target.extend(with(Relation::Direct));
            }
            from_target.extend(&own);
            roots.extend(own);
        }
        match roots.iter().next() {
            Some(only) if roots.len() == 1 && every => self.root = Root::Own(*only),
            _ => self.from_target = from_target.into_iter().collect(),
        }
    }
}

/// What tells components of one purl apart.
fn part(component: &Component) -> String {
    let requirement = match component.purl.version() {
        None => component.requirement.as_deref().unwrap_or_default(),
        Some(_) => "",
    };
    match &component.origin {
        Origin::Unstated | Origin::Registry(_) => requirement.to_owned(),
        other => format!("{requirement} {}", origin(other)),
    }
}

/// An origin in one line, as our properties in SBOMs carry it. Empty where nothing is stated.
pub fn origin(origin: &Origin) -> String {
    match origin {
        Origin::Unstated => String::new(),
        Origin::Registry(url) => format!("registry {url}"),
        Origin::Git { url, commit: Some(commit) } => format!("git {url} {commit}"),
        Origin::Git { url, commit: None } => format!("git {url}"),
        Origin::Url(url) => format!("url {url}"),
        Origin::Path(path) => format!("path {path}"),
    }
}

/// A component where it is listed.
struct Listed<'s> {
    component: &'s Component,
    part: String,
    at: Occurrence,
}

impl<'s> Listed<'s> {
    fn key(&self) -> (&'s Purl, &str) {
        (&self.component.purl, &self.part)
    }
}

/// One component out of all its listings; `None` only out of none.
fn joined<'s>(same: &[Listed<'s>]) -> Option<Item<'s>> {
    let first = same.first()?.component;
    let mut item = Item {
        id: String::with_capacity(64),
        purl: &first.purl,
        requirement: first.requirement.as_deref(),
        relation: first.relation,
        scope: first.scope,
        hashes: Vec::new(),
        origin: &first.origin,
        licence: None,
        members: Vec::new(),
        groups: Vec::new(),
        supplier: None,
        cpe: None,
        occurrences: same.iter().map(|listed| listed.at).collect(),
        purl_length: 0,
    };
    // Writing to a `String` does not fail.
    let _ = write!(item.id, "{}", item.purl);
    item.purl_length = item.id.len();
    same.iter().for_each(|listed| join(&mut item, listed.component));
    settle(&mut item.hashes);
    settle(&mut item.members);
    settle(&mut item.groups);
    Some(item)
}

fn settle<T: Ord>(list: &mut Vec<T>) {
    list.sort_unstable();
    list.dedup();
}

fn join<'s>(item: &mut Item<'s>, component: &'s Component) {
    let rank = |relation| match relation {
        Relation::Own => 3,
        Relation::Direct => 2,
        Relation::Transitive => 1,
        Relation::Unknown => 0,
    };
    if rank(component.relation) > rank(item.relation) {
        item.relation = component.relation;
    }
    item.scope = item.scope.max(component.scope);
    item.hashes.extend(&component.hashes);
    if *item.origin == Origin::Unstated {
        item.origin = &component.origin;
    }
    item.licence = item.licence.or(component.licence.as_deref());
    item.members.extend(component.member.as_deref());
    item.groups.extend(component.groups.iter().map(|g| &**g));
    item.supplier = item.supplier.or(component.supplier.as_deref());
    item.cpe = item.cpe.or(component.cpe.as_deref());
}

/// Makes the ids unique: where several components share one, what tells them apart is added.
fn tell_apart(items: &mut [Item<'_>], parts: &[&str]) {
    let mut uses: HashMap<&str, u32, foldhash::fast::RandomState> = HashMap::default();
    for item in &*items {
        *uses.entry(&item.id).or_default() += 1;
    }
    let shared = |item: &Item<'_>| uses.get(item.id.as_str()).is_some_and(|n| *n > 1);
    let shared: Vec<usize> = (0..items.len()).filter(|at| shared(&items[*at])).collect();
    for at in shared {
        let digest = blake3::hash(parts[at].as_bytes()).to_hex();
        items[at].id = format!("{}~{}", items[at].id, &digest[..12]);
    }
}
