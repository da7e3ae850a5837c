//! What broke the tests of a repository when it was carried out, kept in the data folder beside its plan: planning again does not
//! place the same versions of the same packages again, before people ask for it.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use trimtab_connect::apply::{at, code_differs};
use trimtab_report::plan::json::{Action, Asked, Move};

use super::last;
use crate::agreement;
use crate::io::Io;

/// After this time what broke is tried again, on other code than it broke.
const TRIED_AGAIN: SignedDuration = SignedDuration::from_hours(14 * 24);
/// The most that is remembered, the newest first.
const MOST: usize = 500;

/// What is kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(in crate::commands) struct Broke(Vec<One>);

/// One change that broke tests.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct One {
    place: String,
    /// Packages with the versions that came in.
    versions: BTreeSet<String>,
    /// A moment, RFC 3339.
    on: String,
    /// The commit whose tests broke. `None`: a folder without git.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    base: Option<String>,
}

impl One {
    /// Whether it may pass now: people changed more than packages since, or it is long ago.
    fn may_pass(&self, here: Option<&str>, folder: &Path, now: Timestamp) -> bool {
        if self.base.is_some() && self.base.as_deref() == here {
            return false;
        }
        let long_ago =
            self.on.parse::<Timestamp>().is_ok_and(|on| now.duration_since(on) >= TRIED_AGAIN);
        let differs = || {
            let (base, here) = (self.base.as_deref()?, here?);
            code_differs(&agreement::repository(folder), base, here).ok()?
        };
        long_ago || differs() == Some(true)
    }
}

/// The versions that come in by an action: those that moved, where that is known, else those that are asked for.
fn versions(moves: &[Move], asked: &Asked) -> BTreeSet<String> {
    let moved = moves.iter().filter(|moved| !moved.to.is_empty());
    let moved: BTreeSet<String> =
        moved.map(|moved| format!("{}@{}", moved.package, moved.to.join(","))).collect();
    if !moved.is_empty() {
        return moved;
    }
    let parts = std::iter::once(asked).chain(&asked.with);
    let named = |part: &Asked| {
        let package = part.package.rsplit_once('@').map_or(&*part.package, |(package, _)| package);
        Some(format!("{package}@{}", part.to.as_deref()?))
    };
    parts.filter_map(named).collect()
}

impl Broke {
    /// What is known of a repository. Nothing, where there is no such file, or another build wrote it.
    pub(in crate::commands) fn of(folder: &Path, io: &Io) -> Broke {
        let place = last::place(folder, io).map(|place| place.with_extension("broke.json"));
        let text = place.and_then(|place| fs::read_to_string(place).ok());
        text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
    }

    /// Without what may pass now, as the code is another one.
    pub(in crate::commands) fn still(mut self, folder: &Path, now: Timestamp) -> Broke {
        if !self.0.is_empty() {
            let here = at(&agreement::repository(folder));
            self.0.retain(|one| !one.may_pass(here.as_deref(), folder, now));
        }
        self
    }

    /// When a change broke tests. `None`: it did not, or nobody knows.
    pub(super) fn when(&self, place: &str, moves: &[Move], asked: &Asked) -> Option<Timestamp> {
        let versions = versions(moves, asked);
        let same = |one: &&One| one.place == place && one.versions == versions;
        self.0.iter().filter(|_| !versions.is_empty()).find(same)?.on.parse().ok()
    }

    /// Takes in what became of actions: whether each broke the tests of a commit.
    fn take(&mut self, became: &[(&Action, bool)], base: Option<&str>, now: Timestamp) {
        for (action, broke) in became {
            let versions = versions(&action.moves, &action.proposal);
            self.0.retain(|one| one.place != action.place || one.versions != versions);
            if *broke && !versions.is_empty() {
                let (place, on) = (action.place.clone(), now.to_string());
                self.0.insert(0, One { place, versions, on, base: base.map(str::to_owned) });
            }
        }
        self.0.truncate(MOST);
    }

    /// Remembers what became of actions at a commit. What cannot be kept is told.
    pub(in crate::commands) fn keep(
        folder: &Path,
        became: &[(&Action, bool)],
        base: Option<&str>,
        now: Timestamp,
        io: &mut Io,
    ) {
        let before = Broke::of(folder, io);
        let mut after = before.clone();
        after.take(became, base, now);
        if after == before {
            return;
        }
        let Some(place) = last::place(folder, io) else { return };
        let place = place.with_extension("broke.json");
        let text = serde_json::to_string(&after).unwrap_or_default();
        let kept = last::whole(&place, text.as_bytes());
        if let Err(error) = kept {
            io.err(&format!(
                "What broke the tests could not be saved: {}: {error}\n",
                place.display()
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn action(place: &str, to: &str, moves: &serde_json::Value) -> Action {
        serde_json::from_value(json!({
            "name": "a", "way": "raise", "place": place, "tool": "npm", "confirmed": true,
            "proposal": { "way": "raise", "package": "pkg:npm/%40s/ms@1.0.0", "to": to, "other": null },
            "moves": moves, "distance": null, "removes": [], "brings": [],
            "cost": { "least": 1.0, "most": 2.0, "reasons": [] },
            "confidence": { "value": 0.9, "reasons": [] }, "quarantine": null,
            "checks": [], "changes": [], "commands": [],
        }))
        .unwrap()
    }

    #[test]
    fn the_same_versions_of_the_same_place_are_known_until_they_pass() {
        let now: Timestamp = "2026-11-28T10:00:00Z".parse().unwrap();
        let moved =
            |to: &str| json!([{ "package": "pkg:npm/%40s/ms", "from": ["1.0.0"], "to": [to] }]);
        let first = action("a.lock", "2.0.0", &moved("2.0.0"));
        let mut broke = Broke::default();
        broke.take(&[(&first, true)], None, now);
        let when = |broke: &Broke, of: &Action| broke.when(&of.place, &of.moves, &of.proposal);
        assert_eq!(when(&broke, &first), Some(now));
        assert_eq!(when(&broke, &action("b.lock", "2.0.0", &moved("2.0.0"))), None);
        assert_eq!(when(&broke, &action("a.lock", "2.0.1", &moved("2.0.1"))), None);
        // Where nothing is told to move, what is asked for counts.
        assert_eq!(when(&broke, &action("a.lock", "2.0.0", &json!([]))), Some(now));
        let text = serde_json::to_string(&broke).unwrap();
        assert_eq!(serde_json::from_str::<Broke>(&text).unwrap(), broke);
        broke.take(&[(&first, false)], None, now);
        assert_eq!(broke, Broke::default());
        for n in 0..600 {
            let to = n.to_string();
            broke.take(&[(&action("a.lock", &to, &moved(&to)), true)], None, now);
        }
        assert_eq!(broke.0.len(), MOST);
        assert!(when(&broke, &action("a.lock", "599", &moved("599"))).is_some(), "the newest");
    }

    #[test]
    fn what_broke_long_ago_is_tried_again_on_another_commit() {
        let then: Timestamp = "2026-11-01T10:00:00Z".parse().unwrap();
        let first = action("a.lock", "2.0.0", &json!([]));
        let folder = Path::new("no/such/folder");
        for (days, base, here, is) in [
            (13, Some("a"), Some("b"), false),
            (14, Some("a"), Some("b"), true),
            (99, Some("a"), Some("a"), false),
            (13, None, None, false),
            (14, None, None, true),
        ] {
            let mut broke = Broke::default();
            broke.take(&[(&first, true)], base, then);
            let now = then + SignedDuration::from_hours(24 * days);
            let one = broke.0.first().unwrap();
            assert_eq!(one.may_pass(here, folder, now), is, "{days} {base:?} {here:?}");
        }
    }
}
