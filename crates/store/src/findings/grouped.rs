//! Findings in groups, the heaviest first, a page at a time.

use jiff::Timestamp;
use trimtab_model::Level;

use super::filter::{COUNTS, FindingFilter, wanted};
use super::read::level;
use crate::db::{Row, Sql, Value};
use crate::error::Result;
use crate::time::maybe;
use crate::{Org, Store};

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
    /// In how many assets. `None`: not counted for this grouping.
    pub assets: Option<i64>,
    /// What they weigh together.
    pub weight: f64,
    /// The gravest level.
    pub level: Option<Level>,
    /// The soonest deadline. Of what belongs to no system or team it is not told.
    pub deadline: Option<Timestamp>,
}

/// Where a page of groups begins: after a group of so much load, so many findings and this name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupCursor {
    /// What the last group before weighs, in millionths.
    pub(super) load: i64,
    pub(super) findings: i64,
    /// What groups of the same load and number are in the order of.
    pub(super) tie: String,
    pub(super) fix: String,
}

impl GroupCursor {
    /// As text for addresses.
    pub fn to_text(&self) -> String {
        serde_json::json!([self.load, self.findings, self.tie, self.fix]).to_string()
    }

    /// From the text of an address. `None`: it is none.
    pub fn from_text(text: &str) -> Option<GroupCursor> {
        let (load, findings, tie, fix) = serde_json::from_str(text).ok()?;
        Some(GroupCursor { load, findings, tie, fix })
    }

    /// What is true of groups after it: after other conditions of groups. `fix`: a text, if groups have one.
    pub(super) fn narrow(
        after: Option<&GroupCursor>,
        values: &mut Vec<Value>,
        (load, findings, tie, fix): (&str, &str, &str, &str),
    ) -> String {
        let Some(after) = after else { return String::new() };
        let mut value = |is: Value| {
            values.push(is);
            format!("${}", values.len())
        };
        let at = value(after.load.into());
        let number = value(after.findings.into());
        let same = value(after.tie.as_str().into());
        let fixed = value(after.fix.as_str().into());
        format!(
            " AND ({load} < {at} OR ({load} = {at} AND ({findings} < {number}
                OR ({findings} = {number} AND ({tie} > {same}
                    OR ({tie} = {same} AND {fix} > {fixed}))))))"
        )
    }
}

/// A load in whole millionths: two engines, and one at two times, may sum in another order.
pub(super) fn millionths(load: &str) -> String {
    format!("CAST(ROUND({load} * 1000000) AS BIGINT)")
}

/// Where a group stands, by the ninth and the tenth column.
pub(super) fn placed(group: &Group, row: &Row) -> Result<GroupCursor> {
    let (findings, fix) = (group.findings, group.fix.clone().unwrap_or_default());
    Ok(GroupCursor { load: row.int(8)?, findings, tie: row.text(9)?, fix })
}

/// Groups, and where the next page begins.
pub type Groups = (Vec<Group>, Option<GroupCursor>);

/// Cuts a page of `limit + 1` groups that were asked for.
pub(super) fn cut(mut found: Vec<(Group, GroupCursor)>, limit: usize) -> Groups {
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(_, place)| place.clone());
    (found.into_iter().map(|(group, _)| group).collect(), next)
}

impl Store {
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
        Ok(self.group_page(org, filter, by, None, limit).await?.0)
    }

    /// Findings in groups, the heaviest first, a page at a time.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn group_page(
        &self,
        org: Org,
        filter: &FindingFilter,
        by: GroupBy,
        after: Option<&GroupCursor>,
        limit: usize,
    ) -> Result<Groups> {
        if let Some(groups) = self.kept_groups(org, filter, by, after, limit).await? {
            return Ok(groups);
        }
        let mut is = wanted(org, filter);
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
        let load =
            format!("COALESCE(SUM(CASE WHEN TRUE{COUNTS} THEN finding.weight ELSE 0.0 END), 0.0)");
        let place = millionths(&load);
        let tie = match by {
            GroupBy::Vulnerability => "CAST(finding.vulnerability AS TEXT)",
            _ => name,
        };
        let fixed = if by == GroupBy::Action { "COALESCE(finding.fix, '')" } else { "''" };
        // A constant is nothing to sort by.
        let last = if by == GroupBy::Action { ", COALESCE(finding.fix, '')" } else { "" };
        let of = (place.as_str(), "COUNT(*)", tie, fixed);
        let narrow = GroupCursor::narrow(after, &mut is.values, of);
        let most = is.value(i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT CAST(COALESCE({first}, NULL) AS TEXT), {name}, CAST({fix} AS TEXT), COUNT(*),
                COUNT(DISTINCT finding.asset),
                {load}, MAX(finding.level), MIN(finding.deadline), {place}, {tie}
             FROM finding {join} WHERE {} GROUP BY {keys} HAVING COUNT(*) > 0{narrow}
             ORDER BY 9 DESC, 4 DESC, 10{last} LIMIT {most}",
            is.text
        );
        let found = (&mut &self.db).all(&sql, is.values).await?;
        let read = |row: &Row| {
            let group = Group {
                key: row.maybe_text(0)?.unwrap_or_default(),
                name: row.text(1)?,
                fix: row.maybe_text(2)?,
                findings: row.int(3)?,
                assets: Some(row.int(4)?),
                weight: row.real(5)?,
                level: row.maybe_int(6)?.map(level).transpose()?,
                deadline: match by {
                    GroupBy::System | GroupBy::Team if row.maybe_text(0)?.is_none() => None,
                    _ => maybe(row.maybe_int(7)?)?,
                },
            };
            let place = placed(&group, row)?;
            Ok((group, place))
        };
        Ok(cut(found.iter().map(read).collect::<Result<_>>()?, limit))
    }
}
