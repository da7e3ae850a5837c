//! What large documents in SPDX have in common: first their graph, for relations and scopes of packages; then the packages
//! by blocks, for all that is said of themselves.

use serde_json::Value;
use trimtab_extract::format::spdx_graph;
use trimtab_model::{Relation, Scope};

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
        self.graph.relationship(from, kind, to);
        self.one_more()
    }

    /// The document describes this.
    pub(super) fn describes(&mut self, id: &str) -> Result<(), Refused> {
        self.graph.describes(id);
        self.one_more()
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
            let row = self.rows.add(&component, scope);
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
    pub(super) fn finish(self) -> Distinct {
        let said = |((component, scope), relation): (_, Option<Relation>)| {
            (component, Said { scope, relation: relation.unwrap_or_default(), files: 1 })
        };
        self.rows.all.into_iter().zip(self.relations).map(said).unzip()
    }
}

/// The name of a package by its place in the list, and back.
pub(super) fn name(place: usize) -> String {
    format!("n{place}")
}

fn place(name: &str) -> Option<usize> {
    name.strip_prefix('n')?.parse().ok()
}
