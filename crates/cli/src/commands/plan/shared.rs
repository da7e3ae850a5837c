//! What two actions of a place both raise is paid once, by the one that comes first: the later one finds it done.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use trimtab_connect::update::{Need, needs};
use trimtab_engine::action::{Moved, Price};
use trimtab_model::plan::{Plan, Problem, Slot};
use trimtab_model::{Family, Proposal, Purl};

use super::candidate::{Candidate, Material};

/// Which packages of which action are paid by which: position, then package, then position.
pub(super) type Paid = BTreeMap<usize, BTreeMap<Purl, usize>>;

/// The prices that actions had, by name.
pub(super) type Prices = Vec<(String, Price)>;

/// Gives actions back the prices that they had.
pub(super) fn restore(candidates: &mut [Candidate], were: &mut Prices) {
    for (name, price) in were.drain(..) {
        if let Some(candidate) = candidates.iter_mut().find(|candidate| candidate.name == name) {
            candidate.price = price;
        }
    }
}

/// The package that the `go` line of a `go.mod` is called by.
pub(super) fn line() -> Purl {
    Purl::new("golang", None, "stdlib")
}

/// The `go` lines that an action raises to another version of the language: the file, and the version.
fn lines(candidate: &Candidate) -> Vec<(String, String)> {
    let raised = needs(&candidate.made.changes).into_iter().filter(Need::is_language);
    let go = raised.filter_map(|need| match need {
        Need::Go { file, to, .. } => Some((file, to)),
        Need::LockFormat { .. }
        | Need::PoetryFormat { .. }
        | Need::NpmFormat { .. }
        | Need::PnpmFormat { .. } => None,
    });
    go.collect()
}

/// What a plan has paid twice: a later Go that another one before it needs as well, and the parts of actions of several
/// that an action of an earlier window, or a smaller one of the same window, raises at least as far.
pub(super) fn paid(candidates: &[Candidate], slots: &Slots) -> Paid {
    let mut all = Paid::new();
    let raised: BTreeMap<usize, Vec<(String, String)>> =
        slots.keys().filter_map(|at| Some((*at, lines(candidates.get(*at)?)))).collect();
    let rank = |at: usize, slot: Slot| {
        let count = candidates.get(at).map_or(0, |of| of.made.proposal.parts().count());
        (slot, count, at)
    };
    for (at, slot) in slots {
        let Some(candidate) = candidates.get(*at) else { continue };
        let count = candidate.made.proposal.parts().count();
        let payer = |(file, to): &(String, String)| {
            let by = slots.iter().find(|(other, earlier)| {
                let is_near =
                    candidates.get(**other).is_some_and(|held| held.place == candidate.place);
                let does = |(own, far): &(String, String)| {
                    own == file && Family::Go.compare(far, to).is_some_and(Ordering::is_ge)
                };
                is_near
                    && rank(**other, **earlier) < rank(*at, *slot)
                    && raised.get(*other).is_some_and(|own| own.iter().any(does))
            });
            by.map(|(by, _)| *by)
        };
        let own: &[(String, String)] = raised.get(at).map_or(&[], Vec::as_slice);
        let payers: Option<Vec<usize>> = own.iter().map(payer).collect();
        if let Some(by) = payers.and_then(|payers| payers.first().copied()) {
            all.entry(*at).or_default().insert(line(), by);
        }
        for part in candidate.made.proposal.parts().filter(|_| count > 1) {
            let by = slots.iter().find(|(other, earlier)| {
                let Some(held) = candidates.get(**other) else { return false };
                let is_first = *earlier < slot
                    || *earlier == slot && held.made.proposal.parts().count() < count;
                **other != *at && is_first && held.place == candidate.place && does(held, part)
            });
            if let Some((by, _)) = by {
                all.entry(*at).or_default().insert(part.package().package(), *by);
            }
        }
    }
    all
}

/// The slots of actions that are planned, by position.
pub(super) type Slots = BTreeMap<usize, Slot>;

/// The slots of a plan.
pub(super) fn slots(plan: &Plan) -> Slots {
    let of = plan
        .batches
        .iter()
        .flat_map(|batch| batch.candidates.iter().map(move |candidate| (*candidate, batch.slot)));
    of.collect()
}

/// Whether an action raises what a part of another does, at least as far: as it names it, or as that moves along with it.
fn does(held: &Candidate, part: &Proposal) -> bool {
    let package = part.package().package();
    let family = Family::from_purl_type(package.purl_type());
    let is_as_far = |to: Option<&str>| {
        let far = to.zip(part.to()).and_then(|(own, to)| family?.compare(own, to));
        far.is_some_and(Ordering::is_ge)
    };
    let names = |own: &Proposal| own.package().package() == package && is_as_far(own.to());
    let moves = |moved: &Moved| {
        let own = part.package().version();
        moved.package == package
            && moved.from.iter().any(|from| own == Some(&**from))
            && !moved.to.is_empty()
            && moved.to.iter().all(|to| is_as_far(Some(to)))
    };
    held.made.proposal.parts().any(names) || held.made.moved.iter().any(moves)
}

/// Prices what is left of actions, and tells by which the rest is paid. Returns the prices that they had.
pub(super) fn discount(
    candidates: &mut [Candidate],
    paid: &Paid,
    material: &Material<'_>,
) -> Prices {
    let names: Vec<String> = candidates.iter().map(|candidate| candidate.name.clone()).collect();
    let mut were = Prices::new();
    for (at, packages) in paid {
        let Some(candidate) = candidates.get_mut(*at) else { continue };
        let done: BTreeSet<Purl> = packages.keys().cloned().collect();
        // Where all of it is paid, the change of the files is left: at most what its cheapest part costs.
        let fewer = || {
            let one = done.iter().filter_map(|part| {
                let mut others = done.clone();
                others.remove(part);
                material.price_beside(candidate, &others)
            });
            one.min_by(|a, b| (a.least + a.most).total_cmp(&(b.least + b.most)))
        };
        let price = material.price_beside(candidate, &done).or_else(fewer);
        let Some(mut price) = price else { continue };
        let by: BTreeSet<&str> =
            packages.values().filter_map(|by| names.get(*by)).map(String::as_str).collect();
        for by in by {
            let what = format!("a part of it is paid by `{by}`, which is planned before it");
            price.needs(what.into(), false);
        }
        // Only what makes it cheaper is taken over.
        if price.least + price.most < candidate.price.least + candidate.price.most {
            let was = std::mem::replace(&mut candidate.price, price);
            were.push((candidate.name.clone(), was));
        }
    }
    were
}

/// Lets an action whose price is lower for others need them: alone it would be as dear as it was.
pub(super) fn bind(problem: &mut Problem, paid: &Paid, were: &Prices) {
    for (at, packages) in paid {
        let Some(candidate) = problem.candidates.get_mut(*at) else { continue };
        if were.iter().any(|(name, _)| **name == *candidate.id) {
            let by: BTreeSet<usize> = packages.values().copied().collect();
            candidate.needs = by.into_iter().collect();
        }
    }
}

/// Whether a plan still has all that pays before what it pays.
pub(super) fn holds(paid: &Paid, slots: &Slots) -> bool {
    paid.iter().all(|(at, packages)| match slots.get(at) {
        None => true,
        Some(slot) => packages.values().all(|by| slots.get(by).is_some_and(|held| held <= slot)),
    })
}

#[cfg(test)]
mod tests {
    use trimtab_connect::update::Change;
    use trimtab_engine::plan::learn::{Estimate, Kind, Sort, Source};

    use super::super::attempt::Made;
    use super::*;

    fn raise(name: &str, to: &str) -> Proposal {
        let package = format!("pkg:pypi/{name}@1.0").parse().unwrap();
        Proposal::Raise { package, to: to.into() }
    }

    fn candidate(place: usize, parts: Vec<Proposal>) -> Candidate {
        let estimate = Estimate { least: 1.0, most: 2.0, confidence: 0.9, source: Source::Prior };
        let price = Price {
            least: 1.0,
            most: 2.0,
            reasons: Vec::new(),
            confidence: 0.9,
            because: Vec::new(),
            distance: None,
            sort: Sort { kind: Kind::Upgrade, distance: None, transitive: false },
            estimate,
        };
        let proposal = Proposal::together(parts).unwrap();
        Candidate {
            name: proposal.to_string(),
            place,
            made: Made::unmade(proposal),
            confirmed: true,
            unsaid: false,
            beyond: None,
            price,
            quarantine: None,
            choice: None,
            removes: Vec::new(),
        }
    }

    #[test]
    fn what_is_cheaper_for_another_needs_it() {
        let all = [
            candidate(0, vec![raise("pyyaml", "6.0")]),
            candidate(0, vec![raise("flask", "2.3"), raise("pyyaml", "6.0")]),
        ];
        let slots = Slots::from([(0, Slot::Now), (1, Slot::Window(1))]);
        let paid = paid(&all, &slots);
        let needs = |were: &Prices| -> Vec<Vec<usize>> {
            let mut problem = Problem {
                now: jiff::Timestamp::UNIX_EPOCH,
                at_once: jiff::Timestamp::UNIX_EPOCH,
                horizon: jiff::Timestamp::UNIX_EPOCH,
                late: 1.0,
                zone: jiff::tz::TimeZone::UTC,
                teams: Vec::new(),
                findings: Vec::new(),
                candidates: all.iter().map(|one| one.planned(&[])).collect(),
                accepted: Vec::new(),
                freezes: Vec::new(),
            };
            bind(&mut problem, &paid, were);
            problem.candidates.into_iter().map(|one| one.needs).collect()
        };
        let were = vec![(all[1].name.clone(), all[1].price.clone())];
        assert_eq!(needs(&were), [Vec::new(), vec![0]]);
        // What costs what it did before needs nobody.
        assert!(needs(&Prices::new()).iter().all(Vec::is_empty));
    }

    #[test]
    fn a_later_go_is_paid_once() {
        let go = |name: &str, to: &str| {
            let mut one = candidate(0, vec![raise(name, "2.0")]);
            one.made.changes = vec![Change {
                path: "go.mod".to_owned(),
                before: Some(b"go 1.20\n".to_vec()),
                after: Some(format!("go {to}\n").into_bytes()),
            }];
            one
        };
        let all = [go("a", "1.24.0"), go("b", "1.24.0"), go("c", "1.25.0")];
        let slots = Slots::from([(0, Slot::Window(0)), (1, Slot::Window(0)), (2, Slot::Window(1))]);
        // The third needs a later one still.
        assert_eq!(paid(&all, &slots), Paid::from([(1, BTreeMap::from([(line(), 0)]))]));
        let slots = Slots::from([(1, Slot::Window(1)), (2, Slot::Window(0))]);
        assert_eq!(paid(&all, &slots), Paid::from([(1, BTreeMap::from([(line(), 2)]))]));
    }

    #[test]
    fn what_an_earlier_window_raises_as_far_is_paid_there() {
        let werkzeug = |to| raise("werkzeug", to);
        let all = [
            candidate(0, vec![werkzeug("2.3.8")]),
            candidate(0, vec![raise("flask", "2.3"), werkzeug("2.3.8")]),
        ];
        let at = |first: Slot, second: Slot| Slots::from([(0, first), (1, second)]);
        let (now, first, later) = (Slot::Now, Slot::Window(0), Slot::Window(2));
        let package: Purl = "pkg:pypi/werkzeug".parse().unwrap();
        let by = Paid::from([(1, BTreeMap::from([(package, 0)]))]);
        for slots in [at(first, later), at(now, first), at(first, first)] {
            assert_eq!(paid(&all, &slots), by, "{slots:?}");
            assert!(holds(&by, &slots));
        }
        // What moves along with another is paid by that.
        let mut along = [
            candidate(0, vec![raise("connexion", "3.0")]),
            candidate(0, vec![raise("flask", "2.3"), werkzeug("2.3.8")]),
        ];
        let mut moves = |from: &str, to: &str| {
            let package = "pkg:pypi/werkzeug".parse().unwrap();
            let moved = Moved { package, from: vec![from.into()], to: vec![to.into()] };
            along[0].made.moved = vec![moved];
            paid(&along, &at(first, later))
        };
        assert_eq!(moves("1.0", "2.3.9"), by);
        assert!(moves("1.0", "2.3.7").is_empty(), "not as far");
        assert!(moves("0.9", "2.3.9").is_empty(), "another copy");
        // What comes later pays nothing, nor what is left out.
        assert!(paid(&all, &at(later, first)).is_empty());
        assert!(!holds(&by, &at(later, first)));
        assert!(paid(&all, &Slots::from([(1, first)])).is_empty());
        assert!(!holds(&by, &Slots::from([(1, first)])));
        // Nor one that does not raise it as far, or elsewhere.
        let less = [
            candidate(0, vec![werkzeug("2.0")]),
            candidate(0, vec![raise("flask", "2.3"), werkzeug("2.3.8")]),
        ];
        assert!(paid(&less, &at(first, later)).is_empty());
        let other = [
            candidate(1, vec![werkzeug("2.3.8")]),
            candidate(0, vec![raise("flask", "2.3"), werkzeug("2.3.8")]),
        ];
        assert!(paid(&other, &at(first, later)).is_empty());
    }
}
