//! conanfile.txt where no conan.lock stands beside it. A conanfile.py is a program, and not read.

use trimtab_model::{Code, Diagnostic, Family, FileInventory, Relation, Scope};

use super::conan_lock::Reference;
use super::floating;
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "conanfile",
    title: "conanfile.txt without a lockfile",
    family: Some(Family::ConanCenter),
    kind: FormatKind::Manifest,
    names: "conanfile.txt",
    claims: |path| view::file_name(path) == "conanfile.txt",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut out = FileInventory::default();
    if floating::locked_beside(view, &["conan.lock"]) {
        return Ok(out);
    }
    let mut scope = None;
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = line.split(" #").next().unwrap_or(line).trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        if let Some(section) = line.strip_prefix('[').and_then(|l| l.strip_suffix(']')) {
            scope = match section.trim() {
                "requires" => Some(Scope::Runtime),
                "tool_requires" | "build_requires" => Some(Scope::Build),
                "test_requires" => Some(Scope::Test),
                _ => None,
            };
            continue;
        }
        let Some(scope) = scope else { continue };
        let Some(reference) = Reference::parse(line) else {
            let message =
                format!("`{}` is not spelled as a name and a version", line.escape_debug());
            out.diagnostics.push(Diagnostic::new(Code::EntryMalformed, message).at_line(number));
            continue;
        };
        let mut component = reference.component(number);
        if reference.version.starts_with('[') {
            component.purl = component.purl.package();
            component.requirement = Some(reference.version.into());
        }
        component.relation = Relation::Direct;
        component.scope = scope;
        out.add(component);
    }
    floating::note(&mut out);
    Ok(out)
}
