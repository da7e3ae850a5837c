//! Running what a project brings: within limits of time, processor and memory, without credentials,
//! and, where the system allows it, without network. What it cannot be kept from is said.
//!
//! This keeps accidents and careless tests in; it is no wall against code that means harm, which can
//! read and write what the user can.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::kept::Kept;
use crate::program;

/// Between two looks at a program that runs.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// How long the rest of an output is waited for when the program has ended.
const REST: Duration = Duration::from_secs(2);
/// How long a look at what the system allows may take.
const PROBE: Duration = Duration::from_secs(10);

/// What programs of a project may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long one run may take.
    pub time: Duration,
    /// How much memory each process may fill, in bytes (its data, as the system counts it).
    pub memory: u64,
    /// How much of the output is kept, in bytes.
    pub output: usize,
    /// Whether the network may be reached.
    pub network: bool,
    /// Names of further variables of the environment that are seen.
    pub variables: Vec<String>,
}

impl Default for Limits {
    /// Half an hour, 8 GiB, 32 MiB of output, no network, no further variables.
    fn default() -> Limits {
        Limits {
            time: Duration::from_secs(1800),
            memory: 8 << 30,
            output: 32 << 20,
            network: false,
            variables: Vec::new(),
        }
    }
}

/// What of the limits this system can keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confinement {
    /// What is put before a program to cut it off from the network. `None`: that cannot be done.
    cut: Option<Vec<OsString>>,
    /// What stops it when this process is killed.
    tied: Option<Vec<OsString>>,
    /// Why the network cannot be cut.
    why: Option<String>,
    shell: Option<PathBuf>,
}

/// Brings the loopback device up in a namespace of its own, then takes the user's own number again:
/// as root, tests of permissions would be other tests.
const LOOPBACK: &str = r#"ip link set lo up || exit 125
uid=$1 gid=$2; shift 2
[ "$uid" = 0 ] && exec "$@"
exec unshare --user --map-user="$uid" --map-group="$gid" -- "$@""#;

/// Sets the limits of the process, where the system knows them.
const LIMITS: &str = r#"ulimit -c 0 2>/dev/null
ulimit -d "$1" 2>/dev/null
ulimit -t "$2" 2>/dev/null
shift 2
exec "$@""#;

impl Confinement {
    /// Looks at what this system allows.
    pub fn here() -> Confinement {
        let shell = program::on_path("sh");
        let mut found = Confinement { cut: None, tied: None, why: None, shell };
        if let Some(setpriv) = program::on_path("setpriv") {
            let tied = vec![setpriv.into(), "--pdeath-signal".into(), "KILL".into(), "--".into()];
            found.tied = works(&tied).then_some(tied);
        }
        let missing =
            ["unshare", "ip"].iter().find(|name| program::on_path(name).is_none()).copied();
        let (Some(shell), None) = (&found.shell, missing) else {
            let missing = missing.unwrap_or("sh");
            found.why = Some(format!("`{missing}` is not installed"));
            return found;
        };
        for processes in [&["--pid", "--fork", "--kill-child", "--mount-proc"][..], &[][..]] {
            let mut cut: Vec<OsString> = vec!["unshare".into(), "--net".into()];
            cut.push("--map-root-user".into());
            cut.extend(processes.iter().map(Into::into));
            cut.extend(["--".into(), shell.clone().into(), "-c".into(), LOOPBACK.into()]);
            cut.extend(["sh".into(), uid().into(), gid().into()]);
            if works(&cut) {
                found.cut = Some(cut);
                return found;
            }
        }
        found.why = Some("the system gives no network namespaces to this user".to_owned());
        found
    }

    /// Why the network cannot be cut. `None`: it can.
    pub fn network_open(&self) -> Option<&str> {
        self.why.as_deref()
    }

    /// Whether memory and processor can be limited.
    pub fn limits_hold(&self) -> bool {
        self.shell.is_some()
    }

    /// The arguments that run a program within limits.
    fn line(&self, program: &[OsString], limits: &Limits) -> Vec<OsString> {
        let mut line = Vec::new();
        line.extend(self.tied.iter().flatten().cloned());
        if !limits.network {
            line.extend(self.cut.iter().flatten().cloned());
        }
        if let Some(shell) = &self.shell {
            let cores = std::thread::available_parallelism().map_or(1, usize::from) as u64;
            let seconds = limits.time.as_secs().max(1).saturating_mul(cores);
            line.extend([shell.clone().into(), "-c".into(), LIMITS.into(), "sh".into()]);
            line.push((limits.memory >> 10).to_string().into());
            line.push(seconds.to_string().into());
        }
        line.extend(program.iter().cloned());
        line
    }
}

/// Whether something can be put before a program.
fn works(before: &[OsString]) -> bool {
    let Some((program, arguments)) = before.split_first() else { return false };
    let mut command = Command::new(program);
    command.args(arguments).arg("true");
    let limits = program::Limits { until: Instant::now() + PROBE, output: 1 << 16 };
    program::run(command, limits).is_ok_and(|output| output.is_well())
}

fn uid() -> String {
    #[cfg(unix)]
    return rustix::process::getuid().as_raw().to_string();
    #[cfg(not(unix))]
    return String::new();
}

fn gid() -> String {
    #[cfg(unix)]
    return rustix::process::getgid().as_raw().to_string();
    #[cfg(not(unix))]
    return String::new();
}

/// How a confined program ended.
#[derive(Debug)]
pub(crate) enum End {
    /// By itself.
    Status(ExitStatus),
    /// It was stopped at the time limit.
    TimeLimit,
    /// It could not be started, in words.
    NotStarted(String),
}

/// Runs a program in a folder with exactly this environment; both outputs are kept as one.
pub(crate) fn run(
    confinement: &Confinement,
    program: &[OsString],
    folder: &Path,
    environment: &[(OsString, OsString)],
    limits: &Limits,
) -> (End, Kept) {
    let line = confinement.line(program, limits);
    let kept = Arc::new(Mutex::new(Kept::new(limits.output)));
    let whole =
        |kept: &Arc<Mutex<Kept>>| kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
    let Some((first, rest)) = line.split_first() else {
        return (End::NotStarted("there is no command".to_owned()), whole(&kept));
    };
    let begun = std::io::pipe().and_then(|(reader, writer)| {
        let mut command = Command::new(first);
        command
            .args(rest)
            .current_dir(folder)
            .env_clear()
            .envs(environment.iter().map(|(n, v)| (n, v)))
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer);
        #[cfg(unix)]
        std::os::unix::process::CommandExt::process_group(&mut command, 0);
        // The command holds the ends of the pipe that it gives away, until it is dropped here.
        Ok((command.spawn()?, reader))
    });
    let (mut child, mut reader) = match begun {
        Ok(begun) => begun,
        Err(e) => return (End::NotStarted(e.to_string()), whole(&kept)),
    };
    let (done, is_done) = std::sync::mpsc::channel();
    let filled = Arc::clone(&kept);
    std::thread::spawn(move || {
        let mut buffer = vec![0; 1 << 16];
        while let Ok(count @ 1..) = reader.read(&mut buffer) {
            let bytes = buffer.get(..count).unwrap_or_default();
            filled.lock().unwrap_or_else(PoisonError::into_inner).take(bytes);
        }
        let _ = done.send(());
    });
    let end = wait(&mut child, Instant::now() + limits.time);
    // What it left running goes with it, and with that the pipe ends.
    program::stop(&mut child);
    let _ = is_done.recv_timeout(REST);
    (end, whole(&kept))
}

fn wait(child: &mut Child, until: Instant) -> End {
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return End::Status(status),
            Ok(None) if Instant::now() >= until => return End::TimeLimit,
            Ok(None) => std::thread::sleep(LOOK_AGAIN),
            Err(e) => return End::NotStarted(e.to_string()),
        }
    }
}
