//! Running a client: no shell, an empty folder, no input, bounded output and time. What it started
//! is stopped with it.

use std::ffi::OsString;
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

use super::{Failure, Options, small_file};

/// Between two looks at a client that has closed its output and not ended.
const LOOK_AGAIN: Duration = Duration::from_millis(5);
/// How much of a client's complaint is told, in characters.
const COMPLAINT: usize = 300;

/// A client that is there, and its empty folder.
pub(crate) struct Runner {
    program: PathBuf,
    folder: tempfile::TempDir,
    until: Instant,
    output_limit: usize,
}

/// What a client wrote, and how it ended.
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

    /// The output of a client that ended well.
    pub(crate) fn well(self) -> Result<Vec<u8>, Failure> {
        if self.is_well() { Ok(self.stdout) } else { Err(Failure::Refused(self.complaint())) }
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

impl Runner {
    /// Finds a program; everything that it is run for shares one time limit.
    pub(crate) fn new(program: &str, options: &Options) -> Result<Runner, Failure> {
        let program = match &options.programs {
            Some(folder) => Some(folder.join(program)).filter(|path| path.is_file()),
            None => on_path(program),
        };
        let program = program.ok_or(Failure::Missing)?;
        let folder = scratch(options).map_err(|e| Failure::Run(e.to_string()))?;
        let until = Instant::now() + options.time_limit;
        Ok(Runner { program, folder, until, output_limit: options.output_limit })
    }

    /// Its folder, which was empty.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Writes a file into its folder.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), Failure> {
        std::fs::write(self.folder.path().join(name), text).map_err(|e| Failure::Run(e.to_string()))
    }

    /// A text that the client wrote into its folder.
    pub(crate) fn read(&self, name: &str) -> Result<String, Failure> {
        let bytes = small_file(&self.folder.path().join(name)).ok_or_else(|| {
            Failure::Garbage(format!("it wrote no {name}, or one of more than 16 MiB"))
        })?;
        String::from_utf8(bytes).map_err(|_| Failure::Garbage(format!("its {name} is not UTF-8")))
    }

    /// Runs it to its end.
    pub(crate) fn run(&self, arguments: &[&str], set: &[(&str, &str)]) -> Result<Output, Failure> {
        let mut command = Command::new(&self.program);
        command
            .args(arguments)
            .envs(set.iter().copied())
            .env("NO_COLOR", "1")
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        let mut child = command.spawn().map_err(|e| match e.kind() {
            ErrorKind::NotFound => Failure::Missing,
            _ => Failure::Run(e.to_string()),
        })?;
        let ended = self.watch(&mut child);
        if ended.is_err() {
            stop(&mut child);
        }
        ended
    }

    fn watch(&self, child: &mut Child) -> Result<Output, Failure> {
        let (send, receive) = mpsc::channel();
        let pipes: [Option<Box<dyn Read + Send>>; 2] = [
            child.stdout.take().map(|p| Box::new(p) as Box<dyn Read + Send>),
            child.stderr.take().map(|p| Box::new(p) as Box<dyn Read + Send>),
        ];
        for (which, pipe) in pipes.into_iter().enumerate() {
            let Some(pipe) = pipe else { continue };
            let (send, limit) = (send.clone(), self.output_limit);
            // A reader ends with its pipe: at the end of the client, or when that is stopped.
            thread::spawn(move || {
                let mut bytes = Vec::new();
                let more = u64::try_from(limit).unwrap_or(u64::MAX).saturating_add(1);
                let read = pipe.take(more).read_to_end(&mut bytes);
                let _ = send.send((which, read.map(|_| bytes)));
            });
        }
        let mut texts = [Vec::new(), Vec::new()];
        for _ in 0..2 {
            let left = self.until.saturating_duration_since(Instant::now());
            let (which, bytes) = receive.recv_timeout(left).map_err(|e| match e {
                RecvTimeoutError::Timeout => Failure::TimeLimit,
                RecvTimeoutError::Disconnected => Failure::Run("its output was lost".to_owned()),
            })?;
            let bytes = bytes.map_err(|e| Failure::Run(e.to_string()))?;
            if bytes.len() > self.output_limit {
                return Err(Failure::OutputLimit);
            }
            texts[which] = bytes;
        }
        let [stdout, stderr] = texts;
        loop {
            if let Some(status) = child.try_wait().map_err(|e| Failure::Run(e.to_string()))? {
                return Ok(Output { stdout, stderr, status });
            }
            if Instant::now() >= self.until {
                return Err(Failure::TimeLimit);
            }
            thread::sleep(LOOK_AGAIN);
        }
    }
}

/// An empty folder. Clients look for configuration in the folders above too, so it lies below the
/// user's own where that can be, and not where everybody may write.
fn scratch(options: &Options) -> std::io::Result<tempfile::TempDir> {
    let own = options.cache.as_ref().map(|cache| cache.join("scratch"));
    match own.filter(|folder| std::fs::create_dir_all(folder).is_ok()) {
        Some(folder) => tempfile::tempdir_in(folder),
        None => tempfile::tempdir(),
    }
}

/// Stops a client and what it started: its process group, which is its own.
fn stop(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = i32::try_from(child.id()).ok().and_then(rustix::process::Pid::from_raw) {
        let _ = rustix::process::kill_process_group(group, rustix::process::Signal::KILL);
    }
    let _ = child.kill();
    let _ = child.wait();
}

fn on_path(program: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH")?;
    let names: Vec<OsString> = match cfg!(windows) {
        true => ["exe", "cmd", "bat"].iter().map(|e| format!("{program}.{e}").into()).collect(),
        false => vec![program.into()],
    };
    std::env::split_paths(&path)
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| names.iter().map(move |n| folder.join(Path::new(n))).collect::<Vec<_>>())
        .find(|file| file.is_file())
}
