//! Reviews: prepared, opened with what is shown then, and closed. What they decided is kept with whoever does it, and
//! followed afterwards. Everything is told to the ledger in the transaction that makes it so.

mod groups;

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::json;

use crate::condition::{Condition, listed};
use crate::db::{Row, Sql, Tx, args};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::ledger;
use crate::organisations::changed;
use crate::packs::put_stock;
use crate::page::{Cursor, MOST, Page};
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

macro_rules! words {
    ($name:ident, $($(#[$doc:meta])* $variant:ident = $text:literal),*) => {
        impl $name {
            /// The word.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text),* }
            }

            /// From the word.
            pub fn from_text(text: &str) -> Option<$name> {
                match text { $($text => Some($name::$variant),)* _ => None }
            }

            pub(crate) fn read(text: &str) -> Result<$name> {
                let wrong = || StoreError::Damaged(format!("a word of a review `{text}`"));
                $name::from_text(text).ok_or_else(wrong)
            }
        }
    };
}
pub(crate) use words;

/// How far a review is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReviewState {
    /// To be held: what it shows follows the data.
    Prepared,
    /// It is held: what it shows stays.
    Open,
    /// Over.
    Closed,
}
words!(ReviewState, Prepared = "prepared", Open = "open", Closed = "closed");

/// What a review is of.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ReviewOf {
    /// The whole organisation.
    All,
    /// A team: what it owns when the review is opened.
    Team(i64),
    /// Systems.
    Systems(Vec<i64>),
}

impl ReviewOf {
    /// The same word for every review of the same.
    pub fn word(&self) -> String {
        match self {
            ReviewOf::All => "all".to_owned(),
            ReviewOf::Team(id) => format!("team:{id}"),
            ReviewOf::Systems(ids) => {
                let mut ids = ids.clone();
                ids.sort_unstable();
                ids.dedup();
                let ids: Vec<String> = ids.iter().map(ToString::to_string).collect();
                format!("systems:{}", ids.join(","))
            }
        }
    }

    /// From the word.
    pub fn from_word(word: &str) -> Option<ReviewOf> {
        if word == "all" {
            return Some(ReviewOf::All);
        }
        if let Some(id) = word.strip_prefix("team:") {
            return id.parse().ok().map(ReviewOf::Team);
        }
        let ids: Option<Vec<i64>> =
            word.strip_prefix("systems:")?.split(',').map(|id| id.parse().ok()).collect();
        ids.map(ReviewOf::Systems)
    }
}

/// A review to be held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewReview {
    /// `weekly`, `monthly`, `quarterly`.
    pub kind: String,
    /// Of what.
    pub of: ReviewOf,
    /// The systems that it tells of; none, if it is of the whole organisation.
    pub systems: Vec<i64>,
    /// When.
    pub at: Timestamp,
    /// How many minutes.
    pub minutes: u32,
}

/// A review.
#[derive(Debug, Clone, PartialEq)]
pub struct Review {
    /// Its id.
    pub id: i64,
    /// What it is.
    pub is: NewReview,
    /// How far it is.
    pub state: ReviewState,
    /// When it was prepared.
    pub made: Timestamp,
    /// By whom.
    pub actor: String,
    /// When it was opened.
    pub opened: Option<Timestamp>,
    /// When it was closed.
    pub closed: Option<Timestamp>,
    /// What is shown, since it was opened.
    pub pack: Option<serde_json::Value>,
    /// What people wrote at its end.
    pub note: String,
}

/// Which reviews.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReviewFilter {
    /// Of a kind.
    pub kind: Option<String>,
    /// Of a team.
    pub team: Option<i64>,
    /// Of a scope, by its word.
    pub scope: Option<String>,
    /// That were opened.
    pub opened: bool,
    /// That decided what is still to be done.
    pub undone: bool,
    /// Opened before a moment.
    pub before: Option<Timestamp>,
    /// That tell of these systems alone: what a person may see. `None`: all.
    pub systems: Option<Vec<i64>>,
}

const COLUMNS: &str = "review.id, review.kind, review.scope, review.at, review.minutes,
    review.state, review.made, review.actor, review.opened, review.closed, review.pack, review.note";
impl Review {
    fn from_row(row: &Row) -> Result<Review> {
        let scope = row.text(2)?;
        let wrong = || StoreError::Damaged(format!("the scope of a review `{scope}`"));
        let read = |text: String| {
            serde_json::from_str(&text).map_err(|e| StoreError::Damaged(e.to_string()))
        };
        Ok(Review {
            id: row.int(0)?,
            is: NewReview {
                kind: row.text(1)?,
                of: ReviewOf::from_word(&scope).ok_or_else(wrong)?,
                systems: Vec::new(),
                at: moment(row.int(3)?)?,
                minutes: u32::try_from(row.int(4)?).unwrap_or(30),
            },
            state: ReviewState::read(&row.text(5)?)?,
            made: moment(row.int(6)?)?,
            actor: row.text(7)?,
            opened: maybe(row.maybe_int(8)?)?,
            closed: maybe(row.maybe_int(9)?)?,
            pack: row.maybe_text(10)?.map(read).transpose()?,
            note: row.text(11)?,
        })
    }
}

impl ReviewFilter {
    fn wanted(&self, org: Org) -> Condition {
        let mut is = Condition::of("review.org", org);
        is.and("review.kind = ", self.kind.clone());
        is.and("review.team = ", self.team);
        is.and("review.scope = ", self.scope.clone());
        if self.opened {
            is.text += " AND review.opened IS NOT NULL";
        }
        if self.undone {
            is.text += " AND EXISTS (SELECT 1 FROM review_decision AS todo
                WHERE todo.org = $1 AND todo.review = review.id AND todo.state = 'open')";
        }
        is.and("review.opened < ", self.before.map(micros));
        if let Some(systems) = &self.systems {
            is.text += &format!(
                " AND NOT review.whole AND EXISTS (SELECT 1 FROM review_system AS named
                    WHERE named.org = $1 AND named.review = review.id)
                  AND NOT EXISTS (SELECT 1 FROM review_system AS other
                    WHERE other.org = $1 AND other.review = review.id
                        AND other.system NOT IN ({}))",
                if systems.is_empty() { "0".to_owned() } else { listed(systems) }
            );
        }
        is
    }
}

/// A system is a team's: reviews of teams that are prepared tell of what the team owns then.
pub(crate) async fn moved(tx: &mut Tx, org: Org, (system, team): (i64, Option<i64>)) -> Result<()> {
    let of = team.map_or_else(String::new, |id| ReviewOf::Team(id).word());
    let sql = "DELETE FROM review_system WHERE org = $1 AND system = $2 AND review IN (
        SELECT id FROM review WHERE org = $1 AND state = 'prepared'
            AND scope LIKE 'team:%' AND scope <> $3)";
    tx.run(sql, args![org.0, system, &of]).await?;
    let sql = "INSERT INTO review_system (org, review, system)
        SELECT org, id, $2 FROM review WHERE org = $1 AND state = 'prepared' AND scope = $3
        ON CONFLICT DO NOTHING";
    tx.run(sql, args![org.0, system, &of]).await.map(|_| ())
}

/// Writes down that a review is prepared, and ends what was begun with that.
async fn put_prepared(
    mut tx: Tx,
    org: Org,
    (id, new, name): (i64, &NewReview, Option<&str>),
    actor: &str,
    now: Timestamp,
) -> Result<()> {
    let mut told = Vec::new();
    if let Some(name) = name {
        told.extend(groups::call(&mut tx, org, (&new.of, name), (actor, now)).await?);
    }
    let team = match new.of {
        ReviewOf::Team(id) => Some(id),
        ReviewOf::All | ReviewOf::Systems(_) => None,
    };
    let sql = "INSERT INTO review
            (org, id, kind, scope, team, whole, at, minutes, state, made, actor, note)
        VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'prepared', $9, $10, '')";
    let values = args![
        org.0,
        id,
        &new.kind,
        new.of.word(),
        team,
        new.of == ReviewOf::All,
        micros(new.at),
        i64::from(new.minutes),
        micros(now),
        actor
    ];
    tx.run(sql, values).await?;
    put_systems(&mut tx, org, id, &new.systems).await?;
    let data = json!({ "what": "review", "review": id, "state": "prepared", "kind": new.kind,
        "of": new.of.word(), "at": new.at.to_string(), "minutes": new.minutes });
    told.push(changed(actor, now, data));
    ledger::append(&mut tx, org, &told).await?;
    tx.commit().await
}

async fn put_systems(tx: &mut Tx, org: Org, review: i64, systems: &[i64]) -> Result<()> {
    let sql = "DELETE FROM review_system WHERE org = $1 AND review = $2";
    tx.run(sql, args![org.0, review]).await?;
    for system in systems {
        let sql = "INSERT INTO review_system (org, review, system) VALUES ($1, $2, $3)
            ON CONFLICT DO NOTHING";
        tx.run(sql, args![org.0, review, *system]).await?;
    }
    Ok(())
}

impl Store {
    /// Prepares a review. Returns its id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_review(
        &self,
        org: Org,
        new: &NewReview,
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let id = self.ids.one(&self.db, org.0, Kind::Review).await?;
        let tx = self.db.begin().await?;
        put_prepared(tx, org, (id, new, None), actor, now).await?;
        Ok(id)
    }

    /// The same, with what the group of systems is called from now on; `None`: as before. Not where one of the same kind and
    /// subject is planned for that time, which is to come: then it returns the id of that one, and `false`.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn plan_review(
        &self,
        org: Org,
        (new, name): (&NewReview, Option<&str>),
        actor: &str,
        now: Timestamp,
    ) -> Result<(i64, bool)> {
        let id = self.ids.one(&self.db, org.0, Kind::Review).await?;
        let mut tx = self.db.begin().await?;
        if new.at > now {
            // Of two that plan it at once the second sees the first.
            ledger::hold(&mut tx, org).await?;
            let sql = "SELECT id FROM review WHERE org = $1 AND at = $2 AND kind = $3
                AND scope = $4 AND state = 'prepared' ORDER BY id LIMIT 1";
            let values = args![org.0, micros(new.at), &new.kind, new.of.word()];
            if let Some(row) = tx.first(sql, values).await? {
                return Ok((row.int(0)?, false));
            }
        }
        put_prepared(tx, org, (id, new, name), actor, now).await?;
        Ok((id, true))
    }

    /// A review.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn review(&self, org: Org, id: i64) -> Result<Option<Review>> {
        let sql = format!("SELECT {COLUMNS} FROM review WHERE org = $1 AND id = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        let Some(row) = row else { return Ok(None) };
        let mut found = vec![Review::from_row(&row)?];
        self.name_systems(org, &mut found).await?;
        Ok(found.pop())
    }

    async fn name_systems(&self, org: Org, all: &mut [Review]) -> Result<()> {
        let ids: Vec<i64> = all.iter().map(|review| review.id).collect();
        let sql = format!(
            "SELECT review, system FROM review_system WHERE org = $1 AND review IN ({})
             ORDER BY review, system",
            listed(&ids)
        );
        let mut of: HashMap<i64, Vec<i64>> = HashMap::new();
        for row in (&mut &self.db).all(&sql, args![org.0]).await? {
            of.entry(row.int(0)?).or_default().push(row.int(1)?);
        }
        for review in all {
            review.is.systems = of.remove(&review.id).unwrap_or_default();
        }
        Ok(())
    }

    /// How many reviews of a filter there are in each state, and when the soonest of them is.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn count_reviews(
        &self,
        org: Org,
        filter: &ReviewFilter,
    ) -> Result<Vec<(ReviewState, i64, Timestamp)>> {
        let is = filter.wanted(org);
        let sql = format!(
            "SELECT review.state, COUNT(*), MIN(review.at) FROM review WHERE {}
             GROUP BY review.state",
            is.text
        );
        let found = (&mut &self.db).all(&sql, is.values).await?;
        let read = |row: &Row| -> Result<(ReviewState, i64, Timestamp)> {
            Ok((ReviewState::read(&row.text(0)?)?, row.int(1)?, moment(row.int(2)?)?))
        };
        found.iter().map(read).collect()
    }

    /// Teams of which a review was opened since a moment.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn teams_reviewed(&self, org: Org, since: Timestamp) -> Result<Vec<i64>> {
        let sql = "SELECT DISTINCT team FROM review
            WHERE org = $1 AND team IS NOT NULL AND opened >= $2";
        let rows = (&mut &self.db).all(sql, args![org.0, micros(since)]).await?;
        rows.iter().map(|row| row.int(0)).collect()
    }

    /// Reviews that were opened since a moment, of a team; `None`: of any team. The newest first, at most `limit`.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn team_reviews(
        &self,
        org: Org,
        team: Option<i64>,
        since: Timestamp,
        limit: usize,
    ) -> Result<Vec<i64>> {
        let of = team.map_or_else(|| "IS NOT NULL".to_owned(), |id| format!("= {id}"));
        let sql = format!(
            "SELECT id FROM review WHERE org = $1 AND opened >= $2 AND team {of}
             ORDER BY opened DESC, id DESC LIMIT $3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = (&mut &self.db).all(&sql, args![org.0, micros(since), limit]).await?;
        rows.iter().map(|row| row.int(0)).collect()
    }

    /// Reviews of a filter, the latest first, a page at a time; what was shown is read of those that were opened alone,
    /// which are in the order of their opening and of one page.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn reviews(
        &self,
        org: Org,
        filter: &ReviewFilter,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Review>> {
        let limit = limit.clamp(1, MOST);
        let mut is = filter.wanted(org);
        if let Some(after) = after {
            let (at, id) = (is.value(after.value), is.value(after.id));
            is.text +=
                &format!(" AND review.at <= {at} AND (review.at < {at} OR review.id < {id})");
        }
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        // A list shows nothing of what was shown then, which is much.
        let (columns, order) = match filter.opened {
            true => (COLUMNS.to_owned(), "review.opened"),
            false => (COLUMNS.replace("review.pack", "CAST(NULL AS TEXT)"), "review.at"),
        };
        let sql = format!(
            "SELECT {columns} FROM review WHERE {} ORDER BY {order} DESC, review.id DESC
             LIMIT {asked}",
            is.text
        );
        let found = (&mut &self.db).all(&sql, is.values).await?;
        let mut found = found.iter().map(Review::from_row).collect::<Result<Vec<Review>>>()?;
        self.name_systems(org, &mut found).await?;
        Ok(Page::cut(found, limit, |one| Cursor { value: micros(one.is.at), id: one.id }))
    }

    /// Opens a review with what is shown from then on. `false`: it is not prepared.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn open_review(
        &self,
        org: Org,
        id: i64,
        shown: (&[i64], &serde_json::Value),
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        self.open_with_stock(org, (id, None), shown, None, (actor, now)).await
    }

    /// Opens a review as [`Store::open_review`] does, and keeps what was carried (`stock`). Whoever opens it is there, where
    /// a person is named.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn open_with_stock(
        &self,
        org: Org,
        (id, person): (i64, Option<i64>),
        (systems, pack): (&[i64], &serde_json::Value),
        stock: Option<&str>,
        (actor, now): (&str, Timestamp),
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        // From now on what it shows stands with it.
        let sql = "DELETE FROM review_prepared WHERE org = $1 AND review = $2";
        tx.run(sql, args![org.0, id]).await?;
        let sql = "UPDATE review SET state = 'open', opened = $3, pack = $4
            WHERE org = $1 AND id = $2 AND state = 'prepared'";
        if tx.run(sql, args![org.0, id, micros(now), pack.to_string()]).await? == 0 {
            return Ok(false);
        }
        put_systems(&mut tx, org, id, systems).await?;
        if let Some(stock) = stock {
            put_stock(&mut tx, org, id, stock).await?;
        }
        let data = json!({ "what": "review", "review": id, "state": "open",
            "figures": pack["figures"], "systems": systems, "topics": keys(pack) });
        let mut events = vec![changed(actor, now, data)];
        if let Some(person) = person {
            let sql = "INSERT INTO review_person (org, review, person, since)
                VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING";
            tx.run(sql, args![org.0, id, person, micros(now)]).await?;
            let data = json!({ "what": "review", "review": id, "present": person });
            events.push(changed(actor, now, data));
        }
        ledger::append(&mut tx, org, &events).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Notes that somebody is there; who is there already stays so. `false`: the review is not open.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn attend_review(
        &self,
        org: Org,
        id: i64,
        person: i64,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        if !is_open(&mut tx, org, id).await? {
            return Ok(false);
        }
        let sql = "INSERT INTO review_person (org, review, person, since) VALUES ($1, $2, $3, $4)
            ON CONFLICT DO NOTHING";
        if tx.run(sql, args![org.0, id, person, micros(now)]).await? == 0 {
            return Ok(true);
        }
        let data = json!({ "what": "review", "review": id, "present": person });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Who was there, in the order in which they came.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn review_people(&self, org: Org, id: i64) -> Result<Vec<(i64, Timestamp)>> {
        let sql = "SELECT person, since FROM review_person WHERE org = $1 AND review = $2
            ORDER BY since, person";
        let found = (&mut &self.db).all(sql, args![org.0, id]).await?;
        found.iter().map(|row| Ok((row.int(0)?, moment(row.int(1)?)?))).collect()
    }

    /// Closes a review. `false`: it is not open.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn close_review(
        &self,
        org: Org,
        id: i64,
        note: &str,
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE review SET state = 'closed', closed = $3, note = $4
            WHERE org = $1 AND id = $2 AND state = 'open'";
        if tx.run(sql, args![org.0, id, micros(now), note]).await? == 0 {
            return Ok(false);
        }
        let data = json!({ "what": "review", "review": id, "state": "closed", "note": note });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(true)
    }
}

/// The keys of the topics that a review shows, in their order.
fn keys(pack: &serde_json::Value) -> Vec<&str> {
    let parts = pack["parts"].as_array().into_iter().flatten();
    let topics = parts.filter_map(|part| part["topics"].as_array()).flatten();
    topics.filter_map(|topic| topic["key"].as_str()).collect()
}

/// Whether a review is open; on PostgreSQL it stays so until the transaction ends.
pub(crate) async fn is_open(tx: &mut Tx, org: Org, id: i64) -> Result<bool> {
    let sql = "UPDATE review SET state = 'open' WHERE org = $1 AND id = $2 AND state = 'open'";
    Ok(tx.run(sql, args![org.0, id]).await? > 0)
}
