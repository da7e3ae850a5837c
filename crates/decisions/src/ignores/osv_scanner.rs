//! `osv-scanner.toml`: `[[IgnoredVulns]]` and `[[PackageOverrides]]` that ignore. It applies to the
//! files of its own folder, not of those below, and ignores aliases too. Overrides of licences are
//! not about vulnerabilities and are skipped.

use serde::Deserialize;

use super::{Reading, Rule, package, toml_fault};
use crate::place::{At, Day, Lines};

#[derive(Deserialize)]
struct File {
    #[serde(default, rename = "IgnoredVulns")]
    vulnerabilities: Vec<Ignored>,
    #[serde(default, rename = "PackageOverrides")]
    packages: Vec<Package>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Ignored {
    id: At<String>,
    ignore_until: Option<Day>,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Package {
    name: Option<At<String>>,
    ecosystem: Option<At<String>>,
    #[serde(default)]
    version: String,
    group: Option<At<String>>,
    ignore: Option<At<bool>>,
    #[serde(default)]
    vulnerability: Vulnerability,
    effective_until: Option<Day>,
    #[serde(default)]
    reason: String,
}

#[derive(Deserialize, Default)]
struct Vulnerability {
    ignore: Option<At<bool>>,
}

pub(super) fn read(text: &str, reading: &mut Reading<'_>) {
    let file: File = match toml::from_str(text) {
        Ok(file) => file,
        Err(fault) => return reading.malformed(toml_fault(text, &fault)),
    };
    let lines = Lines::of(text);
    // `*` stays within the folder.
    let path = match reading.file.rsplit_once('/') {
        Some((folder, _)) => format!("{}/*", escaped(folder)),
        None => "*".to_owned(),
    };
    for rule in file.vulnerabilities {
        let line = lines.at(rule.id.span.start);
        let until = rule.ignore_until.map(|day| day.text);
        let Ok(expires) = reading.last_day(until.as_deref(), line) else { continue };
        reading.rule(Rule {
            vulnerability: Some(rule.id.value),
            path: Some(path.clone()),
            reason: Some(rule.reason),
            expires,
            line,
            ..Rule::default()
        });
    }
    for rule in file.packages {
        let mut ignores = [&rule.ignore, &rule.vulnerability.ignore].into_iter().flatten();
        let Some(ignores) = ignores.find(|at| at.value) else { continue };
        let names = [&rule.name, &rule.ecosystem, &rule.group].into_iter().flatten();
        let at = names.map(|at| at.span.start).min().unwrap_or(ignores.span.start);
        let line = lines.at(at);
        if rule.group.is_some() {
            reading.cannot(line, "a group of dependencies");
            continue;
        }
        let (Some(name), Some(ecosystem)) = (&rule.name, &rule.ecosystem) else {
            reading.cannot(line, "a package without name or ecosystem");
            continue;
        };
        let version = Some(&*rule.version).filter(|version| !version.is_empty());
        let Some(package) = package(&ecosystem.value, &name.value, version) else {
            reading.cannot(line, &format!("the package `{}` of {}", name.value, ecosystem.value));
            continue;
        };
        let until = rule.effective_until.map(|day| day.text);
        let Ok(expires) = reading.last_day(until.as_deref(), line) else { continue };
        reading.rule(Rule {
            package: Some(package),
            path: Some(path.clone()),
            reason: Some(rule.reason),
            expires,
            line,
            ..Rule::default()
        });
    }
}

/// A folder's name in a pattern.
fn escaped(folder: &str) -> String {
    globset::escape(folder)
}
