//! Gradle: build files are code, so it is run only where that is allowed. Edits are of texts that
//! stand literally in a build file or a version catalogue.

mod told;

use std::collections::BTreeSet;

use trimtab_model::version::Scheme;

use super::Tool;
use super::drive::Drive;
use super::edit::{Edits, Manifests, Uneditable, lines};
use super::proposal::{Kind, Wish};
use super::refusal::{Blocker, Reason};
use super::scratch::Keep;

pub(crate) const TOOL: Tool = Tool {
    id: "gradle",
    purl_type: "maven",
    scheme: Scheme::Maven,
    programs: &["gradle"],
    install: "Gradle 8 or later",
    variables: &["GRADLE_", "ORG_GRADLE_", "JAVA_"],
    lockfiles: &["gradle.lockfile"],
    // A build of several projects may have settings alone at its top.
    manifest: |name| {
        let stem = name.strip_suffix(".kts").unwrap_or(name);
        matches!(stem, "build.gradle" | "settings.gradle")
    },
    above: true,
    keep: |path| {
        let name = path.rsplit('/').next().unwrap_or_default();
        let ends = [".gradle", ".gradle.kts", ".lockfile", ".versions.toml"];
        let source = path.split('/').any(|part| matches!(part, "buildSrc" | "build-logic"));
        if ends.iter().any(|end| name.ends_with(end)) || name == PROPERTIES || source {
            Keep::Yes
        } else {
            Keep::No
        }
    },
    edit,
    edits_itself: false,
    completes_edits: false,
    at_once: &[],
    moves_all: false,
    code: |_| Some("its build files"),
    lock,
    blockers,
    asks: None,
    listing: None,
    settle: None,
};

/// Where a build may keep versions beside its files.
const PROPERTIES: &str = "gradle.properties";

fn is_build(name: &str) -> bool {
    name.ends_with(".gradle") || name.ends_with(".gradle.kts")
}

fn edit(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    match wish.kind {
        Kind::Relock => Ok(Edits::none()),
        Kind::Override => constrained(manifests, wish),
        Kind::Raise | Kind::RaiseParent => raise(manifests, wish),
        Kind::Remove | Kind::Replace => Err(Uneditable::Unsupported(
            "build files are code: remove the dependency by hand".to_owned(),
        )),
    }
}

/// What build files and version catalogues say of a package.
fn raise(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    let mut edits = Edits::none();
    let mut variables = BTreeSet::new();
    for (path, text) in manifests.named(is_build) {
        for line in text.lines() {
            let range = told::version(line, &wish.name);
            let old = range.and_then(|range| line.get(range)).unwrap_or_default();
            variables.extend(told::variable(old).or_else(|| told::named(line, &wish.name)));
        }
        let edited = lines::each(text, |line| {
            let Some(range) = told::version(line, &wish.name) else { return Ok(None) };
            let old = line.get(range.clone()).unwrap_or_default();
            if old.is_empty() || old.contains('$') {
                return Ok(None);
            }
            higher(old, wish)?;
            Ok(Some(super::edit::spliced(line, vec![(range, wish.to().to_owned())])))
        })?;
        if let Some(text) = edited {
            edits.put(path, text, wish, wish.to());
        }
    }
    for variable in variables {
        defined(manifests, variable, wish, &mut edits)?;
    }
    for (path, text) in manifests.named(|name| name.ends_with(".versions.toml")) {
        if let Some(text) = catalogue(path, text, wish)? {
            edits.put(path, text, wish, wish.to());
        }
    }
    edits.named()
}

/// A version that a variable holds, where exactly one line of all says what it is: which of several holds is not known.
fn defined(
    manifests: &Manifests,
    variable: &str,
    wish: &Wish,
    edits: &mut Edits,
) -> Result<(), Uneditable> {
    let may = |name: &str| is_build(name) || name == PROPERTIES;
    let all = manifests.named(may).flat_map(|(path, text)| text.lines().map(move |l| (path, l)));
    let mut found =
        all.filter_map(|(path, line)| Some((path, line, told::definition(line, variable)?)));
    let (Some((path, line, range)), None) = (found.next(), found.next()) else { return Ok(()) };
    higher(line.get(range.clone()).unwrap_or_default(), wish)?;
    let Some(text) = edits.files.get(path).or_else(|| manifests.files.get(path)).cloned() else {
        return Ok(());
    };
    let edited = lines::each(&text, |other| {
        let part = (range.clone(), wish.to().to_owned());
        Ok((other == line).then(|| super::edit::spliced(other, vec![part])))
    })?;
    if let Some(text) = edited {
        edits.put(path, text, wish, wish.to());
    }
    Ok(())
}

fn higher(old: &str, wish: &Wish) -> Result<(), Uneditable> {
    match Scheme::Maven.compare(wish.to(), old) {
        Some(order) if order.is_lt() => Err(Uneditable::Downgrade(old.to_owned())),
        _ => Ok(()),
    }
}

/// `left = { module = "group:name", version.ref = "left" }`, or with a version of its own.
fn catalogue(path: &str, text: &str, wish: &Wish) -> Result<Option<String>, Uneditable> {
    use super::edit::toml::{Places, place};
    let mut places = Places::read(text, path)?;
    let mut new = Vec::new();
    let (group, name) = wish.name.split_once(':').unwrap_or_default();
    for (_, item) in places.table(&["libraries"]).iter().flat_map(|table| table.iter()) {
        if let Some(whole) = item.as_value().filter(|v| v.is_str()) {
            let Some((range, old)) = place(whole) else { continue };
            if let Some(version) = old.strip_prefix(&format!("{}:", wish.name)) {
                higher(version, wish)?;
                new.push((range, format!("{}:{}", wish.name, wish.to())));
            }
            continue;
        }
        let Some(table) = item.as_table_like() else { continue };
        let text = |key: &str| table.get(key).and_then(|i| i.as_str());
        let named = text("module") == Some(&wish.name)
            || (text("group") == Some(group) && text("name") == Some(name));
        if !named {
            continue;
        }
        let version = table.get("version");
        let reference = version.and_then(|v| v.as_table_like()?.get("ref")?.as_str());
        let version = match reference {
            Some(name) => places.table(&["versions"]).and_then(|t| t.get(name)),
            None => version,
        };
        // A rich version says it in up to three ways.
        let rich = version.and_then(|v| v.as_table_like());
        let parts = ["strictly", "require", "prefer"].iter();
        let mut values: Vec<_> = parts.filter_map(|key| rich?.get(key)?.as_value()).collect();
        values.extend(version.and_then(|v| v.as_value()).filter(|v| v.is_str()));
        for (range, old) in values.into_iter().filter_map(place) {
            if old.contains(['[', ']', '(', ')', ',', '+']) {
                let why = format!("the range `{old}` of {path} is changed by hand");
                return Err(Uneditable::Unsupported(why));
            }
            higher(old, wish)?;
            new.push((range, wish.to().to_owned()));
        }
    }
    places.replace(new);
    Ok(places.is_changed().then(|| places.text()))
}

/// A constraint in the first block of dependencies of the build file.
fn constrained(manifests: &Manifests, wish: &Wish) -> Result<Edits, Uneditable> {
    for (name, quote) in [("build.gradle.kts", '"'), ("build.gradle", '\'')] {
        let Some(text) = manifests.text(name) else { continue };
        if text.contains(&format!("{}:", wish.name)) {
            return Err(Uneditable::Direct);
        }
        let notation = format!("{quote}{}:{}{quote}", wish.name, wish.to());
        let call = if quote == '"' { format!("({notation})") } else { format!(" {notation}") };
        let line = format!("    constraints {{ implementation{call} }}");
        let opens = |line: &str| line.trim_end() == "dependencies {";
        return match lines::after(text, opens, &line) {
            Some(text) => Ok(Edits::one(manifests.here(name), text)),
            None => Err(Uneditable::NotNamed),
        };
    }
    Err(Uneditable::NotNamed)
}

fn lock(drive: &Drive<'_>, wish: &Wish, _: &Edits) -> Result<(), Reason> {
    let mut arguments = vec!["--no-daemon", "--quiet", "--console=plain", "dependencies"];
    let both = format!("{},{}", wish.name, wish.other());
    if drive.text("gradle.lockfile").is_some() {
        let which = if wish.kind == Kind::RaiseParent { &both } else { &wish.name };
        arguments.extend(["--update-locks", which]);
    } else if wish.kind == Kind::Relock {
        return Err(Reason::Unsupported("the project has no gradle.lockfile".to_owned()));
    }
    drive.run(&arguments, &[]).map(drop)
}

/// `Could not find group:name:9.`
fn blockers(text: &str) -> Vec<Blocker> {
    let one = |line: &str| {
        let rest = line.split_once("Could not find ")?.1.trim_end_matches('.');
        let (needs, range) = rest.rsplit_once(':')?;
        let plain = !needs.contains(' ') && needs.contains(':');
        plain.then(|| Blocker {
            who: "the project".to_owned(),
            needs: needs.to_owned(),
            range: range.to_owned(),
        })
    };
    text.lines().filter_map(one).collect()
}
