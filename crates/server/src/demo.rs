//! An organisation with a believable year of history, to be looked at: made from sample data by a seeded
//! generator through the store's own functions with past times, so that ledger, findings and loads are
//! as true as those of real work.

mod chance;
mod incidents;
mod kept;
mod notices;
mod packages;
mod people;
mod published;
mod reviews;
mod shares;
mod suppliers;
mod tickets;
mod updates;
mod verdicts;
mod year;

use std::path::PathBuf;

use jiff::{SignedDuration, Timestamp};
use trimtab_model::Component;
use trimtab_store::Org;

use crate::access::secret::Secret;
use crate::state::App;

/// What the year is made from.
pub struct Sample {
    /// The organisation's name.
    pub organisation: String,
    /// The charter's text.
    pub charter: String,
    /// Components that people use, some of them with advisories.
    pub components: Vec<Component>,
    /// A folder with `osv/<ecosystem>/*.json` and, beside it, `kev`, `epss` and `lifecycle`.
    pub advisories: PathBuf,
    /// Where indexes may be built.
    pub folder: PathBuf,
}

/// What was made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Filled {
    /// The organisation.
    pub org: Org,
    /// A person who holds every role.
    pub person: i64,
    /// Systems.
    pub systems: usize,
    /// Assets.
    pub assets: usize,
    /// Snapshots.
    pub snapshots: usize,
    /// Deployments.
    pub deployments: usize,
}

/// Fills an empty store. The same seed and time make the same year.
///
/// # Errors
/// The sample cannot be used, or the store does not answer.
pub async fn fill(app: &App, sample: &Sample, seed: u64, now: Timestamp) -> Result<Filled, String> {
    year::fill(app, sample, seed, now).await
}

/// A link that signs a person in once, good for a day.
///
/// # Errors
/// The store does not answer.
pub async fn link(app: &App, org: Org, person: i64) -> Result<String, String> {
    let secret = Secret::new("").map_err(|e| e.to_string())?;
    let until = app.now() + SignedDuration::from_hours(24);
    app.store.add_link(org, person, &secret.digest(), until).await.map_err(|e| e.to_string())?;
    Ok(format!("{}/welcome/{}", app.settings.public, secret.shown()))
}
