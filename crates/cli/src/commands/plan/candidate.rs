//! Candidates for a plan: changes that were carried out, or, without a package manager, thought to be possible;
//! each with its price, its checks and its quarantine.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use trimtab_connect::update::{self, Need};
use trimtab_engine::action::{Idea, Moved, Price, Priced, price, price_together};
use trimtab_engine::assess::{Distance, distance};
use trimtab_engine::plan::learn::Finished;
use trimtab_model::charter::Charter;
use trimtab_model::plan as planned;
use trimtab_model::{Family, Proposal, Purl, Relation, Way};
use trimtab_report::group;

use super::attempt::{Made, Refused};
use super::checks::Checked;
use super::place::{Key, Place};
use super::search::{Case, Tried};
use super::{shared, words};

/// How it is told that the charter refuses something.
pub(super) const CHARTER: &str = "the charter refuses";

/// An action that could be planned.
pub(super) struct Candidate {
    pub(super) name: String,
    pub(super) place: usize,
    pub(super) made: Made,
    pub(super) confirmed: bool,
    /// Whether it aims at a version that no source names as a fix.
    pub(super) unsaid: bool,
    /// Why it goes to a later version than the one that is named as the fix, if that one was refused.
    pub(super) beyond: Option<String>,
    pub(super) price: Price,
    pub(super) quarantine: Option<Timestamp>,
    /// Of those with the same, one is planned.
    pub(super) choice: Option<Box<str>>,
    /// Positions of the open findings that it removes.
    pub(super) removes: Vec<usize>,
}

/// What was refused for what would come in: what it is, and why.
pub(super) type Denied = Vec<(String, String, Vec<usize>)>;

/// What candidates are made of.
pub(super) struct Material<'m> {
    pub(super) cases: &'m [Case<'m>],
    pub(super) places: &'m [Place],
    pub(super) keys: &'m BTreeMap<Key, usize>,
    pub(super) charter: &'m Charter,
    pub(super) checks: &'m BTreeMap<Purl, Checked>,
    /// What was refused, by case.
    pub(super) tried: &'m [Tried],
    /// What was done here before and is over; of nothing, the priors are used and named.
    pub(super) finished: &'m [Finished],
    pub(super) now: Timestamp,
    pub(super) confirmed: bool,
}

impl Material<'_> {
    /// The candidates by name; several ideas that end in the same change are one.
    pub(super) fn candidates(&self, made: Vec<(usize, Made)>) -> (Vec<Candidate>, Denied) {
        let (mut all, mut denied) = (Vec::<Candidate>::new(), Denied::new());
        let several = self.places.len() > 1;
        for (place, made) in made {
            let same = |c: &Candidate| c.place == place && c.made.changes == made.changes;
            if self.confirmed && all.iter().any(same) {
                continue;
            }
            let Some(of) = self.places.get(place) else { continue };
            let mut name = words::action(&told(&made), of, several);
            if made.aged {
                name.push_str(", with versions that are old enough");
            }
            let removes: Vec<usize> =
                made.removed.iter().filter_map(|key| self.keys.get(key).copied()).collect();
            if removes.is_empty() {
                continue;
            }
            if let Some(why) = self.refused(&made) {
                denied.push((name, why, removes));
                continue;
            }
            let price = self.price(&made, of, &BTreeSet::new());
            let quarantine = made
                .arrived
                .iter()
                .filter_map(|p| self.checks.get(p)?.quarantine(&self.charter.selection, self.now))
                .max();
            let confirmed = self.confirmed;
            let unsaid = self.is_unsaid(&made.proposal);
            let beyond = self.beyond(place, &made.proposal);
            let choice = None;
            all.push(Candidate {
                name,
                place,
                made,
                confirmed,
                unsaid,
                beyond,
                price,
                quarantine,
                choice,
                removes,
            });
        }
        all.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.removes.cmp(&b.removes)));
        let mut used = BTreeSet::new();
        for candidate in &mut all {
            let (first, mut number) = (candidate.name.clone(), 1);
            while !used.insert(candidate.name.clone()) {
                number += 1;
                candidate.name = format!("{first} ({number})");
            }
        }
        super::beside::choices(&mut all);
        (all, denied)
    }

    /// Whether it moves something to a version that no source names as a fix.
    fn is_unsaid(&self, proposal: &Proposal) -> bool {
        let unsaid = || self.cases.iter().map(|case| case.idea).filter(|idea| idea.unsaid);
        let moves = |part: &Proposal| {
            let package = match part {
                Proposal::Remove { .. } | Proposal::Replace { .. } => return false,
                Proposal::RaiseParent { child, .. } => child,
                other => other.package(),
            };
            unsaid().any(|idea| idea.package.package() == package.package())
        };
        proposal.parts().any(moves)
    }

    /// Why a part goes to a later version than the one that is named as the fix: that one was refused.
    fn beyond(&self, place: usize, proposal: &Proposal) -> Option<String> {
        proposal.parts().find_map(|part| {
            let own = part.package().package();
            let mut cases = self.cases.iter().zip(self.tried).filter(|(case, _)| {
                let idea = case.idea;
                case.place == Some(place) && !idea.unsaid && idea.package.package() == own
            });
            cases.find_map(|(case, tried)| refused_fix(case.idea, part, tried))
        })
    }

    /// Why the charter refuses something that would come in.
    fn refused(&self, made: &Made) -> Option<String> {
        made.arrived.iter().find_map(|purl| {
            let reason = self.checks.get(purl)?.refused(is_new(made, purl))?;
            let rule = reason.rule.as_str();
            Some(format!("{CHARTER} {purl}: {} ({rule})", reason.found))
        })
    }

    /// What is left of the price of an action where others raise some of its packages before it. `None`: nothing is.
    pub(super) fn price_beside(&self, of: &Candidate, done: &BTreeSet<Purl>) -> Option<Price> {
        let place = self.places.get(of.place)?;
        let is_left = |part: &Proposal| !done.contains(&part.package().package());
        of.made.proposal.parts().any(is_left).then(|| self.price(&of.made, place, done))
    }

    /// What a change costs. `done`: packages of it that others raise before.
    fn price(&self, made: &Made, place: &Place, done: &BTreeSet<Purl>) -> Price {
        let mut price = self.price_of_parts(made, place, done);
        for need in update::needs(&made.changes) {
            let is_paid = matches!(need, Need::Go { .. }) && done.contains(&shared::line());
            price.needs(need.to_string().into(), need.is_language() && !is_paid);
        }
        for why in first_moved(made) {
            price.needs(why.into(), false);
        }
        for (package, version) in &made.unfit {
            let why = format!("no wheel of {package} {version} fits the Python installed here");
            price.lower(why.into());
        }
        for file in &made.unread {
            let why = format!(
                "{file} asks for what would have to be built, so that was left out when its packages were resolved"
            );
            price.lower(why.into());
        }
        if let Some(why) = unasked(&made.unasked) {
            price.lower(why.into());
        }
        for why in untried(made) {
            price.needs(why.into(), false);
        }
        price
    }

    fn price_of_parts(&self, made: &Made, place: &Place, done: &BTreeSet<Purl>) -> Price {
        let is_lockfile = |path: &str| {
            let name = path.rsplit('/').next().unwrap_or_default();
            place.tool.lockfiles().contains(&name) || name == "go.sum"
        };
        let manifests = made.changes.iter().filter(|change| !is_lockfile(&change.path)).count();
        let named: BTreeSet<Purl> =
            made.proposal.parts().map(|part| part.package().package()).collect();
        let alone = |part: &Proposal| {
            let own = part.package().package();
            let moved: Vec<Moved> =
                made.moved.iter().filter(|m| m.package == own).cloned().collect();
            self.price_of(part, &moved, 1)
        };
        let is_left = |part: &&Proposal| !done.contains(&part.package().package());
        let parts: Vec<&Proposal> = made.proposal.parts().filter(is_left).collect();
        let mut prices: Vec<Price> = parts.iter().map(|part| alone(part)).collect();
        // What moves beside all of them, and the files, count once: with the dearest, which counts whole.
        let middle = |at: &usize| prices.get(*at).map_or(0.0, |p| p.least + p.most);
        let dearest = (0..parts.len()).max_by(|a, b| middle(a).total_cmp(&middle(b)));
        if let Some((at, part)) = dearest.and_then(|at| Some((at, parts.get(at)?))) {
            let own = part.package().package();
            let is_its = |m: &&Moved| m.package == own || !named.contains(&m.package);
            let moved: Vec<Moved> = made.moved.iter().filter(is_its).cloned().collect();
            if let Some(price) = prices.get_mut(at) {
                *price = self.price_of(part, &moved, manifests);
            }
        }
        price_together(prices)
            .unwrap_or_else(|| self.price_of(&made.proposal, &made.moved, manifests))
    }

    fn price_of(&self, proposal: &Proposal, moved: &[Moved], manifests: usize) -> Price {
        let named = proposal.package().package();
        let ideas = || self.cases.iter().map(|case| case.idea);
        let is_it = |purl: &Purl| purl.package() == named;
        let own = ideas().find(|idea| is_it(&idea.package)).map(|idea| idea.relation);
        // What only asks for others, and is named by nobody.
        let asks = || ideas().any(|idea| idea.askers.iter().flatten().any(is_it));
        let brings = || ideas().any(|idea| idea.parents.iter().any(is_it));
        let relation = own.unwrap_or_else(|| match asks() && !brings() {
            true => Relation::Transitive,
            false => Relation::Direct,
        });
        let priced = Priced {
            proposal,
            transitive: !matches!(relation, Relation::Direct | Relation::Own),
            moved,
            manifests,
            confirmed: self.confirmed,
        };
        price(&priced, &self.charter.cost, self.finished)
    }
}

/// That the version which is named as the fix was refused, where a part goes to a later one.
fn refused_fix(idea: &Idea, part: &Proposal, tried: &Tried) -> Option<String> {
    let (named, to) = (idea.to.as_deref()?, part.to()?);
    let family = Family::from_purl_type(idea.package.purl_type())?;
    if !family.compare(to, named).is_some_and(Ordering::is_gt) {
        return None;
    }
    let asked = idea.proposal(part.way(), named)?.to_string();
    let is_it = |(what, why): &&(String, Refused)| {
        *what == asked && matches!(why, Refused::Worse(_) | Refused::Tool(_))
    };
    let (_, why) = tried.iter().find(is_it)?;
    let name = group::name(&idea.package);
    Some(format!("not {name} {named}, which is named as the fix: {}", words::in_words(why)))
}

/// What a change is called by: a relock that does not get as far as was asked for, as far as is allowed.
fn told(made: &Made) -> Proposal {
    let Proposal::Relock { package, to: Some(to) } = &made.proposal else {
        return made.proposal.clone();
    };
    let own = made.moved.iter().find(|moved| moved.package == package.package());
    let family = Family::from_purl_type(package.purl_type());
    let reached = own.and_then(|moved| moved.to.last());
    let is_short = reached.and_then(|at| family?.compare(at, to)).is_some_and(Ordering::is_lt);
    let to = Some(to.clone()).filter(|_| !is_short);
    Proposal::Relock { package: package.clone(), to }
}

/// That nobody asked what some packages require of what moves, as they have no wheel. `None`: there are none.
fn unasked(packages: &[(String, String)]) -> Option<String> {
    let (package, version) = packages.first()?;
    Some(match packages.len() - 1 {
        0 => format!(
            "{package} {version} has no wheel, so nobody checked whether it allows the versions that come in"
        ),
        more => format!(
            "{package} {version} and {more} more have no wheel, so nobody checked whether they allow the versions that come in"
        ),
    })
}

/// Why packages move first that have no finding which goes.
pub(super) fn first_moved(made: &Made) -> Vec<String> {
    let why = |(package, version): &(String, String)| {
        format!(
            "{package} {version} has no wheel for the Python installed here and holds up what is locked with it, so it moves first"
        )
    };
    made.unbuilt.iter().map(why).collect()
}

/// What is said of smaller versions of parents that there was no time to try.
fn untried(made: &Made) -> Vec<String> {
    let one = (made.proposal.package(), &made.untried[..]);
    let several = made.several.iter().flat_map(|several| several.untried());
    let told = |(parent, versions): (&Purl, &[Box<str>])| {
        let name = group::name(parent);
        Some(match versions {
            [] => return None,
            [one] => format!("{name} {one} may do as well: there was no time to try it"),
            [first, .., last] => {
                format!("{name} {first} to {last} may do as well: there was no time to try them")
            }
        })
    };
    std::iter::once(one).chain(several).filter_map(told).collect()
}

/// Whether no version of a package was there before.
pub(super) fn is_new(made: &Made, purl: &Purl) -> bool {
    let package = purl.package();
    made.moved.iter().any(|moved| moved.package == package && moved.from.is_empty())
}

/// What an idea would come to, if it is possible: nobody is asked.
pub(super) fn thought(idea: &Idea, removed: BTreeSet<Key>) -> Option<Made> {
    let to = idea.to.as_deref()?;
    // Ranges seldom reach over a major step, so that what others bring would have to be forced.
    let far = idea.package.version().and_then(|from| distance(from, to)) == Some(Distance::Major);
    let way = match idea.relation {
        Relation::Direct => Way::Raise,
        _ if far => *idea.ways.last()?,
        _ => *idea.ways.first()?,
    };
    let proposal: Proposal = idea.proposal(way, to)?;
    let from = idea.package.version().map(Into::into).into_iter().collect();
    let moved = Moved { package: idea.package.package(), from, to: vec![to.into()] };
    let arrived = BTreeSet::from([idea.package.package().with_version(to)]);
    Some(Made { moved: vec![moved], removed, arrived, ..Made::unmade(proposal) })
}

impl Candidate {
    /// As the planner takes it.
    pub(super) fn planned(&self, places: &[Place]) -> planned::Candidate {
        planned::Candidate {
            id: self.name.as_str().into(),
            team: 0,
            place: places.get(self.place).map_or_else(|| "?".into(), |place| place.name.clone()),
            least: self.price.least,
            most: self.price.most,
            confidence: self.price.confidence,
            removes: self.removes.clone(),
            needs: Vec::new(),
            choice: self.choice.clone(),
            quarantine: self.quarantine,
        }
    }
}

#[cfg(test)]
mod tests {
    use trimtab_engine::action::Worse;

    use super::*;

    #[test]
    fn what_nobody_could_ask_is_told_in_one_reason() {
        let of = |names: &[&str]| {
            let one = |name: &&str| ((*name).to_owned(), "1.0".to_owned());
            unasked(&names.iter().map(one).collect::<Vec<_>>())
        };
        assert_eq!(of(&[]), None);
        let one = of(&["alembic"]).unwrap();
        assert!(
            one.starts_with("alembic 1.0 has no wheel, so nobody checked whether it "),
            "{one}"
        );
        let more = of(&["alembic", "flask-alembic", "simplejson"]).unwrap();
        assert!(more.starts_with("alembic 1.0 and 2 more have no wheel, so nobody "), "{more}");
    }

    #[test]
    fn why_it_is_not_the_named_fix_is_told() {
        let package: Purl = "pkg:npm/lodash@4.17.20".parse().unwrap();
        let idea = Idea {
            file: 0,
            package: package.clone(),
            relation: Relation::Direct,
            to: Some("4.17.21".into()),
            unsaid: false,
            within: None,
            parents: Vec::new(),
            around: Vec::new(),
            askers: Vec::new(),
            findings: vec![0],
            left: Vec::new(),
            ways: vec![Way::Raise],
        };
        let part = |to: &str| Proposal::Raise { package: package.clone(), to: to.into() };
        let worse = Worse::Downgrade(package.package(), "4.18.1".into(), "4.17.21".into());
        let tried = vec![("raise lodash to 4.17.21".to_owned(), Refused::Worse(vec![worse]))];
        assert_eq!(
            refused_fix(&idea, &part("4.18.1"), &tried).as_deref(),
            Some(
                "not lodash 4.17.21, which is named as the fix: pkg:npm/lodash would go down from 4.18.1 to 4.17.21"
            )
        );
        assert_eq!(refused_fix(&idea, &part("4.17.21"), &tried), None);
        assert_eq!(refused_fix(&idea, &part("4.18.1"), &Vec::new()), None, "nobody tried it");
    }

    #[test]
    fn why_something_else_moves_first_is_told() {
        let relock = |name: &str| Proposal::Relock {
            package: format!("pkg:pypi/{name}@1.0").parse().unwrap(),
            to: None,
        };
        let made = Made {
            unbuilt: vec![("pyyaml".to_owned(), "5.3.1".to_owned())],
            ..Made::unmade(relock("jinja2"))
        };
        let all = first_moved(&made);
        assert_eq!(all.len(), 1);
        let why = &all[0];
        assert!(
            why.starts_with("pyyaml 5.3.1 has no wheel for the Python installed here"),
            "{why}"
        );
        assert!(first_moved(&Made::unmade(relock("jinja2"))).is_empty());
    }

    #[test]
    fn what_there_was_no_time_to_try_is_told() {
        let told = |versions: &[&str]| {
            let [parent, child] =
                ["pkg:npm/%40a/up@4.16.0", "pkg:npm/qs@6.5.1"].map(|purl| purl.parse().unwrap());
            let proposal = Proposal::RaiseParent { parent, to: "4.17.2".into(), child };
            untried(&Made {
                untried: versions.iter().map(|version| Box::from(*version)).collect(),
                ..Made::unmade(proposal)
            })
        };
        assert_eq!(told(&[]), Vec::<String>::new());
        let one = "@a/up 4.17.0 may do as well: there was no time to try it";
        assert_eq!(told(&["4.17.0"]), [one]);
        let two = "@a/up 4.17.0 to 4.17.1 may do as well: there was no time to try them";
        assert_eq!(told(&["4.17.0", "4.17.1"]), [two]);
    }

    #[test]
    fn a_relock_is_called_by_what_it_comes_to() {
        let relocked = |reached: &[&str]| {
            let package: Purl = "pkg:pypi/left@7.30.1".parse().unwrap();
            let to = reached.iter().map(|version| Box::from(*version)).collect();
            let moved = Moved { package: package.package(), from: vec!["7.30.1".into()], to };
            let proposal = Proposal::Relock { package, to: Some("8.10.0".into()) };
            told(&Made { moved: vec![moved], ..Made::unmade(proposal) }).to_string()
        };
        assert_eq!(relocked(&["7.34.0"]), "relock left");
        assert_eq!(relocked(&["8.10.0"]), "relock left at 8.10.0");
        // A copy that stays lower is another matter.
        assert_eq!(relocked(&["7.30.1", "8.11.0"]), "relock left at 8.10.0");
        assert_eq!(relocked(&[]), "relock left at 8.10.0");
    }
}
