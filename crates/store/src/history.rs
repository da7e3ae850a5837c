//! The history of a finding: what the ledger says of it, and what happened to its asset, its package and the
//! decisions about it while it was there.

use crate::db::{Row, Sql, Value, args};
use crate::decisions::COLUMNS;
use crate::error::Result;
use crate::findings::Finding;
use crate::ledger::{Entry, about};
use crate::time::micros;
use crate::{Decision, Org, Store};

/// The most entries that are the finding's own, and of its asset.
const OWN: i64 = 1000;
const OF_ASSET: i64 = 300;
/// The most decisions about a finding that are told, and of entries about decisions that are looked at.
const DECISIONS: i64 = 100;
const ANSWERS: i64 = 5000;

/// What happened to a finding.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Told {
    /// The entries, oldest first.
    pub entries: Vec<Entry>,
    /// Whether older ones of the asset are left out.
    pub is_cut: bool,
}

impl Store {
    /// All that happened about a finding from detected to gone: its own entries; documents and deployments of
    /// its asset; planned changes of its package there, or that remove it; and what was decided about it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn history_of(&self, org: Org, is: &Finding, decisions: &[Decision]) -> Result<Told> {
        let condition = format!("org = $1 AND finding = $2 ORDER BY seq LIMIT {OWN}");
        let mut entries = about(&mut &self.db, &condition, args![org.0, is.id]).await?;
        let from = entries.first().map_or_else(|| micros(is.detected), |first| first.at);
        let until = match is.state.is_live() {
            true => i64::MAX,
            false => entries.last().map_or(i64::MAX, |last| last.at),
        };
        // In the words of an index of the asset's entries that are about no finding.
        let condition = format!(
            "org = $1 AND asset = $2 AND finding IS NULL AND at >= $3 AND at <= $4
                AND kind IN ('received', 'deployed', 'planned')
             ORDER BY seq DESC LIMIT {}",
            OF_ASSET + 1
        );
        let values = args![org.0, is.asset.0, from, until];
        let mut of_asset = about(&mut &self.db, &condition, values).await?;
        let most = usize::try_from(OF_ASSET).unwrap_or(usize::MAX);
        let mut is_cut = of_asset.len() > most;
        of_asset.truncate(most);
        of_asset.retain(|entry| entry.kind != "planned" || plans(entry, is));
        entries.extend(of_asset);
        let asked = decisions.iter().map(|decision| micros(decision.asked)).min();
        if let Some(asked) = asked {
            let ids: Vec<i64> = decisions.iter().map(|decision| decision.id).collect();
            let condition = format!(
                "org = $1 AND kind = 'decided' AND at >= $2 AND at <= $3 ORDER BY at DESC LIMIT {}",
                ANSWERS + 1
            );
            let mut decided = about(&mut &self.db, &condition, args![org.0, asked, until]).await?;
            is_cut |= decided.len() > usize::try_from(ANSWERS).unwrap_or(usize::MAX);
            decided.retain(|entry| {
                let data: Option<serde_json::Value> = serde_json::from_str(&entry.data).ok();
                entry.finding.is_none()
                    && data.and_then(|d| d["decision"].as_i64()).is_some_and(|id| ids.contains(&id))
            });
            entries.extend(decided);
        }
        entries.sort_by_key(|entry| (entry.at, entry.seq));
        Ok(Told { entries, is_cut })
    }

    /// Decisions about a finding, however they stand, the newest first. `names`: every name of its vulnerability.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn decisions_about(
        &self,
        org: Org,
        is: &Finding,
        names: &[String],
    ) -> Result<Vec<Decision>> {
        let system = is.system.as_ref().map(|s| s.0);
        let mut values = args![org.0, &is.package, is.asset.0, system, &is.vulnerability.1];
        let mut marks = vec!["$5".to_owned()];
        for name in names {
            values.push(Value::from(name));
            marks.push(format!("${}", values.len()));
        }
        let condition = format!(
            "org = $1 AND (vulnerability IS NULL OR vulnerability IN ({}))
                AND (package IS NULL OR package = $2) AND (asset IS NULL OR asset = $3)
                AND (system IS NULL OR system = $4)
             ORDER BY id DESC LIMIT {DECISIONS}",
            marks.join(", ")
        );
        let sql = format!("SELECT {COLUMNS} FROM decision WHERE {condition}");
        let read = |row: &Row| Decision::from_row(row);
        (&mut &self.db).all(&sql, values).await?.iter().map(read).collect()
    }
}

/// Whether what an entry plans is about a finding: about its package, or another one whose change removes it.
fn plans(entry: &Entry, is: &Finding) -> bool {
    let data: Option<serde_json::Value> = serde_json::from_str(&entry.data).ok();
    let removes = |data: &serde_json::Value| {
        data["findings"].as_array().is_some_and(|all| all.iter().any(|id| *id == is.id))
    };
    data.is_some_and(|data| data["package"] == *is.package || removes(&data))
}
