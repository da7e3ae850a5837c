//! Systems and one system.

use trimtab_model::Level::{Critical, High, Low, Medium};
use trimtab_pages::part::*;
use trimtab_pages::{Entry, page};

use super::{
    code, column, days, dial, hours, l, layout, mark, named, num, numbers, pager, small_dial, t,
    table, text,
};

pub(super) fn systems() -> page::Systems {
    let row = |name: &str,
               about: &str,
               team: &str,
               tier: &str,
               exposure: Cell,
               load: (f64, Option<f64>),
               gravest: Cell,
               due: Cell| {
        vec![
            named(name, "/systems/payments", about),
            num(team, "/teams/payments"),
            text(tier),
            exposure,
            gravest,
            small_dial(name, load),
            due,
        ]
    };
    let mut layout = layout(
        Entry::Systems,
        &[("Systems", "/systems")],
        "Systems",
        "3 of 80 systems carry half of the load; 2 are past a deadline.",
    );
    layout.actions =
        vec![l("Add a system", "/systems/add"), l("Compare two releases", "/releases")];
    page::Systems {
        layout,
        figures: Figures(vec![
            Figure::of(t("80"), t("systems"), "/systems"),
            Figure::of(t("11"), t("face the internet"), "?exposure=internet"),
            Figure::of(t("2"), t("past a deadline"), "?due=past").marked(Critical),
            Figure::of(t("6"), t("without a team"), "?team=none").marked(Mark::Unknown),
            Figure::of(t("4"), t("nothing uploaded for 30 days"), "?quiet=30"),
        ]),
        filter: Filter {
            action: "/systems".into(),
            search: Some((t("q"), t("System, team or tag"), String::new())),
            facets: vec![Facet {
                single: false,
                name: t("tier"),
                text: t("Tier"),
                choices: vec![Choice {
                    value: t("1"),
                    text: t("1: the business stops"),
                    count: Some(9),
                    chosen: false,
                }],
            }],
            ..Filter::default()
        },
        table: Table {
            titled: false,
            pager: pager("1–6 of 80"),
            csv: "/systems.csv".into(),
            ..table(
                "Systems",
                vec![
                    column("System").kept(),
                    column("Team"),
                    column("Tier"),
                    column("Exposure"),
                    column("Gravest"),
                    column("Load, 90 days").sorts("?sort=load", "descending").kept(),
                    numbers("Next deadline"),
                ],
                vec![
                    row(
                        "payments",
                        "checkout and settlement",
                        "Team Payments",
                        "1",
                        text("internet"),
                        (73.6, Some(61.2)),
                        mark(Critical),
                        Cell::Due(hours(-52), true),
                    ),
                    row(
                        "gateway",
                        "edge of every public service",
                        "Team Edge",
                        "1",
                        text("internet"),
                        (14.5, Some(22.5)),
                        mark(High),
                        Cell::Due(days(2), false),
                    ),
                    row(
                        "storefront",
                        "shop",
                        "Team Web",
                        "2",
                        text("internet"),
                        (19.1, Some(16.0)),
                        mark(High),
                        Cell::Due(days(4), false),
                    ),
                    row(
                        "ledger",
                        "double-entry books",
                        "Team Ledger",
                        "1",
                        text("internal"),
                        (23.9, Some(14.8)),
                        mark(Medium),
                        Cell::Due(days(19), false),
                    ),
                    row(
                        "intranet",
                        "pages for staff",
                        "Operations",
                        "3",
                        text("internal"),
                        (2.0, Some(2.0)),
                        mark(Low),
                        Cell::Nothing,
                    ),
                    row(
                        "billing",
                        "nightly batch",
                        "Team Ledger",
                        "2",
                        Cell::unknown(t("nobody has said")),
                        (4.0, None),
                        Cell::Mark(Mark::Unknown),
                        Cell::Nothing,
                    ),
                ],
            )
        },
    }
}

pub(super) fn system() -> page::System {
    let mut layout = layout(
        Entry::Systems,
        &[("Systems", "/systems"), ("payments", "")],
        "payments",
        "Payments has 2 findings past their deadline; the window of 3 December removes 61 % of its load.",
    );
    layout.actions = vec![
        l("Compare releases", "/systems/payments/releases"),
        l("Where is it?", "/where?system=payments"),
        l("Edit", "/systems/payments/edit"),
    ];
    page::System {
        layout,
        figures: Figures(vec![
            Figure::of(t("2"), t("critical"), "/findings?system=payments&level=critical")
                .marked(Critical),
            Figure::of(t("7"), t("high"), "/findings?system=payments&level=high").marked(High),
            Figure::of(t("31"), t("medium"), "/findings?system=payments&level=medium")
                .marked(Medium),
            Figure::of(t("88"), t("low"), "/findings?system=payments&level=low").marked(Low),
            Figure::of(t("3"), t("components unknown"), "/unknown?system=payments")
                .marked(Mark::Unknown),
            Figure::of(t("1"), t("exception"), "/exceptions?system=payments")
                .noted(t("ends in 12 days")),
        ]),
        dial: dial(Size::Medium, "payments"),
        about: Pairs(vec![
            (t("Team"), Value::Link(l("Team Payments", "/teams/payments"))),
            (t("Tier"), Value::Text(t("1: the business stops"))),
            (t("Exposure"), Value::Text(t("internet"))),
            (t("Data"), Value::Text(t("payment data, personal data"))),
            (t("Network"), Value::Unknown(t("nobody has said"))),
            (t("Environments"), Value::Text(t("production eu-1, us-1; staging; test"))),
            (t("Product owner"), Value::Link(l("Jonas Berg", "/people/jonas"))),
            (t("Last upload"), Value::Time(hours(-3))),
        ]),
        environments: table(
            "What runs where",
            vec![
                column("Environment").kept(),
                column("Snapshot").kept(),
                numbers("Since"),
                column("Outcome"),
            ],
            vec![
                vec![
                    named("eu-1", "/systems/payments/eu-1", "production"),
                    code("build 4411"),
                    Cell::Value(days(-3).into()),
                    Cell::Change(t("rolled back"), Some(false)),
                ],
                vec![
                    named("us-1", "/systems/payments/us-1", "production"),
                    code("build 4410"),
                    Cell::Value(days(-12).into()),
                    text("ok"),
                ],
                vec![
                    named("staging", "/systems/payments/staging", ""),
                    code("build 4415"),
                    Cell::Value(hours(-6).into()),
                    text("ok"),
                ],
                vec![
                    named("test", "/systems/payments/test", ""),
                    Cell::unknown(t("no deployment was reported")),
                    Cell::Nothing,
                    Cell::Nothing,
                ],
            ],
        ),
        assets: table(
            "Assets",
            vec![
                column("Asset").kept(),
                column("Kind"),
                numbers("Components").kept(),
                numbers("Findings"),
                numbers("Last snapshot"),
                column("Commit"),
            ],
            vec![
                vec![
                    named("payments-api", "/assets/3", ""),
                    text("repository"),
                    num("412", "/assets/3/components"),
                    num("61", "/findings?asset=3"),
                    Cell::Value(hours(-3).into()),
                    code("9f31c2e"),
                ],
                vec![
                    named("payments-worker", "/assets/4", ""),
                    text("image"),
                    num("1,204", "/assets/4/components"),
                    num("67", "/findings?asset=4"),
                    Cell::Value(hours(-3).into()),
                    code("sha256:77ab…"),
                ],
            ],
        ),
        findings: table(
            "What must go",
            vec![
                column("Level").kept(),
                column("Finding").kept(),
                column("Removed by"),
                column("Waits for"),
                numbers("Load"),
                numbers("Due").kept(),
            ],
            vec![
                vec![
                    mark(Critical),
                    named("CVE-2021-44228 in log4j-core", "/findings/1", "2.14.1"),
                    num("Upgrade to 2.17.1", "/actions/1"),
                    num("Ana Ruiz", "/people/ana"),
                    num("16", "/findings/1"),
                    Cell::Due(hours(-52), true),
                ],
                vec![
                    mark(Critical),
                    named("CVE-2026-31807 in libwebp", "/findings/2", "1.3.1"),
                    num("Move base image", "/actions/2"),
                    num("Operations", "/teams/operations"),
                    num("16", "/findings/2"),
                    Cell::Due(hours(-7), true),
                ],
                vec![
                    mark(High),
                    named("CVE-2026-11204 in netty-codec-http", "/findings/3", "4.1.94"),
                    num("Upgrade its parent", "/actions/3"),
                    num("Team Payments", "/teams/payments"),
                    num("8", "/findings/3"),
                    Cell::Due(days(2), false),
                ],
            ],
        ),
        depends: table(
            "Depends on, and is needed by",
            vec![column("System").kept(), column("How"), column("Gravest"), numbers("Load").kept()],
            vec![
                vec![
                    named("ledger", "/systems/ledger", ""),
                    text("depends on"),
                    mark(Medium),
                    num("14.8", "/findings?system=ledger"),
                ],
                vec![
                    named("storefront", "/systems/storefront", ""),
                    text("needed by"),
                    mark(High),
                    num("16", "/findings?system=storefront"),
                ],
            ],
        ),
    }
}
