//! Our own cases: `corpus/lockfiles/<format>/<case>/`, a small tree with `expected.json` beside
//! it. A component is told in one line, so that a case reads as what it is about.

use std::path::{Path, PathBuf};

use serde_json::Value;
use trimtab_extract::{Format, MemoryFiles, registry, walk};
use trimtab_model::{Component, Family, FileInventory, Origin};

fn files_under(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    let mut open: Vec<PathBuf> = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                open.push(path);
            } else if !path.ends_with("expected.json") {
                let relative = path.strip_prefix(root).unwrap().to_string_lossy().into_owned();
                all.push((relative, std::fs::read(&path).unwrap()));
            }
        }
    }
    all.sort();
    all
}

fn name(c: &Component) -> String {
    match (Family::from_purl_type(c.purl.purl_type()), c.purl.namespace()) {
        (Some(family), _) => family.package_name(&c.purl).into_owned(),
        (None, Some(namespace)) => format!("{namespace}/{}", c.purl.name()),
        (None, None) => c.purl.name().to_owned(),
    }
}

fn id(c: &Component) -> String {
    format!("{}@{}", name(c), c.purl.version().unwrap_or_default())
}

fn told(c: &Component) -> String {
    let mut line =
        format!("{} {} {} {}", c.purl.purl_type(), id(c), c.relation.as_str(), c.scope.as_str());
    if let Some(at) = c.line {
        line.push_str(&format!(" line {at}"));
    }
    match &c.origin {
        Origin::Git { commit, .. } => {
            line.push_str(&format!(" git {}", commit.as_deref().unwrap_or("?")));
        }
        Origin::Url(_) => line.push_str(" url"),
        Origin::Path(_) => line.push_str(" path"),
        Origin::Unstated | Origin::Registry(_) => {}
    }
    if !c.groups.is_empty() {
        line.push_str(&format!(" groups {}", c.groups.join(",")));
    }
    if let Some(member) = &c.member {
        line.push_str(&format!(" member {member}"));
    }
    line
}

fn texts(expected: &Value, key: &str) -> Vec<String> {
    let list = expected.get(key).and_then(Value::as_array).cloned().unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

fn compare(case: &str, expected: &Value, file: &FileInventory, problems: &mut Vec<String>) {
    let mut same = |what: &str, wanted: Vec<String>, have: Vec<String>| {
        if wanted != have {
            problems.push(format!(
                "{case}: {what}\n  want {}\n  have {}",
                wanted.join("\n       "),
                have.join("\n       ")
            ));
        }
    };
    let components = file.components.iter().map(told).collect();
    same("components", texts(expected, "components"), components);
    let diagnostics = file
        .diagnostics
        .iter()
        .map(|d| format!("{} {}", d.code, d.line.map_or("?".to_owned(), |l| l.to_string())));
    let mut diagnostics: Vec<String> = diagnostics.collect();
    diagnostics.sort();
    let mut wanted = texts(expected, "diagnostics");
    wanted.sort();
    same("diagnostics", wanted, diagnostics);
    let unmanaged = file.unmanaged.iter().map(|u| {
        let mut parts = vec![u.reason.as_str().to_owned()];
        parts.extend(u.package.as_ref().map(|p| p.name().to_owned()));
        parts.extend(u.requirement.as_deref().map(str::to_owned));
        parts.extend(u.line.map(|l| format!("line {l}")));
        parts.join(" ")
    });
    same("unmanaged", texts(expected, "unmanaged"), unmanaged.collect());
    for (target, wanted) in expected.get("paths").and_then(Value::as_object).into_iter().flatten() {
        let position = file.components.iter().position(|c| id(c) == *target);
        let position = u32::try_from(position.unwrap_or(usize::MAX)).unwrap_or(u32::MAX);
        let path = file.why(position);
        let path: Vec<String> =
            path.iter().map(|at| name(&file.components[*at as usize])).collect();
        let wanted = vec![wanted.as_str().unwrap_or_default().to_owned()];
        same(&format!("path to {target}"), wanted, vec![path.join(" > ")]);
    }
    if let Some(hashed) = expected.get("hashed").and_then(Value::as_u64) {
        let have = file.components.iter().filter(|c| !c.hashes.is_empty()).count();
        same("hashed", vec![hashed.to_string()], vec![have.to_string()]);
    }
}

/// Runs every case of these formats.
pub(crate) fn run(formats: &[&str]) {
    let corpus = trimtab_testkit::repository().join("corpus/lockfiles");
    let mut problems = Vec::new();
    for id in formats {
        let format: &Format = registry::by_id(id).unwrap();
        let mut ran = 0;
        for entry in std::fs::read_dir(corpus.join(id)).unwrap() {
            let folder = entry.unwrap().path();
            let case = format!("{id}/{}", folder.file_name().unwrap().to_string_lossy());
            let bytes = std::fs::read(folder.join("expected.json")).unwrap();
            let expected: Value = serde_json::from_slice(&bytes).unwrap();
            let tree = files_under(&folder);
            let mut files = MemoryFiles::default();
            for (path, bytes) in &tree {
                files.insert(path, bytes);
            }
            let named = expected.get("file").and_then(Value::as_str);
            let (path, bytes) = tree
                .iter()
                .find(|(path, _)| match named {
                    Some(named) => path == named,
                    None => !path.contains('/') && (format.claims)(path),
                })
                .unwrap_or_else(|| panic!("{case} has no file of its format"));
            match walk::extract(format, path, bytes, &files) {
                Ok(file) => compare(&case, &expected, &file, &mut problems),
                Err(diagnostic) => problems.push(format!("{case}: {diagnostic:?}")),
            }
            ran += 1;
        }
        assert!(ran > 0, "no case of {id}");
    }
    assert!(problems.is_empty(), "{}", problems.join("\n"));
}
