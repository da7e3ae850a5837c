//! Links by which a supplier sends documents and answers questions without an account: each with an end, and a way to
//! withdraw it. Of its secret the digest alone is kept.

use jiff::Timestamp;
use serde_json::json;

use crate::db::{Row, Sql, args};
use crate::error::Result;
use crate::ids::Kind;
use crate::ledger;
use crate::suppliers::event;
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// A link of a supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SupplierLink {
    /// Its id.
    pub id: i64,
    /// The organisation.
    pub org: Org,
    /// Whose it is.
    pub supplier: i64,
    /// What people call it: who has it.
    pub name: String,
    /// Who made it.
    pub person: i64,
    /// When.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was withdrawn.
    pub withdrawn: Option<Timestamp>,
    /// When it was last used: of several times within an hour, the first.
    pub used: Option<Timestamp>,
}

impl SupplierLink {
    /// Whether it can be used.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.withdrawn.is_none() && self.expires > now
    }

    fn from_row(row: &Row) -> Result<SupplierLink> {
        Ok(SupplierLink {
            id: row.int(0)?,
            org: Org(row.int(1)?),
            supplier: row.int(2)?,
            name: row.text(3)?,
            person: row.int(4)?,
            created: moment(row.int(5)?)?,
            expires: moment(row.int(6)?)?,
            withdrawn: maybe(row.maybe_int(7)?)?,
            used: maybe(row.maybe_int(8)?)?,
        })
    }
}

const COLUMNS: &str = "id, org, supplier, name, person, created, expires, withdrawn, used";
/// The most links of a supplier that are listed: the newest.
const LISTED: i64 = 100;

impl Store {
    /// Makes a link; `digest` is that of its secret. Returns its id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_supplier_link(
        &self,
        org: Org,
        (supplier, name, person): (i64, &str, i64),
        (digest, expires): (&str, Timestamp),
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let id = self.ids.one(&self.db, org.0, Kind::SupplierLink).await?;
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO supplier_link
                (org, id, supplier, name, digest, person, created, expires)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8)";
        let values = args![org.0, id, supplier, name, digest, person, micros(now), micros(expires)];
        tx.run(sql, values).await?;
        let data = json!({ "what": "supplier-link", "supplier": supplier, "link": id, "name": name,
            "expires": expires.to_string() });
        ledger::append(&mut tx, org, &[event(actor, now, None, data)]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The link of a digest, if it holds: not ended, not withdrawn, of a supplier that delivers.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn supplier_link(
        &self,
        digest: &str,
        now: Timestamp,
    ) -> Result<Option<SupplierLink>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM supplier_link AS l
             WHERE digest = $1 AND withdrawn IS NULL AND expires > $2
                AND EXISTS (SELECT 1 FROM supplier AS s
                    WHERE s.org = l.org AND s.id = l.supplier AND s.ended IS NULL)"
        );
        let row = (&mut &self.db).first(&sql, args![digest, micros(now)]).await?;
        row.as_ref().map(SupplierLink::from_row).transpose()
    }

    /// Notes that a link was used, once an hour.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn note_supplier_link(&self, link: &SupplierLink, now: Timestamp) -> Result<()> {
        const HOUR: i64 = 3_600_000_000;
        let hour = micros(now).div_euclid(HOUR) * HOUR;
        if link.used.is_some_and(|used| micros(used) >= hour) {
            return Ok(());
        }
        let sql = "UPDATE supplier_link SET used = $3 WHERE org = $1 AND id = $2";
        (&mut &self.db).run(sql, args![link.org.0, link.id, micros(now)]).await.map(|_| ())
    }

    /// The links of a supplier, the newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn supplier_links(&self, org: Org, supplier: i64) -> Result<Vec<SupplierLink>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM supplier_link WHERE org = $1 AND supplier = $2
             ORDER BY id DESC LIMIT {LISTED}"
        );
        let rows = (&mut &self.db).all(&sql, args![org.0, supplier]).await?;
        rows.iter().map(SupplierLink::from_row).collect()
    }

    /// Withdraws a link of a supplier. `false`: there is none that was not.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn withdraw_supplier_link(
        &self,
        org: Org,
        (supplier, id): (i64, i64),
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE supplier_link SET withdrawn = $4
            WHERE org = $1 AND supplier = $2 AND id = $3 AND withdrawn IS NULL";
        if tx.run(sql, args![org.0, supplier, id, micros(now)]).await? == 0 {
            return Ok(false);
        }
        let data = json!({ "what": "supplier-link-withdrawn", "supplier": supplier, "link": id });
        ledger::append(&mut tx, org, &[event(actor, now, None, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }
}
