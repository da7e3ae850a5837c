//! Suppliers and what they deliver. Each product is an asset of ours, whose system says who may see it; a supplier is seen
//! by whoever may see one of its products.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::condition::{Condition, listed};
use crate::db::{Row, Sql, Tx, args};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::ledger::{self, NewEvent};
use crate::organisations::changed;
use crate::page::{Cursor, MOST, Page};
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// What is known of a supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewSupplier {
    /// Its name.
    pub name: String,
    /// Where it is reached: an address.
    pub contact: String,
    /// The number of the contract; may be empty.
    pub contract: String,
    /// When that ends. `None`: nobody said.
    pub contract_ends: Option<Timestamp>,
    /// What was promised; the server reads it.
    pub obligations: Value,
}

/// A supplier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Supplier {
    /// Its id.
    pub id: i64,
    /// What is known of it.
    pub is: NewSupplier,
    /// Since when we know it.
    pub made: Timestamp,
    /// Since when it delivers nothing any longer.
    pub ended: Option<Timestamp>,
    /// Since when promises hold that were made after the first: by their words; the server reads it.
    pub promised: Value,
    /// Counts its changes.
    pub version: i64,
}

/// Something that a supplier delivers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Product {
    /// Its id.
    pub id: i64,
    /// Who delivers it.
    pub supplier: i64,
    /// What it is called.
    pub name: String,
    /// The asset that stands for it.
    pub asset: i64,
    /// The system that the asset belongs to now.
    pub system: Option<i64>,
    /// The newest release that we were told of, and when.
    pub newest: Option<(String, Timestamp)>,
    /// Since when it is delivered.
    pub made: Timestamp,
}

/// The most products of a supplier.
const PRODUCTS: i64 = 100;
/// As many assets are asked about at once.
const BLOCK: usize = 1000;

const COLUMNS: &str =
    "id, name, contact, contract, contract_ends, obligations, made, ended, promised, version";
const PRODUCT: &str = "p.id, p.supplier, p.name, p.asset,
    (SELECT a.system FROM asset AS a WHERE a.org = p.org AND a.id = p.asset), p.newest, p.newest_since, p.made";

impl Supplier {
    fn from_row(row: &Row) -> Result<Supplier> {
        Ok(Supplier {
            id: row.int(0)?,
            is: NewSupplier {
                name: row.text(1)?,
                contact: row.text(2)?,
                contract: row.text(3)?,
                contract_ends: maybe(row.maybe_int(4)?)?,
                obligations: row.json(5)?,
            },
            made: moment(row.int(6)?)?,
            ended: maybe(row.maybe_int(7)?)?,
            promised: row.maybe_json(8)?.unwrap_or_default(),
            version: row.int(9)?,
        })
    }
}

impl Product {
    fn from_row(row: &Row) -> Result<Product> {
        Ok(Product {
            id: row.int(0)?,
            supplier: row.int(1)?,
            name: row.text(2)?,
            asset: row.int(3)?,
            system: row.maybe_int(4)?,
            newest: row.maybe_text(5)?.zip(maybe(row.maybe_int(6)?)?),
            made: moment(row.int(7)?)?,
        })
    }
}

/// What happened to a supplier, or to a product that an asset stands for.
pub(crate) fn event(actor: &str, now: Timestamp, asset: Option<i64>, data: Value) -> NewEvent {
    NewEvent { asset, ..changed(actor, now, data) }
}

fn told(what: &str, id: i64, is: &NewSupplier) -> Value {
    json!({ "what": what, "supplier": id, "name": is.name, "contact": is.contact,
        "contract": is.contract, "ends": is.contract_ends.map(|at| at.to_string()),
        "obligations": is.obligations })
}

impl Store {
    /// Keeps a supplier with the first that it delivers: a name, and the asset that stands for it. Returns the ids of both.
    ///
    /// # Errors
    /// The store does not answer; the asset stands for another product.
    pub async fn add_supplier(
        &self,
        org: Org,
        new: &NewSupplier,
        (product, asset): (&str, i64),
        actor: &str,
        now: Timestamp,
    ) -> Result<(i64, i64)> {
        let id = self.ids.one(&self.db, org.0, Kind::Supplier).await?;
        let first = self.ids.one(&self.db, org.0, Kind::Product).await?;
        let mut tx = self.db.begin().await?;
        let sql = format!(
            "INSERT INTO supplier (org, {COLUMNS})
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, NULL, NULL, 1)"
        );
        let values = args![
            org.0,
            id,
            &new.name,
            &new.contact,
            &new.contract,
            new.contract_ends.map(micros),
            new.obligations.to_string(),
            micros(now)
        ];
        tx.run(&sql, values).await?;
        let is = (id, first, product, asset);
        let delivered = deliver(&mut tx, org, is, actor, now).await?;
        let added = event(actor, now, None, told("supplier-added", id, new));
        ledger::append(&mut tx, org, &[added, delivered]).await?;
        tx.commit().await?;
        Ok((id, first))
    }

    /// Keeps something more that a supplier delivers. Returns its id.
    ///
    /// # Errors
    /// The store does not answer; the asset stands for another product; there are as many as may be.
    pub async fn add_product(
        &self,
        org: Org,
        supplier: i64,
        (product, asset): (&str, i64),
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let id = self.ids.one(&self.db, org.0, Kind::Product).await?;
        let mut tx = self.db.begin().await?;
        let sql = "SELECT COUNT(*) FROM supplier_product WHERE org = $1 AND supplier = $2";
        let row = tx.first(sql, args![org.0, supplier]).await?;
        if row.map_or(Ok(0), |row| row.int(0))? >= PRODUCTS {
            return Err(StoreError::Refused(format!("a supplier has at most {PRODUCTS} products")));
        }
        let delivered = deliver(&mut tx, org, (supplier, id, product, asset), actor, now).await?;
        ledger::append(&mut tx, org, &[delivered]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Says otherwise what is known of a supplier, whether it delivers nothing any longer (`None`: as it is), and since
    /// when what was promised later holds. If it delivers nothing any longer, its links are withdrawn with it.
    /// `false`: there is none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_supplier(
        &self,
        org: Org,
        id: i64,
        (new, ended, promised): (&NewSupplier, Option<bool>, &Value),
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        self.set_supplier_read(org, (id, None), (new, ended, promised), actor, now).await
    }

    /// The same, where its version is still the one that who changes it has read. `false`: it is not, or there is none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_supplier_read(
        &self,
        org: Org,
        (id, version): (i64, Option<i64>),
        (new, ended, promised): (&NewSupplier, Option<bool>, &Value),
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        // Whoever says nothing of it changes nothing of it, whatever somebody else says meanwhile.
        let sql = "UPDATE supplier SET name = $3, contact = $4, contract = $5, contract_ends = $6,
                obligations = $7, ended = CASE $8 WHEN 1 THEN COALESCE(ended, $9) WHEN 0 THEN NULL
                    ELSE ended END, promised = $10, version = version + 1
            WHERE org = $1 AND id = $2 AND (version = $11 OR $11 < 0)";
        let values = args![
            org.0,
            id,
            &new.name,
            &new.contact,
            &new.contract,
            new.contract_ends.map(micros),
            new.obligations.to_string(),
            ended.map_or(-1, i64::from),
            micros(now),
            promised.to_string(),
            version.unwrap_or(-1)
        ];
        if tx.run(sql, values).await? == 0 {
            return Ok(false);
        }
        let mut data = told("supplier-changed", id, new);
        if let Some(data) = data.as_object_mut() {
            data.insert("ended".to_owned(), ended.into());
            data.insert("promised".to_owned(), promised.clone());
        }
        // For good: should it deliver again, those who had them may no longer be theirs.
        if ended == Some(true) {
            let sql = "UPDATE supplier_link SET withdrawn = $3
                WHERE org = $1 AND supplier = $2 AND withdrawn IS NULL";
            tx.run(sql, args![org.0, id, micros(now)]).await?;
        }
        ledger::append(&mut tx, org, &[event(actor, now, None, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Says which release of a product is the newest. `false`: it was said already, or there is no such product.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_release(
        &self,
        org: Org,
        product: &Product,
        version: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE supplier_product SET newest = $3, newest_since = $4
            WHERE org = $1 AND id = $2 AND (newest IS NULL OR newest <> $3)";
        if tx.run(sql, args![org.0, product.id, version, micros(now)]).await? == 0 {
            return Ok(false);
        }
        let data = json!({ "what": "supplier-release", "supplier": product.supplier,
            "product": product.id, "version": version });
        ledger::append(&mut tx, org, &[event(actor, now, Some(product.asset), data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// A supplier.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn supplier(&self, org: Org, id: i64) -> Result<Option<Supplier>> {
        let sql = format!("SELECT {COLUMNS} FROM supplier WHERE org = $1 AND id = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        row.as_ref().map(Supplier::from_row).transpose()
    }

    /// Suppliers with a product in one of some systems, those that were added last first. `None`: all.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn suppliers(
        &self,
        org: Org,
        systems: Option<&[i64]>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Supplier>> {
        let is = Condition::of("supplier.org", org);
        self.suppliers_where(is, systems, after, limit).await
    }

    /// The same of those that still deliver.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn suppliers_delivering(
        &self,
        org: Org,
        systems: Option<&[i64]>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Supplier>> {
        let mut is = Condition::of("supplier.org", org);
        is.text += " AND supplier.ended IS NULL";
        self.suppliers_where(is, systems, after, limit).await
    }

    async fn suppliers_where(
        &self,
        mut is: Condition,
        systems: Option<&[i64]>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Supplier>> {
        let limit = limit.clamp(1, MOST);
        if let Some(systems) = systems {
            is.text += &format!(
                " AND EXISTS (SELECT 1 FROM supplier_product AS p
                    JOIN asset AS a ON a.org = p.org AND a.id = p.asset
                    WHERE p.org = $1 AND p.supplier = supplier.id AND a.system IN ({}))",
                listed(systems)
            );
        }
        is.and("supplier.id < ", after.map(|after| after.id));
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS} FROM supplier WHERE {} ORDER BY id DESC LIMIT {asked}",
            is.text
        );
        let rows = (&mut &self.db).all(&sql, is.values).await?;
        let found = rows.iter().map(Supplier::from_row).collect::<Result<Vec<_>>>()?;
        Ok(Page::cut(found, limit, |one| Cursor { value: 0, id: one.id }))
    }

    /// What some suppliers deliver, by supplier, in the order in which it was added.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn products(
        &self,
        org: Org,
        suppliers: &[i64],
    ) -> Result<BTreeMap<i64, Vec<Product>>> {
        let sql = format!(
            "SELECT {PRODUCT} FROM supplier_product AS p WHERE p.org = $1 AND p.supplier IN ({})
             ORDER BY p.id",
            listed(suppliers)
        );
        let mut all: BTreeMap<i64, Vec<Product>> = BTreeMap::new();
        for row in (&mut &self.db).all(&sql, args![org.0]).await? {
            let product = Product::from_row(&row)?;
            all.entry(product.supplier).or_default().push(product);
        }
        Ok(all)
    }

    /// Who delivers what some assets stand for, by asset: the supplier's name, and whether it still delivers. Nobody here
    /// can raise anything in there either way.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn delivered(
        &self,
        org: Org,
        assets: &[i64],
    ) -> Result<BTreeMap<i64, (String, bool)>> {
        let mut all = BTreeMap::new();
        for block in assets.chunks(BLOCK) {
            let sql = format!(
                "SELECT p.asset, s.name, s.ended FROM supplier_product AS p
                 JOIN supplier AS s ON s.org = p.org AND s.id = p.supplier
                 WHERE p.org = $1 AND p.asset IN ({})",
                listed(block)
            );
            for row in (&mut &self.db).all(&sql, args![org.0]).await? {
                all.insert(row.int(0)?, (row.text(1)?, row.maybe_int(2)?.is_none()));
            }
        }
        Ok(all)
    }

    /// The product that an asset stands for.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn product_of(&self, org: Org, asset: i64) -> Result<Option<Product>> {
        let sql = format!(
            "SELECT {PRODUCT} FROM supplier_product AS p WHERE p.org = $1 AND p.asset = $2"
        );
        let row = (&mut &self.db).first(&sql, args![org.0, asset]).await?;
        row.as_ref().map(Product::from_row).transpose()
    }
}

async fn deliver(
    tx: &mut Tx,
    org: Org,
    (supplier, id, name, asset): (i64, i64, &str, i64),
    actor: &str,
    now: Timestamp,
) -> Result<NewEvent> {
    let sql = "INSERT INTO supplier_product (org, id, supplier, name, asset, made)
        VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING";
    if tx.run(sql, args![org.0, id, supplier, name, asset, micros(now)]).await? == 0 {
        let why = "the asset stands for another product already".to_owned();
        return Err(StoreError::Refused(why));
    }
    let data =
        json!({ "what": "supplier-product", "supplier": supplier, "product": id, "name": name });
    Ok(event(actor, now, Some(asset), data))
}
