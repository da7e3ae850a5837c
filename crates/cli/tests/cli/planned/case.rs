//! A case: a small project with its lockfile, what is planned for it, and what must come of that.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use trimtab_report::plan::json::{self, Document};

use crate::planned::life::carried_out;
use crate::planned::second::a_second_scanner_agrees;
use crate::planning::{bytes, copy, indexed, sums};

/// Where `cargo xtask tools` puts a package manager; elsewhere it is looked for in `PATH`.
pub(crate) fn search_path(tool: &str) -> std::ffi::OsString {
    let tools = trimtab_testkit::repository().join("target/tools");
    let mut all = vec![tools.join(tool).join("node_modules/.bin"), tools.join(tool).join("bin")];
    all.extend(std::env::split_paths(&std::env::var_os("PATH").unwrap_or_default()));
    std::env::join_paths(all).unwrap()
}

/// The package manager of a case: what it names, else its own name.
fn tool_of<'c>(name: &'c str, case: &'c Value) -> &'c str {
    case["tool"].as_str().unwrap_or(name)
}

/// The project of a case with its lockfile. `None`: the package manager is not there.
fn project(name: &str, case: &Value, folder: &Path) -> Option<()> {
    let corpus = trimtab_testkit::repository().join("corpus/planned").join(name);
    let tool = tool_of(name, case);
    copy(&corpus.join("project"), folder);
    copy(&corpus.join("prepare"), folder);
    for step in ["prepare", "settle"] {
        if step == "settle" && corpus.join("prepare").is_dir() {
            copy(&corpus.join("project"), folder);
        }
        for part in case["replace"].as_array().into_iter().flatten().filter(|_| step == "settle") {
            let [path, old, new] = [0, 1, 2].map(|n| part[n].as_str().unwrap());
            let text = fs::read_to_string(folder.join(path)).unwrap();
            assert!(text.contains(old), "{path} has no {old:?}: {text}");
            fs::write(folder.join(path), text.replace(old, new)).unwrap();
        }
        if tool == "poetry" {
            as_a_source(folder);
        }
        for arguments in case[step].as_array().unwrap() {
            let arguments = arguments.as_array().unwrap().iter().map(|a| a.as_str().unwrap());
            let program = case["program"].as_str().unwrap();
            let ran = Command::new(program)
                .args(arguments)
                .current_dir(folder)
                .env("PATH", search_path(tool))
                .envs([("GOTOOLCHAIN", "local"), ("PIP_ONLY_BINARY", ":all:")])
                .envs([("YARN_ENABLE_IMMUTABLE_INSTALLS", "false"), ("YARN_ENABLE_TELEMETRY", "0")])
                .envs([("POETRY_VIRTUALENVS_CREATE", "false")])
                .env("POETRY_VIRTUALENVS_USE_POETRY_PYTHON", "true")
                .output();
            match ran {
                Ok(output) if output.status.success() => {}
                other => {
                    eprintln!("SKIPPED {tool}: `{program}`: {other:?}");
                    assert!(other.is_err() || std::env::var_os("CI").is_none(), "{tool} failed");
                    return None;
                }
            }
        }
    }
    Some(())
}

/// Poetry asks its own registry by an interface of that registry alone, which mirrors lack. So it is told to ask the
/// index that pip asks, by the interface that all have.
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

/// Whether a text is what is expected, in which `*` is any text.
fn is_like(expected: &str, text: &str) -> bool {
    match expected.split_once('*') {
        Some((start, end)) => text.starts_with(start) && text.ends_with(end),
        None => expected == text,
    }
}

pub(crate) fn confirmed(tool: &str) {
    let corpus = trimtab_testkit::repository().join("corpus/planned");
    let case = fs::read_to_string(corpus.join(tool).join("case.json")).unwrap();
    let case: Value = serde_json::from_str(&case).unwrap();
    let scratch = tempfile::tempdir().unwrap();
    let (data, folder) = (scratch.path().join("data"), scratch.path().join("planned"));
    fs::create_dir(&data).unwrap();
    indexed(&corpus.join("advisories"), &data);
    if project(tool, &case, &folder).is_none() {
        return;
    }
    let path = search_path(tool_of(tool, &case));
    let before = bytes(&folder);
    let db = data.join("advisories.index");
    let ran = Command::new(env!("CARGO_BIN_EXE_trimtab"))
        .args(["plan", "--format", "json", "--cadence", "week", "--capacity", "100"])
        .args(["--now", "2026-02-02T09:00:00Z", "--time", "900"])
        .arg("--db")
        .arg(&db)
        .arg(&folder)
        .env("PATH", path)
        .env("XDG_DATA_HOME", &data)
        .output()
        .unwrap();
    assert_eq!(ran.status.code(), Some(0), "{}", String::from_utf8_lossy(&ran.stderr));
    assert_eq!(bytes(&folder), before, "the project is only read");
    let rounds = never_back(&String::from_utf8_lossy(&ran.stderr));
    if let Some(expected) = case["rounds"].as_array() {
        // A later round would carry it out too, and takes the time of others.
        let of_search = rounds.iter().filter(|round| ROUNDS.contains(&round.as_str()));
        let of_search: Vec<&str> = of_search.map(String::as_str).collect();
        let expected: Vec<&str> = expected.iter().map(|round| round.as_str().unwrap()).collect();
        assert_eq!(of_search, expected, "{tool}: rounds that had something to try");
    }
    let plan = json::read(&String::from_utf8(ran.stdout).unwrap()).unwrap();
    sums(&plan);
    for (name, by) in case["version-by"].as_object().into_iter().flatten() {
        let finding = plan.findings.iter().find(|finding| finding.name == *name);
        assert_eq!(finding.unwrap().version_by.as_deref(), by.as_str(), "{name}");
        assert!(plan.not_judged.iter().all(|not| !name.contains(&not.package)), "{plan:#?}");
    }
    let purl = |text: &str| text.parse::<trimtab_model::Purl>().unwrap();
    for expected in case["actions"].as_array().unwrap() {
        let package = purl(expected["package"].as_str().unwrap());
        let way = expected["way"].as_str();
        let action = plan.actions.iter().find(|action| {
            purl(&action.proposal.package).package() == package.package()
                && way.is_none_or(|way| action.way == way)
        });
        let action =
            action.unwrap_or_else(|| panic!("{tool}: no {expected} in {:#?}", plan.actions));
        assert!(action.confirmed && !action.changes.is_empty() && !action.commands.is_empty());
        let first = action.moves.first().unwrap();
        let family = trimtab_model::Family::from_purl_type(package.purl_type()).unwrap();
        match expected["least"].as_str() {
            Some(least) => {
                let reached = family.compare(first.to.last().unwrap(), least);
                let is = reached.is_some_and(std::cmp::Ordering::is_ge);
                assert!(is, "{tool}: {first:?} under {least}");
            }
            None => assert!(first.to.is_empty(), "{tool}: {first:?} is not gone"),
        }
        // An index that has times has those of all files.
        let is_dated = action.changes.iter().any(|change| change.diff.contains("upload-time"));
        if tool == "uv" && is_dated {
            let untold = action.checks.iter().find(|check| check.published.is_none());
            assert!(untold.is_none(), "the lockfile tells the age of {untold:?}");
        }
        if let Some(why) = expected["confidence"].as_str() {
            assert!(action.confidence.value < 0.5, "{tool}: {:?}", action.confidence);
            let all = &action.confidence.reasons;
            assert!(all.iter().any(|reason| reason.contains(why)), "{tool}: {all:?}");
        }
        if let Some(why) = expected["cost"].as_str() {
            let all = &action.cost.reasons;
            assert!(all.iter().any(|reason| reason.what.contains(why)), "{tool}: {all:?}");
        }
        for with in expected["with"].as_array().into_iter().flatten() {
            let with = purl(with.as_str().unwrap());
            let mut all = action.proposal.with.iter();
            let is_there = all.any(|asked| purl(&asked.package).package() == with.package());
            assert!(is_there, "{tool}: {with} is not raised with {:#?}", action.proposal);
        }
        for finding in expected["removes"].as_array().unwrap() {
            let finding = finding.as_str().unwrap();
            assert!(action.removes.iter().any(|f| is_like(finding, f)), "{finding}: {action:#?}");
        }
        if let Some(line) = expected["diff"].as_str() {
            let diffs: String = action.changes.iter().map(|change| change.diff.as_str()).collect();
            assert!(diffs.contains(line), "{tool}: {line:?} is not in\n{diffs}");
        }
    }
    for expected in case["left"].as_array().unwrap() {
        let finding = expected["finding"].as_str().unwrap();
        let left = plan.left.iter().find(|left| left.finding == finding);
        let left = left.unwrap_or_else(|| panic!("{finding} is not left: {:#?}", plan.left));
        assert!(left.why.contains(expected["why"].as_str().unwrap()), "{left:?}");
        assert!(
            left.next.as_deref().unwrap().contains(expected["next"].as_str().unwrap()),
            "{left:?}"
        );
    }
    // All that can be done fits into the first windows, and was carried out as a whole.
    for batch in &plan.batches {
        assert_eq!(batch.confirmed, "together", "{batch:#?}");
        assert!(!batch.changes.is_empty() && !batch.moves.is_empty());
        applies(batch, &folder, &plan);
    }
    if let Some(test) = case["apply"].as_str() {
        carried_out(tool_of(tool, &case), &data, &folder, &plan, test);
    }
    let unseen = case["second-scanner"] == "sees nothing of it";
    a_second_scanner_agrees(&plan, &folder, &corpus.join("advisories"), scratch.path(), unseen);
}

/// Rounds of the search in which something that is forced may be tried, in their order.
const ROUNDS: &[&str] = &[
    "Relocking together",
    "What is forced",
    "Raising together",
    "First tries",
    "Raising a parent",
    "Raising several parents",
    "Forcing together",
    "Forcing one by one",
];

/// Progress: each phase is told once, and never less of it than before. Returns the phases.
fn never_back(err: &str) -> Vec<String> {
    let mut seen: Vec<(&str, u32)> = Vec::new();
    for (phase, percent) in err.lines().filter_map(|line| line.strip_suffix(" %")?.split_once(": "))
    {
        let percent: u32 = percent.parse().unwrap();
        match seen.iter().position(|(name, _)| *name == phase) {
            Some(at) => assert!(at + 1 == seen.len() && seen[at].1 <= percent, "{err}"),
            None => seen.push((phase, percent)),
        }
        let last = seen.len() - 1;
        seen[last].1 = percent;
    }
    seen.into_iter().map(|(phase, _)| phase.to_owned()).collect()
}

/// The diffs of batches apply to the project, one batch after the other.
fn applies(batch: &json::Batch, folder: &Path, plan: &Document) {
    if batch.after.is_some() {
        return;
    }
    let diff: String = batch.changes.iter().map(|change| change.diff.as_str()).collect();
    let file = tempfile::NamedTempFile::new().unwrap();
    fs::write(file.path(), diff).unwrap();
    let checked = Command::new("git")
        .args(["apply", "--check"])
        .arg(file.path())
        .current_dir(folder)
        .output()
        .unwrap();
    assert!(checked.status.success(), "{}: {checked:?}", plan.target);
}
