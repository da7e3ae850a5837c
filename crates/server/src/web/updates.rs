//! Batches that were carried out, and how far each is.

use axum::extract::{Query, State};
use trimtab_pages::Entry;
use trimtab_pages::page::Updates;
use trimtab_pages::part::{Cell, Column, Empty, Figure, Figures, Link, Row, Table, When};
use trimtab_store::Cursor;

use super::{Page, Sorry, asking, count, html, layout, pager, whole};
use crate::access::Who;
use crate::api::updates::{Asked, all};
use crate::problem::Problem;
use crate::state::App;
use crate::updating::{Far, Update, title};

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (updates, next) = all(&app, &who, &asked).await?;
    let now = app.now();
    let of = |far: Far| updates.iter().filter(|u| u.far == far).count();
    let waiting = of(Far::CarriedOut);
    let headline = match updates.len() {
        0 => "No batch has been carried out yet.".to_owned(),
        all => format!(
            "{}{} carried out; {} to be merged.",
            if next.is_some() { "The newest: " } else { "" },
            count(whole(all), "batch was", "batches were"),
            count(whole(waiting), "waits", "wait")
        ),
    };
    let here = match (asked.team, asked.asset) {
        (Some(team), _) => format!("/updates?team={team}"),
        (None, Some(asset)) => format!("/updates?asset={asset}"),
        (None, None) => "/updates".to_owned(),
    };
    let mut layout = layout(&app, &who, Entry::Plan, "Updates", headline).await?;
    layout.crumbs = vec![Link::to("Plan", "/plan"), Link::words("Updates")];
    let figure = |far, label: &str| {
        let one = label.replacen("wait ", "waits ", 1);
        Figure::of(of(far).to_string(), label, here.clone()).or_one(one)
    };
    let figures = Figures(vec![
        figure(Far::CarriedOut, "wait to be merged"),
        figure(Far::Merged, "wait to be deployed"),
        figure(Far::Deployed, "in production"),
        figure(Far::Reverted, "rolled back"),
    ]);
    let row = |update: &Update| {
        let here = format!("/updates/{}", update.is.id);
        let asset = format!("/findings?state=any&asset={}", update.is.is.asset);
        Row::of(vec![
            Cell::Name(Link::to(title(&update.told), here.clone()), update.is.is.batch.clone()),
            Cell::link(update.is.asset_name.clone(), asset),
            Cell::text(update.far.words()),
            Cell::link(update.told.removes.len().to_string(), here),
            Cell::Value(When::of(update.is.is.at, now).into()),
        ])
    };
    let list = Table {
        title: "Updates".to_owned(),
        columns: vec![
            Column::left("Batch").kept(),
            Column::left("Asset"),
            Column::left("State").kept(),
            Column::right("Removes"),
            Column::right("Carried out"),
        ],
        rows: updates.iter().map(row).collect(),
        pager: pager(updates.len(), asked.after.is_none(), next.map(Cursor::to_text), |next| {
            let id = |id: Option<i64>| id.map(|id| id.to_string());
            let of = [("team", id(asked.team)), ("asset", id(asked.asset)), ("after", Some(next))];
            asking("/updates", &of)
        }),
        empty: Empty {
            why: "Push what `trimtab apply` wrote: `trimtab push --applied FILE`.".to_owned(),
            next: None,
        },
        ..Table::default()
    };
    Ok(html(&Updates { layout, figures, list }))
}
