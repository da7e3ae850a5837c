//! What is scheduled now, by team: a plan that is kept, so that people can count on it. Written as the difference
//! to what was there, with the ledger and a notice in the same transaction; the same again writes nothing.

mod reckoned;

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use crate::db::{Row, Sql, Tx, args};
use crate::error::Result;
use crate::findings::counting;
use crate::ids::Kind;
use crate::ledger::{self, EventKind, NewEvent};
use crate::placements::PlannedChange;
use crate::time::{maybe, micros, moment};
use crate::{Org, Store, outbox};

/// The window that something is scheduled in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ScheduledIn {
    /// Its name: `sprint of 2026-12-07`.
    pub name: String,
    /// When it begins.
    pub starts: Timestamp,
    /// When it ends.
    pub ends: Timestamp,
}

/// A change with its window.
#[derive(Debug, Clone, PartialEq)]
pub struct Scheduled {
    /// The change.
    pub change: PlannedChange,
    /// The version that it is raised to.
    pub version: String,
    /// When it is done. `None`: at once.
    pub window: Option<ScheduledIn>,
    /// From when it can be carried out, where that is within its window: a version that goes with it leaves quarantine then.
    pub ready: Option<Timestamp>,
    /// Points that are reckoned with.
    pub points: f64,
    /// The load that goes with it.
    pub load: f64,
    /// Ids of the findings that it removes, in order.
    pub findings: Vec<i64>,
    /// Why it is in its window, in words.
    pub why: String,
    /// Whether people put it there.
    pub by_people: bool,
    /// Since when it is in its window.
    pub since: Timestamp,
}

/// What a team's plan was made of last, and what it comes to.
#[derive(Debug, Clone, PartialEq)]
pub struct TeamPlan {
    /// The team.
    pub team: i64,
    /// What it was made of: while that is the same, so is the plan.
    pub mark: String,
    /// When.
    pub made: Timestamp,
    /// Windows, costs and sums; the server reads it. The ledger is told of `until`, `missing`, `windows` and `costs` of it,
    /// as far as they are others than before.
    pub told: serde_json::Value,
}

/// How many changes a plan has that the one before had not, had elsewhere, had otherwise, or had alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Difference {
    /// New.
    pub scheduled: usize,
    /// In another window.
    pub moved: usize,
    /// To another version, or for other findings.
    pub changed: usize,
    /// Not planned any longer.
    pub dropped: usize,
}

const COLUMNS: &str = "asset, package, version, window_name, starts, ends, points, load_removed,
    findings, why, by_people, since, ready";

impl Scheduled {
    fn from_row(row: &Row) -> Result<Scheduled> {
        let window = match (row.maybe_text(3)?, row.maybe_int(4)?, row.maybe_int(5)?) {
            (Some(name), Some(starts), Some(ends)) => {
                Some(ScheduledIn { name, starts: moment(starts)?, ends: moment(ends)? })
            }
            _ => None,
        };
        Ok(Scheduled {
            change: PlannedChange { asset: row.int(0)?, package: row.text(1)? },
            version: row.text(2)?,
            window,
            points: row.real(6)?,
            load: row.real(7)?,
            findings: row.json(8)?,
            why: row.text(9)?,
            by_people: row.flag(10)?,
            since: moment(row.int(11)?)?,
            ready: maybe(row.maybe_int(12)?)?,
        })
    }

    fn starts(&self) -> Option<Timestamp> {
        self.window.as_ref().map(|w| w.starts)
    }

    /// How a window is called in the ledger.
    fn called(&self) -> &str {
        self.window.as_ref().map_or("now", |w| &w.name)
    }

    fn event(&self, team: i64, state: &str, more: &serde_json::Value, at: Timestamp) -> NewEvent {
        let mut data = json!({ "team": team, "package": self.change.package, "state": state,
            "version": self.version, "window": self.called(),
            "starts": self.starts().map(|at| at.to_string()),
            "ends": self.window.as_ref().map(|w| w.ends.to_string()),
            "ready": self.ready.map(|at| at.to_string()),
            "points": self.points, "findings": self.findings });
        if let (Some(data), Some(more)) = (data.as_object_mut(), more.as_object()) {
            data.extend(more.clone());
        }
        NewEvent {
            kind: EventKind::Planned,
            at,
            actor: "trimtab".to_owned(),
            system: None,
            asset: Some(self.change.asset),
            finding: None,
            data,
        }
    }

    /// Whether a row must be written where another one is, which need not be told.
    fn differs(&self, was: &Scheduled) -> bool {
        let near = |a: f64, b: f64| (a - b).abs() < 1e-6;
        !near(self.points, was.points)
            || !near(self.load, was.load)
            || self.by_people != was.by_people
            || self.window != was.window
            || self.ready != was.ready
    }

    /// Whether the version is the same, and the day from which it can be carried out, and who put it there: people or the
    /// planner. That a day is over makes no other of it.
    fn is_as(&self, was: &Scheduled, at: Timestamp) -> bool {
        let waits = |is: &Scheduled| is.ready.filter(|ready| *ready > at);
        self.version == was.version && waits(self) == waits(was) && self.by_people == was.by_people
    }

    async fn put(&self, tx: &mut Tx, org: Org, team: i64) -> Result<()> {
        let sql = format!(
            "INSERT INTO scheduled (org, team, {COLUMNS})
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
             ON CONFLICT (org, team, asset, package) DO UPDATE SET version = excluded.version,
                window_name = excluded.window_name, starts = excluded.starts,
                ends = excluded.ends, points = excluded.points,
                load_removed = excluded.load_removed, findings = excluded.findings,
                why = excluded.why, by_people = excluded.by_people, since = excluded.since,
                ready = excluded.ready"
        );
        let values = args![
            org.0,
            team,
            self.change.asset,
            &self.change.package,
            &self.version,
            self.window.as_ref().map(|w| w.name.clone()),
            self.window.as_ref().map(|w| micros(w.starts)),
            self.window.as_ref().map(|w| micros(w.ends)),
            self.points,
            self.load,
            json!(self.findings).to_string(),
            &self.why,
            self.by_people,
            micros(self.since),
            self.ready.map(micros)
        ];
        tx.run(&sql, values).await.map(|_| ())
    }
}

impl Store {
    /// What is scheduled for a team, by asset and package.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn scheduled(&self, org: Org, team: i64) -> Result<Vec<Scheduled>> {
        read(&mut &self.db, org, team).await
    }

    /// What is scheduled for every team, with the team, by team, window, asset and package; at once first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn all_scheduled(&self, org: Org) -> Result<Vec<(i64, Scheduled)>> {
        let sql = format!(
            "SELECT {COLUMNS}, team FROM scheduled WHERE org = $1
             ORDER BY team, COALESCE(starts, 0), asset, package"
        );
        let rows = (&mut &self.db).all(&sql, args![org.0]).await?;
        rows.iter().map(|row| Ok((row.int(13)?, Scheduled::from_row(row)?))).collect()
    }

    /// What is scheduled at once, or in a window that runs and waits for no day within it, with the team, by team, window,
    /// asset and package; at most `limit`. Of some teams, and of assets of some systems; `None`: of all.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn scheduled_now(
        &self,
        org: Org,
        of: Option<(&[i64], &[i64])>,
        now: Timestamp,
        limit: usize,
    ) -> Result<Vec<(i64, Scheduled)>> {
        let list = |ids: &[i64]| match ids {
            [] => "NULL".to_owned(),
            ids => ids.iter().map(ToString::to_string).collect::<Vec<_>>().join(", "),
        };
        let of = of.map_or_else(String::new, |(teams, systems)| {
            format!(
                " AND (team IN ({}) OR EXISTS (SELECT 1 FROM asset WHERE asset.org = $1
                    AND asset.id = scheduled.asset AND asset.system IN ({})))",
                list(teams),
                list(systems)
            )
        });
        let sql = format!(
            "SELECT {COLUMNS}, team FROM scheduled WHERE org = $1
                AND (starts IS NULL OR (starts <= $2 AND ends > $2))
                AND (starts IS NULL OR ready IS NULL OR ready <= $2){of}
             ORDER BY team, COALESCE(starts, 0), asset, package LIMIT $3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = (&mut &self.db).all(&sql, args![org.0, micros(now), limit]).await?;
        rows.iter().map(|row| Ok((row.int(13)?, Scheduled::from_row(row)?))).collect()
    }

    /// What teams' plans were made of last, by team.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn team_plans(&self, org: Org) -> Result<Vec<TeamPlan>> {
        let sql = "SELECT team, mark, made, told FROM team_plan WHERE org = $1 ORDER BY team";
        let rows = (&mut &self.db).all(sql, args![org.0]).await?;
        let read = |row: &Row| {
            Ok(TeamPlan {
                team: row.int(0)?,
                mark: row.text(1)?,
                made: moment(row.int(2)?)?,
                told: row.json(3)?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// The teams of which a plan is kept, with the mark of what it was made of, without what it came to.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn plan_marks(&self, org: Org) -> Result<Vec<(i64, String)>> {
        let sql = "SELECT team, mark FROM team_plan WHERE org = $1 ORDER BY team";
        let rows = (&mut &self.db).all(sql, args![org.0]).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?))).collect()
    }

    /// A mark of each team's findings that count: while it is the same, so are they as far as plans are made
    /// of them. One question for all teams.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn finding_marks(&self, org: Org) -> Result<BTreeMap<i64, String>> {
        let is = counting(org);
        let sql = format!(
            "SELECT team, COUNT(*), CAST(SUM(id) AS BIGINT), CAST(SUM(component) AS BIGINT),
                CAST(SUM(COALESCE(deadline, 0) / 1000000) AS BIGINT),
                CAST(SUM(COALESCE(level, 9)) AS BIGINT), SUM(COALESCE(weight, 0.0)),
                COUNT(fix), COUNT(production),
                CAST(SUM((COALESCE(system, 0) % 99991) * (id % 9973 + 1)) AS BIGINT)
             FROM finding WHERE {} AND team IS NOT NULL GROUP BY team",
            is.text
        );
        let mut marks = BTreeMap::new();
        for row in (&mut &self.db).all(&sql, is.values).await? {
            let sums = [row.int(1)?, row.int(2)?, row.int(3)?, row.int(4)?, row.int(5)?];
            // Sums of fractions come out otherwise in another order.
            let weight = (row.real(6)? * 1000.0).round();
            let mark = format!("{sums:?} {weight} {} {} {}", row.int(7)?, row.int(8)?, row.int(9)?);
            marks.insert(row.int(0)?, mark);
        }
        Ok(marks)
    }

    /// Keeps a team's plan in place of the one before. What is in the same window as before keeps its `since`,
    /// and its `why` as long as the version, the day from which it can be carried out, and who put it there are the same.
    /// Each change that came, moved, changed or went is told to the ledger, all of them in one notice; `gone` says why
    /// something is not planned any longer.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn keep_plan(
        &self,
        org: Org,
        plan: &TeamPlan,
        wanted: &[Scheduled],
        gone: &(dyn Fn(&Scheduled) -> String + Send + Sync),
    ) -> Result<Difference> {
        let (team, at) = (plan.team, plan.made);
        let notice = self.ids.one(&self.db, org.0, Kind::Notice).await?;
        let mut tx = self.db.begin().await?;
        // Two that plan at once write one after the other.
        ledger::hold(&mut tx, org).await?;
        // What another looked at later stands.
        let sql = "SELECT 1 FROM team_plan WHERE org = $1 AND team = $2 AND made > $3";
        if tx.first(sql, args![org.0, team, micros(at)]).await?.is_some() {
            return Ok(Difference::default());
        }
        let told_before = reckoned::last(&mut tx, org, team).await?;
        let before = read(&mut tx, org, team).await?;
        let mut before: BTreeMap<PlannedChange, Scheduled> =
            before.into_iter().map(|s| (s.change.clone(), s)).collect();
        let (mut difference, mut events) = (Difference::default(), Vec::new());
        for new in wanted {
            let Some(was) = before.remove(&new.change) else {
                difference.scheduled += 1;
                events.push(new.event(team, "scheduled", &json!({ "reason": new.why }), at));
                new.put(&mut tx, org, team).await?;
                continue;
            };
            if was.starts() != new.starts() {
                difference.moved += 1;
                let more = json!({ "from": was.called(), "reason": new.why });
                events.push(new.event(team, "moved", &more, at));
                new.put(&mut tx, org, team).await?;
                continue;
            }
            let same = new.is_as(&was, at);
            let why = if same { was.why.clone() } else { new.why.clone() };
            let new = Scheduled { since: was.since, why, ..new.clone() };
            if !same || was.findings != new.findings {
                difference.changed += 1;
                let mut more = json!({ "from_version": was.version });
                if new.why != was.why {
                    more["reason"] = json!(new.why);
                }
                events.push(new.event(team, "changed", &more, at));
                new.put(&mut tx, org, team).await?;
            } else if new.differs(&was) {
                new.put(&mut tx, org, team).await?;
            }
        }
        for was in before.values() {
            difference.dropped += 1;
            events.push(was.event(team, "dropped", &json!({ "reason": gone(was) }), at));
            let sql = "DELETE FROM scheduled
                WHERE org = $1 AND team = $2 AND asset = $3 AND package = $4";
            tx.run(sql, args![org.0, team, was.change.asset, &was.change.package]).await?;
        }
        let sql = "INSERT INTO team_plan (org, team, mark, made, told) VALUES ($1, $2, $3, $4, $5)
            ON CONFLICT (org, team) DO UPDATE SET mark = excluded.mark, made = excluded.made,
                told = excluded.told";
        tx.run(sql, args![org.0, team, &plan.mark, micros(at), plan.told.to_string()]).await?;
        if !events.is_empty() {
            let told: Vec<serde_json::Value> = events
                .iter()
                .map(|event| {
                    let mut told = event.data.clone();
                    if let Some(told) = told.as_object_mut() {
                        told.insert("asset".to_owned(), json!(event.asset));
                    }
                    told
                })
                .collect();
            let payload = json!({ "team": team, "changes": told });
            outbox::put(&mut tx, org, notice, "plan", &payload, at).await?;
        }
        // Nobody is asked anything by what only the reckoning of it says.
        events.extend(reckoned::events(plan, told_before.as_ref()));
        ledger::append(&mut tx, org, &events).await?;
        tx.commit().await?;
        Ok(difference)
    }
}

async fn read(sql: &mut impl Sql, org: Org, team: i64) -> Result<Vec<Scheduled>> {
    let text = format!(
        "SELECT {COLUMNS} FROM scheduled WHERE org = $1 AND team = $2 ORDER BY asset, package"
    );
    sql.all(&text, args![org.0, team]).await?.iter().map(Scheduled::from_row).collect()
}
