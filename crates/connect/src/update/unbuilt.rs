//! What is pinned at a version that has no wheel, and so is not asked what it requires: it stays as it is, beside what moves.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use super::drive::Drive;
use super::requirement;

/// Packages of Python that stay at a version without a wheel, as nothing is built. What one confirmation learns, all others
/// know that were given a copy of the same.
#[derive(Debug, Clone, Default)]
pub struct Unbuilt {
    any: bool,
    known: Arc<Mutex<BTreeSet<(String, String)>>>,
}

impl Unbuilt {
    /// One by which whatever has no wheel and does not move may stay: to carry out what was confirmed.
    pub fn any() -> Unbuilt {
        Unbuilt { any: true, ..Unbuilt::default() }
    }

    /// Lets a package stay at its version, by its name.
    pub fn stays(&self, package: &str, version: &str) {
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.insert((package.to_owned(), version.to_owned()));
    }

    /// Whether a package may stay at its version.
    pub(crate) fn may_stay(&self, package: &str, version: &str) -> bool {
        self.any || self.known().iter().any(|(p, v)| requirement::same(p, package) && v == version)
    }

    /// All that are known to stay, with their versions.
    pub(crate) fn known(&self) -> Vec<(String, String)> {
        let known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        known.iter().cloned().collect()
    }

    /// Of those that are known the ones that a text pins at that version.
    pub(crate) fn among(&self, text: &str) -> Vec<(String, String)> {
        let is_in = |(package, version): &(String, String)| is_pinned(text, package, version);
        self.known().into_iter().filter(is_in).collect()
    }
}

/// Whether a text pins a package to a version.
fn is_pinned(text: &str, package: &str, version: &str) -> bool {
    requirement::pin(text, package).as_deref() == Some(version)
}

/// Whether the project pins a package to a version as it is: then nobody asks for it to move there.
pub(crate) fn is_kept(drive: &Drive<'_>, package: &str, version: &str) -> bool {
    drive.manifests.files.values().any(|text| is_pinned(text, package, version))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_one_confirmation_learns_its_copies_know() {
        let first = Unbuilt::default();
        let second = first.clone();
        first.stays("Django_allauth", "0.49.0");
        assert!(second.may_stay("django-allauth", "0.49.0"));
        assert!(!second.may_stay("django-allauth", "0.50.0"), "another version was not asked for");
        assert!(Unbuilt::any().may_stay("other", "1"));
        let text = "django==3.2.12\ndjango-allauth==0.49.0\n    # via shop\n";
        assert_eq!(second.among(text), [("Django_allauth".to_owned(), "0.49.0".to_owned())]);
        assert!(second.among("django-allauth==0.50.0\n").is_empty());
        assert!(second.among("django-allauth<0.52\n").is_empty());
    }
}
