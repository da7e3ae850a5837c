//! Where is it? Any package, vulnerability or licence across everything.

use axum::extract::{Query, State};
use trimtab_pages::Entry;
use trimtab_pages::page::WhereIsIt;
use trimtab_pages::part::{Cell, Column, Empty, Figure, Figures, Filter, Pager, Row, Table};

use super::findings::encode;
use super::{Page, Sorry, count, html, layout};
use crate::access::Who;
use crate::api::where_is::{Asked, find};
use crate::problem::Problem;
use crate::state::App;

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let page = find(&app, &who, &asked).await?;
    let address = match &asked.licence {
        Some(licence) => format!("/where?licence={}", encode(licence)),
        None => format!("/where?q={}", encode(&asked.q)),
    };
    let is_asked = page.is_some();
    let (rows, next) = page.map_or((Vec::new(), None), |page| (page.rows, page.next));
    let found = i64::try_from(rows.len()).unwrap_or(i64::MAX);
    let running = rows.iter().filter(|w| w.running).count();
    let headline = match (is_asked, found) {
        (false, _) => "Look for a package, a purl, a vulnerability or a licence.".to_owned(),
        (true, 0) => format!("“{}” is nowhere that you may see.", asked.q.trim()),
        (true, _) => {
            let more = if next.is_some() { "The first " } else { "" };
            format!(
                "{more}{}, {running} of them run in production.",
                count(found, "place", "places")
            )
        }
    };
    let yes = |is: bool| Cell::text(if is { "yes" } else { "no" });
    let row = |w: &trimtab_store::Where| {
        let named = |pair: &Option<(i64, String)>, path: &str, why: &str| match pair {
            Some((id, name)) => Cell::link(name.clone(), format!("/{path}/{id}")),
            None => Cell::unknown(why),
        };
        Row::of(vec![
            Cell::link(
                w.component.is.purl.clone(),
                format!("/packages?purl={}", encode(&w.component.is.package)),
            ),
            Cell::link(w.asset.1.clone(), format!("/releases?asset={}", w.asset.0)),
            named(&w.system, "systems", "nobody said to which system the asset belongs"),
            named(&w.team, "teams", "nobody said who owns it"),
            yes(w.latest),
            yes(w.running),
            Cell::text(w.scope.clone()),
            w.component
                .is
                .licence
                .clone()
                .map_or_else(|| Cell::unknown("no source says"), Cell::text),
        ])
    };
    let table = Table {
        title: "Places".to_owned(),
        columns: vec![
            Column::left("Component").kept(),
            Column::left("Asset").kept(),
            Column::left("System"),
            Column::left("Owner"),
            Column::left("Main line"),
            Column::left("Production"),
            Column::left("Scope"),
            Column::left("Licence"),
        ],
        rows: rows.iter().map(row).collect(),
        pager: next.map(|next| Pager {
            shown: count(found, "place", "places"),
            before: "".into(),
            after: format!("{address}&after={}", next.to_text()).into(),
        }),
        empty: Empty {
            why:
                "The start of a name is enough: `log4j` finds log4j-core. A purl finds one package."
                    .to_owned(),
            next: None,
        },
        ..Table::default()
    };
    let figures = Figures(vec![
        Figure::of(found.to_string(), "places", address.clone()),
        Figure::of(running.to_string(), "run in production", address.clone()),
    ]);
    let filter = Filter {
        action: "/where".into(),
        search: Some(("q".to_owned(), "What".to_owned(), asked.q.clone())),
        clear: "/where".into(),
        ..Filter::default()
    };
    let layout = layout(&app, &who, Entry::Where, "Where is it?", headline).await?;
    Ok(html(&WhereIsIt { layout, filter, figures, address, table }))
}
