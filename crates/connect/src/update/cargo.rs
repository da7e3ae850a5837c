//! Cargo: `cargo update --precise`, which downloads the index and builds nothing. It asks whether
//! files of targets are there, and gets empty ones. Of `.cargo/config.toml` it gets what is about
//! sources: a compiler, a wrapper or a helper for credentials that stands there would be run.

mod format;
mod held;
mod offline;

use toml_edit::DocumentMut;
use trimtab_model::version::Scheme;

use super::Tool;
use super::confirm::allows;
use super::drive::Drive;
use super::edit::toml::{Places, version};
use super::edit::{Edits, Manifests, Uneditable, raised};
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::scratch::Keep;
use crate::program::Output;

pub(crate) const TOOL: Tool = Tool {
    id: "cargo",
    purl_type: "cargo",
    scheme: Scheme::SemVer,
    programs: &["cargo"],
    install: "cargo 1.82 or later (by rustup)",
    variables: &[
        "CARGO_HOME",
        "CARGO_REGISTR",
        "CARGO_SOURCE_",
        "CARGO_NET_",
        "CARGO_HTTP_",
        "RUSTUP_",
    ],
    lockfiles: &[LOCKFILE],
    manifest: |name| name == MANIFEST,
    above: false,
    keep,
    edit,
    edits_itself: false,
    completes_edits: false,
    at_once: &[Kind::Raise, Kind::RaiseParent],
    moves_all: false,
    code: |_| None,
    lock,
    blockers,
    asks: None,
    listing: None,
    settle: None,
};

const MANIFEST: &str = "Cargo.toml";
const LOCKFILE: &str = "Cargo.lock";
const SECTIONS: &[&str] = &["dependencies", "dev-dependencies", "build-dependencies"];
/// Tables of its configuration that are about sources.
const SOURCES: &[&str] = &["source", "registries", "registry", "net", "http", "patch", "paths"];
/// No program that a configuration could name in place of these.
const PLAIN: &[(&str, &str)] = &[
    ("RUSTC", "rustc"),
    ("RUSTC_WRAPPER", ""),
    ("RUSTC_WORKSPACE_WRAPPER", ""),
    ("CARGO_TERM_COLOR", "never"),
];
/// The same where the copy says an older Rust than the project: no version is chosen by that.
const HELD: &[(&str, &str)] = &[
    ("RUSTC", "rustc"),
    ("RUSTC_WRAPPER", ""),
    ("RUSTC_WORKSPACE_WRAPPER", ""),
    ("CARGO_TERM_COLOR", "never"),
    ("CARGO_RESOLVER_INCOMPATIBLE_RUST_VERSIONS", "allow"),
];

fn keep(path: &str) -> Keep {
    let mut parts = path.rsplit('/');
    match (parts.next().unwrap_or_default(), parts.next()) {
        (MANIFEST | LOCKFILE, _) => Keep::Yes,
        ("config.toml" | "config", Some(".cargo")) => Keep::Part(sources),
        (name, _) if name.ends_with(".rs") => Keep::Name,
        _ => Keep::No,
    }
}

/// The part of a configuration that is about sources.
fn sources(text: &str) -> String {
    let Ok(mut document) = text.parse::<DocumentMut>() else { return String::new() };
    let names: Vec<String> = document.iter().map(|(name, _)| name.to_owned()).collect();
    for name in names.iter().filter(|name| !SOURCES.contains(&name.as_str())) {
        document.remove(name);
    }
    let drop = |table: &mut dyn toml_edit::TableLike| {
        for name in ["credential-provider", "global-credential-providers"] {
            table.remove(name);
        }
    };
    if let Some(table) = document.get_mut("registry").and_then(|i| i.as_table_like_mut()) {
        drop(table);
    }
    if let Some(all) = document.get_mut("registries").and_then(|i| i.as_table_like_mut()) {
        for (_, item) in all.iter_mut() {
            if let Some(table) = item.as_table_like_mut() {
                drop(table);
            }
        }
    }
    document.to_string()
}

fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    match wish.kind {
        Kind::Relock => Ok(Edits::none()),
        Kind::Override => Err(Uneditable::Unsupported(
            "cargo can force a version only with `[patch]`, from a repository or a folder with the fixed code"
                .to_owned(),
        )),
        Kind::Raise | Kind::RaiseParent => raise(manifests, wish, Range::Raised),
        Kind::Remove | Kind::Replace => replace(manifests, wish),
    }
}

/// Tables of dependencies of a manifest, by the names that lead to them.
fn tables(places: &Places<'_>) -> Vec<Vec<String>> {
    let mut paths: Vec<Vec<String>> = SECTIONS.iter().map(|s| vec![(*s).to_owned()]).collect();
    paths.push(vec!["workspace".to_owned(), "dependencies".to_owned()]);
    let targets = places.table(&["target"]);
    for (target, _) in targets.iter().flat_map(|table| table.iter()) {
        for section in SECTIONS {
            paths.push(vec!["target".to_owned(), target.to_owned(), (*section).to_owned()]);
        }
    }
    paths
}

/// What becomes of the requirements of a package.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Range {
    /// They begin with the version; of a parent, one that allows it already stays, and the lockfile says which it is.
    Raised,
    /// They allow this version alone.
    Exact,
}

/// Raises the requirements of a package.
fn raise(manifests: &Manifests, wish: &Wish, range: Range) -> Result<Edits, Uneditable> {
    let mut edits = Edits::none();
    for (path, text) in manifests.named(|name| name == MANIFEST) {
        let mut places = Places::read(text, path)?;
        let mut new = Vec::new();
        for names in tables(&places) {
            let names: Vec<&str> = names.iter().map(String::as_str).collect();
            let Some(table) = places.table(&names) else { continue };
            for (_, item) in table.iter().filter(|(key, item)| is_named(key, item, &wish.name)) {
                let Some((place, old)) = version(item) else { continue };
                if let Some(to) = raised(old, wish, "", Scheme::SemVer)? {
                    new.push((
                        place,
                        match range {
                            Range::Exact => format!("={}", wish.to()),
                            Range::Raised if stays(old, wish) => old.to_owned(),
                            Range::Raised => to,
                        },
                    ));
                }
            }
        }
        places.replace(new);
        if places.is_changed() {
            edits.put(path, places.text(), wish, wish.to());
        }
    }
    edits.named()
}

/// Whether the requirement of a parent allows the version already: then the manifest stays as it is.
fn stays(old: &str, wish: &Wish) -> bool {
    wish.kind == Kind::RaiseParent && allows("cargo", old, wish.to()) == Some(true)
}

/// The manifests with exactly the versions that are wanted.
fn exactly(manifests: &Manifests, wish: &Wish) -> Result<Edits, Reason> {
    let mut edited = Manifests { folder: manifests.folder.clone(), files: manifests.files.clone() };
    let mut all = Edits::none();
    for (name, to) in wish.packages() {
        let (name, to) = (name.to_owned(), to.map(str::to_owned));
        let one = Wish { name, to, also: Vec::new(), ..wish.clone() };
        let edits =
            raise(&edited, &one, Range::Exact).map_err(|_| Reason::NotNamed(one.name.clone()))?;
        edited.files.extend(edits.files.clone());
        all.files.extend(edits.files);
    }
    Ok(all)
}

/// Whether a dependency is on this package: by its name, or by `package`.
fn is_named(key: &str, item: &toml_edit::Item, name: &str) -> bool {
    let package = item.as_table_like().and_then(|t| t.get("package")?.as_str());
    package.unwrap_or(key) == name
}

fn replace(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    let mut edits = Edits::none();
    for (path, text) in manifests.named(|name| name == MANIFEST) {
        let places = Places::read(text, path)?;
        let named: Vec<(Vec<String>, String)> = tables(&places)
            .into_iter()
            .filter_map(|names| {
                let refs: Vec<&str> = names.iter().map(String::as_str).collect();
                let table = places.table(&refs)?;
                let (key, _) = table.iter().find(|(key, item)| is_named(key, item, &wish.name))?;
                let key = key.to_owned();
                Some((names, key))
            })
            .collect();
        if named.is_empty() {
            continue;
        }
        let text = super::edit::toml::changed(text, path, |document| {
            for (names, key) in &named {
                let refs: Vec<&str> = names.iter().map(String::as_str).collect();
                let table = super::edit::toml::table_or_new(document, &refs)?;
                table.remove(key);
                if wish.kind == Kind::Replace {
                    table.insert(wish.other(), toml_edit::value(wish.to()));
                }
            }
            Some(())
        })?;
        edits.put(path, text, wish, wish.to());
    }
    edits.named()
}

fn lock(drive: &Drive<'_>, wish: &Wish, _: &Edits) -> Result<(), Reason> {
    let locked = resolve(drive, wish);
    if locked.is_ok() {
        offline::answered();
    }
    locked
}

fn resolve(drive: &Drive<'_>, wish: &Wish) -> Result<(), Reason> {
    if drive.text(LOCKFILE).is_none() {
        drive.run(&["generate-lockfile", "--quiet"], PLAIN)?;
    }
    let set = if format::hold(drive)? { HELD } else { PLAIN };
    let cargo = |arguments: &[&str]| {
        let output = held::moving(drive, arguments, set)?;
        if output.is_well() { Ok(()) } else { Err(drive.means(&output)) }
    };
    let spec = match &wish.from {
        Some(from) => format!("{}@{from}", wish.name),
        None => wish.name.clone(),
    };
    match wish.kind {
        Kind::Raise | Kind::RaiseParent => {
            // Of a new range, cargo takes the newest. So it gets one of this version alone; the
            // lockfile says nothing of ranges, and the manifest gets its own back.
            drive.write_all(&exactly(drive.manifests, wish)?)?;
            format::hold(drive)?;
            cargo(&["update", "--workspace"])?;
            let children =
                if wish.kind == Kind::RaiseParent { wish.children() } else { Vec::new() };
            children.into_iter().try_for_each(|child| relock(drive, child, child, set))
        }
        Kind::Relock => match &wish.to {
            Some(to) => {
                let arguments = ["update", "--package", &spec, "--precise", to];
                if offline::moved(drive, &wish.name, &arguments, set)? {
                    return Ok(());
                }
                let output = held::moving(drive, &arguments, set)?;
                match output.is_well() {
                    true => Ok(()),
                    // What came before may have moved it: then it goes on from where it is, and not down.
                    false if is_unmatched(&output) => {
                        let locked = drive.text(LOCKFILE).unwrap_or_default();
                        let is_below = |at: &String| is_above(to, at);
                        match went(&locked, &wish.name, wish.from.as_deref()) {
                            Some(at) if !is_below(&at) => Ok(()),
                            at => {
                                let spec = at
                                    .map_or(wish.name.clone(), |at| format!("{}@{at}", wish.name));
                                cargo(&["update", "--package", &spec, "--precise", to])
                            }
                        }
                    }
                    false => Err(drive.means(&output)),
                }
            }
            None => relock(drive, &wish.name, &spec, set),
        },
        Kind::Remove | Kind::Replace | Kind::Override => cargo(&["update", "--workspace"]),
    }
}

/// Whether what was to move is not locked, or not at that version.
fn is_unmatched(output: &Output) -> bool {
    String::from_utf8_lossy(&output.stderr).contains("did not match any packages")
}

fn is_above(version: &str, other: &str) -> bool {
    Scheme::SemVer.compare(version, other).is_some_and(std::cmp::Ordering::is_gt)
}

/// Where a lockfile has a package that is no longer at a version: at the lowest above that. `None`: at none.
fn went(text: &str, name: &str, from: Option<&str>) -> Option<String> {
    let document = text.parse::<DocumentMut>().ok()?;
    let packages = document.get("package")?.as_array_of_tables()?;
    let own = packages
        .iter()
        .filter(|package| package.get("name").and_then(|item| item.as_str()) == Some(name));
    let versions = own.filter_map(|package| package.get("version")?.as_str());
    let above = versions.filter(|at| from.is_some_and(|from| is_above(at, from)));
    let lowest = above.reduce(|held, at| if is_above(held, at) { at } else { held });
    lowest.map(str::to_owned)
}

/// Moves what a specification names that is still locked, else, as what came before may have moved it, all of that name; of
/// a name each version. It may be gone.
fn relock(drive: &Drive<'_>, name: &str, spec: &str, set: &[(&str, &str)]) -> Result<(), Reason> {
    let output = drive.try_run(&["update", "--package", spec], set)?;
    if output.is_well() {
        return Ok(());
    }
    if is_unmatched(&output) {
        return if spec == name { Ok(()) } else { relock(drive, name, name, set) };
    }
    let words = String::from_utf8_lossy(&output.stderr).into_owned();
    // Of several versions, it lists `name@version`, one to a line.
    let specs = words.lines().map(str::trim).filter(|l| l.starts_with(&format!("{name}@")));
    let specs: Vec<&str> = specs.collect();
    if specs.is_empty() {
        return Err(drive.means(&output));
    }
    for spec in specs {
        drive.run(&["update", "--package", spec], set)?;
    }
    Ok(())
}

/// `requirement `right = "<3"`` … `required by package `left v2.0.0``, and
/// `dependency `right = "<3"` of package `left v2.0.0``.
fn blockers(text: &str) -> Vec<Blocker> {
    let mut found = Vec::new();
    let mut wanted = None;
    for line in text.lines() {
        let ticked: Vec<&str> = line.split('`').skip(1).step_by(2).collect();
        let requirement = |text: &str| {
            let (name, range) = text.split_once(" = ")?;
            Some((name.to_owned(), range.trim_matches('"').to_owned()))
        };
        if line.contains("requirement `") {
            wanted = ticked.first().and_then(|t| requirement(t));
        }
        let (needs, by) = if line.contains("required by package `") {
            (wanted.clone(), ticked.first())
        } else if line.contains("dependency `") && line.contains("of package `") {
            (ticked.first().and_then(|t| requirement(t)), ticked.get(1))
        } else {
            continue;
        };
        if let (Some((needs, range)), Some(by)) = (needs, by) {
            // `left v2.0.0 (registry …)`
            let mut parts = by.split_whitespace();
            let who = parts.next().unwrap_or_default();
            let version = parts.next().unwrap_or_default().trim_start_matches('v');
            found.push(Blocker { who: format!("{who}@{version}"), needs, range });
            // The chain of who brings the one in the way is not in the way.
            wanted = None;
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blockers_are_read_out_of_its_words() {
        let text = "error: failed to select a version for the requirement `right = \"<3\"`\n\
                    candidate versions found which didn't match: 3.0.0\n\
                    required by package `left v2.0.0`\n\
                    \x20   ... which satisfies dependency `left = \"^2\"` of package `demo v0.1.0 (.)`\n";
        let all: Vec<String> = blockers(text).iter().map(ToString::to_string).collect();
        assert_eq!(all[0], "`left@2.0.0` requires `right <3`");
    }

    #[test]
    fn what_moved_already_is_found_where_it_is() {
        let package =
            |version: &str| format!("[[package]]\nname = \"a\"\nversion = \"{version}\"\n\n");
        let lock = |versions: &[&str]| {
            let own: String = versions.iter().map(|version| package(version)).collect();
            format!("version = 4\n\n{own}[[package]]\nname = \"b\"\nversion = \"9.0.0\"\n")
        };
        let at = |versions: &[&str]| went(&lock(versions), "a", Some("0.8.0"));
        assert_eq!(at(&["0.8.4"]).as_deref(), Some("0.8.4"));
        // Another copy is not it.
        assert_eq!(at(&["0.7.3", "0.10.0", "0.8.4"]).as_deref(), Some("0.8.4"));
        assert_eq!(at(&["0.7.3"]), None);
        assert_eq!(at(&[]), None);
    }

    #[test]
    fn of_its_configuration_only_sources_are_kept() {
        let text = "[build]\nrustc = './evil'\n[alias]\nx = 'y'\n[registry]\n\
                    credential-provider = './evil'\ndefault = 'a'\n[source.a]\nregistry = 'b'\n";
        let kept = sources(text);
        assert!(kept.contains("default = 'a'") && kept.contains("[source.a]"), "{kept}");
        assert!(!kept.contains("evil") && !kept.contains("alias"), "{kept}");
    }
}
