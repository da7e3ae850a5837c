//! VERS: ranges of versions in one notation for all ecosystems (`vers:npm/>=1.2.3|<2.0.0`).
//!
//! Follows the draft VERS standard (clause 5 and "How to parse and validate VERS"). A range is
//! kept as the [`Intervals`] that it covers in the order of its type, and written from them; so
//! two texts that mean the same are written the same. Native notation of requirements is read by
//! [`Vers::from_native`].
//!
//! Traps:
//! - `|` is neither "and" nor "or": constraints are read in the order of their versions.
//! - Real documents are often neither sorted nor free of repetition. [`Vers::parse`] reads them,
//!   [`Vers::parse_canonical`] refuses what the standard calls invalid.
//! - VERS knows order only. What a package manager does with pre-releases on top of the order
//!   (`^1.2` of npm or Cargo takes no `2.0.0-alpha`, `~> 2.0` of
//!   RubyGems no `3.0.pre`, `>=1.0` of pip no `1.1rc1`) is not in it.

mod intervals;
mod kind;
mod native;

use std::fmt;
use std::str::FromStr;

pub use intervals::{Cut, Intervals};
pub use kind::{Point, VersType};

/// The most constraints that a range may have, and the most terms of a native one.
pub const MAX_CONSTRAINTS: usize = 4096;

/// How a version bounds a range.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the variants are the names of the comparators")]
pub enum Comparator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Comparator {
    /// The sign, which is none for equality.
    pub const fn as_str(self) -> &'static str {
        match self {
            Comparator::Equal => "",
            Comparator::NotEqual => "!=",
            Comparator::Less => "<",
            Comparator::LessOrEqual => "<=",
            Comparator::Greater => ">",
            Comparator::GreaterOrEqual => ">=",
        }
    }

    /// The comparator at the start of a text, and the rest. `=` is none here.
    fn split(text: &str) -> (Comparator, &str) {
        const SIGNS: [Comparator; 5] = [
            Comparator::GreaterOrEqual,
            Comparator::LessOrEqual,
            Comparator::NotEqual,
            Comparator::Less,
            Comparator::Greater,
        ];
        SIGNS
            .iter()
            .find_map(|sign| Some((*sign, text.strip_prefix(sign.as_str())?)))
            .unwrap_or((Comparator::Equal, text))
    }
}

/// One bound of a range. The version is decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constraint {
    /// How the version bounds.
    pub comparator: Comparator,
    /// The version.
    pub version: Box<str>,
}

/// Why a text is not a range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VersError {
    /// It does not start with `vers:`.
    SchemeMissing,
    /// The type is missing, not valid, or `invalid`.
    TypeInvalid,
    /// White space, which VERS does not allow.
    WhiteSpace,
    /// A constraint is missing: nothing at all, or nothing before or after a `|`.
    ConstraintMissing,
    /// A constraint that is not valid: no version, a leading `=`, or `*` beside others.
    ConstraintInvalid(Box<str>),
    /// Percent-encoding that is broken or not canonical.
    Encoding(Box<str>),
    /// Constraints that are not in the order of their versions, or a version that occurs twice.
    Order(Box<str>),
    /// A comparator that may not follow the one before it.
    Sequence(Box<str>),
    /// A version that the type does not understand, where it must be compared.
    NotAVersion(Box<str>),
    /// Notation that the type does not have or that this build does not read.
    Native(Box<str>),
    /// No version can be in the range.
    Empty,
    /// More than [`MAX_CONSTRAINTS`].
    TooMany,
}

impl fmt::Display for VersError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            VersError::SchemeMissing => f.write_str("a version range starts with `vers:`"),
            VersError::TypeInvalid => f.write_str("the type is missing or not valid"),
            VersError::WhiteSpace => f.write_str("a version range has no white space"),
            VersError::ConstraintMissing => f.write_str("a constraint is missing"),
            VersError::ConstraintInvalid(text) => write!(f, "`{text}` is not a constraint"),
            VersError::Encoding(text) => write!(f, "the percent-encoding of `{text}` is not valid"),
            VersError::Order(text) => write!(f, "`{text}` is out of order or appears twice"),
            VersError::Sequence(text) => write!(f, "`{text}` may not follow what is before it"),
            VersError::NotAVersion(text) => write!(f, "`{text}` is not a version of this type"),
            VersError::Native(text) => write!(f, "`{text}` is not a range of this type"),
            VersError::Empty => f.write_str("no version is in the range"),
            VersError::TooMany => write!(f, "the range has over {MAX_CONSTRAINTS} constraints"),
        }
    }
}

impl std::error::Error for VersError {}

/// A range of versions of one type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Vers {
    vers_type: VersType,
    /// Empty: `*`.
    constraints: Vec<Constraint>,
    /// `None` if a version has no place in an order.
    intervals: Option<Intervals>,
}

impl Vers {
    /// Reads a range leniently: constraints in any order, repeated, or separated by white space
    /// and empty constraints are understood as the standard's procedure of simplifying them.
    ///
    /// # Errors
    /// The text is not a range, or no version is in it.
    pub fn parse(text: &str) -> Result<Vers, VersError> {
        let text = text.trim();
        let specifier = match text.split_at_checked(5) {
            Some((scheme, rest)) if scheme.eq_ignore_ascii_case("vers:") => rest,
            _ => return Err(VersError::SchemeMissing),
        };
        let (name, list) = specifier.split_once('/').ok_or(VersError::ConstraintMissing)?;
        let vers_type = VersType::parse(&name.to_ascii_lowercase())?;
        let texts = list.split('|').map(str::trim).filter(|c| !c.is_empty());
        let constraints = texts
            .map(|c| constraint(c.strip_prefix('=').unwrap_or(c).trim_start()))
            .take(MAX_CONSTRAINTS + 1)
            .collect::<Result<Vec<_>, _>>()?;
        match constraints.as_slice() {
            [] => Err(VersError::ConstraintMissing),
            [any] if is_any(any) => Ok(Vers::any(vers_type)),
            _ => Vers::of_constraints(vers_type, constraints),
        }
    }

    /// Reads a range in canonical form.
    ///
    /// # Errors
    /// The standard calls the text invalid.
    pub fn parse_canonical(text: &str) -> Result<Vers, VersError> {
        if text.bytes().any(|b| b.is_ascii_whitespace()) {
            return Err(VersError::WhiteSpace);
        }
        let specifier = text.strip_prefix("vers:").ok_or(VersError::SchemeMissing)?;
        let (name, list) = specifier.split_once('/').ok_or(VersError::ConstraintMissing)?;
        let vers_type = VersType::parse(name)?;
        if list == "*" {
            return Ok(Vers::any(vers_type));
        }
        let mut constraints = Vec::new();
        for text in list.split('|').take(MAX_CONSTRAINTS + 1) {
            if text.is_empty() {
                return Err(VersError::ConstraintMissing);
            }
            let one = constraint(text)?;
            if text.starts_with('=') || is_any(&one) {
                return Err(VersError::ConstraintInvalid(text.into()));
            }
            if one.to_string() != text {
                return Err(VersError::Encoding(text.into()));
            }
            if vers_type.is_strict() && vers_type.point(&one.version).is_none() {
                return Err(VersError::NotAVersion(one.version));
            }
            constraints.push(one);
        }
        check_order(&vers_type, &constraints)?;
        check_sequence(&constraints)?;
        let stated = constraints.clone();
        let read = Vers::of_constraints(vers_type, constraints)?;
        Ok(Vers { constraints: stated, ..read })
    }

    /// Reads a range in the native notation of a type: `^1.2` of npm or Cargo, `~> 2.0` of
    /// RubyGems, `>=1,<2` of Python, `[1.0,2.0)` of Maven.
    ///
    /// # Errors
    /// The notation is not the type's, a version is not one, or no version is in the range.
    pub fn from_native(vers_type: &str, text: &str) -> Result<Vers, VersError> {
        let vers_type = VersType::parse(vers_type)?;
        let intervals = native::read(&vers_type, text)?;
        Vers::of_intervals(vers_type, intervals)
    }

    /// The range that covers these intervals.
    ///
    /// # Errors
    /// No version is in them.
    pub fn of_intervals(vers_type: VersType, intervals: Intervals) -> Result<Vers, VersError> {
        if intervals.is_empty() {
            return Err(VersError::Empty);
        }
        let constraints = intervals.constraints();
        Ok(Vers { vers_type, constraints, intervals: Some(intervals) })
    }

    fn any(vers_type: VersType) -> Vers {
        Vers { vers_type, constraints: Vec::new(), intervals: Some(Intervals::all()) }
    }

    fn of_constraints(
        vers_type: VersType,
        constraints: Vec<Constraint>,
    ) -> Result<Vers, VersError> {
        if constraints.len() > MAX_CONSTRAINTS {
            return Err(VersError::TooMany);
        }
        if let Some(any) = constraints.iter().find(|c| is_any(c)) {
            return Err(VersError::ConstraintInvalid(any.version.clone()));
        }
        let points: Option<Vec<(Comparator, Point)>> = constraints
            .iter()
            .map(|c| Some((c.comparator, vers_type.point(&c.version)?)))
            .collect();
        match points {
            Some(points) => Vers::of_intervals(vers_type, Intervals::of_constraints(points)),
            None => Ok(Vers { vers_type, constraints, intervals: None }),
        }
    }

    /// The type.
    pub fn vers_type(&self) -> &VersType {
        &self.vers_type
    }

    /// The constraints; none for `*`.
    pub fn constraints(&self) -> &[Constraint] {
        &self.constraints
    }

    /// What the range covers. `None` if a version in it cannot be ordered.
    pub fn intervals(&self) -> Option<&Intervals> {
        self.intervals.as_ref()
    }

    /// Whether a version is in the range. `None` if this cannot be decided: the version, or one in
    /// the range, cannot be ordered.
    pub fn contains(&self, version: &str) -> Option<bool> {
        if self.constraints.is_empty() {
            return Some(true);
        }
        Some(self.intervals.as_ref()?.contains(&self.vers_type.point(version)?))
    }
}

impl FromStr for Vers {
    type Err = VersError;

    fn from_str(text: &str) -> Result<Vers, VersError> {
        Vers::parse(text)
    }
}

impl fmt::Display for Vers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "vers:{}/", self.vers_type.name())?;
        if self.constraints.is_empty() {
            f.write_str("*")?;
        }
        for (i, constraint) in self.constraints.iter().enumerate() {
            write!(f, "{}{constraint}", if i == 0 { "" } else { "|" })?;
        }
        Ok(())
    }
}

impl fmt::Display for Constraint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.comparator.as_str())?;
        let mut buffer = [0; 4];
        for c in self.version.chars() {
            if c.is_ascii_graphic() && !matches!(c, '>' | '<' | '=' | '!' | '*' | '|' | '%') {
                write!(f, "{c}")?;
                continue;
            }
            for b in c.encode_utf8(&mut buffer).bytes() {
                write!(f, "%{b:02X}")?;
            }
        }
        Ok(())
    }
}

fn constraint(text: &str) -> Result<Constraint, VersError> {
    let (comparator, version) = Comparator::split(text);
    let version = version.trim();
    if version.is_empty() || version.starts_with('=') {
        return Err(VersError::ConstraintInvalid(text.into()));
    }
    if comparator == Comparator::Equal && version == "*" {
        return Ok(Constraint { comparator, version: "*".into() });
    }
    let decoded = crate::purl::decode(version).map_err(|_| VersError::Encoding(version.into()))?;
    if decoded.trim().is_empty() || decoded == "*" || version.contains('*') {
        return Err(VersError::ConstraintInvalid(text.into()));
    }
    Ok(Constraint { comparator, version: decoded.into() })
}

/// `*`, which [`constraint`] makes of nothing else.
fn is_any(constraint: &Constraint) -> bool {
    constraint.comparator == Comparator::Equal && &*constraint.version == "*"
}

/// Versions ascend, as far as they can be ordered; none occurs twice.
fn check_order(vers_type: &VersType, constraints: &[Constraint]) -> Result<(), VersError> {
    for pair in constraints.windows(2) {
        let [a, b] = pair else { continue };
        let ascends = match (vers_type.point(&a.version), vers_type.point(&b.version)) {
            (Some(a), Some(b)) => a < b,
            _ => a.version != b.version,
        };
        if !ascends {
            return Err(VersError::Order(b.version.clone()));
        }
    }
    Ok(())
}

/// The standard's rules on which comparator may follow which.
fn check_sequence(constraints: &[Constraint]) -> Result<(), VersError> {
    use Comparator::{Equal, Greater, GreaterOrEqual, Less, LessOrEqual, NotEqual};
    let bounds: Vec<&Constraint> =
        constraints.iter().filter(|c| c.comparator != NotEqual).collect();
    for pair in bounds.windows(2) {
        let [a, b] = pair else { continue };
        let follows = match a.comparator {
            Greater | GreaterOrEqual => matches!(b.comparator, Less | LessOrEqual),
            _ => matches!(b.comparator, Equal | Greater | GreaterOrEqual),
        };
        if !follows {
            return Err(VersError::Sequence(b.to_string().into()));
        }
    }
    Ok(())
}
