//! Go's own versions: the `go` and `toolchain` directives, and the standard library they bring.
//!
//! Follows the Go toolchain reference. The `go` directive is the least version of the language
//! (until 1.20) or of Go (from 1.21); `toolchain` is the least one to build with by default. A newer
//! Go on the machine is used instead of either, so `requirement` keeps the directive for matching.

use trimtab_model::{Component, Purl, Relation, Scope};

use super::go_syntax::Statement;

/// Whether a `go.mod` of this version names every module of the build (Go 1.17 and later).
pub(super) fn lists_everything(statements: &[Statement<'_>]) -> bool {
    let version = statements.iter().rfind(|s| s.verb == "go").map_or("1.16", |s| s.argument(0));
    numbers(version) >= [1, 17, 0]
}

/// The numbers of a Go release; suffixes such as `rc1` and `-vendor` are left out.
fn numbers(version: &str) -> [u32; 3] {
    let mut parts = release(version).split('.');
    std::array::from_fn(|_| {
        let part = parts.next().unwrap_or_default();
        let digits = part.split(|c: char| !c.is_ascii_digit()).next().unwrap_or_default();
        digits.parse().unwrap_or(0)
    })
}

/// `1.22.3` of `go1.22.3-custom`.
fn release(version: &str) -> &str {
    let version = version.strip_prefix("go").unwrap_or(version);
    version.split(['-', '+', ' ']).next().unwrap_or_default()
}

/// The standard library, by `toolchain` or `go`, whichever asks for more.
pub(super) fn stdlib(statements: &[Statement<'_>]) -> Option<Component> {
    let stated = |verb: &str| {
        let found = statements.iter().rfind(|s| s.verb == verb && s.arguments.len() == 1)?;
        release(found.argument(0)).starts_with(|c: char| c.is_ascii_digit()).then_some(found)
    };
    let (go, toolchain) = (stated("go"), stated("toolchain"));
    // The toolchain is never below the language version; where a file says so, Go takes the latter.
    let least = |s: &&Statement<'_>| numbers(s.argument(0));
    let directive = match (go, toolchain) {
        (Some(go), Some(toolchain)) if least(&toolchain) >= least(&go) => toolchain,
        (Some(go), _) => go,
        (None, toolchain) => toolchain?,
    };
    let version = release(directive.argument(0));
    let mut component = Component::new(Purl::new("golang", None, "stdlib").with_version(version));
    component.relation = Relation::Direct;
    component.scope = Scope::Runtime;
    component.line = Some(directive.line);
    component.requirement = Some(format!("{} {}", directive.verb, directive.argument(0)).into());
    Some(component)
}
