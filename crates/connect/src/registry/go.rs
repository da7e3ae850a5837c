//! Go: `go list -m -u -versions -retracted -json PATH@VERSION`, outside of any module, and
//! `go mod edit -json` of the module's own go.mod, for what it needs. Modules have no licence there.

use jiff::Timestamp;
use serde_json::Value;
use trimtab_model::metadata::{Brought, Requirement, Standing};
use trimtab_model::{Metadata, Purl};

use super::closure::Closure;
use super::run::Runner;
use super::versions::Offered;
use super::{Client, Failure, Question};

pub(crate) const CLIENT: Client = Client {
    purl_type: "golang",
    program: "go",
    install: "Go 1.21 or later",
    variables: &["GOPROXY", "GOPRIVATE", "GONOPROXY", "GOENV", "GOFLAGS", "GOVCS", "GOINSECURE"],
    files: &[".config/go/env", "Library/Application Support/go/env", "AppData/Roaming/go/env"],
    ask,
    resolve,
    versions: offered,
};

/// No workspace, and no other toolchain that a module might ask for.
const ALONE: &[(&str, &str)] =
    &[("GOWORK", "off"), ("GOTOOLCHAIN", "local"), ("GO111MODULE", "on")];

fn ask(question: &Question<'_>, runner: &Runner) -> Result<Metadata, Failure> {
    let what = format!("{}@{}", question.name, question.version.unwrap_or("latest"));
    let list = ["list", "-m", "-u", "-versions", "-retracted", "-json", &what];
    let output = runner.run(&list, ALONE)?.well()?;
    let value: Value =
        serde_json::from_slice(&output).map_err(|e| Failure::Garbage(e.to_string()))?;
    let mut m = read(question, &value)
        .ok_or_else(|| Failure::Garbage("it is not about the module".to_owned()))?;
    if let Some(file) = value["GoMod"].as_str().filter(|f| !f.starts_with('-')) {
        let edited =
            runner.run(&["mod", "edit", "-json", file], ALONE).and_then(super::run::Output::well);
        m.dependencies = edited.ok().and_then(|bytes| needs(&serde_json::from_slice(&bytes).ok()?));
    }
    if let Ok(bytes) = runner.run(&["env", "GOPROXY"], ALONE).and_then(super::run::Output::well) {
        let proxies = String::from_utf8_lossy(&bytes);
        // With more than one, it is not told which of them answered.
        let proxy = proxies.trim();
        m.registry = (proxy.contains("://") && !proxy.contains([',', '|'])).then(|| proxy.into());
    }
    Ok(m)
}

fn read(question: &Question<'_>, value: &Value) -> Option<Metadata> {
    if !value["Path"].as_str()?.eq_ignore_ascii_case(&question.name) || value["Error"].is_object() {
        return None;
    }
    let mut m = question.unknown(value["Version"].as_str()?, "go list -m");
    let time = |v: &Value| v["Time"].as_str()?.parse::<Timestamp>().ok();
    m.published = time(value);
    let update = &value["Update"];
    m.last_release = if update.is_object() { time(update) } else { m.published };
    m.standing = Some(match (value["Retracted"].as_array(), value["Deprecated"].as_str()) {
        (Some(why), _) => {
            let why: Vec<&str> = why.iter().filter_map(Value::as_str).collect();
            Standing::Yanked(why.join("; ").into())
        }
        (None, Some(why)) => Standing::Deprecated(why.into()),
        (None, None) => Standing::Offered,
    });
    m.repository = value["Origin"]["URL"].as_str().map(Into::into);
    // Getting a module runs nothing.
    m.install_scripts = Some(false);
    m.versions = value["Versions"].as_array().and_then(|v| u32::try_from(v.len()).ok());
    Some(m)
}

/// Every version that is not retracted. Times would be a question for each.
fn offered(question: &Question<'_>, runner: &Runner) -> Result<Vec<Offered>, Failure> {
    let what = format!("{}@latest", question.name);
    let output = runner.run(&["list", "-m", "-versions", "-json", &what], ALONE)?.well()?;
    let value: Value =
        serde_json::from_slice(&output).map_err(|e| Failure::Garbage(e.to_string()))?;
    let versions = value["Versions"].as_array().into_iter().flatten();
    Ok(versions.filter_map(Value::as_str).map(Offered::untold).collect())
}

/// Chooses the version of every module in its module graph, tests of its dependencies included.
fn resolve(question: &Question<'_>, version: &str, runner: &Runner) -> Result<Closure, Failure> {
    let module = format!(
        "module trimtab.invalid/scratch\n\ngo 1.21\n\nrequire {} {version}\n",
        question.name
    );
    runner.write("go.mod", &module)?;
    let output = runner.run(&["list", "-mod=mod", "-m", "-json", "all"], ALONE)?.well()?;
    let mut closure = question.closure("go list -m all");
    for value in serde_json::Deserializer::from_slice(&output).into_iter::<Value>() {
        let value = value.map_err(|e| Failure::Garbage(e.to_string()))?;
        if value["Main"] == true {
            continue;
        }
        let path = value["Path"].as_str().and_then(module_purl);
        let (Some(purl), Some(version)) = (path, value["Version"].as_str()) else {
            return Err(Failure::Garbage("a module in it has no path or version".to_owned()));
        };
        closure.packages.push(Brought {
            install_scripts: Some(false),
            ..Brought::new(purl.with_version(version))
        });
    }
    Ok(closure)
}

fn module_purl(path: &str) -> Option<Purl> {
    let (namespace, name) = path.rsplit_once('/').map_or((None, path), |(ns, n)| (Some(ns), n));
    (!name.is_empty()).then(|| Purl::new("golang", namespace, name))
}

/// What a go.mod asks for directly.
fn needs(module: &Value) -> Option<Vec<Requirement>> {
    module["Module"].as_object()?;
    let all = module["Require"].as_array().into_iter().flatten();
    let direct = all.filter(|r| r["Indirect"] != true);
    Some(
        direct
            .filter_map(|r| {
                let package = module_purl(r["Path"].as_str()?)?;
                let versions = r["Version"].as_str().unwrap_or_default().into();
                Some(Requirement { package, versions })
            })
            .collect(),
    )
}
