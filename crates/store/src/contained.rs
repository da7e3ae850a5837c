//! What products contain: the packages of some assets, each with how many findings it has there.

use crate::condition::listed;
use crate::db::{Row, Sql, args};
use crate::error::Result;
use crate::page::{Cursor, MOST, Page};
use crate::{Component, Org, Store};

/// A component in an asset.
#[derive(Debug, Clone, PartialEq)]
pub struct Contained {
    /// The asset.
    pub asset: i64,
    /// The component.
    pub component: Component,
    /// Findings of it there that are live.
    pub findings: i64,
}

/// Live findings of a component in an asset: of its version, as the matcher says or as the finding has it.
const LIVE: &str = "finding.org = $1 AND finding.asset = carried.asset
    AND finding.package = component.package AND finding.state IN ('open', 'merged')
    AND (finding.component = component.id OR EXISTS (SELECT 1 FROM affects
        WHERE affects.org = $1 AND affects.component = component.id
            AND affects.vulnerability = finding.vulnerability))";

impl Store {
    /// The components that some assets carry on their main line or where they run, by package, a page at a time; with
    /// `affected` those alone that have live findings there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn contained(
        &self,
        org: Org,
        (assets, affected): (&[i64], bool),
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Contained>> {
        let limit = limit.clamp(1, MOST);
        let columns = crate::components::COLUMNS;
        let findings = format!("(SELECT COUNT(*) FROM finding WHERE {LIVE})");
        let mut values = args![org.0, i64::try_from(limit + 1).unwrap_or(i64::MAX)];
        let mut more = String::new();
        if affected {
            more += &format!(" AND {findings} > 0");
        }
        if let Some(after) = after {
            values.extend(args![after.value, after.id]);
            more += " AND (component.package, component.id, carried.asset) > (
                (SELECT last.package FROM component AS last WHERE last.org = $1 AND last.id = $3),
                $3, $4)";
        }
        let sql = format!(
            "SELECT {columns}, carried.asset, {findings} FROM carried
             JOIN component ON component.org = $1 AND component.id = carried.component
             WHERE carried.org = $1 AND carried.asset IN ({})
                AND (carried.latest OR carried.running){more}
             ORDER BY component.package, component.id, carried.asset LIMIT $2",
            if assets.is_empty() { "0".to_owned() } else { listed(assets) }
        );
        let read = |row: &Row| {
            let component = Component::from_row(row)?;
            Ok(Contained { component, asset: row.int(8)?, findings: row.int(9)? })
        };
        let rows = (&mut &self.db).all(&sql, values).await?;
        let rows = rows.iter().map(read).collect::<Result<Vec<_>>>()?;
        Ok(Page::cut(rows, limit, |one| Cursor { value: one.component.id, id: one.asset }))
    }

    /// How many components some assets carry, and how many of them have live findings there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn count_contained(&self, org: Org, assets: &[i64]) -> Result<(i64, i64)> {
        let sql = format!(
            "SELECT COUNT(*), COUNT(CASE WHEN EXISTS (
                SELECT 1 FROM finding WHERE {LIVE}) THEN 1 END)
             FROM carried
             JOIN component ON component.org = $1 AND component.id = carried.component
             WHERE carried.org = $1 AND carried.asset IN ({})
                AND (carried.latest OR carried.running)",
            if assets.is_empty() { "0".to_owned() } else { listed(assets) }
        );
        let row = (&mut &self.db).first(&sql, args![org.0]).await?;
        row.map_or(Ok((0, 0)), |row| Ok((row.int(0)?, row.int(1)?)))
    }
}
