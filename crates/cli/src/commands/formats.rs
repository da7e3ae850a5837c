//! `trimtab formats`: what is read, from the registry itself.

use trimtab_extract::{FORMATS, FormatKind};

use super::Outcome;
use crate::exit::Exit;
use crate::io::Io;

/// Runs the verb.
///
/// # Errors
/// Never.
pub fn run(io: &mut Io) -> Outcome {
    let mut text = String::new();
    for (kind, title) in [
        (FormatKind::Lockfile, "Lockfiles"),
        (FormatKind::Manifest, "Manifests"),
        (FormatKind::Configuration, "Build and delivery"),
        (FormatKind::Sbom, "SBOMs"),
    ] {
        if !text.is_empty() {
            text.push('\n');
        }
        text.push_str(title);
        text.push('\n');
        for format in FORMATS.iter().filter(|f| f.kind == kind) {
            let names = format.names.replace(',', ", ");
            text.push_str(&format!("  {:<22} {names}\n", format.id));
        }
    }
    io.out(&text);
    Ok(Exit::Clean)
}
