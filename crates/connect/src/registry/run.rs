//! Running a client in an empty folder of its own.

use std::path::{Path, PathBuf};
use std::time::Instant;

use super::{Failure, Options, small_file};
use crate::program::{self, Limits, Stopped, on_path};

pub(crate) use crate::program::Output;

/// A client that is there, and its empty folder.
pub(crate) struct Runner {
    program: PathBuf,
    folder: tempfile::TempDir,
    limits: Limits,
}

impl Output {
    /// The output of a client that ended well.
    pub(crate) fn well(self) -> Result<Vec<u8>, Failure> {
        if self.is_well() { Ok(self.stdout) } else { Err(Failure::Refused(self.complaint())) }
    }
}

impl From<Stopped> for Failure {
    fn from(stopped: Stopped) -> Failure {
        match stopped {
            Stopped::Missing => Failure::Missing,
            Stopped::Run(why) => Failure::Run(why),
            Stopped::TimeLimit => Failure::TimeLimit,
            Stopped::OutputLimit => Failure::OutputLimit,
        }
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
        Ok(Runner { program, folder, limits: Limits { until, output: options.output_limit } })
    }

    /// Where the client lies.
    pub(crate) fn program(&self) -> &Path {
        &self.program
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
        let mut command = program::command(&self.program);
        command
            .args(arguments)
            .envs(set.iter().copied())
            .env("NO_COLOR", "1")
            .current_dir(self.folder.path());
        Ok(program::run_tied(command, self.limits)?)
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
