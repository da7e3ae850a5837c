//! What teams are told, and the calendar.

use trimtab_pages::Entry;
use trimtab_pages::page;
use trimtab_pages::part::{
    Cell, Field, Figure, Figures, Form, Input, Notice, Pairs, Urgency, Value,
};

use super::{column, days, hours, l, layout, named, num, numbers, t, table, text};

fn form(verb: &str, submit: &str, grave: bool) -> Form {
    Form {
        action: "/notices/7".into(),
        csrf: "token".to_owned(),
        fields: vec![Field::new("do", "do", Input::Hidden).holding(t(verb))],
        submit: t(submit),
        grave,
        ..Form::default()
    }
}

pub(super) fn notices() -> page::Notices {
    page::Notices {
        layout: layout(
            Entry::Teams,
            &[("Teams", "/teams"), ("Team Payments", "/teams/3"), ("Notices", "")],
            "Notices",
            "1 notice is marked now; nobody has acknowledged it yet.",
        ),
        notice: Some(Notice {
            urgency: Urgency::Warning,
            text: t("The latest notice did not reach everybody."),
            next: Some(l("See why", "/notices/7")),
        }),
        figures: Figures(vec![
            Figure::of(t("1"), t("now, not acknowledged"), "#waiting"),
            Figure::of(t("9"), t("wait to be sent"), "#waiting"),
            Figure::of(t("1"), t("digests this week"), "#sent").noted(t("of 1")),
        ]),
        waiting: table(
            "Waiting",
            vec![
                column("What").kept(),
                column("Now").kept(),
                column("Why it waits"),
                numbers("Until").kept(),
            ],
            vec![vec![
                named("Raise log4j-core to 2.17.1 in payments-api", "/teams/3/plan", "3 findings"),
                num("now: acknowledge it", "/notices/7"),
                text("waits for the digest"),
                Cell::Value(days(3).into()),
            ]],
        ),
        sent: table(
            "Sent",
            vec![
                column("Notice").kept(),
                numbers("Items").kept(),
                column("Outcome"),
                numbers("When").kept(),
            ],
            vec![vec![
                named("now, to the people on duty", "/notices/7", "Raise log4j-core"),
                num("1", "/notices/7"),
                text("1 sent, 1 refused"),
                Cell::Value(hours(-2).into()),
            ]],
        ),
        weeks: table(
            "Noise by week",
            vec![column("Week").kept(), numbers("Digests").kept(), numbers("Sent as now").kept()],
            vec![vec![text("from 2026-11-23"), text("1 of 1"), text("1")]],
        ),
        about: Pairs(vec![
            (t("Channel"), Value::Text(t("mail to 2 addresses"))),
            (t("On duty"), Value::Text(t("Ana Ruiz"))),
        ]),
    }
}

pub(super) fn letter() -> page::Letter {
    page::Letter {
        layout: layout(
            Entry::Teams,
            &[("Teams", "/teams"), ("Notices", "/teams/3/notices"), ("now of 2026-11-27", "")],
            "Notice",
            "Now, Team Payments: Raise log4j-core to 2.17.1 in payments-api.",
        ),
        notice: Some(Notice {
            urgency: Urgency::Warning,
            text: t("Nobody has acknowledged it yet."),
            next: None,
        }),
        forms: vec![
            form("acknowledge", "I have it", false),
            form("again", "Send it again where it was not taken", false),
        ],
        things: table(
            "What it was about",
            vec![column("What").kept(), column("How to act"), column("Today").kept()],
            vec![vec![
                named("Raise log4j-core to 2.17.1 in payments-api", "/teams/3/plan", "3 findings"),
                text("Carry it out now with `trimtab apply`, then deploy it."),
                text("now, not acknowledged"),
            ]],
        ),
        copies: table(
            "Recipients",
            vec![column("By").kept(), column("To"), column("Outcome").kept()],
            vec![vec![text("mail"), text("ana@example.org"), text("sent")]],
        ),
    }
}

pub(super) fn calendar() -> page::Calendar {
    page::Calendar {
        layout: layout(
            Entry::Teams,
            &[("Teams", "/teams"), ("Team Payments", "/teams/3"), ("Calendar", "")],
            "Calendar",
            "Your calendar of Team Payments can be fetched.",
        ),
        fresh: t("https://trimtab.example/feeds/4f2c9d1e0c7ab34f2c9d1e0c7ab3/calendar.ics"),
        intro: vec![t("Windows, deadlines and exceptions that end.")],
        about: Pairs(vec![(t("Address since"), Value::Time(days(-3)))]),
        forms: vec![
            form("make", "Make another address in its place", false),
            form("withdraw", "Take the address back", true),
        ],
    }
}

pub(super) fn rota() -> page::Rota {
    page::Rota {
        layout: layout(
            Entry::Teams,
            &[
                ("Teams", "/teams"),
                ("Team Payments", "/teams/3"),
                ("Notices", "/teams/3/notices"),
                ("Who is on duty", ""),
            ],
            "Who is on duty",
            "Ana Costa is on duty for Team Payments until Mon 2026-03-09 09:00.",
        ),
        notice: Some(Notice {
            urgency: Urgency::Warning,
            text: t(
                "The server sends no mail and the team has no channel, so nobody receives urgent notices.",
            ),
            next: Some(l("Set up notices", "/teams/3/notices/edit")),
        }),
        turns: table(
            "Turns",
            vec![column("Who").kept(), column("From").kept(), column("Until"), numbers("Begins")],
            vec![
                vec![
                    text("Ana Costa"),
                    text("since Mon 2026-03-02 09:00"),
                    text("Mon 2026-03-09 09:00"),
                    Cell::Value(days(-3).into()),
                ],
                vec![
                    text("Ben Okafor for Ana Costa"),
                    text("Mon 2026-03-09 09:00"),
                    text("Mon 2026-03-16 09:00"),
                    Cell::Value(days(4).into()),
                ],
            ],
        ),
        covers: table(
            "Cover",
            vec![
                column("Who covers").kept(),
                column("From the handover on").kept(),
                column("Until the handover on").kept(),
            ],
            vec![vec![text("Ben Okafor"), text("2026-03-09"), text("2026-03-16")]],
        ),
        about: Pairs(vec![
            (t("Order"), Value::Text(t("Ana Costa, then Ben Okafor"))),
            (t("Hand-over"), Value::Text(t("at 09:00 (Europe/Berlin)"))),
        ]),
        forms: vec![(
            t("Arrange cover"),
            Form {
                action: "/teams/3/rota".into(),
                csrf: "token".to_owned(),
                fields: vec![
                    Field::new("do", "do", Input::Hidden).holding("take"),
                    Field::new("person", "Who covers", Input::Email).holding(t("ben@example.org")),
                    Field::new("from", "From the handover on", Input::Date),
                ],
                submit: t("Arrange this cover"),
                ..Form::default()
            },
        )],
    }
}
