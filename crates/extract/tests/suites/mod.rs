//! Runs the cases of another project's suite and compares everything that they state.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use trimtab_extract::{Format, MemoryFiles, walk};
use trimtab_model::{Component, Family, FileInventory, Origin, Relation, Scope};
use trimtab_testkit::suite::{self, Case};

/// Reads one case: every file of its folder is a neighbour. Which of several formats that share a
/// name reads it is told by content, as in a walk.
fn read(case: &Case, formats: &[&Format]) -> Result<FileInventory, trimtab_model::Diagnostic> {
    let bytes = std::fs::read(&case.file).unwrap();
    let mut files = MemoryFiles::default();
    for entry in std::fs::read_dir(case.file.parent().unwrap()).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            let name = path.file_name().unwrap().to_string_lossy().into_owned();
            files.insert(&name, &std::fs::read(&path).unwrap());
        }
    }
    let name = case.file.file_name().unwrap().to_string_lossy().into_owned();
    let several = formats.len() > 1;
    let format = formats
        .iter()
        .find(|f| !several || f.sniff.is_some_and(|sniff| sniff(&bytes)))
        .unwrap_or(&formats[0]);
    walk::extract(format, &name, &bytes, &files)
}

fn name(c: &Component) -> String {
    Family::from_purl_type(c.purl.purl_type())
        .map_or_else(|| c.purl.name().to_owned(), |f| f.package_name(&c.purl).into_owned())
}

fn id(c: &Component) -> String {
    format!("{}@{}", name(c), c.purl.version().unwrap_or_default())
}

fn brief(c: &Component) -> String {
    format!(
        "line {:?}, {}, {}, groups {:?}, {:?}, licence {:?}",
        c.line,
        c.relation.as_str(),
        c.scope,
        c.groups,
        c.origin,
        c.licence
    )
}

fn texts(value: Option<&Value>) -> BTreeSet<String> {
    let list = value.and_then(Value::as_array).cloned().unwrap_or_default();
    list.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What a case states and we do not say.
fn differences(case: &Case, file: &FileInventory) -> Vec<String> {
    let expected = case.packages();
    let with_asked = case.expected.pointer("/options/includeDeps").is_some();
    let itself_only = file.format == "package-json" && !with_asked;
    let listed: BTreeSet<String> = file
        .components
        .iter()
        .filter(|c| c.relation != Relation::Own || expected.contains(&id(c)))
        // These suites read installed manifests, of which the package itself is all.
        .filter(|c| !itself_only || c.relation == Relation::Own)
        .map(id)
        .collect();
    let mut out = suite::difference(&expected, &listed);
    let packages = case.expected.get("packages").and_then(Value::as_array).cloned();
    let packages = packages.unwrap_or_default();
    let states_dev = packages.iter().any(|p| p.get("dev").is_some());
    for package in &packages {
        let text = |key: &str| package.get(key).and_then(Value::as_str).unwrap_or_default();
        let wanted = format!("{}@{}", text("name"), text("version"));
        let ours: Vec<&Component> = file.components.iter().filter(|c| id(c) == wanted).collect();
        if ours.is_empty() {
            continue;
        }
        let mut check = |what: &str, good: &dyn Fn(&Component) -> bool| {
            if !ours.iter().any(|c| good(c)) {
                out.push(format!(
                    "  {what} of {wanted}: {:?} is not in\n      {}",
                    package.get(what),
                    ours.iter().map(|c| brief(c)).collect::<Vec<_>>().join("\n      ")
                ));
            }
        };
        if let Some(line) = package.get("line").and_then(Value::as_u64) {
            check("line", &|c| c.line.map(u64::from) == Some(line));
        }
        if let Some(commit) = package.get("commit").and_then(Value::as_str) {
            check(
                "commit",
                &|c| matches!(&c.origin, Origin::Git { commit: Some(ours), .. } if **ours == *commit),
            );
        }
        if package.get("groups").is_some() {
            let groups = texts(package.get("groups"));
            check("groups", &|c| {
                c.groups
                    .iter()
                    .map(ToString::to_string)
                    .filter(|g| g != "peer")
                    .collect::<BTreeSet<_>>()
                    == groups
            });
        }
        if let Some(relation) = package.get("relationship").and_then(Value::as_str) {
            check("relationship", &|c| match c.relation {
                Relation::Own | Relation::Direct => relation == "direct",
                Relation::Transitive => relation == "indirect",
                Relation::Unknown => false,
            });
        }
        if states_dev {
            let dev = package.get("dev").and_then(Value::as_bool) == Some(true);
            check("dev", &|c| (c.scope == Scope::Development) == dev);
        }
        if package.get("licenses").is_some() {
            let licences = texts(package.get("licenses"));
            check("licenses", &|c| {
                let ours = c.licence.as_deref().unwrap_or_default();
                ours.split(" OR ").map(str::to_owned).collect::<BTreeSet<_>>() == licences
            });
        }
        if let Some(purl_type) = package.get("purl_type").and_then(Value::as_str) {
            check("purl_type", &|c| c.purl.purl_type() == purl_type);
        }
    }
    out.extend(edge_differences(case, file, &packages));
    out
}

fn edge_differences(case: &Case, file: &FileInventory, packages: &[Value]) -> Vec<String> {
    let Some(stated) = case.expected.get("dependencies").and_then(Value::as_array) else {
        return Vec::new();
    };
    // The suite's ids may carry peers and references: its packages say what they are.
    let names: BTreeMap<&str, String> = packages
        .iter()
        .filter_map(|p| {
            let text = |key: &str| p.get(key).and_then(Value::as_str);
            Some((
                text("id")?,
                format!("{}@{}", text("name")?, text("version").unwrap_or_default()),
            ))
        })
        .collect();
    let plain = |id: &str| names.get(id).cloned().unwrap_or_else(|| id.to_owned());
    let mut wanted: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for one in stated {
        let from = plain(one.get("id").and_then(Value::as_str).unwrap_or_default());
        let to = texts(one.get("depends_on")).iter().map(|t| plain(t)).collect::<BTreeSet<_>>();
        wanted.entry(from).or_default().extend(to);
    }
    let mut ours: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (from, to) in &file.edges {
        let (from, to) = (&file.components[*from as usize], &file.components[*to as usize]);
        // Members are not packages to every suite.
        if from.relation == Relation::Own && !wanted.contains_key(&id(from)) {
            continue;
        }
        ours.entry(id(from)).or_default().insert(id(to));
    }
    if wanted == ours {
        return Vec::new();
    }
    let keys: BTreeSet<&String> = wanted.keys().chain(ours.keys()).collect();
    keys.into_iter()
        .filter(|k| wanted.get(*k) != ours.get(*k))
        .map(|k| format!("  edges of {k}: want {:?}, have {:?}", wanted.get(k), ours.get(k)))
        .collect()
}

/// Runs the cases of a folder against formats. `deviations` gives `(case's file, reason)` where we
/// differ on purpose; a deviation that no longer occurs is a failure too.
pub(crate) fn run(suite: &str, folder: &str, formats: &[&str], deviations: &[(&str, &str)]) {
    let formats: Vec<&Format> =
        formats.iter().map(|id| trimtab_extract::registry::by_id(id).unwrap()).collect();
    let cases = suite::cases(suite, folder);
    let mut failures = Vec::new();
    let mut used = BTreeSet::new();
    let (mut passed, total) = (0, cases.len());
    for case in cases {
        let short = case.expected.get("file").and_then(Value::as_str).unwrap_or_default();
        let outcome = read(&case, &formats);
        let problems = match (&outcome, case.must_fail()) {
            (Err(_), true) => Vec::new(),
            (Ok(file), true) if !file.diagnostics.is_empty() => differences(&case, file),
            (Ok(_), true) => vec!["  was read, and must fail".to_owned()],
            (Err(diagnostic), false) => vec![format!("  failed: {diagnostic:?}")],
            (Ok(file), false) => differences(&case, file),
        };
        if problems.is_empty() {
            passed += 1;
        } else if deviations.iter().any(|(file, _)| *file == short) {
            used.insert(short.to_owned());
        } else {
            failures.push(format!("{} ({short})\n{}", case.name, problems.join("\n")));
        }
    }
    for (file, reason) in deviations {
        if total > 0 && !used.contains(*file) {
            failures.push(format!("{suite}/{folder}: the deviation of {file} is gone ({reason})"));
        }
    }
    eprintln!("{suite}/{folder}: {passed} of {total} cases, {} deviations", used.len());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}
