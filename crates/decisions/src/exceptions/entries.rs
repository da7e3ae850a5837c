//! One entry of the file: every member that does not fit is reported, and only this entry is left
//! out.

use serde::de::DeserializeOwned;
use std::ops::Range;
use toml::Spanned;
use toml::de::{DeValue, Error, ValueDeserializer};

/// The most faults that are reported for one entry.
const MOST: usize = 32;

/// An entry, if all of it fits. What does not fit is reported, each fault at its place.
pub(super) fn entry<T: DeserializeOwned>(
    mut value: Spanned<DeValue<'_>>,
    told: &mut dyn FnMut(&Error),
) -> Option<T> {
    let mut out: Vec<String> = Vec::new();
    for _ in 0..MOST {
        let error = match T::deserialize(ValueDeserializer::from(value.clone())) {
            Ok(entry) => return out.is_empty().then_some(entry),
            Err(error) => error,
        };
        let missing = missing(error.message()).map(str::to_owned);
        // What is missing because it was taken out has been told.
        if !missing.as_ref().is_some_and(|name| out.contains(name)) {
            told(&error);
        }
        let at = error.span()?;
        let DeValue::Table(table) = value.get_mut() else { return None };
        if let Some(name) = missing {
            // Something in its place, so that what stands behind it is looked at as well.
            let text = DeValue::String(String::new().into());
            table.insert(Spanned::new(0..0, name.clone().into()), Spanned::new(0..0, text));
            out.push(name);
            continue;
        }
        let found = table
            .iter()
            .find(|(name, value)| within(&at, &name.span()) || within(&at, &value.span()));
        let name = found.map(|(name, _)| name.get_ref().to_string())?;
        table.remove(name.as_str());
        out.push(name);
    }
    None
}

/// Whether a place lies in another.
fn within(at: &Range<usize>, whole: &Range<usize>) -> bool {
    whole.start <= at.start && at.end <= whole.end
}

/// The member that an error calls missing.
fn missing(said: &str) -> Option<&str> {
    said.strip_prefix("missing field `")?.split('`').next()
}
