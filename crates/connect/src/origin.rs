//! Where a file on disk came from: a small JSON beside it (`all.zip.origin`), so that the server is
//! asked for it only if it changed, and a part of it is continued only if it did not.
//!
//! It is written after the file has its name. A process killed in between leaves a file whose
//! origin tells of the one before: it is fetched once more, and never taken for newer than it is.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use crate::checksum::Checksums;
use crate::http::Response;
use crate::url::Url;

/// What the server said about a file.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Origin {
    /// Without credentials and query.
    pub(crate) url: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) etag: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) last_modified: Option<String>,
    /// The whole file's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) length: Option<u64>,
    /// The values of `x-goog-hash`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) hashes: Vec<String>,
}

impl Origin {
    /// What an answer says.
    pub(crate) fn of(url: &Url, answer: &Response, length: Option<u64>) -> Origin {
        let text = |name| answer.header(name).map(str::to_owned);
        let stored = answer.header("x-goog-stored-content-encoding");
        let hashes = answer.headers.get_all("x-goog-hash").iter();
        Origin {
            url: url.to_string(),
            etag: text("etag"),
            last_modified: text("last-modified"),
            length,
            hashes: hashes
                .filter(|_| stored.is_none_or(|encoding| encoding == "identity"))
                .filter_map(|value| value.to_str().ok().map(str::to_owned))
                .collect(),
        }
    }

    /// The origin of a file, if the file is whole and came from this address.
    pub(crate) fn of_file(file: &Path, url: &Url) -> Option<Origin> {
        let origin = Origin::read(file, url)?;
        let length = fs::metadata(file).ok().filter(fs::Metadata::is_file)?.len();
        origin.length.is_none_or(|known| known == length).then_some(origin)
    }

    /// The origin of a file that may not be whole.
    pub(crate) fn read(file: &Path, url: &Url) -> Option<Origin> {
        let bytes = fs::read(beside(file, ".origin")).ok()?;
        let origin: Origin = serde_json::from_slice(&bytes).ok()?;
        (origin.url == url.to_string()).then_some(origin)
    }

    /// Writes it beside its file.
    pub(crate) fn write(&self, file: &Path) -> io::Result<()> {
        let bytes = serde_json::to_vec(self).map_err(io::Error::other)?;
        write_whole(&beside(file, ".origin"), &bytes)
    }

    /// What makes two answers the same bytes: a strong tag, else the date (RFC 9110 §13.1.5).
    pub(crate) fn validator(&self) -> Option<&str> {
        let strong = self.etag.as_deref().filter(|tag| !tag.starts_with("W/"));
        strong.or(self.last_modified.as_deref())
    }

    pub(crate) fn checksums(&self) -> Checksums {
        Checksums::of_headers(self.hashes.iter().map(String::as_str))
    }
}

/// A file's name with a suffix.
pub(crate) fn beside(file: &Path, suffix: &str) -> PathBuf {
    let mut name: OsString = file.file_name().unwrap_or_default().to_owned();
    name.push(suffix);
    file.with_file_name(name)
}

/// Writes a small file so that it is there whole or as it was.
pub(crate) fn write_whole(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let aside = beside(path, ".new");
    let mut file = File::create(&aside)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    drop(file);
    fs::rename(&aside, path)
}
