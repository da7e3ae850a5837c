//! A list as CSV, to take away: no cell is a formula to a spreadsheet, and what is left out is told in a last line.

use axum::http::header;
use axum::response::{IntoResponse, Response};
use trimtab_report::csv::inert;

use crate::problem::Problem;

/// A list that is written.
pub(crate) struct Sheet {
    table: ::csv::Writer<Vec<u8>>,
    width: usize,
}

impl Sheet {
    /// One with a header.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn new(header: &[&str]) -> Result<Sheet, Problem> {
        let table =
            ::csv::WriterBuilder::new().terminator(::csv::Terminator::CRLF).from_writer(Vec::new());
        let mut sheet = Sheet { table, width: header.len() };
        sheet.table.write_record(header).map_err(|e| wrong(&e))?;
        Ok(sheet)
    }

    /// Adds a row.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn row(
        &mut self,
        cells: impl IntoIterator<Item = impl AsRef<str>>,
    ) -> Result<(), Problem> {
        let cells = cells.into_iter().map(|cell| inert(cell.as_ref()));
        self.table.write_record(cells).map_err(|e| wrong(&e))
    }

    /// Says in a last row that there would be more.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn cut(&mut self, said: String) -> Result<(), Problem> {
        let mut last = vec![said];
        last.resize(self.width, String::new());
        self.table.write_record(last).map_err(|e| wrong(&e))
    }

    /// The answer: a file of a name.
    ///
    /// # Errors
    /// It cannot be written.
    pub(crate) fn answer(self, name: &str) -> Result<Response, Problem> {
        let text = self.table.into_inner().map_err(|e| wrong(&e))?;
        let headers = [
            (header::CONTENT_TYPE, "text/csv; charset=utf-8".to_owned()),
            (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
        ];
        Ok((headers, text).into_response())
    }
}

fn wrong(error: &dyn std::fmt::Display) -> Problem {
    tracing::error!(%error, "a list cannot be written");
    Problem::conflict("The list cannot be written.")
}
