//! What reviews decided: written down while one is held, and followed until it is done or dropped.

use jiff::Timestamp;
use serde_json::json;

use crate::condition::listed;
use crate::db::{Row, Sql, args};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::ledger;
use crate::organisations::changed;
use crate::reviews::{is_open, words};
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// How it stands with what a review decided.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ResolveState {
    /// To be done.
    Open,
    /// Carried out.
    Done,
    /// Not done any longer.
    Dropped,
}
words!(ResolveState, Open = "open", Done = "done", Dropped = "dropped");

/// Something to be decided in a review.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewResolve {
    /// The review.
    pub review: i64,
    /// The key of the topic, and its title. Empty: it is of none.
    pub topic: (String, String),
    /// What is done.
    pub what: String,
    /// Who does it.
    pub owner: i64,
    /// Before when.
    pub due: Timestamp,
}

/// Something that a review decided.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Resolve {
    /// Its id.
    pub id: i64,
    /// What was decided.
    pub is: NewResolve,
    /// When.
    pub made: Timestamp,
    /// Who wrote it down.
    pub actor: String,
    /// How it stands with it.
    pub state: ResolveState,
    /// Since when it is over.
    pub ended: Option<Timestamp>,
    /// A word about it.
    pub word: String,
}

const DECISION: &str =
    "id, review, topic, title, what, owner, due, made, actor, state, ended, word";

impl Resolve {
    fn from_row(row: &Row) -> Result<Resolve> {
        Ok(Resolve {
            id: row.int(0)?,
            is: NewResolve {
                review: row.int(1)?,
                topic: (row.text(2)?, row.text(3)?),
                what: row.text(4)?,
                owner: row.int(5)?,
                due: moment(row.int(6)?)?,
            },
            made: moment(row.int(7)?)?,
            actor: row.text(8)?,
            state: ResolveState::read(&row.text(9)?)?,
            ended: maybe(row.maybe_int(10)?)?,
            word: row.text(11)?,
        })
    }
}

impl Store {
    /// Keeps what a review decided. Returns its id; `None`: the review is not open.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn resolve(
        &self,
        org: Org,
        new: &NewResolve,
        actor: &str,
        now: Timestamp,
    ) -> Result<Option<i64>> {
        let id = self.ids.one(&self.db, org.0, Kind::Resolve).await?;
        let mut tx = self.db.begin().await?;
        if !is_open(&mut tx, org, new.review).await? {
            return Ok(None);
        }
        let sql = format!(
            "INSERT INTO review_decision (org, {DECISION})
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, 'open', NULL, '')"
        );
        let values = args![
            org.0,
            id,
            new.review,
            &new.topic.0,
            &new.topic.1,
            &new.what,
            new.owner,
            micros(new.due),
            micros(now),
            actor
        ];
        tx.run(&sql, values).await?;
        let data = json!({ "what": "review-decision", "review": new.review, "decision": id,
            "state": "open", "topic": new.topic.0, "decided": new.what, "owner": new.owner,
            "due": new.due.to_string() });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// Says what became of something that a review decided, and who does it from now on; `None`: who did before. `false`:
    /// the review has no such decision.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn follow_up(
        &self,
        org: Org,
        (review, id): (i64, i64),
        (state, word, owner): (ResolveState, &str, Option<i64>),
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let ended = (state != ResolveState::Open).then_some(now);
        // Said again, it is over since it was over first.
        let sql = "UPDATE review_decision SET word = $6,
                ended = CASE WHEN state = $4 THEN ended ELSE $5 END, state = $4,
                owner = COALESCE($7, owner)
            WHERE org = $1 AND review = $2 AND id = $3";
        let values = args![org.0, review, id, state.as_str(), ended.map(micros), word, owner];
        if tx.run(sql, values).await? == 0 {
            return Ok(false);
        }
        let mut data = json!({ "what": "review-decision", "review": review, "decision": id,
            "state": state.as_str(), "word": word });
        if let Some(owner) = owner {
            data["owner"] = json!(owner);
        }
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// What some reviews decided, in the order in which they did.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn resolved(&self, org: Org, reviews: &[i64]) -> Result<Vec<Resolve>> {
        let sql = format!(
            "SELECT {DECISION} FROM review_decision WHERE org = $1 AND review IN ({}) ORDER BY id",
            listed(reviews)
        );
        let found = (&mut &self.db).all(&sql, args![org.0]).await?;
        found.iter().map(Resolve::from_row).collect()
    }

    /// What reviews decided that somebody is to do and has not done, what is due first first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn resolved_of(&self, org: Org, person: i64, limit: usize) -> Result<Vec<Resolve>> {
        let sql = format!(
            "SELECT {DECISION} FROM review_decision
             WHERE org = $1 AND owner = $2 AND state = 'open' ORDER BY due, id LIMIT $3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(&sql, args![org.0, person, limit]).await?;
        found.iter().map(Resolve::from_row).collect()
    }
}
