//! `go test`: with `-json` one event a line, else in words.

use serde::Deserialize;

use super::{Results, Verdict};

/// An event, as far as it is read. Without a test it is about the package.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Event {
    action: String,
    package: Option<String>,
    test: Option<String>,
    output: Option<String>,
}

/// Lines by which `go test` tells only that a test begins, waits or ends well.
const COURSE: &[&str] = &["=== RUN", "=== PAUSE", "=== CONT", "=== NAME", "--- PASS"];

/// What tests that failed wrote, and packages that failed without one; what a build that failed wrote; and lines that are no
/// events, as `go` writes what it could not build before 1.24. Nothing: no line is an event.
pub(super) fn told<'t>(lines: impl Iterator<Item = &'t str>, results: &Results) -> Vec<String> {
    let verdict = |name: &str| results.tests.get(name).copied();
    let failed = |name: &str| verdict(name) == Some(Verdict::Failed);
    let (mut told, mut any) = (Vec::new(), false);
    for line in lines {
        let Some(event) = event(line) else {
            // An event whose beginning or end was lost tells nobody anything.
            if !line.trim().is_empty() && !line.contains("\"Action\":\"") {
                told.push(line.trim_end().to_owned());
            }
            continue;
        };
        any = true;
        let is_told = match (event.action.as_str(), &event.package, &event.test) {
            ("build-output", ..) => true,
            // What ends the program leaves the test that did without a verdict.
            ("output", Some(package), Some(test)) => match verdict(&format!("{package} {test}")) {
                Some(verdict) => verdict == Verdict::Failed,
                None => failed(package),
            },
            ("output", Some(package), None) => failed(package),
            _ => false,
        };
        let text = event.output.unwrap_or_default();
        let text = text.trim_end();
        let is_course = COURSE.iter().any(|words| text.trim_start().starts_with(words));
        if is_told && !is_course && !text.trim().is_empty() {
            told.push(text.to_owned());
        }
    }
    if any { told } else { Vec::new() }
}

/// What `go vet` found, as `go test` writes it before tests: behind a line with the package in brackets, in events of the
/// build (Go 1.24 on) or in words.
pub(super) fn vet(lines: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut of_vet = false;
    for line in lines {
        let text = match event(line) {
            Some(event) if event.action == "build-output" => event.output.unwrap_or_default(),
            Some(_) => {
                of_vet = false;
                continue;
            }
            None => line.clone(),
        };
        let text = text.trim();
        if let Some(head) = text.strip_prefix("# ") {
            of_vet = head.starts_with('[') && head.ends_with(']');
        } else if of_vet && is_place(text) {
            found.push(text.to_owned());
        } else {
            of_vet &= !text.starts_with("FAIL") && !text.starts_with("ok ");
        }
    }
    found.sort();
    found.dedup();
    found
}

/// The packages that were not built, each with the first that the compiler says of it: the file without its folder, as one of
/// another module lies in a folder of Go's.
pub(super) fn unbuilt(lines: &[String]) -> Vec<String> {
    let mut found: Vec<String> = Vec::new();
    let mut of: Option<String> = None;
    for line in lines {
        let text = match event(line) {
            Some(event) if event.action == "build-output" => event.output.unwrap_or_default(),
            Some(_) => continue,
            None => line.clone(),
        };
        let text = text.trim();
        if let Some(head) = text.strip_prefix("# ") {
            // `go vet` has the package in brackets; a package of tests is told with what it is built for.
            let package = head.split(" [").next().filter(|_| !head.starts_with('['));
            of = package.map(str::to_owned);
        } else if let (Some(package), true) = (of.as_ref(), is_place(text)) {
            let (file, rest) = text.split_once(':').unwrap_or((text, ""));
            let file = file.rsplit(['/', '\\']).next().unwrap_or(file);
            found.push(format!("{package} is not built: {file}:{rest}"));
            of = None;
        }
    }
    found
}

/// Whether a line begins with a place in a Go file: `./parser.go:703:17: …`.
fn is_place(text: &str) -> bool {
    let mut parts = text.splitn(3, ':');
    let file = parts.next().unwrap_or_default();
    let at = parts.next().unwrap_or_default();
    file.ends_with(".go") && !at.is_empty() && at.bytes().all(|b| b.is_ascii_digit())
}

fn event(line: &str) -> Option<Event> {
    line.starts_with('{').then(|| serde_json::from_str(line).ok()).flatten()
}

pub(super) fn read_json(lines: &[String], results: &mut Results) {
    for line in lines {
        let Some(event) = event(line) else { continue };
        let verdict = match event.action.as_str() {
            "pass" => Verdict::Passed,
            "fail" => Verdict::Failed,
            "skip" => Verdict::Skipped,
            _ => continue,
        };
        let Some(package) = event.package else { continue };
        match event.test {
            Some(test) => results.add(&format!("{package} {test}"), verdict),
            None => results.add(&package, verdict),
        }
    }
}

pub(super) fn read_text(lines: &[String], results: &mut Results) {
    // The package of tests is told after them.
    let mut waiting: Vec<(String, Verdict)> = Vec::new();
    for line in lines {
        let trimmed = line.trim_start();
        let test = [("--- PASS: ", Verdict::Passed), ("--- FAIL: ", Verdict::Failed)]
            .into_iter()
            .chain([("--- SKIP: ", Verdict::Skipped)])
            .find_map(|(mark, verdict)| Some((trimmed.strip_prefix(mark)?, verdict)));
        if let Some((rest, verdict)) = test {
            let name = rest.rsplit_once(" (").map_or(rest, |(name, _)| name);
            waiting.push((name.to_owned(), verdict));
            continue;
        }
        let mut parts = line.split('\t').map(str::trim);
        let verdict = match parts.next() {
            Some("ok") => Verdict::Passed,
            Some("FAIL") => Verdict::Failed,
            Some("?") => Verdict::Skipped,
            _ => continue,
        };
        let package = parts.next().and_then(|rest| rest.split(' ').next());
        let Some(package) = package.filter(|name| !name.is_empty()) else { continue };
        results.add(package, verdict);
        for (name, verdict) in waiting.drain(..) {
            results.add(&format!("{package} {name}"), verdict);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_events_people_read_what_failed() {
        let text = [
            r##"{"Action":"build-output","ImportPath":"a.example/b","Output":"# a.example/b\n"}"##,
            r#"{"Action":"output","Package":"a.example/a","Test":"TestOne","Output":"=== RUN   TestOne\n"}"#,
            r#"{"Action":"output","Package":"a.example/a","Test":"TestOne","Output":"    a_test.go:7: got 1, want 2\n"}"#,
            r#"{"Action":"fail","Package":"a.example/a","Test":"TestOne"}"#,
            r#"{"Action":"output","Package":"a.example/a","Test":"TestTwo","Output":"    fine\n"}"#,
            r#"{"Action":"pass","Package":"a.example/a","Test":"TestTwo"}"#,
            r#"{"Action":"output","Package":"a.example/a","Output":"FAIL\ta.example/a\t0.1s\n"}"#,
            r#"{"Action":"fail","Package":"a.example/a"}"#,
        ];
        let lines: Vec<String> = text.map(str::to_owned).into();
        let mut results = Results::default();
        read_json(&lines, &mut results);
        let expected =
            ["# a.example/b", "    a_test.go:7: got 1, want 2", "FAIL\ta.example/a\t0.1s"];
        assert_eq!(told(text.into_iter(), &results), expected);
        assert!(told(["ok a", "{}"].into_iter(), &results).is_empty());
    }

    /// As Go 1.26 writes it of a `go.mod` that says `go 1.25`; with `go 1.20` the same sources pass.
    #[test]
    fn what_vet_finds_is_told_apart_from_what_does_not_build() {
        let events = [
            r##"{"ImportPath":"m.example/v [m.example/v.test]","Action":"build-output","Output":"# m.example/v\n"}"##,
            r##"{"ImportPath":"m.example/v [m.example/v.test]","Action":"build-output","Output":"# [m.example/v]\n"}"##,
            r#"{"ImportPath":"m.example/v [m.example/v.test]","Action":"build-output","Output":"./a.go:5:44: non-constant format string in call to fmt.Errorf\n"}"#,
            r#"{"ImportPath":"m.example/v [m.example/v.test]","Action":"build-fail"}"#,
            r#"{"Action":"output","Package":"m.example/v","Output":"FAIL\tm.example/v [build failed]\n"}"#,
            r#"{"Action":"fail","Package":"m.example/v","FailedBuild":"m.example/v [m.example/v.test]"}"#,
        ];
        let lines = |text: &[&str]| text.iter().map(|line| (*line).to_owned()).collect::<Vec<_>>();
        let found = ["./a.go:5:44: non-constant format string in call to fmt.Errorf"];
        assert_eq!(vet(&lines(&events)), found);
        let words =
            ["# m.example/v", "# [m.example/v]", found[0], "FAIL\tm.example/v [build failed]"];
        assert_eq!(vet(&lines(&words)), found);
        // What the compiler says is none of it.
        let built =
            ["# m.example/v", "./a.go:5:44: undefined: y", "FAIL\tm.example/v [build failed]"];
        assert!(vet(&lines(&built)).is_empty());
    }

    #[test]
    fn what_is_not_built_is_told_with_what_the_compiler_says_first() {
        let events = [
            r##"{"ImportPath":"m.example/g/ansi","Action":"build-output","Output":"# m.example/g/ansi\n"}"##,
            r#"{"ImportPath":"m.example/g/ansi","Action":"build-output","Output":"../go/pkg/mod/m.example/g@v0.2.1/ansi/renderer.go:75:22: undefined: x.Back\n"}"#,
            r#"{"ImportPath":"m.example/g/ansi","Action":"build-output","Output":"../go/pkg/mod/m.example/g@v0.2.1/ansi/renderer.go:80:1: undefined: y\n"}"#,
            r##"{"ImportPath":"m.example/v [m.example/v.test]","Action":"build-output","Output":"# [m.example/v]\n"}"##,
            r#"{"ImportPath":"m.example/v [m.example/v.test]","Action":"build-output","Output":"./a.go:5:44: non-constant format string\n"}"#,
        ];
        let lines: Vec<String> = events.map(str::to_owned).into();
        let told = ["m.example/g/ansi is not built: renderer.go:75:22: undefined: x.Back"];
        assert_eq!(unbuilt(&lines), told);
        let words = ["# m.example/v [m.example/v.test]", "./a_test.go:1:2: undefined: z", "FAIL"];
        let lines: Vec<String> = words.map(str::to_owned).into();
        assert_eq!(unbuilt(&lines), ["m.example/v is not built: a_test.go:1:2: undefined: z"]);
    }

    fn words(text: &[&str]) -> Vec<String> {
        let lines: Vec<String> = text.iter().map(|line| (*line).to_owned()).collect();
        let mut results = Results::default();
        read_json(&lines, &mut results);
        told(text.iter().copied(), &results)
    }

    /// As Go writes it where the time is over, or a test ends the program: the test has no verdict, its package has.
    #[test]
    fn what_ended_the_program_is_told() {
        let text = [
            r#"{"Action":"output","Package":"a.example/a","Test":"TestOne","Output":"    fine\n"}"#,
            r#"{"Action":"pass","Package":"a.example/a","Test":"TestOne"}"#,
            r#"{"Action":"run","Package":"a.example/a","Test":"TestTwo"}"#,
            r#"{"Action":"output","Package":"a.example/a","Test":"TestTwo","Output":"=== RUN   TestTwo\n"}"#,
            r#"{"Action":"output","Package":"a.example/a","Test":"TestTwo","Output":"panic: test timed out after 1s\n"}"#,
            r#"{"Action":"output","Package":"a.example/a","Test":"TestTwo","Output":"\ta_test.go:9 +0x1d\n"}"#,
            r#"{"Action":"output","Package":"a.example/a","Output":"FAIL\ta.example/a\t1.0s\n"}"#,
            r#"{"Action":"fail","Package":"a.example/a"}"#,
            r#"{"Action":"output","Package":"a.example/b","Test":"TestThree","Output":"without an end\n"}"#,
            r#"{"Action":"pass","Package":"a.example/b"}"#,
        ];
        let expected =
            ["panic: test timed out after 1s", "\ta_test.go:9 +0x1d", "FAIL\ta.example/a\t1.0s"];
        assert_eq!(words(&text), expected);
    }

    /// As Go 1.21 to 1.23 write what they cannot build: in words, between the events.
    #[test]
    fn lines_between_events_are_told() {
        let text = [
            "# a.example/b",
            "./b.go:3:9: undefined: y",
            "",
            r#"{"Action":"output","Package":"a.example/a","Test":"TestOne","Output":"    fine\n"}"#,
            r#"{"Action":"pass","Package":"a.example/a","Test":"TestOne"}"#,
            r#"e":"2026-02-02T09:00:00Z","Action":"output","Package":"a.example/a","Output":"cut"}"#,
            r#"{"Action":"output","Package":"a.example/b","Output":"FAIL\ta.example/b [build failed]\n"}"#,
            r#"{"Action":"fail","Package":"a.example/b"}"#,
            "{ no event }",
        ];
        let expected = [
            "# a.example/b",
            "./b.go:3:9: undefined: y",
            "FAIL\ta.example/b [build failed]",
            "{ no event }",
        ];
        assert_eq!(words(&text), expected);
        assert!(words(&text[..3]).is_empty(), "no event: all of it is read as it is");
    }
}
