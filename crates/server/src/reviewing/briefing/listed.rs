//! The findings of vulnerabilities that were listed as exploited in the wild.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use trimtab_engine::review::Met;
use trimtab_store::Struck;

use super::super::agenda::Making;
use super::read::Read;
use super::topics::is_unaffected;
use super::{LISTINGS, STRUCK, ids_of, struck_by};
use crate::problem::Problem;

/// What was listed and is known here.
pub(super) struct Listed {
    /// The vulnerabilities by number: their name, and when they were listed.
    known: BTreeMap<i64, (String, Timestamp)>,
    pub(super) struck: Vec<Struck>,
    /// Whether there is more than was looked at.
    pub(super) cut: bool,
}

impl Listed {
    /// `cut_stock`: whether more is carried than was looked at.
    ///
    /// # Errors
    /// The store does not answer.
    pub(super) async fn of(
        making: &Making<'_>,
        read: &Read,
        cut_stock: bool,
    ) -> Result<Listed, Problem> {
        let names: BTreeSet<&str> = read.listings.iter().map(|is| is.cve.as_str()).collect();
        let when: HashMap<&str, Timestamp> =
            read.listings.iter().map(|is| (is.cve.as_str(), is.listed)).collect();
        let mut known = BTreeMap::new();
        for (id, cve) in ids_of(making, &names).await? {
            if let Some(listed) = when.get(cve.as_str()) {
                known.insert(id, (cve, *listed));
            }
        }
        let ids: Vec<i64> = known.keys().copied().collect();
        let struck = struck_by(making, &ids).await?;
        let cut = names.len() > LISTINGS || struck.len() >= STRUCK || cut_stock;
        Ok(Listed { known, struck, cut })
    }

    /// What a finding is of, and when that was listed.
    pub(super) fn of_one(&self, one: &Struck) -> Option<(&str, Timestamp)> {
        let (cve, listed) = self.known.get(&one.vulnerability.0)?;
        Some((cve.as_str(), *listed))
    }

    /// Whether it was still here when it was listed, and concerns us.
    pub(super) fn had(&self, one: &Struck) -> bool {
        let here =
            |(_, listed): (&str, Timestamp)| one.live || one.gone.is_none_or(|at| at >= listed);
        !is_unaffected(one) && self.of_one(one).is_some_and(here)
    }

    /// When those that were here came and went.
    pub(super) fn met(&self) -> Vec<Met> {
        let met = |one: &Struck| {
            let (_, listed) = self.of_one(one)?;
            // What nobody says any longer, without a day, is no day.
            let gone = if one.live { None } else { Some(one.gone?) };
            Some(Met { listed, detected: one.detected, gone })
        };
        self.struck.iter().filter(|one| self.had(one)).filter_map(met).collect()
    }
}
