//! The declared universes of the shared corpus: packages, versions, advisories and the patches that another tool wants.
//! A registry of ours offers them, and the real npm resolves.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use serde_json::Value;
use trimtab_report::plan::json::{Action, Document};

use crate::offering::{Project, Universe, Version};
use crate::planning::sums;

/// Folder of a case, the file that has what is wanted, whether its lockfile is given; and where we differ, why.
const CASES: &[(&str, &str, bool, Option<&str>)] = &[
    ("strategy/relax/npm/simple", "patches.json", false, None),
    ("strategy/relax/npm/diamond", "patches.json", false, None),
    ("strategy/relax/npm/removed-vuln", "patches.json", false, None),
    ("strategy/relax/npm/non-constraining", "patches.json", false, None),
    ("strategy/relax/npm/vuln-without-fix", "patches.json", false, None),
    ("strategy/relax/npm/introduce-vuln", "patches.json", false, None),
    (
        "strategy/relax/npm/deepen",
        "patches.json",
        false,
        Some("the vulnerable package stays, further down than the other tool looks"),
    ),
    ("testdata/npm/basic", "result.json", true, None),
    ("testdata/npm/basicrelax", "result.json", true, None),
];

fn json(path: &Path) -> Value {
    serde_json::from_slice(&fs::read(path).unwrap()).unwrap()
}

/// The nearest file of a name, in a folder or above it.
fn nearest(folder: &Path, name: &str) -> std::path::PathBuf {
    let mut all = folder.ancestors().map(|at| at.join(name));
    all.find(|file| file.is_file()).unwrap()
}

/// Packages, below them versions, below them what those ask for.
fn universe(text: &str) -> Universe {
    let mut all = Universe::new();
    let (mut package, mut dev) = (String::new(), 0);
    for line in text.lines().skip_while(|line| !line.starts_with("schema:")).skip(1) {
        let what = line.trim();
        match line.len() - line.trim_start().len() {
            2 => {
                what.clone_into(&mut package);
                all.insert(package.clone(), Vec::new());
            }
            4 => all.get_mut(&package).unwrap().push((what.to_owned(), Version::default())),
            6 => {
                let (kind, what) = what.split_once('|').unwrap_or(("", what));
                let (name, range) = what.rsplit_once('@').unwrap();
                let of = &mut all.get_mut(&package).unwrap().last_mut().unwrap().1;
                match kind {
                    "" => of.dependencies.push((name.to_owned(), range.to_owned())),
                    "Opt" => of.optional.push((name.to_owned(), range.to_owned())),
                    _ => dev += 1,
                }
            }
            other => panic!("{other} spaces before {what:?}"),
        }
    }
    assert!(!all.is_empty() && dev < 100);
    all
}

/// Whether an action does what a patch does: it names each package that the patch names, or moves it, and removes what the
/// patch fixes.
fn does(action: &Action, patch: &Value) -> bool {
    let list = |key: &str| patch[key].as_array().cloned().unwrap_or_default();
    let moves = |name: &str| {
        let purl = format!("pkg:npm/{}", name.replace('@', "%40"));
        action.moves.iter().any(|moved| moved.package == purl && !moved.to.is_empty())
    };
    let updates = list("packageUpdates");
    let named = updates.iter().all(|update| moves(update["name"].as_str().unwrap()));
    named && list("fixed").iter().all(|fixed| removes(action, fixed))
}

/// Whether an action removes a vulnerability from the packages at the versions that a patch tells.
fn removes(action: &Action, fixed: &Value) -> bool {
    let id = fixed["id"].as_str().unwrap();
    fixed["packages"].as_array().unwrap().iter().all(|package| {
        let [name, version] = ["name", "version"].map(|key| package[key].as_str().unwrap());
        action.removes.iter().any(|f| *f == format!("{id} in {name} {version}"))
    })
}

/// The plan of a case. `None`: npm is not there.
fn planned(at: &Path, locked: bool) -> Option<Document> {
    let mut lockfile = locked.then(|| json(&at.join("package-lock.json")));
    let manifest = match at.join("package.json").is_file() {
        true => json(&at.join("package.json")),
        false => lockfile.as_ref().unwrap()["packages"][""].clone(),
    };
    // Where it was fetched from is rewritten in the corpus, and no registry has its content.
    for entry in lockfile.iter_mut().filter_map(|l| l["packages"].as_object_mut()).flatten() {
        for key in ["resolved", "integrity"] {
            entry.1.as_object_mut().unwrap().remove(key);
        }
    }
    let records = json(&nearest(at, "vulnerabilities.json"));
    let records = records["vulns"].as_array().unwrap();
    let offered = universe(&fs::read_to_string(nearest(at, "universe.yaml")).unwrap());
    let project = Project::new(&manifest, lockfile.as_ref(), records, offered)?;
    project.npm(&["--version"])?;
    let plan = project.plan();
    sums(&plan);
    Some(plan)
}

fn case(
    corpus: &Path,
    (folder, wanted, locked, differs): (&str, &str, bool, Option<&str>),
) -> bool {
    let at = corpus.join(folder);
    let Some(plan) = planned(&at, locked) else { return false };
    let wanted = json(&at.join(wanted));
    let patches = wanted["patches"].as_array().or_else(|| wanted.as_array()).unwrap();
    holds(folder, &plan, patches, differs);
    true
}

fn holds(folder: &str, plan: &Document, patches: &[Value], differs: Option<&str>) {
    let told = format!("{folder}: {:#?}\nleft: {:#?}", plan.actions, plan.left);
    // What brings something in is no action here, and there it is told with what it brings.
    let clean: Vec<&Value> = patches.iter().filter(|p| p["introduced"].is_null()).collect();
    for patch in clean.iter().filter(|_| differs.is_none()) {
        let is_one = plan.actions.iter().any(|action| does(action, patch));
        // Several copies of a package that the other tool moves one by one are moved by one run of npm.
        let removed = patch["fixed"].as_array().unwrap();
        let goes = |fixed: &Value| plan.actions.iter().any(|action| removes(action, fixed));
        assert!(is_one || removed.iter().all(goes), "no action does {patch:#}\n{told}");
    }
    if clean.is_empty() || differs.is_some() {
        let ways: BTreeSet<&str> = plan.actions.iter().map(|action| &*action.way).collect();
        assert!(ways.iter().all(|way| *way == "override"), "only to force it is left: {told}");
    }
}

/// The other tool writes versions into the lockfile itself: `g` 1.0.1, and of `d` 1.2.3 or 1.4.0. Nobody can have that with
/// npm: `b` asks for `d@latest`, so that npm moves `d` to 1.4.1 with whatever it is asked for, and that has findings which
/// 1.2.3 has not. It goes with what moves the other `d`, which has them before: then nothing is worse.
#[test]
fn where_npm_itself_brings_something_in_nothing_is_moved_in_place() {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let at = shared.join("corpus/remediation/strategy/inplace/npm");
    let Some(plan) = Some(at).filter(|at| at.is_dir()).and_then(|at| planned(&at, true)) else {
        return;
    };
    let with_g = |action: &&Action| action.removes.iter().any(|f| f == "OSV-000-004 in g 1.0.0");
    for action in plan.actions.iter().filter(with_g) {
        let also = action.removes.iter().any(|f| f == "OSV-000-000 in d 1.0.0");
        assert!(also, "alone it would bring OSV-000-003 in: {:#?}", plan.actions);
    }
    assert!(plan.actions.iter().any(|action| with_g(&action)), "{:#?}", plan.left);
    let removes =
        |finding: &str| plan.actions.iter().any(|a| a.removes.iter().any(|f| f == finding));
    assert!(removes("OSV-000-000 in d 1.0.0"), "{:#?}", plan.actions);
}

#[test]
fn declared_universes_are_planned_as_is_wanted() {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let corpus = shared.join("corpus/remediation");
    if !corpus.is_dir() {
        eprintln!("SKIPPED: no declared universes at {}", corpus.display());
        return;
    }
    let only = std::env::var("TRIMTAB_CASE").unwrap_or_default();
    let cases = CASES.iter().filter(|(folder, ..)| folder.contains(&only));
    let ran = cases.map(|each| case(&corpus, *each)).filter(|ran| *ran).count();
    eprintln!("{ran} declared universes were planned");
}
