//! Exceptions, the charter, a proposal, a question before something is done.

use trimtab_model::Level::{Critical, High, Low, Medium};
use trimtab_pages::part::*;
use trimtab_pages::{Entry, page};

use super::{column, days, hours, l, layout, mark, named, num, numbers, t, table, text};

pub(super) fn exceptions() -> page::Exceptions {
    let mut layout = layout(
        Entry::Exceptions,
        &[("Exceptions", "/exceptions")],
        "Exceptions",
        "3 exceptions wait for an answer; 2 end within 14 days.",
    );
    layout.actions = vec![l("Ask for an exception", "/exceptions/ask")];
    page::Exceptions {
        layout,
        figures: Figures(vec![
            Figure::of(t("3"), t("asked"), "?state=asked"),
            Figure::of(t("11"), t("in force"), "?state=in-force"),
            Figure::of(t("2"), t("end within 14 days"), "?ends=14"),
            Figure::of(t("28.5"), t("load accepted"), "?state=in-force").noted(t("16 % of all")),
        ]),
        tabs: Tabs {
            label: t("State"),
            tabs: vec![
                l("In force", "?state=in-force"),
                l("Asked", "?state=asked"),
                l("Ended", "?state=ended"),
            ],
            shown: 1,
        },
        filter: Filter {
            action: "/exceptions".into(),
            search: Some((t("q"), t("Package, system or person"), String::new())),
            ..Filter::default()
        },
        table: Table {
            titled: false,
            csv: "/exceptions.csv".into(),
            ..table(
                "Exceptions asked for",
                vec![
                    column("Gravest").kept(),
                    column("What").kept(),
                    column("Reason"),
                    column("Asked by"),
                    column("Answers"),
                    numbers("Load"),
                    numbers("Until").kept(),
                ],
                vec![
                    vec![
                        mark(High),
                        named("netty in gateway", "/exceptions/41", "3 findings"),
                        text("the upgrade breaks HTTP/2 towards a partner"),
                        num("Lea Fontaine", "/people/lea"),
                        num("Ana Ruiz", "/people/ana"),
                        num("24", "/findings?exception=41"),
                        Cell::Due(days(21), false),
                    ],
                    vec![
                        mark(Medium),
                        named("requests in reporting", "/exceptions/44", "1 finding"),
                        text("no fix is published"),
                        num("Tom Adeyemi", "/people/tom"),
                        num("Jonas Berg", "/people/jonas"),
                        num("3", "/findings?exception=44"),
                        Cell::Due(days(60), false),
                    ],
                    vec![
                        mark(Low),
                        named("left-pad in intranet", "/exceptions/45", "1 finding"),
                        text("is replaced in January"),
                        num("Tom Adeyemi", "/people/tom"),
                        num("Ana Ruiz", "/people/ana"),
                        num("0.5", "/findings?exception=45"),
                        Cell::Due(days(40), false),
                    ],
                ],
            )
        },
        exports: vec![l("CSV", "/risk-register.csv"), l("JSON", "/risk-register.json")],
    }
}

fn covered() -> Table {
    table(
        "What it covers",
        vec![
            column("Level").kept(),
            column("Finding").kept(),
            column("System"),
            numbers("Load").kept(),
        ],
        vec![vec![
            mark(High),
            named("CVE-2026-11204 in netty-codec-http", "/findings/3", "4.1.94"),
            num("gateway", "/systems/gateway"),
            num("8", "/findings/3"),
        ]],
    )
}

pub(super) fn exception() -> page::Exception {
    page::Exception {
        layout: layout(
            Entry::Exceptions,
            &[("Exceptions", "/exceptions"), ("netty in gateway", "")],
            "netty in gateway",
            "Lea Fontaine asks to accept 3 findings of netty in gateway until 18 December; your answer is due tomorrow.",
        ),
        figures: Figures(vec![
            Figure::of(t("high"), t("gravest finding"), "/findings/3").marked(High),
            Figure { value: Value::Time(days(21)), ..Figure::of("", t("ends"), "") },
            Figure::of(t("24"), t("load accepted"), "/findings?exception=41"),
            Figure::of(t("30 days"), t("the charter allows for high"), "/charter#exceptions"),
        ]),
        about: Pairs(vec![
            (
                t("Reason"),
                Value::Text(t(
                    "The upgrade breaks HTTP/2 towards a partner; they mend it by 15 December.",
                )),
            ),
            (t("Meanwhile"), Value::Text(t("The edge refuses chunked requests above 1 MB."))),
            (t("Reach"), Value::Code(t("pkg:maven/io.netty/netty-codec-http in gateway"))),
            (t("Asked by"), Value::Link(l("Lea Fontaine", "/people/lea"))),
            (t("Asked"), Value::Time(hours(-20))),
            (t("Answers"), Value::Text(t("security, not the one who asks"))),
        ]),
        form: Some(Form {
            action: "/exceptions/41/answer".into(),
            csrf: "token".into(),
            notice: None,
            fields: vec![
                Field::new(t("until"), t("Accept until"), Input::Date)
                    .holding(t("2026-12-18"))
                    .hinted(t("No later than 2026-12-27, by the charter.")),
                Field::new(
                    t("answer"),
                    t("Answer"),
                    Input::Select(vec![(t("approve"), t("Approve")), (t("refuse"), t("Refuse"))]),
                )
                .holding(t("approve")),
                Field::new(t("note"), t("Note"), Input::Area)
                    .hinted(t("Is kept in the ledger, and read by the one who asks."))
                    .wrong(t("Say why, in a sentence.")),
            ],
            submit: t("Answer"),
            also: String::new(),
            cancel: Some(l("Back to the register", "/exceptions")),
            grave: false,
            quiet: false,
        }),
        findings: covered(),
        history: History {
            events: vec![Event {
                at: hours(-20),
                kind: t("asked"),
                text: t("Accept until 18 December."),
                by: l("Lea Fontaine", "/people/lea"),
                level: None,
            }],
            more: None,
        },
    }
}

pub(super) fn act() -> page::Act {
    page::Act {
        layout: layout(
            Entry::Findings,
            &[("Findings", "/findings"), ("3 findings", "/findings"), ("Ask for an exception", "")],
            "Ask for an exception",
            "Ask to accept 3 findings in gateway until a date.",
        ),
        follows: vec![
            t("Security answers, not you. Until then the deadlines hold."),
            t("When it ends, the findings come back with the deadline that is left."),
        ],
        about: Pairs(vec![
            (t("Findings"), Value::Link(l("3 of netty in gateway", "/findings?package=netty"))),
            (t("Load"), Value::Text(t("24"))),
        ]),
        form: Form {
            action: "/exceptions".into(),
            csrf: "token".into(),
            notice: Some(Notice {
                urgency: Urgency::Warning,
                text: t("2 things are missing."),
                next: None,
            }),
            fields: vec![
                Field::new("ids", "", Input::Hidden).holding("3,4,5"),
                Field::new(t("reason"), t("Why can it not go by its deadline?"), Input::Area)
                    .wrong(t("Say why, in a sentence.")),
                Field::new(t("until"), t("Until"), Input::Date)
                    .hinted(t("At most 30 days for high, by the charter.")),
                Field::new(t("meanwhile"), t("What is done meanwhile?"), Input::Text).optional(),
                Field::new(t("text"), t("Text"), Input::Script)
                    .holding(t("format = 1\npreset = \"framework\""))
                    .hinted(t("What it leaves out is as the preset says: raise `version`.")),
                Field::new(t("reach"), t("Reach"), Input::Code)
                    .holding(t("pkg:maven/io.netty/netty-codec-http")),
                Field::new(t("points"), t("Cost of the mitigation, in points"), Input::Number)
                    .optional(),
                Field::new(t("file"), t("Statement of the supplier"), Input::File).optional(),
                Field::new(t("sure"), t("The product owner knows"), Input::Check),
            ],
            submit: t("Ask for the exception"),
            also: String::new(),
            cancel: Some(l("Back", "/findings")),
            grave: true,
            quiet: false,
        },
    }
}

pub(super) fn charter() -> page::Charter {
    let cells = |name: &str, levels: [trimtab_model::Level; 4]| {
        let mut row = vec![text(name)];
        row.extend(levels.map(mark));
        row
    };
    let bands = || {
        vec![
            column("Likelihood").kept(),
            column("Minor").kept(),
            column("Moderate").kept(),
            column("Major").kept(),
            column("Severe").kept(),
        ]
    };
    let mut layout = layout(
        Entry::Charter,
        &[("Charter", "/charter")],
        "Charter",
        "Version 7 holds since 1 October; all four sides have agreed to it.",
    );
    layout.actions = vec![l("Propose a change", "/charter/propose")];
    page::Charter {
        layout,
        tabs: Tabs {
            label: t("Charter"),
            tabs: vec![l("Current", "/charter"), l("Proposed change", "/charter/proposals/8")],
            shown: 0,
        },
        matrix: table(
            "Levels",
            bands(),
            vec![
                cells("active", [Medium, High, Critical, Critical]),
                cells("likely", [Medium, Medium, High, Critical]),
                cells("possible", [Low, Medium, Medium, High]),
                cells("unlikely", [Low, Low, Medium, Medium]),
            ],
        ),
        deadlines: table(
            "Deadlines",
            vec![column("Level").kept(), column("Production").kept(), column("Elsewhere").kept()],
            vec![
                vec![mark(Critical), text("4 working hours"), text("5 working days")],
                vec![mark(High), text("10 working days"), text("1 sprint")],
                vec![mark(Medium), text("60 days"), text("90 days")],
                vec![mark(Low), text("at the next opportunity"), text("none")],
            ],
        ),
        agreed: table(
            "Who agreed",
            vec![column("Side").kept(), column("Who").kept(), numbers("When").kept()],
            vec![
                vec![
                    text("engineering"),
                    num("Lea Fontaine", "/people/lea"),
                    Cell::Value(days(-58).into()),
                ],
                vec![
                    text("security"),
                    num("Ana Ruiz", "/people/ana"),
                    Cell::Value(days(-58).into()),
                ],
                vec![
                    text("product"),
                    num("Jonas Berg", "/people/jonas"),
                    Cell::Value(days(-57).into()),
                ],
                vec![
                    text("operations"),
                    num("Mei Tanaka", "/people/mei"),
                    Cell::Value(days(-57).into()),
                ],
            ],
        ),
        versions: table(
            "Versions",
            vec![column("Version").kept(), column("What changed").kept(), numbers("From").kept()],
            vec![
                vec![
                    named("7", "/charter/7", ""),
                    text("high in 10 working days, before 15"),
                    Cell::Value(days(-57).into()),
                ],
                vec![
                    named("6", "/charter/6", ""),
                    text("isolated systems"),
                    Cell::Value(days(-190).into()),
                ],
            ],
        ),
        text: t(
            "version = 7\npreset = \"cisa-ssvc\"\n\n[deadlines.production]\ncritical = \"4 working hours\"\nhigh = \"10 working days\"\nmedium = \"60 days\"\n",
        ),
    }
}

pub(super) fn proposal() -> page::Proposal {
    page::Proposal {
        layout: layout(
            Entry::Charter,
            &[("Charter", "/charter"), ("Proposed change", "")],
            "Proposed change",
            "The change would make 12 findings high that are medium today, and bring 5 deadlines into this month.",
        ),
        figures: Figures(vec![
            Figure::of(t("12"), t("findings graver"), "#moved").marked(High),
            Figure::of(t("3"), t("findings less grave"), "#moved"),
            Figure::of(t("5"), t("deadlines this month"), "#moved"),
            Figure::of(t("+38"), t("load"), "#moved").noted(t("182.4 → 220.4")),
            Figure::of(t("2 of 4"), t("sides have agreed"), "#agreed"),
        ]),
        about: Pairs(vec![
            (t("Proposed by"), Value::Link(l("Ana Ruiz", "/people/ana"))),
            (t("Why"), Value::Text(t("Tier 2 systems hold personal data since September."))),
            (t("From"), Value::Text(t("2027-01-01"))),
            (t("Proposed"), Value::Time(days(-4))),
        ]),
        effect: table(
            "Today's findings",
            vec![
                column("Level").kept(),
                numbers("By version 7").kept(),
                numbers("By the change").kept(),
                numbers("Difference").kept(),
            ],
            vec![
                vec![
                    mark(Critical),
                    num("4", "/findings?level=critical"),
                    num("4", "?level=critical"),
                    text("0"),
                ],
                vec![
                    mark(High),
                    num("31", "/findings?level=high"),
                    num("43", "?level=high"),
                    Cell::Change(t("+12"), Some(false)),
                ],
                vec![
                    mark(Medium),
                    num("212", "/findings?level=medium"),
                    num("203", "?level=medium"),
                    Cell::Change(t("−9"), Some(true)),
                ],
                vec![
                    mark(Low),
                    num("640", "/findings?level=low"),
                    num("637", "?level=low"),
                    Cell::Change(t("−3"), Some(true)),
                ],
                vec![
                    Cell::Mark(Mark::Unknown),
                    num("7", "/findings?level=unknown"),
                    num("7", "?level=unknown"),
                    text("0"),
                ],
            ],
        ),
        moved: table(
            "What would change",
            vec![
                column("Finding").kept(),
                column("System"),
                column("Level today"),
                column("Would be").kept(),
                numbers("Due today"),
                numbers("Would be due").kept(),
            ],
            vec![vec![
                named("CVE-2026-20771 in requests", "/findings/5", ""),
                num("reporting", "/systems/reporting"),
                mark(Medium),
                mark(High),
                Cell::Due(days(19), false),
                Cell::Due(days(10), false),
            ]],
        ),
        diff: Diff {
            title: t("Charter 7 and the change"),
            lines: vec![
                Line::Skipped(14),
                Line::Same(t("[impact.data]")),
                Line::Gone(t("personal = 0")),
                Line::New(t("personal = 1")),
                Line::Same(t("payment = 2")),
                Line::Skipped(40),
            ],
        },
        agreed: table(
            "Who has agreed",
            vec![column("Side").kept(), column("Who").kept(), column("Answer").kept()],
            vec![
                vec![text("security"), num("Ana Ruiz", "/people/ana"), text("agrees")],
                vec![text("product"), num("Jonas Berg", "/people/jonas"), text("agrees")],
                vec![
                    text("engineering"),
                    num("Lea Fontaine", "/people/lea"),
                    text("waiting since Monday"),
                ],
                vec![
                    text("operations"),
                    num("Mei Tanaka", "/people/mei"),
                    text("waiting since Monday"),
                ],
            ],
        ),
        form: Some(Form {
            action: "/charter/proposals/8/answer".into(),
            csrf: "token".into(),
            fields: vec![Field::new(t("note"), t("Note"), Input::Area).optional()],
            submit: t("Agree for engineering"),
            also: String::new(),
            cancel: Some(l("Object", "/charter/proposals/8/object")),
            ..Form::default()
        }),
    }
}
