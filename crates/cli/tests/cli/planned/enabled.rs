//! What others make possible: with pip, and wheels of ours in a folder of this machine.

use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::json;
use trimtab_report::plan::json::{self, Document};

use crate::planning::{bytes, indexed, sums};

/// A wheel says what it is by a file, and is an archive that Python can write.
const WHEEL: &str = "\
import sys, zipfile
name, version, *needs = sys.argv[1:]
info = f'{name}-{version}.dist-info'
head = f'Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n'
with zipfile.ZipFile(f'{name}-{version}-py3-none-any.whl', 'w') as wheel:
    wheel.writestr(f'{name}.py', '')
    wheel.writestr(f'{info}/METADATA', head + ''.join(f'Requires-Dist: {n}\\n' for n in needs))
    wheel.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    wheel.writestr(f'{info}/RECORD', '')
";

/// A package at a version with what it needs.
type Wheel<'w> = (&'w str, &'w str, &'w [&'w str]);

/// Plans pins. `None`: there is no Python or pip.
fn planned(pins: &str, wheels: &[Wheel<'_>], records: &[(&str, &str, &str)]) -> Option<Document> {
    let scratch = tempfile::tempdir().unwrap();
    let of = |name: &str| scratch.path().join(name);
    for name in ["data", "wheels", "advisories/osv", "project"] {
        fs::create_dir_all(of(name)).unwrap();
    }
    for (name, version, needs) in wheels {
        let mut python = Command::new("python3");
        python.args(["-c", WHEEL, name, version]).args(*needs).current_dir(of("wheels"));
        match python.status() {
            Ok(status) if status.success() => {}
            other => {
                eprintln!("SKIPPED: `python3`: {other:?}");
                return None;
            }
        }
    }
    for (name, from, fixed) in records {
        let id = format!("OSV-TEST-{name}");
        let events = json!([{ "introduced": from }, { "fixed": fixed }]);
        let record = json!({
            "schema_version": "1.6.0", "id": id, "modified": "2026-01-01T00:00:00Z",
            "published": "2026-01-01T00:00:00Z", "summary": "A fault",
            "severity": [{ "type": "CVSS_V3", "score": "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H" }],
            "affected": [{
                "package": { "ecosystem": "PyPI", "name": name },
                "ranges": [{ "type": "ECOSYSTEM", "events": events }],
            }],
        });
        let file = of("advisories/osv").join(format!("{id}.json"));
        fs::write(file, record.to_string()).unwrap();
    }
    fs::write(of("project").join("requirements.txt"), pins).unwrap();
    indexed(&of("advisories"), &of("data"));
    let before = bytes(&of("project"));
    let plan = plan(scratch.path())?;
    assert_eq!(bytes(&of("project")), before, "the project is only read");
    sums(&plan);
    Some(plan)
}

fn plan(scratch: &Path) -> Option<Document> {
    let ran = Command::new(env!("CARGO_BIN_EXE_trimtab"))
        .args(["plan", "--format", "json", "--cadence", "week", "--capacity", "100"])
        .args(["--now", "2026-02-02T09:00:00Z", "--time", "300"])
        .arg("--db")
        .arg(scratch.join("data/advisories.index"))
        .arg(scratch.join("project"))
        .env("XDG_DATA_HOME", scratch.join("data"))
        .envs([("PIP_NO_INDEX", "1"), ("PIP_CONFIG_FILE", "/dev/null")])
        .env("PIP_FIND_LINKS", scratch.join("wheels"))
        .output()
        .unwrap();
    let err = String::from_utf8_lossy(&ran.stderr).into_owned();
    if err.contains("needs the program") {
        eprintln!("SKIPPED: {err}");
        return None;
    }
    assert!(matches!(ran.status.code(), Some(0 | 3)), "{err}");
    Some(json::read(&String::from_utf8(ran.stdout).unwrap()).unwrap())
}

/// `web` 1.1 brings `deep`, whose version without a finding needs a later `base` than `queues` 1.0 allows: pip takes the one
/// before, which has a finding. The raise of `queues` brings `deep` as well, and allows it: so both go together, and none is
/// left out.
#[test]
fn what_another_raise_makes_possible_goes_with_it() {
    let wheels: &[Wheel<'_>] = &[
        ("web", "1.0", &[]),
        ("web", "1.1", &["deep>=1.0"]),
        ("queues", "1.0", &["base==1.0"]),
        ("queues", "1.1", &["base>=2.0", "deep"]),
        ("deep", "1.0", &["base>=1.0"]),
        ("deep", "1.1", &["base>=2.0"]),
        ("base", "1.0", &[]),
        ("base", "2.0", &[]),
    ];
    let records = [("web", "0", "1.1"), ("queues", "0", "1.1"), ("deep", "0", "1.1")];
    let Some(plan) = planned("web==1.0\nqueues==1.0\n", wheels, &records) else { return };
    let all: Vec<&str> = plan.batches.iter().flat_map(|b| &b.removes).map(String::as_str).collect();
    assert!(
        all.iter().any(|f| f.starts_with("OSV-TEST-web ")),
        "{:#?} {:#?}",
        plan.actions,
        plan.left
    );
    let action = plan.actions.iter().find(|action| {
        action.proposal.package.starts_with("pkg:pypi/web") && !action.proposal.with.is_empty()
    });
    let action = action.unwrap_or_else(|| panic!("{:#?} {:#?}", plan.actions, plan.left));
    assert!(action.brings.is_empty(), "{action:#?}");
    assert!(plan.left.is_empty(), "{:#?}", plan.left);
}
