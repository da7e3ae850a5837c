//! People, the roles that they hold, their sessions, and links that sign in once.
//!
//! Secrets are never here: a session, link or token is kept as the digest of what its holder has.

use std::collections::HashMap;

use jiff::Timestamp;
use trimtab_model::Role;

use crate::db::{Row, Sql, args};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::ledger;
use crate::organisations::changed;
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// A person.
#[derive(Debug, Clone, PartialEq)]
pub struct Person {
    /// The id.
    pub id: i64,
    /// The address.
    pub email: String,
    /// The name.
    pub name: String,
    /// argon2id in PHC form. `None`: no password.
    pub password: Option<String>,
    /// The sealed secret of one-time codes.
    pub totp: Option<Vec<u8>>,
    /// The last time step that was used.
    pub totp_step: Option<i64>,
    /// Issuer and subject at an OIDC provider.
    pub subject: Option<String>,
    /// Whether the account is closed.
    pub disabled: bool,
    /// Failed attempts since the last good one.
    pub failures: i64,
    /// Locked until.
    pub locked_until: Option<Timestamp>,
}

/// A person to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewPerson {
    /// The address: kept in lower case.
    pub email: String,
    /// The name.
    pub name: String,
    /// At an OIDC provider.
    pub subject: Option<String>,
}

/// What a role or token reaches.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum ScopeOf {
    /// Everything of the organisation.
    Organisation,
    /// What a team owns.
    Team(i64),
    /// A system.
    System(i64),
}

impl ScopeOf {
    pub(crate) fn parts(self) -> (&'static str, i64) {
        match self {
            ScopeOf::Organisation => ("organisation", 0),
            ScopeOf::Team(id) => ("team", id),
            ScopeOf::System(id) => ("system", id),
        }
    }

    pub(crate) fn from_parts(word: &str, id: i64) -> Result<ScopeOf> {
        match word {
            "organisation" => Ok(ScopeOf::Organisation),
            "team" => Ok(ScopeOf::Team(id)),
            "system" => Ok(ScopeOf::System(id)),
            other => Err(StoreError::Damaged(format!("scope `{other}`"))),
        }
    }
}

/// A role within a scope.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Grant {
    /// The role.
    pub role: Role,
    /// Where.
    pub scope: ScopeOf,
}

/// A signed-in browser.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// The organisation.
    pub org: Org,
    /// The person.
    pub person: i64,
    /// What forms must bring with them.
    pub csrf: String,
    /// When it ends.
    pub expires: Timestamp,
}

const COLUMNS: &str =
    "id, email, name, password, totp, totp_step, subject, disabled, failures, locked_until";

impl Person {
    fn from_row(row: &Row) -> Result<Person> {
        Ok(Person {
            id: row.int(0)?,
            email: row.text(1)?,
            name: row.text(2)?,
            password: row.maybe_text(3)?,
            totp: row.maybe_bytes(4)?,
            totp_step: row.maybe_int(5)?,
            subject: row.maybe_text(6)?,
            disabled: row.flag(7)?,
            failures: row.int(8)?,
            locked_until: maybe(row.maybe_int(9)?)?,
        })
    }
}

fn role(text: &str) -> Result<Role> {
    let known = Role::ALL.iter().copied().find(|r| r.as_str() == text);
    known.ok_or_else(|| StoreError::Damaged(format!("role `{text}`")))
}

impl Store {
    /// Adds a person.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn add_person(
        &self,
        org: Org,
        person: &NewPerson,
        grants: &[Grant],
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let id = self.ids.one(&self.db, org.0, Kind::Person).await?;
        let email = person.email.to_lowercase();
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO person (org, id, email, name, subject, disabled, failures, created)
            VALUES ($1, $2, $3, $4, $5, FALSE, 0, $6)";
        let values = args![org.0, id, &email, &person.name, person.subject.clone(), micros(now)];
        tx.run(sql, values).await?;
        for grant in grants {
            insert_grant(&mut tx, org, id, *grant).await?;
        }
        let data =
            serde_json::json!({ "what": "person-added", "person": id, "roles": told(grants) });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// A person by id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn person(&self, org: Org, id: i64) -> Result<Option<Person>> {
        let sql = format!("SELECT {COLUMNS} FROM person WHERE org = $1 AND id = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        row.as_ref().map(Person::from_row).transpose()
    }

    /// Who has an address, in whichever organisations.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn people_of_email(&self, email: &str) -> Result<Vec<(Org, Person)>> {
        let sql =
            format!("SELECT {COLUMNS}, org FROM person WHERE email = $1 ORDER BY org LIMIT 100");
        let found = (&mut &self.db).all(&sql, args![email.to_lowercase()]).await?;
        found.iter().map(|row| Ok((Org(row.int(10)?), Person::from_row(row)?))).collect()
    }

    /// Who has a subject at an OIDC provider.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn person_of_subject(&self, org: Org, subject: &str) -> Result<Option<Person>> {
        let sql = format!("SELECT {COLUMNS} FROM person WHERE org = $1 AND subject = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, subject]).await?;
        row.as_ref().map(Person::from_row).transpose()
    }

    /// Everybody, by name.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn people(&self, org: Org) -> Result<Vec<Person>> {
        let sql = format!("SELECT {COLUMNS} FROM person WHERE org = $1 ORDER BY name, id");
        let found = (&mut &self.db).all(&sql, args![org.0]).await?;
        found.iter().map(Person::from_row).collect()
    }

    /// The roles of a person.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn grants(&self, org: Org, person: i64) -> Result<Vec<Grant>> {
        let sql = "SELECT role, scope, scope_id FROM holds_role WHERE org = $1 AND person = $2
            ORDER BY role, scope, scope_id";
        let found = (&mut &self.db).all(sql, args![org.0, person]).await?;
        let read = |row: &Row| {
            Ok(Grant {
                role: role(&row.text(0)?)?,
                scope: ScopeOf::from_parts(&row.text(1)?, row.int(2)?)?,
            })
        };
        found.iter().map(read).collect()
    }

    /// The roles of everybody who has any, by person.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn all_grants(&self, org: Org) -> Result<HashMap<i64, Vec<Grant>>> {
        let sql = "SELECT person, role, scope, scope_id FROM holds_role WHERE org = $1
            ORDER BY person, role, scope, scope_id";
        let mut of: HashMap<i64, Vec<Grant>> = HashMap::new();
        for row in (&mut &self.db).all(sql, args![org.0]).await? {
            let grant = Grant {
                role: role(&row.text(1)?)?,
                scope: ScopeOf::from_parts(&row.text(2)?, row.int(3)?)?,
            };
            of.entry(row.int(0)?).or_default().push(grant);
        }
        Ok(of)
    }

    /// Replaces the roles of a person. The last admin of an organisation stays one.
    ///
    /// # Errors
    /// Nobody would be left to administer it.
    pub async fn set_grants(
        &self,
        org: Org,
        person: i64,
        grants: &[Grant],
        actor: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "DELETE FROM holds_role WHERE org = $1 AND person = $2";
        tx.run(sql, args![org.0, person]).await?;
        for grant in grants {
            insert_grant(&mut tx, org, person, *grant).await?;
        }
        let sql = "SELECT COUNT(*) FROM holds_role JOIN person ON person.org = holds_role.org
                AND person.id = holds_role.person
            WHERE holds_role.org = $1 AND role = 'admin' AND scope = 'organisation' AND NOT disabled";
        let admins = tx.first(sql, args![org.0]).await?.map_or(Ok(0), |row| row.int(0))?;
        if admins == 0 {
            return Err(StoreError::Refused("nobody would be left to administer it".to_owned()));
        }
        let data = serde_json::json!({ "what": "roles", "person": person, "roles": told(grants) });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await
    }

    /// Sets the address.
    ///
    /// # Errors
    /// The address is taken.
    pub async fn set_email(
        &self,
        org: Org,
        person: i64,
        email: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE person SET email = $3, verified = NULL WHERE org = $1 AND id = $2";
        tx.run(sql, args![org.0, person, email.to_lowercase()]).await?;
        let data = serde_json::json!({ "what": "email", "person": person });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await
    }

    /// Says who a person is at an OIDC provider.
    ///
    /// # Errors
    /// Somebody else here is that.
    pub async fn set_subject(
        &self,
        org: Org,
        person: i64,
        subject: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE person SET subject = $3 WHERE org = $1 AND id = $2";
        tx.run(sql, args![org.0, person, subject]).await?;
        let data = serde_json::json!({ "what": "subject", "person": person, "subject": subject });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await
    }

    /// Sets the password's hash. Every session of the person ends.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_password(
        &self,
        org: Org,
        person: i64,
        phc: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE person SET password = $3, failures = 0, locked_until = NULL
            WHERE org = $1 AND id = $2";
        tx.run(sql, args![org.0, person, phc]).await?;
        let sql = "DELETE FROM session WHERE org = $1 AND person = $2";
        tx.run(sql, args![org.0, person]).await?;
        let data = serde_json::json!({ "what": "password", "person": person });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await
    }

    /// Sets or removes the sealed secret of one-time codes.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_totp(
        &self,
        org: Org,
        person: i64,
        secret: Option<Vec<u8>>,
        actor: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let what = if secret.is_some() { "totp-on" } else { "totp-off" };
        let sql = "UPDATE person SET totp = $3, totp_step = NULL WHERE org = $1 AND id = $2";
        tx.run(sql, args![org.0, person, secret]).await?;
        // The codes of an old secret stand in for no new one.
        let sql = "DELETE FROM recovery_code WHERE org = $1 AND person = $2";
        tx.run(sql, args![org.0, person]).await?;
        let data = serde_json::json!({ "what": what, "person": person });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await
    }

    /// Uses up a time step of one-time codes. `false`: it, or a later one, was used before.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn use_totp_step(&self, org: Org, person: i64, step: i64) -> Result<bool> {
        let sql = "UPDATE person SET totp_step = $3
            WHERE org = $1 AND id = $2 AND (totp_step IS NULL OR totp_step < $3)";
        Ok((&mut &self.db).run(sql, args![org.0, person, step]).await? == 1)
    }

    /// Closes or opens an account. Its sessions end, its tokens are revoked.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_disabled(
        &self,
        org: Org,
        person: i64,
        disabled: bool,
        actor: &str,
        now: Timestamp,
    ) -> Result<()> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE person SET disabled = $3 WHERE org = $1 AND id = $2";
        tx.run(sql, args![org.0, person, disabled]).await?;
        if disabled {
            let sql = "DELETE FROM session WHERE org = $1 AND person = $2";
            tx.run(sql, args![org.0, person]).await?;
            let sql =
                "UPDATE token SET revoked = $3 WHERE org = $1 AND person = $2 AND revoked IS NULL";
            tx.run(sql, args![org.0, person, micros(now)]).await?;
            // Who comes back is on the wall, and has a card for others, once they say so themselves.
            let sql = "INSERT INTO unshown (org, person, since) VALUES ($1, $2, $3)
                ON CONFLICT DO NOTHING";
            tx.run(sql, args![org.0, person, micros(now)]).await?;
        }
        let what = if disabled { "person-closed" } else { "person-opened" };
        let data = serde_json::json!({ "what": what, "person": person });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await
    }

    /// Notes how an attempt to sign in went. After `most` failures in a row the account is locked until
    /// `locked_until`. Returns the failures in a row.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn note_attempt(
        &self,
        org: Org,
        person: i64,
        good: bool,
        most: i64,
        locked_until: Timestamp,
    ) -> Result<i64> {
        let sql = if good {
            "UPDATE person SET failures = 0, locked_until = NULL
             WHERE org = $1 AND id = $2 AND $3 > 0 AND $4 > 0 RETURNING failures"
        } else {
            "UPDATE person SET failures = failures + 1,
                locked_until = CASE WHEN failures + 1 >= $3 THEN $4 ELSE locked_until END
             WHERE org = $1 AND id = $2 RETURNING failures"
        };
        let row =
            (&mut &self.db).first(sql, args![org.0, person, most, micros(locked_until)]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// Begins a session. `digest` is that of the secret which the browser keeps.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_session(&self, digest: &str, session: &Session, now: Timestamp) -> Result<()> {
        let sql = "INSERT INTO session (digest, org, person, csrf, created, expires)
            VALUES ($1, $2, $3, $4, $5, $6)";
        let values = args![
            digest,
            session.org.0,
            session.person,
            &session.csrf,
            micros(now),
            micros(session.expires)
        ];
        (&mut &self.db).run(sql, values).await.map(|_| ())
    }

    /// The session of a digest, if it has not ended and its person may sign in.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn session(&self, digest: &str, now: Timestamp) -> Result<Option<Session>> {
        let sql = "SELECT session.org, person, csrf, expires FROM session
            JOIN person ON person.org = session.org AND person.id = session.person
            WHERE digest = $1 AND expires > $2 AND NOT disabled";
        let row = (&mut &self.db).first(sql, args![digest, micros(now)]).await?;
        let read = |row: Row| {
            Ok(Session {
                org: Org(row.int(0)?),
                person: row.int(1)?,
                csrf: row.text(2)?,
                expires: moment(row.int(3)?)?,
            })
        };
        row.map(read).transpose()
    }

    /// Ends a session.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_session(&self, digest: &str) -> Result<()> {
        (&mut &self.db)
            .run("DELETE FROM session WHERE digest = $1", args![digest])
            .await
            .map(|_| ())
    }

    /// Ends every session of a person, and takes back links that were not used. Returns how many sessions.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_sessions(
        &self,
        org: Org,
        person: i64,
        actor: &str,
        now: Timestamp,
    ) -> Result<u64> {
        let mut tx = self.db.begin().await?;
        let sql = "DELETE FROM session WHERE org = $1 AND person = $2";
        let ended = tx.run(sql, args![org.0, person]).await?;
        let sql = "DELETE FROM sign_in_link WHERE org = $1 AND person = $2 AND used IS NULL";
        tx.run(sql, args![org.0, person]).await?;
        let data = serde_json::json!({ "what": "sessions-ended", "person": person });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(ended)
    }

    /// Makes a link that signs a person in once.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_link(
        &self,
        org: Org,
        person: i64,
        digest: &str,
        expires: Timestamp,
    ) -> Result<()> {
        let sql = "INSERT INTO sign_in_link (digest, org, person, expires) VALUES ($1, $2, $3, $4)";
        (&mut &self.db).run(sql, args![digest, org.0, person, micros(expires)]).await.map(|_| ())
    }

    /// Uses a link up. `None`: there is none, it is too old, or it was used.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn use_link(&self, digest: &str, now: Timestamp) -> Result<Option<(Org, i64)>> {
        let sql = "UPDATE sign_in_link SET used = $2
            WHERE digest = $1 AND used IS NULL AND expires > $2 RETURNING org, person";
        let row = (&mut &self.db).first(sql, args![digest, micros(now)]).await?;
        row.map(|row| Ok((Org(row.int(0)?), row.int(1)?))).transpose()
    }
}

async fn insert_grant(tx: &mut crate::db::Tx, org: Org, person: i64, grant: Grant) -> Result<()> {
    let (scope, id) = grant.scope.parts();
    let sql =
        "INSERT INTO holds_role (org, person, role, scope, scope_id) VALUES ($1, $2, $3, $4, $5)
        ON CONFLICT DO NOTHING";
    tx.run(sql, args![org.0, person, grant.role.as_str(), scope, id]).await.map(|_| ())
}

fn told(grants: &[Grant]) -> Vec<String> {
    let tell = |grant: &Grant| match grant.scope {
        ScopeOf::Organisation => grant.role.as_str().to_owned(),
        ScopeOf::Team(id) => format!("{} of team {id}", grant.role.as_str()),
        ScopeOf::System(id) => format!("{} of system {id}", grant.role.as_str()),
    };
    grants.iter().map(tell).collect()
}
