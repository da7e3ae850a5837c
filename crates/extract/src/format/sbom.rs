//! What all readers of SBOMs share: entries and their references become an inventory.
//!
//! - An entry's purl is the one that the document states; failing that, a purl that stands as the
//!   entry's identifier; failing that, `pkg:generic` of group, name and version. Nothing else is
//!   guessed: a CPE or a file name does not make an npm package.
//! - Relation: what the document is about is *own*; what an own entry depends on is *direct*;
//!   what another entry depends on or contains is *transitive*; of the rest the document says
//!   nothing. That the product *contains* an entry does not make it direct: many generators
//!   write so of every package.
//! - Diagnostics are bounded: a document with a million bad entries gives a hundred, and a count.

use std::collections::{HashMap, HashSet};

use trimtab_model::{
    Code, Component, Diagnostic, DocumentInfo, FileInventory, Hash, Origin, Purl, Relation, Scope,
    Unmanaged, UnmanagedReason,
};

use super::sbom_texts::{distribution, is_range, known, origin_of, standard};
pub(super) use super::sbom_texts::{named, property, short, top_level};
use super::scopes::{self, UNKNOWN_WEAKEST};

/// The most diagnostics of one kind that one document gives.
const MAX_DIAGNOSTICS: usize = 100;
/// The most bytes of a licence. What is longer is the text of one, and an expression without its end is another one: it is
/// left out.
pub const MAX_LICENCE: usize = 16 << 10;
/// Licences above this are long.
const LONG_LICENCE: usize = 256;
/// The most bytes of all long licences together: one that is defined once may stand for each of many packages.
const MAX_LONG_LICENCES: usize = 64 << 20;

/// One entry of a document, as it spells it.
#[derive(Debug, Default)]
pub(super) struct Entry<'d> {
    pub id: Option<&'d str>,
    pub purl: Option<&'d str>,
    pub group: Option<&'d str>,
    pub name: Option<&'d str>,
    pub version: Option<&'d str>,
    pub requirement: Option<&'d str>,
    pub line: u32,
    pub own: bool,
    /// Stated outright; otherwise it follows from the graph.
    pub relation: Option<Relation>,
    pub scope: Scope,
    /// The scope does not follow from the graph.
    pub scope_is_stated: bool,
    pub hashes: Vec<Hash>,
    /// Stated outright; otherwise it follows from the purl's qualifiers or `distribution`.
    pub origin: Option<Origin>,
    pub distribution: Option<Origin>,
    pub licence: Option<Box<str>>,
    pub member: Option<&'d str>,
    pub groups: Vec<Box<str>>,
    pub supplier: Option<&'d str>,
    pub cpe: Option<&'d str>,
}

impl Entry<'_> {
    /// Takes over where a distribution reference points, unless the purl itself says where from.
    pub(super) fn distribution(&mut self, url: &str) {
        self.distribution = Some(distribution(url));
    }
}

/// What a link between two entries means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Link {
    /// The first needs the second; for what, where the document says so.
    Needs(Scope),
    /// The second is a part of the first.
    Contains,
}

/// A document on its way to an inventory.
#[derive(Default)]
pub(super) struct Bill<'d> {
    inventory: FileInventory,
    stated: Vec<(Option<Relation>, bool)>,
    ids: HashMap<&'d str, u32>,
    others: HashSet<&'d str>,
    links: Vec<(u32, u32, Link)>,
    waiting: Vec<(&'d str, &'d str, Link)>,
    malformed: usize,
    /// Bytes of long licences so far.
    long_licences: usize,
    scopes_from_links: bool,
}

impl<'d> Bill<'d> {
    /// A bill whose scopes follow from its links, where these say any (SPDX).
    pub(super) fn with_scopes_from_links() -> Bill<'d> {
        Bill { scopes_from_links: true, ..Bill::default() }
    }

    /// Keeps what the document says about itself.
    pub(super) fn document(&mut self, document: DocumentInfo) {
        self.inventory.document = Some(Box::new(document));
    }

    /// Adds an entry. `None` if it has neither purl nor name; that is told.
    pub(super) fn add(&mut self, entry: Entry<'d>) -> Option<u32> {
        let purl = self.identify(&entry)?;
        let mut component = Component::new(purl);
        component.line = Some(entry.line);
        component.relation = if entry.own { Relation::Own } else { Relation::Unknown };
        component.scope = entry.scope;
        component.hashes = entry.hashes;
        component.hashes.sort();
        component.hashes.dedup();
        component.origin = match (entry.origin, origin_of(&component.purl)) {
            (Some(stated), _) => stated,
            (None, Origin::Unstated) => entry.distribution.unwrap_or_default(),
            (None, from_purl) => from_purl,
        };
        component.licence = entry.licence.filter(|text| self.takes_licence(text, entry.line));
        component.member = entry.member.map(Into::into);
        component.groups = entry.groups;
        component.entry_id = entry.id.map(Into::into);
        component.supplier = entry.supplier.map(Into::into);
        component.cpe = entry.cpe.map(Into::into);
        component.requirement = entry.requirement.map(Into::into);
        if let Some(range) = component.purl.version().filter(|v| is_range(v)) {
            component.requirement = Some(range.into());
            component.purl.set_version("");
        }
        if component.purl.version().is_none() && component.requirement.is_some() {
            self.inventory.unmanaged.push(Unmanaged {
                reason: UnmanagedReason::FloatingVersion,
                package: Some(component.purl.package()),
                requirement: component.requirement.clone(),
                line: Some(entry.line),
            });
        }
        let position = self.inventory.add(component);
        self.stated.push((entry.relation, entry.scope_is_stated));
        if let Some(id) = entry.id {
            if self.ids.contains_key(id) {
                self.malformed(entry.line, format!("the identifier `{}` appears twice", short(id)));
            } else {
                self.ids.insert(id, position);
            }
        }
        Some(position)
    }

    /// Whether a licence is within bounds; that it is not is told.
    fn takes_licence(&mut self, text: &str, line: u32) -> bool {
        if text.len() > MAX_LICENCE {
            self.malformed(line, format!("a licence is above {MAX_LICENCE} bytes"));
            return false;
        }
        self.long_licences += if text.len() > LONG_LICENCE { text.len() } else { 0 };
        let is_long = text.len() > LONG_LICENCE && self.long_licences > MAX_LONG_LICENCES;
        if is_long {
            let message = format!("long licences are above {MAX_LONG_LICENCES} bytes together");
            self.malformed(line, message);
        }
        !is_long
    }

    /// The position of an entry by its identifier.
    pub(super) fn position(&self, id: &str) -> Option<u32> {
        self.ids.get(id).copied()
    }

    /// Whether the entry at a position is what the document is about.
    pub(super) fn is_own(&self, at: u32) -> bool {
        let component = self.inventory.components.get(at as usize);
        component.is_some_and(|c| c.relation == Relation::Own)
    }

    /// Notes an identifier of something that is no package, so that links to it are no mistake.
    pub(super) fn other(&mut self, id: &'d str) {
        self.others.insert(id);
    }

    /// Links two entries by position.
    pub(super) fn link(&mut self, from: u32, to: u32, link: Link) {
        self.links.push((from, to, link));
    }

    /// Links two entries by identifier, whether they were added already or come later.
    pub(super) fn link_ids(&mut self, from: &'d str, to: &'d str, link: Link) {
        self.waiting.push((from, to, link));
    }

    /// Tells of one entry that could not be understood.
    pub(super) fn malformed(&mut self, line: u32, message: String) {
        self.malformed += 1;
        if self.malformed <= MAX_DIAGNOSTICS {
            let diagnostic = Diagnostic::new(Code::EntryMalformed, message).at_line(line);
            self.inventory.diagnostics.push(diagnostic);
        }
    }

    /// Tells of something that is not about one entry.
    pub(super) fn diagnose(&mut self, diagnostic: Diagnostic) {
        self.inventory.diagnostics.push(diagnostic);
    }

    /// Tells that entries of another kind were left out.
    pub(super) fn ignored(&mut self, count: usize, what: &str, line: u32) {
        if count > 0 {
            let message = match count {
                1 => format!("1 {what} is not a package and was left out"),
                _ => format!("{count} {what}s are not packages and were left out"),
            };
            let diagnostic = Diagnostic::new(Code::EntryIgnored, message).at_line(line);
            self.inventory.diagnostics.push(diagnostic);
        }
    }

    /// The inventory.
    pub(super) fn finish(mut self) -> FileInventory {
        self.join_waiting();
        self.relate();
        if self.scopes_from_links {
            self.spread_scopes();
        }
        if self.malformed > MAX_DIAGNOSTICS {
            let more = self.malformed - MAX_DIAGNOSTICS;
            let message = format!("{more} more entries could not be understood");
            self.inventory.diagnostics.push(Diagnostic::new(Code::EntryMalformed, message));
        }
        self.inventory.edges = self.links.iter().map(|(from, to, _)| (*from, *to)).collect();
        self.inventory
    }

    fn identify(&mut self, entry: &Entry<'d>) -> Option<Purl> {
        let mut fault = None;
        let stated = entry.purl.map(str::trim).filter(|p| !p.is_empty());
        let id = entry.id.filter(|id| id.starts_with("pkg:"));
        let mut found = None;
        for text in stated.into_iter().chain(id) {
            match Purl::parse(text) {
                Ok(purl) => {
                    found = Some(standard(purl));
                    break;
                }
                Err(e) if fault.is_none() && stated.is_some() => fault = Some((text, e)),
                Err(_) => {}
            }
        }
        if let Some((text, e)) = fault {
            self.malformed(entry.line, format!("`{}` is not a purl: {e}", short(text)));
        }
        let name = entry.name.map(str::trim).filter(|n| !n.is_empty());
        let purl = found.or_else(|| {
            Purl::build("generic", entry.group.map(str::trim), name?, None, [], None).ok()
        });
        let Some(mut purl) = purl else {
            let id = entry.id.map(|id| format!(" (`{}`)", short(id))).unwrap_or_default();
            self.malformed(entry.line, format!("an entry{id} has neither a purl nor a name"));
            return None;
        };
        if purl.version().is_none()
            && let Some(version) = entry.version.and_then(known)
        {
            purl.set_version(version);
        }
        Some(purl)
    }

    fn join_waiting(&mut self) {
        let (mut missing, mut first) = (0usize, None);
        for (from, to, link) in std::mem::take(&mut self.waiting) {
            match (self.ids.get(from), self.ids.get(to)) {
                (Some(from), Some(to)) => self.links.push((*from, *to, link)),
                (known, _) => {
                    let absent = if known.is_some() { to } else { from };
                    // A link into another document is for whoever has that document.
                    let elsewhere =
                        absent.starts_with("urn:cdx:") || absent.starts_with("DocumentRef-");
                    if !elsewhere && !self.others.contains(absent) {
                        missing += 1;
                        first.get_or_insert(absent);
                    }
                }
            }
        }
        if let Some(first) = first {
            let message = format!(
                "links name entries that the document does not have: {missing} (the first: `{}`)",
                short(first)
            );
            self.inventory.diagnostics.push(Diagnostic::new(Code::ReferenceMissing, message));
        }
    }

    fn relate(&mut self) {
        let components = &mut self.inventory.components;
        let own: Vec<bool> = components.iter().map(|c| c.relation == Relation::Own).collect();
        let relations = relations(&own, &self.links);
        let stated = self.stated.iter().map(|(stated, _)| *stated);
        for ((component, relation), stated) in components.iter_mut().zip(relations).zip(stated) {
            component.relation = stated.unwrap_or(relation);
        }
    }

    fn spread_scopes(&mut self) {
        let components = &mut self.inventory.components;
        let relations: Vec<Relation> = components.iter().map(|c| c.relation).collect();
        let scopes = scopes(&relations, &self.links);
        let stated = self.stated.iter().map(|(_, is_stated)| *is_stated);
        for ((component, scope), is_stated) in components.iter_mut().zip(scopes).zip(stated) {
            component.scope = scope.filter(|_| !is_stated).unwrap_or(component.scope);
        }
    }
}

/// The relation of each entry, by which ones are the project's own and by the links between them; see the module.
pub(super) fn relations(own: &[bool], links: &[(u32, u32, Link)]) -> Vec<Relation> {
    let begun = |own: &bool| if *own { Relation::Own } else { Relation::Unknown };
    let mut relations: Vec<Relation> = own.iter().map(begun).collect();
    for (from, to, link) in links {
        let (from, to) = (*from as usize, *to as usize);
        if from == to || own[to] {
            continue;
        }
        let relation = match (own[from], link) {
            (true, Link::Needs(_)) => Relation::Direct,
            (true, Link::Contains) => continue,
            (false, _) => Relation::Transitive,
        };
        // Direct wins: the project asks for it, whoever else does.
        if relations[to] != Relation::Direct {
            relations[to] = relation;
        }
    }
    relations
}

/// The scope of each entry by the links: the strongest over all paths to it; the scope of a path is its weakest link. A
/// link without a scope weakens nothing. `None`: it does not follow from the links.
pub(super) fn scopes(relations: &[Relation], links: &[(u32, u32, Link)]) -> Vec<Option<Scope>> {
    let any = |(_, _, link): &(u32, u32, Link)| {
        !matches!(link, Link::Contains | Link::Needs(Scope::Unknown))
    };
    if !links.iter().any(any) {
        return vec![None; relations.len()];
    }
    let edges =
        links.iter().filter(|(from, to, _)| from != to).map(|(from, to, link)| match link {
            Link::Needs(Scope::Unknown) | Link::Contains => (*from, *to, Scope::Runtime),
            Link::Needs(scope) => (*from, *to, *scope),
        });
    let mut has_parent = vec![false; relations.len()];
    for (_, to, _) in edges.clone() {
        has_parent[to as usize] = true;
    }
    let roots = (0u32..).zip(relations.iter().zip(&has_parent));
    let roots = roots.filter(|(_, (is, has_parent))| **is == Relation::Own || !**has_parent);
    let seeds: Vec<(u32, Scope)> = roots.map(|(at, _)| (at, Scope::Runtime)).collect();
    let best = scopes::widest(relations.len(), edges, seeds, &UNKNOWN_WEAKEST);
    let one = |(best, has_parent): (Option<Scope>, bool)| {
        has_parent.then(|| best.unwrap_or(Scope::Unknown))
    };
    best.into_iter().zip(has_parent).map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_too_long_are_left_out_and_told() {
        let mut bill = Bill::default();
        let mut add = |name: &'static str, length: usize| {
            let licence = Some("x".repeat(length).into());
            bill.add(Entry { name: Some(name), licence, ..Entry::default() });
        };
        add("a", MAX_LICENCE);
        add("b", MAX_LICENCE + 1);
        // Together they are bounded too, and short ones never.
        (0..MAX_LONG_LICENCES / MAX_LICENCE - 1).for_each(|_| add("c", MAX_LICENCE));
        add("d", LONG_LICENCE + 1);
        add("e", LONG_LICENCE);
        let inventory = bill.finish();
        let without = inventory.components.iter().filter(|c| c.licence.is_none());
        assert_eq!(without.map(|c| c.purl.name()).collect::<Vec<_>>(), ["b", "d"]);
        assert_eq!(inventory.diagnostics.len(), 2);
    }

    #[test]
    fn a_name_of_a_licence_that_is_its_text_does_not_stand_for_it() {
        let licence = |length: usize| {
            let name = "x".repeat(length);
            let document = format!(
                "SPDXVersion: SPDX-2.3\nPackageName: a\nPackageLicenseDeclared: LicenseRef-1\n\
                 LicenseID: LicenseRef-1\nLicenseName: {name}\n"
            );
            let inventory = crate::scan_document("document", document.into_bytes());
            inventory.files[0].components[0].licence.clone().unwrap().len()
        };
        assert_eq!(licence(MAX_LICENCE), MAX_LICENCE);
        assert_eq!(licence(MAX_LICENCE + 1), "LicenseRef-1".len());
    }

    #[test]
    fn scopes_are_the_strongest_over_all_paths() {
        let mut bill = Bill::with_scopes_from_links();
        for name in ["app", "dev", "shared", "lib", "only-dev"] {
            bill.add(Entry {
                id: Some(name),
                name: Some(name),
                own: name == "app",
                ..Entry::default()
            });
        }
        bill.link_ids("app", "dev", Link::Needs(Scope::Development));
        bill.link_ids("app", "lib", Link::Needs(Scope::Unknown));
        bill.link_ids("dev", "shared", Link::Needs(Scope::Unknown));
        bill.link_ids("dev", "only-dev", Link::Needs(Scope::Unknown));
        bill.link_ids("lib", "shared", Link::Needs(Scope::Unknown));
        bill.link_ids("lib", "nowhere", Link::Needs(Scope::Unknown));
        let inventory = bill.finish();
        let scopes: Vec<_> = inventory.components.iter().map(|c| (c.scope, c.relation)).collect();
        assert_eq!(
            scopes,
            [
                (Scope::Unknown, Relation::Own),
                (Scope::Development, Relation::Direct),
                (Scope::Runtime, Relation::Transitive),
                (Scope::Runtime, Relation::Direct),
                (Scope::Development, Relation::Transitive),
            ]
        );
        assert_eq!(inventory.diagnostics.len(), 1);
    }
}
