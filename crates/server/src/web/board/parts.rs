//! What several boards have: what is open, how the last 90 days went, and the load by day.

use std::sync::Arc;

use jiff::Timestamp;
use trimtab_pages::part::{Dial, Figure, Value, number, tenth};
use trimtab_store::{Count, FindingFilter, ScopeOf, System};

use crate::access::Who;
use crate::api::{findings, visible};
use crate::measuring::question::{Asked, Measured, Numbers, YOUNG, measure};
use crate::problem::Problem;
use crate::state::App;
use crate::web::{count, is_unsent, today, unless_unsent};

/// What is read for a board.
pub(super) struct Base {
    pub(super) now: Timestamp,
    pub(super) systems: Vec<System>,
    /// What counts to the load, of what may be seen.
    pub(super) counting: FindingFilter,
    pub(super) open: i64,
    pub(super) late: Count,
    pub(super) load: f64,
    /// Whether nothing was sent of it.
    pub(super) is_unsent: bool,
    /// The last 90 days.
    pub(super) measured: Arc<Measured>,
}

impl Base {
    pub(super) async fn of(app: &App, who: &Who) -> Result<Base, Problem> {
        findings::seen(who)?;
        let now = app.now();
        let mut systems = app.store.systems(who.org).await?.to_vec();
        let visible = visible(who, &systems);
        if let Some(may) = &visible {
            systems.retain(|s| may.contains(&s.id));
        }
        let counting =
            FindingFilter { counts: Some(true), systems: visible, ..FindingFilter::default() };
        let past = FindingFilter { due_before: Some(now), ..counting.clone() };
        let asked = Asked { days: "90".to_owned(), ..Asked::default() };
        let open = app.store.count_findings(who.org, &counting).await?.number;
        Ok(Base {
            now,
            open,
            is_unsent: open == 0 && is_unsent(app, who, counting.systems.as_deref()).await?,
            late: app.store.count_findings(who.org, &past).await?,
            load: app.store.load(who.org, &counting).await?,
            measured: measure(app, who, &asked).await?,
            systems,
            counting,
        })
    }

    pub(super) fn late(&self) -> Figure {
        Figure::of(
            shown(self.late),
            "past their deadline",
            "/findings?counts=true&due=passed&order=deadline",
        )
    }

    /// The load, and what it was 90 days ago.
    pub(super) fn load(&self) -> Figure {
        let known = self.measured.began.is_some_and(|began| began <= self.measured.other.last);
        let before = match (known, self.measured.before.load) {
            (true, Some(load)) => format!("90 days ago: {}", number(load)),
            _ => "90 days ago: not known".to_owned(),
        };
        let now = unless_unsent(self.is_unsent, number(self.load));
        Figure::of(now, "load", "/findings?counts=true").noted(before)
    }

    /// Whether the period before is known whole.
    fn known_before(&self) -> bool {
        self.measured.began.is_some_and(|began| began <= self.measured.other.first)
    }

    /// A number of the last 90 days, and of the 90 before.
    pub(super) fn period(
        &self,
        label: &str,
        of: &str,
        told: impl Fn(&Numbers) -> Option<String>,
    ) -> Figure {
        let value = told(&self.measured.now);
        let value = value
            .map_or_else(|| Value::Unknown("there was none in 90 days".to_owned()), Value::from);
        let before = told(&self.measured.before).filter(|_| self.known_before());
        let before = before.unwrap_or_else(|| "not known".to_owned());
        Figure::of(value, label, format!("/metrics/list?of={of}&days=90"))
            .noted(format!("in the 90 days before: {before}"))
    }

    pub(super) fn kept(&self) -> Figure {
        self.period("deadlines met in 90 days", "due", share)
    }

    pub(super) fn took(&self) -> Figure {
        self.period("median to remediate", "remediated", |is| is.fixed.map(|s| days(s.median)))
    }

    pub(super) fn noise(&self) -> Figure {
        let figure = self.period("interruptions per team and week", "interruptions", weekly);
        match self.measured.noise_a_week(&self.measured.now) {
            Some(_) => figure,
            None => Figure { value: Value::Unknown(YOUNG.to_owned()), ..figure },
        }
    }

    /// The load by day, of who sees all of it: of a part it is not kept, and of what nobody sent there is none.
    pub(super) async fn dial(&self, app: &App, who: &Who) -> Result<Option<Dial>, Problem> {
        if self.counting.systems.is_some() || self.is_unsent {
            return Ok(None);
        }
        let (scope, list) = (ScopeOf::Organisation, "/findings?counts=true");
        today::dial(app, who.org, scope, self.load, "all systems", list).await.map(Some)
    }
}

/// A number, or what it is at least.
pub(super) fn shown(is: Count) -> String {
    let more = if is.is_least { "+" } else { "" };
    format!("{}{more}", is.number)
}

/// The same, with what is counted.
pub(super) fn many(is: Count, one: &str, many: &str) -> String {
    if is.is_least { format!("{} {many}", shown(is)) } else { count(is.number, one, many) }
}

/// Deadlines that were met, in percent.
pub(super) fn share(is: &Numbers) -> Option<String> {
    is.deadlines.share().map(|share| format!("{:.0} %", (share * 100.0).round()))
}

/// Interruptions of a team in a week.
fn weekly(is: &Numbers) -> Option<String> {
    is.noise_a_week.map(tenth)
}

pub(super) fn days(days: f64) -> String {
    match tenth(days) {
        one if one == "1" => "1 day".to_owned(),
        told => format!("{told} days"),
    }
}
