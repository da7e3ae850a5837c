//! Go: `go get MODULE@VERSION`, which edits `go.mod` itself and keeps its comments, and needs no
//! source. Where the sources are in the copy, `go mod tidy` follows. It raises what a module needs,
//! and would lower what a module cannot stand: then it is refused.

use std::cmp::Ordering;

use trimtab_model::version::Scheme;

use super::Tool;
use super::drive::Drive;
use super::edit::{Edits, Manifests, Uneditable, spliced};
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::scratch::Keep;

pub(crate) const TOOL: Tool = Tool {
    id: "go",
    purl_type: "golang",
    scheme: Scheme::Go,
    programs: &["go"],
    install: "Go 1.21 or later",
    variables: &[
        "GOPROXY",
        "GOPRIVATE",
        "GONOPROXY",
        "GONOSUMDB",
        "GONOSUMCHECK",
        "GOSUMDB",
        "GOENV",
        "GOVCS",
        "GOINSECURE",
        "GOPATH",
        "GOMODCACHE",
        "GOCACHE",
        "GOROOT",
        "GOAUTH",
    ],
    lockfiles: &["go.sum"],
    manifest: |name| name == "go.mod",
    above: false,
    keep: |path| match path.rsplit('/').next().unwrap_or_default() {
        "go.mod" | "go.sum" | "go.work" | "go.work.sum" => Keep::Yes,
        _ => Keep::No,
    },
    edit,
    edits_itself: true,
    at_once: &[Kind::Relock, Kind::Override, Kind::Raise],
    moves_all: false,
    code: |_| None,
    lock,
    blockers,
    asks: None,
    listing: None,
};

/// The line of `go.mod` as `go get` would write it: it does so itself, where it is installed.
fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    if matches!(wish.kind, Kind::Replace) {
        let why = "Go imports packages by their path: another module needs another source";
        return Err(Uneditable::Unsupported(why.to_owned()));
    }
    let text = manifests.text("go.mod").ok_or(Uneditable::NotNamed)?;
    let mut at = 0;
    for line in text.split_inclusive('\n') {
        let bare = line.split("//").next().unwrap_or_default();
        let mut words = bare.split_whitespace().filter(|word| *word != "require");
        if let (Some(name), Some(version), None) = (words.next(), words.next(), words.next())
            && name == spelled(&wish.name)
        {
            let lower = |to: &str| Scheme::Go.compare(to, version).is_some_and(Ordering::is_lt);
            if wish.to.as_deref().is_some_and(lower) {
                return Err(Uneditable::Downgrade(version.to_owned()));
            }
            let new = match (wish.kind, &wish.to) {
                (Kind::Remove, _) => (at..at + line.len(), String::new()),
                (_, Some(to)) => {
                    let start = at + bare.find(version).unwrap_or_default();
                    (start..start + version.len(), tagged(&wish.name, to))
                }
                (_, None) => return Ok(Edits::none()),
            };
            return Ok(Edits::one(manifests.here("go.mod"), spliced(text, vec![new])));
        }
        at += line.len();
    }
    match wish.kind {
        Kind::Raise | Kind::RaiseParent | Kind::Remove => Err(Uneditable::NotNamed),
        _ => Ok(Edits::none()),
    }
}

fn lock(drive: &Drive<'_>, wish: &Wish, _: &Edits) -> Result<(), Reason> {
    let workspace = drive.manifests.text("go.work").is_some();
    let flags = match std::env::var("GOFLAGS") {
        Ok(own) => format!("{own} -mod=mod"),
        Err(_) => "-mod=mod".to_owned(),
    };
    let mut set =
        vec![("GOTOOLCHAIN", "local"), ("GO111MODULE", "on"), ("GOFLAGS", flags.as_str())];
    if !workspace {
        set.push(("GOWORK", "off"));
    }
    let what = |(name, to): (&str, Option<&str>)| match (wish.kind, to) {
        (Kind::Remove, _) => format!("{name}@none"),
        (_, Some(to)) => format!("{}@{}", spelled(name), tagged(name, to)),
        (_, None) => format!("{}@latest", spelled(name)),
    };
    let what: Vec<String> = wish.packages().map(what).collect();
    // A module that the project replaces by a version of its own is chosen there, whatever is required.
    let text = drive.text("go.mod").unwrap_or_default();
    for (name, to) in wish.packages() {
        let Some((replaced, version)) = own_replace(&text, name) else { continue };
        let is_lower = |to: &str| Scheme::Go.compare(version, to).is_some_and(Ordering::is_lt);
        if let Some(to) = to.filter(|to| is_lower(to)) {
            let replace = format!("-replace={replaced}={name}@{}", tag(to));
            drive.run(&["mod", "edit", &replace], &set)?;
        }
    }
    let arguments: Vec<&str> =
        std::iter::once("get").chain(what.iter().map(String::as_str)).collect();
    let output = drive.try_run(&arguments, &set)?;
    if !output.is_well() {
        return Err(drive.means(&output));
    }
    if let Some(reason) = downgraded(&String::from_utf8_lossy(&output.stderr)) {
        return Err(reason);
    }
    if has_sources(drive) {
        drive.run(&["mod", "tidy"], &set)?;
    }
    Ok(())
}

/// The replacement of a module by another version of itself: what is replaced, as `go mod edit` spells it, and by which.
fn own_replace<'t>(text: &'t str, name: &str) -> Option<(String, &'t str)> {
    text.lines().find_map(|line| {
        let bare = line.split("//").next().unwrap_or_default();
        let (old, new) = bare.split_once("=>")?;
        let mut old = old.split_whitespace().filter(|word| *word != "replace");
        let mut new = new.split_whitespace();
        let (module, at) = (old.next()?, old.next());
        let (with, version) = (new.next()?, new.next()?);
        (module == name && with == name).then(|| match at {
            Some(at) => (format!("{module}@{at}"), version),
            None => (module.to_owned(), version),
        })
    })
}

/// The standard library comes with Go, which `go.mod` names by itself: its line says the least version.
const STANDARD: &str = "stdlib";

/// A module as `go get` and `go.mod` spell it.
fn spelled(name: &str) -> &str {
    if name == STANDARD { "go" } else { name }
}

/// A version of a module as Go writes it; Go's own has no `v`.
fn tagged(name: &str, version: &str) -> String {
    match name {
        STANDARD => version.trim_start_matches('v').to_owned(),
        _ => tag(version),
    }
}

/// A version as Go writes it. Advisories leave the `v` out.
fn tag(version: &str) -> String {
    if version.starts_with(|c: char| c.is_ascii_digit()) {
        format!("v{version}")
    } else {
        version.to_owned()
    }
}

/// Whether a Go file lies beside `go.mod`, or below it: then all are there.
fn has_sources(drive: &Drive<'_>) -> bool {
    let walk = ignore::WalkBuilder::new(drive.scratch.folder()).standard_filters(false).build();
    walk.flatten().any(|entry| entry.path().extension().is_some_and(|e| e == "go"))
}

/// `go: downgraded example.org/x v1.2.0 => v1.1.0`
fn downgraded(text: &str) -> Option<Reason> {
    text.lines().find_map(|line| {
        let rest = line.strip_prefix("go: downgraded ")?;
        let mut words = rest.split_whitespace();
        let (package, from, _, to) = (words.next()?, words.next()?, words.next()?, words.next()?);
        Some(Reason::Downgrade {
            package: package.to_owned(),
            from: from.to_owned(),
            to: to.to_owned(),
        })
    })
}

/// `go: left@v2.0.0 requires right@v1.3.0, not right@v1.2.0`, and `… requires go >= 1.24 (…)`.
fn blockers(text: &str) -> Vec<Blocker> {
    let one = |line: &str| {
        let line = line.strip_prefix("go: ").unwrap_or(line);
        let (who, needs) = line.split_once(" requires ")?;
        let who = who.split_whitespace().last().filter(|who| who.contains('@'))?;
        let needs = needs.split([',', '(', ';']).next()?.trim();
        let (needs, range) = match needs.split_once('@') {
            Some((name, version)) => (name.to_owned(), format!(">= {version}")),
            None => needs.split_once(' ').map(|(n, r)| (n.to_owned(), r.to_owned()))?,
        };
        Some(Blocker { who: who.to_owned(), needs, range })
    };
    text.lines().filter_map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions_are_written_as_go_does() {
        for (said, written) in
            [("1.9.1", "v1.9.1"), ("v1.9.1", "v1.9.1"), ("latest", "latest"), ("none", "none")]
        {
            assert_eq!(tag(said), written);
        }
    }

    #[test]
    fn a_module_may_be_replaced_by_itself() {
        let text = "module m\nreplace (\n\ta.example/x => a.example/x v1.2.0 // why\n\tb.example/y v1.0.0 => b.example/y v1.1.0\n)\nreplace c.example/z => ./z\n";
        let both = |name: &str| own_replace(text, name);
        assert_eq!(both("a.example/x"), Some(("a.example/x".to_owned(), "v1.2.0")));
        assert_eq!(both("b.example/y"), Some(("b.example/y@v1.0.0".to_owned(), "v1.1.0")));
        assert_eq!(both("c.example/z"), None);
    }

    #[test]
    fn blockers_are_read_out_of_its_words() {
        let text = "go: example.org/left@v2.0.0 requires go >= 1.99 (running go 1.26.8; GOTOOLCHAIN=local)\n\
                    go: example.org/a@v1.0.0 requires example.org/b@v1.3.0, not example.org/b@v1.2.0\n";
        let all: Vec<String> = blockers(text).iter().map(ToString::to_string).collect();
        assert_eq!(
            all,
            [
                "`example.org/left@v2.0.0` requires `go >= 1.99`",
                "`example.org/a@v1.0.0` requires `example.org/b >= v1.3.0`"
            ]
        );
        let words = "go: upgraded a v1.0.0 => v1.1.0\ngo: downgraded b v1.2.0 => v1.1.0\n";
        assert!(
            matches!(downgraded(words), Some(Reason::Downgrade { package, .. }) if package == "b")
        );
    }
}
