//! Terraform's and OpenTofu's dependency lock, `.terraform.lock.hcl`: the providers.
//!
//! A block is `provider "host/namespace/name" { version, constraints, hashes }`. `zh:` hashes are
//! the SHA-256 of a provider's archive for one platform, `h1:` is Go's directory hash of its
//! content. The purl is `pkg:terraform/namespace/name@version`; the host, which is one of several
//! public registries or a private one, is the component's origin, as for every registry. The lock
//! does not say whether the configuration or one of its modules asks for a provider, and modules
//! are not in it at all.

use trimtab_model::{
    Code, Component, Diagnostic, FileInventory, Hash, HashAlgorithm, Origin, Purl, Scope,
};

use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "terraform-lock",
    title: "Terraform dependency lock",
    family: None,
    kind: FormatKind::Lockfile,
    names: ".terraform.lock.hcl",
    claims: |path| view::file_name(path) == ".terraform.lock.hcl",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut file = FileInventory::default();
    let mut open: Option<Component> = None;
    let mut in_hashes = false;
    let mut last = 1;
    for (line, number) in text.lines().zip(1u32..) {
        last = number;
        // Strings of this file hold no `#` and no `//`: addresses, versions, constraints, base64
        // (which may hold `//`, so only a leading one is a comment).
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') || line.starts_with("//") {
            continue;
        }
        let Some(component) = &mut open else {
            open = start(line, number);
            if open.is_none() {
                file.diagnostics.push(unexpected(number));
            }
            continue;
        };
        if in_hashes {
            component.hashes.extend(quoted(line).filter_map(hash));
            in_hashes = !line.starts_with(']');
            continue;
        }
        match line.split_once('=').map(|(key, value)| (key.trim(), value.trim())) {
            Some(("version", value)) => {
                let version = quoted(value).next().unwrap_or_default();
                component.purl = component.purl.clone().with_version(version);
            }
            Some(("constraints", value)) => {
                component.requirement = quoted(value).next().map(Into::into);
            }
            Some(("hashes", value)) => {
                component.hashes.extend(quoted(value).filter_map(hash));
                in_hashes = !value.contains(']');
            }
            Some(_) => {}
            None if line.starts_with('}') => {
                if let Some(component) = open.take() {
                    finish(&mut file, component);
                }
            }
            None => file.diagnostics.push(unexpected(number)),
        }
    }
    if let Some(component) = open {
        finish(&mut file, component);
        file.diagnostics.push(
            Diagnostic::new(Code::FileTruncated, "the file ends inside a provider").at_line(last),
        );
    }
    Ok(file)
}

fn unexpected(line: u32) -> Diagnostic {
    Diagnostic::new(Code::EntryMalformed, "this line is not part of a provider's lock")
        .at_line(line)
}

/// The provider of a line that opens a block.
fn start(line: &str, number: u32) -> Option<Component> {
    let rest = line.strip_prefix("provider")?.trim_start();
    let (address, rest) = rest.strip_prefix('"')?.split_once('"')?;
    if rest.trim() != "{" {
        return None;
    }
    let mut parts = address.rsplitn(3, '/');
    let name = parts.next().filter(|n| !n.is_empty())?;
    let namespace = parts.next();
    let mut component = Component::new(Purl::new("terraform", namespace, name));
    component.line = Some(number);
    component.scope = Scope::Build;
    if let Some(host) = parts.next() {
        component.origin = Origin::Registry(host.into());
    }
    Some(component)
}

fn finish(file: &mut FileInventory, mut component: Component) {
    if component.purl.version().is_some() {
        component.requirement = None;
    }
    file.add(component);
}

fn quoted(text: &str) -> impl Iterator<Item = &str> {
    text.split('"').skip(1).step_by(2)
}

fn hash(text: &str) -> Option<Hash> {
    let (scheme, value) = text.split_once(':')?;
    match scheme {
        "zh" => Hash::from_hex(HashAlgorithm::Sha256, value),
        "h1" => Hash::from_base64(HashAlgorithm::GoH1, value),
        _ => None,
    }
}
