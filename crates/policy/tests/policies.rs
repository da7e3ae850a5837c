//! Policies as people write them: what they say, what is told when they are wrong, how they are stopped.

#![expect(clippy::unwrap_used, reason = "a test ends at the first surprise")]

use std::time::{Duration, Instant};

use trimtab_model::{Code, DiagnosticSeverity};
use trimtab_policy::input::Input;
use trimtab_policy::{Document, Effect, Evaluation, Limits, Policies, TestOutcome, builtin};

fn evaluate(policy: &str, input: &str) -> Evaluation {
    let (policies, diagnostics) = Policies::compile(&[("p.rego", policy)]);
    assert_eq!(diagnostics, []);
    policies.evaluate(&Document::from_json(input).unwrap())
}

fn messages(evaluation: &Evaluation) -> Vec<(Effect, &str)> {
    assert_eq!(evaluation.diagnostics, []);
    evaluation.verdicts.iter().map(|v| (v.effect, &*v.message)).collect()
}

#[test]
fn policies_of_conftest_run_unchanged() {
    let old = r#"package main

deny[msg] {
  input.kind == "Deployment"
  not input.spec.template.spec.securityContext.runAsNonRoot
  msg := "Containers must not run as root"
}

deny_labels[msg] {
  not input.metadata.labels.app
  msg := sprintf("%s has no label app", [input.metadata.name])
}

violation[{"msg": msg, "details": {}}] {
  input.replicas < 2
  msg = "too few"
}

warn[msg] {
  input.image[_] = tag
  endswith(tag, ":latest")
  msg = tag
}

exception[rules] {
  input.metadata.name == "legacy"
  rules := ["labels"]
}
"#;
    let input = r#"{"kind": "Deployment", "metadata": {"name": "web"}, "spec": {}, "replicas": 1, "image": ["a:latest", "b:1"]}"#;
    let evaluation = evaluate(old, input);
    assert_eq!(
        messages(&evaluation),
        [
            (Effect::Deny, "Containers must not run as root"),
            (Effect::Deny, "web has no label app"),
            (Effect::Deny, "too few"),
            (Effect::Warn, "a:latest"),
        ]
    );
    assert_eq!(&*evaluation.verdicts[1].rule, "deny_labels");
    let legacy = evaluate(old, &input.replace("\"web\"", "\"legacy\""));
    assert!(
        messages(&legacy)
            .contains(&(Effect::Warn, "legacy has no label app (excepted by the policy)"))
    );
}

#[test]
fn both_languages_and_several_files_work_together() {
    let files = [
        (
            "b.rego",
            "package b\nimport rego.v1\nimport data.lib\ndeny contains msg if { lib.bad(input.x); msg := \"b\" }\n",
        ),
        ("a.rego", "package a\ndeny[\"a\"] { data.lib.bad(input.x) }\n"),
        ("lib.rego", "package lib\nbad(x) { x > data.most }\n"),
    ];
    let (mut policies, diagnostics) = Policies::compile(&files);
    assert_eq!(diagnostics, []);
    policies.add_data("limits.json", r#"{"most": 3}"#).unwrap();
    let said =
        |x: i32| policies.evaluate(&Document::from_json(&format!(r#"{{"x": {x}}}"#)).unwrap());
    assert_eq!(messages(&said(4)), [(Effect::Deny, "a"), (Effect::Deny, "b")]);
    assert_eq!(messages(&said(3)), []);
    for wrong in ["[1]", "{", r#"{"most": 4}"#, r#"{"a": {"deny": []}}"#] {
        assert_eq!(
            policies.add_data("wrong.json", wrong).unwrap_err().code,
            Code::PolicyMalformed,
            "{wrong}"
        );
    }
}

#[test]
fn a_file_that_is_wrong_is_told_with_its_place_and_the_rest_holds() {
    let good = ("good.rego", "package good\nimport rego.v1\ndeny contains \"yes\"\n");
    for (text, line, words) in [
        ("package p\n\ndeny[msg] {\n  msg := \"a\n}\n", 4, ""),
        (
            "package p\nimport rego.v1\ndeny contains msg if {\n  msg := sprintf(\"%s\", [x)\n}\n",
            4,
            "",
        ),
        ("package p\nimport rego.v1\ndeny contains msg if { msg := unknown_thing.name }\n", 3, ""),
        ("package p\ndeny[msg] { http.send({}); msg := \"x\" }\n", 2, "http.send"),
        ("package p\nf(x) = y { y := f(x) }\ndeny[f(1)] { true }\n", 2, "calls itself"),
        ("package p\ndeny[msg] { msg := \"a\" } { msg := \"b\" }\n", 2, "else cannot be used"),
        ("not rego at all", 1, ""),
        ("", 0, ""),
    ] {
        let (policies, diagnostics) = Policies::compile(&[("bad.rego", text), good]);
        let [diagnostic] = &*diagnostics else { panic!("{text}: {diagnostics:?}") };
        assert_eq!(diagnostic.code, Code::PolicyMalformed);
        assert_eq!(diagnostic.code.severity(), DiagnosticSeverity::Error);
        assert_eq!(diagnostic.file.as_deref(), Some("bad.rego"), "{text}");
        assert!(diagnostic.message.contains(words), "{}", diagnostic.message);
        assert!(
            diagnostic.help.is_some() && !diagnostic.message.contains('\n'),
            "{}",
            diagnostic.message
        );
        if line > 0 {
            assert_eq!(diagnostic.line, Some(line), "{text}: {}", diagnostic.message);
            assert!(diagnostic.excerpt.is_some());
        }
        let evaluation = policies.evaluate(&Document::from_json("{}").unwrap());
        assert_eq!(messages(&evaluation), [(Effect::Deny, "yes")]);
    }
}

#[test]
fn what_a_built_in_hides_is_unknown() {
    // The licence is not known; in OPA the rule is then undefined, and all seems well.
    let policy = "package p\nimport rego.v1\ndeny contains c.name if { some c in input.c; startswith(c.licence, \"GPL\") }\n";
    let all = evaluate(
        policy,
        r#"{"c": [{"name": "a", "licence": null}, {"name": "b", "licence": "GPL-3.0"}]}"#,
    );
    let [denied, unknown] = &*all.verdicts else { panic!("{all:?}") };
    assert_eq!((denied.effect, &*denied.message), (Effect::Deny, "b"));
    assert_eq!(unknown.effect, Effect::Unknown);
    assert!(unknown.message.contains("p.rego line 3"), "{}", unknown.message);
    let known = evaluate(policy, r#"{"c": [{"name": "a", "licence": "MIT"}]}"#);
    assert_eq!(messages(&known), []);
}

#[test]
fn what_our_own_built_ins_hide_is_unknown_too() {
    for (call, kinds) in [
        ("lower(input.licence) == \"x\"", "(null)"),
        ("indexof(input.licence, \"x\") == 0", "(null, string)"),
        ("any(input.licence)", "(null)"),
        ("re_match(\"x\", input.licence)", "(string, null)"),
        ("array.flatten(input.licence) == []", "(null)"),
        ("time.parse_duration_ns(input.licence) > 0", "(null)"),
        ("time.add_date(input.licence, 0, 0, 1) > 0", "(null, number, number, number)"),
    ] {
        let policy = format!("package p\nimport rego.v1\ndeny contains \"x\" if {call}\n");
        let all = evaluate(&policy, r#"{"licence": null}"#);
        let [unknown] = &*all.verdicts else { panic!("{call}: {all:?}") };
        assert_eq!(unknown.effect, Effect::Unknown, "{call}");
        let message = &unknown.message;
        assert!(message.contains(kinds) && message.contains("p.rego line 3"), "{message}");
    }
}

#[test]
fn conftest_packages_run_together() {
    let main = "package main\nimport data.lib\nimport data.settings\n\
        deny[msg] { c := input.components[_]; lib.bad(c); msg := sprintf(\"%s is bad\", [c.name]) }\n\
        deny_old[msg] { input.old; msg := \"old\" }\n\
        violation[{\"msg\": msg}] { input.count > settings.most; msg := \"too many\" }\n\
        warn[msg] { print(\"looked at\", input.count); msg := \"look\" }\n\
        exception[rules] { rules := [\"old\"] }\n";
    let lib = "package lib\nimport rego.v1\nbad(c) if c.name == \"left-pad\"\n";
    let team =
        "package team.web\nimport rego.v1\ndeny contains msg if { input.old; msg := \"team\" }\n";
    let tests = "package main\nimport rego.v1\n\
        test_bad if { deny[\"left-pad is bad\"] with input as {\"components\": [{\"name\": \"left-pad\"}]} }\n";
    let (mut policies, diagnostics) =
        Policies::compile(&[("main.rego", main), ("lib.rego", lib), ("team.rego", team)]);
    assert_eq!(diagnostics, []);
    policies.add_data("settings.json", r#"{"settings": {"most": 2}}"#).unwrap();
    let input = r#"{"components": [{"name": "left-pad"}, {"name": "a"}], "old": true, "count": 3}"#;
    let all = policies.evaluate(&Document::from_json(input).unwrap());
    assert_eq!(all.diagnostics, []);
    assert_eq!(
        messages(&all),
        [
            (Effect::Deny, "left-pad is bad"),
            (Effect::Deny, "too many"),
            (Effect::Deny, "team"),
            (Effect::Warn, "old (excepted by the policy)"),
            (Effect::Warn, "look"),
        ]
    );
    assert!(all.prints.iter().any(|p| p.contains("looked at")), "{:?}", all.prints);
    let (policies, diagnostics) = Policies::compile_tests(&[
        ("main.rego", main),
        ("lib.rego", lib),
        ("main_test.rego", tests),
    ]);
    assert_eq!((diagnostics, policies.test().counts()), (vec![], (1, 0, 0)));
}

#[test]
fn what_is_no_result_is_not_taken_for_none() {
    let evaluation =
        evaluate("package p\nimport rego.v1\ndeny := count(input.all)\n", r#"{"all": [1]}"#);
    let [diagnostic] = &*evaluation.diagnostics else { panic!("{evaluation:?}") };
    assert_eq!(diagnostic.code, Code::PolicyFailed);
    let conflict =
        "package p\nimport rego.v1\ndeny := \"a\" if input.x\ndeny := \"b\" if input.x\n";
    let evaluation = evaluate(conflict, r#"{"x": true}"#);
    assert_eq!(evaluation.diagnostics[0].code, Code::PolicyFailed);
    assert!(!evaluation.is_complete());
    let typo = evaluate(
        "package p\nimport rego.v1\ndeny contains msg if { x := 1\n msg := mesage }\n",
        "{}",
    );
    assert_eq!(&*typo.diagnostics[0].message, "the policy `p` failed: var mesage is unsafe");
    assert_eq!(typo.diagnostics[0].line, Some(4));
    let missing =
        evaluate("package p\nimport rego.v1\ndeny contains \"x\" if nowhere.there(input)\n", "{}");
    assert_eq!(missing.diagnostics[0].code, Code::PolicyFailed, "{missing:?}");
}

#[test]
fn a_policy_that_loops_is_stopped_and_the_others_answer() {
    let loops = "package loops\nimport rego.v1\nn := numbers.range(1, 3000)\ndeny contains \"x\" if { some a in n; some b in n; some c in n; a + b + c == 0 }\n";
    let good = ("z.rego", "package z\nimport rego.v1\ndeny contains \"yes\"\n");
    let (policies, _) = Policies::compile(&[("loops.rego", loops), good]);
    let limits = Limits { time: Duration::from_millis(200), ..Limits::default() };
    let start = Instant::now();
    let evaluation = policies.limited(limits).evaluate(&Document::from_json("{}").unwrap());
    assert!(start.elapsed() < Duration::from_secs(20));
    let [diagnostic] = &*evaluation.diagnostics else { panic!("{evaluation:?}") };
    assert_eq!(diagnostic.code, Code::PolicyFailed);
    assert!(diagnostic.message.contains("longer than 0.2 s"), "{}", diagnostic.message);
    assert_eq!(diagnostic.file.as_deref(), Some("loops.rego"));
    assert_eq!(evaluation.verdicts.len(), 1);
}

#[test]
fn policies_that_explode_are_stopped() {
    let doubled: String = (1..40).map(|i| format!("a{i} := [a{0}, a{0}]\n", i - 1)).collect();
    let joined: String =
        (1..60).map(|i| format!("a{i} := concat(\"\", [a{0}, a{0}])\n", i - 1)).collect();
    let squared: String = (1..40).map(|i| format!("a{i} := a{0} * a{0}\n", i - 1)).collect();
    let other = doubled.replace('a', "b");
    let long = "t := concat(\"\", [\"a\" | some _ in numbers.range(1, 100000)])\n";
    for (what, policy) in [
        (
            "a value that holds itself many times over",
            format!("a0 := [1]\n{doubled}deny contains json.marshal(a39)\n"),
        ),
        ("text that doubles", format!("a0 := \"aaaaaaaaaaaaaaaa\"\n{joined}deny contains a59\n")),
        (
            "numbers that double",
            format!("a0 := 99999999999999\n{squared}deny contains sprintf(\"%d\", [a39])\n"),
        ),
        (
            "a comparison without end",
            format!("a0 := 1\n{doubled}b0 := 1\n{other}deny contains \"x\" if a39 == b39\n"),
        ),
        ("a result that holds itself", format!("a0 := [1]\n{doubled}deny contains a39\n")),
        ("text put into itself", format!("{long}deny contains replace(t, \"a\", t)\n")),
        (
            "a range without end",
            "deny contains x if some x in numbers.range(0, 1000000000000)\n".to_owned(),
        ),
        ("a shift without end", "deny contains bits.lsh(1, 1000000000000)\n".to_owned()),
        (
            "addresses without end",
            "deny contains x if some x in net.cidr_expand(\"::/1\")\n".to_owned(),
        ),
        (
            "a quantity of a billion digits",
            "deny contains x if x := units.parse(\"10e1000000000Ei\")\n".to_owned(),
        ),
        (
            "results without end",
            "deny contains sprintf(\"%d\", [x]) if some x in numbers.range(0, 200000)\n".to_owned(),
        ),
    ] {
        // In a process of its own: a thread that was left behind ends with it.
        let told = child(&format!("package p\nimport rego.v1\n{policy}"));
        assert!(told.contains("policy-failed"), "{what}: {told}");
    }
}

/// The test below, with a policy, in another process.
fn child(policy: &str) -> String {
    let output = std::process::Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "the_other_process", "--nocapture", "--include-ignored"])
        .env("TRIMTAB_POLICY", policy)
        .output()
        .unwrap();
    assert!(output.status.success(), "{policy}\n{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

#[test]
#[ignore = "does nothing by itself: policies_that_explode_are_stopped starts it in a process of its own, with its policy"]
fn the_other_process() {
    let Ok(policy) = std::env::var("TRIMTAB_POLICY") else { return };
    let (policies, diagnostics) = Policies::compile(&[("p.rego", &policy)]);
    assert_eq!(diagnostics, []);
    let limits = Limits { memory: 128 << 20, time: Duration::from_secs(1), ..Limits::default() };
    let evaluation = policies.limited(limits).evaluate(&Document::from_json("{}").unwrap());
    for diagnostic in &evaluation.diagnostics {
        println!("{} {}", diagnostic.code, diagnostic.message);
    }
    // What was left behind ends here.
    std::process::exit(0);
}

#[test]
fn built_in_policies_are_sound_and_their_tests_pass() {
    let mut files: Vec<(&str, &str)> = Vec::new();
    for file in builtin::FILES {
        files.push((file.name, file.text));
        files.push((file.test_name, file.test));
    }
    let (policies, diagnostics) = Policies::compile_tests(&files);
    assert_eq!(diagnostics, []);
    let report = policies.test();
    for test in &report.tests {
        assert_eq!(test.outcome, TestOutcome::Passed, "{}:{} {}", test.file, test.line, test.name);
    }
    for file in builtin::FILES {
        let package =
            policies.packages().iter().find(|p| &*p.name == file.package).expect(file.package);
        assert!(package.title.is_some() && package.description.is_some() && package.built_in);
        let tests = format!("{}_test", file.package);
        assert!(report.tests.iter().any(|t| *t.package == *tests), "{tests}");
    }
}

#[test]
fn a_package_of_the_user_replaces_the_built_in_one() {
    let own = "package trimtab.incomplete\nimport rego.v1\nwarn contains \"mine\"\n";
    let (policies, diagnostics) = Policies::with_built_in(&[("mine.rego", own)]);
    assert_eq!(diagnostics, []);
    let input = Input { incomplete: true, ..Input::default() };
    let evaluation = policies.evaluate(&Document::of(&input));
    assert_eq!(messages(&evaluation), [(Effect::Warn, "mine")]);
    // A file that cannot be read replaces nothing.
    let (policies, diagnostics) =
        Policies::with_built_in(&[("mine.rego", "package trimtab.incomplete\n{")]);
    assert_eq!(diagnostics.len(), 1);
    let evaluation = policies.evaluate(&Document::of(&input));
    assert_eq!(messages(&evaluation), [(Effect::Unknown, "the scan is incomplete")]);
    assert_eq!(policies.packages().len(), builtin::FILES.len());
}

#[test]
fn a_file_named_like_a_built_in_one_does_not_take_its_place() {
    let own = (builtin::FILES[3].name, "package mine\nimport rego.v1\nwarn contains \"mine\"\n");
    let (policies, diagnostics) = Policies::with_built_in(&[own]);
    assert_eq!(diagnostics[0].code, Code::PolicyMalformed);
    assert_eq!(policies.packages().len(), builtin::FILES.len());
    let twice = ("a.rego", "package a\n");
    assert_eq!(Policies::compile(&[twice, twice]).1.len(), 1);
}

#[test]
fn an_empty_input_breaks_no_built_in_policy() {
    let (policies, diagnostics) = Policies::with_built_in(&[]);
    assert_eq!(diagnostics, []);
    assert_eq!(messages(&policies.evaluate(&Document::of(&Input::default()))), []);
}

#[test]
fn tests_are_run_like_opa_runs_them() {
    let policy = "package p\nimport rego.v1\ndeny contains \"x\" if input.x > data.most\n";
    let tests = "package p_test\nimport rego.v1\nimport data.p\n\
        test_denied if p.deny[\"x\"] with input as {\"x\": 4} with data.most as 3\n\
        test_wrong if count(p.deny) == 1 with input as {\"x\": 2} with data.most as 3\n\
        test_value := 3\n\
        test_error if nothing.there(1)\n\
        todo_test_later if false\n\
        test_prints if print(\"seen\")\n\
        helper if true\n";
    let (policies, diagnostics) =
        Policies::compile_tests(&[("p.rego", policy), ("p_test.rego", tests)]);
    assert_eq!(diagnostics, []);
    let report = policies.test();
    assert_eq!(report.counts(), (2, 3, 1));
    assert!(!report.is_passed());
    let test = |name: &str| report.tests.iter().find(|t| &*t.name == name).unwrap();
    assert_eq!((test("test_denied").line, &*test("test_denied").file), (4, "p_test.rego"));
    assert_eq!(test("test_wrong").outcome, TestOutcome::Failed("it is undefined".into()));
    assert_eq!(test("test_value").outcome, TestOutcome::Failed("it is 3".into()));
    assert!(matches!(&test("test_error").outcome, TestOutcome::Error(d) if d.line == Some(7)));
    assert_eq!(test("test_prints").prints.len(), 1);
    // Tests may use what the built-in policies share, and stand in the package that they test.
    let shared = "package trimtab.change\nimport rego.v1\ntest_settled if settled({\"exception\": {\"id\": \"E\"}})\n";
    let (policies, diagnostics) = Policies::compile_tests(&[("mine_test.rego", shared)]);
    assert_eq!((diagnostics, policies.test().counts()), (vec![], (1, 0, 0)));
    // Files of tests are not asked by the gate.
    let (policies, _) = Policies::compile(&[("p.rego", policy), ("p_test.rego", tests)]);
    assert_eq!(policies.packages().len(), 1);
    assert!(!policies.test().is_passed());
}

proptest::proptest! {
    #![proptest_config(proptest::prelude::ProptestConfig::with_cases(300))]
    /// Files that people break: cut off, with a piece taken out, with characters of the language put in.
    #[test]
    fn broken_files_are_told_and_nothing_fails(
        file in 0..builtin::FILES.len(),
        at in 0usize..4000,
        out in 0usize..40,
        put in "[\\[\\](){}\"`:=,.;#|&\n a-z0-9é]{0,6}",
        cut: bool,
    ) {
        let text = builtin::FILES[file].text;
        let boundary = |at: usize| (0..=at.min(text.len())).rev().find(|n| text.is_char_boundary(*n)).unwrap_or(0);
        let (from, to) = (boundary(at % text.len()), boundary(at % text.len() + out));
        let broken = format!("{}{put}{}", &text[..from], if cut { "" } else { &text[to..] });
        let (policies, diagnostics) = Policies::compile(&[("p.rego", &broken)]);
        for diagnostic in &diagnostics {
            proptest::prop_assert_eq!(diagnostic.code, Code::PolicyMalformed);
            proptest::prop_assert!(!diagnostic.message.is_empty() && !diagnostic.message.contains("unexpectedly"), "{}", diagnostic.message);
        }
        proptest::prop_assert_eq!(diagnostics.is_empty(), !policies.packages().is_empty());
        let evaluation = policies.evaluate(&Document::of(&Input::default()));
        for diagnostic in &evaluation.diagnostics {
            proptest::prop_assert_eq!(diagnostic.code, Code::PolicyFailed);
        }
    }
}

#[test]
fn a_large_file_is_read_in_time() {
    let rules: String =
        (0..20_000).map(|i| format!("deny contains \"{i}\" if input.a == {i}\n")).collect();
    let policy = format!("package p\nimport rego.v1\n{rules}");
    let start = Instant::now();
    // The whole is bounded below; a machine that does much else does not make it fail.
    let limits = Limits { time: Duration::from_secs(20), ..Limits::default() };
    let (policies, _) = Policies::compile(&[("p.rego", &policy)]);
    let evaluation =
        policies.limited(limits).evaluate(&Document::from_json(r#"{"a": 7}"#).unwrap());
    assert_eq!(messages(&evaluation), [(Effect::Deny, "7")]);
    assert!(start.elapsed() < Duration::from_secs(30), "{:?}", start.elapsed());
    let (_, diagnostics) = Policies::compile(&[("p.rego", &policy.repeat(2))]);
    assert_eq!(diagnostics[0].code, Code::PolicyMalformed);
}

#[test]
fn the_same_input_gives_the_same_verdicts() {
    let policy = "package p\nimport rego.v1\ndeny contains {\"msg\": m, \"file\": f, \"line\": 2} if { some m in [\"b\", \"a\"]; some f in [\"y\", \"x\"] }\ndeny contains \"a\"\nviolation contains \"a\"\n";
    let first = evaluate(policy, "{}");
    assert_eq!(first, evaluate(policy, "{}"));
    assert!(first.verdicts.is_sorted());
    assert_eq!(first.verdicts.len(), 6);
}
