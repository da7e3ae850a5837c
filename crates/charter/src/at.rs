//! A value and the place in the file that it was read from.

use std::ops::Range;

use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Deserializer};
use toml::Spanned;
use toml::de::DeTable;
use trimtab_model::{Code, Diagnostic};

use crate::{structure, syntax};

/// A value with its place.
#[derive(Debug, Clone)]
pub struct At<T> {
    /// The value.
    pub value: T,
    /// Its bytes in the file.
    pub bytes: Range<usize>,
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<At<T>, D::Error> {
        let spanned = Spanned::<T>::deserialize(deserializer)?;
        let bytes = spanned.span();
        Ok(At { value: spanned.into_inner(), bytes })
    }
}

impl<T: JsonSchema> JsonSchema for At<T> {
    fn inline_schema() -> bool {
        T::inline_schema()
    }

    fn schema_name() -> std::borrow::Cow<'static, str> {
        T::schema_name()
    }

    fn schema_id() -> std::borrow::Cow<'static, str> {
        T::schema_id()
    }

    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        T::json_schema(generator)
    }
}

/// A file that a person wrote, and what is wrong with it so far.
pub struct Text<'t> {
    /// Its name, for messages.
    pub file: &'t str,
    /// Its text.
    pub text: &'t str,
    /// What is wrong.
    pub problems: Vec<Diagnostic>,
}

impl<'t> Text<'t> {
    /// A text without problems yet.
    pub fn new(file: &'t str, text: &'t str) -> Text<'t> {
        // A mark that some editors write first; it is no character of the text.
        let text = text.strip_prefix('\u{feff}').unwrap_or(text);
        Text { file, text, problems: Vec::new() }
    }

    /// Says that something at a place is wrong, and what to do.
    pub fn problem(
        &mut self,
        code: Code,
        bytes: Range<usize>,
        message: impl Into<Box<str>>,
        help: impl Into<Box<str>>,
    ) {
        let diagnostic =
            Diagnostic::new(code, message).in_file(self.file).at_bytes(self.text, bytes).help(help);
        self.problems.push(diagnostic);
    }

    /// Reads the text as TOML of a shape. All that is wrong with it is told, each at its place; what can be left
    /// out is, so that the rest is checked as well: then there is a value, and problems.
    pub fn parse<T: serde::de::DeserializeOwned + JsonSchema>(&mut self) -> Option<T> {
        const MAX_BYTES: usize = 1 << 20;
        if self.text.len() > MAX_BYTES {
            let message = format!("`{}` is larger than 1 MiB", self.file);
            let help = "a file of settings is smaller; check that it is the right one";
            let problem = Diagnostic::new(Code::ConfigMalformed, message).in_file(self.file);
            self.problems.push(problem.help(help));
            return None;
        }
        let (mut tree, errors) = DeTable::parse_recoverable(self.text);
        if !errors.is_empty() {
            syntax::tell(self, &errors);
            return None;
        }
        let schema = schemars::schema_for!(T);
        if structure::check(self, schema.as_value(), &mut tree) == structure::Fit::No {
            return None;
        }
        // What the schema does not say is told in the words of the reader.
        match T::deserialize(toml::de::Deserializer::from(tree)) {
            Ok(value) => Some(value),
            Err(error) => {
                let message = error.message().lines().next().unwrap_or("not valid TOML").to_owned();
                let help = "the schemas in docs/schemas/ describe each key";
                self.problem(Code::ConfigMalformed, error.span().unwrap_or(0..1), message, help);
                None
            }
        }
    }
}

/// The word nearest to another by edits, if it is near at all.
pub fn nearest<'w>(word: &str, known: impl Iterator<Item = &'w str>) -> Option<&'w str> {
    known
        .map(|k| (edits(word, k), k))
        .filter(|(n, k)| *n <= 1 + k.chars().count() / 4)
        .min()
        .map(|(_, k)| k)
}

/// How many characters must be put in, left out or changed to make one word of the other. Words
/// beyond 64 characters are taken for different.
pub fn edits(a: &str, b: &str) -> usize {
    const MAX: usize = 64;
    let (a, b): (Vec<char>, Vec<char>) = (a.chars().collect(), b.chars().collect());
    if a.len() > MAX || b.len() > MAX {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut corner = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = corner + usize::from(x != y);
            corner = row[j + 1];
            row[j + 1] = change.min(corner + 1).min(row[j] + 1);
        }
    }
    row[b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_finds_the_word_that_was_meant() {
        let known = ["critical", "high", "medium", "low"];
        assert_eq!(nearest("hihg", known.into_iter()), Some("high"));
        assert_eq!(nearest("critcal", known.into_iter()), Some("critical"));
        assert_eq!(nearest("urgent", known.into_iter()), None);
        assert_eq!(edits("kitten", "sitting"), 3);
    }
}
