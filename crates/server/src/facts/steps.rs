//! Who owns which step of a finding, and on whom it waits.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use trimtab_model::Role;
use trimtab_store::{Decision, DecisionState, Finding};

use crate::deciding;
use crate::planning::held::Held;
use crate::weighing::Agreed;

/// What the steps are told from.
pub(crate) struct Facts<'a> {
    pub(crate) is: &'a Finding,
    pub(crate) agreed: &'a Agreed,
    /// Decisions about it, the newest first.
    pub(crate) decisions: &'a [Decision],
    /// Who answers for which part of which system, and the names of people.
    pub(crate) people: &'a BTreeMap<(i64, String), i64>,
    pub(crate) names: &'a HashMap<i64, String>,
    /// Who speaks for security here, some names of them and how many more.
    pub(crate) security: &'a (Vec<String>, usize),
    /// Who supplies what the asset stands for, and whether it still does.
    pub(crate) supplier: Option<(&'a str, bool)>,
    /// The last version that is called affected, where no source names a fix and the index was asked.
    pub(crate) last_affected: Option<&'a str>,
    /// That people hold back the change that removes it.
    pub(crate) held: Option<&'a Held>,
    pub(crate) now: Timestamp,
}

/// Somebody, or what is known instead.
#[derive(Debug, Clone)]
pub(crate) struct Owner {
    /// In words.
    pub(crate) words: String,
    /// The decision whose answer it is that is waited for.
    pub(crate) decision: Option<i64>,
    /// The person, where somebody is named for the part.
    pub(crate) person: Option<i64>,
}

/// How a step stands.
#[derive(Debug, Clone)]
pub(crate) enum Standing {
    /// It is done, since then.
    Done(Timestamp),
    /// It waits for somebody.
    Waiting {
        on: Owner,
        since: Timestamp,
        /// By the charter.
        until: Option<Timestamp>,
        /// Whether that has passed.
        late: bool,
    },
    /// Another step comes first.
    NotYet,
}

/// One side's step.
#[derive(Debug, Clone)]
pub(crate) struct Step {
    pub(crate) side: Role,
    /// What the step is.
    pub(crate) task: &'static str,
    /// Who does it.
    pub(crate) owner: Owner,
    /// What was chosen, or is to be chosen.
    pub(crate) text: String,
    pub(crate) standing: Standing,
}

fn words(words: impl Into<String>) -> Owner {
    Owner { words: words.into(), decision: None, person: None }
}

/// A part of the work on a system that somebody answers for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// Which dependency, and which way out.
    Selection,
    /// How grave it is.
    Assessment,
    /// What comes first.
    Prioritisation,
    /// Until it runs.
    Deployment,
}

impl Part {
    /// All of them.
    pub(crate) const ALL: [Part; 4] =
        [Part::Selection, Part::Assessment, Part::Prioritisation, Part::Deployment];

    /// The word.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Part::Selection => "selection",
            Part::Assessment => "assessment",
            Part::Prioritisation => "prioritisation",
            Part::Deployment => "deployment",
        }
    }
}

impl Facts<'_> {
    /// Who is named for a part of the work on the system.
    fn named(&self, part: Part) -> Option<Owner> {
        let system = self.is.system.as_ref()?.0;
        let person = self.people.get(&(system, part.as_str().to_owned()))?;
        let words = self.names.get(person).cloned()?;
        Some(Owner { words, decision: None, person: Some(*person) })
    }

    fn until(&self) -> Option<Timestamp> {
        self.is.weighed.as_ref().and_then(|w| w.deadline)
    }

    fn waits(&self, on: Owner, since: Timestamp) -> Standing {
        let until = self.until();
        Standing::Waiting { on, since, until, late: until.is_some_and(|at| at < self.now) }
    }

    /// The steps, in the order in which a fix goes through them.
    pub(crate) fn steps(&self) -> Vec<Step> {
        let Facts { is, agreed, .. } = *self;
        let system = is.system.as_ref().and_then(|s| agreed.stored.iter().find(|x| x.id == s.0));
        let team =
            is.team.as_ref().map_or_else(|| words("no owner is recorded"), |t| words(t.1.clone()));
        // Who is named for the part, else whom the description names, else the owner team: never nobody.
        let person = |part: Part, name: Option<&String>| match (self.named(part), name) {
            (Some(named), _) => named,
            (None, Some(name)) => words(name.clone()),
            (None, None) => team.clone(),
        };
        let operations = person(Part::Deployment, system.and_then(|s| s.operations.as_ref()));
        let selection = person(Part::Selection, None);
        let fix = match (self.supplier, &is.fix) {
            (Some((supplier, true)), _) => {
                format!("Ask {supplier}: nobody here can raise it in their product.")
            }
            (Some((supplier, false)), _) => {
                format!("Replace or mitigate it: {supplier} delivers it no longer.")
            }
            (None, Some(fix)) => format!("Raise it to {fix}."),
            (None, None) => match self.last_affected {
                Some(last) => format!(
                    "Raise it above {last}, the last version that is called affected: no source names the first without it."
                ),
                None => "No source names a fix: replace, remove or mitigate.".to_owned(),
            },
        };
        let gone = is.merged.or(is.fixed);
        let chosen =
            gone.map_or_else(|| self.waits(selection.clone(), is.detected), Standing::Done);
        let product = person(Part::Prioritisation, system.and_then(|s| s.product_owner.as_ref()));
        let runs = match is.production {
            Some(true) => "It runs in production.",
            Some(false) => "It does not run in production.",
            None => "It is not known what runs: say so with `trimtab deployed`.",
        };
        // Operations can begin when the fix is on the main line, and not before.
        let rollout = match (is.fixed, is.merged) {
            (Some(fixed), _) => Standing::Done(fixed),
            (None, Some(merged)) => self.waits(operations.clone(), merged),
            (None, None) => Standing::NotYet,
        };
        vec![
            Step {
                side: Role::Engineering,
                task: "choice of the dependency",
                owner: selection,
                text: fix,
                standing: chosen,
            },
            self.assessment(),
            self.priority(&product, gone),
            Step {
                side: Role::Operations,
                task: "rollout",
                owner: operations,
                text: runs.to_owned(),
                standing: rollout,
            },
        ]
    }

    /// Security's step: the charter weighs; what it cannot weigh waits for a person.
    fn assessment(&self) -> Step {
        let is = self.is;
        let step = |owner, text: &str, standing| Step {
            side: Role::Security,
            task: "assessment",
            owner,
            text: text.to_owned(),
            standing,
        };
        if is.weighed.is_some() {
            let done = Standing::Done(is.detected);
            return step(words("by the charter"), "Weighed by the charter.", done);
        }
        let named = self.named(Part::Assessment);
        let security = match (named, self.security) {
            (Some(named), _) => named,
            (None, (names, _)) if names.is_empty() => words("security: nobody has that role here"),
            (None, (names, 0)) => words(names.join(", ")),
            (None, (names, more)) => words(format!("{} and {more} more", names.join(", "))),
        };
        let text = "It could not be weighed: no source that is read here describes it.";
        let standing = match is.state.is_live() {
            false => Standing::NotYet,
            true => Standing::Waiting {
                on: security.clone(),
                since: is.detected,
                until: None,
                late: false,
            },
        };
        step(security, text, standing)
    }

    /// Product's step: the charter's deadline is the priority, unless an exception is asked for: then it waits
    /// for an answer.
    fn priority(&self, owner: &Owner, gone: Option<Timestamp>) -> Step {
        let step = |text: String, standing| Step {
            side: Role::Product,
            task: "priority",
            owner: owner.clone(),
            text,
            standing,
        };
        let asked = self.decisions.iter().find(|d| d.state == DecisionState::Asked);
        let (None, Some(asked)) = (gone, asked) else {
            let text = match self.held {
                Some(held) => format!("What removes it is {}.", held.words()),
                None => "By the charter's deadline, unless an exception is asked for.".to_owned(),
            };
            return step(text, Standing::Done(gone.unwrap_or(self.is.detected)));
        };
        let level = deciding::level(self.is);
        let may = self.agreed.charter.exceptions.may_approve.get(level as usize);
        let may: Vec<&str> = may.into_iter().flatten().map(|role: &Role| role.as_str()).collect();
        let sides = if may.is_empty() { "another person".to_owned() } else { may.join(" or ") };
        let on = Owner {
            words: format!("an answer by {sides}"),
            decision: Some(asked.id),
            person: None,
        };
        let what = deciding::kind(asked.is.kind);
        let text =
            format!("A decision is asked for: {what}. Until it is answered the deadline holds.");
        step(text, self.waits(on, asked.asked))
    }
}
