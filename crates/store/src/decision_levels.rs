//! What many decisions at once are about: how grave the gravest finding of each is, and a mark of what was decided in each
//! team's systems.

use std::collections::{BTreeMap, HashMap};

use crate::condition::listed;
use crate::db::{Sql, args};
use crate::error::Result;
use crate::{Org, Store};

/// So many decisions are asked for together.
const BLOCK: usize = 500;

impl Store {
    /// The level of the gravest live finding of each of some decisions, as a number; a finding that is not weighed may be
    /// critical. Decisions of which there is no finding are left out.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn gravest_of(&self, org: Org, decisions: &[i64]) -> Result<HashMap<i64, i64>> {
        let mut all = HashMap::with_capacity(decisions.len());
        for block in decisions.chunks(BLOCK) {
            let sql = format!(
                "SELECT decision.id, MAX(COALESCE(finding.level, 3))
                 FROM decision
                 LEFT JOIN alias ON alias.org = $1 AND alias.alias = decision.vulnerability
                 JOIN finding ON finding.org = $1 AND finding.state IN ('open', 'merged')
                    AND (decision.vulnerability IS NULL
                        OR finding.vulnerability = alias.vulnerability)
                    AND (decision.package IS NULL OR finding.package = decision.package)
                    AND (decision.asset IS NULL OR finding.asset = decision.asset)
                    AND (decision.system IS NULL OR finding.system = decision.system)
                 WHERE decision.org = $1 AND decision.id IN ({})
                 GROUP BY decision.id",
                listed(block)
            );
            for row in (&mut &self.db).all(&sql, args![org.0]).await? {
                all.insert(row.int(0)?, row.int(1)?);
            }
        }
        Ok(all)
    }

    /// A mark of the decisions about each team's systems, by the team: another one where something was asked, answered or
    /// ended.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn decision_marks(&self, org: Org) -> Result<BTreeMap<i64, String>> {
        let sql = "SELECT system.team, decision.state, COUNT(*), MAX(decision.id),
                MAX(COALESCE(decision.answered, 0)), CAST(SUM(decision.id % 99991) AS BIGINT)
            FROM decision
            JOIN system ON system.org = $1 AND system.id = decision.system
            WHERE decision.org = $1 AND system.team IS NOT NULL
            GROUP BY system.team, decision.state ORDER BY system.team, decision.state";
        let mut marks: BTreeMap<i64, String> = BTreeMap::new();
        for row in (&mut &self.db).all(sql, args![org.0]).await? {
            let told = (row.text(1)?, row.int(2)?, row.int(3)?, row.int(4)?, row.int(5)?);
            marks.entry(row.int(0)?).or_default().push_str(&format!("{told:?}"));
        }
        Ok(marks)
    }
}
