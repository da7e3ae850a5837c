//! The numbers of a page, as a reader finds them: in figures, in the cells of tables, in the headline and in other words; and
//! those of an answer of the API and of CSV. Times, code, what is typed in and what names a thing are no numbers.

use std::collections::BTreeSet;

use serde_json::Value;

/// A place of a page where numbers stand, with its text.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Told {
    /// `figure|LABEL`, `TABLE|COLUMN`, `h1`, `moves|what`, or `words|HEADING|tag.class`; in a table without its row.
    pub(super) place: String,
    /// The row of a table, by what it is called, and where that leads.
    pub(super) row: String,
    pub(super) href: String,
    pub(super) text: String,
}

/// Elements that have no end.
const SINGLE: [&str; 12] =
    ["input", "meta", "link", "br", "use", "path", "img", "hr", "line", "rect", "circle", "wbr"];
/// Elements whose text is no number of the page.
const PASSED: [&str; 13] = [
    "time", "code", "option", "textarea", "pre", "kbd", "label", "footer", "button", "summary",
    "script", "style", "svg",
];

struct Open {
    tag: String,
    class: String,
    name: String,
    text: String,
}

/// A cell of a row: its column, its text, and what the row is called if that stands in it.
struct Cell {
    column: String,
    text: String,
    called: Option<String>,
    href: String,
}

/// An attribute of a tag.
fn attribute(tag: &str, name: &str) -> String {
    let begin = format!(" {name}=\"");
    let rest = tag.split_once(&begin).map_or("", |(_, rest)| rest);
    plain(rest.split('"').next().unwrap_or_default())
}

fn plain(text: &str) -> String {
    let pairs = [("&#38;", "&"), ("&#34;", "\""), ("&#39;", "'"), ("&#60;", "<"), ("&#62;", ">")];
    pairs.iter().fold(text.replace("&amp;", "&"), |text, (from, to)| text.replace(from, to))
}

/// Text with its spaces as one.
fn words(text: &str) -> String {
    plain(text).split_whitespace().collect::<Vec<_>>().join(" ")
}

/// A table that is being read.
#[derive(Default)]
struct Table {
    caption: String,
    heads: Vec<String>,
    cells: Vec<Cell>,
    at: usize,
    called: Option<String>,
    href: String,
    chosen: String,
    /// What a row is called that has a head of its own.
    head: Option<String>,
}

impl Table {
    /// The row that ended.
    fn row(&mut self, told: &mut Vec<Told>) {
        let cells = std::mem::take(&mut self.cells);
        let named = cells.iter().position(|cell| cell.called.is_some());
        let has_what = cells.iter().any(|cell| cell.column == "What");
        let first = || {
            let is = |cell: &Cell| !(cell.text.is_empty() || has_what && cell.column == "Level");
            cells.iter().position(is)
        };
        // Where each has a number it is called by that.
        let numbered = cells.iter().position(|cell| cell.column == "Number");
        let head = self.head.take();
        let key = numbered.or(named).or_else(first).filter(|_| head.is_none());
        let is = key.and_then(|at| cells.get(at));
        let row = is.map(|cell| cell.called.clone().unwrap_or_else(|| cell.text.clone()));
        let row = head.or(row).unwrap_or_default();
        let mut href = is.map(|cell| cell.href.clone()).unwrap_or_default();
        // What may be chosen is called by what that says.
        let chosen = std::mem::take(&mut self.chosen);
        if !chosen.is_empty() {
            href = chosen;
        }
        let is_number = |text: &str| text.split_whitespace().count() == numbers(text).len();
        for (at, cell) in cells.into_iter().enumerate() {
            // What stands beside a name is no name.
            let text = match cell.called {
                Some(name) => cell.text.strip_prefix(&name).unwrap_or(&cell.text).to_owned(),
                // What a row is called is no number of it, unless it is one.
                None if Some(at) == key && !is_number(&cell.text) => continue,
                None => cell.text,
            };
            let place = format!("{}|{}", self.caption, cell.column);
            told.push(Told { place, row: row.clone(), href: href.clone(), text });
        }
        self.at = 0;
    }
}

/// A heading or a caption in which a number is.
fn titled(text: &str, tag: &str) -> Option<Told> {
    let place = format!("words|{}|{tag}", pattern(text));
    let (row, href) = (String::new(), String::new());
    (!numbers(text).is_empty()).then(|| Told { place, row, href, text: text.to_owned() })
}

/// A row of what moved the load, which is called by its day and by where it leads.
fn what_moved(one: Told) -> Told {
    let text = words(&one.text);
    let day = text.rsplit(' ').next().unwrap_or_default();
    let row = format!("{day} {}", one.href);
    Told { row, text, ..one }
}

/// What stands on a page, in its order.
pub(super) fn page(html: &str) -> Vec<Told> {
    let main = html.split_once("<main").map_or(html, |(_, main)| main);
    let main = main.split("</main>").next().unwrap_or_default();
    let (mut told, mut open): (Vec<Told>, Vec<Open>) = (Vec::new(), Vec::new());
    let (mut heading, mut table) = (String::new(), Table::default());
    let (mut value, mut figure) = (String::new(), false);
    let mut moved: Option<Told> = None;
    for piece in main.split('<').skip(1) {
        let (tag, text) = piece.split_once('>').unwrap_or((piece, ""));
        if let Some(ended) = tag.strip_prefix('/') {
            while let Some(one) = open.pop() {
                let is_it = one.tag == ended;
                let is_passed = PASSED.contains(&one.tag.as_str());
                match one.tag.as_str() {
                    "h2" | "h3" => {
                        heading = words(&one.text);
                        told.extend(titled(&heading, &one.tag));
                    }
                    "caption" => {
                        table.caption = words(&one.text);
                        told.extend(titled(&table.caption, &one.tag));
                    }
                    "th" if one.name == "row" => table.head = Some(words(&one.text)),
                    "th" => table.heads.push(words(&one.text)),
                    "td" => {
                        let head = table.heads.get(table.at).cloned().unwrap_or_default();
                        let column = if one.name.is_empty() { head } else { one.name.clone() };
                        let (called, href) = (table.called.take(), std::mem::take(&mut table.href));
                        table.cells.push(Cell { column, text: words(&one.text), called, href });
                        table.at += 1;
                    }
                    "tr" => table.row(&mut told),
                    "li" => told.extend(moved.take().map(what_moved)),
                    "table" => table = Table::default(),
                    "h1" => {
                        let text = words(&one.text);
                        told.push(Told {
                            place: "h1".to_owned(),
                            row: String::new(),
                            href: String::new(),
                            text,
                        });
                    }
                    "b" if figure && value.is_empty() => value = words(&one.text),
                    "ul" if first(&one.class) == "figures" => figure = false,
                    _ if figure && one.class == "label" => {
                        // Of one it says so; what it counts is called alike all the same.
                        let called =
                            if one.name.is_empty() { words(&one.text) } else { one.name.clone() };
                        let place = format!("figure|{called}");
                        let text = std::mem::take(&mut value);
                        told.push(Told { place, row: String::new(), href: String::new(), text });
                    }
                    _ => {}
                }
                if let Some(around) = open.last_mut() {
                    // Versions of a package are no numbers, and what its rows are called.
                    let is_version = one.tag == "code"
                        && around.name == "Version"
                        && table.caption == "Versions";
                    if one.class == "name" && around.tag == "td" || is_version {
                        table.called = Some(words(&one.text));
                    }
                    // A time has no text for who looks for numbers.
                    let one =
                        if is_passed || one.class.contains("hidden") { "" } else { &one.text };
                    around.text.push_str(one);
                }
                if is_it {
                    break;
                }
            }
        } else {
            let name = tag.split([' ', '/']).next().unwrap_or_default().to_owned();
            let choice = attribute(tag, "value");
            if name == "input" && choice.contains(':') && attribute(tag, "type") == "checkbox" {
                table.chosen = choice;
            }
            if !SINGLE.contains(&name.as_str()) && !tag.ends_with('/') && !name.starts_with('!') {
                let class = attribute(tag, "class");
                figure |= name == "ul" && first(&class) == "figures";
                if name == "td" {
                    table.href.clear();
                }
                if name == "li" && open.last().is_some_and(|around| around.class == "moves") {
                    let place = "moves|what".to_owned();
                    let (row, href) = (String::new(), String::new());
                    moved = Some(Told { place, row, href, text: String::new() });
                }
                if let Some(one) = moved.as_mut().filter(|_| name == "a") {
                    one.href = attribute(tag, "href");
                }
                if name == "a" && table.href.is_empty() {
                    table.href = attribute(tag, "href");
                }
                let is_head = name == "th" && attribute(tag, "scope") == "row";
                let name_of = if is_head { "row".into() } else { attribute(tag, "data-name") };
                let text = String::new();
                open.push(Open { tag: name, class, name: name_of, text });
            }
        }
        if let Some(one) = open.last_mut() {
            one.text.push_str(text);
        }
        if let Some(one) = &mut moved {
            one.text.push(' ');
            one.text.push_str(text);
        }
        other(&open, text, &heading, &mut told);
    }
    told
}

/// The rows of CSV, the first with what its columns are called.
fn rows(text: &str) -> Vec<Vec<String>> {
    let (mut rows, mut row, mut field) = (Vec::new(), Vec::new(), String::new());
    let mut is_quoted = false;
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if is_quoted && letters.peek() == Some(&'"') => field.extend(letters.next()),
            '"' => is_quoted = !is_quoted,
            ',' if !is_quoted => row.push(std::mem::take(&mut field)),
            '\n' if !is_quoted => {
                row.push(std::mem::take(&mut field));
                rows.push(std::mem::take(&mut row));
            }
            '\r' if !is_quoted => {}
            _ => field.push(letter),
        }
    }
    if !(row.is_empty() && field.is_empty()) {
        row.push(field);
        rows.push(row);
    }
    rows
}

/// What stands in CSV: each field is called `csv|COLUMN`, and its row as its first field.
pub(super) fn sheet(text: &str) -> Vec<Told> {
    let mut rows = rows(text).into_iter();
    let heads = rows.next().unwrap_or_default();
    let mut told = Vec::new();
    for row in rows {
        // Of groups what they are of; else what stands first.
        let key = heads.iter().position(|head| head == "What").unwrap_or(0);
        let name = row.get(key).cloned().unwrap_or_default();
        for (at, (head, text)) in heads.iter().zip(row).enumerate() {
            // A key says which something is, and is no number of it.
            if at == key || head == "Key" {
                continue;
            }
            let place = format!("csv|{head}");
            told.push(Told { place, row: name.clone(), href: String::new(), text });
        }
    }
    told
}

/// The first of the classes of something: `figures` of many figures, too.
fn first(class: &str) -> &str {
    class.split(' ').next().unwrap_or_default()
}

/// Words with a number in them that stand in no figure, table or headline.
fn other(open: &[Open], text: &str, heading: &str, told: &mut Vec<Told>) {
    let is_elsewhere = |one: &Open| {
        PASSED.contains(&one.tag.as_str())
            || ["td", "th", "caption", "h1", "h2", "h3"].contains(&one.tag.as_str())
            || ["figures", "moves", "crumbs", "hidden"].contains(&first(&one.class))
    };
    if numbers(text).is_empty() || open.iter().any(is_elsewhere) {
        return;
    }
    let inline = ["a", "b", "span", "strong", "em"];
    let block = open.iter().rev().find(|one| !inline.contains(&one.tag.as_str()));
    let block = block.map_or_else(String::new, |one| format!("{}.{}", one.tag, one.class));
    let place = format!("words|{}|{}", pattern(heading), block.trim_end_matches('.'));
    told.push(Told { place, row: String::new(), href: String::new(), text: words(text) });
}

/// A number as it is shown.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Shown {
    pub(super) value: f64,
    /// How many places of it are shown.
    pub(super) places: usize,
}

/// The numbers in a text that stand alone, and both of a range: no version, date, time or part of a name.
pub(super) fn numbers(text: &str) -> Vec<Shown> {
    let is_number = |word: &str| -> Option<Shown> {
        let around = ['(', ')', ',', ';', ':', '.', '“', '”', '+', '%', '<', '≥'];
        let word = word.trim_matches(around).replace(',', "").replace('−', "-");
        let digits = word.strip_prefix('-').unwrap_or(&word);
        let is = digits.starts_with(|c: char| c.is_ascii_digit())
            && digits.chars().all(|c| c.is_ascii_digit() || c == '.');
        let places = word.split_once('.').map_or(0, |(_, part)| part.len());
        if is { Some(Shown { value: word.parse().ok()?, places }) } else { None }
    };
    text.split(|c: char| c.is_whitespace() || c == '–').filter_map(is_number).collect()
}

/// A text with every number in it as `*`.
pub(super) fn pattern(text: &str) -> String {
    let one = |word: &str| if numbers(word).is_empty() { word.to_owned() } else { "*".to_owned() };
    text.split(' ').map(one).collect::<Vec<_>>().join(" ")
}

/// What is no number of an answer, but says which something is.
const NAMES: [&str; 20] = [
    "id", "team", "system", "asset", "finding", "decision", "update", "person", "entries", "owner",
    "seq", "task", "updates", "incident", "author", "charter", "job", "supplier", "document",
    "snapshot",
];

/// Every number of an answer, by its pointer. What says which something is is no number of it.
pub(super) fn leaves(value: &Value, at: &str, all: &mut BTreeSet<String>) {
    match value {
        Value::Object(members) => {
            // What is more than a number is read.
            let has_more = |is: &Value| {
                is.is_object() || is.as_array().is_some_and(|all| all.iter().any(Value::is_object))
            };
            for (name, is) in members {
                if !NAMES.contains(&name.as_str()) || has_more(is) {
                    leaves(is, &format!("{at}/{name}"), all);
                }
            }
        }
        Value::Array(rows) => {
            for (row, is) in rows.iter().enumerate() {
                leaves(is, &format!("{at}/{row}"), all);
            }
        }
        Value::Number(_) => {
            all.insert(at.to_owned());
        }
        _ => {}
    }
}

#[test]
fn numbers_are_found_where_they_stand() {
    let page = page(
        "<main id=\"main\"><h1>2 of 10 are late.</h1><ul class=\"figures\"><li><a href=\"/x\"><b>1,200</b>\n\
         <span class=\"label\">load</span></a></li></ul><h2>Stage 3: far</h2><p class=\"about\">At most 64 MiB of 1.2.3, \
         since <time>5</time>.</p><table><caption class=\"hidden\">By team</caption><thead><tr><th>Team</th><th>Load</th>\
         </tr></thead><tbody><tr><td data-name=\"Team\"><span class=\"name\"><a href=\"/t\">pay 2</a></span></td>\
         <td data-name=\"Load\">17.5</td></tr><tr><th scope=\"row\">tier</th><td data-name=\"Load\">+ 2</td></tr></tbody></table><ol class=\"moves\"><li><span class=\"number\">1</span>\
         <span>−52</span><a href=\"/a?b=1&#38;c=2\">pay built anew: 5 findings</a> <span>2026-06-09</span></li></ol></main>",
    );
    let all: Vec<(&str, &str, &str)> =
        page.iter().map(|t| (t.place.as_str(), t.row.as_str(), t.text.as_str())).collect();
    assert_eq!(
        all,
        [
            ("h1", "", "2 of 10 are late."),
            ("figure|load", "", "1,200"),
            ("words|Stage * far|h2", "", "Stage 3: far"),
            ("words|Stage * far|p.about", "", "At most 64 MiB of 1.2.3, since"),
            ("By team|Team", "pay 2", ""),
            ("By team|Load", "pay 2", "17.5"),
            ("By team|Load", "tier", "+ 2"),
            ("moves|what", "2026-06-09 /a?b=1&c=2", "1 −52 pay built anew: 5 findings 2026-06-09"),
        ]
    );
    let shown = numbers("−12.5 %, 3+ and v2 of 2026-03-01 at 12:30, 4–6 points");
    assert_eq!(shown.iter().map(|is| is.value).collect::<Vec<_>>(), [-12.5, 3.0, 4.0, 6.0]);
    assert_eq!(shown[0].places, 1);
    let sheet =
        sheet("period,\"found, of all\",gone\n2026-03-01,4,\n2026-03-08,\"1 \"\"x\"\"\",2\n");
    let all: Vec<(&str, &str, &str)> =
        sheet.iter().map(|t| (t.place.as_str(), t.row.as_str(), t.text.as_str())).collect();
    assert_eq!(
        all,
        [
            ("csv|found, of all", "2026-03-01", "4"),
            ("csv|gone", "2026-03-01", ""),
            ("csv|found, of all", "2026-03-08", "1 \"x\""),
            ("csv|gone", "2026-03-08", "2"),
        ]
    );
}
