//! Which weaknesses a team met: those of the vulnerabilities that were found in its systems.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use trimtab_advisories::index::IndexError;
use trimtab_report::lesson::{self, Lesson};
use trimtab_store::{Finding, FindingFilter, FindingOrder, FindingState};

use crate::access::{Action, On, Who};
use crate::api::visible;
use crate::problem::Problem;
use crate::state::App;

/// The most findings that are looked at: the newest.
const MOST: usize = 5_000;
/// How many are read at once.
const BLOCK: usize = 500;

/// A weakness that was met.
pub(crate) struct Met {
    /// Its name: `CWE-79`.
    pub(crate) cwe: String,
    /// What there is to learn of it. `None`: no lesson was written yet.
    pub(crate) lesson: Option<Lesson>,
    /// The findings with it, the newest first.
    pub(crate) findings: Vec<Finding>,
}

impl Met {
    /// How many of them are there still.
    pub(crate) fn open(&self) -> usize {
        self.findings.iter().filter(|is| is.state.is_live()).count()
    }
}

/// What was met.
pub(crate) struct All {
    /// By how often it was met.
    pub(crate) met: Vec<Met>,
    /// Findings of which no source names a weakness. `None`: sources cannot be read now.
    pub(crate) unknown: Option<usize>,
    /// Whether there are more findings than are looked at.
    pub(crate) more: bool,
}

/// What a team met, as far as they may see it; `None`: all teams.
///
/// # Errors
/// There is no such team, they may see nothing, or the store does not answer.
pub(crate) async fn met(app: &App, who: &Who, team: Option<i64>) -> Result<All, Problem> {
    crate::api::findings::seen(who)?;
    if let Some(id) = team {
        let known = app.store.teams(who.org).await?.iter().any(|team| team.id == id);
        if !known || !who.may(Action::View, On { system: None, team }) {
            return Err(Problem::not_found("team"));
        }
    }
    let filter = FindingFilter {
        team,
        systems: visible(who, &app.store.systems(who.org).await?),
        states: FindingState::ALL.to_vec(),
        ..FindingFilter::default()
    };
    let mut findings: Vec<Finding> = Vec::new();
    let mut after = None;
    loop {
        let order = FindingOrder::Newest;
        let page = app.store.findings(who.org, &filter, order, after, BLOCK).await?;
        findings.extend(page.rows);
        after = page.next;
        if after.is_none() || findings.len() >= MOST {
            break;
        }
    }
    let index = app.index();
    let mut known: HashMap<i64, BTreeSet<String>> = HashMap::new();
    let mut met: BTreeMap<String, Vec<Finding>> = BTreeMap::new();
    let mut unknown = 0;
    let mut unread = index.is_none();
    for is in findings {
        let cwes = known.entry(is.vulnerability.0).or_insert_with(|| {
            let read = index.as_ref().map(|index| weaknesses(index, &is.vulnerability.1));
            match read {
                Some(Ok(named)) => named.unwrap_or_default(),
                Some(Err(_)) | None => {
                    unread = true;
                    BTreeSet::new()
                }
            }
        });
        unknown += usize::from(cwes.is_empty());
        for cwe in cwes.iter() {
            met.entry(cwe.clone()).or_default().push(is.clone());
        }
    }
    let mut met: Vec<Met> = met
        .into_iter()
        .map(|(cwe, findings)| Met { lesson: lesson::of(&cwe), cwe, findings })
        .collect();
    met.sort_by_key(|is| std::cmp::Reverse(is.findings.len()));
    let unknown = (!unread).then_some(unknown);
    Ok(All { met, unknown, more: after.is_some() })
}

/// The weaknesses that sources name for a vulnerability. `None`: the index does not know it.
///
/// # Errors
/// The index is damaged.
fn weaknesses(index: &crate::Opened, name: &str) -> Result<Option<BTreeSet<String>>, IndexError> {
    let Some(group) = index.id(name)?.and_then(|id| id.group) else { return Ok(None) };
    let mut all = BTreeSet::new();
    for member in index.group(group)?.advisories() {
        let record = index.advisory_at(member)?;
        all.extend(record.cwes().map(str::to_owned));
    }
    Ok(Some(all))
}
