//! A damaged index is refused or answers as before; it is never silently wrong. Bytes that are
//! wrong although every sum is right neither panic nor loop.

use std::fs;

use crate::common::{corpus_records, index_of};
use proptest::prelude::*;
use trimtab_advisories::{Index, IndexError};
use trimtab_model::{Code, Family, Purl, Version};

fn bytes() -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    // Enough packages to fill more than one page of each kind.
    let mut records = corpus_records();
    for i in 0..40 {
        records.push(serde_json::json!({"id": format!("GHSA-many-{i}"), "modified": "2026-01-01T00:00:00Z",
            "aliases": [format!("CVE-2026-{i}")], "summary": "many",
            "affected": [{"package": {"ecosystem": "npm", "name": format!("many-{}", i % 13)},
            "ranges": [{"type": "SEMVER", "events": [{"introduced": "0"}, {"fixed": format!("{i}.0.0")}]}]}]}));
    }
    let (_, _, target) = index_of(folder.path(), &records);
    fs::read(target).unwrap()
}

/// Asks an index everything that it can be asked, and writes the answers down.
fn answers(index: &Index) -> Result<String, IndexError> {
    let mut out = String::new();
    let mut say = |text: String| {
        out.push_str(&text);
        out.push('\n');
    };
    say(format!("{:?} {:?}", index.info()?, index.families()?));
    for name in ["many-3", "evil", "pairs", "nothing"] {
        say(format!("{name} {}", index.package(Family::Npm, name)?.is_some()));
    }
    for package in index.packages().take(1000) {
        let package = package?;
        let family = package.family();
        say(format!("{family} {} {}", package.name(), package.entries().len()));
        for entry in package.entries().take(100) {
            say(format!(
                "{} {} {:?} {:?} {:?} {:?} {:?}",
                entry.advisory(),
                entry.group(),
                entry.kind(),
                entry.release(),
                entry.hint(),
                entry.fixed().take(100).collect::<Vec<_>>(),
                entry.symbols().take(100).collect::<Vec<_>>()
            ));
            for text in ["0.5.0", "1.0.0", "3.1.0", "20.0.0"] {
                let Ok(version) = Version::parse(family.scheme(), text) else { continue };
                let verdict = entry.verdict(&version);
                say(format!(
                    "{verdict:?} {} {}",
                    verdict.interval,
                    entry.fixes_above(&version).count()
                ));
                say(format!("{:?}", entry.verdict_of_text(text)));
            }
        }
    }
    for number in 0..index.advisory_count().min(1000) {
        let advisory = index.advisory_at(number)?;
        say(format!(
            "{} {} {:?} {:?} {:?} {:?} {:?} {:?}",
            advisory.id(),
            advisory.group(),
            advisory.kind(),
            advisory.modified(),
            advisory.summary(),
            advisory.severities().collect::<Vec<_>>(),
            advisory.aliases().collect::<Vec<_>>(),
            advisory.references().collect::<Vec<_>>()
        ));
    }
    for number in 0..index.group_count().min(1000) {
        say(format!("{:?}", index.group(number)?));
    }
    for id in ["CVE-2026-7", "ghsa-many-39", "CVE-9999-0601", "no such id"] {
        say(format!("{:?} {:?} {:?}", index.id(id)?, index.kev(id)?, index.epss(id)?));
    }
    say(format!("{:?}", index.lifecycle(&Purl::new("npm", None, "x"))?));
    Ok(out)
}

#[test]
fn a_flipped_byte_is_refused_or_makes_no_difference() {
    let whole = bytes();
    let index = Index::open_bytes(whole.clone()).unwrap();
    index.verify().unwrap();
    let expected = answers(&index).unwrap();
    let (mut refused, mut same) = (0, 0);
    // Every byte of the header and of the sums, and a net over the rest.
    let places =
        (0..whole.len()).filter(|at| *at < 1024 || *at % 41 == 0 || *at + 600 > whole.len());
    for at in places {
        let mut broken = whole.clone();
        broken[at] ^= 1 << (at % 8);
        let opened = Index::open_bytes(broken);
        match opened.and_then(|index| Ok((answers(&index)?, index.verify().is_err()))) {
            Err(error) => {
                refused += 1;
                let diagnostic = error.diagnostic();
                assert!(matches!(diagnostic.code, Code::IndexCorrupt | Code::IndexVersion));
                assert_eq!(diagnostic.help.as_deref(), Some("run: trimtab db update"));
            }
            Ok((answers, found)) => {
                assert!(answers == expected, "byte {at} changes an answer unseen");
                assert!(found, "byte {at} is not found by verify");
                same += 1;
            }
        }
    }
    eprintln!("{refused} refused, {same} answer the same");
    assert!(refused > same);
}

#[test]
fn a_truncated_or_foreign_file_is_refused() {
    let whole = bytes();
    for len in (0..whole.len()).step_by(997).chain([whole.len() - 1]) {
        assert!(Index::open_bytes(whole[..len].to_vec()).is_err(), "{len}");
    }
    let mut longer = whole.clone();
    longer.push(0);
    assert!(matches!(Index::open_bytes(longer), Err(IndexError::Corrupt(_))));
    assert!(matches!(Index::open_bytes(vec![0; 10_000]), Err(IndexError::NotAnIndex)));
    // Another format version, another byte order.
    for at in [16, 20] {
        let mut other = whole.clone();
        other[at] += 1;
        assert!(matches!(Index::open_bytes(other), Err(IndexError::Version)));
    }
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("index.db");
    assert!(matches!(Index::open(&missing), Err(IndexError::Missing(_))));
    assert!(Index::open(folder.path()).is_err());
    fs::write(&missing, b"").unwrap();
    assert!(matches!(Index::open(&missing), Err(IndexError::NotAnIndex)));
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    /// Wrong bytes under right sums: some answer or an error, never a panic or an endless loop.
    #[test]
    fn hostile_bytes_under_right_sums_are_survived(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u32>(), 0..3u8), 1..40)
    ) {
        static WHOLE: std::sync::OnceLock<Vec<u8>> = std::sync::OnceLock::new();
        let mut hostile = WHOLE.get_or_init(bytes).clone();
        for (place, value, how) in edits {
            let at = place.index(hostile.len() - 4);
            match how {
                0 => hostile[at] = value as u8,
                1 => hostile[at..at + 4].copy_from_slice(&value.to_le_bytes()),
                _ => hostile[at..at + 4].copy_from_slice(&(value % 64).to_le_bytes()),
            }
        }
        Index::reseal(&mut hostile);
        if let Ok(index) = Index::open_bytes(hostile) {
            let _ = answers(&index);
            let _ = index.verify();
        }
    }

    #[test]
    fn any_bytes_are_survived(bytes in proptest::collection::vec(any::<u8>(), 0..9000)) {
        prop_assert!(Index::open_bytes(bytes).is_err());
    }
}
