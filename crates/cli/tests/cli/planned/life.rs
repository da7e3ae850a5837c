//! A plan is carried out in a repository, as a person would: a branch for each batch, merged; then a new scan.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use trimtab_report::plan::json::Document;

use crate::planned::case::search_path;
use crate::planning::{bytes, copy, git};

/// The command itself, with its own folder for data.
fn trimtab(tool: &str, data: &Path, args: &[&str]) -> (Option<i32>, String, String) {
    let db = data.join("advisories.index").display().to_string();
    let ran = Command::new(env!("CARGO_BIN_EXE_trimtab"))
        .args(args)
        .env("PATH", search_path(tool))
        .env("XDG_DATA_HOME", data)
        .env("TRIMTAB_DB", db)
        .output()
        .unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (ran.status.code(), text(ran.stdout), text(ran.stderr))
}

/// Names of vulnerabilities and packages, without versions, that a folder has.
fn found(tool: &str, data: &Path, folder: &Path) -> BTreeSet<(String, String)> {
    let folder = folder.display().to_string();
    let (code, out, err) = trimtab(tool, data, &["scan", &folder, "--format", "json"]);
    assert_eq!(code, Some(0), "{err}");
    let scan: Value = serde_json::from_str(&out).unwrap();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let all = scan["findings"].as_array().unwrap().iter();
    all.map(|f| (text(&f["vulnerability"]["id"]), text(&f["package"]))).collect()
}

/// Carries out every batch of a plan of a project, with this test command (`none`: nothing is run), and merges it.
pub(crate) fn carried_out(tool: &str, data: &Path, project: &Path, plan: &Document, test: &str) {
    let scratch = tempfile::tempdir().unwrap();
    let folder = scratch.path().join("life");
    copy(project, &folder);
    git(&folder, &["init", "-q"]);
    git(&folder, &["config", "user.name", "Ann"]);
    git(&folder, &["config", "user.email", "ann@example.org"]);
    git(&folder, &["add", "."]);
    git(&folder, &["commit", "-qm", "First"]);
    let there = found(tool, data, &folder);
    let shown = folder.display().to_string();
    let file = scratch.path().join("plan.json");
    std::fs::write(&file, serde_json::to_vec(plan).unwrap()).unwrap();
    let file = file.display().to_string();
    let files = || {
        let mut all = bytes(&folder);
        all.retain(|path, _| !path.starts_with(folder.join(".git")));
        all
    };
    for batch in &plan.batches {
        let (checkout, status) = (files(), git(&folder, &["status", "--porcelain"]));
        let args = ["apply", &batch.name, "--path", &shown, "--plan", &file, "--test", test];
        let more = ["--format", "json", "--now", "2026-02-02T09:00:00Z"];
        let (code, out, err) = trimtab(tool, data, &[&args[..], &more].concat());
        assert_eq!(code, Some(0), "{tool}: {err}\n{out}");
        let told: Value = serde_json::from_str(&out).unwrap();
        assert_eq!(told["outcome"], "applied", "{tool}: {told:#}");
        assert_eq!(told["removes"].as_array().unwrap().len(), batch.removes.len(), "{told:#}");
        let branch = format!("trimtab/{}", batch.name);
        assert_eq!(told["branch"], branch);
        assert_eq!(files(), checkout, "the checkout is as it was");
        assert_eq!(git(&folder, &["status", "--porcelain"]), status);
        assert_eq!(git(&folder, &["symbolic-ref", "HEAD"]), "refs/heads/main");
        git(&folder, &["merge", "-q", "--no-edit", &branch]);
    }
    let left = found(tool, data, &folder);
    assert!(left.is_subset(&there), "{tool}: none came in: {left:?}, was {there:?}");
    for removed in plan.batches.iter().flat_map(|batch| &batch.removes) {
        let finding = plan.findings.iter().find(|finding| finding.name == *removed).unwrap();
        // A scan does not see what the package manager alone knows.
        if finding.version_by.is_some() {
            continue;
        }
        let ids: Vec<&String> =
            std::iter::once(&finding.vulnerability).chain(&finding.aliases).collect();
        let name = finding.package.parse::<trimtab_model::Purl>().unwrap();
        let is =
            |(id, package): &&(String, String)| ids.contains(&id) && package.ends_with(name.name());
        assert!(there.iter().any(|f| is(&f)), "{removed} was not there: {there:?}");
        // Of several versions with one finding, those that no action moves may be left.
        let others = |f: &&String| plan.left.iter().any(|left| left.finding == ***f);
        let same = |f: &&trimtab_report::plan::json::Finding| ids.contains(&&f.vulnerability);
        let rest = plan.findings.iter().filter(same).map(|f| &f.name).any(|f| others(&f));
        assert!(rest || !left.iter().any(|f| is(&f)), "{removed} is still there: {left:?}");
    }
    // Taken back, the last batch leaves what was before it.
    let Some(last) = plan.batches.last() else { panic!("{tool}: nothing was planned") };
    let (code, _, err) = trimtab(tool, data, &["rollback", &last.name, "--path", &shown]);
    assert_eq!(code, Some(0), "{err}");
    let tree = |of: &str| git(&folder, &["rev-parse", &format!("{of}^{{tree}}")]);
    assert_eq!(tree(&format!("trimtab/rollback-{}", last.name)), tree("HEAD~1"));
}
