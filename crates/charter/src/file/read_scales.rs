//! What a charter weighs on: tiers, classes of data, environments, the matrix and its floors.

use trimtab_model::charter::{Charter, DataClass, Environment, Floor, Tier};

use super::read::{MAX_ENTRIES, Reader};
use super::shape;
use crate::at::At;

impl Reader<'_> {
    pub(super) fn scales(
        &mut self,
        charter: &mut Charter,
        tiers: Option<Vec<shape::Tier>>,
        data: Option<Vec<shape::DataClass>>,
        environments: Option<Vec<shape::Environment>>,
    ) {
        if let Some(tiers) = tiers {
            self.distinct("tier", tiers.iter().map(|t| &t.name));
            self.bounded("tiers", tiers.last().map(|t| &t.name), tiers.len());
            charter.tiers = tiers
                .into_iter()
                .take(MAX_ENTRIES)
                .filter_map(|tier| {
                    let acceptable = match tier.acceptable.value.as_str() {
                        "none" => None,
                        _ => Some(self.level(&tier.acceptable)?),
                    };
                    let impact = self.range("the impact of a tier", &tier.impact, -3, 3)?;
                    let (name, meaning) = (tier.name.value.into(), tier.meaning.into());
                    Some(Tier { name, meaning, acceptable, impact })
                })
                .collect();
        }
        if let Some(data) = data {
            self.distinct("class of data", data.iter().map(|d| &d.name));
            self.bounded("classes of data", data.last().map(|d| &d.name), data.len());
            charter.data = data
                .into_iter()
                .take(MAX_ENTRIES)
                .filter_map(|class| {
                    let impact =
                        self.range("the impact of a class of data", &class.impact, 0, 3)?;
                    Some(DataClass {
                        name: class.name.value.into(),
                        meaning: class.meaning.into(),
                        impact,
                    })
                })
                .collect();
        }
        if let Some(environments) = environments {
            self.distinct("environment", environments.iter().map(|e| &e.name));
            self.bounded("environments", environments.last().map(|e| &e.name), environments.len());
            charter.environments = environments
                .into_iter()
                .take(MAX_ENTRIES)
                .map(|e| Environment { name: e.name.value.into(), production: e.production })
                .collect();
        }
    }

    pub(super) fn matrix(
        &mut self,
        charter: &mut Charter,
        shape: &At<shape::Matrix>,
        laid_over: bool,
    ) {
        let own = &shape.value;
        let rows = [&own.unlikely, &own.possible, &own.likely, &own.active].map(Option::as_ref);
        for (name, row) in
            ["active", "likely", "possible", "unlikely"].iter().zip(rows.iter().rev())
        {
            if row.is_none() && !laid_over {
                self.left_out("matrix", name, &shape.bytes);
            }
        }
        for (i, row) in rows.iter().enumerate() {
            for (j, cell) in row.iter().flat_map(|row| &row.value).enumerate() {
                if let Some(level) = self.level(cell) {
                    charter.matrix.0[i][j] = level;
                }
            }
        }
        if !laid_over && rows.iter().any(Option::is_none) {
            return;
        }
        // Told at the cell that is lower than its neighbour.
        let m = charter.matrix.0;
        for (i, row) in rows.iter().enumerate() {
            for j in 0..4_usize {
                let left = j.checked_sub(1).map(|j| m[i][j]);
                let below = i.checked_sub(1).map(|i| m[i][j]);
                if left.max(below).is_some_and(|least| m[i][j] < least) {
                    let message = format!(
                        "`{}` is lower than a cell with less likelihood or less impact",
                        m[i][j]
                    );
                    let help =
                        "from minor to severe and from unlikely to active, levels never fall"
                            .to_owned();
                    // A row of the preset has no place here; the one below it has.
                    let below = i.checked_sub(1).and_then(|below| rows[below]);
                    let place = row.or(below).and_then(|row| row.value.get(j));
                    self.wrong(place.map_or(&shape.bytes, |cell| &cell.bytes), message, help);
                }
            }
        }
    }

    pub(super) fn floor(&mut self, charter: &mut Charter, floor: &shape::Floor) {
        let level = self.level(&floor.level);
        let cvss =
            floor.cvss_at_least.as_ref().and_then(|at| self.range("a CVSS score", at, 0.0, 10.0));
        let exposure = floor.exposure.as_ref().and_then(|at| self.exposure(at));
        if let Some(tier) = &floor.tier {
            let known: Vec<String> = charter.tiers.iter().map(|t| t.name.to_string()).collect();
            let known: Vec<_> = known.iter().map(|n| (n.as_str(), ())).collect();
            self.word("tier of this charter", tier, &known);
        }
        let Some(level) = level else { return };
        #[expect(
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "0 to 100, checked"
        )]
        let cvss_tenths = cvss.map(|score| (score * 10.0).round() as u8);
        charter.floors.push(Floor {
            known_exploited: floor.known_exploited,
            malicious: floor.malicious,
            cvss_tenths,
            exposure,
            production: floor.production,
            tier: floor.tier.as_ref().map(|t| t.value.as_str().into()),
            level,
            because: floor.because.as_str().into(),
        });
    }
}
