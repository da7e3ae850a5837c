//! What the server remembers, in the terms of the domain: people, systems, snapshots, findings,
//! decisions, the ledger, jobs. SQLite in one file, or PostgreSQL; one statement text for both.
//!
//! Every row of an organisation begins its key with the organisation, and every query here begins
//! with it too: what belongs to another organisation cannot be asked for. What happened is recorded
//! in the ledger in the transaction that makes it so; notices leave through the outbox of the same
//! transaction.
//!
//! Nothing here decides: versions, matching and weighing are the engine's; SQL filters and joins.

mod answers;
mod appeals;
mod applied;
mod assets;
mod attempts;
mod backup;
mod board_mails;
mod calendars;
mod carried_once;
mod charters;
mod components;
mod condition;
mod confirmed;
mod contained;
mod copy;
mod db;
mod decision_levels;
mod decisions;
mod deployed;
mod described;
mod disk;
mod documents;
mod entries;
mod error;
mod feeds;
mod findings;
mod former;
mod goals;
mod held;
mod history;
mod holders;
mod ids;
mod incidents;
mod inventoried;
mod jobs;
mod joint;
mod judgements;
mod known;
mod ledger;
mod letters;
mod loads;
mod maturity;
mod mergers;
mod migrate;
mod notices;
mod organisations;
mod outbox;
mod own_digests;
mod packs;
mod page;
mod people;
mod placements;
mod places;
mod published;
mod readers;
mod recent;
mod resolves;
mod retention;
mod reviews;
mod rotas;
mod runs;
mod said;
mod scheduled;
mod shares;
mod shipped;
mod sightings;
mod steps;
mod stock;
mod supplied;
mod supplier_letters;
mod supplier_links;
mod supplier_questions;
mod suppliers;
mod tables;
mod terms;
mod tickets;
mod time;
mod together;
mod tokens;
mod trackers;
mod tries;
mod tx;
mod verdicts;
mod verified;
mod vex;

use std::sync::Arc;

use jiff::Timestamp;

pub use answers::Reserved;
pub use appeals::{Appeal, AppealState, Consent, Follows, NewAppeal};
pub use applied::{Applied, NewApplied};
pub use assets::{
    Asset, AssetDetails, Deployment, NewDeployment, NewSnapshot, Outcome, Running, Snapshot,
};
pub use attempts::Rate;
pub use backup::BackupMade;
pub use board_mails::{BoardMail, BoardRun};
pub use calendars::Calendar;
pub use carried_once::CarriedOnce;
pub use charters::{CharterState, StoredCharter};
pub use components::{Component, Contents, Listed, NewComponent};
pub use confirmed::Confirmed;
pub use contained::Contained;
pub use copy::Carried;
pub use db::Engine;
pub use decisions::{Decision, DecisionFilter, DecisionKind, DecisionState, NewDecision};
pub use deployed::{Broken, Deployed};
pub use described::BELIEVED;
pub use documents::{Document, UpTo};
pub use error::{Result, StoreError};
pub use feeds::Feed;
pub use findings::{
    Arrival, Attribution, Count, DueByTeam, ExposureIs, Finding, FindingFilter, FindingOrder,
    FindingState, GROUP, Group, GroupBy, GroupCursor, Groups, JudgedBy, Known, Load, Matched,
    Mentioned, NewReport, Reported, Rollout, Settled, Waits, Weigh, Weighed,
};
pub use former::{Former, FormerKind, Hindrance, Removed};
pub use goals::{NewGoal, PulseAnswer, PulseOf, SharedGoal};
pub use history::Told;
pub use incidents::{
    Incident, IncidentCount, IncidentEvent, IncidentSort, NewIncident, NewIncidentEvent,
};
pub use inventoried::Inventoried;
pub use jobs::{Job, JobState, MAX_ATTEMPTS, NewJob, Priority};
pub use judgements::{ProductJudged, ProductsKnown};
pub use ledger::{Break, Entry, EventKind, LedgerFilter, NewEvent};
pub use letters::{Became, Letter, NewLetter, NewRecipient, Recipient, SentOf};
pub use loads::LoadDay;
pub use maturity::{Proof, StageDay, Threshold};
pub use mergers::Merger;
pub use notices::{LEFT, NewPending, Pending, Wished, apart};
pub use organisations::{Organisation, System, Team};
pub use outbox::Notice;
pub use own_digests::{OwnDigest, OwnRun};
pub use packs::{PreparedPack, Relied, Stocked, Struck};
pub use page::{Cursor, Page};
pub use people::{Grant, NewPerson, Person, ScopeOf, Session};
pub use placements::{Placement, PlacementState, PlannedChange};
pub use places::{Where, WhereFilter, WhereQuery};
pub use published::{Published, ToldPublished};
pub use resolves::{NewResolve, Resolve, ResolveState};
pub use retention::{Forgotten, Keep};
pub use reviews::{NewReview, Review, ReviewFilter, ReviewOf, ReviewState};
pub use rotas::{KeptRota, RotaCover};
pub use runs::Runs;
pub use said::{ReportOf, SaidOf, Source};
pub use scheduled::{Difference, Scheduled, ScheduledIn, TeamPlan};
pub use shares::{NewShare, Share};
pub use shipped::{Merged, Production, ProductionTime};
pub use steps::SignInStep;
pub use supplied::{NewSupplied, Supplied};
pub use supplier_letters::{SupplierTold, TRIED};
pub use supplier_links::SupplierLink;
pub use supplier_questions::{NewQuestion, Question, QuestionState};
pub use suppliers::{NewSupplier, Product, Supplier};
pub use tables::Sum;
pub use terms::HELD;
pub use tickets::TicketOf;
pub use together::{Numbers, Together};
pub use tokens::{Hook, NewToken, Token};
pub use trackers::{NewTracker, Tracker};
pub use tries::{ChannelTry, TryOf};
pub use verdicts::{
    Answered as VerdictAnswer, Judgement, NewVerdict, Reason as VerdictReason, Verdict,
    VerdictCount, VerdictFilter, VerdictSource,
};
pub use verified::Verified;
pub use vex::Vex;

use crate::db::Db;
use crate::ids::Ids;

/// An organisation's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Org(pub i64);

/// An open store. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    db: Db,
    ids: Arc<Ids>,
    known: Arc<known::Known>,
    recent: Arc<recent::Recent>,
    systems: Arc<described::Memory<Vec<System>>>,
}

impl Store {
    /// Opens the store at an address (the path of a SQLite file, or `postgres://…`) and brings it to
    /// the newest layout.
    ///
    /// # Errors
    /// It cannot be reached, is newer than this build, or refuses.
    pub async fn open(address: &str, now: Timestamp) -> Result<Store> {
        let db = Db::open(address).await?;
        migrate::migrate(&db, time::micros(now)).await?;
        Ok(Store {
            db,
            ids: Arc::new(Ids::default()),
            known: Arc::default(),
            recent: Arc::default(),
            systems: Arc::default(),
        })
    }

    /// The same store for work that would be begun again if the machine stopped in the middle of it: on SQLite a
    /// write is seen by all when it returns, but may not yet be on the disk. Any later write that waits for
    /// the disk brings it there, and so does [`Store::flush`].
    #[must_use]
    pub fn soon(&self) -> Store {
        Store { db: self.db.soon(), ..self.clone() }
    }

    /// Brings to the disk what did not wait for it.
    ///
    /// # Errors
    /// The system cannot write it.
    pub async fn flush(&self) -> Result<()> {
        self.db.flush().await
    }

    /// Which engine it is.
    pub fn engine(&self) -> Engine {
        db::Sql::engine(&(&self.db))
    }

    /// Whether it answers.
    ///
    /// # Errors
    /// It does not.
    pub async fn ping(&self) -> Result<()> {
        db::Sql::first(&mut &self.db, "SELECT 1", Vec::new()).await.map(|_| ())
    }

    /// Closes all connections.
    pub async fn close(&self) {
        self.db.close().await;
    }
}
