//! Comparing what an asset has with what is stored of it: what is to be written, and what the ledger is told.

use serde_json::json;

use super::present::{Key, Present, Stored};
use super::settle::{Settled, Side, Work};
use super::tally::{Sums, Tally};
use super::write::{Written, differs};
use super::{FindingState, Known, Weighed};
use crate::error::{Result, StoreError};
use crate::held::Locked;
use crate::ledger::{EventKind, NewEvent};

/// What settling writes.
#[derive(Default)]
pub(super) struct Changes<'r> {
    pub(super) written: Vec<Written<'r>>,
    /// Live findings that are no longer there: the asset, by its place, and what is stored.
    pub(super) gone: Vec<(usize, &'r Key, &'r Stored)>,
    pub(super) sums: Sums,
}

impl Work<'_> {
    /// What is to be written of an asset.
    pub(super) fn compare<'r>(
        &self,
        (place, side): (usize, &'r Side<'_>),
        new: &mut impl Iterator<Item = i64>,
        changes: &mut Changes<'r>,
        events: &mut Vec<NewEvent>,
    ) -> Result<Settled> {
        let mut settled = Settled::default();
        let (mut before, mut after) = (Tally::default(), Tally::default());
        for (key, was) in side.stored.iter().filter(|(_, was)| was.state.is_live()) {
            before.add(key, &was.tallied());
        }
        for (key, is) in &side.beside {
            before.add(key, &is.tallied());
            after.add(key, &is.tallied());
        }
        let short = || StoreError::Damaged("fewer ids than new findings".to_owned());
        for (key, is) in &side.present {
            let was = side.stored.get(key);
            let id = match was {
                Some(was) => was.id,
                None => new.next().ok_or_else(short)?,
            };
            let row = self.row(side, (id, key, is), was);
            settled.live += 1;
            self.tell(&row, was, &mut settled, events);
            after.add(key, &row.tallied());
            let live = was.filter(|was| was.state.is_live());
            if live.is_none_or(|was| row.differs(was)) {
                changes.written.push(row);
            }
        }
        let gone = side
            .stored
            .iter()
            .filter(|(key, was)| was.state.is_live() && !side.present.contains_key(*key));
        changes.gone.extend(gone.map(|(key, was)| (place, key, was)));
        changes.sums.change(side.is.asset.system, before, after);
        Ok(settled)
    }

    /// A finding as it is now. `was`: what is stored of it.
    fn row<'r>(
        &self,
        side: &'r Side<'_>,
        (id, key, is): (i64, &'r Key, &'r Present),
        was: Option<&Stored>,
    ) -> Written<'r> {
        let Locked { asset, team, .. } = side.is;
        // Where it is not known what runs, the main line stands in, and is said to.
        let production = (side.known && is.carried).then_some(is.running);
        let merged = is.carried && !is.latest;
        let state = if merged { FindingState::Merged } else { FindingState::Open };
        let detected = match was {
            Some(was) if was.state.is_live() || was.resumes(self.now) => was.detected,
            _ => self.now,
        };
        let weighed = (self.weigh)(&Known {
            asset: (asset.id, asset.name.clone()),
            system: asset.system,
            purl: is.purl.clone(),
            package: key.0.clone(),
            vulnerability: is.vulnerability.clone(),
            scope: is.scope.clone(),
            relation: is.relation.clone(),
            files: is.files,
            detected,
        });
        Written { id, asset, key, is, state, production, detected, weighed, team: *team }
    }

    /// Tells the ledger what became of a finding, and notes it.
    fn tell(
        &self,
        row: &Written<'_>,
        was: Option<&Stored>,
        settled: &mut Settled,
        events: &mut Vec<NewEvent>,
    ) {
        let event = |kind, data| NewEvent {
            kind,
            at: self.now,
            actor: "trimtab".to_owned(),
            system: row.asset.system,
            asset: Some(row.asset.id),
            finding: Some(row.id),
            data,
        };
        let back = was.is_some_and(|was| !was.state.is_live());
        let merged = row.state == FindingState::Merged;
        let names = json!({ "package": row.key.0, "vulnerability": row.is.vulnerability,
            "purl": row.is.purl });
        // What came, or came back, where it runs alone is not on the main line from the beginning.
        let elsewhere = (merged && (was.is_none() || back)).then(|| names.clone());
        match was {
            None => {
                settled.detected.push(row.id);
                events.push(event(EventKind::Detected, names));
            }
            Some(was) if back => {
                settled.regressed.push(row.id);
                let mut names = names;
                if was.resumes(self.now)
                    && let Some(members) = names.as_object_mut()
                {
                    members.insert("since".to_owned(), json!(row.detected.to_string()));
                }
                events.push(event(EventKind::Regressed, names));
            }
            Some(was) if was.state == FindingState::Open && merged => {
                settled.merged.push(row.id);
                events.push(event(EventKind::Merged, names));
            }
            Some(was) if was.state == FindingState::Merged && !merged => {
                settled.regressed.push(row.id);
                events.push(event(EventKind::Regressed, names));
            }
            Some(_) => {}
        }
        let live = was.filter(|_| !back);
        if let Some(weighed) = &row.weighed
            && live.is_none_or(|was| differs(was, weighed))
        {
            if live.is_some() {
                settled.reassessed.push(row.id);
            }
            events.push(event(EventKind::Assessed, told(weighed, row.production)));
        } else if live.is_some_and(|was| was.production != row.production) {
            let weight = row.weighed.as_ref().map(|w| w.weight);
            let data = json!({ "production": row.production, "weight": weight });
            events.push(event(EventKind::Assessed, data));
        }
        events.extend(elsewhere.map(|names| event(EventKind::Merged, names)));
    }
}

fn told(is: &Weighed, production: Option<bool>) -> serde_json::Value {
    json!({
        "level": is.level.as_str(),
        "weight": is.weight,
        "production": production,
        "deadline": is.deadline.map(|d| d.to_string()),
        "decision": is.decision.map(|(id, _)| id),
        "decided": is.decision.map(|(_, kind)| kind),
    })
}
