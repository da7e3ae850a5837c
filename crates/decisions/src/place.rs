//! A value of a TOML file that knows its place, for diagnostics that underline it.

use std::borrow::Cow;
use std::ops::Range;

use jiff::civil::Date;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};

/// A value and the bytes of the file that it was read from.
#[derive(Debug, Clone)]
pub(crate) struct At<T> {
    /// The value.
    pub(crate) value: T,
    /// From where to where it stands.
    pub(crate) span: Range<usize>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<At<T>, D::Error> {
        let spanned = toml::Spanned::<T>::deserialize(deserializer)?;
        let span = spanned.span();
        Ok(At { value: spanned.into_inner(), span })
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// Where the lines of a text begin.
#[derive(Debug)]
pub(crate) struct Lines(Vec<usize>);

impl Lines {
    /// Of a text.
    pub(crate) fn of(text: &str) -> Lines {
        Lines(text.bytes().enumerate().filter(|(_, b)| *b == b'\n').map(|(at, _)| at + 1).collect())
    }

    /// The one-based line of a byte.
    pub(crate) fn at(&self, byte: usize) -> u32 {
        u32::try_from(self.0.partition_point(|start| *start <= byte) + 1).unwrap_or(u32::MAX)
    }
}

/// A day, written as a date (`2026-03-31`), with or without quotes. A time of day after it is read
/// and dropped: a decision ends with a day.
#[derive(Debug, Clone)]
pub(crate) struct Day {
    /// The day. `None`: what is written is none.
    pub(crate) date: Option<Date>,
    /// As it is written.
    pub(crate) text: String,
}

impl Day {
    /// Reads the day at the start of a text.
    pub(crate) fn of(text: String) -> Day {
        Day { date: day(&text), text }
    }
}

/// The day at the start of a date or date and time.
pub(crate) fn day(text: &str) -> Option<Date> {
    let text = text.trim();
    let date = text.get(..10)?.parse().ok()?;
    matches!(text.as_bytes().get(10), None | Some(b'T' | b't' | b' ' | b'Z' | b'+' | b'-'))
        .then_some(date)
}

impl<'de> Deserialize<'de> for Day {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Day, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Date(toml::value::Datetime),
            Text(String),
        }
        Ok(match Either::deserialize(deserializer)? {
            Either::Date(date) => Day::of(date.to_string()),
            Either::Text(text) => Day::of(text),
        })
    }
}

impl JsonSchema for Day {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Day".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        schemars::json_schema!({ "type": "string", "format": "date" })
    }
}
