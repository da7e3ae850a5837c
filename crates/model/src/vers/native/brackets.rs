//! Interval notation of Maven and NuGet: `[1.0,2.0)`, `(,1.5]`, `[1.2]`, several by commas.
//!
//! A bare version is a wish to Maven, which it resolves to exactly that when nothing speaks
//! against it, and a minimum to NuGet. NuGet's floating `1.2.*` is read as a minimum too: it
//! picks the highest of what is allowed.

use super::{Comparator, Cut, Intervals, Reader, VersError};

pub(super) fn read(reader: &Reader<'_>, bare: Comparator) -> Result<Intervals, VersError> {
    if !reader.text.starts_with(['[', '(']) {
        return read_bare(reader, bare);
    }
    let mut rest = reader.text;
    let mut pieces = Vec::new();
    loop {
        let end = rest.find([']', ')']).ok_or_else(|| reader.malformed())?;
        let (piece, after) = rest.split_at(end + 1);
        pieces.push(piece);
        match after.trim_start() {
            "" => break,
            after => rest = after.strip_prefix(',').ok_or_else(|| reader.malformed())?.trim_start(),
        }
    }
    reader.alternatives(pieces.into_iter(), |piece| Ok(vec![interval(reader, piece)?]))
}

fn read_bare(reader: &Reader<'_>, bare: Comparator) -> Result<Intervals, VersError> {
    let text = reader.text;
    if bare != Comparator::GreaterOrEqual || !text.contains('*') {
        return reader.of(bare, text);
    }
    match text.trim_end_matches(['*', '-']).trim_end_matches('.') {
        "" => Ok(Intervals::all()),
        from => reader.of(bare, from),
    }
}

fn interval(reader: &Reader<'_>, piece: &str) -> Result<Intervals, VersError> {
    let malformed = || reader.malformed();
    let (from_open, inner) = match piece.strip_prefix('[') {
        Some(inner) => (false, inner),
        None => (true, piece.strip_prefix('(').ok_or_else(malformed)?),
    };
    let (to_open, inner) = match inner.strip_suffix(']') {
        Some(inner) => (false, inner),
        None => (true, inner.strip_suffix(')').ok_or_else(malformed)?),
    };
    let Some((from, to)) = inner.split_once(',') else {
        return match (from_open, to_open) {
            (false, false) => reader.of(Comparator::Equal, inner.trim()),
            _ => Err(malformed()),
        };
    };
    let from = match (from.trim(), from_open) {
        ("", _) => Cut::Start,
        (version, true) => Cut::After(reader.point(version)?),
        (version, false) => Cut::Before(reader.point(version)?),
    };
    let to = match (to.trim(), to_open) {
        ("", _) => Cut::End,
        (version, true) => Cut::Before(reader.point(version)?),
        (version, false) => Cut::After(reader.point(version)?),
    };
    Ok(Intervals::between(from, to))
}
