//! Fetching what tests need, and running them in a copy.

use std::ffi::OsString;
use std::path::Path;
use std::time::{Duration, Instant, SystemTime};

use super::confine::{self, Confinement, End, Limits};
use super::detect::{Command, Kind, readier};
use super::home;
use super::kept::Kept;
use super::results::Results;
use super::runner::{self, OFFLINE, Runner, SET};
use super::tree::Tree;
use crate::update::environment;

/// Variables that tests see besides those that find toolchains: no credential, no address.
const SEEN: &[&str] = &[
    "PATH",
    "USER",
    "LOGNAME",
    "LANG",
    "TZ",
    "SHELL",
    "SystemRoot",
    "SYSTEMROOT",
    "ComSpec",
    "COMSPEC",
    "PATHEXT",
    "JAVA_HOME",
    "RUSTUP_HOME",
    "RUSTUP_TOOLCHAIN",
    "GOROOT",
    "GOPATH",
    "GOMODCACHE",
    "GOCACHE",
    "UV_CACHE_DIR",
    "PYENV_ROOT",
    "NVM_DIR",
    "VOLTA_HOME",
    "SSL_CERT_FILE",
    "SSL_CERT_DIR",
];

/// The least time that fetching may take.
const FETCH: Duration = Duration::from_secs(600);

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// Well.
    Well,
    /// Not well, with this exit code where there is one.
    Failed(Option<i32>),
    /// It was stopped at the time limit.
    TimeLimit,
    /// It was stopped at the limit of memory of all its processes.
    MemoryLimit,
    /// It was stopped at the limit of the time of processors of all its processes.
    ProcessorLimit,
    /// It could not be run, in words.
    NotRun(String),
}

impl Ended {
    /// Whether all is well.
    pub fn is_well(&self) -> bool {
        *self == Ended::Well
    }

    /// Whether it was stopped at a limit.
    pub fn is_limit(&self) -> bool {
        matches!(self, Ended::TimeLimit | Ended::MemoryLimit | Ended::ProcessorLimit)
    }
}

impl std::fmt::Display for Ended {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Ended::Well => f.write_str("passed"),
            Ended::Failed(Some(code)) => write!(f, "failed (exit code {code})"),
            Ended::Failed(None) => f.write_str("failed (killed)"),
            Ended::TimeLimit => f.write_str("stopped at the time limit"),
            Ended::MemoryLimit => f.write_str("stopped at the memory limit"),
            Ended::ProcessorLimit => f.write_str("stopped at the processor limit"),
            Ended::NotRun(why) => write!(f, "not run: {why}"),
        }
    }
}

/// A run of the tests.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Trial {
    /// How it ended.
    pub ended: Ended,
    /// What is known of each test.
    pub results: Results,
    /// What it wrote.
    pub output: Kept,
    /// How long it took.
    pub time: Duration,
}

impl Trial {
    /// What `go vet` found in packages whose tests were not built for it, as it wrote it.
    pub fn vet(&self) -> Vec<String> {
        Results::vet(&self.output)
    }

    /// One that did not come to be.
    pub fn not_run(why: &str) -> Trial {
        Trial {
            ended: Ended::NotRun(why.to_owned()),
            results: Results::default(),
            output: Kept::default(),
            time: Duration::ZERO,
        }
    }
}

/// Fetches what the tests of a copy need: with network, with the user's own configuration, and as the
/// user, in no namespace.
///
/// # Errors
/// A program that fetches could not be run or failed: its line and last words.
pub fn prepare(
    command: &Command,
    confinement: &Confinement,
    limits: &Limits,
) -> Result<(), String> {
    let usual = |runner: &'static Runner| runner.steps(&command.folder);
    let programs = match &command.kind {
        Kind::Told { fetch: Some(line), .. } | Kind::Usual { fetch: Some(line), .. } => {
            vec![(command.folder.clone(), shell(line))]
        }
        Kind::Told { fetch: None, test } => {
            readier(&command.folder, test).map(usual).unwrap_or_default()
        }
        Kind::Usual { fetch: None, runner } => usual(runner),
    };
    let own: Vec<&str> =
        crate::update::TOOLS.iter().flat_map(|tool| tool.own_variables().iter().copied()).collect();
    let mut seen = environment::seen(std::env::vars_os(), &own, &limits.variables);
    seen.extend(SET.iter().map(|(name, value)| ((*name).into(), (*value).into())));
    let secrets = environment::secrets(&seen);
    // Fetching has a limit of its own: a short one is meant for tests.
    let limits = Limits { network: true, time: limits.time.max(FETCH), ..limits.clone() };
    let confinement = confinement.for_fetching();
    for (folder, program) in programs {
        let run = |program: &[OsString]| {
            confine::run(&confinement, program, &folder, &seen, &limits, None)
        };
        let is_well = |end: &End| matches!(end, End::Status(status) if status.success());
        let (mut end, mut kept) = run(&program);
        if !is_well(&end)
            && let Some(again) = runner::otherwise(&program, &kept.text())
        {
            (end, kept) = run(&again);
        }
        if !is_well(&end) {
            let inside = |part: &OsString| {
                let path = Path::new(part);
                path.strip_prefix(&command.folder).unwrap_or(path).display().to_string()
            };
            let line = program.iter().map(inside).collect::<Vec<_>>();
            let words = kept.complaint(5).join(" / ");
            let words = environment::without(&words, &secrets);
            return Err(format!("`{}` {}: {words}", line.join(" "), ended(end)));
        }
    }
    Ok(())
}

/// Runs the tests of a copy within limits.
pub fn trial(tree: &Tree, command: &Command, confinement: &Confinement, limits: &Limits) -> Trial {
    let began = Instant::now();
    let since = SystemTime::now();
    let (home, temporary) = (tree.beside("home"), tree.beside("tmp"));
    let limits =
        &Limits { network: limits.network || command.needs_network().is_some(), ..limits.clone() };
    let users = confinement.users_home();
    let made = home::fill(&home, users, &|name| std::env::var_os(name))
        .and_then(|()| confinement.view(&tree.beside(""), (tree.objects(), tree.held()), limits));
    let view = match made {
        Ok(view) => view,
        Err(e) => return Trial::not_run(&format!("its home folder cannot be created: {e}")),
    };
    let run = |program: &[OsString], environment: &[(OsString, OsString)]| {
        confine::run(confinement, program, &command.folder, environment, limits, view.as_ref())
    };
    let mut environment = environment(&home, &temporary, limits);
    if command.unvetted {
        unvetted(&mut environment);
    }
    let (build, test) = match &command.kind {
        Kind::Told { test, .. } => {
            let usual = readier(&command.folder, test);
            let line = within(&command.folder, test);
            (usual.map(|r| lines(r.build)).unwrap_or_default(), shell(&line))
        }
        Kind::Usual { runner, .. } => (lines(runner.build), words(runner.test)),
    };
    for program in build {
        // What does not build shows in the tests.
        run(&program, &environment);
    }
    let (end, output) = run(&test, &environment);
    // Each copy has a folder of its own, which is no part of the name of a test.
    let root = format!("{}/", tree.root().display());
    let mut results = Results::read(&output.text().replace(&root, ""));
    let files = Results::files(&command.folder, since);
    if files.tests.len() > results.tests.len() {
        results = files;
    }
    // Before Python 3.12 that passes.
    let is_none = |line: &str| line.starts_with("Ran 0 tests in ");
    let ended = match &command.kind {
        Kind::Usual { .. } if results.is_empty() && output.text().lines().any(is_none) => {
            Ended::NotRun("no tests were found".to_owned())
        }
        _ => ended(end),
    };
    Trial { ended, results, output, time: began.elapsed() }
}

fn ended(end: End) -> Ended {
    match end {
        End::Status(status) if status.success() => Ended::Well,
        End::Status(status) if status.code() == Some(125) => {
            Ended::NotRun("it could not be cut off from the network or the home".to_owned())
        }
        End::Status(status) if status.code() == Some(127) => {
            Ended::NotRun("its program is not installed".to_owned())
        }
        End::Status(status) => Ended::Failed(status.code()),
        End::TimeLimit => Ended::TimeLimit,
        End::MemoryLimit => Ended::MemoryLimit,
        End::ProcessorLimit => Ended::ProcessorLimit,
        End::NotStarted(why) => Ended::NotRun(why),
    }
}

/// Exactly what tests see.
fn environment(home: &Path, temporary: &Path, limits: &Limits) -> Vec<(OsString, OsString)> {
    let mut seen: Vec<(OsString, OsString)> = std::env::vars_os()
        .filter(|(name, _)| {
            name.to_str().is_some_and(|name| {
                let told = limits.variables.iter().any(|other| other == name);
                !name.starts_with("TRIMTAB")
                    && (told || SEEN.contains(&name) || name.starts_with("LC_"))
            })
        })
        .collect();
    let mut set = |name: &str, value: OsString| seen.push((name.into(), value));
    for name in ["HOME", "USERPROFILE"] {
        set(name, home.into());
    }
    for name in ["TMPDIR", "TEMP", "TMP"] {
        set(name, temporary.into());
    }
    for (name, value) in SET {
        set(name, (*value).into());
    }
    if !limits.network {
        for (name, value) in OFFLINE {
            set(name, (*value).into());
        }
    }
    seen
}

/// Keeps `go test` from running `go vet`, beside the flags that are set.
fn unvetted(seen: &mut Vec<(OsString, OsString)>) {
    const FLAG: &str = "-vet=off";
    match seen.iter_mut().find(|(name, _)| name == "GOFLAGS") {
        Some((_, flags)) => flags.push(format!(" {FLAG}")),
        None => seen.push(("GOFLAGS".into(), FLAG.into())),
    }
}

/// A line of the settings that finds the environment of Python that was made in the folder. It says so itself: what sets up
/// the namespaces around it is found by the user's own `PATH`, and by nothing that was fetched.
fn within(folder: &Path, line: &str) -> String {
    let programs = folder.join(".venv").join(if cfg!(windows) { "Scripts" } else { "bin" });
    let Some(path) = programs.to_str().filter(|_| programs.is_dir()) else {
        return line.to_owned();
    };
    if cfg!(windows) {
        return format!("set \"PATH={path};%PATH%\" && {line}");
    }
    let quoted = path.replace('\'', "'\\''");
    format!("PATH='{quoted}':\"$PATH\"; export PATH\n{line}")
}

fn words(line: &[&str]) -> Vec<OsString> {
    line.iter().map(Into::into).collect()
}

fn lines(all: &[&[&str]]) -> Vec<Vec<OsString>> {
    all.iter().map(|line| words(line)).collect()
}

/// A line for the system's shell.
fn shell(line: &str) -> Vec<OsString> {
    if cfg!(windows) { words(&["cmd", "/C", line]) } else { words(&["sh", "-c", line]) }
}
