//! Which statements are about a finding, and which of them then applies.
//!
//! **Vulnerability.** A statement is about a finding if one of its ids is one of the finding's,
//! aliases included, whatever the case.
//!
//! **Scope.** A purl covers another one if type, namespace and name are the same, every qualifier
//! that it has is there too, and its version, if it has one, is the same; a range (`vers:`)
//! replaces the version. A statement about a product alone is about a component that its purl
//! covers, and about every component of a product that it covers. A statement about components in a
//! product is about those components in that product: the product must be one of those that are
//! known to be scanned ([`About::products`]). If none is known, such a statement counts only if it
//! makes nothing look better than it is (`affected`, `under_investigation`). `fixed` must say which
//! version is fixed: without one it says nothing about the installed version.
//!
//! **Age.** `not_affected` and `fixed` need a time. They apply if they are at least as new as the
//! last *substantial* change of the advisory: its ranges, its severity, its symbols, not its
//! wording. The time of that change is known between two times: what is as new as the later one
//! applies, what is older than the earlier one is stale. What is in between, or cannot be compared
//! because these times are not known, applies too, with a note (`vex-age-unknown`): nothing shows
//! that it is out of date. What is graver does not go stale.
//!
//! **Conflict.** Of one author, the newest statement that is in scope applies; of equally new ones
//! the one that says more precisely what it is about. Authors who contradict each other are a
//! diagnostic (`vex-conflict`), none of them is trusted, and the graver status is used.

use std::collections::{BTreeMap, HashMap};

use trimtab_model::advisory::Changed;
use trimtab_model::decision::Statement;
use trimtab_model::evidence::{Fact, VexStatus};
use trimtab_model::{Code, Diagnostic, Purl};

use super::scope::scope;

/// A finding, as far as statements are about it.
#[derive(Debug, Clone, Copy)]
pub struct About<'f> {
    /// Every id of the vulnerability, aliases included.
    pub ids: &'f [Box<str>],
    /// The component.
    pub component: &'f Purl,
    /// What is scanned, and the packages through which *every* path from it to the component
    /// passes: what applies to a component in one of them applies here. None: not known.
    pub products: &'f [Purl],
    /// Between when the advisories last changed in substance.
    pub changed: Changed,
}

/// Why a statement does or does not apply to a finding of its vulnerability.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Why {
    /// It applies.
    Applies,
    /// Another author contradicts it; the graver status is used.
    Conflict,
    /// Its author said something newer, or more precise.
    Superseded,
    /// It is older than the advisory's last substantial change.
    Older,
    /// It has no time.
    NoTime,
    /// It names another version.
    OtherVersion,
    /// It says that something is fixed, but not in which version.
    NoVersion,
    /// The versions cannot be compared.
    VersionUnknown,
    /// It is about a component in a product, and what is scanned is not known.
    ProductUnknown,
    /// It is about another product or component.
    OtherProduct,
    /// It names its products by no purl.
    NoPurl,
}

impl Why {
    /// In words, with the next step where there is one.
    pub const fn about(self) -> &'static str {
        match self {
            Why::Applies => "it holds",
            Why::Conflict => "another author contradicts it, and the graver word is used: ask both",
            Why::Superseded => "its author said something newer or closer",
            Why::Older => {
                "it is older than the advisory's last substantial change: ask for a new one"
            }
            Why::NoTime => {
                "it has no time, and may be older than the advisory: ask for one that has"
            }
            Why::OtherVersion => "it names another version: ask for one about this version",
            Why::NoVersion => "it says fixed without a version: ask which one",
            Why::VersionUnknown => "the versions cannot be compared",
            Why::ProductUnknown => "it is about a component in a product: say what is scanned",
            Why::OtherProduct => "it is about another product",
            Why::NoPurl => "its products have no purl: ask for one",
        }
    }
}

/// What a statement is for one finding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Use {
    /// The place of the statement in the list.
    pub statement: usize,
    /// Whether it applies.
    pub why: Why,
}

/// What statements say about one finding.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Answer {
    /// The status that applies, with its source. `None`: no statement applies.
    pub status: Option<Fact<VexStatus>>,
    /// Every statement about the vulnerability, in the order of the list.
    pub uses: Vec<Use>,
    /// Conflicts, and statements that are too old or about another version.
    pub diagnostics: Vec<Diagnostic>,
}

/// What statements say about a finding.
pub fn apply(statements: &[Statement], about: &About<'_>) -> Answer {
    let candidates: Vec<usize> = (0..statements.len())
        .filter(|at| statements.get(*at).is_some_and(|s| names(s, about.ids)))
        .collect();
    decide(statements, &candidates, about)
}

fn names(statement: &Statement, ids: &[Box<str>]) -> bool {
    std::iter::once(&statement.vulnerability)
        .chain(&statement.aliases)
        .any(|mine| ids.iter().any(|id| id.eq_ignore_ascii_case(mine)))
}

/// What one statement would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effect {
    /// The place of the statement in the list.
    pub statement: usize,
    /// The findings of its vulnerability by their places, and whether it applies to each. Empty: no
    /// finding is of its vulnerability.
    pub findings: Vec<(usize, Why)>,
}

impl Effect {
    /// The findings to which it applies.
    pub fn applies(&self) -> impl Iterator<Item = usize> {
        self.findings.iter().filter(|(_, why)| *why == Why::Applies).map(|(at, _)| *at)
    }
}

/// What every statement would change, before anything is applied; with the answer for each finding.
pub fn preview(statements: &[Statement], findings: &[About<'_>]) -> (Vec<Effect>, Vec<Answer>) {
    let mut by_id: HashMap<String, Vec<usize>> = HashMap::new();
    for (at, statement) in statements.iter().enumerate() {
        for id in std::iter::once(&statement.vulnerability).chain(&statement.aliases) {
            by_id.entry(id.to_ascii_lowercase()).or_default().push(at);
        }
    }
    let mut effects: Vec<Effect> =
        (0..statements.len()).map(|statement| Effect { statement, findings: Vec::new() }).collect();
    let mut answers = Vec::with_capacity(findings.len());
    for (at, about) in findings.iter().enumerate() {
        let ids = about.ids.iter().filter_map(|id| by_id.get(&id.to_ascii_lowercase()));
        let mut candidates: Vec<usize> = ids.flatten().copied().collect();
        candidates.sort_unstable();
        candidates.dedup();
        let answer = decide(statements, &candidates, about);
        for used in &answer.uses {
            if let Some(effect) = effects.get_mut(used.statement) {
                effect.findings.push((at, used.why));
            }
        }
        answers.push(answer);
    }
    (effects, answers)
}

fn decide(statements: &[Statement], candidates: &[usize], about: &About<'_>) -> Answer {
    let mut answer = Answer::default();
    let mut uses: BTreeMap<usize, Why> = BTreeMap::new();
    // By author: the statements in scope, with how closely they say what they are about.
    let mut by_author: BTreeMap<String, Vec<(usize, &Statement, u8)>> = BTreeMap::new();
    for at in candidates {
        let Some(statement) = statements.get(*at) else { continue };
        match scope(statement, about).and_then(|close| age(statement, about).map(|()| close)) {
            Ok(close) => {
                by_author.entry(author(*at, statement)).or_default().push((*at, statement, close));
            }
            Err(why) => drop(uses.insert(*at, why)),
        }
    }
    let mut newest: Vec<(usize, &Statement)> = Vec::new();
    for said in by_author.values() {
        // The latest, then the closest, then the gravest.
        let rank = |(_, s, close): &(usize, &Statement, u8)| (s.at, *close, s.status);
        let Some(best) = said.iter().copied().max_by_key(rank) else { continue };
        for one in said {
            let as_good = (one.1.at, one.2) == (best.1.at, best.2);
            if as_good {
                newest.push((one.0, one.1));
            } else {
                uses.insert(one.0, Why::Superseded);
            }
        }
    }
    let gravest = newest.iter().map(|(_, s)| s.status).max();
    let contradicted = newest.iter().any(|(_, s)| Some(s.status) != gravest);
    for (at, statement) in &newest {
        let overruled = contradicted && Some(statement.status) != gravest;
        uses.insert(*at, if overruled { Why::Conflict } else { Why::Applies });
    }
    if contradicted {
        answer.diagnostics.push(conflict(&newest, about));
    }
    answer.status = gravest.and_then(|status| {
        let (_, statement) = newest.iter().find(|(_, s)| s.status == status)?;
        Some(Fact { value: status, source: source(statement).into() })
    });
    for (at, why) in &uses {
        let Some(statement) = statements.get(*at) else { continue };
        if *why == Why::Applies && is_age_unknown(statement, about) {
            let since = about.changed.by.map_or_else(String::new, |by| {
                format!(", which was last modified on {}", by.strftime("%Y-%m-%d"))
            });
            let message = format!(
                "{} says {} of {} in {}, and holds; whether it is older than the last substantial change of \
                 the advisory{since} is not known",
                source(statement),
                statement.status.as_str(),
                statement.vulnerability,
                about.component,
            );
            answer.diagnostics.push(
                Diagnostic::new(Code::VexAgeUnknown, message)
                    .help("an index that is kept from update to update finds it out"),
            );
        }
        // A document about many versions is stale only if none of them is the one at hand.
        let heard = by_author.contains_key(&author(*at, statement));
        let stale = matches!(why, Why::Older | Why::NoTime | Why::NoVersion)
            || (*why == Why::OtherVersion && !heard);
        if stale {
            let message = format!(
                "{} says {} of {} in {}, and is not applied: {}{}",
                source(statement),
                statement.status.as_str(),
                statement.vulnerability,
                about.component,
                why.about(),
                when(*why, about.changed)
            );
            answer.diagnostics.push(
                Diagnostic::new(Code::VexStale, message).help(
                    "until then the finding stays as it is; `docs/exceptions.md` has the rules",
                ),
            );
        }
    }
    answer.diagnostics.dedup();
    answer.uses = uses.into_iter().map(|(statement, why)| Use { statement, why }).collect();
    answer
}

/// When the advisory changed, as far as it explains why a statement does not apply.
fn when(why: Why, changed: Changed) -> String {
    let day = |at: jiff::Timestamp| at.strftime("%Y-%m-%d");
    match (why, changed.after, changed.by) {
        (Why::Older, Some(after), Some(by)) if day(after).to_string() == day(by).to_string() => {
            format!(" (it changed on {})", day(by))
        }
        (Why::Older, Some(after), _) => format!(" (it changed on {} or later)", day(after)),
        _ => String::new(),
    }
}

/// Who speaks. Documents without an author are authors of their own, and so are statements without
/// a document.
fn author(at: usize, statement: &Statement) -> String {
    match (&statement.author, &statement.document) {
        (Some(author), _) => author.trim().to_lowercase(),
        (None, Some(document)) => format!("\u{0}{document}"),
        (None, None) => format!("\u{0}\u{0}{at}"),
    }
}

fn source(statement: &Statement) -> String {
    let author = statement.author.as_deref().unwrap_or("an author without name");
    let document = statement.document.as_ref().map_or_else(String::new, |id| format!(" in {id}"));
    let at = statement.at.map_or_else(String::new, |at| format!(" of {}", at.strftime("%Y-%m-%d")));
    format!("{author}{document}{at}")
}

fn conflict(newest: &[(usize, &Statement)], about: &About<'_>) -> Diagnostic {
    let mut said: Vec<String> =
        newest.iter().map(|(_, s)| format!("{} ({})", s.status.as_str(), source(s))).collect();
    said.dedup();
    let id = about.ids.first().map_or("a vulnerability", |id| id);
    Diagnostic::new(
        Code::VexConflict,
        format!(
            "statements about {id} in {} contradict each other: {}",
            about.component,
            said.join("; ")
        ),
    )
    .help("the gravest word is used; ask the authors, and leave out the statement that is wrong")
}

pub(crate) const fn harmless(status: VexStatus) -> bool {
    matches!(status, VexStatus::NotAffected | VexStatus::Fixed)
}

fn age(statement: &Statement, about: &About<'_>) -> Result<(), Why> {
    if !harmless(statement.status) {
        return Ok(());
    }
    let Some(at) = statement.at else { return Err(Why::NoTime) };
    match (about.changed.after, about.changed.by) {
        (_, Some(by)) if at >= by => Ok(()),
        (Some(after), _) if at < after => Err(Why::Older),
        // Somebody who answers for the product said so, and nothing shows that it is out of date.
        _ => Ok(()),
    }
}

/// Whether a statement that applies may be older than the advisory's last substantial change.
fn is_age_unknown(statement: &Statement, about: &About<'_>) -> bool {
    let certain = statement.at.zip(about.changed.by).is_some_and(|(at, by)| at >= by);
    harmless(statement.status) && !certain
}
