//! The workspace of a module, `go.work`: it is for no earlier Go than any of its modules, else Go builds none of them.

use std::cmp::Ordering;

use trimtab_model::version::Scheme;

use super::line;
use crate::update::drive::{Drive, below};
use crate::update::refusal::Reason;

/// Raises the line `go` of the workspace that has the module to that of the module, where it is lower.
pub(super) fn raised(drive: &Drive<'_>) -> Result<(), Reason> {
    let Some(module) = drive.text("go.mod") else { return Ok(()) };
    let Some(to) = line(&module) else { return Ok(()) };
    let own = &*drive.manifests.folder;
    let mut folder = Some(own);
    while let Some(at) = folder {
        let path = below(at, "go.work");
        if let Some(text) = drive.scratch.read(&path) {
            let module = own.strip_prefix(at).unwrap_or(own).trim_start_matches('/');
            let new = if uses(&text, module) { with_line(&text, to) } else { None };
            return match new {
                Some(new) => drive
                    .scratch
                    .write(&path, &new)
                    .map_err(|e| Reason::Scratch(format!("{path}: {e}"))),
                None => Ok(()),
            };
        }
        folder = match at.rsplit_once('/') {
            Some((above, _)) => Some(above),
            None if at.is_empty() => None,
            None => Some(""),
        };
    }
    Ok(())
}

/// Whether a workspace has the module in a folder below it; empty: in its own.
pub(super) fn uses(text: &str, module: &str) -> bool {
    let mut within = false;
    text.lines().any(|line| {
        let bare = line.split("//").next().unwrap_or_default().trim();
        let named = match bare.strip_prefix("use") {
            Some(rest) if rest.starts_with([' ', '\t', '(']) => rest.trim(),
            _ if within => bare,
            _ => return false,
        };
        within = (within || named == "(") && bare != ")";
        let named = named.trim_matches(['"', '`']);
        let named = named.strip_prefix("./").unwrap_or(named).trim_end_matches('/');
        !matches!(named, "(" | ")" | "") && (named == module || named == "." && module.is_empty())
    })
}

/// The text with a higher line `go`. `None`: it is as high already. Without one it is for Go 1.18.
fn with_line(text: &str, to: &str) -> Option<String> {
    const LEAST: &str = "1.18";
    let now = line(text);
    if !Scheme::Go.compare(now.unwrap_or(LEAST), to).is_some_and(Ordering::is_lt) {
        return None;
    }
    let Some(now) = now else { return Some(format!("go {to}\n\n{text}")) };
    // That line and no other that speaks of the version.
    let mut done = false;
    let lines = text.split_inclusive('\n').map(|line| {
        let is_it = !done && line.trim_start().starts_with("go ");
        done |= is_it;
        if is_it { line.replacen(now, to, 1) } else { line.to_owned() }
    });
    Some(lines.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "go 1.21 // least\n\nuse ./tools\n\nuse (\n\t. // all\n\t./api/v2/\n)\n\nreplace a.example/x => ./x\n";

    #[test]
    fn a_workspace_names_its_modules() {
        for (module, is_used) in
            [("", true), ("tools", true), ("api/v2", true), ("api", false), ("x", false)]
        {
            assert_eq!(uses(TEXT, module), is_used, "{module:?}");
        }
        assert!(!uses("go 1.21\n\nuse ./a\n", ""));
    }

    #[test]
    fn its_line_is_raised_and_not_lowered() {
        assert_eq!(with_line(TEXT, "1.25.13"), Some(TEXT.replace("1.21", "1.25.13")));
        assert_eq!(with_line(TEXT, "1.21"), None);
        assert_eq!(with_line(TEXT, "1.9"), None);
        let told = format!("// needs go 1.21 or later\n{TEXT}");
        let raised = format!("// needs go 1.21 or later\n{}", TEXT.replace("1.21", "1.25"));
        assert_eq!(with_line(&told, "1.25"), Some(raised));
        assert_eq!(with_line("use .\n", "1.25").as_deref(), Some("go 1.25\n\nuse .\n"));
        assert_eq!(with_line("use .\n", "1.18"), None);
    }
}
