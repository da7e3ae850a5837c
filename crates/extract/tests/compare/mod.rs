//! Compares what a format reads with the expected results of another project's suite, in all that
//! the suite states: versions, lines, groups, commits, relationships, licences, dependencies.

#![expect(clippy::unwrap_used, clippy::panic, reason = "only tests use this module")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use serde_json::Value;
use trimtab_extract::{Files, MemoryFiles, registry, walk};
use trimtab_model::{Component, Diagnostic, Ecosystem, FileInventory, Origin, Relation, Scope};
use trimtab_testkit::suite::{self, Case};

/// A folder on disk in which no file is read by itself.
pub(crate) struct Alone(PathBuf);

impl Files for Alone {
    fn read(&self, path: &str) -> Option<Result<Arc<Vec<u8>>, Diagnostic>> {
        std::fs::read(self.0.join(path)).ok().map(|bytes| Ok(bytes.into()))
    }

    fn exists(&self, path: &str) -> bool {
        self.0.join(path).is_file()
    }

    fn claimed(&self) -> &[String] {
        &[]
    }
}

/// Reads a file on disk with one format.
pub(crate) fn read(format: &str, file: &Path) -> Result<FileInventory, Diagnostic> {
    let format = registry::by_id(format).expect("the format is registered");
    let bytes = std::fs::read(file).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
    let folder = file.parent().expect("a file has a folder").to_owned();
    let name = file.file_name().expect("a file has a name").to_string_lossy();
    walk::extract(format, &name, &bytes, &Alone(folder))
}

/// Reads bytes with nothing around them.
pub(crate) fn read_bytes(
    format: &str,
    path: &str,
    bytes: &[u8],
) -> Result<FileInventory, Diagnostic> {
    walk::extract(registry::by_id(format).unwrap(), path, bytes, &MemoryFiles::default())
}

/// One known difference: case, difference, reason.
pub(crate) type Deviation = (&'static str, &'static str, &'static str);

/// Runs all cases of a suite and holds the differences against the table. `groups` tells a
/// component's groups in the words of the suite.
pub(crate) fn run(
    format: &str,
    suite: &str,
    folder: &str,
    groups: fn(&Component) -> BTreeSet<String>,
    deviations: &[Deviation],
) {
    let mut found: BTreeSet<(String, String)> = BTreeSet::new();
    let cases = suite::cases(suite, folder);
    for case in &cases {
        for difference in differences(case, read(format, &case.file), groups) {
            let name = case.file.file_name().unwrap().to_string_lossy().into_owned();
            found.insert((name, difference));
        }
    }
    if cases.is_empty() {
        return;
    }
    let known: BTreeSet<(String, String)> =
        deviations.iter().map(|(case, what, _)| ((*case).to_owned(), (*what).to_owned())).collect();
    let new: Vec<_> = found.difference(&known).collect();
    let gone: Vec<_> = known.difference(&found).collect();
    assert!(new.is_empty(), "{suite}/{folder}: new differences: {new:#?}");
    assert!(gone.is_empty(), "{suite}/{folder}: deviations that no longer occur: {gone:#?}");
    println!("{suite}/{folder}: {} cases, {} deviations", cases.len(), deviations.len());
}

/// `name@version` in normal form.
pub(crate) fn id(component: &Component) -> String {
    let family = Ecosystem::of(&component.purl).expect("a purl of a known ecosystem").family;
    let name = family.package_name(&component.purl);
    let version = component.purl.version().unwrap_or_default();
    format!("{}@{version}", family.normalise(&name))
}

fn differences(
    case: &Case,
    ours: Result<FileInventory, Diagnostic>,
    groups: fn(&Component) -> BTreeSet<String>,
) -> Vec<String> {
    let file = match (ours, case.must_fail()) {
        (Ok(_), true) => return vec!["is read, and must not be".to_owned()],
        (Err(_), true) => return Vec::new(),
        (Err(diagnostic), false) => return vec![format!("is not read: {}", diagnostic.code)],
        (Ok(file), false) => file,
    };
    let mut out = Vec::new();
    let ours: BTreeMap<String, &Component> = file
        .components
        .iter()
        .filter(|c| c.relation != Relation::Own)
        .map(|c| (id(c), c))
        .collect();
    let text =
        |v: &Value, key: &str| v.get(key).and_then(Value::as_str).unwrap_or_default().to_owned();
    let packages = case.expected.get("packages").and_then(Value::as_array);
    let packages: Vec<&Value> = packages.into_iter().flatten().collect();
    let states = |key: &str| packages.iter().any(|p| p.get(key).is_some());
    let mut expected = BTreeSet::new();
    for package in &packages {
        let family = ours.values().next().map(|c| Ecosystem::of(&c.purl).unwrap().family);
        let name = text(package, "name");
        let name = family.map_or(name.clone(), |f| f.normalise(&name).into_owned());
        let key = format!("{name}@{}", text(package, "version"));
        expected.insert(key.clone());
        let Some(component) = ours.get(&key) else {
            out.push(format!("missing {key}"));
            continue;
        };
        let mut compare = |what: &str, theirs: String, ours: String| {
            if theirs != ours {
                out.push(format!("{key}: {what} {theirs}, ours {ours}"));
            }
        };
        if let Some(line) = package.get("line").and_then(Value::as_u64) {
            compare("line", line.to_string(), component.line.unwrap_or(0).to_string());
        }
        if states("groups") {
            let list = package.get("groups").and_then(Value::as_array);
            let theirs: BTreeSet<String> =
                list.into_iter().flatten().map(|g| g.as_str().unwrap().to_owned()).collect();
            compare("groups", format!("{theirs:?}"), format!("{:?}", groups(component)));
        }
        if states("dev") {
            let theirs = package.get("dev").and_then(Value::as_bool) == Some(true);
            let ours = matches!(component.scope, Scope::Development | Scope::Test);
            compare("dev", theirs.to_string(), ours.to_string());
        }
        if let (Some(commit), Origin::Git { commit: ours, .. }) =
            (package.get("commit"), &component.origin)
        {
            let ours = ours.as_deref().unwrap_or_default().to_owned();
            compare("commit", commit.as_str().unwrap().to_owned(), ours);
        } else if package.get("commit").is_some() && component.purl.purl_type() != "composer" {
            compare("commit", text(package, "commit"), "none".to_owned());
        }
        if let Some(relationship) = package.get("relationship").and_then(Value::as_str) {
            let ours = if component.relation == Relation::Direct { "direct" } else { "indirect" };
            compare("relationship", relationship.to_owned(), ours.to_owned());
        }
        if let Some(licences) = package.get("licenses").and_then(Value::as_array) {
            let theirs: Vec<&str> = licences.iter().filter_map(Value::as_str).collect();
            let ours = component.licence.as_deref().unwrap_or_default();
            compare("licences", theirs.join(" OR "), ours.to_owned());
        }
    }
    out.extend(
        ours.keys().filter(|key| !expected.contains(*key)).map(|key| format!("extra {key}")),
    );
    if let Some(list) = case.expected.get("dependencies").and_then(Value::as_array) {
        let mut theirs: BTreeSet<String> = BTreeSet::new();
        for entry in list {
            let on = entry.get("depends_on").and_then(Value::as_array).into_iter().flatten();
            theirs
                .extend(on.map(|to| format!("{} -> {}", text(entry, "id"), to.as_str().unwrap())));
        }
        let at = |i: u32| file.components.get(i as usize).unwrap();
        let edges = file.edges.iter().filter(|(from, _)| at(*from).relation != Relation::Own);
        let ours: BTreeSet<String> =
            edges.map(|(from, to)| format!("{} -> {}", id(at(*from)), id(at(*to)))).collect();
        out.extend(theirs.difference(&ours).map(|e| format!("missing edge {e}")));
        out.extend(ours.difference(&theirs).map(|e| format!("extra edge {e}")));
    }
    out
}

/// Reads every case of ours for a format: `corpus/lockfiles/<format>/<case>/`, where `expected.txt`
/// names the file to read and tells what must come out, as [`told`] writes it.
pub(crate) fn own_cases(format: &str) {
    let folder = trimtab_testkit::repository().join("corpus/lockfiles").join(format);
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    let mut failures = String::new();
    for case in cases {
        let mut files = MemoryFiles::default();
        load(&case, &case, &mut files);
        let expected = std::fs::read_to_string(case.join("expected.txt")).unwrap();
        let mut lines =
            expected.lines().map(str::trim_end).filter(|l| !l.is_empty() && !l.starts_with('#'));
        let path =
            lines.next().and_then(|l| l.strip_prefix("file ")).expect("`file NAME` comes first");
        let bytes = files.read(path).expect("the file is in the case").unwrap();
        let format = registry::by_id(format).unwrap();
        assert!((format.claims)(path), "{path} is not claimed");
        let ours = match walk::extract(format, path, &bytes, &files) {
            Ok(file) => told(&file),
            Err(d) => vec![format!("error {} @{}", d.code, d.line.unwrap_or(0))],
        };
        let expected: BTreeSet<String> = lines.map(str::to_owned).collect();
        let ours: BTreeSet<String> = ours.into_iter().collect();
        for line in suite::difference(&expected, &ours) {
            failures.push_str(&format!("{}: {line}\n", case.file_name().unwrap().display()));
        }
    }
    assert!(failures.is_empty(), "\n{failures}");
}

fn load(root: &Path, folder: &Path, files: &mut MemoryFiles) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            load(root, &path, files);
        } else {
            let relative = path.strip_prefix(root).unwrap().to_string_lossy().replace('\\', "/");
            files.insert(&relative, &std::fs::read(&path).unwrap());
        }
    }
}

/// What a file lists, one line for each thing.
fn told(file: &FileInventory) -> Vec<String> {
    let name = |c: &Component| {
        let name = match c.purl.namespace() {
            Some(namespace) => format!("{namespace}/{}", c.purl.name()),
            None => c.purl.name().to_owned(),
        };
        let family = Ecosystem::of(&c.purl).unwrap().family;
        format!("{} {}", family.normalise(&name), c.purl.version().unwrap_or("-"))
    };
    let mut out = Vec::new();
    for c in &file.components {
        let mut line = format!("{}: {} {}", name(c), c.relation.as_str(), c.scope);
        if let Some(at) = c.line {
            line.push_str(&format!(" @{at}"));
        }
        if !c.groups.is_empty() {
            line.push_str(&format!(" groups={}", c.groups.join(",")));
        }
        match &c.origin {
            Origin::Unstated => {}
            Origin::Registry(url) => line.push_str(&format!(" registry={url}")),
            Origin::Git { url, commit } => {
                line.push_str(&format!(" git={url}#{}", commit.as_deref().unwrap_or_default()));
            }
            Origin::Url(url) => line.push_str(&format!(" url={url}")),
            Origin::Path(path) => line.push_str(&format!(" path={path}")),
        }
        if !c.hashes.is_empty() {
            line.push_str(&format!(" hashes={}", c.hashes.len()));
        }
        if let Some(member) = &c.member {
            line.push_str(&format!(" member={member}"));
        }
        if let Some(licence) = &c.licence {
            line.push_str(&format!(" licence={licence}"));
        }
        if let Some(requirement) = &c.requirement {
            line.push_str(&format!(" asks {requirement}"));
        }
        out.push(line);
    }
    let at = |i: u32| name(file.components.get(i as usize).unwrap());
    out.extend(file.edges.iter().map(|(from, to)| format!("{} -> {}", at(*from), at(*to))));
    for u in &file.unmanaged {
        let package = u.package.as_ref().map_or("-", |p| p.name());
        out.push(format!("unmanaged {} {package}", u.reason.as_str()));
    }
    for d in &file.diagnostics {
        out.push(format!("diagnostic {} @{}", d.code, d.line.unwrap_or(0)));
    }
    out
}

/// Holds the number of components of real projects against `projects/INDEX.json`.
pub(crate) fn totals(
    format: &str,
    ending: &str,
    key: &str,
    counted: impl Fn(&Component) -> bool,
    own_counts: bool,
) {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let index = std::fs::read(shared.join("corpus/projects/INDEX.json")).unwrap();
    let index: Value = serde_json::from_slice(&index).unwrap();
    let mut seen = 0;
    for (path, facts) in index.as_object().unwrap() {
        let Some(expected) =
            facts.get(key).and_then(Value::as_u64).filter(|_| path.ends_with(ending))
        else {
            continue;
        };
        let path_on_disk = shared.join("corpus").join(path);
        let (folder, name) = (path_on_disk.parent().unwrap(), path_on_disk.file_name().unwrap());
        let mut files = MemoryFiles::default();
        load(folder, folder, &mut files);
        let (name, bytes) = (name.to_string_lossy(), std::fs::read(&path_on_disk).unwrap());
        let file = walk::extract(registry::by_id(format).unwrap(), &name, &bytes, &files).unwrap();
        let incomplete = file.diagnostics.iter().any(|d| d.code.makes_incomplete());
        assert!(!incomplete, "{path}: {:?}", file.diagnostics);
        let mine = file
            .components
            .iter()
            .filter(|c| (own_counts || c.relation != Relation::Own) && counted(c));
        assert_eq!(mine.count() as u64, expected, "{path}: {key}");
        seen += 1;
    }
    assert!(seen > 0, "{format}: no project has {key}");
}

/// Reads a file cut, flipped, doubled and spliced in many ways: a reader answers or refuses, and
/// never panics (the walk would say so as a fault of the parser).
pub(crate) fn mutate(format: &str, path: &str) {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let original = std::fs::read(shared.join("corpus").join(path)).unwrap();
    let length = original.len().min(20_000);
    let original = &original[..length];
    let change = (0..5u8, 0..length, 0..length, any::<u8>());
    let mut runner = TestRunner::new(Config { cases: 150, ..Config::default() });
    let result = runner.run(&prop::collection::vec(change, 1..4), |changes| {
        let mut bytes = original.to_vec();
        for (kind, a, b, byte) in changes {
            let (a, b) = (a.min(b).min(bytes.len()), a.max(b).min(bytes.len()));
            match kind {
                0 => bytes.truncate(a),
                1 => bytes.iter_mut().skip(a).take(1).for_each(|x| *x = byte),
                2 => {
                    bytes.drain(a..b);
                }
                3 => {
                    let part = bytes[a..b].to_vec();
                    bytes.splice(b..b, part);
                }
                _ => bytes.insert(a, byte),
            }
        }
        if let Err(diagnostic) = read_bytes(format, "any.txt", &bytes) {
            prop_assert_ne!(diagnostic.code, trimtab_model::Code::ParserFault);
        }
        Ok(())
    });
    result.unwrap();
}
