//! Who answers for which part of the work on a system.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

use crate::condition::listed;
use crate::db::{Sql, args};
use crate::error::Result;
use crate::ledger::{self, NewEvent};
use crate::organisations::changed;
use crate::{Org, Store};

impl Store {
    /// The people that systems name, by system and part. What is not there is the owner team's.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn system_people(&self, org: Org) -> Result<BTreeMap<(i64, String), i64>> {
        let sql = "SELECT system, part, person FROM system_person WHERE org = $1
            ORDER BY system, part";
        let rows = (&mut &self.db).all(sql, args![org.0]).await?;
        rows.iter().map(|row| Ok(((row.int(0)?, row.text(1)?), row.int(2)?))).collect()
    }

    /// Who has an account and holds a role in the organisation, one of some teams or one of some systems, by name.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn people_of(
        &self,
        org: Org,
        systems: &[i64],
        teams: &[i64],
    ) -> Result<Vec<(i64, String)>> {
        let sql = format!(
            "SELECT DISTINCT person.id, person.name FROM holds_role
             JOIN person ON person.org = $1 AND person.id = holds_role.person
             WHERE holds_role.org = $1 AND NOT person.disabled
                AND (holds_role.scope = 'organisation'
                    OR (holds_role.scope = 'team' AND holds_role.scope_id IN ({}))
                    OR (holds_role.scope = 'system' AND holds_role.scope_id IN ({})))
             ORDER BY person.name, person.id",
            listed(teams),
            listed(systems)
        );
        let rows = (&mut &self.db).all(&sql, args![org.0]).await?;
        rows.iter().map(|row| Ok((row.int(0)?, row.text(1)?))).collect()
    }

    /// Names the people of a system, in place of those before.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_system_people(
        &self,
        org: Org,
        system: i64,
        people: &[(&str, i64)],
        actor: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        // Who names at the same time waits: the later word stands, and not both.
        ledger::hold(&mut tx, org).await?;
        let sql = "DELETE FROM system_person WHERE org = $1 AND system = $2";
        tx.run(sql, args![org.0, system]).await?;
        for (part, person) in people {
            let sql = "INSERT INTO system_person (org, system, part, person)
                VALUES ($1, $2, $3, $4) ON CONFLICT (org, system, part)
                DO UPDATE SET person = excluded.person";
            tx.run(sql, args![org.0, system, *part, *person]).await?;
        }
        let named: BTreeMap<&str, i64> = people.iter().copied().collect();
        let data = json!({ "what": "system-people", "people": named });
        let event = NewEvent { system: Some(system), ..changed(actor, now, data) };
        ledger::append(&mut tx, org, &[event]).await?;
        tx.commit().await
    }
}
