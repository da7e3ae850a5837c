//! Who holds a role.

use trimtab_model::Role;

use crate::db::{Sql, args};
use crate::error::Result;
use crate::{Org, Store};

/// People with an open account who hold role $2 in the whole organisation, in team $3 or in system $4.
const HOLDING: &str = "FROM holds_role
            JOIN person ON person.org = $1 AND person.id = holds_role.person
            WHERE holds_role.org = $1 AND holds_role.role = $2 AND NOT person.disabled
                AND (holds_role.scope = 'organisation'
                    OR (holds_role.scope = 'team' AND holds_role.scope_id = $3)
                    OR (holds_role.scope = 'system' AND holds_role.scope_id = $4))";

impl Store {
    /// The names of people who hold a role that reaches a team or a system, by name, and how many more there are.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn who_holds(
        &self,
        org: Org,
        role: Role,
        (system, team): (Option<i64>, Option<i64>),
        most: usize,
    ) -> Result<(Vec<String>, usize)> {
        let sql = format!("SELECT DISTINCT person.name {HOLDING} ORDER BY person.name LIMIT 1000");
        let values = args![org.0, role.as_str(), team, system];
        let found = (&mut &self.db).all(&sql, values).await?;
        let mut names = found.iter().map(|row| row.text(0)).collect::<Result<Vec<_>>>()?;
        let more = names.len().saturating_sub(most);
        names.truncate(most);
        Ok((names, more))
    }

    /// People with an open account who hold a role in the whole organisation, or one that reaches a team or a system, by
    /// number; at most a thousand.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn people_holding(
        &self,
        org: Org,
        role: Role,
        (system, team): (Option<i64>, Option<i64>),
    ) -> Result<Vec<i64>> {
        let sql = format!("SELECT DISTINCT person.id {HOLDING} ORDER BY person.id LIMIT 1000");
        let values = args![org.0, role.as_str(), team, system];
        let found = (&mut &self.db).all(&sql, values).await?;
        found.iter().map(|row| row.int(0)).collect()
    }
}
