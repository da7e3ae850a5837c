//! The tracker of each team: where its tickets are, with sealed secrets, and how far it was looked at.

use jiff::Timestamp;
use serde_json::json;

use crate::db::{Row, Sql, args};
use crate::error::{Result, StoreError};
use crate::ledger::{self, EventKind, NewEvent};
use crate::placements::PlannedChange;
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// A tracker, as people set it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewTracker {
    /// The team.
    pub team: i64,
    /// Which software: a word of the server.
    pub software: String,
    /// Where its API is.
    pub address: String,
    /// The project there.
    pub project: String,
    /// The type of tickets, names of fields, words of states; the server reads it.
    pub settings: serde_json::Value,
    /// The component of an asset or system, by its name.
    pub components: serde_json::Value,
    /// The most tickets that are open at once.
    pub open_limit: u32,
    /// Whether an administrator allowed an address of a private network.
    pub private: bool,
    /// The sealed token.
    pub token: Vec<u8>,
    /// The sealed secret of its webhooks.
    pub secret: Vec<u8>,
    /// What names it in the address of its webhooks, and in the marks of its tickets.
    pub handle: String,
    /// Who set it. In the store 0 is nobody: it was ended.
    pub person: i64,
    /// The server that writes its tickets, by its own address: a copy of the database elsewhere writes none. Empty: the
    /// next one that would.
    pub home: String,
}

/// A tracker.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tracker {
    /// Its organisation.
    pub org: Org,
    /// As it was set.
    pub is: NewTracker,
    /// When.
    pub changed: Timestamp,
    /// Up to when it told what changed. `None`: it was not asked yet.
    pub told: Option<Timestamp>,
    /// When it was looked at last.
    pub looked: Option<Timestamp>,
    /// What went wrong then; empty: nothing.
    pub trouble: String,
    /// Until when it asks to be left alone.
    pub rests: Option<Timestamp>,
}

const COLUMNS: &str = "org, team, software, address, project, settings, components, open_limit,
    private, token, secret, handle, person, changed, told, looked, trouble, rests,
    home";

fn read(text: &str) -> Result<serde_json::Value> {
    serde_json::from_str(text).map_err(|e| StoreError::Damaged(e.to_string()))
}

impl Tracker {
    fn from_row(row: &Row) -> Result<Tracker> {
        Ok(Tracker {
            org: Org(row.int(0)?),
            is: NewTracker {
                team: row.int(1)?,
                software: row.text(2)?,
                address: row.text(3)?,
                project: row.text(4)?,
                settings: read(&row.text(5)?)?,
                components: read(&row.text(6)?)?,
                open_limit: u32::try_from(row.int(7)?).unwrap_or(0),
                private: row.flag(8)?,
                token: row.maybe_bytes(9)?.unwrap_or_default(),
                secret: row.maybe_bytes(10)?.unwrap_or_default(),
                handle: row.text(11)?,
                person: row.int(12)?,
                home: row.text(18)?,
            },
            changed: moment(row.int(13)?)?,
            told: maybe(row.maybe_int(14)?)?,
            looked: maybe(row.maybe_int(15)?)?,
            trouble: row.text(16)?,
            rests: maybe(row.maybe_int(17)?)?,
        })
    }
}

impl Store {
    /// Keeps the tracker of a team, in place of the one before. Where it is another project, what is known of tickets there is
    /// forgotten: their keys are of the other one. One that was ended goes on with the handle that it had.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_tracker(
        &self,
        org: Org,
        is: &NewTracker,
        actor: &str,
        now: Timestamp,
    ) -> Result<()> {
        self.put_tracker_with(org, is, None, actor, now).await
    }

    /// The same. `renamed`: its project is the one before by another name, in the same software at the same address, so that
    /// what is known of tickets there stays; with the keys that they have by the new name.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_tracker_with(
        &self,
        org: Org,
        is: &NewTracker,
        renamed: Option<&[(PlannedChange, String)]>,
        actor: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "SELECT software, address, project FROM tracker WHERE org = $1 AND team = $2";
        let known = tx.first(sql, args![org.0, is.team]).await?;
        let (mut is_same, mut before) = (true, None);
        if let Some(row) = &known {
            let is_there = row.text(0)? == is.software && row.text(1)? == is.address;
            let project = row.text(2)?;
            is_same = is_there && project == is.project;
            before = (is_there && project != is.project).then_some(project);
        }
        let renamed = renamed.zip(before);
        if let Some((keys, _)) = &renamed {
            is_same = true;
            let sql = "UPDATE ticket SET key = $5
                WHERE org = $1 AND team = $2 AND asset = $3 AND package = $4 AND key IS NOT NULL";
            for (of, key) in *keys {
                tx.run(sql, args![org.0, is.team, of.asset, &of.package, key]).await?;
            }
        }
        if !is_same {
            let sql = "DELETE FROM ticket WHERE org = $1 AND team = $2";
            tx.run(sql, args![org.0, is.team]).await?;
        }
        // All is looked at once more: what stands in tickets, or who may write them, may be another now.
        let sql = "UPDATE ticket SET looked = NULL WHERE org = $1 AND team = $2";
        tx.run(sql, args![org.0, is.team]).await?;
        let sql = format!(
            "INSERT INTO tracker ({COLUMNS})
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, NULL, NULL, '', NULL, $15)
             ON CONFLICT (org, team) DO UPDATE SET software = excluded.software,
                address = excluded.address, project = excluded.project,
                settings = excluded.settings, components = excluded.components,
                open_limit = excluded.open_limit, private = excluded.private,
                token = excluded.token, secret = excluded.secret,
                handle = CASE WHEN tracker.person = 0 THEN tracker.handle ELSE excluded.handle END,
                person = excluded.person, changed = excluded.changed, home = excluded.home,
                told = {}, trouble = '', rests = NULL",
            if is_same { "tracker.told" } else { "NULL" }
        );
        let values = args![
            org.0,
            is.team,
            &is.software,
            &is.address,
            &is.project,
            is.settings.to_string(),
            is.components.to_string(),
            i64::from(is.open_limit),
            is.private,
            is.token.clone(),
            is.secret.clone(),
            &is.handle,
            is.person,
            micros(now),
            &is.home
        ];
        tx.run(&sql, values).await?;
        let mut data = json!({ "what": "tracker", "team": is.team, "software": is.software,
            "address": is.address, "project": is.project, "open_limit": is.open_limit,
            "private": is.private });
        if let Some((_, before)) = renamed {
            data["renamed_from"] = json!(before);
        }
        ledger::append(&mut tx, org, &[event(actor, now, data)]).await?;
        tx.commit().await
    }

    /// Ends the tracker of a team: nobody set it, it has no token and no secret, and nothing is shown of its tickets, which stay
    /// where they are. Their keys are kept, for it may be set again. `false`: it has none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_tracker(
        &self,
        org: Org,
        team: i64,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE tracker SET person = 0, token = $3, secret = $4, changed = $5,
                trouble = '', rests = NULL, worker = NULL, lease = NULL
            WHERE org = $1 AND team = $2 AND person <> 0";
        let nothing = Vec::<u8>::new;
        if tx.run(sql, args![org.0, team, nothing(), nothing(), micros(now)]).await? == 0 {
            return Ok(false);
        }
        let sql = "UPDATE ticket SET seen = '', looked = NULL, trouble = ''
            WHERE org = $1 AND team = $2";
        tx.run(sql, args![org.0, team]).await?;
        let data = json!({ "what": "tracker", "team": team, "software": null });
        ledger::append(&mut tx, org, &[event(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The tracker of a team.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tracker(&self, org: Org, team: i64) -> Result<Option<Tracker>> {
        let sql =
            format!("SELECT {COLUMNS} FROM tracker WHERE org = $1 AND team = $2 AND person <> 0");
        let row = (&mut &self.db).first(&sql, args![org.0, team]).await?;
        row.as_ref().map(Tracker::from_row).transpose()
    }

    /// The teams of an organisation that have a tracker.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tracked(&self, org: Org) -> Result<Vec<i64>> {
        let sql = "SELECT team FROM tracker WHERE org = $1 AND person <> 0 ORDER BY team";
        let rows = (&mut &self.db).all(sql, args![org.0]).await?;
        rows.iter().map(|row| row.int(0)).collect()
    }

    /// The trackers of an organisation with which something went wrong when they were looked at last, by team.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn troubled_trackers(&self, org: Org) -> Result<Vec<Tracker>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM tracker
             WHERE org = $1 AND person <> 0 AND trouble <> '' ORDER BY team"
        );
        let rows = (&mut &self.db).all(&sql, args![org.0]).await?;
        rows.iter().map(Tracker::from_row).collect()
    }

    /// The tracker whose webhooks have an address.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tracker_of_handle(&self, handle: &str) -> Result<Option<Tracker>> {
        let sql = format!("SELECT {COLUMNS} FROM tracker WHERE handle = $1 AND person <> 0");
        let row = (&mut &self.db).first(&sql, args![handle]).await?;
        row.as_ref().map(Tracker::from_row).transpose()
    }

    /// Has a server write the tickets of a tracker of which no other does. Returns which does, by its address. Empty: somebody
    /// has to say so, for tickets were sent before it was kept who sends them, and they do not name this server. The
    /// address is in small letters, and ends with no slash.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn at_home(&self, org: Org, team: i64, here: &str) -> Result<String> {
        let sql = "SELECT home FROM tracker WHERE org = $1 AND team = $2";
        let row = (&mut &self.db).first(sql, args![org.0, team]).await?;
        let home = row.map_or_else(|| Ok(here.to_owned()), |row| row.text(0))?;
        if !home.is_empty() {
            return Ok(home);
        }
        // What was sent has links to the server that sent it.
        let sql = "SELECT told FROM ticket WHERE org = $1 AND team = $2
                AND (key IS NOT NULL OR sent IS NOT NULL) LIMIT 200";
        let sent = (&mut &self.db).all(sql, args![org.0, team]).await?;
        let plan = format!("\"{here}/teams/{team}/plan\"");
        let mut is_ours = sent.is_empty();
        for row in &sent {
            is_ours |= row.text(0)?.to_ascii_lowercase().contains(&plan);
        }
        if !is_ours {
            return Ok(home);
        }
        let sql = "UPDATE tracker SET home = $3 WHERE org = $1 AND team = $2 AND home = ''";
        (&mut &self.db).run(sql, args![org.0, team, here]).await?;
        let sql = "SELECT home FROM tracker WHERE org = $1 AND team = $2";
        let row = (&mut &self.db).first(sql, args![org.0, team]).await?;
        row.map_or_else(|| Ok(here.to_owned()), |row| row.text(0))
    }

    /// Takes a tracker to work with it, or goes on, until a moment. `false`: another does, or there is none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn take_tracker(
        &self,
        org: Org,
        team: i64,
        worker: &str,
        until: Timestamp,
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE tracker SET worker = $3, lease = $4 WHERE org = $1 AND team = $2
            AND person <> 0 AND (worker IS NULL OR worker = $3 OR lease IS NULL OR lease < $5)";
        let values = args![org.0, team, worker, micros(until), micros(now)];
        Ok((&mut &self.db).run(sql, values).await? == 1)
    }

    /// Gives it back.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn leave_tracker(&self, org: Org, team: i64, worker: &str) -> Result<()> {
        let sql = "UPDATE tracker SET worker = NULL, lease = NULL
            WHERE org = $1 AND team = $2 AND worker = $3";
        (&mut &self.db).run(sql, args![org.0, team, worker]).await.map(|_| ())
    }

    /// Notes how it went with a tracker: up to when it told what changed (`None`: as before), what went wrong, and until when it
    /// asks to be left alone.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn note_tracker(
        &self,
        org: Org,
        team: i64,
        told: Option<Timestamp>,
        (trouble, rests): (&str, Option<Timestamp>),
        now: Timestamp,
    ) -> Result<()> {
        let sql =
            "UPDATE tracker SET told = COALESCE($3, told), trouble = $4, rests = $5, looked = $6
            WHERE org = $1 AND team = $2";
        let values = args![org.0, team, told.map(micros), trouble, rests.map(micros), micros(now)];
        (&mut &self.db).run(sql, values).await.map(|_| ())
    }
}

fn event(actor: &str, at: Timestamp, data: serde_json::Value) -> NewEvent {
    NewEvent {
        kind: EventKind::Changed,
        at,
        actor: actor.to_owned(),
        system: None,
        asset: None,
        finding: None,
        data,
    }
}
