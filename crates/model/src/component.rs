//! A component: a package at a version, named by its purl, as one file lists it.

use std::fmt;

use crate::purl::Purl;

/// What a component is needed for. Ordered from the weakest to the strongest need, so that the
/// maximum of two scopes is the scope of a component that both bring in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Scope {
    /// The file does not say, and nothing else does.
    #[default]
    Unknown,
    /// Only tests need it.
    Test,
    /// Only development needs it (linters, bundlers, tests where the format has one word for all).
    Development,
    /// The build runs or links it, the product does not ship it.
    Build,
    /// The product can run without it.
    Optional,
    /// The product ships and runs it.
    Runtime,
}

impl Scope {
    /// The word used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Scope::Unknown => "unknown",
            Scope::Test => "test",
            Scope::Development => "development",
            Scope::Build => "build",
            Scope::Optional => "optional",
            Scope::Runtime => "runtime",
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// How a component is related to the project whose file lists it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
pub enum Relation {
    /// The file does not say.
    #[default]
    Unknown,
    /// The project itself or a member of its workspace. Never matched against advisories.
    Own,
    /// The project requires it by name.
    Direct,
    /// Something else brings it in.
    Transitive,
}

impl Relation {
    /// The word used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Relation::Unknown => "unknown",
            Relation::Own => "own",
            Relation::Direct => "direct",
            Relation::Transitive => "transitive",
        }
    }
}

/// Where the file says that a component comes from.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Origin {
    /// The file does not say; by custom of the ecosystem this is its default registry.
    #[default]
    Unstated,
    /// A registry or mirror, by the URL or name that the file states.
    Registry(Box<str>),
    /// A repository; the commit where the file pins one. Not the registry's package of that
    /// name: it is not matched by name and version (TRAPS 11).
    Git {
        /// The repository, as the file spells it.
        url: Box<str>,
        /// The full or abbreviated commit.
        commit: Option<Box<str>>,
    },
    /// An archive by its URL.
    Url(Box<str>),
    /// A folder or file of the same tree.
    Path(Box<str>),
}

impl Origin {
    /// Whether advisories of the ecosystem's registry speak about this component.
    pub const fn is_registry(&self) -> bool {
        matches!(self, Origin::Unstated | Origin::Registry(_))
    }
}

/// Hash functions that lockfiles and SBOMs use.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are the names of the functions")]
pub enum HashAlgorithm {
    Md5,
    Sha1,
    Sha224,
    Sha256,
    Sha384,
    Sha512,
    Sha3_256,
    Sha3_384,
    Sha3_512,
    Blake2b256,
    Blake2b384,
    Blake2b512,
    Blake3,
    /// Go's `h1:` directory hash: SHA-256 over a list of file hashes, not over an archive.
    GoH1,
}

impl HashAlgorithm {
    /// CycloneDX's spelling; `h1` for Go's own, which CycloneDX does not have.
    pub const fn as_str(self) -> &'static str {
        match self {
            HashAlgorithm::Md5 => "MD5",
            HashAlgorithm::Sha1 => "SHA-1",
            HashAlgorithm::Sha224 => "SHA-224",
            HashAlgorithm::Sha256 => "SHA-256",
            HashAlgorithm::Sha384 => "SHA-384",
            HashAlgorithm::Sha512 => "SHA-512",
            HashAlgorithm::Sha3_256 => "SHA3-256",
            HashAlgorithm::Sha3_384 => "SHA3-384",
            HashAlgorithm::Sha3_512 => "SHA3-512",
            HashAlgorithm::Blake2b256 => "BLAKE2b-256",
            HashAlgorithm::Blake2b384 => "BLAKE2b-384",
            HashAlgorithm::Blake2b512 => "BLAKE2b-512",
            HashAlgorithm::Blake3 => "BLAKE3",
            HashAlgorithm::GoH1 => "h1",
        }
    }
}

/// A digest that the file states for a component.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Hash {
    /// The function.
    pub algorithm: HashAlgorithm,
    /// The digest's bytes.
    pub digest: Box<[u8]>,
}

/// The longest digest that is kept, in bytes: twice what any of the functions gives.
const MAX_DIGEST: usize = 128;

/// The value of every base64 digit, of both alphabets; 255 for what is none.
const SIXTETS: [u8; 256] = {
    let mut table = [255; 256];
    let mut value = 0;
    while value < 64 {
        let digit = match value {
            0..26 => b'A' + value,
            26..52 => b'a' + value - 26,
            52..62 => b'0' + value - 52,
            62 => b'+',
            _ => b'/',
        };
        table[digit as usize] = value;
        value += 1;
    }
    table[b'-' as usize] = 62;
    table[b'_' as usize] = 63;
    table
};

impl Hash {
    /// A digest given in hexadecimal. `None` if it is not.
    pub fn from_hex(algorithm: HashAlgorithm, hex: &str) -> Option<Hash> {
        if hex.is_empty() || !hex.len().is_multiple_of(2) || hex.len() > 2 * MAX_DIGEST {
            return None;
        }
        let digit = |b: u8| char::from(b).to_digit(16).and_then(|d| u8::try_from(d).ok());
        let digest = hex
            .as_bytes()
            .chunks_exact(2)
            .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
            .collect::<Option<Vec<u8>>>()?;
        Some(Hash { algorithm, digest: digest.into() })
    }

    /// A digest given in standard base64, with or without padding. `None` if it is not.
    pub fn from_base64(algorithm: HashAlgorithm, text: &str) -> Option<Hash> {
        let text = text.trim_end_matches('=');
        if text.is_empty() || text.len() > 2 * MAX_DIGEST {
            return None;
        }
        // Four digits are three bytes; the end is filled up with zeros, which are cut off again.
        let mut digest = [0; MAX_DIGEST * 3 / 2];
        let mut strange = 0;
        let mut decode = |four: [u8; 4], three: &mut [u8]| {
            let [a, b, c, d] = four.map(|digit| SIXTETS[usize::from(digit)]);
            strange |= a | b | c | d;
            three.copy_from_slice(&[a << 2 | b >> 4, b << 4 | c >> 2, c << 6 | d]);
        };
        let (fours, rest) = text.as_bytes().as_chunks::<4>();
        let mut threes = digest.chunks_exact_mut(3);
        for (four, three) in fours.iter().zip(&mut threes) {
            decode(*four, three);
        }
        if let (false, Some(three)) = (rest.is_empty(), threes.next()) {
            let mut four = [b'A'; 4];
            four[..rest.len()].copy_from_slice(rest);
            decode(four, three);
        }
        if strange > 63 {
            return None;
        }
        let digest = &digest[..text.len() * 3 / 4];
        // What one notation takes, the other takes too: a saved scan has them in hexadecimal.
        let whole = !digest.is_empty() && digest.len() <= MAX_DIGEST;
        whole.then(|| Hash { algorithm, digest: digest.into() })
    }

    /// The entries of a Subresource Integrity string (`sha512-…`, several separated by spaces).
    /// What is not understood is left out.
    pub fn from_integrity(text: &str) -> Vec<Hash> {
        text.split_ascii_whitespace()
            .filter_map(|entry| {
                let (name, value) = entry.split_once('-')?;
                let algorithm = match name {
                    "sha1" => HashAlgorithm::Sha1,
                    "sha256" => HashAlgorithm::Sha256,
                    "sha384" => HashAlgorithm::Sha384,
                    "sha512" => HashAlgorithm::Sha512,
                    "md5" => HashAlgorithm::Md5,
                    _ => return None,
                };
                Hash::from_base64(algorithm, value.split('?').next().unwrap_or(value))
            })
            .collect()
    }

    /// The digest in lower-case hexadecimal.
    pub fn hex(&self) -> String {
        const DIGITS: &[u8; 16] = b"0123456789abcdef";
        let mut out = String::with_capacity(self.digest.len() * 2);
        for b in &self.digest {
            out.push(char::from(DIGITS[usize::from(b >> 4)]));
            out.push(char::from(DIGITS[usize::from(b & 15)]));
        }
        out
    }
}

/// A package at a version, as one file lists it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Type, namespace, name, version, qualifiers. Without a version, the version is unknown.
    pub purl: Purl,
    /// The requirement of the file, if it does not say to what that resolves (`^1.2`, `latest`).
    pub requirement: Option<Box<str>>,
    /// How it is related to the project.
    pub relation: Relation,
    /// What it is needed for.
    pub scope: Scope,
    /// One-based line of the file where it is listed.
    pub line: Option<u32>,
    /// Digests that the file states.
    pub hashes: Vec<Hash>,
    /// Where the file says it comes from.
    pub origin: Origin,
    /// The licence as the file declares it: an SPDX expression or free text.
    pub licence: Option<Box<str>>,
    /// The workspace member that requires it, if the file covers several.
    pub member: Option<Box<str>>,
    /// The groups, extras or configurations that the file puts it in, as the format names them.
    pub groups: Vec<Box<str>>,
    /// The format's own identifier of the entry (an SBOM's `bom-ref`, `SPDXID`), if it has one.
    pub entry_id: Option<Box<str>>,
    /// Who made or delivers it, as an SBOM names them.
    pub supplier: Option<Box<str>>,
    /// The CPE name that an SBOM states. It is passed on, and is never by itself a basis for
    /// matching.
    pub cpe: Option<Box<str>>,
}

impl Component {
    /// A component of which only the purl is known.
    pub fn new(purl: Purl) -> Component {
        Component {
            purl,
            requirement: None,
            relation: Relation::Unknown,
            scope: Scope::Unknown,
            line: None,
            hashes: Vec::new(),
            origin: Origin::Unstated,
            licence: None,
            member: None,
            groups: Vec::new(),
            entry_id: None,
            supplier: None,
            cpe: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn integrity_strings_become_digests() {
        let hashes = Hash::from_integrity("sha1-2jmj7l5rSw0yVb/vlWAYkK/YBwk= sha999-xx");
        assert_eq!(hashes.len(), 1);
        assert_eq!(hashes[0].hex(), "da39a3ee5e6b4b0d3255bfef95601890afd80709");
    }

    #[test]
    fn base64_of_every_length_becomes_bytes() {
        let read = |text| Hash::from_base64(HashAlgorithm::Sha256, text).map(|h| h.digest.to_vec());
        assert_eq!(read("TQ=="), Some(b"M".to_vec()));
        assert_eq!(read("TWE"), Some(b"Ma".to_vec()));
        assert_eq!(read("TWFu"), Some(b"Man".to_vec()));
        assert_eq!(read("TWFu-_8="), Some(b"Man\xfb\xff".to_vec()));
        assert_eq!([read(""), read("T"), read("TW~u"), read("TWFuT\u{e9}")], [const { None }; 4]);
    }

    #[test]
    fn hex_is_refused_when_it_is_not_hex() {
        assert_eq!(Hash::from_hex(HashAlgorithm::Sha256, "zz"), None);
        assert_eq!(Hash::from_hex(HashAlgorithm::Sha256, "abc"), None);
        assert_eq!(Hash::from_hex(HashAlgorithm::Sha256, "éé"), None);
        assert_eq!(Hash::from_hex(HashAlgorithm::Sha256, "0aFF").unwrap().hex(), "0aff");
    }

    #[test]
    fn the_stronger_scope_wins() {
        assert_eq!(Scope::Development.max(Scope::Runtime), Scope::Runtime);
        assert_eq!(Scope::Unknown.max(Scope::Test), Scope::Test);
    }
}
