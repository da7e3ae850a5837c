//! Tokens for programs: shown once, kept as a digest, with a scope, an end, and a way to revoke them.

use jiff::Timestamp;

use crate::condition::Condition;
use crate::db::{Row, Sql, args};
use crate::error::Result;
use crate::ids::Kind;
use crate::ledger;
use crate::organisations::changed;
use crate::page::{Cursor, MOST, Page};
use crate::people::ScopeOf;
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// A token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its id.
    pub id: i64,
    /// The organisation.
    pub org: Org,
    /// What people call it.
    pub name: String,
    /// Who made it; it may never do more than that person.
    pub person: i64,
    /// The actions that it is for.
    pub actions: Vec<String>,
    /// What it reaches.
    pub scope: ScopeOf,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Timestamp,
    /// When it was revoked.
    pub revoked: Option<Timestamp>,
    /// When it was last used: of several times within an hour, the first.
    pub used: Option<Timestamp>,
    /// By which handle a sender that signs is known, if one does.
    pub hook: Option<String>,
}

/// What a sender signs with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hook {
    /// Its handle, in the address that the sender is given.
    pub handle: String,
    /// The secret, sealed.
    pub secret: Vec<u8>,
}

/// A token to be added.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewToken {
    /// What people call it.
    pub name: String,
    /// Who makes it.
    pub person: i64,
    /// The actions that it is for.
    pub actions: Vec<String>,
    /// What it reaches.
    pub scope: ScopeOf,
    /// When it ends.
    pub expires: Timestamp,
}

const COLUMNS: &str =
    "id, org, name, person, actions, scope, scope_id, created, expires, revoked, used, hook";

impl Token {
    fn from_row(row: &Row) -> Result<Token> {
        Ok(Token {
            id: row.int(0)?,
            org: Org(row.int(1)?),
            name: row.text(2)?,
            person: row.int(3)?,
            actions: row.json(4)?,
            scope: ScopeOf::from_parts(&row.text(5)?, row.int(6)?)?,
            created: moment(row.int(7)?)?,
            expires: moment(row.int(8)?)?,
            revoked: maybe(row.maybe_int(9)?)?,
            used: maybe(row.maybe_int(10)?)?,
            hook: row.maybe_text(11)?,
        })
    }
}

/// Not ended by `$2`, not revoked, its person not closed.
const HOLDS: &str = "revoked IS NULL AND expires > $2 AND EXISTS (SELECT 1 FROM person
    WHERE person.org = token.org AND person.id = token.person AND NOT disabled)";

impl Store {
    /// Adds a token; `digest` is that of its secret.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_token(
        &self,
        org: Org,
        token: &NewToken,
        digest: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let id = self.ids.one(&self.db, org.0, Kind::Token).await?;
        let (scope, scope_id) = token.scope.parts();
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO token
                (org, id, name, digest, person, actions, scope, scope_id, created, expires)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)";
        let actions = serde_json::Value::from(token.actions.clone()).to_string();
        let values = args![
            org.0,
            id,
            &token.name,
            digest,
            token.person,
            actions,
            scope,
            scope_id,
            micros(now),
            micros(token.expires)
        ];
        tx.run(sql, values).await?;
        let data = serde_json::json!({ "what": "token-added", "token": id, "name": token.name,
            "actions": token.actions, "expires": token.expires.to_string() });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// The token of a digest, if it holds: not ended, not revoked, its person not closed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn token(&self, digest: &str, now: Timestamp) -> Result<Option<Token>> {
        let sql = format!("SELECT {COLUMNS} FROM token WHERE digest = $1 AND {HOLDS}");
        let row = (&mut &self.db).first(&sql, args![digest, micros(now)]).await?;
        row.as_ref().map(Token::from_row).transpose()
    }

    /// The token by whose secret a sender signs, if it holds, with that secret, sealed.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn token_of_hook(
        &self,
        handle: &str,
        now: Timestamp,
    ) -> Result<Option<(Token, Vec<u8>)>> {
        let sql = format!(
            "SELECT {COLUMNS}, hook_secret FROM token
             WHERE hook = $1 AND hook_secret IS NOT NULL AND {HOLDS}"
        );
        let row = (&mut &self.db).first(&sql, args![handle, micros(now)]).await?;
        let read =
            |row: Row| Ok((Token::from_row(&row)?, row.maybe_bytes(12)?.unwrap_or_default()));
        row.map(read).transpose()
    }

    /// Sets or takes back what a sender signs with. `false`: there is no such token that is not revoked.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn set_hook(
        &self,
        org: Org,
        id: i64,
        hook: Option<Hook>,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let what = if hook.is_some() { "token-signs" } else { "token-signs-no-more" };
        let (handle, secret) = hook.map(|hook| (hook.handle, hook.secret)).unzip();
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE token SET hook = $3, hook_secret = $4
            WHERE org = $1 AND id = $2 AND revoked IS NULL";
        if tx.run(sql, args![org.0, id, handle, secret]).await? == 0 {
            return Ok(false);
        }
        let data = serde_json::json!({ "what": what, "token": id });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Notes that a token was used. Once an hour, so that a busy token writes little.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn note_token(&self, token: &Token, now: Timestamp) -> Result<()> {
        const HOUR: i64 = 3_600_000_000;
        let hour = micros(now).div_euclid(HOUR) * HOUR;
        if token.used.is_some_and(|used| micros(used) >= hour) {
            return Ok(());
        }
        let sql = "UPDATE token SET used = $3 WHERE org = $1 AND id = $2";
        (&mut &self.db).run(sql, args![token.org.0, token.id, micros(now)]).await.map(|_| ())
    }

    /// A token by its id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn token_numbered(&self, org: Org, id: i64) -> Result<Option<Token>> {
        let sql = format!("SELECT {COLUMNS} FROM token WHERE org = $1 AND id = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        row.as_ref().map(Token::from_row).transpose()
    }

    /// Every token, the newest first, at most 1,000.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tokens(&self, org: Org) -> Result<Vec<Token>> {
        let sql = format!("SELECT {COLUMNS} FROM token WHERE org = $1 ORDER BY id DESC LIMIT 1000");
        let found = (&mut &self.db).all(&sql, args![org.0]).await?;
        found.iter().map(Token::from_row).collect()
    }

    /// Tokens of a person or of everybody, of all or of those that hold at a moment, the newest first, a page at a
    /// time.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn tokens_page(
        &self,
        org: Org,
        person: Option<i64>,
        holding: Option<Timestamp>,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Token>> {
        let limit = limit.clamp(1, MOST);
        let mut is = Condition::of("token.org", org);
        is.and("token.person = ", person);
        is.and("token.revoked IS NULL AND token.expires > ", holding.map(micros));
        is.and("token.id < ", after.map(|after| after.id));
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS} FROM token WHERE {} ORDER BY token.id DESC LIMIT {asked}",
            is.text
        );
        let found = (&mut &self.db).all(&sql, is.values).await?;
        let found = found.iter().map(Token::from_row).collect::<Result<Vec<Token>>>()?;
        Ok(Page::cut(found, limit, |token| Cursor { value: 0, id: token.id }))
    }

    /// Revokes a token. `false`: there is none that holds.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn revoke_token(
        &self,
        org: Org,
        id: i64,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE token SET revoked = $3 WHERE org = $1 AND id = $2 AND revoked IS NULL";
        if tx.run(sql, args![org.0, id, micros(now)]).await? == 0 {
            return Ok(false);
        }
        let data = serde_json::json!({ "what": "token-revoked", "token": id });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }
}
