//! How suppliers' products stand with what was promised, as it was judged last; and numbers about suppliers.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::Value;

use crate::condition::listed;
use crate::db::{Sql, args};
use crate::error::Result;
use crate::time::{micros, moment};
use crate::{Org, Store};

/// How a product stands, as it was judged.
#[derive(Debug, Clone, PartialEq)]
pub struct ProductJudged {
    /// Which.
    pub product: i64,
    /// What it was made of.
    pub mark: String,
    /// When.
    pub at: Timestamp,
    /// Until when time alone changes nothing.
    pub until: Timestamp,
    /// How many promises are kept, broken and unknown.
    pub counts: (i64, i64, i64),
    /// What was told; the server reads it.
    pub told: Value,
}

/// What is known of the products of suppliers in a system.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ProductsKnown {
    /// Products that are delivered.
    pub products: i64,
    /// With an SBOM that was made since a moment: by its own word, and by its arrival at the latest.
    pub sent: i64,
    /// That were judged.
    pub judged: i64,
    /// Of which promises are kept and none is broken.
    pub kept: i64,
    /// Of which a promise is kept or broken.
    pub decided: i64,
    /// Of which all that was promised is unknown.
    pub unclear: i64,
    /// Products, of suppliers that deliver nothing any longer as well.
    pub assets: i64,
    /// Questions since a moment that were answered, or are past their day without an answer.
    pub asked: i64,
    /// That were answered.
    pub answered: i64,
}

impl Store {
    /// What the judgement of some products is made of, by product: it changes with each document and answer, with the
    /// release, and with the findings.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn product_marks(&self, org: Org, products: &[i64]) -> Result<BTreeMap<i64, String>> {
        let sql = format!(
            "SELECT p.id, p.newest, a.latest,
                (SELECT MAX(d.id) FROM supplier_document AS d
                    WHERE d.org = p.org AND d.product = p.id),
                (SELECT COUNT(q.answered) FROM supplier_question AS q
                    WHERE q.org = p.org AND q.supplier = p.supplier AND q.product = p.id),
                COUNT(f.id), MAX(f.detected), MAX(f.id), CAST(SUM(f.level) AS BIGINT), a.system
             FROM supplier_product AS p
             JOIN asset AS a ON a.org = p.org AND a.id = p.asset
             LEFT JOIN finding AS f ON f.org = p.org AND f.asset = p.asset
                AND f.state IN ('open', 'merged')
             WHERE p.org = $1 AND p.id IN ({})
             GROUP BY p.org, p.id, p.supplier, p.newest, a.latest, a.system",
            listed(products)
        );
        let mut all = BTreeMap::new();
        for row in (&mut &self.db).all(&sql, args![org.0]).await? {
            let mut mark = row.maybe_text(1)?.unwrap_or_default();
            for column in 2..=9 {
                let value = row.maybe_int(column)?;
                mark += &format!(" {}", value.map_or_else(String::new, |is| is.to_string()));
            }
            all.insert(row.int(0)?, mark);
        }
        Ok(all)
    }

    /// How some products were judged last.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn products_judged(
        &self,
        org: Org,
        products: &[i64],
    ) -> Result<BTreeMap<i64, ProductJudged>> {
        let sql = format!(
            "SELECT product, mark, at, until, met, broken, unknown, told FROM supplier_judgement
             WHERE org = $1 AND product IN ({})",
            listed(products)
        );
        let mut all = BTreeMap::new();
        for row in (&mut &self.db).all(&sql, args![org.0]).await? {
            let is = ProductJudged {
                product: row.int(0)?,
                mark: row.text(1)?,
                at: moment(row.int(2)?)?,
                until: moment(row.int(3)?)?,
                counts: (row.int(4)?, row.int(5)?, row.int(6)?),
                told: row.json(7)?,
            };
            all.insert(is.product, is);
        }
        Ok(all)
    }

    /// Keeps how a product was judged. It is no event: it follows from what is kept.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn keep_product_judged(&self, org: Org, is: &ProductJudged) -> Result<()> {
        let sql = "INSERT INTO supplier_judgement
                (org, product, mark, at, until, met, broken, unknown, told)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
            ON CONFLICT (org, product) DO UPDATE SET mark = $3, at = $4, until = $5, met = $6,
                broken = $7, unknown = $8, told = $9";
        let (met, broken, unknown) = is.counts;
        let values = args![
            org.0,
            is.product,
            &is.mark,
            micros(is.at),
            micros(is.until),
            met,
            broken,
            unknown,
            is.told.to_string()
        ];
        let mut tx = self.db.begin().await?;
        tx.run(sql, values).await?;
        tx.commit().await
    }

    /// What is known of products of suppliers, by the system of each; `None`: of none. Of those that deliver nothing
    /// any longer only how many there are.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn products_known(
        &self,
        org: Org,
        (since, now): (Timestamp, Timestamp),
    ) -> Result<BTreeMap<Option<i64>, ProductsKnown>> {
        let sql = "SELECT a.system, COUNT(CASE WHEN s.ended IS NULL THEN 1 END),
                COUNT(CASE WHEN s.ended IS NULL AND EXISTS (SELECT 1 FROM supplier_document AS d
                    WHERE d.org = p.org AND d.product = p.id AND d.kind = 'sbom'
                        AND d.received >= $2 AND (d.made IS NULL OR d.made >= $2)) THEN 1 END),
                COUNT(j.product),
                COUNT(CASE WHEN j.broken = 0 AND j.met > 0 THEN 1 END),
                COUNT(CASE WHEN j.met + j.broken > 0 THEN 1 END),
                COUNT(CASE WHEN j.met + j.broken = 0 AND j.unknown > 0 THEN 1 END), COUNT(*)
             FROM supplier_product AS p
             JOIN supplier AS s ON s.org = p.org AND s.id = p.supplier
             JOIN asset AS a ON a.org = p.org AND a.id = p.asset
             LEFT JOIN supplier_judgement AS j ON j.org = p.org AND j.product = p.id
                AND s.ended IS NULL
             WHERE p.org = $1 GROUP BY a.system";
        let mut all: BTreeMap<Option<i64>, ProductsKnown> = BTreeMap::new();
        for row in (&mut &self.db).all(sql, args![org.0, micros(since)]).await? {
            let is = ProductsKnown {
                products: row.int(1)?,
                sent: row.int(2)?,
                judged: row.int(3)?,
                kept: row.int(4)?,
                decided: row.int(5)?,
                unclear: row.int(6)?,
                assets: row.int(7)?,
                ..ProductsKnown::default()
            };
            all.insert(row.maybe_int(0)?, is);
        }
        let sql = "SELECT a.system, COUNT(*), COUNT(q.answered) FROM supplier_question AS q
             JOIN supplier_product AS p ON p.org = q.org AND p.id = q.product
             JOIN asset AS a ON a.org = p.org AND a.id = p.asset
             WHERE q.org = $1 AND q.asked >= $2 AND q.state <> 'withdrawn'
                AND (q.answered IS NOT NULL OR q.due < $3) GROUP BY a.system";
        let values = args![org.0, micros(since), micros(now)];
        for row in (&mut &self.db).all(sql, values).await? {
            let is = all.entry(row.maybe_int(0)?).or_default();
            (is.asked, is.answered) = (row.int(1)?, row.int(2)?);
        }
        Ok(all)
    }
}
