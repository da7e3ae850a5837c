//! `trimtab plan`: what is read and told. The sample without a network, byte for byte; slips; planning again; what stays.
//! Cases that package managers resolve are in `planned`.
use std::fs;
use std::path::PathBuf;
use std::process::Command;

use crate::command::{Ran, Terminal, run_in};
use crate::planning::{copy, git, indexed, sums};
use serde_json::Value;
use trimtab_report::plan::json::{self, Document};

/// The sample, planned without a network.
fn sample(more: &[&str]) -> Ran {
    let root = trimtab_testkit::repository();
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    indexed(&root.join("examples/advisories"), &data);
    copy(&root.join("examples/harbour"), &folder.path().join("harbour"));
    let harbour = folder.path().join("harbour").display().to_string();
    let mut args = vec!["plan", &harbour, "--offline", "--now", "2026-02-02T09:00:00Z"];
    args.extend(more);
    let ran = run_in(Some(data), &args, "", Terminal::default());
    assert_eq!(ran.exit as u8, 0, "{}", ran.err);
    ran
}

#[test]
fn the_sample_is_planned_without_a_network() {
    let ran = sample(&[]);
    assert!(ran.out.lines().all(|line| line.chars().count() <= 100), "{}", ran.out);
    insta::assert_snapshot!("plan_sample", ran.out);
}

#[test]
fn the_same_input_gives_the_same_bytes_and_a_shape_that_is_published() {
    let (first, second) = (sample(&["--format", "json"]), sample(&["--format", "json"]));
    assert_eq!(first.out, second.out);
    let schema = trimtab_testkit::repository().join("docs/schemas/plan-1.schema.json");
    let schema: Value = serde_json::from_slice(&fs::read(schema).unwrap()).unwrap();
    let document: Value = serde_json::from_str(&first.out).unwrap();
    let validator = jsonschema::options().build(&schema).unwrap();
    let faults: Vec<String> = validator.iter_errors(&document).map(|e| e.to_string()).collect();
    assert!(faults.is_empty(), "{faults:#?}");
    sums(&json::read(&first.out).unwrap());
}

#[test]
fn slips_are_told_with_what_to_write() {
    let says = |args: &[&str]| {
        let root = trimtab_testkit::repository();
        let folder = tempfile::tempdir().unwrap();
        indexed(&root.join("examples/advisories"), folder.path());
        let harbour = root.join("examples/harbour").display().to_string();
        let mut all = vec!["plan", &harbour, "--offline"];
        all.extend(args);
        let ran = run_in(Some(folder.path().to_owned()), &all, "", Terminal::default());
        (ran.exit as u8, ran.err)
    };
    let (exit, err) = says(&["--cadence", "fortnight"]);
    assert!(
        exit == 2 && err.contains("`fortnight` is not a cadence") && err.contains("week"),
        "{err}"
    );
    let (exit, err) = says(&["--cadence", "now"]);
    assert!(exit == 2 && err.contains("has no windows"), "{err}");
}

#[test]
fn the_last_plan_is_kept_for_apply() {
    let root = trimtab_testkit::repository();
    let folder = tempfile::tempdir().unwrap();
    indexed(&root.join("examples/advisories"), folder.path());
    let project = folder.path().join("harbour");
    copy(&root.join("examples/harbour"), &project);
    let project = project.display().to_string();
    let says = |args: &[&str]| {
        let ran = run_in(Some(folder.path().to_owned()), args, "", Terminal::default());
        (ran.exit as u8, ran.err)
    };
    let (exit, err) = says(&["apply", "--path", &project]);
    assert!(exit == 2 && err.contains("there is no plan for this repository"), "{err}");
    let (exit, err) = says(&["plan", &project, "--offline", "--now", "2026-02-02T09:00:00Z"]);
    assert_eq!(exit, 0, "{err}");
    let (exit, err) = says(&["apply", "no-such-batch", "--path", &project]);
    assert!(exit == 2 && err.contains("the plan has no batch `no-such-batch`"), "{err}");
    assert!(err.contains("it has: now-booking-api-uv, "), "batches are named: {err}");
    // `plan` takes the folder by itself; where this runs nothing was planned.
    let (exit, err) = says(&["apply", &project]);
    assert!(exit == 2 && err.contains("there is no plan for this repository"), "{err}");
    assert!(err.contains(&format!("trimtab apply --path {project}")), "{err}");
    let (_, err) = says(&["apply", &project, "--path", &project]);
    assert!(err.contains(&format!("trimtab apply --path {project}")), "{err}");
}

/// A plan without a network of a folder with these files: as text, and as JSON.
fn planned(files: &[(&str, &str)]) -> (String, Document) {
    let root = trimtab_testkit::repository();
    let folder = tempfile::tempdir().unwrap();
    let (data, shop) = (folder.path().join("data"), folder.path().join("shop"));
    fs::create_dir(&data).unwrap();
    indexed(&root.join("examples/advisories"), &data);
    for (path, text) in files {
        fs::create_dir_all(shop.join(path).parent().unwrap()).unwrap();
        fs::write(shop.join(path), text).unwrap();
    }
    let shop = shop.display().to_string();
    let run = |format: &str| {
        let args =
            ["plan", &shop, "--offline", "--now", "2026-02-02T09:00:00Z", "--format", format];
        let ran = run_in(Some(data.clone()), &args, "", Terminal::default());
        assert_eq!(ran.exit as u8, 3, "it is incomplete: {}", ran.err);
        ran.out
    };
    (run("text"), json::read(&run("json")).unwrap())
}

/// The text before the second sentence, which tells the rhythm.
fn headline(text: &str) -> String {
    let lines = text.lines().take_while(|line| !line.contains("points per window"));
    lines.collect::<Vec<_>>().join(" ")
}

const LOCKED: &str = r#"{ "name": "shop", "lockfileVersion": 3, "packages": {
    "": { "dependencies": { "axios": "0.21.0" } }, "node_modules/axios": { "version": "0.21.0" } } }"#;
const CLEAN: &str = r#"{ "name": "shop", "lockfileVersion": 3, "packages": {
    "": { "dependencies": { "no-such": "1.0.0" } }, "node_modules/no-such": { "version": "1.0.0" } } }"#;
const CUT: &str = r#"{ "name": "shop", "lockfileVersion": 3, "packages": {"#;

#[test]
fn what_cannot_be_read_is_unknown_and_not_nothing() {
    let (text, plan) = planned(&[("package-lock.json", CUT)]);
    insta::assert_snapshot!(headline(&text), @"shop: open findings are unknown because `package-lock.json` could not be read");
    let [unread] = &plan.unread[..] else { panic!("{plan:#?}") };
    assert_eq!((&*unread.file, unread.partly, plan.read), ("package-lock.json", false, 0));
    assert!(unread.code.starts_with("file-") && !unread.why.is_empty(), "{unread:?}");
}

#[test]
fn what_is_unknown_stands_beside_what_was_read() {
    let (text, plan) = planned(&[("a/package-lock.json", CUT), ("b/package-lock.json", CLEAN)]);
    insta::assert_snapshot!(headline(&text), @"shop: no open findings in what was read; there may be more because `a/package-lock.json` could not be read");
    assert_eq!((plan.unread.len(), plan.read), (1, 1));
    let cut = ["a", "c", "d", "e"].map(|folder| format!("{folder}/package-lock.json"));
    let mut files: Vec<(&str, &str)> = cut.iter().map(|path| (path.as_str(), CUT)).collect();
    files.push(("b/package-lock.json", LOCKED));
    let (text, plan) = planned(&files);
    insta::assert_snapshot!(headline(&text), @"shop: 1 batch removes 2 of 2 open findings, and 100 % of the load of 4; there may be more because 4 files could not be read: `a/package-lock.json`, `c/package-lock.json`, `d/package-lock.json` and 1 more");
    let named: Vec<&str> = plan.unread.iter().map(|one| one.file.as_str()).collect();
    assert_eq!(named, cut, "JSON names all of them");
    assert!(!plan.findings.is_empty());
    // A folder without anything that could be read is no answer either.
    let (text, plan) = planned(&[("notes.txt", "")]);
    let unknown = "open findings are unknown because no file that lists dependencies was found";
    assert!(headline(&text).contains(unknown), "{text}");
    assert_eq!(plan.read, 0);
}

/// A small web shop of ours in a repository, planned offline with its last plan kept.
struct Kept {
    folder: tempfile::TempDir,
}

impl Kept {
    fn new() -> Kept {
        let root = trimtab_testkit::repository();
        let kept = Kept { folder: tempfile::tempdir().unwrap() };
        fs::create_dir(kept.data()).unwrap();
        indexed(&root.join("examples/advisories"), &kept.data());
        copy(&root.join("examples/harbour"), &kept.harbour());
        git(&kept.harbour(), &["init", "-q", "-b", "main"]);
        git(&kept.harbour(), &["config", "user.name", "Ann"]);
        git(&kept.harbour(), &["config", "user.email", "ann@example.org"]);
        git(&kept.harbour(), &["add", "."]);
        git(&kept.harbour(), &["commit", "-qm", "First"]);
        kept
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    fn harbour(&self) -> PathBuf {
        self.folder.path().join("harbour")
    }

    fn run(&self, args: &[&str]) -> Ran {
        run_in(Some(self.data()), args, "", Terminal::default())
    }

    fn plan(&self, now: &str) -> Document {
        let harbour = self.harbour().display().to_string();
        let args = ["plan", &harbour, "--offline", "--now", now, "--format", "json"];
        let ran = self.run(&[&args[..], &["--cadence", "week", "--capacity", "4"]].concat());
        assert_eq!(ran.exit as u8, 0, "{}", ran.err);
        json::read(&ran.out).unwrap()
    }
}

fn told(plan: &Document) -> Vec<(String, String, Vec<String>)> {
    let batches = plan.batches.iter();
    batches.map(|b| (b.name.clone(), b.window.clone(), b.actions.clone())).collect()
}

/// Nobody waits for minutes to be told that there is no such folder.
#[test]
fn an_output_without_a_folder_is_told_before_the_work() {
    let kept = Kept::new();
    let harbour = kept.harbour().display().to_string();
    let ran =
        kept.run(&["plan", &harbour, "--offline", "--output", "no-such-folder-here/plan.txt"]);
    assert_eq!(ran.exit as u8, 2, "{}", ran.err);
    assert!(ran.err.contains("there is no folder `no-such-folder-here`"), "{}", ran.err);
    assert!(!kept.data().join("plans").exists(), "nothing was planned");
}

/// What nobody was asked about takes the place of no plan that was confirmed.
#[test]
fn a_guess_does_not_replace_what_was_confirmed() {
    let kept = Kept::new();
    let now = "2026-02-02T09:00:00Z";
    kept.plan(now);
    let file = fs::read_dir(kept.data().join("plans")).unwrap().next().unwrap().unwrap().path();
    let mut confirmed = json::read(&fs::read_to_string(&file).unwrap()).unwrap();
    confirmed.actions[0].confirmed = true;
    let mut text = Vec::new();
    json::write(&confirmed, &mut text).unwrap();
    fs::write(&file, &text).unwrap();
    let harbour = kept.harbour().display().to_string();
    let ran = kept.run(&["plan", &harbour, "--offline", "--now", now]);
    assert!(ran.err.contains("still uses the last confirmed plan"), "{}", ran.err);
    assert!(fs::read(&file).unwrap() == text, "the confirmed plan is as it was");
}

#[test]
fn what_is_open_keeps_its_batch_and_its_name() {
    let kept = Kept::new();
    let first = kept.plan("2026-02-02T09:00:00Z");
    assert_eq!(told(&kept.plan("2026-02-02T09:00:00Z")), told(&first), "planned again");
    let window = |name: &str| first.rhythm.windows.iter().position(|w| w.name == name);
    let (open, at) =
        first.batches.iter().find_map(|batch| Some((batch, window(&batch.window)?))).unwrap();
    let branch = format!("trimtab/{}", open.name);
    git(&kept.harbour(), &["checkout", "-qb", &branch]);
    let text = format!("Raise\n\nTrimtab-Batch: {}", open.name);
    git(&kept.harbour(), &["commit", "-q", "--allow-empty", "-m", &text]);
    git(&kept.harbour(), &["checkout", "-q", "main"]);
    // In the window after its own, and again in the next.
    for next in [at + 1, at + 2] {
        let now = first.rhythm.windows[next].start.clone();
        let then = kept.plan(&now);
        let same: Vec<_> = then.batches.iter().filter(|b| b.name == open.name).collect();
        assert_eq!(same.len(), 1, "{:#?}", told(&then));
        let sorted = |all: &[String]| {
            let mut all = all.to_vec();
            all.sort();
            all
        };
        assert_eq!(sorted(&same[0].actions), sorted(&open.actions));
        assert_eq!((&same[0].place, &same[0].tool), (&open.place, &open.tool));
        assert_eq!(same[0].window, then.rhythm.windows[0].name, "it is for the window that runs");
        assert!(same[0].why_now.iter().any(|why| why.contains(&branch)), "{:?}", same[0].why_now);
        assert_eq!(told(&kept.plan(&now)), told(&then), "planned again");
        sums(&then);
    }
    // What is merged is open no more: what is left of it is planned anew, under the name of its window.
    git(&kept.harbour(), &["merge", "-q", "--no-edit", "--no-ff", &branch]);
    let after = kept.plan(&first.rhythm.windows[at + 2].start);
    assert!(after.batches.iter().all(|batch| batch.name != open.name), "{:#?}", told(&after));
}

/// One of its actions was left out when it was carried out: the branch removes nothing of that.
#[test]
fn what_was_left_out_is_not_taken_for_carried_out() {
    let kept = Kept::new();
    let first = kept.plan("2026-02-02T09:00:00Z");
    let several = |batch: &&json::Batch| batch.actions.len() > 1;
    let open = first.batches.iter().find(several).unwrap();
    let (left, others) = open.actions.split_last().unwrap();
    git(&kept.harbour(), &["checkout", "-qb", &format!("trimtab/{}", open.name)]);
    let text = format!("Raise\n\nTrimtab-Batch: {}\nTrimtab-Left: {left}", open.name);
    git(&kept.harbour(), &["commit", "-q", "--allow-empty", "-m", &text]);
    git(&kept.harbour(), &["checkout", "-q", "main"]);
    let then = kept.plan("2026-02-02T09:00:00Z");
    let same = then.batches.iter().find(|batch| batch.name == open.name).unwrap();
    let sorted = |all: &[String]| {
        let mut all = all.to_vec();
        all.sort();
        all
    };
    assert_eq!(sorted(&same.actions), sorted(others), "{:#?}", told(&then));
    let mut elsewhere = then.batches.iter().filter(|batch| batch.actions.contains(left));
    assert!(elsewhere.next().is_some(), "it is planned anew: {:#?}", told(&then));
    sums(&then);
}

/// What broke the tests is not placed again in the same version, before people ask for it.
#[test]
fn what_broke_tests_is_not_planned_again_before_people_say_so() {
    let kept = Kept::new();
    let now = "2026-02-02T09:00:00Z";
    let first = kept.plan(now);
    let name = first.batches.iter().flat_map(|batch| &batch.actions).next().unwrap();
    let action = first.actions.iter().find(|action| action.name == *name).unwrap();
    let moves = action.moves.iter().filter(|moved| !moved.to.is_empty());
    let mut versions: Vec<String> =
        moves.map(|moved| format!("{}@{}", moved.package, moved.to.join(","))).collect();
    if versions.is_empty() {
        let (package, _) = action.proposal.package.rsplit_once('@').unwrap();
        versions.push(format!("{package}@{}", action.proposal.to.as_ref().unwrap()));
    }
    // As `apply` keeps it.
    let plans = fs::read_dir(kept.data().join("plans")).unwrap();
    let plan = plans.map(|entry| entry.unwrap().path()).find(|p| p.extension().unwrap() == "json");
    let broke = serde_json::json!([{
        "place": action.place, "versions": versions, "on": "2026-01-30T12:00:00Z",
    }]);
    fs::write(plan.unwrap().with_extension("broke.json"), broke.to_string()).unwrap();
    let then = kept.plan(now);
    assert!(then.batches.iter().all(|batch| !batch.actions.contains(name)), "{:#?}", told(&then));
    let why = then.not_taken.iter().find(|not| not.action == *name).unwrap();
    assert!(why.why.contains("broke the tests on 2026-01-30"), "{why:?}");
    sums(&then);
    let harbour = kept.harbour().display().to_string();
    let args = ["plan", &harbour, "--offline", "--now", now, "--format", "json", "--again"];
    let ran = kept.run(&[&args[..], &["--cadence", "week", "--capacity", "4"]].concat());
    let again = json::read(&ran.out).unwrap();
    assert!(again.batches.iter().any(|batch| batch.actions.contains(name)), "{:#?}", told(&again));
}

#[test]
fn what_stays_can_be_accepted_as_the_plan_writes_it() {
    let kept = Kept::new();
    let plan = kept.plan("2026-02-02T09:00:00Z");
    assert!(!plan.left.is_empty() && plan.left.iter().all(|left| left.accept.is_some()));
    let harbour = kept.harbour().display().to_string();
    let file = kept.harbour().join("exceptions.toml");
    let mut text = fs::read_to_string(&file).unwrap();
    for accept in plan.left.iter().filter_map(|left| left.accept.as_ref()) {
        assert!(accept.refused.is_none() && accept.longest_days.is_some(), "{accept:#?}");
        let entry = accept.exception.as_ref().unwrap();
        let entry = entry
            .replace("<why it is acceptable until then>", "It is behind the wall.")
            .replace("<name and address of who asks>", "Ada Engel, ada@example.org")
            .replace("<what lowers the risk meanwhile>", "The wall.");
        assert!(!entry.contains('<'), "nothing else is left to people: {entry}");
        let side = accept.may_approve.first().unwrap();
        text += &format!("\n{entry}approver = \"Grace Moser\"\napprover-role = \"{side}\"\n");
    }
    fs::write(&file, text).unwrap();
    let now = "2026-02-02T09:00:00Z";
    let ran = kept.run(&["exceptions", "check", &harbour, "--now", now]);
    assert_eq!(ran.exit as u8, 0, "{} {}", ran.out, ran.err);
    let still: Vec<String> =
        kept.plan(now).findings.into_iter().map(|finding| finding.name).collect();
    let open: Vec<&String> =
        plan.left.iter().map(|left| &left.finding).filter(|f| still.contains(f)).collect();
    assert!(open.is_empty(), "each is accepted: {open:?}");
    let planned = plan.batches.iter().flat_map(|batch| &batch.removes);
    assert!(planned.clone().all(|finding| still.contains(finding)), "and nothing else");
    // People see it where they ask for all.
    let plan = ["plan", &harbour, "--offline", "--now", "2026-02-02T09:00:00Z", "--verbose"];
    git(&kept.harbour(), &["checkout", "-q", "."]);
    let ran = kept.run(&plan);
    assert!(ran.out.contains("accept: asked for by") && ran.out.contains("[[exception]]"));
}

#[test]
fn where_nothing_may_run_each_has_its_edit() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    for path in ["data", "records/RubyGems", "shop"] {
        fs::create_dir_all(at(path)).unwrap();
    }
    let names = ["ant", "bee", "cat", "dog"];
    for (number, name) in names.iter().enumerate() {
        let record = serde_json::json!({
            "schema_version": "1.6.0", "id": format!("OSV-TEST-{number}"), "summary": "made up",
            "published": "2025-12-01T00:00:00Z", "modified": "2025-12-01T00:00:00Z",
            "affected": [{
                "package": { "ecosystem": "RubyGems", "name": name },
                "ranges": [{ "type": "ECOSYSTEM", "events": [{ "introduced": "0" }, { "fixed": "1.1.0" }] }],
            }],
        });
        fs::write(at(&format!("records/RubyGems/OSV-TEST-{number}.json")), record.to_string())
            .unwrap();
    }
    indexed(&at("records"), &at("data"));
    let lines = |line: &dyn Fn(&str) -> String| names.map(line).concat();
    let gems = lines(&|name| format!("gem \"{name}\", \"1.0.0\"\n"));
    fs::write(at("shop/Gemfile"), format!("source \"https://gems.example\"\n{gems}")).unwrap();
    let locked = lines(&|name| format!("    {name} (1.0.0)\n"));
    let asked = lines(&|name| format!("  {name} (= 1.0.0)\n"));
    let lock = format!(
        "GEM\n  remote: https://gems.example/\n  specs:\n{locked}\nPLATFORMS\n  ruby\n\nDEPENDENCIES\n{asked}\nBUNDLED WITH\n   2.4.0\n"
    );
    fs::write(at("shop/Gemfile.lock"), lock).unwrap();
    let shop = at("shop").display().to_string();
    let args = ["plan", &shop, "--now", "2026-02-02T09:00:00Z", "--format", "json"];
    let ran = run_in(Some(at("data")), &args, "", Terminal::default());
    let plan = json::read(&ran.out).unwrap();
    for name in names {
        let left =
            plan.left.iter().find(|left| left.finding.ends_with(&format!(" in {name} 1.0.0")));
        let left = left.unwrap_or_else(|| panic!("{name}: {:#?} {}", plan.left, ran.err));
        let [edit] = &left.edit[..] else { panic!("{left:#?}") };
        assert!(edit.diff.contains(&format!("+gem \"{name}\", \"1.1.0\"")), "{edit:#?}");
        let by_hand = left.next.as_ref().unwrap().ends_with("or make the edit by hand");
        assert!(by_hand, "{left:#?}");
    }
}

#[test]
fn where_the_package_manager_is_missing_one_try_tells_all() {
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    for path in ["data", "records/npm", "shop", "none"] {
        fs::create_dir_all(at(path)).unwrap();
    }
    let names = ["ant", "bee", "cat", "dog"];
    let (mut asked, mut locked) = (serde_json::Map::new(), serde_json::Map::new());
    for (number, name) in names.iter().enumerate() {
        let record = serde_json::json!({
            "schema_version": "1.6.0", "id": format!("OSV-TEST-{number}"), "summary": "made up",
            "published": "2025-12-01T00:00:00Z", "modified": "2025-12-01T00:00:00Z",
            "affected": [{
                "package": { "ecosystem": "npm", "name": name },
                "ranges": [{ "type": "SEMVER", "events": [{ "introduced": "0" }, { "fixed": "1.1.0" }] }],
            }],
        });
        fs::write(at(&format!("records/npm/OSV-TEST-{number}.json")), record.to_string()).unwrap();
        asked.insert((*name).to_owned(), "1.0.0".into());
        let entry = serde_json::json!({ "version": "1.0.0" });
        locked.insert(format!("node_modules/{name}"), entry);
    }
    indexed(&at("records"), &at("data"));
    let manifest = serde_json::json!({ "name": "shop", "version": "1.0.0", "dependencies": asked });
    fs::write(at("shop/package.json"), manifest.to_string()).unwrap();
    locked.insert(String::new(), manifest);
    let lock = serde_json::json!({
        "name": "shop", "version": "1.0.0", "lockfileVersion": 3, "packages": locked,
    });
    fs::write(at("shop/package-lock.json"), lock.to_string()).unwrap();
    let ran = Command::new(env!("CARGO_BIN_EXE_trimtab"))
        .args(["plan", "--now", "2026-02-02T09:00:00Z", "--format", "json"])
        .arg("--db")
        .arg(at("data/advisories.index"))
        .arg(at("shop"))
        .env("PATH", at("none"))
        .env("XDG_DATA_HOME", at("data"))
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&ran.stderr);
    let plan = json::read(&String::from_utf8_lossy(&ran.stdout)).unwrap();
    assert_eq!(plan.left.len(), names.len(), "{err}");
    assert!(plan.search.tries <= 1, "{err}");
    for left in &plan.left {
        assert!(left.why.starts_with("`npm` is not installed"), "{left:#?}");
        assert_eq!(left.edit.len(), 1, "{left:#?}");
    }
    for round in ["Relocking together", "Raising together", "First tries", "Forcing together"] {
        assert!(!err.contains(round), "nothing more is tried: {err}");
    }
}
