//! Running what a project brings: within limits of time, processor and memory, without credentials,
//! and, where the system allows it, without network. What it cannot be kept from is said.
//!
//! This keeps accidents and careless tests in; it is no wall against code that means harm.

use std::ffi::OsString;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::group::{ENTER, Group, Place};
use super::home::{self, Shown};
use super::kept::Kept;
use super::namespaces::{Namespaces, works};
use super::walls::{How, View, hidden};
use super::watch::{MARK, Watch};
use crate::program;

/// Between two looks at a program that runs.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// Between two looks at all that it started.
const COUNT_AGAIN: Duration = Duration::from_millis(100);
/// How many seconds of processor time a single process may have more than all together: what is watched is stopped first, and
/// told by its name.
const GRACE: u64 = 5;
/// How long the rest of an output is waited for when the program has ended.
const REST: Duration = Duration::from_secs(2);

/// What programs of a project may take.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// How long one run may take.
    pub time: Duration,
    /// How much time of processors all processes of a run may take together.
    pub processor: Option<Duration>,
    /// How much memory all processes of a run may fill together, in bytes.
    pub memory: u64,
    /// How much of the output is kept, in bytes.
    pub output: usize,
    /// Whether the network may be reached.
    pub network: bool,
    /// Names of further variables of the environment that are seen.
    pub variables: Vec<String>,
    /// Further folders of the user's home that may be read.
    pub folders: Vec<PathBuf>,
}

impl Default for Limits {
    /// Half an hour, 8 GiB, 32 MiB of output, no network, no further variables or folders.
    fn default() -> Limits {
        Limits {
            time: Duration::from_secs(1800),
            processor: None,
            memory: 8 << 30,
            output: 32 << 20,
            network: false,
            variables: Vec::new(),
            folders: Vec::new(),
        }
    }
}

impl Limits {
    /// The time of processors: where none is told, what there can be.
    fn processor(&self) -> Duration {
        let cores = std::thread::available_parallelism().map_or(1, usize::from);
        let most = self.time.saturating_mul(u32::try_from(cores).unwrap_or(u32::MAX));
        self.processor.unwrap_or(most)
    }
}

/// What of the limits this system can keep.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Confinement {
    /// What stops a program when this process is killed.
    tied: Option<Vec<OsString>>,
    namespaces: Namespaces,
    groups: Option<Place>,
    home: Option<PathBuf>,
    shell: Option<PathBuf>,
}

/// Sets the limits of each process, where the system knows them.
const LIMITS: &str = r#"ulimit -c 0 2>/dev/null
ulimit -d "$1" 2>/dev/null
ulimit -t "$2" 2>/dev/null
shift 2
exec "$@""#;

impl Confinement {
    /// Looks at what this system allows.
    pub fn here() -> Confinement {
        let shell = program::on_path("sh");
        let tied = program::on_path("setpriv").map(|setpriv| -> Vec<OsString> {
            vec![setpriv.into(), "--pdeathsig".into(), "KILL".into(), "--".into()]
        });
        let enters = |place: &Place| {
            let (Some(shell), Ok(group)) = (&shell, place.group(1 << 30)) else { return false };
            works(&entering(shell, &group))
        };
        Confinement {
            tied: tied.filter(|tied| works(tied)),
            namespaces: Namespaces::here(),
            groups: Place::here().filter(enters),
            home: home::users(&|name| std::env::var_os(name)),
            shell,
        }
    }

    /// The same, where this is the user's home.
    #[must_use]
    pub fn of_home(self, home: &Path) -> Confinement {
        Confinement { home: Some(home.to_owned()), ..self }
    }

    /// The same with nothing but what can be had without namespaces, as on systems that give none.
    #[must_use]
    pub fn without_namespaces(self) -> Confinement {
        Confinement { namespaces: Namespaces::none(), groups: None, ..self }
    }

    /// The same for fetching, which needs no namespace and would miss the user's rights in one: what it
    /// runs may belong to the system (`ssh`), or become somebody else.
    pub(super) fn for_fetching(&self) -> Confinement {
        Confinement { namespaces: Namespaces::none(), ..self.clone() }
    }

    /// Why the network cannot be cut. `None`: it can.
    pub fn network_open(&self) -> Option<&str> {
        self.namespaces.network.as_ref().err().map(|why| &**why)
    }

    /// Why the user's home can be read by its path. `None`: it cannot.
    pub fn home_open(&self) -> Option<&str> {
        match (&self.namespaces.home, &self.home) {
            (Err(why), _) => Some(why),
            (Ok(_), None) => Some("its location is unknown"),
            (Ok(_), Some(home)) => hidden(home).err(),
        }
    }

    /// Whether nothing can outlive a run, however it left its parents and whoever is killed.
    pub fn nothing_outlives(&self) -> bool {
        self.namespaces.processes && self.tied.is_some()
    }

    /// How memory and processor are limited, the home hidden and what is left ended, in words.
    pub fn words(&self, limits: &Limits) -> Vec<String> {
        let mut all = Vec::new();
        all.push(match (self.home_open(), &self.namespaces.home) {
            (Some(why), _) => format!(
                "without the user's home and credentials in the environment; the home could still be read by its path: {why}"
            ),
            (None, Ok(home::Caches::Kept)) => "without the user's home and credentials: only its toolchains and caches were visible, and writes there were discarded or refused".to_owned(),
            (None, _) => "without the user's home and credentials: only its toolchains and caches were visible; the caches were writable".to_owned(),
        });
        all.push(match self.home_open() {
            Some(_) => "the checkout could be written to by its path".to_owned(),
            None => "the checkout and its repository could only be read".to_owned(),
        });
        let seconds = limits.time.as_secs();
        let memory = limits.memory >> 20;
        let processor = match limits.processor {
            Some(time) => format!(", {} s of processor time", time.as_secs()),
            None => String::new(),
        };
        let how = match (&self.groups, cfg!(target_os = "linux"), &self.shell) {
            (Some(_), ..) => "for all processes together, in a control group",
            (None, true, _) => "for all processes together, by polling, and for each process",
            (None, false, Some(_)) => "for each process; their total was not limited",
            (None, false, None) => "requested, but not enforced: `sh` is not installed",
        };
        all.push(format!("at most {seconds} s for a run; {memory} MiB of memory{processor} {how}"));
        let outlives = match (self.nothing_outlives(), self.namespaces.processes, &self.groups) {
            (true, ..) => "no process outlives a test run",
            (false, true, _) => {
                "processes left over from a run are ended with it, unless `trimtab` itself is killed: no `setpriv` that knows `--pdeathsig` is installed"
            }
            (false, false, Some(_)) => {
                "processes left over from a run are ended with its control group, unless `trimtab` itself is killed"
            }
            (false, false, None) => {
                "processes left over from a run are ended where they are found, unless `trimtab` itself is killed: this user may not create process namespaces"
            }
        };
        all.push(outlives.to_owned());
        all
    }

    /// The user's home.
    pub(super) fn users_home(&self) -> Option<&Path> {
        self.home.as_deref()
    }

    /// What is seen of the home by tests in a folder of ours, with what can only be read wherever it lies (`held`). `None`:
    /// all of it, as [`Confinement::home_open`] says.
    pub(super) fn view(
        &self,
        place: &Path,
        (objects, held): (&[PathBuf], &[PathBuf]),
        limits: &Limits,
    ) -> std::io::Result<Option<View>> {
        let (Some(home), Ok(caches)) = (&self.home, &self.namespaces.home) else { return Ok(None) };
        if self.home_open().is_some() {
            return Ok(None);
        }
        let shown = Shown { home, caches: *caches, objects, folders: &limits.folders };
        let mut parts = shown.parts(&|name| std::env::var_os(name), limits.network);
        parts.extend(held.iter().map(|path| (How::Held, path.clone())));
        let view = View::of(home, place, &parts)?;
        // It was told to be hidden.
        let why = "the user's home lies within the copy";
        view.map(Some).ok_or_else(|| std::io::Error::other(why))
    }

    /// The arguments that run a program within limits.
    fn line(
        &self,
        program: &[OsString],
        folder: &Path,
        limits: &Limits,
        view: Option<&View>,
        group: Option<&Group>,
    ) -> Vec<OsString> {
        let mut line = Vec::new();
        line.extend(self.tied.iter().flatten().cloned());
        if let (Some(shell), Some(group)) = (&self.shell, group) {
            line.extend(entering(shell, group));
        }
        line.extend(self.namespaces.before(folder, !limits.network, view));
        if let Some(shell) = &self.shell {
            line.extend([shell.clone().into(), "-c".into(), LIMITS.into(), "sh".into()]);
            line.push((limits.memory >> 10).to_string().into());
            let seconds = limits.processor().as_secs().max(1).saturating_add(GRACE);
            line.push(seconds.to_string().into());
        }
        line.extend(program.iter().cloned());
        line
    }
}

fn entering(shell: &Path, group: &Group) -> Vec<OsString> {
    let folder = group.folder().into();
    vec![shell.into(), "-c".into(), ENTER.into(), "sh".into(), folder]
}

/// The mark of a run: of no other, of this process or another.
fn mark() -> String {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let now = now.map_or(0, |since| since.as_nanos());
    format!("{}-{number}-{now}", std::process::id())
}

/// How a confined program ended.
#[derive(Debug)]
pub(crate) enum End {
    /// By itself.
    Status(ExitStatus),
    /// It was stopped at the time limit.
    TimeLimit,
    /// It was stopped for the memory that it and what it started filled together.
    MemoryLimit,
    /// It was stopped for the time of processors that they took together.
    ProcessorLimit,
    /// It could not be started, in words.
    NotStarted(String),
}

/// Runs a program in a folder with exactly this environment; both outputs are kept as one. Nothing that
/// it started is left.
pub(crate) fn run(
    confinement: &Confinement,
    program: &[OsString],
    folder: &Path,
    environment: &[(OsString, OsString)],
    limits: &Limits,
    view: Option<&View>,
) -> (End, Kept) {
    let kept = Arc::new(Mutex::new(Kept::new(limits.output)));
    let whole =
        |kept: &Arc<Mutex<Kept>>| kept.lock().unwrap_or_else(PoisonError::into_inner).clone();
    // Where one is told to be, it is not run without.
    let group = confinement.groups.as_ref().map(|place| place.group(limits.memory)).transpose();
    let group = match group {
        Ok(group) => group,
        Err(e) => {
            let why = format!("no control group can be created for it: {e}");
            return (End::NotStarted(why), whole(&kept));
        }
    };
    let line = confinement.line(program, folder, limits, view, group.as_ref());
    let mark = mark();
    let Some((first, rest)) = line.split_first() else {
        return (End::NotStarted("no command is given".to_owned()), whole(&kept));
    };
    let begun = std::io::pipe().and_then(|(reader, writer)| {
        let mut command = Command::new(first);
        command
            .args(rest)
            .current_dir(folder)
            .env_clear()
            .envs(environment.iter().map(|(n, v)| (n, v)))
            .env(MARK, &mark)
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
    let mut watch = Watch::of(child.id(), &mark);
    let mut end = wait(&mut child, &mut watch, group.as_ref(), limits);
    // What it left running goes with it, and with that the pipe ends.
    program::stop(&mut child);
    watch.end();
    if matches!(end, End::Status(_)) && group.as_ref().is_some_and(Group::was_full) {
        end = End::MemoryLimit;
    }
    drop(group);
    if let Some(view) = view {
        view.loosen();
    }
    let _ = is_done.recv_timeout(REST);
    (end, whole(&kept))
}

fn wait(child: &mut Child, watch: &mut Watch, group: Option<&Group>, limits: &Limits) -> End {
    let (until, most) = (Instant::now() + limits.time, limits.processor());
    let mut count = Instant::now();
    loop {
        match child.try_wait() {
            Ok(Some(status)) => return End::Status(status),
            Ok(None) if Instant::now() >= until => return End::TimeLimit,
            Ok(None) if Instant::now() >= count => {
                let seen = watch.look(limits.memory);
                let processor = group.and_then(Group::processor).unwrap_or(seen.processor);
                if seen.memory > limits.memory {
                    return End::MemoryLimit;
                }
                if processor > most {
                    return End::ProcessorLimit;
                }
                count = Instant::now() + COUNT_AGAIN;
            }
            Ok(None) => std::thread::sleep(LOOK_AGAIN),
            Err(e) => return End::NotStarted(e.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_group_that_was_told_and_cannot_be_made_is_not_passed_over() {
        let folder = tempfile::tempdir().unwrap();
        let groups = Some(Place(folder.path().join("none")));
        let here = Confinement { groups, ..Confinement::here().without_namespaces() };
        let limits = Limits::default();
        let (end, _) = run(&here, &["true".into()], folder.path(), &[], &limits, None);
        assert!(matches!(&end, End::NotStarted(why) if why.contains("control group")), "{end:?}");
        // A group alone ends nothing when this process is killed.
        assert!(!here.nothing_outlives());
        let words = here.words(&limits).join("; ");
        assert!(words.contains("unless `trimtab` itself is killed"), "{words}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_is_run_ends_with_who_runs_it() {
        use std::io::{BufRead, BufReader, Read};
        let here = Confinement::here();
        if program::on_path("setpriv").is_none() {
            eprintln!("SKIPPED: `setpriv` is not installed");
            return;
        }
        assert!(here.tied.is_some(), "it is there, and is not asked as it can be");
        let folder = tempfile::tempdir().unwrap();
        for here in [here.clone(), here.without_namespaces()] {
            let program = ["sh", "-c", "echo begun; exec sleep 60"].map(OsString::from);
            let line = here.line(&program, folder.path(), &Limits::default(), None, None);
            let mut runner = Command::new("sh")
                .args(["-c", "\"$@\" & wait", "sh"])
                .args(line)
                .stdout(Stdio::piped())
                .spawn()
                .unwrap();
            let mut said = BufReader::new(runner.stdout.take().unwrap());
            let mut first = String::new();
            said.read_line(&mut first).unwrap();
            assert_eq!(first, "begun\n");
            let begun = Instant::now();
            runner.kill().unwrap();
            runner.wait().unwrap();
            // Nobody has the other end of it any longer.
            said.read_to_string(&mut first).unwrap();
            assert!(begun.elapsed() < Duration::from_secs(30), "it went on");
        }
    }
}
