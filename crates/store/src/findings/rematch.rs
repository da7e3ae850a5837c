//! Settling many assets at once where only answers of the matcher, or what is known of vulnerabilities, changed:
//! the findings of the packages that this touches are looked at, and no others. The cost goes with the change.

use std::collections::BTreeSet;

use super::present::{present_of, stored_of, with_reports};
use super::settle::{JudgedBy, Settled, Side};
use crate::db::{Sql, args, rows};
use crate::error::Result;
use crate::{Org, Store, held, ledger};

/// So many ids of assets, from a multiple of it on, are a group: what is carried lies together.
pub const GROUP: i64 = 64;

impl Store {
    /// The packages that a change touches, as purls without version: those given, and those in which vulnerabilities
    /// are found, by any of their names.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn touched_packages(
        &self,
        org: Org,
        packages: &[String],
        vulnerabilities: &[String],
    ) -> Result<BTreeSet<String>> {
        let mut all: BTreeSet<String> = packages.iter().cloned().collect();
        for block in vulnerabilities.chunks(BLOCK) {
            let table = rows(self.engine(), "$2", &[("alias", "TEXT")]);
            let lines: serde_json::Value =
                block.iter().map(|name| serde_json::json!([name])).collect();
            let sql = format!(
                "SELECT DISTINCT tally_package.package
                 FROM {table} CROSS JOIN alias CROSS JOIN tally_package
                 WHERE alias.org = $1 AND alias.alias = j.alias AND tally_package.org = $1
                    AND tally_package.vulnerability = alias.vulnerability
                    AND tally_package.findings > 0"
            );
            for row in (&mut &self.db).all(&sql, args![org.0, lines.to_string()]).await? {
                all.insert(row.text(0)?);
            }
        }
        Ok(all)
    }

    /// Settles assets of one [`GROUP`], given by their sorted ids, as far as a change touches these packages: nothing
    /// changed of what they carry, nor of which environments are production. All or nothing. What tools say of an asset is
    /// looked at whole: those of which they say something are left, and given back as the second.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn settle_change(
        &self,
        org: Org,
        assets: &[i64],
        packages: &BTreeSet<String>,
        by: JudgedBy<'_>,
    ) -> Result<(Vec<Settled>, Vec<i64>)> {
        let Some(first) = assets.first() else { return Ok(Default::default()) };
        let mut tx = self.db.begin().await?;
        let mut locked = held::lock_all(&mut tx, org, assets).await?;
        let standing = held::standing(&mut tx, org, assets).await?;
        let known = |asset: i64| {
            standing.get(&asset).is_some_and(|is| {
                let mut all = is.runs.iter().map(|(environment, _)| environment).chain(&is.stopped);
                all.any(|environment| by.production.contains(environment))
            })
        };
        ledger::hold(&mut tx, org).await?;
        let whole = with_reports(&mut tx, org, assets).await?;
        locked.retain(|is| !whole.contains(&is.asset.id));
        let ids: Vec<i64> = locked.iter().map(|is| is.asset.id).collect();
        let mut present = present_of(&mut tx, org, first / GROUP, packages).await?;
        let (mut stored, mut beside) = stored_of(&mut tx, org, &ids, packages, &present).await?;
        let sides: Vec<Side<'_>> = locked
            .iter()
            .map(|is| {
                let id = is.asset.id;
                Side {
                    is,
                    known: known(id),
                    present: present.remove(&id).unwrap_or_default(),
                    stored: stored.remove(&id).unwrap_or_default(),
                    beside: beside.remove(&id).unwrap_or_default(),
                }
            })
            .collect();
        let work = self.work(org, by);
        let mut events = Vec::new();
        let all = work.sides(&mut tx, &sides, &mut events).await?;
        ledger::append(&mut tx, org, &events).await?;
        tx.commit().await?;
        Ok((all, whole.into_iter().collect()))
    }
}

/// How many names go into one statement.
const BLOCK: usize = 2000;
