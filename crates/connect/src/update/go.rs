//! Go: `go get MODULE@VERSION`, which edits `go.mod` itself and keeps its comments. It raises what a
//! module needs, and would lower what a module cannot stand: then it is refused. `go mod tidy` follows, for
//! `go get` may list modules that no package needs (all of the graph, where it is the first to list what is
//! indirect); the copy has what that reads of the sources. A project that it cannot put in order without any
//! change is left as `go get` makes it.

mod imports;
pub(super) mod vendor;
mod workspace;

use std::cmp::Ordering;
use std::path::Path;

use trimtab_model::Purl;
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
    keep,
    edit,
    edits_itself: true,
    completes_edits: false,
    at_once: &[Kind::Relock, Kind::Override, Kind::Raise],
    moves_all: false,
    code: |_| None,
    lock,
    blockers,
    asks: None,
    listing: None,
    settle: Some(settle),
};

fn keep(path: &str) -> Keep {
    let mut parts = path.rsplit('/');
    match parts.next().unwrap_or_default() {
        "go.mod" | "go.sum" | "go.work" | "go.work.sum" => Keep::Yes,
        // Go passes over the others too.
        name if name.ends_with(".go")
            && !name.starts_with(['.', '_'])
            && !parts.any(|folder| folder == "vendor" || folder.starts_with('.')) =>
        {
            Keep::Part(imports::head)
        }
        _ => Keep::No,
    }
}

/// The line of `go.mod` as `go get` would write it: it does so itself, where it is installed.
fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    if matches!(wish.kind, Kind::Replace) {
        let why = "Go imports packages by path: another module needs changes in the source";
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
    let flags = flags(drive);
    let set = set(drive, &flags);
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
    tidy(drive, &set)?;
    workspace::raised(drive)
}

/// The user's own flags of Go; and what is vendored does not keep `go.mod` from being written. In a workspace, which takes
/// no such flag, nothing does.
fn flags(drive: &Drive<'_>) -> String {
    match drive.manifests.text("go.work") {
        Some(_) => std::env::var("GOFLAGS").unwrap_or_default(),
        None => alone(),
    }
}

/// The user's own flags of Go for a module in no workspace.
fn alone() -> String {
    let own = std::env::var("GOFLAGS").unwrap_or_default();
    if own.is_empty() { "-mod=mod".to_owned() } else { format!("{own} -mod=mod") }
}

/// The variables that it is run with.
fn set<'f>(drive: &Drive<'_>, flags: &'f str) -> Vec<(&'static str, &'f str)> {
    let mut set = vec![("GOTOOLCHAIN", "local"), ("GO111MODULE", "on"), ("GOFLAGS", flags)];
    if drive.manifests.text("go.work").is_none() {
        set.push(("GOWORK", "off"));
    }
    set
}

const TIDY: &[&str] = &["mod", "tidy"];
const FILES: &[&str] = &["go.mod", "go.sum"];

/// Puts `go.mod` and `go.sum` in order after a change, unless that was not possible before it either: the code may
/// import packages that are generated, or that no registry has.
fn tidy(drive: &Drive<'_>, set: &[(&str, &str)]) -> Result<(), Reason> {
    if !has_sources(&drive.scratch.folder()) {
        return Ok(());
    }
    let Err(why) = drive.run(TIDY, set) else { return Ok(()) };
    if is_of_the_moment(drive, &why) {
        return Err(why);
    }
    let changed: Vec<(&str, String)> =
        FILES.iter().filter_map(|name| Some((*name, drive.text(name)?))).collect();
    for name in FILES {
        if let Some(text) = drive.manifests.text(name) {
            drive.write(name, text)?;
        }
    }
    if drive.try_run(TIDY, set)?.is_well() {
        return Err(why);
    }
    changed.iter().try_for_each(|(name, text)| drive.write(name, text))
}

/// Whether a failure says nothing about the project. That a registry is asked for a package of the project itself does.
fn is_of_the_moment(drive: &Drive<'_>, why: &Reason) -> bool {
    match why {
        Reason::TimeLimit(_) | Reason::ToolMissing { .. } | Reason::Scratch(_) => true,
        Reason::Registry(said) => {
            let own = drive.manifests.text("go.mod").and_then(module);
            !own.is_some_and(|own| said.contains(&format!("finding module for package {own}/")))
        }
        _ => false,
    }
}

/// The path of the module that a `go.mod` is of.
fn module(text: &str) -> Option<&str> {
    let line = text.lines().find_map(|line| line.trim().strip_prefix("module "))?;
    let path = line.split("//").next().unwrap_or_default();
    Some(path.trim().trim_matches(['"', '`'])).filter(|path| !path.is_empty())
}

/// Puts a project in order as it is. Where that is not possible: the modules of its graph, listed or not.
fn settle(drive: &Drive<'_>) -> Result<Option<Vec<Purl>>, Reason> {
    const LINE: &str = "{{if not .Main}}{{with .Replace}}{{.Path}} {{.Version}}{{else}}{{.Path}} {{.Version}}{{end}}{{end}}";
    const LIST: &[&str] = &["list", "-m", "-f", LINE, "all"];
    let flags = flags(drive);
    let set = set(drive, &flags);
    if has_sources(&drive.scratch.folder()) {
        match drive.run(TIDY, &set) {
            Ok(_) => return Ok(None),
            Err(why) if is_of_the_moment(drive, &why) => return Err(why),
            Err(_) => {}
        }
    }
    let lines = if drive.manifests.text("go.work").is_some() {
        // What only other modules of its workspace have is none of its.
        let own = alone();
        let mut outside = set.clone();
        outside.retain(|(name, _)| *name != "GOFLAGS");
        outside.extend([("GOFLAGS", own.as_str()), ("GOWORK", "off")]);
        match drive.run(LIST, &outside) {
            Ok(lines) => lines,
            // It may ask for a module that the workspace alone has.
            Err(_) => drive.run(LIST, &set)?,
        }
    } else {
        drive.run(LIST, &set)?
    };
    let module = |line: &str| {
        let mut words = line.split_whitespace();
        let (path, version, None) = (words.next()?, words.next()?, words.next()) else {
            return None;
        };
        let purl = match path.rsplit_once('/') {
            Some((namespace, name)) => Purl::new("golang", Some(namespace), name),
            None => Purl::new("golang", None, path),
        };
        Some(purl.with_version(version))
    };
    Ok(Some(lines.lines().filter_map(module).collect()))
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

/// Whether the module has a Go file: beside its `go.mod`, or below it and not in another module.
fn has_sources(folder: &Path) -> bool {
    let walk = ignore::WalkBuilder::new(folder)
        .standard_filters(false)
        .filter_entry(|entry| {
            let name = entry.file_name().to_string_lossy();
            let is_folder = entry.file_type().is_some_and(|kind| kind.is_dir());
            let is_other = is_folder
                && (entry.path().join("go.mod").exists()
                    || name.starts_with(['.', '_'])
                    || ["vendor", "testdata"].contains(&&*name));
            entry.depth() == 0 || !is_other
        })
        .build();
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

/// `go: left@v2.0.0 requires right@v1.3.0, not right@v1.2.0`, `… indirectly requires …`, `… requires right@v1.3.0, but
/// v1.2.0 is requested`, and `… requires go >= 1.24 (…)`.
fn blockers(text: &str) -> Vec<Blocker> {
    let one = |line: &str| {
        let line = line.strip_prefix("go: ").unwrap_or(line);
        let (who, needs) = line.split_once(" requires ")?;
        let who = who.strip_suffix(" indirectly").unwrap_or(who);
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

/// The version of Go that a `go.mod` asks for at least.
pub(super) fn line(text: &str) -> Option<&str> {
    let line = text.lines().find(|line| line.trim_start().starts_with("go "))?;
    let version = line.split("//").next()?.trim().strip_prefix("go ")?.trim();
    (!version.is_empty()).then_some(version)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_go_mod_asks_for_a_version_of_go() {
        assert_eq!(line("module m\n\ngo 1.25.13 // why\n\ntoolchain go1.26.0\n"), Some("1.25.13"));
        assert_eq!(line("module go.example/m\nrequire go.example/x v1.0.0\n"), None);
    }

    #[test]
    fn of_the_sources_only_what_go_reads_is_kept() {
        for (path, kept) in [
            ("a.go", true),
            ("cmd/target/a_test.go", true),
            ("testdata/a.go", true),
            ("vendor/example.org/x/x.go", false),
            ("a/vendor/x.go", false),
            ("a/.#b.go", false),
            ("_a.go", false),
            (".cache/a.go", false),
            ("a.s", false),
            ("vendor/modules.txt", false),
        ] {
            assert_eq!(matches!(keep(path), Keep::Part(_)), kept, "{path}");
        }
        assert!(matches!(keep("a/go.mod"), Keep::Yes));
    }

    #[test]
    fn a_module_names_itself() {
        let text = "// module not.this/one\n\nmodule a.example/x // why\n\ngo 1.20\n";
        assert_eq!(module(text), Some("a.example/x"));
        assert_eq!(module("module \"b.example/y\"\r\n"), Some("b.example/y"));
        assert_eq!(module("go 1.20\n"), None);
    }

    #[test]
    fn sources_of_other_modules_are_not_its_own() {
        let folder = tempfile::tempdir().unwrap();
        let write = |path: &str| {
            let path = folder.path().join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(path, "").unwrap();
        };
        for path in ["go.mod", "tools/go.mod", "tools/a.go", "testdata/b.go", "vendor/x/c.go"] {
            write(path);
        }
        assert!(!has_sources(folder.path()));
        write("d/e.go");
        assert!(has_sources(folder.path()));
    }

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
                    go: example.org/a@v1.0.0 requires example.org/b@v1.3.0, not example.org/b@v1.2.0\n\
                    go: example.org/c@v1.0.0 indirectly requires example.org/d@v1.3.0, not example.org/d@v1.2.0\n\
                    go: example.org/e@v1.0.0 requires example.org/f@v1.3.0, but v1.2.0 is requested\n";
        let all: Vec<String> = blockers(text).iter().map(ToString::to_string).collect();
        assert_eq!(
            all,
            [
                "`example.org/left@v2.0.0` requires `go >= 1.99`",
                "`example.org/a@v1.0.0` requires `example.org/b >= v1.3.0`",
                "`example.org/c@v1.0.0` requires `example.org/d >= v1.3.0`",
                "`example.org/e@v1.0.0` requires `example.org/f >= v1.3.0`"
            ]
        );
        let words = "go: upgraded a v1.0.0 => v1.1.0\ngo: downgraded b v1.2.0 => v1.1.0\n";
        assert!(
            matches!(downgraded(words), Some(Reason::Downgrade { package, .. }) if package == "b")
        );
    }
}
