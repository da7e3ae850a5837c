//! CSV with a header. A row that is damaged is left out and counted; the others are read.

use csv::{ReaderBuilder, StringRecord};

use crate::reading::{MAX_ATTRIBUTIONS, Reading};

/// The most columns of a row.
const MAX_COLUMNS: usize = 1_000;

/// A table.
pub(crate) struct Table {
    columns: StringRecord,
    rows: Vec<StringRecord>,
    damaged: usize,
}

/// A row of a table.
#[derive(Clone, Copy)]
pub(crate) struct Row<'t> {
    columns: &'t StringRecord,
    row: &'t StringRecord,
}

impl Table {
    pub(crate) fn read(text: &str) -> Table {
        let mut reader =
            ReaderBuilder::new().flexible(true).has_headers(true).from_reader(text.as_bytes());
        let columns = reader.headers().cloned().unwrap_or_default();
        let (mut rows, mut damaged) = (Vec::new(), 0);
        for row in reader.records() {
            match row {
                // What is beyond the most that is taken is not even kept.
                Ok(row) if rows.len() <= MAX_ATTRIBUTIONS && row.len() <= MAX_COLUMNS => {
                    rows.push(row);
                }
                _ => damaged += 1,
            }
        }
        Table { columns, rows, damaged }
    }

    pub(crate) fn rows(&self) -> impl Iterator<Item = Row<'_>> {
        self.rows.iter().map(|row| Row { columns: &self.columns, row })
    }

    /// Says how many rows are damaged.
    pub(crate) fn tell(&self, reading: &mut Reading) {
        (0..self.damaged)
            .for_each(|_| reading.leave_out("a row that is damaged, or beyond a limit"));
    }
}

impl<'t> Row<'t> {
    /// The value of the first column of a name, if it is not empty.
    pub(crate) fn first(self, column: &str) -> Option<&'t str> {
        let at = self.columns.iter().position(|name| name.trim() == column)?;
        self.row.get(at).map(str::trim).filter(|said| !said.is_empty())
    }

    /// The value of the last column of a name.
    pub(crate) fn last(self, column: &str) -> Option<&'t str> {
        let same = |(_, name): &(usize, &str)| name.trim() == column;
        let (at, _) = self.columns.iter().enumerate().filter(same).last()?;
        self.row.get(at).map(str::trim).filter(|said| !said.is_empty())
    }
}
