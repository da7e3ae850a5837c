//! Moving one package by what the index said before. Without a network cargo prefers versions that were downloaded, so what it
//! brings in then need not be what the registry would give. Where nothing but the package moves there is nothing to choose,
//! and the registry, which takes most of the time, need not be asked again.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use toml_edit::DocumentMut;

use super::LOCKFILE;
use crate::update::drive::Drive;
use crate::update::refusal::Reason;

/// Whether the registry answered before. Until then its index may not be there, and a try without it would be for nothing.
static ANSWERED: AtomicBool = AtomicBool::new(false);

/// Keeps in mind that the registry answered.
pub(super) fn answered() {
    ANSWERED.store(true, Ordering::Relaxed);
}

/// Runs cargo without the network; whether it moved this package and nothing else. If not, the lockfile is as before.
pub(super) fn moved(
    drive: &Drive<'_>,
    name: &str,
    arguments: &[&str],
    set: &[(&str, &str)],
) -> Result<bool, Reason> {
    if !ANSWERED.load(Ordering::Relaxed) {
        return Ok(false);
    }
    let Some(before) = drive.text(LOCKFILE) else { return Ok(false) };
    let set = [set, &[("CARGO_NET_OFFLINE", "true")]].concat();
    let output = drive.try_run(arguments, &set)?;
    let after = drive.text(LOCKFILE).filter(|_| output.is_well());
    if after.is_some_and(|after| moves_alone(&before, &after, name)) {
        return Ok(true);
    }
    drive.untell();
    drive.write(LOCKFILE, &before)?;
    Ok(false)
}

/// Whether of what a lockfile has, and another had not, all is of one package.
fn moves_alone(before: &str, after: &str, name: &str) -> bool {
    let (Some(before), Some(after)) = (packages(before), packages(after)) else { return false };
    after.difference(&before).all(|(own, ..)| own == name)
}

/// Names, versions and sources of what is locked.
fn packages(text: &str) -> Option<BTreeSet<(String, String, String)>> {
    let document = text.parse::<DocumentMut>().ok()?;
    let all = document.get("package")?.as_array_of_tables()?;
    let one = |package: &toml_edit::Table| {
        let word = |key| package.get(key).and_then(toml_edit::Item::as_str).map(str::to_owned);
        Some((word("name")?, word("version")?, word("source").unwrap_or_default()))
    };
    all.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_moves_alone_is_the_same_without_the_network() {
        let lock = |all: &[(&str, &str)]| -> String {
            let one = |(name, version): &(&str, &str)| {
                format!("[[package]]\nname = \"{name}\"\nversion = \"{version}\"\n\n")
            };
            format!("version = 4\n\n{}", all.iter().map(one).collect::<String>())
        };
        let before = lock(&[("a", "1.0.0"), ("b", "1.0.0"), ("c", "1.0.0")]);
        let alone = |after: &[(&str, &str)]| moves_alone(&before, &lock(after), "a");
        assert!(alone(&[("a", "1.0.1"), ("b", "1.0.0"), ("c", "1.0.0")]));
        // What nobody needs any longer goes, whoever is asked.
        assert!(alone(&[("a", "1.0.1"), ("b", "1.0.0")]));
        assert!(!alone(&[("a", "1.0.1"), ("b", "1.0.2"), ("c", "1.0.0")]), "another moves");
        assert!(!alone(&[("a", "1.0.1"), ("b", "1.0.0"), ("d", "1.0.0")]), "another comes in");
        assert!(!moves_alone(&before, "[[package", "a"), "nobody knows");
    }
}
