//! Tickets by action: what is to stand in each, what is known of it beside its tracker, and what the tracker had when it was
//! looked at. What people said there is told to the ledger where it changes something here.

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::condition::listed;
use crate::db::{Row, Sql, args};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::jobs::{self, NewJob};
use crate::ledger::{self, EventKind, NewEvent};
use crate::placements::PlannedChange;
use crate::time::{maybe, micros};
use crate::{Org, Store};

/// The ticket of an action.
#[derive(Debug, Clone, PartialEq)]
pub struct TicketOf {
    /// The action.
    pub change: PlannedChange,
    /// Whether it is wanted: else it is over.
    pub wanted: bool,
    /// What is to stand in it, and what that was made of; the server reads it.
    pub told: serde_json::Value,
    /// Its key in the tracker.
    pub key: Option<String>,
    /// When it was sent and nobody answered.
    pub sent: Option<Timestamp>,
    /// The note that was written last.
    pub note: Option<String>,
    /// What the tracker had when it was looked at; the server reads it. Null: nobody looked yet.
    pub seen: serde_json::Value,
    /// When all was as it should be. `None`: it is to be looked at.
    pub looked: Option<Timestamp>,
    /// What went wrong; empty: nothing.
    pub trouble: String,
    /// Points that people gave it there.
    pub points: Option<f64>,
    /// When an exception was asked for because people will not do it.
    pub asked: Option<Timestamp>,
    /// What became of that, in words.
    pub answer: String,
}

/// What is known of the tickets of a tracker that was ended is kept for the day on which it is set again, and shown to nobody.
const SHOWN: &str = "NOT EXISTS (SELECT 1 FROM tracker WHERE tracker.org = $1
    AND tracker.team = $2 AND tracker.person = 0)";

/// So many tickets are read at once.
const PAGE: usize = 500;

const COLUMNS: &str =
    "asset, package, want, told, key, sent, note, seen, looked, trouble, points, asked, answer";

fn read(text: &str) -> Result<serde_json::Value> {
    if text.is_empty() {
        return Ok(serde_json::Value::Null);
    }
    serde_json::from_str(text).map_err(|e| StoreError::Damaged(e.to_string()))
}

impl TicketOf {
    /// One that nobody made yet.
    pub fn new(change: PlannedChange, told: serde_json::Value) -> TicketOf {
        TicketOf {
            change,
            wanted: true,
            told,
            key: None,
            sent: None,
            note: None,
            seen: serde_json::Value::Null,
            looked: None,
            trouble: String::new(),
            points: None,
            asked: None,
            answer: String::new(),
        }
    }

    fn from_row(row: &Row) -> Result<TicketOf> {
        Ok(TicketOf {
            change: PlannedChange { asset: row.int(0)?, package: row.text(1)? },
            wanted: row.text(2)? == "open",
            told: read(&row.text(3)?)?,
            key: row.maybe_text(4)?,
            sent: maybe(row.maybe_int(5)?)?,
            note: row.maybe_text(6)?,
            seen: read(&row.text(7)?)?,
            looked: maybe(row.maybe_int(8)?)?,
            trouble: row.text(9)?,
            points: row.maybe_real(10)?,
            asked: maybe(row.maybe_int(11)?)?,
            answer: row.text(12)?,
        })
    }
}

impl Store {
    /// What is known of a team's tickets, by asset and package.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tickets(&self, org: Org, team: i64) -> Result<Vec<TicketOf>> {
        self.tickets_in(org, team, None).await
    }

    /// The same of assets of some systems alone: what a person may see. `None`: of all.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tickets_in(
        &self,
        org: Org,
        team: i64,
        systems: Option<&[i64]>,
    ) -> Result<Vec<TicketOf>> {
        let only = systems.map_or_else(String::new, |systems| {
            format!(
                "AND ticket.asset IN (SELECT asset.id FROM asset
                    WHERE asset.org = $1 AND asset.system IN ({}))",
                listed(systems)
            )
        });
        let sql = format!(
            "SELECT {COLUMNS} FROM ticket WHERE org = $1 AND team = $2 AND {SHOWN} {only}
                AND (asset > $3 OR (asset = $3 AND package > $4))
             ORDER BY asset, package LIMIT $5"
        );
        // A page at a time: what stands in each may be long.
        let mut found: Vec<TicketOf> = Vec::new();
        loop {
            let last = found.last().map(|row| (row.change.asset, row.change.package.clone()));
            let (asset, package) = last.unwrap_or((i64::MIN, String::new()));
            let limit = i64::try_from(PAGE).unwrap_or(i64::MAX);
            let values = args![org.0, team, asset, package, limit];
            let rows = (&mut &self.db).all(&sql, values).await?;
            for row in &rows {
                found.push(TicketOf::from_row(row)?);
            }
            if rows.len() < PAGE {
                return Ok(found);
            }
        }
    }

    /// Keeps what is wanted of a ticket and what is to stand in it: it is to be looked at then. What is known of it stays.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn want_ticket(
        &self,
        org: Org,
        team: i64,
        (change, wanted): (&PlannedChange, bool),
        told: &serde_json::Value,
    ) -> Result<()> {
        let sql = "INSERT INTO ticket
                (org, team, asset, package, want, told, seen, trouble, answer)
            VALUES ($1, $2, $3, $4, $5, $6, '', '', '')
            ON CONFLICT (org, team, asset, package) DO UPDATE SET want = excluded.want,
                told = excluded.told, looked = NULL";
        let want = if wanted { "open" } else { "over" };
        let values = args![org.0, team, change.asset, &change.package, want, told.to_string()];
        (&mut &self.db).run(sql, values).await.map(|_| ())
    }

    /// Forgets a ticket that was never made.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn forget_ticket(&self, org: Org, team: i64, of: &PlannedChange) -> Result<()> {
        let sql = "DELETE FROM ticket WHERE org = $1 AND team = $2 AND asset = $3 AND package = $4
            AND key IS NULL AND sent IS NULL";
        (&mut &self.db).run(sql, args![org.0, team, of.asset, &of.package]).await.map(|_| ())
    }

    /// Keeps what is known of a ticket beside its tracker: before a call is sent, and after it. `at`: the address and project
    /// that it is of. `false`: the team's tracker is another by now, or the ticket is forgotten, and nothing is kept.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn keep_ticket(
        &self,
        org: Org,
        team: i64,
        of: &PlannedChange,
        (key, sent, note): (Option<&str>, Option<Timestamp>, Option<&str>),
        at: (&str, &str),
    ) -> Result<bool> {
        let sql = "UPDATE ticket SET key = $5, sent = $6, note = $7
            WHERE org = $1 AND team = $2 AND asset = $3 AND package = $4
                AND EXISTS (SELECT 1 FROM tracker WHERE tracker.org = $1 AND tracker.team = $2
                    AND tracker.person <> 0 AND tracker.address = $8 AND tracker.project = $9)";
        let values = args![
            org.0,
            team,
            of.asset,
            &of.package,
            key.map(ToOwned::to_owned),
            sent.map(micros),
            note.map(ToOwned::to_owned),
            at.0,
            at.1
        ];
        Ok((&mut &self.db).run(sql, values).await? == 1)
    }

    /// Notes what the tracker had, and whether all is as it should be (`looked`), or what went wrong.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn see_ticket(
        &self,
        org: Org,
        team: i64,
        of: &PlannedChange,
        seen: &serde_json::Value,
        (looked, trouble): (Option<Timestamp>, &str),
    ) -> Result<()> {
        let sql = "UPDATE ticket SET seen = $5, looked = $6, trouble = $7
            WHERE org = $1 AND team = $2 AND asset = $3 AND package = $4";
        let seen = if seen.is_null() { String::new() } else { seen.to_string() };
        let values = args![org.0, team, of.asset, &of.package, seen, looked.map(micros), trouble];
        (&mut &self.db).run(sql, values).await.map(|_| ())
    }

    /// Tells the ledger how it stands with a ticket, if it was not told that last. `stands`: the members that say so.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tell_ticket(
        &self,
        org: Org,
        team: i64,
        of: &PlannedChange,
        stands: serde_json::Map<String, serde_json::Value>,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let mut data = serde_json::Value::Object(stands);
        let sql = "UPDATE ticket SET stood = $5
            WHERE org = $1 AND team = $2 AND asset = $3 AND package = $4 AND stood <> $5";
        let values = args![org.0, team, of.asset, &of.package, data.to_string()];
        if tx.run(sql, values).await? == 0 {
            return Ok(());
        }
        data["what"] = json!("ticket-stands");
        data["team"] = json!(team);
        data["package"] = json!(of.package);
        ledger::append(&mut tx, org, &[event(of, now, data)]).await?;
        tx.commit().await
    }

    /// Has tickets looked at again: those of some keys, as a webhook or the tracker's own list says. Returns how many.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn poke_ticket(&self, org: Org, team: i64, key: &str) -> Result<u64> {
        let sql = "UPDATE ticket SET looked = NULL WHERE org = $1 AND team = $2 AND key = $3";
        (&mut &self.db).run(sql, args![org.0, team, key]).await
    }

    /// Keeps the points that people gave a ticket, and adds the work that follows with them. `false`: they are as they were.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn point_ticket(
        &self,
        org: Org,
        team: i64,
        of: &PlannedChange,
        points: Option<f64>,
        now: Timestamp,
        then: Option<&NewJob>,
    ) -> Result<bool> {
        // Ids are taken before the transaction that they are for.
        let mut follows = None;
        if let Some(job) = then {
            follows = Some((job, self.ids.one(&self.db, 0, Kind::Job).await?));
        }
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE ticket SET points = $5
            WHERE org = $1 AND team = $2 AND asset = $3 AND package = $4
                AND COALESCE(points, -1.0) <> COALESCE($5, -1.0)";
        let values = args![org.0, team, of.asset, &of.package, points];
        if tx.run(sql, values).await? == 0 {
            return Ok(false);
        }
        if let Some((job, id)) = follows {
            jobs::add(&mut tx, id, job, now).await?;
        }
        let data =
            json!({ "what": "ticket", "team": team, "package": of.package, "points": points });
        ledger::append(&mut tx, org, &[event(of, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Keeps that an exception was asked for because people will not do it, or could not be, in words; `None`: people mean
    /// to do it again.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn answer_ticket(
        &self,
        org: Org,
        team: i64,
        of: &PlannedChange,
        answer: Option<&str>,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE ticket SET asked = $5, answer = $6
            WHERE org = $1 AND team = $2 AND asset = $3 AND package = $4";
        let at = answer.map(|_| micros(now));
        let words = answer.unwrap_or_default();
        tx.run(sql, args![org.0, team, of.asset, &of.package, at, words]).await?;
        let data = json!({ "what": "ticket", "team": team, "package": of.package,
            "wont_do": answer.is_some(), "reason": words });
        ledger::append(&mut tx, org, &[event(of, now, data)]).await?;
        tx.commit().await
    }

    /// A mark of the points that people gave a team's tickets, and of what is over: plans are made of them.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn ticket_mark(&self, org: Org, team: i64) -> Result<String> {
        let sql = format!(
            "SELECT asset, package, points, want FROM ticket
             WHERE org = $1 AND team = $2 AND points IS NOT NULL AND {SHOWN}
             ORDER BY asset, package"
        );
        let rows = (&mut &self.db).all(&sql, args![org.0, team]).await?;
        let mut hash = Sha256::new();
        for row in &rows {
            let line = json!([row.int(0)?, row.text(1)?, row.real(2)?, row.text(3)?]);
            hash.update(line.to_string().as_bytes());
        }
        Ok(format!("{} {}", rows.len(), ledger::hex(&hash.finalize())))
    }
}

fn event(of: &PlannedChange, at: Timestamp, data: serde_json::Value) -> NewEvent {
    NewEvent {
        kind: EventKind::Changed,
        at,
        actor: "tracker".to_owned(),
        system: None,
        asset: Some(of.asset),
        finding: None,
        data,
    }
}
