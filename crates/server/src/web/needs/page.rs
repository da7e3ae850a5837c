//! A list of what needs somebody, all of it.

use axum::extract::{Path, Query, State};
use serde::Deserialize;
use trimtab_model::Role;
use trimtab_pages::Entry;
use trimtab_pages::page::Listing;
use trimtab_pages::part::{Link, Pager, Table};

use super::{Drawn, address, one, title};
use crate::access::Who;
use crate::api::findings;
use crate::facts::needs::{Asking, List, MOST, Told};
use crate::problem::Problem;
use crate::state::App;
use crate::web::findings::encode;
use crate::web::{Page, Sorry, html, layout};

/// How many rows a page has where it goes on by key.
const ROWS: usize = 100;

/// Which part of it.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    /// For which side. Without it: decisions to answer in any of their roles.
    #[serde(default)]
    side: String,
    after: Option<String>,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(word): Path<String>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    findings::seen(&who)?;
    let side = Role::from_word(&asked.side);
    let show = if List::of_word(&word).is_some_and(List::is_paged) { ROWS } else { MOST };
    let part = (asked.after.as_deref(), show);
    let (asking, list, told) = Asking::list(&app, &who, &word, side, part).await?;
    let number = told.number();
    let label = match one(list) {
        one if number == "1" && !one.is_empty() => one,
        _ => list.label(),
    };
    let headline = match side {
        Some(role) => format!("{}: {number} {label}.", title(role)),
        None => format!("{number} {label}."),
    };
    let mut layout = layout(&app, &who, Entry::Today, list.title(), headline).await?;
    layout.crumbs = vec![Link::to("Today", "/"), Link::words(list.title())];
    let drawn = Drawn::of(&asking, &told).await?;
    let table = all(&told, drawn, list, side);
    Ok(html(&Listing { layout, filter: None, intro: list.what().to_owned(), table }))
}

/// The table with where it goes on, or what it leaves out.
fn all(told: &Told, drawn: Drawn, list: List, side: Option<Role>) -> Table {
    let shown = drawn.rows.len();
    let after = told.next.as_ref().map(|next| {
        let here = address(list, side);
        let sign = if here.contains('?') { '&' } else { '?' };
        format!("{here}{sign}after={}", encode(next))
    });
    let cut = told.is_least || told.count > i64::try_from(shown).unwrap_or(i64::MAX);
    let pager = cut.then(|| Pager {
        shown: format!("{shown} of {}", told.number()),
        before: "".into(),
        after: after.unwrap_or_default().into(),
    });
    Table { pager, ..drawn.table(list) }
}
