//! What large documents in SPDX have in common: first their graph, for relations and scopes of packages; then the packages
//! by blocks, for all that is said of themselves.

use serde_json::Value;
use trimtab_extract::format::spdx_graph;
use trimtab_model::{Purl, Relation, Scope};

use super::{Distinct, MOST_COMPONENTS, MOST_LINKS, Part, Refused, Rows, Said, nearer};

/// The graph of a document, within bounds.
#[derive(Default)]
pub(super) struct Graph {
    graph: spdx_graph::Graph,
    /// Packages so far.
    count: usize,
    /// Relationships so far.
    links: usize,
}

impl Graph {
    /// The next package.
    pub(super) fn package(
        &mut self,
        is_named: bool,
        id: Option<&str>,
        comment: &str,
    ) -> Result<(), Refused> {
        self.graph.package(is_named, id, comment);
        self.count += 1;
        if self.count > MOST_COMPONENTS {
            let message = format!("it lists more than {MOST_COMPONENTS} packages");
            return Err(Refused::Unreadable(message));
        }
        Ok(())
    }

    /// A relationship, in the words of SPDX 2.
    pub(super) fn relationship(&mut self, from: &str, kind: &str, to: &str) -> Result<(), Refused> {
        self.relate(self.digest(from), kind, self.digest(to))
    }

    /// The same between elements by their digests.
    pub(super) fn relate(&mut self, from: u64, kind: &str, to: u64) -> Result<(), Refused> {
        self.graph.relationship(from, kind, to);
        self.one_more()
    }

    /// The document describes this.
    pub(super) fn describes(&mut self, id: u64) -> Result<(), Refused> {
        self.graph.describes(id);
        self.one_more()
    }

    /// The digest of an identifier.
    pub(super) fn digest(&self, id: &str) -> u64 {
        self.graph.digest(id)
    }

    fn one_more(&mut self) -> Result<(), Refused> {
        self.links += 1;
        if self.links > MOST_LINKS {
            return Err(Refused::Unreadable(format!("it has more than {MOST_LINKS} links")));
        }
        Ok(())
    }

    /// What the graph says of the packages.
    pub(super) fn read(self) -> Result<Packages, Refused> {
        let facts = self.graph.facts();
        if facts.iter().all(Option::is_none) {
            return Err(Refused::Unreadable("it lists no components".to_owned()));
        }
        let (rows, relations) = (Rows::default(), Vec::new());
        Ok(Packages { part: Part::new()?, facts, count: 0, rows, relations })
    }
}

/// The packages of a document, of which the graph is known.
pub(super) struct Packages {
    part: Part,
    /// Relation and scope of each package, by its place in the list. `None`: it is no component.
    facts: Vec<Option<(Relation, Scope)>>,
    /// Packages so far.
    count: usize,
    rows: Rows,
    /// Of each row.
    relations: Vec<Option<Relation>>,
}

impl Packages {
    /// The next package: its place, if it is a component and not the project's own.
    pub(super) fn next(&mut self) -> Option<usize> {
        let at = self.count;
        self.count += 1;
        let fact = self.facts.get(at).copied().flatten();
        fact.is_some_and(|(relation, _)| relation != Relation::Own).then_some(at)
    }

    /// Has packages read that are a document of their own. Their names by place are their identifiers.
    pub(super) fn read(&mut self, document: &Value) -> Result<(), Refused> {
        for component in self.part.scanned(|out| Ok(serde_json::to_writer(out, document)?))? {
            let place = component.entry_id.as_deref().and_then(place);
            let fact = place.and_then(|at| self.facts.get(at).copied().flatten());
            let Some((relation, scope)) = fact else { continue };
            let row = self.rows.add(&component, scope)?;
            if row == self.relations.len() {
                self.relations.push(None);
            }
            if let Some(held) = self.relations.get_mut(row) {
                nearer(held, relation);
            }
        }
        Ok(())
    }

    /// What was read.
    pub(super) fn finish(self) -> Result<Distinct, Refused> {
        // A list of nothing says that all is gone, which only a document of the project itself may say.
        let is_own = |fact: &Option<_>| matches!(fact, Some((Relation::Own, _)));
        if self.rows.all.is_empty() && !self.facts.iter().any(is_own) {
            return Err(Refused::Unreadable("it lists no components".to_owned()));
        }
        let said = |((component, scope), relation): (_, Option<Relation>)| {
            (component, Said { scope, relation: relation.unwrap_or_default(), files: 1 })
        };
        Ok(self.rows.all.into_iter().zip(self.relations).map(said).unzip())
    }
}

/// The purl of a package, as the reader of whole documents has it: the one that it states, and failing that its identifier.
pub(super) fn purl<'d>(stated: Option<&'d str>, id: Option<&'d str>) -> Option<&'d str> {
    let id = id.filter(|id| id.starts_with("pkg:"));
    stated.into_iter().chain(id).find(|text| Purl::parse(text).is_ok())
}

/// Whether a package has a purl, or a name that stands in for one.
pub(super) fn is_named(name: &Value, purl: Option<&str>) -> bool {
    let name_is = |name: &str| Purl::build("generic", None, name.trim(), None, [], None).is_ok();
    purl.is_some()
        || match name {
            Value::String(name) => !name.trim().is_empty() && name_is(name),
            Value::Number(_) | Value::Bool(_) => true,
            _ => false,
        }
}

/// The name of a package by its place in the list, and back.
pub(super) fn name(place: usize) -> String {
    format!("n{place}")
}

fn place(name: &str) -> Option<usize> {
    name.strip_prefix('n')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_list_of_nothing_is_taken_only_of_the_project_itself() {
        for (comment, is_taken) in [("trimtab:relation=own", true), ("", false)] {
            let mut graph = Graph::default();
            graph.package(true, Some("a"), comment).unwrap();
            let read = graph.read().unwrap().finish();
            assert_eq!(read.is_ok(), is_taken, "{comment}");
        }
    }

    #[test]
    fn what_is_stated_and_no_purl_leaves_it_to_the_identifier() {
        let (good, id) = (Some(" pkg:npm/a@1"), Some("pkg:npm/b@1"));
        assert_eq!(purl(good, id), good);
        for bad in [None, Some(""), Some("pkg:bad"), Some("a")] {
            assert_eq!(purl(bad, id), id);
            assert_eq!(purl(bad, Some("SPDXRef-a")), None);
            assert_eq!(purl(bad, Some("pkg:bad")), None);
        }
        assert!(is_named(&"a".into(), None) && is_named(&1.into(), None));
        assert!(!is_named(&" ".into(), None) && !is_named(&Value::Null, None));
        assert!(is_named(&Value::Null, id));
    }
}
