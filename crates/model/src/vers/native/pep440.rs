//! Version specifiers of Python (PEP 440): `>=1.0,!=1.3.*,<2`, `~=1.4.2`, `==1.*`.
//!
//! `==1.4.*` is every version whose release starts with 1.4, also `1.4.dev1` and not `1.5.dev0`;
//! the first version of a release is its `.dev0`, so that is where such a range is cut. Poetry's
//! additions are read too: alternatives by `||`, `^1.2` and `~1.2`.

use super::{
    Comparator, Cut, Intervals, MAX_TERMS, Reader, VersError, comparator, dialect, operator,
};

pub(super) fn read(reader: &Reader<'_>) -> Result<Intervals, VersError> {
    reader.alternatives(reader.text.split("||"), |text| {
        text.split(',')
            .map(str::trim)
            .filter(|term| !term.is_empty())
            .take(MAX_TERMS + 1)
            .map(|term| read_term(reader, term))
            .collect()
    })
}

fn read_term(reader: &Reader<'_>, term: &str) -> Result<Intervals, VersError> {
    let (sign, version) = operator(term);
    match (sign, version.strip_suffix(".*")) {
        ("==" | "=" | "", Some(prefix)) => {
            let (from, to) = prefix_cuts(reader, prefix)?;
            Ok(Intervals::between(from, to))
        }
        ("!=", Some(prefix)) => {
            let (from, to) = prefix_cuts(reader, prefix)?;
            let before = Intervals::between(Cut::Start, from);
            Ok(before.union(Intervals::between(to, Cut::End)))
        }
        ("~=", None) => {
            let (release, _) = release(version);
            let (prefix, _) = release.rsplit_once('.').ok_or_else(|| reader.malformed())?;
            let (_, to) = prefix_cuts(reader, prefix)?;
            Ok(Intervals::between(Cut::Before(reader.point(version)?), to))
        }
        ("^" | "~", _) => dialect::read_term(reader, &dialect::POETRY, term),
        ("", None) if version == "*" => Ok(Intervals::all()),
        ("", None) => reader.of(Comparator::Equal, version),
        (sign, None) => reader.of(comparator(sign).ok_or_else(|| reader.malformed())?, version),
        _ => Err(reader.malformed()),
    }
}

/// Where the versions begin and end whose release starts with this one.
fn prefix_cuts(reader: &Reader<'_>, prefix: &str) -> Result<(Cut, Cut), VersError> {
    let malformed = || reader.malformed();
    let (release, rest) = release(prefix);
    let digits = release.rfind(|c: char| !c.is_ascii_digit()).map_or(0, |at| at + 1);
    let (head, last) = release.split_at(digits);
    let next = last.parse::<u64>().ok().and_then(|n| n.checked_add(1)).ok_or_else(malformed)?;
    if !rest.is_empty() {
        return Err(malformed());
    }
    let from = reader.point(&format!("{release}.dev0"))?;
    let to = reader.point(&format!("{head}{next}.dev0"))?;
    Ok((Cut::Before(from), Cut::Before(to)))
}

/// Epoch and release of a version, and what follows.
fn release(version: &str) -> (&str, &str) {
    let end = version.find(|c: char| !(c.is_ascii_digit() || c == '.' || c == '!'));
    let (release, rest) = version.split_at(end.unwrap_or(version.len()));
    let kept = release.trim_end_matches('.');
    (kept, rest)
}
