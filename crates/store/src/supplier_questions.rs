//! What we ask suppliers about their products, by when, and what they answered.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::condition::{Condition, listed};
use crate::db::{Row, Sql, args};
use crate::error::{Result, StoreError};
use crate::ids::Kind;
use crate::ledger;
use crate::page::{Cursor, MOST, Page};
use crate::suppliers::event;
use crate::time::{maybe, micros, moment};
use crate::{Org, Store};

/// A question.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewQuestion {
    /// Whom it is asked.
    pub supplier: i64,
    /// About which product.
    pub product: i64,
    /// The finding that it is about.
    pub finding: Option<i64>,
    /// The vulnerability that it is about.
    pub vulnerability: Option<String>,
    /// What is asked.
    pub words: String,
    /// Who asks.
    pub author: i64,
    /// The side that the author speaks for.
    pub author_role: String,
    /// By when it is to be answered.
    pub due: Timestamp,
}

/// How it stands with a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QuestionState {
    /// It waits.
    Asked,
    /// They answered.
    Answered,
    /// Nobody wants to know any longer.
    Withdrawn,
}

impl QuestionState {
    /// The word.
    pub const fn as_str(self) -> &'static str {
        match self {
            QuestionState::Asked => "asked",
            QuestionState::Answered => "answered",
            QuestionState::Withdrawn => "withdrawn",
        }
    }

    /// From the word.
    pub fn from_text(text: &str) -> Option<QuestionState> {
        use QuestionState::{Answered, Asked, Withdrawn};
        [Asked, Answered, Withdrawn].into_iter().find(|state| state.as_str() == text)
    }
}

/// A question with what became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// Its id.
    pub id: i64,
    /// What was asked.
    pub is: NewQuestion,
    /// When.
    pub asked: Timestamp,
    /// How it stands.
    pub state: QuestionState,
    /// What they answered and when; the server reads it.
    pub answer: Option<(Timestamp, Value)>,
    /// The decision that was asked for out of the answer.
    pub decision: Option<i64>,
}

const COLUMNS: &str =
    "id, supplier, product, finding, vulnerability, words, author, author_role, due,
    asked, state, answered, answer, decision";

impl Question {
    fn from_row(row: &Row) -> Result<Question> {
        let state = row.text(10)?;
        let answer: Option<Value> = row.maybe_json(12)?;
        Ok(Question {
            id: row.int(0)?,
            is: NewQuestion {
                supplier: row.int(1)?,
                product: row.int(2)?,
                finding: row.maybe_int(3)?,
                vulnerability: row.maybe_text(4)?,
                words: row.text(5)?,
                author: row.int(6)?,
                author_role: row.text(7)?,
                due: moment(row.int(8)?)?,
            },
            asked: moment(row.int(9)?)?,
            state: QuestionState::from_text(&state)
                .ok_or_else(|| StoreError::Damaged(format!("a question is `{state}`")))?,
            answer: maybe(row.maybe_int(11)?)?.zip(answer),
            decision: row.maybe_int(13)?,
        })
    }
}

impl Store {
    /// Asks a supplier about a product, which an asset stands for. Returns the question's id.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn add_question(
        &self,
        org: Org,
        (new, asset): (&NewQuestion, i64),
        actor: &str,
        now: Timestamp,
    ) -> Result<i64> {
        let id = self.ids.one(&self.db, org.0, Kind::Question).await?;
        let mut tx = self.db.begin().await?;
        let sql = "INSERT INTO supplier_question (org, id, supplier, product, finding,
                vulnerability, words, author, author_role, due, asked, state)
            VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, 'asked')";
        let values = args![
            org.0,
            id,
            new.supplier,
            new.product,
            new.finding,
            new.vulnerability.clone(),
            &new.words,
            new.author,
            &new.author_role,
            micros(new.due),
            micros(now)
        ];
        tx.run(sql, values).await?;
        let data = json!({ "what": "supplier-question", "supplier": new.supplier,
            "product": new.product, "question": id, "vulnerability": new.vulnerability,
            "words": new.words, "due": new.due.to_string() });
        ledger::append(&mut tx, org, &[event(actor, now, Some(asset), data)]).await?;
        tx.commit().await?;
        Ok(id)
    }

    /// Keeps what a supplier answered by a link. `false`: it was answered or withdrawn already, or is not theirs.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn answer_question(
        &self,
        org: Org,
        (supplier, id, link): (i64, i64, i64),
        (answer, asset): (&Value, i64),
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE supplier_question
            SET state = 'answered', answered = $4, answer = $5, link = $6
            WHERE org = $1 AND supplier = $2 AND id = $3 AND state = 'asked'";
        let values = args![org.0, supplier, id, micros(now), answer.to_string(), link];
        if tx.run(sql, values).await? == 0 {
            return Ok(false);
        }
        let data = json!({ "what": "supplier-answer", "supplier": supplier, "question": id,
            "answer": answer, "link": link });
        ledger::append(&mut tx, org, &[event(actor, now, Some(asset), data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Takes a question back that nobody answered. `false`: there is none.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn withdraw_question(
        &self,
        org: Org,
        (id, asset): (i64, i64),
        actor: &str,
        now: Timestamp,
    ) -> Result<bool> {
        let mut tx = self.db.begin().await?;
        let sql = "UPDATE supplier_question SET state = 'withdrawn'
            WHERE org = $1 AND id = $2 AND state = 'asked'";
        if tx.run(sql, args![org.0, id]).await? == 0 {
            return Ok(false);
        }
        let data = json!({ "what": "supplier-question-withdrawn", "question": id });
        ledger::append(&mut tx, org, &[event(actor, now, Some(asset), data)]).await?;
        tx.commit().await?;
        Ok(true)
    }

    /// Notes which decision was asked for out of an answer; the decision stands in the ledger itself.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn note_decision_of(&self, org: Org, question: i64, decision: i64) -> Result<()> {
        let sql = "UPDATE supplier_question SET decision = $3 WHERE org = $1 AND id = $2";
        (&mut &self.db).run(sql, args![org.0, question, decision]).await.map(|_| ())
    }

    /// A question.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn question(&self, org: Org, id: i64) -> Result<Option<Question>> {
        let sql = format!("SELECT {COLUMNS} FROM supplier_question WHERE org = $1 AND id = $2");
        let row = (&mut &self.db).first(&sql, args![org.0, id]).await?;
        row.as_ref().map(Question::from_row).transpose()
    }

    /// The questions about some products in a state, the newest first. `None`: in any.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn questions(
        &self,
        org: Org,
        (products, state): (&[i64], Option<QuestionState>),
        after: Option<Cursor>,
        limit: usize,
    ) -> Result<Page<Question>> {
        let limit = limit.clamp(1, MOST);
        let mut is = Condition::of("org", org);
        is.text += &format!(" AND product IN ({})", listed(products));
        is.and("state = ", state.map(QuestionState::as_str));
        is.and("id < ", after.map(|after| after.id));
        let asked = is.value(i64::try_from(limit + 1).unwrap_or(i64::MAX));
        let sql = format!(
            "SELECT {COLUMNS} FROM supplier_question WHERE {} ORDER BY id DESC LIMIT {asked}",
            is.text
        );
        let rows = (&mut &self.db).all(&sql, is.values).await?;
        let found = rows.iter().map(Question::from_row).collect::<Result<Vec<_>>>()?;
        Ok(Page::cut(found, limit, |one| Cursor { value: 0, id: one.id }))
    }

    /// How many questions about a product were answered.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn count_answered(&self, org: Org, product: i64) -> Result<i64> {
        let sql = "SELECT COUNT(*) FROM supplier_question
            WHERE org = $1 AND product = $2 AND state = 'answered'";
        let row = (&mut &self.db).first(sql, args![org.0, product]).await?;
        row.map_or(Ok(0), |row| row.int(0))
    }

    /// The questions about some products that wait for an answer, those that are due first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn questions_waiting(
        &self,
        org: Org,
        products: &[i64],
        limit: usize,
    ) -> Result<Vec<Question>> {
        let limit = i64::try_from(limit.clamp(1, MOST)).unwrap_or(i64::MAX);
        let sql = format!(
            "SELECT {COLUMNS} FROM supplier_question
             WHERE org = $1 AND product IN ({}) AND state = 'asked' ORDER BY due, id LIMIT $2",
            listed(products)
        );
        let rows = (&mut &self.db).all(&sql, args![org.0, limit]).await?;
        rows.iter().map(Question::from_row).collect()
    }

    /// The questions about a finding, the newest first.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn questions_of(&self, org: Org, finding: i64) -> Result<Vec<Question>> {
        let sql = format!(
            "SELECT {COLUMNS} FROM supplier_question WHERE org = $1 AND finding = $2
             ORDER BY id DESC LIMIT 50"
        );
        let rows = (&mut &self.db).all(&sql, args![org.0, finding]).await?;
        rows.iter().map(Question::from_row).collect()
    }
}
