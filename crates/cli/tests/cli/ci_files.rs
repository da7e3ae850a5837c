//! The files of `examples/ci/`: they parse, their commands are ours, and what can be run of them is run: the gate's
//! steps with a stand-in for the program, the scripts that comment against a stand-in for the forge.
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::{Arc, Mutex};

use serde_json::{Value, json};

const FORMATS: &[&str] = &[
    "text",
    "json",
    "sarif",
    "github",
    "step-summary",
    "gitlab-codequality",
    "gitlab",
    "junit",
    "markdown",
];

fn folder() -> PathBuf {
    trimtab_testkit::repository().join("examples/ci")
}

fn read(name: &str) -> String {
    std::fs::read_to_string(folder().join(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// Name and text of all files.
fn files() -> Vec<(String, String)> {
    let mut names: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    assert!(names.len() >= 10, "{names:?}");
    names.into_iter().map(|name| (name.clone(), read(&name))).collect()
}

fn yaml(name: &str) -> Value {
    yaml_serde::from_str(&read(name)).unwrap_or_else(|e| panic!("{name}: {e}"))
}

/// The command lines of a file that begin with our name, without what the shell adds.
fn commands(text: &str) -> Vec<Vec<String>> {
    let mut all = Vec::new();
    for line in text.lines() {
        let mut line = line.trim();
        for before in ["- ", "run: ", "script: ", "entry: ", "sh '"] {
            line = line.strip_prefix(before).unwrap_or(line);
        }
        let Some(rest) = line.strip_prefix("trimtab ") else { continue };
        // A sentence of a comment that was wrapped before our name.
        if !rest.starts_with("--")
            && !["db ", "gate ", "plan ", "requests "].iter().any(|verb| rest.starts_with(verb))
        {
            continue;
        }
        let rest = rest.split(" || ").next().unwrap().trim_end_matches('\'');
        all.push(rest.split_whitespace().map(|word| word.replace(['"', '$'], "")).collect());
    }
    all
}

#[test]
fn every_yaml_parses() {
    let names: Vec<String> = files().into_iter().map(|(name, _)| name).collect();
    let names: Vec<&str> = names
        .iter()
        .map(String::as_str)
        .filter(|n| n.ends_with(".yml") || n.ends_with(".yaml"))
        .collect();
    assert_eq!(names.len(), 8, "{names:?}");
    for name in names {
        assert!(!yaml(name).is_null(), "{name}");
    }
    assert_eq!(yaml("github-actions.yml")["jobs"]["gate"]["permissions"]["contents"], "read");
    assert_eq!(yaml("pre-commit-hooks.yaml")[0]["language"], "system");
}

#[test]
fn every_command_is_ours() {
    let has_gate = crate::command::run(&["gate", "--help"]).exit == trimtab_cli::Exit::Clean;
    if !has_gate {
        eprintln!("SKIPPED: there is no verb `gate` yet, so its command lines are only looked at");
    }
    let (mut gates, mut outputs, mut updates) = (0, 0, 0);
    for (name, text) in files() {
        for words in commands(&text) {
            let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
            if words[0] == "gate" {
                gates += 1;
                let after = |flag: &str| {
                    let at = words.iter().position(|w| *w == flag);
                    at.map_or_else(|| panic!("{name}: no {flag}"), |at| words[at + 1])
                };
                assert!(["BASE", "HEAD"].contains(&after("--against")), "{name}: {words:?}");
                let formats = words.iter().enumerate().filter_map(|(at, word)| match *word {
                    "--format" => words.get(at + 1).copied(),
                    "--output" => words.get(at + 1)?.split_once('=').map(|(format, _)| format),
                    _ => None,
                });
                let formats: Vec<&str> = formats.collect();
                assert!(formats.iter().all(|f| FORMATS.contains(f)), "{name}: {words:?}");
                outputs += formats.len();
                if !has_gate {
                    continue;
                }
            }
            updates += usize::from(words.starts_with(&["db", "update"]));
            // Help is the answer where all that stands before it was understood.
            words.push("--help");
            let ran = crate::command::run(&words);
            assert_eq!(ran.exit, trimtab_cli::Exit::Clean, "{name}: {words:?}: {}", ran.err);
            assert!(ran.out.contains("trimtab"), "{name}: {words:?}: {}", ran.out);
        }
    }
    assert!(gates >= 6 && outputs >= 14, "{gates} {outputs}");
    assert_eq!(updates, 7);
}

/// The pieces of shell of a file, in order.
fn shell(name: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    let list = |value: &Value| value.as_array().cloned().unwrap_or_default();
    match name {
        "requests-github.yml" | "requests-gitea.yml" => {
            list(&yaml(name)["jobs"]["requests"]["steps"])
                .iter()
                .filter_map(|s| text(&s["run"]))
                .collect()
        }
        "requests-gitlab.yml" => {
            let job = &yaml(name)["dependency-requests"];
            let all = [list(&job["before_script"]), list(&job["script"])].concat();
            all.iter().filter_map(text).collect()
        }
        "github-actions.yml" => list(&yaml(name)["jobs"]["gate"]["steps"])
            .iter()
            .filter_map(|s| text(&s["run"]))
            .collect(),
        "azure-pipelines.yml" => {
            list(&yaml(name)["steps"]).iter().filter_map(|s| text(&s["script"])).collect()
        }
        "gitlab-ci.yml" => {
            let job = &yaml(name)["dependency-gate"];
            let all = [list(&job["before_script"]), list(&job["script"])].concat();
            all.iter().filter_map(text).collect()
        }
        "Jenkinsfile" => read(name).split("'''").skip(1).step_by(2).map(str::to_owned).collect(),
        _ => vec![read(name)],
    }
}

#[test]
fn every_piece_of_shell_is_one() {
    let mut pieces = 0;
    for (name, _) in files() {
        if name.starts_with("pre-commit-") {
            continue;
        }
        for piece in shell(&name) {
            pieces += 1;
            let ran = Command::new("sh").args(["-n", "-c", &piece]).output().unwrap();
            let said = String::from_utf8_lossy(&ran.stderr).into_owned();
            assert!(ran.status.success() && said.is_empty(), "{name}: {said}\n{piece}");
            // What others may choose comes in by the environment.
            let spliced = ["${{", "$(System.", "$(Build."].iter().any(|mark| piece.contains(mark));
            assert!(!spliced || name.ends_with(".sh"), "{name}: {piece}");
        }
    }
    assert!(pieces >= 16, "{pieces}");
}

/// A folder with stand-ins for the program and for git; the program ends with `$STAND_IN_EXIT`.
fn stand_in() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let program = "#!/bin/sh\nwhile [ $# -gt 0 ]; do\n  [ \"$1\" = --output ] && echo report > \"${2#*=}\"\n  \
         [ \"$1\" = --against ] && echo \"against $2\" >> asked\n  shift\ndone\n\
         exit \"$STAND_IN_EXIT\"\n";
    executable(&folder.path().join("trimtab"), program);
    executable(&folder.path().join("git"), "#!/bin/sh\necho \"base-of-$3\"\n");
    folder
}

fn executable(file: &Path, text: &str) {
    std::fs::write(file, text).unwrap();
    let status = Command::new("chmod").arg("+x").arg(file).status().unwrap();
    assert!(status.success());
}

fn path_with(folder: &Path) -> String {
    format!("{}:{}", folder.display(), std::env::var("PATH").unwrap_or_default())
}

#[test]
fn the_gates_of_ci_end_as_the_gate_ends_and_leave_its_reports() {
    let cases = [
        ("github-actions.yml", "the-base", vec!["summary.md", "gate.md", "gate.sarif"]),
        (
            "gitlab-ci.yml",
            "the-base",
            vec!["gate-codequality.json", "gate-dependencies.json", "gate-junit.xml", "gate.md"],
        ),
        (
            "azure-pipelines.yml",
            "base-of-origin/main",
            vec!["gate-junit.xml", "gate.sarif", "gate.md"],
        ),
        ("Jenkinsfile", "base-of-origin/main", vec!["gate-junit.xml", "gate.sarif", "gate.md"]),
    ];
    for (name, base, reports) in cases {
        let all = shell(name);
        let step = all.iter().find(|s| s.contains("trimtab gate")).unwrap();
        for code in [0, 1, 2, 3] {
            let here = stand_in();
            let ran = Command::new("sh")
                .args(["-e", "-c", step])
                .current_dir(here.path())
                .env("PATH", path_with(here.path()))
                .env("STAND_IN_EXIT", code.to_string())
                .env("BASE", "the-base")
                .env("SYSTEM_PULLREQUEST_TARGETBRANCH", "refs/heads/main")
                .env("CHANGE_TARGET", "main")
                .env("GITHUB_STEP_SUMMARY", here.path().join("shown"))
                .env_remove("COMMENT_TOKEN")
                .output()
                .unwrap();
            assert_eq!(ran.status.code(), Some(code), "{name}: {ran:?}");
            let asked = std::fs::read_to_string(here.path().join("asked")).unwrap();
            // One run writes all of them.
            assert_eq!(asked, format!("against {base}\n"), "{name}");
            for report in &reports {
                assert!(here.path().join(report).exists(), "{name} leaves no {report}");
                assert!(
                    read(name).matches(report).count() >= 2 || name == "Jenkinsfile",
                    "{name} does not use {report}"
                );
            }
            if name == "github-actions.yml" {
                assert_eq!(std::fs::read_to_string(here.path().join("shown")).unwrap(), "report\n");
            }
        }
        let update = all.iter().find(|s| s.contains("trimtab db update")).unwrap();
        for (code, expected) in [(0, 0), (3, 0), (2, 1)] {
            let here = stand_in();
            let ran = Command::new("sh")
                .args(["-e", "-c", update])
                .current_dir(here.path())
                .env("PATH", path_with(here.path()))
                .env("STAND_IN_EXIT", code.to_string())
                .output()
                .unwrap();
            assert_eq!(ran.status.code(), Some(expected), "{name}: {ran:?}");
        }
    }
}

#[test]
fn requests_on_a_schedule_are_planned_first_and_end_as_they_end() {
    for name in ["requests-github.yml", "requests-gitlab.yml", "requests-gitea.yml"] {
        let all = shell(name);
        let run = |word: &str, code: i32| {
            let step = all.iter().find(|s| s.contains(word)).unwrap();
            let here = stand_in();
            executable(&here.path().join("git"), "#!/bin/sh\n");
            let program = "#!/bin/sh\necho \"$*\" >> asked\nexit \"$STAND_IN_EXIT\"\n";
            executable(&here.path().join("trimtab"), program);
            let ran = Command::new("sh")
                .args(["-e", "-c", step])
                .current_dir(here.path())
                .env("PATH", path_with(here.path()))
                .env("STAND_IN_EXIT", code.to_string())
                .env("BASE", "trunk")
                .env("REQUESTS_TOKEN", "the-token")
                .output()
                .unwrap();
            let asked = std::fs::read_to_string(here.path().join("asked")).unwrap();
            assert!(!asked.contains("the-token"), "{name}: {asked}");
            (ran.status.code().unwrap(), asked)
        };
        let at = |word: &str| all.iter().position(|s| s.contains(word)).unwrap();
        assert!(at("trimtab db update") < at("trimtab plan"), "{name}");
        assert!(at("trimtab plan") < at("trimtab requests"), "{name}");
        for (code, expected) in [(0, 0), (3, 0), (2, 1)] {
            assert_eq!(run("trimtab db update", code).0, expected, "{name}");
            let (ended, asked) = run("trimtab plan", code);
            assert_eq!((ended, &*asked), (expected, "plan . --format json --output plan.json\n"));
        }
        // What could not be done is seen.
        for code in [0, 2, 3] {
            let (ended, asked) = run("trimtab requests", code);
            assert_eq!(ended, code, "{name}");
            let begins = "requests --sync --open --plan plan.json --base trunk";
            assert!(asked.starts_with(begins), "{name}: {asked}");
        }
    }
    // A schedule has no event with a repository in it, and no test finds a token that writes.
    for (name, base) in [
        ("requests-github.yml", "${{ github.ref_name }}"),
        ("requests-gitea.yml", "${{ gitea.ref_name }}"),
    ] {
        let steps = yaml(name)["jobs"]["requests"]["steps"].clone();
        let steps = steps.as_array().unwrap();
        let checkout =
            steps.iter().find(|s| s["uses"].as_str().is_some_and(|u| u.contains("checkout")));
        assert_eq!(checkout.unwrap()["with"]["persist-credentials"], false, "{name}");
        let last = steps.last().unwrap();
        assert_eq!(last["env"]["BASE"], base, "{name}");
        let run = last["run"].as_str().unwrap();
        let helper = run.find("credential.helper").unwrap();
        assert!(helper < run.find("trimtab requests").unwrap(), "{name}: {run}");
    }
    let permissions = &yaml("requests-github.yml")["jobs"]["requests"]["permissions"];
    assert_eq!(*permissions, json!({ "contents": "write", "pull-requests": "write" }));
}

#[test]
fn the_hook_stops_what_fails_and_lets_the_unknown_pass() {
    for (code, expected) in [(0, 0), (1, 1), (2, 2), (3, 0)] {
        let here = stand_in();
        let ran = Command::new("sh")
            .arg(folder().join("pre-commit"))
            .current_dir(here.path())
            .env("PATH", path_with(here.path()))
            .env("STAND_IN_EXIT", code.to_string())
            .output()
            .unwrap();
        assert_eq!(ran.status.code(), Some(expected), "{ran:?}");
        assert_eq!(std::fs::read_to_string(here.path().join("asked")).unwrap(), "against HEAD\n");
    }
    let here = tempfile::tempdir().unwrap();
    let ran = Command::new("/bin/sh")
        .arg(folder().join("pre-commit"))
        .current_dir(here.path())
        .env("PATH", here.path())
        .output()
        .unwrap();
    assert!(ran.status.success() && !ran.stderr.is_empty(), "{ran:?}");
}

/// What a forge knows: id, author and text of each comment, and how often one was written.
#[derive(Default)]
struct Forge {
    comments: Vec<(u64, String, String)>,
    writes: usize,
}

/// Answers like a forge on the loopback; its address. Ends with the process.
fn forge(kind: &'static str, state: &Arc<Mutex<Forge>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("http://{}", listener.local_addr().unwrap());
    let state = Arc::clone(state);
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            answer(kind, stream, &mut state.lock().unwrap());
        }
    });
    address
}

fn answer(kind: &str, mut stream: TcpStream, forge: &mut Forge) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut first = String::new();
    reader.read_line(&mut first).unwrap();
    let (mut length, mut line, mut known) = (0, String::new(), false);
    while reader.read_line(&mut line).unwrap() > 2 {
        let lower = line.to_ascii_lowercase();
        if let Some(n) = lower.strip_prefix("content-length:") {
            length = n.trim().parse().unwrap();
        }
        known |= lower.contains("the-token");
        line.clear();
    }
    let mut body = vec![0; length];
    reader.read_exact(&mut body).unwrap();
    let mut words = first.split_whitespace();
    let (method, target) = (words.next().unwrap(), words.next().unwrap());
    let path = target.split('?').next().unwrap();
    let text = || -> String {
        let value: Value = serde_json::from_slice(&body).unwrap();
        let text = [&value["body"], &value["content"], &value["comments"][0]["content"]];
        text.iter().find_map(|t| t.as_str()).unwrap().to_owned()
    };
    let said = match (known, method) {
        (false, _) => None,
        (_, "GET") if path.ends_with("/user") => Some(json!({ "id": 5 })),
        (_, "GET") => {
            let first_page = !target.contains("&page=") || target.ends_with("&page=1");
            let all = forge.comments.iter().filter(|_| first_page);
            Some(match kind {
                "github" => all
                    .map(|(id, who, body)| json!({ "id": id, "user": { "login": who }, "body": body }))
                    .collect(),
                "gitlab" => all
                    .map(|(id, who, body)| {
                        let who = if who == "github-actions[bot]" { 5 } else { 6 };
                        json!({ "id": id, "author": { "id": who }, "body": body })
                    })
                    .collect(),
                _ => {
                    let all: Vec<Value> = all
                        .map(|(id, _, body)| json!({ "id": id, "comments": [{ "id": 1, "content": body }] }))
                        .collect();
                    json!({ "value": all })
                }
            })
        }
        (_, "POST") => {
            forge.writes += 1;
            let id = 100 + u64::try_from(forge.comments.len()).unwrap();
            forge.comments.push((id, "github-actions[bot]".to_owned(), text()));
            Some(json!({ "id": id }))
        }
        _ => {
            forge.writes += 1;
            let mut parts = path.split('/').rev();
            let id = if kind == "azure" { parts.nth(2) } else { parts.next() };
            let id: u64 = id.unwrap().parse().unwrap();
            let comment = forge.comments.iter_mut().find(|(known, ..)| *known == id);
            comment.map(|(.., body)| {
                *body = text();
                json!({ "id": id })
            })
        }
    };
    let (status, said) = match said {
        Some(said) => ("200 OK", said.to_string()),
        None => ("403 Forbidden", String::new()),
    };
    let head =
        format!("HTTP/1.1 {status}\r\nContent-Type: application/json\r\nConnection: close\r\n");
    write!(stream, "{head}Content-Length: {}\r\n\r\n{said}", said.len()).unwrap();
}

fn is_there(program: &str) -> bool {
    let there = Command::new(program).arg("--version").output().is_ok_and(|o| o.status.success());
    if !there {
        eprintln!("SKIPPED: no {program} here");
    }
    there
}

#[test]
fn comments_are_written_once_and_then_over() {
    if !is_there("curl") || !is_there("jq") {
        return;
    }
    for kind in ["github", "gitlab", "azure"] {
        let state = Arc::new(Mutex::new(Forge::default()));
        // The forge of Azure refuses to change what others wrote; the others tell who wrote it.
        if kind != "azure" {
            let forged = "<!-- trimtab-gate:harbour -->\n\nby somebody else".to_owned();
            state.lock().unwrap().comments.push((1, "somebody".to_owned(), forged));
        }
        let other = "<!-- trimtab-gate:harbour2 -->\n\nanother target".to_owned();
        state.lock().unwrap().comments.push((2, "github-actions[bot]".to_owned(), other));
        let before = state.lock().unwrap().comments.clone();
        let address = forge(kind, &state);
        let here = tempfile::tempdir().unwrap();
        let file = here.path().join("gate.md");
        let comment = |text: &str, token: &str| {
            let page = format!("<!-- trimtab-gate:harbour -->\n\n{text}\n");
            std::fs::write(&file, &page).unwrap();
            let ran = Command::new("sh")
                .arg(folder().join(format!("comment-{kind}.sh")))
                .arg(&file)
                .env("NO_PROXY", "127.0.0.1")
                .env("no_proxy", "127.0.0.1")
                .envs([("GITHUB_API_URL", &*address), ("CI_API_V4_URL", &address)])
                .envs([("SYSTEM_COLLECTIONURI", &*format!("{address}/org/"))])
                .envs([("GITHUB_REPOSITORY", "o/r"), ("PULL_REQUEST", "7")])
                .envs([("CI_PROJECT_ID", "3"), ("CI_MERGE_REQUEST_IID", "7")])
                .envs([("SYSTEM_TEAMPROJECTID", "p"), ("BUILD_REPOSITORY_ID", "r")])
                .env("SYSTEM_PULLREQUEST_PULLREQUESTID", "7")
                .envs(["GITHUB_TOKEN", "COMMENT_TOKEN", "SYSTEM_ACCESSTOKEN"].map(|n| (n, token)))
                .output()
                .unwrap();
            (page, ran)
        };
        for text in ["Fails: \"quoted\" `a` @x %0A \\n", "Passes: é"] {
            let (page, ran) = comment(text, "the-token");
            assert!(ran.status.success(), "{kind}: {ran:?}");
            let state = state.lock().unwrap();
            assert_eq!(state.comments.len(), before.len() + 1, "{kind}");
            assert_eq!(state.comments[before.len()].2, page, "{kind}");
            assert_eq!(state.comments[..before.len()], before, "{kind} changed another comment");
        }
        assert_eq!(state.lock().unwrap().writes, 2, "{kind}");
        let (_, ran) = comment("x", "no");
        assert!(!ran.status.success(), "{kind}: a refusal is an error");
        assert_eq!(state.lock().unwrap().writes, 2, "{kind}");
    }
}
