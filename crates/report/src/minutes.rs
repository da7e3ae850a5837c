//! Minutes and packs of reviews, to be taken away: one document, a file for each format.

mod chart;
mod html;
mod markdown;
mod pdf;
mod plain;

pub use html::{STYLE, html};
pub use markdown::markdown;
pub use pdf::pdf;
pub use plain::plain;

/// A document.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Document {
    /// Its title.
    pub title: String,
    /// What it says first, a sentence or line each.
    pub lines: Vec<String>,
    /// Its sections, in order.
    pub sections: Vec<Section>,
}

/// A section.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Section {
    /// Its title.
    pub title: String,
    /// What it says, a paragraph each.
    pub text: Vec<String>,
    /// Its chart, of which the table below has the same values.
    pub chart: Option<Chart>,
    /// Its table; without rows it is not written.
    pub table: Table,
}

/// A chart: lines of values over the same labels.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Chart {
    /// What it shows, with its unit.
    pub title: String,
    /// What stands below, from left to right.
    pub labels: Vec<String>,
    /// The lines.
    pub series: Vec<Series>,
}

/// A line of values.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Series {
    /// What it is.
    pub name: String,
    /// A value for each label. `None`: unknown.
    pub values: Vec<Option<f64>>,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Table {
    /// The names of its columns.
    pub columns: Vec<String>,
    /// Its rows, a cell for each column.
    pub rows: Vec<Vec<String>>,
}

impl Table {
    /// A table of some columns. Each row has a cell for each of them.
    pub fn of(columns: &[&str], rows: Vec<Vec<String>>) -> Table {
        Table { columns: columns.iter().map(|name| (*name).to_owned()).collect(), rows }
    }
}

#[cfg(test)]
pub(crate) fn sample() -> Document {
    let row = |cells: [&str; 2]| cells.map(ToOwned::to_owned).to_vec();
    Document {
        title: "Weekly review of Team Payments".to_owned(),
        lines: vec!["2026-11-23 09:00 UTC, 28 of 30 minutes.".to_owned()],
        sections: vec![
            Section {
                title: "Decisions".to_owned(),
                text: vec!["2 decisions.".to_owned()],
                table: Table {
                    columns: vec!["What".to_owned(), "Owner".to_owned()],
                    rows: vec![
                        row(["Raise log4j | \"now\" <b>", "Ada @ops"]),
                        row(["Grüße, — „日本“", "Bo\u{202e}\u{1b}"]),
                    ],
                },
                ..Section::default()
            },
            Section {
                title: "Load".to_owned(),
                chart: Some(Chart {
                    title: "Load <of> the day".to_owned(),
                    labels: ["one", "two", "three"].map(ToOwned::to_owned).to_vec(),
                    series: vec![Series {
                        name: "load".to_owned(),
                        values: vec![Some(4.0), None, Some(2.0)],
                    }],
                }),
                ..Section::default()
            },
            Section { title: "Nothing".to_owned(), ..Section::default() },
        ],
    }
}
