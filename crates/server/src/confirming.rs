//! What was tried where the code is, and pushed: plans that a package manager confirmed, and batches that were
//! carried out. It comes from outside: its size, version, numbers and characters are checked before it is believed.

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trimtab_engine::plan::learn::{Estimate, Sort, Source, prior};
use trimtab_model::Purl;
use trimtab_model::charter::CostModel;
use trimtab_report::plan::json::{self, Document, Finding, Left};

use crate::problem::Problem;

/// The largest document, in bytes.
pub(crate) const MOST: usize = 8 << 20;
/// The longest text in it, in characters; a diff may be longer.
const LONGEST: usize = 4_000;
/// The longest reason, and the longest next step, that is taken over, in characters.
const REASON: usize = 300;
/// The most actions.
const ACTIONS: usize = 2_000;
/// The most findings, and the most other ids of one.
const FINDINGS: usize = 10_000;
const ALIASES: usize = 50;
/// The most findings that all actions remove, and that stay, each counted once for an action.
const NAMED: usize = 50_000;
/// How far the clock of another machine may be ahead.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// What was tried for an asset.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Tried {
    /// What can be done.
    pub(crate) actions: Vec<Action>,
    /// What cannot: nothing was found that removes it, and everything was asked.
    pub(crate) stays: Vec<Stays>,
}

/// A finding that no action removes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Stays {
    /// The vulnerability and its other ids.
    pub(crate) ids: Vec<String>,
    /// The package without version.
    pub(crate) package: String,
    /// Who stands in the way, and what is required; else why it stays, in the words of the plan.
    pub(crate) blocker: Option<String>,
    /// What to do next, in the words of the plan. `None`: an older build kept it, or the plan does not say.
    #[serde(default)]
    pub(crate) next: Option<String>,
}

/// An action that a package manager confirmed, as far as planning needs it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Action {
    /// The lockfile or manifest that it changes, from the top of the repository. Empty: an older build pushed it.
    #[serde(default)]
    pub(crate) place: String,
    /// What moves, the one that is named first: purl without version, and the version that comes. `None`: it goes.
    pub(crate) moves: Vec<(String, Option<String>)>,
    /// What is removed: vulnerability and its other ids, and package without version.
    pub(crate) removes: Vec<(Vec<String>, String)>,
    pub(crate) least: f64,
    pub(crate) most: f64,
    pub(crate) confidence: f64,
    /// When its youngest version leaves quarantine: seconds since 1970.
    pub(crate) quarantine: Option<i64>,
    /// What the command line reckoned of such a change, before what is particular to it. An older build told only what kind
    /// of change it is, or nothing.
    #[serde(default)]
    pub(crate) estimate: Option<Estimated>,
}

/// What is reckoned of changes of one sort.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) struct Estimated {
    pub(crate) kind: String,
    pub(crate) distance: Option<String>,
    pub(crate) transitive: bool,
    /// Least, most and confidence. `None`: the charter's.
    pub(crate) is: Option<(f64, f64, f64)>,
    /// How many finished changes it rests on, and how many of them were taken back.
    pub(crate) finished: (usize, usize),
}

impl Estimated {
    /// The sort, with what was reckoned of it.
    pub(crate) fn read(&self, model: &CostModel) -> Option<(Sort, Estimate)> {
        let sort = Sort::from_words(&self.kind, self.distance.as_deref(), self.transitive)?;
        let source = match self.finished {
            (0, _) => Source::Prior,
            (finished, reverted) => Source::Team { finished, reverted },
        };
        let told = match self.is {
            Some((least, most, confidence)) => Estimate { least, most, confidence, source },
            None => prior(sort, model),
        };
        Some((sort, told))
    }
}

/// Reads a document of ours that somebody sent.
///
/// # Errors
/// In words, what it is not.
pub(crate) fn read<T: DeserializeOwned>(
    bytes: &[u8],
    format: &str,
    version: u32,
) -> Result<T, Problem> {
    let value: Value = serde_json::from_slice(bytes)
        .map_err(|e| Problem::invalid(format!("Not valid JSON: {e}.")))?;
    let is = value["format"].as_str().unwrap_or_default();
    if is != format {
        return Err(Problem::invalid(format!("Not a `{format}` document.")));
    }
    if value["version"].as_u64() != Some(u64::from(version)) {
        let detail = format!("This server reads version {version} of the format.");
        return Err(Problem::invalid(detail));
    }
    plain(&value, "")?;
    serde_json::from_value(value)
        .map_err(|e| Problem::invalid(format!("Not a valid `{format}` document: {e}.")))
}

/// That no text in it is a command to a terminal, hides others, or is too long.
fn plain(value: &Value, name: &str) -> Result<(), Problem> {
    match value {
        Value::String(text) => {
            let diff = name == "diff";
            // What is for a file has lines: diffs, and drafts of decisions.
            let lines = diff || matches!(name, "exception" | "not_affected");
            let wrong = |c: char| {
                (c.is_control() && c != '\t' && !(lines && matches!(c, '\n' | '\r')))
                    || matches!(c, '\u{200E}' | '\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2066}'..='\u{2069}')
            };
            if text.chars().any(wrong) {
                let detail = format!("The text `{name}` has invalid characters.");
                return Err(Problem::invalid(detail));
            }
            if !diff && text.chars().count() > LONGEST {
                let detail = format!("The text `{name}` is longer than {LONGEST} characters.");
                return Err(Problem::invalid(detail));
            }
            Ok(())
        }
        Value::Array(all) => all.iter().try_for_each(|one| plain(one, name)),
        Value::Object(all) => all.iter().try_for_each(|(name, one)| plain(one, name)),
        _ => Ok(()),
    }
}

/// A moment that was written elsewhere.
///
/// # Errors
/// It is none, or lies in the future.
pub(crate) fn moment(text: &str, now: Timestamp) -> Result<Timestamp, Problem> {
    let at: Timestamp = text.parse().map_err(|_| Problem::invalid("`now` is not a time."))?;
    if at > now + AHEAD {
        return Err(Problem::invalid("`now` must not be in the future."));
    }
    Ok(at)
}

/// The confirmed actions of a plan.
///
/// # Errors
/// There are too many, or numbers are none.
pub(crate) fn tried(document: &Document) -> Result<Tried, Problem> {
    if document.findings.len() > FINDINGS
        || document.findings.iter().any(|f| f.aliases.len() > ALIASES)
    {
        let detail = format!(
            "It has more than {FINDINGS} findings, or one with more than {ALIASES} other ids."
        );
        return Err(Problem::invalid(detail));
    }
    let findings: HashMap<&str, _> =
        document.findings.iter().map(|f| (f.name.as_str(), f)).collect();
    let (mut all, mut count) = (Vec::new(), 0);
    let mut names = |more: usize| {
        count += more;
        let detail = || format!("Its actions name more than {NAMED} findings.");
        if count > NAMED { Err(Problem::invalid(detail())) } else { Ok(()) }
    };
    for action in document.actions.iter().filter(|a| a.confirmed && a.brings.is_empty()) {
        if all.len() == ACTIONS {
            let detail = format!("It has more than {ACTIONS} confirmed actions.");
            return Err(Problem::invalid(detail));
        }
        let (least, most) = (action.cost.least, action.cost.most);
        let sure = action.confidence.value;
        let fits = |n: f64| n.is_finite() && (0.0..=10_000.0).contains(&n);
        if !fits(least) || !fits(most) || most < least || !(0.0..=1.0).contains(&sure) {
            let detail = format!("Cost or confidence of `{}` is out of its range.", action.name);
            return Err(Problem::invalid(detail));
        }
        let removes: BTreeSet<&str> = action.removes.iter().map(String::as_str).collect();
        names(removes.len())?;
        let removes = removes.into_iter().filter_map(|name| findings.get(name));
        let removes = removes.filter_map(|finding| named(finding));
        let quarantine = action.quarantine.as_ref().and_then(|at| at.parse::<Timestamp>().ok());
        all.push(Action {
            place: action.place.clone(),
            moves: action.moves.iter().map(|m| (m.package.clone(), m.to.last().cloned())).collect(),
            removes: removes.collect(),
            least,
            most,
            confidence: sure,
            quarantine: quarantine.map(Timestamp::as_second),
            estimate: estimated(action)?,
        });
    }
    let mut stays = Vec::new();
    // Where not everything was asked, nothing is known of what was not found.
    let whole = !document.search.offline && !document.search.cut_short;
    let mut seen = BTreeSet::new();
    // What an action removes that waits has a next step too.
    let waits: BTreeSet<&str> =
        document.actions.iter().flat_map(|a| &a.removes).map(String::as_str).collect();
    let is_left = |left: &&Left| left.next.is_some() && !waits.contains(left.finding.as_str());
    for left in document.left.iter().filter(|left| whole && is_left(left)) {
        if !seen.insert(left.finding.as_str()) {
            continue;
        }
        names(1)?;
        let Some(finding) = findings.get(left.finding.as_str()) else { continue };
        let Some((ids, package)) = named(finding) else { continue };
        let blocker = left
            .blockers
            .first()
            .map(|b| format!("{}, which needs {} {}", b.who, b.needs, b.range))
            .or_else(|| reason(&left.why));
        let next = left.next.as_deref().and_then(short);
        stays.push(Stays { ids, package, blocker, next });
    }
    Ok(Tried { actions: all, stays })
}

/// Why a finding stays where nobody stands in the way: it follows "blocked by".
fn reason(why: &str) -> Option<String> {
    short(why).map(|why| format!("what its pushed plan found: {why}"))
}

/// A text without its end where it is long. `None`: there is none.
fn short(text: &str) -> Option<String> {
    let text = text.trim();
    let front: String = text.chars().take(REASON).collect();
    let more = if front.len() < text.len() { "…" } else { "" };
    (!text.is_empty()).then(|| format!("{front}{more}"))
}

/// What was reckoned of such a change.
fn estimated(action: &json::Action) -> Result<Option<Estimated>, Problem> {
    let Some(is) = &action.cost.estimate else {
        let (kind, distance) = (action.way.clone(), action.distance.clone());
        return Ok(Some(Estimated {
            kind,
            distance,
            transitive: false,
            is: None,
            finished: (0, 0),
        }));
    };
    let fits = |n: f64| n.is_finite() && (0.0..=10_000.0).contains(&n);
    let sure = (0.0..=1.0).contains(&is.confidence);
    if !fits(is.least) || !fits(is.most) || is.most < is.least || !sure || is.reverted > is.finished
    {
        let detail = format!("The estimate of `{}` is out of its range.", action.name);
        return Err(Problem::invalid(detail));
    }
    Ok(Some(Estimated {
        kind: is.kind.clone(),
        distance: is.distance.clone(),
        transitive: is.transitive,
        is: Some((is.least, is.most, is.confidence)),
        finished: (is.finished, is.reverted),
    }))
}

/// A finding's vulnerability with its other ids, and its package without version.
fn named(finding: &Finding) -> Option<(Vec<String>, String)> {
    let purl = finding.package.parse::<Purl>().ok()?;
    let mut ids = vec![finding.vulnerability.clone()];
    ids.extend(finding.aliases.iter().cloned());
    Some((ids, purl.package().to_string()))
}
