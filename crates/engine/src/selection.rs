//! Judges a dependency before it is added, by the charter's rules on selection. Pure: what the
//! registry and the advisories say is passed in, and so is the time. What is not known is stated,
//! and never counts as fine.

pub mod brings;
pub mod lifecycle;
pub mod near;
mod rules;

use jiff::Timestamp;
use jiff::civil::Date;
use trimtab_model::advisory::Kind;
use trimtab_model::charter::{Selection, Strictness};
use trimtab_model::finding::Finding;
use trimtab_model::{Metadata, Purl};

use brings::Brings;
use near::Popular;
pub(crate) use rules::licence_verdict;

/// The result of a judgement, or of one of its reasons. In order: the later, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Verdict {
    /// Nothing speaks against it.
    Allow,
    /// Somebody should look at it.
    Warn,
    /// It cannot be decided whether it would be refused.
    Unknown,
    /// It is refused.
    Deny,
}

impl Verdict {
    /// The word used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Verdict::Allow => "allow",
            Verdict::Warn => "warn",
            Verdict::Unknown => "unknown",
            Verdict::Deny => "deny",
        }
    }

    /// The verdict for breaking a rule of this strictness.
    const fn broken(strictness: Strictness) -> Verdict {
        match strictness {
            Strictness::Allow => Verdict::Allow,
            Strictness::Warn => Verdict::Warn,
            Strictness::Deny => Verdict::Deny,
        }
    }

    /// The verdict of a rule whose data is missing: not fine, and no worse than the rule could be.
    const fn missing(strictness: Strictness) -> Verdict {
        match strictness {
            Strictness::Allow => Verdict::Allow,
            Strictness::Warn => Verdict::Warn,
            Strictness::Deny => Verdict::Unknown,
        }
    }
}

/// What was examined.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Rule {
    /// A report that the package is an attack. Always denied.
    Malicious,
    /// The charter's list of denied packages.
    Denied,
    /// Known vulnerabilities of the version.
    Vulnerable,
    /// The licence.
    Licence,
    /// Where it comes from.
    Registry,
    /// How long the version has been out.
    Age,
    /// Whether somebody maintains it.
    Maintenance,
    /// Yanked and deprecated versions.
    Yanked,
    /// Archived projects.
    Archived,
    /// Products past their end of life.
    EndOfLife,
    /// Nearness of its name to a popular one.
    Nearness,
    /// What it would bring.
    Brings,
}

impl Rule {
    /// The words used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Rule::Malicious => "malicious",
            Rule::Denied => "denied list",
            Rule::Vulnerable => "vulnerabilities",
            Rule::Licence => "licence",
            Rule::Registry => "registry",
            Rule::Age => "age",
            Rule::Maintenance => "maintenance",
            Rule::Yanked => "yanked",
            Rule::Archived => "archived",
            Rule::EndOfLife => "end of life",
            Rule::Nearness => "name",
            Rule::Brings => "brings",
        }
    }
}

/// What one rule says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason {
    /// Which rule.
    pub rule: Rule,
    /// The verdict.
    pub verdict: Verdict,
    /// What was found, in words.
    pub found: Box<str>,
    /// Who says so.
    pub source: Box<str>,
    /// Whether data was missing.
    pub unknown: bool,
}

/// What all rules say together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// The worst of the reasons.
    pub verdict: Verdict,
    /// Every rule that was applied, worst first, then in the order of [`Rule`].
    pub reasons: Vec<Reason>,
}

/// An advisory about the version that is judged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Advised<'a> {
    /// Its id.
    pub id: &'a str,
    /// What it reports.
    pub kind: Kind,
}

impl<'a> Advised<'a> {
    /// Of a finding.
    pub fn of(finding: &'a Finding) -> Advised<'a> {
        Advised { id: &finding.vulnerability.id, kind: finding.vulnerability.kind }
    }
}

/// What the lifecycle data says of the version.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Lifecycle {
    /// Nobody looked, or the data does not say.
    #[default]
    Unknown,
    /// No product of the lifecycle data, so that the rule does not apply.
    NoProduct,
    /// No end is announced.
    Supported,
    /// It ends or ended on a day.
    Ends(Date),
    /// It has ended, and no day is known.
    Ended,
}

/// What is judged, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// The package, at a version or without.
    pub purl: &'a Purl,
    /// What its registry says. `None`: it was not asked, or did not answer.
    pub metadata: Option<&'a Metadata>,
    /// The advisories that the version is affected by. `None`: there is no index, or the version could
    /// not be compared.
    pub advisories: Option<&'a [Advised<'a>]>,
    /// Where the others are known, the advisories whose ranges could not be compared with the version.
    pub uncompared: &'a [Advised<'a>],
    /// Of its product.
    pub lifecycle: Lifecycle,
    /// What it would bring.
    pub brings: Brings<'a>,
}

/// Judges a dependency. `popular` is [`Popular::of`] its family.
pub fn judge(
    candidate: &Candidate<'_>,
    popular: Option<&Popular>,
    rules: &Selection,
    now: Timestamp,
) -> Judgement {
    let mut reasons = rules::apply(candidate, popular, rules, now);
    reasons.sort_by(|a, b| b.verdict.cmp(&a.verdict).then(a.rule.cmp(&b.rule)));
    let verdict = reasons.iter().map(|r| r.verdict).max().unwrap_or(Verdict::Allow);
    Judgement { verdict, reasons }
}
