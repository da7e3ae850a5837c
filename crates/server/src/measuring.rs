//! The lives of an organisation's findings, and what its teams were told, folded from its ledger and kept: the
//! ledger only grows, so that every question reads what came since the one before.

pub(crate) mod answers;
pub(crate) mod question;
pub(crate) mod shipping;
pub(crate) mod then;
pub(crate) mod told;

use std::collections::HashMap;
use std::sync::Arc;

use jiff::Timestamp;
use serde_json::Value;
use tokio::sync::Mutex;
use trimtab_engine::measure::{Assessed, Event, Happened, Life, Lives};
use trimtab_model::Level;
use trimtab_store::{Entry, EventKind, Org, Store, StoreError, System};

use told::Tellings;

/// How many entries are read at once.
const BLOCK: usize = 5000;

/// What was folded, by organisation.
pub(crate) type Kept = Arc<Mutex<HashMap<Org, Folded>>>;

/// What an organisation's ledger comes to.
#[derive(Debug, Clone, Default)]
pub(crate) struct Folded {
    /// The number of the last entry.
    pub(crate) seq: i64,
    /// The lives of its findings.
    pub(crate) lives: Arc<Lives>,
    /// What its teams were asked and told.
    pub(crate) tellings: Arc<Tellings>,
}

/// What the ledger comes to up to now.
pub(crate) async fn folded(kept: &Kept, store: &Store, org: Org) -> Result<Folded, StoreError> {
    let mut kept = kept.lock().await;
    let folded = kept.entry(org).or_default();
    loop {
        let entries = store.ledger(org, folded.seq, BLOCK).await?;
        let Some(last) = entries.last() else { break };
        // Who still looks at what was before keeps it.
        let lives = Arc::make_mut(&mut folded.lives);
        let tellings = Arc::make_mut(&mut folded.tellings);
        for entry in &entries {
            let data: Value = serde_json::from_str(&entry.data).unwrap_or_default();
            let Some(event) = event(entry, &data) else { continue };
            tellings.tell(entry, &data, event.at);
            lives.tell(&event);
        }
        folded.seq = last.seq;
        if entries.len() < BLOCK {
            break;
        }
    }
    Ok(folded.clone())
}

/// An entry as measures know it. A kind that this build does not know ends what was being told.
fn event(entry: &Entry, data: &Value) -> Option<Event> {
    let at = Timestamp::from_microsecond(entry.at).ok()?;
    let what = match EventKind::from_text(&entry.kind) {
        Some(EventKind::Received) => Happened::Received,
        // An alert about what runs is told with it, and changes nothing.
        Some(EventKind::Deployed) if data["what"] == "alert" => Happened::Other,
        Some(EventKind::Deployed) => Happened::Deployed,
        Some(EventKind::Detected) => {
            Happened::Detected(data["vulnerability"].as_str().unwrap_or("unknown").into())
        }
        Some(EventKind::Regressed) => {
            let since = data["since"].as_str().and_then(|text| text.parse().ok());
            since.map_or(Happened::Regressed, Happened::Resumed)
        }
        Some(EventKind::Merged) => Happened::Merged,
        Some(EventKind::Fixed) => Happened::Fixed,
        Some(EventKind::Retracted) => Happened::Retracted,
        Some(EventKind::Assessed) if data.get("level").is_none() => {
            Happened::Moved(data["production"].as_bool())
        }
        Some(EventKind::Assessed) => Happened::Assessed(Assessed {
            level: data["level"].as_str().and_then(Level::from_word),
            weight: data["weight"].as_f64().unwrap_or_default(),
            production: data["production"].as_bool(),
            deadline: data["deadline"].as_str().and_then(|text| text.parse().ok()),
            decision: data["decision"].as_i64(),
        }),
        Some(EventKind::Changed) if data["what"] == "asset" => Happened::Belongs,
        _ => Happened::Other,
    };
    let (system, asset, finding) = (entry.system, entry.asset, entry.finding);
    Some(Event { at, what, system, asset, finding })
}

/// Of which systems findings are measured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct Chosen {
    /// `None`: all, and what belongs to none.
    pub(crate) systems: Option<Vec<i64>>,
}

impl Chosen {
    /// What a person may see, of a team or a system if asked.
    pub(crate) fn of(
        systems: &[System],
        visible: Option<&[i64]>,
        team: Option<i64>,
        system: Option<i64>,
    ) -> Chosen {
        if visible.is_none() && team.is_none() && system.is_none() {
            return Chosen::default();
        }
        let is = |s: &&System| {
            visible.is_none_or(|v| v.contains(&s.id))
                && team.is_none_or(|team| s.team == Some(team))
                && system.is_none_or(|system| s.id == system)
        };
        Chosen { systems: Some(systems.iter().filter(is).map(|s| s.id).collect()) }
    }

    /// The lives of what is chosen.
    pub(crate) fn lives<'l>(&'l self, of: &'l Lives) -> impl Iterator<Item = &'l Life> + Clone {
        of.iter().filter(|life| match &self.systems {
            None => true,
            Some(all) => life.system.is_some_and(|id| all.contains(&id)),
        })
    }
}

/// Lives by the system that each belongs to: what is of one is not looked for among all.
pub(crate) struct BySystem<'l> {
    all: &'l Lives,
    of: HashMap<i64, Vec<&'l Life>>,
}

impl<'l> BySystem<'l> {
    /// All of them.
    pub(crate) fn of(all: &'l Lives) -> BySystem<'l> {
        let mut of: HashMap<i64, Vec<&Life>> = HashMap::new();
        for life in all.iter() {
            if let Some(id) = life.system {
                of.entry(id).or_default().push(life);
            }
        }
        BySystem { all, of }
    }

    /// The lives of what is chosen.
    pub(crate) fn lives(&self, chosen: &Chosen) -> Vec<&'l Life> {
        match &chosen.systems {
            None => self.all.iter().collect(),
            Some(ids) => ids.iter().filter_map(|id| self.of.get(id)).flatten().copied().collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_back_soon_is_told_with_its_first_day() {
        let told = |data: &str| {
            let entry = Entry {
                seq: 1,
                kind: EventKind::Regressed.as_str().to_owned(),
                at: 0,
                actor: "trimtab".to_owned(),
                system: None,
                asset: Some(1),
                finding: Some(2),
                data: data.to_owned(),
                hash: String::new(),
            };
            let data = serde_json::from_str(data).unwrap();
            event(&entry, &data).unwrap().what
        };
        assert_eq!(told(r#"{"package":"pkg:npm/left"}"#), Happened::Regressed);
        let since = Timestamp::from_second(86_400).unwrap();
        assert_eq!(told(r#"{"since":"1970-01-02T00:00:00Z"}"#), Happened::Resumed(since));
        // What cannot be read begins anew, as entries of earlier versions do.
        assert_eq!(told(r#"{"since":"yesterday"}"#), Happened::Regressed);
    }
}
