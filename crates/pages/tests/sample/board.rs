//! Boards of sides, on the page and on a wall, and the links that share them.

use trimtab_model::Level::{Critical, High};
use trimtab_pages::part::*;
use trimtab_pages::{Entry, page};

use super::{column, days, dial, hours, l, layout, mark, named, now, num, numbers, t, table, text};

fn figures(linked: bool) -> Figures {
    let href = |address: &str| if linked { address.to_owned() } else { String::new() };
    Figures(vec![
        Figure::of(t("14"), t("products with a known risk"), href("/systems")),
        Figure::of(t("9"), t("with a planned release"), href("/plan")),
        Figure::of(t("94 %"), t("deadlines met in 90 days"), href("/metrics/list?of=due"))
            .noted(t("88 % in the 90 days before")),
    ])
}

fn products(linked: bool) -> Table {
    let href = |address: &'static str| if linked { address } else { "" };
    table(
        "Risk and plan by product",
        vec![
            column("Product").kept(),
            column("What a failure means to customers"),
            column("Gravest").kept(),
            numbers("Risks"),
            numbers("First due"),
            column("Next release"),
        ],
        vec![
            vec![
                named("payments", href("/systems/payments"), ""),
                text("Nobody can pay for a crossing."),
                mark(Critical),
                num("12", href("/findings?system=1")),
                Cell::Due(days(-2), true),
                text("sprint of 2026-12-07: 3 changes by 2026-12-18, 61 % less risk"),
            ],
            vec![
                named("gateway", href("/systems/gateway"), ""),
                Cell::unknown(t("the effect of a failure is not described")),
                mark(High),
                num("4", href("/findings?system=2")),
                Cell::Nothing,
                text("nothing is planned"),
            ],
        ],
    )
}

pub(super) fn board() -> page::Board {
    let mut layout = layout(
        Entry::Metrics,
        &[("Metrics", "/metrics"), ("Board of product", "")],
        "Board of product",
        "14 products carry a known risk; 9 have a release planned that lowers it.",
    );
    layout.actions =
        vec![l("Wall", "/boards/product/wall"), l("Share by a link", "/boards/product/share")];
    page::Board {
        layout,
        tabs: Tabs {
            label: t("Sides"),
            tabs: vec![l("Security", "/boards/security"), l("Product", "/boards/product")],
            shown: 1,
        },
        figures: figures(true),
        dial: Some(dial(Size::Medium, "all systems")),
        tables: vec![products(true)],
    }
}

pub(super) fn wall() -> page::Wall {
    let mut dial = dial(Size::Medium, "all systems");
    dial.href = Href::default();
    dial.csv = Href::default();
    dial.moves.clear();
    page::Wall {
        organisation: t("Harbour Group"),
        title: t("Board of product"),
        headline: t("14 products carry a known risk; 9 have a release planned that lowers it."),
        every: 300,
        figures: figures(false),
        dial: Some(dial),
        tables: vec![products(false)],
        now: now(),
    }
}

pub(super) fn shares() -> page::Shares {
    let mut table = table(
        "Links",
        vec![
            column("Name").kept(),
            column("Shows"),
            column("Made by"),
            numbers("Ends").kept(),
            numbers("Last read"),
        ],
        vec![
            vec![
                named("The wall of floor 3", "/boards/product", ""),
                text("product, of the organisation"),
                text("Ana Ruiz"),
                Cell::Value(days(20).into()),
                Cell::Value(hours(-1).into()),
            ],
            vec![
                named("For the auditors", "/boards/leadership", ""),
                text("leadership, of team payments"),
                text("Ana Ruiz"),
                text("withdrawn"),
                text("never"),
            ],
        ],
    );
    table.bulk = Some(Bulk {
        action: "/shares".into(),
        csrf: "token".to_owned(),
        verbs: vec![("withdraw".to_owned(), t("Withdraw"))],
    });
    if let Some(row) = table.rows.first_mut() {
        row.id = "4".to_owned();
        row.label = t("The wall of floor 3");
    }
    page::Shares {
        layout: layout(
            Entry::Metrics,
            &[("Metrics", "/metrics"), ("Boards", "/boards"), ("Links", "")],
            "Links to boards",
            "1 link to a board works.",
        ),
        about: Some(Pairs(vec![
            (t("The link"), Value::Code(t("https://trimtab.example/shared/trimtab_share_x"))),
            (t("Save"), Value::Text(t("It is shown only this once."))),
        ])),
        table,
    }
}
