//! npm: `npm view NAME@VERSION --json`. It fetches the packument and runs nothing of the package.

use jiff::Timestamp;
use serde_json::{Map, Value};
use trimtab_model::metadata::{Brought, Requirement, Standing};
use trimtab_model::{Licence, Metadata, Purl};

use super::closure::Closure;
use super::run::Runner;
use super::versions::Offered;
use super::{Client, Failure, Question};

pub(crate) const CLIENT: Client = Client {
    purl_type: "npm",
    program: "npm",
    install: "npm (it comes with Node.js)",
    variables: &["npm_config_", "NPM_CONFIG_"],
    files: &[".npmrc"],
    ask,
    resolve,
    versions: offered,
};

fn ask(question: &Question<'_>, runner: &Runner) -> Result<Metadata, Failure> {
    let what = match question.version {
        Some(version) => format!("{}@{version}", question.name),
        None => question.name.clone(),
    };
    // Without one, npm would look for a project in the folders above.
    runner.write("package.json", "{}")?;
    let run =
        runner.run(&["view", &what, "--json", "--no-update-notifier", "--loglevel=error"], &[])?;
    let output = run.well()?;
    if output.trim_ascii().is_empty() {
        return Err(Failure::Refused(format!("{what} is not in the registry")));
    }
    let value: Value =
        serde_json::from_slice(&output).map_err(|e| Failure::Garbage(e.to_string()))?;
    read(question, &value).ok_or_else(|| Failure::Garbage("it is not about the package".to_owned()))
}

/// Every version, with its time.
fn offered(question: &Question<'_>, runner: &Runner) -> Result<Vec<Offered>, Failure> {
    runner.write("package.json", "{}")?;
    let arguments = ["view", &question.name, "versions", "time", "--json", "--no-update-notifier"];
    let output = runner.run(&arguments, &[])?.well()?;
    let value: Value =
        serde_json::from_slice(&output).map_err(|e| Failure::Garbage(e.to_string()))?;
    let one = |version: &Value| {
        let version = version.as_str()?;
        let published = value["time"][version].as_str().and_then(|t| t.parse().ok());
        Some(Offered { version: version.into(), published, yanked: None, built: None })
    };
    // A list of one is the one.
    let versions = &value["versions"];
    Ok(match versions.as_array() {
        Some(all) => all.iter().filter_map(one).collect(),
        None => one(versions).into_iter().collect(),
    })
}

fn read(question: &Question<'_>, value: &Value) -> Option<Metadata> {
    // Of a range, npm answers with a list.
    let value = value.as_object().or_else(|| value.as_array()?.last()?.as_object())?;
    let version = text(value, "version")?;
    if text(value, "name")? != question.name || question.version.is_some_and(|v| v != version) {
        return None;
    }
    let mut m = question.unknown(version, "npm view");
    m.licence = licence(value.get("license")).map(Licence::read);
    if let Some(times) = value.get("time").and_then(Value::as_object) {
        let time = |v: &Value| v.as_str()?.parse::<Timestamp>().ok();
        m.published = times.get(version).and_then(time);
        let versions = times
            .iter()
            .filter(|(k, _)| !matches!(k.as_str(), "created" | "modified" | "unpublished"));
        m.last_release = versions.filter_map(|(_, v)| time(v)).max();
    }
    m.standing = Some(match value.get("deprecated") {
        Some(Value::String(why)) if !why.is_empty() => Standing::Deprecated(why.as_str().into()),
        Some(Value::Bool(true)) => Standing::Deprecated("".into()),
        _ => Standing::Offered,
    });
    let repository = value.get("repository");
    let repository = repository.and_then(|r| r.as_str().or_else(|| r.get("url")?.as_str()));
    m.repository = repository.map(address);
    m.maintainers = count(value.get("maintainers"));
    // Without scripts nothing runs; `gyp` files make npm run a build of its own.
    m.install_scripts = match (value.get("hasInstallScript"), value.get("scripts")) {
        (Some(Value::Bool(has)), _) => Some(*has),
        (_, Some(Value::Object(scripts))) => {
            Some(["preinstall", "install", "postinstall"].iter().any(|s| scripts.contains_key(*s)))
        }
        _ => None,
    };
    m.registry = value.get("dist").and_then(|d| d.get("tarball")?.as_str()).map(Into::into);
    let mut dependencies = Vec::new();
    for (name, versions) in
        value.get("dependencies").and_then(Value::as_object).into_iter().flatten()
    {
        let (scope, name) = name.rsplit_once('/').map_or((None, &**name), |(s, n)| (Some(s), n));
        if !name.is_empty() {
            let versions = versions.as_str().unwrap_or_default().into();
            dependencies.push(Requirement { package: Purl::new("npm", scope, name), versions });
        }
    }
    m.dependencies = Some(dependencies);
    m.versions = count(value.get("versions"));
    Some(m)
}

/// The address of a repository. npm knows short names too: `owner/name` is at GitHub, and before a colon stands another
/// host (`gitlab:owner/name`, `gist:id`).
fn address(told: &str) -> Box<str> {
    let (host, path) = match told.split_once(':') {
        None | Some(("github", _)) => ("github.com", 2),
        Some(("gitlab", _)) => ("gitlab.com", 2),
        Some(("bitbucket", _)) => ("bitbucket.org", 2),
        Some(("gist", _)) => ("gist.github.com", 1),
        Some(_) => return told.into(),
    };
    let name = told.split_once(':').map_or(told, |(_, name)| name);
    // A branch may follow.
    let name = name.split('#').next().unwrap_or_default();
    let name = name.strip_suffix(".git").unwrap_or(name);
    let parts: Vec<&str> = name.split('/').collect();
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
    let is_short = (path..=2).contains(&parts.len())
        && parts.iter().all(|part| !part.is_empty() && part.chars().all(plain));
    if is_short { format!("https://{host}/{name}").into() } else { told.into() }
}

/// Chooses all versions and writes them down; nothing is unpacked, and no script runs. What stands in
/// a git repository would have to be fetched and packed by scripts of its own: it is not.
fn resolve(question: &Question<'_>, version: &str, runner: &Runner) -> Result<Closure, Failure> {
    const LOCKFILE: &str = "package-lock.json";
    let manifest = serde_json::json!({
        "name": "trimtab-scratch", "version": "0.0.0", "private": true,
        "dependencies": { &*question.name: version },
    });
    runner.write("package.json", &manifest.to_string())?;
    let arguments = [
        "install",
        "--package-lock-only",
        "--package-lock",
        "--ignore-scripts",
        "--no-audit",
        "--no-fund",
        "--no-update-notifier",
        "--git=trimtab-fetches-nothing-with-git",
        "--loglevel=error",
    ];
    runner.run(&arguments, &[])?.well()?;
    let text = runner.read(LOCKFILE)?;
    let value: Value = serde_json::from_str(&text).map_err(|e| Failure::Garbage(e.to_string()))?;
    let mut closure = question.closure("npm install --package-lock-only");
    closure.packages = with_scripts(&value);
    closure.lockfiles.push((LOCKFILE.into(), text.into()));
    Ok(closure)
}

/// Which packages of a lockfile run scripts.
fn with_scripts(lockfile: &Value) -> Vec<Brought> {
    let entries = lockfile.get("packages").and_then(Value::as_object).into_iter().flatten();
    let one = |(path, entry): (&String, &Value)| {
        let name = entry.get("name").and_then(Value::as_str);
        let name = name.or_else(|| Some(path.rsplit_once("node_modules/")?.1))?;
        let version = entry.get("version")?.as_str()?;
        let (scope, name) = name.rsplit_once('/').map_or((None, name), |(s, n)| (Some(s), n));
        let purl = (!name.is_empty()).then(|| Purl::new("npm", scope, name))?;
        let scripts = entry.get("hasInstallScript").and_then(Value::as_bool).unwrap_or(false);
        Some(Brought { install_scripts: Some(scripts), ..Brought::new(purl.with_version(version)) })
    };
    entries.filter(|(path, _)| !path.is_empty()).filter_map(one).collect()
}

fn text<'v>(value: &'v Map<String, Value>, key: &str) -> Option<&'v str> {
    value.get(key)?.as_str()
}

/// A list's length; npm gives a list of one as the one.
fn count(value: Option<&Value>) -> Option<u32> {
    match value? {
        Value::Array(all) => u32::try_from(all.len()).ok(),
        Value::Null => None,
        _ => Some(1),
    }
}

/// A text, or `{"type": …}` in old packages.
fn licence(value: Option<&Value>) -> Option<&str> {
    let value = value?;
    value.as_str().or_else(|| value.get("type")?.as_str()).filter(|l| !l.trim().is_empty())
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn a_short_name_of_a_repository_is_an_address() {
        for (told, expected) in [
            ("left/pad", "https://github.com/left/pad"),
            ("github:left/pad#main", "https://github.com/left/pad"),
            ("gitlab:left/pad.git", "https://gitlab.com/left/pad"),
            ("bitbucket:left/pad", "https://bitbucket.org/left/pad"),
            ("gist:0123abc", "https://gist.github.com/0123abc"),
        ] {
            assert_eq!(&*address(told), expected, "{told}");
        }
        for other in [
            "git+https://git.example/left/pad.git",
            "git@git.example:left/pad.git",
            "left",
            "left/pad/more",
            "javascript:alert(1)",
            "github://left/pad",
            "left/p d",
        ] {
            assert_eq!(&*address(other), other);
        }
    }
}
