//! What has a text in its name: looked for once, where the names are, so that findings are found by what they belong to.

use crate::condition::{Condition, contains, listed};
use crate::db::{Row, Sql, Value, args};
use crate::error::Result;
use crate::{Org, Store};

/// The most of a kind that are told by their ids. What more have in their names is so frequent that a page of findings
/// is soon full.
const FEW: usize = 500;

/// What has a text in its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mentioned {
    /// In small letters.
    text: String,
    systems: Vec<i64>,
    /// `None`: more than can be told.
    assets: Option<Vec<i64>>,
    /// With the text in any of their names, or in what they are about.
    vulnerabilities: Option<Vec<i64>>,
    /// As purls without version.
    packages: Option<Vec<String>>,
}

/// Names of vulnerabilities and what they are about, `{like}` in small letters.
const VULNERABILITIES: &str = "SELECT alias.vulnerability FROM alias
        WHERE alias.org = $1 AND LOWER(alias.alias) LIKE {like} ESCAPE '!'
    UNION SELECT named.id FROM vulnerability AS named
        WHERE named.org = $1 AND LOWER(named.summary) LIKE {like} ESCAPE '!'";
const ASSETS: &str = "SELECT named.id FROM asset AS named
        WHERE named.org = $1 AND LOWER(named.name) LIKE {like} ESCAPE '!'";

impl Mentioned {
    /// Whether so little has the text that findings are better looked for by it: a system has many findings, and an
    /// asset some.
    pub(super) fn is_narrow(&self) -> bool {
        let few = self.assets.as_ref().is_some_and(|assets| assets.len() <= FEW / 2)
            && self.systems.len() <= FEW / 20;
        few && self.vulnerabilities.is_some() && self.packages.is_some()
    }

    /// Narrows a condition to findings of what has the text.
    pub(super) fn narrow(&self, is: &mut Condition) {
        let mut like = None;
        let mut like = |is: &mut Condition| -> String {
            like.get_or_insert_with(|| is.value(contains(&self.text))).clone()
        };
        let mut ways = Vec::new();
        if !self.systems.is_empty() {
            ways.push(format!("{{of}}.system IN ({})", listed(&self.systems)));
        }
        for (column, ids, all) in [
            ("asset", &self.assets, ASSETS),
            ("vulnerability", &self.vulnerabilities, VULNERABILITIES),
        ] {
            let ids = match ids {
                Some(ids) if ids.is_empty() => continue,
                Some(ids) => listed(ids),
                None => all.replace("{like}", &like(is)),
            };
            ways.push(format!("{{of}}.{column} IN ({ids})"));
        }
        match &self.packages {
            Some(packages) if packages.is_empty() => {}
            Some(packages) => {
                let values = packages.iter().map(|package| is.value(package.as_str()));
                ways.push(format!("{{of}}.package IN ({})", values.collect::<Vec<_>>().join(", ")));
            }
            None => ways.push(format!("LOWER({{of}}.package) LIKE {} ESCAPE '!'", like(is))),
        }
        // Each way is words of ours about a table of findings, `{of}`; values of people are in none of them.
        let about =
            |of: &str| -> Vec<String> { ways.iter().map(|way| way.replace("{of}", of)).collect() };
        is.text += &if ways.is_empty() {
            " AND FALSE".to_owned()
        } else if self.is_narrow() {
            // Each by its own index: all of them at once have none.
            let begin = "SELECT said.id FROM finding AS said WHERE said.org = $1 AND ";
            let all = about("said").join(&format!(" UNION {begin}"));
            format!(" AND finding.id IN ({begin}{all})")
        } else {
            format!(" AND ({})", about("finding").join(" OR "))
        };
    }
}

impl Store {
    /// What has a text in its name: packages, vulnerabilities (by any name, or in what they are about), assets and
    /// systems. Capitals and small letters are the same; in what a vulnerability is about, those of `a` to `z`.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn mentioned(&self, org: Org, text: &str) -> Result<Mentioned> {
        let text = text.to_lowercase();
        let systems = self.systems(org).await?;
        let named = systems.iter().filter(|s| s.name.to_lowercase().contains(&text));
        let systems = named.map(|system| system.id).collect();
        let assets = match text.is_ascii() {
            true => few(self, org, ASSETS, &text, |row| row.int(0)).await?,
            // Engines make letters beyond `z` small or not: names are few enough to be looked through.
            false => {
                let sql = "SELECT id, name FROM asset WHERE org = $1";
                let mut ids = Vec::new();
                for row in (&mut &self.db).all(sql, args![org.0]).await? {
                    if row.text(1)?.to_lowercase().contains(&text) {
                        ids.push(row.int(0)?);
                    }
                }
                // Never by the engine, which would leave some out.
                Some(ids)
            }
        };
        let vulnerabilities = few(self, org, VULNERABILITIES, &text, |row| row.int(0)).await?;
        let packages = "SELECT DISTINCT named.package FROM component AS named
            WHERE named.org = $1 AND LOWER(named.package) LIKE {like} ESCAPE '!'";
        let packages = few(self, org, packages, &text, |row| row.text(0)).await?;
        Ok(Mentioned { text, systems, assets, vulnerabilities, packages })
    }
}

/// What a query finds of a text, `{like}` in it. `None`: more than [`FEW`].
async fn few<T>(
    store: &Store,
    org: Org,
    sql: &str,
    text: &str,
    read: impl Fn(&Row) -> Result<T>,
) -> Result<Option<Vec<T>>> {
    let sql = format!("{} LIMIT {}", sql.replace("{like}", "$2"), FEW + 1);
    let values: Vec<Value> = args![org.0, contains(text)];
    let found = (&mut &store.db).all(&sql, values).await?;
    if found.len() > FEW {
        return Ok(None);
    }
    found.iter().map(read).collect::<Result<Vec<T>>>().map(Some)
}
