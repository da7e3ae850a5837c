//! What is read from kept sums instead of from every finding: the load, numbers, and groups, where a filter
//! asks for no more than the sums tell apart.

use super::filter::{DUE, FindingFilter, NEVER};
use super::grouped::{Group, GroupBy, GroupCursor, Groups, cut, millionths, placed};
use super::read::level;
use super::tally::{self, ANY, UNWEIGHED};
use crate::condition::listed;
use crate::db::{Row, Sql, Value, args};
use crate::error::Result;
use crate::time::maybe;
use crate::{Org, Store};

/// Which kept sum answers a filter.
struct Kept {
    table: &'static str,
    /// After `org = $1`.
    text: String,
    values: Vec<Value>,
}

/// Whether a filter asks for what no sum tells apart.
fn is_finer(filter: &FindingFilter) -> bool {
    filter.asset.is_some()
        || filter.due_from.is_some()
        || filter.due_before.is_some()
        || filter.dated.is_some()
        || filter.due_by_team.is_some()
        || filter.exposure.is_some()
        || filter.text.is_some()
        || filter.decided.is_some()
        || filter.risks
        || filter.since.is_some()
        || filter.waits.is_some()
}

impl Kept {
    fn and(&mut self, text: &str, value: impl Into<Value>) {
        self.values.push(value.into());
        self.text += &text.replace('?', &format!("${}", self.values.len()));
    }

    /// The sum over systems: of findings that count, by system, team and level.
    fn of_systems(org: Org, filter: &FindingFilter) -> Option<Kept> {
        let narrower = is_finer(filter)
            || filter.vulnerability.is_some()
            || filter.package.is_some()
            || filter.fix.is_some()
            || filter.fixable.is_some();
        if narrower || !filter.states.is_empty() || filter.counts != Some(true) {
            return None;
        }
        let mut is = Kept { table: "tally_system", text: String::new(), values: args![org.0] };
        if let Some(level) = filter.level {
            is.and(" AND tally_system.level = ?", level as i64);
        }
        if let Some(system) = filter.system {
            is.and(" AND tally_system.system = ?", system);
        }
        if let Some(systems) = &filter.systems {
            is.text += &format!(" AND tally_system.system IN ({})", listed(systems));
        }
        if filter.team == Some(0) {
            is.text += " AND tally_system.system NOT IN
                (SELECT system.id FROM system WHERE system.org = $1 AND system.team IS NOT NULL)";
        } else if let Some(team) = filter.team {
            let of = " AND tally_system.system IN
                (SELECT system.id FROM system WHERE system.org = $1 AND system.team = ?)";
            is.and(of, team);
        }
        Some(is)
    }

    /// The sum over packages: by package, vulnerability, fix and level.
    fn of_packages(org: Org, filter: &FindingFilter) -> Option<Kept> {
        let narrower = is_finer(filter)
            || filter.system.is_some()
            || filter.systems.is_some()
            || filter.team.is_some();
        if narrower || !filter.states.is_empty() {
            return None;
        }
        let mut is = Kept { table: "tally_package", text: String::new(), values: args![org.0] };
        if let Some(level) = filter.level {
            is.and(" AND tally_package.level = ?", level as i64);
        }
        if let Some(vulnerability) = filter.vulnerability {
            is.and(" AND tally_package.vulnerability = ?", vulnerability);
        }
        if let Some(package) = &filter.package {
            is.and(" AND tally_package.package = ?", package);
        }
        if let Some(fix) = &filter.fix {
            is.and(" AND tally_package.fix = ?", fix);
        }
        is.text += match filter.fixable {
            None => "",
            Some(true) => " AND tally_package.fix <> ''",
            Some(false) => " AND tally_package.fix = ''",
        };
        is.text += match filter.counts {
            None => "",
            Some(true) => " AND tally_package.counts",
            Some(false) => " AND NOT tally_package.counts",
        };
        Some(is)
    }
}

impl Store {
    /// Reckons the kept sums of an organisation anew from its findings. They are right as long as only builds
    /// that know of them write findings; an older one that still runs beside this one does not.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn recount(&self, org: Org) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tally::recount(&mut tx, org).await?;
        tx.commit().await
    }

    /// How many findings a kept sum tells. `None`: no sum tells it.
    pub(super) async fn counted(&self, org: Org, filter: &FindingFilter) -> Result<Option<i64>> {
        let kept = Kept::of_systems(org, filter).or_else(|| Kept::of_packages(org, filter));
        let Some(kept) = kept else { return Ok(None) };
        let sql = format!(
            "SELECT CAST(COALESCE(SUM(findings), 0) AS BIGINT) FROM {} WHERE org = $1{}",
            kept.table, kept.text
        );
        let row = (&mut &self.db).first(&sql, kept.values).await?;
        row.map(|row| row.int(0)).transpose()
    }

    /// The load that a kept sum tells. `None`: no sum tells it.
    pub(super) async fn kept_load(&self, org: Org, filter: &FindingFilter) -> Result<Option<f64>> {
        let filter = FindingFilter { counts: Some(true), ..filter.clone() };
        let kept = Kept::of_systems(org, &filter).or_else(|| Kept::of_packages(org, &filter));
        let Some(kept) = kept else { return Ok(None) };
        let sql = format!(
            "SELECT COALESCE(SUM(findings * weight), 0.0) FROM {} WHERE org = $1{}",
            kept.table, kept.text
        );
        let row = (&mut &self.db).first(&sql, kept.values).await?;
        row.map(|row| row.real(0)).transpose()
    }

    /// The groups that kept sums tell, the heaviest first. `None`: no sum tells them.
    pub(super) async fn kept_groups(
        &self,
        org: Org,
        filter: &FindingFilter,
        by: GroupBy,
        after: Option<&GroupCursor>,
        limit: usize,
    ) -> Result<Option<Groups>> {
        let sql = match by {
            GroupBy::System | GroupBy::Team | GroupBy::Level => of_systems(org, filter, by, after),
            GroupBy::Action | GroupBy::Package | GroupBy::Vulnerability => {
                of_packages(org, filter, by, after)
            }
        };
        let Some((sql, mut values)) = sql else { return Ok(None) };
        let most = i64::try_from(limit.saturating_add(1)).unwrap_or(i64::MAX);
        values.push(Value::from(most));
        // What is looked up for a group is looked up for those that are shown.
        let sql = sql.replace("{LIMIT}", &format!("LIMIT ${}", values.len()));
        let read = |row: &Row| {
            let due = row.maybe_int(7)?.map(|due| -due).filter(|at| *at < NEVER);
            let group = Group {
                key: row.maybe_text(0)?.unwrap_or_default(),
                name: row.text(1)?,
                fix: row.maybe_text(2)?,
                findings: row.int(3)?,
                assets: row.maybe_int(4)?,
                weight: row.real(5)?,
                level: row.maybe_int(6)?.filter(|l| *l != UNWEIGHED).map(level).transpose()?,
                deadline: maybe(due)?,
            };
            let place = placed(&group, row)?;
            Ok((group, place))
        };
        let found = (&mut &self.db).all(&sql, values).await?;
        Ok(Some(cut(found.iter().map(read).collect::<Result<_>>()?, limit)))
    }
}

const SUMS: &str = "CAST(SUM(findings) AS BIGINT) AS findings, SUM(findings * weight) AS weight,
    MAX(CASE WHEN findings > 0 THEN level END) AS level";

fn of_systems(
    org: Org,
    filter: &FindingFilter,
    by: GroupBy,
    after: Option<&GroupCursor>,
) -> Option<(String, Vec<Value>)> {
    let kept = Kept::of_systems(org, filter)?;
    // The soonest due of a group that a level narrows is another.
    if filter.level.is_some() {
        return None;
    }
    let soonest = |of: &str| {
        format!(
            "(SELECT MAX({DUE}) FROM finding WHERE finding.org = $1 AND finding.system = {of}
                AND finding.state IN ('open', 'merged') AND finding.decided IS NULL
                AND (finding.production OR (finding.production IS NULL AND finding.state = 'open')))"
        )
    };
    let (text, mut values) = (kept.text, kept.values);
    let place = millionths("SUM(findings * weight)");
    let name = if by == GroupBy::System { "system.name" } else { "team.name" };
    let tie = format!("COALESCE({name}, '')");
    let of = (place.as_str(), "SUM(findings)", tie.as_str(), "''");
    let narrow = GroupCursor::narrow(after, &mut values, of);
    let sql = match by {
        GroupBy::System => format!(
            "SELECT CAST(NULLIF(g.system, 0) AS TEXT), g.name, CAST(NULL AS TEXT), g.findings,
                CAST(NULL AS BIGINT), g.weight, g.level, {}, g.place, g.name FROM
                (SELECT tally_system.system AS system, {tie} AS name, {place} AS place, {SUMS}
                 FROM tally_system LEFT JOIN system ON system.org = $1 AND system.id = tally_system.system
                 WHERE tally_system.org = $1{text} GROUP BY tally_system.system, system.name
                 HAVING SUM(findings) > 0{narrow}
                 ORDER BY place DESC, findings DESC, name {{LIMIT}}) AS g
             ORDER BY 9 DESC, 4 DESC, 10",
            soonest("g.system")
        ),
        GroupBy::Team => format!(
            "SELECT CAST(g.team AS TEXT), g.name, CAST(NULL AS TEXT), g.findings,
                CAST(NULL AS BIGINT), g.weight, g.level,
                (SELECT MAX({}) FROM system AS s
                    WHERE s.org = $1 AND s.team = g.team{}), g.place, g.name FROM
                (SELECT team.id AS team, {tie} AS name, {place} AS place, {SUMS} FROM tally_system
                 LEFT JOIN system ON system.org = $1 AND system.id = tally_system.system
                 LEFT JOIN team ON team.org = $1 AND team.id = system.team
                 WHERE tally_system.org = $1{text} GROUP BY team.id, team.name
                 HAVING SUM(findings) > 0{narrow}
                 ORDER BY place DESC, findings DESC, name {{LIMIT}}) AS g
             ORDER BY 9 DESC, 4 DESC, 10",
            soonest("s.id"),
            // Of the systems that are asked about.
            text.replace("tally_system.system", "s.id")
        ),
        // Those of no level are a group as well, which has no row of its own here.
        GroupBy::Level | GroupBy::Action | GroupBy::Package | GroupBy::Vulnerability => return None,
    };
    Some((sql, values))
}

fn of_packages(
    org: Org,
    filter: &FindingFilter,
    by: GroupBy,
    after: Option<&GroupCursor>,
) -> Option<(String, Vec<Value>)> {
    // In how many assets is kept of all live findings, and of those of a level.
    // Of a package, each vulnerability is once in an asset: as many assets as findings.
    let once = filter.package.is_some() && by == GroupBy::Vulnerability;
    if (filter.package.is_some() && !once)
        || filter.vulnerability.is_some()
        || filter.fix.is_some()
        || filter.counts == Some(false)
    {
        return None;
    }
    if filter.fixable.is_some() && by != GroupBy::Action {
        return None;
    }
    let mut kept = Kept::of_packages(org, filter)?;
    let mut same = String::new();
    if let Some(package) = filter.package.as_ref().filter(|_| once) {
        kept.values.push(Value::from(package));
        same = format!(" AND f.package = ${}", kept.values.len());
    }
    let (text, mut values) = (kept.text, kept.values);
    let of = filter.level.map_or(ANY, |level| level as i64);
    let level = filter.level.map_or(String::new(), |l| format!(" AND f.level = {}", l as i64));
    let (grouped, keys, column, key, fix) = match by {
        GroupBy::Action => ("action", "package, fix", "package", "g.package", "g.fix"),
        GroupBy::Vulnerability => {
            let key = "CAST(g.vulnerability AS TEXT)";
            ("vulnerability", "vulnerability", "vulnerability", key, "''")
        }
        _ => ("package", "package", "package", "g.package", "''"),
    };
    let (name, join) = match by {
        GroupBy::Vulnerability => (
            "vulnerability.name",
            "JOIN vulnerability ON vulnerability.org = $1 AND vulnerability.id = g.vulnerability",
        ),
        _ => ("g.package", ""),
    };
    let due = DUE.replace("finding.", "f.");
    let counts = match filter.counts {
        Some(true) => {
            " AND f.decided IS NULL AND (f.production OR (f.production IS NULL AND f.state = 'open'))"
        }
        _ => "",
    };
    // Both sides alike: SQLite does not look into the index of an expression by a column that has a type.
    let same_fix = " AND COALESCE(f.fix, '') = COALESCE(g.fix, '')";
    let same_fix = if by == GroupBy::Action { same_fix } else { "" };
    // Two states, two ends of the index.
    let soonest = |state: &str| {
        format!(
            "(SELECT {due} FROM finding AS f WHERE f.org = $1 AND f.{column} = g.{column}
                AND f.state = '{state}'{same_fix}{same}{level}{counts} ORDER BY {due} DESC LIMIT 1)"
        )
    };
    let assets = match (once, filter.counts) {
        (true, _) => "g.findings".to_owned(),
        // Of those that count it is not kept.
        (false, Some(_)) => "CAST(NULL AS BIGINT)".to_owned(),
        (false, None) => format!(
            "(SELECT a.assets FROM tally_assets AS a WHERE a.org = $1 AND a.grouped = '{grouped}'
                AND a.key = {key} AND a.fix = {fix} AND a.level = {of})"
        ),
    };
    let load = "SUM(CASE WHEN counts THEN findings * weight ELSE 0.0 END)";
    let place = millionths(load);
    let (tie, fixed, last) = match by {
        GroupBy::Action => ("package", "fix", ", fix"),
        GroupBy::Vulnerability => ("CAST(vulnerability AS TEXT)", "''", ""),
        _ => ("package", "''", ""),
    };
    let narrow = GroupCursor::narrow(after, &mut values, (&place, "SUM(findings)", tie, fixed));
    let sql = format!(
        "SELECT key, name, fix, findings, assets, weight, level,
            CASE WHEN open IS NULL OR merged > open THEN merged ELSE open END, place, tie FROM
            (SELECT {key} AS key, {name} AS name, CAST(NULLIF({fix}, '') AS TEXT) AS fix,
                g.findings AS findings,
                {assets} AS assets,
                g.weight AS weight, g.level AS level, g.place AS place, g.tie AS tie,
                {} AS open, {} AS merged FROM
                (SELECT {keys}, CAST(SUM(findings) AS BIGINT) AS findings,
                    {load} AS weight, {place} AS place, {tie} AS tie,
                    MAX(CASE WHEN findings > 0 THEN level END) AS level
                 FROM tally_package WHERE org = $1{text} GROUP BY {keys}
                 HAVING SUM(findings) > 0{narrow}
                 ORDER BY place DESC, findings DESC, tie{last} {{LIMIT}}) AS g {join}) AS shown
         ORDER BY 9 DESC, 4 DESC, 10, COALESCE(fix, '')",
        soonest("open"),
        soonest("merged")
    );
    Some((sql, values))
}
