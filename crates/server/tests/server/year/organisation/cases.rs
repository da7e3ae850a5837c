//! What happens once in a while: a drill, a second incident and a near miss, what is withdrawn, joined, dropped or taken back,
//! and who and what goes elsewhere.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::super::walking::Walk;
use super::{Act, Year, now};

impl Year {
    /// What is known to come of it.
    pub(super) fn cases(&mut self) {
        self.at(60, 9, Act::Another("drill", None, 0));
        self.at(150, 9, Act::Another("second", None, 0));
        self.at(320, 9, Act::Another("near miss", None, 0));
        self.at(352, 9, Act::Another("still open", None, 0));
        self.at(140, 10, Act::Withdrawn);
        self.at(210, 10, Act::Joined);
        self.at(230, 10, Act::Move(10, 11));
        self.at(280, 10, Act::Leave(5));
        self.at(357, 10, Act::Wait);
    }

    /// One call that does it.
    pub(super) fn case(&mut self, act: &Act) {
        match act {
            Act::End(decision) => {
                let body = json!({ "state": "ended", "role": "security" });
                let path = format!("/api/v1/decisions/{decision}/answer");
                self.send(&self.sia, "POST", &path, &body);
            }
            Act::Drop(goal) => {
                self.send(&self.lea, "DELETE", &format!("/api/v1/goals/{goal}"), &json!({}));
            }
            Act::Revert(update) => {
                let body =
                    json!({ "reverted": true, "points": 3.0, "reason": "It slowed us down." });
                self.post(&format!("/api/v1/updates/{update}"), &body);
            }
            Act::Move(asset, system) => self.assets[*asset].system = *system,
            Act::Leave(at) => {
                let id = self.people[*at].id;
                self.send(&self.lea, "DELETE", &format!("/api/v1/people/{id}"), &json!({}));
                self.left.insert(*at);
            }
            Act::Wait => {
                let rows = self.get("/api/v1/findings?counts=true&limit=5")["rows"].clone();
                let wanted = json!({ "finding": rows[0]["id"], "kind": "exception",
                    "reason": "The new quay opens first.", "role": "security", "days": 20,
                    "control": "Only the harbour's own network reaches it." });
                self.send(&self.sia, "POST", "/api/v1/decisions", &wanted);
                let text = "format = 1\npreset = \"framework\"\nname = \"Ours\"\nversion = \"4\"\n";
                let made = self.post("/api/v1/charters", &json!({ "text": text }));
                let path = format!("/api/v1/charters/{}/agree", made["id"]);
                self.post(&path, &json!({ "side": "product" }));
            }
            _ => unreachable!("{act:?} is no such case"),
        }
    }

    /// The findings that are there, with the record that each comes from.
    fn found(&self) -> Vec<(i64, String, String)> {
        let rows = self.get("/api/v1/findings?limit=500")["rows"].clone();
        let one = |row: &Value| {
            let name = row["vulnerability"].as_str()?;
            let record = self.world.called(&BTreeSet::from([name]))?;
            let package = row["package"].as_str()?.to_owned();
            Some((row["asset"]["id"].as_i64()?, package, record.to_owned()))
        };
        rows.as_array().unwrap().iter().filter_map(one).collect()
    }

    /// A record of something that is there turns out to be none, and says so.
    pub(super) fn withdrawn(&mut self) {
        let (.., record) = self.found().into_iter().max().unwrap();
        self.world.say(&record, "withdrawn", json!(now().to_string()));
        self.publish();
    }

    /// Two records of one package turn out to be about the same.
    pub(super) fn joined(&mut self) {
        let mut of: BTreeMap<(i64, String), BTreeSet<String>> = BTreeMap::new();
        for (asset, package, record) in self.found() {
            of.entry((asset, package)).or_default().insert(record);
        }
        let two = of.into_values().find(|records| records.len() > 1);
        let Some(two) = two.map(Vec::from_iter) else {
            // Nothing has two now.
            return self.after(3, 0, Act::Joined);
        };
        let mut aliases = self.world.said(&two[0])["aliases"].clone();
        if !aliases.is_array() {
            aliases = json!([]);
        }
        aliases.as_array_mut().unwrap().push(json!(two[1]));
        self.world.say(&two[0], "aliases", aliases);
        self.publish();
    }

    /// An incident beside the one that is followed closely. One stays open.
    pub(super) fn another(&mut self, what: &'static str, id: Option<i64>, step: usize) {
        let Some(id) = id else {
            let package = usize::try_from(self.below(self.world.packages.len() as u64)).unwrap();
            let package = format!("pkg:cargo/{}", self.world.packages[package].name);
            let published = now() - SignedDuration::from_hours(30);
            let body = match what {
                "drill" => json!({ "drill": true, "past": "log4shell", "looked_for": package }),
                _ => json!({ "title": what, "published": published.to_string(),
                    "looked_for": package, "near_miss": what == "near miss" }),
            };
            let id = self.post("/api/v1/incidents", &body)["id"].as_i64();
            self.after(0, 3, Act::Another(what, id, 1));
            return;
        };
        let path = format!("/api/v1/incidents/{id}");
        let room = self.get(&path);
        let touched = room["teams"].as_array().unwrap().iter();
        let touched: Vec<i64> = touched.filter_map(|team| team["team"]["id"].as_i64()).collect();
        let kind = if step == 1 { "acknowledged" } else { "contained" };
        for team in touched.into_iter().skip(step % 2) {
            let body = json!({ "kind": kind, "team": team, "text": "We look." });
            self.post(&path, &body);
        }
        if step == 1 {
            self.after(1, 5, Act::Another(what, Some(id), 2));
        } else if what != "still open" {
            self.post(
                &path,
                &json!({ "kind": "closed", "text": "It is over.",
                "undone": "The rest follows the plan." }),
            );
        }
    }

    /// What the first team's lead opened tells nothing of what is of other teams alone: no asset and no system of theirs is
    /// named, on pages and by the API.
    pub(in super::super) fn sees_nothing_else(&self, walk: &Walk) {
        assert!(walk.answers.len() > 100, "{}", walk.answers.len());
        let of_api = walk.answers.keys().filter(|at| at.starts_with("/api/v1/")).count();
        assert!(of_api > 10, "{of_api} of the API");
        // Of systems, whose they are now: the third and the seventh were given away.
        let is_own = |system: usize| system == 0 || system == 6;
        let others = self.assets.iter().filter(|asset| !is_own(asset.system));
        let mut others: Vec<String> = others.map(|asset| asset.name.clone()).collect();
        let systems = (0..12).filter(|system| !is_own(*system));
        others.extend(systems.map(|system| format!("system-{system}")));
        for (at, text) in &walk.answers {
            let words: BTreeSet<&str> =
                text.split(|c: char| !c.is_ascii_alphanumeric() && c != '-').collect();
            let told: Vec<_> = others.iter().filter(|name| words.contains(name.as_str())).collect();
            assert!(told.is_empty(), "{at} tells of {told:?}");
        }
    }

    /// Each of them is in the ledger.
    pub(super) fn has_cases(&self, text: &str) {
        let entries: Vec<(Value, Value)> = text
            .lines()
            .map(|line| {
                let entry: Value = serde_json::from_str(line).unwrap();
                let data: Value = serde_json::from_str(entry["data"].as_str().unwrap()).unwrap();
                (entry, data)
            })
            .collect();
        let count =
            |is: &dyn Fn(&Value) -> bool| entries.iter().filter(|(_, data)| is(data)).count();
        let opened = |is: &Value| is["what"] == "incident" && is["event"] == "opened";
        let drill = |is: &Value| opened(is) && !is["told"]["drill"].is_null();
        assert_eq!(count(&drill), 1, "a drill");
        let number = entries.iter().find(|(_, is)| drill(is)).unwrap().1["incident"].clone();
        let touched = |is: &Value| {
            is["what"] == "incident" && is["event"] == "touched" && is["incident"] == number
        };
        assert!(count(&touched) > 0, "the drill touched nobody");
        assert_eq!(count(&|is| opened(is) && is["told"]["near_miss"] == true), 1, "a near miss");
        assert_eq!(count(&opened), 5, "incidents");
        assert!(count(&|is| is["state"] == "ended" && is["decision"].is_i64()) > 0, "withdrawn");
        assert_eq!(count(&|is| is["what"] == "goal" && is["dropped"] == true), 1, "a goal");
        let left = self.left.iter().map(|at| self.people[*at].id);
        for id in left {
            let closed = |is: &Value| is["what"] == "person-closed" && is["person"] == id;
            assert_eq!(count(&closed), 1, "person {id} left");
        }
        assert_eq!(self.left.len(), 1, "who left");
        assert_eq!(count(&|is| is["in_force"] == true), 2, "charters came into force");
        let pack = |is: &Value| is["what"] == "review" && is["of"] == "all";
        assert_eq!(count(&|is| pack(is) && is["state"] == "prepared"), 9, "packs");
        for (what, least) in [
            ("supplier-document", 2),
            ("supplier-answer", 1),
            ("supplier-question", 2),
            ("verdict-answered", 1),
        ] {
            assert!(count(&|is| is["what"] == what) >= least, "{what}");
        }
        for source in ["push", "gate"] {
            let refused = |is: &Value| {
                is["what"] == "verdict" && is["source"] == source && is["outcome"] == "refused"
            };
            assert!(count(&refused) > 0, "nothing was refused: {source}");
        }
        for (day, what) in [(140, "withdrawn by itself"), (190, "taken back")] {
            let at = (self.begins + SignedDuration::from_hours(24 * day + 10)).as_second() / 86_400;
            let is = |(entry, data): &(Value, Value)| {
                entry["kind"] == "retracted"
                    && data["into"].is_null()
                    && entry["at"].as_i64().is_some_and(|is| is / 86_400_000_000 == at)
            };
            assert!(entries.iter().any(is), "no advisory was {what}");
        }
        // What is made up need not have them.
        if trimtab_testkit::shared().is_some() {
            let wont = |is: &Value| is["what"] == "ticket" && is["wont_do"] == true;
            assert!(count(&wont) > 0, "every ticket is to be done");
            assert!(!self.answered.is_empty(), "nothing was asked for because of a ticket");
            assert!(count(&|is| is["what"] == "joined") > 0, "no two records were joined");
            let into = |(entry, data): &(Value, Value)| {
                entry["kind"] == "retracted" && data["into"].is_i64()
            };
            assert!(entries.iter().any(into), "nothing had a finding of both that were joined");
            assert!(is_taken_back(&entries), "no update that was in production was taken back");
            assert!(has_moved(&entries), "no asset went elsewhere with what it has");
            assert!(has_expired(&entries), "no exception ended by itself");
        }
    }
}

/// Whether an update was taken back after it was seen in production.
fn is_taken_back(entries: &[(Value, Value)]) -> bool {
    let mut deployed = BTreeSet::new();
    entries.iter().filter(|(_, is)| is["what"] == "update").any(|(_, is)| {
        let update = is["update"].as_i64();
        if is["deployed"].is_string() {
            deployed.insert(update);
        }
        is["reverted"].is_string() && deployed.contains(&update)
    })
}

/// Whether an asset came to another system with findings that are there.
fn has_moved(entries: &[(Value, Value)]) -> bool {
    let mut there: BTreeMap<Option<i64>, Option<i64>> = BTreeMap::new();
    for (entry, data) in entries {
        let (finding, asset) = (entry["finding"].as_i64(), entry["asset"].as_i64());
        match entry["kind"].as_str() {
            Some("detected" | "regressed") => _ = there.insert(finding, asset),
            Some("fixed" | "retracted") => _ = there.remove(&finding),
            _ => {
                let moved = data["what"] == "asset" && data["from"] != entry["system"];
                if moved && there.values().any(|of| *of == asset) {
                    return true;
                }
            }
        }
    }
    false
}

/// Whether an exception ended when its time was over, and what it was about counted again.
fn has_expired(entries: &[(Value, Value)]) -> bool {
    let mut ends: BTreeMap<i64, i64> = BTreeMap::new();
    let mut held: BTreeMap<Option<i64>, Option<i64>> = BTreeMap::new();
    for (entry, data) in entries {
        let decision = data["decision"].as_i64();
        let expires = data["expires"].as_str().filter(|_| entry["kind"] == "decided");
        if let (Some(decision), Some(at)) = (decision, expires) {
            let at: Timestamp = at.parse().unwrap();
            ends.insert(decision, at.as_microsecond());
        }
        if entry["kind"] != "assessed" || data.get("level").is_none() {
            continue;
        }
        let before = held.insert(entry["finding"].as_i64(), decision).flatten();
        let over = before.and_then(|decision| ends.get(&decision).copied());
        let is_over = over.is_some_and(|over| entry["at"].as_i64().is_some_and(|at| at >= over));
        if decision.is_none() && is_over && data["production"] != false {
            return true;
        }
    }
    false
}
