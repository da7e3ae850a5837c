//! What was carried at some time: components that documents ever listed, and the snapshots that list them, also where they
//! are gone from the main line and from what runs.

use std::collections::BTreeMap;

use jiff::Timestamp;

use crate::components::COLUMNS;
use crate::condition::within;
use crate::db::{Sql, args};
use crate::error::Result;
use crate::time::{micros, moment};
use crate::{Component, Org, Store};

/// A component that snapshots of an asset listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CarriedOnce {
    /// The component.
    pub component: i64,
    /// The asset's name.
    pub asset: String,
    /// When the first of the snapshots that were looked at was received.
    pub first: Timestamp,
    /// When the last was.
    pub last: Timestamp,
}

impl Store {
    /// Packages of which documents ever listed a version from a registry, in order, at most so many: purls without
    /// version.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn packages_listed(&self, org: Org, limit: usize) -> Result<Vec<String>> {
        let sql = "SELECT DISTINCT package FROM component WHERE org = $1 AND registry
            ORDER BY package LIMIT $2";
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = (&mut &self.db).all(sql, args![org.0, limit]).await?;
        rows.iter().map(|row| row.text(0)).collect()
    }

    /// Versions of a package that documents ever listed, at most so many.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn versions_listed(
        &self,
        org: Org,
        package: &str,
        limit: usize,
    ) -> Result<Vec<Component>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM component WHERE org = $1 AND package = $2 ORDER BY id LIMIT $3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = (&mut &self.db).all(&sql, args![org.0, package, limit]).await?;
        rows.iter().map(Component::from_row).collect()
    }

    /// Which snapshots since a moment list some components, by component and asset, of so many documents, the newest
    /// first; and whether there are more. Of some systems; `None`: of all, and of none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn carried_once(
        &self,
        org: Org,
        components: &[i64],
        systems: Option<&[i64]>,
        (since, limit): (Timestamp, usize),
    ) -> Result<(Vec<CarriedOnce>, bool)> {
        let within = within(systems);
        let sql = format!(
            "SELECT snapshot.document, asset.name, MIN(snapshot.received), MAX(snapshot.received)
             FROM snapshot JOIN asset ON asset.org = $1 AND asset.id = snapshot.asset
             WHERE snapshot.org = $1 AND snapshot.received >= $2{within}
             GROUP BY snapshot.document, asset.name
             ORDER BY 4 DESC, snapshot.document, asset.name LIMIT $3"
        );
        let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let rows = (&mut &self.db).all(&sql, args![org.0, micros(since), most]).await?;
        let mut found: BTreeMap<(i64, String), (i64, i64)> = BTreeMap::new();
        for row in rows.iter().take(limit) {
            let Some(contents) = self.contents(org, &row.text(0)?).await? else { continue };
            let (asset, first, last) = (row.text(1)?, row.int(2)?, row.int(3)?);
            for component in components {
                let at = contents.listed.binary_search_by_key(component, |l| l.component);
                if at.is_err() {
                    continue;
                }
                let held = found.entry((*component, asset.clone())).or_insert((first, last));
                *held = (held.0.min(first), held.1.max(last));
            }
        }
        let one = |((component, asset), (first, last)): ((i64, String), (i64, i64))| {
            Ok(CarriedOnce { component, asset, first: moment(first)?, last: moment(last)? })
        };
        let found = found.into_iter().map(one).collect::<Result<Vec<_>>>()?;
        Ok((found, rows.len() > limit))
    }
}
