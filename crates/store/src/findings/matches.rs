//! The matcher's answers, by distinct component; and vulnerabilities as groups of names that grow
//! together over time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use crate::db::{Sql, Tx, args, rows};
use crate::error::Result;
use crate::ids::Kind;
use crate::{Org, Store};

/// A vulnerability that the matcher finds in a component.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Matched {
    /// Every id of it, the leading one first.
    pub ids: Vec<String>,
    /// What it is about, in a line.
    pub summary: Option<String>,
    /// `vulnerability`, `malicious` …
    pub kind: String,
    /// How sure.
    pub confidence: String,
    /// The nearest version that is not affected.
    pub fix: Option<String>,
}

const BLOCK: usize = 2000;

impl Store {
    /// Keeps the matcher's answers about components, replacing earlier ones. Returns the assets that
    /// carry a component whose answer is now another, sorted: they are to be settled.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_matches(&self, org: Org, answers: &[(i64, Vec<Matched>)]) -> Result<Vec<i64>> {
        if answers.is_empty() {
            return Ok(Vec::new());
        }
        let most = answers.iter().map(|(_, all)| all.len()).sum();
        let ids = self.ids.take(&self.db, org.0, Kind::Vulnerability, most).await?;
        let mut free = ids.into_iter();
        let mut tx = self.db.begin().await?;
        let matched: Vec<&Matched> = answers.iter().flat_map(|(_, all)| all).collect();
        let numbers = resolve(&mut tx, org, &matched, &mut free).await?;
        let mut wanted: BTreeMap<(i64, i64), &Matched> = BTreeMap::new();
        let mut number = numbers.iter();
        for (component, all) in answers {
            for one in all {
                if let Some(vulnerability) = number.next() {
                    wanted.entry((*component, *vulnerability)).or_insert(one);
                }
            }
        }
        let components: Vec<i64> = answers.iter().map(|(component, _)| *component).collect();
        let mut changed: BTreeSet<i64> = BTreeSet::new();
        let mut gone = Vec::new();
        for block in components.chunks(BLOCK) {
            let table = rows(tx.engine(), "$2", &[("component", "BIGINT")]);
            let lines: Vec<_> = block.iter().map(|c| serde_json::json!([c])).collect();
            let lines = serde_json::Value::from(lines).to_string();
            let sql = format!(
                "SELECT affects.component, vulnerability, confidence, fix FROM {table}
                 CROSS JOIN affects WHERE affects.org = $1 AND affects.component = j.component"
            );
            for row in tx.all(&sql, args![org.0, &lines]).await? {
                let key = (row.int(0)?, row.int(1)?);
                match wanted.get(&key) {
                    Some(one) => {
                        if one.confidence == row.text(2)? && one.fix == row.maybe_text(3)? {
                            wanted.remove(&key);
                        }
                    }
                    None => gone.push(key),
                }
            }
            let sql = format!(
                "UPDATE component SET matched = TRUE WHERE org = $1 AND NOT matched
                    AND id IN (SELECT j.component FROM {table})"
            );
            tx.run(&sql, args![org.0, &lines]).await?;
        }
        for (component, vulnerability) in &gone {
            let sql =
                "DELETE FROM affects WHERE org = $1 AND component = $2 AND vulnerability = $3";
            tx.run(sql, args![org.0, *component, *vulnerability]).await?;
            changed.insert(*component);
        }
        let lines: Vec<_> = wanted
            .iter()
            .map(|((c, v), one)| serde_json::json!([c, v, one.confidence, one.fix]))
            .collect();
        changed.extend(wanted.keys().map(|(component, _)| *component));
        for block in lines.chunks(BLOCK) {
            let table = rows(
                tx.engine(),
                "$2",
                &[
                    ("component", "BIGINT"),
                    ("vulnerability", "BIGINT"),
                    ("confidence", "TEXT"),
                    ("fix", "TEXT"),
                ],
            );
            let sql = format!(
                "INSERT INTO affects (org, component, vulnerability, confidence, fix)
                 SELECT $1, component, vulnerability, confidence, fix FROM {table} WHERE TRUE
                 ON CONFLICT (org, component, vulnerability)
                    DO UPDATE SET confidence = excluded.confidence, fix = excluded.fix"
            );
            tx.run(&sql, args![org.0, serde_json::Value::from(block).to_string()]).await?;
        }
        let mut assets: BTreeSet<i64> = BTreeSet::new();
        let changed: Vec<_> = changed.iter().map(|c| serde_json::json!([c])).collect();
        for block in changed.chunks(BLOCK) {
            let table = rows(tx.engine(), "$2", &[("component", "BIGINT")]);
            let sql = format!(
                "SELECT DISTINCT carried.asset FROM {table}
                 CROSS JOIN carried WHERE carried.org = $1 AND carried.component = j.component"
            );
            for row in
                tx.all(&sql, args![org.0, serde_json::Value::from(block).to_string()]).await?
            {
                assets.insert(row.int(0)?);
            }
        }
        tx.commit().await?;
        Ok(assets.into_iter().collect())
    }

    /// The vulnerability that has a name, any of its names: its id and leading name.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn vulnerability_of(&self, org: Org, name: &str) -> Result<Option<(i64, String)>> {
        let sql = "SELECT vulnerability.id, vulnerability.name FROM alias
            JOIN vulnerability ON vulnerability.org = $1 AND vulnerability.id = alias.vulnerability
            WHERE alias.org = $1 AND alias.alias = $2";
        let row = (&mut &self.db).first(sql, args![org.0, name]).await?;
        row.map(|row| Ok((row.int(0)?, row.text(1)?))).transpose()
    }

    /// Every name of a vulnerability, sorted.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn aliases(&self, org: Org, vulnerability: i64) -> Result<Vec<String>> {
        let sql = "SELECT alias FROM alias WHERE org = $1 AND vulnerability = $2 ORDER BY alias";
        let found = (&mut &self.db).all(sql, args![org.0, vulnerability]).await?;
        found.iter().map(|row| row.text(0)).collect()
    }
}

/// The vulnerability of each group of names: the one that has any of them, or a new one. Groups that
/// turn out to be one are joined to the oldest, and their findings with them.
async fn resolve(
    tx: &mut Tx,
    org: Org,
    matched: &[&Matched],
    free: &mut impl Iterator<Item = i64>,
) -> Result<Vec<i64>> {
    let mut known: HashMap<&str, i64> = HashMap::new();
    let names: BTreeSet<&str> =
        matched.iter().flat_map(|m| m.ids.iter().map(String::as_str)).collect();
    let all: Vec<&str> = names.into_iter().collect();
    let by_name: HashMap<&str, &str> = all.iter().map(|n| (*n, *n)).collect();
    for block in all.chunks(BLOCK) {
        let lines: Vec<_> = block.iter().map(|n| serde_json::json!([n])).collect();
        let table = rows(tx.engine(), "$2", &[("alias", "TEXT")]);
        let sql = format!(
            "SELECT alias.alias, alias.vulnerability FROM {table}
             CROSS JOIN alias WHERE alias.org = $1 AND alias.alias = j.alias"
        );
        for row in tx.all(&sql, args![org.0, serde_json::Value::from(lines).to_string()]).await? {
            if let Some(name) = by_name.get(row.text(0)?.as_str()) {
                known.insert(name, row.int(1)?);
            }
        }
    }
    let mut numbers = Vec::with_capacity(matched.len());
    for one in matched {
        let mut held: BTreeSet<i64> =
            one.ids.iter().filter_map(|id| known.get(id.as_str()).copied()).collect();
        let number = match held.pop_first() {
            Some(oldest) => oldest,
            None => {
                let Some(number) = free.next() else { continue };
                let name = one.ids.first().map_or("", String::as_str);
                let sql = "INSERT INTO vulnerability (org, id, name, summary, kind)
                    VALUES ($1, $2, $3, $4, $5)";
                tx.run(sql, args![org.0, number, name, one.summary.clone(), &one.kind]).await?;
                number
            }
        };
        for other in held {
            join(tx, org, other, number).await?;
            known.values_mut().filter(|v| **v == other).for_each(|v| *v = number);
            numbers.iter_mut().filter(|v| **v == other).for_each(|v| *v = number);
        }
        for id in &one.ids {
            if known.get(id.as_str()) != Some(&number) {
                let sql = "INSERT INTO alias (org, alias, vulnerability) VALUES ($1, $2, $3)
                    ON CONFLICT (org, alias) DO UPDATE SET vulnerability = $3";
                tx.run(sql, args![org.0, id, number]).await?;
                known.insert(id, number);
            }
        }
        numbers.push(number);
    }
    Ok(numbers)
}

/// Two groups are one: everything of `from` becomes `to`'s. A finding that both have keeps the older
/// first day; the other's entries in the ledger stay where they are.
async fn join(tx: &mut Tx, org: Org, from: i64, to: i64) -> Result<()> {
    let moved: &[&str] = &[
        "UPDATE alias SET vulnerability = $3 WHERE org = $1 AND vulnerability = $2",
        "DELETE FROM affects WHERE org = $1 AND vulnerability = $2 AND component IN
            (SELECT component FROM affects AS other WHERE other.org = $1 AND other.vulnerability = $3)",
        "UPDATE affects SET vulnerability = $3 WHERE org = $1 AND vulnerability = $2",
        "UPDATE finding SET detected = (SELECT MIN(f.detected) FROM finding AS f
                WHERE f.org = $1 AND f.asset = finding.asset AND f.package = finding.package
                    AND f.vulnerability IN ($2, $3))
            WHERE org = $1 AND vulnerability = $3 AND EXISTS (SELECT 1 FROM finding AS f
                WHERE f.org = $1 AND f.asset = finding.asset AND f.package = finding.package
                    AND f.vulnerability = $2)",
        "DELETE FROM finding WHERE org = $1 AND vulnerability = $2 AND EXISTS
            (SELECT 1 FROM finding AS f WHERE f.org = $1 AND f.asset = finding.asset
                AND f.package = finding.package AND f.vulnerability = $3)",
        "UPDATE finding SET vulnerability = $3 WHERE org = $1 AND vulnerability = $2",
    ];
    for sql in moved {
        tx.run(sql, args![org.0, from, to]).await?;
    }
    tx.run("DELETE FROM vulnerability WHERE org = $1 AND id = $2", args![org.0, from]).await?;
    Ok(())
}
