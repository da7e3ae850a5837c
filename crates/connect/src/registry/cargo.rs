//! Cargo: `cargo info NAME@VERSION`, which downloads the crate and builds nothing, and then the
//! lines of the index that cargo has just kept in its home: what was yanked, when it was published,
//! what it depends on. The kept lines are cargo's own affair; where their shape is another, those
//! facts are unknown.

use std::fs;
use std::path::PathBuf;

use jiff::Timestamp;
use serde_json::Value;
use trimtab_model::metadata::{Brought, Requirement, Standing};
use trimtab_model::{Licence, Metadata, Purl};

use super::closure::Closure;
use super::run::Runner;
use super::versions::Offered;
use super::{Client, Failure, Question, configured, small_file};

pub(crate) const CLIENT: Client = Client {
    purl_type: "cargo",
    program: "cargo",
    install: "cargo 1.82 or later (by rustup)",
    variables: &["CARGO_HOME", "CARGO_REGISTR", "CARGO_SOURCE_"],
    files: &[".cargo/config.toml", ".cargo/config"],
    ask,
    resolve,
    versions: offered,
};

/// Registries that cargo's home may hold the index of.
const MOST_INDEXES: usize = 64;

fn ask(question: &Question<'_>, runner: &Runner) -> Result<Metadata, Failure> {
    let what = match question.version {
        Some(version) => format!("{}@{version}", question.name),
        None => question.name.clone(),
    };
    let run =
        runner.run(&["info", &what, "--color", "never"], &[("CARGO_TERM_VERBOSE", "false")])?;
    let output = run.well()?;
    let text =
        String::from_utf8(output).map_err(|_| Failure::Garbage("it is not UTF-8".to_owned()))?;
    let field = |name: &str| {
        text.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": ")).map(str::trim)
    };
    // `1.0.200 (latest 1.0.229)`
    let version = field("version").and_then(|v| v.split_whitespace().next());
    let version = version.ok_or_else(|| Failure::Garbage("no version is in it".to_owned()))?;
    let plain = |v: &str| v.split('+').next().unwrap_or(v).to_owned();
    if question.version.is_some_and(|asked| plain(asked) != plain(version)) {
        return Err(Failure::Garbage(format!("it is about version {version}")));
    }
    let mut m = question.unknown(version, "cargo info");
    m.licence = field("license").filter(|l| *l != "unknown").map(Licence::read);
    m.repository = field("repository").map(Into::into);
    from_index(question, version, &mut m);
    Ok(m)
}

/// Chooses all versions, for every platform. Then `cargo metadata` downloads the crates, without
/// building any, for their licences and build scripts; where that fails, those are unknown.
fn resolve(question: &Question<'_>, version: &str, runner: &Runner) -> Result<Closure, Failure> {
    // The name has nothing that TOML would escape; `is_name` saw to that.
    let manifest = format!(
        "[package]\nname = \"trimtab-scratch\"\nversion = \"0.0.0\"\nedition = \"2021\"\n\
         [lib]\npath = \"lib.rs\"\n[workspace]\n[dependencies]\n\"{}\" = \"={version}\"\n",
        question.name
    );
    runner.write("Cargo.toml", &manifest)?;
    runner.write("lib.rs", "")?;
    runner.run(&["generate-lockfile", "--quiet", "--color", "never"], &[])?.well()?;
    let mut closure = question.closure("cargo generate-lockfile");
    closure.lockfiles.push(("Cargo.lock".into(), runner.read("Cargo.lock")?.into()));
    let arguments = ["metadata", "--format-version", "1", "--locked", "--color", "never"];
    if let Ok(bytes) = runner.run(&arguments, &[]).and_then(super::run::Output::well)
        && let Ok(value) = serde_json::from_slice(&bytes)
    {
        closure.packages = told_of(&value);
    }
    Ok(closure)
}

/// Licences, and what is run by a build: build scripts and macros.
fn told_of(metadata: &Value) -> Vec<Brought> {
    let packages = metadata["packages"].as_array().into_iter().flatten();
    let one = |package: &Value| {
        let name = package["name"].as_str().filter(|n| !n.is_empty())?;
        let purl = Purl::new("cargo", None, name).with_version(package["version"].as_str()?);
        let kinds = package["targets"].as_array()?.iter().flat_map(|t| t["kind"].as_array());
        let runs = kinds.flatten().any(|k| k == "custom-build" || k == "proc-macro");
        Some(Brought {
            licence: package["license"].as_str().map(Licence::read),
            install_scripts: Some(runs),
            purl,
        })
    };
    packages.filter(|p| p["source"].is_string()).filter_map(one).collect()
}

/// Every version in the kept index, with its time, after cargo has brought that up to date.
fn offered(question: &Question<'_>, runner: &Runner) -> Result<Vec<Offered>, Failure> {
    let arguments = ["info", &question.name, "--color", "never", "--quiet"];
    runner.run(&arguments, &[])?.well()?;
    let indexes = kept(question).unwrap_or_default();
    let [(_, lines)] = &indexes[..] else {
        let why = format!("{} registries have a package of this name", indexes.len());
        return Err(Failure::Garbage(why));
    };
    let one = |line: &Value| {
        let version = line["vers"].as_str()?.into();
        let (published, yanked) = (published(line), line["yanked"].as_bool());
        Some(Offered { version, published, yanked, built: None })
    };
    Ok(lines.iter().filter_map(one).collect())
}

/// The lines about a package in each registry's kept index that has some, and where that lies.
fn kept(question: &Question<'_>) -> Option<Vec<(PathBuf, Vec<Value>)>> {
    let indexes = configured("CARGO_HOME", ".cargo")?.join("registry/index");
    let name = question.name.to_lowercase();
    let folder = match name.len() {
        0 => return None,
        1 => "1".to_owned(),
        2 => "2".to_owned(),
        3 => format!("3/{}", name.get(..1)?),
        _ => format!("{}/{}", name.get(..2)?, name.get(2..4)?),
    };
    let mut found = Vec::new();
    for index in fs::read_dir(indexes).ok()?.take(MOST_INDEXES).flatten() {
        let Some(bytes) = small_file(&index.path().join(".cache").join(&folder).join(&name)) else {
            continue;
        };
        // The lines stand between NUL bytes, each after its version.
        let lines: Vec<Value> = bytes
            .split(|b| *b == 0)
            .filter(|part| part.starts_with(b"{"))
            .filter_map(|part| serde_json::from_slice(part).ok())
            .filter(|line: &Value| line["name"].as_str() == Some(&question.name))
            .collect();
        if !lines.is_empty() {
            found.push((index.path(), lines));
        }
    }
    Some(found)
}

/// What the kept index says, where exactly one registry's index has the version.
fn from_index(question: &Question<'_>, version: &str, m: &mut Metadata) -> Option<()> {
    let found: Vec<_> = kept(question)?
        .into_iter()
        .filter(|(_, lines)| lines.iter().any(|line| line["vers"] == version))
        .collect();
    let [(index, lines)] = &found[..] else { return None };
    let line = lines.iter().find(|line| line["vers"] == version)?;
    m.published = published(line);
    // A version without a time might be the newest.
    m.last_release =
        lines.iter().map(published).collect::<Option<Vec<_>>>().and_then(|t| t.into_iter().max());
    m.standing = line["yanked"].as_bool().map(|yanked| match yanked {
        true => Standing::Yanked("".into()),
        false => Standing::Offered,
    });
    m.versions = u32::try_from(lines.len()).ok();
    m.dependencies = line["deps"].as_array().map(|all| {
        let needed = all.iter().filter(|d| d["kind"] != "dev" && d["optional"] != true);
        needed
            .filter_map(|d| {
                let name =
                    d["package"].as_str().or(d["name"].as_str()).filter(|n| !n.is_empty())?;
                let versions = d["req"].as_str().unwrap_or_default().into();
                Some(Requirement { package: Purl::new("cargo", None, name), versions })
            })
            .collect()
    });
    let configuration: Value =
        serde_json::from_slice(&small_file(&index.join("config.json"))?).ok()?;
    m.registry = configuration["dl"].as_str().map(Into::into);
    m.source = "cargo info and its index".into();
    Some(())
}

/// When a line of the index says that its version was published.
fn published(line: &Value) -> Option<Timestamp> {
    line["pubtime"].as_str()?.parse().ok()
}
