//! The rules for new dependencies, from the shape to the model.

use trimtab_model::charter::{Denied, Selection};
use trimtab_model::{Licence, Purl};

use super::read::Reader;
use super::shape;
use crate::at::At;

impl Reader<'_> {
    /// Lays what the file says over what is there.
    pub(super) fn selection(&mut self, into: &mut Selection, shape: shape::Selection) {
        if let Some(registries) = shape.registries {
            into.registries = registries.into_iter().map(Into::into).collect();
        }
        if let Some(licences) = shape.licences {
            let mut read = |list: &[_]| list.iter().filter_map(|at| self.licence(at)).collect();
            into.licences_allowed = read(&licences.allowed);
            into.licences_denied = read(&licences.denied);
            into.licences_review = read(&licences.needs_review);
            for at in licences.denied.iter().chain(&licences.needs_review) {
                if licences.allowed.iter().any(|a| a.value.eq_ignore_ascii_case(&at.value)) {
                    let message = format!("`{}` is allowed and not allowed", at.value);
                    self.wrong(&at.bytes, message, "keep it in one list".to_owned());
                }
            }
        }
        if let Some(at) = &shape.minimum_age {
            into.minimum_age_days = self.days(at);
        }
        if let Some(at) = &shape.last_release {
            into.last_release_days = self.days(at);
        }
        self.strictness(shape.yanked, &mut into.yanked);
        self.strictness(shape.archived, &mut into.archived);
        self.strictness(shape.unmaintained, &mut into.unmaintained);
        self.strictness(shape.end_of_life, &mut into.end_of_life);
        self.strictness(shape.unpinned, &mut into.unpinned);
        self.strictness(shape.unhashed, &mut into.unhashed);
        if let Some(list) = shape.denied {
            into.denied = list.iter().filter_map(|d| self.denied(d)).collect();
        }
    }

    /// A licence of a list, by its SPDX id.
    fn licence(&mut self, at: &At<String>) -> Option<Box<str>> {
        match Licence::read(&at.value) {
            Licence::Id(id) => Some(id),
            Licence::Expression(_) => {
                let help = "a list holds single licences: write each as an entry of its own";
                let message = format!("`{}` is an expression of several licences", at.value);
                self.wrong(&at.bytes, message, help.to_owned());
                None
            }
            Licence::Text(_) => {
                let help = "write an SPDX id, such as `Apache-2.0` or `GPL-3.0-only`".to_owned();
                self.wrong(&at.bytes, format!("`{}` is not a valid SPDX licence", at.value), help);
                None
            }
        }
    }

    /// A package that is refused.
    fn denied(&mut self, shape: &shape::Denied) -> Option<Denied> {
        match shape.package.value.parse::<Purl>() {
            Ok(package) => Some(Denied { package, reason: shape.reason.as_str().into() }),
            Err(error) => {
                let help = "write a package URL, such as `pkg:npm/event-stream@3.3.6`".to_owned();
                self.wrong(
                    &shape.package.bytes,
                    format!("`{}` is not a purl: {error}", shape.package.value),
                    help,
                );
                None
            }
        }
    }
}
