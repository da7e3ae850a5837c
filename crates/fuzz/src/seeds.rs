//! Where mutations start: our own cases, and files of the shared corpus where it is there.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;
use trimtab_extract::registry;
use trimtab_model::Scheme;

use crate::extract::input;

/// Larger files make slow and blunt seeds.
const MAX_SEED: u64 = 16 << 10;

/// Seeds of one format from the shared corpus at most.
const MAX_SHARED: usize = 24;

/// Small trees by format id.
pub(crate) fn trees() -> BTreeMap<&'static str, Vec<Vec<u8>>> {
    let mut all: BTreeMap<&'static str, Vec<Vec<u8>>> = BTreeMap::new();
    let cases = trimtab_testkit::repository().join("corpus/lockfiles");
    for case in folders(&cases).iter().flat_map(|format| folders(format)) {
        let tree: Vec<(String, Vec<u8>)> = under(&case)
            .into_iter()
            .filter(|path| !path.ends_with("expected.json"))
            .map(|path| (relative(&case, &path), fs::read(&path).unwrap_or_default()))
            .collect();
        for (i, (path, content)) in tree.iter().enumerate() {
            for format in registry::claiming(path) {
                let mut rotated = tree.clone();
                rotated[..=i].rotate_right(1);
                let mut bytes = input(&rotated);
                if bytes.len() as u64 > 2 * MAX_SEED {
                    bytes = input(&[(path.clone(), content.clone())]);
                }
                all.entry(format.id).or_default().push(bytes);
            }
        }
    }
    if let Some(shared) = trimtab_testkit::shared() {
        for part in ["corpus/lockfiles", "corpus/sbom", "corpus/projects"] {
            let root = shared.join(part);
            for path in under(&root) {
                shared_file(&root, &path, &mut all);
            }
        }
    }
    all
}

fn shared_file(root: &Path, path: &Path, all: &mut BTreeMap<&'static str, Vec<Vec<u8>>>) {
    let Ok(content) = fs::read(path) else { return };
    let relative = relative(root, path);
    let mut formats: Vec<_> = registry::claiming(&relative).collect();
    if formats.is_empty() {
        formats.extend(registry::sniff(&content));
    }
    for format in formats {
        let own = all.entry(format.id).or_default();
        if own.len() < MAX_SHARED {
            own.push(input(&[(relative.clone(), content.clone())]));
        }
    }
}

/// The contents of our own files of some extensions.
pub(crate) fn of_extensions(extensions: &[&str]) -> Vec<Vec<u8>> {
    let cases = trimtab_testkit::repository().join("corpus/lockfiles");
    let ends = |path: &PathBuf| {
        path.extension().is_some_and(|e| extensions.iter().any(|wanted| e == *wanted))
    };
    under(&cases).iter().filter(|p| ends(p)).filter_map(|p| fs::read(p).ok()).collect()
}

/// The small files under a folder of our own cases.
pub(crate) fn of_folder(folder: &str) -> Vec<Vec<u8>> {
    let folder = trimtab_testkit::repository().join("corpus").join(folder);
    small(under(&folder))
}

/// Small JSON files of a folder of the shared corpus.
pub(crate) fn shared_files(folder: &str) -> Vec<Vec<u8>> {
    let Some(shared) = trimtab_testkit::shared() else { return Vec::new() };
    let json = |path: &PathBuf| path.extension().is_some_and(|e| e == "json");
    let all = under(&shared.join("corpus").join(folder));
    small(all.into_iter().filter(json).collect()).into_iter().take(4 * MAX_SHARED).collect()
}

/// Small reports of other scanners from the shared corpus.
pub(crate) fn shared_reports() -> Vec<Vec<u8>> {
    let Some(shared) = trimtab_testkit::shared() else { return Vec::new() };
    small(under(&shared.join("corpus/reports")))
}

fn small(paths: Vec<PathBuf>) -> Vec<Vec<u8>> {
    paths
        .into_iter()
        .filter_map(|path| fs::read(path).ok())
        .filter(|content| content.len() as u64 <= MAX_SEED)
        .collect()
}

/// The records of our own advisory cases.
pub(crate) fn advisories() -> Vec<Vec<u8>> {
    let folder = trimtab_testkit::repository().join("corpus/advisories");
    let case = |path: PathBuf| serde_json::from_slice::<Value>(&fs::read(path).ok()?).ok();
    let records = |case: Value| match case.get("records") {
        Some(Value::Array(records)) => records.iter().map(|r| r.to_string().into_bytes()).collect(),
        _ => Vec::new(),
    };
    under(&folder).into_iter().filter_map(case).flat_map(records).collect()
}

/// Texts with a prefix in JSON documents of a folder of the shared corpus; a few in any case.
pub(crate) fn strings(folder: &str, prefix: &str) -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        "pkg:npm/%40scope/name@1.0.0?a=b&c=d#sub/path",
        "pkg:maven/org.example/x@1?type=jar&classifier=y",
        "CVSS:3.1/AV:N/AC:L/PR:N/UI:N/S:U/C:H/I:H/A:H",
        "CVSS:4.0/AV:N/AC:L/AT:N/PR:N/UI:N/VC:H/VI:H/VA:H/SC:N/SI:N/SA:N",
        "AV:N/AC:L/Au:N/C:P/I:P/A:P",
    ]
    .map(|t| t.as_bytes().to_vec())
    .to_vec();
    all.retain(|t| prefix != "pkg:" || t.starts_with(b"pkg:"));
    for document in shared_json(folder) {
        each_text(&document, &mut |text| {
            if text.starts_with(prefix) && text.len() < 500 && all.len() < 500 {
                all.push(text.as_bytes().to_vec());
            }
        });
    }
    all
}

/// Ranges: `vers:` texts, and `type range` of native ones.
pub(crate) fn ranges() -> Vec<Vec<u8>> {
    let mut all: Vec<Vec<u8>> = [
        "vers:npm/>=1.0.0|<2.0.0|!=1.5.0\n1.5.1",
        "npm ^1.2.3 || ~2.0 - 3\n1.9.0",
        "maven [1.0,2.0),(3.0,]\n1.5",
        "pypi >=1,!=1.2.*,~=1.4\n1.4.5",
        "gem ~> 1.2, != 1.3\n1.3",
        "nuget [1.0,2.0)\n1",
    ]
    .map(|t| t.as_bytes().to_vec())
    .to_vec();
    for document in shared_json("vers") {
        for test in document.get("tests").and_then(Value::as_array).into_iter().flatten() {
            let input = test.get("input");
            let text = |key| input.and_then(|i| i.get(key)).and_then(Value::as_str);
            if let (Some(scheme), Some(native)) = (text("scheme"), text("native_range")) {
                all.push(format!("{scheme} {native}").into_bytes());
            }
            each_text(test, &mut |text| {
                if text.starts_with("vers:") {
                    all.push(text.as_bytes().to_vec());
                }
            });
        }
    }
    all.truncate(2_000);
    all
}

/// Versions, three a seed, from our own cases of every scheme.
pub(crate) fn versions() -> Vec<Vec<u8>> {
    let folder = trimtab_testkit::repository().join("corpus/versions");
    let mut all =
        vec![Scheme::ALL.iter().map(|s| s.as_str()).collect::<Vec<_>>().join("\n").into_bytes()];
    for path in under(&folder) {
        let text = fs::read_to_string(path).unwrap_or_default();
        let versions: Vec<&str> = text
            .lines()
            .filter(|l| !l.starts_with('#'))
            .flat_map(|l| l.split_whitespace().filter(|w| !matches!(*w, "<" | "=" | ">")))
            .collect();
        all.extend(versions.chunks(3).map(|three| three.join("\n").into_bytes()));
    }
    all
}

/// What once failed in a target, from `corpus/fuzz/`.
pub(crate) fn regressions(folder: &str) -> Vec<Vec<u8>> {
    let folder = trimtab_testkit::repository().join("corpus/fuzz").join(folder);
    under(&folder).iter().filter_map(|path| fs::read(path).ok()).collect()
}

fn shared_json(folder: &str) -> Vec<Value> {
    let Some(shared) = trimtab_testkit::shared() else { return Vec::new() };
    let files = under(&shared.join("corpus").join(folder));
    files.iter().filter_map(|p| serde_json::from_slice(&fs::read(p).ok()?).ok()).collect()
}

fn each_text(document: &Value, each: &mut impl FnMut(&str)) {
    let mut open = vec![document];
    while let Some(value) = open.pop() {
        match value {
            Value::String(text) => each(text),
            Value::Array(items) => open.extend(items),
            Value::Object(members) => open.extend(members.values()),
            Value::Null | Value::Bool(_) | Value::Number(_) => {}
        }
    }
}

fn relative(root: &Path, path: &Path) -> String {
    path.strip_prefix(root).unwrap_or(path).to_string_lossy().into_owned()
}

fn folders(root: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = fs::read_dir(root)
        .into_iter()
        .flatten()
        .flatten()
        .map(|e| e.path())
        .filter(|p| p.is_dir())
        .collect();
    all.sort();
    all
}

/// The files of moderate size below a folder, sorted.
fn under(root: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            let path = entry.path();
            match entry.metadata() {
                Ok(m) if m.is_dir() => open.push(path),
                Ok(m) if m.is_file() && m.len() <= MAX_SEED => all.push(path),
                _ => {}
            }
        }
    }
    all.sort();
    all
}
