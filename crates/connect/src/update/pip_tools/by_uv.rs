//! What `uv pip compile` wrote: compiled by uv again, as the file says that it was called.

use super::super::drive::Drive;
use super::super::layers;
use super::super::refusal::Reason;
use super::super::sources::unbuilt;
use super::super::uv::age;
use crate::below::below;

/// Options without a value that change what is chosen or written.
const PLAIN: &[&str] = &[
    "--all-extras",
    "--annotation-style=line",
    "--annotation-style=split",
    "--emit-build-options",
    "--emit-find-links",
    "--emit-index-annotation",
    "--emit-index-url",
    "--emit-marker-expression",
    "--generate-hashes",
    "--no-annotate",
    "--no-build",
    "--no-config",
    "--no-deps",
    "--no-header",
    "--no-sources",
    "--no-strip-extras",
    "--no-strip-markers",
    "--pre",
    "--strip-extras",
    "--universal",
];
/// Options with a value that is no path.
const VALUED: &[&str] = &[
    "--annotation-style",
    "--exclude-newer",
    "--extra",
    "--fork-strategy",
    "--index-strategy",
    "--no-emit-package",
    "--only-binary",
    "--prerelease",
    "--python-platform",
    "--python-version",
    "--resolution",
    "--unsafe-package",
];
/// Options whose value is a file of requirements.
const FILES: &[&str] = &[
    "--build-constraint",
    "--build-constraints",
    "--constraint",
    "--constraints",
    "--override",
    "--overrides",
    "--excludes",
    "-b",
    "-c",
];
/// Options whose value is a Python: its version, or where it is.
const PYTHON: &[&str] = &["--python", "-p"];
/// Options without a value that change nothing of what is chosen, or that are given anew.
const LEFT: &[&str] = &[
    "--allow-unsafe",
    "--native-tls",
    "--no-allow-unsafe",
    "--no-cache",
    "--no-emit-find-links",
    "--no-emit-index-url",
    "--no-emit-options",
    "--no-emit-trusted-host",
    "--no-progress",
    "--no-python-downloads",
    "--no-reuse-hashes",
    "--quiet",
    "--resolver=backtracking",
    "--reuse-hashes",
    "--system",
    "--upgrade",
    "--verbose",
    "-U",
    "-n",
    "-q",
    "-v",
];
/// The same with a value, and those that say where packages are: uv's own configuration and the files say it.
const LEFT_VALUED: &[&str] = &[
    "--allow-insecure-host",
    "--cache-dir",
    "--color",
    "--default-index",
    "--extra-index-url",
    "--find-links",
    "--index",
    "--index-url",
    "--keyring-provider",
    "--output-file",
    "--trusted-host",
    "--upgrade-package",
    "-P",
    "-f",
    "-i",
    "-o",
];

/// Beginnings of options that say how a file is written, and nothing of what is chosen.
const WRITTEN: &[&str] = &[
    "--annotation-style",
    "--emit-build-options",
    "--emit-find-links",
    "--emit-index",
    "--generate-hashes",
    "--no-annotate",
    "--no-build",
    "--no-config",
    "--no-header",
    "--no-strip-extras",
    "--strip-extras",
];
/// Options, and beginnings of variables, that say where packages are: pip knows nothing of them.
const PLACES: &[&str] =
    &["--default-index", "--extra-index-url", "--find-links", "--index", "--index-url", "-f", "-i"];
const PLACED: &[&str] = &[
    "UV_DEFAULT_INDEX",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_CONFIG_FILE",
];

/// A file to compile; paths below the folder of the tool.
pub(super) struct Job<'j> {
    pub(super) command: &'j str,
    pub(super) target: &'j str,
    pub(super) sources: &'j [String],
    /// What is to move: `name` or `name==version`.
    pub(super) packages: &'j [String],
}

pub(super) fn compile(drive: &Drive<'_>, job: &Job<'_>) -> Result<(), Reason> {
    let is_there = |path: &str| drive.manifests.files.contains_key(path);
    let folder = &drive.manifests.folder;
    let Read { options, words } = options(job.command, folder, &is_there)?;
    let sources = sources(&words, folder, job)?;
    let mut arguments: Vec<&str> = vec!["pip", "compile", "--quiet", "--no-progress"];
    arguments.push("--color=never");
    arguments.extend(options.iter().map(String::as_str));
    if !drive.builds() && !arguments.contains(&"--no-build") {
        arguments.push("--no-build");
    }
    let aged = age::told_of(drive, &options, job.packages);
    arguments.extend(aged.iter().map(String::as_str));
    for package in job.packages {
        arguments.extend(["--upgrade-package", package]);
    }
    let output_file = format!("--output-file={}", job.target);
    // No name of a file is taken for an option.
    arguments.extend([&output_file, "--"]);
    arguments.extend(sources.iter().map(|source| source.as_str()));
    let set = [("UV_CUSTOM_COMPILE_COMMAND", job.command), ("UV_PYTHON_DOWNLOADS", "never")];
    let output = drive.try_other("uv", &arguments, &set)?;
    if output.is_well() {
        return Ok(());
    }
    Err(match unbuilt(&drive.words(&output)) {
        Some((package, version)) if !drive.builds() => {
            Reason::NoWheel { package, version, asked: None }
        }
        _ => drive.means(&output),
    })
}

/// Whether pip would choose what uv does: the command and the project's settings say nothing of what is chosen, and from where.
pub(super) fn is_plain(drive: &Drive<'_>, job: &Job<'_>) -> bool {
    let is_there = |path: &str| drive.manifests.files.contains_key(path);
    let folder = &drive.manifests.folder;
    let is_set = |name: &str| {
        let texts = [drive.text(name), drive.scratch.read(name)];
        texts.iter().flatten().any(|text| name == "uv.toml" || text.contains("[tool.uv"))
    };
    let is_known = || {
        let read = options(job.command, folder, &is_there);
        read.is_ok_and(|read| {
            is_written(&read.options) && sources(&read.words, folder, job).is_ok()
        })
    };
    !is_placed(job.command)
        && !["uv.toml", "pyproject.toml"].into_iter().any(is_set)
        && !PLACED.iter().any(|variable| drive.sees(variable))
        && is_known()
}

/// Whether options say only how a file is written.
fn is_written(options: &[String]) -> bool {
    options.iter().all(|option| WRITTEN.iter().any(|written| option.starts_with(written)))
}

/// Whether a command says where packages are.
fn is_placed(command: &str) -> bool {
    command.split_whitespace().any(|word| PLACES.contains(&word.split('=').next().unwrap_or(word)))
}

/// What a command says.
#[derive(Debug, Default, PartialEq, Eq)]
struct Read<'c> {
    /// The options that change what is chosen or written.
    options: Vec<String>,
    /// What is compiled.
    words: Vec<&'c str>,
}

/// The options and the other words of a command. `folder`: where it is called now; `is_there`: whether the project has a
/// file, by its path below the root. An option that is not understood is refused: without it others would be chosen.
fn options<'c>(
    command: &'c str,
    folder: &str,
    is_there: &dyn Fn(&str) -> bool,
) -> Result<Read<'c>, Reason> {
    let refused = |why: String| Err(Reason::Unsupported(why));
    let mut read = Read::default();
    let mut words = command.split_whitespace().skip(3);
    while let Some(word) = words.next() {
        if LEFT.contains(&word) {
            continue;
        }
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if word.starts_with("--") => (name, Some(value)),
            _ => (word, None),
        };
        if PLAIN.contains(&word) {
            read.options.push(word.to_owned());
        } else if !word.starts_with('-') {
            read.words.push(word);
        } else {
            let known = [VALUED, FILES, PYTHON, LEFT_VALUED];
            if !known.iter().any(|all| all.contains(&name)) {
                return refused(format!("option `{name}` of `{}` is not supported", layers::UV));
            }
            let value = value.or_else(|| words.next()).unwrap_or_default();
            if value.is_empty() || value.starts_with(['-', '\'', '"']) {
                return refused(format!(
                    "the value of option `{name}` of `{}` is not supported",
                    layers::UV
                ));
            }
            if VALUED.contains(&name) {
                read.options.push(format!("{name}={value}"));
            } else if PYTHON.contains(&name) {
                if !value.chars().all(|c| c.is_ascii_digit() || c == '.') {
                    return refused(format!(
                        "`{name}` of `{}` is not a Python version",
                        layers::UV
                    ));
                }
                read.options.push(format!("--python-version={value}"));
            } else if FILES.contains(&name) {
                // It was called in this folder, or further up.
                let all = [below(folder, value), below("", value)];
                let Some(path) = all.into_iter().flatten().find(|path| is_there(path)) else {
                    return refused(format!(
                        "`{value}`, named by `{}`, does not exist",
                        layers::UV
                    ));
                };
                read.options.extend([name.to_owned(), layers::way(folder, &path)]);
            }
        }
    }
    Ok(read)
}

/// The sources of a job that the words of its command name: a file that is only named by an option is none. Each word is one.
fn sources<'j>(words: &[&str], folder: &str, job: &Job<'j>) -> Result<Vec<&'j String>, Reason> {
    let from_root = |path: &str| below(folder, path);
    let target = from_root(job.target).unwrap_or_default();
    let here = target.rsplit_once('/').map_or("", |(folder, _)| folder);
    let find = |word: &&str| {
        // It was called in the folder of the file, in that of the tool, or further up.
        let all = [below(here, word), below(folder, word)];
        let further = format!("/{word}");
        let is_it = |source: &&String| {
            from_root(source).is_some_and(|path| {
                all.iter().flatten().any(|one| *one == path)
                    || format!("/{path}").ends_with(&further)
            })
        };
        job.sources.iter().find(is_it).ok_or_else(|| {
            let uv = layers::UV;
            Reason::Unsupported(format!(
                "`{word}`, which `{uv}` is called with, is no known source"
            ))
        })
    };
    let found = words.iter().map(find).collect::<Result<Vec<&String>, Reason>>()?;
    match found.is_empty() {
        true => {
            let why = format!("`{}` does not say what it was compiled from", layers::UV);
            Err(Reason::Unsupported(why))
        }
        false => Ok(found),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_the_choice_is_kept() {
        let is_there = |path: &str| ["req/c.txt", "held.txt"].contains(&path);
        let told =
            |command: &str| options(command, "req", &is_there).map(|read| read.options.join(" "));
        for (command, kept) in [
            ("uv pip compile a.in -o a.txt", ""),
            (
                "uv pip compile --universal --python-version 3.9 a.in --output-file=a.txt --generate-hashes",
                "--universal --python-version=3.9 --generate-hashes",
            ),
            (
                "uv pip compile -c c.txt --override=held.txt a.in -o a.txt",
                "-c c.txt --override ../held.txt",
            ),
            ("uv pip compile --index-url https://registry.example/simple --upgrade a.in", ""),
            (
                "uv pip compile -p 3.8 --constraints c.txt --overrides held.txt a.in -o a.txt",
                "--python-version=3.8 --constraints c.txt --overrides ../held.txt",
            ),
        ] {
            assert_eq!(told(command).unwrap(), kept, "{command}");
        }
        for command in [
            "uv pip compile -c gone.txt a.in",
            "uv pip compile --group dev a.in",
            "uv pip compile --torch-backend=cpu a.in",
            "uv pip compile --exclude-newer-package a=2024-01-01 a.in",
            "uv pip compile -p /usr/bin/python3 a.in",
            "uv pip compile --no-binary :all: a.in",
            "uv pip compile a.in --extra",
            "uv pip compile --exclude-newer '3 days' a.in",
        ] {
            assert!(matches!(told(command), Err(Reason::Unsupported(_))), "{command}");
        }
    }

    #[test]
    fn pip_is_asked_where_nothing_else_is_chosen() {
        let is_there = |_: &str| true;
        let plain = |command: &str| {
            let read = options(command, "", &is_there);
            !is_placed(command) && read.is_ok_and(|read| is_written(&read.options))
        };
        assert!(plain("uv pip compile a.in -o a.txt"));
        assert!(plain(
            "uv pip compile --generate-hashes --no-header a.in --emit-index-url -o a.txt"
        ));
        for command in [
            "uv pip compile --universal a.in",
            "uv pip compile --python-version 3.9 a.in",
            "uv pip compile -c c.txt a.in",
            "uv pip compile --override=o.txt a.in",
            "uv pip compile --index-url https://registry.example/simple a.in",
            "uv pip compile --extra-index-url=https://registry.example/simple a.in",
            "uv pip compile --torch-backend=cpu a.in",
        ] {
            assert!(!plain(command), "{command}");
        }
    }

    #[test]
    fn each_word_is_a_source_and_no_other_is_one() {
        let all = ["a.in", "held.in", "../more/b.in"].map(str::to_owned);
        let told = |words: &[&str]| {
            let job =
                Job { command: "uv pip compile", target: "a.txt", sources: &all, packages: &[] };
            sources(words, "req", &job).map(|all| all.into_iter().cloned().collect::<Vec<_>>())
        };
        assert_eq!(told(&["a.in"]).unwrap(), ["a.in"]);
        assert_eq!(told(&["req/a.in", "../more/b.in"]).unwrap(), ["a.in", "../more/b.in"]);
        for words in [&["pyproject.toml", "a.in"][..], &["other/a.in"], &["base.txt"], &[]] {
            assert!(matches!(told(words), Err(Reason::Unsupported(_))), "{words:?}");
        }
    }
}
