//! The smallest version of a parent whose resolution gets rid of something.

use trimtab_model::{Proposal, Purl};

use super::change::Confirmed;
use super::confirm::confirm;
use super::refusal::{Reason, Refusal};
use super::scratch::Scratch;
use super::{Options, Tool};

/// What a search found.
#[derive(Debug)]
pub struct Found {
    /// The version of the parent.
    pub version: Box<str>,
    /// What it changes.
    pub confirmed: Confirmed,
    /// How many versions were tried.
    pub tried: usize,
}

/// The smallest of `versions` (in the order of the ecosystem, ascending, all above the one that is
/// locked) to which a parent can be raised so that `accept` holds of the outcome.
///
/// The newest is tried first: it tells whether there is one at all. Then the rest is halved. That
/// assumes that what holds of a version holds of the later ones; where it does not, the answer still
/// holds (it was resolved and accepted itself), and a smaller one may exist. A version that is
/// refused counts as not accepted. At most `most` versions are tried.
///
/// # Errors
/// The refusal of the newest, or that it is not accepted (`Unchanged`), or what keeps every version
/// from being tried: the tool is missing, the registry is away, the time is over.
pub fn smallest_parent(
    tool: &'static Tool,
    base: &Scratch,
    (parent, child): (&Purl, &Purl),
    versions: &[Box<str>],
    accept: &dyn Fn(&Confirmed) -> bool,
    most: usize,
    options: &Options,
) -> Result<Found, Box<Refusal>> {
    let mut tried = 0;
    let mut attempt = |version: &str| {
        tried += 1;
        let proposal = Proposal::RaiseParent {
            parent: parent.clone(),
            to: version.into(),
            child: child.clone(),
        };
        match confirm(tool, base, &proposal, options) {
            Ok(confirmed) if accept(&confirmed) => Ok(Ok(confirmed)),
            Ok(confirmed) => Ok(Err(Box::new(Refusal {
                reason: Reason::Unchanged { blockers: Vec::new() },
                edits: confirmed.changes,
                next: None,
                commands: confirmed.commands,
            }))),
            Err(refusal) if stops(&refusal.reason) => Err(refusal),
            Err(refusal) => Ok(Err(refusal)),
        }
    };
    let none = || {
        Box::new(Refusal {
            reason: Reason::Unsupported("it has no later version".to_owned()),
            edits: Vec::new(),
            next: None,
            commands: Vec::new(),
        })
    };
    let newest = versions.last().ok_or_else(none)?;
    let mut best = (newest.clone(), attempt(newest)??);
    // Below `low` none is accepted, as far as was seen; `high` is.
    let (mut low, mut high) = (0, versions.len() - 1);
    let mut left = most.saturating_sub(1);
    while low < high && left > 0 {
        left -= 1;
        let middle = low + (high - low) / 2;
        let Some(version) = versions.get(middle) else { break };
        match attempt(version)? {
            Ok(confirmed) => {
                best = (version.clone(), confirmed);
                high = middle;
            }
            Err(_) => low = middle + 1,
        }
    }
    Ok(Found { version: best.0, confirmed: best.1, tried })
}

/// Whether other versions would fare the same.
fn stops(reason: &Reason) -> bool {
    matches!(
        reason,
        Reason::ToolMissing { .. }
            | Reason::Registry(_)
            | Reason::TimeLimit(_)
            | Reason::Scratch(_)
            | Reason::ProjectCode(_)
            | Reason::NotNamed(_)
    )
}
