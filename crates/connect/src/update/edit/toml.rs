//! Editing TOML in place. Texts that are there are replaced by their place, so that nothing else
//! moves; what is new is added by the document's own editor.

use std::ops::Range;

use toml_edit::{Document, DocumentMut, Item, Value};

use super::{Uneditable, spliced};

/// A document, and the texts of it that are to be replaced.
pub(crate) struct Places<'t> {
    text: &'t str,
    document: Document<&'t str>,
    parts: Vec<(Range<usize>, String)>,
}

impl<'t> Places<'t> {
    pub(crate) fn read(text: &'t str, path: &str) -> Result<Places<'t>, Uneditable> {
        let document = Document::parse(text).map_err(|e| bad(path, &e))?;
        Ok(Places { text, document, parts: Vec::new() })
    }

    /// A table below the root, by the names of its members.
    pub(crate) fn table(&self, path: &[&str]) -> Option<&dyn toml_edit::TableLike> {
        let mut table: &dyn toml_edit::TableLike = self.document.as_table();
        for name in path {
            table = table.get(name)?.as_table_like()?;
        }
        Some(table)
    }

    /// An array below the root.
    pub(crate) fn array(&self, path: &[&str]) -> Option<&toml_edit::Array> {
        let (last, folder) = path.split_last()?;
        self.table(folder)?.get(last)?.as_array()
    }

    /// Replaces texts at their places (which [`place`] tells), with their quotes.
    pub(crate) fn replace(&mut self, places: Vec<(Range<usize>, String)>) {
        for (range, new) in places {
            let old = self.text.get(range.clone()).unwrap_or_default();
            let quote = if old.starts_with('\'') && !new.contains('\'') { '\'' } else { '"' };
            let new = match quote {
                '"' => new.replace('\\', "\\\\").replace('"', "\\\""),
                _ => new,
            };
            self.parts.push((range, format!("{quote}{new}{quote}")));
        }
    }

    pub(crate) fn is_changed(&self) -> bool {
        !self.parts.is_empty()
    }

    pub(crate) fn text(self) -> String {
        spliced(self.text, self.parts)
    }
}

/// A text value and where it stands, with its quotes.
pub(crate) fn place(value: &Value) -> Option<(Range<usize>, &str)> {
    Some((value.span()?, value.as_str()?))
}

/// The text that says the version of a dependency: itself, or its member `version`.
pub(crate) fn version(item: &Item) -> Option<(Range<usize>, &str)> {
    match item.as_str() {
        Some(_) => place(item.as_value()?),
        None => of_table(item.as_table_like()?),
    }
}

/// The same, of a dependency that may be told several times: in an array of tables.
pub(crate) fn versions(item: &Item) -> Vec<(Range<usize>, &str)> {
    match (item.as_array(), item.as_array_of_tables()) {
        (Some(array), _) => array.iter().filter_map(|v| of_table(v.as_inline_table()?)).collect(),
        (None, Some(tables)) => tables.iter().filter_map(|table| of_table(table)).collect(),
        (None, None) => version(item).into_iter().collect(),
    }
}

fn of_table(table: &dyn toml_edit::TableLike) -> Option<(Range<usize>, &str)> {
    place(table.get("version")?.as_value()?)
}

/// A text with a document changed by its editor.
pub(crate) fn changed(
    text: &str,
    path: &str,
    change: impl FnOnce(&mut DocumentMut) -> Option<()>,
) -> Result<String, Uneditable> {
    let mut document: DocumentMut = text.parse().map_err(|e| bad(path, &e))?;
    change(&mut document).ok_or_else(|| {
        Uneditable::Unsupported(format!("{path} has an unexpected structure there"))
    })?;
    let out = document.to_string();
    // The editor writes lines with a bare line feed.
    let returns = text.contains("\r\n");
    Ok(if returns { out.replace("\r\n", "\n").replace('\n', "\r\n") } else { out })
}

/// A table below the root, which is added where it is missing.
pub(crate) fn table_or_new<'d>(
    document: &'d mut DocumentMut,
    path: &[&str],
) -> Option<&'d mut dyn toml_edit::TableLike> {
    let mut table: &mut dyn toml_edit::TableLike = document.as_table_mut();
    for (at, name) in path.iter().enumerate() {
        let mut new = toml_edit::Table::new();
        new.set_implicit(at + 1 < path.len());
        table = table.entry(name).or_insert(Item::Table(new)).as_table_like_mut()?;
    }
    Some(table)
}

/// Adds a text to an array, which is added where it is missing; in the shape of the array: one to a
/// line where the others are.
pub(crate) fn push(table: &mut dyn toml_edit::TableLike, name: &str, text: &str) -> Option<()> {
    let empty = Item::Value(Value::Array(toml_edit::Array::new()));
    let array = table.entry(name).or_insert(empty).as_array_mut()?;
    let mut value = Value::from(text);
    let first = array.get(0).and_then(|v| v.decor().prefix()?.as_str()).map(str::to_owned);
    let indent = first.as_deref().and_then(|before| before.rsplit_once('\n')).map(|(_, i)| i);
    let Some(indent) = indent else {
        array.push(value);
        return Some(());
    };
    // What stands after the last element, such as a comment on its line, stays on its line.
    let comma = array.trailing_comma();
    let tail = if comma {
        array.trailing().as_str().unwrap_or_default().to_owned()
    } else {
        let last = array.len().checked_sub(1).and_then(|at| array.get_mut(at))?;
        let tail = last.decor().suffix().and_then(|s| s.as_str()).unwrap_or_default().to_owned();
        last.decor_mut().set_suffix("");
        tail
    };
    let (line, end) = tail.split_once('\n').unwrap_or((&tail, ""));
    value.decor_mut().set_prefix(format!("{line}\n{indent}"));
    if !comma {
        value.decor_mut().set_suffix(format!("\n{end}"));
    }
    array.push_formatted(value);
    array.set_trailing_comma(comma);
    if comma {
        array.set_trailing(format!("\n{end}"));
    }
    Some(())
}

fn bad(path: &str, why: &dyn std::fmt::Display) -> Uneditable {
    let why: String = why.to_string().split_whitespace().collect::<Vec<_>>().join(" ");
    Uneditable::Unsupported(format!("{path} cannot be edited: {why}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_are_replaced_at_their_place() {
        let text =
            "# a\r\n[dependencies] # b\r\nx = '1' # c\r\ny = {version=\"2\", features = [ ]}\r\n";
        let mut places = Places::read(text, "Cargo.toml").unwrap();
        let table = places.table(&["dependencies"]).unwrap();
        let new = ["x", "y"].map(|n| (version(table.get(n).unwrap()).unwrap().0, "3".to_owned()));
        places.replace(new.into());
        assert_eq!(places.text(), text.replace("'1'", "'3'").replace("\"2\"", "\"3\""));
    }

    #[test]
    fn what_is_new_is_added_in_the_shape_of_the_rest() {
        let text = "[tool.uv]\n# held\nover = [\n    \"a\", # why\n]\n";
        let out = changed(text, "pyproject.toml", |d| {
            push(table_or_new(d, &["tool", "uv"])?, "over", "b")
        });
        assert_eq!(out.unwrap(), text.replace("# why\n", "# why\n    \"b\",\n"));
        let bare = text.replace("\"a\",", "\"a\"");
        let out = changed(&bare, "pyproject.toml", |d| {
            push(table_or_new(d, &["tool", "uv"])?, "over", "b")
        });
        assert_eq!(out.unwrap(), text.replace("# why\n", "# why\n    \"b\"\n"));
        let out = changed("[project]\nname = 'x'\n", "p", |d| {
            push(table_or_new(d, &["tool", "uv"])?, "over", "b")
        });
        assert_eq!(out.unwrap(), "[project]\nname = 'x'\n\n[tool.uv]\nover = [\"b\"]\n");
    }
}
