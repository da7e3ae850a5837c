//! Where something is: what assets carry, and what tools say of them that no inventory lists.

use std::collections::BTreeMap;

use crate::components::{COLUMNS, Component, contents, groups_of};
use crate::condition::{listed, within};
use crate::db::{Row, Sql, Value, args, rows_as};
use crate::error::Result;
use crate::page::{Cursor, MOST, Page};
use crate::{Org, Store};

/// Somewhere that a component is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Where {
    /// The component.
    pub component: Component,
    /// The asset: id and name.
    pub asset: (i64, String),
    /// The system: id and name.
    pub system: Option<(i64, String)>,
    /// The owner team: id and name.
    pub team: Option<(i64, String)>,
    /// Whether an inventory lists it. Otherwise only a tool's report says that it is there, and whether
    /// it is in the main line or runs is not known.
    pub listed: bool,
    /// In the newest snapshot of the main line.
    pub latest: bool,
    /// In a snapshot that runs in production.
    pub running: bool,
    /// In which environments a snapshot runs that lists it: see [`Store::tell_environments`].
    pub environments: Vec<String>,
    /// What it is needed for.
    pub scope: String,
    /// How it came in.
    pub relation: String,
}

/// What is looked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhereQuery {
    /// Packages whose name begins so (lower case).
    Name(String),
    /// A package: the purl without version.
    Package(String),
    /// Components that have a vulnerability, whoever says so.
    Vulnerability(i64),
    /// Components that declare a licence, letter by letter.
    Licence(String),
}

/// What is looked for, and where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WhereFilter {
    /// What.
    pub is: WhereQuery,
    /// In systems, any of them: what a person may see. `None`: everywhere.
    pub systems: Option<Vec<i64>>,
    /// Only where it runs in production.
    pub running: bool,
}

/// How many components are looked at first, and at most, at once.
const FIRST: usize = 16;
const BLOCK: usize = 2000;

/// The members of a place after its component and asset.
const PLACE: &str = "asset.name, system.id, system.name, team.id, team.name";
const OWNERS: &str = "LEFT JOIN system ON system.org = $1 AND system.id = asset.system
     LEFT JOIN team ON team.org = $1 AND team.id = system.team";

/// Where a page goes on, and how much of it is still to be found.
#[derive(Clone, Copy)]
struct Rest {
    after: Cursor,
    limit: usize,
}

impl Store {
    /// Where something is, a page at a time, by component and asset. `fits` narrows the components: versions
    /// are compared by the caller, who knows the ecosystem's order. A page is as long as was asked for as
    /// long as there is more.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn where_is(
        &self,
        org: Org,
        filter: &WhereFilter,
        fits: &mut (dyn FnMut(&Component) -> bool + Send),
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Where>> {
        let limit = limit.clamp(1, MOST);
        let after = after.unwrap_or_default();
        let mut found: Vec<Where> = Vec::new();
        let (mut next, mut block) = (after.value, FIRST);
        while found.len() <= limit {
            let mut components = self.asked_for(org, filter, next, block).await?;
            let Some(last) = components.last() else { break };
            next = last.id + 1;
            let all = components.len();
            components.retain(|component| fits(component));
            if !components.is_empty() {
                let rest = Rest { after, limit: limit + 1 - found.len() };
                found.extend(self.places(org, filter, &components, rest).await?);
            }
            if all < block {
                break;
            }
            // Who finds little in the first looks at more of them.
            block = (block * 4).min(BLOCK);
        }
        Ok(Page::cut(found, limit, |w| Cursor { value: w.component.id, id: w.asset.0 }))
    }

    /// Components that are asked for and lie somewhere that is looked at, from an id on, in the order of their ids.
    pub(crate) async fn asked_for(
        &self,
        org: Org,
        filter: &WhereFilter,
        from: i64,
        limit: usize,
    ) -> Result<Vec<Component>> {
        let mut values = args![org.0, from, i64::try_from(limit).unwrap_or(i64::MAX)];
        let is = match &filter.is {
            WhereQuery::Name(start) => {
                values.extend(args![start.clone(), format!("{start}\u{10ffff}")]);
                "name >= $4 AND name < $5"
            }
            WhereQuery::Package(package) => {
                values.push(Value::from(package));
                "package = $4"
            }
            WhereQuery::Licence(licence) => {
                values.push(Value::from(licence));
                "licence = $4"
            }
            WhereQuery::Vulnerability(id) => {
                values.push(Value::from(*id));
                "id IN (SELECT affects.component FROM affects
                    WHERE affects.org = $1 AND affects.vulnerability = $4
                    UNION SELECT reported.component FROM reported
                    WHERE reported.org = $1 AND reported.vulnerability = $4
                        AND reported.until IS NULL)"
            }
        };
        // What only others have is not counted, nor walked through.
        let own = filter.systems.as_deref().map_or(String::new(), |systems| {
            let list = listed(systems);
            format!(
                " AND id IN (SELECT carried.component FROM asset
                    JOIN carried ON carried.org = $1 AND carried.asset = asset.id
                    WHERE asset.org = $1 AND asset.system IN ({list})
                 UNION SELECT reported.component FROM asset
                    JOIN reported ON reported.org = $1 AND reported.asset = asset.id
                    WHERE asset.org = $1 AND asset.system IN ({list}) AND reported.until IS NULL)"
            )
        });
        let sql = format!(
            "SELECT {COLUMNS} FROM component WHERE org = $1 AND {is} AND id >= $2{own}
             ORDER BY id LIMIT $3"
        );
        let rows = (&mut &self.db).all(&sql, values).await?;
        rows.iter().map(Component::from_row).collect()
    }

    /// Where components are, beyond a place, in the order of component and asset.
    async fn places(
        &self,
        org: Org,
        filter: &WhereFilter,
        components: &[Component],
        rest: Rest,
    ) -> Result<Vec<Where>> {
        let of: BTreeMap<i64, &Component> = components.iter().map(|c| (c.id, c)).collect();
        let ids: Vec<_> = of.keys().map(|id| serde_json::json!([id])).collect();
        let ids = serde_json::Value::from(ids).to_string();
        let limit = i64::try_from(rest.limit).unwrap_or(i64::MAX);
        let asked = rows_as(self.engine(), "$2", "j", &[("component", "BIGINT")]);
        let groups = rows_as(self.engine(), "$6", "g", &[("assets", "BIGINT")]);
        let mut narrow = within(filter.systems.as_deref());
        if filter.running {
            narrow += " AND carried.running";
        }
        let beyond = "AND (j.component > $3 OR (j.component = $3 AND asset.id > $4))";
        let mut values = args![org.0, ids, rest.after.value, rest.after.id, limit];
        let mut found = Vec::new();

        // What a tool says of an asset, where the inventory does not say so as well.
        let (affected, said) = match filter.is {
            WhereQuery::Vulnerability(_) => (
                "AND EXISTS (SELECT 1 FROM affects WHERE affects.org = $1
                    AND affects.component = j.component AND affects.vulnerability = $7)",
                "AND reported.vulnerability = $6 AND NOT (carried.asset IS NOT NULL
                    AND EXISTS (SELECT 1 FROM affects WHERE affects.org = $1
                        AND affects.component = j.component AND affects.vulnerability = $6))",
            ),
            _ => ("", "AND carried.asset IS NULL"),
        };
        let sql = format!(
            "SELECT DISTINCT j.component, asset.id, {PLACE}, carried.latest, carried.running,
                carried.scope, carried.relation
             FROM {asked} CROSS JOIN reported CROSS JOIN asset
             LEFT JOIN carried ON carried.org = $1 AND carried.asset = reported.asset
                AND carried.component = reported.component
             {OWNERS}
             WHERE reported.org = $1 AND reported.component = j.component
                AND reported.until IS NULL AND asset.org = $1 AND asset.id = reported.asset
                AND EXISTS (SELECT 1 FROM finding WHERE finding.org = $1
                    AND finding.asset = reported.asset AND finding.package = reported.package
                    AND finding.vulnerability = reported.vulnerability
                    AND finding.state IN ('open', 'merged'))
                {said} {beyond}{narrow}
             ORDER BY 1, 2 LIMIT $5"
        );
        let mut own = values.clone();
        if let WhereQuery::Vulnerability(id) = filter.is {
            own.push(Value::from(id));
        }
        for row in (&mut &self.db).all(&sql, own).await? {
            found.extend(place(&row, &of)?);
        }

        let sql = format!(
            "SELECT carried.component, asset.id, {PLACE}, carried.latest, carried.running,
                carried.scope, carried.relation
             FROM {asked} CROSS JOIN {groups} CROSS JOIN carried CROSS JOIN asset {OWNERS}
             WHERE carried.org = $1 AND carried.asset / 64 = g.assets
                AND carried.component = j.component
                AND asset.org = $1 AND asset.id = carried.asset {affected} {beyond}{narrow}
             ORDER BY 1, 2 LIMIT $5"
        );
        values.push(Value::from(groups_of(&mut &self.db, org).await?));
        if let WhereQuery::Vulnerability(id) = filter.is {
            values.push(Value::from(id));
        }
        for row in (&mut &self.db).all(&sql, values).await? {
            found.extend(place(&row, &of)?);
        }
        found.sort_by_key(|w| (w.component.id, w.asset.0));
        found.truncate(rest.limit);
        Ok(found)
    }

    /// Fills in in which environments places run, by what the snapshots list that run there.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tell_environments(&self, org: Org, places: &mut [Where]) -> Result<()> {
        let mut of: BTreeMap<i64, Vec<usize>> = BTreeMap::new();
        for (at, place) in places.iter().enumerate() {
            of.entry(place.asset.0).or_default().push(at);
        }
        let ids: Vec<_> = of.keys().map(|id| serde_json::json!([id])).collect();
        let asked = rows_as(self.engine(), "$2", "j", &[("asset", "BIGINT")]);
        let sql = format!(
            "SELECT running.asset, running.environment, snapshot.document,
                newest.document IS NOT NULL AND newest.document = snapshot.document
             FROM {asked} CROSS JOIN running CROSS JOIN snapshot CROSS JOIN asset
             LEFT JOIN snapshot AS newest ON newest.org = $1 AND newest.id = asset.latest
             WHERE running.org = $1 AND running.asset = j.asset
                AND snapshot.org = $1 AND snapshot.id = running.snapshot
                AND asset.org = $1 AND asset.id = running.asset
             ORDER BY snapshot.document, running.asset, running.environment"
        );
        let ids = serde_json::Value::from(ids).to_string();
        // One document at a time: it may be long, and several assets may run it.
        let mut read = (String::new(), None);
        for row in (&mut &self.db).all(&sql, args![org.0, ids]).await? {
            let (asset, environment, document) = (row.int(0)?, row.text(1)?, row.text(2)?);
            let newest = row.flag(3)?;
            if !newest && read.0 != document {
                read = (document.clone(), contents(&mut &self.db, org, &document).await?);
            }
            for at in of.get(&asset).into_iter().flatten() {
                let Some(place) = places.get_mut(*at) else { continue };
                let component = place.component.id;
                let is = match &read.1 {
                    // What the main line has is told already.
                    _ if newest => place.latest,
                    Some(all) => {
                        all.listed.binary_search_by_key(&component, |l| l.component).is_ok()
                    }
                    None => false,
                };
                if is {
                    place.environments.push(environment.clone());
                }
            }
        }
        places.iter_mut().for_each(|place| place.environments.sort_unstable());
        Ok(())
    }
}

/// A place from its row.
fn place(row: &Row, of: &BTreeMap<i64, &Component>) -> Result<Option<Where>> {
    let named = |id: Option<i64>, name: Option<String>| id.zip(name);
    let Some(component) = of.get(&row.int(0)?) else { return Ok(None) };
    let latest = row.maybe_flag(7)?;
    Ok(Some(Where {
        component: (*component).clone(),
        asset: (row.int(1)?, row.text(2)?),
        system: named(row.maybe_int(3)?, row.maybe_text(4)?),
        team: named(row.maybe_int(5)?, row.maybe_text(6)?),
        listed: latest.is_some(),
        latest: latest.unwrap_or(false),
        running: row.maybe_flag(8)?.unwrap_or(false),
        environments: Vec::new(),
        scope: row.maybe_text(9)?.unwrap_or_else(|| "unknown".to_owned()),
        relation: row.maybe_text(10)?.unwrap_or_else(|| "unknown".to_owned()),
    }))
}
