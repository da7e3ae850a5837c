//! The formats of .NET, Elixir, Dart, Swift, Objective-C, C++, R, Haskell, Julia, and of build and
//! delivery, against other projects' suites and against our own cases in `corpus/lockfiles`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proptest::prelude::*;
use serde_json::Value;
use trimtab_extract::registry;
use trimtab_extract::view::{Files, MemoryFiles};
use trimtab_extract::walk;
use trimtab_model::{Component, Diagnostic, FileInventory, Origin, Relation, Scope};
use trimtab_testkit::suite::{self, Case};

/// Suite, folder, and our format.
const SUITES: &[(&str, &str, &str)] = &[
    ("scalibr", "csproj", "csproj"),
    ("scalibr", "depsjson", "deps-json"),
    ("scalibr", "packagesconfig", "packages-config"),
    ("scalibr", "packageslockjson", "nuget-lock"),
    ("scalibr", "mixlock", "mix-lock"),
    ("scalibr", "pubspec", "pubspec-lock"),
    ("scalibr", "packageresolved", "package-resolved"),
    ("scalibr", "podfilelock", "podfile-lock"),
    ("scalibr", "conanlock", "conan-lock"),
    ("scalibr", "renvlock", "renv-lock"),
    ("scalibr", "cabal", "cabal-freeze"),
    ("scalibr", "stacklock", "stack-lock"),
    ("scalibr", "manifesttoml", "julia-manifest"),
    ("scalibr", "githubactions", "github-workflow"),
    ("scalibr", "dockerbaseimage", "dockerfile"),
    ("scalibr", "dpkg", "dpkg-status"),
    ("scalibr", "apk", "apk-installed"),
    ("trivy", "nuget-lock", "nuget-lock"),
    ("trivy", "dotnet-core_deps", "deps-json"),
    ("trivy", "julia-manifest", "julia-manifest"),
];

/// Where we read something else on purpose: the case, one line of the difference, the reason.
const DEVIATIONS: &[(&str, &str, &str)] = &[
    ("scalibr/csproj: package with empty Version attribute", "extra: LiteDB@", NO_VERSION),
    ("scalibr/csproj: package without Version attribute", "extra: LiteDB@", NO_VERSION),
    (
        "scalibr/renvlock: with mixed sources",
        "extra: mime@0.12.1",
        "a remote is used too: origin Git",
    ),
    (
        "scalibr/renvlock: with bioconductor",
        "extra: BSgenome@1.60.0",
        "Bioconductor is an ecosystem of its own, with advisories",
    ),
    (
        "scalibr/renvlock: without repository",
        "extra: morning@0.1.0",
        "it is used; where it comes from is unstated",
    ),
    (
        "scalibr/cabal: valid stack.yaml.lock file with package problems",
        "extra: foo@2.4.0.3",
        "a constraint without `any.` is what older versions of Cabal wrote, and pins",
    ),
    (
        "scalibr/manifesttoml: no version dependency - should be filtered out",
        "extra: Unicode@",
        "the standard library is used; its version is unknown",
    ),
    (
        "scalibr/githubactions: edge_cases_skip_local_docker_and_malformed",
        "extra: alpine@3.18",
        "an image that a step runs in is used",
    ),
    (
        "scalibr/githubactions: invalid_yaml_no_packages_no_error",
        "failed: file-malformed",
        "what could not be looked at is said (TRAPS 37)",
    ),
    ("scalibr/dockerbaseimage: larger than size limit", "extra: nginx@1.27.4", SIZE_LIMIT),
    ("scalibr/dockerbaseimage: larger than size limit", "extra: ubuntu@latest", SIZE_LIMIT),
    (
        "scalibr/dpkg: statusfield",
        "extra: wantinstall_unpacked@1.0",
        "the files of an unpacked package are there, and so are their flaws",
    ),
    (
        "scalibr/dpkg: status.d file without Status field set should work",
        "failed: file-malformed",
        "`foo.md5sums` is not claimed, so the walker never asks for it",
    ),
    (
        "trivy/nuget-lock: 1",
        "extra: my.project@",
        "another project of the solution, with origin path: edges lead through it",
    ),
    (NO_RUNTIME, "extra: Microsoft.NETCore.App@1.1.2", COMPILED_AGAINST),
    (NO_RUNTIME, "extra: Microsoft.NETCore.Platforms@1.1.0", COMPILED_AGAINST),
    (NO_RUNTIME, "extra: NETStandard.Library@1.6.0", COMPILED_AGAINST),
    (NO_RUNTIME, "extra: System.Net.Http@4.1.0", COMPILED_AGAINST),
    (
        "trivy/julia-manifest: Manifest file doesn't contain child dependency of another dependency",
        "did not fail",
        DIAGNOSED,
    ),
    (
        "trivy/julia-manifest: Manifest file contains multiple dependencies with same name",
        "did not fail",
        DIAGNOSED,
    ),
];

const NO_VERSION: &str = "a reference without a version is used, and reported as floating";
const SIZE_LIMIT: &str = "the suite sets a limit of a few bytes; ours is the walker's";
const NO_RUNTIME: &str = "trivy/dotnet-core_deps: happy path with skipped libs";
const COMPILED_AGAINST: &str = "not deployed, so of scope build; it brings in what is deployed";
const DIAGNOSED: &str =
    "the bad edge is a diagnostic with its line, and the packages are listed (TRAPS 34)";

/// Formats of this file's family: every one is fed with broken input below.
const FORMATS: &[&str] = &[
    "nuget-lock",
    "packages-config",
    "deps-json",
    "project-assets",
    "csproj",
    "mix-lock",
    "pubspec-lock",
    "package-resolved",
    "podfile-lock",
    "conan-lock",
    "renv-lock",
    "cabal-freeze",
    "stack-lock",
    "julia-manifest",
    "github-workflow",
    "dockerfile",
    "terraform-lock",
    "dpkg-status",
    "apk-installed",
];

/// Cases of a switch that we do not have.
const NOT_OURS: &[&str] = &["scalibr/dpkg: statusfield including not installed"];

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

/// Real files of every format, to be broken.
fn samples() -> Vec<(&'static str, Vec<u8>)> {
    let corpus = trimtab_testkit::repository().join("corpus/lockfiles");
    let mut samples = Vec::new();
    let mut add = |format: &'static str, folder: PathBuf| {
        let mut waiting = vec![folder];
        while let Some(folder) = waiting.pop() {
            for entry in std::fs::read_dir(&folder).into_iter().flatten().flatten() {
                let path = entry.path();
                if path.is_dir() {
                    waiting.push(path);
                } else if let Ok(bytes) = std::fs::read(&path)
                    && bytes.len() < 20_000
                {
                    samples.push((format, bytes));
                }
            }
        }
    };
    for format in FORMATS {
        add(format, corpus.join(format.replace('-', "_")));
    }
    if let Some(shared) = trimtab_testkit::shared() {
        for (suite, folder, format) in SUITES {
            add(format, shared.join("corpus/lockfiles").join(suite).join(folder));
        }
    }
    samples
}

fn broken(bytes: &[u8], cut: usize, flips: &[(usize, u8)], copy: (usize, usize, usize)) -> Vec<u8> {
    let mut out = bytes.to_vec();
    for (at, value) in flips {
        let len = out.len().max(1);
        if let Some(byte) = out.get_mut(at % len) {
            *byte = *value;
        }
    }
    let len = out.len() + 1;
    let (from, to) = ((copy.0 % len).min(copy.1 % len), (copy.0 % len).max(copy.1 % len));
    let piece = out[from..to].to_vec();
    let at = copy.2 % len;
    out.splice(at..at, piece);
    out.truncate(cut % (out.len() + 1));
    out
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn broken_files_never_fault(
        pick in any::<prop::sample::Index>(),
        cut in any::<usize>(),
        flips in prop::collection::vec((any::<usize>(), any::<u8>()), 0..4),
        copy in any::<(usize, usize, usize)>(),
    ) {
        thread_local! {
            static SAMPLES: Vec<(&'static str, Vec<u8>)> = samples();
        }
        SAMPLES.with(|samples| {
            if !samples.is_empty() {
                let (format, bytes) = pick.get(samples);
                check(format, &broken(bytes, cut, &flips, copy));
            }
        });
    }

    #[test]
    fn arbitrary_text_never_faults(text in "[ -~\n]{0,200}", at in 0..FORMATS.len()) {
        check(FORMATS[at], text.as_bytes());
    }
}

fn check(format: &str, bytes: &[u8]) {
    let result = read(format, "a/b", bytes, &MemoryFiles::default());
    match result {
        Ok(file) => {
            let count = u32::try_from(file.components.len()).expect("small");
            assert!(file.edges.iter().all(|(a, b)| *a < count && *b < count));
            assert!(file.components.iter().all(|c| !c.purl.name().is_empty()));
        }
        Err(diagnostic) => {
            assert_ne!(diagnostic.code, trimtab_model::Code::ParserFault, "{format}");
        }
    }
}
