//! What the lockfiles of Poetry and PDM have in common: digests of the files of a package, and the
//! project beside them, whose requirements are the roots of their graph.

use trimtab_model::{FileInventory, Hash, Relation};

use super::{poetry_range, pypi, pyproject};
use crate::read::tree::Value;

/// The digests of a list of files, each a table with a `hash`.
pub(super) fn file_hashes(files: Option<Value<'_>>) -> Vec<Hash> {
    let files = files.into_iter().flat_map(Value::items);
    files.filter_map(|file| pypi::hash(file.str("hash")?)).collect()
}

/// The candidates that satisfy a constraint; all of them where that cannot be told.
pub(super) fn matching(candidates: &[u32], constraint: &str, out: &FileInventory) -> Vec<u32> {
    if candidates.len() < 2 {
        return candidates.to_vec();
    }
    let version = |i: &u32| out.components.get(*i as usize).and_then(|c| c.purl.version());
    let fits = |i: &u32| version(i).is_some_and(|v| poetry_range::holds(constraint, v));
    let fitting: Vec<u32> = candidates.iter().copied().filter(fits).collect();
    if fitting.is_empty() { candidates.to_vec() } else { fitting }
}

/// What the project asks for: the roots of the graph. The project itself, where no entry is it.
pub(super) fn seed(
    project: &pyproject::Project,
    names: &pypi::Names,
    out: &mut FileInventory,
    graph: &mut pypi::Graph,
) {
    let mut direct = Vec::new();
    for asked in &project.asked {
        let constraint = asked.asks.split(';').next().unwrap_or("*");
        for to in matching(names.of(&asked.name), constraint, out) {
            graph.seed(to, asked.scope);
            for extra in &asked.extras {
                let node = graph.extra(to, extra);
                graph.seed(node, asked.scope);
            }
            if let Some(component) = out.components.get_mut(to as usize) {
                component.relation = Relation::Direct;
            }
            direct.push(to);
        }
    }
    let listed = out.components.iter().position(|c| c.relation == Relation::Own);
    let own = listed.and_then(|i| u32::try_from(i).ok()).or_else(|| project.add_own(out));
    for to in direct {
        if let Some(own) = own {
            out.edge(own, to);
        }
    }
}
