//! What no lockfile pins: every manifest tells it in the same way.

use trimtab_model::{
    Component, FileInventory, Origin, Purl, Relation, Scope, Unmanaged, UnmanagedReason,
};

use crate::view::{self, FileView};

/// Whether one of these lockfiles stands beside a manifest.
pub(super) fn locked_beside(view: &FileView<'_>, names: &[&str]) -> bool {
    names.iter().any(|name| view.has(name))
}

/// Whether one of these lockfiles stands beside a manifest or in a folder above: that of the
/// workspace.
pub(super) fn locked_above(view: &FileView<'_>, names: &[&str]) -> bool {
    let exists = |folder| names.iter().any(|n| view.files.exists(&view::join(folder, n)));
    view.folders_up().any(exists)
}

/// The version in a text that means exactly one release: `1.2.3`, `= 1.2.3`, `==1.2.3`.
pub(super) fn exact(text: &str) -> Option<&str> {
    let version = text.trim().trim_start_matches('=').trim_start();
    let part = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | '+' | '_' | '~');
    let wild = |part: &str| matches!(part, "x" | "X");
    let one =
        version.strip_prefix('v').unwrap_or(version).starts_with(|c: char| c.is_ascii_digit())
            && version.chars().all(part)
            && !version.ends_with(['+', '.'])
            && !version.split('.').any(wild);
    one.then_some(version)
}

/// What a manifest asks for directly: at its version if it is exactly one, else with what is asked.
pub(super) fn direct(
    purl: Purl,
    version: Option<&str>,
    asks: &str,
    scope: Scope,
    line: u32,
) -> Component {
    let mut component = Component::new(match version {
        Some(version) => purl.with_version(version),
        None => purl,
    });
    if version.is_none() && !asks.is_empty() {
        component.requirement = Some(asks.into());
    }
    component.relation = Relation::Direct;
    component.scope = scope;
    component.line = Some(line);
    component
}

/// A declaration whose package a plain reading cannot tell: the manifest is a program.
pub(super) fn not_literal(asks: &str, line: u32) -> Unmanaged {
    let text: String = asks.trim().chars().take(120).collect();
    Unmanaged {
        reason: UnmanagedReason::Unresolved,
        package: None,
        requirement: Some(text.into()),
        line: Some(line),
    }
}

/// That nothing locks what the file asks for.
pub(super) fn unlocked() -> Unmanaged {
    let reason = UnmanagedReason::NoLockfile;
    Unmanaged { reason, package: None, requirement: None, line: None }
}

/// Lists what floats, and that nothing locks it.
pub(super) fn note(out: &mut FileInventory) {
    let floats = |c: &Component| match &c.origin {
        Origin::Unstated | Origin::Registry(_) => c.purl.version().is_none(),
        Origin::Git { commit, .. } => commit.is_none(),
        Origin::Url(_) | Origin::Path(_) => false,
    };
    let told: Vec<Option<u32>> =
        out.unmanaged.iter().filter(|u| u.package.is_some()).map(|u| u.line).collect();
    let floating = out.components.iter().filter(|c| c.relation != Relation::Own && floats(c));
    for component in floating.filter(|c| !told.contains(&c.line)) {
        out.unmanaged.push(Unmanaged {
            reason: UnmanagedReason::FloatingVersion,
            package: Some(component.purl.package()),
            requirement: component.requirement.clone(),
            line: component.line,
        });
    }
    if !out.unmanaged.is_empty() {
        out.unmanaged.insert(0, unlocked());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_release_is_told_from_a_range() {
        for text in ["1.2.3", "= 1.2.3", "==1.2", "v1.0.0-rc.1", "2024.1+build"] {
            assert!(exact(text).is_some(), "{text}");
        }
        for text in
            ["", "~> 1", ">= 1.2", "1.+", "1.x", "1.*", "[1,2)", "$v", "dev-main", "1.2 || 2"]
        {
            assert_eq!(exact(text), None, "{text}");
        }
    }
}
