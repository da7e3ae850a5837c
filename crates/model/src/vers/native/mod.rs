//! Native notation of requirements, read into intervals. One file per family of notations.
//!
//! Sources: each package manager's own documentation of its requirements. A bare version means
//! what it means to the package manager: `1.2` is `^1.2` to Cargo, `1.2.x` to npm, at least `1.2`
//! to NuGet and Go, exactly `1.2` to RubyGems, Composer, Python, Conan and Maven.

mod brackets;
mod comparators;
mod dialect;
mod pep440;

use super::{Comparator, Cut, Intervals, MAX_CONSTRAINTS, Point, VersError, VersType};

/// The intervals of a native range.
pub(super) fn read(vers_type: &VersType, text: &str) -> Result<Intervals, VersError> {
    let text = text.trim();
    let order = Reader { vers_type, text };
    if text.len() > 16 * MAX_CONSTRAINTS {
        return Err(VersError::TooMany);
    }
    match vers_type.name() {
        "npm" | "semver" | "githubactions" | "vscode-extension" => {
            dialect::read(&order, &dialect::NPM)
        }
        "cargo" => dialect::read(&order, &dialect::CARGO),
        "pub" if text == "any" => Ok(Intervals::all()),
        "pub" => dialect::read(&order, &dialect::PUB),
        "composer" => dialect::read(&order, &dialect::COMPOSER),
        "conan" => dialect::read(&order, &dialect::CONAN),
        "hex" => dialect::read(&order, &dialect::HEX),
        "gem" | "cocoapods" => dialect::read(&order, &dialect::GEM),
        "pypi" => pep440::read(&order),
        "maven" => brackets::read(&order, Comparator::Equal),
        "nuget" => brackets::read(&order, Comparator::GreaterOrEqual),
        "golang" | "go" => comparators::read(&order, Comparator::GreaterOrEqual),
        "nginx" => comparators::read_nginx(&order),
        _ => comparators::read(&order, Comparator::Equal),
    }
}

/// What every notation needs: the type and the whole text, for messages.
struct Reader<'a> {
    vers_type: &'a VersType,
    text: &'a str,
}

impl Reader<'_> {
    fn point(&self, version: &str) -> Result<Point, VersError> {
        self.vers_type.point(version).ok_or_else(|| VersError::NotAVersion(version.into()))
    }

    fn of(&self, comparator: Comparator, version: &str) -> Result<Intervals, VersError> {
        Ok(Intervals::of(comparator, self.point(version)?))
    }

    /// From one version to before another.
    fn span(&self, from: &str, to: &str) -> Result<Intervals, VersError> {
        Ok(Intervals::between(Cut::Before(self.point(from)?), Cut::Before(self.point(to)?)))
    }

    fn malformed(&self) -> VersError {
        VersError::Native(self.text.into())
    }

    /// The union of alternatives, each an intersection of terms.
    fn alternatives<'t>(
        &self,
        alternatives: impl Iterator<Item = &'t str>,
        all_of: impl Fn(&'t str) -> Result<Vec<Intervals>, VersError>,
    ) -> Result<Intervals, VersError> {
        let mut out = Intervals::none();
        let mut count = 0;
        for alternative in alternatives {
            let terms = all_of(alternative)?;
            count += terms.len().max(1);
            if count > MAX_TERMS {
                return Err(VersError::TooMany);
            }
            out =
                out.union(terms.into_iter().fold(Intervals::all(), |all, t| all.intersection(&t)));
        }
        Ok(out)
    }
}

/// The most terms of a native range: people write a handful.
const MAX_TERMS: usize = 512;

/// Splits a term into its operator, out of `>=`, `<=`, `!=`, `==`, `~>`, `>`, `<`, `=`, `~`, `^`
/// and a few more, and the version after it.
fn operator(term: &str) -> (&str, &str) {
    let end = term.find(|c: char| !"<>=!~^".contains(c)).unwrap_or(term.len());
    let (operator, version) = term.split_at(end);
    (operator, version.trim())
}

/// The comparator of an operator that all notations share.
fn comparator(operator: &str) -> Option<Comparator> {
    Some(match operator {
        "=" | "==" | "===" => Comparator::Equal,
        "!=" | "<>" => Comparator::NotEqual,
        "<" | "<<" => Comparator::Less,
        "<=" | "=<" => Comparator::LessOrEqual,
        ">" | ">>" => Comparator::Greater,
        ">=" | "=>" => Comparator::GreaterOrEqual,
        _ => return None,
    })
}

/// Terms separated by white space or commas; an operator that is alone belongs to the next. A
/// result of one more than [`MAX_TERMS`] means that there are too many.
fn terms(text: &str) -> Vec<String> {
    let mut out: Vec<String> = Vec::new();
    let mut alone = false;
    for word in text.split([' ', '\t', '\n', '\r', ',']).filter(|w| !w.is_empty()) {
        let full = out.len() > MAX_TERMS;
        match out.last_mut() {
            Some(last) if alone => last.push_str(word),
            _ if full => break,
            _ => out.push(word.to_owned()),
        }
        // What stands before a word of operators is operators too: no need to look at it again.
        alone = operator(word).1.is_empty();
    }
    out
}
