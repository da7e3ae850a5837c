//! Candidate updates, confirmed by the real package managers against their real registries: the
//! cases of `corpus/updates`. A package manager that is not installed, or that reaches no registry,
//! skips its cases and says so. What is expected holds as registries move on.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

mod alone;
mod go;
mod killed;

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use trimtab_connect::update::{
    Bounds, Confirmed, Extent, Options, Proposal, Reason, Refusal, Scratch, Settled, Tool,
    Vendored, confirm, detect, needs, settled, smallest_parent, sweep, vendored,
};
use trimtab_model::Purl;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// Where `cargo xtask tools` puts a package manager; elsewhere it is looked for in `PATH`.
fn programs(tool: &str) -> Vec<PathBuf> {
    let tools = root().join("target/tools");
    [tools.join(tool).join("node_modules/.bin"), tools.join(tool).join("bin")]
        .into_iter()
        .filter(|folder| folder.is_dir())
        .collect()
}

fn options(tool: &str) -> Options {
    Options { programs: programs(tool), ..Options::default() }
}

/// The tool's program, run by hand. `None`: it is not installed.
fn by_hand(tool: &str, program: &str, folder: &Path, arguments: &[&str]) -> Option<bool> {
    let mut path = programs(tool);
    path.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    let path = std::env::join_paths(path).unwrap();
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .env("PATH", path)
        .envs([("PIP_ONLY_BINARY", ":all:"), ("GOFLAGS", "-mod=mod"), ("GOTOOLCHAIN", "local")])
        .envs([("YARN_IGNORE_PATH", "1"), ("YARN_ENABLE_GLOBAL_CACHE", "true")])
        .envs([("POETRY_VIRTUALENVS_CREATE", "false"), ("CI", "1")])
        .env("POETRY_VIRTUALENVS_USE_POETRY_PYTHON", "true")
        .env("YARN_ENABLE_IMMUTABLE_INSTALLS", "false")
        .output()
        .ok()?;
    if !output.status.success() {
        eprintln!(
            "{}{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Some(output.status.success())
}

fn copy(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).into_iter().flatten() {
        let entry = entry.unwrap();
        let to = to.join(entry.file_name());
        if entry.file_type().unwrap().is_dir() {
            fs::create_dir_all(&to).unwrap();
            copy(&entry.path(), &to);
        } else {
            fs::copy(entry.path(), to).unwrap();
        }
    }
}

/// All files of a folder, with their bytes.
fn bytes(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let mut all = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            match entry.file_type().unwrap() {
                kind if kind.is_dir() => open.push(entry.path()),
                kind if kind.is_file() => {
                    all.insert(entry.path(), fs::read(entry.path()).unwrap());
                }
                _ => {}
            }
        }
    }
    all
}

/// The project of a tool with its lockfile, in a folder. `None`: the tool is not there.
fn project(id: &str, program: &str, cases: &Value) -> Option<tempfile::TempDir> {
    let folder = tempfile::tempdir().unwrap();
    let corpus = root().join("corpus/updates").join(id);
    copy(&corpus.join("project"), folder.path());
    copy(&corpus.join("prepare"), folder.path());
    for step in ["prepare", "settle"] {
        if step == "settle" {
            for part in cases["replace"].as_array().into_iter().flatten() {
                let [path, old, new] = [0, 1, 2].map(|n| part[n].as_str().unwrap());
                let text = fs::read_to_string(folder.path().join(path)).unwrap();
                assert!(text.contains(old), "{path} has no {old:?}");
                fs::write(folder.path().join(path), text.replace(old, new)).unwrap();
            }
            copy_manifests(&corpus.join("project"), folder.path());
        }
        if id == "poetry" {
            as_a_source(folder.path());
        }
        for command in cases[step].as_array().unwrap() {
            let arguments: Vec<&str> =
                command.as_array().unwrap().iter().map(|a| a.as_str().unwrap()).collect();
            match by_hand(cases["tool"].as_str().unwrap_or(id), program, folder.path(), &arguments)
            {
                Some(true) => {}
                other => {
                    eprintln!("SKIPPED {id}: `{program} {arguments:?}`: {other:?}");
                    assert!(other.is_none() || std::env::var_os("CI").is_none(), "{id} failed");
                    return None;
                }
            }
        }
    }
    Some(folder)
}

/// Poetry asks its own registry by an interface of that registry alone, which mirrors lack. So it is
/// told to ask the index that pip asks, by the interface that all have.
fn as_a_source(folder: &Path) {
    let program = "from pip._internal.models.index import PyPI; print(PyPI.simple_url)";
    let output = Command::new("python3").args(["-c", program]).output().unwrap();
    let index = String::from_utf8(output.stdout).unwrap();
    let source =
        format!("\n[[tool.poetry.source]]\nname = \"index\"\nurl = \"{}\"\n", index.trim());
    let manifest = folder.join("pyproject.toml");
    let text = fs::read_to_string(&manifest).unwrap();
    if !text.contains("poetry.source") {
        fs::write(&manifest, text + &source).unwrap();
    }
}

/// Puts back what the preparation replaced, but not what it wrote.
fn copy_manifests(from: &Path, to: &Path) {
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        if entry.file_type().unwrap().is_file()
            && entry.file_name() != "yarn.lock"
            && entry.file_name() != "go.mod"
        {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
}

fn purl(value: &Value) -> Purl {
    value.as_str().unwrap().parse().unwrap()
}

fn proposal(what: &Value) -> Proposal {
    let to = || what[2].as_str().unwrap().into();
    match what[0].as_str().unwrap() {
        "raise" => Proposal::Raise { package: purl(&what[1]), to: to() },
        "parent" => {
            Proposal::RaiseParent { parent: purl(&what[1]), to: to(), child: purl(&what[3]) }
        }
        "relock" => {
            Proposal::Relock { package: purl(&what[1]), to: what[2].as_str().map(Into::into) }
        }
        "override" => Proposal::Override { package: purl(&what[1]), to: to() },
        "remove" => Proposal::Remove { package: purl(&what[1]) },
        "together" => {
            let parts = what.as_array().unwrap().iter().skip(1).map(proposal);
            Proposal::together(parts).unwrap()
        }
        other => panic!("{other}"),
    }
}

fn after<'c>(confirmed: &'c Confirmed, path: &str) -> &'c str {
    let change = confirmed.changes.iter().find(|change| change.path == path);
    let change = change.unwrap_or_else(|| panic!("{path} did not change"));
    std::str::from_utf8(change.after.as_deref().unwrap_or_default()).unwrap()
}

fn holds(confirmed: &Confirmed, case: &Value, source: &Path) {
    let paths: Vec<&str> = confirmed.changes.iter().map(|c| c.path.as_str()).collect();
    let mut expected: Vec<&str> =
        case["changes"].as_array().unwrap().iter().map(|p| p.as_str().unwrap()).collect();
    expected.sort_unstable();
    assert_eq!(paths, expected, "{}", confirmed.diff());
    if let Some(edit) = case["manifest"].as_array() {
        let [path, old, new] = [0, 1, 2].map(|n| edit[n].as_str().unwrap());
        let before = fs::read_to_string(source.join(path)).unwrap();
        assert_eq!(after(confirmed, path), before.replacen(old, new, 1), "byte for byte");
        assert_ne!(before, after(confirmed, path));
    }
    for (key, has) in [("has", true), ("lacks", false)] {
        for pair in case[key].as_array().into_iter().flatten() {
            let (path, text) = (pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
            let text_after = after(confirmed, path);
            assert_eq!(text_after.contains(text), has, "{path}, {text:?}:\n{}", confirmed.diff());
        }
    }
    for package in case["packages"].as_array().into_iter().flatten() {
        let packages = confirmed.packages.as_ref().unwrap();
        assert!(packages.contains(&purl(package)), "{package} is not in {packages:?}");
    }
    assert!(
        !confirmed.commands.is_empty() && confirmed.commands.iter().all(|c| !c.line.is_empty())
    );
    if let Some(runs) = case["runs"].as_u64() {
        let lines: Vec<&str> = confirmed.commands.iter().map(|c| &*c.line).collect();
        assert_eq!(u64::try_from(lines.len()).unwrap(), runs, "{lines:#?}");
    }
    for file in case["unread"].as_array().into_iter().flatten() {
        assert!(confirmed.unread.iter().any(|own| own == file.as_str().unwrap()), "{file}");
    }
    for text in case["unsaid"].as_array().into_iter().flatten() {
        let said = confirmed.commands.iter().find(|c| c.line.contains(text.as_str().unwrap()));
        assert!(said.is_none(), "{said:?}");
    }
    assert!(!confirmed.scratch.folder().join("node_modules").exists(), "packages were unpacked");
    // The diff is one that git applies, and it gives the bytes that were told.
    let folder = tempfile::tempdir().unwrap();
    copy(source, folder.path());
    let patch = tempfile::NamedTempFile::new().unwrap();
    fs::write(patch.path(), confirmed.diff()).unwrap();
    let applied = Command::new("git")
        .args(["apply", "--whitespace=nowarn"])
        .arg(patch.path())
        .current_dir(folder.path())
        .env("GIT_CEILING_DIRECTORIES", folder.path().parent().unwrap())
        .output();
    if let Ok(applied) = applied {
        assert!(applied.status.success(), "{}", String::from_utf8_lossy(&applied.stderr));
        for change in &confirmed.changes {
            let bytes = fs::read(folder.path().join(&change.path)).ok();
            assert_eq!(bytes, change.after, "{}", change.path);
        }
    }
}

fn refused(refusal: &Refusal, case: &Value, expected: &str) {
    let told = format!("{}: {refusal}\n{:?}", refusal.reason.code(), refusal.reason);
    assert!(expected == "*" || refusal.reason.code() == expected, "{told}");
    if let Some(blocker) = case["blocker"].as_str() {
        let all: Vec<String> = refusal.reason.blockers().iter().map(ToString::to_string).collect();
        assert!(all.iter().any(|b| b.starts_with(blocker)), "{all:?} in {told}");
    }
    if let Some(next) = case["next"].as_str() {
        let found = format!("{:?}", refusal.next);
        assert!(found.contains(next), "{found}: {told}");
    }
}

fn cases(id: &str) -> Value {
    let file = root().join("corpus/updates").join(id).join("cases.json");
    serde_json::from_slice(&fs::read(file).unwrap()).unwrap()
}

fn copied(source: &Path, tool: &'static Tool) -> Scratch {
    let bounds = Bounds::of(Extent::Resolver);
    Scratch::copy(source, Path::new(""), tool, Extent::Resolver, bounds, None).unwrap()
}

/// Every case of a package manager.
fn run(folder: &str, program: &str) {
    let cases = cases(folder);
    let id = cases["tool"].as_str().unwrap_or(folder);
    let tool = Tool::by_id(id).unwrap();
    let Some(folder) = project(folder, program, &cases) else { return };
    let before = bytes(folder.path());
    assert!(detect(folder.path()).iter().any(|found| found.id() == id), "{id} is not detected");
    let base = copied(folder.path(), tool);
    let at_first = bytes(base.root());
    let mut ran = 0;
    for case in cases["cases"].as_array().unwrap() {
        let name = case["name"].as_str().unwrap();
        if std::env::var("TRIMTAB_CASE").is_ok_and(|only| !name.contains(&only)) {
            continue;
        }
        eprintln!("{id}: {name}");
        let before = case["before"].as_str().map(|at| at.parse().unwrap());
        let options = Options { before, ..options(id) };
        match (confirm(tool, &base, &proposal(&case["do"]), &options), &case["refused"]) {
            (Ok(confirmed), Value::Null) => holds(&confirmed, case, folder.path()),
            (Err(refusal), Value::String(expected)) => refused(&refusal, case, expected),
            (Ok(confirmed), _) => panic!("{name} was confirmed:\n{}", confirmed.diff()),
            (Err(refusal), _) => match &refusal.reason {
                Reason::ToolMissing { .. } => {
                    eprintln!("SKIPPED {id}: {refusal}");
                    return;
                }
                _ => panic!("{name}: {refusal} {:#?}", refusal.commands),
            },
        }
        ran += 1;
    }
    assert!(ran > 0);
    assert_eq!(bytes(folder.path()), before, "the project was written to");
    assert_eq!(bytes(base.root()), at_first, "the base was written to");
}

#[test]
fn npm() {
    run("npm", "npm");
}

/// A package that is named in several lines, and under another name.
#[test]
fn npm_copies() {
    run("npm-copies", "npm");
}

#[test]
fn cargo() {
    run("cargo", "cargo");
}

/// A lockfile of an older format keeps it: else most of its lines would change, and older releases would not read it.
#[test]
fn cargo_format() {
    run("cargo-format", "cargo");
}

/// Cargo keeps what is locked where it is: what needs more of it is not moved, though everybody allows more.
#[test]
fn cargo_held() {
    run("cargo-held", "cargo");
}

#[test]
fn go_modules() {
    run("go", "go");
}

#[test]
fn pnpm() {
    run("pnpm", "pnpm");
}

#[test]
fn yarn_classic() {
    run("yarn", "yarn");
}

#[test]
fn yarn_berry() {
    run("yarn-berry", "yarn");
}

#[test]
fn uv() {
    run("uv", "uv");
}

/// What is locked without a wheel is held, and nothing of it is built.
#[test]
fn uv_sources() {
    run("uv-sources", "uv");
}

/// What only the build of a package of the project tells is not asked for, as that would run it.
#[test]
fn uv_dynamic() {
    run("uv-dynamic", "uv");
}

#[test]
fn pip_tools_sources() {
    run("pip-tools-sources", "pip-compile");
}

/// A project whose settings uv does not understand as a whole: then it would not hear of what has no wheel, and build it.
#[test]
fn what_uv_does_not_hear_is_not_built() {
    let cases = cases("uv-sources");
    let tool = Tool::by_id("uv").unwrap();
    let Some(folder) = project("uv-sources", "uv", &cases) else { return };
    let path = folder.path().join("pyproject.toml");
    let text = fs::read_to_string(&path).unwrap();
    assert!(!text.contains("[tool.uv]"), "{text}");
    fs::write(&path, text + "\n[tool.uv]\nexclude-newer = \"7 moons\"\n").unwrap();
    let base = copied(folder.path(), tool);
    let package = "pkg:pypi/certifi@2022.12.7".parse().unwrap();
    let proposal = Proposal::Relock { package, to: Some("2023.7.22".into()) };
    let commands = match confirm(tool, &base, &proposal, &options(tool.id())) {
        Ok(confirmed) => confirmed.commands,
        Err(refusal) if matches!(refusal.reason, Reason::ToolMissing { .. }) => {
            eprintln!("SKIPPED uv: {refusal}");
            return;
        }
        Err(refusal) => refusal.commands,
    };
    let locks: Vec<&str> =
        commands.iter().map(|ran| &*ran.line).filter(|line| line.contains(" lock ")).collect();
    assert!(!locks.is_empty(), "{commands:?}");
    for line in locks {
        assert!(line.contains("--no-build") && !line.contains("--no-binary-package"), "{line}");
    }
}

/// Its build may run where the caller allows it.
#[test]
fn what_has_no_wheel_is_built_where_that_is_allowed() {
    for (folder, program) in [("uv-sources", "uv"), ("pip-tools-sources", "pip-compile")] {
        let cases = cases(folder);
        let tool = Tool::by_id(cases["tool"].as_str().unwrap()).unwrap();
        let Some(folder) = project(folder, program, &cases) else { continue };
        let base = copied(folder.path(), tool);
        let options = Options { project_code: true, ..options(tool.id()) };
        let package = "pkg:pypi/certifi@2022.12.7".parse().unwrap();
        let proposal = Proposal::Relock { package, to: Some("2023.7.22".into()) };
        match confirm(tool, &base, &proposal, &options) {
            Ok(confirmed) => {
                let diff = confirmed.diff();
                assert!(diff.contains("2023.7.22") && !diff.contains("-markupsafe"), "{diff}");
            }
            Err(refusal) if matches!(refusal.reason, Reason::ToolMissing { .. }) => {
                eprintln!("SKIPPED {program}: {refusal}");
            }
            Err(refusal) => panic!("{program}: {refusal} {:#?}", refusal.commands),
        }
    }
}

#[test]
fn poetry() {
    run("poetry", "poetry");
}

#[test]
fn pip_tools() {
    run("pip-tools", "pip-compile");
}

/// Its packages stand in its own manifest: it needs no registry.
#[test]
fn composer() {
    run("composer", "composer");
}

#[test]
fn pip_tools_layers() {
    run("pip-tools-layers", "pip-compile");
}

#[test]
fn what_uv_compiled_is_compiled_by_uv() {
    run("pip-tools-uv", "uv");
}

/// Nothing of the project is run, and what it declares counts.
#[test]
fn a_folder_of_the_project_in_a_file_refuses_nothing() {
    run("pip-local", "pip");
}

#[test]
fn what_moves_in_a_file_with_hashes_gets_its_own() {
    run("pip-hashes", "uv");
}

#[test]
fn what_counts_elsewhere_is_asked_as_there() {
    run("pip-markers", "pip");
}

/// One that npm would write in the newest version if it was not told otherwise.
#[test]
fn npm_lockfiles_of_the_first_version() {
    run("npm-first", "npm");
}

#[test]
fn npm_workspaces() {
    run("npm-workspaces", "npm");
}

/// The newest asks for a later Python than the project allows.
#[test]
fn a_parent_whose_newest_is_refused_is_found_further_down() {
    let tool = Tool::by_id("uv").unwrap();
    let Some(folder) = project("uv", "uv", &cases("uv")) else { return };
    let base = copied(folder.path(), tool);
    let versions: Vec<Box<str>> =
        ["2.28.2", "2.31.0", "2.32.0", "2.32.3", "2.34.2"].map(Into::into).into();
    let (parent, child) =
        ("pkg:pypi/requests@2.25.1".parse().unwrap(), "pkg:pypi/urllib3@1.26.4".parse().unwrap());
    let moved =
        |confirmed: &Confirmed| after(confirmed, "uv.lock").contains("\"urllib3\"\nversion = \"2.");
    let pair = (&parent, &child);
    let found = smallest_parent(tool, &base, pair, &versions, &moved, &|_| true, &options("uv"));
    let found = found.unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(&*found.version, "2.31.0", "the smallest that allows urllib3 2");
    let newest = Proposal::RaiseParent { parent, to: "2.34.2".into(), child };
    let refusal = confirm(tool, &base, &newest, &options("uv")).unwrap_err();
    assert_eq!(refusal.reason.code(), "conflict", "{refusal}");
}

#[test]
fn maven() {
    run("maven", "mvn");
}

/// Maven's own choice of plugin wants the modules of a build built before it tells what others of it take.
#[test]
fn maven_modules() {
    run("maven-modules", "mvn");
}

/// chrono needs `time` 0.1 up to some version of its own: the smallest without it is found.
#[test]
fn the_smallest_parent_is_found() {
    let tool = Tool::by_id("cargo").unwrap();
    let Some(folder) = project("cargo", "cargo", &cases("cargo")) else { return };
    let base = copied(folder.path(), tool);
    let versions: Vec<Box<str>> =
        ["0.4.20", "0.4.22", "0.4.24", "0.4.26", "0.4.31", "0.4.34", "0.4.38"]
            .map(Into::into)
            .into();
    let without_time = |confirmed: &Confirmed| {
        let lockfile = fs::read_to_string(confirmed.scratch.root().join("Cargo.lock")).unwrap();
        !lockfile.contains("name = \"time\"")
    };
    let (parent, child) =
        ("pkg:cargo/chrono@0.4.19".parse().unwrap(), "pkg:cargo/time".parse().unwrap());
    let found = smallest_parent(
        tool,
        &base,
        (&parent, &child),
        &versions,
        &without_time,
        &|tried| tried < 10,
        &options("cargo"),
    )
    .unwrap();
    assert!(found.tried <= 4 && found.untried.is_empty(), "{found:?}");
    let at = versions.iter().position(|v| *v == found.version).unwrap();
    let one_before = Proposal::RaiseParent {
        parent: parent.clone(),
        to: versions[at - 1].clone(),
        child: child.clone(),
    };
    let smaller = confirm(tool, &base, &one_before, &options("cargo")).unwrap();
    assert!(!without_time(&smaller), "{} does as well", versions[at - 1]);
    let none = smallest_parent(
        tool,
        &base,
        (&parent, &child),
        &versions,
        &|_| false,
        &|tried| tried < 10,
        &options("cargo"),
    );
    assert_eq!(none.unwrap_err().reason.code(), "unchanged");
}
