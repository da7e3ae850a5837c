//! Today, findings, one finding.

use trimtab_model::Level::{Critical, High, Low, Medium};
use trimtab_pages::part::*;
use trimtab_pages::{Entry, page};

use super::{
    code, column, days, dial, hours, l, layout, mark, named, num, numbers, pager, t, table, text,
};

pub(super) fn today() -> page::Today {
    let mut layout = layout(
        Entry::Today,
        &[("Today", "/")],
        "Today",
        "Payments has 2 findings past their deadline; the window of 3 December removes 61 % of its load.",
    );
    layout.flash = Some(Notice {
        urgency: Urgency::Done,
        text: t("The exception for netty in gateway was approved."),
        next: Some(l("See it", "/exceptions/41")),
    });
    let due = |when: When, late: bool| Cell::Due(when, late);
    page::Today {
        layout,
        figures: Figures(vec![
            Figure::of(t("2"), t("past their deadline"), "/findings?due=past").marked(Critical),
            Figure::of(t("5"), t("to assess"), "/findings?step=security")
                .noted(t("waiting on security")),
            Figure::of(t("3"), t("exceptions to answer"), "/exceptions?state=asked"),
            Figure::of(t("14"), t("due this week"), "/findings?due=week"),
            Figure::of(t("1"), t("decisions to answer"), "/today/answers")
                .or_one(t("decision to answer")),
            Figure::of(t("7"), t("components unknown"), "/unknown").marked(Mark::Unknown),
        ]),
        first: None,
        dial: Some(dial(Size::Large, "Harbour Group")),
        sides: super::needs::sides(),
        queue: table(
            "Needs you",
            vec![
                column("Level").kept(),
                column("What").kept(),
                column("System"),
                column("Your step"),
                numbers("Load"),
                numbers("Due").kept(),
            ],
            vec![
                vec![
                    mark(Critical),
                    named("CVE-2021-44228 in log4j-core", "/findings/1", "2.14.1 → 2.17.1"),
                    num("payments", "/systems/payments"),
                    text("confirm the assessment"),
                    num("16", "/findings/1"),
                    due(hours(-52), true),
                ],
                vec![
                    mark(Critical),
                    named("CVE-2026-31807 in libwebp", "/findings/2", "1.3.1 → 1.3.2"),
                    num("payments", "/systems/payments"),
                    text("answer the exception"),
                    num("16", "/findings/2"),
                    due(hours(-7), true),
                ],
                vec![
                    mark(High),
                    named("CVE-2026-11204 in netty-codec-http", "/findings/3", "4.1.94 → 4.1.118"),
                    num("gateway", "/systems/gateway"),
                    text("assess"),
                    num("8", "/findings/3"),
                    due(days(2), false),
                ],
                vec![
                    mark(High),
                    named("GHSA-7fh5-64p2-3v2j in postcss", "/findings/4", "8.4.30 → 8.4.31"),
                    num("storefront", "/systems/storefront"),
                    text("assess"),
                    num("8", "/findings/4"),
                    due(days(4), false),
                ],
                vec![
                    mark(Medium),
                    named("CVE-2026-20771 in requests", "/findings/5", "no fix yet"),
                    num("reporting", "/systems/reporting"),
                    text("choose what to do instead"),
                    num("3", "/findings/5"),
                    due(days(19), false),
                ],
                vec![
                    Cell::Mark(Mark::Unknown),
                    named(
                        "14 components of billing-batch",
                        "/unknown?system=billing",
                        "no version in the lockfile",
                    ),
                    num("billing", "/systems/billing"),
                    text("say what they are"),
                    Cell::unknown(t("no version is known")),
                    Cell::Nothing,
                ],
            ],
        ),
        waiting: table(
            "Waiting for others",
            vec![
                column("What").kept(),
                column("On whom").kept(),
                column("Their step"),
                numbers("Since"),
                numbers("Until").kept(),
            ],
            vec![
                vec![
                    named("jackson-databind in ledger", "/findings/6", ""),
                    num("Team Ledger", "/teams/ledger"),
                    text("choose the upgrade"),
                    Cell::Value(days(-6).into()),
                    due(days(3), false),
                ],
                vec![
                    named("openssl in intranet", "/findings/7", ""),
                    num("Operations", "/teams/operations"),
                    text("roll out 3.0.15"),
                    Cell::Value(days(-1).into()),
                    due(days(9), false),
                ],
            ],
        ),
    }
}

fn filter() -> Filter {
    let choice = |value: &str, text: &str, count: u64, chosen: bool| Choice {
        value: t(value),
        text: t(text),
        count: Some(count),
        chosen,
    };
    let facet = |name: &str, text: &str, choices: Vec<Choice>| Facet {
        single: false,
        name: t(name),
        text: t(text),
        choices,
    };
    Filter {
        action: "/findings".into(),
        kept: vec![(t("by"), t("action"))],
        search: Some((t("q"), t("Package or vulnerability"), String::new())),
        also: Vec::new(),
        facets: vec![
            facet(
                "level",
                "Level",
                vec![
                    choice("critical", "critical", 4, true),
                    choice("high", "high", 31, true),
                    choice("medium", "medium", 212, false),
                    choice("low", "low", 640, false),
                    choice("unknown", "unknown", 7, false),
                ],
            ),
            facet(
                "system",
                "System",
                vec![
                    choice("payments", "payments", 12, false),
                    choice("gateway", "gateway", 9, false),
                    choice("storefront", "storefront", 8, false),
                ],
            ),
            facet(
                "team",
                "Team",
                vec![
                    choice("ledger", "Team Ledger", 14, false),
                    choice("web", "Team Web", 8, false),
                ],
            ),
            facet(
                "due",
                "Deadline",
                vec![choice("past", "past", 2, false), choice("week", "this week", 14, false)],
            ),
            facet(
                "state",
                "State",
                vec![choice("open", "open", 35, true), choice("planned", "planned", 19, false)],
            ),
            Facet {
                single: false,
                name: t("evidence"),
                text: t("Evidence"),
                choices: vec![Choice {
                    value: t("kev"),
                    text: t("exploited"),
                    count: None,
                    chosen: false,
                }],
            },
        ],
        chips: vec![
            l("critical", "/findings?level=high"),
            l("high", "/findings?level=critical"),
            l("open", "/findings?level=critical"),
        ],
        dates: Vec::new(),
        clear: "/findings".into(),
    }
}

pub(super) fn findings() -> page::Findings {
    let columns = vec![
        column("Level").kept(),
        column("Action").kept().sorts("?sort=action", ""),
        column("Systems"),
        numbers("Findings"),
        numbers("Load removed").sorts("?sort=load", "descending"),
        numbers("Cost"),
        column("Confidence"),
        numbers("Due").kept().sorts("?sort=due", ""),
    ];
    let row = |i: usize,
               level,
               name: &str,
               to: &str,
               systems: &str,
               findings: &str,
               load: &str,
               cost: Option<&str>,
               confidence: &str,
               due: Cell| Row {
        id: format!("a{i}"),
        label: t(name),
        cells: vec![
            mark(level),
            named(name, "/actions/1", to),
            num(systems, "/systems?action=1"),
            num(findings, "/findings?action=1"),
            num(load, "/findings?action=1"),
            cost.map_or(Cell::unknown(t("no history of this package")), text),
            text(confidence),
            due,
        ],
    };
    let rows = vec![
        row(
            1,
            Critical,
            "Upgrade log4j-core",
            "2.14.1 → 2.17.1",
            "3",
            "9",
            "61",
            Some("1–2"),
            "high",
            Cell::Due(hours(-52), true),
        ),
        row(
            2,
            Critical,
            "Move base image to debian 12.11",
            "12.4 → 12.11",
            "11",
            "48",
            "44.5",
            Some("3–5"),
            "medium",
            Cell::Due(hours(-7), true),
        ),
        row(
            3,
            High,
            "Upgrade netty-codec-http by its parent spring-boot",
            "3.2.1 → 3.2.12",
            "4",
            "12",
            "30",
            Some("2–5"),
            "medium",
            Cell::Due(days(2), false),
        ),
        row(
            4,
            High,
            "Upgrade postcss",
            "8.4.30 → 8.4.31",
            "2",
            "2",
            "16",
            Some("1"),
            "high",
            Cell::Due(days(4), false),
        ),
        row(
            5,
            High,
            "Override loader-utils",
            "2.0.3 → 2.0.4",
            "1",
            "3",
            "14",
            None,
            "low",
            Cell::Due(days(5), false),
        ),
        row(
            6,
            High,
            "Replace request by undici",
            "2.88.2 → 6.21.0",
            "2",
            "2",
            "12",
            Some("8–20"),
            "low",
            Cell::Due(days(12), false),
        ),
        row(
            7,
            Medium,
            "Relock requests",
            "2.31.0 → 2.32.4",
            "5",
            "5",
            "9.5",
            Some("1"),
            "high",
            Cell::Due(days(19), false),
        ),
        row(
            8,
            Low,
            "Remove left-pad",
            "1.3.0",
            "1",
            "1",
            "0.5",
            Some("1"),
            "high",
            Cell::Due(days(80), false),
        ),
    ];
    let mut layout = layout(
        Entry::Findings,
        &[("Findings", "/findings")],
        "Findings",
        "35 findings are critical or high; 8 actions remove all but 3 of them.",
    );
    layout.actions = vec![l("Export", "/findings/export"), l("API", "/api")];
    page::Findings {
        layout,
        figures: Figures(vec![
            Figure::of(t("4"), t("critical"), "?level=critical").marked(Critical),
            Figure::of(t("31"), t("high"), "?level=high").marked(High),
            Figure::of(t("212"), t("medium"), "?level=medium").marked(Medium),
            Figure::of(t("640"), t("low"), "?level=low").marked(Low),
            Figure::of(t("7"), t("unknown"), "?level=unknown").marked(Mark::Unknown),
            Figure::of(t("182.4"), t("load"), "/load").noted(t("−31.7 in 90 days")),
        ]),
        tabs: Tabs {
            label: t("Grouped by"),
            tabs: vec![
                l("By action", "?by=action"),
                l("By vulnerability", "?by=vulnerability"),
                l("By package", "?by=package"),
                l("Each finding", "?by=finding"),
            ],
            shown: 0,
        },
        filter: filter(),
        table: Table {
            title: t("Actions"),
            columns,
            rows,
            bulk: Some(Bulk {
                action: "/findings/bulk".into(),
                csrf: "token".to_owned(),
                verbs: vec![
                    ("schedule".into(), t("Schedule")),
                    ("exception".into(), t("Ask for an exception")),
                    ("not-affected".into(), t("Not affected")),
                ],
            }),
            pager: pager("1–8 of 8 actions, 35 findings"),
            csv: "/findings.csv?by=action".into(),
            ..Table::default()
        },
    }
}

pub(super) fn no_findings() -> page::Findings {
    let mut page = findings();
    page.layout.headline = t("No finding of intranet is critical.");
    page.table.rows.clear();
    page.table.pager = None;
    page.table.empty = Empty {
        why: t(
            "No finding is critical and in intranet. 12 findings of intranet are of other levels.",
        ),
        next: Some(l("Show them", "/findings?system=intranet")),
    };
    page
}

pub(super) fn finding() -> page::Finding {
    let mut layout = layout(
        Entry::Findings,
        &[
            ("Findings", "/findings"),
            ("payments", "/systems/payments"),
            ("CVE-2021-44228 in log4j-core", ""),
        ],
        "CVE-2021-44228 in log4j-core, payments",
        "Payments still ships log4j-core 2.14.1: anyone on the internet can run code in it. It should have gone by 25 November.",
    );
    layout.actions = vec![
        l("Ask for an exception", "/exceptions/ask?finding=1"),
        l("Not affected", "/findings/1/not-affected"),
        l("Schedule", "/findings/1/schedule"),
    ];
    let factor = |name: &str, value: Value, effect, by: &str, source: Link| Factor {
        name: t(name),
        value,
        effect,
        by: t(by),
        source,
    };
    let event = |at: When, kind: &str, text: &str, by: &str, level: Option<Mark>| Event {
        at,
        kind: t(kind),
        text: t(text),
        by: l(by, ""),
        level,
    };
    page::Finding {
        layout,
        figures: Figures(vec![
            Figure::of(t("critical"), t("level, between high and critical"), "#why").marked(Critical),
            Figure { value: Value::Time(hours(-52)), ..Figure::of("", t("deadline"), "/charter#deadlines").noted(t("4 working hours, production")) },
            Figure::of(t("16"), t("load"), "/systems/payments").noted(t("9 % of payments")),
            Figure::of(t("1–2 points"), t("cost to remove"), "#actions").noted(t("confidence high")),
        ]),
        steps: Steps(vec![
            Step { side: t("Engineering"), task: t("choice of the dependency"), owner: l("Team Payments", "/teams/payments"), text: t("Upgrade log4j-core to 2.17.1."), state: State::Done(days(-1)) },
            Step { side: t("Security"), task: t("assessment"), owner: l("Ana Ruiz", "/people/ana"), text: t("Confirm that the lookup can be reached."), state: State::Waiting { on: l("Ana Ruiz", "/people/ana"), since: hours(-60), until: Some(hours(-52)), late: true } },
            Step { side: t("Product"), task: t("priority"), owner: l("Jonas Berg", "/people/jonas"), text: t("Before other work, by the charter."), state: State::Done(days(-2)) },
            Step { side: t("Operations"), task: t("rollout"), owner: l("Operations", "/teams/operations"), text: t("Production eu-1, then us-1."), state: State::NotYet },
        ]),
        voices: Voices {
            sides: Tabs { label: t("Told to"), tabs: vec![l("Product", "?for=product"), l("Engineering", "?for=engineering"), l("Security", "?for=security"), l("Operations", "?for=operations")], shown: 2 },
            story: vec![
                t("A string that reaches a log line makes log4j load and run code from a server of the attacker's choice. It is exploited in the wild, and payments is reachable from the internet."),
                t("The class that does it is on the path of every request of the checkout, so nothing but the upgrade removes it."),
            ],
            facts: Pairs(vec![
                (t("Likelihood"), Value::Text(t("0.97, active"))),
                (t("Impact"), Value::Text(t("severe: tier 1, payment data"))),
                (t("Exploited"), Value::Link(l("KEV, since 2021-12-10", "https://www.cisa.gov/kev"))),
                (t("Reachable"), Value::Unknown(t("the source of payments was not looked at"))),
                (t("Package"), Value::Code(t("pkg:maven/org.apache.logging.log4j/log4j-core@2.14.1"))),
            ]),
        },
        actions: table(
            "What removes it",
            vec![column("Action").kept(), numbers("Findings"), numbers("Cost").kept(), column("Confidence")],
            vec![
                vec![named("Upgrade to 2.17.1", "/actions/1", "direct"), num("9", "/findings?action=1"), text("1–2"), text("high")],
                vec![named("Override in the build", "/actions/2", "2.17.1"), num("3", "/findings?action=2"), text("1–3"), text("medium")],
            ],
        ),
        reckoning: t("Exploited (0.95), reachable from the internet over the network (odds × 2), in production: likelihood 0.97, active. High impact on a tier 1 system with payment data: severe. Active and severe: critical. Without what is unknown it lies between high and critical."),
        factors: Factors(vec![
            factor("Known exploited", Value::Text(t("yes, since 2021-12-10")), Effect::Base, "probability 0.95", l("KEV", "https://www.cisa.gov/kev")),
            factor("Exposure", Value::Text(t("internet, vector network")), Effect::Raises, "odds × 2", l("trimtab.toml", "/systems/payments")),
            factor("Scope", Value::Text(t("runtime")), Effect::None, "none", l("pom.xml:41", "/assets/3")),
            factor("Reachability", Value::Unknown(t("the source was not looked at")), Effect::None, "none; at most one level less", Link::default()),
            factor("Supplier's statement", Value::Text(t("under investigation")), Effect::None, "none", l("acme.openvex.json", "/statements/9")),
            factor("Tier", Value::Text(t("1: the business stops")), Effect::Raises, "impact + 1", l("charter 7", "/charter")),
            factor("Environment", Value::Text(t("test only for us-2")), Effect::Lowers, "impact − 1 there", l("deployments", "/systems/payments")),
        ]),
        paths: Paths {
            unknown: String::new(),
            paths: vec![
                vec![l("payments-api", "/assets/3"), l("log4j-core 2.14.1", "/packages/log4j-core")],
                vec![l("payments-worker", "/assets/4"), l("acme-audit 3.2.0", "/packages/acme-audit"), l("spring-boot-starter-log4j2 2.5.4", "/packages/sbl"), l("log4j-core 2.14.1", "/packages/log4j-core")],
            ],
            more: Some(l("5 more paths", "/findings/1/paths")),
        },
        evidence: table(
            "Evidence",
            vec![column("What").kept(), column("Says").kept(), column("Source"), numbers("Since")],
            vec![
                vec![text("Exploited"), text("yes"), num("KEV", "/feeds#kev"), Cell::Value(days(-700).into())],
                vec![text("EPSS"), text("0.944, rank 99.9 %"), num("EPSS", "/feeds#epss"), Cell::Value(hours(-5).into())],
                vec![text("Loaded at run time"), Cell::unknown(t("nothing watches payments")), Cell::Nothing, Cell::Nothing],
                vec![text("Deployed"), text("eu-1, us-1"), num("deployments", "/systems/payments"), Cell::Value(days(-12).into())],
            ],
        ),
        attributions: table(
            "Reported by",
            vec![column("Source").kept(), column("Says").kept(), numbers("Since"), numbers("Last")],
            vec![
                vec![named("Trimtab", "/feeds#osv", "by OSV"), text("affected"), Cell::Value(days(-3).into()), Cell::Value(hours(-5).into())],
                vec![named("Trivy report", "/assets/3/reports", ""), text("affected"), Cell::Value(days(-2).into()), Cell::Value(hours(-30).into())],
                vec![named("Acme (supplier)", "/statements/9", "VEX"), text("under investigation"), Cell::Value(days(-1).into()), Cell::Value(days(-1).into())],
            ],
        ),
        decisions: table(
            "Decisions",
            vec![column("Decision").kept(), column("By"), column("Approved by"), numbers("Until").kept()],
            vec![vec![named("Fix now", "/ledger/8812", "by the charter"), num("Jonas Berg", "/people/jonas"), Cell::Nothing, Cell::Nothing]],
        ),
        lessons: vec![page::Lesson {
            title: l("Expression injection", "/lessons/CWE-917"),
            text: vec![
                (t("What it is."), t("Text from outside is evaluated as an expression.")),
                (t("How to avoid it."), t("Hand text in as an argument.")),
            ],
        }],
        history: History {
            events: vec![
                event(hours(-20), "planned", "Upgrade to 2.17.1 is in the batch of 27 November.", "Team Payments", None),
                event(days(-2), "decided", "Fix now: before other work.", "Jonas Berg", None),
                event(hours(-58), "assessed", "Likelihood active, impact severe.", "charter 7", Some(Mark::Level(Critical))),
                event(days(-3), "regressed", "The rollback of build 4411 brought log4j-core 2.14.1 back to eu-1.", "deployments", None),
                event(days(-340), "fixed", "log4j-core 2.17.0 reached eu-1 and us-1.", "deployments", None),
                event(days(-350), "detected", "Found in payments-api by OSV.", "Trimtab", Some(Mark::Level(Critical))),
            ],
            more: Some(l("Whole history in the ledger", "/ledger?finding=1")),
        },
    }
    .with_code()
}

trait WithCode {
    fn with_code(self) -> Self;
}

impl WithCode for page::Finding {
    /// One cell of code, so that the hostile run meets it too.
    fn with_code(mut self) -> Self {
        self.actions.rows.push(Row::of(vec![
            code("pkg:maven/a/b@1"),
            num("1", "/x"),
            text("2"),
            Cell::Tags(vec![t("direct"), t("patch")]),
        ]));
        self
    }
}
