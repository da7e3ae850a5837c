//! Where is it?, a vulnerability, a package, two releases.

use trimtab_model::Level::{Critical, High, Low, Medium};
use trimtab_pages::part::*;
use trimtab_pages::{Entry, page};

use super::{
    code, column, days, hours, l, layout, mark, named, num, numbers, pager, t, table, text,
};

fn facet(name: &str, title: &str, choices: &[(&str, &str, u64, bool)]) -> Facet {
    let choice = |(value, text, count, chosen): &(&str, &str, u64, bool)| Choice {
        value: t(value),
        text: t(text),
        count: Some(*count),
        chosen: *chosen,
    };
    Facet {
        name: t(name),
        text: t(title),
        single: matches!(name, "from" | "to" | "deployed"),
        choices: choices.iter().map(choice).collect(),
    }
}

fn places() -> Vec<Vec<Cell>> {
    vec![
        vec![
            named("payments-api", "/assets/3", "payments"),
            code("2.14.1"),
            num("Team Payments", "/teams/payments"),
            Cell::Tags(vec![t("eu-1"), t("us-1")]),
            text("direct"),
            mark(Critical),
        ],
        vec![
            named("payments-worker", "/assets/4", "payments"),
            code("2.14.1"),
            num("Team Payments", "/teams/payments"),
            Cell::Tags(vec![t("eu-1")]),
            text("by acme-audit"),
            mark(Critical),
        ],
        vec![
            named("report-builder", "/assets/19", "reporting"),
            code("2.17.1"),
            num("Team Ledger", "/teams/ledger"),
            text("not deployed"),
            text("direct"),
            Cell::Nothing,
        ],
        vec![
            named("vendor-scanner", "/assets/77", "intranet"),
            Cell::unknown(t("the supplier's document gives no version")),
            num("Operations", "/teams/operations"),
            Cell::unknown(t("no deployment was reported")),
            Cell::unknown(t("the document has no edges")),
            Cell::Mark(Mark::Unknown),
        ],
    ]
}

fn place_columns() -> Vec<Column> {
    vec![
        column("Asset").kept(),
        column("Version").kept(),
        column("Team"),
        column("Runs in"),
        column("How"),
        column("Gravest").kept(),
    ]
}

pub(super) fn where_is_it() -> page::WhereIsIt {
    page::WhereIsIt {
        layout: layout(
            Entry::Where,
            &[("Where is it?", "/where")],
            "log4j-core",
            "log4j-core is in 4 assets of 3 systems; 2 of them run a version before 2.17.1 in production.",
        ),
        filter: Filter {
            action: "/where".into(),
            search: Some((t("q"), t("Package, range, CVE or licence"), t("log4j-core <2.17.1"))),
            facets: vec![
                facet("deployed", "Deployed", &[("yes", "yes", 2, false), ("no", "no", 1, false)]),
                facet("ecosystem", "Ecosystem", &[("maven", "Maven", 4, true)]),
            ],
            chips: vec![l("Maven", "/where?q=log4j-core")],
            dates: Vec::new(),
            clear: "/where".into(),
            ..Filter::default()
        },
        figures: Figures(vec![
            Figure::of(t("4"), t("assets"), "#list"),
            Figure::of(t("3"), t("systems"), "/systems?package=log4j-core"),
            Figure::of(t("2"), t("in production"), "?deployed=yes"),
            Figure::of(t("1"), t("version unknown"), "?version=unknown").marked(Mark::Unknown),
        ]),
        address: "/where?q=log4j-core+%3C2.17.1".to_owned(),
        table: Table {
            titled: false,
            pager: pager("1–4 of 4"),
            csv: "/where.csv?q=log4j-core".into(),
            ..table("Places", place_columns(), places())
        },
    }
}

pub(super) fn vulnerability() -> page::Vulnerability {
    page::Vulnerability {
        layout: layout(
            Entry::Findings,
            &[
                ("Findings", "/findings"),
                ("By vulnerability", "/findings?by=vulnerability"),
                ("CVE-2021-44228", ""),
            ],
            "CVE-2021-44228",
            "CVE-2021-44228 is exploited, and 2 systems still ship it in production.",
        ),
        figures: Figures(vec![
            Figure::of(t("2"), t("findings critical"), "/findings?vulnerability=CVE-2021-44228")
                .marked(Critical),
            Figure::of(t("2"), t("systems"), "/systems?vulnerability=CVE-2021-44228"),
            Figure::of(t("32"), t("load"), "/findings?vulnerability=CVE-2021-44228"),
            Figure::of(
                t("9"),
                t("fixed before"),
                "/findings?vulnerability=CVE-2021-44228&state=fixed",
            )
            .noted(t("median 2 days")),
        ]),
        story: vec![
            t(
                "Log4j 2.0-beta9 to 2.15.0 looks up names in what it logs. Whoever can put text into a log line can make it load code over LDAP and run it.",
            ),
            t("Fixed in 2.17.1; 2.15.0 and 2.16.0 were not enough."),
        ],
        about: Pairs(vec![
            (t("Aliases"), Value::Code(t("GHSA-jfh8-c2jp-5v3q"))),
            (t("Severity"), Value::Text(t("CVSS 3.1: 10.0, critical"))),
            (t("Exploited"), Value::Link(l("KEV, since 2021-12-10", "https://www.cisa.gov/kev"))),
            (t("EPSS"), Value::Text(t("0.944, rank 99.9 %"))),
            (t("Published"), Value::Time(days(-1813))),
            (t("Reach"), Value::Unknown(t("no source names symbols"))),
        ]),
        findings: table("Where it is here", place_columns(), places()),
        ranges: table(
            "Which versions",
            vec![
                column("Package").kept(),
                column("Affected").kept(),
                column("Fixed in"),
                column("Source"),
            ],
            vec![
                vec![
                    named("log4j-core", "/packages/log4j-core", "Maven"),
                    code("≥ 2.0-beta9, < 2.3.1"),
                    code("2.3.1"),
                    num("GHSA-jfh8-c2jp-5v3q", "https://github.com/advisories/GHSA-jfh8-c2jp-5v3q"),
                ],
                vec![
                    named("log4j-core", "/packages/log4j-core", "Maven"),
                    code("≥ 2.13.0, < 2.15.0"),
                    code("2.15.0"),
                    num("GHSA-jfh8-c2jp-5v3q", "https://github.com/advisories/GHSA-jfh8-c2jp-5v3q"),
                ],
            ],
        ),
        references: vec![
            l("Advisory of the project", "https://logging.apache.org/security.html"),
            l("NVD", "https://nvd.nist.gov/vuln/detail/CVE-2021-44228"),
        ],
        history: History {
            events: vec![Event {
                at: hours(-58),
                kind: t("regressed"),
                text: t("A rollback brought it back to payments."),
                by: l("deployments", "/systems/payments"),
                level: Some(Mark::Level(Critical)),
            }],
            more: None,
        },
    }
}

pub(super) fn package() -> page::Package {
    page::Package {
        layout: layout(
            Entry::Findings,
            &[
                ("Findings", "/findings"),
                ("By package", "/findings?by=package"),
                ("log4j-core", ""),
            ],
            "log4j-core",
            "log4j-core is here in 3 versions; 2.14.1 must go.",
        ),
        figures: Figures(vec![
            Figure::of(t("4"), t("assets"), "/where?q=log4j-core"),
            Figure::of(t("3"), t("versions"), "#versions"),
            Figure::of(t("2"), t("findings"), "/findings?package=log4j-core").marked(Critical),
        ]),
        about: Pairs(vec![
            (t("Package"), Value::Code(t("pkg:maven/org.apache.logging.log4j/log4j-core"))),
            (t("Licence"), Value::Text(t("Apache-2.0"))),
            (t("Newest"), Value::Code(t("2.25.2"))),
            (t("Support"), Value::Text(t("2.x is supported"))),
            (t("Health"), Value::Unknown(t("no source was asked"))),
        ]),
        versions: table(
            "Versions here",
            vec![
                column("Version").kept(),
                column("Gravest").kept(),
                numbers("Findings"),
                numbers("Assets").kept(),
            ],
            vec![
                vec![
                    code("2.14.1"),
                    mark(Critical),
                    num("4", "/findings?version=2.14.1"),
                    num("2", "/where?q=log4j-core+2.14.1"),
                ],
                vec![
                    code("2.17.1"),
                    Cell::Nothing,
                    num("0", "/findings?version=2.17.1"),
                    num("1", "/where?q=log4j-core+2.17.1"),
                ],
                vec![
                    Cell::unknown(t("the supplier's document gives no version")),
                    Cell::Mark(Mark::Unknown),
                    Cell::unknown(t("no version, no answer")),
                    num("1", "/where?q=log4j-core"),
                ],
            ],
        ),
        vulnerabilities: table(
            "Vulnerabilities of these versions",
            vec![
                column("Gravest here").kept(),
                column("Vulnerability").kept(),
                column("Fixed in"),
                column("Exploited"),
                numbers("Findings").kept(),
            ],
            vec![
                vec![
                    mark(Critical),
                    named("CVE-2021-44228", "/vulnerabilities/CVE-2021-44228", "remote code"),
                    code("2.15.0"),
                    text("yes"),
                    num("2", "/findings?v=1"),
                ],
                vec![
                    mark(High),
                    named(
                        "CVE-2021-45046",
                        "/vulnerabilities/CVE-2021-45046",
                        "remote code in some layouts",
                    ),
                    code("2.16.0"),
                    text("yes"),
                    num("2", "/findings?v=2"),
                ],
                vec![
                    mark(Medium),
                    named("CVE-2021-45105", "/vulnerabilities/CVE-2021-45105", "endless recursion"),
                    code("2.17.0"),
                    text("no"),
                    num("2", "/findings?v=3"),
                ],
                vec![
                    mark(Low),
                    named(
                        "CVE-2021-44832",
                        "/vulnerabilities/CVE-2021-44832",
                        "needs the configuration",
                    ),
                    code("2.17.1"),
                    text("no"),
                    num("2", "/findings?v=4"),
                ],
            ],
        ),
        places: table("Where it is", place_columns(), places()),
    }
}

pub(super) fn release() -> page::Release {
    let side = |build: &str, at: When| {
        Pairs(vec![
            (t("Build"), Value::Code(t(build))),
            (t("Commit"), Value::Code(t("9f31c2e"))),
            (t("Made"), Value::Time(at)),
            (t("Runs in"), Value::Text(t("us-1"))),
        ])
    };
    page::Release {
        layout: layout(
            Entry::Systems,
            &[("Systems", "/systems"), ("payments", "/systems/payments"), ("Releases", "")],
            "payments: build 4410 to 4415",
            "Build 4415 removes 9 findings and brings in 1; its load is 38 less than that of 4410.",
        ),
        picker: Filter {
            action: "/systems/payments/releases".into(),
            facets: vec![
                facet(
                    "from",
                    "From",
                    &[
                        ("4410", "build 4410, us-1", 41, true),
                        ("4411", "build 4411, eu-1", 43, false),
                    ],
                ),
                facet("to", "To", &[("4415", "build 4415, staging", 33, true)]),
            ],
            chips: Vec::new(),
            ..Filter::default()
        },
        figures: Figures(vec![
            Figure::of(t("−9"), t("findings gone"), "#findings"),
            Figure::of(t("+1"), t("finding new"), "#findings").marked(Medium),
            Figure::of(t("−38"), t("load"), "#findings"),
            Figure::of(t("6"), t("components changed"), "#components"),
            Figure::of(t("2"), t("came"), "#components"),
            Figure::of(t("1"), t("went"), "#components"),
        ]),
        from: side("4410", days(-12)),
        to: side("4415", hours(-6)),
        findings: table(
            "Findings",
            vec![
                column("Change").kept(),
                column("Level"),
                column("Finding").kept(),
                numbers("Load").kept(),
            ],
            vec![
                vec![
                    Cell::Change(t("gone"), Some(true)),
                    mark(Critical),
                    named("CVE-2021-44228 in log4j-core", "/findings/1", ""),
                    num("−16", "/findings/1"),
                ],
                vec![
                    Cell::Change(t("new"), Some(false)),
                    mark(Medium),
                    named("CVE-2026-20771 in requests", "/findings/5", ""),
                    num("+3", "/findings/5"),
                ],
            ],
        ),
        components: table(
            "Components",
            vec![
                column("Component").kept(),
                column("From"),
                column("To").kept(),
                column("Relation"),
                column("Licence"),
            ],
            vec![
                vec![
                    named("log4j-core", "/packages/log4j-core", ""),
                    code("2.14.1"),
                    code("2.17.1"),
                    text("direct"),
                    text("Apache-2.0"),
                ],
                vec![
                    named("requests", "/packages/requests", ""),
                    Cell::Nothing,
                    code("2.31.0"),
                    text("transitive"),
                    text("Apache-2.0"),
                ],
            ],
        ),
    }
}

pub(super) fn said() -> page::Said {
    page::Said {
        layout: layout(
            Entry::Systems,
            &[("Systems", "/systems"), ("Reported by", "")],
            "shop",
            "1 other tool speaks about shop: 14 things.",
        ),
        intro: t("A finding lives while any source says so."),
        tables: vec![
            table(
                "Sources",
                vec![column("Source").kept(), numbers("Says").kept(), numbers("Since")],
                vec![vec![
                    named("trivy", "/said/1?source=trivy", ""),
                    text("14"),
                    Cell::Value(days(-30).into()),
                ]],
            ),
            table(
                "What they state",
                vec![column("Vulnerability").kept(), column("Says").kept(), column("Why")],
                vec![vec![
                    code("CVE-2026-1001"),
                    text("not affected"),
                    text("vulnerable code not in execute path"),
                ]],
            ),
        ],
    }
}
