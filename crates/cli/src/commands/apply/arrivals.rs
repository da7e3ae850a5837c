//! What comes in is judged again on the day of carrying out: a package manager moves to what is offered then, and not to
//! what was offered when the batch was planned.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use trimtab_advisories::index::Index;
use trimtab_connect::registry;
use trimtab_connect::update::{Change, Confirmed, published};
use trimtab_engine::action::{Moved, Side, outcome};
use trimtab_engine::match_inventory;
use trimtab_engine::repository::ids;
use trimtab_engine::selection::Reason;
use trimtab_model::charter::{Charter, Strictness};
use trimtab_model::{Code, Component, Diagnostic, FileInventory, Inventory, Purl};
use trimtab_report::plan::json::Finding;

use crate::commands::plan::checks::{Checked, checks};
use crate::commands::plan::place::{Place, look};

/// How long registries are asked about what comes in with one action.
const PATIENCE: Duration = Duration::from_secs(120);

/// What judges.
pub(super) struct Arrivals<'a> {
    pub(super) index: &'a Index,
    pub(super) charter: &'a Charter,
    pub(super) registry: registry::Options,
    /// Who resolves.
    pub(super) place: Place,
    /// What was judged already.
    pub(super) known: RefCell<BTreeMap<Purl, Checked>>,
}

impl Arrivals<'_> {
    /// What a copy lists after a package manager changed it.
    pub(super) fn after(&self, confirmed: &Confirmed) -> Inventory {
        look(&confirmed.scratch, &self.place, confirmed.packages.as_deref())
    }

    /// Why the charter refuses something that comes in. `exploited`: the action removes a finding that is known to be
    /// exploited, which no age holds up. `changes`: the files that the package manager changed.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn refused(
        &self,
        before: &Inventory,
        after: &Inventory,
        changes: &[Change],
        exploited: bool,
    ) -> Result<Option<String>, Diagnostic> {
        let moved = moved(before, after);
        self.ask(&moved, changes)?;
        let known = self.known.borrow();
        for (purl, is_new) in arrived(&moved) {
            let Some(checked) = known.get(&purl) else { continue };
            let age = || if exploited { None } else { self.too_young(checked) };
            if let Some(reason) = checked.refused(is_new).or_else(age) {
                let rule = reason.rule.as_str();
                return Ok(Some(format!("the charter refuses {purl}: {} ({rule})", reason.found)));
            }
        }
        Ok(None)
    }

    /// What is lower than before. `None`: nothing.
    pub(super) fn down(&self, first: &Inventory, after: &Inventory) -> Option<String> {
        let side = |inventory| Side { inventory, findings: &[], unknown: &[] };
        outcome(side(first), side(after)).worse.first().map(ToString::to_string)
    }

    /// Whether a finding is in its file all the same: its version is, or one that came since the first list and has it too.
    ///
    /// # Errors
    /// The index is damaged.
    pub(super) fn still_there(
        &self,
        first: &Inventory,
        after: &Inventory,
        finding: &Finding,
    ) -> Result<bool, Diagnostic> {
        let Ok(purl) = finding.package.parse::<Purl>() else { return Ok(false) };
        let versions = |inventory: &Inventory| -> BTreeSet<Purl> {
            let files = inventory.files.iter().filter(|file| *file.path == *finding.file);
            let all = files.flat_map(|file| &file.components).map(|component| &component.purl);
            all.filter(|is| is.package() == purl.package()).cloned().collect()
        };
        let (was, is) = (versions(first), versions(after));
        if is.iter().any(|one| one.version() == purl.version()) {
            return Ok(true);
        }
        let mut file = FileInventory::default();
        for new in is.difference(&was) {
            file.add(Component::new(new.clone()));
        }
        let inventory = Inventory { files: vec![file], diagnostics: Vec::new() };
        let found = match_inventory(&inventory, self.index).map_err(|e| e.diagnostic())?.findings;
        let own = |id: &str| {
            finding.vulnerability == id || finding.aliases.iter().any(|alias| alias == id)
        };
        Ok(found.iter().any(|found| ids(found).iter().any(|id| own(id))))
    }

    fn ask(&self, moved: &[Moved], changes: &[Change]) -> Result<(), Diagnostic> {
        let mut known = self.known.borrow_mut();
        let new: Vec<Purl> = arrived(moved)
            .into_iter()
            .map(|(purl, _)| purl)
            .filter(|purl| !known.contains_key(purl))
            .collect();
        let rules = &self.charter.selection;
        let times = if new.is_empty() { BTreeMap::new() } else { published(changes) };
        known.extend(checks((&new, &times), self.index, rules, &self.registry, PATIENCE)?);
        Ok(())
    }

    /// Whether a version is younger than the charter allows, or of an unknown age that it does not let pass.
    fn too_young<'c>(&self, checked: &'c Checked) -> Option<&'c Reason> {
        let reason = checked.age()?;
        let strict = self.charter.unknown.gate == Strictness::Deny;
        let young = checked.quarantine(&self.charter.selection, self.registry.now).is_some();
        (young || reason.unknown && strict).then_some(reason)
    }
}

/// What moves.
pub(super) fn moved(before: &Inventory, after: &Inventory) -> Vec<Moved> {
    let side = |inventory| Side { inventory, findings: &[], unknown: &[] };
    outcome(side(before), side(after)).moved
}

/// What came, with whether no version of it was there before.
fn arrived(moved: &[Moved]) -> BTreeSet<(Purl, bool)> {
    let of = |moved: &Moved| {
        let (package, is_new) = (moved.package.clone(), moved.from.is_empty());
        let to = moved.to.clone().into_iter();
        to.map(move |version| (package.clone().with_version(&version), is_new))
    };
    moved.iter().flat_map(of).collect()
}

/// What the person who applies is told of an action that the charter refuses.
pub(super) fn told(action: &str, why: &str) -> Diagnostic {
    Diagnostic::new(Code::ChangeWorse, format!("`{action}` is left out: {why}")).help(
        "plan again: there may be another version; a young one can be applied when it is old enough",
    )
}
