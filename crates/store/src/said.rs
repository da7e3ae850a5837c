//! Who says what about an asset: every source with what it says and no longer says, and the reports that
//! it is known from.

use jiff::Timestamp;

use crate::db::{Sql, args};
use crate::error::Result;
use crate::time::{maybe, moment};
use crate::{Org, Store};

/// A source of attributions about an asset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Source {
    /// `trimtab`, or a tool's name.
    pub name: String,
    /// How many things it says.
    pub says: i64,
    /// How many it said and no longer does.
    pub gone: i64,
    /// When it first said something.
    pub since: Timestamp,
    /// When it was last seen to say something.
    pub last: Timestamp,
}

/// One thing that a source says, or said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidOf {
    /// The finding.
    pub finding: i64,
    /// The source.
    pub source: String,
    /// The vulnerability's name.
    pub vulnerability: String,
    /// The package: a purl without version.
    pub package: String,
    /// Since when.
    pub since: Timestamp,
    /// When it was last seen to say so.
    pub last: Timestamp,
    /// Since when it no longer does.
    pub until: Option<Timestamp>,
}

/// A report that was taken in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportOf {
    /// The tool.
    pub source: String,
    /// The digest of the document.
    pub document: String,
    /// When it was received.
    pub received: Timestamp,
    /// Whether the tool did not look at everything.
    pub incomplete: bool,
}

impl Store {
    /// The sources of an asset, by name.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn sources(&self, org: Org, asset: i64) -> Result<Vec<Source>> {
        let sql = "SELECT attribution.source, COUNT(*), COUNT(attribution.until),
                MIN(attribution.since), MAX(attribution.last)
            FROM finding JOIN attribution
                ON attribution.org = $1 AND attribution.finding = finding.id
            WHERE finding.org = $1 AND finding.asset = $2
            GROUP BY attribution.source ORDER BY attribution.source";
        let mut all = Vec::new();
        for row in (&mut &self.db).all(sql, args![org.0, asset]).await? {
            let (number, gone) = (row.int(1)?, row.int(2)?);
            all.push(Source {
                name: row.text(0)?,
                says: number - gone,
                gone,
                since: moment(row.int(3)?)?,
                last: moment(row.int(4)?)?,
            });
        }
        Ok(all)
    }

    /// What sources say about an asset: the newest findings first, `after` the finding and source of the
    /// page before. `source`: only one.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn said(
        &self,
        org: Org,
        asset: i64,
        source: Option<&str>,
        after: Option<(i64, &str)>,
        limit: usize,
    ) -> Result<Vec<SaidOf>> {
        let sql = "SELECT finding.id, attribution.source, vulnerability.name, finding.package,
                attribution.since, attribution.last, attribution.until
            FROM finding JOIN attribution
                ON attribution.org = $1 AND attribution.finding = finding.id
            LEFT JOIN vulnerability
                ON vulnerability.org = $1 AND vulnerability.id = finding.vulnerability
            WHERE finding.org = $1 AND finding.asset = $2
                AND ($3 = '' OR attribution.source = $3)
                AND (finding.id < $4 OR finding.id = $4 AND attribution.source > $5)
            ORDER BY finding.id DESC, attribution.source LIMIT $6";
        let (finding, from) = after.unwrap_or((i64::MAX, ""));
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let values = args![org.0, asset, source.unwrap_or(""), finding, from, limit];
        let mut all = Vec::new();
        for row in (&mut &self.db).all(sql, values).await? {
            all.push(SaidOf {
                finding: row.int(0)?,
                source: row.text(1)?,
                vulnerability: row.maybe_text(2)?.unwrap_or_default(),
                package: row.text(3)?,
                since: moment(row.int(4)?)?,
                last: moment(row.int(5)?)?,
                until: maybe(row.maybe_int(6)?)?,
            });
        }
        Ok(all)
    }

    /// The reports of an asset, the newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn reports(&self, org: Org, asset: i64, limit: usize) -> Result<Vec<ReportOf>> {
        let sql = "SELECT source, document, received, incomplete FROM report
            WHERE org = $1 AND asset = $2 ORDER BY received DESC, source, document LIMIT $3";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let mut all = Vec::new();
        for row in (&mut &self.db).all(sql, args![org.0, asset, limit]).await? {
            all.push(ReportOf {
                source: row.text(0)?,
                document: row.text(1)?,
                received: moment(row.int(2)?)?,
                incomplete: row.flag(3)?,
            });
        }
        Ok(all)
    }
}
