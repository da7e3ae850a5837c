//! Who asks for what, and what for: edges, relations and scopes of a file whose entries do not
//! carry them.
//!
//! The scope of a component is the strongest over all paths from the project, where a path is as
//! weak as its weakest ask (TRAPS 14, 35). An ask of unknown purpose may be a runtime one, so it
//! ranks right below it: what only such a path reaches is unknown, never guessed to be less.

use trimtab_model::{Family, FileInventory, Relation, Scope};

use super::scopes::{self, UNKNOWN_BELOW_RUNTIME};

/// Where the scopes of a file come from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Scopes {
    /// The entries carry them.
    Stated,
    /// They follow from the asks.
    Computed,
}

#[derive(Debug, Clone, Copy)]
struct Ask {
    /// `None`: the project, of which the file lists no component.
    from: Option<u32>,
    to: u32,
    scope: Scope,
}

/// The asks of one file.
#[derive(Debug, Default)]
pub(crate) struct Demands {
    asks: Vec<Ask>,
}

/// The stronger of two asks by the same one for the same thing.
pub(crate) fn stronger(a: Scope, b: Scope) -> Scope {
    let place = |scope| scopes::rank(&UNKNOWN_BELOW_RUNTIME, scope);
    if place(a) >= place(b) { a } else { b }
}

impl Demands {
    /// One component asks for another. Without `from`, the project itself asks.
    pub(crate) fn ask(&mut self, from: Option<u32>, to: u32, scope: Scope) {
        self.asks.push(Ask { from, to, scope });
    }

    /// Writes edges, relations, members and, where computed, scopes.
    pub(crate) fn settle(self, inventory: &mut FileInventory, scopes: Scopes) {
        let own = |c: &trimtab_model::Component| c.relation == Relation::Own;
        let members = inventory.components.iter().filter(|c| own(c)).count();
        let project_known = members > 0 || self.asks.iter().any(|a| a.from.is_none());
        let asked_by_project = |inventory: &FileInventory, ask: &Ask| match ask.from {
            None => true,
            Some(from) => inventory.components.get(from as usize).is_some_and(own),
        };
        if scopes == Scopes::Computed && project_known {
            self.spread(inventory);
        }
        for ask in &self.asks {
            if asked_by_project(inventory, ask)
                && let Some(target) = inventory.components.get_mut(ask.to as usize)
                && target.relation != Relation::Own
            {
                target.relation = Relation::Direct;
            }
        }
        for component in &mut inventory.components {
            match component.relation {
                Relation::Unknown if project_known => component.relation = Relation::Transitive,
                Relation::Own => component.scope = Scope::Runtime,
                _ => {}
            }
        }
        if members > 1 {
            self.name_members(inventory);
        }
        inventory.edges.extend(self.asks.iter().filter_map(|a| Some((a.from?, a.to))));
    }

    /// The strongest scope over all paths from the project.
    fn spread(&self, inventory: &mut FileInventory) {
        let edges = self.asks.iter().filter_map(|a| Some((a.from?, a.to, a.scope)));
        let asked = self.asks.iter().filter(|a| a.from.is_none()).map(|a| (a.to, a.scope));
        let members = (0u32..)
            .zip(&inventory.components)
            .filter(|(_, c)| c.relation == Relation::Own)
            .map(|(at, _)| (at, Scope::Runtime));
        let count = inventory.components.len();
        let best = scopes::widest(count, edges, asked.chain(members), &UNKNOWN_BELOW_RUNTIME);
        for (component, best) in inventory.components.iter_mut().zip(best) {
            component.scope = best.unwrap_or(component.scope);
        }
    }

    /// Says which member asks: the first in the file, where several do.
    fn name_members(&self, inventory: &mut FileInventory) {
        let mut first: Vec<Option<u32>> = vec![None; inventory.components.len()];
        for ask in &self.asks {
            let Some(from) = ask.from else { continue };
            let own = |at: u32| {
                inventory.components.get(at as usize).is_some_and(|c| c.relation == Relation::Own)
            };
            if own(from)
                && !own(ask.to)
                && let Some(slot) = first.get_mut(ask.to as usize)
            {
                *slot = Some(slot.map_or(from, |held| held.min(from)));
            }
        }
        for (i, from) in first.into_iter().enumerate() {
            let Some(member) = from.and_then(|f| inventory.components.get(f as usize)) else {
                continue;
            };
            let family = Family::from_purl_type(member.purl.purl_type());
            let name = match family {
                Some(family) => family.package_name(&member.purl).into_owned(),
                None => member.purl.name().to_owned(),
            };
            inventory.components[i].member = Some(name.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use trimtab_model::{Component, Purl};

    use super::*;

    #[test]
    fn the_strongest_path_counts_and_a_path_is_as_weak_as_its_weakest_ask() {
        let mut inventory = FileInventory::default();
        let mut add = |name: &str| inventory.add(Component::new(Purl::new("npm", None, name)));
        let [app, a, b, c, d, unknown, lone] =
            ["app", "a", "b", "c", "d", "unknown", "lone"].map(&mut add);
        inventory.components[app as usize].relation = Relation::Own;
        let mut demands = Demands::default();
        demands.ask(Some(app), a, Scope::Development);
        demands.ask(Some(a), b, Scope::Runtime);
        demands.ask(Some(b), c, Scope::Optional);
        demands.ask(Some(app), c, Scope::Test);
        demands.ask(Some(app), d, Scope::Runtime);
        demands.ask(Some(d), a, Scope::Optional);
        demands.ask(Some(app), unknown, Scope::Unknown);
        demands.ask(Some(app), unknown, Scope::Development);
        demands.settle(&mut inventory, Scopes::Computed);
        let scope = |i: u32| inventory.components[i as usize].scope;
        assert_eq!(
            [a, b, c, d, unknown, lone].map(scope),
            [
                Scope::Optional,
                Scope::Optional,
                Scope::Optional,
                Scope::Runtime,
                Scope::Unknown,
                Scope::Unknown
            ]
        );
        let relation = |i: u32| inventory.components[i as usize].relation;
        assert_eq!(
            [app, a, b].map(relation),
            [Relation::Own, Relation::Direct, Relation::Transitive]
        );
    }

    #[test]
    fn without_a_project_nothing_is_said() {
        let mut inventory = FileInventory::default();
        let a = inventory.add(Component::new(Purl::new("npm", None, "a")));
        let b = inventory.add(Component::new(Purl::new("npm", None, "b")));
        let mut demands = Demands::default();
        demands.ask(Some(a), b, Scope::Runtime);
        demands.settle(&mut inventory, Scopes::Computed);
        assert!(inventory.components.iter().all(|c| c.relation == Relation::Unknown));
        assert!(inventory.components.iter().all(|c| c.scope == Scope::Unknown));
        assert_eq!(inventory.edges, [(a, b)]);
    }
}
