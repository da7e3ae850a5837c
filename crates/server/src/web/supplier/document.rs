//! A document that a supplier sent: how good an SBOM is and why, what a VEX document states and what it would change here,
//! before somebody lets it hold.

use std::collections::BTreeMap;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::{IntoResponse, Redirect};
use serde::Deserialize;
use trimtab_engine::supplier::quality::Quality;
use trimtab_model::decision::{Product, Statement};
use trimtab_pages::Entry;
use trimtab_pages::page::Supplier as View;
use trimtab_pages::part::{
    Cell, Column, Empty, Figures, Filled, Form as Sheet, Link, Pairs, Row, Table, Value, When,
    number,
};
use trimtab_store::{Finding, FindingFilter, FindingOrder, Org, Supplied};

use crate::access::{Action, Who};
use crate::api::on;
use crate::problem::Problem;
use crate::state::App;
use crate::supplying::document::Told;
use crate::supplying::preview::{self, Preview};
use crate::supplying::{self, Seen};
use crate::web::{Page, Sorry, count, html, layout, own_form, whole};
use crate::weighing::vex;

/// How many statements are shown.
const STATEMENTS: usize = 200;
/// How many findings of the product are looked at, the gravest first.
const FINDINGS: usize = 500;

/// What the form sends.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Sent {
    csrf: String,
}

pub(crate) async fn post(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path((id, number)): Path<(i64, i64)>,
    Form(sent): Form<Sent>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    own_form(&who, &sent.csrf)?;
    supplying::take(&app, &who, (id, number)).await?;
    Ok(Redirect::to(&format!("/suppliers/{id}/documents/{number}")).into_response())
}

pub(crate) async fn page(
    State(app): State<App>,
    who: Result<Who, Problem>,
    Path((id, number)): Path<(i64, i64)>,
) -> Page {
    let who = who.map_err(Sorry::from)?;
    let (seen, is) = supplying::document(&app, &who, (id, number)).await?;
    let product = seen.product(is.is.product)?.clone();
    let told = Told::of(&is);
    let is_vex = is.is.kind == "vex";
    let quality = told.quality();
    let version =
        if is.is.version.is_empty() { String::new() } else { format!(" {}", is.is.version) };
    let headline = match (is_vex, &is.taken, quality.as_ref().and_then(|q| q.score)) {
        (true, None, _) => format!(
            "{} of {} wait for somebody to let them hold.",
            count(i64::try_from(told.statements).unwrap_or(i64::MAX), "statement", "statements"),
            seen.is.is.name
        ),
        (true, Some(_), _) => format!("What {} states here holds.", seen.is.is.name),
        (false, _, Some(score)) => {
            let score = score.round();
            format!("The SBOM of {}{version} has {score} of 100 points.", product.name)
        }
        (false, _, None) => {
            format!("How good the SBOM of {}{version} is, is unknown.", product.name)
        }
    };
    let mut layout = layout(&app, &who, Entry::Systems, "A supplier's document", headline).await?;
    layout.crumbs = vec![
        Link::to("Suppliers", "/suppliers"),
        Link::to(seen.is.is.name.clone(), format!("/suppliers/{id}")),
        Link::words(if is_vex { "VEX" } else { "SBOM" }),
    ];
    let mut forms = Vec::new();
    let place = on(&app.store, who.org, product.system).await?;
    if is_vex && is.taken.is_none() && who.may(Action::Upload, place) {
        let form = Sheet {
            action: format!("/suppliers/{id}/documents/{number}").into(),
            csrf: layout.csrf.clone(),
            submit: "Let it hold".to_owned(),
            ..Sheet::default()
        };
        forms.push(("Let it hold for this product".to_owned(), form));
    }
    let (about, table) = match is_vex {
        true => {
            let about = vec![
                "A supplier's statements change nothing until somebody of ours lets them hold; then they count as any \
                 VEX document about the asset, and can be ended on the asset's page."
                    .to_owned(),
            ];
            let preview = preview::of(&app, &who, (&is, product.asset)).await?;
            let about = about.into_iter().chain(preview.as_ref().map(would)).collect();
            (about, statements(&app, who.org, (&is, product.asset), preview.as_ref()).await?)
        }
        false => {
            let about = vec![
                "The minimum elements are those of the NTIA (The Minimum Elements For a Software Bill of Materials, \
                 12 July 2021): twelve points each. Licences and hashes have eight each."
                    .to_owned(),
            ];
            (about, parts(quality.as_ref()))
        }
    };
    Ok(html(&View {
        notice: None,
        fresh: Pairs::default(),
        figures: Figures::default(),
        about,
        facts: facts(&is, &seen, &told, app.now()),
        promised: Vec::new(),
        tables: vec![(if is_vex { "statements" } else { "parts" }, table)],
        forms,
        layout,
    }))
}

fn facts(is: &Supplied, seen: &Seen, told: &Told, now: jiff::Timestamp) -> Pairs {
    let product = seen.products.iter().find(|product| product.id == is.is.product);
    let known = |text: Option<String>, why: &str| {
        text.map_or_else(|| Value::Unknown(why.to_owned()), Value::Text)
    };
    let version = Some(is.is.version.clone()).filter(|version| !version.is_empty());
    let format = told.format_words().or_else(|| told.format.clone());
    let mut all = vec![
        ("Product".to_owned(), known(product.map(|p| p.name.clone()), "it is gone")),
        ("Version".to_owned(), known(version, "nobody said of which")),
        ("Format".to_owned(), known(format, "it could not be told")),
        (
            "Made".to_owned(),
            is.is.made.map_or_else(
                || Value::Unknown("it does not say".to_owned()),
                |at| When::of(at, now).into(),
            ),
        ),
        ("Received".to_owned(), When::of(is.received, now).into()),
    ];
    if is.is.kind == "vex" {
        all.push(("Author".to_owned(), known(told.author.clone(), "it does not say")));
        let holds = is.taken.as_ref().map(|(at, _)| When::of(*at, now));
        all.push(("Holds".to_owned(), holds.map_or_else(|| "not yet".into(), Value::from)));
    }
    let digest: String = is.is.document.chars().take(12).collect();
    let bytes = format!("/api/v1/suppliers/{}/documents/{}/bytes", seen.is.id, is.id);
    all.push(("Document".to_owned(), Link::to(digest, bytes).into()));
    Pairs(all)
}

fn parts(quality: Option<&Quality>) -> Table {
    let rows = quality.map(|quality| quality.parts.as_slice()).unwrap_or_default().iter();
    let row = |part: &trimtab_engine::supplier::quality::Part| {
        let kind = if part.element.is_minimum() { "minimum element" } else { "recommended" };
        Row::of(vec![
            Cell::text(part.element.as_str()),
            Cell::text(kind),
            match part.share() {
                Some(share) => Cell::Filled(Filled {
                    words: format!("{} of {}", part.have, part.of),
                    taken: share,
                    room: 1.0,
                }),
                None => Cell::unknown("it lists no component"),
            },
            match part.share() {
                Some(share) => Cell::text(format!(
                    "{:.1} of {:.0}",
                    share * part.element.weight(),
                    part.element.weight()
                )),
                None => Cell::unknown("it lists no component"),
            },
        ])
    };
    Table {
        title: "How the score came about".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Element").kept(),
            Column::left("Kind"),
            Column::left("Components that have it").kept(),
            Column::right("Points").kept(),
        ],
        rows: rows.map(row).collect(),
        empty: Empty {
            why: "The document could not be looked into: CycloneDX and SPDX are, not in YAML."
                .to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

/// What it would change, in a sentence.
fn would(is: &Preview) -> String {
    let mut all = Vec::new();
    if is.ends > 0 {
        all.push(format!("{} would no longer count", count(whole(is.ends), "finding", "findings")));
    }
    if is.counts > 0 {
        all.push(format!("{} would count again", count(whole(is.counts), "finding", "findings")));
    }
    if is.moves > 0 {
        let moves = count(whole(is.moves), "finding", "findings");
        all.push(format!("{moves} would weigh otherwise"));
    }
    let of = match is.more {
        true => format!("the {} gravest findings of the product", is.weighed),
        false => count(whole(is.weighed), "finding of the product", "findings of the product"),
    };
    match all.as_slice() {
        [] => format!("If it held: nothing of {of} would change."),
        _ => format!(
            "If it held: of {of} {}; they weigh {} today and would weigh {}.",
            all.join(", "),
            number(is.weight.0),
            number(is.weight.1)
        ),
    }
}

/// Of which product and version something is stated, and of what in it.
fn of_products(is: &Statement) -> String {
    fn named(is: &Product) -> String {
        let name = match (&is.purl, &is.name) {
            (_, Some(name)) => name.to_string(),
            (Some(purl), None) => purl.to_string(),
            (None, None) => is.id.to_string(),
        };
        let version = is.versions.as_deref().or_else(|| is.purl.as_ref()?.version());
        let version = version.filter(|version| !name.contains(*version));
        version.map_or_else(|| name.clone(), |version| format!("{name} {version}"))
    }
    let one = |is: &Product| match is.components.as_slice() {
        [] => named(is),
        [first] => format!("{}: {}", named(is), named(first)),
        [first, rest @ ..] => format!("{}: {} and {} more", named(is), named(first), rest.len()),
    };
    let mut all: Vec<String> = is.products.iter().take(2).map(one).collect();
    if is.products.len() > 2 {
        all.push(format!("and {} more", is.products.len() - 2));
    }
    all.join(", ").chars().take(200).collect()
}

/// What it states, each with the open finding here that it is about, and what would become of that.
async fn statements(
    app: &App,
    org: Org,
    (is, asset): (&Supplied, i64),
    preview: Option<&Preview>,
) -> Result<Table, Problem> {
    let read = vex::read(&app.store, org, &is.is.document).await?;
    let filter = FindingFilter { asset: Some(asset), ..FindingFilter::default() };
    let findings = app.store.findings(org, &filter, FindingOrder::Level, None, FINDINGS).await?;
    let shown: Vec<_> = read.statements.iter().take(STATEMENTS).collect();
    let mut names: Vec<String> = shown
        .iter()
        .flat_map(|s| std::iter::once(&s.vulnerability).chain(&s.aliases))
        .map(ToString::to_string)
        .collect();
    names.sort_unstable();
    names.dedup();
    let known = app.store.vulnerabilities_named(org, &names).await?;
    let then = preview.map(Preview::by_finding).unwrap_or_default();
    let mut of: BTreeMap<i64, Vec<&Finding>> = BTreeMap::new();
    for finding in &findings.rows {
        of.entry(finding.vulnerability.0).or_default().push(finding);
    }
    let more = findings.next.is_some();
    let rows = shown.iter().map(|s| {
        let mut ids = std::iter::once(&s.vulnerability).chain(&s.aliases);
        let all = ids.find_map(|id| of.get(known.get(&**id)?));
        let all = all.map(Vec::as_slice).unwrap_or_default();
        // Of those in several packages one that would change.
        let changes = all.iter().find(|finding| then.contains_key(&finding.id));
        let about = changes.or(all.first()).copied();
        let why = s.justification.map(|j| j.as_str().replace('_', " "));
        let why = why.or_else(|| s.detail.as_deref().map(ToOwned::to_owned)).unwrap_or_default();
        Row::of(vec![
            Cell::code(s.vulnerability.to_string()),
            Cell::text(s.status.as_str().replace('_', " ")),
            Cell::text(of_products(s)),
            Cell::text(why.chars().take(200).collect::<String>()),
            match about {
                Some(finding) => {
                    Cell::link(finding.component.1.clone(), format!("/findings/{}", finding.id))
                }
                None if more => Cell::unknown("only the gravest findings are looked at"),
                None => Cell::text("no open finding of the product"),
            },
            match about.and_then(|finding| then.get(&finding.id)) {
                Some(words) => Cell::text(words.clone()),
                None if is.taken.is_some() => Cell::text("it holds"),
                None if preview.is_none() => Cell::unknown("there is nothing to weigh with"),
                None if more => Cell::unknown("only the gravest findings are looked at"),
                None => Cell::text("nothing"),
            },
        ])
    });
    let left = read.statements.len().saturating_sub(shown.len());
    Ok(Table {
        title: match left {
            0 => "What it states".to_owned(),
            _ => format!(
                "What it states: the first {STATEMENTS} of {} statements",
                read.statements.len()
            ),
        },
        titled: true,
        columns: vec![
            Column::left("Vulnerability").kept(),
            Column::left("Says").kept(),
            Column::left("Of"),
            Column::left("Why"),
            Column::left("Is here"),
            Column::left("Would change").kept(),
        ],
        rows: rows.collect(),
        empty: Empty { why: "Nothing is stated.".to_owned(), next: None },
        ..Table::default()
    })
}
