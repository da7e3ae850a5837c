//! What a need is for, spread along edges: a package is needed for whatever the package that asks
//! for it is needed for. The strongest need over all paths wins, and a path is as weak as its
//! weakest ask.

use trimtab_model::{FileInventory, Relation, Scope};

/// Scopes from the weakest to the strongest.
pub(super) type Order = [Scope; 6];

/// What is unknown says least: it counts where nothing else is known.
pub(super) const UNKNOWN_WEAKEST: Order = [
    Scope::Unknown,
    Scope::Test,
    Scope::Development,
    Scope::Build,
    Scope::Optional,
    Scope::Runtime,
];

/// What is unknown may be a runtime need: it is never guessed to be less.
pub(super) const UNKNOWN_BELOW_RUNTIME: Order = [
    Scope::Test,
    Scope::Development,
    Scope::Build,
    Scope::Optional,
    Scope::Unknown,
    Scope::Runtime,
];

/// The place of a scope in an order.
pub(super) fn rank(order: &Order, scope: Scope) -> usize {
    order.iter().position(|s| *s == scope).unwrap_or(0)
}

/// The strongest scope by which each of `count` nodes is reached from the seeds; `None` for what
/// nothing leads to. An edge has who asks, what is asked for, and what for. A node rises at most
/// once for each scope, so the time is linear in nodes and edges; edges to nodes that do not exist
/// are ignored.
pub(super) fn widest(
    count: usize,
    edges: impl Iterator<Item = (u32, u32, Scope)> + Clone,
    seeds: impl IntoIterator<Item = (u32, Scope)>,
    order: &Order,
) -> Vec<Option<Scope>> {
    // Edges by their start: positions in one list, so that a node costs no list of its own.
    let mut starts = vec![0usize; count + 1];
    for (from, ..) in edges.clone() {
        if let Some(start) = starts.get_mut((from as usize).saturating_add(1)) {
            *start += 1;
        }
    }
    for i in 1..starts.len() {
        starts[i] += starts[i - 1];
    }
    let mut fill = starts.clone();
    let mut targets = vec![(u32::MAX, 0usize); starts[count]];
    for (from, to, scope) in edges.filter(|(from, ..)| (*from as usize) < count) {
        let place = &mut fill[from as usize];
        targets[*place] = (to, rank(order, scope));
        *place += 1;
    }
    let mut best: Vec<Option<usize>> = vec![None; count];
    let mut waiting: [Vec<u32>; 6] = Default::default();
    let reach = |best: &mut [Option<usize>], waiting: &mut [Vec<u32>; 6], to: u32, rank| {
        if let Some(slot) = best.get_mut(to as usize).filter(|s| s.is_none_or(|held| held < rank)) {
            *slot = Some(rank);
            waiting[rank].push(to);
        }
    };
    for (node, scope) in seeds {
        reach(&mut best, &mut waiting, node, rank(order, scope));
    }
    for level in (0..waiting.len()).rev() {
        while let Some(at) = waiting[level].pop() {
            let at = at as usize;
            // It rose further since it was put there.
            if best[at] != Some(level) {
                continue;
            }
            for &(to, ask) in &targets[starts[at]..starts[at + 1]] {
                reach(&mut best, &mut waiting, to, level.min(ask));
            }
        }
    }
    best.into_iter().map(|rank| rank.map(|rank| order[rank])).collect()
}

/// [`widest`] where an edge weakens nothing, and what is unknown says least.
pub(super) fn spread(
    count: usize,
    edges: &[(u32, u32)],
    seeds: &[(u32, Scope)],
) -> Vec<Option<Scope>> {
    let edges = edges.iter().map(|(from, to)| (*from, *to, Scope::Runtime));
    widest(count, edges, seeds.iter().copied(), &UNKNOWN_WEAKEST)
}

/// Spreads the scope of every direct dependency of a file over all that it brings in. A member of
/// the workspace that another one needs spreads the scope it was given. What is reached and had
/// no relation becomes transitive.
pub(crate) fn spread_from_direct(file: &mut FileInventory) {
    let seeds: Vec<(u32, Scope)> = (0u32..)
        .zip(&file.components)
        .filter(|(_, c)| matches!(c.relation, Relation::Direct | Relation::Own))
        .map(|(at, c)| (at, c.scope))
        .filter(|(_, scope)| *scope != Scope::Unknown)
        .collect();
    let reached = spread(file.components.len(), &file.edges, &seeds);
    for (component, scope) in file.components.iter_mut().zip(reached) {
        let Some(scope) = scope else { continue };
        if component.relation != Relation::Own {
            component.scope = component.scope.max(scope);
        }
        if component.relation == Relation::Unknown {
            component.relation = Relation::Transitive;
        }
    }
}

/// Marks relations where a file lists everything that is needed and who needs it, and nothing
/// else: what nobody asks for must be what the project asks for.
pub(crate) fn relate_by_edges(file: &mut FileInventory) {
    let mut wanted = vec![false; file.components.len()];
    for &(_, to) in &file.edges {
        if let Some(flag) = wanted.get_mut(to as usize) {
            *flag = true;
        }
    }
    for (component, wanted) in file.components.iter_mut().zip(wanted) {
        if component.relation == Relation::Unknown {
            component.relation = if wanted { Relation::Transitive } else { Relation::Direct };
        }
    }
}

/// What has no relation yet is transitive, where the file has said all that is direct.
pub(crate) fn relate_rest(file: &mut FileInventory) {
    for component in &mut file.components {
        if component.relation == Relation::Unknown {
            component.relation = Relation::Transitive;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use trimtab_model::{Component, Purl};

    #[test]
    fn the_strongest_need_wins_along_all_paths() {
        // 0 → 1 → 2, 3 → 2, 4 → 4, 5 alone
        let edges = [(0, 1), (1, 2), (3, 2), (4, 4), (9, 1), (1, 99)];
        let seeds = [(0, Scope::Development), (3, Scope::Runtime), (4, Scope::Test)];
        let (dev, run) = (Some(Scope::Development), Some(Scope::Runtime));
        assert_eq!(spread(6, &edges, &seeds), [dev, dev, run, run, Some(Scope::Test), None]);
        assert_eq!(spread(0, &edges, &seeds), []);
    }

    #[test]
    fn a_path_is_as_weak_as_its_weakest_ask() {
        let edges = [
            (0, 1, Scope::Development),
            (1, 2, Scope::Runtime),
            (0, 2, Scope::Unknown),
            (2, 3, Scope::Optional),
        ];
        let strongest = |order| widest(4, edges.into_iter(), [(0, Scope::Runtime)], order);
        let (run, dev) = (Some(Scope::Runtime), Some(Scope::Development));
        assert_eq!(strongest(&UNKNOWN_WEAKEST), [run, dev, dev, dev]);
        let unknown = Some(Scope::Unknown);
        assert_eq!(strongest(&UNKNOWN_BELOW_RUNTIME), [run, dev, unknown, Some(Scope::Optional)]);
    }

    #[test]
    fn the_strongest_path_decides() {
        let mut file = FileInventory::default();
        let mut add = |name: &str, relation, scope| {
            let mut c = Component::new(Purl::new("nuget", None, name));
            (c.relation, c.scope) = (relation, scope);
            file.add(c)
        };
        let dev = add("dev", Relation::Direct, Scope::Development);
        let run = add("run", Relation::Direct, Scope::Runtime);
        let both = add("both", Relation::Unknown, Scope::Unknown);
        let tool = add("tool", Relation::Unknown, Scope::Unknown);
        for (from, to) in [(dev, both), (run, both), (dev, tool), (both, run), (tool, dev)] {
            file.edge(from, to);
        }
        spread_from_direct(&mut file);
        let scopes: Vec<_> = file.components.iter().map(|c| c.scope).collect();
        assert_eq!(
            scopes,
            [Scope::Development, Scope::Runtime, Scope::Runtime, Scope::Development]
        );
        assert!(file.components[2..].iter().all(|c| c.relation == Relation::Transitive));
    }
}
