//! environment.yml of conda where no lockfile of conda stands beside it.
//!
//! Trap: `name=1.2` means 1.2.*, only `name==1.2` and `name=1.2=build` are one release. Packages of
//! pip stand in a list under `pip`. Other programs use the file name, too: without a list of
//! `dependencies` nothing is listed.

use trimtab_model::{Component, Diagnostic, FileInventory, Origin, Scope};

use super::pep508::Requirement;
use super::{conda, conda_explicit, conda_lock, floating, pypi};
use crate::read::tree::Value;
use crate::read::yaml;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "environment-yml",
    title: "conda environment.yml without a lockfile",
    family: None,
    kind: FormatKind::Manifest,
    names: "environment.yml, environment-*.yml, environment_*.yml, *-environment.yml",
    claims: |path| {
        let name = view::file_name(path);
        let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"));
        stem.is_some_and(|stem| {
            let start = ["environment-", "environment_"].iter().any(|s| stem.starts_with(s));
            stem == "environment" || start || stem.ends_with("-environment")
        })
    },
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = yaml::parse(&text)?;
    let mut out = FileInventory::default();
    let here = view::folder(view.path);
    let locked = view
        .files
        .claimed()
        .iter()
        .filter(|path| view::folder(path) == here)
        .any(|path| (conda_lock::FORMAT.claims)(path) || (conda_explicit::FORMAT.claims)(path));
    if locked || view.has("pixi.lock") {
        return Ok(out);
    }
    for (pip, text, line) in declared(doc.root()) {
        let component = if pip { of_pip(text, line) } else { of_conda(text, line) };
        out.components.extend(component);
    }
    floating::note(&mut out);
    Ok(out)
}

/// What an environment asks for: whether of pip, and the name. `None` if the bytes are none.
pub(super) fn asked(bytes: &[u8]) -> Option<Vec<(bool, String)>> {
    let text = crate::read::text::decode(bytes).ok()?;
    let doc = yaml::parse(&text).ok()?;
    doc.root().get("dependencies")?;
    let name = |pip: bool, text: &str| match pip {
        true => Requirement::parse(text).map(|r| r.name.to_owned()),
        false => conda::spec(text).map(|(name, _)| name.to_owned()),
    };
    let all = declared(doc.root()).into_iter();
    Some(all.filter_map(|(pip, text, _)| Some((pip, name(pip, text)?))).collect())
}

fn declared(root: Value<'_>) -> Vec<(bool, &str, u32)> {
    let mut all = Vec::new();
    for item in root.get("dependencies").into_iter().flat_map(Value::items) {
        all.extend(item.as_str().map(|text| (false, text, item.line())));
        let of_pip = item.get("pip").into_iter().flat_map(Value::items);
        all.extend(of_pip.filter_map(|pip| Some((true, pip.as_str()?, pip.line()))));
    }
    all
}

fn of_conda(text: &str, line: u32) -> Option<Component> {
    let (name, asks) = conda::spec(text)?;
    let exact = match asks.strip_prefix("==") {
        Some(version) => floating::exact(version),
        None => {
            asks.strip_prefix('=').and_then(|pinned| floating::exact(pinned.split_once('=')?.0))
        }
    };
    let mut component = floating::direct(conda::purl(name), exact, asks, Scope::Runtime, line);
    if let Some((channel, _)) = text.split_once("::") {
        component.origin = Origin::Registry(channel.trim().into());
    }
    Some(component)
}

/// `None` for options: a file that is named is read by itself.
fn of_pip(text: &str, line: u32) -> Option<Component> {
    let asked = Requirement::parse(text.split(" #").next()?);
    let Some(asked) = asked else {
        let address = text.trim_start_matches("-e ").trim_start_matches("--editable ").trim();
        let (origin, name) = pypi::origin(address);
        let mut component =
            floating::direct(pypi::purl(name?), None, address, Scope::Runtime, line);
        component.origin = origin;
        return Some(component);
    };
    let (purl, asks) = (pypi::purl(asked.name), asked.asks());
    let mut component = floating::direct(purl, asked.pin(), &asks, Scope::Runtime, line);
    component.origin = asked.url.map_or(Origin::Unstated, |url| pypi::origin(url).0);
    Some(component)
}
