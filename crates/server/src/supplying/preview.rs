//! What a supplier's VEX document would change here if somebody let it hold: the findings of the product are weighed as
//! they are, and with its statements.

use std::collections::HashMap;
use std::sync::Arc;

use trimtab_model::Level;
use trimtab_pages::part::number;
use trimtab_store::{Finding, FindingFilter, Supplied, Weighed};

use crate::access::Who;
use crate::effect::all;
use crate::knowing::known;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::{Weigher, vex};

/// The most findings of a product that are weighed, the gravest first.
const MOST: usize = 2_000;

/// What it comes to.
#[derive(Debug, Default)]
pub(crate) struct Preview {
    /// How many findings were weighed, and whether there are more.
    pub(crate) weighed: usize,
    pub(crate) more: bool,
    /// Findings that would no longer count, or would again.
    pub(crate) ends: usize,
    pub(crate) counts: usize,
    /// Those that would still count, at another level or with another weight.
    pub(crate) moves: usize,
    /// What the findings weigh together, today and then.
    pub(crate) weight: (f64, f64),
    /// What would become of each finding that would change.
    pub(crate) changed: Vec<Changed>,
}

/// A finding that would change.
#[derive(Debug)]
pub(crate) struct Changed {
    pub(crate) finding: Finding,
    pub(crate) level: (Option<Level>, Option<Level>),
    /// What it weighs, today and then.
    pub(crate) weight: (f64, f64),
    /// Whether it counts, today and then.
    pub(crate) counts: (bool, bool),
}

impl Changed {
    /// In a few words.
    pub(crate) fn words(&self) -> String {
        let word = |level: Option<Level>| level.map_or("unknown", Level::as_str);
        match self.counts {
            (true, false) => "no longer counts".to_owned(),
            (false, true) => "counts again".to_owned(),
            _ if self.level.0 != self.level.1 => {
                format!("from {} to {}", word(self.level.0), word(self.level.1))
            }
            _ => format!("weighs {} and not {}", number(self.weight.1), number(self.weight.0)),
        }
    }
}

impl Preview {
    fn add(&mut self, finding: Finding, before: Option<&Weighed>, after: Option<&Weighed>) {
        self.weighed += 1;
        // What was decided on counts in no load, whatever is stated.
        let weight = |of: Option<&Weighed>| match of {
            Some(is) if is.decision.is_none() => is.weight,
            _ => 0.0,
        };
        let counts = |of: Option<&Weighed>| of.is_none() || weight(of) > 0.0;
        let level = |of: Option<&Weighed>| of.map(|is| is.level);
        self.weight.0 += weight(before);
        self.weight.1 += weight(after);
        let changed = Changed {
            finding,
            level: (level(before), level(after)),
            weight: (weight(before), weight(after)),
            counts: (counts(before), counts(after)),
        };
        match changed.counts {
            (true, false) => self.ends += 1,
            (false, true) => self.counts += 1,
            _ if changed.level.0 == changed.level.1
                && (changed.weight.0 - changed.weight.1).abs() < 1e-9 =>
            {
                return;
            }
            _ => self.moves += 1,
        }
        self.changed.push(changed);
    }

    /// What would become of findings, by id.
    pub(crate) fn by_finding(&self) -> HashMap<i64, String> {
        self.changed.iter().map(|one| (one.finding.id, one.words())).collect()
    }
}

/// What it would change. `None`: it holds, or there is nothing to weigh with.
///
/// # Errors
/// The store does not answer, or lost the document.
pub(crate) async fn of(
    app: &App,
    who: &Who,
    (is, asset): (&Supplied, i64),
) -> Result<Option<Preview>, Problem> {
    let Some(index) = app.index() else { return Ok(None) };
    if is.is.kind != "vex" || is.taken.is_some() {
        return Ok(None);
    }
    let now = app.now();
    let agreed = app.agreed(who.org, now).await?;
    let read = vex::read(&app.store, who.org, &is.is.document).await?;
    let would = agreed.stating(asset, Arc::clone(&read));
    let filter = FindingFilter { asset: Some(asset), ..FindingFilter::default() };
    let (found, more) = all(app, who.org, &filter, MOST).await?;
    let known = known(&app.store, who.org, &found).await?;
    let weigh = tokio::task::spawn_blocking(move || {
        let today = Weigher::new(&agreed, index.clone(), now);
        let then = Weigher::new(&would, index, now);
        let mut preview = Preview { more, ..Preview::default() };
        for (finding, known) in found.into_iter().zip(&known) {
            let (before, after) = (today.weigh(known), then.weigh(known));
            preview.add(finding, before.as_ref(), after.as_ref());
        }
        preview
    });
    weigh.await.map(Some).map_err(|e| Problem::conflict(format!("This was stopped: {e}.")))
}
