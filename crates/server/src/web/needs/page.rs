//! A list of what needs somebody, all of it.

use axum::extract::{Path, Query, State};
use serde::Deserialize;
use trimtab_model::Role;
use trimtab_pages::Entry;
use trimtab_pages::page::Listing;
use trimtab_pages::part::{Link, Pager, Table};

use super::{Asking, List, MOST, Reach, Told, answers, title};
use crate::access::Who;
use crate::api::findings;
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
    let missing = || Problem::not_found("list");
    let list = List::of_word(&word).ok_or_else(missing)?;
    let answers = if list == List::Answers { MOST } else { 0 };
    let asking = Asking::new(&app, &who, answers).await?;
    let side = Role::from_word(&asked.side);
    let told = match (list, side) {
        (List::Answers, None) => answers::asked(&asking, None, MOST).await?,
        (_, None) => return Err(missing().into()),
        (_, Some(role)) => {
            let held =
                super::SIDES.iter().any(|(side, lists)| *side == role && lists.contains(&list));
            let reach =
                Reach::of(&who, role, &asking.agreed.stored).filter(|r| held && r.has(list));
            let reach = reach.ok_or_else(missing)?;
            let show = match list {
                List::Choices | List::Unweighed | List::Fresh => ROWS,
                _ => MOST,
            };
            asking.tell(list, role, &reach, show, asked.after.as_deref()).await?
        }
    };
    let headline = match side {
        Some(role) => format!("{}: {} {}.", title(role), told.number(), list.label()),
        None => format!("{} {}.", told.number(), list.label()),
    };
    let mut layout = layout(&app, &who, Entry::Today, list.title(), headline).await?;
    layout.crumbs = vec![Link::to("Today", "/"), Link::words(list.title())];
    let table = all(told, list, side);
    Ok(html(&Listing { layout, filter: None, intro: list.what().to_owned(), table }))
}

/// The table with where it goes on, or what it leaves out.
fn all(told: Told, list: List, side: Option<Role>) -> Table {
    let shown = told.rows.len();
    let after = told.next.as_ref().map(|next| {
        let here = list.address(side);
        let sign = if here.contains('?') { '&' } else { '?' };
        format!("{here}{sign}after={}", encode(next))
    });
    let cut = told.is_least || told.count > i64::try_from(shown).unwrap_or(i64::MAX);
    let pager = cut.then(|| Pager {
        shown: format!("{shown} of {}", told.number()),
        before: "".into(),
        after: after.unwrap_or_default().into(),
    });
    Table { pager, ..told.table(list) }
}
