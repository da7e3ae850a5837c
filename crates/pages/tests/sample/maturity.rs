//! How mature an organisation is.

use trimtab_pages::part::*;
use trimtab_pages::{Entry, page};

use super::{column, days, l, layout, named, num, numbers, t, table, text};

pub(super) fn maturity() -> page::Maturity {
    let mut layout = layout(
        Entry::Metrics,
        &[("Metrics", "/metrics"), ("Maturity", "")],
        "Maturity of Harbour Group",
        "Harbour Group is at stage 2 of 5: basic, with ad-hoc monitoring; 2 criteria are missing for the next.",
    );
    layout.actions = vec![
        l("Evidence as HTML", "/api/v1/maturity/pack"),
        l("JSON", "/api/v1/maturity"),
        l("OSCAL", "/api/v1/maturity/oscal"),
    ];
    let figure = |number: &str, label: &str, href: &str| Figure::of(t(number), t(label), href);
    let verdict = |words: &str, better| Cell::Change(t(words), Some(better));
    page::Maturity {
        layout,
        figures: Figures(vec![
            figure("2 of 5", "stage", "#stages"),
            figure("12", "criteria met", "#stages"),
            figure("7", "not met", "#stages"),
            figure("3", "unknown", "#stages"),
            figure("12", "teams", "#teams"),
        ]),
        trend: None,
        next: table(
            "Next",
            vec![
                column("Asked for").kept(),
                column("Shown"),
                column("Missing"),
                column("Do this").kept(),
            ],
            vec![vec![
                text("Every system has an inventory."),
                num("74 of 80 systems have an inventory", "/systems"),
                text("6 more of 80 systems needed (100 % required)."),
                text("Upload an inventory for each system that has none."),
            ]],
        ),
        teams: Some(table(
            "Teams",
            vec![
                column("Team").kept(),
                numbers("Stage").kept(),
                column("Which is"),
                numbers("Missing for the next stage"),
                column("First"),
            ],
            vec![vec![
                named("payments", "/teams/3/maturity", ""),
                text("3"),
                text("proactive remediation across repositories"),
                num("4", "/teams/3/maturity"),
                text("Report deployments from CI, the delivery tool or the cluster."),
            ]],
        )),
        stages: vec![table(
            "Stage 3: proactive remediation across repositories",
            vec![
                column("Asked for").kept(),
                column("Verdict").kept(),
                column("Shown"),
                column("Missing"),
                column("Since"),
                column("Ledger"),
            ],
            vec![
                vec![
                    text("Every system has an inventory."),
                    verdict("not met", false),
                    num("74 of 80 systems have an inventory", "/systems"),
                    text("6 more of 80 systems needed (100 % required)."),
                    Cell::Value(days(-12).into()),
                    num("entry 8107", "/ledger?kind=received"),
                ],
                vec![
                    text("Three in four deadlines are kept."),
                    verdict("met", true),
                    num(
                        "311 of 340 deadlines in the last 90 days were kept",
                        "/metrics/list?of=due",
                    ),
                    Cell::Nothing,
                    Cell::Nothing,
                    num("entry 8090", "/ledger?kind=fixed"),
                ],
                vec![
                    text("Updates are tested and not reverted."),
                    Cell::unknown(t("There are no updates in the last 90 days yet.")),
                    Cell::unknown(t("There are no updates in the last 90 days yet.")),
                    text("There are no updates in the last 90 days yet."),
                    Cell::Nothing,
                    Cell::Nothing,
                ],
            ],
        )],
        frameworks: table(
            "What it points to",
            vec![
                column("Framework").kept(),
                column("There").kept(),
                numbers("Met").kept(),
                column("Criteria"),
            ],
            vec![vec![
                text("NIST SSDF (SP 800-218)"),
                text("PS.3.2"),
                text("1 of 4"),
                text("At least half of the systems have an inventory."),
            ]],
        ),
    }
}
