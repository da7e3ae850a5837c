//! .NET project files (`*.csproj`, `*.fsproj`, `*.vbproj`) and the `Directory.*` files that add
//! packages to all projects below them, read by [`super::msbuild`].
//!
//! With a NuGet lockfile or a restored `obj/project.assets.json` beside it, the project adds
//! nothing: the lockfile speaks. Central versions (`Directory.Packages.props`) are looked up for
//! each reference; the file itself lists only what it adds to every project.

use trimtab_model::{
    Component, Diagnostic, Family, FileInventory, Relation, Unmanaged, UnmanagedReason,
};

use super::msbuild::{Project, Reference};
use super::nuget;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "csproj",
    title: ".NET project",
    family: Some(Family::NuGet),
    kind: FormatKind::Manifest,
    names: "*.csproj, *.fsproj, *.vbproj, Directory.Build.props, Directory.Build.targets, \
            Directory.Packages.props",
    claims: |path| nuget::is_project(path) || is_directory_file(path),
    sniff: None,
    extract,
};

fn is_directory_file(path: &str) -> bool {
    matches!(
        view::file_name(path),
        "Directory.Build.props" | "Directory.Build.targets" | "Directory.Packages.props"
    )
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let mut project = Project::read(view)?;
    let mut file = FileInventory {
        diagnostics: std::mem::take(&mut project.diagnostics),
        ..FileInventory::default()
    };
    if project.references.is_empty() || is_locked(view, &project) {
        return Ok(file);
    }
    for reference in &project.references {
        add(&mut file, reference);
    }
    file.unmanaged.push(Unmanaged {
        reason: UnmanagedReason::NoLockfile,
        package: None,
        requirement: None,
        line: None,
    });
    Ok(file)
}

fn is_locked(view: &FileView<'_>, project: &Project) -> bool {
    if is_directory_file(view.path) {
        let here = view::folder(view.path);
        let claimed = view.files.claimed();
        let start = claimed.partition_point(|path| path.as_str() < here);
        let mut below = claimed.iter().skip(start).take_while(|path| path.starts_with(here));
        return below.any(|path| {
            view::file_name(path) == "packages.lock.json"
                && (here.is_empty() || path.strip_prefix(here).is_some_and(|p| p.starts_with('/')))
        });
    }
    let stem = view.name().rsplit_once('.').map_or(view.name(), |(stem, _)| stem);
    let named = project.lockfile.as_deref().is_some_and(|path| view.has(path));
    named
        || view.has("packages.lock.json")
        || view.has(&format!("packages.{}.lock.json", stem.replace(' ', "_")))
        || view.has("obj/project.assets.json")
}

fn add(file: &mut FileInventory, reference: &Reference) {
    let requirement = reference.requirement.as_deref().filter(|r| !r.is_empty());
    let version = requirement.filter(|_| !reference.unresolved).and_then(nuget::exact);
    let mut component = Component::new(nuget::purl(&reference.name, version.unwrap_or_default()));
    component.relation = Relation::Direct;
    component.scope = reference.scope;
    component.line = Some(reference.line);
    if version.is_none() {
        component.requirement = requirement.map(Into::into);
        let reason = match reference.unresolved {
            true => UnmanagedReason::Unresolved,
            false => UnmanagedReason::FloatingVersion,
        };
        file.unmanaged.push(Unmanaged {
            reason,
            package: Some(component.purl.clone()),
            requirement: component.requirement.clone(),
            line: component.line,
        });
    }
    file.add(component);
}
