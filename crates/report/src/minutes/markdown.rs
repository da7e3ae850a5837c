//! Markdown, as it can be put into a wiki or a request.

use super::Document;
use crate::markdown::inert;

/// The document as Markdown.
pub fn markdown(document: &Document) -> String {
    let mut out = format!("# {}\n", inert(&document.title));
    for line in &document.lines {
        out += &format!("\n{}\n", inert(line));
    }
    for section in &document.sections {
        out += &format!("\n## {}\n", inert(&section.title));
        for text in &section.text {
            out += &format!("\n{}\n", inert(text));
        }
        if section.table.rows.is_empty() {
            continue;
        }
        let row = |cells: &[String]| {
            let cells: Vec<String> = cells.iter().map(|cell| inert(cell)).collect();
            format!("| {} |\n", cells.join(" | "))
        };
        out += &format!("\n{}", row(&section.table.columns));
        out += &format!("|{}\n", " --- |".repeat(section.table.columns.len()));
        section.table.rows.iter().for_each(|cells| out += &row(cells));
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_people_wrote_is_no_markup() {
        let text = super::markdown(&super::super::sample());
        assert!(text.starts_with("# Weekly review of Team Payments\n"), "{text}");
        let rows: Vec<&str> = text.lines().filter(|line| line.starts_with('|')).collect();
        assert_eq!(rows.len(), 4, "{text}");
        for row in rows {
            assert_eq!(row.replace("\\|", "").matches('|').count(), 3, "{row}");
        }
        assert!(!text.contains("<b>") && !text.contains(['\u{202e}', '\u{1b}']), "{text}");
    }
}
