//! Where is it? Any package, range of versions, vulnerability or licence across everything.

use axum::extract::{Query, State};
use axum::response::Response;
use trimtab_pages::Entry;
use trimtab_pages::page::WhereIsIt;
use trimtab_pages::part::{Cell, Column, Empty, Figure, Figures, Filter, Link, Pager, Row, Table};
use trimtab_store::Where;

use super::facets::answers;
use super::findings::{encode, with};
use super::{Page, Sorry, asking, count, html, layout};
use crate::access::Who;
use crate::api::where_is::{Asked, Found, Search, find};
use crate::facts::sheet::Sheet;
use crate::problem::Problem;
use crate::state::App;

/// The most places of a file.
const MOST: usize = 100_000;
/// How many are read at once for it.
const BLOCK: usize = 500;

const HEADER: [&str; 12] = [
    "Component",
    "Version",
    "Licence",
    "Asset",
    "System",
    "Owner",
    "Listed by an inventory",
    "Main line",
    "Production",
    "Environments",
    "Scope",
    "Relation",
];

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let found = find(&app, &who, &asked).await?;
    let is_asked = found.is_some();
    let (mut rows, next, unknown) = found
        .map_or((Vec::new(), None, 0), |Found { page, unknown }| (page.rows, page.next, unknown));
    app.store.tell_environments(who.org, &mut rows).await?;
    let address = address("/where", &asked, &[]);
    let places = count(i64::try_from(rows.len()).unwrap_or(i64::MAX), "place", "places");
    let running = rows.iter().filter(|w| w.running).count();
    let mut headline = match (is_asked, rows.len()) {
        (false, _) => "Look for a package, a purl, a vulnerability or a licence.".to_owned(),
        (true, 0) => format!("{} is nowhere that you can see.", told(&asked)),
        (true, _) => {
            let part = match (asked.after.is_some(), next.is_some()) {
                (false, false) => "",
                (false, true) => "The first ",
                (true, true) => "The next ",
                (true, false) => "The last ",
            };
            format!("{part}{places}, {running} of them run in production.")
        }
    };
    if unknown > 0 {
        let unknown = count(i64::try_from(unknown).unwrap_or(i64::MAX), "version", "versions");
        headline += &format!(" {unknown} cannot be compared and may be meant as well.");
    }
    let whole = next.is_none() && asked.after.is_none();
    let label = |whole_label: &str, shown: &str| {
        if whole { whole_label.to_owned() } else { shown.to_owned() }
    };
    let figures = vec![
        Figure::of(rows.len().to_string(), label("places", "places shown"), address.clone())
            .or_one(label("place", "place shown")),
        Figure::of(
            running.to_string(),
            label("run in production", "of them run in production"),
            self::address("/where", &asked, &[("running", "true")]),
        ),
    ];
    // Where nothing was asked, nothing was counted.
    let figures = Figures(if is_asked { figures } else { Vec::new() });
    let table = Table {
        title: "Places".to_owned(),
        columns: vec![
            Column::left("Component").kept(),
            Column::left("Asset").kept(),
            Column::left("System"),
            Column::left("Owner"),
            Column::left("Main line"),
            Column::left("Production"),
            Column::left("Runs in"),
            Column::left("Scope"),
            Column::left("Licence"),
        ],
        rows: rows.iter().map(row).collect(),
        pager: next.map(|next| Pager {
            shown: places,
            before: "".into(),
            after: self::address("/where", &asked, &[("after", &next.to_text())]).into(),
        }),
        empty: Empty {
            why: "The start of a name is enough: `log4j` finds log4j-core. A purl finds one package, \
                  and a version or range narrows it: `pkg:npm/lodash <4.17.21`."
                .to_owned(),
            next: None,
        },
        csv: if is_asked {
            self::address("/where.csv", &asked, &[]).into()
        } else {
            "".into()
        },
        ..Table::default()
    };
    let layout = layout(&app, &who, Entry::Where, "Where is it?", headline).await?;
    Ok(html(&WhereIsIt { layout, filter: filter(&asked), figures, address, table }))
}

/// What was asked, in words.
fn told(asked: &Asked) -> String {
    let parts = [Some(&asked.q), asked.version.as_ref(), asked.licence.as_ref()];
    let parts: Vec<&str> = parts.into_iter().flatten().map(|p| p.trim()).collect();
    let parts: Vec<&str> = parts.into_iter().filter(|p| !p.is_empty()).collect();
    format!("“{}”", parts.join(" "))
}

fn filter(asked: &Asked) -> Filter {
    let text = |text: &Option<String>| text.clone().unwrap_or_default();
    let running = asked.running.filter(|is| *is).map(|_| "true");
    let facet = answers("running", "In production", running, &[("true", "only")]);
    let chip = |name: &str, words: String| Link::to(words, address("/where", asked, &[(name, "")]));
    let mut chips = Vec::new();
    chips.extend(
        asked
            .version
            .as_ref()
            .filter(|v| !v.is_empty())
            .map(|v| chip("version", format!("version: {v}"))),
    );
    chips.extend(
        asked
            .licence
            .as_ref()
            .filter(|l| !l.is_empty())
            .map(|l| chip("licence", format!("licence: {l}"))),
    );
    chips.extend(running.map(|_| chip("running", "only in production".to_owned())));
    Filter {
        action: "/where".into(),
        search: Some((
            "q".to_owned(),
            "Package, purl or vulnerability".to_owned(),
            asked.q.clone(),
        )),
        also: vec![
            ("version".to_owned(), "Version or range".to_owned(), text(&asked.version)),
            ("licence".to_owned(), "Licence".to_owned(), text(&asked.licence)),
        ],
        facets: vec![facet],
        chips,
        clear: "/where".into(),
        ..Filter::default()
    }
}

/// The address of the same search with some members changed; the page begins anew.
fn address(path: &str, asked: &Asked, changed: &[(&str, &str)]) -> String {
    let members = [
        ("q", Some(asked.q.clone())),
        ("version", asked.version.clone()),
        ("licence", asked.licence.clone()),
        ("running", asked.running.filter(|is| *is).map(|is| is.to_string())),
        ("after", None),
    ];
    asking(path, &with(members, changed))
}

fn row(w: &Where) -> Row {
    let named = |pair: &Option<(i64, String)>, path: &str, why: &str| match pair {
        Some((id, name)) => Cell::link(name.clone(), format!("/{path}/{id}")),
        None => Cell::unknown(why),
    };
    let yes = |is: bool| match (w.listed, is) {
        (false, _) => Cell::unknown("a scanner reported it; no inventory lists it"),
        (true, true) => Cell::text("yes"),
        (true, false) => Cell::text("no"),
    };
    let runs = match (w.environments.as_slice(), w.listed) {
        ([], true) => Cell::text("in no known deployment"),
        ([], false) => Cell::unknown("a scanner reported it; no inventory lists it"),
        (environments, _) => Cell::text(environments.join(", ")),
    };
    Row::of(vec![
        Cell::link(
            w.component.is.purl.clone(),
            format!("/packages?purl={}", encode(&w.component.is.package)),
        ),
        Cell::link(w.asset.1.clone(), format!("/releases?asset={}", w.asset.0)),
        named(&w.system, "systems", "the asset is assigned to no system"),
        named(&w.team, "teams", "no owner is recorded"),
        yes(w.latest),
        yes(w.running),
        runs,
        Cell::text(w.scope.clone()),
        w.component.is.licence.clone().map_or_else(|| Cell::unknown("no source says"), Cell::text),
    ])
}

/// The whole answer, to take away.
pub(crate) async fn csv(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Result<Response, Sorry> {
    let who = who.map_err(Sorry::from)?;
    let search = Search::of(&app, &who, &asked).await?;
    let mut search =
        search.ok_or_else(|| Problem::invalid("Set `q` or `licence`: what to look for."))?;
    let mut sheet = Sheet::new(&HEADER)?;
    let (mut after, mut written) = (None, 0);
    loop {
        let mut page = search.page(&app, who.org, after, BLOCK).await?.page;
        app.store.tell_environments(who.org, &mut page.rows).await?;
        for place in &page.rows {
            sheet.row(cells(place))?;
        }
        written += page.rows.len();
        after = page.next;
        if after.is_none() {
            break;
        }
        if written >= MOST {
            sheet.cut(format!("Only the first {written} are listed."))?;
            break;
        }
    }
    Ok(sheet.answer("places.csv")?)
}

fn cells(w: &Where) -> [String; 12] {
    let is = &w.component.is;
    let or_unknown = |text: Option<&String>| text.map_or("unknown", String::as_str).to_owned();
    let yes = |yes: bool| match (w.listed, yes) {
        (false, _) => "unknown".to_owned(),
        (true, true) => "yes".to_owned(),
        (true, false) => "no".to_owned(),
    };
    [
        is.package.clone(),
        or_unknown(is.version.as_ref()),
        or_unknown(is.licence.as_ref()),
        w.asset.1.clone(),
        or_unknown(w.system.as_ref().map(|s| &s.1)),
        or_unknown(w.team.as_ref().map(|t| &t.1)),
        if w.listed { "yes" } else { "no" }.to_owned(),
        yes(w.latest),
        yes(w.running),
        if w.listed { w.environments.join(" ") } else { "unknown".to_owned() },
        w.scope.clone(),
        w.relation.clone(),
    ]
}
