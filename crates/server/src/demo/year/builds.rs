//! What teams build and deploy in the year.

use jiff::Timestamp;
use serde_json::json;
use sha2::{Digest, Sha256};
use trimtab_store::{Contents, JudgedBy, Listed, NewDeployment, NewSnapshot, Outcome};

use super::{Act, Carrier, Done, UPDATES, Year, told};
use crate::access::secret::hex;
use crate::demo::updates;
use crate::weighing::Weigher;

impl Year<'_> {
    /// A team builds: it raises what it knows to be affected, and sometimes takes something new.
    pub(super) async fn build(&mut self, carrier: usize, at: Timestamp) -> Done {
        let team = self.carriers.get(carrier).map_or(0, |c| c.team);
        // Teams differ: some raise nearly everything each time, some half.
        let diligence = 45 + (team * 17) % 50;
        let rhythm = 26 + i64::try_from((team * 11) % 40).unwrap_or(0);
        let hours = self.workday(rhythm, rhythm + 25);
        self.later(at, hours, Act::Build(carrier));
        let Some(mut is) = self.carriers.get(carrier).map(|c| c.carried.clone()) else {
            return Ok(());
        };
        let before = is.clone();
        for (package, rung) in &mut is {
            let Some(ids) = self.ids.get(*package) else { continue };
            let affected = |rung: usize| ids.get(rung).is_some_and(|id| self.affected.contains(id));
            if affected(*rung) && self.chance.happens(diligence) {
                while affected(*rung) && *rung + 1 < ids.len() {
                    *rung += 1;
                }
            }
        }
        if self.chance.happens(12)
            && let Some(ecosystem) = is.first().and_then(|(p, _)| self.packages.get(*p))
        {
            let ecosystem = ecosystem.ecosystem.clone();
            let new = self.some_packages(&ecosystem).into_iter().take(2);
            let new: Vec<_> = new.filter(|(p, _)| is.iter().all(|(had, _)| had != p)).collect();
            is.extend(new);
        }
        let Some(held) = self.carriers.get_mut(carrier) else { return Ok(()) };
        held.builds += 1;
        if is == before && held.builds > 1 {
            return Ok(());
        }
        held.carried.clone_from(&is);
        let (id, builds, is_told) = (held.id, held.builds, held.told);
        let document = self.document(&is, at).await?;
        let new = NewSnapshot {
            document,
            revision: Some(hex(&Sha256::digest(format!("{id}-{builds}")))[..12].to_owned()),
            branch: None,
            build: Some(format!("build-{builds}")),
            received: None,
        };
        let weigher = Weigher::new(&self.agreed, self.index()?, at);
        let weigh = |known: &_| weigher.weigh(known);
        let store = &self.app.store;
        let done = store.add_snapshot(
            self.org,
            id,
            &new,
            JudgedBy::new(&self.production, &weigh, at),
            "trimtab",
        );
        let done = done.await.map_err(told)?;
        self.filled.snapshots += 1;
        let gone: Vec<i64> = done.merged.iter().chain(&done.fixed).copied().collect();
        if !gone.is_empty() && self.apart.happens(UPDATES) {
            let moved = self.moved(&before, &is);
            let of = (id, moved.as_slice(), gone.as_slice());
            updates::of_build(store, self.org, of, &mut self.apart, at).await?;
        }
        if let Some(snapshot) = done.snapshot.filter(|_| is_told) {
            let hours = self.chance.between(2, 24 * (1 + i64::try_from(team % 5).unwrap_or(0)));
            self.later(at, hours, Act::Deploy { carrier, snapshot });
        }
        Ok(())
    }

    /// What moved from one build to the next.
    fn moved(&self, before: &[(usize, usize)], is: &[(usize, usize)]) -> Vec<updates::Moved> {
        let mut moved = Vec::new();
        for (package, rung) in is {
            let was = before.iter().find(|(p, r)| p == package && r != rung);
            let Some(all) = self.packages.get(*package) else { continue };
            let (from, to) = (was.and_then(|(_, r)| all.rungs.get(*r)), all.rungs.get(*rung));
            if let (Some(from), Some(to)) = (from, to)
                && let (Some(old), Some(new)) = (&from.version, &to.version)
            {
                moved.push((to.package.clone(), old.clone(), new.clone()));
            }
        }
        moved
    }

    /// Keeps the document of what is carried: a CycloneDX SBOM.
    pub(super) async fn document(
        &self,
        carried: &[(usize, usize)],
        at: Timestamp,
    ) -> Result<String, String> {
        let mut components = Vec::new();
        let mut contents = Contents::default();
        for (package, rung) in carried {
            let is = self.packages.get(*package).and_then(|p| p.rungs.get(*rung));
            let id = self.ids.get(*package).and_then(|ids| ids.get(*rung));
            let (Some(is), Some(id)) = (is, id) else { continue };
            components.push(json!({ "type": "library", "name": is.name, "version": is.version,
                "purl": is.purl }));
            contents.listed.push(Listed {
                component: *id,
                scope: "runtime".to_owned(),
                relation: if package % 3 == 0 { "direct" } else { "transitive" }.to_owned(),
                files: 1,
            });
        }
        contents.listed.sort_by_key(|l| l.component);
        let text = json!({ "bomFormat": "CycloneDX", "specVersion": "1.6", "version": 1,
            "components": components })
        .to_string();
        let digest = hex(&Sha256::digest(text.as_bytes()));
        let store = &self.app.store;
        if store.put_document(self.org, &digest, text.as_bytes(), at).await.map_err(told)? {
            store.put_contents(self.org, &digest, &contents).await.map_err(told)?;
        }
        Ok(digest)
    }

    pub(super) async fn deploy(&mut self, carrier: usize, snapshot: i64, at: Timestamp) -> Done {
        let runs = self.carriers.get(carrier).and_then(|c| c.runs);
        // A newer one came first.
        if runs.is_some_and(|runs| runs > snapshot) {
            return Ok(());
        }
        if self.chance.happens(5) {
            self.note(carrier, snapshot, Outcome::Failed, at).await?;
            let hours = self.workday(1, 3);
            self.later(at, hours, Act::Deploy { carrier, snapshot });
            return Ok(());
        }
        self.note(carrier, snapshot, Outcome::Ok, at).await?;
        if let Some(before) = runs.filter(|before| *before != snapshot)
            && self.chance.happens(4)
        {
            let hours = self.chance.between(2, 30);
            self.later(at, hours, Act::RollBack { carrier, snapshot: before, broken: snapshot });
        }
        Ok(())
    }

    pub(super) async fn note(
        &mut self,
        carrier: usize,
        snapshot: i64,
        outcome: Outcome,
        at: Timestamp,
    ) -> Done {
        let environment = self.production.first().cloned().ok_or("no environment is production")?;
        let weigher = Weigher::new(&self.agreed, self.index()?, at);
        let weigh = |known: &_| weigher.weigh(known);
        let Some(held) = self.carriers.get_mut(carrier) else { return Ok(()) };
        let new = NewDeployment { asset: held.id, environment, snapshot, outcome, at };
        let store = &self.app.store;
        let done = store
            .add_deployment(self.org, &new, JudgedBy::new(&self.production, &weigh, at), "trimtab")
            .await;
        done.map_err(told)?;
        if outcome != Outcome::Failed {
            held.runs = Some(snapshot);
        }
        self.filled.deployments += 1;
        Ok(())
    }

    pub(super) async fn settle(&mut self, is: impl Fn(&Carrier) -> bool, at: Timestamp) -> Done {
        let index = self.index()?;
        // What the index says of a package is asked once for all.
        let weigher = Weigher::new(&self.agreed, index, at);
        let weigh = |known: &_| weigher.weigh(known);
        for carrier in self.carriers.iter().filter(|c| c.builds > 0 && is(c)) {
            let store = &self.app.store;
            let done = store
                .settle(self.org, carrier.id, JudgedBy::new(&self.production, &weigh, at))
                .await;
            done.map_err(told)?;
        }
        Ok(())
    }
}
