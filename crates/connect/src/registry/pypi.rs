//! PyPI: `pip install --dry-run --no-deps --report`, of wheels only, because a source distribution
//! would run its build; then `pip index versions`, for how many there are and, from pip 26 on, when they were published.

mod times;

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use trimtab_model::metadata::{Brought, Requirement, Standing};
use trimtab_model::{Licence, Metadata, Purl};

use super::closure::Closure;
use super::run::Runner;
use super::versions::Offered;
use super::{Client, Failure, Question};

pub(crate) const CLIENT: Client = Client {
    purl_type: "pypi",
    program: "pip",
    install: "pip 23 or later (it comes with Python)",
    variables: &["PIP_"],
    files: &[
        ".config/pip/pip.conf",
        ".pip/pip.conf",
        "Library/Application Support/pip/pip.conf",
        "pip/pip.ini",
    ],
    ask,
    resolve,
    versions: offered,
};

const QUIET: &[(&str, &str)] = &[("PIP_DISABLE_PIP_VERSION_CHECK", "1"), ("PIP_NO_INPUT", "1")];

fn ask(question: &Question<'_>, runner: &Runner) -> Result<Metadata, Failure> {
    let what = match question.version {
        Some(version) => format!("{}=={version}", question.name),
        None => question.name.clone(),
    };
    let arguments = [
        "install",
        "--dry-run",
        "--no-deps",
        "--ignore-installed",
        "--only-binary",
        ":all:",
        "--quiet",
        "--report",
        "-",
        &what,
    ];
    let output = runner.run(&arguments, QUIET)?.well()?;
    let value: Value =
        serde_json::from_slice(&output).map_err(|e| Failure::Garbage(e.to_string()))?;
    let mut m = read(question, &value)
        .ok_or_else(|| Failure::Garbage("it is not about the package".to_owned()))?;
    if let Some(times) = times::times(&question.name, runner) {
        m.published = m.purl.version().and_then(|version| times.of(version));
        m.last_release = times.last();
        m.versions = times.count();
        return Ok(m);
    }
    // Experimental in pip: without it, only the number of versions is unknown.
    if let Ok(listed) =
        runner.run(&["index", "versions", &question.name], QUIET).and_then(super::run::Output::well)
    {
        let text = String::from_utf8_lossy(&listed);
        let versions = text.lines().find_map(|l| l.strip_prefix("Available versions: "));
        m.versions = versions.and_then(|v| u32::try_from(v.split(", ").count()).ok());
    }
    Ok(m)
}

/// The wheel of a package, fetched into the client's folder.
pub(super) fn wheel(
    question: &Question<'_>,
    runner: &Runner,
) -> Result<std::path::PathBuf, Failure> {
    let what = format!("{}=={}", question.name, question.version.unwrap_or_default());
    let arguments =
        ["download", "--no-deps", "--only-binary", ":all:", "--quiet", "--dest", ".", &what];
    runner.run(&arguments, QUIET)?.well()?;
    let entries = std::fs::read_dir(runner.folder()).map_err(|e| Failure::Run(e.to_string()))?;
    let mut all = entries.flatten().map(|entry| entry.path());
    all.find(|path| path.extension().is_some_and(|ending| ending == "whl"))
        .ok_or_else(|| Failure::Garbage("it fetched no wheel".to_owned()))
}

fn read(question: &Question<'_>, value: &Value) -> Option<Metadata> {
    let [item] = &value["install"].as_array()?[..] else { return None };
    let metadata = item["metadata"].as_object()?;
    let told = metadata.get("name")?.as_str()?;
    if Purl::new("pypi", None, told) != question.purl.package() {
        return None;
    }
    let mut m = question.unknown(metadata.get("version")?.as_str()?, "pip install --dry-run");
    m.licence = licence(metadata);
    // Its authors say so themselves; that they do not says nothing.
    m.archived =
        classifiers(metadata).any(|c| c == "Development Status :: 7 - Inactive").then_some(true);
    m.standing = match (item["is_yanked"].as_bool(), item["yanked_reason"].as_str()) {
        (Some(true), why) => Some(Standing::Yanked(why.unwrap_or_default().into())),
        (Some(false), _) => Some(Standing::Offered),
        (None, _) => None,
    };
    let urls = metadata.get("project_url").and_then(Value::as_array).into_iter().flatten();
    let urls: Vec<(String, &str)> = urls
        .filter_map(Value::as_str)
        .filter_map(|u| u.split_once(", "))
        .map(|(label, url)| (label.to_lowercase().replace(|c: char| !c.is_alphanumeric(), ""), url))
        .collect();
    let told = |words: &[&str]| {
        let is = |(label, _): &&(String, &str)| words.iter().any(|word| label.contains(word));
        urls.iter().find(is).map(|(_, url)| Box::from(*url))
    };
    m.repository = told(&["source", "repository", "code", "github"]);
    // The words that the packaging guide knows, without blanks and signs.
    m.changelog = told(&["changelog", "changes", "whatsnew", "history", "releasenotes"]);
    // A wheel runs nothing when it is installed.
    m.install_scripts = Some(false);
    m.registry = item["download_info"]["url"].as_str().map(Into::into);
    let needs = metadata.get("requires_dist").and_then(Value::as_array).into_iter().flatten();
    m.dependencies = Some(needs.filter_map(Value::as_str).filter_map(requirement).collect());
    Some(m)
}

fn classifiers(metadata: &Map<String, Value>) -> impl Iterator<Item = &str> {
    let all = metadata.get("classifier").and_then(Value::as_array);
    all.into_iter().flatten().filter_map(Value::as_str)
}

fn licence(metadata: &Map<String, Value>) -> Option<Licence> {
    let texts = ["license_expression", "license"].iter().filter_map(|k| metadata.get(*k)?.as_str());
    // The whole text of a licence stands there too, in some packages; its name is a classifier then.
    let mut texts = texts.filter(|t| !t.trim().is_empty() && !t.contains('\n'));
    let named =
        || classifiers(metadata).find_map(|c| c.strip_prefix("License :: ")?.rsplit(" :: ").next());
    texts.next().or_else(named).map(Licence::read)
}

/// Every version for this machine's Python, which of them have a wheel for it, and when each was published.
fn offered(question: &Question<'_>, runner: &Runner) -> Result<Vec<Offered>, Failure> {
    let listed = runner.run(&["index", "versions", &question.name], QUIET)?.well()?;
    let text = String::from_utf8_lossy(&listed);
    let versions = text.lines().find_map(|l| l.strip_prefix("Available versions: "));
    let versions = versions.ok_or_else(|| Failure::Garbage("it lists no versions".to_owned()))?;
    let built = wheels(&question.name, runner);
    let times = times::times(&question.name, runner);
    let one = |version: &str| Offered {
        built: built.as_ref().map(|built| built.contains(version.trim())),
        published: times.as_ref().and_then(|times| times.of(version.trim())),
        ..Offered::untold(version)
    };
    Ok(versions.split(", ").map(one).collect())
}

/// The versions that have a wheel: pip lists them where it is asked for one that cannot be. `None`: it does not tell.
fn wheels(name: &str, runner: &Runner) -> Option<BTreeSet<String>> {
    let none = format!("{name}<0.dev0");
    let arguments = ["install", "--dry-run", "--no-deps", "--ignore-installed", "--quiet"];
    let arguments = [&arguments[..], &["--only-binary", ":all:", &none]].concat();
    let output = runner.run(&arguments, QUIET).ok()?;
    satisfying(&String::from_utf8_lossy(&output.stderr))
}

/// `Could not find a version that satisfies the requirement left<0.dev0 (from versions: 1.0, 1.1)`.
fn satisfying(words: &str) -> Option<BTreeSet<String>> {
    let (_, rest) = words.split_once("(from versions: ")?;
    let (versions, _) = rest.split_once(')')?;
    Some(versions.split(", ").filter(|v| *v != "none").map(str::to_owned).collect())
}

/// Chooses all wheels for this machine's Python. Nothing is installed.
fn resolve(question: &Question<'_>, version: &str, runner: &Runner) -> Result<Closure, Failure> {
    let what = format!("{}=={version}", question.name);
    let arguments = [
        "install",
        "--dry-run",
        "--ignore-installed",
        "--only-binary",
        ":all:",
        "--quiet",
        "--report",
        "-",
        &what,
    ];
    let output = runner.run(&arguments, QUIET)?.well()?;
    let value: Value =
        serde_json::from_slice(&output).map_err(|e| Failure::Garbage(e.to_string()))?;
    let mut closure = question.closure("pip install --dry-run");
    let items = value["install"].as_array();
    let items = items.ok_or_else(|| Failure::Garbage("it lists nothing to install".to_owned()))?;
    let one = |item: &Value| {
        let metadata = item["metadata"].as_object()?;
        let name = metadata.get("name")?.as_str().filter(|n| !n.is_empty())?;
        Some(Brought {
            purl: Purl::new("pypi", None, name).with_version(metadata.get("version")?.as_str()?),
            licence: licence(metadata),
            install_scripts: Some(false),
        })
    };
    closure.packages = items
        .iter()
        .map(one)
        .collect::<Option<_>>()
        .ok_or_else(|| Failure::Garbage("a package in it has no name or version".to_owned()))?;
    Ok(closure)
}

/// A requirement of PEP 508 that is not only for an extra; its marker is left aside.
fn requirement(text: &str) -> Option<Requirement> {
    let (what, marker) = text.split_once(';').unwrap_or((text, ""));
    if marker.split(|c: char| !c.is_alphanumeric()).any(|word| word == "extra") {
        return None;
    }
    let end = what
        .find(|c: char| !(c.is_ascii_alphanumeric() || "._-".contains(c)))
        .unwrap_or(what.len());
    let (name, rest) = what.split_at(end);
    let rest = rest.trim();
    let rest = rest.strip_prefix('[').and_then(|r| r.split_once(']')).map_or(rest, |(_, r)| r);
    let versions = rest.trim().trim_matches(['(', ')']).into();
    (!name.is_empty()).then(|| Requirement { package: Purl::new("pypi", None, name), versions })
}

#[cfg(test)]
mod tests {
    use super::satisfying;

    #[test]
    fn what_has_a_wheel_is_read_out_of_its_complaint() {
        let told = |versions: &str| {
            let words = format!(
                "ERROR: Could not find a version that satisfies the requirement left<0.dev0 (from \
                 versions: {versions})\nERROR: No matching distribution found for left<0.dev0"
            );
            satisfying(&words).map(|all| all.into_iter().collect::<Vec<_>>())
        };
        assert_eq!(told("1.0, 1.1"), Some(vec!["1.0".to_owned(), "1.1".to_owned()]));
        assert_eq!(told("none"), Some(Vec::new()));
        assert_eq!(satisfying("ERROR: the network is away"), None);
    }
}
