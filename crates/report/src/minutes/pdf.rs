//! PDF: A4, in the faces that every reader has, so that no font is carried along. What these faces have no letter for is
//! a question mark; HTML and Markdown have all of it. The same document gives the same bytes.

use pdf_writer::{Content, Finish, Name, Pdf, Rect, Ref, Str, TextStr};

use super::chart::{Mark, drawn};
use super::html::top;
use super::{Chart, Document, Table};
use crate::inert::one_line;

const WIDTH: f32 = 595.0;
const HEIGHT: f32 = 842.0;
const MARGIN: f32 = 52.0;
/// As wide as a column may want to be that is never made narrower.
const SHORT: f32 = 64.0;
/// How high a chart is.
const CHART: f32 = 110.0;
/// The tones of a chart's series, from black to white.
const GREYS: [f32; 3] = [0.2, 0.7, 0.5];
/// Between two columns.
const GAP: f32 = 10.0;

/// A face of the standard ones, at a size.
#[derive(Debug, Clone, Copy)]
struct Face {
    bold: bool,
    size: f32,
}

const TITLE: Face = Face { bold: true, size: 16.0 };
const HEADING: Face = Face { bold: true, size: 12.0 };
const TEXT: Face = Face { bold: false, size: 10.0 };
const HEAD: Face = Face { bold: true, size: 9.0 };
const CELL: Face = Face { bold: false, size: 9.0 };

impl Face {
    fn name(self) -> Name<'static> {
        if self.bold { Name(b"F2") } else { Name(b"F1") }
    }

    fn leading(self) -> f32 {
        self.size * 1.35
    }
}

/// Widths of the signs from the space to the tilde, in thousandths of the size, of the plain face.
const SIGNS: [u16; 95] = [
    278, 278, 355, 556, 556, 889, 667, 191, 333, 333, 389, 584, 278, 333, 278, 278, 556, 556, 556,
    556, 556, 556, 556, 556, 556, 556, 278, 278, 584, 584, 584, 556, 1015, 667, 667, 722, 722, 667,
    611, 778, 722, 278, 500, 667, 556, 833, 722, 778, 667, 778, 722, 667, 611, 722, 667, 944, 667,
    667, 611, 278, 278, 278, 469, 556, 333, 556, 556, 500, 556, 556, 278, 556, 556, 222, 222, 500,
    222, 833, 556, 556, 556, 556, 333, 500, 278, 556, 500, 722, 500, 500, 500, 334, 260, 334, 584,
];

/// How wide a text is at most: the bold face is a tenth wider, other letters are as wide as the widest that are usual.
fn width(bytes: &[u8], face: Face) -> f32 {
    let of = |byte: &u8| {
        let at = usize::from(*byte).checked_sub(32);
        let known = at.and_then(|at| SIGNS.get(at));
        f32::from(known.copied().unwrap_or(1000))
    };
    let sum: f32 = bytes.iter().map(of).sum();
    sum / 1000.0 * face.size * if face.bold { 1.1 } else { 1.0 }
}

/// A text in the encoding of the faces (Windows 1252).
fn encoded(text: &str) -> Vec<u8> {
    let byte = |c: char| match c {
        '\u{20}'..='\u{7e}' | '\u{a0}'..='\u{ff}' => u8::try_from(u32::from(c)).unwrap_or(b'?'),
        '€' => 0x80,
        '‚' => 0x82,
        '„' => 0x84,
        '…' => 0x85,
        '‘' => 0x91,
        '’' => 0x92,
        '“' => 0x93,
        '”' => 0x94,
        '•' => 0x95,
        '–' => 0x96,
        '—' => 0x97,
        '−' => b'-',
        '→' => b'>',
        _ => b'?',
    };
    one_line(text).chars().map(byte).collect()
}

/// Lines that are no wider than there is room; words that are wider alone are broken.
fn wrapped(text: &str, face: Face, room: f32) -> Vec<Vec<u8>> {
    let mut lines = Vec::new();
    let mut line: Vec<u8> = Vec::new();
    for word in encoded(text).split(|byte| *byte == b' ').filter(|word| !word.is_empty()) {
        let mut longer = line.clone();
        if !longer.is_empty() {
            longer.push(b' ');
        }
        longer.extend_from_slice(word);
        if width(&longer, face) <= room {
            line = longer;
            continue;
        }
        if !line.is_empty() {
            lines.push(std::mem::take(&mut line));
        }
        for byte in word {
            line.push(*byte);
            if width(&line, face) > room && line.len() > 1 {
                line.pop();
                lines.push(std::mem::replace(&mut line, vec![*byte]));
            }
        }
    }
    if !line.is_empty() || lines.is_empty() {
        lines.push(line);
    }
    lines
}

/// Pages that are filled from the top.
struct Pages {
    done: Vec<Content>,
    page: Content,
    /// Where the last line stands.
    at: f32,
}

impl Pages {
    fn new() -> Pages {
        Pages { done: Vec::new(), page: Content::new(), at: HEIGHT - MARGIN }
    }

    /// Begins a new page unless there is so much room on this one.
    fn room(&mut self, height: f32) {
        if self.at - height < MARGIN {
            self.done.push(std::mem::replace(&mut self.page, Content::new()));
            self.at = HEIGHT - MARGIN;
        }
    }

    fn show(&mut self, x: f32, y: f32, face: Face, line: &[u8]) {
        self.page.begin_text();
        self.page.set_font(face.name(), face.size);
        self.page.next_line(x, y);
        self.page.show(Str(line));
        self.page.end_text();
    }

    fn paragraph(&mut self, text: &str, face: Face, before: f32) {
        self.at -= before;
        for line in wrapped(text, face, WIDTH - 2.0 * MARGIN) {
            self.room(face.leading());
            self.at -= face.leading();
            self.show(MARGIN, self.at, face, &line);
        }
    }

    fn row(&mut self, cells: &[String], widths: &[f32], face: Face) {
        let cells: Vec<Vec<Vec<u8>>> =
            cells.iter().zip(widths).map(|(cell, room)| wrapped(cell, face, *room)).collect();
        let lines = cells.iter().map(Vec::len).max().unwrap_or(1);
        // A row that fits on a page is not torn apart.
        if (lines as f32) * face.leading() < HEIGHT - 2.0 * MARGIN {
            self.room((lines as f32) * face.leading() + 4.0);
        }
        for at in 0..lines {
            self.room(face.leading());
            self.at -= face.leading();
            let mut x = MARGIN;
            for (cell, room) in cells.iter().zip(widths) {
                if let Some(line) = cell.get(at) {
                    self.show(x, self.at, face, line);
                }
                x += room + GAP;
            }
        }
        self.at -= 4.0;
        self.page.set_line_width(0.4);
        self.page.set_stroke_gray(0.8);
        self.page.move_to(MARGIN, self.at + 1.0);
        self.page.line_to(WIDTH - MARGIN, self.at + 1.0);
        self.page.stroke();
    }

    /// A chart, with its scale and the first and the last of its labels.
    fn chart(&mut self, chart: &Chart) {
        let Some(is) = drawn(chart) else { return };
        self.room(CHART + 3.0 * CELL.leading());
        let (left, right) = (MARGIN + 40.0, WIDTH - MARGIN);
        let ground = self.at - CHART;
        let x = |at: f64| left + single(at) * (right - left);
        let y = |at: f64| ground + single(at) * (CHART - 12.0);
        for mark in is.marks {
            let series = match mark {
                Mark::Bar { series, .. }
                | Mark::Line { series, .. }
                | Mark::Point { series, .. } => series,
            };
            let grey = GREYS.get(series % GREYS.len()).copied().unwrap_or(0.2);
            self.page.set_fill_gray(grey);
            self.page.set_stroke_gray(grey);
            self.page.set_line_width(1.4);
            match mark {
                Mark::Bar { x: at, width, height, .. } => {
                    self.page.rect(x(at), ground, x(at + width) - x(at), y(height) - ground);
                    self.page.fill_nonzero();
                }
                Mark::Line { from, to, .. } => {
                    self.page.move_to(x(from.0), y(from.1));
                    self.page.line_to(x(to.0), y(to.1));
                    self.page.stroke();
                }
                Mark::Point { at, .. } => {
                    self.page.rect(x(at.0) - 1.0, y(at.1) - 1.0, 2.0, 2.0);
                    self.page.fill_nonzero();
                }
            }
        }
        self.page.set_fill_gray(0.0);
        self.page.set_stroke_gray(0.5);
        self.page.set_line_width(0.4);
        self.page.move_to(left, ground);
        self.page.line_to(right, ground);
        self.page.stroke();
        self.show(MARGIN, y(1.0) - 4.0, CELL, &encoded(&top(is.top)));
        self.show(MARGIN, ground, CELL, b"0");
        let below = ground - CELL.leading();
        let room = (right - left) / is.labels.len().max(1) as f32 - 4.0;
        for (at, label) in &is.labels {
            let Some(label) = wrapped(label, CELL, room).into_iter().next() else { continue };
            let wide = width(&label, CELL);
            // In the middle of what it is of, and never over an edge.
            let from = (x(*at) - wide / 2.0).max(left).min(right - wide);
            self.show(from, below, CELL, &label);
        }
        let named = |(at, of): (usize, &super::Series)| {
            let tones = ["dark", "light", "grey"];
            format!("{} ({})", of.name, tones.get(at % tones.len()).copied().unwrap_or("dark"))
        };
        let names: Vec<String> = chart.series.iter().enumerate().map(named).collect();
        self.at = below;
        self.paragraph(&format!("{}: {}", chart.title, names.join(", ")), CELL, 2.0);
    }

    fn table(&mut self, table: &Table) {
        let widths = widths(table);
        self.at -= 4.0;
        self.row(&table.columns, &widths, HEAD);
        table.rows.iter().for_each(|cells| self.row(cells, &widths, CELL));
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
        let widest = cells.map(|cell| width(&encoded(cell), CELL)).fold(0.0, f32::max);
        (widest.max(width(&encoded(name), HEAD)) + 1.0).clamp(30.0, 240.0)
    };
    let wanted: Vec<f32> =
        table.columns.iter().enumerate().map(|(at, name)| of(at, name)).collect();
    // Short ones (a level, a day) stay whole; the others share what is left.
    let is_short = |width: &f32| *width <= SHORT;
    let short: f32 = wanted.iter().copied().filter(is_short).sum();
    let long: f32 = wanted.iter().copied().filter(|width| !is_short(width)).sum();
    let left = room - short;
    let factor =
        if long > 0.0 && left > 0.0 { left / long } else { room / (short + long).max(1.0) };
    let all_fit = short + long <= room;
    let fitted = |width: f32| match is_short(&width) {
        true if left > 0.0 || all_fit => width,
        _ => width * factor,
    };
    wanted.into_iter().map(fitted).collect()
}

/// The document as PDF.
pub fn pdf(document: &Document) -> Vec<u8> {
    let mut pages = Pages::new();
    pages.paragraph(&document.title, TITLE, 0.0);
    document.lines.iter().for_each(|line| pages.paragraph(line, TEXT, 4.0));
    for section in &document.sections {
        // A heading is not the last line of a page.
        pages.room(60.0);
        pages.paragraph(&section.title, HEADING, 14.0);
        section.text.iter().for_each(|text| pages.paragraph(text, TEXT, 3.0));
        if let Some(chart) = &section.chart {
            pages.chart(chart);
        }
        if !section.table.rows.is_empty() {
            pages.table(&section.table);
        }
    }
    let Pages { mut done, page, .. } = pages;
    done.push(page);
    written(&document.title, done)
}

fn written(title: &str, contents: Vec<Content>) -> Vec<u8> {
    let (catalog, tree, info, plain, bold) =
        (Ref::new(1), Ref::new(2), Ref::new(3), Ref::new(4), Ref::new(5));
    let count = i32::try_from(contents.len()).unwrap_or(i32::MAX);
    let page = |at: i32| Ref::new(6 + 2 * at);
    let mut pdf = Pdf::new();
    let mut root = pdf.catalog(catalog);
    root.pages(tree);
    root.lang(TextStr("en"));
    root.finish();
    pdf.pages(tree).kids((0..count).map(page)).count(count);
    let mut about = pdf.document_info(info);
    about.title(TextStr(&one_line(title)));
    about.producer(TextStr(crate::TOOL));
    about.finish();
    for (font, name) in [(plain, &b"Helvetica"[..]), (bold, b"Helvetica-Bold")] {
        pdf.type1_font(font).base_font(Name(name)).encoding_predefined(Name(b"WinAnsiEncoding"));
    }
    for (at, mut content) in (0..count).zip(contents) {
        content.begin_text();
        content.set_font(Name(b"F1"), 8.0);
        content.next_line(MARGIN, MARGIN / 2.0);
        content.show(Str(format!("{} of {count}", at + 1).as_bytes()));
        content.end_text();
        let stream = Ref::new(7 + 2 * at);
        let mut one = pdf.page(page(at));
        one.parent(tree).media_box(Rect::new(0.0, 0.0, WIDTH, HEIGHT)).contents(stream);
        let mut resources = one.resources();
        let mut fonts = resources.fonts();
        fonts.pair(Name(b"F1"), plain).pair(Name(b"F2"), bold);
        fonts.finish();
        resources.finish();
        one.finish();
        pdf.stream(stream, &content.finish());
    }
    pdf.finish()
}

#[cfg(test)]
mod tests {
    use super::super::{Section, sample};
    use super::*;

    #[test]
    fn the_same_document_gives_the_same_bytes() {
        let is = pdf(&sample());
        assert!(is.starts_with(b"%PDF-1.7") && is.ends_with(b"%%EOF"));
        assert_eq!(is, pdf(&sample()));
        let text = String::from_utf8_lossy(&is);
        assert!(text.contains("(Weekly review of Team Payments)"), "{text}");
    }

    #[test]
    fn a_long_one_has_more_pages_and_nothing_stands_below_its_edge() {
        let mut long = sample();
        let words = "a-long-word-without-a-place-to-break-it ".repeat(40);
        let cell = vec![words.clone(), "Ada".to_owned()];
        long.sections[0].table.rows = vec![cell; 30];
        long.sections.push(Section { text: vec![words], ..Section::default() });
        let is = pdf(&long);
        let text = String::from_utf8_lossy(&is);
        let pages = text.matches("/Type /Page\n").count();
        assert!(pages > 3, "{pages}");
        let all = text.lines().filter_map(|line| line.strip_suffix(" Td"));
        for place in all {
            let (x, y) = place.split_once(' ').unwrap();
            let (x, y): (f32, f32) = (x.parse().unwrap(), y.parse().unwrap());
            assert!((MARGIN / 2.0..HEIGHT).contains(&y) && (MARGIN..WIDTH - MARGIN).contains(&x));
        }
    }

    #[test]
    fn lines_fit_and_lose_no_letter() {
        for (text, room) in [("one two three", 30.0), ("unbreakableunbreakable", 20.0), ("", 9.0)] {
            let lines = wrapped(text, TEXT, room);
            let letters: Vec<u8> = lines.concat().into_iter().filter(|b| *b != b' ').collect();
            assert_eq!(letters, text.replace(' ', "").as_bytes());
            assert!(lines.iter().all(|line| width(line, TEXT) <= room || line.len() == 1));
        }
        assert_eq!(encoded("Grüße — „日“\u{1b}"), b"Gr\xfc\xdfe \x97 \x84?\x93 ");
    }
}
