//! What the index says of the packages that are carried: whether advisories call them unmaintained, and when their support
//! ends.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};
use trimtab_engine::matching::package_of;
use trimtab_engine::selection::{Lifecycle, lifecycle};
use trimtab_model::Purl;
use trimtab_model::advisory::Kind;
use trimtab_store::Stocked;

use super::agenda::Making;
use crate::opened::Opened;
use crate::problem::Problem;
use crate::router::broken;

/// How soon an end is told.
const AHEAD: SignedDuration = SignedDuration::from_hours(24 * 180);

/// What the index says of a package.
#[derive(Default, Clone)]
pub(super) struct Said {
    pub(super) unmaintained: bool,
    /// Versions whose support ended or ends, each with when.
    pub(super) ending: BTreeMap<String, Option<Date>>,
    /// When the release cycle of the newest version in use began.
    pub(super) released: Option<Date>,
}

/// Whether the index has release cycles: without them, it is not known what has ended.
pub(super) fn has_cycles(making: &Making<'_>) -> bool {
    making.app.index().is_some_and(|index| index.has_lifecycle())
}

/// What the index says of packages. `None`: there is none, or it is damaged.
pub(super) async fn said(
    making: &Making<'_>,
    stocked: &[Stocked],
) -> Result<Option<HashMap<String, Said>>, Problem> {
    let Some(index) = making.app.index() else { return Ok(None) };
    let all: Vec<(String, String)> = stocked
        .iter()
        .map(|s| (s.component.is.package.clone(), s.component.is.purl.clone()))
        .collect();
    let now = making.now;
    let read = tokio::task::spawn_blocking(move || read(&index, &all, now)).await;
    read.map_err(|_| broken())
}

fn read(index: &Opened, all: &[(String, String)], now: Timestamp) -> Option<HashMap<String, Said>> {
    let today = now.to_zoned(jiff::tz::TimeZone::UTC).date();
    let until = (now + AHEAD).to_zoned(jiff::tz::TimeZone::UTC).date();
    let mut of: HashMap<String, Said> = HashMap::new();
    for (package, purl) in all {
        let Ok(purl) = purl.parse::<Purl>() else { continue };
        if !of.contains_key(package) {
            let mut said = Said::default();
            if let Some((family, name)) = package_of(&purl)
                && let Some(known) = index.package(family, &name).ok()?
            {
                said.unmaintained = known.entries().any(|entry| entry.kind() == Kind::Unmaintained);
            }
            of.insert(package.clone(), said);
        }
        let products = index.lifecycle(&purl.package()).ok()?;
        let Some(version) = purl.version().filter(|_| !products.is_empty()) else { continue };
        let Some(said) = of.get_mut(package) else { continue };
        match lifecycle::of(version, &products) {
            Lifecycle::Ended => {
                said.ending.insert(version.to_owned(), None);
            }
            Lifecycle::Ends(day) if day <= until => {
                said.ending.insert(version.to_owned(), Some(day));
            }
            _ => {}
        }
        let began = lifecycle::cycle_of(version, &products).and_then(|cycle| cycle.released);
        let began = began.filter(|day| *day <= today);
        said.released = said.released.max(began);
    }
    Some(of)
}
