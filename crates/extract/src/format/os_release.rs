//! The distribution of a file system tree: `etc/os-release` (freedesktop.org), for the databases of
//! operating system packages.

use trimtab_model::Purl;

use crate::read::text;
use crate::view::{self, FileView};

/// What the tree around a package database says it is.
#[derive(Debug, Default)]
pub(crate) struct OsRelease {
    /// `debian`, `alpine`, …; empty if not stated.
    pub(crate) id: String,
    version: String,
    codename: String,
}

impl OsRelease {
    /// Reads the file of the tree in which a package database lies at `database`.
    pub(crate) fn of(view: &FileView<'_>, database: &str) -> OsRelease {
        let root = tree_root(view.path, database);
        let found = ["etc/os-release", "usr/lib/os-release"]
            .iter()
            .find_map(|path| view.files.read(&view::join(root, path))?.ok());
        found
            .and_then(|bytes| text::decode(&bytes).ok().map(|text| OsRelease::parse(&text)))
            .unwrap_or_default()
    }

    fn parse(text: &str) -> OsRelease {
        let value = |name: &str| {
            text.lines()
                .filter_map(|line| line.trim().split_once('='))
                .find(|(key, _)| *key == name)
                .map(|(_, value)| value.trim().trim_matches(['"', '\'']).to_owned())
                .unwrap_or_default()
        };
        OsRelease {
            id: value("ID"),
            version: value("VERSION_ID"),
            codename: value("VERSION_CODENAME"),
        }
    }

    /// The purl of a package of this distribution. `source` is the source package and its version,
    /// which advisories speak about; it is written where it differs.
    pub(crate) fn purl(
        &self,
        purl_type: &'static str,
        name: &str,
        version: &str,
        arch: &str,
        source: (&str, &str),
    ) -> Purl {
        let distro = match (self.id.as_str(), self.version.as_str()) {
            ("", _) => String::new(),
            (_, "") => self.codename.clone(),
            (id, version) => format!("{id}-{version}"),
        };
        let upstream = match source {
            ("", _) => String::new(),
            (source, of) if of.is_empty() || of == version => {
                if source == name {
                    String::new()
                } else {
                    source.to_owned()
                }
            }
            (source, of) => format!("{source}@{of}"),
        };
        Purl::new(purl_type, Some(&self.id), name)
            .with_version(version)
            .with_qualifier("arch", arch)
            .with_qualifier("distro", &distro)
            .with_qualifier("upstream", &upstream)
    }
}

/// The root of the tree that holds a database at a known place.
pub(crate) fn tree_root<'p>(path: &'p str, database: &str) -> &'p str {
    path.find(database).map_or("", |at| path.get(..at).unwrap_or_default()).trim_end_matches('/')
}

/// Whether a path lies at or under a known place of a file system tree.
pub(crate) fn is_at(path: &str, place: &str) -> bool {
    path.strip_suffix(place).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'))
}
