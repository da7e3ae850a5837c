//! A trial by another charter: one that was proposed or held before, one of the framework's, or a text that somebody
//! sends. Findings are weighed anew by it; nothing is kept.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::OwnedSemaphorePermit;
use trimtab_charter::preset;
use trimtab_model::charter::Charter;
use trimtab_store::{Finding, FindingFilter, FindingOrder, FindingState, Org};

use super::LOOKED;
use crate::access::Who;
use crate::agreeing;
use crate::facts::within;
use crate::knowing::known;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::{Agreed, Weigher};

/// The charter of a word: the number of one of the organisation, or the name of a preset.
///
/// # Errors
/// There is none, or this build cannot read it.
pub(crate) async fn named(app: &App, who: &Who, word: &str) -> Result<Arc<Charter>, Problem> {
    if let Some(charter) = preset::get(word) {
        return Ok(Arc::new(charter));
    }
    let unknown = || {
        let names: Vec<&str> = preset::names().collect();
        let names = names.join(", ");
        Problem::invalid(format!(
            "`charter` must be the number of a charter of the organisation, or one of {names}."
        ))
    };
    let id = word.parse().map_err(|_| unknown())?;
    let (charter, _) = agreeing::find(app, who, id)
        .await
        .map_err(|problem| if problem.status == 404 { unknown() } else { problem })?;
    let charter =
        agreeing::read(&charter.text).map_err(|wrong| Problem::conflict(agreeing::told(&wrong)))?;
    Ok(Arc::new(charter))
}

/// The charter of a text.
///
/// # Errors
/// It is none: what is wrong, with the lines.
pub(crate) fn text(text: &str) -> Result<Arc<Charter>, Problem> {
    if text.len() > agreeing::LARGEST {
        return Err(Problem::invalid("A charter must be at most 512 KiB."));
    }
    let charter = agreeing::read(text).map_err(|wrong| Problem::invalid(agreeing::told(&wrong)))?;
    Ok(Arc::new(charter))
}

/// A team's live findings that would count if what was agreed were this, weighed by it, the gravest first: which of them
/// count, and which are the gravest, is known only after all were weighed.
///
/// # Errors
/// The store does not answer, or there is no index to weigh by.
pub(super) async fn weighed(
    app: &App,
    (org, systems): (Org, Option<Vec<i64>>),
    team: i64,
    (agreed, now): (&Arc<Agreed>, Timestamp),
    permit: Option<Arc<OwnedSemaphorePermit>>,
) -> Result<(Vec<Finding>, bool), Problem> {
    let filter = FindingFilter { team: Some(team), systems, ..FindingFilter::default() };
    let (found, more) = within::findings(app, org, &filter, FindingOrder::Level, LOOKED).await?;
    let known = known(&app.store, org, &found).await?;
    let Some(index) = app.index() else {
        return Err(Problem::conflict("There is no advisory index, so nothing can be weighed."));
    };
    let agreed = Arc::clone(agreed);
    let weigh = tokio::task::spawn_blocking(move || {
        let _held = permit;
        let weigher = Weigher::new(&agreed, index, now);
        let mut all: Vec<Finding> = Vec::with_capacity(found.len());
        for (mut finding, known) in found.into_iter().zip(&known) {
            // What the index does not know any longer keeps what it weighed, as it does in the list.
            finding.weighed = weigher.weigh(known).or(finding.weighed);
            // By the rule of the store: in production or not known, and not decided otherwise.
            let runs = finding.production.unwrap_or(finding.state == FindingState::Open);
            if runs && finding.weighed.as_ref().is_none_or(|w| w.decision.is_none()) {
                all.push(finding);
            }
        }
        let grave =
            |f: &Finding| f.weighed.as_ref().map(|w| std::cmp::Reverse((w.level, w.bounds)));
        all.sort_by_key(|f| (grave(f), f.id));
        all
    });
    let all = weigh.await.map_err(|e| Problem::conflict(format!("This was stopped: {e}.")))?;
    Ok((all, more))
}
