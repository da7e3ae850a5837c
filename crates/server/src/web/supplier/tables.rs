//! The parts of a supplier's page: what is known, promises, products, questions, documents, links.

use jiff::Timestamp;
use trimtab_pages::part::{Cell, Column, Empty, Link, Pairs, Row, Table, Value, When};
use trimtab_store::{Became, Question, QuestionState, Supplied, SupplierLink, SupplierTold};

use crate::reviewing::last_day;
use crate::supplying::Seen;
use crate::supplying::document::Told;
use crate::supplying::intake::Answered;
use crate::supplying::judged::{self, OfProduct};
use crate::web::{count, whole};

pub(super) fn facts(seen: &Seen, now: Timestamp) -> Pairs {
    let is = &seen.is.is;
    let known = |text: &String| match text.as_str() {
        "" => Value::Unknown("nobody said".to_owned()),
        text => Value::from(text),
    };
    let ends = match is.contract_ends {
        Some(end) => Value::from(format!("{} ({})", last_day(end), When::of(end, now).words())),
        None => Value::Unknown("nobody said".to_owned()),
    };
    Pairs(vec![
        ("Contact".to_owned(), known(&is.contact)),
        ("Contract".to_owned(), known(&is.contract)),
        ("Contract ends".to_owned(), ends),
        ("Known since".to_owned(), When::of(seen.is.made, now).into()),
    ])
}

pub(super) fn promises(judged: &[OfProduct], now: Timestamp) -> Table {
    let rows = judged.iter().flat_map(|of| {
        of.judged.iter().map(|is| {
            let stands = match is.standing.since() {
                Some(since) => {
                    Cell::Change(format!("not met, {}", When::of(since, now).words()), Some(false))
                }
                None if is.standing.as_str() == "met" => Cell::Change("met".to_owned(), Some(true)),
                None => Cell::unknown(is.shown.clone()),
            };
            let due = is.due.filter(|at| *at > now);
            Row::of(vec![
                Cell::text(format!("{}: {}", of.product.name, is.promise.as_str())),
                stands,
                Cell::text(is.shown.clone()),
                due.map_or(Cell::Nothing, |at| Cell::Value(When::of(at, now).into())),
            ])
        })
    });
    Table {
        title: "Promises".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Promise").kept(),
            Column::left("Status").kept(),
            Column::left("What shows it"),
            Column::right("Due next"),
        ],
        rows: rows.collect(),
        empty: Empty { why: "Nothing was promised.".to_owned(), next: None },
        ..Table::default()
    }
}

pub(super) fn products(judged: &[OfProduct], now: Timestamp) -> Table {
    let row = |of: &OfProduct| {
        let newest = match &of.newest {
            Some(is) => Cell::Name(
                Link::to(
                    is.is.version.clone(),
                    format!("/suppliers/{}/documents/{}", of.product.supplier, is.id),
                ),
                When::of(is.received, now).words().to_owned(),
            ),
            None => Cell::unknown("no SBOM came yet"),
        };
        Row::of(vec![
            Cell::Name(
                Link::to(of.product.name.clone(), format!("/said/{}", of.product.asset)),
                of.asset.clone(),
            ),
            newest,
            match of.score() {
                Some(score) => Cell::text(format!("{}", score.round())),
                None => Cell::unknown("the newest SBOM has no score, or none came"),
            },
            match &of.product.newest {
                Some((version, _)) => Cell::text(version.clone()),
                None => Cell::unknown("nobody said which is the newest"),
            },
            match of.findings {
                Some((number, more)) => Cell::link(
                    format!("{number}{}", if more { "+" } else { "" }),
                    format!("/findings?asset={}", of.product.asset),
                ),
                None => Cell::unknown("no SBOM was read yet"),
            },
        ])
    };
    Table {
        title: "What they deliver".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Product").kept(),
            Column::left("Newest SBOM"),
            Column::right("Score of 100").kept(),
            Column::left("Newest release"),
            Column::right("Findings").kept(),
        ],
        rows: judged.iter().map(row).collect(),
        ..Table::default()
    }
}

fn product_name(seen: &Seen, id: i64) -> String {
    seen.products.iter().find(|p| p.id == id).map(|p| p.name.clone()).unwrap_or_default()
}

pub(super) fn cut(text: &str, most: usize) -> String {
    let mut short: String = text.chars().take(most).collect();
    if short.len() < text.len() {
        short.push('…');
    }
    short
}

/// Whether they answered that they are not affected.
fn denies(is: &Question) -> bool {
    is.answer.as_ref().is_some_and(|(_, told)| Answered::of(told).status == "not_affected")
}

pub(super) fn asked(all: &[Question], seen: &Seen, now: Timestamp) -> Table {
    let row = |is: &Question| {
        let about = is.is.vulnerability.clone().unwrap_or_else(|| "a question".to_owned());
        let first = match is.is.finding {
            Some(finding) => Link::to(about, format!("/findings/{finding}")),
            None => Link::words(about),
        };
        let answer = match (&is.answer, is.state) {
            (Some((_, told)), _) => {
                let told = Answered::of(told);
                let status = told.status.replace('_', " ");
                let fixed = told.fixed_in.map(|v| format!(", fixed in {v}")).unwrap_or_default();
                let planned = told.planned.map(|day| format!(", by {day}")).unwrap_or_default();
                let said = if status.is_empty() {
                    String::new()
                } else {
                    format!("{status}{fixed}{planned}: ")
                };
                Cell::text(cut(&format!("{said}{}", told.words), 300))
            }
            (None, QuestionState::Withdrawn) => Cell::text("withdrawn"),
            (None, _) => Cell::Due(When::of(is.is.due, now), is.is.due < now),
        };
        Row::of(vec![
            Cell::Name(first, product_name(seen, is.is.product)),
            Cell::text(cut(&is.is.words, 200)),
            Cell::Value(When::of(is.asked, now).into()),
            answer,
            match (is.decision, is.is.finding) {
                (Some(decision), _) => Cell::link("see it", format!("/exceptions/{decision}")),
                // Who asked may not ask for it any longer: somebody else does.
                (None, Some(finding)) if denies(is) => {
                    Cell::link("ask for it", format!("/findings/{finding}/ask"))
                }
                (None, _) => Cell::Nothing,
            },
        ])
    };
    Table {
        title: "Questions".to_owned(),
        titled: true,
        columns: vec![
            Column::left("About").kept(),
            Column::left("Question"),
            Column::right("Asked"),
            Column::left("Answer, or when it is due").kept(),
            Column::left("Decision"),
        ],
        rows: all.iter().map(row).collect(),
        empty: Empty { why: "Nothing was asked yet.".to_owned(), next: None },
        ..Table::default()
    }
}

pub(super) fn came(
    all: &[Supplied],
    (seen, judged): (&Seen, &[OfProduct]),
    now: Timestamp,
) -> Table {
    let row = |is: &Supplied| {
        let told = Told::of(is);
        let newest = judged.iter().filter_map(|of| of.newest.as_ref());
        let later = judged::later(is, all.iter().chain(newest));
        let older = later.map_or_else(String::new, |later| {
            format!("; an older release, as {} was made later", later.is.version)
        });
        let what = if is.is.kind == "vex" { "VEX" } else { "SBOM" };
        let version =
            if is.is.version.is_empty() { String::new() } else { format!(" of {}", is.is.version) };
        let says = match (is.is.kind.as_str(), told.quality().and_then(|q| q.score)) {
            ("vex", _) if is.taken.is_some() => Cell::text(format!(
                "{} in force",
                count(whole(told.statements), "statement", "statements")
            )),
            ("vex", _) => {
                let waiting = count(whole(told.statements), "statement to", "statements to");
                Cell::text(format!("{waiting} be reviewed"))
            }
            (_, Some(score)) => Cell::text(format!("{} of 100 points{older}", score.round())),
            (_, None) => Cell::unknown(format!("it could not be looked into{older}")),
        };
        Row::of(vec![
            Cell::Name(
                Link::to(
                    format!("{what}{version}"),
                    format!("/suppliers/{}/documents/{}", seen.is.id, is.id),
                ),
                product_name(seen, is.is.product),
            ),
            says,
            match told.format_words().or(told.format) {
                Some(format) => Cell::text(format),
                None => Cell::unknown("it could not be told"),
            },
            Cell::Value(When::of(is.received, now).into()),
        ])
    };
    Table {
        title: "Documents received".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Document").kept(),
            Column::left("Says").kept(),
            Column::left("Format"),
            Column::right("Received"),
        ],
        rows: all.iter().map(row).collect(),
        empty: Empty {
            why: "Nothing came yet. Make a link, and give it to them.".to_owned(),
            next: None,
        },
        ..Table::default()
    }
}

pub(super) fn linked(all: &[SupplierLink], now: Timestamp) -> Table {
    let row = |is: &SupplierLink| {
        Row::of(vec![
            Cell::text(is.name.clone()),
            match is.withdrawn {
                Some(_) => Cell::text("withdrawn"),
                None if is.expires <= now => Cell::text("ended"),
                None => Cell::Value(When::of(is.expires, now).into()),
            },
            is.used.map_or_else(|| Cell::text("never"), |at| Cell::Value(When::of(at, now).into())),
        ])
    };
    Table {
        title: "Links".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Who has it").kept(),
            Column::right("Ends").kept(),
            Column::right("Last used"),
        ],
        rows: all.iter().map(row).collect(),
        empty: Empty { why: "None was made.".to_owned(), next: None },
        ..Table::default()
    }
}

pub(super) fn written(all: &[SupplierTold], seen: &Seen, now: Timestamp) -> Table {
    let of = |rest: &str| {
        let (id, promise) = rest.split_once('-').unwrap_or((rest, ""));
        let known = seen.products.iter().find(|product| product.id.to_string() == id);
        format!("{promise} of {}", known.map_or(id, |product| &product.name))
    };
    let row = |is: &SupplierTold| {
        let what = match is.item.split_once('-') {
            Some(("question", id)) => format!("question {id}, {}", is.mark),
            Some(("due", rest)) => format!("falls due: {}", of(rest)),
            Some(("broken", rest)) => format!("not kept: {}", of(rest)),
            _ => "a test".to_owned(),
        };
        Row::of(vec![
            Cell::text(what),
            Cell::text(is.address.clone()),
            match is.became {
                Became::Sent => Cell::text("sent"),
                _ if is.detail.is_empty() => Cell::text(is.became.as_str()),
                _ => Cell::text(format!("{}: {}", is.became.as_str(), cut(&is.detail, 100))),
            },
            Cell::Value(When::of(is.at, now).into()),
        ])
    };
    Table {
        title: "Letters".to_owned(),
        titled: true,
        columns: vec![
            Column::left("Told").kept(),
            Column::left("To"),
            Column::left("Outcome").kept(),
            Column::right("When"),
        ],
        rows: all.iter().map(row).collect(),
        empty: Empty { why: "Nothing was written to them.".to_owned(), next: None },
        ..Table::default()
    }
}
