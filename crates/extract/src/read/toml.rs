//! TOML 1.1 to a positioned tree, on the `toml` crate's spanned values.

use toml::Spanned;
use toml::de::{DeTable, DeValue};
use trimtab_model::{Code, Diagnostic};

use super::text::Lines;
use super::tree::{Document, Kind};

/// Reads a whole text. Maps keep the order of the file.
///
/// # Errors
/// The text is not TOML; the diagnostic has the line.
pub fn parse(text: &str) -> Result<Document<'_>, Diagnostic> {
    let table = DeTable::parse(text).map_err(|e| {
        let diagnostic = Diagnostic::new(
            Code::FileMalformed,
            format!("the TOML cannot be read: {}", e.message()),
        );
        match e.span() {
            Some(span) => diagnostic.at_line(Lines::of(text).at(span.start)),
            None => diagnostic,
        }
    })?;
    let mut doc = Document::empty(text);
    push_table(&mut doc, &mut Place { lines: Lines::of(text), line: 1 }, 0, table.get_ref());
    Ok(doc)
}

/// Where the last line was that was asked for.
struct Place {
    lines: Lines,
    line: u32,
}

impl Place {
    fn line(&mut self, offset: usize) -> u32 {
        self.line = self.lines.at_from(self.line, offset);
        self.line
    }
}

/// The `toml` crate bounds the depth of what it parses, so this recursion is bounded too.
fn push_table(doc: &mut Document<'_>, place: &mut Place, at: usize, table: &DeTable<'_>) {
    let position = doc.open(Kind::Map, place.line(at));
    let mut entries: Vec<_> = table.iter().collect();
    entries.sort_by_key(|(key, _)| key.span().start);
    for (key, value) in entries {
        doc.push_decoded(Kind::Text, place.line(key.span().start), key.get_ref());
        push_value(doc, place, value);
    }
    doc.close(position);
}

fn push_value(doc: &mut Document<'_>, place: &mut Place, value: &Spanned<DeValue<'_>>) {
    let span = value.span();
    let line = place.line(span.start);
    match value.get_ref() {
        DeValue::String(text) => doc.push_decoded(Kind::Text, line, text),
        DeValue::Integer(_) | DeValue::Float(_) => {
            doc.push_slice(Kind::Number, line, span.start, span.end);
        }
        DeValue::Datetime(_) => doc.push_slice(Kind::Text, line, span.start, span.end),
        DeValue::Boolean(_) => doc.push_slice(Kind::Bool, line, span.start, span.end),
        DeValue::Array(items) => {
            let position = doc.open(Kind::List, line);
            for item in items {
                push_value(doc, place, item);
            }
            doc.close(position);
        }
        DeValue::Table(table) => push_table(doc, place, span.start, table),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_keep_order_and_lines() {
        let text = "z = 1\n[[package]]\nname = \"b\"\n[[package]]\nname = 'a'\nok = true\n";
        let doc = parse(text).unwrap();
        let keys: Vec<_> = doc.root().entries().filter_map(|(k, _)| k.as_str()).collect();
        assert_eq!(keys, ["z", "package"]);
        let lines: Vec<_> =
            doc.root().get("package").unwrap().items().map(|p| (p.str("name"), p.line())).collect();
        assert_eq!(lines, [(Some("b"), 2), (Some("a"), 4)]);
        assert!(doc.root().get("package").unwrap().items().nth(1).unwrap().flag("ok"));
    }

    #[test]
    fn faults_have_lines_and_depth_is_bounded() {
        let diagnostic = parse("a = 1\nb = \n").unwrap_err();
        assert_eq!((diagnostic.code, diagnostic.line), (Code::FileMalformed, Some(2)));
        let deep = format!("a = {}{}", "[".repeat(50_000), "]".repeat(50_000));
        assert!(parse(&deep).is_err());
    }
}
