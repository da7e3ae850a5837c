//! The formats of .NET, Elixir, Dart, Swift, Objective-C, C++, R, Haskell, Julia, and of build and
//! delivery, against other projects' suites and against our own cases in `corpus/lockfiles`.

mod broken;
mod table;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use crate::table::{DEVIATIONS, FORMATS, NOT_OURS, SUITES};
use serde_json::Value;
use trimtab_extract::registry;
use trimtab_extract::view::{Files, MemoryFiles};
use trimtab_extract::walk;
use trimtab_model::{Component, Diagnostic, FileInventory, Origin, Relation, Scope};
use trimtab_testkit::suite::{self, Case};

/// The files of one folder on disk, as the neighbours of a case.
struct Folder {
    root: PathBuf,
    claimed: Vec<String>,
}

impl Folder {
    fn new(root: &Path) -> Folder {
        let mut claimed = Vec::new();
        let mut waiting = vec![root.to_owned()];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    waiting.push(path);
                } else if let Ok(relative) = path.strip_prefix(root) {
                    let relative = relative.to_string_lossy().into_owned();
                    if registry::claims_any(&relative) {
                        claimed.push(relative);
                    }
                }
            }
        }
        claimed.sort();
        Folder { root: root.to_owned(), claimed }
    }
}

impl Files for Folder {
    fn read(&self, path: &str) -> Option<Result<Arc<Vec<u8>>, Diagnostic>> {
        std::fs::read(self.root.join(path)).ok().map(|bytes| Ok(bytes.into()))
    }

    fn exists(&self, path: &str) -> bool {
        self.root.join(path).is_file()
    }

    fn claimed(&self) -> &[String] {
        &self.claimed
    }
}

fn read(
    format: &str,
    path: &str,
    bytes: &[u8],
    files: &dyn Files,
) -> Result<FileInventory, Diagnostic> {
    let format = registry::by_id(format).expect("the table names formats of the registry");
    walk::extract(format, path, bytes, files)
}

/// The name as the suites spell it.
fn name(component: &Component) -> String {
    let purl = &component.purl;
    if matches!(purl.purl_type(), "deb" | "opkg" | "apk") {
        return purl.name().to_owned();
    }
    match trimtab_model::Ecosystem::of(purl) {
        Some(ecosystem) => ecosystem.family.package_name(purl).into_owned(),
        None => match purl.namespace() {
            Some(namespace) => format!("{namespace}/{}", purl.name()),
            None => purl.name().to_owned(),
        },
    }
}

/// The suites count a tag or range that floats as a version.
fn version(component: &Component) -> &str {
    component.purl.version().or(component.requirement.as_deref()).unwrap_or_default()
}

fn listed(component: &Component) -> String {
    format!("{}@{}", name(component), version(component))
}

/// The id by which a suite names a component.
fn id(component: &Component) -> String {
    match component.purl.qualifier("uuid") {
        Some(uuid) => uuid.to_owned(),
        None => format!("{}/{}", name(component), version(component)),
    }
}

/// Every difference of a case, one line each.
fn differences(case: &Case, format: &str) -> Vec<String> {
    let folder = case.file.parent().expect("a case's file lies in its folder");
    let bytes = std::fs::read(&case.file).unwrap_or_default();
    let result = match case.expected.get("os_release").and_then(Value::as_str) {
        Some(os) => {
            let mut tree = MemoryFiles::default();
            tree.insert("etc/os-release", os.as_bytes());
            let is_part = case.file.parent().is_some_and(|p| p.ends_with("status.d"));
            let path = match format {
                "apk-installed" => "lib/apk/db/installed".to_owned(),
                _ if is_part => format!("var/lib/dpkg/status.d/{}", suite::short(&case.file)),
                _ => "var/lib/dpkg/status".to_owned(),
            };
            read(format, &path, &bytes, &tree)
        }
        None => {
            let path = case.file.file_name().unwrap_or_default().to_string_lossy();
            read(format, &path, &bytes, &Folder::new(folder))
        }
    };
    let file = match result {
        Err(_) if case.must_fail() => return Vec::new(),
        Err(diagnostic) => return vec![format!("failed: {}", diagnostic.code)],
        Ok(_) if case.must_fail() => return vec!["did not fail".to_owned()],
        Ok(file) => file,
    };
    let mut out = Vec::new();
    let text = |value: &Value, key: &str| {
        value.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    };
    let packages = case.expected["packages"].as_array().cloned().unwrap_or_default();
    let mut expected = BTreeSet::new();
    for package in &packages {
        let version = text(package, "version");
        let version = if version == "unknown" { String::new() } else { version };
        let key = format!("{}@{version}", text(package, "name"));
        expected.insert(key.clone());
        let Some(ours) = file.components.iter().find(|c| listed(c) == key) else { continue };
        compare(package, ours, &key, &mut out);
    }
    let ours: BTreeSet<String> = file
        .components
        .iter()
        .filter(|c| c.relation != Relation::Own || expected.contains(&listed(c)))
        .map(listed)
        .collect();
    out.extend(suite::difference(&expected, &ours).iter().map(|l| l.trim().replace("   ", " ")));
    dependencies(case, &file, &packages, &mut out);
    out
}

fn compare(package: &Value, ours: &Component, key: &str, out: &mut Vec<String>) {
    let line = package.get("line").and_then(Value::as_u64);
    if line.is_some() && line != ours.line.map(u64::from) {
        out.push(format!("line: {key} {:?}", ours.line));
    }
    let hex = package["name"].as_str().filter(|_| package["purl_type"] == "hex");
    match (package.get("commit").and_then(Value::as_str), &ours.origin) {
        (None, _) => {}
        (Some(commit), Origin::Git { commit: Some(ours), .. }) if **ours == *commit => {}
        (Some(commit), _) if ours.purl.version() == Some(commit) => {}
        // The suite gives Hex packages the checksum of their content as a commit.
        (Some(commit), Origin::Unstated | Origin::Registry(_))
            if hex.is_some() && commit.len() == 64 => {}
        (Some(commit), _) => out.push(format!("commit: {key} {commit}")),
    }
    let kind = package.get("purl_type").and_then(Value::as_str).unwrap_or_default();
    if !kind.is_empty() && kind.replace("haskell", "hackage") != ours.purl.purl_type() {
        out.push(format!("type: {key} {}", ours.purl.purl_type()));
    }
    let metadata = |name: &str| package["metadata"].get(name).and_then(Value::as_str);
    if let Some(os) = metadata("OSID")
        && ours.purl.namespace() != Some(os)
    {
        out.push(format!("distribution: {key} {os}"));
    }
    if let Some(source) = metadata("OriginName").or(metadata("SourceName")) {
        let ours = ours.purl.qualifier("upstream").unwrap_or(ours.purl.name());
        if ours.split('@').next() != Some(source) {
            out.push(format!("source: {key} {ours}"));
        }
    }
    for group in package.get("groups").and_then(Value::as_array).into_iter().flatten() {
        let group = group.as_str().unwrap_or_default().replace('-', "_");
        let dev = group == "dev" && ours.scope == Scope::Development;
        if !dev && !ours.groups.iter().any(|g| **g == *group) {
            out.push(format!("group: {key} {group}"));
        }
    }
    let relation = match package.get("relationship").and_then(Value::as_str) {
        Some("root" | "workspace") => Relation::Own,
        Some("direct") => Relation::Direct,
        Some("indirect") => Relation::Transitive,
        _ => return,
    };
    if ours.relation != relation {
        out.push(format!("relation: {key} {}", ours.relation.as_str()));
    }
}

/// Edges between packages that the suite lists.
fn dependencies(case: &Case, file: &FileInventory, packages: &[Value], out: &mut Vec<String>) {
    let Some(stated) = case.expected.get("dependencies").and_then(Value::as_array) else { return };
    let known: BTreeSet<&str> = packages.iter().filter_map(|p| p["id"].as_str()).collect();
    let mut expected: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for entry in stated {
        let on = entry["depends_on"].as_array().into_iter().flatten().filter_map(Value::as_str);
        expected.insert(
            entry["id"].as_str().unwrap_or_default().to_owned(),
            on.map(Into::into).collect(),
        );
    }
    let mut ours: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for &(from, to) in &file.edges {
        let (from, to) = (&file.components[from as usize], &file.components[to as usize]);
        if known.contains(&*id(from)) && known.contains(&*id(to)) {
            ours.entry(id(from)).or_default().insert(id(to));
        }
    }
    if expected != ours {
        out.push(format!("edges: {ours:?}"));
    }
}

#[test]
fn suites() {
    if trimtab_testkit::shared().is_none() {
        return;
    }
    let mut failures = Vec::new();
    let mut met = BTreeSet::new();
    let (mut count, mut agreeing) = (0, 0);
    for (suite, folder, format) in SUITES {
        for (at, case) in suite::cases(suite, folder).iter().enumerate() {
            if NOT_OURS.contains(&case.name.as_str()) {
                continue;
            }
            count += 1;
            let label = match case.name.split_once(": ") {
                Some((_, "")) => format!("{}{at}", case.name),
                _ => case.name.clone(),
            };
            let lines = differences(case, format);
            agreeing += usize::from(lines.is_empty());
            for line in lines {
                let reason = DEVIATIONS.iter().find(|(c, l, _)| *c == label && *l == line);
                match reason {
                    Some((c, l, _)) => drop(met.insert((*c, *l))),
                    None => failures.push(format!("(\"{label}\", \"{line}\", \"\"),")),
                }
            }
        }
    }
    for (case, line, _) in DEVIATIONS {
        if !met.contains(&(*case, *line)) {
            failures.push(format!("no longer occurs: {case}: {line}"));
        }
    }
    eprintln!("{agreeing} of {count} cases agree; {} deviations with a reason", DEVIATIONS.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Everything that an inventory says, one line a fact.
fn render(result: &Result<FileInventory, Diagnostic>) -> String {
    let file = match result {
        Ok(file) => file,
        Err(d) => return format!("failed {} line {}\n", d.code, d.line.unwrap_or(0)),
    };
    let mut out = String::new();
    for c in &file.components {
        let namespace = c.purl.namespace().map(|n| format!("{n}/")).unwrap_or_default();
        let mut line = format!("pkg:{}/{namespace}{}", c.purl.purl_type(), c.purl.name());
        for (mark, part) in [("@", c.purl.version()), (" #", c.purl.subpath())] {
            line.push_str(&part.map(|p| format!("{mark}{p}")).unwrap_or_default());
        }
        line.push_str(&format!(
            " {} {} line {}",
            c.relation.as_str(),
            c.scope,
            c.line.unwrap_or(0)
        ));
        for (key, value) in c.purl.qualifiers() {
            line.push_str(&format!(" {key}={value}"));
        }
        if !c.groups.is_empty() {
            line.push_str(&format!(" groups {}", c.groups.join(" ")));
        }
        if let Some(requirement) = &c.requirement {
            line.push_str(&format!(" wants {requirement}"));
        }
        for hash in &c.hashes {
            line.push_str(&format!(" {}:{:.12}", hash.algorithm.as_str(), hash.hex()));
        }
        match &c.origin {
            Origin::Unstated => {}
            Origin::Registry(url) => line.push_str(&format!(" registry {url}")),
            Origin::Git { url, commit } => {
                line.push_str(&format!(" git {url} {}", commit.as_deref().unwrap_or("-")));
            }
            Origin::Url(url) => line.push_str(&format!(" url {url}")),
            Origin::Path(path) => line.push_str(&format!(" path {path}")),
        }
        out.push_str(&line);
        out.push('\n');
    }
    let label = |at: u32| listed(&file.components[at as usize]);
    for &(from, to) in &file.edges {
        out.push_str(&format!("edge {} -> {}\n", label(from), label(to)));
    }
    for u in &file.unmanaged {
        let package = u.package.as_ref().map(|p| format!(" {}", p.name())).unwrap_or_default();
        let wants = u.requirement.as_deref().map(|r| format!(" wants {r}")).unwrap_or_default();
        let line = u.line.map(|l| format!(" line {l}")).unwrap_or_default();
        out.push_str(&format!("unmanaged {}{package}{wants}{line}\n", u.reason.as_str()));
    }
    for d in &file.diagnostics {
        out.push_str(&format!("diagnostic {} line {}\n", d.code, d.line.unwrap_or(0)));
    }
    out
}

/// Our own cases: `corpus/lockfiles/<format>/<case>/`, a small tree with an `expected.txt` whose
/// blocks start with the path of a file of the tree.
#[test]
fn own_cases() {
    let corpus = trimtab_testkit::repository().join("corpus/lockfiles");
    let mut failures = Vec::new();
    let mut count = 0;
    for format in FORMATS {
        let mut cases: Vec<_> = std::fs::read_dir(corpus.join(format.replace('-', "_")))
            .into_iter()
            .flatten()
            .flatten()
            .map(|e| e.path())
            .filter(|p| p.join("expected.txt").is_file())
            .collect();
        cases.sort();
        for case in cases {
            let folder = Folder::new(&case);
            let expected = std::fs::read_to_string(case.join("expected.txt")).expect("readable");
            for block in expected.split("\n\n").filter(|b| !b.trim().is_empty()) {
                count += 1;
                let (path, wanted) = block.trim_start().split_once('\n').unwrap_or((block, ""));
                let path = path.trim();
                let bytes =
                    std::fs::read(case.join(path)).unwrap_or_else(|e| panic!("{path}: {e}"));
                let claimed = registry::claiming(path).any(|f| f.id == *format);
                assert!(claimed, "{format} does not claim {path}");
                let ours = render(&read(format, path, &bytes, &folder));
                if ours.trim_end() != wanted.trim_end() {
                    failures.push(format!(
                        "{}: {path}\n--- expected\n{wanted}\n--- read\n{ours}",
                        case.display()
                    ));
                }
            }
        }
    }
    eprintln!("{count} own cases");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

/// Real projects: read whole, and as many entries as counting lines of the text finds.
#[test]
fn real_projects() {
    let Some(shared) = trimtab_testkit::shared() else { return };
    let folder = Folder::new(&shared.join("corpus/projects"));
    let mut failures = Vec::new();
    let mut count = 0;
    for path in &folder.claimed {
        for format in registry::claiming(path).filter(|f| FORMATS.contains(&f.id)) {
            count += 1;
            let bytes = std::fs::read(folder.root.join(path)).expect("readable");
            let text = String::from_utf8_lossy(&bytes).into_owned();
            let lines = |starts: &[&str]| {
                let begins = |l: &&str| {
                    let l = l.trim_start().trim_start_matches("- ");
                    starts.iter().any(|s| l.starts_with(s))
                };
                text.lines().filter(begins).count()
            };
            let file = match read(format.id, path, &bytes, &folder) {
                Ok(file) => file,
                Err(d) => {
                    failures.push(format!("{path}: {}", d.message));
                    continue;
                }
            };
            failures.extend(file.diagnostics.iter().map(|d| format!("{path}: {}", d.message)));
            let unresolved = file.unmanaged.iter().filter(|u| u.package.is_none());
            let ours = file.components.len() + unresolved.filter(|u| u.line.is_some()).count();
            let expected = match format.id {
                "github-workflow" => {
                    lines(&["uses: ", "image: "])
                        - lines(&["uses: ./", "uses: $/"])
                        - lines(&["image: Dockerfile"])
                }
                "csproj" => lines(&["<PackageReference Include"]),
                _ => continue,
            };
            if ours != expected {
                failures.push(format!("{path}: {ours} entries, {expected} lines"));
            }
        }
    }
    eprintln!("{count} files of real projects");
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
