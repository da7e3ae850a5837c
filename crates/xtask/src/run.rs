//! Runs programs: output is shown as it comes, and kept.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};

const INCREMENTAL: &str = "CARGO_INCREMENTAL";

/// How a program ended, and what it printed.
pub(crate) struct Ran {
    /// Whether it ended well.
    pub(crate) ok: bool,
    /// Its standard output.
    pub(crate) out: String,
}

/// Runs a program in a folder, echoing its standard output; standard error goes where ours goes.
pub(crate) fn run(folder: &Path, program: &str, args: &[&str], env: &[(&str, &str)]) -> Ran {
    run_with(folder, program, args, env, |line| println!("{line}"))
}

/// Runs a program as [`run`] does, where nobody waits for it yet: what others do at the same time goes first.
pub(crate) fn beside(folder: &Path, program: &str, args: &[&str], env: &[(&str, &str)]) -> Ran {
    run(folder, "nice", &[&["-n", "19", program], args].concat(), env)
}

/// Runs a program whose standard output is for us and not for a reader.
pub(crate) fn quietly(folder: &Path, program: &str, args: &[&str]) -> Ran {
    run_with(folder, program, args, &[], |_| {})
}

fn run_with(
    folder: &Path,
    program: &str,
    args: &[&str],
    env: &[(&str, &str)],
    show: impl Fn(&str),
) -> Ran {
    eprintln!("$ {program} {}", args.join(" "));
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).stdin(Stdio::null()).stdout(Stdio::piped());
    // What compilers keep for their next run takes more room than all that they build, and a test's program is seldom
    // changed by the one who runs all of them.
    if std::env::var_os(INCREMENTAL).is_none() {
        command.env(INCREMENTAL, "0");
    }
    for (name, value) in env {
        command.env(name, value);
    }
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(e) => {
            eprintln!("{program} cannot be run: {e}");
            return Ran { ok: false, out: String::new() };
        }
    };
    let mut out = String::new();
    if let Some(stdout) = child.stdout.take() {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            show(&line);
            out.push_str(&line);
            out.push('\n');
        }
    }
    let ok = child.wait().is_ok_and(|status| status.success());
    Ran { ok, out }
}

/// Whether a program is installed: whether it starts at all.
pub(crate) fn is_installed(program: &str, probe: &str) -> bool {
    Command::new(program)
        .arg(probe)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok()
}
