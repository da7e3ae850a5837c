//! The words of CycloneDX (ECMA-424, versions 1.0–1.7), the same in JSON and XML.
//!
//! Traps:
//! - A component without `scope` is required: the specification says so.
//! - Generators of single ecosystems state development in properties of their own and leave
//!   `scope` alone.
//! - Several licences of a component stand side by side, and the specification does not say
//!   whether all or any of them apply. Identifiers are joined by `AND`, the careful reading;
//!   where one is a free name, all are listed with `;`.
//! - `trimtab:*` properties are our own and carry what CycloneDX has no place for.

use trimtab_model::{Hash, HashAlgorithm, Scope};

use super::sbom::{self, Entry};

/// A hash by the name of its function.
pub(super) fn hash(name: &str, content: &str) -> Option<Hash> {
    let algorithm = match name {
        "MD5" => HashAlgorithm::Md5,
        "SHA-1" => HashAlgorithm::Sha1,
        "SHA-256" => HashAlgorithm::Sha256,
        "SHA-384" => HashAlgorithm::Sha384,
        "SHA-512" => HashAlgorithm::Sha512,
        "SHA3-256" => HashAlgorithm::Sha3_256,
        "SHA3-384" => HashAlgorithm::Sha3_384,
        "SHA3-512" => HashAlgorithm::Sha3_512,
        "BLAKE2b-256" => HashAlgorithm::Blake2b256,
        "BLAKE2b-384" => HashAlgorithm::Blake2b384,
        "BLAKE2b-512" => HashAlgorithm::Blake2b512,
        "BLAKE3" => HashAlgorithm::Blake3,
        _ => return None,
    };
    Hash::from_hex(algorithm, content.trim())
}

/// Whether CycloneDX 1.7 has a function of this name that the model has not.
pub(super) fn is_other_hash(name: &str) -> bool {
    name.starts_with("Streebog")
}

/// The scope that a component states; see the module.
pub(super) fn scope(stated: Option<&str>) -> Scope {
    match stated {
        Some("optional") => Scope::Optional,
        // For tests and whatever else is not part of the running product.
        Some("excluded") => Scope::Development,
        _ => Scope::Runtime,
    }
}

/// One entry of `licenses`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Licence<'d> {
    pub text: &'d str,
    /// An identifier or expression, not a free name.
    pub is_expression: bool,
    /// What an analysis concluded, not what the authors declare.
    pub is_concluded: bool,
}

/// The licence of a component: what is declared, and only without that what was concluded.
pub(super) fn licence(all: &[Licence<'_>]) -> Option<Box<str>> {
    let declared: Vec<_> = all.iter().filter(|l| !l.is_concluded).collect();
    let mut chosen = if declared.is_empty() { all.iter().collect() } else { declared };
    chosen.retain(|l| !l.text.trim().is_empty());
    if let [only] = &*chosen {
        return Some(one_line(only.text).into());
    }
    let expressions = chosen.iter().all(|l| l.is_expression);
    let parts: Vec<String> = chosen
        .iter()
        .map(|l| match one_line(l.text) {
            text if expressions && text.contains(" OR ") => format!("({text})"),
            text => text,
        })
        .collect();
    let joined = parts.join(if expressions { " AND " } else { "; " });
    (!joined.is_empty()).then(|| joined.into())
}

/// XML's texts may be broken over lines, and mean the same as on one.
fn one_line(text: &str) -> String {
    text.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// Takes over what a property says, if it is one that is known: ours, and those of generators of
/// single ecosystems.
pub(super) fn property<'d>(entry: &mut Entry<'d>, name: &str, value: &'d str) {
    match name {
        "cdx:npm:package:development"
        | "cdx:pnpm:package:development"
        | "cdx:yarn:package:development"
        | "cdx:composer:package:isDevRequirement"
            if value == "true" =>
        {
            entry.scope = Scope::Development;
        }
        "cdx:poetry:group" | "cdx:pipenv:category" => entry.groups.push(value.into()),
        _ => sbom::property(entry, name, value),
    }
}

/// Whether a component of Trivy stands for a file that lists packages: a part of the product.
pub(super) fn is_listing_file(name: &str, value: &str) -> bool {
    name == "aquasecurity:trivy:Class" && value == "lang-pkgs"
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn licences_join_carefully() {
        let id = |text| Licence { text, is_expression: true, is_concluded: false };
        let name = |text| Licence { text, is_expression: false, is_concluded: false };
        let concluded = |text| Licence { text, is_expression: true, is_concluded: true };
        assert_eq!(licence(&[]), None);
        assert_eq!(licence(&[id("MIT")]).as_deref(), Some("MIT"));
        assert_eq!(
            licence(&[id("MIT OR ISC"), id("0BSD")]).as_deref(),
            Some("(MIT OR ISC) AND 0BSD")
        );
        assert_eq!(licence(&[id("MIT"), name("The Licence")]).as_deref(), Some("MIT; The Licence"));
        assert_eq!(licence(&[concluded("ISC"), id("MIT")]).as_deref(), Some("MIT"));
        assert_eq!(licence(&[concluded("ISC")]).as_deref(), Some("ISC"));
    }
}
