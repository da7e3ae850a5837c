//! A team's card: what its updates removed, beside its own time before.

use axum::extract::{Path, Query, State};
use jiff::Timestamp;
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Goals;
use trimtab_pages::part::{
    Cell, Column, Empty, Figure, Figures, Href, Link, Notice, Row, Table, Urgency, Value, When,
    number,
};

use super::{Page, Sorry, count, html, layout, whole};
use crate::access::Who;
use crate::carding::{LEFT_OUT, Number, Removed, came, card, milestones, numbers};
use crate::problem::Problem;
use crate::state::App;
use crate::updating::{Update, title};

/// Over which time.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    #[serde(default)]
    days: String,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let is = card(&app, &who, id, &asked.days).await?;
    let now = app.now();
    let days = is.measured.period.days();
    let headline = headline(&is.now, is.cut, days);
    let name = format!("Card of {}", is.team.name);
    let mut layout = layout(&app, &who, Entry::Teams, &name, headline).await?;
    layout.crumbs = vec![
        Link::to("Teams", "/teams"),
        Link::to(is.team.name.clone(), format!("/teams/{id}")),
        Link::words("Card"),
    ];
    layout.actions.push(Link::to("Wall", format!("/wall?days={days}")));
    for (words, format) in [("Release notes", "notes"), ("Markdown", "md"), ("PDF", "pdf")] {
        let address = format!("/api/v1/teams/{id}/card?days={days}&as={format}");
        layout.actions.push(Link::to(words, address));
    }
    let metrics = format!("/metrics?team={id}&days={days}");
    let lists = [
        "#list".to_owned(),
        "#list".to_owned(),
        "#list".to_owned(),
        "#list".to_owned(),
        "#list".to_owned(),
        format!("/updates?team={id}"),
        metrics.clone(),
        format!("/findings?counts=true&team={id}"),
        metrics,
    ];
    let figures = numbers(&is).into_iter().zip(lists);
    let figures = figures.map(|(of, list)| figure(of, list, is.cut)).collect();
    let mut about = milestones(&is);
    about.push(
        "Compared with the team's own period before, and with nobody else. Load-days are those that were no longer carried, \
         until the end of the period."
            .to_owned(),
    );
    let notice =
        is.more.then(|| Notice { urgency: Urgency::Note, text: LEFT_OUT.to_owned(), next: None });
    let view = Goals {
        layout,
        notice,
        figures: Figures(figures),
        about,
        chart: None,
        list: came_in(&is.updates, now),
        more: None,
        forms: Vec::new(),
    };
    Ok(html(&view))
}

/// What updates removed in so many days. `cut`: not all of them were looked at.
pub(super) fn headline(now: &Removed, cut: bool, days: i64) -> String {
    if now.updates == 0 && !cut {
        return format!("No update came into production in {days} days.");
    }
    format!(
        "{}{} in {days} days removed {}.",
        if cut { "At least " } else { "" },
        count(whole(now.updates), "update", "updates"),
        count(whole(now.findings), "finding", "findings")
    )
}

/// What stands in the place of a number of a card that has no value: that nothing was due is known. `cut`: not all of the
/// time is.
pub(super) fn lacking(name: &str, cut: bool) -> Value {
    // What a team kept in all is not counted by its updates.
    match (name.starts_with("% "), cut && !name.starts_with("% of all ")) {
        (_, true) => Value::Unknown("there are more updates than are looked at".to_owned()),
        (true, false) => Value::from("nothing was due"),
        (false, false) => Value::Unknown("not all of it was weighed".to_owned()),
    }
}

/// A number of a card, beside the one of the period before, with the list behind it. `cut` as in [`lacking`].
pub(super) fn figure((name, value, before): Number, list: impl Into<Href>, cut: bool) -> Figure {
    let lacks = lacking(name, cut);
    // A share is a number with its sign, and what it is of.
    let (sign, name) = name.strip_prefix("% ").map_or(("", name), |name| (" %", name));
    let told = |value: f64| format!("{}{sign}", number(value));
    let value = value.map_or(lacks, |value| told(value).into());
    let before = before.map_or_else(|| "unknown".to_owned(), told);
    Figure::of(value, name, list).noted(format!("in the period before: {before}"))
}

/// The updates of a card that came into production.
pub(super) fn came_in(updates: &[Update], now: Timestamp) -> Table {
    let row = |update: &Update| {
        let here = format!("/updates/{}", update.is.id);
        Row::of(vec![
            Cell::Name(Link::to(title(&update.told), here.clone()), update.is.asset_name.clone()),
            Cell::link(update.told.removes.len().to_string(), here),
            came(update).map_or(Cell::Nothing, |at| Cell::Value(When::of(at, now).into())),
        ])
    };
    Table {
        title: "Updates that came into production".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Update").kept(),
            Column::right("Removes").kept(),
            Column::right("In production").kept(),
        ],
        rows: updates.iter().map(row).collect(),
        empty: Empty { why: "No update came into production in this time.".to_owned(), next: None },
        ..Table::default()
    }
}

#[cfg(test)]
mod tests {
    use trimtab_pages::part::Value;

    use super::lacking;

    #[test]
    fn why_a_number_is_missing_is_what_is_known_of_it() {
        let is = |name: &str, cut: bool| match lacking(name, cut) {
            Value::Unknown(why) => format!("unknown: {why}"),
            Value::Text(text) => text,
            _ => String::new(),
        };
        assert_eq!(is("% of their deadlines kept", false), "nothing was due");
        assert_eq!(is("% of all its deadlines kept", true), "nothing was due");
        let cut = "unknown: there are more updates than are looked at";
        assert_eq!(
            (is("% of their deadlines kept", true), is("load", true)),
            (cut.into(), cut.into())
        );
        assert_eq!(is("load that they removed", false), "unknown: not all of it was weighed");
    }
}
