//! Ways to sign in that have begun and not ended, and codes that stand in for a lost device.

use jiff::Timestamp;

use crate::db::{Row, Sql, args};
use crate::error::Result;
use crate::time::micros;
use crate::{Org, Store};

/// A way to sign in that has begun. The browser keeps a secret, of which the digest is kept here.
#[derive(Debug, Clone, PartialEq)]
pub struct SignInStep {
    /// The organisation.
    pub org: Org,
    /// What is waited for: a word of the server.
    pub kind: String,
    /// What it goes on with.
    pub data: serde_json::Value,
}

impl SignInStep {
    fn from_row(row: &Row) -> Result<SignInStep> {
        Ok(SignInStep { org: Org(row.int(0)?), kind: row.text(1)?, data: row.json(2)? })
    }
}

impl Store {
    /// Begins a way to sign in. What ended unused is forgotten.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_step(
        &self,
        digest: &str,
        step: &SignInStep,
        expires: Timestamp,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        tx.run("DELETE FROM sign_in_step WHERE expires <= $1", args![micros(now)]).await?;
        let sql = "INSERT INTO sign_in_step (digest, org, kind, data, expires)
            VALUES ($1, $2, $3, $4, $5)";
        let data = step.data.to_string();
        tx.run(sql, args![digest, step.org.0, &step.kind, data, micros(expires)]).await?;
        tx.commit().await
    }

    /// A way that has begun, and not ended yet.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn step(
        &self,
        digest: &str,
        kind: &str,
        now: Timestamp,
    ) -> Result<Option<SignInStep>> {
        let sql = "SELECT org, kind, data FROM sign_in_step
            WHERE digest = $1 AND kind = $2 AND expires > $3";
        let row = (&mut &self.db).first(sql, args![digest, kind, micros(now)]).await?;
        row.as_ref().map(SignInStep::from_row).transpose()
    }

    /// Ends one. `false`: it was ended before, so whoever asks second may not go on.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_step(&self, digest: &str) -> Result<bool> {
        let sql = "DELETE FROM sign_in_step WHERE digest = $1";
        Ok((&mut &self.db).run(sql, args![digest]).await? == 1)
    }

    /// Replaces the recovery codes of a person by others, each the digest of what they keep.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_recovery_codes(
        &self,
        org: Org,
        person: i64,
        digests: &[String],
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "DELETE FROM recovery_code WHERE org = $1 AND person = $2";
        tx.run(sql, args![org.0, person]).await?;
        for digest in digests {
            let sql = "INSERT INTO recovery_code (org, person, digest) VALUES ($1, $2, $3)";
            tx.run(sql, args![org.0, person, digest]).await?;
        }
        tx.commit().await
    }

    /// Uses a recovery code up. `false`: there is none like it.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn use_recovery_code(&self, org: Org, person: i64, digest: &str) -> Result<bool> {
        let sql = "DELETE FROM recovery_code WHERE org = $1 AND person = $2 AND digest = $3";
        Ok((&mut &self.db).run(sql, args![org.0, person, digest]).await? == 1)
    }

    /// How many recovery codes a person has left.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn recovery_codes(&self, org: Org, person: i64) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM recovery_code WHERE org = $1 AND person = $2";
        let row = (&mut &self.db).first(sql, args![org.0, person]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }
}
