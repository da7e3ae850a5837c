//! How a system or a team stands: what is open of it, in its headline, its figures and the list of what is due first.

use jiff::Timestamp;
use trimtab_pages::part::{Empty, Figure, Table, number};
use trimtab_store::{Finding, FindingFilter, FindingOrder, StoreError};

use super::today::{columns, row};
use crate::access::Who;
use crate::state::App;

/// What is open.
pub(super) struct Standing {
    open: i64,
    late: i64,
    pub(super) load: f64,
    /// What is due first.
    pub(super) queue: Vec<Finding>,
}

impl Standing {
    /// Of the findings of a filter, the first so many.
    pub(super) async fn of(
        app: &App,
        who: &Who,
        filter: &FindingFilter,
        most: usize,
        now: Timestamp,
    ) -> Result<Standing, StoreError> {
        let filter = FindingFilter { counts: Some(true), ..filter.clone() };
        let late = FindingFilter { due_before: Some(now), ..filter.clone() };
        let open = app.store.count_findings(who.org, &filter).await?.number;
        let late = app.store.count_findings(who.org, &late).await?.number;
        let load = app.store.load(who.org, &filter).await?;
        let queue =
            app.store.findings(who.org, &filter, FindingOrder::Deadline, None, most).await?;
        Ok(Standing { open, late, load, queue: queue.rows })
    }

    pub(super) fn headline(&self, name: &str) -> String {
        match (self.open, self.late) {
            (0, _) => format!("{name} has no open finding that counts."),
            (1, 0) => format!("{name} has 1 open finding, which is not past its deadline."),
            (1, _) => format!("{name} has 1 open finding, which is past its deadline."),
            (open, 0) => format!("{name} has {open} open findings, none past its deadline."),
            (open, 1) => format!("{name} has {open} open findings, 1 past its deadline."),
            (open, late) => format!("{name} has {open} open findings, {late} past their deadline."),
        }
    }

    /// The figures, each with its list.
    pub(super) fn figures(&self, list: &str) -> Vec<Figure> {
        vec![
            Figure::of(self.late.to_string(), "past their deadline", format!("{list}&due=passed"))
                .or_one("past its deadline"),
            Figure::of(self.open.to_string(), "open, counting towards the load", list.to_owned()),
            Figure::of(number(self.load), "load", list.to_owned()),
        ]
    }

    /// What is due first; `none` is said where nothing is.
    pub(super) fn table(&self, none: &str, now: Timestamp) -> Table {
        Table {
            title: "Due first".to_owned(),
            titled: true,
            columns: columns(),
            rows: self.queue.iter().map(|f| row(f, now)).collect(),
            empty: Empty { why: none.to_owned(), next: None },
            ..Table::default()
        }
    }
}
