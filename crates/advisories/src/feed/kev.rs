//! CISA's catalogue of known exploited vulnerabilities, JSON.

use jiff::civil::Date;
use serde::Deserialize;
use trimtab_model::advisory::Kev;

use crate::lenient::{List, Object, Text};

/// The catalogue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Catalogue {
    /// Its version, as published.
    pub version: Box<str>,
    /// Its entries, sorted by CVE, each once.
    pub entries: Vec<Kev>,
    /// Entries without a CVE.
    pub skipped: u64,
}

#[derive(Default, Deserialize)]
#[serde(default, bound(deserialize = "'de: 'a"))]
struct Document<'a> {
    #[serde(rename = "catalogVersion")]
    version: Text<'a>,
    vulnerabilities: Option<List<Object<Line<'a>>>>,
}

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase", bound(deserialize = "'de: 'a"))]
struct Line<'a> {
    #[serde(rename = "cveID")]
    cve: Text<'a>,
    date_added: Text<'a>,
    due_date: Text<'a>,
    known_ransomware_campaign_use: Text<'a>,
}

impl Catalogue {
    /// Reads the catalogue. A wrong entry is skipped and counted.
    ///
    /// # Errors
    /// A sentence part that says why the bytes are not a catalogue.
    pub fn parse(bytes: &[u8]) -> Result<Catalogue, String> {
        let document: Document<'_> = serde_json::from_slice(bytes).map_err(|e| e.to_string())?;
        let Some(lines) = document.vulnerabilities else {
            return Err("it has no list of vulnerabilities".to_owned());
        };
        let mut catalogue = Catalogue {
            version: document.version.get().unwrap_or("unknown").into(),
            ..Catalogue::default()
        };
        for line in &*lines {
            match line.cve.get().map(str::trim) {
                Some(cve) if is_cve(cve) => catalogue.entries.push(Kev {
                    cve: cve.to_ascii_uppercase().into(),
                    added: date(&line.date_added),
                    due: date(&line.due_date),
                    ransomware: line
                        .known_ransomware_campaign_use
                        .get()
                        .is_some_and(|word| word.eq_ignore_ascii_case("known"))
                        .then_some(true),
                }),
                _ => catalogue.skipped += 1,
            }
        }
        catalogue.entries.sort_by(|a, b| {
            (&a.cve, a.added, a.due, a.ransomware).cmp(&(&b.cve, b.added, b.due, b.ransomware))
        });
        catalogue.entries.dedup_by(|later, first| later.cve == first.cve);
        Ok(catalogue)
    }
}

fn date(text: &Text<'_>) -> Option<Date> {
    text.get()?.trim().get(..10)?.parse().ok()
}

/// Whether a text looks like a CVE's number.
pub(crate) fn is_cve(text: &str) -> bool {
    text.len() <= 64
        && text.get(..4).is_some_and(|prefix| prefix.eq_ignore_ascii_case("CVE-"))
        && text.bytes().skip(4).all(|b| b.is_ascii_digit() || b == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_ransomware_use_is_not_no() {
        let text = r#"{"catalogVersion":"2026.01.29","vulnerabilities":[
            {"cveID":"CVE-2026-2","dateAdded":"2026-01-29","dueDate":null,"knownRansomwareCampaignUse":"Known"},
            {"cveID":"CVE-2026-1","dateAdded":"not a date","knownRansomwareCampaignUse":"Unknown"},
            {"cveID":7}, "what?"]}"#;
        let catalogue = Catalogue::parse(text.as_bytes()).unwrap();
        assert_eq!(&*catalogue.version, "2026.01.29");
        assert_eq!(catalogue.skipped, 2);
        let [first, second] = &catalogue.entries[..] else { panic!() };
        assert_eq!((&*first.cve, first.added, first.ransomware), ("CVE-2026-1", None, None));
        assert_eq!(second.added, Some(jiff::civil::date(2026, 1, 29)));
        assert_eq!((second.due, second.ransomware), (None, Some(true)));
        assert!(Catalogue::parse(b"{}").is_err());
        assert!(Catalogue::parse(b"[").is_err());
    }
}
