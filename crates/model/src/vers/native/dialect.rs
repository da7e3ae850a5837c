//! Notations with carets, tildes and wildcards: npm, Cargo, pub, Poetry, Composer, Conan, Hex,
//! RubyGems.
//!
//! They share their shape and differ in details, which a [`Dialect`] names. The upper bound of a
//! caret or tilde is written as VERS writers do (`<2.0.0`).

use super::{Comparator, Cut, Intervals, Reader, VersError, comparator, operator, terms};

/// What distinguishes the notations.
pub(super) struct Dialect {
    /// What a version without operator means.
    bare: Bare,
    /// To how many numbers bounds are filled up with zeros.
    numbers: usize,
    /// What follows the number of an upper bound.
    upper_suffix: &'static str,
    /// A version with fewer numbers covers all that start with them, also after `=`, `>`, `<=`.
    partial_is_range: bool,
    /// `~1.2` bumps the number before the last one given, as `~>` does.
    tilde_bumps_before_last: bool,
    /// Signs and words between alternatives and between terms, rewritten to `||` and `,`.
    words: &'static [(&'static str, &'static str)],
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Bare {
    Exact,
    Caret,
}

pub(super) const NPM: Dialect = Dialect {
    bare: Bare::Exact,
    numbers: 3,
    upper_suffix: "",
    partial_is_range: true,
    tilde_bumps_before_last: false,
    words: &[],
};
pub(super) const CARGO: Dialect = Dialect { bare: Bare::Caret, ..NPM };
pub(super) const PUB: Dialect = Dialect { partial_is_range: false, ..NPM };
pub(super) const HEX: Dialect =
    Dialect { partial_is_range: false, words: &[(" or ", "||"), (" and ", ",")], ..NPM };
pub(super) const GEM: Dialect = Dialect { numbers: 0, partial_is_range: false, ..NPM };
pub(super) const POETRY: Dialect = Dialect { partial_is_range: false, numbers: 2, ..NPM };
pub(super) const COMPOSER: Dialect = Dialect {
    numbers: 2,
    partial_is_range: false,
    tilde_bumps_before_last: true,
    words: &[("||", "|"), ("|", "||")],
    ..NPM
};
pub(super) const CONAN: Dialect =
    Dialect { numbers: 0, upper_suffix: "-", partial_is_range: false, ..NPM };

pub(super) fn read(reader: &Reader<'_>, dialect: &Dialect) -> Result<Intervals, VersError> {
    let mut text = reader.text.to_owned();
    for (from, to) in dialect.words {
        text = text.replace(from, to);
    }
    if dialect.has_dashes() {
        // Conan: options after a comma, and a trailing `-` that admits pre-releases.
        let ranges = text.split("||").map(|range| match range.split_once(',') {
            Some((range, option)) if option.contains('=') => range,
            _ => range,
        });
        text = ranges.collect::<Vec<_>>().join("||");
    }
    reader.alternatives(text.split("||"), |alternative| {
        let terms = terms(alternative);
        match terms.as_slice() {
            [] if reader.text.contains("||") || reader.text.is_empty() => {
                Ok(vec![Intervals::all()])
            }
            [] => Err(reader.malformed()),
            [from, dash, to] if dash == "-" => Ok(vec![hyphen(reader, dialect, from, to)?]),
            terms => terms.iter().map(|term| read_term(reader, dialect, term)).collect(),
        }
    })
}

impl Dialect {
    /// Conan: a `-` after a version admits pre-releases, and sorts before them.
    fn has_dashes(&self) -> bool {
        self.upper_suffix == "-"
    }
}

/// A version of which the last numbers may be missing or wildcards.
struct Partial<'a> {
    numbers: Vec<u64>,
    wildcard: bool,
    /// From the first sign that belongs to no number, without build metadata.
    rest: &'a str,
}

impl<'a> Partial<'a> {
    fn read(
        reader: &Reader<'_>,
        dialect: &Dialect,
        text: &'a str,
    ) -> Result<Partial<'a>, VersError> {
        let text = text.trim_start_matches(['v', 'V', '=']);
        let text = text.split('+').next().unwrap_or(text);
        let text = if dialect.has_dashes() { text.trim_end_matches('-') } else { text };
        let mut partial = Partial { numbers: Vec::new(), wildcard: false, rest: "" };
        let end = text.find('-').unwrap_or(text.len());
        let (release, rest) = text.split_at(end);
        let mut at = 0;
        for part in release.split('.') {
            if matches!(part, "x" | "X" | "*") {
                partial.wildcard = true;
            } else if partial.wildcard {
                return Err(reader.malformed());
            } else {
                match part.parse() {
                    Ok(number) if partial.numbers.len() < 16 => partial.numbers.push(number),
                    _ if partial.numbers.is_empty() => return Err(reader.malformed()),
                    _ => {
                        partial.rest = text.get(at.max(1) - 1..).unwrap_or_default();
                        return Ok(partial);
                    }
                }
            }
            at += part.len() + 1;
        }
        if !partial.wildcard {
            partial.rest = rest;
        }
        Ok(partial)
    }

    /// The version with missing numbers as zeros.
    fn lower(&self, dialect: &Dialect) -> String {
        let mut out = join(&self.numbers, dialect.numbers);
        out.push_str(self.rest);
        out
    }

    /// The first version after all that share the numbers up to `index` with this one.
    fn upper(&self, dialect: &Dialect, index: usize) -> Option<String> {
        let mut numbers = self.numbers.get(..=index)?.to_vec();
        let last = numbers.last_mut()?;
        *last = last.checked_add(1)?;
        Some(join(&numbers, dialect.numbers) + dialect.upper_suffix)
    }
}

fn join(numbers: &[u64], at_least: usize) -> String {
    let zeros = std::iter::repeat_n(&0, at_least.saturating_sub(numbers.len()));
    let numbers: Vec<String> = numbers.iter().chain(zeros).map(u64::to_string).collect();
    numbers.join(".")
}

/// `1.0 - 2.1`: up to and with everything that starts with the second.
fn hyphen(
    reader: &Reader<'_>,
    dialect: &Dialect,
    from: &str,
    to: &str,
) -> Result<Intervals, VersError> {
    let (from, to) = (Partial::read(reader, dialect, from)?, Partial::read(reader, dialect, to)?);
    let from = match from.numbers.is_empty() {
        true => Cut::Start,
        false => Cut::Before(reader.point(&from.lower(dialect))?),
    };
    let to = match to.numbers.len() {
        0 => Cut::End,
        count if count < 3 && to.rest.is_empty() => {
            let upper = to.upper(dialect, count - 1).ok_or_else(|| reader.malformed())?;
            Cut::Before(reader.point(&upper)?)
        }
        _ => Cut::After(reader.point(&to.lower(dialect))?),
    };
    Ok(Intervals::between(from, to))
}

pub(super) fn read_term(
    reader: &Reader<'_>,
    dialect: &Dialect,
    term: &str,
) -> Result<Intervals, VersError> {
    let malformed = || reader.malformed();
    let (sign, text) = operator(term);
    // Composer's stability flags (`^1.0@beta`) do not move the bounds.
    let text = text.split('@').next().unwrap_or(text);
    let version = Partial::read(reader, dialect, text)?;
    let count = version.numbers.len();
    let sign = match sign {
        "" if dialect.bare == Bare::Caret && !version.wildcard => "^",
        "" | "=" | "==" => "=",
        // npm's old spelling of `~`; only RubyGems and Hex mean something else by it.
        "~>" if dialect.partial_is_range => "~",
        sign => sign,
    };
    let up_to = |index: usize| {
        let upper = version.upper(dialect, index).ok_or_else(malformed)?;
        reader.span(&version.lower(dialect), &upper)
    };
    if count == 0 {
        return match sign {
            _ if dialect.has_dashes() => reader.of(Comparator::GreaterOrEqual, "0.0.0"),
            "=" | ">=" | "<=" | "^" | "~" | "~>" => Ok(Intervals::all()),
            _ => Ok(Intervals::none()),
        };
    }
    let is_range =
        version.wildcard || (dialect.partial_is_range && count < 3 && version.rest.is_empty());
    match sign {
        "^" => {
            let first = version.numbers.iter().position(|n| *n > 0);
            up_to(first.unwrap_or(count - 1))
        }
        "~" if !dialect.tilde_bumps_before_last => up_to(usize::from(count > 1)),
        "~" | "~>" if !version.wildcard || sign == "~" => up_to(count.saturating_sub(2)),
        "=" if is_range => up_to(count - 1),
        "!=" if is_range => {
            let to = version.upper(dialect, count - 1).ok_or_else(malformed)?;
            let before = reader.of(Comparator::Less, &version.lower(dialect))?;
            Ok(before.union(reader.of(Comparator::GreaterOrEqual, &to)?))
        }
        ">" if is_range => {
            let from = version.upper(dialect, count - 1).ok_or_else(malformed)?;
            reader.of(Comparator::GreaterOrEqual, &from)
        }
        "<=" if is_range => {
            let to = version.upper(dialect, count - 1).ok_or_else(malformed)?;
            reader.of(Comparator::Less, &to)
        }
        sign => {
            let text = match dialect.numbers {
                3 => version.lower(dialect),
                _ if dialect.has_dashes() => text.trim_end_matches('-').to_owned(),
                _ => text.to_owned(),
            };
            reader.of(comparator(sign).ok_or_else(malformed)?, &text)
        }
    }
}
