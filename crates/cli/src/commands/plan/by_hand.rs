//! Edits for people where nothing may run, or cannot: a change of texts needs no package manager.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use trimtab_connect::update::{self, Parts, Reason, Refusal};
use trimtab_engine::action::Idea;
use trimtab_model::{Family, Inventory, Proposal, Purl, Relation, Way};

use super::attempt::Refused;
use super::place::{Ground, Place};
use super::search::{Case, Search, Searched, Tried};

/// An idea by its position, the raise of which the edit is told, and why that was not run.
type Unrun = (usize, Proposal, Refusal);

impl Search<'_> {
    /// Tells the edit of each idea that came to nothing only because its package manager was not run, or
    /// builds nothing. After a few such refusals a
    /// place is given up; and a lockfile that does not know what the project names itself leaves that to the manifests.
    /// What is a part of something that the project names goes by the edit of that.
    pub(super) fn tell_edits(&self, searched: &mut Searched) {
        let mut of: BTreeMap<usize, Vec<Unrun>> = BTreeMap::new();
        let mut brought: BTreeMap<usize, Vec<(usize, Refusal)>> = BTreeMap::new();
        for (at, (case, tried)) in self.cases.iter().zip(&searched.tried).enumerate() {
            if let (Some(place), Some((raise, refusal))) = (case.place, unedited(case, tried)) {
                of.entry(place).or_default().push((at, raise, refusal));
            } else if let (Some(place), Some(refusal)) = (case.place, unmoved(case, tried)) {
                brought.entry(place).or_default().push((at, refusal.clone()));
            }
        }
        self.tell_late(searched);
        let places: BTreeSet<usize> = of.keys().chain(brought.keys()).copied().collect();
        for at in places {
            let Some(Ok((place, ground))) = self.ground(at) else { continue };
            let parts = Parts::of(place.tool, &ground.base);
            let named = named(&ground.before);
            let mut all = of.remove(&at).unwrap_or_default();
            for (at, refusal) in brought.remove(&at).unwrap_or_default() {
                if let Some(raise) = raise_of_whole(self.cases[at].idea, place, &parts, &named) {
                    all.push((at, raise, refusal));
                }
            }
            to_the_highest(&mut all);
            let raises: Vec<Proposal> = all.iter().map(|(_, raise, _)| raise.clone()).collect();
            let edits = update::edits_of(place.tool, &ground.base, &raises);
            for ((at, raise, refusal), edits) in all.into_iter().zip(edits) {
                if let Some(tried) = searched.tried.get_mut(at).filter(|_| !edits.is_empty()) {
                    let refusal = Box::new(Refusal { edits, ..refusal });
                    tried.push((raise.to_string(), Refused::Tool(refusal)));
                }
            }
        }
    }
}

impl Search<'_> {
    /// Keeps the edit of what the project names itself and nobody came to raise, as the time was over.
    fn tell_late(&self, searched: &mut Searched) {
        if !searched.cut_short {
            return;
        }
        let all: Vec<usize> = (0..self.cases.len()).collect();
        let open: BTreeSet<usize> = self.open(&all, searched).into_iter().collect();
        let mut of: BTreeMap<usize, Vec<(usize, Proposal)>> = BTreeMap::new();
        for (at, (case, tried)) in self.cases.iter().zip(&searched.tried).enumerate() {
            if let (Some(place), Some(raise)) = (case.place, unraised(case, tried))
                && open.contains(&at)
            {
                of.entry(place).or_default().push((at, raise));
            }
        }
        for (place, all) in of {
            // To ask a package manager what is there may take long, and texts do not need it.
            let Some(place) = self.places.get(place) else { continue };
            let Ok(base) = Ground::copied(place, self.top) else { continue };
            let raises: Vec<Proposal> = all.iter().map(|(_, raise)| raise.clone()).collect();
            let edits = update::edits_of(place.tool, &base, &raises);
            let told = all.into_iter().map(|(at, _)| at).zip(edits);
            searched.by_hand.extend(told.filter(|(_, edits)| !edits.is_empty()));
        }
    }
}

/// The raise of what the project names itself, if it was not tried to its end. `None`: it was, or there is none.
fn unraised(case: &Case<'_>, tried: &Tried) -> Option<Proposal> {
    let is_direct = case.idea.relation == Relation::Direct;
    let to = case.idea.to.as_deref().filter(|_| is_direct && !case.unpublished)?;
    let is_end = |(what, why): &(String, Refused)| {
        !what.starts_with("relock ") && !matches!(why, Refused::Time)
    };
    if !case.idea.ways.contains(&Way::Raise) || tried.iter().any(is_end) {
        return None;
    }
    case.idea.proposal(Way::Raise, to)
}

/// The raise of what the project may name itself, and why it was not run. `None`: something was, or its edit is told already.
fn unedited(case: &Case<'_>, tried: &Tried) -> Option<(Proposal, Refusal)> {
    let may = matches!(case.idea.relation, Relation::Direct | Relation::Unknown);
    let to = case.idea.to.as_deref().filter(|_| may && !case.unpublished)?;
    Some((case.idea.proposal(Way::Raise, to)?, unrun(tried)?.clone()))
}

/// Why nothing was run for what others bring and a version mends. `None`: something was, or its edit is told already.
fn unmoved<'t>(case: &Case<'_>, tried: &'t Tried) -> Option<&'t Refusal> {
    let is_brought = case.idea.relation == Relation::Transitive;
    case.idea.to.as_deref().filter(|_| is_brought && !case.unpublished)?;
    unrun(tried)
}

/// Why nothing was run.
fn unrun(tried: &Tried) -> Option<&Refusal> {
    let refusals = tried.iter().filter_map(|(_, why)| match why {
        Refused::Tool(refusal) => Some(&**refusal),
        _ => None,
    });
    let refusals: Vec<&Refusal> = refusals.collect();
    if refusals.iter().any(|refusal| !refusal.edits.is_empty()) {
        return None;
    }
    let is_such = |reason: &Reason| {
        matches!(
            reason,
            Reason::ProjectCode(_) | Reason::ToolMissing { .. } | Reason::NoWheel { .. }
        )
    };
    refusals.into_iter().find(|refusal| is_such(&refusal.reason))
}

/// What a project names itself, at the versions that are locked.
fn named(inventory: &Inventory) -> BTreeSet<Purl> {
    let direct = inventory.components().filter(|(_, one)| one.relation == Relation::Direct);
    direct.map(|(_, one)| one.purl.clone()).collect()
}

/// The raise of what the project names, which has a package as a part, to the version that mends the part: both have one.
fn raise_of_whole(
    idea: &Idea,
    place: &Place,
    parts: &Parts,
    named: &BTreeSet<Purl>,
) -> Option<Proposal> {
    let to = idea.to.clone()?;
    let whole = named.iter().find(|whole| parts.has(place.tool, whole, &idea.package))?;
    Some(Proposal::Raise { package: whole.clone(), to })
}

/// Raises of one package are one, to the highest of their versions: its parts move together.
fn to_the_highest(all: &mut [Unrun]) {
    let mut highest: BTreeMap<Purl, Box<str>> = BTreeMap::new();
    for (_, raise, _) in all.iter() {
        let Proposal::Raise { package, to } = raise else { continue };
        let family = Family::from_purl_type(package.purl_type());
        let is_above = |held: &str| {
            family.and_then(|family| family.compare(to, held)).is_some_and(Ordering::is_gt)
        };
        if highest.get(package).is_none_or(|held| is_above(held)) {
            highest.insert(package.clone(), to.clone());
        }
    }
    for (_, raise, _) in all {
        if let Proposal::Raise { package, to } = raise
            && let Some(held) = highest.get(package)
        {
            to.clone_from(held);
        }
    }
}

#[cfg(test)]
mod tests {
    use trimtab_connect::update::Change;

    use super::*;

    fn idea(package: &str, relation: Relation, to: &str) -> Idea {
        Idea {
            file: 0,
            package: package.parse().unwrap(),
            relation,
            to: Some(to.into()),
            unsaid: false,
            within: None,
            parents: Vec::new(),
            around: Vec::new(),
            askers: Vec::new(),
            findings: vec![0],
            left: Vec::new(),
            ways: vec![Way::Relock, Way::Raise],
        }
    }

    fn case(idea: &Idea) -> Case<'_> {
        let wanted = BTreeSet::new();
        Case {
            idea,
            place: Some(0),
            wanted,
            rest: BTreeSet::new(),
            weight: 1.0,
            unpublished: false,
        }
    }

    #[test]
    fn only_what_may_be_named_and_was_not_run_is_edited() {
        let refused = |reason, edits| {
            let refusal = Refusal { reason, edits, next: None, commands: Vec::new() };
            Refused::Tool(Box::new(refusal))
        };
        let unrun = || refused(Reason::ProjectCode("its build files"), Vec::new());
        let raised = |relation, why: Refused| {
            let idea = idea("pkg:maven/a/left@1.0", relation, "2.0");
            let case = case(&idea);
            unedited(&case, &vec![("any update".to_owned(), why)])
                .map(|(raise, _)| raise.to_string())
        };
        let told = raised(Relation::Unknown, unrun());
        assert_eq!(told.as_deref(), Some("raise a:left to 2.0"));
        assert_eq!(raised(Relation::Direct, unrun()), told);
        assert_eq!(raised(Relation::Transitive, unrun()), None);
        assert_eq!(raised(Relation::Direct, Refused::Nothing), None);
        let edit = Change { path: "build.gradle".to_owned(), before: None, after: None };
        let known = refused(Reason::ProjectCode("its build files"), vec![edit]);
        assert_eq!(raised(Relation::Direct, known), None);
    }

    #[test]
    fn what_nobody_came_to_raise_has_its_edit() {
        let raised = |relation, tried: Vec<(&str, Refused)>| {
            let idea = idea("pkg:npm/handlebars@4.7.6", relation, "4.7.7");
            let case = case(&idea);
            let tried = tried.into_iter().map(|(what, why)| (what.to_owned(), why)).collect();
            unraised(&case, &tried).map(|raise| raise.to_string())
        };
        let relocked = || ("relock handlebars at 4.7.7", Refused::Nothing);
        let told = raised(Relation::Direct, vec![relocked()]);
        assert_eq!(told.as_deref(), Some("raise handlebars to 4.7.7"));
        let late = ("raise handlebars to 4.7.7", Refused::Time);
        assert_eq!(raised(Relation::Direct, vec![relocked(), late]), told);
        let vain = ("raise handlebars to 4.7.7", Refused::Nothing);
        assert_eq!(raised(Relation::Direct, vec![relocked(), vain]), None);
        assert_eq!(raised(Relation::Transitive, vec![relocked()]), None);
    }

    #[test]
    fn raises_of_a_whole_are_one_to_the_highest_version() {
        let refusal = || Refusal {
            reason: Reason::ProjectCode("its Gemfile"),
            edits: Vec::new(),
            next: None,
            commands: Vec::new(),
        };
        let raise = |package: &str, to: &str| {
            let raise = Proposal::Raise { package: package.parse().unwrap(), to: to.into() };
            (0, raise, refusal())
        };
        let rails = "pkg:gem/rails@6.0.3";
        let mut all = vec![
            raise(rails, "6.0.3.10"),
            raise(rails, "6.0.4.7"),
            raise("pkg:gem/rack@2.0.1", "2.0.9"),
            raise(rails, "6.0.3.7"),
        ];
        to_the_highest(&mut all);
        let told: Vec<String> = all.iter().map(|(_, raise, _)| raise.to_string()).collect();
        let (whole, other) = ("raise rails to 6.0.4.7", "raise rack to 2.0.9");
        assert_eq!(told, [whole, whole, other, whole]);
    }

    #[test]
    fn what_others_bring_and_was_not_run_may_be_a_part() {
        let refused = |reason| {
            let refusal = Refusal { reason, edits: Vec::new(), next: None, commands: Vec::new() };
            vec![("any update".to_owned(), Refused::Tool(Box::new(refusal)))]
        };
        let may = |relation, tried: Tried| {
            let idea = idea("pkg:gem/actionpack@6.0.3", relation, "6.0.4.7");
            unmoved(&case(&idea), &tried).is_some()
        };
        let unrun = || refused(Reason::ProjectCode("its Gemfile"));
        assert!(may(Relation::Transitive, unrun()));
        assert!(!may(Relation::Direct, unrun()), "it has an edit of its own");
        assert!(!may(Relation::Transitive, refused(Reason::NoLater)));
    }
}
