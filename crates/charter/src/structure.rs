//! Compares a file's tree with the schema of its shape: members that do not exist, values of
//! another kind, and members that are missing, all at once and each at its place. The reader behind
//! it stops at the first.

use serde_json::Value as Json;
use toml::Spanned;
use toml::de::{DeTable, DeValue};
use trimtab_model::Code;

use crate::at::{Text, nearest};

/// How deep the schema is searched for the home of a misplaced member.
const DEEPEST: usize = 6;

/// What is left of a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fit {
    /// All of it fits.
    Whole,
    /// It fits without what was taken out.
    Pruned,
    /// It cannot be read.
    No,
}

/// Checks a tree, and takes out what can be left out.
pub(crate) fn check(text: &mut Text<'_>, schema: &Json, root: &mut Spanned<DeTable<'_>>) -> Fit {
    let span = root.span();
    let mut checker = Checker { text, schema };
    checker.table(schema, root.get_mut(), span, &Path::default())
}

/// Where a value is: `party`, `calendar.sprint`.
#[derive(Debug, Default, Clone)]
struct Path {
    names: Vec<String>,
    /// Whether it is one of several.
    listed: bool,
}

impl Path {
    fn child(&self, name: &str) -> Path {
        let mut names = self.names.clone();
        names.push(name.to_owned());
        Path { names, listed: false }
    }

    /// As a person writes it.
    fn told(&self) -> String {
        match (&*self.names, self.listed) {
            ([], _) => "the file".to_owned(),
            (names, true) => format!("`[[{}]]`", names.join(".")),
            (names, false) => format!("`[{}]`", names.join(".")),
        }
    }

    /// The name of the value.
    fn name(&self) -> &str {
        self.names.last().map_or("the file", String::as_str)
    }
}

struct Checker<'c, 't> {
    text: &'c mut Text<'t>,
    schema: &'c Json,
}

impl<'c> Checker<'c, '_> {
    fn problem(&mut self, bytes: std::ops::Range<usize>, message: String, help: String) {
        self.text.problem(Code::ConfigMalformed, bytes, message, help);
    }

    /// A schema without reference and without the choice of nothing, which TOML does not have.
    fn resolved(&self, mut schema: &'c Json) -> &'c Json {
        for _ in 0..DEEPEST {
            if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")) {
                schema = &self.schema["$defs"][name];
            } else if let Some(choices) = schema["anyOf"].as_array() {
                let some = choices.iter().find(|choice| choice["type"] != "null");
                schema = some.unwrap_or(&Json::Null);
            } else {
                break;
            }
        }
        schema
    }

    fn table(
        &mut self,
        schema: &'c Json,
        table: &mut DeTable<'_>,
        span: std::ops::Range<usize>,
        path: &Path,
    ) -> Fit {
        let mut fit = Fit::Whole;
        let mut out: Vec<String> = Vec::new();
        let required: Vec<&str> =
            schema["required"].as_array().into_iter().flatten().filter_map(Json::as_str).collect();
        let open = &schema["additionalProperties"];
        for (name, value) in &mut *table {
            let known = schema["properties"].get(name.get_ref().as_ref());
            let at = name.span();
            let name = name.get_ref().to_string();
            let Some(member) = known.or(open.is_object().then_some(open)) else {
                self.unknown(schema, &name, at, path);
                out.push(name);
                continue;
            };
            match self.value(self.resolved(member), value, &path.child(&name)) {
                Fit::No if known.is_none() || required.contains(&&*name) => fit = Fit::No,
                Fit::No => out.push(name),
                other => fit = fit.max(other),
            }
        }
        for name in required {
            if !table.contains_key(name) {
                self.missing(schema, name, span.clone(), path);
                fit = Fit::No;
            }
        }
        if fit == Fit::No {
            // The reader will not see this table: what it would say of its words is told here.
            for (name, value) in &*table {
                if let Some(member) = schema["properties"].get(name.get_ref().as_ref()) {
                    self.word(self.resolved(member), value);
                }
            }
        }
        if !out.is_empty() {
            for name in &out {
                table.remove(name.as_str());
            }
            fit = fit.max(Fit::Pruned);
        }
        fit
    }

    fn unknown(&mut self, schema: &'c Json, name: &str, at: std::ops::Range<usize>, path: &Path) {
        let members = || schema["properties"].as_object().into_iter().flatten().map(|(n, _)| &**n);
        let help = match nearest(name, members()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => match self.home(self.schema, name, &Path::default(), 0) {
                Some(home) => {
                    format!("it belongs {home}; what follows a `[table]` is part of that table")
                }
                None => {
                    format!("{} has: {}", path.told(), members().collect::<Vec<_>>().join(", "))
                }
            },
        };
        self.problem(at, format!("`{name}` is not a key of {}", path.told()), help);
    }

    /// The table that has a member of a name.
    fn home(&self, schema: &'c Json, name: &str, path: &Path, depth: usize) -> Option<String> {
        let schema = self.resolved(schema);
        let members = schema["properties"].as_object()?;
        if members.contains_key(name) {
            return Some(match &*path.names {
                [] => "at the top of the file, before the first `[table]`".to_owned(),
                _ => format!("in {}", path.told()),
            });
        }
        if depth == DEEPEST {
            return None;
        }
        members.iter().find_map(|(child, schema)| {
            let mut path = path.child(child);
            let schema = self.resolved(schema);
            let items = schema.get("items");
            path.listed = items.is_some();
            self.home(items.unwrap_or(schema), name, &path, depth + 1)
        })
    }

    fn missing(&mut self, schema: &'c Json, name: &str, at: std::ops::Range<usize>, path: &Path) {
        let member = self.resolved(&schema["properties"][name]);
        let example = match (kind(member), name) {
            (Kind::Whole, "format") => "1",
            (Kind::Whole, _) => "0",
            (Kind::Number, _) => "1.0",
            (Kind::Bool, _) => "true",
            (Kind::Day, _) => "2026-11-21",
            (Kind::List, _) => "[…]",
            (Kind::Table, _) => "{ … }",
            (Kind::Text | Kind::Any, _) => "\"…\"",
        };
        let about = schema["properties"][name]["description"].as_str().unwrap_or_default();
        let about = about.split("\n").next().unwrap_or_default();
        let help = format!("add `{name} = {example}`: {about}");
        let message = format!("{} has no `{name}`", path.told());
        self.problem(at, message, help.trim_end_matches([':', ' ']).to_owned());
    }

    /// A word that is none of those that a member takes.
    fn word(&mut self, schema: &'c Json, value: &Spanned<DeValue<'_>>) {
        let Some(words) = schema["enum"].as_array() else { return };
        let DeValue::String(word) = value.get_ref() else { return };
        let words: Vec<&str> = words.iter().filter_map(Json::as_str).collect();
        if !words.contains(&word.as_ref()) {
            let help = match nearest(word, words.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => format!("use one of {}", words.join(", ")),
            };
            self.problem(value.span(), format!("`{word}` is not possible here"), help);
        }
    }

    fn value(&mut self, schema: &'c Json, value: &mut Spanned<DeValue<'_>>, path: &Path) -> Fit {
        let span = value.span();
        let expected = kind(schema);
        match (expected, value.get_mut()) {
            (Kind::Any, _)
            | (Kind::Text, DeValue::String(_))
            | (Kind::Number, DeValue::Integer(_) | DeValue::Float(_))
            | (Kind::Bool, DeValue::Boolean(_))
            | (Kind::Day, DeValue::Datetime(_)) => Fit::Whole,
            (Kind::Whole, DeValue::Integer(number)) => {
                let number = i64::from_str_radix(number.as_str(), number.radix()).ok();
                if number.is_some_and(|n| holds(schema).contains(&n)) {
                    return Fit::Whole;
                }
                let held = holds(schema);
                let told = |bound: &str, held: &i64| schema[bound].as_i64().unwrap_or(*held);
                let (least, most) = (told("minimum", held.start()), told("maximum", held.end()));
                let help = match least == most {
                    true => format!("it must be {least}"),
                    false => format!("use a whole number from {least} to {most}"),
                };
                self.problem(span, format!("`{}` is out of range", path.name()), help);
                Fit::No
            }
            (Kind::Table, DeValue::Table(table)) => self.table(schema, table, span, path),
            (Kind::List, DeValue::Array(list)) => {
                let items = self.resolved(&schema["items"]);
                let path = Path { listed: true, ..path.clone() };
                let mut fit = Fit::Whole;
                for item in list.iter_mut() {
                    fit = fit.max(self.value(items, item, &path));
                }
                let exact =
                    schema["minItems"].as_u64().filter(|_| schema.get("maxItems").is_some());
                if let Some(exact) = exact.filter(|n| u64::try_from(list.len()).ok() != Some(*n)) {
                    let message =
                        format!("`{}` has {} entries, not {exact}", path.name(), list.len());
                    self.problem(span, message, of_parent(self.schema, &path));
                    return Fit::No;
                }
                fit
            }
            (expected, found) => {
                let message =
                    format!("`{}` is {}, not {}", path.name(), said(found), expected.said());
                let list_of_tables = kind(self.resolved(&schema["items"])) == Kind::Table;
                let help = match expected {
                    Kind::List if list_of_tables => {
                        format!("write `[[{}]]` before each of them", path.names.join("."))
                    }
                    // `critical = …` right below `[deadlines.terms]`.
                    Kind::Table if schema["properties"].get(path.name()).is_some() => {
                        let above = path.names.len().saturating_sub(1);
                        let above = path.names.get(..above).unwrap_or_default().join(".");
                        format!(
                            "`{}` is a key of each table below: write `[{above}.NAME]` before it",
                            path.name()
                        )
                    }
                    Kind::Table => format!("write `[{}]` before its keys", path.names.join(".")),
                    Kind::Text
                        if matches!(
                            found,
                            DeValue::Integer(_)
                                | DeValue::Float(_)
                                | DeValue::Boolean(_)
                                | DeValue::Datetime(_)
                        ) =>
                    {
                        let written = self.text.text.get(span.clone()).unwrap_or("…");
                        format!("put it in quotes: `\"{written}\"`")
                    }
                    other => format!("write {}", other.example()),
                };
                self.problem(span, message, help);
                Fit::No
            }
        }
    }
}

/// What the table around a value says of itself.
fn of_parent(root: &Json, path: &Path) -> String {
    let above = path.names.len().checked_sub(2).and_then(|at| path.names.get(at));
    let about = above.and_then(|name| {
        root["$defs"].as_object()?.iter().find(|(def, _)| def.eq_ignore_ascii_case(name))
    });
    let about = about.and_then(|(_, schema)| schema["description"].as_str());
    about.unwrap_or("the schema says what each of them is").trim_end_matches('.').to_owned()
}

/// A kind of value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Text,
    Day,
    Whole,
    Number,
    Bool,
    List,
    Table,
    Any,
}

impl Kind {
    fn said(self) -> &'static str {
        match self {
            Kind::Text => "text",
            Kind::Day => "a day",
            Kind::Whole => "a whole number",
            Kind::Number => "a number",
            Kind::Bool => "`true` or `false`",
            Kind::List => "a list",
            Kind::Table => "a table",
            Kind::Any => "a value",
        }
    }

    fn example(self) -> &'static str {
        match self {
            Kind::Text => "text in quotes, such as `\"…\"`",
            Kind::Day => "a day without quotes, such as `2026-11-21`",
            Kind::Whole => "a whole number without quotes, such as `1`",
            Kind::Number => "a number without quotes, such as `1.5`",
            Kind::Bool => "`true` or `false` without quotes",
            Kind::List => "a list, such as `[\"…\", \"…\"]`",
            Kind::Table | Kind::Any => "a table",
        }
    }
}

fn kind(schema: &Json) -> Kind {
    let name = match &schema["type"] {
        Json::Array(names) => names.iter().find(|name| *name != "null").and_then(Json::as_str),
        name => name.as_str(),
    };
    match name {
        Some("string") if schema["format"] == "date" => Kind::Day,
        Some("string") => Kind::Text,
        Some("integer") => Kind::Whole,
        Some("number") => Kind::Number,
        Some("boolean") => Kind::Bool,
        Some("array") => Kind::List,
        Some("object") => Kind::Table,
        _ => Kind::Any,
    }
}

/// What kind a value is, in words.
fn said(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "text",
        DeValue::Integer(_) | DeValue::Float(_) => "a number",
        DeValue::Boolean(_) => "`true` or `false`",
        DeValue::Datetime(_) => "a date",
        DeValue::Array(_) => "a list",
        DeValue::Table(_) => "a table",
    }
}

/// The whole numbers that the kind of a member can hold. Narrower bounds are checked by the reader.
fn holds(schema: &Json) -> std::ops::RangeInclusive<i64> {
    match schema["format"].as_str() {
        Some("int8") => i8::MIN.into()..=i8::MAX.into(),
        Some("uint8") => 0..=u8::MAX.into(),
        Some("uint16") => 0..=u16::MAX.into(),
        Some("int64") => i64::MIN..=i64::MAX,
        _ => 0..=u32::MAX.into(),
    }
}
