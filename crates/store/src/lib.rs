//! What the server remembers, in the words of the domain: people, systems, snapshots, findings,
//! decisions, the ledger, jobs. SQLite in one file, or PostgreSQL; one statement text for both.
//!
//! Every row of an organisation begins its key with the organisation, and every question here begins
//! with it too: what belongs to another cannot be asked for. What happened is told to the ledger in
//! the transaction that makes it so; notices leave through the outbox of the same transaction.
//!
//! Nothing here decides: versions, matching and weighing are the engine's; SQL filters and joins.

mod assets;
mod charters;
mod components;
mod db;
mod decisions;
mod documents;
mod error;
mod findings;
mod ids;
mod jobs;
mod ledger;
mod loads;
mod migrate;
mod organisations;
mod outbox;
mod page;
mod people;
mod time;
mod tokens;

use std::sync::Arc;

use jiff::Timestamp;

pub use assets::{
    Asset, AssetDetails, Deployment, NewDeployment, NewSnapshot, Outcome, Running, Snapshot,
};
pub use charters::{CharterState, StoredCharter};
pub use components::{Component, Contents, Listed, NewComponent, Where, WhereQuery};
pub use db::Engine;
pub use decisions::{Decision, DecisionKind, DecisionState, NewDecision};
pub use documents::Document;
pub use error::{Result, StoreError};
pub use findings::{
    Attribution, Count, Finding, FindingFilter, FindingOrder, FindingState, Group, GroupBy, Known,
    Matched, Settled, Weigh, Weighed,
};
pub use jobs::{Job, JobState, MAX_ATTEMPTS, NewJob, Priority};
pub use ledger::{Break, Entry, EventKind, NewEvent};
pub use loads::LoadDay;
pub use organisations::{Organisation, System, Team};
pub use outbox::Notice;
pub use page::{Cursor, Page};
pub use people::{Grant, NewPerson, Person, ScopeOf, Session};
pub use tokens::{NewToken, Token};

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
        Ok(Store { db, ids: Arc::new(Ids::default()) })
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
