//! What a settling compares: what the asset has now, by the matcher and by tools, and what is stored of it.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::FindingState;
use super::tally::{Tallied, counts};
use crate::Org;
use crate::db::{Row, Sql, Tx, args, rows, rows_as};
use crate::error::Result;
use crate::held::lines;
use crate::time::{maybe, moment};

/// What comes back within this time after it was fixed goes on with its term.
const RESUMES: SignedDuration = SignedDuration::from_hours(30 * 24);

/// The package and the vulnerability of a finding.
pub(super) type Key = (String, i64);

/// What is of each asset, by key.
pub(super) type OfAssets<T> = BTreeMap<i64, BTreeMap<Key, T>>;

/// What the asset has: one for each package and vulnerability.
pub(super) struct Present {
    pub(super) component: i64,
    pub(super) purl: String,
    pub(super) vulnerability: String,
    pub(super) latest: bool,
    pub(super) running: bool,
    pub(super) scope: String,
    pub(super) relation: String,
    pub(super) files: i64,
    pub(super) fix: Option<String>,
    /// Whether the matcher says so; otherwise only tools do.
    pub(super) ours: bool,
    /// Whether the component is in what is carried, so that it is known where it runs.
    pub(super) carried: bool,
}

/// What is stored of a finding.
pub(super) struct Stored {
    pub(super) id: i64,
    pub(super) component: i64,
    pub(super) state: FindingState,
    pub(super) production: Option<bool>,
    pub(super) detected: Timestamp,
    /// When it was gone, if it is.
    pub(super) gone: Option<Timestamp>,
    pub(super) fix: Option<String>,
    pub(super) level: Option<i64>,
    pub(super) deadline: Option<Timestamp>,
    pub(super) weight: Option<f64>,
    pub(super) decision: Option<i64>,
    pub(super) decided: Option<String>,
    /// Whether the matcher said so.
    pub(super) ours: bool,
    /// Points, from and to. `None`: unknown.
    pub(super) cost: Option<(f64, f64)>,
}

impl Stored {
    /// Whether what comes back at a moment goes on with the term that it had: it was fixed, and not for long. So a
    /// deployment that is rolled back, or a fix that is undone, wins no new deadline.
    pub(super) fn resumes(&self, now: Timestamp) -> bool {
        self.state == FindingState::Fixed
            && self.gone.is_some_and(|gone| now.duration_since(gone) <= RESUMES)
    }

    pub(super) fn tallied(&self) -> Tallied {
        Tallied {
            level: self.level,
            weight: self.weight,
            fix: self.fix.clone(),
            counts: counts(self.state, self.production, self.decided.is_some()),
        }
    }
}

/// What is vulnerable of what some assets carry, and what only tools say of them. Of several versions of a package the
/// one of the main line stands for the finding, and of those the first by name.
pub(super) async fn present(tx: &mut Tx, org: Org, assets: &[i64]) -> Result<OfAssets<Present>> {
    let table = rows(tx.engine(), "$2", &[("held", "BIGINT")]);
    let sql = format!(
        "SELECT component.package, affects.vulnerability, component.id, component.purl,
            vulnerability.name, carried.latest, carried.running, carried.scope, carried.relation,
            carried.files, affects.fix, carried.asset
        FROM {table} CROSS JOIN carried CROSS JOIN affects CROSS JOIN component
            CROSS JOIN vulnerability
        WHERE carried.org = $1 AND carried.asset = j.held
            AND affects.org = $1 AND affects.component = carried.component
            AND component.org = $1 AND component.id = carried.component
            AND vulnerability.org = $1 AND vulnerability.id = affects.vulnerability
        ORDER BY component.package, affects.vulnerability, component.purl"
    );
    let mut all = OfAssets::new();
    for row in tx.all(&sql, args![org.0, lines(assets)]).await? {
        add(all.entry(row.int(11)?).or_default(), &row)?;
    }
    for asset in with_reports(tx, org, assets).await? {
        reported(tx, org, asset, all.entry(asset).or_default()).await?;
    }
    Ok(all)
}

/// The same of those assets of one group (their id divided by 64) that carry any component of some packages, as far as
/// these go. What only tools say is not in it.
pub(super) async fn present_of(
    tx: &mut Tx,
    org: Org,
    group: i64,
    packages: &BTreeSet<String>,
) -> Result<OfAssets<Present>> {
    let lines: serde_json::Value = packages.iter().map(|package| json!([package])).collect();
    let table = rows(tx.engine(), "$3", &[("package", "TEXT")]);
    let sql = format!(
        "SELECT component.package, affects.vulnerability, component.id, component.purl,
            vulnerability.name, carried.latest, carried.running, carried.scope, carried.relation,
            carried.files, affects.fix, carried.asset
        FROM {table} CROSS JOIN component CROSS JOIN affects CROSS JOIN carried
            CROSS JOIN vulnerability
        WHERE component.org = $1 AND component.package = j.package
            AND affects.org = $1 AND affects.component = component.id
            AND carried.org = $1 AND carried.asset / 64 = $2
            AND carried.component = component.id
            AND vulnerability.org = $1 AND vulnerability.id = affects.vulnerability
        ORDER BY component.package, affects.vulnerability, component.purl"
    );
    let mut all = OfAssets::new();
    for row in tx.all(&sql, args![org.0, group, lines.to_string()]).await? {
        add(all.entry(row.int(11)?).or_default(), &row)?;
    }
    Ok(all)
}

/// Adds a row to what its asset has.
fn add(all: &mut BTreeMap<Key, Present>, row: &Row) -> Result<()> {
    let is = Present {
        component: row.int(2)?,
        purl: row.text(3)?,
        vulnerability: row.text(4)?,
        latest: row.flag(5)?,
        running: row.flag(6)?,
        scope: row.text(7)?,
        relation: row.text(8)?,
        files: row.int(9)?,
        fix: row.maybe_text(10)?,
        ours: true,
        carried: true,
    };
    match all.entry((row.text(0)?, row.int(1)?)) {
        Entry::Vacant(free) => {
            free.insert(is);
        }
        Entry::Occupied(mut held) => {
            let held = held.get_mut();
            let (latest, running) = (held.latest || is.latest, held.running || is.running);
            let files = held.files + is.files;
            if is.latest && !held.latest {
                *held = is;
            }
            (held.latest, held.running, held.files) = (latest, running, files);
        }
    }
    Ok(())
}

/// Adds what only tools say. A tool may see what no inventory lists, so that what is not carried counts, too;
/// but a snapshot that is newer than the tool's word and lists the package at other versions only
/// is believed.
async fn reported(
    tx: &mut Tx,
    org: Org,
    asset: i64,
    all: &mut BTreeMap<Key, Present>,
) -> Result<()> {
    let sql = "SELECT reported.package, reported.vulnerability, component.id, component.purl,
            vulnerability.name, carried.latest, carried.running, carried.scope, carried.relation,
            carried.files
        FROM reported
        JOIN component ON component.org = $1 AND component.id = reported.component
        JOIN vulnerability ON vulnerability.org = $1 AND vulnerability.id = reported.vulnerability
        LEFT JOIN carried ON carried.org = $1 AND carried.asset = $2
            AND carried.component = reported.component
        WHERE reported.org = $1 AND reported.asset = $2 AND reported.until IS NULL
            AND NOT (carried.component IS NULL
                AND EXISTS (SELECT 1 FROM asset JOIN snapshot
                    ON snapshot.org = $1 AND snapshot.id = asset.latest
                    WHERE asset.org = $1 AND asset.id = $2 AND snapshot.received > reported.last)
                AND EXISTS (SELECT 1 FROM component AS other JOIN carried AS held
                    ON held.org = $1 AND held.component = other.id AND held.asset = $2
                    WHERE other.org = $1 AND other.package = reported.package)
                AND NOT EXISTS (SELECT 1 FROM component AS other JOIN carried AS held
                    ON held.org = $1 AND held.component = other.id AND held.asset = $2
                    WHERE other.org = $1 AND other.package = reported.package
                        AND (other.version IS NULL OR component.version IS NULL
                            OR other.version = component.version)))
        ORDER BY reported.package, reported.vulnerability, reported.source";
    for row in tx.all(sql, args![org.0, asset]).await? {
        let latest = row.maybe_flag(5)?;
        all.entry((row.text(0)?, row.int(1)?)).or_insert(Present {
            component: row.int(2)?,
            purl: row.text(3)?,
            vulnerability: row.text(4)?,
            latest: latest.unwrap_or(false),
            running: row.maybe_flag(6)?.unwrap_or(false),
            scope: row.maybe_text(7)?.unwrap_or_else(|| "unknown".to_owned()),
            relation: row.maybe_text(8)?.unwrap_or_else(|| "unknown".to_owned()),
            files: row.maybe_int(9)?.unwrap_or(0),
            fix: None,
            ours: false,
            carried: latest.is_some(),
        });
    }
    Ok(())
}

/// The columns of what is stored of a finding.
const STORED: &str = "finding.package, finding.vulnerability, finding.id, finding.component,
    finding.state, finding.production, finding.detected, finding.fix, finding.level,
    finding.deadline, finding.weight, finding.decision, finding.decided,
    EXISTS (SELECT 1 FROM attribution
        WHERE attribution.org = $1 AND attribution.finding = finding.id
            AND attribution.source = 'trimtab' AND attribution.until IS NULL),
    finding.asset, finding.cost_least, finding.cost_most, finding.fixed";

fn read(rows: &[Row]) -> Result<OfAssets<Stored>> {
    let mut all = OfAssets::new();
    for row in rows {
        let is = Stored {
            id: row.int(2)?,
            component: row.int(3)?,
            state: FindingState::read(&row.text(4)?)?,
            production: row.maybe_flag(5)?,
            detected: moment(row.int(6)?)?,
            gone: maybe(row.maybe_int(17)?)?,
            fix: row.maybe_text(7)?,
            level: row.maybe_int(8)?,
            deadline: maybe(row.maybe_int(9)?)?,
            weight: row.maybe_real(10)?,
            decision: row.maybe_int(11)?,
            decided: row.maybe_text(12)?,
            ours: row.flag(13)?,
            cost: row.maybe_real(15)?.zip(row.maybe_real(16)?),
        };
        all.entry(row.int(14)?).or_default().insert((row.text(0)?, row.int(1)?), is);
    }
    Ok(all)
}

/// The findings that some assets have or had.
pub(super) async fn stored(tx: &mut Tx, org: Org, assets: &[i64]) -> Result<OfAssets<Stored>> {
    let table = rows(tx.engine(), "$2", &[("held", "BIGINT")]);
    let sql = format!(
        "SELECT {STORED} FROM {table} CROSS JOIN finding
         WHERE finding.org = $1 AND finding.asset = j.held"
    );
    read(&tx.all(&sql, args![org.0, lines(assets)]).await?)
}

/// Those of some packages in some assets, and the live ones beside of some vulnerabilities in any package: what shares
/// sums with these.
pub(super) async fn stored_of(
    tx: &mut Tx,
    org: Org,
    assets: &[i64],
    packages: &BTreeSet<String>,
    present: &OfAssets<Present>,
) -> Result<(OfAssets<Stored>, OfAssets<Stored>)> {
    let one = |value: serde_json::Value| json!([value]);
    let named: serde_json::Value = packages.iter().map(|package| one(json!(package))).collect();
    let (of, named) = (lines(assets), named.to_string());
    let table = rows(tx.engine(), "$2", &[("asset", "BIGINT")]);
    let list = rows_as(tx.engine(), "$3", "p", &[("package", "TEXT")]);
    let sql = format!(
        "SELECT {STORED} FROM {table} CROSS JOIN finding
         WHERE finding.org = $1 AND finding.asset = j.asset
            AND finding.package IN (SELECT p.package FROM {list})"
    );
    let stored = read(&tx.all(&sql, args![org.0, &of, &named]).await?)?;
    let keys = present.values().flat_map(BTreeMap::keys);
    let keys = keys.chain(stored.values().flat_map(BTreeMap::keys));
    let vulnerabilities: BTreeSet<i64> = keys.map(|(_, vulnerability)| *vulnerability).collect();
    let vulnerabilities: serde_json::Value =
        vulnerabilities.into_iter().map(|vulnerability| one(json!(vulnerability))).collect();
    let few = rows_as(tx.engine(), "$4", "v", &[("vulnerability", "BIGINT")]);
    let sql = format!(
        "SELECT {STORED} FROM {table} CROSS JOIN finding
         WHERE finding.org = $1 AND finding.asset = j.asset
            AND finding.vulnerability IN (SELECT v.vulnerability FROM {few})
            AND finding.package NOT IN (SELECT p.package FROM {list})
            AND finding.state IN ('open', 'merged')"
    );
    let values = args![org.0, &of, &named, vulnerabilities.to_string()];
    Ok((stored, read(&tx.all(&sql, values).await?)?))
}

/// Which of some assets have something that a tool says and did not take back.
pub(super) async fn with_reports(tx: &mut Tx, org: Org, assets: &[i64]) -> Result<BTreeSet<i64>> {
    let table = rows(tx.engine(), "$2", &[("asset", "BIGINT")]);
    let sql = format!(
        "SELECT j.asset FROM {table} WHERE EXISTS (SELECT 1 FROM reported
            WHERE reported.org = $1 AND reported.asset = j.asset AND reported.until IS NULL)"
    );
    let found = tx.all(&sql, args![org.0, lines(assets)]).await?;
    found.iter().map(|row| row.int(0)).collect()
}
