//! Goals that a team or the organisation shares, and the pulse: how many gave which answer.

use jiff::Timestamp;
use serde_json::json;
use trimtab_model::Role;

use crate::db::{Row, Sql, args};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::ledger;
use crate::organisations::changed;
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// A goal to be shared.
#[derive(Debug, Clone, PartialEq)]
pub struct NewGoal {
    /// Of a team. `None`: of the organisation.
    pub team: Option<i64>,
    /// What it is called.
    pub name: String,
    /// `load`, `remediation`, `deadlines`.
    pub measure: String,
    /// The number that it began at.
    pub from: f64,
    /// The number that it is to be.
    pub to: f64,
    /// Since when.
    pub begins: Timestamp,
    /// By when.
    pub ends: Timestamp,
}

/// A goal.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedGoal {
    /// Its id.
    pub id: i64,
    /// What it is.
    pub is: NewGoal,
    /// When it was agreed.
    pub made: Timestamp,
    /// Who wrote it down.
    pub actor: String,
    /// When it was given up.
    pub dropped: Option<Timestamp>,
}

/// What became of an answer to the pulse.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PulseAnswer {
    /// It is counted.
    Counted,
    /// They answered in this round before.
    Again,
    /// The ledger was told what the round came to: nothing is added to it.
    Over,
}

const COLUMNS: &str =
    "id, team, name, measure, begins_at, ends_at, begins, ends, made, actor, dropped";

impl SharedGoal {
    fn from_row(row: &Row) -> Result<SharedGoal> {
        Ok(SharedGoal {
            id: row.int(0)?,
            is: NewGoal {
                team: row.maybe_int(1)?,
                name: row.text(2)?,
                measure: row.text(3)?,
                from: row.real(4)?,
                to: row.real(5)?,
                begins: moment(row.int(6)?)?,
                ends: moment(row.int(7)?)?,
            },
            made: moment(row.int(8)?)?,
            actor: row.text(9)?,
            dropped: maybe(row.maybe_int(10)?)?,
        })
    }
}

/// The answers of a role in a round: how many, and their sum by question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PulseOf {
    /// The role.
    pub role: Role,
    /// How many answered.
    pub count: u64,
    /// The sums.
    pub sums: [u64; 3],
}

impl Store {
    /// Keeps a goal. Returns its id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_goal(
        &self,
        org: Org,
        new: &NewGoal,
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let id = self.ids.one(&self.db, org.0, Kind::Goal).await?;
        let mut tx = self.db.begin().await?;
        let sql = format!(
            "INSERT INTO goal (org, {COLUMNS})
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, NULL)"
        );
        let values = args![
            org.0,
            id,
            new.team,
            &new.name,
            &new.measure,
            new.from,
            new.to,
            micros(new.begins),
            micros(new.ends),
            micros(now),
            actor
        ];
        tx.run(&sql, values).await?;
        let data = json!({ "what": "goal", "goal": id, "team": new.team, "name": new.name,
            "measure": new.measure, "from": new.from, "to": new.to,
            "begins": new.begins.to_string(), "ends": new.ends.to_string() });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Every goal, the newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn goals(&self, org: Org) -> Result<Vec<SharedGoal>> {
        let sql = format!("SELECT {COLUMNS} FROM goal WHERE org = $1 ORDER BY id DESC");
        let found = (&mut &self.db).all(&sql, args![org.0]).await?;
        found.iter().map(SharedGoal::from_row).collect()
    }

    /// Gives a goal up. `false`: there is none that holds.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn drop_goal(&self, org: Org, id: i64, actor: &str, now: Timestamp) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE goal SET dropped = $3 WHERE org = $1 AND id = $2 AND dropped IS NULL";
        if tx.run(sql, args![org.0, id, micros(now)]).await? == 0 {
            return Ok(false);
        }
        let data = json!({ "what": "goal", "goal": id, "dropped": true });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Counts somebody's answers, each 1 to 5, for a role. What they said is in no row of theirs; the ledger is told it with
    /// what others said, once the round is over, as far as that may be told (`tell_pulse`).
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn answer_pulse(
        &self,
        org: Org,
        round: &str,
        (person, role): (i64, Role),
        answers: [u8; 3],
        now: Timestamp,
    ) -> Result<PulseAnswer> {
        let mut tx = self.db.begin().await?;
        // Before anything is counted: what a round came to is read by whoever has the ledger.
        ledger::hold(&mut tx, org).await?;
        // What was told may not grow: the difference would be what somebody said.
        let sql = "SELECT 1 FROM pulse_told WHERE org = $1 AND round = $2 AND told > 0";
        if tx.first(sql, args![org.0, round]).await?.is_some() {
            return Ok(PulseAnswer::Over);
        }
        let sql = "INSERT INTO pulse_person (org, round, person) VALUES ($1, $2, $3)
            ON CONFLICT DO NOTHING";
        if tx.run(sql, args![org.0, round, person]).await? == 0 {
            return Ok(PulseAnswer::Again);
        }
        for (question, answer) in (0i64..).zip(answers) {
            let sql = "INSERT INTO pulse_count (org, round, role, question, answer, number)
                VALUES ($1, $2, $3, $4, $5, 1)
                ON CONFLICT (org, round, role, question, answer)
                DO UPDATE SET number = pulse_count.number + 1";
            let values = args![org.0, round, role.as_str(), question, i64::from(answer)];
            tx.run(sql, values).await?;
        }
        // Not who: an entry beside a sum that grew would say what they answered.
        let data = json!({ "what": "pulse", "round": round });
        ledger::append(&mut tx, org, &[changed("trimtab", now, data)]).await?;
        tx.commit().await?;
        Ok(PulseAnswer::Counted)
    }

    /// Tells the ledger what a round came to, once: `told` makes an object of the answers of each role, with what of them may
    /// be told. They are read in the transaction that tells them, and nobody answers in that round any longer. `false`: it
    /// was told before, or is never told, since it began with an earlier version, whose words promised so.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tell_pulse(
        &self,
        org: Org,
        round: &str,
        told: impl FnOnce(&[PulseOf]) -> serde_json::Value + Send,
        now: Timestamp,
    ) -> Result<bool> {
        // Most often there is nothing to tell, and nobody is held up.
        let sql = "SELECT 1 FROM pulse_told WHERE org = $1 AND round = $2";
        if (&mut &self.db).first(sql, args![org.0, round]).await?.is_some() {
            return Ok(false);
        }
        let mut tx = self.db.begin().await?;
        // Whoever answers holds it too: they come before all of this, or after it.
        ledger::hold(&mut tx, org).await?;
        let sql = "INSERT INTO pulse_told (org, round, told) VALUES ($1, $2, $3)
            ON CONFLICT DO NOTHING";
        if tx.run(sql, args![org.0, round, micros(now)]).await? == 0 {
            return Ok(false);
        }
        let sql = "SELECT round, role, question, answer, number FROM pulse_count
            WHERE org = $1 AND round = $2 ORDER BY round DESC, role, question, answer";
        let rows = tx.all(sql, args![org.0, round]).await?;
        let is = answered(&rows, 1)?.pop().map(|(_, roles)| roles).unwrap_or_default();
        let mut data = json!({ "what": "pulse-round", "round": round });
        if let (Some(data), serde_json::Value::Object(told)) = (data.as_object_mut(), told(&is)) {
            data.extend(told);
        }
        ledger::append(&mut tx, org, &[changed("trimtab", now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Whether somebody answered in a round.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn pulse_answered(&self, org: Org, round: &str, person: i64) -> Result<bool> {
        let sql = "SELECT 1 FROM pulse_person WHERE org = $1 AND round = $2 AND person = $3";
        Ok((&mut &self.db).first(sql, args![org.0, round, person]).await?.is_some())
    }

    /// The rounds before one, the newest first, with the answers of each role.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn pulses(
        &self,
        org: Org,
        before: &str,
        most: usize,
    ) -> Result<Vec<(String, Vec<PulseOf>)>> {
        let sql = "SELECT round, role, question, answer, number FROM pulse_count
            WHERE org = $1 AND round < $2 ORDER BY round DESC, role, question, answer";
        let rows = (&mut &self.db).all(sql, args![org.0, before]).await?;
        answered(&rows, most)
    }
}

/// Answers by round and role, in the order in which they were read: the first rounds of them.
fn answered(rows: &[Row], most: usize) -> Result<Vec<(String, Vec<PulseOf>)>> {
    let mut all: Vec<(String, Vec<PulseOf>)> = Vec::new();
    for row in rows {
        let (round, word) = (row.text(0)?, row.text(1)?);
        let wrong = || StoreError::Damaged(format!("a role `{word}`"));
        let role = Role::from_word(&word).ok_or_else(wrong)?;
        let number = |at: usize| -> Result<u64> { Ok(u64::try_from(row.int(at)?).unwrap_or(0)) };
        let (question, answer, count) = (number(2)?, number(3)?, number(4)?);
        if all.last().is_none_or(|(of, _)| *of != round) {
            if all.len() == most {
                break;
            }
            all.push((round, Vec::new()));
        }
        let Some((_, roles)) = all.last_mut() else { continue };
        if roles.last().is_none_or(|of| of.role != role) {
            roles.push(PulseOf { role, count: 0, sums: [0; 3] });
        }
        let Some(of) = roles.last_mut() else { continue };
        if question == 0 {
            of.count += count;
        }
        let at = usize::try_from(question).unwrap_or(usize::MAX);
        if let Some(sum) = of.sums.get_mut(at) {
            *sum += answer * count;
        }
    }
    Ok(all)
}
