//! From a document's bytes to a settled asset: read, match what is new, keep what is listed, add the
//! snapshot. Every step can be done twice: a process that dies in the middle is followed by another.

mod large;
mod original;

use std::collections::BTreeMap;
use std::io::Read;
use std::sync::Arc;

use jiff::Timestamp;
use trimtab_advisories::index::Index;
use trimtab_engine::repository::ids;
use trimtab_model::{
    Code, Component, Diagnostic, DiagnosticSeverity, FileInventory, Inventory, Purl, Relation,
    Scope,
};
use trimtab_store::{
    Arrival, Contents, JudgedBy, Listed, Matched, NewComponent, Org, Settled, StoreError,
};

pub(crate) use original::Original;

use crate::jobs::refresh::is_same;
use crate::state::App;
use crate::weighing::{Agreed, Weigher};

/// Why a document is not taken in.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Refused {
    /// The store does not answer: worth trying again.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// It cannot be read as anything that lists components.
    #[error("the document cannot be read: {0}")]
    Unreadable(String),
    /// There is no advisory index to match with.
    #[error("there is no advisory index: run `trimtab db update`")]
    NoIndex,
    /// Something of ours went wrong.
    #[error("{0}")]
    Internal(String),
}

impl Refused {
    /// Whether trying again may help.
    pub(crate) fn is_passing(&self) -> bool {
        match self {
            Refused::Store(error) => error.is_passing(),
            Refused::NoIndex | Refused::Internal(_) => true,
            Refused::Unreadable(_) => false,
        }
    }
}

/// How many components are matched at once.
const BLOCK: usize = 2000;
/// The most components of one document.
const MOST_COMPONENTS: usize = 1_000_000;

/// Reads a document that is stored, unless that was done before: then whether it is new, so that it is to be kept.
pub(crate) async fn read(app: &App, org: Org, digest: &str) -> Result<(Contents, bool), Refused> {
    if let Some(contents) = app.store.contents(org, digest).await? {
        return Ok((contents, false));
    }
    let index = app.index().ok_or(Refused::NoIndex)?;
    let Some(original) = Original::of(&app.store, org, digest).await? else {
        return Err(Refused::Unreadable("it is not stored".to_owned()));
    };
    let (components, said) = blocking(move || inventory(original)).await??;
    let known = app.store.put_components(org, &components).await?;
    let mut contents = Contents::default();
    let mut unmatched: Vec<Arc<Vec<(i64, NewComponent)>>> = Vec::new();
    let mut block = Vec::new();
    for (((id, matched), component), is) in known.into_iter().zip(components).zip(said) {
        contents.listed.push(Listed {
            component: id,
            scope: is.scope.as_str().to_owned(),
            relation: is.relation.as_str().to_owned(),
            files: is.files,
        });
        if !matched {
            block.push((id, component));
        }
        if block.len() == BLOCK {
            unmatched.push(Arc::new(std::mem::take(&mut block)));
        }
    }
    unmatched.push(Arc::new(block));
    contents.listed.sort_by_key(|l| l.component);
    contents.listed.dedup_by_key(|l| l.component);
    // An index that comes in between is not asked about components that it does not yet know of: then
    // they are matched once more.
    let mut index = index;
    loop {
        for block in unmatched.iter().filter(|block| !block.is_empty()) {
            let (with, asked) = (index.clone(), Arc::clone(block));
            let answers = blocking(move || answers(&asked, &with)).await??;
            app.store.put_matches(org, &answers, app.now()).await?;
        }
        let now = app.index();
        if is_same(now.as_ref(), &index) {
            break;
        }
        index = now.ok_or(Refused::NoIndex)?;
    }
    Ok((contents, true))
}

/// Adds the snapshots of documents that were read.
pub(crate) async fn snapshots(
    app: &App,
    org: Org,
    agreed: &Agreed,
    arrivals: &[Arrival<'_>],
    now: Timestamp,
) -> Result<Vec<Settled>, Refused> {
    let index = app.index().ok_or(Refused::NoIndex)?;
    let weigher = Weigher::new(agreed, index, now);
    let weigh = |known: &_| weigher.weigh(known);
    let production = agreed.production();
    Ok(app.store.add_snapshots(org, arrivals, JudgedBy::new(&production, &weigh, now)).await?)
}

/// What a document says of a component that it lists.
struct Said {
    scope: Scope,
    relation: Relation,
    files: i64,
}

/// What a document lists: each component once, and what is said of it, in the same order.
type Distinct = (Vec<NewComponent>, Vec<Said>);

/// What a document lists, a saved scan or anything that the scanner reads: each component once.
fn inventory(original: Original) -> Result<Distinct, Refused> {
    if let Some(path) = original.file()
        && let Some(read) = large::read(&path)?
    {
        return Ok(read);
    }
    Ok(distinct(&parsed(original)?))
}

/// All that a document says of what it lists.
pub(crate) fn parsed(original: Original) -> Result<Inventory, Refused> {
    let mut start = Vec::new();
    let first = original.open()?.take(200).read_to_end(&mut start);
    first.map_err(|e| Refused::Internal(e.to_string()))?;
    let is_scan = String::from_utf8_lossy(&start).contains("\"trimtab-scan\"");
    let inventory = if is_scan {
        let scan = trimtab_report::json::read(original.open()?);
        scan.map_err(|e| Refused::Unreadable(e.to_string()))?.inventory
    } else {
        original.scanned()
    };
    if inventory.files.iter().all(|f| f.components.is_empty()) {
        let why =
            inventory.all_diagnostics().find(|d| d.code.severity() == DiagnosticSeverity::Error);
        let why = why.map_or("it lists no components".to_owned(), told);
        return Err(Refused::Unreadable(why));
    }
    // What a cut document no longer lists is not gone. A saved scan tells of each file how far it was read.
    let cut = |d: &&Diagnostic| d.code == Code::FileTruncated;
    if let Some(why) = inventory.all_diagnostics().find(|d| !is_scan && cut(d)) {
        return Err(Refused::Unreadable(told(why)));
    }
    let listed: usize = inventory.files.iter().map(|f| f.components.len()).sum();
    if listed > MOST_COMPONENTS {
        let message = format!("it lists {listed} components, and {MOST_COMPONENTS} are the most");
        return Err(Refused::Unreadable(message));
    }
    Ok(inventory)
}

fn told(diagnostic: &Diagnostic) -> String {
    let line = diagnostic.line.map_or_else(String::new, |line| format!(" (line {line})"));
    format!("{}{line}", diagnostic.message)
}

/// Each component once, with its strongest scope and nearest relation; the project's own left out.
fn distinct(inventory: &Inventory) -> Distinct {
    let mut all: BTreeMap<&Purl, (&Component, bool, Said, usize)> = BTreeMap::new();
    for (at, file) in inventory.files.iter().enumerate() {
        for component in file.components.iter().filter(|c| c.relation != Relation::Own) {
            let said = Said { scope: component.scope, relation: component.relation, files: 0 };
            let is =
                all.entry(&component.purl).or_insert_with(|| (component, false, said, usize::MAX));
            is.1 |= component.origin.is_registry();
            is.2.scope = is.2.scope.max(component.scope);
            let nearer = component.relation == Relation::Direct
                || (is.2.relation == Relation::Unknown && component.relation != Relation::Unknown);
            if nearer {
                is.2.relation = component.relation;
            }
            if is.3 != at {
                is.2.files += 1;
                is.3 = at;
            }
        }
    }
    let one = |(component, registry, said, _): (&Component, bool, Said, usize)| {
        let named = named(component);
        (NewComponent { registry: named.registry || registry, ..named }, said)
    };
    all.into_values().map(one).unzip()
}

/// A component in the words of the store.
pub(crate) fn named(component: &Component) -> NewComponent {
    let purl = &component.purl;
    let by_repository = matches!(purl.purl_type(), "golang" | "swift" | "github");
    let name = match purl.namespace() {
        Some(namespace) => format!("{namespace}/{}", purl.name()),
        None => purl.name().to_owned(),
    };
    NewComponent {
        purl: purl.to_string(),
        package: purl.package().to_string(),
        name: name.to_lowercase(),
        version: purl.version().map(ToOwned::to_owned),
        licence: component.licence.as_deref().map(ToOwned::to_owned),
        registry: component.origin.is_registry() || by_repository,
    }
}

/// The matcher's answers about components, in the order of the question.
pub(crate) fn answers(
    components: &[(i64, NewComponent)],
    index: &Index,
) -> Result<Vec<(i64, Vec<Matched>)>, Refused> {
    let mut file = FileInventory::default();
    let mut of: Vec<usize> = Vec::new();
    for (at, (_, is)) in components.iter().enumerate().filter(|(_, (_, is))| is.registry) {
        if let Ok(purl) = is.purl.parse::<Purl>() {
            file.components.push(Component::new(purl));
            of.push(at);
        }
    }
    let inventory = Inventory { files: vec![file], diagnostics: Vec::new() };
    let matching = trimtab_engine::match_inventory(&inventory, index)
        .map_err(|e| Refused::Internal(e.to_string()))?;
    let mut answers: Vec<(i64, Vec<Matched>)> =
        components.iter().map(|(id, _)| (*id, Vec::new())).collect();
    for finding in &matching.findings {
        let matched = Matched {
            ids: ids(finding).iter().map(ToString::to_string).collect(),
            summary: finding.vulnerability.summary.as_deref().map(ToOwned::to_owned),
            kind: finding.vulnerability.kind.as_str().to_owned(),
            confidence: finding.confidence.as_str().to_owned(),
            fix: finding.nearest_fix.as_deref().map(ToOwned::to_owned),
        };
        for occurrence in &finding.occurrences {
            let at = of.get(occurrence.component as usize).copied();
            if let Some((_, all)) = at.and_then(|at| answers.get_mut(at)) {
                all.push(matched.clone());
            }
        }
    }
    Ok(answers)
}

/// Runs what takes long on a thread of its own.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> T + Send + 'static,
) -> Result<T, Refused> {
    tokio::task::spawn_blocking(work).await.map_err(|e| Refused::Internal(e.to_string()))
}
