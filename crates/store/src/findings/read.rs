//! Lists of findings: filters that an index backs, pages by key, counts that are bounded.

use trimtab_model::Level;

use super::filter::{DUE, FindingFilter, wanted};
use super::mentioned::Mentioned;
use super::waiting::{LOOKED, Waits};
use super::{Attribution, Finding, FindingState, Weighed};
use crate::db::{Row, Sql, args};
use crate::error::{Result, StoreError};
use crate::page::{Cursor, MOST, Page};
use crate::time::{maybe, moment};
use crate::{Org, Store};

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
    /// What was fixed last first.
    Fixed,
}

/// A number that stops at a bound: `at least`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Count {
    /// The number.
    pub number: i64,
    /// Whether there may be more.
    pub is_least: bool,
}

/// A load that stops at a bound: `at least`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub struct Load {
    /// What findings weigh together.
    pub weight: f64,
    /// Whether there may be more.
    pub is_least: bool,
}

/// Where counting stops.
const COUNTED: i64 = 10_000;

pub(super) const COLUMNS: &str =
    "finding.id, asset.id, asset.name, system.id, system.name, team.id, team.name,
    finding.package, component.id, component.purl, vulnerability.id, vulnerability.name,
    vulnerability.summary, finding.state, finding.production, finding.detected, finding.merged,
    finding.fixed, finding.level, finding.level_least, finding.level_most, finding.probability,
    finding.weight, finding.deadline, finding.deadline_kind, finding.cost_least, finding.cost_most,
    finding.fix, finding.decision, finding.decided";

/// From the finding outwards: each of these has one row for it.
pub(super) const JOINS: &str = "LEFT JOIN asset ON asset.org = $1 AND asset.id = finding.asset
    LEFT JOIN component ON component.org = $1 AND component.id = finding.component
    LEFT JOIN vulnerability ON vulnerability.org = $1 AND vulnerability.id = finding.vulnerability
    LEFT JOIN system ON system.org = $1 AND system.id = finding.system
    LEFT JOIN team ON team.org = $1 AND team.id = finding.team";

/// The words a finding's decision comes to.
const DECIDED: &[&str] = &["accepted", "not-affected"];

pub(super) fn level(number: i64) -> Result<Level> {
    let all = [Level::Low, Level::Medium, Level::High, Level::Critical];
    all.into_iter()
        .find(|l| *l as i64 == number)
        .ok_or_else(|| StoreError::Damaged(format!("level {number}")))
}

impl Finding {
    pub(super) fn from_row(row: &Row) -> Result<Finding> {
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

/// How grave a finding is: its level and, within it, how likely.
const RANK: &str = "(COALESCE(finding.level, -1) * 1000000
    + CAST(COALESCE(finding.probability, 0.0) * 999999 AS BIGINT))";
/// When a finding was fixed; what was not is last.
const FIXED: &str = "(COALESCE(finding.fixed, 0))";
/// How far levels are apart in [`RANK`].
const STEP: i64 = 1_000_000;

/// The sort value of an order, the greatest first.
const fn key(order: FindingOrder) -> &'static str {
    match order {
        FindingOrder::Level => RANK,
        FindingOrder::Deadline => DUE,
        FindingOrder::Newest => "finding.detected",
        FindingOrder::Fixed => FIXED,
    }
}

/// How many systems make it worth while to look at each one's findings, and not at all in their order.
const FEW: usize = 16;

/// Whether a filter leaves so few findings that they are better found by it and then sorted, than looked for in
/// the order of all. SQLite is told so; PostgreSQL knows from its statistics.
fn is_narrow(filter: &FindingFilter, order: FindingOrder) -> bool {
    filter.asset.is_some()
        || filter.package.is_some()
        || filter.vulnerability.is_some()
        || filter.system.is_some()
        || filter.text.as_ref().is_some_and(Mentioned::is_narrow)
        || (filter.team.is_some() && !matches!(order, FindingOrder::Level | FindingOrder::Fixed))
        || filter.systems.as_ref().is_some_and(|systems| systems.len() <= FEW)
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
        let mut is = wanted(org, filter);
        // An index in the order of what is not written as it was made is not used for the order.
        let sort = match is_narrow(filter, order) {
            true => format!("({} + 0)", key(order)),
            false => key(order).to_owned(),
        };
        if let (FindingOrder::Level, Some(level)) = (order, filter.level) {
            let least = is.value(level as i64 * STEP);
            let most = is.value((level as i64 + 1) * STEP);
            is.text += &format!(" AND {sort} >= {least} AND {sort} < {most}");
        }
        if let Some(after) = after {
            let (value, id) = (is.value(after.value), is.value(after.id));
            is.text +=
                &format!(" AND {sort} <= {value} AND ({sort} < {value} OR finding.id < {id})");
        }
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        // Which are on the page first: only of these the rest is looked up, and not of all that are put in order.
        let sql = format!(
            "SELECT {COLUMNS}, {sort} FROM (SELECT finding.id AS shown FROM finding WHERE {}
                ORDER BY {sort} DESC, finding.id DESC LIMIT {asked}) AS page
             CROSS JOIN finding {JOINS} WHERE finding.org = $1 AND finding.id = page.shown
             ORDER BY {sort} DESC, finding.id DESC",
            is.text
        );
        let found = (&mut &self.db).all(&sql, is.values).await?;
        let read = |row: &Row| Ok((Finding::from_row(row)?, row.int(30)?));
        let found = found.iter().map(read).collect::<Result<Vec<(Finding, i64)>>>()?;
        let page = Page::cut(found, limit, |(f, value)| Cursor { value: *value, id: f.id });
        let rows = page.rows.into_iter().map(|(finding, _)| finding).collect();
        Ok(Page { rows, next: page.next })
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

    /// How many there are; where no sum is kept of them, up to a bound.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn count_findings(&self, org: Org, filter: &FindingFilter) -> Result<Count> {
        if let Some(number) = self.counted(org, filter).await? {
            return Ok(Count { number, is_least: false });
        }
        let number = self.counted_to(org, filter, COUNTED + 1).await?;
        let mut is_least = number > COUNTED;
        if filter.waits == Some(Waits::Choice) {
            // Beyond those that are looked at there may be more.
            let all = FindingFilter { waits: None, ..filter.clone() };
            is_least |= self.counted_to(org, &all, LOOKED + 1).await? > LOOKED;
        }
        Ok(Count { number: number.min(COUNTED), is_least })
    }

    /// How many there are, counted one by one up to `most`.
    async fn counted_to(&self, org: Org, filter: &FindingFilter, most: i64) -> Result<i64> {
        let mut is = wanted(org, filter);
        let most = is.value(most);
        let sql = format!(
            "SELECT COUNT(*) FROM (SELECT 1 FROM finding WHERE {} LIMIT {most}) AS counted",
            is.text
        );
        let row = (&mut &self.db).first(&sql, is.values).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// The load of what counts: the dial. Where no sum is kept of a filter each finding of it is looked at; a list
    /// that somebody narrows asks [`Store::load_of`].
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn load(&self, org: Org, filter: &FindingFilter) -> Result<f64> {
        if let Some(load) = self.kept_load(org, filter).await? {
            return Ok(load);
        }
        let filter = FindingFilter { counts: Some(true), ..filter.clone() };
        let is = wanted(org, &filter);
        let sql =
            format!("SELECT COALESCE(SUM(finding.weight), 0.0) FROM finding WHERE {}", is.text);
        let row = (&mut &self.db).first(&sql, is.values).await?;
        row.map_or(Ok(0.0), |row| row.real(0))
    }

    /// The load of what counts of a list; where no sum is kept of it, of no more findings than are counted.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn load_of(&self, org: Org, filter: &FindingFilter) -> Result<Load> {
        if let Some(weight) = self.kept_load(org, filter).await? {
            return Ok(Load { weight, is_least: false });
        }
        self.load_to(org, filter, COUNTED).await
    }

    /// The load of what counts, summed one by one up to `most` findings.
    pub(super) async fn load_to(
        &self,
        org: Org,
        filter: &FindingFilter,
        most: i64,
    ) -> Result<Load> {
        let filter = FindingFilter { counts: Some(true), ..filter.clone() };
        let mut is = wanted(org, &filter);
        let asked = is.value(most + 1);
        let sql = format!(
            "SELECT COUNT(*), COALESCE(SUM(summed.weight), 0.0) FROM
                (SELECT finding.weight AS weight FROM finding WHERE {} LIMIT {asked}) AS summed",
            is.text
        );
        let row = (&mut &self.db).first(&sql, is.values).await?;
        row.map_or(Ok(Load::default()), |row| {
            Ok(Load { weight: row.real(1)?, is_least: row.int(0)? > most })
        })
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
                said: row.json(4)?,
            })
        };
        (&mut &self.db).all(sql, args![org.0, finding]).await?.iter().map(read).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    #[tokio::test]
    async fn a_load_stops_at_its_bound_and_says_so() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("store.sqlite");
        let store = Store::open(file.to_str().unwrap(), Timestamp::UNIX_EPOCH).await.unwrap();
        for id in 1..=3i64 {
            let sql = "INSERT INTO finding
                    (org, id, asset, package, vulnerability, component, state, detected, level, weight)
                VALUES (1, $1, 7, 'pkg:npm/p', $1, 1, 'open', 0, 2, 10.0)";
            (&mut &store.db).run(sql, args![id]).await.unwrap();
        }
        let filter = FindingFilter { asset: Some(7), ..FindingFilter::default() };
        let whole = store.load_to(Org(1), &filter, 3).await.unwrap();
        assert_eq!(whole, Load { weight: 30.0, is_least: false });
        let part = store.load_to(Org(1), &filter, 2).await.unwrap();
        assert!(part.is_least && part.weight < 31.0, "{part:?}");
    }
}
