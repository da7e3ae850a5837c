//! What the writers of SBOMs share: a component's facts in the words of the formats.

use std::borrow::Cow;
use std::io::{self, Write};

use trimtab_model::advisory::CvssVersion;
use trimtab_model::finding::Finding;
use trimtab_model::scan::Scan;
use trimtab_model::{Hash, HashAlgorithm, Origin, Scope};

use crate::distinct::{self, Item};
pub(super) use crate::xml::clean;

/// A writer that only digests.
#[derive(Default)]
pub(super) struct Digest(blake3::Hasher);

impl Write for Digest {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Digest {
    /// A UUID of version 8 (RFC 9562) from what was written.
    pub(super) fn uuid(&self) -> String {
        let mut bytes = [0u8; 16];
        bytes.copy_from_slice(&self.0.finalize().as_bytes()[..16]);
        bytes[6] = bytes[6] & 0x0f | 0x80;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
        [&hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]].join("-")
    }
}

/// Text on one line.
pub(super) fn one_line(text: &str) -> Cow<'_, str> {
    // Nearly every text is one already, and is spared the copy.
    let plain = text.bytes().all(|b| matches!(b, b' '..=b'~'));
    if plain && !text.starts_with(' ') && !text.ends_with(' ') && !text.contains("  ") {
        return Cow::Borrowed(text);
    }
    Cow::Owned(clean(text).split_whitespace().collect::<Vec<_>>().join(" "))
}

/// The same of a text that was put together.
pub(super) fn one_line_of<'s>(text: String) -> Cow<'s, str> {
    match one_line(&text) {
        Cow::Owned(line) => line.into(),
        Cow::Borrowed(_) => text.into(),
    }
}

/// A declared licence: an SPDX expression, or else a free name.
pub(super) enum Licence<'s> {
    Expression(Cow<'s, str>),
    Name(Cow<'s, str>),
}

pub(super) fn licence<'s>(item: &Item<'s>) -> Option<Licence<'s>> {
    let text = one_line(item.licence?);
    if text.is_empty() {
        return None;
    }
    Some(match spdx::Expression::parse(&text) {
        Ok(_) => Licence::Expression(text),
        Err(_) => Licence::Name(text),
    })
}

/// CycloneDX's `scope`. Unknown has no word.
pub(super) const fn scope(scope: Scope) -> Option<&'static str> {
    match scope {
        Scope::Runtime => Some("required"),
        Scope::Optional => Some("optional"),
        Scope::Build | Scope::Development | Scope::Test => Some("excluded"),
        Scope::Unknown => None,
    }
}

/// Whether CycloneDX has the function, and the digest has one of the lengths it allows.
pub(super) fn is_plain(hash: &Hash) -> bool {
    !matches!(hash.algorithm, HashAlgorithm::GoH1 | HashAlgorithm::Sha224)
        && matches!(hash.digest.len(), 16 | 20 | 32 | 48 | 64)
}

/// What the formats have no place for, as properties in a fixed order.
pub(super) fn properties<'s>(
    item: &Item<'s>,
    cyclonedx: bool,
) -> Vec<(&'static str, Cow<'s, str>)> {
    let mut all = Vec::with_capacity(4);
    all.push(("trimtab:relation", item.relation.as_str().into()));
    all.push(("trimtab:scope", item.scope.as_str().into()));
    all.extend(item.members.iter().map(|m| ("trimtab:member", one_line(m))));
    all.extend(item.groups.iter().map(|g| ("trimtab:group", one_line(g))));
    all.extend(item.requirement.map(|r| ("trimtab:requirement", one_line(r))));
    if *item.origin != Origin::Unstated {
        all.push(("trimtab:origin", one_line_of(distinct::origin(item.origin))));
    }
    let lost = |h: &&&Hash| {
        if cyclonedx { !is_plain(h) } else { h.algorithm == HashAlgorithm::GoH1 }
    };
    for hash in item.hashes.iter().filter(lost) {
        let value = format!("{}:{}", hash.algorithm.as_str(), hash.hex());
        all.push(("trimtab:hash", value.into()));
    }
    if let Some(cpe) = item.cpe.filter(|cpe| !is_cpe23(cpe)) {
        all.push(("trimtab:cpe", one_line(cpe)));
    }
    all
}

/// Whether a text is a formatted CPE 2.3 name. Stricter than the standard where that is long-winded.
pub(super) fn is_cpe23(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("cpe:2.3:") else { return false };
    let (mut parts, mut escaped, mut part) = (Vec::new(), false, String::new());
    for c in rest.chars() {
        match c {
            _ if escaped => {
                if !c.is_ascii_punctuation() {
                    return false;
                }
                escaped = false;
                part.push(c);
            }
            '\\' => escaped = true,
            ':' => parts.push(std::mem::take(&mut part)),
            c if c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '~' | '*') => {
                if c == '*' && rest.contains("**") {
                    return false;
                }
                part.push(c);
            }
            _ => return false,
        }
    }
    parts.push(part);
    let star = |at: usize| matches!(parts.get(at).map(String::as_str), Some("*" | "-"));
    // A star may stand alone, or at either end of a value; inside it must be escaped.
    let stars = parts.iter().all(|p| p == "*" || !p.trim_matches('*').contains('*'));
    parts.len() == 11
        && !escaped
        && stars
        && matches!(parts.first().map(String::as_str), Some("a" | "o" | "h" | "*" | "-"))
        && parts.iter().all(|p| !p.is_empty())
        && star(6)
}

/// Whether a text may stand where a URL is asked for.
pub(super) fn is_url(text: &str) -> bool {
    let Some((scheme, rest)) = text.split_once("://") else { return false };
    let scheme_ok = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'-' | b'.'));
    let allowed = |b: u8| b.is_ascii_alphanumeric() || b"-._~:/?#@!$&'()*+,;=%".contains(&b);
    let percent = rest
        .split('%')
        .skip(1)
        .all(|p| p.as_bytes().get(..2).is_some_and(|d| d.iter().all(u8::is_ascii_hexdigit)));
    let host = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let port = host.rsplit_once(':').is_none_or(|(_, p)| p.bytes().all(|b| b.is_ascii_digit()));
    scheme_ok
        && !host.is_empty()
        && port
        && rest.bytes().all(allowed)
        && rest.matches('#').count() < 2
        && percent
}

/// The reference that an origin makes: its kind in CycloneDX, and the URL.
pub(super) fn reference<'s>(item: &Item<'s>) -> Option<(&'static str, &'s str)> {
    let (kind, url): (_, &'s str) = match item.origin {
        Origin::Registry(url) | Origin::Url(url) => ("distribution", url),
        Origin::Git { url, .. } => ("vcs", url),
        Origin::Unstated | Origin::Path(_) => return None,
    };
    is_url(url).then_some((kind, url))
}

/// The files and lines that list a component.
pub(super) fn places<'s>(
    scan: &'s Scan,
    item: &Item<'_>,
) -> impl Iterator<Item = (&'s str, Option<u32>)> {
    item.occurrences.clone().into_iter().filter_map(|at| {
        let file = scan.inventory.files.get(at.file as usize)?;
        let component = file.components.get(at.component as usize)?;
        (!file.path.is_empty()).then_some((&*file.path, component.line))
    })
}

/// CycloneDX's name of a scoring method.
pub(super) const fn method(version: CvssVersion) -> &'static str {
    match version {
        CvssVersion::V2 => "CVSSv2",
        CvssVersion::V3_0 => "CVSSv3",
        CvssVersion::V3_1 => "CVSSv31",
        CvssVersion::V4 => "CVSSv4",
    }
}

/// The database that an id belongs to, by its prefix.
pub(super) fn database(id: &str) -> &str {
    id.split_once('-').map_or(id, |(prefix, _)| prefix)
}

/// Numbers of weaknesses (`CWE-79`).
pub(super) fn cwes(finding: &Finding) -> impl Iterator<Item = u32> {
    let all = finding.vulnerability.cwes.iter();
    all.filter_map(|cwe| cwe.strip_prefix("CWE-")?.parse().ok()).filter(|n| *n > 0)
}

/// What to do, in one sentence. `None`: no source names a fixed version.
pub(super) fn recommendation(finding: &Finding) -> Option<String> {
    let fix = finding.nearest_fix.as_deref()?;
    Some(format!("Upgrade {} to {} or later", crate::group::name(&finding.purl), one_line(fix)))
}

/// When the first source published and the last one changed it, RFC 3339.
pub(super) fn dates(finding: &Finding) -> (Option<String>, Option<String>) {
    let all = || finding.attributions.iter().map(|a| &a.advisory);
    let published = all().filter_map(|a| a.published).min();
    let updated = all().filter_map(|a| a.modified).max();
    (published.map(|t| t.to_string()), updated.map(|t| t.to_string()))
}

/// The finding's facts that CycloneDX has no place for.
pub(super) fn finding_properties(finding: &Finding) -> Vec<(&'static str, Cow<'_, str>)> {
    let vulnerability = &finding.vulnerability;
    let mut all = vec![
        ("trimtab:kind", vulnerability.kind.as_str().into()),
        ("trimtab:confidence", finding.confidence.as_str().into()),
    ];
    all.extend(finding.doubts.iter().map(|d| ("trimtab:doubt", d.code().into())));
    if let Some(kev) = &vulnerability.kev {
        all.push(("trimtab:kev", kev.cve.to_string().into()));
        all.extend(kev.added.map(|d| ("trimtab:kev:added", d.to_string().into())));
        all.extend(kev.due.map(|d| ("trimtab:kev:due", d.to_string().into())));
        all.extend(kev.ransomware.map(|r| ("trimtab:kev:ransomware", r.to_string().into())));
    }
    if let Some(epss) = vulnerability.epss {
        all.push(("trimtab:epss:probability", epss.probability.to_string().into()));
        all.push(("trimtab:epss:percentile", epss.percentile.to_string().into()));
    }
    for attribution in &finding.attributions {
        let word = if attribution.affected { "affected" } else { "not-affected" };
        let id = &attribution.advisory.id;
        all.push((
            "trimtab:attribution",
            one_line_of(format!("{id} {word}: {}", attribution.reason)),
        ));
        all.extend(
            attribution.fixed.iter().map(|v| ("trimtab:fixed", one_line_of(format!("{id} {v}")))),
        );
    }
    if let Some(fix) = &finding.nearest_fix {
        all.push(("trimtab:nearest-fix", one_line(fix)));
    }
    all
}

/// The phases of the product's life in which the data was gathered: what the documents that were
/// read say; lockfiles and manifests are there before the build.
pub(super) fn phases(scan: &Scan) -> Vec<&str> {
    const PHASES: &[&str] =
        &["design", "pre-build", "build", "post-build", "operations", "discovery", "decommission"];
    let files = &scan.inventory.files;
    let documents = || files.iter().filter_map(|f| f.document.as_deref());
    let lists = files.iter().any(|f| f.document.is_none() && !f.components.is_empty());
    let said = |phase: &&str| {
        (**phase == *"pre-build" && lists)
            || documents().any(|d| d.contexts.iter().any(|c| **c == **phase))
    };
    PHASES.iter().filter(|p| said(p)).copied().collect()
}

/// Who made the documents that were read.
pub(super) fn authors(scan: &Scan) -> std::collections::BTreeSet<String> {
    let documents = scan.inventory.files.iter().filter_map(|f| f.document.as_deref());
    documents
        .flat_map(|d| &d.authors)
        .map(|a| one_line(a).into_owned())
        .filter(|a| !a.is_empty())
        .collect()
}
