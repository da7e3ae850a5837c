//! Diagnostics as text, for snapshots.

use std::fmt::Write;

use trimtab_model::Diagnostic;

/// One block for each, with the place underlined.
pub(crate) fn told(diagnostics: &[Diagnostic]) -> String {
    let mut out = String::new();
    for d in diagnostics {
        let file = d.file.as_deref().unwrap_or("-");
        let line = d.line.map_or(String::new(), |line| format!(":{line}"));
        writeln!(out, "{}[{}] {file}{line}: {}", d.code.severity().as_str(), d.code, d.message)
            .unwrap();
        if let Some(e) = &d.excerpt {
            let (start, len) = (e.start as usize, e.len as usize);
            writeln!(out, "  | {}\n  | {}{}", e.line, " ".repeat(start), "^".repeat(len)).unwrap();
        }
        if let Some(help) = &d.help {
            writeln!(out, "  = {help}").unwrap();
        }
    }
    out
}
