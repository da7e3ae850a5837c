//! A supplier that breaks a promise, and its own page by a link.

use trimtab_pages::Entry;
use trimtab_pages::page;
use trimtab_pages::part::{
    Cell, Field, Figure, Figures, Form, Input, Link, Notice, Pairs, Urgency, Value,
};

use super::{column, days, hours, layout, named, numbers, t, table, text};

pub(super) fn supplier() -> page::Supplier {
    let promises = table(
        "Promises",
        vec![
            column("Promise").kept(),
            column("Status").kept(),
            column("What shows it"),
            numbers("Due next"),
        ],
        vec![
            vec![
                text("Gateway: format"),
                Cell::Change(t("met"), Some(true)),
                text("The newest SBOM is CycloneDX 1.5; CycloneDX 1.4 or later was agreed."),
                Cell::Nothing,
            ],
            vec![
                text("Gateway: freshness"),
                Cell::Change(t("not met, 3 days ago"), Some(false)),
                text("The newest SBOM was made on 2026-08-24 and received on 2026-08-25."),
                Cell::Nothing,
            ],
            vec![
                text("Gateway: release"),
                Cell::unknown(t("The newest release is not recorded.")),
                text("The newest release is not recorded."),
                Cell::Value(days(9).into()),
            ],
        ],
    );
    let questions = table(
        "Questions",
        vec![
            column("About").kept(),
            column("Question"),
            numbers("Asked"),
            column("Answer, or when it is due").kept(),
            column("Decision"),
        ],
        vec![vec![
            named("CVE-2026-1234", "/findings/7", "Gateway"),
            text("Is the product affected?"),
            Cell::Value(hours(-40).into()),
            Cell::Due(days(-1), true),
            Cell::Nothing,
        ]],
    );
    let form = Form {
        action: "/suppliers/3".into(),
        csrf: "token".to_owned(),
        fields: vec![
            Field::new("do", "do", Input::Hidden).holding("link"),
            Field::new("whose", t("Who gets it?"), Input::Text),
            Field::new("days", t("Days"), Input::Number).holding("180"),
        ],
        submit: t("Make the link"),
        ..Form::default()
    };
    page::Supplier {
        layout: layout(
            Entry::Systems,
            &[("Systems", "/systems"), ("Suppliers", "/suppliers"), ("Northwind", "")],
            "Northwind",
            "Northwind breaks 1 of what was promised, and owes an answer.",
        ),
        notice: Some(Notice {
            urgency: Urgency::Warning,
            text: t("`days` is 1 to 400."),
            next: None,
        }),
        fresh: Pairs(vec![(
            t("The link"),
            Value::Code(t("https://trimtab.example/supplied/trimtab_supplier_x")),
        )]),
        figures: Figures(vec![
            Figure::of(t("1"), t("promises not kept"), "/suppliers/3#promises"),
            Figure::of(t("1"), t("open questions"), "/suppliers/3#questions"),
        ]),
        about: vec![t("What was promised is judged by what came.")],
        facts: Pairs(vec![
            (t("Contact"), Value::Text(t("psirt@northwind.example"))),
            (t("Contract"), Value::Unknown(t("nobody said"))),
        ]),
        promised: vec![t("The newest SBOM is at most 90 days old.")],
        tables: vec![("promises", promises), ("questions", questions)],
        forms: vec![(t("Make a link"), form)],
    }
}

pub(super) fn supplied() -> page::Supplied {
    let form = |fields: Vec<Field>, submit: &str| Form {
        action: "/supplied/trimtab_supplier_x".into(),
        fields,
        submit: t(submit),
        ..Form::default()
    };
    let kinds = vec![("sbom".to_owned(), t("An SBOM")), ("vex".to_owned(), t("VEX"))];
    page::Supplied {
        organisation: t("Harbour Group"),
        headline: t("Northwind: 1 question waits for you."),
        notice: Some(Notice {
            urgency: Urgency::Done,
            text: t("The document is here."),
            next: Some(Link::words(t("Thank you."))),
        }),
        about: Pairs(vec![
            (t("You deliver"), Value::Text(t("Gateway"))),
            (t("This link ends"), days(30).into()),
        ]),
        owed: vec![t(
            "Payment gateway: not kept since 2026-11-01: An SBOM comes with each release.",
        )],
        promised: vec![t("SBOMs are CycloneDX 1.4 or later.")],
        form: form(
            vec![
                Field::new("kind", t("What is it?"), Input::Select(kinds)),
                Field::new("file", t("File"), Input::File).hinted(t("At most 16 MiB.")),
            ],
            "Send it",
        ),
        questions: vec![page::Question {
            title: t("CVE-2026-1234 in Gateway"),
            text: vec![t("Is the product affected?")],
            about: Pairs(vec![(t("Due"), days(5).into())]),
            form: form(vec![Field::new("words-1", t("Your answer"), Input::Area)], "Answer"),
        }],
        answered: Pairs(vec![(t("CVE-2026-1, Gateway"), hours(-90).into())]),
    }
}
