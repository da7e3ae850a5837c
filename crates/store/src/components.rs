//! Distinct components, what a document lists of them, and which assets carry them.

use serde::{Deserialize, Serialize};

use crate::db::{Row, Sql, Tx, args, rows};
use crate::documents::{pack, unpack};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::page::{Cursor, MOST, Page};
use crate::{Org, Store};

/// A component to be known.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NewComponent {
    /// The purl, in canonical form.
    pub purl: String,
    /// The purl without version, qualifiers and subpath.
    pub package: String,
    /// The package's name as people type it, in lower case, with its namespace.
    pub name: String,
    /// The version. `None`: unknown.
    pub version: Option<String>,
    /// The licence as declared. `None`: unknown.
    pub licence: Option<String>,
    /// Whether it comes from where the advisories of its ecosystem look. Otherwise name and version say
    /// nothing about it (TRAPS 11).
    pub registry: bool,
}

/// A component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Component {
    /// Its id.
    pub id: i64,
    /// What is known of it.
    pub is: NewComponent,
    /// Whether the matcher was asked about it.
    pub matched: bool,
}

/// One component as a document lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listed {
    /// The component's id.
    pub component: i64,
    /// The strongest scope of its places.
    pub scope: String,
    /// The nearest relation of its places.
    pub relation: String,
    /// How many files list it.
    pub files: i64,
}

/// What a document lists.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Contents {
    /// Sorted by component, each once.
    pub listed: Vec<Listed>,
    /// Components about which nothing can be said.
    pub unknowns: i64,
}

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
    /// In the newest snapshot of the main line.
    pub latest: bool,
    /// In a snapshot that runs in production.
    pub running: bool,
    /// What it is needed for.
    pub scope: String,
    /// How it came in.
    pub relation: String,
}

/// What is looked for. Versions are compared by the caller, who knows the ecosystem's order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum WhereQuery {
    /// Packages whose name begins so (lower case).
    Name(String),
    /// A package: the purl without version.
    Package(String),
    /// Components that have a vulnerability.
    Vulnerability(i64),
    /// Components that declare a licence, letter by letter.
    Licence(String),
}

const COLUMNS: &str = "component.id, component.purl, component.package, component.name,
    component.version, component.licence, component.registry, component.matched";

impl Component {
    fn from_row(row: &Row) -> Result<Component> {
        Ok(Component {
            id: row.int(0)?,
            is: NewComponent {
                purl: row.text(1)?,
                package: row.text(2)?,
                name: row.text(3)?,
                version: row.maybe_text(4)?,
                licence: row.maybe_text(5)?,
                registry: row.flag(6)?,
            },
            matched: row.flag(7)?,
        })
    }
}

/// How many rows go into one statement.
const BLOCK: usize = 2000;

impl Store {
    /// Makes components known. Answers in the order of the question, each with whether the matcher was
    /// asked about it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_components(
        &self,
        org: Org,
        components: &[NewComponent],
    ) -> Result<Vec<(i64, bool)>> {
        use std::collections::HashMap;
        let mut known: HashMap<String, (i64, bool)> = HashMap::with_capacity(components.len());
        for block in components.chunks(BLOCK) {
            self.find(org, block, &mut known).await?;
            let mut new: Vec<&NewComponent> =
                block.iter().filter(|c| !known.contains_key(&c.purl)).collect();
            new.sort_by(|a, b| a.purl.cmp(&b.purl));
            new.dedup_by(|a, b| a.purl == b.purl);
            if new.is_empty() {
                continue;
            }
            let ids = self.ids.take(&self.db, org.0, Kind::Component, new.len()).await?;
            let lines: Vec<_> = ids
                .iter()
                .zip(&new)
                .map(|(id, c)| {
                    serde_json::json!([
                        id, c.purl, c.package, c.name, c.version, c.licence, c.registry
                    ])
                })
                .collect();
            let table = rows(
                self.engine(),
                "$2",
                &[
                    ("id", "BIGINT"),
                    ("purl", "TEXT"),
                    ("package", "TEXT"),
                    ("name", "TEXT"),
                    ("version", "TEXT"),
                    ("licence", "TEXT"),
                    ("registry", "BOOLEAN"),
                ],
            );
            let sql = format!(
                "INSERT INTO component
                    (org, id, purl, package, name, version, licence, registry, matched)
                 SELECT $1, id, purl, package, name, version, licence, registry, FALSE FROM {table}
                 WHERE TRUE ON CONFLICT DO NOTHING"
            );
            let lines = serde_json::Value::from(lines).to_string();
            (&mut &self.db).run(&sql, args![org.0, lines]).await?;
            self.find(org, block, &mut known).await?;
        }
        let of = |c: &NewComponent| {
            known
                .get(&c.purl)
                .copied()
                .ok_or_else(|| StoreError::Busy(format!("`{}` went away", c.purl)))
        };
        components.iter().map(of).collect()
    }

    async fn find(
        &self,
        org: Org,
        block: &[NewComponent],
        known: &mut std::collections::HashMap<String, (i64, bool)>,
    ) -> Result<()> {
        let purls: Vec<_> = block.iter().map(|c| serde_json::json!([c.purl])).collect();
        let table = rows(self.engine(), "$2", &[("purl", "TEXT")]);
        let sql = format!(
            "SELECT component.purl, component.id, component.matched FROM {table}
             CROSS JOIN component WHERE component.org = $1 AND component.purl = j.purl"
        );
        let purls = serde_json::Value::from(purls).to_string();
        for row in (&mut &self.db).all(&sql, args![org.0, purls]).await? {
            known.insert(row.text(0)?, (row.int(1)?, row.flag(2)?));
        }
        Ok(())
    }

    /// A component by id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn component(&self, org: Org, id: i64) -> Result<Option<Component>> {
        let sql = format!("SELECT {COLUMNS} FROM component WHERE org = $1 AND id = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        row.as_ref().map(Component::from_row).transpose()
    }

    /// The components of some packages (purls without version), whichever are carried: what must be
    /// matched again when advisories about those packages changed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn components_of(&self, org: Org, packages: &[String]) -> Result<Vec<Component>> {
        let mut found = Vec::new();
        for block in packages.chunks(BLOCK) {
            let lines: Vec<_> = block.iter().map(|p| serde_json::json!([p])).collect();
            let table = rows(self.engine(), "$2", &[("package", "TEXT")]);
            let sql = format!(
                "SELECT {COLUMNS} FROM {table}
                 CROSS JOIN component WHERE component.org = $1 AND component.package = j.package"
            );
            let lines = serde_json::Value::from(lines).to_string();
            for row in (&mut &self.db).all(&sql, args![org.0, lines]).await? {
                found.push(Component::from_row(&row)?);
            }
        }
        Ok(found)
    }

    /// What a document lists, if it was read before.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn contents(&self, org: Org, digest: &str) -> Result<Option<Contents>> {
        contents(&mut &self.db, org, digest).await
    }

    /// Keeps what a document lists.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_contents(&self, org: Org, digest: &str, contents: &Contents) -> Result<()> {
        let text =
            serde_json::to_vec(&contents.listed).map_err(|e| StoreError::Damaged(e.to_string()))?;
        // The size goes in front, so that it is unpacked within it.
        let mut packed = i64::try_from(text.len()).unwrap_or(0).to_le_bytes().to_vec();
        packed.extend(pack(&text)?);
        let count = i64::try_from(contents.listed.len()).unwrap_or(i64::MAX);
        let sql = "INSERT INTO contents (org, digest, components, unknowns, listed)
            VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING";
        let values = args![org.0, digest, count, contents.unknowns, packed];
        (&mut &self.db).run(sql, values).await.map(|_| ())
    }

    /// Where something is, a page at a time, by component and asset.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn where_is(
        &self,
        org: Org,
        query: &WhereQuery,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Where>> {
        let limit = limit.clamp(1, MOST);
        let (from, value) = match query {
            WhereQuery::Name(start) => {
                ("component.name >= $2 AND component.name < $5", start.clone())
            }
            WhereQuery::Package(package) => ("component.package = $2", package.clone()),
            WhereQuery::Licence(licence) => ("component.licence = $2", licence.clone()),
            WhereQuery::Vulnerability(id) => (
                "component.id IN (SELECT component FROM affects
                    WHERE affects.org = $1 AND CAST(affects.vulnerability AS TEXT) = $2)",
                id.to_string(),
            ),
        };
        let end = match query {
            WhereQuery::Name(start) => Some(format!("{start}\u{10ffff}")),
            _ => None,
        };
        let unused = if end.is_none() { " AND CAST($5 AS TEXT) IS NULL" } else { "" };
        let sql = format!(
            "SELECT {COLUMNS}, asset.id, asset.name, system.id, system.name, team.id, team.name,
                carried.latest, carried.running, carried.scope, carried.relation
             FROM component CROSS JOIN carried CROSS JOIN asset
             LEFT JOIN system ON system.org = $1 AND system.id = asset.system
             LEFT JOIN team ON team.org = $1 AND team.id = system.team
             WHERE component.org = $1 AND {from}{unused}
                AND carried.org = $1 AND carried.component = component.id
                AND asset.org = $1 AND asset.id = carried.asset
                AND (component.id > $3 OR (component.id = $3 AND asset.id > $4))
             ORDER BY component.id, asset.id LIMIT $6"
        );
        let after = after.unwrap_or_default();
        let asked = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let values = args![org.0, value, after.value, after.id, end, asked];
        let found = (&mut &self.db).all(&sql, values).await?;
        let named = |id: Option<i64>, name: Option<String>| id.zip(name);
        let read = |row: &Row| {
            Ok(Where {
                component: Component::from_row(row)?,
                asset: (row.int(8)?, row.text(9)?),
                system: named(row.maybe_int(10)?, row.maybe_text(11)?),
                team: named(row.maybe_int(12)?, row.maybe_text(13)?),
                latest: row.flag(14)?,
                running: row.flag(15)?,
                scope: row.text(16)?,
                relation: row.text(17)?,
            })
        };
        let found = found.iter().map(read).collect::<Result<Vec<_>>>()?;
        Ok(Page::cut(found, limit, |w| Cursor { value: w.component.id, id: w.asset.0 }))
    }
}

pub(crate) async fn contents(
    sql: &mut impl Sql,
    org: Org,
    digest: &str,
) -> Result<Option<Contents>> {
    let text = "SELECT listed, unknowns FROM contents WHERE org = $1 AND digest = $2";
    let Some(row) = sql.first(text, args![org.0, digest]).await? else { return Ok(None) };
    let packed = row.bytes(0)?;
    let (size, packed) = packed
        .split_first_chunk::<8>()
        .ok_or_else(|| StoreError::Damaged("contents without a size".to_owned()))?;
    let text = unpack(packed, i64::from_le_bytes(*size))?;
    let listed = serde_json::from_slice(&text).map_err(|e| StoreError::Damaged(e.to_string()))?;
    Ok(Some(Contents { listed, unknowns: row.int(1)? }))
}

/// Brings `carried` of an asset to what its newest and its running snapshots list. Only what differs is
/// written. `running`: `None` if it is not known what runs.
pub(crate) async fn carry(
    tx: &mut Tx,
    org: Org,
    asset: i64,
    latest: &Contents,
    running: &[Contents],
) -> Result<()> {
    use std::collections::BTreeMap;
    let mut wanted: BTreeMap<i64, (bool, bool, &Listed)> = BTreeMap::new();
    for listed in &latest.listed {
        wanted.insert(listed.component, (true, false, listed));
    }
    for listed in running.iter().flat_map(|c| &c.listed) {
        wanted.entry(listed.component).or_insert((false, true, listed)).1 = true;
    }
    let sql = "SELECT component, latest, running, scope, relation, files FROM carried
        WHERE org = $1 AND asset = $2";
    let mut gone = Vec::new();
    for row in tx.all(sql, args![org.0, asset]).await? {
        let component = row.int(0)?;
        match wanted.get(&component) {
            None => gone.push(serde_json::json!([component])),
            Some((l, r, listed)) => {
                let same = (*l, *r) == (row.flag(1)?, row.flag(2)?)
                    && listed.scope == row.text(3)?
                    && listed.relation == row.text(4)?
                    && listed.files == row.int(5)?;
                if same {
                    wanted.remove(&component);
                }
            }
        }
    }
    for block in gone.chunks(BLOCK) {
        let table = rows(tx.engine(), "$3", &[("component", "BIGINT")]);
        let sql = format!(
            "DELETE FROM carried WHERE org = $1 AND asset = $2
                AND component IN (SELECT j.component FROM {table})"
        );
        tx.run(&sql, args![org.0, asset, serde_json::Value::from(block).to_string()]).await?;
    }
    let changed: Vec<_> = wanted
        .values()
        .map(|(latest, running, l)| {
            serde_json::json!([l.component, latest, running, l.scope, l.relation, l.files])
        })
        .collect();
    for block in changed.chunks(BLOCK) {
        let table = rows(
            tx.engine(),
            "$3",
            &[
                ("component", "BIGINT"),
                ("latest", "BOOLEAN"),
                ("running", "BOOLEAN"),
                ("scope", "TEXT"),
                ("relation", "TEXT"),
                ("files", "BIGINT"),
            ],
        );
        let sql = format!(
            "INSERT INTO carried (org, asset, component, latest, running, scope, relation, files)
             SELECT $1, $2, component, latest, running, scope, relation, files FROM {table}
             WHERE TRUE ON CONFLICT (org, component, asset) DO UPDATE SET
                latest = excluded.latest, running = excluded.running, scope = excluded.scope,
                relation = excluded.relation, files = excluded.files"
        );
        tx.run(&sql, args![org.0, asset, serde_json::Value::from(block).to_string()]).await?;
    }
    Ok(())
}
