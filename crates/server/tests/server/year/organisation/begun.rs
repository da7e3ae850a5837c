//! The organisation when its year begins, and what is known to come.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde_json::json;
use trimtab_model::Role;
use trimtab_store::ScopeOf;

use super::{Act, Asset, MEETING, TEAMS, Year, person};

impl Year {
    /// Teams, systems and assets.
    pub(super) fn describe(&mut self) {
        let rhythms = ["every sprint", "quarterly clean-up"];
        for (at, name) in TEAMS.iter().enumerate() {
            let rhythm = rhythms[usize::from(at == 4)];
            let team = json!({ "name": name, "cadence": rhythm, "capacity": 40.0 });
            let made = self.send(&self.lea, "PUT", "/api/v1/teams", &team).json();
            let id = made["id"].as_i64().unwrap();
            self.teams.push(id);
            let scope = ScopeOf::Team(id);
            let lead = person(
                &self.server,
                self.org,
                name,
                &[(Role::Engineering, scope), (Role::Product, scope)],
            );
            self.people.push(lead);
        }
        // A team that owns nothing yet.
        let yard = json!({ "name": "yard", "cadence": "every sprint", "capacity": 10.0 });
        self.send(&self.lea, "PUT", "/api/v1/teams", &yard);
        for at in 0..12usize {
            let tier = ["vital", "standard", "supporting"][at % 3];
            let exposure = ["internet", "internal", "isolated"][at / 2 % 3];
            let data = ["personal", "payment", "public"][at / 3 % 3];
            let team = TEAMS[at % 6];
            let system = json!({ "name": format!("system-{at}"), "team": team, "tier": tier,
                "exposure": exposure, "data": [data], "environments": ["production"] });
            self.send(&self.lea, "PUT", "/api/v1/systems", &system);
        }
        let packages = self.world.packages.len() as u64;
        for at in 0..30usize {
            let mut has = BTreeMap::new();
            for _ in 0..5 + self.below(5) {
                let package = usize::try_from(self.below(packages)).unwrap();
                let first = self.world.packages[package].first;
                // Some are behind already when it begins.
                let behind = usize::from(self.happens(25));
                has.insert(package, first.saturating_sub(behind));
            }
            self.assets.push(Asset {
                name: format!("asset-{at}"),
                system: at % 12,
                has,
                builds: 0,
                before: None,
                is_told: at % 5 != 4,
            });
        }
        self.rest();
    }

    /// What is known to come.
    pub(super) fn plan(&mut self) {
        let days: BTreeSet<Timestamp> = self
            .world
            .records
            .iter()
            .filter(|one| one.at > self.begins)
            // The whole of a day at its end.
            .map(|one| {
                let day = one.at.as_second().div_euclid(86_400);
                Timestamp::from_second((day + 1) * 86_400 - 3_600).unwrap()
            })
            .collect();
        for at in days {
            self.put(at, Act::Publish);
        }
        for asset in 0..self.assets.len() {
            let first = i64::try_from(asset % 5).unwrap();
            self.at(first, 3, Act::Build(asset, false));
            let rhythm = 14 + 7 * i64::try_from(self.assets[asset].system % 6).unwrap() / 2;
            for round in 1..=super::super::DAYS / rhythm {
                self.at(first + round * rhythm, 4, Act::Build(asset, false));
            }
        }
        for (day, asset) in [(120, 3), (170, 8), (215, 13), (300, 21), (345, 0)] {
            self.at(day, 9, Act::Build(asset, true));
        }
        for number in 0..14 {
            self.at(12 + 25 * number, 7, Act::Ask);
        }
        for team in MEETING {
            for week in (1..52).step_by(2) {
                self.at(7 * week, 2 + i64::try_from(team).unwrap(), Act::Review(team));
            }
        }
        for (number, day) in [(0, 40), (1, 130), (2, 290), (3, 310), (4, 200)] {
            self.at(day, 5, Act::Goal(number));
        }
        for month in 0..12 {
            self.at(20 + 30 * month, 8, Act::Pulse);
        }
        for (step, hours) in [0, 2, 30, 50, 24 * 12, 24 * 16].into_iter().enumerate() {
            self.at(250, hours, Act::Incident(step));
        }
        self.at(100, 10, Act::Charter(0));
        self.at(145, 10, Act::Charter(1));
        self.at(190, 10, Act::TakeBack);
        for (which, day) in [260, 170, 205].into_iter().enumerate() {
            self.at(day, 10, Act::Describe(which));
        }
        self.cases();
        self.beside();
        for day in 0..=super::super::DAYS {
            self.at(day, 0, Act::Day);
        }
    }
}
