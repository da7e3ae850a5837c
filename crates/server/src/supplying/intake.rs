//! What a supplier does by a link, without an account: sees what was promised and what is asked, sends documents about
//! its own products, and answers. Nothing else of ours is told.

use axum::http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tokio::sync::Semaphore;
use trimtab_model::decision::Justification;
use trimtab_model::evidence::VexStatus;
use trimtab_store::{
    NewSupplied, Org, Priority, Product, Question, QuestionState, Supplied, Supplier, SupplierLink,
};

use super::document::Told;
use super::{TEXT, document, judged};
use crate::access::secret::digest;
use crate::access::who;
use crate::api::snapshots;
use crate::deciding;
use crate::ingest::{self, Original, blocking};
use crate::jobs::Read;
use crate::problem::Problem;
use crate::reviewing::line;
use crate::sent::Sent;
use crate::state::App;

/// The largest document that is taken by a link, in bytes.
pub(crate) const LARGEST: u64 = 16 << 20;
/// How many documents a supplier may send in a day.
pub(crate) const MOST_A_DAY: i64 = 100;
/// How many questions are shown by a link.
const QUESTIONS: usize = 200;
/// How many answered ones are shown.
const ANSWERED: usize = 20;
/// One document is read at once: others wait, so that what is held of them stays bounded.
static READING: Semaphore = Semaphore::const_new(1);
/// Numbers of links beside those of tokens and boards, where requests are counted.
const BESIDE: i64 = 1 << 40;

/// Who comes by a link.
pub(crate) struct By {
    pub(crate) link: SupplierLink,
    pub(crate) supplier: Supplier,
    pub(crate) products: Vec<Product>,
}

impl By {
    pub(crate) fn org(&self) -> Org {
        self.link.org
    }

    /// The actor in the ledger.
    fn actor(&self) -> String {
        format!("supplier:{}", self.supplier.id)
    }

    fn ids(&self) -> Vec<i64> {
        self.products.iter().map(|product| product.id).collect()
    }

    pub(crate) fn product(&self, id: i64) -> Result<&Product, Problem> {
        let found = self.products.iter().find(|product| product.id == id);
        found.ok_or_else(|| Problem::not_found("product"))
    }
}

/// Who has a secret.
///
/// # Errors
/// No link that holds has it, or it is used too often.
pub(crate) async fn by_secret(app: &App, secret: &str) -> Result<By, Problem> {
    let missing = || Problem::not_found("page");
    let now = app.now();
    let link = app.store.supplier_link(&digest(secret), now).await?.ok_or_else(missing)?;
    app.limits.token(link.org, (-BESIDE).saturating_sub(link.id))?;
    let supplier = app.store.supplier(link.org, link.supplier).await?.ok_or_else(missing)?;
    let mut products = app.store.products(link.org, &[supplier.id]).await?;
    let products = products.remove(&supplier.id).unwrap_or_default();
    app.store.note_supplier_link(&link, now).await?;
    Ok(By { link, supplier, products })
}

/// The questions that wait for them, the first due first, and some that they answered, the newest first.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn questions(
    app: &App,
    by: &By,
) -> Result<(Vec<Question>, Vec<Question>), Problem> {
    let (store, org, ids) = (&app.store, by.org(), by.ids());
    let asked = store.questions_waiting(org, &ids, QUESTIONS).await?;
    let answered = Some(QuestionState::Answered);
    let answered = store.questions(org, (&ids, answered), None, ANSWERED).await?.rows;
    Ok((asked, answered))
}

/// How far a clock of theirs may be ahead of ours: a day, as some write a day without its time.
const AHEAD: SignedDuration = SignedDuration::from_hours(36);

/// What is said about a document.
#[derive(Debug, Default)]
pub(crate) struct About {
    pub(crate) product: i64,
    pub(crate) version: String,
    /// `sbom`, `vex`.
    pub(crate) kind: String,
}

/// A document that was taken in.
#[derive(Debug)]
pub(crate) struct Taken {
    pub(crate) id: i64,
    /// The version of the SBOM that was made later, where this one is of an older release.
    pub(crate) older: Option<String>,
}

/// Takes a document of a supplier in.
///
/// # Errors
/// It cannot be read, it is of no product of theirs, or too many came.
pub(crate) async fn send(app: &App, by: &By, about: &About, sent: Sent) -> Result<Taken, Problem> {
    let (org, now) = (by.org(), app.now());
    let product = by.product(about.product)?;
    if sent.is_empty() {
        return Err(Problem::invalid("The document is empty."));
    }
    let version = line(&about.version, 100);
    let version =
        version.ok_or_else(|| Problem::invalid("`version` must be at most 100 characters."))?;
    not_too_often(app, by, now).await?;
    let digest = sent.digest.clone();
    let of = ([product.id], Some(about.kind.as_str()));
    let before = app.store.supplied(org, (&of.0, of.1), None, judged::SBOMS).await?.rows;
    // Who sends it again, because the answer was lost or each night, sends one document.
    let same = |is: &&Supplied| is.is.version == version && is.is.document == digest;
    if let Some(same) = before.first().filter(same) {
        let older = judged::later(same, before.iter()).map(|later| later.is.version.clone());
        return Ok(Taken { id: same.id, older });
    }
    let (told, made) = read(&about.kind, &version, &sent).await?;
    // One moment ahead of all others would make every later document an older one.
    if let Some(at) = made.filter(|at| *at > now + AHEAD) {
        let day = at.strftime("%Y-%m-%d");
        return Err(Problem::invalid(format!(
            "The document says that it was made on {day}, which is in the future. Correct its time and send it again."
        )));
    }
    sent.keep(app, org, now).await?;
    let new = NewSupplied {
        supplier: by.supplier.id,
        product: product.id,
        asset: product.asset,
        kind: about.kind.clone(),
        version,
        document: digest,
        link: Some(by.link.id),
        made,
        told: json!(told),
    };
    let older = match new.kind.as_str() {
        "sbom" => have_read(app, by, &new, &before, now).await?,
        _ => None,
    };
    let id = app.store.add_supplied(org, &new, &by.actor(), now).await?;
    app.store.add_job(&crate::jobs::remind::soon(org, now), now).await?;
    Ok(Taken { id, older })
}

async fn not_too_often(app: &App, by: &By, now: Timestamp) -> Result<(), Problem> {
    let since = now - SignedDuration::from_hours(24);
    if app.store.count_supplied(by.org(), by.supplier.id, since).await? < MOST_A_DAY {
        return Ok(());
    }
    let why = format!(
        "{MOST_A_DAY} documents came within a day, the most that are taken: send the others tomorrow."
    );
    Err(Problem::too_often(&why, 3600))
}

/// What a document tells, and when it was made by its own word.
async fn read(
    kind: &str,
    version: &str,
    sent: &Sent,
) -> Result<(Told, Option<Timestamp>), Problem> {
    // It is never closed. Who reads holds it, also when nobody waits for the answer any longer.
    let turn = READING.acquire().await;
    match kind {
        "vex" => {
            let bytes = bounded(sent).await?;
            let read = blocking(move || {
                let read = trimtab_decisions::vex::read(&bytes);
                drop(turn);
                read
            });
            let (read, faults) = read.await.map_err(snapshots::refused)?;
            let why = faults.first().map_or("not a VEX document", |fault| &*fault.message);
            let read = read.ok_or_else(|| Problem::invalid(why))?;
            if read.statements.is_empty() {
                return Err(Problem::invalid("The document makes no statements."));
            }
            if !document::is_well_named(&read) {
                let text = "It names a vulnerability in a way that no source does.";
                return Err(Problem::invalid(text));
            }
            Ok(document::vex(&read))
        }
        "sbom" => {
            if version.is_empty() {
                return Err(Problem::invalid("Set the `version` of the product that it is of."));
            }
            let bytes = bounded(sent).await?;
            // What nobody can read is not kept, so that nobody fills the store with it.
            let read = blocking(move || {
                let said = document::sbom(&bytes);
                let read = ingest::parsed(Original::Held(bytes)).map(|_| said);
                drop(turn);
                read
            });
            read.await.map_err(snapshots::refused)?.map_err(snapshots::refused)
        }
        _ => Err(Problem::invalid("`kind` must be one of sbom, vex.")),
    }
}

/// Asks for an SBOM to be read as what its product has. Returns the version of the one that was made later, if one was.
async fn have_read(
    app: &App,
    by: &By,
    new: &NewSupplied,
    before: &[Supplied],
    now: Timestamp,
) -> Result<Option<String>, Problem> {
    // What was made before the newest one is of an older release: it takes nobody's place on the main line.
    let at = new.made.map_or(now, |at| at.min(now));
    let later = before.iter().filter(|is| judged::made(is) > at);
    let older = later.max_by_key(|is| judged::made(is)).map(|is| is.is.version.clone());
    let read = Read {
        asset: new.asset,
        document: new.document.clone(),
        revision: Some(new.version.clone()),
        branch: older.as_ref().map(|_| new.version.clone()),
        build: None,
        actor: by.actor(),
    };
    // First, so that what is called here is read: should this end, it is sent again.
    snapshots::have_read(app, by.org(), &read, Priority::Upload, now).await?;
    Ok(older)
}

/// The bytes of a document, if what would be held of it is bounded.
async fn bounded(sent: &Sent) -> Result<Vec<u8>, Problem> {
    let bytes = sent.bytes(usize::try_from(LARGEST).unwrap_or(usize::MAX)).await?;
    if document::is_bounded(&bytes) {
        Ok(bytes)
    } else {
        Err(Problem::invalid("The document has more objects and members than Trimtab reads."))
    }
}

/// What a supplier answers.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Answered {
    /// A status of VEX; empty: only words.
    pub(crate) status: String,
    /// Why not affected: one of the five labels.
    pub(crate) justification: Option<String>,
    pub(crate) words: String,
    /// The version that has the fix.
    pub(crate) fixed_in: Option<String>,
    /// The day by which it is fixed.
    pub(crate) planned: Option<String>,
}

impl Answered {
    /// As the store has it.
    pub(crate) fn of(answer: &Value) -> Answered {
        serde_json::from_value(answer.clone()).unwrap_or_default()
    }

    /// Which status it names.
    pub(crate) fn status(&self) -> Option<VexStatus> {
        [
            VexStatus::NotAffected,
            VexStatus::Affected,
            VexStatus::Fixed,
            VexStatus::UnderInvestigation,
        ]
        .into_iter()
        .find(|status| status.as_str() == self.status)
    }

    /// Whether it says how they are affected.
    pub(crate) fn is_statement(&self) -> bool {
        self.status().is_some_and(|status| status != VexStatus::UnderInvestigation)
    }

    fn checked(mut self) -> Result<Answered, Problem> {
        self.words = self.words.trim().to_owned();
        let odd = |c: char| c.is_control() && !matches!(c, '\n' | '\r' | '\t');
        if self.words.is_empty() || self.words.chars().count() > TEXT || self.words.chars().any(odd)
        {
            return Err(Problem::invalid(format!("The answer must be 1 to {TEXT} characters.")));
        }
        if !self.status.is_empty() && self.status().is_none() {
            let text =
                "`status` must be one of not_affected, affected, fixed, under_investigation.";
            return Err(Problem::invalid(text));
        }
        let short = |text: Option<String>| -> Result<Option<String>, Problem> {
            let Some(text) = text.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
            let wrong =
                || Problem::invalid("`fixed_in` must be at most 100 characters, on one line.");
            line(&text, 100).map(Some).ok_or_else(wrong)
        };
        self.fixed_in = short(self.fixed_in)?;
        self.planned = self.planned.filter(|day| !day.trim().is_empty());
        if let Some(day) = &self.planned {
            super::last_day("planned", day)?;
        }
        self.justification = self.justification.filter(|label| !label.is_empty());
        let label = self.justification.as_deref().map(Justification::from_label);
        match (self.status(), label) {
            (_, Some(None)) => {
                Err(Problem::invalid("`justification` must be one of the five labels."))
            }
            (Some(VexStatus::NotAffected), None) => {
                Err(Problem::invalid("Say why it is not affected in `justification`."))
            }
            _ => Ok(self),
        }
    }
}

/// Keeps what a supplier answers. What is said to be not affected is asked for as a decision, by who asked the question:
/// the charter says who agrees to it, and until then nothing changes.
///
/// # Errors
/// It is no question of theirs, it was answered, or something is not right.
pub(crate) async fn answer(app: &App, by: &By, id: i64, answer: Answered) -> Result<(), Problem> {
    let missing = || Problem::not_found("question");
    let (org, now) = (by.org(), app.now());
    let question = app.store.question(org, id).await?.ok_or_else(missing)?;
    if question.is.supplier != by.supplier.id {
        return Err(missing());
    }
    let product = by.product(question.is.product).map_err(|_| missing())?;
    let answer = answer.checked()?;
    let (told, actor) = (json!(answer), by.actor());
    let of = (by.supplier.id, id, by.link.id);
    if !app.store.answer_question(org, of, (&told, product.asset), &actor, now).await? {
        // Who sends the same again, because what we said to it was lost, has answered.
        let is = app.store.question(org, id).await?.and_then(|is| is.answer);
        if is.is_some_and(|(_, said)| said == told) {
            return Ok(());
        }
        let text = "This was already answered, or was withdrawn.";
        return Err(Problem::conflict(text));
    }
    app.store.add_job(&crate::jobs::remind::soon(org, now), now).await?;
    if answer.status() == Some(VexStatus::NotAffected) {
        match decide(app, by, &question, &answer).await {
            Ok(Some(decision)) => app.store.note_decision_of(org, id, decision).await?,
            Ok(None) => {}
            // The answer stands: somebody of ours asks for the decision by hand.
            Err(problem) => {
                tracing::warn!(question = id, why = problem.detail, "no decision is asked for");
            }
        }
    }
    Ok(())
}

/// Asks for the decision that an answer calls for. `None`: it is about no finding that is left.
async fn decide(
    app: &App,
    by: &By,
    question: &Question,
    answer: &Answered,
) -> Result<Option<i64>, Problem> {
    let org = by.org();
    let Some(finding) = question.is.finding else { return Ok(None) };
    let Some(finding) = app.store.finding(org, finding).await? else { return Ok(None) };
    if !finding.state.is_live() {
        return Ok(None);
    }
    let author = who::of(app, org, question.is.author, None, None).await?;
    if author.person.disabled {
        let text = "Who asked has no account any longer.";
        return Err(Problem::new(StatusCode::FORBIDDEN, "forbidden", "Not allowed", text));
    }
    let name = &by.supplier.is.name;
    let words: String = answer.words.chars().take(TEXT - 400).collect();
    let wanted = deciding::Wanted {
        kind: "not-affected".to_owned(),
        reason: format!("{name} answered to question {}: {words}", question.id),
        justification: answer.justification.clone(),
        role: question.is.author_role.clone(),
        ..deciding::Wanted::default()
    };
    Ok(Some(deciding::ask(app, &author, &finding, wanted).await?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_says_why() {
        let is = |status: &str, justification: Option<&str>, words: &str| {
            let answer = Answered {
                status: status.into(),
                justification: justification.map(Into::into),
                words: words.into(),
                ..Answered::default()
            };
            answer.checked().map(|answer| answer.is_statement()).map_err(|p| p.status)
        };
        assert_eq!(is("not_affected", Some("component_not_present"), "x"), Ok(true));
        assert_eq!(is("under_investigation", None, "x"), Ok(false));
        assert_eq!(is("", None, "x"), Ok(false));
        for (status, justification, words) in [
            ("not_affected", None, "x"),
            ("not_affected", Some("because"), "x"),
            ("fine", None, "x"),
            ("affected", None, " "),
            ("affected", None, "\u{0}"),
        ] {
            assert_eq!(is(status, justification, words), Err(422), "{status} {words:?}");
        }
    }
}
