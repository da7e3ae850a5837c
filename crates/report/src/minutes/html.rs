//! HTML that stands alone: no script, nothing from elsewhere, to be mailed, kept or printed.

use super::Document;
use crate::inert::one_line;

const STYLE: &str = "body{font:14px/20px system-ui,sans-serif;color:#1B1F23;max-width:60em;margin:2em auto;padding:0 1em}\
h1{font-size:20px;line-height:28px}h2{font-size:16px}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:4px 8px;border-bottom:1px solid #D9DDE2}";

/// The document as a page.
pub fn html(document: &Document) -> String {
    let title = escaped(&document.title);
    let mut out = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n<style>{STYLE}</style>\n</head>\n<body>\n<h1>{title}</h1>\n"
    );
    let paragraph = |text: &String| format!("<p>{}</p>\n", escaped(text));
    out.extend(document.lines.iter().map(paragraph));
    for section in &document.sections {
        out += &format!("<h2>{}</h2>\n", escaped(&section.title));
        out.extend(section.text.iter().map(paragraph));
        if section.table.rows.is_empty() {
            continue;
        }
        let row = |cells: &[String], begin: &str, end: &str| {
            let cells = cells.iter().map(|cell| format!("{begin}{}{end}", escaped(cell)));
            format!("<tr>{}</tr>\n", cells.collect::<String>())
        };
        let head = row(&section.table.columns, "<th scope=\"col\">", "</th>");
        out += &format!("<table>\n<thead>{head}</thead>\n<tbody>\n");
        section.table.rows.iter().for_each(|cells| out += &row(cells, "<td>", "</td>"));
        out += "</tbody>\n</table>\n";
    }
    out + "</body>\n</html>\n"
}

fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in one_line(text).chars() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            '"' => out += "&quot;",
            '\'' => out += "&#39;",
            c => out.push(c),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_people_wrote_is_no_markup() {
        let text = super::html(&super::super::sample());
        assert!(text.contains("<td>Raise log4j | &quot;now&quot; &lt;b&gt;</td>"), "{text}");
        assert!(text.contains("<th scope=\"col\">What</th>"), "{text}");
        assert_eq!(text.matches("<table>").count(), 1, "a table without rows is none");
        assert!(!text.contains(['\u{202e}', '\u{1b}']), "{text}");
    }
}
