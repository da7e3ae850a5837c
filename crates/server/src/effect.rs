//! What another charter would make of today's findings: both weigh the same ones, with the same facts.

use jiff::Timestamp;
use trimtab_model::Level;
use trimtab_model::charter::Charter;
use trimtab_store::{Finding, FindingFilter, Org, Weighed};

use crate::access::Who;
use crate::knowing::known;
use crate::planning::unplanned;
use crate::problem::Problem;
use crate::state::App;
use crate::web::teams::may_see;
use crate::weighing::Weigher;

/// The most findings that are weighed.
pub(crate) const MOST: usize = 20_000;

/// What it comes to.
#[derive(Debug, Default)]
pub(crate) struct Effect {
    /// The charter in force that it is compared with. `None`: the preset.
    pub(crate) against: Option<i64>,
    /// How many findings were weighed.
    pub(crate) weighed: usize,
    /// Whether there are more than that.
    pub(crate) more: bool,
    /// By level from low to critical: today, and as it would be.
    pub(crate) levels: [(i64, i64); 4],
    /// Not weighed: today, and as it would be.
    pub(crate) unknown: (i64, i64),
    /// The load.
    pub(crate) load: (f64, f64),
    /// Graver, less grave, due sooner, due later.
    pub(crate) graver: usize,
    pub(crate) milder: usize,
    pub(crate) sooner: usize,
    pub(crate) later: usize,
    /// The findings whose level, deadline or decision would change, the gravest of today first.
    pub(crate) moved: Vec<Moved>,
}

/// A finding that would change.
#[derive(Debug)]
pub(crate) struct Moved {
    pub(crate) finding: Finding,
    pub(crate) before: Option<Weighed>,
    pub(crate) after: Option<Weighed>,
}

/// Weighs live findings by the charter in force and by another one. `visible` are the systems that may
/// be shown; `None`: all.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn effect(
    app: &App,
    org: Org,
    visible: Option<Vec<i64>>,
    proposed: Charter,
    now: Timestamp,
) -> Result<Effect, Problem> {
    let agreed = app.agreed(org, now).await?;
    let would = agreed.by(proposed);
    let against = agreed.charter_id;
    let filter = FindingFilter { systems: visible, ..FindingFilter::default() };
    let (found, more) = all(app, org, &filter, MOST).await?;
    let known = known(&app.store, org, &found).await?;
    let Some(index) = app.index() else {
        return Err(Problem::conflict("There is no advisory index, so nothing can be weighed."));
    };
    let weigh = tokio::task::spawn_blocking(move || {
        let today = Weigher::new(&agreed, index.clone(), now);
        let then = Weigher::new(&would, index, now);
        let mut effect = Effect { against, more, ..Effect::default() };
        for (finding, known) in found.into_iter().zip(&known) {
            effect.add(finding, today.weigh(known), then.weigh(known));
        }
        effect
    });
    weigh.await.map_err(|e| Problem::conflict(format!("This was stopped: {e}.")))
}

/// The teams that may be seen, have a plan, and would have none by another charter: it does not have their cadence, or not
/// with windows. By name, each with its cadence.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn without_plan(
    app: &App,
    who: &Who,
    proposed: &Charter,
    now: Timestamp,
) -> Result<Vec<(String, String)>, Problem> {
    let agreed = app.agreed(who.org, now).await?;
    let systems = app.store.systems(who.org).await?;
    let mut teams = app.store.teams(who.org).await?;
    teams.retain(|team| {
        may_see(who, team, &systems)
            && unplanned(&agreed.charter, team, now).is_none()
            && unplanned(proposed, team, now).is_some()
    });
    let told = teams.into_iter().map(|team| (team.name, team.cadence.unwrap_or_default()));
    Ok(told.collect())
}

/// Findings up to a bound, the gravest first, and whether there are more.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn all(
    app: &App,
    org: Org,
    filter: &FindingFilter,
    most: usize,
) -> Result<(Vec<Finding>, bool), Problem> {
    let order = trimtab_store::FindingOrder::Level;
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = app.store.findings(org, filter, order, after, 500).await?;
        found.extend(page.rows);
        match page.next {
            None => return Ok((found, false)),
            Some(_) if found.len() >= most => {
                found.truncate(most);
                return Ok((found, true));
            }
            next => after = next,
        }
    }
}

impl Effect {
    fn add(&mut self, finding: Finding, before: Option<Weighed>, after: Option<Weighed>) {
        self.weighed += 1;
        // By the rule of the store: in production or not known, and not decided otherwise.
        let open = finding.state == trimtab_store::FindingState::Open;
        let runs = finding.production.unwrap_or(open);
        let counts = |w: &Option<Weighed>| match w {
            Some(w) if runs && w.decision.is_none() => w.weight,
            _ => 0.0,
        };
        self.load.0 += counts(&before);
        self.load.1 += counts(&after);
        let level = |w: &Option<Weighed>| w.as_ref().map(|w| w.level);
        for (is_after, level) in [(false, level(&before)), (true, level(&after))] {
            let pair = match level.and_then(|l: Level| self.levels.get_mut(l as usize)) {
                Some(pair) => pair,
                None => &mut self.unknown,
            };
            if is_after { pair.1 += 1 } else { pair.0 += 1 }
        }
        self.graver += usize::from(level(&after) > level(&before));
        self.milder += usize::from(level(&after) < level(&before));
        let due =
            |w: &Option<Weighed>| w.as_ref().and_then(|w| w.deadline).unwrap_or(Timestamp::MAX);
        self.sooner += usize::from(due(&after) < due(&before));
        self.later += usize::from(due(&after) > due(&before));
        let decided = |w: &Option<Weighed>| w.as_ref().and_then(|w| w.decision);
        let moved = level(&before) != level(&after)
            || due(&before) != due(&after)
            || decided(&before) != decided(&after);
        if moved {
            self.moved.push(Moved { finding, before, after });
        }
    }
}
