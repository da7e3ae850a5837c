//! Distinct components, what a document lists of them, and which assets carry them.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::condition::listed;
use crate::db::{Row, Sql, Tx, args, rows};
use crate::documents::{pack, unpack};
use crate::error::{Result, StoreError};
use crate::held::lines;
use crate::ids::Kind;
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

pub(crate) const COLUMNS: &str = "component.id, component.purl, component.package, component.name,
    component.version, component.licence, component.registry, component.matched";

impl Component {
    pub(crate) fn from_row(row: &Row) -> Result<Component> {
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
        let ids = self.known.get(org, components.iter().map(|c| c.purl.as_str()));
        let missing: Vec<NewComponent> = components
            .iter()
            .zip(&ids)
            .filter(|(_, id)| id.is_none())
            .map(|(component, _)| component.clone())
            .collect();
        let mut asked = self.ask_components(org, &missing).await?.into_iter();
        let gone = || StoreError::Busy("a component went away".to_owned());
        ids.into_iter()
            .map(|id| match id {
                Some(id) => Ok((id, true)),
                None => asked.next().ok_or_else(gone),
            })
            .collect()
    }

    /// The same of components that are not remembered.
    async fn ask_components(
        &self,
        org: Org,
        components: &[NewComponent],
    ) -> Result<Vec<(i64, bool)>> {
        let mut all = Vec::with_capacity(components.len());
        for block in components.chunks(BLOCK) {
            let mut known: HashMap<String, (i64, bool)> = HashMap::with_capacity(block.len());
            self.find(org, block, &mut known).await?;
            let mut new: Vec<&NewComponent> =
                block.iter().filter(|c| !known.contains_key(&c.purl)).collect();
            new.sort_by(|a, b| a.purl.cmp(&b.purl));
            new.dedup_by(|a, b| a.purl == b.purl);
            if !new.is_empty() {
                let is_all = self.add_components(org, &new, &mut known).await?;
                // Somebody else added one of them meanwhile.
                if !is_all {
                    self.find(org, block, &mut known).await?;
                }
            }
            for component in block {
                let gone = || StoreError::Busy(format!("`{}` went away", component.purl));
                let (id, matched) = known.get(&component.purl).copied().ok_or_else(gone)?;
                if matched {
                    self.known.put(org, &component.purl, id);
                }
                all.push((id, matched));
            }
        }
        Ok(all)
    }

    /// Adds components, unless they are there by now; says whether none was.
    async fn add_components(
        &self,
        org: Org,
        new: &[&NewComponent],
        known: &mut HashMap<String, (i64, bool)>,
    ) -> Result<bool> {
        let ids = self.ids.take(&self.db, org.0, Kind::Component, new.len()).await?;
        let lines: Vec<_> = ids
            .iter()
            .zip(new)
            .map(|(id, c)| {
                serde_json::json!([id, c.purl, c.package, c.name, c.version, c.licence, c.registry])
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
                 WHERE TRUE ON CONFLICT DO NOTHING RETURNING purl, id"
        );
        let lines = serde_json::Value::from(lines).to_string();
        let added = (&mut &self.db).all(&sql, args![org.0, lines]).await?;
        for row in &added {
            known.insert(row.text(0)?, (row.int(1)?, false));
        }
        Ok(added.len() == new.len())
    }

    async fn find(
        &self,
        org: Org,
        block: &[NewComponent],
        known: &mut HashMap<String, (i64, bool)>,
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

    /// Components by their ids, by id. Those that are not there are left out.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn components_numbered(&self, org: Org, ids: &[i64]) -> Result<Vec<Component>> {
        let mut found = Vec::with_capacity(ids.len());
        for block in ids.chunks(BLOCK) {
            let sql = format!(
                "SELECT {COLUMNS} FROM component WHERE org = $1 AND id IN ({}) ORDER BY id",
                listed(block)
            );
            for row in (&mut &self.db).all(&sql, args![org.0]).await? {
                found.push(Component::from_row(&row)?);
            }
        }
        Ok(found)
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

    /// Components with an id above `after`, in the order of their ids: every one, a block at a time.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn components(&self, org: Org, after: i64, limit: usize) -> Result<Vec<Component>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM component WHERE org = $1 AND id > $2 ORDER BY id LIMIT $3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(&sql, args![org.0, after, limit]).await?;
        found.iter().map(Component::from_row).collect()
    }

    /// What a document lists, if it was read before.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn contents(&self, org: Org, digest: &str) -> Result<Option<Contents>> {
        contents(&mut &self.db, org, digest).await
    }

    /// Whether a document was read before.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn was_read(&self, org: Org, digest: &str) -> Result<bool> {
        let sql = "SELECT 1 FROM contents WHERE org = $1 AND digest = $2";
        Ok((&mut &self.db).first(sql, args![org.0, digest]).await?.is_some())
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
        (&mut &self.db).run(sql, values).await?;
        self.recent.put(org, digest, contents);
        Ok(())
    }
}

/// The groups of assets by which `carried` is found, as lines of JSON: see its migration.
pub(crate) async fn groups_of(sql: &mut impl Sql, org: Org) -> Result<String> {
    let row = sql.first("SELECT MAX(id) FROM asset WHERE org = $1", args![org.0]).await?;
    let last = row.map(|row| row.maybe_int(0)).transpose()?.flatten();
    let groups = (0..=last.unwrap_or(0) / 64).map(|group| serde_json::json!([group]));
    Ok(serde_json::Value::from(groups.collect::<Vec<_>>()).to_string())
}

/// Which of some pairs of an asset and a component are so that the one carries the other.
pub(crate) async fn carried(
    tx: &mut Tx,
    org: Org,
    pairs: &[(i64, i64)],
) -> Result<HashSet<(i64, i64)>> {
    let mut found = HashSet::new();
    for block in pairs.chunks(BLOCK) {
        let lines: serde_json::Value =
            block.iter().map(|(asset, component)| serde_json::json!([asset, component])).collect();
        let columns = [("asset", "BIGINT"), ("component", "BIGINT")];
        let table = rows(tx.engine(), "$2", &columns);
        let sql = format!(
            "SELECT carried.asset, carried.component FROM {table} CROSS JOIN carried
             WHERE carried.org = $1 AND carried.asset = j.asset
                AND carried.component = j.component"
        );
        for row in tx.all(&sql, args![org.0, lines.to_string()]).await? {
            found.insert((row.int(0)?, row.int(1)?));
        }
    }
    Ok(found)
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

/// What an asset carries: what its newest snapshot and those that run list.
pub(crate) struct Carries {
    pub(crate) asset: i64,
    pub(crate) latest: Arc<Contents>,
    pub(crate) running: Vec<Arc<Contents>>,
}

/// Brings `carried` of some assets to what they carry. Only what differs is written.
pub(crate) async fn carry(tx: &mut Tx, org: Org, all: &[Carries]) -> Result<()> {
    let mut wanted: BTreeMap<(i64, i64), (bool, bool, &Listed)> = BTreeMap::new();
    for is in all {
        for listed in &is.latest.listed {
            wanted.insert((is.asset, listed.component), (true, false, listed));
        }
        for listed in is.running.iter().flat_map(|c| &c.listed) {
            let key = (is.asset, listed.component);
            wanted.entry(key).or_insert((false, true, listed)).1 = true;
        }
    }
    let assets: Vec<i64> = all.iter().map(|is| is.asset).collect();
    let table = rows(tx.engine(), "$2", &[("held", "BIGINT")]);
    let sql = format!(
        "SELECT carried.asset, component, latest, running, scope, relation, files
         FROM {table} CROSS JOIN carried WHERE carried.org = $1 AND carried.asset = j.held"
    );
    let mut gone: BTreeMap<i64, Vec<i64>> = BTreeMap::new();
    let mut differ = Vec::new();
    for row in tx.all(&sql, args![org.0, lines(&assets)]).await? {
        let key = (row.int(0)?, row.int(1)?);
        let Some(is) = wanted.remove(&key) else {
            gone.entry(key.0).or_default().push(key.1);
            continue;
        };
        let (latest, running, listed) = is;
        let same = (latest, running) == (row.flag(2)?, row.flag(3)?)
            && listed.scope == row.text(4)?
            && listed.relation == row.text(5)?
            && listed.files == row.int(6)?;
        if !same {
            differ.push((key, is));
        }
    }
    for (asset, gone) in &gone {
        for block in gone.chunks(BLOCK) {
            let table = rows(tx.engine(), "$3", &[("component", "BIGINT")]);
            let sql = format!(
                "DELETE FROM carried WHERE org = $1 AND asset = $2
                    AND component IN (SELECT j.component FROM {table})"
            );
            tx.run(&sql, args![org.0, *asset, lines(block)]).await?;
        }
    }
    // Who has the assets locked knows which rows are there: none of these is looked up to be found missing.
    let table = rows(tx.engine(), "$2", &CARRIED);
    let columns = CARRIED.map(|(name, _)| name).join(", ");
    let sql = format!("INSERT INTO carried (org, {columns}) SELECT $1, {columns} FROM {table}");
    write(tx, org, &sql, &wanted.into_iter().collect::<Vec<_>>()).await?;
    // And all of these are there. `UPDATE … FROM` would have SQLite walk all that is carried.
    let sql = format!(
        "{sql} WHERE TRUE ON CONFLICT (org, asset, component) DO UPDATE SET
            latest = excluded.latest, running = excluded.running, scope = excluded.scope,
            relation = excluded.relation, files = excluded.files"
    );
    write(tx, org, &sql, &differ).await
}

/// The columns of what is carried.
const CARRIED: [(&str, &str); 7] = [
    ("asset", "BIGINT"),
    ("component", "BIGINT"),
    ("latest", "BOOLEAN"),
    ("running", "BOOLEAN"),
    ("scope", "TEXT"),
    ("relation", "TEXT"),
    ("files", "BIGINT"),
];

/// An asset and a component: whether its newest snapshot and what runs have it, and what the list says.
type Carried<'l> = ((i64, i64), (bool, bool, &'l Listed));

/// Gives rows of what is carried to a statement, a block at a time.
async fn write(tx: &mut Tx, org: Org, sql: &str, all: &[Carried<'_>]) -> Result<()> {
    for block in all.chunks(BLOCK) {
        let line = |((asset, component), (latest, running, l)): &Carried<'_>| {
            serde_json::json!([asset, component, latest, running, l.scope, l.relation, l.files])
        };
        let block: serde_json::Value = block.iter().map(line).collect();
        tx.run(sql, args![org.0, block.to_string()]).await?;
    }
    Ok(())
}
