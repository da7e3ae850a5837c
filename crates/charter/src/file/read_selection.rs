//! The rules for new dependencies, from the shape to the model.

use trimtab_model::charter::Selection;

use super::read::{Reading, denied, licence};
use super::shape;

/// Lays what the file says over what is there.
pub(super) fn selection(into: &mut Selection, shape: shape::Selection, reader: &mut dyn Reading) {
    if let Some(registries) = shape.registries {
        into.registries = registries.into_iter().map(Into::into).collect();
    }
    if let Some(licences) = shape.licences {
        let mut read = |list: &[_]| list.iter().filter_map(|at| licence(at, reader)).collect();
        into.licences_allowed = read(&licences.allowed);
        into.licences_denied = read(&licences.denied);
        into.licences_review = read(&licences.needs_review);
        for at in licences.denied.iter().chain(&licences.needs_review) {
            if licences.allowed.iter().any(|a| a.value.eq_ignore_ascii_case(&at.value)) {
                let message = format!("`{}` is allowed and not allowed", at.value);
                reader.wrong_at(&at.bytes, message, "keep it in one list".to_owned());
            }
        }
    }
    if let Some(at) = &shape.minimum_age {
        into.minimum_age_days = reader.duration(at);
    }
    if let Some(at) = &shape.last_release {
        into.last_release_days = reader.duration(at);
    }
    reader.strict(shape.yanked, &mut into.yanked);
    reader.strict(shape.archived, &mut into.archived);
    reader.strict(shape.unmaintained, &mut into.unmaintained);
    reader.strict(shape.end_of_life, &mut into.end_of_life);
    reader.strict(shape.unpinned, &mut into.unpinned);
    reader.strict(shape.unhashed, &mut into.unhashed);
    if let Some(list) = shape.denied {
        into.denied = list.iter().filter_map(|d| denied(d, reader)).collect();
    }
}
