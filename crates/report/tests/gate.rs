//! What each output of a gate looks like, and that no text in a verdict adds anything to it.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on stops")]

use std::io::{self, Write};

use proptest::prelude::*;
use serde_json::Value;
use trimtab_model::Level;
use trimtab_report::gate::{
    Effect, Gate, Outcome, Verdict, codequality, github, json, junit, markdown, sarif, text,
};
use trimtab_report::table::Style;

type Writer = fn(&Gate, &mut dyn Write) -> io::Result<()>;

const WRITERS: &[(&str, Writer)] = &[
    ("text", |gate, out| text::write(gate, Style::default(), out)),
    ("text-ascii-60", |gate, out| {
        text::write(gate, Style { ascii: true, width: 60, ..Style::default() }, out)
    }),
    ("text-colour", |gate, out| text::write(gate, Style { colour: true, ..Style::default() }, out)),
    ("json", json::write),
    ("sarif", sarif::write),
    ("github", github::write),
    ("step-summary", github::step_summary),
    ("codequality", codequality::write),
    ("junit", junit::write),
    ("markdown", markdown::write),
];

fn written(writer: Writer, gate: &Gate) -> String {
    let mut out = Vec::new();
    writer(gate, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

fn verdict(effect: Effect, policy: &str, rule: &str, message: &str) -> Verdict {
    Verdict {
        effect,
        policy: policy.into(),
        rule: rule.into(),
        message: message.into(),
        finding: None,
        file: None,
        line: None,
        help: None,
        new: None,
        level: None,
    }
}

fn gate(outcome: Outcome, mut verdicts: Vec<Verdict>) -> Gate {
    verdicts.reverse();
    let mut gate = Gate {
        target: "harbour".into(),
        charter: "framework 3".into(),
        outcome,
        agreement: None,
        against: None,
        verdicts,
        findings: 43,
        new_findings: None,
        accepted: 0,
        not_affected: 0,
        policies: vec!["trimtab.levels".into(), "trimtab.exploited".into()],
        incomplete: false,
    };
    gate.sort();
    gate
}

fn pass() -> Gate {
    let mut gate = gate(Outcome::Pass, Vec::new());
    gate.against = Some("origin/main".into());
    gate.new_findings = Some(0);
    gate.accepted = 2;
    gate
}

fn fail() -> Gate {
    let hostile = "x\n::error::owned\r\n##[error]y %0A ##vso[task.setvariable variable=a]b</failure><testcase name=\"z\"/>]]> --> <img src=x onerror=y> | [a](b) @everyone `c` \u{1b}[2J\u{202e}";
    let verdicts = vec![
        Verdict {
            finding: Some("CVE-2025-55182".into()),
            file: Some("storefront/package-lock.json".into()),
            line: Some(1204),
            help: Some("Raise react-server-dom-parcel to 19.1.2.".into()),
            new: Some(true),
            level: Some(Level::Critical),
            ..verdict(
                Effect::Deny,
                "trimtab.exploited",
                "no-known-exploited",
                "storefront brings in react-server-dom-parcel 19.1.0, which is being exploited",
            )
        },
        Verdict {
            file: Some("timetable/Cargo.toml".into()),
            new: Some(true),
            ..verdict(
                Effect::Deny,
                "trimtab.licences",
                "allowed",
                "timetable brings in a package under GPL-3.0-only, which the charter does not allow in what is delivered to customers",
            )
        },
        Verdict {
            finding: Some("CVE-2020-11023".into()),
            file: Some("storefront/package-lock.json".into()),
            line: Some(88),
            new: Some(false),
            level: Some(Level::High),
            ..verdict(
                Effect::Deny,
                "trimtab.levels",
                "deadline",
                "storefront still ships jquery 3.4.1; its deadline was 2026-11-02",
            )
        },
        Verdict {
            finding: Some("CVE-2022-0001".into()),
            file: Some("a,b:c=%.lock".into()),
            line: Some(1),
            help: Some(hostile.into()),
            new: Some(true),
            ..verdict(Effect::Warn, "p::q,r", "rule, with: signs\n", hostile)
        },
        Verdict {
            new: Some(false),
            help: Some("Say in trimtab.toml who owns it.".into()),
            ..verdict(Effect::Warn, "trimtab.context", "owner", "intranet has no owner")
        },
        Verdict {
            finding: Some("PYSEC-2022-202".into()),
            file: Some("booking-api/uv.lock".into()),
            line: Some(7),
            ..verdict(
                Effect::Unknown,
                "trimtab.levels",
                "deadline",
                "no source gives a severity of py 1.11.0",
            )
        },
    ];
    let mut gate = gate(Outcome::Fail, verdicts);
    gate.against = Some("origin/main".into());
    gate.new_findings = Some(3);
    gate.accepted = 1;
    gate.policies.push("trimtab.licences".into());
    gate.sort();
    gate
}

fn not_yet_known() -> Gate {
    let mut gate = gate(
        Outcome::NotYetKnown,
        vec![Verdict {
            help: Some("Run `trimtab db update`.".into()),
            ..verdict(
                Effect::Unknown,
                "trimtab.exploited",
                "no-known-exploited",
                "the index has no list of exploited vulnerabilities",
            )
        }],
    );
    gate.incomplete = true;
    gate
}

#[test]
fn every_output_of_every_outcome() {
    for (case, gate) in [("pass", pass()), ("fail", fail()), ("not-yet-known", not_yet_known())] {
        for (format, writer) in WRITERS {
            let text = written(*writer, &gate);
            assert_eq!(text, written(*writer, &gate), "two runs differ");
            assert!(text.ends_with('\n'), "{case} as {format} ends in the middle of a line");
            let version = trimtab_report::TOOL_VERSION;
            let text = text.replace(&format!("\"{version}\""), "\"[version]\"");
            insta::assert_snapshot!(format!("{case}-{format}"), text);
        }
    }
}

#[test]
fn headlines_say_what_this_change_did() {
    let mut gate = fail();
    assert_eq!(
        gate.headline(),
        "Fails: 2 rules of the charter are broken by this change; 1 more was broken before"
    );
    gate.verdicts.iter_mut().for_each(|v| v.new = Some(false));
    assert_eq!(
        gate.headline(),
        "Fails: 3 rules of the charter are broken, none of them by this change"
    );
    gate.verdicts.iter_mut().for_each(|v| v.new = None);
    assert_eq!(
        gate.headline(),
        "Fails: 3 rules of the charter are broken, by this change or before it"
    );
    gate.verdicts[0].new = Some(true);
    assert_eq!(
        gate.headline(),
        "Fails: 1 rule of the charter is broken by this change; 2 more were broken, by it or before it"
    );
    gate.against = None;
    assert_eq!(gate.headline(), "Fails: 3 rules of the charter are broken");
    gate.outcome = Outcome::Pass;
    gate.verdicts.retain(|v| v.effect == Effect::Unknown);
    assert_eq!(
        gate.headline(),
        "Passes: no rule of the charter is broken; data is missing for 1 rule"
    );
}

#[test]
fn fingerprints_stay_when_lines_move_and_are_distinct() {
    let prints = |gate: &Gate| -> Vec<String> {
        let report: Value = serde_json::from_str(&written(codequality::write, gate)).unwrap();
        let all = report.as_array().unwrap().iter();
        all.map(|issue| issue["fingerprint"].as_str().unwrap().to_owned()).collect()
    };
    let mut gate = fail();
    let twin = Verdict { line: Some(9000), ..gate.verdicts[0].clone() };
    gate.verdicts.push(twin);
    gate.sort();
    let before = prints(&gate);
    let mut distinct = before.clone();
    distinct.sort();
    distinct.dedup();
    assert_eq!(distinct.len(), gate.verdicts.len());
    gate.verdicts.iter_mut().for_each(|v| v.line = v.line.map(|line| line + 100));
    assert_eq!(prints(&gate), before);
}

fn check(schema: &Value, document: &Value) {
    let validator = jsonschema::options().build(schema).unwrap();
    let faults: Vec<String> = validator
        .iter_errors(document)
        .take(5)
        .map(|e| format!("{}: {e}", e.instance_path()))
        .collect();
    assert!(faults.is_empty(), "{faults:#?}");
}

#[test]
fn sarif_validates() {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let file = shared.join("corpus/schemas/sarif/sarif-schema-2.1.0.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    for gate in [pass(), fail(), not_yet_known()] {
        let log: Value = serde_json::from_str(&written(sarif::write, &gate)).unwrap();
        check(&schema, &log);
        let run = &log["runs"][0];
        let results = run["results"].as_array().unwrap();
        assert_eq!(results.len(), gate.verdicts.len());
        for result in results {
            let at = usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap();
            assert_eq!(run["tool"]["driver"]["rules"][at]["id"], result["ruleId"]);
        }
    }
}

#[test]
fn our_json_validates_and_reads_back() {
    let file = trimtab_testkit::repository().join("docs/schemas/gate-1.schema.json");
    let schema: Value = serde_json::from_slice(&std::fs::read(file).unwrap()).unwrap();
    for gate in [pass(), fail(), not_yet_known()] {
        let text = written(json::write, &gate);
        check(&schema, &serde_json::from_str(&text).unwrap());
        let document: json::Document = serde_json::from_str(&text).unwrap();
        assert_eq!(document.verdicts.len(), gate.verdicts.len());
        assert_eq!(document.summary.new_findings, gate.new_findings);
        for (told, verdict) in document.verdicts.iter().zip(&gate.verdicts) {
            assert_eq!(*told.message, *verdict.message);
            assert_eq!((told.new, told.line), (verdict.new, verdict.line));
        }
    }
}

/// What a runner would take as a command: GitHub's newer form, its older one, and Azure's.
fn commands(log: &str) -> Vec<&str> {
    let all = log.split(['\n', '\r']).map(str::trim_start);
    all.filter(|l| l.starts_with("::") || l.contains("##[") || l.contains("##vso[")).collect()
}

#[test]
fn many_annotations_are_ten_of_a_kind() {
    let mut gate = fail();
    let verdicts = (0..25).map(|line| Verdict { line: Some(line + 1), ..gate.verdicts[0].clone() });
    gate.verdicts = verdicts.collect();
    let log = written(github::write, &gate);
    let commands = commands(&log);
    assert_eq!(commands.len(), 10);
    assert!(commands[9].starts_with("::error title=Trimtab::16 more"), "{}", commands[9]);
}

#[test]
fn a_comment_is_never_too_long_for_a_forge() {
    let mut gate = fail();
    let long = "|<@é ".repeat(400);
    gate.target = long.as_str().into();
    gate.charter = long.as_str().into();
    gate.against = Some(long.as_str().into());
    let mut verdicts = Vec::new();
    for effect in Effect::ALL {
        for new in [Some(true), Some(false), None] {
            let one = Verdict {
                finding: Some(long.as_str().into()),
                file: Some(long.as_str().into()),
                help: Some(long.as_str().into()),
                new,
                ..verdict(*effect, &long, &long, &long)
            };
            verdicts.extend(vec![one; 50]);
        }
    }
    gate.verdicts = verdicts;
    gate.sort();
    let page = written(markdown::write, &gate);
    assert!(page.chars().count() <= 65_536, "{}", page.chars().count());
    assert!(page.len() > 30_000, "{}", page.len());
    // 100 denied or warned of each age, and 150 unknown: every group has something and says what it left out.
    assert_eq!(page.matches(" more: the report has all").count(), 4);
    assert_eq!(page.matches("and 100 more").count() + page.matches("and 150 more").count(), 0);
}

#[test]
fn a_mark_names_the_target_and_ends_where_it_should() {
    assert_eq!(markdown::marker("harbour/storefront"), "<!-- trimtab-gate:harbour/storefront -->");
    assert_eq!(markdown::marker("a --> <b>\n"), "<!-- trimtab-gate:a%20--%3E%20%3Cb%3E%0A -->");
    let (long, other) = ("é".repeat(300), "é".repeat(301));
    assert!(markdown::marker(&long).len() < 60);
    assert_ne!(markdown::marker(&long), markdown::marker(&other));
}

/// Texts made of what the formats take for markup.
fn hostile() -> impl Strategy<Value = Box<str>> {
    let parts = prop::sample::select(vec![
        "\n",
        "\r",
        "\r\n",
        "\u{85}",
        "\u{2028}",
        "\t",
        " ",
        "::",
        "::error::",
        "::add-mask::a",
        "##[",
        "##vso[",
        "#",
        "%",
        "%0A",
        "%25",
        ",",
        ":",
        "=",
        "<",
        ">",
        "</",
        "/>",
        "<!--",
        "-->",
        "]]>",
        "&",
        "&lt;",
        "&#10;",
        "\"",
        "'",
        "`",
        "```",
        "|",
        "[a](b)",
        "![a](b)",
        "<img>",
        "</details>",
        "\\",
        "@b",
        "/close",
        "/merge\n",
        "- ",
        "1. ",
        "$x$",
        "\u{1b}[31m",
        "\u{202e}",
        "\u{0}",
        "\u{fffe}",
        "é",
        "日本",
        "word",
        "a longer run of words",
    ]);
    prop::collection::vec(parts, 0..12).prop_map(|all| all.concat().into())
}

fn any_verdict() -> impl Strategy<Value = Verdict> {
    let optional = || prop::option::of(hostile());
    let level = prop::option::of(prop::sample::select(Level::ALL));
    (
        prop::sample::select(Effect::ALL),
        (hostile(), hostile(), hostile()),
        (optional(), optional(), optional()),
        prop::option::of(1u32..1000),
        any::<Option<bool>>(),
        level,
    )
        .prop_map(
            |(effect, (policy, rule, message), (finding, file, help), line, new, level)| Verdict {
                effect,
                policy,
                rule,
                message,
                finding,
                file,
                line,
                help,
                new,
                level,
            },
        )
}

fn any_gate() -> impl Strategy<Value = Gate> {
    (
        (hostile(), hostile(), prop::option::of(hostile())),
        prop::sample::select(Outcome::ALL),
        prop::collection::vec(any_verdict(), 0..30),
        (0usize..100, prop::option::of(0usize..100), 0usize..100),
        prop::collection::vec(hostile(), 0..3),
        any::<bool>(),
    )
        .prop_map(
            |((target, charter, against), outcome, verdicts, counts, policies, incomplete)| {
                let (findings, new_findings, accepted) = counts;
                let mut gate = Gate {
                    target,
                    charter,
                    agreement: None,
                    outcome,
                    against,
                    verdicts,
                    findings,
                    new_findings,
                    accepted,
                    not_affected: accepted / 2,
                    policies,
                    incomplete,
                };
                gate.sort();
                gate
            },
        )
}

fn xml_elements(text: &str) -> Vec<String> {
    use quick_xml::events::Event;
    let mut reader = quick_xml::Reader::from_str(text);
    let (mut names, mut open) = (Vec::new(), 0usize);
    loop {
        match reader.read_event().unwrap() {
            Event::Start(tag) => {
                open += 1;
                names.push(tag.name().as_ref().to_owned());
            }
            Event::Empty(tag) => names.push(tag.name().as_ref().to_owned()),
            Event::End(_) => open -= 1,
            Event::Comment(_) | Event::CData(_) | Event::PI(_) | Event::DocType(_) => {
                panic!("an element that nobody wrote in {text}");
            }
            Event::Eof => break,
            Event::Text(_) | Event::Decl(_) | Event::GeneralRef(_) => {}
        }
    }
    assert_eq!(open, 0, "unbalanced");
    names
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn annotations_are_only_ours(gate in any_gate()) {
        let log = written(github::write, &gate);
        let expected: usize = Effect::ALL
            .iter()
            .map(|e| gate.verdicts.iter().filter(|v| v.effect == *e).count().min(10))
            .sum();
        let found = commands(&log);
        prop_assert_eq!(found.len(), expected);
        // One line each, and the outcome.
        prop_assert_eq!(log.lines().count(), expected + 1);
        for command in found {
            let (head, _) = command[2..].split_once("::").unwrap();
            let (kind, properties) = head.split_once(' ').unwrap();
            prop_assert!(["error", "warning", "notice"].contains(&kind));
            for property in properties.split(',') {
                let (key, value) = property.split_once('=').unwrap();
                prop_assert!(["file", "line", "title"].contains(&key), "{}", command);
                prop_assert!(!value.contains(':'));
            }
        }
    }

    #[test]
    fn the_terminal_and_runners_obey_nothing(gate in any_gate(), width in 40usize..120) {
        let style = Style { width, verbose: true, ..Style::default() };
        let mut out = Vec::new();
        text::write(&gate, style, &mut out).unwrap();
        let log = String::from_utf8(out).unwrap();
        prop_assert_eq!(commands(&log), Vec::<&str>::new());
        let obeyed = log.contains(['\u{1b}', '\u{202e}', '\r', '\u{85}', '\u{2028}']);
        prop_assert!(!obeyed);
        let rules = log.lines().filter(|l| l.starts_with("    rule")).count();
        prop_assert!(rules >= gate.verdicts.len(), "{}", log);
    }

    #[test]
    fn elements_are_only_ours(gate in any_gate()) {
        let names = xml_elements(&written(junit::write, &gate));
        let of = |name: &str| names.iter().filter(|n| *n == name).count();
        let count = |effect| gate.verdicts.iter().filter(|v| v.effect == effect).count();
        prop_assert_eq!(of("failure"), count(Effect::Deny));
        prop_assert_eq!(of("skipped"), count(Effect::Unknown));
        prop_assert_eq!(of("system-out"), count(Effect::Warn));
        prop_assert_eq!(of("error"), usize::from(gate.incomplete));
        let asked = gate.policies.iter().filter(|p| gate.verdicts.iter().all(|v| v.policy != **p));
        let incomplete = usize::from(gate.incomplete);
        prop_assert_eq!(of("testcase"), gate.verdicts.len() + asked.count() + incomplete);
        prop_assert_eq!(of("testsuites"), 1);
        let ours = ["failure", "skipped", "system-out", "error", "testcase", "testsuite", "testsuites"];
        prop_assert_eq!(names.iter().filter(|n| !ours.contains(&n.as_str())).count(), 0);
    }

    #[test]
    fn markup_is_only_ours(gate in any_gate()) {
        let page = written(markdown::write, &gate);
        prop_assert!(page.starts_with(&markdown::marker(&gate.target)));
        prop_assert!(page.chars().count() <= 65_536);
        let body = page.split_once('\n').unwrap().1;
        for line in body.split(['\n', '\r']) {
            let begins = ["", "### ", "**", "| ", "|---", "- ", "<details><summary>", "</details>"];
            let ours = begins.iter().any(|b| if b.is_empty() { line.is_empty() } else { line.starts_with(b) });
            let closing = line.contains(" accepted by exceptions");
            prop_assert!(ours || closing, "{:?}", line);
            if line.starts_with('|') {
                let unescaped = line.replace("\\\\", "").replace("\\|", "");
                prop_assert_eq!(unescaped.matches('|').count(), 6, "{:?}", line);
            }
            let plain = line.replace("\\\\", "").replace("\\<", "").replace("\\`", "").replace("\\[", "");
            let tags = plain.replace("<details><summary>", "").replace("</summary>", "").replace("</details>", "");
            prop_assert!(!tags.contains(['<', '`', '[']), "{:?}", line);
            prop_assert!(!line.contains("@b"), "{:?}", line);
        }
    }

    #[test]
    fn json_keeps_every_text(gate in any_gate()) {
        let document: json::Document = serde_json::from_str(&written(json::write, &gate)).unwrap();
        for (told, verdict) in document.verdicts.iter().zip(&gate.verdicts) {
            prop_assert_eq!(&*told.message, &*verdict.message);
            prop_assert_eq!(told.file.as_deref(), verdict.file.as_deref());
        }
        for writer in [sarif::write as Writer, codequality::write] {
            let text = written(writer, &gate);
            serde_json::from_str::<Value>(&text).unwrap();
            let raw = text.contains(['\u{1b}', '\u{202e}', '\u{2028}']);
            prop_assert!(!raw);
        }
    }

    #[test]
    fn the_order_of_verdicts_does_not_matter(mut gate in any_gate(), seed in any::<u64>()) {
        // Twins that differ in one member each.
        for verdict in gate.verdicts.clone() {
            let twin = verdict.clone();
            gate.verdicts.push(Verdict { line: verdict.line.map(|l| l + 1), ..twin.clone() });
            gate.verdicts.push(Verdict { message: "a".into(), ..twin.clone() });
            gate.verdicts.push(Verdict { rule: "a".into(), ..twin.clone() });
            gate.verdicts.push(Verdict { help: Some("a".into()), ..twin });
        }
        gate.sort();
        let mut other = gate.clone();
        let n = other.verdicts.len().max(1);
        other.verdicts.rotate_left(usize::try_from(seed % 1000).unwrap() % n);
        other.verdicts.reverse();
        other.sort();
        for (format, writer) in WRITERS {
            prop_assert_eq!(written(*writer, &gate), written(*writer, &other), "{}", format);
        }
    }
}
