//! What is different between two snapshots of an asset: components and findings.

use axum::extract::{Query, State};
use trimtab_pages::Entry;
use trimtab_pages::page::Release;
use trimtab_pages::part::{
    Cell, Choice, Column, Empty, Facet, Figure, Figures, Filter, Link, Pager, Pairs, Row, Table,
    Value, When,
};
use trimtab_store::{Component, Snapshot};

use super::findings::encode;
use super::today::short;
use super::{Page, Sorry, count, html, layout};
use crate::access::Who;
use crate::facts::release::{Asked, Facts, MOST, Sides};
use crate::problem::Problem;
use crate::state::App;

/// The most rows of a table.
const SHOWN: usize = 500;

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let facts = Facts::of(&app, &who, &asked).await?;
    let (asset, now) = (facts.asset.id, app.now());
    let (from, to) = (facts.from(), facts.to());
    let (all, sides) = (&facts.snapshots, &facts.sides);
    let name = &facts.asset.name;
    let headline = match (from, to) {
        (Some(from), Some(to)) if from.id != to.id => {
            let (came, went, changed) = (sides.came.len(), sides.went.len(), sides.changed.len());
            changes(name, [came, went, changed, sides.new.len(), sides.gone.len()])
        }
        (Some(_), _) => format!("{name} has one snapshot: there is nothing to compare it with."),
        _ => format!("Nothing of {name} was received yet."),
    };
    let title = format!("Releases of {name}");
    let mut layout = layout(&app, &who, Entry::Systems, &title, headline).await?;
    layout.crumbs = vec![Link::to("Systems", "/systems"), Link::words(title)];
    let here = format!("/releases?asset={asset}");
    let figure = |n: usize, label: &str| Figure::of(n.to_string(), label, here.clone());
    let view = Release {
        picker: picker(asset, all, from, to),
        figures: Figures(vec![
            figure(sides.came.len(), "components added").or_one("component added"),
            figure(sides.went.len(), "components removed").or_one("component removed"),
            figure(sides.changed.len(), "versions changed").or_one("version changed"),
            figure(sides.new.len(), "new findings").or_one("new finding"),
            figure(sides.gone.len(), "findings gone").or_one("finding gone"),
            figure(all.len(), "snapshots"),
        ]),
        from: about(from, now),
        to: about(to, now),
        findings: findings(sides, asset),
        components: components(sides),
        layout,
    };
    Ok(html(&view))
}

/// How many components were added, removed and changed, and how many findings are new and gone, as a sentence. What there
/// is none of is left out.
fn changes(name: &str, numbers: [usize; 5]) -> String {
    let words = [
        ("component added", "components added"),
        ("component removed", "components removed"),
        ("version changed", "versions changed"),
        ("new finding", "new findings"),
        ("finding gone", "findings gone"),
    ];
    let parts: Vec<String> = numbers
        .into_iter()
        .zip(words)
        .filter(|(number, _)| *number > 0)
        .map(|(number, (one, many))| count(i64::try_from(number).unwrap_or(i64::MAX), one, many))
        .collect();
    if parts.is_empty() {
        return format!("Nothing is different between these two snapshots of {name}.");
    }
    format!("{name}: {}.", parts.join(", "))
}

fn named(is: &Snapshot) -> String {
    let day = is.received.strftime("%Y-%m-%d %H:%M");
    match &is.revision {
        Some(revision) => format!("{} of {day}", revision.chars().take(12).collect::<String>()),
        None => format!("{} of {day}", is.id),
    }
}

fn picker(asset: i64, all: &[Snapshot], from: Option<&Snapshot>, to: Option<&Snapshot>) -> Filter {
    let facet = |name: &str, text: &str, now: Option<&Snapshot>| Facet {
        name: name.to_owned(),
        text: text.to_owned(),
        single: true,
        choices: all
            .iter()
            .map(|s| Choice {
                value: s.id.to_string(),
                text: named(s),
                count: None,
                chosen: now.is_some_and(|n| n.id == s.id),
            })
            .collect(),
    };
    Filter {
        action: "/releases".into(),
        kept: vec![("asset".to_owned(), asset.to_string())],
        facets: vec![facet("from", "From", from), facet("to", "To", to)],
        clear: format!("/releases?asset={asset}").into(),
        ..Filter::default()
    }
}

fn about(is: Option<&Snapshot>, now: jiff::Timestamp) -> Pairs {
    let Some(is) = is else { return Pairs::default() };
    let known = |text: &Option<String>, why: &str| {
        text.clone().map_or_else(|| Value::Unknown(why.to_owned()), Value::Code)
    };
    let branch = is.branch.clone().unwrap_or_else(|| "main line".to_owned());
    Pairs(vec![
        ("Snapshot".to_owned(), is.id.to_string().into()),
        ("Revision".to_owned(), known(&is.revision, "nobody said")),
        ("Branch".to_owned(), branch.into()),
        ("Build".to_owned(), known(&is.build, "nobody said")),
        ("Received".to_owned(), When::of(is.received, now).into()),
    ])
}

fn findings(sides: &Sides, asset: i64) -> Table {
    let row = |(package, id): &(String, String), word: &str, better: bool| {
        let (name, _) = short(package);
        Row::of(vec![
            Cell::Change(word.to_owned(), Some(better)),
            Cell::name(id.clone(), format!("/vulnerabilities/{}", encode(id))),
            Cell::link(
                name,
                format!("/findings?asset={asset}&package={}&state=any", encode(package)),
            ),
        ])
    };
    let new = sides.new.iter().map(|f| row(f, "new", false));
    let gone = sides.gone.iter().map(|f| row(f, "gone", true));
    Table {
        title: "Findings".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Change").kept(),
            Column::left("Vulnerability").kept(),
            Column::left("Package").kept(),
        ],
        rows: new.chain(gone).take(SHOWN).collect(),
        empty: Empty { why: "No finding came or went.".to_owned(), next: None },
        ..Table::default()
    }
}

fn components(sides: &Sides) -> Table {
    let row = |word: &str, package: &str, before: Cell, after: Cell| {
        let (name, _) = short(package);
        Row::of(vec![
            Cell::text(word),
            Cell::name(name, format!("/packages?purl={}", encode(package))),
            before,
            after,
        ])
    };
    let version = |c: &Component| Cell::code(c.is.version.as_deref().unwrap_or("unknown"));
    let changed = sides
        .changed
        .iter()
        .map(|(p, a, b)| row("changed", p, Cell::code(a.clone()), Cell::code(b.clone())));
    let came = sides.came.iter().map(|c| row("came", &c.is.package, Cell::Nothing, version(c)));
    let went = sides.went.iter().map(|c| row("went", &c.is.package, version(c), Cell::Nothing));
    let all = sides.changed.len() + sides.came.len() + sides.went.len();
    Table {
        title: "Components".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Change").kept(),
            Column::left("Package").kept(),
            Column::left("Before").kept(),
            Column::left("After").kept(),
        ],
        rows: changed.chain(came).chain(went).take(SHOWN).collect(),
        pager: (all > SHOWN || sides.more).then(|| Pager {
            shown: if sides.more {
                format!("the first {SHOWN}; more than {MOST} differ")
            } else {
                format!("the first {SHOWN} of {all}")
            },
            ..Pager::default()
        }),
        empty: Empty { why: "They list the same components.".to_owned(), next: None },
        ..Table::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_there_is_none_of_is_left_out() {
        assert_eq!(changes("shop", [0, 0, 1, 0, 2]), "shop: 1 version changed, 2 findings gone.");
        assert_eq!(
            changes("shop", [0; 5]),
            "Nothing is different between these two snapshots of shop."
        );
    }
}
