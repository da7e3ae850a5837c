//! What people agree on: charters, `trimtab.toml`, policies; and what they keep beside: a history.

use trimtab_charter::{preset, project, tell};
use trimtab_engine::history::History;
use trimtab_policy::Policies;

use crate::Target;

pub(crate) fn targets() -> Vec<Target> {
    let presets = preset::names().filter_map(preset::text).map(|t| t.as_bytes().to_vec()).collect();
    let own =
        b"format = 1\n[[system]]\nname = \"a\"\npaths = [\"a/**\"]\ntier = \"vital\"\n".to_vec();
    let past = b"trimtab-history 1\n2026-01-01T00:00:00Z seen pkg:npm/a A\n2026-01-02T00:00:00Z also pkg:npm/a A B\n2026-01-03T00:00:00Z gone pkg:npm/a B\n2026-01-04T00:00:00Z seen pkg:npm/a B C\n".to_vec();
    let built_in =
        trimtab_policy::builtin::FILES.iter().map(|f| f.text.as_bytes().to_vec()).collect();
    vec![
        Target::new("charter", charter, presets),
        Target::new("project", project, vec![own]),
        Target::new("policy", policy, built_in),
        Target::new("history", history, vec![past]),
    ]
}

/// A charter: what is read can be told, and its matrix never falls.
pub fn charter(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok((charter, _)) = trimtab_charter::read("charter.toml", text) {
        assert!(charter.matrix.is_monotonic() && charter.weights.is_sorted());
        assert!(!tell::write(&charter, 100).is_empty());
    }
}

/// `trimtab.toml`: its systems can be looked for.
pub fn project(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let _ = project::charter_file(text);
    if let Ok((project, _)) = project::read("trimtab.toml", text, &preset::default())
        && let Ok(systems) = project::Systems::new(&project)
    {
        let _ = systems.of("a/b/Cargo.lock");
    }
}

/// A policy: what cannot be read is told.
pub fn policy(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (policies, problems) = Policies::compile(&[("fuzz.rego", text)]);
    // A file is taken, or it is said why not.
    assert!(policies.text("fuzz.rego").is_some() || !problems.is_empty());
}

/// A history: reading adds nothing, and what cannot be read is told with its line.
pub fn history(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    match History::read(text, "history.txt") {
        Ok(history) => assert!(history.added().is_empty()),
        Err(problem) => assert!(problem.line.is_some_and(|line| line > 0)),
    }
}
