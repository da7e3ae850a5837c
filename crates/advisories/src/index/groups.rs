//! Alias groups: which ids are asserted to be the same flaw.
//!
//! A union-find over ids. An advisory and each of its `aliases` are one; that is transitive, also
//! through ids without a record of their own (two advisories that name the same CVE). `related`
//! and `upstream` do not join. An advisory that covers several CVEs joins them all into one
//! vulnerability: the record is one and is fixed by one upgrade, and taking it apart would count
//! it several times. The group keeps every CVE, so scores are still looked up one by one. On all
//! of the known data the largest such group has under twenty ids.

/// A union-find over numbers; the root of a set is always its smallest member, so that the
/// result does not depend on the order of joining.
#[derive(Debug)]
pub(crate) struct Groups {
    parent: Vec<u32>,
}

impl Groups {
    /// Every number alone.
    pub(crate) fn new(count: usize) -> Groups {
        Groups { parent: (0..u32::try_from(count).unwrap_or(u32::MAX)).collect() }
    }

    /// The smallest number of the set.
    pub(crate) fn root(&mut self, of: u32) -> u32 {
        let mut at = of;
        loop {
            let Some(&parent) = self.parent.get(at as usize) else { return at };
            if parent == at {
                return at;
            }
            // Halve the path on the way.
            let grand = self.parent.get(parent as usize).copied().unwrap_or(parent);
            if let Some(slot) = self.parent.get_mut(at as usize) {
                *slot = grand;
            }
            at = grand;
        }
    }

    /// Joins two sets.
    pub(crate) fn join(&mut self, a: u32, b: u32) {
        let (a, b) = (self.root(a), self.root(b));
        if let Some(slot) = self.parent.get_mut(a.max(b) as usize) {
            *slot = a.min(b);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn joining_is_transitive_and_independent_of_order() {
        let mut groups = Groups::new(6);
        for (a, b) in [(4, 5), (1, 3), (5, 1)] {
            groups.join(a, b);
        }
        let roots: Vec<u32> = (0..6).map(|i| groups.root(i)).collect();
        assert_eq!(roots, vec![0, 1, 2, 1, 1, 1]);
    }
}
