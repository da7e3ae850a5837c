//! Explicit specifications of conda (`conda-linux-64.lock`): one archive a line after `@EXPLICIT`,
//! its digest behind `#`. conda-lock adds packages of pip as comments: `# pip name @ url --hash=…`.

use trimtab_model::{
    Code, Component, Diagnostic, FileInventory, Hash, HashAlgorithm, Origin, Scope,
};

use super::{conda, pypi};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "conda-explicit",
    title: "conda explicit specification",
    family: None,
    kind: FormatKind::Lockfile,
    names: "conda-*.lock",
    claims: |path| {
        let name = view::file_name(path);
        name.starts_with("conda-") && name.ends_with(".lock")
    },
    sniff: Some(is_explicit),
    extract,
};

/// Whether a line is `@EXPLICIT`, in the head of a file.
fn is_explicit(bytes: &[u8]) -> bool {
    let head = bytes.get(..bytes.len().min(4096)).unwrap_or_default();
    head.split(|b| *b == b'\n').any(|line| line.trim_ascii() == b"@EXPLICIT")
}

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut out = FileInventory::default();
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = line.trim();
        let found = match line.strip_prefix("# pip ") {
            Some(pip) => from_pip(pip),
            None if line.is_empty() || line.starts_with(['#', '@']) => continue,
            None => from_conda(line),
        };
        let Some(mut component) = found else {
            let message = format!("`{}` is not the address of an archive", line.escape_debug());
            out.diagnostics.push(Diagnostic::new(Code::EntryMalformed, message).at_line(number));
            continue;
        };
        component.line = Some(number);
        // What is installed, for whatever reason.
        component.scope = Scope::Runtime;
        out.add(component);
    }
    Ok(out)
}

fn from_conda(line: &str) -> Option<Component> {
    let mut component = conda::Archive::of(line)?.component();
    let digest = line.split_once('#').map(|(_, digest)| digest.trim());
    component.hashes.extend(digest.and_then(|text| match text.strip_prefix("sha256:") {
        Some(hex) => Hash::from_hex(HashAlgorithm::Sha256, hex),
        None if text.len() == 64 => Hash::from_hex(HashAlgorithm::Sha256, text),
        None => Hash::from_hex(HashAlgorithm::Md5, text),
    }));
    Some(component)
}

fn from_pip(text: &str) -> Option<Component> {
    let (name, rest) = text.split_once(" @ ")?;
    let mut words = rest.split_whitespace();
    let url = words.next()?;
    let (origin, _) = pypi::origin(url);
    let version = pypi::archive_name(url).map_or("", |(_, version)| version);
    let mut component = Component::new(pypi::purl(name.trim()).with_version(version));
    component.origin = match origin {
        Origin::Url(_) if !version.is_empty() => Origin::Unstated,
        origin => origin,
    };
    component.hashes = words.filter_map(|word| pypi::hash(word.strip_prefix("--hash=")?)).collect();
    Some(component)
}
