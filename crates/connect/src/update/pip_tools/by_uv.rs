//! What `uv pip compile` wrote: compiled by uv again, as the file says that it was called.

use super::super::drive::Drive;
use super::super::layers;
use super::super::refusal::Reason;
use super::super::sources::unbuilt;

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
    "--no-emit-package",
    "--prerelease",
    "--python-platform",
    "--python-version",
    "--resolution",
    "--unsafe-package",
];
/// Options whose value is a file of requirements.
const FILES: &[&str] = &["--build-constraint", "--constraint", "--override", "-b", "-c"];

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
    let options = options(job.command, &drive.manifests.folder, &is_there)?;
    let mut arguments: Vec<&str> = vec!["pip", "compile", "--quiet", "--no-progress"];
    arguments.push("--color=never");
    arguments.extend(options.iter().map(String::as_str));
    if !drive.builds() {
        arguments.push("--no-build");
    }
    for package in job.packages {
        arguments.extend(["--upgrade-package", package]);
    }
    let output_file = format!("--output-file={}", job.target);
    // No name of a file is taken for an option.
    arguments.extend([&output_file, "--"]);
    arguments.extend(job.sources.iter().map(String::as_str));
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

/// The options of a command that change what is chosen or written. `folder`: where it is called now; `is_there`: whether
/// the project has a file, by its path below the root.
fn options(
    command: &str,
    folder: &str,
    is_there: &dyn Fn(&str) -> bool,
) -> Result<Vec<String>, Reason> {
    let mut kept = Vec::new();
    let mut words = command.split_whitespace().skip(3);
    while let Some(word) = words.next() {
        let (name, value) = match word.split_once('=') {
            Some((name, value)) if word.starts_with("--") => (name, Some(value)),
            _ => (word, None),
        };
        if PLAIN.contains(&word) {
            kept.push(word.to_owned());
        } else if VALUED.contains(&name) {
            let value = value.or_else(|| words.next()).unwrap_or_default();
            kept.push(format!("{name}={value}"));
        } else if FILES.contains(&name) {
            let value = value.or_else(|| words.next()).unwrap_or_default();
            // It was called in this folder, or further up.
            let all = [layers::below(folder, value), layers::below("", value)];
            let found = all.into_iter().flatten().find(|path| is_there(path));
            let path = found.ok_or_else(|| {
                Reason::Unsupported(format!(
                    "`{value}`, which `{}` names, is not there",
                    layers::UV
                ))
            })?;
            kept.extend([name.to_owned(), layers::way(folder, &path)]);
        }
    }
    Ok(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_changes_the_choice_is_kept() {
        let is_there = |path: &str| ["req/c.txt", "held.txt"].contains(&path);
        let told = |command: &str| options(command, "req", &is_there).map(|all| all.join(" "));
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
        ] {
            assert_eq!(told(command).unwrap(), kept, "{command}");
        }
        assert!(told("uv pip compile -c gone.txt a.in").is_err());
    }
}
