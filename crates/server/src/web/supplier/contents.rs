//! What the products of a supplier contain, by package: where it is, findings, what they state of them.

use axum::extract::{Path, Query, State};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Supplier as View;
use trimtab_pages::part::{Cell, Column, Empty, Figure, Figures, Link, Pairs, Row, Table};

use crate::access::Who;
use crate::api::cursor;
use crate::problem::Problem;
use crate::state::App;
use crate::supplying::contents::{self, Content, Stated};
use crate::supplying::{self, Seen};
use crate::web::findings::encode;
use crate::web::today::short;
use crate::web::{Page, Sorry, asking, count, html, layout, pager};

/// How many are shown.
const SHOWN: usize = 100;

/// Which.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Asked {
    product: Option<i64>,
    #[serde(default)]
    affected: String,
    after: Option<String>,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path(id): Path<i64>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let seen = supplying::find(&app, &who, id).await?;
    let affected = asked.affected == "yes";
    let after = cursor(asked.after.as_deref())?;
    let of = (asked.product, affected);
    let (rows, next) = contents::page(&app, &who, &seen, of, (after, SHOWN)).await?;
    let assets: Vec<i64> = match asked.product {
        Some(product) => vec![seen.product(product)?.asset],
        None => seen.products.iter().map(|product| product.asset).collect(),
    };
    let (all, wrong) = app.store.count_contained(who.org, &assets).await?;
    let name = &seen.is.is.name;
    let headline = format!(
        "{name} delivers {}, {wrong} of them with findings.",
        count(all, "component", "components")
    );
    let mut layout =
        layout(&app, &who, Entry::Systems, "What a supplier delivers", headline).await?;
    let here = format!("/suppliers/{id}/packages");
    layout.crumbs = vec![
        Link::to("Suppliers", "/suppliers"),
        Link::to(name.clone(), format!("/suppliers/{id}")),
        Link::words("Packages"),
    ];
    let product = asked.product.map(|product| product.to_string());
    let address = |affected: bool, after: Option<String>| {
        asking(
            &here,
            &[
                ("product", product.clone()),
                ("affected", affected.then(|| "yes".to_owned())),
                ("after", after),
            ],
        )
    };
    let pager =
        pager(rows.len(), asked.after.is_none(), next, |next| address(affected, Some(next)));
    let figures = Figures(vec![
        Figure::of(all.to_string(), "components", address(false, None)),
        Figure::of(wrong.to_string(), "with findings", address(true, None)),
    ]);
    let table = Table { pager, ..table(&rows, &seen, affected) };
    Ok(html(&View {
        layout,
        notice: None,
        fresh: Pairs::default(),
        figures,
        about: vec![
            "From their newest SBOMs and those of what runs. What they state, in documents and answers, is shown whether it \
             is in force or still waits to be reviewed: of each vulnerability the newest statement about this version."
                .to_owned(),
        ],
        facts: Pairs::default(),
        promised: Vec::new(),
        tables: vec![("packages", table)],
        forms: Vec::new(),
    }))
}

fn stated(is: &Stated) -> String {
    let mut all: Vec<String> = is
        .by_status
        .iter()
        .map(|(status, number)| format!("{number} {}", status.replace('_', " ")))
        .collect();
    if is.unstated > 0 {
        all.push(format!("{} not answered", is.unstated));
    }
    all.join(", ")
}

fn table(rows: &[Content], seen: &Seen, affected: bool) -> Table {
    let row = |one: &Content| {
        let is = &one.is.component.is;
        let (name, _) = short(&is.package);
        let product = seen.products.iter().find(|product| product.id == one.product);
        let package = encode(&is.package);
        let findings = format!("/findings?asset={}&package={package}", one.is.asset);
        Row::of(vec![
            Cell::Name(
                Link::to(name, format!("/packages?purl={package}")),
                product.map(|product| product.name.clone()).unwrap_or_default(),
            ),
            match &is.version {
                Some(version) => Cell::code(version.clone()),
                None => Cell::unknown("no version is told"),
            },
            match &is.licence {
                Some(licence) => Cell::text(licence.clone()),
                None => Cell::unknown("no document declares one"),
            },
            match one.is.findings {
                0 => Cell::text("0"),
                number => Cell::link(number.to_string(), findings),
            },
            match &one.stated {
                _ if one.is.findings == 0 => Cell::Nothing,
                Some(is) => Cell::text(stated(is)),
                None => Cell::unknown(
                    "there are more findings, documents or products than are looked at at once",
                ),
            },
        ])
    };
    let why = match affected {
        true => "Nothing of what they deliver has findings.",
        false => "No SBOM of theirs was read yet.",
    };
    Table {
        title: "Packages and components".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Package").kept(),
            Column::left("Version").kept(),
            Column::left("Licence"),
            Column::right("Findings").kept(),
            Column::left("They state"),
        ],
        rows: rows.iter().map(row).collect(),
        empty: Empty { why: why.to_owned(), next: None },
        ..Table::default()
    }
}
