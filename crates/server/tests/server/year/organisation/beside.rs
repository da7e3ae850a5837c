//! Who is beside the teams: a tracker with their tickets, a supplier with its promises, a CI with its gate, and who meets once
//! a month and once a quarter.

use jiff::SignedDuration;
use serde_json::{Value, json};
use trimtab_testkit::git_host::{Fake, Issue, TRACKERS};

use super::{Act, Year, now};
use crate::harness::{JSON, bearer};
use crate::verdicts::gate;

/// What is beside, as far as it is there.
#[derive(Default)]
pub(super) struct Beside {
    tracker: Option<Fake>,
    /// Its number, its product, and what is behind its link.
    supplier: Option<(i64, i64, String)>,
    question: Option<i64>,
}

/// The team that has a tracker.
const TICKETS: usize = 3;

impl Year {
    /// What is known to come of it.
    pub(super) fn beside(&mut self) {
        self.at(45, 9, Act::Tracker(0));
        self.at(125, 9, Act::Tracker(1));
        for (step, day) in [70, 76, 121, 127, 180, 192, 330].into_iter().enumerate() {
            self.at(day, 11, Act::Supplier(step));
        }
        // What the gate says of a change, until it passes or is let through; the last stands.
        for (step, day) in [262, 263, 300, 304, 340, 356].into_iter().enumerate() {
            self.at(day, 12, Act::Gate(step));
        }
        for day in [90, 180, 270, 360] {
            self.at(day, 6, Act::Pack("quarterly"));
        }
        for month in [2, 5, 8, 10, 11] {
            self.at(30 * month, 5, Act::Pack("monthly"));
        }
    }

    /// A team gets a tracker; and somebody there says of a ticket that it will not be done.
    pub(super) fn tracker(&mut self, step: usize) {
        let dialect = *TRACKERS.iter().find(|dialect| dialect.kind() == "gitea").unwrap();
        if step == 0 {
            let fake = Fake::start(dialect);
            let set = json!({ "software": dialect.kind(), "project": dialect.path(),
                "address": format!("{}{}", fake.address, dialect.api()), "private": true,
                "token": dialect.token().1, "open_limit": 3 });
            let path = format!("/api/v1/teams/{}/tracker", self.teams[TICKETS]);
            self.beside.tracker = Some(fake);
            self.send(&self.lea, "PUT", &path, &set);
            return;
        }
        let fake = self.beside.tracker.as_ref().unwrap();
        let mut state = fake.state.lock().unwrap();
        // Of what is high the charter wants a control, which nobody gives in a ticket.
        let is_mild = |issue: &&Issue| {
            issue.state == "open"
                && issue.labels.iter().any(|is| is == "trimtab:medium" || is == "trimtab:low")
        };
        let open = state.issues.iter().find(is_mild).map(|is| is.number);
        let Some(number) = open else {
            drop(state);
            return self.after(3, 0, Act::Tracker(step));
        };
        state.alter(&number.to_string(), |issue| {
            issue.state = "closed".into();
            issue.labels.push("trimtab:wont-do".into());
            issue.said.push((9_999, json!("The season goes first. The gateway keeps it out.")));
        });
    }

    /// What is asked for because a ticket will not be done is answered as all else.
    pub(super) fn asked_elsewhere(&mut self) {
        let rows = self.get("/api/v1/decisions?state=asked&limit=100")["rows"].clone();
        for row in rows.as_array().unwrap() {
            let is_of_ticket = row["reason"].as_str().is_some_and(|is| is.contains("season goes"));
            let id = row["id"].as_i64().unwrap();
            if is_of_ticket && self.answered.insert(id) {
                self.after(2, 4, Act::Answer(id, true));
            }
        }
    }

    /// Whether what a ticket's words were enough for is gone, high or critical meanwhile: another build may run it.
    pub(super) fn is_too_grave(&self, decision: i64) -> bool {
        let asked = self.get("/api/v1/decisions?state=asked&limit=100")["rows"].clone();
        let is = asked.as_array().unwrap().iter().find(|row| row["id"] == decision);
        let Some(is) = is.filter(|_| self.answered.contains(&decision)) else { return false };
        let same = |row: &Value, key: &str| is[key].is_null() || row[key] == is[key];
        let rows = self.get("/api/v1/findings?limit=500")["rows"].clone();
        let rows = rows.as_array().unwrap().iter();
        let levels: Vec<Option<&str>> = rows
            .filter(|row| same(row, "vulnerability") && same(row, "asset"))
            .map(|row| row["level"].as_str())
            .collect();
        // What is gone meanwhile may have been anything.
        levels.is_empty() || !levels.iter().all(|is| matches!(is, Some("medium" | "low")))
    }

    /// A supplier promises, sends and answers: at first in time.
    pub(super) fn supplier(&mut self, step: usize) {
        if step == 0 {
            let promised = json!({ "format": "cyclonedx", "least": "1.4", "fresh_days": 60,
                "each_release": true, "quality": 30 });
            let new = json!({ "name": "Keelworks", "contact": "psirt@keelworks.example",
                "product": "Berth Gateway", "system": "system-2", "obligations": promised });
            let added = self.post("/api/v1/suppliers", &new);
            let (id, product) = (added["id"].as_i64().unwrap(), added["product"].as_i64().unwrap());
            let link = json!({ "name": "Release engineering", "days": 390 });
            let made = self.post(&format!("/api/v1/suppliers/{id}/links"), &link);
            let secret = made["address"].as_str().unwrap().rsplit('/').next().unwrap().to_owned();
            self.beside.supplier = Some((id, product, secret));
            return;
        }
        let (id, product, secret) = self.beside.supplier.clone().unwrap();
        let authorization = bearer(&secret);
        let headers = [("authorization", authorization.as_str()), JSON];
        let sends = |version: &str| {
            let path = format!("/api/v1/supplied/documents?product={product}&version={version}");
            let body = self.gateway().to_string();
            let answer = self.server.ask("POST", &path, &headers, body.as_bytes());
            assert!((200..300).contains(&answer.status), "{answer:?}");
        };
        let asks = || {
            let body = json!({ "product": product, "text": "When does the next release come?",
                "days": 10, "role": "security" });
            self.post(&format!("/api/v1/suppliers/{id}/questions"), &body)["id"].as_i64()
        };
        match step {
            1 => sends("1.0"),
            2 => {
                let release = json!({ "product": product, "version": "2.0" });
                self.post(&format!("/api/v1/suppliers/{id}/releases"), &release);
            }
            3 => sends("2.0"),
            5 => {
                let path = format!(
                    "/api/v1/supplied/questions/{}",
                    self.beside.question.unwrap_or_default()
                );
                let said = json!({ "text": "In spring." }).to_string();
                let answer = self.server.ask("POST", &path, &headers, said.as_bytes());
                assert_eq!(answer.status, 200, "{answer:?}");
            }
            _ => self.beside.question = asks(),
        }
    }

    /// What its product has.
    fn gateway(&self) -> Value {
        let is = &self.world.packages[0];
        let version = &is.versions[is.first];
        json!({ "bomFormat": "CycloneDX", "specVersion": "1.5", "version": 1,
            "metadata": { "timestamp": now().to_string(), "authors": [{ "name": "Keelworks" }] },
            "components": [{ "type": "library", "name": is.name, "version": version,
                "bom-ref": "a", "purl": format!("pkg:cargo/{}@{version}", is.name) }],
            "dependencies": [{ "ref": "a", "dependsOn": [] }] })
    }

    /// A CI sends what the gate said of a change of another branch, and one of the main line.
    pub(super) fn gate(&mut self, step: usize) {
        let (asset, branch) =
            [(0, "quay"), (0, "quay"), (7, "pier"), (7, "pier"), (14, ""), (1, "")][step];
        let name = format!("asset-{asset}");
        let id = self.asset_id(&name);
        let rows = self.get(&format!("/api/v1/findings?limit=500&asset={id}"))["rows"].clone();
        let names: Vec<String> = rows
            .as_array()
            .unwrap()
            .iter()
            .filter_map(|row| Some(row["vulnerability"].as_str()?.to_owned()))
            .take(2)
            .collect();
        let is_refused = step.is_multiple_of(2) || step == 5;
        let all: Vec<(&str, &str)> = names.iter().map(|name| ("deny", name.as_str())).collect();
        // What nothing is known of is refused for its licence.
        let all = if all.is_empty() { vec![("deny", "")] } else { all };
        let body = if is_refused { gate("fail", &all) } else { gate("pass", &[]) };
        let branch = if branch.is_empty() { String::new() } else { format!("&branch={branch}") };
        let path = format!("/api/v1/verdicts?asset={name}&revision=change-{step}{branch}");
        self.post(&path, &body);
    }

    /// The organisation meets about what it carries, or about who attacked whom.
    pub(super) fn pack(&mut self, kind: &str) {
        let made = self.post("/api/v1/reviews", &json!({ "kind": kind, "minutes": 45 }));
        let id = made["id"].as_i64().unwrap();
        self.post(&format!("/api/v1/reviews/{id}"), &json!({ "do": "open" }));
        self.put(now() + SignedDuration::from_mins(40), Act::Close(id));
    }
}
