//! Ids of vulnerabilities: which texts are one, and which are only words.
//!
//! The databases are those of the OSV schema's list of prefixes, and those of scanners that publish
//! ids of their own. Case is corrected for CVE and GHSA only, whose spelling is fixed.

/// Prefixes of ids, up to and without the first `-`.
const PREFIXES: &[&str] = &[
    "ALAS",
    "ALAS2",
    "ALBA",
    "ALEA",
    "ALPINE",
    "ALSA",
    "ASB",
    "AZL",
    "BELL",
    "BIT",
    "CGA",
    "CLEANSTART",
    "CURL",
    "CVE",
    "DEBIAN",
    "DHI",
    "DLA",
    "DRUPAL",
    "DSA",
    "DTSA",
    "ECHO",
    "EEF",
    "ELA",
    "ELSA",
    "GCVE",
    "GHSA",
    "GMS",
    "GO",
    "GSD",
    "HSEC",
    "JLSEC",
    "KUBE",
    "LBSEC",
    "LSN",
    "MAL",
    "MGASA",
    "MINI",
    "NPM",
    "NSWG",
    "OESA",
    "OSEC",
    "OSV",
    "PHSA",
    "PKSA",
    "PSF",
    "PUB",
    "PYSEC",
    "RHBA",
    "RHEA",
    "RHSA",
    "RLSA",
    "ROOT",
    "RSEC",
    "RUSTSEC",
    "RXSA",
    "SNYK",
    "SUSE",
    "TEMP",
    "UBUNTU",
    "USN",
    "V8",
    "XRAY",
    "openSUSE",
];

/// The longest id, in bytes.
pub(crate) const MAX_ID: usize = 128;

/// Reads a text that is an id of a database that is known.
pub(crate) fn known(text: &str) -> Option<String> {
    let text = text.trim();
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b':' | b'.');
    if text.len() > MAX_ID || !text.bytes().all(plain) {
        return None;
    }
    let (prefix, rest) = text.split_once('-')?;
    let digit = rest.bytes().any(|b| b.is_ascii_digit());
    match prefix.to_ascii_uppercase().as_str() {
        "CVE" => cve(rest),
        "GHSA" => ghsa(rest),
        _ => (digit && PREFIXES.contains(&prefix)).then(|| text.to_owned()),
    }
}

/// An id as a report declares it: one that is known, otherwise as it is written. A text with spaces
/// in it, or a weakness, is no id.
pub(crate) fn declared(text: &str) -> Option<String> {
    let text = text.trim();
    if let Some(id) = known(text) {
        return Some(id);
    }
    let word = !text.is_empty()
        && text.len() <= MAX_ID
        && !text.chars().any(|c| c.is_whitespace() || c.is_control())
        && text.bytes().any(|b| b.is_ascii_digit() || b.is_ascii_alphabetic());
    let weakness = text.get(..4).is_some_and(|start| start.eq_ignore_ascii_case("CWE-"));
    (word && !weakness && !text.contains("://")).then(|| text.to_owned())
}

/// The ids of databases that occur in a text or an address, in order.
pub(crate) fn within(text: &str) -> impl Iterator<Item = String> {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || c == '-')).filter_map(|word| {
        let start = |prefix: &str| {
            word.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix))
        };
        let wanted = ["CVE-", "GHSA-", "RUSTSEC-", "PYSEC-", "GO-2", "MAL-2", "SNYK-"];
        wanted.iter().any(|prefix| start(prefix)).then(|| known(word))?
    })
}

/// The id at the beginning of a text that goes on (`CVE-2021-44228-log4j-core`).
pub(crate) fn leading(text: &str) -> Option<String> {
    let number = |rest: &str| rest.bytes().take_while(u8::is_ascii_digit).count();
    let upper = text.get(..text.len().min(64)).unwrap_or_default().to_ascii_uppercase();
    if let Some(rest) = upper.strip_prefix("CVE-") {
        let (year, rest) = rest.split_once('-')?;
        return cve(&format!("{year}-{}", rest.get(..number(rest))?));
    }
    if upper.starts_with("GHSA-") {
        return ghsa(upper.get(5..19)?);
    }
    known(text)
}

fn cve(rest: &str) -> Option<String> {
    let (year, number) = rest.split_once('-')?;
    let alphanumeric = |text: &str| text.bytes().all(|b| b.is_ascii_alphanumeric());
    (year.len() == 4 && !number.is_empty() && alphanumeric(year) && alphanumeric(number))
        .then(|| format!("CVE-{}", rest.to_ascii_uppercase()))
}

fn ghsa(rest: &str) -> Option<String> {
    let parts: Vec<&str> = rest.split('-').collect();
    let four = |part: &&str| part.len() == 4 && part.bytes().all(|b| b.is_ascii_alphanumeric());
    (parts.len() == 3 && parts.iter().all(four))
        .then(|| format!("GHSA-{}", rest.to_ascii_lowercase()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ids_are_told_from_words() {
        for (text, id) in [
            ("cve-2021-44228", Some("CVE-2021-44228")),
            ("GHSA-JFH8-c2jp-5v3q", Some("GHSA-jfh8-c2jp-5v3q")),
            ("GHSA-jfh8-c2jp", None),
            ("CVE-2021-", None),
            ("CVE-21-1", None),
            ("RUSTSEC-2020-0091", Some("RUSTSEC-2020-0091")),
            ("SNYK-JS-LODASH-450202", Some("SNYK-JS-LODASH-450202")),
            ("openSUSE-SU-2024:1-1", Some("openSUSE-SU-2024:1-1")),
            ("GO-away", None),
            ("TST0001", None),
        ] {
            assert_eq!(known(text).as_deref(), id, "{text}");
        }
    }

    #[test]
    fn what_a_report_declares_is_kept_as_written() {
        assert_eq!(declared(" sonatype-2020-1 ").as_deref(), Some("sonatype-2020-1"));
        assert_eq!(declared("CWE-400"), None);
        assert_eq!(declared("poorly sanitized input"), None);
        assert_eq!(declared("https://a.example/CVE-2020-1"), None);
        assert_eq!(declared(&"a".repeat(200)), None);
    }

    #[test]
    fn ids_are_found_in_addresses_and_at_beginnings() {
        let found: Vec<_> =
            within("see https://github.com/advisories/GHSA-jfh8-c2jp-5v3q?x=CVE-2021-44228, CVE-x")
                .collect();
        assert_eq!(found, ["GHSA-jfh8-c2jp-5v3q", "CVE-2021-44228"]);
        assert_eq!(leading("CVE-2021-44228-log4j-core").as_deref(), Some("CVE-2021-44228"));
        assert_eq!(leading("GHSA-jfh8-c2jp-5v3q-a").as_deref(), Some("GHSA-jfh8-c2jp-5v3q"));
        assert_eq!(leading("GHSA-é"), None);
        assert_eq!(leading("js/xss"), None);
    }
}
