//! What large documents in SPDX have in common: first their graph, a document of tags and values in which packages have
//! nothing but short names, for their relations and scopes; then the packages by blocks, for all that is said of
//! themselves.

use std::fs::File;
use std::hash::{BuildHasher, RandomState};
use std::io::{BufWriter, Write};

use serde_json::Value;
use trimtab_model::{Relation, Scope};

use super::{Distinct, MOST_COMPONENTS, Part, Refused, Rows, Said, internal, nearer};

/// Of identifiers that stand for those of the document.
const DIGITS: &[u8; 64] = b"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_-";

/// The graph of a document, on its way to the scanner's reader.
pub(super) struct Graph {
    part: Part,
    out: BufWriter<File>,
    /// Packages so far.
    count: usize,
    hasher: RandomState,
}

impl Graph {
    pub(super) fn new() -> Result<Graph, Refused> {
        let part = Part::new()?;
        let mut out = part.begun()?;
        let head = "SPDXVersion: SPDX-2.3\nSPDXID: SPDXRef-DOCUMENT\n";
        out.write_all(head.as_bytes()).map_err(internal)?;
        Ok(Graph { part, out, count: 0, hasher: RandomState::new() })
    }

    /// The next package.
    pub(super) fn package(
        &mut self,
        is_named: bool,
        id: Option<&str>,
        comment: &str,
    ) -> Result<(), Refused> {
        let name = if is_named { name(self.count) } else { String::new() };
        let mut tags = format!("PackageName: {name}\n");
        if let Some(id) = id {
            tags.push_str(&format!("SPDXID: {}\n", self.short(id)));
        }
        // Of a comment, what generators say in lines of `name=value`.
        let said = |line: &&str| line.contains('=') && !line.contains("text>");
        let said: Vec<&str> = comment.lines().filter(said).collect();
        if !said.is_empty() {
            tags.push_str(&format!("PackageComment: <text>{}</text>\n", said.join("\n")));
        }
        self.count += 1;
        if self.count > MOST_COMPONENTS {
            let message = format!("it lists more than {MOST_COMPONENTS} packages");
            return Err(Refused::Unreadable(message));
        }
        self.out.write_all(tags.as_bytes()).map_err(internal)
    }

    /// A relationship, in the words of SPDX 2.
    pub(super) fn relationship(&mut self, from: &str, kind: &str, to: &str) -> Result<(), Refused> {
        let (from, to) = (self.short(from), self.short(to));
        writeln!(self.out, "Relationship: {from} {kind} {to}").map_err(internal)
    }

    /// The document describes this.
    pub(super) fn describes(&mut self, id: &str) -> Result<(), Refused> {
        let id = self.short(id);
        writeln!(self.out, "Relationship: SPDXRef-DOCUMENT DESCRIBES {id}").map_err(internal)
    }

    /// Identifiers are as long as generators like; these are short.
    fn short(&self, id: &str) -> String {
        let mut rest = self.hasher.hash_one(id);
        let mut short = String::with_capacity(11);
        while short.is_empty() || rest > 0 {
            let digit = usize::try_from(rest % 64).ok().and_then(|at| DIGITS.get(at));
            short.push(digit.map_or('0', |digit| char::from(*digit)));
            rest /= 64;
        }
        short
    }

    /// What the graph says of the packages.
    pub(super) fn read(mut self) -> Result<Packages, Refused> {
        self.out.flush().map_err(internal)?;
        let mut facts = vec![None; self.count];
        for component in self.part.found()? {
            let place = place(component.purl.name());
            if let Some(fact) = place.and_then(|at| facts.get_mut(at)) {
                *fact = Some((component.relation, component.scope));
            }
        }
        if facts.iter().all(Option::is_none) {
            return Err(Refused::Unreadable("it lists no components".to_owned()));
        }
        let (rows, relations) = (Rows::default(), Vec::new());
        Ok(Packages { part: self.part, facts, count: 0, rows, relations })
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
