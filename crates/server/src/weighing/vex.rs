//! What VEX documents in force state. A document is read once in a process: it is known by its digest.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex, PoisonError};

use trimtab_decisions::vex::{About, Why, apply};
use trimtab_engine::repository::changed;
use trimtab_model::Purl;
use trimtab_model::advisory::Changed;
use trimtab_model::decision::Statement;
use trimtab_model::evidence::{Fact, VexStatus};
use trimtab_model::finding::Finding;
use trimtab_store::{Org, Store, StoreError};

/// How many statements are remembered; beyond that all are read anew.
const MOST: usize = 200_000;

/// The statements of a document, and where those about an id are.
#[derive(Debug, Default)]
pub(crate) struct Read {
    /// Its statements, in its order.
    pub(crate) statements: Vec<Statement>,
    by_id: HashMap<String, Vec<usize>>,
}

impl Read {
    fn new(statements: Vec<Statement>) -> Read {
        let mut by_id: HashMap<String, Vec<usize>> = HashMap::new();
        for (at, statement) in statements.iter().enumerate() {
            for id in std::iter::once(&statement.vulnerability).chain(&statement.aliases) {
                by_id.entry(id.to_lowercase()).or_default().push(at);
            }
        }
        Read { statements, by_id }
    }

    /// Its statements about some ids, in its order.
    fn named(&self, ids: &[Box<str>]) -> Vec<Statement> {
        let mut places: Vec<usize> = ids
            .iter()
            .filter_map(|id| self.by_id.get(&id.to_lowercase()))
            .flatten()
            .copied()
            .collect();
        places.sort_unstable();
        places.dedup();
        places.iter().filter_map(|at| self.statements.get(*at)).cloned().collect()
    }

    /// What it says of a vulnerability in a component, whether it holds or not for want of a time, a purl or a product. What
    /// it says of another version or of another package is nothing of this one.
    pub(crate) fn stated(&self, component: &Purl, ids: &[Box<str>]) -> Option<VexStatus> {
        let statements = self.named(ids);
        let about = About { ids, component, products: &[], changed: Changed::default() };
        let answer = apply(&statements, &about);
        if let Some(held) = answer.status {
            return Some(held.value);
        }
        let wanting = |why| matches!(why, Why::NoTime | Why::ProductUnknown | Why::NoPurl);
        let said = answer.uses.iter().filter(|used| wanting(used.why));
        said.filter_map(|used| Some(statements.get(used.statement)?.status)).max()
    }
}

type Known = HashMap<(Org, String), Arc<Read>>;
static KNOWN: LazyLock<Mutex<Known>> = LazyLock::new(Mutex::default);

/// What an organisation's VEX documents state, each with the asset that it is for; `None`: all.
#[derive(Debug, Default)]
pub(crate) struct Said(Vec<(Option<i64>, Arc<Read>)>);

impl Said {
    /// Reads it.
    ///
    /// # Errors
    /// The store does not answer, or lost a document.
    pub(super) async fn of(store: &Store, org: Org) -> Result<Said, StoreError> {
        let mut all = Vec::new();
        for vex in store.vex(org).await? {
            all.push((vex.asset, read(store, org, &vex.document).await?));
        }
        Ok(Said(all))
    }

    /// The same, with another document about an asset.
    pub(super) fn with(&self, asset: i64, read: Arc<Read>) -> Said {
        let mut all = self.0.clone();
        all.push((Some(asset), read));
        Said(all)
    }

    /// What holds for a finding of an asset, and by which statements.
    pub(super) fn about(
        &self,
        asset: i64,
        finding: &Finding,
        ids: &[Box<str>],
    ) -> (Option<Fact<VexStatus>>, Vec<Statement>) {
        let mut statements: Vec<Statement> = Vec::new();
        for (_, read) in self.0.iter().filter(|(of, _)| of.is_none_or(|of| of == asset)) {
            statements.extend(read.named(ids));
        }
        if statements.is_empty() {
            return (None, statements);
        }
        let component = &finding.purl;
        let answer =
            apply(&statements, &About { ids, component, products: &[], changed: changed(finding) });
        let held = answer.uses.iter().filter(|used| used.why == Why::Applies);
        let held = held.filter_map(|used| statements.get(used.statement)).cloned().collect();
        (answer.status, held)
    }
}

/// What a document states.
///
/// # Errors
/// The store does not answer, or lost it.
pub(crate) async fn read(store: &Store, org: Org, document: &str) -> Result<Arc<Read>, StoreError> {
    let key = (org, document.to_owned());
    let known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner).get(&key).cloned();
    if let Some(known) = known {
        return Ok(known);
    }
    let bytes = store.document_bytes(org, document).await?;
    let bytes = bytes.ok_or_else(|| StoreError::Damaged(format!("vex {document}")))?;
    let (read, _) = trimtab_decisions::vex::read(&bytes);
    let statements = read.map(|d| d.statements).unwrap_or_default();
    Ok(remember(key, Arc::new(Read::new(statements))))
}

fn remember(key: (Org, String), read: Arc<Read>) -> Arc<Read> {
    let mut known = KNOWN.lock().unwrap_or_else(PoisonError::into_inner);
    let held: usize = known.values().map(|read| read.statements.len()).sum();
    if held + read.statements.len() > MOST {
        known.clear();
    }
    known.insert(key, Arc::clone(&read));
    read
}
