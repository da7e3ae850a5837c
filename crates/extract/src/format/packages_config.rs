//! NuGet's `packages.config`: every package of an older .NET project at its exact version.
//!
//! The list is flat: it does not say which packages the project asked for and which came with
//! them. `developmentDependency` marks what only the build needs. Visual Studio writes UTF-8 with
//! a mark, other tools UTF-16.

use trimtab_model::{Code, Component, Diagnostic, Family, FileInventory, Scope};

use super::nuget;
use crate::read::xml;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "packages-config",
    title: "NuGet packages.config",
    family: Some(Family::NuGet),
    kind: FormatKind::Lockfile,
    names: "packages.config, packages.*.config",
    claims,
    sniff: None,
    extract,
};

fn claims(path: &str) -> bool {
    let name = view::file_name(path).to_ascii_lowercase();
    name == "packages.config" || (name.starts_with("packages.") && name.ends_with(".config"))
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let doc = xml::parse(&text)?;
    let mut file = FileInventory::default();
    if doc.root().name() != "packages" {
        return Err(Diagnostic::new(
            Code::FileMalformed,
            format!("the file's element is `{}`, not `packages`", doc.root().name()),
        )
        .at_line(doc.root().line()));
    }
    for package in doc.root().all("package") {
        let attribute = |name| package.attribute(name).map_or("", str::trim);
        let (name, version) = (attribute("id"), attribute("version"));
        if name.is_empty() || version.is_empty() {
            file.diagnostics.push(
                Diagnostic::new(
                    Code::EntryMalformed,
                    format!("the package `{name}` has no id or no version"),
                )
                .at_line(package.line()),
            );
            continue;
        }
        let mut component = Component::new(nuget::purl(name, version));
        component.line = Some(package.line());
        component.scope = match attribute("developmentDependency") {
            flag if flag.eq_ignore_ascii_case("true") => Scope::Development,
            _ => Scope::Runtime,
        };
        let framework = attribute("targetFramework");
        if !framework.is_empty() {
            nuget::add_group(&mut component, framework);
        }
        file.add(component);
    }
    Ok(file)
}
