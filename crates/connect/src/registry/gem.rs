//! RubyGems: `gem fetch` and `gem specification` of the file, which unpack and run nothing. The date in
//! it is its author's, so when it was published is unknown.

use serde_json::Value;
use trimtab_model::metadata::{Brought, Requirement};
use trimtab_model::{Licence, Metadata, Purl};

use super::closure::Closure;
use super::run::{Output, Runner};
use super::versions::Offered;
use super::{Client, Failure, Question, is_name, is_version};

pub(crate) const CLIENT: Client = Client {
    purl_type: "gem",
    program: "gem",
    install: "RubyGems (it comes with Ruby)",
    variables: &["GEM", "RUBYGEMS_"],
    files: &[".gemrc", ".config/gem/gemrc", ".gem/credentials"],
    ask,
    resolve,
    versions: offered,
};

/// Every version of a gem, the newest first.
fn listed(name: &str, runner: &Runner) -> Result<Vec<String>, Failure> {
    let listed = runner.run(&["list", "--remote", "--exact", "--all", name], &[])?.well()?;
    let listed = String::from_utf8_lossy(&listed);
    // `name (1.1.0 ruby java, 1.0.0)`
    let versions =
        listed.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(" (")?.strip_suffix(')'));
    let versions = versions.into_iter().flat_map(|v| v.split(", "));
    Ok(versions.filter_map(|v| Some(v.split(' ').next()?.to_owned())).collect())
}

/// Every version. RubyGems tells no times of all of them.
fn offered(question: &Question<'_>, runner: &Runner) -> Result<Vec<Offered>, Failure> {
    Ok(listed(&question.name, runner)?.iter().map(|version| Offered::untold(version)).collect())
}

fn ask(question: &Question<'_>, runner: &Runner) -> Result<Metadata, Failure> {
    let name = &*question.name;
    let versions = listed(name, runner)?;
    let newest = versions.first().map(String::as_str);
    let version = question
        .version
        .or(newest)
        .filter(|v| is_version(v))
        .ok_or_else(|| Failure::Refused(format!("{name} is in none of its sources")))?;
    runner.run(&["fetch", name, "--version", version, "--platform", "ruby"], &[])?.well()?;
    let file = format!("{name}-{version}.gem");
    let output = runner.run(&["specification", &file, "--yaml"], &[]).and_then(Output::well)?;
    let value = specification(&output)?;
    if value["name"] != name || value["version"]["version"] != version {
        return Err(Failure::Garbage("it is not about the package".to_owned()));
    }
    let mut m = question.unknown(version, "gem specification");
    m.versions = u32::try_from(versions.len()).ok().filter(|n| *n > 0);
    let licences = value["licenses"].as_array().into_iter().flatten();
    let licences: Vec<&str> = licences.filter_map(Value::as_str).collect();
    // A list is a choice.
    m.licence = (!licences.is_empty()).then(|| Licence::read(&licences.join(" OR ")));
    m.repository = value["metadata"]["source_code_uri"].as_str().map(Into::into);
    m.changelog = value["metadata"]["changelog_uri"].as_str().map(Into::into);
    // Extensions are built when it is installed, by a program of its own.
    m.install_scripts = value["extensions"].as_array().map(|all| !all.is_empty());
    let dependencies = value["dependencies"].as_array().into_iter().flatten();
    m.dependencies = Some(
        dependencies.filter(|d| d["type"] != ":development").filter_map(requirement).collect(),
    );
    Ok(m)
}

/// A specification as JSON: Ruby's names of classes are left aside.
fn specification(bytes: &[u8]) -> Result<Value, Failure> {
    let value: yaml_serde::Value =
        yaml_serde::from_slice(bytes).map_err(|e| Failure::Garbage(e.to_string()))?;
    Ok(plain(value))
}

/// The reader bounds how deep values lie.
fn plain(value: yaml_serde::Value) -> Value {
    match value {
        yaml_serde::Value::String(text) => Value::String(text),
        yaml_serde::Value::Sequence(all) => Value::Array(all.into_iter().map(plain).collect()),
        yaml_serde::Value::Mapping(all) => Value::Object(
            all.into_iter()
                .filter_map(|(key, value)| Some((key.as_str()?.to_owned(), plain(value))))
                .collect(),
        ),
        yaml_serde::Value::Tagged(tagged) => plain(tagged.value),
        yaml_serde::Value::Number(number) => Value::String(number.to_string()),
        yaml_serde::Value::Bool(_) | yaml_serde::Value::Null => Value::Null,
    }
}

fn requirement(dependency: &Value) -> Option<Requirement> {
    let name = dependency["name"].as_str().filter(|n| is_name(n))?;
    let all = dependency["requirement"]["requirements"].as_array().into_iter().flatten();
    let one = |pair: &Value| {
        Some(format!("{} {}", pair.get(0)?.as_str()?, pair.get(1)?["version"].as_str()?))
    };
    let versions: Vec<String> = all.filter_map(one).collect();
    Some(Requirement {
        package: Purl::new("gem", None, name),
        versions: versions.join(", ").into(),
    })
}

/// What would be installed into an empty folder; nothing is.
fn resolve(question: &Question<'_>, version: &str, runner: &Runner) -> Result<Closure, Failure> {
    let arguments = [
        "install",
        &question.name,
        "--version",
        version,
        "--explain",
        "--remote",
        "--platform",
        "ruby",
        "--install-dir",
        ".",
    ];
    let output = runner.run(&arguments, &[])?.well()?;
    let text = String::from_utf8_lossy(&output);
    let mut closure = question.closure("gem install --explain");
    let listed = text.lines().skip_while(|l| !l.starts_with("Gems to install")).skip(1);
    closure.packages = listed
        .filter(|l| !l.trim().is_empty())
        .map(|l| gem(l.trim()))
        .collect::<Option<_>>()
        .ok_or_else(|| Failure::Garbage("a line of it is not a gem".to_owned()))?;
    if closure.packages.is_empty() {
        return Err(Failure::Garbage("it lists nothing to install".to_owned()));
    }
    Ok(closure)
}

/// `name-1.2.0`
fn gem(text: &str) -> Option<Brought> {
    let (name, version) = text.rsplit_once('-')?;
    let fits =
        is_name(name) && is_version(version) && version.starts_with(|c: char| c.is_ascii_digit());
    fits.then(|| Brought::new(Purl::new("gem", None, name).with_version(version)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_of_a_plan() {
        let read = |text| gem(text).map(|b| b.purl.to_string());
        assert_eq!(read("net-http-2-1.0.rc1").as_deref(), Some("pkg:gem/net-http-2@1.0.rc1"));
        for bad in ["a", "a-b", "-1.0", "a b-1"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn specifications_lose_the_names_of_classes() {
        let text = "--- !ruby/object:Gem::Specification\nname: a\nversion: !ruby/object:Gem::Version\n  version: 1.0.0\nlicenses:\n- MIT\ndependencies:\n- !ruby/object:Gem::Dependency\n  name: b\n  requirement: !ruby/object:Gem::Requirement\n    requirements:\n    - - \"~>\"\n      - !ruby/object:Gem::Version\n        version: '1.2'\n  type: :runtime\n";
        let value = specification(text.as_bytes()).unwrap();
        assert_eq!(value["version"]["version"], "1.0.0");
        let needs = requirement(&value["dependencies"][0]).unwrap();
        assert_eq!((needs.package.to_string().as_str(), &*needs.versions), ("pkg:gem/b", "~> 1.2"));
    }
}
