//! build.gradle and build.gradle.kts where no Gradle lock stands beside them.
//!
//! The files are programs and are never run. Read are calls of a configuration with literal
//! coordinates (`implementation("g:a:1.0")`, `api group: 'g', name: 'a', version: '1'`, with or
//! without `platform(…)` around them) and `id("plugin") version "1"`. A `$name` in a version is
//! replaced where the same file or a gradle.properties beside or above it gives it one literal
//! text; what stays open is told as unresolved. Catalogue entries (`libs.x`) are the catalogue's.

use std::borrow::Cow;
use std::collections::HashMap;

use trimtab_model::{Diagnostic, Family, FileInventory, Purl, Scope, Unmanaged, UnmanagedReason};

use super::{floating, gradle_lockfile, ruby};
use crate::registry::{Format, FormatKind};
use crate::view::{self, FileView};

/// See the module.
pub const FORMAT: Format = Format {
    id: "gradle-build",
    title: "Gradle build script without a lockfile",
    family: Some(Family::Maven),
    kind: FormatKind::Manifest,
    names: "build.gradle, build.gradle.kts",
    claims: |path| matches!(view::file_name(path), "build.gradle" | "build.gradle.kts"),
    sniff: None,
    extract,
};

/// The ends of the names of configurations, in lower case: source sets and variants prefix them.
const CONFIGURATIONS: [&str; 14] = [
    "implementation",
    "api",
    "compileonly",
    "compileonlyapi",
    "runtimeonly",
    "compile",
    "runtime",
    "annotationprocessor",
    "kapt",
    "ksp",
    "classpath",
    "providedcompile",
    "providedruntime",
    "developmentonly",
];

fn extract(view: &FileView<'_>) -> Result<FileInventory, Diagnostic> {
    let text = view.text()?;
    let mut out = FileInventory::default();
    // Older versions of Gradle write one lock for each configuration.
    let locks = view::join(view::folder(view.path), "gradle/dependency-locks/");
    let locked = view.files.claimed().iter().any(|path| path.starts_with(&locks));
    if locked || floating::locked_beside(view, &["gradle.lockfile"]) {
        return Ok(out);
    }
    let texts = texts(view, &text);
    let mut comment = false;
    for (number, line) in (1u32..).zip(text.lines()) {
        let line = line.trim();
        comment |= line.starts_with("/*");
        if comment || line.starts_with("//") {
            comment &= !line.contains("*/");
            continue;
        }
        // `dependencies { implementation "…" }` on one line.
        let line = line.rsplit_once("dependencies {").map_or(line, |(_, rest)| rest.trim_start());
        let (word, rest) = ruby::call(line);
        if word == "id" {
            plugin(rest, number, &texts, &mut out);
            continue;
        }
        let name = word.to_ascii_lowercase();
        if CONFIGURATIONS.iter().any(|end| name.ends_with(end)) {
            dependency(word, rest, number, &texts, &mut out);
        }
    }
    floating::note(&mut out);
    Ok(out)
}

fn dependency(
    configuration: &str,
    rest: &str,
    line: u32,
    texts: &HashMap<String, String>,
    out: &mut FileInventory,
) {
    // Another project, files, a catalogue's entry, or the name of something else.
    let quotes = rest.contains(['"', '\'']);
    if !quotes || ["project(", "files(", "fileTree("].iter().any(|call| rest.contains(call)) {
        return;
    }
    let named = |key: &str| {
        let kotlin = format!("{key} =");
        ruby::option(rest, key).or_else(|| {
            let (_, value) = rest.split_once(kotlin.as_str())?;
            ruby::quoted(value)
        })
    };
    let (group, name, version) = match (named("group"), named("name")) {
        (Some(group), Some(name)) => (group, name, named("version")),
        _ => {
            let Some(text) = ruby::quoted(rest).filter(|t| t.contains(':')) else { return };
            let text = text.split('@').next().unwrap_or(text);
            let mut parts = text.splitn(4, ':');
            match (parts.next(), parts.next()) {
                (Some(group), Some(name)) => (group, name, parts.next()),
                _ => return,
            }
        }
    };
    let (group, name) = (filled(group, texts), filled(name, texts));
    let plain = |text: &str| !text.is_empty() && !text.contains(['$', '/', ' ', '{']);
    if !plain(&group) || !plain(&name) {
        out.unmanaged.push(floating::not_literal(&format!("{configuration}{rest}"), line));
        return;
    }
    let purl = Purl::new("maven", Some(&group), &name);
    let scope = scope(configuration);
    add((purl, version), (configuration, scope), line, texts, out);
}

fn plugin(rest: &str, line: u32, texts: &HashMap<String, String>, out: &mut FileInventory) {
    let Some(id) = ruby::quoted(rest).filter(|id| !id.is_empty() && !id.contains([' ', '$', ':']))
    else {
        return;
    };
    // Without a version it is Gradle's own, or another script says it.
    let Some((_, after)) = rest.split_once(" version") else { return };
    let version = ruby::quoted(after).unwrap_or(after.trim());
    let purl = Purl::new("maven", Some(id), &format!("{id}.gradle.plugin"));
    add((purl, Some(version)), ("plugins", Scope::Build), line, texts, out);
}

fn add(
    (purl, version): (Purl, Option<&str>),
    (group, scope): (&str, Scope),
    line: u32,
    texts: &HashMap<String, String>,
    out: &mut FileInventory,
) {
    let asks = filled(version.unwrap_or_default(), texts);
    let exact = floating::exact(&asks);
    let mut component = floating::direct(purl, exact, &asks, scope, line);
    component.groups.push(group.into());
    let package = component.purl.package();
    out.add(component);
    // A platform may give the version, or code does; which, only a run would tell.
    if exact.is_none() && (asks.is_empty() || asks.contains(['$', '(', '{'])) {
        out.unmanaged.push(Unmanaged {
            reason: UnmanagedReason::Unresolved,
            package: Some(package),
            requirement: (!asks.is_empty()).then(|| asks.into()),
            line: Some(line),
        });
    }
}

/// What a configuration is for; declarations go into classpaths that are not all run.
fn scope(configuration: &str) -> Scope {
    let name = configuration.to_ascii_lowercase();
    if name.contains("test") {
        Scope::Test
    } else if name == "classpath" || name.ends_with("kapt") || name.ends_with("ksp") {
        Scope::Build
    } else if name.ends_with("implementation") || name.ends_with("api") {
        Scope::Runtime
    } else {
        match gradle_lockfile::scope(configuration) {
            Scope::Unknown => Scope::Runtime,
            scope => scope,
        }
    }
}

/// Names with one literal text: of the script, and of gradle.properties beside or above it.
fn texts(view: &FileView<'_>, script: &str) -> HashMap<String, String> {
    let mut all: HashMap<String, String> = HashMap::new();
    let mut several: Vec<String> = Vec::new();
    for line in script.lines().map(str::trim) {
        let Some((left, right)) = line.split_once('=') else { continue };
        let right = right.trim();
        let literal = right.starts_with(['"', '\'']);
        let Some(text) = ruby::quoted(right).filter(|t| literal && !t.contains('$')) else {
            continue;
        };
        let left = left.trim_end();
        let name = left.rsplit([' ', '.', '\t']).next().unwrap_or(left);
        if !name.is_empty()
            && all.insert(name.to_owned(), text.to_owned()).is_some_and(|old| old != text)
        {
            several.push(name.to_owned());
        }
    }
    several.iter().for_each(|name| drop(all.remove(name)));
    for folder in view.folders_up() {
        let path = view::join(folder, "gradle.properties");
        let Some(Ok(bytes)) = view.files.read(&path) else { continue };
        let text = String::from_utf8_lossy(&bytes);
        for (name, value) in text.lines().filter_map(|line| line.split_once('=')) {
            let name = name.trim();
            if !name.starts_with(['#', '!']) {
                all.entry(name.to_owned()).or_insert_with(|| value.trim().to_owned());
            }
        }
    }
    all
}

/// A text whose whole is one `$name`, or holds them, with what they stand for; as it is where one
/// is not known.
fn filled<'t>(text: &'t str, texts: &HashMap<String, String>) -> Cow<'t, str> {
    let mut out = String::new();
    let mut rest = text;
    if !text.contains('$') {
        return match texts.get(text) {
            // `version libraryVersion`, without quotes.
            Some(known) if !text.contains('.') => Cow::Owned(known.clone()),
            _ => Cow::Borrowed(text),
        };
    }
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, left) = match after.strip_prefix('{') {
            Some(braced) => match braced.split_once('}') {
                Some(parts) => parts,
                None => return Cow::Borrowed(text),
            },
            None => after.split_at(after.find(|c| !inner(c)).unwrap_or(after.len())),
        };
        let name = name.trim();
        let last = name.rsplit('.').next().unwrap_or(name);
        let Some(known) = texts.get(name).or_else(|| texts.get(last)) else {
            return Cow::Borrowed(text);
        };
        out.push_str(known);
        rest = left;
    }
    out.push_str(rest);
    Cow::Owned(out)
}
