//! Running `git`: in copies of ours, and, for the few commands that need it, in the user's
//! repository. No hook runs, nothing is asked, nothing is fetched on the way.

use std::ffi::OsStr;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use trimtab_model::{Code, Diagnostic};

use crate::git::SAFE;
use crate::program::{self, Output, Stopped};

/// How long one command may take.
const TIME: Duration = Duration::from_secs(600);
/// How much one command may write, in bytes.
const OUTPUT: usize = 256 << 20;

/// Variables that would make git work elsewhere than where it is told.
const ELSEWHERE: &[&str] = &[
    "GIT_DIR",
    "GIT_WORK_TREE",
    "GIT_INDEX_FILE",
    "GIT_OBJECT_DIRECTORY",
    "GIT_ALTERNATE_OBJECT_DIRECTORIES",
    "GIT_COMMON_DIR",
    "GIT_NAMESPACE",
    "GIT_PREFIX",
    "GIT_CONFIG",
    "GIT_CONFIG_COUNT",
    "GIT_CONFIG_PARAMETERS",
];

/// Whose repository git is run in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Whose {
    /// A copy of ours: the configuration of the user and the system do not count in it.
    Ours,
    /// The user's, with the user's configuration.
    Users,
}

/// Runs git to its end, however it ends.
pub(crate) fn attempt(
    whose: Whose,
    folder: &Path,
    args: &[impl AsRef<OsStr>],
    set: &[(&str, &str)],
) -> Result<Output, Diagnostic> {
    let mut command = Command::new("git");
    command.arg("-C").arg(folder).args(SAFE);
    for name in ELSEWHERE {
        command.env_remove(name);
    }
    if whose == Whose::Ours {
        let null = if cfg!(windows) { "NUL" } else { "/dev/null" };
        command.env("GIT_CONFIG_GLOBAL", null).env("GIT_CONFIG_NOSYSTEM", "1");
    }
    command
        .env("GIT_TERMINAL_PROMPT", "0")
        .env("GIT_NO_LAZY_FETCH", "1")
        .env("GIT_LITERAL_PATHSPECS", "1")
        .env("LC_ALL", "C")
        .envs(set.iter().copied())
        .args(args);
    let limits = program::Limits { until: Instant::now() + TIME, output: OUTPUT };
    program::run(command, limits).map_err(|stopped| {
        let why = match stopped {
            Stopped::Missing => "it is not installed".to_owned(),
            Stopped::Run(why) => why,
            Stopped::TimeLimit => format!("timed out after {} s", TIME.as_secs()),
            Stopped::OutputLimit => "too much output".to_owned(),
        };
        Diagnostic::new(Code::Usage, format!("`git` cannot be run: {why}"))
            .help("install git 2.29 or later")
    })
}

/// Runs git; what it wrote, if it ended well.
pub(crate) fn git(
    whose: Whose,
    folder: &Path,
    args: &[impl AsRef<OsStr>],
    set: &[(&str, &str)],
) -> Result<Vec<u8>, Diagnostic> {
    let output = attempt(whose, folder, args, set)?;
    if output.is_well() {
        return Ok(output.stdout);
    }
    let verb = args.first().map_or_else(String::new, |a| a.as_ref().to_string_lossy().into_owned());
    Err(Diagnostic::new(
        Code::GitFailed,
        format!("`git {verb}` ended with: {}", output.complaint()),
    )
    .help("run `git fsck` and `git status` in the repository, and try again"))
}

/// As [`git`], as one trimmed line.
pub(crate) fn line(
    whose: Whose,
    folder: &Path,
    args: &[impl AsRef<OsStr>],
) -> Result<String, Diagnostic> {
    let text = git(whose, folder, args, &[])?;
    Ok(String::from_utf8_lossy(&text).trim_end_matches(['\n', '\r']).to_owned())
}
