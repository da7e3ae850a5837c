//! Whether what came is what the feed is, and no error page.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The most bytes that scores unpack to.
const MAX_SCORES: u64 = 256 << 20;

/// CISA's catalogue has a list of vulnerabilities; an error page, JSON or not, has none.
pub(super) fn looks_like_kev(path: &Path) -> Result<(), String> {
    #[derive(Deserialize)]
    struct Catalogue {
        vulnerabilities: Vec<IgnoredAny>,
    }
    let bytes = fs::read(path).map_err(|e| e.to_string())?;
    match serde_json::from_slice::<Catalogue>(&bytes) {
        Ok(catalogue) if catalogue.vulnerabilities.is_empty() => Err("it is empty".to_owned()),
        Ok(_) => Ok(()),
        Err(e) => Err(format!("it is not a catalogue of vulnerabilities: {e}")),
    }
}

pub(super) fn looks_like_json(path: &Path) -> Result<(), String> {
    let bytes = fs::read(path).map_err(|e| e.to_string())?;
    serde_json::from_slice::<IgnoredAny>(&bytes)
        .map(|_| ())
        .map_err(|e| format!("it is not JSON: {e}"))
}

/// A table of scores, packed or not; what is packed must unpack to its end.
pub(super) fn looks_like_scores(path: &Path) -> Result<(), String> {
    let file = File::open(path).map_err(|e| e.to_string())?;
    let mut input = BufReader::new(file);
    let start = input.fill_buf().map_err(|e| e.to_string())?;
    if start.starts_with(&[0x1F, 0x8B]) {
        let unpacked = MultiGzDecoder::new(input).take(MAX_SCORES);
        return match io::copy(&mut { unpacked }, &mut io::sink()) {
            Ok(count) if count == MAX_SCORES => {
                Err("it unpacks to more than its size allows".to_owned())
            }
            Ok(_) => Ok(()),
            Err(e) => Err(format!("it could not be unpacked: {e}")),
        };
    }
    if start.starts_with(b"#") || start.starts_with(b"cve") {
        Ok(())
    } else {
        Err("it is neither a gzip file nor a table of scores".to_owned())
    }
}
