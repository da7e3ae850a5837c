//! Hostile trees and feeds: whatever lies there, the command says what it could not look at, with
//! code, file and line; scans the rest; ends in bounded time with exit code 3; and prints nothing
//! that a terminal would take as a command.
use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use crate::command::{Ran, run};
use serde_json::Value;
use trimtab_cli::Exit;

/// Far more than any case needs; far less than a reader that does not end.
const LONG: Duration = Duration::from_secs(120);

const GOOD: &str = "{\"name\":\"good\",\"lockfileVersion\":3,\"packages\":{\"\":{},\"node_modules/good\":{\"version\":\"1.0.0\"}}}";

/// A small index, made once of our own advisory cases.
fn index() -> &'static str {
    static INDEX: OnceLock<(tempfile::TempDir, String)> = OnceLock::new();
    let (_, path) = INDEX.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        let from = folder.path().join("osv");
        records(&from.join("all"));
        let db = text(&folder.path().join("advisories.index"));
        let ran = run(&["db", "update", "--from", &text(&from), "--db", &db]);
        assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
        (folder, db)
    });
    path
}

/// The records of our own advisory cases, as loose files.
fn records(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let cases = trimtab_testkit::repository().join("corpus/advisories");
    for case in fs::read_dir(cases).unwrap().map(|e| e.unwrap().path()) {
        let Ok(case) = serde_json::from_slice::<Value>(&fs::read(&case).unwrap()) else { continue };
        for record in case["records"].as_array().unwrap() {
            let name = record["id"].as_str().unwrap_or("none").replace('/', "-");
            fs::write(folder.join(format!("{name}.json")), record.to_string()).unwrap();
        }
    }
}

fn text(path: &Path) -> String {
    path.to_str().unwrap().to_owned()
}

/// A tree with one good lockfile in `good/`.
struct Tree(tempfile::TempDir);

impl Tree {
    fn new() -> Tree {
        let tree = Tree(tempfile::tempdir().unwrap());
        tree.with("good/package-lock.json", GOOD)
    }

    fn path(&self, name: &str) -> PathBuf {
        let path = self.0.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        path
    }

    fn with(self, name: &str, content: impl AsRef<[u8]>) -> Tree {
        fs::write(self.path(name), content).unwrap();
        self
    }

    /// Scans the tree: in bounded time, the good file is there, and nothing raw is printed.
    fn scan(&self) -> Scanned {
        let started = Instant::now();
        let root = text(self.0.path());
        let ran = run(&["scan", &root, "--db", index(), "--format", "json", "--verbose"]);
        let shown = run(&["scan", &root, "--db", index(), "--verbose"]);
        assert!(started.elapsed() < LONG, "{:?}", started.elapsed());
        for out in [&ran.out, &ran.err, &shown.out, &shown.err] {
            assert_inert(out);
        }
        assert_eq!(ran.exit, shown.exit);
        let json: Value = serde_json::from_str(&ran.out).unwrap();
        let scanned = Scanned { ran, json };
        let good = scanned.file("good/package-lock.json");
        assert!(good["components"].to_string().contains("good"), "the good file is lost");
        scanned
    }
}

struct Scanned {
    ran: Ran,
    json: Value,
}

impl Scanned {
    fn file(&self, path: &str) -> &Value {
        let files = self.json["files"].as_array().unwrap();
        files.iter().find(|f| f["path"] == path).unwrap_or(&Value::Null)
    }

    /// There is this code at this file, and a line where there must be one; the run is incomplete.
    fn refuses(&self, code: &str, file: &str, line: Option<u32>) {
        self.tells(code, file, line);
        assert_eq!(self.ran.exit, Exit::Incomplete, "{}", self.ran.err);
    }

    fn tells(&self, code: &str, file: &str, line: Option<u32>) {
        let mut lines = self.ran.err.lines();
        let place = match line {
            Some(line) => format!("{file}:{line}"),
            None => file.to_owned(),
        };
        let told = lines.by_ref().any(|l| l.contains(&format!("[{code}]")));
        assert!(told, "no {code} about {file}\n{}", self.ran.err);
        let all: Vec<&str> = self.ran.err.lines().collect();
        let here = all.windows(2).any(|w| {
            w[0].contains(&format!("[{code}]"))
                && w[1].split(' ').next_back().is_some_and(|p| {
                    p == place || (line.is_none() && p.starts_with(&format!("{place}:")))
                })
        });
        assert!(here, "no {code} at {place}\n{}", self.ran.err);
    }
}

/// Nothing that a terminal takes as a command.
fn assert_inert(text: &str) {
    let bad = text.chars().find(|c| {
        (c.is_control() && *c != '\n' && *c != '\t') || ('\u{202A}'..='\u{202E}').contains(c)
    });
    assert!(bad.is_none(), "{bad:?} is printed: {text}");
}

#[test]
fn deep_files_are_refused_at_their_place() {
    let tree = Tree::new()
        .with("json/package-lock.json", "[".repeat(1_000_000))
        .with("objects/composer.lock", "{\"a\":".repeat(300_000))
        .with("yaml/pnpm-lock.yaml", "[".repeat(100_000))
        .with(
            "block/pnpm-lock.yaml",
            (0..2_000).map(|i| " ".repeat(i) + "a:\n").collect::<String>(),
        )
        .with("toml/poetry.lock", format!("a = {}", "[".repeat(200_000)))
        .with("dots/Cargo.lock", format!("[{}a]\n", "a.".repeat(100_000)))
        .with("xml/pom.xml", "<a>".repeat(200_000));
    let scanned = tree.scan();
    scanned.refuses("file-too-deep", "json/package-lock.json", Some(1));
    scanned.refuses("file-too-deep", "objects/composer.lock", Some(1));
    scanned.refuses("file-too-deep", "xml/pom.xml", Some(1));
    for file in
        ["yaml/pnpm-lock.yaml", "block/pnpm-lock.yaml", "toml/poetry.lock", "dots/Cargo.lock"]
    {
        assert!(scanned.ran.err.contains(file), "{file} is not told\n{}", scanned.ran.err);
    }
}

#[test]
fn entities_and_aliases_are_not_expanded() {
    let mut laughs = "<?xml version=\"1.0\"?>\n<!DOCTYPE lolz [<!ENTITY a0 \"ha\">\n".to_owned();
    let mut aliases = "lockfileVersion: '9.0'\na0: &a0 [x, x, x, x, x, x, x, x, x]\n".to_owned();
    for i in 1..40 {
        let before = i - 1;
        laughs.push_str(&format!("<!ENTITY a{i} \"{}\">\n", format!("&a{before};").repeat(10)));
        aliases.push_str(&format!("a{i}: &a{i} [{}]\n", vec![format!("*a{before}"); 9].join(", ")));
    }
    laughs.push_str("]>\n<project><artifactId>&a39;</artifactId></project>\n");
    let maps = "packages: &p\n  x@1.0.0: {}\nimporters: {.: {dependencies: *p}}\n";
    let tree = Tree::new()
        .with("xml/pom.xml", &laughs)
        .with("xml/packages.config", laughs.replace("project", "packages"))
        .with("file/pom.xml", "<!DOCTYPE x [<!ENTITY e SYSTEM \"file:///etc/passwd\">]><project><artifactId>&e;</artifactId></project>")
        .with("yaml/pnpm-lock.yaml", aliases.clone() + "packages: *a39\nimporters: *a39\n")
        .with("yaml/pubspec.lock", aliases.clone() + "packages: *a39\n")
        .with("yaml/.github/workflows/x.yml", aliases.clone() + "jobs: *a39\n")
        .with("yaml/Podfile.lock", aliases + "PODS: *a39\nDEPENDENCIES: *a39\n")
        .with("maps/pnpm-lock.yaml", format!("lockfileVersion: '9.0'\n{maps}"));
    let scanned = tree.scan();
    scanned.refuses("entity-refused", "xml/pom.xml", None);
    scanned.refuses("entity-refused", "xml/packages.config", None);
    scanned.refuses("entity-refused", "file/pom.xml", Some(1));
    assert!(!scanned.ran.out.contains("root:"));
}

#[test]
fn large_files_are_refused_or_read_in_bounded_time() {
    let tree = Tree::new();
    for (name, len) in
        [("gigabyte/package-lock.json", 1u64 << 30), ("nothing/Cargo.lock", 200 << 20)]
    {
        File::create(tree.path(name)).unwrap().set_len(len).unwrap();
    }
    // One line of JSON under the bound.
    let mut line = File::create(tree.path("line/package-lock.json")).unwrap();
    line.write_all(b"{\"lockfileVersion\":3,\"packages\":{},\"x\":\"").unwrap();
    let part = vec![b'a'; 1 << 20];
    (0..60).for_each(|_| line.write_all(&part).unwrap());
    line.write_all(b"\"}").unwrap();
    let scanned = tree.scan();
    scanned.refuses("file-too-large", "gigabyte/package-lock.json", None);
    assert!(scanned.ran.err.contains("nothing/Cargo.lock"), "{}", scanned.ran.err);
    assert_ne!(scanned.file("line/package-lock.json"), &Value::Null);
}

#[test]
fn what_is_not_text_is_refused_and_marks_are_understood() {
    let utf16: Vec<u8> =
        [0xFEFF].into_iter().chain(GOOD.encode_utf16()).flat_map(u16::to_le_bytes).collect();
    let tree = Tree::new()
        .with("bad/package-lock.json", b"{\n\"a\": \"\xC3\x28\"}")
        .with("half/package-lock.json", b"\xFF\xFE{\0\0\xD8")
        .with("utf16/package-lock.json", utf16)
        .with("bom/package-lock.json", format!("\u{FEFF}{GOOD}"));
    let scanned = tree.scan();
    scanned.refuses("file-not-text", "bad/package-lock.json", Some(2));
    scanned.refuses("file-not-text", "half/package-lock.json", None);
    for file in ["utf16/package-lock.json", "bom/package-lock.json"] {
        assert!(scanned.file(file)["components"].to_string().contains("good"), "{file}");
    }
}

#[test]
fn an_empty_file_of_every_name_is_survived() {
    let mut tree = Tree::new();
    let mut names = 0;
    for format in trimtab_extract::FORMATS {
        for name in format.names.split(',').map(str::trim).filter(|n| !n.is_empty()) {
            let name = name.replace('*', "x").replace(['<', '>'], "");
            let path = format!("{}/{name}", format.id);
            tree = tree.with(&path, "");
            names += usize::from(trimtab_extract::registry::claims_any(&path));
        }
    }
    assert!(names > 40, "{names} names are claimed");
    let scanned = tree.scan();
    assert_eq!(scanned.ran.exit, Exit::Incomplete);
    assert!(!scanned.ran.err.contains("parser-fault"), "{}", scanned.ran.err);
}

#[test]
fn lockfiles_cut_anywhere_are_survived() {
    let cases = trimtab_testkit::repository().join("examples/harbour");
    let mut open = vec![cases];
    let mut tree = Tree::new();
    let mut count = 0;
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()) {
            let name = entry.file_name().unwrap().to_str().unwrap().to_owned();
            if entry.is_dir() {
                open.push(entry);
            } else if trimtab_extract::registry::claims_any(&name) {
                let bytes = fs::read(&entry).unwrap();
                for part in 1..8 {
                    let cut = bytes.len() * part / 8;
                    tree = tree.with(&format!("cut{count}-{part}/{name}"), &bytes[..cut]);
                }
                count += 1;
            }
        }
    }
    assert!(count > 3);
    let scanned = tree.scan();
    assert_eq!(scanned.ran.exit, Exit::Incomplete);
    assert!(!scanned.ran.err.contains("parser-fault"), "{}", scanned.ran.err);
}

#[test]
fn references_in_circles_end() {
    let pom = |name: &str, parent: &str| {
        format!(
            "<project><modelVersion>4.0.0</modelVersion><parent><groupId>g</groupId><artifactId>{parent}</artifactId><version>1</version><relativePath>../{parent}/pom.xml</relativePath></parent><artifactId>{name}</artifactId><properties><a>${{b}}</a><b>${{a}}${{a}}</b></properties><dependencies><dependency><groupId>x</groupId><artifactId>${{a}}</artifactId><version>${{b}}</version></dependency></dependencies></project>"
        )
    };
    let stars = vec!["**/*"; 200].join("/");
    let tree = Tree::new()
        .with("pip/requirements.txt", "-r requirements-b.txt\n-c requirements.txt\nx==1.0\n")
        .with("pip/requirements-b.txt", "-r requirements.txt\n-r ../../../../etc/passwd\ny==1.0\n")
        .with("a/pom.xml", pom("a", "b"))
        .with("b/pom.xml", pom("b", "a"))
        .with("go/go.work", "go 1.22\nuse .\nuse ./m\nuse ../go\nreplace example.org/m => ./m\n")
        .with("go/go.mod", "module example.org/m\ngo 1.22\nreplace example.org/m => ../go\nrequire example.org/m v1.0.0\n")
        .with("go/m/go.mod", "module example.org/n\ngo 1.22\nreplace example.org/m => ../\nrequire example.org/m v1.0.0\n")
        .with("npm/package.json", format!("{{\"name\":\"w\",\"workspaces\":[\"{stars}\",\"**/*\",\"../**\",\"*a*a*a*a*a*a*a*a*a*a*a*b\"]}}"))
        .with("npm/package-lock.json", "{\"lockfileVersion\":3,\"packages\":{\"\":{\"workspaces\":[\"**/*\"]},\"node_modules/a\":{\"link\":true,\"resolved\":\"node_modules/a\"}}}")
        .with(&format!("npm/{}/package.json", "a".repeat(200)), "{}")
        .with("rust/Cargo.toml", format!("[workspace]\nmembers = [\"{stars}\", \"*\", \"..\"]\n[package]\nname = \"r\"\nversion.workspace = true\n"))
        .with("net/x.csproj", "<Project><Import Project=\"x.csproj\"/><Import Project=\"Directory.Build.props\"/></Project>")
        .with("net/Directory.Build.props", "<Project><Import Project=\"x.csproj\"/><Import Project=\"$(MSBuildThisFileDirectory)Directory.Build.props\"/></Project>");
    let scanned = tree.scan();
    assert!(!scanned.ran.err.contains("parser-fault"), "{}", scanned.ran.err);
    assert!(
        scanned.ran.out.contains("pkg:pypi/x@1.0") && scanned.ran.out.contains("pkg:pypi/y@1.0")
    );
}

#[test]
fn many_empty_files_are_walked_quickly() {
    let tree = Tree::new();
    for folder in 0..20 {
        let folder = tree.path(&format!("many/{folder}/x")).with_file_name("");
        (0..1_000).for_each(|i| drop(File::create(folder.join(format!("{i}.txt"))).unwrap()));
    }
    let started = Instant::now();
    assert_eq!(tree.scan().ran.exit, Exit::Clean);
    assert!(started.elapsed() < Duration::from_secs(60), "{:?}", started.elapsed());
}

#[test]
fn a_malformed_gitignore_hides_nothing() {
    let long = "*".repeat(10_000);
    let tree = Tree::new()
        .with(".gitignore", format!("[z-a\n{{{{{{\n\\\n{long}/x\n!\n\u{0}\n"))
        .with("bad/.gitignore", b"\xFF\xFE\0\n**[\n")
        .with("bad/package-lock.json", GOOD);
    let scanned = tree.scan();
    assert_ne!(scanned.file("bad/package-lock.json"), &Value::Null);
}

#[test]
fn a_folder_deeper_than_the_bound_is_said() {
    let tree = Tree::new().with(&format!("{}package-lock.json", "d/".repeat(150)), GOOD);
    let scanned = tree.scan();
    scanned.refuses("file-limit", "d/".repeat(100).trim_end_matches('/'), None);
}

#[cfg(unix)]
mod unix {
    use std::ffi::OsStr;
    use std::os::unix::ffi::OsStrExt;
    use std::os::unix::fs::{PermissionsExt, symlink};
    use std::process::Command;

    use super::*;

    #[test]
    fn links_are_not_followed_out_and_not_lost() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("package-lock.json"), GOOD.replace("good", "outside"))
            .unwrap();
        fs::write(outside.path().join("package.json"), "{\"name\":\"outside\"}").unwrap();
        fs::write(outside.path().join("requirements.txt"), "outside==1.0\n").unwrap();
        let tree = Tree::new()
            .with("real/lock.txt", GOOD.replace("good", "linked"))
            .with("pip/requirements.txt", "-r more.txt\nx==1.0\n");
        symlink("..", tree.path("loop/up")).unwrap();
        symlink("self", tree.path("loop/self")).unwrap();
        symlink(outside.path().join("package-lock.json"), tree.path("out/package-lock.json"))
            .unwrap();
        symlink(outside.path(), tree.path("out/folder")).unwrap();
        symlink("nowhere", tree.path("dangling/Cargo.lock")).unwrap();
        symlink("../real/lock.txt", tree.path("inside/package-lock.json")).unwrap();
        // A neighbour that leads out.
        symlink(outside.path().join("requirements.txt"), tree.path("pip/more.txt")).unwrap();
        let scanned = tree.scan();
        scanned.tells("symlink-loop", "loop/up", None);
        scanned.refuses("file-unreadable", "out/package-lock.json", None);
        scanned.refuses("file-unreadable", "dangling/Cargo.lock", None);
        assert!(scanned.file("inside/package-lock.json").to_string().contains("linked"));
        assert!(
            !scanned.ran.out.contains("outside@") && !scanned.ran.out.contains("outside/1"),
            "{}",
            scanned.ran.out
        );
        assert!(scanned.ran.err.contains("pip/"), "{}", scanned.ran.err);
        // What is named by itself may be a link.
        let ran = run(&[
            "scan",
            &text(&tree.path("out/package-lock.json")),
            "--db",
            index(),
            "--format",
            "json",
        ]);
        assert!(ran.out.contains("outside") && ran.exit == Exit::Clean, "{}", ran.err);
    }

    #[test]
    fn pipes_and_folders_in_the_place_of_files_do_not_hang() {
        let tree = Tree::new().with("folder/Cargo.lock/inner/package-lock.json", GOOD);
        let pipe = tree.path("pipe/package-lock.json");
        if !Command::new("mkfifo").arg(&pipe).status().is_ok_and(|s| s.success()) {
            eprintln!("SKIPPED: mkfifo is not there");
            return;
        }
        // A neighbour that is a pipe.
        let tree = tree.with(
            "near/Cargo.lock",
            "version = 4\n[[package]]\nname = \"a\"\nversion = \"1.0.0\"\n",
        );
        assert!(
            Command::new("mkfifo").arg(tree.path("near/Cargo.toml")).status().unwrap().success()
        );
        let scanned = tree.scan();
        scanned.refuses("file-unreadable", "pipe/package-lock.json", None);
        assert_ne!(scanned.file("folder/Cargo.lock/inner/package-lock.json"), &Value::Null);
        let ran = run(&["scan", &text(&pipe), "--db", index()]);
        assert_eq!(ran.exit, Exit::Incomplete);
        assert!(ran.err.contains("file-unreadable"), "{}", ran.err);
    }

    #[test]
    fn what_may_not_be_read_is_said() {
        let tree = Tree::new()
            .with("closed/package-lock.json", GOOD)
            .with("shut/x/package-lock.json", GOOD);
        let (file, folder) = (tree.path("closed/package-lock.json"), tree.path("shut/x"));
        fs::set_permissions(&file, fs::Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o000)).unwrap();
        let privileged = fs::read(&file).is_ok();
        if privileged {
            eprintln!("SKIPPED: this user may read everything");
        } else {
            let scanned = tree.scan();
            scanned.refuses("file-unreadable", "closed/package-lock.json", None);
            scanned.refuses("file-unreadable", "shut/x", None);
        }
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).unwrap();
    }

    #[test]
    fn names_of_files_and_packages_do_not_reach_the_terminal_raw() {
        let evil = "\u{9b}2J\u{1b}[2J\u{1b}]0;owned\u{7}\nerror[usage]: fake\u{202e}";
        let lock = serde_json::json!({"lockfileVersion": 3, "packages": {
            (format!("node_modules/{evil}")): {"version": evil, "resolved": evil, "license": evil},
            "node_modules/good": {"version": "1.0.0"}}});
        let tree = Tree::new()
            .with(&format!("a{evil}/package-lock.json"), "{")
            .with("b/package-lock.json", lock.to_string())
            .with("c/requirements.txt", format!("{}\n", evil.replace('\n', "")))
            .with("d/yarn.lock", format!("{evil}\n"))
            .with("e/pom.xml", format!("<project><{evil}</project>"));
        let folder = tree.0.path().join(OsStr::from_bytes(b"f\xFF\xFE"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("package-lock.json"), GOOD).unwrap();
        let scanned = tree.scan();
        scanned.refuses("file-unreadable", "f\u{FFFD}\u{FFFD}/package-lock.json", None);
        assert!(
            !scanned.ran.err.lines().any(|l| l.starts_with("error[usage]")),
            "{}",
            scanned.ran.err
        );
        let root = text(tree.0.path());
        for format in ["table", "markdown", "csv", "html", "sarif", "gitlab"] {
            let ran = run(&["scan", &root, "--db", index(), "--format", format]);
            assert!(!ran.out.is_empty());
            assert_inert(&ran.out.replace("\r\n", "\n"));
        }
    }
}

mod feeds {
    use super::*;

    /// What `db update` says of a feed, and that the old index is as before unless it succeeds.
    fn update(zip: &[u8]) -> Ran {
        let folder = tempfile::tempdir().unwrap();
        let db = folder.path().join("advisories.index");
        fs::copy(index(), &db).unwrap();
        let before = fs::read(&db).unwrap();
        let from = folder.path().join("osv");
        fs::create_dir_all(from.join("npm")).unwrap();
        fs::write(from.join("npm/all.zip"), zip).unwrap();
        let started = Instant::now();
        let ran = run(&["db", "update", "--from", &text(&from), "--db", &text(&db)]);
        assert!(started.elapsed() < LONG);
        assert_inert(&ran.err);
        if ran.exit != Exit::Clean {
            assert!(fs::read(&db).unwrap() == before, "a failed update changes the index");
        }
        let verified = run(&["db", "verify", "--db", &text(&db)]);
        assert_eq!(verified.exit, Exit::Clean, "{}", verified.err);
        // Nothing is unpacked beside the index.
        let mut names: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|e| e.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.retain(|n| !n.starts_with("advisories."));
        assert_eq!(names, ["osv"]);
        ran
    }

    fn zip(entries: &[(&str, &[u8])]) -> Vec<u8> {
        let mut out = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
        for (name, content) in entries {
            out.start_file(*name, zip::write::SimpleFileOptions::default()).unwrap();
            out.write_all(content).unwrap();
        }
        out.finish().unwrap().into_inner()
    }

    fn record(id: &str) -> Vec<u8> {
        format!("{{\"id\":\"{id}\",\"modified\":\"2026-01-01T00:00:00Z\",\"affected\":[{{\"package\":{{\"ecosystem\":\"npm\",\"name\":\"x\"}},\"versions\":[\"1.0.0\"]}}]}}").into_bytes()
    }

    #[test]
    fn an_archive_that_cannot_be_read_keeps_the_old_index() {
        let whole = zip(&[("a.json", &record("GHSA-a")), ("b.json", &record("GHSA-b"))]);
        for broken in [
            &b""[..],
            b"not a zip",
            &whole[..whole.len() / 2],
            &whole[..whole.len() - 3],
            &[0; 100_000],
        ] {
            let ran = update(broken);
            assert_eq!(ran.exit, Exit::Incomplete, "{}", ran.err);
            assert!(ran.err.contains("feed-unavailable"), "{}", ran.err);
        }
    }

    #[test]
    fn names_in_an_archive_lead_nowhere_and_repeat() {
        let (a, b) = (record("GHSA-a"), record("GHSA-b"));
        let ran = update(&zip(&[
            ("../../evil.json", &a),
            ("/etc/evil.json", &b),
            ("x\u{1b}[2J\n.json", b"{"),
        ]));
        assert!(ran.out.starts_with("2 advisories"), "{}{}", ran.out, ran.err);
        // The same name twice, which a writer refuses: the name is changed afterwards.
        let mut twice = zip(&[("aaaa.json", &a), ("bbbb.json", &b)]);
        while let Some(at) = twice.windows(4).position(|w| w == b"bbbb") {
            twice[at..at + 4].copy_from_slice(b"aaaa");
        }
        let ran = update(&twice);
        assert!(ran.exit != Exit::Usage, "{}", ran.err);
    }

    #[test]
    fn an_archive_that_lies_about_sizes_or_unpacks_without_end_is_bounded() {
        let bomb = vec![b' '; 40 << 20];
        let ran = update(&zip(&[("bomb.json", &bomb), ("a.json", &record("GHSA-a"))]));
        assert!(
            ran.err.contains("advisory-malformed") && ran.out.starts_with("1 advisories"),
            "{}{}",
            ran.out,
            ran.err
        );
        // Sizes in the directory of the archive, and in the headers of its entries.
        let whole = zip(&[("a.json", &record("GHSA-a")), ("b.json", &record("GHSA-b"))]);
        for (signature, at) in [
            (&b"PK\x01\x02"[..], 20),
            (b"PK\x01\x02", 24),
            (b"PK\x03\x04", 18),
            (b"PK\x03\x04", 22),
            (b"PK\x05\x06", 8),
            (b"PK\x05\x06", 10),
            (b"PK\x05\x06", 12),
        ] {
            for value in [0u32, 1, 0x7FFF_FFFF, 0xFFFF_FFFE] {
                let mut lying = whole.clone();
                let start = lying.windows(4).position(|w| w == signature).unwrap() + at;
                lying[start..start + 4].copy_from_slice(&value.to_le_bytes());
                let ran = update(&lying);
                assert!(matches!(ran.exit, Exit::Clean | Exit::Incomplete), "{}", ran.err);
            }
        }
    }
}

/// `db update` as a process of its own, killed.
#[test]
fn a_killed_update_leaves_a_whole_index() {
    let folder = tempfile::tempdir().unwrap();
    let db = folder.path().join("advisories.index");
    fs::copy(index(), &db).unwrap();
    let from = folder.path().join("osv");
    fs::create_dir_all(from.join("npm")).unwrap();
    for i in 0..3_000 {
        let record = format!(
            "{{\"id\":\"GHSA-{i}\",\"modified\":\"2026-01-01T00:00:00Z\",\"affected\":[{{\"package\":{{\"ecosystem\":\"npm\",\"name\":\"p{i}\"}},\"versions\":[\"1.0.0\"]}}]}}"
        );
        fs::write(from.join(format!("npm/{i}.json")), record).unwrap();
    }
    let old = fs::read(&db).unwrap();
    let (mut before, mut after) = (0, 0);
    for round in 0u64..20 {
        fs::write(&db, &old).unwrap();
        let mut child = std::process::Command::new(env!("CARGO_BIN_EXE_trimtab"))
            .args(["db", "update", "--from", &text(&from), "--db", &text(&db)])
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // Spread unevenly over the time of a build.
        std::thread::sleep(Duration::from_millis(2 + round * round * 3));
        child.kill().unwrap();
        child.wait().unwrap();
        let verified = run(&["db", "verify", "--db", &text(&db)]);
        assert_eq!(verified.exit, Exit::Clean, "round {round}: {}", verified.err);
        if fs::read(&db).unwrap() == old { before += 1 } else { after += 1 }
    }
    eprintln!("killed {before} times before the rename, {after} times after");
    assert!(before > 0);
    // What killed updates left behind is in nobody's way.
    let ran = run(&["db", "update", "--from", &text(&from), "--db", &text(&db)]);
    assert!(
        ran.exit == Exit::Clean && ran.out.starts_with("3,000 advisories"),
        "{}{}",
        ran.out,
        ran.err
    );
}
