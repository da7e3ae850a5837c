//! What direct dependencies bring in: relation and scope along the edges of a file.

use trimtab_model::{FileInventory, Relation, Scope};

/// The scopes from the strongest need to the weakest.
const STRONGEST_FIRST: [Scope; 5] =
    [Scope::Runtime, Scope::Optional, Scope::Build, Scope::Development, Scope::Test];

/// Spreads the scope of every direct dependency over all that it brings in; the strongest wins.
/// A member of the workspace that another one needs spreads the scope it was given. What is
/// reached and had no relation becomes transitive.
pub(crate) fn spread(file: &mut FileInventory) {
    let count = file.components.len();
    let mut asked: Vec<Vec<u32>> = vec![Vec::new(); count];
    for &(from, to) in &file.edges {
        if let Some(list) = asked.get_mut(from as usize).filter(|_| (to as usize) < count) {
            list.push(to);
        }
    }
    let seeds: Vec<(u32, Scope)> = (0u32..)
        .zip(&file.components)
        .filter(|(_, c)| matches!(c.relation, Relation::Direct | Relation::Own))
        .map(|(at, c)| (at, c.scope))
        .collect();
    let mut done = vec![false; count];
    for scope in STRONGEST_FIRST {
        let mut waiting: Vec<u32> =
            seeds.iter().filter(|(_, s)| *s == scope).map(|(at, _)| *at).collect();
        while let Some(at) = waiting.pop() {
            if std::mem::replace(&mut done[at as usize], true) {
                continue;
            }
            let component = &mut file.components[at as usize];
            if component.relation != Relation::Own {
                component.scope = component.scope.max(scope);
            }
            if component.relation == Relation::Unknown {
                component.relation = Relation::Transitive;
            }
            waiting.extend(&asked[at as usize]);
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
        spread(&mut file);
        let scopes: Vec<_> = file.components.iter().map(|c| c.scope).collect();
        assert_eq!(
            scopes,
            [Scope::Development, Scope::Runtime, Scope::Runtime, Scope::Development]
        );
        assert!(file.components[2..].iter().all(|c| c.relation == Relation::Transitive));
    }
}
