//! Running a program of somebody else's: no shell, no input, bounded output and time. What it
//! started is stopped with it, and, where it may be stopped at any moment, with this process.

use std::ffi::OsString;
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

/// Between two looks at a program that has closed its output and not ended.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How much of a program's complaint is told, in characters.
const COMPLAINT: usize = 300;

/// What a program may take.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Limits {
    /// When it is stopped.
    pub(crate) until: Instant,
    /// How much it may write to each of its outputs, in bytes.
    pub(crate) output: usize,
}

/// Why a program did not come to its end.
#[derive(Debug)]
pub(crate) enum Stopped {
    /// It is not there.
    Missing,
    /// It could not be started or read, in words.
    Run(String),
    /// It took too long.
    TimeLimit,
    /// It wrote too much.
    OutputLimit,
}

/// What a program wrote, and how it ended.
pub(crate) struct Output {
    pub(crate) stdout: Vec<u8>,
    pub(crate) stderr: Vec<u8>,
    status: ExitStatus,
}

impl Output {
    /// Whether it ended well.
    pub(crate) fn is_well(&self) -> bool {
        self.status.success()
    }

    /// What it complains about, on one line.
    pub(crate) fn complaint(&self) -> String {
        let text = String::from_utf8_lossy(&self.stderr);
        let lines: Vec<&str> = text.lines().map(str::trim).filter(|l| !l.is_empty()).collect();
        let said = lines.iter().find(|l| l.to_lowercase().contains("error")).or(lines.last());
        let said: String =
            said.unwrap_or(&"").chars().filter(|c| !c.is_control()).take(COMPLAINT).collect();
        if said.is_empty() { format!("nothing, and ended with {}", self.status) } else { said }
    }
}

/// Runs a command to its end. Where it does not come to it, it and what it started are stopped.
pub(crate) fn run(command: Command, limits: Limits) -> Result<Output, Stopped> {
    run_with(command, limits, |_| None)
}

/// The same of what only asks, or writes into a copy: it and what it started are stopped too where this process is killed.
pub(crate) fn run_tied(command: Command, limits: Limits) -> Result<Output, Stopped> {
    run_with(command, limits, Tie::to)
}

fn run_with(
    mut command: Command,
    limits: Limits,
    tie: fn(&Child) -> Option<Tie>,
) -> Result<Output, Stopped> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    #[cfg(unix)]
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut child = command.spawn().map_err(|e| match e.kind() {
        ErrorKind::NotFound => Stopped::Missing,
        _ => Stopped::Run(e.to_string()),
    })?;
    let tie = tie(&child);
    let ended = watch(&mut child, limits);
    if ended.is_err() {
        stop(&mut child);
    }
    drop(tie);
    ended
}

/// Waits for a word; where there comes none, it stops its process group.
#[cfg(unix)]
const AWAIT: &str = "read -r said || kill -KILL 0";

/// A shell in the process group of a program. The word that it waits for comes when this is dropped, and never where this
/// process is killed: then its end of the pipe closes. The parent-death signal of Linux would reach the first process alone.
struct Tie(Child);

impl Tie {
    /// Ties a program that leads its group. `None`: there is no shell, or the program has ended.
    #[cfg(unix)]
    fn to(child: &Child) -> Option<Tie> {
        let group = i32::try_from(child.id()).ok()?;
        let mut command = Command::new(on_path("sh")?);
        command.args(["-c", AWAIT]).env_clear();
        command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        std::os::unix::process::CommandExt::process_group(&mut command, group);
        command.spawn().ok().map(Tie)
    }

    #[cfg(not(unix))]
    fn to(_: &Child) -> Option<Tie> {
        None
    }
}

impl Drop for Tie {
    fn drop(&mut self) {
        if let Some(mut word) = self.0.stdin.take() {
            // It may have been stopped with its group.
            let _ = word.write_all(b"\n");
        }
        let _ = self.0.wait();
    }
}

fn watch(child: &mut Child, limits: Limits) -> Result<Output, Stopped> {
    let (send, receive) = mpsc::channel();
    let pipes: [Option<Box<dyn Read + Send>>; 2] = [
        child.stdout.take().map(|p| Box::new(p) as Box<dyn Read + Send>),
        child.stderr.take().map(|p| Box::new(p) as Box<dyn Read + Send>),
    ];
    for (which, pipe) in pipes.into_iter().enumerate() {
        let Some(pipe) = pipe else { continue };
        let (send, limit) = (send.clone(), limits.output);
        // A reader ends with its pipe: at the end of the program, or when that is stopped.
        thread::spawn(move || {
            let mut bytes = Vec::new();
            let more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
            let read = pipe.take(more).read_to_end(&mut bytes);
            let _ = send.send((which, read.map(|_| bytes)));
        });
    }
    let mut texts = [Vec::new(), Vec::new()];
    for _ in 0..2 {
        let left = limits.until.saturating_duration_since(Instant::now());
        let (which, bytes) = receive.recv_timeout(left).map_err(|e| match e {
            RecvTimeoutError::Timeout => Stopped::TimeLimit,
            RecvTimeoutError::Disconnected => Stopped::Run("its output was lost".to_owned()),
        })?;
        let bytes = bytes.map_err(|e| Stopped::Run(e.to_string()))?;
        if bytes.len() > limits.output {
            return Err(Stopped::OutputLimit);
        }
        texts[which] = bytes;
    }
    let [stdout, stderr] = texts;
    loop {
        if let Some(status) = child.try_wait().map_err(|e| Stopped::Run(e.to_string()))? {
            return Ok(Output { stdout, stderr, status });
        }
        if Instant::now() >= limits.until {
            return Err(Stopped::TimeLimit);
        }
        thread::sleep(LOOK_AGAIN);
    }
}

/// Stops a program and what it started: its process group, which is its own.
pub(crate) fn stop(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// A command for a program, without arguments of the caller's. pip behind pyenv is run as `python -mpip`: after each
/// `pip install`, a dry one too, pyenv writes its shims anew under a lock. Where such a run is ended, the lock stays, and
/// every later installation of the user waits a minute for it in vain.
pub(crate) fn command(program: &Path) -> Command {
    let Some(python) = behind_pyenv(program) else { return Command::new(program) };
    let mut command = Command::new(python);
    // As one word: pyenv looks for `-m pip`.
    command.arg("-mpip");
    command
}

/// The Python beside a pip that is a shim of pyenv's.
fn behind_pyenv(program: &Path) -> Option<PathBuf> {
    let name = match program.file_name()?.to_str()? {
        "pip" => "python",
        "pip3" => "python3",
        _ => return None,
    };
    let shims = program.parent().filter(|folder| folder.ends_with("shims"))?;
    let is_pyenv = shims.parent()?.join("pyenv.d").is_dir();
    Some(shims.join(name)).filter(|python| is_pyenv && python.is_file())
}

/// A program in one of these folders.
pub(crate) fn in_folders<'f>(
    program: &str,
    folders: impl IntoIterator<Item = &'f PathBuf>,
) -> Option<PathBuf> {
    let names: Vec<OsString> = match cfg!(windows) {
        true => ["exe", "cmd", "bat"].iter().map(|e| format!("{program}.{e}").into()).collect(),
        false => vec![program.into()],
    };
    folders
        .into_iter()
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| names.iter().map(move |n| folder.join(Path::new(n))).collect::<Vec<_>>())
        .find(|file| file.is_file())
}

/// A program in `PATH`. Folders in it that are relative are left out: they would be the project's.
pub(crate) fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    in_folders(program, &std::env::split_paths(&path).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    /// What is killed: run by `what_is_tied_ends_with_this_process` in a process of its own.
    #[cfg(unix)]
    #[test]
    #[ignore = "does nothing by itself: the test that kills it starts it in a process of its own"]
    fn run_until_killed() {
        if std::env::var_os("TRIMTAB_TIED").is_none() {
            return;
        }
        let mut command = Command::new("sh");
        command.args(["-c", "sleep 60 & wait"]);
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().unwrap();
        let tie = Tie::to(&child);
        eprintln!("begun {}", tie.is_some());
        child.wait().unwrap();
    }

    #[cfg(unix)]
    #[test]
    fn what_is_tied_ends_with_this_process() {
        use std::io::{BufRead, BufReader};
        let mut runner = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "program::tests::run_until_killed", "--ignored", "--nocapture"])
            .env("TRIMTAB_TIED", "1")
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut said = BufReader::new(runner.stderr.take().unwrap());
        let mut line = String::new();
        while !line.contains("begun true") {
            line.clear();
            assert!(said.read_line(&mut line).unwrap() > 0, "it never began");
        }
        let begun = Instant::now();
        runner.kill().unwrap();
        runner.wait().unwrap();
        // What was started has the other end of it, and nobody else.
        said.read_to_string(&mut line).unwrap();
        assert!(begun.elapsed() < Duration::from_secs(30), "it went on");
    }

    #[cfg(unix)]
    #[test]
    fn what_is_tied_comes_to_its_own_end() {
        let limits =
            |time| Limits { until: Instant::now() + Duration::from_secs(time), output: 64 };
        let run = |words: &str, time| {
            let mut command = Command::new("sh");
            command.args(["-c", words]);
            run_tied(command, limits(time))
        };
        assert_eq!(run("echo well", 60).unwrap().stdout, b"well\n");
        assert!(!run("exit 3", 60).unwrap().is_well());
        assert!(matches!(run("sleep 60", 0), Err(Stopped::TimeLimit)));
    }

    #[test]
    fn pip_behind_pyenv_is_run_so_that_no_shims_are_written() {
        let root = tempfile::tempdir().unwrap();
        let shims = root.path().join("shims");
        fs::create_dir(&shims).unwrap();
        for name in ["pip", "python", "pip3", "uv"] {
            fs::write(shims.join(name), "").unwrap();
        }
        let of = |name: &str| {
            let command = command(&shims.join(name));
            let program = Path::new(command.get_program()).file_name().unwrap().to_owned();
            (program.into_string().unwrap(), command.get_args().count())
        };
        // A folder of that name alone is not pyenv.
        assert_eq!(of("pip"), ("pip".to_owned(), 0));
        fs::create_dir(root.path().join("pyenv.d")).unwrap();
        assert_eq!(of("pip"), ("python".to_owned(), 1));
        assert_eq!(of("uv"), ("uv".to_owned(), 0));
        // Its Python is not there.
        assert_eq!(of("pip3"), ("pip3".to_owned(), 0));
    }
}
