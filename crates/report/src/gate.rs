//! What `trimtab gate` answers: an outcome, and the verdicts that led to it, each with its rule, its
//! finding, its place and the next step. One file per output format.
//!
//! Whoever gates fills a [`Gate`] and calls [`Gate::sort`]; the formats write what they are given, in that
//! order, with no clock and no random id.

pub mod codequality;
pub mod github;
pub mod json;
pub mod junit;
pub mod markdown;
pub mod sarif;
pub mod text;

use std::collections::{BTreeMap, BTreeSet};

use trimtab_model::Level;

use crate::table::count;

/// How a gate ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// No rule is broken, and what is not known may be.
    Pass,
    /// A rule is broken.
    Fail,
    /// No rule is broken, but data is missing that could change that.
    NotYetKnown,
}

impl Outcome {
    /// All of them.
    pub const ALL: &[Outcome] = &[Outcome::Pass, Outcome::Fail, Outcome::NotYetKnown];

    /// The words used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Pass => "pass",
            Outcome::Fail => "fail",
            Outcome::NotYetKnown => "not yet known",
        }
    }
}

/// What a verdict does. The order is that of gravity, the gravest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Effect {
    /// The rule is broken: the gate fails.
    Deny,
    /// The rule cannot tell: data is missing.
    Unknown,
    /// It is said, and the gate does not fail for it.
    Warn,
}

impl Effect {
    /// All of them, the gravest first.
    pub const ALL: &[Effect] = &[Effect::Deny, Effect::Unknown, Effect::Warn];

    /// The word used in all output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Effect::Deny => "deny",
            Effect::Unknown => "unknown",
            Effect::Warn => "warn",
        }
    }

    /// What services call the same gravity: `error`, `warning`, `note`. What is unknown stands above what is
    /// only said, since it may turn out to be a broken rule.
    pub const fn severity(self) -> &'static str {
        match self {
            Effect::Deny => "error",
            Effect::Unknown => "warning",
            Effect::Warn => "note",
        }
    }
}

/// What one rule says about one thing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Verdict {
    /// What it does.
    pub effect: Effect,
    /// The policy that the rule belongs to.
    pub policy: Box<str>,
    /// The rule.
    pub rule: Box<str>,
    /// What is wrong, in words.
    pub message: Box<str>,
    /// The id of the finding that it is about. `None`: it is about no finding.
    pub finding: Option<Box<str>>,
    /// The file that it is about, relative to the target. `None`: it is about the target as a whole.
    pub file: Option<Box<str>>,
    /// One-based line in that file.
    pub line: Option<u32>,
    /// The next step, as the rule gives it.
    pub help: Option<Box<str>>,
    /// Whether this change brought it in. `None`: nothing was compared, or it cannot be told.
    pub new: Option<bool>,
    /// The level of the finding. `None`: unknown, or it is about no finding.
    pub level: Option<Level>,
}

impl Verdict {
    /// What to do next: what the rule says, or else what can be said of every rule.
    pub fn next_step(&self) -> &str {
        match (&self.help, self.effect) {
            (Some(help), _) => help,
            (None, Effect::Deny) => "Change what breaks the rule, or ask for an exception.",
            (None, Effect::Unknown) => "Supply the data that the rule asks for.",
            (None, Effect::Warn) => "Nothing needs to be done for this change.",
        }
    }

    /// Rule and policy as one name: `policy/rule`.
    pub fn full_rule(&self) -> String {
        format!("{}/{}", self.policy, self.rule)
    }

    /// The place as people write it: `file:line`.
    pub fn place(&self) -> Option<String> {
        let file = self.file.as_deref()?;
        Some(self.line.map_or(file.to_owned(), |line| format!("{file}:{line}")))
    }

    /// Its level, or why there is none.
    fn level_word(&self) -> &'static str {
        match (self.level, &self.finding) {
            (Some(level), _) => level.as_str(),
            (None, Some(_)) => "unknown",
            (None, None) => "none",
        }
    }

    /// The shape of its level: `?` where it is unknown, a dash where there is nothing to have one.
    fn shape(&self, ascii: bool) -> char {
        match (self.effect, self.level, &self.finding) {
            (Effect::Unknown, ..) | (_, None, Some(_)) => '?',
            (_, Some(level), _) => crate::group::shape(crate::group::rating_of(level), ascii),
            (_, None, None) if ascii => '-',
            (_, None, None) => '–',
        }
    }
}

/// One run of the gate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// The name of what was gated.
    pub target: Box<str>,
    /// The charter's name and version.
    pub charter: Box<str>,
    /// Which agreement judged a change that touches it: `before`, `after` or `both`. `None`: it touches none.
    pub agreement: Option<&'static str>,
    /// How it ends.
    pub outcome: Outcome,
    /// What it was compared with, to tell what this change brought in. `None`: it was not compared.
    pub against: Option<Box<str>>,
    /// What the rules said, in the order of [`Gate::sort`].
    pub verdicts: Vec<Verdict>,
    /// Findings of the target, those without a verdict too.
    pub findings: usize,
    /// Findings that this change brought in. `None`: unknown.
    pub new_findings: Option<usize>,
    /// Findings that exceptions accept.
    pub accepted: usize,
    /// Findings that do not matter, by decisions.
    pub not_affected: usize,
    /// The policies that were asked, those without a verdict too.
    pub policies: Vec<Box<str>>,
    /// Whether something could not be looked at, so that the absence of a verdict means nothing.
    pub incomplete: bool,
}

impl Gate {
    /// Puts the verdicts into the order in which they are read: what fails first, what this change brought
    /// in before the rest, the gravest level, then by place and name.
    pub fn sort(&mut self) {
        self.verdicts.sort_by(|a, b| key(a).cmp(&key(b)));
        self.policies.sort();
        self.policies.dedup();
    }

    /// The answer in one sentence, without its full stop. It holds no text of others.
    pub fn headline(&self) -> String {
        match self.outcome {
            Outcome::Pass if self.denied(|_| true) == 0 => {
                match self.rules(|v| v.effect == Effect::Unknown) {
                    0 => "Passes: no rule of the charter is broken".to_owned(),
                    n => format!(
                        "Passes: no rule of the charter is broken; data is missing for {}",
                        count(n, "rule")
                    ),
                }
            }
            Outcome::Pass => {
                "Passes: the charter does not fail for the rules that are broken".to_owned()
            }
            Outcome::Fail => format!("Fails: {}", self.broken()),
            Outcome::NotYetKnown => match self.rules(|v| v.effect == Effect::Unknown) {
                0 => "Not yet known: not everything could be examined".to_owned(),
                n => format!(
                    "Not yet known: data is missing for {} of the charter",
                    count(n, "rule")
                ),
            },
        }
    }

    /// `2 rules of the charter are broken by this change; 1 more was broken before`.
    fn broken(&self) -> String {
        let are = |n: usize| {
            format!(
                "{} of the charter {} broken",
                count(n, "rule"),
                if n == 1 { "is" } else { "are" }
            )
        };
        let more = |n: usize| format!("{n} more {} broken", if n == 1 { "was" } else { "were" });
        if self.against.is_none() {
            return are(self.denied(|_| true));
        }
        let brought = self.denied(|new| new == Some(true));
        let not_older = self.denied(|new| new != Some(false));
        let all = self.denied(|_| true);
        let mut parts = match (brought, not_older) {
            (0, 0) => return format!("{}, none of them by this change", are(all)),
            (0, n) => vec![format!("{}, by this change or before it", are(n))],
            (n, _) => vec![format!("{} by this change", are(n))],
        };
        if brought > 0 && not_older > brought {
            parts.push(format!("{}, by it or before it", more(not_older - brought)));
        }
        if all > not_older {
            parts.push(format!("{} before", more(all - not_older)));
        }
        parts.join("; ")
    }

    /// Rules that are broken by verdicts of which `which` holds.
    fn denied(&self, which: impl Fn(Option<bool>) -> bool) -> usize {
        self.rules(|v| v.effect == Effect::Deny && which(v.new))
    }

    /// Distinct rules with such a verdict.
    fn rules(&self, which: impl Fn(&Verdict) -> bool) -> usize {
        let rules = self.verdicts.iter().filter(|v| which(v)).map(|v| (&v.policy, &v.rule));
        rules.collect::<BTreeSet<_>>().len()
    }

    /// Verdicts of an effect.
    fn of(&self, effect: Effect) -> usize {
        self.verdicts.iter().filter(|v| v.effect == effect).count()
    }

    /// The verdicts in groups, as people ask for them: what this change brought in, what was there
    /// before, what cannot be told apart, what is not known. Empty groups are left out.
    fn sections(&self) -> Vec<(Section, Vec<&Verdict>)> {
        let mut all: BTreeMap<Section, Vec<&Verdict>> = BTreeMap::new();
        for verdict in &self.verdicts {
            let section = match (verdict.effect, &self.against, verdict.new) {
                (Effect::Unknown, ..) => Section::Unknown,
                (_, None, _) => Section::All,
                (_, Some(_), Some(true)) => Section::Brought,
                (_, Some(_), None) => Section::Undated,
                (_, Some(_), Some(false)) => Section::Before,
            };
            all.entry(section).or_default().push(verdict);
        }
        all.into_iter().collect()
    }

    /// The closing line: counts, then who was asked.
    fn summary(&self) -> String {
        let mut text = count(self.findings, "finding");
        if self.against.is_some() {
            text.push_str(&match self.new_findings {
                Some(n) => format!(", {n} new"),
                None => ", new ones unknown".to_owned(),
            });
        }
        text.push_str(&format!(", {} accepted by exceptions", self.accepted));
        if self.not_affected > 0 {
            text.push_str(&format!(", {} not affected by decisions", self.not_affected));
        }
        text.push_str(". ");
        text.push_str(&format!(
            "{}, {} not yet known, {}. ",
            count(self.of(Effect::Deny), "denial"),
            self.of(Effect::Unknown),
            count(self.of(Effect::Warn), "warning"),
        ));
        let policies = match self.policies.len() {
            0 => "none".to_owned(),
            _ => self.policies.join(", "),
        };
        text.push_str(&format!("Charter: {}. Policies: {policies}.", self.charter));
        text
    }

    /// A fingerprint for each verdict, in their order: 32 hexadecimal digits that stay the same when lines
    /// move, versions of the program change, or other verdicts come and go; and no two are alike.
    fn fingerprints(&self) -> Vec<String> {
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        let mut all = Vec::with_capacity(self.verdicts.len());
        for verdict in &self.verdicts {
            // What is about no finding is told apart by its words.
            let (kind, what) = match &verdict.finding {
                Some(finding) => ("finding", finding),
                None => ("message", &verdict.message),
            };
            let file = verdict.file.as_deref().unwrap_or_default();
            let parts = ["gate", &verdict.policy, &verdict.rule, kind, what, file];
            let plain = crate::sarif::fingerprint(&parts);
            let nth = seen.entry(plain.clone()).and_modify(|n| *n += 1).or_insert(1);
            all.push(match *nth {
                1 => plain,
                n => crate::sarif::fingerprint(&[&plain, &n.to_string()]),
            });
        }
        all
    }
}

/// A group of verdicts. The order is that of the page.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Section {
    /// Nothing was compared.
    All,
    Brought,
    Undated,
    Before,
    Unknown,
}

impl Section {
    const fn title(self) -> &'static str {
        match self {
            Section::All => "What the rules say",
            Section::Brought => "Brought in by this change",
            Section::Undated => "Not known whether this change brought it in",
            Section::Before => "Already there before this change",
            Section::Unknown => "Not yet known: data is missing",
        }
    }
}

type Key<'v> = (
    Effect,
    u8,
    std::cmp::Reverse<Option<Level>>,
    (Option<&'v str>, Option<u32>),
    (&'v str, &'v str),
    (Option<&'v str>, &'v str, Option<&'v str>),
);

fn key(v: &Verdict) -> Key<'_> {
    let age = match v.new {
        Some(true) => 0,
        None => 1,
        Some(false) => 2,
    };
    (
        v.effect,
        age,
        std::cmp::Reverse(v.level),
        (v.file.as_deref(), v.line),
        (&v.policy, &v.rule),
        (v.finding.as_deref(), &v.message, v.help.as_deref()),
    )
}

/// The file that services which demand a place are given for what is about the target as a whole: where a
/// project says what it is.
const WHOLE: &str = "trimtab.toml";

/// Text of others on one line of a log. Terminals take nothing of it as a command, and neither do the
/// runners that read logs: GitHub's takes lines that begin with `::` and what follows `##[`, Azure's what
/// follows `##vso[`.
fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let plain = |c: char| if crate::inert::is_command(c) { ' ' } else { c };
    for word in text.split(|c: char| plain(c).is_whitespace()).filter(|w| !w.is_empty()) {
        if !out.is_empty() {
            out.push(' ');
        }
        if word.starts_with("::") {
            out.push('\\');
        }
        for c in word.chars() {
            if c == '#' && out.ends_with('#') {
                out.push('\\');
            }
            out.push(c);
        }
    }
    out
}

/// At most so many characters of a text, with a mark where it was cut.
fn cut(text: &str, most: usize) -> String {
    match text.char_indices().nth(most) {
        Some((end, _)) => format!("{}…", &text[..end]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runners_take_no_command_from_text() {
        assert_eq!(
            one_line("a\n::error::b ##[x] ###vso[y] Foo::Bar"),
            "a \\::error::b #\\#[x] #\\#\\#vso[y] Foo::Bar"
        );
        assert_eq!(one_line(" \u{1b}[31m\u{202e}x\r\n"), "[31m x");
        assert_eq!(cut("äöü", 2), "äö…");
    }
}
