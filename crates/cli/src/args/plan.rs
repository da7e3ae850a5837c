//! Planning.

use std::path::PathBuf;

use clap::{Args as ClapArgs, ValueEnum};

use super::{HistoryArgs, IndexArgs, WalkArgs, output};

/// `trimtab plan`
#[derive(Debug, ClapArgs)]
pub struct Plan {
    /// The repository, or a folder of it
    #[arg(value_name = "PATH", default_value = ".")]
    pub path: PathBuf,
    /// A cadence of the charter, or week, sprint, cool-down, month, quarter [default: from trimtab.toml, else the charter's first with windows]
    #[arg(long, value_name = "NAME")]
    pub cadence: Option<String>,
    /// Points of work per window [default: from trimtab.toml, else 10]
    #[arg(long, value_name = "POINTS", value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub capacity: Option<u32>,
    /// How many windows to plan
    #[arg(long, value_name = "N", default_value_t = 6, value_parser = clap::value_parser!(u16).range(1..=100))]
    pub windows: u16,
    /// Do not ask package managers or registries: what is planned is then not confirmed
    #[arg(long)]
    pub offline: bool,
    /// Time limit for asking package managers and registries, in seconds
    #[arg(long = "time", value_name = "SECONDS", default_value_t = 600, value_parser = clap::value_parser!(u32).range(1..=86_400))]
    pub seconds: u32,
    /// How many times to ask package managers at most
    #[arg(long, value_name = "N", default_value_t = 1000)]
    pub tries: usize,
    /// Let package managers run the project's code where they cannot resolve without it (Gradle, Bundler, .NET, hooks), and build Python packages that have no wheel
    #[arg(long)]
    pub project_code: bool,
    /// What images hold that builds start from
    #[command(flatten)]
    pub images: super::ImageArgs,
    /// Also plan updates that broke the tests when they were carried out, to the same versions
    #[arg(long)]
    pub again: bool,
    /// Use this charter or preset instead of the repository's own
    #[arg(long, value_name = "FILE|PRESET")]
    pub charter: Option<String>,
    /// The time to plan as of, RFC 3339, so that a run can be repeated [default: now]
    #[arg(long, value_name = "TIME")]
    pub now: Option<String>,
    /// When findings were first seen
    #[command(flatten)]
    pub history: HistoryArgs,
    /// The outcomes of earlier batches, to learn costs from; what git tells about them is added [default: the file in the data folder that trimtab apply writes]
    #[arg(long, value_name = "FILE")]
    pub finished: Option<PathBuf>,
    /// Where the index is
    #[command(flatten)]
    pub index: IndexArgs,
    /// How to walk
    #[command(flatten)]
    pub walk: WalkArgs,
    /// Output format
    #[arg(long, short, value_enum, default_value_t = PlanFormat::Text)]
    pub format: PlanFormat,
    /// Write to a file instead of standard output; with FORMAT=, in addition to standard output. May be repeated
    #[arg(long, short, value_name = "[FORMAT=]FILE", value_parser = output::target::<PlanFormat>())]
    pub output: Vec<output::Target<PlanFormat>>,
    /// Show everything
    #[arg(long, short)]
    pub verbose: bool,
}

/// How a plan is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum PlanFormat {
    /// For people
    Text,
    /// For programs, complete; trimtab apply reads it
    Json,
}
