//! A view of every page, filled with an organisation that does not exist. Every text goes through
//! [`t`], so that one run can put hostile words into every field.

mod agreement;
mod around;
mod board;
mod dossier;
mod facts;
mod maturity;
mod needs;
mod people;
mod places;
mod planned;
mod reviews;
mod risk;
mod suppliers;
mod told;

use std::cell::RefCell;

use jiff::civil::Date;
use jiff::{Span, Timestamp};
use trimtab_model::Level;
use trimtab_pages::part::{
    Cell, Column, Day, Dial, Empty, Href, Link, Mark, Move, Pager, Row, Size, Table, When,
};
use trimtab_pages::{Entry, Layout, Template};

thread_local! {
    static HOSTILE: RefCell<Option<String>> = const { RefCell::new(None) };
}

/// A text of a view: itself, or the hostile one of this run.
pub(crate) fn t(text: &str) -> String {
    HOSTILE.with_borrow(|hostile| hostile.clone().unwrap_or_else(|| text.to_owned()))
}

/// Every page by name, rendered.
pub(crate) fn pages() -> Vec<(&'static str, String)> {
    let render = |page: &dyn Dyn| page.html();
    vec![
        ("account", render(&people::account())),
        ("act", render(&agreement::act())),
        ("administration", render(&people::administration())),
        ("api", render(&around::api())),
        ("calendar", render(&told::calendar())),
        ("board", render(&board::board())),
        ("charter", render(&agreement::charter())),
        ("dossier", render(&dossier::incident())),
        ("exception", render(&agreement::exception())),
        ("exceptions", render(&agreement::exceptions())),
        ("feeds", render(&around::feeds())),
        ("finding", render(&risk::finding())),
        ("findings", render(&risk::findings())),
        ("findings-empty", render(&risk::no_findings())),
        ("ledger", render(&needs::ledger())),
        ("letter", render(&told::letter())),
        ("listing", render(&needs::listing())),
        ("maturity", render(&maturity::maturity())),
        ("metrics", render(&around::metrics())),
        ("notices", render(&told::notices())),
        ("rota", render(&told::rota())),
        ("package", render(&facts::package())),
        ("plan", render(&people::plan())),
        ("plans", render(&planned::plans())),
        ("what_if", render(&planned::what_if())),
        ("proposal", render(&agreement::proposal())),
        ("release", render(&facts::release())),
        ("said", render(&facts::said())),
        ("review", render(&reviews::review())),
        ("reviews", render(&reviews::reviews())),
        ("goals", render(&reviews::goals())),
        ("beside", render(&reviews::beside())),
        ("search", render(&around::search())),
        ("shares", render(&board::shares())),
        ("sign-in", render(&around::sign_in())),
        ("supplier", render(&suppliers::supplier())),
        ("supplied", render(&suppliers::supplied())),
        ("system", render(&places::system())),
        ("systems", render(&places::systems())),
        ("team", render(&people::team())),
        ("teams", render(&people::teams())),
        ("tickets", render(&planned::tickets())),
        ("today", render(&risk::today())),
        ("trouble", render(&around::trouble())),
        ("update", render(&planned::update())),
        ("updates", render(&planned::updates())),
        ("vulnerability", render(&facts::vulnerability())),
        ("wall", render(&board::wall())),
        ("where", render(&facts::where_is_it())),
    ]
}

/// The same, with one text in every field.
pub(crate) fn hostile_pages(text: &str) -> Vec<(&'static str, String)> {
    HOSTILE.set(Some(text.to_owned()));
    let pages = pages();
    HOSTILE.set(None);
    pages
}

trait Dyn {
    fn html(&self) -> String;
}

impl<T: Template> Dyn for T {
    fn html(&self) -> String {
        self.render().expect("a page renders")
    }
}

fn now() -> Timestamp {
    "2026-11-27T09:30:00Z".parse().expect("a time")
}

/// Hours from now.
fn hours(hours: i64) -> When {
    When::of(now() + Span::new().hours(hours), now())
}

/// Days from now.
fn days(days: i64) -> When {
    hours(days * 24)
}

/// A link.
fn l(text: &str, href: &str) -> Link {
    Link::to(t(text), href)
}

/// A name with a second thing to know.
fn named(text: &str, href: &str, second: &str) -> Cell {
    Cell::Name(l(text, href), t(second))
}

fn text(words: &str) -> Cell {
    Cell::text(t(words))
}

fn code(words: &str) -> Cell {
    Cell::code(t(words))
}

fn num(words: &str, href: &str) -> Cell {
    Cell::link(t(words), href)
}

fn mark(level: Level) -> Cell {
    Cell::Mark(Mark::Level(level))
}

fn column(name: &str) -> Column {
    Column::left(t(name))
}

fn numbers(name: &str) -> Column {
    Column::right(t(name))
}

fn table(title: &str, columns: Vec<Column>, rows: Vec<Vec<Cell>>) -> Table {
    Table {
        title: t(title),
        titled: true,
        columns,
        rows: rows.into_iter().map(Row::of).collect(),
        empty: Empty {
            why: t("Nothing here yet."),
            next: Some(l("See all findings", "/findings")),
        },
        ..Table::default()
    }
}

fn pager(shown: &str) -> Option<Pager> {
    Some(Pager { shown: t(shown), before: Href::default(), after: "?after=k3".into() })
}

fn layout(entry: Entry, crumbs: &[(&str, &str)], title: &str, headline: &str) -> Layout {
    Layout {
        organisation: t("Harbour Group"),
        person: t("Ana Ruiz"),
        side: t("security"),
        sides: vec![t("engineering"), t("operations")],
        entry: Some(entry),
        entries: Entry::ALL.to_vec(),
        search: String::new(),
        crumbs: crumbs.iter().map(|(text, href)| l(text, href)).collect(),
        title: t(title),
        headline: t(headline),
        actions: Vec::new(),
        primary: None,
        csrf: "token".to_owned(),
        flash: None,
        now: now(),
        source: t("OSV of 2026-11-27 04:10 UTC, KEV of 2026-11-26, EPSS of 2026-11-27"),
    }
}

fn dial(size: Size, of: &str) -> Dial {
    let first: Date = "2026-08-30".parse().expect("a date");
    let load = |i: i32| {
        let wave = f64::from((i * 7) % 5) * 1.1;
        let base = match i {
            0..21 => 148.0 - f64::from(i) * 0.4,
            21..38 => 196.0 - f64::from(i - 21) * 0.9,
            41..62 => 181.0 - f64::from(i - 41) * 0.3,
            62..75 => 118.0 + f64::from(i - 62) * 0.8,
            75..90 => 141.0 - f64::from(i - 75) * 1.6,
            _ => return None,
        };
        Some(base + wave)
    };
    let day = |i: i32| Day { date: first + Span::new().days(i), load: load(i) };
    let moved = |i: i32, by: f64, what: &str, href: &str| Move {
        date: first + Span::new().days(i),
        by,
        what: l(what, href),
    };
    Dial {
        size,
        of: t(of),
        href: "/findings?open=yes".into(),
        days: (0..90).map(day).collect(),
        moves: vec![
            moved(
                21,
                57.2,
                "Advisory published: CVE-2026-31807 in libwebp",
                "/vulnerabilities/CVE-2026-31807",
            ),
            moved(62, -63.4, "Batch deployed: payments, October window", "/history?batch=118"),
            moved(75, 13.5, "Exception expired: netty in gateway", "/exceptions/41"),
            moved(84, -9.1, "Batch deployed: ledger, November window", "/history?batch=131"),
        ],
        csv: "/load.csv".into(),
    }
}

/// A small dial between two loads; unknown lately where there is no last one.
fn small_dial(of: &str, (from, to): (f64, Option<f64>)) -> Cell {
    let mut dial = dial(Size::Small, of);
    let last = dial.days.len() - 1;
    for (i, day) in dial.days.iter_mut().enumerate() {
        let part = i as f64 / last as f64;
        let step = if i % 30 < 12 && i != last { 0.08 * from } else { 0.0 };
        day.load = match to {
            Some(to) => Some(from + (to - from) * part + step),
            None if i > 60 => None,
            None => Some(from + step),
        };
    }
    if let (Some(first), true) = (dial.days.first_mut(), to.is_some()) {
        first.load = Some(from);
    }
    Cell::Dial(Box::new(dial))
}
