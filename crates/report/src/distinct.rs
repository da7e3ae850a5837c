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
    /// All digests.
    pub hashes: BTreeSet<&'s Hash>,
    /// Where it comes from.
    pub origin: &'s Origin,
    /// The first licence stated.
    pub licence: Option<&'s str>,
    /// The workspace members that ask for it.
    pub members: BTreeSet<&'s str>,
    /// The groups it is in.
    pub groups: BTreeSet<&'s str>,
    /// The first supplier stated.
    pub supplier: Option<&'s str>,
    /// The first CPE stated.
    pub cpe: Option<&'s str>,
    /// Where it is listed, in order.
    pub occurrences: Vec<Occurrence>,
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
        let mut items: Vec<(String, Item<'s>)> = Vec::new();
        let mut known: HashMap<(&Purl, String), u32> = HashMap::new();
        let mut places = Vec::with_capacity(files.len());
        for (file, at) in files.iter().zip(0u32..) {
            let mut here = Vec::with_capacity(file.components.len());
            for (component, position) in file.components.iter().zip(0u32..) {
                let part = part(component);
                let item = *known.entry((&component.purl, part)).or_insert_with_key(|(_, part)| {
                    items.push((part.clone(), new(component)));
                    u32::try_from(items.len() - 1).unwrap_or(u32::MAX)
                });
                if let Some((_, item)) = items.get_mut(item as usize) {
                    join(item, component);
                    item.occurrences.push(Occurrence { file: at, component: position });
                }
                here.push(item);
            }
            places.push(here);
        }
        let order = sort(&mut items);
        for item in places.iter_mut().flatten() {
            *item = order.get(*item as usize).copied().unwrap_or(*item);
        }
        let mut distinct = Distinct {
            items: items.into_iter().map(|(_, item)| item).collect(),
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

fn new(component: &Component) -> Item<'_> {
    Item {
        id: component.purl.to_string(),
        purl: &component.purl,
        requirement: component.requirement.as_deref(),
        relation: component.relation,
        scope: component.scope,
        hashes: BTreeSet::new(),
        origin: &component.origin,
        licence: None,
        members: BTreeSet::new(),
        groups: BTreeSet::new(),
        supplier: None,
        cpe: None,
        occurrences: Vec::new(),
    }
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

/// Brings items into order, makes their ids unique, and gives the new position of each old one.
fn sort(items: &mut Vec<(String, Item<'_>)>) -> Vec<u32> {
    let mut order: Vec<usize> = (0..items.len()).collect();
    order.sort_by(|a, b| {
        let key = |at: &usize| items.get(*at).map(|(part, item)| (item.purl, part));
        key(a).cmp(&key(b))
    });
    let mut places = vec![0u32; items.len()];
    for (new, old) in (0u32..).zip(&order) {
        if let Some(place) = places.get_mut(*old) {
            *place = new;
        }
    }
    let mut old: Vec<Option<(String, Item<'_>)>> = items.drain(..).map(Some).collect();
    items.extend(order.iter().filter_map(|at| old.get_mut(*at)?.take()));
    let mut uses: HashMap<String, usize> = HashMap::new();
    for (_, item) in items.iter() {
        *uses.entry(item.id.clone()).or_default() += 1;
    }
    for (part, item) in items.iter_mut() {
        if uses.get(&item.id).is_some_and(|n| *n > 1) {
            let digest = blake3::hash(part.as_bytes()).to_hex();
            item.id = format!("{}~{}", item.id, &digest[..12]);
        }
    }
    places
}
