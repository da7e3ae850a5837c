//! Letters to suppliers: whether they are written, what was told in which, and what became of it. What a letter tells is
//! claimed before it leaves, so that however many look, it is told once; what was begun and never ended is not told again.

use jiff::Timestamp;
use serde_json::json;

use crate::db::{Sql, args};
use crate::error::Result;
use crate::page::MOST;
use crate::suppliers::event;
use crate::time::{micros, moment};
use crate::{Became, Org, Store, ledger};

/// The key of a letter that somebody tried.
pub const TRIED: &str = "test";

/// Something that a letter told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierTold {
    /// What it is, the same at each look: `question-3`.
    pub item: String,
    /// What makes it another thing to tell: when it is due, since when it is broken.
    pub mark: String,
    /// When it was told.
    pub at: Timestamp,
    /// To which address.
    pub address: String,
    /// What became of the letter.
    pub became: Became,
    /// Why, in words.
    pub detail: String,
}

impl Store {
    /// Whether letters are written to a supplier.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn writes_supplier(&self, org: Org, id: i64) -> Result<bool> {
        let sql = "SELECT letters FROM supplier WHERE org = $1 AND id = $2";
        let row = (&mut &self.db).first(sql, args![org.0, id]).await?;
        Ok(row.map(|row| row.maybe_int(0)).transpose()?.flatten() == Some(1))
    }

    /// Has letters written to a supplier, or no longer. `false`: it was so already, or there is none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn write_supplier(
        &self,
        org: Org,
        (id, on): (i64, bool),
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE supplier SET letters = $3
            WHERE org = $1 AND id = $2 AND COALESCE(letters, 0) <> $3";
        if tx.run(sql, args![org.0, id, i64::from(on)]).await? == 0 {
            return Ok(false);
        }
        let data = json!({ "what": "supplier-letters", "supplier": id, "on": on });
        ledger::append(&mut tx, org, &[event(actor, now, None, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// The suppliers to whom letters are written and that deliver, in the order of their ids after one.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn written_suppliers(&self, org: Org, after: i64, limit: usize) -> Result<Vec<i64>> {
        let limit = i64::try_from(limit.clamp(1, MOST)).unwrap_or(i64::MAX);
        let sql = "SELECT id FROM supplier WHERE org = $1 AND id > $2 AND ended IS NULL
            AND letters = 1 ORDER BY id LIMIT $3";
        let rows = (&mut &self.db).all(sql, args![org.0, after, limit]).await?;
        rows.iter().map(|row| row.int(0)).collect()
    }

    /// Claims what a letter is to tell at a moment: what was told before, or is another's, is left out. Returns the places
    /// of what is left.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn begin_supplier_letter(
        &self,
        org: Org,
        (supplier, address): (i64, &str),
        things: &[(String, String)],
        actor: &str,
        now: Timestamp,
    ) -> Result<Vec<usize>> {
        let mut tx = self.db.begin().await?;
        let mut claimed = Vec::new();
        for (place, (item, mark)) in things.iter().enumerate() {
            let sql = "INSERT INTO supplier_letter
                    (org, supplier, item, mark, at, address, state, detail)
                VALUES ($1, $2, $3, $4, $5, $6, $7, '') ON CONFLICT DO NOTHING";
            let begun = Became::Begun.as_str();
            let values = args![org.0, supplier, item, mark, micros(now), address, begun];
            if tx.run(sql, values).await? > 0 {
                claimed.push(place);
            }
        }
        if claimed.is_empty() {
            return Ok(claimed);
        }
        let items: Vec<&str> = claimed
            .iter()
            .filter_map(|place| things.get(*place))
            .map(|(item, _)| item.as_str())
            .collect();
        let data = json!({ "what": "supplier-letter", "supplier": supplier, "items": items });
        ledger::append(&mut tx, org, &[event(actor, now, None, data)]).await?;
        tx.commit().await?;
        Ok(claimed)
    }

    /// Notes what became of a letter that was begun at a moment. What was not taken now is told again later.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_supplier_letter(
        &self,
        org: Org,
        (supplier, begun): (i64, Timestamp),
        (became, detail): (Became, &str),
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        if became == Became::Later {
            let sql = "DELETE FROM supplier_letter
                WHERE org = $1 AND supplier = $2 AND at = $3 AND state = 'begun'";
            tx.run(sql, args![org.0, supplier, micros(begun)]).await?;
        } else {
            let sql = "UPDATE supplier_letter SET state = $4, detail = $5
                WHERE org = $1 AND supplier = $2 AND at = $3 AND state = 'begun'";
            let values = args![org.0, supplier, micros(begun), became.as_str(), detail];
            tx.run(sql, values).await?;
        }
        tx.commit().await
    }

    /// Takes letters that were begun before a moment and never ended to be lost with their process. Returns how many
    /// things they told.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn lose_supplier_letters(&self, org: Org, before: Timestamp) -> Result<u64> {
        let sql = "UPDATE supplier_letter SET state = 'unknown',
                detail = 'the server ended while it was sent; it may have come'
            WHERE org = $1 AND state = 'begun' AND at < $2";
        (&mut &self.db).run(sql, args![org.0, micros(before)]).await
    }

    /// Forgets that what was refused, or may not have come, was told to a supplier: it is told again. Returns how many
    /// things these are; tries are none of them.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn again_supplier_letters(
        &self,
        org: Org,
        supplier: i64,
        actor: &str,
        now: Timestamp,
    ) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let sql = "DELETE FROM supplier_letter WHERE org = $1 AND supplier = $2 AND item <> $3
            AND state IN ('refused', 'unknown')";
        let things = tx.run(sql, args![org.0, supplier, TRIED]).await?;
        if things == 0 {
            return Ok(0);
        }
        let data = json!({ "what": "supplier-letter-again", "supplier": supplier,
            "things": things });
        ledger::append(&mut tx, org, &[event(actor, now, None, data)]).await?;
        tx.commit().await?;
        Ok(things)
    }

    /// What was told to a supplier, the newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn supplier_told(
        &self,
        org: Org,
        supplier: i64,
        limit: usize,
    ) -> Result<Vec<SupplierTold>> {
        let limit = i64::try_from(limit.clamp(1, MOST)).unwrap_or(i64::MAX);
        let sql = "SELECT item, mark, at, address, state, detail FROM supplier_letter
            WHERE org = $1 AND supplier = $2 ORDER BY at DESC, item LIMIT $3";
        let mut all = Vec::new();
        for row in (&mut &self.db).all(sql, args![org.0, supplier, limit]).await? {
            all.push(SupplierTold {
                item: row.text(0)?,
                mark: row.text(1)?,
                at: moment(row.int(2)?)?,
                address: row.text(3)?,
                became: Became::read(&row.text(4)?)?,
                detail: row.text(5)?,
            });
        }
        Ok(all)
    }

    /// How many letters were tried for a supplier since a moment.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn supplier_tries(&self, org: Org, supplier: i64, since: Timestamp) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM supplier_letter
            WHERE org = $1 AND supplier = $2 AND item = $3 AND at >= $4";
        let values = args![org.0, supplier, TRIED, micros(since)];
        (&mut &self.db).first(sql, values).await?.map_or(Ok(0), |row| row.int(0))
    }
}
