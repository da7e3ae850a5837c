//! What teams were asked and told, folded from the ledger.

use std::collections::HashMap;

use jiff::Timestamp;
use serde_json::Value;
use trimtab_engine::measure::{Telling, Word};
use trimtab_store::{Entry, EventKind, System};

/// What was asked and told, in the order of the ledger.
#[derive(Debug, Clone, Default)]
pub(crate) struct Tellings {
    all: Vec<Telling>,
    /// The system of each asset, as it was named last.
    systems: HashMap<i64, i64>,
}

impl Tellings {
    /// Goes on with an entry.
    pub(super) fn tell(&mut self, entry: &Entry, data: &Value, at: Timestamp) {
        if let (Some(asset), Some(system)) = (entry.asset, entry.system) {
            self.systems.insert(asset, system);
        }
        let text = |name: &str| data[name].as_str().unwrap_or_default();
        let telling = |word, about: &str| Telling {
            at,
            word,
            team: None,
            system: entry.system,
            asset: entry.asset,
            now: false,
            about: about.into(),
            update: None,
        };
        let one = match EventKind::from_text(&entry.kind) {
            // What people placed they need not be told.
            Some(EventKind::Planned) if entry.actor == "trimtab" && data["team"].is_i64() => {
                Telling {
                    team: data["team"].as_i64(),
                    now: text("window") == "now",
                    ..telling(Word::Plan, text("package"))
                }
            }
            Some(EventKind::Changed)
                if text("what") == "update" && matches!(text("outcome"), "applied" | "part") =>
            {
                Telling {
                    // A batch that does not wait for a window is named so.
                    now: text("batch").starts_with("now"),
                    update: data["update"].as_i64(),
                    ..telling(Word::Request, text("batch"))
                }
            }
            Some(EventKind::Detected | EventKind::Regressed) => {
                // Of an asset at one moment, one stands for all.
                let same = |is: &Telling| {
                    is.word == Word::Finding && is.at == at && is.asset == entry.asset
                };
                if self.all.last().is_some_and(same) {
                    return;
                }
                telling(Word::Finding, "")
            }
            _ => return,
        };
        self.all.push(one);
    }

    /// What is of systems that somebody may see (`None`: all, and what is of none), told to a team if one is named. Who
    /// is asked for work on a system is its owner of today, as with all measures; a plan is of its team, whosever the
    /// asset is.
    pub(crate) fn of(
        &self,
        visible: Option<&[i64]>,
        systems: &[System],
        team: Option<i64>,
    ) -> Vec<Telling> {
        let owner: HashMap<i64, Option<i64>> = systems.iter().map(|s| (s.id, s.team)).collect();
        let mut all = Vec::new();
        for is in &self.all {
            let system = is.system.or_else(|| self.systems.get(&is.asset?).copied());
            let of = match is.word {
                Word::Plan => is.team,
                Word::Request | Word::Finding => {
                    system.and_then(|id| owner.get(&id).copied().flatten())
                }
            };
            let seen = visible.is_none_or(|may| system.is_some_and(|system| may.contains(&system)));
            if seen && team.is_none_or(|team| of == Some(team)) {
                all.push(Telling { team: of, system, ..is.clone() });
            }
        }
        all
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn entry(kind: EventKind, system: Option<i64>, data: &Value) -> Entry {
        Entry {
            seq: 1,
            kind: kind.as_str().to_owned(),
            at: 0,
            actor: "trimtab".to_owned(),
            system,
            asset: Some(7),
            finding: None,
            data: data.to_string(),
            hash: String::new(),
        }
    }

    #[test]
    fn a_plan_is_of_its_team_whosever_the_asset_is() {
        let system = |id, team| System { id, team: Some(team), ..System::default() };
        let systems = [system(1, 10), system(2, 20)];
        let mut tellings = Tellings::default();
        let mut tell = |kind, system, data: Value| {
            tellings.tell(&entry(kind, system, &data), &data, Timestamp::UNIX_EPOCH);
        };
        // The asset is of the second team's system; a change of it is in the first team's plan.
        tell(EventKind::Changed, Some(2), json!({ "what": "system" }));
        tell(EventKind::Planned, None, json!({ "team": 10, "package": "pkg:npm/a" }));
        let of = |visible: Option<&[i64]>, team| tellings.of(visible, &systems, team).len();
        assert_eq!((of(None, None), of(None, Some(10)), of(None, Some(20))), (1, 1, 0));
        // A group of all teams and the list of one of them have the same.
        let both = Some(&[1, 2][..]);
        let grouped = tellings.of(both, &systems, None);
        assert_eq!(grouped.iter().filter(|is| is.team == Some(10)).count(), of(both, Some(10)));
        assert_eq!(of(both, Some(10)), 1);
        assert_eq!(grouped[0].system, Some(2));
        assert_eq!(of(Some(&[1]), Some(10)), 0, "they may not see the asset");
    }
}
