//! Findings: each, or by action, by vulnerability, by package. The filter is the address.

use axum::extract::{Query, State};
use trimtab_pages::Entry;
use trimtab_pages::page::Findings;
use trimtab_pages::part::{
    Cell, Choice, Column, Empty, Facet, Figure, Figures, Filter, Link, Mark, Pager, Row, Table,
    Tabs, When, number,
};
use trimtab_store::{Group, GroupBy};

use super::today::{columns, row};
use super::{Page, Sorry, count, html, layout};
use crate::access::Who;
use crate::api::cursor;
use crate::api::findings::{Asked, seen};
use crate::problem::Problem;
use crate::state::App;

const LIMIT: usize = 100;

/// The tabs: word in the address, what people read, grouping.
const TABS: [(&str, &str, Option<GroupBy>); 4] = [
    ("", "Each finding", None),
    ("action", "By action", Some(GroupBy::Action)),
    ("vulnerability", "By vulnerability", Some(GroupBy::Vulnerability)),
    ("package", "By package", Some(GroupBy::Package)),
];

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    seen(&who)?;
    let now = app.now();
    let (filter, order) = asked.filter(&app, &who).await?;
    let total = app.store.count_findings(who.org, &filter).await?;
    let load = app.store.load(who.org, &filter).await?;
    let shown = TABS.iter().position(|t| Some(t.0) == asked.by.as_deref()).unwrap_or(0);
    let table = match TABS.get(shown).and_then(|t| t.2) {
        None => {
            let after = cursor(asked.after.as_deref())?;
            let page = app.store.findings(who.org, &filter, order, after, LIMIT).await?;
            let next = page.next.map(|c| address(&asked, &[("after", &c.to_text())]));
            Table {
                columns: columns(),
                rows: page.rows.iter().map(|f| row(f, now)).collect(),
                pager: Some(Pager {
                    shown: format!("{} shown", page.rows.len()),
                    before: "".into(),
                    after: next.unwrap_or_default().into(),
                }),
                ..Table::default()
            }
        }
        Some(by) => {
            let groups = app.store.group_findings(who.org, &filter, by, 200).await?;
            grouped(&groups, by, now)
        }
    };
    let table = Table {
        title: "Findings".to_owned(),
        empty: Empty {
            why: "No finding is so. Take a part of the filter away, or push a snapshot.".to_owned(),
            next: Some(Link::to("All findings", "/findings")),
        },
        ..table
    };
    let more = if total.is_least { "more than " } else { "" };
    let headline = format!("{more}{}.", count(total.number, "finding", "findings"));
    let figures = Figures(vec![
        Figure::of(total.number.to_string(), "findings", address(&asked, &[])),
        Figure::of(number(load), "load of those that count", address(&asked, &[])),
    ]);
    let tab = |(word, text, _): &(&str, &str, _)| Link::to(*text, address(&asked, &[("by", word)]));
    let tabs = Tabs { label: "Grouped".to_owned(), tabs: TABS.iter().map(tab).collect(), shown };
    let layout = layout(&app, &who, Entry::Findings, "Findings", headline).await?;
    Ok(html(&Findings { layout, figures, tabs, filter: facets(&asked), table }))
}

fn grouped(groups: &[Group], by: GroupBy, now: jiff::Timestamp) -> Table {
    let row = |group: &Group| {
        let link = match by {
            GroupBy::Vulnerability => format!("/findings?vulnerability={}", encode(&group.name)),
            _ => format!("/findings?package={}", encode(&group.key)),
        };
        let (name, note) = match (by, &group.fix) {
            (GroupBy::Action, Some(fix)) => {
                (format!("Raise {} to {fix}", group.name), String::new())
            }
            (GroupBy::Action, None) => (group.name.clone(), "no source names a fix".to_owned()),
            _ => (group.name.clone(), String::new()),
        };
        let page = match by {
            GroupBy::Vulnerability => format!("/vulnerabilities/{}", encode(&group.name)),
            GroupBy::Package => format!("/packages?purl={}", encode(&group.key)),
            _ => link.clone(),
        };
        Row::of(vec![
            Cell::Mark(Mark::from(group.level)),
            Cell::Name(Link::to(name, page), note),
            Cell::link(group.findings.to_string(), link.clone()),
            Cell::link(group.assets.to_string(), link.clone()),
            Cell::link(number(group.weight), link),
            group.deadline.map_or(Cell::Nothing, |at| Cell::Due(When::of(at, now), at < now)),
        ])
    };
    Table {
        columns: vec![
            Column::left("Gravest").kept(),
            Column::left("What").kept(),
            Column::right("Findings"),
            Column::right("Assets"),
            Column::right("Load"),
            Column::right("First due"),
        ],
        rows: groups.iter().map(row).collect(),
        ..Table::default()
    }
}

fn facets(asked: &Asked) -> Filter {
    let facet = |name: &str, text: &str, now: Option<&str>, words: &[&str]| Facet {
        name: name.to_owned(),
        text: text.to_owned(),
        single: true,
        choices: words
            .iter()
            .map(|word| Choice {
                value: (*word).to_owned(),
                text: (*word).to_owned(),
                count: None,
                chosen: now == Some(*word),
            })
            .collect(),
    };
    let level = asked.level.as_deref();
    let state = asked.state.as_deref();
    let chosen = [
        ("level", level),
        ("state", state),
        ("package", asked.package.as_deref()),
        ("vulnerability", asked.vulnerability.as_deref()),
        ("due", asked.due.as_deref()),
    ];
    let chips = chosen
        .iter()
        .filter_map(|(name, value)| Some((name, value.filter(|v| !v.is_empty())?)))
        .map(|(name, value)| Link::to(format!("{name}: {value}"), address(asked, &[(name, "")])))
        .collect();
    Filter {
        action: "/findings".into(),
        kept: asked.by.iter().map(|by| ("by".to_owned(), by.clone())).collect(),
        search: None,
        dates: Vec::new(),
        facets: vec![
            facet("level", "Level", level, &["critical", "high", "medium", "low"]),
            facet(
                "state",
                "State",
                state,
                &["live", "open", "merged", "fixed", "retracted", "any"],
            ),
            facet("order", "Order", asked.order.as_deref(), &["level", "deadline", "newest"]),
        ],
        chips,
        clear: "/findings".into(),
    }
}

/// The address of the same list with some members changed; the page begins anew.
fn address(asked: &Asked, changed: &[(&str, &str)]) -> String {
    let number = |n: Option<i64>| n.map(|n| n.to_string());
    let members = [
        ("state", asked.state.clone()),
        ("level", asked.level.clone()),
        ("system", number(asked.system)),
        ("team", number(asked.team)),
        ("asset", number(asked.asset)),
        ("vulnerability", asked.vulnerability.clone()),
        ("package", asked.package.clone()),
        ("due", asked.due.clone()),
        ("order", asked.order.clone()),
        ("by", asked.by.clone()),
        ("after", None),
    ];
    let mut pairs = Vec::new();
    for (name, value) in members {
        let new =
            changed.iter().find(|(changed, _)| *changed == name).map(|(_, v)| (*v).to_owned());
        if let Some(value) = new.or(value).filter(|v| !v.is_empty()) {
            pairs.push(format!("{name}={}", encode(&value)));
        }
    }
    if pairs.is_empty() { "/findings".to_owned() } else { format!("/findings?{}", pairs.join("&")) }
}

/// A value of an address.
pub(crate) fn encode(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-_.~".contains(&byte) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}
