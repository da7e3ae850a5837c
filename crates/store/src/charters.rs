//! Charters of an organisation: proposed, agreed to side by side, in force, past.

use jiff::Timestamp;
use sha2::{Digest, Sha256};
use trimtab_model::Role;

use crate::condition::{Condition, listed};
use crate::db::{Row, Sql, args};
use crate::described;
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::ledger;
use crate::organisations::changed;
use crate::page::{Cursor, MOST, Page};
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// How it stands with a charter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CharterState {
    /// Some side has yet to agree.
    Proposed,
    /// The one that holds.
    InForce,
    /// One that held.
    Past,
    /// Taken back.
    Withdrawn,
}

impl CharterState {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            CharterState::Proposed => "proposed",
            CharterState::InForce => "in-force",
            CharterState::Past => "past",
            CharterState::Withdrawn => "withdrawn",
        }
    }

    /// From the word.
    pub fn from_text(text: &str) -> Option<CharterState> {
        use CharterState::{InForce, Past, Proposed, Withdrawn};
        [Proposed, InForce, Past, Withdrawn].into_iter().find(|s| s.as_str() == text)
    }

    fn read(text: &str) -> Result<CharterState> {
        CharterState::from_text(text)
            .ok_or_else(|| StoreError::Damaged(format!("state of a charter `{text}`")))
    }
}

/// A charter of an organisation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredCharter {
    /// Its id.
    pub id: i64,
    /// The file's text.
    pub text: String,
    /// How it stands.
    pub state: CharterState,
    /// Who proposed it.
    pub author: i64,
    /// When.
    pub proposed: Timestamp,
    /// Since when it is in force, or was.
    pub in_force: Option<Timestamp>,
    /// Who agreed for which side, and when.
    pub agreed: Vec<(Role, i64, Timestamp)>,
}

/// The sides that must agree.
pub(crate) const SIDES: [Role; 4] =
    [Role::Security, Role::Engineering, Role::Product, Role::Operations];

impl Store {
    /// Proposes a charter. The text was checked by the caller; the ledger is told its digest.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn propose_charter(
        &self,
        org: Org,
        text: &str,
        author: i64,
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let id = self.ids.one(&self.db, org.0, Kind::Charter).await?;
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO charter (org, id, text, state, author, proposed)
            VALUES ($1, $2, $3, 'proposed', $4, $5)";
        tx.run(sql, args![org.0, id, text, author, micros(now)]).await?;
        let data = serde_json::json!({ "what": "charter-proposed", "charter": id,
            "text": ledger::hex(&Sha256::digest(text)) });
        described::count(&mut tx, org).await?;
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// A side agrees to a proposed charter. When all four have, it is in force, and the ledger is told its `terms`.
    /// Returns how it stands.
    ///
    /// # Errors
    /// It is not proposed.
    pub async fn agree(
        &self,
        org: Org,
        id: i64,
        (side, person): (Role, i64),
        terms: &serde_json::Value,
        actor: &str,
        now: Timestamp,
    ) -> Result<CharterState> {
        let mut tx = self.db.begin().await?;
        // A change of the row makes others wait, so that the last two sides do not miss each other.
        let sql =
            "UPDATE charter SET state = state WHERE org = $1 AND id = $2 AND state = 'proposed'";
        if tx.run(sql, args![org.0, id]).await? == 0 {
            return Err(StoreError::Refused(format!("charter {id} is not proposed")));
        }
        let sql = "INSERT INTO charter_agreed (org, charter, side, person, at)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        // Who agrees again says nothing new.
        if tx.run(sql, args![org.0, id, side.as_str(), person, micros(now)]).await? == 0 {
            return Ok(CharterState::Proposed);
        }
        let sql = "SELECT side FROM charter_agreed WHERE org = $1 AND charter = $2";
        let sides: Vec<String> = tx
            .all(sql, args![org.0, id])
            .await?
            .iter()
            .map(|r| r.text(0))
            .collect::<Result<_>>()?;
        let all = SIDES.iter().all(|side| sides.iter().any(|s| s == side.as_str()));
        let mut data = serde_json::json!({ "what": "charter-agreed", "charter": id,
            "side": side.as_str() });
        let state = if all {
            let sql = "UPDATE charter SET state = 'past' WHERE org = $1 AND state = 'in-force'";
            tx.run(sql, args![org.0]).await?;
            let sql =
                "UPDATE charter SET state = 'in-force', in_force = $3 WHERE org = $1 AND id = $2";
            tx.run(sql, args![org.0, id, micros(now)]).await?;
            data["in_force"] = true.into();
            data["terms"] = terms.clone();
            CharterState::InForce
        } else {
            CharterState::Proposed
        };
        described::count(&mut tx, org).await?;
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(state)
    }

    /// Takes a proposed charter back. `false`: it is not proposed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn withdraw_charter(
        &self,
        org: Org,
        id: i64,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE charter SET state = 'withdrawn'
            WHERE org = $1 AND id = $2 AND state = 'proposed'";
        if tx.run(sql, args![org.0, id]).await? == 0 {
            return Ok(false);
        }
        let data = serde_json::json!({ "what": "charter-withdrawn", "charter": id });
        described::count(&mut tx, org).await?;
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Every charter, the newest first, at most 500.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn charters(&self, org: Org) -> Result<Vec<StoredCharter>> {
        Ok(self.charters_page(org, None, None, MOST).await?.rows)
    }

    /// Charters, of a state or all, the newest first, a page at a time.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn charters_page(
        &self,
        org: Org,
        state: Option<CharterState>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<StoredCharter>> {
        let limit = limit.clamp(1, MOST);
        let mut is = Condition::of("charter.org", org);
        is.and("charter.state = ", state.map(CharterState::as_str));
        is.and("charter.id < ", after.map(|after| after.id));
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT id, text, state, author, proposed, in_force FROM charter
             WHERE {} ORDER BY charter.id DESC LIMIT {asked}",
            is.text
        );
        let read = |row: &Row| {
            Ok(StoredCharter {
                id: row.int(0)?,
                text: row.text(1)?,
                state: CharterState::read(&row.text(2)?)?,
                author: row.int(3)?,
                proposed: moment(row.int(4)?)?,
                in_force: maybe(row.maybe_int(5)?)?,
                agreed: Vec::new(),
            })
        };
        let found = (&mut &self.db).all(&sql, is.values).await?;
        let found = found.iter().map(read).collect::<Result<Vec<_>>>()?;
        let mut page = Page::cut(found, limit, |charter| Cursor { value: 0, id: charter.id });
        let ids: Vec<i64> = page.rows.iter().map(|charter| charter.id).collect();
        let sql = format!(
            "SELECT charter, side, person, at FROM charter_agreed
             WHERE org = $1 AND charter IN ({}) ORDER BY at",
            listed(&ids)
        );
        for row in (&mut &self.db).all(&sql, args![org.0]).await? {
            let (id, side) = (row.int(0)?, row.text(1)?);
            let side = SIDES.iter().copied().find(|s| s.as_str() == side);
            if let (Some(charter), Some(side)) = (page.rows.iter_mut().find(|c| c.id == id), side) {
                charter.agreed.push((side, row.int(2)?, moment(row.int(3)?)?));
            }
        }
        Ok(page)
    }

    /// The charter that is in force.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn charter_in_force(&self, org: Org) -> Result<Option<(i64, String)>> {
        let sql = "SELECT id, text FROM charter WHERE org = $1 AND state = 'in-force'";
        let row = (&mut &self.db).first(sql, args![org.0]).await?;
        row.map(|row| Ok((row.int(0)?, row.text(1)?))).transpose()
    }
}
