//! What is planned, and what was carried out.

use trimtab_model::Level;
use trimtab_pages::Entry;
use trimtab_pages::page;
use trimtab_pages::part::{
    Cell, Choice, Empty, Facet, Field, Figure, Figures, Filled, Filter, Form, Input, Notice, Pairs,
    State, Step, Steps, Table, Urgency, Value,
};

use super::{code, column, days, hours, l, layout, mark, named, num, numbers, t, table, text};

pub(super) fn plans() -> page::Plans {
    let filled =
        |words: &str, taken: f64| Cell::Filled(Filled { words: t(words), taken, room: 8.0 });
    page::Plans {
        layout: layout(
            Entry::Plan,
            &[("Plan", "")],
            "Plan",
            "9 changes of 2 teams are scheduled and remove load 118 of 190.",
        ),
        figures: Figures(vec![
            Figure::of(t("9"), t("changes scheduled"), "/plan"),
            Figure::of(t("118"), t("load removed"), "/findings").noted(t("of 190")),
            Figure::of(t("3"), t("past their deadline by then"), "/findings"),
        ]),
        windows: table(
            "The next windows of each team",
            vec![
                column("Team").kept(),
                column("Window").kept(),
                column("Points"),
                numbers("Changes").kept(),
                numbers("Load removed"),
                numbers("Misses"),
                numbers("Stays"),
            ],
            vec![
                vec![
                    named("Team Payments", "/teams/3/plan", "every sprint"),
                    text("now"),
                    Cell::Nothing,
                    num("1", "/teams/3/plan#now"),
                    num("41", "/teams/3/plan#now"),
                    num("2", "/teams/3/plan#stays"),
                    num("4", "/teams/3/plan#stays"),
                ],
                vec![
                    named("Team Payments", "/teams/3/plan", ""),
                    named("sprint of 2026-12-07", "/teams/3/plan#window-1", "until 2026-12-18"),
                    filled("9 of 8 points", 9.0),
                    num("8", "/teams/3/plan#window-1"),
                    num("77", "/teams/3/plan#window-1"),
                    Cell::Nothing,
                    Cell::Nothing,
                ],
            ],
        ),
        without: Some(Table {
            titled: true,
            ..table(
                "Teams without a plan",
                vec![column("Team").kept(), column("What is missing").kept()],
                vec![vec![
                    named("Team Web", "/teams/4", ""),
                    text("The team has not chosen a cadence."),
                ]],
            )
        }),
    }
}

pub(super) fn what_if() -> page::WhatIf {
    let choice = |value: &str, text: &str, chosen: bool| Choice {
        value: t(value),
        text: t(text),
        count: None,
        chosen,
    };
    let facet = |name: &str, text: &str, choices: Vec<Choice>| Facet {
        name: name.to_owned(),
        text: t(text),
        choices,
        single: true,
    };
    page::WhatIf {
        layout: layout(
            Entry::Plan,
            &[("Plan", "/plan"), ("What if", "")],
            "What if",
            "In half a year 2 teams would have 12 % fewer load-days than today.",
        ),
        asked: Filter {
            action: "/plan/what-if".into(),
            facets: vec![
                facet(
                    "charter",
                    "Charter",
                    vec![choice("", "in force", false), choice("swift", "swift", true)],
                ),
                facet(
                    "capacity",
                    "Capacity",
                    vec![choice("", "as agreed", true), choice("2", "twice", false)],
                ),
            ],
            chips: vec![l("charter: swift", "/plan/what-if")],
            clear: "/plan/what-if".into(),
            ..Filter::default()
        },
        notice: Some(Notice {
            urgency: Urgency::Note,
            text: t("This is a trial: nothing is changed by it."),
            next: None,
        }),
        figures: Figures(vec![
            Figure::of(t("5,210"), t("load-days in half a year"), "/plan")
                .noted(t("5,920 as things are")),
            Figure::of(t("3"), t("deadlines missed"), "/findings").noted(t("7 as things are")),
        ]),
        teams: Table {
            titled: true,
            ..table(
                "By team",
                vec![
                    column("Team").kept(),
                    numbers("Load-days").kept(),
                    numbers("Deadlines missed").kept(),
                    numbers("Removed"),
                    numbers("Interruptions"),
                    numbers("Points"),
                ],
                vec![vec![
                    named("Team Payments", "/teams/3/plan", "every sprint"),
                    text("2,840, was 3,300"),
                    text("1, was 4"),
                    text("31"),
                    text("2, was 1"),
                    text("41.5, was 38"),
                ]],
            )
        },
        without: Some(Table {
            titled: true,
            ..table(
                "Not in the sums",
                vec![column("Team").kept(), column("Why").kept()],
                vec![vec![
                    named("Team Web", "/teams/4", ""),
                    text("The team has not chosen a cadence."),
                ]],
            )
        }),
    }
}

pub(super) fn updates() -> page::Updates {
    page::Updates {
        layout: layout(
            Entry::Plan,
            &[("Plan", "/plan"), ("Updates", "")],
            "Updates",
            "2 batches were carried out; 1 waits to be merged.",
        ),
        figures: Figures(vec![
            Figure::of(t("1"), t("wait to be merged"), "/updates"),
            Figure::of(t("1"), t("in production"), "/updates"),
        ]),
        list: table(
            "Updates",
            vec![column("Batch").kept(), column("In"), column("How far").kept(), numbers("When")],
            vec![vec![
                named("log4j-core to 2.17.1", "/updates/4", "now-1f3a"),
                text("ticket-service"),
                text("waits to be merged"),
                Cell::Value(days(-2).into()),
            ]],
        ),
    }
}

pub(super) fn tickets() -> page::Tickets {
    page::Tickets {
        layout: layout(
            Entry::Teams,
            &[("Teams", "/teams"), ("Payments", "/teams/3"), ("Tickets", "")],
            "Tickets of Payments",
            "1 ticket of Payments is open; evidence closed 4.",
        ),
        notice: Some(Notice {
            urgency: Urgency::Warning,
            text: t("The tracker cannot be used now: the host does not accept the token."),
            next: Some(l("Set the tracker", "/teams/3/tracker")),
        }),
        figures: Figures(vec![
            Figure::of(t("1"), t("open"), "/teams/3/tickets"),
            Figure::of(t("2"), t("wait for a free slot"), "/teams/3/tickets"),
        ]),
        list: table(
            "Actions with a ticket",
            vec![
                column("Action").kept(),
                column("Ticket").kept(),
                column("Status").kept(),
                column("Level"),
                column("What people changed").kept(),
            ],
            vec![vec![
                named("Raise log4j-core to 2.17.1 in ticket-service", "/findings?asset=7", "now"),
                Cell::link(t("PAY-7"), "https://tracker.example/browse/PAY-7"),
                text("people will not do it"),
                mark(Level::Critical),
                text("assigned to Ann; will not be done: the service goes in March"),
            ]],
        ),
        waiting: Some(table(
            "Scheduled, without a ticket yet",
            vec![column("Change").kept(), column("Window").kept(), numbers("Removes").kept()],
            vec![vec![
                named("jackson-databind to 2.17.0", "/findings?asset=7", ""),
                text("sprint of 2026-12-07"),
                num("3", "/findings?asset=7"),
            ]],
        )),
        about: Pairs(vec![(t("Project"), Value::Code(t("PAY")))]),
    }
}

pub(super) fn update() -> page::Update {
    let step = |side: &str, task: &str, what: &str, state: State| Step {
        side: t(side),
        task: t(task),
        owner: l("Team Payments", "/teams/3"),
        text: t(what),
        state,
    };
    page::Update {
        layout: layout(
            Entry::Plan,
            &[("Plan", "/plan"), ("Updates", "/updates"), ("One update", "")],
            "log4j-core to 2.17.1 in ticket-service",
            "log4j-core to 2.17.1 in ticket-service waits to be merged.",
        ),
        notice: Some(Notice {
            urgency: Urgency::Warning,
            text: t("It was rolled back on 2026-11-26: the till was slow."),
            next: None,
        }),
        figures: Figures(vec![Figure::of(t("4"), t("findings gone"), "/findings?asset=7")]),
        steps: Steps(vec![
            step("Product", "planned", "sprint of 2026-12-07", State::Done(days(-9))),
            step("Engineering", "carried out", "Tests as before", State::Done(days(-2))),
            step(
                "Engineering",
                "merged",
                "batch/now-1f3a",
                State::Waiting {
                    on: l("Team Payments", "/teams/3"),
                    since: days(-2),
                    until: Some(hours(30)),
                    late: false,
                },
            ),
            step("Operations", "deployed", "production", State::NotYet),
        ]),
        tests: Table {
            titled: true,
            ..table(
                "Tests",
                vec![column("Run").kept(), column("Ended").kept(), numbers("Passed").kept()],
                vec![vec![text("before"), text("well"), text("214")]],
            )
        },
        said: vec![t("Failed before and after: shop.till.slow")],
        moves: Table {
            titled: true,
            ..table(
                "What changes",
                vec![column("Package").kept(), column("From").kept(), column("To").kept()],
                vec![vec![
                    num("log4j-core", "/packages?purl=pkg:maven/a/b"),
                    code("2.14.1"),
                    code("2.17.1"),
                ]],
            )
        },
        removes: Table {
            titled: true,
            ..table(
                "What it removes",
                vec![column("Finding").kept(), column("How far").kept()],
                vec![vec![named("CVE-2021-44228", "/findings/80", "log4j-core"), text("open")]],
            )
        },
        left_out: Some(Table {
            titled: true,
            empty: Empty { why: t("Nothing."), next: None },
            ..table(
                "What was left out",
                vec![column("Action").kept(), column("Why").kept()],
                vec![vec![text("netty-codec-http to 4.1.100"), text("it breaks 2 tests")]],
            )
        }),
        about: Pairs(vec![
            (t("Branch"), Value::Code(t("trimtab/now-1f3a"))),
            (t("Request"), Value::Link(l("number 12", "https://git.example/shop/12"))),
        ]),
        rollback: t("trimtab rollback now-1f3a"),
        merged: Some(Form {
            action: "/updates/4/merged".into(),
            csrf: t("c"),
            fields: vec![Field::new("mine", "mine", Input::Hidden).holding(t("yes"))],
            submit: t("I merged it"),
            ..Form::default()
        }),
        form: Some(Form {
            action: "/updates/4".into(),
            csrf: t("c"),
            fields: vec![Field::new("points", "Points", Input::Text).holding(t("3")).optional()],
            submit: t("Save"),
            ..Form::default()
        }),
    }
}
