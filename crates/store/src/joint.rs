//! Who answers for which part of the work on a system.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::json;

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
