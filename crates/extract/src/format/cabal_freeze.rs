//! Cabal's freeze file, `cabal.project.freeze` (and the older `cabal.config`).
//!
//! One field matters, `constraints`: a list separated by commas, over as many lines as wanted.
//! `any.name ==1.2` pins a package wherever it is used; without `any.` only where the project
//! itself uses it, which is what older versions wrote. `name +flag -flag` sets flags and is not
//! about versions; `name installed` takes what comes with the compiler, whatever that is. Comments
//! are lines that start with `--`.

use trimtab_model::{
    Code, Component, Diagnostic, Family, FileInventory, Purl, Unmanaged, UnmanagedReason,
};

use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "cabal-freeze",
    title: "Cabal freeze file",
    family: Some(Family::Hackage),
    kind: FormatKind::Lockfile,
    names: "cabal.project.freeze, cabal.config",
    claims: |path| matches!(view::file_name(path), "cabal.project.freeze" | "cabal.config"),
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut file = FileInventory::default();
    let mut inside = false;
    for (line, number) in text.lines().zip(1u32..) {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with("--") {
            continue;
        }
        // A field starts at the margin; what is indented continues it.
        let content = match trimmed.split_once(':') {
            Some((field, rest)) if is_field(field) && !line.starts_with([' ', '\t']) => {
                inside = field.eq_ignore_ascii_case("constraints");
                rest
            }
            _ => trimmed,
        };
        if inside {
            for entry in content.split(',').map(str::trim).filter(|e| !e.is_empty()) {
                constraint(&mut file, entry, number);
            }
        }
    }
    Ok(file)
}

fn is_field(name: &str) -> bool {
    name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
}

fn constraint(file: &mut FileInventory, entry: &str, line: u32) {
    let split = entry.find([' ', '\t', '=', '<', '>', '^', '+']).unwrap_or(entry.len());
    let (target, wanted) = entry.split_at(split);
    let wanted = wanted.trim();
    // `any.name`, `setup.name`, `other:setup.name`.
    let target = target.rsplit_once(':').map_or(target, |(_, name)| name);
    let name =
        target.strip_prefix("any.").or_else(|| target.strip_prefix("setup.")).unwrap_or(target);
    let flags = wanted.split_ascii_whitespace().all(|w| {
        w.starts_with('+') || w.starts_with('-') || matches!(w, "source" | "test" | "bench")
    });
    if name.is_empty() || wanted.is_empty() {
        file.diagnostics.push(
            Diagnostic::new(
                Code::EntryMalformed,
                format!("the constraint `{entry}` names no version"),
            )
            .at_line(line),
        );
        return;
    }
    if flags {
        return;
    }
    let version = wanted.strip_prefix("==").map(str::trim).filter(|v| {
        v.starts_with(|c: char| c.is_ascii_digit())
            && v.bytes().all(|b| b.is_ascii_digit() || b == b'.')
    });
    let purl = Purl::new("hackage", None, name).with_version(version.unwrap_or_default());
    let mut component = Component::new(purl);
    component.line = Some(line);
    if version.is_none() {
        component.requirement = Some(wanted.into());
        file.unmanaged.push(Unmanaged {
            reason: UnmanagedReason::FloatingVersion,
            package: Some(component.purl.clone()),
            requirement: component.requirement.clone(),
            line: Some(line),
        });
    }
    file.add(component);
}
