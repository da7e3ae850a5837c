//! Composer: `composer show --all --format=json`, without plugins or scripts. The times that it knows
//! are those of commits, which their authors set: when something was published is unknown.

use serde_json::{Map, Value};
use trimtab_model::metadata::{Brought, Requirement, Standing};
use trimtab_model::{Licence, Metadata, Purl};

use super::closure::Closure;
use super::run::Runner;
use super::versions::Offered;
use super::{Client, Failure, Question, is_version};

pub(crate) const CLIENT: Client = Client {
    purl_type: "composer",
    program: "composer",
    install: "Composer 2 (with PHP)",
    variables: &["COMPOSER"],
    files: &[".config/composer/config.json", ".composer/config.json", ".config/composer/auth.json"],
    ask,
    resolve,
    versions: offered,
};

/// Nothing but our own folder is concerned, and nothing of a package runs.
const ALONE: &[(&str, &str)] = &[("COMPOSER_ALLOW_SUPERUSER", "1"), ("COMPOSER", "composer.json")];

fn ask(question: &Question<'_>, runner: &Runner) -> Result<Metadata, Failure> {
    runner.write("composer.json", "{}")?;
    let (version, versions) = match question.version {
        Some(version) => (version.to_owned(), None),
        None => newest(question, runner)?,
    };
    let value = show(question, Some(&version), runner)?;
    let mut m = question.unknown(&version, "composer show");
    m.versions = versions;
    read(&value, &mut m);
    Ok(m)
}

/// Every version. Composer tells no times of all of them.
fn offered(question: &Question<'_>, runner: &Runner) -> Result<Vec<Offered>, Failure> {
    runner.write("composer.json", "{}")?;
    let value = show(question, None, runner)?;
    let all = value.get("versions").and_then(Value::as_array).into_iter().flatten();
    let bare = |v: &str| Offered::untold(v.trim_start_matches("* "));
    Ok(all.filter_map(Value::as_str).map(bare).collect())
}

fn show(
    question: &Question<'_>,
    version: Option<&str>,
    runner: &Runner,
) -> Result<Map<String, Value>, Failure> {
    let mut arguments = vec![
        "show",
        "--all",
        "--format=json",
        "--no-interaction",
        "--no-plugins",
        "--no-scripts",
        &question.name,
    ];
    arguments.extend(version);
    let output = runner.run(&arguments, ALONE)?.well()?;
    let value: Value =
        serde_json::from_slice(&output).map_err(|e| Failure::Garbage(e.to_string()))?;
    match value {
        Value::Object(value)
            if value.get("name").and_then(Value::as_str) == Some(&question.name) =>
        {
            Ok(value)
        }
        _ => Err(Failure::Garbage("it is not about the package".to_owned())),
    }
}

/// The newest version that is no preview, or else the newest, and how many there are.
fn newest(question: &Question<'_>, runner: &Runner) -> Result<(String, Option<u32>), Failure> {
    let value = show(question, None, runner)?;
    let all = value.get("versions").and_then(Value::as_array);
    let all: Vec<&str> = all.into_iter().flatten().filter_map(Value::as_str).collect();
    let bare = |v: &str| v.trim_start_matches("* ").to_owned();
    let finished = all.iter().map(|v| bare(v)).find(|v| {
        let lower = v.to_lowercase();
        !["dev", "alpha", "beta", "rc"].iter().any(|word| lower.contains(word))
    });
    let version = finished
        .or_else(|| all.first().map(|v| bare(v)))
        .filter(|v| is_version(v))
        .ok_or_else(|| Failure::Garbage("no version is in it".to_owned()))?;
    Ok((version, u32::try_from(all.len()).ok()))
}

fn read(value: &Map<String, Value>, m: &mut Metadata) {
    let text = |v: &Value| v.as_str().map(str::to_owned);
    let licences = value.get("licenses").and_then(Value::as_array).into_iter().flatten();
    let licences: Vec<String> = licences
        .filter_map(|l| text(l).or_else(|| text(l.get("osi")?).or_else(|| text(l.get("name")?))))
        .collect();
    // A list is a choice.
    m.licence = (!licences.is_empty()).then(|| Licence::read(&licences.join(" OR ")));
    // Only abandoned packages have the member, and not all of them a successor.
    m.standing = Some(match value.get("replacement") {
        None => Standing::Offered,
        Some(Value::String(other)) => {
            Standing::Deprecated(format!("abandoned; its authors advise {other}").into())
        }
        Some(_) => Standing::Deprecated("abandoned".into()),
    });
    m.repository = value.get("source").and_then(|s| s.get("url")?.as_str()).map(Into::into);
    m.install_scripts = Some(value.get("type").is_some_and(runs));
    let requires = value.get("requires").and_then(Value::as_object).into_iter().flatten();
    m.dependencies = Some(
        requires
            .filter_map(|(name, versions)| {
                let package = package(name)?;
                Some(Requirement {
                    package,
                    versions: versions.as_str().unwrap_or_default().into(),
                })
            })
            .collect(),
    );
}

/// Only plugins run while something is installed.
fn runs(kind: &Value) -> bool {
    matches!(kind.as_str(), Some("composer-plugin" | "composer-installer"))
}

/// What is no platform (`php`, `ext-json`).
fn package(name: &str) -> Option<Purl> {
    let (vendor, name) = name.split_once('/')?;
    (!vendor.is_empty() && !name.is_empty()).then(|| Purl::new("composer", Some(vendor), name))
}

fn resolve(question: &Question<'_>, version: &str, runner: &Runner) -> Result<Closure, Failure> {
    let manifest = serde_json::json!({ "require": { &*question.name: version } });
    runner.write("composer.json", &manifest.to_string())?;
    let arguments = [
        "update",
        "--no-install",
        "--no-scripts",
        "--no-plugins",
        "--no-interaction",
        "--no-progress",
        "--no-audit",
        "--ignore-platform-reqs",
    ];
    runner.run(&arguments, ALONE)?.well()?;
    let text = runner.read("composer.lock")?;
    let value: Value = serde_json::from_str(&text).map_err(|e| Failure::Garbage(e.to_string()))?;
    let mut closure = question.closure("composer update --no-install");
    let packages = value["packages"].as_array().into_iter().flatten();
    let one = |entry: &Value| {
        let purl = package(entry["name"].as_str()?)?.with_version(entry["version"].as_str()?);
        Some(Brought { install_scripts: Some(runs(&entry["type"])), ..Brought::new(purl) })
    };
    closure.packages = packages.filter_map(one).collect();
    closure.lockfiles.push(("composer.lock".into(), text.into()));
    Ok(closure)
}
