//! Opens an index. Only the header and the checksums of pages are checked, so that opening costs
//! next to nothing at any size. All other pages are checked when they are first read (see `pages`).

use std::fmt;
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use trimtab_model::scan::IndexInfo;
use trimtab_model::{Code, Diagnostic, Family};
use xxhash_rust::xxh3::xxh3_64;
use zerocopy::FromBytes;

use super::format::{
    ENDIAN, FORMAT, FamilyItem, Header, LABEL, NO_TIME, PAGE, Section, Span, header_flag, rules,
};
use super::map::Bytes;
use super::pages::Pages;
use super::run::HeapReader;
use super::write::header_sum;

/// Why an index cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum IndexError {
    /// There is no file.
    Missing(PathBuf),
    /// It cannot be read.
    Io {
        /// The file.
        path: PathBuf,
        /// Why.
        error: io::Error,
    },
    /// It is not an index at all.
    NotAnIndex,
    /// It was written by a build with another layout, or with other rules of names and versions.
    Version,
    /// It is damaged.
    Corrupt(&'static str),
}

impl IndexError {
    /// The command that repairs it.
    pub const HELP: &'static str = "run: trimtab db update";

    /// The error as a diagnostic.
    pub fn diagnostic(&self) -> Diagnostic {
        let code = match self {
            IndexError::Missing(_) => Code::IndexMissing,
            IndexError::Io { .. } => Code::FileUnreadable,
            IndexError::Version => Code::IndexVersion,
            IndexError::NotAnIndex | IndexError::Corrupt(_) => Code::IndexCorrupt,
        };
        Diagnostic::new(code, self.to_string()).help(IndexError::HELP)
    }
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            IndexError::Missing(path) => {
                write!(f, "there is no advisory index at {}", path.display())
            }
            IndexError::Io { path, error } => {
                write!(f, "the advisory index {} cannot be read: {error}", path.display())
            }
            IndexError::NotAnIndex => f.write_str("the file is not an advisory index"),
            IndexError::Version => {
                f.write_str("the advisory index was written by another version of trimtab")
            }
            IndexError::Corrupt(why) => write!(f, "the advisory index is damaged: {why}"),
        }
    }
}

impl std::error::Error for IndexError {}

/// What the index has of an ecosystem.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FamilyCount {
    /// The ecosystem.
    pub family: Family,
    /// Advisories that speak of a package of it.
    pub advisories: u32,
    /// Packages.
    pub packages: u32,
    /// Pairs of the two.
    pub entries: u32,
}

/// An open index.
pub struct Index {
    pub(crate) pages: Pages,
    pub(crate) header: Header,
}

impl fmt::Debug for Index {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Index").field("digest", &hex(&self.header.digest)).finish_non_exhaustive()
    }
}

impl Index {
    /// Maps an index and checks its header and page sums.
    ///
    /// # Errors
    /// There is none, or it cannot be used.
    pub fn open(path: &Path) -> Result<Index, IndexError> {
        let fail = |error: io::Error| match error.kind() {
            io::ErrorKind::NotFound => IndexError::Missing(path.to_path_buf()),
            _ => IndexError::Io { path: path.to_path_buf(), error },
        };
        let file = File::open(path).map_err(fail)?;
        let meta = file.metadata().map_err(fail)?;
        if !meta.is_file() || meta.len() < PAGE as u64 {
            return Err(IndexError::NotAnIndex);
        }
        Index::new(Bytes::map(&file).map_err(fail)?)
    }

    /// The same over bytes in memory, for tests and fuzzing.
    ///
    /// # Errors
    /// They are not an index that can be used.
    pub fn open_bytes(bytes: Vec<u8>) -> Result<Index, IndexError> {
        Index::new(Bytes::Owned(bytes))
    }

    /// Makes every sum of changed bytes right again, so that tests and fuzzing get past them.
    #[doc(hidden)]
    pub fn reseal(bytes: &mut [u8]) {
        super::write::reseal(bytes);
    }

    fn new(bytes: Bytes) -> Result<Index, IndexError> {
        let (header, _) = Header::read_from_prefix(&bytes).map_err(|_| IndexError::NotAnIndex)?;
        if header.label != LABEL {
            return Err(IndexError::NotAnIndex);
        }
        if header.endian != ENDIAN || header.format != FORMAT {
            return Err(IndexError::Version);
        }
        if header.own_sum != header_sum(&header) {
            return Err(IndexError::Corrupt("the header does not match its sum"));
        }
        if header.rules != rules() || header.page.get() as usize != PAGE {
            return Err(IndexError::Version);
        }
        if header.file_len != bytes.len() as u64 {
            return Err(IndexError::Corrupt("the file is not as long as it was written"));
        }
        // The rest of the header's page is not used: it must be as it was written.
        if bytes.get(size_of::<Header>()..PAGE).is_none_or(|rest| rest.iter().any(|b| *b != 0)) {
            return Err(IndexError::Corrupt("the header's page has more than a header"));
        }
        let pages = Pages::new(bytes, &header)?;
        let sums = pages.sums();
        let covered = header.sums.offset.get() / PAGE as u64;
        if (covered.max(1) - 1).checked_mul(8) != Some(sums.len() as u64) {
            return Err(IndexError::Corrupt("the page sums are incomplete"));
        }
        if header.sums_sum != xxh3_64(sums) {
            return Err(IndexError::Corrupt("the page sums do not match their sum"));
        }
        Ok(Index { pages, header })
    }

    /// What the index was built from.
    ///
    /// # Errors
    /// The index is damaged.
    pub fn info(&self) -> Result<IndexInfo, IndexError> {
        let texts = HeapReader::new(self.whole(Section::Texts)?);
        let text = |there: bool, span: Span| there.then(|| texts.text(span).into());
        Ok(IndexInfo {
            data_date: time(self.header.data_date.get()).map(|t| t.to_string().into()),
            digest: hex(&self.header.digest).into(),
            advisories: self.header.advisories.get(),
            kev: text(self.has_kev(), self.header.kev),
            epss: text(self.has_epss(), self.header.epss),
        })
    }

    /// Records that were left out because their database took them back.
    pub fn withdrawn(&self) -> u64 {
        self.header.withdrawn.get()
    }

    /// What the index has of each ecosystem, in the order of the families.
    ///
    /// # Errors
    /// The index is damaged.
    pub fn families(&self) -> Result<Vec<FamilyCount>, IndexError> {
        let items = <[FamilyItem]>::ref_from_bytes(self.whole(Section::Families)?)
            .map_err(|_| IndexError::Corrupt("the table of ecosystems has a wrong size"))?;
        let counts = items.iter().filter_map(|item| {
            let family = u8::try_from(item.family.get()).ok().and_then(Family::from_number)?;
            Some(FamilyCount {
                family,
                advisories: item.advisories.get(),
                packages: item.packages.get(),
                entries: item.entries.get(),
            })
        });
        Ok(counts.collect())
    }

    /// Whether it has a KEV catalogue. Without one, exploitation is unknown.
    pub fn has_kev(&self) -> bool {
        self.header.flags.get() & header_flag::KEV != 0
    }

    /// Whether it has EPSS scores. Without them, every probability is unknown.
    pub fn has_epss(&self) -> bool {
        self.header.flags.get() & header_flag::EPSS != 0
    }

    /// Whether it has lifecycles of products.
    pub fn has_lifecycle(&self) -> bool {
        self.header.flags.get() & header_flag::LIFECYCLE != 0
    }

    pub(crate) fn whole(&self, section: Section) -> Result<&[u8], IndexError> {
        self.pages.get(section, 0, self.pages.len(section))
    }
}

/// A time from seconds; `NO_TIME` and times out of range are none.
pub(crate) fn time(seconds: i64) -> Option<Timestamp> {
    if seconds == NO_TIME { None } else { Timestamp::from_second(seconds).ok() }
}

/// Bytes in hexadecimal.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}
