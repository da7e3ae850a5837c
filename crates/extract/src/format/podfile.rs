//! Podfile where no Podfile.lock stands beside it. It is a program and is never run: `pod` lines
//! with a literal name are read.

use trimtab_model::{Diagnostic, FileInventory, Origin, Purl, Scope};

use super::{address, floating, ruby};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "podfile",
    title: "CocoaPods Podfile without a lockfile",
    family: None,
    kind: FormatKind::Manifest,
    names: "Podfile",
    claims: |path| view::file_name(path) == "Podfile",
    sniff: None,
    extract,
};

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut out = FileInventory::default();
    if floating::locked_beside(view, &["Podfile.lock"]) {
        return Ok(out);
    }
    for (line, statement) in ruby::statements(&text) {
        let ("pod", call) = ruby::call(&statement) else { continue };
        let texts = ruby::leading_texts(call);
        let Some((name, asks)) = texts.split_first().filter(|(name, _)| !name.is_empty()) else {
            out.unmanaged.push(floating::not_literal(call, line));
            continue;
        };
        let (pod, subspec) = name.split_once('/').unwrap_or((name, ""));
        let purl = Purl::new("cocoapods", None, pod).with_subpath(subspec);
        let asks = asks.join(", ");
        let version = floating::exact(&asks);
        let mut component = floating::direct(purl, version, &asks, Scope::Unknown, line);
        if let Some(url) = ruby::option(call, "git") {
            component.origin = address::git(url, ruby::option(call, "commit"));
        } else if let Some(path) = ruby::option(call, "path") {
            component.origin = Origin::Path(path.into());
        } else if let Some(url) = ruby::option(call, "podspec") {
            component.origin = Origin::Url(address::without_credentials(url).into());
        }
        out.add(component);
    }
    floating::note(&mut out);
    Ok(out)
}
