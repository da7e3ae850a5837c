//! Letters to teams: begun in the transaction that notes what they tell of, handed over afterwards, and what became of
//! each copy. A copy whose handing over was begun and never ended may have been taken: it is not sent again by itself.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::condition::{Condition, listed};
use crate::db::{Row, Sql, args};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::organisations::changed;
use crate::page::{Cursor, MOST, Page};
use crate::time::{maybe, micros, moment};
use crate::{Org, Store, ledger};

/// A letter to be begun.
#[derive(Debug, Clone, PartialEq)]
pub struct NewLetter {
    /// The team.
    pub team: i64,
    /// Why, in the server's word.
    pub why: String,
    /// What it tells of.
    pub items: Vec<String>,
    /// What it says; the server reads it.
    pub told: Value,
}

/// To whom it goes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewRecipient {
    /// By which kind of channel.
    pub channel: String,
    /// An address for mail, or the name of a channel's server: never a secret.
    pub address: String,
    /// The person, where it is one.
    pub person: Option<i64>,
}

/// What became of a copy.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Became {
    /// Its handing over was begun.
    Begun,
    /// It was taken.
    Sent,
    /// It was not taken now, and is sent again.
    Later,
    /// It will not be taken: somebody must change something.
    Refused,
    /// Nobody knows: it is not sent again.
    Unknown,
}

impl Became {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            Became::Begun => "begun",
            Became::Sent => "sent",
            Became::Later => "later",
            Became::Refused => "refused",
            Became::Unknown => "unknown",
        }
    }

    pub(crate) fn read(text: &str) -> Result<Became> {
        use Became::{Begun, Later, Refused, Sent, Unknown};
        let all = [Begun, Sent, Later, Refused, Unknown];
        let known = all.into_iter().find(|is| is.as_str() == text);
        known.ok_or_else(|| StoreError::Damaged(format!("a copy of a letter is `{text}`")))
    }
}

/// A copy of a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// The letter.
    pub letter: i64,
    /// Which copy.
    pub nth: i64,
    /// To whom.
    pub to: NewRecipient,
    /// What became of it.
    pub became: Became,
    /// How often it was tried.
    pub tries: i64,
    /// When it is tried again.
    pub next: Option<Timestamp>,
    /// Since when it is so.
    pub changed: Timestamp,
    /// Why, in words.
    pub detail: String,
}

/// A letter.
#[derive(Debug, Clone, PartialEq)]
pub struct Letter {
    /// Its id.
    pub id: i64,
    /// When it was begun.
    pub at: Timestamp,
    /// What was begun.
    pub is: NewLetter,
    /// Its copies.
    pub copies: Vec<Recipient>,
}

/// That something was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SentOf {
    /// When.
    pub at: Timestamp,
    /// Why.
    pub why: String,
    /// Of what.
    pub items: Vec<String>,
}

const COLUMNS: &str = "id, team, why, at, items, told";
const COPIES: &str = "letter, nth, channel, address, person, state, tries, next, changed, detail";

impl Letter {
    fn from_row(row: &Row) -> Result<Letter> {
        Ok(Letter {
            id: row.int(0)?,
            at: moment(row.int(3)?)?,
            is: NewLetter {
                team: row.int(1)?,
                why: row.text(2)?,
                items: row.json(4)?,
                told: row.json(5)?,
            },
            copies: Vec::new(),
        })
    }
}

impl Recipient {
    fn from_row(row: &Row) -> Result<Recipient> {
        Ok(Recipient {
            letter: row.int(0)?,
            nth: row.int(1)?,
            to: NewRecipient {
                channel: row.text(2)?,
                address: row.text(3)?,
                person: row.maybe_int(4)?,
            },
            became: Became::read(&row.text(5)?)?,
            tries: row.int(6)?,
            next: maybe(row.maybe_int(7)?)?,
            changed: moment(row.int(8)?)?,
            detail: row.text(9)?,
        })
    }
}

impl Store {
    /// Begins a letter with all its copies, none of which is handed over yet, as decided by a turn of the team's wishes.
    /// `None`: another began one since, or the wishes are others: then it is to be decided anew.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn begin_letter(
        &self,
        org: Org,
        turn: i64,
        (new, to): (&NewLetter, &[NewRecipient]),
        now: Timestamp,
    ) -> Result<Option<i64>> {
        let id = self.ids.one(&self.db, org.0, Kind::Letter).await?;
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE notice_wishes SET turn = turn + 1
            WHERE org = $1 AND team = $2 AND turn = $3";
        if tx.run(sql, args![org.0, new.team, turn]).await? == 0 {
            return Ok(None);
        }
        let sql = "INSERT INTO letter (org, id, team, why, at, items, told)
            VALUES ($1, $2, $3, $4, $5, $6, $7)";
        let (items, told) = (json!(new.items).to_string(), new.told.to_string());
        tx.run(sql, args![org.0, id, new.team, &new.why, micros(now), items, told]).await?;
        for (nth, to) in (0i64..).zip(to) {
            let sql = "INSERT INTO letter_to
                    (org, letter, nth, channel, address, person, state, tries, next, changed,
                        detail)
                VALUES ($1, $2, $3, $4, $5, $6, 'later', 0, $7, $7, '')";
            let values = args![org.0, id, nth, &to.channel, &to.address, to.person, micros(now)];
            tx.run(sql, values).await?;
        }
        let data = json!({ "what": "letter", "letter": id, "team": new.team, "why": new.why,
            "things": new.items.len(), "copies": to.len() });
        ledger::append(&mut tx, org, &[changed("trimtab", now, data)]).await?;
        tx.commit().await?;
        Ok(Some(id))
    }

    /// Has a letter that was refused for everybody to whom it went by name go to others, too. Returns to how many: to none where
    /// one of them took it or still may, and where it went to others before.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn copy_to_others(
        &self,
        org: Org,
        letter: i64,
        to: &[NewRecipient],
        now: Timestamp,
    ) -> Result<usize> {
        let mut tx = self.db.begin().await?;
        let sql = "SELECT state, person, nth FROM letter_to WHERE org = $1 AND letter = $2";
        let held = tx.all(sql, args![org.0, letter]).await?;
        let mut last: i64 = -1;
        for row in &held {
            last = last.max(row.int(2)?);
            if row.text(0)? != Became::Refused.as_str() || row.maybe_int(1)?.is_none() {
                return Ok(0);
            }
        }
        if held.is_empty() {
            return Ok(0);
        }
        let mut added = 0;
        for (nth, to) in (last + 1..).zip(to) {
            let sql = "INSERT INTO letter_to
                    (org, letter, nth, channel, address, person, state, tries, next, changed,
                        detail)
                VALUES ($1, $2, $3, $4, $5, $6, 'later', 0, $7, $7, '')
                ON CONFLICT DO NOTHING";
            let values =
                args![org.0, letter, nth, &to.channel, &to.address, to.person, micros(now)];
            added += usize::from(tx.run(sql, values).await? > 0);
        }
        tx.commit().await?;
        Ok(added)
    }

    /// What a team was told of since a moment, the oldest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn told_since(&self, org: Org, team: i64, since: Timestamp) -> Result<Vec<SentOf>> {
        let sql = "SELECT at, why, items FROM letter
            WHERE org = $1 AND team = $2 AND at >= $3 ORDER BY at, id";
        let found = (&mut &self.db).all(sql, args![org.0, team, micros(since)]).await?;
        let read = |row: &Row| {
            let items = row.json(2)?;
            Ok(SentOf { at: moment(row.int(0)?)?, why: row.text(1)?, items })
        };
        found.iter().map(read).collect()
    }

    /// When and why a team was told since a moment, the oldest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn noise_since(
        &self,
        org: Org,
        team: i64,
        since: Timestamp,
    ) -> Result<Vec<(Timestamp, String)>> {
        let sql = "SELECT at, why FROM letter
            WHERE org = $1 AND team = $2 AND at >= $3 ORDER BY at, id";
        let found = (&mut &self.db).all(sql, args![org.0, team, micros(since)]).await?;
        found.iter().map(|row| Ok((moment(row.int(0)?)?, row.text(1)?))).collect()
    }

    /// A letter with its copies.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn letter(&self, org: Org, id: i64) -> Result<Option<Letter>> {
        let sql = format!("SELECT {COLUMNS} FROM letter WHERE org = $1 AND id = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        let Some(row) = row else { return Ok(None) };
        let mut letter = Letter::from_row(&row)?;
        let mut copies = self.copies(org, &[id]).await?;
        letter.copies = copies.remove(&id).unwrap_or_default();
        Ok(Some(letter))
    }

    /// Letters to a team with their copies, the newest first, a page at a time.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn letters(
        &self,
        org: Org,
        team: i64,
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Letter>> {
        let limit = limit.clamp(1, MOST);
        let mut is = Condition::of("letter.org", org);
        is.and("letter.team = ", Some(team));
        if let Some(after) = after {
            let (at, id) = (is.value(after.value), is.value(after.id));
            is.text +=
                &format!(" AND letter.at <= {at} AND (letter.at < {at} OR letter.id < {id})");
        }
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS} FROM letter WHERE {} ORDER BY letter.at DESC, letter.id DESC
             LIMIT {asked}",
            is.text
        );
        let found = (&mut &self.db).all(&sql, is.values).await?;
        let found = found.iter().map(Letter::from_row).collect::<Result<Vec<Letter>>>()?;
        let mut page = Page::cut(found, limit, |one| Cursor { value: micros(one.at), id: one.id });
        let ids: Vec<i64> = page.rows.iter().map(|one| one.id).collect();
        let mut copies = self.copies(org, &ids).await?;
        for letter in &mut page.rows {
            letter.copies = copies.remove(&letter.id).unwrap_or_default();
        }
        Ok(page)
    }

    /// Of each team its last alarm since a moment, if everybody to whom it went refused it: the team, the letter, and when.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn untaken_alarms(
        &self,
        org: Org,
        since: Timestamp,
    ) -> Result<Vec<(i64, i64, Timestamp)>> {
        let sql = "SELECT DISTINCT letter.team, letter.id, letter.at
            FROM letter_to JOIN letter ON letter.org = $1 AND letter.id = letter_to.letter
            WHERE letter_to.org = $1 AND letter_to.state = 'refused'
                AND letter.at >= $2 AND letter.why <> 'digest'
                AND NOT EXISTS (SELECT 1 FROM letter_to AS other WHERE other.org = $1
                    AND other.letter = letter.id AND other.state <> 'refused')
                AND NOT EXISTS (SELECT 1 FROM letter AS later WHERE later.org = $1
                    AND later.team = letter.team AND later.why <> 'digest'
                    AND (later.at > letter.at OR (later.at = letter.at AND later.id > letter.id)))
            ORDER BY letter.team";
        let rows = (&mut &self.db).all(sql, args![org.0, micros(since)]).await?;
        let read = |row: &Row| Ok((row.int(0)?, row.int(1)?, moment(row.int(2)?)?));
        rows.iter().map(read).collect()
    }

    async fn copies(&self, org: Org, letters: &[i64]) -> Result<BTreeMap<i64, Vec<Recipient>>> {
        let sql = format!(
            "SELECT {COPIES} FROM letter_to WHERE org = $1 AND letter IN ({})
             ORDER BY letter, nth",
            listed(letters)
        );
        let mut all: BTreeMap<i64, Vec<Recipient>> = BTreeMap::new();
        for row in (&mut &self.db).all(&sql, args![org.0]).await? {
            let copy = Recipient::from_row(&row)?;
            all.entry(copy.letter).or_default().push(copy);
        }
        Ok(all)
    }

    /// Copies that are to be tried again by now, and when the next one is.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn copies_due(
        &self,
        org: Org,
        now: Timestamp,
        limit: usize,
    ) -> Result<(Vec<Recipient>, Option<Timestamp>)> {
        let sql = format!(
            "SELECT {COPIES} FROM letter_to
             WHERE org = $1 AND state = 'later' AND next <= $2 ORDER BY next, letter, nth LIMIT $3"
        );
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let found = (&mut &self.db).all(&sql, args![org.0, micros(now), limit]).await?;
        let due = found.iter().map(Recipient::from_row).collect::<Result<Vec<Recipient>>>()?;
        let sql = "SELECT MIN(next) FROM letter_to
            WHERE org = $1 AND state = 'later' AND next > $2";
        let row = (&mut &self.db).first(sql, args![org.0, micros(now)]).await?;
        Ok((due, row.map_or(Ok(None), |row| maybe(row.maybe_int(0)?))?))
    }

    /// Begins to hand a copy over. `false`: another did.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn begin_again(&self, org: Org, of: &Recipient, now: Timestamp) -> Result<bool> {
        let sql = "UPDATE letter_to SET state = 'begun', tries = tries + 1, next = NULL,
                changed = $5
            WHERE org = $1 AND letter = $2 AND nth = $3 AND state = 'later' AND tries = $4";
        let values = args![org.0, of.letter, of.nth, of.tries, micros(now)];
        Ok((&mut &self.db).run(sql, values).await? == 1)
    }

    /// Has a copy that was not taken wait until another moment.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn put_off(&self, org: Org, of: &Recipient, until: Timestamp) -> Result<()> {
        let sql = "UPDATE letter_to SET next = $5
            WHERE org = $1 AND letter = $2 AND nth = $3 AND state = 'later' AND tries = $4";
        let values = args![org.0, of.letter, of.nth, of.tries, micros(until)];
        (&mut &self.db).run(sql, values).await.map(|_| ())
    }

    /// Notes what became of a copy that is not over.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn end_copy(
        &self,
        org: Org,
        (letter, nth): (i64, i64),
        (became, next, detail): (Became, Option<Timestamp>, &str),
        now: Timestamp,
    ) -> Result<bool> {
        let sql = "UPDATE letter_to SET state = $4, next = $5, detail = $6, changed = $7
            WHERE org = $1 AND letter = $2 AND nth = $3
                AND (state IN ('begun', 'unknown') OR (state = 'later' AND tries = 0))";
        let values =
            args![org.0, letter, nth, became.as_str(), next.map(micros), detail, micros(now)];
        Ok((&mut &self.db).run(sql, values).await? == 1)
    }

    /// Notes of copies whose handing over was begun before a moment and never ended that nobody knows.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn lose_copies(&self, org: Org, before: Timestamp, now: Timestamp) -> Result<u64> {
        let sql = "UPDATE letter_to SET state = 'unknown', changed = $3,
                detail = 'the server ended while it was handed over; it may have been taken'
            WHERE org = $1 AND state = 'begun' AND changed < $2";
        (&mut &self.db).run(sql, args![org.0, micros(before), micros(now)]).await
    }

    /// Has copies of a letter that were refused, or of which nobody knows, sent again, as somebody wishes. Those to a
    /// channel that is no longer the team's go to what it is now, `to`. Returns how many.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn send_again(
        &self,
        org: Org,
        letter: i64,
        to: &[NewRecipient],
        actor: &str,
        now: Timestamp,
    ) -> Result<u64> {
        let mut copies = self.copies(org, &[letter]).await?;
        let copies = copies.remove(&letter).unwrap_or_default();
        let failed = |is: &&Recipient| matches!(is.became, Became::Refused | Became::Unknown);
        let stale = copies.iter().filter(failed);
        let stale = stale.filter(|is| is.to.person.is_none() && !to.contains(&is.to));
        let missing = to.iter().filter(|to| copies.iter().all(|is| is.to != **to));
        let moved: Vec<(i64, &NewRecipient)> = stale.map(|is| is.nth).zip(missing).collect();
        let mut tx = self.db.begin().await?;
        for (nth, to) in moved {
            let sql = "UPDATE letter_to SET channel = $4, address = $5
                WHERE org = $1 AND letter = $2 AND nth = $3 AND state IN ('refused', 'unknown')";
            let values = args![org.0, letter, nth, &to.channel, &to.address];
            tx.run(sql, values).await?;
        }
        let sql = "UPDATE letter_to SET state = 'later', next = $3, tries = 0, changed = $3
            WHERE org = $1 AND letter = $2 AND state IN ('refused', 'unknown')";
        let count = tx.run(sql, args![org.0, letter, micros(now)]).await?;
        if count == 0 {
            return Ok(0);
        }
        let data = json!({ "what": "letter-again", "letter": letter, "copies": count });
        ledger::append(&mut tx, org, &[changed(actor, now, data)]).await?;
        tx.commit().await?;
        Ok(count)
    }
}
