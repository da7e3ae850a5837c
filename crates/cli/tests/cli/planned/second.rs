//! A second scanner, written by others, looks at what was planned.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;
use trimtab_report::plan::json::Document;

/// Package, version and advisory of each finding, as osv-scanner tells them.
type Seen = std::collections::BTreeSet<(String, String, String)>;

/// With all batches made (without one, as in a quarantine: the first action), osv-scanner sees what they remove no
/// more, having seen it before, and nothing new. `unseen`: it cannot see what the case is about. Where it is not installed
/// (`go install github.com/google/osv-scanner/v2/cmd/osv-scanner@v2.4.0`), that is told.
pub(crate) fn a_second_scanner_agrees(
    plan: &Document,
    folder: &Path,
    advisories: &Path,
    scratch: &Path,
    unseen: bool,
) {
    let database = scratch.join("second");
    // It looks in the first up to 2.4, and in the second since.
    for place in ["osv-scanner", "osv-scalibr"] {
        for ecosystem in fs::read_dir(advisories.join("osv")).unwrap().map(Result::unwrap) {
            let to = database.join(place).join(ecosystem.file_name());
            fs::create_dir_all(&to).unwrap();
            let mut zip = zip::ZipWriter::new(fs::File::create(to.join("all.zip")).unwrap());
            for record in fs::read_dir(ecosystem.path()).unwrap().map(Result::unwrap) {
                let name = record.file_name().into_string().unwrap();
                zip.start_file(name, zip::write::SimpleFileOptions::default()).unwrap();
                std::io::Write::write_all(&mut zip, &fs::read(record.path()).unwrap()).unwrap();
            }
            zip.finish().unwrap();
        }
    }
    let program = std::env::var_os("OSV_SCANNER").unwrap_or_else(|| "osv-scanner".into());
    let scan = || -> Option<Seen> {
        let ran = Command::new(&program)
            .args(["scan", "source", "--recursive", "--no-ignore", "--offline"])
            .args(["--all-packages", "--all-vulns", "--format", "json", "--local-db-path"])
            .arg(&database)
            .arg(folder)
            .output()
            .ok()?;
        let told: Value = serde_json::from_slice(&ran.stdout).ok()?;
        let list = |value: &Value, key: &str| value[key].as_array().cloned().unwrap_or_default();
        let mut seen = Seen::new();
        for package in list(&told, "results").iter().flat_map(|result| list(result, "packages")) {
            let text = |key: &str| package["package"][key].as_str().unwrap().to_owned();
            for found in list(&package, "vulnerabilities") {
                let id = found["id"].as_str().unwrap().to_owned();
                seen.insert((text("name"), text("version"), id));
            }
        }
        Some(seen)
    };
    let Some(before) = scan() else {
        eprintln!("SKIPPED the second scanner: `osv-scanner` is not installed, or did not run");
        return;
    };
    let first = plan.actions.first().filter(|_| plan.batches.is_empty());
    let done = plan.batches.iter().map(|batch| (&batch.name, &batch.changes, &batch.removes));
    let done = done.chain(first.map(|action| (&action.name, &action.changes, &action.removes)));
    let mut removed = Vec::new();
    for (name, changes, removes) in done {
        let diff: String = changes.iter().map(|change| change.diff.as_str()).collect();
        let file = scratch.join("batch.diff");
        fs::write(&file, diff).unwrap();
        let applied =
            Command::new("git").arg("apply").arg(&file).current_dir(folder).output().unwrap();
        assert!(applied.status.success(), "{name}: {applied:?}");
        removed.extend(removes);
    }
    assert!(!removed.is_empty(), "nothing was removed: {plan:#?}");
    let after = scan().unwrap();
    let plain = |seen: &Seen| -> Seen {
        seen.iter().map(|(name, _, id)| (name.clone(), String::new(), id.clone())).collect()
    };
    assert!(plain(&after).is_subset(&plain(&before)), "new: {after:?} was {before:?}");
    for name in removed {
        let finding = plan.findings.iter().find(|finding| finding.name == *name).unwrap();
        let purl = finding.package.parse::<trimtab_model::Purl>().unwrap();
        let version = purl.version().unwrap_or_default().trim_start_matches('v');
        let is_it = |(name, at, id): &&(String, String, String)| {
            let known = finding.vulnerability == *id || finding.aliases.contains(id);
            known && name.ends_with(purl.name()) && at.trim_start_matches('v') == version
        };
        assert_eq!(before.iter().any(|seen| is_it(&seen)), !unseen, "{name}: {before:?}");
        // Neither as it was, nor at a version that mends nothing.
        let others = |seen: &&(String, String, String)| !before.contains(*seen) || is_it(seen);
        let is_still = after.iter().filter(others).any(|(name, _, id)| {
            let known = finding.vulnerability == *id || finding.aliases.contains(id);
            known && name.ends_with(purl.name())
        });
        assert!(!is_still, "{name} is still seen: {after:?}");
    }
    eprintln!("the second scanner: {} findings before, {} after", before.len(), after.len());
}
