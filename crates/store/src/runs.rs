//! Where components run, in every environment that was told: by what the snapshots list that were deployed there. What the
//! main line and production have is kept beside each asset; what other environments run is read from their documents.

use crate::condition::listed;
use crate::db::{Sql, args};
use crate::error::Result;
use crate::places::{Where, WhereFilter};
use crate::{Component, Org, Store};

/// Where components run.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Runs {
    /// Each component of an asset in an environment, which is its only one.
    pub rows: Vec<Where>,
    /// Environments, with the team that owns an asset there, in which something runs of which it is not known whether it is
    /// looked for.
    pub unsure: Vec<(String, Option<i64>)>,
    /// Whether there were more deployments or components than were looked at, or documents that are not there: what is not
    /// among them may run.
    pub more: bool,
}

/// How many components are looked at.
const COMPONENTS: usize = 5_000;

impl Store {
    /// Where components that are looked for run, in assets of some systems and in some assets besides, of at most so many
    /// deployments. `None`: in all of them. `fits` narrows the components as in [`Store::where_is`]; `None`: it is not known
    /// whether one is meant.
    ///
    /// # Errors
    /// The store does not answer.
    pub async fn runs(
        &self,
        org: Org,
        filter: &WhereFilter,
        fits: &mut (dyn FnMut(&Component) -> Option<bool> + Send),
        of: Option<(&[i64], &[i64])>,
        limit: usize,
    ) -> Result<Runs> {
        let mut runs = Runs::default();
        if of.is_some_and(|(systems, assets)| systems.is_empty() && assets.is_empty()) {
            return Ok(runs);
        }
        let anywhere = WhereFilter { systems: None, ..filter.clone() };
        let asked = self.asked_for(org, &anywhere, 0, COMPONENTS + 1).await?;
        runs.more = asked.len() > COMPONENTS;
        let (mut components, mut unsure) = (Vec::new(), Vec::new());
        for component in asked {
            match fits(&component) {
                Some(true) => components.push(component),
                Some(false) => {}
                None => unsure.push(component.id),
            }
        }
        if components.is_empty() && unsure.is_empty() {
            return Ok(runs);
        }
        let within = of.map_or_else(String::new, |(systems, assets)| {
            let (systems, assets) = (listed(systems), listed(assets));
            format!(" AND (asset.system IN ({systems}) OR asset.id IN ({assets}))")
        });
        let sql = format!(
            "SELECT snapshot.document, running.environment, asset.id, asset.name, system.id,
                system.name, team.id, team.name,
                newest.document IS NOT NULL AND newest.document = snapshot.document
             FROM running
             JOIN asset ON asset.org = $1 AND asset.id = running.asset
             JOIN snapshot ON snapshot.org = $1 AND snapshot.id = running.snapshot
             LEFT JOIN snapshot AS newest ON newest.org = $1 AND newest.id = asset.latest
             LEFT JOIN system ON system.org = $1 AND system.id = asset.system
             LEFT JOIN team ON team.org = $1 AND team.id = system.team
             WHERE running.org = $1{within}
             ORDER BY snapshot.document, running.asset, running.environment LIMIT $2"
        );
        let most = i64::try_from(limit + 1).unwrap_or(i64::MAX);
        let rows = (&mut &self.db).all(&sql, args![org.0, most]).await?;
        runs.more |= rows.len() > limit;
        // One document at a time: it may be long, and several assets may run it.
        let mut read = (String::new(), None);
        for row in rows.iter().take(limit) {
            let document = row.text(0)?;
            if read.0 != document {
                let contents = self.contents(org, &document).await?;
                read = (document, contents);
            }
            let Some(contents) = &read.1 else {
                runs.more = true;
                continue;
            };
            let lists =
                |id: &i64| contents.listed.binary_search_by_key(id, |l| l.component).is_ok();
            if unsure.iter().any(lists) {
                runs.unsure.push((row.text(1)?, row.maybe_int(6)?));
            }
            for component in &components {
                let at = contents.listed.binary_search_by_key(&component.id, |l| l.component);
                let Some(is) = at.ok().and_then(|at| contents.listed.get(at)) else { continue };
                runs.rows.push(Where {
                    component: component.clone(),
                    asset: (row.int(2)?, row.text(3)?),
                    system: row.maybe_int(4)?.zip(row.maybe_text(5)?),
                    team: row.maybe_int(6)?.zip(row.maybe_text(7)?),
                    listed: true,
                    latest: row.flag(8)?,
                    running: false,
                    environments: vec![row.text(1)?],
                    scope: is.scope.clone(),
                    relation: is.relation.clone(),
                });
            }
        }
        Ok(runs)
    }
}
