//! HTML that stands alone: no script, nothing from elsewhere, to be mailed, kept or printed.

use super::chart::{Mark, drawn};
use super::{Chart, Document, Table};
use crate::inert::one_line;

/// How such a page looks; numbers stand in cells of the class `n`. On a narrow screen a wide table is moved within itself.
pub const STYLE: &str = "body{font:14px/20px system-ui,sans-serif;color:#1B1F23;max-width:60em;margin:2em auto;padding:0 1em;overflow-wrap:break-word}\
h1{font-size:20px;line-height:28px}h2{font-size:16px;margin-top:2em}table{border-collapse:collapse;width:100%}\
th,td{text-align:left;vertical-align:top;padding:4px 8px;border-bottom:1px solid #D9DDE2}th{color:#59616B}\
.n{text-align:right;font-variant-numeric:tabular-nums;white-space:nowrap}\
figure{margin:0}svg{width:100%;height:auto;max-width:45em}figcaption{color:#57606A}\
@media(max-width:640px){table{display:block;overflow-x:auto}}";

/// Colours that are told apart without colour as well: the second is lighter by much.
const TONES: [&str; 3] = ["#1F4E79", "#8FB4D9", "#B5651D"];
/// Units of a drawing.
const WIDE: f64 = 640.0;
/// See there.
const HIGH: f64 = 160.0;

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
        out.extend(section.chart.as_ref().and_then(svg));
        if section.table.rows.is_empty() {
            continue;
        }
        let numbers = number_columns(&section.table);
        let row = |cells: &[String], tag: &str, more: &str| {
            let cell = |(at, cell): (usize, &String)| {
                let class = if numbers.contains(&at) { " class=\"n\"" } else { "" };
                format!("<{tag}{more}{class}>{}</{tag}>", escaped(cell))
            };
            format!("<tr>{}</tr>\n", cells.iter().enumerate().map(cell).collect::<String>())
        };
        let head = row(&section.table.columns, "th", " scope=\"col\"");
        out += &format!("<table>\n<thead>{head}</thead>\n<tbody>\n");
        section.table.rows.iter().for_each(|cells| out += &row(cells, "td", ""));
        out += "</tbody>\n</table>\n";
    }
    out + "</body>\n</html>\n"
}

/// The columns of a table that hold numbers, and besides them nothing but what is unknown or not there.
fn number_columns(table: &Table) -> Vec<usize> {
    let is_number = |cell: &str| {
        let text = cell.trim_start_matches(['+', '-', '−']).trim_end_matches(" %");
        text.starts_with(|c: char| c.is_ascii_digit())
            && text.chars().all(|c| c.is_ascii_digit() || matches!(c, '.' | ','))
    };
    let is_none = |cell: &str| matches!(cell, "" | "–" | "unknown");
    let holds = |at: &usize| {
        let mut cells = table.rows.iter().filter_map(|row| row.get(*at)).map(String::as_str);
        cells.clone().any(is_number) && cells.all(|cell| is_number(cell) || is_none(cell))
    };
    (0..table.columns.len()).filter(holds).collect()
}

/// A chart as a drawing; the table below it has the same values.
fn svg(chart: &Chart) -> Option<String> {
    let is = drawn(chart)?;
    let tone = |series: usize| TONES.get(series % TONES.len()).copied().unwrap_or("#1F4E79");
    let (x, y) = (|at: f64| 40.0 + at * (WIDE - 50.0), |at: f64| HIGH - 30.0 - at * (HIGH - 45.0));
    let title = escaped(&chart.title);
    let mut out = format!(
        "<figure><svg viewBox=\"0 0 {WIDE} {HIGH}\" role=\"img\" aria-label=\"{title}\">\n\
         <line x1=\"40\" y1=\"{ground:.1}\" x2=\"{WIDE}\" y2=\"{ground:.1}\" stroke=\"#8C959F\"/>\n",
        ground = y(0.0)
    );
    for mark in is.marks {
        out += &match mark {
            Mark::Bar { series, x: at, width, height } => format!(
                "<rect x=\"{:.1}\" y=\"{:.1}\" width=\"{:.1}\" height=\"{:.1}\" fill=\"{}\"/>\n",
                x(at),
                y(height),
                x(at + width) - x(at),
                y(0.0) - y(height),
                tone(series)
            ),
            Mark::Line { series, from, to } => format!(
                "<line x1=\"{:.1}\" y1=\"{:.1}\" x2=\"{:.1}\" y2=\"{:.1}\" stroke=\"{}\" stroke-width=\"2\"/>\n",
                x(from.0),
                y(from.1),
                x(to.0),
                y(to.1),
                tone(series)
            ),
            Mark::Point { series, at } => format!(
                "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.5\" fill=\"{}\"/>\n",
                x(at.0),
                y(at.1),
                tone(series)
            ),
        };
    }
    let word = |x: f64, y: f64, anchor: &str, text: &str| {
        let text = escaped(text);
        format!(
            "<text x=\"{x:.1}\" y=\"{y:.1}\" font-size=\"11\" text-anchor=\"{anchor}\">{text}</text>\n"
        )
    };
    out += &word(34.0, y(1.0) + 4.0, "end", &top(is.top));
    out += &word(34.0, y(0.0) + 4.0, "end", "0");
    for (at, label) in &is.labels {
        let anchor = match *at {
            at if at <= 0.0 => "start",
            at if at >= 1.0 => "end",
            _ => "middle",
        };
        out += &word(x(*at), HIGH - 10.0, anchor, label);
    }
    out += "</svg>\n";
    let names = chart.series.iter().enumerate().map(|(at, of)| {
        let tone = tone(at);
        format!("<span style=\"color:{tone}\">■</span> {}", escaped(&of.name))
    });
    let names = names.collect::<Vec<_>>().join(", ");
    Some(format!("{out}<figcaption>{title}: {names}</figcaption></figure>\n"))
}

/// What the upper edge of a chart stands for.
pub(super) fn top(value: f64) -> String {
    let text = format!("{value:.1}");
    text.strip_suffix(".0").map_or(text.clone(), ToOwned::to_owned)
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
    fn columns_of_numbers_are_found() {
        let row = |cells: [&str; 4]| cells.map(str::to_owned).to_vec();
        let table = super::Table {
            columns: row(["What", "Now", "Before", "Due"]),
            rows: vec![
                row(["packages", "1,204", "unknown", "2026-11-30"]),
                row(["load", "81.5 %", "+2", "–"]),
            ],
        };
        assert_eq!(super::number_columns(&table), [1, 2]);
    }

    #[test]
    fn what_people_wrote_is_no_markup() {
        let text = super::html(&super::super::sample());
        assert!(text.contains("<td>Raise log4j | &quot;now&quot; &lt;b&gt;</td>"), "{text}");
        assert!(text.contains("<th scope=\"col\">What</th>"), "{text}");
        assert_eq!(text.matches("<table>").count(), 1, "a table without rows is none");
        assert_eq!(text.matches("<rect").count(), 2, "what is unknown is not drawn");
        assert!(text.contains("aria-label=\"Load &lt;of&gt; the day\""), "{text}");
        assert!(!text.contains(['\u{202e}', '\u{1b}']), "{text}");
    }
}
