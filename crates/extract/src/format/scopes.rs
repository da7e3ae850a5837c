//! Spreading scopes along edges: what a package needs is needed for whatever the package is
//! needed for, and the strongest need wins.

use trimtab_model::Scope;

/// From the strongest to the weakest.
const ORDER: [Scope; 6] = [
    Scope::Runtime,
    Scope::Optional,
    Scope::Build,
    Scope::Development,
    Scope::Test,
    Scope::Unknown,
];

/// The strongest scope by which each of `count` nodes is reached from the seeds; `None` for what
/// nothing leads to. Linear in nodes and edges; edges to nodes that do not exist are ignored.
pub(super) fn spread(
    count: usize,
    edges: &[(u32, u32)],
    seeds: &[(u32, Scope)],
) -> Vec<Option<Scope>> {
    // Edges by their start: positions in one list, so that a node costs no list of its own.
    let mut starts = vec![0usize; count + 1];
    for (from, _) in edges {
        if let Some(start) = starts.get_mut(*from as usize + 1) {
            *start += 1;
        }
    }
    for i in 1..starts.len() {
        starts[i] += starts[i - 1];
    }
    let mut fill = starts.clone();
    let mut targets = vec![u32::MAX; edges.len()];
    for (from, to) in edges {
        if (*from as usize) < count {
            let place = &mut fill[*from as usize];
            targets[*place] = *to;
            *place += 1;
        }
    }
    let mut reached: Vec<Option<Scope>> = vec![None; count];
    let mut waiting: Vec<u32> = Vec::new();
    for scope in ORDER {
        waiting.extend(seeds.iter().filter(|(_, s)| *s == scope).map(|(node, _)| *node));
        while let Some(node) = waiting.pop() {
            match reached.get_mut(node as usize) {
                Some(slot) if slot.is_none() => *slot = Some(scope),
                _ => continue,
            }
            waiting.extend(&targets[starts[node as usize]..starts[node as usize + 1]]);
        }
    }
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_strongest_need_wins_along_all_paths() {
        // 0 → 1 → 2, 3 → 2, 4 → 4, 5 alone
        let edges = [(0, 1), (1, 2), (3, 2), (4, 4), (9, 1), (1, 99)];
        let seeds = [(0, Scope::Development), (3, Scope::Runtime), (4, Scope::Test)];
        let (dev, run) = (Some(Scope::Development), Some(Scope::Runtime));
        assert_eq!(spread(6, &edges, &seeds), [dev, dev, run, run, Some(Scope::Test), None]);
        assert_eq!(spread(0, &edges, &seeds), []);
    }
}
