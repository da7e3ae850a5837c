//! What tools other than ours say about an asset. A report of a tool replaces what the same tool said
//! of the same asset before; what it no longer says is taken back softly: the row stays, with a day.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde_json::json;

use super::Matched;
use super::matches::resolve;
use super::settle::{JudgedBy, Settled, locked};
use super::tally;
use crate::components::NewComponent;
use crate::db::{Sql, Tx, args, rows};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::ledger::{self, EventKind, NewEvent};
use crate::time::micros;
use crate::{Org, Store};

/// One thing that a tool says.
#[derive(Debug, Clone, PartialEq)]
pub struct Reported {
    /// The component that it means.
    pub component: NewComponent,
    /// The ids of the vulnerability, as the tool gives them; at least one.
    pub ids: Vec<String>,
    /// What it is about, in a line.
    pub summary: Option<String>,
    /// What the tool says in its own words.
    pub said: serde_json::Value,
}

/// A report.
#[derive(Debug, Clone, PartialEq)]
pub struct NewReport {
    /// The tool.
    pub source: String,
    /// The digest of the document that it is.
    pub document: String,
    /// Whether what is missing in it may not be gone.
    pub incomplete: bool,
    /// What it says.
    pub says: Vec<Reported>,
}

const BLOCK: usize = 2000;

impl Store {
    /// Keeps what a report says of an asset, and settles it. Returns how many things the tool no longer
    /// says as well.
    ///
    /// # Errors
    /// The store does not answer; there is no such asset; the tool has the name of the matcher.
    pub async fn add_report(
        &self,
        org: Org,
        asset: i64,
        report: &NewReport,
        by: JudgedBy<'_>,
        actor: &str,
    ) -> Result<(u64, Settled)> {
        let now = by.now;
        if report.source == "trimtab" {
            return Err(StoreError::Refused("no tool may be called `trimtab`".to_owned()));
        }
        let components: Vec<NewComponent> =
            report.says.iter().map(|one| one.component.clone()).collect();
        let components = self.put_components(org, &components).await?;
        let free = self.ids.take(&self.db, org.0, Kind::Vulnerability, report.says.len()).await?;
        let mut tx = self.db.begin().await?;
        let is = locked(&mut tx, org, asset).await?;
        let (numbers, joined) = vulnerabilities(&mut tx, org, &report.says, free, now).await?;
        let mut says: BTreeMap<(&str, i64), serde_json::Value> = BTreeMap::new();
        for ((one, (component, _)), number) in report.says.iter().zip(&components).zip(&numbers) {
            let line = json!([one.component.package, number, component, one.said.to_string()]);
            says.entry((&one.component.package, *number)).or_insert(line);
        }
        let lines: Vec<serde_json::Value> = says.into_values().collect();
        keep(&mut tx, org, asset, &report.source, &lines, now).await?;
        let mut gone = 0;
        if !report.incomplete {
            let sql = "UPDATE reported SET until = $4 WHERE org = $1 AND asset = $2
                AND source = $3 AND until IS NULL AND last < $4";
            gone = tx.run(sql, args![org.0, asset, &report.source, micros(now)]).await?;
        }
        let sql = "INSERT INTO report (org, asset, source, document, received, incomplete)
            VALUES ($1, $2, $3, $4, $5, $6)
            ON CONFLICT (org, asset, source, document) DO UPDATE SET received = $5";
        let values =
            args![org.0, asset, &report.source, &report.document, micros(now), report.incomplete];
        tx.run(sql, values).await?;
        let mut events = vec![NewEvent {
            kind: EventKind::Received,
            at: now,
            actor: actor.to_owned(),
            system: is.asset.system,
            asset: Some(asset),
            finding: None,
            data: json!({ "report": report.source, "document": report.document,
                "says": lines.len(), "gone": gone, "incomplete": report.incomplete }),
        }];
        events.extend(joined);
        let work = self.work(org, by);
        let settled = work.one(&mut tx, &is, &mut events).await?;
        attribute(&mut tx, org, asset, &report.source).await?;
        ledger::append(&mut tx, org, &events).await?;
        tx.commit().await?;
        Ok((gone, settled))
    }
}

/// The vulnerability of each thing. Where ids of one thing are those of several vulnerabilities that
/// are known, the first counts: a tool does not decide what is one and the same. And what the ledger is to be told of
/// groups that turned out to be one.
async fn vulnerabilities(
    tx: &mut Tx,
    org: Org,
    says: &[Reported],
    free: Vec<i64>,
    now: Timestamp,
) -> Result<(Vec<i64>, Vec<NewEvent>)> {
    let mut known: HashMap<String, i64> = HashMap::new();
    let names: Vec<&String> = says.iter().flat_map(|one| &one.ids).collect();
    for block in names.chunks(BLOCK) {
        let lines: Vec<_> = block.iter().map(|name| json!([name])).collect();
        let table = rows(tx.engine(), "$2", &[("alias", "TEXT")]);
        let sql = format!(
            "SELECT alias.alias, alias.vulnerability FROM {table}
             CROSS JOIN alias WHERE alias.org = $1 AND alias.alias = j.alias"
        );
        for row in tx.all(&sql, args![org.0, serde_json::Value::from(lines).to_string()]).await? {
            known.insert(row.text(0)?, row.int(1)?);
        }
    }
    let matched: Vec<Matched> = says
        .iter()
        .map(|one| {
            let first = one.ids.iter().find_map(|id| known.get(id));
            let fits = |id: &&String| known.get(*id).is_none_or(|is| Some(is) == first);
            Matched {
                ids: one.ids.iter().filter(fits).cloned().collect(),
                summary: one.summary.clone(),
                kind: "vulnerability".to_owned(),
                confidence: "unknown".to_owned(),
                fix: None,
            }
        })
        .collect();
    let matched: Vec<&Matched> = matched.iter().collect();
    let (numbers, joined) = resolve(tx, org, &matched, &mut free.into_iter(), now).await?;
    if !joined.is_empty() {
        tally::recount(tx, org).await?;
    }
    if numbers.len() == says.len() {
        Ok((numbers, joined))
    } else {
        Err(StoreError::Busy("more vulnerabilities than ids were taken".to_owned()))
    }
}

/// Keeps what a tool says now.
async fn keep(
    tx: &mut Tx,
    org: Org,
    asset: i64,
    source: &str,
    lines: &[serde_json::Value],
    now: Timestamp,
) -> Result<()> {
    for block in lines.chunks(BLOCK) {
        let table = rows(
            tx.engine(),
            "$5",
            &[
                ("package", "TEXT"),
                ("vulnerability", "BIGINT"),
                ("component", "BIGINT"),
                ("said", "TEXT"),
            ],
        );
        let sql = format!(
            "INSERT INTO reported
                (org, asset, source, package, vulnerability, component, since, last, said)
             SELECT $1, $2, $3, package, vulnerability, component, $4, $4, said FROM {table}
             WHERE TRUE ON CONFLICT (org, asset, source, package, vulnerability) DO UPDATE SET
                component = excluded.component, last = excluded.last, said = excluded.said,
                since = CASE WHEN reported.until IS NULL THEN reported.since ELSE excluded.since END,
                until = NULL"
        );
        let lines = serde_json::Value::from(block).to_string();
        tx.run(&sql, args![org.0, asset, source, micros(now), lines]).await?;
    }
    Ok(())
}

/// Shows at the findings what a tool says of them.
async fn attribute(tx: &mut Tx, org: Org, asset: i64, source: &str) -> Result<()> {
    let sql = "INSERT INTO attribution (org, finding, source, since, last, until, said)
        SELECT reported.org, finding.id, reported.source, reported.since, reported.last,
            reported.until, reported.said
        FROM reported JOIN finding ON finding.org = $1 AND finding.asset = $2
            AND finding.package = reported.package
            AND finding.vulnerability = reported.vulnerability
        WHERE reported.org = $1 AND reported.asset = $2 AND reported.source = $3
        ON CONFLICT (org, finding, source) DO UPDATE SET since = excluded.since,
            last = excluded.last, until = excluded.until, said = excluded.said";
    tx.run(sql, args![org.0, asset, source]).await.map(|_| ())
}
