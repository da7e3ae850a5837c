//! Whether an SBOM has the minimum elements, and how good it is.
//!
//! Follows *The Minimum Elements for a Software Bill of Materials* (NTIA, July 2021) and the draft
//! of its successor (CISA, August 2025), which adds component hash, licence, tool name and
//! generation context. Only what stands in a document can be judged: frequency, distribution and
//! access are practices.
//!
//! One rule, one table line. The score is the weighted mean of the rules' shares, 0–100, of all
//! elements of both documents; a rule about nothing (no components) counts as not met. Elements
//! that no component can have here (the author of a lockfile) count as missing: a lockfile is no SBOM.

use std::fmt;

use trimtab_model::{
    Component, DocumentInfo, FileInventory, HashAlgorithm, Inventory, Purl, Relation,
};

/// One element that a document asks for.
#[derive(Debug, Clone, Copy)]
pub struct Rule {
    /// Stable id.
    pub id: &'static str,
    /// The element's name.
    pub title: &'static str,
    /// Whether NTIA 2021 asks for it.
    pub ntia: bool,
    /// Whether the draft of CISA 2025 asks for it.
    pub cisa: bool,
    /// Its share of the score.
    pub weight: u32,
    test: Test,
}

#[derive(Debug, Clone, Copy)]
enum Test {
    Component(fn(&FileInventory, usize, &Component) -> bool),
    Document(fn(&FileInventory, Option<&DocumentInfo>) -> bool),
}

/// Every rule, in the order of telling.
pub const RULES: &[Rule] = &[
    // id, title, NTIA, CISA, weight
    component("component-name", "Component name", true, true, 10, |_, _, c| {
        !c.purl.name().is_empty()
    }),
    component("component-version", "Component version", true, true, 15, |_, _, c| {
        c.purl.version().is_some()
    }),
    component(
        "software-identifier",
        "Software identifier (purl, CPE)",
        true,
        true,
        15,
        |_, _, c| {
            c.purl.purl_type() != "generic"
                || c.cpe.is_some()
                || c.purl.qualifiers().next().is_some()
        },
    ),
    component("software-producer", "Supplier or producer", true, true, 10, |_, _, c| {
        c.supplier.is_some()
    }),
    component("dependency", "Dependency relationship", true, true, 15, |file, at, c| {
        // Edges are sorted by who asks; the other direction is looked up in a mark per component.
        c.relation == Relation::Own || c.relation == Relation::Direct || linked(file, at)
    }),
    component("component-hash", "Component hash", false, true, 8, |_, _, c| {
        c.hashes.iter().any(|h| !matches!(h.algorithm, HashAlgorithm::Md5))
    }),
    component("licence", "Licence", false, true, 8, |_, _, c| c.licence.is_some()),
    document("author", "Author of the SBOM", true, true, 5, |_, d| {
        d.is_some_and(|d| !d.authors.is_empty())
    }),
    document("timestamp", "Timestamp (ISO 8601)", true, true, 5, |_, d| {
        d.and_then(|d| d.created.as_deref()).is_some_and(is_time)
    }),
    document("tool-name", "Tool name", false, true, 4, |_, d| {
        d.is_some_and(|d| !d.tools.is_empty())
    }),
    document("generation-context", "Generation context", false, true, 3, |_, d| {
        d.is_some_and(|d| !d.contexts.is_empty())
    }),
    document("machine-readable", "Known format (SPDX, CycloneDX)", true, true, 2, |f, _| {
        f.format.starts_with("cyclonedx") || f.format.starts_with("spdx")
    }),
];

const fn component(
    id: &'static str,
    title: &'static str,
    ntia: bool,
    cisa: bool,
    weight: u32,
    test: fn(&FileInventory, usize, &Component) -> bool,
) -> Rule {
    Rule { id, title, ntia, cisa, weight, test: Test::Component(test) }
}

const fn document(
    id: &'static str,
    title: &'static str,
    ntia: bool,
    cisa: bool,
    weight: u32,
    test: fn(&FileInventory, Option<&DocumentInfo>) -> bool,
) -> Rule {
    Rule { id, title, ntia, cisa, weight, test: Test::Document(test) }
}

/// Whether an edge starts at a component; edges are sorted. Whoever is asked for is transitive
/// or direct, and then its relation says so.
fn linked(file: &FileInventory, at: usize) -> bool {
    let first = file.edges.partition_point(|(from, _)| (*from as usize) < at);
    let asks = file.edges.get(first).is_some_and(|(from, _)| *from as usize == at);
    let relation = file.components.get(at).map(|c| c.relation);
    asks || relation == Some(Relation::Transitive)
}

fn is_time(text: &str) -> bool {
    text.parse::<jiff::Timestamp>().is_ok() || text.parse::<jiff::civil::DateTime>().is_ok()
}

/// What one rule found.
#[derive(Debug, Clone)]
pub struct Outcome {
    /// The rule.
    pub rule: &'static Rule,
    /// How many components, or documents, have the element.
    pub met: usize,
    /// How many there are.
    pub of: usize,
    /// What lacks it: components by purl, or documents by path. Sorted, without repeats.
    pub missing: Vec<Lacking>,
}

/// Something that lacks an element.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lacking {
    /// A component.
    Component(Purl),
    /// A document, by its path.
    Document(Box<str>),
}

impl Outcome {
    /// Whether everything has the element.
    pub fn is_met(&self) -> bool {
        self.of > 0 && self.met == self.of
    }
}

/// What all rules found.
#[derive(Debug, Clone)]
pub struct Check {
    /// In the order of [`RULES`].
    pub outcomes: Vec<Outcome>,
    /// 0–100, rounded down: 100 means that nothing is missing.
    pub score: u32,
    /// Whether NTIA's elements are all there.
    pub ntia: bool,
    /// Whether the elements of CISA's draft are all there.
    pub cisa: bool,
}

/// Checks every component and every file with components or a document of its own.
pub fn check(inventory: &Inventory) -> Check {
    let files: Vec<&FileInventory> = inventory
        .files
        .iter()
        .filter(|f| f.document.is_some() || !f.components.is_empty())
        .collect();
    let outcomes: Vec<Outcome> = RULES.iter().map(|rule| outcome(rule, &files)).collect();
    let all: u64 = RULES.iter().map(|r| u64::from(r.weight)).sum();
    // In whole numbers, so that the score is the same on every machine.
    let share = |o: &Outcome| match o.of {
        0 => 0,
        of => u64::from(o.rule.weight) * 10_000 * o.met as u64 / of as u64,
    };
    let score = outcomes.iter().map(share).sum::<u64>() / all.max(1) / 100;
    let complete =
        |asks: fn(&Rule) -> bool| outcomes.iter().filter(|o| asks(o.rule)).all(Outcome::is_met);
    let (ntia, cisa) = (complete(|r| r.ntia), complete(|r| r.cisa));
    Check { score: u32::try_from(score).unwrap_or(100), ntia, cisa, outcomes }
}

fn outcome(rule: &'static Rule, files: &[&FileInventory]) -> Outcome {
    let mut outcome = Outcome { rule, met: 0, of: 0, missing: Vec::new() };
    for file in files {
        match rule.test {
            Test::Document(test) => {
                outcome.of += 1;
                if test(file, file.document.as_deref()) {
                    outcome.met += 1;
                } else {
                    outcome.missing.push(Lacking::Document(file.path.clone()));
                }
            }
            Test::Component(test) => {
                outcome.of += file.components.len();
                for (at, component) in file.components.iter().enumerate() {
                    if test(file, at, component) {
                        outcome.met += 1;
                    } else {
                        outcome.missing.push(Lacking::Component(component.purl.clone()));
                    }
                }
            }
        }
    }
    outcome.missing.sort();
    outcome.missing.dedup();
    outcome
}

impl fmt::Display for Lacking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Lacking::Component(purl) => purl.fmt(f),
            Lacking::Document(path) => f.write_str(path),
        }
    }
}

/// How many of those that lack an element are named in the text.
const NAMED: usize = 5;

impl fmt::Display for Check {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<34} {:>5} {:>5} {:>15}", "element", "NTIA", "CISA", "present")?;
        let mark = |asked: bool| if asked { "yes" } else { "–" };
        for o in &self.outcomes {
            let present = format!("{} of {}", o.met, o.of);
            let (ntia, cisa) = (mark(o.rule.ntia), mark(o.rule.cisa));
            writeln!(f, "{:<34} {ntia:>5} {cisa:>5} {present:>15}", o.rule.title)?;
            for lacking in o.missing.iter().take(NAMED) {
                let name: String = lacking.to_string().chars().take(84).collect();
                writeln!(f, "    lacks it: {name}")?;
            }
            if o.missing.len() > NAMED {
                writeln!(f, "    and {} more", o.missing.len() - NAMED)?;
            }
        }
        let word = |met: bool| if met { "complete" } else { "incomplete" };
        writeln!(f, "score {} of 100", self.score)?;
        writeln!(f, "NTIA 2021 {}, CISA 2025 (draft) {}", word(self.ntia), word(self.cisa))
    }
}
