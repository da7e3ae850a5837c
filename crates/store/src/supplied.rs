//! Documents that suppliers sent, each with who sent it and when. Its bytes are kept as those of any other document.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::condition::{Condition, listed};
use crate::db::{Row, Sql, args};
use crate::error::Result;
use crate::ids::Kind;
use crate::ledger;
use crate::page::{Cursor, MOST, Page};
use crate::suppliers::event;
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// A document that came.
#[derive(Debug, Clone, PartialEq)]
pub struct NewSupplied {
    /// From whom.
    pub supplier: i64,
    /// About which product.
    pub product: i64,
    /// The asset that stands for it.
    pub asset: i64,
    /// `sbom` or `vex`.
    pub kind: String,
    /// Of which version; empty: it was not said.
    pub version: String,
    /// Its digest.
    pub document: String,
    /// By which link. `None`: somebody of ours sent it.
    pub link: Option<i64>,
    /// When it was made, by its own word.
    pub made: Option<Timestamp>,
    /// What was read in it; the server reads it.
    pub told: Value,
}

/// A document that a supplier sent.
#[derive(Debug, Clone, PartialEq)]
pub struct Supplied {
    /// Its id.
    pub id: i64,
    /// What came. The asset is not kept: 0.
    pub is: NewSupplied,
    /// When.
    pub received: Timestamp,
    /// Who sent it.
    pub actor: String,
    /// When somebody let it hold, and who.
    pub taken: Option<(Timestamp, String)>,
}

const COLUMNS: &str = "id, supplier, product, kind, version, document, link, made, told, received,
    actor, taken, taken_by";

impl Supplied {
    fn from_row(row: &Row) -> Result<Supplied> {
        Ok(Supplied {
            id: row.int(0)?,
            is: NewSupplied {
                supplier: row.int(1)?,
                product: row.int(2)?,
                asset: 0,
                kind: row.text(3)?,
                version: row.text(4)?,
                document: row.text(5)?,
                link: row.maybe_int(6)?,
                made: maybe(row.maybe_int(7)?)?,
                told: row.json(8)?,
            },
            received: moment(row.int(9)?)?,
            actor: row.text(10)?,
            taken: maybe(row.maybe_int(11)?)?.zip(row.maybe_text(12)?),
        })
    }
}

impl Store {
    /// Notes that a document came, whose bytes are kept. Returns its id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_supplied(
        &self,
        org: Org,
        new: &NewSupplied,
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let id = self.ids.one(&self.db, org.0, Kind::SupplierDocument).await?;
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO supplier_document (org, id, supplier, product, kind, version,
                document, link, made, told, received, actor)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)";
        let values = args![
            org.0,
            id,
            new.supplier,
            new.product,
            &new.kind,
            &new.version,
            &new.document,
            new.link,
            new.made.map(micros),
            new.told.to_string(),
            micros(now),
            actor
        ];
        tx.run(sql, values).await?;
        let mut data = json!({ "what": "supplier-document", "supplier": new.supplier,
            "product": new.product, "number": id, "kind": new.kind, "version": new.version,
            "document": new.document, "link": new.link, "made": new.made.map(|at| at.to_string()) });
        // What was read in it: how good it is, and how much it states, is reckoned of that. Each is of a few words.
        match new.kind.as_str() {
            "vex" => data["statements"] = new.told["statements"].clone(),
            _ => data["parts"] = new.told["parts"].clone(),
        }
        data["format"] = json!([new.told["format"], new.told["version"]]);
        ledger::append(&mut tx, org, &[event(actor, now, Some(new.asset), data)]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Notes that somebody let a VEX document of a supplier hold. `false`: somebody did already, or there is none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn take_supplied(
        &self,
        org: Org,
        (id, asset): (i64, i64),
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE supplier_document SET taken = $3, taken_by = $4
            WHERE org = $1 AND id = $2 AND kind = 'vex' AND taken IS NULL";
        if tx.run(sql, args![org.0, id, micros(now), actor]).await? == 0 {
            return Ok(false);
        }
        let data = json!({ "what": "supplier-document-taken", "number": id });
        ledger::append(&mut tx, org, &[event(actor, now, Some(asset), data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A document of a supplier.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn supplied_numbered(&self, org: Org, id: i64) -> Result<Option<Supplied>> {
        let sql = format!("SELECT {COLUMNS} FROM supplier_document WHERE org = $1 AND id = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        row.as_ref().map(Supplied::from_row).transpose()
    }

    /// The documents about some products of a kind, the newest first. `None`: of both kinds.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn supplied(
        &self,
        org: Org,
        (products, kind): (&[i64], Option<&str>),
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Supplied>> {
        let limit = limit.clamp(1, MOST);
        let mut is = Condition::of("org", org);
        is.text += &format!(" AND product IN ({})", listed(products));
        is.and("kind = ", kind);
        is.and("id < ", after.map(|after| after.id));
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS} FROM supplier_document WHERE {} ORDER BY id DESC LIMIT {asked}",
            is.text
        );
        let rows = (&mut &self.db).all(&sql, is.values).await?;
        let found = rows.iter().map(Supplied::from_row).collect::<Result<Vec<_>>>()?;
        Ok(Page::cut(found, limit, |one| Cursor { value: 0, id: one.id }))
    }

    /// The newest SBOM of a version of a product.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn sbom_of(&self, org: Org, product: i64, version: &str) -> Result<Option<Supplied>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM supplier_document
             WHERE org = $1 AND product = $2 AND kind = 'sbom' AND version = $3
             ORDER BY id DESC LIMIT 1"
        );
        let row = (&mut &self.db).first(&sql, args![org.0, product, version]).await?;
        row.as_ref().map(Supplied::from_row).transpose()
    }

    /// How many documents of a kind came about a product.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn count_supplied_of(&self, org: Org, product: i64, kind: &str) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM supplier_document
            WHERE org = $1 AND product = $2 AND kind = $3";
        let row = (&mut &self.db).first(sql, args![org.0, product, kind]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// How many documents came by the links of a supplier since a moment.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn count_supplied(&self, org: Org, supplier: i64, since: Timestamp) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM supplier_document
            WHERE org = $1 AND supplier = $2 AND link IS NOT NULL AND received >= $3";
        let row = (&mut &self.db).first(sql, args![org.0, supplier, micros(since)]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }
}
