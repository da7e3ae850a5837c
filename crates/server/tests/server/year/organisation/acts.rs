//! What teams do: each in its way, through the server's own ways.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{Act, Year, now};

impl Year {
    pub(super) fn publish(&mut self) {
        self.world.put(self.folder.path(), now(), self.back.as_deref());
        let app = self.server.app();
        self.server.runtime.block_on(app.notice_index()).unwrap();
    }

    /// A record of something that is there turns out to be none.
    pub(super) fn take_back(&mut self) {
        let rows = self.get("/api/v1/findings?limit=500")["rows"].clone();
        let names: BTreeSet<&str> = rows
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|row| row["vulnerability"].as_str())
            .collect();
        self.back = self.world.called(&names).map(ToOwned::to_owned);
        let back = self.back.clone().unwrap_or_else(|| panic!("{names:?}"));
        self.world.retract(&back);
        self.publish();
    }

    /// A team raises what it knows to be affected, each in its own way.
    pub(super) fn build(&mut self, at: usize, back: bool) {
        let name = self.assets[at].name.clone();
        let mut has = self.assets[at].has.clone();
        let mut gone: Vec<[String; 3]> = Vec::new();
        if back {
            // Somebody builds from an old branch.
            let Some(before) = self.assets[at].before.clone() else { return };
            has = before;
        } else if self.assets[at].builds > 0 {
            let diligence = 55 + 8 * (at as u64 % 6);
            let path = "/api/v1/findings?limit=500&asset=";
            let id = self.asset_id(&name);
            let rows = self.get(&format!("{path}{id}"))["rows"].clone();
            let affected: BTreeSet<&str> = rows
                .as_array()
                .unwrap()
                .iter()
                .filter_map(|row| row["package"].as_str()?.strip_prefix("pkg:cargo/"))
                .collect();
            for (package, version) in self.assets[at].has.clone() {
                let is = &self.world.packages[package];
                let most = is.versions.len() - 1;
                if affected.contains(is.name.as_str()) && version < most && self.happens(diligence)
                {
                    has.insert(package, version + 1);
                    let is = &self.world.packages[package];
                    let of = format!("pkg:cargo/{}", is.name);
                    let own = rows.as_array().unwrap().iter().filter(|row| row["package"] == of);
                    let name = |row: &Value| row["vulnerability"].as_str().unwrap().to_owned();
                    let versions = (&is.versions[version], &is.versions[version + 1]);
                    gone.extend(own.map(|row| {
                        [format!("{of}@{}", versions.0), versions.1.clone(), name(row)]
                    }));
                }
            }
        }
        if self.assets[at].builds > 0 && has == self.assets[at].has {
            return;
        }
        let asset = &mut self.assets[at];
        asset.builds += 1;
        asset.before = Some(std::mem::replace(&mut asset.has, has));
        let (system, revision) = (asset.system, format!("{name}-{}", asset.builds));
        let is_told = asset.is_told;
        if asset.builds > 1 && asset.builds.is_multiple_of(2) && !back {
            self.request(at, &gone);
        }
        let name_of = |(package, version): (&usize, &usize)| {
            let is = &self.world.packages[*package];
            (is.name.clone(), is.versions[*version].clone())
        };
        let content = self.assets[at].has.iter().map(name_of).collect();
        self.carried.insert(revision.clone(), content);
        let components: Vec<Value> = self.assets[at]
            .has
            .iter()
            .map(|(package, version)| {
                let is = &self.world.packages[*package];
                let version = &is.versions[*version];
                json!({ "type": "library", "name": is.name, "version": version,
                    "purl": format!("pkg:cargo/{}@{version}", is.name) })
            })
            .collect();
        let document = json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "components": components });
        let path = format!(
            "/api/v1/snapshots?asset={name}&system=system-{system}&revision={revision}&wait=60"
        );
        self.send(&self.lea, "POST", &path, &document);
        if is_told {
            let hours = 5 + i64::try_from(self.below(90)).unwrap();
            self.after(0, hours, Act::Deploy { asset: at, revision, tries: 0 });
        }
    }

    pub(super) fn asset_id(&self, name: &str) -> i64 {
        let app = self.server.app();
        let found = app.store.assets(self.org, None, None, "", 100);
        let found = self.server.runtime.block_on(found).unwrap();
        found.iter().find(|asset| asset.name == name).unwrap().id
    }

    /// A request was opened before.
    fn request(&mut self, at: usize, gone: &[[String; 3]]) {
        let asset = &self.assets[at];
        let mut is = crate::updates::evidence("1.0.0", "1.0.1", "RUSTSEC-2026-0001");
        if !gone.is_empty() {
            let moved = |[purl, to, _]: &[String; 3]| {
                let (package, from) = purl.split_once('@').unwrap();
                json!({ "package": package, "from": [from], "to": [to] })
            };
            let removed = |[purl, _, name]: &[String; 3]| {
                json!({ "vulnerability": name, "package": purl, "level": null, "deadline": null,
                    "exploited": null })
            };
            is["removes"] = gone.iter().map(removed).collect();
            is["moves"] = gone.iter().map(moved).collect();
        }
        let now_or_later = if at.is_multiple_of(4) { "now" } else { "sprint" };
        is["batch"] = json!(format!("{now_or_later}-{}-{}", at, asset.builds));
        is["now"] = json!(now().to_string());
        is["target"] = json!(asset.name);
        let made = self.post(&format!("/api/v1/updates?asset={}", asset.name), &is);
        let update = made["update"].as_i64().unwrap();
        if update % 7 == 0 {
            self.after(24, 2, Act::Revert(update));
        }
    }

    pub(super) fn deploy(&mut self, at: usize, revision: &str, tries: u64) {
        let newest = format!("{}-{}", self.assets[at].name, self.assets[at].builds);
        if revision != newest {
            return;
        }
        let fails = tries == 0 && self.happens(8);
        let outcome = if fails { "failed" } else { "ok" };
        let body = json!({ "asset": self.assets[at].name, "environment": "production",
            "revision": revision, "outcome": outcome });
        self.post("/api/v1/deployments", &body);
        // Some run elsewhere too, which is production by the later charter alone; there it goes wrong now and then.
        if at % 6 == 1 && !fails {
            let wrong = self.assets[at].builds.is_multiple_of(3);
            let body = json!({ "asset": self.assets[at].name, "environment": "staging",
                "revision": revision, "outcome": if wrong { "failed" } else { "ok" } });
            self.post("/api/v1/deployments", &body);
        }
        let again = Act::Deploy { asset: at, revision: revision.to_owned(), tries: tries + 1 };
        if fails {
            self.after(1, 2, again);
        } else if self.assets[at].builds > 1 && tries == 0 && self.happens(6) {
            let before = format!("{}-{}", self.assets[at].name, self.assets[at].builds - 1);
            self.after(0, 9, Act::RollBack { asset: at, revision: before });
            self.after(2, 1, again);
        }
    }

    pub(super) fn ask(&mut self) {
        let rows = self.get("/api/v1/findings?counts=true&limit=500")["rows"].clone();
        let rows = rows.as_array().unwrap();
        if rows.is_empty() {
            return;
        }
        let one = usize::try_from(self.below(rows.len() as u64)).unwrap();
        let days = match rows[one]["level"].as_str() {
            Some("critical") => 6,
            Some("high") => 20,
            _ => 60,
        };
        let mut wanted = json!({ "finding": rows[one]["id"], "kind": "exception",
            "reason": "The season begins this week.", "role": "engineering", "days": days,
            "control": "The gateway refuses requests of this shape." });
        if self.below(4) == 0 {
            wanted = json!({ "finding": rows[one]["id"], "kind": "not-affected",
                "reason": "We do not call it.", "role": "engineering",
                "justification": "vulnerable_code_not_in_execute_path" });
        }
        let asked = self.post("/api/v1/decisions", &wanted);
        let yes = self.happens(75);
        // The last is left to be answered.
        self.after(2, 3, Act::Answer(asked["id"].as_i64().unwrap(), yes));
    }

    pub(super) fn review(&mut self, team: usize) {
        let made = self.post("/api/v1/reviews", &json!({ "team": self.teams[team] }));
        let id = made["id"].as_i64().unwrap();
        let path = format!("/api/v1/reviews/{id}");
        self.post(&path, &json!({ "do": "open" }));
        let shown = self.get(&path);
        let topics: Vec<Value> = shown["pack"]["parts"]
            .as_array()
            .unwrap()
            .iter()
            .filter(|part| part["part"] != "follow-through")
            .flat_map(|part| part["topics"].as_array().unwrap().clone())
            .take(2)
            .collect();
        let due = now() + SignedDuration::from_hours(24 * 8);
        for topic in topics {
            let body = json!({ "topic": topic["key"], "what": "Raise it in the next window",
                "owner": self.people[team].id, "due": &due.to_string()[..10] });
            let made = self.post(&format!("{path}/decisions"), &body);
            let (days, how) = (3 + self.below(12), self.below(7));
            if how < 5 {
                let how = usize::try_from(how).unwrap();
                let days = i64::try_from(days).unwrap();
                self.after(days, 1, Act::Follow(id, made["id"].as_i64().unwrap(), how));
            }
        }
        let minutes = 20 + i64::try_from(self.below(18)).unwrap();
        self.put(now() + SignedDuration::from_mins(minutes), Act::Close(id));
    }

    pub(super) fn goal(&mut self, number: usize) {
        let (measure, from, to) =
            [("load", 900.0, 20.0), ("remediation", 60.0, 14.0), ("deadlines", 20.0, 95.0)]
                [number % 3];
        let days = [90, 400, 60, 200, 150][number];
        let ends = now() + SignedDuration::from_hours(24 * days);
        let team = (number != 0).then(|| self.teams[number]);
        let body = json!({ "team": team, "name": format!("goal {number}"), "measure": measure,
            "from": from, "to": to, "ends": &ends.to_string()[..10] });
        let made = self.post("/api/v1/goals", &body);
        if number == 4 {
            self.after(45, 1, Act::Drop(made["id"].as_i64().unwrap()));
        }
    }

    pub(super) fn pulse(&mut self) {
        // In one month nearly nobody does.
        let most = if now().strftime("%m").to_string() == "03" { 4 } else { self.people.len() };
        for at in (0..most).filter(|at| !self.left.contains(at)).collect::<Vec<_>>() {
            let [a, b, c] = [0; 3].map(|_: u64| 1 + self.below(5));
            let body = json!({ "role": "engineering", "productive": a, "heard": b, "clear": c });
            self.send(&self.people[at], "POST", "/api/v1/pulse", &body);
            let month = now().strftime("%Y-%m").to_string();
            self.answers.entry(month).or_default().push([a, b, c]);
        }
    }

    /// The pulse tells the means of what was answered, of months that are over.
    pub(in super::super) fn answers_are_told(&self) {
        let rows = self.get("/api/v1/pulse")["rows"].clone();
        let this = now().strftime("%Y-%m").to_string();
        let over: Vec<_> = self.answers.iter().rev().filter(|(month, _)| **month != this).collect();
        assert_eq!(rows.as_array().unwrap().len(), over.len());
        for (row, (month, answers)) in rows.as_array().unwrap().iter().zip(over) {
            assert_eq!(row["round"], month.as_str());
            for (question, name) in ["productive", "heard", "clear"].into_iter().enumerate() {
                let sum: u64 = answers.iter().map(|all| all[question]).sum();
                let mean = (sum as f64 / answers.len() as f64 * 10.0).round() / 10.0;
                // Fewer than five are told of nowhere.
                let told = (answers.len() >= 5).then_some(mean);
                assert_eq!(row["all"][name].as_f64(), told, "{row}");
                assert_eq!(row["roles"][0]["told"][name].as_f64(), told, "{row}");
            }
        }
    }

    /// A package that many have turns out to be a door.
    pub(super) fn respond(&mut self, step: usize) {
        let path = |id: i64| format!("/api/v1/incidents/{id}");
        let Some(id) = self.incident else {
            let mut many: BTreeMap<usize, usize> = BTreeMap::new();
            for package in self.assets.iter().flat_map(|asset| asset.has.keys()) {
                *many.entry(*package).or_default() += 1;
            }
            let (package, _) = many.into_iter().max_by_key(|(_, number)| *number).unwrap();
            let published = now() - SignedDuration::from_hours(7);
            let body = json!({ "title": "A worm", "published": published.to_string(),
                "looked_for": format!("pkg:cargo/{}", self.world.packages[package].name) });
            let made = self.post("/api/v1/incidents", &body);
            self.incident = made["id"].as_i64();
            return;
        };
        let room = self.get(&path(id));
        let touched: Vec<i64> = room["teams"]
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|team| team["team"]["id"].as_i64())
            .collect();
        let kind = ["", "acknowledged", "contained", "acknowledged", "contained", ""][step];
        for (at, team) in touched.into_iter().enumerate() {
            if at % 2 == step.div_ceil(2) % 2 && !kind.is_empty() {
                let body = json!({ "kind": kind, "team": team, "text": "We shut the gate." });
                self.post(&path(id), &body);
            }
        }
        if step == 5 {
            let body = json!({ "kind": "closed", "text": "We know where it is.",
                "undone": "The rest follows the plan." });
            self.post(&path(id), &body);
        }
    }

    /// Four sides agree to weigh otherwise; and later to other tiers, deadlines and environments.
    pub(super) fn charter(&mut self, which: usize) {
        let mut text = "format = 1\npreset = \"framework\"\nname = \"Ours\"\nversion = \"2\"\n\n\
            [weights]\ncritical = 50\nhigh = 12\nmedium = 4\nlow = 1\n"
            .to_owned();
        if which == 1 {
            text = text.replace("\"2\"", "\"3\"");
            text += "\n[deadlines.terms.production]\nhigh = \"20 days\"\nmedium = \"60 days\"\n";
            for (name, accepts, impact) in
                [("vital", "medium", 1), ("standard", "low", 0), ("supporting", "high", -1)]
            {
                text += &format!(
                    "\n[[tier]]\nname = \"{name}\"\nmeaning = \"It is {name}.\"\n\
                     acceptable = \"{accepts}\"\nimpact = {impact}\n"
                );
            }
            for (name, production) in
                [("production", true), ("staging", true), ("development", false)]
            {
                text +=
                    &format!("\n[[environment]]\nname = \"{name}\"\nproduction = {production}\n");
            }
        }
        let made = self.post("/api/v1/charters", &json!({ "text": text }));
        let path = format!("/api/v1/charters/{}/agree", made["id"]);
        for side in ["security", "engineering", "product", "operations"] {
            self.post(&path, &json!({ "side": side }));
        }
    }

    /// A system is another team's from then on, or of another tier.
    pub(super) fn describes(&mut self, which: usize) {
        let (at, team, tier) = [(3, 5, "vital"), (0, 0, "supporting"), (7, 2, "standard")][which];
        let (exposure, data) =
            [("internal", "payment"), ("internet", "personal"), ("internet", "public")][which];
        let system = json!({ "name": format!("system-{at}"), "team": super::TEAMS[team],
            "tier": tier, "exposure": exposure, "data": [data], "environments": ["production"] });
        self.send(&self.lea, "PUT", "/api/v1/systems", &system);
    }
}
