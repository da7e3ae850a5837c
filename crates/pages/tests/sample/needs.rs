//! What needs each side, on *Today* and as a page of its own.

use trimtab_model::Level::High;
use trimtab_pages::part::*;
use trimtab_pages::{Entry, page};

use super::{column, days, l, layout, mark, named, num, numbers, pager, t, table, text};

fn rollouts() -> Table {
    let list = "/findings?state=merged&asset=4";
    Table {
        titled: false,
        pager: Some(Pager { shown: t("The first 1 of 3"), ..Pager::default() }),
        ..table(
            "Waiting for roll-out",
            vec![
                column("Gravest").kept(),
                column("Asset").kept(),
                column("System"),
                numbers("Findings"),
                numbers("First due").kept(),
            ],
            vec![vec![
                mark(High),
                named("payments-api", list, ""),
                num("payments", "/systems/1"),
                num("6", list),
                Cell::Due(days(2), false),
            ]],
        )
    }
}

pub(super) fn sides() -> Vec<page::Side> {
    let charters = Table {
        titled: false,
        ..table(
            "Charters to agree to",
            vec![column("Charter").kept(), column("Agreed so far").kept()],
            vec![vec![named("Proposal 4", "/charter/proposals/4", ""), text("product")]],
        )
    };
    vec![
        page::Side {
            name: t("Operations"),
            figures: Figures(vec![
                Figure::of(t("3"), t("waiting for roll-out"), "/today/rollouts?side=operations"),
                Figure::of(t("0"), t("failed deployments"), "/today/broken?side=operations"),
                Figure::of(t("1"), t("charter to agree to"), "/today/charters?side=operations"),
            ]),
            lists: vec![
                (l("Waiting for roll-out", "/today/rollouts?side=operations"), rollouts()),
                (l("Charters to agree to", "/today/charters?side=operations"), charters),
            ],
        },
        page::Side {
            name: t("Leadership"),
            figures: Figures(vec![Figure::of(
                t("0"),
                t("decisions to answer"),
                "/today/answers?side=leadership",
            )]),
            lists: Vec::new(),
        },
    ]
}

pub(super) fn listing() -> page::Listing {
    page::Listing {
        layout: layout(
            Entry::Today,
            &[("Today", "/"), ("Waiting for roll-out", "")],
            "Waiting for roll-out",
            "Operations: 3 waiting for roll-out.",
        ),
        filter: None,
        intro: t("The main line is rid of findings that still run in production."),
        table: Table { pager: pager("1 of 3"), ..rollouts() },
    }
}

pub(super) fn ledger() -> page::Ledger {
    let kind =
        |value: &str, chosen| Choice { value: t(value), text: t(value), count: None, chosen };
    page::Ledger {
        layout: layout(
            Entry::Ledger,
            &[("Ledger", "/ledger")],
            "Ledger",
            "The last of 4,021 entries is of 2 hours ago.",
        ),
        filter: Filter {
            action: "/ledger".into(),
            search: Some((t("about"), t("System, asset, finding or person"), t("payments"))),
            dates: vec![(t("since"), t("Since"), t("2026-11-01"))],
            facets: vec![Facet {
                single: true,
                name: t("kind"),
                text: t("Kind"),
                choices: vec![kind("any", true), kind("deployed", false)],
            }],
            chips: vec![l("about: payments", "/ledger")],
            clear: "/ledger".into(),
            ..Filter::default()
        },
        entries: Table {
            titled: false,
            pager: pager("100 shown"),
            ..table(
                "Entries",
                vec![
                    column("What").kept(),
                    column("About").kept(),
                    column("Who"),
                    numbers("Number"),
                    numbers("When").kept(),
                ],
                vec![vec![
                    named(
                        "deployed",
                        "/ledger?kind=deployed",
                        "environment production, outcome ok",
                    ),
                    num("payments-api", "/ledger?asset=4"),
                    text("token ci"),
                    text("4021"),
                    Cell::Value(days(-1).into()),
                ]],
            )
        },
        about: t("Every entry is sealed by the hash of the one before."),
        verify: Form {
            action: "/ledger/verify".into(),
            csrf: "token".to_owned(),
            submit: t("Verify the ledger"),
            ..Form::default()
        },
    }
}
