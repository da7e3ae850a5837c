//! Updates: batches that were carried out where the code is, from planned to deployed. How far each is follows from
//! its findings and from what was planned; only the evidence, and what people say of it, is kept.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use jiff::{SignedDuration, Timestamp};
use trimtab_charter::calendar::working_days;
use trimtab_engine::assess::distance;
use trimtab_engine::plan::learn::{Finished, Kind, Over, Sort};
use trimtab_model::Purl;
use trimtab_model::charter::Calendar;
use trimtab_report::applied::json::{Action, DONE, Document};
use trimtab_store::{Applied, Finding, FindingFilter, FindingOrder, FindingState, Org};

use crate::facts::within;
use crate::problem::Problem;
use crate::state::App;

/// The most findings of an asset that are looked at.
const MOST: usize = 2_000;
/// How many updates of a team are learnt from: the newest.
pub(crate) const LEARNT: usize = 100;
/// For how long is looked whether an update came into production.
const OPEN: SignedDuration = SignedDuration::from_hours(24 * 180);

/// How far an update is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Far {
    /// It has nothing that can be merged.
    Nothing,
    /// It waits to be merged.
    CarriedOut,
    /// What it removes is gone from the main line, and still runs.
    Merged,
    /// What it removes is gone from production.
    Deployed,
    /// It was taken back.
    Reverted,
    /// None of what it removes is known of the asset.
    Unknown,
}

impl Far {
    /// The word of the API.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Far::Nothing => "nothing",
            Far::CarriedOut => "carried-out",
            Far::Merged => "merged",
            Far::Deployed => "deployed",
            Far::Reverted => "reverted",
            Far::Unknown => "unknown",
        }
    }

    /// For people.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Far::Nothing => "nothing of it can be merged",
            Far::CarriedOut => "waits to be merged",
            Far::Merged => "merged, waits to be deployed",
            Far::Deployed => "in production",
            Far::Reverted => "rolled back",
            Far::Unknown => "nothing that it removes is known here",
        }
    }
}

/// When it was planned, and for which window.
pub(crate) struct WasPlanned {
    pub(crate) at: Timestamp,
    pub(crate) window: String,
    /// From when it could be carried out, where that was within its window.
    pub(crate) ready: Option<Timestamp>,
    pub(crate) why: String,
}

/// An update with where it is.
pub(crate) struct Update {
    pub(crate) is: Applied,
    pub(crate) told: Document,
    /// The findings of the asset that it removes, each once.
    pub(crate) findings: Vec<Finding>,
    /// Of each line of what it removes, the number of the finding. `None`: the asset has no such finding. Two lines may name
    /// one, since vulnerabilities turn out to be one.
    pub(crate) named: Vec<Option<i64>>,
    pub(crate) planned: Option<WasPlanned>,
    pub(crate) merged: Option<Timestamp>,
    pub(crate) deployed: Option<Timestamp>,
    pub(crate) far: Far,
}

/// What its evidence says; what this build cannot read is told as damaged.
fn told(is: &Applied) -> Result<Document, Problem> {
    serde_json::from_value(is.is.told.clone())
        .map_err(|e| Problem::invalid(format!("The evidence of update {} is damaged: {e}", is.id)))
}

/// Where an update is.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn of(app: &App, org: Org, is: Applied) -> Result<Update, Problem> {
    let told = told(&is)?;
    let gone = Known::default().of(app, org, is.is.asset, &told).await?;
    let planned = planned(app, org, &is, &told).await?;
    Ok(reckoned(is, told, gone, planned))
}

/// Where several updates are; when they were planned is not looked up.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn of_all(app: &App, org: Org, all: Vec<Applied>) -> Result<Vec<Update>, Problem> {
    let mut known = Known::default();
    let mut updates = Vec::with_capacity(all.len());
    for is in all {
        let told = told(&is)?;
        let gone = known.of(app, org, is.is.asset, &told).await?;
        updates.push(reckoned(is, told, gone, None));
    }
    Ok(updates)
}

/// Findings that are removed, and which of them each line names.
type Gone = (Vec<Finding>, Vec<Option<i64>>);

/// Findings that were read, by asset and package: several updates are about the same ones.
#[derive(Default)]
struct Known(HashMap<(i64, String), Vec<Finding>>);

impl Known {
    /// The findings that a batch removes, as far as there are any, each once; and which each line of it names.
    async fn of(
        &mut self,
        app: &App,
        org: Org,
        asset: i64,
        told: &Document,
    ) -> Result<Gone, Problem> {
        let mut found: Vec<Finding> = Vec::new();
        let mut named = Vec::with_capacity(told.removes.len());
        // A vulnerability may be called otherwise by now.
        let names: Vec<String> =
            told.removes.iter().map(|gone| gone.vulnerability.clone()).collect();
        let known = app.store.vulnerabilities_named(org, &names).await?;
        for gone in &told.removes {
            let Ok(purl) = gone.package.parse::<Purl>() else {
                named.push(None);
                continue;
            };
            let package = purl.package().to_string();
            let of = match self.0.entry((asset, package.clone())) {
                Entry::Occupied(known) => known.into_mut(),
                Entry::Vacant(new) => new.insert(findings(app, org, asset, package).await?),
            };
            let is = known.get(&gone.vulnerability);
            let finding = of.iter().find(|f| Some(&f.vulnerability.0) == is);
            named.push(finding.map(|f| f.id));
            let new = finding.filter(|one| found.iter().all(|f| f.id != one.id));
            found.extend(new.cloned());
        }
        Ok((found, named))
    }
}

async fn findings(
    app: &App,
    org: Org,
    asset: i64,
    package: String,
) -> Result<Vec<Finding>, Problem> {
    let filter = FindingFilter {
        asset: Some(asset),
        package: Some(package),
        states: FindingState::ALL.to_vec(),
        ..FindingFilter::default()
    };
    Ok(within::findings(app, org, &filter, FindingOrder::Newest, MOST).await?.0)
}

/// Whether nothing of it can be merged.
fn is_nothing(told: &Document) -> bool {
    matches!(told.outcome.as_str(), "nothing" | "refused")
}

/// When the last of some findings was gone from the main line, and from production; each with its state, and when it was
/// merged and fixed. That a source took back what it said of one tells nothing of an update.
fn became(
    all: &[(FindingState, Option<Timestamp>, Option<Timestamp>)],
) -> (Option<Timestamp>, Option<Timestamp>) {
    let left = || all.iter().filter(|(state, ..)| *state != FindingState::Retracted);
    let merged = last(left().map(|(state, merged, fixed)| match state {
        FindingState::Open => None,
        _ => merged.or(*fixed),
    }));
    let deployed = last(left().map(|(state, _, fixed)| fixed.filter(|_| !state.is_live())));
    (merged, deployed)
}

/// The last of some moments, if all of them are known.
fn last(mut moments: impl Iterator<Item = Option<Timestamp>>) -> Option<Timestamp> {
    moments.try_fold(None, |held: Option<Timestamp>, at| Some(held.max(Some(at?)))).flatten()
}

fn reckoned(
    is: Applied,
    told: Document,
    (findings, named): Gone,
    planned: Option<WasPlanned>,
) -> Update {
    // Of one that is not known, nobody can say.
    let known: Vec<_> = findings.iter().map(|f| (f.state, f.merged, f.fixed)).collect();
    let (merged, deployed) =
        if named.iter().all(Option::is_some) { became(&known) } else { (None, None) };
    let nothing = is_nothing(&told);
    let far = match (is.reverted, nothing) {
        (Some(_), _) => Far::Reverted,
        (None, true) => Far::Nothing,
        (None, false) if findings.is_empty() => Far::Unknown,
        (None, false) if deployed.is_some() => Far::Deployed,
        (None, false) if merged.is_some() => Far::Merged,
        (None, false) => Far::CarriedOut,
    };
    Update { is, told, findings, named, planned, merged, deployed, far }
}

/// When something of it was scheduled last before it was carried out.
async fn planned(
    app: &App,
    org: Org,
    is: &Applied,
    told: &Document,
) -> Result<Option<WasPlanned>, Problem> {
    let entries = app.store.planned_of(org, is.is.asset, is.is.at, 1_000).await?;
    let mut packages: Vec<String> = told.moves.iter().map(|m| m.package.clone()).collect();
    packages.extend(
        told.removes
            .iter()
            .filter_map(|gone| Some(gone.package.parse::<Purl>().ok()?.package().to_string())),
    );
    for entry in entries {
        let Ok(data) = serde_json::from_str::<serde_json::Value>(&entry.data) else { continue };
        let text = |name: &str| data[name].as_str().unwrap_or_default().to_owned();
        let placed = matches!(text("state").as_str(), "scheduled" | "moved");
        if placed && packages.contains(&text("package")) {
            let at = Timestamp::from_microsecond(entry.at).unwrap_or(is.is.at);
            let (why, ready) = (text("reason"), text("ready").parse().ok());
            return Ok(Some(WasPlanned { at, window: text("window"), ready, why }));
        }
    }
    Ok(None)
}

/// What a batch is called: what moves, and where.
pub(crate) fn title(told: &Document) -> String {
    let name = |purl: &str| match purl.parse::<Purl>() {
        Ok(purl) => match purl.namespace() {
            Some(namespace) => format!("{namespace}/{}", purl.name()),
            None => purl.name().to_owned(),
        },
        Err(_) => purl.to_owned(),
    };
    match told.moves.as_slice() {
        [] => format!("Batch {}", told.batch),
        [one] => match one.to.last() {
            Some(to) => format!("{} to {to}", name(&one.package)),
            None => format!("{} out", name(&one.package)),
        },
        all => format!("{} packages in {}", all.len(), told.place),
    }
}

/// Looks at what became of a team's updates that were not in production when it was looked last, and keeps when each
/// was merged and deployed.
///
/// # Errors
/// The store does not answer.
pub(crate) async fn look(app: &App, org: Org, team: i64, now: Timestamp) -> Result<(), Problem> {
    let since = now - OPEN;
    let all = app.store.unfinished(org, team, since, LEARNT).await?;
    let known: HashMap<i64, (Option<Timestamp>, Option<Timestamp>)> =
        all.iter().map(|is| (is.id, (is.merged, is.deployed))).collect();
    // One whose evidence is damaged says so on its page, and holds nobody up.
    let all = all.into_iter().filter(|is| told(is).is_ok()).collect();
    for update in of_all(app, org, all).await? {
        // What was refused is not merged, whatever becomes of its findings.
        if update.far == Far::Nothing {
            continue;
        }
        let is = (update.merged, update.deployed);
        let (merged, deployed) = known.get(&update.is.id).copied().unwrap_or_default();
        if (merged.is_none() && is.0.is_some()) || (deployed.is_none() && is.1.is_some()) {
            app.store.see_applied(org, update.is.id, is, now).await?;
        }
    }
    Ok(())
}

/// What is learnt of updates that are over, by the calendar: their days are working days. What was carried out by a build
/// that does not tell kinds counts as a raise of each package that moved. A batch that was carried out anew, and then merged
/// once, counts once, from when it was begun.
pub(crate) fn finished(all: &[Applied], calendar: &Calendar) -> Vec<Finished> {
    let over = |is: &Applied| {
        let told = told(is).ok().filter(|told| !is_nothing(told))?;
        let done = told.actions.iter().filter(|action| action.outcome == DONE);
        let sort = |action: &Action| {
            let is = action.estimate.as_ref()?;
            let sort = Sort::from_words(&is.kind, is.distance.as_deref(), is.transitive)?;
            Some((sort, action.points))
        };
        let mut parts: Vec<(Sort, Option<f64>)> = done.filter_map(sort).collect();
        if parts.is_empty() {
            let moved = told.moves.iter().filter_map(|m| {
                let distance = distance(m.from.first()?, m.to.last()?);
                Some((Sort { kind: Kind::Upgrade, distance, transitive: false }, None))
            });
            parts.extend(moved);
        }
        let merged = is.merged.or(is.deployed).filter(|at| *at >= is.is.at);
        Some(Over {
            parts,
            points: is.points,
            days: merged.map(|at| working_days(is.is.at, at, calendar)),
            reverted: is.reverted.is_some(),
        })
    };
    let mut first: HashMap<(i64, &str, Option<Timestamp>), &Applied> = HashMap::new();
    let is_said = |is: &Applied| is.points.is_some() || is.reverted.is_some();
    let merge = |is: &Applied| is.merged.or(is.deployed);
    for is in all.iter().filter(|is| !is_said(is)) {
        let held = first.entry((is.is.asset, is.is.batch.as_str(), merge(is))).or_insert(is);
        if is.is.at < held.is.at {
            *held = is;
        }
    }
    let counts = |is: &&Applied| {
        let held = first.get(&(is.is.asset, is.is.batch.as_str(), merge(is)));
        is_said(is) || held.is_some_and(|held| held.id == is.id)
    };
    let over = all.iter().filter(counts).filter_map(over);
    over.flat_map(|over| over.finished().collect::<Vec<_>>()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_source_took_back_was_merged_by_nobody() {
        let at = |second| Timestamp::from_second(second).ok();
        let fixed = (FindingState::Fixed, at(1), at(3));
        let merged = (FindingState::Merged, at(2), None);
        let open = (FindingState::Open, None, None);
        let retracted = (FindingState::Retracted, at(9), at(9));
        assert_eq!(became(&[fixed]), (at(1), at(3)));
        assert_eq!(became(&[fixed, merged]), (at(2), None));
        assert_eq!(became(&[fixed, open]), (None, None));
        assert_eq!(became(&[retracted]), (None, None));
        // The others tell.
        assert_eq!(became(&[retracted, fixed]), (at(1), at(3)));
        assert_eq!(became(&[retracted, open]), (None, None));
    }
}
