//! What is different between two snapshots of an asset: components and findings.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use axum::extract::{Query, State};
use serde::Deserialize;
use trimtab_pages::Entry;
use trimtab_pages::page::Release;
use trimtab_pages::part::{
    Cell, Choice, Column, Empty, Facet, Figure, Figures, Filter, Link, Pager, Pairs, Row, Table,
    Value, When,
};
use trimtab_store::{Component, Snapshot};

use super::findings::encode;
use super::today::short;
use super::{Page, Sorry, html, layout};
use crate::access::{Action, Who};
use crate::api::on;
use crate::problem::Problem;
use crate::state::App;
use crate::weighing::{Agreed, Weigher};

/// The most components that differ, on each side.
const MOST: usize = 2000;
/// The most rows of a table.
const SHOWN: usize = 500;

/// Which.
#[derive(Debug, Deserialize)]
pub(crate) struct Asked {
    asset: Option<i64>,
    from: Option<i64>,
    to: Option<i64>,
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let missing = || Problem::not_found("snapshot");
    let asset = match (asked.asset, asked.to.or(asked.from)) {
        (Some(asset), _) => asset,
        (None, Some(id)) => app.store.snapshot(who.org, id).await?.ok_or_else(missing)?.asset,
        (None, None) => return Err(missing().into()),
    };
    let is = app.store.asset(who.org, asset).await?.ok_or_else(missing)?;
    if !who.may(Action::View, on(&app.store, who.org, is.asset.system).await?) {
        return Err(missing().into());
    }
    let all = app.store.snapshots(who.org, asset, 100).await?;
    let of = |id: Option<i64>| id.and_then(|id| all.iter().find(|s| s.id == id));
    if (asked.from.is_some() && of(asked.from).is_none())
        || (asked.to.is_some() && of(asked.to).is_none())
    {
        return Err(missing().into());
    }
    let to = of(asked.to).or_else(|| all.first());
    let before = to.and_then(|to| all.iter().find(|s| s.id < to.id));
    let from = of(asked.from).or(before).or(to);
    let now = app.now();
    let sides = match (from, to) {
        (Some(from), Some(to)) => compare(&app, &who, from, to).await?,
        _ => Sides::default(),
    };
    let name = is.asset.name.clone();
    let headline = match (from, to) {
        (Some(from), Some(to)) if from.id != to.id => format!(
            "{name}: {} came, {} went, {} changed; {} new, {} gone.",
            sides.came.len(),
            sides.went.len(),
            sides.changed.len(),
            sides.new.len(),
            sides.gone.len()
        ),
        (Some(_), _) => format!("{name} has one snapshot: there is nothing to compare it with."),
        _ => format!("Nothing of {name} was received yet."),
    };
    let title = format!("Releases of {name}");
    let mut layout = layout(&app, &who, Entry::Systems, &title, headline).await?;
    layout.crumbs = vec![Link::to("Systems", "/systems"), Link::words(title)];
    let here = format!("/releases?asset={asset}");
    let figure = |n: usize, label: &str| Figure::of(n.to_string(), label, here.clone());
    let view = Release {
        picker: picker(asset, &all, from, to),
        figures: Figures(vec![
            figure(sides.came.len(), "components came"),
            figure(sides.went.len(), "went"),
            figure(sides.changed.len(), "changed version"),
            figure(sides.new.len(), "findings new"),
            figure(sides.gone.len(), "gone"),
            figure(all.len(), "snapshots"),
        ]),
        from: about(from, now),
        to: about(to, now),
        findings: findings(&sides, asset),
        components: components(&sides),
        layout,
    };
    Ok(html(&view))
}

/// What is different.
#[derive(Debug, Default)]
struct Sides {
    came: Vec<Component>,
    went: Vec<Component>,
    /// Package, versions before, versions after.
    changed: Vec<(String, String, String)>,
    /// Package and vulnerability.
    new: BTreeSet<(String, String)>,
    gone: BTreeSet<(String, String)>,
    /// More components differ than are looked at.
    more: bool,
}

async fn compare(app: &App, who: &Who, from: &Snapshot, to: &Snapshot) -> Result<Sides, Problem> {
    let list = async |digest: &str| -> Result<HashSet<i64>, Problem> {
        let contents = app.store.contents(who.org, digest).await?.unwrap_or_default();
        Ok(contents.listed.into_iter().map(|l| l.component).collect())
    };
    let (old, new) = (list(&from.document).await?, list(&to.document).await?);
    let mut more = false;
    let mut sides = [Vec::new(), Vec::new()];
    for (side, (these, those)) in sides.iter_mut().zip([(&old, &new), (&new, &old)]) {
        let mut ids: Vec<i64> = these.difference(those).copied().collect();
        ids.sort_unstable();
        more |= ids.len() > MOST;
        for id in ids.into_iter().take(MOST) {
            side.extend(app.store.component(who.org, id).await?);
        }
    }
    let [went, came] = sides;
    let (new, gone) = wrong(app, who, &went, &came).await?;
    let versions = |all: &[Component]| {
        let mut by: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for c in all {
            let version = c.is.version.clone().unwrap_or_else(|| "unknown".to_owned());
            by.entry(c.is.package.clone()).or_default().push(version);
        }
        by
    };
    let (before, after) = (versions(&went), versions(&came));
    let both =
        |c: &Component| before.contains_key(&c.is.package) && after.contains_key(&c.is.package);
    let changed = before
        .iter()
        .filter_map(|(package, old)| {
            Some((package.clone(), old.join(", "), after.get(package)?.join(", ")))
        })
        .collect();
    Ok(Sides {
        came: came.iter().filter(|c| !both(c)).cloned().collect(),
        went: went.iter().filter(|c| !both(c)).cloned().collect(),
        changed,
        new,
        gone,
        more,
    })
}

type Wrong = BTreeSet<(String, String)>;

/// What the index says of either side and not of the other: new, gone.
async fn wrong(
    app: &App,
    who: &Who,
    went: &[Component],
    came: &[Component],
) -> Result<(Wrong, Wrong), Problem> {
    let now = app.now();
    let agreed = Agreed::of(&app.store, who.org, now).await?;
    let Some(index) = app.index() else { return Ok((Wrong::new(), Wrong::new())) };
    let told = |all: &[Component]| -> Vec<(String, String)> {
        all.iter().map(|c| (c.is.package.clone(), c.is.purl.clone())).collect()
    };
    let (went, came) = (told(went), told(came));
    let matched = tokio::task::spawn_blocking(move || {
        let weigher = Weigher::new(&agreed, index, now);
        let of = |all: &[(String, String)]| -> Wrong {
            let found = all.iter().flat_map(|(package, purl)| {
                let ids = weigher.vulnerabilities(purl);
                ids.into_iter().map(|id| (package.clone(), id))
            });
            found.collect()
        };
        let (old, new) = (of(&went), of(&came));
        (new.difference(&old).cloned().collect(), old.difference(&new).cloned().collect())
    });
    matched.await.map_err(|e| Problem::conflict(format!("It was given up: {e}.")))
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
            Column::left("Before"),
            Column::left("After"),
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
