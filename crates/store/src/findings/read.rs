//! Lists of findings: filters that an index backs, pages by key, counts that are bounded.

use jiff::Timestamp;
use trimtab_model::Level;

use super::{Attribution, Finding, FindingState, Weighed};
use crate::db::{Row, Sql, Value, args};
use crate::error::{Result, StoreError};
use crate::page::{Cursor, MOST, Page};
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// Which findings. What is `None` does not narrow it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FindingFilter {
    /// In these states; none: those that are live.
    pub states: Vec<FindingState>,
    /// Of this level.
    pub level: Option<Level>,
    /// Of a system.
    pub system: Option<i64>,
    /// Of systems, any of them: what a person may see. `None`: all.
    pub systems: Option<Vec<i64>>,
    /// Of a team.
    pub team: Option<i64>,
    /// In an asset.
    pub asset: Option<i64>,
    /// Of a vulnerability.
    pub vulnerability: Option<i64>,
    /// In a package (purl without version).
    pub package: Option<String>,
    /// Due before a moment.
    pub due_before: Option<Timestamp>,
    /// Counting to the load, or not: in production (or not known), and not decided otherwise.
    pub counts: Option<bool>,
    /// With a fix that some source names, or without.
    pub fixable: Option<bool>,
    /// Detected at or after a moment.
    pub since: Option<Timestamp>,
}

/// In which order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FindingOrder {
    /// The gravest first; not weighed last.
    #[default]
    Level,
    /// The soonest due first; without a date last.
    Deadline,
    /// The newest first.
    Newest,
}

/// What findings are grouped by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GroupBy {
    /// Package and fix: what one change removes.
    Action,
    /// Vulnerability.
    Vulnerability,
    /// Package.
    Package,
    /// System.
    System,
    /// Team.
    Team,
    /// Level.
    Level,
}

/// Findings that go together.
#[derive(Debug, Clone, PartialEq)]
pub struct Group {
    /// What they have in common, as an id or a purl.
    pub key: String,
    /// The same, for people.
    pub name: String,
    /// For actions: the fix. `None`: no source names one.
    pub fix: Option<String>,
    /// How many.
    pub findings: i64,
    /// In how many assets.
    pub assets: i64,
    /// What they weigh together.
    pub weight: f64,
    /// The gravest level.
    pub level: Option<Level>,
    /// The soonest deadline.
    pub deadline: Option<Timestamp>,
}

/// A number that stops at a bound: `at least`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The number.
    pub number: i64,
    /// Whether there may be more.
    pub is_least: bool,
}

/// Where counting stops.
const COUNTED: i64 = 10_000;

const COLUMNS: &str =
    "finding.id, asset.id, asset.name, system.id, system.name, team.id, team.name,
    finding.package, component.id, component.purl, vulnerability.id, vulnerability.name,
    vulnerability.summary, finding.state, finding.production, finding.detected, finding.merged,
    finding.fixed, finding.level, finding.level_least, finding.level_most, finding.probability,
    finding.weight, finding.deadline, finding.deadline_kind, finding.cost_least, finding.cost_most,
    finding.fix, finding.decision, finding.decided";

/// From the finding outwards: each of these has one row for it.
const JOINS: &str = "LEFT JOIN asset ON asset.org = $1 AND asset.id = finding.asset
    LEFT JOIN component ON component.org = $1 AND component.id = finding.component
    LEFT JOIN vulnerability ON vulnerability.org = $1 AND vulnerability.id = finding.vulnerability
    LEFT JOIN system ON system.org = $1 AND system.id = finding.system
    LEFT JOIN team ON team.org = $1 AND team.id = finding.team";

/// The words a finding's decision comes to.
const DECIDED: &[&str] = &["accepted", "not-affected"];

fn level(number: i64) -> Result<Level> {
    let all = [Level::Low, Level::Medium, Level::High, Level::Critical];
    all.into_iter()
        .find(|l| *l as i64 == number)
        .ok_or_else(|| StoreError::Damaged(format!("level {number}")))
}

impl Finding {
    fn from_row(row: &Row) -> Result<Finding> {
        let named = |id: Option<i64>, name: Option<String>| id.zip(name);
        let weighed = match row.maybe_int(18)? {
            None => None,
            Some(number) => {
                let kind = row.maybe_text(24)?;
                let decided = row.maybe_text(29)?;
                Some(Weighed {
                    level: level(number)?,
                    bounds: (
                        level(row.maybe_int(19)?.unwrap_or(number))?,
                        level(row.maybe_int(20)?.unwrap_or(number))?,
                    ),
                    probability: row.maybe_real(21)?.unwrap_or_default(),
                    weight: row.maybe_real(22)?.unwrap_or_default(),
                    deadline: maybe(row.maybe_int(23)?)?,
                    deadline_kind: match kind.as_deref() {
                        Some("by") => "by",
                        Some("opportunistic") => "opportunistic",
                        _ => "unknown",
                    },
                    cost: row.maybe_real(25)?.zip(row.maybe_real(26)?),
                    decision: row.maybe_int(28)?.and_then(|id| {
                        let word = decided.as_deref()?;
                        DECIDED.iter().find(|known| **known == word).map(|known| (id, *known))
                    }),
                })
            }
        };
        Ok(Finding {
            id: row.int(0)?,
            asset: (row.int(1)?, row.text(2)?),
            system: named(row.maybe_int(3)?, row.maybe_text(4)?),
            team: named(row.maybe_int(5)?, row.maybe_text(6)?),
            package: row.text(7)?,
            component: (row.int(8)?, row.text(9)?),
            vulnerability: (row.int(10)?, row.text(11)?),
            summary: row.maybe_text(12)?,
            state: FindingState::read(&row.text(13)?)?,
            production: row.maybe_flag(14)?,
            detected: moment(row.int(15)?)?,
            merged: maybe(row.maybe_int(16)?)?,
            fixed: maybe(row.maybe_int(17)?)?,
            weighed,
            fix: row.maybe_text(27)?,
        })
    }
}

/// A `WHERE` and its values.
struct Where {
    text: String,
    values: Vec<Value>,
}

impl Where {
    fn of(org: Org, filter: &FindingFilter) -> Where {
        let mut is = Where { text: "finding.org = $1".to_owned(), values: args![org.0] };
        let live = [FindingState::Open, FindingState::Merged];
        let states: &[FindingState] = if filter.states.is_empty() { &live } else { &filter.states };
        // The words are ours: no value of a person is in them.
        let words: Vec<String> = states.iter().map(|s| format!("'{}'", s.as_str())).collect();
        is.text += &format!(" AND finding.state IN ({})", words.join(", "));
        is.and("finding.level = ", filter.level.map(|l| l as i64));
        is.and("finding.system = ", filter.system);
        is.and("finding.team = ", filter.team);
        is.and("finding.asset = ", filter.asset);
        is.and("finding.vulnerability = ", filter.vulnerability);
        is.and("finding.package = ", filter.package.clone());
        is.and("finding.deadline < ", filter.due_before.map(micros));
        is.and("finding.detected >= ", filter.since.map(micros));
        if let Some(systems) = &filter.systems {
            let list: Vec<String> = systems.iter().map(ToString::to_string).collect();
            let list = if list.is_empty() { "NULL".to_owned() } else { list.join(", ") };
            is.text += &format!(" AND finding.system IN ({list})");
        }
        is.text += match filter.counts {
            None => "",
            Some(true) => {
                " AND finding.decided IS NULL
                  AND (finding.production OR (finding.production IS NULL AND finding.state = 'open'))"
            }
            Some(false) => {
                " AND NOT (finding.decided IS NULL AND (COALESCE(finding.production, FALSE)
                  OR (finding.production IS NULL AND finding.state = 'open')))"
            }
        };
        is.text += match filter.fixable {
            None => "",
            Some(true) => " AND finding.fix IS NOT NULL",
            Some(false) => " AND finding.fix IS NULL",
        };
        is
    }

    fn and(&mut self, text: &str, value: Option<impl Into<Value>>) {
        if let Some(value) = value {
            self.values.push(value.into());
            self.text += &format!(" AND {text}${}", self.values.len());
        }
    }

    fn value(&mut self, value: impl Into<Value>) -> String {
        self.values.push(value.into());
        format!("${}", self.values.len())
    }
}

/// The sort value of an order, the greatest first, and how a finding has it.
fn key(order: FindingOrder) -> &'static str {
    match order {
        FindingOrder::Level => "COALESCE(finding.level, -1)",
        FindingOrder::Deadline => "-COALESCE(finding.deadline, 9000000000000000)",
        FindingOrder::Newest => "finding.detected",
    }
}

fn key_of(order: FindingOrder, finding: &Finding) -> i64 {
    let weighed = finding.weighed.as_ref();
    match order {
        FindingOrder::Level => weighed.map_or(-1, |w| w.level as i64),
        FindingOrder::Deadline => {
            -weighed.and_then(|w| w.deadline).map_or(9_000_000_000_000_000, micros)
        }
        FindingOrder::Newest => micros(finding.detected),
    }
}

impl Store {
    /// Findings, a page at a time.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn findings(
        &self,
        org: Org,
        filter: &FindingFilter,
        order: FindingOrder,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Finding>> {
        let limit = limit.clamp(1, MOST);
        let mut is = Where::of(org, filter);
        let sort = key(order);
        if let Some(after) = after {
            let (value, id) = (is.value(after.value), is.value(after.id));
            is.text +=
                &format!(" AND ({sort} < {value} OR ({sort} = {value} AND finding.id < {id}))");
        }
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS} FROM finding {JOINS} WHERE {}
             ORDER BY {sort} DESC, finding.id DESC LIMIT {asked}",
            is.text
        );
        let found = (&mut &self.db).all(&sql, is.values).await?;
        let found = found.iter().map(Finding::from_row).collect::<Result<Vec<_>>>()?;
        Ok(Page::cut(found, limit, |f| Cursor { value: key_of(order, f), id: f.id }))
    }

    /// A finding.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn finding(&self, org: Org, id: i64) -> Result<Option<Finding>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM finding {JOINS} WHERE finding.org = $1 AND finding.id = $2"
        );
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        row.as_ref().map(Finding::from_row).transpose()
    }

    /// How many there are, up to a bound.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn count_findings(&self, org: Org, filter: &FindingFilter) -> Result<Count> {
        let mut is = Where::of(org, filter);
        let most = is.value(COUNTED + 1);
        let sql = format!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM finding WHERE {} LIMIT {most}) AS counted",
            is.text
        );
        let row = (&mut &self.db).first(&sql, is.values).await?;
        let number = row.map_or(Ok(0), |row| row.int(0))?;
        Ok(Count { number: number.min(COUNTED), is_least: number > COUNTED })
    }

    /// Findings in groups, the heaviest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn group_findings(
        &self,
        org: Org,
        filter: &FindingFilter,
        by: GroupBy,
        limit: usize,
    ) -> Result<Vec<Group>> {
        let mut is = Where::of(org, filter);
        let (keys, name, fix, join) = match by {
            GroupBy::Action => {
                ("finding.package, finding.fix", "finding.package", "finding.fix", "")
            }
            GroupBy::Package => ("finding.package", "finding.package", "NULL", ""),
            GroupBy::Vulnerability => (
                "finding.vulnerability, vulnerability.name",
                "vulnerability.name",
                "NULL",
                "JOIN vulnerability ON vulnerability.org = $1 AND vulnerability.id = finding.vulnerability",
            ),
            GroupBy::System => (
                "finding.system, system.name",
                "COALESCE(system.name, '')",
                "NULL",
                "LEFT JOIN system ON system.org = $1 AND system.id = finding.system",
            ),
            GroupBy::Team => (
                "finding.team, team.name",
                "COALESCE(team.name, '')",
                "NULL",
                "LEFT JOIN team ON team.org = $1 AND team.id = finding.team",
            ),
            GroupBy::Level => {
                ("finding.level", "COALESCE(CAST(finding.level AS TEXT), '')", "NULL", "")
            }
        };
        let first = keys.split(',').next().unwrap_or(keys);
        let most = is.value(i64::try_from(limit.clamp(1, MOST)).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT CAST(COALESCE({first}, NULL) AS TEXT), {name}, CAST({fix} AS TEXT), COUNT(*),
                COUNT(DISTINCT finding.asset), COALESCE(SUM(finding.weight), 0.0),
                MAX(finding.level), MIN(finding.deadline)
             FROM finding {join} WHERE {} GROUP BY {keys}
             ORDER BY 6 DESC, 4 DESC, 2 LIMIT {most}",
            is.text
        );
        let found = (&mut &self.db).all(&sql, is.values).await?;
        let read = |row: &Row| {
            Ok(Group {
                key: row.maybe_text(0)?.unwrap_or_default(),
                name: row.text(1)?,
                fix: row.maybe_text(2)?,
                findings: row.int(3)?,
                assets: row.int(4)?,
                weight: row.real(5)?,
                level: row.maybe_int(6)?.map(level).transpose()?,
                deadline: maybe(row.maybe_int(7)?)?,
            })
        };
        found.iter().map(read).collect()
    }

    /// The load of what counts: the dial.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn load(&self, org: Org, filter: &FindingFilter) -> Result<f64> {
        let filter = FindingFilter { counts: Some(true), ..filter.clone() };
        let is = Where::of(org, &filter);
        let sql =
            format!("SELECT COALESCE(SUM(finding.weight), 0.0) FROM finding WHERE {}", is.text);
        let row = (&mut &self.db).first(&sql, is.values).await?;
        row.map_or(Ok(0.0), |row| row.real(0))
    }

    /// Who says that a finding exists.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn attributions(&self, org: Org, finding: i64) -> Result<Vec<Attribution>> {
        let sql = "SELECT source, since, last, until, said FROM attribution
            WHERE org = $1 AND finding = $2 ORDER BY since, source";
        let read = |row: &Row| {
            Ok(Attribution {
                source: row.text(0)?,
                since: moment(row.int(1)?)?,
                last: moment(row.int(2)?)?,
                until: maybe(row.maybe_int(3)?)?,
                said: serde_json::from_str(&row.text(4)?)
                    .map_err(|e| StoreError::Damaged(e.to_string()))?,
            })
        };
        (&mut &self.db).all(sql, args![org.0, finding]).await?.iter().map(read).collect()
    }
}
