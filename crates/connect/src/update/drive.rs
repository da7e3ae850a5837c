//! Running a package manager in a copy of a project.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::time::Instant;

use jiff::Timestamp;

use super::change::Ran;
use super::edit::{Edits, Manifests};
use super::refusal::Reason;
use super::scratch::Scratch;
use super::unbuilt::Unbuilt;
use super::{Options, Tool, environment};
use crate::program::{self, Limits, Output, Stopped};

/// How much of a tool's words is told, in characters.
const SAID: usize = 2_000;

/// A package manager that is there, and the copy it works in.
pub(crate) struct Drive<'a> {
    pub(crate) tool: &'static Tool,
    pub(crate) scratch: &'a Scratch,
    pub(crate) manifests: &'a Manifests,
    options: &'a Options,
    program: PathBuf,
    seen: Vec<(OsString, OsString)>,
    secrets: Vec<String>,
    limits: Limits,
    ran: RefCell<Vec<Ran>>,
    unfit: RefCell<Vec<(String, String)>>,
    unread: RefCell<Vec<String>>,
    unasked: RefCell<BTreeSet<(String, String)>>,
    answers: RefCell<BTreeMap<String, String>>,
}

/// Where the program of a package manager is.
pub(crate) fn found(tool: &Tool, options: &Options) -> Result<PathBuf, Reason> {
    let found = tool.programs.iter().find_map(|name| {
        program::in_folders(name, &options.programs).or_else(|| program::on_path(name))
    });
    // One without a program only edits.
    let found = found.or_else(|| tool.programs.is_empty().then(PathBuf::new));
    found.ok_or(Reason::ToolMissing {
        program: tool.programs.first().copied().unwrap_or(tool.id),
        install: tool.install,
    })
}

impl<'a> Drive<'a> {
    /// Finds the program. Everything that it is run for shares one time limit, from now.
    pub(crate) fn new(
        tool: &'static Tool,
        scratch: &'a Scratch,
        manifests: &'a Manifests,
        options: &'a Options,
    ) -> Result<Drive<'a>, Reason> {
        let program = found(tool, options)?;
        let mut seen = environment::seen(std::env::vars_os(), tool.variables, &options.variables);
        if !options.programs.is_empty() {
            for (_, value) in seen.iter_mut().filter(|(name, _)| name == "PATH") {
                let folders = options.programs.iter().cloned();
                let all = folders.chain(std::env::split_paths(&*value).collect::<Vec<_>>());
                if let Ok(path) = std::env::join_paths(all) {
                    *value = path;
                }
            }
        }
        let secrets = environment::secrets(&seen);
        let until = Instant::now() + options.time_limit;
        let limits = Limits { until, output: options.output_limit };
        Ok(Drive {
            tool,
            scratch,
            manifests,
            options,
            program,
            seen,
            secrets,
            limits,
            ran: RefCell::default(),
            unfit: RefCell::default(),
            unread: RefCell::default(),
            unasked: RefCell::default(),
            answers: RefCell::default(),
        })
    }

    /// The moment after which versions are too young to be chosen.
    pub(crate) fn before(&self) -> Option<Timestamp> {
        self.options.before
    }

    /// The same in minutes before now, for tools that count so.
    pub(crate) fn age(&self) -> Option<u64> {
        let seconds = Timestamp::now().duration_since(self.options.before?).as_secs();
        u64::try_from(seconds / 60).ok()
    }

    /// What images hold.
    pub(crate) fn images(&self) -> &[super::image::Image] {
        &self.options.images
    }

    /// Whether it may build packages that have no wheel.
    pub(crate) fn builds(&self) -> bool {
        self.options.project_code
    }

    /// Tells versions that came in without a wheel that fits this machine.
    pub(crate) fn tell_unfit(&self, found: Vec<(String, String)>) {
        self.unfit.borrow_mut().extend(found);
    }

    /// What was told so.
    pub(crate) fn unfit(&self) -> Vec<(String, String)> {
        self.unfit.borrow().clone()
    }

    /// Tells a file of which a part was left out when its packages were resolved.
    pub(crate) fn tell_unread(&self, file: String) {
        self.unread.borrow_mut().push(file);
    }

    /// The files that were told so.
    pub(crate) fn unread(&self) -> Vec<String> {
        self.unread.borrow().clone()
    }

    /// What stays at a version without a wheel.
    pub(crate) fn unbuilt(&self) -> &Unbuilt {
        &self.options.unbuilt
    }

    /// Tells a package that stays at a version without a wheel, and was not asked what it requires.
    pub(crate) fn tell_unasked(&self, package: &str, version: &str) {
        self.unasked.borrow_mut().insert((package.to_owned(), version.to_owned()));
    }

    /// What was told so, by name and version.
    pub(crate) fn unasked(&self) -> BTreeSet<(String, String)> {
        self.unasked.borrow().clone()
    }

    /// What the tool answered to a question of this confirmation before.
    pub(crate) fn answer(&self, question: &str) -> Option<String> {
        self.answers.borrow().get(question).cloned()
    }

    /// Keeps what the tool answered, so that it is not asked again.
    pub(crate) fn keep_answer(&self, question: String, answer: String) {
        self.answers.borrow_mut().insert(question, answer);
    }

    /// What was run so far.
    pub(crate) fn ran(&self) -> Vec<Ran> {
        self.ran.borrow().clone()
    }

    /// Whether the tool sees a variable of the environment.
    pub(crate) fn sees(&self, variable: &str) -> bool {
        self.seen.iter().any(|(name, _)| name == variable)
    }

    /// Runs it to its end in the tool's folder, however it ends.
    pub(crate) fn try_run(
        &self,
        arguments: &[&str],
        set: &[(&str, &str)],
    ) -> Result<Output, Reason> {
        self.run_to_end(&self.program, arguments, set)
    }

    /// The same of a program by its name: the one that a file was written by, of several that the tool may be.
    pub(crate) fn try_other(
        &self,
        name: &'static str,
        arguments: &[&str],
        set: &[(&str, &str)],
    ) -> Result<Output, Reason> {
        let found = program::in_folders(name, &self.options.programs);
        let is_first = self.tool.programs.first() == Some(&name);
        let install = if is_first { self.tool.install } else { name };
        let missing = Reason::ToolMissing { program: name, install };
        let found = found.or_else(|| program::on_path(name)).ok_or(missing)?;
        self.run_to_end(&found, arguments, set)
    }

    fn run_to_end(
        &self,
        program: &Path,
        arguments: &[&str],
        set: &[(&str, &str)],
    ) -> Result<Output, Reason> {
        let mut command = program::command(program);
        command
            .args(arguments)
            .env_clear()
            .envs(self.seen.iter().map(|(name, value)| (name, value)))
            .env("NO_COLOR", "1")
            .env("CI", "1")
            .envs(set.iter().copied())
            .current_dir(self.scratch.folder());
        let begun = Instant::now();
        let ended = program::run_tied(command, self.limits);
        let name = program.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        let line = std::iter::once(&*name).chain(told_once(arguments)).map(quoted);
        self.ran.borrow_mut().push(Ran {
            line: self.told(&line.collect::<Vec<_>>().join(" ")),
            time: begun.elapsed(),
            well: ended.as_ref().is_ok_and(Output::is_well),
        });
        ended.map_err(|stopped| match stopped {
            Stopped::Missing => Reason::ToolMissing {
                program: self.tool.programs.first().copied().unwrap_or(self.tool.id),
                install: self.tool.install,
            },
            Stopped::Run(why) => Reason::Failed(why),
            Stopped::TimeLimit => Reason::TimeLimit(self.options.time_limit.as_secs()),
            Stopped::OutputLimit => Reason::OutputLimit(self.limits.output),
        })
    }

    /// Tells nothing of what ran last: nothing came of it.
    pub(crate) fn untell(&self) {
        self.ran.borrow_mut().pop();
    }

    /// The same, and nothing is told of it unless it is stopped: what serves several tries is no part of one.
    pub(crate) fn try_untold(
        &self,
        arguments: &[&str],
        set: &[(&str, &str)],
    ) -> Result<Output, Reason> {
        let output = self.try_run(arguments, set)?;
        self.untell();
        Ok(output)
    }

    /// Runs it; what it wrote if it ended well, else what that means.
    pub(crate) fn run(&self, arguments: &[&str], set: &[(&str, &str)]) -> Result<String, Reason> {
        let output = self.try_run(arguments, set)?;
        if output.is_well() {
            return Ok(String::from_utf8_lossy(&output.stdout).into_owned());
        }
        Err(self.means(&output))
    }

    /// What the words of a tool mean that did not end well.
    pub(crate) fn means(&self, output: &Output) -> Reason {
        let text = self.words(output);
        let mut blockers = (self.tool.blockers)(&text);
        blockers.sort();
        blockers.dedup();
        let text = without_frames(&text);
        let said = said(&text);
        if !blockers.is_empty() {
            return Reason::Conflict { blockers, said };
        }
        let lower = text.to_lowercase();
        let has = |words: &[&str]| words.iter().any(|word| lower.contains(word));
        if has(CONFLICT) {
            Reason::Conflict { blockers, said }
        } else if has(NETWORK) {
            Reason::Registry(said)
        } else {
            Reason::Failed(said)
        }
    }

    /// All that a tool wrote, as it may be told.
    pub(crate) fn words(&self, output: &Output) -> String {
        let texts = [&output.stderr, &output.stdout].map(|bytes| String::from_utf8_lossy(bytes));
        self.told(&texts.concat())
    }

    /// A text without secrets, and without the place of the copy.
    fn told(&self, text: &str) -> String {
        let text = environment::without(text, &self.secrets);
        let root = self.scratch.root();
        let real = root.canonicalize().unwrap_or_else(|_| root.to_owned());
        [root, &*real].iter().fold(text, |text, path| {
            let path = path.to_string_lossy();
            text.replace(&format!("{path}/"), "").replace(&*path, ".")
        })
    }

    /// A text of the copy, by its path below the tool's folder.
    pub(crate) fn text(&self, name: &str) -> Option<String> {
        self.scratch.read(&below(&self.scratch.inside(), name))
    }

    /// Writes a text below the tool's folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), Reason> {
        self.scratch
            .write(&below(&self.scratch.inside(), name), text)
            .map_err(|e| Reason::Scratch(e.to_string()))
    }

    /// Removes what was written below the tool's folder for a question.
    pub(crate) fn forget(&self, name: &str) -> Result<(), Reason> {
        let path = self.scratch.folder().join(name);
        std::fs::remove_file(path).map_err(|e| Reason::Scratch(format!("{name}: {e}")))
    }

    /// Writes edited manifests.
    pub(crate) fn write_all(&self, edits: &Edits) -> Result<(), Reason> {
        for (path, text) in &edits.files {
            self.scratch.write(path, text).map_err(|e| Reason::Scratch(format!("{path}: {e}")))?;
        }
        Ok(())
    }
}

/// The path of a file in a folder; both below the root.
pub(crate) fn below(folder: &str, name: &str) -> String {
    if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") }
}

/// Words by which tools tell that constraints contradict each other.
const CONFLICT: &[&str] = &[
    "no solution found",
    "version solving failed",
    "resolutionimpossible",
    "conflicting dependencies",
    "eresolve",
    "etarget",
    "notarget",
    "failed to select a version",
    "could not be resolved to an installable set",
    "no matching version",
    "couldn't find any versions",
    "no candidates found",
];

/// Words by which tools tell that they did not reach a registry.
const NETWORK: &[&str] = &[
    "network",
    // With what stands before it: Python has a `FileNotFoundError`.
    " enotfound",
    "econnrefused",
    "econnreset",
    "etimedout",
    "eai_again",
    "could not resolve host",
    "unknown host",
    "dns error",
    "no such host",
    "connection refused",
    "connection reset",
    "connection timed out",
    "timed out",
    "temporary failure in name resolution",
    "max retries exceeded",
    "failed to fetch",
    "403 forbidden",
    "401 unauthorized",
    "e401",
    "e403",
    "could not transfer",
    "could not connect",
    "couldn't connect",
    "failed to connect",
    "cannot connect",
    "i/o timeout",
];

/// A text without the frames of what Python tells of itself when it fails: the files in them have names of their own.
fn without_frames(text: &str) -> String {
    const HEAD: &str = "Traceback (most recent call last)";
    if !text.contains(HEAD) {
        return text.to_owned();
    }
    let told = text.lines().filter(|line| !line.starts_with(' ') && !line.contains(HEAD));
    told.collect::<Vec<_>>().join("\n")
}

/// What is told of a text: without empty lines, bounded.
pub(crate) fn said(text: &str) -> String {
    // How far pnpm, and yarn 2 and later, were is no reason.
    let is_progress = |line: &str| {
        ["➤ YN0000:", "Progress: resolved "].iter().any(|start| line.starts_with(start))
    };
    let is_told = |line: &&str| !line.is_empty() && !is_progress(line);
    let text = uncoloured(text);
    let lines: Vec<&str> = text.lines().map(str::trim_end).filter(is_told).collect();
    let of_maven = of_maven(&lines);
    let lines = if of_maven.is_empty() { lines } else { of_maven };
    // What it warns of and does before says nothing of the error.
    let is_error = |line: &&str| ["error:", "Error:", "ERROR:"].iter().any(|e| line.starts_with(e));
    let from = lines.iter().position(is_error).unwrap_or(0);
    let text = lines.get(from..).unwrap_or(&lines).join("\n");
    let plain: String = text.chars().filter(|c| *c == '\n' || !c.is_control()).collect();
    match plain.char_indices().nth(SAID) {
        _ if plain.is_empty() => "nothing".to_owned(),
        None => plain,
        Some((most, _)) => {
            let front = plain.get(..most).unwrap_or(&plain);
            // Between two words.
            let end = front.rfind(char::is_whitespace).unwrap_or(front.len());
            format!("{} …", front.get(..end).unwrap_or(front).trim_end())
        }
    }
}

/// A text without the commands that colour it on a terminal.
fn uncoloured(text: &str) -> String {
    let mut parts = text.split("\u{1b}[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let end = part.find(|c: char| c.is_ascii_alphabetic()).map_or(part.len(), |at| at + 1);
        plain.push_str(part.get(end..).unwrap_or_default());
    }
    plain
}

/// Of what Maven tells of all that it does, what went wrong; and not where one reads more about such errors.
fn of_maven<'t>(lines: &[&'t str]) -> Vec<&'t str> {
    let errors = lines.iter().filter_map(|line| line.strip_prefix("[ERROR]"));
    let mut told: Vec<&str> = errors
        .map(str::trim)
        .take_while(|line| !line.starts_with("To see the full stack trace"))
        .filter(|line| !line.is_empty())
        .collect();
    told.dedup();
    told
}

/// Of an option that is given again and again the first is told: pnpm is told of all that is locked.
fn told_once<'a>(arguments: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    let option = |argument: &'a str| argument.split_once('=').map(|(option, _)| option);
    let mut last = None;
    arguments.iter().copied().filter(move |argument| {
        let now = option(argument).filter(|option| option.starts_with("--"));
        let is_again = now.is_some() && now == last;
        last = now;
        !is_again
    })
}

/// An argument as one would type it.
fn quoted(argument: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || "-_./@=:+,^~%".contains(c);
    if !argument.is_empty() && argument.chars().all(plain) {
        argument.to_owned()
    } else {
        format!("'{}'", argument.replace('\'', "'\\''"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn frames_of_python_are_no_words_of_the_error() {
        let text = "Traceback (most recent call last):\n  File \"pip/_internal/network/x.py\", line 1\n    open(url)\n\
                    FileNotFoundError: 'default.txt'\n\nDuring handling of it:\n\
                    Traceback (most recent call last):\n  File \"pip/req.py\", line 2\n\
                    InstallationError: no requirements file";
        let told = without_frames(text);
        assert!(!NETWORK.iter().any(|word| told.to_lowercase().contains(word)), "{told}");
        assert!(told.starts_with("FileNotFoundError: 'default.txt'"), "{told}");
        assert!(told.ends_with("InstallationError: no requirements file"), "{told}");
        assert_eq!(without_frames("  a\nb"), "  a\nb");
    }

    #[test]
    fn an_option_that_is_given_again_is_told_once() {
        let all =
            ["update", "a", "--age=1", "--not=a@1", "--not=b@1", "b", "--not=c", "c=1", "c=2"];
        let told: Vec<&str> = told_once(&all).collect();
        assert_eq!(told, ["update", "a", "--age=1", "--not=a@1", "b", "--not=c", "c=1", "c=2"]);
    }

    #[test]
    fn how_far_a_tool_was_is_no_reason() {
        let pnpm = "Progress: resolved 1, reused 0\n ERR_PNPM_UNUSED_PATCH  not used: a@1.0.0\n";
        assert_eq!(said(pnpm), " ERR_PNPM_UNUSED_PATCH  not used: a@1.0.0");
        let yarn = "➤ YN0000: ┌ Resolution step\n➤ YN0082: │ a@npm:9: No candidates found\n➤ YN0000: └ Completed in 0s 6ms\n";
        assert_eq!(said(yarn), "➤ YN0082: │ a@npm:9: No candidates found");
    }

    #[test]
    fn of_maven_only_what_went_wrong_is_told() {
        let text = "\u{1b}[0m\u{1b}[0m[INFO] Scanning for projects...\n[INFO] Building left 1.0\n[INFO]\n\
                    [ERROR] Failed to execute goal on project left: Could not find right:1.78 in central\n[ERROR] \n\
                    [ERROR] To see the full stack trace of the errors, re-run Maven with the -e switch.\n\
                    [ERROR] [Help 1] https://maven.example/x\n";
        let told = "Failed to execute goal on project left: Could not find right:1.78 in central";
        assert_eq!(said(text), told);
        // Others may tell nothing else.
        assert_eq!(said("[INFO] one\n\u{1b}[1;31mtwo\u{1b}[m"), "[INFO] one\ntwo");
    }

    #[test]
    fn what_a_tool_says_ends_between_two_words() {
        assert_eq!(said("one\n\n  two  \n"), "one\n  two");
        assert_eq!(said("\u{1b}"), "nothing");
        let text = "conflict ".repeat(SAID);
        let told = said(&text);
        let whole = told.strip_suffix(" …").unwrap();
        assert!(whole.ends_with(" conflict") && whole.chars().count() <= SAID, "{whole}");
        assert!(whole.chars().count() > SAID - 10);
    }
}
