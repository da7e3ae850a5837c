//! Plain text, as it is read in a mail: a row of a table is a line, with the name of each column.

use super::Document;
use crate::inert::one_line;

/// The document as text, with CRLF.
pub fn plain(document: &Document) -> String {
    let mut out = format!("{}\r\n", one_line(&document.title));
    for line in &document.lines {
        out += &format!("\r\n{}\r\n", one_line(line));
    }
    for section in &document.sections {
        let title = one_line(&section.title);
        out += &format!("\r\n{title}\r\n{}\r\n", "-".repeat(title.chars().count()));
        for text in &section.text {
            out += &format!("{}\r\n", one_line(text));
        }
        for row in &section.table.rows {
            let named = section.table.columns.iter().zip(row).skip(1);
            let named = named.filter(|(_, cell)| !cell.is_empty());
            let first = row.first().map_or_else(String::new, |cell| one_line(cell));
            let mut line = format!("* {first}");
            for (nth, (column, cell)) in named.enumerate() {
                let before = if nth == 0 { " -- " } else { "; " };
                line += &format!("{before}{}: {}", one_line(column), one_line(cell));
            }
            out += &format!("{line}\r\n");
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_row_is_a_line_and_what_people_wrote_stays_on_it() {
        let text = super::plain(&super::super::sample());
        assert!(text.starts_with("Weekly review of Team Payments\r\n\r\n2026-11-23"), "{text}");
        assert!(text.contains("* Raise log4j | \"now\" <b> -- Owner: Ada @ops\r\n"), "{text}");
        assert!(text.lines().all(|line| line.len() < 100), "{text}");
        assert!(!text.contains(['\u{202e}', '\u{1b}']), "{text}");
        assert_eq!(text.matches('\n').count(), text.matches("\r\n").count());
    }
}
