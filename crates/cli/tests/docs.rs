//! Every command that the guides show is run, in a copy of the sample.
//!
//! A block `sh` is commands, one a line; a block `console` is commands after `$ ` and, below each,
//! what it prints (nothing: not compared; a line `…`: any lines). Each guide begins in a fresh copy
//! of `examples/harbour`, with the sample's index as the user's. Comments of the page, each on
//! a line of its own before the block, say what the page does not show:
//!
//! - `<!-- first: trimtab … -->` is run before the block; so are `git …`, and `replace FILE: OLD => NEW`,
//!   which changes a file;
//! - `<!-- run as: trimtab … -->` stands for the command that it begins with (where that uses a network);
//! - `<!-- exit: 1 -->` is how the commands of the block end, if not with 0;
//! - `<!-- not run: why -->` leaves the block out. How many there are is written below.
#![expect(clippy::unwrap_used, clippy::panic, reason = "a test fails by panicking")]

#[expect(dead_code, reason = "the tests of verbs use the rest")]
#[path = "cli/command.rs"]
mod command;

use std::fs;
use std::path::{Path, PathBuf};

use command::{Ran, Terminal, run_in};

/// Blocks that are not run: those of `cargo`, and those that ask another machine, a person or a server.
const NOT_RUN: usize = 25;
/// Commands that are run, at least: the reader of pages must not come to find none.
const RUN: usize = 19;

/// A command as a page shows it.
#[derive(Debug, Default)]
struct Shown {
    line: usize,
    command: String,
    /// Empty: it is not shown.
    output: Vec<String>,
}

/// A block of commands and what the page's comments say about it.
#[derive(Debug, Default)]
struct Block {
    first: Vec<String>,
    run_as: Vec<String>,
    exit: u8,
    not_run: bool,
    commands: Vec<Shown>,
}

fn blocks(page: &str) -> Vec<Block> {
    let mut out = Vec::new();
    let mut next = Block::default();
    let mut within: Option<&str> = None;
    for (line, text) in (1..).zip(page.lines()) {
        let text = text.trim();
        if let Some(language) = text.strip_prefix("```") {
            match within.take() {
                None => within = Some(language),
                Some("sh" | "console") => out.push(std::mem::take(&mut next)),
                Some(_) => {}
            }
            continue;
        }
        match within {
            Some("sh") if !text.is_empty() && !text.starts_with('#') => {
                let command = text.split(" # ").next().unwrap_or(text).trim().to_owned();
                next.commands.push(Shown { line, command, output: Vec::new() });
            }
            Some("console") => match (text.strip_prefix("$ "), next.commands.last_mut()) {
                (Some(command), _) => {
                    let command = command.to_owned();
                    next.commands.push(Shown { line, command, output: Vec::new() });
                }
                (None, Some(last)) => last.output.push(text.to_owned()),
                (None, None) => panic!("line {line}: output before a command"),
            },
            Some(_) => {}
            None => next.hear(line, text),
        }
    }
    out
}

impl Block {
    /// Takes in a comment of the page.
    fn hear(&mut self, line: usize, text: &str) {
        let comment = text.strip_prefix("<!-- ").and_then(|t| t.strip_suffix(" -->"));
        let Some((name, value)) = comment.and_then(|c| c.split_once(": ")) else { return };
        match name {
            "first" => self.first.push(value.to_owned()),
            "run as" => self.run_as.push(value.to_owned()),
            "exit" => self.exit = value.parse().unwrap(),
            "not run" => self.not_run = true,
            other => panic!("line {line}: nobody knows `{other}`"),
        }
    }

    /// What is run for a command that is shown.
    fn stands_for<'a>(&'a self, command: &'a str) -> &'a str {
        self.run_as.iter().find(|longer| longer.starts_with(command)).map_or(command, |c| c)
    }
}

fn pages() -> Vec<PathBuf> {
    let root = trimtab_testkit::repository();
    let mut pages = vec![root.join("README.md")];
    let docs = fs::read_dir(root.join("docs")).unwrap().map(|e| e.unwrap().path());
    pages.extend(docs.filter(|path| path.extension().is_some_and(|e| e == "md")));
    pages.sort();
    pages
}

/// A folder with the sample's services, its advisories beside them, and its index in `data`.
fn scratch() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    copy(&trimtab_testkit::repository().join("examples"), folder.path());
    let data = folder.path().join("data");
    fs::create_dir(&data).unwrap();
    let from = folder.path().join("advisories").display().to_string();
    let db = data.join("advisories.index").display().to_string();
    let ran = ran(&data, &["db", "update", "--from", &from, "--db", &db]);
    assert_eq!(ran.exit as u8, 0, "{}", ran.err);
    folder
}

fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).unwrap();
    for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
        let target = to.join(entry.file_name());
        match entry.file_type().unwrap().is_dir() {
            true => copy(&entry.path(), &target),
            false => drop(fs::copy(entry.path(), target).unwrap()),
        }
    }
}

fn ran(data: &Path, args: &[&str]) -> Ran {
    run_in(Some(data.to_owned()), args, "", Terminal::default())
}

fn run_command(place: &str, data: &Path, command: &str) -> Ran {
    let words: Vec<&str> = command.split_whitespace().collect();
    let Some((&"trimtab", args)) = words.split_first() else {
        panic!("{place}: `{command}` cannot be run: mark the block `<!-- not run: why -->`")
    };
    assert!(!command.contains(['"', '\'', '|', '$', ';']), "{place}: `{command}` needs a shell");
    ran(data, args)
}

/// Does what stands before a block.
fn prepare(place: &str, data: &Path, step: &str) {
    if let Some((file, change)) = step.strip_prefix("replace ").and_then(|s| s.split_once(": ")) {
        let (old, new) = change.split_once(" => ").unwrap();
        let text = fs::read_to_string(file).unwrap();
        assert!(text.contains(old), "{place}: {file} does not have `{old}`");
        fs::write(file, text.replacen(old, new, 1)).unwrap();
    } else if let Some(args) = step.strip_prefix("git ") {
        let who =
            ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"];
        let args = args.split_whitespace();
        let ran = std::process::Command::new("git").args(who).args(args).output().unwrap();
        assert!(ran.status.success(), "{place}: {step}: {ran:?}");
    } else {
        let ran = run_command(place, data, step);
        assert_eq!(ran.exit as u8, 0, "{place}: {step}: {}", ran.err);
    }
}

/// Whether an output is what is shown, in which `…` is any lines.
fn is_shown(shown: &[String], output: &[&str]) -> bool {
    match shown.split_first() {
        None => output.is_empty(),
        Some((first, rest)) if first == "…" => {
            (0..=output.len()).any(|skipped| is_shown(rest, &output[skipped..]))
        }
        Some((first, rest)) => {
            output.first().is_some_and(|line| line.trim() == first) && is_shown(rest, &output[1..])
        }
    }
}

#[test]
fn what_is_shown_is_compared() {
    let shown = |text: &str| text.lines().map(str::to_owned).collect::<Vec<_>>();
    assert!(is_shown(&shown("a\n…\nd"), &["a", "b", "c", "d"]));
    assert!(is_shown(&shown("a\n…"), &["  a"]));
    assert!(!is_shown(&shown("a"), &["a", "b"]));
    assert!(!is_shown(&shown("a\n…\nd"), &["a", "b"]));
    let page =
        "<!-- exit: 3 -->\n```console\n$ trimtab a # not a comment\nout\n```\n```text\n$ no\n```\n";
    let blocks = blocks(page);
    assert_eq!((blocks.len(), blocks[0].exit, blocks[0].commands.len()), (1, 3, 1));
    assert_eq!(blocks[0].commands[0].output, ["out"]);
}

/// One test for all pages: the working folder is the process's.
#[test]
fn what_the_guides_show_is_so() {
    let (mut not_run, mut run) = (0, 0);
    let mut wrong = Vec::new();
    for page in pages() {
        let name = page.file_name().unwrap().to_string_lossy().into_owned();
        let folder = scratch();
        let data = folder.path().join("data");
        std::env::set_current_dir(folder.path().join("harbour")).unwrap();
        for block in blocks(&fs::read_to_string(&page).unwrap()) {
            if block.not_run {
                not_run += 1;
                continue;
            }
            for step in &block.first {
                prepare(&name, &data, step);
            }
            for shown in &block.commands {
                run += 1;
                let place = format!("{name}:{}", shown.line);
                let ran = run_command(&place, &data, block.stands_for(&shown.command));
                let (exit, text) = (ran.exit as u8, ran.out.clone() + &ran.err);
                if exit != block.exit {
                    wrong.push(format!("{place}: `{}` ends with {exit}:\n{text}", shown.command));
                }
                let lines: Vec<&str> = text.trim_end().lines().collect();
                if !shown.output.is_empty() && !is_shown(&shown.output, &lines) {
                    wrong.push(format!("{place}: `{}` prints:\n{text}", shown.command));
                }
            }
        }
    }
    // The folder of the last page goes away with its value.
    std::env::set_current_dir(trimtab_testkit::repository()).unwrap();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(not_run, NOT_RUN, "blocks marked `not run`");
    assert!(run >= RUN, "only {run} commands were found");
}
