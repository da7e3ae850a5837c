//! Notations of comparators only (`>= 1.0, << 2.0`), and nginx's list of branches.

use super::{Comparator, Cut, Intervals, Reader, VersError, comparator, operator, terms};

/// Comparators separated by commas, white space or `&&`; alternatives by `||`. `bare` is what a
/// version without one means.
pub(super) fn read(reader: &Reader<'_>, bare: Comparator) -> Result<Intervals, VersError> {
    reader.alternatives(reader.text.split("||"), |text| {
        let text = text.replace("&&", ",");
        let terms = terms(&text);
        if terms.is_empty() {
            return Err(reader.malformed());
        }
        terms
            .iter()
            .map(|term| match operator(term) {
                ("", "*") => Ok(Intervals::all()),
                ("", version) => reader.of(bare, version),
                (sign, version) => {
                    reader.of(comparator(sign).ok_or_else(|| reader.malformed())?, version)
                }
            })
            .collect()
    })
}

/// `1.4.1+` is a branch from there: to its end where the branch is a stable one (an even second
/// number), open where it is the mainline. `0.7.52-0.8.39` is a span. `all` and `none` are words.
pub(super) fn read_nginx(reader: &Reader<'_>) -> Result<Intervals, VersError> {
    reader.alternatives(reader.text.split(','), |item| {
        let item = item.trim();
        let interval = if item == "all" {
            Intervals::all()
        } else if item == "none" {
            Intervals::none()
        } else if let Some(from) = item.strip_suffix('+') {
            branch(reader, from)?
        } else if let Some((from, to)) = item.split_once('-') {
            let (from, to) = (reader.point(from.trim())?, reader.point(to.trim())?);
            Intervals::between(Cut::Before(from), Cut::After(to))
        } else {
            reader.of(Comparator::Equal, item)?
        };
        Ok(vec![interval])
    })
}

fn branch(reader: &Reader<'_>, from: &str) -> Result<Intervals, VersError> {
    let mut numbers = from.split('.');
    let major = numbers.next().unwrap_or_default();
    let minor = numbers.next().and_then(|n| n.parse::<u32>().ok());
    let minor = minor.ok_or_else(|| reader.malformed())?;
    match minor.checked_add(1) {
        Some(next) if minor % 2 == 0 => reader.span(from, &format!("{major}.{next}.0")),
        _ => reader.of(Comparator::GreaterOrEqual, from),
    }
}
