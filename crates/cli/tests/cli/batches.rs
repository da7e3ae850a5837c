//! Small real projects with a plan, to be carried out.
use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::{Value, json};
use trimtab_cli::Exit;

use crate::command::{Ran, Terminal, run, run_in};

/// What is asked: way, package, version, position of the advisory.
pub(crate) type Act = (&'static str, &'static str, &'static str, usize);

/// A project in a repository, with an index and a plan beside it.
pub(crate) struct Case {
    pub(crate) folder: tempfile::TempDir,
}

/// Runs git; what it says.
pub(crate) fn git(folder: &Path, args: &[&str]) -> String {
    let who =
        ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "init.defaultBranch=main"];
    let ran = Command::new("git").arg("-C").arg(folder).args(who).args(args).output().unwrap();
    assert!(ran.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&ran.stderr));
    String::from_utf8(ran.stdout).unwrap().trim().to_owned()
}

impl Case {
    /// `prepare`: what makes the lockfile. `None`: it could not be run.
    pub(crate) fn new(
        files: &[(&str, &str)],
        prepare: &[&str],
        advisories: &[(&str, &str, &str)],
    ) -> Option<Case> {
        let case = Case { folder: tempfile::tempdir().unwrap() };
        let root = case.root();
        fs::create_dir(&root).unwrap();
        for (name, text) in files {
            let path = root.join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, text).unwrap();
        }
        if let Some((program, arguments)) = prepare.split_first() {
            let ran = Command::new(program)
                .args(arguments)
                .current_dir(&root)
                .env("GOTOOLCHAIN", "local")
                .stdout(Stdio::null())
                .status();
            if !ran.is_ok_and(|status| status.success()) {
                eprintln!(
                    "SKIPPED: `{}` is not installed, or reaches no registry",
                    prepare.join(" ")
                );
                return None;
            }
        }
        git(&root, &["init", "-q"]);
        git(&root, &["add", "."]);
        git(&root, &["commit", "-qm", "First"]);
        git(&root, &["config", "user.name", "Ann"]);
        git(&root, &["config", "user.email", "ann@example.org"]);
        let records = case.folder.path().join("records");
        for (at, (ecosystem, package, fixed)) in advisories.iter().enumerate() {
            let folder = records.join(ecosystem);
            fs::create_dir_all(&folder).unwrap();
            let id = format!("OSV-TEST-{at}");
            let own = ["PyPI", "Maven"].contains(ecosystem);
            let kind = if own { "ECOSYSTEM" } else { "SEMVER" };
            let record = json!({
                "schema_version": "1.6.0", "id": id, "modified": "2026-01-01T00:00:00Z",
                "published": "2026-01-01T00:00:00Z", "summary": "made up",
                "affected": [{
                    "package": { "ecosystem": ecosystem, "name": package },
                    "ranges": [{ "type": kind, "events": [{ "introduced": "0" }, { "fixed": fixed }] }],
                }],
            });
            fs::write(folder.join(format!("{id}.json")), record.to_string()).unwrap();
        }
        let ran = run(&["db", "update", "--from", &text(&records), "--db", &case.db()]);
        assert_eq!(ran.exit, Exit::Clean, "{}", ran.err);
        Some(case)
    }

    pub(crate) fn root(&self) -> PathBuf {
        self.folder.path().join("project")
    }

    pub(crate) fn db(&self) -> String {
        text(&self.folder.path().join("advisories.index"))
    }

    /// A plan with one batch of these: way, package, version, position of the advisory.
    pub(crate) fn plan(&self, tool: &str, place: &str, actions: &[Act]) -> String {
        self.plan_of(tool, place, &[("week-48", actions)], None)
    }

    /// A plan with these batches.
    pub(crate) fn plan_of(
        &self,
        tool: &str,
        place: &str,
        batches: &[(&str, &[Act])],
        limit: Option<u32>,
    ) -> String {
        let acts = || batches.iter().flat_map(|(_, acts)| acts.iter());
        let name = |act: &Act| format!("action-{}", act.3);
        let finding = |act: &Act| format!("finding-{}", act.3);
        let actions: Vec<Value> = acts()
            .map(|act| {
                let (way, package, to, _) = act;
                json!({
                    "name": name(act), "way": way, "place": place, "tool": tool, "confirmed": true,
                    "proposal": { "way": way, "package": package, "to": to, "other": null },
                    "moves": [], "distance": null, "removes": [finding(act)],
                    "brings": [], "cost": { "least": 1.0, "most": 2.0, "points": 1.67, "reasons": [],
                        "estimate": { "kind": way, "distance": "patch", "transitive": true,
                            "least": 1.0, "most": 2.0, "confidence": 0.9, "finished": 0,
                            "reverted": 0 } },
                    "confidence": { "value": 0.9, "reasons": [] }, "quarantine": null,
                    "checks": [], "changes": [], "commands": [],
                })
            })
            .collect();
        let findings: Vec<Value> = acts()
            .map(|act| {
                let (_, package, to, at) = act;
                json!({
                    "name": finding(act), "vulnerability": format!("OSV-TEST-{at}"),
                    "aliases": [], "package": package, "file": place, "level": "high", "weight": 2.5,
                    "deadline": "2026-12-12T00:00:00Z", "exploited": false, "now": false, "fix": to,
                })
            })
            .collect();
        let batches: Vec<Value> = batches
            .iter()
            .map(|(batch, acts)| {
                json!({
                    "name": batch, "window": "week of 2026-11-23", "place": place, "folder": "", "tool": tool,
                    "after": null, "actions": acts.iter().map(name).collect::<Vec<_>>(),
                    "least": 1.0, "most": 2.0, "points": 1.5,
                    "removes": acts.iter().map(finding).collect::<Vec<_>>(), "load": 5.0, "load_days": 9.0,
                    "by": "2026-11-27T17:00:00Z", "confirmed": "together", "moves": [], "changes": [],
                    "why_these": acts.iter().map(|act| format!("{} removes the most load for a point", name(act))).collect::<Vec<_>>(), "why_now": ["it is the first window"],
                })
            })
            .collect();
        let plan = json!({
            "format": "trimtab-plan", "version": 1, "target": "app", "now": "2026-11-28T10:00:00Z",
            "folder": "", "index": { "data_date": null, "digest": "" },
            "charter": { "name": "Shared framework", "version": "1" },
            "rhythm": { "team": "this team", "cadence": "week", "capacity": 10.0, "days_per_point": 1.0,
                "open_limit": limit, "assumed": [], "windows": [], "horizon": "2027-02-26T10:00:00Z" },
            "search": { "offline": false, "ideas": 1, "confirmed": 1, "tries": 1, "cut_short": false },
            "load": 5.0,
            "worth": { "objective": 1.0, "bound": 1.0, "gap": 0.0, "load_days": 1.0, "missed": 0 },
            "nothing": { "load_days": 1.0, "missed": [] }, "course": [],
            "batches": batches,
            "actions": actions, "left": [], "not_taken": [], "margins": [], "findings": findings,
        });
        let file = self.folder.path().join("plan.json");
        fs::write(&file, plan.to_string()).unwrap();
        text(&file)
    }

    pub(crate) fn apply(&self, plan: &str, more: &[&str]) -> (Ran, Value) {
        let json = self.folder.path().join("applied.json");
        let (root, db, output) =
            (text(&self.root()), self.db(), format!("json={}", json.display()));
        let args = [
            "apply",
            "week-48",
            "--plan",
            plan,
            "--path",
            &root,
            "--db",
            &db,
            "--output",
            &output,
            "--now",
            "2026-11-28T10:00:00Z",
        ];
        let data = self.folder.path().join("data");
        let ran = run_in(Some(data), &[&args[..], more].concat(), "", Terminal::default());
        let told = fs::read_to_string(json).ok().map(|text| serde_json::from_str(&text).unwrap());
        (ran, told.unwrap_or_default())
    }

    /// Everything but the objects of git and what it writes about our own branches.
    pub(crate) fn state(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        fn walk(folder: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let shown = text(&path);
                if [".git/objects", "refs/heads/trimtab", "remotes/origin/trimtab"]
                    .iter()
                    .any(|ours| shown.contains(ours))
                {
                    continue;
                }
                if path.is_dir() {
                    walk(&path, all);
                } else {
                    let bytes = fs::read(&path).unwrap();
                    all.insert(path, bytes);
                }
            }
        }
        let mut all = BTreeMap::new();
        walk(&self.root(), &mut all);
        all
    }
}

/// A path as an argument.
pub(crate) fn text(path: &Path) -> String {
    path.display().to_string()
}

/// The registry was away in the middle.
pub(crate) fn is_away(told: &Value) -> bool {
    let away = told["actions"].to_string().contains("a registry did not answer");
    if away {
        eprintln!("SKIPPED: a registry did not answer");
    }
    away
}

/// A project of npm: `ms` and `inherits` may move within their ranges. `None`: npm is not there.
pub(crate) fn npm(test: &str) -> Option<Case> {
    let manifest = r#"{"name": "app", "version": "1.0.0", "scripts": {"test": "node --test"}, "dependencies": {"ms": "^2.0.0", "inherits": "^2.0.0", "once": "1.4.0"}}"#;
    let files =
        [("package.json", manifest), ("app.test.js", test), (".gitignore", "node_modules\n")];
    let lock = "npm install --package-lock-only --silent ms@2.0.0 inherits@2.0.3 --save-exact \
        && sed -i 's/\"ms\": \"2.0.0\"/\"ms\": \"^2.0.0\"/; s/\"inherits\": \"2.0.3\"/\"inherits\": \"^2.0.0\"/' package.json package-lock.json";
    Case::new(&files, &["sh", "-c", lock], &[("npm", "ms", "2.1.1"), ("npm", "inherits", "2.0.4")])
}

/// Moves `ms`.
pub(crate) const MS: Act = ("raise", "pkg:npm/ms@2.0.0", "2.1.3", 0);
/// Moves `inherits`.
pub(crate) const INHERITS: Act = ("raise", "pkg:npm/inherits@2.0.3", "2.0.4", 1);
