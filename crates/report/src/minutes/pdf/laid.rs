//! Where everything stands on its page, and what it is: the lines and drawings of each page, and a tree of headings,
//! paragraphs, tables and figures in the order in which they are read.

use super::super::chart::{Drawn, Mark, drawn};
use super::super::html::top;
use super::super::{Chart, Document, Table};
use super::face::{CELL, Face, HEAD, HEADING, TEXT, TITLE};
use crate::inert::one_line;

/// The size of A4 in points.
pub(super) const WIDTH: f32 = 595.0;
pub(super) const HEIGHT: f32 = 842.0;
pub(super) const MARGIN: f32 = 52.0;
/// As wide as a column may want to be that is never made narrower.
const SHORT: f32 = 64.0;
/// How high a chart is.
const CHART: f32 = 110.0;
/// The tones of a chart's series, from black (0) to white (1).
const TONES: [f32; 3] = [0.2, 0.7, 0.5];
/// Their names, for the legend.
const TONE_NAMES: [&str; 3] = ["dark", "light", "grey"];
/// Between two columns.
const GAP: f32 = 10.0;

/// Something drawn; the origin is the upper left corner, in points.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Ink {
    /// A line of text, from the left end of its ground line; letters that the face does not have are still in it.
    Text { x: f32, y: f32, face: Face, line: String },
    /// A filled rectangle, from its upper left corner.
    Rect { x: f32, y: f32, width: f32, height: f32, tone: f32 },
    /// A straight line.
    Line { from: (f32, f32), to: (f32, f32), width: f32, tone: f32 },
}

/// What is drawn together, on a page that is counted from 0.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    pub(super) page: usize,
    pub(super) inks: Vec<Ink>,
    /// Whether it says something, or is a rule between rows or a heading that is repeated.
    pub(super) is_content: bool,
}

/// What a part of the document is.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Part {
    Title,
    /// A heading, with its text and how far down its page it stands.
    Heading(String, f32),
    Paragraph,
    Table,
    Head,
    Body,
    Row,
    HeadCell,
    Cell,
    /// A drawing, with what it shows in words.
    Figure(String),
}

/// A part: what it consists of, or the leaves that it is drawn with.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Node {
    pub(super) part: Part,
    pub(super) of: Vec<Node>,
    /// Places in [`Laid::leaves`].
    pub(super) leaves: Vec<usize>,
}

impl Node {
    fn leaf(part: Part, leaves: Vec<usize>) -> Node {
        Node { part, of: Vec::new(), leaves }
    }

    fn group(part: Part, of: Vec<Node>) -> Node {
        Node { part, of, leaves: Vec::new() }
    }
}

/// A document on its pages.
#[derive(Debug, Clone, PartialEq, Default)]
pub(super) struct Laid {
    /// In the order in which they are drawn; pages never go back.
    pub(super) leaves: Vec<Leaf>,
    /// In the order in which they are read.
    pub(super) nodes: Vec<Node>,
    /// How many pages there are.
    pub(super) pages: usize,
}

/// Lays a document out.
pub(super) fn laid(document: &Document) -> Laid {
    let mut sheet = Sheet { laid: Laid { pages: 1, ..Laid::default() }, at: MARGIN };
    sheet.paragraph(&document.title, TITLE, Part::Title, 0.0);
    document.lines.iter().for_each(|line| sheet.paragraph(line, TEXT, Part::Paragraph, 4.0));
    for section in &document.sections {
        // A heading is not the last line of a page.
        sheet.room(60.0);
        let title = one_line(&section.title);
        // What has no title is found by none.
        let part = match title.trim().is_empty() {
            true => Part::Paragraph,
            false => Part::Heading(title, sheet.at),
        };
        sheet.paragraph(&section.title, HEADING, part, 14.0);
        section.text.iter().for_each(|text| sheet.paragraph(text, TEXT, Part::Paragraph, 3.0));
        if let Some((chart, is)) = section.chart.as_ref().and_then(|of| Some((of, drawn(of)?))) {
            sheet.chart(chart, &is);
        }
        if !section.table.rows.is_empty() {
            sheet.table(&section.table);
        }
    }
    if let Some(note) = replaced(&sheet.laid) {
        sheet.paragraph(&note, TEXT, Part::Paragraph, 14.0);
    }
    sheet.laid
}

/// That letters of a document are not seen in it, if some are not: whoever reads or signs it knows that there is more.
fn replaced(laid: &Laid) -> Option<String> {
    let inks = laid.leaves.iter().filter(|leaf| leaf.is_content).flat_map(|leaf| &leaf.inks);
    let letters: usize = inks
        .map(|ink| match ink {
            Ink::Text { face, line, .. } => face.replaced(line),
            _ => 0,
        })
        .sum();
    let (number, verb) = match letters {
        0 => return None,
        1 => ("1 letter".to_owned(), "stands"),
        _ => (format!("{letters} letters"), "stand"),
    };
    Some(format!(
        "{number} of this document {verb} as \u{fffd} here: the typeface of this file has Latin, Greek, Cyrillic, \
         Hebrew and Arabic letters, and few others. What is missing is in the file's text for whoever copies it or has \
         it read aloud, and other formats of the document show it."
    ))
}

/// Pages that are filled from the top.
struct Sheet {
    laid: Laid,
    /// How far down the last page is filled.
    at: f32,
}

impl Sheet {
    /// Begins a new page unless there is so much room on this one; whether it did.
    fn room(&mut self, height: f32) -> bool {
        let is_full = self.at + height > HEIGHT - MARGIN;
        if is_full {
            self.laid.pages += 1;
            self.at = MARGIN;
        }
        is_full
    }

    /// Puts something on the last page; its place among the leaves.
    fn put(&mut self, inks: Vec<Ink>, is_content: bool) -> usize {
        self.laid.leaves.push(Leaf { page: self.laid.pages - 1, inks, is_content });
        self.laid.leaves.len() - 1
    }

    fn line(&mut self, x: f32, face: Face, line: String) -> usize {
        let y = self.at;
        self.put(vec![Ink::Text { x, y, face, line }], true)
    }

    fn paragraph(&mut self, text: &str, face: Face, part: Part, before: f32) {
        self.at += before;
        let mut leaves = Vec::new();
        for line in face.wrapped(text, WIDTH - 2.0 * MARGIN) {
            self.room(face.leading());
            self.at += face.leading();
            leaves.push(self.line(MARGIN, face, line));
        }
        self.laid.nodes.push(Node::leaf(part, leaves));
    }

    fn table(&mut self, table: &Table) {
        let widths = widths(table);
        self.at += 4.0;
        let head = Cells::new(&table.columns, &widths, HEAD);
        let first = self.row(&head, &widths, &Part::HeadCell, None);
        let rows: Vec<Node> = table
            .rows
            .iter()
            .map(|cells| {
                let cells = Cells::new(cells, &widths, CELL);
                self.row(&cells, &widths, &Part::Cell, Some(&head))
            })
            .collect();
        let of = vec![Node::group(Part::Head, vec![first]), Node::group(Part::Body, rows)];
        self.laid.nodes.push(Node::group(Part::Table, of));
    }

    /// A row; where it begins a page, the row with the names of the columns stands above it again.
    fn row(&mut self, cells: &Cells, widths: &[f32], part: &Part, head: Option<&Cells>) -> Node {
        // A row that fits on a page is not torn apart.
        if cells.height() < HEIGHT - 2.0 * MARGIN - 60.0 && self.room(cells.height() + 4.0) {
            self.again(head, widths);
        }
        let mut leaves = vec![Vec::new(); cells.of.len()];
        for at in 0..cells.lines() {
            if self.room(cells.face.leading()) {
                self.again(head, widths);
            }
            self.at += cells.face.leading();
            let mut x = MARGIN;
            for ((cell, room), leaves) in cells.of.iter().zip(widths).zip(&mut leaves) {
                if let Some(line) = cell.get(at) {
                    leaves.push(self.line(x, cells.face, line.clone()));
                }
                x += room + GAP;
            }
        }
        self.at += 4.0;
        let (from, to) = ((MARGIN, self.at - 1.0), (WIDTH - MARGIN, self.at - 1.0));
        self.put(vec![Ink::Line { from, to, width: 0.4, tone: 0.8 }], false);
        let cell = |leaves| Node::leaf(part.clone(), leaves);
        Node::group(Part::Row, leaves.into_iter().map(cell).collect())
    }

    /// The names of the columns at the top of a page, which are read once only.
    fn again(&mut self, head: Option<&Cells>, widths: &[f32]) {
        let Some(head) = head.filter(|head| head.height() < 60.0) else { return };
        let mut inks = Vec::new();
        for at in 0..head.lines() {
            self.at += head.face.leading();
            let mut x = MARGIN;
            for (cell, room) in head.of.iter().zip(widths) {
                if let Some(line) = cell.get(at) {
                    inks.push(Ink::Text { x, y: self.at, face: head.face, line: line.clone() });
                }
                x += room + GAP;
            }
        }
        self.at += 4.0;
        self.put(inks, false);
    }

    /// A chart, with its scale and its labels, and a legend below it.
    fn chart(&mut self, chart: &Chart, is: &Drawn) {
        self.room(CHART + 3.0 * CELL.leading());
        let (left, right) = (MARGIN + 40.0, WIDTH - MARGIN);
        let ground = self.at + CHART;
        let x = |at: f64| left + single(at) * (right - left);
        let y = |at: f64| ground - single(at) * (CHART - 12.0);
        let text = |x: f32, y: f32, line: String| Ink::Text { x, y, face: CELL, line };
        let mut inks: Vec<Ink> = is.marks.iter().map(|mark| ink(*mark, x, y, ground)).collect();
        let (from, to) = ((left, ground), (right, ground));
        inks.push(Ink::Line { from, to, width: 0.4, tone: 0.5 });
        inks.push(text(MARGIN, y(1.0) + 4.0, CELL.lettered(&top(is.top))));
        inks.push(text(MARGIN, ground, "0".to_owned()));
        let below = ground + CELL.leading();
        let room = (right - left) / is.labels.len().max(1) as f32 - 4.0;
        for (at, label) in &is.labels {
            let Some(label) = CELL.wrapped(label, room).into_iter().next() else { continue };
            let wide = CELL.width(&label);
            // In the middle of what it is of, and never over an edge.
            let from = (x(*at) - wide / 2.0).min(right - wide).max(left);
            inks.push(text(from, below, label));
        }
        let said = one_line(&format!("Chart: {}. The table has its values.", chart.title));
        let drawing = self.put(inks, true);
        self.laid.nodes.push(Node::leaf(Part::Figure(said), vec![drawing]));
        let tone = |at: usize| TONE_NAMES.get(at % TONE_NAMES.len()).copied().unwrap_or("dark");
        let named =
            |(at, of): (usize, &super::super::Series)| format!("{} ({})", of.name, tone(at));
        let names: Vec<String> = chart.series.iter().enumerate().map(named).collect();
        self.at = below;
        let legend = format!("{}: {}", chart.title, names.join(", "));
        self.paragraph(&legend, CELL, Part::Paragraph, 2.0);
    }
}

/// The cells of a row, each in its lines.
struct Cells {
    of: Vec<Vec<String>>,
    face: Face,
}

impl Cells {
    fn new(cells: &[String], widths: &[f32], face: Face) -> Cells {
        let of = cells.iter().zip(widths).map(|(cell, room)| face.wrapped(cell, *room));
        Cells { of: of.collect(), face }
    }

    fn lines(&self) -> usize {
        self.of.iter().map(Vec::len).max().unwrap_or(1)
    }

    fn height(&self) -> f32 {
        self.lines() as f32 * self.face.leading()
    }
}

fn ink(mark: Mark, x: impl Fn(f64) -> f32, y: impl Fn(f64) -> f32, ground: f32) -> Ink {
    let tone = |series: usize| TONES.get(series % TONES.len()).copied().unwrap_or(0.2);
    match mark {
        Mark::Bar { series, x: at, width, height } => Ink::Rect {
            x: x(at),
            y: y(height),
            width: x(at + width) - x(at),
            height: ground - y(height),
            tone: tone(series),
        },
        Mark::Line { series, from, to } => Ink::Line {
            from: (x(from.0), y(from.1)),
            to: (x(to.0), y(to.1)),
            width: 1.4,
            tone: tone(series),
        },
        Mark::Point { series, at } => Ink::Rect {
            x: x(at.0) - 1.0,
            y: y(at.1) - 1.0,
            width: 2.0,
            height: 2.0,
            tone: tone(series),
        },
    }
}

/// A place on a page, which is small.
#[expect(clippy::cast_possible_truncation, reason = "a share of a page's edge")]
fn single(value: f64) -> f32 {
    value as f32
}

/// As wide as the columns want to be, made narrower together where that is too wide.
fn widths(table: &Table) -> Vec<f32> {
    let room = WIDTH - 2.0 * MARGIN - GAP * table.columns.len().saturating_sub(1) as f32;
    let of = |at: usize, name: &String| {
        let cells = table.rows.iter().filter_map(|row| row.get(at));
        let widest = cells.map(|cell| CELL.width(&CELL.lettered(cell))).fold(0.0, f32::max);
        (widest.max(HEAD.width(&HEAD.lettered(name))) + 1.0).clamp(30.0, 240.0)
    };
    let wanted: Vec<f32> =
        table.columns.iter().enumerate().map(|(at, name)| of(at, name)).collect();
    // Short ones (a level, a day) stay whole; the others share what is left.
    let mut columns: Vec<(f32, bool)> =
        wanted.into_iter().map(|width| (width, width <= SHORT)).collect();
    let shares = Shares::of(&columns, room);
    // No word above a column is broken as long as there is room for it.
    if shares.left > 0.0 {
        for ((width, is_whole), name) in columns.iter_mut().zip(&table.columns) {
            let words = name.split(' ').map(|word| HEAD.width(&HEAD.lettered(word)) + 1.0);
            let least = words.fold(0.0, f32::max);
            if !*is_whole && *width * shares.factor < least {
                (*width, *is_whole) = (least, true);
            }
        }
    }
    let shares = Shares::of(&columns, room);
    columns.into_iter().map(|(width, is_whole)| shares.fitted(width, is_whole)).collect()
}

/// How columns share the width of a page.
struct Shares {
    /// What those that stay whole leave.
    left: f32,
    /// What the others are multiplied by.
    factor: f32,
    /// Whether all are as wide as they want to be.
    all_fit: bool,
}

impl Shares {
    /// Of columns as wide as they want to be, and whether each stays whole.
    fn of(columns: &[(f32, bool)], room: f32) -> Shares {
        let sum = |whole: bool| -> f32 {
            columns.iter().filter(|(_, is)| *is == whole).map(|(width, _)| *width).sum()
        };
        let (short, long) = (sum(true), sum(false));
        let left = room - short;
        let factor =
            if long > 0.0 && left > 0.0 { left / long } else { room / (short + long).max(1.0) };
        Shares { left, factor, all_fit: short + long <= room }
    }

    fn fitted(&self, width: f32, is_whole: bool) -> f32 {
        if is_whole && (self.left > 0.0 || self.all_fit) { width } else { width * self.factor }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::{Section, sample};
    use super::*;

    fn texts(laid: &Laid) -> impl Iterator<Item = (usize, f32, f32, &str, Face)> {
        laid.leaves.iter().flat_map(|leaf| {
            leaf.inks.iter().filter_map(|ink| match ink {
                Ink::Text { x, y, face, line } => Some((leaf.page, *x, *y, line.as_str(), *face)),
                _ => None,
            })
        })
    }

    #[test]
    fn a_long_one_has_more_pages_and_nothing_stands_outside_of_its_edges() {
        let mut long = sample();
        let words = "a-long-word-without-a-place-to-break-it ".repeat(40);
        let cell = vec![words.clone(), "Ada".to_owned()];
        long.sections[0].table.rows = vec![cell; 30];
        long.sections.push(Section { text: vec![words], ..Section::default() });
        let is = laid(&long);
        assert!(is.pages > 3, "{}", is.pages);
        assert!(is.leaves.is_sorted_by_key(|leaf| leaf.page));
        assert!(is.leaves.iter().all(|leaf| leaf.page < is.pages));
        for (_, x, y, line, face) in texts(&is) {
            assert!((MARGIN..=HEIGHT - MARGIN).contains(&y), "{y} {line}");
            assert!(x >= MARGIN && x + face.width(line) <= WIDTH - MARGIN + 0.1, "{x} {line}");
        }
        // The names of the columns stand on each page of the table, and are read once.
        let heads = texts(&is).filter(|(.., line, _)| *line == "Owner").count();
        assert!(heads > 2, "{heads}");
        let read = is.leaves.iter().filter(|leaf| leaf.is_content);
        let said = |leaf: &&Leaf| {
            leaf.inks.iter().any(|ink| matches!(ink, Ink::Text { line, .. } if line == "Owner"))
        };
        assert_eq!(read.filter(said).count(), 1);
    }

    #[test]
    fn that_letters_are_not_seen_is_said_once() {
        let notes = |document: &Document| {
            let is = laid(document);
            let all: Vec<String> = texts(&is).map(|(.., line, _)| line.to_owned()).collect();
            let said = all.join(" ");
            (said.matches("of this document stand").count(), said)
        };
        let (number, said) = notes(&sample());
        assert_eq!(number, 1, "{said}");
        assert!(said.contains("2 letters of this document stand as \u{fffd}"), "{said}");
        assert!(said.contains("日本"), "{said}");
        let mut plain = sample();
        plain.sections[0].table.rows.truncate(1);
        assert_eq!(notes(&plain).0, 0);
    }

    #[test]
    fn no_word_above_a_column_is_broken() {
        let columns = ["Asked for", "Verdict", "Enough", "Shown", "Missing", "Since", "Entry"];
        let long = "some words that want a wide column ".repeat(3);
        let mut row = vec![long; columns.len()];
        row[2] = "90 % (of all 100 %)".to_owned();
        let table = Table { columns: columns.map(str::to_owned).to_vec(), rows: vec![row] };
        let widths = widths(&table);
        for (name, width) in table.columns.iter().zip(&widths) {
            assert!(name.split(' ').all(|word| HEAD.width(word) <= *width), "{name} {width}");
        }
        let all = widths.iter().sum::<f32>() + GAP * (widths.len() - 1) as f32;
        assert!(all <= WIDTH - 2.0 * MARGIN + 0.1, "{all}");
    }

    #[test]
    fn each_leaf_that_says_something_is_of_one_part() {
        let is = laid(&sample());
        fn gather(node: &Node, into: &mut Vec<usize>) {
            into.extend(&node.leaves);
            node.of.iter().for_each(|node| gather(node, into));
        }
        let mut told = Vec::new();
        is.nodes.iter().for_each(|node| gather(node, &mut told));
        told.sort_unstable();
        let content = |(at, leaf): (usize, &Leaf)| leaf.is_content.then_some(at);
        let there: Vec<usize> = is.leaves.iter().enumerate().filter_map(content).collect();
        assert_eq!(told, there);
        let figures = is.nodes.iter().filter(|node| matches!(node.part, Part::Figure(_)));
        assert_eq!(figures.count(), 1);
    }
}
