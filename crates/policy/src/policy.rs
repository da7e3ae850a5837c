//! Makes policies from files of Rego.

use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

use regorus::{Engine, PolicyLengthConfig, Value};
use trimtab_model::{Code, Diagnostic};

use crate::builtin;
use crate::guard;
use crate::limits::{Limits, told as panic_text};
use crate::recursion;
use crate::source;
use crate::verdict::Effect;

/// Policies that were read and can be evaluated.
#[derive(Debug, Clone)]
pub struct Policies {
    pub(crate) engine: Engine,
    pub(crate) packages: Vec<Package>,
    pub(crate) limits: Limits,
    /// The files that were taken, by name.
    pub(crate) texts: BTreeMap<String, String>,
}

/// A package: the rules that share a name, from one file or several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Package {
    /// Its name without `data.`, joined by dots.
    pub name: Box<str>,
    /// The files that make it, sorted.
    pub files: Vec<Box<str>>,
    /// Whether it comes with Trimtab.
    pub built_in: bool,
    /// The `title` of the first metadata comment.
    pub title: Option<Box<str>>,
    /// The `description` of the first metadata comment.
    pub description: Option<Box<str>>,
    /// Its rules by name. Functions are not among them.
    pub rules: Vec<RuleInfo>,
    /// How a query refers to it.
    pub(crate) reference: String,
}

/// A rule and the first place where it occurs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RuleInfo {
    /// Its name.
    pub name: Box<str>,
    /// The file.
    pub file: Box<str>,
    /// One-based line.
    pub line: u32,
}

impl Package {
    /// The rules that give verdicts, with their effects.
    pub fn effects(&self) -> impl Iterator<Item = (&RuleInfo, Effect)> {
        self.rules.iter().filter_map(|rule| Some((rule, Effect::of_rule(&rule.name)?.0)))
    }
}

/// The names of files of tests end so.
const TEST: &str = "_test.rego";
/// The most policies that are read.
const MOST_FILES: usize = 1000;
/// The longest line, in characters.
const LONGEST_LINE: u32 = 4096;
const MOST_LINES: usize = 50_000;

impl Policies {
    /// Reads files (name, text). What cannot be read is reported and left out; files of tests
    /// (`_test.rego`) are skipped.
    pub fn compile(files: &[(&str, &str)]) -> (Policies, Vec<Diagnostic>) {
        let files = files.iter().filter(|(name, _)| !name.ends_with(TEST));
        read(files.copied(), Limits::default())
    }

    /// The policies that come with Trimtab and the files given. A package of the files takes the place of the
    /// built-in package of the same name, if it could be read.
    pub fn with_built_in(files: &[(&str, &str)]) -> (Policies, Vec<Diagnostic>) {
        joined(files, false)
    }

    /// The same with the files of tests among those given, for [`Policies::test`].
    pub fn compile_tests(files: &[(&str, &str)]) -> (Policies, Vec<Diagnostic>) {
        joined(files, true)
    }

    /// Sets what one policy may cost.
    #[must_use]
    pub fn limited(mut self, limits: Limits) -> Policies {
        self.limits = limits;
        self
    }

    /// The packages by name.
    pub fn packages(&self) -> &[Package] {
        &self.packages
    }

    /// The text of a file that was read.
    pub fn text(&self, file: &str) -> Option<&str> {
        self.texts.get(file).map(String::as_str)
    }

    /// Adds a JSON document to `data`.
    ///
    /// # Errors
    /// It is no JSON object, is too large, or contradicts what is there already.
    pub fn add_data(&mut self, file: &str, json: &str) -> Result<(), Diagnostic> {
        let refuse = |why: String| {
            Diagnostic::new(Code::PolicyMalformed, why)
                .in_file(file)
                .help("a data document is a JSON object whose keys appear under `data` in policies")
        };
        if json.len() > self.limits.file * 16 {
            return Err(refuse(format!("is larger than {} MB", (self.limits.file * 16) >> 20)));
        }
        let value =
            Value::from_json_str(json).map_err(|error| refuse(format!("is not JSON: {error}")))?;
        if !matches!(value, Value::Object(_)) {
            return Err(refuse("is not a JSON object".to_owned()));
        }
        // A document in the place of a package could answer for its rules.
        let at = |package: &Package| {
            let mut parts = package.name.split('.').map(Value::from);
            parts.try_fold(&value, |value, part| value.as_object().ok()?.get(&part)).is_some()
        };
        if let Some(package) = self.packages.iter().find(|package| at(package)) {
            let name = &package.name;
            return Err(refuse(format!("has a key in the place of the package `{name}`")));
        }
        self.engine.add_data(value).map_err(|error| {
            refuse(format!("cannot be added to the data: {}", told(&error.to_string()).0))
        })
    }
}

/// Files with the built-in policies that they do not replace.
fn joined(files: &[(&str, &str)], tests: bool) -> (Policies, Vec<Diagnostic>) {
    let (own, mut diagnostics) = Policies::compile(files);
    // What is only tested is not replaced: tests may stand in the package that they test.
    let replaced: BTreeSet<&str> = own.packages.iter().map(|package| &*package.name).collect();
    let built_in = builtin::FILES.iter().filter(|file| !replaced.contains(file.package));
    let built_in = built_in.map(|file| (file.name, file.text));
    let taken = own.texts.iter().map(|(name, text)| (&**name, &**text));
    let tested = files.iter().copied().filter(|(name, _)| tests && name.ends_with(TEST));
    let (policies, more) = read(built_in.chain(taken).chain(tested), Limits::default());
    // What was left out of the first reading is not in the second: nothing is told twice.
    diagnostics.extend(more);
    (policies, diagnostics)
}

/// Reads files one by one, then together.
fn read<'t>(
    files: impl Iterator<Item = (&'t str, &'t str)>,
    limits: Limits,
) -> (Policies, Vec<Diagnostic>) {
    let mut diagnostics = Vec::new();
    let mut texts: BTreeMap<&str, (&str, Rego)> = BTreeMap::new();
    for (name, text) in files {
        if texts.len() == MOST_FILES {
            let message =
                format!("more than {MOST_FILES} policies; this one and the rest were not read");
            diagnostics.push(Diagnostic::new(Code::PolicyMalformed, message).in_file(name));
            break;
        }
        if texts.contains_key(name) {
            let message = "a policy with this name was already read; this one was left out";
            let help = "give it another name";
            diagnostics
                .push(Diagnostic::new(Code::PolicyMalformed, message).in_file(name).help(help));
            continue;
        }
        match parse(name, text, limits) {
            Ok(rego) => drop(texts.insert(name, (text, rego))),
            Err(diagnostic) => diagnostics.push(diagnostic),
        }
    }
    // Files that parse can still be at odds with themselves or with each other: the one that the engine
    // names is taken out, until the rest agrees.
    let engine = loop {
        let error = match contained(|| together(&texts, limits)) {
            Err(error) => error,
            Ok(mut engine) => match recursion::find(&mut engine) {
                Some(error) => error,
                None => break Some(engine),
            },
        };
        let named = place(&error).map(|place| place.file.to_owned());
        let culprit = match named.as_deref().filter(|name| texts.contains_key(name)) {
            Some(name) => Some(name.to_owned()),
            None => odd_one(&texts, limits),
        };
        let Some(culprit) = culprit else { break None };
        let text = texts.get(&*culprit).map_or("", |(text, _)| text);
        diagnostics.push(diagnose(Code::PolicyMalformed, &error, &culprit, text));
        texts.remove(&*culprit);
    };
    let mut engine = engine.unwrap_or_else(|| new_engine(limits));
    let packages = packages(&mut engine);
    let texts =
        texts.into_iter().map(|(name, (text, _))| (name.to_owned(), text.to_owned())).collect();
    (Policies { engine, packages, limits, texts }, diagnostics)
}

/// The two languages that are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rego {
    /// With `if` and `contains`.
    V1,
    /// Without, as OPA read files before 1.0: `deny[msg] { … }`.
    V0,
}

/// Finds the language of a file, or says what is wrong with it.
fn parse(name: &str, text: &str, limits: Limits) -> Result<Rego, Diagnostic> {
    if text.len() > limits.file {
        let message = format!("is larger than {} KB and was not read as policy", limits.file >> 10);
        return Err(Diagnostic::new(Code::PolicyMalformed, message)
            .in_file(name)
            .help("split it, or put tables into a data document"));
    }
    if let Some(diagnostic) = guard::refused(name, text) {
        return Err(diagnostic);
    }
    let attempt = |rego: Rego| {
        contained(|| {
            let mut engine = new_engine(limits);
            add(&mut engine, name, text, rego)
        })
    };
    let Err(first) = attempt(Rego::V1) else { return Ok(Rego::V1) };
    // A file that says which language it is in is not tried in the other, which would warn of its words.
    if text.lines().any(|line| line.trim_end() == "import rego.v1") {
        return Err(diagnose(Code::PolicyMalformed, &first, name, text));
    }
    let Err(second) = attempt(Rego::V0) else { return Ok(Rego::V0) };
    // The language in which more of it could be read is the one that was meant.
    let line = |error: &str| place(error).map_or(0, |place| place.line);
    let only_new = first.contains("keyword is required");
    let as_old = line(&second) > line(&first) || (line(&second) == line(&first) && only_new);
    let error = if as_old { second } else { first };
    Err(diagnose(Code::PolicyMalformed, &error, name, text))
}

/// A fault of the engine becomes an error of the file.
fn contained<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|fault| {
        Err(format!("error: the engine failed unexpectedly: {}", panic_text(fault.as_ref())))
    })
}

/// An engine without files.
fn new_engine(limits: Limits) -> Engine {
    let mut engine = Engine::new();
    engine.set_gather_prints(true);
    engine.set_policy_length_config(PolicyLengthConfig {
        max_col: LONGEST_LINE.try_into().unwrap_or(std::num::NonZeroU32::MIN),
        max_file_bytes: limits.file.try_into().unwrap_or(std::num::NonZeroUsize::MIN),
        max_lines: MOST_LINES.try_into().unwrap_or(std::num::NonZeroUsize::MIN),
    });
    guard::install(&mut engine);
    engine
}

fn add(engine: &mut Engine, name: &str, text: &str, rego: Rego) -> Result<(), String> {
    engine.set_rego_v0(rego == Rego::V0);
    engine.add_policy(name.to_owned(), text.to_owned()).map(drop).map_err(|error| error.to_string())
}

/// All files in one engine, checked against each other.
fn together(texts: &BTreeMap<&str, (&str, Rego)>, limits: Limits) -> Result<Engine, String> {
    let mut engine = new_engine(limits);
    for (name, (text, rego)) in texts {
        add(&mut engine, name, text, *rego)?;
    }
    engine.eval_query("true".to_owned(), false).map_err(|error| error.to_string())?;
    Ok(engine)
}

/// The first file that does not agree with those before it.
fn odd_one(texts: &BTreeMap<&str, (&str, Rego)>, limits: Limits) -> Option<String> {
    let mut so_far = BTreeMap::new();
    texts.iter().find_map(|(name, file)| {
        so_far.insert(*name, *file);
        contained(|| together(&so_far, limits)).is_err().then(|| (*name).to_owned())
    })
}

fn packages(engine: &mut Engine) -> Vec<Package> {
    let components = engine.get_policy_package_components().unwrap_or_default();
    let mut packages: BTreeMap<Vec<String>, Package> = BTreeMap::new();
    for (module, path) in engine.get_modules().iter().zip(components) {
        let file: Box<str> = path.source_file.into();
        let text = module.package.span.source.get_contents();
        let built_in = builtin::FILES.iter().any(|f| *f.name == *file);
        let package = packages.entry(path.components).or_insert_with_key(|path| Package {
            name: path.join(".").into(),
            files: Vec::new(),
            built_in,
            title: metadata(text, "title"),
            description: metadata(text, "description"),
            rules: Vec::new(),
            reference: reference(path),
        });
        for rule in &module.policy {
            let span = rule.span();
            let Some((name, false)) = source::rule_name(span.text()) else { continue };
            if !package.rules.iter().any(|rule| &*rule.name == name) {
                package.rules.push(RuleInfo {
                    name: name.into(),
                    file: file.clone(),
                    line: span.line,
                });
            }
        }
        package.files.push(file);
    }
    packages.into_values().collect()
}

/// `data.a["b-c"]`.
fn reference(path: &[String]) -> String {
    let mut text = "data".to_owned();
    for part in path {
        text.push('[');
        text.push_str(&serde_json::Value::from(&**part).to_string());
        text.push(']');
    }
    text
}

/// A member of the file's first `# METADATA` comment, if it is on one line.
fn metadata(text: &str, member: &str) -> Option<Box<str>> {
    let comment = text.lines().skip_while(|line| line.trim() != "# METADATA").skip(1);
    let mut comment = comment.map_while(|line| line.strip_prefix('#'));
    let found = comment.find_map(|line| line.trim().strip_prefix(member)?.strip_prefix(':'))?;
    Some(found.trim().into())
}

/// Where an error of the engine is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place<'e> {
    pub(crate) file: &'e str,
    pub(crate) line: u32,
    column: usize,
}

/// The place in a message of the engine (`--> file:line:column`).
pub(crate) fn place(error: &str) -> Option<Place<'_>> {
    let line = error.lines().find_map(|line| line.trim_start().strip_prefix("--> "))?;
    let (rest, column) = line.rsplit_once(':')?;
    let (file, line) = rest.rsplit_once(':')?;
    Some(Place { file, line: line.parse().ok()?, column: column.trim().parse().ok()? })
}

/// The sentence in a message of the engine, and its place.
pub(crate) fn told(error: &str) -> (&str, Option<Place<'_>>) {
    let sentence = error.lines().find_map(|line| line.trim_start().strip_prefix("error: "));
    let sentence = sentence.unwrap_or_else(|| error.lines().next().unwrap_or("").trim());
    // What follows is about the engine itself.
    let sentence = sentence.split_once(" (path [").map_or(sentence, |(sentence, _)| sentence);
    (sentence, place(error))
}

/// A message of the engine as a diagnostic, with the place underlined.
pub(crate) fn diagnose(code: Code, error: &str, file: &str, text: &str) -> Diagnostic {
    let (sentence, place) = told(error);
    let diagnostic = Diagnostic::new(code, sentence).in_file(file);
    let diagnostic = match place.filter(|place| place.file == file) {
        Some(place) => diagnostic.at_bytes(text, range(text, place)),
        None => diagnostic,
    };
    match code {
        Code::PolicyMalformed => diagnostic.help("fix the policy; it was left out"),
        _ => diagnostic.help("fix the policy; until then the gate does not pass"),
    }
}

/// The word at a place, as bytes of the text.
fn range(text: &str, place: Place<'_>) -> std::ops::Range<usize> {
    let line = usize::try_from(place.line.saturating_sub(1)).unwrap_or(usize::MAX);
    let start: usize = text.split_inclusive('\n').take(line).map(str::len).sum();
    let rest = text[start..].lines().next().unwrap_or("");
    let at =
        rest.char_indices().nth(place.column.saturating_sub(1)).map_or(rest.len(), |(at, _)| at);
    let word = rest[at..].chars().take_while(|c| c.is_alphanumeric() || matches!(c, '_' | '.'));
    let len: usize = word.map(char::len_utf8).sum();
    start + at..start + at + len.max(1)
}
