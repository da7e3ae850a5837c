//! The words of SPDX 2 (ISO/IEC 5962, versions 2.0–2.3), the same in JSON, YAML and tag-value.
//!
//! Traps:
//! - `PACKAGE-MANAGER` was spelled `PACKAGE_MANAGER` in 2.2, and documents put purls into other
//!   categories too: the type of the reference decides, not its category.
//! - Half of the relationships point from the part to the whole (`DEPENDENCY_OF`, `CONTAINED_BY`).
//! - What a document describes is the project itself only where it says more about it: a document
//!   that describes all of its packages describes no project, and one that has a single package
//!   is about that package.
//! - `downloadLocation` often is the package's home repository: it says where from, and never that
//!   the package is not the registry's.

use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use trimtab_model::{DocumentInfo, FileInventory, HashAlgorithm, Scope};

use super::sbom::{self, Bill, Entry, Link, MAX_LICENCE};

/// One package as the document spells it.
#[derive(Debug, Default)]
pub(super) struct Package<'d> {
    pub id: Option<&'d str>,
    pub name: Option<&'d str>,
    pub version: Option<&'d str>,
    pub purl: Option<&'d str>,
    pub cpe: Option<&'d str>,
    pub supplier: Option<&'d str>,
    pub originator: Option<&'d str>,
    pub download: Option<&'d str>,
    pub declared: Option<&'d str>,
    pub concluded: Option<&'d str>,
    pub comment: Option<&'d str>,
    pub hashes: Vec<trimtab_model::Hash>,
    pub line: u32,
}

impl<'d> Package<'d> {
    /// Takes over an external reference, if it is an identifier.
    pub(super) fn reference(&mut self, kind: &str, locator: &'d str) {
        // The type may be written as a URI.
        match kind.rsplit('/').next() {
            Some("purl") => self.purl = self.purl.or(Some(locator)),
            Some("cpe23Type") => self.cpe = Some(locator),
            Some("cpe22Type") => self.cpe = self.cpe.or(Some(locator)),
            _ => {}
        }
    }

    /// Takes over a checksum. `false` if it cannot be read.
    pub(super) fn checksum(&mut self, name: &str, value: &str) -> bool {
        let Some(algorithm) = algorithm(name) else { return OTHER_ALGORITHMS.contains(&name) };
        let hash = trimtab_model::Hash::from_hex(algorithm, value.trim());
        let is_hash = hash.is_some();
        self.hashes.extend(hash);
        is_hash
    }
}

/// Functions of SPDX that no registry uses.
const OTHER_ALGORITHMS: &[&str] = &["MD2", "MD4", "MD6", "ADLER32"];

fn algorithm(name: &str) -> Option<HashAlgorithm> {
    Some(match name {
        "MD5" => HashAlgorithm::Md5,
        "SHA1" | "SHA-1" => HashAlgorithm::Sha1,
        "SHA224" => HashAlgorithm::Sha224,
        "SHA256" | "SHA-256" => HashAlgorithm::Sha256,
        "SHA384" => HashAlgorithm::Sha384,
        "SHA512" | "SHA-512" => HashAlgorithm::Sha512,
        "SHA3-256" | "SHA3_256" => HashAlgorithm::Sha3_256,
        "SHA3-384" | "SHA3_384" => HashAlgorithm::Sha3_384,
        "SHA3-512" | "SHA3_512" => HashAlgorithm::Sha3_512,
        "BLAKE2b-256" | "BLAKE2B_256" => HashAlgorithm::Blake2b256,
        "BLAKE2b-384" | "BLAKE2B_384" => HashAlgorithm::Blake2b384,
        "BLAKE2b-512" | "BLAKE2B_512" => HashAlgorithm::Blake2b512,
        "BLAKE3" => HashAlgorithm::Blake3,
        _ => return None,
    })
}

/// How many packages are in a block.
const BLOCK: usize = 4096;

/// A document on its way to an inventory. Packages are kept until the end, because licences and
/// relationships may stand after them.
#[derive(Default)]
pub(super) struct Document<'d> {
    pub bill: Bill<'d>,
    pub info: DocumentInfo,
    pub id: Option<&'d str>,
    /// In blocks: each is let go when it is taken over, so that a large document is not in memory twice.
    packages: Vec<Vec<Package<'d>>>,
    described: HashSet<&'d str>,
    links: Vec<(&'d str, &'d str, Link)>,
    licences: HashMap<&'d str, &'d str>,
}

impl<'d> Document<'d> {
    pub(super) fn new() -> Document<'d> {
        Document { bill: Bill::with_scopes_from_links(), ..Document::default() }
    }

    /// Adds a package.
    pub(super) fn package(&mut self, package: Package<'d>) {
        match self.packages.last_mut().filter(|block| block.len() < BLOCK) {
            Some(block) => block.push(package),
            None => self.packages.push(vec![package]),
        }
    }

    /// Notes what the document describes.
    pub(super) fn describes(&mut self, id: &'d str) {
        self.described.insert(id);
    }

    /// Notes the name of a licence that the document defines itself.
    pub(super) fn licence(&mut self, id: &'d str, name: &'d str) {
        if is_licence_name(name) {
            self.licences.insert(id, name);
        }
    }

    /// Notes one entry of `creators`.
    pub(super) fn creator(&mut self, text: &str) {
        match text.split_once(':') {
            Some((kind, name)) if kind.trim() == "Tool" => self.info.tools.push(name.trim().into()),
            _ => self.info.authors.extend(party(text).map(Into::into)),
        }
    }

    /// Takes over a relationship, if it says who needs or contains what.
    pub(super) fn relationship(&mut self, a: &'d str, kind: &str, b: &'d str) {
        match said(a, kind, b) {
            Some(Said::Describes(id)) => self.describes(id),
            Some(Said::Link(from, to, link)) => self.links.push((from, to, link)),
            None => {}
        }
    }

    /// The inventory.
    pub(super) fn finish(self) -> FileInventory {
        let Document { mut bill, info, id, packages, described, links, licences } = self;
        bill.document(info);
        let ids: HashSet<&str> = packages.iter().flatten().filter_map(|p| p.id).collect();
        let asking: HashSet<&str> = links.iter().map(|(from, ..)| *from).collect();
        let about = about(&ids, &described, &asking);
        drop((ids, asking));
        for package in packages.into_iter().flatten() {
            let is_subject = package.id.is_some_and(|id| about.contains(id));
            if package.comment.is_some_and(is_folder) {
                package.id.into_iter().for_each(|id| bill.other(id));
                continue;
            }
            let entry = entry(package, is_subject, &licences);
            bill.add(entry);
        }
        for id in ["NONE", "NOASSERTION", "SPDXRef-DOCUMENT"].into_iter().chain(id) {
            bill.other(id);
        }
        for (from, to, link) in links {
            bill.link_ids(from, to, link);
        }
        bill.finish()
    }
}

fn entry<'d>(package: Package<'d>, own: bool, licences: &HashMap<&'d str, &'d str>) -> Entry<'d> {
    let licence = package.declared.and_then(stated).or(package.concluded.and_then(stated));
    let licence = licence.map(|l| licences.get(l).copied().unwrap_or(l));
    let mut entry = Entry {
        id: package.id,
        purl: package.purl,
        name: package.name,
        version: package.version.and_then(stated),
        line: package.line,
        own,
        hashes: package.hashes,
        licence: licence.map(Into::into),
        supplier: package.supplier.and_then(party).or(package.originator.and_then(party)),
        cpe: package.cpe,
        ..Entry::default()
    };
    if let Some(url) = package.download.and_then(stated) {
        entry.distribution(url);
    }
    for (name, value) in package.comment.into_iter().flat_map(lines) {
        sbom::property(&mut entry, name, value);
    }
    entry
}

/// What a relationship says of the graph.
pub(super) enum Said<K> {
    /// The document describes this.
    Describes(K),
    /// The first needs or contains the second.
    Link(K, K, Link),
}

/// What a relationship says, if that is who needs or contains what.
pub(super) fn said<K: Copy>(a: K, kind: &str, b: K) -> Option<Said<K>> {
    let unscoped = Link::Needs(Scope::Unknown);
    let of = |scope| Said::Link(b, a, Link::Needs(scope));
    Some(match kind {
        "DESCRIBES" | "DESCRIBE" => Said::Describes(b),
        "DESCRIBED_BY" => Said::Describes(a),
        "DEPENDS_ON" | "STATIC_LINK" | "DYNAMIC_LINK" | "HAS_PREREQUISITE" => {
            Said::Link(a, b, unscoped)
        }
        "DEPENDENCY_OF" | "PREREQUISITE_FOR" => Said::Link(b, a, unscoped),
        "RUNTIME_DEPENDENCY_OF" => of(Scope::Runtime),
        "OPTIONAL_DEPENDENCY_OF" | "OPTIONAL_COMPONENT_OF" => of(Scope::Optional),
        // Whoever runs the product provides it: built against, not shipped.
        "BUILD_DEPENDENCY_OF" | "BUILD_TOOL_OF" | "PROVIDED_DEPENDENCY_OF" => of(Scope::Build),
        "DEV_DEPENDENCY_OF" | "DEV_TOOL_OF" => of(Scope::Development),
        "TEST_DEPENDENCY_OF" | "TEST_TOOL_OF" => of(Scope::Test),
        "CONTAINS" => Said::Link(a, b, Link::Contains),
        "CONTAINED_BY" | "PACKAGE_OF" => Said::Link(b, a, Link::Contains),
        _ => return None,
    })
}

/// The packages that a document is about, of all that it has, that it describes, and that ask for something; see the
/// module.
pub(super) fn about<K: Copy + Eq + Hash>(
    ids: &HashSet<K>,
    described: &HashSet<K>,
    asking: &HashSet<K>,
) -> HashSet<K> {
    if ids.len() < 2 {
        return HashSet::new();
    }
    let subjects: HashSet<K> = described.intersection(ids).copied().collect();
    let only = subjects.len() == 1;
    subjects.into_iter().filter(|id| only || asking.contains(id)).collect()
}

/// Whether a package stands for a folder that we scanned ourselves.
pub(super) fn is_folder(comment: &str) -> bool {
    lines(comment).any(|line| line == ("trimtab:root", "folder"))
}

/// The `name=value` lines of a comment.
pub(super) fn lines(comment: &str) -> impl Iterator<Item = (&str, &str)> {
    comment.lines().filter_map(|line| line.trim().split_once('='))
}

/// A value that says something.
pub(super) fn stated(value: &str) -> Option<&str> {
    let value = value.trim();
    (!matches!(value, "" | "NOASSERTION" | "NONE")).then_some(value)
}

/// Whether a name stands for a licence that the document defines: it says something, and is no text of a licence.
pub(super) fn is_licence_name(name: &str) -> bool {
    stated(name).is_some() && name.len() <= MAX_LICENCE
}

/// A person or organisation, without the word for its kind.
fn party(text: &str) -> Option<&str> {
    let text = stated(text)?;
    let name = ["Organization:", "Person:", "Tool:"].iter().find_map(|k| text.strip_prefix(k));
    stated(name.unwrap_or(text))
}
