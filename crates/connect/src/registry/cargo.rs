//! Cargo: `cargo info NAME@VERSION`, which downloads the crate and builds nothing, and then the
//! lines of the index that cargo has just kept in its home: what was yanked, when it was published,
//! what it depends on. The kept lines are cargo's own affair; where their shape is another, those
//! facts are unknown.

use std::fs;

use jiff::Timestamp;
use serde_json::Value;
use trimtab_model::metadata::{Requirement, Standing};
use trimtab_model::{Licence, Metadata, Purl};

use super::run::Runner;
use super::{Client, Failure, Question, configured, small_file};

pub(crate) const CLIENT: Client = Client {
    purl_type: "cargo",
    program: "cargo",
    install: "cargo 1.82 or later (by rustup)",
    variables: &["CARGO_HOME", "CARGO_REGISTR", "CARGO_SOURCE_"],
    files: &[".cargo/config.toml", ".cargo/config"],
    ask,
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

/// What the kept index says, where exactly one registry's index has the version.
fn from_index(question: &Question<'_>, version: &str, m: &mut Metadata) -> Option<()> {
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
        if lines.iter().any(|line| line["vers"] == version) {
            found.push((index.path(), lines));
        }
    }
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
