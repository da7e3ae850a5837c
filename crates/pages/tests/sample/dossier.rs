//! One matter with all that belongs to it: an incident.

use trimtab_pages::part::*;
use trimtab_pages::{Entry, page};

use super::{column, hours, l, layout, named, numbers, t, table, text};

pub(super) fn incident() -> page::Dossier {
    let teams = table(
        "Teams",
        vec![
            column("Team").kept(),
            numbers("Places"),
            numbers("To acknowledge").kept(),
            column("Next"),
        ],
        vec![vec![
            named("Payments", "/teams/1", ""),
            text("4"),
            text("12 min"),
            Cell::link(t("Say that Payments contained it"), "/incidents/1/tell?kind=contained"),
        ]],
    );
    let about = Pairs(vec![
        (t("Looked for"), Value::Code(t("pkg:maven/org.apache.logging.log4j/log4j-core"))),
        (t("Published"), Value::Unknown(t("nobody said"))),
    ]);
    let history = History {
        events: vec![Event {
            at: hours(-2),
            kind: t("acknowledged"),
            text: t("Payments acknowledged it: traffic is filtered at the edge."),
            by: l("Ada Okafor", ""),
            level: None,
        }],
        more: None,
    };
    page::Dossier {
        layout: layout(
            Entry::Incidents,
            &[("Incidents", "/incidents"), ("Log4Shell", "")],
            "Log4Shell",
            "Drill: Log4Shell: 3 teams are affected; 1 yet to acknowledge it, none done.",
        ),
        notice: Some(Notice {
            urgency: Urgency::Note,
            text: t("This is a drill: nothing in it is real, and it counts in no measure."),
            next: None,
        }),
        figures: Figures(vec![Figure::of(t("9"), t("places"), "/where?q=log4j-core")]),
        parts: vec![
            (String::new(), page::Part::table(teams)),
            (t("Draft for a status page"), page::Part::Prose(t("We know of it."))),
            (t("What was learnt"), page::Part::Text(vec![t("Owners were found in minutes.")])),
            (t("Details"), page::Part::Pairs(about)),
            (t("What happened"), page::Part::History(history)),
        ],
    }
}
