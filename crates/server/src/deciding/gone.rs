//! Requests of which everything that they were about is gone: nobody could agree to them.

use jiff::{SignedDuration, Timestamp};
use trimtab_store::{Decision, DecisionState, FindingState, Org};

use super::{MOST, in_states};
use crate::problem::Problem;
use crate::state::App;

/// Of so many decisions at most it is looked whether what they were about is gone.
const GONE: usize = 500;
/// So long it stays away before a request about it ends: a roll-back may bring it back.
const AWAY: SignedDuration = SignedDuration::from_hours(24);

/// Of some decisions, those that wait for an answer: without those of which everything that they were about is gone since.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn waiting(
    app: &App,
    org: Org,
    decisions: Vec<Decision>,
) -> Result<Vec<Decision>, Problem> {
    let ids: Vec<i64> = decisions.iter().map(|is| is.id).collect();
    let found = app.store.gravest_of(org, &ids).await?;
    let (mut all, mut looked) = (Vec::with_capacity(decisions.len()), 0);
    for is in decisions {
        // What nothing is known of may be about something that is to come.
        let is_gone = !found.contains_key(&is.id) && looked < GONE && {
            looked += 1;
            !in_states(
                app,
                org,
                &is.is,
                vec![FindingState::Fixed, FindingState::Retracted],
                None,
                1,
            )
            .await?
            .is_empty()
        };
        if !is_gone {
            all.push(is);
        }
    }
    Ok(all)
}

/// Ends requests of which everything that they were about went since they were asked for, and stayed away for a day: nobody
/// could agree to them. Returns how many.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn end_gone(app: &App, org: Org, now: Timestamp) -> Result<usize, Problem> {
    let asked = app.store.decisions(org, DecisionState::Asked, GONE).await?;
    let ids: Vec<i64> = asked.iter().map(|is| is.id).collect();
    let found = app.store.gravest_of(org, &ids).await?;
    let mut over = Vec::new();
    for is in asked.iter().filter(|is| !found.contains_key(&is.id)) {
        let states = vec![FindingState::Fixed, FindingState::Retracted];
        let gone = in_states(app, org, &is.is, states, None, MOST).await?;
        // What nothing is known of may be about something that is to come.
        let Some(last) = gone.iter().filter_map(|finding| finding.fixed).max() else { continue };
        if last >= is.asked && now.duration_since(last) >= AWAY {
            over.push(is.id);
        }
    }
    if over.is_empty() {
        return Ok(0);
    }
    Ok(app.store.end_gone(org, &over, now).await?)
}
