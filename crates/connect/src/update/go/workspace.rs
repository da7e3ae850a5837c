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
fn uses(text: &str, module: &str) -> bool {
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

/// The text with a higher line `go`. `None`: it is as high already, or there is none.
fn with_line(text: &str, to: &str) -> Option<String> {
    let now = line(text)?;
    let is_lower = Scheme::Go.compare(now, to).is_some_and(Ordering::is_lt);
    let old = text.lines().find(|line| line.trim_start().starts_with("go "))?;
    is_lower.then(|| text.replacen(old, &old.replacen(now, to, 1), 1))
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
        assert_eq!(with_line("use .\n", "1.25"), None);
    }
}
