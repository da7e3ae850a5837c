//! What the gate said of changes of assets: passed, refused or not known, why, and what answered a refusal. The same
//! said again is no other verdict.

mod coming;
mod told;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use self::told::cut;
use crate::condition::{Condition, listed};
use crate::db::{Row, Sql, args};
use crate::error::{Result, StoreError};
use crate::page::{Cursor, MOST, Page};
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// Who said it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum VerdictSource {
    /// The server, to who sent an inventory and waited.
    Push,
    /// `trimtab gate`.
    Gate,
    /// `trimtab check-new`.
    CheckNew,
}

impl VerdictSource {
    /// All of them.
    pub const ALL: [VerdictSource; 3] =
        [VerdictSource::Push, VerdictSource::Gate, VerdictSource::CheckNew];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            VerdictSource::Push => "push",
            VerdictSource::Gate => "gate",
            VerdictSource::CheckNew => "check-new",
        }
    }

    /// From the word.
    pub fn from_text(text: &str) -> Option<VerdictSource> {
        VerdictSource::ALL.into_iter().find(|is| is.as_str() == text)
    }
}

/// What was said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Judgement {
    /// It may go on.
    Passed,
    /// It may not.
    Refused,
    /// It is not known.
    Unknown,
}

impl Judgement {
    /// All of them.
    pub const ALL: [Judgement; 3] = [Judgement::Passed, Judgement::Refused, Judgement::Unknown];

    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Judgement::Passed => "passed",
            Judgement::Refused => "refused",
            Judgement::Unknown => "unknown",
        }
    }

    /// From the word.
    pub fn from_text(text: &str) -> Option<Judgement> {
        Judgement::ALL.into_iter().find(|is| is.as_str() == text)
    }
}

/// Why.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Reason {
    /// The rule.
    pub rule: String,
    /// Whether it refuses; otherwise it says that data is missing.
    pub refuses: bool,
    /// What is wrong, in words.
    pub text: String,
    /// What to do next; may be empty.
    pub next: String,
    /// The vulnerability, by name.
    pub vulnerability: Option<String>,
    /// The package, as a purl.
    pub package: Option<String>,
    /// The level, by its word.
    pub level: Option<String>,
    /// The finding here.
    pub finding: Option<i64>,
    /// Whether the change brought it in; `false`: the calendar did, or it was there. `None`: not known.
    pub brought: Option<bool>,
}

impl Reason {
    fn told(&self) -> Value {
        json!({ "rule": cut(&self.rule), "refuses": self.refuses, "text": cut(&self.text),
            "next": cut(&self.next), "vulnerability": self.vulnerability.as_deref().map(cut),
            "package": self.package.as_deref().map(cut), "level": self.level.as_deref().map(cut),
            "finding": self.finding, "brought": self.brought })
    }

    fn read(value: &Value) -> Reason {
        let text = |name: &str| value[name].as_str().map(str::to_owned);
        Reason {
            rule: text("rule").unwrap_or_default(),
            refuses: value["refuses"].as_bool().unwrap_or_default(),
            text: text("text").unwrap_or_default(),
            next: text("next").unwrap_or_default(),
            vulnerability: text("vulnerability"),
            package: text("package"),
            level: text("level"),
            finding: value["finding"].as_i64(),
            brought: value["brought"].as_bool(),
        }
    }
}

/// A verdict to be kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewVerdict {
    /// Of which asset.
    pub asset: i64,
    /// Who said it.
    pub source: VerdictSource,
    /// What.
    pub judgement: Judgement,
    /// The commit; of what was asked before it was added, the package.
    pub revision: Option<String>,
    /// The branch. `None`: the main line, or nobody said.
    pub branch: Option<String>,
    /// The snapshot that was judged.
    pub snapshot: Option<i64>,
    /// What it comes to, in a sentence.
    pub headline: String,
    /// The charter that judged; may be empty.
    pub charter: String,
    /// Why, what refuses first.
    pub reasons: Vec<Reason>,
}

/// What answered a refusal.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// A later verdict of the branch passed: its id.
    Passed(i64),
    /// It was let through all the same, by a decision that was made after it: its id.
    Decided(i64),
}

/// A verdict.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// Its id.
    pub id: i64,
    /// What was said; of many reasons the first.
    pub is: NewVerdict,
    /// What the asset is called.
    pub asset_name: String,
    /// The system that it belongs to now.
    pub system: Option<i64>,
    /// How many reasons there were.
    pub reasons: i64,
    /// When it was said first.
    pub at: Timestamp,
    /// When the same was said last.
    pub last: Timestamp,
    /// How often.
    pub times: i64,
    /// To whom: `person:3`, `token:4`.
    pub actor: String,
    /// What answered a refusal, and when.
    pub answered: Option<(Answered, Timestamp)>,
    /// The near miss that was opened from it.
    pub near_miss: Option<i64>,
    /// Since when it is of a branch that was left, and not answered.
    pub left: Option<Timestamp>,
}

/// Which verdicts. What is `None` does not narrow it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct VerdictFilter {
    /// Of an asset.
    pub asset: Option<i64>,
    /// Of assets of systems of a team.
    pub team: Option<i64>,
    /// Of assets of one of these systems.
    pub systems: Option<Vec<i64>>,
    /// What was said.
    pub judgement: Option<Judgement>,
    /// Who said it.
    pub source: Option<VerdictSource>,
    /// Of changes alone: not what was asked before a package was added.
    pub changes: bool,
    /// Refusals that were answered so: `passed`, `decided`; `open`: that were not; `left`: of a branch that was left.
    pub answered: Option<&'static str>,
    /// Refusals that are answered, or had time to be: those that were made before a moment. Without those of branches that
    /// were left.
    pub had_time: Option<Timestamp>,
    /// Said since a moment, first or again.
    pub since: Option<Timestamp>,
}

/// How many changes were looked at, and what was said of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct VerdictCount {
    /// Changes that were looked at.
    pub all: i64,
    /// That passed.
    pub passed: i64,
    /// That were refused.
    pub refused: i64,
    /// Of which it was not known.
    pub unknown: i64,
    /// Refusals that a later verdict of the branch answered.
    pub mended: i64,
    /// Refusals that were let through by a decision.
    pub let_through: i64,
    /// Refusals of branches that were left.
    pub left: i64,
}

const COLUMNS: &str = "v.id, v.asset, v.source, v.outcome, v.at, v.last, v.times, v.actor,
    v.revision, v.branch, v.snapshot, v.headline, v.charter, v.reasons, v.count, v.answered_how,
    v.answered_by, v.answered, a.name, a.system,
    (SELECT MAX(i.id) FROM incident AS i WHERE i.org = v.org AND i.verdict = v.id),
    CASE WHEN v.answered IS NULL THEN v.abandoned END";
/// Refusals of branches that were left.
const LEFT: &str = " AND v.outcome = 'refused' AND v.answered IS NULL AND v.abandoned IS NOT NULL";
/// What is asked before a package is added is no change.
const CHANGES: &str = " AND v.source <> 'check-new'";
const FROM: &str = "verdict AS v JOIN asset AS a ON a.org = v.org AND a.id = v.asset
    LEFT JOIN system AS s ON s.org = a.org AND s.id = a.system";

fn word<T>(of: Option<T>) -> Result<T> {
    of.ok_or_else(|| StoreError::Damaged("a verdict that is none".to_owned()))
}

impl Verdict {
    fn from_row(row: &Row) -> Result<Verdict> {
        let read: Value = row.json(13)?;
        let reasons = read.as_array().map(Vec::as_slice).unwrap_or_default();
        let by = row.maybe_int(16)?;
        let answered = match (row.maybe_text(15)?.as_deref(), by, maybe(row.maybe_int(17)?)?) {
            (Some("passed"), Some(id), Some(at)) => Some((Answered::Passed(id), at)),
            (Some("decided"), Some(id), Some(at)) => Some((Answered::Decided(id), at)),
            _ => None,
        };
        Ok(Verdict {
            id: row.int(0)?,
            is: NewVerdict {
                asset: row.int(1)?,
                source: word(VerdictSource::from_text(&row.text(2)?))?,
                judgement: word(Judgement::from_text(&row.text(3)?))?,
                revision: row.maybe_text(8)?,
                branch: row.maybe_text(9)?,
                snapshot: row.maybe_int(10)?,
                headline: row.text(11)?,
                charter: row.text(12)?,
                reasons: reasons.iter().map(Reason::read).collect(),
            },
            asset_name: row.text(18)?,
            system: row.maybe_int(19)?,
            reasons: row.int(14)?,
            at: moment(row.int(4)?)?,
            last: moment(row.int(5)?)?,
            times: row.int(6)?,
            actor: row.text(7)?,
            answered,
            near_miss: row.maybe_int(20)?,
            left: maybe(row.maybe_int(21)?)?,
        })
    }
}

impl VerdictFilter {
    fn condition(&self, org: Org) -> Condition {
        let mut is = Condition::of("v.org", org);
        is.and("v.asset = ", self.asset);
        is.and("s.team = ", self.team);
        is.and("v.outcome = ", self.judgement.map(Judgement::as_str));
        is.and("v.source = ", self.source.map(VerdictSource::as_str));
        is.and("v.last >= ", self.since.map(micros));
        if self.changes {
            is.text += CHANGES;
        }
        if let Some(systems) = &self.systems {
            is.text += &format!(" AND a.system IN ({})", listed(systems));
        }
        if let Some(until) = self.had_time {
            let until = is.value(micros(until));
            is.text += &format!(
                " AND v.outcome = 'refused'
                AND (v.answered IS NOT NULL OR (v.at < {until} AND v.abandoned IS NULL))"
            );
        }
        match self.answered {
            Some("open") => {
                is.text +=
                    " AND v.outcome = 'refused' AND v.answered IS NULL AND v.abandoned IS NULL";
            }
            Some("left") => is.text += LEFT,
            how => is.and("v.answered_how = ", how),
        }
        is
    }
}

impl Store {
    /// A verdict.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn verdict(&self, org: Org, id: i64) -> Result<Option<Verdict>> {
        let sql = format!("SELECT {COLUMNS} FROM {FROM} WHERE v.org = $1 AND v.id = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        row.as_ref().map(Verdict::from_row).transpose()
    }

    /// Verdicts, the newest first, without their reasons: those are of one that is asked for.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn verdicts(
        &self,
        org: Org,
        filter: &VerdictFilter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Verdict>> {
        let limit = limit.clamp(1, MOST);
        let mut is = filter.condition(org);
        is.and("v.id < ", after.map(|after| after.id));
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let columns = COLUMNS.replace("v.reasons", "CAST('[]' AS TEXT)");
        let sql = format!(
            "SELECT {columns} FROM {FROM} WHERE {} ORDER BY v.id DESC LIMIT {asked}",
            is.text
        );
        let rows = (&mut &self.db).all(&sql, is.values).await?;
        let found = rows.iter().map(Verdict::from_row).collect::<Result<Vec<_>>>()?;
        Ok(Page::cut(found, limit, |one| Cursor { value: 0, id: one.id }))
    }

    /// How many changes were looked at, by the team that owns the asset's system now; `None`: nobody's. What was asked
    /// before a package was added is none of them.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn count_verdicts(
        &self,
        org: Org,
        filter: &VerdictFilter,
    ) -> Result<BTreeMap<Option<i64>, VerdictCount>> {
        let is = filter.condition(org);
        let sql = format!(
            "SELECT s.team, COUNT(*), COUNT(CASE WHEN v.outcome = 'passed' THEN 1 END),
                COUNT(CASE WHEN v.outcome = 'refused' THEN 1 END),
                COUNT(CASE WHEN v.outcome = 'unknown' THEN 1 END),
                COUNT(CASE WHEN v.answered_how = 'passed' THEN 1 END),
                COUNT(CASE WHEN v.answered_how = 'decided' THEN 1 END),
                COUNT(CASE WHEN v.outcome = 'refused' AND v.answered IS NULL
                    AND v.abandoned IS NOT NULL THEN 1 END)
             FROM {FROM} WHERE {}{CHANGES} GROUP BY s.team",
            is.text
        );
        let mut all = BTreeMap::new();
        for row in (&mut &self.db).all(&sql, is.values).await? {
            let count = VerdictCount {
                all: row.int(1)?,
                passed: row.int(2)?,
                refused: row.int(3)?,
                unknown: row.int(4)?,
                mended: row.int(5)?,
                let_through: row.int(6)?,
                left: row.int(7)?,
            };
            all.insert(row.maybe_int(0)?, count);
        }
        Ok(all)
    }

    /// How many assets of each system have a verdict since a moment, by system; `None`: of none. What was asked before
    /// a package was added is none of an asset's change, and what a supplier delivers does not change here.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn gated(&self, org: Org, since: Timestamp) -> Result<BTreeMap<Option<i64>, i64>> {
        let sql = "SELECT a.system, COUNT(DISTINCT v.asset) FROM verdict AS v
            JOIN asset AS a ON a.org = v.org AND a.id = v.asset
            WHERE v.org = $1 AND v.last >= $2 AND v.source <> 'check-new'
                AND NOT EXISTS (SELECT 1 FROM supplier_product AS p
                    WHERE p.org = v.org AND p.asset = v.asset)
            GROUP BY a.system";
        let mut all = BTreeMap::new();
        for row in (&mut &self.db).all(sql, args![org.0, micros(since)]).await? {
            all.insert(row.maybe_int(0)?, row.int(1)?);
        }
        Ok(all)
    }

    /// How many refusals of changes there were between two moments, and how many of them are answered, by system. Those of
    /// branches that were left are none of them.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn refused(
        &self,
        org: Org,
        (since, until): (Timestamp, Timestamp),
    ) -> Result<BTreeMap<Option<i64>, (i64, i64)>> {
        let sql = "SELECT a.system, COUNT(*), COUNT(v.answered) FROM verdict AS v
            JOIN asset AS a ON a.org = v.org AND a.id = v.asset
            WHERE v.org = $1 AND v.outcome = 'refused' AND v.source <> 'check-new'
                AND (v.answered IS NOT NULL OR (v.at < $3 AND v.abandoned IS NULL))
                AND v.last >= $2 GROUP BY a.system";
        let mut all = BTreeMap::new();
        let values = args![org.0, micros(since), micros(until)];
        for row in (&mut &self.db).all(sql, values).await? {
            all.insert(row.maybe_int(0)?, (row.int(1)?, row.int(2)?));
        }
        Ok(all)
    }
}
