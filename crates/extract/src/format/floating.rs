//! What no lockfile pins: every manifest tells it in the same way.

use trimtab_model::{Component, FileInventory, Origin, Relation, Unmanaged, UnmanagedReason};

/// Lists what floats, and that nothing locks it.
pub(super) fn note(out: &mut FileInventory) {
    let floats = |c: &Component| match &c.origin {
        Origin::Unstated | Origin::Registry(_) => c.purl.version().is_none(),
        Origin::Git { commit, .. } => commit.is_none(),
        Origin::Url(_) | Origin::Path(_) => false,
    };
    for component in out.components.iter().filter(|c| c.relation != Relation::Own && floats(c)) {
        out.unmanaged.push(Unmanaged {
            reason: UnmanagedReason::FloatingVersion,
            package: Some(component.purl.package()),
            requirement: component.requirement.clone(),
            line: component.line,
        });
    }
    if out.unmanaged.iter().any(|u| u.reason == UnmanagedReason::FloatingVersion) {
        let reason = UnmanagedReason::NoLockfile;
        let whole = Unmanaged { reason, package: None, requirement: None, line: None };
        out.unmanaged.insert(0, whole);
    }
}
