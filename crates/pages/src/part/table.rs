//! The table: names left, numbers right, one line a row, a link in every number. Rows can be chosen
//! where something can be done to many; pages go by key, never by count.

#![expect(unused_qualifications, reason = "askama writes them for an enum")]

use askama::Template;

use super::{Dial, Filled, Href, Link, Mark, Value, When};

/// How a column stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    /// Names and words.
    Left,
    /// Numbers.
    Right,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// How it stands.
    pub align: Align,
    /// Whether it stays on a narrow screen.
    pub keep: bool,
    /// The list in this order, where an index backs it.
    pub sort: Href,
    /// `ascending`, `descending`, or nothing: how the list is ordered by it now.
    pub sorted: &'static str,
}

impl Column {
    /// A column of names or words.
    pub fn left(name: impl Into<String>) -> Column {
        Column {
            name: name.into(),
            align: Align::Left,
            keep: false,
            sort: Href::default(),
            sorted: "",
        }
    }

    /// A column of numbers.
    pub fn right(name: impl Into<String>) -> Column {
        Column { align: Align::Right, ..Column::left(name) }
    }

    /// One that stays on a narrow screen.
    #[must_use]
    pub fn kept(mut self) -> Column {
        self.keep = true;
        self
    }

    /// One that the list can be ordered by.
    #[must_use]
    pub fn sorts(mut self, href: impl Into<Href>, sorted: &'static str) -> Column {
        self.sort = href.into();
        self.sorted = sorted;
        self
    }

    fn class(&self) -> &'static str {
        match (self.align, self.keep) {
            (Align::Left, false) => "",
            (Align::Left, true) => "keep",
            (Align::Right, false) => "n",
            (Align::Right, true) => "n keep",
        }
    }
}

/// What stands in a row under a column.
#[derive(Debug, Clone, PartialEq, Template)]
#[template(path = "part/cell.html")]
pub enum Cell {
    /// A value.
    Value(Value),
    /// The name of the row, leading to it, with a second thing to know.
    Name(Link, String),
    /// A level.
    Mark(Mark),
    /// A level, and how many there are of it.
    Count(Mark, Link),
    /// A deadline; past ones stand out.
    Due(When, bool),
    /// A change in words, and whether it is for the better; nothing if it is neither.
    Change(String, Option<bool>),
    /// A small dial: load, change and line.
    Dial(Box<Dial>),
    /// How full something is.
    Filled(Filled),
    /// Short words, each with a frame.
    Tags(Vec<String>),
    /// Nothing belongs here, and that is not unknown.
    Nothing,
}

impl Cell {
    /// Plain words.
    pub fn text(text: impl Into<String>) -> Cell {
        Cell::Value(Value::Text(text.into()))
    }

    /// Code: a version, a purl.
    pub fn code(code: impl Into<String>) -> Cell {
        Cell::Value(Value::Code(code.into()))
    }

    /// A number or word that opens its list.
    pub fn link(text: impl Into<String>, href: impl Into<Href>) -> Cell {
        Cell::Value(Value::Link(Link::to(text, href)))
    }

    /// The row's name, without a second line.
    pub fn name(text: impl Into<String>, href: impl Into<Href>) -> Cell {
        Cell::Name(Link::to(text, href), String::new())
    }

    /// Not known, and why.
    pub fn unknown(why: impl Into<String>) -> Cell {
        Cell::Value(Value::Unknown(why.into()))
    }
}

/// One row.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Row {
    /// What the row is in a request, where rows can be chosen.
    pub id: String,
    /// What is chosen, for screen readers.
    pub label: String,
    /// Its cells, in the order of the columns.
    pub cells: Vec<Cell>,
}

impl Row {
    /// A row that cannot be chosen.
    pub fn of(cells: Vec<Cell>) -> Row {
        Row { id: String::new(), label: String::new(), cells }
    }
}

/// What can be done to the rows that are chosen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bulk {
    /// Where the choice is sent.
    pub action: Href,
    /// The token against forged requests.
    pub csrf: String,
    /// The buttons: value of `do`, and words.
    pub verbs: Vec<(String, String)>,
}

/// The rest of a list.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Pager {
    /// What is shown, in words: `1–50 of 1,204`, `more than 10,000`.
    pub shown: String,
    /// The rows before.
    pub before: Href,
    /// The rows after.
    pub after: Href,
}

/// Why a table is empty, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Empty {
    /// Why.
    pub why: String,
    /// What to do.
    pub next: Option<Link>,
}

/// How many columns fit on a narrow screen whatever is in them.
const WHOLE: usize = 4;

/// A table.
#[derive(Debug, Clone, PartialEq, Default, Template)]
#[template(path = "part/table.html")]
pub struct Table {
    /// What it lists.
    pub title: String,
    /// Whether the title is shown, or only told to screen readers.
    pub titled: bool,
    /// Its columns.
    pub columns: Vec<Column>,
    /// Its rows.
    pub rows: Vec<Row>,
    /// What can be done to rows.
    pub bulk: Option<Bulk>,
    /// The rest of the list.
    pub pager: Option<Pager>,
    /// What is said if there is no row.
    pub empty: Empty,
    /// The same as CSV.
    pub csv: Href,
}

impl Table {
    /// Whether all columns stay on a narrow screen: then it stays a table there, unless there are more
    /// numbers in it than fit beside each other.
    fn is_whole(&self) -> bool {
        let numbers = self.columns.iter().filter(|c| c.align == Align::Right).count();
        self.columns.iter().all(|c| c.keep) && (self.columns.len() <= WHOLE || numbers < 3)
    }

    /// Cells with their columns; more cells than columns are not drawn.
    fn pairs<'s>(&'s self, row: &'s Row) -> impl Iterator<Item = (&'s Column, &'s Cell)> {
        self.columns.iter().zip(&row.cells)
    }
}

super::renders_itself!(Cell, Table);
