//! A review that is held, the list of reviews, and goals.

use trimtab_model::Level::{Critical, High};
use trimtab_pages::Entry;
use trimtab_pages::page;
use trimtab_pages::part::{
    Cell, Chart, Field, Figure, Figures, Filled, Form, Input, Kind, Notice, Pairs, Point, Series,
    Tone, Urgency, Value,
};

use super::{column, days, hours, l, layout, mark, named, num, numbers, t, table, text};

pub(super) fn reviews() -> page::Reviews {
    page::Reviews {
        layout: {
            let mut layout = layout(
                Entry::Reviews,
                &[("Reviews", "")],
                "Reviews",
                "1 review is planned; the next is in 2 days.",
            );
            layout.actions = vec![l("Goals", "/goals")];
            layout.primary = Some(l("Plan a review", "/reviews/new"));
            layout
        },
        figures: Figures(vec![
            Figure::of(t("1"), t("planned"), "/reviews"),
            Figure::of(t("9"), t("decisions"), "/reviews").noted(t("2 to be done")),
        ]),
        list: table(
            "Reviews",
            vec![column("Review of").kept(), numbers("When").kept(), numbers("Decisions")],
            vec![vec![
                named("Team Payments", "/reviews/3", "weekly"),
                Cell::Value(days(2).into()),
                num("3", "/reviews/3#decisions"),
            ]],
        ),
    }
}

pub(super) fn review() -> page::Review {
    let form = |what: &str, fields: Vec<Field>, submit: &str| Form {
        action: "/reviews/3".into(),
        csrf: "0f3a".into(),
        fields: [vec![Field::new("do", "do", Input::Hidden).holding(what)], fields].concat(),
        submit: t(submit),
        ..Form::default()
    };
    let topics = table(
        "New above the accepted level",
        vec![column("Topic").kept(), column("Level"), numbers("Due").kept(), column("Again")],
        vec![
            vec![
                named("CVE-2021-44228 in log4j-core 2.14.1", "/findings/7", "payments-api"),
                mark(Critical),
                Cell::Due(days(-2), true),
                text("in the last 2 too"),
            ],
            vec![
                named("CVE-2022-31129 in moment 2.24.0", "/findings/9", "payments-portal"),
                mark(High),
                Cell::Due(days(9), false),
                Cell::Nothing,
            ],
        ],
    );
    let part = |anchor: &str, title: &str, time: &str, topics| page::ReviewPart {
        anchor: anchor.to_owned(),
        title: t(title),
        time: t(time),
        about: t("Detected since 2026-11-20, counting towards the load."),
        list: l("The list as it is now", "/findings?counts=true"),
        topics,
    };
    let owners = vec![("3".to_owned(), t("Ada Bakker")), ("4".to_owned(), t("Bram Ito"))];
    page::Review {
        layout: layout(
            Entry::Reviews,
            &[("Reviews", "/reviews"), ("Weekly review of Team Payments", "")],
            "Weekly review of Team Payments",
            "Now: New above the accepted level, 6 min left.",
        ),
        notice: Some(Notice {
            urgency: Urgency::Note,
            text: t("The 30 minutes are over."),
            next: None,
        }),
        figures: Figures(vec![
            Figure::of(t("190"), t("load"), "/findings?counts=true").noted(t("204 in the last")),
            Figure::of(Value::Unknown(t("not weighed")), t("new above the accepted level"), "#new"),
        ]),
        charts: vec![Chart {
            kind: Kind::Pairs,
            title: t("Load"),
            definition: t("As it was known then."),
            unit: t("load at the end of the day"),
            labels: vec![t("2026-11-16"), t("2026-11-23")],
            series: vec![Series {
                name: t("load"),
                tone: Tone::Plain,
                points: [Some(204.0), None]
                    .map(|value| Point { value, href: "/metrics".into() })
                    .to_vec(),
            }],
            csv: "".into(),
        }],
        about: Pairs(vec![
            (t("Opened"), hours(-1).into()),
            (t("There"), t("Ada Bakker, Bram Ito").into()),
        ]),
        meeting: vec![form(
            "attend",
            vec![Field::new("person", t("Who else is present"), Input::Select(owners.clone()))],
            "Add to those present",
        )],
        quality: Pairs(vec![
            (t("Decisions in a review"), t("2.5 (5 in 2 reviews)").into()),
            (t("Carried out in time"), Value::Unknown(t("nothing was due yet"))),
        ]),
        parts: vec![
            part(
                "new",
                "New above the accepted level",
                "now: 6 of 9 min left, until 09:36 UTC",
                Some(topics),
            ),
            part("answers", "Decisions asked for", "no time", None),
        ],
        decisions: table(
            "Decisions",
            vec![column("What").kept(), column("Owner").kept(), numbers("Until"), column("Status")],
            vec![vec![
                text("Raise it in the next window"),
                text("Ada Bakker"),
                text("2026-12-04"),
                text("open"),
            ]],
        ),
        forms: vec![(
            t("Record a decision"),
            form(
                "decide",
                vec![
                    Field::new("what", t("What is done"), Input::Text),
                    Field::new("owner", t("Who does it"), Input::Select(owners)),
                    Field::new("due", t("Until"), Input::Date).holding("2026-12-04"),
                ],
                "Record it",
            ),
        )],
        note: vec![t("The quay is closed on Friday.")],
        minutes: vec![
            l("Markdown", "/api/v1/reviews/3/minutes?as=md"),
            l("PDF", "/api/v1/reviews/3/minutes?as=pdf"),
        ],
    }
}

pub(super) fn goals() -> page::Goals {
    let way = Filled { words: t("40 % of the way in 50 % of the time"), taken: 0.4, room: 1.0 };
    page::Goals {
        layout: layout(
            Entry::Reviews,
            &[("Reviews", "/reviews"), ("Goals", "")],
            "Goals",
            "1 goal is shared: 0 reached, 0 on track, 1 behind.",
        ),
        notice: None,
        figures: Figures(vec![Figure::of(t("1"), t("behind"), "/goals")]),
        about: vec![t("A goal is on track when it is as far as its time.")],
        chart: None,
        list: table(
            "Goals",
            vec![
                column("Goal").kept(),
                numbers("Now").kept(),
                column("Progress"),
                column("Status").kept(),
            ],
            vec![vec![
                named("Half of the load", "/metrics?days=84", "the organisation, load"),
                num("190", "/metrics?days=84"),
                Cell::Filled(way),
                text("behind"),
            ]],
        ),
        more: Some(table("Updates merged", vec![column("Update").kept()], vec![vec![text("a")]])),
        forms: vec![(
            t("Drop a goal"),
            Form {
                action: "/goals".into(),
                csrf: "0f3a".into(),
                fields: vec![Field::new(
                    "id",
                    t("Goal"),
                    Input::Select(vec![("1".into(), t("Half"))]),
                )],
                submit: t("Drop it"),
                ..Form::default()
            },
        )],
    }
}

pub(super) fn beside() -> page::Beside {
    let places = |name: &str, rows| {
        table(
            name,
            vec![
                column(name).kept(),
                numbers("Updates"),
                numbers("Load removed"),
                numbers("% of deadlines kept"),
            ],
            rows,
        )
    };
    page::Beside {
        layout: layout(
            Entry::Teams,
            &[("Teams", "/teams"), ("Wall", "")],
            "Wall",
            "What updates removed in 84 days, beside each one's own past.",
        ),
        notice: None,
        about: t("In the order of names; there is no rank."),
        teams: places(
            "Teams",
            vec![vec![
                named("Payments", "/teams/1/card", ""),
                num("12 (9 before)", "/teams/1/card"),
                num("240 (180 before)", "/teams/1/card"),
                Cell::unknown(t("nothing was due")),
            ]],
        ),
        people: places(
            "People",
            vec![vec![
                named("Ada Bakker", "/cards/3", "only you see this line"),
                num("4 (2 before)", "/cards/3"),
                num("80 (unknown before)", "/cards/3"),
                num("100 (50 before)", "/cards/3"),
            ]],
        ),
    }
}
