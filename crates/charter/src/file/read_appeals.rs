//! The charter's rules for requests outside of the plan.

use trimtab_model::Role;
use trimtab_model::charter::{Charter, Term};

use super::read::Reader;
use super::shape;
use crate::at::At;

impl Reader<'_> {
    /// Who grants what is outside of any cadence, and who decides what comes first.
    pub(super) fn appeals(
        &mut self,
        charter: &mut Charter,
        emergencies: Option<shape::Emergencies>,
        disputes: Option<shape::Disputes>,
    ) {
        if let Some(rule) = emergencies {
            let into = &mut charter.emergencies;
            if let Some(at) = rule.may_approve {
                into.sides = Some(self.granting(&at));
            }
            if let Some(people) = rule.people
                && let Some(people) = self.range("the number of people", &people, 1, 3)
            {
                into.people = people;
            }
            into.within = rule.within.and_then(|at| self.answered(&at)).unwrap_or(into.within);
        }
        if let Some(rule) = disputes {
            let into = &mut charter.disputes;
            if let Some(at) = rule.may_decide {
                into.sides = Some(self.granting(&at));
            }
            into.within = rule.within.and_then(|at| self.answered(&at)).unwrap_or(into.within);
        }
    }

    /// Sides of which one must be there: of nobody nothing is granted.
    fn granting(&mut self, at: &At<Vec<At<String>>>) -> Vec<Role> {
        if at.value.is_empty() {
            let help = "name a side, or leave it out".to_owned();
            self.wrong(&at.bytes, "nobody may grant it".to_owned(), help);
        }
        at.value.iter().filter_map(|at| self.role(at)).collect()
    }

    /// A time within which somebody answers.
    fn answered(&mut self, at: &At<String>) -> Option<Term> {
        let term = self.term(at)?;
        let fits = matches!(term, Term::Hours(_) | Term::Days(_) | Term::WorkingDays(_));
        if !fits {
            let help = "write `4 hours`, `2 days` or `2 working days`".to_owned();
            self.wrong(&at.bytes, format!("`{}` gives no time to answer in", at.value), help);
        }
        fits.then_some(term)
    }
}
