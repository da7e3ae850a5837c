//! Signing in, trouble, search, metrics, feeds, the API.

use trimtab_model::Level::{Critical, High, Low, Medium};
use trimtab_pages::part::*;
use trimtab_pages::{Entry, page};

use super::{code, column, days, hours, l, layout, mark, named, num, numbers, t, table, text};

pub(super) fn sign_in() -> page::SignIn {
    page::SignIn {
        headline: t("Sign in to Harbour Group"),
        providers: vec![Link::to(t("Sign in with Harbour SSO"), "/sign-in/oidc")],
        form: Form {
            action: "/sign-in".into(),
            csrf: "token".into(),
            notice: Some(Notice {
                urgency: Urgency::Warning,
                text: t("Name or password is not right."),
                next: None,
            }),
            fields: vec![
                Field::new("mail", t("Mail"), Input::Email).holding(t("ana@example.org")),
                Field::new("password", t("Password"), Input::Secret("current-password")),
                Field::new("code", t("Code of your second factor"), Input::Secret("one-time-code"))
                    .optional(),
            ],
            submit: t("Sign in"),
            ..Form::default()
        },
        help: t("No account yet? Whoever runs Trimtab here can invite you."),
    }
}

pub(super) fn trouble() -> page::Trouble {
    page::Trouble {
        status: 403,
        headline: t("You may not see payments."),
        text: vec![
            t(
                "Payments can be seen by Team Payments, security and auditors. You look from the side of engineering of Team Web.",
            ),
            t("Ask Jonas Berg, who owns payments, or look from another side."),
        ],
        next: vec![l("Today", "/"), l("Systems that you may see", "/systems")],
        reference: t("01JDQ3"),
    }
}

pub(super) fn search() -> page::Search {
    let mut layout = layout(
        Entry::Where,
        &[("Search", "/search")],
        "Search: log4j",
        "Log4j is a package in 4 assets, and part of 3 vulnerabilities here.",
    );
    layout.search = t("log4j");
    layout.entry = None;
    page::Search {
        layout,
        groups: vec![
            table(
                "Packages",
                vec![column("Package").kept(), column("Gravest").kept(), numbers("Assets").kept()],
                vec![vec![
                    named("log4j-core", "/packages/log4j-core", "Maven"),
                    mark(Critical),
                    num("4", "/where?q=log4j-core"),
                ]],
            ),
            table(
                "Vulnerabilities",
                vec![
                    column("Vulnerability").kept(),
                    column("Gravest here").kept(),
                    numbers("Findings").kept(),
                ],
                vec![
                    vec![
                        named("CVE-2021-44228", "/vulnerabilities/CVE-2021-44228", "log4j-core"),
                        mark(Critical),
                        num("2", "/findings?v=1"),
                    ],
                    vec![
                        named("CVE-2021-45046", "/vulnerabilities/CVE-2021-45046", "log4j-core"),
                        mark(High),
                        num("2", "/findings?v=2"),
                    ],
                ],
            ),
        ],
        empty: t("Try a package, a CVE, a system, a team or a person."),
    }
}

fn weeks() -> Vec<String> {
    (36..=47).map(|w| t(&format!("W{w}"))).collect()
}

fn series(name: &str, tone: Tone, values: &[f64]) -> Series {
    let point =
        |v: &f64| Point { value: v.is_finite().then_some(*v), href: "/findings?week=47".into() };
    Series { name: t(name), tone, points: values.iter().map(point).collect() }
}

pub(super) fn metrics() -> page::Metrics {
    let chart = |kind, title: &str, unit: &str, definition: &str, series: Vec<Series>| Chart {
        kind,
        title: t(title),
        definition: t(definition),
        unit: t(unit),
        labels: weeks(),
        series,
        csv: "/metrics/x.csv".into(),
    };
    let unknown = f64::NAN;
    let choice = |value: &str, text: &str, chosen| Choice {
        value: t(value),
        text: t(text),
        count: None,
        chosen,
    };
    page::Metrics {
        layout: layout(
            Entry::Metrics,
            &[("Metrics", "/metrics")],
            "Metrics",
            "High findings are gone in 6 days, 3 days sooner than in the 12 weeks before.",
        ),
        filter: Filter {
            action: "/metrics".into(),
            dates: vec![(t("from"), t("From"), t("2026-09-01")), (t("to"), t("To"), String::new())],
            facets: vec![
                Facet {
                    single: true,
                    name: t("period"),
                    text: t("Period"),
                    choices: vec![choice("12w", "12 weeks", true), choice("1y", "a year", false)],
                },
                Facet {
                    single: true,
                    name: t("against"),
                    text: t("Compared with"),
                    choices: vec![
                        choice("before", "the period before", true),
                        choice("year", "the same weeks a year ago", false),
                    ],
                },
                Facet {
                    single: false,
                    name: t("team"),
                    text: t("Team"),
                    choices: vec![choice("payments", "Team Payments", false)],
                },
            ],
            ..Filter::default()
        },
        figures: Figures(vec![
            Figure::of(t("6 days"), t("median to remediate high"), "#ttr")
                .noted(t("9 days before")),
            Figure::of(t("21 days"), t("90th percentile"), "#ttr").noted(t("34 days before")),
            Figure::of(t("94 %"), t("deadlines met"), "#deadlines").noted(t("88 % before")),
            Figure::of(t("11,208"), t("load-days"), "#load").noted(t("14,920 before")),
            Figure::of(t("0.4"), t("interruptions a week and team"), "#noise")
                .noted(t("1.1 before")),
        ]),
        charts: vec![
            chart(
                Kind::Lines,
                "Time to remediate",
                "days, median",
                "From detected to deployed in production, of findings that were fixed in the week. A week without any is not known.",
                vec![
                    series(
                        "critical",
                        Tone::Level(Critical),
                        &[3.0, 2.0, 2.5, 4.0, 2.0, unknown, 1.5, 2.0, 1.0, 1.5, 2.0, 1.0],
                    ),
                    series(
                        "high",
                        Tone::Level(High),
                        &[14.0, 12.0, 13.0, 9.0, 10.0, 8.5, 9.0, 7.0, 6.5, 7.0, 6.0, 6.0],
                    ),
                    series(
                        "medium",
                        Tone::Level(Medium),
                        &[41.0, 38.0, 44.0, 36.0, 35.0, 33.0, 30.0, 31.0, 28.0, 29.0, 27.0, 26.0],
                    ),
                ],
            ),
            chart(
                Kind::Pairs,
                "Found and fixed",
                "findings",
                "Detected or regressed, and fixed or retracted, in the week.",
                vec![
                    series(
                        "found",
                        Tone::Plain,
                        &[31.0, 22.0, 64.0, 18.0, 25.0, 12.0, 19.0, 40.0, 15.0, 11.0, 21.0, 9.0],
                    ),
                    series(
                        "fixed",
                        Tone::Better,
                        &[20.0, 25.0, 28.0, 44.0, 31.0, 15.0, 22.0, 18.0, 39.0, 14.0, 20.0, 16.0],
                    ),
                ],
            ),
            chart(
                Kind::Bars,
                "Age of the backlog",
                "findings",
                "Open at the end of the week, by level.",
                vec![
                    series(
                        "critical",
                        Tone::Level(Critical),
                        &[9.0, 8.0, 12.0, 8.0, 7.0, 7.0, 6.0, 8.0, 5.0, 5.0, 4.0, 4.0],
                    ),
                    series(
                        "high",
                        Tone::Level(High),
                        &[61.0, 58.0, 70.0, 60.0, 52.0, 50.0, 47.0, 52.0, 41.0, 38.0, 34.0, 31.0],
                    ),
                    series(
                        "medium",
                        Tone::Level(Medium),
                        &[
                            240.0, 238.0, 251.0, 247.0, 240.0, 236.0, 231.0, 233.0, 224.0, 220.0,
                            215.0, 212.0,
                        ],
                    ),
                ],
            ),
            chart(
                Kind::Lines,
                "Deadlines met",
                "%",
                "Of the deadlines that ended in the week, those met in production.",
                vec![
                    series(
                        "this period",
                        Tone::Plain,
                        &[88.0, 90.0, 81.0, 92.0, 95.0, 94.0, 96.0, 91.0, 97.0, 96.0, 98.0, 94.0],
                    ),
                    series(
                        "12 weeks before",
                        Tone::Quiet,
                        &[80.0, 82.0, 85.0, 84.0, 88.0, 86.0, 85.0, 90.0, 88.0, 87.0, 89.0, 88.0],
                    ),
                ],
            ),
        ],
        levels: table(
            "Time to remediate by level",
            vec![column("Level").kept(), Column::right("Fixed"), Column::right("90th percentile")],
            vec![
                vec![Cell::Mark(Mark::Level(Critical)), num("4", "/metrics/list"), text("3 days")],
                vec![
                    Cell::Mark(Mark::Level(Low)),
                    num("0", "/metrics/list"),
                    Cell::unknown(t("nothing of this level was fixed")),
                ],
            ],
        ),
        delivery: table(
            "Delivery: with updates, and all",
            vec![
                column("Measure").kept(),
                Column::right("With updates").kept(),
                Column::right("All deployments").kept(),
            ],
            vec![vec![
                text("Change failure rate"),
                num("4 %, 1 of 25", "/metrics/list"),
                Cell::unknown(t("nobody ever told that a deployment failed")),
            ]],
        ),
        groups: table(
            "By team",
            vec![column("Team").kept(), Column::right("Load"), Column::right("Median")],
            vec![vec![
                named("Payments", "/metrics?team=1", ""),
                num("412", "/findings?team=1"),
                text("6 days"),
            ]],
        ),
    }
}

pub(super) fn feeds() -> page::Feeds {
    let mut layout = layout(
        Entry::Feeds,
        &[("Feeds and jobs", "/feeds")],
        "Feeds and jobs",
        "All feeds are of today but one; one job was given up.",
    );
    layout.actions = vec![l("Refresh now", "/feeds/refresh")];
    page::Feeds {
        layout,
        figures: Figures(vec![
            Figure::of(t("6"), t("feeds"), "#feeds"),
            Figure::of(t("1"), t("older than a day"), "#feeds"),
            Figure::of(t("3"), t("jobs run"), "#jobs"),
            Figure::of(t("12"), t("jobs wait"), "#jobs").noted(t("the oldest for 4 s")),
            Figure::of(t("1"), t("given up"), "#dead"),
        ]),
        notice: Some(Notice {
            urgency: Urgency::Warning,
            text: t(
                "The last fetch did not go well: EPSS could not be fetched: the server cannot be reached",
            ),
            next: None,
        }),
        fetching: Pairs(vec![
            (t("Fetched"), t("by the server, every 6 hours").into()),
            (t("Last try"), hours(-4).into()),
            (t("Last success"), hours(-10).into()),
            (t("Last change"), hours(-4).into()),
            (t("Next try"), hours(2).into()),
        ]),
        now: Some(Form {
            action: "/feeds/fetch".into(),
            csrf: t("x"),
            submit: t("Fetch them now"),
            ..Form::default()
        }),
        feeds: table(
            "Feeds",
            vec![
                column("Feed").kept(),
                column("State").kept(),
                numbers("Data of"),
                numbers("Read"),
                numbers("Records"),
                numbers("Changed"),
            ],
            vec![
                vec![
                    named("OSV", "/feeds/osv", "advisories"),
                    text("fresh"),
                    Cell::Value(hours(-5).into()),
                    Cell::Value(hours(-4).into()),
                    num("318,204", "/feeds/osv"),
                    num("1,031", "/feeds/osv?changed=1"),
                ],
                vec![
                    named("KEV", "/feeds/kev", "exploited"),
                    text("fresh"),
                    Cell::Value(hours(-20).into()),
                    Cell::Value(hours(-4).into()),
                    num("1,402", "/feeds/kev"),
                    num("2", "/feeds/kev?changed=1"),
                ],
                vec![
                    named("EPSS", "/feeds/epss", "likelihood"),
                    Cell::Change(t("late: the host did not answer"), Some(false)),
                    Cell::Due(hours(-53), true),
                    Cell::Value(hours(-1).into()),
                    num("289,113", "/feeds/epss"),
                    Cell::unknown(t("not read today")),
                ],
            ],
        ),
        jobs: table(
            "Jobs",
            vec![column("Job").kept(), column("State").kept(), numbers("Since"), numbers("Tries")],
            vec![
                vec![
                    named("Match what changed in OSV", "/jobs/91", "812 packages"),
                    text("runs, 64 %"),
                    Cell::Value(hours(0).into()),
                    text("1"),
                ],
                vec![
                    named("Read the upload of payments-api", "/jobs/92", ""),
                    text("waits"),
                    Cell::Value(hours(0).into()),
                    text("1"),
                ],
            ],
        ),
        dead: table(
            "Given up",
            vec![column("Job").kept(), column("Why").kept(), numbers("When"), numbers("Tries")],
            vec![vec![
                named("Tell the chat of Team Edge", "/jobs/77", ""),
                code("connect.refused: chat.example refused the connection"),
                Cell::Value(days(-1).into()),
                text("8"),
            ]],
        ),
    }
}

pub(super) fn api() -> page::Api {
    let mut layout = layout(
        Entry::Administration,
        &[("API", "/api")],
        "API",
        "All that the pages can do, under /api/v1.",
    );
    layout.entry = None;
    page::Api {
        layout,
        intro: vec![
            t(
                "Make a token under My account, and send it as a bearer token. Lists come in pages; the answer holds the address of the next one.",
            ),
            t("What goes wrong is told as application/problem+json, with a code that stays."),
        ],
        example: t(
            "curl -H \"Authorization: Bearer $TRIMTAB_TOKEN\" https://trimtab.example/api/v1/findings?level=critical",
        ),
        document: l("OpenAPI 3.1 document", "/api/v1/openapi.json"),
        groups: vec![table(
            "Findings",
            vec![column("Request").kept(), column("What it does").kept(), column("Scope")],
            vec![
                vec![code("GET /api/v1/findings"), text("Lists findings by filter."), text("read")],
                vec![
                    code("POST /api/v1/findings/decisions"),
                    text("Decides about many findings at once."),
                    text("decide"),
                ],
            ],
        )],
    }
}
