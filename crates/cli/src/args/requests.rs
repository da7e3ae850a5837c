//! Requests on the git host.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::{HostArgs, IndexArgs, TrialArgs, WalkArgs, output};

/// `trimtab requests`
#[derive(Debug, ClapArgs)]
pub struct Requests {
    /// Do what is to be done: close requests, rebuild them, open them again. Without it, nothing is changed anywhere
    #[arg(long)]
    pub sync: bool,
    /// With --sync, also open requests for batches of the plan whose window has begun and whose versions are old enough, up to the team's limit
    #[arg(long, requires = "sync")]
    pub open: bool,
    /// With --sync, also merge requests that people approved with a label, as far as the host's own rules allow it
    #[arg(long, requires = "sync")]
    pub merge: bool,
    /// How many batches to carry out at most
    #[arg(long, value_name = "N", default_value_t = 10)]
    pub most: usize,
    /// The plan, as trimtab plan --format json writes it [default: this repository's last plan]
    #[arg(long, value_name = "FILE")]
    pub plan: Option<PathBuf>,
    /// The repository, or a folder of it
    #[arg(long, value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// How batches are carried out
    #[command(flatten)]
    pub trial: TrialArgs,
    /// Where the repository is
    #[command(flatten)]
    pub host: HostArgs,
    /// The time to run as of, RFC 3339, so that a run can be repeated [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexArgs,
    /// How to walk
    #[command(flatten)]
    pub walk: WalkArgs,
    /// Output format
    #[arg(long, short, value_enum, default_value_t = RequestsFormat::Text)]
    pub format: RequestsFormat,
    /// Write to a file instead of standard output; with FORMAT=, in addition to standard output. May be repeated
    #[arg(long, short, value_name = "[FORMAT=]FILE", value_parser = output::target::<RequestsFormat>())]
    pub output: Vec<output::Target<RequestsFormat>>,
}

/// How requests are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum RequestsFormat {
    /// For people
    Text,
    /// For programs, complete
    Json,
}
