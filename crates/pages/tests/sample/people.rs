//! Teams, one team, an account, the administration.

use trimtab_model::Level::{Critical, High, Low, Medium};
use trimtab_pages::part::*;
use trimtab_pages::{Entry, page};

use super::{
    code, column, days, dial, hours, l, layout, mark, named, num, numbers, t, table, text,
};

pub(super) fn teams() -> page::Teams {
    let row = |name: &str,
               people: &str,
               window: Cell,
               load: &str,
               change: (&str, bool),
               met: &str,
               past: &str| {
        vec![
            named(name, "/teams/payments", people),
            num("4", "/systems?team=payments"),
            window,
            num(load, "/findings?team=payments"),
            Cell::Change(t(change.0), Some(change.1)),
            num(met, "/metrics?team=payments"),
            num(past, "/findings?team=payments&due=past"),
        ]
    };
    page::Teams {
        layout: layout(
            Entry::Teams,
            &[("Teams", "/teams")],
            "Teams",
            "10 of 12 teams met every deadline this month.",
        ),
        figures: Figures(vec![
            Figure::of(t("12"), t("teams"), "/teams"),
            Figure::of(t("94 %"), t("deadlines met"), "/metrics"),
            Figure::of(t("0.4"), t("interruptions a week and team"), "/metrics#noise"),
            Figure::of(t("1"), t("team without a rhythm"), "?cadence=none").marked(Mark::Unknown),
        ]),
        table: Table {
            titled: false,
            ..table(
                "Teams",
                vec![
                    column("Team").kept(),
                    numbers("Systems"),
                    column("Next window").kept(),
                    numbers("Load").kept(),
                    numbers("90 days"),
                    numbers("Deadlines met"),
                    numbers("Past"),
                ],
                vec![
                    row(
                        "Team Payments",
                        "6 people",
                        Cell::Value(days(6).into()),
                        "61.2",
                        ("−12.4", true),
                        "88 %",
                        "2",
                    ),
                    row(
                        "Team Edge",
                        "4 people",
                        Cell::Value(days(2).into()),
                        "22.5",
                        ("+8", false),
                        "97 %",
                        "0",
                    ),
                    row(
                        "Team Ledger",
                        "7 people",
                        Cell::unknown(t("the team has not chosen a rhythm")),
                        "14.8",
                        ("−9.1", true),
                        "100 %",
                        "0",
                    ),
                ],
            )
        },
    }
}

pub(super) fn team() -> page::Team {
    let row = |level, what: &str, window: &str, points: &str, due: Cell| {
        vec![
            mark(level),
            named(what, "/actions/1", ""),
            text(window),
            num("9", "/findings?action=1"),
            text(points),
            due,
        ]
    };
    page::Team {
        layout: layout(
            Entry::Teams,
            &[("Teams", "/teams"), ("Team Payments", "")],
            "Team Payments",
            "Team Payments has 9 points of work for 8 points of the window of 3 December.",
        ),
        figures: Figures(vec![
            Figure::of(t("2"), t("past"), "/findings?team=payments&due=past").marked(Critical),
            Figure::of(t("9 / 8"), t("points, next window"), "#queue"),
            Figure::of(t("88 %"), t("deadlines met, 90 days"), "/metrics?team=payments"),
            Figure::of(t("4 days"), t("median to remediate high"), "/metrics?team=payments"),
            Figure::of(t("1"), t("exception"), "/exceptions?team=payments"),
        ]),
        dial: dial(Size::Medium, "Team Payments"),
        about: Pairs(vec![
            (t("Cadence"), Value::Text(t("every second Thursday"))),
            (t("Next window"), Value::Time(days(6))),
            (t("Capacity"), Value::Text(t("8 points a window"))),
            (t("Open updates"), Value::Text(t("2 of at most 5"))),
            (t("Freeze"), Value::Text(t("2026-12-18 to 2027-01-04"))),
            (t("Work calendar"), Value::Unknown(t("the team has not said where it works"))),
        ]),
        queue: table(
            "Queue",
            vec![
                column("Level").kept(),
                column("Action").kept(),
                column("Window"),
                numbers("Findings"),
                numbers("Points"),
                numbers("Due").kept(),
            ],
            vec![
                row(Critical, "Upgrade log4j-core", "now", "1–2", Cell::Due(hours(-52), true)),
                row(
                    High,
                    "Upgrade netty-codec-http by spring-boot",
                    "3 December",
                    "2–5",
                    Cell::Due(days(7), false),
                ),
                row(Medium, "Relock requests", "3 December", "1", Cell::Due(days(19), false)),
                row(Low, "Remove left-pad", "17 December", "1", Cell::Due(days(80), false)),
            ],
        ),
        exceptions: Table {
            rows: Vec::new(),
            empty: Empty { why: t("Nothing is accepted."), next: None },
            ..table("Accepted", vec![column("What")], Vec::new())
        },
        fixed: table(
            "Fixed lately",
            vec![
                column("What").kept(),
                numbers("Load").kept(),
                numbers("Days"),
                numbers("When").kept(),
            ],
            vec![vec![
                named("CVE-2026-1884 in jackson-databind", "/findings/80", ""),
                num("−8", "/findings/80"),
                text("3"),
                Cell::Value(days(-12).into()),
            ]],
        ),
    }
}

pub(super) fn plan() -> page::Plan {
    let change =
        |id: &str, what: &str, versions: &str, removes: &str, points: &str, why: &str| Row {
            id: t(id),
            label: t(what),
            cells: vec![
                named(what, "/packages?purl=pkg:maven/a/b", versions),
                text("ticket-service"),
                num(removes, "/findings?team=3"),
                text("41"),
                text(points),
                text(why),
                num("proposed", "/teams/3/plan/move?change=7:pkg:maven/a/b"),
            ],
        };
    let columns = || {
        vec![
            column("Change").kept(),
            column("In"),
            numbers("Removes").kept(),
            numbers("Load"),
            numbers("Points").kept(),
            column("Why then"),
            column("State"),
        ]
    };
    let window =
        |name: &str, span: &str, filled: Option<(f64, f64)>, rows: Vec<Row>| page::Window {
            anchor: name.replace(' ', "-").to_lowercase(),
            name: t(name),
            span: t(span),
            filled: filled.map(|(taken, room)| Filled { words: t("6.5 of 8 points"), taken, room }),
            changes: Some(Table {
                rows,
                bulk: Some(Bulk {
                    action: "/teams/3/plan".into(),
                    csrf: t("c"),
                    verbs: vec![
                        (t("accept"), t("Accept for this window")),
                        (t("hold"), t("Hold back")),
                    ],
                }),
                empty: Empty {
                    why: t("Nothing that is worth its points goes into it."),
                    next: None,
                },
                ..table("Changes", columns(), Vec::new())
            }),
        };
    page::Plan {
        layout: layout(
            Entry::Teams,
            &[("Teams", "/teams"), ("Team Payments", "/teams/3"), ("Plan", "")],
            "Plan of Team Payments",
            "3 changes in the next 2 windows remove load 118 of 190.",
        ),
        notice: Some(Notice {
            urgency: Urgency::Note,
            text: t(
                "1 change was accepted for a window that is over and not done: the plan places them anew.",
            ),
            next: None,
        }),
        figures: Figures(vec![
            Figure::of(t("190"), t("load now"), "/findings?team=3"),
            Figure::of(t("72"), t("load after these windows"), "/findings?team=3"),
            Figure::of(t("14"), t("findings removed"), "/findings?team=3").noted(t("of 31")),
        ]),
        tries: vec![
            Tabs {
                label: t("Capacity of a window"),
                tabs: vec![
                    Link::to(t("8 points, as agreed"), "/teams/3/plan"),
                    Link::to(t("if it were 16"), "/teams/3/plan?capacity=16"),
                ],
                shown: 0,
            },
            Tabs {
                label: t("Batches open at a time"),
                tabs: vec![
                    Link::to(t("no limit of open batches, as agreed"), "/teams/3/plan"),
                    Link::to(t("if it were 1"), "/teams/3/plan?open_limit=1"),
                ],
                shown: 0,
            },
        ],
        windows: vec![
            window(
                "Now",
                "the charter does not let it wait for a window",
                None,
                vec![change(
                    "7:a",
                    "log4j-core",
                    "2.14.1 to 2.17.1",
                    "4",
                    "1–2",
                    "The charter says now",
                )],
            ),
            window(
                "sprint of 2026-12-07",
                "2026-12-07 to 2026-12-18",
                Some((6.5, 8.0)),
                vec![change(
                    "7:b",
                    "netty-codec-http",
                    "4.1.60 to 4.1.100",
                    "9",
                    "2–5",
                    "The first window that there is for it",
                )],
            ),
            page::Window {
                anchor: "window-3".to_owned(),
                name: t("Nothing in 2 windows"),
                span: t("2026-12-21 to 2027-01-15: nothing worth its points fits into it"),
                filled: None,
                changes: None,
            },
        ],
        held: Some(Table {
            rows: vec![Row {
                id: t("7:c"),
                label: t("moment"),
                cells: vec![
                    named("moment", "/packages?purl=pkg:npm/moment", "2.29.1 to 2.29.4"),
                    text("web"),
                    text("after the fair"),
                    text("2026-11-20"),
                ],
            }],
            titled: true,
            ..table(
                "Held back",
                vec![column("Change").kept(), column("In"), column("Why").kept(), numbers("Since")],
                Vec::new(),
            )
        }),
        left: Table {
            titled: true,
            ..table(
                "What stays open, and why",
                vec![column("Finding").kept(), column("Why").kept()],
                vec![vec![
                    named("CVE-2026-1884", "/findings/80", "jackson-databind in ledger"),
                    text("It would take 7 points, and no window has them left"),
                ]],
            )
        },
        about: Pairs(vec![
            (t("One more point"), Value::Text(t("in sprint of 2026-12-07 would remove load 12"))),
            (t("If nothing is done"), Value::Text(t("5 deadlines pass"))),
        ]),
        taught: Some(Table {
            titled: true,
            ..table(
                "Learnt from finished changes",
                vec![
                    column("Change").kept(),
                    numbers("Finished"),
                    numbers("Taken back"),
                    numbers("Points").kept(),
                    numbers("Holds"),
                    numbers("Working days to merge"),
                ],
                vec![vec![
                    named("raise", "/updates?team=3", "minor step"),
                    text("7"),
                    text("1"),
                    text("1.5–3, was 1–2"),
                    text("87 %, was 90 %"),
                    text("1.5"),
                ]],
            )
        }),
    }
}

pub(super) fn account() -> page::Account {
    let mut layout = layout(
        Entry::Today,
        &[("My account", "/account")],
        "My account",
        "You are security for Harbour Group, and an auditor for payments.",
    );
    layout.entry = None;
    page::Account {
        layout,
        fresh: vec![(t("The new token"), t("trimtab_4f2c_9d1e0c7ab3"))],
        about: Pairs(vec![
            (t("Name"), Value::Text(t("Ana Ruiz"))),
            (t("Mail"), Value::Text(t("ana@example.org"))),
            (t("Second factor"), Value::Link(l("set up", "/account/totp"))),
            (t("Last sign-in"), Value::Time(hours(-1))),
        ]),
        tokens: table(
            "Tokens",
            vec![
                column("Name").kept(),
                column("May"),
                numbers("Last used"),
                numbers("Ends").kept(),
            ],
            vec![
                vec![
                    named("ci-payments", "/account/tokens/1", ""),
                    text("upload to payments"),
                    Cell::Value(hours(-3).into()),
                    Cell::Due(days(31), false),
                ],
                vec![
                    named("notebook", "/account/tokens/2", ""),
                    text("read"),
                    text("never"),
                    Cell::Due(days(300), false),
                ],
            ],
        ),
        form: Form {
            action: "/account/tokens".into(),
            csrf: "token".into(),
            fields: vec![
                Field::new(t("name"), t("Name"), Input::Text),
                Field::new(
                    t("may"),
                    t("May"),
                    Input::Select(vec![
                        (t("read"), t("Read")),
                        (t("upload"), t("Upload snapshots")),
                    ]),
                ),
                Field::new(t("ends"), t("Ends"), Input::Date).hinted(t("At most a year from now.")),
            ],
            submit: t("Make the token"),
            ..Form::default()
        },
    }
}

pub(super) fn administration() -> page::Administration {
    page::Administration {
        layout: layout(
            Entry::Administration,
            &[("Administration", "/administration"), ("People", "")],
            "Administration: people",
            "34 people have access; 2 have not signed in for 90 days.",
        ),
        tabs: Tabs {
            label: t("Administration"),
            tabs: vec![
                l("People", "/administration"),
                l("Tokens", "/administration/tokens"),
                l("Sign-in", "/administration/sign-in"),
                l("Retention", "/administration/retention"),
                l("Backup", "/administration/backup"),
                l("Audit", "/administration/audit"),
            ],
            shown: 0,
        },
        intro: t(
            "A role holds for the organisation, a team or a system. Every change is in the ledger.",
        ),
        about: Pairs(vec![
            (t("Sign-in"), Value::Text(t("OIDC, local accounts for two people"))),
            (t("Last backup"), Value::Time(hours(-9))),
        ]),
        tables: vec![table(
            "People",
            vec![
                column("Person").kept(),
                column("Roles").kept(),
                column("Where"),
                column("Second factor"),
                numbers("Last sign-in"),
            ],
            vec![
                vec![
                    named("Ana Ruiz", "/people/ana", "ana@example.org"),
                    Cell::Tags(vec![t("security"), t("admin")]),
                    text("organisation"),
                    text("yes"),
                    Cell::Value(hours(-1).into()),
                ],
                vec![
                    named("Jonas Berg", "/people/jonas", "jonas@example.org"),
                    Cell::Tags(vec![t("product")]),
                    num("payments", "/systems/payments"),
                    text("by the provider"),
                    Cell::Value(days(-2).into()),
                ],
                vec![
                    named("Mei Tanaka", "/people/mei", "mei@example.org"),
                    Cell::Tags(vec![t("operations")]),
                    text("organisation"),
                    Cell::unknown(t("the provider does not say")),
                    Cell::Value(days(-94).into()),
                ],
                vec![
                    named("deploy bot", "/people/bot", ""),
                    Cell::Tags(vec![t("engineering")]),
                    code("system:payments"),
                    Cell::Nothing,
                    Cell::Nothing,
                ],
            ],
        )],
        form: Some(Form {
            action: "/administration/people".into(),
            csrf: "token".into(),
            fields: vec![
                Field::new(t("mail"), t("Mail"), Input::Email),
                Field::new(
                    t("role"),
                    t("Role"),
                    Input::Select(vec![
                        (t("engineering"), t("Engineering")),
                        (t("auditor"), t("Auditor")),
                    ]),
                ),
            ],
            submit: t("Invite a person"),
            ..Form::default()
        }),
    }
}
