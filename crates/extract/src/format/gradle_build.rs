//! build.gradle and build.gradle.kts where no Gradle lock stands beside them.
//!
//! The files are programs and are never run. Read are calls of a configuration with literal
//! coordinates (`implementation("g:a:1.0")`, `api group: 'g', name: 'a', version: '1'`, with or
//! without `platform(…)` around them), lists of them, versions in a block (`strictly '1'`), and
//! `id("plugin") version "1"`. A `$name` in a version is replaced where the same file or a
//! gradle.properties beside or above it gives it one literal text; what stays open is told as
//! unresolved. Catalogue entries (`libs.x`) are the catalogue's.

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

const QUOTES: [char; 2] = ['"', '\''];
/// How many lines one call may go on for.
const MAX_LINES: usize = 40;

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
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    let mut comment = false;
    // The configuration whose list of coordinates goes on, one on a line.
    let mut open: Option<&str> = None;
    for (at, line) in lines.iter().enumerate() {
        let number = u32::try_from(at + 1).unwrap_or(u32::MAX);
        comment |= line.starts_with("/*");
        if comment || line.is_empty() || line.starts_with("//") {
            comment &= !line.contains("*/");
            continue;
        }
        let next = lines.get(at + 1..).unwrap_or_default();
        if let Some(configuration) = open.take().filter(|_| line.starts_with(QUOTES)) {
            open = goes_on(line).then_some(configuration);
            dependency(configuration, &whole(line, next), number, &texts, &mut out);
            continue;
        }
        // `dependencies { implementation "…" }` on one line.
        let line = line.rsplit_once("dependencies {").map_or(*line, |(_, rest)| rest.trim_start());
        let (word, rest) = ruby::call(line);
        if word == "id" {
            plugin(rest, number, &texts, &mut out);
            continue;
        }
        let name = word.to_ascii_lowercase();
        if CONFIGURATIONS.iter().any(|end| name.ends_with(end)) {
            open = goes_on(rest).then_some(word);
            dependency(word, &whole(rest, next), number, &texts, &mut out);
        }
    }
    floating::note(&mut out);
    Ok(out)
}

/// Whether the arguments of a call go on in the next line.
fn goes_on(text: &str) -> bool {
    text.ends_with([',', '('])
}

/// A call with what belongs to it on the lines after it: named arguments, and its block. A list of coordinates is read line
/// by line.
fn whole<'t>(rest: &'t str, next: &[&str]) -> Cow<'t, str> {
    let mut told = next.iter().filter(|line| !line.is_empty() && !line.starts_with("//"));
    let is_list = told.next().is_some_and(|line| line.starts_with(QUOTES));
    let mut all = Cow::Borrowed(rest);
    for line in next.iter().take(MAX_LINES) {
        let in_block = all.matches('{').count() > all.matches('}').count();
        if !in_block && (is_list || !goes_on(&all)) {
            break;
        }
        if !line.starts_with("//") {
            let all = all.to_mut();
            all.push(' ');
            all.push_str(line);
        }
    }
    all
}

/// The arguments of a call, and the block after them.
fn apart(call: &str) -> (&str, &str) {
    let mut before = ' ';
    let opens = |(at, c): (usize, char)| {
        // In a text, `${name}`.
        let is_block = c == '{' && before != '$';
        before = c;
        is_block.then_some(at)
    };
    match call.char_indices().find_map(opens) {
        Some(at) => call.split_at(at),
        None => (call, ""),
    }
}

fn dependency(
    configuration: &str,
    call: &str,
    line: u32,
    texts: &HashMap<String, String>,
    out: &mut FileInventory,
) {
    let (rest, block) = apart(call);
    // `[group: 'g', name: 'a'], [group: 'g', name: 'b']`
    if rest.trim_start_matches(['(', ' ', '\t']).starts_with('[') {
        for one in rest.split('[').skip(1) {
            let one = one.split(']').next().unwrap_or(one);
            dependency(configuration, one, line, texts, out);
        }
        return;
    }
    let listed = ruby::leading_texts(rest);
    // Another project, files, a catalogue's entry, or the name of something else.
    let is_other = || ["project(", "files(", "fileTree("].iter().any(|call| rest.contains(call));
    if !rest.contains(QUOTES) || listed.is_empty() && is_other() {
        return;
    }
    let named = |key: &str| {
        let kotlin = format!("{key} =");
        ruby::option(rest, key).or_else(|| {
            let (_, value) = rest.split_once(kotlin.as_str())?;
            ruby::quoted(value)
        })
    };
    if let (Some(group), Some(name)) = (named("group"), named("name")) {
        let by_name = || {
            let (_, value) =
                rest.split_once("version:").or_else(|| rest.split_once("version ="))?;
            of_name(value, texts)
        };
        let version = named("version").map(str::to_owned).or_else(by_name);
        declare(configuration, (group, name, version.as_deref(), block), line, texts, out);
        return;
    }
    let all: Vec<&str> = match listed.is_empty() {
        true => ruby::quoted(rest).into_iter().collect(),
        false => listed,
    };
    for text in all.into_iter().filter(|text| text.contains(':')) {
        // `'g:a:' + libraryVersion`
        let added = || {
            let (_, after) = rest.split_once(text)?;
            let value = after.trim_start_matches(QUOTES).trim_start().strip_prefix('+')?;
            of_name(value, texts)
        };
        let added = if text.ends_with(':') { added() } else { None };
        let text = text.split('@').next().unwrap_or(text);
        let mut parts = text.splitn(4, ':');
        if let (Some(group), Some(name)) = (parts.next(), parts.next()) {
            let version = added.as_deref().or(parts.next());
            declare(configuration, (group, name, version, block), line, texts, out);
        }
    }
}

/// What the name stands for with which a text begins; the name itself as it is written in texts, where that is not known.
fn of_name(text: &str, texts: &HashMap<String, String>) -> Option<String> {
    let text = text.trim_start();
    let inner = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '.');
    let end = text.find(|c| !inner(c)).unwrap_or(text.len());
    let name =
        text.get(..end).filter(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()))?;
    Some(filled(&format!("${{{name}}}"), texts).into_owned())
}

/// The version that a block asks for: `{ version { strictly '1.26' } }`. Of several, one that is exact.
fn rich(block: &str) -> Option<&str> {
    let of = |word: &str| {
        let (_, after) = block.split_once(word)?;
        let value = after.trim_start_matches(['(', ' ', '\t']);
        ruby::quoted(value).filter(|_| value.starts_with(QUOTES))
    };
    let all: Vec<&str> = ["strictly", "require", "prefer"].into_iter().filter_map(of).collect();
    let exact = all.iter().find(|text| floating::exact(text).is_some());
    exact.or(all.first()).copied()
}

/// Adds what coordinates and the block after them say.
fn declare(
    configuration: &str,
    (group, name, version, block): (&str, &str, Option<&str>, &str),
    line: u32,
    texts: &HashMap<String, String>,
    out: &mut FileInventory,
) {
    let (group, name) = (filled(group, texts), filled(name, texts));
    let plain = |text: &str| !text.is_empty() && !text.contains(['$', '/', ' ', '{']);
    if !plain(&group) || !plain(&name) {
        let asks = format!("{configuration} '{group}:{name}'");
        out.unmanaged.push(floating::not_literal(&asks, line));
        return;
    }
    let purl = Purl::new("maven", Some(&group), &name);
    let version = version.filter(|version| !version.is_empty()).or_else(|| rich(block));
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

/// `set('name', 'text')`, with or without `ext.` before it.
fn set(line: &str) -> Option<(&str, &str)> {
    let (before, arguments) = line.split_once("set(")?;
    let is_whole = before.is_empty() || before.ends_with(['.', ' ', '\t', '{']);
    match &ruby::leading_texts(arguments)[..] {
        [name, text] if is_whole && !text.contains('$') => Some((*name, *text)),
        _ => None,
    }
}

/// `name = 'text'`, `extra["name"] = "text"`, `val name by extra("text")`.
fn assigned(line: &str) -> Option<(&str, &str)> {
    let (left, right) = line.split_once(" by extra(").or_else(|| line.split_once('='))?;
    let right = right.trim();
    let text = ruby::quoted(right).filter(|t| right.starts_with(QUOTES) && !t.contains('$'))?;
    let left = left.trim_end();
    let name = match left.ends_with(']') {
        true => ruby::quoted(left)?,
        false => left.rsplit([' ', '.', '\t']).next().unwrap_or(left),
    };
    Some((name, text))
}

/// Names with one literal text: of the script, and of gradle.properties beside or above it.
fn texts(view: &FileView<'_>, script: &str) -> HashMap<String, String> {
    let mut all: HashMap<String, String> = HashMap::new();
    let mut several: Vec<String> = Vec::new();
    for line in script.lines().map(str::trim) {
        let Some((name, text)) = set(line).or_else(|| assigned(line)) else { continue };
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

/// The name after a `$` without braces, and what follows it. A dot goes on with it where the name alone is not known:
/// `$project.name`.
fn dotted<'t>(after: &'t str, texts: &HashMap<String, String>) -> (&'t str, &'t str) {
    let inner = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let end = after.find(|c| !inner(c)).unwrap_or(after.len());
    let (name, left) = after.split_at(end);
    if texts.contains_key(name) || !left.starts_with('.') {
        return (name, left);
    }
    after.split_at(after.find(|c| !inner(c) && c != '.').unwrap_or(after.len()))
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
        let (name, left) = match after.strip_prefix('{') {
            Some(braced) => match braced.split_once('}') {
                Some(parts) => parts,
                None => return Cow::Borrowed(text),
            },
            None => dotted(after, texts),
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
