//! Findings: each, or by action, by vulnerability, by package. The filter is the address.

use axum::extract::{Query, State};
use axum::response::Response;
use trimtab_model::Purl;
use trimtab_pages::Entry;
use trimtab_pages::page::Findings;
use trimtab_pages::part::{
    Bulk, Cell, Column, Empty, Figure, Figures, Link, Mark, Pager, Row, Table, Tabs, When, number,
};
use trimtab_store::{Finding, Group, GroupBy, GroupCursor};

use super::facets::facets;
use super::today::{columns, row, short};
use super::{Page, Sorry, UNSENT, asking, at_least, count, html, is_unsent, layout, pager};
use crate::access::{Action, Who};
use crate::api::findings::{Asked, seen};
use crate::api::{cursor, groups, visible};
use crate::facts::groups::Common;
use crate::facts::listing;
use crate::problem::Problem;
use crate::state::App;

const LIMIT: usize = 100;
/// How many groups a page has.
const GROUPS: usize = 200;

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
    let load = app.store.load_of(who.org, &filter).await?;
    let shown = TABS.iter().position(|t| Some(t.0) == asked.by.as_deref()).unwrap_or(0);
    let table = match TABS.get(shown).and_then(|t| t.2) {
        None => {
            let after = cursor(asked.after.as_deref())?;
            let page = app.store.findings(who.org, &filter, order, after, LIMIT).await?;
            let next = page.next.map(|c| address(&asked, &[("after", &c.to_text())]));
            Table {
                columns: columns(),
                rows: page.rows.iter().map(|f| choosable(f, now)).collect(),
                pager: Some(Pager {
                    shown: format!("{} shown", page.rows.len()),
                    before: "".into(),
                    after: next.unwrap_or_default().into(),
                }),
                ..Table::default()
            }
        }
        Some(by) => {
            let (groups, next) = groups::page(&app, &who, &asked, by, GROUPS).await?;
            let is_first = asked.after.as_deref().is_none_or(str::is_empty);
            let next = next.as_ref().map(GroupCursor::to_text);
            let pager =
                pager(groups.len(), is_first, next, |next| address(&asked, &[("after", &next)]));
            Table { pager, ..grouped(&asked, &groups, by, now) }
        }
    };
    let is_unsent = total.number == 0 && {
        let systems = app.store.systems(who.org).await?;
        is_unsent(&app, &who, visible(&who, &systems).as_deref()).await?
    };
    let table = Table {
        title: "Findings".to_owned(),
        csv: address(&asked, &[]).replacen("/findings", "/findings.csv", 1).into(),
        empty: match is_unsent {
            true => Empty {
                why: "Findings are shown here once an inventory has been sent.".to_owned(),
                next: None,
            },
            false => Empty {
                why: "No finding matches: remove part of the filter.".to_owned(),
                next: Some(Link::to("All findings", "/findings")),
            },
        },
        ..table
    };
    let more = if total.is_least { "more than " } else { "" };
    let headline = match total.number {
        _ if is_unsent => UNSENT.to_owned(),
        0 => "There is no such finding.".to_owned(),
        number => format!("{more}{}.", count(number, "finding", "findings")),
    };
    let figures = Figures(vec![
        Figure::of(total.number.to_string(), "findings", address(&asked, &[])).or_one("finding"),
        Figure::of(
            at_least(&load),
            "load of those that count",
            address(&asked, &[("counts", "true")]),
        ),
    ]);
    let figures = if is_unsent { Figures::default() } else { figures };
    let tab = |(word, text, _): &(&str, &str, _)| Link::to(*text, address(&asked, &[("by", word)]));
    let tabs = Tabs { label: "Grouped".to_owned(), tabs: TABS.iter().map(tab).collect(), shown };
    let layout = layout(&app, &who, Entry::Findings, "Findings", headline).await?;
    let table = match shown {
        _ if who.may_somewhere(Action::Ask) => Table {
            bulk: Some(Bulk {
                // Of the groups that are chosen, what is in this list.
                action: address(&asked, &[("by", "")])
                    .replacen("/findings", "/findings/chosen", 1)
                    .into(),
                csrf: layout.csrf.clone(),
                verbs: vec![("ask".to_owned(), "Ask for a decision".to_owned())],
            }),
            ..table
        },
        _ => table,
    };
    Ok(html(&Findings { layout, figures, tabs, filter: facets(&app, &who, &asked).await?, table }))
}

/// The list that is shown, to take away.
pub(crate) async fn csv(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Query(asked): Query<Asked>,
) -> Result<Response, Sorry> {
    let who = who.map_err(Sorry::from)?;
    let by = TABS.iter().find(|t| Some(t.0) == asked.by.as_deref()).and_then(|t| t.2);
    Ok(match by {
        None => listing::findings(&app, &who, &asked).await?,
        Some(by) => listing::groups(&app, &who, &asked, by).await?,
    })
}

/// A row that can be chosen, where something may be asked about it.
fn choosable(finding: &Finding, now: jiff::Timestamp) -> Row {
    let is = row(finding, now);
    if !finding.state.is_live() || finding.weighed.as_ref().is_some_and(|w| w.decision.is_some()) {
        return is;
    }
    let (package, _) = short(&finding.component.1);
    let label = format!("{} in {package} of {}", finding.vulnerability.1, finding.asset.1);
    Row { id: finding.id.to_string(), label, ..is }
}

/// Groups, each opening the findings that it counts: by the filter that was asked with, and what the group
/// has in common.
fn grouped(asked: &Asked, groups: &[Group], by: GroupBy, now: jiff::Timestamp) -> Table {
    let row = |group: &Group| {
        let of = |more: &[(&str, &str)]| {
            let common = Common::of(group, by);
            let members = common.members();
            let mut changed = vec![("by", "")];
            let told = members.iter().filter_map(|(name, value)| Some((*name, value.as_deref()?)));
            changed.extend(told);
            changed.extend(more);
            address(asked, &changed)
        };
        let link = of(&[]);
        // Packages by their name, with the ecosystem: two may have one name.
        let (called, ecosystem) = match by {
            GroupBy::Action | GroupBy::Package => (short(&group.key).0, ecosystem(&group.key)),
            _ => (group.name.clone(), String::new()),
        };
        let (name, note) = match (by, &group.fix) {
            (GroupBy::Action, Some(fix)) => (format!("Raise {called} to {fix}"), ecosystem.clone()),
            (GroupBy::Action, None) => {
                let told = [ecosystem.as_str(), "no source names a fix"];
                let told: Vec<&str> = told.into_iter().filter(|word| !word.is_empty()).collect();
                (called, told.join(", "))
            }
            _ => (called, ecosystem.clone()),
        };
        let page = match by {
            GroupBy::Vulnerability => format!("/vulnerabilities/{}", encode(&group.name)),
            GroupBy::Package => format!("/packages?purl={}", encode(&group.key)),
            _ => link.clone(),
        };
        let cells = vec![
            Cell::Mark(Mark::from(group.level)),
            Cell::Name(Link::to(name.clone(), page), note),
            Cell::link(group.findings.to_string(), link.clone()),
            match group.assets {
                Some(assets) => Cell::link(assets.to_string(), link.clone()),
                None => Cell::unknown("not counted for this grouping"),
            },
            Cell::link(number(group.weight), of(&[("counts", "true")])),
            group.deadline.map_or(Cell::Nothing, |at| Cell::Due(When::of(at, now), at < now)),
        ];
        // What is chosen says what its findings have in common.
        let id = asking("", &Common::of(group, by).members());
        let label = match ecosystem.as_str() {
            "" => name,
            ecosystem => format!("{name} ({ecosystem})"),
        };
        Row { id: id.trim_start_matches('?').to_owned(), label, cells }
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

/// The type of a purl, as people call an ecosystem; empty of what is none.
fn ecosystem(purl: &str) -> String {
    purl.parse::<Purl>().map_or_else(|_| String::new(), |purl| purl.purl_type().to_owned())
}

/// The address of the same list with some members changed; the page begins anew.
pub(super) fn address(asked: &Asked, changed: &[(&str, &str)]) -> String {
    let number = |n: Option<i64>| n.map(|n| n.to_string());
    let members = [
        ("state", asked.state.clone()),
        ("level", asked.level.clone()),
        ("system", number(asked.system)),
        ("systems", asked.systems.clone()),
        ("team", number(asked.team)),
        ("asset", number(asked.asset)),
        ("vulnerability", asked.vulnerability.clone()),
        ("package", asked.package.clone()),
        ("fix", asked.fix.clone()),
        ("due", asked.due.clone()),
        ("since", asked.since.clone()),
        ("above", asked.above.map(|is| is.to_string())),
        ("counts", asked.counts.map(|is| is.to_string())),
        ("fixable", asked.fixable.map(|is| is.to_string())),
        ("exposure", asked.exposure.clone()),
        ("q", asked.q.clone()),
        ("order", asked.order.clone()),
        ("by", asked.by.clone()),
        ("after", None),
    ];
    asking("/findings", &with(members, changed))
}

/// Members of an address, some of them changed.
pub(super) fn with<const N: usize>(
    members: [(&'static str, Option<String>); N],
    changed: &[(&str, &str)],
) -> [(&'static str, Option<String>); N] {
    members.map(|(name, value)| {
        let new = changed.iter().find(|(changed, _)| *changed == name);
        (name, new.map(|(_, value)| (*value).to_owned()).or(value))
    })
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
