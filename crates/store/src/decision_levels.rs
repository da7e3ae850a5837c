//! What many decisions at once are about: how grave the gravest finding of each is, and a mark of what was decided in each
//! team's systems.

use std::collections::{BTreeMap, HashMap};

use crate::condition::listed;
use crate::db::{Sql, args};
use crate::error::Result;
use crate::{Org, Store};

/// So many decisions are asked for together.
const BLOCK: usize = 500;

/// What a decision names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Shape {
    vulnerability: bool,
    package: bool,
    asset: bool,
    system: bool,
}

impl Shape {
    /// The gravest level of each of some decisions of this shape.
    fn asks(self, ids: &[i64]) -> String {
        let (mut join, mut on) = ("", String::new());
        if self.vulnerability {
            join = "JOIN alias ON alias.org = $1 AND alias.alias = decision.vulnerability";
            on += " AND finding.vulnerability = alias.vulnerability";
        }
        for (is, name) in
            [(self.package, "package"), (self.asset, "asset"), (self.system, "system")]
        {
            if is {
                on += &format!(" AND finding.{name} = decision.{name}");
            }
        }
        format!(
            "SELECT decision.id, MAX(COALESCE(finding.level, 3))
             FROM decision {join}
             JOIN finding ON finding.org = $1 AND finding.state IN ('open', 'merged'){on}
             WHERE decision.org = $1 AND decision.id IN ({})
             GROUP BY decision.id",
            listed(ids)
        )
    }
}

impl Store {
    /// The level of the gravest live finding of each of some decisions, as a number; a finding that is not weighed may be
    /// critical. Decisions of which there is no finding are left out.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn gravest_of(&self, org: Org, decisions: &[i64]) -> Result<HashMap<i64, i64>> {
        let mut all = HashMap::with_capacity(decisions.len());
        for block in decisions.chunks(BLOCK) {
            for (shape, ids) in self.shapes(org, block).await? {
                for row in (&mut &self.db).all(&shape.asks(&ids), args![org.0]).await? {
                    all.insert(row.int(0)?, row.int(1)?);
                }
            }
        }
        Ok(all)
    }

    /// Decisions by what they name: those of one shape are asked for together, by what has an index.
    async fn shapes(&self, org: Org, ids: &[i64]) -> Result<BTreeMap<Shape, Vec<i64>>> {
        let sql = format!(
            "SELECT id, vulnerability, package, asset, system FROM decision
             WHERE org = $1 AND id IN ({})",
            listed(ids)
        );
        let mut shapes: BTreeMap<Shape, Vec<i64>> = BTreeMap::new();
        for row in (&mut &self.db).all(&sql, args![org.0]).await? {
            let shape = Shape {
                vulnerability: row.maybe_text(1)?.is_some(),
                package: row.maybe_text(2)?.is_some(),
                asset: row.maybe_int(3)?.is_some(),
                system: row.maybe_int(4)?.is_some(),
            };
            shapes.entry(shape).or_default().push(row.int(0)?);
        }
        Ok(shapes)
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
