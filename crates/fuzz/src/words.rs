//! The words of the model that are read from text: purls, ranges, versions, scores, licences. The
//! laws that hold for all of them are asserted.

use std::cmp::Ordering;

use trimtab_model::cvss::base_score_tenths;
use trimtab_model::vers::Vers;
use trimtab_model::{Licence, Purl, Scheme, Version};

use crate::{Target, seeds};

pub(crate) fn targets() -> Vec<Target> {
    vec![
        Target::new("purl", purl, seeds::strings("purl", "pkg:")),
        Target::new("vers", vers, seeds::ranges()),
        Target::new("versions", versions, seeds::versions()),
        Target::new("cvss", cvss, seeds::strings("reports", "CVSS:")),
        Target::new(
            "licence",
            licence,
            [
                "MIT OR (Apache-2.0 WITH LLVM-exception)",
                "GPL-2.0+",
                "MIT/Apache-2.0",
                "LicenseRef-x",
            ]
            .map(|t| t.as_bytes().to_vec())
            .to_vec(),
        ),
    ]
}

/// A purl that is read is written so that it is read again as the same.
pub fn purl(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Ok(purl) = Purl::parse(text) {
        let written = purl.to_string();
        let again = Purl::parse(&written);
        assert!(again.as_ref().is_ok_and(|a| *a == purl), "{written} is read as {again:?}");
        assert_eq!(again.map(|a| a.to_string()).ok(), Some(written));
        let _ = purl.package();
    }
}

/// A range in vers notation, and each ecosystem's own: `type range version`.
pub fn vers(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let (text, version) = text.rsplit_once('\n').unwrap_or((text, "1.2.3"));
    if let Ok(vers) = Vers::parse(text) {
        let _ = vers.contains(version);
        let written = vers.to_string();
        let again = Vers::parse(&written);
        assert!(
            again.as_ref().is_ok_and(|a| a.to_string() == written),
            "{written} is read as {again:?}"
        );
        assert_eq!(vers.contains(version), again.ok().and_then(|a| a.contains(version)));
    }
    let _ = Vers::parse_canonical(text);
    let Some((kind, native)) = text.split_once(' ') else { return };
    if let Ok(vers) = Vers::from_native(kind, native) {
        let _ = vers.contains(version);
        let written = vers.to_string();
        assert!(Vers::parse(&written).is_ok(), "{kind} {native} becomes {written}");
    }
}

/// Three versions, one a line: their order is an order in every scheme.
pub fn versions(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    for scheme in Scheme::ALL {
        let all: Vec<Version> =
            text.lines().take(3).filter_map(|t| Version::parse(*scheme, t).ok()).collect();
        for a in &all {
            assert_eq!(a.compare(a), Some(Ordering::Equal));
            let again = Version::parse(*scheme, a.text());
            assert!(again.is_ok_and(|again| again.key() == a.key()));
            for b in &all {
                assert_eq!(a.compare(b), b.compare(a).map(Ordering::reverse), "{a:?} {b:?}");
            }
        }
        if let [a, b, c] = &all[..]
            && a.compare(b) == Some(Ordering::Less)
            && b.compare(c) == Some(Ordering::Less)
        {
            assert_eq!(a.compare(c), Some(Ordering::Less), "{a:?} {b:?} {c:?}");
        }
    }
}

/// A CVSS vector.
pub fn cvss(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    assert!(base_score_tenths(text).is_none_or(|(_, score)| score <= 100));
}

/// A licence expression.
pub fn licence(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    let licence = Licence::read(text);
    let _ = licence.ids();
    if licence.is_spdx() {
        assert!(Licence::read(licence.as_str()).is_spdx(), "{}", licence.as_str());
    }
}
