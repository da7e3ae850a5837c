//! The matcher's answers, by distinct component; and vulnerabilities as groups of names that grow
//! together over time.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde_json::json;

use super::read::level;
use super::tally;
use crate::components::groups_of;
use crate::db::{Engine, Sql, Tx, args, rows, rows_as};
use crate::error::Result;
use crate::ids::Kind;
use crate::ledger::{self, EventKind, NewEvent};
use crate::organisations::changed;
use crate::time::{maybe, moment};
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
    /// Keeps the matcher's answers about components, replacing earlier ones. Returns the components whose answer
    /// is now another, sorted: the assets that carry them are to be settled.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_matches(
        &self,
        org: Org,
        answers: &[(i64, Vec<Matched>)],
        now: Timestamp,
    ) -> Result<Vec<i64>> {
        if answers.is_empty() {
            return Ok(Vec::new());
        }
        let most = answers.iter().map(|(_, all)| all.len()).sum();
        let ids = self.ids.take(&self.db, org.0, Kind::Vulnerability, most).await?;
        let mut free = ids.into_iter();
        let mut tx = self.db.begin().await?;
        let matched: Vec<&Matched> = answers.iter().flat_map(|(_, all)| all).collect();
        let (numbers, joined) = resolve(&mut tx, org, &matched, &mut free, now).await?;
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
        let changed: Vec<i64> = changed.into_iter().collect();
        if !joined.is_empty() {
            tally::recount(&mut tx, org).await?;
            ledger::append(&mut tx, org, &joined).await?;
        }
        tx.commit().await?;
        Ok(changed)
    }

    /// The assets that carry any of some components, sorted.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn assets_carrying(&self, org: Org, components: &[i64]) -> Result<Vec<i64>> {
        Ok(carrying(&mut &self.db, org, components).await?.into_iter().collect())
    }

    /// The vulnerabilities that have some names, by name; names that are not known are left out.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn vulnerabilities_named(
        &self,
        org: Org,
        names: &[String],
    ) -> Result<BTreeMap<String, i64>> {
        let mut known = BTreeMap::new();
        for block in names.chunks(BLOCK) {
            let table = rows(self.engine(), "$2", &[("alias", "TEXT")]);
            let sql = format!(
                "SELECT alias.alias, alias.vulnerability FROM {table}
                 CROSS JOIN alias WHERE alias.org = $1 AND alias.alias = j.alias"
            );
            for row in (&mut &self.db).all(&sql, args![org.0, lines(block)]).await? {
                known.insert(row.text(0)?, row.int(1)?);
            }
        }
        Ok(known)
    }

    /// Which of some names are those of vulnerabilities that are known, sorted.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn known_names(&self, org: Org, names: &[String]) -> Result<Vec<String>> {
        let mut known = BTreeSet::new();
        for block in names.chunks(BLOCK) {
            let table = rows(self.engine(), "$2", &[("alias", "TEXT")]);
            let sql = format!(
                "SELECT alias.alias FROM {table}
                 CROSS JOIN alias WHERE alias.org = $1 AND alias.alias = j.alias"
            );
            for row in (&mut &self.db).all(&sql, args![org.0, lines(block)]).await? {
                known.insert(row.text(0)?);
            }
        }
        Ok(known.into_iter().collect())
    }

    /// The assets with live findings of vulnerabilities, by any of their names; sorted.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn assets_with(&self, org: Org, names: &[String]) -> Result<Vec<i64>> {
        let mut assets = BTreeSet::new();
        for block in names.chunks(BLOCK) {
            let table = rows(self.engine(), "$2", &[("alias", "TEXT")]);
            let sql = format!(
                "SELECT DISTINCT finding.asset FROM {table} CROSS JOIN alias CROSS JOIN finding
                 WHERE alias.org = $1 AND alias.alias = j.alias AND finding.org = $1
                    AND finding.vulnerability = alias.vulnerability
                    AND finding.state IN ('open', 'merged')"
            );
            for row in (&mut &self.db).all(&sql, args![org.0, lines(block)]).await? {
                assets.insert(row.int(0)?);
            }
        }
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

/// A number of ours for PostgreSQL's advisory locks: those who give names to vulnerabilities.
const NAMING: i64 = 7_214;

/// For more components than this all that is carried is read once, rather than looked up for each.
const FEW: usize = 500;

async fn carrying(sql: &mut impl Sql, org: Org, components: &[i64]) -> Result<BTreeSet<i64>> {
    let mut assets = BTreeSet::new();
    let asked = rows(sql.engine(), "$2", &[("component", "BIGINT")]);
    let found = if components.is_empty() {
        Vec::new()
    } else if components.len() > FEW {
        let text = format!(
            "SELECT DISTINCT asset FROM carried WHERE org = $1
                AND component IN (SELECT j.component FROM {asked})"
        );
        sql.all(&text, args![org.0, lines(components)]).await?
    } else {
        let groups = rows_as(sql.engine(), "$3", "g", &[("assets", "BIGINT")]);
        let text = format!(
            "SELECT DISTINCT carried.asset FROM {asked} CROSS JOIN {groups} CROSS JOIN carried
             WHERE carried.org = $1 AND carried.asset / 64 = g.assets
                AND carried.component = j.component"
        );
        let groups = groups_of(sql, org).await?;
        sql.all(&text, args![org.0, lines(components), groups]).await?
    };
    for row in found {
        assets.insert(row.int(0)?);
    }
    Ok(assets)
}

fn lines<T: serde::Serialize>(values: &[T]) -> String {
    let lines: Vec<_> = values.iter().map(|value| serde_json::json!([value])).collect();
    serde_json::Value::from(lines).to_string()
}

/// The vulnerability of each group of names: the one that has any of them, or a new one. Groups that
/// turn out to be one are joined to the oldest, and their findings with them; what the ledger is to be told of that is
/// returned.
pub(super) async fn resolve(
    tx: &mut Tx,
    org: Org,
    matched: &[&Matched],
    free: &mut impl Iterator<Item = i64>,
    now: Timestamp,
) -> Result<(Vec<i64>, Vec<NewEvent>)> {
    // Who gives names waits for others who do: two workers that meet the same new vulnerability make it
    // once. SQLite has one writer anyway.
    if tx.engine() == Engine::Postgres && !matched.is_empty() {
        let sql = "SELECT pg_advisory_xact_lock(CAST($1 AS INTEGER), CAST($2 AS INTEGER))";
        tx.run(sql, args![NAMING, org.0]).await?;
    }
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
    let mut joined = Vec::new();
    let (mut new, mut names) = (Vec::new(), Names::default());
    for one in matched {
        let mut held: BTreeSet<i64> =
            one.ids.iter().filter_map(|id| known.get(id.as_str()).copied()).collect();
        let number = match held.pop_first() {
            Some(oldest) => oldest,
            None => {
                let Some(number) = free.next() else { continue };
                let name = one.ids.first().map_or("", String::as_str);
                new.push(serde_json::json!([number, name, one.summary, one.kind]));
                number
            }
        };
        for other in held {
            if joined.is_empty() {
                // Before findings, as all do.
                ledger::hold(tx, org).await?;
            }
            // What is to be joined has to be there.
            add(tx, org, &mut new, &mut names).await?;
            joined.extend(join(tx, org, (other, number), now).await?);
            known.values_mut().filter(|v| **v == other).for_each(|v| *v = number);
            numbers.iter_mut().filter(|v| **v == other).for_each(|v| *v = number);
        }
        for id in &one.ids {
            if known.get(id.as_str()) != Some(&number) {
                names.insert(id.clone(), number);
                known.insert(id, number);
            }
        }
        numbers.push(number);
    }
    add(tx, org, &mut new, &mut names).await?;
    Ok((numbers, joined))
}

/// Names that are to be given, each with its vulnerability.
type Names = BTreeMap<String, i64>;

/// Adds vulnerabilities, and gives names.
async fn add(
    tx: &mut Tx,
    org: Org,
    new: &mut Vec<serde_json::Value>,
    names: &mut Names,
) -> Result<()> {
    for block in std::mem::take(new).chunks(BLOCK) {
        let columns = [("id", "BIGINT"), ("name", "TEXT"), ("summary", "TEXT"), ("kind", "TEXT")];
        let table = rows(tx.engine(), "$2", &columns);
        let sql = format!(
            "INSERT INTO vulnerability (org, id, name, summary, kind)
             SELECT $1, id, name, summary, kind FROM {table}"
        );
        tx.run(&sql, args![org.0, serde_json::Value::from(block).to_string()]).await?;
    }
    let lines: Vec<serde_json::Value> =
        std::mem::take(names).into_iter().map(|(id, of)| serde_json::json!([id, of])).collect();
    for block in lines.chunks(BLOCK) {
        let table = rows(tx.engine(), "$2", &[("alias", "TEXT"), ("vulnerability", "BIGINT")]);
        let sql = format!(
            "INSERT INTO alias (org, alias, vulnerability)
             SELECT $1, alias, vulnerability FROM {table} WHERE TRUE
             ON CONFLICT (org, alias) DO UPDATE SET vulnerability = excluded.vulnerability"
        );
        tx.run(&sql, args![org.0, serde_json::Value::from(block).to_string()]).await?;
    }
    Ok(())
}

/// Two groups are one: everything of `from` becomes `to`'s. A finding that both have keeps the older
/// first day; the other's entries in the ledger stay where they are, and it is told that no source names it any longer.
async fn join(
    tx: &mut Tx,
    org: Org,
    (from, to): (i64, i64),
    now: Timestamp,
) -> Result<Vec<NewEvent>> {
    let mut told = twice(tx, org, (from, to), now).await?;
    let mut names = Vec::new();
    for id in [from, to] {
        let sql = "SELECT name FROM vulnerability WHERE org = $1 AND id = $2";
        names.push(tx.first(sql, args![org.0, id]).await?.map(|row| row.text(0)).transpose()?);
    }
    let data = json!({ "what": "joined", "from": names.first(), "to": names.last() });
    told.push(changed("trimtab", now, data));
    let moved: &[&str] = &[
        "UPDATE alias SET vulnerability = $3 WHERE org = $1 AND vulnerability = $2",
        "DELETE FROM affects WHERE org = $1 AND vulnerability = $2 AND component IN
            (SELECT component FROM affects AS other WHERE other.org = $1 AND other.vulnerability = $3)",
        "UPDATE affects SET vulnerability = $3 WHERE org = $1 AND vulnerability = $2",
        "DELETE FROM reported WHERE org = $1 AND vulnerability = $2 AND EXISTS
            (SELECT 1 FROM reported AS r WHERE r.org = $1 AND r.asset = reported.asset
                AND r.source = reported.source AND r.package = reported.package
                AND r.vulnerability = $3)",
        "UPDATE reported SET vulnerability = $3 WHERE org = $1 AND vulnerability = $2",
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
    Ok(told)
}

/// Findings of a group that are there and of which there is one of the other group as well, as the ledger is told that
/// they go into that one.
async fn twice(
    tx: &mut Tx,
    org: Org,
    (from, to): (i64, i64),
    now: Timestamp,
) -> Result<Vec<NewEvent>> {
    let sql = "SELECT finding.id, finding.asset, finding.system, finding.package, finding.detected,
            finding.level, finding.weight, finding.deadline, kept.id
        FROM finding JOIN finding AS kept ON kept.org = $1 AND kept.asset = finding.asset
            AND kept.package = finding.package AND kept.vulnerability = $3
        WHERE finding.org = $1 AND finding.vulnerability = $2
            AND finding.state IN ('open', 'merged') ORDER BY finding.id";
    let mut told = Vec::new();
    for row in tx.all(sql, args![org.0, from, to]).await? {
        let days = now.duration_since(moment(row.int(4)?)?).as_hours() / 24;
        let level = row.maybe_int(5)?.map(level).transpose()?;
        let deadline = maybe(row.maybe_int(7)?)?;
        told.push(NewEvent {
            kind: EventKind::Retracted,
            at: now,
            actor: "trimtab".to_owned(),
            system: row.maybe_int(2)?,
            asset: Some(row.int(1)?),
            finding: Some(row.int(0)?),
            data: json!({ "package": row.text(3)?, "days": days,
                "level": level.map(trimtab_model::Level::as_str), "weight": row.maybe_real(6)?,
                "in_time": deadline.map(|deadline| now <= deadline), "into": row.int(8)? }),
        });
    }
    Ok(told)
}
